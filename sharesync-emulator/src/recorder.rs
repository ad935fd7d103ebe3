//! The record of requests: what came, what went back. A ring, so that a long run does not fill the memory.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use http::header::{ACCEPT_LANGUAGE, USER_AGENT};
use jiff::Timestamp;
use serde::Serialize;

use crate::http::{decode, soap_action};

/// Parameters whose values let whoever has them in.
const SECRETS: [&str; 7] =
    ["token", "access_token", "refresh_token", "password", "code", "code_verifier", "client_secret"];

/// One request that the emulator received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RequestRecord {
    /// Its number, from 1 on without gaps, also across what the ring has forgotten.
    pub sequence: u64,
    /// When its head had arrived, in RFC 3339.
    pub at: String,
    /// The method.
    pub method: String,
    /// The path, still percent-encoded.
    pub path: String,
    /// The query string as it came, but for the secrets in it: the values of `token`, `access_token`, `refresh_token`, `password`,
    /// `code`, `code_verifier` and `client_secret` are `redacted`. Signatures of pre-signed addresses stay: they are what a test
    /// looks for in the logs of a client.
    pub query: String,
    /// What a SOAP request asked for, as far as its head says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Whether it carried an `Authorization` header.
    pub authorization: bool,
    /// Whether it went to the storage host's paths, where credentials do not belong.
    pub storage: bool,
    /// The status of the reply; `None` if there was none, or none yet.
    pub status: Option<u16>,
    /// Bytes of the request's body that were read.
    pub request_bytes: u64,
    /// Bytes of the reply's body that were handed to the connection.
    pub response_bytes: u64,
    /// The fault that struck it; with `, carried out` at its end if that was after the work.
    pub fault: Option<String>,
    /// Whether it changed the drive: items, versions, links, members, devices. What it only left behind about itself (an audit entry,
    /// a cursor) does not count, nor do parts of uploads that are not complete. A request that starts an operation of its own
    /// counts once the operation has changed something.
    pub applied: bool,
    /// The `User-Agent` header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The `Accept-Language` header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept_language: Option<String>,
}

/// The requests that were received: a handle, cheap to clone.
#[derive(Debug, Clone)]
pub struct Requests {
    ring: Arc<Mutex<Ring>>,
}

#[derive(Debug)]
struct Ring {
    slots: VecDeque<Arc<Slot>>,
    room: usize,
    received: u64,
}

/// A request while it is under way and after.
#[derive(Debug)]
pub(crate) struct Slot {
    sequence: u64,
    at: Timestamp,
    method: String,
    path: String,
    query: String,
    action: Option<String>,
    authorization: bool,
    storage: bool,
    status: AtomicU16,
    received: AtomicU64,
    sent: AtomicU64,
    fault: OnceLock<String>,
    applied: AtomicBool,
    user_agent: Option<String>,
    accept_language: Option<String>,
}

tokio::task_local! {
    /// The request that is being carried out.
    static CURRENT: Arc<Slot>;
}

/// Carries something out in the name of a request: what it changes counts as changed by that.
pub(crate) fn attributed<F: Future>(slot: Arc<Slot>, work: F) -> impl Future<Output = F::Output> {
    CURRENT.scope(slot, work)
}

/// The request that is being carried out, if it is one: for what goes on after its answer.
pub(crate) fn current() -> Option<Arc<Slot>> {
    CURRENT.try_with(Arc::clone).ok()
}

impl Requests {
    pub(crate) fn new(room: usize) -> Self {
        let ring = Ring { slots: VecDeque::new(), room, received: 0 };
        Self { ring: Arc::new(Mutex::new(ring)) }
    }

    fn ring(&self) -> std::sync::MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The requests that the ring still holds, the oldest first.
    pub fn all(&self) -> Vec<RequestRecord> {
        let slots: Vec<_> = self.ring().slots.iter().cloned().collect();
        slots.iter().map(|slot| slot.record()).collect()
    }

    /// The requests whose path contains a text.
    pub fn matching(&self, path: &str) -> Vec<RequestRecord> {
        self.all().into_iter().filter(|record| record.path.contains(path)).collect()
    }

    /// How many requests were received, also those that the ring has forgotten.
    pub fn count(&self) -> u64 {
        self.ring().received
    }

    /// Requests that carried credentials to the storage host's paths.
    pub fn leaks(&self) -> Vec<RequestRecord> {
        self.all().into_iter().filter(|record| record.storage && record.authorization).collect()
    }

    /// Forgets all requests and counts from the beginning.
    pub fn clear(&self) {
        let mut ring = self.ring();
        ring.slots.clear();
        ring.received = 0;
    }

    pub(crate) fn begin(&self, parts: &http::request::Parts, storage: bool) -> Arc<Slot> {
        let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let mut ring = self.ring();
        ring.received += 1;
        let slot = Arc::new(Slot {
            sequence: ring.received,
            at: Timestamp::now(),
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            query: without_secrets(parts.uri.query().unwrap_or_default()),
            action: soap_action(&parts.headers).map(str::to_owned),
            authorization: parts.headers.contains_key(http::header::AUTHORIZATION),
            storage,
            status: AtomicU16::new(0),
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            fault: OnceLock::new(),
            applied: AtomicBool::new(false),
            user_agent: header(USER_AGENT),
            accept_language: header(ACCEPT_LANGUAGE),
        });
        if ring.room > 0 {
            if ring.slots.len() == ring.room {
                ring.slots.pop_front();
            }
            ring.slots.push_back(slot.clone());
        }
        slot
    }
}

impl Slot {
    pub(crate) fn count_received(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn count_sent(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn set_status(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    pub(crate) fn set_fault(&self, fault: String) {
        let _ = self.fault.set(fault);
    }

    pub(crate) fn set_applied(&self) {
        self.applied.store(true, Ordering::Relaxed);
    }

    fn record(&self) -> RequestRecord {
        let status = self.status.load(Ordering::Relaxed);
        RequestRecord {
            sequence: self.sequence,
            at: self.at.to_string(),
            method: self.method.clone(),
            path: self.path.clone(),
            query: self.query.clone(),
            action: self.action.clone(),
            authorization: self.authorization,
            storage: self.storage,
            status: (status != 0).then_some(status),
            request_bytes: self.received.load(Ordering::Relaxed),
            response_bytes: self.sent.load(Ordering::Relaxed),
            fault: self.fault.get().cloned(),
            applied: self.applied.load(Ordering::Relaxed),
            user_agent: self.user_agent.clone(),
            accept_language: self.accept_language.clone(),
        }
    }
}

/// A query string with the values of secrets taken out.
fn without_secrets(query: &str) -> String {
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if SECRETS.contains(&decode(name).to_ascii_lowercase().as_str()) => format!("{name}=redacted"),
        _ => pair.to_owned(),
    });
    pairs.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_recorded() {
        assert_eq!(without_secrets("a=1&token=eyJ.x.y&b=2"), "a=1&token=redacted&b=2");
        assert_eq!(without_secrets("Token=x&%74oken=y&token"), "Token=redacted&%74oken=redacted&token");
        assert_eq!(without_secrets("password=p%26q&code="), "password=redacted&code=redacted");
        for kept in ["", "tokens=1", "h=signature&dt=x", "x&y", "code_challenge=c"] {
            assert_eq!(without_secrets(kept), kept);
        }
    }
}
