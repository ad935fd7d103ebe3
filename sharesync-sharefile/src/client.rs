//! The client of one account: where its API is, and how requests to it are made.

use std::fmt;
use std::sync::Arc;

use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sharesync_core::http::{Body, Call, HttpConfig, JsonList, Pipeline, Repeat, Response, json_list};
use sharesync_core::{Error, ErrorKind, Result, ServiceClock};
use url::Url;

use crate::answer::{Answer, Head, Located, Reply, maintained};
use crate::auth::ClientBuilder;
use crate::model::{Feed, Item};
use crate::paging::option;
use crate::params::Params;
use crate::redirection;
use crate::store::{ShareFileStore, StoreOptions};
use crate::{AsyncOperations, Items, PROVIDER, Shares, Uploads};

/// What of an identifier may stand in a path as it is. Those of connectors hold `!`, `_` and `-`.
const ID: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'!').remove(b'~');

/// Where the entities of a feed are. None of them is larger than an item.
const FEED: JsonList = JsonList::at(&[&["value"]]).with_object_size(size_of::<Item>());

/// The client of one account. Clones share connections, tokens and pauses.
///
/// ```no_run
/// # async fn example() -> sharesync_core::Result<()> {
/// use sharesync_sharefile::{Client, Query};
///
/// let client = Client::builder("acct", "sharefile.com")
///     .client_id("…")
///     .client_secret("…")
///     .password("user@example.com", "…")
///     .connect()
///     .await?;
/// let home = client.items().home(&Query::new()).await?;
/// let first = client.items().children(home.id()?, &Query::new().select(["Id", "Name"]).top(100)).await?;
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
    /// Begins the configuration of a client for an account: its subdomain, and the control plane of the application that
    /// it is on, such as `sharefile.com`, `sharefile.eu` or `securevdr.com`.
    pub fn builder(subdomain: impl Into<String>, control_plane: impl Into<String>) -> ClientBuilder {
        ClientBuilder::of_account(subdomain.into(), control_plane.into())
    }

    /// Begins the configuration of a client for a server at an address, such as that of an emulator or a proxy. The API
    /// is expected at `/sf/v3/` below it, the token endpoint at `/oauth/token`.
    pub fn builder_at(endpoint: impl Into<String>) -> ClientBuilder {
        ClientBuilder::of_endpoint(endpoint.into())
    }

    pub(crate) fn new(pipeline: Pipeline, base: Url) -> Self {
        let port = base.port().map(|port| format!(":{port}")).unwrap_or_default();
        let account = format!("{}{port}", base.host_str().unwrap_or_default());
        Self(Arc::new(Inner { pipeline, base, account }))
    }

    /// Files, folders and all that is done with them.
    pub fn items(&self) -> Items {
        Items::new(self.clone())
    }

    /// Links to get items, and links to put files into a folder.
    pub fn shares(&self) -> Shares {
        Shares::new(self.clone())
    }

    /// Work that the service does after it has answered.
    pub fn async_operations(&self) -> AsyncOperations {
        AsyncOperations::new(self.clone())
    }

    /// Sending content to where an upload specification says.
    pub fn uploads(&self) -> Uploads {
        Uploads::new(self.clone())
    }

    /// The account as a store, with the user's home folder as its root.
    pub fn store(&self) -> ShareFileStore {
        self.store_with(StoreOptions::new())
    }

    /// The account as a store, with this folder as its root.
    pub fn store_in(&self, folder_id: impl Into<String>) -> ShareFileStore {
        self.store_with(StoreOptions::new().with_root(folder_id))
    }

    /// The account as a store.
    pub fn store_with(&self, options: StoreOptions) -> ShareFileStore {
        ShareFileStore::new(self.clone(), options)
    }

    /// The host of the API, as a name for the account.
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

    /// The clock of the service, as its responses tell it.
    pub fn clock(&self) -> &ServiceClock {
        self.0.pipeline.clock()
    }

    /// Begins a request to the API.
    pub(crate) fn request(&self, operation: &'static str, place: Place) -> Request<'_> {
        Request { client: self, operation, place, params: Params::new(), body: None, repeat: None }
    }

    /// Sends a request and reads its answer, wherever the service sends the client for it.
    pub(crate) async fn read<T: Answer>(&self, call: Call) -> Result<T> {
        let limit = self.http_config().max_answer;
        self.follow(call, move |response| async move {
            let head = Head::of(&response)?;
            Reply::read(head, &response.bytes(limit).await?)
        })
        .await
    }

    /// As [`read`](Self::read), of a feed, which is decoded as it arrives. More entities than `$top` are refused.
    pub(crate) async fn read_feed<T>(&self, call: Call) -> Result<Located<Feed<T>>>
    where
        T: DeserializeOwned + Send,
    {
        let limit = self.http_config().max_list;
        self.follow(call, move |response| async move {
            let head = Head::of(&response)?;
            let list = FEED.asked(option(&head.url, "$top"));
            let (entities, beside) = json_list(response.into_stream(), list, limit).await?;
            let mut reply = Reply::<Located<Feed<T>>>::read(head, &beside)?;
            if let Reply::Value(feed) = &mut reply {
                feed.value.value = entities;
            }
            Ok(reply)
        })
        .await
    }

    /// Sends a request to wherever the service directs it.
    async fn follow<T, F, D>(&self, mut call: Call, read: F) -> Result<T>
    where
        T: Send,
        F: Fn(Response) -> D + Send + Sync,
        D: Future<Output = Result<Reply<T>>> + Send,
    {
        let describe = call.clone();
        for _ in 0..redirection::MOST {
            match self.0.pipeline.run(call, &read).await.map_err(maintained)? {
                Reply::Value(value) => return Ok(value),
                Reply::Elsewhere(target, from) => {
                    call = redirection::follow(&describe, *target, &from, &self.0.base)?;
                }
            }
        }
        let message = format!("more than {} redirections", redirection::MOST);
        Err(redirection::failure(&describe, ErrorKind::Protocol, message))
    }

    /// Sends a request and reads the body of its answer by a function, again where an attempt is repeated.
    pub(crate) async fn decode<T: Send>(&self, call: Call, decode: fn(&Head, &[u8]) -> Result<T>) -> Result<T> {
        let limit = self.http_config().max_answer;
        let read = |response: Response| async move {
            let head = Head::of(&response)?;
            decode(&head, &response.bytes(limit).await?)
        };
        self.0.pipeline.run(call, read).await.map_err(maintained)
    }

    /// Sends a request and returns as soon as the head of the answer is there.
    pub(crate) async fn open(&self, call: Call) -> Result<Response> {
        self.0.pipeline.send(call).await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("account", &self.0.account).finish_non_exhaustive()
    }
}

/// Where an operation is, below the address of the API.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    path: String,
    subject: Option<String>,
    complete: bool,
}

impl Place {
    /// An entity set, such as `Items`.
    pub(crate) fn set(entity: &str) -> Self {
        Self { path: entity.to_owned(), subject: None, complete: true }
    }

    /// An entity, such as `Items(id)`. Identifiers are not quoted.
    pub(crate) fn entity(entity: &str, id: &str) -> Self {
        let path = format!("{entity}({})", utf8_percent_encode(id, ID));
        Self { path, subject: Some(id.to_owned()), complete: !id.is_empty() }
    }

    /// What is below it, such as `Items(id)/Children`.
    pub(crate) fn then(mut self, next: &str) -> Self {
        self.path.extend(["/", next]);
        self
    }

    /// Something else to name in errors than the identifier.
    pub(crate) fn about(mut self, subject: impl fmt::Display) -> Self {
        self.subject = Some(subject.to_string());
        self
    }
}

/// A request to the API on its way.
pub(crate) struct Request<'a> {
    client: &'a Client,
    operation: &'static str,
    place: Place,
    params: Params,
    body: Option<Result<Body, serde_json::Error>>,
    repeat: Option<Repeat>,
}

impl Request<'_> {
    pub(crate) fn params(mut self, params: impl Into<Params>) -> Self {
        self.params = self.params.and(params);
        self
    }

    pub(crate) fn json(mut self, body: &impl Serialize) -> Self {
        self.body = Some(serde_json::to_vec(body).map(Body::from));
        self
    }

    /// Says whether it may be sent again, where the method does not.
    pub(crate) fn repeat(mut self, repeat: Repeat) -> Self {
        self.repeat = Some(repeat);
        self
    }

    pub(crate) async fn get<T: Answer>(self) -> Result<T> {
        self.send(Method::GET).await
    }

    /// Gets a feed.
    pub(crate) async fn feed<T: DeserializeOwned + Send>(self) -> Result<Feed<T>> {
        let client = self.client;
        client.read_feed(self.into_call(Method::GET)?).await.map(|feed| feed.value)
    }

    pub(crate) async fn post<T: Answer>(self) -> Result<T> {
        self.send(Method::POST).await
    }

    pub(crate) async fn patch<T: Answer>(self) -> Result<T> {
        // The same state again: an update says what is to be, not what is to be done.
        self.repeat(Repeat::Idempotent).send(Method::PATCH).await
    }

    pub(crate) async fn delete<T: Answer>(self) -> Result<T> {
        self.send(Method::DELETE).await
    }

    async fn send<T: Answer>(self, method: Method) -> Result<T> {
        let client = self.client;
        client.read(self.into_call(method)?).await
    }

    /// The request as the pipeline takes it.
    pub(crate) fn into_call(self, method: Method) -> Result<Call> {
        let refused =
            |why| Error::new(ErrorKind::InvalidInput, why).with_provider(PROVIDER).with_operation(self.operation);
        if !self.place.complete {
            return Err(refused("an identifier is empty"));
        }
        let mut url =
            self.client.0.base.join(&self.place.path).map_err(|_| refused("an identifier fits into no address"))?;
        self.params.append_to(&mut url);
        let mut call = Call::new(self.operation, method, url);
        if let Some(subject) = self.place.subject {
            call = call.subject(subject);
        }
        if let Some(body) = self.body {
            let body = body.map_err(|_| refused("the request cannot be written as JSON"))?;
            call = call.body(body).header(http::header::CONTENT_TYPE, "application/json");
        }
        if let Some(repeat) = self.repeat {
            call = call.repeat(repeat);
        }
        Ok(call)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_cannot_leave_their_parentheses() {
        let cases = [
            ("fo1-2", "Items(fo1-2)"),
            ("c!_-x", "Items(c!_-x)"),
            ("a/../b", "Items(a%2F..%2Fb)"),
            ("x)?y=(", "Items(x%29%3Fy%3D%28)"),
        ];
        for (id, path) in cases {
            assert_eq!(Place::entity("Items", id).path, path);
        }
    }
}
