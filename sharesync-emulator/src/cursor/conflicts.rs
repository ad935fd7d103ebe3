//! Conflicts: what they are, how they are listed, and what each of the five resolutions does.
//!
//! The documents name the resolutions without more; what they do here follows the names. `SERVER_WINS`: what the server has stays.
//! `CLIENT_WINS`: what the device wanted is done. `LAST_WRITER_WINS`: the one of the two that was written later.
//! `KEEP_BOTH`: the server's stays in its place, the device's goes beside it under a free name. `MANUAL`: the server's stays, and
//! the conflict waits until it is resolved by one of the others.

use std::sync::Arc;

use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::apply::{ChangeType, ResourceType};
use super::errors::{ApiError, Outcome};
use super::info::ok;
use super::{Ctx, ids};
use crate::drive::{Drive, Entry, ItemId, ItemPatch, NewFolder, OnConflict, UserId, Version, VersionId};
use crate::table::number_key;

/// The strategies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Resolution {
    LastWriterWins,
    KeepBoth,
    ServerWins,
    ClientWins,
    Manual,
}

/// Who of the two has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Winner {
    Client,
    Server,
    Both,
}

/// A change of a device that did not fit what the server had.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Conflict {
    pub(super) number: u64,
    pub(super) user: UserId,
    pub(super) device: String,
    pub(super) share: ItemId,
    pub(super) resource_type: ResourceType,
    pub(super) resource: ItemId,
    pub(super) change_type: ChangeType,
    pub(super) client_version: Option<VersionId>,
    pub(super) server_version: Option<VersionId>,
    /// Where the device wanted it.
    pub(super) wanted_path: Option<String>,
    pub(super) resolution: Option<Resolution>,
    pub(super) created_at: Timestamp,
    pub(super) resolved_at: Option<Timestamp>,
}

impl Conflict {
    /// Whether it is about the same change of the same device.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.user == other.user
            && self.device == other.device
            && self.resource == other.resource
            && self.change_type == other.change_type
            && self.client_version == other.client_version
            && self.server_version == other.server_version
            && self.wanted_path == other.wanted_path
    }

    fn id(&self) -> String {
        ids::spell("cfl", self.number)
    }

    /// The conflict object, of nine members (reconstructed from the number of lines).
    pub(super) fn to_json(&self) -> Value {
        let resource = match self.resource_type {
            ResourceType::File => ids::file(self.resource),
            ResourceType::Folder => ids::folder(self.resource),
            ResourceType::Share => ids::share(self.resource),
        };
        json!({
            "id": self.id(), "share_id": ids::share(self.share), "device_id": self.device,
            "resource_type": self.resource_type, "resource_id": resource,
            "client_version_id": self.client_version.map(ids::version),
            "server_version_id": self.server_version.map(ids::version),
            "resolution": self.resolution, "created_at": self.created_at.to_string(),
        })
    }
}

impl Ctx {
    pub(super) fn own_conflicts(&self, device: Option<&str>, share: Option<ItemId>) -> Vec<Conflict> {
        let fits = |conflict: &Conflict| {
            conflict.user == self.user.id
                && device.is_none_or(|device| conflict.device == device)
                && share.is_none_or(|share| conflict.share == share)
        };
        self.face.conflicts.all().into_iter().filter(fits).collect()
    }

    pub(super) fn conflicts(&self) -> Outcome {
        let resolved_too = self.flag("include_resolved")?;
        let (device, share) = (self.call.query.get("device_id"), self.asked_share()?);
        if let Some(device) = device {
            self.device(device)?;
        }
        let found = self.own_conflicts(device, share).into_iter();
        let found = found.filter(|conflict| resolved_too || conflict.resolved_at.is_none());
        Ok(ok(&found.map(|conflict| conflict.to_json()).collect()))
    }

    /// A conflict is resolved once; asking for the same again changes nothing, asking for another resolution is refused.
    pub(super) fn resolve(&self, id: &str) -> Outcome {
        let number = ids::parse("cfl", id).ok_or_else(|| ApiError::not_found("Conflict"))?;
        let wanted = self.required("resolution")?;
        let wanted: Resolution = serde_json::from_value(wanted.into())
            .map_err(|_| ApiError::invalid(&["query", "resolution"], "Not one of the strategies"))?;
        let _one_at_a_time = self.face.settling();
        let conflict = self.face.conflicts.get(&number_key(number)).filter(|conflict| conflict.user == self.user.id);
        let conflict = conflict.ok_or_else(|| ApiError::not_found("Conflict"))?;
        self.share(&ids::share(conflict.share))?;
        match conflict.resolution {
            Some(known) if known == wanted => return Ok(ok(&conflict.to_json())),
            Some(_) => return Err(ApiError::conflict("The conflict was resolved in another way")),
            None => {}
        }
        let conflict = self.settle(conflict, wanted)?;
        Ok(ok(&conflict.to_json()))
    }

    /// Carries out a resolution and notes it.
    pub(super) fn settle(&self, conflict: Conflict, resolution: Resolution) -> Result<Conflict, ApiError> {
        self.face.space.check_write(&self.user, conflict.share)?;
        let winner = match resolution {
            Resolution::ClientWins => Winner::Client,
            Resolution::ServerWins | Resolution::Manual => Winner::Server,
            Resolution::KeepBoth => Winner::Both,
            Resolution::LastWriterWins => self.last_writer(&conflict),
        };
        match conflict.change_type {
            ChangeType::Updated => self.settle_content(&conflict, winner)?,
            ChangeType::Renamed | ChangeType::Moved => self.settle_place(&conflict, winner)?,
            ChangeType::Created => self.settle_folder(&conflict, winner)?,
            ChangeType::Deleted if winner == Winner::Client => self.delete_for(&conflict)?,
            ChangeType::Deleted => {}
        }
        let resolved = resolution != Resolution::Manual;
        let note = |conflict: &mut Conflict| {
            conflict.resolution = resolved.then_some(resolution);
            conflict.resolved_at = resolved.then(Drive::now);
        };
        let noted = self.face.conflicts.update(&number_key(conflict.number), note);
        Ok(noted.unwrap_or(conflict))
    }

    /// Of contents the one that came later, and a file that is in the trash went there after every content of it. What is not
    /// content is written when the device asks for it: later than what is there.
    fn last_writer(&self, conflict: &Conflict) -> Winner {
        if conflict.change_type != ChangeType::Updated {
            return Winner::Client;
        }
        let Some(entry) = self.drive().item(conflict.resource).filter(|entry| !entry.is_deleted()) else {
            return Winner::Server;
        };
        let versions = entry.item.versions();
        let of = |id: Option<VersionId>| versions.iter().find(|version| Some(version.id) == id);
        let Some(server) = of(conflict.server_version) else {
            return Winner::Client;
        };
        // The server's content, put on top again while the conflict waits, is no later content.
        let after = versions.iter().skip_while(|version| Some(version.id) != conflict.client_version).skip(1);
        let is_later =
            |version: &Arc<Version>| version.id == server.id || version.content.digests() != server.content.digests();
        if after.into_iter().any(is_later) { Winner::Server } else { Winner::Client }
    }

    /// Takes an item out of the trash, with the folders above it that lie there.
    fn revive(&self, item: ItemId) -> Result<Entry, ApiError> {
        let gone = || ApiError::gone("The resource");
        let entry = self.drive().item(item).ok_or_else(gone)?;
        let chain = entry.ancestors.iter().chain([&entry.item]);
        for deleted in chain.filter(|item| item.deleted.is_some()) {
            self.drive().restore(self.user.id, deleted.id)?;
        }
        self.drive().item(item).ok_or_else(gone)
    }

    fn settle_content(&self, conflict: &Conflict, winner: Winner) -> Result<(), ApiError> {
        let (drive, by) = (self.drive(), self.user.id);
        let mut entry = drive.item(conflict.resource).ok_or_else(|| ApiError::gone("The file"))?;
        if entry.is_deleted() {
            if winner == Winner::Server {
                return Ok(());
            }
            entry = self.revive(conflict.resource)?;
        } else if let (Winner::Both, Some(version), Some(parent)) = (winner, conflict.client_version, entry.item.parent)
        {
            let name = beside(&entry.item.name, &self.device_name(conflict));
            drive.copy_version(by, version, parent, &name, OnConflict::Rename)?;
        }
        let current = entry.item.current().map(|version| version.id);
        let wanted = match winner {
            Winner::Client => conflict.client_version.filter(|version| Some(*version) != current),
            // What came after the device's own version stays.
            _ => conflict.server_version.filter(|_| current == conflict.client_version),
        };
        if let Some(version) = wanted {
            drive.repeat_version(by, version)?;
        }
        Ok(())
    }

    fn settle_place(&self, conflict: &Conflict, winner: Winner) -> Result<(), ApiError> {
        let Some(path) = conflict.wanted_path.as_deref().filter(|_| winner != Winner::Server) else {
            return Ok(());
        };
        let (drive, by) = (self.drive(), self.user.id);
        let was_deleted = drive.item(conflict.resource).is_some_and(|entry| entry.is_deleted());
        self.revive(conflict.resource)?;
        if winner == Winner::Client {
            return self.place(conflict.share, conflict.resource, path, OnConflict::Replace).map(drop);
        }
        let (parent, name) = self.parent_of(conflict.share, path)?;
        let holder = drive.child(parent.item.id, &name);
        if was_deleted || holder.is_some_and(|holder| holder.item.id != conflict.resource) {
            return self.place(conflict.share, conflict.resource, path, OnConflict::Rename).map(drop);
        }
        // Two places for one item: a copy goes to where the device wanted it.
        let copy = drive.copy(by, conflict.resource, parent.item.id, OnConflict::Rename)?;
        let patch = ItemPatch { name: Some(name.into()), on_conflict: OnConflict::Rename, ..ItemPatch::default() };
        drive.update(by, copy.item.id, patch)?;
        Ok(())
    }

    /// A folder that the device made where the server has a file.
    fn settle_folder(&self, conflict: &Conflict, winner: Winner) -> Result<(), ApiError> {
        let Some(path) = conflict.wanted_path.as_deref().filter(|_| winner != Winner::Server) else {
            return Ok(());
        };
        let (parent, name) = self.parent_of(conflict.share, path)?;
        let (drive, by) = (self.drive(), self.user.id);
        if winner == Winner::Client && drive.child(parent.item.id, &name).is_some() {
            drive.delete(by, conflict.resource)?;
        }
        let free = |number: u64| if number == 0 { name.clone() } else { format!("{name} ({number})") };
        let name = (0..).map(free).find(|name| drive.child(parent.item.id, name).is_none()).unwrap_or_default();
        drive.create_folder(by, parent.item.id, &name, NewFolder::default())?;
        Ok(())
    }

    fn delete_for(&self, conflict: &Conflict) -> Result<(), ApiError> {
        match self.drive().item(conflict.resource).filter(|entry| !entry.is_deleted()) {
            Some(_) => Ok(self.drive().delete(self.user.id, conflict.resource)?),
            None => Ok(()),
        }
    }

    /// Puts an item where a path of a share says.
    pub(super) fn place(
        &self,
        share: ItemId,
        item: ItemId,
        path: &str,
        on_conflict: OnConflict,
    ) -> Result<Entry, ApiError> {
        let (parent, name) = self.parent_of(share, path)?;
        let parent = Some(parent.item.id);
        let patch = ItemPatch { name: Some(name.into()), parent, on_conflict, ..ItemPatch::default() };
        Ok(self.drive().update(self.user.id, item, patch)?)
    }

    fn device_name(&self, conflict: &Conflict) -> String {
        let name = self.device(&conflict.device).map(|device| device.device_name).unwrap_or_default();
        let name: String = name.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter)).collect();
        if name.trim().is_empty() { "device".to_owned() } else { name }
    }
}

/// `name (conflict, device).ext`.
fn beside(name: &str, device: &str) -> String {
    match name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()) {
        Some((stem, extension)) => format!("{stem} (conflict, {device}).{extension}"),
        None => format!("{name} (conflict, {device})"),
    }
}

/// The two statuses of a refused change, when no strategy was named.
pub(super) fn refusal(conflict: &Conflict) -> ApiError {
    match conflict.change_type {
        ChangeType::Updated | ChangeType::Deleted if conflict.server_version.is_some() => ApiError::stale(),
        ChangeType::Updated | ChangeType::Deleted => ApiError::conflict("The resource was deleted"),
        _ => {
            ApiError::new(StatusCode::CONFLICT, "SYNC_CONFLICT", "The resource is in another place, or its place taken")
        }
    }
}
