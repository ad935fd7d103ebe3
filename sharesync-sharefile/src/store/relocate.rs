//! Move and copy, in steps that replace nothing: one update with a new name and a new parent renames in the old folder
//! first and may replace an item there, and a copy keeps its name [inferred from other clients].

use async_trait::async_trait;
use sharesync_core::{
    Asked, Attempted as _, Destination, Error, ErrorKind, Item, ItemRef, Mover, NameRules, Operation, Purpose, Result,
    Spot, Temporary, TemporaryFolders, aside, relocate, travel,
};

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

    fn to(&self) -> Spot {
        Spot::new(self.parent.as_str(), self.name.as_str())
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

pub(super) async fn move_item(store: &ShareFileStore, item: &ItemRef, to: &Destination) -> Result<Item> {
    let journey = Journey::plan(store, Operation::Move, item, to).await?;
    let arrive = async {
        if journey.stays_in_folder() && journey.keeps_name() {
            return Ok(journey.item.clone());
        }
        journey.check_free(store, true).await?;
        let from = Spot::new(journey.from.as_str(), journey.item.name.as_str());
        relocate(&Moving { store, id: journey.id() }, &from, &journey.to()).await?;
        arrived(store, journey.id(), &journey).await
    };
    arrive.await.map_err(|error| journey.describe(Operation::Move, error))
}

/// The item at the end of its way.
async fn arrived(store: &ShareFileStore, id: &str, journey: &Journey) -> Result<Item> {
    let entity = store.items().get(id, translate::single()).await.after_write()?;
    let mut item = translate::item(&entity).after_write()?;
    Asked::named(&journey.name).within(&journey.parent).check(&item)?;
    item.parent = Some(journey.parent.as_str().into());
    Ok(item)
}

/// How one item is moved: by updates that replace nothing and change either the name or the folder.
struct Moving<'a> {
    store: &'a ShareFileStore,
    id: &'a str,
}

#[async_trait]
impl Mover for Moving<'_> {
    async fn step(&self, from: &Spot, to: &Spot) -> Result<Option<Spot>> {
        let stays = self.same_folder(&from.folder, &to.folder);
        let changes = if stays { named(&to.name) } else { moved(&to.folder) };
        let options = UpdateOptions::new().with_overwrite(false).with_force_sync(true).with_query(translate::single());
        let outcome = self.store.items().update(self.id, &changes, options).await?;
        let entity = self.store.settled(outcome).await?;
        Ok(entity.as_ref().and_then(spot))
    }

    async fn spot(&self, _: &Spot, _: &Spot) -> Result<Option<Spot>> {
        Ok(spot(&self.store.items().get(self.id, translate::single()).await?))
    }

    async fn is_free(&self, spot: &Spot) -> Result<bool> {
        Ok(self.store.child(&spot.folder, &spot.name).await?.is_none())
    }

    fn folders(&self) -> &dyn TemporaryFolders {
        self.store
    }

    fn rules(&self) -> &NameRules {
        &NAMES
    }

    fn same_folder(&self, one: &str, other: &str) -> bool {
        one.eq_ignore_ascii_case(other)
    }
}

/// Where an item is, if all of it is told.
fn spot(entity: &Entity) -> Option<Spot> {
    Some(Spot::new(entity.parent.as_ref()?.id().ok()?, entity.name.as_deref()?))
}

#[async_trait]
impl TemporaryFolders for ShareFileStore {
    async fn make(&self, parent: &str, name: &str) -> Result<String> {
        let folder = match new_folder(self.items(), parent, &named(name)).await {
            // The answer was lost. Nobody else makes a folder of this name.
            Err(error) if error.maybe_applied() => self.child(parent, name).await.after_write()?.ok_or(error)?,
            made => made?,
        };
        folder.id().map(str::to_owned).after_write()
    }

    async fn remove(&self, folder: &str) -> Result<()> {
        self.settled(by_id(self, folder).await?).await.map(drop)
    }
}

pub(super) async fn copy_item(store: &ShareFileStore, item: &ItemRef, to: &Destination) -> Result<Item> {
    let journey = Journey::plan(store, Operation::Copy, item, to).await?;
    let arrive = async {
        journey.check_free(store, false).await?;
        if journey.keeps_name() && !journey.stays_in_folder() {
            let mut copy = copy_into(store, &journey.item, &journey.parent).await?;
            copy.parent = Some(journey.parent.as_str().into());
            return Ok(copy);
        }
        let to = journey.to();
        aside(store, &Temporary::new(Purpose::Copy), &to.folder, |folder| async {
            let copy = copy_into(store, &journey.item, &folder).await?;
            let inside = Spot::new(folder, copy.name.as_str());
            let renamed = Spot::new(inside.folder.as_str(), to.name.as_str());
            travel(&Moving { store, id: copy.id.as_str() }, &inside, &[renamed, to.clone()]).await?;
            arrived(store, copy.id.as_str(), &journey).await
        })
        .await
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
        Err(error) if error.maybe_applied() && item.is_file() => {
            match store.child(folder, &item.name).await.after_write()? {
                Some(found) if has_content_of(&found, item)? => Some(found),
                Some(_) => return Err(error),
                None => store.settled(once().await?).await.after_write()?,
            }
        }
        copied => store.settled(copied?).await.after_write()?,
    };
    // The reference calls the answer the modified source object; other clients take it for the copy.
    let copy = match copied.filter(|answer| answer.id().is_ok_and(|id| id != item.id.as_str())) {
        Some(copy) => Some(copy),
        None => store.child(folder, &item.name).await.after_write()?,
    };
    let gone = || Error::new(ErrorKind::Protocol, "the copy is not where it was made").with_maybe_applied(true);
    let copy = translate::item(&copy.ok_or_else(gone)?).after_write()?;
    Asked::named(&item.name).within(folder).like(item).check(&copy)?;
    Ok(copy)
}

/// Whether it may be a copy of a file. What somebody else has put there meanwhile is none.
fn has_content_of(found: &Entity, file: &Item) -> Result<bool> {
    let found = translate::item(found)?;
    Ok(found.size == file.size && found.digests == file.digests)
}
