//! What the tree is made of: items and the versions of files. Values only; the rules are in `tree`.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::content::Content;
use super::ids::{ItemId, UserId, VersionId};

/// An item as it was at one moment. Items are replaced, never changed in place, so a snapshot stays whole.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Item {
    /// The identity, kept through rename, move and new versions.
    pub id: ItemId,
    /// The folder that holds it; a deleted item keeps the folder it was deleted from. `None` for the root.
    pub parent: Option<ItemId>,
    /// The name as it was written.
    pub name: Arc<str>,
    /// What it is, with what only that kind has.
    pub kind: Kind,
    /// Free text of the users.
    pub description: Option<Arc<str>>,
    /// Who made it.
    pub creator: UserId,
    /// When the server made it.
    pub created: Timestamp,
    /// When its name, place, content or properties last changed on the server.
    pub modified: Timestamp,
    /// How many changes it has seen, its making included.
    #[serde(default)]
    pub revision: u64,
    /// Creation time in the client's file system.
    pub client_created: Option<Timestamp>,
    /// Modification time in the client's file system.
    pub client_modified: Option<Timestamp>,
    /// When it is to expire; `None` is never.
    pub expires: Option<Timestamp>,
    /// Set while it lies in the recycle bin.
    pub deleted: Option<Deletion>,
    /// Set while a user has it locked.
    pub lock: Option<Lock>,
}

/// The kinds of item.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Kind {
    /// Holds items.
    Folder {
        /// What the folder is to the drive.
        role: Role,
        /// The storage zone that was asked for; its descendants live there too.
        zone: Option<Arc<str>>,
    },
    /// A file: at least one version, the newest last.
    File {
        /// All versions, the oldest first.
        versions: Vec<Arc<Version>>,
    },
    /// A name and a description.
    Note,
    /// A bookmark.
    Link {
        /// Where it points.
        uri: Arc<str>,
    },
    /// A folder that lives elsewhere.
    SymbolicLink {
        /// Where its children are to be had.
        target: Arc<str>,
    },
}

/// What a folder is to the drive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Role {
    /// A folder that users made.
    Plain,
    /// The top of the tree.
    Root,
    /// Holds the home folders.
    Homes,
    /// The home folder of one user.
    Home,
    /// Holds the folders shared among users.
    Shared,
    /// A fixed folder that a face asked for.
    System,
}

/// One version of a file.
#[derive(Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Version {
    /// Its identity.
    pub id: VersionId,
    /// The bytes.
    pub content: Content,
    /// Who uploaded it.
    pub creator: UserId,
    /// When the upload was finished.
    pub created: Timestamp,
    /// Creation time in the uploader's file system.
    pub client_created: Option<Timestamp>,
    /// Modification time in the uploader's file system.
    pub client_modified: Option<Timestamp>,
}

/// Who put an item into the recycle bin, and when.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Deletion {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: UserId,
}

/// Who holds the lock of a file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Lock {
    /// The holder.
    pub owner: UserId,
    /// Since when.
    pub since: Timestamp,
}

impl Item {
    /// The newest version, of a file.
    pub fn current(&self) -> Option<&Arc<Version>> {
        self.versions().last()
    }

    /// All versions of a file, the oldest first; empty for other kinds.
    pub fn versions(&self) -> &[Arc<Version>] {
        match &self.kind {
            Kind::File { versions } => versions,
            _ => &[],
        }
    }

    /// The size of the newest version; 0 for other kinds.
    pub fn size(&self) -> u64 {
        self.current().map_or(0, |version| version.content.len())
    }

    /// Whether it can hold items.
    pub fn is_folder(&self) -> bool {
        matches!(self.kind, Kind::Folder { .. })
    }

    /// Whether it is a file.
    pub fn is_file(&self) -> bool {
        matches!(self.kind, Kind::File { .. })
    }

    /// The role of a folder; `Plain` for other kinds.
    pub fn role(&self) -> Role {
        match &self.kind {
            Kind::Folder { role, .. } => *role,
            _ => Role::Plain,
        }
    }
}
