//! Errors in both documented forms, and what limits the client.

use std::time::Duration;

use futures::TryStreamExt as _;
use serde_json::json;
use sharesync::cursor::model::{Apply, NewFolder};
use sharesync::cursor::{ChangeQuery, CursorError};
use sharesync::{Error, ErrorKind, ItemRef, ListOptions, RemoteStoreExt as _, Timestamp};
use wiremock::ResponseTemplate;

use super::fixtures::documented;
use super::stage::{DEVICE, SHARE, client};
use crate::support::{Server, json as answer};

async fn refused(status: u16, body: serde_json::Value) -> Error {
    let server = Server::start().await;
    server.by(move |_| answer(status, &body));
    client(&server).await.sync().apply(&Apply::new().with_share_id(SHARE)).await.unwrap_err()
}

#[tokio::test]
async fn the_documented_codes_and_statuses() {
    let cases = [
        (409, "SYNC_CONFLICT", ErrorKind::Conflict),
        (409, "SYNC_VERSION_STALE", ErrorKind::PreconditionFailed),
        (400, "SYNC_CURSOR_INVALID", ErrorKind::CursorInvalid),
        (404, "NOT_FOUND", ErrorKind::NotFound),
    ];
    for (status, code, kind) in cases {
        let error = refused(status, json!({"status": "error", "error": {"code": code, "message": "m"}})).await;
        assert_eq!((error.kind(), error.code(), error.status()), (kind, Some(code), Some(status)));
        assert_eq!(error.provider_error::<CursorError>().unwrap().code.as_deref(), Some(code));
    }
    let statuses = [
        (400, ErrorKind::Rejected),
        (401, ErrorKind::Unauthenticated),
        (403, ErrorKind::PermissionDenied),
        (404, ErrorKind::NotFound),
        (409, ErrorKind::Conflict),
        (410, ErrorKind::NotFound),
        (413, ErrorKind::TooLarge),
        (422, ErrorKind::Rejected),
        (429, ErrorKind::RateLimited),
        (500, ErrorKind::Unavailable),
        (502, ErrorKind::Unavailable),
        (503, ErrorKind::Unavailable),
        (504, ErrorKind::Timeout),
        (507, ErrorKind::QuotaExceeded),
    ];
    for (status, kind) in statuses {
        let error = refused(status, documented("error_detail")).await;
        assert_eq!((error.kind(), error.code()), (kind, None), "{status}");
        assert!(error.to_string().contains("No such device"), "{error}");
    }
}

#[tokio::test]
async fn the_envelope_says_who_and_for_how_long() {
    let error = refused(409, documented("error_envelope")).await;
    let told = error.provider_error::<CursorError>().unwrap();
    assert_eq!((error.request_id(), told.retry_after), (Some("req_01H9G"), Some(Duration::from_secs(22))));
    assert_eq!(told.details.as_ref().unwrap()["dimension"], "token");
}

#[tokio::test]
async fn without_a_code_the_operation_tells_what_a_status_means() {
    let server = Server::start().await;
    server.by(|_| answer(409, &json!({"detail": "exists"})));
    let folder = NewFolder::new().with_share_id(SHARE).with_name("a");
    let error = client(&server).await.folders().create(&folder).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    for (body, kind) in [
        (json!({"detail": "Unknown cursor"}), ErrorKind::CursorInvalid),
        (json!({"detail": "Bad request"}), ErrorKind::Rejected),
    ] {
        server.by(move |_| answer(400, &body));
        let error = client(&server).await.sync().changes(&ChangeQuery::new().with_cursor("x")).await.unwrap_err();
        assert_eq!(error.kind(), kind);
    }
}

#[tokio::test]
async fn a_retry_after_is_waited_for_and_the_request_repeated() {
    let server = Server::start().await;
    let refusals = std::sync::atomic::AtomicUsize::new(0);
    server.by(move |_| {
        if refusals.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 {
            return answer(429, &documented("error_envelope")).insert_header("Retry-After", "1");
        }
        answer(200, &documented("status"))
    });
    let began = tokio::time::Instant::now();
    client(&server).await.sync().status(SHARE, DEVICE).await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(900));
    assert_eq!(server.seen().await.len(), 2);
}

#[tokio::test]
async fn few_requests_left_slow_the_client_before_it_is_refused() {
    let server = Server::start().await;
    server.by(|_| {
        let reset = Timestamp::now().saturating_add(Duration::from_secs(30)).unix_seconds().to_string();
        ResponseTemplate::new(200)
            .set_body_json(documented("status"))
            .insert_header("X-RateLimit-Limit", "1000")
            .insert_header("X-RateLimit-Remaining", "60")
            .insert_header("X-RateLimit-Reset", reset.as_str())
    });
    let client = client(&server).await;
    let began = tokio::time::Instant::now();
    for _ in 0..3 {
        client.sync().status(SHARE, DEVICE).await.unwrap();
    }
    // Sixty requests in thirty seconds are one in half a second, by a fifth more or less; the first knows of nothing.
    assert!(began.elapsed() >= Duration::from_millis(700), "{:?}", began.elapsed());
}

/// The service has no pages for folders: what it counts is in the list. How much of it, is not documented.
#[tokio::test]
async fn a_count_without_items_is_refused() {
    let file = json!({"id": "fil_1", "name": "a", "type": "file"});
    for (body, expected) in [
        (json!({"items": [], "path": "/", "total": 5}), Err(ErrorKind::Protocol)),
        (json!({"items": [], "path": "/", "total": 0}), Ok(0)),
        (json!({"items": [], "path": "/"}), Ok(0)),
        (json!({"items": [file], "path": "/", "total": 5}), Ok(1)),
    ] {
        let server = Server::start().await;
        let told = body.clone();
        server.by(move |_| answer(200, &body));
        let listed = client(&server).await.store(SHARE).items(ItemRef::Root, ListOptions::new());
        let listed = listed.try_collect::<Vec<_>>().await.map(|items| items.len());
        assert_eq!(listed.map_err(|error| error.kind()), expected, "{told}");
    }
}
