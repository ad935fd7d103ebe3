//! SOAP as ASP.NET's .asmx services speak it: both versions, their envelopes and their faults. It knows no operation.

mod fault;
mod request;
mod xml;

pub(super) use fault::{Code, Fault};
pub(super) use request::Request;
pub(super) use xml::{Namespace, Node};

use bytes::Bytes;
use http::StatusCode;

use crate::http::{Reply, full};

/// The namespace of every operation, and the beginning of every SOAPAction.
pub(super) const API: &str = "http://api.filesanywhere.com/";

/// The two versions of SOAP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    V11,
    V12,
}

impl Version {
    /// The version that a content type stands for.
    pub(super) fn of(content_type: &str) -> Option<Self> {
        match content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "text/xml" => Some(Self::V11),
            "application/soap+xml" => Some(Self::V12),
            _ => None,
        }
    }

    pub(super) fn namespace(self) -> &'static str {
        match self {
            Self::V11 => "http://schemas.xmlsoap.org/soap/envelope/",
            Self::V12 => "http://www.w3.org/2003/05/soap-envelope",
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::V11 => "text/xml; charset=utf-8",
            Self::V12 => "application/soap+xml; charset=utf-8",
        }
    }

    /// All that stands before the content of the body.
    pub(super) fn head(self) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope xmlns:soap=\"{}\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
             xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"><soap:Body>",
            self.namespace()
        )
    }

    /// All that stands behind it.
    pub(super) fn tail(self) -> &'static str {
        "</soap:Body></soap:Envelope>"
    }

    /// A reply with one element as its body.
    pub(super) fn reply(self, status: StatusCode, body: &str) -> Reply {
        let envelope = [&self.head(), body, self.tail()].concat();
        full(status, self.content_type(), Bytes::from(envelope))
    }
}

/// Writes character data as .NET does: what XML cannot hold goes out as a reference all the same.
pub(super) fn escape_into(out: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\t' | '\n' => out.push(letter),
            control if control.is_ascii_control() => out.push_str(&format!("&#x{:X};", u32::from(control))),
            other => out.push(other),
        }
    }
}

/// Character data as a new text.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape_into(&mut out, text);
    out
}
