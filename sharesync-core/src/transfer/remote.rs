//! A file of one store as the source of an upload to another.

use std::fmt::{self, Debug};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt as _;
use tokio::sync::Mutex;

use super::{ContentReader, Download, DownloadOptions, Source};
use crate::{BoxStream, Item, Result};

/// Reads a remote file in order as one download; reading elsewhere opens it again there. Nothing is stored.
pub(crate) struct RemoteSource {
    item: Item,
    size: u64,
    reader: Arc<dyn ContentReader>,
    reading: Mutex<Reading>,
}

struct Reading {
    stream: BoxStream<'static, Result<Bytes>>,
    position: u64,
    rest: Bytes,
}

impl RemoteSource {
    /// The content of a whole file whose download has just been opened, and which has `size` bytes.
    pub(crate) fn new(download: Download, size: u64) -> Self {
        let (item, reader) = (download.item().clone(), download.reader());
        let reading = Reading { stream: download.into_stream(), position: 0, rest: Bytes::new() };
        Self { item, size, reader, reading: Mutex::new(reading) }
    }
}

#[async_trait]
impl Source for RemoteSource {
    fn size(&self) -> u64 {
        self.size
    }

    async fn read_at(&self, offset: u64, max: usize) -> Result<Bytes> {
        if offset >= self.size {
            return Ok(Bytes::new());
        }
        let mut reading = self.reading.lock().await;
        if reading.position != offset {
            let options = DownloadOptions::new().with_offset(offset);
            let download = Download::open(self.item.clone(), self.reader.clone(), options).await?;
            *reading = Reading { stream: download.into_stream(), position: offset, rest: Bytes::new() };
        }
        while reading.rest.is_empty() {
            let Some(piece) = reading.stream.try_next().await? else {
                break;
            };
            reading.rest = piece;
        }
        let taken = max.min(reading.rest.len());
        reading.position += taken as u64;
        Ok(reading.rest.split_to(taken))
    }

    /// When all of it was read, the download's own checks of length and digest are what tells.
    async fn check_end(&self) -> Result<()> {
        let mut reading = self.reading.lock().await;
        if reading.position == self.size {
            while reading.stream.try_next().await?.is_some() {}
            reading.stream = Box::pin(futures::stream::empty());
        }
        Ok(())
    }
}

impl Debug for RemoteSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteSource").field("item", &self.item.id).field("size", &self.size).finish_non_exhaustive()
    }
}
