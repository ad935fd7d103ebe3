//! Move and copy, in steps that replace nothing: one update with a new name and a new parent renames in the old folder
//! first and may replace an item there, and a copy keeps its name [inferred from other clients].

use sharesync_core::{Destination, Error, ErrorKind, Item, ItemRef, Operation, Result, temporary_name};

use super::change::{by_id, new_folder};
use super::locate::{NAMES, check_name, failure};
use super::{ShareFileStore, translate};
use crate::model::Item as Entity;
use crate::{CopyOptions, PROVIDER, UpdateOptions};

/// An item, and where it is to be.
struct Journey {
    item: Item,
    from: String,
    parent: String,
    name: String,
}

impl Journey {
    async fn plan(store: &ShareFileStore, operation: Operation, item: &ItemRef, to: &Destination) -> Result<Self> {
        if let Some(name) = &to.name {
            check_name(operation, name)?;
        }
        let found = store.find(item).await?;
        let from = found.parent.as_ref().filter(|_| !matches!(item, ItemRef::Root)).map(ToString::to_string);
        if from.is_none() || store.is_root(&ItemRef::from(&found)).await? {
            let why = "the root of the store stays what it is";
            return Err(failure(operation, ErrorKind::InvalidInput, why).with_subject(item));
        }
        let from = from.unwrap_or_default();
        let parent = match &to.parent {
            Some(target) => Self::target(store, operation, &found, target).await?,
            None => from.clone(),
        };
        let name = to.name.clone().unwrap_or_else(|| found.name.clone());
        Ok(Self { item: found, from, parent, name })
    }

    /// The identifier of the folder to go to. A folder does not go into itself.
    async fn target(store: &ShareFileStore, operation: Operation, item: &Item, target: &ItemRef) -> Result<String> {
        if let (ItemRef::Id(id), false) = (target, item.is_folder()) {
            return Ok(id.to_string());
        }
        let target = store.entity(target).await?;
        let id = target.id()?;
        let above = target.path.as_deref().unwrap_or_default().split('/').chain([id]);
        if item.is_folder() && above.into_iter().any(|folder| folder.eq_ignore_ascii_case(item.id.as_str())) {
            let why = "a folder cannot be inside itself";
            return Err(failure(operation, ErrorKind::Conflict, why).with_subject(&item.id));
        }
        Ok(id.to_owned())
    }

    fn id(&self) -> &str {
        self.item.id.as_str()
    }

    fn stays_in_folder(&self) -> bool {
        self.from.eq_ignore_ascii_case(&self.parent)
    }

    fn keeps_name(&self) -> bool {
        self.name == self.item.name
    }

    /// Fails when something else has the name at the destination.
    async fn check_free(&self, store: &ShareFileStore, itself_may: bool) -> Result<()> {
        match store.child(&self.parent, &self.name).await? {
            Some(taken) if !(itself_may && taken.id()? == self.id()) => {
                Err(Error::new(ErrorKind::AlreadyExists, format!("the folder has an item {:?}", self.name)))
            }
            _ => Ok(()),
        }
    }

    fn describe(&self, operation: Operation, error: Error) -> Error {
        let error = error.with_provider(PROVIDER).with_subject(&self.item.id);
        if error.operation().is_none() { error.with_operation(operation.name()) } else { error }
    }
}

fn named(name: &str) -> Entity {
    Entity::new().with_name(name).with_file_name(name)
}

fn moved(parent: &str) -> Entity {
    Entity::new().with_parent(parent)
}

/// One update that replaces nothing; the item afterwards.
async fn change(store: &ShareFileStore, id: &str, changes: Entity) -> Result<Item> {
    let options = UpdateOptions::new().with_overwrite(false).with_force_sync(true).with_query(translate::single());
    let outcome = store.items().update(id, &changes, options).await?;
    match store.settled(outcome).await? {
        Some(entity) => translate::item(&entity),
        None => translate::item(&store.items().get(id, translate::single()).await?),
    }
}

pub(super) async fn move_item(store: &ShareFileStore, item: &ItemRef, to: &Destination) -> Result<Item> {
    let journey = Journey::plan(store, Operation::Move, item, to).await?;
    let arrive = async {
        match (journey.stays_in_folder(), journey.keeps_name()) {
            (true, true) => return Ok(journey.item.clone()),
            _ => journey.check_free(store, true).await?,
        }
        let mut item = match (journey.stays_in_folder(), journey.keeps_name()) {
            (true, _) => rename(store, &journey).await?,
            (_, true) => change(store, journey.id(), moved(&journey.parent)).await?,
            _ => move_and_rename(store, &journey).await?,
        };
        item.parent = Some(journey.parent.as_str().into());
        Ok(item)
    };
    arrive.await.map_err(|error| journey.describe(Operation::Move, error))
}

/// Renames. Where a name that differs in case alone counts as taken, by the item itself, it goes by another name.
async fn rename(store: &ShareFileStore, journey: &Journey) -> Result<Item> {
    let (id, original) = (journey.id(), journey.item.name.as_str());
    match change(store, id, named(&journey.name)).await {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && NAMES.same(original, &journey.name) => {}
        renamed => return renamed,
    }
    change(store, id, named(&temporary_name())).await?;
    match change(store, id, named(&journey.name)).await {
        Err(error) => Err(undone(error, change(store, id, named(original)).await)),
        renamed => renamed,
    }
}

/// Renames to a name that nothing has, moves, renames to the final name; on failure back the same way.
async fn move_and_rename(store: &ShareFileStore, journey: &Journey) -> Result<Item> {
    let (id, original) = (journey.id(), journey.item.name.as_str());
    change(store, id, named(&temporary_name())).await?;
    let error = match change(store, id, moved(&journey.parent)).await {
        Ok(_) => match change(store, id, named(&journey.name)).await {
            Ok(arrived) => return Ok(arrived),
            Err(error) => match change(store, id, moved(&journey.from)).await {
                Ok(_) => error,
                stuck => return Err(undone(error, stuck)),
            },
        },
        Err(error) => error,
    };
    Err(undone(error, change(store, id, named(original)).await))
}

/// The error of a failed step, which says so when it could not be undone.
fn undone(error: Error, undo: Result<Item>) -> Error {
    match undo {
        Ok(_) => error,
        Err(why) => {
            let message = format!("{error}; moreover the item is left half-way under a temporary name: {why}");
            Error::new(error.kind(), message).with_maybe_applied(true).with_source(error)
        }
    }
}

pub(super) async fn copy_item(store: &ShareFileStore, item: &ItemRef, to: &Destination) -> Result<Item> {
    let journey = Journey::plan(store, Operation::Copy, item, to).await?;
    let arrive = async {
        journey.check_free(store, false).await?;
        let mut copy = if journey.keeps_name() && !journey.stays_in_folder() {
            copy_into(store, &journey.item, &journey.parent).await?
        } else {
            Box::pin(copy_by_detour(store, &journey)).await?
        };
        copy.parent = Some(journey.parent.as_str().into());
        Ok(copy)
    };
    arrive.await.map_err(|error| journey.describe(Operation::Copy, error))
}

/// Copies under the same name into a folder that has nothing of this name.
async fn copy_into(store: &ShareFileStore, item: &Item, folder: &str) -> Result<Item> {
    let once = || {
        let options = CopyOptions::new().with_overwrite(false).with_query(translate::single());
        store.items().copy(item.id.as_str(), folder, options)
    };
    let copied = match once().await {
        // The answer was lost. Of a folder nobody knows whether all of it was copied.
        Err(error) if error.maybe_applied() && item.is_file() => match store.child(folder, &item.name).await? {
            Some(found) if has_content_of(&found, item)? => Some(found),
            Some(_) => return Err(error),
            None => store.settled(once().await?).await?,
        },
        copied => store.settled(copied?).await?,
    };
    // The reference calls the answer the modified source object; other clients take it for the copy.
    let copy = match copied.filter(|answer| answer.id().is_ok_and(|id| id != item.id.as_str())) {
        Some(copy) => Some(copy),
        None => store.child(folder, &item.name).await?,
    };
    let gone = || Error::new(ErrorKind::Protocol, "the copy is not where it was made");
    translate::item(&copy.ok_or_else(gone)?)
}

/// Whether it may be a copy of a file. What somebody else has put there meanwhile is none.
fn has_content_of(found: &Entity, file: &Item) -> Result<bool> {
    let found = translate::item(found)?;
    Ok(found.size == file.size && found.digests == file.digests)
}

/// Copies into a folder made for it, renames there, moves out, and removes the folder whatever happens.
async fn copy_by_detour(store: &ShareFileStore, journey: &Journey) -> Result<Item> {
    let name = temporary_name();
    let folder = match new_folder(store.items(), &journey.parent, &named(&name)).await {
        // The answer was lost. Nobody else makes a folder of this name.
        Err(error) if error.maybe_applied() => store.child(&journey.parent, &name).await?.ok_or(error)?,
        made => made?,
    };
    let detour = folder.id()?;
    let arrive = async {
        let copy = copy_into(store, &journey.item, detour).await?;
        if !journey.keeps_name() {
            change(store, copy.id.as_str(), named(&journey.name)).await?;
        }
        change(store, copy.id.as_str(), moved(&journey.parent)).await
    };
    let copied = arrive.await;
    let removed = async { store.settled(by_id(store, detour).await?).await };
    if let Err(error) = removed.await {
        tracing::warn!(%error, folder = detour, "a temporary folder could not be removed");
    }
    copied
}
