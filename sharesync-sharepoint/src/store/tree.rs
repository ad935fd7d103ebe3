//! Changing the tree: create, move, copy, delete. A folder is copied file by file; what fails half-way is taken back, or the
//! error says what is left.

use std::collections::VecDeque;
use std::sync::Arc;

use sharesync_core::{
    CreateFolderOptions, DeleteOptions, Destination, ErrorKind, Item, ItemRef, RemotePath, Result, Revision, TreeGuard,
};

use super::Inner;
use super::find::{Place, made};
use super::item::{Known, refuse};
use super::transfer::in_doubt;
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
            Ok(folder) => return Known::folder(folder, &self.root, Some(place.id)),
            Err(error) => error,
        };
        // A repeated request is refused because of what its first attempt has made.
        if in_doubt(&error)
            && let Some(mut found) = self.child(place, name).await?
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
        let (target, on_server) = (Target::Id(known.id), self.root.on_server(&path));
        let moved = match known.is_folder {
            true => self.client.folders().move_to(&target, &on_server).await,
            false => self.client.files().move_to(&target, &on_server, false).await,
        };
        if let Err(error) = moved {
            let is_there = in_doubt(&error) && self.node(known.id).await.is_ok_and(|now| now.path == Some(path));
            if !is_there {
                let subject = if error.kind() == ErrorKind::AlreadyExists { name } else { known.id.to_string() };
                return Err(error.with_subject(subject));
            }
        }
        let moved = self.node(known.id).await;
        Ok(moved.map_err(|error| error.with_maybe_applied(true))?.into_item())
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
        let found = self.child(place, name).await.map_err(|error| error.with_maybe_applied(true))?;
        match (copied, found) {
            (Ok(()), Some(found)) => self.node(found.id).await.map_err(|error| error.with_maybe_applied(true)),
            (Ok(()), None) => {
                let message = "the service says that it made a copy, and there is none";
                Err(refuse(ErrorKind::Protocol, name, message).with_maybe_applied(true))
            }
            (Err(error), Some(found))
                if in_doubt(&error) && !found.is_folder && found.size == known.size && found.is_since(began) =>
            {
                self.node(found.id).await
            }
            (Err(error), _) => Err(error.with_subject(name)),
        }
    }

    /// Copies a folder: the folders anew, the files one after another. What was made is removed after a failure.
    async fn copy_folder(self: &Arc<Self>, known: &Known, place: &Place, name: &str) -> Result<Known> {
        let top = self.new_folder(place, name).await?;
        let copy = Place { id: made(Some(top.id))?, path: place.path.join(name)? };
        let from = Place { id: known.id, path: self.inside(known)? };
        match self.copy_contents(from, copy).await {
            Ok(()) => Ok(top),
            Err(error) => match self.client.folders().delete(&Target::Id(top.id)).await {
                Ok(()) => Err(error.with_maybe_applied(false)),
                Err(left) => {
                    let message = format!("{error}; the incomplete copy {} could not be removed: {left}", top.id);
                    Err(refuse(error.kind(), &known.id.to_string(), message)
                        .with_maybe_applied(true)
                        .with_source(error))
                }
            },
        }
    }

    async fn copy_contents(self: &Arc<Self>, from: Place, to: Place) -> Result<()> {
        let mut folders = VecDeque::from([(from, to, 1)]);
        let mut guard = TreeGuard::new();
        while let Some((from, to, depth)) = folders.pop_front() {
            let mut listing = Listing::new(self.clone(), from.clone(), self.options.page_size);
            while let Some(page) = listing.next().await? {
                for child in page {
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
            Err(error) if error.kind() == ErrorKind::NotFound && error.attempts() > 1 => Ok(()),
            Err(error) => Err(self.explained(error, known.id, required).await),
            Ok(()) => Ok(()),
        }
    }
}

/// Whether a path is that of a folder, or below it.
fn is_below(path: &RemotePath, folder: Option<&RemotePath>) -> bool {
    let rest = folder.and_then(|folder| path.as_str().strip_prefix(folder.as_str()));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
