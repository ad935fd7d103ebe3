//! Every documented request and answer.

use std::collections::BTreeSet;

use bytes::Bytes;
use futures::TryStreamExt as _;
use http::Method;
use serde::Serialize;
use serde_json::{Value, json};
use sharesync::cursor::model::{
    Apply, ChangeType, DeviceUpdate, LinkFilter, LinkStatus, LinkType, LocalChange, NewDevice, NewFile, NewFolder,
    NewLink, NewUpload, Platform, Preference, Resolution, ResourceType, SyncCursor, Target,
};
use sharesync::cursor::{ChangeQuery, Client, ConflictQuery, Frame, LiveOptions, ROOT, RangeForm};
use sharesync::{ErrorKind, Result};

use super::fixtures::{documented, lines, operations, reconstructed, without_nulls};
use super::socket::{LiveServer, polite};
use super::stage::{DEVICE, SHARE, TOKEN, builder, client};
use crate::support::{Seen, Server, empty, json as answer};

/// One exchange: what the client must send, what it is answered, and what it makes of that.
struct Exchange {
    /// The operation as the reference has it, below `/api/v1/`.
    operation: &'static str,
    path: &'static str,
    query: &'static [(&'static str, &'static str)],
    body: Value,
    status: u16,
    answer: Value,
}

impl Exchange {
    fn new(operation: &'static str, path: &'static str) -> Self {
        Self { operation, path, query: &[], body: Value::Null, status: 200, answer: Value::Null }
    }

    fn query(mut self, query: &'static [(&'static str, &'static str)]) -> Self {
        self.query = query;
        self
    }

    fn body(mut self, body: Value) -> Self {
        self.body = body;
        self
    }

    fn answers(mut self, status: u16, body: Value) -> Self {
        (self.status, self.answer) = (status, body);
        self
    }

    /// Plays it, and compares what was read with what was answered.
    async fn play<T, F, D>(self, played: &mut BTreeSet<String>, call: F)
    where
        T: Serialize,
        F: FnOnce(Client) -> D,
        D: Future<Output = Result<T>>,
    {
        let server = Server::start().await;
        let (status, sent) = (self.status, self.answer.clone());
        server.by(move |_| if sent.is_null() { empty(status) } else { answer(status, &sent) });
        let read = call(client(&server).await).await.unwrap_or_else(|error| panic!("{}: {error}", self.operation));
        let seen: Seen = server.seen().await.pop().unwrap();
        let method = self.operation.split(' ').next().unwrap();
        assert_eq!(seen.line(), format!("{method} /api/v1/{}", self.path));
        let query: BTreeSet<_> = seen.query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(query, self.query.iter().copied().collect(), "{}", self.operation);
        assert_eq!(seen.json(), self.body, "{}", self.operation);
        assert_eq!(seen.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
        assert_eq!(serde_json::to_value(read).unwrap(), without_nulls(self.answer), "{}", self.operation);
        played.insert(self.operation.replace(' ', " /api/v1/"));
    }
}

fn local_change() -> LocalChange {
    LocalChange::new()
        .with_resource_type(ResourceType::File)
        .with_resource_id("fil_01H9C")
        .with_change_type(ChangeType::Updated)
        .with_version_id("ver_01H9L")
        .with_base_version_id("ver_01H9E")
        .with_old_path("/Reports/May.pdf")
        .with_new_path("/Reports/May.pdf")
        .with_metadata(json!({"size": 20481}).as_object().unwrap().clone())
}

#[tokio::test]
async fn all_operations() {
    let mut played = BTreeSet::new();
    changes_and_positions(&mut played).await;
    conflicts(&mut played).await;
    devices(&mut played).await;
    preferences(&mut played).await;
    content(&mut played).await;
    socket(&mut played).await;
    let all: BTreeSet<_> = operations().into_iter().collect();
    assert_eq!(all.len(), 16);
    assert_eq!(played, all);
}

async fn changes_and_positions(played: &mut BTreeSet<String>) {
    let query = ChangeQuery::new().with_cursor(1_042_387).with_share_id(SHARE).with_limit(5000_u32);
    Exchange::new("GET sync/changes", "sync/changes")
        .query(&[("cursor", "1042387"), ("share_id", SHARE), ("limit", "5000")])
        .answers(200, documented("changes"))
        .play(played, |client| async move { client.sync().changes(&query).await })
        .await;
    Exchange::new("GET sync/changes", "sync/changes")
        .answers(200, documented("changes"))
        .play(played, |client| async move { client.sync().changes(&ChangeQuery::new()).await })
        .await;
    Exchange::new("GET sync/status", "sync/status")
        .query(&[("share_id", SHARE), ("device_id", DEVICE)])
        .answers(200, documented("status"))
        .play(played, |client| async move { client.sync().status(SHARE, DEVICE).await })
        .await;
    Exchange::new("POST sync/cursor", "sync/cursor")
        .query(&[("share_id", SHARE), ("device_id", DEVICE), ("position", "1045000")])
        .answers(200, documented("cursor"))
        .play(played, |client| async move { client.sync().advance(SHARE, DEVICE, &SyncCursor::from(1_045_000)).await })
        .await;
    for resolution in Resolution::KNOWN {
        let mut body = reconstructed("apply");
        body["conflict_resolution"] = resolution.as_str().into();
        let apply = Apply::new()
            .with_device_id(DEVICE)
            .with_share_id(SHARE)
            .with_conflict_resolution(resolution.clone())
            .with_changes(vec![local_change()]);
        Exchange::new("POST sync/apply", "sync/apply")
            .body(body)
            .answers(200, reconstructed("applied"))
            .play(played, |client| async move { client.sync().apply(&apply).await })
            .await;
    }
}

async fn conflicts(played: &mut BTreeSet<String>) {
    let query = ConflictQuery::new().with_device_id(DEVICE).with_share_id(SHARE).with_include_resolved(true);
    Exchange::new("GET sync/conflicts", "sync/conflicts")
        .query(&[("device_id", DEVICE), ("share_id", SHARE), ("include_resolved", "true")])
        .answers(200, reconstructed("conflicts"))
        .play(played, |client| async move { client.sync().conflicts(&query).await })
        .await;
    let queries: [&[(&str, &str)]; 5] = [
        &[("resolution", "LAST_WRITER_WINS")],
        &[("resolution", "KEEP_BOTH")],
        &[("resolution", "SERVER_WINS")],
        &[("resolution", "CLIENT_WINS")],
        &[("resolution", "MANUAL")],
    ];
    for (resolution, query) in Resolution::KNOWN.iter().zip(queries) {
        Exchange::new("POST sync/conflicts/{conflict_id}/resolve", "sync/conflicts/cfl_01H9M/resolve")
            .query(query)
            .answers(200, reconstructed("conflict"))
            .play(played, |client| async move { client.sync().resolve("cfl_01H9M", resolution).await })
            .await;
    }
}

async fn devices(played: &mut BTreeSet<String>) {
    Exchange::new("GET sync/devices", "sync/devices")
        .answers(200, reconstructed("devices"))
        .play(played, |client| async move { client.devices().list().await })
        .await;
    let device = NewDevice::new()
        .with_device_id("4f3d7a52-7c9e-4a39-9a39-0d6f5f3c1f11")
        .with_device_name("Laptop")
        .with_platform(Platform::Linux)
        .with_client_version("1.2.3");
    Exchange::new("POST sync/devices", "sync/devices")
        .body(documented("register_device"))
        .answers(201, reconstructed("device"))
        .play(played, |client| async move { client.devices().register(&device).await })
        .await;
    let update = DeviceUpdate::new().with_device_name("Old laptop").with_is_active(false);
    for (status, body) in [(200, reconstructed("device")), (204, Value::Null)] {
        let update = update.clone();
        Exchange::new("PATCH sync/devices/{device_id}", "sync/devices/dev_01H9I")
            .body(documented("update_device"))
            .answers(status, body)
            .play(played, |client| async move { client.devices().update(DEVICE, &update).await })
            .await;
    }
    Exchange::new("DELETE sync/devices/{device_id}", "sync/devices/dev_01H9I")
        .answers(204, Value::Null)
        .play(played, |client| async move { client.devices().remove(DEVICE).await })
        .await;
    Exchange::new("POST sync/devices/{device_id}/heartbeat", "sync/devices/dev_01H9I/heartbeat")
        .answers(204, Value::Null)
        .play(played, |client| async move { client.devices().heartbeat(DEVICE).await })
        .await;
}

async fn preferences(played: &mut BTreeSet<String>) {
    let server = Server::start().await;
    server.by(|_| answer(200, &reconstructed("preferences")));
    let read = client(&server).await.devices().preferences(DEVICE).await.unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), reconstructed("preferences")["preferences"]);
    // The same without the object around the list.
    Exchange::new("GET sync/devices/{device_id}/preferences", "sync/devices/dev_01H9I/preferences")
        .answers(200, reconstructed("preferences")["preferences"].clone())
        .play(played, |client| async move { client.devices().preferences(DEVICE).await })
        .await;
    let preference = Preference::new()
        .with_share_id(SHARE)
        .with_sync_enabled(true)
        .with_selected_folders(vec!["fld_01H9F".to_owned()])
        .with_excluded_folders(Vec::new());
    let all = [preference.clone().with_selected_folders(Vec::new())];
    Exchange::new(
        "PUT sync/devices/{device_id}/preferences/{share_id}",
        "sync/devices/dev_01H9I/preferences/shr_01H9B",
    )
    .body(documented("set_preference"))
    .play(played, |client| async move { client.devices().set_preference(DEVICE, SHARE, &preference).await })
    .await;
    Exchange::new("PUT sync/devices/{device_id}/preferences", "sync/devices/dev_01H9I/preferences")
        .body(reconstructed("set_preferences"))
        .play(played, |client| async move { client.devices().set_preferences(DEVICE, &all).await })
        .await;
}

async fn content(played: &mut BTreeSet<String>) {
    let server = Server::start().await;
    server.by(|_| {
        let part = wiremock::ResponseTemplate::new(206).insert_header("Content-Range", "bytes 2-4/9");
        part.set_body_raw("cde", "application/octet-stream")
    });
    let sync = client(&server).await.sync();
    for form in [RangeForm::Header, RangeForm::Parameters] {
        let content = sync.download("fil_01H9C", Some(4), 2, Some(3), form).await.unwrap();
        assert_eq!((content.offset, content.total), (2, Some(9)));
        let bytes: Vec<Bytes> = content.body.try_collect().await.unwrap();
        assert_eq!(bytes.concat(), b"cde");
    }
    let seen = server.seen().await;
    assert_eq!(seen[0].line(), "GET /api/v1/sync/download/fil_01H9C");
    assert_eq!((seen[0].header("range"), seen[0].param("version")), (Some("bytes=2-4"), Some("4")));
    assert_eq!((seen[1].header("range"), seen[1].param("range_start")), (None, Some("2")));
    assert_eq!((seen[1].param("range_end"), seen[1].param("version")), (Some("4"), Some("4")));
    played.insert("GET /api/v1/sync/download/{file_id}".into());
}

async fn socket(played: &mut BTreeSet<String>) {
    let plain = Server::start().await;
    let live = LiveServer::start(&plain, |_, socket| polite(socket)).await;
    let client = builder(live.uri()).access_token(TOKEN).connect().await.unwrap();
    for in_query in [false, true] {
        let options = LiveOptions::new().with_token_in_query(in_query);
        let mut connection = client.live().connect("dev/1", &options).await.unwrap();
        connection.subscribe().await.unwrap();
        assert!(matches!(connection.next().await.unwrap(), Some(Frame::Subscribed)));
        connection.ping().await.unwrap();
        assert!(matches!(connection.next().await.unwrap(), Some(Frame::Pong)));
        connection.close().await.unwrap();
    }
    let asked = live.asked();
    assert_eq!(asked.iter().map(|asked| asked.path.as_str()).collect::<BTreeSet<_>>().len(), 1);
    assert_eq!(asked[0].path, "/api/v1/sync/ws/dev%2F1");
    assert_eq!((asked[0].authorization.as_deref(), asked[0].query.as_deref()), (Some("Bearer t0k3n"), None));
    assert_eq!((asked[1].authorization.as_deref(), asked[1].query.as_deref()), (None, Some("token=t0k3n")));
    played.insert("WS /api/v1/sync/ws/{device_id}".into());
}

#[test]
fn what_is_reconstructed_has_the_documented_number_of_lines() {
    for (name, count) in [("apply", 17), ("applied", 5), ("devices", 10), ("preferences", 10), ("set_preferences", 5)] {
        assert_eq!(lines(name), count, "{name}");
    }
    assert_eq!(reconstructed("conflicts")[0].as_object().unwrap().len(), 9, "11 lines as an object of its own");
    assert_eq!(reconstructed("link").as_object().unwrap().len(), 24, "26 lines");
}

#[tokio::test]
async fn what_the_page_on_events_shows_is_a_change_too() {
    let server = Server::start().await;
    let page = json!({"changes": [documented("change_of_events")], "cursor": "opaque+/=", "has_more": false});
    server.by(move |_| answer(200, &page));
    let sync = client(&server).await.sync();
    let page = sync.changes(&ChangeQuery::new()).await.unwrap();
    assert_eq!((&page.changes[0].share_id, &page.changes[0].change_type), (&None, &Some(ChangeType::Renamed)));
    sync.changes(&ChangeQuery::new().with_cursor(page.cursor)).await.unwrap();
    assert_eq!(server.seen().await[1].param("cursor"), Some("opaque+/="));
}

#[tokio::test]
async fn limits_beyond_the_documented_ones_are_not_sent() {
    let server = Server::start().await;
    for limit in [0_u32, 5001] {
        let error = client(&server).await.sync().changes(&ChangeQuery::new().with_limit(limit)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    assert!(server.seen().await.is_empty());
}

/// What is beyond the sync reference: method, path, query, body, answer.
#[tokio::test]
async fn files_folders_uploads_links_and_the_server() {
    let mut played = BTreeSet::new();
    Exchange::new("GET files/{id}", "files/fil_01H9C")
        .answers(200, documented("file"))
        .play(&mut played, |client| async move { client.files().get("fil_01H9C").await })
        .await;
    Exchange::new("GET folders/{id}", "folders/fld_01H9F")
        .answers(200, documented("folder"))
        .play(&mut played, |client| async move { client.folders().get("fld_01H9F").await })
        .await;
    Exchange::new("GET folders/{id}/children", "folders/root/children")
        .query(&[("share_id", SHARE), ("include_deleted", "false")])
        .answers(200, documented("children"))
        .play(&mut played, |client| async move { client.folders().children(ROOT, SHARE, false).await })
        .await;
    let folder = NewFolder::new().with_share_id(SHARE).with_name("Reports");
    Exchange::new("POST folders", "folders")
        .body(json!({"share_id": SHARE, "name": "Reports"}))
        .answers(201, documented("folder"))
        .play(&mut played, |client| async move { client.folders().create(&folder).await })
        .await;
    Exchange::new("POST files/{id}/move", "files/fil_01H9C/move")
        .body(json!({"target_share_id": SHARE}))
        .play(&mut played, |client| async move {
            client.files().move_to("fil_01H9C", &Target::new().with_share(SHARE)).await
        })
        .await;
    Exchange::new("DELETE files/{id}", "files/fil_01H9C")
        .query(&[("permanent", "true")])
        .answers(204, Value::Null)
        .play(&mut played, |client| async move { client.files().delete("fil_01H9C", true).await })
        .await;
    Exchange::new("GET files/{id}/versions", "files/fil_01H9C/versions")
        .answers(200, documented("versions"))
        .play(&mut played, |client| async move { client.files().versions("fil_01H9C").await })
        .await;
    let upload = NewUpload::new()
        .with_share_id(SHARE)
        .with_file_name("a")
        .with_file_size(70_000_u64)
        .with_chunk_size(65_536_u64);
    Exchange::new("POST uploads", "uploads")
        .body(json!({"share_id": SHARE, "file_name": "a", "file_size": 70_000, "chunk_size": 65_536}))
        .answers(201, reconstructed("upload_session"))
        .play(&mut played, |client| async move { client.uploads().begin(&upload).await })
        .await;
    let link = NewLink::new().with_resource_type("file").with_resource_id("fil_01H9C").with_share_id(SHARE);
    let link = link.with_link_type(LinkType::Download).with_max_downloads(3_u64);
    Exchange::new("POST external/links", "external/links")
        .body(json!({"resource_type": "file", "resource_id": "fil_01H9C", "share_id": SHARE, "link_type": "DOWNLOAD", "max_downloads": 3}))
        .answers(201, reconstructed("link"))
        .play(&mut played, |client| async move { client.links().create(&link).await })
        .await;
    let filter = LinkFilter::new().with_share_id(SHARE).with_status(LinkStatus::Active).with_limit(10_u64);
    Exchange::new("GET external/links", "external/links")
        .query(&[("share_id", SHARE), ("status", "active"), ("limit", "10")])
        .answers(200, json!({"links": [without_nulls(reconstructed("link"))], "total": 1}))
        .play(&mut played, |client| async move { client.links().list(&filter).await })
        .await;
    Exchange::new("GET users/me/shares", "users/me/shares")
        .query(&[("limit", "50"), ("offset", "0")])
        .answers(200, documented("my_shares"))
        .play(&mut played, |client| async move { client.users().shares(50, 0).await })
        .await;
    assert_eq!(played.len(), 11);
}

#[tokio::test]
async fn what_needs_no_sign_in_gets_no_token() {
    let server = Server::start().await;
    server.by(|_| answer(200, &documented("config")));
    let config = client(&server).await.server().config().await.unwrap();
    assert_eq!(serde_json::to_value(config).unwrap(), documented("config"));
    assert_eq!(server.seen().await[0].header("authorization"), None);
}

#[tokio::test]
async fn a_new_file_is_a_form() {
    let server = Server::start().await;
    server.by(|_| answer(201, &documented("file")));
    let file = NewFile::new().with_share_id(SHARE).with_folder_id("fld_01H9F").with_name("a\"b.txt");
    client(&server).await.files().create(&file, Some("text/plain"), "content").await.unwrap();
    let seen = server.seen().await.pop().unwrap();
    assert_eq!(seen.line(), format!("{} /api/v1/files", Method::POST));
    let boundary = multer::parse_boundary(seen.header("content-type").unwrap()).unwrap();
    let body = seen.body.clone();
    let mut form =
        multer::Multipart::new(futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from(body))]), boundary);
    let mut fields = Vec::new();
    while let Some(field) = form.next_field().await.unwrap() {
        let kind = field.content_type().map(ToString::to_string);
        fields.push((field.name().unwrap().to_owned(), kind, field.text().await.unwrap()));
    }
    let text = |name: &str, value: &str| (name.to_owned(), None, value.to_owned());
    let file = ("file".to_owned(), Some("text/plain".to_owned()), "content".to_owned());
    assert_eq!(fields, [text("share_id", SHARE), text("folder_id", "fld_01H9F"), text("name", "a\"b.txt"), file]);
}
