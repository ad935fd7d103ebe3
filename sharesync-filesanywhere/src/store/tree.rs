//! Changing the tree: create, move, copy, delete. What the service does with a name that is taken is not documented, so
//! names are looked for first; what is made of several requests is undone when one fails, or says what is left.

use std::sync::Arc;

use sharesync_core::{
    CreateFolderOptions, DeleteOptions, Destination, Error, ErrorKind, Item, ItemRef, Operation, Result, Revision,
    temporary_name,
};

use super::find::Found;
use super::names::{fold, is_within, join, split};
use super::{Inner, refuse};
use crate::PROVIDER;
use crate::error::refused_entry;
use crate::model::ItemKind;

/// One request of a relocation.
#[derive(Debug)]
enum Step {
    Rename { folder: String, from: String, to: String },
    Move { from: String, to: String, name: String },
}

impl Step {
    fn undone(&self) -> Self {
        match self {
            Self::Rename { folder, from, to } => {
                Self::Rename { folder: folder.clone(), from: to.clone(), to: from.clone() }
            }
            Self::Move { from, to, name } => Self::Move { from: to.clone(), to: from.clone(), name: name.clone() },
        }
    }

    /// Where the item is before and after it.
    fn ends(&self) -> (String, String) {
        match self {
            Self::Rename { folder, from, to } => (join(folder, from), join(folder, to)),
            Self::Move { from, to, name } => (join(from, name), join(to, name)),
        }
    }
}

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
            return self.folder_item(&path).await;
        };
        let about_it = error.provider_error::<crate::Refusal>().is_some() || error.maybe_applied();
        let Some(found) = (if about_it { self.at(&path).await? } else { None }) else { return Err(error) };
        // A repeated request finds what the first one, whose answer was lost, has made.
        let ours = error.attempts() > 1 || error.maybe_applied();
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
        let steps = self.steps(&found, &folder, &name).await?;
        self.walk(&found, &steps).await?;
        self.there(found.kind, &target).await
    }

    /// The requests that bring an item to its place. On the way its name must be free.
    async fn steps(self: &Arc<Self>, found: &Found, folder: &str, name: &str) -> Result<Vec<Step>> {
        let (home, old) = split(&found.path).unwrap_or_default();
        let rename = |folder: &str, from: &str, to: &str| Step::Rename {
            folder: folder.to_owned(),
            from: from.to_owned(),
            to: to.to_owned(),
        };
        let go = |name: &str| Step::Move { from: home.to_owned(), to: folder.to_owned(), name: name.to_owned() };
        Ok(match (home == folder, old == name) {
            (true, true) => Vec::new(),
            (true, false) => vec![rename(home, old, name)],
            (false, true) => vec![go(old)],
            _ if self.at(&join(home, name)).await?.is_none() => vec![rename(home, old, name), go(name)],
            _ if self.at(&join(folder, old)).await?.is_none() => vec![go(old), rename(folder, old, name)],
            _ => {
                let between = temporary_name();
                vec![rename(home, old, &between), go(&between), rename(folder, &between, name)]
            }
        })
    }

    /// Takes the steps. When one fails, those before it are taken back.
    async fn walk(self: &Arc<Self>, found: &Found, steps: &[Step]) -> Result<()> {
        for (number, step) in steps.iter().enumerate() {
            let Err(error) = self.step(found.kind, step).await else { continue };
            if number == 0 {
                return Err(error);
            }
            for done in steps.iter().take(number).rev() {
                if self.step(found.kind, &done.undone()).await.is_err() {
                    let (_, at) = done.ends();
                    let message = format!("it was being moved when {error}; it could not be put back and is at {at:?}");
                    let failed = refuse(error.kind(), &found.item.id, message);
                    return Err(failed.with_maybe_applied(true).with_source(error));
                }
            }
            return Err(error.with_maybe_applied(false));
        }
        Ok(())
    }

    async fn step(self: &Arc<Self>, kind: ItemKind, step: &Step) -> Result<()> {
        let (from, to) = step.ends();
        let done = match step {
            Step::Rename { to: name, .. } => self.client.items().rename(kind, &from, name).await,
            Step::Move { to: folder, .. } => self.move_one(&from, folder).await,
        };
        match done {
            // The answer was lost: the item is here or there.
            Err(error) if error.maybe_applied() && self.has_moved(kind, &from, &to).await => {}
            done => done?,
        }
        if kind == ItemKind::Folder {
            self.folders().moved(&from, &to);
        }
        Ok(())
    }

    async fn move_one(self: &Arc<Self>, from: &str, folder: &str) -> Result<()> {
        let moved = self.client.items().move_into(&[from], folder).await?;
        match moved.first() {
            Some(entry)
                if !entry.moved || entry.error_message.as_deref().is_some_and(|words| !words.trim().is_empty()) =>
            {
                Err(refused_entry("MoveItems", entry.error_message.as_deref(), "Moved").with_subject(from))
            }
            // No entry, no message: where the item is says more.
            None if self.at(from).await?.is_some() => {
                Err(refuse(ErrorKind::Protocol, from, "the service does not say that it moved it"))
            }
            _ => Ok(()),
        }
    }

    async fn has_moved(self: &Arc<Self>, kind: ItemKind, from: &str, to: &str) -> bool {
        let at = async |path: &str| {
            let (folder, name) = split(path)?;
            self.child(folder, name).await.ok()
        };
        let (Some(old), Some(new)) = (at(from).await, at(to).await) else { return false };
        let same_place = |found: &Found, path: &str| found.kind == kind && found.path == path;
        !old.is_some_and(|old| same_place(&old, from)) && new.is_some_and(|new| same_place(&new, to))
    }

    /// The item at a path, which was just put there.
    async fn there(self: &Arc<Self>, kind: ItemKind, path: &str) -> Result<Item> {
        let found = match kind {
            ItemKind::File => self.file_at(path).await?.map(|found| found.item),
            ItemKind::Folder => Some(self.folder_item(path).await?),
        };
        found.ok_or_else(|| {
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
            self.copy_aside(&found, &folder, &name).await?;
        }
        self.folders().forget(&target);
        self.there(found.kind, &target).await
    }

    async fn paste(self: &Arc<Self>, found: &Found, folder: &str) -> Result<()> {
        let Err(error) = self.client.items().copy_into(&[(found.kind, &found.path)], folder).await else {
            return Ok(());
        };
        let (_, name) = split(&found.path).unwrap_or_default();
        // The folder had no such name: what is there now is the copy, if all of it is.
        let whole = found.kind == ItemKind::File && error.maybe_applied();
        match self.at(&join(folder, name)).await {
            Ok(Some(copy)) if whole && copy.item.size == found.item.size => Ok(()),
            _ => Err(error),
        }
    }

    /// Copies into a folder of its own, where the copy can get its name before it is seen.
    async fn copy_aside(self: &Arc<Self>, found: &Found, folder: &str, name: &str) -> Result<()> {
        let (_, old) = split(&found.path).unwrap_or_default();
        let aside = temporary_name();
        self.client.items().create_folder(folder, &aside).await?;
        let aside = join(folder, &aside);
        let copied = async {
            self.paste(found, &aside).await?;
            self.client.items().rename(found.kind, &join(&aside, old), name).await?;
            self.move_one(&join(&aside, name), folder).await
        }
        .await;
        let removed = self.client.items().delete(&[(ItemKind::Folder, &aside)]).await;
        copied?;
        if let Err(error) = removed {
            tracing::warn!(%error, folder = aside, "a folder that a copy was made in is left");
        }
        Ok(())
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
