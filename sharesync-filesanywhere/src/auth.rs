//! Signing in: the configuration of a client, and the sessions at the two services. Keeping and renewing tokens is the
//! core's business.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use sharesync_core::http::{
    Authorizer as _, BearerTokens, HttpConfig, Pipeline, TokenSet, TokenSource, TokenStore, Transport,
    transport_or_default,
};
use sharesync_core::{Error, ErrorKind, Result, Secret};
use url::Url;

use crate::client::{Endpoint, call, read};
use crate::error::{self, FilesAnywhereErrors};
use crate::model::LoginResult;
use crate::soap::{Op, Outcome, Record as _, Request, Service, SoapVersion};
use crate::{Client, PROVIDER};

/// Where the services are (ChangeList; FAWAPI v2).
const SYNC: &str = "https://syncapi.filesanywhere.com";
const FILES: &str = "https://api.filesanywhere.com";
const SYNC_PATH: &str = "api/syncapp/syncapi.asmx";
const FILES_PATH: &str = "v2/fawapi.asmx";

const LOGIN: Op = Op::sync("AccountLogin", "AccountLoginResponse", "LoginResult").without_token();
const FILES_LOGIN: Op = Op { service: Service::Files, ..LOGIN };

/// Configures a [`Client`]: begin with [`Client::builder`].
///
/// One way to sign in is needed: [`password`](Self::password), [`encrypted_password`](Self::encrypted_password), or the
/// [`token`](Self::token) of an earlier session. A token that ends is renewed by signing in again, which a token alone does
/// not allow.
#[derive(Clone)]
pub struct ClientBuilder {
    api_key: String,
    org_id: i64,
    user: String,
    password: Option<Secret>,
    /// The password is one that an earlier sign-in returned.
    encrypted: bool,
    allowed_ips: Option<String>,
    token: Option<Secret>,
    token_store: Option<Arc<dyn TokenStore>>,
    sync: String,
    files: String,
    version: SoapVersion,
    http: HttpConfig,
    transport: Option<Arc<dyn Transport>>,
}

impl ClientBuilder {
    pub(crate) fn new(api_key: String, org_id: i64) -> Self {
        Self {
            api_key,
            org_id,
            user: String::new(),
            password: None,
            encrypted: false,
            allowed_ips: None,
            token: None,
            token_store: None,
            sync: format!("{SYNC}/{SYNC_PATH}"),
            files: format!("{FILES}/{FILES_PATH}"),
            version: SoapVersion::default(),
            http: HttpConfig::default(),
            transport: None,
        }
    }

    /// Signs in by user name and password.
    #[must_use]
    pub fn password(mut self, user: impl Into<String>, password: impl Into<Secret>) -> Self {
        self.user = user.into();
        self.password = Some(password.into());
        self.encrypted = false;
        self
    }

    /// Signs in by user name and the encrypted password that an earlier sign-in returned
    /// ([`LoginResult::client_encrypted_password`]).
    #[must_use]
    pub fn encrypted_password(mut self, user: impl Into<String>, password: impl Into<Secret>) -> Self {
        self = self.password(user, password);
        self.encrypted = true;
        self
    }

    /// Lets nobody but these addresses use the session, separated by commas.
    #[must_use]
    pub fn allowed_ips(mut self, addresses: impl Into<String>) -> Self {
        self.allowed_ips = Some(addresses.into());
        self
    }

    /// Goes on with the token of an earlier session of this user, at both services, until it is refused.
    #[must_use]
    pub fn token(mut self, user: impl Into<String>, token: impl Into<Secret>) -> Self {
        self.user = user.into();
        self.token = Some(token.into());
        self
    }

    /// Hears of new tokens, of either service.
    #[must_use]
    pub fn token_store(mut self, store: Arc<dyn TokenStore>) -> Self {
        self.token_store = Some(store);
        self
    }

    /// Both services at one server, such as an emulator, under their usual paths.
    #[must_use]
    pub fn server(self, address: impl AsRef<str>) -> Self {
        let address = address.as_ref().trim_end_matches('/');
        self.sync_endpoint(format!("{address}/{SYNC_PATH}")).files_endpoint(format!("{address}/{FILES_PATH}"))
    }

    /// The whole address of SyncAPI.
    #[must_use]
    pub fn sync_endpoint(mut self, url: impl Into<String>) -> Self {
        self.sync = url.into();
        self
    }

    /// The whole address of FAWAPI. SyncAPI seems to offer the operations of FAWAPI, too (inferred).
    #[must_use]
    pub fn files_endpoint(mut self, url: impl Into<String>) -> Self {
        self.files = url.into();
        self
    }

    /// Which SOAP is spoken; 1.1 unless set.
    #[must_use]
    pub fn soap(mut self, version: SoapVersion) -> Self {
        self.version = version;
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

    /// Signs in at FAWAPI, unless there is a token. The session at SyncAPI begins when it is needed.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when something is missing, [`ErrorKind::Unauthenticated`] when the sign-in is refused, and those
    /// of the token store.
    pub async fn connect(self) -> Result<Client> {
        let client = self.client().map_err(|error| error.with_provider(PROVIDER))?;
        client.sign_in().await?;
        Ok(client)
    }

    /// The client, without signing in: that happens with the first request.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when something is missing.
    pub fn client(mut self) -> Result<Client> {
        let transport = transport_or_default(self.transport.take(), &self.http)?;
        let pipeline = Pipeline::builder(PROVIDER, transport)
            .config(self.http.clone())
            .classify(Arc::new(FilesAnywhereErrors))
            .build();
        let sync = self.endpoint(&pipeline, &self.sync, &LOGIN)?;
        let files = self.endpoint(&pipeline, &self.files, &FILES_LOGIN)?;
        Ok(Client::new(pipeline, self.version, sync, files, self.api_key, self.user))
    }

    fn endpoint(&self, pipeline: &Pipeline, url: &str, op: &'static Op) -> Result<Endpoint> {
        let url = Url::parse(url).ok().filter(|url| url.has_host() && url.username().is_empty());
        let url = url.ok_or_else(|| config("the address of a service has not the form https://host/path"))?;
        let session = match (&self.token, &self.password) {
            (Some(token), None) => Session::Fixed(token.clone()),
            (token, Some(password)) => {
                let login = Login {
                    pipeline: pipeline.clone(),
                    url: url.clone(),
                    version: self.version,
                    op,
                    api_key: self.api_key.clone(),
                    org_id: self.org_id,
                    user: self.user.clone(),
                    password: password.clone(),
                    encrypted: self.encrypted,
                    allowed_ips: self.allowed_ips.clone(),
                };
                let tokens = token.clone().map(TokenSet::new);
                Session::Renewed(BearerTokens::new(Arc::new(login), tokens, self.token_store.clone()))
            }
            (None, None) => return Err(config("neither a password nor a token is configured")),
        };
        Ok(Endpoint { url, session })
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("user", &self.user)
            .field("org_id", &self.org_id)
            .field("sync", &self.sync)
            .field("files", &self.files)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

fn config(why: &'static str) -> Error {
    Error::new(ErrorKind::Config, why).with_provider(PROVIDER)
}

/// The token of a service: one that was handed over, or one that is renewed by signing in.
#[derive(Debug)]
pub(crate) enum Session {
    Fixed(Secret),
    Renewed(BearerTokens),
}

impl Session {
    /// The token, and its generation.
    pub(crate) async fn token(&self) -> Result<(Secret, u64)> {
        match self {
            Self::Fixed(token) => Ok((token.clone(), 0)),
            Self::Renewed(tokens) => {
                let (set, generation) = tokens.current_or_renewed().await?;
                Ok((set.access.clone(), generation))
            }
        }
    }

    /// Hears that the token of a generation has ended; whether there is another one.
    pub(crate) async fn refused(&self, generation: u64) -> Result<bool> {
        match self {
            Self::Fixed(_) => Ok(false),
            Self::Renewed(tokens) => tokens.refused(generation).await,
        }
    }
}

/// Signs in with a password.
struct Login {
    pipeline: Pipeline,
    url: Url,
    version: SoapVersion,
    op: &'static Op,
    api_key: String,
    org_id: i64,
    user: String,
    password: Secret,
    encrypted: bool,
    allowed_ips: Option<String>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}

#[async_trait]
impl TokenSource for Login {
    async fn renew(&self, _present: Option<&TokenSet>) -> Result<TokenSet> {
        let param = if self.encrypted { "ENCRYPTEDYES" } else { "ENCRYPTEDNO" };
        let request = login(
            self.op,
            &self.api_key,
            self.org_id,
            (&self.user, &self.password),
            (self.allowed_ips.as_deref().unwrap_or_default(), param),
        );
        let call = call(self.version, &self.url, &request, None)?;
        let (op, limit) = (self.op, self.pipeline.config().max_answer);
        let result = self
            .pipeline
            .run(call, |response| async move {
                let quoted = response.quoted().clone();
                match read(op, response, limit).await? {
                    Outcome::Fault(fault) => Err(error::fault(fault, &quoted)),
                    // Whatever the words are, they are about the sign-in.
                    Outcome::Result(tree) => error::check(op, &tree, &quoted)
                        .map_err(|error| error.with_kind(ErrorKind::Unauthenticated))
                        .map(|()| tree),
                }
            })
            .await?;
        let root = result.root().ok_or_else(|| config("an answer without a result"))?;
        let result = LoginResult::read(root).map_err(error::document)?;
        match result.token.filter(|token| !token.expose().is_empty()) {
            Some(token) => Ok(TokenSet::new(token)),
            None => {
                let why = "the service answered the sign-in with neither a token nor a reason";
                Err(Error::new(ErrorKind::Unauthenticated, why).with_operation(op.name).with_provider(PROVIDER))
            }
        }
    }
}

/// The request of a sign-in. `AllowedIPList` and `ClientEncryptParam` are always there (AccountLogin).
fn login(
    op: &'static Op,
    api_key: &str,
    org_id: i64,
    (user, password): (&str, &Secret),
    (allowed_ips, param): (&str, &str),
) -> Request {
    Request::new(op)
        .about(user)
        .text("APIKey", api_key)
        .value("OrgID", org_id)
        .text("UserName", user)
        .text("Password", password.expose())
        .text("AllowedIPList", allowed_ips)
        .text("ClientEncryptParam", param)
}

impl Client {
    /// Begins the session at FAWAPI.
    async fn sign_in(&self) -> Result<()> {
        self.session(Service::Files).token().await.map(drop)
    }

    /// Signs in at SyncAPI as somebody, and hands the whole answer out: the token, and the encrypted password with which
    /// to sign in later. The session of this client stays what it is.
    ///
    /// `AccountLogin` (AccountLogin).
    ///
    /// # Errors
    /// [`ErrorKind::Unauthenticated`] when the service refuses.
    pub async fn account_login(&self, login_data: &AccountLogin) -> Result<LoginResult> {
        let param = login_data.client_encrypt_param.as_str();
        let request = login(
            &LOGIN,
            self.api_key(),
            login_data.org_id,
            (&login_data.user, &login_data.password),
            (&login_data.allowed_ip_list, param),
        );
        self.ask(request).await.map_err(|error| match error.provider_error::<crate::Refusal>() {
            Some(_) => error.with_kind(ErrorKind::Unauthenticated),
            None => error,
        })
    }
}

/// Who signs in, for [`Client::account_login`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AccountLogin {
    /// The number of the organisation.
    pub org_id: i64,
    /// The user's name.
    pub user: String,
    /// The password, clear or encrypted.
    pub password: Secret,
    /// The addresses that may use the session, separated by commas; empty for all.
    pub allowed_ip_list: String,
    /// `ENCRYPTEDNO` for a clear password, `ENCRYPTEDYES` for an encrypted one.
    pub client_encrypt_param: String,
}

impl AccountLogin {
    /// A clear password, and a session from any address.
    pub fn new(org_id: i64, user: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self {
            org_id,
            user: user.into(),
            password: password.into(),
            allowed_ip_list: String::new(),
            client_encrypt_param: "ENCRYPTEDNO".to_owned(),
        }
    }

    /// The addresses that may use the session, separated by commas.
    #[must_use]
    pub fn with_allowed_ip_list(mut self, addresses: impl Into<String>) -> Self {
        self.allowed_ip_list = addresses.into();
        self
    }

    /// How the password is written.
    #[must_use]
    pub fn with_client_encrypt_param(mut self, param: impl Into<String>) -> Self {
        self.client_encrypt_param = param.into();
        self
    }
}
