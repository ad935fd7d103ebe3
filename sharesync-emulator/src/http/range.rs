//! The `Range` header, as far as servers of files take it: one range of bytes.

use http::HeaderMap;
use http::header::RANGE;

/// What a request wants of a body of a certain length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Range {
    Whole,
    Part(std::ops::Range<u64>),
    Unsatisfiable,
}

/// Reads the header. What is not understood, and several ranges at once, ask for the whole, as RFC 9110 allows.
pub(crate) fn requested(headers: &HeaderMap, len: u64) -> Range {
    let Some(spec) = headers.get(RANGE).and_then(|value| value.to_str().ok()?.trim().strip_prefix("bytes=")) else {
        return Range::Whole;
    };
    let Some((first, last)) = spec.trim().split_once('-') else {
        return Range::Whole;
    };
    match (first.trim().parse::<u64>().ok(), last.trim().parse::<u64>().ok()) {
        (Some(first), _) if last.trim().is_empty() => within(first, len, len),
        (Some(first), Some(last)) if first <= last => within(first, last.saturating_add(1), len),
        (None, Some(0)) if first.trim().is_empty() => Range::Unsatisfiable,
        (None, Some(suffix)) if first.trim().is_empty() => within(len.saturating_sub(suffix), len, len),
        _ => Range::Whole,
    }
}

fn within(start: u64, end: u64, len: u64) -> Range {
    if start < len { Range::Part(start..end.min(len)) } else { Range::Unsatisfiable }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let ask = |value: &str, len| {
            let mut headers = HeaderMap::new();
            headers.insert(RANGE, value.parse().expect("a header"));
            requested(&headers, len)
        };
        assert_eq!(ask("bytes=0-0", 10), Range::Part(0..1));
        assert_eq!(ask("bytes=5-", 10), Range::Part(5..10));
        assert_eq!(ask("bytes=5-99", 10), Range::Part(5..10));
        assert_eq!(ask("bytes=-3", 10), Range::Part(7..10));
        assert_eq!(ask("bytes=-30", 10), Range::Part(0..10));
        assert_eq!(ask("bytes=10-", 10), Range::Unsatisfiable);
        assert_eq!(ask("bytes=-0", 10), Range::Unsatisfiable);
        assert_eq!(ask("bytes=0-18446744073709551615", 10), Range::Part(0..10));
        assert_eq!(ask("bytes=4-2", 10), Range::Whole);
        assert_eq!(ask("bytes=0-1,3-4", 10), Range::Whole);
        assert_eq!(ask("lines=1-2", 10), Range::Whole);
        assert_eq!(ask("bytes=0-", 0), Range::Unsatisfiable);
    }
}
