//! Content digests: what services report, and the hashers that check it.

mod quickxor;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::Digest as _;
use serde::{Deserialize, Serialize};

use self::quickxor::QuickXor;

/// How a digest was computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum DigestAlgorithm {
    /// MD5 (RFC 1321). It guards against accidents, not against an adversary.
    Md5,
    /// SHA-1 (FIPS 180-4). It guards against accidents, not against an adversary.
    Sha1,
    /// SHA-256 (FIPS 180-4).
    Sha256,
    /// QuickXorHash (OneDrive API: QuickXorHash algorithm). It guards against accidents alone: anybody can make content
    /// with a given hash.
    QuickXor,
}

impl DigestAlgorithm {
    /// The usual name, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::QuickXor => "quickxor",
        }
    }

    /// The length of a digest in bytes.
    pub fn digest_len(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 | Self::QuickXor => 20,
            Self::Sha256 => 32,
        }
    }
}

/// A digest of content, with its algorithm. It prints as `md5:9e10…`.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest {
    algorithm: DigestAlgorithm,
    bytes: Box<[u8]>,
}

impl Digest {
    /// Reads lower-case or upper-case hexadecimal; `None` unless it has the algorithm's length.
    pub fn from_hex(algorithm: DigestAlgorithm, text: &str) -> Option<Self> {
        Self::from_bytes(algorithm, &hex::decode(text).ok()?)
    }

    /// Reads base64 with padding, as SharePoint writes digests; `None` unless it has the algorithm's length.
    pub fn from_base64(algorithm: DigestAlgorithm, text: &str) -> Option<Self> {
        Self::from_bytes(algorithm, &STANDARD.decode(text).ok()?)
    }

    /// Takes raw digest bytes; `None` unless they have the algorithm's length.
    pub fn from_bytes(algorithm: DigestAlgorithm, bytes: &[u8]) -> Option<Self> {
        (bytes.len() == algorithm.digest_len()).then(|| Self { algorithm, bytes: bytes.into() })
    }

    /// The digest of `content`.
    pub fn of(algorithm: DigestAlgorithm, content: &[u8]) -> Self {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(content);
        hasher.finish()
    }

    /// How it was computed.
    pub fn algorithm(&self) -> DigestAlgorithm {
        self.algorithm
    }

    /// The raw bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Lower-case hexadecimal.
    pub fn to_hex(&self) -> String {
        hex::encode(&self.bytes)
    }

    /// Base64 with padding.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(&self.bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.name(), self.to_hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for Digest {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (name, hex) = text.split_once(':').unwrap_or_default();
        [DigestAlgorithm::Md5, DigestAlgorithm::Sha1, DigestAlgorithm::Sha256, DigestAlgorithm::QuickXor]
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
            .and_then(|algorithm| Self::from_hex(algorithm, hex))
            .ok_or_else(|| format!("`{text}` is no digest of the form `algorithm:hex`"))
    }
}

/// Computes one digest over content that arrives in pieces.
#[derive(Clone)]
pub struct Hasher(State);

#[derive(Clone)]
enum State {
    Md5(md5::Md5),
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
    QuickXor(QuickXor),
}

impl Hasher {
    /// A hasher that has seen nothing yet.
    pub fn new(algorithm: DigestAlgorithm) -> Self {
        Self(match algorithm {
            DigestAlgorithm::Md5 => State::Md5(md5::Md5::new()),
            DigestAlgorithm::Sha1 => State::Sha1(sha1::Sha1::new()),
            DigestAlgorithm::Sha256 => State::Sha256(sha2::Sha256::new()),
            DigestAlgorithm::QuickXor => State::QuickXor(QuickXor::new()),
        })
    }

    /// Takes in the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        match &mut self.0 {
            State::Md5(hasher) => hasher.update(piece),
            State::Sha1(hasher) => hasher.update(piece),
            State::Sha256(hasher) => hasher.update(piece),
            State::QuickXor(hasher) => hasher.update(piece),
        }
    }

    /// The digest of everything taken in.
    pub fn finish(self) -> Digest {
        let (algorithm, bytes): (_, Box<[u8]>) = match self.0 {
            State::Md5(hasher) => (DigestAlgorithm::Md5, hasher.finalize().as_slice().into()),
            State::Sha1(hasher) => (DigestAlgorithm::Sha1, hasher.finalize().as_slice().into()),
            State::Sha256(hasher) => (DigestAlgorithm::Sha256, hasher.finalize().as_slice().into()),
            State::QuickXor(hasher) => (DigestAlgorithm::QuickXor, hasher.finish().into()),
        };
        Digest { algorithm, bytes }
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_digests_are_the_published_ones() {
        let cases = [
            (DigestAlgorithm::Md5, "md5:d41d8cd98f00b204e9800998ecf8427e"),
            (DigestAlgorithm::Sha1, "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709"),
            (DigestAlgorithm::Sha256, "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ];
        for (algorithm, expected) in cases {
            assert_eq!(Digest::of(algorithm, b"").to_string(), expected);
        }
    }

    #[test]
    fn json_form_is_read_back_and_a_wrong_length_is_refused() {
        let digest = Digest::of(DigestAlgorithm::Md5, b"x");
        let json = serde_json::to_string(&digest).unwrap();
        assert_eq!(serde_json::from_str::<Digest>(&json).unwrap(), digest);
        assert!(serde_json::from_str::<Digest>("\"md5:00\"").is_err());
    }
}
