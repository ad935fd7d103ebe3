//! The SOAP layer: writing envelopes, and reading them as they arrive, within bounds.
//!
//! The scanner of the core turns bytes into elements and text, `answer` knows what an envelope must look like, `tree` holds
//! the little that is held of it, `value` reads the types of the schema, `request` writes.

mod answer;
mod encode;
mod fault;
mod record;
mod related;
mod request;
mod space;
mod streamed;
mod tree;
mod value;

pub(crate) use answer::{Answer, Expected, NoRows, Outcome, Row};
pub(crate) use encode::{base64_of, gzip};
pub use fault::Fault;
pub(crate) use record::{read_field, record};
pub(crate) use related::{envelope, envelope_in};
pub(crate) use request::{Op, Request, Service};
pub use sharesync_core::xml::{DocumentError, Flaw};
pub use streamed::Streamed;
pub(crate) use streamed::open;
pub(crate) use tree::{Element, Tree};
pub use value::{Char, DateTime};
pub(crate) use value::{Field, Record, Text, list};

/// The namespace of all operations, of both services (ChangeList, `xmlns`).
pub(crate) const NAMESPACE: &str = "http://api.filesanywhere.com/";
/// The namespace of the envelope of SOAP 1.1.
pub(crate) const ENVELOPE_11: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// The namespace of the envelope of SOAP 1.2.
pub(crate) const ENVELOPE_12: &str = "http://www.w3.org/2003/05/soap-envelope";
/// The namespace of references to other parts of an answer (XOP 1.0, section 2.1).
pub(crate) const XOP: &str = "http://www.w3.org/2004/08/xop/include";
/// The namespace of `xsi:nil`.
pub(crate) const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// Which SOAP is spoken. The service answers in the one it was asked in; an answer in the other is read as well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SoapVersion {
    /// SOAP 1.1: `text/xml`, with the header `SOAPAction`.
    #[default]
    V11,
    /// SOAP 1.2: `application/soap+xml`, without that header.
    V12,
}

impl SoapVersion {
    /// The media type of requests and answers.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::V11 => "text/xml; charset=utf-8",
            Self::V12 => "application/soap+xml; charset=utf-8",
        }
    }
}
