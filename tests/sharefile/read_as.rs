//! Comparing what was decoded with the answer it was decoded from.

use serde::Serialize;
use serde_json::Value;
use sharesync::sharefile::model::Feed;

/// Compares an entity with its answer: every field was read, none was changed.
///
/// What a field without a value stands for is no value: null, and the date that means "no date".
pub(crate) fn same(entity: &impl Serialize, answer: &Value) {
    let read = serde_json::to_value(entity).unwrap();
    assert_eq!(read, without_nothing(answer.clone()));
}

/// Compares a feed with its answer.
pub(crate) fn same_feed<T: Serialize>(feed: &Feed<T>, answer: &Value) {
    same(&feed.value, &answer["value"]);
    assert_eq!(feed.count, answer["odata.count"].as_u64());
    assert_eq!(feed.next_link.as_deref(), answer.get("odata.nextLink").and_then(Value::as_str));
}

fn without_nothing(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(_, value)| !is_nothing(value));
            Value::Object(kept.map(|(name, value)| (name, without_nothing(value))).collect())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(without_nothing).collect()),
        other => other,
    }
}

pub(crate) fn is_nothing(value: &Value) -> bool {
    value.is_null() || value == "0001-01-01T00:00:00Z"
}
