//! Moving and renaming: content and identity stay, nothing is ever replaced.

use sharesync::transfer::{TransferOptions, UploadRequest};
use sharesync::{Destination, ErrorKind, Item, ItemId, ItemRef, Operation, RemoteStoreExt as _, Result, Timestamp};

use super::harness::{Ctx, cases};
use super::support::{
    Node, WRONG_KIND_OF_ITEM, fails, fails_as, folder_in, gone, gone_folder, modified_as_declared, put_into, same,
};

cases! {
    "move" needs [Move] {
        rename_a_file,
        rename_a_folder_with_content,
        move_a_file,
        move_a_folder_with_content,
        move_and_rename_a_file,
        move_and_rename_where_the_old_name_is_taken,
        move_and_rename_where_the_new_name_is_taken_in_the_old_folder,
        rename_only_case,
        rename_to_difficult_names,
        a_taken_name_is_refused_for_rename,
        a_taken_name_is_refused_for_move,
        a_taken_name_is_refused_for_move_and_rename,
        a_taken_name_in_another_case_is_refused,
        a_file_never_replaces_a_folder_nor_a_folder_a_file,
        a_folder_into_itself_is_refused,
        a_folder_below_itself_is_refused,
        to_where_it_is_changes_nothing,
        a_missing_item_is_not_found,
        a_missing_destination_is_not_found,
        a_file_as_destination_is_an_error,
        the_root_is_not_moved,
        the_modification_time_stays,
        versions_stay_one_file,
        the_old_path_is_free_again,
    }
}

async fn to(ctx: &Ctx, item: &Item, destination: Destination) -> Result<Item> {
    ctx.store.move_item(&ItemRef::from(item), &destination).await
}

/// Shows that a moved item is still the same one, as far as the service promises.
async fn still(ctx: &Ctx, before: &Item, after: &Item) {
    if ctx.store.capabilities().ids_survive_move {
        assert_eq!(after.id, before.id);
    }
    let now = ctx.store.stat(&ItemRef::from(after)).await.unwrap();
    assert_eq!((&now.name, &now.parent, &now.kind), (&after.name, &after.parent, &before.kind));
}

/// Shows that a call is refused and that nothing in the case's folder changed.
async fn refused(ctx: &Ctx, item: &Item, destination: Destination, kinds: &[ErrorKind], about: &[&str]) {
    let before = ctx.tree().await;
    fails_as(to(ctx, item, destination).await, kinds, about);
    assert_eq!(ctx.tree().await, before);
}

const TAKEN: &[ErrorKind] = &[ErrorKind::AlreadyExists];
const INTO_ITSELF: &[ErrorKind] = &[ErrorKind::Conflict, ErrorKind::InvalidInput, ErrorKind::Rejected];

async fn rename_a_file(ctx: Ctx) {
    let file = ctx.put("old.txt", "content").await;
    let renamed = to(&ctx, &file, Destination::name("new.txt")).await.unwrap();
    assert_eq!((renamed.name.as_str(), renamed.size), ("new.txt", Some(7)));
    still(&ctx, &file, &renamed).await;
    assert_eq!(ctx.names().await, ["new.txt"]);
    same(&ctx.read(&renamed).await, b"content");
}

async fn rename_a_folder_with_content(ctx: Ctx) {
    let folder = ctx.folder("old").await;
    put_into(&*ctx.store, &folder, "a.txt", "content").await;
    let renamed = to(&ctx, &folder, Destination::name("new")).await.unwrap();
    still(&ctx, &folder, &renamed).await;
    let paths: Vec<_> = ctx.tree().await.into_keys().collect();
    assert_eq!(paths, ["/new", "/new/a.txt"]);
}

async fn move_a_file(ctx: Ctx) {
    let (file, folder) = (ctx.put("a.txt", "content").await, ctx.folder("sub").await);
    let moved = to(&ctx, &file, Destination::folder(&folder)).await.unwrap();
    assert_eq!((moved.name.as_str(), moved.parent.as_ref()), ("a.txt", Some(&folder.id)));
    still(&ctx, &file, &moved).await;
    let paths: Vec<_> = ctx.tree().await.into_keys().collect();
    assert_eq!(paths, ["/sub", "/sub/a.txt"]);
    same(&ctx.read(&moved).await, b"content");
}

async fn move_a_folder_with_content(ctx: Ctx) {
    let (folder, target) = (ctx.folder("sub").await, ctx.folder("target").await);
    let deeper = folder_in(&*ctx.store, &folder, "deeper").await;
    put_into(&*ctx.store, &deeper, "a.txt", "content").await;
    let moved = to(&ctx, &folder, Destination::folder(&target)).await.unwrap();
    still(&ctx, &folder, &moved).await;
    let tree = ctx.tree().await;
    let paths: Vec<_> = tree.keys().collect();
    assert_eq!(paths, ["/target", "/target/sub", "/target/sub/deeper", "/target/sub/deeper/a.txt"]);
    assert_eq!(tree["/target/sub/deeper/a.txt"], Node::File("content".into()));
}

async fn move_and_rename_a_file(ctx: Ctx) {
    let (file, folder) = (ctx.put("old.txt", "content").await, ctx.folder("sub").await);
    let moved = to(&ctx, &file, Destination::folder(&folder).with_name("new.txt")).await.unwrap();
    assert_eq!((moved.name.as_str(), moved.parent.as_ref()), ("new.txt", Some(&folder.id)));
    still(&ctx, &file, &moved).await;
    let paths: Vec<_> = ctx.tree().await.into_keys().collect();
    assert_eq!(paths, ["/sub", "/sub/new.txt"]);
}

async fn move_and_rename_where_the_old_name_is_taken(ctx: Ctx) {
    let (file, folder) = (ctx.put("a.txt", "moved").await, ctx.folder("sub").await);
    put_into(&*ctx.store, &folder, "a.txt", "there before").await;
    to(&ctx, &file, Destination::folder(&folder).with_name("b.txt")).await.unwrap();
    let tree = ctx.tree().await;
    assert_eq!(tree.len(), 3, "{tree:?}");
    assert_eq!(tree["/sub/a.txt"], Node::File("there before".into()));
    assert_eq!(tree["/sub/b.txt"], Node::File("moved".into()));
}

async fn move_and_rename_where_the_new_name_is_taken_in_the_old_folder(ctx: Ctx) {
    let (file, folder) = (ctx.put("a.txt", "moved").await, ctx.folder("sub").await);
    ctx.put("b.txt", "there before").await;
    to(&ctx, &file, Destination::folder(&folder).with_name("b.txt")).await.unwrap();
    let tree = ctx.tree().await;
    assert_eq!(tree.len(), 3, "{tree:?}");
    assert_eq!(tree["/b.txt"], Node::File("there before".into()));
    assert_eq!(tree["/sub/b.txt"], Node::File("moved".into()));
}

async fn rename_only_case(ctx: Ctx) {
    let (file, folder) = (ctx.put("name.txt", "content").await, ctx.folder("sub").await);
    let renamed = to(&ctx, &file, Destination::name("NAME.txt")).await.unwrap();
    assert_eq!(renamed.name, "NAME.txt");
    still(&ctx, &file, &renamed).await;
    to(&ctx, &folder, Destination::name("SUB")).await.unwrap();
    assert_eq!(ctx.names().await, ["NAME.txt", "SUB"]);
    same(&ctx.read(&renamed).await, b"content");
}

async fn rename_to_difficult_names(ctx: Ctx) {
    let mut file = ctx.put("plain.txt", "content").await;
    for name in ["50% of #1 + 'q' & co.txt", "%41.txt", "日本語 🦀.txt", "{\"a\"".trim_matches('"')] {
        if ctx.store.capabilities().names.check(name).is_err() {
            continue;
        }
        file = to(&ctx, &file, Destination::name(name)).await.unwrap();
        assert_eq!(file.name, name);
        assert_eq!(ctx.names().await, [name]);
    }
    same(&ctx.read(&file).await, b"content");
}

async fn a_taken_name_is_refused_for_rename(ctx: Ctx) {
    let (one, other) = (ctx.put("one.txt", "one").await, ctx.put("other.txt", "other").await);
    refused(&ctx, &one, Destination::name("other.txt"), TAKEN, &["other.txt", one.id.as_str()]).await;
    assert_eq!(ctx.store.stat(&ItemRef::from(&other)).await.unwrap().revision, other.revision);
}

async fn a_taken_name_is_refused_for_move(ctx: Ctx) {
    let (file, folder) = (ctx.put("a.txt", "one").await, ctx.folder("sub").await);
    put_into(&*ctx.store, &folder, "a.txt", "other").await;
    refused(&ctx, &file, Destination::folder(&folder), TAKEN, &["a.txt", file.id.as_str()]).await;
}

async fn a_taken_name_is_refused_for_move_and_rename(ctx: Ctx) {
    let (file, folder) = (ctx.put("a.txt", "one").await, ctx.folder("sub").await);
    put_into(&*ctx.store, &folder, "b.txt", "other").await;
    let destination = Destination::folder(&folder).with_name("b.txt");
    refused(&ctx, &file, destination, TAKEN, &["b.txt", file.id.as_str()]).await;
}

async fn a_taken_name_in_another_case_is_refused(ctx: Ctx) {
    let (one, _) = (ctx.put("one.txt", "one").await, ctx.put("Other.txt", "other").await);
    if ctx.store.capabilities().names.case_sensitive {
        to(&ctx, &one, Destination::name("oTHER.txt")).await.unwrap();
        assert_eq!(ctx.names().await, ["Other.txt", "oTHER.txt"]);
        return;
    }
    refused(&ctx, &one, Destination::name("oTHER.txt"), TAKEN, &["oTHER.txt", one.id.as_str()]).await;
}

async fn a_file_never_replaces_a_folder_nor_a_folder_a_file(ctx: Ctx) {
    let (file, folder) = (ctx.put("file", "content").await, ctx.folder("folder").await);
    put_into(&*ctx.store, &folder, "inside.txt", "x").await;
    refused(&ctx, &file, Destination::name("folder"), TAKEN, &["folder", file.id.as_str()]).await;
    refused(&ctx, &folder, Destination::name("file"), TAKEN, &["file", folder.id.as_str()]).await;
}

async fn a_folder_into_itself_is_refused(ctx: Ctx) {
    let folder = ctx.folder("sub").await;
    put_into(&*ctx.store, &folder, "a.txt", "x").await;
    refused(&ctx, &folder, Destination::folder(&folder), INTO_ITSELF, &["sub", folder.id.as_str()]).await;
}

async fn a_folder_below_itself_is_refused(ctx: Ctx) {
    let folder = ctx.folder("sub").await;
    let inside = folder_in(&*ctx.store, &folder, "inside").await;
    let deeper = folder_in(&*ctx.store, &inside, "deeper").await;
    for target in [&inside, &deeper] {
        let destination = Destination::folder(target);
        refused(&ctx, &folder, destination.clone(), INTO_ITSELF, &["sub", folder.id.as_str()]).await;
        refused(&ctx, &folder, destination.with_name("new"), INTO_ITSELF, &["sub", folder.id.as_str()]).await;
    }
}

async fn to_where_it_is_changes_nothing(ctx: Ctx) {
    let (file, folder) = (ctx.put("a.txt", "content").await, ctx.folder("sub").await);
    put_into(&*ctx.store, &folder, "inside.txt", "x").await;
    let before = ctx.tree().await;
    for item in [&file, &folder] {
        for destination in [
            Destination::name(&item.name),
            Destination::folder(&ctx.folder),
            Destination::folder(&ctx.folder).with_name(&item.name),
            Destination::default(),
        ] {
            let moved = to(&ctx, item, destination).await.unwrap();
            assert_eq!((&moved.id, &moved.name), (&item.id, &item.name));
        }
    }
    assert_eq!(ctx.tree().await, before);
}

async fn a_missing_item_is_not_found(ctx: Ctx) {
    let gone = gone(&ctx).await;
    fails(to(&ctx, &gone, Destination::name("new.txt")).await, ErrorKind::NotFound, &[gone.id.as_str()]);
    fails(to(&ctx, &gone, Destination::folder(&ctx.folder)).await, ErrorKind::NotFound, &[gone.id.as_str()]);
    assert!(ctx.names().await.is_empty());
}

async fn a_missing_destination_is_not_found(ctx: Ctx) {
    let (file, nowhere) = (ctx.put("a.txt", "content").await, gone_folder(&ctx).await);
    let about = [nowhere.id.as_str(), file.id.as_str()];
    refused(&ctx, &file, Destination::folder(&nowhere), &[ErrorKind::NotFound], &about).await;
    refused(&ctx, &file, Destination::folder(&nowhere).with_name("b.txt"), &[ErrorKind::NotFound], &about).await;
    let made_up = Destination::folder(ItemId::new("no-such-folder"));
    refused(&ctx, &file, made_up, WRONG_KIND_OF_ITEM, &["no-such-folder", file.id.as_str()]).await;
}

async fn a_file_as_destination_is_an_error(ctx: Ctx) {
    let (one, other) = (ctx.put("one.txt", "one").await, ctx.put("other.txt", "other").await);
    refused(
        &ctx,
        &one,
        Destination::folder(&other),
        WRONG_KIND_OF_ITEM,
        &[other.id.as_str(), one.id.as_str(), &one.name],
    )
    .await;
}

async fn the_root_is_not_moved(ctx: Ctx) {
    let kinds = [INTO_ITSELF, &[ErrorKind::PermissionDenied, ErrorKind::Unsupported]].concat();
    let name = ctx.store.stat(&ItemRef::Root).await.unwrap().name;
    let moved = ctx.store.move_item(&ItemRef::Root, &Destination::folder(&ctx.folder)).await;
    fails_as(moved, &kinds, &[ctx.store.info().provider]);
    assert_eq!(ctx.store.stat(&ItemRef::Root).await.unwrap().name, name);
    assert!(ctx.names().await.is_empty());
}

async fn the_modification_time_stays(ctx: Ctx) {
    let time: Timestamp = "2021-07-04T05:06:07Z".parse().unwrap();
    let request = UploadRequest::new(ctx.here(), "a.txt").with_modified(time);
    let file = ctx.store.upload_bytes("x", request, TransferOptions::new()).await.unwrap().item;
    let file = ctx.store.stat(&ItemRef::from(&file)).await.unwrap();
    let folder = ctx.folder("sub").await;
    let renamed = to(&ctx, &file, Destination::name("b.txt")).await.unwrap();
    let moved = to(&ctx, &renamed, Destination::folder(&folder).with_name("c.txt")).await.unwrap();
    let now = ctx.store.stat(&ItemRef::from(&moved)).await.unwrap();
    modified_as_declared(&ctx, now.modified, time);
    assert_eq!(now.revision, file.revision, "the content is the same");
    if ctx.store.capabilities().keeps_modified {
        assert_eq!(now.modified, file.modified, "the content is the same");
    }
}

async fn versions_stay_one_file(ctx: Ctx) {
    let first = ctx.put("a.txt", "first").await;
    let second = ctx.put_again("a.txt", "second").await;
    let moved = to(&ctx, &second, Destination::name("b.txt")).await.unwrap();
    if ctx.store.capabilities().ids_survive_move {
        assert_eq!(moved.identity(), first.identity());
    }
    let third = ctx.put_again("b.txt", "third").await;
    assert_eq!(third.identity(), moved.identity());
    assert_eq!(ctx.names().await, ["b.txt"]);
    same(&ctx.read(&third).await, b"third");
}

async fn the_old_path_is_free_again(ctx: Ctx) {
    let file = ctx.put("a.txt", "moved").await;
    to(&ctx, &file, Destination::name("b.txt")).await.unwrap();
    let new = ctx.put("a.txt", "new").await;
    assert_eq!(new.identity() == file.identity(), !ctx.store.capabilities().ids_survive_move);
    assert_eq!(ctx.names().await, ["a.txt", "b.txt"]);
    if ctx.supports(Operation::StatByPath) {
        same(&ctx.read(ctx.path("a.txt")).await, b"new");
        same(&ctx.read(ctx.path("b.txt")).await, b"moved");
    }
}
