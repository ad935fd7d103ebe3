//! The seam below the pipeline: what an HTTP client must do for it, and no more.

use std::error::Error as StdError;
use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Uri};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{BoxStream, Result};

/// The body of an outgoing request.
#[non_exhaustive]
pub enum TransportBody {
    /// All of it, at once.
    Bytes(Bytes),
    /// Pieces as they come, of a known total length.
    Stream {
        /// The total length in bytes.
        size: u64,
        /// The pieces. An error makes the request fail; the pipeline knows it already.
        pieces: BoxStream<'static, Result<Bytes>>,
    },
    /// Pieces as they come, whose total length is not announced: chunked transfer encoding.
    Chunked(BoxStream<'static, Result<Bytes>>),
}

impl fmt::Debug for TransportBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "TransportBody({} bytes)", bytes.len()),
            Self::Stream { size, .. } => write!(f, "TransportBody({size} bytes)"),
            Self::Chunked(_) => f.write_str("TransportBody(chunked)"),
        }
    }
}

/// An HTTP client: sends one request once.
///
/// It follows no redirect, retries nothing, decodes no content encoding, keeps no cookies, and has no clock but that of
/// the connection attempt: all of that is the pipeline's.
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Sends the request and returns as soon as the head of the response is there.
    async fn send(
        &self,
        request: http::Request<TransportBody>,
    ) -> Result<http::Response<BoxStream<'static, Result<Bytes, TransportError>>>, TransportError>;

    /// Sends a request that asks to switch protocols (RFC 9110, section 7.8), for providers with a live socket.
    ///
    /// # Errors
    /// [`TransportErrorKind::Unsupported`] unless the transport can do that.
    async fn upgrade(&self, request: http::Request<()>) -> Result<Switch, TransportError> {
        let _ = request;
        let error = std::io::Error::other("this transport cannot switch protocols");
        Err(TransportError::new(TransportErrorKind::Unsupported, &error))
    }

    /// Opens a connection to the server of this address that nobody else uses, with TLS where the scheme says so, for
    /// sign-ins that are bound to a connection.
    ///
    /// # Errors
    /// [`TransportErrorKind::Unsupported`] unless the transport can do that.
    async fn connect(&self, to: &Uri) -> Result<Connection, TransportError> {
        let _ = to;
        let error = std::io::Error::other("this transport gives no connection away");
        Err(TransportError::new(TransportErrorKind::Unsupported, &error))
    }
}

/// A connection to a server, ready for HTTP/1.1.
#[non_exhaustive]
pub struct Connection {
    /// Its bytes, in both directions.
    pub stream: Box<dyn Duplex>,
    /// The certificate of the server in DER, where the connection is by TLS.
    pub certificate: Option<Vec<u8>>,
}

impl Connection {
    /// A connection by plain TCP, or whatever stands for it.
    pub fn new(stream: impl Duplex + 'static) -> Self {
        Self { stream: Box::new(stream), certificate: None }
    }

    /// Adds the certificate of the server, in DER.
    #[must_use]
    pub fn with_certificate(mut self, certificate: Option<Vec<u8>>) -> Self {
        self.certificate = certificate;
        self
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("tls", &self.certificate.is_some()).finish_non_exhaustive()
    }
}

/// A connection in both directions.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// What became of a request to switch protocols.
#[non_exhaustive]
pub enum Switch {
    /// The connection speaks the other protocol from now on: status 101.
    Done {
        /// The headers of the answer.
        headers: HeaderMap,
        /// The connection.
        connection: Box<dyn Duplex>,
    },
    /// The service answered something else.
    Refused(http::Response<BoxStream<'static, Result<Bytes, TransportError>>>),
}

impl fmt::Debug for Switch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done { .. } => f.write_str("Switch(done)"),
            Self::Refused(response) => write!(f, "Switch(refused: {})", response.status()),
        }
    }
}

/// What to do about a proxy that answers 407.
pub(super) const PROXY_WANTS_CREDENTIALS: &str =
    "the proxy asks for credentials: put them into its address, as in HTTPS_PROXY=http://user:password@host:port";

/// How far a failed request got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// No connection was made, or none that was good for the request: the service did nothing of it.
    Connect,
    /// A proxy on the way asks for credentials: the service did nothing of it, and will not the next time.
    Proxy,
    /// The service refused the sign-in of the connection, and did not look at the request.
    Unauthenticated,
    /// The connection broke before the head of the response; the service may have carried the request out.
    Interrupted,
    /// The body of the response broke off.
    Body,
    /// The client itself refused the request; nothing was sent.
    Refused,
    /// The client cannot do that at all; nothing was sent.
    Unsupported,
}

/// A failure of the transport. Its text holds no URL.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct TransportError {
    kind: TransportErrorKind,
    message: String,
}

impl TransportError {
    /// A failure described by an error and its causes, whose texts must hold no URL.
    pub fn new(kind: TransportErrorKind, error: &(dyn StdError + 'static)) -> Self {
        let mut message = Vec::<String>::new();
        let mut next = Some(error);
        while let Some(error) = next {
            let cause = error.to_string();
            if !message.last().is_some_and(|last| last.contains(&cause)) {
                message.push(cause);
            }
            next = error.source();
        }
        Self { kind, message: message.join(": ") }
    }

    /// The failure of a proxy that asks for credentials (status 407), and how to give them.
    pub fn proxy_wants_credentials() -> Self {
        Self { kind: TransportErrorKind::Proxy, message: PROXY_WANTS_CREDENTIALS.to_owned() }
    }

    /// How far the request got.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }
}
