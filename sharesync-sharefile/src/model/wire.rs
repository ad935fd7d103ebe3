//! How single values are read from JSON: leniently, because the service has changed its mind about numbers and texts.
//!
//! The macros that define entities and enumerations on top of it are here too; the entities themselves are beside.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeOwned, Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use sharesync_core::SecretUrl;
use url::Url;

/// A JSON value that is neither object nor array.
#[derive(Debug)]
pub(crate) enum Scalar<'a> {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(Cow<'a, str>),
}

impl<'de> Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number, a boolean or null")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Scalar::Null)
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(Scalar::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Scalar::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Scalar::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(value).map_or(Scalar::Float(value as f64), Scalar::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Scalar::Float(value))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_string<E>(self, value: String) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(value)))
    }
}

/// A type that a scalar can be read as.
pub(crate) trait FromScalar: Sized {
    /// What was due, for the error.
    const DUE: &'static str;

    /// `Some(None)` where the value stands for nothing; `None` where it does not fit.
    fn from_scalar(scalar: Scalar<'_>) -> Option<Option<Self>>;
}

impl FromScalar for String {
    const DUE: &'static str = "a text";

    fn from_scalar(scalar: Scalar<'_>) -> Option<Option<Self>> {
        Some(match scalar {
            Scalar::Null => None,
            Scalar::Bool(value) => Some(value.to_string()),
            Scalar::Integer(value) => Some(value.to_string()),
            Scalar::Float(value) => Some(value.to_string()),
            Scalar::Text(text) => Some(text.into_owned()),
        })
    }
}

impl FromScalar for i64 {
    const DUE: &'static str = "a whole number";

    fn from_scalar(scalar: Scalar<'_>) -> Option<Option<Self>> {
        match scalar {
            Scalar::Null => Some(None),
            Scalar::Integer(value) => Some(Some(value)),
            // 2^63 as a float: everything below it in magnitude converts without saturation.
            Scalar::Float(value) if value.fract() == 0.0 && value.abs() < 9.2e18 => Some(Some(value as i64)),
            Scalar::Text(text) if text.trim().is_empty() => Some(None),
            Scalar::Text(text) => text.trim().parse().ok().map(Some),
            _ => None,
        }
    }
}

impl FromScalar for f64 {
    const DUE: &'static str = "a number";

    fn from_scalar(scalar: Scalar<'_>) -> Option<Option<Self>> {
        match scalar {
            Scalar::Null => Some(None),
            Scalar::Integer(value) => Some(Some(value as f64)),
            Scalar::Float(value) => Some(Some(value)),
            Scalar::Text(text) if text.trim().is_empty() => Some(None),
            Scalar::Text(text) => text.trim().parse().ok().map(Some),
            Scalar::Bool(_) => None,
        }
    }
}

impl FromScalar for bool {
    const DUE: &'static str = "true or false";

    fn from_scalar(scalar: Scalar<'_>) -> Option<Option<Self>> {
        match scalar {
            Scalar::Null => Some(None),
            Scalar::Bool(value) => Some(Some(value)),
            Scalar::Integer(value @ (0 | 1)) => Some(Some(value == 1)),
            Scalar::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
                "" => Some(None),
                "true" | "1" => Some(Some(true)),
                "false" | "0" => Some(Some(false)),
                _ => None,
            },
            _ => None,
        }
    }
}

impl FromScalar for SecretUrl {
    const DUE: &'static str = "an absolute URL";

    fn from_scalar(scalar: Scalar<'_>) -> Option<Option<Self>> {
        match scalar {
            Scalar::Null => Some(None),
            Scalar::Text(text) if text.trim().is_empty() => Some(None),
            Scalar::Text(text) => Url::parse(text.trim()).ok().map(|url| Some(url.into())),
            _ => None,
        }
    }
}

/// A type that a field of an entity can have.
pub(crate) trait Wire: Sized {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error>;
}

/// Reads any field of an entity; for `#[serde(deserialize_with)]`.
pub(crate) fn optional<'de, D: Deserializer<'de>, T: Wire>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::read(deserializer)
}

/// Reads a scalar that may be missing.
pub(crate) fn scalar<'de, D: Deserializer<'de>, T: FromScalar>(deserializer: D) -> Result<Option<T>, D::Error> {
    // The value itself is never quoted: it may be a secret.
    T::from_scalar(Scalar::deserialize(deserializer)?)
        .ok_or_else(|| D::Error::custom(format_args!("invalid value, expected {}", T::DUE)))
}

impl<T: DeserializeOwned> Wire for Vec<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Option::deserialize(deserializer)
    }
}

impl<T: DeserializeOwned> Wire for Box<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Option::deserialize(deserializer)
    }
}

impl Wire for Value {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Option::deserialize(deserializer)
    }
}

/// Lets fields of entities have these scalar types.
macro_rules! scalar_fields {
    ($($type:ty),* $(,)?) => {
        $(impl $crate::model::wire::Wire for $type {
            fn read<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
                $crate::model::wire::scalar(deserializer)
            }
        })*
    };
}
pub(crate) use scalar_fields;

scalar_fields!(String, i64, f64, bool, SecretUrl, Hidden, Flags);

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

impl FromScalar for Hidden {
    const DUE: &'static str = String::DUE;

    fn from_scalar(scalar: Scalar<'_>) -> Option<Option<Self>> {
        String::from_scalar(scalar).map(|text| text.map(Self))
    }
}

/// A set of flags, as the service writes it: names with commas between them, or the sum of their bits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Flags(String);

impl Flags {
    /// The text as the service wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the flag of this name, or of this bit where the service sends a number, is set.
    pub fn has(&self, name: &str, bit: u64) -> bool {
        match self.0.parse::<u64>() {
            Ok(bits) => bits & bit != 0,
            Err(_) => self.0.split(',').any(|flag| flag.trim().eq_ignore_ascii_case(name)),
        }
    }
}

impl FromScalar for Flags {
    const DUE: &'static str = "flags";

    fn from_scalar(scalar: Scalar<'_>) -> Option<Option<Self>> {
        String::from_scalar(scalar).map(|text| text.map(Self))
    }
}

/// Defines an entity: fields that may all be missing, under their names on the wire, and what else the service sends.
macro_rules! entity {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty = $wire:literal,)* }) => {
        $(#[$doc])*
        ///
        /// Every field may be missing; only those that are set are sent.
        #[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        #[non_exhaustive]
        pub struct $name {
            /// What the entity is, such as `ShareFile.Api.Models.File`.
            #[serde(
                rename = "odata.type",
                default,
                deserialize_with = "crate::model::wire::optional",
                skip_serializing_if = "Option::is_none"
            )]
            pub odata_type: Option<String>,
            /// Where the entity is described, with its type in the fragment.
            #[serde(
                rename = "odata.metadata",
                default,
                deserialize_with = "crate::model::wire::optional",
                skip_serializing_if = "Option::is_none"
            )]
            pub odata_metadata: Option<String>,
            /// The identifier.
            #[serde(
                rename = "Id",
                default,
                deserialize_with = "crate::model::wire::optional",
                skip_serializing_if = "Option::is_none"
            )]
            pub id: Option<String>,
            /// The address of the entity in the API.
            #[serde(
                rename = "url",
                default,
                deserialize_with = "crate::model::wire::optional",
                skip_serializing_if = "Option::is_none"
            )]
            pub url: Option<String>,
            $(
                $(#[$field_doc])*
                #[serde(
                    rename = $wire,
                    default,
                    deserialize_with = "crate::model::wire::optional",
                    skip_serializing_if = "Option::is_none"
                )]
                pub $field: Option<$type>,
            )*
            /// What the service sent besides.
            #[serde(flatten)]
            pub extra: $crate::model::Extra,
        }

        impl $name {
            /// An entity of which nothing is set.
            pub fn new() -> Self {
                Self::default()
            }

            /// A reference to an entity, as bodies of requests hold it.
            pub fn reference(id: impl Into<String>) -> Self {
                Self { id: Some(id.into()), ..Self::default() }
            }
        }

        impl $crate::model::wire::Wire for $name {
            fn read<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
                serde::Deserialize::deserialize(deserializer)
            }
        }
    };
}
pub(crate) use entity;

/// Defines an enumeration: written by name, read by name in any case or by number, where numbers are known; what is
/// unknown is kept.
macro_rules! wire_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $value:ident $(= $number:literal)?,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$value_doc])* $value,)*
            /// A value that this library does not know, as the service wrote it.
            Other(String),
        }

        impl $name {
            /// The value as it is written.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$value => stringify!($value),)*
                    Self::Other(text) => text,
                }
            }

            /// Reads a name, in any case, or a number.
            pub fn parse(text: &str) -> Self {
                let known = [$((Self::$value, stringify!($value), &[$(stringify!($number))?] as &[&str]),)*];
                let found = known
                    .into_iter()
                    .find(|(_, name, numbers)| text.eq_ignore_ascii_case(name) || numbers.contains(&text));
                found.map_or_else(|| Self::Other(text.to_owned()), |(value, ..)| value)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = $crate::model::wire::scalar::<D, Self>(deserializer)?;
                Ok(value.unwrap_or_else(|| Self::Other(String::new())))
            }
        }

        impl $crate::model::wire::FromScalar for $name {
            const DUE: &'static str = "a name or a number";

            fn from_scalar(scalar: $crate::model::wire::Scalar<'_>) -> Option<Option<Self>> {
                let text = <String as $crate::model::wire::FromScalar>::from_scalar(scalar)?;
                Some(text.map(|text| Self::parse(&text)))
            }
        }

        $crate::model::wire::scalar_fields!($name);
    };
}
pub(crate) use wire_enum;
