//! Whole trees: up, down and across, many small files at once, in memory that does not grow with their size.

mod across;
mod crawl;
mod down;
mod taken;
mod up;

use std::path::PathBuf;
use std::sync::Arc;

pub(super) use self::across::copy_tree;
pub(super) use self::down::download_dir;
pub(super) use self::up::upload_dir;
use crate::names::Folding;
use crate::transfer::options::MemoryBudget;
use crate::transfer::{Integrity, TransferOptions, UploadOutcome};
use crate::{
    Attempted as _, CreateFolderOptions, Error, ErrorKind, Item, ItemRef, OnConflict, RemotePath, RemoteStore, Result,
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
    /// It is neither a file nor a folder, such as a symbolic link, or a partial file of a download, and was left out.
    Skipped,
}

/// Where in the tree it happened says more than the identifier that a provider names.
fn name_path(error: Error, path: &RemotePath) -> Error {
    error.with_subject(path)
}

/// The folder of this name, new or there already.
async fn ensure_folder<S: RemoteStore + ?Sized>(store: &S, parent: &ItemRef, name: &str) -> Result<Item> {
    let reuse = CreateFolderOptions::new().with_reuse_existing(true);
    let folder = store.create_folder(parent, name, reuse).await?;
    placed_under(name, &folder)?;
    Ok(folder)
}

/// The file as it was sent. One that is under another name now has replaced what somebody else put there.
fn sent(name: &str, outcome: UploadOutcome) -> Result<(Item, Integrity)> {
    placed_under(name, &outcome.item).after_write()?;
    Ok((outcome.item, outcome.integrity))
}

/// Checks that the service has an item under the name that was asked for. It may compose or decompose letters.
fn placed_under(name: &str, item: &Item) -> Result<()> {
    if Folding::COMPOSITION.fold(name) == Folding::COMPOSITION.fold(&item.name) {
        return Ok(());
    }
    let message = format!("the service takes {name:?} for the name of {:?}, which is another item", item.name);
    Err(Error::new(ErrorKind::AlreadyExists, message))
}
