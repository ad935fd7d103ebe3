//! Values that must not be printed: passwords, tokens, and URLs that grant access to whoever holds them.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

/// A secret text. `Debug` prints a placeholder; the memory is wiped on drop.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps a secret text.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(SecretString::from(secret.into()))
    }

    /// The text itself. Never put it in a log, an error or a URL.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<T: Into<String>> From<T> for Secret {
    fn from(secret: T) -> Self {
        Self::new(secret)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// A URL that authenticates itself, such as a pre-signed upload address or a public link.
///
/// `Debug` prints scheme, host and port alone. It serializes in full, because a persisted upload needs it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretUrl(Url);

impl SecretUrl {
    /// Wraps a URL that must not be printed.
    pub fn new(url: Url) -> Self {
        Self(url)
    }

    /// The URL itself. Handing it on grants the access that it stands for.
    pub fn expose(&self) -> &Url {
        &self.0
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/[redacted]", self.0.origin().ascii_serialization())
    }
}

impl From<Url> for SecretUrl {
    fn from(url: Url) -> Self {
        Self(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let url = SecretUrl::new(Url::parse("https://storage.example:8443/path/hush?h=hush").unwrap());
        assert_eq!(format!("{url:?}"), "https://storage.example:8443/[redacted]");
        assert_eq!(format!("{:?}", Secret::new("hush")), "[redacted]");
    }
}
