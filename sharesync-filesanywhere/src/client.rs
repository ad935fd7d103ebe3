//! The client of one account: where its services are, and how an operation is carried out.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt as _;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use sharesync_core::http::{Call, HttpConfig, Pipeline, Response};
use sharesync_core::{Attempted as _, Error, ErrorKind, Result, ServiceClock};
use tokio::sync::Mutex;
use url::Url;

use crate::auth::{ClientBuilder, Session};
use crate::error;
use crate::files::{Downloads, Files, FolderKeys, GroupShares, Items, Links, Uploads};
use crate::soap::{
    Answer, NoRows, Op, Outcome, Record, Request, Row, Service, SoapVersion, Streamed, Tree, envelope, open,
};
use crate::store::{FilesAnywhereStore, StoreOptions};
use crate::sync::SyncApi;

/// The client of one account. Clones share connections, sessions and pauses.
///
/// ```no_run
/// # async fn example() -> sharesync_core::Result<()> {
/// use sharesync_filesanywhere::Client;
///
/// let client = Client::builder("api-key", 50).password("jane", "…").connect().await?;
/// let mut items = client.items().list(r"\jane", 200, 1).await?;
/// while let Some(rows) = items.next().await? {
///     for item in rows {
///         println!("{:?} {:?}", item.name, item.size);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    pipeline: Pipeline,
    version: SoapVersion,
    sync: Endpoint,
    files: Endpoint,
    api_key: String,
    user: String,
    /// The account has one clipboard.
    clipboard: Mutex<()>,
}

/// A service: its address, and the session there. A token is not known to hold at both.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) url: Url,
    pub(crate) session: Session,
}

impl Client {
    /// Begins the configuration of a client: the developer key, and the number of the organisation (0 for an account of
    /// FilesAnywhere Web, 50 for WebAdvanced, a number of its own for a private site).
    pub fn builder(api_key: impl Into<String>, org_id: i64) -> ClientBuilder {
        ClientBuilder::new(api_key.into(), org_id)
    }

    pub(crate) fn new(
        pipeline: Pipeline,
        version: SoapVersion,
        sync: Endpoint,
        files: Endpoint,
        api_key: String,
        user: String,
    ) -> Self {
        Self(Arc::new(Inner { pipeline, version, sync, files, api_key, user, clipboard: Mutex::new(()) }))
    }

    /// The operations of SyncAPI.
    pub fn sync(&self) -> SyncApi {
        SyncApi::new(self)
    }

    /// Sessions, account and volumes.
    pub fn files(&self) -> Files {
        Files::new(self)
    }

    /// Files and folders: listing, properties, search, and changing the tree.
    pub fn items(&self) -> Items {
        Items::new(self)
    }

    /// Sending content.
    pub fn uploads(&self) -> Uploads {
        Uploads::new(self)
    }

    /// Getting content.
    pub fn downloads(&self) -> Downloads {
        Downloads::new(self)
    }

    /// Links to items, and links through which others upload.
    pub fn links(&self) -> Links {
        Links::new(self)
    }

    /// Folders shared with other accounts.
    pub fn group_shares(&self) -> GroupShares {
        GroupShares::new(self)
    }

    /// Keys of single folders.
    pub fn folder_keys(&self) -> FolderKeys {
        FolderKeys::new(self)
    }

    /// The account as a store.
    pub fn store(&self) -> FilesAnywhereStore {
        self.store_with(StoreOptions::new())
    }

    /// The account as a store.
    pub fn store_with(&self, options: StoreOptions) -> FilesAnywhereStore {
        FilesAnywhereStore::new(self.clone(), options)
    }

    /// The host of the services and the user: a name for the account.
    pub fn account(&self) -> String {
        let url = &self.0.files.url;
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}{port}/{}", url.host_str().unwrap_or_default(), self.0.user)
    }

    /// The user's name, which is that of the user's own volume as well.
    pub fn user(&self) -> &str {
        &self.0.user
    }

    /// The developer key.
    pub(crate) fn api_key(&self) -> &str {
        &self.0.api_key
    }

    /// The limits of requests.
    pub fn http_config(&self) -> &HttpConfig {
        self.0.pipeline.config()
    }

    /// The clock of the service, as its responses tell it.
    pub fn clock(&self) -> &ServiceClock {
        self.0.pipeline.clock()
    }

    pub(crate) fn pipeline(&self) -> &Pipeline {
        &self.0.pipeline
    }

    /// Held from copying into the account's clipboard until pasting.
    pub(crate) fn clipboard(&self) -> &Mutex<()> {
        &self.0.clipboard
    }

    pub(crate) fn session(&self, service: Service) -> &Session {
        &self.endpoint(service).session
    }

    fn endpoint(&self, service: Service) -> &Endpoint {
        match service {
            Service::Sync => &self.0.sync,
            Service::Files => &self.0.files,
        }
    }

    /// Carries out an operation and reads its result.
    pub(crate) async fn ask<T: Record + Send>(&self, request: Request) -> Result<T> {
        let (op, limit) = (request.op, self.http_config().max_answer);
        self.exchange(request, |response| async move {
            let tree = result(op, response, limit).await?;
            let root = tree.root().ok_or_else(|| Error::new(ErrorKind::Protocol, "an answer without a result"))?;
            T::read(root).map_err(error::document)
        })
        .await
    }

    /// Carries out an operation whose answer says no more than that it succeeded, or of which no more is known than that it
    /// is no fault.
    pub(crate) async fn order(&self, request: Request) -> Result<()> {
        let (op, limit) = (request.op, self.http_config().max_answer);
        self.exchange(request, |response| async move { result(op, response, limit).await.map(drop) }).await
    }

    /// Carries out an operation whose answer is a list, which is handed on as it arrives.
    pub(crate) async fn stream<T: Row, S: Record + Send + 'static>(&self, request: Request) -> Result<Streamed<T, S>> {
        let op = request.op;
        self.exchange(request, move |response| open(op, response)).await
    }

    /// Sends a request with the token of the session. When the service says that the token has ended, a new one is got,
    /// once for all who wait, and the request is sent again: it was not carried out.
    async fn exchange<T, F, D>(&self, request: Request, decode: F) -> Result<T>
    where
        T: Send,
        F: Fn(Response) -> D + Send + Sync,
        D: Future<Output = Result<T>> + Send,
    {
        let op = request.op;
        let endpoint = self.endpoint(op.service);
        if !op.token {
            return self.0.pipeline.run(self.call(endpoint, &request, None)?, &decode).await;
        }
        let (token, generation) = endpoint.session.token().await.map_err(|error| error::of(op, error))?;
        let refused = match self.0.pipeline.run(self.call(endpoint, &request, Some(token.expose()))?, &decode).await {
            Err(error) if error::ends_session(&error) => error,
            answer => return answer,
        };
        // What an attempt with the old token may have done stays in doubt, whatever comes of the new one.
        let doubt = refused.maybe_applied();
        let again = async {
            if !endpoint.session.refused(generation).await? {
                return Err(refused);
            }
            let (token, _) = endpoint.session.token().await.map_err(|error| error::of(op, error))?;
            self.0.pipeline.run(self.call(endpoint, &request, Some(token.expose()))?, &decode).await
        };
        let answer = again.await;
        if doubt { answer.after_write() } else { answer }
    }

    fn call(&self, endpoint: &Endpoint, request: &Request, token: Option<&str>) -> Result<Call> {
        call(self.0.version, &endpoint.url, request, token)
    }
}

/// A request as the pipeline takes it.
pub(crate) fn call(version: SoapVersion, url: &Url, request: &Request, token: Option<&str>) -> Result<Call> {
    let op = request.op;
    let body = request.envelope(version, token).map_err(|error| error::of(op, error))?;
    let kind = HeaderValue::from_static(version.content_type());
    let mut call = Call::post(op.name, url.clone()).without_auth().repeat(op.repeat).body(body);
    call = call.header(CONTENT_TYPE, kind).header(ACCEPT, "text/xml, application/soap+xml");
    if version == SoapVersion::V11 {
        call = call.header(HeaderName::from_static("soapaction"), op.action());
    }
    if op.token {
        call = call.quotes(request.texts.clone());
    }
    Ok(match &request.subject {
        Some(subject) => call.subject(subject),
        None => call,
    })
}

/// Reads a whole answer that is no refusal.
async fn result(op: &'static Op, response: Response, limit: usize) -> Result<Tree> {
    let quoted = response.quoted().clone();
    match read(op, response, limit).await? {
        Outcome::Fault(fault) => Err(error::fault(fault, &quoted)),
        Outcome::Result(tree) => error::check(op, &tree, &quoted).map(|()| tree),
    }
}

/// Reads a whole answer of bounded length.
pub(crate) async fn read(op: &'static Op, response: Response, limit: usize) -> Result<Outcome> {
    let mut answer = Answer::<NoRows>::new(op.expected());
    let mut body = envelope(response)?;
    let mut length = 0_usize;
    while let Some(piece) = body.try_next().await? {
        let piece: Bytes = piece;
        length = length.saturating_add(piece.len());
        if length > limit {
            return Err(Error::new(ErrorKind::TooLarge, format!("the answer is longer than {limit} bytes")));
        }
        answer.feed(&piece).map_err(error::document)?;
    }
    answer.finish().map(|(_, outcome)| outcome).map_err(error::document)
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("account", &self.account()).finish_non_exhaustive()
    }
}

/// Defines a resource: what its operations are called on.
macro_rules! resource {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name($crate::Client);

        impl $name {
            pub(crate) fn new(client: &$crate::Client) -> Self {
                Self(client.clone())
            }
        }
    };
}
pub(crate) use resource;
