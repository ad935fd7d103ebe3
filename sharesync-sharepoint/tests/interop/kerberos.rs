//! Kerberos.

use std::net::TcpListener;
use std::time::Duration;

use futures::future::join_all;
use sharesync_core::ErrorKind;
use sharesync_sharepoint::auth::Auth;

use crate::log::Log;
use crate::realm::{REALM, Realm};
use crate::{
    PASSWORD, SERVER, Server, assert_connections_are_signed_in, assert_requests_are_signed_in, client, counts, get,
    work,
};

const ALICE: &str = "alice@EXAMPLE.TEST";

/// Names the domain controller to the process that is started for a test over TLS.
const KDC: &str = "SHARESYNC_KDC";

fn start(realm: &Realm, arguments: &[&str]) -> Server {
    let (name, value) = realm.environment();
    Server::start(&[&["Negotiate", "negotiate"], arguments].concat(), [(name, value.as_os_str())])
}

fn by_kerberos(realm: &Realm, user: &str) -> Auth {
    Auth::kerberos(REALM, user, PASSWORD, [realm.kdc()])
}

#[tokio::test(flavor = "multi_thread")]
async fn mit_accepts_parallel_connections_with_one_ticket() {
    let realm = Realm::start();
    let server = start(&realm, &[]);
    let counts = work(&server.address(), by_kerberos(&realm, "alice"), ALICE).await;
    assert_connections_are_signed_in(&counts);
    assert_eq!(counts["unsigned"], 0, "{counts}");
    assert_eq!(realm.issued(), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_chooses_it_once_there_are_controllers() {
    let realm = Realm::start();
    let server = start(&realm, &[]);
    let auth = Auth::windows(REALM, "alice", PASSWORD).with_kdcs([realm.kdc()]);
    work(&server.address(), auth.or_basic(), ALICE).await;
    assert_eq!(realm.issued(), (1, 1));
}

#[tokio::test]
async fn one_handshake_is_enough_for_one_connection() {
    let realm = Realm::start();
    let server = start(&realm, &[]);
    let address = server.address();
    let client = client(&address, by_kerberos(&realm, "alice")).await.unwrap();
    for _ in 0..10 {
        assert_eq!(client.bytes(get(&address)).await.unwrap(), format!("{ALICE} 0"));
    }
    let counts = counts(&address).await;
    assert_eq!((&counts["handshakes"], &counts["connections"]), (&1.into(), &2.into()), "{counts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_signed_in_where_connections_are_not() {
    let realm = Realm::start();
    let server = start(&realm, &["--every-request"]);
    let counts = work(&server.address(), by_kerberos(&realm, "alice"), ALICE).await;
    assert_requests_are_signed_in(&counts);
    assert_eq!(realm.issued(), (1, 1));
}

#[test]
fn mit_accepts_the_binding_to_tls_and_no_other() {
    let realm = Realm::start();
    for (arguments, test) in [
        (&["--tls"][..], "kerberos::the_client_over_tls"),
        (&["--tls", "--other-binding"], "kerberos::the_client_over_tls_of_somebody_else"),
    ] {
        let server = start(&realm, arguments);
        let mut client = server.client_over_tls(test);
        assert!(client.env(KDC, realm.kdc()).status().unwrap().success(), "{test}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a part of mit_accepts_the_binding_to_tls_and_no_other, which runs it"]
async fn the_client_over_tls() {
    let server = std::env::var(SERVER).unwrap().parse().unwrap();
    work(&server, Auth::kerberos(REALM, "alice", PASSWORD, [std::env::var(KDC).unwrap()]), ALICE).await;
}

#[tokio::test]
#[ignore = "a part of mit_accepts_the_binding_to_tls_and_no_other, which runs it"]
async fn the_client_over_tls_of_somebody_else() {
    let server = std::env::var(SERVER).unwrap().parse().unwrap();
    let auth = Auth::kerberos(REALM, "alice", PASSWORD, [std::env::var(KDC).unwrap()]);
    let error = client(&server, auth).await.unwrap().bytes(get(&server)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    let counts = counts(&server).await;
    assert_eq!(counts["failures"].as_array().unwrap().len(), 1, "{counts}");
    assert_eq!(counts["requests"], 0);
}

#[tokio::test]
async fn users_without_a_proof_and_with_a_short_key_sign_in() {
    let realm = Realm::start();
    let server = start(&realm, &[]);
    let address = server.address();
    for user in ["bob", "carol"] {
        let client = client(&address, by_kerberos(&realm, user)).await.unwrap();
        assert_eq!(client.bytes(get(&address)).await.unwrap(), format!("{user}@{REALM} 0"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_tried_once() {
    let realm = Realm::start();
    let server = start(&realm, &[]);
    let address = server.address();
    let auth = Auth::kerberos(REALM, "alice", "not this hush", [realm.kdc()]);
    let client = client(&address, auth).await.unwrap();
    for _ in 0..3 {
        for result in join_all((0..8).map(|_| client.bytes(get(&address)))).await {
            let error = result.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unauthenticated);
            assert!(error.to_string().contains("does not accept the password of alice@EXAMPLE.TEST"), "{error}");
            assert!(!format!("{error} {error:?}").contains("hush"));
        }
    }
    assert_eq!(realm.logged(&["AS_REQ", "PREAUTH_FAILED"]), 1, "a wrong password locks the account");
    assert_eq!(counts(&address).await["requests"], 0);
}

#[tokio::test]
async fn what_the_controller_refuses_is_told() {
    let realm = Realm::start();
    let server = start(&realm, &[]);
    let address = server.address();
    let unknown = by_kerberos(&realm, "alice").with_service_principal("HTTP/elsewhere.example.test");
    let elsewhere = by_kerberos(&realm, "alice").with_service_principal("HTTP/farm.other.test");
    for (auth, expected) in [
        (by_kerberos(&realm, "nobody"), "knows no user nobody@EXAMPLE.TEST"),
        (by_kerberos(&realm, "erin"), "erin@EXAMPLE.TEST is locked, disabled, or has expired"),
        (by_kerberos(&realm, "frank"), "password of frank@EXAMPLE.TEST has expired"),
        (Auth::kerberos("OTHER.TEST", "alice", PASSWORD, [realm.kdc()]), "knows no user alice@OTHER.TEST"),
        (unknown, "knows no service HTTP/elsewhere.example.test"),
        (elsewhere, "the service HTTP/farm.other.test belongs to the realm OTHER.TEST, not to EXAMPLE.TEST"),
    ] {
        let error = client(&address, auth).await.unwrap().bytes(get(&address)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
    assert_eq!(counts(&address).await["requests"], 0);
}

#[tokio::test]
async fn a_clock_that_differs_is_told() {
    let realm = Realm::with("clockskew = -1");
    let server = start(&realm, &[]);
    let address = server.address();
    let client = client(&address, by_kerberos(&realm, "alice")).await.unwrap();
    let error = client.bytes(get(&address)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error}");
    assert!(error.to_string().contains("clock of this machine differs too much"), "{error}");
    assert!(error.to_string().contains("set it right"), "{error}");
}

#[tokio::test]
async fn who_cannot_prove_that_it_is_the_service_gets_nothing() {
    let realm = Realm::start();
    for proof in ["absent", "forged"] {
        let server = start(&realm, &["--proof", proof]);
        let address = server.address();
        let client = client(&address, by_kerberos(&realm, "alice")).await.unwrap();
        let error = client.bytes(get(&address)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{proof}: {error}");
        assert!(error.to_string().contains("does not prove that it is HTTP/127.0.0.1"), "{proof}: {error}");
        assert_eq!(counts(&address).await["requests"], 0, "{proof}");
    }
}

#[tokio::test]
async fn a_proof_is_good_for_one_connection() {
    let realm = Realm::start();
    let server = start(&realm, &["--proof", "repeated"]);
    let address = server.address();
    let client = client(&address, by_kerberos(&realm, "alice")).await.unwrap();
    let two = join_all((0..2).map(|_| client.bytes(get(&address)))).await;
    assert_eq!(two.iter().filter(|result| result.is_ok()).count(), 1);
    let error = two.into_iter().find_map(Result::err).unwrap();
    assert!(error.to_string().contains("does not prove"), "{error}");
    assert_eq!(realm.issued(), (1, 1));
}

#[tokio::test]
async fn tickets_that_end_are_replaced() {
    let realm = Realm::start();
    let server = start(&realm, &["--every-request"]);
    let address = server.address();
    let client = client(&address, by_kerberos(&realm, "dave")).await.unwrap();
    for turn in 1..3 {
        for _ in 0..3 {
            client.bytes(get(&address)).await.unwrap();
        }
        assert_eq!(realm.issued(), (turn, turn));
        tokio::time::sleep(Duration::from_secs(6)).await;
    }
    assert_eq!(counts(&address).await["failures"], serde_json::json!([]));
}

#[tokio::test]
async fn a_service_with_another_key_gets_another_ticket() {
    let realm = Realm::start();
    let server = start(&realm, &["--every-request"]);
    let address = server.address();
    let client = client(&address, by_kerberos(&realm, "alice")).await.unwrap();
    client.bytes(get(&address)).await.unwrap();
    realm.change_key_of_service();
    assert_eq!(client.bytes(get(&address)).await.unwrap(), format!("{ALICE} 0"));
    assert_eq!(realm.issued(), (2, 2));
}

#[tokio::test]
async fn the_next_controller_is_asked_where_one_is_gone() {
    let realm = Realm::start();
    let server = start(&realm, &[]);
    let address = server.address();
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let auth = Auth::kerberos(REALM, "alice", PASSWORD, [gone, realm.kdc()]);
    let client = client(&address, auth).await.unwrap();
    assert_eq!(client.bytes(get(&address)).await.unwrap(), format!("{ALICE} 0"));
}

#[tokio::test]
async fn nothing_of_it_is_told() {
    let log = Log::taken();

    let realm = Realm::start();
    let server = start(&realm, &["--every-request"]);
    let address = server.address();
    let auth = by_kerberos(&realm, "alice");
    let mut told = format!("{auth:?}");
    let client = client(&address, auth).await.unwrap();
    client.bytes(get(&address)).await.unwrap();
    told += &format!("{client:?}");
    told += &log.text();
    assert!(told.contains("Test.Get") && told.contains("a ticket"), "the log is empty");
    // A message within Negotiate begins with YI or YE; sspi would tell the keys of sessions.
    for secret in [PASSWORD, "pässword", "sspi", "picky", "Negotiate YI", "Negotiate Y"] {
        assert!(!told.contains(secret), "{secret} in:\n{told}");
    }
}
