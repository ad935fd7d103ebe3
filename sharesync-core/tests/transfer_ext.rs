//! What every store gains: walking, resolving, local files, trees, copies from store to store.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

mod transfer_support;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use sharesync_core::transfer::{CancelToken, Integrity, PartPlan, Progress, TransferOptions, UploadRequest};
use sharesync_core::{
    DownloadToOptions, ErrorKind, ItemKind, ItemRef, ListOptions, OnConflict, Operation, RemotePath, RemoteStore,
    RemoteStoreExt, Result, Revision, Timestamp, TreeEntry, TreeOptions, TreeOutcome, WalkOptions,
};
use transfer_support::{Fake, Fault, content, md5};

const PARALLEL: PartPlan = PartPlan::Parallel { part_size: 100_000, max_in_flight: 4 };

fn path(text: &str) -> RemotePath {
    text.parse().unwrap()
}

/// `/a/b/deep.txt`, `/a/x0`…`x4`, `/top.txt`.
fn small_tree() -> Fake {
    let store = Fake::new(PARALLEL);
    store.put("root", "a", "a", None);
    store.put("a", "b", "b", None);
    store.put("b", "deep", "deep.txt", Some(content(10)));
    for n in 0..5 {
        store.put("a", &format!("x{n}"), &format!("x{n}"), Some(content(n)));
    }
    store.put("root", "top", "top.txt", Some(content(20)));
    store
}

async fn paths(store: &dyn RemoteStore, options: WalkOptions) -> Vec<String> {
    let mut found: Vec<_> =
        store.walk(ItemRef::Root, options).map_ok(|(path, _)| path.to_string()).try_collect().await.unwrap();
    found.sort();
    found
}

#[tokio::test]
async fn a_walk_finds_everything_once_with_its_path() {
    let store: Arc<dyn RemoteStore> = Arc::new(small_tree());
    let all = ["/a", "/a/b", "/a/b/deep.txt", "/a/x0", "/a/x1", "/a/x2", "/a/x3", "/a/x4", "/top.txt"];
    for concurrency in [1, 8] {
        assert_eq!(paths(&store, WalkOptions::new().with_concurrency(concurrency)).await, all);
    }
    assert_eq!(paths(&*store, WalkOptions::new().with_max_depth(0)).await, ["/a", "/top.txt"]);
    assert_eq!(paths(&*store, WalkOptions::new().with_max_depth(1)).await.len(), 8);

    let items: Vec<_> = store.items(ItemRef::Root, ListOptions::new()).try_collect().await.unwrap();
    assert_eq!(items.len(), 2);
    let from_a: Vec<_> = store.walk(ItemRef::Path(path("/a/b")), WalkOptions::new()).try_collect().await.unwrap();
    assert_eq!(from_a.len(), 1);
    assert_eq!(from_a[0].0, path("/deep.txt"), "paths count from where the walk began");
}

#[tokio::test]
async fn a_walk_survives_hostile_names_cycles_and_endless_depth() {
    let store = small_tree();
    for (id, name) in [("h1", ".."), ("h2", "a/b"), ("h3", ""), ("h4", "nul\0")] {
        store.put("a", id, name, None);
        store.put(id, &format!("{id}-in"), "inside", Some(content(1)));
    }
    let found: Vec<_> = store.walk(ItemRef::Root, WalkOptions::new()).collect().await;
    let (good, bad): (Vec<_>, Vec<_>) = found.into_iter().partition(Result::is_ok);
    assert_eq!((good.len(), bad.len()), (9, 4), "what is below a hostile name is not entered");
    for error in bad {
        assert_eq!(error.unwrap_err().kind(), ErrorKind::InvalidName);
    }

    let store = Fake::new(PARALLEL);
    store.put("root", "loop", "loop", None);
    store.edit("loop", |item| item.parent = Some("loop".into()));
    let found: Vec<_> = store.walk(ItemRef::Id("loop".into()), WalkOptions::new()).collect().await;
    let errors: Vec<_> = found.iter().filter_map(|found| found.as_ref().err()).collect();
    assert_eq!((found.len(), errors.len()), (3, 1), "seen, entered once, seen again, refused");
    assert_eq!(errors[0].kind(), ErrorKind::Protocol);

    let store = Fake::new(PARALLEL);
    let mut parent = "root".to_owned();
    for level in 0..300 {
        let id = format!("d{level}");
        store.put(&parent, &id, "d", None);
        parent = id;
    }
    let found: Vec<_> = store.walk(ItemRef::Root, WalkOptions::new()).collect().await;
    assert_eq!(found.iter().filter(|found| found.is_err()).count(), 1);
    assert_eq!(found.len(), 258);
}

#[tokio::test]
async fn paths_are_resolved_with_and_without_help_of_the_service() {
    for store in [small_tree(), small_tree().without(Operation::StatByPath)] {
        assert_eq!(store.resolve(&path("/a/b/deep.txt")).await.unwrap().id.as_str(), "deep");
        assert_eq!(store.resolve(&path("/")).await.unwrap().id.as_str(), "root");
        for missing in ["/a/none", "/none/b", "/top.txt/x"] {
            assert_eq!(store.resolve(&path(missing)).await.unwrap_err().kind(), ErrorKind::NotFound, "{missing}");
            assert!(!store.exists(path(missing)).await.unwrap());
        }
        assert!(store.exists(path("/a/b")).await.unwrap());
        assert!(!store.exists(ItemRef::Id("nobody".into())).await.unwrap());
    }
    let mut store = small_tree().without(Operation::StatByPath);
    store.put("a", "upper", "X1", Some(content(1)));
    assert_eq!(store.resolve(&path("/a/X2")).await.unwrap_err().kind(), ErrorKind::NotFound);
    store.capabilities.names = store.capabilities.names.clone().with_case_sensitive(false);
    assert_eq!(store.resolve(&path("/A/X2")).await.unwrap().id.as_str(), "x2");
    assert_eq!(store.resolve(&path("/a/X1")).await.unwrap().id.as_str(), "upper", "the exact name is preferred");
    assert_eq!(store.resolve(&path("/a/x1")).await.unwrap().id.as_str(), "x1");
}

#[tokio::test]
async fn missing_folders_are_created_and_existing_ones_used() {
    for store in [small_tree(), small_tree().without(Operation::StatByPath)] {
        let made = store.create_folder_all(&path("/a/b/c/d")).await.unwrap();
        assert_eq!((made.name.as_str(), made.kind.clone()), ("d", ItemKind::Folder));
        assert_eq!(store.create_folder_all(&path("/a/b/c/d")).await.unwrap().id, made.id);
        assert_eq!(store.create_folder_all(&RemotePath::root()).await.unwrap().id.as_str(), "root");
        assert_eq!(store.create_folder_all(&path("/top.txt")).await.unwrap_err().kind(), ErrorKind::Conflict);
        assert_eq!(store.create_folder_all(&path("/new/a:b")).await.unwrap_err().kind(), ErrorKind::InvalidName);
        assert!(!store.exists(path("/new")).await.unwrap(), "nothing is created for a path that cannot be");
    }
}

#[tokio::test]
async fn a_local_file_goes_up_with_its_times_and_streams_go_up_too() {
    let directory = tempfile::tempdir().unwrap();
    let local = directory.path().join("local");
    let bytes = content(250_000);
    std::fs::write(&local, &bytes).unwrap();
    let modified: Timestamp = "2020-02-02T02:02:02Z".parse().unwrap();
    std::fs::File::options().write(true).open(&local).unwrap().set_modified(modified.into()).unwrap();

    let store: Arc<dyn RemoteStore> = Arc::new(Fake::new(PARALLEL));
    let request = |name: &str| UploadRequest::new(ItemRef::Root, name);
    let outcome = store.upload_file(&local, request("up"), TransferOptions::new()).await.unwrap();
    assert_eq!(outcome.integrity, Integrity::Verified(md5(&bytes)));
    assert_eq!(outcome.item.modified, Some(modified));

    let pieces: Vec<_> = bytes.chunks(999).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    let outcome = store.upload_stream(stream::iter(pieces), request("streamed"), TransferOptions::new()).await.unwrap();
    assert_eq!(outcome.integrity, Integrity::Verified(md5(&bytes)));
    let outcome = store.upload_bytes(bytes.clone(), request("bytes"), TransferOptions::new()).await.unwrap();
    assert_eq!(outcome.item.size, Some(250_000));
    let error = store.upload_file(&local, request("a/b"), TransferOptions::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidName);
}

fn names_in(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_download_becomes_a_file_with_its_time_and_replaces_nothing_unasked() {
    let directory = tempfile::tempdir().unwrap();
    let target = directory.path().join("target");
    let store = Fake::new(PARALLEL);
    let modified: Timestamp = "2021-03-04T05:06:07Z".parse().unwrap();
    for size in [0, 1, 3_000_001] {
        let bytes = content(size);
        store.put("root", "f", "f", Some(bytes.clone()));
        store.edit("f", |item| item.modified = Some(modified));
        let progress = Progress::new();
        let options = DownloadToOptions::new().with_progress(progress.clone()).with_durable(size != 1);
        let outcome = store.download_to(ItemRef::Id("f".into()), &target, options.clone()).await.unwrap();
        assert_eq!(outcome.integrity, Integrity::Verified(md5(&bytes)));
        assert_eq!(std::fs::read(&target).unwrap(), bytes);
        assert_eq!(std::fs::metadata(&target).unwrap().modified().unwrap(), modified.into());
        assert_eq!((progress.transferred(), progress.total()), (size as u64, size as u64));
        assert_eq!(names_in(directory.path()), ["target"]);

        let downloads = store.log().downloads;
        let error = store.download_to(ItemRef::Id("f".into()), &target, options.clone()).await.unwrap_err();
        assert_eq!((error.kind(), store.log().downloads), (ErrorKind::AlreadyExists, downloads));
        store.download_to(ItemRef::Id("f".into()), &target, options.with_overwrite(true)).await.unwrap();
        assert_eq!(names_in(directory.path()), ["target"]);
        std::fs::remove_file(&target).unwrap();
    }
}

#[tokio::test]
async fn a_partial_file_is_continued_and_verified_as_a_whole() {
    let directory = tempfile::tempdir().unwrap();
    let target = directory.path().join("target");
    let store = Fake::new(PARALLEL);
    let bytes = content(5_000_000);
    let item = store.put("root", "f", "f", Some(bytes.clone()));
    let get = |progress: &Progress| {
        store.download_to(&item, &target, DownloadToOptions::new().with_progress(progress.clone()))
    };

    store.breaks_after.store(2_000_000, Ordering::SeqCst);
    assert_eq!(get(&Progress::new()).await.unwrap_err().kind(), ErrorKind::Rejected);
    let partial = directory.path().join(&names_in(directory.path())[0]);
    assert_eq!(std::fs::metadata(&partial).unwrap().len(), 2_000_000, "all that arrived is kept");

    store.breaks_after.store(3_000_000, Ordering::SeqCst);
    let progress = Progress::new();
    assert_eq!(get(&progress).await.unwrap().integrity, Integrity::Verified(md5(&bytes)));
    assert_eq!(std::fs::read(&target).unwrap(), bytes, "the rest alone was fetched: it just fits under the break");
    assert_eq!((progress.transferred(), progress.total()), (5_000_000, 5_000_000));
    assert_eq!(names_in(directory.path()), ["target"]);
}

#[tokio::test]
async fn what_is_damaged_of_a_partial_file_is_fetched_again() {
    // Also where the service knows no digest, by which the whole could be checked.
    for digests in [true, false] {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("target");
        let store = Fake::new(PARALLEL);
        let bytes = content(5_000_000);
        let item = store.put("root", "f", "f", Some(bytes.clone()));
        if !digests {
            store.edit("f", |item| item.digests.clear());
        }
        let get = |progress: &Progress| {
            store.download_to(&item, &target, DownloadToOptions::new().with_progress(progress.clone()))
        };
        let damages: [fn(&mut Vec<u8>); 4] = [
            |partial| partial[1_500_000] ^= 1,
            |partial| partial.truncate(1_100_000),
            |partial| partial.resize(3_000_000, 0),
            |partial| partial.fill(0),
        ];
        for (damage, intact) in damages.into_iter().zip([1, 1, 1, 0]) {
            store.breaks_after.store(2_000_000, Ordering::SeqCst);
            get(&Progress::new()).await.unwrap_err();
            let partial = directory.path().join(&names_in(directory.path())[0]);
            let mut damaged = std::fs::read(&partial).unwrap();
            damage(&mut damaged);
            std::fs::write(&partial, damaged).unwrap();
            store.breaks_after.store(5_000_000 - intact * 1024 * 1024, Ordering::SeqCst);
            get(&Progress::new()).await.unwrap();
            assert!(std::fs::read(&target).unwrap() == bytes);
            assert_eq!(names_in(directory.path()), ["target"]);
            std::fs::remove_file(&target).unwrap();
        }
    }
}

#[tokio::test]
async fn a_partial_file_of_another_revision_is_not_continued() {
    let directory = tempfile::tempdir().unwrap();
    let target = directory.path().join("target");
    let store = Fake::new(PARALLEL);
    let bytes = content(5_000_000);
    let item = store.put("root", "f", "f", Some(bytes.clone()));
    let get = || store.download_to(&item, &target, DownloadToOptions::new());

    store.breaks_after.store(2_000_000, Ordering::SeqCst);
    get().await.unwrap_err();
    let newer = content(4_000_000);
    store.put("root", "f", "f", Some(newer.clone()));
    store.breaks_after.store(usize::MAX, Ordering::SeqCst);
    get().await.unwrap();
    assert_eq!(std::fs::read(&target).unwrap(), newer);
    assert_eq!(names_in(directory.path()), ["target"], "nobody would continue what was there of the older revision");

    std::fs::remove_file(&target).unwrap();
    for (size, known) in [(500_000, true), (4_000_000, false)] {
        store.put("root", "f", "f", Some(content(size)));
        if !known {
            store.edit("f", |item| (item.revision, item.digests) = (None, Vec::new()));
        }
        let before = names_in(directory.path());
        store.breaks_after.store(100_000, Ordering::SeqCst);
        get().await.unwrap_err();
        assert_eq!(names_in(directory.path()), before, "not worth or not safe to continue: {size}");
    }
}

#[tokio::test]
async fn a_wrong_digest_leaves_no_file_and_one_target_has_one_writer() {
    let directory = tempfile::tempdir().unwrap();
    let target = directory.path().join("target");
    let store = Fake::new(PARALLEL);
    let item = store.put("root", "f", "f", Some(content(2_000_000)));
    store.edit("f", |item| item.digests = vec![md5(b"other")]);
    let error = store.download_to(&item, &target, DownloadToOptions::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Integrity);
    assert!(names_in(directory.path()).is_empty());
    let unverified = DownloadToOptions::new().with_verify(false);
    let outcome = store.download_to(&item, &target, unverified).await.unwrap();
    assert_eq!(outcome.integrity, Integrity::Unverifiable);

    let other = store.put("root", "g", "g", Some(content(2_000_000)));
    store.breaks_after.store(1_000_000, Ordering::SeqCst);
    let target = directory.path().join("second");
    store.download_to(&other, &target, DownloadToOptions::new()).await.unwrap_err();
    let name = names_in(directory.path()).into_iter().find(|name| name.ends_with(".part")).unwrap();
    let held = std::fs::File::open(directory.path().join(name)).unwrap();
    held.lock().unwrap();
    let error = store.download_to(&other, &target, DownloadToOptions::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
}

async fn finish(
    stream: sharesync_core::BoxStream<'_, Result<TreeEntry>>,
) -> (Vec<TreeEntry>, Vec<sharesync_core::Error>) {
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for entry in stream.collect::<Vec<_>>().await {
        match entry {
            Ok(entry) => done.push(entry),
            Err(error) => failed.push(error),
        }
    }
    (done, failed)
}

fn local_tree(directory: &Path, folders: usize, files: usize) {
    for folder in 0..folders {
        let inside = directory.join(format!("folder {folder}/deep"));
        std::fs::create_dir_all(&inside).unwrap();
        for file in 0..files {
            std::fs::write(inside.join(format!("file #{file} ü.txt")), content(folder * 100 + file)).unwrap();
        }
    }
    std::fs::create_dir(directory.join("empty")).unwrap();
    std::fs::write(directory.join("big"), content(950_000)).unwrap();
}

fn same_tree(one: &Path, other: &Path) {
    assert_eq!(names_in(one), names_in(other));
    for name in names_in(one) {
        let (one, other) = (one.join(&name), other.join(&name));
        if one.is_dir() {
            same_tree(&one, &other)
        } else {
            assert_eq!(std::fs::read(one).unwrap(), std::fs::read(other).unwrap())
        }
    }
}

#[tokio::test]
async fn trees_go_up_across_and_down_unchanged() {
    let local = tempfile::tempdir().unwrap();
    local_tree(local.path(), 5, 30);
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc", local.path().join("link")).unwrap();
    let (files, folders, bytes) =
        (151, 11, (0..5).map(|f| (0..30).map(|n| f * 100 + n).sum::<u64>()).sum::<u64>() + 950_000);

    let first = Fake::new(PARALLEL);
    let progress = Progress::new();
    let options = || TreeOptions::new().with_transfer(TransferOptions::new().with_progress(progress.clone()));
    let (done, failed) = finish(first.upload_dir(local.path(), ItemRef::Root, options())).await;
    assert!(failed.is_empty(), "{failed:?}");
    let count = |wanted: fn(&TreeOutcome) -> bool| done.iter().filter(|entry| wanted(&entry.outcome)).count();
    assert_eq!(count(|outcome| matches!(outcome, TreeOutcome::File { integrity: Integrity::Verified(_), .. })), files);
    assert_eq!(count(|outcome| matches!(outcome, TreeOutcome::Folder(_))), folders);
    assert_eq!(count(|outcome| matches!(outcome, TreeOutcome::Skipped)), usize::from(cfg!(unix)));
    assert_eq!((progress.transferred(), progress.total()), (bytes, bytes));
    assert!(first.most.load(Ordering::SeqCst) > 8, "many files at once");

    let second = Fake::new(PartPlan::Single);
    let (done, failed) = finish(first.copy_dir_between(ItemRef::Root, &second, ItemRef::Root, options())).await;
    assert!(failed.is_empty(), "{failed:?}");
    assert_eq!(done.len(), files + folders);

    let back = tempfile::tempdir().unwrap();
    let (done, failed) = finish(second.download_dir(ItemRef::Root, back.path(), options())).await;
    assert!(failed.is_empty(), "{failed:?}");
    assert_eq!(done.len(), files + folders);
    #[cfg(unix)]
    std::fs::remove_file(local.path().join("link")).unwrap();
    same_tree(local.path(), back.path());
    assert_eq!((progress.transferred(), progress.total()), (3 * bytes, 3 * bytes));

    let (done, failed) = finish(second.download_dir(ItemRef::Root, back.path(), options())).await;
    assert_eq!((done.len(), failed.len()), (folders, files), "existing files are not replaced");
    assert!(failed.iter().all(|error| error.kind() == ErrorKind::AlreadyExists && error.subject().is_some()));
    let replacing = options().with_on_conflict(OnConflict::NewVersion);
    let (_, failed) = finish(second.download_dir(ItemRef::Root, back.path(), replacing)).await;
    assert!(failed.is_empty(), "{failed:?}");
}

#[tokio::test]
async fn one_failure_does_not_stop_a_tree_and_names_its_path() {
    let local = tempfile::tempdir().unwrap();
    local_tree(local.path(), 2, 3);
    std::fs::write(local.path().join("bad:name"), "x").unwrap();
    std::fs::create_dir(local.path().join("bad:folder")).unwrap();
    std::fs::write(local.path().join("bad:folder/inside"), "x").unwrap();
    let store = Fake::new(PARALLEL);
    let (done, failed) = finish(store.upload_dir(local.path(), ItemRef::Root, TreeOptions::new())).await;
    assert_eq!((done.len(), failed.len()), (12, 2));
    let mut subjects: Vec<_> = failed.iter().map(|error| (error.kind(), error.subject().unwrap())).collect();
    subjects.sort_by_key(|(_, subject)| *subject);
    assert_eq!(subjects, [(ErrorKind::InvalidName, "/bad:folder"), (ErrorKind::InvalidName, "/bad:name")]);
}

#[tokio::test]
async fn hostile_names_never_leave_the_directory() {
    let outside = tempfile::tempdir().unwrap();
    let inside = outside.path().join("inside");
    std::fs::create_dir(&inside).unwrap();
    let store = Fake::new(PARALLEL);
    for (n, name) in ["../evil", "..", "/etc/evil", "a\0b", ".", ""].into_iter().enumerate() {
        store.put("root", &format!("file{n}"), name, Some(content(10)));
        store.put("root", &format!("folder{n}"), name, None);
        store.put(&format!("folder{n}"), &format!("inside{n}"), "evil", Some(content(10)));
    }
    store.put("root", "good", "good", Some(content(10)));
    let (done, failed) = finish(store.download_dir(ItemRef::Root, &inside, TreeOptions::new())).await;
    assert_eq!((done.len(), failed.len()), (1, 12));
    assert!(failed.iter().all(|error| error.kind() == ErrorKind::InvalidName), "{failed:?}");
    assert_eq!((names_in(outside.path()), names_in(&inside)), (vec!["inside".to_owned()], vec!["good".to_owned()]));
}

#[cfg(unix)]
#[tokio::test]
async fn local_links_never_lead_a_download_out_of_the_directory() {
    use std::os::unix::fs::symlink;
    let outside = tempfile::tempdir().unwrap();
    let (inside, elsewhere) = (outside.path().join("inside"), outside.path().join("elsewhere"));
    for directory in [&inside, &elsewhere] {
        std::fs::create_dir(directory).unwrap();
    }
    std::fs::write(elsewhere.join("kept"), "kept").unwrap();
    symlink(&elsewhere, inside.join("folder")).unwrap();
    symlink(elsewhere.join("kept"), inside.join("file")).unwrap();
    let store = Fake::new(PARALLEL);
    store.put("root", "folder", "folder", None);
    store.put("folder", "evil", "evil", Some(content(10)));
    store.put("root", "file", "file", Some(content(10)));
    let replacing = TreeOptions::new().with_on_conflict(OnConflict::NewVersion);
    let (done, failed) = finish(store.download_dir(ItemRef::Root, &inside, replacing)).await;
    assert_eq!((done.len(), failed.len()), (1, 1), "the link in the place of the file is replaced");
    assert_eq!((failed[0].kind(), failed[0].subject()), (ErrorKind::Io, Some("/folder")), "{}", failed[0]);
    assert_eq!(std::fs::read(inside.join("file")).unwrap(), content(10));
    assert_eq!(names_in(&elsewhere), ["kept"]);
    assert_eq!(std::fs::read(elsewhere.join("kept")).unwrap(), b"kept");

    // Whoever may write to the directory could have foreseen the name of the partial file.
    let big = store.put("root", "big", "big", Some(content(3_000_000)));
    store.breaks_after.store(2_000_000, Ordering::SeqCst);
    store.download_to(&big, inside.join("big"), DownloadToOptions::new()).await.unwrap_err();
    let partial = names_in(&inside).into_iter().find(|name| name.ends_with(".part")).unwrap();
    std::fs::remove_file(inside.join(&partial)).unwrap();
    symlink(elsewhere.join("kept"), inside.join(&partial)).unwrap();
    store.breaks_after.store(usize::MAX, Ordering::SeqCst);
    let error = store.download_to(&big, inside.join("big"), DownloadToOptions::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert_eq!(std::fs::read(elsewhere.join("kept")).unwrap(), b"kept");
}

#[tokio::test]
async fn two_items_of_one_name_never_replace_each_other() {
    let store = Fake::new(PARALLEL);
    store.put("root", "one", "same", Some(content(10)));
    store.put("root", "two", "same", Some(content(20)));
    store.put("root", "other", "other", None);
    store.put("other", "three", "same", Some(content(30)));
    for on_conflict in [OnConflict::Fail, OnConflict::NewVersion] {
        let local = tempfile::tempdir().unwrap();
        let options = TreeOptions::new().with_on_conflict(on_conflict);
        let (done, failed) = finish(store.download_dir(ItemRef::Root, local.path(), options)).await;
        assert_eq!((done.len(), failed.len()), (3, 1), "{on_conflict:?}");
        assert_eq!((failed[0].kind(), failed[0].subject()), (ErrorKind::AlreadyExists, Some("/same")));
        assert_eq!(names_in(local.path()), ["other", "same"], "{on_conflict:?}");
    }
}

#[tokio::test]
async fn a_cancelled_tree_ends_with_one_error() {
    let local = tempfile::tempdir().unwrap();
    local_tree(local.path(), 3, 10);
    let store = Fake::new(PARALLEL).with_script(|_, time| if time > 5 { Fault::Hang } else { Fault::None });
    let cancel = CancelToken::new();
    let options = TreeOptions::new().with_transfer(TransferOptions::new().with_cancel(cancel.clone()));
    let mut stream = store.upload_dir(local.path(), ItemRef::Root, options);
    let mut files = 0;
    while files < 5 {
        if let TreeOutcome::File { .. } = stream.next().await.unwrap().unwrap().outcome {
            files += 1;
        }
    }
    cancel.cancel();
    let rest: Vec<_> = stream.collect().await;
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0].as_ref().unwrap_err().kind(), ErrorKind::Cancelled);
}

#[tokio::test]
async fn a_file_is_copied_between_stores_whatever_the_plan() {
    for plan in [PartPlan::Single, PartPlan::Sequential { part_size: 300_000 }, PARALLEL] {
        for size in [0, 1000, 3_000_000] {
            let (source, target) = (Fake::new(PARALLEL), Fake::new(plan));
            let bytes = content(size);
            let item = source.put("root", "f", "f", Some(bytes.clone()));
            let modified: Timestamp = "2021-03-04T05:06:07Z".parse().unwrap();
            source.edit("f", |item| item.modified = Some(modified));
            let request = UploadRequest::new(ItemRef::Root, "copy");
            let outcome = source.copy_between(&item, &target, request, TransferOptions::new()).await.unwrap();
            assert_eq!(outcome.integrity, Integrity::Verified(md5(&bytes)), "{plan:?} {size}");
            assert_eq!(outcome.item.modified, Some(modified));
            assert_eq!(target.file("copy").unwrap(), bytes);
        }
    }
}

#[tokio::test]
async fn a_copy_of_content_that_fails_its_check_is_not_committed() {
    for plan in [PartPlan::Sequential { part_size: 300_000 }, PARALLEL] {
        for size in [1000, 3_000_000] {
            let (source, target) = (Fake::new(PARALLEL), Fake::new(plan));
            let item = source.put("root", "f", "f", Some(content(size)));
            source.edit("f", |item| item.digests = vec![md5(b"other")]);
            source.edit("f", |item| item.revision = Some(Revision::new("r")));
            let request = UploadRequest::new(ItemRef::Root, "copy");
            let error = source.copy_between(&item, &target, request, TransferOptions::new()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Integrity, "{plan:?} {size}");
            assert!(target.file("copy").is_none());
            assert_eq!(target.log().finishes, 0);
        }
    }
}
