//! The recycle bin: what is in it, getting things out of it, emptying it.

use super::errors::{ApiError, Outcome};
use super::ids::parse_user;
use super::info::{same_zone, zone_of};
use super::{Ctx, no_content};
use crate::drive::Entry;

impl Ctx {
    pub(super) fn deleted_children(&self, parent: &str) -> Outcome {
        let folder = self.find_folder(parent)?;
        self.feed_reply(&self.wanted()?, self.drive().deleted_children(folder.item.id))
    }

    /// What a user deleted; without a user, the caller.
    pub(super) fn user_deleted_items(&self) -> Outcome {
        let user = match self.call.query.get("userid") {
            None => self.user()?.id,
            Some(id) => parse_user(id).ok_or_else(ApiError::not_found)?,
        };
        let mut deleted = self.drive().deleted_by(user);
        if let Some(zone) = self.call.query.get("zone") {
            deleted.retain(|entry| same_zone(&zone_of(entry), zone));
        }
        self.feed_reply(&self.wanted()?, deleted)
    }

    pub(super) fn bulk_restore(&self) -> Outcome {
        let user = self.user()?.id;
        let entries = self.find_deleted()?;
        for entry in entries {
            self.drive().restore(user, entry.item.id)?;
        }
        no_content()
    }

    pub(super) fn bulk_delete_permanently(&self) -> Outcome {
        let user = self.user()?.id;
        for entry in self.find_deleted()? {
            self.drive().purge(user, entry.item.id)?;
        }
        no_content()
    }

    /// The items of the body, all of which must be in the recycle bin themselves.
    fn find_deleted(&self) -> Result<Vec<Entry>, ApiError> {
        let in_bin = |id: String| {
            let entry = self.find_any(&id)?;
            if entry.item.deleted.is_some() { Ok(entry) } else { Err(ApiError::not_found()) }
        };
        self.ids()?.into_iter().map(in_bin).collect()
    }
}
