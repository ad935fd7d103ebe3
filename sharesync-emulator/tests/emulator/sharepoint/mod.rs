//! The SharePoint face, by a client that knows only the documents.

mod changes;
mod chunks;
mod discovery;
mod feed;
mod files;
mod folders;
mod ntlm;
mod restart;
mod sharing;
mod sign_in;
mod writing;

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use sharesync_emulator::{Builder, Emulator};

pub(crate) const OTHER: (&str, &str) = ("other.user@example.com", "other-password");
pub(crate) const VERBOSE: &str = "application/json;odata=verbose";
pub(crate) const PLAIN: &str = "application/json;odata=nometadata";

/// An emulator with two users, and the client of the first, signed in by bearer.
pub(crate) struct Stage {
    pub(crate) emulator: Emulator,
    pub(crate) http: reqwest::Client,
    /// The path of the first user's site.
    pub(crate) site: String,
}

impl Stage {
    pub(crate) async fn start() -> Self {
        Self::with(Emulator::builder()).await
    }

    pub(crate) async fn with(builder: Builder) -> Self {
        let builder = builder.user("first.user@example.com", "first-password").user(OTHER.0, OTHER.1);
        let emulator = builder.start().await.expect("the emulator starts");
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        let site =
            emulator.sharepoint().site().strip_prefix(emulator.sharepoint().endpoint()).expect("a path").to_owned();
        Self { emulator, http, site }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        match path.strip_prefix('/') {
            _ if path.starts_with("http") => path.to_owned(),
            Some(_) => format!("{}{path}", self.emulator.base_url()),
            None => format!("{}{}/{path}", self.emulator.base_url(), self.site),
        }
    }

    /// A request, signed in by bearer.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.url(path)).bearer_auth(self.emulator.sharepoint().access_token())
    }

    /// GET as JSON without metadata, which must succeed.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.request(Method::GET, path).header("accept", PLAIN).send().await.expect("an answer");
        json_of(answer, 200).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let request = self.request(Method::POST, path).header("accept", PLAIN).header("content-type", PLAIN);
        let answer = request.body(body.to_string()).send().await.expect("an answer");
        status_and_json(answer).await
    }

    /// The path of something in the library, from the server's root on.
    pub(crate) fn path(&self, path: &str) -> String {
        let slash = if path.is_empty() { "" } else { "/" };
        format!("{}/Documents{slash}{path}", self.site)
    }

    /// The file at a path in the library, quotes doubled and all of it encoded.
    pub(crate) fn file(&self, path: &str) -> String {
        format!("_api/web/GetFileByServerRelativePath(decodedUrl='{}')", encoded(&self.path(path)))
    }

    pub(crate) fn folder(&self, path: &str) -> String {
        format!("_api/web/GetFolderByServerRelativePath(decodedUrl='{}')", encoded(&self.path(path)))
    }

    /// Uploads a file in one piece.
    pub(crate) async fn upload(&self, folder: &str, name: &str, content: impl Into<reqwest::Body>) -> Value {
        let path = format!("{}/Files/AddUsingPath(decodedurl='{}',overwrite=true)", self.folder(folder), encoded(name));
        let answer =
            self.request(Method::POST, &path).header("accept", PLAIN).body(content).send().await.expect("an answer");
        json_of(answer, 200).await
    }

    pub(crate) async fn make_folder(&self, path: &str) -> Value {
        let (status, folder) = self.post("_api/web/folders", json!({"ServerRelativeUrl": self.path(path)})).await;
        assert_eq!(status, 200, "{folder}");
        folder
    }

    pub(crate) async fn read(&self, path: &str) -> String {
        let answer = self.request(Method::GET, &format!("{}/$value", self.file(path))).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        answer.text().await.expect("a body")
    }

    pub(crate) async fn names(&self, path: &str) -> Vec<String> {
        values(&self.get(path).await).iter().map(|item| text(item, "Name").to_owned()).collect()
    }

    /// A tunnelled verb.
    pub(crate) async fn tunnel(&self, verb: &str, path: &str, etag: Option<&str>, body: Option<Value>) -> (u16, Value) {
        let mut request = self.request(Method::POST, path).header("accept", PLAIN).header("x-http-method", verb);
        if let Some(etag) = etag {
            request = request.header("if-match", etag);
        }
        if let Some(body) = body {
            request = request.header("content-type", PLAIN).body(body.to_string());
        }
        status_and_json(request.send().await.expect("an answer")).await
    }

    pub(crate) async fn library(&self) -> String {
        text(&self.get("_api/web/DefaultDocumentLibrary/ID").await, "value").to_owned()
    }

    /// The address below the sync service of the library.
    pub(crate) async fn sync(&self, rest: &str) -> String {
        format!("_api/SPFileSync/sync/{}/{rest}", self.library().await.replace('-', ""))
    }
}

/// Quotes doubled, everything percent-encoded.
pub(crate) fn encoded(text: &str) -> String {
    let double = text.replace('\'', "''");
    double
        .bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || byte == b'/' {
                (byte as char).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

pub(crate) async fn status_and_json(answer: Response) -> (u16, Value) {
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

#[track_caller]
pub(crate) fn json_of(answer: Response, wanted: u16) -> impl Future<Output = Value> {
    let place = std::panic::Location::caller();
    async move {
        let (status, url) = (answer.status(), answer.url().clone());
        let text = answer.text().await.expect("a body");
        assert_eq!(status, wanted, "{url} at {place}: {text}");
        serde_json::from_str(&text).expect("JSON")
    }
}

pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}"))
}

pub(crate) fn values(feed: &Value) -> &Vec<Value> {
    feed["value"].as_array().unwrap_or_else(|| panic!("a feed: {feed}"))
}

/// The code of an error without metadata, its words left out.
#[track_caller]
pub(crate) fn refused((status, body): (u16, Value)) -> (u16, String) {
    let code = body["odata.error"]["code"].as_str().unwrap_or_else(|| panic!("an error: {body}"));
    assert!(body["odata.error"]["message"]["value"].as_str().is_some_and(|text| !text.is_empty()), "{body}");
    (status, code.split(',').next().unwrap_or_default().to_owned())
}

pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The texts of all elements of that name, in their order.
pub(crate) fn all(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let parts = xml.split(&open).skip(1).map(|rest| rest.split(&close).next().unwrap_or_default());
    parts
        .map(|text| text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
        .collect()
}
