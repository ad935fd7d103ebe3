//! What a client of the cursor sync API needs to sign in.

use std::fmt;

use serde_json::{Value, json};

use super::auth::refresh_token;
use super::ids;
use crate::drive::User;
use crate::tokens::Grant;

/// What a client of the cursor sync API needs to sign in. Its `Debug` shows no secret.
#[derive(Clone)]
pub struct CursorAccount {
    pub(super) endpoint: String,
    pub(super) grant: Grant,
    pub(super) service_token: String,
    pub(super) password: String,
    pub(super) client_id: String,
    pub(super) user: User,
}

impl CursorAccount {
    /// Scheme, host and port; the API is at `/api/v1/` below it.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// An access token that was issued at the start.
    pub fn access_token(&self) -> &str {
        &self.grant.access
    }

    /// The refresh token of that access token. It works once.
    pub fn refresh_token(&self) -> String {
        refresh_token(&self.grant)
    }

    /// A long-lived token for servers; [`Emulator::expire_tokens`](crate::Emulator::expire_tokens) leaves it.
    pub fn service_token(&self) -> &str {
        &self.service_token
    }

    /// The name of the user.
    pub fn username(&self) -> &str {
        &self.user.email
    }

    /// The user's password. The API has no password grant; the identity service's page would ask for it.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The OAuth client's id, of a public client that uses PKCE.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The user's personal share: the home folder.
    pub fn share_id(&self) -> String {
        ids::share(self.user.home)
    }

    /// The user on the drive, with the home folder.
    pub fn user(&self) -> &User {
        &self.user
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "endpoint": self.endpoint, "token": self.grant.access, "refresh_token": self.refresh_token(),
            "service_token": self.service_token, "username": self.user.email, "password": self.password,
            "client_id": self.client_id, "share_id": self.share_id(),
        })
    }
}

impl fmt::Debug for CursorAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CursorAccount")
            .field("endpoint", &self.endpoint)
            .field("username", &self.user.email)
            .field("client_id", &self.client_id)
            .field("share_id", &self.share_id())
            .finish_non_exhaustive()
    }
}
