//! The store: the contract of sharesync in terms of the typed client. It translates and delegates.

mod change;
mod find;
mod folders;
mod names;
mod options;
mod settle;
mod share;
mod spool;
mod transfer;
mod tree;
mod whole;

use std::fmt::Display;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use sharesync_core::transfer::{Download, DownloadOptions, Part, PartReceipt, UploadRequest, UploadSpec, UploadStatus};
use sharesync_core::{
    Attempted, BoxStream, Capabilities, ChangeOptions, ChangePage, CreateFolderOptions, DeleteOptions, Destination,
    Digest, Error, ErrorKind, Item, ItemRef, ListOptions, NameRules, Operation, Page, RemoteStore, Result, Share,
    ShareId, ShareRequest, Since, StoreInfo, Support, own_task,
};

pub use options::StoreOptions;

use crate::{Client, PROVIDER};

/// An account as a [`RemoteStore`]. Clones are the same store.
///
/// FAWAPI knows items by path, SyncAPI folders by number. The identifier of a folder is its number, which survives renaming
/// and moving; that of a file is the number of its folder and its name, which survives what happens to the folders around it
/// and not a new name or another folder. Where the service has no number for a folder, its path takes the number's place.
/// The list of all folders is read when the first folder is met, and kept; ChangeList tells of new folders from then on.
///
/// What the contract promises beyond the service's operations is made of several:
/// - Changes are those of ChangeList, and the cursor is its `SyncEndDate`, verbatim. What an entry means is settled by asking
///   for the item by path: what is not there is gone, unless ChangeList, which is read once more, names it again. A folder
///   is told by its number, whatever has its path by then. `FullSync` and `HeaderChanged` are a reset. The codes of actions
///   are not used.
/// - Moving, copying and renaming look for the name first, because what the service does with a name that is taken is not
///   documented; somebody else can take it in between. So do uploads and deletions with a condition.
/// - Moving and renaming at once are two steps; a failure of the second undoes the first. A copy under another name is made in
///   a folder of its own, which is then deleted.
/// - The account has one clipboard for copies. Clones of a client take turns; another program can come between.
/// - The token that each further chunk of an upload needs is in the spec, with how much was acknowledged: the service does
///   not tell what it has, and so a chunk whose answer was lost is sent again. A token that the service no longer takes
///   begins the upload anew.
/// - What a reader sees of a file that is sent in chunks is not documented: a new one has a temporary name until its length is
///   right. After an interruption all of it is read back and compared, because the service tells no digest.
/// - The time of an empty file is kept if the service takes an empty chunk, which is not documented.
/// - A folder that others have renamed is looked for anew when something is not where it was.
/// - Revisions are the time of the modification, to 100 ns, and the length. Listings have neither of them: the time there is
///   a text without a zone.
/// - A file that is asked for by path is looked up in the listing of its folder, which alone tells how a name is spelled.
/// - Links cannot be ended: no operation for that is documented. Shares with accounts can. When a link ends is computed from
///   the days that were asked for: the service does not repeat them.
#[derive(Debug, Clone)]
pub struct FilesAnywhereStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: Client,
    options: StoreOptions,
    /// The path of the root, without a separator at its end.
    root: String,
    info: StoreInfo,
    capabilities: Capabilities,
    folders: Mutex<folders::Folders>,
    /// Held by who looks for folders at the service.
    looking: tokio::sync::Mutex<()>,
}

/// An error of the store itself.
fn refuse(kind: ErrorKind, subject: impl Display, message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(kind, message).with_subject(subject)
}

/// Says which item an error is about as the application names it, where the error has the service's path.
fn named(error: Error, item: impl Display) -> Error {
    match error.subject() {
        Some(subject) if !subject.starts_with('\\') => error,
        _ => error.with_subject(item),
    }
}

impl FilesAnywhereStore {
    pub(crate) fn new(client: Client, options: StoreOptions) -> Self {
        let root = names::trim(&options.root.clone().unwrap_or_else(|| format!("\\{}", client.user())));
        let account = match &options.root {
            None => client.account(),
            Some(_) => format!("{}{}", client.account(), root),
        };
        Self(Arc::new(Inner {
            info: StoreInfo::new(PROVIDER, account),
            capabilities: capabilities(),
            client,
            options,
            root,
            folders: Mutex::default(),
            looking: tokio::sync::Mutex::default(),
        }))
    }

    /// The client of the account.
    pub fn client(&self) -> &Client {
        &self.0.client
    }
}

/// Which characters the service refuses in names is not documented; the backslash separates them.
fn capabilities() -> Capabilities {
    let native = [
        Operation::Stat,
        Operation::List,
        Operation::Changes,
        Operation::UploadSpec,
        Operation::Download,
        Operation::CreateFolder,
        Operation::Delete,
        Operation::Share,
        Operation::RequestFiles,
        Operation::Invite,
    ];
    let emulated =
        [Operation::StatByPath, Operation::UploadResume, Operation::Move, Operation::Copy, Operation::Unshare];
    let names = NameRules::permissive().with_forbidden("\\\u{fffe}\u{ffff}", "", "").with_case_sensitive(false);
    let mut capabilities = Capabilities::new(names).with(Support::Native, &native).with(Support::Emulated, &emulated);
    capabilities.ids_survive_move = false;
    capabilities.exclusive_names = false;
    capabilities.lists_modified = false;
    capabilities.ends_links = false;
    // Whether a half-sent file takes the place of the one before is not documented.
    capabilities.upload.atomic = false;
    capabilities.upload.temporary_names = true;
    capabilities
}

#[async_trait]
impl RemoteStore for FilesAnywhereStore {
    fn info(&self) -> &StoreInfo {
        &self.0.info
    }

    fn capabilities(&self) -> &Capabilities {
        &self.0.capabilities
    }

    async fn stat(&self, item: &ItemRef) -> Result<Item> {
        let found = self.0.find(item).await.map_err(|error| match error.kind() {
            // A file stands where the path goes on.
            ErrorKind::Conflict => refuse(ErrorKind::NotFound, item, "there is no such item").with_source(error),
            _ => named(error, item),
        });
        found.map(|found| found.item).attempted(PROVIDER, Operation::Stat.name())
    }

    fn list(&self, folder: &ItemRef, options: ListOptions) -> BoxStream<'static, Result<Page<Item>>> {
        let (store, folder) = (self.0.clone(), folder.clone());
        let page_size = options.page_size.unwrap_or(store.options.page_size);
        let name = folder.clone();
        stream::once(async move {
            let path = store.folder(&folder).await?;
            Ok(store.list(path, page_size))
        })
        .try_flatten()
        .map(move |page| page.attempted(PROVIDER, Operation::List.name()).map_err(|error| named(error, &name)))
        .boxed()
    }

    fn changes(&self, since: Since, options: ChangeOptions) -> BoxStream<'static, Result<ChangePage>> {
        change::changes(self.0.clone(), since, options)
    }

    async fn upload_spec(&self, request: UploadRequest) -> Result<UploadSpec> {
        let name = request.name.clone();
        self.0
            .upload_spec(request)
            .await
            .attempted(PROVIDER, Operation::UploadSpec.name())
            .map_err(|error| named(error, name))
    }

    async fn upload_part(&self, spec: &UploadSpec, part: Part<'_>) -> Result<PartReceipt> {
        self.0
            .upload_part(spec, part)
            .await
            .attempted(PROVIDER, "upload_part")
            .map_err(|error| named(error, &spec.request.name))
    }

    async fn upload_status(&self, spec: &UploadSpec) -> Result<UploadStatus> {
        self.0
            .upload_status(spec)
            .await
            .attempted(PROVIDER, "upload_status")
            .map_err(|error| named(error, &spec.request.name))
    }

    async fn upload_finish(&self, spec: &UploadSpec, _parts: &[PartReceipt], content: &[Digest]) -> Result<Item> {
        self.0
            .upload_finish(spec, content)
            .await
            .attempted(PROVIDER, "upload_finish")
            .map_err(|error| named(error, &spec.request.name))
    }

    async fn upload_abort(&self, spec: &UploadSpec) -> Result<()> {
        let (store, spec) = (self.0.clone(), spec.clone());
        own_task(async move { store.upload_abort(&spec).await }).await
    }

    async fn download(&self, item: &ItemRef, options: DownloadOptions) -> Result<Download> {
        self.0
            .download(item, options)
            .await
            .attempted(PROVIDER, Operation::Download.name())
            .map_err(|error| named(error, item))
    }

    async fn create_folder(&self, parent: &ItemRef, name: &str, options: CreateFolderOptions) -> Result<Item> {
        let (store, parent, wanted) = (self.0.clone(), parent.clone(), name.to_owned());
        let created = own_task(async move { store.create_folder(&parent, &wanted, options).await }).await;
        created.attempted(PROVIDER, Operation::CreateFolder.name()).map_err(|error| named(error, name))
    }

    async fn move_item(&self, item: &ItemRef, to: &Destination) -> Result<Item> {
        let (store, from, to) = (self.0.clone(), item.clone(), to.clone());
        let moved = own_task(async move { store.move_item(&from, &to).await }).await;
        moved.attempted(PROVIDER, Operation::Move.name()).map_err(|error| named(error, item))
    }

    async fn copy_item(&self, item: &ItemRef, to: &Destination) -> Result<Item> {
        let (store, from, to) = (self.0.clone(), item.clone(), to.clone());
        let copied = own_task(async move { store.copy_item(&from, &to).await }).await;
        copied.attempted(PROVIDER, Operation::Copy.name()).map_err(|error| named(error, item))
    }

    async fn delete(&self, item: &ItemRef, options: DeleteOptions) -> Result<()> {
        let (store, target) = (self.0.clone(), item.clone());
        let deleted = own_task(async move { store.delete(&target, options).await }).await;
        deleted.attempted(PROVIDER, Operation::Delete.name()).map_err(|error| named(error, item))
    }

    async fn share(&self, item: &ItemRef, request: ShareRequest) -> Result<Share> {
        let (store, shared) = (self.0.clone(), item.clone());
        let share = own_task(async move { store.share(&shared, request).await }).await;
        share.attempted(PROVIDER, Operation::Share.name()).map_err(|error| named(error, item))
    }

    async fn unshare(&self, share: &ShareId) -> Result<()> {
        self.0.unshare(share).await.attempted(PROVIDER, Operation::Unshare.name())
    }
}
