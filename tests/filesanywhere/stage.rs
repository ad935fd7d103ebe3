//! A client of a server of its own.

use std::time::Duration;

use sharesync::filesanywhere::{Client, ClientBuilder, SoapVersion};
use sharesync::http::HttpConfig;
use wiremock::ResponseTemplate;

use super::fixtures::Message;
use super::template::{KEY, TOKEN};
use crate::support::Server;

/// A client with a token, of a server.
pub(crate) fn client(server: &Server, version: SoapVersion) -> Client {
    builder(&server.uri(), version).token("jane", TOKEN).client().unwrap()
}

/// A client of a server, to be configured. It retries once, without waiting for long.
pub(crate) fn builder(address: &str, version: SoapVersion) -> ClientBuilder {
    Client::builder(KEY, 50).server(address).soap(version).http_config(no_waiting())
}

/// Retries once, without waiting for long.
pub(crate) fn no_waiting() -> HttpConfig {
    HttpConfig::new()
        .with_max_attempts(2)
        .with_backoff_base(Duration::from_millis(1))
        .with_backoff_cap(Duration::from_millis(2))
        .with_response_timeout(Duration::from_secs(20))
        .with_idle_timeout(Duration::from_secs(20))
}

/// An answer in the media type that is documented for a version.
pub(crate) fn xml(version: SoapVersion, status: u16, envelope: impl Into<String>) -> ResponseTemplate {
    let message = Message::of_seed(version, "response");
    assert_eq!(message.first, "HTTP/1.1 200 OK");
    ResponseTemplate::new(status).set_body_raw(envelope.into(), message.header("content-type").unwrap())
}
