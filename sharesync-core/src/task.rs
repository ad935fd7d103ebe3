//! Work that goes on when nobody waits for it any more.

use crate::{Error, ErrorKind, Result};

/// Runs work in a task of its own and waits for it. Once polled, the work comes to its end, also when this future is dropped.
///
/// It is for what must not stop between two requests, such as a move that is two renames. It also keeps a lock moving that the
/// work holds: an application may stop polling one future to wait for another one that needs the same lock.
///
/// # Errors
/// Those of the work; [`ErrorKind::Cancelled`] when the runtime ends before the work does.
pub async fn own_task<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    tokio::spawn(work).await.map_err(|error| {
        Error::new(ErrorKind::Cancelled, "the work was stopped").with_maybe_applied(true).with_source(error)
    })?
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
}
