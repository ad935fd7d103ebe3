//! The bodies of the fixtures.

use serde_json::Value;

fn read(path: &str) -> String {
    let path = format!("{}/tests/fixtures/cursor/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A body that the documentation shows.
pub(crate) fn documented(name: &str) -> Value {
    serde_json::from_str(&read(&format!("documented/{name}.json"))).unwrap()
}

/// A body that is our reading.
pub(crate) fn reconstructed(name: &str) -> Value {
    serde_json::from_str(&read(&format!("reconstructed/{name}.json"))).unwrap()
}

/// The number of lines of a body that is our reading.
pub(crate) fn lines(name: &str) -> usize {
    read(&format!("reconstructed/{name}.json")).lines().count()
}

/// The operations of the sync reference, as `METHOD path`.
pub(crate) fn operations() -> Vec<String> {
    read("operations.txt").lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

/// A value without the fields that are `null`: they are not sent again.
pub(crate) fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            fields.into_iter().filter(|(_, value)| !value.is_null()).map(|(k, v)| (k, without_nulls(v))).collect()
        }
        Value::Array(values) => values.into_iter().map(without_nulls).collect(),
        other => other,
    }
}
