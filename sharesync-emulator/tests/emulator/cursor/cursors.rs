//! Where devices are: status and cursor, each for one device and one share.

use reqwest::Method;
use serde_json::json;

use super::{Client, Stage, is, text};

async fn status(client: &Client, share: &str, device: &str) -> (u64, u64) {
    let status = client.get(&format!("sync/status?share_id={share}&device_id={device}")).await;
    let number = |name: &str| status[name].as_u64().expect("a number");
    (number("cursor_position"), number("pending_changes"))
}

async fn advance(client: &Client, share: &str, device: &str, position: u64) -> u64 {
    let path = format!("sync/cursor?share_id={share}&device_id={device}&position={position}");
    let answer = client.done(Method::POST, &path, None, 200).await;
    assert!(text(&answer, "last_sync_at").ends_with('Z'));
    answer["cursor_position"].as_u64().expect("a position")
}

#[tokio::test]
async fn every_device_has_a_cursor_for_every_share() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let (one, two) = (&stage.share, &client.share("Two").await);
    client.device("laptop").await;
    client.device("phone").await;
    let (start, pending) = status(client, one, "laptop").await;
    assert_eq!((start, pending), (client.head().await, 0), "at the current head");
    status(client, two, "laptop").await;
    client.file(one, None, "f", "x").await;
    client.file(one, None, "g", "x").await;
    assert_eq!(status(client, one, "laptop").await, (start, 2), "asking again moves nothing");
    assert_eq!(status(client, two, "laptop").await.1, 0);
    assert_eq!(status(client, one, "phone").await, (client.head().await, 0), "made when it was first asked for");

    let first = client.get(&format!("sync/changes?share_id={one}&cursor={start}&limit=1")).await;
    let position = first["cursor"].as_u64().expect("a cursor");
    assert_eq!(advance(client, one, "laptop", position).await, position);
    assert_eq!(status(client, one, "laptop").await, (position, 1));
    let head = client.head().await;
    assert_eq!(advance(client, one, "laptop", head).await, head);
    assert_eq!(status(client, one, "laptop").await, (head, 0));
    assert_eq!(advance(client, one, "laptop", start).await, head, "a cursor never goes back");
    assert_eq!(status(client, two, "laptop").await.0, start);
}

#[tokio::test]
async fn what_is_missing_or_unknown_is_refused() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    client.device("laptop").await;
    let known = [format!("share_id={share}"), "device_id=laptop".to_owned(), "position=0".to_owned()];
    for (method, path, needed) in [(Method::GET, "sync/status", 2), (Method::POST, "sync/cursor", 3)] {
        for left_out in 0..needed {
            let mut query = known[..needed].to_vec();
            let gone = query.remove(left_out);
            let (status, body) = client.ask(method.clone(), &format!("{path}?{}", query.join("&")), None).await;
            let name = gone.split('=').next().expect("a name");
            assert_eq!(body["error"]["details"]["loc"], json!(["query", name]));
            is((status, body), 422, "VALIDATION_ERROR");
        }
        for (name, value) in [(0, "share_id=shr_0000000000ffffff"), (1, "device_id=nobody")] {
            let mut query = known.clone();
            query[name] = value.to_owned();
            let answer = client.ask(method.clone(), &format!("{path}?{}", query.join("&")), None).await;
            is(answer, 404, "NOT_FOUND");
        }
    }
    let other = stage.other().await;
    let path = format!("sync/status?share_id={share}&device_id=laptop");
    is(other.ask(Method::GET, &path, None).await, 404, "NOT_FOUND");
}

#[tokio::test]
async fn a_removed_device_s_cursor_stops() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    client.device("laptop").await;
    let (start, _) = status(client, share, "laptop").await;
    client.file(share, None, "f", "x").await;
    assert_eq!(client.delete("sync/devices/laptop").await, 204);
    let path = format!("sync/cursor?share_id={share}&device_id=laptop&position={}", client.head().await);
    is(client.ask(Method::POST, &path, None).await, 404, "NOT_FOUND");
    client.device("laptop").await;
    assert_eq!(status(client, share, "laptop").await, (start, 1), "it is where it was");
}
