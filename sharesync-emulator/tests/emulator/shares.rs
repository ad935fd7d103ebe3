//! Links for downloading and for uploading.

use reqwest::Method;
use serde_json::{Value, json};
use sharesync_emulator::Emulator;

use crate::common::{Client, names, text};

impl Client {
    async fn share(&self, items: &[&Value], more: Value) -> Value {
        let items: Vec<_> = items.iter().map(|id| json!({"Id": id})).collect();
        let mut body = json!({"ShareType": "Send", "Title": "t", "Items": items, "Recipients": []});
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        self.post("Shares?notify=false", body).await
    }

    /// Follows a public page as a browser without credentials does.
    async fn visit(&self, url: &str) -> (u16, String) {
        let answer = self.http.get(url).send().await.expect("an answer");
        let status = answer.status().as_u16();
        let Some(location) = answer.headers().get("location") else {
            return (status, answer.text().await.expect("a body"));
        };
        let answer = self.http.get(location.to_str().expect("text")).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.unwrap_or_default())
    }
}

#[tokio::test]
async fn a_link_downloads_as_often_as_it_may() {
    let client = Client::start().await;
    let file = client.file("home", "f.txt", "shared").await;
    let share = client.share(&[&file["id"]], json!({"MaxDownloads": 2, "ExpirationDate": "9999-12-31"})).await;
    assert_eq!(share["odata.type"], "ShareFile.Api.Models.Share");
    assert_eq!((&share["AliasID"], &share["MaxDownloads"]), (&share["Id"], &json!(2)));
    assert_eq!(share["ExpirationDate"], "9999-12-31T23:59:59.9999999Z");
    let uri = text(&share, "Uri");
    assert_eq!(uri, format!("{}/d-{}", client.emulator.base_url(), text(&share, "Id")));
    for _ in 0..2 {
        assert_eq!(client.visit(uri).await, (200, "shared".to_owned()));
    }
    assert_eq!(client.visit(uri).await.0, 404);
    let share = client.get(&format!("Shares({})", text(&share, "Id"))).await;
    assert_eq!((&share["TotalDownloads"], &share["IsConsumed"]), (&json!(2), &json!(true)));
}

#[tokio::test]
async fn a_link_ends_by_date_and_by_hand() {
    let client = Client::start().await;
    let file = client.file("home", "f.txt", "shared").await;
    let past = client.share(&[&file["id"]], json!({"ExpirationDate": "2013-07-23"})).await;
    assert_eq!(client.visit(text(&past, "Uri")).await.0, 404);
    assert_eq!(client.get("Shares?includeExpired=false").await["odata.count"], 0);
    assert_eq!(client.get("Shares").await["odata.count"], 1);
    let path = format!("Shares({})", text(&past, "Id"));
    client.patch(&path, json!({"ExpirationDate": "9999-12-31"})).await;
    assert_eq!(client.visit(text(&past, "Uri")).await.0, 200);
    assert_eq!(client.status(Method::DELETE, &path, None).await, 204);
    assert_eq!(client.visit(text(&past, "Uri")).await.0, 404);
    assert_eq!(client.refused(Method::GET, &path, None).await.0, 404);
}

#[tokio::test]
async fn a_link_can_ask_for_a_sign_in() {
    let client = Client::start().await;
    let file = client.file("home", "f.txt", "shared").await;
    let share = client.share(&[&file["id"]], json!({"RequireLogin": "true"})).await;
    assert_eq!(client.visit(text(&share, "Uri")).await.0, 401);
    let request = client.http.get(text(&share, "Uri")).bearer_auth(&client.token);
    assert_eq!(request.send().await.expect("an answer").status(), 302);
    let named = client.share(&[&file["id"]], json!({"RequireUserInfo": true})).await;
    assert_eq!(client.visit(text(&named, "Uri")).await.0, 400);
    assert_eq!(client.visit(&format!("{}?Name=N&Email=e@example.com", text(&named, "Uri"))).await.0, 200);
    let view_only = client.share(&[&file["id"]], json!({"IsViewOnly": true})).await;
    assert_eq!(client.visit(text(&view_only, "Uri")).await, (200, "f.txt\n".to_owned()));
}

#[tokio::test]
async fn a_link_stays_at_its_version_or_follows_the_stream() {
    let client = Client::start().await;
    let old = client.file("home", "f.txt", "old").await;
    let fixed = client.share(&[&old["id"]], json!({})).await;
    let following = client.share(&[&old["streamid"]], json!({"UsesStreamIDs": true})).await;
    client.file("home", "f.txt", "new").await;
    assert_eq!(client.visit(text(&fixed, "Uri")).await.1, "old");
    assert_eq!(client.visit(text(&following, "Uri")).await.1, "new");
    assert_eq!((&fixed["UsesStreamIDs"], &following["UsesStreamIDs"]), (&json!(false), &json!(true)));
}

#[tokio::test]
async fn shared_items_can_be_listed_and_fetched_one_by_one() {
    let client = Client::start().await;
    let folder = client.folder("home", "folder").await;
    let inner = client.file(&folder, "inner.txt", "inner").await;
    let other = client.file("home", "other.txt", "other").await;
    let share = client.share(&[&json!(folder)], json!({})).await;
    let id = text(&share, "Id");
    assert_eq!(names(&client.get(&format!("Shares({id})/Items")).await), ["folder"]);
    assert_eq!(client.get(&format!("Shares({id})/Items({})", text(&inner, "id"))).await["Name"], "inner.txt");
    let foreign = format!("Shares({id})/Items({})", text(&other, "id"));
    assert_eq!(client.refused(Method::GET, &foreign, None).await.0, 404);
    let url = client.url(&format!("Shares({id})/Download?id={}&redirect=false", text(&inner, "id")));
    let spec: Value = client.http.get(url).send().await.expect("an answer").json().await.expect("JSON");
    let body = client.http.get(text(&spec, "DownloadUrl")).send().await.expect("an answer").text().await;
    assert_eq!(body.expect("a body"), "inner");
    let added = client.patch(&format!("Shares({id})"), json!({"Items": [{"Id": other["id"]}]})).await;
    assert_eq!(added["Items"].as_array().map(Vec::len), Some(2));
    let (_, archive) = client.visit(text(&share, "Uri")).await;
    assert!(archive.starts_with("PK"));
}

#[tokio::test]
async fn a_request_link_takes_files_from_strangers() {
    let client = Client::start().await;
    let folder = client.folder("home", "inbox").await;
    let body = json!({"ShareType": "Request", "Title": "send me", "Parent": {"Id": folder}, "RequireLogin": false});
    let share = client.post("Shares", body).await;
    let id = text(&share, "Id").to_owned();
    assert!(id.starts_with('r') && text(&share, "Uri").ends_with(&format!("/r-{id}")));
    assert_eq!(share["Parent"]["Id"], folder.as_str());
    assert_eq!(client.visit(text(&share, "Uri")).await.0, 200);
    let body = json!({"Method": "standard", "Raw": true, "FileName": "from outside.txt"});
    let answer = client.http.post(client.url(&format!("Shares({id})/Upload2"))).json(&body).send().await;
    let spec: Value = answer.expect("an answer").json().await.expect("JSON");
    assert_eq!(client.storage(text(&spec, "ChunkUri"), "hello").await, "OK");
    assert_eq!(client.names(&format!("Items({folder})/Children")).await, ["from outside.txt"]);
    let file = client.file("home", "f", "f").await;
    let send = client.share(&[&file["id"]], json!({})).await;
    let wrong = format!("Shares({})/Upload2", text(&send, "Id"));
    assert_eq!(client.refused(Method::POST, &wrong, Some(body)).await.0, 400);
}

#[tokio::test]
async fn send_and_request_have_their_own_parameters() {
    let builder = Emulator::builder().user("a@example.com", "a").user("b@example.com", "b");
    let client = Client::with(builder).await;
    let file = client.file("home", "f", "f").await;
    let body = json!({"Items": [file["id"]], "Emails": ["b@example.com"], "Subject": "s", "ExpirationDays": -1});
    let share = client.post("Shares/Send", body).await;
    assert_eq!((&share["Title"], &share["Recipients"][0]["Email"]), (&json!("s"), &json!("b@example.com")));
    assert!(text(&share, "ExpirationDate").starts_with("9999"));
    let id = text(&share, "Id");
    let alias = client.json(Method::POST, &format!("Shares({id})/Recipients?Email=c@example.com"), None).await;
    assert_eq!(alias["odata.type"], "ShareFile.Api.Models.ShareAlias");
    assert_eq!(client.get(&format!("Shares({id})/Recipients")).await["odata.count"], 2);
    let request = client.post("Shares/Request", json!({"FolderId": "home", "Emails": [], "Subject": "r"})).await;
    assert_eq!(request["ShareType"], "Request");
    for bad in
        [json!({"ShareType": "Other"}), json!({"ShareType": "Send", "Items": []}), json!({"ShareType": "Request"})]
    {
        assert_eq!(client.refused(Method::POST, "Shares", Some(bad)).await.0, 400);
    }
    assert_eq!(client.http.get(client.url("Shares")).send().await.expect("an answer").status(), 401);
}
