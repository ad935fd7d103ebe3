//! The service's errors, typed, and what they mean in the terms of the contract.
//!
//! The three forms of OData errors are read. Codes are of SharePoint and of Windows; that they mean what is said here is
//! common knowledge and not part of the documents (recalled), so that the status decides where a code is unknown.

use std::fmt;

use http::{HeaderMap, StatusCode};
use serde_json::Value;
use sharesync_core::http::{Classified, Classify, ErrorResponse, Quoted, Words, default_kind};
use sharesync_core::{Error, ErrorKind};

use crate::PROVIDER;
use crate::odata::is_html;
use crate::xml::Element;

/// An error as the service tells it. Reached with
/// [`Error::provider_error`](sharesync_core::Error::provider_error).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SharePointError {
    /// The HTTP status of the answer.
    pub status: u16,
    /// The number at the beginning of the service's code, such as -2147024891.
    pub number: Option<i64>,
    /// The rest of the code: the name of the exception, such as `System.UnauthorizedAccessException`.
    pub exception: Option<String>,
    /// What the service says.
    pub message: String,
    /// The service's identifier of the request: `SPRequestGuid` or `request-id`.
    pub request_id: Option<String>,
    /// How loaded the farm is, from 0 to 10: `X-SharePointHealthScore`.
    pub health_score: Option<u8>,
    /// Whether the service sent the client to a page on which people sign in.
    pub is_login_page: bool,
    /// Whether the service says how long to wait: `Retry-After`.
    pub waits: bool,
    /// What the words mean, where nothing else says it.
    said: Option<ErrorKind>,
}

impl fmt::Display for SharePointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.number.map_or(Ok(()), |number| write!(f, " ({number})"))
    }
}

impl std::error::Error for SharePointError {}

/// Headers that come from farms alone.
const OF_FARM: [&str; 3] = ["sprequestguid", "microsoftsharepointteamservices", "x-sharepointhealthscore"];

/// From this score on a farm is taken to refuse requests because there are too many.
const OVERLOADED: u8 = 8;

impl SharePointError {
    /// Reads an error response; `None` when neither its body nor its headers are those of the service.
    pub(crate) fn read(status: StatusCode, headers: &HeaderMap, body: &[u8], quoted: &Quoted) -> Option<Self> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        let (code, said) = parse(body);
        let (number, exception) = code.as_deref().map(split).unwrap_or_default();
        let message = said.filter(|said| !said.trim().is_empty());
        let request_id = header("sprequestguid").or_else(|| header("request-id"));
        // Farms put these on whatever they answer (observed), also where they give no reason. A proxy has `request-id`, too.
        let of_farm = OF_FARM.iter().any(|name| headers.contains_key(*name));
        if code.is_none() && !of_farm {
            return None;
        }
        let said = message.as_deref().and_then(|message| kind_of_words(&Words::new(message, quoted)));
        Some(Self {
            status: status.as_u16(),
            number,
            exception,
            message: message.unwrap_or_else(|| "the service gave no reason".to_owned()),
            request_id: request_id.map(str::to_owned),
            health_score: health_score(headers),
            is_login_page: false,
            waits: headers.contains_key(http::header::RETRY_AFTER),
            said,
        })
    }

    /// What it means in the terms of the contract.
    pub fn kind(&self) -> ErrorKind {
        if self.status == 401 {
            return ErrorKind::Unauthenticated;
        }
        let known = self.number.and_then(by_number).or_else(|| self.exception.as_deref().and_then(by_exception));
        if let Some(kind) = known {
            return kind;
        }
        match self.status {
            503 if self.waits && self.health_score.is_some_and(|score| score >= OVERLOADED) => ErrorKind::RateLimited,
            status => {
                // Farms have these for everything; any other status says more than words.
                let said = self.said.filter(|_| matches!(status, 400 | 409 | 500));
                said.unwrap_or_else(|| StatusCode::from_u16(status).map_or(ErrorKind::Protocol, default_kind))
            }
        }
    }

    /// Whether it says for sure, whatever the status, that the same request would fail again.
    fn is_final(&self) -> bool {
        self.status == 500 && (self.number.is_some() || self.exception.is_some())
    }
}

/// What the codes mean (recalled).
fn by_number(number: i64) -> Option<ErrorKind> {
    Some(match number {
        // E_ACCESSDENIED
        -2_147_024_891 => ErrorKind::PermissionDenied,
        // ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND; "File Not Found", "Item does not exist" of SharePoint
        -2_147_024_894 | -2_147_024_893 | -2_130_575_338 => ErrorKind::NotFound,
        // "A file with this name already exists"; ERROR_FILE_EXISTS, ERROR_ALREADY_EXISTS
        -2_130_575_257 | -2_147_024_816 | -2_147_024_713 => ErrorKind::AlreadyExists,
        // ERROR_SHARING_VIOLATION, and the lock of SharePoint; "The file is checked out"
        -2_147_024_864 | -2_147_018_894 | -2_130_575_306 => ErrorKind::Locked,
        // "Save conflict"
        -2_130_575_305 => ErrorKind::PreconditionFailed,
        // ERROR_DISK_FULL
        -2_147_024_784 => ErrorKind::QuotaExceeded,
        // "The changeToken refers to a time before the start of the current change log"
        -2_130_575_172 => ErrorKind::CursorInvalid,
        // The threshold of list views
        -2_147_024_860 => ErrorKind::Rejected,
        _ => return None,
    })
}

/// What the exceptions mean that say one thing alone (recalled).
fn by_exception(name: &str) -> Option<ErrorKind> {
    Some(match name {
        "System.UnauthorizedAccessException" => ErrorKind::PermissionDenied,
        "System.IO.FileNotFoundException" | "System.IO.DirectoryNotFoundException" => ErrorKind::NotFound,
        "Microsoft.SharePoint.SPFileLockException" | "Microsoft.SharePoint.SPFileCheckOutException" => {
            ErrorKind::Locked
        }
        "Microsoft.SharePoint.SPQueryThrottledException" => ErrorKind::Rejected,
        _ => return None,
    })
}

/// What words mean, as far as they can be understood (inferred, and in English alone).
fn kind_of_words(words: &Words) -> Option<ErrorKind> {
    Some(match () {
        () if words.say(&["change token", "changetoken"]) => ErrorKind::CursorInvalid,
        () if words.say(&["checked out", "is locked"]) => ErrorKind::Locked,
        () if words.say(&["quota"]) => ErrorKind::QuotaExceeded,
        () if words.say(&["already exists"]) => ErrorKind::AlreadyExists,
        () => return None,
    })
}

/// Reads how loaded the farm is.
pub(crate) fn health_score(headers: &HeaderMap) -> Option<u8> {
    headers.get("x-sharepointhealthscore")?.to_str().ok()?.trim().parse().ok()
}

/// The code and the message of an error body.
fn parse(body: &[u8]) -> (Option<String>, Option<String>) {
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{') {
        let answer: Value = serde_json::from_slice(body).unwrap_or_default();
        let error = ["error", "odata.error", "@odata.error"].into_iter().find_map(|name| answer.get(name));
        let Some(error) = error else { return (None, None) };
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let message = error.get("message");
        return (text(error.get("code")), text(message).or_else(|| text(message?.get("value"))));
    }
    if is_html(body) {
        return (None, None);
    }
    let Ok(root) = Element::read(body) else { return (None, None) };
    if root.name != "error" {
        return (None, None);
    }
    let text = |name: &str| root.child(name).map(|child| child.text.clone());
    (text("code"), text("message"))
}

/// The number and the name in a code such as `-2147024891, System.UnauthorizedAccessException`.
fn split(code: &str) -> (Option<i64>, Option<String>) {
    let (number, rest) = code.split_once(',').unwrap_or((code, ""));
    let exception = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    match number.trim().parse() {
        Ok(number) => (Some(number), exception(rest)),
        Err(_) => (None, exception(code)),
    }
}

/// The error of being sent to a page on which people sign in.
pub(crate) fn login_page() -> Error {
    let message = "a page for people came instead of an answer: the service wants somebody to sign in";
    let error = SharePointError { status: 200, message: message.into(), is_login_page: true, ..Default::default() };
    Error::new(ErrorKind::Unauthenticated, message).with_provider(PROVIDER).with_source(error)
}

/// Reads the error answers of the service.
#[derive(Debug)]
pub(crate) struct SharePointErrors;

impl Classify for SharePointErrors {
    fn classify(&self, response: &ErrorResponse<'_>) -> Option<Classified> {
        let error = SharePointError::read(response.status, response.headers, response.body, response.quoted)?;
        let mut read = Classified::new(error.kind(), error.message.clone());
        read.code = error.number.map(|number| number.to_string()).or_else(|| error.exception.clone());
        read.request_id.clone_from(&error.request_id);
        // The service answers 500 to much that is simply wrong.
        read.transient = error.is_final().then_some(false);
        read.source = Some(Box::new(error));
        Some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> SharePointError {
        SharePointError::read(
            StatusCode::from_u16(status).unwrap(),
            &HeaderMap::new(),
            body.as_bytes(),
            &Quoted::default(),
        )
        .unwrap()
    }

    #[test]
    fn all_forms_are_read() {
        let xml = r#"<m:error xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"><m:code>-2147024891, System.UnauthorizedAccessException</m:code><m:message xml:lang="en-US">Access denied.</m:message></m:error>"#;
        let verbose = r#"{"error":{"code":"-2147024891, System.UnauthorizedAccessException","message":{"lang":"en-US","value":"Access denied."}}}"#;
        let plain = r#"{"odata.error":{"code":"-2147024891, System.UnauthorizedAccessException","message":{"lang":"en-US","value":"Access denied."}}}"#;
        for body in [xml, verbose, plain] {
            let error = read(400, body);
            assert_eq!((error.number, error.kind()), (Some(-2_147_024_891), ErrorKind::PermissionDenied), "{body}");
            assert_eq!(error.exception.as_deref(), Some("System.UnauthorizedAccessException"));
            assert_eq!(error.to_string(), "Access denied. (-2147024891)");
        }
    }

    #[test]
    fn where_a_code_says_nothing_words_and_status_decide() {
        let said = |words: &str| format!(r#"{{"error":{{"code":"-1, X","message":{{"value":"{words}"}}}}}}"#);
        let cases = [
            (423, "anything", ErrorKind::Locked),
            (409, "The file a is checked out for editing by B", ErrorKind::Locked),
            (400, "The site's quota is used up", ErrorKind::QuotaExceeded),
            (400, "A file with the name a already exists", ErrorKind::AlreadyExists),
            (500, "Invalid change token", ErrorKind::CursorInvalid),
            (412, "anything", ErrorKind::PreconditionFailed),
            (500, "anything", ErrorKind::Unavailable),
        ];
        for (status, words, kind) in cases {
            assert_eq!(read(status, &said(words)).kind(), kind, "{status} {words}");
        }
        for body in ["", "<html>x</html>", "<a", "[1]", "{\"error\":5}", "<a/>", "{\"error\":{\"message\":\"gone\"}}"] {
            let read =
                SharePointError::read(StatusCode::NOT_FOUND, &HeaderMap::new(), body.as_bytes(), &Quoted::default());
            assert_eq!(read, None, "{body}");
        }
    }

    #[test]
    fn a_loaded_farm_limits_the_rate() {
        let kind = |score: &str, wait: Option<&str>| {
            let score = ("x-sharepointhealthscore".parse().unwrap(), score.parse().unwrap());
            let wait = wait.map(|wait| (http::header::RETRY_AFTER, wait.parse().unwrap()));
            let headers = std::iter::once(score).chain(wait).collect();
            SharePointError::read(StatusCode::SERVICE_UNAVAILABLE, &headers, b"", &Quoted::default())
                .map(|error| error.kind())
        };
        assert_eq!(kind("10", Some("5")), Some(ErrorKind::RateLimited));
        for (score, wait) in [("10", None), ("3", Some("5")), ("x", Some("5"))] {
            assert_eq!(kind(score, wait), Some(ErrorKind::Unavailable));
        }
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

    const SAID: [(u16, &str); 7] = [
        (400, "The file {} could not be opened"),
        (500, "The file {} is checked out for editing by B"),
        (409, "A file with the name {} already exists"),
        (400, "The quota of the site does not allow for {}"),
        (404, "The file /personal/alice/{} does not exist."),
        (403, "Access denied to '{}'"),
        (500, "Invalid change token"),
    ];

    fn kind_about((status, said): (u16, &str), name: &str) -> ErrorKind {
        let quoted = Quoted::new([format!("/personal/alice/{name}")]);
        let message = said.replace("{}", name);
        let body = serde_json::json!({"error": {"code": "-1, X", "message": {"value": message}}}).to_string();
        let status = StatusCode::from_u16(status).unwrap();
        SharePointError::read(status, &HeaderMap::new(), body.as_bytes(), &quoted).unwrap().kind()
    }

    proptest::proptest! {
        /// Whatever somebody calls a file says nothing about what the service means.
        #[test]
        fn a_name_in_the_words_changes_nothing(words in proptest::collection::vec(proptest::sample::select(WORDS), 1..7), at in 0..7_usize) {
            let name = format!("{}.txt", words.join(" "));
            let kind = |name: &str| kind_about(SAID[at], name);
            proptest::prop_assert_eq!(kind(&name), kind("report.txt"), "{} in {:?}", name, SAID[at]);
        }
    }
}
