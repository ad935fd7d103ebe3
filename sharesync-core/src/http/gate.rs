//! The account's traffic light: how many requests run at once, and when all of them pause.

use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until};

use super::guard::deadline;
use crate::{Error, ErrorKind, Result};

#[derive(Debug)]
pub(super) struct Gate {
    permits: Semaphore,
    paused_until: Mutex<Option<Instant>>,
}

impl Gate {
    pub(super) fn new(concurrency: usize) -> Self {
        Self { permits: Semaphore::new(concurrency.clamp(1, Semaphore::MAX_PERMITS)), paused_until: Mutex::new(None) }
    }

    /// Waits for a permit to run.
    pub(super) async fn enter(&self) -> Result<SemaphorePermit<'_>> {
        self.permits.acquire().await.map_err(|_| Error::new(ErrorKind::Cancelled, "the client was shut down"))
    }

    /// Waits until no pause is in force.
    pub(super) async fn wait(&self) {
        while let Some(until) = self.pause_end() {
            sleep_until(until).await;
        }
    }

    /// Pauses every request of the account; a longer pause in force stays.
    pub(super) fn pause(&self, duration: Duration) {
        let until = deadline(duration);
        let mut paused = self.paused_until.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *paused = Some(paused.map_or(until, |present| present.max(until)));
    }

    fn pause_end(&self) -> Option<Instant> {
        let mut paused = self.paused_until.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        paused.take_if(|until| *until <= Instant::now());
        *paused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_longest_pause_holds_for_all() {
        let gate = Gate::new(4);
        let start = Instant::now();
        gate.pause(Duration::from_secs(2));
        gate.pause(Duration::from_secs(1));
        gate.wait().await;
        assert!(start.elapsed() >= Duration::from_secs(2));
        gate.wait().await;
        assert!(start.elapsed() < Duration::from_secs(3));
    }
}
