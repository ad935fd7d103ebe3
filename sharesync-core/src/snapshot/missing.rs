//! What a walk did not see where it was: looked for, and gone if it is not found.

use std::collections::HashSet;
use std::ops::Range;

use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::compare::bury;
use super::keys::{self, Key, Table};
use super::session::Batch;
use super::walk::{Walk, select};
use crate::{Error, ErrorKind, Item, ItemId, ItemRef, Result};

/// How often what was missed is looked for. Each time can find new items missing only because of new moves.
const ROUNDS: usize = 8;

/// Nothing more is to be asked about the item.
const ASKED: &[u8] = b"1";

/// An item that was not seen in the folder where it was.
struct Missing {
    folder: ItemId,
    id: ItemId,
    item: ItemRef,
    /// What came of asking: nothing yet, the folder where it is said to be, or [`ASKED`].
    said: Vec<u8>,
}

impl Missing {
    /// What comes of an answer. An item that is said to be where it was not seen may just have left: it is asked for again,
    /// and gone if it is said to be there a second time, after that folder was listed.
    fn hears(&self, found: Option<&Item>) -> Vec<u8> {
        let Some(found) = found else { return ASKED.to_vec() };
        let place = found.parent.as_ref().map_or("", ItemId::as_str);
        let said = [b"in ", place.as_bytes()].concat();
        if said == self.said { ASKED.to_vec() } else { said }
    }
}

impl Walk<'_> {
    /// Notes items that were in a folder and were not seen there.
    pub(super) async fn note_missing(&mut self, folder: &ItemId, ids: Vec<ItemId>) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let rows = self.session.rows(&ids).await?;
        let there =
            ids.into_iter().zip(rows).filter(|(_, row)| row.as_ref().is_some_and(|row| row.now_in(folder).is_some()));
        let keys: Vec<_> = there.map(|(id, _)| keys::entry(Table::Missing, folder, &id)).collect();
        let noted = self.session.values(keys.clone()).await?;
        let mut batch = Batch::default();
        for (key, _) in keys.into_iter().zip(noted).filter(|(_, noted)| noted.is_none()) {
            batch.put(key, Vec::new());
        }
        self.missing = true;
        self.session.commit(batch).await
    }

    /// Forgets of what was missing in a folder what is seen there now.
    pub(super) async fn forget_missing(&self, folder: &ItemId, seen: impl Fn(&ItemId) -> bool) -> Result<()> {
        let mut missing = keys::entries(Table::Missing, folder);
        loop {
            let entries = self.session.next(&mut missing).await?;
            if entries.is_empty() {
                return Ok(());
            }
            let mut batch = Batch::default();
            for id in select(&entries, &seen)? {
                batch.remove(keys::entry(Table::Missing, folder, &id));
            }
            self.session.commit(batch).await?;
        }
    }

    /// Looks for what is missing; buries what is not found, once the scope's own folder is known to be there still: what
    /// is seen of a tree that went as a whole says nothing about its items.
    pub(super) async fn settle_missing(&mut self) -> Result<()> {
        for _ in 0..ROUNDS {
            if !self.look_for_missing().await? {
                break;
            }
        }
        let mut range = Table::Missing.all();
        let mut is_there = false;
        while let Some(missing) = self.next_missing(&mut range).await? {
            if let Some(moving) = missing.iter().find(|missing| missing.said != ASKED) {
                let message = "the item is moved again and again while it is looked for";
                return Err(Error::new(ErrorKind::Unavailable, message).with_subject(&moving.item));
            }
            if !is_there && !missing.is_empty() {
                self.scope_there().await?;
                is_there = true;
            }
            for Missing { folder, id, .. } in missing {
                self.bury_tree(&folder, &id).await?;
            }
        }
        Ok(())
    }

    /// Asks for what is missing, and lists the folders where it is said to be; whether there was anything to ask for.
    async fn look_for_missing(&mut self) -> Result<bool> {
        let mut any = false;
        let mut range = Table::Missing.all();
        while let Some(missing) = self.next_missing(&mut range).await? {
            let missing: Vec<_> = missing.into_iter().filter(|missing| missing.said != ASKED).collect();
            any |= !missing.is_empty();
            let items: Vec<_> = missing.iter().map(|missing| missing.item.clone()).collect();
            let answers = stream::iter(items).map(|item| self.ask(item)).buffered(self.concurrency);
            let found: Vec<Option<Item>> = answers.try_collect().await?;
            let mut batch = Batch::default();
            for (missing, found) in missing.iter().zip(&found) {
                let key = keys::entry(Table::Missing, &missing.folder, &missing.id);
                batch.put(key, missing.hears(found.as_ref()));
            }
            self.session.commit(batch).await?;
            let folders: HashSet<_> = found.into_iter().flatten().map(|item| item.parent).collect();
            for folder in folders {
                let visit = self.look_in(folder.as_ref()).await?;
                self.waiting.extend(visit);
            }
            self.list_all().await?;
        }
        Ok(any)
    }

    /// The next few items that are still missing; `None` at the end.
    async fn next_missing(&self, range: &mut Range<Key>) -> Result<Option<Vec<Missing>>> {
        let entries = self.session.next(range).await?;
        if entries.is_empty() {
            return Ok(None);
        }
        let places = entries.iter().map(|(key, _)| keys::entry_of(key)).collect::<Result<Vec<_>>>()?;
        let ids: Vec<_> = places.iter().map(|(_, id)| id.clone()).collect();
        let rows = self.session.rows(&ids).await?;
        let missing = places.into_iter().zip(rows).zip(entries);
        // What was seen in another folder is not missing.
        let missing = missing.filter_map(|(((folder, id), row), (_, value))| {
            let now = row?.now.filter(|now| now.place == folder)?;
            Some(Missing { folder, id, item: ItemRef::from(&now.item), said: value })
        });
        Ok(Some(missing.collect()))
    }

    /// Where an item is now that the whole listing of its folder does not show any more; `None` when it is nowhere, or
    /// where the account may not look. That it is gone from the folder is what the listing says: an item whose folder may
    /// not be listed is never asked for.
    pub(super) async fn ask(&self, item: ItemRef) -> Result<Option<Item>> {
        match self.source.stat(&item).await {
            Ok(item) => Ok(Some(item)),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Notes that an item is gone with everything that is below it.
    async fn bury_tree(&self, folder: &ItemId, id: &ItemId) -> Result<()> {
        let Some(row) = self.session.row(id).await?.filter(|row| row.now_in(folder).is_some()) else {
            return Ok(());
        };
        let mut batch = Batch::default();
        let mut below = Vec::new();
        if row.now.as_ref().is_some_and(|now| now.item.is_folder()) {
            below.push((id.clone(), keys::entries(Table::Children, id)));
        }
        bury(self.session, id, row, None, &mut batch)?;
        self.session.commit(batch).await?;
        while let Some((folder, mut children)) = below.pop() {
            let rows = self.session.next_rows(&mut children, |key| Ok(keys::entry_of(key)?.1)).await?;
            if rows.is_empty() {
                continue;
            }
            below.push((folder.clone(), children));
            let mut batch = Batch::default();
            for (id, row) in rows {
                let Some(row) = row.filter(|row| row.now_in(&folder).is_some()) else {
                    continue;
                };
                if row.now.as_ref().is_some_and(|now| now.item.is_folder()) {
                    below.push((id.clone(), keys::entries(Table::Children, &id)));
                }
                bury(self.session, &id, row, Some(&folder), &mut batch)?;
            }
            self.session.commit(batch).await?;
        }
        Ok(())
    }
}
