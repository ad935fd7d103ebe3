//! Characters, names, references and values of a document.

use std::borrow::Cow;

use super::Flaw;

/// The characters that have arrived whole, up to bytes that are none or that nothing completes any more; what is wrong there.
pub(super) fn characters(window: &[u8], last: bool) -> (&str, Option<Flaw>) {
    match std::str::from_utf8(window) {
        Ok(text) => (text, None),
        Err(error) => {
            let whole = window.get(..error.valid_up_to()).unwrap_or_default();
            let flaw = match error.error_len() {
                Some(_) => Some(Flaw::Malformed("it is not UTF-8")),
                None => last.then_some(Flaw::Truncated),
            };
            (std::str::from_utf8(whole).unwrap_or_default(), flaw)
        }
    }
}

pub(super) fn local(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, local)| local)
}

/// The name in a tag at the beginning that holds nothing else, if it has no prefix and nothing to check.
pub(super) fn plain_name(markup: &str, longest: usize) -> Option<&str> {
    let after = markup.get(1..)?;
    let length = after.bytes().position(|byte| !byte.is_ascii_alphanumeric())?;
    let plain = (1..=longest).contains(&length) && after.as_bytes().get(length) == Some(&b'>');
    after.get(..length).filter(|_| plain)
}

pub(super) fn check_name(name: &str, longest: usize) -> Result<(), Flaw> {
    if name.len() > longest {
        return Err(Flaw::TooLong("a name"));
    }
    let odd = |c: char| c.is_control() || "<>&'\"=/".contains(c);
    if name.is_empty() || name.starts_with(':') || name.ends_with(':') || name.contains(odd) {
        return Err(Flaw::Malformed("a name that is none"));
    }
    Ok(())
}

/// The value of an attribute, references resolved.
pub(super) fn value(written: Cow<'_, str>) -> Result<Cow<'_, str>, Flaw> {
    if memchr::memchr(b'&', written.as_bytes()).is_none() {
        return Ok(written);
    }
    let unescaped = quick_xml::escape::unescape(&written);
    unescaped.map(|value| value.into_owned().into()).map_err(|_| Flaw::Malformed("an attribute that cannot be read"))
}

/// The character that a reference stands for: one of the five of XML, or one by number.
pub(super) fn resolve(reference: &str) -> Option<char> {
    let number = |digits: &str, radix| {
        let all = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
        all.then(|| u32::from_str_radix(digits, radix).ok()).flatten().and_then(char::from_u32)
    };
    match reference {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        _ => match (reference.strip_prefix("#x"), reference.strip_prefix('#')) {
            (Some(digits), _) => number(digits, 16),
            (None, Some(digits)) => number(digits, 10),
            _ => None,
        }
        .filter(|character| *character != '\0'),
    }
}
