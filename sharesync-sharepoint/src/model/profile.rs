//! Who is signed in, and the context of a site.

use serde::Deserialize;
use sharesync_core::Secret;

use super::wire;

/// The user (`SP.UserProfiles.PersonProperties`), as far as it matters for files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct PersonProperties {
    /// The account, such as `CONTOSO\alice`.
    pub account_name: Option<String>,
    /// The name that people see.
    pub display_name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// Where personal sites are.
    pub personal_site_host_url: Option<String>,
    /// The user's personal site; where there is none, a page about the user (recalled).
    pub personal_url: Option<String>,
}

impl PersonProperties {
    /// The address of the personal site, if the user has one.
    pub fn personal_site(&self) -> Option<&str> {
        self.personal_url.as_deref().filter(|url| !url.to_ascii_lowercase().contains("person.aspx"))
    }
}

/// The context of a site (`SP.ContextWebInformation`).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct ContextInfo {
    /// How long the form digest is valid, in seconds.
    #[serde(deserialize_with = "wire::whole")]
    pub form_digest_timeout_seconds: Option<u64>,
    /// The form digest, which proves that a write is meant.
    pub form_digest_value: Option<Secret>,
    /// The version of the service, such as `16.0.10337.12109`.
    pub library_version: Option<String>,
    /// The address of the site collection.
    pub site_full_url: Option<String>,
    /// The address of the site.
    pub web_full_url: Option<String>,
}
