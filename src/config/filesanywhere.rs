//! A FilesAnywhere account by configuration.

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
