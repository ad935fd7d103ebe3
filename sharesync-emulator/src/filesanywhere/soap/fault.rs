//! Faults of both versions, spelled as System.Web.Services spells them.

use http::StatusCode;

use super::{Version, escaped};
use crate::http::Reply;

/// Whose fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    Client,
    Server,
    VersionMismatch,
    MustUnderstand,
}

impl Code {
    fn name(self, version: Version) -> &'static str {
        match (self, version) {
            (Self::Client, Version::V11) => "Client",
            (Self::Client, Version::V12) => "Sender",
            (Self::Server, Version::V11) => "Server",
            (Self::Server, Version::V12) => "Receiver",
            (Self::VersionMismatch, _) => "VersionMismatch",
            (Self::MustUnderstand, _) => "MustUnderstand",
        }
    }
}

/// A fault: the messages of an exception and of those inside it, joined by arrows.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) code: Code,
    pub(crate) text: String,
}

impl Fault {
    pub(crate) fn new(code: Code, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    /// The method threw an exception.
    pub(crate) fn thrown(message: &str) -> Self {
        Self::new(Code::Server, format!("Server was unable to process request. ---> {message}"))
    }

    pub(crate) fn into_reply(self, version: Version) -> Reply {
        let (code, text) = (self.code.name(version), escaped(&self.text));
        let body = match version {
            Version::V11 => format!(
                "<soap:Fault><faultcode>soap:{code}</faultcode><faultstring>{text}</faultstring><detail /></soap:Fault>"
            ),
            Version::V12 => format!(
                "<soap:Fault><soap:Code><soap:Value>soap:{code}</soap:Value></soap:Code><soap:Reason>\
                 <soap:Text xml:lang=\"en\">{text}</soap:Text></soap:Reason><soap:Detail /></soap:Fault>"
            ),
        };
        version.reply(StatusCode::INTERNAL_SERVER_ERROR, &body)
    }
}
