//! Changing the tree: create, move, copy, delete. A move that also renames is two steps, and a folder is copied file by
//! file; what fails half-way is undone, or the error says what is left.

use std::collections::VecDeque;

use async_trait::async_trait;
use sharesync_core::{
    Asked, Attempted as _, CreateFolderOptions, DeleteOptions, Destination, ErrorKind, Item, ItemRef, Mover, NameRules,
    Purpose, Result, Revision, Spot, Temporary, TemporaryFolders, TreeGuard, aside, relocate, still_wanted, travel,
};

use super::Inner;
use super::find::Place;
use super::item::{Known, refuse};
use crate::model::{FileUpdate, FolderUpdate, NewFolder, Target};

impl Inner {
    pub(super) async fn create_folder(
        &self,
        parent: &ItemRef,
        name: &str,
        options: CreateFolderOptions,
    ) -> Result<Item> {
        self.check_name(name)?;
        if options.description.is_some() {
            tracing::debug!("the service keeps no description of folders");
        }
        let parent = self.place(parent).await?;
        let began = self.client.clock().now();
        let created = self.new_folder(&parent, name).await;
        let folder = match created {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let found = self.child(&parent, name).await?;
                let Some(found) = found.filter(|found| found.is_folder) else { return Err(error) };
                let found = self.node_of(&found.id, true).await?;
                // A repeated request is refused because of what its first attempt has made.
                let ours = error.maybe_applied() && found.is_since(began) && found.name == name;
                if !ours && !options.reuse_existing {
                    return Err(found.holder().refuse(name));
                }
                found
            }
            created => created?,
        };
        let made = folder.into_item(self.root_id());
        if !options.reuse_existing {
            Asked::named(name).folder().within(parent.id().unwrap_or(self.root_id())).check(&made)?;
        }
        Ok(made)
    }

    async fn new_folder(&self, parent: &Place, name: &str) -> Result<Known> {
        let mut folder = NewFolder::new().with_share_id(self.root_id()).with_name(name);
        folder.parent_id = parent.id().map(str::to_owned);
        Known::folder(self.client.folders().create(&folder).await?).after_write()
    }

    pub(super) async fn move_item(&self, item: &ItemRef, to: &Destination) -> Result<Item> {
        self.check_new_name(to)?;
        let node = self.find_changeable(item).await?;
        let (place, name) = self.destination(&node, to).await?;
        let from = Spot::new(node.parent.as_deref().unwrap_or(self.root_id()), node.name.as_str());
        let to = Spot::new(place.id().unwrap_or(self.root_id()), name);
        if from.folder != to.folder
            && from.name != to.name
            && let Some(other) = self.child(&place, &to.name).await?
        {
            return Err(other.holder().refuse(&to.name));
        }
        relocate(&Moving { store: self, node: &node }, &from, &to).await?;
        let moved = self.node_of(&node.id, node.is_folder).await.after_write()?.into_item(self.root_id());
        Asked::named(&to.name).within(&to.folder).check(&moved)?;
        Ok(moved)
    }

    fn place_of(&self, folder: &str) -> Place {
        Place::of(Some(folder).filter(|folder| *folder != self.root_id()))
    }

    fn target(&self, place: &Place) -> Target {
        match place {
            Place::Root => Target::new().with_share(self.root_id()),
            Place::Folder(id) => Target::new().with_folder(id),
        }
    }

    /// Where a destination is, which must be a folder and not within the item itself, and the name there.
    async fn destination(&self, node: &Known, to: &Destination) -> Result<(Place, String)> {
        let name = to.name.clone().unwrap_or_else(|| node.name.clone());
        let place = match &to.parent {
            None => return Ok((Place::of(node.parent.as_deref()), name)),
            Some(parent) => self.place(parent).await?,
        };
        if let Some(id) = place.id().filter(|id| Some(*id) != node.parent.as_deref()) {
            let target = self.node(id).await?;
            if !target.is_folder {
                return Err(refuse(ErrorKind::Conflict, id, "it is no folder"));
            }
            if node.is_folder && self.is_within(target, &node.id).await? {
                return Err(refuse(ErrorKind::Conflict, &node.id, "a folder cannot be put into itself"));
            }
        }
        Ok((place, name))
    }

    /// Whether a folder is another one or somewhere below it.
    async fn is_within(&self, mut folder: Known, other: &str) -> Result<bool> {
        /// Deeper trees are taken for endless.
        const DEEPEST: usize = 1000;
        for _ in 0..DEEPEST {
            if folder.id == other {
                return Ok(true);
            }
            let Some(parent) = folder.parent else { return Ok(false) };
            folder = self.node_of(&parent, true).await?;
        }
        Err(refuse(ErrorKind::Protocol, other, "the folders above have no end"))
    }

    pub(super) async fn copy_item(&self, item: &ItemRef, to: &Destination) -> Result<Item> {
        self.check_new_name(to)?;
        let node = self.find_changeable(item).await?;
        let (place, name) = self.destination(&node, to).await?;
        let copy = match node.is_folder {
            false => self.copy_file(&node, &place, &name).await?,
            true => self.copy_folder(&node, &place, &name).await?,
        };
        let (original, copy) = (node.into_item(self.root_id()), copy.into_item(self.root_id()));
        let parent = place.id().unwrap_or(self.root_id());
        Asked::named(&name).within(parent).like(&original).check(&copy)?;
        Ok(copy)
    }

    /// Copies a file. That the service takes another name for the copy is inferred, so that the name is looked at.
    async fn copy_file(&self, node: &Known, place: &Place, name: &str) -> Result<Known> {
        let mut target = self.target(place);
        if node.name != name {
            target = target.with_new_name(name);
        }
        let copied = self.client.files().copy(&node.id, &target).await;
        let copied = copied.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => error.with_subject(name),
            _ => error,
        })?;
        let copy = Known::file(copied).after_write()?;
        if copy.id == node.id {
            let message = "the service says that it copied the file, and describes the file itself";
            return Err(refuse(ErrorKind::Protocol, &node.id, message).with_maybe_applied(true));
        }
        let spot = Spot::new(place.id().unwrap_or(self.root_id()), copy.name.as_str());
        let named = Spot::new(spot.folder.as_str(), name);
        if let Err(error) = travel(&Moving { store: self, node: &copy }, &spot, &[named]).await {
            let removed = self.client.files().delete(&copy.id, true).await;
            return Err(error.with_maybe_applied(removed.is_err()));
        }
        self.node_of(&copy.id, false).await.after_write()
    }

    /// Copies a folder: the folders anew, the files one after another, in a folder of its own until all of it is there.
    async fn copy_folder(&self, node: &Known, place: &Place, name: &str) -> Result<Known> {
        if let Some(other) = self.child(place, name).await? {
            return Err(other.holder().refuse(name));
        }
        let to = Spot::new(place.id().unwrap_or(self.root_id()), name);
        aside(self, &Temporary::new(Purpose::Copy), &to.folder, |folder| async {
            let top = self.new_folder(&self.place_of(&folder), name).await?;
            self.copy_contents(&node.id, &top.id).await.map_err(|error| error.with_maybe_applied(false))?;
            travel(&Moving { store: self, node: &top }, &Spot::new(folder, name), std::slice::from_ref(&to)).await?;
            self.node_of(&top.id, true).await.after_write()
        })
        .await
    }

    async fn copy_contents(&self, from: &str, to: &str) -> Result<()> {
        let mut folders = VecDeque::from([(from.to_owned(), to.to_owned(), 1)]);
        let mut guard = TreeGuard::new();
        while let Some((from, to, depth)) = folders.pop_front() {
            let place = Place::Folder(to);
            let mut children = self.children(&Place::Folder(from)).await?;
            while let Some(child) = children.next().await? {
                still_wanted()?;
                if child.is_folder {
                    self.check_name(&child.name)?;
                    guard.enter_new(&child.id, depth)?;
                    let copy = self.new_folder(&place, &child.name).await?;
                    folders.push_back((child.id, copy.id, depth + 1));
                } else {
                    self.client.files().copy(&child.id, &self.target(&place)).await?;
                }
            }
        }
        Ok(())
    }

    pub(super) async fn delete(&self, item: &ItemRef, options: DeleteOptions) -> Result<()> {
        let node = self.find_changeable(item).await?;
        Revision::require(options.if_revision.as_ref(), node.revision().as_ref())?;
        let deleted = match node.is_folder {
            true => self.client.folders().delete(&node.id, options.permanent).await,
            false => self.client.files().delete(&node.id, options.permanent).await,
        };
        match deleted {
            // It was there a moment ago: the answer to the first attempt was lost.
            Err(error) if error.kind() == ErrorKind::NotFound && error.maybe_applied() => Ok(()),
            deleted => deleted,
        }
    }

    fn check_new_name(&self, to: &Destination) -> Result<()> {
        to.name.as_deref().map_or(Ok(()), |name| self.check_name(name))
    }

    pub(super) fn check_name(&self, name: &str) -> Result<()> {
        self.capabilities.names.check(name)
    }
}

/// How a file or folder is moved. Where an answer does not say where it is, that is asked for.
struct Moving<'a> {
    store: &'a Inner,
    node: &'a Known,
}

impl Moving<'_> {
    /// Where it is by an answer. One without a folder may be that of something in the root, or a short one.
    fn told(&self, folder: Option<String>, name: Option<String>) -> Option<Spot> {
        Some(Spot::new(folder.filter(|folder| !folder.is_empty())?, name?))
    }
}

#[async_trait]
impl Mover for Moving<'_> {
    async fn step(&self, from: &Spot, to: &Spot) -> Result<Option<Spot>> {
        let (files, folders, id) = (self.store.client.files(), self.store.client.folders(), &self.node.id);
        let renames = from.folder == to.folder;
        let target = self.store.target(&self.store.place_of(&to.folder));
        let told = if self.node.is_folder {
            let folder = match renames {
                true => folders.update(id, &FolderUpdate::new().with_name(to.name.as_str())).await,
                false => folders.move_to(id, &target).await,
            };
            folder.map(|folder| folder.and_then(|folder| self.told(folder.parent_id, folder.name)))
        } else {
            let file = match renames {
                true => files.update(id, &FileUpdate::new().with_name(to.name.as_str())).await,
                false => files.move_to(id, &target).await,
            };
            file.map(|file| file.and_then(|file| self.told(file.folder_id, file.name)))
        };
        told.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => error.with_subject(&to.name),
            _ => error,
        })
    }

    async fn spot(&self, _: &Spot, _: &Spot) -> Result<Option<Spot>> {
        let now = self.store.node_of(&self.node.id, self.node.is_folder).await?;
        Ok(Some(Spot::new(now.parent.as_deref().unwrap_or(self.store.root_id()), now.name)))
    }

    async fn is_free(&self, spot: &Spot) -> Result<bool> {
        Ok(self.store.child(&self.store.place_of(&spot.folder), &spot.name).await?.is_none())
    }

    fn folders(&self) -> &dyn TemporaryFolders {
        self.store
    }

    fn rules(&self) -> &NameRules {
        &self.store.capabilities.names
    }
}

#[async_trait]
impl TemporaryFolders for Inner {
    async fn make(&self, parent: &str, name: &str) -> Result<String> {
        let parent = self.place_of(parent);
        match self.new_folder(&parent, name).await {
            // A lost answer, or the refusal of what the first attempt has made.
            Err(error) if error.maybe_applied() => Ok(self.child(&parent, name).await.after_write()?.ok_or(error)?.id),
            made => Ok(made?.id),
        }
    }

    async fn remove(&self, folder: &str) -> Result<()> {
        self.client.folders().delete(folder, true).await
    }
}
