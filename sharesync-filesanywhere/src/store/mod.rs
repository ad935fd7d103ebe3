//! placeholder
use crate::Client;
/// x
#[derive(Debug)]
pub struct FilesAnywhereStore;
/// x
#[derive(Debug)]
pub struct StoreOptions;
impl StoreOptions { /// x
pub fn new() -> Self { Self } }
impl FilesAnywhereStore { pub(crate) fn new(_: Client, _: StoreOptions) -> Self { Self } }
