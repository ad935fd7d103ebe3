//! The user, and what the server says of itself (ScaiDrive reference: Users and groups, Authentication, Administration).

use super::wire::entity;

entity! {
    /// The user who is signed in (GET /users/me).
    Identity {
        /// The identifier, such as `usr_…`.
        id: String,
        /// The e-mail address.
        email: String,
        /// The name.
        name: String,
        /// The name for display.
        display_name: String,
        /// The tenant.
        tenant_id: String,
        /// The partner.
        partner_id: String,
        /// The groups.
        groups: Vec<serde_json::Value>,
        /// The scopes of the token.
        scopes: Vec<String>,
        /// Whether the user is an administrator.
        is_admin: bool,
        /// Of what kind.
        admin_role: String,
    }
}

entity! {
    /// How much the user may store (GET /users/me/quota).
    StorageQuota {
        /// The user.
        user_id: String,
        /// Bytes in use.
        used_bytes: u64,
        /// Bytes allowed.
        quota_bytes: u64,
        /// How much of it is used, in percent.
        percent_used: f64,
    }
}

entity! {
    /// How to sign in (GET /auth/config).
    AuthConfig {
        /// The page that asks the user.
        authorize_url: String,
        /// Where tokens are to be had.
        token_url: String,
        /// The identifier of the application.
        client_id: String,
        /// The address that hands the answer on to an application on the user's computer.
        desktop_callback_url: String,
    }
}

entity! {
    /// What the server can do (GET /config).
    ServerConfig {
        /// The version of the server.
        version: String,
        /// What is switched on.
        features: ServerFeatures,
        /// Its limits.
        limits: ServerLimits,
    }
}

entity! {
    /// What is switched on (GET /config, `features`).
    ServerFeatures {
        /// Search by meaning.
        semantic_search: bool,
        /// Links for people without an account.
        external_sharing: bool,
        /// Connections to SMB.
        smb_connector: bool,
        /// Connections to SharePoint.
        sharepoint_connector: bool,
    }
}

entity! {
    /// The limits of the server (GET /config, `limits`).
    ServerLimits {
        /// The largest file in bytes.
        max_file_size_bytes: u64,
        /// The largest chunk of an upload in bytes.
        max_upload_chunk_size_bytes: u64,
    }
}

entity! {
    /// Whether the server works (GET /health).
    Health {
        /// `healthy` when it does.
        status: String,
        /// The version of the server.
        version: String,
    }
}
