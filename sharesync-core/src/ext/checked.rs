//! A file written from start to end, and beside it a file with a checksum of each block. After a power cut, a full disk or
//! somebody else's edit, a download resumes behind the last intact block.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};

use crate::Hasher;

/// Bytes per checksum: the most that a killed process loses of what it had written.
const BLOCK: u64 = 1024 * 1024;

/// Bytes of a checksum.
const SUM: u64 = 4;

/// A file, written on behind what is known to be intact.
#[derive(Debug)]
pub(super) struct Checked {
    file: File,
    /// The checksums; `None` where the file will not be resumed.
    sums: Option<File>,
    length: u64,
    block: crc32fast::Hasher,
}

impl Checked {
    /// An empty file that will not be resumed.
    pub(super) fn new(file: File) -> io::Result<Self> {
        file.set_len(0)?;
        Ok(Self { file, sums: None, length: 0, block: crc32fast::Hasher::new() })
    }

    /// Keeps the intact start of a file, at most `limit` bytes, and feeds it to the hashers.
    pub(super) fn continued(mut file: File, mut sums: File, limit: u64, hashers: &mut [Hasher]) -> io::Result<Self> {
        let mut length = 0;
        let (mut block, mut sum) = (Vec::new(), Vec::new());
        loop {
            read_up_to(&mut file, BLOCK.min(limit - length), &mut block)?;
            read_up_to(&mut sums, SUM, &mut sum)?;
            if block.is_empty() || sum != crc32fast::hash(&block).to_le_bytes() {
                block.clear();
            }
            hashers.iter_mut().for_each(|hasher| hasher.update(&block));
            length += block.len() as u64;
            if (block.len() as u64) < BLOCK {
                break;
            }
        }
        file.set_len(length)?;
        file.seek(SeekFrom::Start(length))?;
        sums.set_len(length / BLOCK * SUM)?;
        let mut begun = crc32fast::Hasher::new();
        begun.update(&block);
        Ok(Self { file, sums: Some(sums), length, block: begun })
    }

    /// The bytes that there are.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Notes the checksum of the block that ends, or breaks off, here.
    fn note(&mut self) -> io::Result<()> {
        if let Some(sums) = &mut self.sums
            && let Some(last) = self.length.checked_sub(1)
        {
            sums.seek(SeekFrom::Start(last / BLOCK * SUM))?;
            sums.write_all(&self.block.clone().finalize().to_le_bytes())?;
        }
        Ok(())
    }
}

impl Write for Checked {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let room = usize::try_from(BLOCK - self.length % BLOCK).unwrap_or(usize::MAX);
        let written = self.file.write(piece.get(..room).unwrap_or(piece))?;
        self.block.update(piece.get(..written).unwrap_or_default());
        self.length += written as u64;
        if written == room {
            self.note()?;
            self.block.reset();
        }
        Ok(written)
    }

    /// Notes what there is of the last block, so that all of it is continued.
    fn flush(&mut self) -> io::Result<()> {
        if self.length.is_multiple_of(BLOCK) { Ok(()) } else { self.note() }
    }
}

/// Reads as many bytes, or as there are.
fn read_up_to(file: &mut File, length: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
    bytes.clear();
    file.take(length).read_to_end(bytes).map(drop)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn content(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at * 31 / 7 % 251) as u8).collect()
    }

    /// Writes a content in pieces; the bytes of both files.
    fn written(content: &[u8], piece: usize, flush: bool) -> (Vec<u8>, Vec<u8>) {
        let (file, sums) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
        let (seen, seen_sums) = (file.try_clone().unwrap(), sums.try_clone().unwrap());
        let mut checked = Checked::continued(file, sums, content.len() as u64, &mut []).unwrap();
        content.chunks(piece).for_each(|piece| checked.write_all(piece).unwrap());
        if flush {
            checked.flush().unwrap();
        }
        (bytes_of(seen), bytes_of(seen_sums))
    }

    fn bytes_of(mut file: File) -> Vec<u8> {
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(0)).unwrap();
        file.read_to_end(&mut bytes).unwrap();
        bytes
    }

    fn file_of(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        file
    }

    /// How much of a file with these checksums is continued, and that what is written on is the whole content.
    fn intact(file: &[u8], sums: &[u8], whole: &[u8]) -> usize {
        let mut hashers = [Hasher::new(crate::DigestAlgorithm::Md5)];
        let file = file_of(file);
        let seen = file.try_clone().unwrap();
        let mut checked = Checked::continued(file, file_of(sums), whole.len() as u64, &mut hashers).unwrap();
        let had = usize::try_from(checked.length()).unwrap();
        let [hasher] = hashers;
        assert_eq!(hasher.finish(), crate::Digest::of(crate::DigestAlgorithm::Md5, &whole[..had]));
        checked.write_all(&whole[had..]).unwrap();
        assert!(bytes_of(seen) == whole);
        had
    }

    const MIB: usize = BLOCK as usize;

    #[test]
    fn what_was_written_is_continued_where_it_ends() {
        for length in [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB, 3 * MIB + 12_345] {
            let whole = content(5 * MIB);
            for piece in [64 * 1024, MIB, 2 * MIB + 1] {
                let (file, sums) = written(&whole[..length], piece, true);
                assert_eq!(intact(&file, &sums, &whole), length, "in pieces of {piece}");
                let (file, sums) = written(&whole[..length], piece, false);
                assert_eq!(intact(&file, &sums, &whole), length / MIB * MIB, "killed, in pieces of {piece}");
            }
        }
    }

    #[test]
    fn nothing_is_continued_without_its_checksum() {
        let whole = content(3 * MIB);
        let (file, sums) = written(&whole[..2 * MIB + 5], MIB, true);
        assert_eq!(intact(&file, &[], &whole), 0);
        assert_eq!(intact(&file, &sums[..7], &whole), MIB, "the last of its checksums is not complete");
        assert_eq!(intact(&file[..MIB + 9], &sums, &whole), MIB, "the file was cut off");
        assert_eq!(intact(&[&file[..], b"more"].concat(), &sums, &whole), 2 * MIB, "something was added");
        assert_eq!(intact(&[], &sums, &whole), 0);
        assert_eq!(intact(&vec![0; 2 * MIB], &[0; 8], &whole), 0, "a power cut left zeros of both");
        assert_eq!(intact(&file, &sums, &whole[..MIB]), MIB, "more than there is to be");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn a_damaged_byte_is_never_continued(length in 1..4 * MIB, at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
            let whole = content(4 * MIB);
            let (mut file, sums) = written(&whole[..length], 100_000, true);
            let at = at.index(length);
            file[at] ^= flip;
            prop_assert_eq!(intact(&file, &sums, &whole), at / MIB * MIB);
        }
    }
}
