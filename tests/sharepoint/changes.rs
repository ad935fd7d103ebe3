//! Changes by the feed and by the log: what the store makes of every status, kind of resync and form.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::json;
use sharesync::sharepoint::{ChangeSource, Dialect, StoreOptions};
use sharesync::{Change, ChangeOptions, Cursor, ErrorKind, Operation, RemoteStore, Result, Since, Support};
use wiremock::ResponseTemplate;

use super::stage::{Farm, ROOT, ROOT_PATH, Seen, empty, error, file, folder, json_answer, opening, simple, xml};

/// A document of the feed.
fn document(number: usize, name: &str, folder: &str) -> String {
    format!(
        "<Document><ItemType>Document</ItemType><ResourceID>{number:032x}</ResourceID>\
         <ETag>\"{{{number:032X}}},1\"</ETag><RelationshipName>{name}</RelationshipName>\
         <Path>/RootFolder/{name}</Path><ParentResourceID>{}</ParentResourceID><DocumentStreams><DocumentStream>\
         <DataSize>5</DataSize></DocumentStream></DocumentStreams></Document>",
        simple(folder)
    )
}

/// A page of the feed with these items below the root.
fn page(status: &str, token: &str, more: bool, items: &str) -> ResponseTemplate {
    let root = format!("<Folder><ResourceID>{}</ResourceID><Items>{items}</Items></Folder>", simple(ROOT));
    let answer = xml(&root).insert_header("X-SyncStatus", status);
    let answer = if token.is_empty() { answer } else { answer.insert_header("X-SyncToken", token) };
    if more { answer.insert_header("X-HasMoreData", "True") } else { answer }
}

/// What a stream of changes tells, as words, and its last checkpoint.
async fn told(store: &dyn RemoteStore, since: Since) -> Result<(Vec<String>, Option<Cursor>)> {
    let pages: Vec<_> = store.changes(since, ChangeOptions::new()).try_collect().await?;
    let words = pages.iter().flat_map(|page| &page.changes).map(|change| match change {
        Change::Upsert(item) => format!("+{}", item.name),
        Change::Remove(id) => format!("-{}", id.as_str().trim_start_matches(['0', '-'])),
        Change::ResetBegin => "begin".into(),
        Change::ResetEnd => "end".into(),
        other => format!("{other:?}"),
    });
    Ok((words.collect(), pages.last().and_then(|page| page.checkpoint.clone())))
}

/// A farm whose feed tells two files to who begins, and answers to a token as a function says.
async fn feed(after: impl Fn(&Seen, &str) -> ResponseTemplate + Send + Sync + 'static) -> Farm {
    Farm::with_store(move |seen| match (seen.is_feed(), seen.token()) {
        (true, None) => page("FullData", "t1", true, &document(1, "a", ROOT)),
        (true, Some("t1")) => page("FullData", "t2", false, &document(2, "b", ROOT)),
        (true, Some(token)) => after(seen, token),
        _ => empty(404),
    })
    .await
}

#[tokio::test]
async fn everything_comes_in_pages_and_only_its_end_can_be_kept() {
    let farm = feed(|_, _| empty(500)).await;
    let store = farm.store().await;
    let pages: Vec<_> = store.changes(Since::Beginning, ChangeOptions::new()).try_collect().await.unwrap();
    assert_eq!(pages.len(), 2);
    assert!(pages[0].checkpoint.is_none() && pages[1].checkpoint.is_some());
    assert_eq!(store.capabilities().support(Operation::Changes), Support::Native);
    let (words, now) = told(&store, Since::Now).await.unwrap();
    assert!(words.is_empty());
    assert_eq!(now, pages[1].checkpoint);
}

#[tokio::test]
async fn each_status_becomes_what_the_document_says() {
    let farm = feed(|_, _| empty(500)).await;
    let store = farm.store().await;
    let (words, cursor) = told(&store, Since::Beginning).await.unwrap();
    assert_eq!(words, ["+a", "+b"]);
    let cursor = Since::Cursor(cursor.unwrap());
    let reset = ["begin", "+a", "+b", "end"].map(str::to_owned).to_vec();
    let cases: [(&'static str, Option<&'static str>, Vec<String>); 7] = [
        ("NoChanges", None, Vec::new()),
        ("IncrementalChanges", None, vec!["+c".to_owned()]),
        ("FullData", None, reset.clone()),
        ("CurrentSyncTokenOnly", None, reset.clone()),
        ("ResyncNeeded", Some("ResetReupload"), reset.clone()),
        ("ResyncNeeded", Some("Reupload"), reset.clone()),
        ("ResyncNeeded", Some("DifferentialUpload"), reset.clone()),
    ];
    for (status, action, expected) in cases {
        farm.by(move |seen| match (seen.is_feed(), seen.token()) {
            (true, None) => page("FullData", "t1", true, &document(1, "a", ROOT)),
            (true, Some("t1")) => page("FullData", "t4", false, &document(2, "b", ROOT)),
            (true, Some("t2")) => {
                let answer = page(status, "t4", false, &document(3, "c", ROOT));
                match action {
                    Some(action) => answer.insert_header("X-ResyncAction", action),
                    None => answer,
                }
            }
            _ => opening(seen, true).unwrap_or_else(|| empty(404)),
        });
        let (words, after) = told(&store, cursor.clone()).await.unwrap();
        assert_eq!(words, expected, "{status} {action:?}");
        let kept = serde_json::to_string(&after.unwrap()).unwrap();
        assert!(kept.contains("t4"), "{status}: {kept}");
    }
}

#[tokio::test]
async fn unchanged_may_be_a_status_of_its_own_without_a_token() {
    let farm = feed(|_, _| empty(304)).await;
    let store = farm.store().await;
    let cursor = told(&store, Since::Beginning).await.unwrap().1.unwrap();
    let (words, after) = told(&store, Since::Cursor(cursor.clone())).await.unwrap();
    assert_eq!((words.len(), after), (0, Some(cursor)), "the token stays good");
}

#[tokio::test]
async fn what_is_unknown_or_missing_is_a_typed_error() {
    let answers: [fn() -> ResponseTemplate; 5] = [
        || page("SomethingNew", "t3", false, ""),
        || page("IncrementalChanges", "", false, ""),
        || xml("<Folder/>"),
        || page("ResyncNeeded", "", false, "").insert_header("X-ResyncAction", "SomethingNew"),
        || page("IncrementalChanges", "t2", true, ""),
    ];
    for (number, answer) in answers.into_iter().enumerate() {
        let farm = feed(move |_, _| answer()).await;
        let store = farm.store().await;
        let cursor = told(&store, Since::Beginning).await.unwrap().1.unwrap();
        let failed = told(&store, Since::Cursor(cursor)).await.unwrap_err();
        assert_eq!((failed.kind(), failed.provider()), (ErrorKind::Protocol, Some("sharepoint")), "{number}: {failed}");
    }
}

#[tokio::test]
async fn a_token_goes_back_as_it_came_but_for_what_must_be_escaped() {
    let farm = Farm::with_store(|seen| match (seen.is_feed(), seen.token()) {
        (true, None) => page("FullData", "3;%234;#1;a b&c+d=\"e\"", false, ""),
        (true, Some(_)) => page("NoChanges", "", false, ""),
        _ => empty(404),
    })
    .await;
    let store = farm.store().await;
    let cursor = told(&store, Since::Beginning).await.unwrap().1.unwrap();
    told(&store, Since::Cursor(cursor)).await.unwrap();
    let seen = farm.seen().await;
    assert_eq!(seen.last().unwrap().token(), Some("3;%234;%231;a%20b%26c%2Bd=%22e%22"));
}

#[tokio::test]
async fn what_is_gone_is_told_in_several_ways_and_the_own_is_not_told() {
    let gone = |number: usize, name: &str, inner: &str| {
        format!("<{name}><ResourceID>{number:032x}</ResourceID>{inner}</{name}>")
    };
    let items = [
        gone(1, "Document", "<IsDeleted>True</IsDeleted>"),
        gone(2, "DeletedItem", ""),
        gone(3, "Folder", "<ItemType>DeletedFolder</ItemType>"),
        gone(4, "SomethingNew", ""),
        document(5, "template", "00000000-0000-0000-0000-000000000063").replace("/RootFolder/", "/RootFolder/Forms/"),
        document(6, "kept", ROOT).replace("</Document>", "<IsDeleted>False</IsDeleted></Document>"),
    ];
    let items = items.concat();
    let farm = feed(move |_, _| page("IncrementalChanges", "t3", false, &items)).await;
    let store = farm.store().await;
    let cursor = told(&store, Since::Beginning).await.unwrap().1.unwrap();
    let (words, _) = told(&store, Since::Cursor(cursor)).await.unwrap();
    // What is the service's own is told as gone, as it never was there.
    assert_eq!(words, ["-1", "-2", "-3", "-5", "+kept"]);
}

/// What the feed tells of a folder that comes back out of the recycle bin is not documented.
#[tokio::test]
async fn a_folder_that_comes_back_alone_is_listed_where_that_is_decided() {
    let (id, inside) = ("00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002");
    let told = format!(
        "<Folder><ResourceID>{}</ResourceID><RelationshipName>sub</RelationshipName><Path>/RootFolder/sub</Path>\
         <ParentResourceID>{}</ParentResourceID></Folder>",
        simple(id),
        simple(ROOT)
    );
    let farm = Farm::with_store(move |seen| match (seen.is_feed(), seen.token()) {
        (true, None) => page("FullData", "t1", false, ""),
        (true, Some(_)) => page("IncrementalChanges", "t2", false, &told),
        (false, _) if !seen.below().contains(id) => empty(404),
        _ if seen.below().contains("/Files?") => {
            let listed = file(inside, "a.txt", &format!("{ROOT_PATH}/sub/a.txt"), 1, 5);
            json_answer(200, &json!({"d": {"results": [listed]}}))
        }
        _ => json_answer(200, &json!({"d": {"results": []}})),
    })
    .await;
    for (lists, expected) in [(false, ["+sub"].as_slice()), (true, &["+sub", "+a.txt"])] {
        let client = farm.client_with(Dialect::new().with_list_told_folders(lists)).await;
        let store = client.store().await.unwrap();
        let cursor = self::told(&store, Since::Beginning).await.unwrap().1.unwrap();
        let (words, _) = self::told(&store, Since::Cursor(cursor)).await.unwrap();
        assert_eq!(words, expected);
    }
}

#[tokio::test]
async fn nested_and_flat_forms_tell_the_same() {
    let inner = document(2, "b", "00000000-0000-0000-0000-000000000001");
    let sub = format!(
        "<ResourceID>{:032x}</ResourceID><RelationshipName>sub</RelationshipName><Path>/RootFolder/sub</Path>\
         <ParentResourceID>{}</ParentResourceID>",
        1,
        simple(ROOT)
    );
    let nested = format!("<Folder>{sub}<Items>{inner}</Items></Folder>{}", document(3, "c", ROOT));
    let flat = format!("{inner}<Folder>{sub}</Folder>{}", document(3, "c", ROOT));
    for items in [nested, flat] {
        let farm = Farm::with_store(move |seen| match seen.is_feed() {
            true => page("FullData", "t", false, &items),
            false => empty(404),
        })
        .await;
        let (words, _) = told(&farm.store().await, Since::Beginning).await.unwrap();
        assert_eq!(words, ["+sub", "+b", "+c"], "a folder comes before what it holds");
    }
}

#[tokio::test]
async fn what_changes_during_a_first_reading_follows_it() {
    let farm = Farm::with_store(|seen| match (seen.is_feed(), seen.token()) {
        (true, None) => page("FullData", "t1", true, &document(1, "a", ROOT)),
        (true, Some("t1")) => page("IncrementalChanges", "t2", false, &document(1, "renamed", ROOT)),
        _ => empty(404),
    })
    .await;
    let (words, cursor) = told(&farm.store().await, Since::Beginning).await.unwrap();
    assert_eq!(words, ["+a", "+renamed"]);
    assert!(serde_json::to_string(&cursor.unwrap()).unwrap().contains("t2"));
}

#[tokio::test]
async fn a_reading_that_the_service_loses_begins_again_as_a_reset_and_not_for_ever() {
    let losses = Mutex::new(1);
    let lost = move |seen: &Seen| match (seen.is_feed(), seen.token()) {
        (true, None) => page("FullData", "t1", true, &document(1, "a", ROOT)),
        (true, Some("t1")) => {
            let mut losses = losses.lock().unwrap();
            *losses -= 1;
            match *losses {
                0 => page("ResyncNeeded", "", false, ""),
                _ => page("FullData", "t2", false, &document(2, "b", ROOT)),
            }
        }
        _ => empty(404),
    };
    let farm = Farm::with_store(lost).await;
    let (words, _) = told(&farm.store().await, Since::Beginning).await.unwrap();
    assert_eq!(words, ["+a", "begin", "+a", "+b", "end"]);

    let farm = Farm::with_store(|seen| match (seen.is_feed(), seen.token()) {
        (true, None) => page("FullData", "t1", true, ""),
        (true, Some(_)) => page("ResyncNeeded", "", false, ""),
        _ => empty(404),
    })
    .await;
    let failed = told(&farm.store().await, Since::Beginning).await.unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Protocol);
}

/// What memory a process needs for it: `benches/firstsync.sh`.
#[tokio::test]
async fn a_first_reading_of_a_hundred_thousand_items_is_read_page_by_page() {
    const PAGES: usize = 200;
    for nested in [false, true] {
        let mut items: String = (1..=500).map(|at| document(at, &format!("n{at}"), ROOT)).collect();
        if nested {
            let folder = format!("<ResourceID>{:032x}</ResourceID>", 0xf000_0000_usize);
            items = format!("<Folder>{folder}<RelationshipName>f</RelationshipName><Items>{items}</Items></Folder>");
        }
        let farm = Farm::with_store(move |seen| {
            if !seen.is_feed() {
                return empty(404);
            }
            let number: usize = seen.token().map_or(0, |token| token.parse().unwrap());
            page("FullData", &(number + 1).to_string(), number + 1 < PAGES, &items)
        })
        .await;
        let store = farm.store().await;
        let mut pages = store.changes(Since::Beginning, ChangeOptions::new().with_page_size(500));
        let opened = farm.seen().await.len();
        let mut count = 0;
        for read in 1..=PAGES {
            let page = pages.next().await.unwrap().unwrap();
            count += page.changes.len();
            if read % 50 == 0 {
                // Nothing is read ahead of who consumes it.
                assert_eq!(farm.seen().await.len() - opened, read);
            }
        }
        assert!(pages.next().await.is_none());
        assert_eq!(count, PAGES * (500 + usize::from(nested)));
    }
}

#[tokio::test]
async fn without_the_sync_service_the_log_is_read() {
    let entry = |kind: u32, id: usize, token: &str| json!({"ChangeType": kind, "UniqueId": format!("00000000-0000-0000-0000-{id:012}"), "ChangeToken": {"StringValue": token}});
    let farm = Farm::without_sync(move |seen| {
        let below = seen.below();
        if below.ends_with("/GetChanges") {
            return match start(seen).as_str() {
                // Fewer entries than asked for are no end.
                "1;3;x;1;-1" => json_answer(200, &json!({"d": {"results": [entry(1, 1, "p1"), entry(2, 1, "p2")]}})),
                "p2" => json_answer(200, &json!({"d": {"results": [entry(3, 2, "p3"), entry(11, 1, "p4")]}})),
                "p4" => json_answer(200, &json!({"d": {"results": []}})),
                _ => error(
                    500,
                    "-2130575172, Microsoft.SharePoint.SPException",
                    "The changeToken refers to a time before",
                ),
            };
        }
        if below.contains("GetFileById('00000000-0000-0000-0000-000000000001')") {
            let path = format!("{ROOT_PATH}/a.txt");
            return json_answer(200, &json!({"d": file("00000000-0000-0000-0000-000000000001", "a.txt", &path, 1, 5)}));
        }
        if below.contains("/Folders?") && below.contains(ROOT) {
            let forms = folder("00000000-0000-0000-0000-00000000000f", "Forms", &format!("{ROOT_PATH}/Forms"));
            return json_answer(200, &json!({"d": {"results": [forms]}}));
        }
        if below.contains("/Files?") && below.contains(ROOT) {
            let path = format!("{ROOT_PATH}/b.txt");
            let listed = file("00000000-0000-0000-0000-000000000003", "b.txt", &path, 1, 5);
            return json_answer(200, &json!({"d": {"results": [listed]}}));
        }
        error(404, "-2147024894, System.IO.FileNotFoundException", "File Not Found.")
    })
    .await;
    let store = farm.store().await;
    assert_eq!(store.change_source(), ChangeSource::Log);
    assert_eq!(store.capabilities().support(Operation::Changes), Support::Emulated);
    assert!(store.capabilities().digests.is_empty());
    let (words, cursor) = told(&store, Since::Beginning).await.unwrap();
    assert_eq!(
        words,
        ["+b.txt", "+a.txt"],
        "what is listed, but for the service's own folder, and what is logged meanwhile"
    );
    let (words, cursor) = told(&store, Since::Cursor(cursor.unwrap())).await.unwrap();
    assert_eq!(words, ["+a.txt", "-2"], "each item once, as it is now");
    let (words, _) = told(&store, Since::Cursor(cursor.clone().unwrap())).await.unwrap();
    assert!(words.is_empty());

    let (words, _) = told(&store, Since::Cursor(of_scope(&cursor.unwrap(), "long-ago"))).await.unwrap();
    assert_eq!(words, ["begin", "+b.txt", "+a.txt", "end"]);
}

/// The token that the log is asked for from.
fn start(seen: &Seen) -> String {
    seen.json()["query"]["ChangeTokenStart"]["StringValue"].as_str().unwrap_or_default().to_owned()
}

/// Another token for the scope of a cursor.
fn of_scope(cursor: &Cursor, token: &str) -> Cursor {
    let kept = serde_json::to_value(cursor).unwrap();
    Cursor::new("sharepoint", kept["scope"].as_str().unwrap(), token)
}

/// Changes by the feed, or by the log.
fn source(feed: bool) -> StoreOptions {
    StoreOptions::new().with_changes(if feed { ChangeSource::Feed } else { ChangeSource::Log })
}

/// What a cursor holds is damaged where it was kept, or is no token of the service: it is the cursor that is at fault.
#[tokio::test]
async fn a_damaged_cursor_is_no_good() {
    let refusals = [
        ("-2146232832, Microsoft.SharePoint.SPException", "The token is malformed."),
        ("-1, System.FormatException", "Input string was not in a correct format."),
        ("-1, System.ArgumentException", "Value does not fall within the expected range."),
    ];
    for (has_sync, (code, words)) in [true, false].into_iter().flat_map(|has| refusals.map(|refusal| (has, refusal))) {
        let farm =
            Farm::start(move |seen| match (seen.is_feed() || seen.below().ends_with("/GetChanges"), seen.token()) {
                (true, None) if seen.is_feed() => page("FullData", "3;1;t1", false, ""),
                // Its own token, after everything was listed.
                (true, _) if !seen.is_feed() && start(seen) == "1;3;x;1;-1" => {
                    json_answer(200, &json!({"d": {"results": []}}))
                }
                (true, _) => error(400, code, words),
                _ => opening(seen, true).unwrap_or_else(|| json_answer(200, &json!({"d": {"results": []}}))),
            })
            .await;
        let store = farm.store_with(source(has_sync)).await;
        let cursor = told(&store, Since::Beginning).await.unwrap().1.unwrap();
        let asked = farm.seen().await.len();
        let whole = serde_json::to_value(&cursor).unwrap();
        let token = whole["token"].as_str().unwrap().to_owned();
        let cut = &token[..token.len() - 1];
        let damaged =
            [("token", cut), ("token", ""), ("token", "\u{fffd}"), ("scope", "x"), ("check", "0000000000000000")];
        for (name, value) in damaged {
            let mut damaged = whole.clone();
            damaged[name] = value.into();
            let failed = told(&store, Since::Cursor(serde_json::from_value(damaged).unwrap())).await.unwrap_err();
            assert_eq!(
                (failed.kind(), failed.provider()),
                (ErrorKind::CursorInvalid, Some("sharepoint")),
                "{name} {value}"
            );
        }
        assert_eq!(farm.seen().await.len(), asked, "nothing is asked with a damaged cursor");
        for odd in ["", "1;3", "garbage", "1;3;x;1;-1;more"] {
            let failed = told(&store, Since::Cursor(of_scope(&cursor, odd))).await.unwrap_err();
            assert_eq!((failed.kind(), failed.status()), (ErrorKind::CursorInvalid, Some(400)), "{odd}: {failed}");
        }
    }
}

/// The answers of a gateway in the place of the service.
fn pages_in_between() -> [ResponseTemplate; 4] {
    let of = |status: u16, kind: &str, body: &str| ResponseTemplate::new(status).set_body_raw(body.to_owned(), kind);
    [
        of(404, "text/plain", "404 page not found"),
        of(403, "text/html", "<html><body>Forbidden</body></html>"),
        of(404, "text/html", "<html><body>Not Found</body></html>"),
        ResponseTemplate::new(404),
    ]
}

#[tokio::test]
async fn a_page_in_between_ends_the_reading_and_removes_nothing() {
    let (id, entry) = ("00000000-0000-0000-0000-000000000001", json!({"StringValue": "p1"}));
    for has_sync in [true, false] {
        // The look-up of what the log names, the walk after a reset, and the look at the root before a removal.
        for at in ["GetFileById", "GetFolderById", "/RootFolder?"] {
            for answer in pages_in_between() {
                let (struck, entry) = (Arc::new(AtomicBool::new(false)), entry.clone());
                let on = struck.clone();
                let farm = Farm::start(move |seen| {
                    let below = seen.below().to_owned();
                    if on.load(Ordering::Relaxed) && below.contains(at) && !seen.is_feed() {
                        return answer.clone();
                    }
                    match seen.token() {
                        None if seen.is_feed() => page("FullData", "t1", false, ""),
                        Some(_) if seen.is_feed() => {
                            let gone = format!("<DeletedItem><ResourceID>{}</ResourceID></DeletedItem>", simple(id));
                            page("IncrementalChanges", "t2", false, &gone)
                        }
                        _ if below.ends_with("/GetChanges") => {
                            let start = seen.json()["query"]["ChangeTokenStart"].clone();
                            let log = json!([{"ChangeType": 3, "UniqueId": id, "ChangeToken": entry}]);
                            let log = if start["StringValue"] == "p1" { json!([]) } else { log };
                            json_answer(200, &json!({"d": {"results": log}}))
                        }
                        _ if below.contains("/Folders?") || below.contains("/Files?") => {
                            json_answer(200, &json!({"d": {"results": []}}))
                        }
                        _ => opening(seen, true).unwrap_or_else(|| {
                            error(404, "-2147024894, System.IO.FileNotFoundException", "File Not Found.")
                        }),
                    }
                })
                .await;
                let store = farm.store_with(source(has_sync)).await;
                let cursor = told(&store, Since::Beginning).await.unwrap().1.unwrap();
                struck.store(true, Ordering::Relaxed);
                let told_now = told(&store, Since::Cursor(cursor.clone())).await;
                if has_sync && at != "/RootFolder?" {
                    assert_eq!(told_now.unwrap().0, ["-1"], "the feed says so itself");
                    continue;
                }
                let failed = told_now.unwrap_err();
                assert!(matches!(failed.kind(), ErrorKind::Protocol | ErrorKind::Unavailable), "{at}: {failed}");
                struck.store(false, Ordering::Relaxed);
                assert_eq!(told(&store, Since::Cursor(cursor)).await.unwrap().0, ["-1"]);
            }
        }
    }
}

#[tokio::test]
async fn a_library_that_is_gone_is_an_error_and_no_removal() {
    let gone = "<DeletedItem><ResourceID>00000000000000000000000000000001</ResourceID></DeletedItem>";
    let farm = feed(move |_, _| page("IncrementalChanges", "t3", false, gone)).await;
    let store = farm.store().await;
    let cursor = told(&store, Since::Beginning).await.unwrap().1.unwrap();
    farm.by(move |seen| match seen.is_feed() {
        true => page("IncrementalChanges", "t3", false, gone),
        false => error(404, "-2130575322, Microsoft.SharePoint.SPException", "List does not exist."),
    });
    let failed = told(&store, Since::Cursor(cursor)).await.unwrap_err();
    assert_eq!((failed.kind(), failed.status()), (ErrorKind::NotFound, Some(404)), "{failed}");
}

#[tokio::test]
async fn a_cursor_of_the_other_source_is_refused() {
    let farm = feed(|_, _| empty(500)).await;
    let store = farm.store().await;
    let cursor = told(&store, Since::Beginning).await.unwrap().1.unwrap();
    let options = StoreOptions::new().with_changes(ChangeSource::Log);
    let other = farm.store_with(options).await;
    let failed = told(&other, Since::Cursor(cursor)).await.unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::CursorInvalid);
}
