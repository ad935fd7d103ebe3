//! Watching and following: when a store is looked at, and what becomes of failures.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt as _, stream};
use sharesync_core::transfer::{Download, DownloadOptions};
use sharesync_core::{
    BoxStream, Capabilities, Change, ChangeOptions, ChangePage, Cursor, Error, ErrorKind, Item, ItemKind, ItemRef,
    ListOptions, NameRules, Operation, Page, RemoteStore, RemoteStoreExt as _, Result, Signal, Since, StoreInfo,
    WatchOptions,
};
use tokio::time::Instant;

/// One reading of the changes.
type Reading = Vec<Result<ChangePage>>;

/// A store that answers by a script, and notes what it is asked.
#[derive(Debug)]
struct Scripted {
    info: StoreInfo,
    capabilities: Capabilities,
    readings: Mutex<VecDeque<Reading>>,
    signals: Mutex<Option<Vec<Result<Signal>>>>,
    asked: Mutex<Vec<Since>>,
}

impl Scripted {
    fn new(readings: Vec<Reading>, signals: Option<Vec<Result<Signal>>>) -> Self {
        Self {
            info: StoreInfo::new("acme", "a"),
            capabilities: Capabilities::new(NameRules::permissive()),
            readings: Mutex::new(readings.into()),
            signals: Mutex::new(signals),
            asked: Mutex::default(),
        }
    }

    fn asked(&self) -> Vec<Since> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait]
impl RemoteStore for Scripted {
    fn info(&self) -> &StoreInfo {
        &self.info
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn stat(&self, _: &ItemRef) -> Result<Item> {
        Err(self.unsupported(Operation::Stat))
    }

    fn list(&self, _: &ItemRef, _: ListOptions) -> BoxStream<'static, Result<Page<Item>>> {
        stream::empty().boxed()
    }

    fn changes(&self, since: Since, _: ChangeOptions) -> BoxStream<'static, Result<ChangePage>> {
        self.asked.lock().unwrap().push(since);
        stream::iter(self.readings.lock().unwrap().pop_front().unwrap_or_default()).boxed()
    }

    /// What is scripted, and then silence.
    fn signals(&self, _: &ChangeOptions) -> Option<BoxStream<'static, Result<Signal>>> {
        let signals = self.signals.lock().unwrap().take()?;
        Some(stream::iter(signals).chain(stream::pending()).boxed())
    }

    async fn download(&self, _: &ItemRef, _: DownloadOptions) -> Result<Download> {
        Err(self.unsupported(Operation::Download))
    }
}

fn cursor(token: &str) -> Cursor {
    Cursor::new("acme", "a", token)
}

fn upsert(name: &str) -> Change {
    Change::Upsert(Item::new(name, name, ItemKind::File))
}

fn page(name: &str) -> ChangePage {
    ChangePage::new(vec![upsert(name)])
}

fn failure(kind: ErrorKind) -> Error {
    Error::new(kind, "scripted")
}

fn options() -> WatchOptions {
    WatchOptions::new().with_poll_interval(Duration::from_secs(10)).with_push_interval(Duration::from_secs(1000))
}

#[tokio::test(start_paused = true)]
async fn without_a_channel_the_clock_says_when() {
    let store = Scripted::new(Vec::new(), None);
    let mut signals = store.watch(&ChangeOptions::new(), options());
    for _ in 0..20 {
        let began = Instant::now();
        assert!(matches!(signals.next().await, Some(Ok(Signal::Due))));
        let waited = began.elapsed();
        assert!(waited >= Duration::from_secs(8) && waited <= Duration::from_secs(13), "{waited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_channel_is_helped_out_by_the_clock() {
    let interrupted = || Ok(Signal::Interrupted(failure(ErrorKind::Network)));
    let script = vec![Ok(Signal::Connected), Ok(Signal::Changed), interrupted(), interrupted(), interrupted()];
    let store = Scripted::new(Vec::new(), Some(script));
    let mut signals = store.watch(&ChangeOptions::new(), options());
    for _ in 0..5 {
        signals.next().await.unwrap().unwrap();
    }
    let began = Instant::now();
    assert!(matches!(signals.next().await, Some(Ok(Signal::Due))));
    assert!(began.elapsed() <= Duration::from_secs(13), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_open_channel_is_trusted_for_longer_and_an_error_ends_it() {
    let store = Scripted::new(Vec::new(), Some(vec![Ok(Signal::Connected)]));
    let mut signals = store.watch(&ChangeOptions::new(), options());
    signals.next().await.unwrap().unwrap();
    let began = Instant::now();
    assert!(matches!(signals.next().await, Some(Ok(Signal::Due))));
    assert!(began.elapsed() >= Duration::from_secs(800));
    let store = Scripted::new(Vec::new(), Some(vec![Err(failure(ErrorKind::Unauthenticated))]));
    let ended: Vec<_> = store.watch(&ChangeOptions::new(), options()).collect().await;
    assert_eq!(ended.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_followed_goes_on_from_the_last_checkpoint() {
    let readings = vec![
        vec![Ok(page("a").with_checkpoint(cursor("1")))],
        vec![Ok(page("b").with_checkpoint(cursor("2"))), Err(failure(ErrorKind::Network))],
        vec![Ok(page("c").with_checkpoint(cursor("3")))],
        vec![Err(failure(ErrorKind::PermissionDenied))],
    ];
    let store = Scripted::new(readings, None);
    let told: Vec<_> = store.follow(Since::Now, ChangeOptions::new(), options()).collect().await;
    let names: Vec<_> = told.iter().map(|page| page.as_ref().map(|page| page.changes.len()).ok()).collect();
    assert_eq!(names, [Some(1), Some(1), None, Some(1), None]);
    let since = |token| Since::Cursor(cursor(token));
    assert_eq!(store.asked(), [Since::Now, since("1"), since("2"), since("3")]);
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_the_service_asks_for_is_kept_within_bounds() {
    let hour = Duration::from_secs(3600);
    for (asked, least, most) in [(hour, hour, 2 * hour), (Duration::MAX, 24 * hour, 25 * hour)] {
        let busy = failure(ErrorKind::RateLimited).with_retry_after(asked);
        let store = Scripted::new(vec![vec![Err(busy)], vec![Err(failure(ErrorKind::Config))]], None);
        let began = Instant::now();
        let told: Vec<_> = store.follow(Since::Now, ChangeOptions::new(), options()).collect().await;
        assert_eq!(told.len(), 2);
        assert!(began.elapsed() >= least && began.elapsed() < most, "{asked:?}: {:?}", began.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn an_enumeration_that_failed_is_repeated_as_a_reset() {
    let readings = vec![
        vec![Ok(page("a")), Err(failure(ErrorKind::Timeout))],
        vec![Ok(page("b")), Err(failure(ErrorKind::Timeout))],
        vec![Ok(page("b")), Ok(ChangePage::new(Vec::new()).with_checkpoint(cursor("1")))],
        vec![Err(failure(ErrorKind::Config))],
    ];
    let store = Scripted::new(readings, None);
    let told: Vec<_> = store.follow(Since::Beginning, ChangeOptions::new(), options()).collect().await;
    let changes: Vec<_> = told.iter().flatten().flat_map(|page| page.changes.clone()).collect();
    let (begin, end) = (Change::ResetBegin, Change::ResetEnd);
    assert_eq!(changes, [upsert("a"), begin.clone(), upsert("b"), begin, upsert("b"), end]);
    let checkpoints = told.iter().flatten().filter_map(|page| page.checkpoint.clone());
    assert_eq!(checkpoints.collect::<Vec<_>>(), [cursor("1")]);
    assert_eq!(store.asked()[3], Since::Cursor(cursor("1")));
}

#[tokio::test(start_paused = true)]
async fn a_signal_of_a_reset_compares_everything_until_it_is_done() {
    let readings = vec![
        vec![Ok(ChangePage::new(Vec::new()).with_checkpoint(cursor("1")))],
        vec![Ok(page("a")), Err(failure(ErrorKind::Stalled))],
        vec![Ok(page("a").with_checkpoint(cursor("2")))],
        vec![Err(failure(ErrorKind::Config))],
    ];
    let store = Scripted::new(readings, Some(vec![Ok(Signal::Reset)]));
    let told: Vec<_> = store.follow(Since::Now, ChangeOptions::new(), options()).collect().await;
    let changes: Vec<_> = told.iter().flatten().flat_map(|page| page.changes.clone()).collect();
    let (begin, end) = (Change::ResetBegin, Change::ResetEnd);
    assert_eq!(changes, [begin.clone(), upsert("a"), begin, upsert("a"), end]);
    assert_eq!(store.asked()[1..], [Since::Beginning, Since::Beginning, Since::Cursor(cursor("2"))]);
}
