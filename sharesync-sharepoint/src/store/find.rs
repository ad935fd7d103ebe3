//! Finding files and folders: by identifier, by path, by name in a folder.

use sharesync_core::{Attempted as _, Error, ErrorKind, Item, ItemId, ItemKind, ItemRef, RemotePath, Result};

use super::Inner;
use super::item::{Known, needed, refuse};
use crate::ItemsQuery;
use crate::model::Guid;
use crate::rest::Target;

/// How often an item is looked for again that is moved while its folder is.
const MOST_MOVES: u32 = 4;

/// A folder to list or to put something into.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) id: Guid,
    /// The path within the library.
    pub(super) path: RemotePath,
}

impl Inner {
    pub(super) fn root_place(&self) -> Place {
        Place { id: self.root.id, path: RemotePath::root() }
    }

    fn is_root(&self, id: Guid) -> bool {
        id == self.root.id
    }

    /// Where a folder is.
    pub(super) async fn place(&self, folder: &ItemRef) -> Result<Place> {
        let target = match folder {
            ItemRef::Root => return Ok(self.root_place()),
            ItemRef::Id(id) => match self.guid(id)? {
                id if self.is_root(id) => return Ok(self.root_place()),
                id => Target::Id(id),
            },
            ItemRef::Path(path) if path.is_root() => return Ok(self.root_place()),
            ItemRef::Path(path) => Target::Path(self.root.on_server(path)),
            other => return Err(unknown(other)),
        };
        match self.client.folders().get(&target).await {
            Ok(found) => {
                let found = Known::folder(found, &self.root, None)?;
                Ok(Place { id: found.id, path: self.inside(&found)? })
            }
            // What is there may be a file.
            Err(error) if error.kind() == ErrorKind::NotFound => match self.client.files().get(&target).await {
                Ok(_) => Err(refuse(ErrorKind::Conflict, &folder.to_string(), "it is no folder")),
                Err(_) => Err(error.with_subject(folder)),
            },
            Err(error) => Err(error),
        }
    }

    /// The path of something, which must be in the library.
    pub(super) fn inside(&self, known: &Known) -> Result<RemotePath> {
        let elsewhere = || refuse(ErrorKind::NotFound, &known.id.to_string(), "it is in another library");
        known.path.clone().ok_or_else(elsewhere)
    }

    /// An identifier that the service can have issued.
    pub(super) fn guid(&self, id: &ItemId) -> Result<Guid> {
        id.as_str().parse().map_err(|_| refuse(ErrorKind::NotFound, id.as_str(), "no item has such an identifier"))
    }

    /// The file or folder of an item; the root has none.
    pub(super) async fn find(&self, item: &ItemRef) -> Result<Option<Known>> {
        match item {
            ItemRef::Root => Ok(None),
            ItemRef::Id(id) => match self.guid(id)? {
                id if self.is_root(id) => Ok(None),
                id => self.node(id).await.map(Some),
            },
            ItemRef::Path(path) if path.is_root() => Ok(None),
            ItemRef::Path(path) => {
                let found = self.at(path).await?;
                let missing = || refuse(ErrorKind::NotFound, path.as_str(), "there is nothing");
                self.completed(found.ok_or_else(missing)?).await.map(Some)
            }
            other => Err(unknown(other)),
        }
    }

    /// The file or folder of an item that is to be changed: the root is not.
    pub(super) async fn find_changeable(&self, item: &ItemRef) -> Result<Known> {
        let root = || refuse(ErrorKind::InvalidInput, "/", "the root stays as it is and where it is");
        self.find(item).await?.ok_or_else(root)
    }

    /// A file or folder by its identifier, with all that is known of it.
    pub(super) async fn node(&self, id: Guid) -> Result<Known> {
        if let Some(known) = self.synced(id).await? {
            return Ok(known);
        }
        let target = Target::Id(id);
        let known = match self.client.files().get(&target).await {
            Ok(file) => Known::file(file, &self.root, None)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Known::folder(self.client.folders().get(&target).await?, &self.root, None)?
            }
            Err(error) => return Err(error),
        };
        self.with_parent(known).await
    }

    /// What the sync service says of an item; `None` where it is not asked or does not know.
    async fn synced(&self, id: Guid) -> Result<Option<Known>> {
        if !self.has_lookups() {
            return Ok(None);
        }
        let items = match self.sync.items(id, ItemsQuery::new().with_paging(0, 1)).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            items => items?,
        };
        let found = items.into_iter().find(|item| item.resource_id == Some(id) && item.name.is_some());
        let Some(known) = found.map(Known::synced).transpose()? else { return Ok(None) };
        let complete = known.path.is_some() && known.parent.is_some() && (known.is_folder || known.revision.is_some());
        Ok(complete.then_some(known))
    }

    /// Adds the folder that holds something. The REST service does not tell it, so it is looked for by path, where another
    /// folder may have come meanwhile: what is found counts if the item is still at its path afterwards.
    async fn with_parent(&self, mut known: Known) -> Result<Known> {
        for _ in 0..MOST_MOVES {
            let above = self.inside(&known)?.parent().unwrap_or_else(RemotePath::root);
            if above.is_root() {
                known.parent = Some(self.root.id);
                return Ok(known);
            }
            let target = Target::Path(self.root.on_server(&above));
            let parent = match self.client.folders().get(&target).await {
                Ok(folder) => folder.unique_id,
                Err(error) if error.kind() == ErrorKind::NotFound => None,
                Err(error) => return Err(error),
            };
            let (id, before) = (Target::Id(known.id), known.path.take());
            known = match known.is_folder {
                true => Known::folder(self.client.folders().get(&id).await?, &self.root, None)?,
                false => Known::file(self.client.files().get(&id).await?, &self.root, None)?,
            };
            if known.path == before {
                known.parent = parent;
                return Ok(known);
            }
        }
        let message = "it is moved faster than its folder can be asked for";
        Err(refuse(ErrorKind::Unavailable, &known.id.to_string(), message))
    }

    /// What was found by its path, with what only an identifier leads to.
    async fn completed(&self, known: Known) -> Result<Known> {
        match self.synced(known.id).await? {
            Some(known) => Ok(known),
            None => self.with_parent(known).await,
        }
    }

    pub(super) async fn stat(&self, item: &ItemRef) -> Result<Item> {
        match self.find(item).await? {
            Some(known) => Ok(known.into_item()),
            None => Ok(self.root_item()),
        }
    }

    pub(super) fn root_item(&self) -> Item {
        let mut root = Item::new(self.root.id.to_string(), self.root.name.clone(), ItemKind::Folder);
        root.path = Some(RemotePath::root());
        root
    }

    /// What is at a path, without digest and parent.
    pub(super) async fn at(&self, path: &RemotePath) -> Result<Option<Known>> {
        let target = Target::Path(self.root.on_server(path));
        match self.client.files().get(&target).await {
            Ok(file) => return Known::file(file, &self.root, None).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        match self.client.folders().get(&target).await {
            Ok(folder) => Known::folder(folder, &self.root, None).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What has a name in a folder.
    pub(super) async fn child(&self, place: &Place, name: &str) -> Result<Option<Known>> {
        self.at(&place.path.join(name)?).await
    }

    /// The folder that something is in, of which it is known.
    pub(super) async fn place_of(&self, known: &Known) -> Result<Place> {
        let path = self.inside(known)?.parent().unwrap_or_else(RemotePath::root);
        match known.parent {
            Some(id) => Ok(Place { id, path }),
            None => self.place(&ItemRef::from(path)).await,
        }
    }

    pub(super) fn check_name(&self, name: &str) -> Result<()> {
        self.capabilities.names.check(name)
    }
}

/// The identifier of what was made, which an answer must have.
pub(super) fn made(id: Option<Guid>) -> Result<Guid> {
    needed(id, "UniqueId").after_write()
}

fn unknown(item: &ItemRef) -> Error {
    refuse(ErrorKind::InvalidInput, &item.to_string(), "this way to name an item is not known here")
}
