//! Links for people without an account: `/api/v1/external/` (ScaiDrive: External links).

use http::Method;
use sharesync_core::Result;
use sharesync_core::http::{JsonList, Repeat};

use crate::client::resource;
use crate::model::{Link, LinkFilter, LinkUpdate, Links, NewLink};

resource! {
    /// Links for people without an account: [`Client::links`](crate::Client::links).
    ExternalLinks
}

impl ExternalLinks {
    /// Creates a link. Needs the permission to share.
    ///
    /// `POST /external/links`.
    ///
    /// # Errors
    /// [`PermissionDenied`](sharesync_core::ErrorKind::PermissionDenied),
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound).
    pub async fn create(&self, link: &NewLink) -> Result<Link> {
        let request = self.0.request("Links.Create", "external/links", &[]).about(link.resource_id.as_deref());
        request.body(link).json(Method::POST).await
    }

    /// A link.
    ///
    /// `GET /external/links/{id}`.
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound).
    pub async fn get(&self, link_id: &str) -> Result<Link> {
        self.0.request("Links.Get", "external/links/{}", &[link_id]).json(Method::GET).await
    }

    /// One page of the links.
    ///
    /// `GET /external/links`.
    ///
    /// # Errors
    /// Those of every request.
    pub async fn list(&self, filter: &LinkFilter) -> Result<Links> {
        let list = JsonList::at(&[&["links"]]).asked(filter.limit);
        let request = self.0.request("Links.List", "external/links", &[]).query(filter);
        self.0.page(request, list, |page: &mut Links| page.links.as_mut()).await
    }

    /// Changes a link.
    ///
    /// `PATCH /external/links/{id}`.
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound).
    pub async fn update(&self, link_id: &str, update: &LinkUpdate) -> Result<Option<Link>> {
        let request = self.0.request("Links.Update", "external/links/{}", &[link_id]).body(update);
        request.repeat(Repeat::Idempotent).maybe_json(Method::PATCH).await
    }

    /// Revokes a link for good.
    ///
    /// `DELETE /external/links/{id}`.
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound).
    pub async fn revoke(&self, link_id: &str) -> Result<()> {
        self.0.request("Links.Revoke", "external/links/{}", &[link_id]).done(Method::DELETE).await
    }

    /// Who used a link. No field of the answer is documented.
    ///
    /// `GET /external/links/{id}/sessions`.
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound).
    pub async fn sessions(&self, link_id: &str) -> Result<serde_json::Value> {
        self.0.request("Links.Sessions", "external/links/{}/sessions", &[link_id]).json(Method::GET).await
    }
}
