//! Reading a request: which version, which operation, which element is its message. The order of the checks, their statuses and
//! texts are those of System.Web.Services.

use http::header::HeaderName;
use http::{Method, StatusCode};

use super::{API, Code, Fault, Namespace, Node, Version};
use crate::http::{Call, Reply, decode, empty};

/// A request that was understood as far as SOAP goes.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) version: Version,
    pub(crate) operation: &'static str,
    /// What the body holds; `None` is an empty body.
    pub(crate) message: Option<Node>,
    text: String,
}

/// Why there is no request.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// A status without a body: malformed XML, a media type or a method that is not served.
    Bare(StatusCode),
    Fault(Version, Fault),
}

impl Refusal {
    pub(crate) fn into_reply(self) -> Reply {
        match self {
            Self::Bare(status) => empty(status),
            Self::Fault(version, fault) => fault.into_reply(version),
        }
    }
}

impl Request {
    /// Reads the body and finds the operation by `find`. A body longer than `longest` is not looked at.
    pub(crate) async fn read(
        call: &mut Call,
        longest: usize,
        find: impl Fn(&str) -> Option<&'static str>,
    ) -> Result<Self, Refusal> {
        let body = call.body.read(longest).await;
        if body.is_err() {
            call.body.drain().await;
        }
        if call.method != Method::POST {
            return Err(Refusal::Bare(StatusCode::METHOD_NOT_ALLOWED));
        }
        let version = Version::of(call.content_type()).filter(|_| speaks_utf8(call.content_type()));
        let version = version.ok_or(Refusal::Bare(StatusCode::UNSUPPORTED_MEDIA_TYPE))?;
        let refuse = |code, text: String| Refusal::Fault(version, Fault::new(code, text));
        let body = body.map_err(|_| {
            let chain = "There was an exception running the extensions specified in the config file. ---> \
                         Maximum request length exceeded.";
            refuse(Code::Client, chain.to_owned())
        })?;
        let routed = match version {
            Version::V11 => Some(by_header(call, &find).map_err(|text| refuse(Code::Client, text))?),
            Version::V12 => action_of(call.content_type()).and_then(|action| find(action.strip_prefix(API)?)),
        };
        let malformed = || Refusal::Bare(StatusCode::BAD_REQUEST);
        let text = String::from_utf8(body.into()).map_err(|_| malformed())?;
        let envelope = Node::parse(&text).map_err(|_| malformed())?;
        let message = open(envelope, version)?;
        let operation = match routed {
            Some(operation) => operation,
            None => by_element(call, message.as_ref(), &find).map_err(|text| refuse(Code::Client, text))?,
        };
        Ok(Self { version, operation, message, text })
    }

    /// Line and column of a place in the text, both from 1 on.
    pub(crate) fn position(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
        (line, column)
    }
}

/// The message inside an envelope.
fn open(envelope: Node, version: Version) -> Result<Option<Node>, Refusal> {
    let own = match version {
        Version::V11 => Namespace::Soap11,
        Version::V12 => Namespace::Soap12,
    };
    let refuse = |code, text| Err(Refusal::Fault(version, Fault::new(code, text)));
    if envelope.name != "Envelope" {
        return Err(Refusal::Bare(StatusCode::BAD_REQUEST));
    }
    if envelope.namespace != own {
        let text = format!(
            "Possible SOAP version mismatch: Envelope namespace {} was unexpected. Expecting {}.",
            envelope.uri,
            version.namespace()
        );
        return refuse(Code::VersionMismatch, text);
    }
    let header = envelope.child(own, "Header");
    if let Some(entry) = header.and_then(|header| header.children.iter().find(|entry| entry.must_understand)) {
        return refuse(Code::MustUnderstand, format!("SOAP header {} was not understood.", entry.name));
    }
    let mut bodies = envelope.children.into_iter().filter(|child| child.namespace == own && child.name == "Body");
    match (bodies.next(), bodies.next()) {
        (Some(body), None) => Ok(body.children.into_iter().next()),
        _ => Err(Refusal::Bare(StatusCode::BAD_REQUEST)),
    }
}

/// ASP.NET reads what the charset says; this server reads UTF-8.
fn speaks_utf8(content_type: &str) -> bool {
    parameter(content_type, "charset").is_none_or(|charset| ["utf-8", "utf8", "us-ascii"].contains(&charset.as_str()))
}

fn action_of(content_type: &str) -> Option<String> {
    let (_, rest) = content_type.split_once(';')?;
    let given = rest.split(';').filter_map(|part| part.split_once('='));
    let action =
        given.map(|(name, value)| (name.trim(), value.trim())).find(|(name, _)| name.eq_ignore_ascii_case("action"));
    action.map(|(_, value)| value.trim_matches('"').to_owned()).filter(|action| !action.is_empty())
}

fn parameter(content_type: &str, wanted: &str) -> Option<String> {
    let given = content_type.split(';').skip(1).filter_map(|part| part.split_once('='));
    let found =
        given.map(|(name, value)| (name.trim(), value.trim())).find(|(name, _)| name.eq_ignore_ascii_case(wanted));
    found.map(|(_, value)| value.trim_matches('"').to_ascii_lowercase())
}

const NO_ACTION: &str = "Unable to handle request without a valid action parameter. Please supply a valid soap action.";

/// SOAP 1.1 goes by the header `SOAPAction` alone; its quotes are optional.
fn by_header(call: &Call, find: impl Fn(&str) -> Option<&'static str>) -> Result<&'static str, String> {
    let given = call.header(&HeaderName::from_static("soapaction")).ok_or_else(|| NO_ACTION.to_owned())?;
    let bare = given.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(given);
    let action = decode(bare);
    let unknown = || format!("Server did not recognize the value of HTTP Header SOAPAction: {action}.");
    action.strip_prefix(API).and_then(find).ok_or_else(unknown)
}

/// SOAP 1.2 goes by the element when the content type names no action that is known.
fn by_element(
    call: &Call,
    message: Option<&Node>,
    find: impl Fn(&str) -> Option<&'static str>,
) -> Result<&'static str, String> {
    let element = message.filter(|message| message.namespace == Namespace::Api);
    let unknown = || match action_of(call.content_type()) {
        None => NO_ACTION.to_owned(),
        Some(action) => format!("Unable to handle request. The action '{action}' was not recognized."),
    };
    element.and_then(|element| find(&element.name)).ok_or_else(unknown)
}
