//! What the transport needs of a way to sign connections in: messages, one after the other.

use std::fmt;
use std::io;

use async_trait::async_trait;
use sharesync_core::http::{TransportError, TransportErrorKind};

/// A way to sign connections in.
#[async_trait]
pub(super) trait Mechanism: fmt::Debug + Send + Sync {
    /// Its name for people.
    fn name(&self) -> &'static str;

    /// Its name in `Authorization` and `WWW-Authenticate`.
    fn scheme(&self) -> &'static str;

    /// Begins on a connection with this binding to TLS: the handshake, and its first message.
    async fn begin(&self, binding: Option<&[u8]>) -> Result<(Box<dyn Handshake>, Message), Fault>;
}

/// A message of a handshake.
pub(super) struct Message {
    pub(super) token: Vec<u8>,
    /// Nothing but the service's verdict follows: the request that it signs in can carry it.
    pub(super) is_last: bool,
}

/// A handshake under way.
pub(super) trait Handshake: Send {
    /// The message that follows an answer of the service, by whether it was 401 and what token it had; `None` when the
    /// connection is signed in.
    fn answered(&mut self, refused: bool, token: Option<Vec<u8>>) -> Result<Option<Message>, Fault>;
}

/// Why a connection could not be signed in.
pub(super) enum Fault {
    /// The sign-in was refused. Trying it again may lock the account.
    Refused(String),
    /// The connection was closed before the service said anything.
    Closed(TransportError),
    /// Anything else.
    Other(TransportError),
}

impl Fault {
    /// The error that the pipeline hears.
    pub(super) fn into_error(self) -> TransportError {
        match self {
            Self::Refused(why) => failed(TransportErrorKind::Unauthenticated, why),
            Self::Closed(error) | Self::Other(error) => error,
        }
    }
}

impl From<TransportError> for Fault {
    fn from(error: TransportError) -> Self {
        Self::Other(error)
    }
}

/// A failure that is described by a text.
pub(super) fn failed(kind: TransportErrorKind, why: impl Into<String>) -> TransportError {
    TransportError::new(kind, &io::Error::other(why.into()))
}

/// A failure to sign in that is nobody's refusal.
pub(super) fn unusable(why: impl Into<String>) -> Fault {
    Fault::Other(failed(TransportErrorKind::Unauthenticated, why))
}
