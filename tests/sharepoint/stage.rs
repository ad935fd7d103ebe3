//! A site behind a server that answers by a function, and a client of it.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use http::HeaderMap;
use serde_json::{Value, json};
use sharesync::http::HttpConfig;
use sharesync::sharepoint::model::Guid;
use sharesync::sharepoint::{Auth, Client, Dialect, SharePointStore, StoreOptions};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

pub(crate) const ALIAS: &str = "alice";
pub(crate) const TOKEN: &str = "t0k3n";
pub(crate) const LIBRARY: &str = "be100e28-dd1c-4f2f-8e83-acdb6fffff05";
pub(crate) const ROOT: &str = "f0ce10df-1111-2222-3333-44445555666f";
pub(crate) const FILE: &str = "eb99ad0e-96e6-4d1f-b354-7dff4fddbfa0";
/// The path of the library's root folder on the server.
pub(crate) const ROOT_PATH: &str = "/personal/alice/Documents";

pub(crate) fn simple(id: &str) -> String {
    id.replace('-', "")
}

pub(crate) fn guid(id: &str) -> Guid {
    id.parse().unwrap()
}

/// A request that the server received.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// Path and query as they were on the wire.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    fn of(request: &Request) -> Self {
        let query = request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        Self {
            method: request.method.to_string(),
            target: format!("{}{query}", request.url.path()),
            headers: request.headers.clone(),
            body: request.body.clone(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Method, path and query.
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }

    /// What follows the address of the site.
    pub(crate) fn below(&self) -> &str {
        self.target.strip_prefix(&format!("/personal/{ALIAS}/")).unwrap_or(&self.target)
    }

    /// Whether it reads the change feed.
    pub(crate) fn is_feed(&self) -> bool {
        self.target.contains("Filter=changes")
    }

    /// The token of a feed request, as it was on the wire.
    pub(crate) fn token(&self) -> Option<&str> {
        self.target.split('&').find_map(|part| part.strip_prefix("SyncToken="))
    }
}

type Answer = dyn Fn(&Seen) -> ResponseTemplate + Send + Sync;

/// A farm with one personal site.
pub(crate) struct Farm {
    mock: MockServer,
    answer: Arc<RwLock<Arc<Answer>>>,
}

impl Farm {
    /// A farm that answers by a function.
    pub(crate) async fn start(answer: impl Fn(&Seen) -> ResponseTemplate + Send + Sync + 'static) -> Self {
        struct By(Arc<RwLock<Arc<Answer>>>);
        impl Respond for By {
            fn respond(&self, request: &Request) -> ResponseTemplate {
                let answer = self.0.read().unwrap().clone();
                answer(&Seen::of(request))
            }
        }
        let mock = MockServer::start().await;
        let answer: Arc<RwLock<Arc<Answer>>> = Arc::new(RwLock::new(Arc::new(answer)));
        Mock::given(any()).respond_with(By(answer.clone())).mount(&mock).await;
        Self { mock, answer }
    }

    /// A farm whose site can be opened as a store; what else is asked is answered by a function.
    pub(crate) async fn with_store(answer: impl Fn(&Seen) -> ResponseTemplate + Send + Sync + 'static) -> Self {
        Self::start(move |seen| opening(seen, true).unwrap_or_else(|| answer(seen))).await
    }

    /// The same without a sync service.
    pub(crate) async fn without_sync(answer: impl Fn(&Seen) -> ResponseTemplate + Send + Sync + 'static) -> Self {
        Self::start(move |seen| opening(seen, false).unwrap_or_else(|| answer(seen))).await
    }

    /// Answers as a function of the request from now on.
    pub(crate) fn by(&self, answer: impl Fn(&Seen) -> ResponseTemplate + Send + Sync + 'static) {
        *self.answer.write().unwrap() = Arc::new(answer);
    }

    pub(crate) fn site(&self) -> String {
        format!("{}/personal/{ALIAS}", self.mock.uri())
    }

    /// A client that retries without waiting for long.
    pub(crate) async fn client(&self) -> Client {
        self.client_with(Dialect::new()).await
    }

    pub(crate) async fn client_with(&self, dialect: Dialect) -> Client {
        let config = HttpConfig::new()
            .with_backoff_base(Duration::from_millis(1))
            .with_backoff_cap(Duration::from_millis(2))
            .with_response_timeout(Duration::from_secs(20));
        let builder = Client::builder(self.site()).auth(Auth::bearer(TOKEN)).dialect(dialect).http_config(config);
        builder.connect().await.unwrap()
    }

    pub(crate) async fn store(&self) -> SharePointStore {
        self.store_with(StoreOptions::new()).await
    }

    pub(crate) async fn store_with(&self, options: StoreOptions) -> SharePointStore {
        self.client().await.store_with(options).await.unwrap()
    }

    /// The requests so far.
    pub(crate) async fn seen(&self) -> Vec<Seen> {
        self.mock.received_requests().await.unwrap().iter().map(Seen::of).collect()
    }
}

/// The answers that a store needs to be opened, and that tell it later that the library is there.
pub(crate) fn opening(seen: &Seen, has_sync: bool) -> Option<ResponseTemplate> {
    let below = seen.below();
    let lists = format!("_api/web/lists(guid'{LIBRARY}')");
    if below == "_api/web/DefaultDocumentLibrary/ID" {
        Some(json_answer(200, &json!({"d": {"Id": LIBRARY}})))
    } else if below.starts_with(&format!("{lists}/RootFolder")) {
        Some(json_answer(200, &json!({"d": folder(ROOT, "Documents", ROOT_PATH)})))
    } else if below.starts_with(&format!("{lists}?")) {
        let token = json!({"StringValue": "1;3;x;1;-1"});
        Some(json_answer(200, &json!({"d": {"Id": LIBRARY, "Title": "Documents", "CurrentChangeToken": token}})))
    } else if below == format!("_api/SPFileSync/sync/{}/RootFolder", simple(LIBRARY)) {
        Some(if has_sync { xml(&super::fixtures::inferred("root.xml")) } else { empty(404) })
    } else {
        None
    }
}

/// A folder as the REST service describes it.
pub(crate) fn folder(id: &str, name: &str, path: &str) -> Value {
    json!({"UniqueId": id, "Name": name, "Exists": true, "ServerRelativeUrl": path,
        "ServerRelativePath": {"DecodedUrl": path}, "TimeCreated": "2020-01-01T00:00:00Z"})
}

/// A file as the REST service describes it.
pub(crate) fn file(id: &str, name: &str, path: &str, version: u32, length: usize) -> Value {
    let tag = format!("\"{{{}}},{version}\"", id.to_uppercase());
    json!({"UniqueId": id, "Name": name, "Exists": true, "ServerRelativeUrl": path, "Length": length.to_string(),
        "ServerRelativePath": {"DecodedUrl": path}, "ETag": tag, "TimeCreated": "2020-01-01T00:00:00Z"})
}

pub(crate) fn json_answer(status: u16, body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw(body.to_string(), "application/json;odata=verbose;charset=utf-8")
}

pub(crate) fn xml(body: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(body.to_owned(), "Application/Web3s+xml")
}

/// An answer of the farm without a body, with the header that the farm puts on whatever it answers.
pub(crate) fn empty(status: u16) -> ResponseTemplate {
    ResponseTemplate::new(status).insert_header("SPRequestGuid", "5ab1b6a0-c0de-4000-8000-000000000001")
}

/// An error in the form of OData.
pub(crate) fn error(status: u16, code: &str, message: &str) -> ResponseTemplate {
    json_answer(status, &json!({"error": {"code": code, "message": {"lang": "en-US", "value": message}}}))
}
