//! What the cases have in common: content, looking at what a store holds, and judging an error.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt as _;
use sharesync::transfer::{DownloadOptions, Source, TransferOptions, UploadOutcome, UploadRequest, upload};
use sharesync::{
    CreateFolderOptions, Error, ErrorKind, Item, ItemRef, ListOptions, OnConflict, RemoteStore, RemoteStoreExt as _,
    Result, Timestamp, WalkOptions,
};

use super::harness::Ctx;

/// Somebody to invite. Some services invite accounts alone: this is one.
pub(crate) const COLLEAGUE: &str = "colleague@example.com";

/// One mebibyte.
pub(crate) const MIB: usize = 1024 * 1024;

/// What a service may answer when a file is used as a folder or the other way round: it differs, but it says no.
pub(crate) const WRONG_KIND_OF_ITEM: &[ErrorKind] =
    &[ErrorKind::NotFound, ErrorKind::Conflict, ErrorKind::InvalidInput, ErrorKind::Rejected, ErrorKind::Unsupported];

/// Content in which no two stretches of 64 KiB are equal, the same for the same seed.
pub(crate) fn content(length: usize, seed: u64) -> Bytes {
    const BLOCK: usize = 64 * 1024;
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    let block: Vec<u8> = (0..length.min(BLOCK).div_ceil(8)).flat_map(|_| random()).collect();
    let mut bytes = Vec::with_capacity(length.next_multiple_of(BLOCK));
    while bytes.len() < length {
        let start = bytes.len();
        bytes.extend_from_slice(&block);
        bytes[start..start + 8].copy_from_slice(&random());
    }
    bytes.truncate(length);
    bytes.into()
}

/// Compares content without printing megabytes.
#[track_caller]
pub(crate) fn same(found: &[u8], expected: &[u8]) {
    if found != expected {
        let first = found.iter().zip(expected).position(|(found, expected)| found != expected);
        let at = first.unwrap_or(found.len().min(expected.len()));
        panic!("{} bytes instead of {}, different from {at} on", found.len(), expected.len());
    }
}

/// The error of a call that must fail: of this kind, naming the operation or the provider, and one of the things that
/// it is `about`.
#[track_caller]
pub(crate) fn fails<T: Debug>(result: Result<T>, kind: ErrorKind, about: &[&str]) -> Error {
    fails_as(result, &[kind], about)
}

/// As [`fails`], where services differ in the kind.
#[track_caller]
pub(crate) fn fails_as<T: Debug>(result: Result<T>, kinds: &[ErrorKind], about: &[&str]) -> Error {
    let error = match result {
        Ok(value) => panic!("this must fail with {kinds:?}, and gave {value:?}"),
        Err(error) => error,
    };
    assert!(kinds.contains(&error.kind()), "{kinds:?} expected: {error} ({error:?})");
    let text = error.to_string();
    assert!(about.iter().any(|about| text.contains(about)), "the error names none of {about:?}: {text}");
    error
}

impl Ctx {
    /// Uploads a new file into the case's folder.
    pub(crate) async fn put(&self, name: &str, content: impl Into<Bytes> + Send) -> Item {
        put_into(&*self.store, self.here(), name, content).await
    }

    /// Uploads a new version.
    pub(crate) async fn put_again(&self, name: &str, content: impl Into<Bytes> + Send) -> Item {
        let request = UploadRequest::new(self.here(), name).with_on_conflict(OnConflict::NewVersion);
        self.store.upload_bytes(content, request, TransferOptions::new()).await.unwrap().item
    }

    /// Uploads from a source into the case's folder.
    pub(crate) async fn put_from(&self, name: &str, source: Arc<dyn Source>) -> Result<UploadOutcome> {
        upload(&*self.store, UploadRequest::new(self.here(), name), source, TransferOptions::new()).await
    }

    /// Creates a folder in the case's folder.
    pub(crate) async fn folder(&self, name: &str) -> Item {
        folder_in(&*self.store, self.here(), name).await
    }

    /// The content of a file.
    pub(crate) async fn read(&self, item: impl Into<ItemRef>) -> Bytes {
        read(&*self.store, item).await
    }

    /// What the case's folder holds, in order of names.
    pub(crate) async fn listed(&self) -> Vec<Item> {
        listed(&*self.store, self.here()).await
    }

    /// The names in the case's folder, in order.
    pub(crate) async fn names(&self) -> Vec<String> {
        self.listed().await.into_iter().map(|item| item.name).collect()
    }

    /// Everything in the case's folder and below, with content.
    pub(crate) async fn tree(&self) -> BTreeMap<String, Node> {
        tree(&*self.store, self.here()).await
    }

    /// The length of a part of a large file, and a length that makes four parts, the last one shorter.
    ///
    /// Of a provider that sends every file as one part, the length of a file that is large for that.
    pub(crate) async fn several_parts(&self) -> (usize, usize) {
        let large = 40 * MIB;
        let request = UploadRequest::new(self.here(), "probe").with_size(large as u64);
        let spec = self.store.upload_spec(request).await.unwrap();
        let part = usize::try_from(spec.part_size()).unwrap();
        // What this leaves behind is of no interest.
        let _ = self.store.upload_abort(&spec).await;
        if part >= large { (2 * MIB, 7 * MIB) } else { (part, 3 * part + part / 3) }
    }
}

/// What is at one place of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    Folder,
    File(Bytes),
}

pub(crate) async fn tree(store: &dyn RemoteStore, folder: ItemRef) -> BTreeMap<String, Node> {
    let found: Vec<_> = store.walk(folder, WalkOptions::new()).try_collect().await.unwrap();
    let mut tree = BTreeMap::new();
    for (path, item) in found {
        let node = if item.is_folder() { Node::Folder } else { Node::File(read(store, &item).await) };
        tree.insert(path.to_string(), node);
    }
    tree
}

pub(crate) async fn put_into(
    store: &dyn RemoteStore,
    folder: impl Into<ItemRef>,
    name: &str,
    content: impl Into<Bytes> + Send,
) -> Item {
    let request = UploadRequest::new(folder, name);
    store.upload_bytes(content, request, TransferOptions::new()).await.unwrap().item
}

pub(crate) async fn folder_in(store: &dyn RemoteStore, parent: impl Into<ItemRef>, name: &str) -> Item {
    store.create_folder(&parent.into(), name, CreateFolderOptions::new()).await.unwrap()
}

pub(crate) async fn read(store: &dyn RemoteStore, item: impl Into<ItemRef>) -> Bytes {
    store.download(&item.into(), DownloadOptions::new()).await.unwrap().bytes(1 << 30).await.unwrap()
}

pub(crate) async fn listed(store: &dyn RemoteStore, folder: impl Into<ItemRef>) -> Vec<Item> {
    let mut items: Vec<_> = store.items(folder, ListOptions::new()).try_collect().await.unwrap();
    items.sort_by(|one, other| one.name.cmp(&other.name));
    items
}

/// Checks the modification time of a file whose upload declared one, in seconds: that time, or where the service keeps none,
/// that of the upload.
#[track_caller]
pub(crate) fn modified_as_declared(ctx: &Ctx, found: Option<Timestamp>, declared: Timestamp) {
    let found = found.expect("a modification time").truncated_to_seconds();
    if ctx.store.capabilities().keeps_modified {
        assert_eq!(found, declared.truncated_to_seconds());
    } else {
        let age = Timestamp::now().unix_seconds() - found.unix_seconds();
        assert!((0..120).contains(&age), "{found:?} is not the time of the upload");
    }
}

/// An identifier of the service's own form that names nothing any more.
pub(crate) async fn gone(ctx: &Ctx) -> Item {
    let item = ctx.put("gone.txt", "gone").await;
    ctx.store.delete(&ItemRef::from(&item), sharesync::DeleteOptions::new()).await.unwrap();
    item
}

/// A folder's identifier that names nothing any more.
pub(crate) async fn gone_folder(ctx: &Ctx) -> Item {
    let item = ctx.folder("gone").await;
    ctx.store.delete(&ItemRef::from(&item), sharesync::DeleteOptions::new()).await.unwrap();
    item
}

/// Whether the service has no pages, so that a listing is one request: the cursor API documents none (GET
/// /folders/{id}/children).
pub(crate) fn lists_whole(ctx: &Ctx) -> bool {
    ctx.store.info().provider == "cursor"
}
