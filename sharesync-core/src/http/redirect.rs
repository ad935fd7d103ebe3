//! Where a request may go: the rules for origins, plain http, and redirects.

use std::net::IpAddr;

use http::header::LOCATION;
use http::{HeaderMap, Method, StatusCode};
use url::{Host, Url};

use super::{Auth, Call, ForeignResponse};
use crate::{Error, ErrorKind, Result};

/// Refuses plain http to anything but this machine, and any other scheme.
pub(super) fn check_scheme(url: &Url) -> Result<()> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        "http" => Err(Error::new(ErrorKind::Insecure, format!("plain http to {}", url.origin().ascii_serialization()))),
        scheme => Err(Error::new(ErrorKind::Insecure, format!("the scheme {scheme:?} is not https"))),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

/// Whether the answer sends the client elsewhere.
pub(super) fn is_redirect(status: StatusCode, headers: &HeaderMap) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) && headers.contains_key(LOCATION)
}

/// A redirect to another origin of a request whose body must not go there. Reached with
/// [`Error::provider_error`](crate::Error::provider_error).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a redirect to another origin")]
#[non_exhaustive]
pub struct RefusedRedirect {
    /// The origin that the service names, such as `https://sign-in.example`.
    pub to: String,
}

/// The call that a redirect asks for.
///
/// GET and HEAD go anywhere, with credentials only within the origin. Any other request keeps its method and its body and
/// stays within its origin: 307 and 308 alone ask for that. The body may hold credentials, and a GET in the place of a write
/// would report as done what nobody did.
pub(super) fn follow(call: &Call, status: StatusCode, headers: &HeaderMap) -> Result<Call> {
    let broken = |why: &'static str| Error::new(ErrorKind::Protocol, why);
    // Addresses are ASCII; some services send UTF-8 all the same, which browsers encode.
    let location = headers
        .get(LOCATION)
        .and_then(|value| std::str::from_utf8(value.as_bytes()).ok())
        .ok_or_else(|| broken("a redirect whose Location cannot be read"))?;
    let target = call.url.join(location).map_err(|_| broken("a redirect whose Location is no URL"))?;
    if call.url.scheme() == "https" && target.scheme() != "https" {
        return Err(Error::new(ErrorKind::Insecure, "a redirect from https to plain http"));
    }
    check_scheme(&target)?;
    let elsewhere = target.origin() != call.url.origin();
    if !matches!(call.method, Method::GET | Method::HEAD) {
        let to = target.origin().ascii_serialization();
        if elsewhere {
            let message = format!(
                "a redirect of a {} request to {to}, where neither its body nor its credentials go",
                call.method
            );
            return Err(Error::new(ErrorKind::Insecure, message).with_source(RefusedRedirect { to }));
        }
        if !matches!(status.as_u16(), 307 | 308) {
            let message = format!(
                "status {status} would make a GET of a {} request: does a sign-in page answer in the service's place?",
                call.method
            );
            return Err(Error::new(ErrorKind::Protocol, message).with_source(ForeignResponse::new(status, headers)));
        }
    }
    let mut next = call.clone();
    if elsewhere {
        next.auth = Auth::None;
        next.secret_url = true;
    }
    next.url = target;
    Ok(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redirected(method: Method, status: u16, location: &str) -> Result<Call> {
        let call = Call::new("Test", method, "https://a.example/x".parse().unwrap()).body("x");
        let location = http::HeaderValue::from_bytes(location.as_bytes()).unwrap();
        follow(&call, StatusCode::from_u16(status).unwrap(), &HeaderMap::from_iter([(LOCATION, location)]))
    }

    #[test]
    fn credentials_stay_within_the_origin() {
        assert_eq!(redirected(Method::GET, 302, "/y").unwrap().auth, Auth::Api);
        for other in ["https://b.example/y", "https://a.example:444/y", "//b.example/y"] {
            let next = redirected(Method::GET, 302, other).unwrap();
            assert_eq!(next.auth, Auth::None, "{other}");
        }
    }

    #[test]
    fn https_never_becomes_http() {
        for target in ["http://a.example/", "http://127.0.0.1/", "ftp://a.example/"] {
            assert_eq!(redirected(Method::GET, 302, target).unwrap_err().kind(), ErrorKind::Insecure);
        }
    }

    #[test]
    fn a_write_keeps_its_method_and_its_origin() {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            for status in [301, 302, 303] {
                let error = redirected(method.clone(), status, "/x/").unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Protocol, "{method} {status}");
            }
            for status in [307, 308] {
                let kept = redirected(method.clone(), status, "/y").unwrap();
                assert_eq!((kept.method, kept.body.size()), (method.clone(), 1));
                let error = redirected(method.clone(), status, "https://b.example/y").unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Insecure, "{method} {status}");
                assert!(error.to_string().contains("https://b.example"), "{error}");
            }
        }
    }

    #[test]
    fn locations_are_read_as_browsers_read_them() {
        for (location, path) in [
            ("y", "/y"),
            ("/a b", "/a%20b"),
            ("/\u{e4}", "/%C3%A4"),
            ("?q", "/x?q"),
            ("https:\\\\a.example\\y", "/y"),
            ("", "/x"),
        ] {
            let next = redirected(Method::GET, 301, location).unwrap();
            assert_eq!(next.url.as_str(), format!("https://a.example{path}"), "{location:?}");
        }
        let latin = http::HeaderValue::from_bytes(b"/\xE4").unwrap();
        let call = Call::get("Test", "https://a.example/x".parse().unwrap());
        let error = follow(&call, StatusCode::FOUND, &HeaderMap::from_iter([(LOCATION, latin)])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
    }

    #[test]
    fn plain_http_is_for_loopback_alone() {
        for good in ["https://x.example", "http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1"] {
            assert!(check_scheme(&good.parse().unwrap()).is_ok(), "{good}");
        }
        for bad in ["http://x.example", "http://localhost.example", "http://127.0.0.1.example", "http://10.0.0.1"] {
            assert_eq!(check_scheme(&bad.parse().unwrap()).unwrap_err().kind(), ErrorKind::Insecure, "{bad}");
        }
    }
}
