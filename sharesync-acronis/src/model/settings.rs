//! The settings of the service. Each is read and sent in the same shape.

use super::enums::{Locale, OfficeOnlineUse, PeriodUnit};
use super::wire::entity;

entity! {
    /// When deleted files and old revisions are removed for good [Get purging policies settings].
    PurgingPolicies {
        /// Whether deleted files are purged after some time.
        purge_deleted_files_older_than_enabled (with_purge_deleted_files_older_than_enabled): bool,
        /// After how many units.
        purge_deleted_files_older_than_n (with_purge_deleted_files_older_than_n): i64,
        /// The unit of that time.
        purge_deleted_files_older_than_units (with_purge_deleted_files_older_than_units): PeriodUnit,
        /// Whether revisions are purged after some time.
        purge_revisions_older_than_enabled (with_purge_revisions_older_than_enabled): bool,
        /// After how many units.
        purge_revisions_older_than_n (with_purge_revisions_older_than_n): i64,
        /// The unit of that time.
        purge_revisions_older_than_units (with_purge_revisions_older_than_units): PeriodUnit,
        /// Whether some revisions are kept whatever their age.
        keep_at_least_n_revisions_enabled (with_keep_at_least_n_revisions_enabled): bool,
        /// How many.
        keep_at_least_n_revisions (with_keep_at_least_n_revisions): i64,
        /// Whether the number of revisions is limited.
        only_keep_n_revisions_enabled (with_only_keep_n_revisions_enabled): bool,
        /// To how many.
        only_keep_n_revisions (with_only_keep_n_revisions): i64,
        /// Whether users may purge single revisions.
        allow_users_to_selectively_purge_revisions (with_allow_users_to_selectively_purge_revisions): bool,
    }
}

entity! {
    /// The settings of the server [Get server settings].
    ServerSettings {
        /// The name of the server.
        server_name (with_server_name): String,
        /// The address of the web client.
        root_web_address (with_root_web_address): String,
        /// The language of those who have chosen none.
        default_locale (with_default_locale): Locale,
        /// After how many minutes a session ends.
        session_timeout_in_minutes (with_session_timeout_in_minutes): i64,
        /// Whether administrators get mail.
        notification_admin_enabled (with_notification_admin_enabled): bool,
        /// To which addresses, with `;` between them.
        notification_admin_email (with_notification_admin_email): String,
        /// How often. The document does not name the unit.
        notification_admin_frequency (with_notification_admin_frequency): i64,
    }
}

entity! {
    /// The settings of the audit log [Get audit log settings].
    AuditLogSettings {
        /// Whether old entries are purged.
        purge_logs_older_than_enabled (with_purge_logs_older_than_enabled): bool,
        /// The unit of their age.
        purge_logs_older_than_units (with_purge_logs_older_than_units): PeriodUnit,
        /// From which age on, in units.
        purge_logs_older_than_n (with_purge_logs_older_than_n): i64,
    }
}

entity! {
    /// The settings of sharing [Get security settings].
    SecuritySettings {
        /// Whether members may invite others.
        allow_collaborators_to_invite (with_allow_collaborators_to_invite): bool,
        /// Whether there are links.
        node_share_link_enable (with_node_share_link_enable): bool,
        /// Whether there are links for anyone.
        node_share_link_allow_public_links (with_node_share_link_allow_public_links): bool,
        /// Whether there are links for authenticated users.
        node_share_link_allow_login_links (with_node_share_link_allow_login_links): bool,
        /// Whether every link ends after it was used once.
        node_share_link_single_use_only (with_node_share_link_single_use_only): bool,
        /// Whether the life of links is limited.
        node_share_link_ttl_range_enable (with_node_share_link_ttl_range_enable): bool,
        /// The longest life of a link, in days (inferred: the unit is that of the links).
        node_share_link_ttl_max (with_node_share_link_ttl_max): i64,
        /// Whether shared folders must end.
        shared_folder_expiration_required (with_shared_folder_expiration_required): bool,
        /// After how many days at most.
        shared_folder_expiration_max_days (with_shared_folder_expiration_max_days): i64,
    }
}

entity! {
    /// The settings of previews and Office Online [Get web preview settings].
    WebPreviewSettings {
        /// Whether Office Online is used.
        office_online_integration_enabled (with_office_online_integration_enabled): bool,
        /// Where Office Online is.
        office_online_wopi_url (with_office_online_wopi_url): String,
        /// What it is used for.
        office_online_type_of_use (with_office_online_type_of_use): OfficeOnlineUse,
        /// Whether its additional services are used.
        office_online_additional_services_enabled (with_office_online_additional_services_enabled): bool,
        /// Whether its certificate may be signed by itself.
        office_online_allow_self_signed_certificates (with_office_online_allow_self_signed_certificates): bool,
        /// Whether there are previews.
        web_preview_enabled (with_web_preview_enabled): bool,
        /// Whether only what need not be converted is previewed.
        only_allow_not_converted (with_only_allow_not_converted): bool,
        /// The size of the cache, in megabytes.
        max_cache_size_mb (with_max_cache_size_mb): i64,
        /// Whether the certificate of the server of previews may be signed by itself.
        servlet_allow_self_signed_certificates (with_servlet_allow_self_signed_certificates): bool,
        /// How many previews are made at once.
        generation_max_concurrent_calls (with_generation_max_concurrent_calls): i64,
    }
}
