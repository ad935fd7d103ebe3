//! Sharing an item: by a link, by a link that asks for files, or with named people.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::item::opaque_id;
use crate::{ItemId, Secret, SecretUrl, Timestamp};

opaque_id! {
    /// The service's identifier of a share. It is not printed: for some services it is the secret part of the link.
    ShareId
}

impl fmt::Debug for ShareId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShareId(…)")
    }
}

/// What a share is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ShareKind {
    /// A link through which others get the item.
    #[default]
    Link,
    /// A link through which others put files into the folder.
    RequestFiles,
    /// Named people get access with their own accounts.
    Invitation,
}

/// Who may use a share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Audience {
    /// Whoever holds the link.
    #[default]
    Anyone,
    /// Whoever holds the link and signs in to the service.
    SignedIn,
    /// These people, by e-mail address.
    People(Vec<String>),
}

/// What a share allows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ShareAccess {
    /// Look at it in the service's own viewer, without a download.
    View,
    /// Download it.
    #[default]
    Download,
    /// Change it.
    Edit,
}

/// What share is wanted. What a service cannot grant as asked is an `Unsupported` error, never a weaker share.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ShareRequest {
    /// What it is for.
    pub kind: ShareKind,
    /// Who may use it.
    pub audience: Audience,
    /// What it allows.
    pub access: ShareAccess,
    /// When it ends; `None` leaves it to the service's default.
    pub expires: Option<Timestamp>,
    /// How often the item may be downloaded through it; `None` for any number.
    pub max_downloads: Option<u32>,
    /// A password that the user of the link must enter.
    pub password: Option<Secret>,
    /// A title, where the service shows one.
    pub title: Option<String>,
    /// A message to the people invited.
    pub message: Option<String>,
    /// Whether the service sends mail about it. Off unless asked for.
    pub notify: bool,
    /// Whether the share follows the file to its newest version.
    pub follow_latest: bool,
}

impl ShareRequest {
    /// A link for whoever holds it, to download, for as long as the service's default.
    pub fn link() -> Self {
        Self::default()
    }

    /// A link through which others upload into a folder.
    pub fn request_files() -> Self {
        Self { kind: ShareKind::RequestFiles, ..Self::default() }
    }

    /// Access for named people.
    pub fn invitation(emails: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let people = emails.into_iter().map(Into::into).collect();
        Self { kind: ShareKind::Invitation, audience: Audience::People(people), ..Self::default() }
    }

    /// Says who may use it.
    #[must_use]
    pub fn with_audience(mut self, audience: Audience) -> Self {
        self.audience = audience;
        self
    }

    /// Says what it allows.
    #[must_use]
    pub fn with_access(mut self, access: ShareAccess) -> Self {
        self.access = access;
        self
    }

    /// Says when it ends.
    #[must_use]
    pub fn with_expires(mut self, expires: Timestamp) -> Self {
        self.expires = Some(expires);
        self
    }

    /// Limits the number of downloads.
    #[must_use]
    pub fn with_max_downloads(mut self, downloads: u32) -> Self {
        self.max_downloads = Some(downloads);
        self
    }

    /// Protects it with a password.
    #[must_use]
    pub fn with_password(mut self, password: impl Into<Secret>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Gives it a title.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Adds a message to the people invited.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// Lets the service send mail about it.
    #[must_use]
    pub fn with_notify(mut self, notify: bool) -> Self {
        self.notify = notify;
        self
    }

    /// Lets the share follow the file to its newest version.
    #[must_use]
    pub fn with_follow_latest(mut self, follow: bool) -> Self {
        self.follow_latest = follow;
        self
    }
}

/// A share as the service granted it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Share {
    /// The service's identifier, to end the share with.
    pub id: ShareId,
    /// The item that is shared.
    pub item: ItemId,
    /// The link to hand on; `None` for invitations.
    pub link: Option<SecretUrl>,
    /// When it ends, as the service answered; `None` when it does not end or did not say.
    pub expires: Option<Timestamp>,
}

impl Share {
    /// A share of this item.
    pub fn new(id: impl Into<ShareId>, item: ItemId) -> Self {
        Self { id: id.into(), item, link: None, expires: None }
    }

    /// Sets the link.
    #[must_use]
    pub fn with_link(mut self, link: Option<SecretUrl>) -> Self {
        self.link = link;
        self
    }

    /// Says when it ends.
    #[must_use]
    pub fn with_expires(mut self, expires: Option<Timestamp>) -> Self {
        self.expires = expires;
        self
    }
}
