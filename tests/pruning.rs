//! What following changes costs on ShareFile: folders in which nothing has changed are not asked for.
//!
//! The tree has 10,000 files; `SHARESYNC_TREE=100000 cargo test --test pruning -- --nocapture` takes another number. The
//! counts of requests are printed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

use std::time::Instant;

use futures::TryStreamExt as _;
use sharesync::sharefile::{Client, ShareFileStore, StoreOptions};
use sharesync::snapshot::{MemorySnapshots, Snapshots};
use sharesync::{Change, ChangeOptions, Cursor, RemoteStore as _, Since};
use sharesync_emulator::Emulator;
use sharesync_emulator::drive::{Drive, ItemId, NewFolder, UserId};

/// Files in each folder at the bottom.
const FILES: usize = 100;

/// Folders that lie in each folder at the top.
const FOLDERS: usize = 10;

/// Folders at the bottom in which something changes, spread over those at the top.
const CHANGED: usize = 20;

/// Changes in each of them: two files edited, one created, two deleted.
const CHANGES: usize = 5;

/// A tree of two levels of folders, filled without the protocol.
struct Filled {
    drive: Drive,
    user: UserId,
    /// The folders at the bottom, by those at the top.
    folders: Vec<Vec<ItemId>>,
}

impl Filled {
    fn new(emulator: &Emulator, files: usize) -> Self {
        let (drive, user) = (emulator.drive().clone(), emulator.sharefile().user());
        let make = |parent, number| {
            let folder = drive.create_folder(user.id, parent, &format!("folder {number}"), NewFolder::default());
            folder.unwrap().item.id
        };
        let tops = files.div_ceil(FILES * FOLDERS);
        let mut folders = Vec::new();
        for top in 0..tops {
            let top = make(user.home, top);
            let below: Vec<_> = (0..FOLDERS).map(|number| make(top, number)).collect();
            for folder in &below {
                for file in 0..FILES {
                    drive.put_bytes(user.id, *folder, &format!("{file}.txt"), "content").unwrap();
                }
            }
            folders.push(below);
        }
        Self { user: user.id, folders, drive }
    }

    fn change(&self) {
        for number in 0..CHANGED {
            let folder = self.folders[number % self.folders.len()][number / self.folders.len()];
            for name in ["1.txt", "2.txt", "new.txt"] {
                self.drive.put_bytes(self.user, folder, name, "not what it was").unwrap();
            }
            for name in ["3.txt", "4.txt"] {
                let gone = self.drive.child(folder, name).unwrap();
                self.drive.delete(self.user, gone.item.id).unwrap();
            }
        }
    }
}

/// What one reading of the changes took.
struct Reading {
    changes: usize,
    listings: usize,
    requests: u64,
    cursor: Cursor,
}

async fn read(what: &str, emulator: &Emulator, store: &ShareFileStore, since: Since) -> Reading {
    emulator.requests().clear();
    let begun = Instant::now();
    let (mut changes, mut cursor) = (0, None);
    let mut pages = store.changes(since, ChangeOptions::new());
    while let Some(page) = pages.try_next().await.unwrap() {
        changes += page.changes.iter().filter(|change| matches!(change, Change::Upsert(_) | Change::Remove(_))).count();
        cursor = page.checkpoint.or(cursor);
    }
    let (listings, requests) = (emulator.requests().matching("/Children").len(), emulator.requests().count());
    println!("{what}: {changes} changes, {listings} listings of {requests} requests, {:?}", begun.elapsed());
    Reading { changes, listings, requests, cursor: cursor.unwrap() }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_folders_with_changes_are_listed() {
    let files = std::env::var("SHARESYNC_TREE").map_or(10_000, |number| number.parse().unwrap());
    let emulator = Emulator::builder().recorded_requests(1 << 20).start().await.unwrap();
    let tree = Filled::new(&emulator, files);
    let (tops, folders) = (tree.folders.len(), tree.folders.iter().map(Vec::len).sum::<usize>());
    let items = tops + folders + folders * FILES;
    println!("{items} items in {} folders", 1 + tops + folders);
    let account = emulator.sharefile();
    let client = Client::builder_at(account.endpoint())
        .client_id(account.client_id())
        .client_secret(account.client_secret())
        .password(account.username(), account.password())
        .connect()
        .await
        .unwrap();
    let snapshots = Snapshots::new(MemorySnapshots::new());
    let store = client.store_with(StoreOptions::new().with_snapshots(snapshots));

    let first = read("from the beginning", &emulator, &store, Since::Beginning).await;
    assert_eq!((first.changes, first.listings), (items, 1 + tops + folders));

    let fresh = read("nothing changed", &emulator, &store, Since::Cursor(first.cursor)).await;
    assert_eq!((fresh.changes, fresh.listings), (0, 1 + tops + folders), "dates of just now are not relied on");
    let quiet = read("nothing changed since", &emulator, &store, Since::Cursor(fresh.cursor)).await;
    assert_eq!((quiet.changes, quiet.listings), (0, 0));

    tree.change();
    let after = read("changes in some folders", &emulator, &store, Since::Cursor(quiet.cursor)).await;
    // The root, the folders on the way, and those with changes.
    let paths = 1 + tops.min(CHANGED) + CHANGED;
    assert_eq!((after.changes, after.listings), (CHANGED * CHANGES, paths));
    // Beside the listings, the root is asked for, once more before anything is told as gone, and what is no longer where it was.
    let deleted = CHANGED * 2;
    assert!(after.requests <= (paths + deleted + 2) as u64, "{} requests", after.requests);

    let again = read("nothing more", &emulator, &store, Since::Cursor(after.cursor)).await;
    assert_eq!((again.changes, again.listings), (0, paths), "a new date is trusted when it was the same twice");
    let last = read("and nothing more", &emulator, &store, Since::Cursor(again.cursor)).await;
    assert_eq!((last.changes, last.listings), (0, 0));
}
