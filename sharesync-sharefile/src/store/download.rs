//! Content for the download engine: its address is asked for once, and again when the storage host refuses it.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use http::header::{ACCEPT, RANGE};
use sharesync_core::http::{Call, range};
use sharesync_core::transfer::{Content, ContentReader, Download, DownloadOptions};
use sharesync_core::{ErrorKind, Item, ItemRef, Operation, Result, SecretUrl};
use tokio::sync::Mutex;

use super::ShareFileStore;
use super::locate::failure;
use crate::redirection::{self, check_safe};

/// Opens the content of a file.
pub(super) async fn open(store: &ShareFileStore, item: &ItemRef, options: DownloadOptions) -> Result<Download> {
    let (found, address) = match (item, options.listed.as_deref()) {
        // An id is that of one version: what a listing said of it stays true.
        (ItemRef::Id(id), Some(listed)) if listed.id == *id => (only_file(listed.clone(), item)?, None),
        // Both can be asked for at once; what the item is decides.
        (ItemRef::Id(id), _) => {
            let (found, address) = tokio::join!(store.find(item), address(store, id.as_str()));
            let found = only_file(found?, item)?;
            (found, Some(address?))
        }
        (other, _) => (only_file(store.find(other).await?, item)?, None),
    };
    let reader = Reader { store: store.clone(), id: found.id.to_string(), address: Mutex::new(address) };
    Download::open(found, Arc::new(reader), options).await
}

fn only_file(found: Item, item: &ItemRef) -> Result<Item> {
    if found.is_file() {
        return Ok(found);
    }
    Err(failure(Operation::Download, ErrorKind::InvalidInput, "only files have content").with_subject(item))
}

/// Where the content is. A specification costs less than a redirect, because it serves any number of ranges.
async fn address(store: &ShareFileStore, id: &str) -> Result<SecretUrl> {
    let spec = store.items().download_specification(id, crate::DownloadOptions::new()).await?;
    spec.download_url.ok_or_else(|| {
        let why = "a download specification without a DownloadUrl";
        failure(Operation::Download, ErrorKind::Protocol, why).with_subject(id)
    })
}

/// The content of one version of a file, which never changes.
struct Reader {
    store: ShareFileStore,
    id: String,
    address: Mutex<Option<SecretUrl>>,
}

impl Reader {
    /// The address in use, or a new one in place of the one that was refused.
    async fn address(&self, refused: Option<&SecretUrl>) -> Result<SecretUrl> {
        let mut address = self.address.lock().await;
        match address.as_ref().filter(|known| Some(*known) != refused) {
            Some(known) => Ok(known.clone()),
            None => Ok(address.insert(self::address(&self.store, &self.id).await?).clone()),
        }
    }

    async fn fetch(&self, address: &SecretUrl, offset: u64, length: Option<u64>) -> Result<Content> {
        let call = Call::get("Downloads.Content", address.expose().clone()).presigned().subject(&self.id);
        let mut call = call.header(ACCEPT, "*/*");
        if let Some(range) = range(offset, length) {
            call = call.header(RANGE, range);
        }
        check_safe(call.url(), self.store.client().base_url())
            .map_err(|why| redirection::failure(&call, ErrorKind::Insecure, why))?;
        let content = self.store.client().open(call).await?.into_content()?;
        // The entity tags of two addresses need not agree although the content does.
        Ok(content.with_revision(None))
    }
}

#[async_trait]
impl ContentReader for Reader {
    async fn open(&self, offset: u64, length: Option<u64>) -> Result<Content> {
        let address = self.address(None).await?;
        match self.fetch(&address, offset, length).await {
            // Addresses end, and some zones limit how often one can be used.
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
