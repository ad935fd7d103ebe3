//! Snapshots in a file: an embedded transactional database, written to in large steps.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use async_trait::async_trait;
use redb::{Database, DatabaseError, ReadOnlyTable, ReadableDatabase as _, TableDefinition, TableError};
use tokio::sync::oneshot;

use super::keys::Stored;
use super::{Commit, SnapshotStore};
use crate::{Error, ErrorKind, Result};

/// What the database keeps of its file in memory, in bytes.
const CACHE: usize = 24 * 1024 * 1024;

/// Writes that are collected before the file is written: each step rewrites a part of the file that is larger by far
/// than what changes.
const STEP: usize = 16 * 1024;

/// Keeps snapshots in a file. Clones are the same file.
///
/// One process at a time has it open. The file holds names of files: keep it where only the user can read it. Dropping the
/// last clone waits for what is under way and closes the file.
///
/// When it could not be written or read (a full disk, a drive that is away), that call ends in an error, and the next one
/// opens it anew: nothing that was written before is lost.
///
/// What is removed makes room for what comes, so the file does not grow with the number of readings. While it is open it
/// takes two or three times the room of what it holds, because each step of writing needs some; closing it gives back what
/// is free at its end.
#[derive(Clone)]
pub struct RedbSnapshots(Arc<Inner>);

/// The thread that works on the file. There is one, and not those of the runtime: each thread that takes part in filling
/// the cache of the database keeps memory of its own for it.
struct Inner {
    path: Arc<Path>,
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

type Job = Box<dyn FnOnce(&mut File) + Send>;

struct File {
    path: Arc<Path>,
    /// None after a failure: the database refuses everything from then on, and is opened anew.
    database: Option<Database>,
    /// Commits that are not yet in the file, by space: the last value of each key.
    pending: BTreeMap<String, Pending>,
    /// How many keys are pending.
    count: usize,
}

type Pending = BTreeMap<Vec<u8>, Option<Vec<u8>>>;
type Table = ReadOnlyTable<&'static [u8], &'static [u8]>;

impl RedbSnapshots {
    /// Opens the file, or creates it. After a crash of the machine this reads the file to repair it.
    ///
    /// # Errors
    /// [`ErrorKind::Locked`] when the file is open already, in this process or another one; [`ErrorKind::Io`] when it
    /// cannot be opened or is damaged. A damaged file can be deleted: cursors then lead to a reset.
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path: Arc<Path> = path.into().into();
        let (jobs, queue) = mpsc::channel::<Job>();
        let (reply, opened) = oneshot::channel();
        let work = {
            let path = path.clone();
            move || match caught(&path, || File::open(path.clone())) {
                Ok(mut file) => {
                    let _ = reply.send(Ok(()));
                    queue.into_iter().for_each(|job| job(&mut file));
                }
                Err(error) => drop(reply.send(Err(error))),
            }
        };
        let thread = thread::Builder::new().name("sharesync-snapshots".into()).spawn(work);
        let thread = thread.map_err(|error| Error::io("start a thread for", &path, error))?;
        opened.await.map_err(|_| stopped(&path))??;
        Ok(Self(Arc::new(Inner { path, jobs: Some(jobs), thread: Some(thread) })))
    }

    /// Runs work on the file in its thread.
    async fn run<T: Send + 'static>(
        &self,
        space: &str,
        work: impl FnOnce(&mut File, &str) -> Result<T, redb::Error> + Send + 'static,
    ) -> Result<T> {
        let space = space.to_owned();
        let (reply, done) = oneshot::channel();
        let job = move |file: &mut File| {
            let result = file.run(|file| work(file, &space));
            // Nobody waits for it any longer if the future was dropped.
            drop(reply.send(result));
        };
        let sent = self.0.jobs.as_ref().map(|jobs| jobs.send(Box::new(job)));
        match sent {
            Some(Ok(())) => done.await.map_err(|_| stopped(&self.0.path))?,
            _ => Err(stopped(&self.0.path)),
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl File {
    fn open(path: Arc<Path>) -> Result<Self> {
        let database = Some(database(&path)?);
        Ok(Self { path, database, pending: BTreeMap::new(), count: 0 })
    }

    /// Does work on an open database. One that has failed is closed, and opened anew for the next work. What is pending
    /// stays: it follows on what is in the file, which holds the last step that was written whole.
    fn run<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, redb::Error>) -> Result<T> {
        let path = self.path.clone();
        let result = caught(&path, || {
            if self.database.is_none() {
                self.database = Some(database(&path)?);
            }
            work(self).map_err(|error| failure(&path, error))
        });
        if result.is_err()
            && let Some(failed) = self.database.take()
        {
            let _ = caught(&path, || {
                drop(failed);
                Ok(())
            });
        }
        result
    }

    fn database(&self) -> Result<&Database, redb::Error> {
        self.database.as_ref().ok_or(redb::Error::DatabaseClosed)
    }

    /// The table of a space, if it was ever written.
    fn table(&self, space: &str) -> Result<Option<Table>, redb::Error> {
        match self.database()?.begin_read()?.open_table(TableDefinition::new(space)) {
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            table => Ok(Some(table?)),
        }
    }

    fn get(&self, space: &str, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, redb::Error> {
        let table = self.table(space)?;
        let pending = self.pending.get(space);
        let value = |key: &Vec<u8>| match (pending.and_then(|pending| pending.get(key)), &table) {
            (Some(value), _) => Ok(value.clone()),
            (None, Some(table)) => Ok(table.get(key.as_slice())?.map(|value| value.value().to_vec())),
            (None, None) => Ok(None),
        };
        keys.iter().map(value).collect()
    }

    /// The entries of a range in the file and those pending, which count more.
    fn scan(&self, space: &str, keys: &Range<Vec<u8>>, limit: usize) -> Result<Vec<Stored>, redb::Error> {
        let table = self.table(space)?;
        let range = table.as_ref().map(|table| table.range(keys.start.as_slice()..keys.end.as_slice())).transpose()?;
        let mut stored = range.into_iter().flatten().peekable();
        let mut pending =
            self.pending.get(space).into_iter().flat_map(|pending| pending.range(keys.clone())).peekable();
        let mut found = Vec::new();
        while found.len() < limit {
            let key = match stored.peek() {
                Some(Ok((key, _))) => Some(key.value()),
                Some(Err(_)) => {
                    return stored.next().transpose().map(|_| found).map_err(redb::Error::from);
                }
                None => None,
            };
            let order = match (key, pending.peek()) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(key), Some((next, _))) => key.cmp(next),
            };
            let entry = if order.is_le() { stored.next().transpose()? } else { None };
            if order.is_ge() {
                found.extend(pending.next().and_then(|(key, value)| Some((key.clone(), value.clone()?))));
            } else {
                found.extend(entry.map(|(key, value)| (key.value().to_vec(), value.value().to_vec())));
            }
        }
        Ok(found)
    }

    fn commit(&mut self, space: &str, commit: Commit) -> Result<bool, redb::Error> {
        if let Some((key, value)) = commit.expected
            && self.get(space, &[key])? != [value]
        {
            return Ok(false);
        }
        let pending = self.pending.entry(space.to_owned()).or_default();
        for (key, value) in commit.writes {
            match pending.entry(key) {
                Entry::Vacant(entry) => {
                    entry.insert(value);
                    self.count += 1;
                }
                Entry::Occupied(mut entry) => drop(entry.insert(value)),
            }
        }
        if commit.durable || self.count >= STEP {
            self.flush()?;
        }
        Ok(true)
    }

    /// Writes what is pending, all at once, and waits until it is on the disk.
    fn flush(&mut self) -> Result<(), redb::Error> {
        let transaction = self.database()?.begin_write()?;
        for (space, pending) in &self.pending {
            let mut table = transaction.open_table(TableDefinition::<&[u8], &[u8]>::new(space))?;
            for (key, value) in pending {
                match value {
                    Some(value) => drop(table.insert(key.as_slice(), value.as_slice())?),
                    None => drop(table.remove(key.as_slice())?),
                }
            }
        }
        transaction.commit()?;
        self.pending.clear();
        self.count = 0;
        Ok(())
    }
}

fn database(path: &Path) -> Result<Database> {
    Database::builder().set_cache_size(CACHE).create(path).map_err(|error| opening(path, error))
}

/// The database panics on some kinds of damage to its file: that is an error like the others.
fn caught<T>(path: &Path, work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(damaged(path)))
}

fn damaged(path: &Path) -> Error {
    let message = format!("the snapshots in {} are damaged: delete the file, and changes begin anew", path.display());
    Error::new(ErrorKind::Io, message)
}

fn stopped(path: &Path) -> Error {
    Error::new(ErrorKind::Io, format!("the thread for the snapshots in {} has stopped", path.display()))
}

fn opening(path: &Path, error: DatabaseError) -> Error {
    match error {
        DatabaseError::DatabaseAlreadyOpen => {
            let message = format!("the snapshots in {} are in use by another process or store", path.display());
            Error::new(ErrorKind::Locked, message).with_source(error)
        }
        error => failure(path, error.into()),
    }
}

fn failure(path: &Path, error: redb::Error) -> Error {
    use std::io::ErrorKind as Io;
    match error {
        redb::Error::Corrupted(_) | redb::Error::TableTypeMismatch { .. } => damaged(path).with_source(error),
        // The file is no database, or is too short for one.
        redb::Error::Io(io) if matches!(io.kind(), Io::InvalidData | Io::UnexpectedEof) => {
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
        f.debug_struct("RedbSnapshots").field("path", &self.0.path).finish_non_exhaustive()
    }
}

#[async_trait]
impl SnapshotStore for RedbSnapshots {
    async fn get(&self, space: &str, keys: Vec<Vec<u8>>) -> Result<Vec<Option<Vec<u8>>>> {
        self.run(space, move |file, space| file.get(space, &keys)).await
    }

    async fn scan(&self, space: &str, keys: Range<Vec<u8>>, limit: usize) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        self.run(space, move |file, space| file.scan(space, &keys, limit)).await
    }

    async fn commit(&self, space: &str, commit: Commit) -> Result<bool> {
        self.run(space, move |file, space| file.commit(space, commit)).await
    }
}
