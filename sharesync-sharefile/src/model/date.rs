//! Dates as the service writes them, with its two special ones.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sharesync_core::{Error, ErrorKind, Timestamp};

use super::wire::{FromScalar, Scalar, scalar, scalar_fields};

/// How the service writes "never" [create folder, Items reference].
const NEVER: &str = "9999-12-31T23:59:59.9999999Z";

/// A date of the API: a point in time, or the end of time that stands for "never".
///
/// The beginning of the year 1, which the service writes for "no date", is read as a missing field. Dates have at most
/// seven digits after the second; a date without a time is midnight, one without a zone is UTC (inferred).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ShareFileDate {
    /// `9999-12-31T23:59:59.9999999Z`.
    Never,
    /// A point in time.
    At(Timestamp),
}

impl ShareFileDate {
    /// The point in time; `None` for never.
    pub fn timestamp(self) -> Option<Timestamp> {
        match self {
            Self::Never => None,
            Self::At(time) => Some(time),
        }
    }

    /// Reads a date; `Some(None)` for "no date", `None` for what is no date.
    fn read(text: &str) -> Option<Option<Self>> {
        let text = text.trim();
        match text.split('-').next()? {
            "" => return Some(None),
            // The last day of the year 9999 lies beyond the last point in time that can be represented.
            "9999" if text.is_ascii() => return Some(Some(Self::Never)),
            "0001" if text.is_ascii() => return Some(None),
            _ => {}
        }
        let with_time = if text.contains(['T', 't', ' ']) { text.to_owned() } else { format!("{text}T00:00:00") };
        let zoned = with_time.parse().or_else(|_| format!("{with_time}Z").parse());
        zoned.ok().map(|time| Some(Self::At(time)))
    }
}

impl From<Timestamp> for ShareFileDate {
    fn from(time: Timestamp) -> Self {
        Self::At(time)
    }
}

impl FromStr for ShareFileDate {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::read(text)
            .flatten()
            .ok_or_else(|| Error::new(ErrorKind::InvalidInput, format!("{text:?} is not a date of the ShareFile API")))
    }
}

impl fmt::Display for ShareFileDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str(NEVER),
            Self::At(time) => {
                // The service counts in steps of 100 ns.
                let steps = time.subsec_nanoseconds() / 100 * 100;
                Timestamp::from_unix(time.unix_seconds(), steps).unwrap_or(*time).fmt(f)
            }
        }
    }
}

impl Serialize for ShareFileDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ShareFileDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        scalar(deserializer)?.ok_or_else(|| D::Error::custom("invalid value, expected a date"))
    }
}

impl FromScalar for ShareFileDate {
    const DUE: &'static str = "a date";

    fn from_scalar(scalar: Scalar<'_>) -> Option<Option<Self>> {
        match scalar {
            Scalar::Null => Some(None),
            Scalar::Text(text) => Self::read(&text),
            _ => None,
        }
    }
}

scalar_fields!(ShareFileDate);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> String {
        match ShareFileDate::read(text) {
            Some(Some(date)) => date.to_string(),
            Some(None) => "none".into(),
            None => "refused".into(),
        }
    }

    #[test]
    fn every_documented_form_is_read() {
        let cases = [
            ("9999-12-31T23:59:59.9999999Z", NEVER),
            ("9999-12-31", NEVER),
            ("0001-01-01T00:00:00Z", "none"),
            ("", "none"),
            ("2013-07-23", "2013-07-23T00:00:00Z"),
            ("2018-01-02T03:04:05Z", "2018-01-02T03:04:05Z"),
            ("2018-01-02T03:04:05.1234567Z", "2018-01-02T03:04:05.1234567Z"),
            ("2018-01-02T03:04:05.12", "2018-01-02T03:04:05.12Z"),
            ("2018-01-02T03:04:05+02:00", "2018-01-02T01:04:05Z"),
            ("soon", "refused"),
            ("2018-13-01", "refused"),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn dates_survive_writing(seconds in -60_000_000_000_i64..250_000_000_000, steps in 0..10_000_000_i32) {
            let date = ShareFileDate::At(Timestamp::from_unix(seconds, steps * 100).unwrap());
            prop_assert_eq!(date.to_string().parse::<ShareFileDate>().unwrap(), date);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            let _ = ShareFileDate::read(&text);
        }
    }
}
