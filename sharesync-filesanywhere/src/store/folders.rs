//! The numbers of folders and their paths. FAWAPI knows items by path, SyncAPI folders by number: this is the bridge.
//!
//! The list of all folders is read when a number or a path is asked for that is not in it, and kept. What this store moves
//! or renames itself is followed; what others do is found out when something is not where it was.

use std::collections::HashMap;

use sharesync_core::{ErrorKind, Result};

use super::Inner;
use super::names::{fold, is_within, join, trim};
use crate::model::{ChildItem, FolderEntry};

/// Folders that are believed: the memory for them is bounded, too.
const MOST_FOLDERS: usize = 2_000_000;

/// What is known of the folders.
#[derive(Debug, Default)]
pub(super) struct Folders {
    by_number: HashMap<i64, String>,
    by_path: HashMap<String, i64>,
    /// The service does not list folders: paths are all there is.
    absent: bool,
}

impl Folders {
    fn insert(&mut self, number: i64, path: String) {
        self.by_path.insert(fold(&path), number);
        if let Some(old) = self.by_number.insert(number, path) {
            let key = fold(&old);
            if self.by_path.get(&key) == Some(&number)
                && self.by_number.get(&number).map(|path| fold(path)) != Some(key.clone())
            {
                self.by_path.remove(&key);
            }
        }
    }

    /// Follows a folder, and all below it, to another path; `None` forgets them.
    pub(super) fn moved(&mut self, from: &str, to: Option<&str>) {
        let below: Vec<_> =
            self.by_number.iter().filter(|(_, path)| is_within(path, from)).map(|(n, p)| (*n, p.clone())).collect();
        for (number, path) in below {
            self.by_path.remove(&fold(&path));
            self.by_number.remove(&number);
            if let (Some(to), Some(rest)) = (to, path.get(from.len()..)) {
                let path = format!("{to}{rest}");
                self.by_path.insert(fold(&path), number);
                self.by_number.insert(number, path);
            }
        }
    }

    pub(super) fn path(&self, number: i64) -> Option<&str> {
        self.by_number.get(&number).map(String::as_str)
    }

    pub(super) fn number(&self, path: &str) -> Option<i64> {
        self.by_path.get(&fold(path)).copied()
    }

    /// The numbers and paths of all folders.
    pub(super) fn all(&self) -> HashMap<i64, String> {
        self.by_number.clone()
    }
}

impl Inner {
    /// The number of the folder at a path; `None` when the service has none for it.
    pub(super) async fn folder_number(&self, path: &str) -> Result<Option<i64>> {
        let mut folders = self.folders.lock().await;
        if folders.number(path).is_none() && !folders.absent {
            self.read_folders(&mut folders).await?;
        }
        Ok(folders.number(path))
    }

    /// The path of the folder of a number.
    pub(super) async fn folder_path(&self, number: i64) -> Result<Option<String>> {
        let mut folders = self.folders.lock().await;
        if folders.path(number).is_none() && !folders.absent {
            self.read_folders(&mut folders).await?;
        }
        Ok(folders.path(number).map(str::to_owned))
    }

    /// Reads the list of all folders anew.
    pub(super) async fn refresh_folders(&self) -> Result<()> {
        let mut folders = self.folders.lock().await;
        if folders.absent { Ok(()) } else { self.read_folders(&mut folders).await }
    }

    async fn read_folders(&self, folders: &mut Folders) -> Result<()> {
        let mut list = match self.client.sync().all_items(&self.options.device_id).await {
            Err(error) if error.kind() == ErrorKind::Unsupported => {
                tracing::warn!(%error, "the service does not list its folders: paths are identifiers");
                folders.absent = true;
                return Ok(());
            }
            list => list?,
        };
        let mut fresh = Folders::default();
        let mut children = Vec::new();
        while let Some(rows) = list.next().await? {
            for row in rows {
                match row {
                    FolderEntry::Root(root) => {
                        if let Some(path) = root.shared_directory.as_deref().map(trim).filter(|path| !path.is_empty()) {
                            fresh.insert(root.folder_id, path);
                        }
                    }
                    FolderEntry::Child(child) => children.push(child),
                }
            }
            if children.len() > MOST_FOLDERS {
                return Err(super::refuse(ErrorKind::TooLarge, "/", "the account has too many folders"));
            }
        }
        let of_parent = tells_parents(&children);
        for ChildItem { path, name, folder_id, .. } in children {
            let path = trim(&path.unwrap_or_default());
            let path = match name.filter(|_| of_parent) {
                Some(name) => join(&path, &name),
                None => path,
            };
            if !path.is_empty() {
                fresh.insert(folder_id, path);
            }
        }
        *folders = fresh;
        Ok(())
    }
}

/// Whether `Path` is that of the folder around an entry, and not that of the entry itself: the document does not say, so the
/// list as a whole has to. A path of the entry itself always ends with the entry's name.
fn tells_parents(children: &[ChildItem]) -> bool {
    children.iter().any(|child| {
        let (path, name) = (child.path.as_deref().unwrap_or_default(), child.name.as_deref().unwrap_or_default());
        let last = path.rsplit(['\\', '/']).next().unwrap_or_default();
        !name.is_empty() && last != name
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(list: &[(i64, &str)]) -> Folders {
        let mut folders = Folders::default();
        list.iter().for_each(|(number, path)| folders.insert(*number, (*path).to_owned()));
        folders
    }

    #[test]
    fn a_move_takes_what_is_below_along() {
        let mut known = folders(&[(1, r"\u"), (2, r"\u\a"), (3, r"\u\a\b"), (4, r"\u\ab")]);
        known.moved(r"\u\a", Some(r"\u\ab\c"));
        assert_eq!((known.path(2), known.path(3)), (Some(r"\u\ab\c"), Some(r"\u\ab\c\b")));
        assert_eq!(
            (known.number(r"\u\a\b"), known.number(r"\U\AB\C\B"), known.path(4)),
            (None, Some(3), Some(r"\u\ab"))
        );
        known.moved(r"\u\ab", None);
        assert_eq!((known.path(2), known.path(4), known.path(1)), (None, None, Some(r"\u")));
    }

    #[test]
    fn a_folder_with_a_new_path_is_not_at_the_old_one() {
        let mut known = folders(&[(2, r"\u\a")]);
        known.insert(2, r"\u\b".to_owned());
        assert_eq!((known.number(r"\u\a"), known.number(r"\u\b")), (None, Some(2)));
    }
}
