//! The audit log.

use super::enums::Severity;
use super::people::Person;
use super::wire::{DateTime, entity};

entity! {
    /// An entry of the audit log [Get audit log entries list].
    AuditEntry {
        /// The identifier.
        uuid: String,
        /// What happened, in words.
        text: String,
        /// What happened, as a number. The document does not say what it means.
        code: i64,
        /// How severe it is.
        severity: Severity,
        /// When it happened.
        created_at: DateTime,
        /// The identifier of the owner of what it happened to.
        owner_uuid: String,
        /// The node that it happened to.
        node: Mention,
        /// The identifier of that node.
        node_uuid: String,
        /// The shared folder that it happened to.
        share: Mention,
        /// The identifier of that shared folder.
        share_uuid: String,
        /// Who did it.
        user: Person,
    }
}

entity! {
    /// A node or a shared folder, as the audit log mentions it.
    Mention {
        /// The identifier.
        uuid: String,
        /// The name.
        name: String,
    }
}

entity! {
    /// Which entries of the audit log are wanted [Get audit log entries list].
    AuditFilter {
        /// Those of this user, by identifier; [`NOBODY`](Self::NOBODY) for entries without a user.
        filter_user (with_user): String,
        /// Those of this shared folder, by identifier; [`NOBODY`](Self::NOBODY) for entries without one.
        filter_share (with_share): String,
        /// Those of this node, by identifier; [`NOBODY`](Self::NOBODY) for entries without a node.
        filter_node_uuid (with_node_uuid): String,
        /// Those of this severity.
        filter_severity (with_severity): Severity,
        /// Those with this text.
        filter_text (with_text): String,
        /// Those at this time or later.
        filter_from (with_from): DateTime,
        /// Those at this time or earlier.
        filter_to (with_to): DateTime,
    }
}

impl AuditFilter {
    /// In place of an identifier: entries that are associated with no user, shared folder or node.
    pub const NOBODY: &str = "-";
}
