//! Where snapshots are kept: a small contract that an ordered, transactional key-value store fulfils.

use std::fmt::Debug;
use std::ops::Range;

use async_trait::async_trait;

use crate::Result;

/// Keeps snapshots: in each space, an ordered map from bytes to bytes.
///
/// [`RedbSnapshots`](super::RedbSnapshots) keeps them in a file, [`MemorySnapshots`](super::MemorySnapshots) in memory.
/// What the bytes mean is no concern of a store.
///
/// An operation goes on to its end when its future is dropped, or has not begun.
#[async_trait]
pub trait SnapshotStore: Debug + Send + Sync + 'static {
    /// The values of these keys, in their order, all of one moment. A space that was never written to is empty.
    async fn get(&self, space: &str, keys: Vec<Vec<u8>>) -> Result<Vec<Option<Vec<u8>>>>;

    /// The first `limit` entries of a range, in the order of their keys, all of one moment.
    async fn scan(&self, space: &str, keys: Range<Vec<u8>>, limit: usize) -> Result<Vec<(Vec<u8>, Vec<u8>)>>;

    /// Writes all of it or nothing; whether it was written. It is not written when [`Commit::expected`] is not met.
    async fn commit(&self, space: &str, commit: Commit) -> Result<bool>;
}

/// What is written at once.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Commit {
    /// A key and the value that it must have (`None`: it must be absent) for anything to be written.
    pub expected: Option<(Vec<u8>, Option<Vec<u8>>)>,
    /// Keys and their new values, `None` to remove the key.
    pub writes: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    /// Whether this and every commit before it must survive a crash of the machine. One that need not may be lost, but
    /// not without the ones after it.
    pub durable: bool,
}
