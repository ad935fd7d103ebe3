//! The store: the contract of sharesync in terms of the typed client. It translates and delegates.

mod change;
mod find;
mod item;
mod options;
mod share;
mod signals;
mod transfer;
mod tree;
mod walk;

use std::sync::Arc;

use async_trait::async_trait;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use sharesync_core::transfer::{Download, DownloadOptions, Part, PartReceipt, UploadRequest, UploadSpec, UploadStatus};
use sharesync_core::{
    Attempted, BoxStream, Capabilities, ChangeOptions, ChangePage, CreateFolderOptions, DeleteOptions, Destination,
    Digest, DigestAlgorithm, Item, ItemRef, ListOptions, NameRules, Operation, Page, RemoteStore, Result, Share,
    ShareId, ShareRequest, Signal, Since, StoreInfo, Support, own_task,
};

pub use options::StoreOptions;

use crate::{Client, PROVIDER};

/// A share as a [`RemoteStore`]. Clones are the same store.
///
/// - Changes are those of the service's log. What has changed is asked for once more, so that an item is what it is now and
///   not what it was. A position that the service does not know becomes a reset.
/// - With a [device](StoreOptions::device_id) the live socket says when there are changes.
/// - A path is found by listing one folder after another.
/// - An upload that was interrupted goes on with the chunks that the service says it has. What they hold shows when the file
///   is complete: one that is not what was sent is taken back, and the upload starts anew.
/// - A small new file is one request. A large one, and every new version, is a session of chunks; a session that was given
///   up is forgotten by the service after a day, because nothing documented ends it before. A revision that an upload
///   requires is looked at when it begins and when it ends; somebody else can come in between.
/// - Moving and renaming at once are two steps; where both names are taken on the way, they go through a temporary folder. A
///   failure is undone, and an error that could not be undone says so.
/// - A folder is copied by creating its folders anew and copying its files one after another.
///
/// Listings tell less than single items: no revision, no digest, no time of creation. Revisions are the numbers of
/// versions. Modification times cannot be set. The identifier of the root is that of the share.
#[derive(Debug, Clone)]
pub struct CursorStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: Client,
    options: StoreOptions,
    info: StoreInfo,
    capabilities: Capabilities,
}

impl CursorStore {
    pub(crate) fn new(client: Client, options: StoreOptions) -> Self {
        let info = StoreInfo::new(PROVIDER, format!("{}/{}", client.account(), options.share_id));
        let mut capabilities = capabilities();
        capabilities.upload.max_parallel_parts = options.parallel_chunks;
        Self(Arc::new(Inner { client, options, info, capabilities }))
    }

    /// The client of the account.
    pub fn client(&self) -> &Client {
        &self.0.client
    }
}

/// No rule for names is documented; that `/` separates them in paths is. Names that differ in case alone are taken for one,
/// which is the safe guess: what must not be replaced is not.
fn capabilities() -> Capabilities {
    let native = [
        Operation::Stat,
        Operation::List,
        Operation::Changes,
        Operation::UploadSpec,
        Operation::UploadResume,
        Operation::Download,
        Operation::CreateFolder,
        Operation::Delete,
        Operation::DeletePermanently,
        Operation::Share,
        Operation::RequestFiles,
        Operation::Unshare,
    ];
    let emulated = [Operation::StatByPath, Operation::Move, Operation::Copy];
    let mut capabilities = Capabilities::new(NameRules::permissive().with_case_sensitive(false))
        .with(Support::Native, &native)
        .with(Support::Emulated, &emulated);
    capabilities.digests = vec![DigestAlgorithm::Sha256];
    capabilities.keeps_modified = false;
    capabilities
}

/// Items in a page of a listing, unless the application says otherwise.
const PAGE: u32 = 1000;

#[async_trait]
impl RemoteStore for CursorStore {
    fn info(&self) -> &StoreInfo {
        &self.0.info
    }

    fn capabilities(&self) -> &Capabilities {
        &self.0.capabilities
    }

    async fn stat(&self, item: &ItemRef) -> Result<Item> {
        self.0.stat(item).await.attempted(PROVIDER, Operation::Stat.name()).about(item)
    }

    /// The service has no pages here: everything comes at once, waits on disk if it is much, and is cut into pages.
    fn list(&self, folder: &ItemRef, options: ListOptions) -> BoxStream<'static, Result<Page<Item>>> {
        let (store, folder) = (self.0.clone(), folder.clone());
        let name = folder.clone();
        let listed = async move {
            let children = store.children(&store.place(&folder).await?).await?;
            let total = children.total;
            let size = options.page_size.unwrap_or(PAGE).max(1) as usize;
            let pages = children.pages.map_ok(|page| stream::iter(page.into_iter().map(Ok))).try_flatten();
            let pages = pages.map_ok(move |child| child.into_item(store.root_id())).try_chunks(size);
            let pages = pages.map(move |page| Ok(Page::new(page.map_err(|error| error.1)?).with_total(Some(total))));
            let none = (total == 0).then(|| Ok(Page::new(Vec::new()).with_total(Some(0))));
            Ok(stream::iter(none).chain(pages))
        };
        let pages = stream::once(listed).try_flatten();
        pages.map(move |page| page.attempted(PROVIDER, Operation::List.name()).about(&name)).boxed()
    }

    fn changes(&self, since: Since, options: ChangeOptions) -> BoxStream<'static, Result<ChangePage>> {
        change::changes(self.0.clone(), since, options)
    }

    /// The socket knows no scope but the share.
    fn signals(&self, _scope: &ChangeOptions) -> Option<BoxStream<'static, Result<Signal>>> {
        let device = self.0.options.device_id.clone()?;
        Some(signals::signals(self.0.clone(), device))
    }

    async fn upload_spec(&self, request: UploadRequest) -> Result<UploadSpec> {
        let name = request.name.clone();
        self.0.upload_spec(request).await.attempted(PROVIDER, Operation::UploadSpec.name()).about(name)
    }

    async fn upload_part(&self, spec: &UploadSpec, part: Part<'_>) -> Result<PartReceipt> {
        self.0.upload_part(spec, part).await.attempted(PROVIDER, "upload_part").about(&spec.request.name)
    }

    async fn upload_status(&self, spec: &UploadSpec) -> Result<UploadStatus> {
        self.0.upload_status(spec).await.attempted(PROVIDER, "upload_status").about(&spec.request.name)
    }

    async fn upload_finish(&self, spec: &UploadSpec, parts: &[PartReceipt], content: &[Digest]) -> Result<Item> {
        self.0.upload_finish(spec, parts, content).await.attempted(PROVIDER, "upload_finish").about(&spec.request.name)
    }

    async fn upload_abort(&self, spec: &UploadSpec) -> Result<()> {
        // Nothing documented ends a session: it ends by itself after a day.
        spec.state::<serde_json::Value>(PROVIDER).map(drop)
    }

    async fn download(&self, item: &ItemRef, options: DownloadOptions) -> Result<Download> {
        self.0.download(item, options).await.attempted(PROVIDER, Operation::Download.name()).about(item)
    }

    async fn create_folder(&self, parent: &ItemRef, name: &str, options: CreateFolderOptions) -> Result<Item> {
        let (store, parent, wanted) = (self.0.clone(), parent.clone(), name.to_owned());
        let created = own_task(async move { store.create_folder(&parent, &wanted, options).await }).await;
        created.attempted(PROVIDER, Operation::CreateFolder.name()).about(name)
    }

    async fn move_item(&self, item: &ItemRef, to: &Destination) -> Result<Item> {
        let (store, from, to) = (self.0.clone(), item.clone(), to.clone());
        let moved = own_task(async move { store.move_item(&from, &to).await }).await;
        moved.attempted(PROVIDER, Operation::Move.name()).about(item)
    }

    async fn copy_item(&self, item: &ItemRef, to: &Destination) -> Result<Item> {
        let (store, from, to) = (self.0.clone(), item.clone(), to.clone());
        let copied = own_task(async move { store.copy_item(&from, &to).await }).await;
        copied.attempted(PROVIDER, Operation::Copy.name()).about(item)
    }

    async fn delete(&self, item: &ItemRef, options: DeleteOptions) -> Result<()> {
        let (store, target) = (self.0.clone(), item.clone());
        let deleted = own_task(async move { store.delete(&target, options).await }).await;
        deleted.attempted(PROVIDER, Operation::Delete.name()).about(item)
    }

    async fn share(&self, item: &ItemRef, request: ShareRequest) -> Result<Share> {
        let (store, shared) = (self.0.clone(), item.clone());
        let share = own_task(async move { store.share(&shared, request).await }).await;
        share.attempted(PROVIDER, Operation::Share.name()).about(item)
    }

    async fn unshare(&self, share: &ShareId) -> Result<()> {
        self.0.unshare(share).await.attempted(PROVIDER, Operation::Unshare.name())
    }
}
