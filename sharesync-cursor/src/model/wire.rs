//! How single values are read, and the macros that define entities and enumerations. The entities themselves are beside.

use std::fmt;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Number, Value};
use sharesync_core::Timestamp;

/// A position in the changes of a share, as the service wrote it: opaque, and sent again as it came.
///
/// It is a number today, and documented as opaque (Change tracking, `cursor`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum SyncCursor {
    /// A whole number.
    Number(Number),
    /// A text.
    Text(String),
}

impl SyncCursor {
    /// Whether both are numbers and this one is the smaller.
    pub(crate) fn is_behind(&self, other: &Self) -> bool {
        let number = |cursor: &Self| match cursor {
            Self::Number(number) => number.as_i64().map(i128::from).or(number.as_u64().map(i128::from)),
            Self::Text(_) => None,
        };
        number(self).zip(number(other)).is_some_and(|(this, other)| this < other)
    }
}

impl<'de> Deserialize<'de> for SyncCursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self::Text(text)),
            // A fraction, and what is too large for a whole number, could not be sent again as it came.
            Value::Number(number) if !number.is_f64() => Ok(Self::Number(number)),
            _ => Err(D::Error::custom("invalid value, expected a text or a whole number")),
        }
    }
}

impl fmt::Display for SyncCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl From<u64> for SyncCursor {
    fn from(position: u64) -> Self {
        Self::Number(position.into())
    }
}

impl From<&str> for SyncCursor {
    fn from(cursor: &str) -> Self {
        Self::Text(cursor.to_owned())
    }
}

/// A point in time as the service writes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DateTime(String);

impl DateTime {
    /// The text as the service wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The point in time: RFC 3339, in UTC where no zone is named (inferred). `None` for what is no date and time.
    pub fn timestamp(&self) -> Option<Timestamp> {
        self.0.parse().or_else(|_| format!("{}Z", self.0).parse()).ok()
    }
}

impl From<Timestamp> for DateTime {
    fn from(time: Timestamp) -> Self {
        Self(time.to_string())
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that grants access and is therefore not printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hidden(String);

impl Hidden {
    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for Hidden {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Reads a value that may be `null`.
pub(crate) fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Reads a list that stands for itself, or as the field `name` of an object: which one is not documented everywhere.
pub(crate) fn list<T: DeserializeOwned>(value: Value, name: &str) -> Result<Vec<T>, serde_json::Error> {
    let list = match value {
        Value::Object(mut object) => object.remove(name).ok_or_else(|| {
            serde_json::Error::custom(format!("invalid value, expected a list or an object with `{name}`"))
        })?,
        list => list,
    };
    Vec::deserialize(list)
}

/// Defines an entity, or the fields of a request: each may be missing. A field with the name of a setter in parentheses
/// can be set by it.
macro_rules! entity {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$field_doc:meta])* $field:ident $(($setter:ident))? : $type:ty,)*
    }) => {
        $(#[$doc])*
        ///
        /// Every field may be missing; only those that are set are sent.
        #[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(default)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$field_doc])* #[serde(skip_serializing_if = "Option::is_none")] pub $field: Option<$type>,)*
            /// What the service sent besides; what stands here is sent, too.
            #[serde(flatten)]
            pub extra: $crate::model::Extra,
        }

        impl $name {
            /// Nothing is set.
            pub fn new() -> Self {
                Self::default()
            }

            $($(
                #[doc = concat!("Sets [`", stringify!($field), "`](Self::", stringify!($field), ").")]
                #[must_use]
                pub fn $setter(mut self, value: impl Into<$type>) -> Self {
                    self.$field = Some(value.into());
                    self
                }
            )?)*
        }
    };
}
pub(crate) use entity;

/// Defines an enumeration of texts. What is unknown is kept.
macro_rules! wire_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $value:ident = $wire:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(from = "String", into = "String")]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$value_doc])* $value,)*
            /// A value that this library does not know, as the service wrote it.
            Other(String),
        }

        impl $name {
            /// The documented values.
            pub const KNOWN: &'static [Self] = &[$(Self::$value),*];

            /// The value as it is on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$value => $wire,)*
                    Self::Other(text) => text,
                }
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                match text.as_str() {
                    $($wire => Self::$value,)*
                    _ => Self::Other(text),
                }
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.as_str().to_owned()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use wire_enum;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cursors_are_echoed_as_they_came_or_refused() {
        for value in [json!(1_045_000), json!("1045000"), json!(u64::MAX), json!("a b+c/=é"), json!(-1)] {
            let cursor: SyncCursor = serde_json::from_value(value.clone()).unwrap();
            assert_eq!(serde_json::to_value(&cursor).unwrap(), value);
            assert_eq!(cursor.to_string(), value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        }
        for value in [json!(1.5), json!(null), json!([1]), json!({}), json!(true), json!(1e40)] {
            assert!(serde_json::from_value::<SyncCursor>(value.clone()).is_err(), "{value}");
        }
        let (five, nine, text) = (SyncCursor::from(5), SyncCursor::from(9), SyncCursor::from("5"));
        assert!(five.is_behind(&nine) && !nine.is_behind(&five) && !text.is_behind(&nine) && !five.is_behind(&five));
    }

    #[test]
    fn times_without_a_zone_are_utc() {
        let read = |text: &str| DateTime(text.to_owned()).timestamp().map(|time| time.to_string());
        let expected = Some("2026-01-02T03:04:05Z".to_owned());
        assert_eq!((read("2026-01-02T03:04:05"), read("2026-01-02T04:04:05+01:00")), (expected.clone(), expected));
        assert_eq!((read("yesterday"), read("")), (None, None));
    }
}
