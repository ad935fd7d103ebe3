//! The change feed (final document, server-side operations: "Get changes").

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use sharesync_core::http::Response;
use sharesync_core::{Error, ErrorKind, Result};

use super::Sync;
use super::read::{Body, read};
use crate::client::{bounded, checked_body, xml_body};
use crate::model::{FeedStatus, Quota, ResyncAction, SyncItem};
use crate::{Dialect, PROVIDER};

const RESPONSE_STRUCTURE: HeaderName = HeaderName::from_static("x-responsestructure");

/// How the feed is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FeedOptions {
    /// `MaxItemCount`: items in one page. 50 in the document; up to 1000 are observed.
    pub max_items: u32,
}

impl Default for FeedOptions {
    fn default() -> Self {
        Self { max_items: 500 }
    }
}

impl FeedOptions {
    /// Pages of 500 items, as newer clients ask for.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for pages of this many items.
    #[must_use]
    pub fn with_max_items(mut self, items: u32) -> Self {
        self.max_items = items.max(1);
        self
    }
}

/// One page of the feed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FeedPage {
    /// What the page is.
    pub status: FeedStatus,
    /// The root folder as the page describes it.
    pub root: Option<SyncItem>,
    /// What the page tells, a folder before what it holds.
    pub items: Vec<SyncItem>,
    /// Where to go on, as the service writes it; opaque.
    pub token: Option<String>,
    /// Whether there is another page.
    pub has_more: bool,
    /// With [`FeedStatus::ResyncNeeded`], what to do; `None` where the service does not say.
    pub resync: Option<ResyncAction>,
    /// `X-LastProcessedChange`: the token of the log of changes (observed).
    pub last_processed_change: Option<String>,
    /// How full the storage is, where the page says.
    pub quota: Option<Quota>,
}

impl Sync {
    /// Changes after a token; everything without one:
    /// `GET …/RootFolder?Filter=changes&InlineBlobs=false&MaxItemCount=…&SyncToken=…&View=SkyDriveSync`.
    ///
    /// A page is read as it arrives; its items are kept, up to [`Dialect::most_items`].
    ///
    /// # Errors
    /// [`ErrorKind::Protocol`] for a status that is not documented, or for none; [`ErrorKind::TooLarge`] for a page that
    /// would take more memory than [`LIST_MEMORY`](sharesync_core::http::LIST_MEMORY).
    pub async fn changes(&self, token: Option<&str>, options: &FeedOptions) -> Result<FeedPage> {
        let token = token.map(|token| format!("&SyncToken={}", escaped(token))).unwrap_or_default();
        let max = options.max_items;
        let path = format!("RootFolder?Filter=changes&InlineBlobs=false&MaxItemCount={max}{token}&View=SkyDriveSync");
        // What is unchanged may be answered by 304 (observed of an older service).
        let mut request = self.request("Changes", Method::GET, &path)?.with(|call| call.accept(&[304]));
        if self.client.dialect().flat {
            request = request.header(RESPONSE_STRUCTURE, HeaderValue::from_static("Flat"));
        }
        let dialect = self.client.dialect().clone();
        let limit = self.client.http_config().max_list;
        request.run(move |response| page(response, dialect.clone(), limit)).await
    }
}

async fn page(response: Response, dialect: Dialect, limit: usize) -> Result<FeedPage> {
    let (code, headers) = (response.status(), response.headers().clone());
    let header = |name: &str| text(&headers, name);
    let status = match (header("x-syncstatus"), code) {
        (None, StatusCode::NOT_MODIFIED) => FeedStatus::NoChanges,
        (None, _) => {
            // A page on which people sign in has no such header either, and says more.
            drop(xml_body(response, limit).await?);
            return Err(protocol("an answer of the change feed without X-SyncStatus"));
        }
        (Some(status), _) => FeedStatus::read(status)
            .ok_or_else(|| protocol("an answer of the change feed with an unknown X-SyncStatus"))?,
    };
    let action = dialect.resync_headers.iter().find_map(|name| header(name)).map(str::to_owned);
    let body = match (code, status) {
        (StatusCode::NOT_MODIFIED | StatusCode::NO_CONTENT, _) => Body::default(),
        // Only with changes a body is due.
        (_, FeedStatus::FullData | FeedStatus::IncrementalChanges) => {
            read(xml_body(response, limit).await?, dialect.most_items).await?
        }
        _ => match checked_body(response).await? {
            (first, _) if first.trim_ascii().is_empty() => Body::default(),
            (_, body) => read(bounded(body, limit), dialect.most_items).await?,
        },
    };
    let action = action.or_else(|| body.root.as_ref()?.resync_action.clone());
    let resync = match action {
        Some(name) if status == FeedStatus::ResyncNeeded => {
            let unknown = || protocol("an answer of the change feed with an unknown ResyncAction");
            Some(ResyncAction::read(&name).ok_or_else(unknown)?)
        }
        _ => None,
    };
    Ok(FeedPage {
        status,
        token: header("x-synctoken").map(str::to_owned).filter(|token| !token.is_empty()),
        has_more: header("x-hasmoredata").is_some_and(|more| more.eq_ignore_ascii_case("true")),
        resync,
        last_processed_change: header("x-lastprocessedchange").map(str::to_owned),
        quota: body.root.as_ref().and_then(|root| root.quota.clone()),
        root: body.root,
        items: body.items,
    })
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn protocol(message: &'static str) -> Error {
    Error::new(ErrorKind::Protocol, message).with_provider(PROVIDER)
}

/// A token as it stands in a query. The service writes it with some characters escaped already: these stay, and whatever
/// else must not stand in a query is escaped.
fn escaped(token: &str) -> String {
    let bytes = token.as_bytes();
    let mut out = String::with_capacity(bytes.len() + 16);
    for (at, byte) in bytes.iter().enumerate() {
        let is_escape = || {
            let digits = bytes.get(at + 1..at + 3);
            digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        };
        match byte {
            b'%' if is_escape() => out.push('%'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b';' | b':' | b'/' | b'=' => {
                out.push(char::from(*byte));
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_stay_and_what_must_be_is_escaped() {
        let documented = "3;%234;%231;3;be100e28-dd1c-4f2f-8e83-acdb6fffff05;636699581579070000;58172;%23;%23;%234";
        assert_eq!(escaped(documented), documented);
        assert_eq!(escaped("4;#4;a b&c+d%zz=é"), "4;%234;a%20b%26c%2Bd%25zz=%C3%A9");
    }

    proptest::proptest! {
        #[test]
        fn any_token_stays_one_parameter(token in "\\PC{0,40}") {
            let url = url::Url::parse(&format!("https://h/?SyncToken={}&View=x", escaped(&token))).unwrap();
            proptest::prop_assert_eq!(url.fragment(), None);
            proptest::prop_assert_eq!(url.query_pairs().count(), 2);
            proptest::prop_assert_eq!(escaped(&escaped(&token)), escaped(&token));
        }
    }
}
