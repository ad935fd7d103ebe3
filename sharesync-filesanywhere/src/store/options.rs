//! How the store uses the service.

use crate::model::ChangeType;

/// Bytes of a chunk: see [`Uploads`](crate::Uploads).
const CHUNK: u64 = 1 << 20;

/// Bytes of memory for what is known of the folders: some 150,000 of them.
const FOLDER_MEMORY: usize = 64 << 20;

/// Items in a page of a listing.
const PAGE: u32 = 1000;

/// How the store uses the service.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StoreOptions {
    /// The path of the folder that is the store's root; the account's own volume, `\user`, unless set.
    pub root: Option<String>,
    /// Items asked for in one request of a listing, unless the listing says otherwise.
    pub page_size: u32,
    /// Bytes in each chunk of an upload.
    pub chunk_size: u64,
    /// The device that asks for the list of folders (GetAllItemsForSync, `DeviceID`).
    pub device_id: String,
    /// Which kind of changes is asked for. What the values mean is not public.
    pub change_type: ChangeType,
    /// Bytes of memory that the paths of the account's folders may take, all of which are kept: 256 bytes each, and twice
    /// the path. An account with more folders is an error.
    pub folder_memory: usize,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            root: None,
            page_size: PAGE,
            chunk_size: CHUNK,
            device_id: "sharesync".to_owned(),
            change_type: ChangeType::ANY,
            folder_memory: FOLDER_MEMORY,
        }
    }
}

impl StoreOptions {
    /// The account's own volume, in chunks of 1 MiB.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the folder that is the store's root, by path, such as `\jane\Reports`.
    #[must_use]
    pub fn with_root(mut self, path: impl Into<String>) -> Self {
        self.root = Some(path.into());
        self
    }

    /// Sets how many items are asked for in one request of a listing; 0 asks for all at once.
    #[must_use]
    pub fn with_page_size(mut self, items: u32) -> Self {
        self.page_size = items;
        self
    }

    /// Sets how many bytes there are in each chunk of an upload; at least one.
    #[must_use]
    pub fn with_chunk_size(mut self, bytes: u64) -> Self {
        self.chunk_size = bytes.max(1);
        self
    }

    /// Sets the device that asks for the list of folders.
    #[must_use]
    pub fn with_device_id(mut self, id: impl Into<String>) -> Self {
        self.device_id = id.into();
        self
    }

    /// Sets which kind of changes is asked for.
    #[must_use]
    pub fn with_change_type(mut self, change_type: ChangeType) -> Self {
        self.change_type = change_type;
        self
    }

    /// Sets how many bytes of memory the paths of the account's folders may take.
    #[must_use]
    pub fn with_folder_memory(mut self, bytes: usize) -> Self {
        self.folder_memory = bytes;
        self
    }
}
