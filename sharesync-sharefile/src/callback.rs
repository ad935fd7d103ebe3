//! The page on which a person signs in and lets an application in, and what it sends back (Authentication).

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use sharesync_core::{Error, ErrorKind, Result, Secret};
use url::Url;

use crate::PROVIDER;

/// The page on which a person signs in and lets an application in.
const AUTHORIZE: &str = "https://secure.sharefile.com/oauth/authorize";

/// The address of the page on which a person signs in and lets the application in.
///
/// `state` is a text that nobody can guess; [`AuthorizationCallback::verify`] wants it again.
pub fn authorize_url(client_id: &str, redirect_uri: &Url, state: &str) -> String {
    let pairs = [
        ("response_type", "code"),
        ("client_id", client_id),
        ("redirect_uri", redirect_uri.as_str()),
        ("state", state),
    ];
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("{AUTHORIZE}?{query}")
}

/// What the authorization page sends to the application's redirect address.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AuthorizationCallback {
    /// The code to sign in with, by [`ClientBuilder::authorization_code`](crate::ClientBuilder::authorization_code). It can be used once.
    pub code: Secret,
    /// The account's subdomain, for [`Client::builder`](crate::Client::builder).
    pub subdomain: String,
    /// The control plane of the application, for [`Client::builder`](crate::Client::builder).
    pub control_plane: String,
}

impl AuthorizationCallback {
    /// Reads the address that the authorization page called, and checks that the page made it: the state is the one that
    /// was sent, and `h` is the keyed hash of what stands before it.
    ///
    /// The hash is HMAC-SHA256 of path and query up to `&h=`, with the client's secret as key
    /// (Authentication); its text form is not documented: base64 of both alphabets and hexadecimal are read.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthenticated`] when it was made by somebody else, or the person has refused.
    pub fn verify(callback: &Url, state: &str, client_secret: &Secret) -> Result<Self> {
        let refused = |why: &'static str| {
            Error::new(ErrorKind::Unauthenticated, why).with_provider(PROVIDER).with_operation("OAuth.Callback")
        };
        let field =
            |wanted: &str| callback.query_pairs().find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned());
        if field("state").as_deref() != Some(state) {
            return Err(refused("the callback belongs to another sign-in"));
        }
        let query = callback.query().unwrap_or_default();
        let (signed, hash) = query.rsplit_once("&h=").ok_or_else(|| refused("the callback is not signed"))?;
        // Nothing may follow the hash, because it would not be covered by it.
        let hash = hash.split('&').next().filter(|first| first.len() == hash.len()).and_then(read_hash);
        let genuine = Hmac::<Sha256>::new_from_slice(client_secret.expose().as_bytes()).is_ok_and(|mut mac| {
            mac.update(format!("{}?{signed}", callback.path()).as_bytes());
            hash.is_some_and(|hash| mac.verify_slice(&hash).is_ok())
        });
        if !genuine {
            return Err(refused("the signature of the callback is wrong"));
        }
        let code = field("code").ok_or_else(|| refused("the sign-in was refused on the authorization page"))?;
        let missing = || refused("the callback does not name the account");
        Ok(Self {
            code: code.into(),
            subdomain: field("subdomain").ok_or_else(missing)?,
            control_plane: field("appcp").ok_or_else(missing)?,
        })
    }
}

/// Reads a hash from the query of an address.
fn read_hash(text: &str) -> Option<Vec<u8>> {
    let plain = percent_encoding::percent_decode_str(text).decode_utf8().ok()?;
    if let Ok(hash) = hex::decode(&*plain) {
        return Some(hash);
    }
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    // A plus sign in a query may have been read as a space on the way.
    let plain = plain.replace([' ', '-'], "+").replace('_', "/");
    GeneralPurpose::new(&alphabet::STANDARD, lenient).decode(plain).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALLBACK: &str =
        "https://app.example/back?code=c0de&state=st&subdomain=acct&apicp=sf-api.com&appcp=sharefile.com";

    fn signed(url: &str, key: &str) -> Url {
        let path_and_query = url.strip_prefix("https://app.example").unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
        mac.update(path_and_query.as_bytes());
        let hash = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
        let hash: String = url::form_urlencoded::byte_serialize(hash.as_bytes()).collect();
        Url::parse(&format!("{url}&h={hash}")).unwrap()
    }

    fn verify(url: &Url) -> Result<AuthorizationCallback> {
        AuthorizationCallback::verify(url, "st", &Secret::new("key"))
    }

    #[test]
    fn a_genuine_callback_is_read() {
        let callback = verify(&signed(CALLBACK, "key")).unwrap();
        assert_eq!((callback.code.expose(), callback.subdomain.as_str()), ("c0de", "acct"));
        assert_eq!(callback.control_plane, "sharefile.com");
        assert!(!format!("{callback:?}").contains("c0de"));
    }

    #[test]
    fn a_forged_callback_is_refused() {
        let genuine = signed(CALLBACK, "key");
        let appended = Url::parse(&format!("{genuine}&subdomain=evil")).unwrap();
        let changed = Url::parse(&genuine.as_str().replace("acct", "evil")).unwrap();
        let unsigned = Url::parse(CALLBACK).unwrap();
        for url in [signed(CALLBACK, "other"), appended, changed, unsigned] {
            assert_eq!(verify(&url).unwrap_err().kind(), ErrorKind::Unauthenticated, "{url}");
        }
        let error = AuthorizationCallback::verify(&genuine, "another", &Secret::new("key")).unwrap_err();
        assert!(error.to_string().contains("another sign-in"), "{error}");
    }

    #[test]
    fn the_authorization_page_gets_what_it_needs() {
        let url = authorize_url("id", &Url::parse("https://app.example/back?x=1").unwrap(), "s t");
        let expected = "https://secure.sharefile.com/oauth/authorize?response_type=code&client_id=id\
                        &redirect_uri=https%3A%2F%2Fapp.example%2Fback%3Fx%3D1&state=s+t";
        assert_eq!(url, expected);
    }
}
