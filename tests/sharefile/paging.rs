//! Walking through the pages of a feed: each item once, nothing lost, always an end.

use futures::TryStreamExt as _;
use serde_json::{Value, json as value};
use sharesync::sharefile::{ChildrenOptions, ListSharesOptions, Query, StreamOptions};
use sharesync::{Error, ErrorKind, Page};

use super::harness::cases;
use super::stage::{Seen, Server, Stage, empty, json, status};

cases! {
    "paging" {
        one_page,
        links_are_followed,
        both_spellings_of_the_link,
        relative_links,
        without_links_the_next_page_is_skipped_to,
        skipping_starts_where_the_query_does,
        without_a_count_the_walk_ends,
        a_count_too_small_loses_nothing_when_there_is_a_link,
        a_count_too_big_ends,
        an_empty_page_in_the_middle,
        an_empty_folder,
        a_count_without_entities_is_refused,
        repeated_items_come_once,
        shrinking_pages_lose_nothing,
        a_folder_that_shrinks_while_it_is_read,
        a_link_to_itself_is_refused,
        a_link_back_is_refused,
        a_link_to_another_host_is_refused,
        a_link_that_is_no_address_is_refused,
        a_service_that_ignores_skip_is_noticed,
        endless_pages_end,
        a_page_that_fails_ends_the_walk_with_its_error,
        versions_and_shares_are_walked_too,
    }
}

/// A page of these items.
fn page(ids: &[&str], count: Option<u64>, link: Option<&str>) -> Value {
    let items: Vec<_> =
        ids.iter().map(|id| value!({"Id": id, "Name": id, "odata.type": "ShareFile.Api.Models.File"})).collect();
    let mut page = value!({"odata.metadata": "https://a.example/sf/v3/$metadata#Items", "value": items});
    if let Some(count) = count {
        page["odata.count"] = value!(count);
    }
    if let Some(link) = link {
        page["odata.nextLink"] = value!(link);
    }
    page
}

async fn walk(stage: &Stage) -> Result<Vec<String>, Error> {
    walk_with(stage, ChildrenOptions::new()).await
}

async fn walk_with(stage: &Stage, options: ChildrenOptions) -> Result<Vec<String>, Error> {
    let pages: Vec<Page<_>> = stage.items().children_pages("fo1", options).try_collect().await?;
    Ok(pages.into_iter().flat_map(|page| page.items).map(|item| item.id.unwrap()).collect())
}

async fn one_page(stage: &Stage) {
    stage.api.script([json(stage.fixture("children"))]);
    let pages: Vec<_> = stage.items().children_pages("fo1", Query::new()).try_collect().await.unwrap();
    assert_eq!((pages.len(), pages[0].items.len(), pages[0].total), (1, 5, Some(5)));
    stage.api.saw(&["GET /sf/v3/Items(fo1)/Children"]);
}

async fn links_are_followed(stage: &Stage) {
    let next = |skip: u32| format!("{}/sf/v3/Items(fo1)/Children?$skip={skip}&$top=2&token=a%2Bb", stage.api.uri());
    stage.api.script([
        json(page(&["a", "b"], Some(5), Some(&next(2)))),
        json(page(&["c", "d"], Some(5), Some(&next(4)))),
        json(page(&["e"], Some(5), None)),
    ]);
    assert_eq!(walk_with(stage, Query::new().top(2).into()).await.unwrap(), ["a", "b", "c", "d", "e"]);
    let seen = stage.api.saw(&[
        "GET /sf/v3/Items(fo1)/Children?$top=2",
        "GET /sf/v3/Items(fo1)/Children?$skip=2&$top=2&token=a+b",
        "GET /sf/v3/Items(fo1)/Children?$skip=4&$top=2&token=a+b",
    ]);
    assert_eq!(seen[1].raw_query, "$skip=2&$top=2&token=a%2Bb", "a link is followed as it is");
}

async fn both_spellings_of_the_link(stage: &Stage) {
    let mut first = page(&["a"], Some(2), None);
    first["odata.nextlink"] = value!(format!("{}/sf/v3/Items(fo1)/Children?next", stage.api.uri()));
    stage.api.script([json(first), json(page(&["b"], Some(2), None))]);
    assert_eq!(walk(stage).await.unwrap(), ["a", "b"]);
    stage.api.saw(&["GET /sf/v3/Items(fo1)/Children", "GET /sf/v3/Items(fo1)/Children?next="]);
}

async fn relative_links(stage: &Stage) {
    stage.api.script([
        json(page(&["a"], None, Some("Children?p=2"))),
        json(page(&["b"], None, Some("/sf/v3/Items(fo1)/Children?p=3"))),
        json(page(&["c"], Some(3), None)),
    ]);
    assert_eq!(walk(stage).await.unwrap(), ["a", "b", "c"]);
}

async fn without_links_the_next_page_is_skipped_to(stage: &Stage) {
    stage.api.script([
        json(page(&["a", "b"], Some(5), None)),
        json(page(&["c"], Some(5), None)),
        json(page(&["d", "e"], Some(5), None)),
    ]);
    let options = ChildrenOptions::new().with_include_deleted(true).with_query(Query::new().top(2).select(["Id"]));
    assert_eq!(walk_with(stage, options).await.unwrap(), ["a", "b", "c", "d", "e"], "also after a short page");
    let line = |rest: &str| format!("GET /sf/v3/Items(fo1)/Children?includeDeleted=true&$select=Id&$top=2{rest}");
    stage.api.saw(&[&line(""), &line("&$skip=2"), &line("&$skip=3")]);
}

async fn skipping_starts_where_the_query_does(stage: &Stage) {
    stage.api.script([json(page(&["c", "d"], Some(5), None)), json(page(&["e"], Some(5), None))]);
    assert_eq!(walk_with(stage, Query::new().top(2).skip(2).into()).await.unwrap(), ["c", "d", "e"]);
    let seen = stage.seen();
    let skips: Vec<_> = seen.iter().map(|seen| seen.param("$skip")).collect();
    assert_eq!(skips, [Some("2"), Some("4")]);
}

async fn without_a_count_the_walk_ends(stage: &Stage) {
    stage.api.script([json(page(&["a", "b"], None, None)), json(page(&["c"], None, None))]);
    assert_eq!(walk_with(stage, Query::new().top(2).into()).await.unwrap(), ["a", "b", "c"]);
    assert_eq!(stage.api.count(), 2, "a page shorter than asked for is the last");
    stage.api.script([json(page(&["a", "b"], None, None)), json(page(&[], None, None))]);
    assert_eq!(walk(stage).await.unwrap(), ["a", "b"]);
}

async fn a_count_too_small_loses_nothing_when_there_is_a_link(stage: &Stage) {
    stage.api.script([
        json(page(&["a", "b"], Some(1), Some("Children?p=2"))),
        json(page(&["c"], Some(1), Some("Children?p=3"))),
        json(page(&["d"], Some(1), None)),
    ]);
    assert_eq!(walk(stage).await.unwrap(), ["a", "b", "c", "d"]);
}

async fn a_count_too_big_ends(stage: &Stage) {
    stage.api.script([json(page(&["a", "b"], Some(9), None)), json(page(&[], Some(9), None))]);
    assert_eq!(walk(stage).await.unwrap(), ["a", "b"]);
    assert_eq!(stage.api.count(), 2);
}

async fn an_empty_page_in_the_middle(stage: &Stage) {
    stage.api.script([
        json(page(&["a"], Some(2), Some("Children?p=2"))),
        json(page(&[], Some(2), Some("Children?p=3"))),
        json(page(&["b"], Some(2), None)),
    ]);
    assert_eq!(walk(stage).await.unwrap(), ["a", "b"]);
}

async fn a_count_without_entities_is_refused(stage: &Stage) {
    stage.api.script([json(page(&[], Some(5), None))]);
    refused(stage, ErrorKind::Protocol).await;
}

async fn an_empty_folder(stage: &Stage) {
    stage.api.script([json(page(&[], Some(0), None)), json(page(&[], None, None))]);
    assert_eq!(walk(stage).await.unwrap(), [""; 0]);
    assert_eq!(walk(stage).await.unwrap(), [""; 0]);
    assert_eq!(stage.api.count(), 2);
}

async fn repeated_items_come_once(stage: &Stage) {
    stage.api.script([
        json(page(&["a", "b", "a"], Some(4), Some("Children?p=2"))),
        json(page(&["b", "c"], Some(4), Some("Children?p=3"))),
        json(page(&["c", "d"], Some(4), None)),
    ]);
    assert_eq!(walk(stage).await.unwrap(), ["a", "b", "c", "d"]);
}

async fn shrinking_pages_lose_nothing(stage: &Stage) {
    stage.api.script([
        json(page(&["a", "b", "c"], Some(7), Some("Children?p=2"))),
        json(page(&["d", "e"], Some(7), Some("Children?p=3"))),
        json(page(&["f"], Some(7), None)),
        json(page(&["g"], Some(7), None)),
    ]);
    assert_eq!(walk(stage).await.unwrap(), ["a", "b", "c", "d", "e", "f", "g"], "the link ends before the count");
}

async fn a_folder_that_shrinks_while_it_is_read(stage: &Stage) {
    // After the first page "a" is deleted: what follows moves up, so that "c" falls between the pages.
    let all = std::sync::Mutex::new(vec!["a", "b", "c", "d"]);
    stage.api.by(move |request: &Seen| {
        let mut all = all.lock().unwrap();
        let skip: usize = request.param("$skip").map_or(0, |skip| skip.parse().unwrap());
        let found: Vec<_> = all.iter().copied().skip(skip).take(2).collect();
        let answer = json(page(&found, Some(all.len() as u64), None));
        if all.len() == 4 {
            all.remove(0);
        }
        answer
    });
    let mut found = walk_with(stage, Query::new().top(2).into()).await.unwrap();
    found.sort();
    assert_eq!(found, ["a", "b", "c", "d"]);
}

async fn refused(stage: &Stage, kind: ErrorKind) -> Error {
    let error = walk(stage).await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (kind, Some("Items.Children")), "{error}");
    error
}

async fn a_link_to_itself_is_refused(stage: &Stage) {
    stage.api.by(|_| json(page(&["a"], Some(9), Some("Children"))));
    refused(stage, ErrorKind::Protocol).await;
    assert!(stage.api.count() <= 3);
}

async fn a_link_back_is_refused(stage: &Stage) {
    stage.api.script([
        json(page(&["a"], Some(9), Some("Children?p=2"))),
        json(page(&["b"], Some(9), Some("Children?p=3"))),
        json(page(&["c"], Some(9), Some("Children?p=2"))),
    ]);
    refused(stage, ErrorKind::Protocol).await;
}

async fn a_link_to_another_host_is_refused(stage: &Stage) {
    let other = Server::start().await;
    let links = [format!("{}/sf/v3/Items(fo1)/Children?p=2", other.uri()), "//evil.example/x".into()];
    let links = links.into_iter().chain(["http://evil.example/".to_owned(), "ftp://evil.example/".into()]);
    for link in links {
        stage.api.script([json(page(&["a"], Some(9), Some(&link)))]);
        refused(stage, ErrorKind::Insecure).await;
    }
    assert!(other.seen().is_empty());
}

async fn a_link_that_is_no_address_is_refused(stage: &Stage) {
    for link in ["http://[", "https://"] {
        stage.api.script([json(page(&["a"], Some(9), Some(link)))]);
        refused(stage, ErrorKind::Protocol).await;
    }
}

async fn a_service_that_ignores_skip_is_noticed(stage: &Stage) {
    stage.api.by(|_| json(page(&["a", "b"], Some(4), None)));
    refused(stage, ErrorKind::Protocol).await;
    assert_eq!(stage.api.count(), 2);
}

async fn endless_pages_end(stage: &Stage) {
    let number = std::sync::atomic::AtomicU32::new(0);
    stage.api.by(move |_| {
        let link = format!("Children?p={}", number.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        json(page(&["a"], Some(9), Some(&link)))
    });
    refused(stage, ErrorKind::Protocol).await;
    assert!(stage.api.count() < 200);
}

async fn a_page_that_fails_ends_the_walk_with_its_error(stage: &Stage) {
    stage.api.script([
        json(page(&["a"], Some(9), Some("Children?p=2"))),
        empty(500),
        json(page(&["b"], Some(9), Some("Children?p=3"))),
        status(404, value!({"code": "NotFound", "message": {"value": "Gone."}, "reason": "NotFound"})),
    ]);
    let mut pages = stage.items().children_pages("fo1", Query::new());
    for id in ["a", "b"] {
        assert_eq!(pages.try_next().await.unwrap().unwrap().items[0].id.as_deref(), Some(id), "retried");
    }
    assert_eq!(pages.try_next().await.unwrap_err().kind(), ErrorKind::NotFound);
    assert!(pages.try_next().await.unwrap().is_none(), "an error ends the stream");
}

async fn versions_and_shares_are_walked_too(stage: &Stage) {
    stage.api.script([json(page(&["fi1", "fi2"], Some(3), None)), json(page(&["fi3"], Some(3), None))]);
    let pages: Vec<_> = stage.items().stream_pages("st1", StreamOptions::new()).try_collect().await.unwrap();
    assert_eq!(pages.iter().map(|page| page.items.len()).sum::<usize>(), 3);
    stage.api.saw(&["GET /sf/v3/Items(st1)/Stream", "GET /sf/v3/Items(st1)/Stream?$skip=2"]);
    let link = format!("{}/sf/v3/Shares?$skip=1", stage.api.uri());
    stage.api.script([json(page(&["s1"], Some(2), Some(&link))), json(page(&["s2", "s1"], Some(2), None))]);
    let options = ListSharesOptions::new().with_include_expired(true);
    let pages: Vec<_> = stage.client().shares().list_pages(options).try_collect().await.unwrap();
    assert_eq!(pages.iter().map(|page| page.items.len()).sum::<usize>(), 2);
    stage.seen()[2].check("GET /sf/v3/Shares?includeExpired=true");
}
