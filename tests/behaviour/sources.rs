//! Sources that misbehave: too short, too long, broken, and ones that do something when a certain byte is read.

use std::fmt::{self, Debug};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use sharesync::transfer::Source;
use sharesync::{Error, ErrorKind, Result};

/// Content that declares another length than it has.
#[derive(Debug)]
pub(crate) struct Misdeclared {
    pub(crate) content: Bytes,
    pub(crate) declared: usize,
}

#[async_trait]
impl Source for Misdeclared {
    fn size(&self) -> u64 {
        self.declared as u64
    }

    async fn read_at(&self, offset: u64, max: usize) -> Result<Bytes> {
        Ok(window(&self.content, offset, max))
    }
}

/// Content that cannot be read from a certain byte on.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) content: Bytes,
    pub(crate) from: usize,
}

#[async_trait]
impl Source for Unreadable {
    fn size(&self) -> u64 {
        self.content.len() as u64
    }

    async fn read_at(&self, offset: u64, max: usize) -> Result<Bytes> {
        if offset >= self.from as u64 {
            return Err(Error::new(ErrorKind::Io, "the disk is broken"));
        }
        Ok(window(&self.content[..self.from], offset, max))
    }
}

/// Content that does something when a certain byte is to be read, and then never delivers it.
pub(crate) struct Tripwire {
    pub(crate) content: Bytes,
    pub(crate) at: usize,
    pub(crate) then: Arc<dyn Fn() + Send + Sync>,
}

#[async_trait]
impl Source for Tripwire {
    fn size(&self) -> u64 {
        self.content.len() as u64
    }

    async fn read_at(&self, offset: u64, max: usize) -> Result<Bytes> {
        let piece = window(&self.content, offset, max);
        if offset + piece.len() as u64 > self.at as u64 {
            (self.then)();
            std::future::pending::<()>().await;
        }
        Ok(piece)
    }
}

impl Debug for Tripwire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tripwire").field("at", &self.at).finish_non_exhaustive()
    }
}

fn window(content: &[u8], offset: u64, max: usize) -> Bytes {
    let start = usize::try_from(offset).unwrap().min(content.len());
    Bytes::copy_from_slice(&content[start..start.saturating_add(max).min(content.len())])
}
