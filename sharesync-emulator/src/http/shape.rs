//! What happens to the body of a reply on its way out: counting, pacing, and the faults that strike in the middle.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http::header::CONTENT_LENGTH;
use http_body_util::BodyExt;
use hyper::body::{Body as _, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::{Body, Reply};
use crate::recorder::Slot;

/// A paced body goes out in pieces of this size, so that it flows instead of jerking.
const PACED_PIECE: usize = 16 << 10;
/// What was sent before a cut gets this long to leave the machine.
const BEFORE_CUT: Duration = Duration::from_millis(20);

/// A limit on bytes per second, for both directions and all connections together.
#[derive(Debug)]
pub(crate) struct Throttle {
    bytes_per_second: u64,
    free_at: Mutex<Instant>,
}

impl Throttle {
    pub(crate) fn new(bytes_per_second: u64) -> Self {
        Self { bytes_per_second: bytes_per_second.max(1), free_at: Mutex::new(Instant::now()) }
    }

    /// Takes room for that many bytes and says when they may pass.
    fn reserve(&self, bytes: usize) -> Instant {
        let cost = Duration::from_secs_f64(bytes as f64 / self.bytes_per_second as f64);
        let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        let start = (*free_at).max(Instant::now());
        *free_at = start + cost;
        start + cost
    }

    pub(crate) async fn wait(&self, bytes: usize) {
        sleep_until(self.reserve(bytes)).await;
    }
}

/// What is to go wrong with a body. Offsets count from its first byte.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Plan {
    pub(crate) cut_after: Option<u64>,
    pub(crate) stall_after: Option<u64>,
    pub(crate) corrupt_at: Option<u64>,
}

impl Plan {
    fn stop(&self) -> Option<u64> {
        self.cut_after.or(self.stall_after)
    }
}

/// Puts a body under a plan. The announced length stays what it was.
pub(crate) fn shape(reply: Reply, plan: Plan, throttle: Option<Arc<Throttle>>, slot: Arc<Slot>) -> Reply {
    let (mut head, body) = reply.into_parts();
    let is_upgrade = head.status == StatusCode::SWITCHING_PROTOCOLS;
    if let Some(len) = body.size_hint().exact().filter(|_| !is_upgrade) {
        head.headers.entry(CONTENT_LENGTH).or_insert_with(|| len.into());
    }
    let shaped = Shaped { inner: body, plan, throttle, slot, sent: 0, rest: Bytes::new(), pause: None };
    Reply::from_parts(head, shaped.boxed_unsync())
}

struct Shaped {
    inner: Body,
    plan: Plan,
    throttle: Option<Arc<Throttle>>,
    slot: Arc<Slot>,
    sent: u64,
    rest: Bytes,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Shaped {
    /// Waits out a pause, if there is one.
    fn poll_pause(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        Poll::Ready(())
    }

    fn poll_stopped(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.plan.cut_after.is_none() {
            return Poll::Pending;
        }
        let pause = self.pause.get_or_insert_with(|| Box::pin(sleep(BEFORE_CUT)));
        ready!(pause.as_mut().poll(cx));
        Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())))
    }

    /// The next piece of what is at hand, as the plan wants it.
    fn piece(&mut self) -> Bytes {
        let mut len = self.rest.len();
        if self.throttle.is_some() {
            len = len.min(PACED_PIECE);
        }
        if let Some(stop) = self.plan.stop() {
            len = len.min(usize::try_from(stop - self.sent).unwrap_or(usize::MAX));
        }
        let mut piece = self.rest.split_to(len);
        let end = self.sent + len as u64;
        if let Some(at) = self.plan.corrupt_at.filter(|at| (self.sent..end).contains(at)) {
            piece = with_flipped_byte(piece, usize::try_from(at - self.sent).unwrap_or(0));
        }
        self.sent = end;
        self.slot.count_sent(len);
        if let Some(throttle) = &self.throttle {
            self.pause = Some(Box::pin(sleep_until(throttle.reserve(len))));
        }
        piece
    }
}

fn with_flipped_byte(piece: Bytes, at: usize) -> Bytes {
    let mut copy = BytesMut::from(&piece[..]);
    if let Some(byte) = copy.get_mut(at) {
        *byte ^= 0xff;
    }
    copy.freeze()
}

impl hyper::body::Body for Shaped {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        if this.plan.stop().is_some_and(|stop| this.sent >= stop) {
            return this.poll_stopped(cx);
        }
        ready!(this.poll_pause(cx));
        while this.rest.is_empty() {
            match ready!(Pin::new(&mut this.inner).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => this.rest = data,
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
                end => return Poll::Ready(end),
            }
        }
        Poll::Ready(Some(Ok(Frame::data(this.piece()))))
    }

    fn is_end_stream(&self) -> bool {
        self.plan.stop().is_none() && self.rest.is_empty() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.plan.stop().is_some() { SizeHint::default() } else { self.inner.size_hint() }
    }
}
