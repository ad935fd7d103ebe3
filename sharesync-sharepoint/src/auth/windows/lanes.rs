//! The connections that are signed in and free, and how they come back.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use http::Response;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body as _, Incoming};
use sharesync_core::BoxStream;
use sharesync_core::http::{TransportError, TransportErrorKind};
use tokio::time::timeout;

use super::lane::Lane;

/// A connection that lay idle this long may be about to be closed by its server, and is not used any more. Servers of
/// Windows wait for two minutes, balancers before them for less.
const IDLE: Duration = Duration::from_secs(30);

/// What nobody wants to read is read all the same, up to this size, because a new sign-in takes longer.
const LEFTOVER: usize = 64 << 10;
const LEFTOVER_TIME: Duration = Duration::from_secs(2);

/// Free connections, the one used last on top.
#[derive(Debug)]
pub(super) struct Lanes {
    state: Mutex<State>,
    most: usize,
}

#[derive(Debug, Default)]
struct State {
    free: Vec<Lane>,
    era: u64,
}

impl Lanes {
    /// Keeps at most this many.
    pub(super) fn new(most: usize) -> Self {
        Self { state: Mutex::default(), most }
    }

    fn update<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What connections belong to that are signed in now.
    pub(super) fn era(&self) -> u64 {
        self.update(|state| state.era)
    }

    /// A connection that is open, as far as anybody knows.
    pub(super) fn take(&self) -> Option<Lane> {
        let now = Instant::now();
        self.update(|state| {
            state.free.retain(|lane| !lane.is_closed() && now.saturating_duration_since(lane.used) < IDLE);
            state.free.pop()
        })
    }

    /// Closes all of an era, because one of them turned out not to be signed in any more.
    pub(super) fn end(&self, era: u64) {
        let ended = self.update(|state| {
            if state.era != era {
                return Vec::new();
            }
            state.era += 1;
            std::mem::take(&mut state.free)
        });
        drop(ended);
    }

    /// Keeps a connection whose last answer has been read.
    pub(super) fn give_back(&self, mut lane: Lane) {
        lane.used = Instant::now();
        let surplus = self.update(|state| {
            if lane.is_closed() || lane.era != state.era || state.free.len() >= self.most {
                return Some(lane);
            }
            state.free.push(lane);
            None
        });
        drop(surplus);
    }

    /// The body of an answer, whose lane comes back when it ends.
    pub(super) fn reading(
        self: &Arc<Self>,
        lane: Lane,
        response: Response<Incoming>,
    ) -> Response<BoxStream<'static, Result<Bytes, TransportError>>> {
        response.map(|body| {
            let mut reading = Reading { body: Some(body), lane: Some(lane), lanes: self.clone() };
            reading.release_at_end();
            reading.boxed()
        })
    }
}

/// The body of an answer, and the lane that it comes over.
struct Reading {
    body: Option<Incoming>,
    lane: Option<Lane>,
    lanes: Arc<Lanes>,
}

impl Reading {
    fn release_at_end(&mut self) {
        if self.body.as_ref().is_none_or(Incoming::is_end_stream) {
            self.release();
        }
    }

    fn release(&mut self) {
        if let Some(lane) = self.lane.take() {
            self.lanes.give_back(lane);
        }
    }
}

impl Stream for Reading {
    type Item = Result<Bytes, TransportError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let Some(body) = &mut self.body else {
                return Poll::Ready(None);
            };
            match ready!(Pin::new(body).poll_frame(context)) {
                Some(Ok(frame)) => {
                    let Ok(piece) = frame.into_data() else { continue };
                    self.release_at_end();
                    return Poll::Ready(Some(Ok(piece)));
                }
                Some(Err(error)) => {
                    (self.body, self.lane) = (None, None);
                    return Poll::Ready(Some(Err(TransportError::new(TransportErrorKind::Body, &error))));
                }
                None => {
                    self.body = None;
                    self.release();
                }
            }
        }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        let (Some(body), Some(lane)) = (self.body.take(), self.lane.take()) else {
            return;
        };
        let small = body.size_hint().lower() <= LEFTOVER as u64;
        let Some(runtime) = tokio::runtime::Handle::try_current().ok().filter(|_| small) else {
            return;
        };
        let lanes = self.lanes.clone();
        runtime.spawn(async move {
            if leftover(body).await.is_some() {
                lanes.give_back(lane);
            }
        });
    }
}

/// The rest of an answer, if it comes soon and is short.
pub(super) async fn leftover(body: Incoming) -> Option<Bytes> {
    let rest = timeout(LEFTOVER_TIME, Limited::new(body, LEFTOVER).collect()).await;
    rest.ok()?.ok().map(|rest| rest.to_bytes())
}
