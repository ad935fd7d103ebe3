//! The directory that the tour takes along, with the digest of every file.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use sharesync::{Digest, DigestAlgorithm, Hasher};
use tempfile::TempDir;
use walkdir::WalkDir;

/// A local directory and what is in it.
pub struct Source {
    pub directory: PathBuf,
    /// The digest of each file, by its path with `/` as the separator.
    pub files: BTreeMap<String, Digest>,
    pub bytes: u64,
    _staged: Option<TempDir>,
}

impl Source {
    /// Takes a directory, or the workspace's own source files.
    pub fn prepare(directory: Option<&Path>) -> Result<Self> {
        let staged = if directory.is_none() { Some(stage_workspace()?) } else { None };
        let directory = directory.or(staged.as_ref().map(TempDir::path)).context("no directory")?.to_owned();
        let files = digests(&directory)?;
        ensure!(!files.is_empty(), "{} holds no files", directory.display());
        let bytes = files.values().map(|(_, size)| size).sum();
        let files = files.into_iter().map(|(path, (digest, _))| (path, digest)).collect();
        Ok(Self { directory, files, bytes, _staged: staged })
    }
}

/// Copies the workspace's source files, without what was built and without hidden files, to a temporary directory.
fn stage_workspace() -> Result<TempDir> {
    let (workspace, staged) = (Path::new(env!("CARGO_MANIFEST_DIR")), tempfile::tempdir()?);
    let entries = WalkDir::new(workspace).min_depth(1).into_iter().filter_entry(|entry| {
        let name = entry.file_name().to_string_lossy();
        !name.starts_with('.') && name != "target"
    });
    for entry in entries {
        let entry = entry?;
        let copy = staged.path().join(entry.path().strip_prefix(workspace)?);
        if entry.file_type().is_dir() {
            fs::create_dir(&copy)?;
        } else if entry.file_type().is_file() {
            fs::copy(entry.path(), &copy)?;
        }
    }
    Ok(staged)
}

/// The digest and size of every file below a directory, by its path with `/` as the separator.
pub fn digests(directory: &Path) -> Result<BTreeMap<String, (Digest, u64)>> {
    let mut files = BTreeMap::new();
    for entry in WalkDir::new(directory) {
        let entry = entry?;
        if entry.file_type().is_file() {
            let relative = entry.path().strip_prefix(directory)?;
            let path: Vec<_> = relative.iter().map(|name| name.to_string_lossy()).collect();
            files.insert(path.join("/"), digest(entry.path())?);
        }
    }
    Ok(files)
}

fn digest(path: &Path) -> Result<(Digest, u64)> {
    let mut file = fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let (mut hasher, mut size, mut buffer) = (Hasher::new(DigestAlgorithm::Sha256), 0, vec![0; 256 << 10]);
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((hasher.finish(), size));
        }
        hasher.update(buffer.get(..read).unwrap_or_default());
        size += read as u64;
    }
}
