//! The face of SharePoint Server 2019: the sync service of [MS-FILESYNC] at `/_api/SPFileSync/sync/`, the REST API beside it, and the
//! sign-in of a farm: NTLM, Basic, the login form and bearer tokens. Here: what belongs to all of them, and the routing.
//!
//! What the documents leave open is decided in `dialect`.

mod auth;
mod connections;
mod content;
pub(crate) mod dialect;
mod digests;
mod errors;
mod forms;
mod guests;
mod ids;
mod ntlm;
mod odata;
mod places;
mod rest;
mod sign_in;
mod sync;
mod times;
mod xml;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use http::{Method, StatusCode};

use crate::drive::{Drive, DriveError, Entry, User};
use crate::faces::Setup;
use crate::http::{Call, Reply, empty, full};
use crate::server::{Face, Shared};
use crate::table::Table;
use crate::tokens::Tokens;
use content::tell;
use digests::Digests;
use errors::{Outcome, SpError};
use forms::Cookies;
use guests::GuestLink;
use ids::{Guid, Thing};
use odata::Flavour;
use places::{Places, Site, login_of};
use rest::Sessions;
use sync::{Subscription, Tokenizer};

pub use auth::SharePointScheme;
pub use connections::SharePointConnections;
pub use sign_in::SharePointAccount;
pub use sync::SharePointResync;

/// Longer bodies are no API requests, but uploads.
const LONGEST_BODY: usize = 4 << 20;
const SYNC_SERVICE: &str = "_api/spfilesync/sync/";
const DOWNLOAD_PAGE: &str = "_layouts/15/download.aspx";

/// What can be chosen about this face.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// How a client may sign in.
    pub(crate) schemes: Vec<SharePointScheme>,
    /// Who is not signed in gets a login page with 200.
    pub(crate) login_page: bool,
    /// NTLM signs in a request and not its connection.
    pub(crate) ntlm_single_request: bool,
    pub(crate) digest_lifetime: Duration,
    /// A 403 for want of a digest brings one.
    pub(crate) digest_in_refusal: bool,
    pub(crate) rewrite_office: bool,
    /// Whether there is a sync service at all.
    pub(crate) sync_service: bool,
    /// Whether the sync service knows `X-ResponseStructure: Flat`.
    pub(crate) flat: bool,
    pub(crate) quota: Option<u64>,
    /// Folders with more items are listed by pages only.
    pub(crate) threshold: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            schemes: vec![
                SharePointScheme::Ntlm,
                SharePointScheme::Basic,
                SharePointScheme::Bearer,
                SharePointScheme::Forms,
            ],
            login_page: false,
            ntlm_single_request: false,
            digest_lifetime: Duration::from_secs(1800),
            digest_in_refusal: true,
            rewrite_office: false,
            sync_service: true,
            flat: true,
            quota: None,
            threshold: None,
        }
    }
}

/// The face.
#[derive(Debug)]
pub(crate) struct SharePoint {
    shared: Arc<Shared>,
    options: Options,
    max_page: Option<usize>,
    tokens: Tokens,
    cookies: Cookies,
    digests: Digests,
    connections: SharePointConnections,
    places: Places,
    sync_tokens: Tokenizer,
    subscriptions: Table<Subscription>,
    guest_links: Table<GuestLink>,
    uploads: Sessions,
    dice: Mutex<fastrand::Rng>,
    /// Held from the look at a condition to the change that it allows.
    deciding: Mutex<()>,
    requests: AtomicU64,
}

impl SharePoint {
    pub(crate) fn start(setup: &Setup<'_>) -> Result<(Arc<Self>, SharePointAccount), DriveError> {
        let (shared, builder, seed) = (setup.shared, setup.builder, setup.builder.seed);
        let (drive, accounts, options) = (&shared.drive, &shared.accounts, builder.sharepoint.clone());
        let face = Self {
            tokens: Tokens::new(auth::token_form, builder.token_lifetime, seed ^ 0x7370),
            cookies: Cookies::new(builder.token_lifetime, seed),
            digests: Digests::new(options.digest_lifetime, seed),
            connections: SharePointConnections::default(),
            places: Places::open(drive)?,
            sync_tokens: Tokenizer::open(drive),
            subscriptions: Table::open(drive, "sharepoint/subscriptions"),
            guest_links: Table::open(drive, "sharepoint/guests"),
            uploads: Sessions::new(builder.upload_idle),
            dice: Mutex::new(fastrand::Rng::with_seed(seed ^ 0x7368_6172_6570)),
            deciding: Mutex::new(()),
            requests: AtomicU64::new(0),
            max_page: builder.max_page,
            options,
            shared: shared.clone(),
        };
        let user = accounts.default_user().clone();
        let account = SharePointAccount {
            site: format!("{}{}", setup.endpoint, face.places.personal(&user, accounts).url),
            endpoint: setup.endpoint.clone(),
            token: face.tokens.issue(user.id).access,
            login: login_of(&user, accounts),
            password: accounts.default_password().to_owned(),
            user,
        };
        Ok((Arc::new(face), account))
    }

    pub(crate) fn connections(&self) -> &SharePointConnections {
        &self.connections
    }

    /// A new access token of the first user.
    pub(crate) fn new_token(&self) -> String {
        self.tokens.issue(self.shared.accounts.default_user().id).access
    }

    pub(crate) fn expire_digests(&self) {
        self.digests.expire();
    }

    /// Sync and change tokens from before now are answered with a resync.
    pub(crate) fn force_resync(&self, resync: SharePointResync) {
        self.sync_tokens.force(resync);
    }

    fn drive(&self) -> &Drive {
        &self.shared.drive
    }

    fn deciding(&self) -> MutexGuard<'_, ()> {
        self.deciding.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(self: Arc<Self>, mut call: Call) -> Reply {
        let flavour = Flavour::asked(&call.headers);
        let path = call.path.to_ascii_lowercase();
        let mut reply = if path.ends_with("/_vti_bin/authentication.asmx") {
            self.login(&mut call).await
        } else if path.ends_with(dialect::GUEST_PAGE) {
            let reply = self.guest(&call).await;
            call.body.drain().await;
            reply
        } else {
            match self.sign_in(&call) {
                Ok(signed_in) => self.clone().signed_in(call, flavour, signed_in).await,
                Err(refusal) => {
                    call.body.drain().await;
                    *refusal
                }
            }
        };
        self.mark(&mut reply, "0");
        reply
    }

    async fn signed_in(self: Arc<Self>, call: Call, flavour: Flavour, signed_in: auth::SignedIn) -> Reply {
        let path = call.path.clone();
        let (user, by_bearer) = (signed_in.user, signed_in.by_bearer);
        let site = self.places.find(&path, &self.shared.accounts);
        let missing = site.is_none();
        let (site, rest) = site.unwrap_or_else(|| (self.places.root_site(), ""));
        let mut ctx = Ctx { face: self.clone(), user, by_bearer, site, call, flavour };
        let outcome = match missing {
            true => Err(SpError::no_such("Site")),
            false => ctx.route(rest).await,
        };
        // What is left of the body must not be taken for the next request.
        ctx.call.body.drain().await;
        outcome.unwrap_or_else(|error| error.into_reply(flavour))
    }

    /// The headers that every answer has.
    fn mark(&self, reply: &mut Reply, health: &str) {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let id = Guid::of(Thing::Web, number).to_string();
        for (name, value) in [
            ("sprequestguid", id.as_str()),
            ("request-id", id.as_str()),
            ("microsoftsharepointteamservices", dialect::BUILD),
            ("x-sharepointhealthscore", health),
            ("spclientservicerequestduration", "1"),
            ("x-ms-invokeapp", "1; RequireReadOnly"),
        ] {
            tell(reply, name, value);
        }
    }
}

impl Face for SharePoint {
    fn claims(&self, path: &str) -> bool {
        let path = path.to_ascii_lowercase();
        let own = ["/_api/", "/personal/", "/sites/", "/_vti_bin/", "/_layouts/", "/_forms/"];
        path == "/" || own.iter().any(|start| path.starts_with(start))
    }

    /// Guests have no credentials to send.
    fn is_storage(&self, path: &str) -> bool {
        path.to_ascii_lowercase().ends_with(dialect::GUEST_PAGE)
    }

    fn serve(self: Arc<Self>, call: Call) -> BoxFuture<'static, Reply> {
        self.answer(call).boxed()
    }

    fn refuse(&self, path: &str, status: StatusCode) -> Reply {
        let in_api = path.to_ascii_lowercase().contains("/_api/");
        let mut reply = match status {
            StatusCode::UNAUTHORIZED => self.unauthorized(SpError::unauthorized().into_reply(Flavour::Atom)),
            _ if in_api => SpError::come_back_later(status).into_reply(Flavour::Atom),
            _ => full(status, "text/html; charset=utf-8", "<html><body>The server is busy.</body></html>"),
        };
        self.mark(&mut reply, if status == StatusCode::UNAUTHORIZED { "0" } else { "9" });
        reply
    }

    fn expire_tokens(&self) {
        self.tokens.expire();
        self.cookies.expire();
    }
}

/// One request, with who asks and where.
struct Ctx {
    face: Arc<SharePoint>,
    user: User,
    /// Signed in by a token: no form digest is needed.
    by_bearer: bool,
    site: Site,
    call: Call,
    flavour: Flavour,
}

impl Ctx {
    fn drive(&self) -> &Drive {
        self.face.drive()
    }

    /// The absolute address of the site.
    fn site_url(&self) -> String {
        format!("{}{}", self.call.base, self.site.url)
    }

    async fn route(&mut self, rest: &str) -> Outcome {
        let lower = rest.to_ascii_lowercase();
        if let Some(start) = lower.starts_with(SYNC_SERVICE).then_some(SYNC_SERVICE.len()) {
            return self.sync(rest.get(start..).unwrap_or_default()).await;
        }
        if let Some(path) = lower.strip_prefix("_api/").and_then(|_| rest.get(5..)) {
            return self.rest(path).await;
        }
        let reads = matches!(self.call.method, Method::GET | Method::HEAD);
        match lower.as_str() {
            _ if !reads => Err(SpError::not_allowed()),
            "" => Ok(full(StatusCode::OK, "text/html; charset=utf-8", "<html><body>SharePoint</body></html>")),
            DOWNLOAD_PAGE => self.download_page(),
            _ => {
                let path = format!("{}/{}", self.site.url, crate::http::decode(rest));
                let entry = self.face.places.resolve(&self.site, &path).ok_or_else(SpError::not_found)?;
                self.check(&entry, false)?;
                self.send(&entry)
            }
        }
    }

    /// `download.aspx?UniqueId=…`.
    fn download_page(&self) -> Outcome {
        let id = self.call.query.any(&["uniqueid", "sourceid"]).and_then(Guid::parse).ok_or_else(SpError::not_found)?;
        let entry = self.by_id(id)?;
        self.check(&entry, false)?;
        self.send(&entry)
    }

    /// A live item of this site's library.
    fn by_id(&self, id: Guid) -> Outcome<Entry> {
        let entry = id.number(Thing::Item).and_then(|number| self.drive().item(crate::drive::ItemId(number)));
        let here = |entry: &Entry| !entry.is_deleted() && self.site.holds(entry);
        entry.filter(here).ok_or_else(SpError::not_found)
    }

    /// Refuses what the user may not read, or change.
    fn check(&self, entry: &Entry, write: bool) -> Outcome<()> {
        match self.face.places.may(&self.user, &self.site, entry, write) {
            true => Ok(()),
            false => Err(SpError::access_denied()),
        }
    }

    /// Refuses who may not look at the whole site.
    fn check_site(&self) -> Outcome<()> {
        match self.face.places.may_enter(&self.user, &self.site) {
            true => Ok(()),
            false => Err(SpError::access_denied()),
        }
    }

    /// Refuses a write without a good form digest, unless a token signed it in.
    fn check_digest(&self) -> Outcome<()> {
        let digest = self.call.headers.get("x-requestdigest").and_then(|value| value.to_str().ok()).unwrap_or_default();
        if self.by_bearer || self.face.digests.is_good(digest, self.user.id) {
            return Ok(());
        }
        let error = SpError::bad_digest();
        Err(match self.face.options.digest_in_refusal {
            true => error.with("x-requestdigest", &self.face.digests.issue(self.user.id)),
            false => error,
        })
    }

    fn no_content(&self) -> Reply {
        empty(StatusCode::NO_CONTENT)
    }
}
