//! The error envelope of the protocol: a domain, a code, a message, and for name conflicts the node that is in the way.

use http::StatusCode;
use http::header::{HeaderValue, WWW_AUTHENTICATE};
use serde_json::{Value, json};

use crate::http::{Reply, json as json_reply};

/// What a handler gives.
pub(super) type Outcome = Result<Reply, ApiError>;

/// An error as the protocol tells it.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    domain: &'static str,
    code: u32,
    message: String,
    conflict: Option<Value>,
}

impl ApiError {
    fn files(status: StatusCode, code: u32, message: impl Into<String>) -> Self {
        Self { status, domain: "Files", code, message: message.into(), conflict: None }
    }

    /// An error of the platform's sign-in. The code is ours.
    pub(super) fn platform(status: StatusCode, message: impl Into<String>) -> Self {
        Self { domain: "PlatformAccountServer", ..Self::files(status, 1, message) }
    }

    /// The code is the one that a public client has seen for an invalid token.
    pub(super) fn unauthorized() -> Self {
        Self::files(StatusCode::UNAUTHORIZED, 4, "Missing or invalid token")
    }

    pub(super) fn not_an_administrator() -> Self {
        let message = "You do not have the appropriate permissions, so the previous request could not be completed.";
        Self::files(StatusCode::FORBIDDEN, 3, message)
    }

    /// Also for what is not there: one cannot tell the one from the other.
    pub(super) fn no_access() -> Self {
        let message = "The requested file or folder does not exist or you do not have permission to access it.";
        Self::files(StatusCode::FORBIDDEN, 3, message)
    }

    pub(super) fn incomplete() -> Self {
        let message = "The file could not be uploaded because not all the data was received.";
        Self::files(StatusCode::BAD_REQUEST, 9, message)
    }

    pub(super) fn not_found() -> Self {
        Self::files(StatusCode::NOT_FOUND, 10, "Object Not Found.")
    }

    pub(super) fn invalid() -> Self {
        Self::files(StatusCode::BAD_REQUEST, 15, "Object Invalid")
    }

    pub(super) fn taken(name: &str, conflict: Value) -> Self {
        let message = format!("'{name}' already exists in this location.");
        Self { conflict: Some(conflict), ..Self::files(StatusCode::CONFLICT, 92, message) }
    }

    pub(super) fn not_allowed() -> Self {
        Self::files(StatusCode::METHOD_NOT_ALLOWED, 1, "This method is not served here.")
    }

    pub(super) fn media_type() -> Self {
        Self::files(StatusCode::UNSUPPORTED_MEDIA_TYPE, 1, "This content type is not taken here.")
    }

    pub(super) fn broken(error: &std::io::Error) -> Self {
        Self::files(StatusCode::INTERNAL_SERVER_ERROR, 1, error.to_string())
    }

    /// 429 and 503, as faults ask for them.
    pub(super) fn come_back_later(status: StatusCode) -> Self {
        Self::files(status, 1, "The service is busy.")
    }

    pub(super) fn into_reply(self) -> Reply {
        let mut error = json!({"domain": self.domain, "code": self.code, "message": self.message});
        if let (Some(conflict), Some(error)) = (self.conflict, error.as_object_mut()) {
            error.insert("context".to_owned(), json!({"conflict": conflict}));
        }
        let mut reply = json_reply(self.status, json!({"error": error}).to_string());
        if self.status == StatusCode::UNAUTHORIZED {
            reply.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        reply
    }
}

impl From<std::io::Error> for ApiError {
    fn from(error: std::io::Error) -> Self {
        Self::broken(&error)
    }
}
