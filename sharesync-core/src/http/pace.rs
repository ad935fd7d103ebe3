//! The account's pace where the service says how many requests are left: few of them are spread over the time until there
//! are more, instead of being spent at once and then refused.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::Timestamp;

/// What a service says of the requests that it still takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quota {
    /// How many it takes in a window of time.
    pub limit: u64,
    /// How many of them are left.
    pub remaining: u64,
    /// When the window ends.
    pub resets: Timestamp,
}

impl Quota {
    /// So many of so many are left until then.
    pub fn new(limit: u64, remaining: u64, resets: Timestamp) -> Self {
        Self { limit, remaining, resets }
    }

    /// Whether less than a tenth is left.
    fn is_scarce(self) -> bool {
        self.remaining.saturating_mul(10) < self.limit
    }
}

/// When the next requests may go.
#[derive(Debug, Clone, Copy)]
struct Slots {
    next: Instant,
    interval: Duration,
    end: Instant,
}

#[derive(Debug)]
pub(super) struct Pace {
    slots: Mutex<Option<Slots>>,
    /// The longest window that is heeded: what a service says must not stop the client for good.
    longest: Duration,
}

impl Pace {
    pub(super) fn new(longest: Duration) -> Self {
        Self { slots: Mutex::new(None), longest }
    }

    /// Spreads what is left, if it is little.
    pub(super) fn heed(&self, quota: &Quota, now: Timestamp) {
        let left = quota.resets.after(now).min(self.longest);
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if left.is_zero() || !quota.is_scarce() {
            *slots = None;
            return;
        }
        let now = Instant::now();
        let shares = u32::try_from(quota.remaining).unwrap_or(u32::MAX);
        let interval = left.checked_div(shares).unwrap_or(left);
        let next = slots.map_or(now + interval, |slots| slots.next.min(now + left));
        *slots = Some(Slots { next: if shares == 0 { now + left } else { next }, interval, end: now + left });
    }

    /// Waits for a turn; no time while enough is left.
    pub(super) async fn wait(&self) {
        if let Some(turn) = self.take_turn() {
            sleep_until(turn).await;
        }
    }

    fn take_turn(&self) -> Option<Instant> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        slots.take_if(|slots| slots.end <= now);
        let slots = slots.as_mut()?;
        let turn = slots.next.max(now);
        // Clients that hit the limit together should not go on together.
        slots.next = turn + slots.interval.mul_f64(0.8 + 0.4 * fastrand::f64());
        Some(turn.min(slots.end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_a_minute() -> Timestamp {
        Timestamp::now().saturating_add(Duration::from_secs(60))
    }

    #[tokio::test(start_paused = true)]
    async fn a_little_that_is_left_is_spread_and_plenty_is_not() {
        let pace = Pace::new(Duration::from_secs(300));
        let start = Instant::now();
        pace.heed(&Quota::new(1000, 100, in_a_minute()), Timestamp::now());
        pace.wait().await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        pace.heed(&Quota::new(1000, 60, in_a_minute()), Timestamp::now());
        for _ in 0..10 {
            pace.wait().await;
        }
        let spread = start.elapsed();
        assert!(spread > Duration::from_secs(7) && spread < Duration::from_secs(13), "{spread:?}");
        pace.heed(&Quota::new(1000, 900, in_a_minute()), Timestamp::now());
        pace.wait().await;
        assert_eq!(start.elapsed(), spread);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_left_is_waited_for_within_bounds() {
        let pace = Pace::new(Duration::from_secs(5));
        let start = Instant::now();
        pace.heed(&Quota::new(1000, 0, in_a_minute()), Timestamp::now());
        pace.wait().await;
        assert_eq!(start.elapsed(), Duration::from_secs(5));
        pace.heed(&Quota::new(1000, 0, Timestamp::from_unix(0, 0).unwrap()), Timestamp::now());
        pace.wait().await;
        assert_eq!(start.elapsed(), Duration::from_secs(5));
    }
}
