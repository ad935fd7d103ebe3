//! One connection, and one exchange on it at a time.

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use http::header::{CONTENT_LENGTH, HOST};
use http::{HeaderValue, Method, Request, Response, Uri};
use http_body_util::{Either, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use sharesync_core::http::{Connection, TransportBody, TransportError, TransportErrorKind};
use sharesync_core::{BoxStream, Error};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::binding::server_end_point;

/// How long a connection that ended its last exchange may take to be ready for the next one.
const READY: Duration = Duration::from_millis(200);

type Pieces = BoxStream<'static, Result<Frame<Bytes>, Error>>;

/// The body of a request as it goes over a lane.
pub(super) type LaneBody = Either<Full<Bytes>, StreamBody<Pieces>>;

/// A connection of HTTP/1.1. Dropped, it is closed.
pub(super) struct Lane {
    sender: SendRequest<LaneBody>,
    task: AbortHandle,
    pub(super) used: Instant,
    pub(super) era: u64,
    /// What binds a sign-in to its TLS.
    pub(super) binding: Option<Vec<u8>>,
}

/// Why an exchange came to nothing.
pub(super) enum Failure {
    /// The connection was closed, and nothing of the request has been sent: here it is.
    Unsent(Box<Request<LaneBody>>),
    /// It is not known what became of the request.
    Broken(TransportError),
}

impl Lane {
    /// Takes a connection over. It is given back as one of `era`.
    pub(super) async fn open(connection: Connection, era: u64) -> Result<Self, TransportError> {
        let binding = connection.certificate.as_deref().and_then(server_end_point);
        let failure = |error: hyper::Error| TransportError::new(TransportErrorKind::Connect, &error);
        let (sender, connection) = handshake(TokioIo::new(connection.stream)).await.map_err(failure)?;
        let task = tokio::spawn(async move { drop(connection.await) }).abort_handle();
        Ok(Self { sender, task, used: Instant::now(), era, binding })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Sends a request, and returns as soon as the head of its answer is there.
    pub(super) async fn exchange(&mut self, request: Request<LaneBody>) -> Result<Response<Incoming>, Failure> {
        // Not ready at once is what still sends the body of a request that was answered early: it is given up.
        if !matches!(timeout(READY, self.sender.ready()).await, Ok(Ok(()))) {
            return Err(Failure::Unsent(Box::new(request)));
        }
        let sent = self.sender.try_send_request(request).await;
        sent.map_err(|mut error| match error.take_message() {
            Some(request) => Failure::Unsent(Box::new(request)),
            None => Failure::Broken(TransportError::new(TransportErrorKind::Interrupted, error.error())),
        })
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane").field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}

/// A request in the form that goes over a connection to its server, and its body if that can be sent again.
pub(super) fn over_lane(request: Request<TransportBody>) -> Result<(Request<LaneBody>, Option<Bytes>), TransportError> {
    let (mut parts, body) = request.into_parts();
    address(&mut parts)?;
    let framed = |pieces: BoxStream<'static, Result<Bytes, Error>>| {
        Either::Right(StreamBody::new(pieces.map_ok(Frame::data).boxed()))
    };
    let (body, again) = match body {
        TransportBody::Bytes(bytes) => {
            // Servers want the length of a body that they expect, also where it is none (RFC 9110, section 8.6).
            if bytes.is_empty() && matches!(parts.method, Method::POST | Method::PUT | Method::PATCH) {
                parts.headers.insert(CONTENT_LENGTH, 0.into());
            }
            (whole(bytes.clone()), Some(bytes))
        }
        TransportBody::Stream { size, pieces } => {
            parts.headers.insert(CONTENT_LENGTH, size.into());
            (framed(pieces), None)
        }
        TransportBody::Chunked(pieces) => (framed(pieces), None),
        _ => return Err(refused("a kind of body that is not known here")),
    };
    Ok((Request::from_parts(parts, body), again))
}

/// A body that is in memory.
pub(super) fn whole(bytes: Bytes) -> LaneBody {
    Either::Left(Full::new(bytes))
}

/// Moves the server from the address into the header `Host` (RFC 9112, section 3.2).
fn address(parts: &mut http::request::Parts) -> Result<(), TransportError> {
    let host = parts.uri.authority().and_then(|authority| HeaderValue::try_from(authority.as_str()).ok());
    parts.headers.insert(HOST, host.ok_or_else(|| refused("an address without a server"))?);
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    parts.uri = path.parse::<Uri>().map_err(|_| refused("an address that cannot be sent"))?;
    Ok(())
}

fn refused(why: &'static str) -> TransportError {
    TransportError::new(TransportErrorKind::Refused, &io::Error::other(why))
}
