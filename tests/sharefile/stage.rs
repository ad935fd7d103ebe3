//! The servers of a case: the API, and the storage host on another origin; what they answer, and what they saw.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;
use sharesync::http::HttpConfig;
use sharesync::sharefile::{Client, ClientBuilder, Items, ShareFileStore};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use super::fixtures::reconstructed;

/// The access token that the client of a stage has from the beginning.
pub(crate) const TOKEN: &str = "t0k3n";

type Answer = dyn Fn(&Seen) -> ResponseTemplate + Send + Sync;

/// A server that answers by a script or a function, and keeps what it saw.
pub(crate) struct Server {
    mock: MockServer,
    state: Arc<State>,
}

struct State {
    answer: RwLock<Arc<Answer>>,
    seen: Mutex<Vec<Seen>>,
}

/// What a server does with every request that reaches it.
struct Behaviour(Arc<State>);

impl Respond for Behaviour {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let seen = Seen::of(request);
        self.0.seen.lock().unwrap().push(seen.clone());
        let answer = self.0.answer.read().unwrap().clone();
        answer(&seen)
    }
}

impl Server {
    pub(crate) async fn start() -> Self {
        let mock = MockServer::builder().disable_request_recording().start().await;
        let state = Arc::new(State { answer: RwLock::new(Arc::new(|_| no_more())), seen: Mutex::default() });
        Mock::given(any()).respond_with(Behaviour(state.clone())).mount(&mock).await;
        Self { mock, state }
    }

    /// Where it is, without a slash at the end.
    pub(crate) fn uri(&self) -> String {
        self.mock.uri()
    }

    /// Answers in this order from now on; whoever asks for more is refused.
    pub(crate) fn script(&self, answers: impl IntoIterator<Item = ResponseTemplate>) {
        let answers = Mutex::new(answers.into_iter().collect::<VecDeque<_>>());
        self.by(move |_| answers.lock().unwrap().pop_front().unwrap_or_else(no_more));
    }

    /// Answers as a function of the request from now on.
    pub(crate) fn by(&self, answer: impl Fn(&Seen) -> ResponseTemplate + Send + Sync + 'static) {
        *self.state.answer.write().unwrap() = Arc::new(answer);
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.state.seen.lock().unwrap().clone()
    }

    /// How many requests there were so far.
    pub(crate) fn count(&self) -> usize {
        self.state.seen.lock().unwrap().len()
    }

    /// How many requests there are at the time of a call, for the answers of another server.
    pub(crate) fn counter(&self) -> impl Fn() -> usize + Send + Sync + 'static {
        let state = self.state.clone();
        move || state.seen.lock().unwrap().len()
    }

    /// The last request.
    pub(crate) fn last(&self) -> Seen {
        self.state.seen.lock().unwrap().last().cloned().expect("nothing was sent")
    }

    /// The requests so far, which are compared with lines.
    pub(crate) fn saw(&self, lines: &[&str]) -> Vec<Seen> {
        let seen = self.seen();
        let found: Vec<_> = seen.iter().map(Seen::line).collect();
        assert_eq!(found.len(), lines.len(), "{found:#?}");
        seen.iter().zip(lines).for_each(|(seen, line)| seen.check(line));
        seen
    }
}

fn no_more() -> ResponseTemplate {
    plain(418, "ERROR: the script has no more answers")
}

/// The servers of one case, and a client of the API.
pub(crate) struct Stage {
    pub(crate) api: Server,
    pub(crate) storage: Server,
    client: Client,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let (api, storage) = (Server::start().await, Server::start().await);
        let client = builder(&api).access_token(TOKEN).connect().await.unwrap();
        Self { api, storage, client }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn items(&self) -> Items {
        self.client.items()
    }

    pub(crate) fn store(&self) -> ShareFileStore {
        self.client.store()
    }

    /// Another client of the same servers, to be configured.
    pub(crate) fn builder(&self) -> ClientBuilder {
        builder(&self.api)
    }

    /// A reconstructed answer, with the addresses of this stage's servers in it.
    pub(crate) fn fixture(&self, name: &str) -> Value {
        let text = reconstructed(name).to_string();
        let text = text.replace("https://acct.sf-api.com", &self.api.uri());
        let text = text.replace("https://storage-ec2-34.sharefile.com", &self.storage.uri());
        serde_json::from_str(&text).unwrap()
    }

    /// The requests to the API so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.api.seen()
    }

    /// The last request to the API, which is compared with a line such as
    /// `GET /sf/v3/Items(fo1)/Children?includeDeleted=false`.
    pub(crate) fn sent(&self, line: &str) -> Seen {
        let last = self.api.last();
        last.check(line);
        last
    }

    /// What holds for every case: credentials go to the API, and nowhere else.
    pub(crate) fn check_credentials(&self) {
        for request in self.seen().iter().filter(|request| request.path.starts_with("/sf/")) {
            let bearer = request.header("authorization").unwrap_or_default();
            assert!(bearer.starts_with("Bearer ") && bearer.len() > 7, "{} without a token", request.line());
        }
        for request in self.storage.seen() {
            for name in ["authorization", "cookie", "proxy-authorization"] {
                assert_eq!(request.header(name), None, "{} with {name}", request.line());
            }
        }
    }
}

/// A client that retries without waiting for long.
fn builder(api: &Server) -> ClientBuilder {
    Client::builder_at(api.uri()).http_config(no_waiting())
}

/// Retries without waiting for long.
pub(crate) fn no_waiting() -> HttpConfig {
    HttpConfig::new()
        .with_backoff_base(Duration::from_millis(1))
        .with_backoff_cap(Duration::from_millis(2))
        .with_response_timeout(Duration::from_secs(20))
}

/// A JSON answer with status 200.
pub(crate) fn json(body: Value) -> ResponseTemplate {
    status(200, body)
}

/// A JSON answer.
pub(crate) fn status(status: u16, body: Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

/// An answer without a body.
pub(crate) fn empty(status: u16) -> ResponseTemplate {
    ResponseTemplate::new(status)
}

/// An answer of any text.
pub(crate) fn plain(status: u16, body: impl Into<String>) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw(body.into(), "text/plain")
}

/// A redirect by status.
pub(crate) fn redirect(status: u16, to: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).insert_header("location", to)
}

/// A request that a server received.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names and values, decoded, in order.
    pub(crate) query: Vec<(String, String)>,
    /// The query as it was on the wire.
    pub(crate) raw_query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Seen {
    pub(crate) fn of(request: &Request) -> Self {
        Self {
            method: request.method.to_string(),
            path: request.url.path().to_owned(),
            query: request.url.query_pairs().into_owned().collect(),
            raw_query: request.url.query().unwrap_or_default().to_owned(),
            headers: request.headers.clone(),
            body: request.body.clone().into(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"), "{}", self.line());
        serde_json::from_slice(&self.body).unwrap()
    }

    /// A parameter of the query; its name is compared as the service does, without regard to case.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn line(&self) -> String {
        let query: Vec<_> = self.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{} {}{mark}{}", self.method, self.path, query.join("&"))
    }

    /// The line without the OData options, for where it does not matter which fields were asked for.
    pub(crate) fn step(&self) -> String {
        let query = self.query.iter().filter(|(name, _)| !name.starts_with('$')).cloned().collect();
        Self { query, ..self.clone() }.line()
    }

    /// Compares method, path and query with a line. The order of parameters and the case of their names do not matter to
    /// the service, and the documents write them in several ways.
    pub(crate) fn check(&self, line: &str) {
        assert_eq!(normal(&self.line()), normal(line), "sent: {}", self.line());
    }
}

/// A line with its parameters sorted, their names in lower case.
fn normal(line: &str) -> (String, Vec<(String, String)>) {
    let (place, query) = line.split_once('?').unwrap_or((line, ""));
    let mut pairs: Vec<_> = query.split('&').filter(|pair| !pair.is_empty()).map(pair).collect();
    pairs.sort();
    (place.to_owned(), pairs)
}

/// A parameter as it stands in a line, its name in lower case.
pub(crate) fn pair(text: &str) -> (String, String) {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    (name.to_ascii_lowercase(), value.to_owned())
}
