//! What an answer that is no success means.

use std::error::Error as StdError;
use std::fmt::Debug;

use http::{HeaderMap, StatusCode};

use super::Quoted;
use crate::ErrorKind;

/// A provider's reading of an error answer.
#[derive(Debug)]
#[non_exhaustive]
pub struct Classified {
    /// What went wrong, in the contract's terms.
    pub kind: ErrorKind,
    /// What the service says, as a clause without a full stop.
    pub message: String,
    /// The service's own code.
    pub code: Option<String>,
    /// The service's identifier of the request.
    pub request_id: Option<String>,
    /// Whether trying again may help; `None` leaves it to the status.
    pub transient: Option<bool>,
    /// The provider's typed error, which the application can downcast to.
    pub source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Classified {
    /// A reading with the service's words.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), code: None, request_id: None, transient: None, source: None }
    }
}

/// A response that is neither a success nor a redirect.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ErrorResponse<'a> {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body, cut at [`HttpConfig::max_error_body`](super::HttpConfig::max_error_body). It may be anything.
    pub body: &'a [u8],
    /// What the service may quote of the request in its words.
    pub quoted: &'a Quoted,
}

impl<'a> ErrorResponse<'a> {
    /// A response to a request.
    pub fn new(status: StatusCode, headers: &'a HeaderMap, body: &'a [u8], quoted: &'a Quoted) -> Self {
        Self { status, headers, body, quoted }
    }
}

/// Reads the error responses of one provider.
pub trait Classify: Debug + Send + Sync + 'static {
    /// What the service says; `None` when the response is not in the service's own form of an error. A status alone, or the
    /// page of a proxy, a portal or a sign-in form, says nothing about items: it must never mean "gone" or "forbidden".
    fn classify(&self, response: &ErrorResponse<'_>) -> Option<Classified>;
}

/// What a status means in an error that is the service's own and says nothing more exact.
pub fn default_kind(status: StatusCode) -> ErrorKind {
    match status.as_u16() {
        401 => ErrorKind::Unauthenticated,
        403 => ErrorKind::PermissionDenied,
        404 | 410 => ErrorKind::NotFound,
        408 | 504 => ErrorKind::Timeout,
        425 => ErrorKind::Unavailable,
        409 => ErrorKind::Conflict,
        412 => ErrorKind::PreconditionFailed,
        413 => ErrorKind::TooLarge,
        423 => ErrorKind::Locked,
        429 => ErrorKind::RateLimited,
        501 | 405 => ErrorKind::Unsupported,
        507 => ErrorKind::QuotaExceeded,
        500..=599 => ErrorKind::Unavailable,
        400..=499 => ErrorKind::Rejected,
        _ => ErrorKind::Protocol,
    }
}

/// Whether a status says that the same request may succeed later.
pub(super) fn is_transient(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 425 | 429 | 500 | 502 | 503 | 504 | 509)
}
