//! The values of a message, read by the table of its operation as .NET's XmlSerializer reads them: in any order, what is unknown
//! is ignored, what is missing is null or zero, and what is no value of its type is a fault.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use jiff::Timestamp;

use super::schema::{Field, Kind, Occurs};
use super::soap::{Namespace, Node};
use super::times;

/// A value that is none, and where it stands.
#[derive(Debug)]
pub(super) struct BadValue {
    pub(super) at: usize,
    pub(super) reason: String,
}

#[derive(Debug, Clone)]
enum Arg {
    Text(String),
    Number(i64),
    Flag(bool),
    Date(Timestamp),
    Bytes(Bytes),
    Object(Args),
    Many(Vec<Arg>),
}

/// The values of a message, or of an object in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Args {
    values: Vec<(&'static str, Arg)>,
}

static NONE: Args = Args { values: Vec::new() };

impl Args {
    /// Reads what stands in an element.
    pub(super) fn read(fields: &'static [Field], node: &Node) -> Result<Self, BadValue> {
        let mut args = Self::default();
        for field in fields {
            let mut given =
                node.children.iter().filter(|child| child.namespace == Namespace::Api && child.name == field.name);
            if field.occurs == Occurs::Many {
                let all = given.filter(|child| !child.nil).map(|child| value(&field.kind, child));
                args.values.push((field.name, Arg::Many(all.collect::<Result<_, _>>()?)));
            } else if let Some(child) = given.next().filter(|child| !child.nil) {
                args.values.push((field.name, value(&field.kind, child)?));
            }
        }
        Ok(args)
    }

    fn get(&self, name: &str) -> Option<&Arg> {
        self.values.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// A string; empty if it is not there.
    pub(super) fn text(&self, name: &str) -> &str {
        match self.get(name) {
            Some(Arg::Text(text)) => text,
            _ => "",
        }
    }

    /// A string that says something.
    pub(super) fn some_text(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    pub(super) fn some_number(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            Some(Arg::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// A number; 0 if it is not there.
    pub(super) fn number(&self, name: &str) -> i64 {
        self.some_number(name).unwrap_or(0)
    }

    /// A number that counts something; a negative one counts nothing.
    pub(super) fn count(&self, name: &str) -> u64 {
        u64::try_from(self.number(name)).unwrap_or(0)
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        matches!(self.get(name), Some(Arg::Flag(true)))
    }

    /// A date; one that is missing, and .NET's `MinValue`, is none.
    pub(super) fn date(&self, name: &str) -> Option<Timestamp> {
        match self.get(name) {
            Some(Arg::Date(date)) => Some(*date).filter(|date| *date > times::min_value()),
            _ => None,
        }
    }

    pub(super) fn bytes(&self, name: &str) -> Bytes {
        match self.get(name) {
            Some(Arg::Bytes(bytes)) => bytes.clone(),
            _ => Bytes::new(),
        }
    }

    /// An object; one without values if it is not there.
    pub(super) fn object(&self, name: &str) -> &Self {
        match self.get(name) {
            Some(Arg::Object(object)) => object,
            _ => &NONE,
        }
    }

    fn many(&self, name: &str) -> &[Arg] {
        match self.get(name) {
            Some(Arg::Many(all)) => all,
            _ => &[],
        }
    }

    /// The objects of a list.
    pub(super) fn objects(&self, name: &str) -> impl Iterator<Item = &Self> {
        self.many(name).iter().filter_map(|arg| match arg {
            Arg::Object(object) => Some(object),
            _ => None,
        })
    }

    /// The strings of a list.
    pub(super) fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        self.many(name).iter().filter_map(|arg| match arg {
            Arg::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// The numbers of a list.
    pub(super) fn numbers(&self, name: &str) -> impl Iterator<Item = i64> {
        self.many(name).iter().filter_map(|arg| match arg {
            Arg::Number(number) => Some(*number),
            _ => None,
        })
    }
}

fn value(kind: &'static Kind, node: &Node) -> Result<Arg, BadValue> {
    let bad = |reason: String| BadValue { at: node.at, reason };
    let text = node.text.trim();
    let number = |least: i64, most: i64, name: &str| {
        let number: i128 = text.parse().map_err(|_| bad("Input string was not in a correct format.".to_owned()))?;
        let fits = i64::try_from(number).ok().filter(|number| (least..=most).contains(number));
        fits.map(Arg::Number).ok_or_else(|| bad(format!("Value was either too large or too small for an {name}.")))
    };
    match kind {
        Kind::Text => Ok(Arg::Text(node.text.clone())),
        Kind::Bool => match text {
            "true" | "1" => Ok(Arg::Flag(true)),
            "false" | "0" => Ok(Arg::Flag(false)),
            other => Err(bad(format!("The string '{other}' is not a valid Boolean value."))),
        },
        Kind::Short => number(i16::MIN.into(), i16::MAX.into(), "Int16"),
        Kind::Int => number(i32::MIN.into(), i32::MAX.into(), "Int32"),
        Kind::Long | Kind::UnsignedLong => number(i64::MIN, i64::MAX, "Int64"),
        Kind::Double => Err(bad("Input string was not in a correct format.".to_owned())),
        Kind::Date => {
            let date = times::parse(text);
            date.map(Arg::Date).ok_or_else(|| bad(format!("The string '{text}' is not a valid AllXsd value.")))
        }
        Kind::Bytes => decode(&node.text).map(Arg::Bytes).map_err(bad),
        Kind::OneOf(names) if names.contains(&text) => Ok(Arg::Text(text.to_owned())),
        Kind::OneOf(_) => Err(bad(format!("Instance validation error: '{text}' is not a valid value."))),
        Kind::Object(fields) => Args::read(fields, node).map(Arg::Object),
    }
}

/// Base64, with white space wherever it likes.
fn decode(text: &str) -> Result<Bytes, String> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::RequireCanonical);
    let engine = GeneralPurpose::new(&STANDARD, config);
    let decoded = if text.contains(|letter: char| letter.is_ascii_whitespace()) {
        engine.decode(text.split_ascii_whitespace().collect::<String>())
    } else {
        engine.decode(text)
    };
    decoded.map(Bytes::from).map_err(|_| "Invalid length for a Base-64 char array or string.".to_owned())
}
