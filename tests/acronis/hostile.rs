//! Answers that no document has: typed errors, nothing lost, no panic.

use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};
use sharesync::acronis::model::{MemberUpdate, NewFolder, SyncStatus};
use sharesync::acronis::{AcronisError, ROOT, StoreOptions};
use sharesync::{ErrorKind, ItemRef, ListOptions, RemoteStore as _, RemoteStoreExt as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::fixtures::documented;
use super::stage::{TOKEN, client, no_waiting};
use crate::support::{Seen, Server, json as answer};

fn number(request: &Seen, name: &str) -> usize {
    request.param(name).unwrap().parse().unwrap()
}

fn file(number: usize) -> Value {
    json!({"uuid": format!("u{number}"), "name": format!("{number}.txt"), "is_directory": false})
}

/// Answers for a page and a page size: entries and status.
type Serve = fn(usize, usize) -> (Vec<usize>, u16);

/// Lists the root of a store whose service answers by `serve`: page and page size, to entries and status.
async fn list(per_page: u32, serve: Serve) -> Result<Vec<String>> {
    let server = Server::start().await;
    server.by(move |request| {
        let (files, status) = serve(number(request, "page"), number(request, "per_page"));
        answer(status, &files.into_iter().map(file).collect())
    });
    let store = client(&server).await.store_with(StoreOptions::new().with_page_size(per_page));
    let items: Vec<_> = store.items(ItemRef::Root, ListOptions::new()).try_collect().await?;
    Ok(items.into_iter().map(|item| item.name).collect())
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{number}.txt")).collect()
}

#[tokio::test]
async fn lists_lose_nothing_and_repeat_nothing_however_they_are_cut() {
    let part = |page: usize, size: usize| (0..25).skip((page - 1) * size).take(size).collect::<Vec<_>>();
    let services: [Serve; 5] = [
        |page, size| ((0..25).skip((page - 1) * size).take(size).collect(), if page * size < 25 { 206 } else { 200 }),
        |page, size| ((0..25).skip((page - 1) * size).take(size).collect(), 206),
        |page, _| ((0..25).skip((page - 1) * 7).take(7).collect(), if page < 4 { 206 } else { 200 }),
        |_, _| ((0..25).collect(), 200),
        // Each page is shorter than the one before: 7, 6, 5, …
        |page, _| {
            (
                (0..25)
                    .skip((1..page).map(|page| 8_usize.saturating_sub(page)).sum())
                    .take(8_usize.saturating_sub(page))
                    .collect(),
                206,
            )
        },
    ];
    assert_eq!(part(2, 10), (10..20).collect::<Vec<_>>());
    for (index, serve) in services.into_iter().enumerate() {
        for per_page in [10, 25, 100] {
            assert_eq!(list(per_page, serve).await.unwrap(), names(25), "{index} {per_page}");
        }
    }
}

/// A list that has something new on every page ends when it is too large; that it does is shown in `paging`, with a smaller
/// bound. Until then it is handed on page by page.
#[tokio::test]
async fn a_list_that_never_ends_comes_page_by_page() {
    let server = Server::start().await;
    server.by(move |request| {
        let (page, size) = (number(request, "page"), number(request, "per_page"));
        answer(206, &((page - 1) * size..page * size).map(file).collect())
    });
    let store = client(&server).await.store_with(StoreOptions::new().with_page_size(10));
    let items = store.items(ItemRef::Root, ListOptions::new()).take(1005).try_collect::<Vec<_>>().await.unwrap();
    assert_eq!(items.into_iter().map(|item| item.name).collect::<Vec<_>>(), names(1005));
    assert_eq!(server.seen().await.len(), 101, "no page is asked for before it is wanted");
}

#[tokio::test]
async fn a_list_that_repeats_itself_is_an_error() {
    let error = list(10, |_, size| ((0..size).collect(), 206)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.operation(), error.provider()),
        (ErrorKind::Protocol, Some("Nodes.Contents"), Some("acronis"))
    );
}

#[tokio::test]
async fn a_part_of_a_list_is_no_larger_than_was_asked_for() {
    let error = list(10, |_, _| ((0..25).collect(), 206)).await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::TooLarge, Some("Nodes.Contents")), "{error}");
    assert!(error.to_string().contains("the 10 entries that were asked for"), "{error}");
}

#[tokio::test]
async fn members_with_commas_and_slashes_reach_their_own_address() {
    let server = Server::start().await;
    server.by(|_| answer(200, &documented("update_member/200.example_0")));
    let members = client(&server).await.members();
    for (id, path) in
        [("guest-1,2", "guest-1%2C2"), ("a/b", "a%2Fb"), ("../../x", "..%2F..%2Fx"), ("a?b#c%2F", "a%3Fb%23c%252F")]
    {
        members.update("n", id, &MemberUpdate::new().with_read_only(true)).await.unwrap();
        let sent = server.seen().await.pop().unwrap();
        assert_eq!(sent.path, format!("/fc/api/v1/sync_and_share_nodes/n/members/{path}"));
    }
    let before = server.seen().await.len();
    for id in ["", ".", ".."] {
        let error = members.update("n", id, &MemberUpdate::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    assert_eq!(server.seen().await.len(), before);
}

#[tokio::test]
async fn a_conflict_without_a_node_is_a_conflict_still() {
    let server = Server::start().await;
    let mut body = documented("create_folder/409");
    body["error"].as_object_mut().unwrap().remove("context");
    server.by(move |_| answer(409, &body));
    let error = client(&server).await.nodes().create_folder(&NewFolder::by_name("Folder", ROOT)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert_eq!(error.provider_error::<AcronisError>().unwrap().conflict, None);
}

#[tokio::test]
async fn unknown_fields_and_values_are_kept_and_nulls_too() {
    let server = Server::start().await;
    let node = json!({"uuid": "u", "name": "n", "is_directory": true, "size": null, "preview_type": null, "synced": "sync_4_way",
        "checksum": "", "actions": {"download": "/x", "upload": "/y", "preview": null, "print": "/z"}, "colour": ["red"],
        "parents": [{"uuid": "0", "is_root": true, "more": 1}], "expiration_date": "1970-01-01T00:00:00.000Z"});
    let sent = node.clone();
    server.by(move |_| answer(200, &sent));
    let read = client(&server).await.undocumented().node("u").await.unwrap();
    assert_eq!(read.synced, Some(SyncStatus::Other("sync_4_way".into())));
    assert_eq!((read.size, &read.preview_type, read.extra["colour"].clone()), (None, &None, json!(["red"])));
    assert_eq!(serde_json::to_value(&read).unwrap(), node);
}

#[tokio::test]
async fn answers_of_another_shape_are_protocol_errors_that_quote_nothing() {
    let bodies = [
        json!({"hush": 1}),
        json!([1]),
        json!([{"uuid": "hush", "name": ["hush"]}]),
        json!([{"uuid": "u", "name": "n"}]),
        json!([{"uuid": "u", "is_directory": true}]),
        json!([{"uuid": "u", "name": "n", "is_directory": "hush"}]),
        json!([{"uuid": "u", "name": "n", "is_directory": true, "parents": "hush"}]),
        json!("hush"),
        Value::Null,
    ];
    for body in bodies {
        let server = Server::start().await;
        let sent = body.clone();
        server.by(move |_| answer(200, &sent));
        let items = client(&server).await.store().items(ItemRef::Root, ListOptions::new());
        let error = items.try_collect::<Vec<_>>().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{body}: {error}");
        assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
    }
}

#[tokio::test]
async fn parents_that_loop_lead_nowhere() {
    let server = Server::start().await;
    let parents = json!([{"uuid": "a"}, {"uuid": "b"}, {"uuid": "a"}, {"uuid": "b"}]);
    let node = json!({"uuid": "b", "name": "B", "is_directory": true, "parent_uuid": "b", "parents": parents, "path": "B/../B"});
    server.by(move |_| answer(200, &node));
    let item = client(&server).await.store().stat(&ItemRef::Id("b".into())).await.unwrap();
    assert_eq!((item.parent, item.path), (None, None));
}

/// A server that answers every request with these bytes and then hangs up.
async fn raw(text: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(text.as_bytes()).await;
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn a_body_that_stops_is_an_error_and_never_a_shorter_list() {
    let endpoint =
        raw("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n[{\"uuid\":\"u\",\"name\":\"n\",\"is_directory\":true}]")
            .await;
    let config = no_waiting().with_max_attempts(2).with_idle_timeout(Duration::from_secs(2));
    let builder = sharesync::acronis::Client::builder_at(endpoint).http_config(config).access_token(TOKEN);
    let store = builder.connect().await.unwrap().store();
    let error = store.items(ItemRef::Root, ListOptions::new()).try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Network, 2), "{error}");
}
