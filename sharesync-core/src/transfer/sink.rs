//! Writing a stream of pieces to a file in big blocks, while the next block is still arriving.

use std::io::Write;

use bytes::Bytes;
use tokio::task::JoinHandle;

use super::blocking::io_error;
use crate::{Error, ErrorKind, Hasher, Result};

/// Bytes gathered before they are written.
const BLOCK: usize = 1024 * 1024;

/// Writes to a file, and hashes, off the async threads: one block is written while the next is gathered, without a copy.
#[derive(Debug)]
pub(crate) struct BlockWriter<W> {
    idle: Option<Disk<W>>,
    running: Option<JoinHandle<Result<Disk<W>>>>,
    block: Vec<Bytes>,
    gathered: usize,
}

#[derive(Debug)]
struct Disk<W> {
    file: W,
    hashers: Vec<Hasher>,
}

impl<W: Write> Disk<W> {
    fn write(mut self, block: Vec<Bytes>) -> Result<Self> {
        for piece in block {
            self.hashers.iter_mut().for_each(|hasher| hasher.update(&piece));
            self.file.write_all(&piece).map_err(|error| io_error("the content cannot be written", error))?;
        }
        Ok(self)
    }
}

impl<W: Write + Send + 'static> BlockWriter<W> {
    /// Writes from the file's present position on. The hashers take in what is written.
    pub(crate) fn new(file: W, hashers: Vec<Hasher>) -> Self {
        Self { idle: Some(Disk { file, hashers }), running: None, block: Vec::new(), gathered: 0 }
    }

    /// Takes the next piece.
    pub(crate) async fn write(&mut self, piece: Bytes) -> Result<()> {
        self.gathered += piece.len();
        self.block.push(piece);
        if self.gathered >= BLOCK { self.flush().await } else { Ok(()) }
    }

    /// Starts writing what was gathered, after the block before it is written.
    async fn flush(&mut self) -> Result<()> {
        let disk = self.disk().await?;
        let block = std::mem::take(&mut self.block);
        self.gathered = 0;
        self.running = Some(tokio::task::spawn_blocking(move || disk.write(block)));
        Ok(())
    }

    async fn disk(&mut self) -> Result<Disk<W>> {
        if let Some(running) = &mut self.running {
            let written = running.await;
            self.running = None;
            self.idle = Some(written.map_err(|error| lost().with_source(error))??);
        }
        self.idle.take().ok_or_else(lost)
    }

    /// Waits until all is handed to the system; the file is at its end.
    pub(crate) async fn finish(mut self) -> Result<(W, Vec<Hasher>)> {
        self.flush().await?;
        let Disk { mut file, hashers } = self.disk().await?;
        file.flush().map_err(|error| io_error("the content cannot be written", error))?;
        Ok((file, hashers))
    }
}

/// The error after a write that failed: what follows it has no place.
fn lost() -> Error {
    Error::new(ErrorKind::Io, "the content could not be written")
}
