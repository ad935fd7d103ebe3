//! The store: the contract of sharesync in terms of the typed client. It translates and delegates.
//!
//! What takes more than one call of the service is beside: finding items in `locate`, creating, deleting and sharing in
//! `change`, moving and copying in `relocate`, content in `upload`, `resume` and `download`.

mod change;
mod download;
mod locate;
mod options;
mod relocate;
mod resume;
mod translate;
mod upload;

use std::sync::Arc;

use async_trait::async_trait;
use futures::{StreamExt as _, TryStreamExt as _};
use sharesync_core::snapshot::{Pruning, not_configured};
use sharesync_core::transfer::{Download, DownloadOptions, Part, PartReceipt, UploadRequest, UploadSpec, UploadStatus};
use sharesync_core::{
    BoxStream, Capabilities, ChangeOptions, ChangePage, CreateFolderOptions, DeleteOptions, Destination, Digest,
    DigestAlgorithm, Item, ItemRef, ListOptions, Operation, Page, RemotePath, RemoteStore, Result, Share, ShareId,
    ShareRequest, Since, StoreInfo, Support, UploadLimits, own_task,
};
use tokio::sync::OnceCell;

pub use options::StoreOptions;

use self::upload::MAX_PARALLEL;
use crate::{Client, Items, PROVIDER, alias};

/// A ShareFile account as a [`RemoteStore`]: [`Client::store`]. Clones are the same store.
///
/// How the contract is kept:
///
/// - A file's identifier names one version of it, and is its revision. A new version has another one, and the same
///   [`version_series`](Item::version_series), the service's `StreamID`.
/// - Names are compared without regard to case. Nothing is ever replaced but by [`OnConflict::NewVersion`]
///   or a required revision: the name is looked up first, and the service is told not to overwrite as well.
/// - Up to [`single_limit`](StoreOptions::single_limit) an upload is one request, above it is sent in chunks, which another
///   process can continue. A request whose answer is lost may have made the file: the store looks for it, and repeats the
///   request only where it is not there.
/// - A download verifies the MD5 that the service reports. Its address is asked for again where it is refused.
/// - Moving to another folder *and* another name is two updates, because the service may replace an item when both are
///   changed at once; where both names are taken on the way, it goes through a temporary folder. What fails half-way is
///   undone; what cannot be undone is in the error.
/// - Copying under another name or within a folder goes through a temporary folder `sharesync-…` beside the copy. A copy
///   does not keep the modification time. What a killed process leaves of them, `leftovers` finds.
/// - Deleting with a required revision looks at the revision first: another client may come between.
/// - [`ShareKind::Link`] is a Send share, [`ShareKind::RequestFiles`] a Request share, both without mail. A limit
///   of downloads holds for each user of the link. Invitations, passwords, editing and links for named people are
///   `Unsupported`; [`Client::shares`] sends links by mail.
/// - [`upload_abort`](RemoteStore::upload_abort) does nothing: the service has no such call. What it has of an upload
///   lapses, and the next upload of the file does not continue it.
/// - [`changes`](RemoteStore::changes) compares the tree with the last time, because the service has no feed of changes:
///   it needs [`StoreOptions::snapshots`]. A folder is listed if its `ProgenyEditDate` is another than the last time, or
///   missing. That the service changes this date with everything below the folder is said in the comments of its own
///   client alone, and deletions are not mentioned: what it leaves out is seen when the whole tree is read again, see
///   [`Snapshots::with_full_scan_every`](sharesync_core::snapshot::Snapshots::with_full_scan_every). The revision of a
///   folder is this date.
///
/// [`OnConflict::NewVersion`]: sharesync_core::OnConflict::NewVersion
/// [`ShareKind::Link`]: sharesync_core::ShareKind::Link
/// [`ShareKind::RequestFiles`]: sharesync_core::ShareKind::RequestFiles
#[derive(Debug, Clone)]
pub struct ShareFileStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    items: Items,
    client: Client,
    options: StoreOptions,
    info: StoreInfo,
    capabilities: Capabilities,
    root: OnceCell<String>,
}

impl ShareFileStore {
    pub(crate) fn new(client: Client, options: StoreOptions) -> Self {
        let account = match options.root.as_str() {
            alias::HOME => client.account().to_owned(),
            root => format!("{}/{root}", client.account()),
        };
        let info = StoreInfo::new(PROVIDER, account);
        let capabilities = capabilities(&options);
        Self(Arc::new(Inner { items: client.items(), client, options, info, capabilities, root: OnceCell::new() }))
    }

    /// The typed client that the store uses.
    pub fn client(&self) -> &Client {
        &self.0.client
    }

    fn items(&self) -> &Items {
        &self.0.items
    }

    fn options(&self) -> &StoreOptions {
        &self.0.options
    }

    /// The pages of a folder's children.
    async fn pages(self, folder: ItemRef, size: Option<u32>) -> Result<BoxStream<'static, Result<Page<Item>>>> {
        let id = self.id_of(&folder).await?;
        let query = translate::listing().top(size.unwrap_or(self.options().page_size).max(1));
        let above = match folder {
            ItemRef::Root => Some(RemotePath::root()),
            ItemRef::Path(path) => Some(path),
            _ => None,
        };
        let pages = self.items().children_pages(&id, query).and_then(move |page| {
            let items = page.items.iter().map(|entity| {
                let mut item = translate::item(entity)?;
                item.parent = Some(id.as_str().into());
                item.path = above.as_ref().and_then(|above| above.join(&item.name).ok());
                Ok(item)
            });
            std::future::ready(items.collect::<Result<_>>().map(|items| Page::new(items).with_total(page.total)))
        });
        Ok(pages.boxed())
    }
}

fn capabilities(options: &StoreOptions) -> Capabilities {
    let native: Vec<_> = Operation::ALL
        .into_iter()
        .filter(|operation| !matches!(operation, Operation::Changes | Operation::Copy | Operation::Invite))
        .collect();
    let mut capabilities =
        Capabilities::new(locate::NAMES).with(Support::Native, &native).with(Support::Emulated, &[Operation::Copy]);
    if options.snapshots.is_some() {
        capabilities = capabilities.with(Support::Emulated, &[Operation::Changes]);
    }
    capabilities.upload = UploadLimits::default();
    capabilities.upload.max_parallel_parts = if options.sequential { 1 } else { MAX_PARALLEL };
    capabilities.digests = vec![DigestAlgorithm::Md5];
    capabilities.ids_survive_new_version = false;
    // `BaseFileId`; a deletion has no such condition.
    capabilities.exclusive_uploads = true;
    capabilities
}

#[async_trait]
impl RemoteStore for ShareFileStore {
    fn info(&self) -> &StoreInfo {
        &self.0.info
    }

    fn capabilities(&self) -> &Capabilities {
        &self.0.capabilities
    }

    async fn stat(&self, item: &ItemRef) -> Result<Item> {
        self.find(item).await
    }

    fn list(&self, folder: &ItemRef, options: ListOptions) -> BoxStream<'static, Result<Page<Item>>> {
        futures::stream::once(self.clone().pages(folder.clone(), options.page_size)).try_flatten().boxed()
    }

    fn changes(&self, since: Since, options: ChangeOptions) -> BoxStream<'static, Result<ChangePage>> {
        match &self.options().snapshots {
            Some(snapshots) => {
                snapshots.changes(self.clone(), Pruning::FolderRevision(self.client().clock().clone()), since, options)
            }
            None => not_configured(PROVIDER),
        }
    }

    async fn upload_spec(&self, request: UploadRequest) -> Result<UploadSpec> {
        upload::begin(self, request).await
    }

    async fn upload_part(&self, spec: &UploadSpec, part: Part<'_>) -> Result<PartReceipt> {
        upload::send(self, spec, part).await
    }

    async fn upload_status(&self, spec: &UploadSpec) -> Result<UploadStatus> {
        resume::status(self, spec).await
    }

    async fn upload_finish(&self, spec: &UploadSpec, parts: &[PartReceipt], content: &[Digest]) -> Result<Item> {
        upload::finish(self, spec, parts, content).await
    }

    async fn upload_abort(&self, spec: &UploadSpec) -> Result<()> {
        upload::check(spec)
    }

    async fn download(&self, item: &ItemRef, options: DownloadOptions) -> Result<Download> {
        download::open(self, item, options).await
    }

    async fn create_folder(&self, parent: &ItemRef, name: &str, options: CreateFolderOptions) -> Result<Item> {
        let (store, parent, name) = (self.clone(), parent.clone(), name.to_owned());
        own_task(async move { change::create_folder(&store, &parent, &name, options).await }).await
    }

    async fn move_item(&self, item: &ItemRef, to: &Destination) -> Result<Item> {
        let (store, item, to) = (self.clone(), item.clone(), to.clone());
        own_task(async move { relocate::move_item(&store, &item, &to).await }).await
    }

    async fn copy_item(&self, item: &ItemRef, to: &Destination) -> Result<Item> {
        let (store, item, to) = (self.clone(), item.clone(), to.clone());
        own_task(async move { relocate::copy_item(&store, &item, &to).await }).await
    }

    async fn delete(&self, item: &ItemRef, options: DeleteOptions) -> Result<()> {
        let (store, item) = (self.clone(), item.clone());
        own_task(async move { change::delete(&store, &item, options).await }).await
    }

    async fn share(&self, item: &ItemRef, request: ShareRequest) -> Result<Share> {
        let (store, item) = (self.clone(), item.clone());
        own_task(async move { change::share(&store, &item, &request).await }).await
    }

    async fn unshare(&self, share: &ShareId) -> Result<()> {
        change::unshare(self, share).await
    }
}
