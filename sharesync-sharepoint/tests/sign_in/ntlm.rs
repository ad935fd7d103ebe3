//! NTLM: connections are signed in once, contents go to such alone, and nobody sees a 401 but who should.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures::StreamExt as _;
use futures::future::join_all;
use http::Method;
use sharesync_core::ErrorKind;
use sharesync_core::http::{Call, Pipeline};
use sharesync_sharepoint::auth::Auth;

use crate::farm::{DOMAIN, Farm, PASSWORD, Reply, Seen, USER};
use crate::{client, get, put};

/// Answers as a site does.
pub(crate) fn site(seen: &Seen) -> Reply {
    match (seen.method.as_str(), seen.target.as_str()) {
        (_, target) if target.ends_with("/_api/contextinfo") => {
            Reply::new(200, r#"{"FormDigestTimeoutSeconds":1800,"FormDigestValue":"0xD1"}"#)
        }
        ("GET", "/large") => Reply::new(200, vec![9; 4 << 20]),
        ("GET" | "HEAD", _) => Reply::new(200, "fine"),
        (_, _) => Reply::new(200, seen.size.to_string()),
    }
}

pub(crate) async fn alice(farm: &Farm) -> Pipeline {
    client(farm, Auth::ntlm(DOMAIN, USER, PASSWORD)).await.unwrap()
}

/// Every real request was signed in, no connection was signed in twice, and every 401 is the challenge of a handshake.
fn assert_signed_in(farm: &Farm) {
    let refused = farm.seen().iter().filter(|seen| seen.status == 401).count();
    assert_eq!(refused, farm.handshakes(), "one 401 a handshake: {:#?}", farm.seen());
    assert!(farm.handshakes() <= farm.connections());
    assert!(farm.real().iter().all(|seen| seen.signed_in && seen.status != 401));
}

#[tokio::test(flavor = "multi_thread")]
async fn transfers_run_in_parallel_over_connections_that_stay() {
    let farm = Farm::ntlm(site);
    let alice = alice(&farm).await;
    for _ in 0..3 {
        let up = (0..4).map(|n| {
            let (alice, call) = (alice.clone(), put(&farm, &format!("/up{n}"), 8 << 20));
            async move { assert_eq!(alice.bytes(call).await.unwrap(), (8 << 20).to_string()) }
        });
        let down = (0..4).map(|_| {
            let (alice, call) = (alice.clone(), get(&farm, "/large"));
            async move { assert_eq!(alice.bytes(call).await.unwrap().len(), 4 << 20) }
        });
        tokio::join!(join_all(up), join_all(down));
    }
    assert_signed_in(&farm);
    assert!(farm.connections() <= 9, "{} connections for 8 transfers and a digest", farm.connections());
    assert_eq!(farm.real().iter().filter(|seen| seen.size == 8 << 20).count(), 12);
}

#[tokio::test]
async fn one_connection_is_enough_for_one_request_after_the_other() {
    let farm = Farm::ntlm(site);
    let alice = alice(&farm).await;
    for n in 0..20 {
        let call = Call::new("Test.Post", Method::POST, farm.url("/small")).body(vec![1; n]);
        assert_eq!(alice.bytes(call).await.unwrap(), n.to_string());
        // What nobody reads does not cost the connection.
        drop(alice.send(get(&farm, "/small")).await.unwrap());
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_signed_in(&farm);
    assert_eq!((farm.connections(), farm.handshakes()), (1, 1));
}

#[tokio::test]
async fn connections_that_were_closed_are_replaced() {
    let farm = Farm::ntlm(|seen| match seen.turn {
        // Those of the handshake, and at least one real one.
        0..3 => site(seen),
        _ => site(seen).hang_up(),
    });
    let alice = alice(&farm).await;
    for n in 0..6 {
        assert_eq!(alice.bytes(put(&farm, "/up", 100_000)).await.unwrap(), "100000", "{n}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_signed_in(&farm);
    assert_eq!(farm.real().iter().filter(|seen| seen.target == "/up").count(), 6, "nothing is sent twice");
}

#[tokio::test]
async fn a_service_that_says_that_it_closes_is_believed() {
    let farm = Farm::ntlm(|seen| match seen.method.as_str() {
        "HEAD" => site(seen),
        _ => site(seen).with("Connection", "close").hang_up(),
    });
    let alice = alice(&farm).await;
    for _ in 0..4 {
        assert_eq!(alice.bytes(get(&farm, "/a")).await.unwrap(), "fine");
    }
    assert_signed_in(&farm);
    assert_eq!(farm.connections(), 4);
}

#[tokio::test]
async fn a_connection_that_the_service_forgot_is_not_the_callers_business() {
    // Every connection is forgotten at its fifth request, whatever its content.
    let farm = Farm::ntlm(|seen| match seen.turn {
        4 => Reply { forget: true, ..Reply::new(401, "401 UNAUTHORIZED") },
        _ => site(seen),
    });
    let alice = alice(&farm).await;
    for n in 0..8 {
        let call = Call::new("Test.Post", Method::POST, farm.url("/small")).body("content");
        assert_eq!(alice.bytes(call).await.unwrap(), "7", "{n}");
        assert_eq!(alice.bytes(put(&farm, "/stream", 1 << 20)).await.unwrap(), (1 << 20).to_string(), "{n}");
    }
    assert!(farm.handshakes() <= farm.connections());
    let done = |target: &str| farm.real().iter().filter(|seen| seen.target == target && seen.status == 200).count();
    assert_eq!((done("/small"), done("/stream")), (8, 8), "each is carried out once");
}

/// A site, and how many of its connections it has forgotten.
fn forgetful() -> (Farm, Arc<AtomicUsize>) {
    let forgotten = Arc::new(AtomicUsize::new(0));
    let below = forgotten.clone();
    let farm = Farm::ntlm(move |seen| match seen.connection < below.load(Ordering::SeqCst) {
        true => Reply { forget: true, ..Reply::new(401, "401 UNAUTHORIZED") },
        false => site(seen),
    });
    (farm, forgotten)
}

#[tokio::test(flavor = "multi_thread")]
async fn all_connections_may_be_forgotten_at_once() {
    let (farm, forgotten) = forgetful();
    let alice = alice(&farm).await;
    for _ in 0..3 {
        let up = (0..8).map(|_| alice.bytes(put(&farm, "/up", 1 << 20)));
        assert!(join_all(up).await.into_iter().all(|result| result.unwrap() == (1 << 20).to_string()));
        forgotten.store(farm.connections(), Ordering::SeqCst);
    }
    assert!(farm.handshakes() <= farm.connections());
    assert_eq!(farm.real().iter().filter(|seen| seen.target == "/up" && seen.status == 200).count(), 24);
}

#[tokio::test]
async fn a_connection_that_was_in_use_meanwhile_is_not_trusted_either() {
    let (farm, forgotten) = forgetful();
    let alice = alice(&farm).await;
    let mut large = alice.send(get(&farm, "/large")).await.unwrap().into_stream();
    assert_eq!(alice.bytes(get(&farm, "/a")).await.unwrap(), "fine");
    forgotten.store(farm.connections(), Ordering::SeqCst);
    assert_eq!(alice.bytes(get(&farm, "/b")).await.unwrap(), "fine");
    while let Some(piece) = large.next().await {
        piece.unwrap();
    }
    assert_eq!(alice.bytes(put(&farm, "/up", 1 << 20)).await.unwrap(), (1 << 20).to_string());
    assert_eq!(farm.real().iter().filter(|seen| seen.status == 401).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_tried_once() {
    let farm = Farm::of_another_password();
    let alice = alice(&farm).await;
    let calls = (0..8).map(|_| alice.bytes(get(&farm, "/a")));
    for result in join_all(calls).await {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error}");
        let text = error.to_string();
        assert!(text.contains(r"does not accept the password of CONTOSO\alice"), "{text}");
        assert!(!format!("{text} {error:?}").contains(PASSWORD));
    }
    assert_eq!(alice.bytes(put(&farm, "/up", 1 << 20)).await.unwrap_err().kind(), ErrorKind::Unauthenticated);
    assert_eq!(farm.handshakes(), 1, "a wrong password locks the account");
    assert!(farm.real().is_empty(), "nothing real is sent without a sign-in");
}

#[tokio::test]
async fn a_domain_controller_may_have_a_bad_moment() {
    let bad = Arc::new(AtomicBool::new(false));
    let moment = bad.clone();
    let farm = Farm::ntlm(move |seen| match seen.method.as_str() {
        "HEAD" if moment.swap(false, Ordering::SeqCst) => Reply { forget: true, ..Reply::new(401, "") },
        "HEAD" => Reply::new(200, ""),
        _ => site(seen).hang_up(),
    });
    let alice = alice(&farm).await;
    assert_eq!(alice.bytes(get(&farm, "/a")).await.unwrap(), "fine");
    bad.store(true, Ordering::SeqCst);
    assert_eq!(alice.bytes(get(&farm, "/b")).await.unwrap(), "fine");
    assert_eq!(farm.handshakes(), 3);
}

#[tokio::test]
async fn a_service_without_ntlm_is_told_apart() {
    let cases: [(Reply, &str); 3] = [
        (Reply::new(401, "").with("WWW-Authenticate", "Basic realm=\"x\""), "offers no sign-in by NTLM"),
        (Reply::new(401, "").with("WWW-Authenticate", "NTLM !!!"), "no base64"),
        (Reply::new(302, "").with("Location", "/_login/default.aspx"), "signs users in on a page"),
    ];
    for (reply, expected) in cases {
        let farm = Farm::open(move |_| reply.clone());
        let error = alice(&farm).await.bytes(get(&farm, "/a")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error}");
        assert!(error.to_string().contains(expected), "{error}");
        assert!(farm.seen().len() == 1, "no loop");
    }
}

#[tokio::test]
async fn a_service_that_is_not_ready_is_asked_again() {
    let asked = AtomicUsize::new(0);
    let farm = Farm::open(move |seen| match asked.fetch_add(1, Ordering::SeqCst) {
        0 | 1 => Reply::new(503, ""),
        _ => site(seen),
    });
    // It lets everybody in; then there is nothing to sign in to.
    assert_eq!(alice(&farm).await.bytes(get(&farm, "/a")).await.unwrap(), "fine");
}

#[tokio::test]
async fn credentials_stay_at_the_site() {
    let elsewhere = Farm::open(|_| Reply::new(200, "elsewhere"));
    let target = elsewhere.url("/content").to_string();
    let farm = Farm::ntlm(move |seen| match seen.target.as_str() {
        "/moved" => Reply::new(302, "").with("Location", target.clone()),
        _ => site(seen),
    });
    let alice = alice(&farm).await;
    assert_eq!(alice.bytes(get(&farm, "/moved")).await.unwrap(), "elsewhere");
    let presigned = Call::get("Test.Get", elsewhere.url("/signed")).presigned();
    assert_eq!(alice.bytes(presigned).await.unwrap(), "elsewhere");
    assert!(elsewhere.seen().iter().all(|seen| seen.header("authorization").is_empty()), "{:#?}", elsewhere.seen());
    assert_eq!(elsewhere.seen().len(), 2);
}

#[tokio::test]
async fn what_is_left_of_a_large_answer_is_not_read() {
    let farm = Farm::ntlm(site);
    let alice = alice(&farm).await;
    drop(alice.send(get(&farm, "/large")).await.unwrap());
    assert_eq!(alice.bytes(get(&farm, "/a")).await.unwrap(), "fine");
    assert_signed_in(&farm);
    assert_eq!(farm.connections(), 2);
}

#[tokio::test]
async fn a_connection_that_is_answered_early_does_not_hold_up_the_next_request() {
    let farm = Farm::ntlm(site);
    let alice = alice(&farm).await;
    assert_eq!(alice.bytes(put(&farm, "/early", 64 << 20)).await.unwrap(), "early");
    let started = std::time::Instant::now();
    assert_eq!(alice.bytes(get(&farm, "/a")).await.unwrap(), "fine");
    assert!(started.elapsed().as_secs() < 2, "it waited for the rest of another content");
    assert_signed_in(&farm);
}
