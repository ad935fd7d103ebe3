//! Changes, positions, what is applied, and conflicts (Change object, Change tracking, Conflicts).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::wire::{DateTime, SyncCursor, entity, wire_enum};

wire_enum! {
    /// What happened to a resource (Change object, `change_type`).
    ChangeType {
        /// It was created.
        Created = "created",
        /// It has a new content, or other properties.
        Updated = "updated",
        /// It was deleted.
        Deleted = "deleted",
        /// It is in another folder.
        Moved = "moved",
        /// It has another name, or a folder above it has.
        Renamed = "renamed",
    }
}

wire_enum! {
    /// What a change is about (Change object, `resource_type`).
    ResourceType {
        /// A file.
        File = "file",
        /// A folder.
        Folder = "folder",
        /// A share.
        Share = "share",
    }
}

wire_enum! {
    /// What becomes of an edit that meets another one (POST /sync/apply, resolution values).
    Resolution {
        /// The later write stands.
        LastWriterWins = "LAST_WRITER_WINS",
        /// Both stand, one under another name.
        KeepBoth = "KEEP_BOTH",
        /// What the server has stands.
        ServerWins = "SERVER_WINS",
        /// What the client sends stands.
        ClientWins = "CLIENT_WINS",
        /// A person decides: it stays a conflict.
        Manual = "MANUAL",
    }
}

entity! {
    /// One change in the log of a share (Change object).
    ChangeEntry {
        /// The identifier of the change, such as `chg_…`.
        id: String,
        /// The tenant. Missing in the frames of the live socket.
        tenant_id: String,
        /// The share. Missing in the frames of the live socket, which name it beside.
        share_id: String,
        /// What it is about.
        resource_type: ResourceType,
        /// Which one.
        resource_id: String,
        /// What happened.
        change_type: ChangeType,
        /// Who did it.
        changed_by: String,
        /// When.
        changed_at: DateTime,
        /// The path before, from the root of the share, beginning with a slash.
        old_path: String,
        /// The path since; the same as before where it did not change.
        new_path: String,
        /// The version that came of it.
        version_id: String,
        /// What else is known, such as `size` and `mime_type`.
        metadata: serde_json::Map<String, Value>,
    }
}

/// One answer of the change log (GET /sync/changes).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChangesPage {
    /// The changes, oldest first.
    pub changes: Vec<ChangeEntry>,
    /// Where to go on.
    pub cursor: SyncCursor,
    /// Whether there are more changes now.
    pub has_more: bool,
    /// The share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_id: Option<String>,
}

entity! {
    /// How far a device is in a share (GET /sync/status).
    SyncStatus {
        /// Where the device is.
        cursor_position: SyncCursor,
        /// When it was there last.
        last_sync_at: DateTime,
        /// Changes that it has not seen.
        pending_changes: u64,
        /// Whether there are conflicts to resolve.
        has_conflicts: bool,
    }
}

entity! {
    /// Where a device is since it said so (POST /sync/cursor).
    Position {
        /// Where the device is.
        cursor_position: SyncCursor,
        /// When it said so.
        last_sync_at: DateTime,
    }
}

entity! {
    /// What a device did while it was away (POST /sync/apply). It carries no content: that is uploaded first, and
    /// `version_id` then names what was uploaded (inferred).
    Apply {
        /// The device.
        device_id (with_device_id): String,
        /// The share.
        share_id (with_share_id): String,
        /// What becomes of edits that meet others.
        conflict_resolution (with_conflict_resolution): Resolution,
        /// What was done, in this order.
        changes (with_changes): Vec<LocalChange>,
    }
}

entity! {
    /// One thing that a device did (POST /sync/apply, `changes`). That there are four fields after `version_id` is
    /// documented, and of `base_version_id` the name; which they are is inferred.
    LocalChange {
        /// What it is about.
        resource_type (with_resource_type): ResourceType,
        /// Which one.
        resource_id (with_resource_id): String,
        /// What was done.
        change_type (with_change_type): ChangeType,
        /// The version that came of it, as the service named it when its content was uploaded.
        version_id (with_version_id): String,
        /// The version that the device had before its edit. A server that has a newer one sees a conflict.
        base_version_id (with_base_version_id): String,
        /// The path before (inferred).
        old_path (with_old_path): String,
        /// The path since (inferred).
        new_path (with_new_path): String,
        /// What else is known (inferred).
        metadata (with_metadata): serde_json::Map<String, Value>,
    }
}

/// What became of the changes of a device (POST /sync/apply). That the answer has three fields is documented; which they
/// are is our reading.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Applied {
    /// What was applied: a number, or a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied: Option<Value>,
    /// What was not, because it met other edits.
    #[serde(deserialize_with = "super::wire::or_default")]
    pub conflicts: Vec<Conflict>,
    /// The position after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<SyncCursor>,
    /// What the service sent besides.
    #[serde(flatten)]
    pub extra: super::Extra,
}

impl Applied {
    /// How many changes were applied, where the service says.
    pub fn count(&self) -> Option<u64> {
        match self.applied.as_ref()? {
            Value::Array(list) => Some(list.len() as u64),
            other => other.as_u64(),
        }
    }
}

entity! {
    /// Two edits of the same state that met (GET /sync/conflicts). How many fields it has is documented, and that it can
    /// be found by device, by share and by whether it is resolved; their names are our reading.
    Conflict {
        /// The identifier, for [`resolve`](crate::Sync::resolve).
        #[serde(alias = "conflict_id")]
        id: String,
        /// The share.
        share_id: String,
        /// The device whose edit it was.
        device_id: String,
        /// What it is about.
        resource_type: ResourceType,
        /// Which one.
        resource_id: String,
        /// What kind of conflict it is, in the service's words.
        conflict_type: String,
        /// The version of the device.
        client_version_id: String,
        /// The version of the server.
        server_version_id: String,
        /// How it was resolved.
        resolution: Resolution,
        /// When it was found.
        #[serde(alias = "created_at")]
        detected_at: DateTime,
        /// When it was resolved.
        resolved_at: DateTime,
    }
}

impl Conflict {
    /// Whether it is resolved: one that is left to a person is not.
    pub fn is_resolved(&self) -> bool {
        let decided = self.resolution.as_ref().is_some_and(|resolution| *resolution != Resolution::Manual);
        decided || self.resolved_at.is_some()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_documented_is_read_in_every_likely_form() {
        let read = |value| serde_json::from_value::<Applied>(value).unwrap();
        assert_eq!(read(json!({"applied": 2, "conflicts": [], "cursor": 7})).count(), Some(2));
        assert_eq!(read(json!({"applied": [{}, {}, {}], "conflicts": [], "errors": []})).count(), Some(3));
        assert_eq!(read(json!({})).count(), None);
        let conflict = |value| serde_json::from_value::<Conflict>(value).unwrap();
        let one = conflict(json!({"conflict_id": "c", "resolution": null, "resolved_at": null, "created_at": "x"}));
        assert_eq!((one.id.as_deref(), one.is_resolved()), (Some("c"), false));
        assert!(conflict(json!({"id": "c", "resolution": "KEEP_BOTH"})).is_resolved());
        assert!(!conflict(json!({"id": "c", "resolution": "MANUAL"})).is_resolved());
        assert!(conflict(json!({"id": "c", "resolved_at": "2026-01-02T03:04:05Z"})).is_resolved());
    }

    #[test]
    fn unknown_values_and_fields_are_kept() {
        let sent = json!({"id": "chg_1", "change_type": "frozen", "resource_type": "file", "colour": "red"});
        let entry: ChangeEntry = serde_json::from_value(sent.clone()).unwrap();
        assert_eq!(entry.change_type, Some(ChangeType::Other("frozen".into())));
        assert_eq!(entry.extra["colour"], "red");
        assert_eq!(serde_json::to_value(&entry).unwrap(), sent);
    }
}
