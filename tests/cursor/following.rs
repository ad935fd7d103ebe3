//! Following the store over the live socket: nothing is lost, whatever becomes of the socket.

use std::time::Duration;

use futures::{FutureExt as _, SinkExt as _, StreamExt as _};
use serde_json::json;
use sharesync::cursor::{CursorStore, LiveOptions, StoreOptions};
use sharesync::{Change, ChangeOptions, RemoteStore, RemoteStoreExt as _, Signal, Since, WatchOptions};
use tokio::sync::broadcast::{Sender, channel};
use tokio_tungstenite::tungstenite::protocol::Message;

use super::drive::Drive;
use super::socket::{LiveServer, said};
use super::stage::{DEVICE, SHARE, TOKEN, builder};

/// What the tests tell the open sockets to do.
#[derive(Debug, Clone)]
enum Order {
    Say(String),
    Drop,
}

/// A share with a live socket, and its store.
async fn stage(drive: &Drive) -> (CursorStore, Sender<Order>, LiveServer) {
    let plain = drive.serve().await;
    let (orders, _) = channel::<Order>(10_000);
    let heard = orders.clone();
    let live = LiveServer::start(&plain, move |_, mut socket| {
        let mut orders = heard.subscribe();
        async move {
            let _ = said(&mut socket).await;
            let _ = socket.send(Message::text(r#"{"type":"subscribed"}"#)).await;
            loop {
                tokio::select! {
                    order = orders.recv() => match order {
                        Ok(Order::Say(text)) => if socket.send(Message::text(text)).await.is_err() { return },
                        _ => return,
                    },
                    said = socket.next() => if said.is_none_or(|said| said.is_err()) { return },
                }
            }
        }
        .boxed()
    })
    .await;
    // Connections are not kept: one of them could be taken for the socket's.
    let config = super::stage::no_waiting().with_concurrency(0);
    let client = builder(live.uri()).http_config(config).access_token(TOKEN).connect().await.unwrap();
    let pauses = LiveOptions::new().with_backoff(Duration::from_millis(2), Duration::from_millis(10));
    let store = client.store_with(StoreOptions::new(SHARE).with_device(DEVICE).with_live(pauses));
    std::mem::forget(plain);
    (store, orders, live)
}

fn rarely() -> WatchOptions {
    WatchOptions::new().with_poll_interval(Duration::from_secs(3600)).with_push_interval(Duration::from_secs(3600))
}

fn nudge() -> Order {
    Order::Say(json!({"event_type": "change", "share_id": SHARE, "data": {}}).to_string())
}

#[tokio::test]
async fn signals_are_what_frames_mean_for_the_share() {
    let drive = Drive::default();
    let (store, orders, _live) = stage(&drive).await;
    let mut signals = store.watch(&ChangeOptions::new(), rarely());
    for _ in 0..2 {
        assert!(matches!(signals.next().await, Some(Ok(Signal::Connected))));
    }
    for quiet in [
        json!({"event_type": "change", "share_id": "shr_other"}),
        json!({"event_type": "force_sync", "share_id": "shr_other"}),
        json!({"event_type": "sync_preference_updated", "share_id": SHARE}),
        json!({"type": "party"}),
        json!({"type": "pong"}),
        json!({"type": "subscribed"}),
        json!({}),
        json!(null),
        json!([]),
    ] {
        orders.send(Order::Say(quiet.to_string())).unwrap();
    }
    for empty in ["", " ", "\r\n"] {
        orders.send(Order::Say(empty.into())).unwrap();
    }
    orders.send(nudge()).unwrap();
    assert!(matches!(signals.next().await, Some(Ok(Signal::Changed))));
    for _ in 0..3 {
        orders.send(Order::Say("no JSON".into())).unwrap();
    }
    assert!(matches!(signals.next().await, Some(Ok(Signal::Changed))));
    orders.send(Order::Say(json!({"event_type": "force_sync", "share_id": SHARE}).to_string())).unwrap();
    assert!(matches!(signals.next().await, Some(Ok(Signal::Reset))));
    orders.send(Order::Drop).unwrap();
    assert!(matches!(signals.next().await, Some(Ok(Signal::Interrupted(_)))));
    assert!(matches!(signals.next().await, Some(Ok(Signal::Connected))));
}

#[tokio::test]
async fn a_thousand_frames_that_say_nothing_cause_no_reading() {
    let drive = Drive::default();
    let (store, orders, _live) = stage(&drive).await;
    let mut pages = store.follow(Since::Now, ChangeOptions::new(), rarely());
    let said = ["", "{}", "null", r#"{"type":"pong"}"#, "[{}]", r#"{"type":"subscribed"}"#];
    pages.next().await.unwrap().unwrap();
    for round in 0..2 {
        let before = drive.state().readings;
        let speak = async {
            while orders.receiver_count() == 0 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            // Frames come in their order: who has heard of the change has heard all of them.
            for frame in said.iter().cycle().take(1000 * round) {
                orders.send(Order::Say((*frame).to_owned())).unwrap();
            }
            drive.state().put(&format!("fil_{round}"), "a", None);
            orders.send(nudge()).unwrap();
        };
        let hear = async { while pages.next().await.unwrap().unwrap().changes.is_empty() {} };
        tokio::join!(speak, hear);
        // What the opening of the socket asks for, and a nudge for what was read already.
        let readings = drive.state().readings - before;
        assert!(readings < 10, "{readings} readings in round {round}");
    }
}

#[tokio::test]
async fn a_forced_comparison_is_a_reset() {
    let drive = Drive::default();
    drive.state().put("fil_1", "a", None);
    let (store, orders, _live) = stage(&drive).await;
    let mut pages = store.follow(Since::Now, ChangeOptions::new(), rarely());
    assert!(pages.next().await.unwrap().unwrap().checkpoint.is_some());
    // The connection itself is followed by looks at the changes.
    let order = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        orders.send(Order::Say(json!({"event_type": "force_sync", "share_id": SHARE}).to_string())).unwrap();
        std::future::pending::<()>().await;
    };
    let told = async {
        let mut told = Vec::new();
        while told.last() != Some(&Change::ResetEnd) {
            told.extend(pages.next().await.unwrap().unwrap().changes);
        }
        told
    };
    let told = tokio::select! { told = told => told, () = order => unreachable!() };
    assert_eq!((told.len(), &told[0]), (3, &Change::ResetBegin));
}

#[tokio::test]
async fn a_store_without_a_socket_is_looked_at_in_intervals() {
    let drive = Drive::default();
    let server = drive.serve().await;
    let store = super::stage::client(&server).await.store(SHARE);
    assert!(store.signals(&ChangeOptions::new()).is_none());
    let options = WatchOptions::new().with_poll_interval(Duration::from_millis(5));
    let mut signals = store.watch(&ChangeOptions::new(), options.clone());
    for _ in 0..3 {
        assert!(matches!(signals.next().await, Some(Ok(Signal::Due))));
    }
    let mut pages = store.follow(Since::Now, ChangeOptions::new(), options);
    pages.next().await.unwrap().unwrap();
    drive.state().put("fil_1", "a", None);
    loop {
        let page = pages.next().await.unwrap().unwrap();
        if let [Change::Upsert(item)] = page.changes.as_slice() {
            assert_eq!(item.id.as_str(), "fil_1");
            return;
        }
    }
}
