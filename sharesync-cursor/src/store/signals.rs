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
    let mut hearing = Hearing { share: store.options.share_id.clone(), subscribed: false, doubtful: false };
    let live = store.client.live().events(&device_id, store.options.live.clone());
    let live = live.try_filter_map(move |event| std::future::ready(Ok(hearing.signal(event))));
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

/// What was heard over the socket so far.
struct Hearing {
    share: String,
    /// Whether the subscription was confirmed since the socket was opened.
    subscribed: bool,
    /// Whether something that could not be read has led to a look since something could.
    doubtful: bool,
}

impl Hearing {
    /// What an event means for the share. What concerns others, what says nothing, and what is not known, means nothing;
    /// of frames that cannot be read in a row, the first may have told of a change.
    fn signal(&mut self, event: LiveEvent) -> Option<Signal> {
        let concerns = |share_id: Option<String>| share_id.is_none_or(|id| id == self.share);
        match event {
            LiveEvent::Connected => {
                (self.subscribed, self.doubtful) = (false, false);
                Some(Signal::Connected)
            }
            // What happened between the connection and the subscription was not heard either.
            LiveEvent::Frame(Frame::Subscribed) => {
                (!std::mem::replace(&mut self.subscribed, true)).then_some(Signal::Connected)
            }
            LiveEvent::Frame(Frame::Change { share_id, .. }) => {
                self.doubtful &= !concerns(share_id.clone());
                concerns(share_id).then_some(Signal::Changed)
            }
            LiveEvent::Frame(Frame::ForceSync { share_id }) => concerns(share_id).then_some(Signal::Reset),
            LiveEvent::Frame(Frame::Malformed(_)) => {
                (!std::mem::replace(&mut self.doubtful, true)).then_some(Signal::Changed)
            }
            LiveEvent::Frame(_) => None,
            LiveEvent::Interrupted { error, .. } => Some(Signal::Interrupted(error)),
        }
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

#[cfg(test)]
mod tests {
    use sharesync_core::Error;

    use super::*;

    /// The signals that come of frames, in short.
    fn heard(frames: Vec<Frame>) -> String {
        let mut hearing = Hearing { share: "shr_1".to_owned(), subscribed: false, doubtful: false };
        let events = std::iter::once(LiveEvent::Connected).chain(frames.into_iter().map(LiveEvent::Frame));
        let signals = events.filter_map(|event| hearing.signal(event));
        signals.map(|signal| format!("{signal:?} ")).collect::<String>().trim_end().to_owned()
    }

    fn change(share: Option<&str>) -> Frame {
        Frame::Change { share_id: share.map(str::to_owned), change: None }
    }

    fn garbled() -> Frame {
        Frame::Malformed(Error::new(ErrorKind::Protocol, "so"))
    }

    #[test]
    fn what_says_nothing_is_no_signal() {
        let nothing = vec![Frame::Empty, Frame::Pong, Frame::Empty, Frame::Unknown("party".into()), Frame::Pong];
        assert_eq!(heard(nothing), "Connected");
        let preference = Frame::PreferenceUpdated { share_id: Some("shr_1".into()), device_id: None };
        assert_eq!(
            heard(vec![preference, change(Some("shr_2")), Frame::ForceSync { share_id: Some("x".into()) }]),
            "Connected"
        );
        assert_eq!(heard(vec![Frame::Subscribed, Frame::Subscribed, Frame::Subscribed]), "Connected Connected");
    }

    #[test]
    fn what_cannot_be_read_is_looked_after_once() {
        assert_eq!(heard(vec![garbled(), garbled(), Frame::Pong, garbled()]), "Connected Changed");
        let again = vec![garbled(), garbled(), change(None), garbled(), garbled()];
        assert_eq!(heard(again), "Connected Changed Changed Changed");
        assert_eq!(heard(vec![garbled(), change(Some("shr_2")), garbled()]), "Connected Changed");
        assert_eq!(heard(vec![change(Some("shr_1")), change(None)]), "Connected Changed Changed");
    }
}
