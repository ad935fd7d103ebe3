//! The Capabilities resource: what a provider of the API can do [Capabilities; path inferred from other clients].

use sharesync_core::Result;

use crate::Query;
use crate::client::{Client, Place};
use crate::model::{Capability, Feed};

impl Client {
    /// What the provider can do, such as `ThreadedUploadRaw`, `UploadWithRequestParams` or `RecycleBin`.
    ///
    /// `GET Capabilities` (Capabilities).
    ///
    /// # Errors
    /// Those of any request.
    pub async fn capabilities(&self) -> Result<Feed<Capability>> {
        self.request("Capabilities.Get", Place::set("Capabilities")).params(&Query::new()).feed().await
    }
}
