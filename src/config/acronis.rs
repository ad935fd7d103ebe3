//! An Acronis account by configuration.

use sharesync_acronis::{Client, StoreOptions};

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
            (Some(access), _, _) => builder.tokens(tokens(access, self.refresh_token.as_ref())?),
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
