//! The user who is signed in: `/api/v1/users/me` (ScaiDrive: Users and groups).

use http::Method;
use sharesync_core::Result;
use sharesync_core::http::JsonList;

use crate::client::resource;
use crate::model::{Identity, MyShares, StorageQuota};

resource! {
    /// The user who is signed in: [`Client::users`](crate::Client::users).
    Users
}

impl Users {
    /// Who is signed in.
    ///
    /// `GET /users/me`.
    ///
    /// # Errors
    /// Those of every request.
    pub async fn me(&self) -> Result<Identity> {
        self.0.request("Users.Me", "users/me", &[]).json(Method::GET).await
    }

    /// How much the user may store.
    ///
    /// `GET /users/me/quota`.
    ///
    /// # Errors
    /// Those of every request.
    pub async fn quota(&self) -> Result<StorageQuota> {
        self.0.request("Users.Quota", "users/me/quota", &[]).json(Method::GET).await
    }

    /// One page of the user's shares: `limit` of 1 to 100, after `offset` others.
    ///
    /// `GET /users/me/shares`.
    ///
    /// # Errors
    /// Those of every request.
    pub async fn shares(&self, limit: u32, offset: u64) -> Result<MyShares> {
        let request = self.0.request("Users.Shares", "users/me/shares", &[]);
        let list = JsonList::at(&[&["shares"]]).asked(Some(limit.into()));
        let request = request.param("limit", limit).param("offset", offset);
        self.0.page(request, list, |page: &mut MyShares| page.shares.as_mut()).await
    }
}
