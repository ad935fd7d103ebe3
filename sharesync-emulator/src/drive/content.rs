//! Contents and the store that keeps their bytes: the trait, the writer that hashes while it stores, the reader that reads ahead.
//! Where the bytes lie is in `memory` and `directory`.

use std::fmt::Debug;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures::Stream;
use serde::{Deserialize, Serialize};
use tokio::task::{JoinHandle, spawn_blocking};

use super::digest::{Digests, Hasher};
use super::ids::PartId;

/// Bytes are handed to the disk, and taken from it, in runs of this size.
const RUN: usize = 1 << 20;
/// Up to this size a content is hashed and stored where it stands: a thread change would cost more.
const SMALL: usize = 64 << 10;
/// A slice smaller than this would keep a much larger network buffer alive, so it is copied.
const WORTH_KEEPING: usize = 16 << 10;

/// The bytes of one version: stored parts in order, their sum and their digests.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Content {
    digests: Digests,
    pub(crate) parts: Vec<PartRef>,
}

/// A stored part and its length.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct PartRef {
    pub(crate) id: PartId,
    pub(crate) len: u64,
}

impl Content {
    pub(crate) fn new(parts: Vec<PartRef>, digests: Digests) -> Self {
        Self { digests, parts }
    }

    /// Length in bytes.
    pub fn len(&self) -> u64 {
        self.parts.iter().map(|part| part.len).sum()
    }

    /// Whether there is not a byte.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The digests of all the bytes.
    pub fn digests(&self) -> &Digests {
        &self.digests
    }
}

/// Keeps parts. Calls may block; the writer and the reader below keep them off the async threads where it matters.
pub(crate) trait ContentStore: Debug + Send + Sync {
    fn create(&self) -> io::Result<Box<dyn PartWriter>>;
    fn open(&self, part: PartId, offset: u64) -> io::Result<Box<dyn PartReader>>;
    fn remove(&self, part: PartId);
    /// Whether reading waits for a disk.
    fn blocks(&self) -> bool;
}

/// Receives one part. Dropped before `finish`, it leaves nothing behind.
pub(crate) trait PartWriter: Send {
    fn write(&mut self, data: Vec<Bytes>) -> io::Result<()>;
    fn finish(self: Box<Self>) -> io::Result<PartId>;
}

/// Gives one part from some offset on.
pub(crate) trait PartReader: Send {
    /// At most that many bytes; none at the end.
    fn read(&mut self, at_most: usize) -> io::Result<Bytes>;
}

/// A part that no version refers to yet; removed from the store unless it is kept.
#[derive(Debug)]
pub(crate) struct Staged {
    store: Arc<dyn ContentStore>,
    part: PartRef,
    digests: Digests,
    kept: AtomicBool,
}

impl Staged {
    pub(crate) fn len(&self) -> u64 {
        self.part.len
    }

    pub(crate) fn digests(&self) -> &Digests {
        &self.digests
    }

    /// The content that is this one part, for as long as this value lives.
    pub(crate) fn content(&self) -> Content {
        Content::new(vec![self.part], self.digests.clone())
    }

    /// The content that is these parts, one after the other; from now on it is the drive that looks after them.
    pub(crate) fn join<'a>(parts: impl IntoIterator<Item = &'a Self>, digests: Digests) -> Content {
        let keep = |staged: &Self| {
            staged.kept.store(true, Ordering::Release);
            staged.part
        };
        Content::new(parts.into_iter().map(keep).collect(), digests)
    }

    /// Feeds the bytes to a hasher. Blocks.
    pub(crate) fn hash_into(&self, hasher: &mut Hasher) -> io::Result<()> {
        let mut reader = self.store.open(self.part.id, 0)?;
        loop {
            let data = reader.read(RUN)?;
            if data.is_empty() {
                return Ok(());
            }
            hasher.update(&data);
        }
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !*self.kept.get_mut() {
            self.store.remove(self.part.id);
        }
    }
}

/// Stores and hashes bytes as they come: while one run is worked on by a blocking thread the next one is gathered.
pub(crate) struct ContentWriter {
    store: Arc<dyn ContentStore>,
    work: Work,
    pending: Vec<Bytes>,
    pending_len: usize,
    len: u64,
}

struct Sink {
    part: Box<dyn PartWriter>,
    hasher: Hasher,
}

impl Sink {
    fn take(mut self, data: Vec<Bytes>) -> io::Result<Self> {
        self.hasher.update_all(&data);
        self.part.write(data)?;
        Ok(self)
    }
}

enum Work {
    Idle(Sink),
    Busy(JoinHandle<io::Result<Sink>>),
    Failed,
}

impl ContentWriter {
    pub(crate) fn new(store: Arc<dyn ContentStore>) -> io::Result<Self> {
        Self::behind(store, Hasher::default())
    }

    /// For bytes that come behind others, which a hasher has taken already.
    pub(crate) fn behind(store: Arc<dyn ContentStore>, hasher: Hasher) -> io::Result<Self> {
        let sink = Sink { part: store.create()?, hasher };
        Ok(Self { store, work: Work::Idle(sink), pending: Vec::new(), pending_len: 0, len: 0 })
    }

    pub(crate) async fn push(&mut self, data: Bytes) -> io::Result<()> {
        self.len += data.len() as u64;
        self.pending_len += data.len();
        self.pending.push(if data.len() < WORTH_KEEPING { Bytes::copy_from_slice(&data) } else { data });
        if self.pending_len >= RUN {
            let sink = self.idle().await?;
            let run = self.take_pending();
            self.work = Work::Busy(spawn_blocking(move || sink.take(run)));
        }
        Ok(())
    }

    pub(crate) async fn finish(self) -> io::Result<Staged> {
        Ok(self.finish_and_go_on().await?.0)
    }

    /// The stored part, and the hasher for what comes behind it. The digests are those of all bytes that the hasher took.
    pub(crate) async fn finish_and_go_on(mut self) -> io::Result<(Staged, Hasher)> {
        let sink = self.idle().await?;
        let run = self.take_pending();
        let len = self.len;
        let complete = move || -> io::Result<(PartId, Hasher)> {
            let Sink { part, hasher } = if run.is_empty() { sink } else { sink.take(run)? };
            Ok((part.finish()?, hasher))
        };
        let (id, hasher) = if len <= SMALL as u64 {
            complete()?
        } else {
            spawn_blocking(complete).await.map_err(io::Error::other)??
        };
        let (part, digests) = (PartRef { id, len }, hasher.clone().finish());
        Ok((Staged { store: self.store, part, digests, kept: AtomicBool::new(false) }, hasher))
    }

    fn take_pending(&mut self) -> Vec<Bytes> {
        self.pending_len = 0;
        std::mem::take(&mut self.pending)
    }

    async fn idle(&mut self) -> io::Result<Sink> {
        match std::mem::replace(&mut self.work, Work::Failed) {
            Work::Idle(sink) => Ok(sink),
            Work::Busy(task) => task.await.map_err(io::Error::other)?,
            Work::Failed => Err(io::Error::other("an earlier write failed")),
        }
    }
}

/// As [`ContentWriter`], for a thread that may block.
pub(crate) struct ContentSink {
    store: Arc<dyn ContentStore>,
    sink: Sink,
    pending: Vec<u8>,
    len: u64,
}

impl ContentSink {
    pub(crate) fn new(store: Arc<dyn ContentStore>) -> io::Result<Self> {
        let sink = Sink { part: store.create()?, hasher: Hasher::default() };
        Ok(Self { store, sink, pending: Vec::new(), len: 0 })
    }

    pub(crate) fn finish(mut self) -> io::Result<Staged> {
        io::Write::flush(&mut self)?;
        let Sink { part, hasher } = self.sink;
        let part = PartRef { id: part.finish()?, len: self.len };
        Ok(Staged { store: self.store, part, digests: hasher.finish(), kept: AtomicBool::new(false) })
    }
}

impl io::Write for ContentSink {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(data);
        if self.pending.len() >= RUN {
            self.flush()?;
        }
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.len += self.pending.len() as u64;
        let run = Bytes::from(std::mem::take(&mut self.pending));
        self.sink.hasher.update(&run);
        self.sink.part.write(vec![run])
    }
}

/// All bytes of a content, to a writer. Blocks.
pub(crate) fn copy(store: &dyn ContentStore, content: &Content, out: &mut impl io::Write) -> io::Result<()> {
    for part in &content.parts {
        let mut reader = store.open(part.id, 0)?;
        loop {
            let data = reader.read(RUN)?;
            if data.is_empty() {
                break;
            }
            out.write_all(&data)?;
        }
    }
    Ok(())
}

/// The bytes of a content within a range, which must lie inside it.
pub(crate) fn read(
    store: Arc<dyn ContentStore>,
    content: &Content,
    range: Range<u64>,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let cursor = Cursor::new(store, content, range);
    futures::stream::try_unfold(ReadAhead::Ready(cursor), ReadAhead::step)
}

/// Walks the parts of a content.
struct Cursor {
    store: Arc<dyn ContentStore>,
    ahead: std::vec::IntoIter<(PartId, Range<u64>)>,
    open: Option<(Box<dyn PartReader>, u64)>,
}

impl Cursor {
    fn new(store: Arc<dyn ContentStore>, content: &Content, range: Range<u64>) -> Self {
        let mut start = 0;
        let mut wanted = Vec::new();
        for part in &content.parts {
            let end = start + part.len;
            let (from, to) = (range.start.max(start), range.end.min(end));
            if from < to {
                wanted.push((part.id, from - start..to - start));
            }
            start = end;
        }
        Self { store, ahead: wanted.into_iter(), open: None }
    }

    fn read(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            if let Some((reader, left)) = &mut self.open
                && *left > 0
            {
                let data = reader.read(usize::try_from(*left).unwrap_or(RUN).min(RUN))?;
                if data.is_empty() {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                *left -= data.len() as u64;
                return Ok(Some(data));
            }
            let Some((part, range)) = self.ahead.next() else {
                return Ok(None);
            };
            self.open = Some((self.store.open(part, range.start)?, range.end - range.start));
        }
    }
}

type Read = io::Result<(Option<Bytes>, Cursor)>;

/// The next run is read while the present one is being sent.
enum ReadAhead {
    Ready(Cursor),
    Reading(JoinHandle<Read>),
}

impl ReadAhead {
    async fn step(self) -> io::Result<Option<(Bytes, Self)>> {
        let (data, cursor) = match self {
            Self::Ready(mut cursor) if !cursor.store.blocks() => (cursor.read()?, cursor),
            Self::Ready(cursor) => Self::start(cursor).await.map_err(io::Error::other)??,
            Self::Reading(task) => task.await.map_err(io::Error::other)??,
        };
        let Some(data) = data else { return Ok(None) };
        let exhausted = cursor.ahead.len() == 0 && cursor.open.as_ref().is_none_or(|(_, left)| *left == 0);
        let next =
            if cursor.store.blocks() && !exhausted { Self::Reading(Self::start(cursor)) } else { Self::Ready(cursor) };
        Ok(Some((data, next)))
    }

    fn start(mut cursor: Cursor) -> JoinHandle<Read> {
        spawn_blocking(move || Ok((cursor.read()?, cursor)))
    }
}
