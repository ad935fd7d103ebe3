//! What of a URL may be shown. Everything not known to be harmless is left out.

use url::Url;

/// Query parameters whose values name things or shape answers, and never grant access.
const SHOWN: &[&str] = &[
    "$expand",
    "$filter",
    "$orderby",
    "$select",
    "$skip",
    "$top",
    "byteoffset",
    "cursor_position",
    "deletepermanently",
    "finish",
    "fmt",
    "forcesync",
    "includedeleted",
    "index",
    "limit",
    "overwrite",
    "page",
    "path",
    "per_page",
    "redirect",
    "singleversion",
    "size",
    "targetid",
];

/// Scheme, host and port alone.
pub fn redacted(url: &Url) -> String {
    format!("{}/[redacted]", url.origin().ascii_serialization())
}

/// The URL without user information and fragment, and with the values of all query parameters but the harmless ones
/// replaced by `[redacted]`.
pub fn redacted_url(url: &Url) -> String {
    let mut shown = format!("{}{}", url.origin().ascii_serialization(), url.path());
    for (index, (name, value)) in url.query_pairs().enumerate() {
        let harmless = SHOWN.contains(&name.to_ascii_lowercase().as_str());
        let value = if harmless { &value } else { "[redacted]" };
        shown.extend([if index == 0 { "?" } else { "&" }, &name, "=", value]);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_parameters_and_user_information_are_hidden() {
        let url = Url::parse("https://user:hush@h.example/a/b?$top=5&h=hush&access_token=hush#hush").unwrap();
        assert_eq!(redacted_url(&url), "https://h.example/a/b?$top=5&h=[redacted]&access_token=[redacted]");
        assert_eq!(redacted(&url), "https://h.example/[redacted]");
    }
}
