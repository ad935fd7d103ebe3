//! Watching a store: hearing that something may have changed, by push where the service has a channel and by looking again
//! elsewhere; and following its changes with that.

use std::time::Duration;

use futures::{StreamExt as _, stream};
use tokio::time::{Instant, sleep_until};

use crate::http::deadline;
use crate::{BoxStream, Change, ChangeOptions, ChangePage, Cursor, Error, RemoteStore, Result, Since};

/// The longest that a service can ask to wait before it is looked at again.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// Why it is time to read the changes of a store. It never says what has changed: that is what
/// [`changes`](RemoteStore::changes) is for, and a signal may be lost.
#[derive(Debug)]
#[non_exhaustive]
pub enum Signal {
    /// The service says that something in the scope has changed.
    Changed,
    /// The push channel is open, or open again: whatever was said before was not heard.
    Connected,
    /// The service asks for a complete comparison.
    Reset,
    /// Nothing was heard for a while; it is time to look.
    Due,
    /// The push channel is interrupted. It is being opened again; until then the store is looked at in intervals.
    Interrupted(Error),
}

/// How a store is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WatchOptions {
    /// How often the store is looked at while there is no push channel. Each interval is random by a fifth more or less.
    pub poll_interval: Duration,
    /// How often it is looked at although there is one, in case it fell silent.
    pub push_interval: Duration,
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self { poll_interval: Duration::from_secs(30), push_interval: Duration::from_secs(600) }
    }
}

impl WatchOptions {
    /// Every thirty seconds without a push channel, every ten minutes with one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how often the store is looked at while there is no push channel.
    #[must_use]
    pub fn with_poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval;
        self
    }

    /// Sets how often the store is looked at although there is a push channel.
    #[must_use]
    pub fn with_push_interval(mut self, interval: Duration) -> Self {
        self.push_interval = interval;
        self
    }
}

/// An interval, by a fifth more or less, so that many clients do not ask together.
fn jittered(interval: Duration) -> Duration {
    interval.mul_f64(0.8 + 0.4 * fastrand::f64())
}

type Signals = BoxStream<'static, Result<Signal>>;

/// Signals of one scope.
struct Watch {
    options: WatchOptions,
    push: Option<Signals>,
    connected: bool,
    due: Instant,
    ended: bool,
}

/// See [`RemoteStoreExt::watch`](crate::RemoteStoreExt::watch).
pub(crate) fn watch<S: RemoteStore + ?Sized>(store: &S, scope: &ChangeOptions, options: WatchOptions) -> Signals {
    let due = deadline(jittered(options.poll_interval));
    let watch = Watch { push: store.signals(scope), options, connected: false, due, ended: false };
    stream::unfold(watch, |mut watch| async move { watch.next().await.map(|signal| (signal, watch)) }).boxed()
}

impl Watch {
    async fn next(&mut self) -> Option<Result<Signal>> {
        while !self.ended {
            let heard = match &mut self.push {
                None => {
                    sleep_until(self.due).await;
                    Some(Ok(Signal::Due))
                }
                Some(push) => tokio::select! {
                    biased;
                    heard = push.next() => heard,
                    () = sleep_until(self.due) => Some(Ok(Signal::Due)),
                },
            };
            match heard {
                Some(Ok(signal)) => {
                    self.note(&signal);
                    return Some(Ok(signal));
                }
                Some(Err(error)) => {
                    self.ended = true;
                    return Some(Err(error));
                }
                None => {
                    (self.push, self.connected) = (None, false);
                    self.due = self.due.min(deadline(jittered(self.options.poll_interval)));
                }
            }
        }
        None
    }

    /// Sets when the store is looked at next.
    fn note(&mut self, signal: &Signal) {
        match signal {
            Signal::Connected => self.connected = true,
            Signal::Interrupted(_) => self.connected = false,
            _ => {}
        }
        let interval = if self.connected { self.options.push_interval } else { self.options.poll_interval };
        let due = deadline(jittered(interval));
        // An interruption is no look: however many there are, the next look comes in time.
        self.due = if matches!(signal, Signal::Interrupted(_)) { self.due.min(due) } else { due };
    }
}

/// Changes of one scope, followed.
struct Follow<'a, S: ?Sized> {
    store: &'a S,
    scope: ChangeOptions,
    options: WatchOptions,
    signals: Signals,
    since: Since,
    pull: Option<BoxStream<'static, Result<ChangePage>>>,
    /// Whether there may be changes after `since`.
    stale: bool,
    /// Whether everything is to be compared.
    reset: bool,
    /// Whether that is being done.
    resetting: bool,
    /// Whether changes of an enumeration were told that no checkpoint covers yet.
    half_told: bool,
    /// When a failed pull is tried again.
    again: Option<Instant>,
    ended: bool,
}

/// See [`RemoteStoreExt::follow`](crate::RemoteStoreExt::follow).
pub(crate) fn follow<S: RemoteStore + ?Sized>(
    store: &S,
    since: Since,
    scope: ChangeOptions,
    options: WatchOptions,
) -> BoxStream<'_, Result<ChangePage>> {
    let signals = watch(store, &scope, options.clone());
    let follow = Follow {
        store,
        scope,
        options,
        signals,
        since,
        pull: None,
        stale: true,
        reset: false,
        resetting: false,
        half_told: false,
        again: None,
        ended: false,
    };
    stream::unfold(follow, |mut follow| async move { follow.next().await.map(|page| (page, follow)) }).boxed()
}

impl<S: RemoteStore + ?Sized> Follow<'_, S> {
    async fn next(&mut self) -> Option<Result<ChangePage>> {
        while !self.ended {
            let told = match &mut self.pull {
                Some(pull) => tokio::select! {
                    biased;
                    page = pull.next() => Ok(page),
                    signal = self.signals.next() => Err(signal),
                },
                None if self.again.is_none() && (self.stale || self.reset) => {
                    self.pull = Some(self.begin());
                    continue;
                }
                None => {
                    let again = self.again;
                    tokio::select! {
                        biased;
                        () = async { if let Some(at) = again { sleep_until(at).await } }, if again.is_some() => {
                            self.again = None;
                            continue;
                        }
                        signal = self.signals.next() => Err(signal),
                    }
                }
            };
            match told {
                Ok(Some(Ok(page))) => return Some(Ok(self.take(page))),
                Ok(Some(Err(error))) => return Some(Err(self.fail(error))),
                Ok(None) => (self.pull, self.resetting) = (None, false),
                Err(Some(Ok(Signal::Reset))) => self.reset = true,
                Err(Some(Ok(Signal::Interrupted(error)))) => tracing::debug!(%error, "the push channel is interrupted"),
                Err(Some(Ok(_))) => self.stale = true,
                Err(Some(Err(error))) => {
                    self.ended = true;
                    return Some(Err(error));
                }
                Err(None) => self.ended = true,
            }
        }
        None
    }

    /// Begins to read what has changed. What is signalled from now on is read afterwards.
    fn begin(&mut self) -> BoxStream<'static, Result<ChangePage>> {
        self.resetting = std::mem::take(&mut self.reset) || self.half_told;
        self.stale = false;
        if self.resetting {
            return as_reset(self.store.changes(Since::Beginning, self.scope.clone()));
        }
        self.store.changes(self.since.clone(), self.scope.clone())
    }

    fn take(&mut self, page: ChangePage) -> ChangePage {
        match &page.checkpoint {
            Some(checkpoint) => {
                (self.since, self.half_told) = (Since::Cursor(checkpoint.clone()), false);
            }
            None => self.half_told |= self.since == Since::Beginning && !page.changes.is_empty(),
        }
        page
    }

    /// Ends with what will not pass; the rest is tried again after a while.
    fn fail(&mut self, error: Error) -> Error {
        self.pull = None;
        // A reset that was begun must come to its end.
        self.reset |= std::mem::take(&mut self.resetting);
        self.stale = true;
        let asked = error.retry_after().unwrap_or_default().min(LONGEST_WAIT);
        self.again = Some(deadline(jittered(self.options.poll_interval).max(asked)));
        self.ended = !error.kind().may_pass();
        error
    }
}

/// An enumeration as a reset: what it does not name is gone.
fn as_reset(pages: BoxStream<'static, Result<ChangePage>>) -> BoxStream<'static, Result<ChangePage>> {
    let begin = stream::iter([Ok(ChangePage::new(vec![Change::ResetBegin]))]);
    let rest = stream::unfold((Some(pages), None::<Cursor>), |(pages, mut last)| async move {
        let mut pages = pages?;
        match pages.next().await {
            Some(Ok(mut page)) => {
                last = page.checkpoint.take().or(last);
                Some((Ok(page), (Some(pages), last)))
            }
            Some(Err(error)) => Some((Err(error), (None, last))),
            None => {
                let mut end = ChangePage::new(vec![Change::ResetEnd]);
                end.checkpoint = last;
                Some((Ok(end), (None, None)))
            }
        }
    });
    begin.chain(rest).boxed()
}
