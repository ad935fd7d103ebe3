//! The Acronis face: the File Sync & Share API v1 under `/fc/api/v1`, the platform's OAuth under `/api/2/idp`, its discovery under
//! `/api/1/accounts` and `/api/2/users/me`, and the pages of links under `/fc/t`. Here: what belongs to all of them, and the routing.
//!
//! Each user's home folder is the node `0`, "Sync & Share"; folders of others that a user is a member of stand in it too. The first
//! user is the administrator.
//!
//! # Beyond the reference
//!
//! Known from public clients only: `GET` and `DELETE` of a node (204), `GET …/download`, the root as `0` in every place and as
//! `/sync_and_share_nodes/contents`, 409 on a rename, sign-in and discovery.
//!
//! # What the documents leave open
//!
//! Decided here: creating and uploading answer 404 where nothing has ever been under the identifier of the folder, or at the path;
//! everything else answers 403 for what is not there. What is deleted is in no listing. A name with a file in the way of a folder or
//! the other way round, and a bad name, are invalid (400, code 15; 409 where a folder is created). `file_modification_date` is the
//! end of the upload, of a folder the time of its last own change. Downloads honour ranges and have no entity tag. Parameters of
//! pages that are no positive numbers are invalid. Another `tenant_id` than the user's is refused with 403. A user may not see the
//! settings without being an administrator. Members, settings, what was done to devices, and the audit log are kept with the drive.

mod audit;
mod body;
mod devices;
mod download;
mod errors;
mod ids;
mod link_page;
mod links;
mod members;
mod nodes;
mod oauth;
mod page;
mod purging;
mod settings;
mod sight;
mod sign_in;
mod upload;
mod users;
mod wire;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::{Method, StatusCode};

use crate::drive::{Drive, User};
use crate::faces::Setup;
use crate::http::{Call, Reply, decode};
use crate::server::{Face, Shared};
use crate::tokens::Tokens;
use audit::Audit;
use body::Fields;
use devices::Devices;
use errors::{ApiError, Outcome};
use members::Members;
use oauth::Codes;
use page::Window;
use settings::Settings;
use sight::Sight;

pub use sign_in::AcronisAccount;

/// Longer bodies are no API requests.
const LONGEST_BODY: usize = 1 << 20;

/// What can be chosen about this face.
struct Options {
    max_page: Option<usize>,
    client_id: String,
    client_secret: String,
    /// What has to be said besides a password.
    one_time_code: Option<String>,
}

/// The face.
pub(crate) struct Acronis {
    shared: Arc<Shared>,
    options: Options,
    tokens: Tokens,
    codes: Codes,
    state: Mutex<State>,
}

/// What the face knows beside the drive.
struct State {
    settings: Settings,
    devices: Devices,
    members: Members,
    audit: Audit,
}

/// Shows no secret.
impl std::fmt::Debug for Acronis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Acronis").finish_non_exhaustive()
    }
}

impl Acronis {
    pub(crate) fn start(setup: &Setup<'_>) -> (Arc<Self>, AcronisAccount) {
        let (shared, builder) = (setup.shared, setup.builder);
        // The documented pattern of tokens ends with an equals sign.
        let tokens = Tokens::new(|one, other| format!("{one}.{other}="), builder.token_lifetime, builder.seed ^ 0xac);
        let user = shared.accounts.default_user().clone();
        let account = AcronisAccount {
            endpoint: setup.endpoint.clone(),
            grant: tokens.issue(user.id),
            password: shared.accounts.default_password().to_owned(),
            client_id: builder.client_id.clone(),
            client_secret: builder.client_secret.clone(),
            tenant_id: ids::tenant(),
            user,
        };
        let state = State {
            settings: Settings::of(&shared.drive, &setup.endpoint),
            devices: Devices::of(&shared.drive, &account.user),
            members: Members::of(&shared.drive),
            audit: Audit::of(&shared.drive),
        };
        let options = Options {
            max_page: builder.max_page,
            client_id: builder.client_id.clone(),
            client_secret: builder.client_secret.clone(),
            one_time_code: builder.one_time_code.clone(),
        };
        let (codes, state) = (Codes::default(), Mutex::new(state));
        (Arc::new(Self { shared: shared.clone(), options, tokens, codes, state }), account)
    }

    fn drive(&self) -> &Drive {
        &self.shared.drive
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The user whose token a request carries.
    fn user_of(&self, call: &Call) -> Option<User> {
        self.shared.accounts.user(self.tokens.user_of(call.bearer()?)?).cloned()
    }

    fn is_administrator(&self, user: &User) -> bool {
        self.shared.accounts.default_user().id == user.id
    }

    async fn answer(self: Arc<Self>, call: Call) -> Reply {
        let path = call.path.clone();
        let outcome = if let Some(rest) = path.strip_prefix("/fc/api/v1/") {
            self.api(rest, call).await
        } else if path.starts_with("/fc/") {
            self.link_page(&path, call).await
        } else {
            self.platform(&path, call).await
        };
        outcome.unwrap_or_else(ApiError::into_reply)
    }

    async fn api(self: Arc<Self>, rest: &str, mut call: Call) -> Outcome {
        let Some(user) = self.user_of(&call) else {
            call.body.drain().await;
            return Err(ApiError::unauthorized());
        };
        let segments: Vec<String> = rest.split('/').filter(|part| !part.is_empty()).map(decode).collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        if let (&Method::POST, ["sync_and_share_nodes", folder, "upload"]) = (&call.method, segments.as_slice()) {
            return self.upload(&user, folder, call).await;
        }
        let body = call.body.read(LONGEST_BODY).await.map_err(|_| ApiError::invalid())?;
        if let (&Method::GET, ["sync_and_share_nodes", node, "download"]) = (&call.method, segments.as_slice()) {
            return self.download(&user, node, &call).await;
        }
        Ctx { face: self, user, call, body }.route(&segments)
    }
}

impl Face for Acronis {
    fn claims(&self, path: &str) -> bool {
        let platform = ["/api/2/idp/", "/bc/idp/", "/api/2/users/me", "/api/1/accounts"];
        path.starts_with("/fc/") || platform.iter().any(|start| path.starts_with(start))
    }

    fn is_storage(&self, path: &str) -> bool {
        path.starts_with("/fc/t/") || path.starts_with("/fc/node_share_links/")
    }

    fn serve(self: Arc<Self>, call: Call) -> BoxFuture<'static, Reply> {
        self.answer(call).boxed()
    }

    fn refuse(&self, path: &str, status: StatusCode) -> Reply {
        let error = match status {
            _ if !path.starts_with("/fc/") => ApiError::platform(status, "The service is busy."),
            StatusCode::UNAUTHORIZED => ApiError::unauthorized(),
            _ => ApiError::come_back_later(status),
        };
        error.into_reply()
    }

    fn expire_tokens(&self) {
        self.tokens.expire();
    }
}

/// One API request, with who asks.
struct Ctx {
    face: Arc<Acronis>,
    user: User,
    call: Call,
    body: Bytes,
}

impl Ctx {
    fn route(&self, segments: &[&str]) -> Outcome {
        match segments {
            ["sync_and_share_nodes"] => self.only(&Method::POST, Self::create_folder),
            ["sync_and_share_nodes", "contents"] => self.only(&Method::GET, |ctx| ctx.contents(ids::ROOT)),
            ["sync_and_share_nodes", node, rest @ ..] => self.route_node(node, rest),
            _ => self.administer(segments),
        }
    }

    fn route_node(&self, node: &str, rest: &[&str]) -> Outcome {
        match (&self.call.method, rest) {
            (&Method::GET, []) => self.get_node(node),
            (&Method::PUT, []) => self.update_node(node),
            (&Method::DELETE, []) => self.delete_node(node),
            (&Method::GET, ["contents"]) => self.contents(node),
            (&Method::POST, ["copy"]) => self.copy_node(node),
            (&Method::POST, ["move"]) => self.move_node(node),
            (&Method::GET, ["preview"]) => self.preview(node),
            (&Method::POST, ["links"]) => self.create_link(node),
            (&Method::PUT, ["links", link]) => self.update_link(node, link),
            (&Method::GET, ["members"]) => self.members(node),
            (&Method::POST, ["members"]) => self.add_member(node),
            (&Method::PUT, ["members", member]) => self.update_member(node, member),
            (_, [] | ["contents" | "copy" | "move" | "preview" | "upload" | "download" | "links" | "members"])
            | (_, ["links" | "members", _]) => Err(ApiError::not_allowed()),
            _ => Err(ApiError::not_found()),
        }
    }

    /// The operations for administrators, in the context of a tenant.
    fn administer(&self, segments: &[&str]) -> Outcome {
        let other_tenant = self.call.query.get("tenant_id").is_some_and(|id| !id.eq_ignore_ascii_case(&ids::tenant()));
        if other_tenant || !self.face.is_administrator(&self.user) {
            return Err(ApiError::not_an_administrator());
        }
        match (&self.call.method, segments) {
            (&Method::GET, ["audit_log"]) => self.audit_log(),
            (&Method::GET, ["devices"]) => self.devices(),
            (&Method::GET, ["devices", device]) => self.device(device),
            (&Method::PUT, ["devices", device]) => self.update_device(device),
            (&Method::DELETE, ["devices", device]) => self.delete_device(device),
            (&Method::GET, ["settings", group]) => self.settings(group),
            (&Method::PUT, ["settings", group]) => self.update_settings(group),
            (&Method::GET, ["users", user]) => self.get_user(user),
            (_, ["audit_log" | "devices"] | ["devices" | "settings" | "users", _]) => Err(ApiError::not_allowed()),
            _ => Err(ApiError::not_found()),
        }
    }

    fn only(&self, method: &Method, serve: impl FnOnce(&Self) -> Outcome) -> Outcome {
        if self.call.method == *method { serve(self) } else { Err(ApiError::not_allowed()) }
    }

    fn drive(&self) -> &Drive {
        self.face.drive()
    }

    fn sight(&self) -> Sight {
        Sight::of(&self.face, &self.user)
    }

    fn window(&self) -> Result<Window, ApiError> {
        Window::of(&self.call, self.face.options.max_page)
    }

    fn fields(&self, wrapper: &str) -> Result<Fields, ApiError> {
        Fields::wrapped(&self.call, &self.body, wrapper)
    }
}
