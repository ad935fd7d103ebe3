//! What can be asked of ChangeList beside the protocol: a full synchronisation, a changed header, an endless list.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::StatusCode;
use serde_json::json;

use crate::http::{Query, Reply, json as json_reply};

/// What FilesAnywhere's `ChangeList` is to say, whatever has changed: a handle, cheap to clone. The program has it as
/// `POST /_emulator/change-list?full_sync=N&header_changed=N&entries=N`.
#[derive(Debug, Clone)]
pub struct ChangeListSwitches {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    full_sync: u64,
    header_changed: u64,
    entries: Option<u64>,
}

/// What one answer is to say.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) full_sync: bool,
    pub(super) header_changed: bool,
    pub(super) entries: Option<u64>,
}

impl ChangeListSwitches {
    pub(super) fn new(entries: Option<u64>) -> Self {
        Self { state: Arc::new(Mutex::new(State { entries, ..State::default() })) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next answers, so many of them, say `FullSync`: what has changed is not known any more.
    pub fn full_sync(&self, times: u64) {
        self.state().full_sync = times;
    }

    /// The next answers, so many of them, say `HeaderChanged`: the folders to synchronise are others.
    pub fn header_changed(&self, times: u64) {
        self.state().header_changed = times;
    }

    /// Every answer lists so many files, which do not exist and are made while they are sent; `None` lists what has changed.
    pub fn entries(&self, number: Option<u64>) {
        self.state().entries = number;
    }

    /// What the next answer is to say; counts it.
    pub(super) fn take(&self) -> Wanted {
        let mut state = self.state();
        let wanted =
            Wanted { full_sync: state.full_sync > 0, header_changed: state.header_changed > 0, entries: state.entries };
        state.full_sync = state.full_sync.saturating_sub(1);
        state.header_changed = state.header_changed.saturating_sub(1);
        wanted
    }

    /// Sets what a query names, and says what is set.
    pub(super) fn set(&self, query: &Query) -> Reply {
        let mut state = self.state();
        state.full_sync = query.number("full_sync").unwrap_or(state.full_sync);
        state.header_changed = query.number("header_changed").unwrap_or(state.header_changed);
        if query.has("entries") {
            state.entries = query.number("entries");
        }
        let set = json!({
            "full_sync": state.full_sync, "header_changed": state.header_changed, "entries": state.entries,
        });
        json_reply(StatusCode::OK, set.to_string())
    }
}
