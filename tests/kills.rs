//! Processes that upload are killed at random places and begun again, on every provider: at the end each file is there once and
//! whole; at no time is a part of a file, or an empty one, under the name of a finished one; and for each kill no more is sent
//! again than was under way. The emulator counts what arrives.
//!
//! A process uploads one file with a journal, or a tree with journals. Where a service keeps no parts
//! (`Capabilities::upload.keeps_parts`), the file is the part. `SHARESYNC_KILLS=25 cargo test --test kills -- --nocapture` kills
//! more often and prints what was sent again; `SHARESYNC_SEEDS=77,78` takes other places.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

#[path = "support/providers.rs"]
mod providers;

mod kills {
    pub(crate) mod process;
}

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use fastrand::Rng;
use kills::process::{self, Task};
use libtest_mimic::{Arguments, Failed, Trial};
use sharesync::TEMPORARY;
use sharesync_emulator::Emulator;
use sharesync_emulator::drive::ItemId;
use tempfile::TempDir;

/// Processes killed in each test, unless `SHARESYNC_KILLS` says otherwise.
const KILLS: &str = "3";
const SEEDS: &str = "77";

/// What is sent in addition by a process that begins: signing in, finding out what is there.
const BEGINNING: u64 = 64 << 10;

/// Slow enough for the end of a process to fall into a transfer.
const BYTES_PER_SECOND: u64 = 96 << 20;

/// Files of a tree under way at once.
const WIDTH: u64 = 4;

/// Each provider of `support/providers.rs`, with a length that is several parts of it.
const SIZES: [(&str, usize); 5] = [
    ("sharefile", (24 << 20) + 12_345),
    ("acronis", (2 << 20) + 12_345),
    ("filesanywhere", (5 << 20) + 12_345),
    ("cursor", (14 << 20) + 12_345),
    ("sharepoint", (32 << 20) + 12_345),
];

fn main() -> ExitCode {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if let Some(task) = Task::of_this_process() {
        return runtime.block_on(task.run());
    }
    let number = |name: &str, usual: &str| std::env::var(name).unwrap_or_else(|_| usual.to_owned());
    let kills: u64 = number("SHARESYNC_KILLS", KILLS).parse().unwrap();
    let mut trials = Vec::new();
    for seed in number("SHARESYNC_SEEDS", SEEDS).split(',').map(|seed| seed.trim().parse().unwrap()) {
        for (provider, (name, size)) in SIZES.into_iter().enumerate() {
            for tree in [false, true] {
                let handle = runtime.handle().clone();
                let what = if tree { "tree" } else { "file" };
                let trial = move || {
                    let scene = handle.block_on(Scene::set(provider, size, seed, tree));
                    scene.campaign(kills, &format!("{name}, {what}"))
                };
                trials.push(Trial::test(format!("{name}::{what}::seed_{seed}"), trial));
            }
        }
    }
    let mut arguments = Arguments::from_args();
    // Each has an emulator and a process, and both compute digests.
    arguments.test_threads.get_or_insert(2);
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// An emulator, a directory with what is to be uploaded, and what arrived of it.
struct Scene {
    emulator: Emulator,
    directory: TempDir,
    task: Task,
    /// By path below the folder that gets it.
    content: BTreeMap<String, Vec<u8>>,
    rng: Rng,
    /// How often the content has been uploaded: each time into a folder of its own.
    rounds: u64,
}

impl Scene {
    async fn set(provider: usize, size: usize, seed: u64, tree: bool) -> Self {
        let emulator =
            Emulator::builder().throttle(BYTES_PER_SECOND).recorded_requests(100_000).partial_files(true).start();
        let emulator = emulator.await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let mut rng = Rng::with_seed(seed);
        let mut content = BTreeMap::new();
        if tree {
            for number in 0..24 {
                let size = if number == 0 { 0 } else { rng.usize(..64 << 10) };
                content.insert(format!("{}/{number}.bin", ["a", "b", "a/c"][number % 3]), bytes(&mut rng, size));
            }
            for number in 0..2 {
                content.insert(format!("b/large {number}.bin"), bytes(&mut rng, size));
            }
        } else {
            content.insert("large.bin".to_owned(), bytes(&mut rng, size));
        }
        let local = directory.path().join("local");
        for (path, content) in &content {
            let path = local.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let config = providers::configurations(&emulator, directory.path()).remove(provider);
        let journal = directory.path().join("journal");
        if tree {
            fs::create_dir(&journal).unwrap();
        }
        let local = if tree { local } else { local.join("large.bin") };
        let task = Task { config, local, journal, folder: String::new(), width: usize::try_from(WIDTH).unwrap() };
        Self { emulator, directory, task, content, rng, rounds: 0 }
    }

    fn campaign(mut self, kills: u64, what: &str) -> Result<(), Failed> {
        // Undisturbed: what has to be sent, and the largest request with content.
        self.begin_round();
        process::run(&self.task, || false);
        self.finish_round();
        let (whole, part) = (self.received(), self.largest());
        let bound = if self.task.local.is_dir() { WIDTH * part } else { part };

        let (mut killed, mut again, mut most) = (0, 0, 0);
        while killed < kills {
            self.begin_round();
            let mut of_round = 0;
            loop {
                // Near the beginning and the end of what a process does, and in the midst of it.
                let (requests, bytes) = (self.emulator.requests().count(), self.received());
                let at = match self.rng.u8(..3) {
                    0 => (requests + self.rng.u64(1..24), u64::MAX),
                    1 => (u64::MAX, bytes + self.rng.u64(..=part)),
                    _ => (u64::MAX, bytes + self.rng.u64(..=2 * part)),
                };
                let reached = || {
                    killed + of_round < kills && (self.emulator.requests().count() >= at.0 || self.received() >= at.1)
                };
                if !process::run(&self.task, reached) {
                    break;
                }
                of_round += 1;
                self.nothing_half();
            }
            self.finish_round();
            let more = self.received().saturating_sub(whole);
            let allowed = of_round * bound + (of_round + 1) * BEGINNING;
            assert!(
                more <= allowed,
                "{what}: {more} bytes were sent again after {of_round} kills; {allowed} are allowed"
            );
            most = most.max(more.checked_div(of_round).unwrap_or_default());
            (killed, again) = (killed + of_round, again + more);
        }
        let parts = |bytes: u64| bytes as f64 / part as f64;
        println!(
            "{what}: {killed} kills in {} uploads of {whole} bytes (parts of {part}): {again} bytes sent again, {:.2} parts a \
             kill; at the most {:.2} a kill in one upload",
            self.rounds - 1,
            parts(again) / killed as f64,
            parts(most),
        );
        Ok(())
    }

    fn begin_round(&mut self) {
        self.rounds += 1;
        self.task.folder = format!("/round {}", self.rounds);
        self.emulator.requests().clear();
    }

    /// Shows that everything is there, and nothing else.
    fn finish_round(&self) {
        let found = self.found();
        assert!(found.keys().eq(self.content.keys()), "{:?} are there", found.keys());
        self.nothing_half();
        let left: Vec<_> = match self.task.local.is_dir() {
            true => fs::read_dir(&self.task.journal).unwrap().map(|entry| entry.unwrap().path()).collect(),
            false => self.task.journal.exists().then(|| self.task.journal.clone()).into_iter().collect(),
        };
        assert_eq!(left, Vec::<PathBuf>::new(), "the journal of a complete upload stays in {:?}", self.directory);
    }

    /// Shows that what has the name of a file is the file.
    fn nothing_half(&self) {
        for (path, found) in self.found() {
            if Path::new(&path).file_name().unwrap().to_str().unwrap().starts_with(TEMPORARY) {
                continue;
            }
            let wanted = self.content.get(&path).unwrap_or_else(|| panic!("{path:?} is there"));
            assert!(found == *wanted, "{path:?} has {} bytes of {}, or others", found.len(), wanted.len());
        }
    }

    /// The files of this round by path.
    fn found(&self) -> BTreeMap<String, Vec<u8>> {
        let (drive, mut found) = (self.emulator.drive(), BTreeMap::new());
        let name = self.task.folder.trim_start_matches('/');
        let top = drive.find(drive.root(), 1, |item| &*item.name == name);
        let mut folders: Vec<(ItemId, String)> = top.iter().map(|top| (top.item.id, String::new())).collect();
        while let Some((folder, path)) = folders.pop() {
            for entry in drive.children(folder, 0, None).entries {
                let path = format!("{path}{}", entry.item.name);
                match entry.item.is_file() {
                    true => drop(found.insert(path, drive.read(entry.item.id).unwrap())),
                    false => folders.push((entry.item.id, format!("{path}/"))),
                }
            }
        }
        found
    }

    /// Bytes of request bodies in this round.
    fn received(&self) -> u64 {
        self.emulator.requests().all().iter().map(|request| request.request_bytes).sum()
    }

    fn largest(&self) -> u64 {
        self.emulator.requests().all().iter().map(|request| request.request_bytes).max().unwrap()
    }
}

fn bytes(rng: &mut Rng, size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    rng.fill(&mut bytes);
    bytes
}
