//! The root folder, and items with what is in them.

use crate::drive::{Entry, ItemId};
use crate::http::Reply;
use crate::sharepoint::Ctx;
use crate::sharepoint::content::tell;
use crate::sharepoint::dialect::LISTING_PARAMETERS;
use crate::sharepoint::errors::{Outcome, SpError};
use crate::sharepoint::ids::Guid;

use super::web3s;

/// Listings go no deeper.
const DEEPEST: u64 = 16;

/// What a listing is to hold.
#[derive(Debug, Clone, Copy)]
struct Asked {
    folders_only: bool,
    depth: u64,
    first: usize,
    most: usize,
}

impl Ctx {
    pub(super) fn root_folder(&self) -> Outcome {
        let root = self.drive().item(self.site.root()?).ok_or_else(SpError::not_found)?;
        let expands = self.call.query.get("web3s.expand").unwrap_or_default();
        let quota = expands.split(',').any(|name| name.trim().eq_ignore_ascii_case("QuotaState"));
        let quota = if quota { self.quota_xml() } else { String::new() };
        self.with_children(&root, &quota)
    }

    pub(super) fn item(&self, id: &str) -> Outcome {
        let entry = self.by_id(Guid::parse(id).ok_or_else(SpError::not_found)?)?;
        match entry.item.is_folder() {
            true => self.with_children(&entry, ""),
            false => Ok(web3s(http::StatusCode::OK, &self.item_xml(&entry))),
        }
    }

    fn with_children(&self, folder: &Entry, behind: &str) -> Outcome {
        if LISTING_PARAMETERS.iter().all(|name| !self.call.query.has(name)) {
            return Ok(web3s(http::StatusCode::OK, &self.folder_xml(folder, None, behind)));
        }
        let asked = self.asked()?;
        let (items, more) = self.children_xml(folder.item.id, asked);
        let mut reply = web3s(http::StatusCode::OK, &self.folder_xml(folder, Some(&items), behind));
        if more {
            has_more(&mut reply);
        }
        Ok(reply)
    }

    /// `Depth`, `FoldersOnly` and `web3s.paging`: the first index and the length of the page.
    fn asked(&self) -> Outcome<Asked> {
        let query = &self.call.query;
        let bad = |name: &str| SpError::bad_request(format!("The parameter {name} is not valid."));
        let depth = match query.get("depth") {
            Some(depth) => depth.parse::<u64>().map_err(|_| bad("Depth"))?,
            None => 0,
        };
        let (first, most) = match query.get("web3s.paging") {
            Some(paging) => {
                let window = paging
                    .split_once(',')
                    .and_then(|(first, most)| Some((first.trim().parse().ok()?, most.trim().parse().ok()?)));
                window.ok_or_else(|| bad("web3s.paging"))?
            }
            None => (0, usize::MAX),
        };
        let most = self.face.max_page.map_or(most, |page| most.min(page));
        Ok(Asked { folders_only: query.is_true("foldersonly"), depth: depth.min(DEEPEST), first, most })
    }

    fn children_xml(&self, folder: ItemId, asked: Asked) -> (String, bool) {
        let drive = self.drive();
        let listing = drive.children(folder, asked.first, Some(asked.most));
        let total = if asked.folders_only { drive.folders_in(folder) } else { listing.total };
        let shown = listing.entries.iter().filter(|entry| !asked.folders_only || entry.item.is_folder());
        let items: String = shown.map(|entry| self.below_xml(entry, asked)).collect();
        (items, asked.first.saturating_add(asked.most) < total)
    }

    fn below_xml(&self, entry: &Entry, asked: Asked) -> String {
        if !entry.item.is_folder() || asked.depth == 0 {
            return self.item_xml(entry);
        }
        let (items, _) =
            self.children_xml(entry.item.id, Asked { depth: asked.depth - 1, first: 0, most: usize::MAX, ..asked });
        self.folder_xml(entry, Some(&items), "")
    }
}

pub(super) fn has_more(reply: &mut Reply) {
    tell(reply, "x-hasmoredata", "True");
}
