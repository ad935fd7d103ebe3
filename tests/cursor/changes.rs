//! The changes of the store, and what a faulty service makes of them.

use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};
use sharesync::{Change, ChangeOptions, ChangePage, Cursor, ErrorKind, ItemId, ItemRef, RemoteStore, Result, Since};
use wiremock::ResponseTemplate;

use super::drive::Drive;
use super::stage::{SHARE, client};
use crate::support::{Server, empty, json as answer};

async fn read(store: &dyn RemoteStore, since: Since) -> Result<Vec<ChangePage>> {
    store.changes(since, ChangeOptions::new().with_page_size(2)).try_collect().await
}

fn last(pages: &[ChangePage]) -> Cursor {
    pages.last().unwrap().checkpoint.clone().unwrap()
}

fn told(pages: &[ChangePage]) -> Vec<String> {
    let changes = pages.iter().flat_map(|page| &page.changes);
    let text = |change: &Change| match change {
        Change::Upsert(item) => format!("+{}", item.id),
        Change::Remove(id) => format!("-{id}"),
        Change::ResetBegin => "[".to_owned(),
        _ => "]".to_owned(),
    };
    changes.map(text).collect()
}

fn drive() -> Drive {
    let drive = Drive::default();
    let mut state = drive.state();
    state.put("fld_1", "Reports", None);
    state.put("fil_1", "May.pdf", Some("fld_1"));
    state.put("fil_2", "Plan.txt", None);
    drop(state);
    drive
}

#[tokio::test]
async fn the_position_is_taken_before_the_walk() {
    let drive = drive();
    let server = drive.serve().await;
    let store = client(&server).await.store(SHARE);
    let pages = read(&store, Since::Beginning).await.unwrap();
    let mut seen = told(&pages);
    seen.sort();
    assert_eq!(seen, ["+fil_1", "+fil_2", "+fld_1"]);
    assert_eq!(server.lines().await[0], "GET /api/v1/sync/changes");
    drive.state().put("fil_3", "New.txt", None);
    let pages = read(&store, Since::Cursor(last(&pages))).await.unwrap();
    assert_eq!(told(&pages), ["+fil_3"]);
    assert!(read(&store, Since::Cursor(last(&pages))).await.unwrap().iter().all(|page| page.changes.is_empty()));
}

#[tokio::test]
async fn every_page_can_be_kept_and_what_came_and_went_is_gone() {
    let drive = drive();
    let server = drive.serve().await;
    let store = client(&server).await.store(SHARE);
    let cursor = last(&read(&store, Since::Now).await.unwrap());
    for number in 10..15 {
        drive.state().put(&format!("fil_{number}"), "x", None);
    }
    drive.state().delete("fil_10");
    let pages = read(&store, Since::Cursor(cursor)).await.unwrap();
    assert_eq!(pages.len(), 3);
    assert!(pages.iter().all(|page| page.checkpoint.is_some()));
    assert_eq!(told(&pages), ["-fil_10", "+fil_11", "+fil_12", "+fil_13", "+fil_14", "-fil_10"]);
    assert_eq!(told(&read(&store, Since::Cursor(pages[0].checkpoint.clone().unwrap())).await.unwrap()).len(), 4);
}

#[tokio::test]
async fn an_unknown_position_becomes_a_reset() {
    let drive = drive();
    let server = drive.serve().await;
    let store = client(&server).await.store(SHARE);
    let cursor = last(&read(&store, Since::Now).await.unwrap());
    drive.state().put("fil_4", "x", None);
    drive.state().forgotten = 4;
    let pages = read(&store, Since::Cursor(cursor)).await.unwrap();
    let told = told(&pages);
    assert_eq!((told.first().unwrap().as_str(), told.last().unwrap().as_str(), told.len()), ("[", "]", 6));
    assert!(pages[..pages.len() - 1].iter().all(|page| page.checkpoint.is_none()));
    assert!(read(&store, Since::Cursor(last(&pages))).await.unwrap().iter().all(|page| page.changes.is_empty()));
}

#[tokio::test]
async fn what_comes_during_an_enumeration_is_told_by_it_or_by_the_next_reading() {
    for is_cut in [false, true] {
        let drive = drive();
        let server = drive.serve().await;
        let store = client(&server).await.store(SHARE);
        let behind = drive.clone();
        server.by(move |request| {
            // The root has been listed by then.
            if request.path.ends_with("/folders/fld_1/children") && !behind.state().nodes.contains_key("fil_4") {
                let mut state = behind.state();
                state.put("fil_4", "Late.txt", None);
                state.forgotten = if is_cut { state.log.len() as u64 } else { 0 };
            }
            behind.answer(request)
        });
        let pages = read(&store, Since::Beginning).await.unwrap();
        assert_eq!(told(&pages).contains(&"+fil_4".to_owned()), !is_cut);
        let next = told(&read(&store, Since::Cursor(last(&pages))).await.unwrap());
        assert!(next.contains(&"+fil_4".to_owned()), "{next:?}");
        assert_eq!(next.first().unwrap() == "[", is_cut, "{next:?}");
    }
}

#[tokio::test]
async fn a_folder_that_came_from_elsewhere_brings_what_it_holds() {
    let drive = drive();
    let server = drive.serve().await;
    let store = client(&server).await.store(SHARE);
    let cursor = last(&read(&store, Since::Now).await.unwrap());
    {
        let mut state = drive.state();
        state.put("fld_9", "Moved in", None);
        state.put("fil_9", "inside", Some("fld_9"));
        // The log tells of the folder alone.
        state.log.pop();
        state.log.pop();
        state.note("fld_9", true, "moved", None, Some("/Moved in"));
    }
    let pages = read(&store, Since::Cursor(cursor)).await.unwrap();
    assert_eq!(told(&pages), ["+fld_9", "+fil_9"]);
    let checkpoints: Vec<_> = pages.iter().map(|page| (page.changes.len(), page.checkpoint.is_some())).collect();
    assert_eq!(checkpoints, [(1, false), (1, false), (0, true)], "what it holds comes as it is listed");
}

#[tokio::test]
async fn a_scope_tells_of_what_leaves_it() {
    let drive = drive();
    let server = drive.serve().await;
    let store = client(&server).await.store(SHARE);
    let scope = ChangeOptions::new().with_scope(ItemId::from("fld_1"));
    let read = async |since| store.changes(since, scope.clone()).try_collect::<Vec<_>>().await.unwrap();
    let pages = read(Since::Beginning).await;
    assert_eq!(told(&pages), ["+fil_1"]);
    drive.state().put("fil_5", "y", Some("fld_1"));
    drive.state().put("fil_1", "May.pdf", None);
    let pages = read(Since::Cursor(last(&pages))).await;
    assert_eq!(told(&pages), ["+fil_5", "-fil_1"]);
    let file = ChangeOptions::new().with_scope(ItemId::from("fil_1"));
    let refused = store.changes(Since::Now, file).try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidInput);
}

/// What the store makes of pages that follow a position.
async fn after(page: Value) -> Result<Vec<ChangePage>> {
    let server = Server::start().await;
    server.by(move |request| match request.param("cursor") {
        None if request.path.ends_with(SHARE) => answer(200, &json!({"id": SHARE, "name": "Team"})),
        None => answer(200, &json!({"changes": [], "cursor": 100, "has_more": false, "share_id": SHARE})),
        Some(_) => answer(200, &page),
    });
    let store = client(&server).await.store(SHARE);
    let cursor = last(&read(&store, Since::Now).await.unwrap());
    store.changes(Since::Cursor(cursor), ChangeOptions::new().with_page_size(4)).try_collect().await
}

#[tokio::test]
async fn pages_that_lead_nowhere_are_errors_and_no_loops() {
    let cases = [
        (json!({"changes": [], "cursor": 100, "has_more": true}), ErrorKind::Protocol),
        (json!({"changes": [], "cursor": 99, "has_more": true}), ErrorKind::CursorInvalid),
        (json!({"changes": [], "cursor": 99, "has_more": false}), ErrorKind::CursorInvalid),
        // A text that repeats itself: the position is opaque, but coming back to it is no way forward.
        (json!({"changes": [], "cursor": "again", "has_more": true}), ErrorKind::Protocol),
        (json!({"changes": [], "cursor": null, "has_more": true}), ErrorKind::Protocol),
        (json!({"changes": [], "cursor": 1.5, "has_more": true}), ErrorKind::Protocol),
        (json!({"changes": [], "has_more": false}), ErrorKind::Protocol),
        (json!({"cursor": 101, "has_more": false}), ErrorKind::Protocol),
        (json!({"changes": [], "cursor": 101, "has_more": false, "share_id": "shr_other"}), ErrorKind::Protocol),
        (json!({"changes": [{"resource_type": "file"}], "cursor": 101, "has_more": false}), ErrorKind::Protocol),
        (json!([]), ErrorKind::Protocol),
        (json!({"changes": [{}, {}, {}, {}, {}], "cursor": 101, "has_more": false}), ErrorKind::TooLarge),
    ];
    for (page, kind) in cases {
        let error = after(page.clone()).await.unwrap_err();
        assert_eq!((error.kind(), error.provider()), (kind, Some("cursor")), "{page}: {error}");
    }
}

#[tokio::test]
async fn what_is_not_of_this_share_or_not_known_is_left_out() {
    let entries = json!([
        {"share_id": "shr_other", "resource_type": "file", "resource_id": "fil_1", "change_type": "deleted"},
        {"resource_type": "door", "resource_id": "x", "change_type": "created"},
        {"resource_type": "share", "resource_id": SHARE, "change_type": "updated"},
        {"resource_type": "file", "resource_id": "fil_2", "change_type": "deleted"},
    ]);
    let pages = after(json!({"changes": entries, "cursor": 101, "has_more": false, "share_id": SHARE})).await.unwrap();
    assert_eq!(told(&pages), ["-fil_2"]);
    let gone = json!([{"resource_type": "share", "resource_id": SHARE, "change_type": "deleted"}]);
    let error = after(json!({"changes": gone, "cursor": 101, "has_more": false})).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

/// The answers of a gateway in the place of the service.
fn pages_in_between() -> [ResponseTemplate; 4] {
    let of = |status: u16, kind: &str, body: &str| empty(status).set_body_raw(body.to_owned(), kind);
    [
        of(404, "text/plain", "404 page not found"),
        of(403, "text/html", "<html><body>Forbidden</body></html>"),
        of(404, "text/html", "<html><body>Not Found</body></html>"),
        empty(404),
    ]
}

#[tokio::test]
async fn a_page_in_between_ends_the_reading_and_loses_nothing() {
    // The look-up of a file that is new, that of a folder, the listing of what it brought, and the root before a removal.
    let struck = ["/files/fil_3", "/folders/fld_3", "/folders/fld_3/children", "/shares/shr_01H9B"];
    for page in pages_in_between() {
        for at in struck {
            let drive = drive();
            let server = drive.serve().await;
            let store = client(&server).await.store(SHARE);
            let cursor = last(&read(&store, Since::Now).await.unwrap());
            {
                let mut state = drive.state();
                state.put("fil_3", "New.txt", None);
                state.put("fld_3", "New", None);
                state.delete("fil_2");
            }
            let (behind, answer) = (drive.clone(), page.clone());
            server.by(move |request| match request.path.ends_with(at) {
                true => answer.clone(),
                false => behind.answer(request),
            });
            let pages: Vec<_> = store.changes(Since::Cursor(cursor.clone()), ChangeOptions::new()).collect().await;
            let (end, before) = pages.split_last().unwrap();
            let error = end.as_ref().unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Protocol | ErrorKind::Unavailable), "{at}: {error}");
            // What comes before a listing that fails can be told again: nothing is gone, and no position is reached.
            let repeatable = |page: &ChangePage| {
                page.checkpoint.is_none() && page.changes.iter().all(|change| matches!(change, Change::Upsert(_)))
            };
            let before: Vec<_> = before.iter().map(|page| page.as_ref().unwrap()).collect();
            assert!(before.iter().all(|page| repeatable(page)), "{at}: {before:?}");
            let asked_first = ["/files/fil_3", "/folders/fld_3"].contains(&at);
            assert_eq!(before.len(), usize::from(!asked_first), "{at}: {before:?}");
            let behind = drive.clone();
            server.by(move |request| behind.answer(request));
            let mut told = told(&read(&store, Since::Cursor(cursor)).await.unwrap());
            told.sort();
            assert_eq!(told, ["+fil_3", "+fld_3", "-fil_2"], "{at}");
        }
    }
}

#[tokio::test]
async fn a_reset_ends_only_while_the_folder_is_there() {
    let drive = drive();
    let server = drive.serve().await;
    let store = client(&server).await.store(SHARE);
    for scope in [ChangeOptions::new(), ChangeOptions::new().with_scope(ItemId::from("fld_1"))] {
        let since = async |since| store.changes(since, scope.clone()).try_collect::<Vec<_>>().await;
        let cursor = last(&since(Since::Now).await.unwrap());
        drive.state().put("fil_4", "x", Some("fld_1"));
        let end = drive.state().log.len() as u64;
        drive.state().forgotten = end;
        // The folder goes while all of it is listed: what is told until then is not the whole.
        let (behind, share_is_there) = (drive.clone(), scope.scope.is_some());
        server.by(move |request| {
            let gone = || answer(404, &json!({"error": {"code": "NOT_FOUND", "message": "gone"}}));
            match request.path.as_str() {
                "/api/v1/folders/fld_1/children" if share_is_there => gone(),
                "/api/v1/shares/shr_01H9B" => gone(),
                _ => behind.answer(request),
            }
        });
        let failed = since(Since::Cursor(cursor)).await.unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::NotFound, "{failed}");
        let behind = drive.clone();
        server.by(move |request| behind.answer(request));
        drive.state().forgotten = 0;
    }
}

#[tokio::test]
async fn a_tree_without_an_end_has_one() {
    // Every folder holds another one that nobody has seen before; or itself; or one without a name.
    let deep =
        |id: &str| format!("fld_{}", id.strip_prefix("fld_").map_or(0, |number| number.parse::<u64>().unwrap() + 1));
    type Inner = fn(&str) -> String;
    let cases: [(Inner, &'static str, Option<ErrorKind>); 4] = [
        (deep, "d", Some(ErrorKind::Protocol)),
        (|_| "fld_9".to_owned(), "d", None),
        (|_| "fld_9".to_owned(), "", Some(ErrorKind::InvalidName)),
        (|_| "fld_9".to_owned(), "../d", Some(ErrorKind::InvalidName)),
    ];
    for (inner, name, kind) in cases {
        let server = Server::start().await;
        server.by(move |request| match request.path.split('/').nth(4) {
            Some(id) if request.path.ends_with("/children") => {
                let child = json!({"id": inner(id), "name": name, "type": "folder"});
                answer(200, &json!({"items": [child], "path": "/", "total": 1}))
            }
            _ => answer(200, &json!({"changes": [], "cursor": 100, "has_more": false, "share_id": SHARE})),
        });
        let store = client(&server).await.store(SHARE);
        let read = read(&store, Since::Beginning).await;
        assert_eq!(read.as_ref().err().map(|error| error.kind()), kind, "{name:?}");
        assert!(server.seen().await.len() < 300);
    }
}

#[tokio::test]
async fn a_damaged_cursor_is_refused_before_anything_is_asked() {
    let drive = drive();
    let server = drive.serve().await;
    let store = client(&server).await.store(SHARE);
    let whole = serde_json::to_value(last(&read(&store, Since::Now).await.unwrap())).unwrap();
    let asked = server.seen().await.len();
    for (name, value) in [("token", "1"), ("token", ""), ("token", "{"), ("scope", "x"), ("check", "")] {
        let mut damaged = whole.clone();
        damaged[name] = value.into();
        let failed = read(&store, Since::Cursor(serde_json::from_value(damaged).unwrap())).await.unwrap_err();
        assert_eq!((failed.kind(), failed.provider()), (ErrorKind::CursorInvalid, Some("cursor")), "{name} {value}");
    }
    assert_eq!(server.seen().await.len(), asked);
}

#[tokio::test]
async fn positions_that_are_texts_are_echoed() {
    let server = Server::start().await;
    server.by(|request| {
        let next = match request.param("cursor") {
            None => "a b+/=é",
            Some("a b+/=é") => "next",
            other => panic!("{other:?}"),
        };
        answer(200, &json!({"changes": [], "cursor": next, "has_more": false}))
    });
    let store = client(&server).await.store(SHARE);
    let now = last(&read(&store, Since::Now).await.unwrap());
    let kept: Cursor = serde_json::from_str(&serde_json::to_string(&now).unwrap()).unwrap();
    read(&store, Since::Cursor(kept)).await.unwrap();
    let other = client(&server).await.store("shr_other");
    let refused = read(&other, Since::Cursor(now)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::CursorInvalid);
}

#[tokio::test]
async fn the_root_is_the_share() {
    let server = Server::start().await;
    server.by(|request| match request.path.as_str() {
        "/api/v1/shares/shr_01H9B" => answer(200, &json!({"id": SHARE, "name": "Team", "is_deleted": false})),
        _ => answer(404, &json!({"detail": "gone"})),
    });
    let store = client(&server).await.store(SHARE);
    for root in [ItemRef::Root, ItemRef::Id(SHARE.into())] {
        let item = store.stat(&root).await.unwrap();
        assert_eq!((item.id.as_str(), item.name.as_str(), item.is_folder()), (SHARE, "Team", true));
    }
    let error = store.stat(&ItemRef::Id("shr_x".into())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}
