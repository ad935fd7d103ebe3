//! The form digest: on writes alone, fetched once for all, replaced when it is refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use sharesync_core::ErrorKind;
use sharesync_core::http::Call;
use sharesync_sharepoint::auth::Auth;

use crate::farm::{Farm, Reply, Seen};
use crate::{client, get, put};

/// A site whose digest of the moment is a number. A refusal carries the new one, or only says what is wrong.
fn site(valid: Arc<AtomicUsize>, carries: bool) -> impl Fn(&Seen) -> Reply + Send + Sync + 'static {
    move |seen| {
        let digest = format!("0x{:04}", valid.load(Ordering::SeqCst));
        if seen.target.ends_with("/_api/contextinfo") {
            let json = format!(
                r#"{{"d":{{"GetContextWebInformation":{{"FormDigestTimeoutSeconds":1800,"FormDigestValue":"{digest}"}}}}}}"#
            );
            return Reply::new(200, json);
        }
        match seen.method.as_str() {
            "GET" => Reply::new(200, "fine"),
            _ if seen.header("x-requestdigest") == digest => Reply::new(200, seen.size.to_string()),
            _ if carries => Reply::new(403, "{}").with("X-RequestDigest", digest),
            _ => Reply::new(
                403,
                r#"{"error":{"code":"-2130575251, Microsoft.SharePoint.SPException","message":{"lang":"en-US","value":"x"}}}"#,
            ),
        }
    }
}

fn fetched(farm: &Farm) -> usize {
    farm.seen().iter().filter(|seen| seen.target == "/sites/team/_api/contextinfo").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_fetched_once_for_all_writes_and_for_no_read() {
    let farm = Farm::open(site(Arc::default(), true));
    let client = client(&farm, Auth::basic("alice", "hush")).await.unwrap();
    client.bytes(get(&farm, "/a")).await.unwrap();
    assert_eq!(fetched(&farm), 0);
    for result in join_all((0..8).map(|_| client.bytes(put(&farm, "/up", 1000)))).await {
        assert_eq!(result.unwrap(), "1000");
    }
    assert_eq!(fetched(&farm), 1);
    let reads = farm.seen().into_iter().filter(|seen| seen.method == "GET");
    assert!(reads.into_iter().all(|seen| seen.header("x-requestdigest").is_empty()));
    assert!(farm.seen().iter().all(|seen| seen.header("authorization") == "Basic YWxpY2U6aHVzaA=="));
}

#[tokio::test]
async fn a_refused_one_is_replaced_and_the_write_repeated_once() {
    for carries in [true, false] {
        let valid = Arc::new(AtomicUsize::new(0));
        let farm = Farm::open(site(valid.clone(), carries));
        let client = client(&farm, Auth::basic("alice", "hush")).await.unwrap();
        for round in 0..3 {
            valid.store(round, Ordering::SeqCst);
            // A POST is never repeated otherwise: the refusal says that it was not carried out.
            let call = Call::post("Test.Post", farm.url("/write")).body("content");
            assert_eq!(client.bytes(call).await.unwrap(), "7");
        }
        assert_eq!(fetched(&farm), if carries { 1 } else { 3 });
        assert_eq!(farm.seen().iter().filter(|seen| seen.target == "/write").count(), 5);
    }
}

#[tokio::test]
async fn a_refusal_that_goes_on_is_an_error() {
    let farm = Farm::open(|seen| match seen.target.as_str() {
        "/write" => Reply::new(403, "{}").with("X-RequestDigest", "0xNEW"),
        _ => Reply::new(200, r#"{"FormDigestValue":"0xOLD"}"#),
    });
    let client = client(&farm, Auth::basic("alice", "hush")).await.unwrap();
    let error = client.bytes(Call::post("Test.Post", farm.url("/write"))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    let writes: Vec<_> = farm.seen().into_iter().filter(|seen| seen.target == "/write").collect();
    let sent: Vec<_> = writes.iter().map(|seen| seen.header("x-requestdigest")).collect();
    assert_eq!(sent, ["0xOLD", "0xNEW"]);
}

#[tokio::test]
async fn another_403_is_none_of_its_business() {
    let farm = Farm::open(|seen| match seen.target.as_str() {
        "/write" => Reply::new(403, r#"{"error":{"code":"-2147024891, System.UnauthorizedAccessException"}}"#),
        _ => Reply::new(200, r#"{"FormDigestValue":"0xOLD"}"#),
    });
    let client = client(&farm, Auth::basic("alice", "hush")).await.unwrap();
    let error = client.bytes(Call::post("Test.Post", farm.url("/write"))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert_eq!(farm.seen().len(), 2);
}

#[tokio::test]
async fn a_page_for_signing_in_is_no_digest() {
    let farm = Farm::open(|_| Reply::new(200, "<!DOCTYPE html><html>Sign in</html>").with("Content-Type", "text/html"));
    let client = client(&farm, Auth::basic("alice", "hush")).await.unwrap();
    let error = client.bytes(Call::post("Test.Post", farm.url("/write"))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(error.to_string().contains("page in HTML"), "{error}");
    assert_eq!(farm.seen().len(), 1);
}

#[tokio::test]
async fn a_bearer_token_needs_none() {
    let farm = Farm::open(|seen| Reply::new(200, seen.header("authorization")));
    let client = client(&farm, Auth::bearer("hush")).await.unwrap();
    let call = Call::post("Test.Post", farm.url("/write"));
    assert_eq!(client.bytes(call).await.unwrap(), "Bearer hush");
    assert_eq!(farm.seen().len(), 1);
    assert!(farm.seen()[0].header("x-requestdigest").is_empty());
}
