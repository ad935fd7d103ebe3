//! Following the direction to another provider that the service gives in the body of an answer.
//!
//! Redirects by HTTP status are followed by the pipeline.

use http::Method;
use sharesync_core::http::Call;
use sharesync_core::{Error, ErrorKind, Result};
use url::{Host, Url};

use crate::PROVIDER;
use crate::model::Redirection;

/// The longest chain of directions.
pub(crate) const MOST: usize = 10;

/// An error of a request, with what it was.
pub(crate) fn failure(call: &Call, kind: ErrorKind, message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    call.describe(Error::new(kind, message)).with_provider(PROVIDER)
}

/// The request that a direction asks for: a GET, without credentials when it leaves the origin of the API.
pub(crate) fn follow(call: &Call, target: Redirection, from: &Url, api: &Url) -> Result<Call> {
    if call.method() != Method::GET {
        let message = "the item is with another provider, and changes do not go there";
        return Err(failure(call, ErrorKind::Unsupported, message));
    }
    let Some(uri) = target.uri else {
        return Err(failure(call, ErrorKind::Unavailable, "the storage zone of the item cannot be reached"));
    };
    let mut url = uri.expose().clone();
    check_safe(&url, from).map_err(|why| failure(call, ErrorKind::Insecure, why))?;
    if let Some(method) = target.method.filter(|method| !method.eq_ignore_ascii_case("GET")) {
        let message = format!("a redirection that asks for the method {method:?}");
        return Err(failure(call, ErrorKind::Protocol, message));
    }
    if let Some(root) = target.root
        && !url.query_pairs().any(|(name, _)| name.eq_ignore_ascii_case("root"))
    {
        url.query_pairs_mut().append_pair("root", &root);
    }
    let stays = url.origin() == api.origin();
    let next = call.elsewhere(url);
    Ok(if stays { next } else { next.presigned() })
}

/// Refuses what leaves the safe ground.
pub(crate) fn check_safe(url: &Url, from: &Url) -> Result<(), &'static str> {
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => Ok(()),
        "http" if loopback && from.scheme() == "http" => Ok(()),
        _ => Err("the service names an address that is not https"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const API: &str = "https://acct.sf-api.com/sf/v3/";

    fn followed(direction: serde_json::Value) -> Result<String> {
        let api = Url::parse(API).unwrap();
        let call = Call::get("Items.Children", api.clone()).subject("fo1");
        let call = follow(&call, serde_json::from_value(direction).unwrap(), &api, &api)?;
        Ok(format!("{call:?}"))
    }

    #[test]
    fn credentials_stay_with_the_api_and_the_root_is_added() {
        let here = followed(json!({"Uri": "https://acct.sf-api.com/cifs/v3/Items", "Root": "a b"})).unwrap();
        assert!(here.contains("auth: Api") && here.contains("root="), "{here}");
        let there = followed(json!({"Uri": "https://zone.example/cifs/v3/Items?Root=x", "Root": "y"})).unwrap();
        assert!(there.contains("auth: None") && !there.contains("Items?"), "{there}");
    }

    #[test]
    fn what_is_unsafe_or_unavailable_is_refused() {
        let kind = |direction| followed(direction).unwrap_err().kind();
        assert_eq!(kind(json!({"Uri": null})), ErrorKind::Unavailable);
        assert_eq!(kind(json!({"Uri": "http://zone.example/"})), ErrorKind::Insecure);
        assert_eq!(kind(json!({"Uri": "http://127.0.0.1/"})), ErrorKind::Insecure, "from https");
        assert_eq!(kind(json!({"Uri": "https://zone.example/", "Method": "POST"})), ErrorKind::Protocol);
        let error = followed(json!({"Uri": null})).unwrap_err();
        assert_eq!((error.operation(), error.subject()), (Some("Items.Children"), Some("fo1")));
    }
}
