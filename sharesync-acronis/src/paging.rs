//! Walking through the pages of a list, so that nothing is lost, nothing comes twice, and there is an end.

use futures::future::BoxFuture;
use futures::{StreamExt as _, stream};
use sharesync_core::{BoxStream, EntryGuard, Error, ErrorKind, Page, Result};

use crate::PROVIDER;
use crate::model::wire::entity;

/// How many entries are asked for at once unless the caller says. The document names neither a default nor a maximum.
pub(crate) const PER_PAGE: u32 = 100;

/// Pages in a row without anything new, after which the list is taken for endless. A few are no fault: what is created
/// while a list is read shifts entries that were read already to the next page.
const MOST_IDLE: u32 = 20;

/// How often a list is read from its beginning because a page of it was not what it should have been.
const MOST_PASSES: u8 = 3;

entity! {
    /// Which page of a list is wanted. Neither a default nor a maximum is documented.
    Paging {
        /// The number of the page, from 1.
        page (with_page): i64,
        /// How many entries there are in a page.
        per_page (with_per_page): i64,
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listed<T> {
    /// What it holds, in the service's order.
    pub items: Vec<T>,
    /// Whether the service says that this is the whole list (status 200) and not a part of it (206).
    pub complete: bool,
}

/// All pages of a list. `key` tells its entries apart.
///
/// The numbers of pages are all that the service offers to go on with. A page that holds only what was there before has
/// taken the place of one that may hold something else, so the list is then read once more from its beginning. An entry
/// that is pushed to an earlier page by a deletion while the list is being read can be missed.
pub(crate) fn pages<T, F>(
    operation: &'static str,
    per_page: u32,
    key: fn(&T) -> Option<&str>,
    fetch: F,
) -> BoxStream<'static, Result<Page<T>>>
where
    T: Send + 'static,
    F: Fn(Paging) -> BoxFuture<'static, Result<Listed<T>>> + Send + 'static,
{
    let walk = Walk::new(per_page.max(1));
    stream::try_unfold((walk, fetch), move |(mut walk, fetch)| async move {
        let Some(paging) = walk.next() else { return Ok(None) };
        let mut listed = fetch(paging).await?;
        let mut got = Got { entries: listed.items.len(), ..Got::default() };
        // An entry without a key is handed on, but it is no sign that the list goes on.
        listed.items.retain(|entry| {
            let Some(key) = key(entry) else { return walk.pass == 1 };
            let before = walk.note(key);
            got.keyed += 1;
            got.fresh += usize::from(before != Some(walk.pass));
            before.is_none()
        });
        walk.plan(got, listed.complete).map_err(|error| error.with_provider(PROVIDER).with_operation(operation))?;
        Ok(Some((Page::new(listed.items), (walk, fetch))))
    })
    .boxed()
}

/// What a page held.
#[derive(Default)]
struct Got {
    entries: usize,
    /// Of these, how many can be told apart.
    keyed: usize,
    /// Of these, how many are new since the list was begun.
    fresh: usize,
}

/// Where a listing stands.
struct Walk {
    per_page: u32,
    page: Option<i64>,
    idle: u32,
    /// How often the list was begun, and whether this time something may have been missed.
    pass: u8,
    doubtful: bool,
    /// The entries, by the last pass that they were seen in.
    seen: EntryGuard,
}

impl Walk {
    fn new(per_page: u32) -> Self {
        Self { per_page, page: Some(1), idle: 0, pass: 1, doubtful: false, seen: EntryGuard::new() }
    }

    fn next(&self) -> Option<Paging> {
        self.page.map(|page| Paging::new().with_page(page).with_per_page(self.per_page))
    }

    /// Remembers an entry, and gives the pass in which it was seen before.
    fn note(&mut self, key: &str) -> Option<u8> {
        self.seen.note(key, self.pass)
    }

    /// Decides whether there is another page.
    fn plan(&mut self, got: Got, complete: bool) -> Result<()> {
        self.idle = if got.fresh == 0 { self.idle + 1 } else { 0 };
        self.doubtful |= got.keyed > 0 && got.fresh == 0 && !complete;
        // A page may be short because the service's maximum is below what was asked for. One that is called the whole
        // list and is exactly full may still be one of several: looking costs a request, not looking could cost entries.
        let more = got.entries > 0 && (!complete || got.fresh > 0 && got.entries == self.per_page as usize);
        let again = !more && self.doubtful;
        if more && self.idle > MOST_IDLE || again && self.pass >= MOST_PASSES {
            let message = "the list repeats itself: the service says that there is more, and sends what it has sent";
            return Err(Error::new(ErrorKind::Protocol, message));
        }
        self.seen.check()?;
        self.page = self.page.filter(|_| more).map(|page| page + 1);
        if again {
            (self.page, self.pass, self.idle, self.doubtful) = (Some(1), self.pass + 1, 0, false);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use futures::{FutureExt as _, TryStreamExt as _};

    use super::*;

    /// Answers for a page and a page size: entries, and whether that is all.
    type Serve = fn(usize, usize) -> (Vec<u32>, bool);

    /// Reads a list from a service that answers by `serve`.
    fn read(per_page: u32, serve: Serve) -> Result<Vec<String>> {
        let fetch = move |paging: Paging| {
            let number = |value: Option<i64>| value.map(|value| value as usize).unwrap();
            let (items, complete) = serve(number(paging.page), number(paging.per_page));
            let items = items.into_iter().map(|item| item.to_string()).collect();
            async move { Ok(Listed { items, complete }) }.boxed()
        };
        let all = pages("Test.List", per_page, |entry: &String| Some(entry), fetch);
        let items =
            all.map_ok(|page| stream::iter(page.items.into_iter().map(Ok))).try_flatten().try_collect::<Vec<_>>();
        items.now_or_never().unwrap()
    }

    /// The part of a list of ten that is on a page.
    fn part(page: usize, size: usize) -> Vec<u32> {
        (0..10).skip((page - 1) * size).take(size).collect()
    }

    fn ten() -> Vec<String> {
        (0..10).map(|number| number.to_string()).collect()
    }

    #[test]
    fn every_way_to_end_a_list_is_understood() {
        let services: [(&str, Serve); 6] = [
            ("the last page is complete", |page, size| (part(page, size), page * size >= 10)),
            ("every page is a part", |page, size| (part(page, size), false)),
            ("every page is complete", |page, size| (part(page, size), true)),
            ("paging is ignored", |_, _| ((0..10).collect(), true)),
            ("pages shrink", |page, _| (part(page, 3), page > 3)),
            ("pages overlap", |page, _| ((0..10).skip((page - 1) * 2).take(3).collect(), page > 4)),
        ];
        for (what, serve) in services {
            for per_page in [1, 3, 5, 10, 100] {
                if per_page == 1 && what == "pages shrink" {
                    continue;
                }
                assert_eq!(read(per_page, serve).unwrap(), ten(), "{what}, {per_page}");
            }
        }
    }

    #[test]
    fn a_list_without_an_end_is_an_error() {
        assert_eq!(read(5, |_, _| ((0..5).collect(), false)).unwrap_err().kind(), ErrorKind::Protocol);
        let alternating = read(2, |page, _| (vec![page as u32 % 2, 7], false));
        assert_eq!(alternating.unwrap_err().kind(), ErrorKind::Protocol);
    }

    #[test]
    fn a_list_that_always_has_something_new_is_an_error_in_the_end() {
        let mut walk = Walk { seen: EntryGuard::new().with_most(100), ..Walk::new(2) };
        let endless = std::iter::from_fn(|| {
            let page = walk.next()?.page?;
            let fresh = [2 * page, 2 * page + 1].iter().filter(|entry| walk.note(&entry.to_string()).is_none()).count();
            Some(walk.plan(Got { entries: 2, keyed: 2, fresh }, false))
        });
        let failed = endless.take(1000).find_map(Result::err).unwrap();
        assert_eq!(failed.kind(), ErrorKind::TooLarge);
        assert_eq!((walk.seen.len(), walk.page), (100, Some(51)), "no more than one page too many was read");
    }

    #[test]
    fn entries_without_a_key_are_handed_on_and_have_an_end_too() {
        let keyless = |total: usize| {
            let fetch = move |paging: Paging| {
                let (page, size) = (paging.page.unwrap() as usize, paging.per_page.unwrap() as usize);
                let left = total.saturating_sub((page - 1) * size);
                let items = vec![(); left.min(size)];
                async move { Ok(Listed { items, complete: left <= size }) }.boxed()
            };
            let read = pages("Test.List", 5, |(): &()| None, fetch).try_collect::<Vec<_>>().now_or_never().unwrap();
            read.map(|pages| pages.iter().map(|page| page.items.len()).sum::<usize>())
        };
        assert_eq!(keyless(12).unwrap(), 12);
        assert_eq!(keyless(usize::MAX).unwrap_err().kind(), ErrorKind::Protocol);
    }

    #[test]
    fn entries_pushed_to_the_next_page_come_once() {
        assert_eq!(read_as_it_grows(&[2, 3, 4]).unwrap(), ["2", "3", "4", "0", "1"]);
    }

    #[test]
    fn a_page_sent_in_place_of_another_one_loses_nothing() {
        let read = read(2, |page, _| {
            (vec![[0, 1], [0, 1], [4, 5]].into_iter().nth(page - 1).map_or(vec![], Vec::from), false)
        });
        assert_eq!(read.unwrap_err().kind(), ErrorKind::Protocol, "it stays so");
    }

    /// Reads a list of five from a service that has only these entries when the first page is asked for.
    fn read_as_it_grows(first: &'static [u32]) -> Result<Vec<String>> {
        let asked = std::sync::atomic::AtomicBool::new(false);
        let fetch = move |paging: Paging| {
            let grown = asked.swap(true, std::sync::atomic::Ordering::Relaxed);
            let all = if grown { &[0, 1, 2, 3, 4] } else { first };
            let page = all.chunks(2).nth(usize::try_from(paging.page.unwrap()).unwrap() - 1).unwrap_or_default();
            let items = page.iter().map(ToString::to_string).collect();
            async move { Ok(Listed { items, complete: false }) }.boxed()
        };
        let all = pages("Test.List", 2, |entry: &String| Some(entry), fetch);
        let items =
            all.map_ok(|page| stream::iter(page.items.into_iter().map(Ok))).try_flatten().try_collect::<Vec<_>>();
        items.now_or_never().unwrap()
    }

    proptest::proptest! {
        #[test]
        fn whatever_pages_hold_there_is_an_end_and_nothing_twice(pages in proptest::collection::vec(proptest::collection::vec(0_u32..50, 0..6), 1..40)) {
            let fetch = move |paging: Paging| {
                let index = paging.page.unwrap() as usize % pages.len();
                let items = pages[index].iter().map(ToString::to_string).collect();
                async move { Ok(Listed { items, complete: false }) }.boxed()
            };
            let listed = super::pages("Test.List", 5, |entry: &String| Some(entry), fetch)
                .map_ok(|page| stream::iter(page.items.into_iter().map(Ok::<_, Error>)))
                .try_flatten()
                .collect::<Vec<_>>()
                .now_or_never()
                .unwrap();
            let items: Vec<_> = listed.into_iter().filter_map(Result::ok).collect();
            let distinct: HashSet<_> = items.iter().collect();
            proptest::prop_assert_eq!(distinct.len(), items.len());
        }
    }
}
