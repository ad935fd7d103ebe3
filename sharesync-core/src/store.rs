//! The contract: what every provider implements and every application programs against.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt as _;

use crate::transfer::{Download, DownloadOptions, Part, PartReceipt, UploadRequest, UploadSpec, UploadStatus};
use crate::{
    BoxStream, Capabilities, ChangeOptions, ChangePage, CreateFolderOptions, DeleteOptions, Destination, Digest, Error,
    Item, ItemRef, ListOptions, Operation, Page, Result, Share, ShareId, ShareKind, ShareRequest, Signal, Since,
};

/// Which service and account a store speaks to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreInfo {
    /// The provider, such as `sharefile`.
    pub provider: &'static str,
    /// The account, in words a user recognises, such as `acct.sf-api.com`.
    pub account: String,
}

impl StoreInfo {
    /// Names provider and account.
    pub fn new(provider: &'static str, account: impl Into<String>) -> Self {
        Self { provider, account: account.into() }
    }
}

/// A file sync and share service, seen the same way whichever it is.
///
/// An application holds an `Arc<dyn RemoteStore>`. What a service cannot do is an
/// [`Unsupported`](crate::ErrorKind::Unsupported) error, announced by [`capabilities`](Self::capabilities); nothing is
/// skipped or imitated in silence. Names are checked against [`Capabilities::names`] before anything is sent.
///
/// What can be said in terms of these operations (walking a tree, uploading a local file, resuming, copying between two
/// stores) is in [`RemoteStoreExt`](crate::RemoteStoreExt).
///
/// # Cancellation
/// Dropping a future or a stream stops the work. A write that was under way may have reached the service; one that takes several
/// requests goes on in a task of its own until it is done or undone. A runtime that ends takes such tasks along: wait for
/// [`settled`](crate::settled) before. What a killed process leaves is found by
/// [`leftovers`](crate::RemoteStoreExt::leftovers).
#[async_trait]
pub trait RemoteStore: Debug + Send + Sync + 'static {
    /// Provider and account.
    fn info(&self) -> &StoreInfo;

    /// What this store can do.
    fn capabilities(&self) -> &Capabilities;

    /// Reads what is known of one item.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) when there is no such item.
    async fn stat(&self, item: &ItemRef) -> Result<Item>;

    /// Lists what a folder holds, page by page, each item once. An error ends the stream.
    fn list(&self, folder: &ItemRef, options: ListOptions) -> BoxStream<'static, Result<Page<Item>>>;

    /// Reads changes; see [`Since`], [`Change`](crate::Change) and [`ChangePage`] for what they mean.
    ///
    /// An item is told as gone where the service itself says so, while the scope's own folder is there. Whatever else goes
    /// wrong ends the stream, and the next call goes on from the last checkpoint.
    ///
    /// # Errors
    /// [`CursorInvalid`](crate::ErrorKind::CursorInvalid) for a damaged cursor, or one of another store or scope;
    /// [`NotFound`](crate::ErrorKind::NotFound) when the scope's folder is gone, also in the middle of the reading;
    /// [`InvalidName`](crate::ErrorKind::InvalidName) for an item whose name no path can hold.
    fn changes(&self, since: Since, options: ChangeOptions) -> BoxStream<'static, Result<ChangePage>> {
        let _ = (since, options);
        let error = self.unsupported(Operation::Changes);
        futures::stream::once(async { Err(error) }).boxed()
    }

    /// Listens to the service's push channel for what may have changed in a scope; `None` where there is none.
    ///
    /// It begins with [`Signal::Connected`] once the channel is open, and opens it again by itself, with pauses between.
    /// An error ends it: it would not pass. Applications use [`watch`](crate::RemoteStoreExt::watch) or
    /// [`follow`](crate::RemoteStoreExt::follow), which look at the store in intervals where nothing is pushed.
    fn signals(&self, scope: &ChangeOptions) -> Option<BoxStream<'static, Result<Signal>>> {
        let _ = scope;
        None
    }

    /// Begins an upload: the service is asked where and how the content is to be sent.
    ///
    /// Nothing gets the name of the file before [`upload_finish`](Self::upload_finish) or the last part. What the service is
    /// left with, when it goes no further, passes by itself; what would stay is made with the first part, by a name that is in
    /// the spec, so that the spec can be kept before.
    async fn upload_spec(&self, request: UploadRequest) -> Result<UploadSpec> {
        let _ = request;
        Err(self.unsupported(Operation::UploadSpec))
    }

    /// Sends one part of an upload.
    ///
    /// Sending the same part again is harmless: the plans of [`UploadSpec`] are chosen so. When the receipt holds a
    /// [renewed](PartReceipt::renewed) spec, that one is for the next part.
    async fn upload_part(&self, spec: &UploadSpec, part: Part<'_>) -> Result<PartReceipt> {
        let _ = (spec, part);
        Err(self.unsupported(Operation::UploadSpec))
    }

    /// Asks what the service holds of an upload, for example after a crash.
    async fn upload_status(&self, spec: &UploadSpec) -> Result<UploadStatus> {
        let _ = spec;
        Err(self.unsupported(Operation::UploadResume))
    }

    /// Completes an upload: from now on the item exists.
    ///
    /// `content` holds digests of the whole content: at least those in the algorithms that [`UploadSpec::digests`] asks
    /// for. When another writer's version lies on top of this one by now, the item returned is still this one, where the
    /// service can tell them apart.
    async fn upload_finish(&self, spec: &UploadSpec, parts: &[PartReceipt], content: &[Digest]) -> Result<Item> {
        let _ = (spec, parts, content);
        Err(self.unsupported(Operation::UploadSpec))
    }

    /// Gives an upload up and lets the service forget what it has of it. What the upload has completed stays.
    ///
    /// Once polled it comes to its end, also when its future is dropped: see [`own_task`](crate::own_task).
    async fn upload_abort(&self, spec: &UploadSpec) -> Result<()> {
        let _ = spec;
        Err(self.unsupported(Operation::UploadSpec))
    }

    /// Opens the content of a file, or a range of it.
    ///
    /// The body resumes itself after a broken connection, and ends in an error when length or digest differ.
    async fn download(&self, item: &ItemRef, options: DownloadOptions) -> Result<Download>;

    /// Creates a folder.
    ///
    /// # Errors
    /// [`AlreadyExists`](crate::ErrorKind::AlreadyExists) when the name is taken, unless
    /// [`reuse_existing`](CreateFolderOptions::reuse_existing) is set and a folder has it.
    async fn create_folder(&self, parent: &ItemRef, name: &str, options: CreateFolderOptions) -> Result<Item> {
        let _ = (parent, name, options);
        Err(self.unsupported(Operation::CreateFolder))
    }

    /// Moves an item, renames it, or both. It never replaces another item.
    ///
    /// # Errors
    /// [`AlreadyExists`](crate::ErrorKind::AlreadyExists) when the name is taken at the destination.
    async fn move_item(&self, item: &ItemRef, to: &Destination) -> Result<Item> {
        let _ = (item, to);
        Err(self.unsupported(Operation::Move))
    }

    /// Copies an item, a folder with all it holds. It never replaces another item.
    ///
    /// # Errors
    /// [`AlreadyExists`](crate::ErrorKind::AlreadyExists) when the name is taken at the destination.
    async fn copy_item(&self, item: &ItemRef, to: &Destination) -> Result<Item> {
        let _ = (item, to);
        Err(self.unsupported(Operation::Copy))
    }

    /// Deletes an item, a folder with all it holds.
    async fn delete(&self, item: &ItemRef, options: DeleteOptions) -> Result<()> {
        let _ = item;
        Err(self.unsupported(if options.permanent { Operation::DeletePermanently } else { Operation::Delete }))
    }

    /// Shares an item: a link, a link through which others upload, or access for named people.
    async fn share(&self, item: &ItemRef, request: ShareRequest) -> Result<Share> {
        let _ = item;
        Err(self.unsupported(match request.kind {
            ShareKind::Link => Operation::Share,
            ShareKind::RequestFiles => Operation::RequestFiles,
            ShareKind::Invitation => Operation::Invite,
        }))
    }

    /// Ends a share.
    async fn unshare(&self, share: &ShareId) -> Result<()> {
        let _ = share;
        Err(self.unsupported(Operation::Unshare))
    }

    /// The error of an operation that this store does not do.
    #[doc(hidden)]
    fn unsupported(&self, operation: Operation) -> Error {
        Error::unsupported(self.info().provider, operation, "this provider has no such operation")
    }
}

/// Every method is forwarded by hand: a defaulted one would turn a supported operation into an unsupported one.
#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: RemoteStore + ?Sized> RemoteStore for Arc<T> {
    fn info(&self) -> &StoreInfo {
        (**self).info()
    }

    fn capabilities(&self) -> &Capabilities {
        (**self).capabilities()
    }

    async fn stat(&self, item: &ItemRef) -> Result<Item> {
        (**self).stat(item).await
    }

    fn list(&self, folder: &ItemRef, options: ListOptions) -> BoxStream<'static, Result<Page<Item>>> {
        (**self).list(folder, options)
    }

    fn changes(&self, since: Since, options: ChangeOptions) -> BoxStream<'static, Result<ChangePage>> {
        (**self).changes(since, options)
    }

    fn signals(&self, scope: &ChangeOptions) -> Option<BoxStream<'static, Result<Signal>>> {
        (**self).signals(scope)
    }

    async fn upload_spec(&self, request: UploadRequest) -> Result<UploadSpec> {
        (**self).upload_spec(request).await
    }

    async fn upload_part(&self, spec: &UploadSpec, part: Part<'_>) -> Result<PartReceipt> {
        (**self).upload_part(spec, part).await
    }

    async fn upload_status(&self, spec: &UploadSpec) -> Result<UploadStatus> {
        (**self).upload_status(spec).await
    }

    async fn upload_finish(&self, spec: &UploadSpec, parts: &[PartReceipt], content: &[Digest]) -> Result<Item> {
        (**self).upload_finish(spec, parts, content).await
    }

    async fn upload_abort(&self, spec: &UploadSpec) -> Result<()> {
        (**self).upload_abort(spec).await
    }

    async fn download(&self, item: &ItemRef, options: DownloadOptions) -> Result<Download> {
        (**self).download(item, options).await
    }

    async fn create_folder(&self, parent: &ItemRef, name: &str, options: CreateFolderOptions) -> Result<Item> {
        (**self).create_folder(parent, name, options).await
    }

    async fn move_item(&self, item: &ItemRef, to: &Destination) -> Result<Item> {
        (**self).move_item(item, to).await
    }

    async fn copy_item(&self, item: &ItemRef, to: &Destination) -> Result<Item> {
        (**self).copy_item(item, to).await
    }

    async fn delete(&self, item: &ItemRef, options: DeleteOptions) -> Result<()> {
        (**self).delete(item, options).await
    }

    async fn share(&self, item: &ItemRef, request: ShareRequest) -> Result<Share> {
        (**self).share(item, request).await
    }

    async fn unshare(&self, share: &ShareId) -> Result<()> {
        (**self).unshare(share).await
    }

    fn unsupported(&self, operation: Operation) -> Error {
        (**self).unsupported(operation)
    }
}
