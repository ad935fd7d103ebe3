//! Signing in: the configuration of a client, the authorization page, and finding the data center of a login.
//!
//! Exchanging, renewing and keeping tokens is the core's business.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderMap, Method, StatusCode};
use serde::Deserialize;
use sharesync_core::http::{
    Authorizer, Call, Grant, HttpConfig, OAuthClient, Pipeline, TokenSet, TokenStore, Transport, transport_or_default,
    url_below,
};
use sharesync_core::{Error, ErrorKind, Result, Secret};
use url::Url;

use crate::error::AcronisErrors;
use crate::{AcronisError, Client, PROVIDER};

/// The domain of the service. Whoever answers the question for a data center cannot name a host elsewhere.
const DOMAIN: &str = "acronis.com";

/// Who knows the data center of a login (inferred).
const DIRECTORY: &str = "https://cloud.acronis.com";

/// Where tokens and the authorization page are [OAuth 2.0].
const TOKEN: &str = "api/2/idp/token";
const AUTHORIZE: &str = "api/2/idp/authorize";

/// Where the API is [Base URL].
const API: &str = "fc/api/v1/";

/// Where the service is.
#[derive(Debug, Clone)]
enum Service {
    /// The data center of a login, of which somebody must be asked.
    Login { login: String, directory: String },
    /// A server at an address.
    Endpoint(String),
}

/// Configures a [`Client`]: begin with [`Client::builder`] or [`Client::builder_at`].
///
/// One way to sign in is needed: [`password`](Self::password), [`authorization_code`](Self::authorization_code),
/// [`client_credentials`](Self::client_credentials), or tokens of an earlier sign-in by [`tokens`](Self::tokens) or
/// [`access_token`](Self::access_token). A token that ends is renewed by its refresh token, if there is one; when there is
/// none or it is refused, the client signs in again, which a password with a one-time code and an authorization code
/// do not allow.
///
/// The document names the grants of passwords and authorization codes [OAuth 2.0]; client credentials, scopes, one-time
/// codes and refresh tokens are those of the platform that the service is a part of.
#[derive(Clone)]
pub struct ClientBuilder {
    service: Service,
    client_id: String,
    client_secret: Option<Secret>,
    scope: Option<String>,
    grant: Option<Grant>,
    tokens: Option<TokenSet>,
    token_store: Option<Arc<dyn TokenStore>>,
    http: HttpConfig,
    transport: Option<Arc<dyn Transport>>,
}

impl ClientBuilder {
    fn new(service: Service) -> Self {
        Self {
            service,
            client_id: String::new(),
            client_secret: None,
            scope: None,
            grant: None,
            tokens: None,
            token_store: None,
            http: HttpConfig::default(),
            transport: None,
        }
    }

    pub(crate) fn of_login(login: String) -> Self {
        Self::new(Service::Login { login, directory: DIRECTORY.to_owned() })
    }

    pub(crate) fn of_endpoint(endpoint: String) -> Self {
        Self::new(Service::Endpoint(endpoint))
    }

    /// Asks this server for the data center of the login, instead of the public one. What it answers must be its own
    /// host or one of the service.
    #[must_use]
    pub fn directory(mut self, endpoint: impl Into<String>) -> Self {
        if let Service::Login { directory, .. } = &mut self.service {
            *directory = endpoint.into();
        }
        self
    }

    /// The identifier that the service has given the application. Passwords are accepted without one.
    #[must_use]
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.client_id = id.into();
        self
    }

    /// The secret that the service has given the application.
    #[must_use]
    pub fn client_secret(mut self, secret: impl Into<Secret>) -> Self {
        self.client_secret = Some(secret.into());
        self
    }

    /// Asks for these scopes, separated by spaces. `offline_access` asks for a refresh token.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Signs in by user name and password.
    #[must_use]
    pub fn password(self, username: impl Into<String>, password: impl Into<Secret>) -> Self {
        let grant = Grant::Password { username: username.into(), password: password.into(), one_time_code: None };
        self.grant(grant)
    }

    /// Adds the one-time code of a second factor to the [password](Self::password) set before.
    #[must_use]
    pub fn one_time_code(mut self, code: impl Into<Secret>) -> Self {
        if let Some(Grant::Password { one_time_code, .. }) = &mut self.grant {
            *one_time_code = Some(("totp_code", code.into()));
        }
        self
    }

    /// Signs in by a code from the [authorization page](authorize_url), which was called with this redirect address.
    #[must_use]
    pub fn authorization_code(self, code: impl Into<Secret>, redirect_uri: Url) -> Self {
        let redirect_uri = Some(redirect_uri);
        self.grant(Grant::AuthorizationCode { code: code.into(), redirect_uri, code_verifier: None })
    }

    /// Adds the verifier of a proof key (RFC 7636) to the [code](Self::authorization_code) set before.
    #[must_use]
    pub fn code_verifier(mut self, verifier: impl Into<Secret>) -> Self {
        if let Some(Grant::AuthorizationCode { code_verifier, .. }) = &mut self.grant {
            *code_verifier = Some(verifier.into());
        }
        self
    }

    /// Signs in as the application itself, by its [identifier](Self::client_id) and [secret](Self::client_secret).
    #[must_use]
    pub fn client_credentials(self) -> Self {
        self.grant(Grant::ClientCredentials)
    }

    fn grant(mut self, grant: Grant) -> Self {
        self.grant = Some(grant);
        self
    }

    /// Goes on with the tokens of an earlier sign-in.
    #[must_use]
    pub fn tokens(mut self, tokens: TokenSet) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// Goes on with an access token alone, until the service refuses it.
    #[must_use]
    pub fn access_token(self, token: impl Into<Secret>) -> Self {
        self.tokens(TokenSet::new(token))
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

    /// Sends requests by this transport instead of the one that comes along.
    #[must_use]
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Finds the data center, and signs in unless there are tokens.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when something is missing, [`ErrorKind::Unauthenticated`] when the sign-in is refused,
    /// [`ErrorKind::Insecure`] when the data center named is none of the service's, and those of the token store.
    pub async fn connect(self) -> Result<Client> {
        self.sign_in().await.map_err(|error| error.with_provider(PROVIDER))
    }

    async fn sign_in(mut self) -> Result<Client> {
        let transport = transport_or_default(self.transport.take(), &self.http)?;
        let endpoint = match &self.service {
            Service::Endpoint(endpoint) => endpoint.clone(),
            Service::Login { login, directory } => data_center(directory, login, transport.clone(), &self.http).await?,
        };
        let (base, login) = (url_below(&endpoint, API)?, self.login());
        let oauth = OAuthClient::new(
            PROVIDER,
            transport.clone(),
            self.http.clone(),
            url_below(&endpoint, TOKEN)?,
            &self.client_id,
        )
        .with_secret(self.client_secret)
        .with_basic(true)
        .with_scope(self.scope);
        let tokens = oauth.sign_in(self.tokens, self.grant.as_ref(), self.token_store.as_ref()).await?;
        let authorizer = Arc::new(Sessions(oauth.into_authorizer(tokens, self.grant, self.token_store)));
        let pipeline = Pipeline::builder(PROVIDER, transport)
            .config(self.http)
            .authorize(&base, authorizer)
            .classify(Arc::new(AcronisErrors))
            .build();
        Ok(Client::new(pipeline, base, login.as_deref()))
    }

    /// Who signs in, as far as that is known.
    fn login(&self) -> Option<String> {
        match (&self.service, &self.grant) {
            (Service::Login { login, .. }, _) => Some(login.clone()),
            (_, Some(Grant::Password { username, .. })) => Some(username.clone()),
            (_, Some(Grant::ClientCredentials)) => Some(self.client_id.clone()),
            _ => None,
        }
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("service", &self.service)
            .field("client_id", &self.client_id)
            .field("scope", &self.scope)
            .field("http", &self.http)
            .finish_non_exhaustive()
    }
}

/// Tokens whose end the service tells by a code of its own as well.
#[derive(Debug)]
struct Sessions(Arc<dyn Authorizer>);

#[async_trait]
impl Authorizer for Sessions {
    async fn authorize(&self, method: &Method, headers: &mut HeaderMap) -> Result<u64> {
        self.0.authorize(method, headers).await
    }

    /// Besides status 401, any with the code of a session that has ended: public clients sign in again at that, and none
    /// of them tells which status it comes with.
    fn refuses(&self, generation: u64, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> bool {
        self.0.refuses(generation, status, headers, body)
            || AcronisError::read(status, body).is_some_and(|error| error.ends_session())
    }

    async fn refused(&self, generation: u64) -> Result<bool> {
        self.0.refused(generation).await
    }
}

/// What the directory answers.
#[derive(Deserialize)]
struct Account {
    server_url: String,
}

/// Asks a directory for the data center of a login: `GET /api/1/accounts`, not documented.
async fn data_center(directory: &str, login: &str, transport: Arc<dyn Transport>, http: &HttpConfig) -> Result<String> {
    let mut url = url_below(directory, "api/1/accounts")?;
    url.query_pairs_mut().append_pair("login", login);
    let host = url.host_str().unwrap_or_default().to_owned();
    let pipeline =
        Pipeline::builder(PROVIDER, transport).config(http.clone()).classify(Arc::new(AcronisErrors)).build();
    let call = Call::get("Accounts.DataCenter", url).subject(login).without_auth();
    let Account { server_url } = pipeline.json(call.clone()).await?;
    if is_of_service(&server_url, &host) {
        return Ok(server_url);
    }
    let message =
        "the data center named for the login is none of the service's; set a trusted one by Client::builder_at";
    Err(call.describe(Error::new(ErrorKind::Insecure, message)))
}

/// Whether credentials may go to this address: to the service's domain, or to the directory's own host.
fn is_of_service(address: &str, directory: &str) -> bool {
    let Ok(url) = Url::parse(address) else { return false };
    let host = url.host_str().unwrap_or_default();
    let own = host.strip_suffix(DOMAIN).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    own && url.scheme() == "https" || host == directory
}

/// The address of the page on which a person signs in and lets the application in, at a data center such as
/// `https://eu2-cloud.acronis.com`.
///
/// `state` is a text that nobody can guess; the page hands it to the redirect address along with the code, and it must be
/// the same there. The page is documented [OAuth 2.0], its parameters are not.
///
/// # Errors
/// [`ErrorKind::Config`] when the data center is no address.
pub fn authorize_url(data_center: &str, client_id: &str, redirect_uri: &Url, scope: &str, state: &str) -> Result<Url> {
    let mut url = url_below(data_center, AUTHORIZE).map_err(|error| error.with_provider(PROVIDER))?;
    url.query_pairs_mut().extend_pairs([
        ("response_type", "code"),
        ("client_id", client_id),
        ("redirect_uri", redirect_uri.as_str()),
        ("scope", scope),
        ("state", state),
    ]);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_directory_cannot_name_a_host_elsewhere() {
        for good in ["https://eu2-cloud.acronis.com", "https://acronis.com/", "http://127.0.0.1:8080"] {
            assert!(is_of_service(good, "127.0.0.1"), "{good}");
        }
        let bad = [
            "http://eu2-cloud.acronis.com",
            "https://evil.example",
            "https://evilacronis.com",
            "https://acronis.com.evil.example",
            "https://evil.example/acronis.com",
            "https://acronis.com@evil.example",
            "eu2-cloud.acronis.com",
            "",
        ];
        for address in bad {
            assert!(!is_of_service(address, "127.0.0.1"), "{address}");
        }
    }

    #[test]
    fn the_authorization_page_gets_what_it_needs() {
        let back = Url::parse("https://app.example/back?x=1").unwrap();
        let url = authorize_url("https://eu2-cloud.acronis.com/", "id", &back, "offline_access openid", "s t").unwrap();
        let expected = "https://eu2-cloud.acronis.com/api/2/idp/authorize?response_type=code&client_id=id\
                        &redirect_uri=https%3A%2F%2Fapp.example%2Fback%3Fx%3D1&scope=offline_access+openid&state=s+t";
        assert_eq!(url.as_str(), expected);
        assert_eq!(authorize_url("eu2-cloud", "id", &back, "", "").unwrap_err().kind(), ErrorKind::Config);
    }

    proptest::proptest! {
        #[test]
        fn no_answer_leads_beyond_the_service(address in "(https?://)?\\PC{0,20}(acronis.com)?\\PC{0,8}") {
            if is_of_service(&address, "directory.example") {
                let host = Url::parse(&address).unwrap().host_str().unwrap().to_owned();
                let own = host == "acronis.com" || host.ends_with(".acronis.com") || host == "directory.example";
                proptest::prop_assert!(own, "{}", host);
            }
        }
    }
}
