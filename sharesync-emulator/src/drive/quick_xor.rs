//! QuickXorHash (Microsoft's code snippet "QuickXorHash Algorithm"): every byte is rotated by 11 bits more than the one before it and
//! XORed into 160 bits; at the end the length is XORed in.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// Bits of the register.
const WIDTH: usize = 160;
/// By how much more each byte is rotated.
const SHIFT: usize = 11;
/// After this many bytes the rotations repeat: 160 bytes turn the register by 11 whole rounds.
const PERIOD: usize = WIDTH;
const LANES: usize = PERIOD / 16;

/// A period of bytes, by lanes.
type Block = [[u8; 16]; LANES];

/// Takes bytes in order. Bytes that are rotated alike are XORed first; the rotations are done once, at the end.
#[derive(Debug, Clone, Default)]
pub(crate) struct QuickXor {
    /// Boxed, because a hasher is carried about.
    lanes: Box<[u128; LANES]>,
    len: u64,
}

impl QuickXor {
    pub(crate) fn update(&mut self, data: &[u8]) {
        let at = usize::try_from(self.len % PERIOD as u64).unwrap_or(0);
        self.len += data.len() as u64;
        let (head, rest) = data.split_at(data.len().min((PERIOD - at) % PERIOD));
        self.add(at, head);
        let (words, tail) = rest.as_chunks::<16>();
        let (blocks, words) = words.as_chunks::<LANES>();
        blocks.iter().for_each(|block| xor(&mut self.lanes, block));
        self.add(0, words.as_flattened());
        self.add(16 * words.len(), tail);
    }

    /// A few bytes from a place in the period on.
    fn add(&mut self, at: usize, data: &[u8]) {
        for (place, byte) in (at..).zip(data) {
            if let Some(lane) = self.lanes.get_mut(place / 16) {
                *lane ^= u128::from(*byte) << (8 * (place % 16));
            }
        }
    }

    /// The hash in base64.
    pub(crate) fn finish(&self) -> String {
        let mut register = [0_u8; WIDTH / 8];
        let bytes = self.lanes.iter().flat_map(|lane| lane.to_le_bytes());
        for (place, byte) in bytes.enumerate() {
            let bit = place * SHIFT % WIDTH;
            let spread = u16::from(byte) << (bit % 8);
            let [low, high] = spread.to_le_bytes();
            for (offset, part) in [low, high].into_iter().enumerate() {
                if let Some(target) = register.get_mut((bit / 8 + offset) % (WIDTH / 8)) {
                    *target ^= part;
                }
            }
        }
        for (target, byte) in register.iter_mut().rev().zip(self.len.to_be_bytes()) {
            *target ^= byte;
        }
        BASE64_STANDARD.encode(register)
    }
}

/// Written out, because it is every upload's inner loop, in builds without optimisation too.
fn xor(lanes: &mut [u128; LANES], block: &Block) {
    lanes[0] ^= u128::from_le_bytes(block[0]);
    lanes[1] ^= u128::from_le_bytes(block[1]);
    lanes[2] ^= u128::from_le_bytes(block[2]);
    lanes[3] ^= u128::from_le_bytes(block[3]);
    lanes[4] ^= u128::from_le_bytes(block[4]);
    lanes[5] ^= u128::from_le_bytes(block[5]);
    lanes[6] ^= u128::from_le_bytes(block[6]);
    lanes[7] ^= u128::from_le_bytes(block[7]);
    lanes[8] ^= u128::from_le_bytes(block[8]);
    lanes[9] ^= u128::from_le_bytes(block[9]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(data: &[u8], piece: usize) -> String {
        let mut hasher = QuickXor::default();
        data.chunks(piece).for_each(|piece| hasher.update(piece));
        hasher.finish()
    }

    #[test]
    fn the_published_vectors() {
        assert_eq!(hash(b"", 1), "AAAAAAAAAAAAAAAAAAAAAAAAAAA=");
        assert_eq!(hash(&[0xe2], 1), "4gAAAAAAAAAAAAAAAQAAAAAAAAA=");
        assert_eq!(hash(b"hello world", 20), "aCgDG9jwBhDc4Q1yawMZAAAAAAA=");
    }

    #[test]
    fn pieces_make_no_difference() {
        let data: Vec<u8> = (0..5000_u32).map(|number| (number * 31 % 251) as u8).collect();
        let whole = hash(&data, data.len());
        for piece in [1, 7, 159, 160, 161, 320, 1000] {
            assert_eq!(hash(&data, piece), whole, "{piece}");
        }
    }

    /// Bit by bit, as the description says it.
    #[test]
    fn the_definition() {
        let data: Vec<u8> = (0..777_u32).map(|number| (number * number % 253) as u8).collect();
        let mut register = [false; WIDTH];
        for (place, byte) in data.iter().enumerate() {
            for bit in 0..8 {
                register[(place * SHIFT + bit) % WIDTH] ^= byte >> bit & 1 == 1;
            }
        }
        let mut bytes: Vec<u8> =
            register.chunks(8).map(|bits| bits.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit))).collect();
        for (target, byte) in bytes[12..].iter_mut().zip((data.len() as u64).to_le_bytes()) {
            *target ^= byte;
        }
        assert_eq!(hash(&data, 100), BASE64_STANDARD.encode(bytes));
    }
}
