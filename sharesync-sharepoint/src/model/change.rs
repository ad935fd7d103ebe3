//! The log of changes of the REST service.

use serde::{Deserialize, Serialize};
use sharesync_core::Timestamp;

use super::{Guid, wire};

/// A position in the log (`SP.ChangeToken`): `version;scope;id;ticks;number`. It is opaque.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct ChangeToken {
    /// The text of it.
    pub string_value: String,
}

impl ChangeToken {
    /// A position that the service gave before.
    pub fn new(text: impl Into<String>) -> Self {
        Self { string_value: text.into() }
    }
}

/// What happened (`SP.ChangeType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChangeKind {
    /// 1
    Add,
    /// 2
    Update,
    /// 3
    Delete,
    /// 4
    Rename,
    /// 5: it left the list.
    MoveAway,
    /// 6: it came into the list.
    MoveInto,
    /// 7: it came back from the recycle bin.
    Restore,
    /// 15: changed by the service itself.
    SystemUpdate,
    /// Permissions, navigation, and what else there is, by its number.
    Other(i64),
}

impl From<i64> for ChangeKind {
    fn from(number: i64) -> Self {
        match number {
            1 => Self::Add,
            2 => Self::Update,
            3 => Self::Delete,
            4 => Self::Rename,
            5 => Self::MoveAway,
            6 => Self::MoveInto,
            7 => Self::Restore,
            15 => Self::SystemUpdate,
            other => Self::Other(other),
        }
    }
}

/// An entry of the log (`SP.ChangeItem`, `SP.ChangeFile`, `SP.ChangeFolder`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct ChangeEntry {
    /// The position of this entry.
    pub change_token: Option<ChangeToken>,
    /// What happened, by the service's number; see [`kind`](Self::kind).
    #[serde(deserialize_with = "wire::number")]
    pub change_type: Option<i64>,
    /// When.
    #[serde(deserialize_with = "wire::time")]
    pub time: Option<Timestamp>,
    /// The library.
    #[serde(deserialize_with = "wire::id")]
    pub list_id: Option<Guid>,
    /// The file or folder.
    #[serde(deserialize_with = "wire::id")]
    pub unique_id: Option<Guid>,
    /// The number of the item in the library.
    #[serde(deserialize_with = "wire::number")]
    pub item_id: Option<i64>,
    /// The path on the server, where it is told.
    pub server_relative_url: Option<String>,
    /// 0 for a file, 1 for a folder.
    #[serde(deserialize_with = "wire::number")]
    pub file_system_object_type: Option<i64>,
}

impl ChangeEntry {
    /// What happened.
    pub fn kind(&self) -> Option<ChangeKind> {
        self.change_type.map(ChangeKind::from)
    }
}

/// Which changes are asked for (`SP.ChangeQuery`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChangeQuery {
    /// Where to go on; `None` for the beginning of the log.
    pub start: Option<ChangeToken>,
    /// Where to end.
    pub end: Option<ChangeToken>,
    /// How many entries at the most.
    pub fetch_limit: u32,
}

impl Default for ChangeQuery {
    fn default() -> Self {
        Self { start: None, end: None, fetch_limit: 1000 }
    }
}

impl ChangeQuery {
    /// All changes of files and folders from the beginning of the log, a thousand at a time.
    pub fn new() -> Self {
        Self::default()
    }

    /// Goes on after a position.
    #[must_use]
    pub fn with_start(mut self, start: ChangeToken) -> Self {
        self.start = Some(start);
        self
    }

    /// Ends at a position.
    #[must_use]
    pub fn with_end(mut self, end: ChangeToken) -> Self {
        self.end = Some(end);
        self
    }

    /// Asks for at most this many entries.
    #[must_use]
    pub fn with_fetch_limit(mut self, entries: u32) -> Self {
        self.fetch_limit = entries.max(1);
        self
    }
}
