//! Times in the three spellings of the service: XML Schema's, the strings of listings, and the ticks of .NET.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Seconds from 0001-01-01 to 1970-01-01.
const DOTNET_EPOCH: i64 = 62_135_596_800;

/// .NET's `DateTime.MinValue`: a date that is none.
pub(super) fn min_value() -> Timestamp {
    Timestamp::from_second(-DOTNET_EPOCH).unwrap_or(Timestamp::MIN)
}

/// Reads an xs:dateTime with `Z`, an offset, or neither, which counts as UTC. Finer than 100 ns is cut off.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let (date, time) = text.split_once('T')?;
    let shaped = date.len() >= 10
        && time.len() >= 8
        && text.bytes().all(|byte| byte.is_ascii_digit() || b"-:.+TZ".contains(&byte));
    if !shaped {
        return None;
    }
    let zoned = time.contains(['Z', '+', '-']);
    let parsed = if zoned {
        text.parse::<Timestamp>().ok()?
    } else {
        // The latest dates of .NET lie beyond the latest timestamps.
        let civil: DateTime = text.parse().ok()?;
        TimeZone::UTC.to_timestamp(civil).unwrap_or(Timestamp::MAX)
    };
    from_ticks(ticks(parsed))
}

/// `2026-01-02T03:04:05.6789012Z`: Utc kind, seven digits at most, none that is a zero at the end. Without the zone it is what
/// .NET writes for a date of unspecified kind.
pub(super) fn xml(at: Timestamp, zone: bool) -> String {
    let seconds = at.strftime("%Y-%m-%dT%H:%M:%S");
    let fraction = format!("{:07}", at.subsec_nanosecond() / 100);
    let fraction = fraction.trim_end_matches('0');
    let dot = if fraction.is_empty() { "" } else { "." };
    format!("{seconds}{dot}{fraction}{}", if zone { "Z" } else { "" })
}

/// `01/02/2026 03:04:05`, in UTC: how a client reads the strings of listings.
pub(super) fn listed(at: Timestamp) -> String {
    at.strftime("%m/%d/%Y %H:%M:%S").to_string()
}

/// 100 ns since the year 1.
pub(super) fn ticks(at: Timestamp) -> i64 {
    let ticks = at.as_nanosecond().div_euclid(100) + i128::from(DOTNET_EPOCH) * 10_000_000;
    i64::try_from(ticks).unwrap_or(0)
}

pub(super) fn from_ticks(ticks: i64) -> Option<Timestamp> {
    let nanoseconds = (i128::from(ticks) - i128::from(DOTNET_EPOCH) * 10_000_000) * 100;
    Timestamp::from_nanosecond(nanoseconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_with_and_without_zone_and_written_short() {
        let same = ["2026-01-02T03:04:05.5Z", "2026-01-02T03:04:05.5000000", "2026-01-02T04:04:05.50+01:00"];
        for text in same {
            assert_eq!(xml(parse(text).expect(text), true), "2026-01-02T03:04:05.5Z");
        }
        let fine = parse("2026-01-02T03:04:05.1234567Z").expect("a date");
        assert_eq!(xml(fine, false), "2026-01-02T03:04:05.1234567");
        assert_eq!(from_ticks(ticks(fine)), Some(fine));
        assert_eq!(listed(fine), "01/02/2026 03:04:05");
        assert_eq!(parse("0001-01-01T00:00:00"), Some(min_value()));
        assert_eq!((xml(min_value(), false), ticks(min_value())), ("0001-01-01T00:00:00".to_owned(), 0));
        assert!(parse("9999-12-31T23:59:59.9999999").is_some());
        assert_eq!(ticks(Timestamp::UNIX_EPOCH), 621_355_968_000_000_000);
        for bad in ["", "2026-01-02", "now", "2026-01-02 03:04:05", "2026-13-02T03:04:05Z"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
