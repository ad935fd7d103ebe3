//! A client of a server of its own.

use std::time::Duration;

use sharesync::cursor::{Client, ClientBuilder};
use sharesync::http::HttpConfig;

use crate::support::Server;

pub(crate) const TOKEN: &str = "t0k3n";
pub(crate) const SHARE: &str = "shr_01H9B";
pub(crate) const DEVICE: &str = "dev_01H9I";

/// A client that is signed in to a server.
pub(crate) async fn client(server: &Server) -> Client {
    builder(server.uri()).access_token(TOKEN).connect().await.unwrap()
}

/// A client of a server, to be configured. It retries without waiting for long.
pub(crate) fn builder(endpoint: String) -> ClientBuilder {
    Client::builder(endpoint).http_config(no_waiting())
}

/// Retries without waiting for long.
pub(crate) fn no_waiting() -> HttpConfig {
    HttpConfig::new()
        .with_backoff_base(Duration::from_millis(1))
        .with_backoff_cap(Duration::from_millis(2))
        .with_response_timeout(Duration::from_secs(20))
}
