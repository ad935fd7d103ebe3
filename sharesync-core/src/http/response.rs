//! A successful answer, and the ways to read it within bounds.

use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use url::Url;

use crate::{BoxStream, Error, ErrorKind, Result};

/// An answer with a success status, or one that the [`Call`](super::Call) accepts. Its body has not been read yet.
pub struct Response {
    status: StatusCode,
    headers: HeaderMap,
    url: Url,
    body: BoxStream<'static, Result<Bytes>>,
}

impl Response {
    pub(super) fn new(
        status: StatusCode,
        headers: HeaderMap,
        url: Url,
        body: BoxStream<'static, Result<Bytes>>,
    ) -> Self {
        Self { status, headers, url, body }
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

    /// The whole body.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] when it is longer than `limit` bytes; the rest is not read.
    pub async fn bytes(mut self, limit: usize) -> Result<Bytes> {
        let Some(first) = self.body.next().await.transpose()? else {
            return Ok(Bytes::new());
        };
        check_limit(first.len(), limit)?;
        let Some(second) = self.body.next().await.transpose()? else {
            return Ok(first);
        };
        let mut whole = BytesMut::from(first);
        let mut next = Some(second);
        while let Some(piece) = next {
            check_limit(whole.len() + piece.len(), limit)?;
            whole.extend_from_slice(&piece);
            next = self.body.next().await.transpose()?;
        }
        Ok(whole.freeze())
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
/// stands there.
pub fn decode_json<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
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
    let at = format!("at {path}, line {}, column {}", error.line(), error.column());
    match error.classify() {
        _ if body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<') => {
            Error::new(ErrorKind::Protocol, "HTML or XML where JSON was due: is this the API's address?")
        }
        Category::Eof if body.is_empty() => Error::new(ErrorKind::Protocol, "an empty body where JSON was due"),
        Category::Eof | Category::Io => Error::new(ErrorKind::Network, format!("the JSON breaks off {at}")),
        Category::Syntax => Error::new(ErrorKind::Protocol, format!("a body that is no JSON {at}")),
        Category::Data => Error::new(ErrorKind::Protocol, format!("JSON that does not fit {at}: {}", shape(error))),
    }
}

/// What kind of mismatch it is, without the value that serde quotes.
fn shape(error: &serde_json::Error) -> String {
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
            ("hush", ErrorKind::Protocol, "no JSON"),
            (r#"{"inner":[]} x"#, ErrorKind::Protocol, "no JSON"),
        ];
        for (body, kind, part) in cases {
            let error = decode_json::<Outer>(body.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), kind, "{body}");
            assert!(error.to_string().contains(part), "{error}");
            assert!(!error.to_string().contains("hush"), "{error}");
        }
    }
}
