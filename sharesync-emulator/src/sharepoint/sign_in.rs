//! What a client of SharePoint needs to sign in.

use std::fmt;

use serde_json::{Value, json};

use super::dialect::DOMAIN;
use crate::drive::User;

/// What a client of SharePoint needs to sign in. Its `Debug` shows no secret.
#[derive(Clone)]
pub struct SharePointAccount {
    pub(super) endpoint: String,
    pub(super) site: String,
    pub(super) token: String,
    pub(super) login: String,
    pub(super) password: String,
    pub(super) user: User,
}

impl SharePointAccount {
    /// Scheme, host and port: the root of the farm, with `/_api/` and `/_vti_bin/` below it.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The address of the user's own site: `…/personal/{alias}`.
    pub fn site(&self) -> &str {
        &self.site
    }

    /// An access token that was issued at the start, as an add-in would send it.
    pub fn access_token(&self) -> &str {
        &self.token
    }

    /// The name of the account, for Basic, NTLM and the login form; the user's e-mail address is as good.
    pub fn username(&self) -> &str {
        &self.login
    }

    /// The user's password.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The Windows domain of the account.
    pub fn domain(&self) -> &str {
        DOMAIN
    }

    /// The user on the drive: the home folder is the library of the user's site.
    pub fn user(&self) -> &User {
        &self.user
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "endpoint": self.endpoint, "site": self.site, "token": self.token, "username": self.login,
            "password": self.password, "domain": DOMAIN,
        })
    }
}

impl fmt::Debug for SharePointAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharePointAccount")
            .field("endpoint", &self.endpoint)
            .field("site", &self.site)
            .field("username", &self.login)
            .finish_non_exhaustive()
    }
}
