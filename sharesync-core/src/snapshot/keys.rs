//! How a snapshot is laid out in a space: the keys of its tables.
//!
//! | Table | Key | Value |
//! |---|---|---|
//! | state | | the [`State`](super::session) as JSON |
//! | rows | identity | what the last two generations know of the item: a [`Row`](super::record::Row) |
//! | children | folder, identity | nothing; a superset: the row says where the item is |
//! | touched | identity | nothing; the rows that the last generation wrote, or that must be reported again |
//! | missing | folder, identity | whether [`stat`](crate::RemoteStore::stat) was asked; items not seen by a walk |
//! | events | phase, depth, identity | nothing; the order of the changes that are reported |

use std::ops::Range;

use crate::{Error, ErrorKind, ItemId, Result};

pub(super) type Key = Vec<u8>;

/// A key and its value.
pub(super) type Stored = (Key, Vec<u8>);

/// A table of a snapshot, named by the first byte of its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Table {
    State = b'0',
    Rows = b'r',
    Children = b'c',
    Touched = b't',
    Missing = b'm',
    Events = b'e',
}

impl Table {
    pub(super) fn all(self) -> Range<Key> {
        vec![self as u8]..vec![self as u8 + 1]
    }
}

pub(super) fn state() -> Key {
    vec![Table::State as u8]
}

/// The key of an item.
pub(super) fn item(table: Table, id: &ItemId) -> Key {
    [&[table as u8], id.as_str().as_bytes()].concat()
}

/// The item of such a key.
pub(super) fn item_of(key: &[u8]) -> Result<ItemId> {
    text(key.get(1..))
}

/// The key of an item in a folder. The length comes first: no identifier can be mistaken for the end of another.
pub(super) fn entry(table: Table, folder: &ItemId, id: &ItemId) -> Key {
    let mut key = entries(table, folder).start;
    key.extend_from_slice(id.as_str().as_bytes());
    key
}

/// The keys of all items in a folder.
pub(super) fn entries(table: Table, folder: &ItemId) -> Range<Key> {
    let folder = folder.as_str().as_bytes();
    let length = u32::try_from(folder.len()).unwrap_or(u32::MAX);
    let start = [&[table as u8], length.to_be_bytes().as_slice(), folder].concat();
    // No byte of UTF-8 is 0xff.
    let end = [start.as_slice(), &[0xff]].concat();
    start..end
}

/// The folder and the item of such a key.
pub(super) fn entry_of(key: &[u8]) -> Result<(ItemId, ItemId)> {
    let length = key.get(1..5).and_then(|length| length.try_into().ok()).map(u32::from_be_bytes);
    let middle = 5 + length.ok_or_else(damaged)? as usize;
    Ok((text(key.get(5..middle))?, text(key.get(middle..))?))
}

/// The key of a change in the order in which changes are reported.
pub(super) fn event(phase: u8, depth: usize, id: &ItemId) -> Key {
    let depth = u32::try_from(depth).unwrap_or(u32::MAX);
    [&[Table::Events as u8, phase], depth.to_be_bytes().as_slice(), id.as_str().as_bytes()].concat()
}

/// The item of such a key.
pub(super) fn event_of(key: &[u8]) -> Result<ItemId> {
    text(key.get(6..))
}

/// The first key after this one.
pub(super) fn after(mut key: Key) -> Key {
    key.push(0);
    key
}

fn text(bytes: Option<&[u8]>) -> Result<ItemId> {
    let text = bytes.and_then(|bytes| std::str::from_utf8(bytes).ok()).ok_or_else(damaged)?;
    Ok(ItemId::new(text))
}

/// What is stored cannot be read.
pub(super) fn damaged() -> Error {
    Error::new(ErrorKind::Io, "the snapshot is damaged: delete it, and changes begin anew")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_give_back_what_they_were_made_of() {
        for (folder, id) in [("", "a"), ("a", "b"), ("a\0", "\u{10ffff}"), ("fo/1,2", "")] {
            let (folder, id) = (ItemId::new(folder), ItemId::new(id));
            assert_eq!(item_of(&item(Table::Rows, &id)).unwrap(), id);
            assert_eq!(event_of(&event(1, 7, &id)).unwrap(), id);
            let key = entry(Table::Children, &folder, &id);
            assert!(entries(Table::Children, &folder).contains(&key));
            assert_eq!(entry_of(&key).unwrap(), (folder, id));
        }
    }

    #[test]
    fn a_folder_does_not_see_the_items_of_another() {
        let key = entry(Table::Children, &ItemId::new("ab"), &ItemId::new("c"));
        for other in ["", "a", "abc", "b"] {
            assert!(!entries(Table::Children, &ItemId::new(other)).contains(&key), "{other}");
        }
    }

    #[test]
    fn keys_cut_short_are_errors() {
        for key in [&b"c"[..], b"c\0\0\0\x05ab", b"c\0\0\0\x01\xff"] {
            assert_eq!(entry_of(key).unwrap_err().kind(), ErrorKind::Io);
        }
    }
}
