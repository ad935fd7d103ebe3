//! Content digests, computed while bytes stream in. A further algorithm is one field in [`Digests`] and one in [`Hasher`].

use bytes::Bytes;
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use super::quick_xor::QuickXor;

/// The digests of one content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Digests {
    /// MD5 in lower-case hexadecimal.
    pub md5: String,
    /// QuickXorHash in base64; empty for what was stored before it was computed.
    #[serde(default)]
    pub quick_xor: String,
}

/// Takes bytes in order and gives the digests of all of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hasher {
    md5: Md5,
    quick_xor: QuickXor,
}

impl Hasher {
    pub(crate) fn update(&mut self, data: &[u8]) {
        self.md5.update(data);
        self.quick_xor.update(data);
    }

    pub(crate) fn update_all(&mut self, data: &[Bytes]) {
        data.iter().for_each(|chunk| self.update(chunk));
    }

    pub(crate) fn finish(self) -> Digests {
        Digests { md5: hex::encode(self.md5.finalize()), quick_xor: self.quick_xor.finish() }
    }
}
