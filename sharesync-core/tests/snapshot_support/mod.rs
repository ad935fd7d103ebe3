//! A service without a change feed, in memory, and a consumer that keeps a model of it by the changes it is told.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails; each test file uses a part of this"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use futures::{StreamExt as _, stream};
use sharesync_core::snapshot::{Pruning, Snapshots};
use sharesync_core::transfer::{Download, DownloadOptions};
use sharesync_core::{
    BoxStream, Capabilities, Change, ChangeOptions, ChangePage, Cursor, Error, ErrorKind, Item, ItemId, ItemKind,
    ItemRef, ListOptions, NameRules, Page, RemoteStore, Result, Revision, ServiceClock, Since, StoreInfo, Timestamp,
};

/// When the service gives a folder, and the folders above it, a new revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamps {
    /// Folders have no revision.
    None,
    /// Whenever anything below changes.
    All,
    /// When something below is created or edited, or moves in; not when it is deleted, renamed or moves out.
    Additions,
}

#[derive(Debug, Clone)]
pub struct Node {
    pub parent: String,
    pub name: String,
    pub folder: bool,
    pub version: u64,
    pub stamp: u64,
}

type Hook = Box<dyn FnMut(&mut Drive, &str) + Send>;

/// What the service holds. The root is "root"; identities are `n1`, `n2`, …
pub struct Drive {
    pub nodes: BTreeMap<String, Node>,
    children: BTreeMap<String, BTreeSet<String>>,
    stamps: Stamps,
    last: u64,
    tick: u64,
    root_stamp: u64,
    /// Whether each version of a file has an identifier of its own.
    pub versioned: bool,
    pub page: usize,
    /// Folders listed, in order.
    pub listed: Vec<String>,
    pub stats: Vec<String>,
    /// Listings that succeed before one fails.
    pub fail_after: Option<usize>,
    /// Called before each page of a listing.
    pub hook: Option<Hook>,
    /// Folders that may not be listed.
    pub denied: BTreeSet<String>,
    /// Items that no folder shows, and that may not be asked for.
    pub hidden: BTreeSet<String>,
    /// Whether the folder that everything is in is gone: nothing is found, and nothing listed.
    pub ended: bool,
    /// What every request fails with.
    pub broken: Option<ErrorKind>,
    /// How often the root was asked for.
    pub roots: usize,
    /// The time that all folders have as their revision: the clock of the service stands still.
    pub moment: Option<Timestamp>,
    /// The clock of the service.
    pub clock: ServiceClock,
}

#[derive(Clone)]
pub struct Fake {
    info: StoreInfo,
    capabilities: Arc<Capabilities>,
    drive: Arc<Mutex<Drive>>,
}

impl std::fmt::Debug for Fake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fake").finish_non_exhaustive()
    }
}

impl Drive {
    pub fn create(&mut self, parent: &str, name: &str, folder: bool) -> String {
        self.last += 1;
        let id = format!("n{}", self.last);
        let node = Node { parent: parent.into(), name: name.into(), folder, version: 1, stamp: 0 };
        self.put_back(&id, node);
        id
    }

    /// Creates an item with an identity it had before, as a service does that restores from a recycle bin.
    pub fn put_back(&mut self, id: &str, node: Node) {
        let parent = node.parent.clone();
        self.children.entry(parent.clone()).or_default().insert(id.into());
        self.nodes.insert(id.into(), node);
        self.bump(id);
        self.bump(&parent);
    }

    pub fn edit(&mut self, id: &str) {
        self.nodes.get_mut(id).unwrap().version += 1;
        let parent = self.nodes[id].parent.clone();
        self.bump(&parent);
    }

    pub fn rename(&mut self, id: &str, name: &str) {
        self.nodes.get_mut(id).unwrap().name = name.into();
        let parent = self.nodes[id].parent.clone();
        self.bump_removal(&parent);
    }

    pub fn relocate(&mut self, id: &str, to: &str) {
        let from = std::mem::replace(&mut self.nodes.get_mut(id).unwrap().parent, to.into());
        self.children.get_mut(&from).unwrap().remove(id);
        self.children.entry(to.into()).or_default().insert(id.into());
        self.bump_removal(&from);
        self.bump(to);
    }

    pub fn delete(&mut self, id: &str) -> Vec<(String, Node)> {
        let node = self.nodes.remove(id).unwrap();
        self.children.get_mut(&node.parent).unwrap().remove(id);
        self.bump_removal(&node.parent);
        let mut gone = vec![(id.to_owned(), node)];
        for child in self.children.remove(id).unwrap_or_default() {
            self.children.entry(id.into()).or_default().insert(child.clone());
            gone.extend(self.delete(&child));
        }
        self.children.remove(id);
        gone
    }

    pub fn contains<'a>(&'a self, folder: &str, mut id: &'a str) -> bool {
        loop {
            if id == folder {
                return true;
            }
            match self.nodes.get(id) {
                Some(node) => id = &node.parent,
                None => return false,
            }
        }
    }

    /// Has a folder show an item that is elsewhere.
    pub fn show(&mut self, folder: &str, id: &str) {
        self.children.entry(folder.into()).or_default().insert(id.into());
    }

    fn bump_removal(&mut self, id: &str) {
        if self.stamps == Stamps::All {
            self.bump(id);
        }
    }

    fn bump(&mut self, id: &str) {
        self.tick += 1;
        let mut id = id.to_owned();
        while let Some(node) = self.nodes.get_mut(&id) {
            if node.folder {
                node.stamp = self.tick;
            }
            id = node.parent.clone();
        }
        self.root_stamp = self.tick;
    }

    pub fn item(&self, id: &str) -> Item {
        let node = &self.nodes[id];
        let kind = if node.folder { ItemKind::Folder } else { ItemKind::File };
        let mut item = Item::new(id, node.name.as_str(), kind);
        item.parent = Some(ItemId::new(node.parent.as_str()));
        if node.folder {
            // A total that follows from what the folder holds.
            item.size = Some(node.stamp);
            item.revision = self.revision(node.stamp);
        } else {
            item.size = Some(node.version * 10);
            item.revision = Some(Revision::new(format!("v{}", node.version)));
            if self.versioned {
                item.version_series = Some(ItemId::new(id));
                item.id = ItemId::new(format!("{id}:{}", node.version));
            }
        }
        item
    }

    fn revision(&self, stamp: u64) -> Option<Revision> {
        let text = self.moment.map_or_else(|| stamp.to_string(), |moment| moment.to_string());
        (self.stamps != Stamps::None).then(|| Revision::new(text))
    }

    fn answers(&self) -> Result<()> {
        self.broken.map_or(Ok(()), |kind| Err(Error::new(kind, "a page of somebody in between")))
    }

    fn find(&self, id: &str) -> Result<&str> {
        let (series, version) = id.split_once(':').unwrap_or((id, ""));
        match self.nodes.get_key_value(series) {
            Some((id, node)) if version.is_empty() || version == node.version.to_string() => Ok(id),
            _ => Err(Error::new(ErrorKind::NotFound, "no such item").with_subject(id)),
        }
    }

    pub fn ids(&self) -> Vec<String> {
        self.nodes.keys().cloned().collect()
    }

    pub fn folders(&self) -> Vec<String> {
        let folders = self.nodes.iter().filter(|(_, node)| node.folder).map(|(id, _)| id.clone());
        folders.chain(["root".to_owned()]).collect()
    }
}

impl Fake {
    pub fn new(stamps: Stamps) -> Self {
        let drive = Drive {
            nodes: BTreeMap::new(),
            children: BTreeMap::new(),
            stamps,
            last: 0,
            tick: 1,
            root_stamp: 1,
            versioned: false,
            page: 3,
            listed: Vec::new(),
            stats: Vec::new(),
            fail_after: None,
            hook: None,
            denied: BTreeSet::new(),
            hidden: BTreeSet::new(),
            ended: false,
            broken: None,
            roots: 0,
            moment: None,
            clock: ServiceClock::default(),
        };
        Self {
            info: StoreInfo::new("fake", "account"),
            capabilities: Arc::new(Capabilities::new(NameRules::permissive())),
            drive: Arc::new(Mutex::new(drive)),
        }
    }

    pub fn with_account(mut self, account: &str) -> Self {
        self.info = StoreInfo::new("fake", account);
        self
    }

    pub fn drive(&self) -> MutexGuard<'_, Drive> {
        self.drive.lock().unwrap()
    }

    pub fn pruning(&self) -> Pruning {
        if self.drive().stamps == Stamps::None {
            Pruning::None
        } else {
            Pruning::FolderRevision(self.drive().clock.clone())
        }
    }

    pub fn changes(
        &self,
        snapshots: &Snapshots,
        since: Since,
        options: ChangeOptions,
    ) -> BoxStream<'static, Result<ChangePage>> {
        snapshots.changes(self.clone(), self.pruning(), since, options)
    }

    fn list_page(&self, folder: &str, offset: usize) -> Result<Option<Page<Item>>> {
        let mut drive = self.drive();
        if let Some(mut hook) = drive.hook.take() {
            hook(&mut drive, folder);
            drive.hook = Some(hook);
        }
        if offset == 0 {
            drive.listed.push(folder.into());
            if let Some(left) = drive.fail_after.as_mut() {
                if *left == 0 {
                    return Err(Error::new(ErrorKind::Unavailable, "a fault"));
                }
                *left -= 1;
            }
        }
        drive.answers()?;
        if folder != "root" {
            drive.find(folder)?;
        } else if drive.ended {
            return Err(Error::new(ErrorKind::NotFound, "no such root"));
        }
        if drive.denied.contains(folder) {
            return Err(Error::new(ErrorKind::PermissionDenied, "not for you"));
        }
        let none = BTreeSet::new();
        let children = drive.children.get(folder).unwrap_or(&none);
        let children = children.iter().filter(|id| !drive.hidden.contains(*id));
        let items: Vec<_> = children.skip(offset).take(drive.page).map(|id| drive.item(id)).collect();
        Ok((offset == 0 || !items.is_empty()).then(|| Page::new(items)))
    }
}

#[async_trait]
impl RemoteStore for Fake {
    fn info(&self) -> &StoreInfo {
        &self.info
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn stat(&self, item: &ItemRef) -> Result<Item> {
        tokio::task::yield_now().await;
        let mut drive = self.drive();
        drive.answers()?;
        match item {
            ItemRef::Root => {
                drive.roots += 1;
                if drive.ended {
                    return Err(Error::new(ErrorKind::NotFound, "no such root"));
                }
                let mut root = Item::new("root", "", ItemKind::Folder);
                root.revision = drive.revision(drive.root_stamp);
                Ok(root)
            }
            ItemRef::Id(id) => {
                drive.stats.push(id.as_str().into());
                if drive.hidden.contains(id.as_str()) {
                    return Err(Error::new(ErrorKind::PermissionDenied, "not for you"));
                }
                let id = drive.find(id.as_str())?;
                Ok(drive.item(id))
            }
            other => Err(Error::new(ErrorKind::Unsupported, other.to_string())),
        }
    }

    fn list(&self, folder: &ItemRef, _: ListOptions) -> BoxStream<'static, Result<Page<Item>>> {
        let folder = match folder {
            ItemRef::Id(id) => id.as_str().to_owned(),
            _ => "root".to_owned(),
        };
        let step = self.drive().page;
        stream::try_unfold((self.clone(), folder, 0), move |(fake, folder, offset)| async move {
            tokio::task::yield_now().await;
            let page = fake.list_page(&folder, offset)?;
            Ok(page.map(|page| (page, (fake, folder, offset + step))))
        })
        .boxed()
    }

    async fn download(&self, _: &ItemRef, _: DownloadOptions) -> Result<Download> {
        Err(Error::new(ErrorKind::Unsupported, "nothing to download"))
    }
}

/// What a consumer knows of the service.
#[derive(Debug, Clone, Default)]
pub struct Model {
    pub items: BTreeMap<String, Item>,
    reset: Option<BTreeSet<String>>,
}

impl Model {
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Upsert(item) => {
                let parent = item.parent.as_ref().unwrap().as_str();
                let known = parent == "root" || self.items.contains_key(parent);
                assert!(known, "{:?} came before the folder that holds it", item);
                assert_eq!(item.path, None);
                let id = item.identity().as_str().to_owned();
                if let Some(seen) = &mut self.reset {
                    seen.insert(id.clone());
                }
                self.items.insert(id, item.clone());
            }
            Change::Remove(id) => self.remove(id.as_str()),
            Change::ResetBegin => self.reset = Some(BTreeSet::new()),
            Change::ResetEnd => {
                let seen = self.reset.take().unwrap();
                self.items.retain(|id, _| seen.contains(id));
            }
            other => panic!("{other:?}"),
        }
    }

    fn remove(&mut self, id: &str) {
        self.items.remove(id);
        let below = self.items.iter().filter(|(_, item)| item.parent.as_ref().unwrap().as_str() == id);
        let below: Vec<_> = below.map(|(id, _)| id.clone()).collect();
        for id in below {
            self.remove(&id);
        }
    }

    /// What the service holds, as a model: of a folder, what is reported.
    pub fn of(fake: &Fake) -> Self {
        let drive = fake.drive();
        let items = drive.nodes.keys().map(|id| (id.clone(), drive.item(id))).collect();
        Self { items, reset: None }
    }

    #[track_caller]
    pub fn assert_is(&self, other: &Self, what: &str) {
        let plain = |model: &Self| -> BTreeMap<String, Item> {
            let mut items = model.items.clone();
            for item in items.values_mut().filter(|item| item.is_folder()) {
                (item.size, item.revision) = (None, None);
            }
            items
        };
        let (mine, theirs) = (plain(self), plain(other));
        let wrong: Vec<_> = mine.iter().filter(|(id, item)| theirs.get(*id) != Some(item)).collect();
        let absent: Vec<_> = theirs.iter().filter(|(id, _)| !mine.contains_key(*id)).collect();
        assert!(wrong.is_empty() && absent.is_empty(), "{what}: wrong {wrong:#?}, absent {absent:#?}");
    }
}

/// All pages of a stream.
pub async fn pages(stream: BoxStream<'static, Result<ChangePage>>) -> Result<Vec<ChangePage>> {
    stream.collect::<Vec<_>>().await.into_iter().collect()
}

/// All changes of a stream and the cursor at its end.
pub async fn read(stream: BoxStream<'static, Result<ChangePage>>) -> Result<(Vec<Change>, Cursor)> {
    let pages = pages(stream).await?;
    let (last, before) = pages.split_last().expect("no page");
    assert!(before.iter().all(|page| page.checkpoint.is_none()), "a checkpoint before the last page");
    let cursor = last.checkpoint.clone().expect("no checkpoint at the end");
    Ok((pages.into_iter().flat_map(|page| page.changes).collect(), cursor))
}
