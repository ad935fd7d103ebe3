//! Making items: folders and their like, files and their versions, locks.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use super::content::Content;
use super::draft::Draft;
use super::error::DriveError;
use super::ids::{ItemId, UserId, VersionId};
use super::item::{Item, Kind, Lock, Role, Version};
use super::names;
use super::record::ChangeKind;
use super::{Drive, Entry};

/// What to do when a name is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnConflict {
    /// Refuse.
    #[default]
    Fail,
    /// A file becomes a new version of the file that is there; anything else moves what is there to the recycle bin.
    Replace,
    /// Take a free name close to the wanted one.
    Rename,
}

/// A folder, note or link to be made.
#[derive(Debug, Clone, Default)]
pub struct NewFolder {
    /// Free text.
    pub description: Option<Arc<str>>,
    /// A storage zone.
    pub zone: Option<Arc<str>>,
    /// When it is to expire.
    pub expires: Option<Timestamp>,
    /// Creation time in the client's file system.
    pub client_created: Option<Timestamp>,
    /// Modification time in the client's file system.
    pub client_modified: Option<Timestamp>,
}

/// A file to be put into a folder.
#[derive(Debug, Clone)]
pub struct FileUpload {
    /// The folder.
    pub parent: ItemId,
    /// The name.
    pub name: Arc<str>,
    /// The bytes.
    pub content: Content,
    /// Free text; `None` keeps what is there.
    pub description: Option<Arc<str>>,
    /// Creation time in the client's file system.
    pub client_created: Option<Timestamp>,
    /// Modification time in the client's file system.
    pub client_modified: Option<Timestamp>,
    /// When it is to expire; `None` keeps what is there.
    pub expires: Option<Timestamp>,
    /// What to do when the name is taken.
    pub on_conflict: OnConflict,
}

impl Drive {
    /// Makes a folder.
    ///
    /// # Errors
    /// When the parent cannot hold it, or the name is bad or taken.
    pub fn create_folder(&self, by: UserId, parent: ItemId, name: &str, new: NewFolder) -> Result<Entry, DriveError> {
        let kind = Kind::Folder { role: Role::Plain, zone: new.zone.clone() };
        self.create(by, parent, name, kind, new)
    }

    /// Makes a folder, note or link. Files come by [`Drive::put_file`].
    ///
    /// # Errors
    /// When the parent cannot hold it, or the name is bad or taken.
    pub fn create(
        &self,
        by: UserId,
        parent: ItemId,
        name: &str,
        kind: Kind,
        new: NewFolder,
    ) -> Result<Entry, DriveError> {
        self.commit_item(by, |draft| {
            draft.live_folder(parent)?;
            names::check(name)?;
            draft.free(parent, name)?;
            let item = Item {
                description: new.description,
                expires: new.expires,
                client_created: new.client_created,
                client_modified: new.client_modified,
                ..draft.blank(parent, name.into(), kind)
            };
            Ok(draft.put(item, ChangeKind::Created, None))
        })
    }

    /// Puts a file into a folder: a new item, or a new version of the file that has the name.
    ///
    /// # Errors
    /// When the folder cannot hold it, the name is bad, or taken and not to be replaced. The content is then discarded.
    pub fn put_file(&self, by: UserId, file: FileUpload) -> Result<Entry, DriveError> {
        let content = file.content.clone();
        let put = self.commit_item(by, |draft| draft.put_file(file));
        if put.is_err() {
            self.discard(&content);
        }
        put
    }

    /// Puts bytes into a folder as a file, replacing what has the name. For preparing a drive; blocks while a disk is written.
    ///
    /// # Errors
    /// As [`Drive::put_file`].
    pub fn put_bytes(
        &self,
        by: UserId,
        parent: ItemId,
        name: &str,
        data: impl Into<Bytes>,
    ) -> Result<Entry, DriveError> {
        let content = self.store_now(data.into())?;
        let at = Self::now();
        let file = FileUpload {
            parent,
            name: name.into(),
            content,
            description: None,
            client_created: Some(at),
            client_modified: Some(at),
            expires: None,
            on_conflict: OnConflict::Replace,
        };
        self.put_file(by, file)
    }

    /// The folder that a path leads to from another one; folders that are missing are made.
    ///
    /// # Errors
    /// When a name is bad, or a file is in the way.
    pub fn make_path(&self, by: UserId, from: ItemId, path: &str) -> Result<Entry, DriveError> {
        let mut folder = self.item(from).ok_or(DriveError::NotFound)?;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            folder = match self.child(folder.item.id, name) {
                Some(there) if there.item.is_folder() => there,
                Some(_) => return Err(DriveError::NotAFolder),
                None => self.create_folder(by, folder.item.id, name, NewFolder::default())?,
            };
        }
        Ok(folder)
    }

    /// Locks a file for a user, or gives the lock back.
    ///
    /// # Errors
    /// When it is not a file or another user has it locked.
    pub fn set_lock(&self, by: UserId, id: ItemId, locked: bool) -> Result<Entry, DriveError> {
        self.commit_item(by, |draft| {
            let item = draft.unlocked(id)?;
            if !item.is_file() {
                return Err(DriveError::NotAFile);
            }
            let lock = locked.then_some(Lock { owner: by, since: draft.at });
            Ok(draft.put(Item { lock, ..(*item).clone() }, ChangeKind::Properties, None))
        })
    }
}

impl Draft<'_> {
    pub(super) fn put_file(&mut self, file: FileUpload) -> Result<ItemId, DriveError> {
        self.live_folder(file.parent)?;
        names::check(&file.name)?;
        let holder = self.tree.child(file.parent, &file.name).cloned();
        let version = Arc::new(Version {
            id: VersionId(self.new_id()),
            content: file.content,
            creator: self.by,
            created: self.at,
            client_created: file.client_created,
            client_modified: file.client_modified,
        });
        let (mut item, kind) = match (holder, file.on_conflict) {
            (None, _) => (self.blank(file.parent, file.name, file_kind(version)), ChangeKind::Created),
            (Some(holder), OnConflict::Rename) => {
                let name = self.free_name(&holder, file.parent);
                (self.blank(file.parent, name, file_kind(version)), ChangeKind::Created)
            }
            (Some(holder), OnConflict::Replace) if holder.is_file() => {
                let holder = self.unlocked(holder.id)?;
                let versions = holder.versions().iter().cloned().chain([version]).collect();
                (Item { name: file.name, kind: Kind::File { versions }, ..(*holder).clone() }, ChangeKind::Content)
            }
            (Some(holder), _) => return Err(DriveError::NameTaken { holder: holder.id }),
        };
        item.client_created = file.client_created;
        item.client_modified = file.client_modified;
        item.description = file.description.or(item.description);
        item.expires = file.expires.or(item.expires);
        Ok(self.put(item, kind, None))
    }
}

pub(super) fn file_kind(version: Arc<Version>) -> Kind {
    Kind::File { versions: vec![version] }
}
