//! Many things at once: none is lost, and of two that exclude each other exactly one wins.

use futures::TryStreamExt as _;
use futures::future::join_all;
use sharesync::transfer::{TransferOptions, UploadRequest};
use sharesync::{
    CreateFolderOptions, DeleteOptions, Destination, Error, ErrorKind, ItemRef, ListOptions, RemoteStoreExt as _,
};

use super::harness::{Ctx, cases};
use super::support::{content, fails, same};

cases! {
    "concurrency" needs [UploadSpec] {
        many_uploads_into_one_folder,
        uploads_of_one_name_have_one_winner,
        new_versions_of_one_file_at_once,
        new_versions_of_one_required_state,
        listing_while_others_write,
    }
    "concurrency" needs [CreateFolder] {
        folders_of_one_name_have_one_winner,
        folders_of_one_name_are_reused_by_all,
    }
    "concurrency" needs [Move] {
        moves_to_one_name_have_one_winner,
    }
    "concurrency" needs [Delete] {
        a_file_is_deleted_once,
        a_version_that_comes_before_a_deletion,
    }
}

/// One success; every other call failed in one of these ways.
#[track_caller]
fn one_winner<T>(results: Vec<Result<T, Error>>, kinds: &[ErrorKind]) -> T {
    let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    for error in lost.into_iter().filter_map(Result::err) {
        assert!(kinds.contains(&error.kind()), "{error}");
    }
    let mut won = won.into_iter().filter_map(Result::ok).collect::<Vec<_>>();
    assert_eq!(won.len(), 1, "exactly one wins");
    won.remove(0)
}

async fn many_uploads_into_one_folder(ctx: Ctx) {
    let files: Vec<_> =
        (0..32).map(|number| (format!("{number:02}.bin"), content(50_000 + number, number as u64))).collect();
    let puts = join_all(files.iter().map(|(name, sent)| ctx.put(name, sent.clone()))).await;
    let names: Vec<_> = files.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(ctx.names().await, names);
    for (put, (_, sent)) in puts.iter().zip(&files) {
        same(&ctx.read(put).await, sent);
    }
}

async fn uploads_of_one_name_have_one_winner(ctx: Ctx) {
    let results = join_all((0..8_u64).map(|number| {
        let request = UploadRequest::new(ctx.here(), "same.bin");
        ctx.store.upload_bytes(content(10_000, number), request, TransferOptions::new())
    }))
    .await;
    if !ctx.store.capabilities().exclusive_names {
        // All of them may win, each with a version of the one file.
        assert_eq!(ctx.names().await, ["same.bin"]);
        let read = ctx.read(&ctx.listed().await[0]).await;
        assert!((0..8).any(|number| read == content(10_000, number)), "one of them, whole");
        assert!(results.iter().any(Result::is_ok));
        return;
    }
    let winner = results.iter().position(Result::is_ok);
    // A service that looks at the name again at the end may have no words of its own for that.
    let won = one_winner(results, &[ErrorKind::AlreadyExists, ErrorKind::Conflict, ErrorKind::Rejected]);
    assert_eq!(ctx.names().await, ["same.bin"]);
    same(&ctx.read(&won.item).await, &content(10_000, winner.unwrap() as u64));
}

async fn new_versions_of_one_file_at_once(ctx: Ctx) {
    let first = ctx.put("same.bin", "first").await;
    let puts = join_all((0..8_u64).map(|number| ctx.put_again("same.bin", content(10_000, number)))).await;
    assert!(puts.iter().all(|put| put.identity() == first.identity()));
    let items = ctx.listed().await;
    assert_eq!(items.len(), 1);
    let read = ctx.read(&items[0]).await;
    assert!((0..8).any(|number| read == content(10_000, number)), "one of them, whole");
}

async fn new_versions_of_one_required_state(ctx: Ctx) {
    let first = ctx.put("same.bin", "first").await;
    let required = ctx.store.stat(&ItemRef::from(&first)).await.unwrap().revision.unwrap();
    let results = join_all((0..8_u64).map(|number| {
        let request = UploadRequest::new(ctx.here(), "same.bin").with_if_revision(required.clone());
        ctx.store.upload_bytes(content(10_000, number), request, TransferOptions::new())
    }))
    .await;
    let winner = results.iter().position(Result::is_ok).expect("one wins");
    let read = ctx.read(&ctx.listed().await[0]).await;
    if ctx.store.capabilities().exclusive_uploads {
        one_winner(results, &[ErrorKind::PreconditionFailed, ErrorKind::Conflict, ErrorKind::Locked]);
        same(&read, &content(10_000, winner as u64));
    } else {
        let lost = results.iter().filter_map(|result| result.as_ref().err());
        assert!(lost.map(Error::kind).all(|kind| kind == ErrorKind::PreconditionFailed));
        assert!((0..8).any(|number| read == content(10_000, number)), "one of them, whole");
    }
    assert_eq!(ctx.names().await, ["same.bin"]);
    let request = UploadRequest::new(ctx.here(), "same.bin").with_if_revision(required);
    let late = ctx.store.upload_bytes("late", request, TransferOptions::new()).await;
    fails(late, ErrorKind::PreconditionFailed, &["same.bin", first.id.as_str()]);
}

async fn listing_while_others_write(ctx: Ctx) {
    for number in 0..10 {
        ctx.put(&format!("stays {number}.txt"), "x").await;
    }
    let write = async {
        for number in 0..10 {
            let file = ctx.put(&format!("comes {number}.txt"), "y").await;
            ctx.store.delete(&ItemRef::from(&file), DeleteOptions::new()).await.unwrap();
        }
    };
    let list = async {
        for _ in 0..10 {
            let items: Vec<_> = ctx.store.items(ctx.here(), ListOptions::new()).try_collect().await.unwrap();
            let stays = items.iter().filter(|item| item.name.starts_with("stays")).count();
            assert_eq!(stays, 10);
        }
    };
    tokio::join!(write, list);
}

async fn folders_of_one_name_have_one_winner(ctx: Ctx) {
    let results = join_all(
        (0..8).map(|_| async { ctx.store.create_folder(&ctx.here(), "same", CreateFolderOptions::new()).await }),
    )
    .await;
    let won = one_winner(results, &[ErrorKind::AlreadyExists]);
    let items = ctx.listed().await;
    assert_eq!((items.len(), &items[0].id), (1, &won.id));
}

async fn folders_of_one_name_are_reused_by_all(ctx: Ctx) {
    let reuse = CreateFolderOptions::new().with_reuse_existing(true);
    let results =
        join_all((0..8).map(|_| async { ctx.store.create_folder(&ctx.here(), "same", reuse.clone()).await })).await;
    let ids: Vec<_> = results.into_iter().map(|folder| folder.unwrap().id).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(ctx.listed().await.len(), 1);
}

async fn moves_to_one_name_have_one_winner(ctx: Ctx) {
    let folder = ctx.folder("target").await;
    let files = join_all((0..6).map(|number| async move { number })).await;
    let mut items = Vec::new();
    for number in files {
        items.push(ctx.put(&format!("{number}.txt"), format!("from {number}")).await);
    }
    let to = Destination::folder(&folder).with_name("one.txt");
    let results = join_all(items.iter().map(|item| {
        let (store, item, to) = (ctx.store.clone(), ItemRef::from(item), to.clone());
        async move { store.move_item(&item, &to).await }
    }))
    .await;
    let won = one_winner(results, &[ErrorKind::AlreadyExists, ErrorKind::Conflict]);
    let tree = ctx.tree().await;
    assert_eq!(tree.len(), 7, "nothing is lost: {tree:?}");
    assert!(tree.contains_key("/target/one.txt"));
    assert_eq!(won.parent.as_ref(), Some(&folder.id));
}

async fn a_file_is_deleted_once(ctx: Ctx) {
    let file = ctx.put("a.txt", "x").await;
    let results = join_all((0..4).map(|_| {
        let (store, file) = (ctx.store.clone(), ItemRef::from(&file));
        async move { store.delete(&file, DeleteOptions::new()).await }
    }))
    .await;
    one_winner(results, &[ErrorKind::NotFound]);
    assert!(ctx.names().await.is_empty());
}

/// Somebody makes a version between the look of a store and its deletion.
async fn a_version_that_comes_before_a_deletion(ctx: Ctx) {
    let ctx = ctx.alone().await;
    let file = ctx.put("a.txt", "first").await;
    let file = ctx.store.stat(&ItemRef::from(&file)).await.unwrap();
    let drive = ctx.emulator.drive().clone();
    let held = drive.find(drive.root(), 1, |item| &*item.name == "a.txt").remove(0);
    let (user, folder) = (drive.users().remove(0).id, held.item.parent.unwrap());
    let begun = ctx.emulator.requests().count();
    let requests = ctx.emulator.requests().clone();
    let came = std::sync::atomic::AtomicBool::new(false);
    super::providers::after_each_response(&ctx.emulator, move || {
        if requests.count() > begun && !came.swap(true, std::sync::atomic::Ordering::SeqCst) {
            drive.put_bytes(user, folder, "a.txt", b"second".as_slice()).unwrap();
        }
    });
    let options = DeleteOptions::new().with_if_revision(file.revision.clone().unwrap());
    let deleted = ctx.store.delete(&ItemRef::from(&file), options).await;
    if ctx.store.capabilities().exclusive_deletes {
        fails(deleted, ErrorKind::PreconditionFailed, &["a.txt", file.id.as_str()]);
        let kept = ctx.listed().await;
        same(&ctx.read(&kept[0]).await, b"second");
    } else {
        // The first response may be one that does not tell the state yet.
        assert_eq!(deleted.is_ok(), ctx.names().await.is_empty());
    }
}
