//! Connections that are given away, made as reqwest makes its own: the same proxies, TLS libraries and certificates.

use std::error::Error as StdError;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use tower_service::Service;

use super::{Connection, TransportError, TransportErrorKind};

type BoxError = Box<dyn StdError + Send + Sync>;

/// What a tunnel says that meets a proxy without its credentials: the error of hyper-util, which has no public type.
const NO_TUNNEL_WITHOUT_CREDENTIALS: &str = "proxy authorization required";

/// A failure to connect.
pub(super) fn failure(error: &(dyn StdError + 'static)) -> TransportError {
    let error = TransportError::new(TransportErrorKind::Connect, error);
    match error.to_string().contains(NO_TUNNEL_WITHOUT_CREDENTIALS) {
        true => TransportError::proxy_wants_credentials(),
        false => error,
    }
}

/// Makes connections.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    limit: Duration,
    proxies: Arc<Matcher>,
}

impl Connector {
    pub(super) fn new(limit: Duration) -> Self {
        Self { limit, proxies: Arc::new(Matcher::from_system()) }
    }

    /// A connection to the server of this address, with TLS where the scheme says so.
    pub(super) async fn connect(&self, to: &Uri) -> Result<Connection, TransportError> {
        match timeout(self.limit, self.open(to)).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => Err(failure(&*error)),
            Err(_) => Err(failure(&io::Error::from(io::ErrorKind::TimedOut))),
        }
    }

    async fn open(&self, to: &Uri) -> Result<Connection, BoxError> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        // Plain http goes to this machine alone, and needs no proxy.
        if to.scheme() != Some(&Scheme::HTTPS) {
            return Ok(Connection::new(TokioIo::new(call(&mut tcp, to).await?)));
        }
        let Some(proxy) = self.proxies.intercept(to) else {
            return tls::connect(tcp, to).await;
        };
        if proxy.uri().scheme() != Some(&Scheme::HTTP) {
            return Err("only proxies whose address is http:// are supported".into());
        }
        let tunnel = Tunnel::new(proxy.uri().clone(), tcp);
        let tunnel = match proxy.basic_auth() {
            Some(credentials) => tunnel.with_auth(credentials.clone()),
            None => tunnel,
        };
        tls::connect(tunnel, to).await
    }
}

async fn call<S>(service: &mut S, to: &Uri) -> Result<S::Response, BoxError>
where
    S: Service<Uri>,
    S::Error: Into<BoxError>,
{
    poll_fn(|context| service.poll_ready(context)).await.map_err(Into::into)?;
    service.call(to.clone()).await.map_err(Into::into)
}

#[cfg(feature = "rustls")]
mod tls {
    use std::sync::OnceLock;

    use hyper_rustls::{ConfigBuilderExt as _, HttpsConnectorBuilder, MaybeHttpsStream};
    use hyper_util::client::legacy::connect::Connection as Connected;
    use rustls::ClientConfig;
    use rustls::crypto::{CryptoProvider, aws_lc_rs};

    use super::*;

    /// A connection by rustls, with the certificates that the system trusts.
    pub(super) async fn connect<S>(transport: S, to: &Uri) -> Result<Connection, BoxError>
    where
        S: Service<Uri> + Send,
        S::Response: hyper::rt::Read + hyper::rt::Write + Connected + Send + Unpin + 'static,
        S::Future: Send + 'static,
        S::Error: Into<BoxError>,
    {
        let builder = HttpsConnectorBuilder::new().with_tls_config(config()?);
        let stream = call(&mut builder.https_only().enable_http1().wrap_connector(transport), to).await?;
        let certificate = match &stream {
            MaybeHttpsStream::Https(tls) => {
                let (_, session) = tls.inner().get_ref();
                session.peer_certificates().and_then(|chain| chain.first()).map(|end| end.to_vec())
            }
            MaybeHttpsStream::Http(_) => None,
        };
        Ok(Connection::new(TokioIo::new(stream)).with_certificate(certificate))
    }

    /// The configuration of TLS, built once: it reads all certificates of the system.
    fn config() -> Result<ClientConfig, BoxError> {
        static CONFIG: OnceLock<ClientConfig> = OnceLock::new();
        if let Some(config) = CONFIG.get() {
            return Ok(config.clone());
        }
        let provider = CryptoProvider::get_default().cloned().unwrap_or_else(|| aws_lc_rs::default_provider().into());
        let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let config = versions.try_with_platform_verifier()?.with_no_client_auth();
        Ok(CONFIG.get_or_init(|| config).clone())
    }
}

#[cfg(all(feature = "native-tls", not(feature = "rustls")))]
mod tls {
    use hyper_tls::{HttpsConnector, MaybeHttpsStream};

    use super::*;

    /// A connection by the TLS library of the system.
    pub(super) async fn connect<S>(transport: S, to: &Uri) -> Result<Connection, BoxError>
    where
        S: Service<Uri> + Send,
        S::Response: hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
        S::Future: Send + 'static,
        S::Error: Into<BoxError>,
    {
        let stream = call(&mut HttpsConnector::new_with_connector(transport), to).await?;
        let certificate = match &stream {
            MaybeHttpsStream::Https(tls) => {
                tls.inner().get_ref().peer_certificate()?.and_then(|certificate| certificate.to_der().ok())
            }
            MaybeHttpsStream::Http(_) => None,
        };
        Ok(Connection::new(TokioIo::new(stream)).with_certificate(certificate))
    }
}

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
mod tls {
    use super::*;

    /// Refuses: there is no TLS library.
    pub(super) async fn connect<S>(_transport: S, _to: &Uri) -> Result<Connection, BoxError> {
        Err("https needs the feature `rustls` or `native-tls`".into())
    }
}
