//! Nodes in the terms of the contract, and the errors of the store itself.

use std::borrow::Cow;

use sharesync_core::{
    Digest, DigestAlgorithm, Error, ErrorKind, Holder, Item, ItemId, ItemKind, RemotePath, Result, Revision,
};

use crate::ROOT;
use crate::model::{DateTime, Node};

/// An error of the store itself.
pub(super) fn refuse(kind: ErrorKind, subject: &str, message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(kind, message).with_subject(subject)
}

/// A field that an answer cannot do without.
pub(super) fn needed<'a, T: ?Sized>(field: Option<&'a T>, name: &str) -> Result<&'a T> {
    field.ok_or_else(|| Error::missing_field("node", name))
}

/// A node that can be spoken about: with identifier and name, and known to be a file or a folder.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) uuid: String,
    pub(super) name: String,
    pub(super) parent: Option<String>,
    pub(super) is_folder: bool,
    node: Node,
}

impl Known {
    pub(super) fn new(node: Node) -> Result<Self> {
        let uuid = needed(node.uuid.as_deref().filter(|uuid| !uuid.is_empty()), "uuid")?.to_owned();
        Ok(Self {
            name: needed(node.name.as_deref(), "name")?.to_owned(),
            parent: node.parent_uuid.clone().filter(|parent| *parent != uuid && !parent.is_empty()),
            is_folder: *needed(node.is_directory.as_ref(), "is_directory")?,
            uuid,
            node,
        })
    }

    /// It, as one that has a name.
    pub(super) fn holder(&self) -> Holder<'_> {
        Holder { name: &self.name, is_folder: self.is_folder, revision: self.revision() }
    }

    /// Whether it is in the recycle bin.
    pub(super) fn is_deleted(&self) -> bool {
        self.node.is_deleted == Some(true)
    }

    /// Whether it is this node or somewhere below it.
    pub(super) fn is_within(&self, uuid: &str) -> bool {
        let above = self.node.parents.iter().flatten().any(|parent| parent.uuid.as_deref() == Some(uuid));
        self.uuid == uuid || above || self.parent.as_deref() == Some(uuid)
    }

    /// The MD5 digest of the content; folders have none.
    pub(super) fn digest(&self) -> Option<Digest> {
        let checksum = self.node.checksum.as_deref().filter(|_| !self.is_folder)?;
        Digest::from_hex(DigestAlgorithm::Md5, checksum)
    }

    /// The state of the content: the same digest is the same content.
    pub(super) fn revision(&self) -> Option<Revision> {
        self.digest().map(|digest| Revision::new(digest.to_hex()))
    }

    pub(super) fn size(&self) -> Option<u64> {
        self.node.size.filter(|_| !self.is_folder).and_then(|size| u64::try_from(size).ok())
    }

    /// The item of a store with this root. Paths are those of the service, which count from its own root.
    pub(super) fn into_item(self, root: &str) -> Item {
        let kind = if self.is_folder { ItemKind::Folder } else { ItemKind::File };
        let mut item = Item::new(self.uuid.as_str(), self.name.as_str(), kind);
        item.size = self.size();
        item.digests = self.digest().into_iter().collect();
        item.revision = self.revision();
        item.modified = self.node.file_modification_date.as_ref().and_then(DateTime::timestamp);
        if self.uuid != root {
            item.parent = self.parent.map(ItemId::from);
            let path = self.node.path.filter(|_| root == ROOT);
            item.path = path.and_then(|path| path.parse().ok()).filter(|path: &RemotePath| !path.is_root());
        } else {
            item.path = Some(RemotePath::root());
        }
        item
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn known(node: serde_json::Value) -> Result<Known> {
        Known::new(serde_json::from_value(node).unwrap())
    }

    #[test]
    fn parents_that_loop_lead_nowhere() {
        let parents = json!([{"uuid": "a"}, {"uuid": "b"}, {"uuid": "a"}, {"uuid": "b"}]);
        let node =
            known(json!({"uuid": "b", "parent_uuid": "b", "name": "B", "is_directory": true, "parents": parents}));
        let node = node.unwrap();
        assert!(node.is_within("a") && node.is_within("b") && !node.is_within("c"));
        assert_eq!(node.into_item(ROOT).parent, None);
    }

    #[test]
    fn what_is_not_reported_is_not_guessed() {
        let bare = known(json!({"uuid": "a", "name": "A", "is_directory": false})).unwrap().into_item(ROOT);
        assert_eq!((bare.size, bare.revision, bare.modified, bare.path), (None, None, None, None));
        assert!(bare.digests.is_empty());
        let odd = json!({"uuid": "a", "name": "A", "is_directory": false, "size": -1, "checksum": "zz", "path": "../x",
            "file_modification_date": "yesterday"});
        let odd = known(odd).unwrap().into_item(ROOT);
        assert_eq!((odd.size, odd.revision, odd.modified, odd.path), (None, None, None, None));
        for missing in [json!({"name": "A", "is_directory": true}), json!({"uuid": "a", "name": "A"}), json!({})] {
            assert_eq!(known(missing).unwrap_err().kind(), ErrorKind::Protocol);
        }
    }
}
