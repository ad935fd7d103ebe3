//! The live socket: what comes over it, and how it is kept open.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt as _, SinkExt as _, StreamExt as _};
use serde_json::json;
use sharesync::cursor::{Client, Frame, LiveEvent, LiveOptions};
use sharesync::http::TokenSet;
use sharesync::{ErrorKind, Secret};
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::tungstenite::protocol::Message;

use super::fixtures::documented;
use super::socket::{LiveServer, Socket, close, polite, said};
use super::stage::{DEVICE, TOKEN, builder, no_waiting};
use crate::support::{Server, empty, json as answer};

fn quick() -> LiveOptions {
    LiveOptions::new().with_backoff(Duration::from_millis(4), Duration::from_millis(40))
}

async fn signed_in(server: &LiveServer) -> Client {
    builder(server.uri()).access_token(TOKEN).connect().await.unwrap()
}

/// A server with no plain answers.
async fn serving<F>(serve: F) -> (LiveServer, Server)
where
    F: Fn(usize, Socket) -> BoxFuture<'static, ()> + Send + Sync + 'static,
{
    let plain = Server::start().await;
    (LiveServer::start(&plain, serve).await, plain)
}

#[tokio::test]
async fn every_documented_frame_and_what_is_no_frame() {
    let (server, _plain) = serving(|_, mut socket| {
        async move {
            assert_eq!(said(&mut socket).await.as_deref(), Some(r#"{"type":"subscribe"}"#));
            for frame in documented("frames").as_array().unwrap() {
                socket.send(Message::text(frame.to_string())).await.unwrap();
            }
            for odd in ["hush", "[1]", r#"{"type":"party"}"#] {
                socket.send(Message::text(odd)).await.unwrap();
            }
            socket.send(Message::binary(vec![0xff, 0xfe])).await.unwrap();
            polite(socket).await;
        }
        .boxed()
    })
    .await;
    let mut events = signed_in(&server).await.live().events(DEVICE, quick());
    assert!(matches!(events.next().await, Some(Ok(LiveEvent::Connected))));
    let mut frames = Vec::new();
    while frames.len() < 10 {
        match events.next().await.unwrap().unwrap() {
            LiveEvent::Frame(frame) => frames.push(frame),
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(&frames[0], Frame::Change { share_id: Some(share), change: Some(_) } if share == "shr_01H9B"));
    assert!(matches!(&frames[1], Frame::PreferenceUpdated { device_id: Some(device), .. } if device == DEVICE));
    assert!(matches!(&frames[2], Frame::ForceSync { share_id: Some(_) }));
    assert!(matches!(&frames[3], Frame::Subscribed));
    assert!(matches!((&frames[4], &frames[5]), (Frame::Pong, Frame::Pong)));
    assert!(matches!(
        (&frames[6], &frames[7], &frames[9]),
        (Frame::Malformed(_), Frame::Malformed(_), Frame::Malformed(_))
    ));
    assert!(matches!(&frames[8], Frame::Unknown(kind) if kind == "party"));
    assert!(!format!("{frames:?}").contains("hush"));
}

#[tokio::test]
async fn a_frame_of_a_hundred_mebibytes_is_refused_by_its_length() {
    let (server, _plain) = serving(|_, mut socket| {
        async move {
            let _ = said(&mut socket).await;
            let mut head = vec![0x81, 127];
            head.extend_from_slice(&(100_u64 << 20).to_be_bytes());
            let _ = socket.get_mut().write_all(&head).await;
            polite(socket).await;
        }
        .boxed()
    })
    .await;
    let mut events = signed_in(&server).await.live().events(DEVICE, quick());
    for _ in 0..2 {
        assert!(matches!(events.next().await, Some(Ok(LiveEvent::Connected))));
        match events.next().await {
            Some(Ok(LiveEvent::Interrupted { error, .. })) => assert_eq!(error.kind(), ErrorKind::TooLarge),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_socket_that_falls_silent_is_opened_again() {
    let (server, _plain) =
        serving(|_, mut socket| async move { while said(&mut socket).await.is_some() {} }.boxed()).await;
    let options = quick().with_ping_interval(Duration::from_millis(30));
    let mut events = signed_in(&server).await.live().events(DEVICE, options);
    assert!(matches!(events.next().await, Some(Ok(LiveEvent::Connected))));
    match events.next().await {
        Some(Ok(LiveEvent::Interrupted { error, .. })) => assert_eq!(error.kind(), ErrorKind::Stalled),
        other => panic!("{other:?}"),
    }
    assert!(matches!(events.next().await, Some(Ok(LiveEvent::Connected))));
}

#[tokio::test]
async fn the_service_hears_pings_and_answers_keep_the_socket_open() {
    let pings = Arc::new(AtomicUsize::new(0));
    let heard = pings.clone();
    let (server, _plain) = serving(move |_, mut socket| {
        let heard = heard.clone();
        async move {
            while let Some(text) = said(&mut socket).await {
                if text == r#"{"type":"ping"}"# {
                    heard.fetch_add(1, Ordering::SeqCst);
                    socket.send(Message::text(r#"{"type":"pong"}"#)).await.unwrap();
                }
            }
        }
        .boxed()
    })
    .await;
    let options = quick().with_ping_interval(Duration::from_millis(100));
    let mut events = signed_in(&server).await.live().events(DEVICE, options);
    assert!(matches!(events.next().await, Some(Ok(LiveEvent::Connected))));
    for _ in 0..3 {
        assert!(matches!(events.next().await, Some(Ok(LiveEvent::Frame(Frame::Pong)))));
    }
    assert!(pings.load(Ordering::SeqCst) >= 3);
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn pauses_grow_to_their_bound_when_connections_do_not_last() {
    let (server, _plain) = serving(|_, socket| async move { drop(socket) }.boxed()).await;
    let mut events = signed_in(&server).await.live().events(DEVICE, quick());
    let mut pauses = Vec::new();
    while pauses.len() < 8 {
        if let LiveEvent::Interrupted { pause, .. } = events.next().await.unwrap().unwrap() {
            pauses.push(pause);
        }
    }
    for (index, pause) in pauses.iter().enumerate() {
        let bound = Duration::from_millis(4 << index).min(Duration::from_millis(40));
        assert!(*pause >= bound / 2 && *pause <= bound, "pause {index} of {pauses:?}");
    }
    assert!(server.asked().len() <= 9);
}

/// A server that issues `token1`, `token2`, …, and closes sockets with 4401 unless their number is accepted.
async fn issuing(accepted: usize) -> (LiveServer, Server) {
    let (plain, issued) = (Server::start().await, AtomicUsize::new(0));
    plain.by(move |request| match request.path.as_str() {
        "/api/v1/auth/token" => {
            let number = issued.fetch_add(1, Ordering::SeqCst) + 1;
            answer(200, &json!({"access_token": format!("token{number}"), "refresh_token": format!("r{number}")}))
        }
        _ => empty(404),
    });
    let live = LiveServer::start(&plain, move |number, socket| {
        async move { if number < accepted { close(socket, 4401).await } else { polite(socket).await } }.boxed()
    })
    .await;
    (live, plain)
}

async fn renewable(server: &LiveServer) -> Client {
    let tokens = TokenSet::new("old").with_refresh(Some(Secret::new("r0")));
    // Connections are not kept: the one that brought the tokens leads to the server of plain answers.
    let config = no_waiting().with_concurrency(0);
    builder(server.uri()).http_config(config).tokens(tokens).connect().await.unwrap()
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let (server, plain) = issuing(1).await;
    let mut events = renewable(&server).await.live().events(DEVICE, quick());
    assert!(matches!(events.next().await, Some(Ok(LiveEvent::Connected))));
    match events.next().await {
        Some(Ok(LiveEvent::Interrupted { error, .. })) => {
            assert_eq!((error.kind(), error.code()), (ErrorKind::Unauthenticated, Some("4401")));
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(events.next().await, Some(Ok(LiveEvent::Connected))));
    assert!(matches!(events.next().await, Some(Ok(LiveEvent::Frame(Frame::Subscribed)))));
    let tokens: Vec<_> = server.asked().into_iter().filter_map(|asked| asked.authorization).collect();
    assert_eq!(tokens, ["Bearer old", "Bearer token1"]);
    assert_eq!(plain.lines().await, ["POST /api/v1/auth/token"]);
}

#[tokio::test]
async fn a_token_that_is_refused_again_ends_it() {
    let (server, plain) = issuing(usize::MAX).await;
    let mut events = renewable(&server).await.live().events(DEVICE, quick());
    let mut last = None;
    while let Some(event) = events.next().await {
        last = Some(event);
    }
    assert_eq!(last.unwrap().unwrap_err().kind(), ErrorKind::Unauthenticated);
    assert_eq!((server.asked().len(), plain.lines().await.len()), (2, 1));
}

#[tokio::test]
async fn what_is_no_socket_is_an_error() {
    let plain = Server::start().await;
    let client = builder(plain.uri()).access_token(TOKEN).connect().await.unwrap();
    let gone = || answer(404, &serde_json::json!({"detail": "Device not found"}));
    let cases = [
        (empty(200), ErrorKind::Protocol),
        (empty(401), ErrorKind::Unauthenticated),
        (empty(404), ErrorKind::Protocol),
        (gone(), ErrorKind::NotFound),
    ];
    for (refusal, kind) in cases {
        let status = format!("{refusal:?}");
        plain.by(move |_| refusal.clone());
        let error = client.live().connect(DEVICE, &quick()).await.unwrap_err();
        assert_eq!((error.kind(), error.operation()), (kind, Some("Live.Connect")), "{status}");
    }
    plain.by(move |_| gone());
    let ended: Vec<_> = client.live().events("gone", quick()).collect().await;
    assert_eq!(ended.len(), 1);
    for (status, kind) in [(503, ErrorKind::Unavailable), (403, ErrorKind::Protocol), (404, ErrorKind::Protocol)] {
        plain.by(move |_| empty(status));
        let mut events = client.live().events(DEVICE, quick());
        let interrupted = events.next().await;
        assert!(
            matches!(&interrupted, Some(Ok(LiveEvent::Interrupted { error, .. })) if error.kind() == kind),
            "{status}"
        );
    }
}

#[tokio::test]
async fn a_proxy_that_asks_for_credentials_ends_it_and_is_told() {
    let plain = Server::start().await;
    let client = builder(plain.uri()).access_token(TOKEN).connect().await.unwrap();
    plain.by(move |_| empty(407));
    let mut said: Vec<_> = client.live().events(DEVICE, quick()).collect().await;
    let error = said.pop().unwrap().unwrap_err();
    assert!(said.is_empty(), "it is not asked again: {said:?}");
    assert_eq!((error.kind(), error.status()), (ErrorKind::Config, Some(407)), "{error}");
    assert!(error.to_string().contains("HTTPS_PROXY=http://user:password@"), "{error}");
}
