//! Reading XML within bounds: what a document may be, and the two ways to read one.
//!
//! Elements are known by their local names, because the Web3S dialect has no namespaces and OData puts them under prefixes of
//! its own choice. A document type is refused, and with it every entity but the five of XML. Depth, names, attributes and
//! texts are bounded; how long a document may be is the business of whoever opens it.

mod input;
mod scan;
mod tree;

use std::fmt;

use sharesync_core::{Error, ErrorKind};

pub(crate) use scan::{Sink, Tag, read_stream};
pub(crate) use tree::Element;

/// The deepest nesting of elements. Folders nest within answers of the sync service as they do within libraries.
const MOST_DEPTH: usize = 1200;
/// The longest text of one element, in bytes.
const LONGEST_TEXT: usize = 1 << 20;
/// The longest tag, comment or piece of text, in bytes.
const LONGEST_EVENT: usize = LONGEST_TEXT + (64 << 10);
/// The most attributes of one element.
const MOST_ATTRIBUTES: usize = 64;
/// The most elements of a document that is kept as a whole.
const MOST_ELEMENTS: usize = 500_000;

/// What is wrong with a document. It quotes nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    Doctype,
    TooDeep,
    TooLong(&'static str),
    Malformed(&'static str),
    Truncated,
    /// What is read makes no sense to whoever reads it.
    Unexpected(&'static str),
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Doctype => f.write_str("XML with a document type, which is not read"),
            Self::TooDeep => write!(f, "XML with elements nested deeper than {MOST_DEPTH}"),
            Self::TooLong(what) => write!(f, "XML with {what} that is too long"),
            Self::Malformed(what) => write!(f, "XML that cannot be read: {what}"),
            Self::Truncated => f.write_str("XML that breaks off"),
            Self::Unexpected(what) => f.write_str(what),
        }
    }
}

impl From<Flaw> for Error {
    fn from(flaw: Flaw) -> Self {
        let kind = match flaw {
            Flaw::Truncated => ErrorKind::Network,
            Flaw::TooLong(_) | Flaw::TooDeep => ErrorKind::TooLarge,
            _ => ErrorKind::Protocol,
        };
        Self::new(kind, flaw.to_string())
    }
}
