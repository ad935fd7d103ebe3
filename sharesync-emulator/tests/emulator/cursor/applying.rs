//! `/sync/apply` where nothing is in conflict, and where it is refused.

use serde_json::{Value, json};

use super::{Client, Stage, is};

/// A change as a device tells it, in a body without a resolution.
fn body(share: &str, change: Value) -> Value {
    json!({"device_id": "laptop", "share_id": share, "changes": [change]})
}

async fn applied(client: &Client, share: &str, change: Value) -> Value {
    let (status, answer) = client.apply(body(share, change)).await;
    assert_eq!((status, &answer["conflicts"]), (200, &json!([])), "{answer}");
    assert_eq!(answer["cursor"], client.head().await);
    answer["applied"][0].clone()
}

#[tokio::test]
async fn every_kind_of_change_is_applied() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    client.device("laptop").await;
    let made = json!({"resource_type": "folder", "change_type": "created", "new_path": "/A"});
    let made = applied(client, share, made).await;
    let folder = made["resource_id"].as_str().expect("an id").to_owned();
    assert_eq!(client.get(&format!("folders/{folder}")).await["path"], "/A");
    let again = json!({"resource_type": "folder", "change_type": "created", "new_path": "/A"});
    assert_eq!(applied(client, share, again).await["resource_id"], folder.as_str(), "it is there already");

    let file = client.file(share, Some(&folder), "f", "one").await;
    let told = json!({"resource_type": "file", "resource_id": file, "change_type": "created", "new_path": "/A/f"});
    assert_eq!(applied(client, share, told).await["resource_id"], file.as_str());
    let base = client.versions(&file).await.remove(0);
    let version = client.version(share, &file, "two").await;
    let head = client.head().await;
    let told = json!({"resource_type": "file", "resource_id": file, "change_type": "updated",
                      "version_id": version, "base_version_id": base, "metadata": {"size": 3}});
    assert_eq!(applied(client, share, told).await["version_id"], version.as_str());
    let told = json!({"resource_type": "folder", "resource_id": folder, "change_type": "updated"});
    applied(client, share, told).await;
    assert_eq!(client.head().await, head, "what was done already changes nothing");

    let renamed = json!({"resource_type": "file", "resource_id": file, "change_type": "renamed",
                         "old_path": "/A/f", "new_path": "/A/g"});
    applied(client, share, renamed.clone()).await;
    let head = client.head().await;
    applied(client, share, renamed).await;
    assert_eq!(client.head().await, head, "told again, it is already so");
    let moved = json!({"resource_type": "file", "resource_id": file, "change_type": "moved",
                       "old_path": "/A/g", "new_path": "/h"});
    applied(client, share, moved).await;
    assert_eq!(client.tree(share).await, ["/A/", "/h=two"]);
    let deleted = json!({"resource_type": "file", "resource_id": file, "change_type": "deleted",
                         "base_version_id": version, "old_path": "/h"});
    applied(client, share, deleted.clone()).await;
    applied(client, share, deleted).await;
    let deleted = json!({"resource_type": "folder", "resource_id": folder, "change_type": "deleted"});
    applied(client, share, deleted).await;
    assert!(client.tree(share).await.is_empty());
}

#[tokio::test]
async fn a_list_is_applied_in_its_order_up_to_what_is_refused() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    client.device("laptop").await;
    let folder = |path: &str| json!({"resource_type": "folder", "change_type": "created", "new_path": path});
    let mut changes = body(share, Value::Null);
    changes["changes"] = json!([folder("/a"), folder("/a/b"), folder("/c/d"), folder("/e")]);
    is(client.apply(changes).await, 404, "NOT_FOUND");
    assert_eq!(client.tree(share).await, ["/a/", "/a/b/"]);
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    client.device("laptop").await;
    let file = client.file(share, None, "f", "one").await;
    let folder = client.folder(share, None, "d").await;
    let old = client.versions(&file).await.remove(0);
    let new = client.version(share, &file, "two").await;
    let elsewhere = client.file(&stage.emulator.cursor().share_id(), None, "e", "x").await;
    let strange = client.versions(&elsewhere).await.remove(0);
    let updated = |version: Value, base: Value| {
        json!({"resource_type": "file", "resource_id": file, "change_type": "updated", "version_id": version,
               "base_version_id": base})
    };
    let of = |kind: &str, id: &str| json!({"resource_type": kind, "resource_id": id, "change_type": "deleted"});
    let renamed =
        |path: Value| json!({"resource_type": "file", "resource_id": file, "change_type": "renamed", "new_path": path});
    let refusals = [
        (updated(new.clone().into(), strange.clone().into()), 409, "SYNC_CONFLICT"),
        (updated(old.clone().into(), new.clone().into()), 409, "SYNC_CONFLICT"),
        (updated(old.clone().into(), old.clone().into()), 409, "SYNC_VERSION_STALE"),
        (updated(strange.into(), old.clone().into()), 404, "NOT_FOUND"),
        (updated(Value::Null, old.clone().into()), 422, "VALIDATION_ERROR"),
        (of("file", &elsewhere), 404, "NOT_FOUND"),
        (of("file", &folder), 404, "NOT_FOUND"),
        (of("folder", &file), 404, "NOT_FOUND"),
        (of("share", share), 422, "VALIDATION_ERROR"),
        (of("planet", &file), 422, "VALIDATION_ERROR"),
        (renamed("no/root".into()), 422, "VALIDATION_ERROR"),
        (renamed("/".into()), 422, "VALIDATION_ERROR"),
        (renamed(Value::Null), 422, "VALIDATION_ERROR"),
        (renamed("/nowhere/f".into()), 404, "NOT_FOUND"),
        (renamed("/..".into()), 422, "VALIDATION_ERROR"),
    ];
    for (change, status, code) in refusals {
        let answer = client.apply(body(share, change.clone())).await;
        assert_eq!(answer.0, status, "{change}: {}", answer.1);
        is(answer, status, code);
    }
    assert_eq!(client.tree(share).await, ["/d/", "/f=two"]);
    assert_eq!(client.get("sync/conflicts?include_resolved=true").await, json!([]), "a refusal records nothing");
    for (member, value, status, code) in [
        ("device_id", "nobody", 404, "NOT_FOUND"),
        ("share_id", "shr_0000000000ffffff", 404, "NOT_FOUND"),
        ("conflict_resolution", "COIN", 422, "VALIDATION_ERROR"),
        ("changes", "none", 422, "VALIDATION_ERROR"),
    ] {
        let mut all = body(share, of("folder", &folder));
        all[member] = value.into();
        is(client.apply(all).await, status, code);
    }
    is(client.apply(json!({})).await, 422, "VALIDATION_ERROR");
}

#[tokio::test]
async fn who_may_only_read_applies_nothing() {
    let stage = Stage::start().await;
    let (client, other, share) = (&stage.client, &stage.other().await, &stage.share);
    let me = other.get("users/me").await;
    let member = json!({"principal_type": "user", "principal_id": me["id"], "role": "reader"});
    assert_eq!(client.post(&format!("shares/{share}/members"), member).await.0, 201);
    other.device("laptop").await;
    let made = json!({"resource_type": "folder", "change_type": "created", "new_path": "/A"});
    is(other.apply(body(share, made)).await, 403, "FORBIDDEN");
}
