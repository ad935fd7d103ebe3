//! Changing the tree: create, move, copy, delete. What the service does with a name that is taken is not documented, so
//! names are looked for first; what is made of several requests is undone when one fails, or says what is left.

use std::sync::Arc;

use async_trait::async_trait;
use futures::TryStreamExt as _;
use sharesync_core::{
    Asked, Attempted as _, CreateFolderOptions, DeleteOptions, Destination, Error, ErrorKind, Item, ItemRef, Mover,
    NameRules, Operation, Purpose, Result, Revision, Spot, Temporary, TemporaryFolders, aside, relocate, travel,
};

use super::find::Found;
use super::names::{fold, is_within, join, split};
use super::{Inner, refuse};
use crate::PROVIDER;
use crate::error::refused_entry;
use crate::model::ItemKind;

impl Inner {
    pub(super) fn check_name(&self, name: &str) -> Result<()> {
        self.capabilities.names.check(name)
    }

    pub(super) async fn create_folder(
        self: &Arc<Self>,
        parent: &ItemRef,
        name: &str,
        options: CreateFolderOptions,
    ) -> Result<Item> {
        self.check_name(name)?;
        let folder = self.folder(parent).await?;
        let path = join(&folder, name);
        let Err(error) = self.client.items().create_folder(&folder, name).await else {
            // Whatever number was known for the path, this is another folder.
            self.folders().forget(&path);
            return self.folder_item(&path).await.after_write();
        };
        let about_it = error.provider_error::<crate::Refusal>().is_some() || error.maybe_applied();
        if !about_it {
            return Err(error);
        }
        // A repeated request finds what the first one, whose answer was lost, has made.
        let ours = error.maybe_applied();
        let look = self.at(&path).await.map_err(|failed| failed.with_maybe_applied(ours))?;
        let Some(found) = look else { return Err(error) };
        if found.kind == ItemKind::Folder && (options.reuse_existing || ours) {
            return Ok(found.item);
        }
        Err(found.holder().refuse(name).with_source(error))
    }

    /// An item that is to be changed: the root is not.
    async fn changeable(self: &Arc<Self>, item: &ItemRef) -> Result<Found> {
        let found = self.find(item).await?;
        if found.path == self.root {
            return Err(refuse(ErrorKind::InvalidInput, item, "the root stays as it is and where it is"));
        }
        Ok(found)
    }

    /// The folder and the name that an item is to have.
    async fn destination(self: &Arc<Self>, found: &Found, to: &Destination) -> Result<(String, String)> {
        let (home, name) = split(&found.path).unwrap_or_default();
        let folder = match &to.parent {
            Some(parent) => {
                let target = self.find(parent).await?;
                if target.kind == ItemKind::File {
                    return Err(refuse(ErrorKind::Conflict, parent, "it is no folder"));
                }
                target.path
            }
            None => home.to_owned(),
        };
        if found.kind == ItemKind::Folder && is_within(&folder, &found.path) {
            return Err(refuse(ErrorKind::Conflict, &found.item.id, "a folder cannot be put into itself"));
        }
        Ok((folder, to.name.clone().unwrap_or_else(|| name.to_owned())))
    }

    pub(super) async fn move_item(self: &Arc<Self>, item: &ItemRef, to: &Destination) -> Result<Item> {
        to.name.as_ref().map_or(Ok(()), |name| self.check_name(name))?;
        let found = self.changeable(item).await?;
        let (folder, name) = self.destination(&found, to).await?;
        let target = join(&folder, &name);
        // Another spelling of its own name finds the item itself, unless the service tells spellings apart.
        let other = match fold(&target) == fold(&found.path) {
            true if target == found.path => None,
            true => self.child(&folder, &name).await?.filter(|other| other.path != found.path),
            false => self.at(&target).await?,
        };
        if let Some(other) = other {
            return Err(other.holder().refuse(&name));
        }
        let (home, old) = split(&found.path).unwrap_or_default();
        let moving = Moving { store: self.clone(), kind: found.kind };
        relocate(&moving, &Spot::new(home, old), &Spot::new(folder, name)).await?;
        self.there(found.kind, &target).await
    }

    async fn move_one(self: &Arc<Self>, from: &str, folder: &str) -> Result<()> {
        let moved = self.client.items().move_into(&[from], folder).await?;
        match moved.first() {
            Some(entry)
                if !entry.moved || entry.error_message.as_deref().is_some_and(|words| !words.trim().is_empty()) =>
            {
                let words = entry.error_message.as_deref();
                Err(refused_entry("MoveItems", words, "Moved", &[from, folder]).with_subject(from))
            }
            _ => Ok(()),
        }
    }

    /// Whether there is a file or folder of exactly this path. What there is, and its number, is not asked for.
    async fn has(self: &Arc<Self>, kind: ItemKind, path: &str) -> Result<bool> {
        let found = match kind {
            ItemKind::File => self.client.items().file(path).await.map(|file| file.exists()),
            ItemKind::Folder => self.client.items().properties(kind, path).await.map(|_| true),
        };
        match found {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) if error.kind() == ErrorKind::Rejected && error.provider_error::<crate::Refusal>().is_some() => {
                self.lists(kind, path).await
            }
            found => found,
        }
    }

    /// Whether a folder lists something of exactly this path.
    async fn lists(self: &Arc<Self>, kind: ItemKind, path: &str) -> Result<bool> {
        let Some((folder, name)) = split(path) else { return Ok(false) };
        let mut pages = self.rows(folder, self.options.page_size);
        while let Some(rows) = pages.try_next().await? {
            if rows.iter().any(|row| row.name == name && row.kind.kind() == Some(kind)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The item at a path, which was just put there.
    async fn there(self: &Arc<Self>, kind: ItemKind, path: &str) -> Result<Item> {
        let look = async {
            match kind {
                ItemKind::File => Ok(self.file_at(path).await?.map(|found| found.item)),
                ItemKind::Folder => self.folder_item(path).await.map(Some),
            }
        };
        look.await.after_write()?.ok_or_else(|| {
            refuse(ErrorKind::Protocol, path, "the service says it put the item there, and it is not")
                .with_maybe_applied(true)
        })
    }

    pub(super) async fn copy_item(self: &Arc<Self>, item: &ItemRef, to: &Destination) -> Result<Item> {
        to.name.as_ref().map_or(Ok(()), |name| self.check_name(name))?;
        let found = self.changeable(item).await?;
        let (folder, name) = self.destination(&found, to).await?;
        let target = join(&folder, &name);
        if let Some(other) = self.at(&target).await? {
            return Err(other.holder().refuse(&name));
        }
        let (_, old) = split(&found.path).unwrap_or_default();
        if old == name {
            self.paste(&found, &folder).await?;
        } else {
            // In a folder of its own, the copy can get its name before it is seen.
            let to = Spot::new(folder, name.as_str());
            let moving = &Moving { store: self.clone(), kind: found.kind };
            aside(moving, &Temporary::new(Purpose::Copy), &to.folder, |aside| async {
                self.paste(&found, &aside).await?;
                let renamed = Spot::new(aside.as_str(), name.as_str());
                travel(moving, &Spot::new(aside, old), &[renamed, to.clone()]).await
            })
            .await?;
        }
        self.folders().forget(&target);
        let copy = self.there(found.kind, &target).await?;
        Asked::named(&name).like(&found.item).check(&copy)?;
        Ok(copy)
    }

    /// Copies into a folder that has no such name. The answer does not say where the copy is, so that it is looked for.
    async fn paste(self: &Arc<Self>, found: &Found, folder: &str) -> Result<()> {
        let copied = self.client.items().copy_into(&[(found.kind, &found.path)], folder).await;
        let (_, name) = split(&found.path).unwrap_or_default();
        let path = join(folder, name);
        match copied {
            Ok(_) if self.has(found.kind, &path).await.after_write()? => Ok(()),
            Ok(_) => Err(refuse(ErrorKind::Protocol, &path, "the service says that it made a copy, and there is none")
                .with_maybe_applied(true)),
            // What is there now is the copy, if all of it is.
            Err(error) if error.maybe_applied() && found.kind == ItemKind::File => match self.file_at(&path).await {
                Ok(Some(copy)) if copy.item.size == found.item.size => Ok(()),
                _ => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    pub(super) async fn delete(self: &Arc<Self>, item: &ItemRef, options: DeleteOptions) -> Result<()> {
        if options.permanent {
            let why = "whether the service keeps what is deleted is not documented, and so is no way around it";
            return Err(Error::unsupported(PROVIDER, Operation::DeletePermanently, why));
        }
        let found = self.changeable(item).await?;
        Revision::require(options.if_revision.as_ref(), found.item.revision.as_ref())?;
        if let Err(error) = self.client.items().delete(&[(found.kind, &found.path)]).await {
            let gone = error.maybe_applied() && matches!(self.at(&found.path).await, Ok(None));
            if !gone {
                return Err(error);
            }
        }
        if found.kind == ItemKind::Folder {
            self.folders().forget(&found.path);
        }
        Ok(())
    }
}

/// How a file or folder is moved. What the service answers does not say where it is.
struct Moving {
    store: Arc<Inner>,
    kind: ItemKind,
}

#[async_trait]
impl Mover for Moving {
    async fn step(&self, from: &Spot, to: &Spot) -> Result<Option<Spot>> {
        let path = join(&from.folder, &from.name);
        match from.folder == to.folder {
            true => self.store.client.items().rename(self.kind, &path, &to.name).await?,
            false => self.store.move_one(&path, &to.folder).await?,
        }
        Ok(None)
    }

    async fn spot(&self, from: &Spot, to: &Spot) -> Result<Option<Spot>> {
        let (old, new) = (join(&from.folder, &from.name), join(&to.folder, &to.name));
        // A path leads to every spelling of a name; a listing tells them apart.
        let is_there = match fold(&old) == fold(&new) {
            true => self.store.lists(self.kind, &new).await?,
            false => self.store.has(self.kind, &new).await?,
        };
        if is_there {
            if self.kind == ItemKind::Folder {
                self.store.folders().moved(&old, &new);
            }
            return Ok(Some(to.clone()));
        }
        Ok(self.store.has(self.kind, &old).await?.then(|| from.clone()))
    }

    async fn is_free(&self, spot: &Spot) -> Result<bool> {
        let path = join(&spot.folder, &spot.name);
        Ok(!self.store.has(ItemKind::File, &path).await? && !self.store.has(ItemKind::Folder, &path).await?)
    }

    fn folders(&self) -> &dyn TemporaryFolders {
        self
    }

    fn rules(&self) -> &NameRules {
        &self.store.capabilities.names
    }
}

#[async_trait]
impl TemporaryFolders for Moving {
    async fn make(&self, parent: &str, name: &str) -> Result<String> {
        let path = join(parent, name);
        match self.store.client.items().create_folder(parent, name).await {
            // A lost answer, or the refusal of what the first attempt has made.
            Err(error) if error.maybe_applied() => {
                let there = self.store.has(ItemKind::Folder, &path).await.after_write()?;
                there.then_some(path).ok_or(error)
            }
            made => made.map(|_| path),
        }
    }

    async fn remove(&self, folder: &str) -> Result<()> {
        self.store.client.items().delete(&[(ItemKind::Folder, folder)]).await.map(drop)
    }
}
