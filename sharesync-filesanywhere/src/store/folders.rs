//! The numbers of folders and their paths. FAWAPI knows items by path, SyncAPI folders by number: this is the bridge.
//!
//! The list of all folders is read once. From then on the list of changes tells of new ones; what it says of folders that
//! are known leaves doubt, since its codes are not public, and has the whole list read again. What this store moves
//! itself is followed.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, MutexGuard, PoisonError};

use sharesync_core::{ErrorKind, Result, own_task};

use super::Inner;
use super::names::{check_found, fold, is_within, join, trim};
use crate::DateTime;
use crate::model::{ChangeEntry, ChildItem, FolderEntry};

/// Folders without a number that are remembered.
const MOST_UNLISTED: usize = 100_000;

/// What a folder takes in memory besides its path, which is kept in two spellings.
const FOLDER: usize = 256;

/// Changed folders beyond which reading all of them is less work.
const MOST_CHANGES: usize = 50_000;

/// What is known of the folders.
#[derive(Debug, Default)]
pub(super) struct Folders {
    by_number: HashMap<i64, Known>,
    by_path: HashMap<String, i64>,
    /// Up to where changes are taken in; `None` before the first reading, and where the service has no list of changes.
    end: Option<DateTime>,
    /// Where folders were that this store has moved since then.
    left: HashSet<(i64, String)>,
    /// How often this store has moved or removed some.
    moves: u64,
    /// Folders that the service has no number for: looking for them again is in vain.
    unlisted: HashSet<String>,
    /// The service does not list folders: paths are all there is.
    absent: bool,
}

#[derive(Debug, Clone)]
struct Known {
    path: String,
    /// A date of the service at which it was at this path.
    since: Option<Arc<DateTime>>,
}

impl Folders {
    fn insert(&mut self, number: i64, path: String, since: Option<Arc<DateTime>>) {
        let key = fold(&path);
        if let Some(old) = self.by_number.insert(number, Known { path, since }) {
            let old = fold(&old.path);
            if old != key && self.by_path.get(&old) == Some(&number) {
                self.by_path.remove(&old);
            }
        }
        self.unlisted.remove(&key);
        // Where another folder was known to be, it is not any more.
        if let Some(other) = self.by_path.insert(key, number).filter(|other| *other != number) {
            self.by_number.remove(&other);
        }
    }

    /// Follows a folder, and all below it, to another path. There they are new to whoever follows the changes of a folder.
    pub(super) fn moved(&mut self, from: &str, to: &str) {
        for (number, known) in self.take(from) {
            let Some(rest) = known.path.get(from.len()..) else { continue };
            let path = format!("{to}{rest}");
            self.left.insert((number, fold(&known.path)));
            self.insert(number, path, None);
        }
        self.unlisted.clear();
        if self.left.len() > MOST_CHANGES {
            // The next look is one at all folders.
            (self.end, self.left) = (None, HashSet::new());
        }
    }

    /// Forgets a folder that is gone, or that another one has taken the place of, and all below it.
    pub(super) fn forget(&mut self, path: &str) {
        drop(self.take(path));
        self.unlisted.retain(|known| !is_within(known, path));
    }

    fn take(&mut self, path: &str) -> Vec<(i64, Known)> {
        let below: Vec<_> =
            self.by_number.iter().filter(|(_, known)| is_within(&known.path, path)).map(|(n, _)| *n).collect();
        self.moves += u64::from(!below.is_empty());
        let mut taken = Vec::with_capacity(below.len());
        for number in below {
            if let Some(known) = self.by_number.remove(&number) {
                let key = fold(&known.path);
                if self.by_path.get(&key) == Some(&number) {
                    self.by_path.remove(&key);
                }
                taken.push((number, known));
            }
        }
        taken
    }

    pub(super) fn path(&self, number: i64) -> Option<&str> {
        self.by_number.get(&number).map(|known| known.path.as_str())
    }

    pub(super) fn number(&self, path: &str) -> Option<i64> {
        self.by_path.get(&fold(path)).copied()
    }

    /// Whether the service lists no folders.
    pub(super) fn are_absent(&self) -> bool {
        self.absent
    }

    fn at(&self, path: &str) -> Option<(i64, String)> {
        let number = self.number(path)?;
        Some((number, self.path(number)?.to_owned()))
    }

    fn lacks(&self, path: &str) -> bool {
        self.number(path).is_none()
    }

    /// Whether the list of all folders may have one that the list of changes does not tell of. Once it did not, not.
    fn is_worth_reading_for(&self, path: &str) -> bool {
        self.lacks(path) && self.unlisted.is_empty()
    }

    /// Notes that a folder has no number, if it has none.
    fn give_up(&mut self, path: &str) {
        if self.lacks(path) {
            if self.unlisted.len() >= MOST_UNLISTED {
                self.unlisted.clear();
            }
            self.unlisted.insert(fold(path));
        }
    }

    /// Whether a folder was there at a date of the service, as far as is known.
    pub(super) fn was_there(&self, number: i64, date: &DateTime) -> bool {
        let since = self.by_number.get(&number).and_then(|known| known.since.as_ref()?.timestamp_in_utc());
        match (since, date.timestamp_in_utc()) {
            (Some(since), Some(date)) => since <= date,
            _ => false,
        }
    }

    /// Takes in what the list of changes says: where a folder is or was. `false` when that leaves doubt.
    fn learn(&mut self, told: &[(i64, String)], since: &Arc<DateTime>) -> bool {
        let mut new: HashMap<i64, &str> = HashMap::new();
        for (number, path) in told {
            let key = fold(path);
            let sure = match self.path(*number) {
                Some(known) => fold(known) == key || self.left.contains(&(*number, key)),
                None => self.number(path).is_none() && new.insert(*number, path).is_none_or(|other| fold(other) == key),
            };
            if !sure {
                return false;
            }
        }
        let mut paths = HashMap::new();
        if new.iter().any(|(number, path)| paths.insert(fold(path), *number).is_some()) {
            return false;
        }
        for (number, path) in new {
            self.insert(number, path.to_owned(), Some(since.clone()));
        }
        true
    }
}

impl Inner {
    /// What is known of the folders. It is never held while something is awaited.
    pub(super) fn folders(&self) -> MutexGuard<'_, Folders> {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the folder at a path, and the path as the service spells it; `None` when the service has none for it.
    pub(super) async fn known_folder(self: &Arc<Self>, path: &str) -> Result<Option<(i64, String)>> {
        {
            let folders = self.folders();
            let found = folders.at(path);
            if found.is_some() || folders.absent || folders.unlisted.contains(&fold(path)) {
                return Ok(found);
            }
        }
        let (store, path) = (self.clone(), path.to_owned());
        own_task(async move {
            let _turn = store.looking.lock().await;
            if store.folders().lacks(&path) {
                let whole = store.look_again().await?;
                if !whole && store.folders().is_worth_reading_for(&path) {
                    store.read_folders().await?;
                }
            }
            let mut folders = store.folders();
            folders.give_up(&path);
            Ok(folders.at(&path))
        })
        .await
    }

    /// The path of the folder of a number.
    pub(super) async fn folder_path(self: &Arc<Self>, number: i64) -> Result<Option<String>> {
        if let Some(path) = self.folders().path(number) {
            return Ok(Some(path.to_owned()));
        }
        self.refresh_folders().await?;
        Ok(self.folders().path(number).map(str::to_owned))
    }

    /// Takes in what has changed.
    pub(super) async fn refresh_folders(self: &Arc<Self>) -> Result<()> {
        let store = self.clone();
        own_task(async move {
            let _turn = store.looking.lock().await;
            store.look_again().await.map(drop)
        })
        .await
    }

    /// Reads the list of all folders anew: something is not where it was.
    pub(super) async fn reread_folders(self: &Arc<Self>) -> Result<()> {
        let store = self.clone();
        own_task(async move {
            let _turn = store.looking.lock().await;
            if store.folders().absent { Ok(()) } else { store.read_folders().await }
        })
        .await
    }

    /// Takes in the list of changes, or where that does not do, the list of all folders; whether it was the latter.
    async fn look_again(&self) -> Result<bool> {
        if self.folders().absent {
            return Ok(true);
        }
        let end = self.folders().end.clone();
        let learned = match end {
            Some(end) => self.learn_changes(end).await?,
            None => false,
        };
        if !learned {
            self.read_folders().await?;
        }
        Ok(!learned)
    }

    /// `false` when the list of changes does not say enough.
    async fn learn_changes(&self, since: DateTime) -> Result<bool> {
        let mut list = match self.change_list(since).await {
            Err(error) if error.kind() == ErrorKind::Unsupported => return Ok(false),
            list => list?,
        };
        let (mut told, mut memory) = (Vec::new(), 0);
        while let Some(rows) = list.next().await? {
            for row in rows {
                if let ChangeEntry::Folder(folder) = row {
                    let path = folder.path.as_deref().map(trim).filter(|path| !path.is_empty());
                    memory += path.as_ref().map_or(0, |path| FOLDER + path.len());
                    told.extend(path.map(|path| (folder.item_id, path)));
                }
            }
            if told.len() > MOST_CHANGES || memory > self.options.folder_memory / 2 {
                return Ok(false);
            }
        }
        let summary = list.summary().await?;
        let mut folders = self.folders();
        if summary.full_sync
            || summary.header_changed
            || !folders.learn(&told, &Arc::new(summary.sync_end_date.clone()))
        {
            return Ok(false);
        }
        folders.end = Some(summary.sync_end_date);
        folders.left.clear();
        Ok(true)
    }

    /// Reads the list of all folders, again if this store has moved some meanwhile.
    async fn read_folders(&self) -> Result<()> {
        for last in [false, false, true] {
            let moves = self.folders().moves;
            let Some(fresh) = self.fresh_folders().await? else {
                self.folders().absent = true;
                return Ok(());
            };
            let mut folders = self.folders();
            if folders.moves == moves || last {
                let unlisted = std::mem::take(&mut folders.unlisted);
                *folders = Folders { moves: folders.moves, unlisted, ..fresh };
                break;
            }
        }
        Ok(())
    }

    /// The folders as they are listed; `None` when the service does not list them.
    async fn fresh_folders(&self) -> Result<Option<Folders>> {
        let end = self.change_end_if_any().await?;
        let mut list = match self.client.sync().all_items(&self.options.device_id).await {
            Err(error) if error.kind() == ErrorKind::Unsupported => {
                tracing::warn!(%error, "the service does not list its folders: paths are identifiers");
                return Ok(None);
            }
            list => list?,
        };
        let mut fresh = Folders { end, ..Folders::default() };
        let mut children = Children::default();
        let mut memory = 0;
        while let Some(rows) = list.next().await? {
            for row in rows {
                memory += FOLDER + 2 * length(&row);
                match row {
                    FolderEntry::Root(root) => {
                        if let Some(path) = root.shared_directory.as_deref().map(trim).filter(|path| !path.is_empty()) {
                            fresh.insert(root.folder_id, path, None);
                        }
                    }
                    FolderEntry::Child(child) => children.add(child, &mut fresh),
                }
            }
            if memory > self.options.folder_memory {
                let message = format!(
                    "the account's folders would take more than {} bytes of memory: give them more by `folder_memory`",
                    self.options.folder_memory,
                );
                return Err(super::refuse(ErrorKind::TooLarge, "/", message));
            }
        }
        children.settle(&mut fresh);
        let since = self.change_end_if_any().await?.map(Arc::new);
        fresh.by_number.values_mut().for_each(|known| known.since.clone_from(&since));
        Ok(Some(fresh))
    }

    async fn change_end_if_any(&self) -> Result<Option<DateTime>> {
        match self.change_end().await {
            Err(error) if error.kind() == ErrorKind::Unsupported => Ok(None),
            end => end.map(Some),
        }
    }
}

/// Bytes of the path of a folder.
fn length(entry: &FolderEntry) -> usize {
    let texts = match entry {
        FolderEntry::Root(root) => [root.shared_directory.as_deref(), None],
        FolderEntry::Child(child) => [child.path.as_deref(), child.name.as_deref()],
    };
    texts.into_iter().flatten().map(str::len).sum()
}

/// Folders below the top. Whether `Path` is that of the folder around an entry, or that of the entry itself, the document
/// does not say: the first path that does not end with the entry's name tells, and entries wait until then.
#[derive(Debug, Default)]
struct Children {
    of_parent: bool,
    waiting: Vec<ChildItem>,
}

impl Children {
    fn add(&mut self, child: ChildItem, folders: &mut Folders) {
        let (path, name) = (child.path.as_deref().unwrap_or_default(), child.name.as_deref().unwrap_or_default());
        let last = path.rsplit(['\\', '/']).next().unwrap_or_default();
        self.of_parent |= !name.is_empty() && last != name;
        if self.of_parent && self.waiting.is_empty() {
            return insert(folders, child, true);
        }
        self.waiting.push(child);
        if self.of_parent {
            self.settle(folders);
        }
    }

    fn settle(&mut self, folders: &mut Folders) {
        for child in self.waiting.drain(..) {
            insert(folders, child, self.of_parent);
        }
    }
}

fn insert(folders: &mut Folders, child: ChildItem, of_parent: bool) {
    let path = trim(&child.path.unwrap_or_default());
    let path = match child.name.filter(|_| of_parent) {
        Some(name) if check_found(&name, &path).is_err() => return,
        Some(name) => join(&path, &name),
        None => path,
    };
    if !path.is_empty() {
        folders.insert(child.folder_id, path, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(list: &[(i64, &str)]) -> Folders {
        let mut folders = Folders::default();
        list.iter().for_each(|(number, path)| folders.insert(*number, (*path).to_owned(), None));
        folders
    }

    fn told(list: &[(i64, &str)]) -> Vec<(i64, String)> {
        list.iter().map(|(number, path)| (*number, (*path).to_owned())).collect()
    }

    fn date(text: &str) -> Arc<DateTime> {
        Arc::new(DateTime::parse(text).unwrap())
    }

    #[test]
    fn a_move_takes_what_is_below_along() {
        let mut known = folders(&[(1, r"\u"), (2, r"\u\a"), (3, r"\u\a\b"), (4, r"\u\ab")]);
        known.moved(r"\u\a", r"\u\ab\c");
        assert_eq!((known.path(2), known.path(3)), (Some(r"\u\ab\c"), Some(r"\u\ab\c\b")));
        assert_eq!(
            (known.number(r"\u\a\b"), known.number(r"\U\AB\C\B"), known.path(4)),
            (None, Some(3), Some(r"\u\ab"))
        );
        known.forget(r"\u\ab");
        assert_eq!((known.path(2), known.path(4), known.path(1)), (None, None, Some(r"\u")));
    }

    #[test]
    fn a_folder_with_a_new_path_is_not_at_the_old_one() {
        let mut known = folders(&[(2, r"\u\a")]);
        known.insert(2, r"\u\b".to_owned(), None);
        assert_eq!((known.number(r"\u\a"), known.number(r"\u\b")), (None, Some(2)));
    }

    #[test]
    fn new_folders_are_learned_and_doubt_is_not() {
        let start = [(1, r"\u"), (2, r"\u\a")];
        for (list, sure) in [
            (&[(3, r"\u\new"), (3, r"\U\NEW"), (2, r"\u\a")][..], true),
            (&[(2, r"\u\b")], false),
            (&[(3, r"\u\a")], false),
            (&[(3, r"\u\x"), (3, r"\u\y")], false),
            (&[(3, r"\u\x"), (4, r"\u\x")], false),
        ] {
            let mut known = folders(&start);
            assert_eq!(known.learn(&told(list), &date("2026-01-01T00:00:00")), sure, "{list:?}");
            assert_eq!(known.path(3).is_some(), sure, "nothing is learned from what leaves doubt");
        }
        let mut known = folders(&start);
        known.moved(r"\u\a", r"\u\b");
        assert!(known.learn(&told(&[(2, r"\u\b"), (2, r"\u\a")]), &date("2026-01-01T00:00:00")), "moved by this store");
    }

    #[test]
    fn what_was_there_is_known_from_dates_of_the_service() {
        let mut known = folders(&[(1, r"\u")]);
        assert!(known.learn(&told(&[(2, r"\u\a")]), &date("2026-01-02T00:00:00.5")));
        let at = |text: &str| DateTime::parse(text).unwrap();
        assert!(known.was_there(2, &at("2026-01-02T00:00:00.5")) && !known.was_there(2, &at("2026-01-02T00:00:00")));
        assert!(!known.was_there(1, &at("2026-01-03T00:00:00")) && !known.was_there(3, &at("2026-01-03T00:00:00")));
    }

    #[test]
    fn paths_of_children_are_their_own_or_those_of_their_folders() {
        let child = |path: &str, name: &str, folder_id| ChildItem {
            path: Some(path.to_owned()),
            name: Some(name.to_owned()),
            level: None,
            folder_id,
        };
        let read = |list: Vec<ChildItem>| {
            let (mut folders, mut children) = (Folders::default(), Children::default());
            list.into_iter().for_each(|child| children.add(child, &mut folders));
            children.settle(&mut folders);
            folders
        };
        let own = read(vec![child(r"\u\a", "a", 1), child(r"\u\a\b", "b", 2)]);
        assert_eq!((own.path(1), own.path(2)), (Some(r"\u\a"), Some(r"\u\a\b")));
        let of_parent = read(vec![child(r"\u\a", "a", 1), child(r"\u\", "c", 2)]);
        assert_eq!((of_parent.path(1), of_parent.path(2)), (Some(r"\u\a\a"), Some(r"\u\c")));
    }
}
