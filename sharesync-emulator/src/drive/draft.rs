//! How the tree is changed at all: every mutation is planned as a [`Draft`] against the tree as it is, and then applied whole by
//! [`Drive::commit`]. What the mutations are is in `changing`, `moving`, `bin` and `links`.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use jiff::Timestamp;

use super::changing::OnConflict;
use super::error::DriveError;
use super::ids::{ItemId, UserId};
use super::item::{Deletion, Item, Kind, Role};
use super::record::{Change, ChangeKind, Record};
use super::tree::Tree;
use super::{Drive, Entry};
use crate::recorder;

/// A mutation being planned: sees the tree as it is, collects what is to become of it.
pub(super) struct Draft<'a> {
    pub(super) tree: &'a Tree,
    pub(super) record: Record,
    pub(super) at: Timestamp,
    pub(super) by: UserId,
    next_id: u64,
}

impl Drive {
    /// Plans and applies one mutation. The tree is locked for as long as that takes; nothing in it waits for a disk.
    pub(super) fn commit<T>(
        &self,
        by: UserId,
        plan: impl FnOnce(&mut Draft<'_>) -> Result<T, DriveError>,
    ) -> Result<T, DriveError> {
        self.commit_and_read(by, plan, |_, value| value)
    }

    /// As [`Drive::commit`], for a plan that ends with an item; what is returned is the item as this mutation left it.
    pub(super) fn commit_item(
        &self,
        by: UserId,
        plan: impl FnOnce(&mut Draft<'_>) -> Result<ItemId, DriveError>,
    ) -> Result<Entry, DriveError> {
        self.commit_and_read(by, plan, |tree, id| tree.item(id).map(|item| tree.entry(item.clone())))?
            .ok_or(DriveError::NotFound)
    }

    /// Reads before anything else can change.
    fn commit_and_read<T, R>(
        &self,
        by: UserId,
        plan: impl FnOnce(&mut Draft<'_>) -> Result<T, DriveError>,
        read: impl FnOnce(&Tree, T) -> R,
    ) -> Result<R, DriveError> {
        let mut tree = self.inner.tree.write().unwrap_or_else(PoisonError::into_inner);
        let next_id = tree.highest_id() + 1;
        let mut draft = Draft { tree: &tree, record: Record::default(), at: Self::now(), by, next_id };
        let value = plan(&mut draft)?;
        let record = draft.record;
        tree.apply(&record);
        if let Some(request) = recorder::current().filter(|_| record.changes_something()) {
            request.set_applied();
        }
        let read = read(&tree, value);
        let garbage = tree.take_garbage();
        self.inner.grown.send_replace(tree.log().len() as u64);
        if let Some(journal) = &self.inner.journal {
            journal.append(record);
            self.inner.committed.fetch_add(1, Ordering::Release);
            self.inner.doomed.lock().unwrap_or_else(PoisonError::into_inner).extend(garbage);
        } else {
            drop(tree);
            garbage.into_iter().for_each(|part| self.inner.store.remove(part));
        }
        Ok(read)
    }
}

impl Draft<'_> {
    pub(super) fn new_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    /// The item, which must not lie in the bin.
    pub(super) fn live(&self, id: ItemId) -> Result<Arc<Item>, DriveError> {
        let item = self.tree.item(id).ok_or(DriveError::NotFound)?;
        let deleted = item.deleted.is_some() || self.tree.ancestors(item).iter().any(|above| above.deleted.is_some());
        if deleted { Err(DriveError::NotFound) } else { Ok(item.clone()) }
    }

    pub(super) fn live_folder(&self, id: ItemId) -> Result<Arc<Item>, DriveError> {
        let item = self.live(id)?;
        if item.is_folder() { Ok(item) } else { Err(DriveError::NotAFolder) }
    }

    /// A live item that nobody else has locked.
    pub(super) fn unlocked(&self, id: ItemId) -> Result<Arc<Item>, DriveError> {
        let item = self.live(id)?;
        let locked = item.lock.as_ref().is_some_and(|lock| lock.owner != self.by);
        if locked { Err(DriveError::Locked) } else { Ok(item) }
    }

    /// A live item that is not one of the drive's own folders.
    pub(super) fn movable(&self, id: ItemId) -> Result<Arc<Item>, DriveError> {
        let item = self.unlocked(id)?;
        if item.role() == Role::Plain { Ok(item) } else { Err(DriveError::Protected) }
    }

    pub(super) fn free(&self, parent: ItemId, name: &str) -> Result<(), DriveError> {
        match self.tree.child(parent, name) {
            Some(holder) => Err(DriveError::NameTaken { holder: holder.id }),
            None => Ok(()),
        }
    }

    pub(super) fn blank(&mut self, parent: ItemId, name: Arc<str>, kind: Kind) -> Item {
        Item {
            id: ItemId(self.new_id()),
            parent: Some(parent),
            name,
            kind,
            description: None,
            creator: self.by,
            created: self.at,
            modified: self.at,
            revision: 0,
            client_created: None,
            client_modified: None,
            expires: None,
            deleted: None,
            lock: None,
        }
    }

    pub(super) fn put(&mut self, item: Item, kind: ChangeKind, from: Option<ItemId>) -> ItemId {
        let id = item.id;
        let item = Item { modified: self.at, revision: item.revision + 1, ..item };
        self.record.changes.push(Change::new(kind, &item, self.at, self.by, from));
        self.record.items.push(Arc::new(item));
        id
    }

    /// Puts an item into the recycle bin.
    pub(super) fn bin(&mut self, item: &Item) -> ItemId {
        let deleted = Some(Deletion { at: self.at, by: self.by });
        self.put(Item { deleted, lock: None, ..item.clone() }, ChangeKind::Deleted, None)
    }

    /// `name (1).ext`, or the next number that is free.
    pub(super) fn free_name(&self, holder: &Item, parent: ItemId) -> Arc<str> {
        let (stem, extension) = match holder.name.rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() && holder.is_file() => (stem, format!(".{extension}")),
            _ => (&*holder.name, String::new()),
        };
        let mut number = 1u64;
        loop {
            let name = format!("{stem} ({number}){extension}");
            if self.free(parent, &name).is_ok() {
                return name.into();
            }
            number += 1;
        }
    }

    /// Sees to it that the item's name is free in the item's folder.
    pub(super) fn make_room(&mut self, item: &mut Item, on_conflict: OnConflict) -> Result<(), DriveError> {
        let Some(parent) = item.parent else {
            return Err(DriveError::Protected);
        };
        let Some(holder) = self.tree.child(parent, &item.name).filter(|holder| holder.id != item.id).cloned() else {
            return Ok(());
        };
        match on_conflict {
            OnConflict::Fail => return Err(DriveError::NameTaken { holder: holder.id }),
            OnConflict::Rename => item.name = self.free_name(&holder, parent),
            OnConflict::Replace => {
                let holder = self.movable(holder.id)?;
                self.bin(&holder);
            }
        }
        Ok(())
    }
}
