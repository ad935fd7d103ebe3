//! Sharing: links that work over plain HTTP for whoever holds them, and stop when they should.

use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use reqwest::StatusCode;
use sharesync::{
    Audience, DeleteOptions, ErrorKind, ItemRef, Operation, Share, ShareAccess, ShareId, ShareRequest, Support,
    Timestamp,
};

use super::harness::{Ctx, cases};
use super::support::{COLLEAGUE, content, fails, fails_as, folder_in, gone, put_into, same};

cases! {
    "share" needs [Share] {
        a_link_gives_the_content_to_anyone,
        a_link_to_a_folder_gives_something,
        two_links_to_one_file_are_two,
        a_limit_of_downloads_is_kept,
        an_expiry_is_told_and_kept,
        a_link_for_those_who_sign_in,
        all_options_together,
        a_password_is_kept_or_refused,
        view_only_is_kept_or_refused,
        a_link_follows_the_newest_version_if_asked,
        a_link_ends_with_its_file,
        a_missing_item_cannot_be_shared,
        debug_does_not_show_the_link,
    }
    "unshare" needs [Share, Unshare] {
        ends_a_link_and_no_other,
        a_missing_share_is_not_found,
        a_share_ends_once,
    }
    "share::request_files" needs [RequestFiles] {
        a_link_to_put_files,
        a_file_cannot_take_files,
    }
    "share::invite" needs [Invite] {
        an_invitation_has_no_public_link,
    }
}

/// What a stranger gets who opens a link: the status, and the body if it is a success.
async fn open(link: &str) -> (StatusCode, Bytes) {
    static STRANGER: LazyLock<reqwest::Client> = LazyLock::new(reqwest::Client::new);
    let answer = STRANGER.get(link).send().await.unwrap();
    (answer.status(), answer.bytes().await.unwrap())
}

async fn share(ctx: &Ctx, item: impl Into<ItemRef>, request: ShareRequest) -> Share {
    ctx.store.share(&item.into(), request).await.unwrap()
}

/// As [`share`], for requests that a service may be unable to grant: it then refuses, and gives out nothing weaker.
async fn share_or_refused(ctx: &Ctx, item: impl Into<ItemRef>, request: ShareRequest) -> Option<Share> {
    match ctx.store.share(&item.into(), request).await {
        Ok(shared) => Some(shared),
        Err(error) => {
            fails::<()>(Err(error), ErrorKind::Unsupported, &[Operation::Share.name()]);
            None
        }
    }
}

/// Whether a share ends when it should; within a minute, because some services count in days from their own clock.
#[track_caller]
fn ends_at(share: &Share, end: Timestamp) {
    let told = share.expires.expect("an end");
    assert!((told.unix_seconds() - end.unix_seconds()).abs() <= 60, "{told:?} instead of {end:?}");
}

fn link(share: &Share) -> &str {
    share.link.as_ref().expect("a link").expose().as_str()
}

#[track_caller]
fn is_open(answer: (StatusCode, Bytes), expected: &[u8]) {
    assert!(answer.0.is_success(), "{}", answer.0);
    same(&answer.1, expected);
}

#[track_caller]
fn is_closed(answer: (StatusCode, Bytes)) {
    assert!(answer.0.is_client_error(), "{}", answer.0);
}

async fn a_link_gives_the_content_to_anyone(ctx: Ctx) {
    let sent = content(100_000, 71);
    let file = ctx.put("50% of #1 + ü.bin", sent.clone()).await;
    let shared = share(&ctx, &file, ShareRequest::link()).await;
    assert_eq!(shared.item, file.id);
    assert!(!shared.id.as_str().is_empty());
    for _ in 0..3 {
        is_open(open(link(&shared)).await, &sent);
    }
}

async fn a_link_to_a_folder_gives_something(ctx: Ctx) {
    let folder = ctx.folder("sub").await;
    put_into(&*ctx.store, &folder, "a.txt", "x").await;
    let Some(shared) = share_or_refused(&ctx, &folder, ShareRequest::link()).await else { return };
    assert_eq!(shared.item, folder.id);
    let (status, body) = open(link(&shared)).await;
    assert!(status.is_success() && !body.is_empty(), "{status}");
}

async fn two_links_to_one_file_are_two(ctx: Ctx) {
    let file = ctx.put("a.txt", "content").await;
    let one = share(&ctx, &file, ShareRequest::link()).await;
    let other = share(&ctx, &file, ShareRequest::link()).await;
    assert_ne!(one.id, other.id);
    assert_ne!(link(&one), link(&other));
    is_open(open(link(&one)).await, b"content");
    is_open(open(link(&other)).await, b"content");
}

async fn a_limit_of_downloads_is_kept(ctx: Ctx) {
    let file = ctx.put("a.txt", "content").await;
    for most in 1..=2 {
        let request = ShareRequest::link().with_max_downloads(most);
        let Some(shared) = share_or_refused(&ctx, &file, request).await else { continue };
        for _ in 0..most {
            is_open(open(link(&shared)).await, b"content");
        }
        is_closed(open(link(&shared)).await);
    }
}

async fn an_expiry_is_told_and_kept(ctx: Ctx) {
    let file = ctx.put("a.txt", "content").await;
    let tomorrow = Timestamp::now().saturating_add(Duration::from_secs(86_400)).truncated_to_seconds();
    let long = share(&ctx, &file, ShareRequest::link().with_expires(tomorrow)).await;
    ends_at(&long, tomorrow);
    is_open(open(link(&long)).await, b"content");

    let soon = Timestamp::now().saturating_add(Duration::from_secs(1));
    let short = share_or_refused(&ctx, &file, ShareRequest::link().with_expires(soon)).await;
    let Some(short) = short else { return };
    // Until it ends, and if it never does, until the case is taken to hang.
    while open(link(&short)).await.0.is_success() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(Timestamp::now() >= soon, "it ended too early");
    is_closed(open(link(&short)).await);
    is_open(open(link(&long)).await, b"content");
}

async fn a_link_for_those_who_sign_in(ctx: Ctx) {
    let file = ctx.put("a.txt", "content").await;
    let request = ShareRequest::link().with_audience(Audience::SignedIn);
    let Some(shared) = share_or_refused(&ctx, &file, request).await else { return };
    let (status, body) = open(link(&shared)).await;
    assert!(status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN || body != "content", "{status}");
}

async fn all_options_together(ctx: Ctx) {
    let file = ctx.put("a.txt", "content").await;
    let tomorrow = Timestamp::now().saturating_add(Duration::from_secs(86_400));
    let request = ShareRequest::link().with_expires(tomorrow).with_max_downloads(1).with_access(ShareAccess::Download);
    let titled = request.clone().with_title("For you: 50% & \"more\" – 日本語");
    let titled = share_or_refused(&ctx, &file, titled).await;
    for shared in titled.into_iter().chain([share(&ctx, &file, request).await]) {
        ends_at(&shared, tomorrow);
        is_open(open(link(&shared)).await, b"content");
        is_closed(open(link(&shared)).await);
    }
}

/// Shows that a request is either refused as unsupported, or does not simply give the content away.
async fn kept_or_refused(ctx: &Ctx, request: ShareRequest) {
    let file = ctx.put("a.txt", "content").await;
    match ctx.store.share(&ItemRef::from(&file), request).await {
        Ok(shared) => assert_ne!(open(link(&shared)).await.1, "content", "a weaker share than asked for"),
        Err(error) => {
            fails::<()>(Err(error), ErrorKind::Unsupported, &[Operation::Share.name()]);
        }
    }
}

async fn a_password_is_kept_or_refused(ctx: Ctx) {
    kept_or_refused(&ctx, ShareRequest::link().with_password("open sesame")).await;
}

async fn view_only_is_kept_or_refused(ctx: Ctx) {
    kept_or_refused(&ctx, ShareRequest::link().with_access(ShareAccess::View)).await;
}

async fn a_link_follows_the_newest_version_if_asked(ctx: Ctx) {
    let file = ctx.put("a.txt", "old").await;
    let shared = ctx.store.share(&ItemRef::from(&file), ShareRequest::link().with_follow_latest(true)).await;
    let shared = match shared {
        Ok(shared) => shared,
        Err(error) => {
            fails::<()>(Err(error), ErrorKind::Unsupported, &[Operation::Share.name()]);
            return;
        }
    };
    is_open(open(link(&shared)).await, b"old");
    ctx.put_again("a.txt", "new").await;
    is_open(open(link(&shared)).await, b"new");
}

async fn a_link_ends_with_its_file(ctx: Ctx) {
    let (file, other) = (ctx.put("a.txt", "content").await, ctx.put("b.txt", "other").await);
    let (shared, kept) =
        (share(&ctx, &file, ShareRequest::link()).await, share(&ctx, &other, ShareRequest::link()).await);
    is_open(open(link(&shared)).await, b"content");
    ctx.store.delete(&ItemRef::from(&file), DeleteOptions::new()).await.unwrap();
    is_closed(open(link(&shared)).await);
    is_open(open(link(&kept)).await, b"other");
}

async fn a_missing_item_cannot_be_shared(ctx: Ctx) {
    let gone = gone(&ctx).await;
    let shared = ctx.store.share(&ItemRef::from(&gone), ShareRequest::link()).await;
    fails(shared, ErrorKind::NotFound, &[gone.id.as_str()]);
}

async fn debug_does_not_show_the_link(ctx: Ctx) {
    let file = ctx.put("a.txt", "content").await;
    let shared = share(&ctx, &file, ShareRequest::link()).await;
    let path = shared.link.as_ref().unwrap().expose().path().to_owned();
    assert!(path.len() > 1);
    assert!(!format!("{shared:?}").contains(&path), "whoever holds the link has the file");
}

async fn ends_a_link_and_no_other(ctx: Ctx) {
    let file = ctx.put("a.txt", "content").await;
    let one = share(&ctx, &file, ShareRequest::link()).await;
    let other = share(&ctx, &file, ShareRequest::link()).await;
    is_open(open(link(&one)).await, b"content");
    let ended = ctx.another_process().await.unshare(&one.id).await;
    if !ctx.store.capabilities().ends_links {
        fails(ended, ErrorKind::Unsupported, &[Operation::Unshare.name()]);
        is_open(open(link(&one)).await, b"content");
        return;
    }
    ended.unwrap();
    is_closed(open(link(&one)).await);
    is_open(open(link(&other)).await, b"content");
    same(&ctx.read(&file).await, b"content");
}

async fn a_missing_share_is_not_found(ctx: Ctx) {
    for id in ["no-such-share", "s0000000000000000", "a/b", ""] {
        let kinds = [ErrorKind::NotFound, ErrorKind::InvalidInput, ErrorKind::Rejected];
        let done = ctx.store.unshare(&ShareId::new(id)).await;
        fails_as(done, &kinds, &[ctx.store.info().provider]);
    }
}

async fn a_share_ends_once(ctx: Ctx) {
    let file = ctx.put("a.txt", "content").await;
    let shared = share(&ctx, &file, ShareRequest::link()).await;
    if !ctx.store.capabilities().ends_links {
        fails(ctx.store.unshare(&shared.id).await, ErrorKind::Unsupported, &[Operation::Unshare.name()]);
        return;
    }
    ctx.store.unshare(&shared.id).await.unwrap();
    let again = ctx.store.unshare(&shared.id).await;
    // What ends a share by several calls may be unable to see that it has ended.
    if ctx.store.capabilities().support(Operation::Unshare) == Support::Native || again.is_err() {
        fails(again, ErrorKind::NotFound, &[shared.id.as_str()]);
    }
    is_closed(open(link(&shared)).await);
}

async fn a_link_to_put_files(ctx: Ctx) {
    let folder = folder_in(&*ctx.store, ctx.here(), "inbox").await;
    put_into(&*ctx.store, &folder, "secret.txt", "not for the sender").await;
    let tomorrow = Timestamp::now().saturating_add(Duration::from_secs(86_400)).truncated_to_seconds();
    let request = ShareRequest::request_files().with_expires(tomorrow);
    let titled = ctx.store.share(&ItemRef::from(&folder), request.clone().with_title("Send us your papers")).await;
    let shared = match titled {
        Ok(shared) => shared,
        Err(error) => {
            fails::<()>(Err(error), ErrorKind::Unsupported, &[Operation::RequestFiles.name()]);
            share(&ctx, &folder, request).await
        }
    };
    assert_eq!(shared.item, folder.id);
    ends_at(&shared, tomorrow);
    let (status, page) = open(link(&shared)).await;
    assert!(status.is_success(), "{status}");
    let page = String::from_utf8_lossy(&page).into_owned();
    assert!(!page.contains("secret.txt") && !page.contains("not for the sender"), "{page}");
    if ctx.supports(Operation::Unshare) && ctx.store.capabilities().ends_links {
        ctx.store.unshare(&shared.id).await.unwrap();
        is_closed(open(link(&shared)).await);
    }
}

async fn a_file_cannot_take_files(ctx: Ctx) {
    let file = ctx.put("a.txt", "content").await;
    let shared = ctx.store.share(&ItemRef::from(&file), ShareRequest::request_files()).await;
    fails_as(shared, super::support::WRONG_KIND_OF_ITEM, &[file.id.as_str(), Operation::RequestFiles.name()]);
}

async fn an_invitation_has_no_public_link(ctx: Ctx) {
    let folder = ctx.folder("sub").await;
    let shared = share(&ctx, &folder, ShareRequest::invitation([COLLEAGUE])).await;
    assert_eq!(shared.item, folder.id);
    if let Some(link) = &shared.link {
        is_closed(open(link.expose().as_str()).await);
    }
}
