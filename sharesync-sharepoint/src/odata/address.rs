//! Values as they stand in an address: texts in quotes, identifiers, numbers.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::model::Guid;

/// What of a text may stand in a path as it is. A slash may: it separates folders in the paths that are quoted.
const TEXT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');
/// The same within one segment.
const SEGMENT: &AsciiSet = &TEXT.add(b'/');

/// A value in an address.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Literal<'a> {
    /// In single quotes, which are doubled where they are part of it (OData 2.0, Abstract Type System); everything that has
    /// a meaning in addresses is percent-encoded.
    Text(&'a str),
    /// An identifier as a text: `'be100e28-…'`.
    Id(Guid),
    /// An identifier as one: `guid'be100e28-…'`.
    Guid(Guid),
    Number(u64),
    Bool(bool),
}

impl fmt::Display for Literal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "'{}'", utf8_percent_encode(&text.replace('\'', "''"), TEXT)),
            Self::Id(id) => write!(f, "'{id}'"),
            Self::Guid(id) => write!(f, "guid'{id}'"),
            Self::Number(number) => number.fmt(f),
            Self::Bool(value) => value.fmt(f),
        }
    }
}

/// A text as one segment of a path.
pub(crate) fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled_and_the_rest_encoded() {
        let cases = [
            ("/sites/a/Shared Documents/b.txt", "'/sites/a/Shared%20Documents/b.txt'"),
            ("O'Neil 100%#1+2", "'O%27%27Neil%20100%25%231%2B2'"),
            ("日本", "'%E6%97%A5%E6%9C%AC'"),
            ("a?b&c=d", "'a%3Fb%26c%3Dd'"),
        ];
        for (text, expected) in cases {
            assert_eq!(Literal::Text(text).to_string(), expected);
        }
        assert_eq!(segment("a/b c"), "a%2Fb%20c");
    }
}
