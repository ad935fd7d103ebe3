//! Content for the download engine: the address is asked for once and again when the storage host refuses it.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use http::header::{ACCEPT, RANGE};
use sharesync_core::http::Call;
use sharesync_core::transfer::{Content, ContentReader, Download, DownloadOptions};
use sharesync_core::{Error, ErrorKind, ItemRef, Operation, Result, SecretUrl};
use tokio::sync::Mutex;

use super::{ShareFileStore, translate};
use crate::PROVIDER;

/// Opens the content of a file.
pub(super) async fn open(store: &ShareFileStore, item: &ItemRef, options: DownloadOptions) -> Result<Download> {
    let found = translate::item(store.entity(item).await?)?;
    if !found.is_file() {
        let error = Error::new(ErrorKind::InvalidInput, "only files have content to download");
        return Err(error.with_provider(PROVIDER).with_operation(Operation::Download.name()).with_subject(item));
    }
    let reader = Reader { store: store.clone(), id: found.id.to_string(), address: Mutex::default() };
    Download::open(found, Arc::new(reader), options).await
}

/// The content of one file. Its address is pre-signed and serves several ranges.
struct Reader {
    store: ShareFileStore,
    id: String,
    address: Mutex<Option<SecretUrl>>,
}

impl Reader {
    async fn address(&self, refused: Option<&SecretUrl>) -> Result<SecretUrl> {
        let mut address = self.address.lock().await;
        if let Some(known) = address.as_ref().filter(|known| Some(*known) != refused) {
            return Ok(known.clone());
        }
        let spec = self.store.0.items.download_specification(&self.id, crate::DownloadOptions::new()).await?;
        let fresh = spec
            .download_url
            .ok_or_else(|| Error::new(ErrorKind::Protocol, "a download specification without a DownloadUrl"))?;
        Ok(address.insert(fresh).clone())
    }

    async fn fetch(&self, address: &SecretUrl, offset: u64, length: Option<u64>) -> Result<Content> {
        let mut call = Call::get("Items.Content", address.expose().clone()).presigned().subject(&self.id);
        call = call.header(ACCEPT, "*/*");
        if offset > 0 || length.is_some() {
            let last = length.map(|length| (offset + length).saturating_sub(1).to_string());
            call = call.header(RANGE, format!("bytes={offset}-{}", last.unwrap_or_default()));
        }
        self.store.0.client.open(call).await?.into_content()
    }
}

#[async_trait]
impl ContentReader for Reader {
    async fn open(&self, offset: u64, length: Option<u64>) -> Result<Content> {
        let address = self.address(None).await?;
        match self.fetch(&address, offset, length).await {
            Err(error) if matches!(error.status(), Some(401 | 403 | 404 | 410)) => {
                let fresh = self.address(Some(&address)).await?;
                self.fetch(&fresh, offset, length).await
            }
            fetched => fetched,
        }
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("id", &self.id).finish_non_exhaustive()
    }
}
