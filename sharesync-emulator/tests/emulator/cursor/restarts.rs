//! Drives in directories: what this API knows beside the tree is there after a restart, and the log goes on where it was.

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};
use sharesync_emulator::Emulator;

use super::{Client, Stage, is, text};

async fn start(path: &Path) -> Stage {
    Stage::with(Emulator::builder().directory(path)).await
}

/// Everything that a client can ask for, but for tokens and addresses.
async fn everything(client: &Client, share: &str, cursor: u64) -> Vec<Value> {
    let mut found = client.changes(share, cursor, 100).await;
    found.push(client.head().await.into());
    for path in [
        "sync/devices",
        "sync/devices/laptop/preferences",
        "sync/conflicts?include_resolved=true",
        &format!("sync/status?share_id={share}&device_id=laptop"),
        "shares?include_trashed=true",
        "users/me/shares",
        "users/me",
        &format!("shares/{share}/members"),
        &format!("folders/root/children?share_id={share}&include_deleted=true"),
    ] {
        found.push(client.get(path).await);
    }
    found
}

#[tokio::test]
async fn a_restart_changes_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let stage = start(directory.path()).await;
    let (client, share) = (&stage.client, stage.share.clone());
    client.device("laptop").await;
    client.device("gone").await;
    client.delete("sync/devices/gone").await;
    let status = client.get(&format!("sync/status?share_id={share}&device_id=laptop")).await;
    let cursor = status["cursor_position"].as_u64().expect("a position");
    let file = client.file(&share, None, "f.txt", "base").await;
    let base = client.versions(&file).await.remove(0);
    client.version(&share, &file, "server").await;
    let version = client.version(&share, &file, "client").await;
    let change = json!({"resource_type": "file", "resource_id": file, "change_type": "updated",
                        "version_id": version, "base_version_id": base});
    let body = json!({"device_id": "laptop", "share_id": share, "conflict_resolution": "MANUAL", "changes": [change]});
    let (_, applied) = client.apply(body).await;
    let conflict = text(&applied["conflicts"][0], "id").to_owned();
    let folder = client.folder(&share, None, "d").await;
    client.file(&share, Some(&folder), "in it", "x").await;
    client.patch(&format!("folders/{folder}"), json!({"name": "e"})).await;
    let middle = client.head().await;
    client
        .done(Method::POST, &format!("sync/cursor?share_id={share}&device_id=laptop&position={middle}"), None, 200)
        .await;
    client.delete(&format!("folders/{folder}")).await;
    client.put(&format!("sync/devices/laptop/preferences/{share}"), json!({"excluded_folders": [folder]})).await;
    client.patch(&format!("shares/{share}"), json!({"description": "kept"})).await;
    let member = json!({"principal_type": "group", "principal_id": "grp_1", "role": "reader"});
    client.post(&format!("shares/{share}/members"), member).await;
    let link = json!({"resource_type": "file", "resource_id": file, "share_id": share, "link_type": "DOWNLOAD",
                      "password": "p", "max_downloads": 2});
    let link = client.done(Method::POST, "external/links", Some(link), 201).await;
    let address = |client: &Client| format!("{}/share/{}?password=p", client.base, text(&link, "token"));
    assert_eq!(client.http.get(address(client)).send().await.expect("an answer").status(), 200);
    let before = everything(client, &share, cursor).await;
    stage.emulator.shutdown().await;

    let stage = start(directory.path()).await;
    let client = &stage.client;
    assert_eq!(stage.share, share);
    assert_eq!(everything(client, &share, cursor).await, before);
    assert_eq!(client.get(&format!("sync/status?share_id={share}&device_id=laptop")).await["cursor_position"], middle);
    assert_eq!(client.http.get(address(client)).send().await.expect("an answer").status(), 200);
    assert_eq!(client.http.get(address(client)).send().await.expect("an answer").status(), 410, "two in all");
    let at = format!("sync/conflicts/{conflict}/resolve?resolution=CLIENT_WINS");
    client.done(Method::POST, &at, None, 200).await;
    assert_eq!(client.content_of(&file).await, "client");
    let new = client.changes(&share, before_head(&before), 100).await;
    assert_eq!(new.len(), 1, "the log goes on: {new:?}");
}

fn before_head(everything: &[Value]) -> u64 {
    everything.iter().find_map(Value::as_u64).expect("the head")
}

#[tokio::test]
async fn expired_cursors_stay_expired() {
    let directory = tempfile::tempdir().expect("a directory");
    let stage = start(directory.path()).await;
    stage.client.device("laptop").await;
    let old = stage.client.head().await;
    let status = format!("sync/status?share_id={}&device_id=laptop", stage.share);
    stage.client.get(&status).await;
    stage.emulator.expire_cursors();
    let new = stage.client.head().await;
    stage.client.file(&stage.share, None, "f", "x").await;
    stage.emulator.shutdown().await;

    let stage = start(directory.path()).await;
    let client = &stage.client;
    is(client.ask(Method::GET, &format!("sync/changes?cursor={old}"), None).await, 400, "SYNC_CURSOR_INVALID");
    assert_eq!(client.changes(&stage.share, new, 100).await.len(), 1);
    assert_eq!(client.get(&status).await["cursor_position"], client.head().await);
}

#[tokio::test]
async fn what_is_acknowledged_survives_a_kill() {
    let directory = tempfile::tempdir().expect("a directory");
    let stage = start(directory.path()).await;
    stage.client.device("laptop").await;
    stage.client.put(&format!("sync/devices/laptop/preferences/{}", stage.share), json!({"sync_enabled": false})).await;
    let head = stage.client.head().await;
    // A copy of the directory as it is while the emulator runs is what a kill would leave.
    let copy = tempfile::tempdir().expect("a directory");
    std::fs::copy(directory.path().join("journal.jsonl"), copy.path().join("journal.jsonl")).expect("a copy");
    let killed = start(copy.path()).await;
    assert_eq!(killed.client.head().await, head);
    let preferences = killed.client.get("sync/devices/laptop/preferences").await;
    let of_share = preferences["preferences"].as_array().expect("a list").iter();
    let found = of_share.filter(|preference| preference["share_id"] == killed.share.as_str()).collect::<Vec<_>>();
    assert_eq!((found.len(), &found[0]["sync_enabled"]), (1, &json!(false)));
}
