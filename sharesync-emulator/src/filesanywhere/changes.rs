//! `ChangeList`: what has changed since a date, out of the change log; or as many made-up files as were asked for.

use std::collections::HashSet;
use std::fmt::Write;
use std::io;

use bytes::Bytes;
use futures::{StreamExt, stream};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use jiff::Timestamp;

use super::places::{path_in_log, path_of};
use super::record::Record;
use super::soap::Version;
use super::{Ctx, Outcome, times};
use crate::drive::{Change, Drive, ItemId, ItemType, Place, User};
use crate::http::{Reply, streamed};

/// Ours, for the documents name none: a folder that is new at its path, one that changed there, one that is gone from it.
const NEW: i16 = 1;
const CHANGED: i16 = 2;
const GONE: i16 = 3;
/// Made-up entries go out in pieces of about this size.
const PIECE: usize = 64 << 10;

/// The two lists of an answer, the latest change first, each place once.
#[derive(Debug, Default)]
struct Rows {
    files: Vec<Record>,
    folders: Vec<Record>,
    told: HashSet<(ItemId, String)>,
}

impl Ctx {
    pub(super) fn change_list(&self) -> Outcome {
        let user = self.user()?;
        let wanted = self.face.switches.take();
        let since = self.args.object("Parameters").date("LocalDate").map(times::ticks);
        let shared = self.face.groups.changed(user.id);
        let found = self.face.timeline.since(self.drive(), since.unwrap_or(i64::MAX), shared);
        let full_sync = wanted.full_sync || since.is_none();
        let record = Record::new()
            .set("HeaderChanged", wanted.header_changed || since.is_some_and(|since| shared > since))
            .set("SyncEndDate", self.xml_date(times::from_ticks(found.last).unwrap_or_default()))
            .set("FullSync", full_sync);
        if let Some(entries) = wanted.entries {
            let record = record.list("ChangedFolderList", "ChangeItem", Vec::new());
            return Ok(record.list_to_come("ChangedFileList", "ChangeFileItem", entries));
        }
        let limit = usize::try_from(found.all - found.before).unwrap_or(usize::MAX);
        let changes = if full_sync { Vec::new() } else { self.drive().changes_after(found.before, limit) };
        let mut rows = Rows::default();
        changes.iter().rev().for_each(|change| self.tell(&user, change, &mut rows));
        rows.files.reverse();
        rows.folders.reverse();
        Ok(record.list("ChangedFileList", "ChangeFileItem", rows.files).list(
            "ChangedFolderList",
            "ChangeItem",
            rows.folders,
        ))
    }

    pub(super) fn xml_date(&self, at: Timestamp) -> String {
        times::xml(at, self.face.options.zoned_dates)
    }

    /// Tells where an item was before a change and after it, as far as the user sees that.
    fn tell(&self, user: &User, change: &Change, rows: &mut Rows) {
        let parameters = self.args.object("Parameters");
        let excepted = |list| {
            let mut ids = parameters.object(list).numbers("long");
            ids.any(|id| u64::try_from(id).is_ok_and(|id| id == change.item.0))
        };
        for place in [&change.after, &change.before].into_iter().flatten() {
            let around = place.above.iter().copied().chain([change.item]);
            if self.rights(user, around).is_none() {
                continue;
            }
            match change.item_type {
                ItemType::File if !excepted("FileExceptionList") => self.tell_file(place, rows),
                ItemType::Folder if !excepted("FolderExceptionList") => self.tell_folder(change, place, rows),
                _ => {}
            }
        }
    }

    /// A file is told as it is now. One that is gone from its place has neither size nor checksum.
    fn tell_file(&self, place: &Place, rows: &mut Rows) {
        let (Some(parent), Some((_, name))) = (place.above.last(), place.path.rsplit_once('/')) else {
            return;
        };
        if !rows.told.insert((*parent, name.to_owned())) {
            return;
        }
        let there = self.drive().child(*parent, name).filter(|entry| !entry.is_deleted() && &*entry.item.name == name);
        let version = there.and_then(|entry| entry.version);
        rows.files.push(
            Record::new()
                .set("ParentFolderID", parent.0)
                .set("Name", name)
                .set("Size", version.as_ref().map_or(0, |version| version.content.len()))
                .set_some("Checksum", version.as_ref().map(|version| &version.content.digests().md5)),
        );
    }

    fn tell_folder(&self, change: &Change, place: &Place, rows: &mut Rows) {
        let Some(path) = path_in_log(&place.path) else {
            return;
        };
        if !rows.told.insert((change.item, path.clone())) {
            return;
        }
        let there = self.drive().item(change.item).filter(|entry| !entry.is_deleted() && path_of(entry) == path);
        let action = match (there, &change.before) {
            (None, _) => GONE,
            (Some(_), None) => NEW,
            (Some(_), Some(_)) => CHANGED,
        };
        rows.folders.push(
            Record::new()
                .set("ItemId", change.item.0)
                .set("Path", path)
                .set("ActionCode", action)
                .set("LastEventDate", self.xml_date(change.at)),
        );
    }

    /// An answer with made-up files where the hole is. It is never held whole.
    pub(super) fn generated(&self, version: Version, text: &str, hole: usize, entries: u64) -> Reply {
        let (before, after) = text.split_at_checked(hole).unwrap_or((text, ""));
        let head = Bytes::from(version.head() + before);
        let tail = Bytes::from([after, version.tail()].concat());
        let parent = Drive::root(self.drive());
        let files =
            stream::unfold(0, move |first| async move { (first < entries).then(|| piece(parent, first, entries)) });
        let whole = stream::iter([head]).chain(files).chain(stream::iter([tail])).map(io::Result::Ok);
        let mut reply = streamed(StatusCode::OK, whole);
        reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(version.content_type()));
        reply
    }
}

/// Some made-up files from a number on, and the number of the next one.
fn piece(parent: ItemId, first: u64, end: u64) -> (Bytes, u64) {
    let mut text = String::with_capacity(PIECE + 512);
    let mut next = first;
    while next < end && text.len() < PIECE {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "<ChangeFileItem><ParentFolderID>{}</ParentFolderID><Name>file {next:09} of a list that nobody holds: made up while it is sent, to be read.txt</Name><Size>{}</Size><Checksum>{:016x}{next:016x}</Checksum></ChangeFileItem>",
            parent.0,
            next % 1_000_003,
            next.wrapping_mul(0x9e37_79b9_7f4a_7c15),
        );
        next += 1;
    }
    (Bytes::from(text), next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_join_to_the_whole_list() {
        let (mut next, mut entries, mut bytes) = (0, 0, 0);
        while next < 10_000 {
            let (text, after) = piece(ItemId(1), next, 10_000);
            entries += String::from_utf8_lossy(&text).matches("<ChangeFileItem>").count();
            bytes += text.len();
            next = after;
        }
        assert_eq!((next, entries), (10_000, 10_000));
        assert!((200..300).contains(&(bytes / entries)), "{} bytes an entry", bytes / entries);
    }
}
