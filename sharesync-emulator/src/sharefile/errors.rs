//! The error object of the protocol, and how the drive's refusals are spelled in it.

use http::StatusCode;
use http::header::{HeaderValue, WWW_AUTHENTICATE};
use serde_json::json;

use crate::drive::DriveError;
use crate::http::{Reply, json as json_reply};

/// What a handler gives.
pub(super) type Outcome = Result<Reply, ApiError>;

/// An error as the protocol tells it: `code` is the status by name, `reason` one of the documented reasons.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    code: &'static str,
    reason: &'static str,
    message: String,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, reason: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, reason, message: message.into() }
    }

    pub(super) fn not_found() -> Self {
        let message = "There is no item, share or operation with this id or path.";
        Self::new(StatusCode::NOT_FOUND, "NotFound", "NotFound", message)
    }

    pub(super) fn no_such_call(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFound", "NotFound", format!("{what} is not served."))
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", "BadRequest", message)
    }

    /// A parameter that the operation cannot do without.
    pub(super) fn missing(parameter: &str) -> Self {
        Self::bad_request(format!("The parameter {parameter} is required."))
    }

    pub(super) fn unauthorized() -> Self {
        let message = "A valid access token is required.";
        Self::new(StatusCode::UNAUTHORIZED, "Unauthorized", "NotAuthenticated", message)
    }

    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "Forbidden", "Forbidden", message)
    }

    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "Conflict", "Conflict", message)
    }

    pub(super) fn name_taken() -> Self {
        Self::conflict("An item with this name already exists in the folder.")
    }

    pub(super) fn upload_conflict() -> Self {
        let message = "The file was changed by another user since it was last read.";
        Self::new(StatusCode::CONFLICT, "Conflict", "FileUploadConflict", message)
    }

    pub(super) fn not_allowed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "NotAllowed", message)
    }

    /// 429 and 503, as faults ask for them.
    pub(super) fn come_back_later(status: StatusCode) -> Self {
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Self::new(status, "TooManyRequests", "Throttled", "Too many requests.");
        }
        Self::new(status, "ServiceUnavailable", "ServiceUnavailable", "The service is busy.")
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }

    pub(super) fn into_reply(self) -> Reply {
        let body = json!({
            "code": self.code,
            "message": {"lang": "en-US", "value": self.message},
            "reason": self.reason,
        });
        let mut reply = json_reply(self.status, body.to_string());
        if self.status == StatusCode::UNAUTHORIZED {
            reply.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        reply
    }
}

impl From<DriveError> for ApiError {
    fn from(error: DriveError) -> Self {
        match error {
            DriveError::NotFound => Self::not_found(),
            DriveError::NameTaken { .. } => Self::name_taken(),
            DriveError::Protected => Self::forbidden("This folder cannot be renamed, moved or deleted."),
            DriveError::Locked => {
                let message = "The file is locked by another user.";
                Self::new(StatusCode::CONFLICT, "Conflict", "FileIsLocked", message)
            }
            DriveError::Content(reason) => Self::from(reason),
            refused => Self::bad_request(format!("Not possible: {refused}.")),
        }
    }
}

impl From<std::io::Error> for ApiError {
    fn from(error: std::io::Error) -> Self {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self::new(status, "InternalServerError", "StorageZoneServerError", error.to_string())
    }
}
