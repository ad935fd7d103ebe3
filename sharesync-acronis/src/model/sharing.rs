//! Links and members: how a node is shared.

use sharesync_core::SecretUrl;
use url::Url;

use super::enums::{AccessRestriction, Locale, MemberType};
use super::wire::{DateTime, Hidden, Ttl, entity};

entity! {
    /// A link to a file [Create file link].
    Link {
        /// The identifier.
        id: i64,
        /// The identifier of the node.
        node_uuid: String,
        /// Who can use it.
        access_restriction: AccessRestriction,
        /// The link itself; see [`url`](Self::url).
        download_url: Hidden,
        /// The identifier of who shared it.
        sharing_user_uuid: String,
        /// The days it lives.
        ttl: Ttl,
        /// Whether it ends after it was used once.
        single_use: bool,
        /// Whom it was sent to.
        emails: Vec<String>,
        /// How often it was used.
        download_count: i64,
        /// When it ended.
        expired_at: DateTime,
        /// When it was deleted.
        deleted_at: DateTime,
        /// What the link is recognized by.
        token: Hidden,
        /// When it was created.
        created_at: DateTime,
        /// When it was changed.
        updated_at: DateTime,
    }
}

impl Link {
    /// The link itself, for a browser; `None` when there is none, or it is no address.
    pub fn url(&self) -> Option<SecretUrl> {
        Url::parse(self.download_url.as_ref()?.expose()).ok().map(SecretUrl::from)
    }
}

entity! {
    /// A link to be created [Create file link].
    NewLink {
        /// Whom it is sent to.
        recipients (with_recipients): Vec<Recipient>,
        /// Who can use it.
        access_restriction (with_access_restriction): AccessRestriction,
        /// The language of the mail.
        locale (with_locale): Locale,
        /// A message in the mail.
        message (with_message): String,
        /// The days it lives.
        ttl (with_ttl): Ttl,
        /// Whether it ends after it was used once.
        single_use (with_single_use): bool,
    }
}

entity! {
    /// Somebody a link is sent to [Create file link, `recipients`].
    Recipient {
        /// The e-mail address.
        email: String,
    }
}

impl Recipient {
    /// Whoever has this address.
    pub fn by_email(email: impl Into<String>) -> Self {
        Self { email: Some(email.into()), ..Self::default() }
    }
}

entity! {
    /// What is changed of a link [Update file link].
    LinkUpdate {
        /// The days it lives.
        ttl (with_ttl): Ttl,
        /// Who can use it.
        access_restriction (with_access_restriction): AccessRestriction,
        /// Whether it ends after it was used once.
        single_use (with_single_use): bool,
    }
}

entity! {
    /// A member of a shared folder [Create folder member].
    Member {
        /// The identifier, a compound text with commas in it.
        id: String,
        /// The type of member.
        permission_for: MemberType,
        /// The name.
        name: String,
        /// The e-mail address.
        email: String,
        /// Whether the member can only read.
        read_only: bool,
        /// Whether the member can see the other members.
        can_view_members: bool,
        /// Whether the member can invite others.
        can_invite: bool,
        /// Which of these can be changed.
        can_be_changed: MemberUpdate,
    }
}

entity! {
    /// A member to be created [Create folder member].
    NewMember {
        /// The e-mail address.
        email (with_email): String,
        /// Whether the member can only read.
        read_only (with_read_only): bool,
        /// Whether the member can invite others.
        can_invite (with_can_invite): bool,
        /// Whether the member can see the other members.
        can_view_members (with_can_view_members): bool,
    }
}

entity! {
    /// The rights of a member: to change them, and which of them can be changed [Update member; Create folder member,
    /// `can_be_changed`].
    MemberUpdate {
        /// Whether the member can only read.
        read_only (with_read_only): bool,
        /// Whether the member can see the other members.
        can_view_members (with_can_view_members): bool,
        /// Whether the member can invite others.
        can_invite (with_can_invite): bool,
    }
}
