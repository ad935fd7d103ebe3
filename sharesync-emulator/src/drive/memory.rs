//! The content store in memory: every part is the list of buffers it arrived in, shared and never copied.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;

use super::content::{ContentStore, PartReader, PartWriter};
use super::ids::PartId;

type Parts = Arc<RwLock<HashMap<PartId, Arc<Vec<Bytes>>>>>;

#[derive(Debug, Default)]
pub(crate) struct MemoryStore {
    parts: Parts,
    next: AtomicU64,
}

#[cfg(test)]
impl MemoryStore {
    pub(crate) fn len(&self) -> usize {
        self.parts.read().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl ContentStore for MemoryStore {
    fn create(&self) -> io::Result<Box<dyn PartWriter>> {
        let id = PartId(self.next.fetch_add(1, Ordering::Relaxed));
        Ok(Box::new(Writer { parts: self.parts.clone(), id, data: Vec::new() }))
    }

    fn open(&self, part: PartId, offset: u64) -> io::Result<Box<dyn PartReader>> {
        let parts = self.parts.read().unwrap_or_else(PoisonError::into_inner);
        let data = parts.get(&part).ok_or(io::ErrorKind::NotFound)?.clone();
        let mut reader = Reader { data, next: 0, rest: Bytes::new() };
        reader.skip(offset);
        Ok(Box::new(reader))
    }

    fn remove(&self, part: PartId) {
        self.parts.write().unwrap_or_else(PoisonError::into_inner).remove(&part);
    }

    fn blocks(&self) -> bool {
        false
    }
}

struct Writer {
    parts: Parts,
    id: PartId,
    data: Vec<Bytes>,
}

impl PartWriter for Writer {
    fn write(&mut self, data: Vec<Bytes>) -> io::Result<()> {
        self.data.extend(data);
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<PartId> {
        self.parts.write().unwrap_or_else(PoisonError::into_inner).insert(self.id, Arc::new(self.data));
        Ok(self.id)
    }
}

struct Reader {
    data: Arc<Vec<Bytes>>,
    next: usize,
    rest: Bytes,
}

impl Reader {
    fn skip(&mut self, mut offset: u64) {
        while let Some(chunk) = self.data.get(self.next) {
            self.next += 1;
            let len = chunk.len() as u64;
            if offset < len {
                self.rest = chunk.slice(usize::try_from(offset).unwrap_or(0)..);
                return;
            }
            offset -= len;
        }
    }
}

impl PartReader for Reader {
    fn read(&mut self, at_most: usize) -> io::Result<Bytes> {
        while self.rest.is_empty() {
            let Some(chunk) = self.data.get(self.next) else {
                return Ok(Bytes::new());
            };
            self.rest = chunk.clone();
            self.next += 1;
        }
        Ok(self.rest.split_to(at_most.min(self.rest.len())))
    }
}
