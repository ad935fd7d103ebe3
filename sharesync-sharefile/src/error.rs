//! The service's errors, typed, and what they mean in the terms of the contract.

use std::fmt;

use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use sharesync_core::http::{Classified, Classify, ErrorResponse, default_kind};
use sharesync_core::{Error, ErrorKind};

use crate::model::Reason;
use crate::model::wire::optional;

/// An error as the service tells it. Reached with
/// [`Error::provider_error`](sharesync_core::Error::provider_error).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShareFileError {
    /// The HTTP status of the answer; storage hosts tell errors with status 200, too.
    pub status: u16,
    /// The service's code: the name of the status, or the number that a storage host gives.
    pub code: Option<String>,
    /// What the service says.
    pub message: String,
    /// Why it refused.
    pub reason: Option<Reason>,
    /// More words, where the service has them.
    pub error_log: Vec<String>,
}

impl fmt::Display for ShareFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match (&self.reason, &self.code) {
            (Some(reason), _) => write!(f, " ({reason})"),
            (None, Some(code)) => write!(f, " ({code})"),
            (None, None) => Ok(()),
        }
    }
}

impl std::error::Error for ShareFileError {}

impl ShareFileError {
    pub(crate) fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, code: None, message: message.into(), reason: None, error_log: Vec::new() }
    }

    pub(crate) fn with_code(mut self, code: Option<String>) -> Self {
        self.code = code;
        self
    }

    /// Reads the body of an error response; `None` when it has none of the service's forms.
    pub(crate) fn read(status: StatusCode, body: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(body);
        let text = text.trim();
        if let Ok(body) = serde_json::from_str::<ErrorBody>(text)
            && let Some(message) = body.message()
        {
            return Some(Self {
                status: status.as_u16(),
                code: body.code.or(body.error_code),
                message,
                reason: body.reason,
                error_log: body.error_log.into_iter().flatten().map(|line| line.to_string()).collect(),
            });
        }
        // Storage hosts without `respformat`.
        text.strip_prefix("ERROR:").map(|message| Self::new(status.as_u16(), message.trim()))
    }

    /// What it means in the terms of the contract.
    pub fn kind(&self) -> ErrorKind {
        match self.code.as_deref() {
            Some("605") => return ErrorKind::UploadExpired,
            // The number says only that a thread of the storage host was stopped.
            Some("420") => return ErrorKind::Unavailable,
            None if self.message.trim_end_matches('.').eq_ignore_ascii_case(UNRECOGNIZED) => {
                return ErrorKind::UploadExpired;
            }
            _ => {}
        }
        let of_status = match StatusCode::from_u16(self.status) {
            // Storage hosts refuse with status 200, too.
            Ok(status) if status.is_success() => ErrorKind::Rejected,
            Ok(status) => default_kind(status),
            Err(_) => ErrorKind::Protocol,
        };
        match self.reason.as_ref().unwrap_or(&Reason::Unspecified) {
            Reason::NotFound => ErrorKind::NotFound,
            Reason::NotAuthenticated => ErrorKind::Unauthenticated,
            Reason::NotAuthorized | Reason::Forbidden | Reason::DlpViolation => ErrorKind::PermissionDenied,
            Reason::FeatureDisabled | Reason::NotAllowed => ErrorKind::Unsupported,
            Reason::Conflict | Reason::InvalidTarget => ErrorKind::Conflict,
            Reason::FileUploadConflict => ErrorKind::PreconditionFailed,
            Reason::FileIsLocked => ErrorKind::Locked,
            Reason::QuotaExceeded | Reason::InsufficientDiskSpace => ErrorKind::QuotaExceeded,
            Reason::Throttled => ErrorKind::RateLimited,
            Reason::BadRequest | Reason::FileTooLarge => ErrorKind::Rejected,
            reason if is_passing(reason) => ErrorKind::Unavailable,
            _ => of_status,
        }
    }

    /// This error in the terms of the contract, for answers that are errors in spite of their status.
    pub(crate) fn into_error(self) -> Error {
        let error = Error::new(self.kind(), self.message.clone()).with_status(self.status);
        match self.code.clone() {
            Some(code) => error.with_code(code),
            None => error,
        }
        .with_source(self)
    }
}

/// What storage hosts say with the number 605, and where they tell no number: all of the message.
const UNRECOGNIZED: &str = "Unrecognized Upload ID";

/// Whether the reason lies in the service and passes.
fn is_passing(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::ServiceUnavailable
            | Reason::TemporaryConnectivityFailure
            | Reason::MaintenanceMode
            | Reason::ZoneUnavailable
            | Reason::StorageZoneServerError
            | Reason::DatabaseError
    )
}

/// The error objects of the API (`code`, `message`, `reason`) and of storage hosts (`errorMessage`, `errorCode`).
#[derive(Debug, Deserialize)]
struct ErrorBody {
    #[serde(default, deserialize_with = "optional")]
    code: Option<String>,
    message: Option<Value>,
    #[serde(default, deserialize_with = "optional")]
    reason: Option<Reason>,
    #[serde(rename = "errorLog", default, deserialize_with = "optional")]
    error_log: Option<Vec<Value>>,
    #[serde(rename = "errorMessage", default, deserialize_with = "optional")]
    error_message: Option<String>,
    #[serde(rename = "errorCode", default, deserialize_with = "optional")]
    error_code: Option<String>,
}

impl ErrorBody {
    /// The words of the error; `None` when this is no error object.
    fn message(&self) -> Option<String> {
        let (words, localized) = match &self.message {
            Some(Value::String(words)) => (Some(words.as_str()), false),
            Some(object) => (object.get("value").and_then(Value::as_str), true),
            None => (self.error_message.as_deref(), self.error_message.is_some()),
        };
        let words = words.filter(|words| !words.trim().is_empty());
        // A `message` that is a text and alone is what gateways send.
        let own = self.code.is_some() || self.reason.is_some() || self.error_code.is_some();
        let own = own || localized && words.is_some();
        own.then(|| words.unwrap_or("the service gave no reason").to_owned())
    }
}

/// Reads the error answers of the API and of storage hosts.
#[derive(Debug)]
pub(crate) struct ShareFileErrors;

impl Classify for ShareFileErrors {
    fn classify(&self, response: &ErrorResponse<'_>) -> Option<Classified> {
        let error = ShareFileError::read(response.status, response.body)?;
        let mut read = Classified::new(error.kind(), error.message.clone());
        read.code = error.code.clone();
        // A reason that passes is one whatever the status says.
        read.transient =
            error.reason.as_ref().filter(|reason| is_passing(reason) || **reason == Reason::Throttled).map(|_| true);
        read.source = Some(Box::new(error));
        Some(read)
    }
}

/// A conflict of an operation whose only conflict is that of names.
pub(crate) fn name_taken(error: Error) -> Error {
    if error.kind() == ErrorKind::Conflict { error.with_kind(ErrorKind::AlreadyExists) } else { error }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> ShareFileError {
        ShareFileError::read(StatusCode::from_u16(status).unwrap(), body.as_bytes()).unwrap()
    }

    #[test]
    fn the_documented_error_object_is_read() {
        let body = r#"{"code":"NotFound","message":{"lang":"en-US","value":"No such item."},"reason":"NotFound"}"#;
        let error = read(404, body);
        assert_eq!((error.code.as_deref(), error.message.as_str()), (Some("NotFound"), "No such item."));
        assert_eq!((error.reason.clone(), error.kind()), (Some(Reason::NotFound), ErrorKind::NotFound));
        assert_eq!(read(404, r#"{"code":404,"message":"gone"}"#).code.as_deref(), Some("404"));
    }

    #[test]
    fn the_reason_says_more_than_the_status() {
        let cases = [
            (409, "FileIsLocked", ErrorKind::Locked),
            (409, "FileUploadConflict", ErrorKind::PreconditionFailed),
            (409, "Conflict", ErrorKind::Conflict),
            (400, "QuotaExceeded", ErrorKind::QuotaExceeded),
            (500, "InsufficientDiskSpace", ErrorKind::QuotaExceeded),
            (400, "Throttled", ErrorKind::RateLimited),
            (500, "MaintenanceMode", ErrorKind::Unavailable),
            (404, "ZoneUnavailable", ErrorKind::Unavailable),
            (403, "Unspecified", ErrorKind::PermissionDenied),
            (403, "SomethingNew", ErrorKind::PermissionDenied),
            (405, "NotAllowed", ErrorKind::Unsupported),
        ];
        for (status, reason, kind) in cases {
            let body = format!(r#"{{"code":"x","message":{{"value":"m"}},"reason":"{reason}"}}"#);
            assert_eq!(read(status, &body).kind(), kind, "{status} {reason}");
        }
    }

    #[test]
    fn storage_hosts_have_forms_of_their_own_and_pages_are_not_the_service() {
        for body in ["<html>hush</html>", "", "[1]", "{}", "404 page not found", "{\"message\":\"gone\"}"] {
            assert_eq!(ShareFileError::read(StatusCode::NOT_FOUND, body.as_bytes()), None, "{body}");
        }
        assert_eq!(read(500, "ERROR: disk is gone").message, "disk is gone");
        let storage = read(400, r#"{"error":true,"errorMessage":"Unrecognized Upload ID.","errorCode":605}"#);
        assert_eq!((storage.kind(), storage.code.as_deref()), (ErrorKind::UploadExpired, Some("605")));
    }

    /// All that is looked for in words, on any provider, and their halves.
    const WORDS: &[&str] = &[
        "quota",
        "locked",
        "is locked",
        "checked out",
        "already exists",
        "not found",
        "no such",
        "does not exist",
        "token",
        "invalid",
        "expired",
        "session",
        "upload token",
        "cursor",
        "change token",
        "permission",
        "access denied",
        "read only",
        "not",
        "exist",
        "already",
        "storage limit",
        "unrecognized upload id",
        "timed out",
        "unsupported",
    ];

    const SAID: [(u16, &str); 4] = [
        (400, r#"{"code":"BadRequest","message":{"value":"{} is no name"},"reason":"BadRequest"}"#),
        (404, r#"{"code":"NotFound","message":{"value":"{} was not found"},"reason":"NotFound"}"#),
        (400, r#"ERROR:{}"#),
        (400, r#"{"error":true,"errorMessage":"{} was not taken"}"#),
    ];

    fn kind_about((status, said): (u16, &str), name: &str) -> ErrorKind {
        read(status, &said.replacen("{}", name, 1)).kind()
    }

    proptest::proptest! {
        /// Whatever somebody calls a file says nothing about what the service means.
        #[test]
        fn a_name_in_the_words_changes_nothing(words in proptest::collection::vec(proptest::sample::select(WORDS), 1..7), at in 0..4_usize) {
            let name = format!("{}.txt", words.join(" "));
            let kind = |name: &str| kind_about(SAID[at], name);
            proptest::prop_assert_eq!(kind(&name), kind("report.txt"), "{} in {:?}", name, SAID[at]);
        }
    }
}
