//! Tables of what a face knows beside the tree (devices, links, subscriptions, …), kept with the drive.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::drive::Drive;

/// Rows by key. Every change is in the drive's journal before the request that made it is answered.
#[derive(Debug)]
pub(crate) struct Table<T> {
    drive: Drive,
    prefix: String,
    rows: Mutex<BTreeMap<String, T>>,
}

impl<T: Serialize + DeserializeOwned + Clone> Table<T> {
    /// The table of that name, `face/table`, with what the drive kept of it. Rows of another form than today's are left out.
    pub(crate) fn open(drive: &Drive, name: &str) -> Self {
        let prefix = format!("{name}/");
        let rows = drive.kept(&prefix).into_iter().filter_map(|(key, value)| {
            let key = key.strip_prefix(&prefix)?.to_owned();
            Some((key, serde_json::from_value(value).ok()?))
        });
        let rows = Mutex::new(rows.collect());
        Self { drive: drive.clone(), prefix, rows }
    }

    fn rows(&self) -> MutexGuard<'_, BTreeMap<String, T>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, key: &str) -> Option<T> {
        self.rows().get(key).cloned()
    }

    /// All rows, in the order of their keys.
    pub(crate) fn all(&self) -> Vec<T> {
        self.rows().values().cloned().collect()
    }

    pub(crate) fn put(&self, key: &str, row: T) {
        self.store(&mut self.rows(), key.to_owned(), row);
    }

    /// Adds a row under the next number.
    pub(crate) fn add(&self, row: impl FnOnce(u64) -> T) -> T {
        let mut rows = self.rows();
        let last = rows.last_key_value().and_then(|(key, _)| u64::from_str_radix(key, 16).ok()).unwrap_or(0);
        let row = row(last + 1);
        self.store(&mut rows, number_key(last + 1), row.clone());
        row
    }

    /// Changes a row, made by `Default` if it is not there, and gives it as it is then. Nothing else happens to it in between.
    pub(crate) fn upsert(&self, key: &str, change: impl FnOnce(&mut T)) -> T
    where
        T: Default,
    {
        let mut rows = self.rows();
        let mut row = rows.get(key).cloned().unwrap_or_default();
        change(&mut row);
        self.store(&mut rows, key.to_owned(), row.clone());
        row
    }

    /// Changes a row, if it is there, and gives it as it is then.
    pub(crate) fn update(&self, key: &str, change: impl FnOnce(&mut T)) -> Option<T> {
        let mut rows = self.rows();
        let mut row = rows.get(key)?.clone();
        change(&mut row);
        self.store(&mut rows, key.to_owned(), row.clone());
        Some(row)
    }

    pub(crate) fn remove(&self, key: &str) -> Option<T> {
        let mut rows = self.rows();
        let row = rows.remove(key)?;
        self.drive.forget(format!("{}{key}", self.prefix));
        Some(row)
    }

    /// Removes all rows.
    pub(crate) fn clear(&self) {
        let mut rows = self.rows();
        rows.keys().for_each(|key| self.drive.forget(format!("{}{key}", self.prefix)));
        rows.clear();
    }

    fn store(&self, rows: &mut BTreeMap<String, T>, key: String, row: T) {
        if let Ok(value) = serde_json::to_value(&row) {
            self.drive.keep(format!("{}{key}", self.prefix), value);
        }
        rows.insert(key, row);
    }
}

/// The key of a row that was added under a number.
pub(crate) fn number_key(number: u64) -> String {
    format!("{number:016x}")
}
