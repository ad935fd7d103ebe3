//! What is not the service's own: pages of proxies, redirects to sign-in forms, codings, clocks; and what they leave known of
//! a write.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};
use serde_json::Value;
use sharesync_core::http::{
    Body, Call, Classified, Classify, ErrorResponse, ForeignResponse, Pipeline, Repeat, StaticBearer, default_kind,
    range,
};
use sharesync_core::{Error, ErrorKind};
use support::{Server, quick, response, transport};

/// A service whose own errors are JSON with `error`.
#[derive(Debug)]
struct OwnErrors;

impl Classify for OwnErrors {
    fn classify(&self, response: &ErrorResponse<'_>) -> Option<Classified> {
        let body: Value = serde_json::from_slice(response.body).ok()?;
        Some(Classified::new(default_kind(response.status), body.get("error")?.as_str()?))
    }
}

fn service(server: &Server) -> Pipeline {
    let config = quick();
    Pipeline::builder("test", transport(&config))
        .config(config)
        .classify(Arc::new(OwnErrors))
        .authorize(&server.url("/"), Arc::new(StaticBearer::new("hush")))
        .build()
}

/// A call of each kind of repetition.
fn calls(server: &Server) -> [Call; 4] {
    let url = || server.url("/items/1");
    [
        Call::get("Test.Get", url()),
        Call::new("Test.Delete", Method::DELETE, url()),
        Call::post("Test.Create", url()).body("{}"),
        Call::post("Test.Rename", url()).repeat(Repeat::Conditional),
    ]
}

async fn fails(server: &Server, call: Call) -> Error {
    service(server).run(call, |response| async { response.no_content() }).await.unwrap_err()
}

const PAGE: &str = "Content-Type: text/html; charset=utf-8\r\n";

#[tokio::test]
async fn a_page_never_speaks_for_the_service() {
    for (headers, body) in
        [("", ""), (PAGE, "<html>404 page not found</html>"), ("Content-Type: text/plain\r\n", "404 page not found")]
    {
        for (status, kind) in [
            (400, ErrorKind::Protocol),
            (403, ErrorKind::Protocol),
            (404, ErrorKind::Protocol),
            (405, ErrorKind::Protocol),
            (409, ErrorKind::Protocol),
            (410, ErrorKind::Protocol),
            (412, ErrorKind::Protocol),
            (423, ErrorKind::Protocol),
            (500, ErrorKind::Unavailable),
            (501, ErrorKind::Unavailable),
            (502, ErrorKind::Unavailable),
            (503, ErrorKind::Unavailable),
            (507, ErrorKind::Unavailable),
        ] {
            let server = Server::answering(move |_, _| response(status, headers, body)).await;
            for call in calls(&server) {
                let safe = *call.method() == Method::GET;
                let once = format!("{call:?}").contains("Never"); // a POST
                let error = fails(&server, call).await;
                assert_eq!(error.kind(), kind, "{status} {body:?}: {error}");
                assert_eq!(error.status(), Some(status));
                assert_eq!(error.maybe_applied(), !safe, "{error}");
                assert_eq!(error.attempts(), if once { 1 } else { 3 }, "{error}");
                let page = error.provider_error::<ForeignResponse>().unwrap();
                assert_eq!(
                    page.media_type.as_deref(),
                    headers.split([' ', ';', '\r']).nth(1).filter(|kind| !kind.is_empty())
                );
            }
        }
    }
}

/// Whoever asks for credentials has passed nothing on; a page with the same status may stand for whatever the service said.
#[tokio::test]
async fn a_page_that_asks_for_no_credentials_leaves_a_write_in_doubt() {
    for (headers, doubt) in [(PAGE, true), ("", true), ("WWW-Authenticate: Bearer\r\n", false)] {
        let server = Server::answering(move |_, _| response(401, headers, "<html>401</html>")).await;
        for call in calls(&server) {
            let safe = *call.method() == Method::GET;
            let error = fails(&server, call).await;
            assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unauthenticated, 1), "{error}");
            assert_eq!(error.maybe_applied(), doubt && !safe, "{headers:?}: {error}");
        }
    }
}

#[tokio::test]
async fn the_service_itself_is_believed_at_once() {
    for (status, kind) in [(404, ErrorKind::NotFound), (403, ErrorKind::PermissionDenied), (409, ErrorKind::Conflict)] {
        let server = Server::answering(move |_, _| response(status, "", r#"{"error":"no"}"#)).await;
        for call in calls(&server) {
            let error = fails(&server, call).await;
            assert_eq!((error.kind(), error.attempts(), error.maybe_applied()), (kind, 1, false), "{error}");
        }
    }
}

#[tokio::test]
async fn a_page_that_passes_is_outlasted() {
    let server = Server::answering(|number, _| match number {
        0 => response(404, PAGE, "<html>gateway</html>"),
        1 => response(200, PAGE, "<!DOCTYPE html><p>sign in</p>"),
        _ => response(200, "", "{}"),
    })
    .await;
    let read: Value = service(&server).json(Call::get("Test.Get", server.url("/"))).await.unwrap();
    assert_eq!((read, server.requests().len()), (serde_json::json!({}), 3));
}

#[tokio::test]
async fn a_success_in_another_form_is_none() {
    for (headers, body) in
        [(PAGE, "<html>sign in</html>"), ("", "OK"), (PAGE, "\u{feff}<!doctype html>"), ("", "<ok/>")]
    {
        let server = Server::answering(move |_, _| response(200, headers, body)).await;
        for call in calls(&server) {
            let safe = *call.method() == Method::GET;
            let error = fails(&server, call).await;
            assert_eq!((error.kind(), error.maybe_applied()), (ErrorKind::Protocol, !safe), "{body}: {error}");
        }
    }
    // Where the document has status 204, nothing else is it, and where it has no body, no other body is.
    for (status, body, no_content, no_body) in [
        (204, "", true, true),
        (200, "", false, true),
        (201, " \r\n", false, true),
        (200, "{}", false, false),
        (200, r#"{"message":"no Route matched"}"#, false, false),
        (200, "<html>", false, false),
    ] {
        let server = Server::answering(move |_, _| response(status, "", body)).await;
        for call in calls(&server) {
            let told = service(&server).run(call.clone(), |response| async { response.no_content() }).await;
            assert_eq!(told.is_ok(), no_content, "{status} {body:?}");
            let told = service(&server).run(call, |response| response.no_body(100)).await;
            assert_eq!(told.is_ok(), no_body, "{status} {body:?}");
        }
    }
}

#[tokio::test]
async fn a_write_is_never_redirected_to_a_page() {
    for status in [301, 302, 303] {
        let server = Server::answering(move |_, request| match request.line().contains("/login") {
            true => response(200, PAGE, "<html>sign in</html>"),
            false => response(status, "Location: /login\r\n", ""),
        })
        .await;
        for call in calls(&server) {
            let (safe, method) = (*call.method() == Method::GET, call.method().clone());
            let error = fails(&server, call).await;
            assert_eq!(
                (error.kind(), error.maybe_applied()),
                (ErrorKind::Protocol, !safe),
                "{method} {status}: {error}"
            );
        }
        assert!(
            server
                .requests()
                .iter()
                .all(|request| !request.line().contains("/login") || request.line().starts_with("GET"))
        );
        let logins = server.requests().iter().filter(|request| request.line().contains("/login")).count();
        assert_eq!(logins, 3, "the reads alone were led there");
    }
}

#[tokio::test]
async fn bodies_go_to_no_other_origin() {
    for status in [307, 308] {
        let other = Server::answering(|_, _| response(200, "", "{}")).await;
        let target = other.url("/x");
        let server = Server::answering(move |_, _| response(status, &format!("Location: {target}\r\n"), "")).await;
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            for call in [
                Call::new("Test.SignIn", method.clone(), server.url("/")).without_auth().body("password=hush"),
                Call::new("Test.Write", method.clone(), server.url("/")).body(Body::empty()),
            ] {
                let error = fails(&server, call).await;
                assert_eq!((error.kind(), error.maybe_applied()), (ErrorKind::Insecure, false), "{error}");
            }
        }
        assert!(other.requests().is_empty(), "{:?}", other.requests());
        let kept = Server::answering(move |number, _| match number {
            0 => response(status, "Location: /there\r\n", ""),
            _ => response(200, "", "{}"),
        })
        .await;
        service(&kept).bytes(Call::post("Test.Write", kept.url("/")).body("{}")).await.unwrap();
        let received = &kept.requests()[1];
        assert_eq!((received.line(), received.body.as_slice()), ("POST /there HTTP/1.1", b"{}".as_slice()));
    }
}

#[tokio::test]
async fn a_bare_503_leaves_a_write_in_doubt() {
    let own = r#"{"error":"busy"}"#;
    for (headers, body, attempts, doubt) in [
        (
            "",
            "upstream connect error or disconnect/reset before headers. reset reason: connection termination",
            1,
            true,
        ),
        (PAGE, "<html>503</html>", 1, true),
        ("", "", 1, true),
        ("", own, 3, false),
        ("Retry-After: 0\r\n", "", 3, false),
    ] {
        for status in [503, 502] {
            let server = Server::answering(move |_, _| response(status, headers, body)).await;
            let error = fails(&server, Call::post("Test.Share", server.url("/"))).await;
            let own_502 = status == 502 && body == own;
            let expected = if own_502 { (1, true) } else { (attempts, doubt) };
            assert_eq!((error.attempts(), error.maybe_applied()), expected, "{status} {body}: {error}");
        }
    }
}

#[tokio::test]
async fn doubt_is_not_taken_back_by_later_attempts() {
    for later in [
        response(503, "Retry-After: 0\r\n", ""),
        response(429, "Retry-After: 0\r\n", ""),
        response(401, "", r#"{"error":"token"}"#),
        response(404, "", r#"{"error":"gone"}"#),
        response(409, "", r#"{"error":"taken"}"#),
    ] {
        let last = later.clone();
        let server = Server::start(move |mut connection| {
            let last = last.clone();
            async move {
                while connection.request().await.is_some() {
                    if connection.number == 0 {
                        return;
                    }
                    connection.send(&last).await;
                }
            }
        })
        .await;
        let error = fails(&server, Call::new("Test.Delete", Method::DELETE, server.url("/"))).await;
        assert!(error.attempts() > 1 && error.maybe_applied(), "{later}: {error}");
        let error = service(&server).bytes(Call::get("Test.Get", server.url("/"))).await.unwrap_err();
        assert!(!error.maybe_applied(), "a read changes nothing: {error}");
    }
}

#[tokio::test]
async fn a_write_whose_answer_cannot_be_read_is_in_doubt() {
    for body in ["{\"a\":", "nonsense", "{\"b\":1}", "[]", ""] {
        let server = Server::answering(move |_, _| response(200, "", body)).await;
        let decode = |body: sharesync_core::http::Response| async move {
            let value: std::collections::BTreeMap<String, u64> = body.json(100).await?;
            value.get("a").copied().ok_or_else(|| Error::missing_field("thing", "a"))
        };
        let error = service(&server).run(Call::post("Test.Create", server.url("/")), decode).await.unwrap_err();
        assert!(error.maybe_applied(), "{body}: {error}");
        let error = service(&server).run(Call::get("Test.Get", server.url("/")), decode).await.unwrap_err();
        assert!(!error.maybe_applied(), "{body}: {error}");
    }
    let refuses = |_| async { Err::<(), _>(Error::new(ErrorKind::Rejected, "the service says no with status 200")) };
    let server = Server::answering(|_, _| response(200, "", "{}")).await;
    let error = service(&server).run(Call::post("Test.Create", server.url("/")), refuses).await.unwrap_err();
    assert!(!error.maybe_applied(), "{error}");
}

#[tokio::test]
async fn an_error_whose_body_breaks_off_says_nothing() {
    let server = Server::start(|mut connection| async move {
        connection.request().await;
        connection.send("HTTP/1.1 409 Conflict\r\nContent-Length: 100\r\n\r\n{\"error\":").await;
    })
    .await;
    for call in calls(&server) {
        let safe = *call.method() == Method::GET;
        let error = fails(&server, call).await;
        assert_eq!((error.kind(), error.status()), (ErrorKind::Network, Some(409)), "{error}");
        assert_eq!(error.maybe_applied(), !safe, "{error}");
    }
}

#[tokio::test]
async fn no_coding_is_asked_for_and_none_is_taken() {
    for coding in ["gzip", "br", "x-unknown", "identity, gzip", "\u{1}"] {
        let server = Server::answering(move |_, _| {
            response(206, &format!("Content-Encoding: {coding}\r\nContent-Range: bytes 0-1/2\r\n"), "{}")
        })
        .await;
        let error = service(&server).send(Call::get("Test.Download", server.url("/"))).await.unwrap_err();
        assert_eq!(error.kind(), if coding == "\u{1}" { ErrorKind::Network } else { ErrorKind::Protocol }, "{error}");
        assert_eq!(server.requests()[0].header("accept-encoding"), Some("identity"));
    }
    for coding in ["identity", "Identity", ""] {
        let server =
            Server::answering(move |_, _| response(200, &format!("Content-Encoding: {coding}\r\n"), "{}")).await;
        service(&server).bytes(Call::get("Test.Get", server.url("/"))).await.unwrap();
    }
    let server = Server::answering(|_, _| response(404, "Content-Encoding: gzip\r\n", r#"{"error":"no"}"#)).await;
    let error = fails(&server, Call::get("Test.Get", server.url("/"))).await;
    assert_eq!(error.kind(), ErrorKind::Protocol, "what is said in a coding is not understood: {error}");
}

#[tokio::test]
async fn a_page_is_no_range_of_the_content() {
    let page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html>sign in</html>";
    let server = Server::start(move |mut connection| async move {
        connection.request().await;
        connection.send(page).await;
    })
    .await;
    let call = |offset, length| {
        let range = range(offset, length).unwrap();
        Call::get("Test.Download", server.url("/")).header(http::header::RANGE, range)
    };
    for (offset, length) in [(0, Some(10)), (5, Some(10))] {
        let error = service(&server).send(call(offset, length)).await.unwrap().into_content().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
    }
    let whole = service(&server).send(call(5, None)).await.unwrap().into_content().unwrap();
    assert_eq!((whole.offset, whole.total), (0, None), "length and digest tell");
}

#[tokio::test]
async fn a_range_beyond_the_end_is_told_by_its_length() {
    for (headers, kind) in [
        ("Content-Range: bytes */7\r\n", ErrorKind::PreconditionFailed),
        ("Content-Range: bytes 0-6/7\r\n", ErrorKind::Protocol),
        ("", ErrorKind::Protocol),
    ] {
        let server = Server::answering(move |_, _| response(416, headers, "<html>")).await;
        let error = fails(&server, Call::get("Test.Download", server.url("/"))).await;
        assert_eq!((error.kind(), error.attempts()), (kind, 1), "{error}");
    }
}

#[tokio::test]
async fn limits_as_long_as_there_is_are_no_overflow() {
    let server = Server::answering(|number, _| match number {
        0 => response(429, "Retry-After: 99999999999999999999\r\n", ""),
        _ => response(200, "", "{}"),
    })
    .await;
    let config = quick()
        .with_idle_timeout(Duration::MAX)
        .with_response_timeout(Duration::MAX)
        .with_connect_timeout(Duration::MAX)
        .with_decode_timeout(Duration::MAX);
    let pipeline = Pipeline::builder("test", transport(&config)).config(config).build();
    let error = pipeline.bytes(Call::get("Test.Get", server.url("/"))).await.unwrap_err();
    assert!(error.retry_after() > Some(Duration::from_secs(1 << 40)), "{error}");
    assert_eq!(pipeline.bytes(Call::post("Test.Put", server.url("/")).body(vec![0; 1 << 20])).await.unwrap(), "{}");
}

#[tokio::test]
async fn what_the_proxy_wants_is_said() {
    let server = Server::answering(|_, _| response(407, "Proxy-Authenticate: Basic\r\n", "<html>")).await;
    let error = fails(&server, Call::get("Test.Get", server.url("/"))).await;
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Config, 1));
    assert!(error.to_string().contains("the proxy asks for credentials"), "{error}");
}

#[tokio::test]
async fn too_early_is_tried_again() {
    let server = Server::answering(|number, _| match number {
        0 => response(425, "", ""),
        _ => response(200, "", "{}"),
    })
    .await;
    service(&server).bytes(Call::post("Test.Create", server.url("/"))).await.unwrap();
}

#[tokio::test]
async fn informational_responses_and_trailers_are_passed_over() {
    let answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n\
                  HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\n{}\r\n0\r\nX-Sum: 1\r\n\r\n";
    let server = Server::start(move |mut connection| async move {
        while connection.request().await.is_some() {
            connection.send(answer).await;
        }
    })
    .await;
    assert_eq!(service(&server).bytes(Call::get("Test.Get", server.url("/"))).await.unwrap(), "{}");
    let server = Server::answering(|_, _| "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n".into()).await;
    let error = fails(&server, Call::get("Test.Get", server.url("/"))).await;
    assert!(matches!(error.kind(), ErrorKind::Network | ErrorKind::Protocol), "{error}");
}

#[tokio::test]
async fn heads_that_are_no_http_are_errors_of_the_connection() {
    for head in
        ["ICY 200 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 OK\r\n\r\n", "<html>", "HTTP/9.9 200 OK\r\n\r\n"]
    {
        let server = Server::start(move |mut connection| async move {
            connection.request().await;
            connection.send(head).await;
        })
        .await;
        let error = fails(&server, Call::post("Test.Create", server.url("/"))).await;
        assert_eq!((error.kind(), error.maybe_applied()), (ErrorKind::Network, true), "{head:?}: {error}");
    }
}

#[tokio::test]
async fn the_message_names_no_secret_of_a_foreign_page() {
    let server = Server::answering(|_, _| response(403, "Content-Type: hush/hush\r\n", "hush")).await;
    let error = fails(&server, Call::get("Test.Get", server.url("/")).header(CONTENT_TYPE, "text/plain")).await;
    assert!(!error.to_string().contains("hush"), "{error}");
    assert_eq!(error.status(), Some(StatusCode::FORBIDDEN.as_u16()));
}

#[tokio::test]
async fn the_clock_is_that_of_the_service() {
    let server = Server::answering(|number, _| match number {
        0 => response(200, "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "{}"),
        _ => response(404, "", ""),
    })
    .await;
    let service = service(&server);
    let local = sharesync_core::Timestamp::now();
    assert!(service.clock().now().after(local).as_secs() < 60, "before the first response");
    service.bytes(Call::get("Test.Get", server.url("/"))).await.unwrap();
    let told: sharesync_core::Timestamp = "1994-11-06T08:49:37Z".parse().unwrap();
    for _ in 0..2 {
        let now = service.clock().now();
        assert!(told.after(now).as_secs() <= 1 && now.after(told).as_secs() < 60, "{now}");
        let _ = service.bytes(Call::get("Test.Get", server.url("/"))).await;
    }
}
