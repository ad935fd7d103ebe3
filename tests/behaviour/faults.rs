//! A service that misbehaves: what passes is ridden out, what does not is an error that says so, nothing hangs or lies.

use std::collections::BTreeSet;

use futures::TryStreamExt as _;
use sharesync::transfer::{DownloadOptions, TransferOptions, UploadRequest};
use sharesync::{
    CreateFolderOptions, DeleteOptions, Destination, ErrorKind, Item, ItemRef, ListOptions, Operation,
    RemoteStoreExt as _, Result, ShareRequest,
};
use sharesync_emulator::{Fault, FaultKind, PageForm};

use super::harness::{Ctx, cases};
use super::support::{MIB, content, fails, fails_as, lists_whole, same};

cases! {
    "faults" needs [] {
        a_busy_service_is_waited_for,
        an_unavailable_service_is_tried_again,
        lost_connections_while_reading_are_tried_again,
        an_expired_token_is_renewed_unseen,
        a_service_that_stays_down_is_an_error,
        a_service_that_refuses_for_good_is_an_error,
    }
    "faults::list" needs [List] {
        a_page_that_leads_back_to_itself,
        a_listing_cut_short_is_complete_or_an_error,
        a_listing_of_rubbish_is_an_error,
    }
    "faults::download" needs [Download] {
        a_broken_download_continues_where_it_was,
        a_download_that_always_breaks_is_an_error,
        a_download_that_never_gets_anywhere_is_an_error,
        a_wrong_byte_is_detected,
    }
    "faults::upload" needs [UploadSpec] {
        each_request_refused_once,
        each_request_lost_once,
        each_answer_lost_once,
        each_answer_a_page_once,
        an_upload_with_several_parts_and_lost_connections,
    }
}

/// The path of the request that brings the content of a file, learned by downloading it once.
pub(crate) async fn content_path(ctx: &Ctx, file: &Item) -> String {
    ctx.emulator.requests().clear();
    let length = ctx.read(file).await.len() as u64;
    let requests = ctx.emulator.requests().all();
    let bringing = requests.iter().rev().find(|request| request.response_bytes >= length);
    bringing.expect("one answer has all of the content").path.clone()
}

/// Carries out every operation that the store has, asking `before` each.
async fn everything(ctx: &Ctx, mut before: impl FnMut(&str)) -> Result<()> {
    let store = &ctx.store;
    before("create_folder");
    let folder = store.create_folder(&ctx.here(), "sub", CreateFolderOptions::new()).await?;
    before("upload");
    let request = UploadRequest::new(ctx.here(), "a.txt");
    let file = store.upload_bytes("content", request, TransferOptions::new()).await?.item;
    before("stat");
    store.stat(&ItemRef::from(&file)).await?;
    before("list");
    let listed: Vec<_> = store.items(ctx.here(), ListOptions::new()).try_collect().await?;
    assert_eq!(listed.len(), 2);
    before("download");
    let read = store.download(&ItemRef::from(&file), DownloadOptions::new()).await?.bytes(MIB).await?;
    same(&read, b"content");
    if ctx.supports(Operation::Move) {
        before("move");
        let away = store.move_item(&ItemRef::from(&file), &Destination::folder(&folder).with_name("b.txt")).await?;
        store.move_item(&ItemRef::from(&away), &Destination::folder(&ctx.folder).with_name("a.txt")).await?;
    }
    if ctx.supports(Operation::Copy) {
        before("copy");
        store.copy_item(&ItemRef::from(&file), &Destination::folder(&folder)).await?;
    }
    if ctx.supports(Operation::Share) {
        before("share");
        let share = store.share(&ItemRef::from(&file), ShareRequest::link()).await?;
        if ctx.supports(Operation::Unshare) && ctx.store.capabilities().ends_links {
            before("unshare");
            store.unshare(&share.id).await?;
        }
    }
    before("delete");
    store.delete(&ItemRef::from(&file), DeleteOptions::new()).await?;
    before("delete a folder");
    store.delete(&ItemRef::from(&folder), DeleteOptions::new()).await
}

/// Lets the first request of every operation fail in this way, and shows that all succeed nevertheless.
async fn ridden_out(ctx: &Ctx, fault: impl Fn() -> Fault) {
    let ctx = ctx.alone().await;
    let mut operations = 0;
    let done = everything(&ctx, |_| {
        operations += 1;
        ctx.emulator.faults().add(fault().times(1));
    });
    if let Err(error) = done.await {
        panic!("not ridden out: {error}");
    }
    assert_eq!(ctx.emulator.faults().struck(), operations, "each fault struck");
    assert!(ctx.names().await.is_empty());
}

async fn a_busy_service_is_waited_for(ctx: Ctx) {
    ridden_out(&ctx, || Fault::new(FaultKind::TooManyRequests { retry_after: None })).await;
    // Waiting for whole seconds, once is enough.
    let ctx = ctx.alone().await;
    let file = ctx.put("a.txt", "x").await;
    ctx.emulator.faults().add(Fault::new(FaultKind::TooManyRequests { retry_after: Some(1) }).times(1));
    assert_eq!(ctx.store.stat(&ItemRef::from(&file)).await.unwrap().id, file.id);
    assert_eq!(ctx.emulator.faults().struck(), 1);
}

async fn an_unavailable_service_is_tried_again(ctx: Ctx) {
    ridden_out(&ctx, || Fault::new(FaultKind::Unavailable { retry_after: None })).await;
}

async fn lost_connections_while_reading_are_tried_again(ctx: Ctx) {
    let ctx = ctx.alone().await;
    let file = ctx.put("a.txt", "content").await;
    for kind in [FaultKind::Reset, FaultKind::LoseAnswer, FaultKind::Truncate { after: 3 }] {
        let arm = || ctx.emulator.faults().add(Fault::new(kind).times(2));
        arm();
        assert_eq!(ctx.store.stat(&ItemRef::from(&file)).await.unwrap().id, file.id);
        arm();
        assert_eq!(ctx.names().await, ["a.txt"]);
        arm();
        same(&ctx.read(&file).await, b"content");
    }
    assert_eq!(ctx.emulator.faults().struck(), 18, "each fault struck");
}

async fn an_expired_token_is_renewed_unseen(ctx: Ctx) {
    let ctx = ctx.alone().await;
    let file = ctx.put("a.txt", "content").await;
    ctx.emulator.expire_tokens();
    same(&ctx.read(&file).await, b"content");
    ctx.emulator.expire_tokens();
    ctx.put("b.txt", "more").await;
    ctx.emulator.expire_tokens();
    assert_eq!(ctx.names().await, ["a.txt", "b.txt"]);
    ridden_out(&ctx, || Fault::new(FaultKind::Unauthorized)).await;
}

async fn a_service_that_stays_down_is_an_error(ctx: Ctx) {
    let ctx = ctx.alone().await;
    let file = ctx.put("a.txt", "content").await;
    let id = ItemRef::from(&file);
    for (kind, expected) in [
        (FaultKind::Unavailable { retry_after: None }, ErrorKind::Unavailable),
        (FaultKind::TooManyRequests { retry_after: None }, ErrorKind::RateLimited),
        (FaultKind::Reset, ErrorKind::Network),
    ] {
        ctx.emulator.faults().add(Fault::new(kind));
        let error = fails(ctx.store.stat(&id).await, expected, &[file.id.as_str()]);
        assert!(error.attempts() > 1, "{error}");
        assert!(!error.maybe_applied(), "reading changes nothing: {error}");
        ctx.emulator.faults().clear();
        assert_eq!(ctx.store.stat(&id).await.unwrap().id, file.id, "it is up again");
    }
}

async fn a_service_that_refuses_for_good_is_an_error(ctx: Ctx) {
    let ctx = ctx.alone().await;
    let file = ctx.put("a.txt", "content").await;
    ctx.emulator.faults().add(Fault::new(FaultKind::Unauthorized));
    let before = ctx.emulator.requests().count();
    fails(ctx.store.stat(&ItemRef::from(&file)).await, ErrorKind::Unauthenticated, &[ctx.store.info().provider]);
    let sent = ctx.emulator.requests().count() - before;
    assert!(sent <= 4, "{sent} requests: credentials that are refused are not tried for long");
    ctx.emulator.faults().clear();
    same(&ctx.read(&file).await, b"content");
}

/// A folder whose listing takes several pages.
async fn paged(ctx: &Ctx) -> (Ctx, BTreeSet<String>) {
    let ctx = ctx.with_max_page(3).await;
    let names: BTreeSet<_> = (0..10).map(|number| format!("{number}.txt")).collect();
    for name in &names {
        ctx.put(name, "x").await;
    }
    (ctx, names)
}

/// Lists, and shows that the answer is either the whole truth or an error of one of these kinds.
async fn truth_or_error(ctx: &Ctx, names: &BTreeSet<String>, kinds: &[ErrorKind]) {
    let listed = ctx.store.items(ctx.here(), ListOptions::new()).try_collect::<Vec<_>>().await;
    match listed {
        Ok(items) => {
            let mut found: Vec<_> = items.into_iter().map(|item| item.name).collect();
            found.sort();
            assert_eq!(found, names.iter().cloned().collect::<Vec<_>>(), "each once");
        }
        Err(error) => drop(fails_as::<()>(Err(error), kinds, &[ctx.folder.id.as_str(), ctx.store.info().provider])),
    }
}

async fn a_page_that_leads_back_to_itself(ctx: Ctx) {
    let (ctx, names) = paged(&ctx).await;
    for times in [Some(1), Some(2), None] {
        let mut fault = Fault::new(FaultKind::RepeatPage);
        fault.times = times;
        ctx.emulator.faults().add(fault);
        truth_or_error(&ctx, &names, &[ErrorKind::Protocol]).await;
        assert!(ctx.emulator.faults().struck() > 0);
        ctx.emulator.faults().clear();
    }
    for skip in 1..3 {
        ctx.emulator.faults().add(Fault::new(FaultKind::RepeatPage).skip(skip));
        truth_or_error(&ctx, &names, &[ErrorKind::Protocol]).await;
        ctx.emulator.faults().clear();
    }
    truth_or_error(&ctx, &names, &[]).await;
}

async fn a_listing_cut_short_is_complete_or_an_error(ctx: Ctx) {
    let (ctx, names) = paged(&ctx).await;
    for after in [0, 1, 100, 500] {
        ctx.emulator
            .faults()
            .add(Fault::new(FaultKind::Truncate { after }).skip(u64::from(!lists_whole(&ctx))).times(1));
        truth_or_error(&ctx, &names, &[ErrorKind::Network, ErrorKind::Protocol]).await;
        assert_eq!(ctx.emulator.faults().struck(), 1);
        ctx.emulator.faults().clear();
    }
}

async fn a_listing_of_rubbish_is_an_error(ctx: Ctx) {
    let (ctx, names) = paged(&ctx).await;
    // The first byte of an answer is what makes it readable.
    ctx.emulator.faults().add(Fault::new(FaultKind::Corrupt { at: 0 }));
    let listed = ctx.store.items(ctx.here(), ListOptions::new()).try_collect::<Vec<_>>().await;
    fails(listed, ErrorKind::Protocol, &[ctx.folder.id.as_str(), ctx.store.info().provider]);
    ctx.emulator.faults().clear();
    truth_or_error(&ctx, &names, &[]).await;
}

async fn a_broken_download_continues_where_it_was(ctx: Ctx) {
    let ctx = ctx.alone().await;
    let sent = content(4 * MIB, 91);
    let file = ctx.put("a.bin", sent.clone()).await;
    let path = content_path(&ctx, &file).await;
    ctx.emulator.requests().clear();
    for after in [0, 1, 70_000, MIB as u64] {
        ctx.emulator.faults().add(Fault::new(FaultKind::Truncate { after }).path(&path).times(1));
    }
    ctx.emulator.faults().add(Fault::new(FaultKind::Reset).path(&path).times(1));
    same(&ctx.read(&file).await, &sent);
    assert_eq!(ctx.emulator.faults().struck(), 5);
    let delivered: u64 = ctx.emulator.requests().matching(&path).iter().map(|request| request.response_bytes).sum();
    assert!(delivered < sent.len() as u64 + MIB as u64, "{delivered} bytes: what has arrived is not sent again");
}

async fn a_download_that_always_breaks_is_an_error(ctx: Ctx) {
    let ctx = ctx.alone().await;
    let sent = content(MIB, 92);
    let file = ctx.put("a.bin", sent.clone()).await;
    let path = content_path(&ctx, &file).await;
    ctx.emulator.faults().add(Fault::new(FaultKind::Truncate { after: 0 }).path(&path));
    let read = async { ctx.store.download(&ItemRef::from(&file), DownloadOptions::new()).await?.bytes(1 << 30).await };
    fails_as(read.await, &[ErrorKind::Network, ErrorKind::Protocol], &[file.id.as_str(), "a.bin", "download"]);
    ctx.emulator.faults().clear();
    same(&ctx.read(&file).await, &sent);
}

async fn a_download_that_never_gets_anywhere_is_an_error(ctx: Ctx) {
    let ctx = ctx.alone().await;
    let file = ctx.put("a.bin", content(MIB, 93)).await;
    let path = content_path(&ctx, &file).await;
    ctx.emulator.faults().add(Fault::new(FaultKind::Unavailable { retry_after: None }).path(&path));
    let read = async { ctx.store.download(&ItemRef::from(&file), DownloadOptions::new()).await?.bytes(1 << 30).await };
    fails(read.await, ErrorKind::Unavailable, &[file.id.as_str(), "a.bin", "ownload"]);
}

async fn a_wrong_byte_is_detected(ctx: Ctx) {
    let ctx = ctx.alone().await;
    let sent = content(MIB, 94);
    let file = ctx.put("a.bin", sent.clone()).await;
    let path = content_path(&ctx, &file).await;
    for at in [0, 500_000, MIB as u64 - 1] {
        ctx.emulator.faults().add(Fault::new(FaultKind::Corrupt { at }).path(&path).times(1));
        let read =
            async { ctx.store.download(&ItemRef::from(&file), DownloadOptions::new()).await?.bytes(1 << 30).await };
        if ctx.store.capabilities().digests.is_empty() {
            assert_eq!(read.await.unwrap().len(), sent.len(), "nothing was promised");
        } else {
            fails(read.await, ErrorKind::Integrity, &[file.id.as_str(), "a.bin", "md5", "sha"]);
        }
        ctx.emulator.faults().clear();
    }
    same(&ctx.read(&file).await, &sent);
}

/// Uploads as often as the upload has requests, and lets another one of them fail each time. What then exists must be the
/// whole file, and a failure must be one of these kinds that says whether it may exist.
async fn each_request(ctx: &Ctx, length: usize, fault: Fault, kinds: &[ErrorKind]) {
    let ctx = ctx.alone().await;
    let sent = content(length, 95);
    ctx.emulator.requests().clear();
    ctx.put("first.bin", sent.clone()).await;
    let requests = ctx.emulator.requests().count();
    assert!(requests > 0);
    for skip in 0..requests {
        let name = format!("{skip}.bin");
        ctx.emulator.faults().add(fault.clone().skip(skip).times(1));
        let request = UploadRequest::new(ctx.here(), &name);
        let done = ctx.store.upload_bytes(sent.clone(), request, TransferOptions::new()).await;
        assert_eq!(ctx.emulator.faults().struck(), 1, "request {skip} of {requests} was struck");
        ctx.emulator.faults().clear();
        let held = ctx.listed().await.into_iter().find(|item| item.name == name);
        match (&done, &held) {
            (Ok(_), None) => panic!("request {skip} of {requests}: it is not there"),
            (Ok(_), Some(_)) => {}
            (Err(error), held) => {
                assert!(kinds.contains(&error.kind()), "{fault:?}, request {skip} of {requests}: {error}");
                let told = held.is_none() || error.maybe_applied();
                assert!(told, "{fault:?}, request {skip} of {requests}: it is there, but {error}");
                assert!(error.to_string().contains(&name), "{error}");
            }
        }
        if let Some(held) = held {
            same(&ctx.read(&held).await, &sent);
            ctx.store.delete(&ItemRef::from(&held), DeleteOptions::new()).await.unwrap();
        }
    }
}

/// What a broken connection may become.
const BROKEN: &[ErrorKind] = &[ErrorKind::Network];

/// What a page in the place of an answer may become. Services whose sign-in is a page take one for that.
const A_PAGE: &[ErrorKind] = &[ErrorKind::Protocol, ErrorKind::Unavailable, ErrorKind::Unauthenticated];

async fn each_request_refused_once(ctx: Ctx) {
    each_request(&ctx, 1000, Fault::new(FaultKind::Unavailable { retry_after: None }), &[]).await;
    each_request(&ctx, 1000, Fault::new(FaultKind::TooManyRequests { retry_after: None }), &[]).await;
}

async fn each_request_lost_once(ctx: Ctx) {
    each_request(&ctx, 1000, Fault::new(FaultKind::Reset), BROKEN).await;
}

async fn each_answer_lost_once(ctx: Ctx) {
    each_request(&ctx, 1000, Fault::new(FaultKind::LoseAnswer), BROKEN).await;
}

async fn each_answer_a_page_once(ctx: Ctx) {
    let (_, several) = ctx.several_parts().await;
    let page = |status| FaultKind::ProxyPage { status, form: PageForm::Html };
    for kind in [page(200), page(403), page(503), FaultKind::ProxyPage { status: 404, form: PageForm::Text }] {
        each_request(&ctx, 1000, Fault::new(kind), A_PAGE).await;
        each_request(&ctx, 1000, Fault::new(kind).carried_out(), A_PAGE).await;
    }
    for kind in [page(200), FaultKind::RedirectToPage { status: 302 }] {
        each_request(&ctx, several, Fault::new(kind), A_PAGE).await;
        each_request(&ctx, several, Fault::new(kind).carried_out(), A_PAGE).await;
    }
}

async fn an_upload_with_several_parts_and_lost_connections(ctx: Ctx) {
    let (_, several) = ctx.several_parts().await;
    each_request(&ctx, several, Fault::new(FaultKind::Reset), BROKEN).await;
    each_request(&ctx, several, Fault::new(FaultKind::LoseAnswer), BROKEN).await;
    each_request(&ctx, several, Fault::new(FaultKind::Unavailable { retry_after: None }), &[]).await;
}
