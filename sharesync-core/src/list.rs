//! Listing a folder: options, pages, and the guards against pages and trees that never end.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind, Result};

/// Deeper trees than this are taken for the work of a faulty or hostile server.
pub(crate) const MAX_DEPTH: usize = 256;

/// Folders that a walk remembers.
const REMEMBERED: usize = 1 << 20;

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

/// Ends a listing whose continuation repeats itself, which a faulty or hostile server could make endless.
///
/// Continuations are remembered as 64-bit hashes: eight bytes a page.
#[derive(Debug, Default)]
pub struct PageGuard {
    seen: HashSet<u64>,
    hasher: RandomState,
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
        if self.seen.insert(self.hasher.hash_one(continuation)) {
            return Ok(());
        }
        let message = format!("page {} of the listing leads back to a page already read", self.seen.len());
        Err(Error::new(ErrorKind::Protocol, message))
    }
}

/// Ends a walk of a tree that a faulty or hostile server could make endless: each folder is listed once, and none that
/// lies too deep.
///
/// Folders are remembered as 64-bit hashes, a million of them: memory is bounded whatever the tree. A folder that was
/// forgotten and appears again is listed again, and a folder that holds itself ends at the depth.
#[derive(Debug, Default)]
pub struct TreeGuard {
    seen: HashSet<u64>,
    hasher: RandomState,
}

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
        if self.seen.len() >= REMEMBERED {
            self.seen.clear();
        }
        Ok(self.seen.insert(self.hasher.hash_one(folder)))
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
        assert!(guard.seen.len() <= REMEMBERED);
    }

    #[test]
    fn a_repeated_continuation_is_refused() {
        let mut guard = PageGuard::new();
        guard.follow("a").unwrap();
        guard.follow("b").unwrap();
        assert_eq!(guard.follow("a").unwrap_err().kind(), ErrorKind::Protocol);
    }
}
