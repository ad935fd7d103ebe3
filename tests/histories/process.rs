//! Processes that follow changes and are killed at random places. What they have told on their output is all that is left
//! of them.

use std::io::{BufRead, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use futures::TryStreamExt as _;
use serde_json::{Value, json};
use sharesync::{ChangeOptions, ChangePage, Cursor, Since, StoreConfig};

/// A process that has this follows changes and does nothing else: the configuration of its store, and where to begin.
const FOLLOWER: &str = "SHARESYNC_FOLLOWER";

/// The part of such a process; whether this is one.
pub(crate) async fn follow() -> bool {
    let Ok(task) = std::env::var(FOLLOWER) else { return false };
    let (config, cursor): (StoreConfig, Option<Cursor>) = serde_json::from_str(&task).unwrap();
    let store = config.connect().await.unwrap();
    let since = cursor.map_or(Since::Beginning, Since::Cursor);
    let mut pages = store.changes(since, ChangeOptions::new().with_page_size(2));
    let mut output = std::io::stdout();
    while let Some(page) = pages.try_next().await.unwrap() {
        writeln!(output, "{}", serde_json::to_string(&page).unwrap()).unwrap();
        output.flush().unwrap();
    }
    true
}

/// When a process is killed, unless it has come to its end by then.
pub(crate) enum Kill {
    Never,
    /// After some time.
    Later(Duration),
    /// When it has told so many pages.
    AtPage(usize),
}

/// What a process has told.
pub(crate) struct Told {
    pub(crate) pages: Vec<ChangePage>,
    /// Whether it was killed before its end.
    pub(crate) killed: bool,
}

/// Runs a process that follows changes, until it ends or is killed.
pub(crate) fn run(config: &Value, cursor: Option<&Cursor>, kill: &Kill) -> Told {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(FOLLOWER, json!([config, cursor]).to_string()).stdout(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let output = BufReader::new(process.stdout.take().unwrap());
    let pages = match kill {
        Kill::Never => pages(output, usize::MAX),
        Kill::Later(time) => {
            let reader = thread::spawn(move || pages(output, usize::MAX));
            thread::sleep(*time);
            process.kill().unwrap();
            reader.join().unwrap()
        }
        Kill::AtPage(page) => {
            let pages = pages(output, *page);
            process.kill().unwrap();
            pages
        }
    };
    let status = process.wait().unwrap();
    // One that had ended before it was killed may have told more than was listened to.
    let killed = status.code().is_none() || matches!(kill, Kill::AtPage(_));
    assert!(status.success() || killed && !matches!(kill, Kill::Never), "a follower failed: {status}");
    Told { pages, killed }
}

/// The first pages in an output that may end in the middle of one.
fn pages(mut output: impl BufRead, at_most: usize) -> Vec<ChangePage> {
    let (mut pages, mut line) = (Vec::new(), Vec::new());
    while pages.len() < at_most && output.read_until(b'\n', &mut line).unwrap() > 0 && line.ends_with(b"\n") {
        pages.push(serde_json::from_slice(&line).unwrap());
        line.clear();
    }
    pages
}
