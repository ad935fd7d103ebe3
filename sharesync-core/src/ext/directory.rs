//! Local directories, held open: what is in one is reached from its handle, by its name, and never through a link. Whoever
//! exchanges a directory for a link meanwhile changes nothing for who is in it.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_fs_ext::{DirExt as _, FollowSymlinks, OpenOptionsFollowExt as _, OpenOptionsSyncExt as _};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, FileType, Metadata, OpenOptions};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use super::partial;
use crate::names::Folding;
use crate::transfer::blocking::blocking;
use crate::{BoxStream, Error, ErrorKind, Result};

/// A directory. Its path is for messages; names are single names. All that is done with it blocks.
#[derive(Debug, Clone)]
pub(super) struct Directory {
    handle: Arc<Dir>,
    path: Arc<Path>,
}

/// A directory that is opened when its turn has come: many may wait for it, and handles are few.
#[derive(Debug, Clone)]
pub(super) enum Doorway {
    /// Where the application says: links on the way are followed.
    At(PathBuf),
    /// In another directory.
    In(Directory, OsString),
}

impl Doorway {
    pub(super) fn enter(self) -> Result<Directory> {
        match self {
            Self::At(path) => Directory::open(&path),
            Self::In(directory, name) => directory.enter(&name),
        }
    }
}

/// Something in a directory.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) name: OsString,
    pub(super) kind: FileType,
}

impl Directory {
    /// Opens a directory where the application says.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let fail = |error| Error::io("open the directory", path, error);
        let handle = Dir::open_ambient_dir(path, ambient_authority()).map_err(fail)?;
        // On Windows some calls need the path again, which the open handle keeps in its place.
        let path = if cfg!(windows) { std::path::absolute(path).map_err(fail)? } else { path.into() };
        Ok(Self { handle: Arc::new(handle), path: path.into() })
    }

    /// Opens a directory in this one.
    fn enter(&self, name: &OsStr) -> Result<Self> {
        match self.handle.open_dir_nofollow(name) {
            Ok(handle) => Ok(Self { handle: Arc::new(handle), path: self.path_of(name).into() }),
            Err(error) => Err(self.no_directory(name, error)),
        }
    }

    /// Makes a directory in this one; whether it is new.
    pub(super) fn make(&self, name: &OsStr) -> Result<bool> {
        let error = match self.handle.create_dir(name) {
            Ok(()) => return Ok(true),
            Err(error) => error,
        };
        match self.handle.symlink_metadata(name) {
            Ok(found) if found.is_dir() => Ok(false),
            _ => Err(self.no_directory(name, error)),
        }
    }

    fn no_directory(&self, name: &OsStr, error: io::Error) -> Error {
        let path = self.path_of(name);
        if self.handle.symlink_metadata(name).is_ok_and(|found| found.is_symlink()) {
            let message = format!("{} is a link, and no links are followed here", path.display());
            return Error::new(ErrorKind::Io, message).with_source(error);
        }
        Error::io("use the directory", &path, error)
    }

    /// What is there, if anything. A link is what it is.
    pub(super) fn look_at(&self, name: &OsStr) -> io::Result<Option<Metadata>> {
        match self.handle.symlink_metadata(name) {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens a file, and not what a link in its place leads to.
    pub(super) fn open_file(&self, name: &OsStr, options: &OpenOptions) -> io::Result<File> {
        let mut options = options.clone();
        options.follow(FollowSymlinks::No);
        // To open a pipe would wait for somebody to write to it.
        options.nonblock(cfg!(unix));
        Ok(self.handle.open_with(name, &options)?.into_std())
    }

    pub(super) fn remove_file(&self, name: &OsStr) -> io::Result<()> {
        self.handle.remove_file(name)
    }

    /// Gives a file another name, which replaces what has that.
    pub(super) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        self.handle.rename(from, &self.handle, to)
    }

    /// Gives a file another name, unless that is taken.
    pub(super) fn rename_to_new(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
        {
            use rustix::fs::{RenameFlags, renameat_with};
            use rustix::io::Errno;
            match renameat_with(&*self.handle, from, &*self.handle, to, RenameFlags::NOREPLACE) {
                // An old system, or a file system that cannot do it.
                Err(Errno::NOSYS | Errno::INVAL) => {}
                done => return Ok(done?),
            }
        }
        #[cfg(windows)]
        {
            let moved = tempfile::TempPath::try_from_path(self.path_of(from))?;
            moved.persist_noclobber(self.path_of(to)).map_err(|failed| failed.error)
        }
        #[cfg(not(windows))]
        {
            self.handle.hard_link(from, &self.handle, to)?;
            self.handle.remove_file(from)
        }
    }

    /// Makes renames survive a crash, on systems where a directory can be synchronized.
    pub(super) fn sync(&self) -> io::Result<()> {
        if cfg!(unix) { self.handle.open(".")?.sync_all() } else { Ok(()) }
    }

    /// What is in it.
    pub(super) fn entries(&self) -> Result<impl Iterator<Item = Result<Found>> + Send + use<>> {
        let path = self.path.clone();
        let fail = move |error| Error::io("list", &path, error);
        let entries = self.handle.entries().map_err(&fail)?;
        Ok(entries.map(move |entry| {
            let entry = entry.map_err(&fail)?;
            Ok(Found { kind: entry.file_type().map_err(&fail)?, name: entry.file_name() })
        }))
    }

    /// What is in it, read some at a time off the async threads: it may be millions.
    pub(super) fn listed(self) -> BoxStream<'static, Result<Found>> {
        const SOME: usize = 256;
        let chunks = stream::try_unfold(None, move |entries| {
            let directory = self.clone();
            blocking(move || {
                let mut entries = match entries {
                    Some(entries) => entries,
                    None => directory.entries()?,
                };
                let chunk: Vec<_> = entries.by_ref().take(SOME).collect();
                Ok((!chunk.is_empty()).then(|| (stream::iter(chunk), Some(entries))))
            })
        });
        chunks.try_flatten().boxed()
    }

    /// How the file system compares names in this directory, which a file shows that is there for a moment. Where none can
    /// be made, as little as possible makes a difference.
    pub(super) fn folding(&self) -> Folding {
        let name = partial::probe_name();
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        if self.open_file(name.as_ref(), &options).is_err() {
            return Folding::ALL;
        }
        let is_here = |other: String| self.look_at(other.as_ref()).map_or(true, |found| found.is_some());
        let folding =
            Folding { case: is_here(name.to_ascii_uppercase()), composition: is_here(partial::decomposed(&name)) };
        // Whoever cannot remove it cannot rename files either, and hears of that.
        let _ = self.remove_file(name.as_ref());
        folding
    }

    /// The path of something in it, for messages.
    pub(super) fn path_of(&self, name: &OsStr) -> PathBuf {
        self.path.join(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_system_shows_how_it_compares_names() {
        let place = tempfile::tempdir().unwrap();
        let directory = Directory::open(place.path()).unwrap();
        let folding = directory.folding();
        for (folds, one, other) in [(folding.case, "a", "A"), (folding.composition, "\u{e9}", "e\u{301}")] {
            std::fs::write(place.path().join(one), "one").unwrap();
            assert_eq!(place.path().join(other).exists(), folds, "{one} {other}");
        }
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 2, "nothing is left of it");
    }

    #[cfg(unix)]
    #[test]
    fn where_no_file_can_be_made_as_little_as_possible_makes_a_difference() {
        let place = tempfile::tempdir().unwrap();
        let gone = Directory::open(place.path()).unwrap();
        place.close().unwrap();
        assert_eq!(gone.folding(), Folding::ALL);
    }

    #[test]
    fn a_name_that_is_taken_is_not_replaced() {
        let place = tempfile::tempdir().unwrap();
        let directory = Directory::open(place.path()).unwrap();
        for name in ["one", "two"] {
            std::fs::write(place.path().join(name), name).unwrap();
        }
        let error = directory.rename_to_new("one".as_ref(), "two".as_ref()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        directory.rename_to_new("one".as_ref(), "three".as_ref()).unwrap();
        directory.rename("two".as_ref(), "three".as_ref()).unwrap();
        let left: Vec<_> = directory.entries().unwrap().map(|found| found.unwrap().name).collect();
        assert_eq!((left, std::fs::read(place.path().join("three")).unwrap()), (vec!["three".into()], b"two".to_vec()));
        directory.sync().unwrap();
    }
}
