//! The live socket: who may open it, what is said on it, and what is told when.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};
use sharesync_emulator::Emulator;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::{Client, Stage, is};

const SOON: Duration = Duration::from_secs(10);

/// Waits until something is so.
pub(crate) async fn until(is_so: impl Fn() -> bool) {
    let wait = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(SOON, wait).await.expect("it happens within some time");
}

/// How a socket ended: with a code, or without a closing handshake.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    Closed(u16),
    Broken,
}

/// One socket of a device.
pub(crate) struct Live {
    pub(crate) stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Live {
    /// With the token in a header.
    pub(crate) async fn open(client: &Client, device: &str) -> Self {
        let url = format!("{}/api/v1/sync/ws/{device}", client.base.replace("http", "ws"));
        let mut request = url.into_client_request().expect("a request");
        let token = format!("Bearer {}", client.token).parse().expect("a header");
        request.headers_mut().insert("authorization", token);
        Self { stream: connect_async(request).await.expect("a socket").0 }
    }

    /// With something in the query alone.
    async fn by_query(client: &Client, device: &str, query: &str) -> Self {
        let url = format!("{}/api/v1/sync/ws/{device}{query}", client.base.replace("http", "ws"));
        Self { stream: connect_async(url).await.expect("a socket").0 }
    }

    /// With a subscription.
    pub(crate) async fn subscribed(client: &Client, device: &str) -> Self {
        let mut live = Self::open(client, device).await;
        live.say(json!({"type": "subscribe"})).await;
        assert_eq!(live.hear().await, json!({"type": "subscribed"}));
        live
    }

    pub(crate) async fn say(&mut self, frame: Value) {
        self.stream.send(Message::text(frame.to_string())).await.expect("sent");
    }

    pub(crate) async fn next(&mut self) -> Option<tungstenite::Result<Message>> {
        timeout(SOON, self.stream.next()).await.expect("something within some time")
    }

    /// The next frame, which must be a text of JSON.
    pub(crate) async fn hear(&mut self) -> Value {
        match self.next().await {
            Some(Ok(Message::Text(text))) => serde_json::from_str(&text).expect("JSON"),
            other => panic!("{other:?} instead of a frame"),
        }
    }

    /// Reads to the end.
    pub(crate) async fn end(mut self) -> End {
        let mut code = None;
        loop {
            match self.next().await {
                Some(Ok(Message::Close(frame))) => code = frame.map(|frame| frame.code.into()),
                Some(Ok(_)) => {}
                None | Some(Err(tungstenite::Error::ConnectionClosed)) => break,
                Some(Err(_)) => return End::Broken,
            }
        }
        code.map_or(End::Broken, End::Closed)
    }
}

#[tokio::test]
async fn the_token_comes_in_a_header_or_in_the_query() {
    let stage = Stage::start().await;
    let client = &stage.client;
    client.device("laptop").await;
    let query = format!("?token={}", client.token);
    for mut live in [Live::open(client, "laptop").await, Live::by_query(client, "laptop", &query).await] {
        live.say(json!({"type": "ping"})).await;
        assert_eq!(live.hear().await, json!({"type": "pong"}));
    }
    let service = format!("?token={}", stage.emulator.cursor().service_token());
    let mut live = Live::by_query(client, "laptop", &service).await;
    live.say(json!({"type": "ping"})).await;
    assert_eq!(live.hear().await, json!({"type": "pong"}));
}

#[tokio::test]
async fn the_token_of_the_query_is_not_recorded() {
    let stage = Stage::start().await;
    let client = &stage.client;
    client.device("laptop").await;
    let query = format!("?a=1&token={}", client.token);
    let _live = Live::by_query(client, "laptop", &query).await;
    let recorded = stage.emulator.requests().matching("/sync/ws/");
    assert_eq!((recorded.len(), recorded[0].query.as_str()), (1, "a=1&token=redacted"));
    assert_eq!((recorded[0].status, recorded[0].authorization), (Some(101), false));
    let all = client.http.get(client.url("/_emulator/requests")).send().await.expect("an answer");
    assert!(!all.text().await.expect("a body").contains(&client.token));
}

#[tokio::test]
async fn a_missing_wrong_or_expired_token_is_4401() {
    let stage = Stage::with(Emulator::builder().token_lifetime(Duration::from_secs(4))).await;
    let client = &stage.client;
    client.device("laptop").await;
    let good = format!("?token={}", client.token);
    let live = Live::by_query(client, "laptop", &good).await;
    for query in ["", "?token=", "?token=wrong"] {
        assert_eq!(Live::by_query(client, "laptop", query).await.end().await, End::Closed(4401), "{query}");
    }
    let wrong = Client { token: "wrong".to_owned(), ..client.clone() };
    assert_eq!(Live::open(&wrong, "laptop").await.end().await, End::Closed(4401));
    tokio::time::sleep(Duration::from_millis(4100)).await;
    assert_eq!(Live::by_query(client, "laptop", &good).await.end().await, End::Closed(4401), "its time is over");
    assert_eq!(Live::open(client, "laptop").await.end().await, End::Closed(4401));
    assert_eq!(stage.emulator.cursor_sockets().opened(), 1, "who is refused has not opened one");
    drop(live);
    let renewed = client.sign_in("first.user@example.com").await;
    let query = format!("?token={}", super::text(&renewed, "access_token"));
    let mut live = Live::by_query(client, "laptop", &query).await;
    stage.emulator.expire_tokens();
    live.say(json!({"type": "ping"})).await;
    assert_eq!(live.hear().await, json!({"type": "pong"}), "the token is looked at when the socket is opened");
    assert_eq!(Live::by_query(client, "laptop", &query).await.end().await, End::Closed(4401));
}

#[tokio::test]
async fn a_device_that_is_not_registered_is_refused() {
    let stage = Stage::start().await;
    let client = &stage.client;
    stage.other().await.device("theirs").await;
    for device in ["nobody", "theirs"] {
        assert_eq!(Live::open(client, device).await.end().await, End::Closed(4404));
    }
}

#[tokio::test]
async fn only_a_handshake_opens_a_socket() {
    let stage = Stage::start().await;
    let client = &stage.client;
    client.device("laptop").await;
    let path = "sync/ws/laptop";
    is(client.ask(Method::GET, path, None).await, 426, "UPGRADE_REQUIRED");
    is(client.ask(Method::POST, path, None).await, 426, "UPGRADE_REQUIRED");
    for (version, key) in [("12", Some("dGhlIHNhbXBsZSBub25jZQ==")), ("13", None)] {
        let request = client.http.get(client.url(path)).bearer_auth(&client.token);
        let request = request.header("connection", "upgrade").header("upgrade", "websocket");
        let request = request.header("sec-websocket-version", version);
        let request = key.into_iter().fold(request, |request, key| request.header("sec-websocket-key", key));
        let answer = request.send().await.expect("an answer");
        is((answer.status().as_u16(), answer.json().await.expect("JSON")), 400, "BAD_REQUEST");
    }
    assert_eq!(stage.emulator.cursor_sockets().opened(), 0);
}

#[tokio::test]
async fn pings_of_both_kinds_are_answered_and_nonsense_is_not() {
    let stage = Stage::start().await;
    let client = &stage.client;
    client.device("laptop").await;
    let mut live = Live::open(client, "laptop").await;
    for nonsense in ["", "{", "null", "[1]", "{}", "{\"type\": 1}", "{\"type\": \"unheard of\"}"] {
        live.stream.send(Message::text(nonsense)).await.expect("sent");
    }
    live.stream.send(Message::binary(vec![0xff; 100_000])).await.expect("sent");
    live.say(json!({"type": "ping", "more": true})).await;
    assert_eq!(live.hear().await, json!({"type": "pong"}));
    live.stream.send(Message::Ping("payload".into())).await.expect("sent");
    match live.next().await {
        Some(Ok(Message::Pong(payload))) => assert_eq!(payload, "payload"),
        other => panic!("{other:?}"),
    }
    live.stream.close(None).await.expect("sent");
    let answer = live.next().await;
    assert!(matches!(answer, Some(Ok(Message::Close(_)))), "the handshake is finished: {answer:?}");
    assert!(live.next().await.is_none());
}

#[tokio::test]
async fn changes_are_told_after_subscribing_as_the_log_has_them() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    client.device("laptop").await;
    let mut live = Live::open(client, "laptop").await;
    client.file(share, None, "unheard", "x").await;
    live.say(json!({"type": "subscribe"})).await;
    assert_eq!(live.hear().await, json!({"type": "subscribed"}));
    let start = client.head().await;
    let folder = client.folder(share, None, "d").await;
    let file = client.file(share, Some(&folder), "f", "x").await;
    live.say(json!({"type": "subscribe"})).await;
    client.patch(&format!("folders/{folder}"), json!({"name": "e"})).await;
    client.delete(&format!("files/{file}")).await;
    let mut told = Vec::new();
    while told.len() < 5 {
        let frame = live.hear().await;
        if frame == json!({"type": "subscribed"}) {
            continue;
        }
        assert_eq!((&frame["event_type"], &frame["share_id"]), (&json!("change"), &json!(share)));
        assert_eq!(frame.as_object().expect("an object").len(), 3);
        told.push(frame["data"].clone());
    }
    assert_eq!(told, client.changes(share, start, 100).await, "the frames are the log, in its order");
}

#[tokio::test]
async fn a_device_is_told_what_it_may_see_and_wants() {
    let stage = Stage::start().await;
    let (client, other, share) = (&stage.client, &stage.other().await, &stage.share);
    let home = stage.emulator.cursor().share_id();
    client.device("laptop").await;
    client.device("phone").await;
    other.device("theirs").await;
    let mut laptop = Live::subscribed(client, "laptop").await;
    let mut phone = Live::subscribed(client, "phone").await;
    let mut theirs = Live::subscribed(other, "theirs").await;
    let paths = async |live: &mut Live, last: &str| {
        let mut found = Vec::new();
        while found.last().is_none_or(|path| path != last) {
            let frame = live.hear().await;
            found.push(frame["data"]["new_path"].as_str().expect("a path").to_owned());
        }
        found
    };
    client.put(&format!("sync/devices/phone/preferences/{share}"), json!({"sync_enabled": false})).await;
    let wanted = json!({"event_type": "sync_preference_updated", "share_id": share, "device_id": "phone"});
    assert_eq!(phone.hear().await, wanted, "only the device hears of it");
    client.file(&home, None, "private", "x").await;
    client.file(share, None, "shared", "x").await;
    client.put(&format!("sync/devices/phone/preferences/{share}"), json!({"sync_enabled": true})).await;
    // What was not wanted is passed over, not kept for later.
    assert_eq!(phone.hear().await["data"]["new_path"], "/private");
    assert_eq!(phone.hear().await, wanted);
    client.file(share, None, "last", "x").await;
    assert_eq!(paths(&mut laptop, "/last").await, ["/private", "/shared", "/last"]);
    assert_eq!(paths(&mut phone, "/last").await, ["/last"]);
    assert_eq!(paths(&mut theirs, "/last").await, ["/shared", "/last"]);

    client.patch("sync/devices/phone", json!({"is_active": false})).await;
    client.file(share, None, "asleep", "x").await;
    assert_eq!(paths(&mut laptop, "/asleep").await, ["/asleep"]);
    phone.say(json!({"type": "ping"})).await;
    assert_eq!(phone.hear().await, json!({"type": "pong"}), "a device that is not active is told nothing");
    client.patch("sync/devices/phone", json!({"is_active": true})).await;
    client.file(share, None, "awake", "x").await;
    assert_eq!(paths(&mut phone, "/awake").await, ["/awake"]);
}

#[tokio::test]
async fn many_changes_at_once_are_all_told_in_order() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    client.device("laptop").await;
    let start = client.head().await;
    let mut live = Live::subscribed(client, "laptop").await;
    let drive = stage.emulator.drive();
    let user = stage.emulator.cursor().user();
    for number in 0..1000 {
        drive.put_bytes(user.id, user.home, &format!("f{number}"), "").expect("a file");
    }
    let home = stage.emulator.cursor().share_id();
    let rows = client.changes(&home, start, 300).await;
    assert_eq!(rows.len(), 1000);
    for row in &rows {
        assert_eq!(live.hear().await["data"], *row);
    }
    client.folder(share, None, "last").await;
    assert_eq!(live.hear().await["data"]["new_path"], "/last");
}
