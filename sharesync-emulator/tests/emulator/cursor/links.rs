//! External links: how they are made, changed and revoked, and what their public addresses give.

use reqwest::Method;
use serde_json::{Value, json};
use sharesync_emulator::Emulator;

use super::{Client, Stage, is, text};
use crate::cursor::shape::fixtures;

fn wanted(share: &str, file: &str) -> Value {
    json!({"resource_type": "file", "resource_id": file, "share_id": share, "link_type": "DOWNLOAD"})
}

/// A link with some settings.
async fn link(client: &Client, share: &str, file: &str, settings: Value) -> Value {
    let mut body = wanted(share, file);
    for (name, value) in settings.as_object().expect("settings") {
        body[name] = value.clone();
    }
    client.done(Method::POST, "external/links", Some(body), 201).await
}

/// What whoever has the address gets: status and body.
async fn open(client: &Client, url: &str) -> (u16, String) {
    let answer = client.http.get(url).send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("a body"))
}

async fn refused(client: &Client, url: &str, status: u16, code: &str) {
    let (found, body) = open(client, url).await;
    is((found, serde_json::from_str(&body).expect("JSON")), status, code);
}

#[tokio::test]
async fn a_link_has_all_documented_members() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    let file = client.file(share, None, "f.txt", "content").await;
    let link = link(client, share, &file, json!({})).await;
    let known = std::fs::read(fixtures().join("reconstructed/link.json")).expect("the names are documented");
    let known: Value = serde_json::from_slice(&known).expect("JSON");
    let names = |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    let (mut found, mut documented) = (names(&link), names(&known));
    found.sort();
    documented.sort();
    assert_eq!(found, documented);
    assert_eq!((text(&link, "status"), &link["password_required"]), ("active", &json!(false)));
    assert_eq!(text(&link, "url"), format!("{}/share/{}", client.base, text(&link, "token")));
    assert_eq!(text(&link, "short_url"), format!("{}/s/{}", client.base, text(&link, "short_code")));
    for url in ["url", "short_url"] {
        assert_eq!(open(client, text(&link, url)).await, (200, "content".to_owned()), "without any token");
    }
    let used = client.get(&format!("external/links/{}", text(&link, "id"))).await;
    assert_eq!((&used["download_count"], &used["view_count"]), (&json!(2), &json!(0)));
}

#[tokio::test]
async fn a_password_opens_a_link() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    let file = client.file(share, None, "f.txt", "content").await;
    let link = link(client, share, &file, json!({"password": "p&ss w0rd"})).await;
    assert!(!link.to_string().contains("w0rd"));
    assert_eq!(link["password_required"], true);
    let url = text(&link, "url");
    refused(client, url, 401, "LINK_PASSWORD_REQUIRED").await;
    refused(client, &format!("{url}?password=wrong"), 401, "LINK_PASSWORD_REQUIRED").await;
    assert_eq!(open(client, &format!("{url}?password=p%26ss%20w0rd")).await.0, 200);
    let at = format!("external/links/{}", text(&link, "id"));
    assert_eq!(client.get(&at).await["download_count"], 1, "who is refused has not downloaded");
    let (status, changed) = client.patch(&at, json!({"password": null})).await;
    assert_eq!((status, &changed["password_required"]), (200, &json!(false)));
    assert_eq!(open(client, url).await.0, 200);
    let recorded = format!("{:?}", stage.emulator.requests().matching("/share/"));
    assert!(recorded.contains("password=redacted") && !recorded.contains("w0rd"), "{recorded}");
}

#[tokio::test]
async fn a_link_ends_when_its_time_or_its_uses_are_over() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    let file = client.file(share, None, "f.txt", "content").await;
    let ended = json!({"expires_at": "2020-01-01T00:00:00Z"});
    for settings in [ended, json!({"expires_in_days": 0})] {
        let link = link(client, share, &file, settings).await;
        assert_eq!(text(&link, "status"), "expired");
        refused(client, text(&link, "url"), 410, "GONE").await;
    }
    let later = link(client, share, &file, json!({"expires_in_days": 7})).await;
    assert!(text(&later, "expires_at") > text(&later, "created_at"));
    assert_eq!(open(client, text(&later, "url")).await.0, 200);

    let few = link(client, share, &file, json!({"max_downloads": 2})).await;
    let (url, at) = (text(&few, "url"), format!("external/links/{}", text(&few, "id")));
    let all = futures::future::join_all((0..8).map(|_| open(client, url))).await;
    assert_eq!(all.iter().filter(|(status, _)| *status == 200).count(), 2, "also of many at once");
    assert_eq!(all.iter().filter(|(status, _)| *status == 410).count(), 6);
    assert_eq!(text(&client.get(&at).await, "status"), "expired");
    let (_, again) = client.patch(&at, json!({"max_downloads": 3})).await;
    assert_eq!(text(&again, "status"), "active");
    assert_eq!(open(client, url).await.0, 200);

    let viewed = json!({"link_type": "VIEW", "max_views": 1});
    let viewed = link(client, share, &file, viewed).await;
    let (status, body) = open(client, text(&viewed, "url")).await;
    let shown: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!((status, text(&shown, "name")), (200, "f.txt"), "a view is not the content");
    refused(client, text(&viewed, "url"), 410, "GONE").await;
}

#[tokio::test]
async fn a_disabled_link_comes_back_and_a_revoked_one_does_not() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    let file = client.file(share, None, "f.txt", "content").await;
    let link = link(client, share, &file, json!({})).await;
    let (url, at) = (text(&link, "url"), format!("external/links/{}", text(&link, "id")));
    client.patch(&at, json!({"status": "disabled"})).await;
    refused(client, url, 410, "GONE").await;
    client.patch(&at, json!({"status": "active"})).await;
    assert_eq!(open(client, url).await.0, 200);
    assert_eq!(client.delete(&at).await, 204);
    assert_eq!(text(&client.get(&at).await, "status"), "revoked");
    refused(client, url, 410, "GONE").await;
    is(client.patch(&at, json!({"status": "active"})).await, 410, "GONE");
    client.delete(&format!("files/{file}")).await;
    refused(client, &format!("{}/share/nothing", client.base), 404, "NOT_FOUND").await;
    refused(client, &format!("{}/s/nothing", client.base), 404, "NOT_FOUND").await;
    let posted = client.http.post(url).send().await.expect("an answer");
    assert_eq!(posted.status(), 405);
}

#[tokio::test]
async fn what_a_link_leads_to_can_be_gone() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    let file = client.file(share, None, "f.txt", "content").await;
    let link = link(client, share, &file, json!({})).await;
    client.delete(&format!("files/{file}")).await;
    refused(client, text(&link, "url"), 410, "GONE").await;
    client.patch(&format!("files/{file}"), json!({"is_deleted": false})).await;
    assert_eq!(open(client, text(&link, "url")).await.0, 200);
}

#[tokio::test]
async fn folders_are_linked_too() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    let folder = client.folder(share, None, "d").await;
    client.file(share, Some(&folder), "f.txt", "content").await;
    let of = |link_type: &str, settings: Value| {
        let mut body =
            json!({"resource_type": "folder", "resource_id": folder, "share_id": share, "link_type": link_type});
        settings.as_object().expect("settings").iter().for_each(|(name, value)| body[name] = value.clone());
        client.post("external/links", body)
    };
    let (_, link) = of("DOWNLOAD", json!({})).await;
    let (_, body) = open(client, text(&link, "url")).await;
    let shown: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!((text(&shown, "name"), text(&shown["items"][0], "name")), ("d", "f.txt"));
    is(of("UPLOAD", json!({})).await, 422, "VALIDATION_ERROR");
    is(of("UPLOAD", json!({"upload_folder_id": "fld_0"})).await, 404, "NOT_FOUND");
    let elsewhere = client.share("Elsewhere").await;
    let strange = client.folder(&elsewhere, None, "d").await;
    is(of("UPLOAD", json!({"upload_folder_id": strange})).await, 404, "NOT_FOUND");
    let (status, link) = of("UPLOAD", json!({"upload_folder_id": folder, "allowed_extensions": ["pdf"]})).await;
    assert_eq!((status, text(&link, "link_type")), (201, "UPLOAD"));
    assert_eq!(open(client, text(&link, "url")).await, (200, "{\"name\":\"d\"}".to_owned()));
}

#[tokio::test]
async fn what_a_link_cannot_be_is_refused() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    let file = client.file(share, None, "f.txt", "content").await;
    let elsewhere = client.share("Elsewhere").await;
    let settings = [
        ("link_type", json!("download")),
        ("resource_type", json!("share")),
        ("password", json!(1)),
        ("expires_in_days", json!(-1)),
        ("expires_in_days", json!(u64::MAX)),
        ("expires_at", json!("tomorrow")),
        ("max_downloads", json!("3")),
        ("max_views", json!(1.5)),
        ("allowed_ips", json!("10.0.0.0/8")),
        ("allowed_emails", json!([1])),
        ("require_email", json!("yes")),
        ("status", json!("revoked")),
        ("allowed_extensions", json!([null])),
    ];
    for (name, value) in settings {
        let mut body = wanted(share, &file);
        body[name] = value;
        let answer = client.post("external/links", body.clone()).await;
        assert_eq!(answer.0, 422, "{body}");
        is(answer, 422, "VALIDATION_ERROR");
    }
    for name in ["resource_type", "resource_id", "share_id", "link_type"] {
        let mut body = wanted(share, &file);
        body.as_object_mut().expect("an object").remove(name);
        is(client.post("external/links", body).await, 422, "VALIDATION_ERROR");
    }
    is(client.post("external/links", wanted(&elsewhere, &file)).await, 404, "NOT_FOUND");
    is(client.post("external/links", wanted(share, "fil_0")).await, 404, "NOT_FOUND");
    let made = link(client, share, &file, json!({})).await;
    let at = format!("external/links/{}", text(&made, "id"));
    for name in ["resource_id", "resource_type", "link_type"] {
        is(client.patch(&at, json!({name: "x"})).await, 422, "VALIDATION_ERROR");
    }
    client.delete(&format!("files/{file}")).await;
    is(client.post("external/links", wanted(share, &file)).await, 410, "GONE");
}

#[tokio::test]
async fn settings_are_kept_and_told() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    let file = client.file(share, None, "f.txt", "content").await;
    let settings = json!({
        "max_downloads": 3, "max_views": 4, "allowed_ips": ["10.0.0.0/8"], "allowed_emails": ["a@example.com"],
        "require_email": true, "custom_name": "N", "custom_message": "M", "expires_at": "2030-01-02T03:04:05Z",
    });
    let made = link(client, share, &file, settings.clone()).await;
    let at = format!("external/links/{}", text(&made, "id"));
    let kept = client.get(&at).await;
    settings.as_object().expect("settings").iter().for_each(|(name, value)| assert_eq!(kept[name], *value));
    let (_, changed) = client.patch(&at, json!({"custom_name": "O", "max_views": null})).await;
    assert_eq!((text(&changed, "custom_name"), &changed["max_views"]), ("O", &Value::Null));
    assert_eq!(changed["max_downloads"], 3);
    assert_eq!(client.get(&format!("{at}/sessions")).await, json!({"sessions": [], "total": 0}));
}

#[tokio::test]
async fn links_are_listed_for_who_made_them() {
    let stage = Stage::with(Emulator::builder()).await;
    let (client, share) = (&stage.client, &stage.share);
    let other = stage.other().await;
    let (one, two) = (client.file(share, None, "1", "x").await, client.file(share, None, "2", "x").await);
    let first = link(client, share, &one, json!({})).await;
    let ended = link(client, share, &one, json!({"expires_in_days": 0})).await;
    link(client, share, &two, json!({})).await;
    link(&other, share, &two, json!({})).await;
    let count = async |query: &str| {
        let list = client.get(&format!("external/links?{query}")).await;
        (list["links"].as_array().expect("a list").len(), list["total"].as_u64().expect("a total"))
    };
    assert_eq!(count("").await, (3, 3));
    assert_eq!(count("limit=2").await, (2, 3));
    assert_eq!(count("limit=2&offset=2").await, (1, 3));
    assert_eq!(count(&format!("resource_id={one}")).await, (2, 2));
    assert_eq!(count(&format!("resource_id={one}&status=expired&share_id={share}")).await, (1, 1));
    assert_eq!(count("status=revoked").await, (0, 0));
    client.delete(&format!("external/links/{}", text(&first, "id"))).await;
    assert_eq!(count("status=revoked").await, (1, 1));
    is(client.ask(Method::GET, "external/links?status=new", None).await, 422, "VALIDATION_ERROR");
    is(client.ask(Method::GET, "external/links?limit=101", None).await, 422, "VALIDATION_ERROR");
    let at = format!("external/links/{}", text(&ended, "id"));
    for (method, path) in [
        (Method::GET, at.clone()),
        (Method::PATCH, at.clone()),
        (Method::DELETE, at.clone()),
        (Method::GET, format!("{at}/sessions")),
        (Method::GET, "external/links/lnk_x".to_owned()),
    ] {
        is(other.ask(method, &path, Some(json!({}))).await, 404, "NOT_FOUND");
    }
}
