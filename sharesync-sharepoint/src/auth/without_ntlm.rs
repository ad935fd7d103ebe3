//! What stands for NTLM where the feature is not enabled.

use std::sync::Arc;

use sharesync_core::http::{HttpConfig, Transport};
use sharesync_core::{Error, ErrorKind, Result};
use url::Url;

use super::Account;

pub(super) const BUILT_IN: bool = false;

pub(super) fn not_built_in() -> Error {
    Error::new(ErrorKind::Unsupported, "Windows sign-in needs the feature `ntlm` of sharesync-sharepoint")
}

pub(super) fn ntlm(
    _: &'static str,
    _: Account,
    _: &Url,
    _: Arc<dyn Transport>,
    _: &HttpConfig,
) -> Result<Arc<dyn Transport>> {
    Err(not_built_in())
}
