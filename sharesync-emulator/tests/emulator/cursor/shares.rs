//! Shares, who is in them, and what users see of themselves.

use reqwest::Method;
use serde_json::{Value, json};

use super::shape::has;
use super::{Stage, form, is, text};

const SHARE: [&str; 13] = [
    "id",
    "tenant_id",
    "name",
    "description",
    "share_type",
    "owner_id",
    "is_public",
    "is_deleted",
    "quota_bytes",
    "used_bytes",
    "settings",
    "created_at",
    "modified_at",
];

#[tokio::test]
async fn a_share_is_made_changed_and_taken_away() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let me = client.get("users/me").await;
    let body =
        json!({"name": "Plans", "share_type": "project", "owner_id": me["id"], "description": "d", "quota_bytes": 100});
    let share = client.done(Method::POST, "shares", Some(body.clone()), 201).await;
    has(&share, &SHARE);
    for name in ["name", "share_type", "owner_id", "description", "quota_bytes"] {
        assert_eq!(share[name], body[name]);
    }
    let at = format!("shares/{}", text(&share, "id"));
    let (status, changed) = client.patch(&at, json!({"name": "Plots", "description": null})).await;
    assert_eq!((status, text(&changed, "name"), &changed["description"]), (200, "Plots", &Value::Null));
    assert_eq!(client.get(&at).await["share_type"], "project");
    is(
        client.post("shares", json!({"name": "Plots", "share_type": "project", "owner_id": me["id"]})).await,
        409,
        "NAME_CONFLICT",
    );
    client.file(text(&share, "id"), None, "f", "12345").await;
    assert_eq!(client.get(&at).await["used_bytes"], 5);
    assert_eq!(client.delete(&at).await, 204);
    is(client.ask(Method::GET, &at, None).await, 410, "GONE");
    is(client.ask(Method::DELETE, &at, None).await, 410, "GONE");
    let listed = client.get("shares").await;
    assert!(!listed.to_string().contains(text(&share, "id")));
    let all = client.get("shares?include_trashed=true").await;
    let trashed = all["shares"].as_array().expect("a list").iter().find(|found| found["id"] == share["id"]);
    assert_eq!(trashed.expect("the share")["is_deleted"], true);
}

#[tokio::test]
async fn what_a_share_cannot_be_is_refused() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let me = client.get("users/me").await;
    let body = json!({"name": "S", "share_type": "central", "owner_id": me["id"]});
    for name in ["name", "share_type", "owner_id"] {
        let mut body = body.clone();
        body.as_object_mut().expect("an object").remove(name);
        is(client.post("shares", body).await, 422, "VALIDATION_ERROR");
    }
    for (name, value, status, code) in [
        ("share_type", json!("public"), 422, "VALIDATION_ERROR"),
        ("share_type", json!("personal"), 403, "FORBIDDEN"),
        ("owner_id", json!("usr_0000000000ffffff"), 404, "NOT_FOUND"),
        ("quota_bytes", json!(-1), 422, "VALIDATION_ERROR"),
        ("name", json!("a/b"), 422, "VALIDATION_ERROR"),
    ] {
        let mut body = body.clone();
        body[name] = value;
        is(client.post("shares", body).await, status, code);
    }
    let mut body = body;
    body["owner_id"] = "grp_0000000000000001".into();
    assert_eq!(client.post("shares", body).await.0, 201, "groups own shares too");
    let home = format!("shares/{}", stage.emulator.cursor().share_id());
    assert_eq!(client.get(&home).await["share_type"], "personal");
    is(client.ask(Method::DELETE, &home, None).await, 403, "FORBIDDEN");
    is(client.patch(&home, json!({"name": "x"})).await, 403, "FORBIDDEN");
    is(stage.other().await.ask(Method::GET, &home, None).await, 404, "NOT_FOUND");
}

#[tokio::test]
async fn a_quota_ends_at_its_last_byte() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let me = client.get("users/me").await;
    let body = json!({"name": "Small", "share_type": "central", "owner_id": me["id"], "quota_bytes": 10});
    let share = client.done(Method::POST, "shares", Some(body), 201).await;
    let share = text(&share, "id");
    client.file(share, None, "f", "123456").await;
    is(client.upload(form(share, None, "g", "12345")).await, 507, "QUOTA_EXCEEDED");
    let session = json!({"share_id": share, "file_name": "g", "file_size": 5});
    is(client.post("uploads", session).await, 507, "QUOTA_EXCEEDED");
    client.file(share, None, "g", "1234").await;
    assert_eq!(client.get(&format!("shares/{share}")).await["used_bytes"], 10);
}

#[tokio::test]
async fn lists_come_in_pages() {
    let stage = Stage::start().await;
    let client = &stage.client;
    for number in 0..5 {
        client.share(&format!("S{number}")).await;
    }
    for list in ["shares", "users/me/shares"] {
        let all = client.get(list).await;
        assert_eq!((all["shares"].as_array().unwrap().len(), &all["total"]), (7, &json!(7)), "{list}");
        let some = client.get(&format!("{list}?limit=3&offset=5")).await;
        assert_eq!((some["shares"].as_array().unwrap().len(), &some["total"]), (2, &json!(7)));
        for bad in ["limit=0", "limit=101", "offset=-1", "limit=x"] {
            is(client.ask(Method::GET, &format!("{list}?{bad}"), None).await, 422, "VALIDATION_ERROR");
        }
    }
    is(client.ask(Method::GET, "shares?include_trashed=perhaps", None).await, 422, "VALIDATION_ERROR");
}

#[tokio::test]
async fn members_have_roles() {
    let stage = Stage::start().await;
    let (client, other, share) = (&stage.client, &stage.other().await, &stage.share);
    let me = other.get("users/me").await;
    let at = format!("shares/{share}/members");
    let member = |role: &str| json!({"principal_type": "user", "principal_id": me["id"], "role": role});
    let role = async || {
        let all = other.get("users/me/shares").await;
        let found = all["shares"].as_array().unwrap().iter().find(|found| found["id"] == share.as_str()).cloned();
        text(&found.expect("the share"), "role").to_owned()
    };
    assert_eq!(role().await, "contributor", "everybody, if nothing was said");
    let (status, made) = client.post(&at, member("reader")).await;
    assert_eq!((status, text(&made, "role"), &made["expires_at"]), (201, "reader", &Value::Null));
    assert_eq!(role().await, "reader");
    is(client.post(&at, member("admin")).await, 409, "MEMBER_EXISTS");
    let file = client.file(share, None, "f", "x").await;
    let folder = client.folder(share, None, "d").await;
    is(other.upload(form(share, None, "g", "x")).await, 403, "FORBIDDEN");
    is(other.post("folders", json!({"share_id": share, "name": "e"})).await, 403, "FORBIDDEN");
    is(other.patch(&format!("files/{file}"), json!({"name": "g"})).await, 403, "FORBIDDEN");
    is(other.ask(Method::DELETE, &format!("folders/{folder}"), None).await, 403, "FORBIDDEN");
    is(other.post(&format!("files/{file}/move"), json!({"target_folder_id": folder})).await, 403, "FORBIDDEN");
    is(other.post(&format!("files/{file}/versions/1/restore"), Value::Null).await, 403, "FORBIDDEN");
    let session = json!({"share_id": share, "file_name": "g", "file_size": 5});
    is(other.post("uploads", session).await, 403, "FORBIDDEN");
    is(other.patch(&format!("shares/{share}"), json!({"name": "g"})).await, 403, "FORBIDDEN");
    is(other.post(&at, member("owner")).await, 403, "FORBIDDEN");
    assert_eq!(other.content_of(&file).await, "x");
    assert_eq!(client.get(&at).await, json!({"members": [made], "total": 1}));

    let group = json!({"principal_type": "group", "principal_id": "grp_1", "role": "owner", "expires_at": "2030-01-01T00:00:00Z"});
    assert_eq!(client.post(&at, group).await.0, 201);
    assert_eq!(client.get(&format!("{at}?limit=1&offset=1")).await["total"], 2);
    let elsewhere = client.share("Elsewhere").await;
    let mut ended = member("reader");
    ended["expires_at"] = "2020-01-01T00:00:00Z".into();
    assert_eq!(client.post(&format!("shares/{elsewhere}/members"), ended).await.0, 201);
    other.folder(&elsewhere, None, "d").await;
    let nobody = json!({"principal_type": "user", "principal_id": "usr_0", "role": "reader"});
    is(client.post(&at, nobody).await, 404, "NOT_FOUND");
    is(client.post(&at, member("guest")).await, 422, "VALIDATION_ERROR");
}

#[tokio::test]
async fn users_see_themselves_and_find_others() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let me = client.get("users/me").await;
    assert_eq!(
        (text(&me, "email"), &me["groups"], &me["is_admin"]),
        ("first.user@example.com", &json!([]), &json!(false))
    );
    client.file(&stage.emulator.cursor().share_id(), None, "f", "12345").await;
    let quota = client.get("users/me/quota").await;
    assert_eq!((&quota["user_id"], &quota["used_bytes"], &quota["quota_bytes"]), (&me["id"], &json!(5), &Value::Null));
    let found = client.get("shares/search/principals?q=OTHER").await;
    assert_eq!((text(&found["users"][0], "email"), &found["groups"]), (super::OTHER.0, &json!([])));
    assert_eq!(client.get("shares/search/principals?q=user&limit=1").await["users"].as_array().unwrap().len(), 1);
    assert_eq!(client.get("shares/search/principals?q=user&principal_type=group").await["users"], json!([]));
    for bad in ["", "q=", "q=x&limit=51", "q=x&limit=0", "q=x&principal_type=robot"] {
        let path = format!("shares/search/principals?{bad}");
        is(client.ask(Method::GET, &path, None).await, 422, "VALIDATION_ERROR");
    }
}
