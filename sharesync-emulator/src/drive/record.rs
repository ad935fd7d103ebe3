//! Records: what one mutation did to the tree. The journal stores them, the tree applies them, live and at replay alike.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{ItemId, ShareId, UserId};
use super::item::Item;
use super::share::Share;
use super::user::User;

/// An entry of the change log: what a later face needs for its feed.
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
}
