//! Single items: the root folder, its quota, and what a folder holds.

use http::Method;
use sharesync_core::{Error, ErrorKind, Result};

use super::Sync;
use super::read::{Body, read};
use crate::PROVIDER;
use crate::client::{Request, xml_body};
use crate::model::{Guid, Quota, SyncItem};

/// How an item is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ItemsQuery {
    /// `Depth`: 0 in the document; other values are not documented.
    pub depth: u32,
    /// `FoldersOnly`: whether files are left out.
    pub folders_only: bool,
    /// `web3s.paging`: the first entry, and how many (inferred from `0,100`).
    pub paging: Option<(u64, u64)>,
}

impl ItemsQuery {
    /// The item, with files and folders.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `Depth`.
    #[must_use]
    pub fn with_depth(mut self, depth: u32) -> Self {
        self.depth = depth;
        self
    }

    /// Leaves out files.
    #[must_use]
    pub fn with_folders_only(mut self, folders_only: bool) -> Self {
        self.folders_only = folders_only;
        self
    }

    /// Asks for so many entries from one on.
    #[must_use]
    pub fn with_paging(mut self, first: u64, count: u64) -> Self {
        self.paging = Some((first, count));
        self
    }

    fn text(self) -> String {
        let mut query = format!("View=SkyDriveSync&Depth={}&FoldersOnly={}", self.depth, self.folders_only);
        if let Some((first, count)) = self.paging {
            query.push_str(&format!("&web3s.paging={first},{count}"));
        }
        query
    }
}

impl Sync {
    /// The root folder: `GET …/RootFolder` (section 3.1).
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] where there is no sync service, or no such library.
    pub async fn root_folder(&self) -> Result<SyncItem> {
        self.single(self.request("RootFolder", Method::GET, "RootFolder")?).await
    }

    /// How full the storage is: `GET …/RootFolder?web3s.expand=QuotaState` (section 3.1).
    ///
    /// # Errors
    /// As [`root_folder`](Self::root_folder).
    pub async fn quota(&self) -> Result<Quota> {
        let root = self.single(self.request("QuotaState", Method::GET, "RootFolder?web3s.expand=QuotaState")?).await?;
        Ok(root.quota.unwrap_or_default())
    }

    /// An item and what it holds: `GET …/Items/{id}?View=SkyDriveSync&…` (section 3.1). What is answered is not documented;
    /// it is read as the feed is. The item comes first where the service describes it.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is no such item.
    pub async fn items(&self, item: Guid, query: ItemsQuery) -> Result<Vec<SyncItem>> {
        let path = format!("Items/{}?{}", item.simple(), query.text());
        let body = self.read(self.request("Items", Method::GET, &path)?.subject(item)).await?;
        Ok(body.root.into_iter().chain(body.items).collect())
    }

    async fn single(&self, request: Request) -> Result<SyncItem> {
        let body = self.read(request).await?;
        body.root.or_else(|| body.items.into_iter().next()).ok_or_else(|| {
            Error::new(ErrorKind::Protocol, "the sync service describes no item").with_provider(PROVIDER)
        })
    }

    pub(super) async fn read(&self, request: Request) -> Result<Body> {
        let (most, limit) = (self.client.dialect().most_items, self.client.http_config().max_list);
        request.run(move |response| async move { read(xml_body(response, limit).await?, most).await }).await
    }
}
