//! A request as the faces see it.

use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName};
use http::{HeaderMap, Method};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;

use super::{Query, Throttle};
use crate::recorder::Slot;

/// One request.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// The path as it came, still percent-encoded.
    pub(crate) path: String,
    /// The query string as it came.
    pub(crate) raw_query: String,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
    /// Scheme and host under which the client reached this server.
    pub(crate) base: String,
    pub(crate) body: RequestBody,
    /// The connection as it will be after a 101.
    pub(crate) upgrade: Option<OnUpgrade>,
    /// A fault wants the next page to be this one again.
    pub(crate) repeat_page: bool,
}

impl Call {
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The token of `Authorization: Bearer`.
    pub(crate) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header(&AUTHORIZATION)?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    }

    pub(crate) fn content_type(&self) -> &str {
        self.header(&CONTENT_TYPE).unwrap_or_default()
    }

    /// `http://host`, from the `Host` header if it is a plain one.
    pub(crate) fn base_of(headers: &HeaderMap, fallback: &str) -> String {
        let plain = |host: &&str| {
            !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte))
        };
        let host = headers.get(HOST).and_then(|value| value.to_str().ok()).filter(plain).unwrap_or(fallback);
        format!("http://{host}")
    }
}

/// What a SOAP request asks for: the header of version 1.1, the parameter of the content type of version 1.2.
pub(crate) fn soap_action(headers: &HeaderMap) -> Option<&str> {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok();
    let action = text(HeaderName::from_static("soapaction"));
    let action = action.or_else(|| text(CONTENT_TYPE)?.split_once("action=")?.1.split(';').next());
    Some(action?.trim().trim_matches('"')).filter(|action| !action.is_empty())
}

/// The body of a request, to be taken once. Counts what passes, and paces it when a throttle is set.
#[derive(Debug)]
pub(crate) struct RequestBody {
    incoming: Incoming,
    slot: Arc<Slot>,
    throttle: Option<Arc<Throttle>>,
}

impl RequestBody {
    pub(crate) fn new(incoming: Incoming, slot: Arc<Slot>, throttle: Option<Arc<Throttle>>) -> Self {
        Self { incoming, slot, throttle }
    }

    /// The next bytes; `None` at the end. An end before the announced length is an error.
    pub(crate) async fn chunk(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            let Some(frame) = self.incoming.frame().await else {
                return Ok(None);
            };
            let Ok(data) = frame.map_err(io::Error::other)?.into_data() else {
                continue;
            };
            self.slot.count_received(data.len());
            if let Some(throttle) = &self.throttle {
                throttle.wait(data.len()).await;
            }
            return Ok(Some(data));
        }
    }

    /// The whole body, if it is not longer than `limit`.
    pub(crate) async fn read(&mut self, limit: usize) -> io::Result<Bytes> {
        let mut all = BytesMut::new();
        while let Some(data) = self.chunk().await? {
            if all.len() + data.len() > limit {
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the body is too long"));
            }
            all.extend_from_slice(&data);
        }
        Ok(all.freeze())
    }

    /// Reads to the end and forgets, so that the connection can be used again.
    pub(crate) async fn drain(&mut self) {
        while let Ok(Some(_)) = self.chunk().await {}
    }
}
