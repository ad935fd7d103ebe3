//! How much memory a JSON text takes once it is decoded, found before it is decoded.
//!
//! A page of 64 MiB of `{},` would become gigabytes. So text is weighed first: its bytes, and for every value and every
//! object what it takes at most.

use crate::{Error, ErrorKind, Result};

/// What a value takes besides its text, wherever it is kept: a field of a map, an entry of an array.
const VALUE: usize = 128;

/// What an object takes at most, if nothing is known about what it becomes.
const OBJECT: usize = 4096;

/// What an answer that is decoded as a whole may take.
const MOST: usize = 32 << 20;

/// Follows JSON text that arrives in pieces, without checking it.
#[derive(Debug, Clone, Default)]
pub(super) struct Scan {
    /// Within a string, and in it after a backslash.
    quoted: bool,
    escaped: bool,
}

impl Scan {
    /// Reads to the next of `{}[],:` outside of strings: which one it is, and how many bytes end with it. All is read if
    /// there is none.
    pub(super) fn next(&mut self, text: &[u8]) -> Option<(u8, usize)> {
        let mut at = 0;
        loop {
            if std::mem::take(&mut self.escaped) {
                at += 1;
            }
            let rest = text.get(at..).filter(|rest| !rest.is_empty());
            let Some(rest) = rest else {
                // The escaped character is in the next piece.
                self.escaped = at > text.len();
                return None;
            };
            let found = match self.quoted {
                true => memchr::memchr2(b'"', b'\\', rest)?,
                false => rest.iter().position(|byte| is_mark(*byte) || *byte == b'"')?,
            };
            at += found + 1;
            match rest.get(found) {
                Some(b'"') => self.quoted = !self.quoted,
                Some(b'\\') => self.escaped = true,
                Some(mark) => return Some((*mark, at)),
                None => return None,
            }
        }
    }
}

fn is_mark(byte: u8) -> bool {
    matches!(byte, b'{' | b'}' | b'[' | b']' | b',' | b':')
}

/// What a mark adds to the weight of a text, if an object takes so much.
pub(super) fn weight(mark: u8, object: usize) -> usize {
    match mark {
        b'{' => object,
        b'[' | b',' | b':' => VALUE,
        _ => 0,
    }
}

/// Refuses a document that would take more memory than any answer may.
///
/// # Errors
/// [`ErrorKind::TooLarge`].
pub(super) fn check_weight(document: &[u8]) -> Result<()> {
    let (mut scan, mut all, mut rest) = (Scan::default(), document.len(), document);
    while let Some((mark, length)) = scan.next(rest) {
        all += weight(mark, OBJECT);
        rest = rest.get(length..).unwrap_or_default();
    }
    if all <= MOST {
        return Ok(());
    }
    let message = format!("the answer would take more than {} MiB of memory: ask for less at a time", MOST >> 20);
    Err(Error::new(ErrorKind::TooLarge, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(text: &str, step: usize) -> String {
        let mut scan = Scan::default();
        let mut found = String::new();
        for mut piece in text.as_bytes().chunks(step) {
            while let Some((mark, length)) = scan.next(piece) {
                found.push(char::from(mark));
                piece = &piece[length..];
            }
        }
        found
    }

    #[test]
    fn marks_in_strings_are_none() {
        let text = r#"{"a,{":"x\"]\\","b\\\"":[1,"\u005d",{}]}"#;
        for step in 1..=text.len() {
            assert_eq!(marks(text, step), "{:,:[,,{}]}", "in pieces of {step}");
        }
    }

    #[test]
    fn what_would_take_too_much_is_refused_unread() {
        let refused = |text: &str| check_weight(text.as_bytes()).map_err(|error| error.kind());
        for entry in ["{},", "[],", "1,", "{\"a\":1},", "[[[[[1]]]]],"] {
            assert_eq!(refused(&format!("[{}1]", entry.repeat(300_000))), Err(ErrorKind::TooLarge), "{entry}");
        }
        assert_eq!(refused(&format!("[\"{}\"]", "{},".repeat(300_000))), Ok(()), "a text is as long as it is");
    }
}
