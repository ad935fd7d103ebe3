//! Links to files, and what the security settings allow.

use serde_json::{Value, json};

use super::{Client, INVALID, NO_ACCESS, NODES, OTHER, Stage, refused, text};

impl Client {
    async fn link(&self, node: &str, terms: Value) -> Value {
        let (status, link) = self.post(&format!("{NODES}/{node}/links"), json!({"link": terms})).await;
        assert_eq!(status, 201, "{link}");
        link
    }

    /// Opens a link as a browser does, with a token or without.
    async fn open(&self, link: &Value, token: Option<&str>) -> (u16, String) {
        let mut url = text(link, "download_url").to_owned();
        loop {
            let mut request = self.http.get(&url);
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let answer = request.send().await.expect("an answer");
            match answer.headers().get("location") {
                Some(next) => url = next.to_str().expect("text").to_owned(),
                None => return (answer.status().as_u16(), answer.text().await.expect("a body")),
            }
        }
    }

    async fn security(&self, name: &str, value: impl Into<Value>) {
        let body = json!({"security_settings": {name: value.into()}});
        assert_eq!(self.put("settings/security", body).await.0, 204);
    }
}

async fn file(client: &Client) -> String {
    text(&client.file("0", "file.txt", "content").await, "uuid").to_owned()
}

#[tokio::test]
async fn a_link_as_the_reference_shows_it() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let file = file(client).await;
    let terms = json!({
        "recipients": [{"email": "user1@example.com"}, {"email": "user2@example.com"}],
        "access_restriction": "shared", "locale": "en", "message": "An example message", "ttl": 7, "single_use": false,
    });
    let link = client.link(&file, terms).await;
    assert_eq!(link["emails"], json!(["user1@example.com", "user2@example.com"]));
    assert_eq!((text(&link, "access_restriction"), link["ttl"].as_i64()), ("shared", Some(7)));
    assert_eq!((text(&link, "node_uuid"), &link["single_use"]), (file.as_str(), &json!(false)));
    assert!(link["id"].is_u64() && link["download_count"] == 0);
    for field in ["sharing_user_uuid", "token", "created_at", "updated_at", "download_url"] {
        assert!(!text(&link, field).is_empty(), "{field}");
    }
    assert_eq!(client.get(&format!("{NODES}/{file}")).await["has_active_links"], true);
}

#[tokio::test]
async fn who_may_open_a_link() {
    let stage = Stage::start().await;
    let (client, other) = (&stage.client, stage.other().await);
    let file = file(client).await;
    let content = (200, "content".to_owned());
    let public = client.link(&file, json!({"access_restriction": "public"})).await;
    assert_eq!(client.open(&public, None).await, content);
    assert!(public.get("ttl").is_none(), "it has no end");
    let access = client.link(&file, json!({"access_restriction": "access"})).await;
    assert_eq!(client.open(&access, None).await.0, 401);
    assert_eq!(client.open(&access, Some(&other.token)).await, content);
    let shared = client.link(&file, json!({"access_restriction": "shared"})).await;
    assert_eq!(client.open(&shared, Some(&other.token)).await.0, 403);
    let told = json!({"access_restriction": "shared", "recipients": [{"email": OTHER.0}]});
    let told = client.link(&file, told).await;
    assert_eq!(client.open(&told, Some(&other.token)).await, content);
    let unknown = json!({"download_url": text(&public, "download_url").replace("/fc/t/", "/fc/t/f")});
    assert_eq!(client.open(&unknown, None).await.0, 404);
    let forged = client.url(&format!("/fc/node_share_links/download?id={}&token=x", public["id"]));
    assert_eq!(client.open(&json!({"download_url": forged}), None).await.0, 404);
}

#[tokio::test]
async fn links_end_and_can_be_changed() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let file = file(client).await;
    let once = client.link(&file, json!({"access_restriction": "public", "single_use": true, "ttl": null})).await;
    assert_eq!(client.open(&once, None).await.0, 200);
    assert_eq!(client.open(&once, None).await.0, 404);

    let link = client.link(&file, json!({"access_restriction": "public", "ttl": 3})).await;
    let at = format!("{NODES}/{file}/links/{}", link["id"]);
    let closed = json!({"ttl": 7, "access_restriction": "shared", "single_use": false});
    assert_eq!(client.put(&at, closed).await, (200, Value::Null));
    assert_eq!(client.open(&link, None).await.0, 401);
    assert_eq!(client.put(&at, json!({"access_restriction": "public", "ttl": null})).await.0, 200);
    assert_eq!(client.open(&link, None).await.0, 200);
    for wrong in
        [json!({"ttl": 0}), json!({"ttl": "7"}), json!({"access_restriction": "all"}), json!({"single_use": 1})]
    {
        assert_eq!(refused(client.put(&at, wrong.clone()).await), INVALID, "{wrong}");
    }
    for missing in [format!("{NODES}/{file}/links/999999"), format!("{NODES}/{file}/links/x")] {
        assert_eq!(refused(client.put(&missing, json!({})).await), NO_ACCESS);
    }
}

#[tokio::test]
async fn what_is_no_link() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let (file, folder) = (file(client).await, client.folder("0", "Folder").await);
    let public = json!({"link": {"access_restriction": "public"}});
    assert_eq!(refused(client.post(&format!("{NODES}/{folder}/links"), public.clone()).await), INVALID);
    assert_eq!(refused(client.post(&format!("{NODES}/nonsense/links"), public).await), NO_ACCESS);
    let wrong = [
        json!({}),
        json!({"access_restriction": "public"}),
        json!({"link": {}}),
        json!({"link": {"access_restriction": "none"}}),
        json!({"link": {"access_restriction": "public", "ttl": -1}}),
        json!({"link": {"access_restriction": "public", "locale": "tlh"}}),
        json!({"link": {"access_restriction": "public", "recipients": ["a@example.com"]}}),
    ];
    for body in wrong {
        assert_eq!(refused(client.post(&format!("{NODES}/{file}/links"), body.clone()).await), INVALID, "{body}");
    }
}

#[tokio::test]
async fn settings_decide_about_links() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let file = file(client).await;
    let at = format!("{NODES}/{file}/links");
    let public = json!({"link": {"access_restriction": "public"}});
    let link = client.link(&file, public["link"].clone()).await;
    client.security("node_share_link_allow_public_links", "false").await;
    assert_eq!(refused(client.post(&at, public.clone()).await), INVALID);
    client.security("node_share_link_allow_public_links", true).await;
    client.security("node_share_link_ttl_range_enable", true).await;
    client.security("node_share_link_ttl_max", 30).await;
    assert_eq!(refused(client.post(&at, public.clone()).await), INVALID, "for ever is too long");
    assert_eq!(refused(client.put(&format!("{at}/{}", link["id"]), json!({"ttl": null})).await), INVALID);
    client.link(&file, json!({"access_restriction": "public", "ttl": 30})).await;
    client.security("node_share_link_ttl_range_enable", false).await;
    client.security("node_share_link_single_use_only", true).await;
    assert_eq!(refused(client.post(&at, public.clone()).await), INVALID);
    client.security("node_share_link_single_use_only", false).await;
    client.security("node_share_link_enable", false).await;
    assert_eq!(refused(client.post(&at, public).await), NO_ACCESS);
    assert_eq!(client.open(&link, None).await.0, 403);
}
