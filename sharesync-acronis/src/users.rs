//! Users. Reading others than oneself needs an administrator (inferred).

use http::Method;
use sharesync_core::Result;

use crate::client::resource;
use crate::model::User;

resource! {
    /// Users: [`Client::users`](crate::Client::users).
    Users in tenant_id
}

impl Users {
    /// A user.
    ///
    /// `GET /users/{user_uuid}` [Get user information].
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) and
    /// [`PermissionDenied`](sharesync_core::ErrorKind::PermissionDenied).
    pub async fn get(&self, user_uuid: &str) -> Result<User> {
        self.0.request("Users.Get", "users/{}", &[user_uuid]).json(Method::GET).await
    }
}
