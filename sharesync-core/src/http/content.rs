//! Parts of content (RFC 9110, section 14): asking for them, and reading from an answer which bytes it holds, of how many,
//! of which state.

use std::ops::Range;

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderValue};
use http::{HeaderMap, StatusCode};

use super::{ForeignResponse, Response};
use crate::transfer::Content;
use crate::{BoxStream, Error, ErrorKind, Result};

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
    /// The body as content of a file: from the beginning with status 200, the part that `Content-Range` names with 206
    /// (RFC 9110, section 14.4). A strong `ETag` becomes the revision.
    ///
    /// # Errors
    /// [`ErrorKind::Protocol`] when status 206 comes without a readable `Content-Range`, or when a range with an end was
    /// asked for and a body of unknown length comes: nothing would tell the content from a page in its place.
    pub fn into_content(self) -> Result<Content> {
        let (range, total) = if self.status() == StatusCode::PARTIAL_CONTENT {
            self.header(CONTENT_RANGE.as_str()).and_then(parse_content_range).ok_or_else(|| {
                Error::new(ErrorKind::Protocol, "a part of the content without a readable Content-Range")
            })?
        } else {
            let length = self.header(CONTENT_LENGTH.as_str()).and_then(|length| length.trim().parse().ok());
            let is_cut = self.asked_range().is_some_and(|range| !range.ends_with('-'));
            if is_cut && length.is_none() {
                return Err(ForeignResponse::new(self.status(), self.headers()).into_error());
            }
            (0..length.unwrap_or(u64::MAX), length)
        };
        let strong = |tag: &&str| tag.starts_with('"');
        let revision = self.header(ETAG.as_str()).filter(strong).map(str::to_owned);
        Ok(Content::new(range.start, self.into_stream()).with_end(range.end).with_total(total).with_revision(revision))
    }
}

/// The first bytes of ZIP archives: of a file, of the end where there is none, of an archive in parts (APPNOTE, sections 4.3.7,
/// 4.3.16 and 8.5.3).
const ARCHIVES: [&[u8]; 3] = [b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"];

/// A body that begins as a ZIP archive does. The length of an archive is known to nobody before it is made: nothing else tells
/// it from a page in its place.
///
/// # Errors
/// [`ErrorKind::Protocol`] with a [`ForeignResponse`] for any other body, and those of the body.
pub async fn archive(mut body: BoxStream<'static, Result<Bytes>>) -> Result<BoxStream<'static, Result<Bytes>>> {
    let mut first = Vec::new();
    while first.len() < 4 {
        match body.next().await.transpose()? {
            Some(piece) => first.extend_from_slice(&piece),
            None => break,
        }
    }
    if !ARCHIVES.iter().any(|start| first.starts_with(start)) {
        return Err(ForeignResponse::of_body(&first).into_error());
    }
    Ok(stream::iter([Ok(Bytes::from(first))]).chain(body).boxed())
}

/// The error of a range beyond the end of the content, from the status and the `Content-Range: bytes */1234` that HTTP itself
/// defines for it (RFC 9110, section 15.5.17).
pub(super) fn beyond_end(status: StatusCode, headers: &HeaderMap) -> Option<Error> {
    let value = headers.get(CONTENT_RANGE).filter(|_| status == StatusCode::RANGE_NOT_SATISFIABLE)?.to_str().ok()?;
    let total: u64 = value.trim().strip_prefix("bytes")?.trim_start().strip_prefix("*/")?.trim().parse().ok()?;
    let message = format!("the content has {total} bytes now, and what was asked for begins behind them");
    Some(Error::new(ErrorKind::PreconditionFailed, message))
}

/// The bytes and the total of `bytes 0-499/1234`; the total may be `*`. Some servers put another character than a blank
/// behind the unit.
fn parse_content_range(value: &str) -> Option<(Range<u64>, Option<u64>)> {
    let unit = value.trim().get(..5).filter(|unit| unit.eq_ignore_ascii_case("bytes"))?;
    let (range, total) = value.trim().strip_prefix(unit)?.trim_start_matches([' ', '\t', '=', ':']).split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last) = (first.trim().parse::<u64>().ok()?, last.trim().parse::<u64>().ok()?);
    let total = match total.trim() {
        "*" => None,
        total => Some(total.parse().ok()?),
    };
    let end = last.checked_add(1)?;
    (first <= last && total.is_none_or(|total| last < total)).then_some((first..end, total))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[tokio::test]
    async fn only_an_archive_is_taken_for_one() {
        let read = |pieces: &[&'static [u8]]| {
            let pieces: Vec<_> = pieces.iter().map(|piece| Ok(Bytes::from_static(piece))).collect();
            async move {
                let body = archive(stream::iter(pieces).boxed()).await?;
                Ok(body.map(Result::unwrap).collect::<Vec<_>>().await.concat())
            }
        };
        for good in [&[&b"PK\x03\x04 and more"[..]][..], &[b"", b"P", b"K\x05", b"\x06", b"x"], &[b"PK\x07\x08"]] {
            assert_eq!(read(good).await.unwrap(), good.concat(), "it comes whole, however it is cut");
        }
        for bad in [&[&b"<html>"[..]][..], &[b"PK"], &[b"{}"], &[], &[b"OK", b"\x03\x04"]] {
            let error: Error = read(bad).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol, "{bad:?}");
            assert!(error.provider_error::<ForeignResponse>().is_some(), "{bad:?}");
        }
    }

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
        assert_eq!(parse_content_range("bytes 0-499/1234"), Some((0..500, Some(1234))));
        assert_eq!(parse_content_range("bytes 7-7/*"), Some((7..8, None)));
        for lenient in ["bytes=0-499/1234", "Bytes: 0-499/1234", " bytes  0 - 499 / 1234 "] {
            assert_eq!(parse_content_range(lenient), Some((0..500, Some(1234))), "{lenient}");
        }
        let last = format!("bytes 0-{}/*", u64::MAX);
        for nonsense in
            [&last, "", "byte", "bytes", "bytes */1234", "bytes 5-4/10", "bytes 0-10/10", "items 0-1/2", "bytes a-b/c"]
        {
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
            prop_assert_eq!(parse_content_range(&format!("bytes {first}-{last}/{total}")), Some((first..last + 1, Some(total))));
        }
    }
}
