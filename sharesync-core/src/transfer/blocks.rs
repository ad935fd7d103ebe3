//! Reading files into blocks of memory that are used again: an upload takes what it holds at once from the allocator, and
//! not what it has read in all.

use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// Bytes in a block, and the most that one read gives.
const BLOCK: usize = 256 * 1024;

/// A file, and the blocks that nobody holds at present. Clones share both.
#[derive(Debug, Clone)]
pub(super) struct BlockFile {
    file: Arc<File>,
    free: Arc<Mutex<Vec<Vec<u8>>>>,
}

/// What was read; the memory goes back when the last of it is dropped.
struct Block {
    buffer: Vec<u8>,
    filled: usize,
    free: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl AsRef<[u8]> for Block {
    fn as_ref(&self) -> &[u8] {
        self.buffer.get(..self.filled).unwrap_or_default()
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).push(std::mem::take(&mut self.buffer));
    }
}

impl BlockFile {
    pub(super) fn new(file: File) -> Self {
        Self { file: Arc::new(file), free: Arc::default() }
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Reads until `max` bytes or a block full are there, or the file ends. Blocks the thread.
    pub(super) fn read_at(&self, offset: u64, max: usize) -> io::Result<Bytes> {
        if max < BLOCK {
            let mut buffer = vec![0; max];
            let filled = self.fill(&mut buffer, offset)?;
            buffer.truncate(filled);
            return Ok(buffer.into());
        }
        let used = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let buffer = used.unwrap_or_else(|| vec![0; BLOCK]);
        let mut block = Block { buffer, filled: 0, free: self.free.clone() };
        block.filled = self.fill(&mut block.buffer, offset)?;
        Ok(Bytes::from_owner(block))
    }

    fn fill(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match read_some_at(&self.file, rest, offset + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}

#[cfg(unix)]
fn read_some_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_some_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn blocks_are_used_again_and_show_nothing_of_their_past() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&vec![b'a'; BLOCK]).unwrap();
        file.write_all(b"tail").unwrap();
        let file = BlockFile::new(file);
        let whole = file.read_at(0, 10 * BLOCK).unwrap();
        assert_eq!((whole.len(), whole.iter().all(|byte| *byte == b'a')), (BLOCK, true));
        let held = whole.slice(7..9);
        drop(whole);
        assert_eq!(file.free.lock().unwrap().len(), 0, "a slice of it is held");
        drop(held);
        assert_eq!(file.free.lock().unwrap().len(), 1);
        assert_eq!(file.read_at(BLOCK as u64, BLOCK).unwrap(), "tail");
        assert_eq!(file.free.lock().unwrap().len(), 1);
        assert_eq!(file.read_at(BLOCK as u64 + 1, 2).unwrap(), "ai");
        assert!(file.read_at(BLOCK as u64 + 4, BLOCK).unwrap().is_empty());
    }
}
