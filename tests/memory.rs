//! How much memory one hostile page takes, of the largest size that is allowed: on every provider, for every kind of list.
//!
//! What is allocated is counted, so that the figures are the same on every machine. The pages come over a transport of the
//! test's own, which makes them piece by piece: no figure holds any of the page but what the client keeps of it. By
//! `cargo test --test memory -- --nocapture` they are printed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

#[path = "memory/json.rs"]
mod json;
#[path = "memory/page.rs"]
mod page;
#[path = "memory/xml.rs"]
mod xml;

use std::collections::HashSet;

use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use peak_alloc::PeakAlloc;
use sharesync::http::HttpConfig;
use sharesync::{
    EntryGuard, ErrorKind, ItemRef, ListOptions, RemoteStore, Result, acronis, cursor, sharefile, sharepoint,
};

use page::{Canned, Page};

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// Held by each test, so that nothing else allocates meanwhile.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Bytes that one page may take.
const LIMIT: usize = 100 << 20;

/// How much of a page is read first.
const PARTS: usize = 16;

/// Pages that are read with their whole length in any case.
const WHOLE_PAGES: &[&str] =
    &["long names", "one giant string", "one giant string of escapes", "one entry of long texts"];

const SITE: &str = "http://127.0.0.1:1/";
const ID: &str = "be100e28-dd1c-4f2f-8e83-acdb6fffff05";

/// Reads one page, and gives how many entries it had.
type Read = fn(Canned) -> BoxFuture<'static, Result<usize>>;

fn config() -> HttpConfig {
    HttpConfig::new().with_max_attempts(1)
}

async fn sharefile(wire: Canned) -> Result<sharefile::Client> {
    let client = sharefile::Client::builder_at(SITE).access_token("t").http_config(config());
    client.transport(wire.into_transport()).connect().await
}

async fn acronis(wire: Canned) -> Result<acronis::Client> {
    let client = acronis::Client::builder_at(SITE).access_token("t").http_config(config());
    client.transport(wire.into_transport()).connect().await
}

async fn cursor(wire: Canned) -> Result<cursor::Client> {
    let client = cursor::Client::builder(SITE).access_token("t").http_config(config());
    client.transport(wire.into_transport()).connect().await
}

async fn sharepoint(wire: Canned) -> Result<sharepoint::Client> {
    let client = sharepoint::Client::builder(SITE).auth(sharepoint::Auth::bearer("t")).http_config(config());
    client.transport(wire.into_transport()).connect().await
}

/// Lists a folder by a store, up to so many pages: those of the service, or those that the store makes of one answer.
async fn list(store: impl RemoteStore, options: ListOptions, most: usize) -> Result<usize> {
    let mut pages = store.list(&ItemRef::Id("fo1".into()), options).take(most);
    let mut count = 0;
    while let Some(page) = pages.try_next().await? {
        count += page.items.len();
    }
    Ok(count)
}

/// Lists of JSON: what reads them, and what stands before and behind the entries.
const LISTS: &[(&str, &str, &str, Read)] = &[
    ("ShareFile, a page of 1000", r#"{"odata.count":1,"value":["#, "]}", |wire| {
        async { list(sharefile(wire).await?.store(), ListOptions::new(), 1).await }.boxed()
    }),
    ("ShareFile, a page of any size", r#"{"value":["#, "]}", |wire| {
        async { Ok(sharefile(wire).await?.items().children("fo1", &sharefile::Query::new()).await?.value.len()) }
            .boxed()
    }),
    ("ShareFile, shares", r#"{"value":["#, "]}", |wire| {
        let options = sharefile::ListSharesOptions::default();
        async { Ok(sharefile(wire).await?.shares().list(options).await?.value.len()) }.boxed()
    }),
    ("Acronis, a page of 1000", "[", "]", |wire| {
        async { list(acronis(wire).await?.store(), ListOptions::new().with_page_size(1000), 1).await }.boxed()
    }),
    ("Acronis, a page of any size", "[", "]", |wire| {
        let paging = acronis::Paging::new();
        async move { Ok(acronis(wire).await?.nodes().contents("0", &paging).await?.items.len()) }.boxed()
    }),
    ("cursor, a whole folder", r#"{"items":["#, r#"],"path":"/a"}"#, |wire| {
        async { list(cursor(wire).await?.store("shr_1"), ListOptions::new(), usize::MAX).await }.boxed()
    }),
    ("cursor, a whole folder in memory", r#"{"items":["#, r#"],"path":"/a"}"#, |wire| {
        async { Ok(cursor(wire).await?.folders().children("f", "s", false).await?.items.unwrap_or_default().len()) }
            .boxed()
    }),
    ("cursor, changes", r#"{"changes":["#, r#"],"cursor":1,"has_more":false}"#, |wire| {
        let query = cursor::ChangeQuery::new();
        async move { Ok(cursor(wire).await?.sync().changes(&query).await?.changes.len()) }.boxed()
    }),
    ("cursor, devices", "[", "]", |wire| async { Ok(cursor(wire).await?.devices().list().await?.len()) }.boxed()),
    ("SharePoint, a folder", r#"{"d":{"results":["#, "]}}", |wire| folder(wire, 5000)),
    ("SharePoint, a folder in pages of any size", r#"{"value":["#, "]}", |wire| folder(wire, u32::MAX)),
    ("SharePoint, the log", r#"{"value":["#, "]}", |wire| {
        let query = sharepoint::model::ChangeQuery::new();
        async move { Ok(sharepoint(wire).await?.changes().get(ID.parse().unwrap(), &query).await?.len()) }.boxed()
    }),
];

fn folder(wire: Canned, size: u32) -> BoxFuture<'static, Result<usize>> {
    let target = sharepoint::Target::Id(ID.parse().unwrap());
    async move {
        let page = sharepoint(wire).await?.folders().children(&target, size).next().await?;
        Ok(match page {
            Some(sharepoint::FolderPage::Folders(folders)) => folders.len(),
            Some(sharepoint::FolderPage::Files(files)) => files.len(),
            _ => 0,
        })
    }
    .boxed()
}

/// Answers of JSON that are no lists.
const ENTITIES: &[(&str, Read)] = &[
    ("ShareFile, an item", |wire| {
        async { sharefile(wire).await?.items().get("fi1", &sharefile::Query::new()).await.map(|_| 1) }.boxed()
    }),
    ("Acronis, a node", |wire| async { acronis(wire).await?.undocumented().node("n").await.map(|_| 1) }.boxed()),
    ("cursor, a file", |wire| async { cursor(wire).await?.files().get("f").await.map(|_| 1) }.boxed()),
    ("SharePoint, a folder itself", |wire| {
        let target = sharepoint::Target::Id(ID.parse().unwrap());
        async move { sharepoint(wire).await?.folders().get(&target).await.map(|_| 1) }.boxed()
    }),
];

/// Bytes of the largest list, and of the largest answer that is none.
const LIST: usize = 64 << 20;
const WHOLE: usize = 16 << 20;
/// Lists of FilesAnywhere have no largest size, because nothing of them is kept.
const STREAMED: usize = 12 << 20;

/// Documents of XML: what reads them, the frame that entries stand in, and how long it is.
const DOCUMENTS: &[(&str, xml::Frame, usize, Read)] = &[
    ("SharePoint, a folder in Atom", xml::FEED, LIST, |wire| folder(wire, u32::MAX)),
    ("SharePoint, a folder itself in Atom", xml::FEED, WHOLE, |wire| {
        let target = sharepoint::Target::Id(ID.parse().unwrap());
        async move { sharepoint(wire).await?.folders().get(&target).await.map(|_| 1) }.boxed()
    }),
    ("SharePoint, the feed of the sync service", xml::WEB3S, LIST, |wire| {
        let options = sharepoint::FeedOptions::new();
        async move {
            let sync = sharepoint(wire).await?.sync(ID.parse().unwrap());
            Ok(sync.changes(None, &options).await?.items.len())
        }
        .boxed()
    }),
    ("FilesAnywhere, a folder", xml::LIST_ITEMS, STREAMED, |wire| async { xml::list_items(wire).await }.boxed()),
    ("FilesAnywhere, the folders of the account", xml::ALL_ITEMS, LIST, |wire| {
        async { xml::folder_numbers(wire).await }.boxed()
    }),
    ("FilesAnywhere, the changes", xml::CHANGE_LIST, STREAMED, |wire| async { xml::change_list(wire).await }.boxed()),
];

/// What something gives, and the peak of what was allocated meanwhile.
async fn peak_of<T>(something: impl Future<Output = T>) -> (T, usize) {
    ALLOCATED.reset_peak_usage();
    let before = ALLOCATED.current_usage();
    let given = something.await;
    (given, ALLOCATED.peak_usage().saturating_sub(before))
}

/// Reads a page and gives the peak.
async fn measure(what: &str, page: &Page, read: Read, headers: page::Headers) -> usize {
    let (outcome, peak) = peak_of(read(Canned::new(page.clone(), headers))).await;
    let said = match &outcome {
        Ok(entries) => format!("{entries} entries"),
        Err(error) => {
            // Of SharePoint, a folder that has no identifier is none.
            let kinds = [ErrorKind::TooLarge, ErrorKind::Protocol, ErrorKind::Network, ErrorKind::NotFound];
            assert!(kinds.contains(&error.kind()), "{what}, {}: {error:?}", page.name);
            format!("{:?}", error.kind())
        }
    };
    let mib = |bytes: usize| bytes as f64 / f64::from(1 << 20);
    println!("{:>5.1} MiB for {:>4.1} MiB  {what}: {} ({said})", mib(peak), mib(page.len()), page.name);
    peak
}

/// The peak of a page that is read with as much of its length as matters.
///
/// A part that was refused before its end tells what the whole does, which begins the same. One that was read to its end
/// and took little tells it as well: the whole takes no more than in proportion, or twice that where a buffer grows.
async fn peak(what: &str, page: &Page, read: Read, headers: page::Headers) -> usize {
    let part = page.part(PARTS);
    let peak = measure(what, &part, read, headers).await;
    let tells_all = !part.was_read_to_its_end() || 2 * PARTS * peak < LIMIT;
    if tells_all && !WHOLE_PAGES.contains(&page.name) { peak } else { measure(what, page, read, headers).await }
}

#[tokio::test(flavor = "current_thread")]
async fn one_hostile_page_takes_less_than_100_mib() {
    let _alone = ALONE.lock().await;
    let mut beyond = Vec::new();
    let mut check = |what: &str, page: &Page, peak: usize| {
        if peak >= LIMIT {
            beyond.push(format!("{what}: {}: {} MiB", page.name, peak >> 20));
        }
    };
    let config = HttpConfig::new();
    assert_eq!((config.max_list, config.max_answer), (LIST, WHOLE));
    let mut providers = HashSet::new();
    for (what, before, after, read) in LISTS {
        let shapes = match *what {
            // What is put aside is read to its end, whatever it is: there a few shapes tell all.
            "cursor, a whole folder" => Some(json::PUT_ASIDE),
            // What is refused before an entry is decoded is tried on one list of each provider.
            _ => (!providers.insert(what.split(',').next())).then_some(json::DECODED),
        };
        let tried = |page: &Page| shapes.is_none_or(|shapes| shapes.contains(&page.name));
        for page in json::lists(before, after, config.max_list).filter(tried) {
            check(what, &page, peak(what, &page, *read, page::JSON).await);
        }
    }
    for (what, read) in ENTITIES {
        // One function reads them all; what differs is what unknown fields become.
        let all = *what == "ShareFile, an item";
        for page in json::entities(config.max_answer).filter(|page| all || json::ANY_ENTITY.contains(&page.name)) {
            check(what, &page, peak(what, &page, *read, page::JSON).await);
        }
    }
    for (what, frame, size, read) in DOCUMENTS {
        for page in frame.pages(*size) {
            check(what, &page, peak(what, &page, *read, page::XML).await);
        }
    }
    assert!(beyond.is_empty(), "{beyond:#?}");
}

/// Each request has a bound of its own, so the number of requests at once bounds their sum.
#[tokio::test(flavor = "current_thread")]
async fn hostile_pages_at_once_are_bounded_by_the_concurrency() {
    let _alone = ALONE.lock().await;
    let lists = json::lists(r#"{"value":["#, "]}", LIST);
    let page = lists.into_iter().find(|page| page.name == "long names").unwrap();
    let peak_at = async |concurrency| {
        let wire = Canned::new(page.clone(), page::JSON).into_transport();
        let builder = sharefile::Client::builder_at(SITE).access_token("t").transport(wire);
        let items = builder.http_config(config().with_concurrency(concurrency)).connect().await.unwrap().items();
        let query = sharefile::Query::new();
        let (lists, peak) = peak_of(futures::future::join_all((0..4).map(|_| items.children("fo1", &query)))).await;
        assert!(lists.iter().all(|list| list.as_ref().is_err_and(|error| error.kind() == ErrorKind::TooLarge)));
        peak
    };
    assert!(peak_at(2).await < LIMIT);
    assert!(peak_at(4).await > LIMIT, "four are read at the same time");
}

/// A call that gathers pages has a bound for all of them.
#[tokio::test(flavor = "current_thread")]
async fn pages_that_are_gathered_take_less_than_100_mib_together() {
    let _alone = ALONE.lock().await;
    let entry = format!(r#",{{"LeafName":"{}"}}"#, "x".repeat(44 << 10));
    let page = move |skip: usize| {
        let first = format!(r#"{{"value":[{{"Id":"be100e28-dd1c-4f2f-8e83-{:012}"}}"#, skip + 1);
        // Where nothing refuses it, it ends.
        let entries = if skip < 5000 { 999 } else { 0 };
        Page::repeating("long names", &first, &entry, entries, "]}")
    };
    let wire = Canned::new(page(0), page::JSON).unless(move |request| {
        let skip = request.uri().query()?.split("$skip=").nth(1)?;
        Some(page(skip.parse().unwrap()))
    });
    let bin = sharepoint(wire).await.unwrap().recycle_bin();
    let (read, peak) = peak_of(bin.list()).await;
    let error = read.unwrap_err();
    assert!(error.kind() == ErrorKind::TooLarge && error.to_string().contains("the items would take"), "{error}");
    assert!(peak < LIMIT, "{} MiB", peak >> 20);
}

/// What tells the entries of a list apart grows with it, and not beyond a bound.
#[tokio::test(flavor = "current_thread")]
async fn three_million_entries_are_told_apart_in_less_than_100_mib() {
    let _alone = ALONE.lock().await;
    let (mut entries, most) = (0_usize, 3_000_000);
    let all = async {
        let mut guard = EntryGuard::new();
        while guard.check().is_ok() {
            entries += usize::from(guard.note(entries, 1).is_none());
        }
        guard.len()
    };
    let (noted, peak) = peak_of(all).await;
    assert!(noted == most && entries == most + 1 && peak < LIMIT, "{noted} entries, {} MiB", peak >> 20);
}

/// What is not hostile is read: the largest pages that are asked for, and a folder of 100,000 where there are no pages.
#[tokio::test(flavor = "current_thread")]
async fn large_pages_of_healthy_services_are_read() {
    let _alone = ALONE.lock().await;
    for (what, entry, entries) in json::HEALTHY {
        let (_, before, after, read) = LISTS.iter().find(|(name, ..)| name == what).unwrap();
        let page = Page::repeating("healthy", before, &format!("{entry},"), *entries, &format!("{entry}{after}"));
        let read = read(Canned::new(page, page::JSON)).await;
        assert_eq!(read.map_err(|error| error.to_string()), Ok(*entries + 1), "{what}");
    }
}

/// What was asked for bounds what is believed.
#[tokio::test(flavor = "current_thread")]
async fn more_entries_than_asked_for_are_refused() {
    let _alone = ALONE.lock().await;
    for (what, entry, asked) in json::ASKED {
        let (_, before, after, read) = LISTS.iter().find(|(name, ..)| name == what).unwrap();
        let page = Page::repeating("one too many", before, &format!("{entry},"), *asked, &format!("{entry}{after}"));
        let error = read(Canned::new(page, page::JSON)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{what}: {error}");
        assert!(error.to_string().contains(&format!("the {asked} entries that were asked for")), "{what}: {error}");
    }
}
