//! The store: the contract of sharesync in terms of the typed client. It translates and delegates.
//!
//! What takes more than one call of the service is beside: `upload`, `download`, `relocate` (move and copy).

mod download;
mod options;
mod relocate;
mod translate;
mod upload;

use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt as _;
use sharesync_core::transfer::{
    Download, DownloadOptions, Part, PartReceipt, UploadRequest, UploadSpec, UploadStatus,
};
use sharesync_core::{
    Audience, BoxStream, Capabilities, ChangeOptions, ChangePage, CreateFolderOptions, DeleteOptions, Destination,
    Digest, DigestAlgorithm, Error, ErrorKind, Item, ItemRef, ListOptions, NameRules, Operation, Page, RemotePath,
    RemoteStore, Result, Share, ShareAccess, ShareId, ShareKind, ShareRequest, Since, StoreInfo, Support, UploadLimits,
};

pub use options::StoreOptions;

use crate::model::{Item as Entity, Share as ShareEntity};
use crate::{BulkDeleteOptions, ChildrenOptions, Client, CreateShareOptions, Items, Outcome, PROVIDER};

/// Chunks of one file under way at once, at the most, whatever the service allows.
const MAX_PARALLEL: usize = 16;

/// What names may be [Items reference; limits inferred from other clients].
const NAMES: NameRules = NameRules::permissive()
    .with_forbidden("\\/:*?\"<>|", " ", " .")
    .with_max_characters(256)
    .with_case_sensitive(false);

/// A ShareFile account as a [`RemoteStore`]. Clones are the same store.
///
/// - A file's identifier names one version: a new version has a new one, and the same
///   [`version_series`](Item::version_series). It is also the item's revision.
/// - Moving with a new name, and copying with a new name or within a folder, takes several calls that replace nothing; what
///   cannot be finished is undone, and what cannot be undone is in the error.
/// - Requiring a revision for a deletion is checked by a call before: another client may come between.
/// - The service has no call to give an upload up; what it has of it lapses.
#[derive(Debug, Clone)]
pub struct ShareFileStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: Client,
    items: Items,
    options: StoreOptions,
    info: StoreInfo,
    capabilities: Capabilities,
}

impl ShareFileStore {
    pub(crate) fn new(client: Client, options: StoreOptions) -> Self {
        let info = StoreInfo::new(PROVIDER, client.account());
        let capabilities = capabilities(&options);
        Self(Arc::new(Inner { items: client.items(), client, options, info, capabilities }))
    }

    /// The typed client that the store uses.
    pub fn client(&self) -> &Client {
        &self.0.client
    }

    /// The identifier to use for an item; a path is looked up.
    async fn id_of(&self, item: &ItemRef) -> Result<String> {
        match item {
            ItemRef::Root => Ok(self.0.options.root.clone()),
            ItemRef::Id(id) => Ok(id.as_str().to_owned()),
            ItemRef::Path(path) => Ok(self.by_path(path).await?.id()?.to_owned()),
            _ => Err(self.unsupported(Operation::Stat)),
        }
    }

    async fn by_path(&self, path: &RemotePath) -> Result<Entity> {
        self.0.items.by_path_from(&self.0.options.root, path.as_str(), &translate::query()).await
    }

    /// The item as the service knows it now, with its parent.
    async fn entity(&self, item: &ItemRef) -> Result<Entity> {
        match item {
            ItemRef::Path(path) => self.by_path(path).await,
            other => self.0.items.get(&self.id_of(other).await?, translate::query()).await,
        }
    }

    /// What has this name in a folder, if anything has.
    async fn child(&self, folder: &str, name: &str) -> Result<Option<Entity>> {
        match self.0.items.by_path_from(folder, &format!("/{name}"), &translate::query()).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Waits for what the service does later. What it then answers is not known: `None`.
    async fn settled<T>(&self, outcome: Outcome<T>) -> Result<Option<T>> {
        match outcome {
            Outcome::Done(value) => Ok(Some(value)),
            Outcome::Pending(operations) => {
                self.0.client.async_operations().wait_all(&operations, self.0.options.async_limit).await?;
                Ok(None)
            }
        }
    }
}

fn capabilities(options: &StoreOptions) -> Capabilities {
    use Operation::{
        Copy, CreateFolder, Delete, DeletePermanently, Download, List, Move, RequestFiles, Share, Stat, StatByPath,
        Unshare, UploadResume, UploadSpec,
    };
    let native = [
        Stat, StatByPath, List, UploadSpec, UploadResume, Download, CreateFolder, Move, Delete, DeletePermanently, Share,
        RequestFiles, Unshare,
    ];
    let mut capabilities =
        Capabilities::new(NAMES).with(Support::Native, &native).with(Support::Emulated, &[Copy]);
    capabilities.upload = UploadLimits::default();
    capabilities.upload.max_parallel_parts = if options.sequential { 1 } else { MAX_PARALLEL };
    capabilities.digests = vec![DigestAlgorithm::Md5];
    capabilities.ids_survive_new_version = false;
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
        let mut found = translate::item(self.entity(item).await?)?;
        match item {
            ItemRef::Path(path) => found.path = Some(path.clone()),
            ItemRef::Root => found.path = Some(RemotePath::root()),
            _ => {}
        }
        Ok(found)
    }

    fn list(&self, folder: &ItemRef, options: ListOptions) -> BoxStream<'static, Result<Page<Item>>> {
        let (store, folder) = (self.clone(), folder.clone());
        let pages = async move {
            let id = store.id_of(&folder).await?;
            let query = translate::query().top(options.page_size.unwrap_or(store.0.options.page_size).max(1));
            let pages = store.0.items.children_pages(&id, ChildrenOptions::from(query));
            Ok(pages.map(|page| {
                let Page { items, total, .. } = page?;
                let items = items.into_iter().map(translate::item).collect::<Result<_>>()?;
                Ok(Page::new(items).with_total(total))
            }))
        };
        futures::stream::once(pages).flat_map(|pages| match pages {
            Ok(pages) => pages.boxed(),
            Err(error) => futures::stream::once(async { Err(error) }).boxed(),
        })
        .boxed()
    }

    fn changes(&self, _since: Since, _options: ChangeOptions) -> BoxStream<'static, Result<ChangePage>> {
        let why = "the service has no change feed: compare listings";
        let error = Error::unsupported(PROVIDER, Operation::Changes, why);
        futures::stream::once(async { Err(error) }).boxed()
    }

    async fn upload_spec(&self, request: UploadRequest) -> Result<UploadSpec> {
        upload::begin(self, request).await
    }

    async fn upload_part(&self, spec: &UploadSpec, part: Part<'_>) -> Result<PartReceipt> {
        upload::send(self, spec, part).await
    }

    async fn upload_status(&self, spec: &UploadSpec) -> Result<UploadStatus> {
        upload::status(self, spec).await
    }

    async fn upload_finish(&self, spec: &UploadSpec, parts: &[PartReceipt], content: &[Digest]) -> Result<Item> {
        upload::finish(self, spec, parts, content).await
    }

    async fn upload_abort(&self, _spec: &UploadSpec) -> Result<()> {
        Ok(())
    }

    async fn download(&self, item: &ItemRef, options: DownloadOptions) -> Result<Download> {
        download::open(self, item, options).await
    }

    async fn create_folder(&self, parent: &ItemRef, name: &str, options: CreateFolderOptions) -> Result<Item> {
        NAMES.check(name)?;
        let parent = self.id_of(parent).await?;
        let mut folder = Entity::new().with_name(name);
        folder.description = options.description;
        let never_replace = crate::CreateFolderOptions::new().with_overwrite(false);
        match self.0.items.create_folder(&parent, &folder, never_replace).await {
            Err(error) if error.kind() == ErrorKind::AlreadyExists && options.reuse_existing => {
                let existing = self.child(&parent, name).await?.map(translate::item).transpose()?;
                existing.filter(Item::is_folder).ok_or(error)
            }
            created => translate::item(created?),
        }
    }

    async fn move_item(&self, item: &ItemRef, to: &Destination) -> Result<Item> {
        relocate::move_item(self, item, to).await
    }

    async fn copy_item(&self, item: &ItemRef, to: &Destination) -> Result<Item> {
        relocate::copy_item(self, item, to).await
    }

    async fn delete(&self, item: &ItemRef, options: DeleteOptions) -> Result<()> {
        if *item == ItemRef::Root {
            return Err(Error::new(ErrorKind::InvalidInput, "the root of the store cannot be deleted"));
        }
        let outcome = if options.permanent || options.if_revision.is_some() {
            let entity = self.entity(item).await?;
            let present = translate::item(entity.clone())?;
            if options.if_revision.is_some() && options.if_revision != present.revision {
                return Err(Error::new(ErrorKind::PreconditionFailed, "its content is not in the required state")
                    .with_provider(PROVIDER)
                    .with_operation(Operation::Delete.name())
                    .with_subject(item));
            }
            match present.parent.as_ref().filter(|_| options.permanent) {
                Some(parent) => {
                    let bulk = BulkDeleteOptions::new().with_force_sync(true).with_delete_permanently(true);
                    self.0.items.bulk_delete(parent.as_str(), &[present.identity().as_str()], bulk).await?
                }
                None if options.permanent => {
                    return Err(Error::new(ErrorKind::Protocol, "the service does not say where it is"));
                }
                None => self.delete_by_id(present.id.as_str()).await?,
            }
        } else {
            self.delete_by_id(&self.id_of(item).await?).await?
        };
        self.settled(outcome).await.map(drop)
    }

    async fn share(&self, item: &ItemRef, request: ShareRequest) -> Result<Share> {
        let id = self.id_of(item).await?;
        let entity = match request.kind {
            ShareKind::Link => self.link(&id, &request).await?,
            ShareKind::RequestFiles => ShareEntity::request(&id),
            _ => {
                let why = "the service shares by links; permissions on folders are not part of this client";
                return Err(Error::unsupported(PROVIDER, Operation::Invite, why));
            }
        };
        check_share(&request)?;
        let mut entity = entity.with_require_login(request.audience == Audience::SignedIn);
        if let Some(title) = &request.title {
            entity = entity.with_title(title);
        }
        if let Some(expires) = request.expires {
            entity = entity.with_expiration_date(expires);
        }
        let quiet = CreateShareOptions::new().with_notify(false);
        let created = self.0.client.shares().create(&entity, quiet).await?;
        let share_id = created.id.ok_or_else(|| Error::new(ErrorKind::Protocol, "a share without an Id"))?;
        let expires = created.expiration_date.and_then(|date| date.timestamp());
        Ok(Share::new(share_id, id.into()).with_link(created.uri).with_expires(expires))
    }

    async fn unshare(&self, share: &ShareId) -> Result<()> {
        self.0.client.shares().delete(share.as_str()).await
    }
}

impl ShareFileStore {
    async fn delete_by_id(&self, id: &str) -> Result<Outcome<()>> {
        self.0.items.delete(id, crate::DeleteOptions::new().with_force_sync(true)).await
    }

    /// A link to get an item: to this version of a file, or to its newest.
    async fn link(&self, id: &str, request: &ShareRequest) -> Result<ShareEntity> {
        let shared = if request.follow_latest {
            translate::item(self.0.items.get(id, translate::query()).await?)?.identity().to_string()
        } else {
            id.to_owned()
        };
        let downloads = request.max_downloads.map_or(-1, i64::from);
        Ok(ShareEntity::send([shared])
            .with_stream_ids(request.follow_latest)
            .with_max_downloads(downloads)
            .with_view_only(request.access == ShareAccess::View))
    }
}

/// Refuses what the service cannot grant as asked.
fn check_share(request: &ShareRequest) -> Result<()> {
    let why = match request {
        _ if request.password.is_some() => "links have no passwords",
        _ if request.access == ShareAccess::Edit => "links grant no editing",
        _ if request.notify || request.message.is_some() => "this store sends no mail: use Shares::send",
        ShareRequest { audience: Audience::People(_), .. } => "links are for anyone, or for all who sign in",
        ShareRequest { kind: ShareKind::RequestFiles, max_downloads: Some(_), .. } => "nothing is downloaded through it",
        _ => return Ok(()),
    };
    Err(Error::unsupported(PROVIDER, Operation::Share, why))
}
