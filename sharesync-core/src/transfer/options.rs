//! How a transfer runs: concurrency, progress, cancellation, journal.

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::UploadJournal;
use crate::{Error, ErrorKind, Result};

/// Counts the bytes of a transfer. Clones share the counters: keep one, hand the other to the transfer.
///
/// Bytes of an attempt that failed are taken back, so the count never passes the total.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    transferred: AtomicU64,
    total: AtomicU64,
    /// Who counts the same bytes. The lock makes a count and its forwarding one step.
    parent: Mutex<Option<Progress>>,
}

impl Progress {
    /// Counters at zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes transferred so far.
    pub fn transferred(&self) -> u64 {
        self.0.transferred.load(Ordering::Relaxed)
    }

    /// Bytes to transfer in all, as far as announced.
    pub fn total(&self) -> u64 {
        self.0.total.load(Ordering::Relaxed)
    }

    /// Announces more bytes to transfer. One `Progress` may count several transfers.
    pub fn announce(&self, bytes: u64) {
        self.0.total.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts bytes as transferred.
    pub fn advance(&self, bytes: u64) {
        let parent = self.parent();
        self.0.transferred.fetch_add(bytes, Ordering::Relaxed);
        if let Some(parent) = &*parent {
            parent.advance(bytes);
        }
    }

    /// Takes bytes back that were counted for an attempt that failed.
    pub fn retreat(&self, bytes: u64) {
        let parent = self.parent();
        let left = |counted: u64| Some(counted.saturating_sub(bytes));
        let before = self.0.transferred.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left);
        if let Some(parent) = &*parent {
            parent.retreat(bytes.min(before.unwrap_or_default()));
        }
    }

    /// A counter for a part of this transfer: what it counts, this one counts too, until it is [settled](Self::settle).
    pub(super) fn part(&self) -> Self {
        Self(Arc::new(Counters { parent: Mutex::new(Some(self.clone())), ..Counters::default() }))
    }

    /// Makes the count `bytes`, whatever was counted before.
    pub(super) fn set(&self, bytes: u64) {
        let counted = self.transferred();
        self.advance(bytes.saturating_sub(counted));
        self.retreat(counted.saturating_sub(bytes));
    }

    /// Makes the count `bytes` for good: what a late body still counts goes nowhere.
    pub(super) fn settle(&self, bytes: u64) {
        let mut parent = self.parent();
        let counted = self.transferred();
        if let Some(parent) = parent.take() {
            parent.advance(bytes.saturating_sub(counted));
            parent.retreat(counted.saturating_sub(bytes));
        }
    }

    fn parent(&self) -> MutexGuard<'_, Option<Self>> {
        self.0.parent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Cancels transfers. Clones cancel together.
#[derive(Clone, Default)]
pub struct CancelToken(tokio_util::sync::CancellationToken);

impl CancelToken {
    /// A token that is not cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancels every transfer that was given this token.
    pub fn cancel(&self) {
        self.0.cancel();
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits until it is cancelled.
    pub async fn cancelled(&self) {
        self.0.cancelled().await;
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CancelToken").field(&self.is_cancelled()).finish()
    }
}

/// Runs work until it is done or the token is cancelled; the work is dropped then.
pub(crate) async fn unless_cancelled<T>(
    cancel: Option<&CancelToken>,
    work: impl Future<Output = Result<T>> + Send,
) -> Result<T> {
    let Some(cancel) = cancel else { return work.await };
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(Error::new(ErrorKind::Cancelled, "the application cancelled the transfer")),
        done = work => done,
    }
}

/// Bounds the bytes of parts that several transfers hold at once.
#[derive(Debug, Clone)]
pub(crate) struct MemoryBudget {
    kibibytes: Arc<Semaphore>,
    all: u32,
}

impl MemoryBudget {
    pub(crate) fn new(kibibytes: u32) -> Self {
        Self { kibibytes: Arc::new(Semaphore::new(kibibytes as usize)), all: kibibytes }
    }

    /// Waits for room for this many bytes; for more than the whole budget, until nothing else is held.
    pub(crate) async fn reserve(&self, bytes: u64) -> Option<OwnedSemaphorePermit> {
        let wanted = u32::try_from(bytes.div_ceil(1024)).unwrap_or(self.all).min(self.all);
        self.kibibytes.clone().acquire_many_owned(wanted).await.ok()
    }
}

/// How a transfer runs.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TransferOptions {
    /// Parts of one file under way at once, where the plan allows it. Each is held in memory while it is sent.
    pub parallel_parts: usize,
    /// Counts the bytes.
    pub progress: Option<Progress>,
    /// Cancels the transfer.
    pub cancel: Option<CancelToken>,
    /// Keeps the upload spec until the upload is complete, so that another process can continue it.
    pub journal: Option<Arc<dyn UploadJournal>>,
    /// Shared by the transfers of one tree.
    pub(crate) memory: Option<MemoryBudget>,
    /// Where the transfers of one tree have their journals.
    pub(crate) journals: Option<Arc<Path>>,
}

impl Default for TransferOptions {
    fn default() -> Self {
        Self { parallel_parts: 4, progress: None, cancel: None, journal: None, memory: None, journals: None }
    }
}

impl TransferOptions {
    /// Four parts at once; no progress, cancellation or journal.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how many parts of one file are under way at once; at least one.
    #[must_use]
    pub fn with_parallel_parts(mut self, parts: usize) -> Self {
        self.parallel_parts = parts.max(1);
        self
    }

    /// Counts the bytes.
    #[must_use]
    pub fn with_progress(mut self, progress: Progress) -> Self {
        self.progress = Some(progress);
        self
    }

    /// Lets the transfer be cancelled.
    #[must_use]
    pub fn with_cancel(mut self, cancel: CancelToken) -> Self {
        self.cancel = Some(cancel);
        self
    }

    /// Keeps the upload spec until the upload is complete.
    #[must_use]
    pub fn with_journal(mut self, journal: Arc<dyn UploadJournal>) -> Self {
        self.journal = Some(journal);
        self
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[test]
    fn a_part_counts_into_the_whole_until_it_is_settled() {
        let whole = Progress::new();
        let (one, two) = (whole.part(), whole.part());
        one.advance(10);
        two.advance(5);
        one.retreat(4);
        assert_eq!((whole.transferred(), one.transferred(), two.transferred()), (11, 6, 5));
        one.settle(100);
        one.advance(7);
        one.retreat(3);
        one.settle(0);
        assert_eq!(whole.transferred(), 105, "what comes late goes nowhere");
        two.set(2);
        assert_eq!(whole.transferred(), 102);
        two.retreat(50);
        assert_eq!((whole.transferred(), two.transferred()), (100, 0), "a count never falls below nothing");
    }

    #[tokio::test]
    async fn a_budget_lets_in_what_fits_and_anything_when_it_is_empty() {
        let budget = MemoryBudget::new(10);
        let one = budget.reserve(6 * 1024).await;
        assert!(budget.reserve(5 * 1024).now_or_never().is_none());
        let two = budget.reserve(4 * 1024).now_or_never().unwrap();
        assert!(budget.reserve(1).now_or_never().is_none());
        drop((one, two));
        let all = budget.reserve(u64::MAX).now_or_never().unwrap();
        assert!(budget.reserve(1).now_or_never().is_none());
        drop(all);
        assert!(budget.reserve(1).now_or_never().is_some());
    }
}
