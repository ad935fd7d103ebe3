//! Versions of one certain file, wherever it is: adding one, bringing an older one back, giving one a file of its own.

use std::sync::Arc;

use super::changing::{FileUpload, OnConflict};
use super::content::Content;
use super::draft::Draft;
use super::error::DriveError;
use super::ids::{ItemId, UserId, VersionId};
use super::item::{Item, Kind, Version};
use super::record::ChangeKind;
use super::{Drive, Entry};

impl Drive {
    /// Makes a content the newest version of a file.
    ///
    /// # Errors
    /// When there is no such file, or another user has it locked. The content is then discarded.
    pub fn add_version(&self, by: UserId, file: ItemId, content: Content) -> Result<Entry, DriveError> {
        let spare = content.clone();
        let added = self.commit_item(by, |draft| draft.add_version(file, content));
        if added.is_err() {
            self.discard(&spare);
        }
        added
    }

    /// Makes the bytes of an older version those of a new one.
    ///
    /// # Errors
    /// When there is no such version, or another user has the file locked.
    pub fn repeat_version(&self, by: UserId, version: VersionId) -> Result<Entry, DriveError> {
        self.commit_item(by, |draft| {
            let (file, content) = draft.content_of(version)?;
            draft.add_version(file, content)
        })
    }

    /// Makes the bytes of a version a file of their own.
    ///
    /// # Errors
    /// When there is no such version, or the folder cannot hold the file under that name.
    pub fn copy_version(
        &self,
        by: UserId,
        version: VersionId,
        parent: ItemId,
        name: &str,
        on_conflict: OnConflict,
    ) -> Result<Entry, DriveError> {
        self.commit_item(by, |draft| {
            let (_, content) = draft.content_of(version)?;
            draft.put_file(FileUpload {
                parent,
                name: name.into(),
                content,
                description: None,
                client_created: Some(draft.at),
                client_modified: Some(draft.at),
                expires: None,
                on_conflict,
            })
        })
    }
}

impl Draft<'_> {
    fn content_of(&self, version: VersionId) -> Result<(ItemId, Content), DriveError> {
        let owner = self.tree.version_owner(version).and_then(|id| self.tree.item(id)).ok_or(DriveError::NotFound)?;
        let found = owner.versions().iter().find(|known| known.id == version).ok_or(DriveError::NotFound)?;
        Ok((owner.id, found.content.clone()))
    }

    fn add_version(&mut self, file: ItemId, content: Content) -> Result<ItemId, DriveError> {
        let item = self.unlocked(file)?;
        if !item.is_file() {
            return Err(DriveError::NotAFile);
        }
        let version = Arc::new(Version {
            id: VersionId(self.new_id()),
            content,
            creator: self.by,
            created: self.at,
            client_created: Some(self.at),
            client_modified: Some(self.at),
        });
        let versions = item.versions().iter().cloned().chain([version]).collect();
        let item = Item { kind: Kind::File { versions }, client_modified: Some(self.at), ..(*item).clone() };
        Ok(self.put(item, ChangeKind::Content, None))
    }
}
