//! The file beside its target that a download writes first: locked, continued if it is of the same content, renamed.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::transfer::sync_directory;
use crate::{Digest, DigestAlgorithm, Error, ErrorKind, Hasher, Item, Result, Timestamp};

/// Entries of a directory that are looked through for what earlier downloads have left.
const LOOKED_THROUGH: usize = 4096;

/// Shorter files are not worth continuing: what there is of them is removed after a failure.
const WORTH_RESUMING: u64 = 1024 * 1024;

/// A partial file. Its name tells target and content apart, so that bytes of another revision are never continued; for
/// the same reason there is nothing beside it that could disagree with it.
///
/// Dropped before it is complete, it stays if it can be continued, else it is removed.
#[derive(Debug)]
pub(super) struct Partial {
    path: PathBuf,
    target: PathBuf,
    had: u64,
    keep: bool,
}

impl Partial {
    /// Opens the partial file of `target` for the content that `state` describes, at the end of what is there already.
    /// The hashers take that in.
    pub(super) fn open(
        target: PathBuf,
        state: &str,
        item: &Item,
        mut hashers: Vec<Hasher>,
    ) -> Result<(Self, File, Vec<Hasher>)> {
        let name = target
            .file_name()
            .ok_or_else(|| Error::new(ErrorKind::InvalidInput, format!("{} names no file", target.display())))?;
        let path = directory(&target).join(format!("{}{}.part", prefix(name), short_hash(state.as_bytes())));
        let known = item.revision.is_some() || item.modified.is_some() || !item.digests.is_empty();
        let keep = known && item.size.is_some_and(|size| size >= WORTH_RESUMING);
        let fail = |error| Error::io("open the partial file", &path, error);

        if path.symlink_metadata().is_ok_and(|found| !found.is_file()) {
            return Err(Error::new(ErrorKind::Io, format!("{} is in the way: it is no regular file", path.display())));
        }
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(fail)?;
        lock(&file, &path)?;
        let mut had = file.metadata().map_err(fail)?.len();
        if !keep || item.size.is_some_and(|size| had > size) {
            file.set_len(0).map_err(fail)?;
            had = 0;
        }
        hash(&mut file, had, &mut hashers).map_err(fail)?;
        Ok((Self { path, target, had, keep }, file, hashers))
    }

    /// The bytes that were there already.
    pub(super) fn had(&self) -> u64 {
        self.had
    }

    /// Removes it.
    pub(super) fn discard(mut self) {
        self.keep = false;
    }

    /// Makes it the target. Without `overwrite`, an existing target is an error, also one that appeared meanwhile.
    pub(super) fn complete(
        self,
        file: &File,
        modified: Option<Timestamp>,
        overwrite: bool,
        durable: bool,
    ) -> Result<()> {
        let fail = |error| Error::io("complete", &self.target, error);
        if let Some(modified) = modified {
            file.set_modified(SystemTime::from(modified)).map_err(fail)?;
        }
        if durable {
            file.sync_all().map_err(fail)?;
        }
        if overwrite {
            fs::rename(&self.path, &self.target).map_err(fail)?;
        } else {
            let moved = tempfile::TempPath::try_from_path(&self.path).map_err(fail)?;
            moved.persist_noclobber(&self.target).map_err(|failed| match failed.error.kind() {
                io::ErrorKind::AlreadyExists => {
                    let message = format!("there is a local file {} now", self.target.display());
                    Error::new(ErrorKind::AlreadyExists, message)
                }
                _ => fail(failed.error),
            })?;
        }
        if self.keep {
            self.remove_outdated();
        }
        if durable { sync_directory(directory(&self.target)).map_err(fail) } else { Ok(()) }
    }

    /// Removes partial files of the same target and other contents: nobody will continue them. As far as the directory can
    /// be looked through quickly; what another download is writing stays.
    fn remove_outdated(&self) {
        let Some(prefix) = self.target.file_name().map(prefix) else { return };
        for entry in fs::read_dir(directory(&self.target)).into_iter().flatten().take(LOOKED_THROUGH).flatten() {
            let name = entry.file_name();
            let is_partial = name.to_str().is_some_and(|name| name.starts_with(&prefix) && name.ends_with(".part"));
            if !is_partial || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
                continue;
            }
            if File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok()) {
                // It is as good as gone: the next download tries again.
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.keep {
            // It is not there any more after a success.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Makes sure that no other download writes to the file, nor has just renamed it.
fn lock(file: &File, path: &Path) -> Result<()> {
    let busy = match file.try_lock() {
        Err(TryLockError::WouldBlock) => true,
        // A file system without locks: two downloads to one target are then the application's own business.
        Err(TryLockError::Error(_)) => false,
        Ok(()) => !path.exists(),
    };
    if busy {
        return Err(Error::new(ErrorKind::Conflict, format!("another download is writing {}", path.display())));
    }
    Ok(())
}

/// Reads the first `length` bytes, which leaves the file at their end.
fn hash(file: &mut File, length: u64, hashers: &mut [Hasher]) -> io::Result<()> {
    let mut buffer = vec![0; if length > 0 { 256 * 1024 } else { 0 }];
    let mut left = file.take(length);
    while left.limit() > 0 {
        let piece = match left.read(&mut buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => buffer.get(..read).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hashers.iter_mut().for_each(|hasher| hasher.update(piece));
    }
    Ok(())
}

fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// How the names of all partial files of a target begin.
fn prefix(name: &OsStr) -> String {
    format!(".sharesync-{}-", short_hash(name.as_encoded_bytes()))
}

fn short_hash(bytes: &[u8]) -> String {
    let mut hex = Digest::of(DigestAlgorithm::Sha256, bytes).to_hex();
    hex.truncate(16);
    hex
}
