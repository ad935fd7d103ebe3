//! How the store uses the service.

use std::time::Duration;

use sharesync_core::snapshot::Snapshots;

use crate::alias;

/// How the store uses the service.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StoreOptions {
    /// The identifier of the folder that is the store's root; the user's home folder unless set.
    pub root: String,
    /// Items asked for in one request of a listing, unless the listing says otherwise.
    pub page_size: u32,
    /// Files up to this many bytes are sent in one request, by the standard method.
    pub single_limit: u64,
    /// Bytes in each chunk of a larger file. It grows where a file would have more than 10,000 chunks.
    pub part_size: u64,
    /// Whether larger files are sent chunk by chunk, by the streamed method, instead of several chunks at once.
    pub sequential: bool,
    /// Whether content is sent in forms, for storage zones that take nothing else.
    pub multipart: bool,
    /// How long is waited for what the service does after it has answered.
    pub async_limit: Duration,
    /// Where snapshots are kept, for [`changes`](sharesync_core::RemoteStore::changes): the service has no change feed.
    pub snapshots: Option<Snapshots>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            root: alias::HOME.to_owned(),
            page_size: 1000,
            single_limit: 16 << 20,
            part_size: 8 << 20,
            sequential: false,
            multipart: false,
            async_limit: Duration::from_secs(600),
            snapshots: None,
        }
    }
}

impl StoreOptions {
    /// The home folder as root; threaded uploads of raw content above 16 MiB.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the folder that is the store's root, by identifier or [alias].
    #[must_use]
    pub fn with_root(mut self, folder_id: impl Into<String>) -> Self {
        self.root = folder_id.into();
        self
    }

    /// Sets how many items are asked for in one request of a listing; at least one.
    #[must_use]
    pub fn with_page_size(mut self, items: u32) -> Self {
        self.page_size = items.max(1);
        self
    }

    /// Sets up to how many bytes a file is sent in one request.
    #[must_use]
    pub fn with_single_limit(mut self, bytes: u64) -> Self {
        self.single_limit = bytes;
        self
    }

    /// Sets the bytes in each chunk of a larger file; at least one.
    #[must_use]
    pub fn with_part_size(mut self, bytes: u64) -> Self {
        self.part_size = bytes.max(1);
        self
    }

    /// Sends larger files chunk by chunk, by the streamed method.
    #[must_use]
    pub fn with_sequential(mut self, sequential: bool) -> Self {
        self.sequential = sequential;
        self
    }

    /// Sends content in forms.
    #[must_use]
    pub fn with_multipart(mut self, multipart: bool) -> Self {
        self.multipart = multipart;
        self
    }

    /// Sets how long is waited for what the service does after it has answered.
    #[must_use]
    pub fn with_async_limit(mut self, limit: Duration) -> Self {
        self.async_limit = limit;
        self
    }

    /// Enables [`changes`](sharesync_core::RemoteStore::changes), by comparing the tree with the snapshot of the last call.
    #[must_use]
    pub fn with_snapshots(mut self, snapshots: Snapshots) -> Self {
        self.snapshots = Some(snapshots);
        self
    }
}
