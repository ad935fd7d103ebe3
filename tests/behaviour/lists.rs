//! Listing a folder: whole, page by page, while it changes, and what cannot be listed.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use sharesync::{ErrorKind, Item, ItemRef, ListOptions, Page, RemoteStoreExt as _};

use super::harness::{Ctx, cases};
use super::support::{WRONG_KIND_OF_ITEM, fails, fails_as, gone_folder, listed, lists_whole, put_into};

cases! {
    "list" needs [List] {
        an_empty_folder,
        one_item,
        files_and_folders_of_this_folder_alone,
        by_path_as_by_id,
        many_items_in_small_pages,
        pages_of_one_item,
        many_items_when_the_service_keeps_pages_short,
        what_is_listed_is_what_stat_says,
        items_created_during_paging_lose_and_repeat_none,
        a_listing_can_be_dropped_half_way,
        a_file_cannot_be_listed,
        a_missing_folder_is_not_found_and_ends_the_stream,
    }
    "list" needs [List, StatByPath] {
        a_missing_path_is_not_found,
    }
}

async fn pages(ctx: &Ctx, options: ListOptions) -> Vec<Page<Item>> {
    ctx.store.list(&ctx.here(), options).try_collect().await.unwrap()
}

/// Creates small files of these names, several at once.
async fn fill(ctx: &Ctx, names: &BTreeSet<String>) {
    let puts = names.iter().map(|name| ctx.put(name, name.clone()));
    stream::iter(puts).buffer_unordered(8).for_each(|_| async {}).await;
}

fn numbered(count: usize) -> BTreeSet<String> {
    (0..count).map(|number| format!("file {number:03}.txt")).collect()
}

/// Each of these names once, and every page right about the total if it says one.
#[track_caller]
fn complete(pages: &[Page<Item>], names: &BTreeSet<String>) {
    let mut found: Vec<_> = pages.iter().flat_map(|page| page.items.iter().map(|item| item.name.clone())).collect();
    found.sort();
    assert_eq!(found, names.iter().cloned().collect::<Vec<_>>());
    for page in pages {
        assert!(page.total.is_none_or(|total| total == names.len() as u64), "{:?} of {}", page.total, names.len());
    }
}

async fn an_empty_folder(ctx: Ctx) {
    complete(&pages(&ctx, ListOptions::new()).await, &BTreeSet::new());
}

async fn one_item(ctx: Ctx) {
    let put = ctx.put("only.txt", "x").await;
    let items = ctx.listed().await;
    assert_eq!(items.len(), 1);
    assert_eq!((&items[0].id, items[0].name.as_str(), items[0].size), (&put.id, "only.txt", Some(1)));
}

async fn files_and_folders_of_this_folder_alone(ctx: Ctx) {
    let sub = ctx.folder("sub").await;
    put_into(&*ctx.store, &sub, "below.txt", "x").await;
    ctx.put("a.txt", "x").await;
    let items = ctx.listed().await;
    let found: Vec<_> = items.iter().map(|item| (item.name.as_str(), item.is_folder())).collect();
    assert_eq!(found, [("a.txt", false), ("sub", true)]);
    assert_eq!(listed(&*ctx.store, &sub).await.len(), 1);
}

async fn by_path_as_by_id(ctx: Ctx) {
    ctx.put("a.txt", "x").await;
    ctx.folder("sub").await;
    if !ctx.supports(sharesync::Operation::StatByPath) {
        let by_path = ctx.store.items(ctx.path(""), ListOptions::new()).try_collect::<Vec<_>>().await;
        fails(by_path, ErrorKind::Unsupported, &["path"]);
        return;
    }
    let ids = |items: Vec<Item>| items.into_iter().map(|item| item.id).collect::<Vec<_>>();
    let by_path = ids(listed(&*ctx.store, ctx.path("")).await);
    assert_eq!(by_path, ids(ctx.listed().await));
    assert_eq!(by_path.len(), 2);
}

async fn many_items_in_small_pages(ctx: Ctx) {
    let names = numbered(50);
    fill(&ctx, &names).await;
    let small = pages(&ctx, ListOptions::new().with_page_size(7)).await;
    complete(&small, &names);
    assert!(small.iter().all(|page| page.items.len() <= 7), "no page is longer than asked for");
    assert!(small.len() >= 8, "{} pages", small.len());
    for size in [49, 50, 51, 1000] {
        complete(&pages(&ctx, ListOptions::new().with_page_size(size)).await, &names);
    }
    complete(&pages(&ctx, ListOptions::new()).await, &names);
}

async fn pages_of_one_item(ctx: Ctx) {
    let names = numbered(5);
    fill(&ctx, &names).await;
    complete(&pages(&ctx, ListOptions::new().with_page_size(1)).await, &names);
}

async fn many_items_when_the_service_keeps_pages_short(ctx: Ctx) {
    let ctx = ctx.with_max_page(3).await;
    let names = numbered(20);
    fill(&ctx, &names).await;
    for options in [ListOptions::new(), ListOptions::new().with_page_size(2), ListOptions::new().with_page_size(10)] {
        let short = pages(&ctx, options).await;
        complete(&short, &names);
        let pages = if lists_whole(&ctx) { 1 } else { 7 };
        assert!(short.len() >= pages, "{} pages", short.len());
    }
}

async fn what_is_listed_is_what_stat_says(ctx: Ctx) {
    ctx.put("a.txt", "some text").await;
    ctx.folder("sub").await;
    for item in ctx.listed().await {
        let stat = ctx.store.stat(&ItemRef::from(&item)).await.unwrap();
        let key = |item: &Item| {
            (item.id.clone(), item.name.clone(), item.kind.clone(), item.revision.clone(), item.digests.clone())
        };
        let mut stat = stat;
        // What a listing does not report is not compared.
        stat.revision = stat.revision.filter(|_| item.revision.is_some());
        stat.digests.retain(|_| !item.digests.is_empty());
        stat.modified = stat.modified.filter(|_| ctx.store.capabilities().lists_modified);
        assert_eq!(key(&stat), key(&item));
        if item.is_file() {
            assert_eq!((stat.size, stat.modified), (item.size, item.modified));
        }
    }
}

async fn items_created_during_paging_lose_and_repeat_none(ctx: Ctx) {
    let names = numbered(20);
    fill(&ctx, &names).await;
    let mut listing = ctx.store.list(&ctx.here(), ListOptions::new().with_page_size(3));
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut count = 0;
    while let Some(page) = listing.try_next().await.unwrap() {
        for item in page.items {
            *seen.entry(item.name).or_default() += 1;
        }
        // Before, between and behind what is there, in the order of names.
        if count < 3 {
            for place in ["a", "file 004b", "z"] {
                ctx.put(&format!("{place} {count}.txt"), "new").await;
            }
        }
        count += 1;
    }
    for name in &names {
        assert_eq!(seen.get(name), Some(&1), "{name}");
    }
    assert!(seen.values().all(|times| *times == 1), "{seen:?}");
}

async fn a_listing_can_be_dropped_half_way(ctx: Ctx) {
    let names = numbered(9);
    fill(&ctx, &names).await;
    let mut listing = ctx.store.list(&ctx.here(), ListOptions::new().with_page_size(2));
    assert!(!listing.next().await.unwrap().unwrap().items.is_empty());
    drop(listing);
    complete(&pages(&ctx, ListOptions::new().with_page_size(2)).await, &names);
}

async fn a_file_cannot_be_listed(ctx: Ctx) {
    let file = ctx.put("a.txt", "x").await;
    let listed = ctx.store.list(&ItemRef::from(&file), ListOptions::new()).try_collect::<Vec<_>>().await;
    fails_as(listed, WRONG_KIND_OF_ITEM, &[file.id.as_str(), "a.txt"]);
}

async fn a_missing_folder_is_not_found_and_ends_the_stream(ctx: Ctx) {
    let gone = gone_folder(&ctx).await;
    let mut listing = ctx.store.list(&ItemRef::from(&gone), ListOptions::new());
    fails(listing.next().await.unwrap(), ErrorKind::NotFound, &[gone.id.as_str()]);
    assert!(listing.next().await.is_none(), "an error ends the stream");
}

async fn a_missing_path_is_not_found(ctx: Ctx) {
    let listing = ctx.store.list(&ctx.path("missing").into(), ListOptions::new());
    fails(listing.try_collect::<Vec<_>>().await, ErrorKind::NotFound, &["missing"]);
}
