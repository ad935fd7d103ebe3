//! QuickXorHash (OneDrive API: QuickXorHash algorithm): every byte is XORed into a register of 160 bits, 11 bits further
//! than the byte before, and at last the length into the end of the register.
//!
//! After 160 bytes the same place comes again. So bytes are first XORed a block of 160 at a time, which processors do in
//! wide words, and are shifted to their places once, at the end.

/// Bits of the register, and bytes until a place comes again.
const WIDTH: usize = 160;

/// How much further the next byte goes, in bits.
const SHIFT: usize = 11;

#[derive(Clone)]
pub(super) struct QuickXor {
    block: [u64; WIDTH / 8],
    length: u64,
}

impl QuickXor {
    pub(super) fn new() -> Self {
        Self { block: [0; WIDTH / 8], length: 0 }
    }

    pub(super) fn update(&mut self, piece: &[u8]) {
        let begun = (self.length % WIDTH as u64) as usize;
        self.length = self.length.wrapping_add(piece.len() as u64);
        let (head, rest) = piece.split_at(piece.len().min(WIDTH - begun));
        self.add(begun, head);
        let (blocks, tail) = rest.as_chunks::<WIDTH>();
        for block in blocks {
            let words = block.as_chunks::<8>().0;
            self.block.iter_mut().zip(words).for_each(|(to, word)| *to ^= u64::from_le_bytes(*word));
        }
        self.add(0, tail);
    }

    /// Takes in bytes that are no whole block, from this place of a block on.
    fn add(&mut self, place: usize, bytes: &[u8]) {
        for (place, &byte) in (place..).zip(bytes) {
            if let Some(word) = self.block.get_mut(place / 8) {
                *word ^= u64::from(byte) << (place % 8 * 8);
            }
        }
    }

    pub(super) fn finish(self) -> [u8; WIDTH / 8] {
        let mut register = [0; WIDTH / 8];
        let mut add = |place: usize, byte: u8| {
            if let Some(slot) = register.get_mut(place % (WIDTH / 8)) {
                *slot ^= byte;
            }
        };
        for (index, byte) in self.block.into_iter().flat_map(u64::to_le_bytes).enumerate() {
            let shift = index * SHIFT % WIDTH;
            let [low, high] = (u16::from(byte) << (shift % 8)).to_le_bytes();
            add(shift / 8, low);
            add(shift / 8 + 1, high);
        }
        let end = WIDTH / 8 - size_of::<u64>();
        self.length.to_le_bytes().into_iter().enumerate().for_each(|(index, byte)| add(end + index, byte));
        register
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::{Digest, DigestAlgorithm, Hasher};

    /// The algorithm as it is published: bit by bit.
    fn bit_by_bit(content: &[u8]) -> Vec<u8> {
        let mut bits = [false; 160];
        for (index, byte) in content.iter().enumerate() {
            for bit in 0..8 {
                bits[(index * 11 + bit) % 160] ^= byte >> bit & 1 == 1;
            }
        }
        let mut register: Vec<u8> =
            bits.chunks(8).map(|bits| bits.iter().rev().fold(0, |byte, &bit| byte << 1 | u8::from(bit))).collect();
        let length = (content.len() as u64).to_le_bytes();
        register[12..].iter_mut().zip(length).for_each(|(to, byte)| *to ^= byte);
        register
    }

    fn hash(content: &[u8]) -> Digest {
        Digest::of(DigestAlgorithm::QuickXor, content)
    }

    #[test]
    fn known_values_come_out_and_are_read_back() {
        let known = [
            (&b""[..], "AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
            (b"\xE2", "4gAAAAAAAAAAAAAAAQAAAAAAAAA="),
            (b"hello world", "aCgDG9jwBhDc4Q1yawMZAAAAAAA="),
        ];
        for (content, expected) in known {
            assert_eq!(hash(content).to_base64(), expected);
            assert_eq!(Digest::from_base64(DigestAlgorithm::QuickXor, expected), Some(hash(content)));
        }
        assert_eq!(Digest::from_base64(DigestAlgorithm::QuickXor, "AAAA"), None);
        let json = serde_json::to_string(&hash(b"x")).unwrap();
        assert!(json.starts_with("\"quickxor:"));
        assert_eq!(serde_json::from_str::<Digest>(&json).unwrap(), hash(b"x"));
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(content in prop::collection::vec(any::<u8>(), 0..2000), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(content.len() + 1)).collect();
            cuts.sort_unstable();
            let mut hasher = Hasher::new(DigestAlgorithm::QuickXor);
            let mut begin = 0;
            for cut in cuts.into_iter().chain([content.len()]) {
                hasher.update(&content[begin..cut]);
                begin = cut;
            }
            let digest = hasher.finish();
            prop_assert_eq!(digest.as_bytes(), bit_by_bit(&content));
        }
    }
}
