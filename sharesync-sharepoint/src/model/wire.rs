//! Reading fields leniently: numbers that are texts, times, texts that are empty.

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use sharesync_core::Timestamp;

use super::Guid;

/// A whole number, as a number or a text.
pub(super) fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(crate::odata::whole(&Value::deserialize(deserializer)?))
}

/// A number that may be negative, as a number or a text.
pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value.as_i64().or_else(|| value.as_str()?.trim().parse().ok()))
}

/// A boolean, as such or as a text in whatever case.
pub(super) fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value.as_bool().or_else(|| value.as_str()?.trim().to_ascii_lowercase().parse().ok()))
}

/// A time. One without a zone is in UTC.
pub(super) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value.as_str().and_then(parse_time))
}

pub(super) fn parse_time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    text.parse().or_else(|_| format!("{text}Z").parse()).ok()
}

/// An identifier; `None` for what is none, and for the one of all zeros.
pub(super) fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Guid>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value.as_str().and_then(parse_id))
}

pub(super) fn parse_id(text: &str) -> Option<Guid> {
    text.parse::<Guid>().ok().filter(|id| id.simple().bytes().any(|digit| digit != b'0'))
}
