//! The client of one site: where it is, how it is signed in to, and how requests to it are made.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use http::header::{ACCEPT, CONTENT_TYPE, IF_MATCH};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sharesync_core::http::{
    Call, ForeignResponse, HttpConfig, Pipeline, Repeat, Response, Transport, transport_or_default, url_below,
};
use sharesync_core::{BoxStream, Error, ErrorKind, Result, Revision, ServiceClock};
use url::Url;

use crate::auth::{self, Auth};
use crate::error::SharePointErrors;
use crate::model::Guid;
use crate::odata::{Answer, is_html, read_list};
use crate::rest::{Changes, Files, Folders, Libraries, RecycleBin, Sharing, Uploads};
use crate::store::{SharePointStore, StoreOptions};
use crate::sync::{Discovery, Sync};
use crate::{Dialect, PROVIDER};

/// Makes a farm with several ways to sign in answer 401 instead of a page (the header is documented, its effect recalled).
const NO_LOGIN_PAGES: HeaderName = HeaderName::from_static("x-forms_based_auth_accepted");
/// The verb of a request that is sent as POST (REST service).
pub(crate) const HTTP_METHOD: HeaderName = HeaderName::from_static("x-http-method");

/// The client of one site. Clones share connections, sign-in and pauses.
///
/// ```no_run
/// # async fn example() -> sharesync_core::Result<()> {
/// use sharesync_sharepoint::{Auth, Client};
///
/// let client = Client::builder("https://sp-my.example.com/personal/alice").auth(Auth::bearer("…")).connect().await?;
/// let library = client.discovery().default_library().await?;
/// let page = client.sync(library).changes(None, &Default::default()).await?;
/// for item in page.items {
///     println!("{:?}", item.path);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    pipeline: Pipeline,
    /// The address of the site; it ends with a slash.
    site: Url,
    account: String,
    dialect: Dialect,
}

/// Configures a [`Client`]: begin with [`Client::builder`].
#[derive(Clone)]
pub struct ClientBuilder {
    site: String,
    auth: Option<Auth>,
    http: HttpConfig,
    transport: Option<Arc<dyn Transport>>,
    dialect: Dialect,
}

impl ClientBuilder {
    /// Says how to sign in.
    #[must_use]
    pub fn auth(mut self, auth: Auth) -> Self {
        self.auth = Some(auth);
        self
    }

    /// Sets the limits of requests.
    #[must_use]
    pub fn http_config(mut self, config: HttpConfig) -> Self {
        self.http = config;
        self
    }

    /// Sends requests by this transport instead of the one that comes along.
    #[must_use]
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Decides what the documents leave open.
    #[must_use]
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// Signs in.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when something is missing, [`ErrorKind::Unauthenticated`] when the sign-in is refused,
    /// [`ErrorKind::Unsupported`] when the way to sign in is not built in.
    pub async fn connect(self) -> Result<Client> {
        self.sign_in().await.map_err(|error| error.with_provider(PROVIDER))
    }

    async fn sign_in(self) -> Result<Client> {
        let site = url_below(&self.site, "")?;
        let auth = self.auth.ok_or_else(|| Error::new(ErrorKind::Config, "a way to sign in is needed"))?;
        let transport = transport_or_default(self.transport, &self.http)?;
        let signed_in = auth::connect(auth, &site, transport, &self.http).await?;
        let mut pipeline =
            Pipeline::builder(PROVIDER, signed_in.transport).config(self.http).classify(Arc::new(SharePointErrors));
        if let Some(authorizer) = signed_in.authorizer {
            pipeline = pipeline.authorize(&site, authorizer);
        }
        Ok(Client::new(pipeline.build(), site, self.dialect))
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").field("site", &self.site).field("http", &self.http).finish_non_exhaustive()
    }
}

impl Client {
    /// Begins the configuration of a client of a site, such as `https://sp-my.example.com/personal/alice` or
    /// `https://sp.example.com/sites/team`.
    pub fn builder(site: impl Into<String>) -> ClientBuilder {
        ClientBuilder {
            site: site.into(),
            auth: None,
            http: HttpConfig::default(),
            transport: None,
            dialect: Dialect::default(),
        }
    }

    fn new(pipeline: Pipeline, site: Url, dialect: Dialect) -> Self {
        let port = site.port().map(|port| format!(":{port}")).unwrap_or_default();
        let account = format!("{}{port}{}", site.host_str().unwrap_or_default(), site.path().trim_end_matches('/'));
        Self(Arc::new(Inner { pipeline, site, account, dialect }))
    }

    /// Where the user's site and its library are.
    pub fn discovery(&self) -> Discovery {
        Discovery::new(self)
    }

    /// The sync service of a library.
    pub fn sync(&self, library: Guid) -> Sync {
        Sync::new(self, library)
    }

    /// Files, by the REST service.
    pub fn files(&self) -> Files {
        Files::new(self)
    }

    /// Folders, by the REST service.
    pub fn folders(&self) -> Folders {
        Folders::new(self)
    }

    /// Libraries, by the REST service.
    pub fn libraries(&self) -> Libraries {
        Libraries::new(self)
    }

    /// Uploads in chunks, by the REST service.
    pub fn uploads(&self) -> Uploads {
        Uploads::new(self)
    }

    /// The recycle bin of the site.
    pub fn recycle_bin(&self) -> RecycleBin {
        RecycleBin::new(self)
    }

    /// The log of changes of the REST service.
    pub fn changes(&self) -> Changes {
        Changes::new(self)
    }

    /// Sharing with people and by links.
    pub fn sharing(&self) -> Sharing {
        Sharing::new(self)
    }

    /// The site's default library as a store.
    ///
    /// # Errors
    /// See [`store_with`](Self::store_with).
    pub async fn store(&self) -> Result<SharePointStore> {
        self.store_with(StoreOptions::new()).await
    }

    /// A library as a store. The site is asked for the library where the options name none, for its root folder, and
    /// whether it has the sync service.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is no such library.
    pub async fn store_with(&self, options: StoreOptions) -> Result<SharePointStore> {
        SharePointStore::open(self.clone(), options).await
    }

    /// Host and path of the site: a name for the account.
    pub fn account(&self) -> &str {
        &self.0.account
    }

    /// The address of the site; it ends with a slash.
    pub fn site_url(&self) -> &Url {
        &self.0.site
    }

    /// The limits of requests.
    pub fn http_config(&self) -> &HttpConfig {
        self.0.pipeline.config()
    }

    /// The clock of the service, as its responses tell it.
    pub fn clock(&self) -> &ServiceClock {
        self.0.pipeline.clock()
    }

    /// The decisions in force.
    pub fn dialect(&self) -> &Dialect {
        &self.0.dialect
    }

    /// Begins a request to a path below the site, which is written as it stands in an address.
    pub(crate) fn request(&self, operation: &'static str, method: Method, path: &str) -> Result<Request> {
        let url = self.0.site.join(path).map_err(|_| {
            Error::new(ErrorKind::InvalidInput, "a name fits into no address")
                .with_provider(PROVIDER)
                .with_operation(operation)
        })?;
        Ok(self.request_to(operation, method, url))
    }

    /// Begins a request to an address of the service's own.
    pub(crate) fn request_to(&self, operation: &'static str, method: Method, url: Url) -> Request {
        let call = Call::new(operation, method, url)
            .header(NO_LOGIN_PAGES, HeaderValue::from_static("f"))
            .header(ACCEPT, HeaderValue::from_static(self.0.dialect.odata.media_type()));
        Request { pipeline: self.0.pipeline.clone(), call }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("account", &self.0.account).finish_non_exhaustive()
    }
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

/// A request on its way.
pub(crate) struct Request {
    pipeline: Pipeline,
    call: Call,
}

impl Request {
    /// Changes the call.
    pub(crate) fn with(mut self, change: impl FnOnce(Call) -> Call) -> Self {
        self.call = change(self.call);
        self
    }

    pub(crate) fn header(self, name: HeaderName, value: impl TryInto<HeaderValue>) -> Self {
        self.with(|call| call.header(name, value))
    }

    pub(crate) fn subject(self, subject: impl fmt::Display) -> Self {
        self.with(|call| call.subject(subject))
    }

    pub(crate) fn repeat(self, repeat: Repeat) -> Self {
        self.with(|call| call.repeat(repeat))
    }

    /// Sends it as POST that means another verb.
    pub(crate) fn verb(self, verb: &'static str) -> Self {
        self.header(HTTP_METHOD, HeaderValue::from_static(verb))
    }

    /// Makes it hold only for a state, or for any.
    pub(crate) fn if_match(self, revision: Option<&Revision>) -> Self {
        match revision {
            Some(revision) => self.header(IF_MATCH, format!("\"{}\"", revision.as_str())).repeat(Repeat::Conditional),
            None => self.header(IF_MATCH, HeaderValue::from_static("*")),
        }
    }

    /// Sets a JSON body of the form in force.
    pub(crate) fn json(self, client: &Client, value: &impl Serialize) -> Self {
        let media_type = client.dialect().odata.media_type();
        self.with(|call| call.json(value).header(CONTENT_TYPE, HeaderValue::from_static(media_type)))
    }

    /// Sends it and reads the answer of OData.
    pub(crate) async fn answer(self) -> Result<Answer> {
        let limit = self.pipeline.config().max_answer;
        self.pipeline.run(self.call, move |response| async move { Answer::read(&response.bytes(limit).await?) }).await
    }

    /// Sends it and reads a list as it arrives: its entries, and where it goes on. More entries than were asked for are refused.
    pub(crate) async fn list<T>(self, asked: Option<u64>) -> Result<(Vec<T>, Option<String>)>
    where
        T: DeserializeOwned + Send,
    {
        let limit = self.pipeline.config().max_list;
        self.pipeline.run(self.call, move |response| read_list(response, asked, limit)).await
    }

    /// Sends it and reads the identifier that is the value of a function.
    pub(crate) async fn id(self, function: &'static str) -> Result<Guid> {
        let limit = self.pipeline.config().max_answer;
        let read = move |response: Response| async move {
            let body = response.bytes(limit).await?;
            let id = Answer::read(&body)?.of(function).as_str().and_then(|id| id.parse().ok());
            id.ok_or_else(|| ForeignResponse::of_body(&body).into_error())
        };
        self.pipeline.run(self.call, read).await
    }

    /// Sends it; the answer says nothing, or has no body.
    pub(crate) async fn done(self) -> Result<()> {
        self.nothing(true).await
    }

    /// Sends it; the answer says nothing, and says so in a body, or by status 204.
    pub(crate) async fn ended(self) -> Result<()> {
        self.nothing(false).await
    }

    async fn nothing(self, without_body: bool) -> Result<()> {
        let limit = self.pipeline.config().max_answer;
        let read = move |response: Response| async move {
            let may_be_empty = without_body || response.status() == StatusCode::NO_CONTENT;
            let body = response.bytes(limit).await?;
            let is_done = Answer::is_done(&body)? && (may_be_empty || !body.trim_ascii().is_empty());
            is_done.then_some(()).ok_or_else(|| ForeignResponse::of_body(&body).into_error())
        };
        self.pipeline.run(self.call, read).await
    }

    /// Sends it and reads the body by a function, again where an attempt is repeated.
    pub(crate) async fn run<T, F, D>(self, decode: F) -> Result<T>
    where
        T: Send,
        F: Fn(Response) -> D + Send + std::marker::Sync,
        D: Future<Output = Result<T>> + Send,
    {
        self.pipeline.run(self.call, decode).await
    }

    /// Sends it and gives the answer with its body unread.
    pub(crate) async fn send(self) -> Result<Response> {
        self.pipeline.send(self.call).await
    }
}

/// The body of an answer; a page for people is an error.
pub(crate) async fn checked_body(response: Response) -> Result<(Bytes, BoxStream<'static, Result<Bytes>>)> {
    let mut body = response.in_known_charset()?.into_stream().fuse();
    let mut first = Vec::new();
    // A page shows itself in its first bytes.
    while first.len() < 512 {
        match body.try_next().await? {
            Some(piece) => first.extend_from_slice(&piece),
            None => break,
        }
    }
    if is_html(&first) {
        return Err(ForeignResponse::of_body(&first).into_error());
    }
    let first = Bytes::from(first);
    let whole = stream::iter([Ok(first.clone())]).chain(body).boxed();
    Ok((first, whole))
}

/// The body of an answer that must be XML, of bounded length; a page for people is an error.
pub(crate) async fn xml_body(response: Response, limit: usize) -> Result<BoxStream<'static, Result<Bytes>>> {
    Ok(bounded(checked_body(response).await?.1, limit))
}

/// A body that is an error when it is longer.
pub(crate) fn bounded(body: BoxStream<'static, Result<Bytes>>, limit: usize) -> BoxStream<'static, Result<Bytes>> {
    let mut length = 0_usize;
    let counted = body.map(move |piece| {
        let piece = piece?;
        length = length.saturating_add(piece.len());
        if length > limit {
            let message = format!("the answer is longer than {limit} bytes: ask for less at a time");
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        Ok(piece)
    });
    counted.boxed()
}
