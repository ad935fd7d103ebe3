//! Listing a folder: options, pages, and the guard against pages that never end.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind, Result};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_continuation_is_refused() {
        let mut guard = PageGuard::new();
        guard.follow("a").unwrap();
        guard.follow("b").unwrap();
        assert_eq!(guard.follow("a").unwrap_err().kind(), ErrorKind::Protocol);
    }
}
