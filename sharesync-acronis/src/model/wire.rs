//! How single values are read from JSON, and the macros that define entities and enumerations on top of it. The entities
//! themselves are beside.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use serde_json::{Map, Value};
use sharesync_core::{Error, Timestamp};

/// A value that does not fit: which field, and what was due. The value itself is never quoted, it may be a secret.
#[derive(Debug)]
pub(crate) struct Mismatch(String);

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid value, expected {}", self.0)
    }
}

/// A type that a field of an entity can have.
pub(crate) trait Wire: Sized {
    /// Reads a value; `Err` says what was due.
    fn read(value: Value) -> Result<Self, Mismatch>;
}

fn due<T>(what: &str) -> Result<T, Mismatch> {
    Err(Mismatch(what.to_owned()))
}

/// Takes a field out of an object. A `null` stays where it is: it is sent again as it came.
pub(crate) fn take<T: Wire>(fields: &mut Map<String, Value>, name: &str) -> Result<Option<T>, Mismatch> {
    match fields.remove(name) {
        None => Ok(None),
        Some(Value::Null) => {
            fields.insert(name.to_owned(), Value::Null);
            Ok(None)
        }
        Some(value) => T::read(value).map(Some).map_err(|Mismatch(due)| Mismatch(format!("in `{name}` {due}"))),
    }
}

impl Wire for String {
    fn read(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::String(text) => Ok(text),
            Value::Number(number) => Ok(number.to_string()),
            _ => due("a text"),
        }
    }
}

impl Wire for i64 {
    fn read(value: Value) -> Result<Self, Mismatch> {
        let number = value.as_i64().or_else(|| value.as_str()?.trim().parse().ok());
        number.map_or_else(|| due("a whole number"), Ok)
    }
}

/// The document sends booleans as such and, in two requests, as texts [Update audit log settings, Update security
/// settings]: both are read everywhere.
impl Wire for bool {
    fn read(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Bool(value) => Ok(value),
            Value::String(text) => text.trim().to_ascii_lowercase().parse().or_else(|_| due("true or false")),
            _ => due("true or false"),
        }
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn read(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Array(values) => values.into_iter().map(T::read).collect(),
            _ => due("a list"),
        }
    }
}

impl<T: Wire> Wire for Box<T> {
    fn read(value: Value) -> Result<Self, Mismatch> {
        T::read(value).map(Self::new)
    }
}

/// What is set of an entity, as JSON.
pub(crate) fn insert(fields: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    if let Some(value) = value {
        fields.insert(name.to_owned(), value);
    }
}

/// A point in time as the service writes it, so that it is sent again as it came.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct DateTime(String);

impl DateTime {
    /// The text as the service wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The point in time; `None` for what is no date and time of RFC 3339.
    pub fn timestamp(&self) -> Option<Timestamp> {
        self.0.parse().ok()
    }
}

impl From<Timestamp> for DateTime {
    fn from(time: Timestamp) -> Self {
        Self(time.truncated_to_seconds().to_string())
    }
}

impl FromStr for DateTime {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        text.parse::<Timestamp>().map(|_| Self(text.to_owned()))
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Wire for DateTime {
    fn read(value: Value) -> Result<Self, Mismatch> {
        String::read(value).map(Self)
    }
}

/// A text that grants access and is therefore not printed.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Hidden(String);

impl Hidden {
    /// The text itself. Never put it in a log or an error.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Wire for Hidden {
    fn read(value: Value) -> Result<Self, Mismatch> {
        String::read(value).map(Self)
    }
}

/// How long a link lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ttl {
    /// This many days.
    Days(i64),
    /// It never ends, if the settings of the server allow that.
    Never,
}

impl Serialize for Ttl {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Days(days) => serializer.serialize_i64(*days),
            Self::Never => serializer.serialize_none(),
        }
    }
}

impl Wire for Ttl {
    fn read(value: Value) -> Result<Self, Mismatch> {
        i64::read(value).map(Self::Days)
    }
}

impl From<i64> for Ttl {
    fn from(days: i64) -> Self {
        Self::Days(days)
    }
}

/// Defines an entity, or the fields of a request: each may be missing, and is called on the wire as here. A field with the
/// name of a setter in parentheses can be set by it.
macro_rules! entity {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$field_doc:meta])* $field:ident $(($setter:ident))? : $type:ty,)*
    }) => {
        $(#[$doc])*
        ///
        /// Every field may be missing; only those that are set are sent.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$field_doc])* pub $field: Option<$type>,)*
            /// What the service sent besides; what stands here is sent, too.
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

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::Error as _;
                let mut fields = (*self.extra).clone();
                $(
                    let value = self.$field.as_ref().map(serde_json::to_value).transpose().map_err(S::Error::custom)?;
                    $crate::model::wire::insert(&mut fields, stringify!($field), value);
                )*
                serde::Serialize::serialize(&fields, serializer)
            }
        }

        impl $crate::model::wire::Wire for $name {
            fn read(value: serde_json::Value) -> Result<Self, $crate::model::wire::Mismatch> {
                let serde_json::Value::Object(mut fields) = value else {
                    return $crate::model::wire::no_object();
                };
                Ok(Self {
                    $($field: $crate::model::wire::take(&mut fields, stringify!($field))?,)*
                    extra: fields.into(),
                })
            }
        }

        $crate::model::wire::deserialize!($name);
    };
}
pub(crate) use entity;

pub(crate) fn no_object<T>() -> Result<T, Mismatch> {
    due("an object")
}

/// Lets a type be deserialized as it is read.
macro_rules! deserialize {
    ($name:ident) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = <serde_json::Value as serde::Deserialize>::deserialize(deserializer)?;
                <Self as $crate::model::wire::Wire>::read(value).map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use deserialize;

/// Defines an enumeration of texts or numbers. What is unknown is kept.
macro_rules! wire_enum {
    ($(#[$doc:meta])* $name:ident: $raw:ty { $($(#[$value_doc:meta])* $value:ident = $wire:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$value_doc])* $value,)*
            /// A value that this library does not know, as the service wrote it.
            Other($raw),
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self {
                    $(Self::$value => write!(f, "{}", $wire),)*
                    Self::Other(raw) => write!(f, "{raw}"),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$value => serde::Serialize::serialize(&$wire, serializer),)*
                    Self::Other(raw) => serde::Serialize::serialize(raw, serializer),
                }
            }
        }

        impl $crate::model::wire::Wire for $name {
            fn read(value: serde_json::Value) -> Result<Self, $crate::model::wire::Mismatch> {
                let raw = <$raw as $crate::model::wire::Wire>::read(value)?;
                $(if raw == $wire {
                    return Ok(Self::$value);
                })*
                Ok(Self::Other(raw))
            }
        }

        $crate::model::wire::deserialize!($name);
    };
}
pub(crate) use wire_enum;
