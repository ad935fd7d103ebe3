//! The FilesAnywhere face: SyncAPI under `/api/syncapp/syncapi.asmx`, FAWAPI under `/fawapi.asmx` and `/v2/fawapi.asmx`, both in SOAP
//! 1.1 and 1.2 with their WSDL, and under `/faw/` what those give addresses of: downloads and links. Here: what belongs to all of
//! them, and the routing. `soap` knows the envelopes, `schema` and `operations` what the operations take and give.
//!
//! What the documents leave open, and what was chosen for it, is told in the crate's documentation.

mod account;
mod activities;
mod args;
mod changes;
mod checkout;
mod clipboard;
mod dispatch;
mod downloads;
mod folders;
mod groups;
mod keys;
mod link_pages;
mod links;
mod listing;
mod operations;
mod pages;
mod places;
mod record;
mod schema;
mod seal;
mod search;
mod sign_in;
mod soap;
mod staging;
mod switches;
mod sync;
mod timeline;
mod times;
mod uploads;
mod wsdl;
mod zips;

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use http::{Method, StatusCode};

use crate::addresses::Addresses;
use crate::builder::Builder;
use crate::drive::{Drive, DriveError, User};
use crate::faces::Setup;
use crate::http::{Call, Query, Reply, empty, full};
use crate::server::{Face, Shared};
use crate::tokens::Tokens;
use args::Args;
use record::Record;
use schema::{Operation, Service};
use seal::Seal;
use soap::{Code, Fault, Request, Version};

pub use sign_in::FilesAnywhereAccount;
pub use switches::ChangeListSwitches;

/// What can be chosen about this face.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) api_key: String,
    pub(crate) org_id: i64,
    /// The code by which the organisation is asked for.
    pub(crate) company_code: String,
    /// Longer requests are refused, as ASP.NET does.
    pub(crate) longest_request: usize,
    /// Dates of SyncAPI say that they are UTC.
    pub(crate) zoned_dates: bool,
    /// A file is there from its first chunk on.
    pub(crate) partial_files: bool,
    /// No page of a listing is longer.
    pub(crate) max_page: Option<usize>,
    /// How long a ZIP file takes.
    pub(crate) zip_delay: Duration,
}

impl Options {
    fn of(builder: &Builder) -> Self {
        Self {
            api_key: builder.api_key.clone(),
            org_id: builder.org_id,
            company_code: "emulator".to_owned(),
            longest_request: builder.longest_soap_request,
            zoned_dates: builder.zoned_soap_dates,
            partial_files: builder.partial_files,
            max_page: builder.max_page,
            zip_delay: builder.async_delay,
        }
    }
}

/// The face.
#[derive(Debug)]
pub(crate) struct FilesAnywhere {
    shared: Arc<Shared>,
    options: Options,
    tokens: Tokens,
    seal: Seal,
    users: account::Users,
    clipboards: clipboard::Clipboards,
    uploads: staging::Uploads,
    downloads: Addresses<downloads::Target>,
    zips: zips::Zips,
    groups: groups::Groups,
    checkouts: checkout::Checkouts,
    timeline: timeline::Timeline,
    switches: ChangeListSwitches,
}

/// Why an operation was not carried out, in words for `ErrorMessage`.
#[derive(Debug)]
struct Refused(String);

impl Refused {
    fn because(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl From<DriveError> for Refused {
    fn from(error: DriveError) -> Self {
        Self(match error {
            DriveError::NotFound => "The item does not exist.".to_owned(),
            DriveError::NameTaken { .. } => "An item with this name already exists.".to_owned(),
            DriveError::Locked => "The file is checked out by another user.".to_owned(),
            DriveError::Protected => "This folder cannot be changed.".to_owned(),
            other => format!("Not possible: {other}."),
        })
    }
}

impl From<std::io::Error> for Refused {
    fn from(error: std::io::Error) -> Self {
        Self(format!("The content could not be stored: {error}."))
    }
}

/// What an operation gives.
type Outcome = Result<Record, Refused>;

impl FilesAnywhere {
    pub(crate) fn start(setup: &Setup<'_>) -> (Arc<Self>, FilesAnywhereAccount) {
        let (shared, builder, seed) = (setup.shared, setup.builder, setup.builder.seed);
        let options = Options::of(builder);
        let switches = ChangeListSwitches::new(builder.change_list_entries);
        let account = FilesAnywhereAccount {
            endpoint: setup.endpoint.clone(),
            api_key: options.api_key.clone(),
            org_id: options.org_id,
            password: shared.accounts.default_password().to_owned(),
            user: shared.accounts.default_user().clone(),
            change_list: switches.clone(),
        };
        let face = Self {
            tokens: Tokens::new(|one, other| format!("{one}{other}"), builder.token_lifetime, seed ^ 0x6661_7761),
            seal: Seal::new(seed),
            users: account::Users::default(),
            clipboards: clipboard::Clipboards::default(),
            uploads: staging::Uploads::new(seed),
            downloads: Addresses::new(seed, 0x646f_776e),
            zips: zips::Zips::new(options.zip_delay),
            groups: groups::Groups::of(&shared.drive),
            checkouts: checkout::Checkouts::default(),
            timeline: timeline::Timeline::default(),
            shared: shared.clone(),
            switches,
            options,
        };
        (Arc::new(face), account)
    }

    fn drive(&self) -> &Drive {
        &self.shared.drive
    }

    /// `expired` makes the token of the request one whose time is over.
    async fn answer(self: Arc<Self>, mut call: Call, expired: bool) -> Reply {
        let path = call.path.to_ascii_lowercase();
        match service_of(&path) {
            Some(service) if call.method == Method::GET => {
                call.body.drain().await;
                describe(service, &call)
            }
            Some(service) => self.soap(service, call, expired).await,
            None if expired => self.refuse(&path, StatusCode::UNAUTHORIZED),
            None => self.addresses(&path, call).await,
        }
    }

    async fn soap(self: Arc<Self>, service: Service, mut call: Call, expired: bool) -> Reply {
        let find = |name: &str| operations::find(service, name).map(|operation| operation.name);
        let request = match Request::read(&mut call, self.options.longest_request, find).await {
            Ok(request) => request,
            Err(refusal) => return refusal.into_reply(),
        };
        let Some(operation) = operations::find(service, request.operation) else {
            return empty(StatusCode::NOT_FOUND);
        };
        let args = match read_args(operation, &request) {
            Ok(args) => args,
            Err(fault) => return fault.into_reply(request.version),
        };
        let ctx = Ctx { face: self, args, base: call.base, repeat_page: call.repeat_page, expired };
        let outcome = ctx.perform(operation.name).await;
        ctx.reply(operation, request.version, outcome)
    }

    /// What the services give addresses of.
    async fn addresses(self: Arc<Self>, path: &str, mut call: Call) -> Reply {
        match path {
            downloads::PATH => {
                call.body.drain().await;
                self.serve_download(&call)
            }
            links::SEND_PATH => self.send_page(call).await,
            links::DROP_PATH => self.drop_page(call).await,
            _ => {
                call.body.drain().await;
                pages::error(StatusCode::NOT_FOUND, "The resource you are looking for has been removed.")
            }
        }
    }
}

/// The service at a path, given in lower case.
fn service_of(path: &str) -> Option<Service> {
    match path {
        "/api/syncapp/syncapi.asmx" => Some(Service::Sync),
        "/fawapi.asmx" | "/v2/fawapi.asmx" => Some(Service::Files),
        _ => None,
    }
}

/// What GET gives: the WSDL, the help page of an operation, or the list of all.
fn describe(service: Service, call: &Call) -> Reply {
    if call.query.has("wsdl") || call.raw_query.eq_ignore_ascii_case("wsdl") {
        let address = format!("{}{}", call.base, call.path);
        return full(StatusCode::OK, "text/xml; charset=utf-8", wsdl::wsdl(service, &address));
    }
    match call.query.get("op").map(|name| operations::find(service, name)) {
        Some(Some(operation)) => pages::operation(service, operation),
        Some(None) => pages::error(StatusCode::NOT_FOUND, "Operation not found."),
        None => pages::index(service),
    }
}

/// Values that are none are told with where they stand.
fn read_args(operation: &Operation, request: &Request) -> Result<Args, Fault> {
    // A message under another name or namespace holds nothing that belongs here: every value is missing.
    let named = |node: &&soap::Node| node.namespace == soap::Namespace::Api && node.name == operation.name;
    let Some(message) = request.message.as_ref().filter(named) else {
        return Ok(Args::default());
    };
    Args::read(operation.request, message).map_err(|bad| {
        let (line, column) = request.position(bad.at);
        let chain = format!(
            "Server was unable to read request. ---> There is an error in XML document ({line}, {column}). ---> {}",
            bad.reason
        );
        Fault::new(Code::Client, chain)
    })
}

impl Face for FilesAnywhere {
    fn claims(&self, path: &str) -> bool {
        let path = path.to_ascii_lowercase();
        path.starts_with("/faw/") || service_of(&path).is_some()
    }

    fn is_storage(&self, path: &str) -> bool {
        path.to_ascii_lowercase().starts_with("/faw/")
    }

    fn serve(self: Arc<Self>, call: Call) -> BoxFuture<'static, Reply> {
        self.answer(call, false).boxed()
    }

    /// The service has no 401: an expired token is told in the answer.
    fn unauthorized(self: Arc<Self>, call: Call) -> BoxFuture<'static, Reply> {
        self.answer(call, true).boxed()
    }

    fn refuse(&self, _path: &str, status: StatusCode) -> Reply {
        pages::error(status, "The web server in front of the service refused the request.")
    }

    fn expire_tokens(&self) {
        self.tokens.expire();
    }

    fn admin(&self, path: &str, query: &Query) -> Option<Reply> {
        (path == "/_emulator/change-list").then(|| self.switches.set(query))
    }
}

/// One request, with what it says.
struct Ctx {
    face: Arc<FilesAnywhere>,
    args: Args,
    /// Scheme and host under which the client reached this server.
    base: String,
    repeat_page: bool,
    expired: bool,
}

impl Ctx {
    fn drive(&self) -> &Drive {
        self.face.drive()
    }

    /// The user whose token came along.
    fn user(&self) -> Result<User, Refused> {
        let user = self.face.tokens.user_of(self.args.text("Token")).filter(|_| !self.expired);
        let user = user.and_then(|user| self.drive().user(user));
        user.ok_or_else(|| Refused::because("The token is invalid or has expired."))
    }

    fn api_key(&self, args: &Args) -> Result<(), Refused> {
        if args.text("APIKey").eq_ignore_ascii_case(&self.face.options.api_key) {
            return Ok(());
        }
        Err(Refused::because("The API key is invalid."))
    }

    fn reply(&self, operation: &'static Operation, version: Version, outcome: Outcome) -> Reply {
        let record = match outcome {
            Ok(record) if operation.tells_errors() && !record.has("ErrorMessage") => record.set("ErrorMessage", ""),
            Ok(record) => record,
            Err(Refused(reason)) if operation.tells_errors() => Record::new().set("ErrorMessage", reason),
            Err(Refused(reason)) => return Fault::thrown(&reason).into_reply(version),
        };
        let written = record::write(operation, &record);
        match written.hole {
            None => version.reply(StatusCode::OK, &written.text),
            Some((hole, entries)) => self.generated(version, &written.text, hole, entries),
        }
    }
}
