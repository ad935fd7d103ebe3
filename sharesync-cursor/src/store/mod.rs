//! The store.
use crate::Client;
/// A share as a store.
#[derive(Debug, Clone)]
pub struct CursorStore;
impl CursorStore {
    pub(crate) fn new(_: Client, _: StoreOptions) -> Self {
        Self
    }
}
/// Options.
#[derive(Debug, Clone)]
pub struct StoreOptions;
impl StoreOptions {
    /// x
    pub fn new(_: impl Into<String>) -> Self {
        Self
    }
}
