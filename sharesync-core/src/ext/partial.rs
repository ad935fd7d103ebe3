//! The file beside its target that a download writes first: locked, continued if it is of the same content, renamed. Its
//! checksums are in `checked`.

use std::ffi::{OsStr, OsString};
use std::fs::{File, TryLockError};
use std::io;
use std::time::SystemTime;

use cap_fs_ext::MetadataExt as _;
use cap_std::fs::{Metadata, OpenOptions};

use super::checked::Checked;
use super::directory::Directory;
use crate::{Digest, DigestAlgorithm, Error, ErrorKind, Hasher, Item, Result, Timestamp};

/// Entries of a directory that are looked through for what earlier downloads have left.
const LOOKED_THROUGH: usize = 4096;

/// Shorter files are not worth continuing: what there is of them is removed after a failure.
const WORTH_RESUMING: u64 = 1024 * 1024;

/// Where a download ends: a name in a directory.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) directory: Directory,
    pub(super) name: OsString,
    /// Whether what has the name is replaced.
    pub(super) overwrite: bool,
}

/// A partial file. Its name tells target and content apart, so that bytes of another revision are never continued. Beside it
/// are its checksums, so that bytes are only continued if they are those that were written.
///
/// Dropped before it is complete, it stays if it can be continued, else it is removed.
#[derive(Debug)]
pub(super) struct Partial {
    target: Target,
    name: OsString,
    sums: OsString,
    keep: bool,
}

impl Partial {
    /// Opens the partial file of `target` for the content that `state` describes, at the end of what is there already.
    /// The hashers take that in.
    pub(super) fn open(
        target: Target,
        state: &str,
        item: &Item,
        mut hashers: Vec<Hasher>,
    ) -> Result<(Self, Checked, Vec<Hasher>)> {
        let stem = format!("{}{}", prefix(&target.name), short_hash(state.as_bytes()));
        let (name, sums): (OsString, OsString) = (format!("{stem}{SUFFIX}").into(), format!("{stem}{SUMS}").into());
        let known = item.revision.is_some() || item.modified.is_some() || !item.digests.is_empty();
        let size = item.size.filter(|size| known && *size >= WORTH_RESUMING);
        let file = claim(&target, &name)?;
        let opened = match size {
            Some(size) => Checked::continued(file, claim(&target, &sums)?, size, &mut hashers),
            None => Checked::new(file),
        };
        let opened =
            opened.map_err(|error| Error::io("open the partial file", &target.directory.path_of(&name), error))?;
        Ok((Self { target, name, sums, keep: size.is_some() }, opened, hashers))
    }

    /// Removes it.
    pub(super) fn discard(mut self) {
        self.keep = false;
    }

    /// Makes it the target. Unless that may be replaced, an existing one is an error, also one that appeared meanwhile.
    pub(super) fn complete(mut self, file: &File, modified: Option<Timestamp>, durable: bool) -> Result<()> {
        let Target { directory, name, overwrite } = &self.target;
        let path = directory.path_of(name);
        let fail = |error| Error::io("complete", &path, error);
        if let Some(replaced) = self.target.replaced().map_err(fail)? {
            take_over_permissions(file, &replaced).map_err(fail)?;
        }
        if let Some(modified) = modified {
            file.set_modified(SystemTime::from(modified)).map_err(fail)?;
        }
        if durable {
            file.sync_all().map_err(fail)?;
        }
        if *overwrite {
            directory.rename(&self.name, name).map_err(fail)?;
        } else {
            directory.rename_to_new(&self.name, name).map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => {
                    Error::new(ErrorKind::AlreadyExists, format!("there is a local file {} now", path.display()))
                }
                _ => fail(error),
            })?;
        }
        let synced = if durable { directory.sync().map_err(fail) } else { Ok(()) };
        if self.keep {
            // As long as they are locked, nobody else begins to use them.
            let _ = directory.remove_file(&self.sums);
            self.remove_outdated();
        }
        // From now on, what has the name of the partial file is somebody else's.
        self.keep = true;
        synced
    }

    /// Removes partial files of the same target and other contents: nobody will continue them. As far as the directory can
    /// be looked through quickly; what another download is writing stays.
    fn remove_outdated(&self) {
        let directory = &self.target.directory;
        let prefix = prefix(&self.target.name);
        for found in directory.entries().into_iter().flatten().take(LOOKED_THROUGH).flatten() {
            let is_partial = found.name.to_str().is_some_and(|name| name.starts_with(&prefix) && is_own(name));
            if !is_partial || !found.kind.is_file() {
                continue;
            }
            let mut options = OpenOptions::new();
            options.read(true);
            if directory.open_file(&found.name, &options).is_ok_and(|file| file.try_lock().is_ok()) {
                // It is as good as gone: the next download tries again.
                let _ = directory.remove_file(&found.name);
            }
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.keep {
            // A short file has no checksums.
            for name in [&self.name, &self.sums] {
                let _ = self.target.directory.remove_file(name);
            }
        }
    }
}

impl Target {
    /// The file that is going to be replaced.
    fn replaced(&self) -> io::Result<Option<Metadata>> {
        let found = if self.overwrite { self.directory.look_at(&self.name)? } else { None };
        Ok(found.filter(Metadata::is_file))
    }
}

/// Opens one of the library's own files, new or there already, for this download alone.
fn claim(target: &Target, name: &OsStr) -> Result<File> {
    let directory = &target.directory;
    let path = directory.path_of(name);
    let fail = |error| Error::io("open the partial file", &path, error);
    let in_the_way = || Error::new(ErrorKind::Io, format!("{} is in the way: it is no regular file", path.display()));
    if directory.look_at(name).map_err(fail)?.is_some_and(|found| !found.is_file()) {
        return Err(in_the_way());
    }
    let file = create(target, name).map_err(fail)?;
    if !file.metadata().map_err(fail)?.is_file() {
        return Err(in_the_way());
    }
    lock(&file, directory, name)?;
    Ok(file)
}

/// Opens the file so that nobody may read it who may not read the target: one that replaces a file belongs to its owner
/// alone until it takes over the permissions of that.
fn create(target: &Target, name: &OsStr) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;

        use cap_std::fs::OpenOptionsExt as _;
        if target.replaced()?.is_some() {
            let file = target.directory.open_file(name, options.mode(0o600))?;
            file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
            return Ok(file);
        }
    }
    target.directory.open_file(name, &options)
}

/// Gives a file the permissions of the one that it replaces, and its owner and group as far as that is allowed. Where the
/// group must be another one, the group may do nothing: the permissions were not meant for it.
#[cfg(unix)]
fn take_over_permissions(file: &File, replaced: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};

    use cap_std::fs::MetadataExt as _;
    let new = file.metadata()?;
    let (owner, group) = (replaced.uid(), replaced.gid());
    let mut mode = replaced.mode() & 0o777;
    if (new.uid(), new.gid()) != (owner, group)
        && fchown(file, Some(owner), Some(group)).is_err()
        && new.gid() != group
        && fchown(file, None, Some(group)).is_err()
    {
        mode &= 0o707;
    }
    file.set_permissions(std::fs::Permissions::from_mode(mode))
}

/// What a new file may be read by, its directory says.
#[cfg(not(unix))]
fn take_over_permissions(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}

/// Makes sure that no other download writes to the file, nor has just renamed it.
fn lock(file: &File, directory: &Directory, name: &OsStr) -> Result<()> {
    let path = directory.path_of(name);
    let is_still_here = || -> io::Result<bool> {
        let (locked, found) = (Metadata::from_file(file)?, directory.look_at(name)?);
        Ok(found.is_some_and(|found| (found.dev(), found.ino()) == (locked.dev(), locked.ino())))
    };
    let busy = match file.try_lock() {
        Err(TryLockError::WouldBlock) => true,
        // A file system without locks: two downloads to one target are then the application's own business.
        Err(TryLockError::Error(_)) => false,
        Ok(()) => !is_still_here().map_err(|error| Error::io("look at", &path, error))?,
    };
    if busy {
        return Err(Error::new(ErrorKind::Conflict, format!("another download is writing {}", path.display())));
    }
    Ok(())
}

/// How the names of the library's own files begin and end: between are a hash of the target's name and one of the content.
const PREFIX: &str = ".sharesync-";
const SUFFIX: &str = ".part";
const SUMS: &str = ".sums";

/// In the place of the hash of the content, what shows how the file system compares names.
const PROBE: &str = "\u{e9}";

/// How the names of all partial files of a target begin.
fn prefix(name: &OsStr) -> String {
    format!("{PREFIX}{}-", short_hash(name.as_encoded_bytes()))
}

fn short_hash(bytes: &[u8]) -> String {
    let mut hex = Digest::of(DigestAlgorithm::Sha256, bytes).to_hex();
    hex.truncate(16);
    hex
}

/// A new name for a file that shows how the file system compares names: lower case, and with a composed letter.
pub(super) fn probe_name() -> String {
    format!("{PREFIX}{:016x}-{PROBE}{SUFFIX}", fastrand::u64(..))
}

/// The same name, its letter decomposed.
pub(super) fn decomposed(probe_name: &str) -> String {
    probe_name.replace(PROBE, "e\u{301}")
}

/// Whether a file of this name is one of the library's own, which a tree must not carry away.
pub(super) fn is_own(name: &str) -> bool {
    let is_hash = |text: &str| text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let stem = name.strip_suffix(SUFFIX).or_else(|| name.strip_suffix(SUMS));
    stem.and_then(|stem| stem.strip_prefix(PREFIX))
        .and_then(|middle| middle.split_once('-'))
        .is_some_and(|(target, content)| is_hash(target) && (is_hash(content) || content == PROBE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_here_is_ones_own() {
        let partial = format!("{}{}{SUFFIX}", prefix("a.txt".as_ref()), short_hash(b"state"));
        assert!(is_own(&partial) && is_own(&probe_name()), "{partial}");
        assert!(is_own(&partial.replace(SUFFIX, SUMS)));
        assert_eq!(partial.len(), ".sharesync-0123456789abcdef-0123456789abcdef.part".len());
        for other in [
            "",
            "a.part",
            ".sharesync-.part",
            ".sharesync-0123456789abcdef-0123456789abcdef.part.sums",
            ".sharesync--.part",
            ".sharesync-0123456789abcdef.part",
            ".sharesync-0123456789abcdef-.part",
            ".sharesync-0123456789abcdef-0123456789abcde.part",
            ".sharesync-0123456789abcdef-0123456789abcdef0.part",
            ".sharesync-0123456789abcdeg-0123456789abcdef.part",
            ".sharesync-0123456789ABCDEF-0123456789abcdef.part",
            ".sharesync-0123456789abcdef-0123456789abcdef.part2",
            ".sharesync-0123456789abcdef-0123456789abcdef-0123456789abcdef.part",
            "x.sharesync-0123456789abcdef-0123456789abcdef.part",
            "sharesync-0123456789abcdef-0123456789abcdef.part",
        ] {
            assert!(!is_own(other), "{other}");
        }
    }
}
