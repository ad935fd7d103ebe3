//! What an answer that is no success means.

use std::error::Error as StdError;
use std::fmt::Debug;

use http::{HeaderMap, StatusCode};

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

/// Reads the error answers of one provider.
pub trait Classify: Debug + Send + Sync + 'static {
    /// Reads an answer that is neither success nor a redirect. The body is cut at a limit, and may be anything.
    fn classify(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Classified;
}

/// What a status means where the provider says nothing else.
pub fn default_kind(status: StatusCode) -> ErrorKind {
    match status.as_u16() {
        401 => ErrorKind::Unauthenticated,
        403 => ErrorKind::PermissionDenied,
        404 | 410 => ErrorKind::NotFound,
        408 | 504 => ErrorKind::Timeout,
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
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504 | 509)
}

/// Whether a status says that the service did nothing.
pub(super) fn is_untouched(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 503)
}
