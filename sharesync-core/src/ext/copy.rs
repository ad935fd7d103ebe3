//! A file from one store to another, through memory of constant size.

use std::sync::Arc;

use futures::TryStreamExt as _;

use crate::transfer::options::unless_cancelled;
use crate::transfer::{
    DownloadOptions, RemoteSource, Source, SpoolSource, TransferOptions, UploadOutcome, UploadRequest, upload,
};
use crate::{ItemRef, RemoteStore, Result};

/// Shorter files are read to their end first: that costs no second download when the target wants a digest beforehand.
const SPOOLED: u64 = 1024 * 1024;

pub(super) async fn copy_file<S: RemoteStore + ?Sized, T: RemoteStore + ?Sized>(
    source: &S,
    item: &ItemRef,
    target: &T,
    mut request: UploadRequest,
    options: TransferOptions,
) -> Result<UploadOutcome> {
    target.capabilities().names.check(&request.name)?;
    let ask = DownloadOptions { cancel: options.cancel.clone(), ..DownloadOptions::new() };
    let download = unless_cancelled(options.cancel.as_ref(), source.download(item, ask)).await?;
    request.modified = request.modified.or(download.item().modified);
    request.created = request.created.or(download.item().created);
    let content: Arc<dyn Source> = match download.size() {
        Some(size) if size > SPOOLED => Arc::new(RemoteSource::new(download, size)),
        _ => {
            let pieces = download.into_stream().map_err(std::io::Error::from);
            Arc::new(SpoolSource::from_stream(pieces, u64::MAX).await?)
        }
    };
    upload(target, request, content, options).await
}
