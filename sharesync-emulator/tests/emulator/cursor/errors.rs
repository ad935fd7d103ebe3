//! The two forms of errors, the statuses that any operation can have, and the rate limit with its headers.

use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::{Method, Response};
use serde_json::{Value, json};
use sharesync_emulator::{Emulator, Fault, FaultKind};

use super::shape::like;
use super::{Client, OTHER, Stage, form, is};

fn number(answer: &Response, name: &str) -> u64 {
    let value = answer.headers().get(name).unwrap_or_else(|| panic!("the header {name}"));
    value.to_str().expect("text").parse().expect("a number")
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_secs()
}

#[tokio::test]
async fn errors_are_envelopes_with_a_code_and_a_number_of_their_own() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let (_, one) = client.ask(Method::GET, "files/nothing", None).await;
    let (_, two) = client.ask(Method::GET, "files/nothing", None).await;
    assert_eq!(one["error"], json!({"code": "NOT_FOUND", "message": "File not found"}));
    assert_ne!(one["meta"]["request_id"], two["meta"]["request_id"]);
    let (_, bad) = client.ask(Method::GET, "sync/changes?limit=0", None).await;
    assert_eq!(bad["error"]["details"], json!({"loc": ["query", "limit"]}));
}

#[tokio::test]
async fn errors_can_be_details_without_a_code() {
    let stage = Stage::with(Emulator::builder().detail_errors(true).rate_limit(60)).await;
    let (client, share) = (&stage.client, &stage.share);
    client.file(share, None, "f", "x").await;
    let nobody = Client { token: "nobody".to_owned(), ..client.clone() };
    let (taken, conflict) = client.upload(form(share, None, "f", "x")).await;
    for ((status, body), wanted) in [
        (client.ask(Method::GET, "files/nothing", None).await, 404),
        (client.ask(Method::GET, "sync/changes?cursor=x", None).await, 400),
        (nobody.ask(Method::GET, "users/me", None).await, 401),
        ((taken, conflict), 409),
    ] {
        assert_eq!(status, wanted, "{body}");
        like(&body, "error_detail");
    }
    let (status, body) = client.ask(Method::GET, "sync/changes?limit=0", None).await;
    assert_eq!(status, 422);
    let only = body.as_object().expect("an object");
    assert_eq!(only.len(), 1);
    let first = &body["detail"][0];
    assert_eq!(first["loc"], json!(["query", "limit"]));
    assert!(first["msg"].is_string() && first["type"].is_string(), "{body}");
    let last = loop {
        let answer = client.send(Method::GET, "search?q=x", None).await;
        if answer.status() != 200 {
            break answer;
        }
    };
    assert_eq!(last.status(), 429);
    assert!(last.headers().contains_key("retry-after"));
    like(&last.json().await.expect("JSON"), "error_detail");
}

#[tokio::test]
async fn without_a_token_there_is_only_what_is_public() {
    let stage = Stage::start().await;
    let nobody = Client { token: String::new(), ..stage.client.clone() };
    for path in ["users/me", "sync/changes", "files/x", "no/such/page"] {
        let answer = nobody.http.get(nobody.url(path)).send().await.expect("an answer");
        assert_eq!(answer.headers()["www-authenticate"], "Bearer");
        is((answer.status().as_u16(), answer.json().await.expect("JSON")), 401, "AUTH_TOKEN_INVALID");
    }
    let (status, body) = nobody.upload(form(&stage.share, None, "f", &"x".repeat(100_000))).await;
    is((status, body), 401, "AUTH_TOKEN_INVALID");
    assert_eq!(nobody.get("health").await, json!({"status": "healthy", "version": "0.1.0"}));
    nobody.get("ready").await;
    nobody.get("config").await;
    nobody.get("auth/config").await;
}

#[tokio::test]
async fn faults_speak_the_protocol() {
    let stage = Stage::start().await;
    let kinds = [
        (FaultKind::Unauthorized, 401, "AUTH_TOKEN_INVALID"),
        (FaultKind::TooManyRequests { retry_after: Some(3) }, 429, "RATE_LIMITED"),
        (FaultKind::Unavailable { retry_after: Some(3) }, 503, "SERVICE_UNAVAILABLE"),
    ];
    for (kind, status, code) in kinds {
        stage.emulator.faults().add(Fault::new(kind).path("/sync/changes").times(1));
        let answer = stage.client.send(Method::GET, "sync/changes", None).await;
        assert_eq!(answer.headers().contains_key("retry-after"), status != 401);
        is((answer.status().as_u16(), answer.json().await.expect("JSON")), status, code);
    }
    stage.client.get("sync/changes").await;
}

#[tokio::test]
async fn bodies_that_are_no_json_or_too_long_are_refused() {
    let stage = Stage::start().await;
    let client = &stage.client;
    for (body, status, code) in [
        ("".to_owned(), 422, "VALIDATION_ERROR"),
        ("{".to_owned(), 422, "VALIDATION_ERROR"),
        ("[]".to_owned(), 422, "VALIDATION_ERROR"),
        ("\"".repeat((16 << 20) + 1), 413, "PAYLOAD_TOO_LARGE"),
    ] {
        let request = client.http.post(client.url("sync/apply")).bearer_auth(&client.token).body(body);
        let answer = request.send().await.expect("an answer");
        is((answer.status().as_u16(), answer.json().await.expect("JSON")), status, code);
    }
}

#[tokio::test]
async fn every_answer_tells_what_is_left() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    let folder = client.folder(share, None, "d").await;
    let file = client.file(share, None, "f", "x").await;
    client.device("laptop").await;
    let left = async || number(&client.send(Method::GET, "users/me", None).await, "x-ratelimit-remaining");
    let children = format!("folders/{folder}/children?share_id={share}");
    let download = format!("sync/download/{file}");
    let content = format!("files/{file}/content");
    let costs = [
        (Method::GET, "users/me", 1),
        (Method::GET, "sync/changes", 2),
        (Method::GET, "sync/devices", 2),
        (Method::GET, "sync/conflicts", 2),
        (Method::GET, "shares", 2),
        (Method::GET, &children, 2),
        (Method::POST, "sync/devices/laptop/heartbeat", 2),
        (Method::GET, &download, 5),
        (Method::GET, &content, 5),
        (Method::GET, "search?q=x", 10),
        (Method::GET, "files/nothing", 1),
    ];
    for (method, path, cost) in costs {
        let before = left().await;
        let answer = client.send(method, path, None).await;
        assert_eq!(number(&answer, "x-ratelimit-limit"), 1_000_000, "{path}");
        assert_eq!(number(&answer, "x-ratelimit-remaining"), before - cost, "{path}");
        let reset = number(&answer, "x-ratelimit-reset");
        assert!((now()..=now() + 61).contains(&reset), "{path}: {reset}");
    }
    let before = left().await;
    let request = client.http.post(client.url("files")).bearer_auth(&client.token);
    let answer = request.multipart(form(share, None, "g", "x")).send().await.expect("an answer");
    assert_eq!(number(&answer, "x-ratelimit-remaining"), before - 5, "an upload");
}

#[tokio::test]
async fn who_spends_too_much_is_refused_until_there_is_room() {
    let stage = Stage::with(Emulator::builder().rate_limit(30)).await;
    let client = &stage.client;
    let mut spent = 0;
    let refused = loop {
        let answer = client.send(Method::GET, "search?q=x", None).await;
        if answer.status() != 200 {
            break answer;
        }
        spent += 10;
        assert!(spent <= 30);
    };
    assert_eq!(refused.status(), 429);
    assert_eq!(number(&refused, "x-ratelimit-limit"), 30);
    let wait = number(&refused, "retry-after");
    assert!((1..=61).contains(&wait), "{wait}");
    let body: Value = refused.json().await.expect("JSON");
    like(&body, "error_envelope");
    assert_eq!(body["error"]["code"], "RATE_LIMITED");
    assert_eq!(body["error"]["retry_after"], wait);
    assert_eq!(body["error"]["details"], json!({"dimension": "token", "limit": 30, "window_seconds": 60}));
    assert_eq!(client.send(Method::GET, "users/me", None).await.status(), 200, "what is cheaper may still fit");
    let other = stage.other().await;
    other.get("search?q=x").await;
    let service = Client { token: stage.emulator.cursor().service_token().to_owned(), ..client.clone() };
    service.get("search?q=x").await;
    for _ in 0..40 {
        client.get("config").await;
    }
    client.sign_in(OTHER.0).await;
}
