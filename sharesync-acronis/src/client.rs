//! The client of one account: where its API is, and how requests to it are made.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use http::{Method, StatusCode};
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use sharesync_core::http::{ApiRequest, HttpConfig, JsonList, Pipeline, Response, decode_json, json_list};
use sharesync_core::{Result, ServiceClock};
use url::Url;

use crate::auth::ClientBuilder;
use crate::paging::{Listed, Paging};
use crate::store::{AcronisStore, StoreOptions};
use crate::{AuditLog, Devices, Links, Members, Nodes, Settings, Undocumented, Users};

/// The client of one account. Clones share connections, tokens and pauses.
///
/// ```no_run
/// # async fn example() -> sharesync_core::Result<()> {
/// use sharesync_acronis::{Client, Paging, ROOT};
///
/// let client = Client::builder("user@example.com").password("user@example.com", "…").connect().await?;
/// let first = client.nodes().contents(ROOT, &Paging::new().with_per_page(100)).await?;
/// for node in first.items {
///     println!("{:?} {:?}", node.name, node.size);
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
    /// Begins the configuration of a client for a user, whose data center is asked for by the login.
    pub fn builder(login: impl Into<String>) -> ClientBuilder {
        ClientBuilder::of_login(login.into())
    }

    /// Begins the configuration of a client for a server at an address: a data center, such as
    /// `https://eu2-cloud.acronis.com`, or an emulator. The API is expected at `/fc/api/v1/` below it, the token endpoint
    /// at `/api/2/idp/token`.
    pub fn builder_at(endpoint: impl Into<String>) -> ClientBuilder {
        ClientBuilder::of_endpoint(endpoint.into())
    }

    pub(crate) fn new(pipeline: Pipeline, base: Url, login: Option<&str>) -> Self {
        let port = base.port().map(|port| format!(":{port}")).unwrap_or_default();
        let login = login.map(|login| format!("/{login}")).unwrap_or_default();
        let account = format!("{}{port}{login}", base.host_str().unwrap_or_default());
        Self(Arc::new(Inner { pipeline, base, account }))
    }

    /// The audit log.
    pub fn audit_log(&self) -> AuditLog {
        AuditLog::new(self)
    }

    /// The devices that users have.
    pub fn devices(&self) -> Devices {
        Devices::new(self)
    }

    /// Files and folders.
    pub fn nodes(&self) -> Nodes {
        Nodes::new(self)
    }

    /// Links to files.
    pub fn links(&self) -> Links {
        Links::new(self)
    }

    /// Members of shared folders.
    pub fn members(&self) -> Members {
        Members::new(self)
    }

    /// The settings of the service.
    pub fn settings(&self) -> Settings {
        Settings::new(self)
    }

    /// Users.
    pub fn users(&self) -> Users {
        Users::new(self)
    }

    /// What the service does, but does not document.
    pub fn undocumented(&self) -> Undocumented {
        Undocumented::new(self)
    }

    /// The account as a store.
    pub fn store(&self) -> AcronisStore {
        self.store_with(StoreOptions::new())
    }

    /// The account as a store.
    pub fn store_with(&self, options: StoreOptions) -> AcronisStore {
        AcronisStore::new(self.clone(), options)
    }

    /// The host of the API and, where it is known, the login: a name for the account.
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
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("account", &self.0.account).finish_non_exhaustive()
    }
}

/// A client, and the tenant in whose context its requests are made.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    pub(crate) client: Client,
    pub(crate) tenant: Option<String>,
}

impl Scope {
    /// Begins a request. `path` is that of the document, with `{}` for each of the identifiers.
    pub(crate) fn request(&self, operation: &'static str, path: &'static str, ids: &[&str]) -> ApiRequest<'_> {
        let request = self.client.pipeline().request(self.client.base_url(), operation, path, ids);
        match &self.tenant {
            Some(tenant) => request.param("tenant_id", tenant.as_str()),
            None => request,
        }
    }

    /// Sends a request for one page of a list and decodes it as it arrives. A part of the list (206) that is larger than was
    /// asked for is refused. The whole list (200) may be: nothing documents that the service keeps to `per_page`.
    pub(crate) async fn page<T>(&self, request: ApiRequest<'_>, paging: &Paging) -> Result<Listed<T>>
    where
        T: DeserializeOwned + Send,
    {
        let limit = self.client.http_config().max_list;
        let asked = paging.per_page.and_then(|entries| u64::try_from(entries).ok());
        let read = |response: Response| async move {
            let complete = response.status() != StatusCode::PARTIAL_CONTENT;
            let list = JsonList::at(&[&[]]).asked(asked.filter(|_| !complete));
            let (items, beside) = json_list(response.into_stream(), list, limit).await?;
            decode_json::<Vec<IgnoredAny>>(&beside)?;
            Ok(Listed { items, complete })
        };
        self.client.pipeline().run(request.query(paging).into_call(Method::GET)?, read).await
    }
}

/// Defines a resource: what its operations are called on. `in tenant` for those whose operations have `tenant_id`.
macro_rules! resource {
    ($(#[$doc:meta])* $name:ident $(in $tenant:ident)?) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name($crate::client::Scope);

        impl $name {
            pub(crate) fn new(client: &$crate::Client) -> Self {
                Self($crate::client::Scope { client: client.clone(), tenant: None })
            }

            $(
                /// The same in the context of a tenant, by its UUID, instead of the user's own.
                #[must_use]
                pub fn in_tenant(mut self, $tenant: impl Into<String>) -> Self {
                    self.0.tenant = Some($tenant.into());
                    self
                }
            )?
        }
    };
}
pub(crate) use resource;

/// The body that holds an entity as its only field.
pub(crate) fn wrapped<T: Serialize>(wrapper: &'static str, entity: &T) -> impl Serialize {
    BTreeMap::from([(wrapper, entity)])
}
