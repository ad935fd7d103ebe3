//! Bodies and dates of requests: JSON objects whose keys are read without regard to case, and the date forms that clients send.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::errors::ApiError;
use crate::http::{Query, truth};

/// A JSON object of a request.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields {
    object: Map<String, Value>,
}

impl Fields {
    /// An empty body counts as an empty object.
    pub(super) fn parse(body: &[u8]) -> Result<Self, ApiError> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(object)) => Ok(Self { object }),
            Ok(_) => Err(ApiError::bad_request("The body must be a JSON object.")),
            Err(error) => Err(ApiError::bad_request(format!("The body is not JSON: {error}."))),
        }
    }

    /// The parameters of a query, each a text.
    pub(super) fn from_query(query: &Query) -> Self {
        let pairs = query.pairs().iter().filter(|(_, value)| !value.is_empty());
        Self { object: pairs.map(|(name, value)| (name.clone(), value.as_str().into())).collect() }
    }

    pub(super) fn with(mut self, name: &str, value: Value) -> Self {
        self.object.insert(name.to_owned(), value);
        self
    }

    /// A value that is not null.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        let found = self.object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// A text that is not empty.
    pub(super) fn some_text(&self, name: &str) -> Option<&str> {
        self.text(name).filter(|text| !text.is_empty())
    }

    /// A boolean, or a text that says one.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        match self.get(name)? {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => truth(text),
            _ => None,
        }
    }

    pub(super) fn is_true(&self, name: &str) -> bool {
        self.flag(name).unwrap_or(false)
    }

    /// A number, or a text that says one.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        match self.get(name)? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    pub(super) fn object(&self, name: &str) -> Option<Self> {
        self.get(name)?.as_object().cloned().map(|object| Self { object })
    }

    /// The objects of an array; what is no object becomes one with that value as `Id`.
    pub(super) fn objects(&self, name: &str) -> Vec<Self> {
        self.get(name).and_then(Value::as_array).into_iter().flatten().map(Self::of).collect()
    }

    fn of(value: &Value) -> Self {
        match value {
            Value::Object(object) => Self { object: object.clone() },
            other => Self { object: Map::from_iter([("Id".to_owned(), other.clone())]) },
        }
    }

    /// The `Id` of an object inside.
    pub(super) fn id_of(&self, name: &str) -> Option<String> {
        self.object(name)?.some_text("Id").map(str::to_owned)
    }

    pub(super) fn date(&self, name: &str) -> Result<Option<When>, ApiError> {
        let Some(text) = self.some_text(name) else {
            return Ok(None);
        };
        parse_date(text).map(Some).ok_or_else(|| ApiError::bad_request(format!("{name} is not a date.")))
    }

    /// A date of a client's file system: neither "null" nor "never" is one.
    pub(super) fn moment(&self, name: &str) -> Result<Option<Timestamp>, ApiError> {
        Ok(self.date(name)?.and_then(When::moment))
    }
}

/// The array of ids that the bulk operations take.
pub(super) fn parse_ids(body: &[u8]) -> Result<Vec<String>, ApiError> {
    let refused = |error| ApiError::bad_request(format!("The body must be a JSON array of ids: {error}."));
    serde_json::from_slice(body).map_err(refused)
}

/// A date as the protocol means it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// Year 1: no date.
    Null,
    /// Year 9999.
    Never,
    At(Timestamp),
}

impl When {
    pub(super) fn moment(self) -> Option<Timestamp> {
        match self {
            Self::At(moment) => Some(moment),
            Self::Null | Self::Never => None,
        }
    }
}

/// Reads a full date, one without a zone, or a bare day.
pub(super) fn parse_date(text: &str) -> Option<When> {
    let text = text.trim();
    match text.get(..5) {
        Some("9999-") => return Some(When::Never),
        Some("0001-") => return Some(When::Null),
        _ => {}
    }
    let moment = text.parse::<Timestamp>().ok().or_else(|| in_zone(text, &TimeZone::UTC))?;
    Some(When::At(in_steps_of_100_ns(moment)))
}

/// Reads the wall clock of a date, whatever zone it says, as one of another zone.
pub(super) fn parse_wall_clock(text: &str, zone: &TimeZone) -> Option<When> {
    match parse_date(text)? {
        When::At(_) => in_zone(text.trim().trim_end_matches(['Z', 'z']), zone).map(When::At),
        other => Some(other),
    }
}

fn in_zone(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let wall: DateTime = text.parse().ok().or_else(|| text.parse::<Date>().ok().map(DateTime::from))?;
    wall.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp())
}

fn in_steps_of_100_ns(moment: Timestamp) -> Timestamp {
    let nanos = moment.as_nanosecond();
    Timestamp::from_nanosecond(nanos - nanos.rem_euclid(100)).unwrap_or(moment)
}

/// The text of an optional end: `None` is never.
pub(super) fn end_text(end: Option<Timestamp>) -> String {
    end.map_or_else(|| NEVER.to_owned(), |end| end.to_string())
}

/// How the protocol writes "never".
pub(super) const NEVER: &str = "9999-12-31T23:59:59.9999999Z";

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> String {
        match parse_date(text) {
            Some(When::At(moment)) => moment.to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn dates_in_all_documented_forms() {
        assert_eq!(at("2013-07-23"), "2013-07-23T00:00:00Z");
        assert_eq!(at("2021-03-04T05:06:07.891234Z"), "2021-03-04T05:06:07.891234Z");
        assert_eq!(at("2021-03-04T05:06:07.1234567Z"), "2021-03-04T05:06:07.1234567Z");
        assert_eq!(at("2021-03-04T05:06:07"), "2021-03-04T05:06:07Z");
        assert_eq!(at("2021-03-04T05:06:07+02:00"), "2021-03-04T03:06:07Z");
        assert_eq!(at("9999-12-31T23:59:59.9999999Z"), "Some(Never)");
        assert_eq!(at("0001-01-01T00:00:00Z"), "Some(Null)");
        assert_eq!(at("yesterday"), "None");
    }

    #[test]
    fn a_wall_clock_is_read_in_its_zone() {
        let zone = TimeZone::get("America/New_York").expect("the bundled zones have it");
        let winter = parse_wall_clock("2021-03-04T00:06:07.891234Z", &zone);
        assert_eq!(winter, parse_date("2021-03-04T05:06:07.891234Z"));
        let summer = parse_wall_clock("2021-07-04T00:06:07Z", &zone);
        assert_eq!(summer, parse_date("2021-07-04T04:06:07Z"));
    }

    #[test]
    fn keys_ignore_case_and_values_their_type() {
        let fields = Fields::parse(br#"{"FILENAME":"a","fileSize":"12","Raw":"true","x":null,"Parent":{"id":"fo"}}"#)
            .expect("an object");
        assert_eq!(fields.text("FileName"), Some("a"));
        assert_eq!(fields.number("FileSize"), Some(12));
        assert!(fields.is_true("raw"));
        assert!(fields.get("X").is_none());
        assert_eq!(fields.id_of("parent").as_deref(), Some("fo"));
        assert!(Fields::parse(b"[1]").is_err());
    }
}
