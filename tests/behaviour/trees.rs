//! Whole trees: walking, up and down, and across to another store.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _};
use sharesync::transfer::{CancelToken, Integrity, Progress, TransferOptions, UploadRequest};
use sharesync::{
    ErrorKind, ItemRef, ListOptions, OnConflict, RemoteStoreExt as _, Timestamp, TreeEntry, TreeOptions, TreeOutcome,
    WalkOptions,
};

use super::harness::{Ctx, cases};
use super::support::{MIB, content, fails, folder_in, gone_folder, modified_as_declared, put_into, same, tree};

cases! {
    "ext::walk" needs [List] {
        everything_below_with_its_path,
        folders_come_before_what_they_hold,
        to_a_certain_depth,
        one_folder_at_a_time_finds_the_same,
        an_empty_folder_has_nothing,
        a_missing_folder_is_an_error,
        items_are_those_of_one_folder,
    }
    "ext::dir" needs [UploadSpec, CreateFolder] {
        a_local_tree_there_and_back,
        a_tree_sent_twice_is_refused_or_a_new_version,
        a_cancelled_tree_ends_in_an_error,
        a_bad_local_name_harms_no_other,
        names_that_are_one_on_the_target_do_not_meet,
        what_is_there_under_another_spelling_is_not_replaced,
    }
    "ext::copy_between" needs [UploadSpec] {
        a_file_to_another_store,
        a_taken_name_in_the_other_store_is_refused,
        a_missing_file_is_not_found,
        a_tree_to_another_store,
    }
}

/// A small tree with difficult names; the number of items in it.
async fn plant(ctx: &Ctx) -> usize {
    let deep = folder_in(&*ctx.store, &ctx.folder("50% of #1").await, "日本語 & more").await;
    let deeper = folder_in(&*ctx.store, &deep, "deeper").await;
    ctx.folder("empty").await;
    for (folder, name) in [(&ctx.folder, "top.txt"), (&deep, "a b+c.txt"), (&deep, "🦀.txt"), (&deeper, "bottom.txt")]
    {
        put_into(&*ctx.store, folder, name, name.to_owned()).await;
    }
    8
}

async fn walked(ctx: &Ctx, options: WalkOptions) -> Vec<String> {
    let found: Vec<_> = ctx.store.walk(ctx.here(), options).try_collect().await.unwrap();
    found.into_iter().map(|(path, _)| path.to_string()).collect()
}

async fn everything_below_with_its_path(ctx: Ctx) {
    let count = plant(&ctx).await;
    let found: BTreeSet<_> = walked(&ctx, WalkOptions::new()).await.into_iter().collect();
    let expected = [
        "/50% of #1",
        "/50% of #1/日本語 & more",
        "/50% of #1/日本語 & more/a b+c.txt",
        "/50% of #1/日本語 & more/deeper",
        "/50% of #1/日本語 & more/deeper/bottom.txt",
        "/50% of #1/日本語 & more/🦀.txt",
        "/empty",
        "/top.txt",
    ];
    assert_eq!(found, expected.map(str::to_owned).into());
    assert_eq!(found.len(), count);
}

async fn folders_come_before_what_they_hold(ctx: Ctx) {
    plant(&ctx).await;
    let mut seen = BTreeSet::from(["".to_owned()]);
    for path in walked(&ctx, WalkOptions::new()).await {
        let (parent, _) = path.rsplit_once('/').unwrap();
        assert!(seen.contains(parent), "{path} comes before {parent}");
        assert!(seen.insert(path.clone()), "{path} comes twice");
    }
    assert_eq!(seen.len(), 9);
}

async fn to_a_certain_depth(ctx: Ctx) {
    plant(&ctx).await;
    for (levels, expected) in [(0, 3), (1, 4), (2, 7), (3, 8), (100, 8)] {
        assert_eq!(walked(&ctx, WalkOptions::new().with_max_depth(levels)).await.len(), expected, "{levels} levels");
    }
}

async fn one_folder_at_a_time_finds_the_same(ctx: Ctx) {
    for number in 0..12 {
        let folder = ctx.folder(&format!("folder {number}")).await;
        folder_in(&*ctx.store, &folder, "inside").await;
    }
    let mut found = Vec::new();
    for concurrency in [1, 2, 64] {
        let list = ListOptions::new().with_page_size(5);
        let options = WalkOptions::new().with_concurrency(concurrency).with_list(list);
        found.push(walked(&ctx, options).await.into_iter().collect::<BTreeSet<_>>());
    }
    assert_eq!(found[0].len(), 24);
    assert!(found.iter().all(|other| *other == found[0]));
}

async fn an_empty_folder_has_nothing(ctx: Ctx) {
    assert!(walked(&ctx, WalkOptions::new()).await.is_empty());
    assert!(ctx.tree().await.is_empty());
}

async fn a_missing_folder_is_an_error(ctx: Ctx) {
    let gone = gone_folder(&ctx).await;
    let walked = ctx.store.walk(&gone, WalkOptions::new()).try_collect::<Vec<_>>().await;
    fails(walked, ErrorKind::NotFound, &[gone.id.as_str()]);
}

async fn items_are_those_of_one_folder(ctx: Ctx) {
    plant(&ctx).await;
    let items: Vec<_> = ctx.store.items(ctx.here(), ListOptions::new().with_page_size(1)).try_collect().await.unwrap();
    assert_eq!(items.len(), 3);
}

/// Writes a local tree: every size that matters, names that are difficult but possible everywhere.
fn write_tree(root: &Path) -> BTreeMap<String, Option<Vec<u8>>> {
    let mut expected = BTreeMap::new();
    for folder in ["a", "a/b", "a/b/c", "empty", "ünïcode 日本語", "50% + #1 & 'q'"] {
        fs::create_dir_all(root.join(folder)).unwrap();
        expected.insert(format!("/{folder}"), None);
    }
    for (file, length) in [
        ("zero.bin", 0),
        ("a/one.bin", 1),
        ("a/b/thousand.bin", 1000),
        ("a/b/c/large.bin", 2 * MIB + 1),
        ("ünïcode 日本語/🦀.bin", 77),
        ("50% + #1 & 'q'/plus+and&.bin", 78),
    ] {
        let bytes = content(length, length as u64);
        fs::write(root.join(file), &bytes).unwrap();
        expected.insert(format!("/{file}"), Some(bytes.to_vec()));
    }
    expected
}

/// What a local directory holds.
fn read_tree(root: &Path, below: &str, found: &mut BTreeMap<String, Option<Vec<u8>>>) {
    for entry in fs::read_dir(root.join(below.trim_start_matches('/'))).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{below}/{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            found.insert(path.clone(), None);
            read_tree(root, &path, found);
        } else {
            found.insert(path, Some(fs::read(entry.path()).unwrap()));
        }
    }
}

/// The paths of the entries, each once.
fn paths(entries: &[TreeEntry]) -> BTreeSet<String> {
    let paths: BTreeSet<_> = entries.iter().map(|entry| entry.path.to_string()).collect();
    assert_eq!(paths.len(), entries.len(), "each is reported once");
    paths
}

async fn a_local_tree_there_and_back(ctx: Ctx) {
    let (here, back) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let expected = write_tree(here.path());
    let total: usize = expected.values().flatten().map(Vec::len).sum();
    let progress = Progress::new();
    let options =
        || TreeOptions::new().with_durable(false).with_transfer(TransferOptions::new().with_progress(progress.clone()));

    let up: Vec<_> = ctx.store.upload_dir(here.path(), ctx.here(), options()).try_collect().await.unwrap();
    assert_eq!(paths(&up), expected.keys().cloned().collect());
    let verified = |entry: &TreeEntry| match &entry.outcome {
        TreeOutcome::File { integrity, .. } => matches!(integrity, Integrity::Verified(_)),
        _ => true,
    };
    assert!(ctx.store.capabilities().digests.is_empty() || up.iter().all(verified));
    assert_eq!((progress.transferred(), progress.total()), (total as u64, total as u64));

    let down: Vec<_> = ctx.store.download_dir(ctx.here(), back.path(), options()).try_collect().await.unwrap();
    assert_eq!(paths(&down), expected.keys().cloned().collect());
    let mut found = BTreeMap::new();
    read_tree(back.path(), "", &mut found);
    assert!(found == expected, "{:?} instead of {:?}", found.keys(), expected.keys());
    assert_eq!(progress.transferred(), 2 * total as u64);
}

async fn a_tree_sent_twice_is_refused_or_a_new_version(ctx: Ctx) {
    let here = tempfile::tempdir().unwrap();
    fs::create_dir(here.path().join("sub")).unwrap();
    fs::write(here.path().join("a.txt"), "old").unwrap();
    fs::write(here.path().join("sub/b.txt"), "old").unwrap();
    ctx.store.upload_dir(here.path(), ctx.here(), TreeOptions::new()).try_collect::<Vec<_>>().await.unwrap();
    let before = ctx.tree().await;

    fs::write(here.path().join("a.txt"), "new").unwrap();
    fs::write(here.path().join("sub/b.txt"), "new").unwrap();
    let again: Vec<_> = ctx.store.upload_dir(here.path(), ctx.here(), TreeOptions::new()).collect().await;
    let (done, refused): (Vec<_>, Vec<_>) = again.into_iter().partition(Result::is_ok);
    assert_eq!(done.len(), 1, "the folder is used again");
    assert_eq!(refused.len(), 2, "each file is refused, and one does not stop the other");
    for error in refused {
        fails(error, ErrorKind::AlreadyExists, &["a.txt", "b.txt"]);
    }
    assert_eq!(ctx.tree().await, before);

    let replace = TreeOptions::new().with_on_conflict(OnConflict::NewVersion);
    ctx.store.upload_dir(here.path(), ctx.here(), replace).try_collect::<Vec<_>>().await.unwrap();
    let after = ctx.tree().await;
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    assert_eq!(after["/sub/b.txt"], super::support::Node::File("new".into()));
}

async fn a_cancelled_tree_ends_in_an_error(ctx: Ctx) {
    let here = tempfile::tempdir().unwrap();
    for number in 0..20 {
        fs::write(here.path().join(format!("{number}.txt")), "x").unwrap();
    }
    let cancel = CancelToken::new();
    let options =
        TreeOptions::new().with_concurrency(1).with_transfer(TransferOptions::new().with_cancel(cancel.clone()));
    let mut entries = ctx.store.upload_dir(here.path(), ctx.here(), options);
    assert!(entries.next().await.unwrap().is_ok());
    cancel.cancel();
    let rest: Vec<_> = entries.collect().await;
    let last = rest.into_iter().last().unwrap();
    fails(last, ErrorKind::Cancelled, &["cancelled"]);
    assert!(ctx.names().await.len() < 20);
}

async fn a_bad_local_name_harms_no_other(ctx: Ctx) {
    let rules = &ctx.store.capabilities().names;
    let Some(bad) = ["a:b.txt", "a\\b.txt", "a|b.txt", "a*b.txt"].into_iter().find(|name| rules.check(name).is_err())
    else {
        // Nothing that a local file may be called is refused here.
        assert!(rules.forbidden.is_empty());
        return;
    };
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join(bad), "bad").unwrap();
    fs::write(here.path().join("good.txt"), "good").unwrap();
    let done: Vec<_> = ctx.store.upload_dir(here.path(), ctx.here(), TreeOptions::new()).collect().await;
    let (good, refused): (Vec<_>, Vec<_>) = done.into_iter().partition(Result::is_ok);
    assert_eq!((good.len(), refused.len()), (1, 1));
    for error in refused {
        fails(error, ErrorKind::InvalidName, &[bad, &bad.escape_debug().to_string()]);
    }
    assert_eq!(ctx.names().await, ["good.txt"]);
}

/// Names that a target may take for one: by case, and by the composition of letters.
const TWINS: [[&str; 2]; 3] = [["LICENSE", "license"], ["Docs", "docs"], ["caf\u{e9}.txt", "cafe\u{301}.txt"]];

/// Which of the twins must not be together on this target: what is not known counts.
fn met(ctx: &Ctx) -> Vec<[&'static str; 2]> {
    let rules = &ctx.store.capabilities().names;
    let one = [!rules.case_sensitive, !rules.case_sensitive, rules.composition_sensitive != Some(true)];
    TWINS.into_iter().zip(one).filter(|(_, one)| *one).map(|(twins, _)| twins).collect()
}

/// Of the twins that meet, one of each is reported and there, and the other one is an error that names both.
async fn check_twins(ctx: &Ctx, done: Vec<sharesync::Result<TreeEntry>>) {
    let (good, refused): (Vec<_>, Vec<_>) = done.into_iter().partition(Result::is_ok);
    let good: Vec<_> = good.into_iter().map(Result::unwrap).collect();
    let met = met(ctx);
    assert_eq!(refused.len(), met.len(), "{refused:?}");
    for error in refused.into_iter().map(Result::unwrap_err) {
        assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}");
        let subject = error.subject().unwrap().trim_start_matches('/').to_owned();
        let twins = met.iter().find(|twins| twins.contains(&&*subject)).unwrap();
        let other = twins.iter().find(|name| **name != subject).unwrap();
        assert!(paths(&good).contains(&format!("/{other}")), "{error}");
    }
    let reported: BTreeSet<_> = good.iter().map(|entry| entry.path.to_string()).collect();
    let there: BTreeSet<_> = ctx.tree().await.into_keys().collect();
    assert_eq!(there, reported, "what is reported is there, and nothing else");
    for entry in good {
        let (path, TreeOutcome::File { item, .. }) = (entry.path.to_string(), entry.outcome) else { continue };
        same(&ctx.read(&item).await, format!("content of {path}").as_bytes());
    }
}

async fn names_that_are_one_on_the_target_do_not_meet(ctx: Ctx) {
    let here = tempfile::tempdir().unwrap();
    for [one, other] in TWINS {
        for name in [one, other] {
            if name.eq_ignore_ascii_case("docs") {
                fs::create_dir(here.path().join(name)).unwrap();
                fs::write(here.path().join(name).join("a.txt"), format!("content of /{name}/a.txt")).unwrap();
            } else {
                fs::write(here.path().join(name), format!("content of /{name}")).unwrap();
            }
        }
    }
    for on_conflict in [OnConflict::Fail, OnConflict::NewVersion] {
        let to = ctx.alone().await;
        let options = TreeOptions::new().with_on_conflict(on_conflict);
        let done = to.store.upload_dir(here.path(), to.here(), options).collect().await;
        check_twins(&to, done).await;
    }
}

async fn what_is_there_under_another_spelling_is_not_replaced(ctx: Ctx) {
    let met: Vec<_> = met(&ctx);
    for [one, other] in TWINS {
        let is_folder = one == "Docs";
        for on_conflict in [OnConflict::Fail, OnConflict::NewVersion] {
            let to = ctx.alone().await;
            let (here, before) =
                (tempfile::tempdir().unwrap(), if is_folder { None } else { Some(to.put(one, "before").await) });
            if is_folder {
                to.folder(one).await;
                fs::create_dir(here.path().join(other)).unwrap();
            } else {
                fs::write(here.path().join(other), "after").unwrap();
            }
            let options = TreeOptions::new().with_on_conflict(on_conflict);
            let done: Vec<_> = to.store.upload_dir(here.path(), to.here(), options).collect().await;
            if met.contains(&[one, other]) && on_conflict == OnConflict::NewVersion
                || is_folder && met.contains(&[one, other])
            {
                let error = done.into_iter().next().unwrap();
                fails(error, ErrorKind::AlreadyExists, &[format!("{other:?}").trim_matches('"')]);
                assert_eq!(to.names().await, [one]);
            }
            if let Some(before) = before {
                same(&to.read(&before).await, b"before");
            }
        }
    }
}

async fn a_file_to_another_store(ctx: Ctx) {
    let other = ctx.alone().await;
    let time: Timestamp = "2021-07-04T05:06:07Z".parse().unwrap();
    let (_, several) = ctx.several_parts().await;
    for length in [0, 1000, MIB + 1, several] {
        let (name, sent) = (format!("{length}.bin"), content(length, 81));
        let request = UploadRequest::new(ctx.here(), &name).with_modified(time);
        let file = ctx.store.upload_bytes(sent.clone(), request, TransferOptions::new()).await.unwrap().item;
        let request = UploadRequest::new(other.here(), &name);
        let done = ctx.store.copy_between(&file, &*other.store, request, TransferOptions::new()).await.unwrap();
        let copy = other.store.stat(&ItemRef::from(&done.item)).await.unwrap();
        modified_as_declared(&other, copy.modified, time);
        same(&other.read(&done.item).await, &sent);
    }
    assert_eq!(other.names().await.len(), 4);
}

async fn a_taken_name_in_the_other_store_is_refused(ctx: Ctx) {
    let other = ctx.alone().await;
    let file = ctx.put("a.txt", "copied").await;
    let there = other.put("a.txt", "there before").await;
    let request = UploadRequest::new(other.here(), "a.txt");
    let done = ctx.store.copy_between(&file, &*other.store, request, TransferOptions::new()).await;
    fails(done, ErrorKind::AlreadyExists, &["a.txt"]);
    same(&other.read(&there).await, b"there before");
}

async fn a_missing_file_is_not_found(ctx: Ctx) {
    let gone = super::support::gone(&ctx).await;
    let request = UploadRequest::new(ctx.here(), "copy.txt");
    let done = ctx.store.copy_between(&gone, &*ctx.store, request, TransferOptions::new()).await;
    fails(done, ErrorKind::NotFound, &[gone.id.as_str()]);
    assert!(ctx.names().await.is_empty());
}

async fn a_tree_to_another_store(ctx: Ctx) {
    plant(&ctx).await;
    let other = Arc::new(ctx.alone().await);
    let copied: Vec<_> = ctx
        .store
        .copy_dir_between(ctx.here(), &*other.store, other.here(), TreeOptions::new())
        .try_collect()
        .await
        .unwrap();
    assert_eq!(copied.len(), 8);
    assert_eq!(tree(&*other.store, other.here()).await, tree(&*ctx.store, ItemRef::from(&ctx.folder)).await);
}
