//! Deleting: files, folders with all they hold, and only what the caller means.

use sharesync::{DeleteOptions, ErrorKind, Item, ItemId, ItemRef, Result};

use super::harness::{Ctx, cases};
use super::support::{WRONG_KIND_OF_ITEM, fails, fails_as, folder_in, gone, put_into, same};

cases! {
    "delete" needs [Delete] {
        a_file,
        an_empty_folder,
        a_folder_with_all_it_holds,
        a_missing_item_is_not_found,
        a_name_can_be_used_again,
        the_present_revision_is_accepted,
        a_stale_revision_is_refused,
        every_version_goes_with_the_file,
        neighbours_stay,
        the_root_stays,
    }
    "delete" needs [DeletePermanently] {
        permanently_a_file_and_a_folder,
        permanently_a_missing_item_is_not_found,
        permanently_a_stale_revision_is_refused,
    }
}

async fn delete(ctx: &Ctx, item: &Item, options: DeleteOptions) -> Result<()> {
    ctx.store.delete(&ItemRef::from(item), options).await
}

async fn is_gone(ctx: &Ctx, item: &Item) {
    fails(ctx.store.stat(&ItemRef::from(item)).await, ErrorKind::NotFound, &[item.id.as_str()]);
}

async fn a_file(ctx: Ctx) {
    let file = ctx.put("a.txt", "x").await;
    delete(&ctx, &file, DeleteOptions::new()).await.unwrap();
    is_gone(&ctx, &file).await;
    assert!(ctx.names().await.is_empty());
}

async fn an_empty_folder(ctx: Ctx) {
    let folder = ctx.folder("sub").await;
    delete(&ctx, &folder, DeleteOptions::new()).await.unwrap();
    is_gone(&ctx, &folder).await;
    assert!(ctx.names().await.is_empty());
}

async fn a_folder_with_all_it_holds(ctx: Ctx) {
    let folder = ctx.folder("sub").await;
    let deeper = folder_in(&*ctx.store, &folder, "deeper").await;
    let file = put_into(&*ctx.store, &deeper, "a.txt", "x").await;
    delete(&ctx, &folder, DeleteOptions::new()).await.unwrap();
    for item in [&folder, &deeper, &file] {
        is_gone(&ctx, item).await;
    }
    assert!(ctx.names().await.is_empty());
}

async fn a_missing_item_is_not_found(ctx: Ctx) {
    let gone = gone(&ctx).await;
    fails(delete(&ctx, &gone, DeleteOptions::new()).await, ErrorKind::NotFound, &[gone.id.as_str()]);
    let made_up = ctx.store.delete(&ItemRef::Id(ItemId::new("no-such-item")), DeleteOptions::new()).await;
    fails_as(made_up, WRONG_KIND_OF_ITEM, &["no-such-item"]);
    if ctx.supports(sharesync::Operation::StatByPath) {
        let by_path = ctx.store.delete(&ctx.path("missing.txt").into(), DeleteOptions::new()).await;
        fails(by_path, ErrorKind::NotFound, &["missing.txt"]);
    }
}

async fn a_name_can_be_used_again(ctx: Ctx) {
    let old = ctx.put("a.txt", "old").await;
    delete(&ctx, &old, DeleteOptions::new()).await.unwrap();
    let new = ctx.put("a.txt", "new").await;
    assert_eq!(new.identity() == old.identity(), !ctx.store.capabilities().ids_survive_move);
    same(&ctx.read(&new).await, b"new");
}

async fn the_present_revision_is_accepted(ctx: Ctx) {
    ctx.put("a.txt", "old").await;
    let now = ctx.put_again("a.txt", "now").await;
    delete(&ctx, &now, DeleteOptions::new().with_if_revision(now.revision.clone().unwrap())).await.unwrap();
    is_gone(&ctx, &now).await;
}

async fn a_stale_revision_is_refused(ctx: Ctx) {
    let old = ctx.put("a.txt", "old").await;
    let now = ctx.put_again("a.txt", "now").await;
    let options = DeleteOptions::new().with_if_revision(old.revision.unwrap());
    fails(delete(&ctx, &now, options).await, ErrorKind::PreconditionFailed, &[now.id.as_str(), "a.txt"]);
    same(&ctx.read(&now).await, b"now");
    assert_eq!(ctx.names().await, ["a.txt"]);
}

async fn every_version_goes_with_the_file(ctx: Ctx) {
    ctx.put("a.txt", "first").await;
    ctx.put_again("a.txt", "second").await;
    let third = ctx.put_again("a.txt", "third").await;
    delete(&ctx, &third, DeleteOptions::new()).await.unwrap();
    assert!(ctx.names().await.is_empty(), "no older version comes back");
}

async fn neighbours_stay(ctx: Ctx) {
    let (file, folder) = (ctx.put("a.txt", "x").await, ctx.folder("a").await);
    ctx.put("a.txt.bak", "kept").await;
    put_into(&*ctx.store, &ctx.folder("a b").await, "inside.txt", "kept").await;
    delete(&ctx, &file, DeleteOptions::new()).await.unwrap();
    delete(&ctx, &folder, DeleteOptions::new()).await.unwrap();
    let paths: Vec<_> = ctx.tree().await.into_keys().collect();
    assert_eq!(paths, ["/a b", "/a b/inside.txt", "/a.txt.bak"]);
}

async fn the_root_stays(ctx: Ctx) {
    let ctx = ctx.alone().await;
    ctx.put("a.txt", "x").await;
    let kinds = [
        ErrorKind::Conflict,
        ErrorKind::InvalidInput,
        ErrorKind::Rejected,
        ErrorKind::PermissionDenied,
        ErrorKind::Unsupported,
    ];
    fails_as(ctx.store.delete(&ItemRef::Root, DeleteOptions::new()).await, &kinds, &[ctx.store.info().provider]);
    assert_eq!(ctx.names().await, ["a.txt"]);
}

async fn permanently_a_file_and_a_folder(ctx: Ctx) {
    let (file, folder) = (ctx.put("a.txt", "x").await, ctx.folder("sub").await);
    let inside = put_into(&*ctx.store, &folder, "b.txt", "x").await;
    for item in [&file, &folder] {
        delete(&ctx, item, DeleteOptions::new().with_permanent(true)).await.unwrap();
    }
    for item in [&file, &folder, &inside] {
        is_gone(&ctx, item).await;
    }
    assert!(ctx.names().await.is_empty());
}

async fn permanently_a_missing_item_is_not_found(ctx: Ctx) {
    let file = ctx.put("a.txt", "x").await;
    let options = DeleteOptions::new().with_permanent(true);
    delete(&ctx, &file, options.clone()).await.unwrap();
    fails(delete(&ctx, &file, options).await, ErrorKind::NotFound, &[file.id.as_str()]);
}

async fn permanently_a_stale_revision_is_refused(ctx: Ctx) {
    let old = ctx.put("a.txt", "old").await;
    let now = ctx.put_again("a.txt", "now").await;
    let options = DeleteOptions::new().with_permanent(true).with_if_revision(old.revision.unwrap());
    fails(delete(&ctx, &now, options).await, ErrorKind::PreconditionFailed, &[now.id.as_str(), "a.txt"]);
    same(&ctx.read(&now).await, b"now");
}
