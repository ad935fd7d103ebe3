//! Continuing an upload: in another process, after it was forgotten, with other content, and from a journal.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use sharesync::transfer::{
    BytesSource, FileJournal, Part, PartPlan, Progress, SourceWindow, TransferOptions, UploadJournal as _,
    UploadRequest, UploadSpec, UploadStatus, upload,
};
use sharesync::{Digest, ErrorKind, OnConflict, RemoteStoreExt as _, TEMPORARY, Timestamp};

use super::harness::{Ctx, cases};
use super::sources::Tripwire;
use super::support::{content, fails, same};

cases! {
    "resume" needs [UploadSpec, UploadResume] {
        in_another_process,
        sends_nothing_that_is_there_again,
        with_nothing_sent_yet,
        after_every_part_but_before_the_end,
        a_completed_upload_is_not_sent_again,
        a_forgotten_upload_starts_anew,
        other_content_of_the_same_length_starts_anew,
        content_of_another_length_is_refused,
        a_spec_of_another_provider_is_refused,
        the_status_tells_what_is_there,
        a_part_sent_twice_does_no_harm,
        progress_counts_what_is_there_already,
        a_new_version_is_continued,
    }
    "resume::journal" needs [UploadSpec, UploadResume] {
        an_interrupted_upload_is_continued_from_its_journal,
        a_finished_upload_leaves_an_empty_journal,
        the_journal_of_another_upload_is_refused,
    }
}

/// An upload that another process has begun.
struct Begun {
    spec: String,
    content: Bytes,
    part: u64,
}

impl Begun {
    fn spec(&self) -> UploadSpec {
        serde_json::from_str(&self.spec).unwrap()
    }
}

/// Begins to upload a large file and sends some of its parts, as a process would that is then killed.
async fn begin(ctx: &Ctx, parts: Range<u64>) -> Begun {
    begin_as(ctx, UploadRequest::new(ctx.here(), "large.bin"), parts).await
}

async fn begin_as(ctx: &Ctx, request: UploadRequest, parts: Range<u64>) -> Begun {
    let (_, several) = ctx.several_parts().await;
    let content = content(several, 21);
    let mut spec = ctx.store.upload_spec(request.with_size(several as u64)).await.unwrap();
    for index in parts.start..parts.end.min(spec.part_count()) {
        spec = send(ctx, &spec, &content, index).await;
    }
    if spec.part_count() > parts.end && parts.end > 0 {
        counted(ctx, &spec, parts.end * spec.part_size()).await;
    }
    Begun { part: spec.part_size(), spec: serde_json::to_string(&spec).unwrap(), content }
}

/// Waits until the service counts what was sent: it may take in what it has acknowledged a little later.
async fn counted(ctx: &Ctx, spec: &UploadSpec, bytes: u64) {
    loop {
        match ctx.store.upload_status(spec).await.unwrap() {
            UploadStatus::InProgress { received, .. } if received == [0..bytes] => return,
            UploadStatus::Complete(item) => panic!("it is complete before its end: {item:?}"),
            _ => tokio::task::yield_now().await,
        }
    }
}

/// Sends a part; the spec to go on with.
async fn send(ctx: &Ctx, spec: &UploadSpec, content: &Bytes, index: u64) -> UploadSpec {
    let range = spec.part_range(index);
    let source = SourceWindow::new(Arc::new(BytesSource::new(content.clone())), range.start, range.end - range.start);
    let so_far = &content[..usize::try_from(range.end).unwrap()];
    let digests = spec.digests.iter().filter(|_| spec.prefixes);
    let prefix: Vec<_> = digests.map(|algorithm| Digest::of(*algorithm, so_far)).collect();
    let part = Part::new(index, range.start, Arc::new(source)).with_prefix(&prefix);
    let receipt = ctx.store.upload_part(spec, part).await.unwrap();
    receipt.renewed().unwrap_or(spec).clone()
}

/// Continues with these bytes and shows that they are what the folder holds afterwards.
async fn finish(ctx: &Ctx, spec: UploadSpec, content: Bytes) {
    let store = ctx.another_process().await;
    let source = Arc::new(BytesSource::new(content.clone()));
    let done = store.resume_upload(spec, source, TransferOptions::new()).await.unwrap();
    assert_eq!(done.item.size, Some(content.len() as u64));
    same(&super::support::read(&*store, &done.item).await, &content);
    assert_eq!(ctx.names().await, ["large.bin"]);
}

/// Shows that there is no content before the end.
async fn nothing_yet(ctx: &Ctx) {
    let names = ctx.names().await.into_iter();
    let aside = |name: &String| ctx.store.capabilities().upload.temporary_names && name.starts_with(TEMPORARY);
    assert_eq!(names.filter(|name| !aside(name)).count(), 0, "nothing is there before the end");
}

/// Bytes that the emulator has received so far.
fn received(ctx: &Ctx) -> u64 {
    ctx.emulator.requests().all().iter().map(|request| request.request_bytes).sum()
}

async fn in_another_process(ctx: Ctx) {
    for parts in [0..1, 0..2, 0..3] {
        let ctx = ctx.alone().await;
        let begun = begin(&ctx, parts).await;
        finish(&ctx, begun.spec(), begun.content).await;
    }
}

async fn sends_nothing_that_is_there_again(ctx: Ctx) {
    let ctx = ctx.alone().await;
    let begun = begin(&ctx, 0..2).await;
    if begun.spec().part_count() < 4 {
        // One part is all or nothing.
        finish(&ctx, begun.spec(), begun.content).await;
        return;
    }
    let before = received(&ctx);
    finish(&ctx, begun.spec(), begun.content.clone()).await;
    let sent = received(&ctx) - before;
    let missing = begun.content.len() as u64 - 2 * begun.part;
    assert!((missing..missing + begun.part / 2).contains(&sent), "{sent} bytes sent for {missing} that were missing");
}

async fn with_nothing_sent_yet(ctx: Ctx) {
    let begun = begin(&ctx, 0..0).await;
    nothing_yet(&ctx).await;
    finish(&ctx, begun.spec(), begun.content).await;
}

async fn after_every_part_but_before_the_end(ctx: Ctx) {
    let begun = begin(&ctx, 0..3).await;
    let spec = begun.spec();
    if matches!(spec.plan, PartPlan::Parallel { .. }) {
        send(&ctx, &spec, &begun.content, 3).await;
        nothing_yet(&ctx).await;
    }
    finish(&ctx, spec, begun.content).await;
}

async fn a_completed_upload_is_not_sent_again(ctx: Ctx) {
    let ctx = ctx.alone().await;
    let begun = begin(&ctx, 0..1).await;
    finish(&ctx, begun.spec(), begun.content.clone()).await;
    let (item, before) = (ctx.listed().await.remove(0), received(&ctx));
    let store = ctx.another_process().await;
    let source = Arc::new(BytesSource::new(begun.content.clone()));
    let again = store.resume_upload(begun.spec(), source, TransferOptions::new()).await;
    match again {
        // Found to be complete.
        Ok(done) => assert_eq!(done.item.id, item.id),
        // Forgotten, and started anew: the name is taken.
        Err(error) => drop(fails::<()>(Err(error), ErrorKind::AlreadyExists, &["large.bin"])),
    }
    assert!(received(&ctx) - before < begun.part, "the content is not sent again");
    let items = ctx.listed().await;
    assert_eq!((items.len(), &items[0].revision), (1, &item.revision));
    same(&ctx.read(&items[0]).await, &begun.content);
}

async fn a_forgotten_upload_starts_anew(ctx: Ctx) {
    let begun = begin(&ctx, 0..2).await;
    ctx.store.upload_abort(&begun.spec()).await.unwrap();
    finish(&ctx, begun.spec(), begun.content).await;
}

async fn other_content_of_the_same_length_starts_anew(ctx: Ctx) {
    let begun = begin(&ctx, 0..2).await;
    let other = content(begun.content.len(), 22);
    if begun.spec().part_count() == 1 {
        // All of it was there, and is now a file that other content would replace.
        let source = Arc::new(BytesSource::new(other));
        let done = ctx.store.resume_upload(begun.spec(), source, TransferOptions::new()).await;
        fails(done, ErrorKind::AlreadyExists, &["large.bin"]);
        same(&ctx.read(&ctx.listed().await[0]).await, &begun.content);
        return;
    }
    finish(&ctx, begun.spec(), other).await;
}

async fn content_of_another_length_is_refused(ctx: Ctx) {
    let begun = begin(&ctx, 0..1).await;
    for length in [0, begun.content.len() - 1, begun.content.len() + 1] {
        let source = Arc::new(BytesSource::new(content(length, 21)));
        let done = ctx.store.resume_upload(begun.spec(), source, TransferOptions::new()).await;
        fails(done, ErrorKind::SourceChanged, &["large.bin"]);
    }
    finish(&ctx, begun.spec(), begun.content).await;
}

async fn a_spec_of_another_provider_is_refused(ctx: Ctx) {
    let begun = begin(&ctx, 0..0).await;
    let foreign = begun.spec.replace(&format!("\"{}\"", ctx.store.info().provider), "\"elsewhere\"");
    assert_ne!(foreign, begun.spec);
    let foreign: UploadSpec = serde_json::from_str(&foreign).unwrap();
    let source = Arc::new(BytesSource::new(begun.content.clone()));
    let done = ctx.store.resume_upload(foreign.clone(), source, TransferOptions::new()).await;
    fails(done, ErrorKind::InvalidInput, &["elsewhere"]);
    fails(ctx.store.upload_status(&foreign).await, ErrorKind::InvalidInput, &["elsewhere"]);
    fails(ctx.store.upload_abort(&foreign).await, ErrorKind::InvalidInput, &["elsewhere"]);
    nothing_yet(&ctx).await;
}

async fn the_status_tells_what_is_there(ctx: Ctx) {
    let begun = begin(&ctx, 0..2).await;
    let mut spec = begun.spec();
    if spec.part_count() < 4 {
        assert!(matches!(spec.plan, PartPlan::Single));
        return;
    }
    let UploadStatus::InProgress { spec: renewed, received, prefix } = ctx.store.upload_status(&spec).await.unwrap()
    else {
        panic!("two of four parts are there");
    };
    assert_eq!(received, [0..2 * begun.part]);
    if let Some(prefix) = prefix {
        let there = &begun.content[..usize::try_from(2 * begun.part).unwrap()];
        assert_eq!(prefix, Digest::of(prefix.algorithm(), there));
    }
    spec = *renewed;
    finish(&ctx, spec, begun.content).await;
}

async fn a_part_sent_twice_does_no_harm(ctx: Ctx) {
    let begun = begin(&ctx, 0..2).await;
    let spec = begun.spec();
    if spec.part_count() >= 4 {
        send(&ctx, &spec, &begun.content, 1).await;
        send(&ctx, &spec, &begun.content, 1).await;
    }
    finish(&ctx, spec, begun.content).await;
}

async fn progress_counts_what_is_there_already(ctx: Ctx) {
    let begun = begin(&ctx, 0..2).await;
    let progress = Progress::new();
    let options = TransferOptions::new().with_progress(progress.clone());
    let source = Arc::new(BytesSource::new(begun.content.clone()));
    ctx.store.resume_upload(begun.spec(), source, options).await.unwrap();
    let length = begun.content.len() as u64;
    assert_eq!((progress.transferred(), progress.total()), (length, length));
}

async fn a_new_version_is_continued(ctx: Ctx) {
    let old = ctx.put("large.bin", "old").await;
    let request = UploadRequest::new(ctx.here(), "large.bin").with_on_conflict(OnConflict::NewVersion);
    let begun = begin_as(&ctx, request, 0..2).await;
    if begun.spec().part_count() > 2 {
        same(&ctx.read(&ctx.listed().await[0]).await, b"old");
    }
    finish(&ctx, begun.spec(), begun.content).await;
    assert_eq!(ctx.listed().await[0].identity(), old.identity());
}

/// Uploads with a journal until a byte of the third part is read.
async fn interrupted(ctx: &Ctx, journal: &FileJournal, request: &UploadRequest) -> Bytes {
    let (part, several) = ctx.several_parts().await;
    let content = content(several, 23);
    let reached = Arc::new(tokio::sync::Notify::new());
    let tell = reached.clone();
    let source = Tripwire { content: content.clone(), at: 2 * part, then: Arc::new(move || tell.notify_one()) };
    let options = TransferOptions::new().with_journal(Arc::new(journal.clone()));
    tokio::select! {
        biased;
        () = reached.notified() => {}
        done = upload(&*ctx.store, request.clone(), Arc::new(source), options) => panic!("not interrupted: {done:?}"),
    }
    assert!(journal.load().await.unwrap().is_some());
    nothing_yet(ctx).await;
    content
}

fn request(ctx: &Ctx) -> UploadRequest {
    UploadRequest::new(ctx.here(), "large.bin").with_modified(Timestamp::from_unix(1_600_000_000, 0).unwrap())
}

async fn an_interrupted_upload_is_continued_from_its_journal(ctx: Ctx) {
    let directory = tempfile::tempdir().unwrap();
    let journal = FileJournal::new(directory.path().join("journal.json"));
    let content = interrupted(&ctx, &journal, &request(&ctx)).await;
    let store = ctx.another_process().await;
    let options = TransferOptions::new().with_journal(Arc::new(journal.clone()));
    let done = store.upload_bytes(content.clone(), request(&ctx), options).await.unwrap();
    same(&ctx.read(&done.item).await, &content);
    assert!(journal.load().await.unwrap().is_none());
    assert_eq!(ctx.names().await, ["large.bin"]);
}

async fn a_finished_upload_leaves_an_empty_journal(ctx: Ctx) {
    let directory = tempfile::tempdir().unwrap();
    let journal = FileJournal::new(directory.path().join("journal.json"));
    for name in ["one.bin", "two.bin"] {
        let options = TransferOptions::new().with_journal(Arc::new(journal.clone()));
        ctx.store.upload_bytes("content", UploadRequest::new(ctx.here(), name), options).await.unwrap();
        assert!(journal.load().await.unwrap().is_none());
    }
    assert_eq!(ctx.names().await, ["one.bin", "two.bin"]);
}

async fn the_journal_of_another_upload_is_refused(ctx: Ctx) {
    let directory = tempfile::tempdir().unwrap();
    let journal = FileJournal::new(directory.path().join("journal.json"));
    interrupted(&ctx, &journal, &request(&ctx)).await;
    let options = TransferOptions::new().with_journal(Arc::new(journal.clone()));
    let other = UploadRequest::new(ctx.here(), "other.bin");
    fails(ctx.store.upload_bytes("content", other, options).await, ErrorKind::Conflict, &["large.bin"]);
    assert!(journal.load().await.unwrap().is_some(), "the journal keeps what it has");
    nothing_yet(&ctx).await;
}
