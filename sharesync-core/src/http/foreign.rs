//! Responses that are not the service's own: pages of proxies, portals and sign-in forms, and bare statuses.
//!
//! They say nothing about items and nothing about what became of a write.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};

use super::transport::PROXY_WANTS_CREDENTIALS;
use crate::{Error, ErrorKind};

/// A response that does not have the form in which the service speaks. Reached with
/// [`Error::provider_error`](crate::Error::provider_error).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a response that is not the service's own")]
#[non_exhaustive]
pub struct ForeignResponse {
    /// The HTTP status.
    pub status: u16,
    /// The media type, such as `text/html`, where there is a readable one.
    pub media_type: Option<String>,
}

impl ForeignResponse {
    /// Describes a response by its head.
    pub fn new(status: StatusCode, headers: &HeaderMap) -> Self {
        let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type =
            media_type.and_then(|text| text.split(';').next()).map(|text| text.trim().to_ascii_lowercase());
        Self { status: status.as_u16(), media_type: media_type.filter(|text| !text.is_empty()) }
    }

    /// A body in the place of the one that a success was to have.
    pub fn of_body(body: &[u8]) -> Self {
        Self { status: 200, media_type: is_html(body).then(|| "text/html".to_owned()) }
    }

    /// The error of such a response in the terms of the contract.
    pub fn into_error(self) -> Error {
        let status = self.status;
        let what = match self.media_type.as_deref() {
            Some("text/html" | "application/xhtml+xml") => "an HTML page",
            _ => "a response",
        };
        let kind = foreign_kind(status);
        let message = match status {
            407 => PROXY_WANTS_CREDENTIALS.to_owned(),
            _ => format!("{what} that is not the service's own: does a proxy or a sign-in page answer in its place?"),
        };
        Error::new(kind, message).with_status(status).with_source(self)
    }
}

/// What a status means that the service did not give itself: nothing about items, and nothing about permissions.
fn foreign_kind(status: u16) -> ErrorKind {
    match status {
        401 => ErrorKind::Unauthenticated,
        407 => ErrorKind::Config,
        408 | 504 => ErrorKind::Timeout,
        413 | 414 => ErrorKind::Rejected,
        429 => ErrorKind::RateLimited,
        425 | 500..=599 => ErrorKind::Unavailable,
        _ => ErrorKind::Protocol,
    }
}

/// Whether such a status will be the same next time: what it complains of is in the request or in the configuration.
pub(super) fn is_lasting(status: u16) -> bool {
    matches!(status, 401 | 407 | 413 | 414 | 416 | 431)
}

/// Whether a body is a page for people, whatever its media type says.
pub fn is_html(body: &[u8]) -> bool {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body).trim_ascii_start();
    let starts = |tag: &[u8]| body.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag));
    starts(b"<!doctype html") || starts(b"<html") || starts(b"<head") || starts(b"<body")
}

/// Whether an error says that the response was not the service's own.
pub(crate) fn is_foreign(error: &Error) -> bool {
    error.provider_error::<ForeignResponse>().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_status_says_nothing_about_items() {
        for status in 400..600 {
            let error = ForeignResponse { status, media_type: None }.into_error();
            let about_items = [
                ErrorKind::NotFound,
                ErrorKind::AlreadyExists,
                ErrorKind::PermissionDenied,
                ErrorKind::PreconditionFailed,
                ErrorKind::Conflict,
                ErrorKind::Locked,
                ErrorKind::QuotaExceeded,
                ErrorKind::Unsupported,
            ];
            assert!(!about_items.contains(&error.kind()), "{status}: {error}");
            assert_eq!(error.status(), Some(status));
        }
    }

    #[test]
    fn pages_are_told_by_their_beginning() {
        for page in ["<!DOCTYPE HTML><p>", "\u{feff} \r\n<html lang=en>", "<HEAD>", "<body>"] {
            assert!(is_html(page.as_bytes()), "{page}");
        }
        for other in ["", "<", "<?xml version='1.0'?><html/>", "{}", "<ht", "<feed/>", "OK"] {
            assert!(!is_html(other.as_bytes()), "{other}");
        }
    }
}
