//! Clocks that notice a stall in either direction, and leave a slow but healthy transfer alone.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use tokio::time::{Instant, sleep_until, timeout};

use super::TransportError;
use crate::{BoxStream, Error, ErrorKind, Result};

/// Sending time that is granted again for the head of the response, as a multiple of the response limit.
const SENDING_GRANT: u32 = 10;

/// The idle limit of a request body, as a multiple of that of an answer: the system takes megabytes into its send buffer
/// at once and then nothing until a third of them has left, so that a healthy connection seems to pause.
const SEND_BUFFER_GRANT: u32 = 3;

/// Whatever is to happen later than this happens never.
const FAR: Duration = Duration::from_secs(366 * 24 * 3600);

/// When a time that begins now is over: limits are set by applications and by services, and may be as long as there is.
pub fn deadline(limit: Duration) -> Instant {
    Instant::now() + limit.min(FAR)
}

/// Watches one request until the head of its response is there.
#[derive(Debug)]
pub(super) struct SendGuard {
    idle: Duration,
    response: Duration,
    state: Mutex<Sending>,
}

#[derive(Debug)]
struct Sending {
    started: Instant,
    progress: Instant,
    /// The first error of the body itself, which the transport would only report as its own.
    failure: Option<Error>,
    done: bool,
}

impl SendGuard {
    pub(super) fn new(idle: Duration, response: Duration) -> Self {
        let now = Instant::now();
        let state = Sending { started: now, progress: now, failure: None, done: false };
        Self {
            idle: idle.saturating_mul(SEND_BUFFER_GRANT).min(FAR),
            response: response.min(FAR),
            state: Mutex::new(state),
        }
    }

    fn update<T>(&self, change: impl FnOnce(&mut Sending) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes that the transport has taken bytes.
    pub(super) fn progress(&self) {
        self.update(|state| state.progress = Instant::now());
    }

    /// Keeps the error of the body, and gives the transport one in its place.
    pub(super) fn keep_failure(&self, error: Error) -> Error {
        let stand_in = Error::new(error.kind(), "the request body could not be read");
        self.update(|state| state.failure = Some(error));
        stand_in
    }

    /// The error of the body, if that is why the request failed.
    pub(super) fn take_failure(&self) -> Option<Error> {
        self.update(|state| state.failure.take())
    }

    /// Notes that the transport has taken the whole body.
    pub(super) fn finish(&self) {
        self.update(|state| {
            state.progress = Instant::now();
            state.done = true;
        });
    }

    /// Returns once the request has stalled.
    pub(super) async fn stalled(&self) -> Error {
        loop {
            let (deadline, done) = self.update(|state| {
                let limit = if state.done {
                    // The transport has the body, but the system may still be sending its tail.
                    let sending = state.progress - state.started;
                    self.response + sending.min(self.response * SENDING_GRANT)
                } else {
                    self.idle
                };
                (state.progress + limit, state.done)
            });
            if deadline <= Instant::now() {
                return if done {
                    Error::new(ErrorKind::Timeout, "the request was sent, but no answer came in time")
                } else {
                    stall("request", self.idle)
                };
            }
            sleep_until(deadline).await;
        }
    }
}

/// Turns the pieces of a response into results of the contract, and ends them when nothing comes for `idle`.
pub(super) fn guard_response(
    body: BoxStream<'static, Result<Bytes, TransportError>>,
    idle: Duration,
) -> BoxStream<'static, Result<Bytes>> {
    stream::unfold(Some(body), move |body| async move {
        let mut body = body?;
        match timeout(idle, body.next()).await {
            Ok(None) => None,
            Ok(Some(Ok(piece))) => Some((Ok(piece), Some(body))),
            Ok(Some(Err(error))) => {
                let error = Error::new(ErrorKind::Network, format!("the answer broke off: {error}")).with_source(error);
                Some((Err(error), None))
            }
            Err(_) => Some((Err(stall("answer", idle)), None)),
        }
    })
    .boxed()
}

fn stall(what: &str, idle: Duration) -> Error {
    Error::new(ErrorKind::Stalled, format!("the {what} made no progress for {:.1} s", idle.as_secs_f64()))
}
