//! What a snapshot knows of one item, and how it is written down.

use serde::{Deserialize, Serialize};

use super::keys::damaged;
use crate::{Digest, Item, ItemId, ItemKind, Result, Revision, Timestamp};

/// An item as a walk saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub(super) struct Record {
    /// The identity of the folder that it was seen in; empty for the scope's own folder.
    pub(super) place: ItemId,
    /// Of a folder: whether the walk before saw the same revision, so that it can be relied on.
    pub(super) settled: bool,
    pub(super) item: Item,
}

impl Record {
    /// Whether the consumer is to hear of the difference to what was there before.
    pub(super) fn differs(&self, before: &Self) -> bool {
        let (new, old) = (&self.item, &before.item);
        let moved = self.place != before.place || new.name != old.name || new.kind != old.kind || new.id != old.id;
        // Services report of a folder what follows from what it holds: totals, the time of the last change.
        moved || (!new.is_folder() && new != old)
    }
}

/// What the last two generations know of an item.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Row {
    /// The generation that `now` comes from. If it is that of the base or older, `now` is also the base's.
    #[serde(rename = "g")]
    pub(super) since: u64,
    /// How often the generation `since` has listed this folder.
    #[serde(rename = "l", default, skip_serializing_if = "is_default")]
    pub(super) listed: u8,
    /// What is to be reported; all but [`Mark::again`] is only about the generation `since`.
    #[serde(rename = "k", default, skip_serializing_if = "is_default")]
    pub(super) mark: Mark,
    /// The item in the generation `since`, if it exists.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub(super) now: Option<Record>,
    /// The item in the base, if it exists there and `since` is newer.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub(super) before: Option<Record>,
}

/// Whether a touched item is reported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// It is new, changed or gone.
    #[serde(rename = "r", default, skip_serializing_if = "is_default")]
    pub(super) report: bool,
    /// It went with its folder, whose removal says so.
    #[serde(rename = "i", default, skip_serializing_if = "is_default")]
    pub(super) implied: bool,
    /// A generation that was never acknowledged reported it: its present state must be reported whatever it is.
    #[serde(rename = "a", default, skip_serializing_if = "is_default")]
    pub(super) again: bool,
}

impl Row {
    /// The item in the base.
    pub(super) fn base(&self, base: u64) -> Option<&Record> {
        if self.since > base { self.before.as_ref() } else { self.now.as_ref() }
    }

    /// The item now, if it is in this folder.
    pub(super) fn now_in(&self, folder: &ItemId) -> Option<&Record> {
        self.now.as_ref().filter(|now| now.place == *folder)
    }

    /// Whether the generation after the base is to report it.
    pub(super) fn is_reported(&self, base: u64) -> bool {
        self.mark.again || (self.since > base && self.mark.report)
    }

    /// Makes room for what `generation` knows of the item: the base is kept aside.
    pub(super) fn enter(&mut self, generation: u64) {
        if self.since < generation {
            self.before = self.now.clone();
            self.since = generation;
            self.listed = 0;
            self.mark = Mark { again: self.mark.again, ..Mark::default() };
        }
    }

    pub(super) fn encode(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|error| damaged().with_source(error))
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self> {
        // The source would quote the damaged text, which may be a name.
        serde_json::from_slice(bytes).map_err(|_| damaged())
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A [`Record`] as it is written: short names, nothing for what is not known. A field that a later version adds is absent
/// in what this one wrote.
#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(rename = "f")]
    place: ItemId,
    #[serde(rename = "ok", default, skip_serializing_if = "is_default")]
    settled: bool,
    #[serde(rename = "i")]
    id: ItemId,
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    parent: Option<ItemId>,
    #[serde(rename = "n")]
    name: String,
    #[serde(rename = "k")]
    kind: ItemKind,
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    created: Option<Timestamp>,
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    modified: Option<Timestamp>,
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    revision: Option<Revision>,
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    version_series: Option<ItemId>,
    #[serde(rename = "d", default, skip_serializing_if = "Vec::is_empty")]
    digests: Vec<Digest>,
}

impl From<Record> for Stored {
    fn from(record: Record) -> Self {
        let Record { place, settled, item } = record;
        // No `..`: a field that an item gets must find its place here. Its path is not kept, see `compare`.
        let Item { id, parent, name, path: _, kind, size, created, modified, revision, version_series, digests } = item;
        // Nearly always the same: the place is empty only in the scope's own folder.
        let parent = parent.filter(|parent| *parent != place);
        Self { place, settled, id, parent, name, kind, size, created, modified, revision, version_series, digests }
    }
}

impl From<Stored> for Record {
    fn from(stored: Stored) -> Self {
        let Stored {
            place,
            settled,
            id,
            parent,
            name,
            kind,
            size,
            created,
            modified,
            revision,
            version_series,
            digests,
        } = stored;
        let parent = parent.or_else(|| Some(place.clone()).filter(|place| !place.as_str().is_empty()));
        let item =
            Item { id, parent, name, path: None, kind, size, created, modified, revision, version_series, digests };
        Self { place, settled, item }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DigestAlgorithm;

    fn record(place: &str, parent: Option<&str>) -> Record {
        let mut item = Item::new("fi1", "a \"name\"", ItemKind::Other("note".into()));
        item.parent = parent.map(ItemId::from);
        item.size = Some(7);
        item.modified = Timestamp::from_unix(1_700_000_000, 120);
        item.revision = Some(Revision::new("r1"));
        item.version_series = Some(ItemId::new("st1"));
        item.digests = vec![Digest::of(DigestAlgorithm::Md5, b"x")];
        Record { place: ItemId::new(place), settled: true, item }
    }

    #[test]
    fn a_row_is_read_as_it_was_written() {
        for (place, parent) in [("fo1", Some("fo1")), ("fo1", Some("fo2")), ("", None), ("", Some("root"))] {
            let record = record(place, parent);
            let mark = Mark { report: true, implied: false, again: true };
            let row = Row { since: 4, listed: 1, mark, now: Some(record.clone()), before: Some(record) };
            assert_eq!(Row::decode(&row.encode().unwrap()).unwrap(), row);
        }
        assert_eq!(Row::decode(b"{\"g\":1,\"n\":").unwrap_err().kind(), crate::ErrorKind::Io);
    }

    #[test]
    fn of_a_folder_only_name_and_place_are_a_change() {
        let old = record("fo1", Some("fo1"));
        let mut new = old.clone();
        new.item.size = Some(8);
        assert!(new.differs(&old));
        let (mut old, mut new) = (old, new);
        (old.item.kind, new.item.kind) = (ItemKind::Folder, ItemKind::Folder);
        assert!(!new.differs(&old));
        new.item.name.push('x');
        assert!(new.differs(&old));
    }
}
