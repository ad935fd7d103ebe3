//! Whether a body is like a documented one: the same members, and values of the same kind.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;

/// Members that may be null where the example has a value.
const NULLABLE: [&str; 7] = ["old_path", "new_path", "version_id", "folder_id", "parent_id", "share_id", "quota_bytes"];

pub(crate) fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/cursor")
}

/// A documented body.
pub(crate) fn documented(name: &str) -> Value {
    let path = fixtures().join("documented").join(format!("{name}.json"));
    serde_json::from_slice(&std::fs::read(path).expect("a documented body")).expect("JSON")
}

/// Shows that a body has the form of the documented one.
#[track_caller]
pub(crate) fn like(found: &Value, name: &str) {
    if let Err(reason) = fits(found, &documented(name)) {
        panic!("{name}: {reason} in {found}");
    }
}

/// Shows that an object has these members and no others.
#[track_caller]
pub(crate) fn has(found: &Value, names: &[&str]) {
    let members: BTreeSet<&str> = found.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(members, names.iter().copied().collect(), "{found}");
}

fn fits(found: &Value, example: &Value) -> Result<(), String> {
    match (found, example) {
        (Value::Object(found), Value::Object(example)) => {
            let (all, known): (BTreeSet<_>, BTreeSet<_>) = (found.keys().collect(), example.keys().collect());
            if let Some(odd) = all.symmetric_difference(&known).next() {
                return Err(format!("the member {odd}"));
            }
            found.iter().try_for_each(|(name, value)| match value {
                Value::Null if NULLABLE.contains(&name.as_str()) => Ok(()),
                value => fits(value, &example[name]).map_err(|reason| format!("{name}: {reason}")),
            })
        }
        (Value::Array(found), Value::Array(examples)) => found.iter().try_for_each(|found| {
            let reasons: Vec<_> = examples.iter().filter_map(|example| fits(found, example).err()).collect();
            if reasons.len() < examples.len() { Ok(()) } else { Err(format!("{found}: {reasons:?}")) }
        }),
        (Value::String(found), Value::String(example)) => {
            let is_time = |text: &str| text.ends_with('Z') && text.get(10..11) == Some("T");
            let prefix = |text: &str| text.split_once('_').map(|(prefix, _)| prefix.len()).filter(|len| *len == 3);
            let kind_of = |text: &str| prefix(text).map(|len| text[..len].to_owned());
            let is_path = |text: &str| text.starts_with('/');
            let same = is_time(found) == is_time(example) && is_path(found) == is_path(example);
            let owner = ["usr", "grp"];
            let kinds = (kind_of(found), kind_of(example));
            let owners = |kind: &Option<String>| kind.as_deref().is_some_and(|kind| owner.contains(&kind));
            let alike = kinds.0 == kinds.1 || owners(&kinds.0) && owners(&kinds.1);
            if same && alike { Ok(()) } else { Err(format!("{found} is not like {example}")) }
        }
        (Value::Bool(_), Value::Bool(_)) | (Value::Null, _) if example.is_null() || !found.is_null() => Ok(()),
        (found, Value::Null) if found.is_string() => Ok(()),
        (Value::Number(found), Value::Number(example)) if found.is_u64() == example.is_u64() => Ok(()),
        _ => Err(format!("{found} instead of {example}")),
    }
}
