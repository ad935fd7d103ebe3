//! Changing the tree: create, move, copy, delete. The service has no names with conditions and no request that moves and
//! renames, so each is made of several; one that fails half-way is undone, or says what is left.

use sharesync_core::{
    CreateFolderOptions, DeleteOptions, Destination, Error, ErrorKind, Item, ItemRef, Operation, Result, Revision,
    TEMPORARY, temporary_name,
};

use super::Inner;
use super::item::{Known, needed, refuse};
use crate::model::{NewFolder, NodeUpdate, Target};
use crate::{AcronisError, PROVIDER, ROOT};

/// Where a node is to be.
struct Place {
    folder: String,
    name: String,
}

impl Inner {
    /// Creates a folder. The names in the parent are read first, because the service would rename a folder whose name
    /// differs in case alone.
    pub(super) async fn create_folder(
        &self,
        parent: &ItemRef,
        name: &str,
        options: CreateFolderOptions,
    ) -> Result<Item> {
        self.check_name(name)?;
        let parent = self.id(parent).await?;
        let existing = match self.child(&parent, name).await? {
            Some(existing) => existing,
            None => match self.client.nodes().create_folder(&NewFolder::by_name(name, &parent)).await {
                Ok(node) => return Ok(Known::new(node)?.into_item(&self.options.root)),
                Err(error) => match conflict(&error).map(Known::new).transpose()? {
                    // Somebody else was faster.
                    Some(existing) if options.reuse_existing => existing,
                    _ => return Err(self.explain(error, &parent).await),
                },
            },
        };
        if options.reuse_existing && existing.is_folder {
            return Ok(existing.into_item(&self.options.root));
        }
        Err(existing.holder().refuse(name))
    }

    pub(super) async fn move_item(&self, item: &ItemRef, to: &Destination) -> Result<Item> {
        self.check_destination(to)?;
        let node = self.find_changeable(item).await?;
        let place = self.place(&node, to).await?;
        if let Some(other) = self.child(&place.folder, &place.name).await?.filter(|other| other.uuid != node.uuid) {
            return Err(other.holder().refuse(&place.name));
        }
        let moved = match self.relocate(&node, &place).await {
            Ok(()) => self.node(&node.uuid).await.map_err(|error| error.with_maybe_applied(true))?,
            Err((untouched, error)) => self.put_back(&node, &place, untouched, error).await?,
        };
        Ok(moved.into_item(&self.options.root))
    }

    pub(super) async fn copy_item(&self, item: &ItemRef, to: &Destination) -> Result<Item> {
        self.check_destination(to)?;
        let node = self.find_changeable(item).await?;
        let place = self.place(&node, to).await?;
        if let Some(other) = self.child(&place.folder, &place.name).await? {
            return Err(other.holder().refuse(&place.name));
        }
        let copy = if place.name == node.name {
            self.copy_into(&node, &place.folder).await?
        } else {
            self.copy_aside(&node, &place).await?
        };
        Ok(copy.into_item(&self.options.root))
    }

    /// Deletes into the recycle bin. Whether the node is there is looked at first: a repeated request whose first answer
    /// was lost would otherwise look like a missing node.
    pub(super) async fn delete(&self, item: &ItemRef, options: DeleteOptions) -> Result<()> {
        if options.permanent {
            let why = "the service has no way around its recycle bin";
            return Err(Error::unsupported(PROVIDER, Operation::DeletePermanently, why));
        }
        let node = self.find_changeable(item).await?;
        Revision::require(options.if_revision.as_ref(), node.revision().as_ref())?;
        let Err(error) = self.client.undocumented().delete_node(&node.uuid).await else {
            return Ok(());
        };
        let repeated = error.attempts() > 1;
        match self.explain(error, &node.uuid).await {
            error if repeated && error.kind() == ErrorKind::NotFound => Ok(()),
            error => Err(error),
        }
    }

    fn check_name(&self, name: &str) -> Result<()> {
        self.capabilities.names.check(name)
    }

    fn check_destination(&self, to: &Destination) -> Result<()> {
        to.name.as_ref().map_or(Ok(()), |name| self.check_name(name))
    }

    /// Where a destination is, which must be a folder and not within the node itself.
    async fn place(&self, node: &Known, to: &Destination) -> Result<Place> {
        let home = node.parent.as_deref();
        let folder = match &to.parent {
            Some(folder) => self.id(folder).await?,
            None => needed(home, "parent_uuid")?.to_owned(),
        };
        if folder != ROOT && Some(folder.as_str()) != home {
            let target = self.node(&folder).await?;
            if !target.is_folder {
                return Err(refuse(ErrorKind::Conflict, &folder, "it is no folder"));
            }
            if target.is_within(&node.uuid) {
                return Err(refuse(ErrorKind::Conflict, &node.uuid, "a folder cannot be put into itself"));
            }
        }
        Ok(Place { folder, name: to.name.clone().unwrap_or_else(|| node.name.clone()) })
    }

    /// Moves, renames, or both. An error says whether it is certain that nothing has changed.
    async fn relocate(&self, node: &Known, to: &Place) -> Result<(), (bool, Error)> {
        let moves = node.parent.as_deref() != Some(&to.folder);
        let renames = node.name != to.name;
        let mut untouched = true;
        // On the way the node needs a name that is free in both folders.
        if moves && renames && self.child(&to.folder, &node.name).await.map_err(|error| (true, error))?.is_some() {
            self.rename(&node.uuid, &temporary_name()).await.map_err(|error| (!error.maybe_applied(), error))?;
            untouched = false;
        }
        if moves {
            let moved = self.client.nodes().move_to(&node.uuid, &target(&to.folder)).await;
            moved.map_err(|error| (untouched && !error.maybe_applied(), error))?;
            untouched = false;
        }
        if renames {
            self.rename(&node.uuid, &to.name).await.map_err(|error| (untouched && !error.maybe_applied(), error))?;
        }
        Ok(())
    }

    /// After a failure: the node where it was to be, or the error, with everything as it was or with what is not.
    async fn put_back(&self, was: &Known, to: &Place, untouched: bool, error: Error) -> Result<Known> {
        if untouched {
            return Err(error);
        }
        let now = self.node(&was.uuid).await;
        match now {
            Ok(now) if now.name == to.name && now.parent.as_deref() == Some(&to.folder) => return Ok(now),
            Ok(now) if self.restore(was, &now).await.is_ok() => return Err(error.with_maybe_applied(false)),
            _ => {}
        }
        let message = format!(
            "{:?} was being moved into the folder {} as {:?} when {error}; it could not be put back and may be in either \
             folder, under either name or one that begins with {TEMPORARY:?}",
            was.name, to.folder, to.name,
        );
        Err(refuse(error.kind(), &was.uuid, message).with_maybe_applied(true).with_source(error))
    }

    async fn restore(&self, was: &Known, now: &Known) -> Result<()> {
        if let Some(home) = was.parent.as_deref().filter(|home| now.parent.as_deref() != Some(*home)) {
            self.client.nodes().move_to(&was.uuid, &target(home)).await?;
        }
        if now.name != was.name {
            self.rename(&was.uuid, &was.name).await?;
        }
        Ok(())
    }

    async fn rename(&self, uuid: &str, name: &str) -> Result<()> {
        self.client.nodes().update(uuid, &NodeUpdate::new().with_name(name)).await
    }

    /// Copies under the same name. The answer does not say what the copy is, so it is looked up.
    async fn copy_into(&self, node: &Known, folder: &str) -> Result<Known> {
        self.client.nodes().copy(&node.uuid, &target(folder)).await?;
        let copy = self.child(folder, &node.name).await.map_err(|error| error.with_maybe_applied(true))?;
        copy.ok_or_else(|| {
            let message = "the service says that it is copied, and the copy is not there";
            refuse(ErrorKind::Protocol, &node.uuid, message).with_maybe_applied(true)
        })
    }

    /// Copies under another name: into a folder of its own, where the copy can be renamed whatever is around it.
    async fn copy_aside(&self, node: &Known, to: &Place) -> Result<Known> {
        let aside = NewFolder::by_name(temporary_name(), &to.folder);
        let aside = match self.client.nodes().create_folder(&aside).await {
            Ok(aside) => Known::new(aside)?,
            Err(error) => return Err(self.explain(error, &to.folder).await),
        };
        let copied = async {
            let copy = self.copy_into(node, &aside.uuid).await?;
            self.rename(&copy.uuid, &to.name).await?;
            self.client.nodes().move_to(&copy.uuid, &target(&to.folder)).await?;
            Ok(copy.uuid)
        };
        let copied: Result<String> = copied.await;
        let cleaned = self.client.undocumented().delete_node(&aside.uuid).await;
        match (copied, cleaned) {
            (Ok(copy), Ok(())) => self.node(&copy).await.map_err(|error| error.with_maybe_applied(true)),
            (Err(error), Ok(())) => Err(error),
            (copied, Err(left)) => {
                let copied =
                    copied.map_or_else(|error| format!("the copy failed: {error}"), |_| "the copy is made".into());
                let message = format!("{copied}; the folder {:?} that it was made in is left behind", aside.name);
                Err(refuse(left.kind(), &node.uuid, message).with_maybe_applied(true).with_source(left))
            }
        }
    }
}

fn target(folder: &str) -> Target {
    Target::new().with_parent_uuid(folder)
}

/// The node that has the name, as the service tells it.
fn conflict(error: &Error) -> Option<crate::model::Node> {
    error.provider_error::<AcronisError>()?.conflict.as_deref().cloned()
}
