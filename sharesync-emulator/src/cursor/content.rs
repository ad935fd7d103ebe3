//! The bytes of files: sending them by range, taking them in, and their SHA-256.

use std::collections::HashMap;
use std::io;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use http::header::{ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};
use sha2::{Digest, Sha256};
use tokio::task::spawn_blocking;

use super::errors::{ApiError, Outcome};
use super::wire::mime_type;
use super::{Ctx, ids};
use crate::drive::{Content, Drive, Entry, Version, VersionId};
use crate::http::{Call, Range as Asked, empty, encode, requested, streamed};

/// The SHA-256 of versions, computed when they are first asked for.
#[derive(Debug, Default)]
pub(super) struct Sums {
    known: Mutex<HashMap<VersionId, String>>,
}

impl Sums {
    /// The digest of a version in lower-case hexadecimal.
    pub(super) async fn of(&self, drive: &Drive, version: &Version) -> io::Result<String> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&version.id).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let sum = sha256(drive, version.content.clone()).await?;
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(version.id, sum.clone());
        Ok(sum)
    }
}

/// The digest of a content.
pub(super) async fn sha256(drive: &Drive, content: Content) -> io::Result<String> {
    let drive = drive.clone();
    let hash = move || {
        let mut hasher = Sha256Writer(Sha256::new());
        drive.copy_content(&content, &mut hasher)?;
        Ok(hex::encode(hasher.0.finalize()))
    };
    spawn_blocking(hash).await.map_err(io::Error::other)?
}

struct Sha256Writer(Sha256);

impl io::Write for Sha256Writer {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.update(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Ctx {
    /// GET `/files/{id}/content`, and GET `/sync/download/{id}`, which has the range as parameters too.
    pub(super) fn content(&self, id: &str, range_parameters: bool) -> Outcome {
        let entry = self.find_file(id)?;
        let version = match self.call.query.get("version") {
            Some(text) => version_of(&entry, text)?,
            None => entry.item.current().map(|version| version.content.clone()).ok_or_else(no_version)?,
        };
        self.send_asked(&entry, &version, range_parameters)
    }

    /// The newest version of a file, for who may have it in any case.
    pub(super) fn whole_content(&self, entry: &Entry) -> Outcome {
        let current = entry.item.current().ok_or_else(no_version)?;
        self.send_asked(entry, &current.content, false)
    }

    fn send_asked(&self, entry: &Entry, version: &Content, range_parameters: bool) -> Outcome {
        let len = version.len();
        let by_parameters = if range_parameters { self.range_parameters(len)? } else { None };
        let asked = by_parameters.unwrap_or_else(|| requested(&self.call.headers, len));
        let (status, range) = match asked {
            Asked::Whole => (StatusCode::OK, 0..len),
            Asked::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
            Asked::Unsatisfiable => return Ok(unsatisfiable(len)),
        };
        self.send(version, entry, status, range)
    }

    /// `range_start` and `range_end`, both counted from 0 and both included; either may be absent.
    fn range_parameters(&self, len: u64) -> Result<Option<Asked>, ApiError> {
        if !["range_start", "range_end"].iter().any(|name| self.call.query.get(name).is_some()) {
            return Ok(None);
        }
        let start = self.number("range_start", 0, u64::MAX, 0)?;
        let end = self.number("range_end", 0, u64::MAX, len.saturating_sub(1))?;
        if self.call.query.get("range_end").is_some() && end < start {
            return Err(ApiError::invalid(&["query", "range_end"], "The range ends before it starts"));
        }
        let within = start < len;
        Ok(Some(if within { Asked::Part(start..end.saturating_add(1).min(len)) } else { Asked::Unsatisfiable }))
    }

    fn send(&self, content: &Content, entry: &Entry, status: StatusCode, range: Range<u64>) -> Outcome {
        let (len, sent) = (content.len(), range.end - range.start);
        let content_range = format!("bytes {}-{}/{len}", range.start, range.end.saturating_sub(1));
        let mut reply = match self.call.method {
            Method::HEAD => empty(status),
            _ => streamed(status, self.drive().stream(content, range)),
        };
        let headers = reply.headers_mut();
        headers.insert(CONTENT_LENGTH, sent.into());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(mime_type(&entry.item.name)));
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        if let Ok(value) = HeaderValue::from_str(&disposition(&entry.item.name)) {
            headers.insert(CONTENT_DISPOSITION, value);
        }
        if let Ok(value) = HeaderValue::from_str(&content_range)
            && status == StatusCode::PARTIAL_CONTENT
        {
            headers.insert(CONTENT_RANGE, value);
        }
        Ok(reply)
    }
}

/// `attachment; filename="…"`, in the extended form where the name needs it.
fn disposition(name: &str) -> String {
    let is_plain = name.bytes().all(|byte| (b' '..0x7f).contains(&byte) && byte != b'"' && byte != b'\\');
    if is_plain {
        return format!("attachment; filename=\"{name}\"");
    }
    format!("attachment; filename*=UTF-8''{}", encode(name))
}

fn no_version() -> ApiError {
    ApiError::not_found("Version")
}

/// A version by its number, from 1 on, or by its id.
fn version_of(entry: &Entry, text: &str) -> Result<Content, ApiError> {
    let versions = entry.item.versions();
    if let Some(id) = ids::parse_version(text) {
        let found = versions.iter().find(|version| version.id == id).ok_or_else(no_version)?;
        return Ok(found.content.clone());
    }
    let number = text.parse::<usize>();
    let number = number.map_err(|_| ApiError::invalid(&["query", "version"], "Input should be a version number"))?;
    let found = number.checked_sub(1).and_then(|index| versions.get(index)).ok_or_else(no_version)?;
    Ok(found.content.clone())
}

fn unsatisfiable(len: u64) -> crate::http::Reply {
    let mut reply = empty(StatusCode::RANGE_NOT_SATISFIABLE);
    if let Ok(range) = HeaderValue::from_str(&format!("bytes */{len}")) {
        reply.headers_mut().insert(CONTENT_RANGE, range);
    }
    reply
}

/// The bytes of a request, stored as they come; longer ones than `limit` are refused.
pub(super) async fn take(drive: &Drive, call: &mut Call, limit: u64) -> Result<crate::drive::Staged, ApiError> {
    let (mut writer, mut len) = (drive.writer()?, 0);
    while let Some(data) = call.body.chunk().await.map_err(broken)? {
        len += data.len() as u64;
        if len > limit {
            call.body.drain().await;
            return Err(ApiError::too_large(format!("At most {limit} bytes are taken here")));
        }
        writer.push(data).await?;
    }
    Ok(writer.finish().await?)
}

pub(super) fn broken(error: io::Error) -> ApiError {
    if error.kind() == io::ErrorKind::FileTooLarge {
        return ApiError::too_large("The body is too long");
    }
    ApiError::bad_request(format!("The body cannot be read: {error}"))
}
