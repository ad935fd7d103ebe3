//! A tiny client for the tests: raw HTTP, no redirects followed, nothing hidden.

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use sharesync_emulator::{Builder, Emulator};

pub(crate) struct Client {
    pub(crate) emulator: Emulator,
    pub(crate) http: reqwest::Client,
    pub(crate) token: String,
}

impl Client {
    pub(crate) async fn start() -> Self {
        Self::with(Emulator::builder()).await
    }

    pub(crate) async fn with(builder: Builder) -> Self {
        let emulator = builder.start().await.expect("the emulator starts");
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        let token = emulator.sharefile().access_token().to_owned();
        Self { emulator, http, token }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        if path.starts_with("http") { path.to_owned() } else { format!("{}/sf/v3/{path}", self.emulator.base_url()) }
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let mut request = self.http.request(method, self.url(path)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.expect("an answer")
    }

    /// A request that must succeed with 200 and JSON.
    pub(crate) async fn json(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let answer = self.send(method, path, body).await;
        let (status, text) = (answer.status(), answer.text().await.expect("a body"));
        assert_eq!(status, StatusCode::OK, "{path}: {text}");
        serde_json::from_str(&text).expect("JSON")
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.json(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.json(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Value {
        self.json(Method::PATCH, path, Some(body)).await
    }

    /// A request that must fail: its status and the reason in its body.
    pub(crate) async fn refused(&self, method: Method, path: &str, body: Option<Value>) -> (u16, String) {
        let answer = self.send(method, path, body).await;
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.expect("an error body");
        assert!(body["code"].is_string(), "{body}");
        assert_eq!(body["message"]["lang"], "en-US", "{body}");
        assert!(body["message"]["value"].as_str().is_some_and(|text| !text.is_empty()), "{body}");
        (status, body["reason"].as_str().expect("a reason").to_owned())
    }

    pub(crate) async fn status(&self, method: Method, path: &str, body: Option<Value>) -> u16 {
        self.send(method, path, body).await.status().as_u16()
    }

    pub(crate) async fn folder(&self, parent: &str, name: &str) -> String {
        let folder = self.post(&format!("Items({parent})/Folder"), json!({"Name": name})).await;
        folder["Id"].as_str().expect("an id").to_owned()
    }

    /// Puts a file in by a standard upload and gives the finish reply's value.
    pub(crate) async fn file(&self, parent: &str, name: &str, data: impl Into<Vec<u8>>) -> Value {
        let request = json!({"Method": "standard", "Raw": true, "FileName": name, "Overwrite": true});
        let spec = self.post(&format!("Items({parent})/Upload2"), request).await;
        let reply = self.storage(&format!("{}&fmt=json", text(&spec, "ChunkUri")), data).await;
        let reply: Value = serde_json::from_str(&reply).expect("JSON");
        assert_eq!(reply["error"], false, "{reply}");
        reply["value"][0].clone()
    }

    /// The body of a POST to the storage host, which must answer 200. No token is sent.
    pub(crate) async fn storage(&self, url: &str, data: impl Into<Vec<u8>>) -> String {
        let answer = self.http.post(url).body(data.into()).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        answer.text().await.expect("a body")
    }

    /// The bytes of a file, by way of a download specification.
    pub(crate) async fn read(&self, id: &str) -> Vec<u8> {
        let spec = self.get(&format!("Items({id})/Download?redirect=false")).await;
        let answer = self.http.get(text(&spec, "DownloadUrl")).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        answer.bytes().await.expect("a body").to_vec()
    }

    pub(crate) async fn names(&self, path: &str) -> Vec<String> {
        names(&self.get(path).await)
    }
}

pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}"))
}

pub(crate) fn names(feed: &Value) -> Vec<String> {
    feed["value"].as_array().expect("a feed").iter().map(|item| text(item, "Name").to_owned()).collect()
}

pub(crate) fn md5(data: &[u8]) -> String {
    use md5::Digest;
    hex::encode(md5::Md5::digest(data))
}
