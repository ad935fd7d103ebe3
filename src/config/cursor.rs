//! A share of a ScaiDrive server by configuration.

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
        let tokens = tokens(&self.access_token, self.refresh_token.as_ref())?;
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
