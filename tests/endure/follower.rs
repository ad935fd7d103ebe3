//! A consumer of changes that persists what it was told together with the checkpoint, and is a new process now and then.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use serde::{Deserialize, Serialize};
use sharesync::{Change, ChangeOptions, ChangePage, Cursor, ErrorKind, Item, ItemId, ItemRef, RemoteStore, Since};
use tokio::sync::watch;

use super::client::Client;

/// What survives a process.
#[derive(Default, Serialize, Deserialize)]
struct Persisted {
    items: Vec<Item>,
    cursor: Option<Cursor>,
}

pub(crate) struct Follower {
    client: Client,
    /// None between two processes.
    store: Option<Arc<dyn RemoteStore>>,
    /// The folder whose changes it follows, by its path; `None` for the whole store.
    scope: Option<&'static str>,
    /// The identifier of that folder.
    root: ItemId,
    state: PathBuf,
    rng: fastrand::Rng,
    items: BTreeMap<ItemId, Item>,
    cursor: Option<Cursor>,
    /// What came since a reset began.
    seen: Option<BTreeSet<ItemId>>,
    /// What was missing in a reading.
    lost: BTreeSet<String>,
    /// All that it was told, for whoever has to find out why something is missing.
    history: Vec<String>,
    pub(crate) readings: u64,
    pub(crate) restarts: u64,
}

impl Follower {
    pub(crate) async fn new(client: Client, scope: Option<&'static str>, state: PathBuf, seed: u64) -> Self {
        let folder = scope.map_or(ItemRef::Root, |path| client.at(path));
        let root = client.store.stat(&folder).await.unwrap().id;
        let rng = fastrand::Rng::with_seed(seed ^ 0x666f);
        Self {
            client,
            store: None,
            scope,
            root,
            state,
            rng,
            items: BTreeMap::new(),
            cursor: None,
            seen: None,
            lost: BTreeSet::new(),
            history: Vec::new(),
            readings: 0,
            restarts: 0,
        }
    }

    /// Reads what has changed, again and again, until it is told to stop.
    pub(crate) async fn run(mut self, stop: watch::Receiver<bool>) -> Self {
        self.restart().await;
        while !*stop.borrow() {
            self.read().await;
            if self.rng.u8(..4) == 0 {
                self.restart().await;
            }
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
        self
    }

    /// Reads to the end; after an error it goes on from its last checkpoint the next time. What was there all the time it
    /// must then have been told of.
    async fn read(&mut self) -> bool {
        self.load();
        let (start, before) = (self.client.stage.log_end(), self.client.stage.below(self.client.base));
        let since = self.cursor.clone().map_or(Since::Beginning, Since::Cursor);
        self.client.judge.began();
        self.client.stage.doing(&self.client.agent, "changes");
        let mut options = ChangeOptions::new().with_page_size(self.rng.u32(5..40));
        options.scope = self.scope.map(|path| self.client.at(path));
        let Some(mut pages) = self.store.as_ref().map(|store| store.changes(since, options)) else { return false };
        while let Some(page) = pages.next().await {
            match page {
                Ok(page) => self.take(page),
                Err(error) => {
                    self.history.push(format!("{}: {error}", self.readings));
                    self.client.judge.read_failed(&format!("{} changes", self.client.agent), &error, false);
                    return false;
                }
            }
        }
        self.readings += 1;
        let (told, after) = (self.told(&self.root), self.client.stage.below(self.client.base));
        // What was moved and put back was not there for a while, which a reading may have seen.
        let touched = self.client.stage.changed_after(start);
        let unchanged = before.into_iter().filter(|(path, node)| after.get(path) == Some(node));
        let unchanged = unchanged.filter(|(_, node)| !touched.contains(&node.item));
        let paths = unchanged.filter_map(|(path, _)| self.told_as(&path)).collect::<Vec<_>>().into_iter();
        let lost: Vec<_> = paths.filter(|path| !told.contains_key(path) && self.lost.insert(path.clone())).collect();
        if !lost.is_empty() {
            let history: Vec<_> = lost.iter().map(|path| self.history_of(path)).collect();
            self.client.fail(format!(
                "reading {}: it has lost {lost:?}, which are there; told were {history:#?}",
                self.readings
            ));
        }
        true
    }

    /// The process ends, and another one takes over.
    async fn restart(&mut self) {
        let stage = self.client.stage.clone();
        self.store = None;
        loop {
            stage.doing(&self.client.agent, "connect");
            match stage.connect(stage.provider, &self.client.agent, Some(&self.state)).await {
                Ok(store) => {
                    self.store = Some(store);
                    self.restarts += 1;
                    return;
                }
                // Work on the file of snapshots that was under way goes on to its end.
                Err(error) => {
                    let locked = error.kind() == ErrorKind::Locked;
                    self.client.judge.read_failed(&format!("{} connect", self.client.agent), &error, locked);
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        }
    }

    fn file(&self) -> PathBuf {
        self.state.join("told.json")
    }

    fn load(&mut self) {
        let text = std::fs::read(self.file()).unwrap_or_default();
        let persisted: Persisted = serde_json::from_slice(&text).unwrap_or_default();
        self.items = persisted.items.into_iter().map(|item| (item.identity().clone(), item)).collect();
        (self.cursor, self.seen) = (persisted.cursor, None);
    }

    fn save(&self) {
        let items = self.items.values().cloned().collect();
        let persisted = Persisted { items, cursor: self.cursor.clone() };
        std::fs::write(self.file(), serde_json::to_vec(&persisted).unwrap()).unwrap();
    }

    fn take(&mut self, page: ChangePage) {
        page.changes.into_iter().for_each(|change| self.apply(change));
        if let Some(checkpoint) = page.checkpoint {
            self.cursor = Some(checkpoint);
            if self.seen.is_none() {
                self.save();
            }
        }
    }

    fn apply(&mut self, change: Change) {
        self.history.push(match &change {
            Change::Upsert(item) => {
                format!(
                    "{}: {} {:?} in {:?}, {:?}",
                    self.readings,
                    item.name,
                    item.identity(),
                    item.parent,
                    item.revision
                )
            }
            Change::Remove(id) => {
                let name = self.items.get(id).map(|item| &item.name);
                format!("{}: {} removed {id:?}", self.readings, name.map_or("", String::as_str))
            }
            other => format!("{}: {other:?}", self.readings),
        });
        match change {
            Change::Upsert(item) => {
                if let Some(seen) = &mut self.seen {
                    seen.insert(item.identity().clone());
                }
                self.items.insert(item.identity().clone(), item);
            }
            Change::Remove(id) => self.remove(&id),
            Change::ResetBegin => self.seen = Some(BTreeSet::new()),
            Change::ResetEnd => {
                let seen = self.seen.take().unwrap_or_default();
                self.items.retain(|id, _| seen.contains(id));
            }
            other => panic!("{other:?} is new"),
        }
    }

    /// With an item goes everything below it.
    fn remove(&mut self, id: &ItemId) {
        let Some(item) = self.items.remove(id) else { return };
        let inside = self.items.iter().filter(|(_, other)| other.parent.as_ref() == Some(&item.id));
        for id in inside.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            self.remove(&id);
        }
    }

    /// What it was told of items with this name and of the folders they were in, and where readings failed or began anew.
    fn history_of(&self, path: &str) -> Vec<&String> {
        let name = format!(": {} ", path.rsplit('/').next().unwrap_or_default());
        let own = self.history.iter().filter(|line| line.contains(&name));
        let folders: BTreeSet<_> = own.filter_map(|line| line.split_once(" in Some(")?.1.split_once(')')).collect();
        let about = |line: &&String| {
            let folder = |(id, _): &(&str, &str)| {
                line.contains(&format!(" {id}) in ")) || line.contains(&format!("removed {id})"))
            };
            line.contains(&name) || folders.iter().any(folder) || line.contains("Reset") || line.contains("failed")
        };
        self.history.iter().filter(about).collect()
    }

    /// Reads to the end once more, without faults, and compares what it was told with what there is.
    pub(crate) async fn finish(mut self) {
        self.restart().await;
        if !self.read().await {
            self.client.fail("the last reading of the changes fails, and nothing goes wrong any more");
            return;
        }
        let walked = self.client.walk(self.scope.map_or(ItemRef::Root, |path| self.client.at(path))).await;
        let there = match walked {
            Ok(there) => there,
            Err(error) => return self.client.fail(format!("the walk at the end fails: {error}")),
        };
        let there: BTreeMap<_, _> = there.into_iter().map(|(path, item)| (path, Told::of(&item))).collect();
        let told = self.told(&self.root);
        let paths: BTreeSet<_> = there.keys().chain(told.keys()).cloned().collect();
        for path in paths {
            match (told.get(&path), there.get(&path)) {
                (Some(told), Some(there)) if told.agrees(there) => {}
                (told, there) => {
                    let history = self.history_of(&path);
                    self.client.fail(format!("{path}: it has {told:?}, there is {there:?}; told were {history:#?}"));
                }
            }
        }
    }

    /// The path, from where the scope begins, of what has this path in the folder of the client.
    fn told_as(&self, path: &str) -> Option<String> {
        match self.scope {
            Some(scope) => path.strip_prefix(scope).filter(|path| path.starts_with('/')).map(str::to_owned),
            None => Some(format!("/{}{path}", self.client.top)),
        }
    }

    /// What it was told, by path; below nothing that it knows, the path begins with the identifier of the unknown folder.
    fn told(&self, root: &ItemId) -> BTreeMap<String, Told> {
        let folders: BTreeMap<_, _> = self.items.values().map(|item| (&item.id, item)).collect();
        let path = |item: &Item| {
            let (mut path, mut above) = (format!("/{}", item.name), item.parent.as_ref());
            while let Some(folder) = above.and_then(|id| folders.get(id)).filter(|_| path.len() < 10_000) {
                path = format!("/{}{path}", folder.name);
                above = folder.parent.as_ref();
            }
            match above.filter(|above| *above != root) {
                Some(unknown) => format!("{unknown}{path}"),
                None => path,
            }
        };
        self.items.values().map(|item| (path(item), Told::of(item))).collect()
    }
}

/// What a consumer goes by.
#[derive(Debug)]
struct Told {
    id: ItemId,
    folder: bool,
    size: Option<u64>,
    revision: Option<sharesync::Revision>,
}

impl Told {
    fn of(item: &Item) -> Self {
        let (size, revision) = (item.size.filter(|_| item.is_file()), item.revision.clone().filter(|_| item.is_file()));
        Self { id: item.id.clone(), folder: item.is_folder(), size, revision }
    }

    /// What one of them does not say cannot differ.
    fn agrees(&self, other: &Self) -> bool {
        let revisions = self.revision.as_ref().zip(other.revision.as_ref()).is_none_or(|(one, other)| one == other);
        (&self.id, self.folder, self.size) == (&other.id, other.folder, other.size) && revisions
    }
}
