//! What a service offers for signing in: the schemes of its `WWW-Authenticate` (RFC 9110, section 11.6.1).

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

/// Every challenge: its scheme, and what follows it.
pub(super) fn challenges(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let values = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(|challenge| {
        let challenge = challenge.trim();
        challenge.split_once(' ').map_or((challenge, ""), |(scheme, rest)| (scheme, rest.trim()))
    })
}

/// Whether a scheme is among them.
pub(super) fn offers(headers: &HeaderMap, scheme: &str) -> bool {
    challenges(headers).any(|(offered, _)| offered.eq_ignore_ascii_case(scheme))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn schemes_are_found_in_one_header_and_in_several() {
        let several = ["Negotiate", "ntlm", "Basic realm=\"a, b\""];
        let headers: HeaderMap =
            several.iter().map(|value| (WWW_AUTHENTICATE, HeaderValue::from_static(value))).collect();
        let one = HeaderValue::from_static("Negotiate, NTLM, Basic realm=\"x\"");
        let one = HeaderMap::from_iter([(WWW_AUTHENTICATE, one)]);
        for headers in [headers, one] {
            for scheme in ["Negotiate", "NTLM", "Basic"] {
                assert!(offers(&headers, scheme), "{scheme}");
            }
            assert!(!offers(&headers, "Bearer"));
        }
        let token = HeaderMap::from_iter([(WWW_AUTHENTICATE, HeaderValue::from_static("NTLM TlRM=="))]);
        assert_eq!(challenges(&token).collect::<Vec<_>>(), [("NTLM", "TlRM==")]);
    }
}
