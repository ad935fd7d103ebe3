//! Writing envelopes. Elements are written in the order of the document; content goes into the body piece by piece, so that
//! no chunk is held twice.

use std::fmt::{Display, Write as _};
use std::sync::Arc;

use sharesync_core::http::{Body, Repeat};
use sharesync_core::transfer::Source;
use sharesync_core::{Error, ErrorKind, Result};

use super::{ENVELOPE_11, ENVELOPE_12, Expected, INSTANCE, NAMESPACE, SoapVersion, base64_of};

/// Which of the two services has an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    /// SyncAPI.
    Sync,
    /// FAWAPI.
    Files,
}

/// An operation, and what is known of its answer.
#[derive(Debug)]
pub(crate) struct Op {
    pub(crate) name: &'static str,
    /// The element around the result.
    pub(crate) response: &'static str,
    pub(crate) result: &'static str,
    pub(crate) service: Service,
    pub(crate) repeat: Repeat,
    /// The element that must be true in the result of a success.
    pub(crate) flag: Option<&'static str>,
    /// Whether it begins with the token of a session.
    pub(crate) token: bool,
}

impl Op {
    /// An operation of FAWAPI with a token, which changes nothing.
    pub(crate) const fn files(name: &'static str, response: &'static str, result: &'static str) -> Self {
        Self { name, response, result, service: Service::Files, repeat: Repeat::Safe, flag: None, token: true }
    }

    /// An operation of SyncAPI with a token, which changes nothing.
    pub(crate) const fn sync(name: &'static str, response: &'static str, result: &'static str) -> Self {
        Self { service: Service::Sync, ..Self::files(name, response, result) }
    }

    /// It changes something, and tells by this element that it did.
    pub(crate) const fn writes(self, repeat: Repeat, flag: Option<&'static str>) -> Self {
        Self { repeat, flag, ..self }
    }

    /// It needs no session.
    pub(crate) const fn without_token(self) -> Self {
        Self { token: false, ..self }
    }

    pub(crate) fn expected(&self) -> Expected {
        Expected { response: self.response, result: self.result }
    }

    /// The value of the header `SOAPAction` of SOAP 1.1.
    pub(crate) fn action(&self) -> String {
        format!("\"{NAMESPACE}{}\"", self.name)
    }
}

/// The content of one request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) op: &'static Op,
    pub(crate) subject: Option<String>,
    /// What is written before `xml`.
    before: Body,
    xml: String,
    /// The texts of its elements: the service may quote them.
    pub(crate) texts: Vec<String>,
    /// The first thing that cannot be written.
    refused: Option<String>,
}

impl Request {
    pub(crate) fn new(op: &'static Op) -> Self {
        Self { op, subject: None, before: Body::empty(), xml: String::new(), texts: Vec::new(), refused: None }
    }

    /// Names what the request is about, in errors and traces.
    pub(crate) fn about(mut self, subject: impl Display) -> Self {
        self.subject = Some(subject.to_string());
        self
    }

    /// An element with a text.
    pub(crate) fn text(mut self, name: &'static str, text: &str) -> Self {
        if let Some(odd) = text.chars().find(|c| !is_carried(*c)) {
            let complaint = format!("`{name}` holds the character U+{:04X}, which XML cannot carry", u32::from(odd));
            self.refused.get_or_insert(complaint);
            return self;
        }
        let _ = write!(self.xml, "<{name}>{}</{name}>", escape(text));
        self.texts.push(text.to_owned());
        self
    }

    /// An element with a text, where there is one.
    pub(crate) fn text_if(self, name: &'static str, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(name, text),
            None => self,
        }
    }

    /// An element with a number, a truth value, a date: something that needs no escaping.
    pub(crate) fn value(mut self, name: &'static str, value: impl Display) -> Self {
        let _ = write!(self.xml, "<{name}>{value}</{name}>");
        self
    }

    /// An element that is always there, and nil where there is no value.
    pub(crate) fn value_or_nil(mut self, name: &'static str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.value(name, value),
            None => {
                let _ = write!(self.xml, "<{name} xsi:nil=\"true\" />");
                self
            }
        }
    }

    /// As [`value_or_nil`](Self::value_or_nil), with a text.
    pub(crate) fn text_or_nil(self, name: &'static str, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(name, text),
            None => self.value_or_nil(name, None::<&str>),
        }
    }

    /// An element with the elements that `inner` writes.
    pub(crate) fn nested(mut self, name: &'static str, inner: impl FnOnce(Self) -> Self) -> Self {
        let _ = write!(self.xml, "<{name}>");
        let mut written = inner(self);
        let _ = write!(written.xml, "</{name}>");
        written
    }

    /// One element for each entry.
    pub(crate) fn each<T>(self, entries: impl IntoIterator<Item = T>, write: impl Fn(Self, T) -> Self) -> Self {
        entries.into_iter().fold(self, write)
    }

    /// An element with content, encoded as it is sent.
    pub(crate) fn content(mut self, name: &'static str, content: Arc<dyn Source>) -> Self {
        let _ = write!(self.xml, "<{name}>");
        let written = std::mem::take(&mut self.xml);
        self.before = self.before.then(written).then(base64_of(content));
        let _ = write!(self.xml, "</{name}>");
        self
    }

    /// The whole envelope.
    pub(crate) fn envelope(&self, version: SoapVersion, token: Option<&str>) -> Result<Body> {
        if let Some(complaint) = &self.refused {
            return Err(Error::new(ErrorKind::InvalidInput, complaint.clone()));
        }
        let (prefix, namespace) = match version {
            SoapVersion::V11 => ("soap", ENVELOPE_11),
            SoapVersion::V12 => ("soap12", ENVELOPE_12),
        };
        let name = self.op.name;
        let mut head = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<{prefix}:Envelope xmlns:xsi=\"{INSTANCE}\" \
             xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" xmlns:{prefix}=\"{namespace}\"><{prefix}:Body>\
             <{name} xmlns=\"{NAMESPACE}\">"
        );
        if let Some(token) = token {
            let _ = write!(head, "<Token>{}</Token>", escape(token));
        }
        let tail = format!("</{name}></{prefix}:Body></{prefix}:Envelope>");
        if self.before.size() == 0 {
            return Ok(Body::from(head + &self.xml + &tail));
        }
        Ok(Body::from(head).then(self.before.clone()).then(self.xml.clone() + &tail))
    }
}

/// Whether XML 1.0 can hold a character (section 2.2). The service answers others with an empty 400.
fn is_carried(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

fn escape(text: &str) -> String {
    // A carriage return that stands for itself would become a line feed.
    quick_xml::escape::escape(text).replace('\r', "&#xD;")
}
