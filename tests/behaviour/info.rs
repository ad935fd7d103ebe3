//! What a store says about itself, and whether that is so: every operation works as announced, or refuses.

use std::sync::Arc;

use futures::TryStreamExt as _;
use sharesync::transfer::{DownloadOptions, UploadRequest, UploadStatus};
use sharesync::{
    ChangeOptions, CreateFolderOptions, DeleteOptions, Destination, Error, ErrorKind, ItemRef, ListOptions, Operation,
    RemoteStore, Result, ShareRequest, Since,
};

use super::harness::{Ctx, cases};
use super::support::{COLLEAGUE, MIB, content, fails, listed, put_into, same};

cases! {
    "info" needs [] {
        provider_and_account_are_named,
        capabilities_agree_with_each_other,
        what_is_announced_works,
        what_is_not_announced_is_refused,
        every_request_asks_for_english,
        a_store_works_behind_two_pointers,
        a_store_is_used_from_many_tasks,
        debug_names_the_store,
    }
}

/// What services say in words is understood in English alone; the sign-in belongs to it.
async fn every_request_asks_for_english(ctx: Ctx) {
    let ctx = ctx.alone().await;
    for operation in Operation::ALL.into_iter().filter(|operation| ctx.supports(*operation)) {
        attempt(&ctx, operation).await.unwrap();
    }
    let requests = ctx.emulator.requests().all();
    assert!(requests.len() > 20, "{} requests", requests.len());
    let asks = |language: Option<&str>| language == Some("en-US");
    let others: Vec<_> = requests.iter().filter(|request| !asks(request.accept_language.as_deref())).collect();
    assert!(others.is_empty(), "{others:#?}");
}

/// Calls one operation in its plainest form.
async fn attempt(ctx: &Ctx, operation: Operation) -> Result<()> {
    let store = &ctx.store;
    let file = ctx.put(&format!("{operation}.txt"), "content").await;
    let file = ItemRef::from(&file);
    match operation {
        Operation::Stat => store.stat(&file).await.map(drop),
        Operation::StatByPath => store.stat(&ctx.path(&format!("{operation}.txt")).into()).await.map(drop),
        Operation::List => store.list(&ctx.here(), ListOptions::new()).try_collect::<Vec<_>>().await.map(drop),
        Operation::Changes => {
            let scope = ChangeOptions::new().with_scope(&ctx.folder);
            store.changes(Since::Now, scope).try_collect::<Vec<_>>().await.map(drop)
        }
        Operation::UploadSpec => ctx.store.upload_spec(new_file(ctx)).await.map(drop),
        Operation::UploadResume => {
            let spec = store.upload_spec(new_file(ctx)).await?;
            match store.upload_status(&spec).await? {
                // With nothing sent, a service may not know it yet.
                UploadStatus::InProgress { .. } | UploadStatus::Expired => Ok(()),
                other => Err(Error::new(ErrorKind::Protocol, format!("an upload just begun is {other:?}"))),
            }
        }
        Operation::Download => store.download(&file, DownloadOptions::new()).await?.bytes(MIB).await.map(drop),
        Operation::CreateFolder => {
            store.create_folder(&ctx.here(), "created", CreateFolderOptions::new()).await.map(drop)
        }
        Operation::Move => store.move_item(&file, &Destination::name("moved.txt")).await.map(drop),
        Operation::Copy => store.copy_item(&file, &Destination::name("copied.txt")).await.map(drop),
        Operation::Delete => store.delete(&file, DeleteOptions::new()).await,
        Operation::DeletePermanently => store.delete(&file, DeleteOptions::new().with_permanent(true)).await,
        Operation::Share => store.share(&file, ShareRequest::link()).await.map(drop),
        Operation::RequestFiles => store.share(&ctx.here(), ShareRequest::request_files()).await.map(drop),
        Operation::Invite => store.share(&ctx.here(), ShareRequest::invitation([COLLEAGUE])).await.map(drop),
        Operation::Unshare => match store.share(&file, ShareRequest::link()).await {
            Ok(share) if store.capabilities().ends_links => store.unshare(&share.id).await,
            Ok(_) => {
                let share = store.share(&ctx.here(), ShareRequest::invitation([COLLEAGUE])).await?;
                store.unshare(&share.id).await
            }
            Err(_) => store.unshare(&"no-such-share".into()).await,
        },
        other => panic!("{other} is new: say how it is called"),
    }
}

fn new_file(ctx: &Ctx) -> UploadRequest {
    // What an upload that is given up leaves must not be in the way of the next one.
    UploadRequest::new(ctx.here(), format!("begun {:08x}.bin", fastrand::u32(..))).with_size(40 * MIB as u64)
}

/// Shows that an operation that a store does not announce is an error that says so.
pub(crate) async fn refuses(ctx: &Ctx, operation: Operation) {
    let provider = ctx.store.info().provider;
    let error = fails(attempt(ctx, operation).await, ErrorKind::Unsupported, &[operation.name()]);
    assert_eq!(error.provider(), Some(provider), "{error}");
    assert_eq!(error.operation(), Some(operation.name()), "{error}");
    assert!(error.to_string().contains(provider), "{error}");
}

async fn provider_and_account_are_named(ctx: Ctx) {
    let info = ctx.store.info();
    assert!(!info.provider.is_empty() && info.provider.chars().all(|c| c.is_ascii_lowercase()), "{info:?}");
    assert!(!info.account.is_empty(), "{info:?}");
    let other = ctx.another_process().await;
    assert_eq!(other.info(), info, "the same account has the same name in every process");
    assert_eq!(other.capabilities(), ctx.store.capabilities());
}

async fn capabilities_agree_with_each_other(ctx: Ctx) {
    let capabilities = ctx.store.capabilities();
    for operation in [Operation::Stat, Operation::List, Operation::Download] {
        assert!(ctx.supports(operation), "the contract has no default for {operation}");
    }
    let shares = [Operation::Share, Operation::RequestFiles, Operation::Invite];
    assert!(
        !ctx.supports(Operation::Unshare) || shares.into_iter().any(|way| ctx.supports(way)),
        "there is nothing to unshare"
    );
    assert!(!ctx.supports(Operation::UploadResume) || ctx.supports(Operation::UploadSpec));
    assert!(capabilities.upload.max_parallel_parts >= 1);
    assert!(capabilities.names.check("plain.txt").is_ok());
}

async fn what_is_announced_works(ctx: Ctx) {
    for operation in Operation::ALL.into_iter().filter(|operation| ctx.supports(*operation)) {
        if let Err(error) = attempt(&ctx, operation).await {
            panic!("{operation} is announced and fails: {error}");
        }
    }
}

async fn what_is_not_announced_is_refused(ctx: Ctx) {
    let lacking: Vec<_> = Operation::ALL.into_iter().filter(|operation| !ctx.supports(*operation)).collect();
    for operation in &lacking {
        refuses(&ctx, *operation).await;
    }
    assert!(lacking.len() < Operation::ALL.len(), "a store that does nothing is none");
}

async fn a_store_works_behind_two_pointers(ctx: Ctx) {
    let store: Arc<dyn RemoteStore> = Arc::new(ctx.store.clone());
    let file = put_into(&*store, ctx.here(), "a.txt", "through two").await;
    same(&ctx.read(&file).await, b"through two");
    let names: Vec<_> = listed(&*store, ctx.here()).await.into_iter().map(|item| item.name).collect();
    assert_eq!(names, ["a.txt"]);
    // A defaulted method of the wrapper would refuse what the store inside can do.
    for operation in Operation::ALL {
        let inside = ctx.with_store(store.clone());
        let through = attempt(&inside, operation).await.map_err(|error| error.kind());
        assert!(
            ctx.supports(operation) == (through != Err(ErrorKind::Unsupported)),
            "{operation} through the pointer: {through:?}"
        );
        for left in listed(&*store, ctx.here()).await {
            store.delete(&ItemRef::from(&left), DeleteOptions::new()).await.unwrap();
        }
    }
}

async fn a_store_is_used_from_many_tasks(ctx: Ctx) {
    let tasks = (0..16).map(|number| {
        let ctx = ctx.clone();
        tokio::spawn(async move {
            let text = content(1000, number);
            let file = ctx.put(&format!("{number}.txt"), text.clone()).await;
            same(&ctx.read(&file).await, &text);
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert_eq!(ctx.names().await.len(), 16);
}

async fn debug_names_the_store(ctx: Ctx) {
    let text = format!("{:?}", ctx.store).to_lowercase();
    assert!(text.contains(ctx.store.info().provider), "{text}");
}
