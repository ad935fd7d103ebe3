//! Changing the tree: create, move, copy, delete. A folder is copied file by file; what fails half-way is taken back, or the
//! error says what is left.

use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;
use sharesync_core::{
    Asked, Attempted as _, CreateFolderOptions, DeleteOptions, Destination, ErrorKind, Item, ItemRef, Purpose,
    RemotePath, Result, Revision, Temporary, TemporaryFolders, TreeGuard, aside, still_wanted,
};

use super::Inner;
use super::find::{Place, made};
use super::item::{Known, refuse};
use super::walk::Listing;
use crate::rest::Target;

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
        let place = self.place(parent).await?;
        // Whether the service refuses a name that a folder has already is not documented.
        let folder = match self.child(&place, name).await? {
            Some(found) if found.is_folder && options.reuse_existing => self.node(found.id).await?,
            Some(found) => return Err(found.holder().refuse(name)),
            None => match self.new_folder(&place, name).await {
                Err(error) if error.kind() == ErrorKind::AlreadyExists && options.reuse_existing => {
                    let found = self.child(&place, name).await?.filter(|found| found.is_folder);
                    self.node(found.ok_or(error)?.id).await?
                }
                created => created?,
            },
        };
        Ok(folder.into_item())
    }

    async fn new_folder(&self, place: &Place, name: &str) -> Result<Known> {
        let began = self.client.clock().now();
        let error = match self.client.folders().add(&Target::Id(place.id), name).await {
            Ok(folder) => {
                let made = Known::folder(folder, &self.root, Some(place.id)).after_write()?;
                self.check_place(&made, place, name)?;
                return Ok(made);
            }
            Err(error) => error,
        };
        // The answer was lost, or a repetition refused because of what the first attempt has made.
        if error.maybe_applied()
            && let Some(mut found) = self.child(place, name).await.after_write()?
            && found.is_folder
            && found.is_since(began)
        {
            found.parent = Some(place.id);
            return Ok(found);
        }
        Err(error.with_subject(name))
    }

    pub(super) async fn move_item(&self, item: &ItemRef, to: &Destination) -> Result<Item> {
        to.name.as_deref().map_or(Ok(()), |name| self.check_name(name))?;
        let known = self.find_changeable(item).await?;
        let (place, name) = self.destination(&known, to).await?;
        let path = place.path.join(&name)?;
        if known.path.as_ref() == Some(&path) {
            return Ok(known.into_item());
        }
        self.check_free(&known, &place, &name).await?;
        if let Err(error) = self.move_to(&known, &path).await {
            let is_there =
                error.maybe_applied() && self.node(known.id).await.is_ok_and(|now| now.path.as_ref() == Some(&path));
            if !is_there {
                let subject = if error.kind() == ErrorKind::AlreadyExists { name } else { known.id.to_string() };
                return Err(error.with_subject(subject));
            }
        }
        let moved = self.node(known.id).await.after_write()?;
        self.check_place(&moved, &place, &name)?;
        Ok(moved.into_item())
    }

    /// Moves and renames by one request, whose answer says nothing.
    async fn move_to(&self, known: &Known, path: &RemotePath) -> Result<()> {
        let (target, on_server) = (Target::Id(known.id), self.root.on_server(path));
        match known.is_folder {
            true => self.client.folders().move_to(&target, &on_server).await,
            false => self.client.files().move_to(&target, &on_server, false).await,
        }
    }

    /// Compares where an item is with where it should be.
    fn check_place(&self, known: &Known, place: &Place, name: &str) -> Result<()> {
        let (item, parent) = (known.clone().into_item(), place.id.to_string());
        Asked::named(name).within(&parent).check(&item)?;
        let elsewhere = known.path.as_ref().is_some_and(|path| {
            place.path.join(name).is_ok_and(|due| path.as_str().to_lowercase() != due.as_str().to_lowercase())
        });
        if !elsewhere {
            return Ok(());
        }
        let message =
            format!("the service says that it is done, but the item should be in {}, and is elsewhere", place.path);
        Err(refuse(ErrorKind::Protocol, item.id.as_str(), message).with_maybe_applied(true))
    }

    /// Checks that a name is free, unless it is the item itself that has it, in another case.
    async fn check_free(&self, known: &Known, place: &Place, name: &str) -> Result<()> {
        match self.child(place, name).await? {
            Some(found) if found.id != known.id => Err(found.holder().refuse(name)),
            _ => Ok(()),
        }
    }

    /// Where a destination is, which must be a folder and not within the item itself, and the name there.
    async fn destination(&self, known: &Known, to: &Destination) -> Result<(Place, String)> {
        let name = to.name.clone().unwrap_or_else(|| known.name.clone());
        let place = match &to.parent {
            None => self.place_of(known).await?,
            Some(parent) => self.place(parent).await?,
        };
        if known.is_folder && (place.id == known.id || is_below(&place.path, known.path.as_ref())) {
            return Err(refuse(ErrorKind::Conflict, &known.id.to_string(), "a folder cannot be put into itself"));
        }
        Ok((place, name))
    }

    pub(super) async fn copy_item(self: &Arc<Self>, item: &ItemRef, to: &Destination) -> Result<Item> {
        to.name.as_deref().map_or(Ok(()), |name| self.check_name(name))?;
        let known = self.find_changeable(item).await?;
        let (place, name) = self.destination(&known, to).await?;
        if let Some(found) = self.child(&place, &name).await? {
            return Err(found.holder().refuse(&name));
        }
        let copy = match known.is_folder {
            false => self.copy_file(&known, &place, &name).await?,
            true => self.copy_folder(&known, &place, &name).await?,
        };
        Ok(copy.into_item())
    }

    async fn copy_file(&self, known: &Known, place: &Place, name: &str) -> Result<Known> {
        let began = self.client.clock().now();
        let path = place.path.join(name)?;
        let copied = self.client.files().copy_to(&Target::Id(known.id), &self.root.on_server(&path), false).await;
        if let Err(error) = &copied
            && !error.maybe_applied()
        {
            return copied.map(|()| known.clone()).map_err(|error| error.with_subject(name));
        }
        let found = self.child(place, name).await.after_write()?;
        match (copied, found) {
            (Ok(()), Some(found)) => {
                let copy = self.node(found.id).await.after_write()?;
                let original = known.clone().into_item();
                Asked::named(name).like(&original).check(&copy.clone().into_item())?;
                Ok(copy)
            }
            (Ok(()), None) => {
                let message = "the service says that it made a copy, and there is none";
                Err(refuse(ErrorKind::Protocol, name, message).with_maybe_applied(true))
            }
            (Err(_), Some(found)) if !found.is_folder && found.size == known.size && found.is_since(began) => {
                self.node(found.id).await.after_write()
            }
            (Err(error), _) => Err(error.with_subject(name)),
        }
    }

    /// Copies a folder: the folders anew, the files one after another, in a folder of its own until all of it is there.
    async fn copy_folder(self: &Arc<Self>, known: &Known, place: &Place, name: &str) -> Result<Known> {
        let from = Place { id: known.id, path: self.inside(known)? };
        let temporary = Temporary::new(Purpose::Copy);
        let around = place.path.join(&temporary.to_string())?;
        aside(&**self, &temporary, &place.id.to_string(), |folder| async move {
            let around = Place { id: made(folder.parse().ok())?, path: around };
            let top = self.new_folder(&around, name).await?;
            let copy = Place { id: top.id, path: around.path.join(name)? };
            self.copy_contents(from, copy).await.map_err(|error| error.with_maybe_applied(false))?;
            if let Err(error) = self.move_to(&top, &place.path.join(name)?).await {
                return Err(error.with_subject(name));
            }
            let copied = self.node(top.id).await.after_write()?;
            self.check_place(&copied, place, name)?;
            Ok(copied)
        })
        .await
    }

    async fn copy_contents(self: &Arc<Self>, from: Place, to: Place) -> Result<()> {
        let mut folders = VecDeque::from([(from, to, 1)]);
        let mut guard = TreeGuard::new();
        while let Some((from, to, depth)) = folders.pop_front() {
            let mut listing = Listing::new(self.clone(), from.clone(), self.options.page_size);
            while let Some(page) = listing.next().await? {
                for child in page {
                    still_wanted()?;
                    let path = to.path.join(&child.name)?;
                    if child.is_folder {
                        guard.enter_new(&child.id.to_string(), depth)?;
                        let copy = self.new_folder(&to, &child.name).await?;
                        let inner = Place { id: child.id, path: from.path.join(&child.name)? };
                        folders.push_back((inner, Place { id: copy.id, path }, depth + 1));
                    } else {
                        let on_server = self.root.on_server(&path);
                        self.client.files().copy_to(&Target::Id(child.id), &on_server, false).await?;
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) async fn delete(&self, item: &ItemRef, options: DeleteOptions) -> Result<()> {
        let known = self.find_changeable(item).await?;
        let (target, required) = (Target::Id(known.id), options.if_revision.as_ref());
        Revision::require(required, known.revision.as_ref())?;
        let (files, folders) = (self.client.files(), self.client.folders());
        let deleted = match (known.is_folder, options.permanent) {
            (true, true) => folders.delete(&target).await,
            (true, false) => folders.recycle(&target).await.map(drop),
            (false, true) => files.delete(&target, required).await,
            (false, false) => files.recycle(&target, required).await.map(drop),
        };
        match deleted {
            // It was there a moment ago: the answer to the first attempt was lost.
            Err(error) if error.kind() == ErrorKind::NotFound && error.maybe_applied() => Ok(()),
            Err(error) => Err(self.explained(error, known.id, required).await),
            // The bin names what it got. A deletion for good has no body, as a page may have none.
            Ok(()) if options.permanent => self.gone(&known).await.after_write(),
            Ok(()) => Ok(()),
        }
    }
}

impl Inner {
    /// Checks that the service itself says that something is gone.
    async fn gone(&self, known: &Known) -> Result<()> {
        match self.node(known.id).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok(_) => {
                let message = "the service says that it is deleted, and it is still there";
                Err(refuse(ErrorKind::Protocol, &known.id.to_string(), message))
            }
        }
    }
}

#[async_trait]
impl TemporaryFolders for Inner {
    async fn make(&self, parent: &str, name: &str) -> Result<String> {
        let parent = Target::Id(made(parent.parse().ok())?);
        let target = |error: sharesync_core::Error| error.with_subject(name);
        let folder = self.client.folders().add(&parent, name).await.map_err(target)?;
        Ok(made(folder.unique_id)?.to_string())
    }

    async fn remove(&self, folder: &str) -> Result<()> {
        self.client.folders().delete(&Target::Id(made(folder.parse().ok())?)).await
    }
}

/// Whether a path is that of a folder, or below it.
fn is_below(path: &RemotePath, folder: Option<&RemotePath>) -> bool {
    let rest = folder.and_then(|folder| path.as_str().strip_prefix(folder.as_str()));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
