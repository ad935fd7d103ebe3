//! The form digest: what SharePoint wants with every write that is not signed in by a bearer token.

use std::fmt;

/// The digest of one site. (Being written.)
#[derive(Clone)]
#[non_exhaustive]
pub struct FormDigest {}

impl fmt::Debug for FormDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FormDigest").finish_non_exhaustive()
    }
}
