//! Asking for a part of a body, and reading where the bytes of an answer belong (RFC 9110, section 14).

use http::header::{CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderValue};
use http::{HeaderMap, StatusCode};

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
    /// The content that it carries: the range that was asked for, or everything where the service ignored the range.
    ///
    /// # Errors
    /// [`ErrorKind::Protocol`] for a partial answer that does not say which part it is.
    pub fn into_content(self) -> Result<Content> {
        let (offset, total) = place(self.status(), self.headers())?;
        // A weak tag may stay the same when bytes change.
        let tag = self.header(ETAG.as_str()).filter(|tag| !tag.starts_with("W/")).map(str::to_owned);
        Ok(Content::new(offset, self.into_stream()).with_total(total).with_revision(tag))
    }
}

/// The first byte of the answer, and how long the whole is where that is said.
fn place(status: StatusCode, headers: &HeaderMap) -> Result<(u64, Option<u64>)> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if status != StatusCode::PARTIAL_CONTENT {
        return Ok((0, text(CONTENT_LENGTH).and_then(|length| length.parse().ok())));
    }
    text(CONTENT_RANGE)
        .and_then(content_range)
        .ok_or_else(|| Error::new(ErrorKind::Protocol, "a partial answer that does not say which part it is"))
}

/// Reads `bytes first-last/total`.
fn content_range(value: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = value.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last) = (first.trim().parse::<u64>().ok()?, last.trim().parse::<u64>().ok()?);
    let total = match total.trim() {
        "*" => None,
        total => Some(total.parse::<u64>().ok()?),
    };
    (first <= last && total.is_none_or(|total| last < total)).then_some((first, total))
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

    #[test]
    fn the_place_of_an_answer_is_read() {
        let at = |status, name, value: &str| {
            place(StatusCode::from_u16(status).unwrap(), &HeaderMap::from_iter([(name, value.parse().unwrap())]))
        };
        assert_eq!(at(200, CONTENT_LENGTH, "7").unwrap(), (0, Some(7)));
        assert_eq!(at(206, CONTENT_RANGE, "bytes 5-9/10").unwrap(), (5, Some(10)));
        assert_eq!(at(206, CONTENT_RANGE, "bytes 5-9/*").unwrap(), (5, None));
        for nonsense in ["5-9/10", "bytes 9-5/10", "bytes 5-9", "bytes */10", "bytes 5-10/10", "bytes -1-2/3", "bytes a-b/c"] {
            assert_eq!(at(206, CONTENT_RANGE, nonsense).unwrap_err().kind(), ErrorKind::Protocol, "{nonsense}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_content_range_is_read_or_refused(value in "(bytes )?[ -~]{0,30}") {
            if let Some((first, Some(total))) = content_range(&value) {
                proptest::prop_assert!(first < total);
            }
        }
    }
}
