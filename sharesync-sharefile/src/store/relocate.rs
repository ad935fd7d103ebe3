//! Move and copy. One update with a new name and a new parent renames in the old folder first and may replace an item
//! there, and a copy keeps the name [inferred from other clients]: both are done in steps that replace nothing.

use sharesync_core::{Destination, Error, ErrorKind, Item, ItemRef, Operation, Result};

use super::{NAMES, ShareFileStore, translate};
use crate::model::Item as Entity;
use crate::{CopyOptions, CreateFolderOptions, DeleteOptions, PROVIDER, UpdateOptions};

/// An item, and where it is to be.
struct Journey {
    item: Item,
    from: String,
    parent: String,
    name: String,
}

impl Journey {
    async fn plan(store: &ShareFileStore, item: &ItemRef, to: &Destination) -> Result<Self> {
        if let Some(name) = &to.name {
            NAMES.check(name)?;
        }
        let item = translate::item(store.entity(item).await?)?;
        let from = item.parent.as_ref().map(ToString::to_string);
        let from = from.ok_or_else(|| Error::new(ErrorKind::InvalidInput, "the root of the account stays where it is"))?;
        let parent = match &to.parent {
            Some(ItemRef::Id(id)) => id.to_string(),
            // An alias is not the identifier that items name as their parent.
            Some(other) => store.entity(other).await?.id()?.to_owned(),
            None => from.clone(),
        };
        let name = to.name.clone().unwrap_or_else(|| item.name.clone());
        Ok(Self { item, from, parent, name })
    }

    fn stays_in_folder(&self) -> bool {
        self.from.eq_ignore_ascii_case(&self.parent)
    }

    fn id(&self) -> &str {
        self.item.id.as_str()
    }

    /// Fails when something else has the name at the destination.
    async fn check_free(&self, store: &ShareFileStore, itself_may: bool) -> Result<()> {
        match store.child(&self.parent, &self.name).await? {
            Some(taken) if !(itself_may && taken.id()? == self.id()) => {
                Err(Error::new(ErrorKind::AlreadyExists, format!("{:?} is in the folder already", self.name)))
            }
            _ => Ok(()),
        }
    }

    fn describe(&self, error: Error, operation: Operation) -> Error {
        let error = error.with_provider(PROVIDER);
        let error = if error.operation().is_none() { error.with_operation(operation.name()) } else { error };
        if error.subject().is_none() { error.with_subject(&self.item.id) } else { error }
    }
}

fn named(name: &str) -> Entity {
    Entity::new().with_name(name).with_file_name(name)
}

impl ShareFileStore {
    /// One update that replaces nothing; the item afterwards.
    async fn change(&self, id: &str, changes: Entity) -> Result<Item> {
        let options = UpdateOptions::new().with_overwrite(false).with_force_sync(true);
        let outcome = self.0.items.update(id, &changes, options).await?;
        self.settled(outcome).await?;
        translate::item(self.0.items.get(id, translate::query()).await?)
    }
}

fn temporary_name() -> String {
    format!("sharesync-{:016x}", fastrand::u64(..))
}

pub(super) async fn move_item(store: &ShareFileStore, item: &ItemRef, to: &Destination) -> Result<Item> {
    let journey = Journey::plan(store, item, to).await?;
    let moved = match (journey.stays_in_folder(), journey.name == journey.item.name) {
        (true, true) => return Ok(journey.item),
        (stays, same_name) => {
            let free = journey.check_free(store, true).await;
            match free {
                Err(error) => Err(error),
                Ok(()) if stays => store.change(journey.id(), named(&journey.name)).await,
                Ok(()) if same_name => store.change(journey.id(), Entity::new().with_parent(&journey.parent)).await,
                Ok(()) => move_and_rename(store, &journey).await,
            }
        }
    };
    moved.map_err(|error| journey.describe(error, Operation::Move))
}

/// Renames to a name that nothing has, moves, renames to the final name; on failure back the same way.
async fn move_and_rename(store: &ShareFileStore, journey: &Journey) -> Result<Item> {
    let (id, original) = (journey.id(), journey.item.name.as_str());
    store.change(id, named(&temporary_name())).await?;
    let undo_name = async |error: Error| undone(error, store.change(id, named(original)).await);
    if let Err(error) = store.change(id, Entity::new().with_parent(&journey.parent)).await {
        return Err(undo_name(error).await);
    }
    match store.change(id, named(&journey.name)).await {
        Ok(moved) => Ok(moved),
        Err(error) => match store.change(id, Entity::new().with_parent(&journey.from)).await {
            Ok(_) => Err(undo_name(error).await),
            failed => Err(undone(error, failed)),
        },
    }
}

/// The error of a failed step, which says so when it could not be undone.
fn undone(error: Error, undo: Result<Item>) -> Error {
    match undo {
        Ok(_) => error,
        Err(why) => {
            let message = format!("{error}; and it is left half-way under a temporary name, because {why}");
            Error::new(error.kind(), message).with_maybe_applied(true).with_source(error)
        }
    }
}

pub(super) async fn copy_item(store: &ShareFileStore, item: &ItemRef, to: &Destination) -> Result<Item> {
    let journey = Journey::plan(store, item, to).await?;
    let copied = match journey.check_free(store, false).await {
        Err(error) => Err(error),
        Ok(()) if journey.name == journey.item.name && !journey.stays_in_folder() => {
            copy_into(store, journey.id(), &journey.item.name, &journey.parent).await
        }
        Ok(()) => copy_by_detour(store, &journey).await,
    };
    copied.map_err(|error| journey.describe(error, Operation::Copy))
}

/// Copies under the same name.
async fn copy_into(store: &ShareFileStore, id: &str, name: &str, folder: &str) -> Result<Item> {
    let outcome = store.0.items.copy(id, folder, CopyOptions::new().with_overwrite(false)).await?;
    store.settled(outcome).await?;
    let copy = store.child(folder, name).await?;
    translate::item(copy.ok_or_else(|| Error::new(ErrorKind::Protocol, "the copy is not where it was made"))?)
}

/// Copies into a folder made for it, renames there, moves out, and removes the folder whatever happens.
async fn copy_by_detour(store: &ShareFileStore, journey: &Journey) -> Result<Item> {
    let folder = Entity::new().with_name(temporary_name());
    let never_replace = CreateFolderOptions::new().with_overwrite(false);
    let detour = store.0.items.create_folder(&journey.parent, &folder, never_replace).await?.id()?.to_owned();
    let copied = async {
        let copy = copy_into(store, journey.id(), &journey.item.name, &detour).await?;
        if copy.name != journey.name {
            store.change(copy.id.as_str(), named(&journey.name)).await?;
        }
        store.change(copy.id.as_str(), Entity::new().with_parent(&journey.parent)).await
    }
    .await;
    let removed = store.0.items.delete(&detour, DeleteOptions::new().with_force_sync(true)).await;
    if let Err(error) = removed {
        tracing::warn!(%error, folder = detour, "a temporary folder could not be removed");
    }
    copied
}
