//! Many things at once: none is lost, and of two that exclude each other exactly one wins.

use futures::TryStreamExt as _;
use futures::future::join_all;
use sharesync::transfer::{TransferOptions, UploadRequest};
use sharesync::{
    CreateFolderOptions, DeleteOptions, Destination, Error, ErrorKind, ItemRef, ListOptions, RemoteStoreExt as _,
};

use super::harness::{Ctx, cases};
use super::support::{content, same};

cases! {
    "concurrency" needs [UploadSpec] {
        many_uploads_into_one_folder,
        uploads_of_one_name_have_one_winner,
        new_versions_of_one_file_at_once,
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
