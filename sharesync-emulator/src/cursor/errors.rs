//! Errors, in either of the two forms that the documents describe: the envelope with a code, and `detail` alone.
//!
//! Codes that the documents name: `SYNC_CONFLICT`, `SYNC_VERSION_STALE`, `SYNC_CURSOR_INVALID`, `NOT_FOUND`, `NAME_CONFLICT`,
//! `PAYLOAD_TOO_LARGE`, `QUOTA_EXCEEDED`, `AUTH_TOKEN_INVALID`, `RATE_LIMITED`. The other codes are ours.

use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use serde_json::{Value, json};

use super::wire::set;
use crate::drive::DriveError;
use crate::http::{Reply, json as json_reply};

/// What a handler gives.
pub(super) type Outcome = Result<Reply, ApiError>;

/// An error before it is known in which form the client gets it.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    /// Where in the request something is wrong, of a 422.
    location: Vec<String>,
    retry_after: Option<u64>,
    details: Option<Value>,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), location: Vec::new(), retry_after: None, details: None }
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", format!("{what} not found"))
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
    }

    pub(super) fn bad_cursor() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "SYNC_CURSOR_INVALID", "Malformed or unknown cursor")
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "AUTH_TOKEN_INVALID", "Missing, invalid or expired token")
    }

    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "FORBIDDEN", message)
    }

    pub(super) fn not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", "Method not allowed")
    }

    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "SYNC_CONFLICT", message)
    }

    pub(super) fn stale() -> Self {
        Self::new(StatusCode::CONFLICT, "SYNC_VERSION_STALE", "base_version_id is outdated")
    }

    pub(super) fn name_conflict() -> Self {
        Self::new(StatusCode::CONFLICT, "NAME_CONFLICT", "An item with this name already exists")
    }

    pub(super) fn gone(what: &str) -> Self {
        Self::new(StatusCode::GONE, "GONE", format!("{what} is gone"))
    }

    pub(super) fn too_large(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", message)
    }

    pub(super) fn over_quota() -> Self {
        Self::new(StatusCode::INSUFFICIENT_STORAGE, "QUOTA_EXCEEDED", "The share's quota is exceeded")
    }

    /// Something in the query or the body is not as the schema wants it.
    pub(super) fn invalid(location: &[&str], message: impl Into<String>) -> Self {
        let location = location.iter().map(|part| (*part).to_owned()).collect();
        let error = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "VALIDATION_ERROR", message);
        Self { location, ..error }
    }

    pub(super) fn rate_limited(limit: u64, retry_after: u64) -> Self {
        let details = json!({"dimension": "token", "limit": limit, "window_seconds": 60});
        let error = Self::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", "Too many requests");
        Self { retry_after: Some(retry_after), details: Some(details), ..error }
    }

    /// 429 and 503, as faults ask for them.
    pub(super) fn come_back_later(status: StatusCode) -> Self {
        match status {
            StatusCode::TOO_MANY_REQUESTS => Self::new(status, "RATE_LIMITED", "Too many requests"),
            _ => Self::new(status, "SERVICE_UNAVAILABLE", "The service is busy"),
        }
    }

    /// The reply: `{"detail": …}`, or the envelope with the code and the number of the request.
    pub(super) fn into_reply(self, detail_only: bool, request: u64) -> Reply {
        let body = if detail_only { self.detail() } else { self.envelope(request) };
        let mut reply = json_reply(self.status, body.to_string());
        if self.status == StatusCode::UNAUTHORIZED {
            reply.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            reply.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        reply
    }

    /// FastAPI's own form; an array for what the schema refuses.
    fn detail(&self) -> Value {
        if self.location.is_empty() {
            return json!({"detail": self.message});
        }
        json!({"detail": [{"loc": self.location, "msg": self.message, "type": "value_error"}]})
    }

    fn envelope(&self, request: u64) -> Value {
        let mut error = json!({"code": self.code, "message": self.message});
        if let Some(seconds) = self.retry_after {
            set(&mut error, "retry_after", seconds);
        }
        let location = (!self.location.is_empty()).then(|| json!({"loc": self.location}));
        if let Some(details) = self.details.clone().or(location) {
            set(&mut error, "details", details);
        }
        json!({"status": "error", "error": error, "meta": {"request_id": format!("req_{request:016x}")}})
    }
}

impl From<DriveError> for ApiError {
    fn from(error: DriveError) -> Self {
        match error {
            DriveError::NotFound => Self::not_found("Resource"),
            DriveError::NameTaken { .. } => Self::name_conflict(),
            DriveError::Protected => Self::forbidden("This folder cannot be changed"),
            DriveError::Locked => Self::forbidden("The file is locked by another user"),
            DriveError::Content(reason) => Self::from(reason),
            DriveError::InvalidName => Self::invalid(&["body", "name"], "The name is not valid"),
            refused => Self::bad_request(refused.to_string()),
        }
    }
}

impl From<std::io::Error> for ApiError {
    fn from(error: std::io::Error) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", error.to_string())
    }
}
