//! A running emulator: the handle by which tests and programs hold it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::builder::Builder;
use crate::drive::{Drive, DriveError, User};
use crate::faults::Faults;
use crate::http::Throttle;
use crate::recorder::Requests;
use crate::server::{Server, Shared, bind};
use crate::sharefile::{Grant, Options, ShareFile, Tokens};

/// The user there is when none was asked for.
const DEFAULT_USER: (&str, &str) = ("emulated.user@example.com", "emulated-password");

/// A running emulator. Dropping it stops it.
pub struct Emulator {
    address: SocketAddr,
    shared: Arc<Shared>,
    sharefile: Arc<ShareFile>,
    account: ShareFileAccount,
    /// Sent to, or dropped, it stops the server.
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// Why an emulator did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen: {0}")]
    Listen(#[source] io::Error),
    /// The directory of the drive cannot be opened.
    #[error("cannot open the drive: {0}")]
    Drive(#[source] io::Error),
    /// A user cannot be made, most likely for a bad address.
    #[error("cannot prepare the drive: {0}")]
    Prepare(#[from] DriveError),
}

/// Shows where it is, and neither the drive nor a secret.
impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Emulator {
    /// Starts an emulator on a free loopback port, with an empty drive in memory.
    ///
    /// # Errors
    /// When no port can be listened on.
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// Settings other than the usual ones.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) async fn start_with(builder: Builder) -> Result<Self, StartError> {
        let listener = bind(builder.listen, builder.allow_remote).await.map_err(StartError::Listen)?;
        let address = listener.local_addr().map_err(StartError::Listen)?;
        let drive = match &builder.directory {
            Some(path) => Drive::in_directory(path).map_err(StartError::Drive)?,
            None => Drive::in_memory(),
        };
        let shared = Arc::new(Shared {
            drive,
            faults: Faults::new(builder.seed, builder.faults.clone()),
            requests: Requests::new(builder.recorded),
            throttle: builder.throttle.map(|rate| Arc::new(Throttle::new(rate))),
            authority: address.to_string(),
        });
        let (sharefile, account) = sharefile(&builder, &shared, address)?;
        shared.drive.settled().await.map_err(StartError::Drive)?;
        let server = Arc::new(Server { shared: shared.clone(), faces: vec![sharefile.clone()] });
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(server.run(listener, stopped));
        Ok(Self { address, shared, sharefile, account, stop, task })
    }

    /// `http://` and the address it listens on.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a ShareFile client needs to sign in.
    pub fn sharefile(&self) -> &ShareFileAccount {
        &self.account
    }

    /// The drive behind the faces: for filling it before, and looking at it after a test.
    pub fn drive(&self) -> &Drive {
        &self.shared.drive
    }

    /// What is to go wrong.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// What was requested.
    pub fn requests(&self) -> &Requests {
        &self.shared.requests
    }

    /// Makes all access tokens invalid, as if their time were over; refresh tokens stay good.
    pub fn expire_tokens(&self) {
        self.sharefile.tokens().expire();
    }

    /// Stops it, ends all connections, and waits until the journal of a directory drive is written and closed.
    pub async fn shutdown(self) {
        let _ = self.stop.send(());
        let _ = self.task.await;
        self.shared.drive.close();
    }
}

fn sharefile(
    builder: &Builder,
    shared: &Arc<Shared>,
    address: SocketAddr,
) -> Result<(Arc<ShareFile>, ShareFileAccount), StartError> {
    let mut users = builder.users.clone();
    if users.is_empty() {
        users.push((DEFAULT_USER.0.to_owned(), DEFAULT_USER.1.to_owned()));
    }
    let options = Options {
        max_page: builder.max_page,
        client_id: builder.client_id.clone(),
        client_secret: builder.client_secret.clone(),
        new_york_dates: builder.new_york_dates,
        clobbering_moves: builder.clobbering_moves,
        async_delay: builder.async_delay,
        async_above: builder.async_above,
    };
    let tokens = Tokens::new(&shared.drive, &users, builder.token_lifetime, builder.seed)?;
    let (email, password) = users.into_iter().next().unwrap_or_default();
    let user = shared.drive.ensure_user(&email)?;
    let grant = tokens.issue(user.id);
    let account = ShareFileAccount {
        endpoint: format!("http://{address}"),
        grant,
        password,
        client_id: options.client_id.clone(),
        client_secret: options.client_secret.clone(),
        user,
    };
    let face = ShareFile::new(shared.clone(), options, tokens, builder.seed)?;
    Ok((Arc::new(face), account))
}

/// What a ShareFile client needs to sign in. Its `Debug` shows no secret.
#[derive(Clone)]
pub struct ShareFileAccount {
    endpoint: String,
    grant: Grant,
    password: String,
    client_id: String,
    client_secret: String,
    user: User,
}

impl ShareFileAccount {
    /// Scheme, host and port; the API is at `/sf/v3/`, OAuth at `/oauth/token` below it.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// An access token that was issued at the start.
    pub fn access_token(&self) -> &str {
        &self.grant.access
    }

    /// The refresh token of that access token. It works once.
    pub fn refresh_token(&self) -> &str {
        &self.grant.refresh
    }

    /// The name to sign in with.
    pub fn username(&self) -> &str {
        &self.user.email
    }

    /// The password to sign in with.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The OAuth client's id.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The OAuth client's secret.
    pub fn client_secret(&self) -> &str {
        &self.client_secret
    }

    /// The user on the drive, with the home folder.
    pub fn user(&self) -> &User {
        &self.user
    }
}

impl fmt::Debug for ShareFileAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShareFileAccount")
            .field("endpoint", &self.endpoint)
            .field("username", &self.user.email)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}
