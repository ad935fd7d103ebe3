//! Finding files and folders: by identifier, by name in a folder, by path.

use futures::{StreamExt as _, TryStreamExt as _};
use sharesync_core::{BoxStream, Error, ErrorKind, Item, ItemKind, ItemRef, RemotePath, Result};

use super::Inner;
use super::item::{Known, refuse};
use crate::ROOT;

/// How identifiers of files and folders begin (Change object).
const FILE: &str = "fil_";
const FOLDER: &str = "fld_";

/// A folder to list or to put something into.
#[derive(Debug, Clone)]
pub(super) enum Place {
    Root,
    Folder(String),
}

impl Place {
    /// The identifier; the root has none.
    pub(super) fn id(&self) -> Option<&str> {
        match self {
            Self::Root => None,
            Self::Folder(id) => Some(id),
        }
    }

    pub(super) fn of(id: Option<&str>) -> Self {
        id.map_or(Self::Root, |id| Self::Folder(id.to_owned()))
    }
}

impl Inner {
    /// The identifier of the share, which is that of the root as well.
    pub(super) fn root_id(&self) -> &str {
        &self.options.share_id
    }

    /// Where a folder is. That it is a folder is left to the service, unless it was found by a path.
    pub(super) async fn place(&self, folder: &ItemRef) -> Result<Place> {
        match folder {
            ItemRef::Root => Ok(Place::Root),
            ItemRef::Id(id) if id.as_str() == self.root_id() => Ok(Place::Root),
            ItemRef::Id(id) => Ok(Place::Folder(id.as_str().to_owned())),
            ItemRef::Path(path) => match self.at(path).await? {
                None => Ok(Place::Root),
                Some(found) if found.is_folder => Ok(Place::Folder(found.id)),
                Some(_) => Err(refuse(ErrorKind::Conflict, path.as_str(), "it is no folder")),
            },
            other => Err(unknown(other)),
        }
    }

    /// The file or folder of an item; the root has none.
    pub(super) async fn find(&self, item: &ItemRef) -> Result<Option<Known>> {
        match item {
            ItemRef::Root => Ok(None),
            ItemRef::Id(id) if id.as_str() == self.root_id() => Ok(None),
            ItemRef::Id(id) => self.node(id.as_str()).await.map(Some),
            ItemRef::Path(path) => match self.at(path).await? {
                None => Ok(None),
                // A listing tells less than the file or folder itself.
                Some(found) => self.node_of(&found.id, found.is_folder).await.map(Some),
            },
            other => Err(unknown(other)),
        }
    }

    /// The file or folder of an item that is to be changed: the root is not.
    pub(super) async fn find_changeable(&self, item: &ItemRef) -> Result<Known> {
        let root = || refuse(ErrorKind::InvalidInput, "/", "the root stays as it is and where it is");
        self.find(item).await?.ok_or_else(root)
    }

    /// A file or folder by identifier, which usually tells what it is.
    pub(super) async fn node(&self, id: &str) -> Result<Known> {
        if id.starts_with(FOLDER) {
            return self.node_of(id, true).await;
        }
        match self.node_of(id, false).await {
            Err(error) if error.kind() == ErrorKind::NotFound && !id.starts_with(FILE) => self.node_of(id, true).await,
            found => found,
        }
    }

    /// A file or a folder. One in the trash is not there, nor is one of another share.
    pub(super) async fn node_of(&self, id: &str, is_folder: bool) -> Result<Known> {
        let node = match is_folder {
            true => Known::folder(self.client.folders().get(id).await?)?,
            false => Known::file(self.client.files().get(id).await?)?,
        };
        if node.is_deleted {
            return Err(refuse(ErrorKind::NotFound, id, "it was deleted"));
        }
        if node.share.as_deref().is_some_and(|share| share != self.root_id()) {
            return Err(refuse(ErrorKind::NotFound, id, "it is in another share"));
        }
        Ok(node)
    }

    pub(super) async fn stat(&self, item: &ItemRef) -> Result<Item> {
        match self.find(item).await? {
            Some(node) => Ok(node.into_item(self.root_id())),
            None => self.root().await,
        }
    }

    pub(super) async fn root(&self) -> Result<Item> {
        let share = self.client.shares().get(self.root_id()).await?;
        if share.is_deleted == Some(true) {
            return Err(refuse(ErrorKind::NotFound, self.root_id(), "the share was deleted"));
        }
        let id = super::item::needed(share.id, "id")?;
        let mut root = Item::new(id, share.name.unwrap_or_default(), ItemKind::Folder);
        root.path = Some(RemotePath::root());
        Ok(root)
    }

    /// All that a folder holds. The list has arrived whole, because the path of the folder stands behind it, and waits on
    /// disk if it is long.
    pub(super) async fn children(&self, folder: &Place) -> Result<Children> {
        let id = folder.id().unwrap_or(ROOT);
        let (list, beside) = self.client.folders().spooled_children(id, self.root_id()).await?;
        super::item::needed(beside.items, "items")?;
        // There are no pages: what is counted is here. How much of it may be in the trash is not documented.
        if list.count() == 0 && beside.total.is_some_and(|total| total > 0) {
            let message = "the service counts what the folder holds, and sends nothing";
            return Err(refuse(ErrorKind::Protocol, id, message));
        }
        let path = match folder {
            Place::Root => Some(RemotePath::root()),
            Place::Folder(_) => beside.path.as_deref().and_then(|path| path.parse().ok()),
        };
        let (total, parent) = (list.count(), folder.id().map(str::to_owned));
        let pages = list.entries().map(move |entries| {
            let known = entries?.into_iter().map(|child| Known::child(child, parent.as_deref(), path.as_ref()));
            known.filter(|child| child.as_ref().map_or(true, |child| !child.is_deleted)).collect()
        });
        Ok(Children { total, pages: pages.boxed(), page: Vec::new().into_iter() })
    }

    /// What has this name in a folder; an exact match is preferred to one in another case.
    pub(super) async fn child(&self, folder: &Place, name: &str) -> Result<Option<Known>> {
        let mut similar = None;
        let mut children = self.children(folder).await?;
        while let Some(child) = children.next().await? {
            if child.name == name {
                return Ok(Some(child));
            }
            if similar.is_none() && self.capabilities.names.same(&child.name, name) {
                similar = Some(child);
            }
        }
        Ok(similar)
    }

    /// What is at a path, found by listing one folder after another; the empty path has nothing.
    async fn at(&self, path: &RemotePath) -> Result<Option<Known>> {
        let mut found: Option<Known> = None;
        for name in path.segments() {
            let child = match &found {
                Some(node) if !node.is_folder => None,
                Some(node) => self.child(&Place::Folder(node.id.clone()), name).await?,
                None => self.child(&Place::Root, name).await?,
            };
            let missing = || refuse(ErrorKind::NotFound, path.as_str(), format!("there is no {name:?} on its way"));
            found = Some(child.ok_or_else(missing)?);
        }
        Ok(found)
    }
}

/// What a folder holds.
pub(super) struct Children {
    /// How many there are, those in the trash included where the service lists them.
    pub(super) total: u64,
    /// They, some at a time.
    pub(super) pages: BoxStream<'static, Result<Vec<Known>>>,
    page: std::vec::IntoIter<Known>,
}

impl Children {
    /// The next one; `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Known>> {
        loop {
            if let Some(child) = self.page.next() {
                return Ok(Some(child));
            }
            match self.pages.try_next().await? {
                Some(page) => self.page = page.into_iter(),
                None => return Ok(None),
            }
        }
    }
}

fn unknown(item: &ItemRef) -> Error {
    refuse(ErrorKind::InvalidInput, &item.to_string(), "this way to name an item is not known here")
}
