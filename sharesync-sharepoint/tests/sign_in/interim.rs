//! What comes before an answer and behind it, over connections that are signed in (RFC 9110, sections 15.2 and 6.5).

use std::time::Duration;

use sharesync_core::ErrorKind;
use sharesync_core::http::Pipeline;
use sharesync_sharepoint::auth::Auth;

use crate::farm::{DOMAIN, Farm, PASSWORD, Reply, USER};
use crate::ntlm::{alice, site};
use crate::{get, put, sign_in};

const CHUNKED: &str = "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n4\r\nfine\r\n0\r\n";

fn farm() -> Farm {
    Farm::ntlm(|seen| match seen.target.as_str() {
        "/hints" => Reply::raw(format!(
            "HTTP/1.1 102 X\r\n\r\nHTTP/1.1 103 X\r\nLink: </a>\r\n\r\nHTTP/1.1 199 X\r\n\r\n{CHUNKED}X-Sum: 1\r\n\r\n"
        )),
        "/continue" => Reply::raw("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 X\r\nContent-Length: 4\r\n\r\nfine"),
        "/long" => Reply::raw(format!("{CHUNKED}X-Sum: {}\r\n\r\n", "1".repeat(1 << 20))).hang_up(),
        "/switch" => Reply::raw("HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n"),
        _ => site(seen),
    })
}

#[tokio::test]
async fn interim_responses_and_trailers_are_passed_over() {
    let farm = farm();
    let alice = alice(&farm).await;
    for _ in 0..3 {
        assert_eq!(alice.bytes(get(&farm, "/hints")).await.unwrap(), "fine");
        assert_eq!(alice.bytes(get(&farm, "/continue")).await.unwrap(), "fine");
        assert_eq!(alice.bytes(put(&farm, "/continue", 1 << 20)).await.unwrap(), "fine");
        assert_eq!(alice.bytes(get(&farm, "/a")).await.unwrap(), "fine");
    }
    // One for the form digest meanwhile.
    assert!(farm.connections() <= 2, "{} connections", farm.connections());
}

#[tokio::test]
async fn trailers_without_end_are_refused() {
    let farm = farm();
    let error = alice(&farm).await.bytes(get(&farm, "/long")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network, "{error}");
}

#[tokio::test]
async fn a_switch_of_protocols_that_nobody_asked_for_is_an_error() {
    let farm = farm();
    let alice = alice(&farm).await;
    let error = alice.bytes(get(&farm, "/switch")).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Protocol | ErrorKind::Network), "{error}");
    assert_eq!(alice.bytes(get(&farm, "/a")).await.unwrap(), "fine");
}

#[tokio::test]
async fn interim_responses_without_end_are_no_answer() {
    let farm = farm();
    let signed_in = sign_in(&farm, Auth::ntlm(DOMAIN, USER, PASSWORD)).await.unwrap();
    let limits = crate::limits().with_response_timeout(Duration::from_millis(300)).with_max_attempts(1);
    let alice = Pipeline::builder("sharepoint", signed_in.transport).config(limits).build();
    let error = alice.bytes(get(&farm, "/never")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
}
