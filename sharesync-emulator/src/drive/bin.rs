//! Taking away: the recycle bin, single versions, and removal for good.

use std::sync::Arc;

use super::draft::Draft;
use super::error::DriveError;
use super::ids::{ItemId, UserId, VersionId};
use super::item::{Item, Kind, Role};
use super::record::{Change, ChangeKind};
use super::{Drive, Entry};

impl Drive {
    /// Puts an item, with all below it, into the recycle bin.
    ///
    /// # Errors
    /// When it is not there, locked by another user, or one of the drive's own folders.
    pub fn delete(&self, by: UserId, id: ItemId) -> Result<(), DriveError> {
        self.commit(by, |draft| {
            let item = draft.movable(id)?;
            draft.bin(&item);
            Ok(())
        })
    }

    /// Takes one version of a file away for good; with its only version the file goes into the recycle bin.
    ///
    /// # Errors
    /// When there is no such version, or the file is locked by another user.
    pub fn delete_version(&self, by: UserId, version: VersionId) -> Result<(), DriveError> {
        self.commit(by, |draft| {
            let owner = draft.tree.version_owner(version).ok_or(DriveError::NotFound)?;
            let item = draft.unlocked(owner)?;
            let left: Vec<_> = item.versions().iter().filter(|kept| kept.id != version).cloned().collect();
            let Some(newest) = left.last() else {
                draft.bin(&item);
                return Ok(());
            };
            let (client_created, client_modified) = (newest.client_created, newest.client_modified);
            let kind = Kind::File { versions: left };
            draft.put(Item { kind, client_created, client_modified, ..(*item).clone() }, ChangeKind::Content, None);
            Ok(())
        })
    }

    /// Takes an item out of the recycle bin, back to where it was.
    ///
    /// # Errors
    /// When it is not in the bin, its folder is gone, or its name was taken meanwhile.
    pub fn restore(&self, by: UserId, id: ItemId) -> Result<Entry, DriveError> {
        self.commit_item(by, |draft| {
            let item = draft.tree.item(id).filter(|item| item.deleted.is_some()).ok_or(DriveError::NotFound)?.clone();
            let parent = item.parent.ok_or(DriveError::NotFound)?;
            draft.live_folder(parent)?;
            if let Some(holder) = draft.tree.child(parent, &item.name) {
                return Err(DriveError::NameTaken { holder: holder.id });
            }
            Ok(draft.put(Item { deleted: None, ..(*item).clone() }, ChangeKind::Restored, None))
        })
    }

    /// Removes an item, in the recycle bin or not, with all below it and all its bytes.
    ///
    /// # Errors
    /// When it is not there, locked by another user, or one of the drive's own folders.
    pub fn purge(&self, by: UserId, id: ItemId) -> Result<(), DriveError> {
        self.commit(by, |draft| {
            let item = draft.tree.item(id).ok_or(DriveError::NotFound)?.clone();
            if item.role() != Role::Plain {
                return Err(DriveError::Protected);
            }
            if item.lock.as_ref().is_some_and(|lock| lock.owner != by) {
                return Err(DriveError::Locked);
            }
            draft.remove_for_good(&item);
            Ok(())
        })
    }
}

impl Draft<'_> {
    fn remove_for_good(&mut self, item: &Arc<Item>) {
        self.record.removed.extend(self.tree.subtree(item.id));
        self.record.changes.push(Change::new(ChangeKind::Purged, item, self.at, self.by, None));
    }
}
