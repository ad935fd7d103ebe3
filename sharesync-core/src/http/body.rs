//! Request bodies that can be sent again: pieces in memory and windows of a source, opened anew for every attempt.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::transfer::{Progress, Source};
use crate::{BoxStream, Error, ErrorKind, Result};

/// Bytes read from a source at a time.
const READ_STEP: usize = 256 * 1024;

/// Bytes handed to the transport at a time: small, so that a slow but healthy connection shows progress often.
const SEND_STEP: usize = 64 * 1024;

/// A request body. It has a known length, holds no content of a source in memory, and can be opened any number of times.
#[derive(Clone, Default)]
pub struct Body {
    segments: Vec<Segment>,
    progress: Option<Progress>,
    chunked: bool,
}

#[derive(Clone)]
enum Segment {
    Bytes(Bytes),
    Source(Arc<dyn Source>),
}

impl Segment {
    fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Source(source) => source.size(),
        }
    }
}

impl Body {
    /// No bytes.
    pub fn empty() -> Self {
        Self::default()
    }

    /// All of a source.
    pub fn from_source(source: Arc<dyn Source>) -> Self {
        Self { segments: vec![Segment::Source(source)], ..Self::default() }
    }

    /// This body followed by another one, as multipart forms need it.
    #[must_use]
    pub fn then(mut self, next: impl Into<Body>) -> Self {
        let next = next.into();
        self.segments.extend(next.segments);
        self.progress = self.progress.or(next.progress);
        self
    }

    /// Counts the bytes of sources as they are handed to the transport; those of a failed attempt are taken back.
    #[must_use]
    pub fn with_progress(mut self, progress: Option<Progress>) -> Self {
        self.progress = progress;
        self
    }

    /// Leaves its length unannounced: the transport sends it in chunks (RFC 9112, section 7.1), for services that ask
    /// for that.
    #[must_use]
    pub fn chunked(mut self) -> Self {
        self.chunked = true;
        self
    }

    pub(crate) fn is_chunked(&self) -> bool {
        self.chunked
    }

    /// Its length in bytes.
    pub fn size(&self) -> u64 {
        self.segments.iter().map(Segment::size).sum()
    }

    /// All bytes, if they are in memory and few enough to be handed to the transport at once.
    pub(crate) fn as_small_bytes(&self) -> Option<Bytes> {
        match self.segments.as_slice() {
            [] => Some(Bytes::new()),
            [Segment::Bytes(bytes)] if bytes.len() <= SEND_STEP => Some(bytes.clone()),
            _ => None,
        }
    }

    /// Opens it from the beginning.
    pub(crate) fn open(&self) -> (BoxStream<'static, Result<Bytes>>, SentBytes) {
        let sent = SentBytes { progress: self.progress.clone(), counted: Arc::default() };
        let counter = sent.clone_counter();
        let pieces = stream::iter(self.segments.clone()).flat_map(move |segment| match segment {
            Segment::Bytes(bytes) => stream::iter([Ok(bytes)]).boxed(),
            Segment::Source(source) => {
                let counter = counter.clone();
                read_all(source).inspect_ok(move |piece| counter.add(piece.len() as u64)).boxed()
            }
        });
        (pieces.flat_map(|piece| stream::iter(slices(piece))).boxed(), sent)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.size())
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        Self { segments: vec![Segment::Bytes(bytes.into())], ..Self::default() }
    }
}

/// Cuts a piece into slices of at most [`SEND_STEP`] bytes, without copying.
fn slices(piece: Result<Bytes>) -> impl Iterator<Item = Result<Bytes>> {
    let (mut bytes, error) = match piece {
        Ok(bytes) => (bytes, None),
        Err(error) => (Bytes::new(), Some(Err(error))),
    };
    let cut = std::iter::from_fn(move || (!bytes.is_empty()).then(|| Ok(bytes.split_to(bytes.len().min(SEND_STEP)))));
    cut.chain(error)
}

/// Reads a source from its beginning to its declared end.
fn read_all(source: Arc<dyn Source>) -> BoxStream<'static, Result<Bytes>> {
    stream::try_unfold((source, 0), |(source, offset)| async move {
        let left = source.size().saturating_sub(offset);
        if left == 0 {
            return Ok(None);
        }
        let piece = source.read_at(offset, READ_STEP.min(usize::try_from(left).unwrap_or(READ_STEP))).await?;
        if piece.is_empty() {
            let message = format!("it ended after {offset} of {} bytes", source.size());
            return Err(Error::new(ErrorKind::SourceChanged, message));
        }
        let next = offset + piece.len() as u64;
        Ok(Some((piece, (source, next))))
    })
    .boxed()
}

/// The progress that one attempt has counted. Dropped without [`commit`](Self::commit), it takes the bytes back.
#[derive(Debug)]
pub(crate) struct SentBytes {
    progress: Option<Progress>,
    counted: Arc<AtomicU64>,
}

#[derive(Debug, Clone)]
struct Counter {
    progress: Option<Progress>,
    counted: Arc<AtomicU64>,
}

impl Counter {
    fn add(&self, bytes: u64) {
        if let Some(progress) = &self.progress {
            self.counted.fetch_add(bytes, Ordering::Relaxed);
            progress.advance(bytes);
        }
    }
}

impl SentBytes {
    fn clone_counter(&self) -> Counter {
        Counter { progress: self.progress.clone(), counted: self.counted.clone() }
    }

    /// Keeps what was counted: the attempt succeeded.
    pub(crate) fn commit(mut self) {
        self.progress = None;
    }
}

impl Drop for SentBytes {
    fn drop(&mut self) {
        if let Some(progress) = &self.progress {
            progress.retreat(self.counted.swap(0, Ordering::Relaxed));
        }
    }
}
