//! Snapshots in memory.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{Commit, SnapshotStore};
use crate::Result;

/// Keeps snapshots in memory, for tests and for programs that run for as long as they watch.
///
/// It takes some 400 bytes for each item of a tree.
#[derive(Default)]
pub struct MemorySnapshots {
    spaces: Mutex<HashMap<String, Space>>,
}

type Space = BTreeMap<Vec<u8>, Vec<u8>>;

impl MemorySnapshots {
    /// Holds no snapshot yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn spaces(&self) -> MutexGuard<'_, HashMap<String, Space>> {
        self.spaces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for MemorySnapshots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemorySnapshots").field("snapshots", &self.spaces().len()).finish()
    }
}

#[async_trait]
impl SnapshotStore for MemorySnapshots {
    async fn get(&self, space: &str, keys: Vec<Vec<u8>>) -> Result<Vec<Option<Vec<u8>>>> {
        let spaces = self.spaces();
        let space = spaces.get(space);
        Ok(keys.iter().map(|key| space.and_then(|space| space.get(key)).cloned()).collect())
    }

    async fn scan(&self, space: &str, keys: Range<Vec<u8>>, limit: usize) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let spaces = self.spaces();
        let entries = spaces.get(space).into_iter().flat_map(|space| space.range(keys.clone()));
        Ok(entries.take(limit).map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    async fn commit(&self, space: &str, commit: Commit) -> Result<bool> {
        let mut spaces = self.spaces();
        let space = spaces.entry(space.to_owned()).or_default();
        if let Some((key, value)) = &commit.expected
            && space.get(key) != value.as_ref()
        {
            return Ok(false);
        }
        for (key, value) in commit.writes {
            match value {
                Some(value) => drop(space.insert(key, value)),
                None => drop(space.remove(&key)),
            }
        }
        Ok(true)
    }
}
