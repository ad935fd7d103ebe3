//! Reading content: whole, in ranges, and what cannot be read.

use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use sharesync::transfer::{CancelToken, DownloadOptions, Progress};
use sharesync::{ErrorKind, Item, ItemRef, Result};

use super::harness::{Ctx, cases};
use super::support::{MIB, WRONG_KIND_OF_ITEM, content, fails, fails_as, gone, same};

cases! {
    "download" needs [Download] {
        a_whole_file_by_id,
        an_empty_file,
        ranges_of_every_place,
        ranges_of_no_bytes,
        ranges_beyond_the_end_are_refused,
        a_range_of_an_empty_file,
        item_offset_and_size_are_told,
        several_readers_of_one_file,
        the_limit_of_bytes_in_memory,
        progress_reaches_the_total,
        a_dropped_download_harms_no_other,
        a_cancelled_download_ends_in_an_error,
        a_missing_file_is_not_found,
        a_folder_has_no_content,
        a_new_version_is_what_is_read,
    }
    "download" needs [Download, StatByPath] {
        by_path_as_by_id,
        a_missing_path_is_not_found,
    }
}

async fn range(ctx: &Ctx, item: &Item, offset: u64, length: Option<u64>) -> Result<Bytes> {
    let mut options = DownloadOptions::new().with_offset(offset);
    options.length = length;
    ctx.store.download(&ItemRef::from(item), options).await?.bytes(1 << 30).await
}

async fn a_whole_file_by_id(ctx: Ctx) {
    let sent = content(5 * MIB + 3, 31);
    let file = ctx.put("a.bin", sent.clone()).await;
    same(&ctx.read(&file).await, &sent);
}

async fn an_empty_file(ctx: Ctx) {
    let file = ctx.put("empty.bin", Bytes::new()).await;
    let download = ctx.store.download(&ItemRef::from(&file), DownloadOptions::new()).await.unwrap();
    assert_eq!((download.offset(), download.size()), (0, Some(0)));
    let pieces: Vec<_> = download.into_stream().try_collect().await.unwrap();
    assert_eq!(pieces.iter().map(Bytes::len).sum::<usize>(), 0);
}

async fn ranges_of_every_place(ctx: Ctx) {
    let sent = content(300_000, 32);
    let file = ctx.put("a.bin", sent.clone()).await;
    for (offset, length) in [
        (0, Some(1)),
        (0, Some(300_000)),
        (0, None),
        (1, Some(1)),
        (1, None),
        (131_071, Some(2)),
        (150_000, Some(100_000)),
        (299_999, Some(1)),
        (299_999, None),
        (200_000, Some(100_000)),
    ] {
        let end = length.map_or(300_000, |length| offset + length);
        let expected = &sent[usize::try_from(offset).unwrap()..usize::try_from(end).unwrap()];
        same(&range(&ctx, &file, offset, length).await.unwrap(), expected);
    }
}

async fn ranges_of_no_bytes(ctx: Ctx) {
    let file = ctx.put("a.bin", content(1000, 33)).await;
    for (offset, length) in [(0, Some(0)), (500, Some(0)), (1000, Some(0)), (1000, None)] {
        same(&range(&ctx, &file, offset, length).await.unwrap(), b"");
    }
}

async fn ranges_beyond_the_end_are_refused(ctx: Ctx) {
    let file = ctx.put("a.bin", content(1000, 34)).await;
    for (offset, length) in [
        (1001, None),
        (1001, Some(0)),
        (0, Some(1001)),
        (999, Some(2)),
        (1000, Some(1)),
        (u64::MAX, Some(1)),
        (1, Some(u64::MAX)),
    ] {
        fails(range(&ctx, &file, offset, length).await, ErrorKind::InvalidInput, &[file.id.as_str(), "a.bin"]);
    }
}

async fn a_range_of_an_empty_file(ctx: Ctx) {
    let file = ctx.put("empty.bin", Bytes::new()).await;
    same(&range(&ctx, &file, 0, Some(0)).await.unwrap(), b"");
    fails(range(&ctx, &file, 0, Some(1)).await, ErrorKind::InvalidInput, &[file.id.as_str(), "empty.bin"]);
    fails(range(&ctx, &file, 1, None).await, ErrorKind::InvalidInput, &[file.id.as_str(), "empty.bin"]);
}

async fn item_offset_and_size_are_told(ctx: Ctx) {
    let file = ctx.put("a.bin", content(1000, 35)).await;
    let download = ctx.store.download(&ItemRef::from(&file), DownloadOptions::new()).await.unwrap();
    assert_eq!(
        (&download.item().id, download.item().size, &download.item().revision),
        (&file.id, Some(1000), &file.revision)
    );
    assert_eq!((download.offset(), download.size()), (0, Some(1000)));
    let part = DownloadOptions::new().with_offset(100).with_length(50);
    let download = ctx.store.download(&ItemRef::from(&file), part).await.unwrap();
    assert_eq!((download.offset(), download.size()), (100, Some(50)));
    let rest = ctx.store.download(&ItemRef::from(&file), DownloadOptions::new().with_offset(900)).await.unwrap();
    assert_eq!((rest.offset(), rest.size()), (900, Some(100)));
}

async fn several_readers_of_one_file(ctx: Ctx) {
    let sent = content(2 * MIB, 36);
    let file = ctx.put("a.bin", sent.clone()).await;
    let all = futures::future::join_all((0..8).map(|_| ctx.read(&file))).await;
    all.iter().for_each(|read| same(read, &sent));
}

async fn the_limit_of_bytes_in_memory(ctx: Ctx) {
    let file = ctx.put("a.bin", content(1000, 37)).await;
    let open = || async { ctx.store.download(&ItemRef::from(&file), DownloadOptions::new()).await.unwrap() };
    assert_eq!(open().await.bytes(1000).await.unwrap().len(), 1000);
    fails(open().await.bytes(999).await, ErrorKind::TooLarge, &["a.bin"]);
}

async fn progress_reaches_the_total(ctx: Ctx) {
    let progress = Progress::new();
    let mut expected = 0;
    for length in [0, 1000, 3 * MIB] {
        let file = ctx.put(&format!("{length}.bin"), content(length, 38)).await;
        let options = DownloadOptions::new().with_progress(progress.clone());
        let download = ctx.store.download(&ItemRef::from(&file), options).await.unwrap();
        expected += length as u64;
        assert_eq!(progress.total(), expected, "announced when it is opened");
        download.bytes(1 << 30).await.unwrap();
        assert_eq!(progress.transferred(), expected);
    }
}

async fn a_dropped_download_harms_no_other(ctx: Ctx) {
    let sent = content(4 * MIB, 39);
    let file = ctx.put("a.bin", sent.clone()).await;
    for _ in 0..3 {
        let download = ctx.store.download(&ItemRef::from(&file), DownloadOptions::new()).await.unwrap();
        let mut stream = download.into_stream();
        assert!(!stream.next().await.unwrap().unwrap().is_empty());
    }
    same(&ctx.read(&file).await, &sent);
}

async fn a_cancelled_download_ends_in_an_error(ctx: Ctx) {
    let file = ctx.put("a.bin", content(8 * MIB, 40)).await;
    let cancel = CancelToken::new();
    let options = DownloadOptions::new().with_cancel(cancel.clone());
    let mut stream = ctx.store.download(&ItemRef::from(&file), options.clone()).await.unwrap().into_stream();
    assert!(!stream.next().await.unwrap().unwrap().is_empty());
    cancel.cancel();
    fails(stream.try_collect::<Vec<_>>().await, ErrorKind::Cancelled, &["a.bin"]);
    let again = ctx.store.download(&ItemRef::from(&file), options).await;
    fails(again.map(drop), ErrorKind::Cancelled, &["a.bin"]);
}

async fn a_missing_file_is_not_found(ctx: Ctx) {
    let gone = gone(&ctx).await;
    let done = ctx.store.download(&ItemRef::from(&gone), DownloadOptions::new()).await;
    fails(done, ErrorKind::NotFound, &[gone.id.as_str()]);
}

async fn a_folder_has_no_content(ctx: Ctx) {
    let folder = ctx.folder("sub").await;
    super::support::put_into(&*ctx.store, &folder, "a.txt", "x").await;
    let done = ctx.store.download(&ItemRef::from(&folder), DownloadOptions::new()).await;
    fails_as(done, WRONG_KIND_OF_ITEM, &[folder.id.as_str(), "sub"]);
}

async fn a_new_version_is_what_is_read(ctx: Ctx) {
    ctx.put("a.txt", "the old one, and longer").await;
    let new = ctx.put_again("a.txt", "new").await;
    same(&ctx.read(&new).await, b"new");
    if ctx.supports(sharesync::Operation::StatByPath) {
        same(&ctx.read(ctx.path("a.txt")).await, b"new");
    }
}

async fn by_path_as_by_id(ctx: Ctx) {
    let sent = content(1000, 41);
    let file = ctx.put("50% of #1 + ü.bin", sent.clone()).await;
    let path = ItemRef::from(ctx.path("50% of #1 + ü.bin"));
    let download = ctx.store.download(&path, DownloadOptions::new()).await.unwrap();
    assert_eq!(download.item().id, file.id);
    same(&download.bytes(MIB).await.unwrap(), &sent);
}

async fn a_missing_path_is_not_found(ctx: Ctx) {
    let path = ItemRef::from(ctx.path("missing.bin"));
    fails(ctx.store.download(&path, DownloadOptions::new()).await, ErrorKind::NotFound, &["missing.bin"]);
    // The store is none the worse for it.
    let file = Arc::new(ctx.put("there.bin", "x").await);
    same(&ctx.read(&*file).await, b"x");
}
