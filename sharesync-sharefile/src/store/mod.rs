//! The store: the contract of sharesync in terms of the typed client. It translates and delegates.

mod options;

use std::sync::Arc;

use async_trait::async_trait;
use sharesync_core::transfer::{Download, DownloadOptions};
use sharesync_core::{
    BoxStream, Capabilities, Error, ErrorKind, Item, ItemRef, ListOptions, NameRules, Page, RemoteStore,
    Result, StoreInfo,
};

pub use options::StoreOptions;

use crate::{Client, PROVIDER};

/// A ShareFile account as a [`RemoteStore`]. Clones are the same store.
#[derive(Debug, Clone)]
pub struct ShareFileStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    info: StoreInfo,
    capabilities: Capabilities,
}

impl ShareFileStore {
    pub(crate) fn new(client: Client, _options: StoreOptions) -> Self {
        let info = StoreInfo::new(PROVIDER, client.account());
        Self(Arc::new(Inner {
            info,
            capabilities: Capabilities::new(NameRules::permissive()),
        }))
    }
}

#[async_trait]
impl RemoteStore for ShareFileStore {
    fn info(&self) -> &StoreInfo {
        &self.0.info
    }

    fn capabilities(&self) -> &Capabilities {
        &self.0.capabilities
    }

    async fn stat(&self, _: &ItemRef) -> Result<Item> {
        Err(Error::new(ErrorKind::Unsupported, "not yet"))
    }

    fn list(&self, _: &ItemRef, _: ListOptions) -> BoxStream<'static, Result<Page<Item>>> {
        Box::pin(futures::stream::empty())
    }

    async fn download(&self, _: &ItemRef, _: DownloadOptions) -> Result<Download> {
        Err(Error::new(ErrorKind::Unsupported, "not yet"))
    }
}
