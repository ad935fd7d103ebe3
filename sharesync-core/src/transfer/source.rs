//! Where uploaded content comes from: bytes that can be read again at any offset.
//!
//! Digests over a source are in `hashing`; cutting it into parts is the upload engine's business.

use std::fmt::Debug;
use std::fs::{File, Metadata};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt as _, stream};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::blocking::{blocking, io_error};
use super::blocks::BlockFile;
use super::sink::BlockWriter;
use crate::{Error, ErrorKind, Result, Timestamp};

/// Content of a declared length that can be read at any offset, any number of times.
///
/// This is what makes sending a part again sound. Implementations have no read position: several reads may be under way
/// at once.
#[async_trait]
pub trait Source: Debug + Send + Sync + 'static {
    /// The declared length, in bytes. It never changes.
    fn size(&self) -> u64;

    /// Reads 1 to `max` bytes from `offset` on; no bytes only where the content really ends.
    ///
    /// Reading at [`size`](Self::size) tells whether the content is longer than declared.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when the content cannot be read.
    async fn read_at(&self, offset: u64, max: usize) -> Result<Bytes>;

    /// Checks that the content is neither longer than declared nor changed since it was opened. The upload engine calls
    /// it before anything is committed.
    ///
    /// # Errors
    /// [`ErrorKind::SourceChanged`] when it is.
    async fn check_end(&self) -> Result<()> {
        if self.read_at(self.size(), 1).await?.is_empty() {
            return Ok(());
        }
        let message = format!("there is more content than the {} bytes declared", self.size());
        Err(Error::new(ErrorKind::SourceChanged, message))
    }
}

/// Content in memory. Reading it copies nothing.
#[derive(Debug, Clone)]
pub struct BytesSource(Bytes);

impl BytesSource {
    /// All of these bytes.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        Self(bytes.into())
    }
}

#[async_trait]
impl Source for BytesSource {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    async fn read_at(&self, offset: u64, max: usize) -> Result<Bytes> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.0.len());
        let end = start.saturating_add(max).min(self.0.len());
        Ok(self.0.slice(start..end))
    }
}

/// Content in memory, in pieces. Reading it copies nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct PiecesSource {
    /// Each with the number of bytes up to its end.
    pieces: Vec<(u64, Bytes)>,
}

impl PiecesSource {
    /// Reads a range of a source to its end.
    ///
    /// # Errors
    /// [`ErrorKind::SourceChanged`] when the source ends before; what reading it ends in.
    pub(super) async fn read(source: &dyn Source, range: Range<u64>) -> Result<Self> {
        let mut read = Self::default();
        while range.start + read.size() < range.end {
            let offset = range.start + read.size();
            let left = usize::try_from(range.end - offset).unwrap_or(usize::MAX);
            let piece = source.read_at(offset, left).await?;
            if piece.is_empty() {
                return Err(ended_early(offset, source.size()));
            }
            read.pieces.push((read.size() + piece.len() as u64, piece));
        }
        Ok(read)
    }

    /// The pieces in order.
    pub(super) fn pieces(&self) -> Vec<Bytes> {
        self.pieces.iter().map(|(_, piece)| piece.clone()).collect()
    }
}

#[async_trait]
impl Source for PiecesSource {
    fn size(&self) -> u64 {
        self.pieces.last().map_or(0, |(end, _)| *end)
    }

    async fn read_at(&self, offset: u64, max: usize) -> Result<Bytes> {
        let index = self.pieces.partition_point(|(end, _)| *end <= offset);
        let Some((end, piece)) = self.pieces.get(index) else {
            return Ok(Bytes::new());
        };
        let left = usize::try_from(end - offset).unwrap_or(usize::MAX);
        let start = piece.len().saturating_sub(left);
        Ok(piece.slice(start..start.saturating_add(max).min(piece.len())))
    }
}

/// The error of a source that ends before its declared length.
pub(super) fn ended_early(offset: u64, size: u64) -> Error {
    Error::new(ErrorKind::SourceChanged, format!("it ended after {offset} of {size} bytes"))
}

/// A local file, as long as it was when it was opened.
#[derive(Debug, Clone)]
pub struct FileSource {
    file: BlockFile,
    path: PathBuf,
    size: u64,
    modified: Option<SystemTime>,
    created: Option<SystemTime>,
    /// When anything about the file was last changed, where the system says so: nobody can set that time back.
    changed: Option<(i64, i64)>,
}

impl FileSource {
    /// Opens a file for reading and remembers its length and times.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when it cannot be opened or is no regular file.
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        blocking(move || {
            let fail = |error| Error::io("open", &path, error);
            // To open a pipe would wait for somebody to write to it.
            if !path.metadata().map_err(fail)?.is_file() {
                return Err(Error::new(ErrorKind::Io, format!("{} is not a regular file", path.display())));
            }
            Self::new(File::open(&path).map_err(fail)?, path)
        })
        .await
    }

    /// A file that is open already.
    pub(crate) fn new(file: File, path: PathBuf) -> Result<Self> {
        let metadata = file.metadata().map_err(|error| Error::io("look at", &path, error))?;
        if !metadata.is_file() {
            return Err(Error::new(ErrorKind::Io, format!("{} is not a regular file", path.display())));
        }
        let (modified, created) = (metadata.modified().ok(), metadata.created().ok());
        let (size, changed) = (metadata.len(), changed(&metadata));
        Ok(Self { file: BlockFile::new(file), path, size, modified, created, changed })
    }

    /// This file, or what it holds now, where the system makes the content up when it is read and does not tell its length
    /// before: `/proc` says 0, `/sys` 4096.
    ///
    /// # Errors
    /// As [`SpoolSource::from_stream`].
    pub(crate) async fn of_known_length(self, limit: u64) -> Result<Arc<dyn Source>> {
        let is_known = match self.size.checked_sub(1) {
            None => self.read_at(0, 1).await?.is_empty(),
            Some(last) => !self.read_at(last, 1).await?.is_empty(),
        };
        if is_known {
            return Ok(Arc::new(self));
        }
        let pieces = stream::try_unfold((self, 0), |(this, offset)| async move {
            let (file, path) = (this.file.clone(), this.path.clone());
            let read = move || file.read_at(offset, Self::PIECE).map_err(|error| Error::io("read", &path, error));
            let piece = blocking(read).await.map_err(io::Error::from)?;
            let end = offset + piece.len() as u64;
            Ok((!piece.is_empty()).then_some((piece, (this, end))))
        });
        Ok(Arc::new(SpoolSource::from_stream(pieces, limit).await?))
    }

    /// Bytes of such content read at a time.
    const PIECE: usize = 64 * 1024;

    /// The file's path, as it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// When the content was last modified, as of opening it.
    pub fn modified(&self) -> Option<Timestamp> {
        self.modified.and_then(|time| time.try_into().ok())
    }

    /// When the file was created, where the file system knows.
    pub fn created(&self) -> Option<Timestamp> {
        self.created.and_then(|time| time.try_into().ok())
    }
}

#[async_trait]
impl Source for FileSource {
    fn size(&self) -> u64 {
        self.size
    }

    async fn read_at(&self, offset: u64, max: usize) -> Result<Bytes> {
        let (file, path) = (self.file.clone(), self.path.clone());
        // One byte past the declared end is enough to see that the file has grown.
        let left = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(max).max(1);
        blocking(move || file.read_at(offset, max.min(left)).map_err(|error| Error::io("read", &path, error))).await
    }

    async fn check_end(&self) -> Result<()> {
        let this = self.clone();
        blocking(move || {
            let fail = |what: &'static str, error| Error::io(what, &this.path, error);
            let now = this.file.file().metadata().map_err(|error| fail("look at", error))?;
            let path = this.path.display();
            let complaint = if now.len() != this.size {
                format!("{path} had {} bytes and has {} now", this.size, now.len())
            } else if now.modified().ok() != this.modified || changed(&now) != this.changed {
                format!("{path} was changed meanwhile")
            } else if !this.file.read_at(this.size, 1).map_err(|error| fail("read", error))?.is_empty() {
                format!("{path} says to have {} bytes and has more", this.size)
            } else {
                return Ok(());
            };
            Err(Error::new(ErrorKind::SourceChanged, complaint))
        })
        .await
    }
}

#[cfg(unix)]
fn changed(metadata: &Metadata) -> Option<(i64, i64)> {
    use std::os::unix::fs::MetadataExt as _;
    Some((metadata.ctime(), metadata.ctime_nsec()))
}

#[cfg(not(unix))]
fn changed(_: &Metadata) -> Option<(i64, i64)> {
    None
}

/// A stretch of another source, read as if it were all.
#[derive(Debug, Clone)]
pub struct SourceWindow {
    inner: Arc<dyn Source>,
    offset: u64,
    size: u64,
}

impl SourceWindow {
    /// `size` bytes of `inner` from `offset` on.
    pub fn new(inner: Arc<dyn Source>, offset: u64, size: u64) -> Self {
        Self { inner, offset, size }
    }
}

#[async_trait]
impl Source for SourceWindow {
    fn size(&self) -> u64 {
        self.size
    }

    async fn read_at(&self, offset: u64, max: usize) -> Result<Bytes> {
        let left = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        if left == 0 {
            return Ok(Bytes::new());
        }
        self.inner.read_at(self.offset.saturating_add(offset), max.min(left)).await
    }
}

/// Content of a stream whose length was not known: read to its end once, then rewindable.
///
/// Up to 1 MiB stays in memory; longer content is kept in an anonymous temporary file, which is gone when the source is
/// dropped or the process ends.
#[derive(Debug, Clone)]
pub struct SpoolSource {
    content: Spooled,
    size: u64,
}

#[derive(Debug, Clone)]
enum Spooled {
    Memory(Bytes),
    File(BlockFile),
}

impl SpoolSource {
    const IN_MEMORY: usize = 1024 * 1024;

    /// Reads a stream to its end.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] when it has more than `limit` bytes, [`ErrorKind::Io`] when it or the temporary file
    /// fails. An [`Error`] inside the stream's `io::Error` is returned as it is.
    pub async fn from_stream<S>(stream: S, limit: u64) -> Result<Self>
    where
        S: Stream<Item = io::Result<Bytes>> + Send,
    {
        let mut stream = std::pin::pin!(stream);
        let mut memory = BytesMut::new();
        let mut file: Option<BlockWriter<_>> = None;
        let mut size: u64 = 0;
        while let Some(piece) = stream.next().await {
            let piece = piece.map_err(|error| io_error("the content cannot be read", error))?;
            size += piece.len() as u64;
            if size > limit {
                return Err(Error::new(ErrorKind::TooLarge, format!("the content has more than {limit} bytes")));
            }
            if let Some(file) = &mut file {
                file.write(piece).await?;
            } else if memory.len() + piece.len() <= Self::IN_MEMORY {
                memory.extend_from_slice(&piece);
            } else {
                let file = file.insert(BlockWriter::new(temporary_file().await?, Vec::new()));
                file.write(memory.split().freeze()).await?;
                file.write(piece).await?;
            }
        }
        let content = match file {
            Some(file) => Spooled::File(BlockFile::new(file.finish().await?.0)),
            None => Spooled::Memory(memory.freeze()),
        };
        Ok(Self { content, size })
    }

    /// Reads a reader to its end.
    ///
    /// # Errors
    /// As [`from_stream`](Self::from_stream).
    pub async fn from_reader(reader: impl AsyncRead + Send + Unpin, limit: u64) -> Result<Self> {
        let pieces = stream::try_unfold(reader, |mut reader| async move {
            let mut piece = BytesMut::with_capacity(256 * 1024);
            let read = reader.read_buf(&mut piece).await?;
            Ok((read > 0).then(|| (piece.freeze(), reader)))
        });
        Self::from_stream(pieces, limit).await
    }
}

async fn temporary_file() -> Result<File> {
    blocking(|| tempfile::tempfile().map_err(|error| io_error("no temporary file can be made", error))).await
}

#[async_trait]
impl Source for SpoolSource {
    fn size(&self) -> u64 {
        self.size
    }

    async fn read_at(&self, offset: u64, max: usize) -> Result<Bytes> {
        match &self.content {
            Spooled::Memory(bytes) => BytesSource(bytes.clone()).read_at(offset, max).await,
            Spooled::File(file) => {
                let file = file.clone();
                let left = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(max);
                blocking(move || {
                    file.read_at(offset, max.min(left))
                        .map_err(|error| io_error("the temporary file cannot be read", error))
                })
                .await
            }
        }
    }
}
