//! Requests that switch protocols: the beginning of a live socket. What is spoken on it is the provider's business.

use std::fmt;

use http::HeaderMap;
use tokio::time::timeout;
use tracing::{Instrument as _, debug, debug_span};

use super::failure::{Failure, Fate};
use super::{Inner, Pipeline, address};
use crate::http::Call;
use crate::http::guard::guard_response;
use crate::http::redirect::check_scheme;
use crate::http::transport::{Duplex, Switch};
use crate::{Error, ErrorKind, Result};

/// A connection that has switched protocols.
#[non_exhaustive]
pub struct Upgraded {
    /// The headers of the answer.
    pub headers: HeaderMap,
    /// The connection.
    pub connection: Box<dyn Duplex>,
    /// The generation of the credentials that opened it; see [`Pipeline::refused`].
    pub generation: Option<u64>,
}

impl fmt::Debug for Upgraded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgraded").field("generation", &self.generation).finish_non_exhaustive()
    }
}

impl Pipeline {
    /// Sends a request that switches protocols, with all that other requests have but the retries: a live socket has its
    /// own way to connect again. Credentials that are refused are renewed, once.
    ///
    /// # Errors
    /// Those of [`run`](Self::run), and [`ErrorKind::Unsupported`] when the transport cannot do it.
    pub async fn upgrade(&self, call: Call) -> Result<Upgraded> {
        let span =
            debug_span!("sharesync", provider = self.0.provider, operation = call.operation, subject = call.subject);
        let switch = async {
            call.check()?;
            check_scheme(&call.url)?;
            let _permit = self.0.gate.enter().await?;
            self.0.switch(&call).await
        };
        switch.instrument(span).await.map_err(|error| call.describe(error).with_provider(self.0.provider))
    }

    /// Says that the service refused the credentials of a generation in the course of another protocol; whether there
    /// are others now.
    ///
    /// # Errors
    /// Those of the renewal.
    pub async fn refused(&self, generation: u64) -> Result<bool> {
        self.0.reauthorize(generation).await.map_err(|error| error.with_provider(self.0.provider))
    }
}

impl Inner {
    async fn switch(&self, call: &Call) -> Result<Upgraded> {
        let mut reauthorized = false;
        loop {
            self.wait().await;
            let failure = match self.try_switch(call).await {
                Ok(upgraded) => return Ok(upgraded),
                Err(failure) => failure,
            };
            match failure.fate {
                Fate::Refused(generation) if !reauthorized && self.reauthorize(generation).await? => {
                    reauthorized = true;
                }
                _ => {
                    self.pause(&failure.error);
                    return Err(failure.error.with_attempts(1 + u32::from(reauthorized)));
                }
            }
        }
    }

    async fn try_switch(&self, call: &Call) -> Result<Upgraded, Failure> {
        let mut headers = call.headers.clone();
        let generation = self.authorize(call, &mut headers).await.map_err(Failure::last)?;
        let mut request = http::Request::new(());
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = address(call, &mut headers).map_err(Failure::last)?;
        *request.headers_mut() = headers;
        let limit =
            self.config.connect_timeout.saturating_add(call.response_timeout.unwrap_or(self.config.response_timeout));
        let late = |_| Failure::last(Error::new(ErrorKind::Timeout, "the service did not answer in time"));
        let switched = timeout(limit, self.transport.upgrade(request)).await.map_err(late)?;
        debug!(url = call.shown_url(), switched = ?switched.as_ref().ok(), "switch of protocols");
        match switched.map_err(Failure::of_transport)? {
            Switch::Done { headers, connection } => Ok(Upgraded { headers, connection, generation }),
            Switch::Refused(response) => {
                let (parts, body) = response.into_parts();
                self.heed(&parts.headers);
                let body = guard_response(body, self.config.idle_timeout);
                Err(self.refusal(call, &parts, body, generation).await)
            }
        }
    }
}
