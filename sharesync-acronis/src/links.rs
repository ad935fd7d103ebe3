//! Links to files. The document has no operation that lists or deletes them.

use http::Method;
use sharesync_core::Result;

use crate::client::{resource, wrapped};
use crate::model::{Link, LinkUpdate, NewLink};

resource! {
    /// Links to files: [`Client::links`](crate::Client::links).
    Links
}

impl Links {
    /// Creates a link to a file, and sends it to the recipients by mail.
    ///
    /// `POST /sync_and_share_nodes/{node_uuid}/links` [Create file link].
    ///
    /// # Errors
    /// [`Rejected`](sharesync_core::ErrorKind::Rejected) for what the settings do not allow,
    /// [`PermissionDenied`](sharesync_core::ErrorKind::PermissionDenied).
    pub async fn create(&self, node_uuid: &str, link: &NewLink) -> Result<Link> {
        let request = self.0.request("Links.Create", "sync_and_share_nodes/{}/links", &[node_uuid]);
        request.body(&wrapped("link", link)).json(Method::POST).await
    }

    /// Changes a link.
    ///
    /// `PUT /sync_and_share_nodes/{node_uuid}/links/{link_id}` [Update file link].
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub async fn update(&self, node_uuid: &str, link_id: i64, update: &LinkUpdate) -> Result<()> {
        let id = link_id.to_string();
        let request = self.0.request("Links.Update", "sync_and_share_nodes/{}/links/{}", &[node_uuid, &id]);
        request.body(update).done_without_body(Method::PUT).await
    }
}
