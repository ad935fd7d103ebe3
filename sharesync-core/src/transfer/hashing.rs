//! Digests over content that passes by, computed off the async threads when there is much of it.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use super::Source;
use super::source::ended_early;
use crate::{Digest, DigestAlgorithm, Error, ErrorKind, Hasher, Result};

/// Bytes read and hashed at a time when a source is read for its digest alone.
pub(super) const STEP: usize = 1024 * 1024;

/// From this many bytes on, hashing takes longer than handing it to another thread by far.
const OFFLOAD: usize = 128 * 1024;

/// Several digests of one content, each byte of it taken in once and in order.
///
/// The last piece may still be hashed on another thread while the caller reads or sends the next one.
#[derive(Debug)]
pub(super) struct ContentHash {
    hashers: Vec<Hasher>,
    position: u64,
    running: Option<JoinHandle<Vec<Hasher>>>,
}

impl ContentHash {
    pub(super) fn new(algorithms: &[DigestAlgorithm]) -> Self {
        Self::with(algorithms.iter().copied().map(Hasher::new).collect())
    }

    pub(super) fn with(hashers: Vec<Hasher>) -> Self {
        Self { hashers, position: 0, running: None }
    }

    /// Whether there is nothing to compute.
    pub(super) fn is_idle(&self) -> bool {
        self.hashers.is_empty() && self.running.is_none()
    }

    /// Takes in the next pieces.
    pub(super) async fn update(&mut self, pieces: Vec<Bytes>) -> Result<()> {
        self.settle().await?;
        let size: usize = pieces.iter().map(Bytes::len).sum();
        self.position += size as u64;
        if self.hashers.is_empty() {
            return Ok(());
        }
        let mut hashers = std::mem::take(&mut self.hashers);
        let work = move || {
            for piece in pieces {
                hashers.iter_mut().for_each(|hasher| hasher.update(&piece));
            }
            hashers
        };
        if size < OFFLOAD {
            self.hashers = work();
        } else {
            self.running = Some(tokio::task::spawn_blocking(work));
        }
        Ok(())
    }

    /// Takes in a piece that was read at `offset`, as far as it is new. A piece beyond a gap is ignored.
    async fn observe(&mut self, offset: u64, piece: &Bytes) -> Result<()> {
        let seen = self.position.checked_sub(offset).and_then(|seen| usize::try_from(seen).ok());
        match seen {
            Some(seen) if seen < piece.len() => self.update(vec![piece.slice(seen..)]).await,
            _ => Ok(()),
        }
    }

    /// Waits until every piece is taken in and released.
    pub(super) async fn settle(&mut self) -> Result<()> {
        let Some(running) = &mut self.running else {
            return Ok(());
        };
        self.hashers = running.await.map_err(|error| {
            Error::new(ErrorKind::Cancelled, "a digest could not be computed to its end").with_source(error)
        })?;
        self.running = None;
        Ok(())
    }

    /// Takes in a source from the present position up to `end`.
    pub(super) async fn read_through(&mut self, source: &dyn Source, end: u64) -> Result<()> {
        while self.position < end {
            let left = usize::try_from(end - self.position).unwrap_or(STEP);
            let piece = source.read_at(self.position, left.min(STEP)).await?;
            if piece.is_empty() {
                return Err(ended_early(self.position, source.size()));
            }
            self.update(vec![piece]).await?;
        }
        Ok(())
    }

    /// The digests of what was taken in so far.
    pub(super) async fn digests(&mut self) -> Result<Vec<Digest>> {
        self.settle().await?;
        Ok(self.hashers.iter().cloned().map(Hasher::finish).collect())
    }
}

/// The digest of all of a source.
pub(super) async fn digest(source: &dyn Source, hasher: Hasher) -> Result<Digest> {
    let mut content = ContentHash::with(vec![hasher]);
    content.read_through(source, source.size()).await?;
    let digests = content.digests().await?;
    digests.into_iter().next().ok_or_else(|| Error::new(ErrorKind::InvalidInput, "no digest was asked for"))
}

/// A source whose content is hashed while somebody else reads it in order. What is read again is not hashed again.
#[derive(Debug)]
pub(super) struct HashingSource {
    inner: Arc<dyn Source>,
    content: Mutex<ContentHash>,
}

impl HashingSource {
    pub(super) fn new(inner: Arc<dyn Source>, content: ContentHash) -> Self {
        Self { inner, content: Mutex::new(content) }
    }

    /// The digests of all of the content; what nobody has read is read now.
    pub(super) async fn digests(&self) -> Result<Vec<Digest>> {
        let mut content = self.content.lock().await;
        if !content.is_idle() {
            content.read_through(&*self.inner, self.inner.size()).await?;
        }
        content.digests().await
    }
}

#[async_trait]
impl Source for HashingSource {
    fn size(&self) -> u64 {
        self.inner.size()
    }

    async fn read_at(&self, offset: u64, max: usize) -> Result<Bytes> {
        let piece = self.inner.read_at(offset, max).await?;
        self.content.lock().await.observe(offset, &piece).await?;
        Ok(piece)
    }

    async fn check_end(&self) -> Result<()> {
        self.inner.check_end().await
    }
}
