//! Signing in: the configuration of a client (Authentication). The authorization page and its callback are in `callback`.
//!
//! Exchanging, renewing and keeping tokens is the core's business.

use std::fmt;
use std::sync::Arc;

use sharesync_core::http::{
    Grant, HttpConfig, OAuthClient, Pipeline, TokenSet, TokenStore, Transport, transport_or_default, url_below,
};
use sharesync_core::{Error, ErrorKind, Result, Secret};
use url::Url;

use crate::error::ShareFileErrors;
use crate::{Client, PROVIDER};

/// The control planes of the service. A token answer cannot send the client anywhere else.
const PLANES: [&str; 5] = ["sf-api.com", "sharefile.com", "sf-api.eu", "sharefile.eu", "securevdr.com"];

/// Where the service is.
#[derive(Debug, Clone)]
enum Service {
    /// An account of the public service.
    Account { subdomain: String, control_plane: String },
    /// A server at an address.
    Endpoint(String),
}

/// Configures a [`Client`]: begin with [`Client::builder`] or [`Client::builder_at`].
///
/// One way to sign in is needed: [`password`](Self::password), [`authorization_code`](Self::authorization_code),
/// [`saml_bearer`](Self::saml_bearer), or tokens of an earlier sign-in by [`tokens`](Self::tokens) or
/// [`access_token`](Self::access_token). Tokens together with a password or an assertion are used until they are refused;
/// then the client signs in again.
#[derive(Clone)]
pub struct ClientBuilder {
    service: Service,
    api_plane: Option<String>,
    client_id: String,
    client_secret: Option<Secret>,
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
            api_plane: None,
            client_id: String::new(),
            client_secret: None,
            grant: None,
            tokens: None,
            token_store: None,
            http: HttpConfig::default(),
            transport: None,
        }
    }

    pub(crate) fn of_account(subdomain: String, control_plane: String) -> Self {
        Self::new(Service::Account { subdomain, control_plane })
    }

    pub(crate) fn of_endpoint(endpoint: String) -> Self {
        Self::new(Service::Endpoint(endpoint))
    }

    /// The identifier that the service has given the application.
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

    /// Signs in by user name and password. Users of a single sign-on need a password for applications.
    #[must_use]
    pub fn password(self, username: impl Into<String>, password: impl Into<Secret>) -> Self {
        let grant = Grant::Password { username: username.into(), password: password.into(), one_time_code: None };
        self.grant(grant)
    }

    /// Signs in by a code from the authorization page; see [`AuthorizationCallback`](crate::AuthorizationCallback).
    #[must_use]
    pub fn authorization_code(self, code: impl Into<Secret>) -> Self {
        self.grant(Grant::AuthorizationCode { code: code.into(), redirect_uri: None, code_verifier: None })
    }

    /// Signs in by a SAML 2 assertion in base64.
    #[must_use]
    pub fn saml_bearer(self, assertion: impl Into<Secret>) -> Self {
        self.grant(Grant::SamlBearer(assertion.into()))
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

    /// Where renewed tokens are kept. The service gives a new refresh token with every renewal and forgets the old one.
    #[must_use]
    pub fn token_store(mut self, store: Arc<dyn TokenStore>) -> Self {
        self.token_store = Some(store);
        self
    }

    /// Sets the control plane of the API, such as `sf-api.com`, instead of what the token answer says. What is set here
    /// is trusted with the account's tokens.
    #[must_use]
    pub fn api_control_plane(mut self, plane: impl Into<String>) -> Self {
        self.api_plane = Some(plane.into());
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

    /// Signs in, unless there are tokens, and learns where the API of the account is.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when something is missing, [`ErrorKind::Unauthenticated`] when the sign-in is refused,
    /// [`ErrorKind::Insecure`] when the service names an address for its API that is none of its own, and those of the
    /// token store.
    pub async fn connect(self) -> Result<Client> {
        self.sign_in().await.map_err(|error| error.with_provider(PROVIDER))
    }

    async fn sign_in(mut self) -> Result<Client> {
        let transport = transport_or_default(self.transport.take(), &self.http)?;
        let oauth =
            OAuthClient::new(PROVIDER, transport.clone(), self.http.clone(), self.token_url()?, &self.client_id)
                .with_secret(self.client_secret.clone());
        let tokens = oauth.sign_in(self.tokens.take(), self.grant.as_ref(), self.token_store.as_ref()).await?;
        let base = self.api_base(&tokens)?;
        let authorizer = oauth.into_authorizer(tokens, self.grant, self.token_store);
        let pipeline = Pipeline::builder(PROVIDER, transport)
            .config(self.http)
            .authorize(&base, authorizer)
            .classify(Arc::new(ShareFileErrors))
            .build();
        Ok(Client::new(pipeline, base))
    }

    fn token_url(&self) -> Result<Url> {
        match &self.service {
            Service::Account { subdomain, control_plane } => {
                host_url(subdomain, control_plane, "oauth/token").ok_or_else(|| config("the account is no host name"))
            }
            Service::Endpoint(endpoint) => url_below(endpoint, "oauth/token"),
        }
    }

    /// The address of the API. Whoever answers for the token endpoint may choose among the service's own addresses, no
    /// more: tokens go wherever this points.
    fn api_base(&self, tokens: &TokenSet) -> Result<Url> {
        let (subdomain, control_plane) = match &self.service {
            Service::Endpoint(endpoint) => return url_below(endpoint, "sf/v3/"),
            Service::Account { subdomain, control_plane } => (subdomain, control_plane),
        };
        let subdomain = tokens.field("subdomain").unwrap_or(subdomain);
        let plane = match (&self.api_plane, tokens.field("apicp")) {
            (Some(plane), _) => plane,
            (None, Some(plane)) if is_of_service(plane) => plane,
            (None, Some(plane)) => {
                let message =
                    format!("the sign-in names {plane:?} as the API's control plane, which is none of the service's");
                return Err(Error::new(ErrorKind::Insecure, message));
            }
            (None, None) => match control_plane.to_ascii_lowercase().as_str() {
                "sharefile.com" => "sf-api.com",
                "sharefile.eu" => "sf-api.eu",
                _ => {
                    return Err(config("the API's control plane is not known; set it by api_control_plane"));
                }
            },
        };
        host_url(subdomain, plane, "sf/v3/")
            .ok_or_else(|| Error::new(ErrorKind::Insecure, "the sign-in names an account that is no host name"))
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("service", &self.service)
            .field("client_id", &self.client_id)
            .field("http", &self.http)
            .finish_non_exhaustive()
    }
}

fn config(why: &'static str) -> Error {
    Error::new(ErrorKind::Config, why)
}

/// An address on a host of an account; `None` unless both parts are plain host names.
fn host_url(subdomain: &str, plane: &str, path: &str) -> Option<Url> {
    let plain = |name: &str| {
        !name.is_empty()
            && name.len() <= 200
            && name.split('.').all(|label| {
                let letters = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
                letters && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
            })
    };
    if !plain(subdomain) || !plain(plane) {
        return None;
    }
    Url::parse(&format!("https://{subdomain}.{plane}/{path}")).ok()
}

fn is_of_service(plane: &str) -> bool {
    let plane = plane.to_ascii_lowercase();
    PLANES.iter().any(|known| plane.strip_suffix(known).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn base(builder: &ClientBuilder, fields: &[(&str, &str)]) -> Result<String> {
        let tokens = fields.iter().fold(TokenSet::new("t"), |tokens, (name, value)| tokens.with_field(*name, *value));
        builder.api_base(&tokens).map(|url| url.to_string())
    }

    #[test]
    fn the_address_of_the_api_comes_from_the_sign_in() {
        let builder = Client::builder("acct", "sharefile.com");
        assert_eq!(base(&builder, &[("apicp", "sf-api.eu")]).unwrap(), "https://acct.sf-api.eu/sf/v3/");
        let other = [("apicp", "sharefile.com"), ("subdomain", "other")];
        assert_eq!(base(&builder, &other).unwrap(), "https://other.sharefile.com/sf/v3/");
        assert_eq!(base(&builder, &[]).unwrap(), "https://acct.sf-api.com/sf/v3/");
        let unknown = Client::builder("acct", "securevdr.com");
        assert_eq!(base(&unknown, &[]).unwrap_err().kind(), ErrorKind::Config);
        let own = Client::builder("acct", "corp.example").api_control_plane("api.corp.example");
        assert_eq!(base(&own, &[("apicp", "evil.example")]).unwrap(), "https://acct.api.corp.example/sf/v3/");
        let endpoint = Client::builder_at("http://127.0.0.1:8420/");
        assert_eq!(base(&endpoint, &[("apicp", "evil.example")]).unwrap(), "http://127.0.0.1:8420/sf/v3/");
    }

    #[test]
    fn a_hostile_sign_in_cannot_move_the_api() {
        let builder = Client::builder("acct", "sharefile.com");
        let planes = [
            "evil.example",
            "sf-api.com.evil.example",
            "evilsf-api.com",
            "evil/sf-api.com",
            "x@sf-api.com",
            "sf-api.com:1",
        ];
        for plane in planes {
            assert_eq!(base(&builder, &[("apicp", plane)]).unwrap_err().kind(), ErrorKind::Insecure, "{plane}");
        }
        for subdomain in ["evil.example/", "a@b", "a:1", "", "-a", "a..b", "a#"] {
            let fields = [("subdomain", subdomain), ("apicp", "sf-api.com")];
            assert_eq!(base(&builder, &fields).unwrap_err().kind(), ErrorKind::Insecure, "{subdomain:?}");
        }
    }

    proptest! {
        #[test]
        fn no_answer_leads_beyond_the_service(subdomain in "\\PC{0,30}", plane in "\\PC{0,20}(sf-api.com)?\\PC{0,3}") {
            let fields = [("subdomain", subdomain.as_str()), ("apicp", plane.as_str())];
            if let Ok(url) = base(&Client::builder("acct", "sharefile.com"), &fields) {
                let host = Url::parse(&url).unwrap().host_str().unwrap().to_owned();
                prop_assert!(PLANES.iter().any(|known| host.ends_with(&format!(".{known}"))), "{}", host);
            }
        }
    }
}
