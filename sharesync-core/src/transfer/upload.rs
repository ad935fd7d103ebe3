//! The upload engine: order, concurrency, resumption, verification. The wire steps are the provider's.

mod engine;
mod flights;
mod verify;

use std::sync::Arc;

use self::engine::Engine;
use super::options::unless_cancelled;
use super::{FileJournal, Source, TransferOptions, UploadRequest, UploadSpec};
use crate::{Digest, DigestAlgorithm, Error, ErrorKind, Item, RemoteStore, Result};

/// What became of an upload.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct UploadOutcome {
    /// The file, as the service describes it.
    pub item: Item,
    /// Whether what the service holds is what was sent.
    pub integrity: Integrity,
}

/// Whether the service holds what was sent, or delivered what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Integrity {
    /// It reports this digest, which is that of the transferred bytes.
    Verified(Digest),
    /// It reports another size or digest, and is known to rewrite some files: see
    /// [`Capabilities::content_stable`](crate::Capabilities::content_stable).
    ServerRewrote,
    /// It reports no digest to compare with. The size is right as far as it is reported.
    Unverifiable,
}

/// Uploads a file, or continues the upload that the journal in the options holds for the same request.
///
/// The request's size is set from the source.
///
/// # Errors
/// [`ErrorKind::InvalidName`](crate::ErrorKind::InvalidName) before anything is sent;
/// [`ErrorKind::SourceChanged`](crate::ErrorKind::SourceChanged) when the source is shorter, longer or other than it
/// was: nothing is committed; [`ErrorKind::Integrity`](crate::ErrorKind::Integrity) when the item exists but is not what
/// was sent; [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) when the journal holds another upload;
/// [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled); and those of the store. After any other error than
/// `SourceChanged`, `Integrity` and `UploadExpired` the upload can be continued from the journal. Without a journal it is
/// given up: the service is told to forget what it has of it.
///
/// # Cancellation
/// Dropping the future stops the upload. With a journal, what the service has of it stays and can be continued; without one
/// it is given up, in a task that goes on for a moment.
pub async fn upload<S: RemoteStore + ?Sized>(
    store: &S,
    request: UploadRequest,
    source: Arc<dyn Source>,
    options: TransferOptions,
) -> Result<UploadOutcome> {
    let name = request.name.clone();
    start(store, request, source, options).await.map_err(|error| error.or_about("upload", name))
}

async fn start<S: RemoteStore + ?Sized>(
    store: &S,
    mut request: UploadRequest,
    source: Arc<dyn Source>,
    mut options: TransferOptions,
) -> Result<UploadOutcome> {
    let capabilities = store.capabilities();
    capabilities.names.check(&request.name)?;
    request.size = source.size();
    if let Some(max) = capabilities.upload.max_file_size.filter(|max| request.size > *max) {
        let message = format!("the content has {} bytes, the service takes at most {max}", request.size);
        return Err(Error::new(ErrorKind::InvalidInput, message));
    }
    if let Some(directory) = &options.journals {
        options.journal = Some(Arc::new(FileJournal::new(directory.join(journal_name(store, &request)))));
    }
    let cancel = options.cancel.clone();
    unless_cancelled(cancel.as_ref(), async move {
        let mut journaled = match &options.journal {
            Some(journal) => journal.load().await?,
            None => None,
        };
        if options.journals.is_some()
            && let Some(outdated) = journaled.take_if(|spec| !same_upload(&spec.request, &request))
            && let Err(error) = store.upload_abort(&outdated).await
        {
            tracing::debug!(%error, "the upload of what the file was before cannot be aborted");
        }
        if let Some(other) = journaled.as_ref().filter(|spec| !same_upload(&spec.request, &request)) {
            let name = &other.request.name;
            let message =
                format!("the journal holds an unfinished upload of {name:?}, begun otherwise: clear it first");
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        Engine::new(store, source, options).run(request, journaled).await
    })
    .await
}

/// The name of the journal of one file of a tree: it says where the file goes.
fn journal_name<S: RemoteStore + ?Sized>(store: &S, request: &UploadRequest) -> String {
    let target = format!("{:?}", (store.info(), &request.parent, &request.name));
    format!("{}.json", Digest::of(DigestAlgorithm::Sha256, target.as_bytes()).to_hex())
}

/// Whether a journaled request means the same file in the same state, and may replace the same.
fn same_upload(one: &UploadRequest, other: &UploadRequest) -> bool {
    let file = |request: &UploadRequest| (request.parent.clone(), request.name.clone(), request.size, request.modified);
    let replaces = |request: &UploadRequest| (request.on_conflict, request.if_revision.clone());
    file(one) == file(other) && replaces(one) == replaces(other)
}

/// Continues an upload, begun by this or another process, from its spec.
///
/// Parts that the service has are not sent again. What it has forgotten, or what no longer fits the source, is started
/// anew.
///
/// # Errors
/// As [`upload`].
pub async fn resume_upload<S: RemoteStore + ?Sized>(
    store: &S,
    spec: UploadSpec,
    source: Arc<dyn Source>,
    options: TransferOptions,
) -> Result<UploadOutcome> {
    let (declared, size) = (spec.request.size, source.size());
    let request = spec.request.clone();
    let name = request.name.clone();
    let done = if declared == size {
        let cancel = options.cancel.clone();
        unless_cancelled(cancel.as_ref(), Engine::new(store, source, options).run(request, Some(spec))).await
    } else {
        let message = format!("the upload was begun with {declared} bytes, and there are {size} now");
        Err(Error::new(ErrorKind::SourceChanged, message))
    };
    done.map_err(|error| error.or_about("upload", name))
}
