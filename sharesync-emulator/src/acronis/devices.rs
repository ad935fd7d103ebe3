//! The devices that the administrator's users work with. An emulator has none that would come by themselves: there are three from
//! the start, of the kinds that the reference shows. The drive keeps what is done to them.

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::Ctx;
use super::errors::{ApiError, Outcome};
use super::ids;
use super::wire::{seconds, user_name};
use crate::drive::{Drive, User, UserId};
use crate::http::{empty, json as json_reply};

/// All devices.
#[derive(Debug)]
pub(super) struct Devices(Vec<Device>);

#[derive(Debug)]
struct Device {
    uuid: String,
    name: &'static str,
    platform: &'static str,
    model: Option<&'static str>,
    app_version: &'static str,
    system_version: &'static str,
    client_type: &'static str,
    seen: Timestamp,
    user: UserId,
    user_name: String,
    notes: Option<String>,
}

impl Devices {
    pub(super) fn of(drive: &Drive, user: &User) -> Self {
        let mut devices = Self::known(user);
        devices.0.retain_mut(|device| match drive.kept(&device.key()).pop() {
            Some((_, kept)) => {
                device.notes = kept.get("notes").and_then(Value::as_str).map(str::to_owned);
                kept.get("removed").is_none()
            }
            None => true,
        });
        devices
    }

    fn known(user: &User) -> Self {
        let kinds = [
            ("sailfish", "Android", Some("Pixel"), "8.0.0.2659", "9", "mobile"),
            ("iPad Pro (12.9-inch) (3rd generation)", "iOS", Some("x86_64"), "8.2.1.1337", "12.1", "mobile"),
            ("BG-CZC3254K91", "Windows", None, "8.5.1x413", "10", "desktop"),
        ];
        let devices = kinds.into_iter().zip(1..).map(|(kind, number)| {
            let (name, platform, model, app_version, system_version, client_type) = kind;
            let (uuid, user_name, seen) = (ids::device(number), user_name(user), Drive::now());
            let (user, notes) = (user.id, None);
            Device {
                uuid,
                name,
                platform,
                model,
                app_version,
                system_version,
                client_type,
                seen,
                user,
                user_name,
                notes,
            }
        });
        Self(devices.collect())
    }

    fn place(&self, uuid: &str) -> Result<usize, ApiError> {
        self.0.iter().position(|device| device.uuid.eq_ignore_ascii_case(uuid)).ok_or_else(ApiError::not_found)
    }

    fn find(&mut self, uuid: &str) -> Result<&mut Device, ApiError> {
        self.0.iter_mut().find(|device| device.uuid.eq_ignore_ascii_case(uuid)).ok_or_else(ApiError::not_found)
    }
}

impl Device {
    /// The key under which a drive keeps what was done to it.
    fn key(&self) -> String {
        format!("acronis/device/{}", self.uuid)
    }

    fn to_json(&self) -> Value {
        let fixed = json!({
            "uuid": self.uuid, "name": self.name, "system_platform": self.platform, "filesystem": 0,
            "app_version": self.app_version, "system_version": self.system_version, "client_type": self.client_type,
            "last_contact_time": seconds(self.seen), "user_uuid": ids::user(self.user), "user_name": self.user_name,
            "actions": {"remove": format!("/fc/api/v1/devices/{}", self.uuid)},
        });
        let mut fields = match fixed {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        let more = [("model", self.model), ("notes", self.notes.as_deref())];
        fields.extend(more.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.into()))));
        Value::Object(fields)
    }
}

impl Ctx {
    pub(super) fn devices(&self) -> Outcome {
        let window = self.window()?;
        window.cut(self.face.state().devices.0.iter().map(Device::to_json).collect())
    }

    pub(super) fn device(&self, uuid: &str) -> Outcome {
        let device = self.face.state().devices.find(uuid)?.to_json();
        Ok(json_reply(StatusCode::OK, device.to_string()))
    }

    pub(super) fn update_device(&self, uuid: &str) -> Outcome {
        let mut state = self.face.state();
        let device = state.devices.find(uuid)?;
        let fields = self.fields("device")?;
        let notes = fields.text("notes")?.map(str::to_owned);
        if fields.has("notes") {
            device.notes = notes;
            self.drive().keep(device.key(), json!({"notes": device.notes}));
        }
        let text = format!("Updated device '{}'.", device.name);
        state.audit.about_nothing(self.drive(), Some(&self.user), text);
        Ok(empty(StatusCode::NO_CONTENT))
    }

    pub(super) fn delete_device(&self, uuid: &str) -> Outcome {
        let mut state = self.face.state();
        let place = state.devices.place(uuid)?;
        let device = state.devices.0.remove(place);
        self.drive().keep(device.key(), json!({"removed": true}));
        let text = format!("Removed device '{}'.", device.name);
        state.audit.about_nothing(self.drive(), Some(&self.user), text);
        Ok(empty(StatusCode::NO_CONTENT))
    }
}
