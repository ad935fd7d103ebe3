//! The face of the cursor sync API, by a client that knows only the documents.

mod applying;
mod changes;
mod conflicts;
mod content;
mod cursors;
mod devices;
mod documented;
mod errors;
mod files;
mod history;
mod links;
mod restarts;
mod shape;
mod shares;
mod sign_in;
mod socket;
mod socket_faults;
mod uploads;

use reqwest::multipart::{Form, Part};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use sharesync_emulator::{Builder, Emulator};

pub(crate) const OTHER: (&str, &str) = ("other.user@example.com", "other-password");
pub(crate) const RESOLUTIONS: [&str; 5] = ["LAST_WRITER_WINS", "KEEP_BOTH", "SERVER_WINS", "CLIENT_WINS", "MANUAL"];

/// One user's client.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) base: String,
    pub(crate) token: String,
}

/// An emulator with two users, the client of the first, and a share of both.
pub(crate) struct Stage {
    pub(crate) emulator: Emulator,
    pub(crate) client: Client,
    pub(crate) share: String,
}

impl Stage {
    pub(crate) async fn start() -> Self {
        Self::with(Emulator::builder()).await
    }

    pub(crate) async fn with(builder: Builder) -> Self {
        let builder = builder.user("first.user@example.com", "first-password").user(OTHER.0, OTHER.1);
        let emulator = builder.start().await.expect("the emulator starts");
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        let client = Client { http, base: emulator.base_url(), token: emulator.cursor().access_token().to_owned() };
        let known = client.get("shares").await;
        let team = known["shares"].as_array().expect("a list").iter().find(|share| share["name"] == "Team");
        let share = match team {
            Some(team) => text(team, "id").to_owned(),
            None => client.share("Team").await,
        };
        Self { emulator, client, share }
    }

    /// The client of the second user.
    pub(crate) async fn other(&self) -> Client {
        let grant = self.client.sign_in(OTHER.0).await;
        Client { token: text(&grant, "access_token").to_owned(), ..self.client.clone() }
    }
}

impl Client {
    pub(crate) fn url(&self, path: &str) -> String {
        match path {
            path if path.starts_with("http") => path.to_owned(),
            path if path.starts_with('/') => format!("{}{path}", self.base),
            path => format!("{}/api/v1/{path}", self.base),
        }
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
        read(self.send(method, path, body).await).await
    }

    /// A request that must be answered with 200.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> impl Future<Output = Value> {
        self.done(Method::GET, path, None, 200)
    }

    /// A request that must be answered with that status.
    #[track_caller]
    pub(crate) fn done(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        wanted: u16,
    ) -> impl Future<Output = Value> {
        let (caller, client, path) = (std::panic::Location::caller(), self.clone(), path.to_owned());
        async move {
            let (status, body) = client.ask(method, &path, body).await;
            assert_eq!(status, wanted, "{path} of {caller}: {body}");
            body
        }
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.ask(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> (u16, Value) {
        self.ask(Method::PATCH, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> (u16, Value) {
        self.ask(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> u16 {
        self.send(Method::DELETE, path, None).await.status().as_u16()
    }

    pub(crate) async fn share(&self, name: &str) -> String {
        let me = self.get("users/me").await;
        let body = json!({"name": name, "share_type": "central", "owner_id": me["id"]});
        text(&self.done(Method::POST, "shares", Some(body), 201).await, "id").to_owned()
    }

    pub(crate) async fn folder(&self, share: &str, parent: Option<&str>, name: &str) -> String {
        let body = json!({"share_id": share, "name": name, "parent_id": parent});
        text(&self.done(Method::POST, "folders", Some(body), 201).await, "id").to_owned()
    }

    pub(crate) async fn upload(&self, form: Form) -> (u16, Value) {
        let request = self.http.post(self.url("files")).bearer_auth(&self.token).multipart(form);
        read(request.send().await.expect("an answer")).await
    }

    /// A new file, and its id.
    pub(crate) async fn file(&self, share: &str, folder: Option<&str>, name: &str, content: &str) -> String {
        let form = form(share, folder, name, content);
        let (status, file) = self.upload(form).await;
        assert_eq!(status, 201, "{file}");
        text(&file, "id").to_owned()
    }

    /// A new version of a file, and its id.
    pub(crate) async fn version(&self, share: &str, file: &str, content: &str) -> String {
        let body = json!({
            "share_id": share, "file_name": "any", "file_size": content.len(), "replace_file_id": file,
        });
        let session = self.done(Method::POST, "uploads", Some(body), 201).await;
        let session = text(&session, "session_id");
        if !content.is_empty() {
            assert_eq!(self.chunk(session, 0, content.as_bytes().to_vec()).await.0, 204);
        }
        self.done(Method::POST, &format!("uploads/{session}/complete"), None, 200).await;
        self.versions(file).await.remove(0)
    }

    pub(crate) async fn chunk(&self, session: &str, index: u64, data: Vec<u8>) -> (u16, Value) {
        let request = self.http.put(self.url(&format!("uploads/{session}/chunks/{index}"))).bearer_auth(&self.token);
        read(request.body(data).send().await.expect("an answer")).await
    }

    /// The ids of a file's versions, the newest first.
    pub(crate) async fn versions(&self, file: &str) -> Vec<String> {
        let found = self.get(&format!("files/{file}/versions")).await;
        found["versions"].as_array().expect("a list").iter().map(|version| text(version, "id").to_owned()).collect()
    }

    pub(crate) async fn content_of(&self, file: &str) -> String {
        let answer = self.send(Method::GET, &format!("files/{file}/content"), None).await;
        assert_eq!(answer.status(), 200);
        answer.text().await.expect("a body")
    }

    pub(crate) async fn device(&self, id: &str) {
        let body = json!({"device_id": id, "device_name": id, "platform": "linux", "client_version": "1.2.3"});
        self.done(Method::POST, "sync/devices", Some(body), 201).await;
    }

    /// Everything below a share, sorted: folders as `/path/`, files as `/path=content`.
    pub(crate) async fn tree(&self, share: &str) -> Vec<String> {
        let (mut found, mut todo) = (Vec::new(), vec!["root".to_owned()]);
        while let Some(folder) = todo.pop() {
            let list = self.get(&format!("folders/{folder}/children?share_id={share}")).await;
            let above = text(&list, "path").trim_end_matches('/');
            for item in list["items"].as_array().expect("a list") {
                let (id, path) = (text(item, "id"), format!("{above}/{}", text(item, "name")));
                if item["type"] == "folder" {
                    todo.push(id.to_owned());
                    found.push(format!("{path}/"));
                } else {
                    found.push(format!("{path}={}", self.content_of(id).await));
                }
            }
        }
        found.sort();
        found
    }

    /// The position of now.
    pub(crate) async fn head(&self) -> u64 {
        self.get("sync/changes").await["cursor"].as_u64().expect("a cursor")
    }

    /// All changes of a share behind a position, as pages of that length.
    pub(crate) async fn changes(&self, share: &str, mut cursor: u64, limit: u64) -> Vec<Value> {
        let mut found = Vec::new();
        loop {
            let page = self.get(&format!("sync/changes?share_id={share}&cursor={cursor}&limit={limit}")).await;
            let rows = page["changes"].as_array().expect("a list");
            assert!(rows.len() as u64 <= limit, "{page}");
            found.extend(rows.iter().cloned());
            let next = page["cursor"].as_u64().expect("a cursor");
            assert!(next >= cursor, "a cursor never goes back: {page}");
            if page["has_more"] == false {
                return found;
            }
            assert!(next > cursor, "a cursor with more behind it moves: {page}");
            cursor = next;
        }
    }

    pub(crate) async fn apply(&self, body: Value) -> (u16, Value) {
        self.post("sync/apply", body).await
    }
}

pub(crate) fn form(share: &str, folder: Option<&str>, name: &str, content: &str) -> Form {
    let file = Part::bytes(content.as_bytes().to_vec()).file_name("local.bin");
    let form = Form::new().text("share_id", share.to_owned()).text("name", name.to_owned());
    let form = folder.into_iter().fold(form, |form, folder| form.text("folder_id", folder.to_owned()));
    form.part("file", file)
}

async fn read(answer: Response) -> (u16, Value) {
    let (status, bytes) = (answer.status().as_u16(), answer.bytes().await.expect("a body"));
    let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).expect("JSON") };
    (status, body)
}

#[track_caller]
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}"))
}

/// Status and code of an error in the documented envelope.
#[track_caller]
pub(crate) fn refused((status, body): (u16, Value)) -> (u16, String) {
    assert_eq!(body["status"], "error", "{body}");
    assert!(body["error"]["message"].as_str().is_some_and(|text| !text.is_empty()), "{body}");
    assert!(body["meta"]["request_id"].as_str().is_some_and(|id| id.starts_with("req_")), "{body}");
    (status, text(&body["error"], "code").to_owned())
}

/// Shows that an answer is an error of that status and code.
#[track_caller]
pub(crate) fn is(answer: (u16, Value), status: u16, code: &str) {
    assert_eq!(refused(answer), (status, code.to_owned()));
}
