//! Properties over many inputs: identifiers in paths, names in queries, dates, pages cut at random.

use std::collections::BTreeSet;

use futures::TryStreamExt as _;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json as value};
use sharesync::sharefile::model::{Item, ShareFileDate};
use sharesync::sharefile::{Filter, Query};
use sharesync::{Page, Timestamp};
use tokio::runtime::Handle;

use super::harness::cases;
use super::stage::{Seen, Stage, json};

cases! {
    "properties" {
        any_identifier_stays_within_its_parentheses,
        any_name_arrives_as_it_is,
        any_text_stays_within_its_quotes,
        any_date_survives_the_wire,
        any_text_as_a_date_is_read_or_refused,
        pages_cut_at_random_give_each_item_once,
    }
}

/// Runs a property whose check needs the server.
async fn check<S: Strategy>(cases: u32, strategy: S, property: impl AsyncFn(S::Value)) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let handle = Handle::current();
    let run = || {
        runner.run(&strategy, |value| {
            handle.block_on(property(value));
            Ok(())
        })
    };
    tokio::task::block_in_place(run).unwrap_or_else(|failure| panic!("{failure}"));
}

/// Names with what is special in queries, paths and OData, and letters of several scripts.
fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9 '%#+&=?;,()$/\\\\\"<>ÄßЖ文😀\u{0301}.~!@*-]{1,24}"
}

/// The part of a path that is the identifier, as the server decodes it.
fn identifier(request: &Seen) -> String {
    let encoded = request.path.strip_prefix("/sf/v3/Items(").and_then(|rest| rest.strip_suffix(')')).unwrap();
    assert!(!encoded.contains(['/', '(', ')', '?', '#']), "{encoded}");
    // A form decoder reads a plus sign as a space; no identifier is written with one.
    assert!(!encoded.contains('+'), "{encoded}");
    let pairs = url::form_urlencoded::parse(encoded.as_bytes());
    pairs.map(|(name, value)| format!("{name}{value}")).collect()
}

async fn any_identifier_stays_within_its_parentheses(stage: &Stage) {
    stage.api.by(|_| json(value!({"Id": "fi1"})));
    check(150, name(), async |id| {
        stage.items().get(&id, &Query::new()).await.unwrap();
        let sent = stage.api.last();
        assert_eq!((identifier(&sent), sent.query.len()), (id, 0));
    })
    .await;
    for plain in ["fi591ac5-9cd0-4eb7-a5e9-e5e28a7faa90", "c!_-x", "home"] {
        stage.items().get(plain, &Query::new()).await.unwrap();
        stage.sent(&format!("GET /sf/v3/Items({plain})"));
    }
}

async fn any_name_arrives_as_it_is(stage: &Stage) {
    stage.api.by(|_| json(value!({"Id": "fi1"})));
    check(150, (name(), name()), async |(one, other)| {
        let path = format!("/{one}/{other}");
        let query = Query::new().select([one.clone()]).order_by(other.clone());
        stage.items().by_path(&path, &query).await.unwrap();
        let sent = stage.api.last();
        assert_eq!((sent.param("path"), sent.query.len()), (Some(path.as_str()), 3));
        assert_eq!((sent.param("$select"), sent.param("$orderby")), (Some(one.as_str()), Some(other.as_str())));
        let folder = Item::new().with_name(one.clone()).with_description(other.clone());
        stage.items().create_folder("fo1", &folder, &Query::new()).await.unwrap();
        let body = stage.api.last().json();
        assert_eq!(body, value!({"Name": one, "Description": other}));
    })
    .await;
}

async fn any_text_stays_within_its_quotes(stage: &Stage) {
    stage.api.by(|_| json(value!({"value": []})));
    check(150, name(), async |text| {
        let filters = [
            (Filter::eq("Name", text.as_str()), "Name eq '", "'"),
            (Filter::starts_with("Name", &text), "startswith(Name,'", "') eq true"),
            (Filter::contains("Name", &text), "substringof('", "',Name) eq true"),
        ];
        for (filter, before, after) in filters {
            stage.items().children("fo1", Query::new().filter(filter)).await.unwrap();
            let sent = stage.api.last();
            let condition = sent.param("$filter").unwrap();
            let literal = condition.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)).unwrap();
            assert_eq!(literal.replace("''", "").matches('\'').count(), 0, "{condition}");
            assert_eq!(literal.replace("''", "'"), text);
        }
    })
    .await;
}

async fn any_date_survives_the_wire(_: &Stage) {
    // From the year 1583 to the year 9998, in steps of 100 ns.
    let moments = (-12_200_000_000_i64..253_000_000_000, 0..10_000_000_i32);
    check(500, moments, async |(seconds, steps)| {
        let time = Timestamp::from_unix(seconds, steps * 100).unwrap();
        let sent = serde_json::to_value(Item::new().with_expiration_date(time)).unwrap();
        let text = sent["ExpirationDate"].as_str().unwrap();
        assert!(text.ends_with('Z') && text.len() <= "2018-01-02T03:04:05.1234567Z".len(), "{text}");
        let read: Item = serde_json::from_value(sent).unwrap();
        assert_eq!(read.expiration_date, Some(ShareFileDate::At(time)));
    })
    .await;
}

async fn any_text_as_a_date_is_read_or_refused(_: &Stage) {
    check(500, "[0-9TZ:.+-]{0,32}|\\PC{0,20}", async |text: String| {
        let read = serde_json::from_value::<Item>(value!({"CreationDate": text}));
        if let Ok(Item { creation_date: Some(date), .. }) = read {
            let again = date.to_string().parse::<ShareFileDate>().unwrap();
            assert_eq!(again.to_string(), date.to_string(), "{text}");
        }
    })
    .await;
}

/// How a server cuts a folder into pages.
#[derive(Debug, Clone)]
struct Cut {
    items: usize,
    /// For each page: how many items it has, and how many of them the page behind its link repeats.
    pages: Vec<(usize, usize)>,
    /// Pages that have links to the next one; behind the last of them, the reader has to skip.
    links: usize,
    /// How far the count is off, where every page has a link and there is anything: an empty folder that is counted is refused.
    off: i64,
}

fn cut() -> impl Strategy<Value = Cut> {
    let pages = proptest::collection::vec((0..6_usize, 0..3_usize), 1..6);
    let cut = (0..40_usize, pages, prop_oneof![Just(usize::MAX), 0..8_usize], -3..4_i64);
    cut.prop_map(|(items, pages, links, off)| Cut { items, pages, links, off })
}

impl Cut {
    /// The page of this number that begins at `skip`.
    fn page(&self, number: usize, skip: usize, uri: &str) -> Value {
        let (size, repeated) = self.pages[number % self.pages.len()];
        let linked = number < self.links;
        // What a page repeats it must outweigh, and every round of pages must get further.
        let size = if linked && !number.is_multiple_of(3) { size.max(repeated) } else { size.max(repeated + 1) };
        let end = (skip + size).min(self.items);
        let items: Vec<_> = (skip..end).map(|id| value!({"Id": format!("fi{id}")})).collect();
        let count = if self.links == usize::MAX && self.items > 0 {
            (self.items as i64 + self.off).max(0)
        } else {
            self.items as i64
        };
        let mut page = value!({"value": items, "odata.count": count});
        if linked && end < self.items {
            let next = end.saturating_sub(repeated).max(skip);
            page["odata.nextLink"] = value!(format!("{uri}/sf/v3/Items(fo1)/Children?n={}&$skip={next}", number + 1));
        }
        page
    }
}

async fn pages_cut_at_random_give_each_item_once(stage: &Stage) {
    check(200, cut(), async |cut| {
        let (served, uri) = (cut.clone(), stage.api.uri());
        stage.api.by(move |request| {
            let number = |name| request.param(name).map_or(0, |text| text.parse().unwrap());
            json(served.page(number("n"), number("$skip"), &uri))
        });
        let before = stage.api.count();
        let pages: Vec<Page<Item>> = stage.items().children_pages("fo1", Query::new()).try_collect().await.unwrap();
        let ids: Vec<_> = pages.into_iter().flat_map(|page| page.items).map(|item| item.id.unwrap()).collect();
        let all: BTreeSet<_> = (0..cut.items).map(|id| format!("fi{id}")).collect();
        assert_eq!(ids.len(), all.len(), "each once");
        assert_eq!(ids.into_iter().collect::<BTreeSet<_>>(), all, "none lost");
        let asked = stage.api.count() - before;
        assert!(asked <= 4 * cut.items + 10, "{asked} requests for {} items", cut.items);
    })
    .await;
}
