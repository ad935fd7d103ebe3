//! The ways of Windows: connections that are signed in by messages, and which of them the service offers.
//!
//! One transport and one mechanism of two kinds: NTLM, and Kerberos within Negotiate.

#[cfg(any(feature = "kerberos", feature = "ntlm"))]
mod binding;
#[cfg(any(feature = "kerberos", feature = "ntlm"))]
mod der;
#[cfg(feature = "kerberos")]
mod kerberos;
#[cfg(any(feature = "kerberos", feature = "ntlm"))]
mod lane;
#[cfg(any(feature = "kerberos", feature = "ntlm"))]
mod lanes;
#[cfg(any(feature = "kerberos", feature = "ntlm"))]
mod mechanism;
#[cfg(feature = "ntlm")]
mod ntlm;
#[cfg(any(feature = "kerberos", feature = "ntlm"))]
mod transport;

use std::sync::Arc;

use http::{HeaderName, HeaderValue, StatusCode};
use sharesync_core::http::{Call, HttpConfig, Pipeline, Transport, url_below};
use sharesync_core::{Error, ErrorKind, Result};
use url::Url;

use super::offer::offers;
use super::{Account, Known, TicketSource};

const NTLM_BUILT_IN: bool = cfg!(feature = "ntlm");

/// Tells a site that takes forms as well that they are not wanted (from memory of farms and other clients).
pub(super) const FORMS_ACCEPTED: HeaderName = HeaderName::from_static("x-forms_based_auth_accepted");

/// An address of every site that needs a sign-in.
pub(super) const GUARDED: &str = "_api/web";

/// The messages that sign connections in.
#[derive(Clone)]
#[cfg_attr(
    not(all(feature = "kerberos", feature = "ntlm")),
    allow(dead_code, reason = "of messages that are not built in, no more is read than that they are meant")
)]
pub(super) enum Messages {
    /// Under the scheme NTLM, or Negotiate.
    Ntlm(&'static str),
    Kerberos(TicketSource),
}

/// A transport whose connections to the origin of `site` are signed in.
#[cfg(any(feature = "kerberos", feature = "ntlm"))]
pub(super) fn transport(
    messages: Messages,
    account: Account,
    site: &Url,
    plain: Arc<dyn Transport>,
    http: &HttpConfig,
) -> Result<Arc<dyn Transport>> {
    let mechanism: Box<dyn mechanism::Mechanism> = match messages {
        #[cfg(feature = "ntlm")]
        Messages::Ntlm(scheme) => Box::new(ntlm::Ntlm::new(scheme, account)),
        #[cfg(feature = "kerberos")]
        Messages::Kerberos(source) => {
            let host = site.host_str().unwrap_or_default();
            Box::new(kerberos::Kerberos::new(account, source, host)?)
        }
        #[cfg(not(all(feature = "kerberos", feature = "ntlm")))]
        messages => return Err(not_built_in(&messages)),
    };
    Ok(Arc::new(transport::SignedTransport::new(mechanism, site, plain, http)?))
}

/// No such transport.
#[cfg(not(any(feature = "kerberos", feature = "ntlm")))]
pub(super) fn transport(
    messages: Messages,
    _: Account,
    _: &Url,
    _: Arc<dyn Transport>,
    _: &HttpConfig,
) -> Result<Arc<dyn Transport>> {
    Err(not_built_in(&messages))
}

fn unsupported(why: &'static str) -> Error {
    Error::new(ErrorKind::Unsupported, why)
}

#[cfg(not(all(feature = "kerberos", feature = "ntlm")))]
fn not_built_in(messages: &Messages) -> Error {
    unsupported(match messages {
        Messages::Ntlm(_) => "sign-in by NTLM needs the feature `ntlm` of sharesync-sharepoint",
        Messages::Kerberos(_) => "sign-in by Kerberos needs the feature `kerberos` of sharesync-sharepoint",
    })
}

/// Asks the service, and chooses the safest way that it offers and that was asked for.
pub(super) async fn choose(
    pipeline: Pipeline,
    site: &Url,
    account: Account,
    source: TicketSource,
    basic: bool,
) -> Result<Known> {
    let call = Call::get("Authentication.Offer", url_below(site.as_str(), GUARDED)?)
        .without_auth()
        .keep_redirect()
        .accept(&[401])
        .header(FORMS_ACCEPTED, HeaderValue::from_static("f"));
    let answer = pipeline.send(call).await?;
    let offered = |scheme| offers(answer.headers(), scheme);
    let (negotiate, ntlm) = (offered("Negotiate"), offered("NTLM"));
    match answer.status() {
        status if status.is_redirection() => {
            return Err(unsupported("the site signs users in on a page, not by Windows"));
        }
        StatusCode::UNAUTHORIZED => {}
        _ => {
            return Err(Error::new(ErrorKind::Config, "the service did not ask for a sign-in; say which one is meant"));
        }
    }
    let basic_is_allowed = basic && offered("Basic");
    match source.kdcs {
        Some(_) if negotiate => Ok(Known::Messages(account, Messages::Kerberos(source))),
        Some(_) if ntlm => {
            Err(unsupported("the service does not offer Negotiate, and NTLM is weaker than the Kerberos asked for"))
        }
        None if ntlm && (NTLM_BUILT_IN || !basic_is_allowed) => Ok(Known::Messages(account, Messages::Ntlm("NTLM"))),
        None if negotiate && (NTLM_BUILT_IN || !basic_is_allowed) => {
            Ok(Known::Messages(account, Messages::Ntlm("Negotiate")))
        }
        _ if basic_is_allowed => Ok(Known::Basic(account)),
        _ if offered("Basic") => Err(unsupported("the service offers nothing but Basic, which was not allowed")),
        _ => Err(unsupported("the service offers no sign-in of Windows")),
    }
}
