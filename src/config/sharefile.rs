//! A ShareFile account by configuration.

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
            (Some(access), _, _) => builder.tokens(tokens(access, self.refresh_token.as_ref())?),
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
