//! The ShareFile face: the REST API v3 under `/sf/v3` (and `/sp/v3`, where files can be locked), OAuth under `/oauth`, the storage
//! host under `/storage`, and the public pages of links under `/d-…` and `/r-…`. Here: what belongs to all of them, and the routing.
//!
//! # What the documents leave open
//!
//! Decided here and marked as ours, because neither the reference page nor the SDKs say: the size of a page when the client names
//! none (all items); the form of `odata.nextLink` (the same request with another `$skip`); that deletes and renames count as edits
//! of the folders above (`ProgenyEditDate`); the tags of the ids of notes, links and symbolic links; the texts of errors; what
//! `overwrite=true` does to a folder (the old one goes to the recycle bin); the lifetimes of storage URLs (a day); the body of
//! `BulkDelete` and of the template checks (none: 204); where `Items/ByPath` starts (the account's top, then the shared folders,
//! then the caller's home); that each user may do everything except in other users' homes.

mod account;
mod bin;
mod create;
mod delete;
mod download;
mod errors;
mod extras;
mod feed;
mod fields;
mod filter;
mod ids;
mod info;
mod items;
mod jobs;
mod oauth;
mod search;
mod shape;
mod share_page;
mod share_wire;
mod shares;
mod sign_in;
mod signing;
mod update;
mod upload;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::{HeaderName, Method, StatusCode};
use serde_json::Value;

use crate::addresses::Addresses;
use crate::builder::Builder;
use crate::drive::{Drive, DriveError, Entry, ItemId, Role, User};
use crate::faces::Setup;
use crate::http::{Call, Reply, decode, empty, full, json};
use crate::server::{Face, Shared};
use crate::tokens::Tokens;
use download::Target;
use errors::{ApiError, Outcome};
use feed::Wanted;
use jobs::Jobs;
use signing::Signer;
use wire::View;

pub use sign_in::ShareFileAccount;

/// Longer bodies are no API requests.
const LONGEST_BODY: usize = 16 << 20;

/// What can be chosen about this face.
#[derive(Debug, Clone)]
struct Options {
    /// No page of a feed is longer, whatever the client asks.
    max_page: Option<usize>,
    client_id: String,
    client_secret: String,
    /// PATCH reads `ClientModifiedDate` as New York wall-clock time, in whole seconds.
    new_york_dates: bool,
    /// PATCH with a name and a parent renames in the old folder first, over whatever has the name there.
    clobbering_moves: bool,
    /// How long an asynchronous operation waits before it is carried out.
    async_delay: Duration,
    /// Deletions of more items than this are asynchronous, unless the client insists.
    async_above: usize,
}

impl Options {
    fn of(builder: &Builder) -> Self {
        Self {
            max_page: builder.max_page,
            client_id: builder.client_id.clone(),
            client_secret: builder.client_secret.clone(),
            new_york_dates: builder.new_york_dates,
            clobbering_moves: builder.clobbering_moves,
            async_delay: builder.async_delay,
            async_above: builder.async_above,
        }
    }
}

/// The face.
#[derive(Debug)]
pub(crate) struct ShareFile {
    shared: Arc<Shared>,
    options: Options,
    tokens: Tokens,
    signer: Signer,
    uploads: upload::Uploads,
    downloads: Addresses<Target>,
    jobs: Jobs,
    special: Special,
}

/// The folders behind the special ids.
#[derive(Debug)]
struct Special {
    shared: ItemId,
    favorites: ItemId,
    connectors: ItemId,
    file_box: ItemId,
}

impl Special {
    fn of(drive: &Drive) -> Result<Self, DriveError> {
        Ok(Self {
            shared: drive.fixed_folder("Shared Folders", Role::Shared)?,
            favorites: drive.fixed_folder("Favorite Folders", Role::System)?,
            connectors: drive.fixed_folder("Connectors", Role::System)?,
            file_box: drive.fixed_folder("File Box", Role::System)?,
        })
    }
}

impl ShareFile {
    pub(crate) fn start(setup: &Setup<'_>) -> Result<(Arc<Self>, ShareFileAccount), DriveError> {
        let (shared, builder, seed) = (setup.shared, setup.builder, setup.builder.seed);
        let options = Options::of(builder);
        let tokens = Tokens::new(|one, other| format!("{one}$${other}"), builder.token_lifetime, seed);
        let user = shared.accounts.default_user().clone();
        let account = ShareFileAccount {
            endpoint: setup.endpoint.clone(),
            grant: tokens.issue(user.id),
            password: shared.accounts.default_password().to_owned(),
            client_id: options.client_id.clone(),
            client_secret: options.client_secret.clone(),
            user,
        };
        let face = Self {
            signer: Signer::new(format!("storage {seed}")),
            uploads: upload::Uploads::new(seed),
            downloads: Addresses::new(seed, 0x6474),
            jobs: Jobs::new(seed),
            special: Special::of(&shared.drive)?,
            shared: shared.clone(),
            options,
            tokens,
        };
        Ok((Arc::new(face), account))
    }

    /// The user of a valid access token.
    fn user_of(&self, token: &str) -> Option<User> {
        self.shared.accounts.user(self.tokens.user_of(token)?).cloned()
    }

    fn drive(&self) -> &Drive {
        &self.shared.drive
    }

    async fn answer(self: Arc<Self>, call: Call) -> Reply {
        let path = call.path.clone();
        let (first, rest) = path.trim_start_matches('/').split_once('/').unwrap_or((path.trim_matches('/'), ""));
        let outcome = match first.to_ascii_lowercase().as_str() {
            "sf" => self.api("sf", rest, call).await,
            "sp" => self.api("sp", rest, call).await,
            "oauth" => return self.oauth(rest, call).await,
            "storage" => return self.storage(rest, call).await,
            _ => self.share_page(&path, call).await,
        };
        outcome.unwrap_or_else(ApiError::into_reply)
    }

    async fn api(self: Arc<Self>, provider: &'static str, rest: &str, mut call: Call) -> Outcome {
        let Some(rest) = rest.strip_prefix("v3/").or_else(|| rest.strip_prefix("V3/")) else {
            return Err(ApiError::no_such_call(rest));
        };
        let user = call.bearer().and_then(|token| self.user_of(token));
        let body = match call.body.read(LONGEST_BODY).await {
            Ok(body) => body,
            Err(error) => {
                return Err(ApiError::bad_request(format!("The body cannot be read: {error}.")));
            }
        };
        if let Some(method) = call.header(&HeaderName::from_static("x-http-method-override")) {
            call.method = method.parse().unwrap_or(call.method);
        }
        let segments: Vec<Segment> = rest.split('/').filter(|part| !part.is_empty()).map(Segment::parse).collect();
        if segments.last().is_some_and(|last| matches!(last.name.as_str(), "upload" | "upload2")) {
            self.uploads.settle().await;
        }
        Ctx { face: self, provider, user, call, body }.route(&segments)
    }

    async fn storage(self: Arc<Self>, rest: &str, mut call: Call) -> Reply {
        match rest {
            _ if rest.starts_with("upload") => self.receive(call).await,
            "download.ashx" => self.download(&call).await,
            "thumbnail.ashx" => extras::thumbnail_image(&self, &call),
            _ => {
                call.body.drain().await;
                full(StatusCode::NOT_FOUND, "text/plain", "nothing is served here\n")
            }
        }
    }
}

impl Face for ShareFile {
    fn claims(&self, path: &str) -> bool {
        let path = path.to_ascii_lowercase();
        ["/sf/", "/sp/", "/oauth/", "/storage/", "/d-", "/r-"].iter().any(|start| path.starts_with(start))
    }

    fn is_storage(&self, path: &str) -> bool {
        path.starts_with("/storage/")
    }

    fn serve(self: Arc<Self>, call: Call) -> BoxFuture<'static, Reply> {
        self.answer(call).boxed()
    }

    fn refuse(&self, path: &str, status: StatusCode) -> Reply {
        match status {
            _ if self.is_storage(path) => empty(status),
            StatusCode::UNAUTHORIZED => ApiError::unauthorized().into_reply(),
            _ => ApiError::come_back_later(status).into_reply(),
        }
    }

    fn expire_tokens(&self) {
        self.tokens.expire();
    }
}

/// `Name` or `Name(argument)`; the name in lower case, the argument as it was written, without quotes.
#[derive(Debug, Clone)]
struct Segment {
    name: String,
    argument: Option<String>,
}

impl Segment {
    fn parse(raw: &str) -> Self {
        let text = decode(raw);
        let parsed = text.split_once('(').and_then(|(name, rest)| Some((name, rest.strip_suffix(')')?)));
        let Some((name, argument)) = parsed else {
            return Self { name: text.to_ascii_lowercase(), argument: None };
        };
        let argument = argument.trim_matches(['\'', '"']);
        let argument = (!argument.is_empty()).then(|| argument.to_owned());
        Self { name: name.to_ascii_lowercase(), argument }
    }
}

/// One API request, with who asks and where.
struct Ctx {
    face: Arc<ShareFile>,
    provider: &'static str,
    user: Option<User>,
    call: Call,
    body: Bytes,
}

impl Ctx {
    fn route(&self, segments: &[Segment]) -> Outcome {
        let Some((entity, rest)) = segments.split_first() else {
            return Err(ApiError::no_such_call("/"));
        };
        let id = entity.argument.as_deref();
        if entity.name == "shares" {
            return self.route_shares(id, rest);
        }
        if self.user.is_none() {
            return Err(ApiError::unauthorized());
        }
        match entity.name.as_str() {
            "items" => self.route_items(id, rest),
            "asyncoperations" => self.route_jobs(id, rest),
            _ => self.route_account(&entity.name, id, rest),
        }
    }

    /// The operations of the Items entity.
    fn route_items(&self, id: Option<&str>, rest: &[Segment]) -> Outcome {
        let (action, argument) = match rest {
            [] => ("", None),
            [action, ..] => (action.name.as_str(), action.argument.as_deref()),
        };
        match (&self.call.method, id) {
            (&Method::GET, None) => self.get_from_items(action),
            (&Method::GET, Some(id)) => self.get_of_item(id, action, argument),
            (&Method::POST, None) => self.post_to_items(action),
            (&Method::POST, Some(id)) => self.post_to_item(id, action),
            (&Method::PATCH, None) => self.update_kind(action, argument),
            (&Method::PATCH, Some(id)) if action.is_empty() => self.update_item(id),
            (&Method::DELETE, Some(id)) if action.is_empty() => self.delete_item(id),
            _ => Err(ApiError::not_allowed(format!("{} cannot be done here.", self.call.method))),
        }
    }

    fn get_from_items(&self, action: &str) -> Outcome {
        match action {
            "" => self.home(),
            "bypath" => self.by_path(None),
            "search" => self.search(None),
            "userdeleteditems" => self.user_deleted_items(),
            "bydlpstatus" => self.by_dlp_status(),
            _ => Err(ApiError::no_such_call(action)),
        }
    }

    fn get_of_item(&self, id: &str, action: &str, argument: Option<&str>) -> Outcome {
        match action {
            "" if self.call.query.has("treemode") => self.tree_view(id),
            "" => self.get_item(id),
            "treeview" => self.tree_view(id),
            "stream" => self.stream(id),
            "bypath" => self.by_path(Some(id)),
            "parent" => self.parent(id),
            "children" => match argument {
                Some(child) => self.child(id, child),
                None => self.children(id),
            },
            "info" => self.info(id),
            "download" => self.download_item(id),
            "thumbnail" => self.thumbnail(id),
            "breadcrumbs" => self.breadcrumbs(id),
            "redirection" => self.redirection(id),
            "deletedchildren" => self.deleted_children(id),
            "accesscontrols" => self.access_controls(id),
            "search" => self.search(Some(id)),
            "upload" => self.upload(id),
            _ => Err(ApiError::no_such_call(action)),
        }
    }

    fn post_to_items(&self, action: &str) -> Outcome {
        match action {
            "folder" => self.create_folder(None),
            "bulkrestore" => self.bulk_restore(),
            "bulkdeletepermanently" => self.bulk_delete_permanently(),
            _ => Err(ApiError::no_such_call(action)),
        }
    }

    fn post_to_item(&self, id: &str, action: &str) -> Outcome {
        match action {
            "folder" => self.create_folder(Some(id)),
            "note" => self.create_note(id),
            "link" => self.create_link(id),
            "symboliclink" => self.create_symbolic_link(id),
            "copy" => self.copy(id),
            "upload" => self.upload(id),
            "upload2" => self.upload2(id),
            "bulkdownload" => self.bulk_download(id),
            "bulkdelete" => self.bulk_delete(id),
            "checkin" | "checkout" | "discardcheckout" => self.lock(id, action),
            "webapplink" => self.web_app_link(id),
            "removetemplateassociation" => self.remove_template_association(id),
            "checktemplateowned" => self.check_template_owned(id),
            "checkversioningviolation" => self.check_versioning_violation(id),
            "checkifpreviewable" => self.check_if_previewable(id),
            _ => Err(ApiError::no_such_call(action)),
        }
    }

    fn drive(&self) -> &Drive {
        self.face.drive()
    }

    fn user(&self) -> Result<&User, ApiError> {
        self.user.as_ref().ok_or_else(ApiError::unauthorized)
    }

    fn view(&self) -> View {
        let root = format!("{}/{}/v3", self.call.base, self.provider);
        View::new(self.drive().clone(), root, self.user.clone())
    }

    fn wanted(&self) -> Result<Wanted, ApiError> {
        Wanted::parse(&self.call, self.face.options.max_page)
    }

    fn fields(&self) -> Result<fields::Fields, ApiError> {
        fields::Fields::parse(&self.body)
    }

    fn ids(&self) -> Result<Vec<String>, ApiError> {
        fields::parse_ids(&self.body)
    }

    /// One item as the client wants it.
    fn item_reply(&self, entry: &Entry) -> Outcome {
        let shape = self.wanted()?.shape;
        Ok(json(StatusCode::OK, self.view().item(entry, &shape)))
    }

    /// A list of items as the client wants it.
    fn feed_reply(&self, wanted: &Wanted, entries: Vec<Entry>) -> Outcome {
        let view = self.view();
        let page = wanted.page_of(&view, entries);
        Ok(wanted.reply(&self.call, view, page))
    }

    /// An object that is no item.
    fn object_reply(&self, object: &Value) -> Outcome {
        Ok(json(StatusCode::OK, object.to_string()))
    }

    /// A feed of objects that are no items.
    fn objects_reply(&self, entity: &str, objects: &[Value]) -> Outcome {
        Ok(json(StatusCode::OK, self.objects(entity, objects).to_string()))
    }

    fn objects(&self, entity: &str, objects: &[Value]) -> Value {
        let view_root = format!("{}/{}/v3", self.call.base, self.provider);
        serde_json::json!({
            "odata.metadata": format!("{view_root}/$metadata#{entity}"), "odata.count": objects.len(),
            "value": objects, "url": format!("{}{}", self.call.base, self.call.path),
        })
    }
}

fn no_content() -> Outcome {
    Ok(empty(StatusCode::NO_CONTENT))
}
