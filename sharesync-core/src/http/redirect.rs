//! Where a request may go: the rules for origins, plain http, and redirects.

use std::net::IpAddr;

use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, LOCATION};
use http::{HeaderMap, Method, StatusCode};
use url::{Host, Url};

use super::{Auth, Body, Call};
use crate::{Error, ErrorKind, Result};

/// Headers that describe a body, and go with it.
const BODY_HEADERS: [HeaderName; 2] = [CONTENT_TYPE, CONTENT_ENCODING];

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

/// The call that a redirect asks for.
///
/// Credentials go along only within the origin. Methods other than GET and HEAD become GET without a body, unless the
/// status says otherwise.
pub(super) fn follow(call: &Call, status: StatusCode, headers: &HeaderMap) -> Result<Call> {
    let broken = |why: &'static str| Error::new(ErrorKind::Protocol, why);
    let location = headers
        .get(LOCATION)
        .and_then(|value| value.to_str().ok())
        .ok_or_else(|| broken("a redirect whose Location cannot be read"))?;
    let target = call.url.join(location).map_err(|_| broken("a redirect whose Location is no URL"))?;
    if call.url.scheme() == "https" && target.scheme() != "https" {
        return Err(Error::new(ErrorKind::Insecure, "a redirect from https to plain http"));
    }
    check_scheme(&target)?;
    let mut next = call.clone();
    if target.origin() != call.url.origin() {
        next.auth = Auth::None;
        next.secret_url = true;
    }
    let keeps_method = matches!(status.as_u16(), 307 | 308) || matches!(call.method, Method::GET | Method::HEAD);
    if !keeps_method {
        next.method = Method::GET;
        next.body = Body::empty();
        for name in BODY_HEADERS {
            next.headers.remove(name);
        }
    }
    next.url = target;
    Ok(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redirected(from: &str, status: u16, location: &str) -> Result<Call> {
        let call = Call::post("Test", from.parse().unwrap()).body("x");
        let headers = HeaderMap::from_iter([(LOCATION, location.parse().unwrap())]);
        follow(&call, StatusCode::from_u16(status).unwrap(), &headers)
    }

    #[test]
    fn credentials_stay_within_the_origin() {
        assert_eq!(redirected("https://a.example/x", 302, "/y").unwrap().auth, Auth::Api);
        for other in ["https://b.example/y", "https://a.example:444/y", "//b.example/y"] {
            let next = redirected("https://a.example/x", 302, other).unwrap();
            assert_eq!(next.auth, Auth::None, "{other}");
        }
    }

    #[test]
    fn https_never_becomes_http() {
        for target in ["http://a.example/", "http://127.0.0.1/", "ftp://a.example/"] {
            assert_eq!(redirected("https://a.example/", 302, target).unwrap_err().kind(), ErrorKind::Insecure);
        }
    }

    #[test]
    fn a_post_is_followed_by_a_get_unless_the_status_keeps_it() {
        assert_eq!(redirected("https://a.example/", 302, "/y").unwrap().method, Method::GET);
        let kept = redirected("https://a.example/", 307, "/y").unwrap();
        assert_eq!((kept.method, kept.body.size()), (Method::POST, 1));
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
