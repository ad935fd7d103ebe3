//! The bodies of the fixtures, and the list of operations.

use std::path::{Path, PathBuf};

use sharesync::filesanywhere::SoapVersion;

pub(crate) const VERSIONS: [SoapVersion; 2] = [SoapVersion::V11, SoapVersion::V12];

/// A service and an operation of it.
pub(crate) type Operation = (String, String);

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/filesanywhere").join(name)
}

/// A file of the fixtures.
pub(crate) fn file(name: &str) -> String {
    let path = path(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Whether there is such a file.
pub(crate) fn exists(name: &str) -> bool {
    path(name).exists()
}

/// All files below a folder, such as `soap11.xml`.
pub(crate) fn names(folder: &str) -> Vec<String> {
    let files = std::fs::read_dir(path(folder)).unwrap();
    let mut names: Vec<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The operations of the list, both services. All are offered in both versions of SOAP.
pub(crate) fn operations() -> Vec<Operation> {
    let text = file("operations.txt");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let parts: Vec<_> = line.split('|').map(str::trim).collect();
            let [service, name, versions, _] = parts[..] else { panic!("{line:?} has not four columns") };
            assert_eq!(versions, "SOAP11+12", "{line}");
            (service.to_owned(), name.to_owned())
        })
        .collect()
}

/// What stands in the name of a file for a version.
pub(crate) fn label(version: SoapVersion) -> &'static str {
    if version == SoapVersion::V11 { "soap11" } else { "soap12" }
}

/// A documented exchange: the lines of its head, and its body.
pub(crate) struct Message {
    pub(crate) first: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Message {
    /// The documented request or response of ChangeList.
    pub(crate) fn of_seed(version: SoapVersion, kind: &str) -> Self {
        let text = file(&format!("documented/seed/{}.{kind}.http", label(version)));
        let (head, body) = text.split_once("\n\n").unwrap();
        let mut lines = head.lines();
        let first = lines.next().unwrap().to_owned();
        let headers = lines.map(|line| line.split_once(": ").unwrap());
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        Self { first, headers, body: body.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// The body of ChangeList in the seed's envelope, and the envelope around it.
fn seed_parts(version: SoapVersion, kind: &str, element: &str) -> [String; 3] {
    let body = Message::of_seed(version, kind).body;
    let from = body.find(&format!("<{element} ")).unwrap();
    let end = format!("</{element}>");
    let to = body.find(&end).unwrap() + end.len();
    [body[..from].to_owned(), body[from..to].to_owned(), body[to..].to_owned()]
}

/// The documented envelope of a version around the body of a request.
pub(crate) fn request_envelope(version: SoapVersion, body: &str) -> String {
    let [before, _, after] = seed_parts(version, "request", "ChangeList");
    before + body + &after
}

/// The documented envelope of a version around the body of a response.
pub(crate) fn response_envelope(version: SoapVersion, body: &str) -> String {
    let [before, _, after] = seed_parts(version, "response", "ChangeListResponse");
    before + body + &after
}

/// The template of a request: documented, or of what is known of it.
pub(crate) fn request(service: &str, operation: &str) -> String {
    if operation == "ChangeList" {
        let [eleven, twelve] = VERSIONS.map(|version| seed_parts(version, "request", "ChangeList")[1].clone());
        assert_eq!(eleven, twelve);
        return eleven;
    }
    body(service, operation, "request")
}

/// The template of a response: documented, or our reading of what is cut off.
pub(crate) fn response(service: &str, operation: &str) -> String {
    if operation == "ChangeList" {
        let [eleven, twelve] = VERSIONS.map(|version| seed_parts(version, "response", "ChangeListResponse")[1].clone());
        assert_eq!(eleven, twelve);
        return eleven;
    }
    body(service, operation, "response")
}

fn body(service: &str, operation: &str, kind: &str) -> String {
    let name = format!("{service}/{operation}.{kind}.xml");
    let documented = format!("documented/{name}");
    if exists(&documented) { file(&documented) } else { file(&format!("reconstructed/{name}")) }
}

#[test]
fn what_is_reconstructed_begins_as_what_is_documented() {
    let cut: Vec<_> = names("documented/syncapi")
        .into_iter()
        .filter_map(|name| name.strip_suffix(".cut.xml").map(str::to_owned))
        .collect();
    assert_eq!(cut, ["GetAllItemsForSync.response", "SyncLocalItem.request", "SyncUploadResume.response"]);
    for name in cut {
        let documented = file(&format!("documented/syncapi/{name}.cut.xml"));
        let (known, _) = documented.split_once("<!-- CUT").unwrap();
        let whole = file(&format!("reconstructed/syncapi/{name}.xml"));
        assert!(whole.starts_with(known.trim_end()), "{name}");
    }
}
