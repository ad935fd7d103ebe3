//! Change detection by snapshots: what is told, in which order, at which cost, and what is refused.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

mod snapshot_support;

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use sharesync_core::snapshot::{self, MemorySnapshots, Snapshots};
use sharesync_core::{Change, ChangeOptions, Cursor, ErrorKind, Since, Timestamp};
use snapshot_support::{Fake, Model, Stamps, pages, read};

fn memory() -> Snapshots {
    Snapshots::new(MemorySnapshots::new()).with_concurrency(3)
}

async fn since(fake: &Fake, snapshots: &Snapshots, cursor: &Cursor) -> (Vec<Change>, Cursor) {
    read(fake.changes(snapshots, Since::Cursor(cursor.clone()), ChangeOptions::new())).await.unwrap()
}

async fn now(fake: &Fake, snapshots: &Snapshots) -> Cursor {
    let (changes, cursor) = read(fake.changes(snapshots, Since::Now, ChangeOptions::new())).await.unwrap();
    assert_eq!(changes, []);
    cursor
}

/// Changes in short: `+` and the name, or `-` and the identity.
fn short(changes: &[Change]) -> Vec<String> {
    let one = |change: &Change| match change {
        Change::Upsert(item) => format!("+{}", item.name),
        Change::Remove(id) => format!("-{id}"),
        other => format!("{other:?}"),
    };
    changes.iter().map(one).collect()
}

/// `a` holds `b`, which holds the file `c`; beside `a` there is the file `d`. The identities are n1 to n4.
fn small(stamps: Stamps) -> Fake {
    let fake = Fake::new(stamps);
    let mut drive = fake.drive();
    drive.create("root", "a", true);
    drive.create("n1", "b", true);
    drive.create("n2", "c", false);
    drive.create("root", "d", false);
    drop(drive);
    fake
}

#[tokio::test]
async fn the_beginning_is_everything_and_now_is_nothing() {
    let (fake, snapshots) = (small(Stamps::None), memory());
    let stream = fake.changes(&snapshots, Since::Beginning, ChangeOptions::new());
    let (changes, cursor) = read(stream).await.unwrap();
    assert_eq!(changes.len(), 4);
    let mut model = Model::default();
    changes.iter().for_each(|change| model.apply(change));
    model.assert_is(&Model::of(&fake), "beginning");
    assert_eq!(since(&fake, &snapshots, &cursor).await.0, []);

    let (fake, snapshots) = (small(Stamps::None), memory());
    let cursor = now(&fake, &snapshots).await;
    fake.drive().create("n2", "e", false);
    assert_eq!(short(&since(&fake, &snapshots, &cursor).await.0), ["+e"]);
}

#[tokio::test]
async fn each_kind_of_change_is_told_once() {
    for stamps in [Stamps::None, Stamps::All] {
        let (fake, snapshots) = (small(stamps), memory());
        let mut cursor = now(&fake, &snapshots).await;
        let mut expect = async |told: &[&str]| {
            let (changes, next) = since(&fake, &snapshots, &cursor).await;
            assert_eq!(short(&changes), told, "{stamps:?}");
            cursor = next;
        };
        fake.drive().edit("n3");
        expect(&["+c"]).await;
        fake.drive().rename("n3", "C");
        expect(&["+C"]).await;
        fake.drive().rename("n1", "A");
        expect(&["+A"]).await;
        fake.drive().relocate("n2", "root");
        expect(&["+b"]).await;
        fake.drive().relocate("n1", "n2");
        expect(&["+A"]).await;
        fake.drive().delete("n4");
        expect(&["-n4"]).await;
        fake.drive().delete("n2");
        expect(&["-n2"]).await;
        expect(&[]).await;
    }
}

#[tokio::test]
async fn files_go_first_then_comes_what_exists_then_folders_go() {
    let (fake, snapshots) = (small(Stamps::None), memory());
    let cursor = now(&fake, &snapshots).await;
    {
        let mut drive = fake.drive();
        // A file is replaced by another of its name; what is in the folder moves out before the folder is deleted.
        drive.delete("n4");
        drive.create("root", "d", false);
        let new = drive.create("root", "new", true);
        drive.relocate("n2", &new);
        drive.delete("n1");
    }
    let (changes, _) = since(&fake, &snapshots, &cursor).await;
    assert_eq!(changes.len(), 5);
    let told = short(&changes);
    assert_eq!((told[0].as_str(), told[4].as_str()), ("-n4", "-n1"));
    let place = |name: &str| told.iter().position(|told| told == name).unwrap();
    assert!(place("+new") < place("+b"), "{told:?}");
}

#[tokio::test]
async fn pages_have_the_size_asked_for_and_the_last_has_the_checkpoint() {
    let (fake, snapshots) = (Fake::new(Stamps::None), memory());
    let cursor = now(&fake, &snapshots).await;
    for name in 0..7 {
        fake.drive().create("root", &name.to_string(), false);
    }
    let unknown = Cursor::new("fake", "account root", "unknown");
    for (start, marks) in [(Since::Cursor(cursor), 0), (Since::Beginning, 0), (Since::Cursor(unknown), 2)] {
        let pages = pages(fake.changes(&snapshots, start, ChangeOptions::new().with_page_size(3))).await.unwrap();
        let sizes: Vec<_> = pages.iter().map(|page| page.changes.len()).collect();
        assert!(sizes[..sizes.len() - 1].iter().all(|size| *size == 3), "{sizes:?}");
        assert_eq!(sizes.iter().sum::<usize>(), 7 + marks);
        let checkpoints = pages.iter().filter(|page| page.checkpoint.is_some()).count();
        assert!(checkpoints == 1 && pages.last().unwrap().checkpoint.is_some());
    }
}

#[tokio::test]
async fn a_scope_covers_what_is_below_it() {
    let (fake, snapshots) = (small(Stamps::None), memory());
    let options = ChangeOptions::new().with_scope(sharesync_core::ItemId::new("n1"));
    let (changes, cursor) = read(fake.changes(&snapshots, Since::Beginning, options.clone())).await.unwrap();
    assert_eq!(short(&changes), ["+b", "+c"]);
    fake.drive().edit("n4");
    fake.drive().relocate("n3", "root");
    let again = Since::Cursor(cursor.clone());
    let (changes, _) = read(fake.changes(&snapshots, again, options.clone())).await.unwrap();
    assert_eq!(short(&changes), ["-n3"]);

    for (fake, options) in [(fake.clone(), ChangeOptions::new()), (fake.clone().with_account("other"), options.clone())]
    {
        let refused = read(fake.changes(&snapshots, Since::Cursor(cursor.clone()), options)).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::CursorInvalid);
    }
    let file = ChangeOptions::new().with_scope(sharesync_core::ItemId::new("n4"));
    let refused = read(fake.changes(&snapshots, Since::Now, file)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidInput);
    fake.drive().delete("n1");
    let gone = read(fake.changes(&snapshots, Since::Beginning, options)).await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_cursor_that_is_not_one_of_the_last_two_leads_to_a_reset() {
    let (fake, snapshots) = (small(Stamps::None), memory());
    let first = now(&fake, &snapshots).await;
    let mut cursor = first.clone();
    for _ in 0..10 {
        fake.drive().edit("n3");
        cursor = since(&fake, &snapshots, &cursor).await.1;
    }
    let (changes, cursor) = since(&fake, &snapshots, &first).await;
    assert_eq!((&changes[0], changes.last().unwrap()), (&Change::ResetBegin, &Change::ResetEnd));
    let mut model = Model::default();
    changes.iter().for_each(|change| model.apply(change));
    model.assert_is(&Model::of(&fake), "reset");
    assert_eq!(since(&fake, &snapshots, &cursor).await.0, []);

    // The same with a snapshot that does not know the cursor at all.
    let (changes, _) = since(&fake, &memory(), &cursor).await;
    assert_eq!(changes[0], Change::ResetBegin);
    let foreign = Cursor::new("fake", "account root", "what is this");
    assert_eq!(since(&fake, &snapshots, &foreign).await.0[0], Change::ResetBegin);
}

#[tokio::test]
async fn a_consumer_that_comes_back_with_the_cursor_before_is_told_again() {
    let (fake, snapshots) = (small(Stamps::None), memory());
    let cursor = now(&fake, &snapshots).await;
    let new = fake.drive().create("root", "new", true);
    let bin = fake.drive().delete("n1");
    let (changes, _lost) = since(&fake, &snapshots, &cursor).await;
    assert_eq!(short(&changes), ["+new", "-n1"]);
    // Since then: what was new is gone, what was gone is back. Compared with the cursor, nothing has changed.
    fake.drive().delete(&new);
    bin.into_iter().for_each(|(id, node)| fake.drive().put_back(&id, node));
    for _ in 0..3 {
        let (changes, _lost) = since(&fake, &snapshots, &cursor).await;
        assert_eq!(short(&changes), ["+a", "+b", "+c", "-n5"]);
    }
    let (_, cursor) = since(&fake, &snapshots, &cursor).await;
    assert_eq!(since(&fake, &snapshots, &cursor).await.0, []);
}

#[tokio::test]
async fn a_walk_that_fails_changes_nothing() {
    for stamps in [Stamps::None, Stamps::All] {
        let (fake, snapshots) = (small(stamps), memory());
        let cursor = now(&fake, &snapshots).await;
        fake.drive().edit("n3");
        fake.drive().delete("n4");
        for listings in 0..3 {
            fake.drive().fail_after = Some(listings);
            let stream = fake.changes(&snapshots, Since::Cursor(cursor.clone()), ChangeOptions::new());
            let results: Vec<_> = stream.collect().await;
            assert_eq!(results.len(), 1);
            assert_eq!(results[0].as_ref().unwrap_err().kind(), ErrorKind::Unavailable);
        }
        fake.drive().fail_after = None;
        assert_eq!(short(&since(&fake, &snapshots, &cursor).await.0), ["-n4", "+c"]);
    }
}

#[tokio::test]
async fn the_older_of_two_readers_is_told_so() {
    let (fake, snapshots) = (small(Stamps::None), memory());
    let options = ChangeOptions::new().with_page_size(1);
    let mut older = fake.changes(&snapshots, Since::Beginning, options.clone());
    assert!(older.next().await.unwrap().is_ok());
    let (_, cursor) = read(fake.changes(&snapshots, Since::Beginning, options)).await.unwrap();
    assert_eq!(older.next().await.unwrap().unwrap_err().kind(), ErrorKind::Conflict);
    assert!(older.next().await.is_none());
    assert_eq!(since(&fake, &snapshots, &cursor).await.0, []);

    // Both at work at the same time: at least one gets to the end, and the snapshot is sound.
    for _ in 0..20 {
        fake.drive().edit("n3");
        let both = [(); 2].map(|()| since_or_conflict(&fake, &snapshots, &cursor));
        let both = futures::future::join_all(both).await;
        assert!(both.iter().any(Option::is_some));
    }
    let (changes, _) = since(&fake, &snapshots, &cursor).await;
    assert!(short(&changes).contains(&"+c".to_owned()) || changes[0] == Change::ResetBegin);
}

async fn since_or_conflict(fake: &Fake, snapshots: &Snapshots, cursor: &Cursor) -> Option<Vec<Change>> {
    match read(fake.changes(snapshots, Since::Cursor(cursor.clone()), ChangeOptions::new())).await {
        Ok((changes, _)) => Some(changes),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Conflict);
            None
        }
    }
}

/// A hundred folders of ten folders of a hundred files.
fn large(stamps: Stamps) -> Fake {
    let fake = Fake::new(stamps);
    let mut drive = fake.drive();
    drive.page = 1000;
    for outer in 0..100 {
        let outer = drive.create("root", &format!("outer {outer}"), true);
        for inner in 0..10 {
            let inner = drive.create(&outer, &format!("inner {inner}"), true);
            (0..99).for_each(|file| drop(drive.create(&inner, &format!("file {file}"), false)));
        }
    }
    drop(drive);
    fake
}

#[tokio::test]
async fn a_pruned_walk_lists_folders_in_proportion_to_what_changed() {
    let (fake, snapshots) = (large(Stamps::All), memory());
    assert_eq!(fake.drive().nodes.len(), 100_100);
    let mut cursor = now(&fake, &snapshots).await;
    assert_eq!(std::mem::take(&mut fake.drive().listed).len(), 1 + 100 + 1000);

    // 100 changes in 20 folders.
    {
        let mut drive = fake.drive();
        let folders = drive.nodes.iter().filter(|(_, node)| node.name.starts_with("inner"));
        let folders: Vec<_> = folders.map(|(id, _)| id.clone()).step_by(50).collect();
        for folder in folders {
            let files = drive.nodes.iter().filter(|(_, node)| node.parent == folder);
            let files: Vec<_> = files.map(|(id, _)| id.clone()).take(5).collect();
            files.iter().for_each(|file| drive.edit(file));
        }
    }
    let (changes, next) = since(&fake, &snapshots, &cursor).await;
    cursor = next;
    assert_eq!(changes.len(), 100);
    // The root, at most 20 outer folders, 20 inner ones.
    let paths = std::mem::take(&mut fake.drive().listed).len();
    assert!((1 + 20..=1 + 20 + 20).contains(&paths), "{paths} listings");
    // Once more, because a revision may be as coarse as a time; then nothing at all.
    for listings in [paths, 0, 0] {
        let (changes, next) = since(&fake, &snapshots, &cursor).await;
        cursor = next;
        assert_eq!((changes.len(), std::mem::take(&mut fake.drive().listed).len()), (0, listings));
    }
    assert_eq!(fake.drive().stats, [""; 0], "nothing was missing");
}

#[tokio::test]
async fn what_pruning_cannot_see_is_seen_by_the_next_full_scan() {
    let (fake, snapshots) = (small(Stamps::Additions), memory());
    let mut cursor = now(&fake, &snapshots).await;
    fake.drive().delete("n3");
    fake.drive().rename("n4", "D");
    let (changes, next) = since(&fake, &snapshots, &cursor).await;
    assert_eq!(changes, [], "the service gave no sign");
    cursor = next;
    let eager = snapshots.clone().with_full_scan_every(Duration::ZERO);
    let (changes, next) = since(&fake, &eager, &cursor).await;
    assert_eq!(short(&changes), ["-n3", "+D"]);
    assert_eq!(since(&fake, &snapshots, &next).await.0, []);
    // A full scan that is not acknowledged does not count: it is due again.
    fake.drive().delete("n4");
    tokio::time::sleep(Duration::from_millis(30)).await;
    let (_, cursor) = since(&fake, &snapshots, &next).await;
    let due = snapshots.clone().with_full_scan_every(Duration::from_millis(20));
    for _ in 0..2 {
        assert_eq!(short(&since(&fake, &due, &cursor).await.0), ["-n4"]);
    }
}

#[tokio::test]
async fn a_time_of_just_now_is_not_relied_on_by_the_first_walk_either() {
    let hour = Duration::from_secs(60 * 60);
    let long_ago = Timestamp::from_unix(Timestamp::now().unix_seconds() - 2 * 60 * 60, 0).unwrap();
    for (moment, clock, seen) in [
        (Timestamp::now(), None, true),
        (long_ago, None, false),
        (long_ago.saturating_add(hour * 3), None, true),
        // The clock of this computer is two hours ahead of the service's.
        (long_ago, Some(long_ago), true),
    ] {
        let (fake, snapshots) = (small(Stamps::All), memory());
        fake.drive().moment = Some(moment);
        if let Some(now) = clock {
            fake.drive().clock.set(now.into());
        }
        let mut cursor = now(&fake, &snapshots).await;
        // In the same tick of the clock, when the folder has been listed.
        fake.drive().create("n2", "e", false);
        let mut told = Vec::new();
        for _ in 0..2 {
            fake.drive().listed.clear();
            let (changes, next) = since(&fake, &snapshots, &cursor).await;
            told.extend(short(&changes));
            cursor = next;
        }
        assert_eq!(told, if seen { vec!["+e"] } else { vec![] }, "{moment}");
        assert_eq!(fake.drive().listed, [""; 0], "a time that was the same twice is relied on");
    }
}

#[tokio::test]
async fn a_move_is_seen_when_one_of_the_two_folders_shows_it() {
    // Moving out gives no sign, moving in does: the folder that it left is not listed.
    let (fake, snapshots) = (small(Stamps::Additions), memory());
    let cursor = now(&fake, &snapshots).await;
    fake.drive().relocate("n3", "n1");
    let (changes, cursor) = since(&fake, &snapshots, &cursor).await;
    assert_eq!(short(&changes), ["+c"]);
    let (changes, _) = since(&fake, &snapshots, &cursor).await;
    assert_eq!(changes, []);

    // Moving in gives no sign, but the folder that it left has another change: the service is asked where it went.
    let (fake, snapshots) = (small(Stamps::All), memory());
    let cursor = now(&fake, &snapshots).await;
    {
        let mut drive = fake.drive();
        let old = drive.nodes["n2"].stamp;
        drive.relocate("n4", "n2");
        for folder in ["n1", "n2"] {
            drive.nodes.get_mut(folder).unwrap().stamp = old;
        }
    }
    let (changes, cursor) = since(&fake, &snapshots, &cursor).await;
    assert_eq!(short(&changes), ["+d"]);
    assert_eq!(fake.drive().stats, ["n4"]);
    assert_eq!(since(&fake, &snapshots, &cursor).await.0, []);
}

#[tokio::test]
async fn what_moves_behind_the_walk_is_looked_for() {
    // When the walk comes to `b`, its file has gone to the root, which was listed before.
    let (fake, snapshots) = (small(Stamps::None), memory());
    let cursor = now(&fake, &snapshots).await;
    fake.drive().hook = Some(Box::new(|drive, folder| {
        if folder == "n2" && drive.nodes["n3"].parent == "n2" {
            drive.relocate("n3", "root");
        }
    }));
    let (changes, _) = since(&fake, &snapshots, &cursor).await;
    assert_eq!(short(&changes), ["+c"]);
    assert_eq!(fake.drive().stats, ["n3"]);
}

#[tokio::test]
async fn a_folder_that_goes_before_it_is_listed_is_removed() {
    let (fake, snapshots) = (small(Stamps::None), memory());
    let cursor = now(&fake, &snapshots).await;
    fake.drive().hook = Some(Box::new(|drive, folder| {
        if folder == "n2" && drive.nodes.contains_key("n2") {
            drive.delete("n2");
        }
    }));
    assert_eq!(short(&since(&fake, &snapshots, &cursor).await.0), ["-n2"]);
}

#[tokio::test]
async fn a_folder_that_may_not_be_listed_is_an_error_that_names_it() {
    let (fake, snapshots) = (small(Stamps::None), memory());
    fake.drive().denied.insert("n2".into());
    let error = read(fake.changes(&snapshots, Since::Now, ChangeOptions::new())).await.unwrap_err();
    assert_eq!((error.kind(), error.subject()), (ErrorKind::PermissionDenied, Some("n2")));
}

#[tokio::test]
async fn nothing_is_removed_by_a_page_of_somebody_in_between() {
    // Whatever such a page is taken for, it is no word of the service: the reading ends, wherever it begins.
    for kind in [ErrorKind::Protocol, ErrorKind::Unavailable, ErrorKind::PermissionDenied, ErrorKind::Unauthenticated] {
        for from in ["root", "n1", "n2"] {
            let (fake, snapshots) = (small(Stamps::None), memory());
            let cursor = now(&fake, &snapshots).await;
            fake.drive().delete("n4");
            fake.drive().hook = Some(Box::new(move |drive, folder| {
                if folder == from {
                    drive.broken = Some(kind);
                }
            }));
            let broken = fake.changes(&snapshots, Since::Cursor(cursor.clone()), ChangeOptions::new());
            let told: Vec<_> = broken.collect().await;
            assert_eq!(told.len(), 1, "{kind:?} {from}");
            assert_eq!(told[0].as_ref().unwrap_err().kind(), kind, "{from}");
            fake.drive().hook = None;
            fake.drive().broken = None;
            assert_eq!(short(&since(&fake, &snapshots, &cursor).await.0), ["-n4"], "{kind:?} {from}");
        }
    }
}

#[tokio::test]
async fn before_something_is_removed_the_root_is_known_to_be_there() {
    let (fake, snapshots) = (small(Stamps::None), memory());
    let cursor = now(&fake, &snapshots).await;
    fake.drive().roots = 0;
    let (_, cursor) = since(&fake, &snapshots, &cursor).await;
    assert_eq!(fake.drive().roots, 1, "nothing to remove, nothing to ask");
    fake.drive().roots = 0;
    fake.drive().delete("n4");
    let (changes, cursor) = since(&fake, &snapshots, &cursor).await;
    assert_eq!((short(&changes), fake.drive().roots), (vec!["-n4".to_owned()], 2));

    // All of it goes while it is read: once the root has been listed, what is in it is not found any more.
    fake.drive().hook = Some(Box::new(|drive, folder| {
        if folder == "n1" {
            drive.ended = true;
            drive.delete("n1");
        }
    }));
    let gone = fake.changes(&snapshots, Since::Cursor(cursor.clone()), ChangeOptions::new());
    let told: Vec<_> = gone.collect().await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].as_ref().unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn what_is_out_of_sight_is_gone_where_its_folder_says_so() {
    // The folder does not show `c` any more, and the account may not be told where it is.
    let (fake, snapshots) = (small(Stamps::None), memory());
    let cursor = now(&fake, &snapshots).await;
    fake.drive().hidden.insert("n3".into());
    assert_eq!(short(&since(&fake, &snapshots, &cursor).await.0), ["-n3"]);
}

#[tokio::test]
async fn names_that_no_path_can_hold_end_the_walk() {
    for name in ["", ".", "..", "a/b", "../../x"] {
        let (fake, snapshots) = (small(Stamps::None), memory());
        let cursor = now(&fake, &snapshots).await;
        let odd = fake.drive().create("n2", name, name.len() % 2 == 0);
        let told = read(fake.changes(&snapshots, Since::Cursor(cursor.clone()), ChangeOptions::new())).await;
        let error = told.unwrap_err();
        assert_eq!((error.kind(), error.subject()), (ErrorKind::InvalidName, Some(odd.as_str())), "{name:?}");
        fake.drive().rename(&odd, "fine");
        assert_eq!(short(&since(&fake, &snapshots, &cursor).await.0), ["+fine"]);
    }
}

#[tokio::test]
async fn a_tree_that_holds_itself_is_an_error_and_one_that_repeats_itself_ends() {
    // `b` shows the folder `a` that it is in.
    let (fake, snapshots) = (small(Stamps::None), memory());
    fake.drive().show("n2", "n1");
    let error = read(fake.changes(&snapshots, Since::Now, ChangeOptions::new())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);

    // Each level has two folders that show the same two folders below: 2^40 paths.
    let (fake, snapshots) = (Fake::new(Stamps::None), memory());
    let mut above = ["root".to_owned(), "root".to_owned()];
    for _ in 0..40 {
        let pair = ["l", "r"].map(|name| fake.drive().create(&above[0], name, true));
        pair.iter().for_each(|folder| fake.drive().show(&above[1], folder));
        above = pair;
    }
    let cursor = now(&fake, &snapshots).await;
    since(&fake, &snapshots, &cursor).await;
    let listed = fake.drive().listed.len();
    assert!(listed < 2 * 5 * 80, "{listed} listings");
}

#[tokio::test]
async fn a_store_without_snapshots_says_how_to_enable_them() {
    let error = read(snapshot::not_configured("acme")).await.unwrap_err();
    assert_eq!((error.kind(), error.provider()), (ErrorKind::Unsupported, Some("acme")));
    let text = error.to_string();
    assert!(["snapshot::Snapshots", "with_snapshots"].iter().all(|remedy| text.contains(remedy)), "{text}");
}

#[tokio::test]
async fn a_source_may_be_a_store_behind_a_pointer() {
    let store: Arc<dyn sharesync_core::RemoteStore> = Arc::new(small(Stamps::None));
    let stream = memory().changes(store, snapshot::Pruning::None, Since::Beginning, ChangeOptions::new());
    assert_eq!(read(stream).await.unwrap().0.len(), 4);
}
