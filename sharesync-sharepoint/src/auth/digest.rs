//! The form digest: what SharePoint wants with every write that no bearer token signs in (Working with folders and files
//! with REST; `POST _api/contextinfo`).
//!
//! It is fetched before the first write, kept, renewed a minute before its end and once for all who wait, and taken from a
//! refusal that carries one. Whether SharePoint 2019 sends one along is unknown; without one it is fetched again.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use http::header::ACCEPT;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;
use sharesync_core::http::{
    Authorizer, BearerTokens, Call, Pipeline, Repeat, TokenSet, TokenSource, decode_json, url_below,
};
use sharesync_core::{Error, ErrorKind, Result, Secret, Timestamp};
use url::Url;

use super::fields::texts;

/// Carries the digest, in requests and in refusals.
const X_REQUEST_DIGEST: HeaderName = HeaderName::from_static("x-requestdigest");

/// How long a digest lasts where nothing says so: the value that every documented answer has.
const LIFETIME: Duration = Duration::from_secs(1800);

/// "The security validation for this page is invalid" (from memory; no document at hand lists the code).
const INVALID_DIGEST: &[u8] = b"-2130575251";

/// The digest of one site.
#[derive(Debug, Clone)]
pub struct FormDigest(BearerTokens);

impl FormDigest {
    /// The digest of `site`, which `pipeline` asks for.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when `site` is no address.
    pub fn new(pipeline: Pipeline, site: &Url) -> Result<Self> {
        let source = ContextInfo { pipeline, url: url_below(site.as_str(), "_api/contextinfo")? };
        Ok(Self(BearerTokens::new(Arc::new(source), None, None)))
    }

    /// The digest to send now.
    ///
    /// # Errors
    /// Those of the request for it.
    pub async fn value(&self) -> Result<Secret> {
        self.0.tokens().await.map(|tokens| tokens.access.clone())
    }
}

#[derive(Debug)]
struct ContextInfo {
    pipeline: Pipeline,
    url: Url,
}

#[async_trait]
impl TokenSource for ContextInfo {
    async fn renew(&self, _present: Option<&TokenSet>) -> Result<TokenSet> {
        let call = Call::post("ContextInfo", self.url.clone())
            .repeat(Repeat::Idempotent)
            .header(ACCEPT, HeaderValue::from_static("application/json;odata=verbose"));
        let answer = self.pipeline.bytes(call).await?;
        let (value, lifetime) = read(&answer).ok_or_else(|| no_digest(&answer))?;
        Ok(lasting(value, lifetime))
    }
}

fn lasting(value: String, lifetime: Duration) -> TokenSet {
    TokenSet::new(value).with_expires(Some(Timestamp::now().saturating_add(lifetime)))
}

/// Reads the answer of `contextinfo`: Atom XML, verbose JSON, or JSON.
fn read(answer: &[u8]) -> Option<(String, Duration)> {
    let (value, seconds) = match decode_json::<Value>(answer) {
        Ok(json) => {
            let info =
                json.pointer("/d/GetContextWebInformation").or_else(|| json.pointer("/GetContextWebInformation"));
            let info = info.unwrap_or(&json);
            let seconds = info.get("FormDigestTimeoutSeconds");
            let seconds = seconds.and_then(|value| value.as_u64().or_else(|| value.as_str()?.parse().ok()));
            (info.get("FormDigestValue")?.as_str()?.to_owned(), seconds)
        }
        Err(_) => {
            let [value, seconds] = texts(answer, ["FormDigestValue", "FormDigestTimeoutSeconds"])?;
            (value?, seconds.and_then(|seconds| seconds.trim().parse().ok()))
        }
    };
    let value = value.trim();
    (!value.is_empty()).then(|| (value.to_owned(), seconds.map_or(LIFETIME, Duration::from_secs)))
}

fn no_digest(answer: &[u8]) -> Error {
    let page = answer
        .trim_ascii_start()
        .get(..5)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"<!doc") || start.eq_ignore_ascii_case(b"<html"));
    match page {
        true => Error::new(ErrorKind::Unauthenticated, "the service answered with a page in HTML, as for signing in"),
        false => Error::new(ErrorKind::Protocol, "the service answered without a form digest"),
    }
}

/// Puts the digest on writes, besides the credentials of another authorizer.
pub(super) struct WithDigest {
    inner: Option<Arc<dyn Authorizer>>,
    digest: FormDigest,
    /// Digests of generations below this one were refused.
    refused_below: AtomicU64,
}

impl WithDigest {
    pub(super) fn new(inner: Option<Arc<dyn Authorizer>>, digest: FormDigest) -> Self {
        Self { inner, digest, refused_below: AtomicU64::new(0) }
    }
}

impl fmt::Debug for WithDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WithDigest").field(&self.inner).finish()
    }
}

/// Two generations in one number: that of the credentials, and that of the digest where one was sent.
fn pack(credentials: u64, digest: Option<u64>) -> u64 {
    credentials << 32 | digest.unwrap_or(u64::from(u32::MAX))
}

fn unpack(generation: u64) -> (u64, Option<u64>) {
    let digest = generation & u64::from(u32::MAX);
    (generation >> 32, (digest != u64::from(u32::MAX)).then_some(digest))
}

#[async_trait]
impl Authorizer for WithDigest {
    async fn authorize(&self, method: &Method, headers: &mut HeaderMap) -> Result<u64> {
        let credentials = match &self.inner {
            Some(inner) => inner.authorize(method, headers).await?,
            None => 0,
        };
        if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
            return Ok(pack(credentials, None));
        }
        let (tokens, generation) = self.digest.0.current_or_renewed().await?;
        let mut value = HeaderValue::try_from(tokens.access.expose())
            .map_err(|_| Error::new(ErrorKind::Protocol, "a form digest that no header can carry"))?;
        value.set_sensitive(true);
        headers.insert(X_REQUEST_DIGEST, value);
        Ok(pack(credentials, Some(generation)))
    }

    fn refuses(&self, generation: u64, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> bool {
        let (credentials, digest) = unpack(generation);
        let carried = headers.get(X_REQUEST_DIGEST).and_then(|value| value.to_str().ok());
        let invalid = carried.is_some() || body.windows(INVALID_DIGEST.len()).any(|part| part == INVALID_DIGEST);
        if let Some(digest) = digest.filter(|_| status == StatusCode::FORBIDDEN && invalid) {
            self.refused_below.fetch_max(digest + 1, Ordering::AcqRel);
            if let Some(value) = carried.filter(|value| !value.is_empty()) {
                self.digest.0.replace(digest, lasting(value.to_owned(), LIFETIME));
            }
            return true;
        }
        self.inner.as_ref().is_some_and(|inner| inner.refuses(credentials, status, headers, body))
    }

    async fn refused(&self, generation: u64) -> Result<bool> {
        let (credentials, digest) = unpack(generation);
        match (digest.filter(|&digest| digest < self.refused_below.load(Ordering::Acquire)), &self.inner) {
            (Some(digest), _) => self.digest.0.refused(digest).await,
            (None, Some(inner)) => inner.refused(credentials).await,
            (None, None) => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_contextinfo_is_read() {
        let atom = br#"<?xml version="1.0" encoding="utf-8"?><d:GetContextWebInformation
            xmlns:d="http://schemas.microsoft.com/ado/2007/08/dataservices"><d:FormDigestTimeoutSeconds>900</d:FormDigestTimeoutSeconds>
            <d:FormDigestValue>0xAB,03 Oct 2017 21:13:02 -0000</d:FormDigestValue></d:GetContextWebInformation>"#;
        let verbose = br#"{"d":{"GetContextWebInformation":{"FormDigestTimeoutSeconds":900,"FormDigestValue":"0xAB,03 Oct 2017 21:13:02 -0000"}}}"#;
        let plain = br#"{"odata.metadata":"x","FormDigestTimeoutSeconds":"900","FormDigestValue":"0xAB,03 Oct 2017 21:13:02 -0000"}"#;
        for form in [&atom[..], verbose, plain] {
            let (value, lifetime) = read(form).unwrap();
            assert_eq!((value.as_str(), lifetime.as_secs()), ("0xAB,03 Oct 2017 21:13:02 -0000", 900));
        }
        assert_eq!(read(br#"{"FormDigestValue":"0xAB"}"#).unwrap().1, LIFETIME);
        assert!(read("\u{feff}{\"FormDigestValue\":\"0xAB\"}".as_bytes()).is_some());
        for none in [&b""[..], b"{}", b"<a/>", br#"{"FormDigestValue":""}"#, b"\xff"] {
            assert!(read(none).is_none());
        }
        assert_eq!(no_digest(b" <!DOCTYPE html><html>").kind(), ErrorKind::Unauthenticated);
        assert_eq!(no_digest(b"<a/>").kind(), ErrorKind::Protocol);
    }

    #[test]
    fn two_generations_go_in_one_number() {
        for (credentials, digest) in [(0, None), (7, Some(0)), (3, Some(9))] {
            assert_eq!(unpack(pack(credentials, digest)), (credentials, digest));
        }
    }
}
