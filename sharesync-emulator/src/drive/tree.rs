//! The tree: items, the indexes over them, and the one way to change both, [`Tree::apply`]. No locking and no I/O in here.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::content::Content;
use super::ids::{ItemId, PartId, ShareId, UserId, VersionId};
use super::item::{Item, Kind};
use super::names::fold;
use super::record::{Change, Record};
use super::share::Share;
use super::user::User;

/// The root of every drive.
pub(crate) const ROOT: ItemId = ItemId(1);

/// Folders come before the rest, both in order of their names.
type ChildKey = (bool, Arc<str>);

/// What a folder holds, kept up to date by every change below it.
#[derive(Debug, Default)]
pub(crate) struct FolderState {
    pub(crate) children: BTreeMap<ChildKey, ItemId>,
    pub(crate) bin: BTreeSet<ItemId>,
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    pub(crate) changed: Timestamp,
}

#[derive(Debug, Default)]
pub(crate) struct Tree {
    items: HashMap<ItemId, Arc<Item>>,
    folders: HashMap<ItemId, FolderState>,
    versions: HashMap<VersionId, ItemId>,
    part_uses: HashMap<PartId, u32>,
    garbage: Vec<PartId>,
    shares: BTreeMap<ShareId, Arc<Share>>,
    users: BTreeMap<UserId, Arc<User>>,
    log: Vec<Change>,
    kept: BTreeMap<String, Value>,
    highest_id: u64,
}

impl Tree {
    pub(crate) fn item(&self, id: ItemId) -> Option<&Arc<Item>> {
        self.items.get(&id)
    }

    pub(crate) fn items(&self) -> impl Iterator<Item = &Arc<Item>> {
        self.items.values()
    }

    pub(crate) fn folder(&self, id: ItemId) -> Option<&FolderState> {
        self.folders.get(&id)
    }

    pub(crate) fn version_owner(&self, id: VersionId) -> Option<ItemId> {
        self.versions.get(&id).copied()
    }

    pub(crate) fn child(&self, parent: ItemId, name: &str) -> Option<&Arc<Item>> {
        let children = &self.folders.get(&parent)?.children;
        let folded: Arc<str> = fold(name).into();
        let id = children.get(&(false, folded.clone())).or_else(|| children.get(&(true, folded)))?;
        self.items.get(id)
    }

    /// The folders above an item, the root first.
    pub(crate) fn ancestors(&self, item: &Item) -> Vec<Arc<Item>> {
        let mut above = Vec::new();
        let mut next = item.parent;
        while let Some(parent) = next.and_then(|id| self.items.get(&id)) {
            above.push(parent.clone());
            next = parent.parent;
        }
        above.reverse();
        above
    }

    /// The item and everything below it, in the bin or not; folders before what they hold.
    pub(crate) fn subtree(&self, id: ItemId) -> Vec<ItemId> {
        let mut all = vec![id];
        let mut next = 0;
        while let Some(folder) = all.get(next).map(|id| self.folders.get(id)) {
            if let Some(state) = folder {
                all.extend(state.children.values().chain(&state.bin));
            }
            next += 1;
        }
        all
    }

    pub(crate) fn shares(&self) -> &BTreeMap<ShareId, Arc<Share>> {
        &self.shares
    }

    pub(crate) fn users(&self) -> &BTreeMap<UserId, Arc<User>> {
        &self.users
    }

    pub(crate) fn log(&self) -> &[Change] {
        &self.log
    }

    pub(crate) fn kept(&self) -> &BTreeMap<String, Value> {
        &self.kept
    }

    pub(crate) fn highest_id(&self) -> u64 {
        self.highest_id
    }

    /// Every part that some version refers to.
    pub(crate) fn referred_parts(&self) -> HashSet<PartId> {
        self.part_uses.keys().copied().collect()
    }

    /// The parts that lost their last reference since this was last asked.
    pub(crate) fn take_garbage(&mut self) -> Vec<PartId> {
        std::mem::take(&mut self.garbage)
    }

    /// Does what a record says. The same for a live mutation and for replay, so that both end in the same tree.
    pub(crate) fn apply(&mut self, record: &Record) {
        let before = self.look(record);
        for item in &record.items {
            self.put(item.clone());
        }
        for id in &record.removed {
            self.remove(*id);
        }
        for share in &record.shares {
            self.note_id(share.id.0);
            self.shares.insert(share.id, share.clone());
        }
        for id in &record.ended {
            self.shares.remove(id);
        }
        for user in &record.users {
            self.note_id(user.id.0);
            self.users.insert(user.id, user.clone());
        }
        for (key, value) in &record.kept {
            match value {
                Value::Null => drop(self.kept.remove(key)),
                value => drop(self.kept.insert(key.clone(), value.clone())),
            }
        }
        self.log_record(record, before);
    }

    pub(super) fn log_change(&mut self, change: Change) {
        let own = self.folders.contains_key(&change.item).then_some(change.item);
        for start in [own.or(change.parent), change.from] {
            self.touch(start, change.at);
        }
        self.push_change(change);
    }

    pub(super) fn push_change(&mut self, mut change: Change) {
        change.sequence = self.log.len() as u64 + 1;
        self.log.push(change);
    }

    /// A change below a folder is a change of the folder, up to the root.
    fn touch(&mut self, start: Option<ItemId>, at: Timestamp) {
        let mut next = start;
        while let Some(id) = next {
            let Some(state) = self.folders.get_mut(&id) else {
                return;
            };
            state.changed = state.changed.max(at);
            next = self.items.get(&id).and_then(|item| item.parent);
        }
    }

    fn put(&mut self, item: Arc<Item>) {
        self.note_id(item.id.0);
        for version in item.versions() {
            self.note_id(version.id.0);
            self.versions.insert(version.id, item.id);
            self.use_parts(&version.content);
        }
        if let Kind::Folder { .. } = item.kind {
            let changed = item.modified;
            self.folders.entry(item.id).or_insert_with(|| FolderState { changed, ..FolderState::default() });
        }
        let old = self.items.get(&item.id).cloned();
        if let Some(old) = &old {
            self.detach(old);
        }
        self.items.insert(item.id, item.clone());
        if let Some(old) = old {
            self.release_versions(&old, &item);
        }
        self.attach(&item);
    }

    fn remove(&mut self, id: ItemId) {
        let Some(item) = self.items.get(&id).cloned() else {
            return;
        };
        self.detach(&item);
        self.items.remove(&id);
        self.folders.remove(&id);
        for version in item.versions() {
            self.versions.remove(&version.id);
            self.release_parts(&version.content);
        }
    }

    fn attach(&mut self, item: &Item) {
        let Some(parent) = item.parent else { return };
        let Some(state) = self.folders.get_mut(&parent) else {
            return;
        };
        if item.deleted.is_some() {
            state.bin.insert(item.id);
            return;
        }
        state.children.insert(child_key(item), item.id);
        let (files, bytes) = self.weight(item);
        self.climb(parent, |state| {
            state.files += files;
            state.bytes += bytes;
        });
    }

    fn detach(&mut self, item: &Item) {
        let Some(parent) = item.parent else { return };
        let Some(state) = self.folders.get_mut(&parent) else {
            return;
        };
        if item.deleted.is_some() {
            state.bin.remove(&item.id);
            return;
        }
        state.children.remove(&child_key(item));
        let (files, bytes) = self.weight(item);
        self.climb(parent, |state| {
            state.files -= files;
            state.bytes -= bytes;
        });
    }

    /// What an item adds to the totals of the folders above it.
    fn weight(&self, item: &Item) -> (u64, u64) {
        match self.folders.get(&item.id) {
            Some(state) => (state.files, state.bytes),
            None => (u64::from(item.is_file()), item.size()),
        }
    }

    /// Changes a folder and those above it, as far as they count what is in it: a folder in the bin counts for none.
    fn climb(&mut self, start: ItemId, change: impl Fn(&mut FolderState)) {
        let mut next = Some(start);
        while let Some(id) = next {
            let Some(state) = self.folders.get_mut(&id) else {
                return;
            };
            change(state);
            next = self.items.get(&id).filter(|item| item.deleted.is_none()).and_then(|item| item.parent);
        }
    }

    fn use_parts(&mut self, content: &Content) {
        for part in &content.parts {
            *self.part_uses.entry(part.id).or_default() += 1;
        }
    }

    fn release_parts(&mut self, content: &Content) {
        for part in &content.parts {
            if let Some(uses) = self.part_uses.get_mut(&part.id) {
                *uses -= 1;
                if *uses == 0 {
                    self.part_uses.remove(&part.id);
                    self.garbage.push(part.id);
                }
            }
        }
    }

    /// The new state has counted its own parts already; the old one gives its back.
    fn release_versions(&mut self, old: &Item, new: &Item) {
        for version in old.versions() {
            if !new.versions().iter().any(|kept| kept.id == version.id) {
                self.versions.remove(&version.id);
            }
            self.release_parts(&version.content);
        }
    }

    fn note_id(&mut self, id: u64) {
        self.highest_id = self.highest_id.max(id);
    }
}

fn child_key(item: &Item) -> ChildKey {
    let folder_like = matches!(item.kind, Kind::Folder { .. } | Kind::SymbolicLink { .. });
    (!folder_like, fold(&item.name).into())
}
