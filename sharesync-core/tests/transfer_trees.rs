//! Trees and what may go wrong with them: names that are one on the target, links that appear meanwhile, files that lie.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

mod transfer_support;

use std::fs;
use std::path::Path;

use futures::StreamExt as _;
use sharesync_core::transfer::{PartPlan, TransferOptions, UploadRequest};
use sharesync_core::{
    BoxStream, DownloadToOptions, Error, ErrorKind, ItemRef, OnConflict, RemoteStore as _, RemoteStoreExt as _, Result,
    TreeEntry, TreeOptions, TreeOutcome,
};
use transfer_support::{Fake, content};

const COMPOSED: &str = "\u{e9}t\u{e9}";
const DECOMPOSED: &str = "e\u{301}te\u{301}";

fn store(case_sensitive: bool, composition_sensitive: Option<bool>) -> Fake {
    let mut store = Fake::new(PartPlan::Single);
    let mut names = store.capabilities.names.clone().with_case_sensitive(case_sensitive);
    names.composition_sensitive = composition_sensitive;
    store.capabilities.names = names;
    store
}

async fn finish(stream: BoxStream<'_, Result<TreeEntry>>) -> (Vec<TreeEntry>, Vec<Error>) {
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for entry in stream.collect::<Vec<_>>().await {
        match entry {
            Ok(entry) => done.push(entry),
            Err(error) => failed.push(error),
        }
    }
    (done, failed)
}

fn names_in(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Checks that one of two names was refused, and that the error names the other one.
fn one_of_two(failed: &[Error], one: &str, other: &str) {
    assert_eq!(failed.len(), 1, "{failed:?}");
    let (error, subject) = (failed[0].to_string(), failed[0].subject().unwrap().trim_start_matches('/').to_owned());
    assert_eq!(failed[0].kind(), ErrorKind::AlreadyExists, "{error}");
    assert!([one, other].contains(&&*subject), "{error}");
    let named = if subject == one { other } else { one };
    assert!(error.contains(&format!("{named:?}")), "{error} does not name {named}");
}

/// Two names, on which stores they are one, and whether they are folders.
fn pairs() -> Vec<(&'static str, &'static str, Fake, bool)> {
    let mut pairs = Vec::new();
    for folders in [false, true] {
        pairs.push(("LICENSE", "license", store(false, Some(true)), folders));
        pairs.push((COMPOSED, DECOMPOSED, store(true, Some(false)), folders));
        pairs.push((COMPOSED, DECOMPOSED, store(true, None), folders));
    }
    pairs
}

/// Linux alone keeps both of such names on every usual file system.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn of_two_names_that_are_one_on_the_target_one_is_uploaded() {
    for on_conflict in [OnConflict::Fail, OnConflict::NewVersion] {
        for (one, other, target, folders) in pairs() {
            let local = tempfile::tempdir().unwrap();
            for name in [one, other] {
                let path = local.path().join(name);
                if folders {
                    fs::create_dir(&path).unwrap()
                } else {
                    fs::write(&path, name).unwrap()
                }
                if folders {
                    fs::write(path.join("inside"), name).unwrap();
                }
            }
            let options = TreeOptions::new().with_on_conflict(on_conflict);
            let (done, failed) = finish(target.upload_dir(local.path(), ItemRef::Root, options)).await;
            one_of_two(&failed, one, other);
            assert_eq!(done.len(), if folders { 2 } else { 1 });
            let kept = done.iter().find(|entry| !entry.path.to_string().ends_with("inside")).unwrap();
            let file = if folders { "inside" } else { kept.path.name().unwrap() };
            assert_eq!(target.file(file).unwrap(), kept.path.name().unwrap(), "content of the one that is reported");
        }
    }
    let local = tempfile::tempdir().unwrap();
    for name in ["LICENSE", "license", COMPOSED, DECOMPOSED] {
        fs::write(local.path().join(name), name).unwrap();
    }
    let (done, failed) =
        finish(store(true, Some(true)).upload_dir(local.path(), ItemRef::Root, TreeOptions::new())).await;
    assert_eq!((done.len(), failed.len()), (4, 0), "where they are different names, nothing is refused");
}

#[tokio::test]
async fn of_two_names_that_are_one_on_the_target_one_is_copied() {
    for on_conflict in [OnConflict::Fail, OnConflict::NewVersion] {
        for (one, other, target, folders) in pairs() {
            let source = store(true, Some(true));
            for name in [one, other] {
                source.put("root", name, name, (!folders).then(|| content(10)));
                source.put(name, &format!("in {name}"), "inside", folders.then(|| content(20)));
            }
            let options = TreeOptions::new().with_on_conflict(on_conflict);
            let (done, failed) = finish(source.copy_dir_between(ItemRef::Root, &target, ItemRef::Root, options)).await;
            one_of_two(&failed, one, other);
            assert_eq!(done.len(), if folders { 2 } else { 1 });
        }
    }
}

#[tokio::test]
async fn what_is_there_under_another_spelling_is_somebody_elses() {
    for on_conflict in [OnConflict::Fail, OnConflict::NewVersion] {
        for (one, other, target, folders) in pairs() {
            if target.capabilities.names.case_sensitive {
                continue;
            }
            target.put("root", "theirs", one, (!folders).then(|| content(10)));
            let source = store(true, Some(true));
            source.put("root", "x", other, (!folders).then(|| content(20)));
            source.put("x", "in", "inside", folders.then(|| content(30)));
            source.put("root", "fine", "fine", Some(content(5)));
            let local = tempfile::tempdir().unwrap();
            if folders {
                fs::create_dir(local.path().join(other)).unwrap();
                fs::write(local.path().join(other).join("inside"), "x").unwrap();
            } else {
                fs::write(local.path().join(other), "x").unwrap();
            }
            let options = || TreeOptions::new().with_on_conflict(on_conflict);
            let copied = finish(source.copy_dir_between(ItemRef::Root, &target, ItemRef::Root, options())).await;
            let sent = finish(target.upload_dir(local.path(), ItemRef::Root, options())).await;
            for ((done, failed), others) in [(copied, 1), (sent, 0)] {
                assert_eq!((done.len(), failed.len()), (others, 1), "{on_conflict:?} {one} {folders}: {failed:?}");
                assert_eq!(
                    (failed[0].kind(), failed[0].subject()),
                    (ErrorKind::AlreadyExists, Some(&*format!("/{other}")))
                );
                // Without replacement it is the service that refuses a file, in its own words.
                let named = failed[0].to_string().contains(&format!("{one:?}"));
                assert!(named || on_conflict == OnConflict::Fail && !folders, "{}", failed[0]);
            }
            if !folders {
                assert_eq!(target.file(one).unwrap(), content(10));
            }
            assert!(target.file("inside").is_none(), "nothing is put into their folder");
        }
    }
}

#[tokio::test]
async fn the_same_spelling_becomes_a_new_version_also_in_folders() {
    let target = store(false, None);
    target.put("root", "d", "Docs", None);
    target.put("d", "f", "LICENSE", Some(content(10)));
    let local = tempfile::tempdir().unwrap();
    fs::create_dir(local.path().join("Docs")).unwrap();
    fs::write(local.path().join("Docs/LICENSE"), "new").unwrap();
    fs::write(local.path().join("Docs/other"), "other").unwrap();
    let options = || TreeOptions::new().with_on_conflict(OnConflict::NewVersion);
    for _ in 0..2 {
        let (done, failed) = finish(target.upload_dir(local.path(), ItemRef::Root, options())).await;
        assert_eq!((done.len(), failed.len()), (3, 0), "{failed:?}");
        assert_eq!(target.file("LICENSE").unwrap(), "new");
    }
    let fresh = store(false, None);
    let (_, failed) = finish(fresh.upload_dir(local.path(), ItemRef::Root, options())).await;
    assert_eq!((failed.len(), fresh.log().lists), (0, 1), "a folder that is new needs no listing");
}

#[tokio::test]
async fn partial_files_of_downloads_are_left_out() {
    let local = tempfile::tempdir().unwrap();
    let download = Fake::new(PartPlan::Single);
    let item = download.put("root", "f", "f", Some(content(3_000_000)));
    download.breaks_after.store(2_000_000, std::sync::atomic::Ordering::SeqCst);
    download.download_to(&item, local.path().join("f"), DownloadToOptions::new()).await.unwrap_err();
    let own = names_in(local.path());
    for name in ["mine.part", ".sharesync-notes.part"] {
        fs::write(local.path().join(name), name).unwrap();
    }
    let target = Fake::new(PartPlan::Single);
    let (done, failed) = finish(target.upload_dir(local.path(), ItemRef::Root, TreeOptions::new())).await;
    assert!(failed.is_empty(), "{failed:?}");
    let mut skipped: Vec<_> = done
        .iter()
        .filter(|entry| matches!(entry.outcome, TreeOutcome::Skipped))
        .map(|entry| entry.path.name().unwrap().to_owned())
        .collect();
    skipped.sort();
    assert_eq!((&skipped, own.len(), done.len()), (&own, 2, 4), "a partial file and its checksums");
    assert!(own.iter().all(|name| target.file(name).is_none()) && target.file("mine.part").is_some());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_file_whose_size_the_system_does_not_tell_is_read_to_its_end() {
    let store = Fake::new(PartPlan::Single);
    let version = fs::read("/proc/version").unwrap();
    assert!(!version.is_empty() && fs::metadata("/proc/version").unwrap().len() == 0);
    let request = UploadRequest::new(ItemRef::Root, "version");
    let done = store.upload_file("/proc/version", request, TransferOptions::new()).await.unwrap();
    assert_eq!(done.item.size, Some(version.len() as u64));
    assert_eq!(store.file("version").unwrap(), version);
    let (_, failed) = finish(store.upload_dir("/proc/sys/kernel/random", ItemRef::Root, TreeOptions::new())).await;
    assert!(failed.iter().all(|error| error.kind() == ErrorKind::Io), "some may be closed to us: {failed:?}");
    assert_eq!(store.file("boot_id").unwrap(), fs::read("/proc/sys/kernel/random/boot_id").unwrap());
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_replaces_another_is_not_more_open_than_that() {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &Path| fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777;
    let local = tempfile::tempdir().unwrap();
    let store = Fake::new(PartPlan::Single);
    let item = store.put("root", "f", "f", Some(content(3_000_000)));
    let target = local.path().join("f");
    for (before, breaks_after) in [(0o600, usize::MAX), (0o640, 2_000_000), (0o444, usize::MAX), (0o755, 2_000_000)] {
        fs::write(&target, "before").unwrap();
        fs::set_permissions(&target, fs::Permissions::from_mode(before)).unwrap();
        let get = |overwrite| store.download_to(&item, &target, DownloadToOptions::new().with_overwrite(overwrite));
        store.breaks_after.store(breaks_after, std::sync::atomic::Ordering::SeqCst);
        if breaks_after < usize::MAX {
            get(true).await.unwrap_err();
            let partial = names_in(local.path()).into_iter().find(|name| name.ends_with(".part")).unwrap();
            assert_eq!(mode(&local.path().join(partial)), 0o600, "meanwhile it is its owner's alone");
            store.breaks_after.store(usize::MAX, std::sync::atomic::Ordering::SeqCst);
        }
        get(true).await.unwrap();
        assert_eq!(mode(&target), before);
        assert_eq!(fs::read(&target).unwrap(), content(3_000_000));
        fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).unwrap();
        fs::remove_file(&target).unwrap();
    }
    // A new file is what any new file is here.
    store.download_to(&item, &target, DownloadToOptions::new()).await.unwrap();
    fs::write(local.path().join("any"), "").unwrap();
    assert_eq!(mode(&target), mode(&local.path().join("any")));
    // A link that is replaced has no permissions of its own.
    fs::remove_file(&target).unwrap();
    std::os::unix::fs::symlink("any", &target).unwrap();
    store.download_to(&item, &target, DownloadToOptions::new().with_overwrite(true)).await.unwrap();
    assert_eq!(mode(&target), mode(&local.path().join("any")));
}

/// Exchanges directories for links to a place outside, and back, until it is dropped.
#[cfg(unix)]
struct Exchange(std::sync::Arc<std::sync::atomic::AtomicBool>, Option<std::thread::JoinHandle<usize>>);

#[cfg(unix)]
impl Exchange {
    fn start(root: &Path, names: &[String], outside: &Path) -> Self {
        use std::sync::atomic::Ordering::SeqCst;
        let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let (root, names, outside, stopped) = (root.to_owned(), names.to_owned(), outside.to_owned(), stop.clone());
        let thread = std::thread::spawn(move || {
            let mut exchanged = 0;
            while !stopped.load(SeqCst) {
                for name in &names {
                    let (here, aside) = (root.join(name), root.join(format!("{name}.aside")));
                    if fs::rename(&here, &aside).is_err() {
                        continue;
                    }
                    if std::os::unix::fs::symlink(&outside, &here).is_ok() {
                        exchanged += 1;
                        std::thread::yield_now();
                        fs::remove_file(&here).unwrap();
                    }
                    if fs::rename(&aside, &here).is_err() {
                        // The download has made the directory anew meanwhile.
                        let _ = fs::remove_dir_all(&aside);
                    }
                }
            }
            exchanged
        });
        Self(stop, Some(thread))
    }

    fn stop(mut self) -> usize {
        self.0.store(true, std::sync::atomic::Ordering::SeqCst);
        self.1.take().unwrap().join().unwrap()
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn directories_exchanged_for_links_lead_no_download_outside() {
    let place = tempfile::tempdir().unwrap();
    let (inside, outside) = (place.path().join("inside"), place.path().join("outside"));
    let store = Fake::new(PartPlan::Single);
    let folders: Vec<String> = (0..8).map(|number| format!("d{number}")).collect();
    for folder in &folders {
        store.put("root", folder, folder, None);
        store.put(folder, &format!("{folder}-sub"), "sub", None);
        for file in 0..20 {
            store.put(folder, &format!("{folder}-{file}"), &format!("f{file}"), Some(content(100 + file)));
            store.put(&format!("{folder}-sub"), &format!("{folder}-s{file}"), &format!("f{file}"), Some(content(7)));
        }
    }
    let mut exchanged = 0;
    for _ in 0..10 {
        fs::create_dir(&outside).unwrap();
        for folder in &folders {
            fs::create_dir_all(inside.join(folder)).unwrap();
        }
        let exchange = Exchange::start(&inside, &folders, &outside);
        let options = TreeOptions::new().with_durable(false).with_on_conflict(OnConflict::NewVersion);
        let (_, failed) = finish(store.download_dir(ItemRef::Root, &inside, options)).await;
        exchanged += exchange.stop();
        assert!(failed.iter().all(|error| error.kind() == ErrorKind::Io), "{failed:?}");
        assert_eq!(names_in(&outside), [""; 0], "nothing is written outside");
        fs::remove_dir_all(&inside).unwrap();
        fs::remove_dir_all(&outside).unwrap();
    }
    assert!(exchanged > 100, "it was tried {exchanged} times");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn directories_exchanged_for_links_lead_no_upload_outside() {
    let place = tempfile::tempdir().unwrap();
    let (inside, outside) = (place.path().join("inside"), place.path().join("outside"));
    let folders: Vec<String> = (0..8).map(|number| format!("d{number}")).collect();
    for folder in &folders {
        fs::create_dir_all(inside.join(folder).join("sub")).unwrap();
        fs::create_dir_all(outside.join("sub")).unwrap();
        for file in 0..20 {
            for below in ["", "sub/"] {
                fs::write(inside.join(folder).join(format!("{below}f{file}")), "inside").unwrap();
                fs::write(outside.join(format!("{below}f{file}")), "secret").unwrap();
                fs::write(outside.join(format!("{below}only outside {file}")), "secret").unwrap();
            }
        }
    }
    let mut exchanged = 0;
    for _ in 0..10 {
        let store = Fake::new(PartPlan::Single);
        let exchange = Exchange::start(&inside, &folders, &outside);
        let (done, failed) = finish(store.upload_dir(&inside, ItemRef::Root, TreeOptions::new())).await;
        exchanged += exchange.stop();
        assert!(failed.iter().all(|error| error.kind() == ErrorKind::Io), "{failed:?}");
        for entry in done {
            if let TreeOutcome::File { item, .. } = entry.outcome {
                let read = store.download(&ItemRef::from(&item), Default::default()).await.unwrap();
                assert_eq!(read.bytes(100).await.unwrap(), "inside", "{}", entry.path);
            }
        }
        assert!((0..20).all(|file| store.file(&format!("only outside {file}")).is_none()));
    }
    assert!(exchanged > 100, "it was tried {exchanged} times");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn handles_are_bounded_by_depth_and_by_what_is_under_way() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    let place = tempfile::tempdir().unwrap();
    for folder in 0..300 {
        fs::create_dir_all(place.path().join(format!("{folder}/a/b"))).unwrap();
        fs::write(place.path().join(format!("{folder}/file")), "x").unwrap();
        fs::write(place.path().join(format!("{folder}/a/b/file")), "x").unwrap();
    }
    let (root, most) = (place.path().to_owned(), Arc::new(AtomicUsize::new(0)));
    let mut store = Fake::new(PartPlan::Single);
    let seen = most.clone();
    store.on_part = Box::new(move || {
        let handles = fs::read_dir("/proc/self/fd").unwrap();
        let ours = handles.filter_map(|handle| fs::read_link(handle.unwrap().path()).ok());
        seen.fetch_max(ours.filter(|path| path.starts_with(&root)).count(), SeqCst);
    });
    let options = TreeOptions::new().with_concurrency(8);
    let (done, failed) = finish(store.upload_dir(place.path(), ItemRef::Root, options)).await;
    assert_eq!((done.len(), failed.len()), (1500, 0), "{failed:?}");
    let most = most.load(SeqCst);
    // For each of four levels, and each of eight things under way, at most a directory and its listing, of 900 directories.
    assert!((1..=4 * 8 * 2).contains(&most), "{most} handles at once");
}
