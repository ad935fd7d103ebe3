//! The self-resuming download: what a provider opens, what an application reads.
//!
//! Writing to a local file is in `ext`; requests and their retries are in [`http`](crate::http).

mod flow;

use std::fmt::{self, Debug};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::{StreamExt as _, TryStreamExt as _};

use self::flow::Flow;
use super::{CancelToken, Progress};
use crate::{BoxStream, Digest, DigestAlgorithm, Error, ErrorKind, Hasher, Item, Result, Revision};

/// What of a file is downloaded, and how.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DownloadOptions {
    /// The first byte, counted from 0.
    pub offset: u64,
    /// How many bytes; `None` for all that follow.
    pub length: Option<u64>,
    /// Downloads only if the content is still in this state.
    pub if_revision: Option<Revision>,
    /// Whether a whole file is checked against the size and the digest that the service reports. Switch it off for
    /// services that report something else than they send.
    pub verify: bool,
    /// The file as a listing of this store has just described it. A store of which each id has one content for ever does
    /// not ask for the description again; the others take no notice.
    pub listed: Option<Box<Item>>,
    /// Counts the bytes.
    pub progress: Option<Progress>,
    /// Cancels the download.
    pub cancel: Option<CancelToken>,
}

impl Default for DownloadOptions {
    fn default() -> Self {
        Self { offset: 0, length: None, if_revision: None, verify: true, listed: None, progress: None, cancel: None }
    }
}

impl DownloadOptions {
    /// The whole file, verified.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts at this byte, counted from 0.
    #[must_use]
    pub fn with_offset(mut self, offset: u64) -> Self {
        self.offset = offset;
        self
    }

    /// Delivers this many bytes. It is an error when the file has fewer.
    #[must_use]
    pub fn with_length(mut self, bytes: u64) -> Self {
        self.length = Some(bytes);
        self
    }

    /// Downloads only if the content is still in this state.
    #[must_use]
    pub fn with_if_revision(mut self, revision: Revision) -> Self {
        self.if_revision = Some(revision);
        self
    }

    /// Says whether a whole file is checked against the reported size and digest.
    #[must_use]
    pub fn with_verify(mut self, verify: bool) -> Self {
        self.verify = verify;
        self
    }

    /// Hands over the file as a listing has just described it.
    #[must_use]
    pub fn with_listed(mut self, item: Item) -> Self {
        self.listed = Some(Box::new(item));
        self
    }

    /// Counts the bytes.
    #[must_use]
    pub fn with_progress(mut self, progress: Progress) -> Self {
        self.progress = Some(progress);
        self
    }

    /// Lets the download be cancelled.
    #[must_use]
    pub fn with_cancel(mut self, cancel: CancelToken) -> Self {
        self.cancel = Some(cancel);
        self
    }
}

/// Opens the content of one file at an offset: all that a provider implements of a download.
///
/// [`Download`] calls it once at the beginning, and again at the position reached when a body breaks.
#[async_trait]
pub trait ContentReader: Debug + Send + Sync + 'static {
    /// Asks for `length` bytes from `offset` on; `None` is all that follow.
    ///
    /// A service that ignores the range is no error: [`Content::offset`] says where its body begins.
    async fn open(&self, offset: u64, length: Option<u64>) -> Result<Content>;
}

/// What a service answered to a request for content.
#[non_exhaustive]
pub struct Content {
    /// The offset of the first byte of `body` within the file: 0 when the service ignored the range.
    pub offset: u64,
    /// The offset of the byte after the last one of `body`, as the service announces it; `u64::MAX` when it does not.
    pub end: u64,
    /// The length of the whole file in bytes, if the service says.
    pub total: Option<u64>,
    /// What identifies the state of the content, such as a strong `ETag`. A resumed download must find the same.
    pub revision: Option<String>,
    /// The bytes.
    pub body: BoxStream<'static, Result<Bytes>>,
}

impl Content {
    /// A body whose first byte is at `offset` within the file.
    pub fn new(offset: u64, body: BoxStream<'static, Result<Bytes>>) -> Self {
        Self { offset, end: u64::MAX, total: None, revision: None, body }
    }

    /// Says where the body ends: the offset of the byte after its last one.
    #[must_use]
    pub fn with_end(mut self, end: u64) -> Self {
        self.end = end;
        self
    }

    /// Says how long the whole file is, in bytes.
    #[must_use]
    pub fn with_total(mut self, total: Option<u64>) -> Self {
        self.total = total;
        self
    }

    /// Says what identifies the state of the content.
    #[must_use]
    pub fn with_revision(mut self, revision: Option<String>) -> Self {
        self.revision = revision;
        self
    }
}

impl Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content")
            .field("offset", &self.offset)
            .field("total", &self.total)
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

/// The content of a file, or a range of it, being downloaded.
///
/// Its bytes come from [`into_stream`](Self::into_stream) or [`bytes`](Self::bytes). A broken body is opened again at
/// the position reached; whether the content changed meanwhile, its length, and for a whole file its digest are checked.
/// It is never short without an error.
#[derive(Debug)]
pub struct Download {
    item: Item,
    flow: Flow,
}

impl Download {
    /// Opens the content of `item`. For providers: this is how `RemoteStore::download` is implemented.
    ///
    /// # Errors
    /// [`ErrorKind::PreconditionFailed`] when `item` is not in the state that the options require,
    /// [`ErrorKind::InvalidInput`] for a range outside of the file, and those of [`ContentReader::open`].
    pub async fn open(item: Item, reader: Arc<dyn ContentReader>, options: DownloadOptions) -> Result<Self> {
        match Flow::open(&item, reader, options).await {
            Ok(flow) => Ok(Self { item, flow }),
            Err(error) => Err(error.or_about("download", item.name)),
        }
    }

    /// The file, as it was when the download was opened.
    pub fn item(&self) -> &Item {
        &self.item
    }

    /// The first byte that is delivered, counted from 0.
    pub fn offset(&self) -> u64 {
        self.flow.position()
    }

    /// How many bytes are delivered, if that is known.
    pub fn size(&self) -> Option<u64> {
        self.flow.remaining()
    }

    /// The bytes, in order. The stream ends after the last byte was delivered and verified, or with an error.
    pub fn into_stream(self) -> BoxStream<'static, Result<Bytes>> {
        let name = self.item.name;
        self.flow.into_stream().map_err(move |error| error.or_about("download", &name)).boxed()
    }

    /// All bytes, in memory.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] when there are more than `limit`, and those of the stream.
    pub async fn bytes(self, limit: usize) -> Result<Bytes> {
        let name = self.item.name.clone();
        let mut stream = self.into_stream();
        let Some(first) = stream.try_next().await? else {
            return Ok(Bytes::new());
        };
        let mut all = BytesMut::from(first);
        while let Some(piece) = stream.next().await.transpose()? {
            all.extend_from_slice(&piece);
            if all.len() > limit {
                break;
            }
        }
        if all.len() > limit {
            let error = Error::new(ErrorKind::TooLarge, format!("the content has more than {limit} bytes"));
            return Err(error.or_about("download", name));
        }
        Ok(all.freeze())
    }

    /// Reads all bytes for their digest: for providers that have to know what a service holds and are not told.
    ///
    /// # Errors
    /// Those of the stream.
    pub async fn digest(self, algorithm: DigestAlgorithm) -> Result<Digest> {
        let (mut stream, mut hasher) = (self.into_stream(), Hasher::new(algorithm));
        while let Some(piece) = stream.try_next().await? {
            hasher.update(&piece);
        }
        Ok(hasher.finish())
    }

    /// The bytes, counted, without the digest check: the caller does that where it writes.
    pub(crate) fn into_unchecked_stream(mut self, progress: Option<Progress>) -> BoxStream<'static, Result<Bytes>> {
        self.flow.leave_check_to_caller(progress);
        self.into_stream()
    }

    pub(crate) fn reader(&self) -> Arc<dyn ContentReader> {
        self.flow.reader()
    }
}
