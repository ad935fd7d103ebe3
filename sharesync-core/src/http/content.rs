//! Parts of content (RFC 9110, section 14): asking for them, and reading from an answer which bytes it holds, of how many,
//! of which state.

use http::StatusCode;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderValue};

use super::Response;
use crate::transfer::Content;
use crate::{Error, ErrorKind, Result};

/// The value of a `Range` header; `None` where all bytes are wanted.
pub fn range(offset: u64, length: Option<u64>) -> Option<HeaderValue> {
    let text = match length.map(|length| offset.saturating_add(length).saturating_sub(1)) {
        Some(last) => format!("bytes={offset}-{last}"),
        None if offset > 0 => format!("bytes={offset}-"),
        None => return None,
    };
    HeaderValue::try_from(text).ok()
}

impl Response {
    /// The body as content of a file: from the beginning with status 200, from where `Content-Range` says with 206
    /// (RFC 9110, section 14.4). A strong `ETag` becomes the revision.
    ///
    /// # Errors
    /// [`ErrorKind::Protocol`] when status 206 comes without a readable `Content-Range`.
    pub fn into_content(self) -> Result<Content> {
        let (offset, total) = if self.status() == StatusCode::PARTIAL_CONTENT {
            self.header(CONTENT_RANGE.as_str()).and_then(parse_content_range).ok_or_else(|| {
                Error::new(ErrorKind::Protocol, "a part of the content without a readable Content-Range")
            })?
        } else {
            (0, self.header(CONTENT_LENGTH.as_str()).and_then(|length| length.parse().ok()))
        };
        let strong = |tag: &&str| tag.starts_with('"');
        let revision = self.header(ETAG.as_str()).filter(strong).map(str::to_owned);
        Ok(Content::new(offset, self.into_stream()).with_total(total).with_revision(revision))
    }
}

/// The first byte and the total of `bytes 0-499/1234`; the total may be `*`.
fn parse_content_range(value: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = value.trim().strip_prefix("bytes")?.trim_start().split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last) = (first.trim().parse::<u64>().ok()?, last.trim().parse::<u64>().ok()?);
    let total = match total.trim() {
        "*" => None,
        total => Some(total.parse().ok()?),
    };
    (first <= last && total.is_none_or(|total| last < total)).then_some((first, total))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_are_written() {
        let text = |offset, length| range(offset, length).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(text(0, None), None);
        assert_eq!(text(5, None).as_deref(), Some("bytes=5-"));
        assert_eq!(text(0, Some(1)).as_deref(), Some("bytes=0-0"));
        assert_eq!(text(5, Some(u64::MAX)).as_deref(), Some("bytes=5-18446744073709551614"));
    }

    #[test]
    fn content_ranges_are_read_or_refused() {
        assert_eq!(parse_content_range("bytes 0-499/1234"), Some((0, Some(1234))));
        assert_eq!(parse_content_range("bytes 7-7/*"), Some((7, None)));
        for nonsense in ["", "bytes", "bytes */1234", "bytes 5-4/10", "bytes 0-10/10", "items 0-1/2", "bytes a-b/c"] {
            assert_eq!(parse_content_range(nonsense), None, "{nonsense}");
        }
    }

    proptest! {
        #[test]
        fn any_content_range_is_read_or_refused(value in "\\PC{0,40}") {
            let _ = parse_content_range(&value);
        }

        #[test]
        fn what_is_written_is_read(first in 0..u64::MAX / 4, more in 0..1000_u64, rest in 1..1000_u64) {
            let (last, total) = (first + more, first + more + rest);
            prop_assert_eq!(parse_content_range(&format!("bytes {first}-{last}/{total}")), Some((first, Some(total))));
        }
    }
}
