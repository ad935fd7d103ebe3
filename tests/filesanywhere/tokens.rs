//! Tokens that end: one sign-in for all who wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use sharesync::ErrorKind;
use sharesync::filesanywhere::{Client, SoapVersion};

use super::fixtures::{VERSIONS, file, label, response, response_envelope};
use super::stage::{builder, xml};
use super::table::kept;
use super::template::{Filling, Node, Pass, Rules};
use super::xml::operation;
use crate::support::{Seen, Server, empty};

const WAITERS: usize = 16;

/// How a service says that a token has ended. None of it is documented.
#[derive(Debug, Clone, Copy)]
enum Refusal {
    /// In the result.
    Message,
    /// By a fault, with this status.
    Fault(u16),
}

fn filled(name: &str, path: &[&str], text: &str) -> String {
    let mut body = Filling::response(Pass::Full, Rules::default()).fill(&Node::read(&response("fawapi", name)));
    body.find(path).unwrap().text = text.into();
    body.write()
}

/// Whether a request carries this token.
fn carries(request: &Seen, token: &str) -> bool {
    std::str::from_utf8(&request.body).unwrap().contains(&format!("<Token>{token}</Token>"))
}

fn operations(seen: &[Seen]) -> Vec<String> {
    seen.iter().map(|seen| operation(std::str::from_utf8(&seen.body).unwrap())).collect()
}

/// A server that refuses all tokens but the last it gave.
async fn server(version: SoapVersion, refusal: Refusal, gives: fn(usize) -> String) -> Server {
    let server = Server::start().await;
    let logins = Arc::new(AtomicUsize::new(0));
    server.by(move |request| {
        let login = operation(std::str::from_utf8(&request.body).unwrap()) == "AccountLogin";
        if login {
            let token = gives(logins.fetch_add(1, Ordering::SeqCst) + 1);
            return xml(
                version,
                200,
                response_envelope(version, &filled("AccountLogin", &["LoginResult", "Token"], &token)),
            );
        }
        let message = if carries(request, "token 1") { "" } else { "The token is invalid or has expired." };
        match refusal {
            Refusal::Fault(status) if !message.is_empty() => {
                xml(version, status, file(&format!("reconstructed/faults/token.{}.xml", label(version))))
            }
            _ => {
                let body = filled("GetAccountDetails", &["GetAccountDetailsResult", "ErrorMessage"], message);
                xml(version, 200, response_envelope(version, &body))
            }
        }
    });
    server
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_sign_in_for_all_waiters() {
    for version in VERSIONS {
        for refusal in [Refusal::Message, Refusal::Fault(500), Refusal::Fault(200)] {
            let server = server(version, refusal, |login| format!("token {login}")).await;
            let store = kept();
            let builder = builder(&server.uri(), version)
                .password("jane", "hush")
                .token("jane", "old")
                .token_store(store.clone());
            let client: Client = builder.client().unwrap();
            let files = client.files();
            let asked = join_all((0..WAITERS).map(|_| files.account())).await;
            assert!(asked.iter().all(Result::is_ok), "{refusal:?} {asked:?}");
            let seen = server.seen().await;
            let logins = operations(&seen).iter().filter(|name| *name == "AccountLogin").count();
            assert_eq!(logins, 1, "{refusal:?}");
            assert_eq!(store.all(), ["token 1"]);
            // Each was refused at most once, and sent again once.
            assert_eq!(seen.iter().filter(|seen| carries(seen, "token 1")).count(), WAITERS);
            assert!(seen.iter().filter(|seen| carries(seen, "old")).count() <= WAITERS);
            files.account().await.unwrap();
            assert_eq!(server.seen().await.len(), seen.len() + 1, "the new token goes on being used");
        }
    }
}

#[tokio::test]
async fn a_new_token_that_is_refused_is_an_error_and_no_loop() {
    for refusal in [Refusal::Message, Refusal::Fault(500)] {
        let server = server(SoapVersion::V11, refusal, |login| format!("bad {login}")).await;
        let client = builder(&server.uri(), SoapVersion::V11).password("jane", "hush").client().unwrap();
        let error = client.files().account().await.unwrap_err();
        assert_eq!((error.kind(), error.operation()), (ErrorKind::Unauthenticated, Some("GetAccountDetails")));
        let due = ["AccountLogin", "GetAccountDetails", "AccountLogin", "GetAccountDetails"];
        assert_eq!(operations(&server.seen().await), due);
    }
}

#[tokio::test]
async fn a_token_alone_is_not_renewed() {
    let server = server(SoapVersion::V12, Refusal::Message, |login| format!("token {login}")).await;
    let client = builder(&server.uri(), SoapVersion::V12).token("jane", "old").connect().await.unwrap();
    let error = client.files().account().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert_eq!(operations(&server.seen().await), ["GetAccountDetails"]);
}

/// The first attempt may have been carried out; then the session has ended, and whatever comes after that cannot tell.
#[tokio::test]
async fn what_an_attempt_before_the_sign_in_may_have_done_stays_in_doubt() {
    for (first_fails, login_fails) in [(true, true), (true, false), (false, true), (false, false)] {
        let server = Server::start().await;
        let asked = AtomicUsize::new(usize::from(!first_fails));
        server.by(move |request| {
            let version = SoapVersion::V11;
            if operation(std::str::from_utf8(&request.body).unwrap()) != "AccountLogin" {
                return match asked.fetch_add(1, Ordering::SeqCst) {
                    0 => empty(503),
                    1 => xml(version, 500, file(&format!("reconstructed/faults/token.{}.xml", label(version)))),
                    _ => xml(version, 500, file(&format!("reconstructed/faults/bad_value.{}.xml", label(version)))),
                };
            }
            if login_fails {
                return xml(version, 500, file(&format!("reconstructed/faults/bad_value.{}.xml", label(version))));
            }
            let body = filled("AccountLogin", &["LoginResult", "Token"], "new");
            xml(version, 200, response_envelope(version, &body))
        });
        let builder = builder(&server.uri(), SoapVersion::V11).password("jane", "hush").token("jane", "old");
        let error = builder.client().unwrap().files().logout().await.unwrap_err();
        assert_eq!(error.maybe_applied(), first_fails, "the sign-in fails: {login_fails}: {error}");
        let wanted = if login_fails { "AccountLogin" } else { "Logout" };
        assert_eq!(error.operation(), Some(wanted), "{error}");
    }
}

#[tokio::test]
async fn secrets_stay_secret() {
    let server = server(SoapVersion::V11, Refusal::Message, |_| "s3cret-t0ken".to_owned()).await;
    let builder = builder(&server.uri(), SoapVersion::V11).password("jane", "p4ssw0rd");
    let shown = format!("{builder:?}");
    let client = builder.client().unwrap();
    let error = client.files().account().await.unwrap_err();
    let all = format!("{shown} {client:?} {error} {error:?} {:?}", client.files());
    assert!(!all.contains("p4ssw0rd") && !all.contains("s3cret") && !all.contains("0F1E2D3C"), "{all}");
}
