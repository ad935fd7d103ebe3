//! Identifiers of sites, libraries, files and folders.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sharesync_core::{Error, ErrorKind};

/// An identifier of sites, libraries, files, folders and upload sessions.
///
/// It is written as `be100e28-dd1c-4f2f-8e83-acdb6fffff05`. The sync service also takes, and answers, 32 digits without
/// hyphens ([`simple`](Self::simple)). Both are read, in either case, with or without braces.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Guid(u128);

impl Guid {
    /// A new one at random, for an upload session.
    pub fn random() -> Self {
        let random = fastrand::u128(..);
        // RFC 9562, section 5.4: version 4, and the variant of that document.
        Self(random & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62)
    }

    /// The 32 lower-case hexadecimal digits, without hyphens.
    pub fn simple(self) -> String {
        format!("{:032x}", self.0)
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |shift: u32, digits: u32| (self.0 >> shift) & ((1 << (digits * 4)) - 1);
        let (a, b, c, d, e) = (part(96, 8), part(80, 4), part(64, 4), part(48, 4), part(0, 12));
        write!(f, "{a:08x}-{b:04x}-{c:04x}-{d:04x}-{e:012x}")
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Guid {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let inner = text.trim().trim_start_matches('{').trim_end_matches('}');
        let digits: String = inner.chars().filter(|c| *c != '-').collect();
        let plain = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let read = plain.then(|| u128::from_str_radix(&digits, 16).ok()).flatten();
        read.map(Self).ok_or_else(|| Error::new(ErrorKind::InvalidInput, "a text that is no identifier of SharePoint"))
    }
}

impl Serialize for Guid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Guid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|_| serde::de::Error::custom("no identifier"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_one() {
        let forms = [
            "be100e28-dd1c-4f2f-8e83-acdb6fffff05",
            "be100e28dd1c4f2f8e83acdb6fffff05",
            "{BE100E28-DD1C-4F2F-8E83-ACDB6FFFFF05}",
        ];
        for form in forms {
            let read: Guid = form.parse().unwrap();
            assert_eq!((read.to_string().as_str(), read.simple().as_str()), (forms[0], forms[1]));
        }
        for odd in ["", "be100e28", "+e100e28dd1c4f2f8e83acdb6fffff05", "ge100e28dd1c4f2f8e83acdb6fffff05"] {
            assert!(odd.parse::<Guid>().is_err(), "{odd}");
        }
        let random = Guid::random().to_string();
        assert_eq!(random.as_bytes()[14], b'4');
    }
}
