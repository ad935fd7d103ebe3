//! What can be said in terms of the contract, for every store alike.
//!
//! Each operation of [`RemoteStoreExt`] is in a file of its own below; the trait itself only names them.

mod checked;
mod copy;
mod directory;
mod leftovers;
mod local;
mod partial;
mod place;
mod resolve;
mod tree;
mod walk;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};

pub use self::leftovers::Leftover;
pub use self::local::{DownloadOutcome, DownloadToOptions};
pub use self::tree::{TreeEntry, TreeOptions, TreeOutcome};
pub use self::walk::WalkOptions;
use crate::transfer::options::unless_cancelled;
use crate::transfer::{
    BytesSource, FileSource, Source, SpoolSource, TransferOptions, UploadOutcome, UploadRequest, UploadSpec,
    resume_upload, upload,
};
use crate::watch::{follow, watch};
use crate::{
    BoxStream, ChangeOptions, ChangePage, ErrorKind, Item, ItemRef, ListOptions, RemotePath, RemoteStore, Result,
    Signal, Since, WatchOptions,
};

/// Conveniences of every store, also of a `dyn RemoteStore`.
#[async_trait]
pub trait RemoteStoreExt: RemoteStore {
    /// Lists what a folder holds, item by item. An error ends the stream.
    fn items(&self, folder: impl Into<ItemRef>, options: ListOptions) -> BoxStream<'static, Result<Item>> {
        items(self, &folder.into(), options)
    }

    /// Lists all that is below a folder, several folders at once, each item with its path from that folder.
    ///
    /// A folder comes before what it holds; otherwise there is no order. Symbolic links are not followed. A folder that
    /// cannot be listed, and a name that could lead out of its folder ([`ErrorKind::InvalidName`]), is an error between
    /// the items: the stream goes on after it.
    fn walk(&self, folder: impl Into<ItemRef>, options: WalkOptions) -> BoxStream<'_, Result<(RemotePath, Item)>> {
        walk::walk(self, folder.into(), options)
    }

    /// The item at a path: asked of the service where it knows paths, else found by listing one folder after another.
    ///
    /// Where names differ only in case on a store that does not tell them apart, the exact one is preferred.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none.
    async fn resolve(&self, path: &RemotePath) -> Result<Item> {
        resolve::resolve(self, path).await
    }

    /// Whether there is such an item.
    ///
    /// # Errors
    /// Those of [`stat`](RemoteStore::stat), but not [`ErrorKind::NotFound`].
    async fn exists(&self, item: impl Into<ItemRef> + Send) -> Result<bool> {
        let found = match item.into() {
            ItemRef::Path(path) => resolve::resolve(self, &path).await,
            item => self.stat(&item).await,
        };
        match found {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The folder at a path; what is missing of the path is created.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] when something on the path is no folder.
    async fn create_folder_all(&self, path: &RemotePath) -> Result<Item> {
        resolve::create_folder_all(self, path).await
    }

    /// Says when it is time to read the changes of a scope: at once where the service has a push channel, in intervals
    /// elsewhere. Read the changes once when it begins, and after every signal but [`Signal::Interrupted`].
    ///
    /// # Errors
    /// What would not pass by itself ends the stream.
    fn watch(&self, scope: &ChangeOptions, options: WatchOptions) -> BoxStream<'static, Result<Signal>> {
        watch(self, scope, options)
    }

    /// Reads changes for as long as it is polled: what there is now, and then what comes, as soon as
    /// [`watch`](Self::watch) tells of it. Pages and checkpoints mean what they mean in
    /// [`changes`](RemoteStore::changes).
    ///
    /// # Errors
    /// A failure that may pass (no connection, an overloaded service) is an error between the pages: the stream goes on
    /// after it, from the last checkpoint. Any other ends it.
    fn follow(&self, since: Since, scope: ChangeOptions, options: WatchOptions) -> BoxStream<'_, Result<ChangePage>> {
        follow(self, since, scope, options)
    }

    /// Uploads a local file. Size, and unless the request says otherwise, times are those of the file. A file whose size
    /// the system does not tell, such as those in `/proc`, is read to its end first, as by
    /// [`upload_stream`](Self::upload_stream).
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when the file cannot be read, and as [`upload`].
    async fn upload_file(
        &self,
        local: impl Into<PathBuf> + Send,
        request: UploadRequest,
        options: TransferOptions,
    ) -> Result<UploadOutcome> {
        upload_local(self, local.into(), request, options).await
    }

    /// Uploads bytes in memory.
    ///
    /// # Errors
    /// As [`upload`].
    async fn upload_bytes(
        &self,
        bytes: impl Into<Bytes> + Send,
        request: UploadRequest,
        options: TransferOptions,
    ) -> Result<UploadOutcome> {
        let source = Arc::new(BytesSource::new(bytes));
        upload(self, request, source, options).await
    }

    /// Uploads a stream of unknown length. It is read to its end first, into memory or a temporary file.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] when it is longer than the service takes, [`ErrorKind::Io`] when it fails, and as
    /// [`upload`].
    async fn upload_stream(
        &self,
        stream: impl Stream<Item = std::io::Result<Bytes>> + Send,
        request: UploadRequest,
        options: TransferOptions,
    ) -> Result<UploadOutcome> {
        let limit = self.capabilities().upload.max_file_size.unwrap_or(u64::MAX);
        let spooled = unless_cancelled(options.cancel.as_ref(), SpoolSource::from_stream(stream, limit)).await?;
        upload(self, request, Arc::new(spooled), options).await
    }

    /// Continues an upload from its spec.
    ///
    /// # Errors
    /// As [`upload`].
    async fn resume_upload(
        &self,
        spec: UploadSpec,
        source: Arc<dyn Source>,
        options: TransferOptions,
    ) -> Result<UploadOutcome> {
        resume_upload(self, spec, source, options).await
    }

    /// Downloads a file to a local path, with the modification time that the service reports.
    ///
    /// The bytes go to a partial file in the same directory first, which is renamed when it is complete and verified.
    /// After a failure the partial file of a large file stays, with a file of checksums beside it, and the next call
    /// continues what is intact of it if the service still holds the same content; one of other content is removed when a
    /// download to the same path succeeds.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] when there is such a file, unless the options say to replace it;
    /// [`ErrorKind::Integrity`] when length or digest differ from what the service reports;
    /// [`ErrorKind::Conflict`] while another download writes the same file; [`ErrorKind::Io`].
    async fn download_to(
        &self,
        item: impl Into<ItemRef> + Send,
        local: impl Into<PathBuf> + Send,
        options: DownloadToOptions,
    ) -> Result<DownloadOutcome> {
        local::download_to(self, &item.into(), local.into(), options).await
    }

    /// Copies a file to another store. Its bytes pass through this process; of a large file only a few parts are in
    /// memory at once. Times are those of the original unless the request says otherwise.
    ///
    /// # Errors
    /// Those of the download here and of [`upload`] there.
    async fn copy_between<T: RemoteStore + ?Sized>(
        &self,
        item: impl Into<ItemRef> + Send,
        target: &T,
        request: UploadRequest,
        options: TransferOptions,
    ) -> Result<UploadOutcome> {
        copy::copy_file(self, &item.into(), target, request, options).await
    }

    /// Uploads what a local directory holds into a folder, with all its subdirectories.
    ///
    /// The stream does the work and reports each file and folder when it is done. One that fails is an error that names
    /// its path; the others go on as long as the stream is polled. Symbolic links, and partial files of downloads, are left
    /// out; nothing is read through a link, not even through one that takes the place of a directory meanwhile.
    ///
    /// Two names that are one on the target, because case or the composition of letters makes no difference there (or may
    /// make none), never replace each other, and folders of such names are not merged: the second one is an error of kind
    /// [`ErrorKind::AlreadyExists`] that names the first one. What is in the folder already counts as the first one. To know
    /// that where files are replaced, folders that exist are listed first.
    fn upload_dir(
        &self,
        local: impl Into<PathBuf>,
        folder: impl Into<ItemRef>,
        options: TreeOptions,
    ) -> BoxStream<'_, Result<TreeEntry>> {
        tree::upload_dir(self, local.into(), folder.into(), options)
    }

    /// Downloads what a folder holds into an existing local directory, with all its subfolders.
    ///
    /// Works as [`upload_dir`](Self::upload_dir) does, and compares names as the local file system does. Names that cannot
    /// safely be local names are errors of kind [`ErrorKind::InvalidName`], local links in the place of folders of kind
    /// [`ErrorKind::Io`], also those that take the place of a folder meanwhile: nothing is written outside the directory.
    fn download_dir(
        &self,
        folder: impl Into<ItemRef>,
        local: impl Into<PathBuf>,
        options: TreeOptions,
    ) -> BoxStream<'_, Result<TreeEntry>> {
        tree::download_dir(self, folder.into(), local.into(), options)
    }

    /// Finds what processes have left below a folder under [temporary names](crate::Temporary), because they were killed or cut
    /// off in the middle of a move, a copy or an upload: items that were being moved, with their name and place, and incomplete
    /// copies. Nothing is changed; [`clean_up`](Self::clean_up) does that, one by one.
    ///
    /// What this process has made is left out, as is anything in which something was done within the last `older_than`: another
    /// process may still be at work. Choose it longer than any copy of a folder takes, such as a day.
    ///
    /// ```no_run
    /// # use futures::TryStreamExt as _;
    /// # use sharesync_core::{ItemRef, RemoteStore, RemoteStoreExt as _, Result};
    /// # async fn tidy(store: &dyn RemoteStore) -> Result<()> {
    /// let mut leftovers = store.leftovers(ItemRef::Root, std::time::Duration::from_secs(24 * 60 * 60));
    /// while let Some(leftover) = leftovers.try_next().await? {
    ///     for item in leftover.only_copies() {
    ///         println!("{:?} is in {}", item.name, leftover.path);
    ///     }
    ///     store.clean_up(&leftover).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn leftovers(&self, folder: impl Into<ItemRef>, older_than: Duration) -> BoxStream<'_, Result<Leftover>> {
        leftovers::leftovers(self, folder.into(), older_than)
    }

    /// Cleans up what a process has left: an item that was being moved or renamed is brought to its place, an incomplete copy or
    /// upload is deleted, into the recycle bin where there is one. Returns the items that were brought to their place.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] when something else has the name of an item by now, [`ErrorKind::Conflict`] when the name is
    /// not known: the item stays where it is, and is for the application to move. And those of
    /// [`move_item`](RemoteStore::move_item) and [`delete`](RemoteStore::delete).
    async fn clean_up(&self, leftover: &Leftover) -> Result<Vec<Item>> {
        leftovers::clean_up(self, leftover).await
    }

    /// Copies what a folder holds into a folder of another store, with all its subfolders.
    ///
    /// Works as [`upload_dir`](Self::upload_dir) does.
    fn copy_dir_between<'a, T: RemoteStore + ?Sized>(
        &'a self,
        folder: impl Into<ItemRef>,
        target: &'a T,
        to: impl Into<ItemRef>,
        options: TreeOptions,
    ) -> BoxStream<'a, Result<TreeEntry>> {
        tree::copy_tree(self, folder.into(), target, to.into(), options)
    }
}

impl<S: RemoteStore + ?Sized> RemoteStoreExt for S {}

fn items<S: RemoteStore + ?Sized>(
    store: &S,
    folder: &ItemRef,
    options: ListOptions,
) -> BoxStream<'static, Result<Item>> {
    store.list(folder, options).map_ok(|page| stream::iter(page.items).map(Ok)).try_flatten().boxed()
}

async fn upload_local<S: RemoteStore + ?Sized>(
    store: &S,
    local: PathBuf,
    request: UploadRequest,
    options: TransferOptions,
) -> Result<UploadOutcome> {
    store.capabilities().names.check(&request.name)?;
    upload_source(store, FileSource::open(local).await?, request, options).await
}

/// Uploads a local file that is open already.
async fn upload_source<S: RemoteStore + ?Sized>(
    store: &S,
    source: FileSource,
    mut request: UploadRequest,
    options: TransferOptions,
) -> Result<UploadOutcome> {
    request.modified = request.modified.or(source.modified());
    request.created = request.created.or(source.created());
    let limit = store.capabilities().upload.max_file_size.unwrap_or(u64::MAX);
    let content = unless_cancelled(options.cancel.as_ref(), source.of_known_length(limit)).await?;
    upload(store, request, content, options).await
}
