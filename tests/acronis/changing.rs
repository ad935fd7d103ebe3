//! The store changes a tree: nothing is replaced, and nothing stays half-done without a word.

use futures::TryStreamExt as _;
use sharesync::acronis::{ROOT, StoreOptions};
use sharesync::snapshot::{MemorySnapshots, Snapshots};
use sharesync::{
    Change, ChangeOptions, CreateFolderOptions, DeleteOptions, Destination, ErrorKind, ItemId, ItemRef, ListOptions,
    Operation, Purpose, RemoteStore as _, RemoteStoreExt as _, Since, Support, Temporary,
};

use super::drive::{Drive, error};

fn by_id(uuid: &str) -> ItemRef {
    ItemRef::Id(ItemId::new(uuid))
}

/// A drive with `/a/file.txt`, `/b` and, where it is wanted, others that have the old name in `/b` and `new.txt` in `/a`.
async fn two_folders(taken: bool) -> (Drive, String, String) {
    let drive = Drive::new().await;
    let (a, b) = (drive.put(ROOT, "a", None), drive.put(ROOT, "b", None));
    let file = drive.put(&a, "file.txt", Some("content"));
    if taken {
        drive.put(&b, "file.txt", Some("other"));
        drive.put(&a, "new.txt", Some("another"));
    }
    (drive, file, b)
}

#[tokio::test]
async fn folders_are_created_by_name_and_by_path_and_never_renamed_by_it() {
    let drive = Drive::new().await;
    let folder = drive.store.create_folder(&ItemRef::Root, "Folder", CreateFolderOptions::new()).await.unwrap();
    let by_path: ItemRef = "/folder".parse::<sharesync::RemotePath>().unwrap().into();
    let inner = drive.store.create_folder(&by_path, "inner", CreateFolderOptions::new()).await.unwrap();
    assert_eq!(inner.path.unwrap().as_str(), "/Folder/inner");
    let writes = drive.writes().await.len();
    for name in ["Folder", "FOLDER"] {
        let error = drive.store.create_folder(&ItemRef::Root, name, CreateFolderOptions::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}");
        let reuse = CreateFolderOptions::new().with_reuse_existing(true);
        assert_eq!(drive.store.create_folder(&ItemRef::Root, name, reuse).await.unwrap().id, folder.id);
    }
    assert_eq!(drive.writes().await.len(), writes, "the service would rename the folder");
    assert_eq!(drive.paths(), ["/Folder", "/Folder/inner"]);
}

#[tokio::test]
async fn moving_and_renaming_at_once_takes_the_steps_it_needs() {
    for (taken, steps) in [(false, 2), (true, 5)] {
        let (drive, file, b) = two_folders(taken).await;
        let to = Destination::folder(by_id(&b)).with_name("new.txt");
        let moved = drive.store.move_item(&by_id(&file), &to).await.unwrap();
        assert_eq!((moved.id.as_str(), moved.name.as_str()), (file.as_str(), "new.txt"));
        assert_eq!(drive.writes().await.len(), steps, "{:?}", drive.writes().await);
        assert!(drive.paths().contains(&"/b/new.txt".to_owned()) && drive.paths().contains(&"/a".to_owned()));
        assert_eq!(drive.paths().len(), if taken { 5 } else { 3 }, "nothing temporary is left");
    }
}

#[tokio::test]
async fn a_move_that_fails_half_way_is_undone() {
    // Past others it goes by a folder of its own: into it, renamed, out of it.
    let steps = [(false, "PUT", "", 0), (false, "POST", "/move", 0), (true, "POST", "/move", 0), (true, "PUT", "", 0)];
    for (taken, method, end, passing) in steps.into_iter().chain([(true, "POST", "/move", 1)]) {
        let (drive, file, b) = two_folders(taken).await;
        let before = drive.paths();
        let mut seen = 0;
        drive.fail(move |request| {
            let due = request.method == method && request.path.ends_with(end);
            seen += i32::from(due);
            (due && seen == passing + 1).then(|| (error(403, 3), false))
        });
        let to = Destination::folder(by_id(&b)).with_name("new.txt");
        let error = drive.store.move_item(&by_id(&file), &to).await.unwrap_err();
        assert_eq!((error.kind(), error.maybe_applied()), (ErrorKind::PermissionDenied, false), "{error}");
        assert_eq!(drive.paths(), before, "{method} {end}");
    }
}

/// The service answers as if it had done what it did not do.
#[tokio::test]
async fn a_move_that_is_not_carried_out_is_no_success() {
    for (to_b, name, method, end) in
        [(true, None, "POST", "/move"), (false, Some("new.txt"), "PUT", ""), (true, Some("new.txt"), "POST", "/move")]
    {
        let (drive, file, b) = two_folders(false).await;
        let before = drive.paths();
        drive.fail(move |request| {
            let due = request.method == method && request.path.ends_with(end);
            due.then(|| (wiremock::ResponseTemplate::new(204), false))
        });
        let mut to = if to_b { Destination::folder(by_id(&b)) } else { Destination::default() };
        to.name = name.map(str::to_owned);
        let error = drive.store.move_item(&by_id(&file), &to).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
        assert_eq!(drive.paths(), before, "{to:?}");
        // A step before was taken back: then nothing was done.
        assert_eq!(error.maybe_applied(), !(to_b && name.is_some()), "{error}");
    }
}

#[tokio::test]
async fn a_move_whose_answer_is_lost_is_found_to_be_done() {
    let (drive, file, b) = two_folders(false).await;
    drive.fail_all("PUT", "", 500, true);
    let to = Destination::folder(by_id(&b)).with_name("new.txt");
    let moved = drive.store.move_item(&by_id(&file), &to).await.unwrap();
    assert_eq!(moved.path.unwrap().as_str(), "/b/new.txt");
}

#[tokio::test]
async fn a_move_that_cannot_be_undone_says_where_things_are() {
    let (drive, file, b) = two_folders(false).await;
    drive.fail(move |request| {
        let back = String::from_utf8_lossy(&request.body).contains("file.txt");
        (back || request.path.ends_with("/move")).then(|| (error(403, 3), false))
    });
    let to = Destination::folder(by_id(&b)).with_name("new.txt");
    let error = drive.store.move_item(&by_id(&file), &to).await.unwrap_err();
    assert!(error.maybe_applied(), "{error}");
    for part in ["file.txt", "new.txt", b.as_str(), "could not be put back"] {
        assert!(error.to_string().contains(part), "{part} in: {error}");
    }
}

#[tokio::test]
async fn a_taken_name_is_never_replaced() {
    let (drive, file, b) = two_folders(true).await;
    drive.put(&b, "NEW.txt", Some("third"));
    let before = drive.paths();
    let places = [
        Destination::folder(by_id(&b)),
        Destination::folder(by_id(&b)).with_name("new.txt"),
        Destination::name("FILE.TXT"),
    ];
    for (index, to) in places.iter().enumerate() {
        let copied = drive.store.copy_item(&by_id(&file), to).await.unwrap_err();
        assert_eq!(copied.kind(), ErrorKind::AlreadyExists, "{copied}");
        if index < 2 {
            let moved = drive.store.move_item(&by_id(&file), to).await.unwrap_err();
            assert_eq!(moved.kind(), ErrorKind::AlreadyExists, "{moved}");
        }
    }
    assert_eq!(drive.paths(), before);
    let renamed = drive.store.move_item(&by_id(&file), &Destination::name("FILE.TXT")).await.unwrap();
    assert_eq!(renamed.name, "FILE.TXT", "the case of its own name can change");
}

#[tokio::test]
async fn copies_under_another_name_leave_nothing_behind() {
    let (drive, file, _) = two_folders(false).await;
    let copy = drive.store.copy_item(&by_id(&file), &Destination::name("copy.txt")).await.unwrap();
    assert_eq!(copy.path.unwrap().as_str(), "/a/copy.txt");
    assert_ne!(copy.id.as_str(), file);
    assert_eq!(drive.paths(), ["/a", "/a/copy.txt", "/a/file.txt", "/b"]);
    for (method, end) in [("POST", "/copy"), ("PUT", ""), ("POST", "/move")] {
        let before = drive.paths();
        drive.fail_all(method, end, 403, false);
        let error = drive.store.copy_item(&by_id(&file), &Destination::name("other.txt")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
        assert_eq!(drive.paths(), before, "{method} {end}");
    }
    // The copy is there: a folder that could not be removed is no failure of it, and is found by its name.
    drive.fail_all("DELETE", "", 403, false);
    let copy = drive.store.copy_item(&by_id(&file), &Destination::name("other.txt")).await.unwrap();
    assert_eq!(copy.path.unwrap().as_str(), "/a/other.txt");
    let left: Vec<_> =
        drive.paths().into_iter().filter_map(|path| Temporary::parse(path.strip_prefix("/a/")?)).collect();
    assert!(matches!(left[..], [Temporary { purpose: Purpose::Copy, .. }]), "{left:?}");
}

#[tokio::test]
async fn a_folder_does_not_go_into_itself() {
    let drive = Drive::new().await;
    let outer = drive.put(ROOT, "outer", None);
    let inner = drive.put(&outer, "inner", None);
    for target in [&outer, &inner] {
        let to = Destination::folder(by_id(target)).with_name("x");
        for result in
            [drive.store.move_item(&by_id(&outer), &to).await, drive.store.copy_item(&by_id(&outer), &to).await]
        {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::Conflict);
        }
    }
    assert!(drive.writes().await.is_empty());
}

#[tokio::test]
async fn what_is_deleted_is_gone_and_the_root_stays() {
    let (drive, file, _) = two_folders(false).await;
    let stale = DeleteOptions::new().with_if_revision("other".into());
    let error = drive.store.delete(&by_id(&file), stale).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PreconditionFailed);
    let permanent = DeleteOptions::new().with_permanent(true);
    assert_eq!(drive.store.delete(&by_id(&file), permanent).await.unwrap_err().kind(), ErrorKind::Unsupported);
    drive.store.delete(&by_id(&file), DeleteOptions::new()).await.unwrap();
    for result in
        [drive.store.stat(&by_id(&file)).await.map(drop), drive.store.delete(&by_id(&file), DeleteOptions::new()).await]
    {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::NotFound);
    }
    assert_eq!(drive.paths(), ["/a", "/b"]);
    let a: sharesync::RemotePath = "/a".parse().unwrap();
    let listed: Vec<_> = drive.store.items(a, ListOptions::new()).try_collect().await.unwrap();
    assert!(listed.is_empty(), "the service may list what is deleted");
    for root in [ItemRef::Root, by_id(ROOT)] {
        assert_eq!(drive.store.delete(&root, DeleteOptions::new()).await.unwrap_err().kind(), ErrorKind::InvalidInput);
    }
}

#[tokio::test]
async fn a_deletion_whose_answer_is_lost_is_no_error() {
    let (drive, file, _) = two_folders(false).await;
    let mut count = 0;
    drive.fail(move |request| {
        count += i32::from(request.method == "DELETE");
        (request.method == "DELETE").then(|| (error(if count == 1 { 500 } else { 403 }, 3), count == 1))
    });
    drive.store.delete(&by_id(&file), DeleteOptions::new()).await.unwrap();
    assert_eq!(drive.paths(), ["/a", "/b"]);
}

#[tokio::test]
async fn a_folder_can_be_the_root() {
    let drive = Drive::new().await;
    let outer = drive.put(ROOT, "outer", None);
    drive.put(&outer, "file.txt", Some("x"));
    let store = drive.store.client().store_with(StoreOptions::new().with_root(&outer).with_page_size(1));
    let root = store.stat(&ItemRef::Root).await.unwrap();
    assert_eq!((root.id.as_str(), root.parent, root.path.unwrap().as_str()), (outer.as_str(), None, "/"));
    let path: sharesync::RemotePath = "/file.txt".parse().unwrap();
    let file = store.stat(&path.into()).await.unwrap();
    assert_eq!((file.parent.unwrap().as_str(), file.path), (outer.as_str(), None));
    let whole = drive.store.stat(&ItemRef::Root).await.unwrap();
    assert_eq!((whole.id.as_str(), whole.name.as_str()), (ROOT, "Sync & Share"));
}

#[tokio::test]
async fn changes_need_snapshots_and_tell_what_happened() {
    let drive = Drive::with(StoreOptions::new().with_snapshots(Snapshots::new(MemorySnapshots::new()))).await;
    assert_eq!(drive.store.capabilities().support(Operation::Changes), Support::Emulated);
    let (a, b) = (drive.put(ROOT, "a", None), drive.put(ROOT, "b", None));
    let (file, gone) = (drive.put(&a, "file.txt", Some("x")), drive.put(&a, "gone.txt", Some("y")));
    let read = async |since| {
        let pages: Vec<_> = drive.store.changes(since, ChangeOptions::new()).try_collect().await.unwrap();
        let cursor = pages.iter().rev().find_map(|page| page.checkpoint.clone()).unwrap();
        (pages.into_iter().flat_map(|page| page.changes).collect::<Vec<_>>(), Since::Cursor(cursor))
    };
    let (all, since) = read(Since::Beginning).await;
    assert_eq!(all.len(), 4, "{all:?}");
    drive.store.delete(&by_id(&gone), DeleteOptions::new()).await.unwrap();
    drive.store.move_item(&by_id(&file), &Destination::folder(by_id(&b)).with_name("new.txt")).await.unwrap();
    let (changes, _) = read(since).await;
    let [Change::Remove(removed), Change::Upsert(moved)] = &changes[..] else { panic!("{changes:?}") };
    assert_eq!((removed.as_str(), moved.id.as_str(), moved.name.as_str()), (gone.as_str(), file.as_str(), "new.txt"));
    let without = Drive::new().await;
    let error = without.store.changes(Since::Now, ChangeOptions::new()).try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[tokio::test]
async fn capabilities_say_what_is_made_of_several_calls() {
    let drive = Drive::new().await;
    let support = |operation| drive.store.capabilities().support(operation);
    assert_eq!(support(Operation::Delete), Support::Native);
    assert_eq!(support(Operation::Move), Support::Emulated);
    assert_eq!(support(Operation::DeletePermanently), Support::Unsupported);
    assert!(!drive.store.capabilities().names.case_sensitive);
}
