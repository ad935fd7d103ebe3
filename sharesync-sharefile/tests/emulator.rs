//! The client and its store against the emulator: what the replay of documented bodies cannot show, because it takes
//! several requests that belong together.
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
use bytes::Bytes;
use futures::TryStreamExt as _;
use sharesync_core::http::{Body, TokenSet, TokenStore};
use sharesync_core::transfer::{BytesSource, DownloadOptions, Part, TransferOptions, UploadRequest, UploadStatus};
use sharesync_core::{
    Destination, Digest, DigestAlgorithm, ErrorKind, Item, ItemRef, ListOptions, OnConflict, RemoteStore,
    RemoteStoreExt as _, ShareRequest, Timestamp,
};
use sharesync_emulator::{Emulator, Fault, FaultKind};
use sharesync_sharefile::model::{Item as Entity, UploadMethod};
use sharesync_sharefile::{
    BodyForm, BulkDeleteOptions, Chunk, Client, ClientBuilder, CopyOptions, Outcome, Query, ShareFileError,
    ShareFileStore, StoreOptions, UpdateOptions, UploadParams, UploadReply,
};

fn builder(emulator: &Emulator) -> ClientBuilder {
    let account = emulator.sharefile();
    Client::builder_at(account.endpoint()).client_id(account.client_id()).client_secret(account.client_secret())
}

async fn client(emulator: &Emulator) -> Client {
    let account = emulator.sharefile();
    builder(emulator).password(account.username(), account.password()).connect().await.unwrap()
}

async fn start() -> (Emulator, Client) {
    let emulator = Emulator::start().await.unwrap();
    let client = client(&emulator).await;
    (emulator, client)
}

async fn home(client: &Client) -> String {
    client.items().home(&Query::new()).await.unwrap().id().unwrap().to_owned()
}

fn md5(content: &[u8]) -> Digest {
    Digest::of(DigestAlgorithm::Md5, content)
}

fn content(length: usize) -> Bytes {
    (0..length).map(|index| (index * 31 + index / 251) as u8).collect::<Vec<_>>().into()
}

async fn put(store: &ShareFileStore, name: &str, content: impl Into<Bytes> + Send) -> Item {
    let request = UploadRequest::new(ItemRef::Root, name).with_on_conflict(OnConflict::NewVersion);
    store.upload_bytes(content, request, TransferOptions::new()).await.unwrap().item
}

async fn names(store: &ShareFileStore, folder: impl Into<ItemRef>) -> Vec<String> {
    let items: Vec<_> = store.items(folder, ListOptions::new()).try_collect().await.unwrap();
    let mut names: Vec<_> = items.into_iter().map(|item| item.name).collect();
    names.sort();
    names
}

/// Uploads by the wire steps, in chunks of 1,000 bytes unless by the standard method.
async fn by_hand(client: &Client, folder: &str, method: UploadMethod, raw: bool, in_query: bool) -> UploadReply {
    let content = content(2500);
    let name = format!("{method} {raw} {in_query}.bin");
    let params = UploadParams::raw(method.clone(), &name, 2500).with_raw(raw).with_overwrite(false);
    let spec = match in_query {
        true => client.items().upload(folder, params).await.unwrap(),
        false => client.items().upload2(folder, params).await.unwrap(),
    };
    let form = if raw { BodyForm::Raw } else { BodyForm::Multipart { file_name: name } };
    let uploads = client.uploads();
    uploads.prepare(&spec).await.unwrap();
    if method == UploadMethod::Standard {
        return uploads.standard(&spec, &form, Body::from(content)).await.unwrap();
    }
    let mut last = UploadReply::Accepted;
    for (index, piece) in content.chunks(1000).enumerate() {
        let mut chunk = Chunk::new(index as u64, index as u64 * 1000, md5(piece));
        if index == 2 && method == UploadMethod::Streamed {
            chunk = chunk.with_finish(md5(&content));
        }
        last = uploads.chunk(&spec, &chunk, &form, Body::from(piece.to_vec())).await.unwrap();
    }
    match method {
        UploadMethod::Threaded => uploads.finish(&spec, 2500, Some(&md5(&content))).await.unwrap(),
        _ => last,
    }
}

#[tokio::test]
async fn every_method_raw_and_in_forms_by_query_and_by_body() {
    let (_emulator, client) = start().await;
    let folder = home(&client).await;
    for method in [UploadMethod::Standard, UploadMethod::Streamed, UploadMethod::Threaded] {
        for (raw, in_query) in [(true, true), (true, false), (false, true), (false, false)] {
            let reply = by_hand(&client, &folder, method.clone(), raw, in_query).await;
            let UploadReply::Finished(files) = reply else { panic!("{method} {raw} {in_query}: {reply:?}") };
            let file = &files[0];
            assert_eq!((file.size, file.md5.clone()), (Some(2500), Some(md5(&content(2500)).to_hex())));
            let read = client.items().download(file.item_id.as_deref().unwrap(), Query::new()).await.unwrap();
            let read: Vec<Bytes> = read.body.try_collect().await.unwrap();
            assert_eq!(read.concat(), content(2500));
        }
    }
}

#[tokio::test]
async fn a_forgotten_upload_is_told_by_its_code() {
    let (_emulator, client) = start().await;
    let folder = home(&client).await;
    let params = UploadParams::raw(UploadMethod::Standard, "a", 1);
    let spec = client.items().upload2(&folder, params).await.unwrap();
    let uploads = client.uploads();
    let send = || uploads.standard(&spec, &BodyForm::Raw, Body::from("x"));
    send().await.unwrap();
    let error = send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UploadExpired);
    assert_eq!(error.provider_error::<ShareFileError>().unwrap().code.as_deref(), Some("605"));
    assert!(!error.to_string().contains("uploadid"), "{error}");
}

#[tokio::test]
async fn an_upload_is_continued_by_another_client() {
    for sequential in [false, true] {
        let (emulator, first) = start().await;
        let options = StoreOptions::new().with_single_limit(0).with_part_size(1000).with_sequential(sequential);
        let store = first.store_with(options.clone());
        let content = content(3500);
        let request = UploadRequest::new(ItemRef::Root, "a.bin").with_size(3500);
        let spec = store.upload_spec(request).await.unwrap();
        for index in 0..2 {
            let range = spec.part_range(index);
            let piece = content.slice(range.start as usize..range.end as usize);
            let part = Part::new(index, range.start, Arc::new(BytesSource::new(piece)));
            store.upload_part(&spec, part).await.unwrap();
        }
        let persisted = serde_json::to_string(&spec).unwrap();
        drop((store, first));

        let store = client(&emulator).await.store_with(options);
        let spec = serde_json::from_str(&persisted).unwrap();
        let UploadStatus::InProgress { received, prefix, .. } = store.upload_status(&spec).await.unwrap() else {
            panic!("two parts are there")
        };
        assert_eq!((received, prefix), (vec![0..2000], Some(md5(&content[..2000]))));
        emulator.requests().clear();
        let source = Arc::new(BytesSource::new(content.clone()));
        let done = store.resume_upload(spec, source, TransferOptions::new()).await.unwrap();
        assert_eq!(done.item.digests, [md5(&content)]);
        let sent: u64 = emulator.requests().all().iter().map(|request| request.request_bytes).sum();
        assert!(sent < 2500, "{sent} bytes were sent for the 1,500 that were missing");
    }
}

#[tokio::test]
async fn a_lost_answer_makes_neither_a_second_version_nor_a_failure() {
    for options in [StoreOptions::new(), StoreOptions::new().with_single_limit(0).with_sequential(true)] {
        let (emulator, client) = start().await;
        let store = client.store_with(options);
        emulator.faults().add(Fault::new(FaultKind::LoseAnswer).method("POST").path("/storage/").times(1));
        let item = put(&store, "a.txt", "content").await;
        assert_eq!(emulator.faults().struck(), 1);
        let stream = item.version_series.unwrap();
        let versions = client.items().stream(stream.as_str(), Query::new()).await.unwrap();
        assert_eq!(versions.value.len(), 1);
    }
}

#[tokio::test]
async fn ranges_are_served_from_one_address_and_again_when_it_is_refused() {
    let (emulator, client) = start().await;
    let store = client.store();
    let content = content(100_000);
    let item = put(&store, "a.bin", content.clone()).await;
    let part = DownloadOptions::new().with_offset(1000).with_length(500);
    let read = store.download(&ItemRef::from(&item), part).await.unwrap().bytes(1000).await.unwrap();
    assert_eq!(read, content.slice(1000..1500));

    emulator.faults().add(Fault::new(FaultKind::Unauthorized).path("/storage/").times(1));
    let read = store.download(&ItemRef::from(&item), DownloadOptions::new()).await.unwrap();
    assert_eq!(read.bytes(200_000).await.unwrap(), content);
    assert_eq!(emulator.faults().struck(), 1);
}

#[tokio::test]
async fn moving_with_a_new_name_replaces_nothing_on_the_way() {
    let (_emulator, client) = start().await;
    let store = client.store();
    let folder = store.create_folder(&ItemRef::Root, "sub", Default::default()).await.unwrap();
    let (a, b) = (put(&store, "a.txt", "a").await, put(&store, "b.txt", "b").await);
    let to = Destination::folder(&folder).with_name("b.txt");
    let moved = store.move_item(&ItemRef::from(&a), &to).await.unwrap();
    assert_eq!((&moved.id, moved.name.as_str(), moved.parent.as_ref()), (&a.id, "b.txt", Some(&folder.id)));
    assert_eq!(store.stat(&ItemRef::from(&b)).await.unwrap().name, "b.txt", "the old folder's own is untouched");
    assert_eq!(names(&store, ItemRef::Root).await, ["b.txt", "sub"]);

    let renamed = store.move_item(&ItemRef::from(&b), &Destination::name("B.TXT")).await.unwrap();
    assert_eq!((renamed.id, renamed.name.as_str()), (b.id, "B.TXT"));
}

#[tokio::test]
async fn a_move_that_fails_half_way_is_undone() {
    let (emulator, client) = start().await;
    let store = client.store();
    let folder = store.create_folder(&ItemRef::Root, "sub", Default::default()).await.unwrap();
    let file = put(&store, "a.txt", "a").await;
    let to = Destination::folder(&folder).with_name("b.txt");
    // The second of two updates.
    let fault = Fault::new(FaultKind::Unauthorized).method("PATCH").skip(1).times(2);
    emulator.faults().add(fault);
    store.move_item(&ItemRef::from(&file), &to).await.unwrap_err();
    assert_eq!(names(&store, ItemRef::Root).await, ["a.txt", "sub"]);
    assert!(names(&store, &folder).await.is_empty());
}

#[tokio::test]
async fn copying_under_another_name_leaves_no_detour_behind() {
    let (_emulator, client) = start().await;
    let store = client.store();
    let file = put(&store, "a.txt", "content").await;
    let copy = store.copy_item(&ItemRef::from(&file), &Destination::name("b.txt")).await.unwrap();
    assert_eq!((copy.name.as_str(), copy.digests), ("b.txt", vec![md5(b"content")]));
    assert_ne!(copy.id, file.id);
    assert_eq!(names(&store, ItemRef::Root).await, ["a.txt", "b.txt"]);
    let taken = store.copy_item(&ItemRef::from(&file), &Destination::name("B.txt")).await.unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::AlreadyExists);
}

#[tokio::test]
async fn a_link_can_be_opened_until_it_is_ended() {
    let (_emulator, client) = start().await;
    let store = client.store();
    let file = put(&store, "a.txt", "content").await;
    let expires = Timestamp::now().saturating_add(Duration::from_secs(86_400));
    let request = ShareRequest::link().with_expires(expires).with_max_downloads(3).with_title("T");
    let share = store.share(&ItemRef::from(&file), request).await.unwrap();
    let known = client.shares().get(share.id.as_str(), Query::new()).await.unwrap();
    assert_eq!((known.title.as_deref(), known.max_downloads), (Some("T"), Some(3)));
    assert_eq!(known.uri, share.link);
    store.unshare(&share.id).await.unwrap();
    assert_eq!(client.shares().get(share.id.as_str(), Query::new()).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn modification_times_are_set_as_meant_with_the_quirk_and_without() {
    for quirk in [true, false] {
        let emulator = Emulator::builder().new_york_dates(quirk).start().await.unwrap();
        let client = client(&emulator).await;
        let file = put(&client.store(), "a.txt", "x").await;
        for time in ["2021-03-04T05:06:07.891Z", "2021-07-04T05:06:07Z"] {
            let time: Timestamp = time.parse().unwrap();
            let set = client.items().set_modified(file.id.as_str(), time).await.unwrap();
            let stored = set.client_modified_date.and_then(|date| date.timestamp()).unwrap();
            assert_eq!(stored.truncated_to_seconds(), time.truncated_to_seconds(), "quirk {quirk}");
        }
    }
}

#[tokio::test]
async fn work_that_goes_on_is_handed_out_and_waited_for() {
    let emulator = Emulator::builder().async_above(1).async_delay(Duration::from_millis(300)).start().await.unwrap();
    let client = client(&emulator).await;
    let store = client.store();
    let folder = store.create_folder(&ItemRef::Root, "sub", Default::default()).await.unwrap();
    let inside = UploadRequest::new(&folder, "a.txt");
    store.upload_bytes("a", inside, TransferOptions::new()).await.unwrap();
    let deleted = client.items().bulk_delete(&home(&client).await, &[folder.id.as_str()], Query::new()).await.unwrap();
    let Outcome::Pending(operations) = deleted else { panic!("{deleted:?}") };
    let error = client.async_operations().wait_all(&operations, Duration::ZERO).await.unwrap_err();
    assert_eq!((error.kind(), error.maybe_applied()), (ErrorKind::Timeout, true));
    client.async_operations().wait_all(&operations, Duration::from_secs(20)).await.unwrap();
    assert!(names(&store, ItemRef::Root).await.is_empty());
}

#[tokio::test]
async fn what_is_deleted_can_be_restored_until_it_is_gone_for_good() {
    let (_emulator, client) = start().await;
    let (store, items, folder) = (client.store(), client.items(), home(&client).await);
    let file = put(&store, "a.txt", "x").await;
    store.delete(&ItemRef::from(&file), Default::default()).await.unwrap();
    let deleted: Vec<_> = items.deleted_children_pages(&folder, &Query::new()).try_collect().await.unwrap();
    let id = deleted[0].items[0].id().unwrap().to_owned();
    items.bulk_restore(&[&id]).await.unwrap();
    assert_eq!(names(&store, ItemRef::Root).await, ["a.txt"]);
    let permanently = BulkDeleteOptions::new().with_delete_permanently(true);
    items.bulk_delete(&folder, &[&id], permanently).await.unwrap();
    assert!(items.deleted_children(&folder, &Query::new()).await.unwrap().value.is_empty());
}

#[tokio::test]
async fn conflicts_of_names_have_their_kind() {
    let (_emulator, client) = start().await;
    let (items, folder) = (client.items(), home(&client).await);
    let sub = items.create_folder(&folder, &Entity::new().with_name("sub"), Query::new()).await.unwrap();
    let file = put(&client.store(), "a.txt", "x").await;
    let kinds = [
        items.create_folder(&folder, &Entity::new().with_name("SUB"), Query::new()).await.unwrap_err().kind(),
        items
            .update(sub.id().unwrap(), &Entity::new().with_name("a.txt"), UpdateOptions::new())
            .await
            .unwrap_err()
            .kind(),
        items.copy(file.id.as_str(), &folder, CopyOptions::new()).await.unwrap_err().kind(),
    ];
    assert_eq!(kinds, [ErrorKind::AlreadyExists; 3]);
}

/// Keeps the refresh tokens that it is given.
#[derive(Debug, Default)]
struct Kept(Mutex<Vec<String>>);

#[async_trait]
impl TokenStore for Kept {
    async fn save(&self, tokens: &TokenSet) -> sharesync_core::Result<()> {
        let refresh = tokens.refresh.as_ref().map(|token| token.expose().to_owned());
        self.0.lock().unwrap().extend(refresh);
        Ok(())
    }
}

#[tokio::test]
async fn rotated_tokens_are_kept_before_they_are_used() {
    let emulator = Emulator::start().await.unwrap();
    let account = emulator.sharefile();
    let kept = Arc::new(Kept::default());
    let tokens = TokenSet::new(account.access_token()).with_refresh(Some(account.refresh_token().into()));
    let client = builder(&emulator).tokens(tokens).token_store(kept.clone()).connect().await.unwrap();
    home(&client).await;
    assert!(kept.0.lock().unwrap().is_empty());
    emulator.expire_tokens();
    futures::future::join_all((0..16).map(|_| home(&client))).await;
    let kept = kept.0.lock().unwrap();
    assert_eq!(kept.len(), 1, "one renewal for all");
    assert_ne!(kept[0], account.refresh_token());
}

#[tokio::test]
async fn a_wrong_password_is_refused_without_being_told() {
    let emulator = Emulator::start().await.unwrap();
    let account = emulator.sharefile();
    let error = builder(&emulator).password(account.username(), "hush-hush").connect().await.unwrap_err();
    assert_eq!((error.kind(), error.provider()), (ErrorKind::Unauthenticated, Some("sharefile")));
    assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
}

#[tokio::test]
async fn bad_names_are_refused_before_anything_is_sent() {
    let (emulator, client) = start().await;
    let store = client.store();
    emulator.requests().clear();
    for name in ["", "..", "a/b", "a\\b", "a\0b", "a:b", "a?", "x ", " x", "x.", &"x".repeat(257)] {
        let kinds = [
            store.create_folder(&ItemRef::Root, name, Default::default()).await.unwrap_err().kind(),
            store.upload_spec(UploadRequest::new(ItemRef::Root, name)).await.unwrap_err().kind(),
            store.move_item(&ItemRef::Id("fi1".into()), &Destination::name(name)).await.unwrap_err().kind(),
            store.copy_item(&ItemRef::Id("fi1".into()), &Destination::name(name)).await.unwrap_err().kind(),
        ];
        assert_eq!(kinds, [ErrorKind::InvalidName; 4], "{name:?}");
    }
    assert!(emulator.requests().all().is_empty());
}
