//! The point in time that items and tokens carry. Which library keeps it is not part of the public API.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind};

/// A point in time, in UTC, to the nanosecond. It is written and read as RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(jiff::Timestamp);

/// How far the clocks of one service may be apart.
const CLOCK_SKEW: Duration = Duration::from_secs(300);

/// The clock of a service, as its responses tell it: that of this computer may be hours off. Clones are the same clock.
///
/// Before the first response it is the clock of this computer.
#[derive(Debug, Clone, Default)]
pub struct ServiceClock(Arc<AtomicI64>);

impl ServiceClock {
    /// The present time of the service.
    pub fn now(&self) -> Timestamp {
        let ahead = jiff::SignedDuration::from_millis(self.0.load(Ordering::Relaxed));
        Timestamp(jiff::Timestamp::now().saturating_add(ahead).unwrap_or(jiff::Timestamp::MAX))
    }

    /// Sets it: a response of just now says that it was made at this time.
    pub fn set(&self, time: SystemTime) {
        let ahead = match time.duration_since(SystemTime::now()) {
            Ok(ahead) => i64::try_from(ahead.as_millis()).unwrap_or(i64::MAX),
            Err(behind) => i64::try_from(behind.duration().as_millis()).map_or(i64::MIN, |behind| -behind),
        };
        self.0.store(ahead, Ordering::Relaxed);
    }
}

impl Timestamp {
    /// The current time.
    pub fn now() -> Self {
        Self(jiff::Timestamp::now())
    }

    /// Seconds and nanoseconds since the Unix epoch; `None` outside the years -9999 to 9999.
    pub fn from_unix(seconds: i64, nanoseconds: i32) -> Option<Self> {
        jiff::Timestamp::new(seconds, nanoseconds).ok().map(Self)
    }

    /// Whole seconds since the Unix epoch.
    pub fn unix_seconds(self) -> i64 {
        self.0.as_second()
    }

    /// Nanoseconds within the second.
    pub fn subsec_nanoseconds(self) -> i32 {
        self.0.subsec_nanosecond()
    }

    /// This time later by `duration`, at most the last representable time.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration).unwrap_or(jiff::Timestamp::MAX))
    }

    /// Whether this time of a service is not before `began` of a [`ServiceClock`], as far as the clocks of one service agree:
    /// they may be five minutes apart.
    pub fn is_since(self, began: Self) -> bool {
        self.saturating_add(CLOCK_SKEW) >= began
    }

    /// How long until this time, or zero when it has passed.
    pub fn until_now_or_later(self) -> Duration {
        self.after(Self::now())
    }

    /// How long after `earlier` this time is, or zero when it is not.
    pub fn after(self, earlier: Self) -> Duration {
        Duration::try_from(self.0.duration_since(earlier.0)).unwrap_or(Duration::ZERO)
    }

    /// The same wall-clock reading taken as local time in `time_zone` (an IANA name), as an instant in UTC.
    ///
    /// Services that mistake a UTC reading for local time need this; `None` when the zone is unknown.
    pub fn reinterpreted_in(self, time_zone: &str) -> Option<Self> {
        let zone = jiff::tz::TimeZone::get(time_zone).ok()?;
        let civil = jiff::tz::TimeZone::UTC.to_datetime(self.0);
        zone.to_ambiguous_timestamp(civil).compatible().ok().map(Self)
    }

    /// The wall-clock reading that this instant has in `time_zone`, written as if it were UTC: the inverse of
    /// [`reinterpreted_in`](Self::reinterpreted_in).
    pub fn wall_clock_in(self, time_zone: &str) -> Option<Self> {
        let zone = jiff::tz::TimeZone::get(time_zone).ok()?;
        let civil = zone.to_datetime(self.0);
        jiff::tz::TimeZone::UTC.to_timestamp(civil).ok().map(Self)
    }

    /// This time without its fraction of a second.
    #[must_use]
    pub fn truncated_to_seconds(self) -> Self {
        Self::from_unix(self.0.as_second(), 0).unwrap_or(self)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        text.parse().map(Self).map_err(|error| {
            Error::new(ErrorKind::InvalidInput, format!("`{text}` is not a date and time of RFC 3339"))
                .with_source(error)
        })
    }
}

impl From<Timestamp> for SystemTime {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.0.into()
    }
}

impl TryFrom<SystemTime> for Timestamp {
    type Error = Error;

    fn try_from(time: SystemTime) -> Result<Self, Error> {
        jiff::Timestamp::try_from(time)
            .map(Self)
            .map_err(|error| Error::new(ErrorKind::InvalidInput, "the time is out of range").with_source(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seven_digit_fractions_survive() {
        let end: Timestamp = "9999-12-30T22:00:00.9999999Z".parse().unwrap();
        assert_eq!(end.to_string(), "9999-12-30T22:00:00.9999999Z");
    }

    #[test]
    fn new_york_reading_and_back() {
        let utc: Timestamp = "2021-03-04T05:06:07Z".parse().unwrap();
        let reading = utc.wall_clock_in("America/New_York").unwrap();
        assert_eq!(reading.to_string(), "2021-03-04T00:06:07Z");
        assert_eq!(reading.reinterpreted_in("America/New_York").unwrap(), utc);
    }
}
