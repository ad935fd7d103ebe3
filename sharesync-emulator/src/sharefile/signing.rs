//! The `h=` of storage URLs and callbacks: a keyed hash over everything before it, so that a URL authorises itself.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Signs paths with their queries, and knows its signatures again.
#[derive(Debug)]
pub(super) struct Signer {
    key: Vec<u8>,
}

impl Signer {
    pub(super) fn new(key: impl Into<Vec<u8>>) -> Self {
        Self { key: key.into() }
    }

    /// `path?query` with `&h=` and the signature behind it.
    pub(super) fn sign(&self, path_and_query: &str) -> String {
        format!("{path_and_query}&h={}", self.signature(path_and_query))
    }

    /// Whether a query carries a signature of what stands before it. What clients append behind it is not covered.
    pub(super) fn covers(&self, path: &str, raw_query: &str) -> bool {
        let Some((signed, rest)) = raw_query.split_once("&h=") else {
            return false;
        };
        let given = rest.split('&').next().unwrap_or_default();
        self.signature(&format!("{path}?{signed}")) == given
    }

    fn signature(&self, text: &str) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else {
            return String::new();
        };
        mac.update(text.as_bytes());
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_covers_what_is_before_it() {
        let signer = Signer::new("key");
        let url = signer.sign("/storage/x?a=1&b=2");
        let (path, query) = url.split_once('?').expect("a query");
        assert!(signer.covers(path, query));
        assert!(signer.covers(path, &format!("{query}&index=0&fmt=json")));
        assert!(!signer.covers(path, &query.replace("a=1", "a=2")));
        assert!(!signer.covers("/storage/y", query));
        assert!(!Signer::new("other").covers(path, query));
        assert!(!signer.covers(path, "a=1&b=2"));
    }
}
