//! Records: what one mutation did to the tree. The journal stores them, the tree applies them, live and at replay alike.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ids::{ItemId, ShareId, UserId, VersionId};
use super::item::Item;
use super::share::Share;
use super::user::User;

/// An entry of the change log: all that a face needs for its feed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Change {
    /// Its place in the log, from 1 on without gaps.
    #[serde(skip)]
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: UserId,
    /// What happened.
    pub kind: ChangeKind,
    /// To which item.
    pub item: ItemId,
    /// Its name after the change.
    pub name: Arc<str>,
    /// Its folder after the change.
    pub parent: Option<ItemId>,
    /// Its folder before the change, when that was another one.
    pub from: Option<ItemId>,
    /// Where it was before; `None` if it was not there, or in the recycle bin.
    #[serde(skip)]
    pub before: Option<Place>,
    /// Where it was after; `None` if it was no longer there, or in the recycle bin.
    #[serde(skip)]
    pub after: Option<Place>,
    /// What it was.
    #[serde(skip)]
    pub item_type: ItemType,
    /// The newest version of a file after the change; of one that is gone, before it.
    #[serde(skip)]
    pub version: Option<VersionId>,
    /// The size of that version.
    #[serde(skip)]
    pub size: u64,
}

impl Change {
    /// What is written down of a change; where the item was before and after is found when the log takes it in.
    pub(super) fn new(kind: ChangeKind, item: &Item, at: Timestamp, by: UserId, from: Option<ItemId>) -> Self {
        Self {
            sequence: 0,
            at,
            by,
            kind,
            item: item.id,
            name: item.name.clone(),
            parent: item.parent,
            from,
            before: None,
            after: None,
            item_type: ItemType::Other,
            version: None,
            size: 0,
        }
    }
}

/// Where an item was at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// The folders above it, the root first.
    pub above: Arc<[ItemId]>,
    /// The names from below the root to the item, each after a slash.
    pub path: Arc<str>,
}

/// What an item of the log was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ItemType {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A note or a link.
    #[default]
    Other,
}

/// What happened to an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ChangeKind {
    /// It was made.
    Created,
    /// A version was added or taken away.
    Content,
    /// It got another name, with or without another folder.
    Renamed,
    /// It went to another folder under its own name.
    Moved,
    /// Something else about it changed.
    Properties,
    /// It went into the recycle bin.
    Deleted,
    /// It came back out of the recycle bin.
    Restored,
    /// It is gone for good.
    Purged,
    /// It stayed in its folder; that folder, or one above, was renamed. Not in the journal: it follows from what is.
    RenamedAbove,
    /// It stayed in its folder; that folder, or one above, was moved. Not in the journal.
    MovedAbove,
    /// It came back out of the recycle bin in a folder. Not in the journal.
    RestoredAbove,
}

/// One mutation, whole: either all of it is in the journal or nothing.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Record {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) items: Vec<Arc<Item>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) removed: Vec<ItemId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) shares: Vec<Arc<Share>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) ended: Vec<ShareId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) users: Vec<Arc<User>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) changes: Vec<Change>,
    /// What faces keep beside the tree, by key; null takes a key away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) kept: Vec<(String, Value)>,
}

/// What faces keep about requests, also about those that only read: audit entries, cursors that were given out.
const ABOUT_REQUESTS: [&str; 2] = ["acronis/audit/", "cursor/cursors/"];

impl Record {
    /// Whether there is more in it than what a face keeps about the request itself.
    pub(super) fn changes_something(&self) -> bool {
        let kept = self.kept.iter().any(|(key, _)| !ABOUT_REQUESTS.iter().any(|prefix| key.starts_with(prefix)));
        kept || !(self.items.is_empty()
            && self.removed.is_empty()
            && self.shares.is_empty()
            && self.ended.is_empty()
            && self.users.is_empty()
            && self.changes.is_empty())
    }
}
