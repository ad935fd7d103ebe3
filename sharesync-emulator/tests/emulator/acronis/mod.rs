//! The Acronis face, by a client that knows only the documents.

mod administration;
mod documented;
mod links;
mod members;
mod nodes;
mod purging;
mod sign_in;
mod transfer;

use reqwest::{Method, Response};
use serde_json::{Value, json};
use sharesync_emulator::{Builder, Emulator};

pub(crate) const NODES: &str = "sync_and_share_nodes";
pub(crate) const OTHER: (&str, &str) = ("other.user@example.com", "other-password");

/// One user's client.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
    base: String,
    token: String,
}

/// An emulator with two users, and the client of the first.
pub(crate) struct Stage {
    pub(crate) emulator: Emulator,
    pub(crate) client: Client,
}

impl Stage {
    pub(crate) async fn start() -> Self {
        Self::with(Emulator::builder()).await
    }

    pub(crate) async fn with(builder: Builder) -> Self {
        let builder = builder.user("first.user@example.com", "first-password").user(OTHER.0, OTHER.1);
        let emulator = builder.start().await.expect("the emulator starts");
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        let (base, token) = (emulator.base_url(), emulator.acronis().access_token().to_owned());
        Self { emulator, client: Client { http, base, token } }
    }

    /// The client of the second user.
    pub(crate) async fn other(&self) -> Client {
        let form = [("grant_type", "password"), ("username", OTHER.0), ("password", OTHER.1)];
        let (status, grant) = self.client.token(&form).await;
        assert_eq!(status, 200, "{grant}");
        Client { token: text(&grant, "access_token").to_owned(), ..self.client.clone() }
    }
}

impl Client {
    pub(crate) fn url(&self, path: &str) -> String {
        if path.starts_with('/') { format!("{}{path}", self.base) } else { format!("{}/fc/api/v1/{path}", self.base) }
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let mut request = self.http.request(method, self.url(path)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.expect("an answer")
    }

    /// Status and body; `null` for none.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let answer = self.send(method, path, body).await;
        let (status, bytes) = (answer.status().as_u16(), answer.bytes().await.expect("a body"));
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).expect("JSON") };
        (status, body)
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.ask(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> (u16, Value) {
        self.ask(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn folder(&self, parent: &str, name: &str) -> String {
        let body = json!({"sync_and_share_node": {"name": name, "parent_uuid": parent}});
        let (status, folder) = self.post(NODES, body).await;
        assert_eq!(status, 201, "{folder}");
        text(&folder, "uuid").to_owned()
    }

    pub(crate) async fn upload(&self, folder: &str, query: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        let url = self.url(&format!("{NODES}/{folder}/upload?{query}"));
        let request = self.http.post(url).bearer_auth(&self.token).header("content-type", "application/octet-stream");
        let answer = request.body(body).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    pub(crate) async fn file(&self, folder: &str, name: &str, content: &str) -> Value {
        let query = format!("filename={name}&size={}", content.len());
        let (status, node) = self.upload(folder, &query, content.to_owned()).await;
        assert_eq!(status, 201, "{node}");
        node
    }

    pub(crate) async fn names(&self, folder: &str) -> Vec<String> {
        let list = self.get(&format!("{NODES}/{folder}/contents")).await;
        list.as_array().expect("a list").iter().map(|node| text(node, "name").to_owned()).collect()
    }

    pub(crate) async fn token(&self, form: &[(&str, &str)]) -> (u16, Value) {
        let answer = self.http.post(self.url("/api/2/idp/token")).form(form).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }
}

pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}"))
}

/// Status and code of an error in the documented envelope.
#[track_caller]
pub(crate) fn refused((status, body): (u16, Value)) -> (u16, u64) {
    let error = &body["error"];
    assert_eq!(error["domain"], "Files", "{body}");
    assert!(error["message"].as_str().is_some_and(|text| !text.is_empty()), "{body}");
    (status, error["code"].as_u64().expect("a code"))
}

pub(crate) const NO_ACCESS: (u16, u64) = (403, 3);
pub(crate) const NOT_ADMINISTRATOR: (u16, u64) = (403, 3);
pub(crate) const INCOMPLETE: (u16, u64) = (400, 9);
pub(crate) const NOT_FOUND: (u16, u64) = (404, 10);
pub(crate) const INVALID: (u16, u64) = (400, 15);
pub(crate) const TAKEN: (u16, u64) = (409, 92);
