//! What a FilesAnywhere client needs to sign in.

use std::fmt;

use serde_json::{Value, json};

use super::switches::ChangeListSwitches;
use crate::drive::User;

/// What a FilesAnywhere client needs to sign in. Its `Debug` shows no secret.
#[derive(Clone)]
pub struct FilesAnywhereAccount {
    pub(super) endpoint: String,
    pub(super) api_key: String,
    pub(super) org_id: i64,
    pub(super) password: String,
    pub(super) user: User,
    pub(super) change_list: ChangeListSwitches,
}

impl FilesAnywhereAccount {
    /// Scheme, host and port; the services are below it.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The address of SyncAPI; its WSDL is at the same address with `?WSDL`.
    pub fn sync_endpoint(&self) -> String {
        format!("{}/api/syncapp/syncapi.asmx", self.endpoint)
    }

    /// The address of FAWAPI, version 2; its WSDL is at the same address with `?WSDL`.
    pub fn files_endpoint(&self) -> String {
        format!("{}/v2/fawapi.asmx", self.endpoint)
    }

    /// The developer's key.
    pub fn api_key(&self) -> &str {
        &self.api_key
    }

    /// The number of the organisation.
    pub fn org_id(&self) -> i64 {
        self.org_id
    }

    /// The name to sign in with, and the name of the user's volume.
    pub fn username(&self) -> &str {
        &self.user.email
    }

    /// The password to sign in with.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The user on the drive, with the home folder.
    pub fn user(&self) -> &User {
        &self.user
    }

    /// What `ChangeList` is to say, whatever has changed.
    pub fn change_list(&self) -> &ChangeListSwitches {
        &self.change_list
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "endpoint": self.endpoint, "sync_endpoint": self.sync_endpoint(), "files_endpoint": self.files_endpoint(),
            "api_key": self.api_key, "org_id": self.org_id, "username": self.user.email, "password": self.password,
        })
    }
}

impl fmt::Debug for FilesAnywhereAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilesAnywhereAccount")
            .field("endpoint", &self.endpoint)
            .field("org_id", &self.org_id)
            .field("username", &self.user.email)
            .finish_non_exhaustive()
    }
}
