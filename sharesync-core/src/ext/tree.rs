//! Whole trees: up, down and across, many small files at once, in memory that does not grow with their number.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::{self, FuturesUnordered};
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _};

use super::copy::copy_file;
use super::local::{DownloadToOptions, check_local_name, download_to};
use super::place::Place;
use super::{items, upload_local};
use crate::transfer::blocking::blocking;
use crate::transfer::options::{MemoryBudget, unless_cancelled};
use crate::transfer::{CancelToken, Integrity, TransferOptions, UploadRequest};
use crate::{
    BoxStream, CreateFolderOptions, Error, ErrorKind, Item, ItemRef, ListOptions, OnConflict, RemotePath, RemoteStore,
    Result,
};

/// The parts of all files under way, in KiB.
const PARTS_KIB: u32 = 32 * 1024;

/// How a tree is transferred.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TreeOptions {
    /// Files and folders under way at once.
    pub concurrency: usize,
    /// What happens to a file whose name is taken: by default it is an error. `NewVersion` also replaces local files.
    /// Existing folders are always used.
    pub on_conflict: OnConflict,
    /// Whether each downloaded file is on the disk, not only handed to the system, when it is reported.
    pub durable: bool,
    /// How each file is transferred. A journal is for a single file: here it is not used.
    pub transfer: TransferOptions,
    /// Where each upload of a file in several parts has its journal: the same upload of the tree, after a crash, continues such
    /// files. The directory must exist; of a tree that is complete nothing stays in it.
    pub journals: Option<PathBuf>,
}

impl Default for TreeOptions {
    fn default() -> Self {
        Self {
            concurrency: 16,
            on_conflict: OnConflict::Fail,
            durable: true,
            transfer: TransferOptions::new(),
            journals: None,
        }
    }
}

impl TreeOptions {
    /// Sixteen files and folders at once; a name that is taken by a file is an error; downloads are durable.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how many files and folders are under way at once; at least one.
    #[must_use]
    pub fn with_concurrency(mut self, items: usize) -> Self {
        self.concurrency = items.max(1);
        self
    }

    /// Says what happens to a file whose name is taken.
    #[must_use]
    pub fn with_on_conflict(mut self, on_conflict: OnConflict) -> Self {
        self.on_conflict = on_conflict;
        self
    }

    /// Says whether each downloaded file is on the disk when it is reported.
    #[must_use]
    pub fn with_durable(mut self, durable: bool) -> Self {
        self.durable = durable;
        self
    }

    /// Sets how each file is transferred.
    #[must_use]
    pub fn with_transfer(mut self, transfer: TransferOptions) -> Self {
        self.transfer = transfer;
        self
    }

    /// Keeps the journals of files that are sent in several parts in this directory.
    #[must_use]
    pub fn with_journals(mut self, directory: impl Into<PathBuf>) -> Self {
        self.journals = Some(directory.into());
        self
    }

    /// For the files of one tree: they share a bound on the parts in memory, and no journal.
    fn shared(mut self) -> Arc<Self> {
        self.transfer.journal = None;
        self.transfer.journals = self.journals.as_deref().map(Arc::from);
        self.transfer.memory = Some(MemoryBudget::new(PARTS_KIB));
        Arc::new(self)
    }
}

/// One thing of a tree that is done with.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TreeEntry {
    /// Its path from the folder where the transfer began.
    pub path: RemotePath,
    /// What became of it.
    pub outcome: TreeOutcome,
}

/// What became of one thing of a tree.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum TreeOutcome {
    /// The folder exists on the other side; this is the remote one (of a copy, the new one).
    Folder(Item),
    /// The file was transferred; this is the remote one (of a copy, the new one).
    File {
        /// The remote file.
        item: Item,
        /// Whether both sides agree about its content.
        integrity: Integrity,
    },
    /// It is neither a file nor a folder, such as a symbolic link, and was left out.
    Skipped,
}

/// Something done with: its entry, and if it is a folder, what is to be done inside.
struct Visited<'a> {
    entry: TreeEntry,
    inside: Option<Visits<'a>>,
}

type Visit<'a> = BoxFuture<'a, Result<Visited<'a>>>;
type Visits<'a> = BoxStream<'a, Result<Visit<'a>>>;

/// Does what is to be done in a tree, several things at once. A folder is done before what it holds is begun.
struct Crawl<'a> {
    frontier: Vec<Visits<'a>>,
    running: FuturesUnordered<Visit<'a>>,
    width: usize,
    cancel: Option<CancelToken>,
}

impl<'a> Crawl<'a> {
    fn stream(visits: Visits<'a>, options: &TreeOptions) -> BoxStream<'a, Result<TreeEntry>> {
        let (width, cancel) = (options.concurrency.max(1), options.transfer.cancel.clone());
        let crawl = Self { frontier: vec![visits], running: FuturesUnordered::new(), width, cancel };
        stream::unfold(Some(crawl), |crawl| async {
            let mut crawl = crawl?;
            let cancel = crawl.cancel.clone();
            let next = unless_cancelled(cancel.as_ref(), crawl.next().map(Ok)).await;
            match next {
                Ok(next) => next.map(|entry| (entry, Some(crawl))),
                Err(cancelled) => Some((Err(cancelled), None)),
            }
        })
        .boxed()
    }

    async fn next(&mut self) -> Option<Result<TreeEntry>> {
        loop {
            let room = self.running.len() < self.width;
            tokio::select! {
                Some(done) = self.running.next(), if !self.running.is_empty() => {
                    return Some(done.map(|visited| {
                        self.frontier.extend(visited.inside);
                        visited.entry
                    }));
                }
                visit = next_of_last(&mut self.frontier), if room && !self.frontier.is_empty() => match visit {
                    Some(Ok(visit)) => self.running.push(visit),
                    Some(Err(error)) => return Some(Err(error)),
                    None => drop(self.frontier.pop()),
                },
                else => return None,
            }
        }
    }
}

/// The folder found last comes first: that keeps the number of pending folders low.
async fn next_of_last<'a>(frontier: &mut [Visits<'a>]) -> Option<Result<Visit<'a>>> {
    frontier.last_mut()?.next().await
}

impl<'a> Visited<'a> {
    fn folder(path: RemotePath, item: Item, inside: Visits<'a>) -> Self {
        Self { entry: TreeEntry { path, outcome: TreeOutcome::Folder(item) }, inside: Some(inside) }
    }

    fn file(path: RemotePath, item: Item, integrity: Integrity) -> Self {
        Self { entry: TreeEntry { path, outcome: TreeOutcome::File { item, integrity } }, inside: None }
    }

    fn skipped(path: RemotePath) -> Self {
        Self { entry: TreeEntry { path, outcome: TreeOutcome::Skipped }, inside: None }
    }
}

/// Where in the tree it happened says more than the identifier that a provider names.
fn name_path(error: Error, path: &RemotePath) -> Error {
    error.with_subject(path)
}

pub(super) fn upload_dir<'a, S: RemoteStore + ?Sized>(
    store: &'a S,
    local: PathBuf,
    folder: ItemRef,
    options: TreeOptions,
) -> BoxStream<'a, Result<TreeEntry>> {
    let options = options.shared();
    Crawl::stream(local_visits(store, local, RemotePath::root(), folder, options.clone()), &options)
}

fn local_visits<'a, S: RemoteStore + ?Sized>(
    store: &'a S,
    local: PathBuf,
    path: RemotePath,
    folder: ItemRef,
    options: Arc<TreeOptions>,
) -> Visits<'a> {
    let visit = move |found: Found| {
        let name = found.path.file_name().and_then(OsStr::to_str).ok_or_else(|| {
            let message = format!("the local name {} is not valid Unicode", found.path.display());
            Error::new(ErrorKind::InvalidName, message)
        })?;
        let inside = path.join(name)?;
        let name = name.to_owned();
        Ok(local_visit(store, found, name, inside, folder.clone(), options.clone()).boxed())
    };
    read_directory(local).map(move |found| found.and_then(&visit)).boxed()
}

async fn local_visit<'a, S: RemoteStore + ?Sized>(
    store: &'a S,
    found: Found,
    name: String,
    path: RemotePath,
    folder: ItemRef,
    options: Arc<TreeOptions>,
) -> Result<Visited<'a>> {
    if found.kind.is_dir() {
        let item = ensure_folder(store, &folder, &name).await.map_err(|error| name_path(error, &path))?;
        let visits = local_visits(store, found.path, path.clone(), ItemRef::from(&item), options);
        return Ok(Visited::folder(path, item, visits));
    }
    if !found.kind.is_file() {
        return Ok(Visited::skipped(path));
    }
    let request = UploadRequest::new(folder, name).with_on_conflict(options.on_conflict);
    let sent = upload_local(store, found.path, request, options.transfer.clone()).await;
    let outcome = sent.map_err(|error| name_path(error, &path))?;
    Ok(Visited::file(path, outcome.item, outcome.integrity))
}

/// The folder of this name, new or there already.
async fn ensure_folder<S: RemoteStore + ?Sized>(store: &S, parent: &ItemRef, name: &str) -> Result<Item> {
    store.capabilities().names.check(name)?;
    store.create_folder(parent, name, CreateFolderOptions::new().with_reuse_existing(true)).await
}

/// Something in a local directory.
struct Found {
    path: PathBuf,
    kind: fs::FileType,
}

/// What a local directory holds, read some at a time: it may hold millions.
fn read_directory(path: PathBuf) -> BoxStream<'static, Result<Found>> {
    const SOME: usize = 256;
    let chunks = stream::try_unfold(None, move |entries: Option<fs::ReadDir>| {
        let path = path.clone();
        blocking(move || {
            let fail = |error| Error::io("list", &path, error);
            let mut entries = match entries {
                Some(entries) => entries,
                None => fs::read_dir(&path).map_err(fail)?,
            };
            let chunk: Vec<_> = entries
                .by_ref()
                .take(SOME)
                .map(|entry| {
                    let entry = entry.map_err(fail)?;
                    Ok(Found { kind: entry.file_type().map_err(fail)?, path: entry.path() })
                })
                .collect();
            Ok((!chunk.is_empty()).then(|| (stream::iter(chunk), Some(entries))))
        })
    });
    chunks.try_flatten().boxed()
}

pub(super) fn download_dir<'a, S: RemoteStore + ?Sized>(
    store: &'a S,
    folder: ItemRef,
    local: PathBuf,
    options: TreeOptions,
) -> BoxStream<'a, Result<TreeEntry>> {
    let options = options.shared();
    Crawl::stream(download_visits(store, folder, Place::start(), local, options.clone()), &options)
}

fn download_visits<'a, S: RemoteStore + ?Sized>(
    store: &'a S,
    folder: ItemRef,
    place: Place,
    local: PathBuf,
    options: Arc<TreeOptions>,
) -> Visits<'a> {
    // Where nothing is replaced, what is there is refused anyway.
    let mut names = (options.on_conflict == OnConflict::NewVersion).then(LocalNames::default);
    let mut visit = move |item: Item| {
        let path = place.path_of(&item)?;
        check_local_name(&item.name, cfg!(windows)).map_err(|error| name_path(error, &path))?;
        names.as_mut().map_or(Ok(()), |names| names.take(&item.name)).map_err(|error| name_path(error, &path))?;
        let local = local.join(&item.name);
        Ok(download_visit(store, item, path, place.clone(), local, options.clone()).boxed())
    };
    items(store, &folder, ListOptions::new()).map(move |item| item.and_then(&mut visit)).boxed()
}

async fn download_visit<'a, S: RemoteStore + ?Sized>(
    store: &'a S,
    item: Item,
    path: RemotePath,
    place: Place,
    local: PathBuf,
    options: Arc<TreeOptions>,
) -> Result<Visited<'a>> {
    if item.is_folder() {
        let inside = place.enter(&item, path.clone())?;
        let made = blocking(move || ensure_directory(&local).map(|()| local)).await;
        let local = made.map_err(|error| name_path(error, &path))?;
        let visits = download_visits(store, ItemRef::from(&item), inside, local, options);
        return Ok(Visited::folder(path, item, visits));
    }
    if !item.is_file() {
        return Ok(Visited::skipped(path));
    }
    let how = DownloadToOptions {
        overwrite: options.on_conflict == OnConflict::NewVersion,
        durable: options.durable,
        listed: Some(Box::new(item.clone())),
        progress: options.transfer.progress.clone(),
        cancel: options.transfer.cancel.clone(),
        ..DownloadToOptions::new()
    };
    let got = download_to(store, &ItemRef::from(&item), local, how).await;
    let outcome = got.map_err(|error| name_path(error, &path))?;
    Ok(Visited::file(path, outcome.item, outcome.integrity))
}

/// The directory, new or there already. A link in its place leads out of the directory that was asked for.
fn ensure_directory(path: &Path) -> Result<()> {
    let error = match fs::create_dir(path) {
        Ok(()) => return Ok(()),
        Err(error) => error,
    };
    match path.symlink_metadata() {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(found) if found.is_symlink() => {
            let message = format!("{} is a link, and nothing is written through it", path.display());
            Err(Error::new(ErrorKind::Io, message))
        }
        _ => Err(Error::io("create", path, error)),
    }
}

/// The names of one remote folder as names of local files: a hash of each, because there may be millions.
#[derive(Default)]
struct LocalNames {
    seen: HashSet<u64>,
    hasher: RandomState,
}

impl LocalNames {
    /// Refuses a name that an earlier item has here: one would replace the other.
    fn take(&mut self, name: &str) -> Result<()> {
        let folded = cfg!(any(windows, target_vendor = "apple")).then(|| name.to_lowercase());
        if self.seen.insert(self.hasher.hash_one(folded.as_deref().unwrap_or(name))) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::AlreadyExists, "another item of the folder has this name on this machine"))
    }
}

/// The two sides of a copy.
struct Copy<'a, S: ?Sized, T: ?Sized> {
    source: &'a S,
    target: &'a T,
    options: Arc<TreeOptions>,
}

pub(super) fn copy_tree<'a, S: RemoteStore + ?Sized, T: RemoteStore + ?Sized>(
    source: &'a S,
    folder: ItemRef,
    target: &'a T,
    to: ItemRef,
    options: TreeOptions,
) -> BoxStream<'a, Result<TreeEntry>> {
    let options = options.shared();
    let copy = Arc::new(Copy { source, target, options: options.clone() });
    Crawl::stream(copy_visits(copy, folder, Place::start(), to), &options)
}

fn copy_visits<'a, S: RemoteStore + ?Sized, T: RemoteStore + ?Sized>(
    copy: Arc<Copy<'a, S, T>>,
    folder: ItemRef,
    place: Place,
    to: ItemRef,
) -> Visits<'a> {
    let listed = items(copy.source, &folder, ListOptions::new());
    let visit = move |item: Item| {
        let path = place.path_of(&item)?;
        Ok(copy_visit(copy.clone(), item, path, place.clone(), to.clone()).boxed())
    };
    listed.map(move |item| item.and_then(&visit)).boxed()
}

async fn copy_visit<'a, S: RemoteStore + ?Sized, T: RemoteStore + ?Sized>(
    copy: Arc<Copy<'a, S, T>>,
    item: Item,
    path: RemotePath,
    place: Place,
    to: ItemRef,
) -> Result<Visited<'a>> {
    if item.is_folder() {
        let inside = place.enter(&item, path.clone())?;
        let made = ensure_folder(copy.target, &to, &item.name).await.map_err(|error| name_path(error, &path))?;
        let visits = copy_visits(copy, ItemRef::from(&item), inside, ItemRef::from(&made));
        return Ok(Visited::folder(path, made, visits));
    }
    if !item.is_file() {
        return Ok(Visited::skipped(path));
    }
    let request = UploadRequest::new(to, &item.name).with_on_conflict(copy.options.on_conflict);
    let transfer = copy.options.transfer.clone();
    let copied = copy_file(copy.source, &ItemRef::from(&item), copy.target, request, transfer).await;
    let outcome = copied.map_err(|error| name_path(error, &path))?;
    Ok(Visited::file(path, outcome.item, outcome.integrity))
}
