//! Media types, and the charsets in which documents are read.
//!
//! UTF-8, and US-ASCII, which is a part of it. JSON has no other (RFC 8259, section 8.1), no service is known to write XML in another,
//! and an error that says so is better than wrong characters in names.

use http::HeaderMap;
use http::header::CONTENT_TYPE;

use crate::{Error, ErrorKind};

/// The value of a `Content-Type` (RFC 9110, section 8.3.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MediaType {
    essence: String,
    parameters: Vec<(String, String)>,
}

impl MediaType {
    /// Reads a value. What cannot be read of it is left out.
    pub fn read(value: &str) -> Self {
        let (essence, mut rest) = value.split_once(';').unwrap_or((value, ""));
        let mut parameters = Vec::new();
        while let Some((name, after)) = rest.split_once('=') {
            let (value, after) = match after.trim_start().strip_prefix('"') {
                Some(quoted) => unquoted(quoted),
                None => {
                    let (value, after) = after.split_once(';').unwrap_or((after, ""));
                    (value.trim().to_owned(), after)
                }
            };
            let name = name.trim_start_matches(|c: char| c == ';' || c.is_whitespace()).trim_end();
            parameters.push((name.to_ascii_lowercase(), value));
            rest = after;
        }
        Self { essence: essence.trim().to_ascii_lowercase(), parameters }
    }

    /// That of a message; an empty one where there is none.
    pub fn of(headers: &HeaderMap) -> Self {
        headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(Self::read).unwrap_or_default()
    }

    /// Type and subtype, in lower case, such as `text/xml`.
    pub fn essence(&self) -> &str {
        &self.essence
    }

    /// A parameter, by its name in lower case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// Whether it is one of XML (RFC 7303).
    pub fn is_xml(&self) -> bool {
        self.essence.ends_with("/xml") || self.essence.ends_with("+xml")
    }

    pub(super) fn is_json(&self) -> bool {
        self.essence.ends_with("/json") || self.essence.ends_with("+json")
    }

    /// The charset that it declares; that of UTF-8 where it declares none.
    ///
    /// # Errors
    /// When documents in it are not read.
    pub fn charset(&self) -> Result<Charset, UnreadableCharset> {
        self.parameter("charset").map_or(Ok(Charset::Utf8), Charset::named)
    }
}

/// A quoted string behind its first quotation mark, and what follows it.
fn unquoted(quoted: &str) -> (String, &str) {
    let mut value = String::new();
    let mut rest = quoted.char_indices();
    while let Some((at, character)) = rest.next() {
        match character {
            '"' => return (value, quoted.get(at + 1..).unwrap_or_default()),
            '\\' => value.extend(rest.next().map(|(_, character)| character)),
            other => value.push(other),
        }
    }
    (value, "")
}

/// A charset in which documents are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Charset {
    /// UTF-8.
    #[default]
    Utf8,
    /// US-ASCII: no byte above 127.
    Ascii,
}

impl Charset {
    /// By its name, as it is declared.
    ///
    /// # Errors
    /// When documents in it are not read.
    pub fn named(name: &str) -> Result<Self, UnreadableCharset> {
        let name = name.trim().trim_matches('\'');
        match name.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" => Ok(Self::Utf8),
            "us-ascii" | "ascii" => Ok(Self::Ascii),
            _ => Err(UnreadableCharset::declared(name)),
        }
    }

    /// Refuses bytes that it has not. Whether they are UTF-8 is for whoever reads them.
    ///
    /// # Errors
    /// For a byte above 127 in US-ASCII.
    pub fn check(self, bytes: &[u8]) -> Result<(), UnreadableCharset> {
        match self {
            Self::Ascii if !bytes.is_ascii() => {
                Err(UnreadableCharset("the document declares US-ASCII, and has bytes that are none".into()))
            }
            _ => Ok(()),
        }
    }
}

/// A document in a charset that is not read. Reached with [`Error::provider_error`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} (UTF-8 and US-ASCII are read)")]
pub struct UnreadableCharset(String);

impl UnreadableCharset {
    fn declared(name: &str) -> Self {
        let is_name = |name: &&str| {
            (1..=40).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:+".contains(&b))
        };
        Self(format!(
            "the document declares the charset {}",
            Some(name).filter(is_name).unwrap_or("of no readable name")
        ))
    }

    /// What the first bytes of a document show to be in UTF-16 or UTF-32: by a byte order mark, or by the zeros in its first
    /// characters, which JSON and XML have from ASCII.
    pub(crate) fn of_wide(bytes: &[u8]) -> Option<Self> {
        let name = match bytes {
            [0, 0, 0xfe, 0xff, ..] | [0xff, 0xfe, 0, 0, ..] | [0, 0, 0, 1..=127, ..] | [1..=127, 0, 0, 0, ..] => {
                "UTF-32"
            }
            [0xfe, 0xff, ..] | [0xff, 0xfe, ..] | [0, 1..=127, ..] | [1..=127, 0, ..] => "UTF-16",
            _ => return None,
        };
        Some(Self(format!("the document is in {name}")))
    }

    /// What JSON is in that is no UTF-8; `declared` is the charset that it came with.
    pub(super) fn of_json(bytes: &[u8], declared: Option<&str>) -> Option<Self> {
        let other = || Self("the document is not in UTF-8".into());
        let found = Self::of_wide(bytes).or_else(|| std::str::from_utf8(bytes).is_err().then(other))?;
        let named = declared.and_then(|name| Charset::named(name).err());
        Some(named.unwrap_or(found))
    }

    /// The error in terms of the contract.
    pub fn into_error(self) -> Error {
        Error::new(ErrorKind::Protocol, self.to_string()).with_source(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_found_quoted_and_not() {
        let read = MediaType::read(
            " Multipart/Related ; type=\"application/xop+xml\";Boundary=\"a;\\\"b=c\" ; start=<x@y>; charset = UTF8;x",
        );
        assert_eq!(read.essence(), "multipart/related");
        let parameters = ["type", "boundary", "start", "charset", "x"].map(|name| read.parameter(name));
        assert_eq!(parameters, [Some("application/xop+xml"), Some("a;\"b=c"), Some("<x@y>"), Some("UTF8"), None]);
        assert_eq!(MediaType::read("text/xml"), MediaType { essence: "text/xml".into(), parameters: Vec::new() });
        for odd in ["", ";", "a/b;=", "a/b;c=\"", "a/b;c=\"\\", "=;="] {
            let _ = MediaType::read(odd);
        }
    }

    #[test]
    fn charsets_are_read_or_named() {
        for (name, charset) in [("utf-8", Charset::Utf8), ("UTF8", Charset::Utf8), ("US-ASCII", Charset::Ascii)] {
            assert_eq!(Charset::named(name), Ok(charset));
        }
        for name in ["iso-8859-1", "windows-1252", "UTF-16", "utf-7", "x\"y", ""] {
            let error = Charset::named(name).unwrap_err().into_error();
            assert_eq!(error.kind(), ErrorKind::Protocol);
            assert!(error.to_string().contains("UTF-8 and US-ASCII are read"), "{error}");
            assert_eq!(error.to_string().contains(name), !name.contains('"'), "{error}");
        }
        assert!(Charset::Ascii.check(b"\xc3\xa4").is_err() && Charset::Utf8.check(b"\xc3\xa4").is_ok());
    }

    #[test]
    fn wide_characters_show_themselves() {
        let wide = |bytes: &[u8]| UnreadableCharset::of_wide(bytes).map(|error| error.0);
        for (bytes, name) in [
            (&b"\xff\xfe{\0"[..], "UTF-16"),
            (b"\xfe\xff\0{", "UTF-16"),
            (b"<\0?\0", "UTF-16"),
            (b"\0<\0?", "UTF-16"),
            (b"\xff\xfe\0\0", "UTF-32"),
            (b"\0\0\0{", "UTF-32"),
            (b"{\0\0\0", "UTF-32"),
        ] {
            assert!(wide(bytes).is_some_and(|told| told.ends_with(name)), "{bytes:?}");
        }
        for bytes in [&b""[..], b"{", b"\xef\xbb\xbf{", b"<a>", b"\0\0"] {
            assert_eq!(wide(bytes), None, "{bytes:?}");
        }
    }
}
