//! Times as the protocols of this service write them.

use jiff::Timestamp;

/// .NET ticks of the Unix epoch: 100 ns since the year 1.
const EPOCH: i128 = 621_355_968_000_000_000;

/// .NET ticks in UTC.
pub(crate) fn ticks(at: Timestamp) -> u64 {
    u64::try_from(EPOCH + at.as_nanosecond() / 100).unwrap_or(0)
}

/// The time of a number of ticks.
pub(crate) fn from_ticks(ticks: u64) -> Option<Timestamp> {
    Timestamp::from_nanosecond((i128::from(ticks) - EPOCH).checked_mul(100)?).ok()
}

/// With seven digits of fraction, as the sync service writes them.
pub(crate) fn precise(at: Timestamp) -> String {
    format!("{}.{:07}Z", at.strftime("%Y-%m-%dT%H:%M:%S"), at.as_nanosecond().rem_euclid(1_000_000_000) / 100)
}

/// In whole seconds, as the REST API writes them.
pub(crate) fn coarse(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ticks_of_the_documented_token() {
        let at: Timestamp = "2018-08-15T19:29:17.907Z".parse().expect("a time");
        assert_eq!(ticks(at), 636_699_581_579_070_000);
        assert_eq!(from_ticks(ticks(at)), Some(at));
        assert_eq!(precise(at), "2018-08-15T19:29:17.9070000Z");
        assert_eq!(coarse(at), "2018-08-15T19:29:17Z");
    }
}
