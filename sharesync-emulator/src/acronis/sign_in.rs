//! What an Acronis client needs to sign in.

use std::fmt;

use serde_json::{Value, json};

use crate::drive::User;
use crate::tokens::Grant;

/// What an Acronis client needs to sign in. Its `Debug` shows no secret.
#[derive(Clone)]
pub struct AcronisAccount {
    pub(super) endpoint: String,
    pub(super) grant: Grant,
    pub(super) password: String,
    pub(super) client_id: String,
    pub(super) client_secret: String,
    pub(super) tenant_id: String,
    pub(super) user: User,
}

impl AcronisAccount {
    /// Scheme, host and port of the data center; the API is at `/fc/api/v1/`, OAuth at `/api/2/idp/` below it.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// An access token that was issued at the start.
    pub fn access_token(&self) -> &str {
        &self.grant.access
    }

    /// The refresh token of that access token. It works once.
    pub fn refresh_token(&self) -> &str {
        &self.grant.refresh
    }

    /// The name to sign in with.
    pub fn username(&self) -> &str {
        &self.user.email
    }

    /// The password to sign in with.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The OAuth client's id. The grant `password` works without it.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The OAuth client's secret.
    pub fn client_secret(&self) -> &str {
        &self.client_secret
    }

    /// The UUID of the one tenant.
    pub fn tenant_id(&self) -> &str {
        &self.tenant_id
    }

    /// The user on the drive. The home folder is the node `0`.
    pub fn user(&self) -> &User {
        &self.user
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "endpoint": self.endpoint, "token": self.grant.access, "refresh_token": self.grant.refresh,
            "username": self.user.email, "password": self.password,
            "client_id": self.client_id, "client_secret": self.client_secret, "tenant_id": self.tenant_id,
        })
    }
}

impl fmt::Debug for AcronisAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcronisAccount")
            .field("endpoint", &self.endpoint)
            .field("username", &self.user.email)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}
