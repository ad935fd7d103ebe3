//! What the live socket means for the store: when it is time to read the changes.

use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use sharesync_core::{BoxStream, ErrorKind, Result, Signal};

use super::Inner;
use crate::model::{NewDevice, Platform};
use crate::{Frame, LiveEvent};

/// Listens to the live socket of a device.
pub(super) fn signals(store: Arc<Inner>, device_id: String) -> BoxStream<'static, Result<Signal>> {
    let registered = {
        let (store, device_id) = (store.clone(), device_id.clone());
        async move { store.ensure_device(&device_id).await }
    };
    let share_id = store.options.share_id.clone();
    let live = store.client.live().events(&device_id, store.options.live.clone());
    let live = live.try_filter_map(move |event| std::future::ready(Ok(signal(event, &share_id))));
    // Until the device is registered there is no socket; what fails here may pass, and the socket then says so itself.
    let registered = stream::once(registered).filter_map(|registered| async move {
        match registered {
            Ok(()) => None,
            Err(error) if passes(error.kind()) => Some(Ok(Signal::Interrupted(error))),
            Err(error) => Some(Err(error)),
        }
    });
    let mut ended = false;
    let all = registered.chain(live);
    all.take_while(move |signal| std::future::ready(!std::mem::replace(&mut ended, signal.is_err()))).boxed()
}

fn passes(kind: ErrorKind) -> bool {
    !matches!(
        kind,
        ErrorKind::Unauthenticated | ErrorKind::PermissionDenied | ErrorKind::Unsupported | ErrorKind::Insecure
    )
}

/// What an event means for a share. What concerns others, and what is not known, means nothing.
fn signal(event: LiveEvent, share: &str) -> Option<Signal> {
    let concerns = |share_id: Option<String>| share_id.is_none_or(|id| id == share);
    match event {
        // What happened between the connection and the subscription was not heard either.
        LiveEvent::Connected | LiveEvent::Frame(Frame::Subscribed) => Some(Signal::Connected),
        LiveEvent::Frame(Frame::Change { share_id, .. }) => concerns(share_id).then_some(Signal::Changed),
        LiveEvent::Frame(Frame::ForceSync { share_id }) => concerns(share_id).then_some(Signal::Reset),
        LiveEvent::Frame(Frame::Malformed(_)) => Some(Signal::Changed),
        LiveEvent::Frame(_) => None,
        LiveEvent::Interrupted { error, .. } => Some(Signal::Interrupted(error)),
    }
}

impl Inner {
    /// Registers the device unless the user has one of this identifier.
    async fn ensure_device(&self, device_id: &str) -> Result<()> {
        let devices = self.client.devices().list().await?;
        if devices.iter().any(|device| device.device_id.as_deref() == Some(device_id)) {
            return Ok(());
        }
        let device = NewDevice::new()
            .with_device_id(device_id)
            .with_device_name("sharesync")
            .with_platform(platform())
            .with_client_version(env!("CARGO_PKG_VERSION"));
        self.client.devices().register(&device).await.map(drop)
    }
}

/// What this program runs on, in the words of the service.
fn platform() -> Platform {
    match std::env::consts::OS {
        "windows" => Platform::Windows,
        "macos" => Platform::Macos,
        "linux" => Platform::Linux,
        "ios" => Platform::Ios,
        "android" => Platform::Android,
        _ => Platform::Cli,
    }
}
