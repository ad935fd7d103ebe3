//! What moves while changes are read is not told as gone.

use std::collections::BTreeSet;

use futures::TryStreamExt as _;
use sharesync::filesanywhere::FilesAnywhereStore;
use sharesync::transfer::UploadRequest;
use sharesync::{Destination, Item, ItemRef, ListOptions, OnConflict, RemoteStore as _, RemoteStoreExt as _};
use sharesync_emulator::Emulator;
use sharesync_emulator::drive::ItemPatch;

use super::stage::{Consumer, folder, meddled, put, store};

async fn relocate(store: &FilesAnywhereStore, item: impl Into<ItemRef>, to: Destination) -> Item {
    store.move_item(&item.into(), &to).await.unwrap()
}

fn at(path: &str) -> ItemRef {
    ItemRef::Path(path.parse().unwrap())
}

/// `/top/above/folder/file`, and places to go to: one in `/top`, and one beside it.
async fn tree(other: &FilesAnywhereStore) -> Item {
    let top = folder(other, &ItemRef::Root, "top").await;
    let above = folder(other, &ItemRef::from(&top), "above").await;
    let inner = folder(other, &ItemRef::from(&above), "folder").await;
    put(other, &inner, "file").await;
    folder(other, &ItemRef::from(&top), "inside").await;
    folder(other, &ItemRef::Root, "outside").await;
    top
}

/// An item, or a folder around it, goes after the changes were listed and comes back before they are listed again: whoever
/// asks in between does not find it.
#[tokio::test]
async fn what_comes_back_is_not_told_as_gone() {
    for scoped in [false, true] {
        for place in ["/top/inside", "/outside"] {
            for path in ["/top/above/folder/file", "/top/above/folder", "/top/above"] {
                for moment in ["FileProperties", "ItemProperties"] {
                    let what = format!("{path} goes to {place} before {moment}, scoped: {scoped}");
                    let emulator = Emulator::start().await.unwrap();
                    let other = store(&emulator).await;
                    let (store, meddler) = meddled(&emulator).await;
                    let top = tree(&other).await;
                    let mut consumer = Consumer { scope: scoped.then(|| top.id.clone()), ..Consumer::default() };
                    consumer.read(&store).await.unwrap();
                    let before = consumer.known.keys().cloned().collect::<BTreeSet<_>>();
                    // Both are named by the list: the file has a new version, and the folders a new neighbour.
                    let request =
                        UploadRequest::new(at("/top/above/folder"), "file").with_on_conflict(OnConflict::NewVersion);
                    other.upload_bytes("new", request, Default::default()).await.unwrap();
                    relocate(&other, at("/top/above/folder"), Destination::name("between")).await;
                    relocate(&other, at("/top/above/between"), Destination::name("folder")).await;
                    relocate(&other, at("/top/above"), Destination::name("between")).await;
                    relocate(&other, at("/top/between"), Destination::name("above")).await;

                    let (away, back) = (other.clone(), other.clone());
                    meddler.before(moment, async move {
                        relocate(&away, at(path), Destination::folder(at(place))).await;
                    });
                    meddler.before("ChangeList", async move {
                        let (home, name) = path.rsplit_once('/').unwrap();
                        relocate(&back, at(&format!("{place}/{name}")), Destination::folder(at(home))).await;
                    });
                    for reading in ["that meets it", "after it"] {
                        let told = consumer.read(&store).await.unwrap_or_default();
                        let gone = before.iter().filter(|id| told.contains(&format!("-{id}"))).collect::<Vec<_>>();
                        let lost = before.iter().filter(|id| !consumer.known.contains_key(id)).collect::<Vec<_>>();
                        assert!(gone.is_empty() && lost.is_empty(), "{what}, in the reading {reading}: {told:?}");
                        assert!(meddler.is_done(), "{what}");
                    }
                    consumer.assert_is_true(&store, &emulator, &what).await;
                }
            }
        }
    }
}

/// A folder that goes takes nothing along that has left it: what it held is somewhere else when it is told as gone.
#[tokio::test]
async fn what_has_left_a_folder_does_not_go_with_it() {
    for moment in ["FileProperties", "ItemProperties", "ChangeList"] {
        let emulator = Emulator::start().await.unwrap();
        let other = store(&emulator).await;
        let (store, meddler) = meddled(&emulator).await;
        tree(&other).await;
        let mut consumer = Consumer::default();
        consumer.read(&store).await.unwrap();
        let inner = other.stat(&at("/top/above/folder")).await.unwrap();
        // The folder above is named by the list, and not what is in it.
        let drive = emulator.drive();
        let above = drive.find(drive.root(), 1, |item| &*item.name == "above").remove(0);
        let described = ItemPatch { description: Some("new".into()), ..ItemPatch::default() };
        drive.update(drive.users().remove(0).id, above.item.id, described).unwrap();
        put(&other, at("/outside"), "new").await;
        let rival = other.clone();
        meddler.before(moment, async move {
            relocate(&rival, at("/top/above/folder"), Destination::folder(at("/top/inside"))).await;
            rival.delete(&at("/top/above"), Default::default()).await.unwrap();
        });
        consumer.read(&store).await.unwrap();
        assert!(meddler.is_done());
        let file = format!("{}/file", inner.id).into();
        assert!(consumer.known.contains_key(&inner.id) && consumer.known.contains_key(&file), "{moment}");
        consumer.assert_is_true(&store, &emulator, moment).await;
    }
}

/// The service has lost track, and everything is read: what moves from a folder that was not read yet to one that was is in
/// neither, and there all the same.
#[tokio::test]
async fn what_moves_while_everything_is_read_is_not_gone() {
    for listed in 2..5 {
        let emulator = Emulator::start().await.unwrap();
        let other = store(&emulator).await;
        let (store, meddler) = meddled(&emulator).await;
        for name in ["a", "b", "c"] {
            let top = folder(&other, &ItemRef::Root, name).await;
            put(&other, &top, &format!("file of {name}")).await;
            let inner = folder(&other, &ItemRef::from(&top), &format!("folder of {name}")).await;
            put(&other, &inner, "inside").await;
        }
        let mut consumer = Consumer::default();
        consumer.read(&store).await.unwrap();
        let folders = consumer.known.keys().filter(|id| !id.as_str().contains('/')).cloned().collect::<Vec<_>>();
        emulator.filesanywhere().change_list().full_sync(1);
        for _ in 1..listed {
            meddler.before("ListItems2", async {});
        }
        let rival = other.clone();
        meddler.before("ListItems2", async move {
            // Whichever was read first, to it something goes from the next one.
            for (from, to) in [("a", "b"), ("b", "c"), ("c", "a")] {
                for what in ["file", "folder"] {
                    let item = at(&format!("/{from}/{what} of {from}"));
                    relocate(&rival, item, Destination::folder(at(&format!("/{to}")))).await;
                }
            }
        });
        consumer.read(&store).await.unwrap();
        assert!(meddler.is_done());
        for folder in folders {
            assert!(consumer.known.contains_key(&folder), "before listing {listed}: {folder} is there");
        }
        let left: Vec<_> = other.items(at("/b"), ListOptions::new()).try_collect().await.unwrap();
        for item in &left {
            assert!(consumer.known.contains_key(&item.id), "before listing {listed}: {} is there", item.id);
        }
        consumer.assert_is_true(&store, &emulator, "after a reset").await;
    }
}

/// A folder leaves after it was listed, and nobody knows its number there any more: it is not told by its path, which no list
/// of changes would ever take back.
#[tokio::test]
async fn what_moves_while_it_is_listed_is_not_told_by_its_path() {
    for moved in ["/x", "/top/above"] {
        let emulator = Emulator::start().await.unwrap();
        let other = store(&emulator).await;
        let (store, meddler) = meddled(&emulator).await;
        tree(&other).await;
        put(&other, &folder(&other, &ItemRef::Root, "x").await, "file").await;
        let (above, _) = moved.rsplit_once('/').unwrap();
        let above = if above.is_empty() { ItemRef::Root } else { at(above) };
        for _ in 0..if above == ItemRef::Root { 0 } else { 2 } {
            meddler.before("ListItems2", async {});
        }
        let (maker, mover) = (other.clone(), other.clone());
        // A folder that is not known yet has the changes read, in the middle of a page.
        meddler.before("ListItems2", async move { drop(folder(&maker, &above, "0").await) });
        meddler.before("ChangeList", async move {
            relocate(&mover, at(moved), Destination::folder(at("/outside"))).await;
        });
        let mut consumer = Consumer::default();
        let told = consumer.read(&store).await.unwrap();
        assert!(meddler.is_done(), "{moved}");
        assert!(told.iter().all(|told| !told.contains('\\')), "{moved}: {told:?}");
        consumer.assert_is_true(&store, &emulator, moved).await;
    }
}
