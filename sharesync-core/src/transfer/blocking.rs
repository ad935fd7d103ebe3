//! File input/output off the async threads.

use std::io;

use crate::{Error, ErrorKind, Result};

/// Runs work that blocks on a thread made for it. A panic of the work goes on in the caller.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Error::new(ErrorKind::Cancelled, "the runtime is shutting down")),
        },
    }
}

/// The [`Error`] inside an `io::Error`, or one of kind [`ErrorKind::Io`].
pub(crate) fn io_error(what: &'static str, error: io::Error) -> Error {
    error
        .downcast::<Error>()
        .unwrap_or_else(|error| Error::new(ErrorKind::Io, format!("{what}: {error}")).with_source(error))
}
