//! Charsets of JSON and XML: what is declared, and what is there.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod support;

use serde_json::Value;
use sharesync_core::http::{Call, UnreadableCharset};
use sharesync_core::{Error, ErrorKind};
use support::{Server, pipeline, quick};

/// What becomes of an answer with this media type and body, read as JSON or as text.
async fn answer(media_type: &'static str, body: Vec<u8>, json: bool) -> Result<String, Error> {
    let server = Server::start(move |mut connection| {
        let body = body.clone();
        async move {
            while connection.request().await.is_some() {
                let head =
                    format!("HTTP/1.1 200 X\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\n\r\n", body.len());
                connection.send([head.as_bytes(), &body].concat()).await;
            }
        }
    })
    .await;
    let call = Call::get("Test.Get", server.url("/"));
    match json {
        true => pipeline(quick()).json::<Value>(call).await.map(|value| value["a"].as_str().unwrap().to_owned()),
        false => pipeline(quick()).bytes(call).await.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
    }
}

fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[track_caller]
fn check(said: Result<String, Error>, parts: &[&str]) {
    let error = said.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Protocol, 1), "{error}");
    assert!(error.provider_error::<UnreadableCharset>().is_some(), "{error:?}");
    for part in parts.iter().chain(&["UTF-8 and US-ASCII are read"]) {
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[tokio::test]
async fn json_is_utf_8_whatever_it_declares() {
    let body = r#"{"a":"\u{e4}"}"#.replace("\\u{e4}", "\u{e4}");
    for media_type in [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF8",
        "application/json; charset=us-ascii",
        "application/json; charset=iso-8859-1",
    ] {
        assert_eq!(answer(media_type, body.clone().into(), true).await.unwrap(), "\u{e4}", "{media_type}");
    }
    check(answer("application/json", latin1(&body), true).await, &["not in UTF-8"]);
    check(answer("application/json", utf16(&body), true).await, &["in UTF-16"]);
    check(answer("application/json", utf16(&format!("\u{feff}{body}")), true).await, &["in UTF-16"]);
    check(
        answer("application/json; charset=iso-8859-1", latin1(&body), true).await,
        &["declares the charset iso-8859-1"],
    );
    check(answer("application/problem+json; charset=utf-16", utf16(&body), false).await, &["the charset utf-16"]);
}

#[tokio::test]
async fn xml_is_read_in_what_it_declares_or_not_at_all() {
    for (media_type, body) in [
        ("application/xml", "<a>\u{e4}</a>"),
        ("text/xml; charset=UTF8", "<a>\u{e4}</a>"),
        ("application/atom+xml; charset=us-ascii", "<a/>"),
        // Of what is no document, nothing is asked.
        ("text/plain; charset=iso-8859-1", "<a>\u{e4}</a>"),
    ] {
        assert_eq!(answer(media_type, body.into(), false).await.unwrap(), body, "{media_type}");
    }
    let foreign = "<a>\u{e4}</a>".as_bytes().to_vec();
    check(answer("text/xml; charset=us-ascii", foreign.clone(), false).await, &["declares US-ASCII"]);
    check(answer("text/xml; charset=\"windows-1252\"", foreign.clone(), false).await, &["the charset windows-1252"]);
    check(answer("application/atom+xml;charset='utf-16'", foreign, false).await, &["the charset utf-16"]);
}
