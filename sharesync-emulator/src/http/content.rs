//! Replies that carry the content of a file: whole, or the range that was asked for.

use http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderValue, IF_RANGE,
};
use http::{Method, StatusCode};

use super::{Call, Range, Reply, empty, encode, requested, streamed};
use crate::drive::{Content, Drive};

/// How a content is called on its way out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Label<'a> {
    pub(crate) name: &'a str,
    pub(crate) content_type: &'static str,
    /// Of services that have one.
    pub(crate) etag: Option<&'a str>,
}

/// The reply to GET or HEAD of a content: 200, 206 for a range, 416 for one beyond the end.
pub(crate) fn content(drive: &Drive, call: &Call, content: &Content, label: Label<'_>) -> Reply {
    let len = content.len();
    let changed = call.header(&IF_RANGE).is_some_and(|known| label.etag != Some(known));
    let range = if changed { Range::Whole } else { requested(&call.headers, len) };
    let (status, range) = match range {
        Range::Whole => (StatusCode::OK, 0..len),
        Range::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Range::Unsatisfiable => return unsatisfiable(len),
    };
    let content_range = format!("bytes {}-{}/{len}", range.start, range.end.saturating_sub(1));
    let sent = range.end - range.start;
    let mut reply =
        if call.method == Method::HEAD { empty(status) } else { streamed(status, drive.stream(content, range)) };
    let headers = reply.headers_mut();
    headers.insert(CONTENT_LENGTH, sent.into());
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(label.content_type));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let disposition = format!("attachment; filename*=UTF-8''{}", encode(label.name));
    let part = (status == StatusCode::PARTIAL_CONTENT).then_some(content_range.as_str());
    let texts = [(CONTENT_DISPOSITION, Some(disposition.as_str())), (ETAG, label.etag), (CONTENT_RANGE, part)];
    for (name, text) in texts {
        if let Some(value) = text.and_then(|text| HeaderValue::from_str(text).ok()) {
            headers.insert(name, value);
        }
    }
    reply
}

fn unsatisfiable(len: u64) -> Reply {
    let mut reply = empty(StatusCode::RANGE_NOT_SATISFIABLE);
    if let Ok(range) = HeaderValue::from_str(&format!("bytes */{len}")) {
        reply.headers_mut().insert(CONTENT_RANGE, range);
    }
    reply
}
