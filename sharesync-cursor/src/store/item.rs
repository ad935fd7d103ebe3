//! Files and folders in the terms of the contract, and the errors of the store itself.

use std::borrow::Cow;

use sharesync_core::{
    Digest, DigestAlgorithm, Error, ErrorKind, Holder, Item, ItemKind, RemotePath, Result, Revision, Timestamp,
};

use crate::model::{Child, DateTime, File, Folder};

/// An error of the store itself.
pub(super) fn refuse(kind: ErrorKind, subject: &str, message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(kind, message).with_subject(subject)
}

/// A field that an answer cannot do without.
pub(super) fn needed<T>(field: Option<T>, name: &str) -> Result<T> {
    field.ok_or_else(|| Error::missing_field("file or folder", name))
}

/// A file or a folder that can be spoken about: with identifier and name.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) is_folder: bool,
    /// The folder that holds it; none in the root.
    pub(super) parent: Option<String>,
    pub(super) share: Option<String>,
    pub(super) path: Option<RemotePath>,
    pub(super) size: Option<u64>,
    pub(super) digest: Option<Digest>,
    pub(super) version: Option<i64>,
    pub(super) created: Option<Timestamp>,
    pub(super) modified: Option<Timestamp>,
    pub(super) is_deleted: bool,
}

fn time(time: Option<&DateTime>) -> Option<Timestamp> {
    time.and_then(DateTime::timestamp)
}

fn path(path: Option<&str>) -> Option<RemotePath> {
    path?.parse().ok().filter(|path: &RemotePath| !path.is_root())
}

fn digest(hex: Option<&str>) -> Option<Digest> {
    Digest::from_hex(DigestAlgorithm::Sha256, hex?)
}

fn identifier(id: Option<String>) -> Result<String> {
    needed(id.filter(|id| !id.is_empty()), "id")
}

impl Known {
    pub(super) fn file(file: File) -> Result<Self> {
        Ok(Self {
            id: identifier(file.id)?,
            name: needed(file.name, "name")?,
            is_folder: false,
            parent: file.folder_id.filter(|id| !id.is_empty()),
            share: file.share_id,
            path: path(file.path.as_deref()),
            size: file.size,
            digest: digest(file.checksum_sha256.as_deref()),
            version: file.version,
            created: time(file.created_at.as_ref()),
            modified: time(file.modified_at.as_ref()),
            is_deleted: file.is_deleted == Some(true),
        })
    }

    pub(super) fn folder(folder: Folder) -> Result<Self> {
        Ok(Self {
            id: identifier(folder.id)?,
            name: needed(folder.name, "name")?,
            is_folder: true,
            parent: folder.parent_id.filter(|id| !id.is_empty()),
            share: folder.share_id,
            path: path(folder.path.as_deref()),
            size: None,
            digest: None,
            version: None,
            created: time(folder.created_at.as_ref()),
            modified: time(folder.modified_at.as_ref()),
            is_deleted: folder.is_deleted == Some(true),
        })
    }

    /// What a folder holds, as its listing describes it. `parent` is none for the root.
    pub(super) fn child(child: Child, parent: Option<&str>, folder: Option<&RemotePath>) -> Result<Self> {
        let name = needed(child.name, "name")?;
        let is_folder = match needed(child.kind.as_deref(), "type")? {
            "folder" => true,
            "file" => false,
            other => {
                let message = format!("a folder holds something of the unknown type {other:?}");
                return Err(Error::new(ErrorKind::Protocol, message));
            }
        };
        Ok(Self {
            id: identifier(child.id)?,
            path: folder.and_then(|folder| folder.join(&name).ok()),
            name,
            is_folder,
            parent: parent.map(str::to_owned),
            share: None,
            size: child.size.filter(|_| !is_folder),
            digest: digest(child.checksum_sha256.as_deref()).filter(|_| !is_folder),
            version: child.version,
            created: None,
            modified: time(child.modified_at.as_ref()),
            is_deleted: child.is_deleted == Some(true),
        })
    }

    /// Whether the service created it after a time of this computer's clock.
    pub(super) fn is_since(&self, began: Timestamp) -> bool {
        self.created.is_some_and(|created| created.is_since(began))
    }

    /// It, as one that has a name.
    pub(super) fn holder(&self) -> Holder<'_> {
        Holder { name: &self.name, is_folder: self.is_folder, revision: self.revision() }
    }

    /// The state of the content: the number of the version.
    pub(super) fn revision(&self) -> Option<Revision> {
        self.version.filter(|_| !self.is_folder).map(|version| Revision::new(version.to_string()))
    }

    /// The item of a store whose root has this identifier.
    pub(super) fn into_item(self, root: &str) -> Item {
        let kind = if self.is_folder { ItemKind::Folder } else { ItemKind::File };
        let revision = self.revision();
        let mut item = Item::new(self.id, self.name, kind);
        item.parent = Some(self.parent.as_deref().unwrap_or(root).into());
        item.path = self.path;
        item.size = self.size;
        item.created = self.created;
        item.modified = self.modified;
        item.revision = revision;
        item.digests = self.digest.into_iter().collect();
        item
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn file(value: Value) -> Result<Known> {
        Known::file(serde_json::from_value(value).unwrap())
    }

    #[test]
    fn what_is_not_reported_is_not_guessed() {
        let bare = file(json!({"id": "fil_1", "name": "a"})).unwrap().into_item("shr_1");
        assert_eq!((bare.size, bare.revision, bare.modified, bare.path), (None, None, None, None));
        assert!(bare.digests.is_empty());
        let odd = json!({"id": "fil_1", "name": "a", "checksum_sha256": "zz", "path": "../x", "modified_at": "yesterday",
            "folder_id": ""});
        let odd = file(odd).unwrap().into_item("shr_1");
        assert_eq!((odd.path, odd.modified, odd.parent), (None, None, Some("shr_1".into())));
        for missing in [json!({"name": "a"}), json!({"id": "fil_1"}), json!({"id": "", "name": "a"})] {
            assert_eq!(file(missing).unwrap_err().kind(), ErrorKind::Protocol);
        }
    }

    #[test]
    fn a_child_is_a_file_or_a_folder() {
        let child = |value: Value| Known::child(serde_json::from_value(value).unwrap(), Some("fld_1"), None);
        assert!(child(json!({"id": "fld_2", "name": "b", "type": "folder"})).unwrap().is_folder);
        for odd in [json!({"id": "x", "name": "b", "type": "door"}), json!({"id": "x", "name": "b"})] {
            assert_eq!(child(odd).unwrap_err().kind(), ErrorKind::Protocol);
        }
    }
}
