//! A body as the parser reads it: piece by piece, and no more at a time than one event may have.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use futures::StreamExt as _;
use futures::stream::Fuse;
use sharesync_core::{BoxStream, Error, Result};
use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

use super::{Flaw, LONGEST_EVENT};

pub(super) struct Input {
    body: Fuse<BoxStream<'static, Result<Bytes>>>,
    piece: Bytes,
    /// Bytes that the event under way may still have.
    left: usize,
    /// Why reading ended; the parser itself only hears that it did.
    failure: Option<Error>,
}

impl Input {
    pub(super) fn new(body: BoxStream<'static, Result<Bytes>>) -> Self {
        Self { body: body.fuse(), piece: Bytes::new(), left: LONGEST_EVENT, failure: None }
    }

    /// A new event begins.
    pub(super) fn begin_event(&mut self) {
        self.left = LONGEST_EVENT;
    }

    /// Why reading ended.
    pub(super) fn take_failure(&mut self) -> Option<Error> {
        self.failure.take()
    }

    fn fail(&mut self, error: Error) -> io::Error {
        self.failure = Some(error);
        io::Error::other("the document cannot be read on")
    }
}

impl AsyncBufRead for Input {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        if this.left == 0 {
            let error = Flaw::TooLong("a tag or a text").into();
            return Poll::Ready(Err(this.fail(error)));
        }
        while this.piece.is_empty() {
            match ready!(this.body.poll_next_unpin(cx)) {
                Some(Ok(piece)) => this.piece = piece,
                Some(Err(error)) => return Poll::Ready(Err(this.fail(error))),
                None => break,
            }
        }
        let visible = this.piece.len().min(this.left);
        Poll::Ready(Ok(this.piece.get(..visible).unwrap_or_default()))
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        let this = self.get_mut();
        let amount = amount.min(this.piece.len());
        this.piece.advance(amount);
        this.left = this.left.saturating_sub(amount);
    }
}

impl AsyncRead for Input {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let available = ready!(self.as_mut().poll_fill_buf(cx))?;
        let amount = available.len().min(buf.remaining());
        buf.put_slice(available.get(..amount).unwrap_or_default());
        self.consume(amount);
        Poll::Ready(Ok(()))
    }
}
