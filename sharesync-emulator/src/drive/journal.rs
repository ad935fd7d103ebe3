//! The journal of a directory drive: one record a line, appended by a thread of its own. Reading it again rebuilds the tree.
//! A line is written before its mutation is acknowledged, so a killed server loses nothing that it promised.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::watch;

use super::record::Record;
use super::tree::Tree;

/// Appends records in the order in which they are given.
#[derive(Debug)]
pub(crate) struct Journal {
    open: Mutex<Option<Open>>,
    written: watch::Receiver<State>,
}

/// The way to the thread that writes, and the thread.
#[derive(Debug)]
struct Open {
    records: Sender<Record>,
    thread: JoinHandle<()>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Written(u64),
    Failed(String),
}

impl Journal {
    /// Opens or creates the journal, and gives the tree that it describes.
    pub(crate) fn open(path: &Path) -> io::Result<(Self, Tree)> {
        let file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        // Two servers on one directory would each overwrite what the other promised.
        file.try_lock().map_err(|error| io::Error::other(format!("the directory is in use: {error}")))?;
        let mut tree = Tree::default();
        let whole = replay(&file, &mut tree)?;
        // A line cut short was never acknowledged; what follows must not be appended to it.
        file.set_len(whole)?;
        let (records, queue) = mpsc::channel();
        let (state, written) = watch::channel(State::Written(0));
        let writer = thread::Builder::new().name("drive-journal".into());
        let thread = writer.spawn(move || append(file, &queue, &state))?;
        let open = Mutex::new(Some(Open { records, thread }));
        Ok((Self { open, written }, tree))
    }

    fn open_mut(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a record over. If it cannot be written any more, `settled` says so.
    pub(crate) fn append(&self, record: Record) {
        if let Some(open) = &*self.open_mut() {
            let _ = open.records.send(record);
        }
    }

    /// Writes what is waiting and gives the file back; records after that are lost.
    pub(crate) fn close(&self) {
        if let Some(Open { records, thread }) = self.open_mut().take() {
            drop(records);
            let _ = thread.join();
        }
    }

    /// Waits until the first `count` records are in the file.
    pub(crate) async fn settled(&self, count: u64) -> io::Result<()> {
        let mut written = self.written.clone();
        let reached = |state: &State| match state {
            State::Written(done) => *done >= count,
            State::Failed(_) => true,
        };
        let state = written.wait_for(reached).await.map_err(io::Error::other)?.clone();
        match state {
            State::Written(_) => Ok(()),
            State::Failed(reason) => Err(io::Error::other(reason)),
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.close();
    }
}

/// Applies every whole line and gives the length of all of them.
fn replay(file: &File, tree: &mut Tree) -> io::Result<u64> {
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let (mut line, mut whole, mut number) = (Vec::new(), 0, 0u64);
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line)?;
        if line.last() != Some(&b'\n') {
            return Ok(whole);
        }
        number += 1;
        let record: Record = serde_json::from_slice(&line).map_err(|error| {
            io::Error::new(io::ErrorKind::InvalidData, format!("line {number} of the journal: {error}"))
        })?;
        tree.apply(&record);
        whole += read as u64;
    }
}

/// Writes what is waiting, then says so; many records that wait together cost one write.
fn append(file: File, queue: &Receiver<Record>, state: &watch::Sender<State>) {
    let mut out = BufWriter::with_capacity(1 << 18, file);
    let mut done = 0;
    while let Ok(first) = queue.recv() {
        let waiting = std::iter::once(first).chain(queue.try_iter());
        let result = waiting
            .map(|record| write_line(&mut out, &record))
            .try_fold(done, |count, result| result.map(|()| count + 1))
            .and_then(|count| out.flush().map(|()| count));
        match result {
            Ok(count) => {
                done = count;
                state.send_replace(State::Written(count));
            }
            Err(error) => {
                state.send_replace(State::Failed(format!("the journal cannot be written: {error}")));
                return;
            }
        }
    }
}

fn write_line(out: &mut impl Write, record: &Record) -> io::Result<()> {
    serde_json::to_writer(&mut *out, record)?;
    out.write_all(b"\n")
}
