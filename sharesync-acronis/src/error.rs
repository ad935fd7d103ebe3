//! The service's errors, typed, and what they mean in the terms of the contract.

use std::fmt;

use http::StatusCode;
use serde_json::{Map, Value};
use sharesync_core::ErrorKind;
use sharesync_core::http::{Classified, Classify, ErrorResponse, default_kind};

use crate::model::wire::{Wire, take};
use crate::model::{Extra, Node};

/// The domain of the documented codes. Those of other domains of the platform have other meanings.
const FILES: &str = "Files";

/// Codes of the domain [`FILES`] that say more than the status.
mod code {
    /// The session has ended (inferred).
    pub(super) const SESSION: i64 = 4;
    /// Not all data of an upload was received [Upload file, 400].
    pub(super) const INCOMPLETE: i64 = 9;
    /// There is no such object [Get device information, 404].
    pub(super) const NOT_FOUND: i64 = 10;
    /// The name is taken [Create folder, 409].
    pub(super) const NAME_CONFLICT: i64 = 92;
}

/// An error as the service tells it. Reached with
/// [`Error::provider_error`](sharesync_core::Error::provider_error).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AcronisError {
    /// The HTTP status of the answer.
    pub status: u16,
    /// What the code belongs to, such as `Files`.
    pub domain: Option<String>,
    /// The service's code. The document shows 3, 9, 10, 15 and 92, without a list.
    pub code: Option<i64>,
    /// What the service says.
    pub message: String,
    /// The node that has the name already: `conflict` of the `context` [Create folder, 409].
    pub conflict: Option<Box<Node>>,
    /// What the service sent besides.
    pub extra: Extra,
}

impl fmt::Display for AcronisError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match (&self.domain, self.code) {
            (Some(domain), Some(code)) => write!(f, " ({domain} {code})"),
            (None, Some(code)) => write!(f, " ({code})"),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for AcronisError {}

impl AcronisError {
    /// Reads the body of an error response; `None` when it is not the service's error object.
    pub(crate) fn read(status: StatusCode, body: &[u8]) -> Option<Self> {
        let mut answer = serde_json::from_slice::<Map<String, Value>>(body).ok()?;
        let Some(Value::Object(mut fields)) = answer.remove("error") else { return None };
        let text = |fields: &mut Map<String, Value>, name| take::<String>(fields, name).ok().flatten();
        // The document has a domain in every example; other services have errors under this name as well.
        let domain = text(&mut fields, "domain")?;
        let words = text(&mut fields, "message").filter(|words| !words.trim().is_empty());
        let message = words.unwrap_or_else(|| "the service gave no reason".to_owned());
        Some(Self {
            status: status.as_u16(),
            domain: Some(domain),
            code: take(&mut fields, "code").ok().flatten(),
            message,
            conflict: fields.get_mut("context").and_then(conflict),
            extra: fields.into(),
        })
    }

    /// The code, where it is one of those known here.
    fn known_code(&self) -> Option<i64> {
        self.code.filter(|_| self.domain.as_deref() == Some(FILES))
    }

    /// Whether it says that the token is no good any longer (inferred).
    pub(crate) fn ends_session(&self) -> bool {
        self.known_code() == Some(code::SESSION)
    }

    /// What it means in the terms of the contract.
    pub fn kind(&self) -> ErrorKind {
        match self.known_code() {
            Some(code::SESSION) => ErrorKind::Unauthenticated,
            Some(code::INCOMPLETE) => ErrorKind::Integrity,
            Some(code::NOT_FOUND) => ErrorKind::NotFound,
            Some(code::NAME_CONFLICT) => ErrorKind::AlreadyExists,
            _ => StatusCode::from_u16(self.status).map_or(ErrorKind::Protocol, default_kind),
        }
    }
}

/// Takes the node out of the context of a conflict. What is no node stays.
fn conflict(context: &mut Value) -> Option<Box<Node>> {
    let node = context.get("conflict")?.clone();
    let node = Node::read(node).ok()?;
    context.as_object_mut()?.remove("conflict");
    Some(Box::new(node))
}

/// Reads the error answers of the API.
#[derive(Debug)]
pub(crate) struct AcronisErrors;

impl Classify for AcronisErrors {
    fn classify(&self, response: &ErrorResponse<'_>) -> Option<Classified> {
        let error = AcronisError::read(response.status, response.body)?;
        let mut read = Classified::new(error.kind(), error.message.clone());
        read.code = error.code.map(|code| code.to_string());
        read.source = Some(Box::new(error));
        Some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> AcronisError {
        AcronisError::read(StatusCode::from_u16(status).unwrap(), body.as_bytes()).unwrap()
    }

    #[test]
    fn codes_say_more_than_the_status_within_their_domain() {
        let cases = [
            (400, "Files", 9, ErrorKind::Integrity),
            (400, "Files", 15, ErrorKind::Rejected),
            (403, "Files", 3, ErrorKind::PermissionDenied),
            (404, "Files", 10, ErrorKind::NotFound),
            (409, "Files", 92, ErrorKind::AlreadyExists),
            (409, "Files", 93, ErrorKind::Conflict),
            (403, "Files", 4, ErrorKind::Unauthenticated),
            (503, "Files", 0, ErrorKind::Unavailable),
            (400, "PlatformAccountServer", 92, ErrorKind::Rejected),
        ];
        for (status, domain, code, kind) in cases {
            let error = read(status, &format!(r#"{{"error":{{"domain":"{domain}","code":{code},"message":"m"}}}}"#));
            assert_eq!((error.kind(), error.code), (kind, Some(code)), "{status} {domain} {code}");
            assert_eq!(error.to_string(), format!("m ({domain} {code})"));
        }
    }

    #[test]
    fn what_is_no_error_object_is_not_the_service() {
        for body in ["<html>hush</html>", "", "[1]", "{}", "{\"error\":\"x\"}", "{\"error\":{\"code\":10}}", "hush"] {
            assert_eq!(AcronisError::read(StatusCode::NOT_FOUND, body.as_bytes()), None, "{body}");
        }
        for body in
            ["{\"error\":{\"domain\":\"Files\",\"code\":\"x\"}}", "{\"error\":{\"domain\":\"Files\",\"message\":null}}"]
        {
            let error = read(500, body);
            assert_eq!((error.kind(), error.code), (ErrorKind::Unavailable, None), "{body}");
        }
    }

    #[test]
    fn a_conflict_without_a_node_is_a_conflict_still() {
        let contexts =
            ["", r#","context":null"#, r#","context":{}"#, r#","context":[1]"#, r#","context":{"conflict":7}"#];
        for context in contexts {
            let error = read(409, &format!(r#"{{"error":{{"domain":"Files","code":92,"message":"m"{context}}}}}"#));
            assert_eq!((error.kind(), error.conflict), (ErrorKind::AlreadyExists, None), "{context}");
        }
        let kept = read(
            409,
            r#"{"error":{"domain":"Files","code":92,"context":{"conflict":7,"more":1},"details":{"info":"i"}}}"#,
        )
        .extra;
        assert_eq!((kept["context"]["conflict"].clone(), kept["details"]["info"].clone()), (7.into(), "i".into()));
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

    const SAID: [(u16, i64, &str); 3] =
        [(409, 92, "'{}' already exists in this location."), (403, 3, "{} is missing"), (400, 15, "{} is invalid")];

    fn kind_about((status, code, said): (u16, i64, &str), name: &str) -> ErrorKind {
        let message = said.replace("{}", name);
        let body = serde_json::json!({"error": {"domain": "Files", "code": code, "message": message}});
        read(status, &body.to_string()).kind()
    }

    proptest::proptest! {
        /// Whatever somebody calls a file says nothing about what the service means.
        #[test]
        fn a_name_in_the_words_changes_nothing(words in proptest::collection::vec(proptest::sample::select(WORDS), 1..7), at in 0..3_usize) {
            let name = format!("{}.txt", words.join(" "));
            let kind = |name: &str| kind_about(SAID[at], name);
            proptest::prop_assert_eq!(kind(&name), kind("report.txt"), "{} in {:?}", name, SAID[at]);
        }
    }
}
