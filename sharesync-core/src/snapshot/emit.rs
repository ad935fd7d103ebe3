//! Telling a generation: everything that exists, or what is different from the base. Pages are read from the snapshot.

use std::collections::HashMap;
use std::ops::Range;

use futures::{StreamExt as _, stream};

use super::compare::{depth, top};
use super::keys::{self, Key, Table};
use super::record::Row;
use super::session::{Batch, Session};
use crate::{BoxStream, Change, ChangePage, ItemId, Result};

/// Changes in a page, unless the consumer asks for another number.
pub(super) const PAGE: usize = 1000;

/// Changes in a page at most.
pub(super) const MAX_PAGE: usize = 10_000;

/// Depths of folders remembered.
const DEPTHS: usize = 10_000;

type Pages = BoxStream<'static, Result<ChangePage>>;

/// The phases of a report, in the order of the module's documentation.
const FILES_GONE: u8 = 0;
const UPSERTS: u8 = 1;
const FOLDERS_GONE: u8 = 2;

/// Every item that exists, a folder before what it holds; framed by the marks of a reset if it is one.
pub(super) fn everything(session: Session, size: usize, reset: bool) -> Pages {
    let first = reset.then_some(Change::ResetBegin).into_iter().collect();
    let frames = vec![(top(), keys::entries(Table::Children, &top()))];
    let dump = Dump { session, size, reset, frames, changes: first };
    stream::try_unfold(Some(dump), |dump| async {
        match dump {
            Some(dump) => Box::pin(dump.next()).await.map(Some),
            None => Ok(None),
        }
    })
    .boxed()
}

struct Dump {
    session: Session,
    size: usize,
    reset: bool,
    /// Folders on the way down, with their children that are still to come.
    frames: Vec<(ItemId, Range<Key>)>,
    changes: Vec<Change>,
}

impl Dump {
    async fn next(mut self) -> Result<(ChangePage, Option<Self>)> {
        while let Some((folder, children)) = self.frames.last_mut() {
            let room = self.size.saturating_sub(self.changes.len());
            if room == 0 {
                let page = ChangePage::new(std::mem::take(&mut self.changes));
                return Ok((page, Some(self)));
            }
            let entries =
                self.session.scan(children.start.clone(), &children.end, room.min(super::session::SOME)).await?;
            let Some((last, _)) = entries.last() else {
                self.frames.pop();
                continue;
            };
            children.start = keys::after(last.clone());
            let ids = entries.iter().map(|(key, _)| Ok(keys::entry_of(key)?.1)).collect::<Result<Vec<_>>>()?;
            let rows = self.session.rows(&ids).await?;
            let folder = folder.clone();
            for (id, row) in ids.into_iter().zip(rows) {
                let Some(now) = row.and_then(|row| row.now).filter(|now| now.place == folder) else {
                    continue;
                };
                if now.item.is_folder() {
                    self.frames.push((id.clone(), keys::entries(Table::Children, &id)));
                }
                self.changes.push(Change::Upsert(now.item));
            }
        }
        self.changes.extend(self.reset.then_some(Change::ResetEnd));
        Ok((ChangePage::new(self.changes).with_checkpoint(self.session.cursor()), None))
    }
}

/// What is different from the base, and what may have been told differently before.
pub(super) async fn differences(session: Session, size: usize) -> Result<Pages> {
    put_in_order(&session).await?;
    let events = Some((session, Table::Events.all()));
    let pages = stream::try_unfold(events, move |events| async move {
        match events {
            Some((session, range)) => Box::pin(next_differences(session, range, size)).await.map(Some),
            None => Ok(None),
        }
    });
    Ok(pages.boxed())
}

/// Writes down the order in which the touched rows are reported.
async fn put_in_order(session: &Session) -> Result<()> {
    let mut depths = HashMap::new();
    let mut range = Table::Touched.all();
    loop {
        let rows = session.next_rows(&mut range, keys::item_of).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::default();
        for (id, row) in rows {
            let Some(row) = row.filter(|row| row.is_reported(session.base())) else {
                continue;
            };
            let (phase, depth) = match &row.now {
                Some(now) => (UPSERTS, depth_in(session, &now.place, &mut depths).await?),
                None if row.before.as_ref().is_some_and(|before| !before.item.is_folder()) => (FILES_GONE, 0),
                None => (FOLDERS_GONE, 0),
            };
            batch.put(keys::event(phase, depth, &id), Vec::new());
        }
        session.commit(batch).await?;
    }
}

async fn depth_in(session: &Session, folder: &ItemId, depths: &mut HashMap<ItemId, usize>) -> Result<usize> {
    if let Some(depth) = depths.get(folder) {
        return Ok(*depth);
    }
    let found = depth(session, folder, None).await?;
    if depths.len() >= DEPTHS {
        depths.clear();
    }
    depths.insert(folder.clone(), found);
    Ok(found)
}

type Rest = Option<(Session, Range<Key>)>;

async fn next_differences(session: Session, mut range: Range<Key>, size: usize) -> Result<(ChangePage, Rest)> {
    // One more than is told now, to know whether this page is the last.
    let mut entries = session.scan(range.start.clone(), &range.end, size + 1).await?;
    let more = entries.len() > size;
    entries.truncate(size);
    let ids = entries.iter().map(|(key, _)| keys::event_of(key)).collect::<Result<Vec<_>>>()?;
    let rows = session.rows(&ids).await?;
    let changes = ids.into_iter().zip(rows).map(|(id, row)| change(id, row)).collect();
    let page = ChangePage::new(changes);
    match entries.pop() {
        Some((last, _)) if more => {
            range.start = keys::after(last);
            Ok((page, Some((session, range))))
        }
        _ => Ok((page.with_checkpoint(session.cursor()), None)),
    }
}

fn change(id: ItemId, row: Option<Row>) -> Change {
    match row.and_then(|row| row.now) {
        Some(now) => Change::Upsert(now.item),
        None => Change::Remove(id),
    }
}
