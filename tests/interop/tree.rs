//! A directory with all that makes file names and files difficult, and what is compared of directories.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::{Duration, SystemTime};

use sharesync::{Digest, DigestAlgorithm, Hasher};

/// Names of folders; each of them holds files of all these names.
const NAMES: [&str; 20] = [
    "plain",
    "two words",
    "inner   spaces",
    "number #1",
    "100%",
    "%41 is not A",
    "a+b",
    "it's",
    "R&D",
    "eq=uals;semi,comma",
    "(round) [square] {curly}",
    "tilde~and^caret`tick",
    "$dollar @at !bang",
    "Ünïcödé",
    "Отчёт за май",
    "年度報告書",
    "التقرير السنوي",
    "ไฟล์สำคัญ",
    "📁 emoji 🎉",
    "many.dots.in.it",
];

/// Longer than what is sent in one request: it goes up in chunks, several at once.
pub(crate) const LARGE: u64 = 200 << 20;

/// What there is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    Folder,
    File { size: u64, digest: Digest, modified: u64 },
}

/// Fills a directory: 20 folders of 26 files each, folders in folders, empty files, empty folders, and one large file.
pub(crate) fn create(directory: &Path) {
    let mut seed = 0;
    for folder in NAMES {
        let inside = directory.join(folder);
        fs::create_dir_all(inside.join("deeper/and deeper/still")).unwrap();
        for (number, name) in NAMES.iter().enumerate() {
            seed += 1;
            write(&inside.join(format!("{}.{number}", name)), size(seed), seed);
        }
        for (number, below) in ["deeper", "deeper/and deeper"].into_iter().cycle().take(6).enumerate() {
            seed += 1;
            write(&inside.join(below).join(format!("file {number}.bin")), size(seed), seed);
        }
        fs::create_dir_all(inside.join("empty #1 & more/empty too")).unwrap();
    }
    write(&directory.join("large file.bin"), LARGE, 0);
}

/// Every seventh file is empty, every fiftieth has more than a MiB, the others a few KiB.
fn size(seed: u64) -> u64 {
    match seed {
        seed if seed % 7 == 0 => 0,
        seed if seed % 50 == 0 => (1 << 20) + seed,
        seed => (seed * 97) % 8192 + 1,
    }
}

/// Writes a file of pseudo-random bytes that was modified some days ago, to the second.
pub(crate) fn write(path: &Path, size: u64, seed: u64) {
    let (mut random, mut left) = (fastrand::Rng::with_seed(seed), size);
    let (mut file, mut block) = (File::create(path).unwrap(), vec![0; 1 << 20]);
    while left > 0 {
        let piece = usize::try_from(left).unwrap_or(block.len()).min(block.len());
        random.fill(&mut block[..piece]);
        file.write_all(&block[..piece]).unwrap();
        left -= piece as u64;
    }
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seed * 3607)).unwrap();
}

/// Everything below a directory, by its path with `/` as the separator.
pub(crate) fn read(directory: &Path) -> BTreeMap<String, Entry> {
    let entries = walkdir::WalkDir::new(directory).min_depth(1).into_iter().map(Result::unwrap);
    entries
        .map(|entry| {
            let relative = entry.path().strip_prefix(directory).unwrap();
            let path: Vec<_> = relative.iter().map(|name| name.to_str().unwrap()).collect();
            let found = if entry.file_type().is_dir() { Entry::Folder } else { file(entry.path()) };
            (path.join("/"), found)
        })
        .collect()
}

fn file(path: &Path) -> Entry {
    let (mut file, mut hasher, mut size) = (File::open(path).unwrap(), Hasher::new(DigestAlgorithm::Md5), 0);
    let mut block = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut block).unwrap();
        if read == 0 {
            let modified = file.metadata().unwrap().modified().unwrap();
            let modified = modified.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
            return Entry::File { size, digest: hasher.finish(), modified };
        }
        hasher.update(&block[..read]);
        size += read as u64;
    }
}

/// Says what differs between two directories; their whole contents would say nothing.
pub(crate) fn assert_same(one: &Path, other: &Path) {
    let (one, other) = (read(one), read(other));
    let missing: Vec<_> = one.iter().filter(|(path, entry)| other.get(*path) != Some(entry)).take(5).collect();
    let surplus: Vec<_> = other.iter().filter(|(path, entry)| one.get(*path) != Some(entry)).take(5).collect();
    assert!(missing.is_empty() && surplus.is_empty(), "missing or other: {missing:#?}\ninstead: {surplus:#?}");
}
