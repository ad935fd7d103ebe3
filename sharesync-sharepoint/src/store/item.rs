//! Files and folders in the terms of the contract, and the errors of the store itself.

use std::borrow::Cow;

use sharesync_core::{Digest, Error, ErrorKind, Holder, Item, ItemKind, RemotePath, Result, Revision, Timestamp};

use crate::model::{File, Folder, Guid, SyncItem};

/// What the sync service calls the folder that everything is in.
const ROOT_FOLDER: &str = "/RootFolder";

/// An error of the store itself.
pub(super) fn refuse(kind: ErrorKind, subject: &str, message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(kind, message).with_subject(subject)
}

/// A field that an answer cannot do without.
pub(super) fn needed<T>(field: Option<T>, name: &str) -> Result<T> {
    field.ok_or_else(|| Error::missing_field("file or folder", name))
}

/// The folder that everything of a library is in.
#[derive(Debug, Clone)]
pub(super) struct Root {
    pub(super) id: Guid,
    pub(super) name: String,
    /// The path on the server, without a slash at the end.
    pub(super) path: String,
}

impl Root {
    pub(super) fn read(folder: Folder) -> Result<Self> {
        let path = needed(folder.path(), "ServerRelativeUrl")?.trim_end_matches('/').to_owned();
        Ok(Self { id: needed(folder.unique_id, "UniqueId")?, name: folder.name.unwrap_or_default(), path })
    }

    /// The path within the library of a path on the server; `None` for one elsewhere.
    pub(super) fn below(&self, path: &str) -> Option<RemotePath> {
        let (start, rest) = path.split_at_checked(self.path.len())?;
        let inside = start.to_lowercase() == self.path.to_lowercase() && (rest.is_empty() || rest.starts_with('/'));
        if inside { rest.parse().ok() } else { None }
    }

    /// The path on the server of a path within the library.
    pub(super) fn on_server(&self, path: &RemotePath) -> String {
        if path.is_root() { self.path.clone() } else { format!("{}{path}", self.path) }
    }
}

/// A file or a folder that can be spoken about: with identifier and name.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) id: Guid,
    pub(super) name: String,
    pub(super) is_folder: bool,
    pub(super) parent: Option<Guid>,
    /// The path within the library.
    pub(super) path: Option<RemotePath>,
    pub(super) size: Option<u64>,
    pub(super) digest: Option<Digest>,
    pub(super) revision: Option<Revision>,
    pub(super) created: Option<Timestamp>,
    pub(super) modified: Option<Timestamp>,
}

impl Known {
    pub(super) fn file(file: File, root: &Root, parent: Option<Guid>) -> Result<Self> {
        Ok(Self {
            id: needed(file.unique_id, "UniqueId")?,
            path: file.path().and_then(|path| root.below(path)),
            revision: file.revision(),
            name: needed(file.name, "Name")?,
            is_folder: false,
            parent,
            size: file.length,
            digest: None,
            created: file.time_created,
            modified: file.time_last_modified,
        })
    }

    pub(super) fn folder(folder: Folder, root: &Root, parent: Option<Guid>) -> Result<Self> {
        Ok(Self {
            id: needed(folder.unique_id, "UniqueId")?,
            path: folder.path().and_then(|path| root.below(path)),
            name: needed(folder.name, "Name")?,
            is_folder: true,
            parent,
            size: None,
            digest: None,
            revision: None,
            created: folder.time_created,
            modified: folder.time_last_modified,
        })
    }

    pub(super) fn synced(item: SyncItem) -> Result<Self> {
        let is_folder = item.is_folder();
        let (size, digest, revision) = (item.size(), item.digest(), item.revision());
        let name = needed(item.name, "RelationshipName")?;
        let path = item.path.as_deref().and_then(|path| path.strip_prefix(ROOT_FOLDER));
        let path = path.and_then(|path| path.parse::<RemotePath>().ok());
        Ok(Self {
            id: needed(item.resource_id, "ResourceID")?,
            // A path that does not end with the name is of another form than the one that was observed.
            path: path.filter(|path| path.name() == Some(&name)),
            name,
            is_folder,
            parent: item.parent_id,
            size: size.filter(|_| !is_folder),
            digest: digest.filter(|_| !is_folder),
            revision,
            // The REST service tells whole seconds.
            created: item.created.map(Timestamp::truncated_to_seconds),
            modified: item.modified.map(Timestamp::truncated_to_seconds),
        })
    }

    /// Whether the service created it after a time of this computer's clock.
    pub(super) fn is_since(&self, began: Timestamp) -> bool {
        self.created.is_some_and(|created| created.is_since(began))
    }

    /// It, as one that has a name.
    pub(super) fn holder(&self) -> Holder<'_> {
        Holder { name: &self.name, is_folder: self.is_folder, revision: self.revision.clone() }
    }

    pub(super) fn into_item(self) -> Item {
        let kind = if self.is_folder { ItemKind::Folder } else { ItemKind::File };
        let mut item = Item::new(self.id.to_string(), self.name, kind);
        item.parent = self.parent.map(|id| id.to_string().into());
        item.path = self.path;
        item.size = self.size;
        item.created = self.created;
        item.modified = self.modified;
        item.revision = self.revision;
        item.digests = self.digest.into_iter().collect();
        item
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_within_the_library() {
        let id = "be100e28-dd1c-4f2f-8e83-acdb6fffff05".parse().unwrap();
        let root = Root { id, name: "Documents".into(), path: "/personal/a/Documents".into() };
        let below = |path: &str| root.below(path).map(|path| path.to_string());
        assert_eq!(below("/personal/a/Documents/x/50% #1.txt").as_deref(), Some("/x/50% #1.txt"));
        assert_eq!(below("/Personal/A/documents").as_deref(), Some("/"));
        assert_eq!((below("/personal/a/Documents2/x"), below("/personal/a"), below("/é")), (None, None, None));
        let path: RemotePath = "/x/y".parse().unwrap();
        assert_eq!(root.on_server(&path), "/personal/a/Documents/x/y");
        assert_eq!(root.on_server(&RemotePath::root()), "/personal/a/Documents");
    }
}
