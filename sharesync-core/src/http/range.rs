//! Asking for a part of a body (RFC 9110, section 14). How the answer is read is in `content`.

use http::header::HeaderValue;

/// The value of a `Range` header; `None` where all bytes are wanted.
pub fn range(offset: u64, length: Option<u64>) -> Option<HeaderValue> {
    let text = match length.map(|length| offset.saturating_add(length).saturating_sub(1)) {
        Some(last) => format!("bytes={offset}-{last}"),
        None if offset > 0 => format!("bytes={offset}-"),
        None => return None,
    };
    HeaderValue::try_from(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_written() {
        let text = |offset, length| range(offset, length).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(text(0, None), None);
        assert_eq!(text(5, None).as_deref(), Some("bytes=5-"));
        assert_eq!(text(0, Some(1)).as_deref(), Some("bytes=0-0"));
        assert_eq!(text(5, Some(u64::MAX)).as_deref(), Some("bytes=5-18446744073709551614"));
    }
}
