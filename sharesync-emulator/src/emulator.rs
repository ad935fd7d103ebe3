//! A running emulator: the handle by which tests and programs hold it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::json;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::accounts::Accounts;
use crate::acronis::AcronisAccount;
use crate::builder::Builder;
use crate::cursor::{CursorAccount, CursorSockets};
use crate::drive::{Drive, DriveError};
use crate::faces::{self, Setup, SignIns};
use crate::faults::Faults;
use crate::http::Throttle;
use crate::recorder::Requests;
use crate::server::{Face, Server, Shared, bind};
use crate::sharefile::ShareFileAccount;
use crate::sharepoint::{SharePointAccount, SharePointConnections, SharePointResync};

/// A running emulator. Dropping it stops it.
pub struct Emulator {
    address: SocketAddr,
    shared: Arc<Shared>,
    faces: Vec<Arc<dyn Face>>,
    sign_ins: SignIns,
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
        let accounts = Accounts::new(&drive, &builder.users)?;
        let shared = Arc::new(Shared {
            drive,
            accounts,
            faults: Faults::new(builder.seed, builder.faults.clone()),
            requests: Requests::new(builder.recorded),
            throttle: builder.throttle.map(|rate| Arc::new(Throttle::new(rate))),
            authority: address.to_string(),
        });
        let setup = Setup { shared: &shared, builder: &builder, endpoint: format!("http://{address}") };
        let (faces, sign_ins) = faces::start(&setup)?;
        shared.drive.settled().await.map_err(StartError::Drive)?;
        let server = Arc::new(Server { shared: shared.clone(), faces: faces.clone() });
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(server.run(listener, stopped));
        Ok(Self { address, shared, faces, sign_ins, stop, task })
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
        &self.sign_ins.sharefile
    }

    /// What an Acronis client needs to sign in.
    pub fn acronis(&self) -> &AcronisAccount {
        &self.sign_ins.acronis
    }

    /// What a client of the cursor sync API needs to sign in.
    pub fn cursor(&self) -> &CursorAccount {
        &self.sign_ins.cursor
    }

    /// The live sockets of the cursor sync API.
    pub fn cursor_sockets(&self) -> &CursorSockets {
        self.sign_ins.cursor_face.sockets()
    }

    /// Makes every cursor that the cursor sync API gave out unknown: it answers `SYNC_CURSOR_INVALID`. Devices get new ones, at the
    /// head of the log, by asking for their status.
    pub fn expire_cursors(&self) {
        self.sign_ins.cursor_face.expire_cursors();
    }

    /// What a client of SharePoint needs to sign in.
    pub fn sharepoint(&self) -> &SharePointAccount {
        &self.sign_ins.sharepoint
    }

    /// The connections that clients of SharePoint sign in by NTLM, and the counts of it.
    pub fn sharepoint_connections(&self) -> &SharePointConnections {
        self.sign_ins.sharepoint_face.connections()
    }

    /// A new access token of SharePoint for the first user, as an add-in would get one.
    pub fn sharepoint_token(&self) -> String {
        self.sign_ins.sharepoint_face.new_token()
    }

    /// Makes every form digest of SharePoint invalid, as if its time were over.
    pub fn expire_digests(&self) {
        self.sign_ins.sharepoint_face.expire_digests();
    }

    /// Makes every sync token of SharePoint that was given out so far one that is answered with a resync of that kind, and every change
    /// token of GetChanges too old.
    pub fn force_resync(&self, resync: SharePointResync) {
        self.sign_ins.sharepoint_face.force_resync(resync);
    }

    /// One line of JSON: where it listens, and for each provider all that a client needs to sign in, secrets included.
    pub fn ready_line(&self) -> String {
        json!({"listening": self.base_url(), "providers": self.sign_ins.to_json()}).to_string()
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

    /// Makes all access tokens invalid, as if their time were over; refresh tokens and service tokens stay good, and live sockets
    /// open.
    pub fn expire_tokens(&self) {
        self.faces.iter().for_each(|face| face.expire_tokens());
    }

    /// Stops it, ends all connections, and waits until the journal of a directory drive is written and closed.
    pub async fn shutdown(self) {
        let _ = self.stop.send(());
        let _ = self.task.await;
        self.shared.drive.close();
    }
}
