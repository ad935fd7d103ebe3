//! What the FilesAnywhere store does beyond the behaviour that all stores share: how many requests things take, sessions,
//! and what a spec or a log holds.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use sharesync::filesanywhere::{Client, FilesAnywhereStore, StoreOptions};
use sharesync::http::{TokenSet, TokenStore};
use sharesync::transfer::{BytesSource, Part, TransferOptions, UploadRequest, UploadSpec};
use sharesync::{
    Change, ChangeOptions, CreateFolderOptions, DeleteOptions, Destination, Digest, DigestAlgorithm, Item, ItemRef,
    ListOptions, OnConflict, RemoteStore as _, RemoteStoreExt as _, Result, ShareRequest, Since, TEMPORARY,
};
use sharesync_emulator::Emulator;

async fn store_with(emulator: &Emulator, tokens: Option<Arc<dyn TokenStore>>) -> FilesAnywhereStore {
    let account = emulator.filesanywhere();
    let mut builder = Client::builder(account.api_key(), account.org_id())
        .server(account.endpoint())
        .password(account.username(), account.password());
    if let Some(tokens) = tokens {
        builder = builder.token_store(tokens);
    }
    builder.connect().await.unwrap().store_with(StoreOptions::new().with_chunk_size(64 << 10))
}

async fn store(emulator: &Emulator) -> FilesAnywhereStore {
    store_with(emulator, None).await
}

async fn folder(store: &FilesAnywhereStore, parent: &ItemRef, name: &str) -> Item {
    store.create_folder(parent, name, CreateFolderOptions::new()).await.unwrap()
}

async fn put(store: &FilesAnywhereStore, parent: impl Into<ItemRef>, name: &str) -> Item {
    let request = UploadRequest::new(parent, name);
    store.upload_bytes("content", request, TransferOptions::new()).await.unwrap().item
}

/// How often an operation was asked for.
fn asked(emulator: &Emulator, operation: &str) -> usize {
    let requests = emulator.requests().all();
    requests
        .iter()
        .filter(|request| request.action.as_deref().is_some_and(|action| action.ends_with(operation)))
        .count()
}

#[tokio::test]
async fn new_folders_do_not_have_all_folders_read_again() {
    let emulator = Emulator::start().await.unwrap();
    let store = store(&emulator).await;
    let mut parent = ItemRef::Root;
    for number in 0..40 {
        let new = folder(&store, &parent, &format!("folder {number}")).await;
        assert!(new.id.as_str().parse::<i64>().is_ok(), "the number of the service: {}", new.id);
        if number % 4 == 0 {
            parent = ItemRef::from(&new);
        }
    }
    let moved = store.stat(&parent).await.unwrap();
    store.move_item(&parent, &Destination::folder(ItemRef::Root).with_name("moved")).await.unwrap();
    assert_eq!(folder(&store, &parent, "below what was moved").await.parent, Some(moved.id));
    assert_eq!(asked(&emulator, "GetAllItemsForSync"), 1);
}

#[tokio::test]
async fn what_others_do_to_folders_is_noticed() {
    let emulator = Emulator::start().await.unwrap();
    let (store, other) = (store(&emulator).await, store(&emulator).await);
    let old = folder(&store, &ItemRef::Root, "old").await;
    let file = put(&store, &old, "a.txt").await;
    other.move_item(&ItemRef::from(&old), &Destination::name("new")).await.unwrap();
    assert_eq!(store.stat(&ItemRef::from(&file)).await.unwrap().path.unwrap().as_str(), "/new/a.txt");
    let again = folder(&other, &ItemRef::Root, "old").await;
    assert_ne!(again.id, old.id);
    let listed: Vec<_> = store.items(ItemRef::Root, ListOptions::new()).try_collect().await.unwrap();
    let ids: Vec<_> = listed.iter().map(|item| (item.name.as_str(), &item.id)).collect();
    assert_eq!(ids, [("new", &old.id), ("old", &again.id)]);
}

#[tokio::test]
async fn finding_and_moving_cost_the_same_beside_many_others() {
    let emulator = Emulator::start().await.unwrap();
    let store = store(&emulator).await;
    let (crowd, target) =
        (folder(&store, &ItemRef::Root, "crowd").await, folder(&store, &ItemRef::Root, "target").await);
    for number in 0..30 {
        put(&store, &crowd, &format!("{number}.txt")).await;
    }
    emulator.requests().clear();
    let file = ItemRef::Id(format!("{}/7.txt", crowd.id).into());
    store.stat(&file).await.unwrap();
    let renamed = store.move_item(&file, &Destination::name("seven.txt")).await.unwrap();
    store.move_item(&ItemRef::from(&renamed), &Destination::folder(&target)).await.unwrap();
    store.stat(&ItemRef::from(&crowd)).await.unwrap();
    assert_eq!(asked(&emulator, "ListItems2"), 0);
    assert!(emulator.requests().count() < 20, "{} requests", emulator.requests().count());
}

#[tokio::test]
async fn a_token_that_has_ended_is_renewed_once_for_all_who_wait() {
    let emulator = Emulator::start().await.unwrap();
    let store = store(&emulator).await;
    let file = put(&store, ItemRef::Root, "a.txt").await;
    let id = ItemRef::from(&file);
    for _ in 0..3 {
        let before = asked(&emulator, "AccountLogin");
        emulator.expire_tokens();
        let found = join_all((0..16).map(|_| store.stat(&id))).await;
        assert!(found.iter().all(|found| found.as_ref().is_ok_and(|found| found.id == file.id)), "{found:?}");
        assert_eq!(asked(&emulator, "AccountLogin") - before, 1);
    }
}

/// An application that takes items from a list and does something with each, while the next ones are being fetched.
#[tokio::test]
async fn a_stream_that_is_not_polled_holds_up_nobody() {
    let emulator = Emulator::start().await.unwrap();
    let store = store(&emulator).await;
    let other = self::store(&emulator).await;
    let mut folders = Vec::new();
    for number in 0..12 {
        // Folders that this store has not heard of: each one has it look at the service.
        folders.push(ItemRef::from(&folder(&other, &ItemRef::Root, &format!("folder {number}")).await));
    }
    let names = folders.iter().map(|folder| store.stat(folder)).collect::<Vec<_>>();
    let mut found = stream::iter(names).buffered(4);
    let mut count = 0;
    let work = async {
        while let Some(item) = found.try_next().await.unwrap() {
            folder(&store, &ItemRef::from(&item), "inside").await;
            count += 1;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), work).await.expect("it hangs");
    assert_eq!(count, 12);
}

#[tokio::test]
async fn a_spec_goes_on_with_the_token_of_the_last_chunk_and_hides_it() {
    let emulator = Emulator::start().await.unwrap();
    let (store, later) = (store(&emulator).await, store(&emulator).await);
    let content = vec![7_u8; 200 << 10];
    let request = UploadRequest::new(ItemRef::Root, "large.bin").with_size(content.len() as u64);
    let mut spec = store.upload_spec(request).await.unwrap();
    for index in 0..2 {
        let range = spec.part_range(index);
        let bytes = content[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()].to_vec();
        let part = Part::new(index, range.start, Arc::new(BytesSource::new(bytes)));
        spec = store.upload_part(&spec, part).await.unwrap().renewed().unwrap().clone();
    }
    let kept = serde_json::to_string(&spec).unwrap();
    let token = kept.split("\"token\":\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(token.len() > 8 && !format!("{spec:?}").contains(token));
    let spec: UploadSpec = serde_json::from_str(&kept).unwrap();
    emulator.requests().clear();
    let source = Arc::new(BytesSource::new(content.clone()));
    let done = later.resume_upload(spec, source, TransferOptions::new()).await.unwrap();
    assert_eq!(asked(&emulator, "ChunkUpload"), 2, "of four chunks two were there");
    let read =
        later.download(&ItemRef::from(&done.item), Default::default()).await.unwrap().bytes(1 << 20).await.unwrap();
    assert!(read == content);
}

/// What the service has of an upload is not what was acknowledged: something else has the place of the chunks.
#[tokio::test]
async fn what_was_sent_before_an_interruption_is_compared_before_it_gets_its_name() {
    for damaged in [false, true] {
        let emulator = Emulator::start().await.unwrap();
        let store = store(&emulator).await;
        let content = vec![7_u8; 200 << 10];
        let request = UploadRequest::new(ItemRef::Root, "large.bin").with_size(content.len() as u64);
        let mut spec = store.upload_spec(request).await.unwrap();
        let mut prefix = Vec::new();
        for index in 0..spec.part_count() - 1 {
            let range = spec.part_range(index);
            let (start, end) = (usize::try_from(range.start).unwrap(), usize::try_from(range.end).unwrap());
            let mut bytes = content[start..end].to_vec();
            bytes[0] ^= u8::from(damaged && index == 1);
            prefix.extend_from_slice(&content[start..end]);
            let digest = [Digest::of(DigestAlgorithm::Md5, &prefix)];
            let part = Part::new(index, range.start, Arc::new(BytesSource::new(bytes))).with_prefix(&digest);
            spec = store.upload_part(&spec, part).await.unwrap().renewed().unwrap().clone();
        }
        emulator.requests().clear();
        let source = Arc::new(BytesSource::new(content.clone()));
        let done = store.resume_upload(spec, source, TransferOptions::new()).await.unwrap();
        assert_eq!(asked(&emulator, "ChunkUpload"), if damaged { 1 + 4 } else { 1 }, "damaged chunks are sent anew");
        let read = store.download(&ItemRef::from(&done.item), Default::default()).await.unwrap();
        assert!(read.bytes(1 << 20).await.unwrap() == content);
        let names: Vec<_> = store.items(ItemRef::Root, ListOptions::new()).try_collect::<Vec<_>>().await.unwrap();
        assert_eq!(names.iter().map(|item| item.name.as_str()).collect::<Vec<_>>(), ["large.bin"]);
    }
}

#[tokio::test]
async fn nobody_sees_a_part_of_a_new_file_under_its_name() {
    let emulator = Emulator::builder().partial_files(true).start().await.unwrap();
    let store = store(&emulator).await;
    let names = async || {
        let items: Vec<Item> = store.items(ItemRef::Root, ListOptions::new()).try_collect().await.unwrap();
        items.into_iter().map(|item| item.name).collect::<Vec<_>>()
    };
    let request = || UploadRequest::new(ItemRef::Root, "large.bin").with_size(200 << 10);
    let spec = store.upload_spec(request()).await.unwrap();
    let part = Part::new(0, 0, Arc::new(BytesSource::new(vec![7; 64 << 10])));
    store.upload_part(&spec, part).await.unwrap();
    assert!(matches!(names().await.as_slice(), [name] if name.starts_with(TEMPORARY)), "{:?}", names().await);
    store.upload_abort(&spec).await.unwrap();
    assert_eq!(names().await, Vec::<String>::new());

    // A name that somebody else takes meanwhile stays theirs, or gets a new version.
    for (on_conflict, expected) in [(OnConflict::Fail, None), (OnConflict::NewVersion, Some(200_u64 << 10))] {
        let drive = emulator.drive();
        let spec = store.upload_spec(request().with_on_conflict(on_conflict)).await.unwrap();
        let theirs = put(&store, ItemRef::Root, "large.bin").await;
        let source = Arc::new(BytesSource::new(vec![7; 200 << 10]));
        let done = store.resume_upload(spec.clone(), source, TransferOptions::new()).await;
        let size = drive.find(drive.root(), 1, |item| &*item.name == "large.bin")[0].item.size();
        assert_eq!(size, expected.unwrap_or(7));
        assert_eq!(done.is_ok(), expected.is_some(), "{done:?}");
        store.upload_abort(&spec).await.unwrap();
        assert_eq!(names().await, ["large.bin"]);
        store.delete(&ItemRef::from(&theirs), DeleteOptions::new()).await.unwrap();
    }
}

/// More files than stay in memory, with a removal among them; small pages.
#[tokio::test]
async fn long_lists_of_changes_are_told_whole_and_in_order() {
    let emulator = Emulator::start().await.unwrap();
    let store = store(&emulator).await;
    let now = store.changes(Since::Now, ChangeOptions::new()).try_collect::<Vec<_>>().await.unwrap();
    let cursor = now.last().unwrap().checkpoint.clone().unwrap();
    let user = emulator.filesanywhere().user().clone();
    let long = "x".repeat(180);
    for number in 0..6000 {
        let name = format!("{number} {long}");
        emulator.drive().put_bytes(user.id, user.home, &name, "x").unwrap();
    }
    let home = store.stat(&ItemRef::Root).await.unwrap();
    let gone = ItemRef::Id(format!("{}/5 {long}", home.id).into());
    store.delete(&gone, Default::default()).await.unwrap();
    let options = ChangeOptions::new().with_page_size(100);
    let pages: Vec<_> = store.changes(Since::Cursor(cursor), options).try_collect().await.unwrap();
    assert!(pages.iter().all(|page| page.changes.len() <= 100));
    assert_eq!(pages.iter().filter(|page| page.checkpoint.is_some()).count(), 1);
    let changes: Vec<_> = pages.into_iter().flat_map(|page| page.changes).collect();
    assert!(matches!(&changes[0], Change::Remove(id) if ItemRef::from(id) == gone), "{:?}", changes[0]);
    let files = changes.iter().filter(|change| matches!(change, Change::Upsert(item) if item.is_file()));
    assert_eq!(files.count(), 5999);
}

/// Keeps every token that was issued.
#[derive(Debug, Default)]
struct Issued(Mutex<Vec<String>>);

#[async_trait]
impl TokenStore for Issued {
    async fn save(&self, tokens: &TokenSet) -> Result<()> {
        self.0.lock().unwrap().push(tokens.access.expose().to_owned());
        Ok(())
    }
}

#[tokio::test]
async fn nothing_secret_is_printed_or_stands_in_an_address() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_writer(move || writer.clone())
        .finish();
    // For all threads: whether a place in the code is traced at all may be decided by another test, which reaches it first.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let emulator = Emulator::start().await.unwrap();
    let issued = Arc::new(Issued::default());
    let store = store_with(&emulator, Some(issued.clone())).await;
    let file = put(&store, ItemRef::Root, "a.txt").await;
    let id = ItemRef::from(&file);
    store.download(&id, Default::default()).await.unwrap().bytes(1 << 20).await.unwrap();
    store.changes(Since::Beginning, ChangeOptions::new()).try_collect::<Vec<_>>().await.unwrap();
    let request = ShareRequest::link().with_password("open sesame");
    let share = store.share(&id, request).await.unwrap();
    emulator.expire_tokens();
    store.delete(&id, Default::default()).await.unwrap();
    let error = store.stat(&id).await.unwrap_err();
    let printed = format!("{}{store:?}{:?}{share:?}{error}{error:?}", log.text(), store.client());
    assert!(printed.contains("FileProperties"), "the log was heard");
    let account = emulator.filesanywhere();
    let link = share.link.unwrap();
    let link = link.expose().query().unwrap().to_owned();
    let issued = issued.0.lock().unwrap().clone();
    assert!(issued.len() >= 3, "two services, and one of them again");
    let secrets =
        issued.iter().map(String::as_str).chain([account.password(), account.api_key(), &link, "open sesame"]);
    for secret in secrets {
        assert!(!printed.contains(secret), "{secret} is printed");
    }
    for request in emulator.requests().all() {
        let soap = request.path.ends_with(".asmx");
        assert!(!request.authorization && (!soap || request.query.is_empty()), "{request:?}");
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}
