//! Remote files as local files: never a half one, never over another, continued where they broke off.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sharesync::transfer::{CancelToken, Integrity, Progress, TransferOptions, UploadRequest};
use sharesync::{DownloadToOptions, ErrorKind, Item, ItemRef, RemoteStoreExt as _, Timestamp};
use sharesync_emulator::{Fault, FaultKind};

use super::faults::content_path;
use super::harness::{Ctx, cases};
use super::support::{MIB, content, fails, gone, modified_as_declared, same};

cases! {
    "ext::download_to" needs [Download] {
        a_file_with_its_content_and_time,
        a_local_file_is_never_overwritten_unasked,
        a_local_file_is_replaced_when_asked,
        a_failed_download_leaves_no_file,
        a_cancelled_download_leaves_no_file,
        a_partial_file_is_continued,
        what_is_damaged_of_a_partial_file_is_fetched_again,
        a_partial_file_of_an_older_version_is_not_continued,
        wrong_content_never_becomes_a_file,
        a_missing_directory_is_an_error,
    }
    "ext::upload_file" needs [UploadSpec] {
        a_local_file_with_its_time,
        a_missing_local_file_is_an_error,
        a_directory_is_no_file,
    }
}

/// The names in a local directory.
fn names_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Downloads half of a large file, then lets it fail.
async fn broken_off(ctx: &Ctx, file: &Item, target: &Path) {
    let path = content_path(ctx, file).await;
    ctx.emulator.faults().add(Fault::new(FaultKind::Truncate { after: 2 * MIB as u64 }).path(&path).times(1));
    ctx.emulator.faults().add(Fault::new(FaultKind::Truncate { after: 0 }).path(&path));
    let done = ctx.store.download_to(file, target, DownloadToOptions::new()).await;
    assert!(done.is_err(), "{done:?}");
    ctx.emulator.faults().clear();
    assert!(!target.exists());
    assert_eq!(names_in(target.parent().unwrap()).len(), 2, "a partial file and its checksums are kept");
}

async fn a_file_with_its_content_and_time(ctx: Ctx) {
    let directory = tempfile::tempdir().unwrap();
    let time: Timestamp = "2021-07-04T05:06:07Z".parse().unwrap();
    for length in [0, 1, 3 * MIB] {
        let (name, sent) = (format!("{length}.bin"), content(length, 51));
        let request = UploadRequest::new(ctx.here(), &name).with_modified(time);
        let file = ctx.store.upload_bytes(sent.clone(), request, TransferOptions::new()).await.unwrap().item;
        let target = directory.path().join(&name);
        let progress = Progress::new();
        let options = DownloadToOptions::new().with_progress(progress.clone());
        let outcome = ctx.store.download_to(&file, &target, options).await.unwrap();
        assert_eq!(outcome.item.id, file.id);
        let verified = matches!(outcome.integrity, Integrity::Verified(_));
        assert_eq!(verified, !ctx.store.capabilities().digests.is_empty());
        same(&fs::read(&target).unwrap(), &sent);
        modified_as_declared(&ctx, outcome.item.modified, time);
        let local = fs::metadata(&target).unwrap().modified().unwrap();
        assert_eq!(local, SystemTime::from(outcome.item.modified.unwrap()));
        assert_eq!((progress.transferred(), progress.total()), (length as u64, length as u64));
    }
    assert_eq!(names_in(directory.path()).len(), 3, "nothing else is left");
}

async fn a_local_file_is_never_overwritten_unasked(ctx: Ctx) {
    let directory = tempfile::tempdir().unwrap();
    let file = ctx.put("a.txt", "remote").await;
    let target = directory.path().join("local.txt");
    fs::write(&target, "local").unwrap();
    let done = ctx.store.download_to(&file, &target, DownloadToOptions::new()).await;
    fails(done, ErrorKind::AlreadyExists, &["local.txt"]);
    assert_eq!(fs::read(&target).unwrap(), b"local");
    assert_eq!(names_in(directory.path()), ["local.txt"]);
}

async fn a_local_file_is_replaced_when_asked(ctx: Ctx) {
    let directory = tempfile::tempdir().unwrap();
    let file = ctx.put("a.txt", "remote").await;
    let target = directory.path().join("local.txt");
    fs::write(&target, "local").unwrap();
    ctx.store.download_to(&file, &target, DownloadToOptions::new().with_overwrite(true)).await.unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"remote");
    assert_eq!(names_in(directory.path()), ["local.txt"]);
}

async fn a_failed_download_leaves_no_file(ctx: Ctx) {
    let directory = tempfile::tempdir().unwrap();
    let gone = gone(&ctx).await;
    let done = ctx.store.download_to(&gone, directory.path().join("a.txt"), DownloadToOptions::new()).await;
    fails(done, ErrorKind::NotFound, &[gone.id.as_str()]);
    assert!(names_in(directory.path()).is_empty());
}

async fn a_cancelled_download_leaves_no_file(ctx: Ctx) {
    let directory = tempfile::tempdir().unwrap();
    let file = ctx.put("a.txt", "remote").await;
    let cancel = CancelToken::new();
    cancel.cancel();
    let options = DownloadToOptions::new().with_cancel(cancel);
    let done = ctx.store.download_to(&file, directory.path().join("a.txt"), options).await;
    fails(done, ErrorKind::Cancelled, &[file.id.as_str()]);
    assert!(names_in(directory.path()).is_empty());
}

async fn a_partial_file_is_continued(ctx: Ctx) {
    let ctx = ctx.alone().await;
    let directory = tempfile::tempdir().unwrap();
    let sent = content(5 * MIB, 52);
    let file = ctx.put("a.bin", sent.clone()).await;
    let target: PathBuf = directory.path().join("a.bin");
    broken_off(&ctx, &file, &target).await;
    ctx.emulator.requests().clear();
    let store = ctx.another_process().await;
    let progress = Progress::new();
    let options = DownloadToOptions::new().with_progress(progress.clone());
    store.download_to(&file, &target, options).await.unwrap();
    same(&fs::read(&target).unwrap(), &sent);
    assert_eq!(names_in(directory.path()), ["a.bin"]);
    assert_eq!(progress.transferred(), sent.len() as u64);
}

async fn what_is_damaged_of_a_partial_file_is_fetched_again(ctx: Ctx) {
    let ctx = ctx.alone().await;
    let directory = tempfile::tempdir().unwrap();
    let sent = content(5 * MIB, 57);
    let file = ctx.put("a.bin", sent.clone()).await;
    let target = directory.path().join("a.bin");
    broken_off(&ctx, &file, &target).await;
    let partial = directory.path().join(&names_in(directory.path())[0]);
    let mut damaged = fs::read(&partial).unwrap();
    damaged[12_345] ^= 1;
    fs::write(&partial, damaged).unwrap();
    ctx.another_process().await.download_to(&file, &target, DownloadToOptions::new()).await.unwrap();
    same(&fs::read(&target).unwrap(), &sent);
    assert_eq!(names_in(directory.path()), ["a.bin"]);
}

async fn a_partial_file_of_an_older_version_is_not_continued(ctx: Ctx) {
    let ctx = ctx.alone().await;
    let directory = tempfile::tempdir().unwrap();
    let file = ctx.put("a.bin", content(5 * MIB, 53)).await;
    let target = directory.path().join("a.bin");
    broken_off(&ctx, &file, &target).await;
    let now = content(5 * MIB, 54);
    let new = ctx.put_again("a.bin", now.clone()).await;
    ctx.store.download_to(&new, &target, DownloadToOptions::new()).await.unwrap();
    same(&fs::read(&target).unwrap(), &now);
}

async fn wrong_content_never_becomes_a_file(ctx: Ctx) {
    let ctx = ctx.alone().await;
    let directory = tempfile::tempdir().unwrap();
    let file = ctx.put("a.bin", content(2 * MIB, 55)).await;
    let path = content_path(&ctx, &file).await;
    ctx.emulator.faults().add(Fault::new(FaultKind::Corrupt { at: 12_345 }).path(path));
    let target = directory.path().join("a.bin");
    let done = ctx.store.download_to(&file, &target, DownloadToOptions::new()).await;
    if ctx.store.capabilities().digests.is_empty() {
        assert_eq!(done.unwrap().integrity, Integrity::Unverifiable, "nothing was promised");
        return;
    }
    fails(done, ErrorKind::Integrity, &[file.id.as_str(), "a.bin"]);
    assert!(names_in(directory.path()).is_empty(), "what is wrong is not kept to be continued");
}

async fn a_missing_directory_is_an_error(ctx: Ctx) {
    let directory = tempfile::tempdir().unwrap();
    let file = ctx.put("a.txt", "x").await;
    let target = directory.path().join("missing").join("a.txt");
    fails(ctx.store.download_to(&file, target, DownloadToOptions::new()).await, ErrorKind::Io, &["missing"]);
    assert!(names_in(directory.path()).is_empty());
}

async fn a_local_file_with_its_time(ctx: Ctx) {
    let directory = tempfile::tempdir().unwrap();
    let local = directory.path().join("local name.bin");
    let (sent, time): (_, Timestamp) = (content(100_000, 56), "2020-02-29T12:00:00Z".parse().unwrap());
    fs::write(&local, &sent).unwrap();
    fs::File::options().write(true).open(&local).unwrap().set_modified(SystemTime::from(time)).unwrap();
    let request = UploadRequest::new(ctx.here(), "remote name.bin");
    let done = ctx.store.upload_file(&local, request, TransferOptions::new()).await.unwrap();
    let file = ctx.store.stat(&ItemRef::from(&done.item)).await.unwrap();
    modified_as_declared(&ctx, file.modified, time);
    same(&ctx.read(&done.item).await, &sent);
    assert_eq!(ctx.names().await, ["remote name.bin"]);
}

async fn a_missing_local_file_is_an_error(ctx: Ctx) {
    let directory = tempfile::tempdir().unwrap();
    let request = UploadRequest::new(ctx.here(), "a.bin");
    let done = ctx.store.upload_file(directory.path().join("missing.bin"), request, TransferOptions::new()).await;
    fails(done, ErrorKind::Io, &["missing.bin"]);
    assert!(ctx.names().await.is_empty());
}

async fn a_directory_is_no_file(ctx: Ctx) {
    let directory = tempfile::tempdir().unwrap();
    let request = UploadRequest::new(ctx.here(), "a.bin");
    let done = ctx.store.upload_file(directory.path(), request, TransferOptions::new()).await;
    fails(done, ErrorKind::Io, &[directory.path().to_str().unwrap()]);
    assert!(ctx.names().await.is_empty());
}
