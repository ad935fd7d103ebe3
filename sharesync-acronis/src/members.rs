//! Members of shared folders. The document has no operation that removes one.

use futures::FutureExt as _;
use http::Method;
use sharesync_core::{BoxStream, Page, Result};

use crate::client::{resource, wrapped};
use crate::model::{Member, MemberUpdate, NewMember};
use crate::paging::{PER_PAGE, pages};
use crate::{Listed, Paging};

resource! {
    /// Members of shared folders: [`Client::members`](crate::Client::members).
    Members
}

impl Members {
    /// One page of the members of a folder.
    ///
    /// `GET /sync_and_share_nodes/{node_uuid}/members` [Get members list].
    ///
    /// # Errors
    /// [`PermissionDenied`](sharesync_core::ErrorKind::PermissionDenied).
    pub async fn list(&self, node_uuid: &str, paging: &Paging) -> Result<Listed<Member>> {
        let request = self.0.request("Members.List", "sync_and_share_nodes/{}/members", &[node_uuid]);
        self.0.page(request, paging).await
    }

    /// All members of a folder, page by page, each once.
    pub fn all(&self, node_uuid: impl Into<String>) -> BoxStream<'static, Result<Page<Member>>> {
        let (members, node) = (self.clone(), node_uuid.into());
        pages(
            "Members.List",
            PER_PAGE,
            |member: &Member| member.id.as_deref(),
            move |paging| {
                let (members, node) = (members.clone(), node.clone());
                async move { members.list(&node, &paging).await }.boxed()
            },
        )
    }

    /// Makes somebody a member of a folder.
    ///
    /// `POST /sync_and_share_nodes/{node_uuid}/members` [Create folder member].
    ///
    /// # Errors
    /// [`Rejected`](sharesync_core::ErrorKind::Rejected) and
    /// [`PermissionDenied`](sharesync_core::ErrorKind::PermissionDenied).
    pub async fn create(&self, node_uuid: &str, member: &NewMember) -> Result<Member> {
        let request = self.0.request("Members.Create", "sync_and_share_nodes/{}/members", &[node_uuid]);
        request.body(&wrapped("member", member)).json(Method::POST).await
    }

    /// Changes the rights of a member.
    ///
    /// `PUT /sync_and_share_nodes/{node_uuid}/members/{member_id}` [Update member].
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub async fn update(&self, node_uuid: &str, member_id: &str, update: &MemberUpdate) -> Result<Member> {
        let ids = [node_uuid, member_id];
        let request = self.0.request("Members.Update", "sync_and_share_nodes/{}/members/{}", &ids);
        request.body(&wrapped("member", update)).json(Method::PUT).await
    }
}
