//! What change detection takes for a large tree: time, memory at its peak (Linux), and the size of the file.
//!
//! `cargo run --release -p sharesync-core --example snapshot_memory -- 1000000 [flat] [rounds]`
//!
//! The tree is computed, not stored: two levels of folders with files below, or with `flat` one folder that holds
//! everything. The program reads it once, then without a change, then with one file in a hundred edited and one folder
//! of the first level deleted, then without a change. Then come as many more rounds as are asked for, in each of which
//! the deleted folder comes back and another one goes, and at last a reading from a cursor that is no longer known.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a program for the developers of this crate")]

use std::error::Error as StdError;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use async_trait::async_trait;
use futures::{StreamExt as _, stream};
use sharesync_core::snapshot::{Pruning, RedbSnapshots, Snapshots};
use sharesync_core::transfer::{Download, DownloadOptions};
use sharesync_core::{
    BoxStream, Capabilities, Change, ChangeOptions, Cursor, Digest, DigestAlgorithm, Error, ErrorKind, Item, ItemId,
    ItemKind, ItemRef, ListOptions, NameRules, Page, RemoteStore, Result, Since, StoreInfo, Timestamp,
};

const PAGE: usize = 1000;

#[derive(Debug, Clone)]
struct Synthetic {
    info: StoreInfo,
    capabilities: Arc<Capabilities>,
    items: usize,
    flat: bool,
    /// How often the tree has changed.
    round: Arc<AtomicUsize>,
}

impl Synthetic {
    /// Items in each folder: the tree has `width` + `width`² folders and as many files in each of the latter.
    fn width(&self) -> usize {
        if self.flat {
            return self.items;
        }
        (1..).find(|width| width * width * width >= self.items).unwrap_or(1)
    }

    /// The items `from..` of a folder; its identifier is the path of numbers to it.
    fn children(&self, folder: &str, from: usize) -> Vec<Item> {
        let depth = folder.split('.').count();
        let round = self.round.load(Ordering::Relaxed);
        let child = |number: usize| {
            let id = format!("{folder}.{number:06}");
            let files = self.flat || depth == 3;
            let kind = if files { ItemKind::File } else { ItemKind::Folder };
            let mut item = Item::new(unlike(&id), format!("Item number {number}.data"), kind);
            item.parent = Some(ItemId::new(unlike(folder)));
            item.created = Timestamp::from_unix(1_700_000_000, 0);
            item.modified = Timestamp::from_unix(1_700_000_000 + number as i64, 123_000_000);
            if files {
                // Each round edits one file in a hundred, or in a folder if it holds less.
                let every = self.width().min(100);
                let version = (round + every - 1 - number % every) / every;
                item.size = Some(number as u64);
                item.digests = vec![Digest::of(DigestAlgorithm::Md5, &version.to_le_bytes())];
            }
            item
        };
        let deleted = |number: &usize| round > 0 && folder == "r" && !self.flat && *number == round % self.width();
        let to = self.width().min(from + PAGE);
        (from..to).filter(|number| !deleted(number)).map(child).collect()
    }
}

/// Identifiers of services are in no order: here the digits that count come last, after some that scatter.
fn unlike(id: &str) -> String {
    let hash = Digest::of(DigestAlgorithm::Md5, id.as_bytes()).to_hex();
    format!("{hash}.{id}")
}

#[async_trait]
impl RemoteStore for Synthetic {
    fn info(&self) -> &StoreInfo {
        &self.info
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn stat(&self, item: &ItemRef) -> Result<Item> {
        match item {
            ItemRef::Root => Ok(Item::new(unlike("r"), "", ItemKind::Folder)),
            other => Err(Error::new(ErrorKind::NotFound, "deleted").with_subject(other)),
        }
    }

    fn list(&self, folder: &ItemRef, _: ListOptions) -> BoxStream<'static, Result<Page<Item>>> {
        let folder = match folder {
            ItemRef::Id(id) => id.as_str().split_once('.').map_or("r", |(_, id)| id).to_owned(),
            _ => "r".to_owned(),
        };
        let (store, width) = (self.clone(), self.width());
        stream::iter((0..width).step_by(PAGE)).map(move |from| Ok(Page::new(store.children(&folder, from)))).boxed()
    }

    async fn download(&self, _: &ItemRef, _: DownloadOptions) -> Result<Download> {
        Err(Error::new(ErrorKind::Unsupported, "nothing to download"))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn StdError>> {
    let mut arguments = std::env::args().skip(1).peekable();
    let items = arguments.next().map_or(Ok(1_000_000), |items| items.parse())?;
    let store = Synthetic {
        info: StoreInfo::new("synthetic", "account"),
        capabilities: Arc::new(Capabilities::new(NameRules::permissive())),
        items,
        flat: arguments.next_if(|shape| shape == "flat").is_some(),
        round: Arc::default(),
    };
    let rounds = arguments.next().map_or(Ok(0), |rounds| rounds.parse::<usize>())?;
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("snapshots.redb");
    let snapshots = Snapshots::new(RedbSnapshots::open(&file).await?);

    let unknown = Cursor::new("synthetic", "account root", "0000000000000000.1");
    let mut cursor = read("first reading", &store, &snapshots, &file, Since::Now).await?;
    cursor = read("nothing changed", &store, &snapshots, &file, Since::Cursor(cursor)).await?;
    for round in 0..=rounds {
        store.round.fetch_add(1, Ordering::Relaxed);
        cursor = read("1 % changed", &store, &snapshots, &file, Since::Cursor(cursor)).await?;
        if round == 0 {
            cursor = read("nothing changed", &store, &snapshots, &file, Since::Cursor(cursor)).await?;
        }
    }
    read("reset", &store, &snapshots, &file, Since::Cursor(unknown)).await?;
    drop(snapshots);
    println!("closed: file {} KiB", size(&file));
    Ok(())
}

async fn read(what: &str, store: &Synthetic, snapshots: &Snapshots, file: &Path, since: Since) -> Result<Cursor> {
    let begun = Instant::now();
    let mut pages = snapshots.changes(store.clone(), Pruning::None, since, ChangeOptions::new());
    let (mut upserts, mut removals, mut cursor) = (0, 0, None);
    while let Some(page) = pages.next().await {
        let page = page?;
        for change in &page.changes {
            match change {
                Change::Upsert(_) => upserts += 1,
                Change::Remove(_) => removals += 1,
                _ => {}
            }
        }
        cursor = page.checkpoint;
    }
    let seconds = begun.elapsed().as_secs_f32();
    println!(
        "{what}: {upserts} upserts, {removals} removals, {seconds:.1} s, peak {}, file {} KiB",
        peak(),
        size(file)
    );
    cursor.ok_or_else(|| Error::new(ErrorKind::Protocol, "no checkpoint"))
}

/// The size of a file in KiB.
fn size(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |file| file.len() >> 10)
}

/// The most memory that this process had so far.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".into(), |peak| peak.trim().to_owned())
}
