//! The change log: what is told of what happens, in which order, in which pages, and to whom.

use reqwest::Method;
use serde_json::{Value, json};
use sharesync_emulator::{Emulator, Fault, FaultKind};

use super::{Client, Stage, is, text};

/// A row in short: type, what happened, and the two paths.
fn line(row: &Value) -> String {
    let path = |name: &str| row[name].as_str().unwrap_or("-").to_owned();
    format!("{} {} {} {}", text(row, "resource_type"), text(row, "change_type"), path("old_path"), path("new_path"))
}

async fn lines(client: &Client, share: &str, cursor: u64) -> Vec<String> {
    client.changes(share, cursor, 1000).await.iter().map(line).collect()
}

#[tokio::test]
async fn without_a_cursor_there_is_only_the_current_position() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    client.file(share, None, "before", "x").await;
    let page = client.get(&format!("sync/changes?share_id={share}")).await;
    assert_eq!((&page["changes"], &page["has_more"]), (&json!([]), &json!(false)));
    let cursor = page["cursor"].as_u64().expect("an integer");
    client.file(share, None, "after", "y").await;
    assert_eq!(lines(client, share, cursor).await, ["file created - /after"]);
    let page = client.get("sync/changes").await;
    assert_eq!(page["share_id"], Value::Null, "nobody asked for one share");
}

#[tokio::test]
async fn every_kind_of_change_is_told_with_both_places() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    let start = client.head().await;
    let folder = client.folder(share, None, "A").await;
    let file = client.file(share, Some(&folder), "f.txt", "one").await;
    let version = client.version(share, &file, "three").await;
    client.patch(&format!("files/{file}"), json!({"name": "g.txt"})).await;
    client.patch(&format!("folders/{folder}"), json!({"name": "B"})).await;
    let target = client.folder(share, None, "C").await;
    client.post(&format!("folders/{folder}/move"), json!({"target_folder_id": target})).await;
    client.post(&format!("files/{file}/move"), json!({"target_share_id": share})).await;
    client.delete(&format!("files/{file}")).await;
    client.patch(&format!("files/{file}"), json!({"is_deleted": false})).await;
    client.delete(&format!("files/{file}?permanent=true")).await;
    client.delete(&format!("folders/{target}")).await;
    client.patch(&format!("folders/{target}"), json!({"is_deleted": false})).await;
    let wanted = [
        "folder created - /A",
        "file created - /A/f.txt",
        "file updated /A/f.txt /A/f.txt",
        "file renamed /A/f.txt /A/g.txt",
        "folder renamed /A /B",
        "file renamed /A/g.txt /B/g.txt",
        "folder created - /C",
        "folder moved /B /C/B",
        "file moved /B/g.txt /C/B/g.txt",
        "file moved /C/B/g.txt /g.txt",
        "file deleted /g.txt -",
        "file created - /g.txt",
        "file deleted /g.txt -",
        "folder deleted /C -",
        "folder created - /C",
        "folder created - /C/B",
    ];
    assert_eq!(lines(client, share, start).await, wanted);
    let rows = client.changes(share, start, 1000).await;
    assert_eq!(rows[2]["version_id"], version.as_str());
    assert_eq!(rows[2]["metadata"], json!({"size": 5, "mime_type": "text/plain"}));
    assert_eq!((&rows[0]["version_id"], &rows[0]["metadata"]), (&Value::Null, &json!({})));
    assert_eq!((&rows[1]["resource_id"], &rows[0]["resource_id"]), (&json!(file), &json!(folder)));
    assert_eq!(rows[0]["changed_by"], client.get("users/me").await["id"]);
    let mut ids: Vec<_> = rows.iter().map(|row| text(row, "id")).collect();
    let all = ids.len();
    ids.dedup();
    assert!(ids.is_sorted() && ids.len() == all, "every row has an id of its own");
}

#[tokio::test]
async fn what_leaves_a_share_is_deleted_there_and_created_here() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let (here, there) = (&stage.share, &client.share("Elsewhere").await);
    let start = client.head().await;
    let folder = client.folder(here, None, "A").await;
    client.file(here, Some(&folder), "f", "x").await;
    client.post(&format!("folders/{folder}/move"), json!({"target_share_id": there})).await;
    let left = ["folder created - /A", "file created - /A/f", "folder deleted /A -", "file deleted /A/f -"];
    assert_eq!(lines(client, here, start).await, left);
    assert_eq!(lines(client, there, start).await, ["folder created - /A", "file created - /A/f"]);
    // Without a scope both are told, in pages of any length.
    let mut both = Vec::new();
    let mut cursor = start;
    loop {
        let page = client.get(&format!("sync/changes?cursor={cursor}&limit=1")).await;
        both.extend(page["changes"].as_array().expect("a list").iter().map(line));
        cursor = page["cursor"].as_u64().expect("a cursor");
        if page["has_more"] == false {
            break;
        }
    }
    assert_eq!(both.len(), 6, "{both:?}");
    assert_eq!(cursor, client.head().await);
}

#[tokio::test]
async fn a_share_is_a_resource_too() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let start = client.head().await;
    let share = client.share("New").await;
    client.file(&share, None, "f", "x").await;
    client.patch(&format!("shares/{share}"), json!({"name": "Newer"})).await;
    // The paths in the share are what they were, so nothing is told of what is in it.
    let wanted = ["share created - /", "file created - /f", "share renamed / /"];
    assert_eq!(lines(client, &share, start).await, wanted);
    assert_eq!(client.delete(&format!("shares/{share}")).await, 204);
    is(client.ask(Method::GET, &format!("sync/changes?share_id={share}&cursor={start}"), None).await, 410, "GONE");
    let page = client.get(&format!("sync/changes?cursor={start}")).await;
    let last = page["changes"].as_array().expect("a list").last().expect("rows").clone();
    assert_eq!((line(&last).as_str(), text(&last, "resource_id")), ("share deleted / -", share.as_str()));
}

#[tokio::test]
async fn pages_of_any_length_are_the_same_log() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    let start = client.head().await;
    let elsewhere = client.share("Elsewhere").await;
    for number in 0..23 {
        let folder = client.folder(share, None, &format!("d{number}")).await;
        if number % 4 == 0 {
            client.post(&format!("folders/{folder}/move"), json!({"target_share_id": elsewhere})).await;
        }
    }
    let whole = client.changes(share, start, 5000).await;
    assert_eq!(whole.len(), 29);
    for limit in [1, 2, 7, 28, 29, 30] {
        assert_eq!(client.changes(share, start, limit).await, whole, "{limit}");
    }
    let full = client.get(&format!("sync/changes?share_id={share}&cursor={start}&limit=29")).await;
    assert_eq!(full["has_more"], false, "a full page that is the last one says so");
}

#[tokio::test]
async fn the_limit_is_from_1_to_5000() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let start = client.head().await;
    let home = stage.emulator.cursor().user();
    for number in 0..1001 {
        stage.emulator.drive().put_bytes(home.id, home.home, &format!("f{number}"), "").expect("a file");
    }
    for bad in ["0", "5001", "-1", "x", "1.5"] {
        let answer = client.ask(Method::GET, &format!("sync/changes?limit={bad}"), None).await;
        assert_eq!(answer.1["error"]["details"]["loc"], json!(["query", "limit"]), "{bad}");
        is(answer, 422, "VALIDATION_ERROR");
    }
    for (limit, rows) in [("limit=1", 1), ("limit=5000", 1001), ("", 1000)] {
        let page = client.get(&format!("sync/changes?cursor={start}&{limit}")).await;
        assert_eq!(page["changes"].as_array().expect("a list").len(), rows, "{limit}");
        assert_eq!(page["has_more"], rows < 1001);
    }
}

#[tokio::test]
async fn malformed_and_unknown_cursors_are_refused() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    client.device("laptop").await;
    let head = client.head().await;
    let bad = ["x", "-1", "1.5", "0x10", "99999999999999999999999", &(head + 1).to_string()].map(str::to_owned);
    for bad in &bad {
        is(client.ask(Method::GET, &format!("sync/changes?cursor={bad}"), None).await, 400, "SYNC_CURSOR_INVALID");
        let at = format!("sync/cursor?share_id={share}&device_id=laptop&position={bad}");
        is(client.ask(Method::POST, &at, None).await, 400, "SYNC_CURSOR_INVALID");
    }
    client.get(&format!("sync/changes?cursor={head}")).await;
}

#[tokio::test]
async fn expired_cursors_are_unknown_and_new_ones_start_at_the_head() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    client.device("laptop").await;
    let status = format!("sync/status?share_id={share}&device_id=laptop");
    let old = client.get(&status).await["cursor_position"].as_u64().expect("a cursor");
    for round in 0..3 {
        let before = client.head().await;
        client.file(share, None, &format!("f{round}"), "x").await;
        stage.emulator.expire_cursors();
        for cursor in [0, old, before] {
            let path = format!("sync/changes?share_id={share}&cursor={cursor}");
            is(client.ask(Method::GET, &path, None).await, 400, "SYNC_CURSOR_INVALID");
        }
        let fresh = client.get(&status).await;
        assert_eq!(fresh["pending_changes"], 0);
        assert_eq!(fresh["cursor_position"], client.head().await);
        let cursor = fresh["cursor_position"].as_u64().expect("a cursor");
        client.file(share, None, &format!("g{round}"), "x").await;
        assert_eq!(lines(client, share, cursor).await, [format!("file created - /g{round}")]);
    }
}

#[tokio::test]
async fn nobody_sees_the_homes_of_others() {
    let stage = Stage::start().await;
    let (client, other) = (&stage.client, &stage.other().await);
    let home = stage.emulator.cursor().share_id();
    let start = client.head().await;
    client.file(&home, None, "private", "x").await;
    client.file(&stage.share, None, "public", "x").await;
    assert_eq!(lines(client, &home, start).await, ["file created - /private"]);
    is(other.ask(Method::GET, &format!("sync/changes?share_id={home}"), None).await, 404, "NOT_FOUND");
    for missing in ["shr_00000000000fffff", "shr_x", "fld_0000000000000001", "x"] {
        is(other.ask(Method::GET, &format!("sync/changes?share_id={missing}"), None).await, 404, "NOT_FOUND");
    }
    let page = other.get(&format!("sync/changes?cursor={start}")).await;
    let seen: Vec<_> = page["changes"].as_array().expect("a list").iter().map(line).collect();
    assert_eq!(seen, ["file created - /public"]);
}

#[tokio::test]
async fn a_cursor_can_be_made_to_stand_still() {
    let stage = Stage::with(Emulator::builder()).await;
    let (client, share) = (&stage.client, &stage.share);
    let start = client.head().await;
    client.file(share, None, "f", "x").await;
    stage.emulator.faults().add(Fault::new(FaultKind::RepeatPage).path("/changes").times(2));
    let path = format!("sync/changes?share_id={share}&cursor={start}");
    for _ in 0..2 {
        let page = client.get(&path).await;
        assert_eq!((&page["cursor"], &page["has_more"]), (&json!(start), &json!(true)));
    }
    assert_eq!(client.get(&path).await["has_more"], false);
}
