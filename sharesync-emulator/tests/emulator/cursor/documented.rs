//! All sixteen documented operations, each asked for and answered, and the bodies that are documented, as they are documented.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use super::shape::{documented, fixtures, has, like};
use super::socket::Live;
use super::{Client, Stage, form, text};

/// The reconstructed members of a conflict and of a device.
const CONFLICT: [&str; 9] = [
    "id",
    "share_id",
    "device_id",
    "resource_type",
    "resource_id",
    "client_version_id",
    "server_version_id",
    "resolution",
    "created_at",
];
const DEVICE: [&str; 6] = ["device_id", "device_name", "platform", "client_version", "is_active", "last_seen_at"];

/// The documented operations: method, and path in segments.
fn operations() -> BTreeSet<(String, Vec<String>)> {
    let list = std::fs::read_to_string(fixtures().join("operations.txt")).expect("the list of operations");
    let lines = list.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.map(|line| line.split_once(' ').expect("method and path"));
    let method = |method: &str| if method == "WS" { "GET".to_owned() } else { method.to_owned() };
    pairs.map(|(name, path)| (method(name), path.split('/').map(str::to_owned).collect())).collect()
}

#[tokio::test]
async fn every_documented_operation_is_served_as_documented() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, stage.share.as_str());
    let device = devices(client).await;
    let start = client.head().await;
    let status = client.get(&format!("sync/status?share_id={share}&device_id={device}")).await;
    like(&status, "status");
    assert_eq!(status["cursor_position"], start, "a cursor at the head is made");
    let file = client.file(share, None, "May.pdf", "one").await;
    changes(client, share, &device, start).await;
    conflicts(client, share, &device, &file).await;
    let answer = client.send(Method::GET, &format!("sync/download/{file}"), None).await;
    assert_eq!((answer.status().as_u16(), answer.text().await.expect("a body").as_str()), (200, "three"));
    preferences(client, share, &device).await;

    let mut live = Live::open(client, &device).await;
    live.say(json!({"type": "ping"})).await;
    assert_eq!(live.hear().await, json!({"type": "pong"}));
    assert_eq!(client.delete(&format!("sync/devices/{device}")).await, 204);

    let seen = stage.emulator.requests().all().into_iter().filter_map(|request| {
        let went_well = matches!(request.status, Some(101 | 200 | 201 | 204));
        let path = request.path.split('/').map(str::to_owned).collect();
        went_well.then_some((request.method, path))
    });
    let seen: Vec<(String, Vec<String>)> = seen.collect();
    let operations = operations();
    assert_eq!(operations.len(), 16);
    let fits = |(method, path): &(String, Vec<String>), template: &(String, Vec<String>)| {
        let same = |(part, wanted): (&String, &String)| part == wanted || wanted.starts_with('{');
        *method == template.0 && path.len() == template.1.len() && path.iter().zip(&template.1).all(same)
    };
    let missing: Vec<_> = operations.iter().filter(|wanted| !seen.iter().any(|seen| fits(seen, wanted))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

async fn devices(client: &Client) -> String {
    let body = documented("register_device");
    let device = client.done(Method::POST, "sync/devices", Some(body.clone()), 201).await;
    has(&device, &DEVICE);
    let id = text(&body, "device_id");
    let update = Some(documented("update_device"));
    let changed = client.done(Method::PATCH, &format!("sync/devices/{id}"), update, 200).await;
    assert_eq!((&changed["device_name"], &changed["is_active"]), (&json!("Old laptop"), &json!(false)));
    let list = client.get("sync/devices").await;
    assert_eq!(list, json!([changed]));
    client.done(Method::POST, &format!("sync/devices/{id}/heartbeat"), None, 204).await;
    id.to_owned()
}

async fn changes(client: &Client, share: &str, device: &str, start: u64) {
    let page = client.get(&format!("sync/changes?cursor={start}&share_id={share}&limit=5000")).await;
    like(&page, "changes");
    assert_eq!(page["share_id"], share);
    let rows = page["changes"].as_array().expect("a list");
    assert_eq!(rows.len(), 1, "{page}");
    like(&rows[0], "change");
    let position = page["cursor"].as_u64().expect("a cursor");
    let at = format!("sync/cursor?share_id={share}&device_id={device}&position={position}");
    let cursor = client.done(Method::POST, &at, None, 200).await;
    like(&cursor, "cursor");
    assert_eq!(cursor["cursor_position"], position);
}

async fn conflicts(client: &Client, share: &str, device: &str, file: &str) {
    let base = client.versions(file).await.remove(0);
    client.version(share, file, "two").await;
    let version = client.version(share, file, "three").await;
    let body = json!({
        "device_id": device, "share_id": share, "conflict_resolution": "MANUAL",
        "changes": [{
            "resource_type": "file", "resource_id": file, "change_type": "updated", "version_id": version,
            "base_version_id": base, "old_path": "/May.pdf", "new_path": "/May.pdf", "metadata": {"size": 5},
        }],
    });
    let applied = client.done(Method::POST, "sync/apply", Some(body), 200).await;
    has(&applied, &["applied", "conflicts", "cursor"]);
    has(&applied["conflicts"][0], &CONFLICT);
    let listed = client.get("sync/conflicts").await;
    assert_eq!(listed, applied["conflicts"]);
    let at = format!("sync/conflicts/{}/resolve?resolution=CLIENT_WINS", text(&listed[0], "id"));
    let resolved = client.done(Method::POST, &at, None, 200).await;
    has(&resolved, &CONFLICT);
    assert_eq!(resolved["resolution"], "CLIENT_WINS");
}

async fn preferences(client: &Client, share: &str, device: &str) {
    let at = format!("sync/devices/{device}/preferences");
    let mut wanted = documented("set_preference");
    let one = client.done(Method::PUT, &format!("{at}/{share}"), Some(wanted.clone()), 200).await;
    wanted["share_id"] = share.into();
    assert_eq!(one, wanted);
    let all = client.get(&at).await;
    assert!(all["preferences"].as_array().expect("a list").contains(&wanted), "{all}");
    let bulk = json!({"preferences": [
        {"share_id": share, "sync_enabled": true, "selected_folders": [], "excluded_folders": []},
    ]});
    assert_eq!(client.done(Method::PUT, &at, Some(bulk.clone()), 200).await, bulk);
}

#[tokio::test]
async fn what_else_is_documented_has_its_form() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, stage.share.as_str());
    let folder = client.folder(share, None, "Reports").await;
    like(&client.get(&format!("folders/{folder}")).await, "folder");
    client.folder(share, Some(&folder), "2025").await;
    let (_, file) = client.upload(form(share, Some(&folder), "May.pdf", "test")).await;
    like(&file, "file");
    assert_eq!(text(&file, "checksum_sha256"), "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");
    like(&client.get(&format!("folders/{folder}/children?share_id={share}")).await, "children");
    let versions = client.get(&format!("files/{}/versions", text(&file, "id"))).await;
    like(&versions, "versions");
    like(&client.get("users/me/shares").await, "my_shares");
    like(&client.get("config").await, "config");
    like(&client.sign_in("first.user@example.com").await, "token");
}

/// Requests that the reference rules out: with the wrong method, or where nothing is.
#[tokio::test]
async fn what_is_not_documented_is_not_served() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let wrong: [(Method, &str); 20] = [
        (Method::POST, "sync/changes"),
        (Method::PUT, "sync/status"),
        (Method::GET, "sync/cursor"),
        (Method::GET, "sync/apply"),
        (Method::POST, "sync/download/fil_1"),
        (Method::POST, "sync/conflicts"),
        (Method::GET, "sync/conflicts/cfl_1/resolve"),
        (Method::PUT, "sync/devices"),
        (Method::GET, "sync/devices/x"),
        (Method::GET, "sync/devices/x/heartbeat"),
        (Method::POST, "sync/devices/x/preferences"),
        (Method::GET, "sync/devices/x/preferences/y"),
        (Method::GET, "files"),
        (Method::POST, "files/x/versions"),
        (Method::GET, "folders"),
        (Method::GET, "uploads"),
        (Method::GET, "uploads/x/chunks/0"),
        (Method::PUT, "shares/x/members"),
        (Method::PUT, "external/links/x"),
        (Method::POST, "users/me"),
    ];
    for (method, path) in wrong {
        super::is(client.ask(method, path, Some(Value::Null)).await, 405, "METHOD_NOT_ALLOWED");
    }
    for path in ["", "nothing", "sync/nothing", "sync/devices/x/y", "sync/conflicts/x", "users/me/stats", "search/x"] {
        super::is(client.ask(Method::GET, path, None).await, 404, "NOT_FOUND");
    }
}
