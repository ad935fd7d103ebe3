//! Files and folders: listing, creating, renaming, copying, moving, deleting.

use http::StatusCode;

use super::Ctx;
use super::body::Fields;
use super::errors::{ApiError, Outcome};
use super::ids;
use super::sight::{Node, Sight};
use crate::drive::{Entry, ItemPatch, NewFolder, OnConflict};
use crate::http::{empty, json};

impl Ctx {
    pub(super) fn get_node(&self, id: &str) -> Outcome {
        let sight = self.sight();
        let node = sight.find(id)?;
        Ok(json(StatusCode::OK, sight.whole(&node).to_string()))
    }

    /// Folders first, then files, both in order of their names; in the root the folders of others before all.
    pub(super) fn contents(&self, id: &str) -> Outcome {
        let (sight, window) = (self.sight(), self.window()?);
        let folder = sight.find_folder(id)?;
        let mounts = if folder.is_root() { sight.mounts() } else { Vec::new() };
        let mounted = mounts.iter().skip(window.skip).take(window.top.unwrap_or(usize::MAX));
        let mut part: Vec<_> = mounted.map(|node| sight.whole(node)).collect();
        let left = window.top.map(|top| top - part.len());
        let listing = self.drive().children(folder.id(), window.skip.saturating_sub(mounts.len()), left);
        // What other protocols can make and this one cannot show takes a place on its page without being there.
        let below = listing.entries.into_iter().filter_map(|entry| sight.node(entry));
        part.extend(below.map(|node| sight.whole(&node)));
        window.reply(part, listing.total + mounts.len())
    }

    /// By `name` and `parent_uuid`, or by `path`. A folder whose name differs in case alone is renamed.
    pub(super) fn create_folder(&self) -> Outcome {
        let (sight, fields) = (self.sight(), self.fields("sync_and_share_node")?);
        let (parent, name) = match (fields.text("name")?, fields.text("path")?) {
            (Some(name), None) => {
                let parent = fields.text("parent_uuid")?.ok_or_else(ApiError::invalid)?;
                (sight.find_target(parent)?, name)
            }
            (None, Some(path)) => {
                let (above, name) = path.trim_end_matches('/').rsplit_once('/').unwrap_or(("", path));
                (self.folder_at(&sight, above)?, name)
            }
            _ => return Err(ApiError::invalid()),
        };
        let made = match self.drive().child(parent.id(), name) {
            Some(there) if there.item.is_folder() && *there.item.name != *name => {
                self.drive().update(self.user.id, there.item.id, rename(name))
            }
            _ => self.drive().create_folder(self.user.id, parent.id(), name, NewFolder::default()),
        };
        let made = made.map_err(|error| sight.refused(error))?;
        let node = sight.node(made).ok_or_else(ApiError::no_access)?;
        Ok(json(StatusCode::CREATED, sight.whole(&node).to_string()))
    }

    /// The folder that a path from the user's root leads to.
    fn folder_at(&self, sight: &Sight, path: &str) -> Result<Node, ApiError> {
        let mut folder: Entry = self.drive().item(self.user.home).ok_or_else(ApiError::not_found)?;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let child = self.drive().child(folder.item.id, name).filter(|child| child.item.is_folder());
            folder = child.ok_or_else(ApiError::not_found)?;
        }
        sight.node(folder).ok_or_else(ApiError::no_access)?.may_change()
    }

    pub(super) fn update_node(&self, id: &str) -> Outcome {
        let sight = self.sight();
        let node = movable(sight.find(id)?)?;
        let fields = self.fields("sync_and_share_node")?;
        let name = fields.text("name")?.ok_or_else(ApiError::invalid)?;
        let updated = self.drive().update(self.user.id, node.id(), rename(name));
        updated.map_err(|error| sight.refused(error))?;
        Ok(empty(StatusCode::NO_CONTENT))
    }

    pub(super) fn copy_node(&self, id: &str) -> Outcome {
        let sight = self.sight();
        let node = sight.find(id)?;
        let target = self.target(&sight)?;
        let copied = self.drive().copy(self.user.id, node.id(), target.id(), OnConflict::Fail);
        copied.map_err(|error| sight.refused(error))?;
        Ok(empty(StatusCode::OK))
    }

    pub(super) fn move_node(&self, id: &str) -> Outcome {
        let sight = self.sight();
        let node = movable(sight.find(id)?)?;
        let target = self.target(&sight)?;
        let patch = ItemPatch { parent: Some(target.id()), ..ItemPatch::default() };
        let moved = self.drive().update(self.user.id, node.id(), patch);
        moved.map_err(|error| sight.refused(error))?;
        Ok(empty(StatusCode::NO_CONTENT))
    }

    /// The folder that `parent_uuid` names. The body has no wrapper.
    fn target(&self, sight: &Sight) -> Result<Node, ApiError> {
        let fields = Fields::bare(&self.call, &self.body)?;
        let parent = fields.text("parent_uuid")?.ok_or_else(ApiError::invalid)?;
        if parent != ids::ROOT && !is_uuid(parent) {
            return Err(ApiError::invalid());
        }
        sight.find_folder(parent)?.may_change()
    }

    pub(super) fn delete_node(&self, id: &str) -> Outcome {
        let sight = self.sight();
        let node = movable(sight.find(id)?)?;
        self.drive().delete(self.user.id, node.id()).map_err(|error| sight.refused(error))?;
        self.face.purge();
        Ok(empty(StatusCode::NO_CONTENT))
    }
}

/// A node that can leave its place: not the root, and not the top of what others have shared.
fn movable(node: Node) -> Result<Node, ApiError> {
    let fixed = node.is_root() || node.is_mounted();
    if fixed { Err(ApiError::no_access()) } else { node.may_change() }
}

fn rename(name: &str) -> ItemPatch {
    ItemPatch { name: Some(name.into()), ..ItemPatch::default() }
}

/// Five groups of hexadecimal digits.
fn is_uuid(text: &str) -> bool {
    let groups: Vec<_> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
