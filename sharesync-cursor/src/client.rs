//! The client of one account: where its API is, and how requests to it are made.

use std::fmt;
use std::sync::Arc;

use http::Method;
use serde::de::{DeserializeOwned, IgnoredAny};
use sharesync_core::http::{ApiRequest, HttpConfig, JsonList, Pipeline, Response, decode_json, json_list};
use sharesync_core::{Error, ErrorKind, Result, ServiceClock};
use url::Url;

use crate::auth::ClientBuilder;
use crate::model::wire;
use crate::store::{CursorStore, StoreOptions};
use crate::{Devices, ExternalLinks, Files, Folders, Live, Server, Shares, Sync, Uploads, Users};

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

    /// The clock of the service, as its responses tell it.
    pub fn clock(&self) -> &ServiceClock {
        self.0.pipeline.clock()
    }

    pub(crate) fn pipeline(&self) -> &Pipeline {
        &self.0.pipeline
    }

    /// Begins a request. `path` is that of the document below `/api/v1/`, with `{}` for each of the identifiers.
    pub(crate) fn request(&self, operation: &'static str, path: &'static str, ids: &[&str]) -> ApiRequest<'_> {
        self.pipeline().request(self.base_url(), operation, path, ids)
    }

    /// Sends a request and decodes an object with a list in it, entry by entry as they arrive; `slot` is where it belongs.
    pub(crate) async fn page<P, T>(
        &self,
        request: ApiRequest<'_>,
        list: JsonList,
        slot: fn(&mut P) -> Option<&mut Vec<T>>,
    ) -> Result<P>
    where
        P: DeserializeOwned + Send,
        T: DeserializeOwned + Send,
    {
        let limit = self.http_config().max_list;
        let read = |response: Response| async move {
            let (entries, beside) = json_list(response.into_stream(), list, limit).await?;
            let mut page = decode_json(&beside)?;
            if let Some(slot) = slot(&mut page) {
                *slot = entries;
            }
            Ok(page)
        };
        self.pipeline().run(request.into_call(Method::GET)?, read).await
    }

    /// Sends a request and decodes a list, which may be the field `name` of an object, where `list` finds it as well.
    pub(crate) async fn list<T>(&self, request: ApiRequest<'_>, name: &'static str, list: JsonList) -> Result<Vec<T>>
    where
        T: DeserializeOwned + Send,
    {
        let limit = self.http_config().max_list;
        let read = |response: Response| async move {
            let (entries, beside) = json_list(response.into_stream(), list, limit).await?;
            wire::list::<IgnoredAny>(decode_json(&beside)?, name).map_err(|_| {
                let message = format!("neither a list nor an object with the list `{name}`");
                Error::new(ErrorKind::Protocol, message)
            })?;
            Ok(entries)
        };
        self.pipeline().run(request.into_call(Method::GET)?, read).await
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
