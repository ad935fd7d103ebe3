//! The chunks of an upload that have arrived: in any order, some twice. A later chunk replaces what it overlaps, so that a client
//! may start over within an upload. The digest of the whole is computed behind the chunks as they line up.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::spawn_blocking;

use crate::drive::{Content, Digests, Hasher, Staged};

/// The chunks of one upload.
#[derive(Debug, Default)]
pub(super) struct Parts {
    received: Mutex<Received>,
    /// One at a time works on the digest, and nobody waits for it but who finishes the upload.
    prefix: tokio::sync::Mutex<Prefix>,
}

#[derive(Debug, Default)]
struct Received {
    /// By index.
    chunks: BTreeMap<u64, Chunk>,
    /// Counts replacements of chunks that may already be part of the digest.
    generation: u64,
    resume: Option<Resume>,
    closed: bool,
}

#[derive(Debug, Clone)]
struct Chunk {
    offset: u64,
    staged: Arc<Staged>,
}

impl Chunk {
    fn end(&self) -> u64 {
        self.offset + self.staged.len()
    }
}

/// How far the digest has come.
#[derive(Debug, Default)]
struct Prefix {
    generation: u64,
    offset: u64,
    hasher: Hasher,
}

/// Where an interrupted upload can be taken up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resume {
    /// The last chunk received without a gap before it.
    pub(super) index: u64,
    /// The bytes up to its end.
    pub(super) offset: u64,
    /// MD5 of those bytes.
    pub(super) md5: String,
}

/// Why an upload cannot be finished.
#[derive(Debug)]
pub(super) enum Incomplete {
    /// The chunks do not join without gaps, or do not add up.
    Size,
    /// The digest is another one.
    Hash,
    /// It was finished already.
    Closed,
    Store(io::Error),
}

impl Parts {
    fn received(&self) -> MutexGuard<'_, Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in a chunk; without an offset it goes behind what is there. `false` if the upload is over.
    pub(super) fn add(self: &Arc<Self>, index: Option<u64>, offset: Option<u64>, staged: Staged) -> bool {
        let mut received = self.received();
        if received.closed {
            return false;
        }
        let offset = offset.unwrap_or_else(|| received.end());
        let index = index.unwrap_or_else(|| received.chunks.last_key_value().map_or(0, |(last, _)| last + 1));
        received.insert(index, Chunk { offset, staged: Arc::new(staged) });
        drop(received);
        let parts = self.clone();
        tokio::spawn(async move { parts.hash_ahead().await });
        true
    }

    /// Where the upload can be taken up, if anything has arrived and been hashed.
    pub(super) fn resume(&self) -> Option<Resume> {
        self.received().resume.clone()
    }

    /// Bytes without a gap, from the beginning.
    fn contiguous(&self) -> u64 {
        self.received().run().last().map_or(0, |(_, chunk)| chunk.end())
    }

    /// Waits until all that has arrived is hashed.
    pub(super) async fn settle(&self) {
        let mut prefix = self.prefix.lock().await;
        // A chunk that cannot be read is told of when the upload is finished.
        let _ = self.advance(&mut prefix).await;
    }

    async fn hash_ahead(&self) {
        // Whoever holds the lock sees the new chunk too.
        if let Ok(mut prefix) = self.prefix.try_lock() {
            let _ = self.advance(&mut prefix).await;
        }
    }

    /// Hashes every chunk that continues what is hashed.
    async fn advance(&self, prefix: &mut Prefix) -> io::Result<()> {
        while let Some(chunk) = self.next_to_hash(prefix) {
            let mut hasher = std::mem::take(&mut prefix.hasher);
            let staged = chunk.staged.clone();
            let hash = move || staged.hash_into(&mut hasher).map(|()| hasher);
            prefix.hasher = spawn_blocking(hash).await.map_err(io::Error::other)??;
            prefix.offset = chunk.end();
            self.note_progress(prefix);
        }
        Ok(())
    }

    fn next_to_hash(&self, prefix: &mut Prefix) -> Option<Chunk> {
        let received = self.received();
        if received.generation != prefix.generation {
            *prefix = Prefix { generation: received.generation, ..Prefix::default() };
        }
        let next = received.run().find(|(_, chunk)| chunk.offset == prefix.offset && chunk.staged.len() > 0);
        next.map(|(_, chunk)| chunk.clone())
    }

    fn note_progress(&self, prefix: &Prefix) {
        let mut received = self.received();
        if received.generation != prefix.generation {
            return;
        }
        let index = received.run().filter(|(_, chunk)| chunk.end() <= prefix.offset).last().map(|(index, _)| index);
        let md5 = prefix.hasher.clone().finish().md5;
        received.resume = index.map(|index| Resume { index, offset: prefix.offset, md5 });
    }

    /// Joins the chunks to a content, if they make up the whole that the client meant, and closes the upload.
    pub(super) async fn finish(&self, size: Option<u64>, md5: Option<&str>) -> Result<Content, Incomplete> {
        let mut prefix = self.prefix.lock().await;
        let total = self.contiguous();
        if size.is_some_and(|size| size != total) || !self.received().is_whole() {
            return Err(if self.received().closed { Incomplete::Closed } else { Incomplete::Size });
        }
        let digests = match self.only_chunk() {
            Some(only) => only.staged.digests().clone(),
            None => self.digest(&mut prefix, total).await?,
        };
        if md5.is_some_and(|md5| !md5.eq_ignore_ascii_case(&digests.md5)) {
            return Err(Incomplete::Hash);
        }
        let mut received = self.received();
        if std::mem::replace(&mut received.closed, true) {
            return Err(Incomplete::Closed);
        }
        let chunks: Vec<_> = received.run().map(|(_, chunk)| chunk.staged.clone()).collect();
        received.chunks.clear();
        Ok(Staged::join(chunks.iter().map(|staged| &**staged).filter(|staged| staged.len() > 0), digests))
    }

    /// A file of one chunk has the chunk's digest.
    fn only_chunk(&self) -> Option<Chunk> {
        let received = self.received();
        let mut chunks = received.chunks.values().filter(|chunk| chunk.staged.len() > 0 || received.end() == 0);
        let only = chunks.next()?.clone();
        chunks.next().is_none().then_some(only)
    }

    async fn digest(&self, prefix: &mut Prefix, total: u64) -> Result<Digests, Incomplete> {
        self.advance(prefix).await.map_err(Incomplete::Store)?;
        if prefix.offset != total {
            return Err(Incomplete::Size);
        }
        Ok(prefix.hasher.clone().finish())
    }
}

impl Received {
    fn insert(&mut self, index: u64, chunk: Chunk) {
        let same = |old: &Chunk| {
            old.offset == chunk.offset
                && old.staged.len() == chunk.staged.len()
                && old.staged.digests() == chunk.staged.digests()
        };
        if self.chunks.get(&index).is_some_and(same) {
            return;
        }
        let overlapped = |(known, old): (&u64, &Chunk)| {
            let overlaps = old.offset < chunk.end() && chunk.offset < old.end();
            (*known == index || overlaps).then_some(*known)
        };
        let outdated: Vec<_> = self.chunks.iter().filter_map(overlapped).collect();
        if !outdated.is_empty() {
            self.generation += 1;
            self.resume = None;
            outdated.iter().for_each(|index| drop(self.chunks.remove(index)));
        }
        self.chunks.insert(index, chunk);
    }

    fn end(&self) -> u64 {
        self.chunks.values().map(Chunk::end).max().unwrap_or(0)
    }

    /// The chunks from the first on, as long as each continues the one before.
    fn run(&self) -> impl Iterator<Item = (u64, &Chunk)> {
        let mut end = 0;
        self.chunks.iter().map(|(index, chunk)| (*index, chunk)).take_while(move |(_, chunk)| {
            let continues = chunk.offset == end;
            end = chunk.end();
            continues
        })
    }

    fn is_whole(&self) -> bool {
        !self.chunks.is_empty() && self.run().count() == self.chunks.len()
    }
}
