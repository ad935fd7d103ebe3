//! The documented operations and examples.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// One line of the list of operations.
pub(crate) struct Operation {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) title: String,
    pub(crate) parameters: Vec<String>,
    pub(crate) statuses: Vec<u16>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/acronis")
}

/// The documented operations.
pub(crate) fn operations() -> Vec<Operation> {
    let text = std::fs::read_to_string(folder().join("operations.txt")).unwrap();
    text.lines().filter(|line| !line.starts_with('#')).map(Operation::read).collect()
}

/// The names of all documented examples, such as `create_folder/409`.
pub(crate) fn examples() -> Vec<String> {
    let mut names = Vec::new();
    for operation in std::fs::read_dir(folder().join("documented")).unwrap() {
        let operation = operation.unwrap().path();
        for file in std::fs::read_dir(&operation).unwrap() {
            let file = file.unwrap().path();
            assert_eq!(file.extension().unwrap(), "json", "{}", file.display());
            let (folder, name) = (operation.file_name().unwrap(), file.file_stem().unwrap());
            names.push(format!("{}/{}", folder.to_str().unwrap(), name.to_str().unwrap()));
        }
    }
    names.sort();
    names
}

/// A documented example.
pub(crate) fn documented(name: &str) -> Value {
    let path = folder().join("documented").join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

impl Operation {
    fn read(line: &str) -> Self {
        let parts: Vec<_> = line.split('|').map(str::trim).collect();
        let [place, title, parameters, statuses] = parts[..] else { panic!("{line:?} has not four columns") };
        let (method, path) = place.split_once(' ').unwrap();
        Self {
            method: method.into(),
            path: path.into(),
            title: title.into(),
            parameters: parameters.split_whitespace().map(str::to_owned).collect(),
            statuses: statuses.split_whitespace().map(|status| status.parse().unwrap()).collect(),
        }
    }

    /// The folder of its examples.
    pub(crate) fn folder(&self) -> String {
        self.title.to_lowercase().replace(' ', "_")
    }

    /// Whether this is its path, whatever the identifiers.
    pub(crate) fn has_path(&self, path: &str) -> bool {
        let mut segments = path.split('/');
        let same = self.path.split('/').all(|due| match segments.next() {
            Some(found) if due.starts_with('{') => !found.is_empty(),
            found => found == Some(due),
        });
        same && segments.next().is_none()
    }
}
