//! Reading XML from services within bounds, piece by piece as it arrives. For provider crates (feature `xml`).
//!
//! A [`Scanner`] turns bytes into elements and text and hands them to a [`Sink`], which says how large what it reads may be
//! ([`Limits`]) and what a namespace is to it. A document type is refused, and with it every entity but the five of XML. What
//! is wrong is told with its place ([`DocumentError`]) and quotes nothing but the names of elements.

mod names;
mod scan;

use std::borrow::Cow;
use std::fmt;

use crate::http::UnreadableCharset;
use crate::{Error, ErrorKind};

pub use scan::Scanner;

/// How large what a sink reads may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Elements inside each other.
    pub depth: usize,
    /// Bytes of a tag, a comment or a CDATA section.
    pub markup: usize,
    /// Bytes of a name.
    pub name: usize,
    /// Bytes of the text of one element, between two tags.
    pub text: usize,
    /// Attributes of an element.
    pub attributes: usize,
}

impl Limits {
    /// What no answer of a service needs more of: 64 elements inside each other, tags of 64 KiB, names of 256 bytes, texts
    /// of 1 MiB, 64 attributes.
    pub const USUAL: Self = Self { depth: 64, markup: 64 << 10, name: 256, text: 1 << 20, attributes: 64 };
}

/// The beginning of an element.
#[derive(Debug)]
pub struct Start<'a, N> {
    /// The namespace that it is in.
    pub space: N,
    /// Its name, without a prefix.
    pub name: &'a str,
    /// Its attributes, but for declarations of namespaces.
    pub attributes: &'a [Attribute<'a, N>],
}

/// An attribute of an element.
#[derive(Debug)]
pub struct Attribute<'a, N> {
    /// The namespace that it is in; none without a prefix.
    pub space: Option<N>,
    /// Its name, without a prefix.
    pub name: &'a str,
    /// Its value, references resolved.
    pub value: Cow<'a, str>,
}

/// Takes what is found. `depth` is the number of elements that the found one is in; `path` tells their names.
pub trait Sink {
    /// What a namespace is to the sink.
    type Space: Copy;

    /// How large what it reads may be.
    const LIMITS: Limits;

    /// What a namespace is: that of an address, of names without one (`""`), or of a prefix that is not declared (`None`).
    /// One that is nothing to the sink is refused.
    fn space(uri: Option<&str>) -> Option<Self::Space>;

    /// An element begins.
    ///
    /// # Errors
    /// What is wrong with it.
    fn start(&mut self, depth: usize, start: Start<'_, Self::Space>, path: &dyn Fn() -> String) -> Result<(), Flaw>;

    /// A piece of the text of the open element, references resolved.
    ///
    /// # Errors
    /// What is wrong with it.
    fn text(&mut self, depth: usize, text: &str) -> Result<(), Flaw>;

    /// An element ends.
    ///
    /// # Errors
    /// What is wrong in it, and where.
    fn end(&mut self, depth: usize) -> Result<(), DocumentError>;
}

/// What is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flaw {
    /// It is no well-formed XML in UTF-8; why.
    Malformed(&'static str),
    /// It is in a charset that is not read.
    Charset(UnreadableCharset),
    /// It has a document type declaration, which is refused unread.
    Doctype,
    /// It breaks off.
    Truncated,
    /// Elements are nested deeper than in any answer.
    TooDeep,
    /// A text, a tag or the whole is longer than any answer is; which.
    TooLong(&'static str),
    /// The element is not the one that is due here; which is.
    Unexpected(&'static str),
    /// This element is missing.
    Missing(&'static str),
    /// The text is no value of this type.
    Value(&'static str),
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(why) => write!(f, "no well-formed XML: {why}"),
            Self::Charset(unreadable) => unreadable.fmt(f),
            Self::Doctype => f.write_str("a document type declaration, which is refused"),
            Self::Truncated => f.write_str("the document breaks off"),
            Self::TooDeep => f.write_str("elements are nested too deeply"),
            Self::TooLong(what) => write!(f, "{what} is too long"),
            Self::Unexpected(due) => write!(f, "{due} was due"),
            Self::Missing(name) => write!(f, "{name} is missing"),
            Self::Value(kind) => write!(f, "the text is no {kind}"),
        }
    }
}

/// A document that is not what the protocol says, and where in it. Reached with [`Error::provider_error`]. It quotes names of
/// elements, but no text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{flaw} (at {path})")]
#[non_exhaustive]
pub struct DocumentError {
    /// The element, such as `/Envelope/Body`.
    pub path: String,
    /// What is wrong there.
    pub flaw: Flaw,
}

impl DocumentError {
    /// A flaw at a place.
    pub fn new(path: impl Into<String>, flaw: Flaw) -> Self {
        Self { path: path.into(), flaw }
    }

    /// As an error of the contract: of the network if it breaks off, and otherwise of the protocol.
    pub fn into_error(self) -> Error {
        let kind = match self.flaw {
            Flaw::Truncated => ErrorKind::Network,
            Flaw::TooLong(_) | Flaw::TooDeep => ErrorKind::TooLarge,
            _ => ErrorKind::Protocol,
        };
        Error::new(kind, self.to_string()).with_source(self)
    }
}
