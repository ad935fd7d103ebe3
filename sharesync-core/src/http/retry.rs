//! When a failed attempt is repeated, and after which delay.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};

use super::HttpConfig;

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

/// Reads `Retry-After`, as seconds or as an HTTP date. A date counts from the `Date` of the same response: the clock here may
/// be wrong. Seconds with a fraction are rounded up, and numbers beyond all bounds are as long as there is.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let is_number = value.starts_with(|c: char| c.is_ascii_digit())
        && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_number {
        let seconds: f64 = value.parse().ok()?;
        return Some(Duration::try_from_secs_f64(seconds.ceil()).unwrap_or(Duration::MAX));
    }
    let until = httpdate::parse_http_date(value).ok()?;
    let now = response_time(headers).unwrap_or_else(SystemTime::now);
    Some(until.duration_since(now).unwrap_or_default())
}

/// When the service says that it made the response.
pub(super) fn response_time(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?.trim()).ok()
}

#[cfg(test)]
mod tests {
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
        for (value, seconds) in [("1.9", 2), ("0.001", 1), ("2.", 2), ("0", 0), (" 7 ", 7)] {
            assert_eq!(parse(value), Some(Duration::from_secs(seconds)), "{value}");
        }
        for beyond in ["20000000000000000000", "99999999999999999999999"] {
            assert!(parse(beyond).unwrap() > Duration::from_secs(1 << 60), "{beyond}");
        }
        for nonsense in ["soon", "-1", "1.5.2", "1,5", "1e3", "inf", ".", ""] {
            assert_eq!(parse(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn a_date_counts_from_that_of_the_response() {
        let headers = |date: &str| {
            let until = (RETRY_AFTER, "Sun, 06 Nov 1994 08:51:00 GMT".parse().unwrap());
            HeaderMap::from_iter([until, (DATE, date.parse().unwrap())])
        };
        assert_eq!(retry_after(&headers("Sun, 06 Nov 1994 08:49:30 GMT")), Some(Duration::from_secs(90)));
        assert_eq!(retry_after(&headers("Sun, 06 Nov 1994 08:52:00 GMT")), Some(Duration::ZERO));
        assert_eq!(retry_after(&headers("today")), Some(Duration::ZERO), "the local clock is what is left");
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
