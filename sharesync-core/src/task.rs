//! Work that goes on when nobody waits for it any more.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::{Error, ErrorKind, Result};

/// The work that goes on in tasks of its own, by number.
#[derive(Debug)]
struct Running {
    next: u64,
    numbers: BTreeSet<u64>,
}

static RUNNING: Mutex<Running> = Mutex::new(Running { next: 0, numbers: BTreeSet::new() });
static ENDED: Notify = Notify::const_new();

fn running() -> MutexGuard<'static, Running> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A place among the work that goes on.
struct Entry(u64);

impl Entry {
    fn new() -> Self {
        let mut running = running();
        let number = running.next;
        running.next += 1;
        running.numbers.insert(number);
        Self(number)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        running().numbers.remove(&self.0);
        ENDED.notify_waiters();
    }
}

tokio::task_local! {
    /// Cancelled when nobody waits for the work of this task any more.
    static DROPPED: CancellationToken;
}

/// Runs work in a task of its own and waits for it. Once polled, the work comes to its end, also when this future is dropped.
///
/// It is for what must not stop between two requests, such as a move that is two renames. It also keeps a lock moving that the
/// work holds: an application may stop polling one future to wait for another one that needs the same lock. What is long and
/// can still be undone asks [`still_wanted`] on its way.
///
/// # Errors
/// Those of the work; [`ErrorKind::Cancelled`] when the runtime ends before the work does.
pub async fn own_task<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    let entry = Entry::new();
    let dropped = DROPPED.try_with(CancellationToken::child_token).unwrap_or_default();
    let _waiting = dropped.clone().drop_guard();
    let work = async move {
        let _entry = entry;
        work.await
    };
    tokio::spawn(DROPPED.scope(dropped, work).in_current_span()).await.map_err(|error| {
        Error::new(ErrorKind::Cancelled, "the work was stopped").with_maybe_applied(true).with_source(error)
    })?
}

/// Whether somebody still waits for the work of this [task](own_task): asked where it can be left undone, or be undone.
///
/// # Errors
/// [`ErrorKind::Cancelled`] when the future was dropped.
pub fn still_wanted() -> Result<()> {
    match DROPPED.try_with(CancellationToken::is_cancelled) {
        Ok(true) => Err(Error::new(ErrorKind::Cancelled, "nobody waits for it any more")),
        _ => Ok(()),
    }
}

/// Waits until the writes have ended that were under way when it was called, in all stores of this process.
///
/// A write of several requests, such as a move to another folder under another name, is brought to its end or undone when its
/// future is dropped, by a task on the runtime. A runtime that ends takes its tasks along: an application that drops futures
/// calls this before it shuts its runtime down. What is left of a process that was killed is found by
/// [`leftovers`](crate::RemoteStoreExt::leftovers).
pub async fn settled() {
    let end = running().next;
    loop {
        let ended = ENDED.notified();
        if running().numbers.first().is_none_or(|first| *first >= end) {
            return;
        }
        ended.await;
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn work_goes_on_when_nobody_waits() {
        let ((begin, begun), (end, ended)) = (oneshot::channel::<()>(), oneshot::channel());
        let work = own_task(async move {
            begun.await.unwrap();
            end.send(7).unwrap();
            Ok(())
        });
        assert!(work.now_or_never().is_none());
        begin.send(()).unwrap();
        assert_eq!(ended.await.unwrap(), 7);
    }

    #[tokio::test]
    async fn results_and_errors_come_through() {
        assert_eq!(own_task(async { Ok(1) }).await.unwrap(), 1);
        let error = own_task::<()>(async { Err(Error::new(ErrorKind::Locked, "no")) }).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Locked);
    }

    #[tokio::test]
    async fn what_was_dropped_is_waited_for_and_learns_of_it() {
        let (end, ended) = oneshot::channel();
        let (go, gone) = oneshot::channel::<()>();
        let work = own_task(async move {
            gone.await.unwrap();
            // Work within work is dropped with it.
            let inner = own_task(async { still_wanted() }).await.unwrap_err();
            end.send((still_wanted().unwrap_err().kind(), inner.kind())).unwrap();
            Ok(())
        });
        assert!(work.now_or_never().is_none());
        go.send(()).unwrap();
        settled().await;
        assert_eq!(ended.now_or_never().unwrap().unwrap(), (ErrorKind::Cancelled, ErrorKind::Cancelled));
        assert!(still_wanted().is_ok(), "outside of such work nothing was dropped");
    }
}
