//! What stands in front of a service and answers in its place: the pages of proxies and gateways, and a page for signing in.

use http::StatusCode;

use crate::faults::PageForm;
use crate::http::{Reply, empty, full, json, redirect as found};

/// Where [`sign_in_page`] is.
pub(crate) const SIGN_IN: &str = "/_emulator/sign-in";

/// The answer of a gateway. What is no status is a 502, as gateways have it.
pub(crate) fn page(status: u16, form: PageForm) -> Reply {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let reason = status.canonical_reason().unwrap_or("Unknown");
    let line = match status {
        StatusCode::NOT_FOUND => "404 page not found\n".to_owned(),
        _ => format!("{} {}: the upstream closed the connection\n", status.as_u16(), reason.to_ascii_lowercase()),
    };
    let title = format!("{} {reason}", status.as_u16());
    let page = format!(
        "<!DOCTYPE html>\n<html><head><title>{title}</title></head>\n<body><h1>{title}</h1><hr>gateway</body></html>\n"
    );
    match form {
        PageForm::Html => full(status, "text/html", page),
        PageForm::Text => full(status, "text/plain; charset=utf-8", line),
        PageForm::Empty => empty(status),
        PageForm::Object => json(status, "{}"),
        PageForm::Message => json(status, r#"{"message":"no Route matched with those values"}"#),
    }
}

/// A redirect to the page for signing in.
pub(crate) fn redirect(status: u16, base: &str) -> Reply {
    let mut reply = found(&format!("{base}{SIGN_IN}?returnto=%2F"));
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::FOUND);
    reply
}

/// The page for signing in, which any method gets.
pub(crate) fn sign_in_page() -> Reply {
    let page = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head>\n<body><form method=\"post\">\
                <input name=\"user\"><input name=\"password\" type=\"password\"></form></body></html>\n";
    full(StatusCode::OK, "text/html; charset=utf-8", page)
}
