//! Creating folders: new ones, ones that are there, and names that are taken.

use sharesync::{CreateFolderOptions, ErrorKind, Item, ItemId, ItemRef, RemoteStoreExt as _, Result};

use super::harness::{Ctx, cases};
use super::support::{WRONG_KIND_OF_ITEM, fails, fails_as, folder_in, gone_folder, put_into, same};

cases! {
    "create_folder" needs [CreateFolder] {
        a_new_folder_is_empty_and_listed,
        a_taken_name_is_refused,
        an_existing_folder_is_reused_when_asked,
        a_file_of_the_name_is_refused_also_for_reuse,
        nested_folders,
        a_name_in_another_case,
        a_missing_parent_is_not_found,
        a_file_as_parent_is_an_error,
        a_description_is_accepted,
    }
    "create_folder" needs [CreateFolder, Delete] {
        a_deleted_folder_frees_its_name,
    }
    "ext::create_folder_all" needs [CreateFolder] {
        missing_folders_of_a_path_are_created,
        a_file_on_the_way_is_a_conflict,
    }
}

async fn create(ctx: &Ctx, name: &str, reuse: bool) -> Result<Item> {
    let options = CreateFolderOptions::new().with_reuse_existing(reuse);
    ctx.store.create_folder(&ctx.here(), name, options).await
}

async fn a_new_folder_is_empty_and_listed(ctx: Ctx) {
    let folder = ctx.folder("sub").await;
    assert!(folder.is_folder(), "{folder:?}");
    assert_eq!((folder.name.as_str(), folder.parent.as_ref()), ("sub", Some(&ctx.folder.id)));
    assert!(super::support::listed(&*ctx.store, &folder).await.is_empty());
    let items = ctx.listed().await;
    assert_eq!((items.len(), &items[0].id), (1, &folder.id));
}

async fn a_taken_name_is_refused(ctx: Ctx) {
    let folder = ctx.folder("sub").await;
    put_into(&*ctx.store, &folder, "inside.txt", "x").await;
    let before = ctx.tree().await;
    fails(create(&ctx, "sub", false).await, ErrorKind::AlreadyExists, &["sub"]);
    assert_eq!(ctx.tree().await, before);
    assert_eq!(ctx.listed().await[0].id, folder.id);
}

async fn an_existing_folder_is_reused_when_asked(ctx: Ctx) {
    let first = create(&ctx, "sub", true).await.unwrap();
    put_into(&*ctx.store, &first, "inside.txt", "x").await;
    let before = ctx.tree().await;
    let second = create(&ctx, "sub", true).await.unwrap();
    assert_eq!(second.id, first.id);
    assert_eq!(ctx.tree().await, before, "what it holds stays");
}

async fn a_file_of_the_name_is_refused_also_for_reuse(ctx: Ctx) {
    let file = ctx.put("name", "content").await;
    for reuse in [false, true] {
        fails(create(&ctx, "name", reuse).await, ErrorKind::AlreadyExists, &["name"]);
        same(&ctx.read(&file).await, b"content");
        assert_eq!(ctx.listed().await.len(), 1);
    }
}

async fn nested_folders(ctx: Ctx) {
    let mut folder = ctx.folder.clone();
    for depth in 0..12 {
        let inside = folder_in(&*ctx.store, &folder, &format!("level {depth}")).await;
        assert_eq!(inside.parent.as_ref(), Some(&folder.id));
        folder = inside;
    }
    let file = put_into(&*ctx.store, &folder, "deep.txt", "deep").await;
    same(&ctx.read(&file).await, b"deep");
    assert_eq!(ctx.tree().await.len(), 13);
}

async fn a_name_in_another_case(ctx: Ctx) {
    let folder = ctx.folder("Name").await;
    let other = create(&ctx, "nAME", false).await;
    if ctx.store.capabilities().names.case_sensitive {
        assert_ne!(other.unwrap().id, folder.id);
        assert_eq!(ctx.names().await, ["Name", "nAME"]);
        return;
    }
    fails(other, ErrorKind::AlreadyExists, &["nAME", "Name"]);
    assert_eq!(create(&ctx, "nAME", true).await.unwrap().id, folder.id);
    assert_eq!(ctx.names().await, ["Name"]);
}

async fn a_missing_parent_is_not_found(ctx: Ctx) {
    let gone = gone_folder(&ctx).await;
    let done = ctx.store.create_folder(&ItemRef::from(&gone), "sub", CreateFolderOptions::new()).await;
    fails(done, ErrorKind::NotFound, &[gone.id.as_str(), "sub"]);
    let nowhere = ItemRef::Id(ItemId::new("no-such-folder"));
    let done = ctx.store.create_folder(&nowhere, "sub", CreateFolderOptions::new()).await;
    fails_as(done, WRONG_KIND_OF_ITEM, &["no-such-folder", "sub"]);
}

async fn a_file_as_parent_is_an_error(ctx: Ctx) {
    let file = ctx.put("a.txt", "content").await;
    let done = ctx.store.create_folder(&ItemRef::from(&file), "sub", CreateFolderOptions::new()).await;
    fails_as(done, WRONG_KIND_OF_ITEM, &[file.id.as_str(), "sub"]);
    same(&ctx.read(&file).await, b"content");
}

async fn a_description_is_accepted(ctx: Ctx) {
    let options = CreateFolderOptions::new().with_description("What it is for: 50% & \"more\"\n日本語");
    let folder = ctx.store.create_folder(&ctx.here(), "sub", options).await.unwrap();
    assert_eq!(folder.name, "sub");
    assert_eq!(ctx.names().await, ["sub"]);
}

async fn a_deleted_folder_frees_its_name(ctx: Ctx) {
    let gone = gone_folder(&ctx).await;
    let again = create(&ctx, &gone.name, false).await.unwrap();
    assert_ne!(again.id, gone.id);
    assert!(super::support::listed(&*ctx.store, &again).await.is_empty());
}

async fn missing_folders_of_a_path_are_created(ctx: Ctx) {
    let deep = ctx.store.create_folder_all(&ctx.path("one/two/50% three")).await.unwrap();
    assert_eq!((deep.name.as_str(), deep.is_folder()), ("50% three", true));
    put_into(&*ctx.store, &deep, "a.txt", "x").await;
    let again = ctx.store.create_folder_all(&ctx.path("one/two/50% three")).await.unwrap();
    assert_eq!(again.id, deep.id);
    let beside = ctx.store.create_folder_all(&ctx.path("one/four")).await.unwrap();
    assert_eq!(beside.name, "four");
    let paths: Vec<_> = ctx.tree().await.into_keys().collect();
    assert_eq!(paths, ["/one", "/one/four", "/one/two", "/one/two/50% three", "/one/two/50% three/a.txt"]);
}

async fn a_file_on_the_way_is_a_conflict(ctx: Ctx) {
    ctx.put("a.txt", "x").await;
    fails(ctx.store.create_folder_all(&ctx.path("a.txt/b")).await, ErrorKind::Conflict, &["a.txt"]);
    fails(ctx.store.create_folder_all(&ctx.path("a.txt")).await, ErrorKind::Conflict, &["a.txt"]);
    assert_eq!(ctx.names().await, ["a.txt"]);
}
