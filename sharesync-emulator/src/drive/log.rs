//! The change log: every change of every item under a number of its own, in the order in which it happened, with where the item was
//! before and after. The journal keeps what was done; places, and what happens to everything below a folder that moves, follow
//! from it in the same way live and at replay, so that the numbers are the same after a restart.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::watch;

use super::Drive;
use super::ids::ItemId;
use super::item::{Item, Kind};
use super::record::{Change, ChangeKind, ItemType, Place, Record};
use super::tree::Tree;

/// What a record is about to change, as it is before.
pub(super) struct Before {
    sights: Vec<Option<Sight>>,
    /// Where everything is below the folders that are about to move.
    below: HashMap<ItemId, Option<Place>>,
}

/// An item as the log sees it.
struct Sight {
    place: Option<Place>,
    change: Change,
}

impl Drive {
    /// The change log after a sequence number: at most `limit` entries.
    pub fn changes_after(&self, sequence: u64, limit: usize) -> Vec<Change> {
        let start = usize::try_from(sequence).unwrap_or(usize::MAX);
        self.tree().log().iter().skip(start).take(limit).cloned().collect()
    }

    /// The sequence number of the last change.
    pub fn last_change(&self) -> u64 {
        self.tree().log().len() as u64
    }

    /// Follows the sequence number of the last change.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.inner.grown.subscribe()
    }
}

impl Tree {
    /// Looks at what a record is about to change.
    pub(super) fn look(&self, record: &Record) -> Before {
        let mut below = HashMap::new();
        for change in record.changes.iter().filter(|change| above_kind(change.kind).is_some()) {
            below.extend(self.below(change.item).map(|item| (item.id, self.place_of(item))));
        }
        let sights = record.changes.iter().map(|change| {
            let item = self.item(change.item)?;
            Some(Sight { place: self.place_of(item), change: with_facts(change, item) })
        });
        Before { sights: sights.collect(), below }
    }

    /// Logs the changes of a record that was applied.
    pub(super) fn log_record(&mut self, record: &Record, before: Before) {
        for (change, sight) in record.changes.iter().zip(before.sights) {
            let (place, known) = sight.map_or((None, None), |sight| (sight.place, Some(sight.change)));
            let entry = match self.item(change.item) {
                Some(item) => Change { after: self.place_of(item), before: place, ..with_facts(change, item) },
                None => Change { before: place, ..known.unwrap_or_else(|| change.clone()) },
            };
            self.log_change(entry);
            if let Some(kind) = above_kind(change.kind) {
                self.log_below(change, kind, &before.below);
            }
        }
    }

    /// What is below a folder went with it.
    fn log_below(&mut self, change: &Change, kind: ChangeKind, before: &HashMap<ItemId, Option<Place>>) {
        let carried = self.below(change.item).map(|item| {
            let change = Change { kind, item: item.id, name: item.name.clone(), parent: item.parent, ..change.clone() };
            let place = before.get(&item.id).cloned().flatten();
            Change { before: place, after: self.place_of(item), from: None, ..with_facts(&change, item) }
        });
        let moved: Vec<_> = carried.filter(|change| change.before != change.after).collect();
        moved.into_iter().for_each(|change| self.push_change(change));
    }

    /// Everything live below a folder, folders before what they hold.
    fn below(&self, folder: ItemId) -> impl Iterator<Item = &Arc<Item>> {
        let mut all = Vec::new();
        let mut next = 0;
        let mut open = Some(folder);
        while let Some(state) = open.take().map(|id| self.folder(id)) {
            all.extend(state.into_iter().flat_map(|state| state.children.values().copied()));
            open = all.get(next).copied();
            next += 1;
        }
        all.into_iter().filter_map(|id| self.item(id))
    }

    /// Where a live item is.
    fn place_of(&self, item: &Item) -> Option<Place> {
        let above = self.ancestors(item);
        if item.deleted.is_some() || above.iter().any(|folder| folder.deleted.is_some()) {
            return None;
        }
        let names = above.iter().skip(1).map(|folder| &*folder.name).chain([&*item.name]);
        let path: String = names.flat_map(|name| ["/", name]).collect();
        Some(Place { above: above.iter().map(|folder| folder.id).collect(), path: path.into() })
    }
}

/// What a change of a folder is to everything below it, if it is anything.
fn above_kind(kind: ChangeKind) -> Option<ChangeKind> {
    match kind {
        ChangeKind::Renamed => Some(ChangeKind::RenamedAbove),
        ChangeKind::Moved => Some(ChangeKind::MovedAbove),
        ChangeKind::Restored => Some(ChangeKind::RestoredAbove),
        _ => None,
    }
}

fn with_facts(change: &Change, item: &Item) -> Change {
    let item_type = match item.kind {
        Kind::Folder { .. } => ItemType::Folder,
        Kind::File { .. } => ItemType::File,
        _ => ItemType::Other,
    };
    Change { item_type, version: item.current().map(|version| version.id), size: item.size(), ..change.clone() }
}
