//! The change feed: `RootFolder?Filter=changes` ([MS-FILESYNC] 3.1.5). A first sync brings what there is, in the order in which it was
//! made; then comes what changed, each item as it is now. Deletions end a page: what was moved out of a folder before that folder was
//! deleted is safe by then.

use std::collections::{BTreeMap, HashMap, HashSet};

use http::StatusCode;

use super::listing::has_more;
use super::shape::{depth, is_below};
use super::tokens::{Position, Read, SharePointResync};
use super::web3s;
use crate::drive::{Change, ChangeKind, Entry, ItemId, ItemType};
use crate::http::Reply;
use crate::sharepoint::Ctx;
use crate::sharepoint::content::tell;
use crate::sharepoint::dialect::{
    FIRST_SYNC_STATUS, LONGEST_PAGE, NEW_TOKEN_COMES_ALONG, QUIET_STATUS, RESYNC_ACTION, USUAL_PAGE,
};
use crate::sharepoint::errors::{Outcome, SpError};

/// The drive's log is read in pieces of this length.
const PIECE: usize = 1000;

/// A page of the feed.
#[derive(Debug)]
struct Page {
    live: Vec<Entry>,
    gone: Vec<Change>,
    next: Position,
    more: bool,
    status: &'static str,
}

impl Ctx {
    pub(super) fn feed(&self) -> Outcome {
        let root = self.site.root()?;
        let bad = || SpError::bad_request("The parameter MaxItemCount is not valid.");
        let most = match self.call.query.get("maxitemcount") {
            Some(text) => text.parse::<usize>().ok().filter(|most| *most > 0).ok_or_else(bad)?.min(LONGEST_PAGE),
            None => USUAL_PAGE,
        };
        let most = self.face.max_page.map_or(most, |page| most.min(page.max(1)));
        let position = match self.call.query.get("synctoken") {
            None => Position::First { start: self.drive().last_change(), at: 0 },
            Some(token) => match self.face.sync_tokens.read(token, self.site.list_id()) {
                Read::At(position) => position,
                Read::Over(resync) => return self.resync(resync),
                Read::Malformed => return Err(SpError::bad_request("The parameter SyncToken is not valid.")),
            },
        };
        let page = match position {
            Position::First { start, at } => {
                let mut page = self.first_page(root, start, at, most);
                page.live.sort_by_key(depth);
                page
            }
            Position::After(number) => self.changes(root, number, most),
        };
        let token = if self.call.repeat_page { position } else { page.next };
        let flat = self.face.options.flat && self.wants_flat();
        let items = if flat { self.flat(&page) } else { self.nested(root, &page) };
        let root = self.drive().item(root).ok_or_else(SpError::not_found)?;
        let quiet = page.status == "NoChanges";
        let status = if quiet { QUIET_STATUS } else { StatusCode::OK };
        let body = self.folder_xml(&root, (!quiet).then_some(items.as_str()), &self.quota_xml());
        let mut reply = web3s(status, &body);
        tell(&mut reply, "x-syncstatus", page.status);
        self.tell_position(&mut reply, token);
        if page.more || self.call.repeat_page {
            has_more(&mut reply);
        }
        if flat {
            tell(&mut reply, "x-responsestructure", "Flat");
        }
        Ok(reply)
    }

    fn wants_flat(&self) -> bool {
        let asked = self.call.headers.get("x-responsestructure").and_then(|value| value.to_str().ok());
        asked.is_some_and(|asked| asked.eq_ignore_ascii_case("flat"))
    }

    /// The token, percent-encoded where the header has it so, and what goes with it.
    fn tell_position(&self, reply: &mut Reply, position: Position) {
        let library = self.site.list_id();
        let token = self.face.sync_tokens.write(library, position).replace('#', "%23");
        tell(reply, "x-synctoken", &token);
        let number = match position {
            Position::After(number) | Position::First { start: number, .. } => number,
        };
        tell(reply, "x-lastprocessedchange", &self.face.sync_tokens.change_token(library, None, number));
        tell(reply, "x-quotastate", self.quota_state());
    }

    /// The client has to begin again, one way or the other.
    fn resync(&self, resync: SharePointResync) -> Outcome {
        let root = self.drive().item(self.site.root()?).ok_or_else(SpError::not_found)?;
        let mut reply = web3s(QUIET_STATUS, &self.folder_xml(&root, None, &self.quota_xml()));
        if resync == SharePointResync::NewToken {
            tell(&mut reply, "x-syncstatus", "CurrentSyncTokenOnly");
            if NEW_TOKEN_COMES_ALONG {
                self.tell_position(&mut reply, Position::After(self.drive().last_change()));
            }
            return Ok(reply);
        }
        tell(&mut reply, "x-syncstatus", "ResyncNeeded");
        if let Some(action) = resync.action() {
            tell(&mut reply, RESYNC_ACTION, action);
        }
        Ok(reply)
    }

    /// What there is, of what was made up to the change `start`.
    fn first_page(&self, root: ItemId, start: u64, mut at: u64, most: usize) -> Page {
        let mut page = Page {
            live: Vec::new(),
            gone: Vec::new(),
            next: Position::After(start),
            more: false,
            status: FIRST_SYNC_STATUS,
        };
        while at < start {
            let changes = self.drive().changes_after(at, PIECE);
            if changes.is_empty() {
                break;
            }
            for change in changes.iter().take_while(|change| change.sequence <= start) {
                let made = change.kind == ChangeKind::Created && change.item_type != ItemType::Other;
                if let Some(entry) = made.then(|| is_below(self.drive(), change.item, root)).flatten() {
                    if page.live.len() == most {
                        page.next = Position::First { start, at };
                        page.more = true;
                        return page;
                    }
                    page.live.push(entry);
                }
                at = change.sequence;
            }
            if changes.last().is_some_and(|last| last.sequence > start) {
                break;
            }
        }
        page
    }

    /// What changed after a change.
    fn changes(&self, root: ItemId, mut number: u64, most: usize) -> Page {
        let (mut order, mut latest, mut more) = (Vec::new(), HashMap::new(), false);
        'log: loop {
            let changes = self.drive().changes_after(number, PIECE);
            if changes.is_empty() {
                break;
            }
            for change in changes {
                let sequence = change.sequence;
                if self.concerns(&change, root) {
                    if !latest.contains_key(&change.item) {
                        if order.len() == most {
                            more = true;
                            break 'log;
                        }
                        order.push(change.item);
                    }
                    latest.insert(change.item, change);
                }
                number = sequence;
            }
        }
        let (mut live, mut gone) = (Vec::new(), Vec::new());
        for id in order {
            match (is_below(self.drive(), id, root), latest.remove(&id)) {
                (Some(entry), _) => live.push(entry),
                (None, Some(change)) => gone.push(change),
                (None, None) => {}
            }
        }
        live.sort_by_key(depth);
        let status = if live.is_empty() && gone.is_empty() { "NoChanges" } else { "IncrementalChanges" };
        Page { live, gone, next: Position::After(number), more, status }
    }

    /// Whether a change is one of the library's. What only went along with a folder within the library is none.
    fn concerns(&self, change: &Change, root: ItemId) -> bool {
        let (before, after) =
            (self.site.holds_place(change.before.as_ref()), self.site.holds_place(change.after.as_ref()));
        let along = matches!(change.kind, ChangeKind::RenamedAbove | ChangeKind::MovedAbove) && before && after;
        let repeats = crate::sharepoint::dialect::REPEATS_WHAT_IS_BELOW;
        (before || after) && (!along || repeats) && change.item_type != ItemType::Other && change.item != root
    }

    fn flat(&self, page: &Page) -> String {
        let live = page.live.iter().map(|entry| self.item_xml(entry));
        live.chain(page.gone.iter().map(|change| self.deleted_xml(change))).collect()
    }

    /// Every item within the folders that it is in; these come too, changed or not.
    fn nested(&self, root: ItemId, page: &Page) -> String {
        let mut folders: BTreeMap<ItemId, Entry> = BTreeMap::new();
        let mut inside: HashMap<ItemId, Vec<String>> = HashMap::new();
        let mut below: HashMap<ItemId, Vec<ItemId>> = HashMap::new();
        let mut placed: HashSet<ItemId> = HashSet::new();
        let place = |entry: &Entry,
                     placed: &mut HashSet<ItemId>,
                     below: &mut HashMap<ItemId, Vec<ItemId>>,
                     folders: &mut BTreeMap<ItemId, Entry>| {
            let way = entry.ancestors.iter().skip_while(|above| above.id != root).skip(1).map(|above| above.id);
            let own = entry.item.is_folder().then_some(entry.item.id).filter(|id| *id != root);
            for id in way.chain(own) {
                let Some(folder) = is_below(self.drive(), id, root).filter(|_| placed.insert(id)) else {
                    continue;
                };
                below.entry(folder.item.parent.unwrap_or(root)).or_default().push(id);
                folders.insert(id, folder);
            }
        };
        for entry in &page.live {
            place(entry, &mut placed, &mut below, &mut folders);
            if !entry.item.is_folder() {
                inside.entry(entry.item.parent.unwrap_or(root)).or_default().push(self.item_xml(entry));
            }
        }
        for change in &page.gone {
            let parent = change.from.or(change.parent).and_then(|id| is_below(self.drive(), id, root));
            if let Some(parent) = &parent {
                place(parent, &mut placed, &mut below, &mut folders);
            }
            inside.entry(parent.map_or(root, |parent| parent.item.id)).or_default().push(self.deleted_xml(change));
        }
        self.nested_in(root, &folders, &below, &inside)
    }

    fn nested_in(
        &self,
        folder: ItemId,
        folders: &BTreeMap<ItemId, Entry>,
        below: &HashMap<ItemId, Vec<ItemId>>,
        inside: &HashMap<ItemId, Vec<String>>,
    ) -> String {
        let deeper = below.get(&folder).into_iter().flatten().filter_map(|id| folders.get(id)).map(|entry| {
            let items = self.nested_in(entry.item.id, folders, below, inside);
            self.folder_xml(entry, (!items.is_empty()).then_some(items.as_str()), "")
        });
        let own = inside.get(&folder).into_iter().flatten().cloned();
        deeper.chain(own).collect()
    }
}
