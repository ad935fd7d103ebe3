//! The changes of the store, and what a faulty service makes of them.

use futures::TryStreamExt as _;
use serde_json::{Value, json};
use sharesync::{Change, ChangeOptions, ChangePage, Cursor, ErrorKind, ItemId, ItemRef, RemoteStore, Result, Since};

use super::drive::Drive;
use super::stage::{SHARE, client};
use crate::support::{Server, json as answer};

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
    assert_eq!(told(&read(&store, Since::Cursor(cursor)).await.unwrap()), ["+fld_9", "+fil_9"]);
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
        None => answer(200, &json!({"changes": [], "cursor": 100, "has_more": false, "share_id": SHARE})),
        Some(_) => answer(200, &page),
    });
    let store = client(&server).await.store(SHARE);
    let cursor = last(&read(&store, Since::Now).await.unwrap());
    read(&store, Since::Cursor(cursor)).await
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
