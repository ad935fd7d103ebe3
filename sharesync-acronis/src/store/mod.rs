//! The store: the contract of sharesync in terms of the typed client. It translates and delegates.

mod find;
mod item;
mod options;
mod share;
mod transfer;
mod tree;

use std::sync::Arc;

use async_trait::async_trait;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use sharesync_core::snapshot::{Pruning, not_configured};
use sharesync_core::transfer::{Download, DownloadOptions, Part, PartReceipt, UploadRequest, UploadSpec, UploadStatus};
use sharesync_core::{
    Attempted, BoxStream, Capabilities, ChangeOptions, ChangePage, CreateFolderOptions, DeleteOptions, Destination,
    Digest, DigestAlgorithm, Item, ItemRef, ListOptions, NameRules, Operation, Page, RemoteStore, Result, Share,
    ShareId, ShareRequest, Since, StoreInfo, Support, own_task,
};

pub use options::StoreOptions;

use crate::{Client, PROVIDER, ROOT};

/// An account as a [`RemoteStore`]. Clones are the same store.
///
/// The service has few operations and none with a condition. What the contract promises beyond them is made of several:
/// - Changes are found by listing every folder and comparing with the last time, for which it needs
///   [`StoreOptions::snapshots`].
/// - A path is found by listing one folder after another.
/// - Creating, moving, renaming and uploading look for the name first, because the service renames a folder whose name
///   differs in case alone, and makes a new revision of a file. Somebody else can take the name in between. The same holds
///   for the revisions that deletions and uploads ask for.
/// - Moving and renaming at once are two steps; where both names are taken on the way, they go through a temporary folder. A
///   failure is undone, and an error that could not be undone says so.
/// - A copy under another name is made in a folder of its own, which is then deleted.
/// - An upload that was interrupted starts again from its first byte, unless it was complete.
/// - Ending a share restricts its link to those it was sent to, which is nobody. Links that were sent to people, and
///   members, stay: nothing documented ends them. Nor does anything tell whether a link was closed before.
///
/// Reading a single node, deleting and downloading are [not documented](crate::Undocumented), but used all the same.
/// Revisions are the MD5 digests of the content. Modification times cannot be set.
#[derive(Debug, Clone)]
pub struct AcronisStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: Client,
    options: StoreOptions,
    info: StoreInfo,
    capabilities: Capabilities,
}

impl AcronisStore {
    pub(crate) fn new(client: Client, options: StoreOptions) -> Self {
        let account = match options.root.as_str() {
            ROOT => client.account().to_owned(),
            root => format!("{}/{root}", client.account()),
        };
        let info = StoreInfo::new(PROVIDER, account);
        let mut capabilities = capabilities();
        if options.snapshots.is_some() {
            capabilities = capabilities.with(Support::Emulated, &[Operation::Changes]);
        }
        Self(Arc::new(Inner { client, options, info, capabilities }))
    }

    /// The client of the account.
    pub fn client(&self) -> &Client {
        &self.0.client
    }
}

/// No rule for names is documented; that `/` separates them in paths is.
fn capabilities() -> Capabilities {
    let native = [
        Operation::Stat,
        Operation::List,
        Operation::UploadSpec,
        Operation::Download,
        Operation::Delete,
        Operation::Share,
        Operation::Invite,
    ];
    let emulated = [
        Operation::StatByPath,
        Operation::UploadResume,
        Operation::CreateFolder,
        Operation::Move,
        Operation::Copy,
        Operation::Unshare,
    ];
    let mut capabilities = Capabilities::new(NameRules::permissive().with_case_sensitive(false))
        .with(Support::Native, &native)
        .with(Support::Emulated, &emulated);
    capabilities.digests = vec![DigestAlgorithm::Md5];
    capabilities.keeps_modified = false;
    capabilities.exclusive_names = false;
    // One request takes the whole file: nothing documented continues it.
    capabilities.upload.keeps_parts = false;
    capabilities
}

#[async_trait]
impl RemoteStore for AcronisStore {
    fn info(&self) -> &StoreInfo {
        &self.0.info
    }

    fn capabilities(&self) -> &Capabilities {
        &self.0.capabilities
    }

    async fn stat(&self, item: &ItemRef) -> Result<Item> {
        self.0.stat(item).await.attempted(PROVIDER, Operation::Stat.name()).about(item)
    }

    fn list(&self, folder: &ItemRef, options: ListOptions) -> BoxStream<'static, Result<Page<Item>>> {
        let (store, folder) = (self.0.clone(), folder.clone());
        let name = folder.clone();
        let page_size = options.page_size.unwrap_or(store.options.page_size);
        stream::once(async move {
            let root = store.options.root.clone();
            let pages = store.contents(&store.id(&folder).await?, page_size);
            let items =
                move |page: Page<item::Known>| page.items.into_iter().map(|node| node.into_item(&root)).collect();
            Ok(pages.map_ok(move |page| Page::new(items(page))))
        })
        .try_flatten()
        .map(move |page| page.attempted(PROVIDER, Operation::List.name()).about(&name))
        .boxed()
    }

    fn changes(&self, since: Since, options: ChangeOptions) -> BoxStream<'static, Result<ChangePage>> {
        match &self.0.options.snapshots {
            // Nothing of a folder tells whether something in it has changed.
            Some(snapshots) => snapshots.changes(self.clone(), Pruning::None, since, options),
            None => not_configured(PROVIDER),
        }
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

    async fn upload_finish(&self, spec: &UploadSpec, parts: &[PartReceipt], _content: &[Digest]) -> Result<Item> {
        self.0.upload_finish(spec, parts).await.attempted(PROVIDER, "upload_finish").about(&spec.request.name)
    }

    async fn upload_abort(&self, spec: &UploadSpec) -> Result<()> {
        // The service holds nothing of an upload that is not complete.
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
