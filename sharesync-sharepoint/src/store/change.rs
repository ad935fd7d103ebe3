//! The changes of a library: what both sources have in common. The sources are in `feed` and `log`.

use std::collections::HashMap;
use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use sharesync_core::{
    Attempted, BoxStream, Change, ChangeOptions, ChangePage, Cursor, ErrorKind, ItemId, ItemRef, Operation, Result,
    Since, Told,
};

use super::find::Place;
use super::item::{Known, refuse};
use super::walk::walk;
use super::{Inner, feed, log};
use crate::PROVIDER;
use crate::model::Guid;

pub(super) type Pages = BoxStream<'static, Result<ChangePage>>;

/// What a stream of changes is about.
#[derive(Clone)]
pub(super) struct Scope {
    pub(super) store: Arc<Inner>,
    /// The folder below which changes are wanted; none for the whole library.
    folder: Option<Place>,
    /// What its cursors are bound to.
    bound: String,
    pub(super) page_size: Option<u32>,
}

pub(super) fn changes(store: Arc<Inner>, since: Since, options: ChangeOptions) -> Pages {
    let opened = async move {
        let has_feed = store.has_feed;
        let scope = Scope::open(store, options).await?;
        let token = match &since {
            Since::Cursor(cursor) => Some(scope.token(cursor)?.to_owned()),
            _ => None,
        };
        match (has_feed, since, token) {
            (true, Since::Now, _) => Ok(feed::now(scope)),
            (true, _, Some(token)) => Ok(feed::since(scope, token)),
            (true, ..) => Ok(feed::everything(scope)),
            (false, Since::Now, _) => log::now(scope).await,
            (false, _, Some(token)) => Ok(log::since(scope, token)),
            (false, ..) => log::everything(scope, false).await,
        }
    };
    let pages = stream::once(opened).try_flatten().map(|page| page.and_then(ChangePage::checked));
    pages.map(|page| page.attempted(PROVIDER, Operation::Changes.name())).boxed()
}

/// What a page names.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) id: Guid,
    /// What it is now; none where it is gone.
    pub(super) known: Option<Known>,
    /// Whether it may have brought what the page does not tell.
    pub(super) brought: bool,
}

impl Scope {
    async fn open(store: Arc<Inner>, options: ChangeOptions) -> Result<Self> {
        let folder = match &options.scope {
            Some(scope) => Some(store.place(scope).await.map_err(|error| match error.kind() {
                ErrorKind::Conflict => error.with_kind(ErrorKind::InvalidInput),
                _ => error,
            })?),
            None => None,
        };
        let folder = folder.filter(|place| !place.path.is_root());
        let below = folder.as_ref().map(|place| format!("/{}", place.id)).unwrap_or_default();
        let source = if store.has_feed { "feed" } else { "log" };
        let bound = format!("{}{below} {source}", store.info.account);
        Ok(Self { store, folder, bound, page_size: options.page_size })
    }

    pub(super) fn checkpoint(&self, token: &str) -> Cursor {
        Cursor::new(PROVIDER, &self.bound, token)
    }

    fn token<'a>(&self, cursor: &'a Cursor) -> Result<&'a str> {
        cursor.token_for(PROVIDER, &self.bound)
    }

    /// All that is below, listed.
    pub(super) fn walk(&self) -> BoxStream<'static, Result<Vec<Known>>> {
        let from = self.folder.clone().unwrap_or_else(|| self.store.root_place());
        walk(self.store.clone(), from, true)
    }

    /// A page that may tell that something is gone, once the folder whose changes are read is known to be there, and where
    /// it was when the items were compared with its path.
    pub(super) async fn sure(&self, page: ChangePage) -> Result<ChangePage> {
        if page.changes.iter().any(|change| matches!(change, Change::Remove(_) | Change::ResetEnd)) {
            match &self.folder {
                Some(folder) => {
                    let now = self.store.place(&ItemRef::Id(ItemId::from(folder.id.to_string()))).await?;
                    if now.path != folder.path {
                        let message = "the folder whose changes are read was moved meanwhile";
                        return Err(refuse(ErrorKind::Unavailable, folder.path.as_str(), message));
                    }
                }
                None => self.store.client.libraries().root_folder(self.store.library).await.map(drop)?,
            }
        }
        Ok(page)
    }

    /// What of a full enumeration is below.
    pub(super) async fn existing(&self, named: Vec<Named>) -> Result<Vec<Change>> {
        let mut changes = Vec::new();
        for named in parents_first(named) {
            if let Some(known) = self.placed(named.known).await?
                && self.covers(&known)
            {
                changes.push(Change::Upsert(known.into_item()));
            }
        }
        Ok(changes)
    }

    /// What the entries of a page mean, a folder before what it holds.
    pub(super) async fn translate(&self, named: Vec<Named>) -> Result<Vec<Told>> {
        let mut told = Vec::new();
        for named in parents_first(named) {
            if named.id == self.store.root.id {
                continue;
            }
            let known = self.placed(named.known).await?;
            // Of the folder itself nothing is told. If it was moved just now, `sure` finds out.
            if known.is_some() && self.folder.as_ref().is_some_and(|folder| folder.id == named.id) {
                continue;
            }
            // What is outside of the scope is not there, whether it ever was inside or not.
            let Some(known) = known.filter(|known| self.covers(known)) else {
                told.push(Told::Change(Change::Remove(ItemId::from(named.id.to_string()))));
                continue;
            };
            told.push(Told::Change(Change::Upsert(known.clone().into_item())));
            // A folder that came into the scope has brought what is not told by itself.
            let brought = known.is_folder && (named.brought || self.folder.is_some());
            if let Some(path) = known.path.filter(|_| brought) {
                let below = walk(self.store.clone(), Place { id: known.id, path }, false);
                let items = below.map_ok(|found| found.into_iter().map(Known::into_item).collect());
                told.push(Told::Below(ItemId::from(known.id.to_string()), items.boxed()));
            }
        }
        Ok(told)
    }

    /// With its path, where that matters and is not told; none where it is gone.
    async fn placed(&self, known: Option<Known>) -> Result<Option<Known>> {
        match known {
            Some(known) if self.folder.is_some() && known.path.is_none() => match self.store.node(known.id).await {
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                found => found.map(Some),
            },
            known => Ok(known),
        }
    }

    /// Whether something is below the scope, and not the service's own.
    fn covers(&self, known: &Known) -> bool {
        let dialect = self.store.client.dialect();
        let top = known.path.as_ref().and_then(|path| path.segments().next());
        let own = match top {
            Some(top) => dialect.hides(top) && (known.is_folder || known.parent != Some(self.store.root.id)),
            None => known.is_folder && known.parent == Some(self.store.root.id) && dialect.hides(&known.name),
        };
        let Some(folder) = &self.folder else { return !own };
        let below = known.path.as_ref().and_then(|path| path.as_str().strip_prefix(folder.path.as_str()));
        !own && (known.parent == Some(folder.id) || below.is_some_and(|rest| rest.starts_with('/')))
    }
}

/// The order of a page, but for folders that are told after what they hold. Of several entries for one item the last one
/// counts.
fn parents_first(named: Vec<Named>) -> Vec<Named> {
    let last: HashMap<Guid, usize> = named.iter().enumerate().map(|(at, named)| (named.id, at)).collect();
    let parents: Vec<Option<usize>> =
        named.iter().map(|named| last.get(&named.known.as_ref()?.parent?).copied()).collect();
    let mut slots: Vec<Option<Named>> =
        named.into_iter().enumerate().map(|(at, named)| (last.get(&named.id) == Some(&at)).then_some(named)).collect();
    let mut ordered = Vec::with_capacity(slots.len());
    for at in 0..slots.len() {
        // Up to the topmost folder that is still to come, and down again.
        let (mut chain, mut next) = (Vec::new(), Some(at));
        while let Some(index) = next.filter(|index| slots.get(*index).is_some_and(Option::is_some)) {
            if chain.contains(&index) {
                break;
            }
            chain.push(index);
            next = parents.get(index).copied().flatten();
        }
        ordered.extend(chain.into_iter().rev().filter_map(|index| slots.get_mut(index)?.take()));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(id: u8, parent: Option<u8>) -> Named {
        let guid = |id: u8| format!("{id:032x}").parse::<Guid>().unwrap();
        let known = parent.map(|parent| Known {
            id: guid(id),
            name: String::new(),
            is_folder: true,
            parent: Some(guid(parent)),
            path: None,
            size: None,
            digest: None,
            revision: None,
            created: None,
            modified: None,
        });
        Named { id: guid(id), known, brought: false }
    }

    fn order(entries: &[(u8, Option<u8>)]) -> Vec<u8> {
        let named = entries.iter().map(|(id, parent)| named(*id, *parent)).collect();
        parents_first(named).iter().map(|named| named.id.simple()[30..].parse().unwrap()).collect()
    }

    #[test]
    fn folders_come_before_what_they_hold_and_the_last_entry_counts() {
        assert_eq!(order(&[(3, Some(2)), (2, Some(1)), (1, Some(9))]), [1, 2, 3]);
        assert_eq!(order(&[(3, None), (2, Some(1)), (3, Some(2)), (1, Some(9))]), [1, 2, 3]);
        assert_eq!(order(&[(1, Some(2)), (2, Some(1))]).len(), 2, "a circle has an end");
        assert_eq!(order(&[(5, None), (6, Some(9)), (5, None)]), [6, 5]);
    }
}
