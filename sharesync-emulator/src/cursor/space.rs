//! The shares: every user's home is a personal share, every folder in the drive's folder of shared folders is one for all users.
//! Who may do what in them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::errors::ApiError;
use super::ids;
use crate::drive::{Drive, DriveError, Entry, ItemId, Place, Role, User, UserId};
use crate::table::Table;

/// Where shares are, and what is known about them beside their folder.
#[derive(Debug)]
pub(super) struct Space {
    drive: Drive,
    homes: ItemId,
    shared: ItemId,
    pub(super) facts: Table<Facts>,
    pub(super) members: Table<Member>,
}

/// What a share is beside a folder.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Facts {
    pub(super) share_type: Option<String>,
    pub(super) description: Option<String>,
    pub(super) owner: Option<String>,
    pub(super) quota: Option<u64>,
}

/// A member of a share.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Member {
    pub(super) share: ItemId,
    pub(super) principal_type: String,
    pub(super) principal: String,
    pub(super) role: String,
    pub(super) expires: Option<Timestamp>,
}

impl Space {
    pub(super) fn open(drive: &Drive) -> Result<Self, DriveError> {
        Ok(Self {
            homes: drive.fixed_folder("Personal Folders", Role::Homes)?,
            shared: drive.fixed_folder("Shared Folders", Role::Shared)?,
            facts: Table::open(drive, "cursor/shares"),
            members: Table::open(drive, "cursor/members"),
            drive: drive.clone(),
        })
    }

    /// The folder that holds the shares of all.
    pub(super) fn shared(&self) -> ItemId {
        self.shared
    }

    /// The share that a place is in, and whether it is the share itself.
    pub(super) fn share_of(&self, item: ItemId, above: &[ItemId]) -> Option<(ItemId, bool)> {
        match above {
            [_, top] if self.holds_shares(*top) => Some((item, true)),
            [_, top, share, ..] if self.holds_shares(*top) => Some((*share, false)),
            _ => None,
        }
    }

    fn holds_shares(&self, folder: ItemId) -> bool {
        folder == self.homes || folder == self.shared
    }

    /// The share that an item is in; the share itself counts too.
    pub(super) fn share_of_entry(&self, entry: &Entry) -> Option<ItemId> {
        let above: Vec<_> = entry.ancestors.iter().map(|folder| folder.id).collect();
        self.share_of(entry.item.id, &above).map(|(share, _)| share)
    }

    /// Whether a user may see what is in a share: any but the homes of others.
    pub(super) fn is_visible(&self, user: &User, share: ItemId) -> bool {
        share == user.home || !self.drive.users().iter().any(|other| other.home == share)
    }

    /// A share that the user may read; one in the trash is gone.
    pub(super) fn readable(&self, user: &User, share: ItemId) -> Result<Entry, ApiError> {
        let entry = self.drive.item(share).filter(|entry| entry.item.is_folder());
        let entry = entry.filter(|entry| self.share_of_entry(entry) == Some(share) && self.is_visible(user, share));
        let entry = entry.ok_or_else(|| ApiError::not_found("Share"))?;
        Some(entry).filter(|entry| !entry.is_deleted()).ok_or_else(|| ApiError::gone("The share"))
    }

    /// All shares that the user may read, in the order of their ids.
    pub(super) fn all(&self, user: &User) -> Vec<Entry> {
        let home = self.drive.item(user.home).into_iter();
        let shared = self.drive.children(self.shared, 0, None).entries.into_iter();
        let mut all: Vec<_> = home.chain(shared.filter(|entry| entry.item.is_folder())).collect();
        all.sort_by_key(|entry| entry.item.id);
        all
    }

    /// Whether the user may change what is in the share.
    pub(super) fn check_write(&self, user: &User, share: ItemId) -> Result<(), ApiError> {
        match self.role(user, share) {
            "reader" => Err(ApiError::forbidden("This role may only read the share")),
            _ => Ok(()),
        }
    }

    /// The user's role in a share.
    pub(super) fn role(&self, user: &User, share: ItemId) -> &'static str {
        let made_by = self.drive.item(share).map(|entry| entry.item.creator);
        if share == user.home || made_by == Some(user.id) {
            return "owner";
        }
        let now = Drive::now();
        let member = self.members.get(&member_key(share, &ids::user(user.id)));
        let member = member.filter(|member| member.expires.is_none_or(|end| end > now));
        match member.as_ref().map(|member| member.role.as_str()) {
            Some("owner") => "owner",
            Some("admin") => "admin",
            Some("reader") => "reader",
            _ => "contributor",
        }
    }

    /// Refuses bytes that would take the share over its quota.
    pub(super) fn check_quota(&self, share: &Entry, bytes: u64) -> Result<(), ApiError> {
        let quota = self.facts.get(&ids::share(share.item.id)).and_then(|facts| facts.quota);
        match quota {
            Some(quota) if share.totals.bytes.saturating_add(bytes) > quota => Err(ApiError::over_quota()),
            _ => Ok(()),
        }
    }

    /// The share object.
    pub(super) fn share_json(&self, share: &Entry) -> Value {
        let facts = self.facts.get(&ids::share(share.item.id)).unwrap_or_default();
        let owner = facts.owner.unwrap_or_else(|| ids::user(self.owner(share)));
        json!({
            "id": ids::share(share.item.id), "tenant_id": ids::TENANT, "name": share.item.name,
            "description": facts.description, "share_type": self.share_type(share), "owner_id": owner,
            "is_public": false, "is_deleted": share.is_deleted(), "quota_bytes": facts.quota,
            "used_bytes": share.totals.bytes, "settings": {}, "created_at": share.item.created.to_string(),
            "modified_at": share.totals.changed.to_string(),
        })
    }

    /// The share as a sync client gets it listed.
    pub(super) fn own_share_json(&self, user: &User, share: &Entry) -> Value {
        let facts = self.facts.get(&ids::share(share.item.id)).unwrap_or_default();
        json!({
            "id": ids::share(share.item.id), "name": share.item.name, "type": self.share_type(share),
            "role": self.role(user, share.item.id), "quota_bytes": facts.quota, "used_bytes": share.totals.bytes,
            "owner_id": facts.owner.unwrap_or_else(|| ids::user(self.owner(share))),
            "created_at": share.item.created.to_string(),
        })
    }

    fn share_type(&self, share: &Entry) -> String {
        let facts = self.facts.get(&ids::share(share.item.id)).unwrap_or_default();
        let usual = if share.item.parent == Some(self.homes) { "personal" } else { "project" };
        facts.share_type.unwrap_or_else(|| usual.to_owned())
    }

    fn owner(&self, share: &Entry) -> UserId {
        let home_of = self.drive.users().into_iter().find(|user| user.home == share.item.id);
        home_of.map_or(share.item.creator, |user| user.id)
    }
}

pub(super) fn member_key(share: ItemId, principal: &str) -> String {
    format!("{}/{principal}", ids::share(share))
}

/// A path as clients of a share see it: from the share on.
pub(super) fn share_path(path: &str) -> String {
    format!("/{}", path.splitn(4, '/').nth(3).unwrap_or_default())
}

/// As [`share_path`], of a place in the log.
pub(super) fn path_in_share(place: &Place) -> String {
    share_path(&place.path)
}
