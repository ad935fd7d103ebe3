//! The client of one account: where its API is, and how requests to it are made.

use std::fmt;
use std::sync::Arc;

use http::{Method, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sharesync_core::http::{Body, Call, HttpConfig, Pipeline, Repeat, Response};
use sharesync_core::{Error, ErrorKind, Result};
use url::Url;

use crate::auth::ClientBuilder;
use crate::paging::Listed;
use crate::store::{AcronisStore, StoreOptions};
use crate::{AuditLog, Devices, Links, Members, Nodes, PROVIDER, Settings, Undocumented, Users};

/// What of an identifier may stand in a path as it is. Those of members hold commas, which are encoded.
const ID: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

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
    pub(crate) fn request(&self, operation: &'static str, path: &'static str, ids: &[&str]) -> Request<'_> {
        let tenant = self.tenant.as_ref().map(|tenant| ("tenant_id".to_owned(), tenant.as_str().into()));
        Request {
            client: &self.client,
            operation,
            subject: ids.last().map(|id| (*id).to_owned()),
            path: fill(path, ids),
            query: tenant.into_iter().collect(),
            body: None,
            repeat: None,
        }
    }
}

/// Puts identifiers into a path; `None` for one that would lead elsewhere.
fn fill(path: &str, ids: &[&str]) -> Option<String> {
    ids.iter().try_fold(path.to_owned(), |path, id| {
        let leads_elsewhere = matches!(*id, "" | "." | "..");
        (!leads_elsewhere).then(|| path.replacen("{}", &utf8_percent_encode(id, ID).to_string(), 1))
    })
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

/// A request to the API on its way.
pub(crate) struct Request<'a> {
    client: &'a Client,
    operation: &'static str,
    subject: Option<String>,
    path: Option<String>,
    query: Map<String, Value>,
    body: Option<Result<Body, serde_json::Error>>,
    repeat: Option<Repeat>,
}

impl Request<'_> {
    /// Adds what is set of an entity to the query.
    pub(crate) fn query(mut self, entity: &impl Serialize) -> Self {
        match serde_json::to_value(entity) {
            Ok(Value::Object(fields)) => self.query.extend(fields),
            _ => self.path = None,
        }
        self
    }

    /// Sets the body, without a wrapper around it.
    pub(crate) fn bare(mut self, body: &impl Serialize) -> Self {
        self.body = Some(serde_json::to_vec(body).map(Body::from));
        self
    }

    /// Sets the body: the entity as the only field of an object.
    pub(crate) fn wrapped(self, wrapper: &str, entity: &impl Serialize) -> Self {
        self.bare(&std::collections::BTreeMap::from([(wrapper, entity)]))
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

    /// Sends it; the answer has no body that says anything.
    pub(crate) async fn done(self, method: Method) -> Result<()> {
        self.client.pipeline().bytes(self.into_call(method)?).await.map(drop)
    }

    /// Sends it and decodes one page of a list.
    pub(crate) async fn page<T: DeserializeOwned + Send>(self) -> Result<Listed<T>> {
        let limit = self.client.http_config().max_answer;
        let read = |response: Response| async move {
            let complete = response.status() != StatusCode::PARTIAL_CONTENT;
            Ok(Listed { items: response.json(limit).await?, complete })
        };
        self.client.pipeline().run(self.into_call(Method::GET)?, read).await
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
            ("0", "nodes/0/members/m"),
            ("a/../b", "nodes/a%2F..%2Fb/members/m"),
            ("x?y=#z", "nodes/x%3Fy%3D%23z/members/m"),
            ("guest-1,2", "nodes/guest-1%2C2/members/m"),
            ("{}", "nodes/%7B%7D/members/m"),
        ];
        for (id, path) in cases {
            assert_eq!(fill("nodes/{}/members/{}", &[id, "m"]).as_deref(), Some(path));
        }
        for id in ["", ".", ".."] {
            assert_eq!(fill("nodes/{}", &[id]), None, "{id:?}");
        }
    }
}
