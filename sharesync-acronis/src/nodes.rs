//! Nodes: files and folders. What the document does not have of them is in `undocumented`.

use futures::FutureExt as _;
use http::Method;
use http::header::{CONTENT_TYPE, HeaderValue};
use sharesync_core::http::{Body, Repeat};
use sharesync_core::{BoxStream, Page, Result};

use crate::client::{resource, wrapped};
use crate::model::{NewFile, NewFolder, Node, NodeUpdate, Target};
use crate::paging::pages;
use crate::{Listed, Paging};

resource! {
    /// Files and folders: [`Client::nodes`](crate::Client::nodes).
    ///
    /// An identifier that the user may not know of is answered as a missing permission (403), not as missing (404)
    /// [Node permissions required].
    Nodes
}

impl Nodes {
    /// Creates a folder. A folder there whose name differs in nothing but case is **renamed** instead.
    ///
    /// `POST /sync_and_share_nodes` [Create folder].
    ///
    /// # Errors
    /// [`AlreadyExists`](sharesync_core::ErrorKind::AlreadyExists) when the name is taken; the
    /// [`AcronisError`](crate::AcronisError) holds the node that has it.
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) or
    /// [`PermissionDenied`](sharesync_core::ErrorKind::PermissionDenied) when the parent is not there.
    pub async fn create_folder(&self, folder: &NewFolder) -> Result<Node> {
        let about = folder.path.as_deref().or(folder.name.as_deref());
        let request = self.0.request("Nodes.CreateFolder", "sync_and_share_nodes", &[]).about(about);
        request.body(&wrapped("sync_and_share_node", folder)).json(Method::POST).await
    }

    /// Changes a file or a folder: its name.
    ///
    /// `PUT /sync_and_share_nodes/{node_uuid}` [Update file or folder].
    ///
    /// # Errors
    /// [`PermissionDenied`](sharesync_core::ErrorKind::PermissionDenied). What happens when the name is taken is not
    /// documented.
    pub async fn update(&self, node_uuid: &str, update: &NodeUpdate) -> Result<()> {
        let request = self.0.request("Nodes.Update", "sync_and_share_nodes/{}", &[node_uuid]);
        request.body(&wrapped("sync_and_share_node", update)).done(Method::PUT).await
    }

    /// One page of what a folder holds.
    ///
    /// `GET /sync_and_share_nodes/{node_uuid}/contents` [Get files and folders list].
    ///
    /// # Errors
    /// [`PermissionDenied`](sharesync_core::ErrorKind::PermissionDenied).
    pub async fn contents(&self, node_uuid: &str, paging: &Paging) -> Result<Listed<Node>> {
        let request = self.0.request("Nodes.Contents", "sync_and_share_nodes/{}/contents", &[node_uuid]);
        self.0.page(request, paging).await
    }

    /// All that a folder holds, in pages of this many nodes, each once.
    pub fn all_contents(&self, node_uuid: impl Into<String>, per_page: u32) -> BoxStream<'static, Result<Page<Node>>> {
        let (nodes, folder) = (self.clone(), node_uuid.into());
        pages(
            "Nodes.Contents",
            per_page,
            |node: &Node| node.uuid.as_deref(),
            move |paging| {
                let (nodes, folder) = (nodes.clone(), folder.clone());
                async move { nodes.contents(&folder, &paging).await }.boxed()
            },
        )
    }

    /// Uploads a file into a folder. A file there with the same name gets a new revision.
    ///
    /// The content is sent in chunks, without its length, as the document wants it.
    ///
    /// `POST /sync_and_share_nodes/{node_uuid}/upload` [Upload file].
    ///
    /// # Errors
    /// [`Integrity`](sharesync_core::ErrorKind::Integrity) when the service did not receive what `file` says,
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) or
    /// [`PermissionDenied`](sharesync_core::ErrorKind::PermissionDenied) when the folder is not there.
    pub async fn upload(&self, folder_uuid: &str, file: &NewFile, content: impl Into<Body>) -> Result<Node> {
        let request = self.0.request("Nodes.Upload", "sync_and_share_nodes/{}/upload", &[folder_uuid]);
        // The same content again makes the same file.
        let request = request.about(file.filename.as_deref()).query(file).repeat(Repeat::Idempotent);
        let call = request
            .into_call(Method::POST)?
            .header(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"))
            .body(content.into().chunked());
        self.0.client.pipeline().json(call).await
    }

    /// Copies a file or a folder into a folder.
    ///
    /// `POST /sync_and_share_nodes/{node_uuid}/copy` [Copy file or folder].
    ///
    /// # Errors
    /// [`AlreadyExists`](sharesync_core::ErrorKind::AlreadyExists) when the name is taken there,
    /// [`Rejected`](sharesync_core::ErrorKind::Rejected) for a target that cannot take it,
    /// [`PermissionDenied`](sharesync_core::ErrorKind::PermissionDenied).
    pub async fn copy(&self, node_uuid: &str, target: &Target) -> Result<()> {
        self.0
            .request("Nodes.Copy", "sync_and_share_nodes/{}/copy", &[node_uuid])
            .body(target)
            .done_without_body(Method::POST)
            .await
    }

    /// Moves a file or a folder into a folder.
    ///
    /// `POST /sync_and_share_nodes/{node_uuid}/move` [Move file or folder].
    ///
    /// # Errors
    /// As [`copy`](Self::copy).
    pub async fn move_to(&self, node_uuid: &str, target: &Target) -> Result<()> {
        self.0.request("Nodes.Move", "sync_and_share_nodes/{}/move", &[node_uuid]).body(target).done(Method::POST).await
    }
}
