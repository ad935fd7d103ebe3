//! Every documented exchange: each operation, with each of its statuses and examples.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};
use sharesync::acronis::AcronisError;
use sharesync::{Error, ErrorKind, Result};
use wiremock::ResponseTemplate;

use super::fixtures::{Operation, documented, examples, operations};
use super::stage::{TOKEN, client};
use super::table::{Entry, Outcome, table};
use crate::support::{Seen, Server, empty, json as answer};

/// What the reference documents, counted by hand.
const OPERATIONS: usize = 27;
const PARAMETERS: usize = 34;
const STATUSES: usize = 79;
const EXAMPLES: usize = 93;

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
    let mut seen = Coverage::default();
    for entry in table() {
        let operation = operations.iter().find(|operation| operation.title == entry.title).unwrap();
        for status in &operation.statuses {
            for example in answers(operation, *status, &examples) {
                exchange(&operations, operation, &entry, *status, example.as_deref(), &mut seen).await;
            }
        }
        unauthenticated(operation, &entry, &mut seen).await;
    }
    let names = |list: fn(&Operation) -> Vec<String>| operations.iter().flat_map(list).collect::<Vec<_>>();
    let every = |operation: &Operation| vec![operation.title.clone()];
    assert_all(OPERATIONS, names(every), &seen.operations);
    assert_all(PARAMETERS, names(parameters), &seen.parameters);
    assert_all(STATUSES, names(statuses), &seen.statuses);
    assert_all(EXAMPLES, examples, &seen.examples);
    assert_all(OPERATIONS, names(every), &seen.unauthenticated);
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
    operations: &[Operation],
    due: &Operation,
    entry: &Entry,
    status: u16,
    example: Option<&str>,
    coverage: &mut Coverage,
) {
    let what = format!("{} {:?} -> {status} {example:?}", entry.title, entry.request);
    let body = example.map(documented);
    let template = body.as_ref().map_or_else(|| empty(status), |body| answer(status, body));
    let (result, request) = play(entry, due, template).await;

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

/// Calls an operation on a server of its own; the result, and the only request that the server received.
async fn play(entry: &Entry, operation: &Operation, template: ResponseTemplate) -> (Result<Outcome>, Seen) {
    let server = Arc::new(Server::start().await);
    server.by(move |_| template.clone());
    let body = entry.request.map(|name| documented(&format!("{}/{name}", operation.folder())));
    let result = (entry.call)(client(&server).await, body.unwrap_or_default()).await;
    let mut requests = server.seen().await;
    assert_eq!(requests.len(), 1, "{}: {requests:#?}", entry.title);
    (result, requests.remove(0))
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
    assert_eq!((error.kind(), error.status(), error.code()), (kind, Some(status), Some(code.to_string().as_str())), "{what}");
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
async fn unauthenticated(operation: &Operation, entry: &Entry, coverage: &mut Coverage) {
    let (result, request) = play(entry, operation, empty(401)).await;
    let error = result.err().unwrap();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unauthenticated, Some(401)), "{}", entry.title);
    assert!(operation.method == request.method && operation.has_path(&request.path), "{}", request.line());
    coverage.unauthenticated.insert(operation.title.clone());
}
