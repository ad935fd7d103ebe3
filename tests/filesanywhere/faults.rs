//! All the ways in which the services and what stands before them say no without a result.

use sharesync::filesanywhere::model::{ItemKind, Permission};
use sharesync::filesanywhere::{ChangeListQuery, DateTime, Fault, NoEnvelope, Refusal, SoapVersion};
use sharesync::http::ForeignResponse;
use sharesync::{Error, ErrorKind};
use wiremock::ResponseTemplate;

use super::fixtures::{VERSIONS, file, label, names, response, response_envelope};
use super::stage::{client, xml};
use super::template::{Filling, Node, Pass, Rules};
use crate::support::{Server, empty};

fn since() -> ChangeListQuery {
    ChangeListQuery::since(DateTime::parse("2026-05-06T07:08:09").unwrap())
}

/// What a streamed and a plain operation make of an answer, and how often they asked.
async fn errors(version: SoapVersion, answer: ResponseTemplate) -> [(Error, usize); 2] {
    let server = Server::start().await;
    server.by(move |_| answer.clone());
    let client = client(&server, version);
    let streamed = client.sync().change_list(&since()).await.unwrap_err();
    let before = server.seen().await.len();
    let plain = client.items().rename(ItemKind::File, r"\jane\a", "b").await.unwrap_err();
    let after = server.seen().await.len();
    [(streamed, before), (plain, after - before)]
}

/// Name, kind, the first sentence, the last cause, and whether asking again could help.
const FAULTS: [(&str, ErrorKind, &str, Option<&str>, bool); 8] = [
    (
        "bad_value",
        ErrorKind::Rejected,
        "Server was unable to read request.",
        Some("Input string was not in a correct format."),
        false,
    ),
    (
        "unknown_action",
        ErrorKind::Unsupported,
        "Server did not recognize the value of HTTP Header SOAPAction: http://api.filesanywhere.com/ChangeList.",
        None,
        false,
    ),
    (
        "no_action",
        ErrorKind::Unsupported,
        "Unable to handle request without a valid action parameter. Please supply a valid soap action.",
        None,
        false,
    ),
    (
        "stack_trace",
        ErrorKind::Unavailable,
        "Server was unable to process request.",
        Some("Object reference not set to an instance of an object."),
        true,
    ),
    (
        "token",
        ErrorKind::Unauthenticated,
        "Server was unable to process request.",
        Some("The token is invalid or has expired."),
        false,
    ),
    (
        "version",
        ErrorKind::Rejected,
        "Possible SOAP version mismatch: Envelope namespace http://example.com/ was unexpected.",
        None,
        false,
    ),
    ("must_understand", ErrorKind::Rejected, "SOAP header Security was not understood.", None, false),
    (
        "long",
        ErrorKind::Unavailable,
        "There was an exception running the extensions specified in the config file.",
        Some("Maximum request length exceeded."),
        true,
    ),
];

#[tokio::test]
async fn faults_of_both_versions_with_either_status() {
    let mut all: Vec<_> = names("reconstructed/faults").into_iter().filter(|name| name.ends_with(".xml")).collect();
    for (name, kind, reason, cause, transient) in FAULTS {
        for version in VERSIONS {
            let fixture = format!("{name}.{}.xml", label(version));
            all.retain(|other| *other != fixture);
            for status in [500, 200] {
                let body = file(&format!("reconstructed/faults/{fixture}"));
                for (index, (error, asked)) in errors(version, xml(version, status, body)).await.into_iter().enumerate()
                {
                    let what = format!("{fixture} {status} {error:?}");
                    assert_eq!(error.kind(), kind, "{what}");
                    let fault = error.provider_error::<Fault>().unwrap_or_else(|| panic!("{what}"));
                    assert_eq!(fault.reason, reason, "{what}");
                    assert_eq!(fault.causes.last().map(String::as_str), cause, "{what}");
                    assert!(!error.to_string().contains("--->") && !error.to_string().contains(" at "), "{what}");
                    // Only what changes nothing is asked for again, and only where that could help.
                    let again = transient && index == 0 && asked > 1;
                    assert!(asked == 1 || again, "{what}: asked {asked} times");
                }
            }
        }
    }
    assert!(all.is_empty(), "never played: {all:?}");
}

#[tokio::test]
async fn empty_answers_and_pages_are_told_apart() {
    let page = |status: u16, name: &str| {
        ResponseTemplate::new(status)
            .set_body_raw(file(&format!("reconstructed/faults/{name}")), "text/html; charset=utf-8")
    };
    let cases = [
        (empty(400), ErrorKind::Rejected, 400, true),
        (empty(415), ErrorKind::Rejected, 415, true),
        (empty(500), ErrorKind::Unavailable, 500, false),
        (empty(404), ErrorKind::Protocol, 404, false),
        (page(404, "page.404.html"), ErrorKind::Protocol, 404, false),
        (page(503, "page.503.html"), ErrorKind::Unavailable, 503, false),
        (page(200, "page.sign_in.html"), ErrorKind::Protocol, 200, false),
        (ResponseTemplate::new(500).set_body_string("hush"), ErrorKind::Unavailable, 500, false),
    ];
    for version in VERSIONS {
        for (answer, kind, status, own) in cases.clone() {
            for (error, _) in errors(version, answer).await {
                let found = match own {
                    true => error.provider_error::<NoEnvelope>().map(|found| found.status),
                    false => error.provider_error::<ForeignResponse>().map(|found| found.status),
                };
                assert_eq!(found, Some(status), "{error:?}");
                assert_eq!(error.kind(), kind, "{error:?}");
                let shown = format!("{error} {error:?}");
                assert!(!shown.contains("hush") && !shown.contains("<h2>") && !shown.contains("input"), "{shown}");
            }
        }
    }
}

/// A result with an error's status is no success.
#[tokio::test]
async fn a_result_where_a_fault_was_due() {
    for version in VERSIONS {
        let server = Server::start().await;
        let filled =
            Filling::response(Pass::Full, Rules::default()).fill(&Node::read(&response("syncapi", "ChangeList")));
        let envelope = response_envelope(version, &filled.write());
        server.by(move |_| xml(version, 500, &envelope));
        let error = client(&server, version).sync().change_list(&since()).await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::Unavailable, Some(500)), "{error:?}");
        assert!(error.provider_error::<ForeignResponse>().is_some(), "{error:?}");
    }
}

/// What the words of a refusal mean, with a code and without.
#[tokio::test]
async fn refusals_are_kinds() {
    let cases = [
        ("e2937: Folder exists", Some("e2937"), ErrorKind::AlreadyExists),
        ("E2937 : anything", Some("e2937"), ErrorKind::AlreadyExists),
        ("The item does not exist.", None, ErrorKind::NotFound),
        ("e1: File not found", Some("e1"), ErrorKind::NotFound),
        ("You do not have permission.", None, ErrorKind::PermissionDenied),
        ("e99: Storage limit reached", Some("e99"), ErrorKind::QuotaExceeded),
        ("The file is checked out by another user.", None, ErrorKind::Locked),
        ("Something else", None, ErrorKind::Rejected),
        ("e: no code", None, ErrorKind::Rejected),
        ("e123456789: no code", None, ErrorKind::Rejected),
    ];
    let template = Node::read(&response("fawapi", "CreateFolder"));
    for (message, code, kind) in cases {
        let mut body = Filling::response(Pass::Full, Rules::default()).fill(&template);
        body.find(&["CreateFolderResult", "ErrorMessage"]).unwrap().text = message.into();
        // The message decides even where the other sign says that all is well.
        let envelope = response_envelope(SoapVersion::V11, &body.write());
        let server = Server::start().await;
        server.by(move |_| xml(SoapVersion::V11, 200, &envelope));
        let error = client(&server, SoapVersion::V11).items().create_folder(r"\jane", "a").await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (kind, code), "{message}");
        assert!(error.provider_error::<Refusal>().is_some());
        assert_eq!(server.seen().await.len(), 1, "a refusal is not asked for again: {message}");
    }
}

/// Where the answer says why of each account, the whole is no refusal; where it says nothing, it is one.
#[tokio::test]
async fn accounts_that_are_not_added_say_why() {
    let template = Node::read(&response("fawapi", "GroupShareAdd2"));
    let server = Server::start().await;
    let shares = client(&server, SoapVersion::V11).group_shares();
    let mut body = Filling::response(Pass::Other, Rules::default()).fill(&template);
    body.find(&["GroupShareAdd2Result", "GroupShareCreated"]).unwrap().text = "false".into();
    let envelope = response_envelope(SoapVersion::V11, &body.write());
    server.by(move |_| xml(SoapVersion::V11, 200, &envelope));
    let result = shares.add_all(r"\jane\a", &["joe"], &Permission::Full, false, "").await.unwrap();
    assert!(
        !result.created && result.users.iter().all(|user| !user.done && user.error_message.is_some()),
        "{result:?}"
    );
    body.find(&["GroupShareAdd2Result", "Users"]).unwrap().children.clear();
    let envelope = response_envelope(SoapVersion::V11, &body.write());
    server.by(move |_| xml(SoapVersion::V11, 200, &envelope));
    let error = shares.add_all(r"\jane\a", &["joe"], &Permission::Full, false, "").await.unwrap_err();
    assert_eq!(error.provider_error::<Refusal>().unwrap().flag, Some("GroupShareCreated"), "{error:?}");
}
