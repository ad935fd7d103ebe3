//! What changes the tree: making, uploading, updating and copying items. The recycle bin is in `bin`, links and users in `links`.
//! Every mutation is planned against the tree as it is, and then applied whole: see [`Drive::commit`].

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;

use super::content::Content;
use super::error::DriveError;
use super::ids::{ItemId, UserId, VersionId};
use super::item::{Deletion, Item, Kind, Role, Version};
use super::names;
use super::record::{Change, ChangeKind, Record};
use super::tree::Tree;
use super::{Drive, Entry};

/// What to do when a name is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnConflict {
    /// Refuse.
    #[default]
    Fail,
    /// A file becomes a new version of the file that is there; anything else moves what is there to the recycle bin.
    Replace,
    /// Take a free name close to the wanted one.
    Rename,
}

/// A folder, note or link to be made.
#[derive(Debug, Clone, Default)]
pub struct NewFolder {
    /// Free text.
    pub description: Option<Arc<str>>,
    /// A storage zone.
    pub zone: Option<Arc<str>>,
    /// When it is to expire.
    pub expires: Option<Timestamp>,
    /// Creation time in the client's file system.
    pub client_created: Option<Timestamp>,
    /// Modification time in the client's file system.
    pub client_modified: Option<Timestamp>,
}

/// A file to be put into a folder.
#[derive(Debug, Clone)]
pub struct FileUpload {
    /// The folder.
    pub parent: ItemId,
    /// The name.
    pub name: Arc<str>,
    /// The bytes.
    pub content: Content,
    /// Free text; `None` keeps what is there.
    pub description: Option<Arc<str>>,
    /// Creation time in the client's file system.
    pub client_created: Option<Timestamp>,
    /// Modification time in the client's file system.
    pub client_modified: Option<Timestamp>,
    /// When it is to expire; `None` keeps what is there.
    pub expires: Option<Timestamp>,
    /// What to do when the name is taken.
    pub on_conflict: OnConflict,
}

/// What is to be different about an item; `None` leaves it.
#[derive(Debug, Clone, Default)]
pub struct ItemPatch {
    /// Another name.
    pub name: Option<Arc<str>>,
    /// Another folder.
    pub parent: Option<ItemId>,
    /// Another text.
    pub description: Option<Arc<str>>,
    /// Another end, or none.
    pub expires: Option<Option<Timestamp>>,
    /// Another modification time in the client's file system.
    pub client_modified: Option<Timestamp>,
    /// Another target of a link.
    pub uri: Option<Arc<str>>,
    /// What to do when the name is taken in the folder where the item ends up.
    pub on_conflict: OnConflict,
}

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
        let mut tree = self.inner.tree.write().unwrap_or_else(PoisonError::into_inner);
        let next_id = tree.highest_id() + 1;
        let mut draft = Draft {
            tree: &tree,
            record: Record::default(),
            at: Self::now(),
            by,
            next_id,
        };
        let value = plan(&mut draft)?;
        let record = draft.record;
        tree.apply(&record);
        let garbage = tree.take_garbage();
        if let Some(journal) = &self.inner.journal {
            journal.append(record);
            self.inner.committed.fetch_add(1, Ordering::Release);
            self.inner
                .doomed
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .extend(garbage);
        } else {
            drop(tree);
            garbage.into_iter().for_each(|part| self.inner.store.remove(part));
        }
        Ok(value)
    }

    /// As [`Drive::commit`], for a plan that ends with an item.
    pub(super) fn commit_item(
        &self,
        by: UserId,
        plan: impl FnOnce(&mut Draft<'_>) -> Result<ItemId, DriveError>,
    ) -> Result<Entry, DriveError> {
        let id = self.commit(by, plan)?;
        self.item(id).ok_or(DriveError::NotFound)
    }

    /// Makes a folder.
    ///
    /// # Errors
    /// When the parent cannot hold it, or the name is bad or taken.
    pub fn create_folder(
        &self,
        by: UserId,
        parent: ItemId,
        name: &str,
        new: NewFolder,
    ) -> Result<Entry, DriveError> {
        let kind = Kind::Folder {
            role: Role::Plain,
            zone: new.zone.clone(),
        };
        self.create(by, parent, name, kind, new)
    }

    /// Makes a folder, note or link. Files come by [`Drive::put_file`].
    ///
    /// # Errors
    /// When the parent cannot hold it, or the name is bad or taken.
    pub fn create(
        &self,
        by: UserId,
        parent: ItemId,
        name: &str,
        kind: Kind,
        new: NewFolder,
    ) -> Result<Entry, DriveError> {
        self.commit_item(by, |draft| {
            draft.live_folder(parent)?;
            names::check(name)?;
            draft.free(parent, name)?;
            let item = Item {
                description: new.description,
                expires: new.expires,
                client_created: new.client_created,
                client_modified: new.client_modified,
                ..draft.blank(parent, name.into(), kind)
            };
            Ok(draft.put(item, ChangeKind::Created, None))
        })
    }

    /// Puts a file into a folder: a new item, or a new version of the file that has the name.
    ///
    /// # Errors
    /// When the folder cannot hold it, the name is bad, or taken and not to be replaced. The content is then discarded.
    pub fn put_file(&self, by: UserId, file: FileUpload) -> Result<Entry, DriveError> {
        let content = file.content.clone();
        let put = self.commit_item(by, |draft| draft.put_file(file));
        if put.is_err() {
            self.discard(&content);
        }
        put
    }

    /// Puts bytes into a folder as a file, replacing what has the name. For preparing a drive; blocks while a disk is written.
    ///
    /// # Errors
    /// As [`Drive::put_file`].
    pub fn put_bytes(
        &self,
        by: UserId,
        parent: ItemId,
        name: &str,
        data: impl Into<Bytes>,
    ) -> Result<Entry, DriveError> {
        let content = self.store_now(data.into())?;
        let at = Self::now();
        let file = FileUpload {
            parent,
            name: name.into(),
            content,
            description: None,
            client_created: Some(at),
            client_modified: Some(at),
            expires: None,
            on_conflict: OnConflict::Replace,
        };
        self.put_file(by, file)
    }

    /// Changes what an item is called, where it is, and its properties.
    ///
    /// # Errors
    /// When the item is not there or fixed, or its new place refuses it.
    pub fn update(&self, by: UserId, id: ItemId, patch: ItemPatch) -> Result<Entry, DriveError> {
        self.commit_item(by, |draft| draft.update(id, patch))
    }

    /// Copies an item with all below it into a folder, under its own name. Of files only the newest version is copied.
    ///
    /// # Errors
    /// When the target cannot hold it, or its name is taken and not to be replaced.
    pub fn copy(
        &self,
        by: UserId,
        id: ItemId,
        target: ItemId,
        on_conflict: OnConflict,
    ) -> Result<Entry, DriveError> {
        self.commit_item(by, |draft| draft.copy(id, target, on_conflict))
    }

    /// Locks a file for a user, or gives the lock back.
    ///
    /// # Errors
    /// When it is not a file or another user has it locked.
    pub fn set_lock(&self, by: UserId, id: ItemId, locked: bool) -> Result<Entry, DriveError> {
        self.commit_item(by, |draft| {
            let item = draft.unlocked(id)?;
            if !item.is_file() {
                return Err(DriveError::NotAFile);
            }
            let lock = locked.then_some(super::item::Lock {
                owner: by,
                since: draft.at,
            });
            Ok(draft.put(
                Item {
                    lock,
                    ..(*item).clone()
                },
                ChangeKind::Properties,
                None,
            ))
        })
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
        let deleted = item.deleted.is_some()
            || self
                .tree
                .ancestors(item)
                .iter()
                .any(|above| above.deleted.is_some());
        if deleted {
            Err(DriveError::NotFound)
        } else {
            Ok(item.clone())
        }
    }

    pub(super) fn live_folder(&self, id: ItemId) -> Result<Arc<Item>, DriveError> {
        let item = self.live(id)?;
        if item.is_folder() {
            Ok(item)
        } else {
            Err(DriveError::NotAFolder)
        }
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
        if item.role() == Role::Plain {
            Ok(item)
        } else {
            Err(DriveError::Protected)
        }
    }

    fn free(&self, parent: ItemId, name: &str) -> Result<(), DriveError> {
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
            client_created: None,
            client_modified: None,
            expires: None,
            deleted: None,
            lock: None,
        }
    }

    pub(super) fn put(&mut self, item: Item, kind: ChangeKind, from: Option<ItemId>) -> ItemId {
        let id = item.id;
        let item = Item {
            modified: self.at,
            ..item
        };
        self.record.changes.push(Change {
            sequence: 0,
            at: self.at,
            by: self.by,
            kind,
            item: id,
            name: item.name.clone(),
            parent: item.parent,
            from,
        });
        self.record.items.push(Arc::new(item));
        id
    }

    /// Puts an item into the recycle bin.
    pub(super) fn bin(&mut self, item: &Item) -> ItemId {
        let deleted = Some(Deletion {
            at: self.at,
            by: self.by,
        });
        self.put(
            Item {
                deleted,
                lock: None,
                ..item.clone()
            },
            ChangeKind::Deleted,
            None,
        )
    }

    fn put_file(&mut self, file: FileUpload) -> Result<ItemId, DriveError> {
        self.live_folder(file.parent)?;
        names::check(&file.name)?;
        let holder = self.tree.child(file.parent, &file.name).cloned();
        let version = Arc::new(Version {
            id: VersionId(self.new_id()),
            content: file.content,
            creator: self.by,
            created: self.at,
            client_created: file.client_created,
            client_modified: file.client_modified,
        });
        let (mut item, kind) = match (holder, file.on_conflict) {
            (None, _) => (
                self.blank(file.parent, file.name, file_kind(version)),
                ChangeKind::Created,
            ),
            (Some(holder), OnConflict::Rename) => {
                let name = self.free_name(&holder, file.parent);
                (
                    self.blank(file.parent, name, file_kind(version)),
                    ChangeKind::Created,
                )
            }
            (Some(holder), OnConflict::Replace) if holder.is_file() => {
                let holder = self.unlocked(holder.id)?;
                let versions = holder.versions().iter().cloned().chain([version]).collect();
                (
                    Item {
                        name: file.name,
                        kind: Kind::File { versions },
                        ..(*holder).clone()
                    },
                    ChangeKind::Content,
                )
            }
            (Some(holder), _) => return Err(DriveError::NameTaken { holder: holder.id }),
        };
        item.client_created = file.client_created;
        item.client_modified = file.client_modified;
        item.description = file.description.or(item.description);
        item.expires = file.expires.or(item.expires);
        Ok(self.put(item, kind, None))
    }

    /// `name (1).ext`, or the next number that is free.
    fn free_name(&self, holder: &Item, parent: ItemId) -> Arc<str> {
        let (stem, extension) = match holder.name.rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() && holder.is_file() => {
                (stem, format!(".{extension}"))
            }
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

    fn update(&mut self, id: ItemId, patch: ItemPatch) -> Result<ItemId, DriveError> {
        let renames = patch.name.is_some() || patch.parent.is_some();
        let old = if renames {
            self.movable(id)?
        } else {
            self.unlocked(id)?
        };
        let mut item = (*old).clone();
        item.name = patch.name.unwrap_or(item.name);
        item.description = patch.description.or(item.description);
        item.expires = patch.expires.unwrap_or(item.expires);
        item.client_modified = patch.client_modified.or(item.client_modified);
        if let (Kind::Link { uri }, Some(new)) = (&mut item.kind, patch.uri) {
            *uri = new;
        }
        if let Some(parent) = patch.parent {
            self.live_folder(parent)?;
            self.not_into_itself(id, parent)?;
            item.parent = Some(parent);
        }
        if renames {
            names::check(&item.name)?;
            self.make_room(&mut item, patch.on_conflict)?;
        }
        let moved = item.parent != old.parent;
        let kind = match (item.name != old.name, moved) {
            (true, _) => ChangeKind::Renamed,
            (false, true) => ChangeKind::Moved,
            (false, false) => ChangeKind::Properties,
        };
        let from = old.parent.filter(|_| moved);
        Ok(self.put(item, kind, from))
    }

    fn not_into_itself(&self, id: ItemId, parent: ItemId) -> Result<(), DriveError> {
        let inside = |target: &Arc<Item>| self.tree.ancestors(target).iter().any(|above| above.id == id);
        if id == parent || self.tree.item(parent).is_some_and(inside) {
            return Err(DriveError::IntoItself);
        }
        Ok(())
    }

    /// Sees to it that the item's name is free in the item's folder.
    fn make_room(&mut self, item: &mut Item, on_conflict: OnConflict) -> Result<(), DriveError> {
        let Some(parent) = item.parent else {
            return Err(DriveError::Protected);
        };
        let Some(holder) = self
            .tree
            .child(parent, &item.name)
            .filter(|holder| holder.id != item.id)
            .cloned()
        else {
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

    fn copy(&mut self, id: ItemId, target: ItemId, on_conflict: OnConflict) -> Result<ItemId, DriveError> {
        let source = self.live(id)?;
        if source.role() != Role::Plain {
            return Err(DriveError::Protected);
        }
        self.live_folder(target)?;
        self.not_into_itself(id, target)?;
        if let Some(version) = source.current()
            && on_conflict == OnConflict::Replace
            && source.parent != Some(target)
        {
            return self.put_file(FileUpload {
                parent: target,
                name: source.name.clone(),
                content: version.content.clone(),
                description: source.description.clone(),
                client_created: Some(self.at),
                client_modified: Some(self.at),
                expires: source.expires,
                on_conflict,
            });
        }
        let mut top = self.copy_of(&source, target);
        self.make_room(&mut top, on_conflict)?;
        let top = self.put(top, ChangeKind::Created, None);
        self.copy_below(id, top);
        Ok(top)
    }

    fn copy_below(&mut self, source: ItemId, target: ItemId) {
        let tree = self.tree;
        let mut todo = vec![(source, target)];
        while let Some((source, target)) = todo.pop() {
            let children = tree
                .folder(source)
                .into_iter()
                .flat_map(|state| state.children.values());
            for child in children.filter_map(|id| tree.item(*id)) {
                let copy = self.copy_of(child, target);
                let copy = self.put(copy, ChangeKind::Created, None);
                todo.push((child.id, copy));
            }
        }
    }

    /// A new item like the source. The service does not keep the modification time of what it copies.
    fn copy_of(&mut self, source: &Item, parent: ItemId) -> Item {
        let kind = match &source.kind {
            Kind::File { versions } => match versions.last() {
                Some(current) => file_kind(Arc::new(Version {
                    id: VersionId(self.new_id()),
                    content: current.content.clone(),
                    creator: self.by,
                    created: self.at,
                    client_created: Some(self.at),
                    client_modified: Some(self.at),
                })),
                None => source.kind.clone(),
            },
            other => other.clone(),
        };
        Item {
            description: source.description.clone(),
            expires: source.expires,
            client_created: Some(self.at),
            client_modified: Some(self.at),
            ..self.blank(parent, source.name.clone(), kind)
        }
    }
}

fn file_kind(version: Arc<Version>) -> Kind {
    Kind::File {
        versions: vec![version],
    }
}
