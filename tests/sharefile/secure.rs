//! The public service, played by the local servers: https addresses are led there, whatever host they name.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri};
use sharesync::BoxStream;
use sharesync::http::{HttpConfig, ReqwestTransport, Transport, TransportBody, TransportError};
use sharesync::sharefile::{Client, ClientBuilder};

use super::stage::{Seen, Stage, no_waiting};

/// The header in which the server of a stage learns the origin that was meant.
const MEANT: &str = "x-meant";

/// Leads every https request to one server.
#[derive(Debug)]
struct Diverted {
    transport: ReqwestTransport,
    to: Uri,
    origins: Mutex<Vec<String>>,
}

#[async_trait]
impl Transport for Diverted {
    async fn send(
        &self,
        mut request: Request<TransportBody>,
    ) -> Result<Response<BoxStream<'static, Result<Bytes, TransportError>>>, TransportError> {
        let mut parts = request.uri().clone().into_parts();
        let meant = format!("{}://{}", parts.scheme.as_ref().unwrap(), parts.authority.as_ref().unwrap());
        self.origins.lock().unwrap().push(meant.clone());
        request.headers_mut().insert(MEANT, HeaderValue::try_from(meant).unwrap());
        parts.scheme = self.to.scheme().cloned();
        parts.authority = self.to.authority().cloned();
        *request.uri_mut() = Uri::from_parts(parts).unwrap();
        self.transport.send(request).await
    }
}

/// An account of the public service, all of whose hosts are the API server of the stage.
pub(crate) struct Account {
    transport: Arc<Diverted>,
}

impl Account {
    pub(crate) fn of(stage: &Stage) -> Self {
        let transport = ReqwestTransport::new(&HttpConfig::new()).unwrap();
        let to = stage.api.uri().parse().unwrap();
        Self { transport: Arc::new(Diverted { transport, to, origins: Mutex::default() }) }
    }

    pub(crate) fn builder(&self) -> ClientBuilder {
        Client::builder("acct", "sharefile.com").transport(self.transport.clone()).http_config(no_waiting())
    }

    /// The origins that requests were meant for, in order.
    pub(crate) fn origins(&self) -> Vec<String> {
        self.transport.origins.lock().unwrap().clone()
    }
}

/// The origin that a request was meant for.
pub(crate) fn meant(request: &Seen) -> &str {
    request.header(MEANT).unwrap_or_default()
}
