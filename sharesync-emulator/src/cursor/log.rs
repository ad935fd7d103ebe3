//! The change log as this API tells it: the rows of a share, under positions that only grow.
//!
//! A change of the drive's log with the number n has the position 2n. What goes from one share to another is two rows: it is
//! deleted in the one, at 2n - 1, and created in the other. Expired cursors are made by moving all positions up.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::errors::ApiError;
use super::ids;
use super::space::{Space, path_in_share};
use super::wire::mime_type;
use crate::drive::{Change, ChangeKind, Drive, ItemId, ItemType, Place};
use crate::table::Table;

/// The drive's log is read in pieces of this length.
const PIECE: usize = 1000;
const ONLY: &str = "only";

/// The positions that cursors may have.
#[derive(Debug)]
pub(super) struct Positions {
    drive: Drive,
    epoch: Table<Epoch>,
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Epoch {
    /// Added to every position.
    base: u64,
    /// Positions before this one are forgotten.
    floor: u64,
}

/// One row.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Without the base of the positions.
    place: u64,
    pub(super) share: ItemId,
    is_share: bool,
    change_type: &'static str,
    old_path: Option<String>,
    new_path: Option<String>,
    change: Change,
}

/// Some rows, and how far the log was read for them.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) rows: Vec<Row>,
    pub(super) has_more: bool,
    /// The position up to which nothing is left to tell.
    pub(super) position: u64,
}

impl Positions {
    pub(super) fn open(drive: &Drive) -> Self {
        Self { drive: drive.clone(), epoch: Table::open(drive, "cursor/epoch") }
    }

    fn epoch(&self) -> Epoch {
        self.epoch.get(ONLY).unwrap_or_default()
    }

    /// The position of the last change.
    pub(super) fn head(&self) -> u64 {
        self.epoch().base + 2 * self.drive.last_change()
    }

    /// Reads a cursor; one that is malformed, forgotten or from the future is refused.
    pub(super) fn parse(&self, text: &str) -> Result<u64, ApiError> {
        let position = text.parse::<u64>().ok().filter(|position| self.is_known(*position));
        position.ok_or_else(ApiError::bad_cursor)
    }

    pub(super) fn is_known(&self, position: u64) -> bool {
        (self.epoch().floor..=self.head()).contains(&position)
    }

    /// Forgets every position that was ever given out.
    pub(super) fn expire(&self) {
        let last = 2 * self.drive.last_change();
        self.epoch.upsert(ONLY, |epoch| {
            epoch.base += last + 1_000_000;
            epoch.floor = epoch.base + last;
        });
    }

    /// The rows behind a position that pass the test: at most `limit` of them.
    pub(super) fn after(&self, space: &Space, position: u64, limit: usize, test: impl Fn(&Row) -> bool) -> Rows {
        let base = self.epoch().base;
        let start = position.saturating_sub(base);
        let (mut sequence, mut rows) = (start / 2, Vec::new());
        loop {
            let changes = self.drive.changes_after(sequence, PIECE);
            let Some(last) = changes.last() else {
                return Rows { rows, has_more: false, position: base + (2 * sequence).max(start) };
            };
            sequence = last.sequence;
            let found = changes.iter().flat_map(|change| rows_of(space, change)).filter(|row| row.place > start);
            for row in found.filter(&test) {
                if rows.len() == limit {
                    let position = base + rows.last().map_or(start, |row: &Row| row.place);
                    return Rows { rows, has_more: true, position };
                }
                rows.push(row);
            }
        }
    }

    /// The change object.
    pub(super) fn row_json(&self, row: &Row) -> Value {
        let (resource_type, resource) = match row.change.item_type {
            _ if row.is_share => ("share", ids::share(row.change.item)),
            ItemType::Folder => ("folder", ids::folder(row.change.item)),
            _ => ("file", ids::file(row.change.item)),
        };
        let is_file = resource_type == "file";
        let metadata = json!({"size": row.change.size, "mime_type": mime_type(&row.change.name)});
        json!({
            "id": ids::spell("chg", self.epoch().base + row.place), "tenant_id": ids::TENANT,
            "share_id": ids::share(row.share), "resource_type": resource_type, "resource_id": resource,
            "change_type": row.change_type, "changed_by": ids::user(row.change.by),
            "changed_at": row.change.at.to_string(), "old_path": row.old_path, "new_path": row.new_path,
            "version_id": row.change.version.map(ids::version),
            "metadata": if is_file { metadata } else { json!({}) },
        })
    }
}

/// What a change of the drive is to this API: no row, one, or two.
fn rows_of(space: &Space, change: &Change) -> Vec<Row> {
    let share_at = |place: &Place| space.share_of(change.item, &place.above);
    let before = change.before.as_ref().and_then(|place| Some((place, share_at(place)?)));
    let after = change.after.as_ref().and_then(|place| Some((place, share_at(place)?)));
    let row = |(share, is_share), change_type, back: u64| Row {
        place: 2 * change.sequence - back,
        share,
        is_share,
        change_type,
        old_path: before.filter(|(_, (known, _))| *known == share).map(|(place, _)| path_in_share(place)),
        new_path: after.filter(|(_, (known, _))| *known == share).map(|(place, _)| path_in_share(place)),
        change: change.clone(),
    };
    let rows = match (before, after) {
        (None, None) => Vec::new(),
        (Some((_, share)), None) => vec![row(share, "deleted", 0)],
        (None, Some((_, share))) => vec![row(share, "created", 0)],
        (Some((_, old)), Some((_, new))) if old.0 != new.0 => vec![row(old, "deleted", 1), row(new, "created", 0)],
        // Only the share itself got another name.
        (Some((old, _)), Some((new, _))) if is_carried(change) && path_in_share(old) == path_in_share(new) => {
            Vec::new()
        }
        (Some((old, share)), Some((new, _))) => vec![row(share, change_type(change, old, new), 0)],
    };
    let is_told = |row: &Row| match change.item_type {
        ItemType::Folder => true,
        ItemType::File => !row.is_share,
        _ => false,
    };
    rows.into_iter().filter(is_told).collect()
}

/// Whether it was a folder above it that changed.
fn is_carried(change: &Change) -> bool {
    matches!(change.kind, ChangeKind::RenamedAbove | ChangeKind::MovedAbove)
}

fn change_type(change: &Change, before: &Place, after: &Place) -> &'static str {
    match change.kind {
        ChangeKind::RenamedAbove => "renamed",
        ChangeKind::MovedAbove => "moved",
        ChangeKind::Renamed | ChangeKind::Moved if before.above.last() != after.above.last() => "moved",
        ChangeKind::Renamed => "renamed",
        _ => "updated",
    }
}
