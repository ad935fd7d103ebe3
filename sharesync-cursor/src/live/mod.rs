//! The live socket: nudges that something has changed (Real-time). What a frame says is in `frame`, how the socket is kept
//! open in `events`.

mod events;
mod frame;

use std::fmt;
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use http::header::{
    CONNECTION, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use sharesync_core::http::{Duplex, Upgraded};
use sharesync_core::{BoxStream, Error, ErrorKind, Result};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error as SocketError};
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Message, Role, WebSocketConfig};

pub use self::events::LiveEvent;
pub use self::frame::Frame;
use crate::PROVIDER;
use crate::client::resource;

const OPERATION: &str = "Live.Connect";

/// The close code of a missing or invalid token.
const UNAUTHORIZED: u16 = 4401;

/// The parameter that carries the token where headers cannot be had.
const TOKEN: &str = "token";

resource! {
    /// The live socket: [`Client::live`](crate::Client::live).
    ///
    /// A frame is no more than a nudge, and one may be lost: read [`changes`](crate::Sync::changes) after every frame, and
    /// after every connection. [`CursorStore`](crate::CursorStore) does that in `watch` and `follow`.
    Live
}

/// How the live socket is opened and kept open.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LiveOptions {
    /// Whether the token goes in the query instead of a header, for where headers do not come through.
    pub token_in_query: bool,
    /// How often a `ping` is sent. A socket that says nothing for twice as long is given up.
    pub ping_interval: Duration,
    /// The longest pause before the second attempt to connect; it doubles from attempt to attempt.
    pub backoff_base: Duration,
    /// The longest pause before any attempt. A connection that lasts as long makes the pauses short again.
    pub backoff_cap: Duration,
    /// The largest frame that is read, in bytes.
    pub max_frame: usize,
}

impl Default for LiveOptions {
    fn default() -> Self {
        Self {
            token_in_query: false,
            ping_interval: Duration::from_secs(30),
            backoff_base: Duration::from_millis(500),
            backoff_cap: Duration::from_secs(60),
            max_frame: 1 << 20,
        }
    }
}

impl LiveOptions {
    /// The token in a header, a ping every thirty seconds, pauses up to a minute, frames up to a mebibyte.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends the token in the query instead of a header.
    #[must_use]
    pub fn with_token_in_query(mut self, in_query: bool) -> Self {
        self.token_in_query = in_query;
        self
    }

    /// Sets how often a `ping` is sent.
    #[must_use]
    pub fn with_ping_interval(mut self, interval: Duration) -> Self {
        self.ping_interval = interval;
        self
    }

    /// Sets the pauses between attempts to connect: the longest before the second one, and the longest of all.
    #[must_use]
    pub fn with_backoff(mut self, base: Duration, cap: Duration) -> Self {
        (self.backoff_base, self.backoff_cap) = (base, cap);
        self
    }

    /// Sets the largest frame that is read, in bytes.
    #[must_use]
    pub fn with_max_frame(mut self, bytes: usize) -> Self {
        self.max_frame = bytes;
        self
    }
}

impl Live {
    /// Opens the socket of a device once.
    ///
    /// WebSocket `/sync/ws/{device_id}`. Credentials that the service refuses at once are renewed, once.
    ///
    /// # Errors
    /// [`Unauthenticated`](ErrorKind::Unauthenticated), [`NotFound`](ErrorKind::NotFound) for an unknown device,
    /// [`Protocol`](ErrorKind::Protocol) when what answers is no WebSocket, [`Unsupported`](ErrorKind::Unsupported) when
    /// the transport cannot switch protocols.
    pub async fn connect(&self, device_id: &str, options: &LiveOptions) -> Result<LiveConnection> {
        let key = generate_key();
        let header = HeaderValue::from_static;
        let mut call = self
            .0
            .request(OPERATION, "sync/ws/{}", &[device_id])
            .into_call(http::Method::GET)?
            .header(CONNECTION, header("Upgrade"))
            .header(UPGRADE, header("websocket"))
            .header(SEC_WEBSOCKET_VERSION, header("13"))
            .header(SEC_WEBSOCKET_KEY, key.as_str())
            .keep_redirect();
        if options.token_in_query {
            call = call.auth_in_query(TOKEN);
        }
        let upgraded = self.0.pipeline().upgrade(call).await?;
        let text = |name: HeaderName| upgraded.headers.get(name).and_then(|value| value.to_str().ok());
        let is_socket = text(UPGRADE).is_some_and(|protocol| protocol.eq_ignore_ascii_case("websocket"));
        if !is_socket || text(SEC_WEBSOCKET_ACCEPT) != Some(derive_accept_key(key.as_bytes()).as_str()) {
            return Err(failure(ErrorKind::Protocol, "what answers is no WebSocket").with_subject(device_id));
        }
        let Upgraded { connection, generation, .. } = upgraded;
        let limits = WebSocketConfig::default()
            .max_frame_size(Some(options.max_frame))
            .max_message_size(Some(options.max_frame));
        let socket = WebSocketStream::from_raw_socket(connection, Role::Client, Some(limits)).await;
        Ok(LiveConnection { socket, generation, patience: self.0.http_config().idle_timeout })
    }

    /// Keeps the socket of a device open, and subscribed, for as long as the stream is polled. After a failure it connects
    /// again, with pauses that grow; a token that the service refuses is renewed once.
    ///
    /// # Errors
    /// What would not pass by itself ends the stream, such as refused credentials and an unknown device.
    pub fn events(&self, device_id: &str, options: LiveOptions) -> BoxStream<'static, Result<LiveEvent>> {
        events::events(self.clone(), device_id.to_owned(), options)
    }
}

/// An open socket.
pub struct LiveConnection {
    socket: WebSocketStream<Box<dyn Duplex>>,
    generation: Option<u64>,
    /// How long the service may take to accept what is sent.
    patience: Duration,
}

impl fmt::Debug for LiveConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveConnection").field("generation", &self.generation).finish_non_exhaustive()
    }
}

impl LiveConnection {
    /// The next frame; `None` when the service has closed the socket in an orderly way. It is safe to stop waiting.
    ///
    /// # Errors
    /// [`Unauthenticated`](ErrorKind::Unauthenticated) when the service closes it with 4401,
    /// [`TooLarge`](ErrorKind::TooLarge) for a frame beyond the limit, [`Protocol`](ErrorKind::Protocol) for what is no
    /// WebSocket frame, [`Network`](ErrorKind::Network) when the connection breaks. The socket is of no use after it. A
    /// frame that says nothing intelligible is no error: [`Frame::Malformed`].
    pub async fn next(&mut self) -> Result<Option<Frame>> {
        loop {
            let message = match self.socket.next().await {
                None | Some(Err(SocketError::ConnectionClosed | SocketError::AlreadyClosed)) => return Ok(None),
                Some(message) => message.map_err(|error| broken(&error))?,
            };
            match message {
                Message::Text(text) => return Ok(Some(Frame::read(text.as_bytes()))),
                Message::Binary(bytes) => return Ok(Some(Frame::read(&bytes))),
                Message::Close(Some(reason)) if u16::from(reason.code) == UNAUTHORIZED => {
                    let refused = failure(ErrorKind::Unauthenticated, "the service does not accept the token");
                    return Err(refused.with_code(UNAUTHORIZED.to_string()));
                }
                // Pings are answered below this.
                _ => {}
            }
        }
    }

    /// Asks for the nudges of all shares that the device synchronizes.
    ///
    /// # Errors
    /// [`Network`](ErrorKind::Network), [`Stalled`](ErrorKind::Stalled).
    pub async fn subscribe(&mut self) -> Result<()> {
        self.send(r#"{"type":"subscribe"}"#).await
    }

    /// Asks for a sign of life; the service answers with [`Frame::Pong`].
    ///
    /// # Errors
    /// [`Network`](ErrorKind::Network), [`Stalled`](ErrorKind::Stalled).
    pub async fn ping(&mut self) -> Result<()> {
        self.send(r#"{"type":"ping"}"#).await
    }

    /// Closes the socket. Dropping it does, too, without saying so.
    ///
    /// # Errors
    /// [`Network`](ErrorKind::Network), [`Stalled`](ErrorKind::Stalled).
    pub async fn close(mut self) -> Result<()> {
        let closed = timeout(self.patience, self.socket.close(None)).await;
        closed.map_err(|_| stalled())?.map_err(|error| broken(&error))
    }

    async fn send(&mut self, text: &'static str) -> Result<()> {
        let sent = timeout(self.patience, self.socket.send(Message::text(text))).await;
        sent.map_err(|_| stalled())?.map_err(|error| broken(&error))
    }
}

fn failure(kind: ErrorKind, message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(kind, message).with_provider(PROVIDER).with_operation(OPERATION)
}

fn stalled() -> Error {
    failure(ErrorKind::Stalled, "the live socket takes nothing any more")
}

/// A failure of the socket. What came over it is not quoted.
fn broken(error: &SocketError) -> Error {
    match error {
        SocketError::Io(error) => failure(ErrorKind::Network, format!("the live socket broke: {}", error.kind())),
        SocketError::Capacity(CapacityError::MessageTooLong { size, max_size }) => failure(
            ErrorKind::TooLarge,
            format!("a frame of {size} bytes on the live socket, where {max_size} are allowed"),
        ),
        SocketError::Capacity(_) => failure(ErrorKind::TooLarge, "a frame on the live socket is larger than allowed"),
        SocketError::ConnectionClosed | SocketError::AlreadyClosed => {
            failure(ErrorKind::Network, "the live socket was closed")
        }
        SocketError::Utf8(_) => failure(ErrorKind::Protocol, "a text on the live socket that is no UTF-8"),
        _ => failure(ErrorKind::Protocol, "what came over the live socket is no WebSocket frame"),
    }
}
