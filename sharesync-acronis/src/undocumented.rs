//! What the service does without documenting it. It is known from programs that use it, and may change without notice.

use http::Method;
use http::header::{ACCEPT, HeaderValue, RANGE};
use sharesync_core::Result;
use sharesync_core::http::range;
use sharesync_core::transfer::Content;

use crate::client::resource;
use crate::model::Node;

resource! {
    /// What the service does, but **does not document**: [`Client::undocumented`](crate::Client::undocumented).
    ///
    /// The [store](crate::AcronisStore) cannot do without it: the document has no way to read a single node, to delete
    /// one, or to download, although nodes carry the addresses of downloads.
    Undocumented
}

impl Undocumented {
    /// A node. For one that is not there the service answers 403, as for one that the user may not see; of one that was
    /// deleted it may still know.
    ///
    /// `GET /sync_and_share_nodes/{node_uuid}`, not documented.
    ///
    /// # Errors
    /// [`PermissionDenied`](sharesync_core::ErrorKind::PermissionDenied).
    pub async fn node(&self, node_uuid: &str) -> Result<Node> {
        self.0.request("Nodes.Get", "sync_and_share_nodes/{}", &[node_uuid]).json(Method::GET).await
    }

    /// Deletes a file, or a folder with all it holds.
    ///
    /// `DELETE /sync_and_share_nodes/{node_uuid}`, not documented.
    ///
    /// # Errors
    /// [`PermissionDenied`](sharesync_core::ErrorKind::PermissionDenied).
    pub async fn delete_node(&self, node_uuid: &str) -> Result<()> {
        self.0.request("Nodes.Delete", "sync_and_share_nodes/{}", &[node_uuid]).done(Method::DELETE).await
    }

    /// The content of a file from `offset` on, of all bytes unless `length` says otherwise. Whether the service heeds
    /// the range is not known: [`Content::offset`] says where the content begins.
    ///
    /// The body is neither resumed nor verified; that is what the [store](crate::AcronisStore) does.
    ///
    /// `GET /sync_and_share_nodes/{node_uuid}/download`, not documented but for its address [Create folder, `actions`].
    ///
    /// # Errors
    /// [`PermissionDenied`](sharesync_core::ErrorKind::PermissionDenied).
    pub async fn download(&self, node_uuid: &str, offset: u64, length: Option<u64>) -> Result<Content> {
        let request = self.0.request("Nodes.Download", "sync_and_share_nodes/{}/download", &[node_uuid]);
        let mut call = request.into_call(Method::GET)?.header(ACCEPT, HeaderValue::from_static("*/*"));
        if let Some(range) = range(offset, length) {
            call = call.header(RANGE, range);
        }
        let response = self.0.client.pipeline().send(call.clone()).await?;
        response.into_content().map_err(|error| call.describe(error).with_provider(crate::PROVIDER))
    }
}
