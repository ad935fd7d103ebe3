//! The face of the cursor sync API: `/api/v1/…` with change log, cursors, devices, conflicts, the live socket, files, folders,
//! uploads, shares and links; the identity service's `/oauth2/authorize`; the public addresses of links. Here: what belongs to all
//! of them, and the routing.
//!
//! The sync reference's example bodies are lost but for the number of their lines. The change object, a page of changes and the
//! status are known from elsewhere; what `/apply` takes and answers, the conflict, the device, the preferences and their bulk
//! form are *reconstructed* from the names and the number of lines. What else the documents leave open is told where it is decided.

mod apply;
mod auth;
mod conflicts;
mod content;
mod devices;
mod errors;
mod files;
mod folders;
mod ids;
mod info;
mod limits;
mod links;
mod log;
mod shares;
mod sign_in;
mod socket;
mod sockets;
mod space;
mod sync;
mod uploads;
mod wire;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::drive::{Drive, DriveError, User};
use crate::faces::Setup;
use crate::http::{Call, Reply, decode, empty};
use crate::server::{Face, Shared};
use crate::table::Table;
use crate::tokens::Tokens;
use auth::Codes;
use conflicts::Conflict;
use content::{Sums, broken};
use devices::{Device, Preference};
use errors::{ApiError, Outcome};
use limits::{Left, Limits};
use links::{Link, LinkType};
use log::Positions;
use space::Space;
use sync::CursorRow;
use uploads::Uploads;

pub use sign_in::CursorAccount;
pub use sockets::CursorSockets;

/// Longer bodies are no API requests.
const LONGEST_BODY: usize = 16 << 20;
const ROOT: &str = "/api/v1/";

/// What can be chosen about this face.
#[derive(Debug)]
struct Options {
    client_id: String,
    /// Errors are `{"detail": …}` without a code.
    detail_errors: bool,
}

/// The face.
#[derive(Debug)]
pub(crate) struct CursorFace {
    shared: Arc<Shared>,
    options: Options,
    tokens: Tokens,
    service_token: String,
    codes: Codes,
    limits: Limits,
    space: Space,
    positions: Positions,
    devices: Table<Device>,
    cursors: Table<CursorRow>,
    preferences: Table<Preference>,
    conflicts: Table<Conflict>,
    links: Table<Link>,
    uploads: Uploads,
    sums: Sums,
    sockets: CursorSockets,
    /// Held while conflicts are found and resolved: one device at a time.
    settling: Mutex<()>,
    dice: Mutex<fastrand::Rng>,
    requests: AtomicU64,
}

impl CursorFace {
    pub(crate) fn start(setup: &Setup<'_>) -> Result<(Arc<Self>, CursorAccount), DriveError> {
        let (shared, builder, seed) = (setup.shared, setup.builder, setup.builder.seed);
        let drive = &shared.drive;
        let tokens = Tokens::new(auth::token_form, builder.token_lifetime, seed ^ 0x6375_7273);
        let mut dice = fastrand::Rng::with_seed(seed ^ 0x6375_7273_6f72);
        let service_token = format!("svc_{:016x}{:016x}", dice.u64(..), dice.u64(..));
        let user = shared.accounts.default_user().clone();
        let account = CursorAccount {
            endpoint: setup.endpoint.clone(),
            grant: tokens.issue(user.id),
            service_token: service_token.clone(),
            password: shared.accounts.default_password().to_owned(),
            client_id: builder.client_id.clone(),
            user,
        };
        let face = Self {
            shared: shared.clone(),
            options: Options { client_id: builder.client_id.clone(), detail_errors: builder.detail_errors },
            tokens,
            service_token,
            codes: Codes::default(),
            limits: Limits::new(builder.rate_limit),
            space: Space::open(drive)?,
            positions: Positions::open(drive),
            devices: Table::open(drive, "cursor/devices"),
            cursors: Table::open(drive, "cursor/cursors"),
            preferences: Table::open(drive, "cursor/preferences"),
            conflicts: Table::open(drive, "cursor/conflicts"),
            links: Table::open(drive, "cursor/links"),
            uploads: Uploads::new(builder.upload_idle, seed),
            sums: Sums::default(),
            sockets: CursorSockets::new(seed),
            settling: Mutex::new(()),
            dice: Mutex::new(dice),
            requests: AtomicU64::new(0),
        };
        Ok((Arc::new(face), account))
    }

    pub(crate) fn sockets(&self) -> &CursorSockets {
        &self.sockets
    }

    /// Makes every cursor that was given out unknown.
    pub(crate) fn expire_cursors(&self) {
        self.positions.expire();
        self.cursors.clear();
    }

    fn drive(&self) -> &Drive {
        &self.shared.drive
    }

    fn settling(&self) -> MutexGuard<'_, ()> {
        self.settling.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Token and short code of a new link.
    fn link_tokens(&self) -> (String, String) {
        let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
        (format!("{:016x}{:016x}", dice.u64(..), dice.u64(..)), format!("{:08x}", dice.u32(..)))
    }

    async fn answer(self: Arc<Self>, call: Call) -> Reply {
        let path = call.path.clone();
        let outcome = match path.strip_prefix(ROOT) {
            Some(rest) => {
                let segments: Vec<String> = rest.split('/').filter(|part| !part.is_empty()).map(decode).collect();
                let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
                self.clone().api(&segments, call).await
            }
            None => self.clone().page(&path, call).await,
        };
        outcome.unwrap_or_else(|error| self.refusal(error))
    }

    fn refusal(&self, error: ApiError) -> Reply {
        let number = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        error.into_reply(self.options.detail_errors, number)
    }

    async fn api(self: Arc<Self>, segments: &[&str], mut call: Call) -> Outcome {
        match (call.method.clone(), segments) {
            (Method::GET, ["health"]) => Ok(info::health()),
            (Method::GET, ["ready"]) => Ok(info::ready()),
            (Method::GET, ["config"]) => Ok(info::config()),
            (Method::GET, ["auth", "config"]) => Ok(self.auth_config(&call)),
            (Method::GET, ["auth", "callback"]) => self.callback(&call),
            (Method::POST, ["auth", "token"]) => Ok(self.token(call).await),
            (_, ["sync", "ws", device]) => self.open_socket(device, &mut call),
            _ => self.private(segments, call).await,
        }
    }

    /// What needs a token, and counts against its limit.
    async fn private(self: Arc<Self>, segments: &[&str], mut call: Call) -> Outcome {
        let token = call.bearer().unwrap_or_default().to_owned();
        let Some(user) = self.user_of(&token) else {
            call.body.drain().await;
            return Err(ApiError::unauthorized());
        };
        let (left, allowed) = self.limits.charge(&token, limits::cost(&call.method, segments));
        if let Err(error) = allowed {
            call.body.drain().await;
            return Ok(left.tell(self.refusal(error)));
        }
        let mut ctx = Ctx { face: self.clone(), user, call, body: Bytes::new() };
        let reply = ctx.route(segments).await.unwrap_or_else(|error| self.refusal(error));
        Ok(Left::tell(left, reply))
    }

    /// What is not below the API: the identity service, and the public addresses of links.
    async fn page(self: Arc<Self>, path: &str, mut call: Call) -> Outcome {
        if path == "/oauth2/authorize" && call.method == Method::GET {
            return Ok(self.authorize(&call));
        }
        call.body.drain().await;
        let (short, token) = match (path.strip_prefix("/share/"), path.strip_prefix("/s/")) {
            (Some(token), _) => (false, token),
            (_, Some(code)) => (true, code),
            _ => return Err(ApiError::not_found("Page")),
        };
        if call.method != Method::GET {
            return Err(ApiError::not_allowed());
        }
        let (link_type, entry) = self.follow(token, short, call.query.get("password"))?;
        let Some(owner) = self.drive().user(entry.item.creator).or_else(|| self.drive().users().into_iter().next())
        else {
            return Err(ApiError::not_found("Link"));
        };
        let ctx = Ctx { face: self, user: owner, call, body: Bytes::new() };
        if link_type == LinkType::Upload {
            return Ok(info::ok(&json!({"name": entry.item.name})));
        }
        if entry.item.is_file() {
            return match link_type {
                LinkType::View => Ok(info::ok(&ctx.child_json(&entry))),
                _ => ctx.whole_content(&entry),
            };
        }
        let children = ctx.drive().children(entry.item.id, 0, None).entries;
        let known = children.iter().filter(|entry| entry.item.is_folder() || entry.item.is_file());
        let items: Value = known.map(|entry| ctx.child_json(entry)).collect();
        Ok(info::ok(&json!({"name": entry.item.name, "items": items})))
    }
}

/// Its sockets end with it.
impl Drop for CursorFace {
    fn drop(&mut self) {
        self.sockets.drop_all();
    }
}

impl Face for CursorFace {
    fn claims(&self, path: &str) -> bool {
        path.starts_with(ROOT) || path == "/oauth2/authorize" || path.starts_with("/share/") || path.starts_with("/s/")
    }

    /// Links authorise themselves.
    fn is_storage(&self, path: &str) -> bool {
        path.starts_with("/share/") || path.starts_with("/s/")
    }

    fn serve(self: Arc<Self>, call: Call) -> BoxFuture<'static, Reply> {
        self.answer(call).boxed()
    }

    fn refuse(&self, _path: &str, status: StatusCode) -> Reply {
        match status {
            StatusCode::UNAUTHORIZED => self.refusal(ApiError::unauthorized()),
            _ => self.refusal(ApiError::come_back_later(status)),
        }
    }

    fn expire_tokens(&self) {
        self.tokens.expire();
    }
}

/// One API request, with who asks.
struct Ctx {
    face: Arc<CursorFace>,
    user: User,
    call: Call,
    body: Bytes,
}

impl Ctx {
    /// What takes content reads its body by itself.
    async fn route(&mut self, segments: &[&str]) -> Outcome {
        match (&self.call.method, segments) {
            (&Method::POST, ["files"]) => return self.upload_form().await,
            (&Method::PUT, ["uploads", id, "chunks", index]) => return self.put_chunk(id, index).await,
            _ => {}
        }
        match self.call.body.read(LONGEST_BODY).await {
            Ok(body) => self.body = body,
            Err(error) => {
                self.call.body.drain().await;
                return Err(broken(error));
            }
        }
        match segments {
            ["sync", rest @ ..] => self.sync(rest).await,
            ["files", rest @ ..] => self.files(rest).await,
            ["folders", rest @ ..] => self.folders(rest),
            ["uploads", rest @ ..] => self.uploads(rest).await,
            ["shares", rest @ ..] => self.shares(rest),
            ["external", rest @ ..] => self.external(rest),
            ["users", rest @ ..] => self.users(rest),
            ["search"] if self.call.method == Method::GET => self.search(),
            _ => Err(ApiError::not_found("Page")),
        }
    }
}

fn no_content() -> Outcome {
    Ok(empty(StatusCode::NO_CONTENT))
}
