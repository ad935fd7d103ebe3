//! The devices that users have. The user must be an administrator.

use futures::FutureExt as _;
use http::Method;
use sharesync_core::{BoxStream, Page, Result};

use crate::client::{resource, wrapped};
use crate::model::{Device, DeviceUpdate};
use crate::paging::{PER_PAGE, pages};
use crate::{Listed, Paging};

resource! {
    /// The devices that users have: [`Client::devices`](crate::Client::devices).
    Devices in tenant_id
}

impl Devices {
    /// One page of the devices.
    ///
    /// `GET /devices` [Get devices list].
    ///
    /// # Errors
    /// [`PermissionDenied`](sharesync_core::ErrorKind::PermissionDenied) for who is no administrator.
    pub async fn list(&self, paging: &Paging) -> Result<Listed<Device>> {
        self.0.page(self.0.request("Devices.List", "devices", &[]), paging).await
    }

    /// All devices, page by page, each once.
    pub fn all(&self) -> BoxStream<'static, Result<Page<Device>>> {
        let devices = self.clone();
        pages(
            "Devices.List",
            PER_PAGE,
            |device: &Device| device.uuid.as_deref(),
            move |paging| {
                let devices = devices.clone();
                async move { devices.list(&paging).await }.boxed()
            },
        )
    }

    /// A device.
    ///
    /// `GET /devices/{device_uuid}` [Get device information].
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound), and as [`list`](Self::list).
    pub async fn get(&self, device_uuid: &str) -> Result<Device> {
        self.0.request("Devices.Get", "devices/{}", &[device_uuid]).json(Method::GET).await
    }

    /// Changes a device.
    ///
    /// `PUT /devices/{device_uuid}` [Update device].
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn update(&self, device_uuid: &str, update: &DeviceUpdate) -> Result<()> {
        let request = self.0.request("Devices.Update", "devices/{}", &[device_uuid]);
        request.body(&wrapped("device", update)).done(Method::PUT).await
    }

    /// Deletes a device.
    ///
    /// `DELETE /devices/{device_uuid}` [Delete device].
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn delete(&self, device_uuid: &str) -> Result<()> {
        self.0.request("Devices.Delete", "devices/{}", &[device_uuid]).done(Method::DELETE).await
    }
}
