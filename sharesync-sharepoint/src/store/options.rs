//! How the store uses the service.

use crate::model::Guid;

/// Where the store learns what has changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChangeSource {
    /// From the feed of the sync service, and where the service has none from the log of changes of the REST service.
    #[default]
    Choose,
    /// From the feed of the sync service.
    Feed,
    /// From the log of changes of the REST service. Nothing is asked of the sync service.
    Log,
}

/// How the store uses the service.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StoreOptions {
    /// The library; by default the one that the site synchronizes.
    pub library: Option<Guid>,
    /// Where the store learns what has changed.
    pub changes: ChangeSource,
    /// Content of fewer bytes is sent in one request, other content in chunks.
    pub single_limit: u64,
    /// Bytes in each chunk.
    pub chunk_size: u64,
    /// Entries asked for in one listing: 5000 is what a farm lists at the most. What is created or deleted while a folder with
    /// more is listed may shift entries from page to page.
    pub page_size: u32,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            library: None,
            changes: ChangeSource::default(),
            single_limit: 8 << 20,
            chunk_size: 10 << 20,
            page_size: 5000,
        }
    }
}

impl StoreOptions {
    /// The library that the site synchronizes; one request for content below 8 MiB, as Microsoft's own client does, and
    /// chunks of 10 MiB for other.
    pub fn new() -> Self {
        Self::default()
    }

    /// Chooses the library.
    #[must_use]
    pub fn with_library(mut self, library: Guid) -> Self {
        self.library = Some(library);
        self
    }

    /// Says where the store learns what has changed.
    #[must_use]
    pub fn with_changes(mut self, changes: ChangeSource) -> Self {
        self.changes = changes;
        self
    }

    /// Sets the size from which on content is sent in chunks, in bytes.
    #[must_use]
    pub fn with_single_limit(mut self, bytes: u64) -> Self {
        self.single_limit = bytes;
        self
    }

    /// Sets the size of chunks in bytes; at least one.
    #[must_use]
    pub fn with_chunk_size(mut self, bytes: u64) -> Self {
        self.chunk_size = bytes.max(1);
        self
    }

    /// Sets how many entries are asked for in one listing; at least one.
    #[must_use]
    pub fn with_page_size(mut self, entries: u32) -> Self {
        self.page_size = entries.max(1);
        self
    }
}
