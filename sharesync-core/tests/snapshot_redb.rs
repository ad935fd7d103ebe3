//! Snapshots in a file: one process at a time, damage is an error, and what was sealed survives.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

mod snapshot_support;

use std::path::{Path, PathBuf};
use std::process::Command;

use futures::StreamExt as _;
use sharesync_core::snapshot::{RedbSnapshots, Snapshots};
use sharesync_core::{Change, ChangeOptions, Cursor, ErrorKind, Result, Since};
use snapshot_support::{Fake, Model, Stamps, read};

/// In a process that has this, the tests of other processes play their part with the file it names.
const OTHER: &str = "SNAPSHOT_REDB_OTHER";

fn tree() -> Fake {
    let fake = Fake::new(Stamps::None);
    let folder = fake.drive().create("root", "folder", true);
    (0..300).for_each(|file| drop(fake.drive().create(&folder, &format!("file {file}"), false)));
    fake
}

fn home() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("snapshots");
    (directory, path)
}

/// Runs a test of this file in a process of its own.
fn other(test: &str, path: &Path) -> std::process::Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture"]).env(OTHER, path).output().unwrap()
}

#[tokio::test]
async fn a_second_process_is_refused() {
    if let Some(path) = std::env::var_os(OTHER) {
        assert_eq!(RedbSnapshots::open(path).await.unwrap_err().kind(), ErrorKind::Locked);
        return;
    }
    let (_directory, path) = home();
    let open = RedbSnapshots::open(&path).await.unwrap();
    let output = other("a_second_process_is_refused", &path);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(RedbSnapshots::open(&path).await.unwrap_err().kind(), ErrorKind::Locked);
    drop(open);
    RedbSnapshots::open(&path).await.unwrap();
}

#[tokio::test]
async fn what_was_sealed_survives_a_process_that_is_killed() {
    let fake = tree();
    if let Some(path) = std::env::var_os(OTHER) {
        let snapshots = Snapshots::new(RedbSnapshots::open(path).await.unwrap());
        let mut stream = fake.changes(&snapshots, Since::Now, ChangeOptions::new());
        let page = stream.next().await.unwrap().unwrap();
        println!("cursor {}", serde_json::to_string(&page.checkpoint.unwrap()).unwrap());
        std::process::abort();
    }
    let (_directory, path) = home();
    let output = other("what_was_sealed_survives_a_process_that_is_killed", &path);
    assert!(!output.status.success());
    let output = String::from_utf8(output.stdout).unwrap();
    let cursor = output.lines().find_map(|line| line.split_once("cursor ")).unwrap().1;
    let since = Since::Cursor(serde_json::from_str(cursor).unwrap());
    fake.drive().edit("n7");
    let snapshots = Snapshots::new(RedbSnapshots::open(&path).await.unwrap());
    let (changes, _) = read(fake.changes(&snapshots, since, ChangeOptions::new())).await.unwrap();
    assert!(matches!(&changes[..], [Change::Upsert(item)] if item.id.as_str() == "n7"), "{changes:?}");
}

#[tokio::test]
async fn what_is_no_database_is_refused_and_left_alone() {
    let (_directory, path) = home();
    for content in [&b"not a database"[..], &[0x5a; 100_000]] {
        std::fs::write(&path, content).unwrap();
        let error = RedbSnapshots::open(&path).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io, "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), content);
    }
    let error = RedbSnapshots::open(path.join("below a file")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
}

#[tokio::test]
async fn damage_anywhere_is_an_error_or_harmless() {
    let (directory, path) = home();
    let fake = tree();
    let snapshots = Snapshots::new(RedbSnapshots::open(&path).await.unwrap());
    let (_, cursor) = read(fake.changes(&snapshots, Since::Now, ChangeOptions::new())).await.unwrap();
    drop(snapshots);
    let sound = std::fs::read(&path).unwrap();
    // What the database itself says of its damage is of no interest.
    std::panic::set_hook(Box::new(|_| {}));
    let mut errors = 0;
    for round in 0..60 {
        let mut rng = fastrand::Rng::with_seed(round);
        let mut bytes = sound.clone();
        match round % 3 {
            0 => bytes.truncate(rng.usize(1..sound.len())),
            1 => (0..2000).for_each(|_| bytes[rng.usize(0..sound.len())] ^= 1 << rng.u8(0..8)),
            _ => {
                let start = rng.usize(0..sound.len());
                let end = sound.len().min(start + 64 * 1024);
                bytes[start..end].fill(rng.u8(..));
            }
        }
        let path = directory.path().join(format!("damaged {round}"));
        std::fs::write(&path, bytes).unwrap();
        let fake = fake.clone();
        let since = Since::Cursor(cursor.clone());
        let outcome: Result<_> = async {
            let snapshots = Snapshots::new(RedbSnapshots::open(&path).await?);
            read(fake.changes(&snapshots, since, ChangeOptions::new())).await
        }
        .await;
        if let Err(error) = outcome {
            assert!(matches!(error.kind(), ErrorKind::Io | ErrorKind::Config), "round {round}: {error}");
            assert!(!error.to_string().contains("file 2"), "names do not belong into errors: {error}");
            errors += 1;
        }
    }
    drop(std::panic::take_hook());
    assert!(errors > 30, "{errors} errors");
}

/// Sets how large the files of this process may become, in bytes.
#[cfg(target_os = "linux")]
fn limit_files(bytes: &str) {
    let process = std::process::id().to_string();
    let limit = format!("--fsize={bytes}:unlimited");
    assert!(Command::new("prlimit").args(["--pid", &process, &limit]).status().unwrap().success());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_same_open_file_goes_on_when_there_is_room_again() {
    const NAME: &str = "the_same_open_file_goes_on_when_there_is_room_again";
    let Some(path) = std::env::var_os(OTHER).map(PathBuf::from) else {
        let (_directory, path) = home();
        // A process that writes beyond the limit is sent a signal, which is to be an error like that of a full disk.
        let mut shell = Command::new("sh");
        shell.args(["-c", r#"trap '' XFSZ; exec "$0" "$@""#]).arg(std::env::current_exe().unwrap());
        let output = shell.args([NAME, "--exact", "--nocapture"]).env(OTHER, &path).output().unwrap();
        let told = [output.stdout, output.stderr].map(|told| String::from_utf8_lossy(&told).into_owned()).concat();
        assert!(output.status.success() && told.contains("1 passed"), "{told}");
        return;
    };
    let (fake, mut model) = (tree(), Model::default());
    fake.drive().page = 1000;
    let snapshots = Snapshots::new(RedbSnapshots::open(&path).await.unwrap());
    let (told, mut cursor) = read(fake.changes(&snapshots, Since::Beginning, ChangeOptions::new())).await.unwrap();
    told.iter().for_each(|change| model.apply(change));
    let mut before = "n1".to_owned();
    for round in 0..3 {
        let folder = fake.drive().create("root", &format!("round {round}"), true);
        (0..1500).for_each(|file| drop(fake.drive().create(&folder, &format!("{round} {file}"), false)));
        fake.drive().delete(&std::mem::replace(&mut before, folder));
        // Some of what is in the file cannot be written again; in the last round nothing can but its first page.
        limit_files(&((size(&path) / 2) >> (round * 10)).max(4096).to_string());
        for _ in 0..3 {
            let full = fake.changes(&snapshots, Since::Cursor(cursor.clone()), ChangeOptions::new());
            assert_eq!(read(full).await.unwrap_err().kind(), ErrorKind::Io);
        }
        limit_files("unlimited");
        let (told, next) = read(fake.changes(&snapshots, Since::Cursor(cursor), ChangeOptions::new())).await.unwrap();
        assert!(!told.contains(&Change::ResetBegin), "what was written before is still known");
        told.iter().for_each(|change| model.apply(change));
        model.assert_is(&Model::of(&fake), "with room again");
        cursor = next;
    }
    drop(snapshots);
    let snapshots = Snapshots::new(RedbSnapshots::open(&path).await.unwrap());
    fake.drive().create("root", "last", false);
    assert_eq!(since(&fake, &snapshots, cursor).await.0, 1, "and so it is in the file");
}

async fn since(fake: &Fake, snapshots: &Snapshots, cursor: Cursor) -> (usize, Cursor) {
    let changes = fake.changes(snapshots, Since::Cursor(cursor), ChangeOptions::new());
    let (changes, cursor) = read(changes).await.unwrap();
    (changes.len(), cursor)
}

/// The bytes that a file takes.
fn size(path: &Path) -> u64 {
    std::fs::metadata(path).unwrap().len()
}

#[tokio::test]
async fn the_file_does_not_grow_with_the_readings() {
    let (_directory, path) = home();
    let fake = tree();
    fake.drive().page = 1000;
    let snapshots = Snapshots::new(RedbSnapshots::open(&path).await.unwrap());
    let (_, mut cursor) = read(fake.changes(&snapshots, Since::Now, ChangeOptions::new())).await.unwrap();
    let mut sizes = Vec::new();
    for round in 0..50 {
        {
            let mut drive = fake.drive();
            // Files are replaced by new ones, so that identities come and go; others are edited.
            let files: Vec<_> = drive.ids().into_iter().filter(|id| !drive.nodes[id].folder).collect();
            let (gone, edited) = (files.iter().take(20), files.iter().skip(20).take(20));
            gone.for_each(|id| {
                let node = drive.delete(id).swap_remove(0).1;
                drive.create(&node.parent, &format!("{} in round {round}", node.name), false);
            });
            edited.for_each(|id| drive.edit(id));
        }
        let (changes, next) = since(&fake, &snapshots, cursor).await;
        assert_eq!(changes, 60);
        cursor = next;
        sizes.push(size(&path));
    }
    assert!(sizes[10..].iter().max() <= sizes[..10].iter().max(), "{sizes:?}");
}
