//! When a failed attempt is repeated, and after which delay.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use http::HeaderMap;
use http::header::RETRY_AFTER;

use super::HttpConfig;
use crate::Timestamp;

/// Retries that one client may spend before successes must earn new ones: a service that is down is not hammered.
const BUDGET: i64 = 500;
const RETRY_COST: i64 = 5;

#[derive(Debug)]
pub(super) struct RetryBudget(AtomicI64);

impl RetryBudget {
    pub(super) fn new() -> Self {
        Self(AtomicI64::new(BUDGET))
    }

    /// Takes the cost of a retry, if there is enough left.
    pub(super) fn spend(&self) -> bool {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| (left >= RETRY_COST).then(|| left - RETRY_COST))
            .is_ok()
    }

    /// Earns a little with every success.
    pub(super) fn earn(&self) {
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| (left < BUDGET).then_some(left + 1));
    }
}

/// A random delay before the next attempt: uniform between nothing and a bound that doubles ("full jitter").
pub(super) fn backoff(config: &HttpConfig, attempts: u32) -> Duration {
    let doubled = config.backoff_base.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1)));
    doubled.min(config.backoff_cap).mul_f64(fastrand::f64())
}

/// Reads `Retry-After`, as seconds or as an HTTP date.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Timestamp::try_from(date).ok().map(Timestamp::until_now_or_later)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn parse(value: &str) -> Option<Duration> {
        retry_after(&HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]))
    }

    #[test]
    fn retry_after_reads_seconds_and_dates() {
        assert_eq!(parse("2"), Some(Duration::from_secs(2)));
        let soon = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(90));
        let delay = parse(&soon).unwrap();
        assert!((80..=90).contains(&delay.as_secs()), "{delay:?}");
        assert_eq!(parse("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        for nonsense in ["soon", "-1", "1.5", "99999999999999999999999"] {
            assert_eq!(parse(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn the_budget_runs_out_and_is_earned_back() {
        let budget = RetryBudget::new();
        let spent = std::iter::repeat_with(|| budget.spend()).take_while(|spent| *spent).count();
        assert_eq!(spent as i64, BUDGET / RETRY_COST);
        (0..RETRY_COST).for_each(|_| budget.earn());
        assert!(budget.spend());
    }

    #[test]
    fn backoff_stays_below_its_bound() {
        let config = HttpConfig::default();
        for attempts in 1..80 {
            assert!(backoff(&config, attempts) <= config.backoff_cap);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_retry_after_is_read_or_ignored(value in "[ -~]{0,40}") {
            if let Some(delay) = parse(&value) {
                proptest::prop_assert!(delay <= Duration::MAX);
            }
        }
    }
}
