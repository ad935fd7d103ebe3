//! A successful answer, and the ways to read it within bounds.

use bytes::Bytes;
use futures::StreamExt as _;
use http::header::{HeaderValue, RANGE};
use http::response::Parts;
use http::{HeaderMap, StatusCode};
use serde::de::{DeserializeOwned, IgnoredAny};
use url::Url;

use super::json::check_weight;
use super::{Call, Charset, ForeignResponse, MediaType, Quoted, UnreadableCharset};
use crate::{BoxStream, Error, ErrorKind, Result};

/// An answer with a success status, or one that the [`Call`](super::Call) accepts. Its body has not been read yet.
pub struct Response {
    status: StatusCode,
    headers: HeaderMap,
    url: Url,
    range: Option<HeaderValue>,
    quoted: Quoted,
    body: BoxStream<'static, Result<Bytes>>,
}

impl Response {
    /// The response to `call`.
    pub(super) fn new(call: &Call, head: Parts, body: BoxStream<'static, Result<Bytes>>) -> Self {
        let range = call.headers.get(RANGE).cloned();
        let (url, quoted) = (call.url.clone(), Quoted::of(call));
        Self { status: head.status, headers: head.headers, url, range, quoted, body }
    }

    /// What the service may quote of the request, where it refuses with a status of success.
    pub fn quoted(&self) -> &Quoted {
        &self.quoted
    }

    /// The value of the `Range` header that it answers.
    pub(super) fn asked_range(&self) -> Option<&str> {
        self.range.as_ref()?.to_str().ok()
    }

    /// Takes a response whose success is status 204, as the document has it.
    ///
    /// # Errors
    /// [`ErrorKind::Protocol`] with a [`ForeignResponse`] for any other: somebody may answer in the service's place.
    pub fn no_content(self) -> Result<()> {
        match self.status {
            StatusCode::NO_CONTENT => Ok(()),
            status => Err(ForeignResponse::new(status, &self.headers).into_error()),
        }
    }

    /// Takes a response of success without a body, as the document has it.
    ///
    /// # Errors
    /// As [`no_content`](Self::no_content), for one with a body.
    pub async fn no_body(self, limit: usize) -> Result<()> {
        let foreign = ForeignResponse::new(self.status, &self.headers);
        match self.bytes(limit).await?.trim_ascii() {
            [] => Ok(()),
            _ => Err(foreign.into_error()),
        }
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// A header as text; `None` when it is absent or no text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Where it came from, after redirects. It may be pre-signed: do not print it.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The body as it comes, of whatever length.
    pub fn into_stream(self) -> BoxStream<'static, Result<Bytes>> {
        self.body
    }

    /// The same, when the charset that it declares for XML is one that is read; without a byte that US-ASCII has not, if that is declared.
    /// Of JSON a declaration means nothing (RFC 8259, section 11).
    ///
    /// # Errors
    /// [`ErrorKind::Protocol`] with an [`UnreadableCharset`].
    pub fn in_known_charset(mut self) -> Result<Self> {
        let media_type = MediaType::of(&self.headers);
        if !media_type.is_xml() {
            return Ok(self);
        }
        let charset = media_type.charset().map_err(UnreadableCharset::into_error)?;
        if charset != Charset::Utf8 {
            let check =
                move |piece: Bytes| charset.check(&piece).map(|()| piece).map_err(UnreadableCharset::into_error);
            self.body = self.body.map(move |piece| piece.and_then(check)).boxed();
        }
        Ok(self)
    }

    /// The whole body of a document.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] when it is longer than `limit` bytes; the rest is not read. [`ErrorKind::Protocol`] for JSON or XML in
    /// a charset that is not read.
    pub async fn bytes(self, limit: usize) -> Result<Bytes> {
        let media_type = MediaType::of(&self.headers);
        let whole = self.in_known_charset()?.whole(limit).await?;
        if media_type.is_json()
            && media_type.charset().is_err()
            && let Some(unreadable) = UnreadableCharset::of_json(&whole, media_type.parameter("charset"))
        {
            return Err(unreadable.into_error());
        }
        Ok(whole)
    }

    async fn whole(mut self, limit: usize) -> Result<Bytes> {
        let Some(first) = self.body.next().await.transpose()? else {
            return Ok(Bytes::new());
        };
        check_limit(first.len(), limit)?;
        let Some(second) = self.body.next().await.transpose()? else {
            return Ok(first);
        };
        let mut whole = Vec::from(first);
        let mut next = Some(second);
        while let Some(piece) = next {
            check_limit(whole.len() + piece.len(), limit)?;
            if whole.capacity() - whole.len() < piece.len() {
                // Half as much again: doubling would take three times the body for a moment.
                whole.reserve_exact(piece.len().max(whole.len() / 2));
            }
            whole.extend_from_slice(&piece);
            next = self.body.next().await.transpose()?;
        }
        Ok(whole.into())
    }

    /// The whole body as JSON of at most `limit` bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Protocol`] with the path of what does not fit, [`ErrorKind::Network`] when it breaks off.
    pub async fn json<T: DeserializeOwned>(self, limit: usize) -> Result<T> {
        decode_json(&self.bytes(limit).await?)
    }
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response").field("status", &self.status).finish_non_exhaustive()
    }
}

/// Accepts the body of a success of which nothing is documented: none, or JSON that does not matter.
///
/// # Errors
/// [`ErrorKind::Protocol`] for anything else: a page in the place of the service.
pub fn decode_nothing(body: &[u8]) -> Result<()> {
    let text = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    if text.trim_ascii().is_empty() || serde_json::from_slice::<IgnoredAny>(text).is_ok() {
        return Ok(());
    }
    Err(ForeignResponse::of_body(body).into_error())
}

fn check_limit(length: usize, limit: usize) -> Result<()> {
    if length <= limit {
        return Ok(());
    }
    Err(Error::new(ErrorKind::TooLarge, format!("the answer is longer than {limit} bytes")))
}

/// Decodes JSON.
///
/// # Errors
/// [`ErrorKind::Protocol`] or, where it breaks off, [`ErrorKind::Network`]. They say where in the document, not what
/// stands there. [`ErrorKind::TooLarge`] for one that would take tens of megabytes of memory.
pub fn decode_json<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    // RFC 8259, section 8.1: a byte order mark may be ignored, and some services write one.
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    check_weight(body)?;
    // To note the path costs as much as a third of the decoding: only an error needs it.
    if let Ok(value) = serde_json::from_slice(body) {
        return Ok(value);
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        json_error(body, &path, error.inner())
    })?;
    deserializer.end().map_err(|error| json_error(body, ".", &error))?;
    Ok(value)
}

fn json_error(body: &[u8], path: &str, error: &serde_json::Error) -> Error {
    use serde_json::error::Category;
    if let Some(unreadable) = UnreadableCharset::of_json(body, None) {
        return unreadable.into_error();
    }
    let at = format!("at {path}, line {}, column {}", error.line(), error.column());
    match error.classify() {
        _ if body.trim_ascii_start().starts_with(b"<") => {
            let message =
                "HTML or XML where JSON was due: is this the API's address, or does a proxy answer in its place?";
            Error::new(ErrorKind::Protocol, message).with_source(ForeignResponse::of_body(body))
        }
        Category::Eof if body.trim_ascii().is_empty() => {
            Error::new(ErrorKind::Protocol, "an empty body where JSON was due")
        }
        Category::Eof | Category::Io => Error::new(ErrorKind::Network, format!("the JSON breaks off {at}")),
        Category::Syntax => Error::new(ErrorKind::Protocol, format!("a body that is no JSON {at}")),
        Category::Data => Error::new(ErrorKind::Protocol, format!("JSON that does not fit {at}: {}", shape(error))),
    }
}

/// What kind of mismatch it is, without the value that serde quotes.
pub(super) fn shape(error: &serde_json::Error) -> String {
    let text = error.to_string();
    if text.starts_with("missing field") || text.starts_with("duplicate field") {
        return text.split(" at line").next().unwrap_or_default().to_owned();
    }
    match text.split_once("expected ") {
        Some((_, expected)) => format!("expected {}", expected.split(" at line").next().unwrap_or_default()),
        None => "a value out of range".into(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only the errors of decoding matter")]
    struct Outer {
        inner: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only the errors of decoding matter")]
    struct Inner {
        size: u64,
    }

    #[test]
    fn errors_say_where_and_quote_nothing() {
        let cases = [
            (r#"{"inner":[{"size":"hush"}]}"#, ErrorKind::Protocol, "inner[0].size"),
            (r#"{"inner":[{}]}"#, ErrorKind::Protocol, "missing field `size`"),
            (r#"{"inner":[{"size":1}"#, ErrorKind::Network, "breaks off"),
            ("<html>hush</html>", ErrorKind::Protocol, "HTML"),
            ("", ErrorKind::Protocol, "empty"),
            (" \r\n", ErrorKind::Protocol, "empty"),
            ("\u{feff}", ErrorKind::Protocol, "empty"),
            ("\u{feff}{\"inner\":[{}]}", ErrorKind::Protocol, "missing field `size`"),
            ("hush", ErrorKind::Protocol, "no JSON"),
            (r#"{"inner":[]} x"#, ErrorKind::Protocol, "no JSON"),
            ("{\0}\0", ErrorKind::Protocol, "the document is in UTF-16 (UTF-8"),
        ];
        for (body, kind, part) in cases {
            let error = decode_json::<Outer>(body.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), kind, "{body}");
            assert!(error.to_string().contains(part), "{error}");
            assert!(!error.to_string().contains("hush"), "{error}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_document() {
        let read: serde_json::Value = decode_json("\u{feff}{\"a\":1}".as_bytes()).unwrap();
        assert_eq!(read["a"], 1);
    }
}
