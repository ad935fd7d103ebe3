//! Why an attempt failed, and whether trying again may help.

use crate::http::foreign::is_foreign;
use crate::http::{TransportError, TransportErrorKind};
use crate::{Error, ErrorKind};

/// Why an attempt failed, and what is known of the request's effect.
pub(super) struct Failure {
    pub(super) error: Error,
    pub(super) fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Trying again would fail again.
    Final,
    /// The service surely did nothing; trying again may help.
    Untouched,
    /// The service may have carried it out; trying again may help.
    Unknown,
    /// The credentials of this generation were refused.
    Refused(u64),
}

impl Failure {
    pub(super) fn last(error: Error) -> Self {
        Self { error, fate: Fate::Final }
    }

    pub(super) fn unknown(error: Error) -> Self {
        Self { error, fate: Fate::Unknown }
    }

    /// A response with a success status, or a redirect, that cannot be taken. Where it breaks off or is not the service's
    /// own, another attempt may help. A write may have been carried out if nothing tells that the service refused it.
    pub(super) fn of_response(error: Error) -> Self {
        let broke_off = matches!(error.kind(), ErrorKind::Network | ErrorKind::Stalled | ErrorKind::Timeout);
        if broke_off || is_foreign(&error) {
            return Self::unknown(error);
        }
        let unread = matches!(error.kind(), ErrorKind::Protocol | ErrorKind::TooLarge);
        let doubt = unread || error.maybe_applied();
        Self::last(error.with_maybe_applied(doubt))
    }

    pub(super) fn of_transport(error: TransportError) -> Self {
        let (kind, message, fate) = match error.kind() {
            TransportErrorKind::Connect => (ErrorKind::Network, "no connection", Fate::Untouched),
            TransportErrorKind::Proxy => (ErrorKind::Config, "no connection", Fate::Final),
            TransportErrorKind::Refused => (ErrorKind::Network, "the request could not be built", Fate::Final),
            TransportErrorKind::Unauthenticated => (ErrorKind::Unauthenticated, "the sign-in failed", Fate::Final),
            TransportErrorKind::Unsupported => (ErrorKind::Unsupported, "the transport does not do that", Fate::Final),
            _ => (ErrorKind::Network, "the connection broke before the answer", Fate::Unknown),
        };
        Self { error: Error::new(kind, format!("{message}: {error}")).with_source(error), fate }
    }
}
