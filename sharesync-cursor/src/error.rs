//! The service's errors, typed, and what they mean in the terms of the contract.
//!
//! The documentation has two forms for them and uses both: an envelope with a code (Error codes; Rate limiting), and
//! `detail` alone, to be told apart by the status (Error codes of the newer pages). Both are read.

use std::fmt;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};
use sharesync_core::http::{Classified, Classify, ErrorResponse, Quota, Quoted, Words, default_kind};
use sharesync_core::{Error, ErrorKind, Timestamp};

/// An error as the service tells it. Reached with
/// [`Error::provider_error`](sharesync_core::Error::provider_error).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CursorError {
    /// The HTTP status of the answer.
    pub status: u16,
    /// The service's code, such as `SYNC_CONFLICT`, where it sends one.
    pub code: Option<String>,
    /// What the service says.
    pub message: String,
    /// What it says besides: `details` of the envelope. Its fields depend on the code.
    pub details: Option<Value>,
    /// The fields that the service did not accept: status 422.
    pub invalid: Vec<String>,
    /// How long the service asks to wait, as the envelope says.
    pub retry_after: Option<Duration>,
    /// The service's identifier of the request.
    pub request_id: Option<String>,
    /// Whether the words are about a cursor (inferred: only the code is documented).
    about_cursor: bool,
}

impl fmt::Display for CursorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.code.as_ref().map_or(Ok(()), |code| write!(f, " ({code})"))
    }
}

impl std::error::Error for CursorError {}

impl CursorError {
    /// Reads the body of an error response; `None` when it has neither of the two forms.
    pub(crate) fn read(status: StatusCode, body: &[u8], quoted: &Quoted) -> Option<Self> {
        let answer = serde_json::from_slice::<Map<String, Value>>(body).ok()?;
        let envelope = answer.get("error").and_then(Value::as_object);
        let text = |value: Option<&Value>| value?.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned);
        let (detail, invalid) = detail(answer.get("detail"));
        let said = text(envelope.and_then(|error| error.get("message"))).or(detail);
        let code = text(envelope.and_then(|error| error.get("code")));
        // The envelope has a code that is a text, or says that it is an error; other services have `error` objects as well.
        let enveloped =
            envelope.is_some() && (code.is_some() || answer.get("status").is_some_and(|status| status == "error"));
        if !enveloped && answer.get("detail").is_none() || said.is_none() && code.is_none() {
            return None;
        }
        let message = said.unwrap_or_else(|| "the service gave no reason".to_owned());
        let seconds = envelope.and_then(|error| error.get("retry_after")).and_then(Value::as_u64);
        Some(Self {
            status: status.as_u16(),
            code,
            about_cursor: Words::new(&message, quoted).say(&["cursor"]),
            message,
            details: envelope.and_then(|error| error.get("details")).cloned(),
            invalid,
            retry_after: seconds.map(Duration::from_secs),
            request_id: text(answer.get("meta").and_then(|meta| meta.get("request_id"))),
        })
    }

    /// What it means in the terms of the contract.
    pub fn kind(&self) -> ErrorKind {
        match self.code.as_deref() {
            Some("SYNC_CONFLICT") => ErrorKind::Conflict,
            Some("SYNC_VERSION_STALE") => ErrorKind::PreconditionFailed,
            Some("SYNC_CURSOR_INVALID") => ErrorKind::CursorInvalid,
            Some("NOT_FOUND") => ErrorKind::NotFound,
            Some("NAME_CONFLICT") => ErrorKind::AlreadyExists,
            Some("PAYLOAD_TOO_LARGE") => ErrorKind::TooLarge,
            Some("QUOTA_EXCEEDED") => ErrorKind::QuotaExceeded,
            Some("AUTH_TOKEN_INVALID") => ErrorKind::Unauthenticated,
            Some("RATE_LIMITED") => ErrorKind::RateLimited,
            _ => StatusCode::from_u16(self.status).map_or(ErrorKind::Protocol, default_kind),
        }
    }
}

/// Reads `detail`: a text, or a list of the fields that were not accepted. Their values are not read: a service may quote
/// what was sent.
fn detail(detail: Option<&Value>) -> (Option<String>, Vec<String>) {
    match detail {
        Some(Value::String(text)) if !text.trim().is_empty() => (Some(text.clone()), Vec::new()),
        Some(Value::Array(entries)) => {
            let invalid: Vec<_> = entries.iter().map(field).collect();
            let said: Vec<_> = entries.iter().zip(&invalid).map(|(entry, field)| complaint(entry, field)).collect();
            ((!said.is_empty()).then(|| said.join("; ")), invalid)
        }
        _ => (None, Vec::new()),
    }
}

/// The place of a field, such as `query.limit`.
fn field(entry: &Value) -> String {
    let place = entry.get("loc").and_then(Value::as_array).into_iter().flatten();
    let names = place.map(|name| name.as_str().map_or_else(|| name.to_string(), str::to_owned));
    names.collect::<Vec<_>>().join(".")
}

fn complaint(entry: &Value, field: &str) -> String {
    let said = entry.get("msg").and_then(Value::as_str).unwrap_or("not accepted");
    if field.is_empty() { said.to_owned() } else { format!("{field}: {said}") }
}

/// Reads the error answers of the API.
#[derive(Debug)]
pub(crate) struct CursorErrors;

impl Classify for CursorErrors {
    fn classify(&self, response: &ErrorResponse<'_>) -> Option<Classified> {
        let error = CursorError::read(response.status, response.body, response.quoted)?;
        let mut read = Classified::new(error.kind(), error.message.clone());
        read.code.clone_from(&error.code);
        read.request_id.clone_from(&error.request_id);
        read.source = Some(Box::new(error));
        Some(read)
    }
}

/// Reads how many requests are left (Rate limiting): three headers, the last one in seconds since the epoch.
pub(crate) fn quota(headers: &HeaderMap) -> Option<Quota> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    let resets = Timestamp::from_unix(i64::try_from(number("x-ratelimit-reset")?).ok()?, 0)?;
    Some(Quota::new(number("x-ratelimit-limit")?, number("x-ratelimit-remaining")?, resets))
}

/// Where the service tells no code, a conflict of these operations is that of a name.
pub(crate) fn name_taken(error: Error) -> Error {
    if error.kind() == ErrorKind::Conflict && error.code().is_none() {
        return error.with_kind(ErrorKind::AlreadyExists);
    }
    error
}

/// Where the service tells no code, what it says of the cursor is what tells.
pub(crate) fn cursor_invalid(error: Error) -> Error {
    let about_cursor = |told: &CursorError| {
        told.code.is_none()
            && matches!(told.status, 400 | 422)
            && (told.about_cursor || told.invalid.iter().any(|at| at == "query.cursor"))
    };
    match error.provider_error::<CursorError>() {
        Some(told) if about_cursor(told) => error.with_kind(ErrorKind::CursorInvalid),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> CursorError {
        CursorError::read(StatusCode::from_u16(status).unwrap(), body.as_bytes(), &Quoted::default()).unwrap()
    }

    #[test]
    fn codes_say_more_than_the_status() {
        let cases = [
            (409, "SYNC_CONFLICT", ErrorKind::Conflict),
            (409, "SYNC_VERSION_STALE", ErrorKind::PreconditionFailed),
            (400, "SYNC_CURSOR_INVALID", ErrorKind::CursorInvalid),
            (404, "NOT_FOUND", ErrorKind::NotFound),
            (409, "NAME_CONFLICT", ErrorKind::AlreadyExists),
            (413, "PAYLOAD_TOO_LARGE", ErrorKind::TooLarge),
            (507, "QUOTA_EXCEEDED", ErrorKind::QuotaExceeded),
            (401, "AUTH_TOKEN_INVALID", ErrorKind::Unauthenticated),
            (429, "RATE_LIMITED", ErrorKind::RateLimited),
            (409, "SOMETHING_NEW", ErrorKind::Conflict),
        ];
        for (status, code, kind) in cases {
            let error = read(status, &format!(r#"{{"status":"error","error":{{"code":"{code}","message":"m"}}}}"#));
            assert_eq!((error.kind(), error.to_string()), (kind, format!("m ({code})")));
        }
    }

    #[test]
    fn both_forms_are_read() {
        let body = r#"{"status":"error","error":{"code":"RATE_LIMITED","message":"slow","retry_after":22,"details":{"dimension":"token"}},"meta":{"request_id":"r1"}}"#;
        let limited = read(429, body);
        assert_eq!((limited.retry_after, limited.request_id.as_deref()), (Some(Duration::from_secs(22)), Some("r1")));
        assert_eq!(limited.details.unwrap()["dimension"], "token");
        let plain = read(404, r#"{"detail":"No such device"}"#);
        assert_eq!((plain.kind(), plain.message.as_str(), plain.code), (ErrorKind::NotFound, "No such device", None));
        let schema =
            read(422, r#"{"detail":[{"loc":["query","limit"],"msg":"too large","type":"t","input":"hush"},{}]}"#);
        assert_eq!(
            (schema.message.as_str(), schema.kind()),
            ("query.limit: too large; not accepted", ErrorKind::Rejected)
        );
        assert_eq!(schema.invalid, ["query.limit", ""]);
    }

    #[test]
    fn what_is_no_error_object_is_not_the_service() {
        let pages =
            ["<html>hush</html>", "", "[1]", "{}", "hush", "{\"error\":\"x\"}", "{\"detail\":7}", "{\"detail\":[]}"];
        for body in pages.into_iter().chain(["{\"error\":{\"code\":404,\"message\":\"gone\"}}"]) {
            assert_eq!(CursorError::read(StatusCode::NOT_FOUND, body.as_bytes(), &Quoted::default()), None, "{body}");
        }
    }

    #[test]
    fn the_requests_left_are_read() {
        let headers = |limit: &str, left: &str, reset: &str| {
            let names = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"];
            let values = [limit, left, reset].map(|value| value.parse::<http::HeaderValue>().unwrap());
            quota(&names.map(|name| name.parse::<http::HeaderName>().unwrap()).into_iter().zip(values).collect())
        };
        assert_eq!(headers("1000", "7", "60"), Some(Quota::new(1000, 7, Timestamp::from_unix(60, 0).unwrap())));
        assert_eq!(
            (headers("x", "7", "60"), headers("1", "-7", "60"), headers("1", "1", "99999999999999999999")),
            (None, None, None)
        );
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

    const SAID: [(u16, &str); 5] = [
        (400, "{} is no name"),
        (404, "{} was not found"),
        (409, "{} exists"),
        (400, "The cursor is of another share than {}"),
        (422, "'{}' was not accepted"),
    ];

    fn kind_about((status, said): (u16, &str), name: &str) -> ErrorKind {
        let body = serde_json::json!({"detail": said.replace("{}", name)}).to_string();
        let headers = HeaderMap::new();
        let status = StatusCode::from_u16(status).unwrap();
        let quoted = Quoted::new([name]);
        let read = CursorErrors.classify(&ErrorResponse::new(status, &headers, body.as_bytes(), &quoted)).unwrap();
        cursor_invalid(Error::new(read.kind, read.message).with_source(read.source.unwrap())).kind()
    }

    proptest::proptest! {
        /// Whatever somebody calls a file says nothing about what the service means.
        #[test]
        fn a_name_in_the_words_changes_nothing(words in proptest::collection::vec(proptest::sample::select(WORDS), 1..7), at in 0..5_usize) {
            let name = format!("{}.txt", words.join(" "));
            let kind = |name: &str| kind_about(SAID[at], name);
            proptest::prop_assert_eq!(kind(&name), kind("report.txt"), "{} in {:?}", name, SAID[at]);
        }
    }
}
