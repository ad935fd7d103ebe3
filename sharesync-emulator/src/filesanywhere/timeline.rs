//! The dates by which clients ask for changes: those of the change log, made distinct, so that a date stands for one place in it.

use std::sync::{Mutex, PoisonError};

use super::times::ticks;
use crate::drive::Drive;

/// The date of every change, in ticks; each is later than the one before.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    dates: Vec<i64>,
    /// No change still to come is earlier.
    last: i64,
}

/// A look at the timeline.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Since {
    /// The number of changes up to the date that was asked for.
    pub(super) before: u64,
    /// The number of all changes.
    pub(super) all: u64,
    /// The date of the last one, or of what else has happened.
    pub(super) last: i64,
}

impl Timeline {
    /// What there is after a date. What happened beside the drive, at `aside`, is past as well.
    pub(super) fn since(&self, drive: &Drive, date: i64, aside: i64) -> Since {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { dates, last } = &mut *state;
        for change in drive.changes_after(dates.len() as u64, usize::MAX) {
            *last = ticks(change.at).max(*last + 1);
            dates.push(*last);
        }
        *last = aside.max(*last);
        let before = dates.partition_point(|known| *known <= date) as u64;
        Since { before, all: dates.len() as u64, last: *last }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_has_a_date_of_its_own() {
        let drive = Drive::in_memory();
        let user = drive.ensure_user("someone@example.com").expect("a user");
        let timeline = Timeline::default();
        let start = timeline.since(&drive, i64::MIN, 0);
        assert_eq!(start.before, 0);
        let mut cursor = start.last;
        for number in 0..200_u64 {
            drive.put_bytes(user.id, user.home, &format!("{number}"), "1").expect("a file");
            let found = timeline.since(&drive, cursor, 0);
            assert_eq!((found.before, found.all), (start.all + number, start.all + number + 1));
            cursor = found.last;
        }
        assert_eq!(timeline.since(&drive, i64::MAX, 0).before, start.all + 200);
        let later = timeline.since(&drive, cursor, cursor + 1_000_000_000);
        drive.put_bytes(user.id, user.home, "later", "1").expect("a file");
        assert_eq!(timeline.since(&drive, later.last, 0).before, start.all + 200);
    }
}
