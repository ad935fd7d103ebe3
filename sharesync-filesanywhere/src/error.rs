//! The service's errors, typed, and what they mean in the terms of the contract.
//!
//! It has three ways to say no: a SOAP fault, a result with an `ErrorMessage` or without its sign of success, and an answer
//! that is no envelope at all.

use std::fmt;

use http::header::CONTENT_TYPE;
use sharesync_core::http::{
    Classified, Classify, ErrorResponse, ForeignResponse, MediaType, Quoted, Response, Words, default_kind,
};
use sharesync_core::{Error, ErrorKind, Result};

use crate::PROVIDER;
use crate::soap::{Answer, DocumentError, Expected, Fault, Field, NoRows, Op, Outcome, Tree, envelope_in};

/// A folder of this name exists already; the one code whose meaning is known (observed by public clients).
const FOLDER_EXISTS: &str = "e2937";

/// A result by which the service refuses what it was asked for. Reached with
/// [`Error::provider_error`](sharesync_core::Error::provider_error).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The code that the message begins with, such as `e2937`. The service publishes no list of them.
    pub code: Option<String>,
    /// What the service says, without the code. It may be empty where an operation says no more than that it failed.
    pub message: String,
    /// The element of the result that says whether it succeeded, if that says that it did not.
    pub flag: Option<&'static str>,
    /// What the words mean, as far as they can be understood.
    said: Option<ErrorKind>,
}

impl Refusal {
    /// Reads a message such as `e2937: Folder exists`.
    pub(crate) fn new(message: &str, flag: Option<&'static str>, quoted: &Quoted) -> Self {
        let message = message.trim();
        let code = message.split_once(':').map(|(code, rest)| (code.trim(), rest.trim())).filter(|(code, _)| {
            code.strip_prefix(['e', 'E']).is_some_and(|digits| {
                !digits.is_empty() && digits.len() <= 8 && digits.bytes().all(|digit| digit.is_ascii_digit())
            })
        });
        let (code, message) = code.map_or((None, message), |(code, rest)| (Some(code.to_ascii_lowercase()), rest));
        let said = kind_of_words(&Words::new(message, quoted));
        Self { code, message: message.to_owned(), flag, said }
    }

    /// What it means in the terms of the contract. All but the one known code is read from the words (inferred).
    pub fn kind(&self) -> ErrorKind {
        match self.code.as_deref() {
            Some(FOLDER_EXISTS) => ErrorKind::AlreadyExists,
            _ => self.said.unwrap_or(ErrorKind::Rejected),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.message.as_str(), self.flag) {
            ("", Some(flag)) => write!(f, "the service says that it did not ({flag} is false) and not why"),
            (message, _) => f.write_str(message),
        }
    }
}

impl std::error::Error for Refusal {}

/// An answer without an envelope: ASP.NET answers 400 with no body to what is no XML, and 415 to another media type.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NoEnvelope {
    /// The HTTP status.
    pub status: u16,
}

impl fmt::Display for NoEnvelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.status {
            415 => "the service does not take this media type: is it the address of a SOAP service?",
            _ => "the service could not read the request as XML",
        })
    }
}

impl std::error::Error for NoEnvelope {}

/// What words mean, as far as they can be understood (inferred: the service documents none of them, and has no statuses for
/// its refusals). What sends something again is said for sure, and by no name.
fn kind_of_words(words: &Words) -> Option<ErrorKind> {
    let has = |any: &[&str]| words.say(any);
    Some(match () {
        () if words.surely_say(&["upload token"]) => ErrorKind::UploadExpired,
        () if is_session_end(words) => ErrorKind::Unauthenticated,
        () if has(&["already exist", "name is taken"]) => ErrorKind::AlreadyExists,
        () if has(&["not found", "not exist", "no such"]) => ErrorKind::NotFound,
        () if has(&["permission", "access denied", "not authorized", "not allowed", "read only", "read-only"]) => {
            ErrorKind::PermissionDenied
        }
        () if has(&["quota", "storage limit", "out of space", "insufficient storage"]) => ErrorKind::QuotaExceeded,
        () if has(&["locked", "checked out"]) => ErrorKind::Locked,
        () => return None,
    })
}

/// Whether the words say that the token is none any more.
fn is_session_end(words: &Words) -> bool {
    let ended = words.surely_say(&["expire", "invalid", "not valid", "timed out"]);
    words.surely_say(&["token", "session"]) && ended || words.surely_say(&["token not found", "session not found"])
}

/// What a fault means.
fn kind_of_fault(fault: &Fault, quoted: &Quoted) -> ErrorKind {
    if fault.is_unknown_operation() {
        return ErrorKind::Unsupported;
    }
    let words = std::iter::once(&fault.reason).chain(&fault.causes);
    let said = words.into_iter().find_map(|words| kind_of_words(&Words::new(words, quoted)));
    said.unwrap_or(if fault.is_client() { ErrorKind::Rejected } else { ErrorKind::Unavailable })
}

/// The error of an answer that is not what the protocol says.
pub(crate) fn document(error: DocumentError) -> Error {
    error.into_error().with_provider(PROVIDER)
}

/// The error of a fault.
pub(crate) fn fault(fault: Fault, quoted: &Quoted) -> Error {
    let code = fault.code.clone();
    Error::new(kind_of_fault(&fault, quoted), fault.to_string())
        .with_provider(PROVIDER)
        .with_code(code)
        .with_source(fault)
}

fn refused(refusal: Refusal) -> Error {
    let error = Error::new(refusal.kind(), refusal.to_string()).with_provider(PROVIDER);
    let error = match &refusal.code {
        Some(code) => error.with_code(code.clone()),
        None => error,
    };
    error.with_source(refusal)
}

/// The error of one entry of a result that has several, such as the items of a move.
pub(crate) fn refused_entry(op: &'static str, message: Option<&str>, flag: &'static str, names: &[&str]) -> Error {
    let quoted = Quoted::new(names.iter().copied());
    refused(Refusal::new(message.unwrap_or_default(), Some(flag), &quoted)).with_operation(op)
}

/// Whether an error says that the session has ended. A status 401 from whoever stands before the service does not.
pub(crate) fn ends_session(error: &Error) -> bool {
    error.kind() == ErrorKind::Unauthenticated && error.provider_error::<ForeignResponse>().is_none()
}

/// Says which operation an error belongs to.
pub(crate) fn of(op: &'static Op, error: Error) -> Error {
    if error.operation().is_some() { error } else { error.with_operation(op.name).with_provider(PROVIDER) }
}

/// Whether a result says that it succeeded: no `ErrorMessage`, and the sign of success where there is one.
pub(crate) fn check(op: &Op, tree: &Tree, quoted: &Quoted) -> Result<()> {
    let Some(root) = tree.root() else { return Ok(()) };
    let message = Option::<String>::field(root, "ErrorMessage").map_err(document)?.unwrap_or_default();
    let done = match op.flag {
        Some(flag) => Option::<bool>::field(root, flag).map_err(document)?,
        None => Some(true),
    };
    let failed = op.flag.filter(|_| done == Some(false));
    if !message.trim().is_empty() || failed.is_some() {
        return Err(refused(Refusal::new(&message, failed, quoted)));
    }
    match (done, op.flag) {
        (None, Some(flag)) => Err(document(root.missing(flag))),
        _ => Ok(()),
    }
}

/// Refuses a page before it is read.
pub(crate) fn check_type(response: &Response) -> Result<()> {
    let html = response.header(CONTENT_TYPE.as_str()).is_some_and(is_html);
    if !html {
        return Ok(());
    }
    Err(ForeignResponse::new(response.status(), response.headers()).into_error().with_provider(PROVIDER))
}

fn is_html(media_type: &str) -> bool {
    media_type.trim_start().to_ascii_lowercase().starts_with("text/html")
}

/// Reads answers that are no success: a fault in an envelope, or no envelope.
#[derive(Debug)]
pub(crate) struct FilesAnywhereErrors;

impl Classify for FilesAnywhereErrors {
    fn classify(&self, response: &ErrorResponse<'_>) -> Option<Classified> {
        let fault = envelope_in(&MediaType::of(response.headers), response.body);
        if let Some(fault) = fault.as_deref().and_then(read_fault) {
            let kind = match kind_of_fault(&fault, response.quoted) {
                ErrorKind::Unavailable => default_kind(response.status),
                kind => kind,
            };
            let mut read = Classified::new(kind, fault.to_string());
            // What the request is to blame for fails again.
            read.transient = (kind != ErrorKind::Unavailable).then_some(false);
            read.code = Some(fault.code.clone());
            read.source = Some(Box::new(fault));
            return Some(read);
        }
        // Nothing else without an envelope is the service.
        let status = response.status.as_u16();
        if !response.body.trim_ascii().is_empty() || !matches!(status, 400 | 415) {
            return None;
        }
        let unread = NoEnvelope { status };
        let mut read = Classified::new(ErrorKind::Rejected, unread.to_string());
        read.source = Some(Box::new(unread));
        Some(read)
    }
}

/// The fault in an error's body, if it is one. The rest of the body may have been cut off.
fn read_fault(body: &[u8]) -> Option<Fault> {
    let mut answer = Answer::<NoRows>::new(Expected { response: "", result: "" });
    answer.feed(body).ok()?;
    match answer.finish().ok()? {
        (_, Outcome::Fault(fault)) => Some(fault),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};

    use super::*;

    #[test]
    fn codes_and_words_are_told_apart() {
        let read = |message: &str| {
            let refusal = Refusal::new(message, None, &Quoted::default());
            (refusal.code.clone(), refusal.message.clone(), refusal.kind())
        };
        let some = |code: &str| Some(code.to_owned());
        assert_eq!(read(" e2937: Folder exists."), (some("e2937"), "Folder exists.".into(), ErrorKind::AlreadyExists));
        assert_eq!(read("E12:"), (some("e12"), String::new(), ErrorKind::Rejected));
        assert_eq!(read("error: e2937"), (None, "error: e2937".into(), ErrorKind::Rejected));
        assert_eq!(read("Your token has expired").2, ErrorKind::Unauthenticated);
        assert_eq!(read("File not found").2, ErrorKind::NotFound);
        assert!(Refusal::new("", Some("Deleted"), &Quoted::default()).to_string().contains("Deleted"));
    }

    #[test]
    fn faults_are_read_from_any_status_and_pages_are_not_faults() {
        let classify = |status: u16, kind: &str, body: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, kind.parse().unwrap());
            FilesAnywhereErrors.classify(&ErrorResponse::new(
                StatusCode::from_u16(status).unwrap(),
                &headers,
                body.as_bytes(),
                &Quoted::default(),
            ))
        };
        let fault = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><s:Fault>\
            <faultcode>s:Client</faultcode><faultstring>Server was unable to read request. ---&gt; There is an error in XML \
            document (1, 2). ---&gt; Input string was not in a correct format.\n   at System.Number.Parse()</faultstring>\
            <detail /></s:Fault></s:Body></s:Envelope>";
        let read = classify(500, "text/xml; charset=utf-8", fault).unwrap();
        assert_eq!(
            (read.kind, read.code.as_deref(), read.transient),
            (ErrorKind::Rejected, Some("Client"), Some(false))
        );
        assert_eq!(read.message, "Server was unable to read request.");
        let source = read.source.unwrap();
        let causes = &source.downcast_ref::<Fault>().unwrap().causes;
        assert_eq!(causes.last().unwrap(), "Input string was not in a correct format.");
        for status in [400, 415] {
            let read = classify(status, "text/plain", "").unwrap();
            assert_eq!(read.kind, ErrorKind::Rejected);
            assert!(read.source.unwrap().downcast_ref::<NoEnvelope>().is_some());
        }
        for (status, kind, body) in [
            (404, "text/html; charset=utf-8", "<html><body>hush</body></html>"),
            (403, "text/plain", ""),
            (400, "text/plain", "bad request"),
            (503, "text/html", "<html>"),
        ] {
            assert!(classify(status, kind, body).is_none(), "{status} {body}");
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

    const SAID: [&str; 9] = [
        "The path {} does not exist.",
        "e2937: Folder {} exists",
        "The folder \\jane\\{} could not be renamed.",
        "Access denied to {}",
        "The path {} is invalid.",
        "Storage limit reached by {}",
        "{} is checked out",
        "A file with the name {} already exists",
        "'{}' cannot be had",
    ];

    /// By a refusal, and by a fault: what both mean is one thing.
    fn kind_about(said: &str, name: &str) -> (ErrorKind, ErrorKind) {
        let (message, quoted) = (said.replace("{}", name), Quoted::new([format!("\\jane\\{name}")]));
        let fault = Fault { code: "Server".into(), reason: "Server was unable.".into(), causes: vec![message.clone()] };
        (Refusal::new(&message, None, &quoted).kind(), kind_of_fault(&fault, &quoted))
    }

    proptest::proptest! {
        /// Whatever somebody calls a file says nothing about what the service means.
        #[test]
        fn a_name_in_the_words_changes_nothing(words in proptest::collection::vec(proptest::sample::select(WORDS), 1..7), at in 0..9_usize) {
            let name = format!("{}.txt", words.join(" "));
            let kind = |name: &str| kind_about(SAID[at], name);
            proptest::prop_assert_eq!(kind(&name), kind("report.txt"), "{} in {:?}", name, SAID[at]);
        }
    }
}
