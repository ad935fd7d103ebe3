//! Copying: the copy is a thing of its own, and nothing is ever replaced.

use sharesync::{Destination, ErrorKind, Item, ItemId, ItemRef, Result};

use super::harness::{Ctx, cases};
use super::support::{
    Node, WRONG_KIND_OF_ITEM, content, fails, fails_as, folder_in, gone, gone_folder, put_into, same,
};

cases! {
    "copy" needs [Copy] {
        a_file_into_another_folder,
        a_file_beside_itself_under_another_name,
        a_file_into_another_folder_under_another_name,
        a_file_under_another_name_where_its_own_is_taken,
        a_large_file,
        a_folder_with_all_it_holds,
        a_folder_beside_itself_under_another_name,
        an_empty_folder,
        a_copy_is_independent_of_the_original,
        a_taken_name_is_refused,
        to_where_it_is_is_refused,
        a_taken_name_in_another_case,
        a_folder_into_itself_ends_or_is_refused,
        a_missing_item_is_not_found,
        a_missing_destination_is_not_found,
        a_file_as_destination_is_an_error,
        nothing_temporary_is_left,
    }
}

async fn to(ctx: &Ctx, item: &Item, destination: Destination) -> Result<Item> {
    ctx.store.copy_item(&ItemRef::from(item), &destination).await
}

/// Shows that a call is refused and that nothing in the case's folder changed.
async fn refused(ctx: &Ctx, item: &Item, destination: Destination, kinds: &[ErrorKind], about: &[&str]) {
    let before = ctx.tree().await;
    fails_as(to(ctx, item, destination).await, kinds, about);
    assert_eq!(ctx.tree().await, before);
}

const TAKEN: &[ErrorKind] = &[ErrorKind::AlreadyExists];

async fn a_file_into_another_folder(ctx: Ctx) {
    let (file, folder) = (ctx.put("a.txt", "content").await, ctx.folder("sub").await);
    let copy = to(&ctx, &file, Destination::folder(&folder)).await.unwrap();
    assert_ne!(copy.identity(), file.identity());
    assert_eq!((copy.name.as_str(), copy.parent.as_ref(), copy.size), ("a.txt", Some(&folder.id), Some(7)));
    same(&ctx.read(&copy).await, b"content");
    let paths: Vec<_> = ctx.tree().await.into_keys().collect();
    assert_eq!(paths, ["/a.txt", "/sub", "/sub/a.txt"]);
}

async fn a_file_beside_itself_under_another_name(ctx: Ctx) {
    let file = ctx.put("a.txt", "content").await;
    let copy = to(&ctx, &file, Destination::name("b.txt")).await.unwrap();
    assert_eq!((copy.name.as_str(), copy.parent.as_ref()), ("b.txt", Some(&ctx.folder.id)));
    assert_ne!(copy.identity(), file.identity());
    assert_eq!(ctx.names().await, ["a.txt", "b.txt"]);
    same(&ctx.read(&copy).await, b"content");
}

async fn a_file_into_another_folder_under_another_name(ctx: Ctx) {
    let (file, folder) = (ctx.put("a.txt", "content").await, ctx.folder("sub").await);
    let name = "50% of #1 + ü & co.txt";
    let copy = to(&ctx, &file, Destination::folder(&folder).with_name(name)).await.unwrap();
    assert_eq!((copy.name.as_str(), copy.parent.as_ref()), (name, Some(&folder.id)));
    let paths: Vec<_> = ctx.tree().await.into_keys().collect();
    assert_eq!(paths, ["/a.txt".to_owned(), "/sub".to_owned(), format!("/sub/{name}")]);
}

async fn a_file_under_another_name_where_its_own_is_taken(ctx: Ctx) {
    let (file, folder) = (ctx.put("a.txt", "copied").await, ctx.folder("sub").await);
    put_into(&*ctx.store, &folder, "a.txt", "there before").await;
    to(&ctx, &file, Destination::folder(&folder).with_name("b.txt")).await.unwrap();
    let tree = ctx.tree().await;
    assert_eq!(tree.len(), 4, "{tree:?}");
    assert_eq!(tree["/sub/a.txt"], Node::File("there before".into()));
    assert_eq!(tree["/sub/b.txt"], Node::File("copied".into()));
}

async fn a_large_file(ctx: Ctx) {
    let (_, several) = ctx.several_parts().await;
    let sent = content(several, 61);
    let file = ctx.put("a.bin", sent.clone()).await;
    let copy = to(&ctx, &file, Destination::name("b.bin")).await.unwrap();
    assert_eq!((copy.size, &copy.digests), (Some(sent.len() as u64), &file.digests));
    same(&ctx.read(&copy).await, &sent);
}

async fn a_folder_with_all_it_holds(ctx: Ctx) {
    let (folder, target) = (ctx.folder("sub").await, ctx.folder("target").await);
    let deeper = folder_in(&*ctx.store, &folder, "deeper").await;
    folder_in(&*ctx.store, &folder, "empty").await;
    put_into(&*ctx.store, &folder, "a.txt", "a").await;
    put_into(&*ctx.store, &deeper, "b.txt", "b").await;
    let original = super::support::tree(&*ctx.store, ItemRef::from(&folder)).await;
    let copy = to(&ctx, &folder, Destination::folder(&target)).await.unwrap();
    assert_eq!((copy.name.as_str(), copy.is_folder()), ("sub", true));
    assert_eq!(super::support::tree(&*ctx.store, ItemRef::from(&copy)).await, original);
    assert_eq!(super::support::tree(&*ctx.store, ItemRef::from(&folder)).await, original, "it is still there");
    assert_eq!(original.len(), 4);
}

async fn a_folder_beside_itself_under_another_name(ctx: Ctx) {
    let folder = ctx.folder("sub").await;
    put_into(&*ctx.store, &folder, "a.txt", "a").await;
    let copy = to(&ctx, &folder, Destination::name("copy")).await.unwrap();
    assert_eq!(copy.name, "copy");
    let paths: Vec<_> = ctx.tree().await.into_keys().collect();
    assert_eq!(paths, ["/copy", "/copy/a.txt", "/sub", "/sub/a.txt"]);
}

async fn an_empty_folder(ctx: Ctx) {
    let (folder, target) = (ctx.folder("empty").await, ctx.folder("target").await);
    to(&ctx, &folder, Destination::folder(&target)).await.unwrap();
    let paths: Vec<_> = ctx.tree().await.into_keys().collect();
    assert_eq!(paths, ["/empty", "/target", "/target/empty"]);
}

async fn a_copy_is_independent_of_the_original(ctx: Ctx) {
    let file = ctx.put("a.txt", "original").await;
    let copy = to(&ctx, &file, Destination::name("b.txt")).await.unwrap();
    ctx.put_again("a.txt", "changed").await;
    same(&ctx.read(&copy).await, b"original");
    ctx.put_again("b.txt", "the copy changed").await;
    let items = ctx.listed().await;
    same(&ctx.read(&items[0]).await, b"changed");
    ctx.store.delete(&ItemRef::from(&items[0]), sharesync::DeleteOptions::new()).await.unwrap();
    same(&ctx.read(&items[1]).await, b"the copy changed");
    assert_eq!(ctx.names().await, ["b.txt"]);
}

async fn a_taken_name_is_refused(ctx: Ctx) {
    let (file, folder, other) = (ctx.put("a.txt", "one").await, ctx.folder("sub").await, ctx.folder("a folder").await);
    put_into(&*ctx.store, &folder, "a.txt", "other").await;
    let same_name = folder_in(&*ctx.store, &folder, "a folder").await;
    put_into(&*ctx.store, &same_name, "inside.txt", "x").await;
    refused(&ctx, &file, Destination::folder(&folder), TAKEN, &["a.txt", file.id.as_str()]).await;
    refused(&ctx, &file, Destination::name("sub"), TAKEN, &["sub", file.id.as_str()]).await;
    refused(&ctx, &other, Destination::folder(&folder), TAKEN, &["a folder", other.id.as_str()]).await;
    refused(&ctx, &other, Destination::name("a.txt"), TAKEN, &["a.txt", other.id.as_str()]).await;
}

async fn to_where_it_is_is_refused(ctx: Ctx) {
    let (file, folder) = (ctx.put("a.txt", "one").await, ctx.folder("sub").await);
    for item in [&file, &folder] {
        for destination in [
            Destination::folder(&ctx.folder),
            Destination::name(&item.name),
            Destination::folder(&ctx.folder).with_name(&item.name),
            Destination::default(),
        ] {
            refused(&ctx, item, destination, TAKEN, &[&item.name, item.id.as_str()]).await;
        }
    }
}

async fn a_taken_name_in_another_case(ctx: Ctx) {
    let (file, _) = (ctx.put("a.txt", "one").await, ctx.put("Other.txt", "other").await);
    if ctx.store.capabilities().names.case_sensitive {
        to(&ctx, &file, Destination::name("oTHER.txt")).await.unwrap();
        assert_eq!(ctx.names().await, ["Other.txt", "a.txt", "oTHER.txt"]);
        return;
    }
    refused(&ctx, &file, Destination::name("oTHER.txt"), TAKEN, &["oTHER.txt", file.id.as_str()]).await;
    refused(&ctx, &file, Destination::name("A.TXT"), TAKEN, &["A.TXT", file.id.as_str()]).await;
}

async fn a_folder_into_itself_ends_or_is_refused(ctx: Ctx) {
    let folder = ctx.folder("sub").await;
    put_into(&*ctx.store, &folder, "a.txt", "x").await;
    let before = ctx.tree().await;
    match to(&ctx, &folder, Destination::folder(&folder)).await {
        Ok(_) => {
            let paths: Vec<_> = ctx.tree().await.into_keys().collect();
            assert_eq!(paths, ["/sub", "/sub/a.txt", "/sub/sub", "/sub/sub/a.txt"]);
        }
        Err(error) => {
            let kinds = [ErrorKind::Conflict, ErrorKind::InvalidInput, ErrorKind::Rejected];
            fails_as::<()>(Err(error), &kinds, &["sub", folder.id.as_str()]);
            assert_eq!(ctx.tree().await, before);
        }
    }
}

async fn a_missing_item_is_not_found(ctx: Ctx) {
    let gone = gone(&ctx).await;
    fails(to(&ctx, &gone, Destination::name("new.txt")).await, ErrorKind::NotFound, &[gone.id.as_str()]);
    let folder = ctx.folder("sub").await;
    fails(to(&ctx, &gone, Destination::folder(&folder)).await, ErrorKind::NotFound, &[gone.id.as_str()]);
    assert_eq!(ctx.names().await, ["sub"]);
}

async fn a_missing_destination_is_not_found(ctx: Ctx) {
    let (file, nowhere) = (ctx.put("a.txt", "content").await, gone_folder(&ctx).await);
    let about = [nowhere.id.as_str(), file.id.as_str()];
    refused(&ctx, &file, Destination::folder(&nowhere), &[ErrorKind::NotFound], &about).await;
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

async fn nothing_temporary_is_left(ctx: Ctx) {
    // A store of its own, to see also what is outside of the case's folder.
    let ctx = ctx.alone().await;
    let file = ctx.put("a.txt", "content").await;
    ctx.put("taken.txt", "other").await;
    let names = |items: Vec<Item>| items.into_iter().map(|item| item.name).collect::<Vec<_>>();
    let root = names(super::support::listed(&*ctx.store, ItemRef::Root).await);
    to(&ctx, &file, Destination::name("b.txt")).await.unwrap();
    fails(
        to(&ctx, &file, Destination::name("taken.txt")).await,
        ErrorKind::AlreadyExists,
        &["taken.txt", file.id.as_str()],
    );
    assert_eq!(ctx.names().await, ["a.txt", "b.txt", "taken.txt"]);
    assert_eq!(names(super::support::listed(&*ctx.store, ItemRef::Root).await), root);
}
