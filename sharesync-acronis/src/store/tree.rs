//! Changing the tree: create, move, copy, delete. The service has no names with conditions and no request that moves and
//! renames, so each is made of several; one that fails half-way is undone, or says what is left.

use async_trait::async_trait;
use sharesync_core::{
    Asked, Attempted as _, CreateFolderOptions, DeleteOptions, Destination, Error, ErrorKind, Item, ItemRef, Mover,
    NameRules, Operation, Purpose, Result, Revision, Spot, Temporary, TemporaryFolders, aside, relocate, travel,
};

use super::Inner;
use super::item::{Known, needed, refuse};
use crate::model::{NewFolder, NodeUpdate, Target};
use crate::{AcronisError, PROVIDER, ROOT};

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
                Ok(node) => {
                    let made = Known::new(node).after_write()?.into_item(&self.options.root);
                    Asked::named(name).folder().within(&parent).check(&made)?;
                    return Ok(made);
                }
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
        let from = Spot::new(needed(node.parent.as_deref(), "parent_uuid")?, node.name.as_str());
        relocate(&Moving { store: self, uuid: &node.uuid }, &from, &place).await?;
        Ok(self.node(&node.uuid).await.after_write()?.into_item(&self.options.root))
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
        match self.explain(error, &node.uuid).await {
            error if error.maybe_applied() && error.kind() == ErrorKind::NotFound => Ok(()),
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
    async fn place(&self, node: &Known, to: &Destination) -> Result<Spot> {
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
        Ok(Spot { folder, name: to.name.clone().unwrap_or_else(|| node.name.clone()) })
    }

    /// Copies under the same name. The answer does not say what the copy is, so it is looked up.
    async fn copy_into(&self, node: &Known, folder: &str) -> Result<Known> {
        self.client.nodes().copy(&node.uuid, &target(folder)).await?;
        let copy = self.child(folder, &node.name).await.after_write()?.ok_or_else(|| {
            let message = "the service says that it is copied, and the copy is not there";
            refuse(ErrorKind::Protocol, &node.uuid, message).with_maybe_applied(true)
        })?;
        let original = node.clone().into_item(&self.options.root);
        Asked::named(&node.name).like(&original).check(&copy.clone().into_item(&self.options.root))?;
        Ok(copy)
    }

    /// Copies under another name: in a folder of its own, where the copy can be renamed whatever is around it.
    async fn copy_aside(&self, node: &Known, to: &Spot) -> Result<Known> {
        aside(self, &Temporary::new(Purpose::Copy), &to.folder, |folder| async move {
            let copy = self.copy_into(node, &folder).await?;
            let inside = Spot::new(folder, copy.name);
            let renamed = Spot::new(inside.folder.as_str(), to.name.as_str());
            travel(&Moving { store: self, uuid: &copy.uuid }, &inside, &[renamed, to.clone()]).await?;
            self.node(&copy.uuid).await.after_write()
        })
        .await
    }
}

/// How a node is moved. The service has no request that moves and renames, and answers neither with what there is then.
struct Moving<'a> {
    store: &'a Inner,
    uuid: &'a str,
}

#[async_trait]
impl Mover for Moving<'_> {
    async fn step(&self, from: &Spot, to: &Spot) -> Result<Option<Spot>> {
        let nodes = self.store.client.nodes();
        if from.folder == to.folder {
            nodes.update(self.uuid, &NodeUpdate::new().with_name(to.name.as_str())).await?;
        } else {
            nodes.move_to(self.uuid, &target(&to.folder)).await?;
        }
        Ok(None)
    }

    async fn spot(&self, _: &Spot, _: &Spot) -> Result<Option<Spot>> {
        let node = self.store.node(self.uuid).await?;
        Ok(Some(Spot::new(needed(node.parent.as_deref(), "parent_uuid")?, node.name.as_str())))
    }

    async fn is_free(&self, spot: &Spot) -> Result<bool> {
        Ok(self.store.child(&spot.folder, &spot.name).await?.is_none())
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
        match self.client.nodes().create_folder(&NewFolder::by_name(name, parent)).await {
            Ok(node) => Ok(Known::new(node).after_write()?.uuid),
            Err(error) if error.maybe_applied() => Ok(self.child(parent, name).await.after_write()?.ok_or(error)?.uuid),
            Err(error) => Err(self.explain(error, parent).await),
        }
    }

    async fn remove(&self, folder: &str) -> Result<()> {
        self.client.undocumented().delete_node(folder).await
    }
}

fn target(folder: &str) -> Target {
    Target::new().with_parent_uuid(folder)
}

/// The node that has the name, as the service tells it.
fn conflict(error: &Error) -> Option<crate::model::Node> {
    error.provider_error::<AcronisError>()?.conflict.as_deref().cloned()
}
