//! Connections that NTLM signed in, and the counts by which a test sees how a client uses them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::ntlm::Challenge;
use crate::drive::UserId;

/// How clients of SharePoint sign in by NTLM: a handle, cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct SharePointConnections {
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    challenges: AtomicU64,
    handshakes: AtomicU64,
    refused: AtomicU64,
    connections: AtomicU64,
    unauthorized: AtomicU64,
    generation: AtomicU64,
}

/// How far the handshake of a connection is.
#[derive(Debug, Clone)]
pub(super) enum NtlmState {
    Challenged(Challenge),
    Authenticated(Session),
}

/// Who is signed in on a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Session {
    pub(super) user: UserId,
    pub(super) generation: u64,
}

/// Marks a connection that was counted.
#[derive(Debug, Clone, Copy)]
struct Counted;

impl SharePointConnections {
    /// How many handshakes were begun.
    pub fn challenges(&self) -> u64 {
        self.counts.challenges.load(Ordering::Relaxed)
    }

    /// How many handshakes ended well.
    pub fn handshakes(&self) -> u64 {
        self.counts.handshakes.load(Ordering::Relaxed)
    }

    /// How many handshakes ended with a wrong name or password.
    pub fn refused(&self) -> u64 {
        self.counts.refused.load(Ordering::Relaxed)
    }

    /// How many connections were signed in by a handshake, however often.
    pub fn authenticated(&self) -> u64 {
        self.counts.connections.load(Ordering::Relaxed)
    }

    /// How many requests got a 401 that was no challenge of a handshake.
    pub fn unauthorized(&self) -> u64 {
        self.counts.unauthorized.load(Ordering::Relaxed)
    }

    /// Signs every connection out: its next request gets a 401.
    pub fn forget(&self) {
        self.counts.generation.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_challenge(&self) {
        self.counts.challenges.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_refusal(&self) {
        self.counts.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_unauthorized(&self) {
        self.counts.unauthorized.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a handshake that ended well, and the connection if it is its first one.
    pub(super) fn count_handshake(&self, user: UserId, kept: &mut http::Extensions) -> Session {
        self.counts.handshakes.fetch_add(1, Ordering::Relaxed);
        if kept.insert(Counted).is_none() {
            self.counts.connections.fetch_add(1, Ordering::Relaxed);
        }
        Session { user, generation: self.counts.generation.load(Ordering::Relaxed) }
    }

    pub(super) fn is_current(&self, session: &Session) -> bool {
        session.generation == self.counts.generation.load(Ordering::Relaxed)
    }
}
