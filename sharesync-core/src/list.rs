//! Listing a folder: options, pages, and the guards against pages and trees that never end.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hash, RandomState};

use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind, Result};

/// Deeper trees than this are taken for the work of a faulty or hostile server.
pub(crate) const MAX_DEPTH: usize = 256;

/// Pages that a listing remembers, and folders that a walk does.
const REMEMBERED: usize = 1 << 20;

/// Entries of one list that are believed.
const MOST_ENTRIES: usize = 3_000_000;

/// How a folder is listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListOptions {
    /// Items asked for in one request; `None` leaves it to the provider. The service may send fewer.
    pub page_size: Option<u32>,
}

impl ListOptions {
    /// The provider's own choice of page size.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for pages of this many items.
    #[must_use]
    pub fn with_page_size(mut self, items: u32) -> Self {
        self.page_size = Some(items);
        self
    }
}

/// One answer of a listing. It may be empty without being the last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Page<T> {
    /// What this page holds, in the service's order.
    pub items: Vec<T>,
    /// How many there are in all pages, when the service says.
    pub total: Option<u64>,
}

impl<T> Page<T> {
    /// A page of these items.
    pub fn new(items: Vec<T>) -> Self {
        Self { items, total: None }
    }

    /// Says how many items all pages hold together.
    #[must_use]
    pub fn with_total(mut self, total: Option<u64>) -> Self {
        self.total = total;
        self
    }
}

/// What was seen last, as 64-bit hashes: about 20 MiB, however much there is.
#[derive(Debug, Default)]
struct Seen {
    hashes: HashSet<u64>,
    hasher: RandomState,
}

impl Seen {
    /// Notes something; `false` when it was seen before and not forgotten since.
    fn note(&mut self, key: &str) -> bool {
        if self.hashes.len() >= REMEMBERED {
            self.hashes.clear();
        }
        self.hashes.insert(self.hasher.hash_one(key))
    }
}

/// Ends a listing whose continuation repeats itself, which a faulty or hostile server could make endless.
///
/// Continuations are remembered as 64-bit hashes, a million of them: memory is bounded however many pages there are.
#[derive(Debug, Default)]
pub struct PageGuard {
    seen: Seen,
    pages: u64,
}

impl PageGuard {
    /// A guard that has seen no page.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes the continuation that leads to the next page.
    ///
    /// # Errors
    /// [`ErrorKind::Protocol`] when it was followed before.
    pub fn follow(&mut self, continuation: &str) -> Result<()> {
        if self.seen.note(continuation) {
            self.pages += 1;
            return Ok(());
        }
        let message = format!("page {} of the listing leads back to a page already read", self.pages);
        Err(Error::new(ErrorKind::Protocol, message))
    }
}

/// Tells the entries of one list apart, on all its pages and however often it is read again from its beginning.
///
/// Entries are remembered as 64-bit hashes, three million of them: at most 60 MiB. A list that has more is refused, because
/// what is not remembered could come again and again.
#[derive(Debug)]
pub struct EntryGuard {
    /// By hash, the last reading that an entry was in. Bytes, because words would be padded to twice the size.
    seen: HashMap<[u8; 8], u8>,
    hasher: RandomState,
    most: usize,
    exceeded: bool,
}

impl Default for EntryGuard {
    fn default() -> Self {
        Self { seen: HashMap::new(), hasher: RandomState::new(), most: MOST_ENTRIES, exceeded: false }
    }
}

impl EntryGuard {
    /// A guard that has seen no entry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Believes this many entries instead of three million.
    #[must_use]
    pub fn with_most(mut self, entries: usize) -> Self {
        self.most = entries;
        self
    }

    /// Notes an entry by what tells it from others, and gives the last reading of the list that it was in before. Beyond
    /// the bound nothing is noted; [`check`](Self::check) says so.
    pub fn note(&mut self, key: impl Hash, reading: u8) -> Option<u8> {
        let hash = self.hasher.hash_one(key).to_ne_bytes();
        if self.seen.len() >= self.most && !self.seen.contains_key(&hash) {
            self.exceeded = true;
            return None;
        }
        self.seen.insert(hash, reading)
    }

    /// How many entries were noted.
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// Whether no entry was noted.
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// Ends a list that has too many entries. To be asked after each page.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`].
    pub fn check(&self) -> Result<()> {
        if !self.exceeded {
            return Ok(());
        }
        Err(Error::new(ErrorKind::TooLarge, format!("the list has more than {} entries", self.most)))
    }
}

/// Ends a walk of a tree that a faulty or hostile server could make endless: each folder is listed once, and none that
/// lies too deep.
///
/// Folders are remembered as 64-bit hashes, a million of them: memory is bounded whatever the tree. A folder that was
/// forgotten and appears again is listed again, and a folder that holds itself ends at the depth.
#[derive(Debug, Default)]
pub struct TreeGuard(Seen);

impl TreeGuard {
    /// A guard that has seen no folder.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a folder, by its identity, that was found `depth` folders below the one where the walk began. `false` when
    /// it was seen before: it was moved meanwhile, or the tree holds itself.
    ///
    /// # Errors
    /// [`ErrorKind::Protocol`] when it lies more than 256 folders deep.
    pub fn enter(&mut self, folder: &str, depth: usize) -> Result<bool> {
        if depth > MAX_DEPTH {
            return Err(too_deep(folder));
        }
        Ok(self.0.note(folder))
    }

    /// The same for whoever copies a tree, and would not come to an end with a folder that is in it twice.
    ///
    /// # Errors
    /// [`ErrorKind::Protocol`] also for a folder that was seen before.
    pub fn enter_new(&mut self, folder: &str, depth: usize) -> Result<()> {
        if self.enter(folder, depth)? {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Protocol, "the tree holds this folder twice").with_subject(folder))
    }
}

/// The error of a folder that lies too deep.
pub(crate) fn too_deep(folder: impl std::fmt::Display) -> Error {
    let message = format!("it lies more than {MAX_DEPTH} folders deep");
    Error::new(ErrorKind::Protocol, message).with_subject(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_has_an_end() {
        let mut guard = TreeGuard::new();
        assert!(guard.enter("a", 1).unwrap() && guard.enter("b", MAX_DEPTH).unwrap());
        assert!(!guard.enter("a", 2).unwrap(), "it holds itself");
        assert_eq!(guard.enter_new("a", 2).unwrap_err().kind(), ErrorKind::Protocol);
        let error = guard.enter("c", MAX_DEPTH + 1).unwrap_err();
        assert_eq!((error.kind(), error.subject()), (ErrorKind::Protocol, Some("c")));
        (0..REMEMBERED * 2).for_each(|folder| assert!(guard.enter(&folder.to_string(), 1).unwrap()));
        assert!(guard.0.hashes.len() <= REMEMBERED);
    }

    #[test]
    fn a_repeated_continuation_is_refused() {
        let mut guard = PageGuard::new();
        guard.follow("a").unwrap();
        guard.follow("b").unwrap();
        let error = guard.follow("a").unwrap_err();
        assert!(error.kind() == ErrorKind::Protocol && error.to_string().contains("page 2"), "{error}");
    }

    #[test]
    fn pages_without_an_end_do_not_grow_the_memory() {
        let mut guard = PageGuard::new();
        (0..=REMEMBERED).for_each(|page| guard.follow(&page.to_string()).unwrap());
        assert_eq!(guard.seen.hashes.len(), 1, "all but the last were forgotten");
        let error = guard.follow(&REMEMBERED.to_string()).unwrap_err();
        assert!(error.to_string().contains(&format!("page {}", REMEMBERED + 1)), "{error}");
    }

    #[test]
    fn entries_are_told_apart_up_to_a_bound() {
        let mut guard = EntryGuard::new().with_most(3);
        assert_eq!(["a", "b", "a"].map(|key| guard.note(key, 1)), [None, None, Some(1)]);
        assert_eq!((guard.note("a", 2), guard.note("a", 2), guard.note("c", 2)), (Some(1), Some(2), None));
        assert!(guard.len() == 3 && guard.check().is_ok(), "exactly as many as are believed");
        assert_eq!((guard.note("d", 2), guard.note("b", 2), guard.len()), (None, Some(1), 3));
        let error = guard.check().unwrap_err();
        assert!(error.kind() == ErrorKind::TooLarge && error.to_string().contains("more than 3 entries"), "{error}");
    }
}
