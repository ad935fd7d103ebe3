//! NTLM over HTTP ([MS-NTHT], [MS-NLMP]): a connection is signed in by three messages and stays so until it is closed.
//!
//! A request takes the connection that was used last and is free, or a new one. A new one is signed in by requests without
//! a body before it sees the real one, so that no content goes to a service that would not take it. A connection that was
//! closed or lay idle is replaced and never signed in a second time. Nothing is sent again that the service may have
//! carried out.

mod binding;
mod lane;
mod lanes;
mod messages;
mod transport;

use std::sync::Arc;

use sharesync_core::http::{HttpConfig, Transport};
use sharesync_core::{Error, ErrorKind, Result};
use url::Url;

use self::transport::NtlmTransport;
use super::Account;

pub(super) const BUILT_IN: bool = true;

pub(super) fn not_built_in() -> Error {
    Error::new(ErrorKind::Unsupported, "the service offers no sign-in that is built in")
}

/// A transport whose connections to the origin of `site` are signed in under this scheme: NTLM, or Negotiate, which takes
/// messages of NTLM as they are ([MS-N2HT]; from memory, not seen on a farm).
pub(super) fn ntlm(
    scheme: &'static str,
    account: Account,
    site: &Url,
    plain: Arc<dyn Transport>,
    http: &HttpConfig,
) -> Result<Arc<dyn Transport>> {
    Ok(Arc::new(NtlmTransport::new(scheme, account, site, plain, http)?))
}
