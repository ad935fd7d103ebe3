//! A client that uploads a tree, lists it, downloads it and copies it to another store; and one that transfers single files
//! with journals.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fastrand::Rng;
use sharesync::transfer::{FileJournal, TransferOptions, UploadJournal as _, UploadRequest};
use sharesync::{
    CreateFolderOptions, DownloadToOptions, Error, Item, OnConflict, RemoteStoreExt as _, Result, TreeOptions,
};

use super::client::{ATTEMPTS, Client, local_contents};
use super::judge::Outcome;
use super::stage::{Nodes, content};

/// The folder of the tree.
pub(crate) const AREA: &str = "/mirror";
/// The folder of the single files.
pub(crate) const SINGLES: &str = "/singles";

/// Makes a local tree: files of a few bytes, of none, and some that are sent in parts.
pub(crate) fn make_tree(directory: &Path, seed: u64) {
    let mut rng = Rng::with_seed(seed ^ 0x6d69);
    let mut directories = vec![directory.to_owned()];
    for number in 0..10 {
        let parent = rng.choice(&directories).unwrap();
        let new = parent.join(if number == 3 { "d ü & 'x'".to_owned() } else { format!("d{number}") });
        std::fs::create_dir(&new).unwrap();
        directories.push(new);
    }
    for number in 0..50 {
        let length = match number {
            0 | 1 => 0,
            2..6 => rng.usize(140_000..400_000),
            _ => rng.usize(1..12_000),
        };
        let file = rng.choice(&directories).unwrap().join(format!("f{number}.bin"));
        std::fs::write(file, content("tree", number + seed * 1000, length)).unwrap();
    }
}

/// Folders whose transfer is to be begun, or begun again.
struct Folders {
    todo: BTreeSet<String>,
    begun: usize,
}

impl Folders {
    fn new() -> Self {
        Self { todo: [String::new()].into(), begun: 0 }
    }

    fn push(&mut self, folder: String) {
        self.todo.insert(folder);
    }

    /// The uppermost, unless nothing helps.
    fn next(&mut self, client: &Client) -> Option<String> {
        self.begun += 1;
        if self.begun > ATTEMPTS {
            client.fail(format!("these folders do not come to an end: {:?}", self.todo));
            return None;
        }
        self.todo.pop_first()
    }
}

fn options() -> TreeOptions {
    TreeOptions::new().with_concurrency(6).with_durable(false)
}

impl Client {
    /// A folder, made if it is not there. The one that all paths begin in is.
    async fn ensure_folder(&self, path: &str, area: &str) {
        let Some((parent, name)) = path.rsplit_once('/') else { return };
        let again = CreateFolderOptions::new().with_reuse_existing(true);
        let act = async || self.store.create_folder(&self.at(parent), name, again.clone()).await;
        let done = || self.node(path).is_some();
        self.write(&format!("create_folder {path}"), area, act, done, async || self.look(path).await).await;
    }

    /// A file by one operation of its own, until it is there.
    async fn put(&self, what: &str, path: &str, content: &[u8], send: impl AsyncFn(UploadRequest) -> Result<Item>) {
        let (folder, name) = path.rsplit_once('/').unwrap();
        let act = async || send(UploadRequest::new(self.at(folder), name)).await;
        let done = || self.holds(path, content);
        let area = path.split_inclusive('/').take(2).collect::<String>();
        let look = async || self.look_for(path, content, None).await;
        let area = area.trim_end_matches('/').to_owned();
        self.write(&format!("{what} {path} of {} bytes", content.len()), &area, act, done, look).await;
    }

    /// Judges what failed in the transfer of a tree by whether it is there now and was not before.
    fn judge_tree(&self, what: &str, at: &str, before: &Nodes, error: &Error) {
        let path = format!("{at}{}", error.subject().unwrap_or_default());
        let there = self.node(&path);
        let changed = there.is_some() && there.as_ref() != before.get(&path);
        let outcome = Outcome { applied: changed, changed };
        self.judge.write_failed(&format!("{} {what} {path}", self.agent), error, outcome, there.is_some());
    }

    /// Uploads a local tree. What fails is looked for and repeated one by one.
    pub(crate) async fn upload_tree(&self, local: &Path) {
        let mut folders = Folders::new();
        while let Some(folder) = folders.next(self) {
            let at = format!("{AREA}{folder}");
            self.ensure_folder(&at, AREA).await;
            let from = local.join(folder.trim_start_matches('/'));
            let entries = self.store.upload_dir(from, self.at(&at), options());
            let before = self.truth(&at);
            let judge = |error: &Error| self.judge_tree("upload_dir", &at, &before, error);
            for path in self.tree(&format!("upload_dir {folder}"), entries, judge).await {
                let path = format!("{folder}{path}");
                let file = local.join(path.trim_start_matches('/'));
                if file.is_dir() {
                    folders.push(path);
                    continue;
                }
                let (remote, content) = (format!("{AREA}{path}"), std::fs::read(&file).unwrap());
                if self.look_for(&remote, &content, None).await.is_some() {
                    continue;
                }
                let send = async |request| {
                    Ok(self.store.upload_file(file.clone(), request, TransferOptions::new()).await?.item)
                };
                self.put("upload_file", &remote, &content, send).await;
            }
        }
    }

    /// Lists a tree that nobody changes.
    pub(crate) async fn list_tree(&self, local: &Path) {
        let Some(listed) = self.read("walk", async || self.walk(self.at(AREA)).await, |_| false).await else { return };
        let listed: BTreeMap<_, _> =
            listed.into_iter().map(|(path, item)| (path, item.size.filter(|_| item.is_file()))).collect();
        let expected = local_contents(local).into_iter();
        let expected: BTreeMap<_, _> =
            expected.map(|(path, content)| (path, content.map(|content| content.len() as u64))).collect();
        if listed != expected {
            self.fail(format!("the walk tells {listed:?} instead of {expected:?}"));
        }
    }

    /// Downloads a folder that nobody changes. What fails is repeated one by one.
    pub(crate) async fn download_tree(&self, area: &str, local: &Path) {
        let (mut folders, mut how) = (Folders::new(), options());
        while let Some(folder) = folders.next(self) {
            let to = local.join(folder.trim_start_matches('/'));
            std::fs::create_dir_all(&to).unwrap();
            let entries = self.store.download_dir(self.at(&format!("{area}{folder}")), to, how.clone());
            // What has come before a listing failed comes once more.
            how = how.with_on_conflict(OnConflict::NewVersion);
            let what = format!("{} download_dir {folder}", self.agent);
            let failed = self.tree(&what, entries, |error| self.judge.read_failed(&what, error, false)).await;
            for path in failed {
                let remote = format!("{folder}{path}");
                match self.node(&format!("{area}{remote}")) {
                    Some(node) if node.version.is_some() => {
                        let (item, to) =
                            (self.at(&format!("{area}{remote}")), local.join(remote.trim_start_matches('/')));
                        let how = DownloadToOptions::new().with_durable(false).with_overwrite(true);
                        let act = async || self.store.download_to(item.clone(), to.clone(), how.clone()).await;
                        self.read(&format!("download_to {remote}"), act, |_| false).await;
                    }
                    Some(_) => folders.push(remote),
                    // The listing of a folder names the folder, not a path.
                    None => folders.push(folder.clone()),
                }
            }
        }
    }

    /// Copies the tree to a folder of another store. What fails is looked for and repeated one by one.
    pub(crate) async fn copy_tree(&self, target: &Self) {
        let mut folders = Folders::new();
        while let Some(folder) = folders.next(self) {
            target.ensure_folder(&folder, "").await;
            let entries = self.store.copy_dir_between(self.at(&folder), &target.store, target.at(&folder), options());
            let before = target.truth(&folder);
            let judge = |error: &Error| target.judge_tree("copy_dir", &folder, &before, error);
            for path in self.tree(&format!("copy_dir {folder}"), entries, judge).await {
                let path = format!("{folder}{path}");
                match self.node(&path) {
                    Some(node) if node.version.is_some() => {
                        let content = self.stage.content(&node);
                        if target.look_for(&path, &content, None).await.is_some() {
                            continue;
                        }
                        let send = async |request| {
                            let copied =
                                self.store.copy_between(self.at(&path), &target.store, request, TransferOptions::new());
                            Ok(copied.await?.item)
                        };
                        target.put("copy_between", &path, &content, send).await;
                    }
                    Some(_) => folders.push(path),
                    None => folders.push(folder.clone()),
                }
            }
        }
    }

    /// Uploads a single file with a journal, and downloads it again.
    pub(crate) async fn single(&self, number: u64, state: &Path) {
        let (path, content) = (format!("{SINGLES}/s{number}.bin"), content("single", number, 700_000));
        let (local, journal) =
            (state.join(format!("s{number}")), FileJournal::new(state.join(format!("journal-{number}"))));
        std::fs::write(&local, &content).unwrap();
        let send = async |request| {
            let options = TransferOptions::new().with_journal(Arc::new(journal.clone()));
            Ok(self.store.upload_file(local.clone(), request, options).await?.item)
        };
        self.put("upload_file with a journal", &path, &content, send).await;
        self.forget(&journal).await;
        let back: PathBuf = state.join(format!("s{number}.back"));
        let act = async || {
            let how = DownloadToOptions::new().with_durable(false);
            self.store.download_to(self.at(&path), back.clone(), how).await
        };
        self.read(&format!("download_to {path}"), act, |_| false).await;
        if std::fs::read(&back).ok().as_deref() != Some(&content) {
            self.fail(format!("{path} comes back as something else"));
        }
    }

    /// An upload whose last answer was lost, and that was found to be there, has left its journal.
    async fn forget(&self, journal: &FileJournal) {
        if let Err(error) = journal.clear().await {
            self.fail(format!("a journal cannot be forgotten: {error}"));
        }
    }

    /// Uploads new versions of a single file with a journal.
    pub(crate) async fn single_versions(&self, state: &Path, versions: u64) {
        let path = format!("{SINGLES}/versions.bin");
        let (local, mut before) = (state.join("versions"), None::<Vec<u8>>);
        for number in 0..versions {
            let new = content("versions", number, 300_000);
            std::fs::write(&local, &new).unwrap();
            let journal = Arc::new(FileJournal::new(state.join(format!("journal-v{number}"))));
            let act = async || {
                let request =
                    UploadRequest::new(self.at(SINGLES), "versions.bin").with_on_conflict(OnConflict::NewVersion);
                let options = TransferOptions::new().with_journal(journal.clone());
                Ok(self.store.upload_file(local.clone(), request, options).await?.item)
            };
            let done = || self.holds(&path, &new);
            let look = async || self.look_for(&path, &new, before.as_deref()).await;
            self.write(&format!("upload version {number} with a journal"), SINGLES, act, done, look).await;
            self.forget(&journal).await;
            before = Some(new);
        }
    }
}
