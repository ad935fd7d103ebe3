//! Walking through the pages of a feed, so that nothing is lost, nothing comes twice, and there is an end.

use futures::{StreamExt as _, stream};
use serde::de::DeserializeOwned;
use sharesync_core::http::Call;
use sharesync_core::{BoxStream, EntryGuard, Error, ErrorKind, Page, PageGuard, Result};
use url::Url;

use crate::answer::Located;
use crate::client::Client;
use crate::model::Feed;
use crate::redirection::failure;

/// Pages in a row without anything new, after which the listing is taken for endless.
const MOST_IDLE: u32 = 100;

/// Times that a listing is read again from its beginning because it changed while it was read.
const MOST_PASSES: u8 = 3;

/// All pages of a feed. `key` tells its entities apart.
pub(crate) fn pages<T>(
    client: Client,
    call: Result<Call>,
    key: fn(&T) -> Option<String>,
) -> BoxStream<'static, Result<Page<T>>>
where
    T: DeserializeOwned + Send + 'static,
{
    let first = match call {
        Ok(call) => call,
        Err(error) => return stream::once(async { Err(error) }).boxed(),
    };
    let walk = Walk::new(first);
    stream::try_unfold(walk, move |mut walk| {
        let client = client.clone();
        async move {
            let Some(call) = walk.next.take() else {
                return Ok(None);
            };
            let Located { value: feed, url } = client.read_feed(call).await?;
            let Feed { value: mut items, count, next_link } = feed;
            let got = items.len() as u64;
            let (mut fresh, mut repeated) = (0, 0);
            items.retain(|item| match key(item).map(|key| walk.note(&key)) {
                Some(Some(pass)) => {
                    repeated += u64::from(pass == walk.passes);
                    false
                }
                Some(None) => {
                    fresh += 1;
                    true
                }
                None => true,
            });
            let seen = Seen { url, count, got, repeated, fresh };
            walk.plan(&seen, next_link.as_deref(), client.base_url())?;
            Ok(Some((Page::new(items).with_total(count), walk)))
        }
    })
    .boxed()
}

/// What a page was.
struct Seen {
    /// Where it came from.
    url: Url,
    /// How many entities there are in all pages.
    count: Option<u64>,
    /// How many it held.
    got: u64,
    /// How many of them were seen before in the same pass: they take no place of their own.
    repeated: u64,
    /// How many of them were not seen before.
    fresh: u64,
}

/// Where a listing stands.
struct Walk {
    first: Call,
    next: Option<Call>,
    /// The entities before the next page, in this pass.
    offset: u64,
    count: Option<u64>,
    changed: bool,
    passes: u8,
    idle: u32,
    /// Whether the page was asked for by `$skip`.
    skipped: bool,
    /// What was seen, and in which pass last.
    keys: EntryGuard,
    guard: PageGuard,
}

impl Walk {
    fn new(first: Call) -> Self {
        Self {
            next: Some(first.clone()),
            offset: option(first.url(), "$skip").unwrap_or(0),
            first,
            count: None,
            changed: false,
            passes: 1,
            idle: 0,
            skipped: false,
            keys: EntryGuard::new(),
            guard: PageGuard::new(),
        }
    }

    /// Notes a key; the pass in which it was seen before, if it was.
    fn note(&mut self, key: &str) -> Option<u8> {
        self.keys.note(key, self.passes)
    }

    /// Decides what the next page is, if there is one.
    fn plan(&mut self, page: &Seen, link: Option<&str>, api: &Url) -> Result<()> {
        self.keys.check().map_err(|error| self.described(error))?;
        // A page of nothing but repeated entities is passed by, unless a link led to it: its place must not be asked for
        // again.
        let passed_by = self.skipped && page.repeated == page.got;
        self.offset += if passed_by { page.got } else { page.got - page.repeated };
        self.changed |= self.count.is_some() && page.count.is_some() && self.count != page.count;
        self.count = page.count.or(self.count);
        self.idle = if page.fresh == 0 { self.idle + 1 } else { 0 };
        if self.idle > MOST_IDLE {
            return Err(self.failure(ErrorKind::Protocol, "the listing goes on without anything new"));
        }
        let next = match link {
            Some(link) => Some(self.linked(link, &page.url)?),
            None => self.skipped(page)?,
        };
        self.skipped = link.is_none();
        if let Some(url) = next {
            let call = self.first.elsewhere(url.clone());
            self.next = Some(if url.origin() == api.origin() { call } else { call.presigned() });
        } else if self.changed && self.passes < MOST_PASSES {
            // What was deleted or created meanwhile has shifted entities from one page to another.
            tracing::debug!("the listing changed while it was read; looking for what was missed");
            self.passes += 1;
            self.changed = false;
            self.guard = PageGuard::new();
            self.offset = option(self.first.url(), "$skip").unwrap_or(0);
            self.next = Some(self.first.clone());
        }
        Ok(())
    }

    /// The next page by the service's own link.
    fn linked(&mut self, link: &str, from: &Url) -> Result<Url> {
        let url = from
            .join(link)
            .map_err(|_| self.failure(ErrorKind::Protocol, "the link to the next page is no address"))?;
        if url.origin() != from.origin() {
            let message = format!("the link to the next page leads to {}", url.origin().ascii_serialization());
            return Err(self.failure(ErrorKind::Insecure, message));
        }
        let followed = self.guard.follow(url.as_str());
        followed.map_err(|error| self.described(error))?;
        Ok(url)
    }

    /// The next page by `$skip`, where there is no link.
    fn skipped(&self, page: &Seen) -> Result<Option<Url>> {
        let stale = page.fresh == 0 && self.passes == 1;
        let more = match self.count {
            // An empty folder that is not one: taken as such, everything in it would seem to be gone.
            Some(count) if page.got == 0 && self.keys.is_empty() && self.offset < count && !self.changed => {
                let message = format!("the service counts {count} entities and sends none of them");
                return Err(self.failure(ErrorKind::Protocol, message));
            }
            _ if page.got == 0 => false,
            // What is created meanwhile pushes entities back to the next page: that alone is no fault.
            Some(count) if stale && self.skipped && !self.changed && (self.keys.len() as u64) < count => {
                let message = format!("the listing repeats itself after {} of {count} entities", self.keys.len());
                return Err(self.failure(ErrorKind::Protocol, message));
            }
            Some(count) => self.offset < count,
            None if stale => false,
            None => option(&page.url, "$top").is_none_or(|top| page.got >= top),
        };
        Ok(more.then(|| with_skip(&page.url, self.offset)))
    }

    fn described(&self, error: Error) -> Error {
        self.first.describe(error).with_provider(crate::PROVIDER)
    }

    fn failure(&self, kind: ErrorKind, message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
        failure(&self.first, kind, message)
    }
}

/// A number among the options of an address.
pub(crate) fn option(url: &Url, wanted: &str) -> Option<u64> {
    let found = url.query_pairs().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
    found.and_then(|(_, value)| value.parse().ok())
}

/// The same address with another `$skip`.
fn with_skip(url: &Url, skip: u64) -> Url {
    let mut next = url.clone();
    let others = url.query_pairs().filter(|(name, _)| !name.eq_ignore_ascii_case("$skip"));
    next.query_pairs_mut().clear().extend_pairs(others).append_pair("$skip", &skip.to_string());
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    const API: &str = "https://a.example/sf/v3/";

    fn walk() -> Walk {
        Walk::new(Call::get("Items.Children", Url::parse(&format!("{API}Items(fo1)/Children?$top=2")).unwrap()))
    }

    /// Plans after a page of these keys, and says what the next page is.
    fn plan(walk: &mut Walk, keys: &[&str], count: Option<u64>, link: Option<&str>) -> Result<Option<String>> {
        let call = walk.next.take().unwrap();
        let before: Vec<_> = keys.iter().map(|key| walk.note(key)).collect();
        let fresh = before.iter().filter(|pass| pass.is_none()).count() as u64;
        let repeated = before.iter().filter(|pass| **pass == Some(walk.passes)).count() as u64;
        let seen = Seen { url: call.url().clone(), count, got: keys.len() as u64, repeated, fresh };
        walk.plan(&seen, link, &Url::parse(API).unwrap())?;
        Ok(walk.next.as_ref().map(|call| call.url().to_string()))
    }

    #[test]
    fn pages_are_skipped_to_until_the_count_is_reached() {
        let mut walk = walk();
        let next = plan(&mut walk, &["a", "b"], Some(3), None).unwrap().unwrap();
        assert!(next.ends_with("?%24top=2&%24skip=2"), "{next}");
        assert_eq!(plan(&mut walk, &["c"], Some(3), None).unwrap(), None);
    }

    #[test]
    fn without_a_count_a_short_page_is_the_last() {
        let mut walk = walk();
        assert!(plan(&mut walk, &["a", "b"], None, None).unwrap().is_some());
        assert_eq!(plan(&mut walk, &["c"], None, None).unwrap(), None);
    }

    #[test]
    fn a_link_is_followed_within_its_origin_and_once() {
        let mut walk = walk();
        let link = "/sf/v3/Items(fo1)/Children?page=2";
        let next = plan(&mut walk, &["a"], Some(3), Some(link)).unwrap().unwrap();
        assert_eq!(next, "https://a.example/sf/v3/Items(fo1)/Children?page=2");
        let error = plan(&mut walk, &["b"], Some(3), Some(link)).unwrap_err();
        assert_eq!((error.kind(), error.operation()), (ErrorKind::Protocol, Some("Items.Children")));
        for link in ["https://b.example/", "http://a.example/sf/v3/Items(fo1)/Children"] {
            let error = plan(&mut super::tests::walk(), &["a"], None, Some(link)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Insecure, "{link}");
        }
    }

    #[test]
    fn a_service_that_ignores_the_option_is_noticed() {
        let mut walk = walk();
        plan(&mut walk, &["a", "b"], Some(4), None).unwrap();
        assert_eq!(plan(&mut walk, &["a", "b"], Some(4), None).unwrap_err().kind(), ErrorKind::Protocol);
    }

    #[test]
    fn a_listing_that_changed_is_read_again() {
        let mut walk = walk();
        plan(&mut walk, &["a", "b"], Some(4), None).unwrap();
        let next = plan(&mut walk, &["d"], Some(3), None).unwrap().unwrap();
        assert!(next.ends_with("?$top=2"), "from the beginning: {next}");
        plan(&mut walk, &["b", "c"], Some(3), None).unwrap();
        assert_eq!(plan(&mut walk, &["d"], Some(3), None).unwrap(), None);
        assert_eq!(walk.keys.len(), 4);
    }

    #[test]
    fn entities_created_meanwhile_push_others_back_and_lose_none() {
        let mut walk = walk();
        plan(&mut walk, &["a", "b"], Some(4), None).unwrap();
        // Two came before them, so that the next page is the same again.
        let next = plan(&mut walk, &["a", "b"], Some(6), None).unwrap().unwrap();
        assert!(next.ends_with("%24skip=4"), "{next}");
        let next = plan(&mut walk, &["c", "d"], Some(6), None).unwrap().unwrap();
        assert!(next.ends_with("?$top=2"), "from the beginning, for what came: {next}");
    }

    #[test]
    fn a_listing_that_always_has_something_new_is_an_error_in_the_end() {
        for link in [true, false] {
            let mut walk = Walk { keys: EntryGuard::new().with_most(100), ..walk() };
            let error = (0..).find_map(|page| {
                let keys = [(2 * page).to_string(), (2 * page + 1).to_string()];
                let next = link.then(|| format!("?page={page}"));
                plan(&mut walk, &[&keys[0], &keys[1]], None, next.as_deref()).err()
            });
            let error = error.unwrap();
            assert_eq!((error.kind(), error.operation()), (ErrorKind::TooLarge, Some("Items.Children")));
            assert!(error.to_string().contains("more than 100 entries"), "{error}");
            assert_eq!(walk.keys.len(), 100);
        }
    }

    #[test]
    fn endless_links_end() {
        let mut walk = walk();
        let error = (0..).find_map(|page| plan(&mut walk, &["a"], None, Some(&format!("?page={page}"))).err());
        assert_eq!(error.unwrap().kind(), ErrorKind::Protocol);
    }
}
