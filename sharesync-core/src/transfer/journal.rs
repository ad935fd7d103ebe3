//! Where an upload's spec is kept until the upload is complete, so that another process can continue it.

use std::fmt::Debug;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::UploadSpec;
use super::blocking::blocking;
use crate::{Error, ErrorKind, Result};

/// Keeps the spec of one upload. The spec holds addresses that grant access: keep it where only the user can read it.
#[async_trait]
pub trait UploadJournal: Debug + Send + Sync + 'static {
    /// Replaces what was kept. When it returns, the spec survives a crash.
    async fn save(&self, spec: &UploadSpec) -> Result<()>;

    /// What is kept, if anything.
    async fn load(&self) -> Result<Option<UploadSpec>>;

    /// Forgets what is kept.
    async fn clear(&self) -> Result<()>;
}

/// Keeps the spec in a JSON file that only its owner can read, replaced as a whole.
#[derive(Debug, Clone)]
pub struct FileJournal {
    path: PathBuf,
}

impl FileJournal {
    /// Keeps the spec in this file. Its directory must exist; the file need not.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }
}

#[async_trait]
impl UploadJournal for FileJournal {
    async fn save(&self, spec: &UploadSpec) -> Result<()> {
        let json = serde_json::to_vec(spec).map_err(|error| {
            Error::new(ErrorKind::InvalidInput, "the upload cannot be written as JSON").with_source(error)
        })?;
        let path = self.path.clone();
        blocking(move || replace(&path, &json).map_err(|error| Error::io("write the upload journal", &path, error)))
            .await
    }

    async fn load(&self) -> Result<Option<UploadSpec>> {
        let path = self.path.clone();
        blocking(move || match fs::read(&path) {
            Ok(json) => serde_json::from_slice(&json).map(Some).map_err(|error| damaged(&path, &error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("read the upload journal", &path, error)),
        })
        .await
    }

    async fn clear(&self) -> Result<()> {
        let path = self.path.clone();
        blocking(move || {
            let removed = remove(&beside(&path)).and_then(|()| remove(&path));
            removed.map_err(|error| Error::io("remove the upload journal", &path, error))
        })
        .await
    }
}

/// Says where the file is damaged, without what it holds: that may be an address that grants access.
fn damaged(path: &Path, error: &serde_json::Error) -> Error {
    let (line, column) = (error.line(), error.column());
    let message = format!("the upload journal {} is damaged at line {line}, column {column}", path.display());
    Error::new(ErrorKind::Io, message)
}

/// Where the next content is written: always the same place, so that what a crash leaves of it is found.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Writes beside the file and renames: a crash leaves the old content or the new one.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // `tempfile` creates files that only the owner can read.
    let next = beside(path);
    remove(&next)?;
    let name = next.file_name().unwrap_or_default();
    let mut file = tempfile::Builder::new().prefix(name).suffix("").rand_bytes(0).tempfile_in(directory)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    sync_directory(directory)
}

/// Makes a rename survive a crash, on systems where a directory can be synchronized.
fn sync_directory(directory: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
}
