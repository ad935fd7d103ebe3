//! Uploading under a name that is taken: refused, a new version, or only if the old content is what the caller thinks.

use sharesync::transfer::{DownloadOptions, TransferOptions, UploadOutcome, UploadRequest};
use sharesync::{ErrorKind, Item, ItemRef, OnConflict, RemoteStoreExt as _, Result, Revision};

use super::harness::{Ctx, cases};
use super::sources::Misdeclared;
use super::support::{MIB, content, fails, fails_as, same};

cases! {
    "replace" needs [UploadSpec] {
        a_taken_name_is_refused_and_the_old_content_stays,
        a_taken_name_in_another_case,
        the_name_of_a_folder_is_refused,
        a_new_version_keeps_the_identity,
        a_new_version_of_every_size,
        a_new_version_of_nothing_is_a_new_file,
        a_failed_new_version_leaves_the_old_one,
        the_present_revision_is_accepted,
    a_required_revision_is_enough_to_replace,
        a_stale_revision_is_refused,
        a_revision_of_a_missing_file_is_refused,
        equal_content_is_accepted_as_a_new_version,
    }
    "replace" needs [UploadSpec, Download] {
        a_download_of_a_stale_revision_is_refused,
    }
}

async fn replace(
    ctx: &Ctx,
    name: &str,
    length: usize,
    request: impl Fn(UploadRequest) -> UploadRequest,
) -> Result<UploadOutcome> {
    let request = request(UploadRequest::new(ctx.here(), name));
    ctx.store.upload_bytes(content(length, 99), request, TransferOptions::new()).await
}

fn new_version(request: UploadRequest) -> UploadRequest {
    request.with_on_conflict(OnConflict::NewVersion)
}

/// Shows that the file is still the one and only, in the state it was in.
async fn untouched(ctx: &Ctx, old: &Item, text: &[u8]) {
    let items = ctx.listed().await;
    assert_eq!(items.len(), 1, "{items:?}");
    let now = ctx.store.stat(&ItemRef::from(&items[0])).await.unwrap();
    assert_eq!((&now.id, &now.name, &now.revision), (&old.id, &old.name, &old.revision));
    same(&ctx.read(old).await, text);
}

async fn a_taken_name_is_refused_and_the_old_content_stays(ctx: Ctx) {
    let old = ctx.put("a.txt", "old").await;
    for length in [0, 3, 2 * MIB, 17 * MIB] {
        fails(replace(&ctx, "a.txt", length, |request| request).await, ErrorKind::AlreadyExists, &["a.txt"]);
        untouched(&ctx, &old, b"old").await;
    }
}

async fn a_taken_name_in_another_case(ctx: Ctx) {
    let old = ctx.put("Name.txt", "old").await;
    let done = replace(&ctx, "nAME.TXT", 10, |request| request).await;
    if ctx.store.capabilities().names.case_sensitive {
        assert_eq!(done.unwrap().item.name, "nAME.TXT");
        assert_eq!(ctx.names().await, ["Name.txt", "nAME.TXT"]);
        same(&ctx.read(&old).await, b"old");
    } else {
        fails(done, ErrorKind::AlreadyExists, &["nAME.TXT", "Name.txt"]);
        untouched(&ctx, &old, b"old").await;
    }
}

async fn the_name_of_a_folder_is_refused(ctx: Ctx) {
    let folder = ctx.folder("name").await;
    super::support::put_into(&*ctx.store, &folder, "inside.txt", "x").await;
    let before = ctx.tree().await;
    let refused = [ErrorKind::AlreadyExists, ErrorKind::Conflict];
    fails_as(replace(&ctx, "name", 10, |request| request).await, &refused, &["name"]);
    fails_as(replace(&ctx, "name", 10, new_version).await, &refused, &["name"]);
    assert_eq!(ctx.tree().await, before);
}

async fn a_new_version_keeps_the_identity(ctx: Ctx) {
    let old = ctx.put("a.txt", "old").await;
    let new = ctx.put_again("a.txt", "newer").await;
    assert_eq!(new.identity(), old.identity());
    assert_eq!(new.id == old.id, ctx.store.capabilities().ids_survive_new_version);
    assert_ne!(new.revision, old.revision, "other content is another revision");
    assert!(new.revision.is_some());
    let items = ctx.listed().await;
    assert_eq!(items.len(), 1, "{items:?}");
    assert_eq!((&items[0].id, items[0].size), (&new.id, Some(5)));
    assert_eq!(items[0].identity(), old.identity());
    same(&ctx.read(&new).await, b"newer");
    let moved_on = ctx.put_again("a.txt", "the third").await;
    assert_eq!(moved_on.identity(), old.identity());
    same(&ctx.read(&ctx.listed().await[0]).await, b"the third");
}

async fn a_new_version_of_every_size(ctx: Ctx) {
    let (_, several) = ctx.several_parts().await;
    let old = ctx.put("a.bin", "old").await;
    for length in [0, 1, 2 * MIB, several] {
        let new = replace(&ctx, "a.bin", length, new_version).await.unwrap().item;
        assert_eq!(new.identity(), old.identity());
        same(&ctx.read(&new).await, &content(length, 99));
        assert_eq!(ctx.names().await, ["a.bin"]);
    }
}

async fn a_new_version_of_nothing_is_a_new_file(ctx: Ctx) {
    let new = ctx.put_again("a.txt", "first").await;
    same(&ctx.read(&new).await, b"first");
    assert_eq!(ctx.names().await, ["a.txt"]);
}

async fn a_failed_new_version_leaves_the_old_one(ctx: Ctx) {
    let (_, several) = ctx.several_parts().await;
    let old = ctx.put("a.bin", "old").await;
    for (real, declared) in [(99, 100), (101, 100), (several - 1, several), (several + 1, several)] {
        let source = std::sync::Arc::new(Misdeclared { content: content(real, 1), declared });
        let request = new_version(UploadRequest::new(ctx.here(), "a.bin"));
        let done = sharesync::transfer::upload(&*ctx.store, request, source, TransferOptions::new()).await;
        fails(done, ErrorKind::SourceChanged, &["a.bin"]);
        untouched(&ctx, &old, b"old").await;
    }
}

async fn the_present_revision_is_accepted(ctx: Ctx) {
    let (_, several) = ctx.several_parts().await;
    let mut state = ctx.put("a.bin", "old").await;
    for length in [10, several] {
        let revision = state.revision.clone().unwrap();
        let done = replace(&ctx, "a.bin", length, |r| new_version(r).with_if_revision(revision.clone())).await;
        state = done.unwrap().item;
        same(&ctx.read(&state).await, &content(length, 99));
    }
}

async fn a_required_revision_is_enough_to_replace(ctx: Ctx) {
    let old = ctx.put("a.bin", "old").await;
    let revision = old.revision.clone().unwrap();
    let done = replace(&ctx, "a.bin", 10, |r| r.with_if_revision(revision.clone())).await.unwrap();
    assert_eq!(done.item.identity(), old.identity());
    same(&ctx.read(&done.item).await, &content(10, 99));
    assert_eq!(ctx.names().await, ["a.bin"]);
}

async fn a_stale_revision_is_refused(ctx: Ctx) {
    let (_, several) = ctx.several_parts().await;
    let old = ctx.put("a.bin", "old").await;
    let now = ctx.put_again("a.bin", "now").await;
    let stale = old.revision.unwrap();
    for length in [10, several] {
        let done = replace(&ctx, "a.bin", length, |r| new_version(r).with_if_revision(stale.clone())).await;
        fails(done, ErrorKind::PreconditionFailed, &["a.bin", now.id.as_str()]);
        untouched(&ctx, &now, b"now").await;
    }
    let done = replace(&ctx, "a.bin", 10, |r| new_version(r).with_if_revision(Revision::new("no such state"))).await;
    fails(done, ErrorKind::PreconditionFailed, &["a.bin", now.id.as_str()]);
    untouched(&ctx, &now, b"now").await;
}

async fn a_revision_of_a_missing_file_is_refused(ctx: Ctx) {
    let gone = super::support::gone(&ctx).await;
    let revision = gone.revision.unwrap();
    let done = replace(&ctx, &gone.name, 10, |r| new_version(r).with_if_revision(revision.clone())).await;
    fails_as(done, &[ErrorKind::PreconditionFailed, ErrorKind::NotFound], &[&gone.name]);
    assert!(ctx.names().await.is_empty());
}

async fn equal_content_is_accepted_as_a_new_version(ctx: Ctx) {
    let old = ctx.put("a.txt", "same").await;
    let new = ctx.put_again("a.txt", "same").await;
    assert_eq!(new.identity(), old.identity());
    same(&ctx.read(&new).await, b"same");
    assert_eq!(ctx.names().await, ["a.txt"]);
}

async fn a_download_of_a_stale_revision_is_refused(ctx: Ctx) {
    let old = ctx.put("a.txt", "old").await;
    let now = ctx.put_again("a.txt", "now").await;
    let present = DownloadOptions::new().with_if_revision(now.revision.clone().unwrap());
    same(&ctx.store.download(&ItemRef::from(&now), present).await.unwrap().bytes(100).await.unwrap(), b"now");
    let stale = DownloadOptions::new().with_if_revision(old.revision.unwrap());
    let done = ctx.store.download(&ItemRef::from(&now), stale).await;
    fails_as(done, &[ErrorKind::PreconditionFailed], &[now.id.as_str(), "a.txt"]);
}
