//! Shares: `/api/v1/shares/` (ScaiDrive: Shares).

use http::Method;
use sharesync_core::Result;
use sharesync_core::http::{JsonList, Repeat};

use crate::client::resource;
use crate::model::{NewShare, Share, ShareUpdate, Shares as SharesPage};

resource! {
    /// Shares: [`Client::shares`](crate::Client::shares).
    Shares
}

impl Shares {
    /// One page of the shares: `limit` of 1 to 100, after `offset` others.
    ///
    /// `GET /shares`.
    ///
    /// # Errors
    /// Those of every request.
    pub async fn list(&self, include_trashed: bool, limit: u32, offset: u64) -> Result<SharesPage> {
        let request = self.0.request("Shares.List", "shares", &[]).param("include_trashed", include_trashed);
        let list = JsonList::at(&[&["shares"]]).asked(Some(limit.into()));
        let request = request.param("limit", limit).param("offset", offset);
        self.0.page(request, list, |page: &mut SharesPage| page.shares.as_mut()).await
    }

    /// A share.
    ///
    /// `GET /shares/{share_id}`.
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound).
    pub async fn get(&self, share_id: &str) -> Result<Share> {
        self.0.request("Shares.Get", "shares/{}", &[share_id]).json(Method::GET).await
    }

    /// Creates a share.
    ///
    /// `POST /shares`.
    ///
    /// # Errors
    /// [`PermissionDenied`](sharesync_core::ErrorKind::PermissionDenied).
    pub async fn create(&self, share: &NewShare) -> Result<Share> {
        let request = self.0.request("Shares.Create", "shares", &[]).about(share.name.as_deref());
        request.body(share).json(Method::POST).await
    }

    /// Changes a share.
    ///
    /// `PATCH /shares/{share_id}`.
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound).
    pub async fn update(&self, share_id: &str, update: &ShareUpdate) -> Result<Option<Share>> {
        let request = self.0.request("Shares.Update", "shares/{}", &[share_id]).body(update);
        request.repeat(Repeat::Idempotent).maybe_json(Method::PATCH).await
    }

    /// Moves a share into the trash.
    ///
    /// `DELETE /shares/{share_id}`.
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound).
    pub async fn delete(&self, share_id: &str) -> Result<()> {
        self.0.request("Shares.Delete", "shares/{}", &[share_id]).done(Method::DELETE).await
    }
}
