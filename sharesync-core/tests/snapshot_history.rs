//! Random histories: whatever happens to the tree and to the consumer, what it is told adds up to the tree.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

mod snapshot_support;

use std::time::Duration;

use fastrand::Rng;
use futures::StreamExt as _;
use sharesync_core::snapshot::{MemorySnapshots, RedbSnapshots, Snapshots};
use sharesync_core::{ChangeOptions, Cursor, ErrorKind, Since};
use snapshot_support::{Drive, Fake, Model, Node, Stamps};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// Something happens to the tree.
fn act(drive: &mut Drive, rng: &mut Rng, bin: &mut Vec<Vec<(String, Node)>>) {
    let ids = drive.ids();
    let folders = drive.folders();
    let any = |rng: &mut Rng| rng.choice(&ids).cloned();
    let folder = rng.choice(&folders).unwrap().clone();
    let name = *rng.choice(&NAMES).unwrap();
    match rng.u8(0..12) {
        0..4 => drop(drive.create(&folder, name, rng.u8(0..3) == 0)),
        4 => {
            if let Some(id) = any(rng).filter(|id| !drive.nodes[id].folder) {
                drive.edit(&id);
            }
        }
        5 => any(rng).into_iter().for_each(|id| drive.rename(&id, name)),
        6 | 7 => {
            if let Some(id) = any(rng).filter(|id| !drive.contains(id, &folder)) {
                drive.relocate(&id, &folder);
            }
        }
        8 => any(rng).into_iter().for_each(|id| bin.push(drive.delete(&id))),
        9 => swap(drive, any(rng), any(rng)),
        10 => recreate(drive, any(rng)),
        _ => rescue(drive, rng, bin),
    }
}

/// Two items change names.
fn swap(drive: &mut Drive, one: Option<String>, two: Option<String>) {
    if let (Some(one), Some(two)) = (one, two) {
        let (a, b) = (drive.nodes[&one].name.clone(), drive.nodes[&two].name.clone());
        drive.rename(&one, &b);
        drive.rename(&two, &a);
    }
}

/// An item is replaced by a new one of the same name.
fn recreate(drive: &mut Drive, id: Option<String>) {
    if let Some(id) = id {
        let node = drive.delete(&id).swap_remove(0).1;
        drive.create(&node.parent, &node.name, node.folder);
    }
}

/// What is in a folder moves out of it before it is deleted; or what was deleted comes back.
fn rescue(drive: &mut Drive, rng: &mut Rng, bin: &mut Vec<Vec<(String, Node)>>) {
    if rng.bool()
        && let Some(gone) = bin.pop()
    {
        if gone[0].1.parent == "root" || drive.nodes.contains_key(&gone[0].1.parent) {
            gone.into_iter().for_each(|(id, node)| drive.put_back(&id, node));
        }
        return;
    }
    let folders: Vec<_> = drive.folders().into_iter().filter(|id| id != "root").collect();
    if let Some(folder) = rng.choice(&folders) {
        let inside: Vec<_> = drive.ids().into_iter().filter(|id| drive.nodes[id].parent == *folder).collect();
        if let Some(id) = rng.choice(&inside) {
            drive.relocate(id, "root");
        }
        bin.push(drive.delete(folder));
    }
}

/// How one reading of the changes ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The cursor is kept.
    Checkpoint,
    /// The consumer dies between two pages, or before it has kept the cursor.
    Killed,
    /// A listing failed.
    Failed,
}

struct Consumer {
    model: Model,
    cursor: Option<Cursor>,
}

impl Consumer {
    async fn poll(&mut self, fake: &Fake, snapshots: &Snapshots, rng: &mut Rng, calm: bool) -> End {
        let since = self.cursor.clone().map_or(Since::Beginning, Since::Cursor);
        if since == Since::Beginning {
            self.model = Model::default();
        }
        fake.drive().fail_after = (!calm && rng.u8(0..4) == 0).then(|| rng.usize(0..10));
        let die_after = (!calm && rng.u8(0..3) == 0).then(|| rng.usize(0..6));
        let options = ChangeOptions::new().with_page_size(rng.u32(1..6));
        let mut stream = fake.changes(snapshots, since, options);
        let mut pages = 0;
        while let Some(page) = stream.next().await {
            let page = match page {
                Ok(page) => page,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
                    assert_eq!(pages, 0, "a failed walk tells nothing");
                    return End::Failed;
                }
            };
            for (index, change) in page.changes.iter().enumerate() {
                if die_after == Some(pages) && index == page.changes.len() / 2 {
                    return End::Killed;
                }
                self.model.apply(change);
            }
            pages += 1;
            if die_after.is_some_and(|after| pages > after) {
                return End::Killed;
            }
            if let Some(checkpoint) = page.checkpoint {
                self.cursor = Some(checkpoint);
            }
        }
        End::Checkpoint
    }
}

/// A place for snapshots that a process opens when it starts.
struct Home(Option<(tempfile::TempDir, u8)>, Snapshots);

impl Home {
    async fn new(file: bool) -> Self {
        if file {
            let directory = tempfile::tempdir().unwrap();
            let snapshots = RedbSnapshots::open(directory.path().join("snapshots")).await.unwrap();
            return Self(Some((directory, 0)), Snapshots::new(snapshots));
        }
        Self(None, Snapshots::new(MemorySnapshots::new()))
    }

    /// The process dies and another one begins.
    async fn restart(&mut self) {
        if let Some((directory, _)) = &self.0 {
            let path = directory.path().join("snapshots");
            self.1 = Snapshots::new(MemorySnapshots::new());
            self.1 = Snapshots::new(open_when_free(path).await);
        }
    }
}

/// Work on the file that was under way when a stream was dropped goes on to its end.
async fn open_when_free(path: std::path::PathBuf) -> RedbSnapshots {
    loop {
        match RedbSnapshots::open(&path).await {
            Err(error) if error.kind() == ErrorKind::Locked => tokio::task::yield_now().await,
            opened => return opened.unwrap(),
        }
    }
}

struct Case {
    stamps: Stamps,
    file: bool,
    versioned: bool,
    races: bool,
}

async fn history(case: &Case, seed: u64, steps: usize) {
    let mut rng = Rng::with_seed(seed);
    let fake = Fake::new(case.stamps);
    fake.drive().versioned = case.versioned;
    let mut home = Home::new(case.file).await;
    let mut bin = Vec::new();
    let mut consumer = Consumer { model: Model::default(), cursor: None };
    let (mut done, mut polls, mut ends) = (0, 0, [0; 3]);
    while done < steps {
        for _ in 0..rng.usize(0..12) {
            act(&mut fake.drive(), &mut rng, &mut bin);
            done += 1;
        }
        if case.races {
            let (mut rng, mut bin) = (Rng::with_seed(rng.u64(..)), Vec::new());
            fake.drive().hook = Some(Box::new(move |drive, _| {
                if rng.u8(0..4) == 0 {
                    act(drive, &mut rng, &mut bin);
                }
            }));
        }
        let mut snapshots = home.1.clone().with_concurrency(rng.usize(1..4));
        if case.stamps == Stamps::Additions {
            // Only a walk of the whole tree sees everything.
            snapshots = snapshots.with_full_scan_every(Duration::ZERO);
        }
        if case.races {
            // The service fails walks whose folders move into each other's place.
            let _ = consumer.poll_racing(&fake, &snapshots, &mut rng).await;
            fake.drive().hook = None;
        }
        let end = consumer.poll(&fake, &snapshots, &mut rng, case.races).await;
        if end == End::Checkpoint {
            consumer.model.assert_is(&Model::of(&fake), &format!("seed {seed}, poll {polls}"));
        } else if rng.bool() {
            drop(snapshots);
            home.restart().await;
        }
        ends[end as usize] += 1;
        polls += 1;
    }
    let wanted: &[usize] = if case.races { &[0] } else { &[0, 1, 2] };
    assert!(wanted.iter().all(|end| ends[*end] > 0), "{ends:?}");
}

impl Consumer {
    /// Reads while the tree changes: what is told may be late, and a walk may fail, but nothing else may happen.
    async fn poll_racing(&mut self, fake: &Fake, snapshots: &Snapshots, rng: &mut Rng) -> Result<(), ErrorKind> {
        let since = self.cursor.clone().map_or(Since::Beginning, Since::Cursor);
        if since == Since::Beginning {
            self.model = Model::default();
        }
        let mut stream = fake.changes(snapshots, since, ChangeOptions::new().with_page_size(rng.u32(1..6)));
        while let Some(page) = stream.next().await {
            let page = page.map_err(|error| {
                // Folders that move into each other's place; a folder that is deleted and restored in an instant.
                let allowed = [ErrorKind::Protocol, ErrorKind::NotFound];
                assert!(allowed.contains(&error.kind()), "{error}");
                error.kind()
            })?;
            page.changes.iter().for_each(|change| self.model.apply(change));
            self.cursor = page.checkpoint.or_else(|| self.cursor.take());
        }
        Ok(())
    }
}

#[tokio::test]
async fn what_is_told_adds_up_to_the_tree() {
    for seed in 0..12 {
        for stamps in [Stamps::None, Stamps::All, Stamps::Additions] {
            let case = Case { stamps, file: false, versioned: seed % 2 == 1, races: false };
            history(&case, seed, 400).await;
        }
    }
}

#[tokio::test]
async fn the_same_from_a_file_that_is_opened_again_and_again() {
    for stamps in [Stamps::None, Stamps::All] {
        let case = Case { stamps, file: true, versioned: stamps == Stamps::All, races: false };
        history(&case, 77, 1000).await;
    }
}

#[tokio::test]
async fn a_tree_that_changes_while_it_is_read_is_told_by_the_next_call() {
    for seed in 0..20 {
        for stamps in [Stamps::None, Stamps::All] {
            let case = Case { stamps, file: false, versioned: false, races: true };
            history(&case, seed, 300).await;
        }
    }
}
