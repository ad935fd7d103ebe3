//! Links: to items for downloading, or to a folder that takes uploads.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{ItemId, ShareId, UserId, VersionId};

/// A link given out to others.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Share {
    /// The identity.
    pub id: ShareId,
    /// What the link is for.
    pub purpose: Purpose,
    /// A title for people.
    pub title: String,
    /// Who gave it out.
    pub creator: UserId,
    /// When it was given out.
    pub created: Timestamp,
    /// When it ends; `None` is never.
    pub expires: Option<Timestamp>,
    /// How often it may be used; `None` is without limit.
    pub max_downloads: Option<u64>,
    /// How often it was used.
    pub downloads: u64,
    /// Whether its user has to sign in.
    pub require_login: bool,
    /// Whether its user has to leave a name.
    pub require_user_info: bool,
    /// Whether the items may only be looked at.
    pub view_only: bool,
    /// Who was told of it, by e-mail address.
    pub recipients: Vec<String>,
    /// Whether nobody but the recipients may use it.
    #[serde(default)]
    pub only_recipients: bool,
    /// When its properties last changed, if they ever did.
    #[serde(default)]
    pub changed: Option<Timestamp>,
}

/// What a link is for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Purpose {
    /// Downloading items.
    Send {
        /// The items; one with a version stays at that version, one without follows the newest.
        items: Vec<SharedItem>,
    },
    /// Uploading into a folder.
    Request {
        /// The folder.
        folder: ItemId,
    },
}

/// An item of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SharedItem {
    /// The item.
    pub item: ItemId,
    /// The version it is fixed to.
    pub version: Option<VersionId>,
}

impl SharedItem {
    /// An item, fixed to a version or not.
    pub fn new(item: ItemId, version: Option<VersionId>) -> Self {
        Self { item, version }
    }
}

impl Share {
    /// A link without limits; the drive gives it its id and date when it is added.
    pub fn new(creator: UserId, purpose: Purpose) -> Self {
        Self {
            id: ShareId(0),
            purpose,
            title: String::new(),
            creator,
            created: Timestamp::UNIX_EPOCH,
            expires: None,
            max_downloads: None,
            downloads: 0,
            require_login: false,
            require_user_info: false,
            view_only: false,
            recipients: Vec::new(),
            only_recipients: false,
            changed: None,
        }
    }

    /// Whether it has ended at that moment, by date or by number of uses.
    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|end| end <= now) || self.is_used_up()
    }

    /// Whether it was used as often as it may be.
    pub fn is_used_up(&self) -> bool {
        self.max_downloads.is_some_and(|most| self.downloads >= most)
    }
}
