//! Uploading new files: every size and plan, what goes with the content, and what must not leave an item behind.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use sharesync::transfer::{
    BytesSource, CancelToken, Integrity, PartPlan, Progress, Source, TransferOptions, UploadRequest, upload,
};
use sharesync::{ErrorKind, ItemId, ItemRef, RemoteStoreExt as _, TEMPORARY, Timestamp};

use super::harness::{Ctx, cases};
use super::sources::{Misdeclared, Tripwire, Unreadable};
use super::support::{MIB, WRONG_KIND_OF_ITEM, content, fails, fails_as, gone_folder, modified_as_declared, same};

cases! {
    "upload" needs [UploadSpec] {
        an_empty_file,
        one_byte,
        sizes_around_one_mebibyte,
        sixteen_mebibytes_and_one_byte_less_and_more,
        sizes_around_one_and_two_parts,
        many_parts_at_once,
        one_part_at_a_time,
        a_stream_of_unknown_length,
        declared_times_are_kept,
        progress_reaches_the_total,
        the_outcome_describes_the_file,
        a_short_source_leaves_nothing,
        a_long_source_leaves_nothing,
        an_unreadable_source_leaves_nothing,
        a_cancelled_upload_leaves_nothing,
        a_dropped_upload_leaves_nothing,
        an_aborted_upload_leaves_nothing,
        a_file_as_parent_is_an_error,
        a_missing_parent_is_not_found,
        several_uploads_of_one_source,
    }
}

/// Uploads, and shows that the same comes back and that the folder holds one file of this size.
async fn there_and_back(ctx: &Ctx, name: &str, length: usize) {
    let sent = content(length, length as u64);
    let request = UploadRequest::new(ctx.here(), name);
    let outcome = ctx.store.upload_bytes(sent.clone(), request, TransferOptions::new()).await.unwrap();
    assert_eq!(outcome.item.name, name);
    assert_eq!(outcome.item.size, Some(length as u64), "{length}");
    if !ctx.store.capabilities().digests.is_empty() {
        assert!(matches!(outcome.integrity, Integrity::Verified(_)), "{length}: {:?}", outcome.integrity);
    }
    same(&ctx.read(&outcome.item).await, &sent);
    let listed = ctx.listed().await.into_iter().find(|item| item.name == name).unwrap();
    assert_eq!((listed.id, listed.size), (outcome.item.id, Some(length as u64)));
}

/// Shows that the case's folder holds nothing, now and for a new client.
async fn nothing_is_left(ctx: &Ctx) {
    // What takes a temporary file away goes on for a moment after an upload is dropped; nothing but one is ever seen.
    loop {
        let names = ctx.names().await;
        let aside = |name: &String| ctx.store.capabilities().upload.temporary_names && name.starts_with(TEMPORARY);
        assert!(names.iter().all(aside), "{names:?}");
        if names.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let other = ctx.another_process().await;
    assert_eq!(super::support::listed(&*other, ctx.here()).await, Vec::new());
}

async fn an_empty_file(ctx: Ctx) {
    there_and_back(&ctx, "empty.bin", 0).await;
}

async fn one_byte(ctx: Ctx) {
    there_and_back(&ctx, "one.bin", 1).await;
}

async fn sizes_around_one_mebibyte(ctx: Ctx) {
    for length in [MIB - 1, MIB, MIB + 1] {
        there_and_back(&ctx, &format!("{length}.bin"), length).await;
    }
}

async fn sixteen_mebibytes_and_one_byte_less_and_more(ctx: Ctx) {
    for length in [16 * MIB - 1, 16 * MIB, 16 * MIB + 1] {
        there_and_back(&ctx, &format!("{length}.bin"), length).await;
    }
}

async fn sizes_around_one_and_two_parts(ctx: Ctx) {
    let (part, _) = ctx.several_parts().await;
    for length in [part - 1, part, part + 1, 2 * part, 2 * part + 1] {
        there_and_back(&ctx, &format!("{length}.bin"), length).await;
    }
}

async fn many_parts_at_once(ctx: Ctx) {
    let (_, several) = ctx.several_parts().await;
    let sent = content(several, 4);
    for parallel in [2, 3, 64] {
        let name = format!("{parallel}.bin");
        let options = TransferOptions::new().with_parallel_parts(parallel);
        let done = ctx.store.upload_bytes(sent.clone(), UploadRequest::new(ctx.here(), &name), options).await.unwrap();
        same(&ctx.read(&done.item).await, &sent);
    }
}

async fn one_part_at_a_time(ctx: Ctx) {
    let (_, several) = ctx.several_parts().await;
    let sent = content(several, 5);
    let options = TransferOptions::new().with_parallel_parts(1);
    let done = ctx.store.upload_bytes(sent.clone(), UploadRequest::new(ctx.here(), "a.bin"), options).await.unwrap();
    same(&ctx.read(&done.item).await, &sent);
}

async fn a_stream_of_unknown_length(ctx: Ctx) {
    let sent = content(3 * MIB + 17, 6);
    let pieces: Vec<_> = sent.chunks(100_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    let request = UploadRequest::new(ctx.here(), "a.bin");
    let done = ctx.store.upload_stream(stream::iter(pieces), request, TransferOptions::new()).await.unwrap();
    same(&ctx.read(&done.item).await, &sent);
    let broken = stream::iter([Ok(Bytes::from("some")), Err(std::io::Error::other("the pipe broke"))]);
    let request = UploadRequest::new(ctx.here(), "b.bin");
    fails(ctx.store.upload_stream(broken, request, TransferOptions::new()).await, ErrorKind::Io, &["the pipe broke"]);
    assert_eq!(ctx.names().await, ["a.bin"]);
}

async fn declared_times_are_kept(ctx: Ctx) {
    for (name, time) in [
        ("winter.txt", "2021-01-04T05:06:07.891Z"),
        ("summer.txt", "2021-07-04T23:59:59.5Z"),
        ("clock goes back.txt", "2021-11-07T05:30:00Z"),
        ("clock goes forward.txt", "2021-03-14T07:30:00Z"),
        ("old.txt", "1980-01-01T00:00:00Z"),
    ] {
        let time: Timestamp = time.parse().unwrap();
        let request = UploadRequest::new(ctx.here(), name).with_modified(time).with_created(time);
        let put = ctx.store.upload_bytes("x", request, TransferOptions::new()).await.unwrap().item;
        let file = ctx.store.stat(&ItemRef::from(&put)).await.unwrap();
        modified_as_declared(&ctx, file.modified, time);
    }
}

async fn progress_reaches_the_total(ctx: Ctx) {
    let (_, several) = ctx.several_parts().await;
    let progress = Progress::new();
    for (name, length) in [("empty.bin", 0), ("small.bin", 1000), ("large.bin", several)] {
        let (before, total) = (progress.transferred(), progress.total());
        let options = TransferOptions::new().with_progress(progress.clone());
        let request = UploadRequest::new(ctx.here(), name);
        ctx.store.upload_bytes(content(length, 7), request, options).await.unwrap();
        assert_eq!(progress.transferred() - before, length as u64, "{name}");
        assert_eq!(progress.total() - total, length as u64, "{name}");
    }
}

async fn the_outcome_describes_the_file(ctx: Ctx) {
    let put = ctx.put("a.txt", "some text").await;
    let stat = ctx.store.stat(&ItemRef::from(&put)).await.unwrap();
    assert_eq!((&put.id, &put.name, &put.kind, put.size), (&stat.id, &stat.name, &stat.kind, stat.size));
    assert_eq!(
        (&put.revision, &put.version_series, &put.digests),
        (&stat.revision, &stat.version_series, &stat.digests)
    );
    assert_eq!(put.parent.as_ref(), Some(&ctx.folder.id));
}

async fn misdeclared(ctx: &Ctx, real: usize, declared: usize) {
    let source = Arc::new(Misdeclared { content: content(real, 8), declared });
    fails(ctx.put_from("wrong.bin", source).await, ErrorKind::SourceChanged, &["wrong.bin"]);
    nothing_is_left(ctx).await;
}

async fn a_short_source_leaves_nothing(ctx: Ctx) {
    let (part, several) = ctx.several_parts().await;
    for (real, declared) in
        [(0, 1), (99, 100), (0, 100), (2 * MIB, 3 * MIB), (several - 1, several), (part, several), (part + 1, several)]
    {
        misdeclared(&ctx, real, declared).await;
    }
}

async fn a_long_source_leaves_nothing(ctx: Ctx) {
    let (_, several) = ctx.several_parts().await;
    for (real, declared) in [(1, 0), (101, 100), (3 * MIB, 2 * MIB), (several + 1, several)] {
        misdeclared(&ctx, real, declared).await;
    }
}

async fn an_unreadable_source_leaves_nothing(ctx: Ctx) {
    let (part, several) = ctx.several_parts().await;
    for (length, from) in [(100, 0), (100, 50), (2 * MIB, MIB), (several, part), (several, several - 1)] {
        let source = Arc::new(Unreadable { content: content(length, 9), from });
        fails(ctx.put_from("bad.bin", source).await, ErrorKind::Io, &["the disk is broken"]);
        nothing_is_left(&ctx).await;
    }
}

async fn a_cancelled_upload_leaves_nothing(ctx: Ctx) {
    let (part, several) = ctx.several_parts().await;
    let cancelled = CancelToken::new();
    cancelled.cancel();
    let options = TransferOptions::new().with_cancel(cancelled);
    let request = UploadRequest::new(ctx.here(), "a.bin");
    fails(ctx.store.upload_bytes("x", request, options).await, ErrorKind::Cancelled, &["a.bin"]);
    nothing_is_left(&ctx).await;
    for at in [1, part, several - 1] {
        let cancel = CancelToken::new();
        let options = TransferOptions::new().with_cancel(cancel.clone());
        let source = Tripwire { content: content(several, 10), at, then: Arc::new(move || cancel.cancel()) };
        let request = UploadRequest::new(ctx.here(), "a.bin");
        let done = upload(&*ctx.store, request, Arc::new(source), options).await;
        fails(done, ErrorKind::Cancelled, &["a.bin"]);
        nothing_is_left(&ctx).await;
    }
}

async fn a_dropped_upload_leaves_nothing(ctx: Ctx) {
    let (part, several) = ctx.several_parts().await;
    for at in [0, part, several - 1] {
        let reached = Arc::new(tokio::sync::Notify::new());
        let tell = reached.clone();
        let source = Tripwire { content: content(several, 11), at, then: Arc::new(move || tell.notify_one()) };
        tokio::select! {
            biased;
            () = reached.notified() => {}
            done = ctx.put_from("a.bin", Arc::new(source)) => panic!("the end is reached first: {done:?}"),
        }
        nothing_is_left(&ctx).await;
    }
}

async fn an_aborted_upload_leaves_nothing(ctx: Ctx) {
    for length in [100, 40 * MIB as u64] {
        let request = UploadRequest::new(ctx.here(), "a.bin").with_size(length);
        let spec = ctx.store.upload_spec(request).await.unwrap();
        ctx.store.upload_abort(&spec).await.unwrap();
        nothing_is_left(&ctx).await;
    }
    // The name is free.
    ctx.put("a.bin", "x").await;
}

async fn a_file_as_parent_is_an_error(ctx: Ctx) {
    let file = ctx.put("a.txt", "x").await;
    let request = UploadRequest::new(&file, "b.txt");
    let done = ctx.store.upload_bytes("y", request, TransferOptions::new()).await;
    fails_as(done, WRONG_KIND_OF_ITEM, &[file.id.as_str(), "b.txt"]);
    assert_eq!(ctx.names().await, ["a.txt"]);
    same(&ctx.read(&file).await, b"x");
}

async fn a_missing_parent_is_not_found(ctx: Ctx) {
    let gone = gone_folder(&ctx).await;
    for length in [10, 17 * MIB] {
        let request = UploadRequest::new(&gone, "b.txt");
        let done = ctx.store.upload_bytes(content(length, 12), request, TransferOptions::new()).await;
        fails(done, ErrorKind::NotFound, &[gone.id.as_str(), "b.txt"]);
    }
    let request = UploadRequest::new(ItemId::new("no-such-folder"), "b.txt");
    let done = ctx.store.upload_bytes("x", request, TransferOptions::new()).await;
    fails_as(done, WRONG_KIND_OF_ITEM, &["no-such-folder", "b.txt"]);
    nothing_is_left(&ctx).await;
}

async fn several_uploads_of_one_source(ctx: Ctx) {
    let (_, several) = ctx.several_parts().await;
    let source: Arc<dyn Source> = Arc::new(BytesSource::new(content(several, 13)));
    let (one, other) = tokio::join!(ctx.put_from("one.bin", source.clone()), ctx.put_from("other.bin", source));
    let (one, other) = (ctx.read(&one.unwrap().item).await, ctx.read(&other.unwrap().item).await);
    same(&one, &content(several, 13));
    same(&other, &one);
    // The plan that many parts need is one that the store announces.
    let spec =
        ctx.store.upload_spec(UploadRequest::new(ctx.here(), "plan.bin").with_size(several as u64)).await.unwrap();
    let most = ctx.store.capabilities().upload.max_parallel_parts;
    let within = match spec.plan {
        PartPlan::Parallel { max_in_flight, .. } => max_in_flight <= most,
        _ => true,
    };
    assert!(within, "{:?} with at most {most} at once", spec.plan);
    let _ = ctx.store.upload_abort(&spec).await;
}
