//! NTLM where a sign-in lasts for one request (IIS with `authPersistSingleRequest`, or behind a proxy that says `Via`), and where
//! what is sent over one connection arrives over several.

use futures::future::join_all;
use http::Method;
use sharesync_core::http::{Call, Pipeline};
use sharesync_core::{Error, ErrorKind};
use sharesync_sharepoint::auth::Auth;

use crate::farm::{DOMAIN, Farm, PASSWORD, Reply, Seen, USER};
use crate::ntlm::{alice, site};
use crate::{client, get, put};

const MIB: u64 = 1 << 20;

/// Requests without a message of a handshake, over connections that are not signed in.
fn bare(farm: &Farm) -> usize {
    farm.seen().iter().filter(|seen| !seen.signed_in && seen.header("authorization").is_empty()).count()
}

/// What of the requests that were carried out has this target.
fn done(farm: &Farm, target: &str) -> usize {
    farm.real().iter().filter(|seen| seen.target == target && seen.status == 200).count()
}

/// Uploads in parallel.
async fn upload(farm: &Farm, alice: &Pipeline, number: usize) -> Vec<Result<bytes::Bytes, Error>> {
    join_all((0..number).map(|_| alice.bytes(put(farm, "/up", MIB)))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_carries_the_last_message_and_no_content_goes_before_it() {
    let farm = Farm::ntlm_of_requests(site);
    let alice = alice(&farm).await;
    for _ in 0..3 {
        let up = (0..4).map(|n| {
            let (alice, call) = (alice.clone(), put(&farm, &format!("/up{n}"), 8 * MIB));
            async move { assert_eq!(alice.bytes(call).await.unwrap(), (8 * MIB).to_string()) }
        });
        let down = (0..4).map(|_| {
            let (alice, call) = (alice.clone(), get(&farm, "/large"));
            async move { assert_eq!(alice.bytes(call).await.unwrap().len() as u64, 4 * MIB) }
        });
        tokio::join!(join_all(up), join_all(down));
        assert_eq!(alice.bytes(get(&farm, "/list")).await.unwrap(), "fine");
    }
    let (real, seen) = (farm.real(), farm.seen());
    assert!(real.iter().all(|seen| seen.signed_in && seen.status == 200), "{real:#?}");
    // The transfers, the lists, and the form digest.
    assert_eq!(real.len(), 28);
    assert_eq!(farm.handshakes(), real.len() + farm.connections(), "one a request, and one a connection before");
    assert!(farm.connections() <= 9, "{} connections for 8 transfers and a digest", farm.connections());
    assert_eq!(bare(&farm), 1, "what shows that it is so is asked once");
    let refused = seen.iter().filter(|seen| seen.status == 401).count();
    assert_eq!(refused, farm.handshakes() + 1, "one 401 a handshake");
    assert_eq!(seen.iter().map(|seen| seen.size as u64).sum::<u64>(), 12 * 8 * MIB, "no content is sent twice");
}

#[tokio::test]
async fn where_connections_are_signed_in_that_is_asked_once() {
    let farm = Farm::ntlm(site);
    let alice = alice(&farm).await;
    for _ in 0..3 {
        assert!(upload(&farm, &alice, 3).await.iter().all(Result::is_ok));
    }
    let heads = farm.seen().len() - farm.real().len();
    assert_eq!(heads, 2 * farm.handshakes() + 1);
}

#[tokio::test]
async fn a_service_may_begin_to_sign_in_requests() {
    let farm = Farm::ntlm(site);
    let alice = alice(&farm).await;
    let post = || Call::new("Test.Post", Method::POST, farm.url("/small")).body("content");
    assert_eq!(alice.bytes(post()).await.unwrap(), "7");
    farm.sign_requests();
    for n in 0..3 {
        assert_eq!(alice.bytes(post()).await.unwrap(), "7", "{n}");
        assert!(upload(&farm, &alice, 4).await.into_iter().all(|said| said.unwrap() == MIB.to_string()), "{n}");
    }
    assert_eq!((done(&farm, "/small"), done(&farm, "/up")), (4, 12), "each is carried out once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_tried_once() {
    let farm = Farm::of_another_password();
    farm.sign_requests();
    let alice = alice(&farm).await;
    for _ in 0..2 {
        for said in upload(&farm, &alice, 8).await {
            assert_eq!(said.unwrap_err().kind(), ErrorKind::Unauthenticated);
        }
    }
    assert_eq!(farm.handshakes(), 1, "a wrong password locks the account");
    assert!(farm.real().is_empty(), "nothing real is sent without a sign-in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_changed_is_not_tried_again_and_again() {
    let farm = Farm::ntlm_of_requests(site);
    let alice = alice(&farm).await;
    assert!(upload(&farm, &alice, 8).await.iter().all(Result::is_ok));
    let before = farm.handshakes();
    farm.change_password();
    for _ in 0..3 {
        for said in upload(&farm, &alice, 8).await {
            let error = said.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error}");
        }
    }
    // The eight that were under way, and two by one who tries alone.
    assert!(farm.handshakes() - before <= 10, "{} more sign-ins", farm.handshakes() - before);
}

/// Refuses one item, as services do that answer 401 for want of a permission.
fn guarded(seen: &Seen) -> Reply {
    match seen.target.as_str() {
        "/denied" => Reply::new(401, "not yours").with("WWW-Authenticate", "NTLM"),
        _ => site(seen),
    }
}

#[tokio::test]
async fn a_401_of_the_service_itself_is_handed_on() {
    for farm in [Farm::ntlm(guarded), Farm::ntlm_of_requests(guarded)] {
        let alice = alice(&farm).await;
        for _ in 0..2 {
            assert_eq!(alice.bytes(get(&farm, "/denied").accept(&[401])).await.unwrap(), "not yours");
            let error = alice.bytes(get(&farm, "/denied")).await.unwrap_err();
            assert_eq!((error.kind(), error.status()), (ErrorKind::Unauthenticated, Some(401)), "{error}");
            assert!(upload(&farm, &alice, 2).await.iter().all(Result::is_ok));
        }
    }
}

/// What somebody hears behind a proxy that spreads connections.
async fn refused(farm: &Farm) -> String {
    let alice = client(farm, Auth::ntlm(DOMAIN, USER, PASSWORD)).await.unwrap();
    let said = join_all((0..8).map(|_| alice.bytes(get(farm, "/a")))).await;
    let errors: Vec<_> = said.into_iter().map(Result::unwrap_err).collect();
    assert!(errors.iter().all(|error| error.kind() == ErrorKind::Unauthenticated), "{errors:#?}");
    errors[0].to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_spreads_connections_is_named() {
    let farm = Farm::spread(|turn| turn % 2);
    let error = refused(&farm).await;
    for part in [r"the password of CONTOSO\alice", "or the proxy that says `Via: 1.1 scatterer`", "connect past it"] {
        assert!(error.contains(part), "{error}");
    }
    assert_eq!(farm.handshakes(), 1, "it may be the password");
    assert!(farm.real().is_empty());
}

#[tokio::test]
async fn a_proxy_that_lets_a_sign_in_through_by_chance_is_named() {
    // The first handshake arrives together, and of the others the last messages alone go astray.
    let farm = Farm::spread(|turn| usize::from(matches!(turn, 2 | 4 | 6)));
    let alice = alice(&farm).await;
    let error = alice.bytes(get(&farm, "/a")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error}");
    for part in ["accepts the sign-in and refuses it with the next request", "Via: 1.1 scatterer", "connect past it"] {
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[tokio::test]
async fn a_proxy_that_closes_connections_is_suspected() {
    let farm = Farm::closing();
    let error = alice(&farm).await.bytes(get(&farm, "/a")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network, "{error}");
    assert!(error.to_string().contains("closed during the sign-in"), "{error}");
    assert!(error.to_string().contains("does a proxy on the way not keep connections open"), "{error}");
    assert_eq!(farm.handshakes(), 0);
}
