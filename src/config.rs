//! Stores by configuration: data that names a provider and how to sign in to it. What else a provider can be told is on
//! its own client.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
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
}

impl StoreConfig {
    /// The provider, as capabilities and errors name it.
    pub fn provider(&self) -> &'static str {
        match *self {
            #[cfg(feature = "sharefile")]
            Self::ShareFile(_) => sharesync_sharefile::PROVIDER,
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

#[cfg(feature = "sharefile")]
pub use sharefile::ShareFileConfig;

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
        /// A refresh token that belongs to the access token.
        pub refresh_token: Option<SecretValue>,
        /// The identifier of the folder that is to be the root; by default the user's home folder.
        pub root: Option<String>,
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
            let options = match &self.root {
                Some(root) => StoreOptions::new().with_root(root),
                None => StoreOptions::new(),
            };
            Ok(Arc::new(client.store_with(options)))
        }
    }
}
