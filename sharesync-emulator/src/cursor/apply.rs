//! `/sync/apply`: what a device changed, told to the server.
//!
//! The documents show the names of some members and the number of lines; what is told here of the rest is our reading. Only
//! metadata is applied: content goes through `/files` or `/uploads` first, and `version_id` names the version that it became.
//! A version that does not follow on `base_version_id` is a conflict, as is a place that another device has changed or taken. With a
//! `conflict_resolution` each conflict is recorded and resolved by it, and told in `conflicts`; without one it is refused with 409,
//! and what stood before it in the list is applied.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::conflicts::{Conflict, Resolution, refusal};
use super::errors::{ApiError, Outcome};
use super::info::ok;
use super::space::share_path;
use super::{Ctx, ids};
use crate::drive::{Drive, Entry, ItemId, NewFolder, OnConflict, Resolved, Version, VersionId};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ResourceType {
    File,
    Folder,
    Share,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ChangeType {
    Created,
    Updated,
    Deleted,
    Moved,
    Renamed,
}

#[derive(Debug, Deserialize)]
struct Apply {
    device_id: String,
    share_id: String,
    conflict_resolution: Option<Resolution>,
    changes: Vec<Told>,
}

/// A change as the device tells it.
#[derive(Debug, Clone, Deserialize)]
struct Told {
    resource_type: ResourceType,
    resource_id: Option<String>,
    change_type: ChangeType,
    version_id: Option<String>,
    base_version_id: Option<String>,
    old_path: Option<String>,
    new_path: Option<String>,
}

/// What became of a change.
enum Fate {
    Applied(ItemId),
    Conflict(Conflict),
}

/// Where a change is applied.
struct Scope<'a> {
    device: &'a str,
    share: ItemId,
}

impl Ctx {
    pub(super) fn apply(&self) -> Outcome {
        let apply: Apply = self.body()?;
        self.device(&apply.device_id)?;
        let share = self.share(&apply.share_id)?.item.id;
        self.face.space.check_write(&self.user, share)?;
        let scope = Scope { device: &apply.device_id, share };
        let _one_at_a_time = self.face.settling();
        let (mut applied, mut conflicts) = (Vec::new(), Vec::new());
        for told in &apply.changes {
            match self.apply_one(&scope, told)? {
                Fate::Applied(item) => applied.push(applied_json(told, item)),
                Fate::Conflict(conflict) => {
                    let resolution = apply.conflict_resolution.ok_or_else(|| refusal(&conflict))?;
                    conflicts.push(self.take_up(conflict, resolution)?.to_json());
                }
            }
        }
        let cursor = self.face.positions.head();
        Ok(ok(&json!({"applied": applied, "conflicts": conflicts, "cursor": cursor})))
    }

    /// Records a conflict and resolves it. The same change told again, after a lost answer, is the same conflict; told again with
    /// another resolution after it was resolved, it is a new one.
    fn take_up(&self, conflict: Conflict, resolution: Resolution) -> Result<Conflict, ApiError> {
        let fits = |known: &Conflict| known.resolution.is_none_or(|known| known == resolution);
        let known = self.face.conflicts.all().into_iter().find(|known| known.is_same(&conflict) && fits(known));
        match known {
            Some(known) if known.resolution.is_some() => Ok(known),
            Some(waiting) => self.settle(waiting, resolution),
            None => self.settle(self.face.conflicts.add(|number| Conflict { number, ..conflict }), resolution),
        }
    }

    fn apply_one(&self, scope: &Scope<'_>, told: &Told) -> Result<Fate, ApiError> {
        match (told.change_type, told.resource_type) {
            (_, ResourceType::Share) => Err(ApiError::invalid(&["body", "changes"], "Shares are changed by /shares")),
            (ChangeType::Created, ResourceType::Folder) => self.apply_folder(scope, told),
            (ChangeType::Created, _) => Ok(Fate::Applied(self.told_item(scope, told)?.item.id)),
            (ChangeType::Updated, ResourceType::Folder) => Ok(Fate::Applied(self.told_item(scope, told)?.item.id)),
            (ChangeType::Updated, _) => self.apply_content(scope, told),
            (ChangeType::Deleted, _) => self.apply_deletion(scope, told),
            (ChangeType::Moved | ChangeType::Renamed, _) => self.apply_place(scope, told),
        }
    }

    /// The resource of a change, which must be of that type and in that share; deleted or not.
    fn told_item(&self, scope: &Scope<'_>, told: &Told) -> Result<Entry, ApiError> {
        let id = told.resource_id.as_deref().unwrap_or_default();
        let id = match told.resource_type {
            ResourceType::File => ids::parse_file(id),
            _ => ids::parse_folder(id),
        };
        let is_file = told.resource_type == ResourceType::File;
        let found = id.and_then(|id| self.drive().item(id)).filter(|entry| entry.item.is_file() == is_file);
        let found = found.filter(|entry| self.face.space.share_of_entry(entry) == Some(scope.share));
        found.filter(|entry| entry.item.id != scope.share).ok_or_else(|| ApiError::not_found("Resource"))
    }

    fn conflict(&self, scope: &Scope<'_>, told: &Told, resource: ItemId, server: Option<VersionId>) -> Fate {
        Fate::Conflict(Conflict {
            number: 0,
            user: self.user.id,
            device: scope.device.to_owned(),
            share: scope.share,
            resource_type: told.resource_type,
            resource,
            change_type: told.change_type,
            client_version: told.version_id.as_deref().and_then(ids::parse_version),
            server_version: server,
            wanted_path: told.new_path.clone(),
            resolution: None,
            created_at: Drive::now(),
            resolved_at: None,
        })
    }

    fn apply_folder(&self, scope: &Scope<'_>, told: &Told) -> Result<Fate, ApiError> {
        let (parent, name) = self.parent_of(scope.share, told.path()?)?;
        match self.drive().child(parent.item.id, &name) {
            Some(there) if there.item.is_folder() => Ok(Fate::Applied(there.item.id)),
            Some(there) => {
                let server = there.item.current().map(|version| version.id);
                // What stands in the way is the file.
                let in_the_way = Told { resource_type: ResourceType::File, ..told.clone() };
                Ok(self.conflict(scope, &in_the_way, there.item.id, server))
            }
            None => {
                let made = self.drive().create_folder(self.user.id, parent.item.id, &name, NewFolder::default())?;
                Ok(Fate::Applied(made.item.id))
            }
        }
    }

    /// The version must follow on the one that the device had. What came in between is the server's side of the conflict.
    fn apply_content(&self, scope: &Scope<'_>, told: &Told) -> Result<Fate, ApiError> {
        let entry = self.told_item(scope, told)?;
        let version = told.version_id.as_deref();
        let version = version.ok_or_else(|| ApiError::invalid(&["body", "changes", "version_id"], "Field required"))?;
        let contents = entry.item.versions();
        let versions: Vec<_> = contents.iter().map(|version| version.id).collect();
        let at = ids::parse_version(version).and_then(|id| versions.iter().position(|known| *known == id));
        let at = at.ok_or_else(|| ApiError::not_found("Version"))?;
        if entry.is_deleted() {
            return Ok(self.conflict(scope, told, entry.item.id, None));
        }
        let Some(base) = base_of(told, &versions)? else {
            return Ok(Fate::Applied(entry.item.id));
        };
        let server = match at.checked_sub(base) {
            None => return Err(ApiError::conflict("version_id is older than base_version_id")),
            Some(0) => {
                let digests = |version: &Arc<Version>| version.content.digests().clone();
                let known = contents.get(at).map(digests);
                contents.last().filter(|last| Some(digests(last)) != known).map(|last| last.id)
            }
            Some(1) => None,
            Some(_) => versions.get(at - 1).copied(),
        };
        match server {
            Some(server) => Ok(self.conflict(scope, told, entry.item.id, Some(server))),
            None => Ok(Fate::Applied(entry.item.id)),
        }
    }

    fn apply_deletion(&self, scope: &Scope<'_>, told: &Told) -> Result<Fate, ApiError> {
        let entry = self.told_item(scope, told)?;
        if entry.is_deleted() {
            return Ok(Fate::Applied(entry.item.id));
        }
        let versions: Vec<_> = entry.item.versions().iter().map(|version| version.id).collect();
        let base = base_of(told, &versions)?;
        if base.is_some_and(|base| base + 1 != versions.len()) {
            return Ok(self.conflict(scope, told, entry.item.id, versions.last().copied()));
        }
        self.drive().delete(self.user.id, entry.item.id)?;
        Ok(Fate::Applied(entry.item.id))
    }

    fn apply_place(&self, scope: &Scope<'_>, told: &Told) -> Result<Fate, ApiError> {
        let entry = self.told_item(scope, told)?;
        let (path, now) = (told.path()?, share_path(&entry.path()));
        let server = entry.item.current().map(|version| version.id);
        if entry.is_deleted() {
            return Ok(self.conflict(scope, told, entry.item.id, None));
        }
        if now == path {
            return Ok(Fate::Applied(entry.item.id));
        }
        let (parent, name) = self.parent_of(scope.share, path)?;
        let holder = self.drive().child(parent.item.id, &name);
        let is_taken = holder.is_some_and(|holder| holder.item.id != entry.item.id);
        if is_taken || told.old_path.as_ref().is_some_and(|old| *old != now) {
            return Ok(self.conflict(scope, told, entry.item.id, server));
        }
        self.place(scope.share, entry.item.id, path, OnConflict::Fail)?;
        Ok(Fate::Applied(entry.item.id))
    }

    /// The folder that a path of a share leads into, and the name that is left.
    pub(super) fn parent_of(&self, share: ItemId, path: &str) -> Result<(Entry, String), ApiError> {
        let rooted = path.strip_prefix('/').filter(|path| !path.is_empty());
        let rooted =
            rooted.ok_or_else(|| ApiError::invalid(&["body", "changes", "new_path"], "Not a path of a share"))?;
        let (above, name) = rooted.rsplit_once('/').unwrap_or(("", rooted));
        match self.drive().resolve(share, above) {
            Some(Resolved::Item(entry)) if entry.item.is_folder() => Ok((entry, name.to_owned())),
            _ => Err(ApiError::not_found("Folder")),
        }
    }
}

impl Told {
    fn path(&self) -> Result<&str, ApiError> {
        self.new_path.as_deref().ok_or_else(|| ApiError::invalid(&["body", "changes", "new_path"], "Field required"))
    }
}

/// The place of the base among the versions of a file. A base that the file never had is a mismatch.
fn base_of(told: &Told, versions: &[VersionId]) -> Result<Option<usize>, ApiError> {
    let Some(base) = &told.base_version_id else {
        return Ok(None);
    };
    let at = ids::parse_version(base).and_then(|base| versions.iter().position(|known| *known == base));
    at.map(Some).ok_or_else(|| ApiError::conflict("base_version_id is no version of this file"))
}

fn applied_json(told: &Told, item: ItemId) -> Value {
    let id = if told.resource_type == ResourceType::File { ids::file(item) } else { ids::folder(item) };
    json!({
        "resource_type": told.resource_type, "resource_id": id, "change_type": told.change_type,
        "version_id": told.version_id, "new_path": told.new_path,
    })
}
