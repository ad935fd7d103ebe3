//! The sync service of a library: the requests of [MS-FILESYNC].

mod discovery;
mod feed;
mod items;
mod policy;
mod read;
mod subscription;
mod write;

pub use discovery::Discovery;
pub use feed::{FeedOptions, FeedPage};
pub use items::ItemsQuery;
pub use policy::PolicyScope;
pub(crate) use read::ItemReader;
pub use write::{InlineFile, InlineMode};

use http::header::ACCEPT;
use http::{HeaderValue, Method};
use sharesync_core::Result;

use crate::Client;
use crate::client::Request;
use crate::model::Guid;

/// The media type of the sync service (observed).
const WEB3S: &str = "application/web3s+xml";

/// The sync service of one library (`_api/SPFileSync/sync/{library}`).
#[derive(Debug, Clone)]
pub struct Sync {
    client: Client,
    library: Guid,
}

impl Sync {
    pub(crate) fn new(client: &Client, library: Guid) -> Self {
        Self { client: client.clone(), library }
    }

    /// The library.
    pub fn library(&self) -> Guid {
        self.library
    }

    /// Begins a request below the library, whose identifier has no hyphens there.
    fn request(&self, operation: &'static str, method: Method, below: &str) -> Result<Request> {
        let path = format!("_api/SPFileSync/sync/{}/{below}", self.library.simple());
        Ok(self.client.request(operation, method, &path)?.header(ACCEPT, HeaderValue::from_static(WEB3S)))
    }
}
