//! How the store uses the service.

use sharesync_core::snapshot::Snapshots;

use crate::ROOT;
use crate::paging::PER_PAGE;

/// How the store uses the service.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StoreOptions {
    /// The identifier of the folder that is the store's root; "Sync & Share" unless set.
    pub root: String,
    /// Items asked for in one request of a listing, unless the listing says otherwise.
    pub page_size: u32,
    /// Whether people invited to a folder may invite others.
    pub members_can_invite: bool,
    /// Whether people invited to a folder may see who else is a member.
    pub members_can_view_members: bool,
    /// Where snapshots are kept, for [`changes`](sharesync_core::RemoteStore::changes): the service has no change feed.
    pub snapshots: Option<Snapshots>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            root: ROOT.to_owned(),
            page_size: PER_PAGE,
            members_can_invite: false,
            members_can_view_members: false,
            snapshots: None,
        }
    }
}

impl StoreOptions {
    /// All of "Sync & Share"; people invited may neither invite others nor see who else is a member.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the folder that is the store's root, by identifier.
    #[must_use]
    pub fn with_root(mut self, folder_uuid: impl Into<String>) -> Self {
        self.root = folder_uuid.into();
        self
    }

    /// Sets how many items are asked for in one request of a listing; at least one.
    #[must_use]
    pub fn with_page_size(mut self, items: u32) -> Self {
        self.page_size = items.max(1);
        self
    }

    /// Says whether people invited to a folder may invite others.
    #[must_use]
    pub fn with_members_can_invite(mut self, can_invite: bool) -> Self {
        self.members_can_invite = can_invite;
        self
    }

    /// Says whether people invited to a folder may see who else is a member.
    #[must_use]
    pub fn with_members_can_view_members(mut self, can_view_members: bool) -> Self {
        self.members_can_view_members = can_view_members;
        self
    }

    /// Enables [`changes`](sharesync_core::RemoteStore::changes), by comparing the tree with the snapshot of the last call.
    #[must_use]
    pub fn with_snapshots(mut self, snapshots: Snapshots) -> Self {
        self.snapshots = Some(snapshots);
        self
    }
}
