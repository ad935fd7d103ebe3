//! Devices, their signs of life, and what they want of each share.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{Client, Stage, is, text};

const STRANGE: &str = "Ann%27s%20Mac%2F1%20%C3%BC%3F";

async fn preference(client: &Client, device: &str, share: &str) -> Value {
    let all = client.get(&format!("sync/devices/{device}/preferences")).await;
    let all = all["preferences"].as_array().expect("a list");
    all.iter().find(|preference| preference["share_id"] == share).expect("one for each share").clone()
}

#[tokio::test]
async fn a_device_is_registered_changed_and_removed() {
    let stage = Stage::start().await;
    let client = &stage.client;
    assert_eq!(client.get("sync/devices").await, json!([]));
    let new =
        json!({"device_id": "Ann's Mac/1 ü?", "device_name": "Mac", "platform": "macos", "client_version": "1.0.0"});
    let device = client.done(Method::POST, "sync/devices", Some(new.clone()), 201).await;
    for (name, value) in new.as_object().expect("an object") {
        assert_eq!(device[name], *value);
    }
    assert_eq!(device["is_active"], true);
    let at = format!("sync/devices/{STRANGE}");
    let (_, renamed) = client.patch(&at, json!({"device_name": "Ann's"})).await;
    assert_eq!((text(&renamed, "device_name"), &renamed["is_active"]), ("Ann's", &json!(true)));
    let (_, resting) = client.patch(&at, json!({"is_active": false})).await;
    assert_eq!((text(&resting, "device_name"), &resting["is_active"]), ("Ann's", &json!(false)));
    client.done(Method::POST, "sync/devices", Some(new), 201).await;
    let list = client.get("sync/devices").await;
    assert_eq!((list.as_array().expect("a list").len(), text(&list[0], "device_name")), (1, "Mac"));
    assert_eq!(stage.other().await.get("sync/devices").await, json!([]));
    assert_eq!(client.delete(&at).await, 204);
    assert_eq!(client.get("sync/devices").await, json!([]));
    assert_eq!(client.delete(&at).await, 404);
}

#[tokio::test]
async fn every_platform_is_taken_and_no_other() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let body = json!({"device_id": "d", "device_name": "D", "platform": "linux", "client_version": "1.2.3"});
    for platform in ["windows", "macos", "linux", "ios", "android", "web", "cli"] {
        let mut body = body.clone();
        body["platform"] = platform.into();
        let device = client.done(Method::POST, "sync/devices", Some(body), 201).await;
        assert_eq!(device["platform"], platform);
    }
    for (name, bad) in [("platform", "Windows"), ("platform", "amiga"), ("device_id", "")] {
        let mut body = body.clone();
        body[name] = bad.into();
        is(client.post("sync/devices", body).await, 422, "VALIDATION_ERROR");
    }
    for name in ["device_id", "device_name", "platform", "client_version"] {
        let mut body = body.clone();
        body.as_object_mut().expect("an object").remove(name);
        is(client.post("sync/devices", body).await, 422, "VALIDATION_ERROR");
    }
}

#[tokio::test]
async fn a_heartbeat_is_remembered() {
    let stage = Stage::start().await;
    let client = &stage.client;
    client.device("laptop").await;
    let seen = async || text(&client.get("sync/devices").await[0], "last_seen_at").to_owned();
    let first = seen().await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(seen().await, first, "other requests are no heartbeats");
    let beat = client.done(Method::POST, "sync/devices/laptop/heartbeat", None, 204).await;
    assert_eq!(beat, Value::Null);
    assert!(seen().await > first);
}

#[tokio::test]
async fn preferences_are_kept_for_each_device_and_share() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, stage.share.as_str());
    let home = stage.emulator.cursor().share_id();
    client.device("laptop").await;
    client.device("phone").await;
    let usual = json!({"share_id": share, "sync_enabled": true, "selected_folders": [], "excluded_folders": []});
    assert_eq!(preference(client, "laptop", share).await, usual, "all of every share, if nothing was said");
    let at = format!("sync/devices/laptop/preferences/{share}");
    let (status, changed) = client.put(&at, json!({"selected_folders": ["fld_1"], "excluded_folders": ["/x"]})).await;
    assert_eq!(status, 200);
    assert_eq!(changed["selected_folders"], json!(["fld_1"]));
    client.put(&at, json!({"sync_enabled": false})).await;
    let wanted =
        json!({"share_id": share, "sync_enabled": false, "selected_folders": ["fld_1"], "excluded_folders": ["/x"]});
    assert_eq!(preference(client, "laptop", share).await, wanted);
    assert_eq!(preference(client, "phone", share).await, usual);
    client.put(&at, json!({"selected_folders": null})).await;
    assert_eq!(preference(client, "laptop", share).await["selected_folders"], json!([]), "null is everything");

    let bulk = json!({"preferences": [
        {"share_id": share, "sync_enabled": true},
        {"share_id": home, "sync_enabled": false, "excluded_folders": ["fld_2"]},
    ]});
    let (status, answer) = client.put("sync/devices/laptop/preferences", bulk).await;
    assert_eq!((status, answer["preferences"].as_array().expect("a list").len()), (200, 2));
    assert_eq!(preference(client, "laptop", share).await["sync_enabled"], true);
    assert_eq!(preference(client, "laptop", &home).await["excluded_folders"], json!(["fld_2"]));
}

#[tokio::test]
async fn a_bulk_update_is_all_or_nothing() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, stage.share.as_str());
    client.device("laptop").await;
    let bulk = json!({"preferences": [
        {"share_id": share, "sync_enabled": false},
        {"share_id": "shr_0000000000ffffff", "sync_enabled": false},
    ]});
    is(client.put("sync/devices/laptop/preferences", bulk).await, 404, "NOT_FOUND");
    assert_eq!(preference(client, "laptop", share).await["sync_enabled"], true);
    for bad in [json!([]), json!({}), json!({"preferences": [{"sync_enabled": true}]})] {
        is(client.put("sync/devices/laptop/preferences", bad).await, 422, "VALIDATION_ERROR");
    }
    let at = format!("sync/devices/laptop/preferences/{share}");
    is(client.put(&at, json!({"sync_enabled": "yes"})).await, 422, "VALIDATION_ERROR");
    is(client.put("sync/devices/laptop/preferences/shr_0", json!({})).await, 404, "NOT_FOUND");
}

#[tokio::test]
async fn an_unknown_device_has_nothing() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let other = stage.other().await;
    other.device("theirs").await;
    for device in ["nobody", "theirs"] {
        let at = format!("sync/devices/{device}");
        let preferences = format!("{at}/preferences");
        let one = format!("{preferences}/{}", stage.share);
        let bulk = json!({"preferences": []});
        for (method, path, body) in [
            (Method::PATCH, &at, json!({"is_active": true})),
            (Method::DELETE, &at, Value::Null),
            (Method::POST, &format!("{at}/heartbeat"), Value::Null),
            (Method::GET, &preferences, Value::Null),
            (Method::PUT, &preferences, bulk),
            (Method::PUT, &one, json!({})),
        ] {
            is(client.ask(method, path, Some(body)).await, 404, "NOT_FOUND");
        }
    }
    client.device("mine").await;
    is(client.patch("sync/devices/mine", json!({"is_active": "no"})).await, 422, "VALIDATION_ERROR");
}
