//! The drive behind every face: a tree of items with versions, a recycle bin, links, users and a change log.
//! It knows no protocol. This file opens drives and reads them; `changing`, `moving`, `versions`, `bin` and `links` change them;
//! `log` tells what was changed.

mod bin;
mod changing;
mod content;
mod digest;
mod directory;
mod draft;
mod error;
mod ids;
mod item;
mod journal;
mod kept;
mod links;
mod log;
mod memory;
mod moving;
mod names;
mod quick_xor;
mod record;
mod share;
#[cfg(test)]
mod tests;
mod tree;
mod user;
mod versions;

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use bytes::Bytes;
use futures::Stream;
use jiff::Timestamp;
use tokio::sync::watch;

pub use changing::{FileUpload, NewFolder, OnConflict};
pub use content::Content;
pub use digest::Digests;
pub use error::DriveError;
pub use ids::{ItemId, PartId, ShareId, UserId, VersionId};
pub use item::{Deletion, Item, Kind, Lock, Role, Version};
pub use moving::ItemPatch;
pub use record::{Change, ChangeKind, ItemType, Place};
pub use share::{Purpose, Share, SharedItem};
pub use user::User;

pub(crate) use content::{ContentSink, ContentWriter, Staged};
pub(crate) use digest::Hasher;
pub(crate) use names::fold;

use content::{ContentStore, PartRef};
use directory::DirectoryStore;
use journal::Journal;
use memory::MemoryStore;
use tree::{ROOT, Tree};

/// A drive. Clones share the same tree.
#[derive(Debug, Clone)]
pub struct Drive {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    tree: RwLock<Tree>,
    store: Arc<dyn ContentStore>,
    journal: Option<Journal>,
    committed: AtomicU64,
    /// Parts without a reference that wait for the journal to say so too.
    doomed: Mutex<Vec<PartId>>,
    /// The sequence number of the last change.
    grown: watch::Sender<u64>,
}

/// An item as it was at one moment, with what the tree knew about its surroundings.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Entry {
    /// The item.
    pub item: Arc<Item>,
    /// Of a file, the version that is meant; the newest unless an older one was asked for.
    pub version: Option<Arc<Version>>,
    /// What is in it and below.
    pub totals: Totals,
    /// The folders above it, the root first.
    pub ancestors: Arc<[Arc<Item>]>,
}

/// Sums over an item and everything below it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Totals {
    /// Number of files.
    pub files: u64,
    /// Bytes of their newest versions.
    pub bytes: u64,
    /// When something last changed there.
    pub changed: Timestamp,
    /// Number of items directly in it.
    pub children: u64,
}

/// One page of a folder.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Listing {
    /// The items of the page: folders first, each kind in order of names.
    pub entries: Vec<Entry>,
    /// How many items the folder holds.
    pub total: usize,
}

/// What a path leads to.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Resolved {
    /// An item.
    Item(Entry),
    /// A symbolic link on the way, and the rest of the path behind it.
    Beyond {
        /// The link.
        link: Entry,
        /// What is left of the path, without a leading slash.
        rest: String,
    },
}

impl Entry {
    /// Whether it, or a folder above it, lies in the recycle bin.
    pub fn is_deleted(&self) -> bool {
        self.item.deleted.is_some() || self.ancestors.iter().any(|folder| folder.deleted.is_some())
    }

    /// The names from below the root to the item, each after a slash.
    pub fn path(&self) -> String {
        let above = self.ancestors.iter().skip(1).map(|folder| &*folder.name);
        above.chain([&*self.item.name]).fold(String::new(), |path, name| path + "/" + name)
    }
}

impl Drive {
    /// An empty drive in memory.
    pub fn in_memory() -> Self {
        Self::assemble(Tree::default(), Arc::new(MemoryStore::default()), None)
    }

    /// The drive that is kept in a directory, which is made if it does not exist. What was acknowledged survives a restart.
    ///
    /// # Errors
    /// When the directory cannot be read or written, or its journal is damaged before its last line.
    pub fn in_directory(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        std::fs::create_dir_all(path)?;
        let (journal, tree) = Journal::open(&path.join("journal.jsonl"))?;
        let store = DirectoryStore::open(path.join("parts"), &tree.referred_parts())?;
        Ok(Self::assemble(tree, Arc::new(store), Some(journal)))
    }

    fn assemble(tree: Tree, store: Arc<dyn ContentStore>, journal: Option<Journal>) -> Self {
        let is_new = tree.item(ROOT).is_none();
        let (tree, doomed) = (RwLock::new(tree), Mutex::default());
        let grown = watch::Sender::new(0);
        let drive =
            Self { inner: Arc::new(Inner { tree, store, journal, committed: AtomicU64::new(0), doomed, grown }) };
        if is_new {
            drive.plant();
        }
        drive
    }

    /// The current time in the resolution of 100 ns that every face can express.
    pub fn now() -> Timestamp {
        let nanos = Timestamp::now().as_nanosecond();
        Timestamp::from_nanosecond(nanos - nanos % 100).unwrap_or_default()
    }

    /// The root of the tree.
    pub fn root(&self) -> ItemId {
        ROOT
    }

    fn tree(&self) -> RwLockReadGuard<'_, Tree> {
        self.inner.tree.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// An item with its newest version, also one in the recycle bin.
    pub fn item(&self, id: ItemId) -> Option<Entry> {
        let tree = self.tree();
        tree.item(id).map(|item| tree.entry(item.clone()))
    }

    /// A file with one certain version.
    pub fn version(&self, id: VersionId) -> Option<Entry> {
        let tree = self.tree();
        let item = tree.item(tree.version_owner(id)?)?;
        let version = item.versions().iter().find(|version| version.id == id)?.clone();
        Some(Entry { version: Some(version), ..tree.entry(item.clone()) })
    }

    /// The item of that name in a folder.
    pub fn child(&self, folder: ItemId, name: &str) -> Option<Entry> {
        let tree = self.tree();
        tree.child(folder, name).map(|item| tree.entry(item.clone()))
    }

    /// What a folder holds, from the item number `skip` on, at most `top` of them.
    pub fn children(&self, folder: ItemId, skip: usize, top: Option<usize>) -> Listing {
        let tree = self.tree();
        let Some(state) = tree.folder(folder) else {
            return Listing { entries: Vec::new(), total: 0 };
        };
        let ids = state.children.values().skip(skip).take(top.unwrap_or(usize::MAX));
        let entries = tree.entries_in(folder, ids);
        Listing { entries, total: state.children.len() }
    }

    /// How many folders a folder holds: they are the first of its [`Drive::children`].
    pub(crate) fn folders_in(&self, folder: ItemId) -> usize {
        let tree = self.tree();
        tree.folder(folder).map_or(0, |state| state.children.keys().take_while(|(is_other, _)| !is_other).count())
    }

    /// What was deleted out of a folder.
    pub fn deleted_children(&self, folder: ItemId) -> Vec<Entry> {
        let tree = self.tree();
        tree.folder(folder).map(|state| tree.entries_in(folder, state.bin.iter())).unwrap_or_default()
    }

    /// All live items below a folder that pass the test, at most `limit`; in no certain order.
    pub fn find(&self, below: ItemId, limit: usize, test: impl Fn(&Item) -> bool) -> Vec<Entry> {
        let tree = self.tree();
        let candidates = tree.items().filter(|item| item.id != below && item.deleted.is_none() && test(item));
        let entries = candidates.map(|item| tree.entry(item.clone()));
        let inside = |entry: &Entry| entry.ancestors.iter().any(|folder| folder.id == below);
        entries.filter(|entry| !entry.is_deleted() && inside(entry)).take(limit).collect()
    }

    /// All items that a user put into the recycle bin.
    pub fn deleted_by(&self, user: UserId) -> Vec<Entry> {
        let tree = self.tree();
        let by_user = |item: &&Arc<Item>| item.deleted.as_ref().is_some_and(|deletion| deletion.by == user);
        let mut found: Vec<_> = tree.items().filter(by_user).map(|item| tree.entry(item.clone())).collect();
        found.sort_by_key(|entry| entry.item.id);
        found
    }

    /// Follows a path of names downwards from an item; empty segments count for nothing.
    pub fn resolve(&self, from: ItemId, path: &str) -> Option<Resolved> {
        let tree = self.tree();
        let mut item = tree.item(from)?.clone();
        let mut segments = path.split('/').filter(|segment| !segment.is_empty());
        while let Some(name) = segments.next() {
            item = tree.child(item.id, name)?.clone();
            if let Kind::SymbolicLink { .. } = item.kind {
                let rest = segments.collect::<Vec<_>>().join("/");
                let link = tree.entry(item);
                return Some(if rest.is_empty() { Resolved::Item(link) } else { Resolved::Beyond { link, rest } });
            }
        }
        Some(Resolved::Item(tree.entry(item)))
    }

    /// How many items there are below an item, without itself.
    pub fn count_below(&self, id: ItemId) -> usize {
        self.tree().subtree(id).len() - 1
    }

    /// All bytes of a file's newest version. Blocks while a disk is read.
    ///
    /// # Errors
    /// When there is no such file or its content cannot be read.
    pub fn read(&self, id: ItemId) -> Result<Vec<u8>, DriveError> {
        let entry = self.item(id).ok_or(DriveError::NotFound)?;
        let version = entry.version.ok_or(DriveError::NotAFile)?;
        let mut all = Vec::new();
        self.copy_content(&version.content, &mut all)?;
        Ok(all)
    }

    /// A stream over a range of a content; the range must lie inside it.
    pub(crate) fn stream(
        &self,
        content: &Content,
        range: Range<u64>,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        content::read(self.inner.store.clone(), content, range)
    }

    /// All bytes of a content, to a writer. Blocks.
    pub(crate) fn copy_content(&self, content: &Content, out: &mut impl io::Write) -> io::Result<()> {
        content::copy(&*self.inner.store, content, out)
    }

    /// Begins a new content, for a thread that may block.
    pub(crate) fn sink(&self) -> io::Result<ContentSink> {
        ContentSink::new(self.inner.store.clone())
    }

    /// Begins a new content.
    pub(crate) fn writer(&self) -> io::Result<ContentWriter> {
        ContentWriter::new(self.inner.store.clone())
    }

    /// Begins a part that comes behind others of the same content, which a hasher has taken already.
    pub(crate) fn writer_behind(&self, hasher: Hasher) -> io::Result<ContentWriter> {
        ContentWriter::behind(self.inner.store.clone(), hasher)
    }

    /// Stores bytes that are at hand as a content.
    fn store_now(&self, data: Bytes) -> io::Result<Content> {
        let mut hasher = Hasher::default();
        hasher.update(&data);
        let len = data.len() as u64;
        let mut part = self.inner.store.create()?;
        part.write(vec![data])?;
        let part = PartRef { id: part.finish()?, len };
        Ok(Content::new(vec![part], hasher.finish()))
    }

    /// Removes the bytes of a content that no version took.
    fn discard(&self, content: &Content) {
        content.parts.iter().for_each(|part| self.inner.store.remove(part.id));
    }

    /// Writes the journal to its end and gives the directory free. What is changed afterwards is not kept.
    pub(crate) fn close(&self) {
        if let Some(journal) = &self.inner.journal {
            journal.close();
        }
    }

    /// Waits until everything that was changed so far is in the journal. A drive in memory has nothing to wait for.
    ///
    /// # Errors
    /// When the journal could not be written.
    pub async fn settled(&self) -> io::Result<()> {
        let Some(journal) = &self.inner.journal else {
            return Ok(());
        };
        let doomed = std::mem::take(&mut *self.inner.doomed.lock().unwrap_or_else(PoisonError::into_inner));
        journal.settled(self.inner.committed.load(Ordering::Acquire)).await?;
        if !doomed.is_empty() {
            let store = self.inner.store.clone();
            tokio::task::spawn_blocking(move || doomed.into_iter().for_each(|part| store.remove(part)));
        }
        Ok(())
    }
}

impl Tree {
    fn entry(&self, item: Arc<Item>) -> Entry {
        let ancestors = self.ancestors(&item).into();
        self.entry_under(item, ancestors)
    }

    fn entries_in<'a>(&self, folder: ItemId, ids: impl Iterator<Item = &'a ItemId>) -> Vec<Entry> {
        let Some(parent) = self.item(folder) else {
            return Vec::new();
        };
        let mut ancestors = self.ancestors(parent);
        ancestors.push(parent.clone());
        let ancestors: Arc<[_]> = ancestors.into();
        ids.filter_map(|id| self.item(*id)).map(|item| self.entry_under(item.clone(), ancestors.clone())).collect()
    }

    fn entry_under(&self, item: Arc<Item>, ancestors: Arc<[Arc<Item>]>) -> Entry {
        let totals = match self.folder(item.id) {
            Some(state) => Totals {
                files: state.files,
                bytes: state.bytes,
                changed: state.changed,
                children: state.children.len() as u64,
            },
            None => Totals { files: 0, bytes: item.size(), changed: item.modified, children: 0 },
        };
        Entry { version: item.current().cloned(), item, totals, ancestors }
    }
}
