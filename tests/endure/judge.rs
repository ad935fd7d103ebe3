//! What is counted, and what must never be.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sharesync::{Error, ErrorKind};

/// What a failed write did, by the records and the drive of the emulator.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    /// A request of it changed the drive.
    pub(crate) applied: bool,
    /// The drive is not what it was before.
    pub(crate) changed: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) operations: u64,
    pub(crate) errors: u64,
    /// By kind.
    pub(crate) kinds: BTreeMap<String, u64>,
    /// `maybe_applied` of writes: told and true, told for nothing, not told and rightly so.
    pub(crate) told: u64,
    pub(crate) told_for_nothing: u64,
    pub(crate) untold: u64,
    pub(crate) untold_wrongly: u64,
    /// Not told because all of it was undone.
    pub(crate) undone: u64,
    pub(crate) failures: Vec<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Judge(Mutex<Tally>);

/// What faults cause, and repeating overcomes. A page in the place of content is an `Integrity` error.
const PASSING: [ErrorKind; 8] = [
    ErrorKind::Network,
    ErrorKind::Timeout,
    ErrorKind::Stalled,
    ErrorKind::Unavailable,
    ErrorKind::RateLimited,
    ErrorKind::Protocol,
    ErrorKind::Unauthenticated,
    ErrorKind::Integrity,
];

impl Judge {
    pub(crate) fn tally(&self) -> MutexGuard<'_, Tally> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn began(&self) {
        self.tally().operations += 1;
    }

    pub(crate) fn fail(&self, what: impl Into<String>) {
        let (mut tally, what) = (self.tally(), what.into());
        if !tally.failures.contains(&what) {
            tally.failures.push(what);
        }
    }

    /// An error of any operation. `excused` says whether the state of the drive explains an error of another kind than the
    /// faults cause.
    fn failed(&self, what: &str, error: &Error, excused: bool) {
        let mut tally = self.tally();
        tally.errors += 1;
        *tally.kinds.entry(format!("{:?}", error.kind())).or_default() += 1;
        if !PASSING.contains(&error.kind()) && !excused {
            tally.failures.push(format!("{what}: an error that no fault explains: {error}"));
        }
    }

    pub(crate) fn read_failed(&self, what: &str, error: &Error, excused: bool) {
        self.failed(what, error, excused);
    }

    pub(crate) fn write_failed(&self, what: &str, error: &Error, outcome: Outcome, excused: bool) {
        self.failed(what, error, excused);
        let mut tally = self.tally();
        match (error.maybe_applied(), outcome.changed || outcome.applied) {
            (true, true) => tally.told += 1,
            (true, false) => tally.told_for_nothing += 1,
            (false, false) => tally.untold += 1,
            (false, true) if !outcome.changed => tally.undone += 1,
            (false, true) => {
                tally.untold_wrongly += 1;
                tally.failures.push(format!("{what}: it was applied, and the error does not say so: {error}"));
            }
        }
    }
}
