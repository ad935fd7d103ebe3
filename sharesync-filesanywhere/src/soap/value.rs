//! The types of the schema as ASP.NET writes them (XML Schema, part 2).

use std::fmt;

use sharesync_core::{Secret, SecretUrl, Timestamp};
use url::Url;

use super::{DocumentError, Element, Flaw};

/// Something that an element describes by the elements in it.
pub(crate) trait Record: Sized {
    /// Reads it.
    fn read(element: Element<'_>) -> Result<Self, DocumentError>;
}

/// The value of an element that is named in its parent.
pub(crate) trait Field: Sized {
    /// Reads it.
    fn field(parent: Element<'_>, name: &'static str) -> Result<Self, DocumentError>;
}

/// The value of an element's text.
pub(crate) trait Text: Sized {
    /// What its type is called.
    const KIND: &'static str;

    /// Whether an empty text stands for no value.
    const EMPTY_IS_NONE: bool = false;

    /// Reads it; `None` when it is no such value.
    fn parse(text: &str) -> Option<Self>;
}

impl<T: Text> Field for T {
    fn field(parent: Element<'_>, name: &'static str) -> Result<Self, DocumentError> {
        let element = parent.child(name).filter(|element| !element.is_nil()).ok_or_else(|| parent.missing(name))?;
        T::parse(element.text()).ok_or_else(|| element.error(Flaw::Value(T::KIND)))
    }
}

impl<T: Text> Field for Option<T> {
    fn field(parent: Element<'_>, name: &'static str) -> Result<Self, DocumentError> {
        let Some(element) = parent.child(name).filter(|element| !element.is_nil()) else { return Ok(None) };
        if T::EMPTY_IS_NONE && element.text().trim_ascii().is_empty() {
            return Ok(None);
        }
        T::parse(element.text()).map(Some).ok_or_else(|| element.error(Flaw::Value(T::KIND)))
    }
}

/// The entries of a list; one that is nil is none.
pub(crate) fn list<T: Record>(parent: Element<'_>, name: &str, entry: &str) -> Result<Vec<T>, DocumentError> {
    let Some(list) = parent.child(name) else { return Ok(Vec::new()) };
    list.children().filter(|child| child.name() == entry && !child.is_nil()).map(T::read).collect()
}

impl Text for String {
    const KIND: &'static str = "text";

    fn parse(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl Text for Secret {
    const KIND: &'static str = "text";

    fn parse(text: &str) -> Option<Self> {
        Some(Self::new(text))
    }
}

impl Text for SecretUrl {
    const KIND: &'static str = "URL";
    const EMPTY_IS_NONE: bool = true;

    fn parse(text: &str) -> Option<Self> {
        Url::parse(text.trim_ascii()).ok().filter(Url::has_host).map(Self::new)
    }
}

macro_rules! numbers {
    ($($type:ty: $kind:literal,)*) => {
        $(impl Text for $type {
            const KIND: &'static str = $kind;

            fn parse(text: &str) -> Option<Self> {
                text.trim_ascii().parse().ok()
            }
        })*
    };
}

numbers! {
    i16: "short",
    i32: "int",
    i64: "long",
    u64: "unsigned long",
}

impl Text for bool {
    const KIND: &'static str = "boolean";

    fn parse(text: &str) -> Option<Self> {
        match text.trim_ascii() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }
}

impl Text for f64 {
    const KIND: &'static str = "double";

    fn parse(text: &str) -> Option<Self> {
        match text.trim_ascii() {
            "INF" => Some(Self::INFINITY),
            "-INF" => Some(Self::NEG_INFINITY),
            "NaN" => Some(Self::NAN),
            // Rust reads more names of infinity than the schema has.
            number => number.bytes().all(|byte| b"0123456789+-.eE".contains(&byte)).then(|| number.parse().ok())?,
        }
    }
}

/// A character, which ASP.NET writes as the number of its UTF-16 unit (`70` is `F`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Char(pub u16);

impl Char {
    /// The character; `None` for half of a surrogate pair.
    pub fn letter(self) -> Option<char> {
        char::from_u32(u32::from(self.0))
    }
}

impl Text for Char {
    const KIND: &'static str = "char";

    fn parse(text: &str) -> Option<Self> {
        text.trim_ascii().parse().ok().map(Self)
    }
}

impl fmt::Display for Char {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A date and time, exactly as it was written: with a zone or without, with 0 to 7 digits of a fraction.
///
/// Most dates of the service have no zone, and it does not say which one is meant. Sent back, they are what they were.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DateTime(String);

impl DateTime {
    /// Reads a date and time of XML Schema, such as `2026-05-06T07:08:09.1234567`; `None` when it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_ascii();
        is_date_time(text).then(|| Self(text.to_owned()))
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it stands for no date: the first moment of the year 1, the value of .NET for a date that was not set.
    pub fn is_unset(&self) -> bool {
        self.0.starts_with("0001-01-01T00:00:00")
    }

    /// The point in time; `None` when no zone is given, or for a date that is not set.
    pub fn timestamp(&self) -> Option<Timestamp> {
        if self.is_unset() { None } else { self.0.parse().ok() }
    }

    /// The point in time if the reading is one in UTC, unless a zone is given.
    pub fn timestamp_in_utc(&self) -> Option<Timestamp> {
        if self.is_unset() {
            return None;
        }
        self.0.parse().or_else(|_| format!("{}Z", self.0).parse()).ok()
    }
}

impl From<Timestamp> for DateTime {
    fn from(time: Timestamp) -> Self {
        // .NET counts in units of 100 ns.
        let whole = time.subsec_nanoseconds() / 100 * 100;
        let cut = Timestamp::from_unix(time.unix_seconds(), whole).unwrap_or(time);
        Self(cut.to_string())
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Text for DateTime {
    const KIND: &'static str = "date and time";

    fn parse(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

/// Whether a text has the form of a date and time, and its parts are in range.
fn is_date_time(text: &str) -> bool {
    let Some((date, time)) = text.split_once('T') else { return false };
    let time = time.strip_suffix('Z').unwrap_or_else(|| match time.rfind(['+', '-']) {
        Some(at) => match time.split_at_checked(at) {
            Some((time, zone)) if is_number(zone.get(1..3), 0..=14) && is_zone(zone) => time,
            _ => "",
        },
        None => time,
    });
    let (time, fraction) = time.split_once('.').map_or((time, None), |(time, fraction)| (time, Some(fraction)));
    let digits = |text: &str| !text.is_empty() && text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    let marks = |text: &str, mark: u8| text.as_bytes().get(text.len() - 3) == Some(&mark);
    date.len() == 10
        && time.len() == 8
        && is_number(date.get(0..4), 1..=9999)
        && is_number(date.get(5..7), 1..=12)
        && is_number(date.get(8..10), 1..=31)
        && date.as_bytes().get(4) == Some(&b'-')
        && marks(date, b'-')
        && is_number(time.get(0..2), 0..=24)
        && is_number(time.get(3..5), 0..=59)
        && is_number(time.get(6..8), 0..=60)
        && time.as_bytes().get(2) == Some(&b':')
        && marks(time, b':')
        && fraction.is_none_or(digits)
}

/// `+hh:mm` or `-hh:mm`.
fn is_zone(zone: &str) -> bool {
    zone.len() == 6 && zone.as_bytes().get(3) == Some(&b':') && is_number(zone.get(4..6), 0..=59)
}

fn is_number(digits: Option<&str>, range: std::ops::RangeInclusive<u32>) -> bool {
    digits.is_some_and(|digits| {
        digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse().is_ok_and(|number| range.contains(&number))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_are_kept_as_they_are() {
        let good = [
            "2026-05-06T07:08:09",
            "2026-05-06T07:08:09Z",
            "2026-05-06T07:08:09.1234567-06:00",
            "2026-05-06T07:08:09.1+14:00",
            "0001-01-01T00:00:00",
        ];
        for text in good {
            assert_eq!(DateTime::parse(text).map(|date| date.to_string()).as_deref(), Some(text));
        }
        let bad = [
            "",
            "dateTime",
            "2026-05-06",
            "2026-13-06T07:08:09",
            "2026-05-06T07:08:09.",
            "2026-05-06 07:08:09",
            "2026-05-06T07:08:09+1:00",
            "2026-05-06T7:08:09",
            "ü26-05-06T07:08:09",
            "2026-05-06T07:08:09-ü0:0",
        ];
        for text in bad {
            assert_eq!(DateTime::parse(text), None, "{text}");
        }
        let zoned = DateTime::parse("2026-05-06T07:08:09.5-06:00").unwrap();
        assert_eq!(zoned.timestamp().unwrap().to_string(), "2026-05-06T13:08:09.5Z");
        assert_eq!(DateTime::parse("2026-05-06T07:08:09").unwrap().timestamp(), None);
        assert_eq!(
            DateTime::from(Timestamp::from_unix(1, 123_456_789).unwrap()).as_str(),
            "1970-01-01T00:00:01.1234567Z"
        );
    }

    #[test]
    fn numbers_are_those_of_the_schema() {
        assert_eq!(<f64 as Text>::parse("-INF"), Some(f64::NEG_INFINITY));
        assert!(<f64 as Text>::parse("NaN").is_some_and(f64::is_nan));
        assert_eq!(<f64 as Text>::parse(" 1.5E-3 "), Some(0.0015));
        for text in ["inf", "infinity", "nan", "", "1,5", "e"] {
            assert_eq!(<f64 as Text>::parse(text), None, "{text}");
        }
        assert_eq!((<bool as Text>::parse("1"), <bool as Text>::parse("True")), (Some(true), None));
        assert_eq!(<Char as Text>::parse("70").and_then(Char::letter), Some('F'));
        assert_eq!(
            (<Char as Text>::parse("F"), <i16 as Text>::parse("40000"), <i64 as Text>::parse("-9")),
            (None, None, Some(-9))
        );
    }

    proptest! {
        #[test]
        fn no_date_is_too_odd(text in "[0-9TZ:.+ü-]{0,30}") {
            if let Some(date) = DateTime::parse(&text) {
                let _ = (date.timestamp(), date.timestamp_in_utc(), date.is_unset());
                prop_assert_eq!(DateTime::parse(date.as_str()), Some(date));
            }
        }

        #[test]
        fn what_is_written_is_read(seconds in -62_135_596_800_i64..253_402_300_799, nanoseconds in 0..1_000_000_000_i32) {
            let time = Timestamp::from_unix(seconds, nanoseconds).unwrap();
            let read = DateTime::parse(DateTime::from(time).as_str()).unwrap();
            prop_assert!(read.is_unset() || read.timestamp().unwrap().unix_seconds() == time.unix_seconds());
        }
    }
}
