//! A server for replay suites: it answers by a function and keeps what it really received.

use std::sync::{Arc, RwLock};

use http::HeaderMap;
use serde_json::Value;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

type Answer = dyn Fn(&Seen) -> ResponseTemplate + Send + Sync;

/// A server that answers by a function, and keeps what it saw.
pub(crate) struct Server {
    mock: MockServer,
    answer: Arc<RwLock<Arc<Answer>>>,
}

impl Server {
    /// A server that has no answers yet.
    pub(crate) async fn start() -> Self {
        struct By(Arc<RwLock<Arc<Answer>>>);
        impl Respond for By {
            fn respond(&self, request: &Request) -> ResponseTemplate {
                let answer = self.0.read().unwrap().clone();
                answer(&Seen::of(request))
            }
        }
        let mock = MockServer::start().await;
        let answer: Arc<RwLock<Arc<Answer>>> = Arc::new(RwLock::new(Arc::new(|_| empty(418))));
        Mock::given(any()).respond_with(By(answer.clone())).mount(&mock).await;
        Self { mock, answer }
    }

    /// Where it is, without a slash at the end.
    pub(crate) fn uri(&self) -> String {
        self.mock.uri()
    }

    /// Answers as a function of the request from now on.
    pub(crate) fn by(&self, answer: impl Fn(&Seen) -> ResponseTemplate + Send + Sync + 'static) {
        *self.answer.write().unwrap() = Arc::new(answer);
    }

    /// The requests so far.
    pub(crate) async fn seen(&self) -> Vec<Seen> {
        self.mock.received_requests().await.unwrap().iter().map(Seen::of).collect()
    }

    /// The requests so far, as lines.
    pub(crate) async fn lines(&self) -> Vec<String> {
        self.seen().await.iter().map(Seen::line).collect()
    }
}

/// A JSON answer.
pub(crate) fn json(status: u16, body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

/// An answer without a body.
pub(crate) fn empty(status: u16) -> ResponseTemplate {
    ResponseTemplate::new(status)
}

/// A request that a server received.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// As it was on the wire, without the query.
    pub(crate) path: String,
    /// Names and values, decoded, in order.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    fn of(request: &Request) -> Self {
        Self {
            method: request.method.to_string(),
            path: request.url.path().to_owned(),
            query: request.url.query_pairs().into_owned().collect(),
            headers: request.headers.clone(),
            body: request.body.clone(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON; `null` when there is none.
    pub(crate) fn json(&self) -> Value {
        if self.body.is_empty() {
            return Value::Null;
        }
        assert_eq!(self.header("content-type"), Some("application/json"), "{}", self.line());
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// Method and path.
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}
