//! How the store uses the service.

use crate::{LiveOptions, RangeForm};

/// How the store uses the service.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StoreOptions {
    /// The share that is the store.
    pub share_id: String,
    /// The device whose live socket is listened to; it is registered when the user has none of this identifier. Without
    /// one, watching looks at the changes in intervals.
    pub device_id: Option<String>,
    /// How the live socket is kept open.
    pub live: LiveOptions,
    /// The largest new file that is sent as one request, in bytes; larger ones, and new versions, are sent in sessions.
    pub single_limit: u64,
    /// Bytes in each chunk of a session: a power of two, at least 64 KiB. The service may choose another size.
    pub chunk_size: u64,
    /// Chunks of one file under way at once.
    pub parallel_chunks: usize,
    /// How a part of a content is asked for.
    pub range_form: RangeForm,
}

impl StoreOptions {
    /// The chunks of four mebibytes that the service takes at the most (Resumable uploads), four at once; files up to that
    /// size as one request; no live socket.
    pub fn new(share_id: impl Into<String>) -> Self {
        Self {
            share_id: share_id.into(),
            device_id: None,
            live: LiveOptions::default(),
            single_limit: 4 << 20,
            chunk_size: 4 << 20,
            parallel_chunks: 4,
            range_form: RangeForm::Header,
        }
    }

    /// Listens to the live socket of this device.
    #[must_use]
    pub fn with_device(mut self, device_id: impl Into<String>) -> Self {
        self.device_id = Some(device_id.into());
        self
    }

    /// Says how the live socket is kept open.
    #[must_use]
    pub fn with_live(mut self, live: LiveOptions) -> Self {
        self.live = live;
        self
    }

    /// Sets the largest new file that is sent as one request, in bytes.
    #[must_use]
    pub fn with_single_limit(mut self, bytes: u64) -> Self {
        self.single_limit = bytes;
        self
    }

    /// Sets the size of chunks in bytes.
    #[must_use]
    pub fn with_chunk_size(mut self, bytes: u64) -> Self {
        self.chunk_size = bytes;
        self
    }

    /// Sets how many chunks of one file are under way at once; at least one.
    #[must_use]
    pub fn with_parallel_chunks(mut self, chunks: usize) -> Self {
        self.parallel_chunks = chunks.max(1);
        self
    }

    /// Says how a part of a content is asked for.
    #[must_use]
    pub fn with_range_form(mut self, form: RangeForm) -> Self {
        self.range_form = form;
        self
    }
}
