//! The client of one account: where its API is, and how requests to it are made.

use std::fmt;
use std::sync::Arc;

use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sharesync_core::http::{Call, HttpConfig, Pipeline, Repeat, decode_json};
use sharesync_core::{Error, ErrorKind, Result};
use url::Url;

use crate::auth::ClientBuilder;
use crate::store::{CursorStore, StoreOptions};
use crate::{Devices, ExternalLinks, Files, Folders, Live, PROVIDER, Server, Shares, Sync, Uploads, Users};

/// What of an identifier may stand in a path as it is.
const ID: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The client of one account. Clones share connections, tokens and pauses.
///
/// ```no_run
/// # async fn example() -> sharesync_core::Result<()> {
/// use sharesync_cursor::{ChangeQuery, Client};
///
/// let client = Client::builder("https://drive.example.com").access_token("…").connect().await?;
/// let page = client.sync().changes(&ChangeQuery::new().with_share_id("shr_1")).await?;
/// for change in page.changes {
///     println!("{:?} {:?}", change.change_type, change.new_path);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    pipeline: Pipeline,
    /// The address that operations are below; it ends with a slash.
    base: Url,
    account: String,
}

impl Client {
    /// Begins the configuration of a client of a server, such as `https://drive.example.com`. The API is expected at
    /// `/api/v1/` below it.
    pub fn builder(endpoint: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(endpoint.into())
    }

    pub(crate) fn new(pipeline: Pipeline, base: Url) -> Self {
        let port = base.port().map(|port| format!(":{port}")).unwrap_or_default();
        let account = format!("{}{port}", base.host_str().unwrap_or_default());
        Self(Arc::new(Inner { pipeline, base, account }))
    }

    /// Changes, positions, conflicts.
    pub fn sync(&self) -> Sync {
        Sync::new(self)
    }

    /// The user's devices and what they synchronize.
    pub fn devices(&self) -> Devices {
        Devices::new(self)
    }

    /// The live socket.
    pub fn live(&self) -> Live {
        Live::new(self)
    }

    /// Files.
    pub fn files(&self) -> Files {
        Files::new(self)
    }

    /// Folders.
    pub fn folders(&self) -> Folders {
        Folders::new(self)
    }

    /// Upload sessions.
    pub fn uploads(&self) -> Uploads {
        Uploads::new(self)
    }

    /// Shares: the trees that files and folders are in.
    pub fn shares(&self) -> Shares {
        Shares::new(self)
    }

    /// Links for people without an account.
    pub fn links(&self) -> ExternalLinks {
        ExternalLinks::new(self)
    }

    /// The user who is signed in.
    pub fn users(&self) -> Users {
        Users::new(self)
    }

    /// What the server says of itself.
    pub fn server(&self) -> Server {
        Server::new(self)
    }

    /// A share as a store.
    pub fn store(&self, share_id: impl Into<String>) -> CursorStore {
        self.store_with(StoreOptions::new(share_id))
    }

    /// A share as a store.
    pub fn store_with(&self, options: StoreOptions) -> CursorStore {
        CursorStore::new(self.clone(), options)
    }

    /// The host of the API: a name for the account.
    pub fn account(&self) -> &str {
        &self.0.account
    }

    /// The address that the API's operations are below; it ends with a slash.
    pub fn base_url(&self) -> &Url {
        &self.0.base
    }

    /// The limits of requests.
    pub fn http_config(&self) -> &HttpConfig {
        self.0.pipeline.config()
    }

    pub(crate) fn pipeline(&self) -> &Pipeline {
        &self.0.pipeline
    }

    /// Begins a request. `path` is that of the document below `/api/v1/`, with `{}` for each of the identifiers.
    pub(crate) fn request(&self, operation: &'static str, path: &'static str, ids: &[&str]) -> Request<'_> {
        Request {
            client: self,
            operation,
            subject: ids.last().map(|id| (*id).to_owned()),
            path: fill(path, ids),
            query: Map::new(),
            body: None,
            repeat: None,
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("account", &self.0.account).finish_non_exhaustive()
    }
}

/// Puts identifiers into a path; `None` for one that would lead elsewhere.
fn fill(path: &str, ids: &[&str]) -> Option<String> {
    ids.iter().try_fold(path.to_owned(), |path, id| {
        let leads_elsewhere = matches!(*id, "" | "." | "..");
        (!leads_elsewhere).then(|| path.replacen("{}", &utf8_percent_encode(id, ID).to_string(), 1))
    })
}

/// Defines a resource: what its operations are called on.
macro_rules! resource {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name(pub(crate) $crate::Client);

        impl $name {
            pub(crate) fn new(client: &$crate::Client) -> Self {
                Self(client.clone())
            }
        }
    };
}
pub(crate) use resource;

/// A request to the API on its way.
pub(crate) struct Request<'a> {
    client: &'a Client,
    operation: &'static str,
    subject: Option<String>,
    path: Option<String>,
    query: Map<String, Value>,
    body: Option<Result<Vec<u8>, serde_json::Error>>,
    repeat: Option<Repeat>,
}

impl Request<'_> {
    /// Adds a parameter to the query.
    pub(crate) fn param(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.query.insert(name.to_owned(), value.into());
        self
    }

    /// Adds what is set of an entity to the query.
    pub(crate) fn query(mut self, entity: &impl Serialize) -> Self {
        match serde_json::to_value(entity) {
            Ok(Value::Object(fields)) => self.query.extend(fields),
            _ => self.path = None,
        }
        self
    }

    /// Sets the body.
    pub(crate) fn body(mut self, body: &impl Serialize) -> Self {
        self.body = Some(serde_json::to_vec(body));
        self
    }

    /// Names what the request is about, where it is not the last identifier.
    pub(crate) fn about(mut self, subject: Option<&str>) -> Self {
        self.subject = subject.map(str::to_owned).or(self.subject);
        self
    }

    /// Says whether it may be sent again, where the method does not.
    pub(crate) fn repeat(mut self, repeat: Repeat) -> Self {
        self.repeat = Some(repeat);
        self
    }

    /// Sends it and decodes the answer.
    pub(crate) async fn json<T: DeserializeOwned + Send>(self, method: Method) -> Result<T> {
        self.client.pipeline().json(self.into_call(method)?).await
    }

    /// Sends it and decodes the answer, if there is one: for operations of which the status alone is documented, or not
    /// even that.
    pub(crate) async fn maybe_json<T: DeserializeOwned + Send>(self, method: Method) -> Result<Option<T>> {
        let client = self.client;
        let call = self.into_call(method)?;
        let body = client.pipeline().bytes(call.clone()).await?;
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(None);
        }
        decode_json(&body).map_err(|error| call.describe(error).with_provider(PROVIDER))
    }

    /// Sends it and decodes a list, which may be the field `name` of an object.
    pub(crate) async fn list<T: DeserializeOwned + Send>(self, method: Method, name: &'static str) -> Result<Vec<T>> {
        let client = self.client;
        let call = self.into_call(method)?;
        let value: Value = client.pipeline().json(call.clone()).await?;
        crate::model::wire::list(value, name).map_err(|_| {
            let message = format!("neither a list nor an object with the list `{name}`, or entries that do not fit");
            call.describe(Error::new(ErrorKind::Protocol, message)).with_provider(PROVIDER)
        })
    }

    /// Sends it; the answer has no body that says anything.
    pub(crate) async fn done(self, method: Method) -> Result<()> {
        self.client.pipeline().bytes(self.into_call(method)?).await.map(drop)
    }

    /// The request as the pipeline takes it.
    pub(crate) fn into_call(self, method: Method) -> Result<Call> {
        let refused =
            |why| Error::new(ErrorKind::InvalidInput, why).with_provider(PROVIDER).with_operation(self.operation);
        let path = self.path.ok_or_else(|| refused("an identifier fits into no address"))?;
        let mut url = self.client.base_url().join(&path).map_err(|_| refused("an identifier fits into no address"))?;
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(self.query.iter().map(|(name, value)| (name, text(value))));
        }
        let mut call = Call::new(self.operation, method, url);
        if let Some(subject) = self.subject {
            call = call.subject(subject);
        }
        if let Some(body) = self.body {
            let body = body.map_err(|_| refused("the request cannot be written as JSON"))?;
            call = call.body(body).header(http::header::CONTENT_TYPE, "application/json");
        }
        Ok(match self.repeat {
            Some(repeat) => call.repeat(repeat),
            None => call,
        })
    }
}

/// A value as it stands in a query.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_cannot_leave_their_place() {
        let cases = [
            ("dev_1", "sync/devices/dev_1/preferences/s"),
            ("a/../b", "sync/devices/a%2F..%2Fb/preferences/s"),
            ("x?y=#z", "sync/devices/x%3Fy%3D%23z/preferences/s"),
            ("{}", "sync/devices/%7B%7D/preferences/s"),
        ];
        for (id, path) in cases {
            assert_eq!(fill("sync/devices/{}/preferences/{}", &[id, "s"]).as_deref(), Some(path));
        }
        for id in ["", ".", ".."] {
            assert_eq!(fill("files/{}", &[id]), None, "{id:?}");
        }
    }
}
