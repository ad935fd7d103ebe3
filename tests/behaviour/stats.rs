//! Looking at one item: by identifier, by path, and what is said of it.

use sharesync::{DeleteOptions, DigestAlgorithm, ErrorKind, Hasher, ItemId, ItemRef, RemoteStoreExt as _};

use super::harness::{Ctx, cases};
use super::support::{fails, fails_as, folder_in, gone, put_into};

cases! {
    "stat" needs [Stat] {
        the_root_is_a_folder_without_parent,
        a_file_by_id,
        a_folder_by_id,
        a_deleted_item_is_not_found,
        an_id_of_another_form_is_an_error,
        digests_are_those_of_the_content,
    }
    "stat_by_path" needs [StatByPath] {
        file_and_folder_by_path,
        the_empty_path_is_the_root,
        a_missing_name_is_not_found,
        a_missing_folder_on_the_way_is_not_found,
        a_file_on_the_way_is_not_found,
        a_path_in_another_case,
        a_path_of_difficult_names,
    }
    "ext::resolve" needs [Stat, List] {
        resolve_finds_what_stat_finds,
        exists_tells_missing_from_there,
    }
}

async fn the_root_is_a_folder_without_parent(ctx: Ctx) {
    let root = ctx.store.stat(&ItemRef::Root).await.unwrap();
    assert!(root.is_folder(), "{root:?}");
    assert_eq!(root.parent, None);
    let by_id = ctx.store.stat(&ItemRef::from(&root)).await.unwrap();
    assert_eq!(by_id.id, root.id, "the root has an identifier like any other folder");
    let names: Vec<_> = super::support::listed(&*ctx.store, ItemRef::Root).await;
    assert!(names.iter().any(|item| item.id == ctx.folder.id), "the root lists what is created there");
}

async fn a_file_by_id(ctx: Ctx) {
    let put = ctx.put("a.txt", "twelve bytes").await;
    let file = ctx.store.stat(&ItemRef::from(&put)).await.unwrap();
    assert!(file.is_file(), "{file:?}");
    assert_eq!((&file.id, file.name.as_str(), file.size), (&put.id, "a.txt", Some(12)));
    assert_eq!(file.parent.as_ref(), Some(&ctx.folder.id));
    assert_eq!(file.revision, put.revision, "the upload describes the same state");
    assert_eq!(ctx.listed().await[0].id, file.id, "a listing gives the same identifier");
}

async fn a_folder_by_id(ctx: Ctx) {
    let made = ctx.folder("sub").await;
    let folder = ctx.store.stat(&ItemRef::from(&made)).await.unwrap();
    assert!(folder.is_folder(), "{folder:?}");
    assert_eq!((&folder.id, folder.name.as_str()), (&made.id, "sub"));
    assert_eq!(folder.parent.as_ref(), Some(&ctx.folder.id));
}

async fn a_deleted_item_is_not_found(ctx: Ctx) {
    let gone = gone(&ctx).await;
    fails(ctx.store.stat(&ItemRef::from(&gone)).await, ErrorKind::NotFound, &[gone.id.as_str()]);
    let folder = ctx.folder("sub").await;
    let inside = put_into(&*ctx.store, &folder, "a.txt", "a").await;
    ctx.store.delete(&ItemRef::from(&folder), DeleteOptions::new()).await.unwrap();
    fails(ctx.store.stat(&ItemRef::from(&inside)).await, ErrorKind::NotFound, &[inside.id.as_str()]);
}

async fn an_id_of_another_form_is_an_error(ctx: Ctx) {
    for id in ["", "no such id", "a/b", "..", "(x)", "a?b#c", "%2e%2e", "\u{0}"] {
        let asked = ctx.store.stat(&ItemRef::Id(ItemId::new(id))).await;
        fails_as(
            asked,
            &[ErrorKind::NotFound, ErrorKind::InvalidInput, ErrorKind::Rejected],
            &[ctx.store.info().provider],
        );
    }
}

async fn digests_are_those_of_the_content(ctx: Ctx) {
    let content = super::support::content(100_000, 1);
    let put = ctx.put("a.bin", content.clone()).await;
    let file = ctx.store.stat(&ItemRef::from(&put)).await.unwrap();
    for algorithm in [DigestAlgorithm::Md5, DigestAlgorithm::Sha1, DigestAlgorithm::Sha256] {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(&content);
        let announced = ctx.store.capabilities().digests.contains(&algorithm);
        let expected = announced.then(|| hasher.finish());
        assert_eq!(file.digest(algorithm), expected.as_ref(), "as announced for {}", algorithm.name());
    }
}

async fn file_and_folder_by_path(ctx: Ctx) {
    let folder = ctx.folder("sub").await;
    let file = put_into(&*ctx.store, &folder, "a.txt", "a").await;
    let found = ctx.store.stat(&ctx.path("sub").into()).await.unwrap();
    assert_eq!((&found.id, found.is_folder()), (&folder.id, true));
    let found = ctx.store.stat(&ctx.path("sub/a.txt").into()).await.unwrap();
    assert_eq!((&found.id, found.is_file()), (&file.id, true));
}

async fn the_empty_path_is_the_root(ctx: Ctx) {
    let root = ctx.store.stat(&ItemRef::Root).await.unwrap();
    let by_path = ctx.store.stat(&ItemRef::Path("/".parse().unwrap())).await.unwrap();
    assert_eq!(by_path.id, root.id);
}

async fn a_missing_name_is_not_found(ctx: Ctx) {
    fails(ctx.store.stat(&ctx.path("missing.txt").into()).await, ErrorKind::NotFound, &["missing.txt"]);
    ctx.put("there.txt", "x").await;
    let gone = gone(&ctx).await;
    fails(ctx.store.stat(&ctx.path(&gone.name).into()).await, ErrorKind::NotFound, &[&gone.name]);
}

async fn a_missing_folder_on_the_way_is_not_found(ctx: Ctx) {
    ctx.put("a.txt", "x").await;
    fails(ctx.store.stat(&ctx.path("missing/a.txt").into()).await, ErrorKind::NotFound, &["missing/a.txt"]);
}

async fn a_file_on_the_way_is_not_found(ctx: Ctx) {
    ctx.put("a.txt", "x").await;
    fails(ctx.store.stat(&ctx.path("a.txt/b.txt").into()).await, ErrorKind::NotFound, &["a.txt/b.txt"]);
}

async fn a_path_in_another_case(ctx: Ctx) {
    let folder = ctx.folder("Sub").await;
    let file = put_into(&*ctx.store, &folder, "File.TXT", "x").await;
    let other_case = ctx.store.stat(&ctx.path("sUB/fILE.txt").into()).await;
    if ctx.store.capabilities().names.case_sensitive {
        fails(other_case, ErrorKind::NotFound, &["sUB/fILE.txt"]);
        return;
    }
    let found = other_case.unwrap();
    assert_eq!((found.id, found.name.as_str()), (file.id, "File.TXT"), "the name is as it was given");
}

async fn a_path_of_difficult_names(ctx: Ctx) {
    let folder = ctx.folder("50% of #1 + 'q' & co, (really)").await;
    let file = put_into(&*ctx.store, &folder, "%41 日本語=a+b;c@d.txt", "x").await;
    let path = ctx.path("50% of #1 + 'q' & co, (really)/%41 日本語=a+b;c@d.txt");
    assert_eq!(ctx.store.stat(&path.into()).await.unwrap().id, file.id);
}

async fn resolve_finds_what_stat_finds(ctx: Ctx) {
    let folder = ctx.folder("sub").await;
    let deeper = folder_in(&*ctx.store, &folder, "deeper").await;
    let file = put_into(&*ctx.store, &deeper, "a.txt", "x").await;
    assert_eq!(ctx.store.resolve(&ctx.path("sub/deeper/a.txt")).await.unwrap().id, file.id);
    assert_eq!(ctx.store.resolve(&ctx.path("sub/deeper")).await.unwrap().id, deeper.id);
    fails(ctx.store.resolve(&ctx.path("sub/b.txt")).await, ErrorKind::NotFound, &["b.txt"]);
    fails(ctx.store.resolve(&ctx.path("sub/deeper/a.txt/x")).await, ErrorKind::NotFound, &["a.txt/x"]);
}

async fn exists_tells_missing_from_there(ctx: Ctx) {
    let file = ctx.put("a.txt", "x").await;
    assert!(ctx.store.exists(&file).await.unwrap());
    assert!(ctx.store.exists(ctx.path("a.txt")).await.unwrap());
    assert!(!ctx.store.exists(ctx.path("b.txt")).await.unwrap());
    assert!(!ctx.store.exists(&gone(&ctx).await).await.unwrap());
}
