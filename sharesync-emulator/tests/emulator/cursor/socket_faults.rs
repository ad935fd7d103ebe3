//! What tests can do to the live sockets from outside.

use futures::SinkExt;
use serde_json::{Value, json};
use sharesync_emulator::{Emulator, Fault, FaultKind};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::{self, Message};

use super::socket::{End, Live, until};
use super::{Stage, text};

#[tokio::test]
async fn sockets_are_counted() {
    let stage = Stage::start().await;
    let client = &stage.client;
    client.device("laptop").await;
    let sockets = stage.emulator.cursor_sockets().clone();
    let one = Live::subscribed(client, "laptop").await;
    let _two = Live::subscribed(client, "laptop").await;
    assert_eq!((sockets.count(), sockets.opened()), (2, 2));
    drop(one);
    until(|| sockets.count() == 1).await;
    assert_eq!(sockets.opened(), 2);
}

#[tokio::test]
async fn sockets_are_closed_with_a_code_or_dropped() {
    let stage = Stage::start().await;
    let client = &stage.client;
    client.device("laptop").await;
    let sockets = stage.emulator.cursor_sockets();
    for code in [4401, 1001, 1011] {
        let live = Live::subscribed(client, "laptop").await;
        sockets.close(code, "test");
        assert_eq!(live.end().await, End::Closed(code));
    }
    let live = Live::subscribed(client, "laptop").await;
    sockets.drop_all();
    assert_eq!(live.end().await, End::Broken);
    until(|| sockets.count() == 0).await;
    let live = Live::subscribed(client, "laptop").await;
    stage.emulator.shutdown().await;
    assert_eq!(live.end().await, End::Broken, "no socket outlives the emulator");
}

#[tokio::test]
async fn anything_can_be_pushed() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    client.device("laptop").await;
    let sockets = stage.emulator.cursor_sockets();
    let mut live = Live::open(client, "laptop").await;
    live.say(json!({"type": "ping"})).await;
    live.hear().await;
    sockets.force_sync(share);
    assert_eq!(live.hear().await, json!({"event_type": "force_sync", "share_id": share}));
    sockets.push_text("no JSON");
    assert_eq!(live.next().await.expect("a frame").expect("a frame"), Message::text("no JSON"));
    sockets.push_binary(vec![1, 2, 3]);
    assert_eq!(live.next().await.expect("a frame").expect("a frame"), Message::binary(vec![1, 2, 3]));
    let long = "x".repeat(3 << 20);
    sockets.push_text(long.clone());
    assert_eq!(live.next().await.expect("a frame").expect("a frame"), Message::text(long));
    // A frame with reserved bits that nobody agreed on.
    sockets.push_bytes(vec![0xff; 32]);
    let broken = live.next().await.expect("an end");
    assert!(matches!(broken, Err(tungstenite::Error::Protocol(_))), "{broken:?}");
}

/// How many of 40 frames come before the connection is dropped, again and again, for a seed.
async fn runs(seed: u64) -> Vec<usize> {
    let stage = Stage::with(Emulator::builder().seed(seed)).await;
    let (client, share) = (&stage.client, &stage.share);
    client.device("laptop").await;
    stage.emulator.cursor_sockets().drop_at_rate(0.3);
    let (mut runs, mut told) = (vec![0], 0);
    let mut live = Live::subscribed(client, "laptop").await;
    for number in 0..40 {
        client.folder(share, None, &format!("d{number}")).await;
        match live.next().await {
            Some(Ok(Message::Text(text))) => {
                let frame: Value = serde_json::from_str(&text).expect("JSON");
                assert_eq!(text_of(&frame), format!("/d{number}"));
                *runs.last_mut().expect("a run") += 1;
                told += 1;
            }
            _ => {
                runs.push(0);
                live = Live::subscribed(client, "laptop").await;
            }
        }
    }
    assert_eq!(told + runs.len() - 1, 40);
    stage.emulator.cursor_sockets().drop_at_rate(0.0);
    client.folder(share, None, "last").await;
    assert_eq!(text_of(&live.hear().await), "/last");
    runs
}

fn text_of(frame: &Value) -> String {
    text(&frame["data"], "new_path").to_owned()
}

#[tokio::test]
async fn connections_are_dropped_by_rate_and_seed() {
    let first = runs(7).await;
    assert!((6..=22).contains(&first.len()), "{first:?}");
    assert_eq!(runs(7).await, first);
    assert_ne!(runs(8).await, first);
}

#[tokio::test]
async fn faults_strike_the_handshake() {
    let stage = Stage::start().await;
    let client = &stage.client;
    client.device("laptop").await;
    let url = format!("{}/api/v1/sync/ws/laptop?token={}", client.base.replace("http", "ws"), client.token);
    for (kind, status) in [(FaultKind::Unauthorized, 401), (FaultKind::Unavailable { retry_after: Some(1) }, 503)] {
        stage.emulator.faults().add(Fault::new(kind).path("/sync/ws/").times(1));
        match connect_async(&url).await {
            Err(tungstenite::Error::Http(answer)) => assert_eq!(answer.status().as_u16(), status),
            other => panic!("{other:?}"),
        }
    }
    stage.emulator.faults().add(Fault::new(FaultKind::Reset).path("/sync/ws/").times(1));
    assert!(connect_async(&url).await.is_err());
    let (mut stream, _) = connect_async(&url).await.expect("a socket");
    stream.send(Message::text("{\"type\": \"ping\"}")).await.expect("sent");
}
