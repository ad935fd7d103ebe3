//! Who may see what: a user sees what is below the own home, and below folders of others that the user is a member of.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::Acronis;
use super::errors::ApiError;
use super::ids;
use super::members::Members;
use crate::drive::{Drive, DriveError, Entry, Item, ItemId, Purpose, Role, User};

/// The drive through the eyes of one user, at the moment of one request.
pub(super) struct Sight {
    pub(super) drive: Drive,
    pub(super) user: User,
    pub(super) members: Members,
    /// Items with a link that has not ended.
    pub(super) linked: HashSet<ItemId>,
    /// Folders with a shared folder below.
    pub(super) above_shared: HashSet<ItemId>,
    pub(super) links_enabled: bool,
    pub(super) users_may_purge: bool,
    homes: HashMap<ItemId, User>,
}

/// An item that the user sees, with what the user may do there.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) entry: Entry,
    /// From the topmost folder below the root down to the item; empty for the root itself.
    pub(super) chain: Vec<Arc<Item>>,
    pub(super) owner: User,
    pub(super) rights: Rights,
}

/// What a user may do with a node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rights {
    pub(super) owned: bool,
    pub(super) write: bool,
    pub(super) invite: bool,
    pub(super) view_members: bool,
}

impl Node {
    pub(super) fn id(&self) -> ItemId {
        self.entry.item.id
    }

    pub(super) fn is_root(&self) -> bool {
        self.chain.is_empty()
    }

    /// The top of what a member sees of somebody else's folders: fixed in its place.
    pub(super) fn is_mounted(&self) -> bool {
        !self.rights.owned && self.chain.len() == 1
    }

    pub(super) fn may_change(self) -> Result<Self, ApiError> {
        if self.rights.write { Ok(self) } else { Err(ApiError::no_access()) }
    }
}

impl Sight {
    pub(super) fn of(face: &Acronis, user: &User) -> Self {
        let drive = face.drive().clone();
        let now = Drive::now();
        let shares = drive.shares().into_iter().filter(|share| !share.has_ended(now));
        let linked = shares.flat_map(|share| match &share.purpose {
            Purpose::Send { items } => items.iter().map(|shared| shared.item).collect(),
            Purpose::Request { .. } => Vec::new(),
        });
        let linked = linked.collect();
        let state = face.state();
        let (links_enabled, users_may_purge) = (
            state.settings.flag("security", "node_share_link_enable"),
            state.settings.flag("purging_policies", "allow_users_to_selectively_purge_revisions"),
        );
        let members = state.members.at(now);
        drop(state);
        let shared = members.folders().filter_map(|folder| drive.item(folder));
        let above_shared = shared.flat_map(|entry| entry.ancestors.to_vec()).map(|folder| folder.id).collect();
        let homes = drive.users().into_iter().map(|user| (user.home, user)).collect();
        let user = user.clone();
        Self { drive, user, members, linked, above_shared, links_enabled, users_may_purge, homes }
    }

    /// The item as a node, if the user sees it.
    pub(super) fn node(&self, entry: Entry) -> Option<Node> {
        if entry.is_deleted() || !(entry.item.is_file() || entry.item.is_folder()) {
            return None;
        }
        let whole: Vec<_> = entry.ancestors.iter().chain([&entry.item]).cloned().collect();
        let home = whole.iter().position(|item| item.role() == Role::Home)?;
        let owner = self.homes.get(&whole.get(home)?.id)?.clone();
        if owner.id == self.user.id {
            let rights = Rights { owned: true, write: true, invite: true, view_members: true };
            let chain = whole.into_iter().skip(home + 1).collect();
            return Some(Node { entry, chain, owner, rights });
        }
        let mounted = |item: &Arc<Item>| Some((item.id, self.members.of_user(item.id, self.user.id)?.rights()));
        let (top, rights) = whole.iter().find_map(mounted)?;
        let chain = whole.into_iter().skip_while(|item| item.id != top).collect();
        Some(Node { entry, chain, owner, rights })
    }

    /// The node of an identifier.
    pub(super) fn find(&self, id: &str) -> Result<Node, ApiError> {
        let id = if id == ids::ROOT { Some(self.user.home) } else { ids::parse_node(id) };
        let entry = id.and_then(|id| self.drive.item(id)).ok_or_else(ApiError::no_access)?;
        self.node(entry).ok_or_else(ApiError::no_access)
    }

    /// The folder of an identifier.
    pub(super) fn find_folder(&self, id: &str) -> Result<Node, ApiError> {
        let node = self.find(id)?;
        if node.entry.item.is_folder() { Ok(node) } else { Err(ApiError::no_access()) }
    }

    /// The folder that something is to be put into, for operations that document 404 for one that does not exist.
    pub(super) fn find_target(&self, id: &str) -> Result<Node, ApiError> {
        let known = id == ids::ROOT || ids::parse_node(id).is_some_and(|id| self.drive.item(id).is_some());
        if known { self.find_folder(id)?.may_change() } else { Err(ApiError::not_found()) }
    }

    /// The folders of others that stand in the user's root.
    pub(super) fn mounts(&self) -> Vec<Node> {
        let folders = self.members.folders_of(self.user.id).filter_map(|folder| self.drive.item(folder));
        let mut nodes: Vec<_> = folders.filter_map(|entry| self.node(entry)).filter(Node::is_mounted).collect();
        nodes.sort_by_key(Node::id);
        nodes
    }

    /// What the drive refused, in the words of the protocol.
    pub(super) fn refused(&self, error: DriveError) -> ApiError {
        match error {
            DriveError::NameTaken { holder } => match self.drive.item(holder).and_then(|entry| self.node(entry)) {
                Some(node) => ApiError::taken(&node.entry.item.name, self.conflict(&node)),
                None => ApiError::invalid(),
            },
            DriveError::NotFound | DriveError::Protected | DriveError::Locked => ApiError::no_access(),
            DriveError::Content(error) => ApiError::broken(&error),
            _ => ApiError::invalid(),
        }
    }
}
