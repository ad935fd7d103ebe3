//! Snapshots in a file: an embedded transactional database.

use std::fmt;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use redb::{
    Database, DatabaseError, Durability, ReadableDatabase as _, ReadableTable as _, TableDefinition,
    TableError,
};

use super::{Commit, SnapshotStore};
use crate::transfer::blocking::blocking;
use crate::{Error, ErrorKind, Result};

/// What the database keeps of its file in memory, in bytes.
const CACHE: usize = 32 * 1024 * 1024;

/// Writes between two synchronizations of the file: those in between can be lost, but the file does not outgrow what
/// it holds.
const UNSYNCHRONIZED: usize = 50_000;

/// Keeps snapshots in a file, which takes some 600 bytes for each item of a tree. Clones are the same file.
///
/// One process at a time has it open. The file holds names of files: keep it where only the user can read it.
#[derive(Clone)]
pub struct RedbSnapshots(Arc<Inner>);

struct Inner {
    path: PathBuf,
    database: Database,
    unsynchronized: AtomicUsize,
}

impl RedbSnapshots {
    /// Opens the file, or creates it. After a crash of the machine this reads the file to repair it.
    ///
    /// # Errors
    /// [`ErrorKind::Locked`] when the file is open already, in this process or another one; [`ErrorKind::Io`] when it
    /// cannot be opened or is damaged. A damaged file can be deleted: cursors then lead to a reset.
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        blocking(move || {
            let opened = caught(&path, || {
                let mut builder = Database::builder();
                builder
                    .set_cache_size(CACHE)
                    .create(&path)
                    .map_err(|error| opening(&path, error))
            });
            let database = opened?;
            Ok(Self(Arc::new(Inner {
                path,
                database,
                unsynchronized: AtomicUsize::new(0),
            })))
        })
        .await
    }

    /// Runs work on the database off the async threads.
    async fn run<T: Send + 'static>(
        &self,
        space: &str,
        work: impl FnOnce(&Inner, TableDefinition<'_, &'static [u8], &'static [u8]>) -> Result<T, redb::Error>
        + Send
        + 'static,
    ) -> Result<T> {
        let (inner, space) = (self.0.clone(), space.to_owned());
        blocking(move || {
            caught(&inner.path, || {
                work(&inner, TableDefinition::new(&space)).map_err(|error| failure(&inner.path, error))
            })
        })
        .await
    }
}

/// The database panics on some kinds of damage to its file: that is an error like the others.
fn caught<T>(path: &Path, work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(damaged(path)))
}

fn damaged(path: &Path) -> Error {
    let message = format!(
        "the snapshots in {} are damaged: delete the file, and changes begin anew",
        path.display()
    );
    Error::new(ErrorKind::Io, message)
}

fn opening(path: &Path, error: DatabaseError) -> Error {
    match error {
        DatabaseError::DatabaseAlreadyOpen => {
            let message = format!(
                "the snapshots in {} are in use by another process or store",
                path.display()
            );
            Error::new(ErrorKind::Locked, message).with_source(error)
        }
        error => failure(path, error.into()),
    }
}

fn failure(path: &Path, error: redb::Error) -> Error {
    match error {
        redb::Error::Corrupted(_) | redb::Error::TableTypeMismatch { .. } => damaged(path).with_source(error),
        // The file is no database, or is too short for one.
        redb::Error::Io(io)
            if matches!(
                io.kind(),
                std::io::ErrorKind::InvalidData | std::io::ErrorKind::UnexpectedEof
            ) =>
        {
            damaged(path).with_source(io)
        }
        error => {
            let message = format!("the snapshots in {} cannot be used: {error}", path.display());
            Error::new(ErrorKind::Io, message).with_source(error)
        }
    }
}

impl fmt::Debug for RedbSnapshots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedbSnapshots")
            .field("path", &self.0.path)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl SnapshotStore for RedbSnapshots {
    async fn get(&self, space: &str, keys: Vec<Vec<u8>>) -> Result<Vec<Option<Vec<u8>>>> {
        self.run(space, move |inner, table| {
            let table = match inner.database.begin_read()?.open_table(table) {
                Err(TableError::TableDoesNotExist(_)) => return Ok(vec![None; keys.len()]),
                table => table?,
            };
            let value = |key: &Vec<u8>| Ok(table.get(key.as_slice())?.map(|value| value.value().to_vec()));
            keys.iter().map(value).collect()
        })
        .await
    }

    async fn scan(&self, space: &str, keys: Range<Vec<u8>>, limit: usize) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        self.run(space, move |inner, table| {
            let table = match inner.database.begin_read()?.open_table(table) {
                Err(TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
                table => table?,
            };
            let entries = table
                .range(keys.start.as_slice()..keys.end.as_slice())?
                .take(limit);
            entries
                .map(|entry| entry.map(|(key, value)| (key.value().to_vec(), value.value().to_vec())))
                .collect::<Result<_, _>>()
                .map_err(redb::Error::from)
        })
        .await
    }

    async fn commit(&self, space: &str, commit: Commit) -> Result<bool> {
        self.run(space, move |inner, table| {
            let mut transaction = inner.database.begin_write()?;
            let unsynchronized = inner
                .unsynchronized
                .fetch_add(commit.writes.len(), Ordering::Relaxed);
            let durable = commit.durable || unsynchronized > UNSYNCHRONIZED;
            transaction.set_durability(if durable {
                Durability::Immediate
            } else {
                Durability::None
            })?;
            let met = write(&mut transaction.open_table(table)?, &commit)?;
            if met {
                transaction.commit()?;
                if durable {
                    inner.unsynchronized.store(0, Ordering::Relaxed);
                }
            } else {
                transaction.abort()?;
            }
            Ok(met)
        })
        .await
    }
}

/// Whether the expectation is met; if so, everything is written.
fn write(
    table: &mut redb::Table<'_, &'static [u8], &'static [u8]>,
    commit: &Commit,
) -> Result<bool, redb::Error> {
    if let Some((key, value)) = &commit.expected {
        let found = table.get(key.as_slice())?;
        if found.as_ref().map(|found| found.value()) != value.as_deref() {
            return Ok(false);
        }
    }
    for (key, value) in &commit.writes {
        match value {
            Some(value) => drop(table.insert(key.as_slice(), value.as_slice())?),
            None => drop(table.remove(key.as_slice())?),
        }
    }
    Ok(true)
}
