//! The bodies of the fixtures.

fn read(path: &str) -> String {
    let path = format!("{}/tests/fixtures/sharepoint/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A body that a document shows.
pub(crate) fn documented(name: &str) -> String {
    read(&format!("documented/{name}"))
}

/// A body that was seen.
pub(crate) fn observed(name: &str) -> String {
    read(&format!("observed/{name}"))
}

/// A body that is our reading.
pub(crate) fn inferred(name: &str) -> String {
    read(&format!("inferred/{name}"))
}

/// The documented requests, as `METHOD path?query`, with the names of `stage` in their places.
pub(crate) fn operations() -> Vec<String> {
    use super::stage::{ALIAS, FILE, LIBRARY, simple};
    let lines = read("operations.txt");
    let lines = lines.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines
        .map(|line| {
            let request = line.split(" | ").next().unwrap().trim();
            request
                .replace("{useralias}", ALIAS)
                .replace("{library-guid-hyphenated}", LIBRARY)
                .replace("{library-guid-32hex}", &simple(LIBRARY))
                .replace("{resource-id}", &simple(FILE))
        })
        .collect()
}
