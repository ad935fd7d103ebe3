//! Shares and external links (ScaiDrive reference: Shares, External links, Users and groups).

use super::wire::{DateTime, Hidden, entity, wire_enum};

wire_enum! {
    /// What kind of share it is (Shares, `share_type`).
    ShareType {
        /// Of the organisation.
        Central = "central",
        /// Of one person.
        Personal = "personal",
        /// Of a project.
        Project = "project",
    }
}

wire_enum! {
    /// What a link allows (External links, `link_type`).
    LinkType {
        /// To look.
        View = "VIEW",
        /// To download.
        Download = "DOWNLOAD",
        /// To upload.
        Upload = "UPLOAD",
    }
}

wire_enum! {
    /// Whether a link works (External links, `status`).
    LinkStatus {
        /// It does.
        Active = "active",
        /// Its time is over.
        Expired = "expired",
        /// It was revoked.
        Revoked = "revoked",
        /// It is switched off.
        Disabled = "disabled",
    }
}

entity! {
    /// A share: a tree of files and folders with members (Shares).
    Share {
        /// The identifier, such as `shr_…`.
        id: String,
        /// The tenant.
        tenant_id: String,
        /// The name.
        name: String,
        /// The description.
        description: String,
        /// What kind of share it is.
        share_type: ShareType,
        /// The user or group that owns it.
        owner_id: String,
        /// Whether everybody may see it.
        is_public: bool,
        /// Whether it is in the trash.
        is_deleted: bool,
        /// How many bytes it may hold.
        quota_bytes: u64,
        /// How many it holds.
        used_bytes: u64,
        /// Its settings.
        settings: serde_json::Map<String, serde_json::Value>,
        /// When it was created.
        created_at: DateTime,
        /// When it was modified last.
        modified_at: DateTime,
    }
}

entity! {
    /// One page of the shares (GET /shares).
    Shares {
        /// The shares.
        shares: Vec<Share>,
        /// How many there are in all pages.
        total: u64,
    }
}

entity! {
    /// A share as its member sees it (GET /users/me/shares).
    MyShare {
        /// The identifier.
        id: String,
        /// The name.
        name: String,
        /// What kind of share it is.
        #[serde(rename = "type")]
        kind: ShareType,
        /// What the user may do: `owner`, `admin`, `contributor` or `reader`.
        role: String,
        /// The user or group that owns it.
        owner_id: String,
        /// How many bytes it may hold.
        quota_bytes: u64,
        /// How many it holds.
        used_bytes: u64,
        /// When it was created.
        created_at: DateTime,
    }
}

entity! {
    /// One page of the user's shares (GET /users/me/shares).
    MyShares {
        /// The shares.
        shares: Vec<MyShare>,
        /// How many there are in all pages.
        total: u64,
    }
}

entity! {
    /// A share to be created (POST /shares).
    NewShare {
        /// The name.
        name (with_name): String,
        /// What kind of share it is.
        share_type (with_share_type): ShareType,
        /// The user or group that is to own it.
        owner_id (with_owner_id): String,
        /// The description.
        description (with_description): String,
        /// How many bytes it may hold.
        quota_bytes (with_quota_bytes): u64,
    }
}

entity! {
    /// What is changed of a share (PATCH /shares/{share_id}).
    ShareUpdate {
        /// The name.
        name (with_name): String,
        /// The description.
        description (with_description): String,
    }
}

entity! {
    /// A link for people without an account (External links).
    Link {
        /// The identifier, such as `lnk_…`.
        id: String,
        /// The tenant.
        tenant_id: String,
        /// The share.
        share_id: String,
        /// What is shared: `file` or `folder`.
        resource_type: String,
        /// Which one.
        resource_id: String,
        /// What the link allows.
        link_type: LinkType,
        /// What the address holds that grants access.
        token: Hidden,
        /// The same, short.
        short_code: Hidden,
        /// The address.
        url: Hidden,
        /// The short address.
        short_url: Hidden,
        /// Whether it works.
        status: LinkStatus,
        /// Whether it asks for a password.
        password_required: bool,
        /// How many downloads it allows.
        max_downloads: u64,
        /// How many there were.
        download_count: u64,
        /// How many views it allows.
        max_views: u64,
        /// How many there were.
        view_count: u64,
        /// The networks that it works from.
        allowed_ips: Vec<String>,
        /// The e-mail addresses that it works for.
        allowed_emails: Vec<String>,
        /// Whether it asks for an e-mail address.
        require_email: bool,
        /// The name that it shows.
        custom_name: String,
        /// The message that it shows.
        custom_message: String,
        /// Who created it.
        created_by: String,
        /// When.
        created_at: DateTime,
        /// When it ends.
        expires_at: DateTime,
    }
}

entity! {
    /// One page of links (GET /external/links). The name of the list is inferred.
    Links {
        /// The links.
        links: Vec<Link>,
        /// How many there are in all pages.
        total: u64,
    }
}

entity! {
    /// A link to be created (POST /external/links).
    NewLink {
        /// What is shared: `file` or `folder`.
        resource_type (with_resource_type): String,
        /// Which one.
        resource_id (with_resource_id): String,
        /// The share that holds it.
        share_id (with_share_id): String,
        /// What the link allows.
        link_type (with_link_type): LinkType,
        /// A password to ask for.
        password (with_password): Hidden,
        /// In how many days it ends.
        expires_in_days (with_expires_in_days): u64,
        /// When it ends.
        expires_at (with_expires_at): DateTime,
        /// How many downloads it allows.
        max_downloads (with_max_downloads): u64,
        /// How many views it allows.
        max_views (with_max_views): u64,
        /// The networks that it works from, as address and prefix length.
        allowed_ips (with_allowed_ips): Vec<String>,
        /// The e-mail addresses that it works for.
        allowed_emails (with_allowed_emails): Vec<String>,
        /// Whether it asks for an e-mail address.
        require_email (with_require_email): bool,
        /// The name that it shows.
        custom_name (with_custom_name): String,
        /// The message that it shows.
        custom_message (with_custom_message): String,
        /// Whether it shows a button to download.
        show_download_button (with_show_download_button): bool,
        /// Whether it shows a preview.
        allow_preview (with_allow_preview): bool,
        /// Whether its use is told by mail.
        notify_on_access (with_notify_on_access): bool,
        /// Whether downloads are told by mail.
        notify_on_download (with_notify_on_download): bool,
        /// Whether uploads are told by mail.
        notify_on_upload (with_notify_on_upload): bool,
        /// Who is told.
        notification_email (with_notification_email): String,
        /// The folder that takes what is uploaded; needed for [`LinkType::Upload`].
        upload_folder_id (with_upload_folder_id): String,
        /// The largest file that it takes, in bytes.
        max_file_size (with_max_file_size): u64,
        /// The endings of names that it takes.
        allowed_extensions (with_allowed_extensions): Vec<String>,
    }
}

entity! {
    /// What is changed of a link (PATCH /external/links/{id}): anything but what it is for and what kind it is.
    LinkUpdate {
        /// A password to ask for.
        password (with_password): Hidden,
        /// When it ends.
        expires_at (with_expires_at): DateTime,
        /// How many downloads it allows.
        max_downloads (with_max_downloads): u64,
        /// How many views it allows.
        max_views (with_max_views): u64,
        /// The networks that it works from.
        allowed_ips (with_allowed_ips): Vec<String>,
        /// The e-mail addresses that it works for.
        allowed_emails (with_allowed_emails): Vec<String>,
        /// Whether it asks for an e-mail address.
        require_email (with_require_email): bool,
        /// The name that it shows.
        custom_name (with_custom_name): String,
        /// The message that it shows.
        custom_message (with_custom_message): String,
    }
}

entity! {
    /// Which links are wanted (GET /external/links).
    LinkFilter {
        /// Those in this share.
        share_id (with_share_id): String,
        /// Those to this resource.
        resource_id (with_resource_id): String,
        /// Those in this state.
        status (with_status): LinkStatus,
        /// How many in one answer.
        limit (with_limit): u64,
        /// How many are left out at the beginning.
        offset (with_offset): u64,
    }
}
