//! Comparing what a listing shows with what the snapshot knows, and writing down the difference.

use std::collections::HashMap;
use std::time::Duration;

use super::keys::{self, Table};
use super::record::{Record, Row};
use super::session::{Batch, Session};
use crate::list::{MAX_DEPTH, too_deep};
use crate::{Error, ErrorKind, Item, ItemId, Result, Revision, Timestamp};

/// The place of what lies directly in the scope, and the identity of the scope's own folder.
pub(super) fn top() -> ItemId {
    ItemId::new("")
}

/// The resolution that a time of the service may have, and how far its clock may be behind.
const RECENT: Duration = Duration::from_secs(300);

/// Takes in items that were seen in a folder.
pub(super) async fn take_in(session: &Session, folder: &ItemId, items: Vec<Item>) -> Result<()> {
    let ids: Vec<_> = items.iter().map(|item| item.identity().clone()).collect();
    let found = session.rows(&ids).await?;
    let mut rows: HashMap<_, _> = ids.into_iter().zip(found).collect();
    let mut batch = Batch::default();
    for item in items {
        let id = item.identity().clone();
        let row = rows.remove(&id).flatten().unwrap_or_default();
        let moved = row.now.is_some() && row.now_in(folder).is_none();
        if moved && item.is_folder() {
            depth(session, folder, Some(&id)).await?;
        }
        // A listing may repeat an item: the second time must see what the first one left.
        rows.insert(id.clone(), Some(place(session, row, folder, id, item, &mut batch)?));
    }
    session.commit(batch).await
}

/// The row of an item that was seen in a folder, written if it is not as it was.
fn place(session: &Session, mut row: Row, folder: &ItemId, id: ItemId, item: Item, batch: &mut Batch) -> Result<Row> {
    let record = record(session, &row, folder, item);
    if row.now.as_ref() == Some(&record) {
        return Ok(row);
    }
    row.enter(session.generation());
    let own = id == top();
    row.mark.report |= !own && row.now.as_ref().is_none_or(|now| record.differs(now));
    row.mark.implied = false;
    leave(&row, &record.place, &id, batch);
    row.now = Some(record);
    if !own {
        batch.put(keys::entry(Table::Children, folder, &id), Vec::new());
    }
    batch.put(keys::item(Table::Touched, &id), Vec::new());
    batch.put_row(&id, &row)?;
    Ok(row)
}

fn record(session: &Session, row: &Row, folder: &ItemId, mut item: Item) -> Record {
    item.path = None;
    if item.parent.is_none() && !folder.as_str().is_empty() {
        item.parent = Some(folder.clone());
    }
    let settled = item.is_folder() && item.revision.as_ref().is_some_and(|revision| is_settled(session, row, revision));
    Record { place: folder.clone(), settled, item }
}

/// Whether the revision of a folder can be relied on: the last walk saw it, too.
fn is_settled(session: &Session, row: &Row, revision: &Revision) -> bool {
    match row.base(session.base()) {
        Some(base) => base.item.revision.as_ref() == Some(revision),
        // The first walk has nothing to compare with. Unless it is a time of just now, what it sees is relied on: the
        // second would list everything again.
        None => session.base() == 0 && !is_recent(revision, session.now()),
    }
}

/// Whether a revision is a time to which a change may still be added.
fn is_recent(revision: &Revision, now: Timestamp) -> bool {
    let time = revision.as_str().parse::<Timestamp>();
    time.is_ok_and(|time| time.saturating_add(RECENT) > now)
}

/// Takes an item that is about to be elsewhere, or nowhere, from the children of where it is now; not of where it was in
/// the base, which is done when that is forgotten.
fn leave(row: &Row, to: &ItemId, id: &ItemId, batch: &mut Batch) {
    let base = row.before.as_ref().map(|before| &before.place);
    if let Some(now) = &row.now
        && now.place != *to
        && base != Some(&now.place)
    {
        batch.remove(keys::entry(Table::Children, &now.place, id));
    }
}

/// Notes that an item is gone; `with` is the folder that it went with.
pub(super) fn bury(
    session: &Session,
    id: &ItemId,
    mut row: Row,
    with: Option<&ItemId>,
    batch: &mut Batch,
) -> Result<()> {
    row.enter(session.generation());
    let known = row.before.as_ref().map(|before| &before.place);
    row.mark.implied = known.is_some() && known == with;
    row.mark.report = known.is_some() && !row.mark.implied;
    if let Some(now) = &row.now
        && known != Some(&now.place)
    {
        batch.remove(keys::entry(Table::Children, &now.place, id));
    }
    row.now = None;
    batch.put(keys::item(Table::Touched, id), Vec::new());
    if row.before.is_some() || row.mark.again {
        batch.put_row(id, &row)
    } else {
        batch.remove(keys::item(Table::Rows, id));
        Ok(())
    }
}

/// How many folders are above what lies in `folder`.
///
/// # Errors
/// [`ErrorKind::Protocol`] when `below` is one of them, or there is no end of them.
pub(super) async fn depth(session: &Session, folder: &ItemId, below: Option<&ItemId>) -> Result<usize> {
    let (mut above, mut depth) = (folder.clone(), 0);
    while above != top() && depth <= MAX_DEPTH {
        if Some(&above) == below {
            return Err(Error::new(ErrorKind::Protocol, "the folder holds itself").with_subject(above));
        }
        let Some(now) = session.row(&above).await?.and_then(|row| row.now) else {
            break;
        };
        (above, depth) = (now.place, depth + 1);
    }
    if depth > MAX_DEPTH { Err(too_deep(folder)) } else { Ok(depth) }
}
