//! Counts the documented operations and parameters that the client was really seen to send.

use futures::FutureExt as _;
use serde_json::Value;

use super::fixtures;
use super::harness::{Case, perform};
use super::stage::{Seen, pair};

/// How many operations the Items reference documents.
const DOCUMENTED: usize = 38;

/// A parameter that an example of the reference misspells; its parameter list does not.
const MISPRINT: (&str, &str) = ("forqurantinedfiles", "forquarantinedfiles");

/// What a request may have beside the example: the documented default of the parameter.
const DEFAULT: (&str, &str) = ("redirect", "true");

/// One line of the lists.
struct Operation {
    /// `METHOD path-template | title`.
    key: String,
    method: String,
    /// The path before, between and after identifiers.
    path: Vec<String>,
    /// The example query, or, in the list of parameters, their names.
    rest: String,
}

impl Operation {
    fn read(line: &str) -> Self {
        let parts: Vec<_> = line.split('|').map(str::trim).collect();
        let [place, title, rest] = parts[..] else { panic!("{line:?} has not three columns") };
        let (method, path) = place.split_once(' ').unwrap();
        let path = path.replace("(parentid)", "(id)").split("(id)").map(str::to_owned).collect();
        Self { key: format!("{place} | {title}"), method: method.into(), path, rest: rest.into() }
    }

    fn list(file: &str) -> Vec<Self> {
        fixtures::text(file).lines().filter(|line| !line.starts_with('#')).map(Self::read).collect()
    }

    /// Whether a request is of this method and path, whatever the identifiers.
    fn is(&self, request: &Seen) -> bool {
        let mut rest = request.path.as_str();
        let mut parts = self.path.iter();
        let first = parts.next().unwrap();
        let Some(after) = rest.strip_prefix(first.as_str()) else { return false };
        rest = after;
        for part in parts {
            let Some((id, after)) = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) else { return false };
            let Some(after) = after.strip_prefix(part.as_str()) else { return false };
            if id.is_empty() {
                return false;
            }
            rest = after;
        }
        rest.is_empty() && request.method == self.method
    }

    /// The example's parameters.
    fn example(&self) -> Vec<(String, String)> {
        let pairs = self.rest.split('&').filter(|text| !text.is_empty() && !text.ends_with("...")).map(pair);
        let spelled = |(name, value)| (if name == MISPRINT.0 { MISPRINT.1.into() } else { name }, value);
        let mut pairs: Vec<_> = pairs.map(spelled).collect();
        pairs.sort();
        pairs
    }

    /// Whether the request has the example query and, unless that is an excerpt or missing, nothing else.
    fn is_example(&self, request: &Seen) -> bool {
        let example = self.example();
        let mut sent: Vec<_> =
            request.query.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect();
        sent.sort();
        let excerpt = self.rest.is_empty() || self.rest.ends_with("...");
        sent.retain(|sent| example.contains(sent) || !excerpt && (sent.0.as_str(), sent.1.as_str()) != DEFAULT);
        sent == example
    }
}

/// Whether the request has this parameter of the list.
fn has(request: &Seen, parameter: &str) -> bool {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    match parameter.split_once('=') {
        Some((_, "body")) => !body.is_null(),
        Some(other) => panic!("{other:?} is no place for a parameter"),
        None => request.param(parameter).is_some() || body.get(parameter).is_some(),
    }
}

/// Names that the request has in its query although neither example nor list has them.
fn undocumented(request: &Seen, example: &[(String, String)], parameters: &[&str]) -> Vec<String> {
    let known = |name: &str| {
        name.starts_with('$')
            || example.iter().any(|(other, _)| other.eq_ignore_ascii_case(name))
            || parameters.iter().any(|other| other.eq_ignore_ascii_case(name))
    };
    request.query.iter().map(|(name, _)| name.clone()).filter(|name| !known(name)).collect()
}

/// Runs the cases of the operations and compares what the server received with the lists.
pub(crate) async fn every_documented_operation(cases: &[Case]) {
    let operations = Operation::list("operations.txt");
    let parameters = Operation::list("parameters.txt");
    let keys = |list: &[Operation]| list.iter().map(|operation| operation.key.clone()).collect::<Vec<_>>();
    assert_eq!(operations.len(), DOCUMENTED);
    assert_eq!(keys(&operations), keys(&parameters), "the two lists are of the same operations");

    let mut received = Vec::new();
    let mut complaints = Vec::new();
    for case in cases {
        let key = case.operation.expect("a case of an operation names it");
        if !operations.iter().any(|operation| operation.key == key) {
            complaints.push(format!("{}: {key:?} is not in the list", case.name));
        }
        match std::panic::AssertUnwindSafe(perform(case)).catch_unwind().await {
            Ok(stage) => received.push((key, stage.seen())),
            Err(_) => complaints.push(format!("{} failed", case.name)),
        }
    }
    for (operation, list) in operations.iter().zip(&parameters) {
        let names: Vec<_> = list.rest.split_whitespace().collect();
        let requests: Vec<_> = received
            .iter()
            .filter(|(key, _)| *key == operation.key)
            .flat_map(|(_, requests)| requests)
            .filter(|request| operation.is(request))
            .collect();
        if !requests.iter().any(|request| operation.is_example(request)) {
            let lines: Vec<_> = requests.iter().map(|request| request.line()).collect();
            complaints.push(format!("{}: the example was never sent, only {lines:?}", operation.key));
        }
        for name in names.iter().filter(|name| !requests.iter().any(|request| has(request, name))) {
            complaints.push(format!("{}: {name} was never sent", operation.key));
        }
        let strange: Vec<_> =
            requests.iter().flat_map(|request| undocumented(request, &operation.example(), &names)).collect();
        if !strange.is_empty() {
            complaints.push(format!("{}: {strange:?} are not documented", operation.key));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
