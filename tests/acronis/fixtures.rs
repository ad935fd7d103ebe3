//! The documented operations and examples.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

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

/// One line of the list of fields.
pub(crate) struct Field {
    pub(crate) title: String,
    pub(crate) status: u16,
    pub(crate) name: String,
    kind: String,
    values: Vec<String>,
}

/// The documented fields of responses.
pub(crate) fn fields() -> Vec<Field> {
    let text = std::fs::read_to_string(folder().join("fields.txt")).unwrap();
    text.lines().filter(|line| !line.starts_with('#')).map(Field::read).collect()
}

impl Field {
    fn read(line: &str) -> Self {
        let parts: Vec<_> = line.split('|').map(str::trim).collect();
        let [title, status, name, kind, values] = parts[..] else { panic!("{line:?} has not five columns") };
        Self {
            title: title.into(),
            status: status.parse().unwrap(),
            name: name.into(),
            kind: kind.into(),
            values: values.split_whitespace().map(str::to_owned).collect(),
        }
    }

    /// Every allowed value, or one of the type.
    pub(crate) fn samples(&self) -> Vec<Value> {
        let typed = |text: &String| match self.kind.as_str() {
            "Integer" => text.parse::<i64>().unwrap().into(),
            _ => text.trim_matches('"').into(),
        };
        match self.kind.as_str() {
            _ if !self.values.is_empty() => self.values.iter().map(typed).collect(),
            "String" => vec![json!("text")],
            "Integer" | "Long" => vec![json!(7), json!(i64::MAX)],
            "Boolean" => vec![json!(true), json!(false)],
            "DateTime" => vec![json!("2019-06-25T13:25:36Z"), json!("1970-01-01T00:00:00.000Z")],
            "Object" => vec![json!({})],
            "Array of Object" => vec![json!([]), json!([{}])],
            "Array of String" => vec![json!(["a", "b"])],
            other => panic!("{other:?} is new"),
        }
    }
}
