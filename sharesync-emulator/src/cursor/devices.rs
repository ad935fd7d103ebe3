//! Devices of a user, and what each of them wants of each share.
//!
//! Ours: a device that is registered again is the same device with other words; its cursors are where they were. A share for which
//! a device has said nothing is synchronised whole; what a change of preferences does not name stays as it is, and null folders are
//! none.

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::errors::{ApiError, Outcome};
use super::info::ok;
use super::wire::{Given, given};
use super::{Ctx, ids, no_content};
use crate::drive::{Drive, ItemId, UserId};
use crate::http::{encode, json as json_reply};

/// A registered device.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Device {
    pub(super) user: UserId,
    pub(super) device_id: String,
    pub(super) device_name: String,
    pub(super) platform: Platform,
    pub(super) client_version: String,
    pub(super) is_active: bool,
    pub(super) last_seen_at: Timestamp,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Platform {
    Windows,
    MacOs,
    Linux,
    Ios,
    Android,
    Web,
    Cli,
}

/// What a device wants of a share.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Preference {
    pub(super) sync_enabled: bool,
    selected_folders: Vec<String>,
    excluded_folders: Vec<String>,
}

impl Default for Preference {
    fn default() -> Self {
        Self { sync_enabled: true, selected_folders: Vec::new(), excluded_folders: Vec::new() }
    }
}

#[derive(Debug, Deserialize)]
struct Registration {
    device_id: String,
    device_name: String,
    platform: Platform,
    client_version: String,
}

#[derive(Debug, Deserialize)]
struct DevicePatch {
    device_name: Option<String>,
    is_active: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct PreferencePatch {
    sync_enabled: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    selected_folders: Given<Vec<String>>,
    #[serde(default, deserialize_with = "given")]
    excluded_folders: Given<Vec<String>>,
}

#[derive(Debug, Deserialize)]
struct Bulk {
    preferences: Vec<BulkEntry>,
}

#[derive(Debug, Deserialize)]
struct BulkEntry {
    share_id: String,
    #[serde(flatten)]
    patch: PreferencePatch,
}

/// The key of a device among all users' devices.
pub(super) fn device_key(user: UserId, device: &str) -> String {
    format!("{}/{}", ids::user(user), encode(device))
}

/// The key of what belongs to a device and a share.
pub(super) fn device_share_key(user: UserId, device: &str, share: ItemId) -> String {
    format!("{}/{}", device_key(user, device), ids::share(share))
}

impl Ctx {
    /// Everything below `/sync/devices`.
    pub(super) fn devices(&self, rest: &[&str]) -> Outcome {
        match (&self.call.method, rest) {
            (&Method::GET, []) => Ok(ok(&self.own_devices().iter().map(device_json).collect())),
            (&Method::POST, []) => self.register(),
            (&Method::PATCH, [device]) => self.patch_device(device),
            (&Method::DELETE, [device]) => self.remove_device(device),
            (&Method::POST, [device, "heartbeat"]) => self.heartbeat(device),
            (&Method::GET, [device, "preferences"]) => self.preferences(device),
            (&Method::PUT, [device, "preferences"]) => self.put_preferences(device),
            (&Method::PUT, [device, "preferences", share]) => self.put_preference(device, share),
            (_, [] | [_] | [_, "heartbeat" | "preferences"] | [_, "preferences", _]) => Err(ApiError::not_allowed()),
            _ => Err(ApiError::not_found("Page")),
        }
    }

    fn own_devices(&self) -> Vec<Device> {
        let all = self.face.devices.all().into_iter();
        all.filter(|device| device.user == self.user.id).collect()
    }

    /// A device of the caller's.
    pub(super) fn device(&self, device: &str) -> Result<Device, ApiError> {
        let found = self.face.devices.get(&device_key(self.user.id, device));
        found.ok_or_else(|| ApiError::not_found("Device"))
    }

    fn register(&self) -> Outcome {
        let new: Registration = self.body()?;
        if new.device_id.is_empty() {
            return Err(ApiError::invalid(&["body", "device_id"], "The device id is empty"));
        }
        let device = Device {
            user: self.user.id,
            device_id: new.device_id,
            device_name: new.device_name,
            platform: new.platform,
            client_version: new.client_version,
            is_active: true,
            last_seen_at: Drive::now(),
        };
        self.face.devices.put(&device_key(self.user.id, &device.device_id), device.clone());
        Ok(json_reply(StatusCode::CREATED, device_json(&device).to_string()))
    }

    fn patch_device(&self, device: &str) -> Outcome {
        let patch: DevicePatch = self.body()?;
        let changed = self.face.devices.update(&device_key(self.user.id, device), |device| {
            device.device_name = patch.device_name.unwrap_or_else(|| device.device_name.clone());
            device.is_active = patch.is_active.unwrap_or(device.is_active);
        });
        changed.map(|device| ok(&device_json(&device))).ok_or_else(|| ApiError::not_found("Device"))
    }

    fn remove_device(&self, device: &str) -> Outcome {
        self.face.devices.remove(&device_key(self.user.id, device)).ok_or_else(|| ApiError::not_found("Device"))?;
        no_content()
    }

    fn heartbeat(&self, device: &str) -> Outcome {
        let seen = |device: &mut Device| device.last_seen_at = Drive::now();
        let seen = self.face.devices.update(&device_key(self.user.id, device), seen);
        seen.ok_or_else(|| ApiError::not_found("Device"))?;
        no_content()
    }

    fn preferences(&self, device: &str) -> Outcome {
        self.device(device)?;
        let shares = self.face.space.all(&self.user).into_iter();
        let all: Value = shares.map(|share| self.preference_json(device, share.item.id)).collect();
        Ok(ok(&json!({"preferences": all})))
    }

    fn put_preference(&self, device: &str, share: &str) -> Outcome {
        self.device(device)?;
        let share = self.share(share)?.item.id;
        self.change_preference(device, share, self.body()?);
        Ok(ok(&self.preference_json(device, share)))
    }

    /// All of them or none.
    fn put_preferences(&self, device: &str) -> Outcome {
        self.device(device)?;
        let bulk: Bulk = self.body()?;
        let known = bulk.preferences.into_iter().map(|entry| Ok((self.share(&entry.share_id)?.item.id, entry.patch)));
        let known = known.collect::<Result<Vec<_>, ApiError>>()?;
        let mut changed = Vec::new();
        for (share, patch) in known {
            self.change_preference(device, share, patch);
            changed.push(self.preference_json(device, share));
        }
        Ok(ok(&json!({"preferences": changed})))
    }

    fn change_preference(&self, device: &str, share: ItemId, patch: PreferencePatch) {
        self.face.preferences.upsert(&device_share_key(self.user.id, device, share), |preference| {
            preference.sync_enabled = patch.sync_enabled.unwrap_or(preference.sync_enabled);
            if let Some(folders) = patch.selected_folders {
                preference.selected_folders = folders.unwrap_or_default();
            }
            if let Some(folders) = patch.excluded_folders {
                preference.excluded_folders = folders.unwrap_or_default();
            }
        });
        self.face.sockets.preference_updated(self.user.id, device, &ids::share(share));
    }

    fn preference_json(&self, device: &str, share: ItemId) -> Value {
        let preference = self.face.preferences.get(&device_share_key(self.user.id, device, share)).unwrap_or_default();
        json!({
            "share_id": ids::share(share), "sync_enabled": preference.sync_enabled,
            "selected_folders": preference.selected_folders, "excluded_folders": preference.excluded_folders,
        })
    }
}

/// The device object, of six members (reconstructed from their names and the number of lines).
fn device_json(device: &Device) -> Value {
    json!({
        "device_id": device.device_id, "device_name": device.device_name, "platform": device.platform,
        "client_version": device.client_version, "is_active": device.is_active,
        "last_seen_at": device.last_seen_at.to_string(),
    })
}
