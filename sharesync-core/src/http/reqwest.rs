//! The transport on reqwest.

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use http::header::CONTENT_LENGTH;
use http::{Method, StatusCode, Uri};

use super::connect::{self, Connector};
use super::{Connection, HttpConfig, Switch, Transport, TransportBody, TransportError, TransportErrorKind};
use crate::{BoxStream, Error, ErrorKind, Result};

/// Sends requests by reqwest, over HTTP/1.1: parallel transfers get a connection each instead of sharing one window.
#[derive(Debug, Clone)]
pub struct ReqwestTransport {
    client: reqwest::Client,
    connector: Connector,
}

impl ReqwestTransport {
    /// A client with the limits that belong to a connection. Retries, redirects and clocks are the pipeline's.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when the TLS library cannot be set up.
    pub fn new(config: &HttpConfig) -> Result<Self> {
        let client = reqwest::Client::builder()
            .connect_timeout(config.connect_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .http1_only()
            .tcp_nodelay(true)
            .pool_max_idle_per_host(config.concurrency)
            .build()
            .map_err(|error| {
                Error::new(ErrorKind::Config, "the HTTP client cannot be set up").with_source(error.without_url())
            })?;
        Ok(Self { client, connector: Connector::new(config.connect_timeout) })
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(
        &self,
        request: http::Request<TransportBody>,
    ) -> Result<http::Response<BoxStream<'static, Result<Bytes, TransportError>>>, TransportError> {
        let (mut parts, body) = request.into_parts();
        let body = match body {
            TransportBody::Bytes(bytes) => {
                // Servers want the length of a body that they expect, also where it is none (RFC 9110, section 8.6).
                if bytes.is_empty() && matches!(parts.method, Method::POST | Method::PUT | Method::PATCH) {
                    parts.headers.insert(CONTENT_LENGTH, 0.into());
                }
                reqwest::Body::from(bytes)
            }
            TransportBody::Stream { size, pieces } => {
                parts.headers.insert(CONTENT_LENGTH, size.into());
                reqwest::Body::wrap_stream(pieces)
            }
            TransportBody::Chunked(pieces) => reqwest::Body::wrap_stream(pieces),
        };
        let request = reqwest::Request::try_from(http::Request::from_parts(parts, body))
            .map_err(|error| TransportError::new(TransportErrorKind::Refused, &error.without_url()))?;
        Ok(into_parts(self.client.execute(request).await.map_err(failure)?))
    }

    async fn upgrade(&self, request: http::Request<()>) -> Result<Switch, TransportError> {
        let request = reqwest::Request::try_from(request.map(|()| reqwest::Body::default()))
            .map_err(|error| TransportError::new(TransportErrorKind::Refused, &error.without_url()))?;
        let mut response = self.client.execute(request).await.map_err(failure)?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Ok(Switch::Refused(into_parts(response)));
        }
        let headers = std::mem::take(response.headers_mut());
        let connection = Box::new(response.upgrade().await.map_err(failure)?);
        Ok(Switch::Done { headers, connection })
    }

    async fn connect(&self, to: &Uri) -> Result<Connection, TransportError> {
        self.connector.connect(to).await
    }
}

fn failure(error: reqwest::Error) -> TransportError {
    if error.is_connect() {
        return connect::failure(&error.without_url());
    }
    let kind = match () {
        () if error.is_builder() => TransportErrorKind::Refused,
        () => TransportErrorKind::Interrupted,
    };
    TransportError::new(kind, &error.without_url())
}

fn into_parts(mut response: reqwest::Response) -> http::Response<BoxStream<'static, Result<Bytes, TransportError>>> {
    let status = response.status();
    let headers = std::mem::take(response.headers_mut());
    let body = response
        .bytes_stream()
        .map_err(|error| TransportError::new(TransportErrorKind::Body, &error.without_url()))
        .boxed();
    let mut plain = http::Response::new(body);
    *plain.status_mut() = status;
    *plain.headers_mut() = headers;
    plain
}
