//! The fixtures: what is documented, and what is our reconstruction. Their folders say which is which.

use std::path::Path;

use serde_json::Value;

/// The text of a file among the fixtures.
pub(crate) fn text(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/sharefile").join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A documented request body.
pub(crate) fn documented(name: &str) -> Value {
    serde_json::from_str(&text(&format!("documented/{name}.json"))).unwrap()
}

/// An answer of our reconstruction, with the hosts that it has in the file.
pub(crate) fn reconstructed(name: &str) -> Value {
    serde_json::from_str(&text(&format!("reconstructed/{name}.json"))).unwrap()
}
