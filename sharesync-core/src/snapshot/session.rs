//! The state of a snapshot between and during calls: its generations, who works on it, and how it is tidied up.
//!
//! A snapshot holds two generations. The *base* is the one whose cursor the consumer last came back with. The *next* one is
//! written over it by a walk, each touched row keeping the base beside it; it is `Sealed` when the walk is complete.
//! What the next call finds decides: a sealed generation whose cursor comes back is accepted as the base, any other is
//! dropped. Both are done row by row in small commits, each of which can be the last before a crash.
//!
//! Every commit expects the state to be as this session left it, and every read of rows checks it: a session that began
//! later takes over, and an earlier one can neither write nor be misled.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::keys::{self, Key, Stored, Table, damaged};
use super::record::{Mark, Row};
use super::{Commit, Pruning, SnapshotStore};
use crate::{
    ChangeOptions, Cursor, Error, ErrorKind, ItemId, ItemRef, Result, ServiceClock, Since, StoreInfo, Timestamp,
};

/// Entries of the snapshot read or written at once.
pub(super) const SOME: usize = 512;

/// What a call reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Report {
    Everything,
    Reset,
    Differences,
    Nothing,
}

/// What is written down of a snapshot as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    format: u32,
    /// Tells this snapshot from one that had the same name before.
    id: u64,
    /// The session that works on it.
    owner: u64,
    /// The last generation that was begun.
    last: u64,
    /// The last generation that a consumer came back with; 0 if there is none.
    base: u64,
    /// When the last walk of the whole tree began, as of the base.
    full_scan: Option<Timestamp>,
    phase: Phase,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Phase {
    /// Nothing is touched but what must be reported again.
    Tidy,
    /// The generation `last` is being written.
    Walking { full_scan: Option<Timestamp> },
    /// The generation `last` is complete.
    Sealed { full_scan: Option<Timestamp> },
    /// The generation `base` was just accepted: what it replaced is being removed.
    Accepting,
    /// The generation after the base is being removed; `reported` if it may have reached the consumer.
    Dropping { reported: bool },
}

impl State {
    const FORMAT: u32 = 1;

    fn new() -> Self {
        let (id, phase) = (fastrand::u64(..), Phase::Tidy);
        Self { format: Self::FORMAT, id, owner: 0, last: 0, base: 0, full_scan: None, phase }
    }

    fn read(bytes: &[u8]) -> Result<Self> {
        let state: Self = serde_json::from_slice(bytes).map_err(|_| damaged())?;
        if state.format == Self::FORMAT {
            return Ok(state);
        }
        let message = format!("the snapshot has format {}, this library reads {}", state.format, Self::FORMAT);
        Err(Error::new(ErrorKind::Config, message))
    }

    fn token(&self) -> String {
        format!("{:016x}.{}", self.id, self.last)
    }

    /// Takes the snapshot over for a new session: what it is to report, and what becomes of the generation found.
    fn take_over(&mut self, token: Option<&str>, since: &Since) -> Report {
        self.owner = fastrand::u64(..);
        let sealed = matches!(self.phase, Phase::Sealed { .. });
        let is = |generation: u64| token == Some(format!("{:016x}.{generation}", self.id).as_str());
        let accepted = sealed && is(self.last);
        let report = match since {
            Since::Beginning => Report::Everything,
            Since::Now => Report::Nothing,
            Since::Cursor(_) if accepted || is(self.base) => Report::Differences,
            Since::Cursor(_) => Report::Reset,
        };
        match self.phase {
            Phase::Sealed { full_scan } if accepted => {
                self.base = self.last;
                self.full_scan = full_scan.or(self.full_scan);
                self.phase = Phase::Accepting;
            }
            // Before the first base there is no cursor that a consumer could come back with in doubt.
            Phase::Sealed { .. } => self.phase = Phase::Dropping { reported: self.base > 0 },
            Phase::Walking { .. } => self.phase = Phase::Dropping { reported: false },
            Phase::Tidy | Phase::Accepting | Phase::Dropping { .. } => {}
        }
        report
    }
}

/// One call of `changes` at work on its snapshot.
#[derive(Debug)]
pub(super) struct Session {
    store: Arc<dyn SnapshotStore>,
    space: String,
    provider: &'static str,
    scope: String,
    /// That of the service.
    clock: ServiceClock,
    state: State,
    /// The state as it was written.
    written: Vec<u8>,
}

/// What is written in one commit.
#[derive(Debug, Default)]
pub(super) struct Batch(Vec<(Key, Option<Vec<u8>>)>);

impl Batch {
    pub(super) fn put(&mut self, key: Key, value: Vec<u8>) {
        self.0.push((key, Some(value)));
    }

    pub(super) fn remove(&mut self, key: Key) {
        self.0.push((key, None));
    }

    pub(super) fn put_row(&mut self, id: &ItemId, row: &Row) -> Result<()> {
        self.put(keys::item(Table::Rows, id), row.encode()?);
        Ok(())
    }
}

impl Session {
    /// Takes over the snapshot of this store and scope, and tidies up what the last session left.
    pub(super) async fn begin(
        store: Arc<dyn SnapshotStore>,
        info: &StoreInfo,
        options: &ChangeOptions,
        since: &Since,
    ) -> Result<(Self, Report)> {
        let scope = match options.scope.as_ref().unwrap_or(&ItemRef::Root) {
            ItemRef::Root => format!("{} root", info.account),
            ItemRef::Id(id) => format!("{} id {id}", info.account),
            ItemRef::Path(path) => format!("{} path {path}", info.account),
        };
        let token = match since {
            Since::Cursor(cursor) => Some(cursor.token_for(info.provider, &scope)?),
            Since::Beginning | Since::Now => None,
        };
        let space = format!("{} {scope}", info.provider);
        // Another session may take over at the same time: one of the two sees the other one's state.
        let (state, written, report) = loop {
            let found = store.get(&space, vec![keys::state()]).await?.pop().flatten();
            let mut state = found.as_deref().map_or_else(|| Ok(State::new()), State::read)?;
            let report = state.take_over(token, since);
            let written = to_json(&state)?;
            let writes = vec![(keys::state(), Some(written.clone()))];
            let expected = Some((keys::state(), found));
            if store.commit(&space, Commit { expected, writes, durable: false }).await? {
                break (state, written, report);
            }
        };
        let mut session =
            Self { store, space, provider: info.provider, scope, clock: ServiceClock::default(), state, written };
        session.tidy().await?;
        Ok((session, report))
    }

    /// The present time of the service.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The generation being written, or just sealed.
    pub(super) fn generation(&self) -> u64 {
        self.state.last
    }

    /// The generation to compare with; 0 if there is none.
    pub(super) fn base(&self) -> u64 {
        self.state.base
    }

    /// Whether it is time to list every folder. A clock that went backwards makes it time.
    pub(super) fn full_scan_due(&self, interval: Duration) -> bool {
        let now = Timestamp::now();
        let fresh = |last: Timestamp| last <= now && last.saturating_add(interval) > now;
        self.state.base == 0 || !self.state.full_scan.is_some_and(fresh)
    }

    /// Begins a new generation.
    pub(super) async fn start_walk(&mut self, full: bool, pruning: Pruning) -> Result<()> {
        if let Pruning::FolderRevision(clock) = pruning {
            self.clock = clock;
        }
        self.state.last += 1;
        self.enter(Phase::Walking { full_scan: full.then(Timestamp::now) }, false).await
    }

    /// Ends the generation: from now on its cursor is valid, also after a crash.
    pub(super) async fn seal(&mut self) -> Result<()> {
        match self.state.phase {
            Phase::Walking { full_scan } => self.enter(Phase::Sealed { full_scan }, true).await,
            _ => Ok(()),
        }
    }

    /// The cursor of this generation.
    pub(super) fn cursor(&self) -> Cursor {
        Cursor::new(self.provider, self.scope.as_str(), self.state.token())
    }

    async fn enter(&mut self, phase: Phase, durable: bool) -> Result<()> {
        let state = State { phase, ..self.state.clone() };
        let bytes = to_json(&state)?;
        self.write(vec![(keys::state(), Some(bytes.clone()))], durable).await?;
        (self.state, self.written) = (state, bytes);
        Ok(())
    }

    /// Writes, unless another session has taken over.
    pub(super) async fn commit(&self, batch: Batch) -> Result<()> {
        if batch.0.is_empty() { Ok(()) } else { self.write(batch.0, false).await }
    }

    async fn write(&self, writes: Vec<(Key, Option<Vec<u8>>)>, durable: bool) -> Result<()> {
        let expected = Some((keys::state(), Some(self.written.clone())));
        let written = self.store.commit(&self.space, Commit { expected, writes, durable }).await?;
        if written { Ok(()) } else { Err(taken_over()) }
    }

    /// The values of these keys, unless another session has taken over.
    pub(super) async fn values(&self, mut keys: Vec<Key>) -> Result<Vec<Option<Vec<u8>>>> {
        keys.push(keys::state());
        let mut values = self.store.get(&self.space, keys).await?;
        if values.pop().flatten().as_ref() == Some(&self.written) { Ok(values) } else { Err(taken_over()) }
    }

    /// The rows of these items.
    pub(super) async fn rows(&self, ids: &[ItemId]) -> Result<Vec<Option<Row>>> {
        let values = self.values(ids.iter().map(|id| keys::item(Table::Rows, id)).collect()).await?;
        values.into_iter().map(|value| value.as_deref().map(Row::decode).transpose()).collect()
    }

    /// The row of one item.
    pub(super) async fn row(&self, id: &ItemId) -> Result<Option<Row>> {
        Ok(self.rows(std::slice::from_ref(id)).await?.pop().flatten())
    }

    /// At most `limit` entries from `from` on.
    pub(super) async fn scan(&self, from: Key, end: &[u8], limit: usize) -> Result<Vec<Stored>> {
        self.store.scan(&self.space, from..end.to_vec(), limit).await
    }

    /// Goes through the next few entries of a range, and moves its start behind them. None are left when it is empty.
    pub(super) async fn next(&self, range: &mut std::ops::Range<Key>) -> Result<Vec<Stored>> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let entries = self.scan(range.start.clone(), &range.end, SOME).await?;
        range.start = match entries.last() {
            Some((last, _)) if entries.len() == SOME => keys::after(last.clone()),
            _ => range.end.clone(),
        };
        Ok(entries)
    }

    /// The same, as items with their rows; `item_of` reads the item from the key.
    pub(super) async fn next_rows(
        &self,
        range: &mut std::ops::Range<Key>,
        item_of: impl Fn(&[u8]) -> Result<ItemId>,
    ) -> Result<Vec<(ItemId, Option<Row>)>> {
        let entries = self.next(range).await?;
        let ids = entries.iter().map(|(key, _)| item_of(key)).collect::<Result<Vec<_>>>()?;
        let rows = self.rows(&ids).await?;
        Ok(ids.into_iter().zip(rows).collect())
    }

    /// Finishes what the last session left: accepts or drops its generation.
    async fn tidy(&mut self) -> Result<()> {
        let reported = match self.state.phase {
            Phase::Accepting => None,
            Phase::Dropping { reported } => Some(reported),
            _ => return Ok(()),
        };
        for table in [Table::Missing, Table::Events] {
            let mut range = table.all();
            loop {
                let entries = self.next(&mut range).await?;
                if entries.is_empty() {
                    break;
                }
                let writes = entries.into_iter().map(|(key, _)| (key, None)).collect();
                self.commit(Batch(writes)).await?;
            }
        }
        let mut range = Table::Touched.all();
        loop {
            let rows = self.next_rows(&mut range, keys::item_of).await?;
            if rows.is_empty() {
                return self.enter(Phase::Tidy, false).await;
            }
            let mut batch = Batch::default();
            for (id, row) in rows {
                match (row, reported) {
                    (None, _) => batch.remove(keys::item(Table::Touched, &id)),
                    (Some(row), None) => accept(&id, row, &mut batch)?,
                    (Some(row), Some(reported)) => self.restore(&id, row, reported, &mut batch)?,
                }
            }
            self.commit(batch).await?;
        }
    }

    /// Makes a row what it was in the base.
    fn restore(&self, id: &ItemId, mut row: Row, reported: bool, batch: &mut Batch) -> Result<()> {
        if row.since > self.state.base {
            if let Some(now) = &row.now
                && row.before.as_ref().is_none_or(|before| before.place != now.place)
            {
                batch.remove(keys::entry(Table::Children, &now.place, id));
            }
            let again = row.mark.again || (reported && (row.mark.report || row.mark.implied));
            row = Row {
                since: self.state.base,
                listed: 0,
                mark: Mark { again, ..Mark::default() },
                now: row.before,
                before: None,
            };
            if row.now.is_some() || again {
                batch.put_row(id, &row)?;
            } else {
                batch.remove(keys::item(Table::Rows, id));
            }
        }
        if !row.mark.again {
            batch.remove(keys::item(Table::Touched, id));
        }
        Ok(())
    }
}

/// Forgets what was before the generation that is now the base.
fn accept(id: &ItemId, mut row: Row, batch: &mut Batch) -> Result<()> {
    let place = row.now.as_ref().map(|now| &now.place);
    if let Some(before) = &row.before
        && Some(&before.place) != place
    {
        batch.remove(keys::entry(Table::Children, &before.place, id));
    }
    if row.now.is_none() {
        batch.remove(keys::item(Table::Rows, id));
    } else if row.before.is_some() || row.mark.again {
        (row.before, row.mark) = (None, Mark::default());
        batch.put_row(id, &row)?;
    }
    batch.remove(keys::item(Table::Touched, id));
    Ok(())
}

fn to_json(state: &State) -> Result<Vec<u8>> {
    serde_json::to_vec(state).map_err(|error| damaged().with_source(error))
}

fn taken_over() -> Error {
    Error::new(ErrorKind::Conflict, "another reader of the changes of this store has begun and taken the snapshot over")
}
