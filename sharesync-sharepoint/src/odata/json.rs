//! JSON: the wrapper `d`, lists in `results` or `value`, metadata.

use serde_json::{Map, Value};

use super::Answer;

pub(super) fn read(value: Value) -> Answer {
    let Value::Object(mut fields) = value else {
        return Answer { value: plain(value), next: None };
    };
    // The form `verbose` wraps everything; no entity has a property of that name alone.
    let wrapped = (fields.len() == 1).then(|| fields.remove("d")).flatten();
    let mut fields = match wrapped {
        Some(Value::Object(inner)) => inner,
        Some(other) => return Answer { value: plain(other), next: None },
        None => fields,
    };
    if fields.get("odata.null") == Some(&Value::Bool(true)) {
        return Answer { value: Value::Null, next: None };
    }
    let next = ["__next", "odata.nextLink", "@odata.nextLink"]
        .into_iter()
        .find_map(|name| fields.remove(name)?.as_str().map(str::to_owned));
    if let Some(Value::Array(entries)) = fields.get_mut("value") {
        return Answer { value: plain(Value::Array(std::mem::take(entries))), next };
    }
    Answer { value: plain(Value::Object(fields)), next }
}

/// Without metadata, deferred properties, and the wrappers of lists.
pub(super) fn plain(value: Value) -> Value {
    match value {
        Value::Object(fields) => object(fields),
        Value::Array(entries) => Value::Array(entries.into_iter().map(plain).collect()),
        other => other,
    }
}

fn object(mut fields: Map<String, Value>) -> Value {
    fields.retain(|name, value| {
        let deferred = value.as_object().is_some_and(|value| value.len() == 1 && value.contains_key("__deferred"));
        name != "__metadata" && !name.starts_with("odata.") && !name.contains("@odata.") && !deferred
    });
    if fields.len() == 1
        && let Some(Value::Array(entries)) = fields.get_mut("results")
    {
        return plain(Value::Array(std::mem::take(entries)));
    }
    Value::Object(fields.into_iter().map(|(name, value)| (name, plain(value))).collect())
}
