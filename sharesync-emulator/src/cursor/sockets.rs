//! The live sockets: which there are, and what can be done to them from outside. How one is served is in `socket`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::drive::UserId;

/// The live sockets of the cursor sync API: a handle, cheap to clone. Everything here is done to all sockets that are open.
#[derive(Debug, Clone)]
pub struct CursorSockets {
    hub: Arc<Mutex<Hub>>,
}

#[derive(Debug)]
struct Hub {
    open: BTreeMap<u64, Open>,
    opened: u64,
    drop_rate: f64,
    dice: fastrand::Rng,
}

#[derive(Debug)]
struct Open {
    user: UserId,
    device: String,
    commands: UnboundedSender<Command>,
}

/// What a socket is told from outside.
#[derive(Debug)]
pub(super) enum Command {
    Text(String),
    Binary(Vec<u8>),
    Bytes(Vec<u8>),
    Close(u16, String),
    Drop,
}

impl CursorSockets {
    pub(super) fn new(seed: u64) -> Self {
        let dice = fastrand::Rng::with_seed(seed ^ 0x736f_636b);
        Self { hub: Arc::new(Mutex::new(Hub { open: BTreeMap::new(), opened: 0, drop_rate: 0.0, dice })) }
    }

    fn hub(&self) -> MutexGuard<'_, Hub> {
        self.hub.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many are open.
    pub fn count(&self) -> usize {
        self.hub().open.len()
    }

    /// How many were ever opened.
    pub fn opened(&self) -> u64 {
        self.hub().opened
    }

    /// Drops the connections without a closing handshake.
    pub fn drop_all(&self) {
        self.tell_all(|| Command::Drop);
    }

    /// From now on a share `rate`, from 0 to 1, of the change frames drops its connection instead of being sent. Which ones follows
    /// from the emulator's seed.
    pub fn drop_at_rate(&self, rate: f64) {
        self.hub().drop_rate = rate;
    }

    /// Closes the sockets with a code; 4401 is that of a token that is not valid.
    pub fn close(&self, code: u16, reason: &str) {
        self.tell_all(|| Command::Close(code, reason.to_owned()));
    }

    /// Sends a text frame, whatever it says.
    pub fn push_text(&self, text: impl Into<String>) {
        let text = text.into();
        self.tell_all(|| Command::Text(text.clone()));
    }

    /// Sends a binary frame.
    pub fn push_binary(&self, data: impl Into<Vec<u8>>) {
        let data = data.into();
        self.tell_all(|| Command::Binary(data.clone()));
    }

    /// Writes bytes to the connections past the framing: they need not be a frame at all.
    pub fn push_bytes(&self, data: impl Into<Vec<u8>>) {
        let data = data.into();
        self.tell_all(|| Command::Bytes(data.clone()));
    }

    /// Asks the devices to synchronise a share as a whole, by its id (`shr_…`).
    pub fn force_sync(&self, share_id: &str) {
        self.push_text(json!({"event_type": "force_sync", "share_id": share_id}).to_string());
    }

    pub(super) fn preference_updated(&self, user: UserId, device: &str, share_id: &str) {
        let frame: Value = json!({"event_type": "sync_preference_updated", "share_id": share_id, "device_id": device});
        let hub = self.hub();
        for open in hub.open.values().filter(|open| open.user == user && open.device == device) {
            let _ = open.commands.send(Command::Text(frame.to_string()));
        }
    }

    fn tell_all(&self, command: impl Fn() -> Command) {
        self.hub().open.values().for_each(|open| drop(open.commands.send(command())));
    }

    pub(super) fn add(&self, user: UserId, device: &str) -> (u64, UnboundedReceiver<Command>) {
        let (commands, receiver) = unbounded_channel();
        let mut hub = self.hub();
        hub.opened += 1;
        let number = hub.opened;
        hub.open.insert(number, Open { user, device: device.to_owned(), commands });
        (number, receiver)
    }

    pub(super) fn remove(&self, number: u64) {
        self.hub().open.remove(&number);
    }

    /// Whether the next change frame is to be a dropped connection.
    pub(super) fn drops_now(&self) -> bool {
        let mut hub = self.hub();
        let rate = hub.drop_rate;
        rate > 0.0 && hub.dice.f64() < rate
    }
}
