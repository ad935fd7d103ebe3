//! Endurance: everything at once on a service that fails one request in ten, in every way there is.
//!
//! On an emulator of its own, each run uploads a tree, lists it, downloads it and copies it to another store; changes
//! another tree all the time; follows the changes with checkpoints in a file; and transfers single files with journals. All
//! do what applications do with errors: look what has become of it, and repeat it. Then nothing goes wrong any more, and the
//! trees must be equal everywhere, byte by byte; the follower must know exactly what there is; nothing temporary, half or
//! empty may be left over; and every error of a write must have said `maybe_applied` where the emulator's records say that
//! the write was applied. What goes wrong follows from the seed, as far as the order of requests does.
//!
//! One line a run tells what happened. `SHARESYNC_SEEDS=1-20 cargo test --release --test endure` takes twenty seeds instead
//! of two; a filter takes one provider: `cargo test --test endure -- sharefile`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

mod endure {
    pub(crate) mod changer;
    pub(crate) mod client;
    pub(crate) mod follower;
    pub(crate) mod judge;
    pub(crate) mod mirror;
    pub(crate) mod scene;
    pub(crate) mod stage;
}

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};

use endure::judge::Judge;
use endure::scene::Scene;
use endure::stage::{PROVIDERS, Stage};

/// Each is a run, unless others are asked for.
const SEEDS: &str = "1-2";

/// A run takes some ten seconds; one that takes this long hangs.
const HANGS: Duration = Duration::from_secs(300);

/// The most that the process may occupy, with the drives of its emulators, in MiB.
const MEMORY: u64 = 768;

/// Failures of a run that are told.
const SHOWN: usize = 30;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // A run waits for delays and pauses for much of its time.
    arguments.test_threads.get_or_insert(4);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let seeds = std::env::var("SHARESYNC_SEEDS").unwrap_or_else(|_| SEEDS.to_owned());
    let trials = seeds.split(',').flat_map(range).flat_map(|seed| {
        PROVIDERS.map(|provider| {
            let handle = runtime.handle().clone();
            Trial::test(format!("{provider}::seed_{seed}"), move || handle.block_on(run(provider, seed)))
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

/// `7`, or `1-20`.
fn range(text: &str) -> impl Iterator<Item = u64> {
    let (first, last) = text.trim().split_once('-').unwrap_or((text.trim(), text.trim()));
    first.parse().unwrap()..=last.parse().unwrap()
}

async fn run(provider: &'static str, seed: u64) -> Result<(), Failed> {
    let (stage, judge) = (Arc::new(Stage::start(provider, seed).await), Arc::new(Judge::default()));
    let began = Instant::now();
    let all = async { Box::pin(Scene::set(stage.clone(), judge.clone(), seed).await.play()).await };
    let faults = tokio::time::timeout(HANGS, all).await.unwrap_or_else(|_| {
        judge.fail(format!("it hangs; last seen: {:#?}", stage.all_doings()));
        stage.spare()
    });
    let memory = peak_memory();
    if memory.is_some_and(|memory| memory > MEMORY) {
        judge.fail(format!("the process has occupied {memory:?} MiB"));
    }
    report(&stage, &judge, seed, &faults, began.elapsed());
    let failures = &judge.tally().failures;
    if failures.is_empty() {
        return Ok(());
    }
    let again = format!("SHARESYNC_SEEDS={seed} cargo test --test endure -- {provider}");
    let first = failures.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join("\n");
    Err(format!("{} failures; again by `{again}`\n{first}", failures.len()).into())
}

/// One line.
fn report(stage: &Stage, judge: &Judge, seed: u64, faults: &BTreeMap<String, u64>, took: Duration) {
    let tally = judge.tally();
    println!(
        "endure: {} seed {seed}: {} requests, {} struck {faults:?}; {} operations, {} errors {:?}; maybe_applied true: {} \
         right, {} for nothing; false: {} right, {} undone, {} wrong; {} failures; peak of the process {} MiB; {:.1} s",
        stage.provider,
        stage.requests(),
        faults.values().sum::<u64>(),
        tally.operations,
        tally.errors,
        tally.kinds,
        tally.told,
        tally.told_for_nothing,
        tally.untold,
        tally.undone,
        tally.untold_wrongly,
        tally.failures.len(),
        peak_memory().unwrap_or_default(),
        took.as_secs_f64(),
    );
}

/// The most that the process has occupied so far, in MiB; where the system says so.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1024)
}
