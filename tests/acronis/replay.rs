//! Every documented exchange: each operation, with each of its statuses and examples.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sharesync::acronis::{AcronisError, Client};
use sharesync::{Error, ErrorKind, Result};
use wiremock::ResponseTemplate;

use super::fixtures::{Operation, documented, examples, fields, operations};
use super::stage::{TOKEN, client};
use super::table::{Entry, Outcome, assert_known, table};
use crate::support::{Seen, Server, empty, json as answer};

/// What the reference documents, counted by hand.
const OPERATIONS: usize = 27;
const PARAMETERS: usize = 34;
const STATUSES: usize = 79;
const EXAMPLES: usize = 93;
const FIELDS: usize = 147;

/// What was really exchanged. Entries are made from the requests that a server received and from what the client made of
/// the answers, after both were compared with the document.
#[derive(Default)]
struct Coverage {
    operations: BTreeSet<String>,
    parameters: BTreeSet<String>,
    statuses: BTreeSet<String>,
    examples: BTreeSet<String>,
    unauthenticated: BTreeSet<String>,
}

#[tokio::test]
async fn every_documented_exchange() {
    let (operations, examples) = (operations(), examples());
    let (stage, mut seen) = (Stage::new().await, Coverage::default());
    for entry in table() {
        let operation = operations.iter().find(|operation| operation.title == entry.title).unwrap();
        for status in &operation.statuses {
            for example in answers(operation, *status, &examples) {
                exchange(&stage, &operations, (operation, &entry), *status, example.as_deref(), &mut seen).await;
            }
        }
        unauthenticated(&stage, operation, &entry, &mut seen).await;
    }
    let names = |list: fn(&Operation) -> Vec<String>| operations.iter().flat_map(list).collect::<Vec<_>>();
    let every = |operation: &Operation| vec![operation.title.clone()];
    assert_all(OPERATIONS, names(every), &seen.operations);
    assert_all(PARAMETERS, names(parameters), &seen.parameters);
    assert_all(STATUSES, names(statuses), &seen.statuses);
    assert_all(EXAMPLES, examples, &seen.examples);
    assert_all(OPERATIONS, names(every), &seen.unauthenticated);
}

/// Each field that is listed for an answer, also those that no example has, with each value that is allowed.
#[tokio::test]
async fn every_documented_field_and_value() {
    let (stage, operations, fields) = (Stage::new().await, operations(), fields());
    assert_eq!(fields.len(), FIELDS);
    for field in fields {
        let operation = operations.iter().find(|operation| operation.title == field.title).unwrap();
        let entry = table().into_iter().find(|entry| entry.title == field.title).unwrap();
        for value in field.samples() {
            let body = json!({ field.name.clone(): value });
            let (result, _) = stage.play(&entry, operation, answer(field.status, &body)).await;
            check_success(&format!("{} {body}", field.title), &result.unwrap(), field.status, Some(&body));
        }
    }
}

fn parameters(operation: &Operation) -> Vec<String> {
    operation.parameters.iter().map(|name| format!("{}: {name}", operation.title)).collect()
}

fn statuses(operation: &Operation) -> Vec<String> {
    operation.statuses.iter().map(|status| format!("{}: {status}", operation.title)).collect()
}

#[track_caller]
fn assert_all(count: usize, documented: Vec<String>, seen: &BTreeSet<String>) {
    let documented: BTreeSet<_> = documented.into_iter().collect();
    assert_eq!(documented.len(), count, "the lists have lost something: {documented:#?}");
    let missing: Vec<_> = documented.difference(seen).collect();
    assert!(missing.is_empty(), "never exchanged: {missing:#?}");
    assert_eq!(seen.len(), count, "{seen:#?}");
}

/// The documented examples of an answer; one without any is answered without a body.
fn answers(operation: &Operation, status: u16, examples: &[String]) -> Vec<Option<String>> {
    let plain = format!("{}/{status}", operation.folder());
    let is = |name: &&String| **name == plain || name.starts_with(&format!("{plain}."));
    let found: Vec<_> = examples.iter().filter(is).cloned().map(Some).collect();
    if found.is_empty() { vec![None] } else { found }
}

/// Plays one exchange, compares both sides with the document, and notes what was seen.
async fn exchange(
    stage: &Stage,
    operations: &[Operation],
    (due, entry): (&Operation, &Entry),
    status: u16,
    example: Option<&str>,
    coverage: &mut Coverage,
) {
    let what = format!("{} {:?} -> {status} {example:?}", entry.title, entry.request);
    let body = example.map(documented);
    let template = body.as_ref().map_or_else(|| empty(status), |body| answer(status, body));
    let (result, request) = stage.play(entry, due, template).await;

    let found: Vec<_> =
        operations.iter().filter(|other| other.method == request.method && other.has_path(&request.path)).collect();
    let [operation] = found[..] else { panic!("{what}: {} is {} operations", request.line(), found.len()) };
    assert_eq!(operation.title, due.title, "{what}");
    let names: BTreeSet<_> = request.query.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(names, operation.parameters.iter().cloned().collect(), "{what}");
    check_request(entry, operation, &request);
    match result {
        Ok(outcome) => check_success(&what, &outcome, status, body.as_ref()),
        Err(error) => check_error(&what, &error, status, body.as_ref()),
    }

    coverage.operations.insert(operation.title.clone());
    coverage.parameters.extend(names.iter().map(|name| format!("{}: {name}", operation.title)));
    coverage.statuses.insert(format!("{}: {status}", operation.title));
    coverage.examples.extend(example.map(str::to_owned));
    coverage.examples.extend(entry.request.map(|request| format!("{}/{request}", operation.folder())));
}

/// A server and its client. They serve one exchange after the other.
struct Stage {
    server: Server,
    client: Client,
}

impl Stage {
    async fn new() -> Self {
        let server = Server::start().await;
        Self { client: client(&server).await, server }
    }

    /// Calls an operation; the result, and the only request that the server received for it.
    async fn play(&self, entry: &Entry, operation: &Operation, template: ResponseTemplate) -> (Result<Outcome>, Seen) {
        let before = self.server.seen().await.len();
        self.server.by(move |_| template.clone());
        let body = entry.request.map(|name| documented(&format!("{}/{name}", operation.folder())));
        let result = (entry.call)(self.client.clone(), body.unwrap_or_default()).await;
        let mut requests = self.server.seen().await.split_off(before);
        assert_eq!(requests.len(), 1, "{}: {requests:#?}", entry.title);
        (result, requests.remove(0))
    }
}

fn check_request(entry: &Entry, operation: &Operation, request: &Seen) {
    assert_eq!(request.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
    match entry.request {
        Some(name) => assert_eq!(request.json(), documented(&format!("{}/{name}", operation.folder()))),
        None if operation.title == "Upload file" => {
            assert_eq!(request.header("content-type"), Some("application/octet-stream"));
            assert_eq!(request.header("transfer-encoding"), Some("chunked"));
            assert_eq!((request.header("content-length"), request.body.as_slice()), (None, &b"asdfg"[..]));
        }
        None => assert!(request.body.is_empty(), "{}", request.line()),
    }
}

fn check_success(what: &str, outcome: &Outcome, status: u16, body: Option<&Value>) {
    assert!(status < 300, "{what}: read as a success");
    assert_eq!(&outcome.body, body.unwrap_or(&Value::Null), "{what}");
    assert_known(&outcome.shown);
    assert_eq!(outcome.complete.unwrap_or(status != 206), status != 206, "{what}");
}

fn check_error(what: &str, error: &Error, status: u16, body: Option<&Value>) {
    assert!(status >= 300, "{what}: {error}");
    let body = body.unwrap_or_else(|| panic!("{what}: without a body"));
    let code = body["error"]["code"].as_i64().unwrap();
    let kind = match (status, code) {
        (400, 9) => ErrorKind::Integrity,
        (400, 15) => ErrorKind::Rejected,
        (403, 3) => ErrorKind::PermissionDenied,
        (404, 10) => ErrorKind::NotFound,
        (409, 92) => ErrorKind::AlreadyExists,
        other => panic!("{what}: {other:?} is not documented"),
    };
    assert_eq!(
        (error.kind(), error.status(), error.code()),
        (kind, Some(status), Some(code.to_string().as_str())),
        "{what}"
    );
    assert_eq!((error.provider(), error.attempts()), (Some("acronis"), 1), "{what}");
    let typed = error.provider_error::<AcronisError>().unwrap();
    let mut again = json!({"domain": typed.domain, "code": typed.code, "message": typed.message});
    for (name, value) in typed.extra.iter() {
        again[name] = value.clone();
    }
    if let Some(conflict) = &typed.conflict {
        again["context"]["conflict"] = serde_json::to_value(conflict).unwrap();
    }
    assert_eq!(json!({"error": again}), *body, "{what}");
    assert_eq!(typed.conflict.is_some(), status == 409, "{what}");
}

/// The global answer to a missing or invalid token. Its body is not documented.
async fn unauthenticated(stage: &Stage, operation: &Operation, entry: &Entry, coverage: &mut Coverage) {
    let (result, request) = stage.play(entry, operation, empty(401)).await;
    let error = result.err().unwrap();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unauthenticated, Some(401)), "{}", entry.title);
    assert!(operation.method == request.method && operation.has_path(&request.path), "{}", request.line());
    coverage.unauthenticated.insert(operation.title.clone());
}
