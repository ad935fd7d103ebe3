//! OAuth 2: a token endpoint, the grants that services use, and a token source on top of them (RFC 6749, RFC 7522).

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use http::StatusCode;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use serde_json::{Map, Value};
use url::Url;
use url::form_urlencoded::Serializer;

use super::retry::response_time;
use super::{
    Call, Classified, Classify, ErrorResponse, HttpConfig, Pipeline, Repeat, Response, TokenSet, TokenSource,
    Transport, default_kind,
};
use crate::{Error, ErrorKind, Result, Secret, Timestamp};

const OPERATION: &str = "OAuth.Token";

/// How tokens are asked for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Grant {
    /// User name and password (RFC 6749, section 4.3).
    Password {
        /// The user name.
        username: String,
        /// The password.
        password: Secret,
        /// A one-time code, where the service asks for a second factor, with the name of its field.
        one_time_code: Option<(&'static str, Secret)>,
    },
    /// A code from the authorization page (section 4.1.3). It can be used once.
    AuthorizationCode {
        /// The code.
        code: Secret,
        /// The redirect address that the page was called with, where the service wants it again.
        redirect_uri: Option<Url>,
        /// The PKCE verifier (RFC 7636), where one was used.
        code_verifier: Option<Secret>,
    },
    /// The client's own credentials (section 4.4).
    ClientCredentials,
    /// A refresh token (section 6).
    RefreshToken(Secret),
    /// A SAML 2 assertion in base64 (RFC 7522).
    SamlBearer(Secret),
}

impl Grant {
    fn fields(&self) -> Vec<(&'static str, &str)> {
        match self {
            Self::Password { username, password, one_time_code } => {
                let mut fields =
                    vec![("grant_type", "password"), ("username", username), ("password", password.expose())];
                fields.extend(one_time_code.as_ref().map(|(name, code)| (*name, code.expose())));
                fields
            }
            Self::AuthorizationCode { code, redirect_uri, code_verifier } => {
                let mut fields = vec![("grant_type", "authorization_code"), ("code", code.expose())];
                fields.extend(redirect_uri.as_ref().map(|uri| ("redirect_uri", uri.as_str())));
                fields.extend(code_verifier.as_ref().map(|verifier| ("code_verifier", verifier.expose())));
                fields
            }
            Self::ClientCredentials => vec![("grant_type", "client_credentials")],
            Self::RefreshToken(token) => vec![("grant_type", "refresh_token"), ("refresh_token", token.expose())],
            Self::SamlBearer(assertion) => {
                vec![("grant_type", "urn:ietf:params:oauth:grant-type:saml2-bearer"), ("assertion", assertion.expose())]
            }
        }
    }

    /// Whether scopes are asked for with this grant: a code and a refresh token have theirs already.
    fn takes_scope(&self) -> bool {
        !matches!(self, Self::AuthorizationCode { .. } | Self::RefreshToken(_))
    }

    /// Whether the same grant works a second time.
    fn is_repeatable(&self) -> bool {
        matches!(self, Self::Password { one_time_code: None, .. } | Self::ClientCredentials | Self::SamlBearer(_))
    }
}

/// A client of one token endpoint.
#[derive(Clone)]
pub struct OAuthClient {
    pipeline: Pipeline,
    token_url: Url,
    client_id: String,
    client_secret: Option<Secret>,
    basic: bool,
    scope: Option<String>,
}

impl OAuthClient {
    /// A client that names itself by `client_id` to the endpoint `token_url`; an empty one is not sent, for services that
    /// sign users in without knowing the client.
    pub fn new(
        provider: &'static str,
        transport: Arc<dyn Transport>,
        config: HttpConfig,
        token_url: Url,
        client_id: impl Into<String>,
    ) -> Self {
        let pipeline = Pipeline::builder(provider, transport).config(config).classify(Arc::new(OAuthErrors)).build();
        Self { pipeline, token_url, client_id: client_id.into(), client_secret: None, basic: false, scope: None }
    }

    /// Adds the client's secret, sent as a form field.
    #[must_use]
    pub fn with_secret(mut self, secret: Option<Secret>) -> Self {
        self.client_secret = secret;
        self
    }

    /// Sends the client's credentials by HTTP Basic instead of form fields (RFC 6749, section 2.3.1).
    #[must_use]
    pub fn with_basic(mut self, basic: bool) -> Self {
        self.basic = basic;
        self
    }

    /// Asks for these scopes, separated by spaces, where the grant does not settle them itself (RFC 6749, section 3.3).
    #[must_use]
    pub fn with_scope(mut self, scope: Option<String>) -> Self {
        self.scope = scope;
        self
    }

    /// Exchanges a grant for tokens.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthenticated`] when the endpoint refuses the grant or the client.
    pub async fn exchange(&self, grant: &Grant) -> Result<TokenSet> {
        let limit = self.pipeline.config().max_answer;
        let read = move |response: Response| async move {
            let now = response_time(response.headers());
            token_set(&response.json(limit).await?, now)
        };
        self.pipeline.run(self.call(grant)?, read).await
    }

    fn call(&self, grant: &Grant) -> Result<Call> {
        let mut form = Serializer::new(String::new());
        form.extend_pairs(grant.fields());
        form.extend_pairs(self.scope.iter().filter(|_| grant.takes_scope()).map(|scope| ("scope", scope)));
        let mut call = Call::post(OPERATION, self.token_url.clone())
            .without_auth()
            .keep_redirect()
            // A second exchange of a refresh token that was taken already would look like theft and end the session.
            .repeat(if grant.is_repeatable() { Repeat::Idempotent } else { Repeat::Never })
            .header(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        match &self.client_secret {
            Some(secret) if self.basic => call = call.header(AUTHORIZATION, basic(&self.client_id, secret)?),
            secret => {
                form.extend_pairs((!self.client_id.is_empty()).then_some(("client_id", &self.client_id)));
                form.extend_pairs(secret.iter().map(|secret| ("client_secret", secret.expose())));
            }
        }
        Ok(call.body(form.finish()))
    }
}

impl fmt::Debug for OAuthClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthClient")
            .field("token_url", &super::redacted_url(&self.token_url))
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

fn basic(client_id: &str, secret: &Secret) -> Result<HeaderValue> {
    use base64::Engine as _;
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encode(client_id), encode(secret.expose()));
    let mut value = HeaderValue::try_from(format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair)))
        .map_err(|_| Error::new(ErrorKind::Config, "the client's credentials cannot be sent"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Reads the response of a token endpoint (RFC 6749, section 5.1), made at `now` by its own clock. `expires_on`, an absolute
/// time, is a common extension; `expires_in` comes first, because it depends on no clock.
fn token_set(answer: &Map<String, Value>, now: Option<SystemTime>) -> Result<TokenSet> {
    let text = |name: &str| answer.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let number = |name: &str| {
        let value = answer.get(name)?;
        value.as_i64().or_else(|| value.as_str()?.parse().ok())
    };
    let access = text("access_token")
        .ok_or_else(|| Error::new(ErrorKind::Protocol, "the token endpoint answered without an access token"))?;
    if let Some(kind) = text("token_type").filter(|kind| !kind.eq_ignore_ascii_case("bearer")) {
        return Err(Error::new(ErrorKind::Protocol, format!("tokens of the type {kind:?} are not understood")));
    }
    let relative = number("expires_in").and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs);
    let absolute = number("expires_on").and_then(|seconds| Timestamp::from_unix(seconds, 0));
    let end = match (relative, absolute, now) {
        (Some(lifetime), ..) => Some(Timestamp::now().saturating_add(lifetime)),
        (None, Some(end), Some(now)) => {
            let lifetime = SystemTime::from(end).duration_since(now).unwrap_or_default();
            Some(Timestamp::now().saturating_add(lifetime))
        }
        (None, end, _) => end,
    };
    let tokens = TokenSet::new(access).with_refresh(text("refresh_token").map(Secret::from)).with_expires(end);
    Ok(answer
        .iter()
        .filter(|(name, _)| !name.ends_with("_token"))
        .filter_map(|(name, value)| Some((name, value.as_str()?)))
        .fold(tokens, |tokens, (name, value)| tokens.with_field(name, value)))
}

/// Reads the errors of a token endpoint (RFC 6749, section 5.2).
#[derive(Debug)]
struct OAuthErrors;

impl Classify for OAuthErrors {
    fn classify(&self, response: &ErrorResponse<'_>) -> Option<Classified> {
        let answer: Map<String, Value> = serde_json::from_slice(response.body).ok()?;
        let code = answer.get("error").and_then(Value::as_str);
        let kind = match code {
            Some("invalid_grant" | "invalid_client" | "unauthorized_client" | "access_denied") => {
                ErrorKind::Unauthenticated
            }
            Some("unsupported_grant_type") => ErrorKind::Unsupported,
            _ if response.status == StatusCode::BAD_REQUEST => ErrorKind::Unauthenticated,
            _ => default_kind(response.status),
        };
        // The description is left out: some services quote the credentials in it.
        let mut read = Classified::new(kind, "the token endpoint refused the sign-in");
        read.code = code.map(str::to_owned);
        Some(read)
    }
}

/// Whether a refresh token is no good: it has ended, or the endpoint does not know such grants.
fn is_refused(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Unauthenticated | ErrorKind::Unsupported)
}

/// Renews tokens by the refresh token, and signs in again when that is refused and the sign-in can be repeated.
#[derive(Debug)]
pub struct OAuthSource {
    client: OAuthClient,
    sign_in: Option<Grant>,
}

impl OAuthSource {
    /// Renews at this endpoint; `sign_in` is the fallback when there is no refresh token, or it is refused.
    pub fn new(client: OAuthClient, sign_in: Option<Grant>) -> Self {
        Self { client, sign_in: sign_in.filter(Grant::is_repeatable) }
    }
}

#[async_trait]
impl TokenSource for OAuthSource {
    async fn renew(&self, present: Option<&TokenSet>) -> Result<TokenSet> {
        let refresh = present.and_then(|tokens| tokens.refresh.clone());
        let refused = match refresh {
            Some(token) => match self.client.exchange(&Grant::RefreshToken(token)).await {
                Err(error) if is_refused(&error) => Some(error),
                result => return result,
            },
            None => None,
        };
        match &self.sign_in {
            Some(grant) => self.client.exchange(grant).await,
            None => Err(refused.unwrap_or_else(|| {
                Error::new(ErrorKind::Unauthenticated, "the access token ended and there is no refresh token")
            })),
        }
    }
}
