//! An application: it does something, and when that fails it looks what has become of it and repeats it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use sharesync::transfer::DownloadOptions;
use sharesync::{
    BoxStream, Error, ErrorKind, Item, ItemRef, RemotePath, RemoteStore, RemoteStoreExt as _, Result, TreeEntry,
};
use sharesync_emulator::drive::ItemId;

use super::judge::{Judge, Outcome};
use super::stage::{Node, Nodes, Stage};

/// Nothing that can succeed fails as often.
pub(crate) const ATTEMPTS: usize = 40;

/// The largest content.
const MOST: usize = 8 << 20;

/// What is in a tree, by path; `None` for folders.
pub(crate) type Contents = BTreeMap<String, Option<Vec<u8>>>;

/// A client with a name of its own, and the folder of the drive that its paths begin in.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) agent: String,
    pub(crate) store: Arc<dyn RemoteStore>,
    pub(crate) stage: Arc<Stage>,
    pub(crate) judge: Arc<Judge>,
    /// The name of that folder, in the root of the store.
    pub(crate) top: String,
    pub(crate) base: ItemId,
}

impl Client {
    pub(crate) fn path(&self, path: &str) -> RemotePath {
        format!("/{}{path}", self.top).parse().unwrap()
    }

    pub(crate) fn at(&self, path: &str) -> ItemRef {
        ItemRef::Path(self.path(path))
    }

    /// What is below a folder now.
    pub(crate) fn truth(&self, area: &str) -> Nodes {
        let mut nodes = self.stage.below(self.base);
        nodes.retain(|path, _| path == area || path.starts_with(&format!("{area}/")));
        nodes
    }

    pub(crate) fn node(&self, path: &str) -> Option<Node> {
        self.stage.below(self.base).remove(path)
    }

    pub(crate) fn holds(&self, path: &str, content: &[u8]) -> bool {
        self.node(path).is_some_and(|node| node.version.is_some() && self.stage.content(&node) == content)
    }

    pub(crate) fn fail(&self, what: impl std::fmt::Display) {
        self.judge.fail(format!("{}: {what}", self.agent));
    }

    /// Writes, in a folder that nobody else changes. `done` asks the drive whether the effect is there; `look` asks the
    /// service, as an application would.
    pub(crate) async fn write<T>(
        &self,
        what: &str,
        area: &str,
        mut act: impl AsyncFnMut() -> Result<T>,
        done: impl Fn() -> bool,
        mut look: impl AsyncFnMut() -> Option<T>,
    ) -> Option<T> {
        let what = format!("{} {what}", self.agent);
        let mut last = String::new();
        for _ in 0..ATTEMPTS {
            self.stage.doing(&self.agent, &what);
            self.judge.began();
            let (from, before) = (self.stage.requests(), self.truth(area));
            let error = match act().await {
                Ok(value) => {
                    if !done() {
                        self.judge.fail(format!("{what}: Ok, and the drive does not show it: {:?}", self.truth(area)));
                    }
                    return Some(value);
                }
                Err(error) => error,
            };
            let applied = !self.stage.applied(&self.agent, from).is_empty();
            let outcome = Outcome { applied, changed: self.truth(area) != before };
            self.judge.write_failed(&what, &error, outcome, done());
            last = error.to_string();
            if let Some(value) = look().await {
                return Some(value);
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        self.judge.fail(format!("{what}: does not succeed in {ATTEMPTS} attempts; the last one: {last}"));
        None
    }

    /// Reads until it succeeds. `excused` asks the drive whether an error of this kind is right; such an error is the answer.
    pub(crate) async fn read<T>(
        &self,
        what: &str,
        mut act: impl AsyncFnMut() -> Result<T>,
        excused: impl Fn(&Error) -> bool,
    ) -> Option<T> {
        let what = format!("{} {what}", self.agent);
        let mut last = String::new();
        for _ in 0..ATTEMPTS {
            self.stage.doing(&self.agent, &what);
            self.judge.began();
            match act().await {
                Ok(value) => return Some(value),
                Err(error) => {
                    let right = excused(&error);
                    self.judge.read_failed(&what, &error, right);
                    if right {
                        return None;
                    }
                    last = error.to_string();
                }
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        self.judge.fail(format!("{what}: does not succeed in {ATTEMPTS} attempts; the last one: {last}"));
        None
    }

    /// What is at a path that nobody else changes.
    pub(crate) async fn look(&self, path: &str) -> Option<Item> {
        let absent = |error: &Error| error.kind() == ErrorKind::NotFound && self.node(path).is_none();
        let remote = self.path(path);
        let found = self.read(&format!("resolve {path}"), async || self.store.resolve(&remote).await, absent).await;
        if found.is_some() && self.node(path).is_none() {
            self.fail(format!("resolve {path}: it is not there"));
        }
        found
    }

    /// The whole content of a file that nobody else changes.
    pub(crate) async fn bytes(&self, item: &ItemRef, path: &str) -> Option<Bytes> {
        let act = async || self.store.download(item, DownloadOptions::new()).await?.bytes(MOST).await;
        self.read(&format!("download {path}"), act, |_| false).await
    }

    /// Looks whether a file is there with this content. Half of it under this name is what must never be.
    pub(crate) async fn look_for(&self, path: &str, content: &[u8], before: Option<&[u8]>) -> Option<Item> {
        let item = self.look(path).await?;
        let held = self.bytes(&ItemRef::from(&item), path).await?;
        if held == content {
            return Some(item);
        }
        if before.is_none_or(|before| held != before) {
            self.fail(format!("{path} has {} bytes instead of {} after a failed upload", held.len(), content.len()));
        }
        None
    }

    /// Takes a tree's transfer to its end, and gives the paths that failed.
    pub(crate) async fn tree(
        &self,
        what: &str,
        mut entries: BoxStream<'_, Result<TreeEntry>>,
        mut failed: impl FnMut(&Error),
    ) -> Vec<String> {
        let mut paths = Vec::new();
        self.stage.doing(&self.agent, what);
        while let Some(entry) = entries.next().await {
            self.judge.began();
            if let Err(error) = entry {
                failed(&error);
                paths.extend(error.subject().map(str::to_owned));
            }
        }
        paths
    }

    /// Everything below a folder of the store, by path.
    pub(crate) async fn walk(&self, folder: ItemRef) -> Result<Vec<(String, Item)>> {
        let walked = self.store.walk(folder, sharesync::WalkOptions::new());
        walked.map_ok(|(path, item)| (path.as_str().to_owned(), item)).try_collect().await
    }
}

/// What is below a local directory.
pub(crate) fn local_contents(directory: &Path) -> Contents {
    let entries = walkdir::WalkDir::new(directory).min_depth(1).into_iter().map(|entry| entry.unwrap());
    let path = |entry: &walkdir::DirEntry| {
        let below = entry.path().strip_prefix(directory).unwrap();
        format!("/{}", below.to_str().unwrap().replace('\\', "/"))
    };
    let content = |entry: &walkdir::DirEntry| entry.file_type().is_file().then(|| std::fs::read(entry.path()).unwrap());
    entries.map(|entry| (path(&entry), content(&entry))).collect()
}
