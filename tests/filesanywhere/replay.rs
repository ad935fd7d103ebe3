//! Every known operation in both versions of SOAP: what is sent, what is read, and what a refusal is.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sharesync::filesanywhere::{DocumentError, Fault, Flaw, Refusal, SoapVersion};
use sharesync::{Error, ErrorKind, Result};

use super::fixtures::{
    Message, VERSIONS, file, label, operations, request, request_envelope, response, response_envelope,
};
use super::stage::{client, xml};
use super::table::{Caller, Entry, SYNC, table};
use super::template::{Filling, Node, Pass, SIGNS};
use super::values::Values;
use super::xml::{lines, operation};
use crate::support::{Seen, Server};

const PASSES: [Pass; 4] = [Pass::Full, Pass::Other, Pass::Sparse, Pass::Bare];

/// What is known, counted by hand: nine operations of SyncAPI and 46 of FAWAPI, each in two versions.
const EXCHANGES: usize = (9 + 46) * 2;

/// What a server really received: version, service and operation.
type Coverage = BTreeSet<(&'static str, String, String)>;

#[tokio::test]
async fn every_operation_in_both_versions() {
    let mut seen = Coverage::new();
    for version in VERSIONS {
        for entry in table() {
            let stage = Stage::new(version).await;
            for pass in PASSES {
                exchange(&stage, &entry, pass, &mut seen).await;
            }
        }
    }
    let known = operations();
    let known: Coverage = VERSIONS
        .iter()
        .flat_map(|version| known.iter().map(|(service, name)| (label(*version), service.clone(), name.clone())))
        .collect();
    assert_eq!(known.len(), EXCHANGES, "the list has lost something");
    let missing: Vec<_> = known.difference(&seen).collect();
    assert!(missing.is_empty(), "never exchanged: {missing:#?}");
    assert_eq!(seen, known);
}

#[tokio::test]
async fn every_operation_tells_how_it_was_refused() {
    for entry in table() {
        for version in VERSIONS {
            let stage = Stage::new(version).await;
            refused_by_message(&stage, &entry).await;
            refused_by_sign(&stage, &entry).await;
            refused_by_fault(&stage, &entry).await;
            without_a_result(&stage, &entry).await;
            answered_by_another(&stage, &entry).await;
        }
    }
}

/// The bodies of an entry: of each operation what is sent, and what is answered.
struct Bodies {
    requests: Vec<String>,
    answers: BTreeMap<String, Node>,
    given: Values,
}

fn bodies(entry: &Entry, pass: Pass) -> Bodies {
    let mut bodies = Bodies { requests: Vec::new(), answers: BTreeMap::new(), given: Values::default() };
    let mut sent = Filling::request(pass, entry.rules);
    let mut answered = Filling::response(pass, entry.rules);
    for name in entry.operations {
        let body = sent.fill(&Node::read(&request(entry.service, name)));
        bodies.given.extend(body.values());
        bodies.requests.push(body.write());
        let body = answered.fill(&Node::read(&response(entry.service, name)));
        bodies.answers.insert((*name).to_owned(), body);
    }
    bodies
}

/// A server and its client. They serve one exchange after the other.
struct Stage {
    server: Server,
    caller: Caller,
}

impl Stage {
    async fn new(version: SoapVersion) -> Self {
        let server = Server::start().await;
        let caller = Caller { client: client(&server, version), address: server.uri(), version };
        Self { server, caller }
    }

    /// Calls an entry with values, and answers each operation by its envelope and status.
    async fn call(
        &self,
        entry: &Entry,
        given: Values,
        answers: BTreeMap<String, (u16, String)>,
    ) -> (Result<Vec<String>>, Vec<Seen>) {
        let (before, version) = (self.server.seen().await.len(), self.caller.version);
        self.server.by(move |request| {
            let (status, envelope) = &answers[&operation(std::str::from_utf8(&request.body).unwrap())];
            xml(version, *status, envelope)
        });
        let read = (entry.call)(self.caller.clone(), given).await;
        (read, self.server.seen().await.split_off(before))
    }

    /// Answers the last operation of an entry by another body, and the others well.
    async fn refused(
        &self,
        entry: &Entry,
        status: u16,
        change: impl FnOnce(&mut Node) -> Option<String>,
    ) -> Option<Error> {
        let Bodies { mut answers, given, .. } = bodies(entry, Pass::Full);
        let last = *entry.operations.last().unwrap();
        let envelope = change(answers.get_mut(last).unwrap())?;
        let well = |body: &Node| (200, response_envelope(self.caller.version, &body.write()));
        let mut envelopes: BTreeMap<_, _> = answers.iter().map(|(name, body)| (name.clone(), well(body))).collect();
        envelopes.insert(last.to_owned(), (status, envelope));
        let (read, _) = self.call(entry, given, envelopes).await;
        let error = read.expect_err(last);
        assert_eq!((error.provider(), error.operation()), (Some("filesanywhere"), Some(last)), "{error:?}");
        Some(error)
    }
}

async fn exchange(stage: &Stage, entry: &Entry, pass: Pass, coverage: &mut Coverage) {
    let version = stage.caller.version;
    let what = format!("{:?} {version:?} {pass:?}", entry.operations);
    let Bodies { requests, answers, given } = bodies(entry, pass);
    let mut passed_over: Vec<_> = SIGNS.into_iter().filter(|sign| !entry.rules.told.contains(sign)).collect();
    passed_over.extend(entry.rules.unread);
    let due: Vec<_> = answers.values().flat_map(|answer| handed_out(answer, &passed_over)).collect();
    let envelopes = answers.iter().map(|(name, body)| (name.clone(), (200, dressed(version, pass, &body.write()))));
    let (read, seen) = stage.call(entry, given, envelopes.collect()).await;
    assert_eq!(read.unwrap_or_else(|error| panic!("{what}: {error:?}")), due, "{what}");
    for (index, seen) in seen.iter().enumerate() {
        // An archive is asked for twice.
        let due = requests.get(index).or(requests.last()).unwrap();
        coverage.insert(check_request(&what, entry, version, seen, due));
    }
    assert!(seen.len() >= requests.len(), "{what}");
}

/// The values of an answer that the client hands out.
fn handed_out(answer: &Node, passed_over: &[&str]) -> Vec<String> {
    let mut answer = answer.clone();
    answer.children.iter_mut().for_each(|result| result.children.retain(|child| child.name != "ErrorMessage"));
    // What is left without elements holds nothing.
    answer.children.retain(|result| !result.children.is_empty());
    if answer.children.is_empty() {
        return Vec::new();
    }
    let empty_lists = answer.values().shown(passed_over);
    empty_lists.into_iter().filter(|value| !value.is_empty()).collect()
}

/// Compares a request with the documented one, and says which operation it is.
fn check_request(
    what: &str,
    entry: &Entry,
    version: SoapVersion,
    seen: &Seen,
    due: &str,
) -> (&'static str, String, String) {
    let documented = Message::of_seed(version, "request");
    let path = if entry.service == SYNC { "/api/syncapp/syncapi.asmx" } else { "/v2/fawapi.asmx" };
    assert_eq!(seen.line(), format!("POST {path}"), "{what}");
    assert_eq!(seen.header("content-type"), documented.header("content-type"), "{what}");
    assert_eq!(seen.header("content-length"), Some(seen.body.len().to_string().as_str()), "{what}");
    let body = std::str::from_utf8(&seen.body).unwrap();
    assert!(body.starts_with("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"), "{what}: {body}");
    let name = operation(body);
    let action = documented.header("soapaction").map(|action| action.replace("ChangeList", &name));
    assert_eq!(seen.header("soapaction"), action.as_deref(), "{what}");
    assert_eq!(seen.header("authorization"), None, "{what}");
    let (sent, due) = (lines(body), lines(&request_envelope(version, due)));
    let sent: Vec<_> =
        sent.into_iter().map(|line| if name == "AppendChunkGZip" { unzipped(line) } else { line }).collect();
    assert_eq!(sent, due, "{what}");
    (label(version), entry.service.to_owned(), name)
}

/// A line of a compressed chunk as it was before.
fn unzipped(line: String) -> String {
    let Some((name, text)) = line.split_once("ChunkData [] \"") else { return line };
    let zipped = STANDARD.decode(text.trim_end_matches('"')).unwrap();
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(&*zipped).read_to_end(&mut plain).unwrap();
    format!("{name}ChunkData [] {:?}", STANDARD.encode(plain))
}

/// An envelope around a body, in one of the forms that mean the same.
fn dressed(version: SoapVersion, pass: Pass, body: &str) -> String {
    let space = match version {
        SoapVersion::V11 => "http://schemas.xmlsoap.org/soap/envelope/",
        _ => "http://www.w3.org/2003/05/soap-envelope",
    };
    match pass {
        Pass::Full => response_envelope(version, body),
        // As the service writes it: one prefix for both versions, no layout.
        Pass::Other => {
            let body: String = body.lines().map(str::trim_start).collect();
            let spaces = "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"";
            let head =
                format!("<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope xmlns:soap=\"{space}\" {spaces}>");
            format!("{head}<soap:Body>{body}</soap:Body></soap:Envelope>")
        }
        // Without a prefix, with a header and a byte order mark.
        Pass::Sparse => {
            format!(
                "\u{feff}<Envelope xmlns='{space}'><Header><x xmlns='u'>1</x></Header><Body>{body}</Body></Envelope>\r\n"
            )
        }
        // With prefixes for everything, comments and instructions.
        Pass::Bare => {
            let body =
                body.replace("xmlns=", "xmlns:a=").replace("</", "</a:").replace('<', "<a:").replace("<a:/a:", "</a:");
            format!(
                "<!-- a --><?b c?><e:Envelope xmlns:e='{space}'><e:Body><!-- < -->{body}</e:Body></e:Envelope><!-- d -->"
            )
        }
    }
}

async fn refused_by_message(stage: &Stage, entry: &Entry) {
    let version = stage.caller.version;
    let refused = stage.refused(entry, 200, |answer| {
        let result = answer.children.first_mut()?;
        let message = result.find(&["ErrorMessage"])?;
        message.text = " e4711: No & <never>. ".into();
        Some(response_envelope(version, &answer.write()))
    });
    let Some(error) = refused.await else { return };
    let refusal = error.provider_error::<Refusal>().unwrap_or_else(|| panic!("{error:?}"));
    assert_eq!((refusal.code.as_deref(), refusal.message.as_str()), (Some("e4711"), "No & <never>."), "{error:?}");
    assert_eq!(error.code(), Some("e4711"));
    let sign_in = entry.operations == ["AccountLogin"];
    assert_eq!(error.kind(), if sign_in { ErrorKind::Unauthenticated } else { ErrorKind::Rejected }, "{error:?}");
}

/// The boolean of a result decides as well, also without a message.
async fn refused_by_sign(stage: &Stage, entry: &Entry) {
    let version = stage.caller.version;
    if !entry.rules.told.is_empty() {
        return;
    }
    for value in ["false", "0"] {
        let refused = stage.refused(entry, 200, |answer| {
            let sign =
                answer.children.first_mut()?.children.iter_mut().find(|node| SIGNS.contains(&node.name.as_str()))?;
            sign.text = value.into();
            Some(response_envelope(version, &answer.write()))
        });
        let Some(error) = refused.await else { return };
        let refusal = error.provider_error::<Refusal>().unwrap_or_else(|| panic!("{error:?}"));
        assert!(refusal.flag.is_some_and(|flag| SIGNS.contains(&flag)) && refusal.message.is_empty(), "{refusal:?}");
    }
    let missing = stage.refused(entry, 200, |answer| {
        let result = answer.children.first_mut()?;
        let before = result.children.len();
        result.children.retain(|node| !SIGNS.contains(&node.name.as_str()));
        (result.children.len() < before).then(|| response_envelope(version, &answer.write()))
    });
    if let Some(error) = missing.await {
        let flaw = error.provider_error::<DocumentError>().unwrap_or_else(|| panic!("{error:?}"));
        assert!(matches!(flaw.flaw, Flaw::Missing(sign) if SIGNS.contains(&sign)), "{flaw:?}");
    }
}

/// A fault is one whatever was due, with status 500 and with 200.
async fn refused_by_fault(stage: &Stage, entry: &Entry) {
    let version = stage.caller.version;
    for status in [500, 200] {
        let fault = file(&format!("documented/faults/{}.xml", label(version)));
        let error = stage.refused(entry, status, |_| Some(fault)).await.unwrap();
        let fault = error.provider_error::<Fault>().unwrap_or_else(|| panic!("{error:?}"));
        assert_eq!(fault.code, if version == SoapVersion::V11 { "Server" } else { "Receiver" });
        assert_eq!(fault.reason, "Server was unable to process request.");
        assert_eq!(fault.causes, ["Object reference not set to an instance of an object."]);
        assert_eq!(error.code(), Some(fault.code.as_str()));
    }
}

async fn without_a_result(stage: &Stage, entry: &Entry) {
    let version = stage.caller.version;
    let mut path = String::new();
    let named = &mut path;
    let error = stage.refused(entry, 200, |answer| {
        answer.children.clear();
        *named = format!("/Envelope/Body/{}", answer.name);
        Some(response_envelope(version, &answer.write()))
    });
    let error = error.await.unwrap();
    let flaw = error.provider_error::<DocumentError>().unwrap_or_else(|| panic!("{error:?}"));
    assert!(matches!(flaw.flaw, Flaw::Missing(_)), "{flaw:?}");
    assert_eq!((flaw.path.as_str(), error.kind()), (path.as_str(), ErrorKind::Protocol));
}

async fn answered_by_another(stage: &Stage, entry: &Entry) {
    let version = stage.caller.version;
    let error = stage.refused(entry, 200, |answer| {
        answer.name = "PingResponse".into();
        Some(response_envelope(version, &answer.write()))
    });
    let error = error.await.unwrap();
    let flaw = error.provider_error::<DocumentError>().unwrap_or_else(|| panic!("{error:?}"));
    assert_eq!(flaw.path, "/Envelope/Body/PingResponse");
    assert!(matches!(flaw.flaw, Flaw::Unexpected(due) if due.ends_with("Response")), "{flaw:?}");
}
