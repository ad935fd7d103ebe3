//! Stores by configuration: data that names a provider and how to sign in to it. What else a provider can be told is on
//! its own client.

use std::fmt;
#[cfg(any(feature = "sharefile", feature = "acronis"))]
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
#[cfg(any(feature = "sharefile", feature = "acronis"))]
use sharesync_core::snapshot::Snapshots;
use sharesync_core::{Error, ErrorKind, RemoteStore, Result, Secret};

/// A store to connect to, as it stands in a configuration file. The field `provider` chooses the variant.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "provider", rename_all = "lowercase")]
#[non_exhaustive]
pub enum StoreConfig {
    /// ShareFile.
    #[cfg(feature = "sharefile")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sharefile")))]
    ShareFile(Box<ShareFileConfig>),
    /// Acronis File Sync & Share.
    #[cfg(feature = "acronis")]
    #[cfg_attr(docsrs, doc(cfg(feature = "acronis")))]
    Acronis(Box<AcronisConfig>),
    /// FilesAnywhere.
    #[cfg(feature = "filesanywhere")]
    #[cfg_attr(docsrs, doc(cfg(feature = "filesanywhere")))]
    FilesAnywhere(Box<FilesAnywhereConfig>),
    /// ScaiDrive, by its cursor-based sync API.
    #[cfg(feature = "cursor")]
    #[cfg_attr(docsrs, doc(cfg(feature = "cursor")))]
    Cursor(Box<CursorConfig>),
    /// SharePoint Server.
    #[cfg(feature = "sharepoint")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sharepoint")))]
    SharePoint(Box<SharePointConfig>),
}

impl StoreConfig {
    /// The provider, as capabilities and errors name it.
    pub fn provider(&self) -> &'static str {
        match *self {
            #[cfg(feature = "sharefile")]
            Self::ShareFile(_) => sharesync_sharefile::PROVIDER,
            #[cfg(feature = "acronis")]
            Self::Acronis(_) => sharesync_acronis::PROVIDER,
            #[cfg(feature = "filesanywhere")]
            Self::FilesAnywhere(_) => sharesync_filesanywhere::PROVIDER,
            #[cfg(feature = "cursor")]
            Self::Cursor(_) => sharesync_cursor::PROVIDER,
            #[cfg(feature = "sharepoint")]
            Self::SharePoint(_) => sharesync_sharepoint::PROVIDER,
        }
    }

    /// Signs in and returns the store.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when something is missing, [`ErrorKind::Unauthenticated`] when the sign-in is refused.
    pub async fn connect(&self) -> Result<Arc<dyn RemoteStore>> {
        match *self {
            #[cfg(feature = "sharefile")]
            Self::ShareFile(ref config) => config.connect().await,
            #[cfg(feature = "acronis")]
            Self::Acronis(ref config) => config.connect().await,
            #[cfg(feature = "filesanywhere")]
            Self::FilesAnywhere(ref config) => config.connect().await,
            #[cfg(feature = "cursor")]
            Self::Cursor(ref config) => config.connect().await,
            #[cfg(feature = "sharepoint")]
            Self::SharePoint(ref config) => config.connect().await,
        }
    }
}

/// A secret in a configuration: the text itself, or the name of the environment variable that holds it.
///
/// ```toml
/// password = { env = "SHAREFILE_PASSWORD" }
/// ```
#[derive(Clone, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum SecretValue {
    /// The secret itself.
    Text(Secret),
    /// The environment variable that holds it.
    Env {
        /// The variable's name.
        env: String,
    },
}

impl SecretValue {
    /// The secret.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when the environment variable is not set.
    pub fn read(&self) -> Result<Secret> {
        match self {
            Self::Text(secret) => Ok(secret.clone()),
            Self::Env { env } => std::env::var(env)
                .map(Secret::from)
                .map_err(|_| Error::new(ErrorKind::Config, format!("the environment variable {env} is not set"))),
        }
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(secret) => secret.fmt(f),
            Self::Env { env } => write!(f, "${env}"),
        }
    }
}

/// The snapshots in a file, for the changes of a service without a feed.
#[cfg(all(any(feature = "sharefile", feature = "acronis"), feature = "snapshot-redb"))]
async fn snapshots_in(file: &Option<PathBuf>) -> Result<Option<Snapshots>> {
    match file {
        Some(file) => Ok(Some(Snapshots::new(sharesync_core::snapshot::RedbSnapshots::open(file).await?))),
        None => Ok(None),
    }
}

/// Snapshots in a file are not part of this build.
#[cfg(all(any(feature = "sharefile", feature = "acronis"), not(feature = "snapshot-redb")))]
async fn snapshots_in(file: &Option<PathBuf>) -> Result<Option<Snapshots>> {
    match file {
        Some(_) => Err(Error::new(ErrorKind::Config, "`snapshots` needs the feature `snapshot-redb` of sharesync")),
        None => Ok(None),
    }
}

#[cfg(feature = "acronis")]
pub use acronis::AcronisConfig;
#[cfg(feature = "cursor")]
pub use cursor::CursorConfig;
#[cfg(feature = "filesanywhere")]
pub use filesanywhere::FilesAnywhereConfig;
#[cfg(feature = "sharefile")]
pub use sharefile::ShareFileConfig;
#[cfg(feature = "sharepoint")]
pub use sharepoint::{SharePointConfig, SharePointSignIn};

#[cfg(feature = "sharefile")]
mod sharefile {
    use sharesync_core::http::TokenSet;
    use sharesync_sharefile::{Client, StoreOptions};

    use super::*;

    /// A ShareFile account.
    ///
    /// Either `username` and `password`, or `access_token` (with `refresh_token` when it is to be renewed).
    #[derive(Debug, Clone, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[non_exhaustive]
    pub struct ShareFileConfig {
        /// The account's subdomain: `acme` of `https://acme.sharefile.com`.
        pub subdomain: Option<String>,
        /// The control plane of the account's application, such as `sharefile.eu`.
        #[serde(default = "control_plane")]
        pub control_plane: String,
        /// The address of a server to use instead of the account's own, such as an emulator.
        pub endpoint: Option<String>,
        /// The identifier of the API key.
        pub client_id: Option<String>,
        /// The secret of the API key.
        pub client_secret: Option<SecretValue>,
        /// The user's e-mail address.
        pub username: Option<String>,
        /// The user's password, or an application password.
        pub password: Option<SecretValue>,
        /// An access token.
        pub access_token: Option<SecretValue>,
        /// A refresh token that belongs to the access token. It works once: who keeps tokens between runs uses the client
        /// and its token store.
        pub refresh_token: Option<SecretValue>,
        /// The identifier of the folder that is to be the root; by default the user's home folder.
        pub root: Option<String>,
        /// A file for snapshots, which [`changes`](RemoteStore::changes) needs because the service has no feed of them. It
        /// is created where it does not exist, holds names of files, and is open in one store at a time. Needs the feature
        /// `snapshot-redb`.
        pub snapshots: Option<PathBuf>,
    }

    fn control_plane() -> String {
        "sharefile.com".into()
    }

    impl ShareFileConfig {
        pub(super) async fn connect(&self) -> Result<Arc<dyn RemoteStore>> {
            let mut builder = match (&self.endpoint, &self.subdomain) {
                (Some(endpoint), _) => Client::builder_at(endpoint),
                (None, Some(subdomain)) => Client::builder(subdomain, &self.control_plane),
                (None, None) => return Err(Error::new(ErrorKind::Config, "a ShareFile store needs its subdomain")),
            };
            if let Some(id) = &self.client_id {
                builder = builder.client_id(id);
            }
            if let Some(secret) = &self.client_secret {
                builder = builder.client_secret(secret.read()?);
            }
            builder = match (&self.access_token, &self.username, &self.password) {
                (Some(access), _, _) => {
                    let refresh = self.refresh_token.as_ref().map(SecretValue::read).transpose()?;
                    builder.tokens(TokenSet::new(access.read()?).with_refresh(refresh))
                }
                (None, Some(username), Some(password)) => builder.password(username, password.read()?),
                _ => {
                    let message = "a ShareFile store needs username and password, or an access_token";
                    return Err(Error::new(ErrorKind::Config, message));
                }
            };
            let client = builder.connect().await?;
            let mut options = StoreOptions::new();
            if let Some(root) = &self.root {
                options = options.with_root(root);
            }
            options.snapshots = snapshots_in(&self.snapshots).await?;
            Ok(Arc::new(client.store_with(options)))
        }
    }
}

#[cfg(feature = "acronis")]
mod acronis {
    use sharesync_acronis::{Client, StoreOptions};
    use sharesync_core::http::TokenSet;

    use super::*;

    /// An account of Acronis File Sync & Share.
    ///
    /// Either `username` and `password`, or `access_token` (with `refresh_token` when it is to be renewed), or
    /// `client_id` and `client_secret` alone.
    #[derive(Debug, Clone, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[non_exhaustive]
    pub struct AcronisConfig {
        /// The address of the data center, such as `https://eu2-cloud.acronis.com`. Where it is missing, the service is
        /// asked for that of `username`.
        pub endpoint: Option<String>,
        /// The identifier of the application, where it has one.
        pub client_id: Option<String>,
        /// The secret of the application.
        pub client_secret: Option<SecretValue>,
        /// The scopes to ask for, such as `offline_access` for a refresh token.
        pub scope: Option<String>,
        /// The user's login.
        pub username: Option<String>,
        /// The user's password.
        pub password: Option<SecretValue>,
        /// The one-time code of the user's second factor.
        pub one_time_code: Option<SecretValue>,
        /// An access token.
        pub access_token: Option<SecretValue>,
        /// A refresh token that belongs to the access token.
        pub refresh_token: Option<SecretValue>,
        /// The identifier of the folder that is to be the root; by default "Sync & Share".
        pub root: Option<String>,
        /// A file for snapshots, which [`changes`](RemoteStore::changes) needs because the service has no feed of them. It
        /// is created where it does not exist, holds names of files, and is open in one store at a time. Needs the feature
        /// `snapshot-redb`.
        pub snapshots: Option<PathBuf>,
    }

    impl AcronisConfig {
        pub(super) async fn connect(&self) -> Result<Arc<dyn RemoteStore>> {
            let missing = |what| Error::new(ErrorKind::Config, what).with_provider(sharesync_acronis::PROVIDER);
            let mut builder = match (&self.endpoint, &self.username) {
                (Some(endpoint), _) => Client::builder_at(endpoint),
                (None, Some(username)) => Client::builder(username),
                (None, None) => return Err(missing("an Acronis store needs its endpoint, or a username")),
            };
            if let Some(id) = &self.client_id {
                builder = builder.client_id(id);
            }
            if let Some(secret) = &self.client_secret {
                builder = builder.client_secret(secret.read()?);
            }
            if let Some(scope) = &self.scope {
                builder = builder.scope(scope);
            }
            builder = match (&self.access_token, &self.username, &self.password) {
                (Some(access), _, _) => {
                    let refresh = self.refresh_token.as_ref().map(SecretValue::read).transpose()?;
                    builder.tokens(TokenSet::new(access.read()?).with_refresh(refresh))
                }
                (None, Some(username), Some(password)) => builder.password(username, password.read()?),
                _ if self.client_id.is_some() && self.client_secret.is_some() => builder.client_credentials(),
                _ => return Err(missing("an Acronis store needs username and password, an access_token, or a client")),
            };
            if let Some(code) = &self.one_time_code {
                builder = builder.one_time_code(code.read()?);
            }
            let client = builder.connect().await?;
            let mut options = StoreOptions::new();
            if let Some(root) = &self.root {
                options = options.with_root(root);
            }
            options.snapshots = snapshots_in(&self.snapshots).await?;
            Ok(Arc::new(client.store_with(options)))
        }
    }
}

#[cfg(feature = "filesanywhere")]
mod filesanywhere {
    use sharesync_filesanywhere::{Client, SoapVersion, StoreOptions};

    use super::*;

    /// A FilesAnywhere account.
    ///
    /// `username`, with `password` or with the `access_token` of an earlier session.
    #[derive(Debug, Clone, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[non_exhaustive]
    pub struct FilesAnywhereConfig {
        /// The address of a server that has both services under their usual paths, such as an emulator; by default the
        /// service's own addresses.
        pub endpoint: Option<String>,
        /// The developer key.
        pub api_key: SecretValue,
        /// The number of the organisation: 0 for FilesAnywhere Web, 50 for WebAdvanced.
        #[serde(default)]
        pub org_id: i64,
        /// The user's name.
        pub username: String,
        /// The user's password.
        pub password: Option<SecretValue>,
        /// The token of an earlier session.
        pub access_token: Option<SecretValue>,
        /// The version of SOAP: `1.1` (default) or `1.2`.
        pub soap: Option<String>,
        /// The path of the folder that is to be the root; by default the user's own volume.
        pub root: Option<String>,
    }

    impl FilesAnywhereConfig {
        pub(super) async fn connect(&self) -> Result<Arc<dyn RemoteStore>> {
            let wrong = |what| Error::new(ErrorKind::Config, what).with_provider(sharesync_filesanywhere::PROVIDER);
            let mut builder = Client::builder(self.api_key.read()?.expose(), self.org_id);
            builder = match (&self.password, &self.access_token) {
                (Some(password), _) => builder.password(&self.username, password.read()?),
                (None, Some(token)) => builder.token(&self.username, token.read()?),
                (None, None) => return Err(wrong("a FilesAnywhere store needs a password or an access_token")),
            };
            if let Some(endpoint) = &self.endpoint {
                builder = builder.server(endpoint);
            }
            builder = match self.soap.as_deref() {
                None | Some("1.1") => builder.soap(SoapVersion::V11),
                Some("1.2") => builder.soap(SoapVersion::V12),
                Some(_) => return Err(wrong("the version of SOAP is 1.1 or 1.2")),
            };
            let client = builder.connect().await?;
            let options = match &self.root {
                Some(root) => StoreOptions::new().with_root(root),
                None => StoreOptions::new(),
            };
            Ok(Arc::new(client.store_with(options)))
        }
    }
}

#[cfg(feature = "cursor")]
mod cursor {
    use sharesync_core::http::TokenSet;
    use sharesync_cursor::{Client, LiveOptions, StoreOptions};

    use super::*;

    /// A share of a ScaiDrive server.
    #[derive(Debug, Clone, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[non_exhaustive]
    pub struct CursorConfig {
        /// The address of the server, such as `https://drive.example.com`.
        pub endpoint: String,
        /// The identifier of the share.
        pub share_id: String,
        /// An access token, or a service token.
        pub access_token: SecretValue,
        /// A refresh token that belongs to the access token. It works once: who keeps tokens between runs uses the client
        /// and its token store.
        pub refresh_token: Option<SecretValue>,
        /// The device whose live socket is listened to, typically a UUID that this installation has chosen.
        pub device_id: Option<String>,
        /// Whether the live socket gets the token in its query, for where headers do not come through.
        #[serde(default)]
        pub live_token_in_query: bool,
    }

    impl CursorConfig {
        pub(super) async fn connect(&self) -> Result<Arc<dyn RemoteStore>> {
            let refresh = self.refresh_token.as_ref().map(SecretValue::read).transpose()?;
            let tokens = TokenSet::new(self.access_token.read()?).with_refresh(refresh);
            let client = Client::builder(&self.endpoint).tokens(tokens).connect().await?;
            let live = LiveOptions::new().with_token_in_query(self.live_token_in_query);
            let options = StoreOptions::new(&self.share_id).with_live(live);
            let options = match &self.device_id {
                Some(device) => options.with_device(device),
                None => options,
            };
            Ok(Arc::new(client.store_with(options)))
        }
    }
}

#[cfg(feature = "sharepoint")]
mod sharepoint {
    use sharesync_sharepoint::{Auth, Client, StoreOptions};

    use super::*;

    /// A document library of SharePoint Server.
    ///
    /// Either `access_token`, or `username` and `password`.
    #[derive(Debug, Clone, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[non_exhaustive]
    pub struct SharePointConfig {
        /// The address of the site, such as `https://sp-my.example.com/personal/alice`.
        pub site: String,
        /// The identifier of the library; by default the one that the site synchronizes.
        pub library: Option<String>,
        /// An access token.
        pub access_token: Option<SecretValue>,
        /// The domain of the user, where it is not part of the name.
        pub domain: Option<String>,
        /// The user's name.
        pub username: Option<String>,
        /// The user's password.
        pub password: Option<SecretValue>,
        /// How user name and password are used.
        #[serde(default)]
        pub sign_in: SharePointSignIn,
        /// The domain controllers (KDC) that give tickets of Kerberos, such as `dc1.corp.example.com`, with a port where it is
        /// not 88. With them, `windows` is Kerberos and no longer NTLM. The realm is the `domain`.
        pub kdcs: Option<Vec<String>>,
        /// What tickets of Kerberos are for: `HTTP/` and the host of the site by default.
        pub service_principal: Option<String>,
    }

    /// How user name and password are used with SharePoint. The Windows ways need the feature `ntlm` or `kerberos`.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    #[non_exhaustive]
    pub enum SharePointSignIn {
        /// As the service offers it to users of Windows.
        #[default]
        Windows,
        /// By NTLM.
        Ntlm,
        /// By Kerberos, with tickets of the `kdcs`.
        Kerberos,
        /// By the login form of the site.
        Forms,
        /// With every request: the service gets the password itself.
        Basic,
    }

    impl SharePointConfig {
        pub(super) async fn connect(&self) -> Result<Arc<dyn RemoteStore>> {
            let client = Client::builder(&self.site).auth(self.auth()?).connect().await?;
            let mut options = StoreOptions::new();
            if let Some(library) = &self.library {
                let library = library.parse().map_err(|_| wrong("the library is no identifier of SharePoint"))?;
                options = options.with_library(library);
            }
            Ok(Arc::new(client.store_with(options).await?))
        }

        fn auth(&self) -> Result<Auth> {
            if let Some(token) = &self.access_token {
                return Ok(Auth::bearer(token.read()?));
            }
            let (Some(user), Some(password)) = (&self.username, &self.password) else {
                return Err(wrong("a SharePoint store needs an access_token, or username and password"));
            };
            let (domain, password) = (self.domain.clone().unwrap_or_default(), password.read()?);
            let full_name = if domain.is_empty() { user.clone() } else { format!("{domain}\\{user}") };
            let kdcs = self.kdcs.clone().unwrap_or_default();
            let auth = match self.sign_in {
                SharePointSignIn::Windows if self.kdcs.is_some() => {
                    Auth::windows(domain, user, password).with_kdcs(kdcs)
                }
                SharePointSignIn::Kerberos => Auth::kerberos(domain, user, password, kdcs),
                _ if self.kdcs.is_some() || self.service_principal.is_some() => {
                    return Err(wrong("kdcs and service_principal are for a sign-in by Kerberos"));
                }
                SharePointSignIn::Windows => Auth::windows(domain, user, password),
                SharePointSignIn::Ntlm => Auth::ntlm(domain, user, password),
                SharePointSignIn::Forms => Auth::forms(full_name, password),
                SharePointSignIn::Basic => Auth::basic(full_name, password),
            };
            Ok(match &self.service_principal {
                Some(service) => auth.with_service_principal(service),
                None => auth,
            })
        }
    }

    fn wrong(why: &'static str) -> Error {
        Error::new(ErrorKind::Config, why).with_provider(sharesync_sharepoint::PROVIDER)
    }

    #[cfg(test)]
    mod tests {
        use serde_json::json;

        use super::*;

        /// What a configuration with these further entries means.
        fn auth(further: &serde_json::Value) -> Result<String> {
            let mut config = json!({
                "site": "https://farm.example.test/sites/team",
                "domain": "EXAMPLE.TEST",
                "username": "alice",
                "password": "hush",
            });
            config.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
            let auth = serde_json::from_value::<SharePointConfig>(config).unwrap().auth()?;
            Ok(format!("{auth:?}"))
        }

        #[test]
        fn controllers_are_for_kerberos() {
            for (further, expected) in [
                (json!({}), "windows"),
                (json!({"kdcs": ["dc1"], "service_principal": "HTTP/farm"}), "windows"),
                (json!({"sign_in": "kerberos", "kdcs": ["dc1"], "service_principal": "HTTP/farm"}), "kerberos"),
                (json!({"sign_in": "ntlm"}), "ntlm"),
            ] {
                assert_eq!(auth(&further).unwrap(), format!("Auth({expected:?})"), "{further}");
            }
            for further in [
                json!({"sign_in": "ntlm", "kdcs": ["dc1"]}),
                json!({"sign_in": "basic", "kdcs": ["dc1"]}),
                json!({"service_principal": "HTTP/farm"}),
            ] {
                assert_eq!(auth(&further).unwrap_err().kind(), ErrorKind::Config, "{further}");
            }
        }
    }
}
