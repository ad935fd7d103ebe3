//! Which of the ways of Windows the service offers.

use http::{HeaderName, HeaderValue, StatusCode};
use sharesync_core::http::{Call, Pipeline, url_below};
use sharesync_core::{Error, ErrorKind, Result};
use url::Url;

use super::ntlm::{BUILT_IN, not_built_in};
use super::offer::offers;
use super::{Account, Way};

/// Tells a site that takes forms as well that they are not wanted (from memory of farms and other clients).
pub(super) const FORMS_ACCEPTED: HeaderName = HeaderName::from_static("x-forms_based_auth_accepted");

/// An address of every site that needs a sign-in.
pub(super) const GUARDED: &str = "_api/web";

/// Asks the service, and chooses the safest way that it offers and that is built in.
pub(super) async fn choose(pipeline: Pipeline, site: &Url, account: Account, basic: bool) -> Result<Way> {
    let call = Call::get("Authentication.Offer", url_below(site.as_str(), GUARDED)?)
        .without_auth()
        .keep_redirect()
        .accept(&[401])
        .header(FORMS_ACCEPTED, HeaderValue::from_static("f"));
    let answer = pipeline.send(call).await?;
    let unsupported = |why: &'static str| Error::new(ErrorKind::Unsupported, why);
    let offered = |scheme| offers(answer.headers(), scheme);
    match answer.status() {
        status if status.is_redirection() => Err(unsupported("the site signs users in on a page, not by Windows")),
        StatusCode::UNAUTHORIZED if BUILT_IN && offered("NTLM") => Ok(Way::Ntlm(account)),
        StatusCode::UNAUTHORIZED if BUILT_IN && offered("Negotiate") => Ok(Way::NtlmAsNegotiate(account)),
        StatusCode::UNAUTHORIZED if basic && offered("Basic") => Ok(Way::Basic(account)),
        StatusCode::UNAUTHORIZED if offered("NTLM") || offered("Negotiate") => Err(not_built_in()),
        StatusCode::UNAUTHORIZED if offered("Basic") => {
            Err(unsupported("the service offers nothing but Basic, which was not allowed"))
        }
        StatusCode::UNAUTHORIZED => Err(unsupported("the service offers no sign-in of Windows")),
        _ => Err(Error::new(ErrorKind::Config, "the service did not ask for a sign-in; say which one is meant")),
    }
}
