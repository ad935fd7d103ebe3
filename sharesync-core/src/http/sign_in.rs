//! What signing in by OAuth 2 has in common for all providers: the transport, addresses, first tokens, and their renewal.
//!
//! The token endpoint is in `oauth`; when tokens are renewed, in `token`.

use std::sync::Arc;

use url::Url;

use super::{
    Authorizer, BearerTokens, Grant, HttpConfig, OAuthClient, OAuthSource, StaticBearer, TokenSet, TokenStore,
    Transport,
};
use crate::{Error, ErrorKind, Result};

fn config(why: &'static str) -> Error {
    Error::new(ErrorKind::Config, why)
}

/// The transport that a client was given, or the one that comes with the feature `reqwest`.
///
/// # Errors
/// [`ErrorKind::Config`] when there is none, or it cannot be set up.
pub fn transport_or_default(given: Option<Arc<dyn Transport>>, config: &HttpConfig) -> Result<Arc<dyn Transport>> {
    given.map_or_else(|| default_transport(config), Ok)
}

#[cfg(feature = "reqwest")]
fn default_transport(config: &HttpConfig) -> Result<Arc<dyn Transport>> {
    Ok(Arc::new(super::ReqwestTransport::new(config)?))
}

#[cfg(not(feature = "reqwest"))]
fn default_transport(_: &HttpConfig) -> Result<Arc<dyn Transport>> {
    Err(config("there is no transport: enable the feature `rustls`, or set one by transport"))
}

/// The address of a path below an endpoint.
///
/// # Errors
/// [`ErrorKind::Config`] when the endpoint is not of the form `https://host`.
pub fn url_below(endpoint: &str, path: &str) -> Result<Url> {
    let wrong = || config("the endpoint is no address of the form https://host");
    // By itself it must be an address already: a path would make a host of what follows `https://`.
    Url::parse(endpoint).map_err(|_| wrong())?;
    let url = Url::parse(&format!("{}/{path}", endpoint.trim_end_matches('/'))).map_err(|_| wrong())?;
    if url.has_host() && url.username().is_empty() && url.query().is_none() { Ok(url) } else { Err(wrong()) }
}

impl OAuthClient {
    /// The tokens to begin with: those at hand, or new ones by a grant, which the store keeps before their first use.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when there are neither tokens nor a grant, and those of [`exchange`](Self::exchange) and of
    /// the store.
    pub async fn sign_in(
        &self,
        at_hand: Option<TokenSet>,
        grant: Option<&Grant>,
        store: Option<&Arc<dyn TokenStore>>,
    ) -> Result<TokenSet> {
        match (at_hand, grant) {
            (Some(tokens), _) => Ok(tokens),
            (None, Some(grant)) => {
                let tokens = self.exchange(grant).await?;
                if let Some(store) = store {
                    store.save(&tokens).await?;
                }
                Ok(tokens)
            }
            (None, None) => Err(config("neither tokens nor a way to sign in are configured")),
        }
    }

    /// Adds the tokens to requests; renews them where there is a refresh token, or a grant to fall back on.
    pub fn into_authorizer(
        self,
        tokens: TokenSet,
        grant: Option<Grant>,
        store: Option<Arc<dyn TokenStore>>,
    ) -> Arc<dyn Authorizer> {
        if tokens.refresh.is_none() && grant.is_none() {
            return Arc::new(StaticBearer::new(tokens.access));
        }
        Arc::new(BearerTokens::new(Arc::new(OAuthSource::new(self, grant)), Some(tokens), store))
    }
}
