//! What can be chosen before an emulator starts.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::emulator::{Emulator, StartError};
use crate::faults::Fault;
use crate::sharepoint::{Options, SharePointScheme};

/// Settings of an emulator; [`Builder::start`] starts it. Without any it listens on a free loopback port, with a drive in memory.
#[derive(Clone)]
pub struct Builder {
    pub(crate) listen: SocketAddr,
    pub(crate) allow_remote: bool,
    pub(crate) directory: Option<PathBuf>,
    pub(crate) seed: u64,
    pub(crate) throttle: Option<u64>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) recorded: usize,
    pub(crate) users: Vec<(String, String)>,
    pub(crate) token_lifetime: Duration,
    pub(crate) max_page: Option<usize>,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) new_york_dates: bool,
    pub(crate) clobbering_moves: bool,
    pub(crate) async_delay: Duration,
    pub(crate) async_above: usize,
    pub(crate) one_time_code: Option<String>,
    pub(crate) api_key: String,
    pub(crate) org_id: i64,
    pub(crate) longest_soap_request: usize,
    pub(crate) zoned_soap_dates: bool,
    pub(crate) partial_files: bool,
    pub(crate) change_list_entries: Option<u64>,
    pub(crate) detail_errors: bool,
    pub(crate) rate_limit: u64,
    pub(crate) upload_idle: Duration,
    pub(crate) sharepoint: Options,
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder")
            .field("listen", &self.listen)
            .field("directory", &self.directory)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            allow_remote: false,
            directory: None,
            seed: 0,
            throttle: None,
            faults: Vec::new(),
            recorded: 100_000,
            users: Vec::new(),
            token_lifetime: Duration::from_secs(28_800),
            max_page: None,
            client_id: "emulator-client".to_owned(),
            client_secret: "emulator-client-secret".to_owned(),
            new_york_dates: true,
            clobbering_moves: true,
            async_delay: Duration::from_millis(200),
            async_above: 10_000,
            one_time_code: None,
            api_key: "5a7a3d0e-0c47-4f0b-9a3c-2f6e1d8b4c90".to_owned(),
            org_id: 50,
            longest_soap_request: 4 << 20,
            zoned_soap_dates: true,
            partial_files: false,
            change_list_entries: None,
            detail_errors: false,
            rate_limit: 1_000_000,
            upload_idle: Duration::from_secs(24 * 3600),
            sharepoint: Options::default(),
        }
    }
}

impl Builder {
    /// Where to listen; port 0 is any that is free. Addresses that others can reach need [`Builder::allow_remote`].
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Allows listening where others can reach it. The emulator protects nothing: think twice.
    #[must_use]
    pub fn allow_remote(mut self, allow: bool) -> Self {
        self.allow_remote = allow;
        self
    }

    /// Keeps the drive in a directory instead of memory. It survives restarts, and files may be larger than memory.
    #[must_use]
    pub fn directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.directory = Some(path.into());
        self
    }

    /// Everything random follows from this number: tokens, upload ids, faults by rate.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// A limit on bytes per second, for both directions and all connections together.
    #[must_use]
    pub fn throttle(mut self, bytes_per_second: u64) -> Self {
        self.throttle = Some(bytes_per_second);
        self
    }

    /// A fault from the first request on; more can be added while the emulator runs.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// How many requests are remembered; 100,000 if not said.
    #[must_use]
    pub fn recorded_requests(mut self, number: usize) -> Self {
        self.recorded = number;
        self
    }

    /// A user with a home folder. The first is the one whose credentials [`Emulator::sharefile`] and its sisters give, and the
    /// administrator; without any there is one all the same.
    #[must_use]
    pub fn user(mut self, email: impl Into<String>, password: impl Into<String>) -> Self {
        self.users.push((email.into(), password.into()));
        self
    }

    /// How long access tokens are valid; eight hours if not said.
    #[must_use]
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.token_lifetime = lifetime;
        self
    }

    /// The OAuth client that is known.
    #[must_use]
    pub fn client(mut self, id: impl Into<String>, secret: impl Into<String>) -> Self {
        self.client_id = id.into();
        self.client_secret = secret.into();
        self
    }

    /// No page of a listing is longer, whatever the client asks: a client has to follow the links to the next page.
    #[must_use]
    pub fn max_page(mut self, items: usize) -> Self {
        self.max_page = Some(items);
        self
    }

    /// Whether ShareFile's PATCH reads `ClientModifiedDate` as New York time in whole seconds, as the service does. On if not said.
    #[must_use]
    pub fn new_york_dates(mut self, on: bool) -> Self {
        self.new_york_dates = on;
        self
    }

    /// Whether ShareFile's PATCH with a name and a parent renames in the old folder first, over what has the name there, as the
    /// service does. On if not said.
    #[must_use]
    pub fn clobbering_moves(mut self, on: bool) -> Self {
        self.clobbering_moves = on;
        self
    }

    /// How long asynchronous operations take; 200 ms if not said.
    #[must_use]
    pub fn async_delay(mut self, delay: Duration) -> Self {
        self.async_delay = delay;
        self
    }

    /// Deletions of more items than this are asynchronous unless the client forbids it; 10,000 if not said.
    #[must_use]
    pub fn async_above(mut self, items: usize) -> Self {
        self.async_above = items;
        self
    }

    /// Makes Acronis ask for this one-time code besides a password; without it a password is enough.
    #[must_use]
    pub fn one_time_code(mut self, code: impl Into<String>) -> Self {
        self.one_time_code = Some(code.into());
        self
    }

    /// The developer's key and the number of the organisation that FilesAnywhere knows.
    #[must_use]
    pub fn filesanywhere(mut self, api_key: impl Into<String>, org_id: i64) -> Self {
        self.api_key = api_key.into();
        self.org_id = org_id;
        self
    }

    /// FilesAnywhere refuses longer requests, as ASP.NET does; 4 MiB, ASP.NET's own limit, if not said.
    #[must_use]
    pub fn longest_soap_request(mut self, bytes: usize) -> Self {
        self.longest_soap_request = bytes;
        self
    }

    /// Whether FilesAnywhere's dates of change say that they are UTC. On if not said; off, they have no zone.
    #[must_use]
    pub fn zoned_soap_dates(mut self, on: bool) -> Self {
        self.zoned_soap_dates = on;
        self
    }

    /// Whether on FilesAnywhere a file that is sent in chunks is there from its first chunk on, with what that holds, as a service
    /// may show it that appends to files. Off if not said.
    #[must_use]
    pub fn partial_files(mut self, on: bool) -> Self {
        self.partial_files = on;
        self
    }

    /// FilesAnywhere's change list has so many files, which do not exist and are made while they are sent: for measuring readers.
    #[must_use]
    pub fn change_list_entries(mut self, number: u64) -> Self {
        self.change_list_entries = Some(number);
        self
    }

    /// Whether the cursor sync API tells errors as `{"detail": …}` without a code, as its newer documents say, instead of the
    /// envelope with a code. Off if not said.
    #[must_use]
    pub fn detail_errors(mut self, on: bool) -> Self {
        self.detail_errors = on;
        self
    }

    /// What a token of the cursor sync API may cost in a minute: 1 for a request, 2 for a list or a write, 5 for content, 10 for a
    /// search. The service's limit is 1000; a million if not said, so that tests need not wait.
    #[must_use]
    pub fn rate_limit(mut self, cost: u64) -> Self {
        self.rate_limit = cost;
        self
    }

    /// How long an upload session of the cursor sync API, and an upload in chunks of SharePoint, lives without a request; a day if
    /// not said.
    #[must_use]
    pub fn upload_idle(mut self, time: Duration) -> Self {
        self.upload_idle = time;
        self
    }

    /// How clients of SharePoint may sign in. All ways there are if not said; forms alone answer 403 instead of 401.
    #[must_use]
    pub fn sharepoint_schemes(mut self, schemes: impl IntoIterator<Item = SharePointScheme>) -> Self {
        self.sharepoint.schemes = schemes.into_iter().collect();
        self
    }

    /// Whether SharePoint gives a login page in HTML with status 200 to who is not signed in. Off if not said.
    #[must_use]
    pub fn sharepoint_login_page(mut self, on: bool) -> Self {
        self.sharepoint.login_page = on;
        self
    }

    /// Whether NTLM signs in one request of a connection, as IIS does with `authPersistSingleRequest`, and not the connection. Off if
    /// not said.
    #[must_use]
    pub fn ntlm_single_request(mut self, on: bool) -> Self {
        self.sharepoint.ntlm_single_request = on;
        self
    }

    /// How long form digests of SharePoint are good; half an hour if not said.
    #[must_use]
    pub fn digest_lifetime(mut self, lifetime: Duration) -> Self {
        self.sharepoint.digest_lifetime = lifetime;
        self
    }

    /// Whether SharePoint's 403 for want of a form digest brings a new one in `X-RequestDigest`, as the cloud does. On if not said.
    #[must_use]
    pub fn digest_in_refusal(mut self, on: bool) -> Self {
        self.sharepoint.digest_in_refusal = on;
        self
    }

    /// Whether SharePoint's libraries rewrite Office files when they are uploaded, so that they are stored with another size and
    /// hash. Off if not said.
    #[must_use]
    pub fn office_rewrite(mut self, on: bool) -> Self {
        self.sharepoint.rewrite_office = on;
        self
    }

    /// Whether SharePoint has the sync service; without it clients have GetChanges. On if not said.
    #[must_use]
    pub fn sync_service(mut self, on: bool) -> Self {
        self.sharepoint.sync_service = on;
        self
    }

    /// Whether SharePoint's sync service knows `X-ResponseStructure: Flat`; without it every page is nested. On if not said.
    #[must_use]
    pub fn flat_feed(mut self, on: bool) -> Self {
        self.sharepoint.flat = on;
        self
    }

    /// How many bytes a library of SharePoint may hold; without limit if not said.
    #[must_use]
    pub fn library_quota(mut self, bytes: u64) -> Self {
        self.sharepoint.quota = Some(bytes);
        self
    }

    /// SharePoint lists folders with more items by pages only, and refuses to list them whole. A farm has 5000; without limit if not
    /// said.
    #[must_use]
    pub fn list_view_threshold(mut self, items: usize) -> Self {
        self.sharepoint.threshold = Some(items);
        self
    }

    /// Starts the emulator on the current Tokio runtime.
    ///
    /// # Errors
    /// When the address cannot be listened on, or the directory cannot be opened.
    pub async fn start(self) -> Result<Emulator, StartError> {
        Emulator::start_with(self).await
    }
}
