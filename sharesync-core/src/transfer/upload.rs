//! The upload engine: order, concurrency, resumption, verification. The wire steps are the provider's.

use std::sync::Arc;

use super::{Source, TransferOptions, UploadRequest, UploadSpec};
use crate::{Digest, Item, RemoteStore, Result};

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
/// `SourceChanged`, `Integrity` and `UploadExpired` the upload can be continued from the journal.
///
/// # Cancellation
/// Dropping the future stops the upload and keeps what the service has of it: it can be continued from the journal.
pub async fn upload<S: RemoteStore + ?Sized>(
    store: &S,
    request: UploadRequest,
    source: Arc<dyn Source>,
    options: TransferOptions,
) -> Result<UploadOutcome> {
    todo!("{store:?} {request:?} {source:?} {options:?}")
}

/// Continues an upload, begun by this or another process, from its spec.
///
/// Parts that the service has are not sent again. What it has forgotten or what no longer fits the source is started
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
    todo!("{store:?} {spec:?} {source:?} {options:?}")
}
