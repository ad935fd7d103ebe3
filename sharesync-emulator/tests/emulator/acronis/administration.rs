//! What is for administrators: settings, devices, users, the audit log.

use reqwest::Method;
use serde_json::{Value, json};
use sharesync_emulator::Emulator;

use super::{Client, INVALID, NODES, NOT_ADMINISTRATOR, NOT_FOUND, OTHER, Stage, refused, text};

/// Every operation for administrators, with a body that it takes.
fn operations(device: &str, user: &str) -> Vec<(Method, String, Option<Value>)> {
    let groups = [
        ("purging_policies", "purging_policies_settings"),
        ("server", "server_settings"),
        ("audit_log", "audit_log_settings"),
        ("security", "security_settings"),
        ("web_preview", "settings"),
    ];
    let mut all = vec![
        (Method::GET, "audit_log".to_owned(), None),
        (Method::GET, "devices".to_owned(), None),
        (Method::GET, format!("devices/{device}"), None),
        (Method::PUT, format!("devices/{device}"), Some(json!({"device": {"notes": "Example notes"}}))),
        (Method::GET, format!("users/{user}"), None),
    ];
    for (group, wrapper) in groups {
        all.push((Method::GET, format!("settings/{group}"), None));
        all.push((Method::PUT, format!("settings/{group}"), Some(json!({wrapper: {}}))));
    }
    all.push((Method::DELETE, format!("devices/{device}"), None));
    all
}

#[tokio::test]
async fn the_tenant_and_who_may() {
    let stage = Stage::start().await;
    let (client, other) = (&stage.client, stage.other().await);
    let tenant = stage.emulator.acronis().tenant_id();
    let device = client.get("devices").await[0]["uuid"].as_str().expect("a device").to_owned();
    let user = client.get("/api/2/users/me").await["id"].as_str().expect("an id").to_owned();
    for (method, path, body) in operations(&device, &user) {
        let elsewhere = format!("{path}?tenant_id=b8ccbf27-4e92-41a9-8b66-d78108985321");
        assert_eq!(refused(client.ask(method.clone(), &elsewhere, body.clone()).await), NOT_ADMINISTRATOR, "{path}");
        assert_eq!(refused(other.ask(method.clone(), &path, body.clone()).await), NOT_ADMINISTRATOR, "{path}");
        let (status, answer) = client.ask(method.clone(), &format!("{path}?tenant_id={tenant}"), body).await;
        assert_eq!(status, if method == Method::GET { 200 } else { 204 }, "{path}: {answer}");
    }
}

#[tokio::test]
async fn settings_take_what_the_reference_sends() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let audit = json!({"audit_log_settings": {"purge_logs_older_than_enabled": "true", "purge_logs_older_than_units": "days",
        "purge_logs_older_than_n": 7}});
    assert_eq!(client.put("settings/audit_log", audit).await, (204, Value::Null));
    assert_eq!(
        client.get("settings/audit_log").await,
        json!({"purge_logs_older_than_enabled": true, "purge_logs_older_than_units": "days", "purge_logs_older_than_n": 7})
    );
    let server = json!({"server_settings": {"default_locale": "de", "notification_admin_enabled": true}});
    assert_eq!(client.put("settings/server", server).await.0, 204);
    let server = client.get("settings/server").await;
    assert_eq!((&server["default_locale"], &server["session_timeout_in_minutes"]), (&json!("de"), &json!(120)));
    for (group, fields) in
        [("purging_policies", 11), ("server", 7), ("audit_log", 3), ("security", 9), ("web_preview", 10)]
    {
        let found = client.get(&format!("settings/{group}")).await;
        assert_eq!(found.as_object().map(serde_json::Map::len), Some(fields), "{group}");
    }
}

#[tokio::test]
async fn settings_are_checked_as_a_whole() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let before = client.get("settings/server").await;
    let wrong = [
        json!({"server_settings": {"server_name": "x", "default_locale": "tlh"}}),
        json!({"server_settings": {"server_name": "x", "session_timeout_in_minutes": "120"}}),
        json!({"server_settings": {"server_name": "x", "notification_admin_enabled": "true"}}),
        json!({"server_settings": {"server_name": "x", "unheard_of": 1}}),
        json!({"settings": {"server_name": "x"}}),
        json!({"server_name": "x"}),
    ];
    for body in wrong {
        assert_eq!(refused(client.put("settings/server", body.clone()).await), INVALID, "{body}");
    }
    assert_eq!(client.get("settings/server").await, before);
    assert_eq!(refused(client.ask(Method::GET, "settings/email", None).await), NOT_FOUND);
}

#[tokio::test]
async fn devices() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let list = client.get("devices").await;
    assert_eq!(list.as_array().map(Vec::len), Some(3));
    let device = &list[0];
    let at = format!("devices/{}", text(device, "uuid"));
    assert_eq!(&client.get(&at).await, device);
    assert_eq!(text(&device["actions"], "remove"), format!("/fc/api/v1/{at}"));
    assert!(device.get("notes").is_none() && list[2].get("model").is_none());
    assert_eq!(client.put(&at, json!({"device": {"notes": "Example notes"}})).await, (204, Value::Null));
    assert_eq!(text(&client.get(&at).await, "notes"), "Example notes");
    assert_eq!(refused(client.put(&at, json!({"notes": "x"})).await), INVALID);
    assert_eq!(client.ask(Method::GET, "devices?per_page=2", None).await.0, 206);
    assert_eq!(client.ask(Method::DELETE, &at, None).await, (204, Value::Null));
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(refused(client.ask(method, &at, None).await), NOT_FOUND);
    }
    assert_eq!(refused(client.put(&at, json!({"device": {}})).await), NOT_FOUND);
}

#[tokio::test]
async fn users_and_what_they_hold() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let folder = client.folder("0", "Folder").await;
    client.folder(&folder, "below").await;
    let file = client.file(&folder, "file.txt", "asdfg").await;
    let user = client.get(&format!("users/{}", text(&file["owner"], "uuid"))).await;
    assert_eq!(user["sync_and_share_content"], json!({"file_count": 1, "folder_count": 2, "used_space": 5}));
    assert_eq!((&user["email"], &user["is_superuser"]), (&file["owner_email"], &json!(true)));
    assert_eq!(user.as_object().map(serde_json::Map::len), Some(17), "all but deleted_at");
    for unknown in ["b8ccbf27-4e92-41a9-8b66-d78108985321", "nonsense"] {
        assert_eq!(refused(client.ask(Method::GET, &format!("users/{unknown}"), None).await), NOT_FOUND);
    }
}

impl Client {
    async fn log(&self, query: &str) -> Vec<String> {
        let log = self.get(&format!("audit_log?{query}")).await;
        log.as_array().expect("a list").iter().map(|entry| text(entry, "text").to_owned()).collect()
    }
}

#[tokio::test]
async fn what_happens_is_in_the_log() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let folder = client.folder("0", "Folder").await;
    let file = client.file(&folder, "file.txt", "x").await;
    client.file(&folder, "file.txt", "y").await;
    let member = json!({"member": {"email": "stranger@example.com"}});
    assert_eq!(client.post(&format!("{NODES}/{folder}/members"), member).await.0, 201);
    let (drive, user) = (stage.emulator.drive(), stage.emulator.acronis().user());
    drive.put_bytes(user.id, user.home, "by another protocol.txt", "x").expect("a file");

    let all = [
        "Added new file 'by another protocol.txt'.",
        "Added 'stranger@example.com' to share 'Folder'.",
        "Added new share 'Folder'.",
        "Added new revision of file 'file.txt'.",
        "Added new file 'file.txt'.",
        "Added new folder 'Folder'.",
    ];
    assert_eq!(client.log("").await, all);
    let uuid = text(&file, "uuid");
    assert_eq!(client.log(&format!("filter_node_uuid={uuid}")).await, all[3..5]);
    assert_eq!(client.log("filter_node_uuid=-").await, all[1..3]);
    assert_eq!(client.log(&format!("filter_share={folder}")).await, all[1..3]);
    assert_eq!(client.log("filter_text=NEW%20FILE&filter_severity=1").await, [all[0], all[4]]);
    let owner = text(&file["owner"], "uuid");
    assert_eq!(client.log(&format!("filter_user={owner}")).await.len(), 6);
    assert!(client.log("filter_user=-").await.is_empty());
    assert_eq!(client.log("filter_from=2020-01-01T00:00:00Z&filter_to=2100-01-01T00:00:00%2B02:00").await.len(), 6);
    assert!(client.log("filter_to=2020-01-01T00:00:00Z").await.is_empty());
    assert_eq!(client.ask(Method::GET, "audit_log?per_page=2", None).await.0, 206);
    for bad in ["filter_severity=5", "filter_from=yesterday", "page=0"] {
        assert_eq!(refused(client.ask(Method::GET, &format!("audit_log?{bad}"), None).await), INVALID);
    }

    let entry = &client.get("audit_log").await[4];
    assert_eq!(entry["node"], json!({"uuid": uuid, "name": "file.txt"}));
    assert_eq!((&entry["node_uuid"], &entry["owner_uuid"]), (&file["uuid"], &file["owner"]["uuid"]));
    assert_eq!((&entry["user"], &entry["code"]), (&file["owner"], &json!(0)));
}

#[tokio::test]
async fn a_restart_loses_nothing_of_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let start = || Stage::with(Emulator::builder().directory(directory.path()));
    let stage = start().await;
    let client = &stage.client;
    let folder = client.folder("0", "Folder").await;
    let gone = client.folder("0", "gone").await;
    assert_eq!(client.ask(Method::DELETE, &format!("{NODES}/{gone}"), None).await.0, 204);
    let members = format!("{NODES}/{folder}/members");
    for (email, read_only) in [(OTHER.0, false), ("guest@example.com", true)] {
        let member = json!({"member": {"email": email, "read_only": read_only}});
        assert_eq!(client.post(&members, member).await.0, 201);
    }
    let devices = client.get("devices").await;
    let at = |number: usize| format!("devices/{}", text(&devices[number], "uuid"));
    assert_eq!(client.put(&at(0), json!({"device": {"notes": "Example notes"}})).await.0, 204);
    assert_eq!(client.ask(Method::DELETE, &at(1), None).await.0, 204);
    let settings = json!({"security_settings": {"node_share_link_ttl_max": 30, "node_share_link_enable": "false"}});
    assert_eq!(client.put("settings/security", settings).await.0, 204);
    let server = json!({"server_settings": {"default_locale": "zh_tw"}});
    assert_eq!(client.put("settings/server", server).await.0, 204);
    let seen = async |client: &Client| {
        let mut seen = Vec::new();
        for path in [members.as_str(), "devices", "settings/security", "settings/server", "audit_log"] {
            seen.push(client.get(path).await);
        }
        // When a device was seen last, and where the server is, is not kept.
        seen[1].as_array_mut().expect("a list").iter_mut().for_each(|device| device["last_contact_time"] = Value::Null);
        seen[3]["root_web_address"] = Value::Null;
        seen
    };
    let before = seen(client).await;
    assert_eq!((before[0].as_array().map(Vec::len), before[1].as_array().map(Vec::len)), (Some(3), Some(2)));
    assert!(before[4].as_array().is_some_and(|log| log.len() >= 10), "{}", before[4]);
    stage.emulator.shutdown().await;

    let stage = start().await;
    assert_eq!(seen(&stage.client).await, before);
    let other = stage.other().await;
    assert_eq!(other.get(&format!("{NODES}/0/contents")).await[0]["name"], "Folder", "members see what they saw");
    let guest = json!({"member": {"email": "another@example.com"}});
    let (_, guest) = stage.client.post(&members, guest).await;
    let ids: Vec<_> = before[0].as_array().expect("a list").iter().map(|member| &member["id"]).collect();
    assert!(!ids.contains(&&guest["id"]), "{guest} is somebody else");
    let log = stage.client.get("audit_log").await;
    let uuids: std::collections::BTreeSet<_> =
        log.as_array().expect("a list").iter().map(|entry| text(entry, "uuid")).collect();
    assert_eq!(Some(uuids.len()), log.as_array().map(Vec::len), "every entry has an identifier of its own");
}
