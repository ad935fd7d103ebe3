//! Signing in: the configuration of a client, and the page on which a person lets an application in (ScaiDrive:
//! Authentication).
//!
//! Exchanging, renewing and keeping tokens is the core's business.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use sharesync_core::http::{
    Grant, HttpConfig, OAuthClient, Pipeline, TokenSet, TokenStore, Transport, transport_or_default, url_below,
};
use sharesync_core::{Error, ErrorKind, Result, Secret};
use url::Url;

use crate::error::{CursorErrors, quota};
use crate::model::AuthConfig;
use crate::{Client, PROVIDER};

/// Where the API is, and its token endpoint.
const API: &str = "api/v1/";
const TOKEN: &str = "api/v1/auth/token";

/// Configures a [`Client`]: begin with [`Client::builder`].
///
/// One way to sign in is needed: a token by [`access_token`](Self::access_token) (that of a user, or a service token), the
/// tokens of an earlier sign-in by [`tokens`](Self::tokens), or a code from the [`AuthorizationPage`] by
/// [`authorization_code`](Self::authorization_code). There is no sign-in by password. Refresh tokens work once: keep the
/// new ones with a [`token_store`](Self::token_store).
#[derive(Clone)]
pub struct ClientBuilder {
    endpoint: String,
    grant: Option<Grant>,
    tokens: Option<TokenSet>,
    token_store: Option<Arc<dyn TokenStore>>,
    http: HttpConfig,
    transport: Option<Arc<dyn Transport>>,
}

impl ClientBuilder {
    pub(crate) fn new(endpoint: String) -> Self {
        Self { endpoint, grant: None, tokens: None, token_store: None, http: HttpConfig::default(), transport: None }
    }

    /// Signs in by a token that is not renewed: of a user, or a service token of the administration.
    #[must_use]
    pub fn access_token(self, token: impl Into<Secret>) -> Self {
        self.tokens(TokenSet::new(token))
    }

    /// Goes on with the tokens of an earlier sign-in.
    #[must_use]
    pub fn tokens(mut self, tokens: TokenSet) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// Signs in by a code from the [`AuthorizationPage`], with the redirect address and the proof key of that page.
    #[must_use]
    pub fn authorization_code(mut self, code: impl Into<Secret>, redirect_uri: Url, proof: ProofKey) -> Self {
        self.grant = Some(Grant::AuthorizationCode {
            code: code.into(),
            redirect_uri: Some(redirect_uri),
            code_verifier: Some(proof.verifier),
        });
        self
    }

    /// Where new tokens are kept between runs.
    #[must_use]
    pub fn token_store(mut self, store: Arc<dyn TokenStore>) -> Self {
        self.token_store = Some(store);
        self
    }

    /// Sets the limits of requests.
    #[must_use]
    pub fn http_config(mut self, config: HttpConfig) -> Self {
        self.http = config;
        self
    }

    /// Sends requests by this transport instead of the one that comes along. The live socket needs one that can
    /// [switch protocols](Transport::upgrade).
    #[must_use]
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Signs in, unless there are tokens.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when something is missing, [`ErrorKind::Unauthenticated`] when the sign-in is refused, and
    /// those of the token store.
    pub async fn connect(self) -> Result<Client> {
        self.sign_in().await.map_err(|error| error.with_provider(PROVIDER))
    }

    async fn sign_in(mut self) -> Result<Client> {
        let transport = transport_or_default(self.transport.take(), &self.http)?;
        let base = url_below(&self.endpoint, API)?;
        // The token endpoint is the server's own, whatever `/auth/config` names: tokens go there.
        let token_url = url_below(&self.endpoint, TOKEN)?;
        let oauth = OAuthClient::new(PROVIDER, transport.clone(), self.http.clone(), token_url, "");
        let tokens = oauth.sign_in(self.tokens, self.grant.as_ref(), self.token_store.as_ref()).await?;
        // A code from the page is good for one time: there is nothing to fall back on.
        let authorizer = oauth.into_authorizer(tokens, None, self.token_store);
        let pipeline = Pipeline::builder(PROVIDER, transport)
            .config(self.http)
            .authorize(&base, authorizer)
            .classify(Arc::new(CursorErrors))
            .quota(quota)
            .build();
        Ok(Client::new(pipeline, base))
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("endpoint", &self.endpoint)
            .field("http", &self.http)
            .finish_non_exhaustive()
    }
}

fn config(why: &'static str) -> Error {
    Error::new(ErrorKind::Config, why)
}

/// What proves that the application that asks for tokens is the one that sent the user to the page (RFC 7636).
#[derive(Debug, Clone)]
pub struct ProofKey {
    verifier: Secret,
}

impl ProofKey {
    /// A new one, from the system's source of randomness.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when the system has none.
    pub fn new() -> Result<Self> {
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes).map_err(|_| config("the system has no source of randomness"))?;
        Ok(Self::from_verifier(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// One that was made before, by its verifier: for applications that were stopped while the user signed in.
    pub fn from_verifier(verifier: impl Into<Secret>) -> Self {
        Self { verifier: verifier.into() }
    }

    /// The secret half.
    pub fn verifier(&self) -> &Secret {
        &self.verifier
    }

    /// The public half, by the method S256.
    pub fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier.expose().as_bytes()))
    }
}

/// The page on which a person signs in and lets the application in.
///
/// It hands a code and the state to the redirect address. Compare the state, then sign in by
/// [`ClientBuilder::authorization_code`]. The parameters of the page are those of OAuth 2 (RFC 6749, section 4.1.1); the
/// documentation names its address alone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthorizationPage {
    /// The address to open in a browser.
    pub url: Url,
    /// The redirect address, which is needed again for the sign-in.
    pub redirect_uri: Url,
}

impl AuthorizationPage {
    /// The page that answers to an address of the application. `config` is what the
    /// [server](crate::Server::auth_config) says, `state` a text that nobody can guess.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when the configuration lacks something, [`ErrorKind::Insecure`] when its page is not https.
    pub fn new(config: &AuthConfig, redirect_uri: Url, state: &str, proof: &ProofKey) -> Result<Self> {
        let missing = || self::config("the server does not say how to sign in").with_provider(PROVIDER);
        let page = config.authorize_url.as_deref().ok_or_else(missing)?;
        let mut url = Url::parse(page).map_err(|_| missing())?;
        let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if url.scheme() != "https" && !(loopback && url.scheme() == "http") {
            let message = "the page to sign in on is not https";
            return Err(Error::new(ErrorKind::Insecure, message).with_provider(PROVIDER));
        }
        url.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("client_id", config.client_id.as_deref().ok_or_else(missing)?),
            ("redirect_uri", redirect_uri.as_str()),
            ("state", state),
            ("code_challenge", &proof.challenge()),
            ("code_challenge_method", "S256"),
        ]);
        Ok(Self { url, redirect_uri })
    }

    /// The page that answers to the server, which hands code and state on to `http://localhost:{port}/callback` on the
    /// user's own computer. The state that arrives there is `state`.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn for_desktop(config: &AuthConfig, port: u16, state: &str, proof: &ProofKey) -> Result<Self> {
        let relay = config.desktop_callback_url.as_deref().and_then(|relay| Url::parse(relay).ok());
        let missing = || self::config("the server does not relay sign-ins").with_provider(PROVIDER);
        Self::new(config, relay.ok_or_else(missing)?, &format!("{state}|port={port}"), proof)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_key_is_that_of_the_rfc() {
        let proof = ProofKey::from_verifier("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(proof.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        let (one, other) = (ProofKey::new().unwrap(), ProofKey::new().unwrap());
        assert_eq!(one.verifier().expose().len(), 43);
        assert_ne!(one.verifier().expose(), other.verifier().expose());
    }

    #[test]
    fn the_page_gets_what_it_needs() {
        let mut config = AuthConfig::new();
        config.authorize_url = Some("https://key.example/oauth2/authorize".into());
        config.client_id = Some("scaidrive-desktop".into());
        config.desktop_callback_url = Some("https://drive.example/api/v1/auth/callback".into());
        let proof = ProofKey::from_verifier("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        let page = AuthorizationPage::for_desktop(&config, 8123, "s t", &proof).unwrap();
        let expected = "https://key.example/oauth2/authorize?response_type=code&client_id=scaidrive-desktop\
            &redirect_uri=https%3A%2F%2Fdrive.example%2Fapi%2Fv1%2Fauth%2Fcallback&state=s+t%7Cport%3D8123\
            &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
        assert_eq!(page.url.as_str(), expected);
        config.authorize_url = Some("http://key.example/".into());
        let refused = AuthorizationPage::for_desktop(&config, 1, "s", &proof).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Insecure);
        let nothing = AuthorizationPage::for_desktop(&AuthConfig::new(), 1, "s", &proof).unwrap_err();
        assert_eq!(nothing.kind(), ErrorKind::Config);
    }

    #[test]
    fn endpoints_are_addresses() {
        for bad in ["", "drive.example", "https://", "https://u@drive.example", "https://drive.example?x=1"] {
            assert_eq!(url_below(bad, API).unwrap_err().kind(), ErrorKind::Config, "{bad}");
        }
        assert_eq!(url_below("https://drive.example/", API).unwrap().as_str(), "https://drive.example/api/v1/");
    }
}
