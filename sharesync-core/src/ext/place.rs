//! Where in a remote tree a walk is, and the guards against trees that never end.

use std::sync::Arc;

use crate::list::{MAX_DEPTH, too_deep};
use crate::{Error, ErrorKind, Item, ItemId, RemotePath, Result};

/// A folder reached from where the walk began: its path from there, and the folders above it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) path: RemotePath,
    pub(super) depth: usize,
    above: Option<Arc<Above>>,
}

#[derive(Debug)]
struct Above {
    id: ItemId,
    above: Option<Arc<Self>>,
}

impl Place {
    /// Where the walk begins.
    pub(super) fn start() -> Self {
        Self { path: RemotePath::root(), depth: 0, above: None }
    }

    /// The path of an item in this folder. A name that could lead out of the folder is an error.
    pub(super) fn path_of(&self, item: &Item) -> Result<RemotePath> {
        self.path.join(&item.name).map_err(|error| error.with_subject(format!("{} ({})", self.path, item.id)))
    }

    /// A folder in this folder. One that holds itself or lies too deep is an error.
    pub(super) fn enter(&self, folder: &Item, path: RemotePath) -> Result<Self> {
        let mut above = self.above.as_ref();
        while let Some(ancestor) = above {
            if ancestor.id == folder.id {
                return Err(Error::new(ErrorKind::Protocol, "the folder holds itself").with_subject(path));
            }
            above = ancestor.above.as_ref();
        }
        if self.depth >= MAX_DEPTH {
            return Err(too_deep(path));
        }
        let above = Arc::new(Above { id: folder.id.clone(), above: self.above.clone() });
        Ok(Self { path, depth: self.depth + 1, above: Some(above) })
    }
}
