//! The store: the contract of sharesync in terms of the typed client. It translates and delegates.

mod aside;
mod change;
mod feed;
mod find;
mod item;
mod log;
mod options;
mod share;
mod status;
mod transfer;
mod tree;
mod walk;

use std::sync::Arc;

use async_trait::async_trait;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use sharesync_core::transfer::{Download, DownloadOptions, Part, PartReceipt, UploadRequest, UploadSpec, UploadStatus};
use sharesync_core::{
    Attempted, BoxStream, Capabilities, ChangeOptions, ChangePage, CreateFolderOptions, DeleteOptions, Destination,
    Digest, Error, ErrorKind, Item, ItemRef, ListOptions, Operation, Page, RemoteStore, Result, Share, ShareId,
    ShareRequest, Since, StoreInfo, own_task,
};

pub use options::{ChangeSource, StoreOptions};

use self::item::Root;
use self::walk::Listing;
use crate::capabilities::capabilities;
use crate::model::Guid;
use crate::{Client, PROVIDER, Sync};

/// A document library as a [`RemoteStore`]. Clones are the same store.
///
/// - Identifiers are the `UniqueId`s of SharePoint, which survive renames and moves. Revisions are entity tags without quotes.
/// - Changes are those of the sync service (a native feed), or of the log of the REST service where there is no sync service:
///   it names what has changed, and what that is now is asked for (emulated). Which it is, is chosen once, when the store is
///   opened. A token that the service does not take any more, in whatever way it says so, becomes a reset.
/// - [`Since::Now`] reads the whole feed, because nothing documented gives a token alone.
/// - Without a sync service there are no digests: what is transferred is then compared by size alone.
/// - Small content is one request. Larger content is sent in chunks, one after another, into a file that has to exist: for a
///   new file, an empty one is made under a temporary name, which is moved into place when it is complete. An upload that is
///   given up takes it away again. A new version of a file goes into that file, which keeps its content until the last chunk.
/// - A library may rewrite Office files when they come: see [`Dialect::rewritten`](crate::Dialect::rewritten).
/// - A folder is copied by creating its folders anew and copying its files one after another.
/// - Modification times cannot be set. Entity tags change when a file is renamed, and so do revisions.
/// - The service has one link of a kind for an item: sharing it again gives the same link, with the end that was asked for last.
///   It does not say whether a link that is ended was there.
#[derive(Debug, Clone)]
pub struct SharePointStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: Client,
    sync: Sync,
    library: Guid,
    root: Root,
    /// Whether there is a sync service.
    has_feed: bool,
    options: StoreOptions,
    info: StoreInfo,
    capabilities: Capabilities,
}

impl Inner {
    /// Whether single items are asked of the sync service.
    fn has_lookups(&self) -> bool {
        self.has_feed && self.client.dialect().sync_lookups
    }
}

impl SharePointStore {
    pub(crate) async fn open(client: Client, options: StoreOptions) -> Result<Self> {
        let library = match options.library {
            Some(library) => library,
            None => client.discovery().default_library().await?,
        };
        let (sync, libraries) = (client.sync(library), client.libraries());
        let feed = async {
            match options.changes {
                ChangeSource::Log => Ok(false),
                ChangeSource::Feed => sync.root_folder().await.map(|_| true),
                ChangeSource::Choose => match sync.root_folder().await {
                    Ok(_) => Ok(true),
                    Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Unsupported) => Ok(false),
                    Err(error) => Err(error),
                },
            }
        };
        let (about, root, has_feed) = tokio::try_join!(libraries.get(library), libraries.root_folder(library), feed)?;
        let info = StoreInfo::new(PROVIDER, format!("{}#{library}", client.account()));
        let lookups = has_feed && client.dialect().sync_lookups;
        let capabilities = capabilities(has_feed, lookups, about.parser_disabled == Some(true));
        let root = Root::read(root)?;
        Ok(Self(Arc::new(Inner { client, sync, library, root, has_feed, options, info, capabilities })))
    }

    /// The client of the site.
    pub fn client(&self) -> &Client {
        &self.0.client
    }

    /// The library.
    pub fn library(&self) -> Guid {
        self.0.library
    }

    /// Where the store learns what has changed: [`Feed`](ChangeSource::Feed) or [`Log`](ChangeSource::Log).
    pub fn change_source(&self) -> ChangeSource {
        if self.0.has_feed { ChangeSource::Feed } else { ChangeSource::Log }
    }
}

#[async_trait]
impl RemoteStore for SharePointStore {
    fn info(&self) -> &StoreInfo {
        &self.0.info
    }

    fn capabilities(&self) -> &Capabilities {
        &self.0.capabilities
    }

    async fn stat(&self, item: &ItemRef) -> Result<Item> {
        self.0.stat(item).await.attempted(PROVIDER, Operation::Stat.name()).about(item)
    }

    /// Folders come before files. Digests are not told here.
    fn list(&self, folder: &ItemRef, options: ListOptions) -> BoxStream<'static, Result<Page<Item>>> {
        let (store, folder) = (self.0.clone(), folder.clone());
        let name = folder.clone();
        let listed = async move {
            let place = store.place(&folder).await?;
            let size = options.page_size.map_or(usize::MAX, |size| size.max(1) as usize);
            let listing = Listing::new(store.clone(), place, store.options.page_size);
            let pages = stream::try_unfold((listing, Vec::new()), move |(mut listing, mut rest)| async move {
                while rest.is_empty() {
                    let Some(found) = listing.next().await? else { return Ok::<_, Error>(None) };
                    rest = found;
                }
                let later = rest.split_off(size.min(rest.len()));
                let page = Page::new(rest.into_iter().map(item::Known::into_item).collect());
                Ok(Some((page, (listing, later))))
            });
            Ok::<_, Error>(pages)
        };
        let pages = stream::once(listed).try_flatten();
        pages.map(move |page| page.attempted(PROVIDER, Operation::List.name()).about(&name)).boxed()
    }

    fn changes(&self, since: Since, options: ChangeOptions) -> BoxStream<'static, Result<ChangePage>> {
        change::changes(self.0.clone(), since, options)
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
        let (store, spec) = (self.0.clone(), spec.clone());
        own_task(async move { store.upload_abort(&spec).await }).await
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
