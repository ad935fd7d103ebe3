//! Devices and what they synchronize: `/api/v1/sync/devices` (Devices, Sync preferences).

use std::collections::BTreeMap;

use http::Method;
use serde::de::IgnoredAny;
use sharesync_core::Result;
use sharesync_core::http::{JsonList, Repeat};

use crate::client::resource;
use crate::model::{Device, DeviceUpdate, NewDevice, Preference};

resource! {
    /// The user's devices: [`Client::devices`](crate::Client::devices).
    Devices
}

impl Devices {
    /// The user's devices.
    ///
    /// `GET /sync/devices`.
    ///
    /// # Errors
    /// Those of every request.
    pub async fn list(&self) -> Result<Vec<Device>> {
        let list = JsonList::at(&[&[], &["devices"]]);
        self.0.list(self.0.request("Devices.List", "sync/devices", &[]), "devices", list).await
    }

    /// Registers a device under the identifier that the client chose. The answer (status 201) is the device (inferred);
    /// `None` where the service sends nothing.
    ///
    /// `POST /sync/devices`.
    ///
    /// # Errors
    /// What the service says of an identifier that is taken is not documented.
    pub async fn register(&self, device: &NewDevice) -> Result<Option<Device>> {
        let request = self.0.request("Devices.Register", "sync/devices", &[]).about(device.device_id.as_deref());
        request.body(device).maybe_json(Method::POST).await
    }

    /// Changes a device. The answer is the device where the service sends one (not documented).
    ///
    /// `PATCH /sync/devices/{device_id}`.
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound).
    pub async fn update(&self, device_id: &str, update: &DeviceUpdate) -> Result<Option<Device>> {
        let request = self.0.request("Devices.Update", "sync/devices/{}", &[device_id]);
        request.body(update).repeat(Repeat::Idempotent).maybe_json(Method::PATCH).await
    }

    /// Removes a device. Its positions stop advancing.
    ///
    /// `DELETE /sync/devices/{device_id}`.
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound).
    pub async fn remove(&self, device_id: &str) -> Result<()> {
        self.0.request("Devices.Remove", "sync/devices/{}", &[device_id]).done(Method::DELETE).await
    }

    /// Says that a device is in use.
    ///
    /// `POST /sync/devices/{device_id}/heartbeat`.
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound).
    pub async fn heartbeat(&self, device_id: &str) -> Result<()> {
        let request = self.0.request("Devices.Heartbeat", "sync/devices/{}/heartbeat", &[device_id]);
        request.repeat(Repeat::Idempotent).done(Method::POST).await
    }

    /// What a device synchronizes of each share.
    ///
    /// `GET /sync/devices/{device_id}/preferences`.
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound).
    pub async fn preferences(&self, device_id: &str) -> Result<Vec<Preference>> {
        let request = self.0.request("Devices.Preferences", "sync/devices/{}/preferences", &[device_id]);
        self.0.list(request, "preferences", JsonList::at(&[&[], &["preferences"]])).await
    }

    /// Says what a device synchronizes of a share. The answer is the preference where the service sends one (not
    /// documented).
    ///
    /// `PUT /sync/devices/{device_id}/preferences/{share_id}`.
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound).
    pub async fn set_preference(
        &self,
        device_id: &str,
        share_id: &str,
        preference: &Preference,
    ) -> Result<Option<Preference>> {
        let request = self.0.request("Devices.SetPreference", "sync/devices/{}/preferences/{}", &[device_id, share_id]);
        // The address names the share; the body has the other three fields.
        let body = Preference { share_id: None, ..preference.clone() };
        request.body(&body).maybe_json(Method::PUT).await
    }

    /// Says what a device synchronizes of several shares. That the body is an object with the list `preferences` is
    /// inferred from its length.
    ///
    /// `PUT /sync/devices/{device_id}/preferences`.
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound).
    pub async fn set_preferences(&self, device_id: &str, preferences: &[Preference]) -> Result<()> {
        let request = self.0.request("Devices.SetPreferences", "sync/devices/{}/preferences", &[device_id]);
        request
            .body(&BTreeMap::from([("preferences", preferences)]))
            .maybe_json::<IgnoredAny>(Method::PUT)
            .await
            .map(drop)
    }
}
