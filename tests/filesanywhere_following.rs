//! Following the changes of a FilesAnywhere account while others change it: folders are known by their numbers, and the service
//! is asked by path.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

mod filesanywhere_following {
    mod moving;
    pub(crate) mod stage;
}

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::Ordering;

use filesanywhere_following::stage::{Consumer, folder, forged, meddled, put, store};
use futures::future::BoxFuture;
use futures::{FutureExt as _, TryStreamExt as _};
use sharesync::filesanywhere::FilesAnywhereStore;
use sharesync::{
    Change, ChangeOptions, Destination, ErrorKind, Item, ItemRef, ListOptions, RemoteStore as _, RemoteStoreExt as _,
    Since, WalkOptions,
};
use sharesync_emulator::{Emulator, Fault, FaultKind, PageForm};

/// Whatever happens to a folder while it is read what happened to it: each identity that is told is taken back once it is
/// gone, and nothing that is there is missing.
#[tokio::test]
async fn a_folder_is_known_by_its_number_and_not_by_its_path() {
    type Act = fn(FilesAnywhereStore, Item) -> BoxFuture<'static, ()>;
    let acts: [(&str, Act); 5] = [
        ("a new folder takes its name", |other, _| {
            async move {
                let new = folder(&other, &ItemRef::Root, "X").await;
                put(&other, &new, "new.txt").await;
            }
            .boxed()
        }),
        ("another folder is renamed to its name", |other, _| {
            async move {
                let there = ItemRef::Path("/Y".parse().unwrap());
                other.move_item(&there, &Destination::name("X")).await.unwrap();
            }
            .boxed()
        }),
        ("a file takes its name", |other, _| async move { drop(put(&other, ItemRef::Root, "X").await) }.boxed()),
        ("the folder above is replaced", |other, _| {
            async move {
                other.delete(&ItemRef::Path("/Z".parse().unwrap()), Default::default()).await.unwrap();
                let above = folder(&other, &ItemRef::Root, "Z").await;
                folder(&other, &ItemRef::from(&above), "inner").await;
            }
            .boxed()
        }),
        ("one that was renamed goes on to another name", |other, _| {
            async move {
                let there = ItemRef::Path("/Y".parse().unwrap());
                other.move_item(&there, &Destination::name("elsewhere")).await.unwrap();
            }
            .boxed()
        }),
    ];
    let moments = ["ChangeList", "FileProperties", "ItemProperties", "GetAllItemsForSync", "ListItems2"];
    for (what, act) in acts {
        for moment in moments {
            for (deleted_before, renamed) in [(true, false), (true, true), (false, true)] {
                let emulator = Emulator::start().await.unwrap();
                let (store, meddler) = meddled(&emulator).await;
                let other = self::store(&emulator).await;
                let x = folder(&other, &ItemRef::Root, "X").await;
                put(&other, &x, "a.txt").await;
                put(&other, &folder(&other, &ItemRef::Root, "Y").await, "b.txt").await;
                let z = folder(&other, &ItemRef::Root, "Z").await;
                let inner = folder(&other, &ItemRef::from(&z), "inner").await;
                let mut consumer = Consumer::default();
                consumer.read(&store).await.unwrap();
                put(&other, &x, "c.txt").await;
                put(&other, ItemRef::Path("/Y".parse().unwrap()), "c.txt").await;
                put(&other, ItemRef::Path("/Z/inner".parse().unwrap()), "c.txt").await;
                for name in if renamed { &["inside", "inner"][..] } else { &[] } {
                    // What the list says of a known folder leaves doubt: all folders are read again.
                    let inner = &other.stat(&ItemRef::from(&inner)).await.unwrap();
                    other.move_item(&ItemRef::from(inner), &Destination::name(*name)).await.unwrap();
                }
                if deleted_before {
                    other.delete(&ItemRef::from(&x), Default::default()).await.unwrap();
                }
                let rival = other.clone();
                meddler.before(moment, async move {
                    if !deleted_before {
                        rival.delete(&ItemRef::from(&x), Default::default()).await.unwrap();
                    }
                    act(rival.clone(), x).await;
                });
                // A reading that meets it may end, and not more than once.
                if let Err(error) = consumer.read(&store).await {
                    assert_eq!(error.kind(), ErrorKind::Unavailable, "{what}, {moment}: {error}");
                }
                let what = format!(
                    "{what} before {moment}, deleted before: {deleted_before}, renamed: {renamed}, met: {}",
                    meddler.is_done()
                );
                consumer.assert_is_true(&store, &emulator, &what).await;
                // What is gone in the end is gone from who was told of it.
                let left: Vec<_> = other.items(ItemRef::Root, ListOptions::new()).try_collect().await.unwrap();
                for item in &left {
                    other
                        .delete(&ItemRef::Path(format!("/{}", item.name).parse().unwrap()), Default::default())
                        .await
                        .unwrap();
                }
                consumer.read(&store).await.unwrap();
                assert_eq!(consumer.known, BTreeMap::new(), "{what}");
            }
        }
    }
}

/// The example of the fault: a folder is deleted, and another of its name appears while that is read.
#[tokio::test]
async fn a_removal_is_told_of_the_folder_that_was_told() {
    let emulator = Emulator::start().await.unwrap();
    let (store, meddler) = meddled(&emulator).await;
    let other = self::store(&emulator).await;
    let old = folder(&other, &ItemRef::Root, "X").await;
    let mut consumer = Consumer::default();
    assert_eq!(consumer.read(&store).await.unwrap(), [format!("+{}", old.id)]);
    other.delete(&ItemRef::from(&old), Default::default()).await.unwrap();
    let rival = other.clone();
    meddler.before("FileProperties", async move { drop(folder(&rival, &ItemRef::Root, "X").await) });
    let told = consumer.read(&store).await.unwrap();
    assert!(meddler.is_done());
    let new = other.stat(&ItemRef::Path("/X".parse().unwrap())).await.unwrap();
    // The new folder has the path that the old one was asked for by: the changes were read again.
    assert_eq!(told, [format!("+{}", new.id), format!("-{}", old.id)]);
    assert_eq!(consumer.read(&store).await.unwrap(), Vec::<String>::new());
    other.delete(&ItemRef::from(&new), Default::default()).await.unwrap();
    assert_eq!(consumer.read(&store).await.unwrap(), [format!("-{}", new.id)]);
}

/// A folder that becomes a file while everything is read ends nothing.
#[tokio::test]
async fn a_folder_that_a_file_takes_the_place_of_is_passed_over() {
    for moment in ["ListItems2", "GetAllItemsForSync"] {
        let emulator = Emulator::start().await.unwrap();
        let (store, meddler) = meddled(&emulator).await;
        let other = self::store(&emulator).await;
        let x = folder(&other, &ItemRef::Root, "X").await;
        put(&other, &x, "a.txt").await;
        put(&other, ItemRef::Root, "z.txt").await;
        let rival = other.clone();
        let replaced = async move {
            rival.delete(&ItemRef::from(&x), Default::default()).await.unwrap();
            put(&rival, ItemRef::Root, "X").await;
        };
        let mut consumer = Consumer::default();
        if moment == "ListItems2" {
            // After the root was listed, when the folder is about to be.
            let pages = store.changes(Since::Beginning, ChangeOptions::new());
            let mut pages = pages.map_ok(|page| (page.changes.len(), page.checkpoint));
            pages.try_next().await.unwrap().unwrap();
            meddler.before(moment, replaced);
            let rest: Vec<_> = pages.try_collect().await.unwrap();
            assert!(meddler.is_done() && rest.last().unwrap().1.is_some());
            continue;
        }
        meddler.before(moment, replaced);
        consumer.read(&store).await.unwrap();
        consumer.assert_is_true(&store, &emulator, moment).await;
    }
}

/// The folder that is followed goes, or another one takes its place: that is an error, and nothing that was in it is told
/// as gone by accident.
#[tokio::test]
async fn without_the_folder_that_is_followed_nothing_is_told() {
    let emulator = Emulator::start().await.unwrap();
    let (store, meddler) = meddled(&emulator).await;
    let other = self::store(&emulator).await;
    let top = folder(&other, &ItemRef::Root, "top").await;
    let file = put(&other, &top, "a.txt").await;
    let scope = ChangeOptions::new().with_scope(&top);
    let read = async |since| store.changes(since, scope.clone()).try_collect::<Vec<_>>().await;
    let cursor = read(Since::Beginning).await.unwrap().last().unwrap().checkpoint.clone().unwrap();
    other.delete(&ItemRef::from(&file), Default::default()).await.unwrap();
    let rival = other.clone();
    let gone = top.clone();
    meddler.before("FileProperties", async move {
        rival.delete(&ItemRef::from(&gone), Default::default()).await.unwrap();
        folder(&rival, &ItemRef::Root, "top").await;
    });
    for _ in 0..2 {
        let failed = read(Since::Cursor(cursor.clone())).await.unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::NotFound, "{failed}");
    }
    assert!(meddler.is_done());
}

/// The page of a gateway, at any request of a reading: nothing is told as gone that is there, and the next reading has all.
#[tokio::test]
async fn a_page_in_between_removes_nothing() {
    use PageForm::{Html, Text};
    for (status, form) in [(404, Text), (403, Html), (404, Html), (200, Html), (503, Html)] {
        for at in ["ChangeList", "FileProperties", "ItemProperties", "ListItems2", "GetAllItemsForSync"] {
            let emulator = Emulator::start().await.unwrap();
            let (store, other) = (self::store(&emulator).await, self::store(&emulator).await);
            let x = folder(&other, &ItemRef::Root, "X").await;
            put(&other, &x, "a.txt").await;
            let gone = put(&other, ItemRef::Root, "gone.txt").await;
            let mut consumer = Consumer::default();
            consumer.read(&store).await.unwrap();
            put(&other, &x, "b.txt").await;
            put(&other, &folder(&other, &ItemRef::Root, "new").await, "c.txt").await;
            other.move_item(&ItemRef::from(&x), &Destination::name("Y")).await.unwrap();
            other.delete(&ItemRef::from(&gone), Default::default()).await.unwrap();
            emulator.faults().add(Fault::new(FaultKind::ProxyPage { status, form }).path(at));
            let before = consumer.known.clone();
            let told = consumer.read(&store).await;
            emulator.faults().clear();
            match told {
                Err(error) => {
                    let kinds = [ErrorKind::Protocol, ErrorKind::Unavailable];
                    assert!(kinds.contains(&error.kind()), "{status} {at}: {error}");
                    assert_eq!(consumer.known, before, "{status} {at}: nothing was told");
                }
                Ok(told) => assert!(!told.contains(&format!("-{}", x.id)), "{status} {at}: {told:?}"),
            }
            consumer.assert_is_true(&store, &emulator, &format!("{status} {at}")).await;
        }
    }
}

/// A name that leads elsewhere once it is part of a path is refused, and a tree without an end has one.
#[tokio::test]
async fn names_that_lead_elsewhere_and_trees_without_an_end_are_refused() {
    let emulator = Emulator::start().await.unwrap();
    let other = store(&emulator).await;
    folder(&other, &ItemRef::Root, "inner").await;
    for name in ["", ".", "..", "a/b", "a\\b", "..\\x"] {
        let (store, forger) =
            forged(&emulator, move |listing| listing.replace("<Name>inner</Name>", &format!("<Name>{name}</Name>")))
                .await;
        let read = store.changes(Since::Beginning, ChangeOptions::new()).try_collect::<Vec<_>>().await;
        assert_eq!(read.unwrap_err().kind(), ErrorKind::InvalidName, "{name:?}");
        let listed = store.items(ItemRef::Root, ListOptions::new()).try_collect::<Vec<_>>().await;
        assert_eq!(listed.unwrap_err().kind(), ErrorKind::InvalidName, "{name:?}");
        assert!(forger.listings.load(Ordering::Relaxed) < 5);
    }
    // Whatever is listed, the answer is the first one: every folder holds a folder of the same name.
    let first = Mutex::new(None);
    let again = move |listing: String| first.lock().unwrap().get_or_insert(listing).clone();
    let (store, forger) = forged(&emulator, again).await;
    let read = store.changes(Since::Beginning, ChangeOptions::new()).try_collect::<Vec<_>>().await;
    // The folders below have no numbers, and asked for one by one, they are not there.
    let told: Vec<_> = read.unwrap().into_iter().flat_map(|page| page.changes).collect();
    assert!(matches!(&told[..], [Change::Upsert(item)] if item.name == "inner"), "{told:?}");
    let walked = store.walk(ItemRef::Root, WalkOptions::new()).try_collect::<Vec<_>>().await;
    assert_eq!(walked.unwrap_err().kind(), ErrorKind::Protocol);
    assert!(forger.listings.load(Ordering::Relaxed) < 300);
}

/// Pages that are counted and empty: no folder is taken for empty that may not be. One page, or none, is an empty folder.
#[tokio::test]
async fn a_count_of_pages_without_anything_on_them_is_refused() {
    let emulator = Emulator::start().await.unwrap();
    folder(&store(&emulator).await, &ItemRef::Root, "inner").await;
    for (count, expected) in [(5, Err(ErrorKind::Protocol)), (2, Err(ErrorKind::Protocol)), (1, Ok(0)), (0, Ok(0))] {
        let emptied = move |listing: String| {
            let (before, counted) = listing.split_once("<PageCount>").unwrap();
            let (_, after) = counted.split_once('<').unwrap();
            let rows = before.split_once("<Items>").and_then(|(_, rest)| Some(rest.split_once("</Items>")?.0));
            format!("{}<PageCount>{count}<{after}", before.replace(rows.unwrap_or("no rows"), ""))
        };
        let (store, forger) = forged(&emulator, emptied).await;
        let listed = store.items(ItemRef::Root, ListOptions::new()).try_collect::<Vec<_>>().await;
        assert_eq!(listed.map(|items| items.len()).map_err(|error| error.kind()), expected, "{count} pages");
        assert!((1..5).contains(&forger.listings.load(Ordering::Relaxed)));
    }
}
