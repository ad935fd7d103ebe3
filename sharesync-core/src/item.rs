//! What a store holds: items, and the ways to name one.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Digest, DigestAlgorithm, RemotePath, Timestamp};

/// Defines an opaque text identifier of a service: cheap to clone, compared byte by byte.
macro_rules! opaque_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes the identifier as the service wrote it.
            pub fn new(id: impl Into<Arc<str>>) -> Self {
                Self(id.into())
            }

            /// The identifier as the service wrote it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self::new(id)
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self::new(id)
            }
        }
    };
}
pub(crate) use opaque_id;

/// Lets an identifier be printed. Those of shares are not: for some services they are the secret part of a link.
macro_rules! printed_id {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

opaque_id! {
    /// The service's own identifier of an item. Only the service that issued it understands it.
    ItemId
}
printed_id!(ItemId);

opaque_id! {
    /// Identifies one state of an item's content: equal revisions mean equal content, on one item of one service.
    Revision
}
printed_id!(Revision);

/// Names an item of a store.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ItemRef {
    /// The top folder of the store.
    Root,
    /// By the service's identifier.
    Id(ItemId),
    /// By the path from the root.
    Path(RemotePath),
}

impl fmt::Display for ItemRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => f.write_str("/"),
            Self::Id(id) => id.fmt(f),
            Self::Path(path) => path.fmt(f),
        }
    }
}

impl From<ItemId> for ItemRef {
    fn from(id: ItemId) -> Self {
        Self::Id(id)
    }
}

impl From<&ItemId> for ItemRef {
    fn from(id: &ItemId) -> Self {
        Self::Id(id.clone())
    }
}

impl From<&Item> for ItemRef {
    fn from(item: &Item) -> Self {
        Self::Id(item.id.clone())
    }
}

impl From<RemotePath> for ItemRef {
    fn from(path: RemotePath) -> Self {
        if path.is_root() { Self::Root } else { Self::Path(path) }
    }
}

/// What kind of thing an item is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ItemKind {
    /// Content of bytes.
    File,
    /// Holds other items.
    Folder,
    /// Stands for a folder elsewhere, such as a connector to another service; listing it may lead there.
    SymbolicLink,
    /// Anything else, by the service's own name for it, such as a note or a web link.
    Other(String),
}

/// A file, a folder, or what else a service keeps.
///
/// A field is `None` where the service did not report it; nothing here is guessed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Item {
    /// The service's identifier.
    pub id: ItemId,
    /// The folder that holds it; `None` for the root, or when not reported.
    pub parent: Option<ItemId>,
    /// The display name.
    pub name: String,
    /// The path from the root, when known.
    pub path: Option<RemotePath>,
    /// What kind of thing it is.
    pub kind: ItemKind,
    /// The length of the content in bytes. For folders only where the service reports a total.
    pub size: Option<u64>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// When the content was last modified: the time that the uploader declared, if the service keeps it.
    pub modified: Option<Timestamp>,
    /// Identifies the state of the content; of a folder, on services that have such, of everything below it.
    pub revision: Option<Revision>,
    /// What all versions of this file have in common, on services whose `id` names a single version.
    pub version_series: Option<ItemId>,
    /// Digests of the content that the service reports.
    pub digests: Vec<Digest>,
}

impl Item {
    /// An item of which nothing but identifier, name and kind is known.
    pub fn new(id: impl Into<ItemId>, name: impl Into<String>, kind: ItemKind) -> Self {
        Self {
            id: id.into(),
            parent: None,
            name: name.into(),
            path: None,
            kind,
            size: None,
            created: None,
            modified: None,
            revision: None,
            version_series: None,
            digests: Vec::new(),
        }
    }

    /// Whether it is a file.
    pub fn is_file(&self) -> bool {
        self.kind == ItemKind::File
    }

    /// Whether it is a folder.
    pub fn is_folder(&self) -> bool {
        self.kind == ItemKind::Folder
    }

    /// The reported digest of this algorithm.
    pub fn digest(&self, algorithm: DigestAlgorithm) -> Option<&Digest> {
        self.digests.iter().find(|digest| digest.algorithm() == algorithm)
    }

    /// What stays the same when the content gets a new version: the version series if there is one, else the identifier.
    pub fn identity(&self) -> &ItemId {
        self.version_series.as_ref().unwrap_or(&self.id)
    }
}
