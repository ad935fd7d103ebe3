//! Random histories on every provider: whatever happens to a tree and to the consumer of its changes, what the consumer
//! is told adds up to the tree.
//!
//! The tree is changed through the store, and the test keeps its own record of what it did. Now and then a consumer reads
//! the changes since its last checkpoint; it is killed at random places, and half of the times the whole store with it,
//! which then opens the file of the snapshots again. Where there is such a file, other histories have a process of its own
//! for each reading, which the system kills. Each provider of `support/providers.rs` that has changes, native or
//! emulated, is a test; SharePoint in each form that its changes have (a flat feed, a nested one, the log of the REST
//! service), as it is, and with resynchronizations of every kind at random places, within readings too. In histories of
//! their own a rival, with another connection, replaces folders by new ones of the same name while they are read, and a
//! gateway answers with its pages in the middle of a reading. A failure names its seed; `SHARESYNC_SEEDS=77,78 cargo test --test histories` takes others.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

#[path = "support/providers.rs"]
mod providers;

mod histories {
    pub(crate) mod consumer;
    pub(crate) mod process;
    pub(crate) mod tree;
}

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;
use libtest_mimic::{Arguments, Failed, Trial};
use sharesync::sharepoint::{Auth, Client, RecycleBin};
use sharesync::{CreateFolderOptions, ErrorKind, ItemRef, Operation, RemoteStore, Support};
use sharesync_emulator::{Builder, Emulator, Fault, FaultKind, PageForm, SharePointResync as Resync};
use tempfile::TempDir;

use histories::consumer::{Consumer, End};
use histories::process::{self, Kill, Told};
use histories::tree::Tree;

/// What happens to the tree in one history.
const STEPS: usize = 1000;

/// Each is a history, unless others are asked for.
const SEEDS: &str = "77";

fn main() -> ExitCode {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if runtime.block_on(process::follow()) {
        return ExitCode::SUCCESS;
    }
    let arguments = Arguments::from_args();
    let stages = runtime.block_on(async {
        let (emulator, state) = (Emulator::start().await.unwrap(), tempfile::tempdir().unwrap());
        let configs = providers::emulated(&emulator, state.path());
        configs.iter().enumerate().flat_map(|(index, config)| Stage::all(index, config.provider())).collect::<Vec<_>>()
    });
    let seeds = std::env::var("SHARESYNC_SEEDS").unwrap_or_else(|_| SEEDS.to_owned());
    let mut trials = Vec::new();
    for seed in seeds.split(',').map(|seed| seed.trim().parse().unwrap()) {
        trials.extend(stages.iter().map(|stage| {
            let (handle, stage) = (runtime.handle().clone(), *stage);
            Trial::test(format!("{}::seed_{seed}", stage.name), move || handle.block_on(history(stage, seed)))
        }));
        trials.extend(stages.iter().filter(|stage| stage.has_snapshots()).map(|stage| {
            let (handle, stage) = (runtime.handle().clone(), *stage);
            let name = format!("{}::killed_processes::seed_{seed}", stage.name);
            Trial::test(name, move || handle.block_on(killed_processes(stage, seed)))
        }));
    }
    for seed in seeds.split(',').map(|seed| seed.trim().parse().unwrap()) {
        trials.extend(stages.iter().filter(|stage| !stage.resyncs).map(|stage| {
            let (handle, stage) = (runtime.handle().clone(), *stage);
            Trial::test(format!("{}::meddled::seed_{seed}", stage.name), move || handle.block_on(meddled(stage, seed)))
        }));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A provider, and how the service behaves.
#[derive(Clone, Copy)]
struct Stage {
    name: &'static str,
    provider: usize,
    service: fn() -> Builder,
    /// Whether the service now and then asks for a resynchronization, of one kind or another.
    resyncs: bool,
}

impl Stage {
    fn all(provider: usize, name: &'static str) -> Vec<Self> {
        let usual = Self { name, provider, service: Emulator::builder, resyncs: false };
        if name != "sharepoint" {
            return vec![usual];
        }
        let nested = || Emulator::builder().flat_feed(false);
        let log = || Emulator::builder().sync_service(false);
        let resyncing = Self { resyncs: true, ..usual };
        vec![
            usual,
            Self { name: "sharepoint-nested", service: nested, ..usual },
            Self { name: "sharepoint-log", service: log, ..usual },
            Self { name: "sharepoint-resync", ..resyncing },
            Self { name: "sharepoint-nested-resync", service: nested, ..resyncing },
            Self { name: "sharepoint-log-resync", service: log, ..resyncing },
        ]
    }

    /// Whether what it knows of the tree is in a file of its own.
    fn has_snapshots(&self) -> bool {
        ["sharefile", "acronis"].contains(&self.name)
    }
}

/// Resynchronizations that the service asks for, one kind after the other. The log of the REST service knows a single kind:
/// it no longer reaches back.
#[derive(Default)]
struct Resyncs {
    asked: usize,
    /// How often a consumer was told everything anew because of each.
    told: [usize; KINDS.len()],
}

const KINDS: [Resync; 5] =
    [Resync::ResetReupload, Resync::Reupload, Resync::DifferentialUpload, Resync::Unnamed, Resync::NewToken];

impl Resyncs {
    fn kind(&self) -> usize {
        self.asked % KINDS.len()
    }

    /// A resynchronization that is due after so many pages of a reading, now and then.
    fn plan(&self, rng: &mut Rng) -> Option<usize> {
        (rng.u8(..4) == 0).then(|| rng.usize(..4))
    }
}

/// A process that follows changes: its store, and what a new process needs to go on.
struct Process {
    emulator: Emulator,
    state: TempDir,
    provider: usize,
    store: Arc<dyn RemoteStore>,
}

impl Process {
    async fn start(stage: Stage) -> Self {
        let provider = stage.provider;
        let (emulator, state) = ((stage.service)().start().await.unwrap(), tempfile::tempdir().unwrap());
        let store = providers::emulated(&emulator, state.path())[provider].connect().await.unwrap();
        Self { emulator, state, provider, store }
    }

    /// The recycle bin of the site, where the provider is SharePoint.
    async fn bin(&self) -> Option<RecycleBin> {
        let account = self.emulator.sharepoint();
        let auth = Auth::bearer(account.access_token());
        let is_sharepoint = self.store.info().provider == sharesync::sharepoint::PROVIDER;
        let client = Client::builder(account.site()).auth(auth).connect().await.unwrap();
        is_sharepoint.then(|| client.recycle_bin())
    }

    /// The process dies and another one begins.
    async fn restart(self) -> Self {
        let Self { emulator, state, provider, store } = self;
        drop(store);
        let store = loop {
            // Work on a file that was under way when a stream was dropped goes on to its end.
            match providers::emulated(&emulator, state.path())[provider].connect().await {
                Err(error) if error.kind() == ErrorKind::Locked => tokio::task::yield_now().await,
                connected => break connected.unwrap(),
            }
        };
        Self { emulator, state, provider, store }
    }
}

async fn history(stage: Stage, seed: u64) -> Result<(), Failed> {
    let mut process = Process::start(stage).await;
    if process.store.capabilities().support(Operation::Changes) == Support::Unsupported {
        let info = process.store.info();
        return Err(format!("{} has no changes although it was given all that it needs", info.provider).into());
    }
    process.store.create_folder(&ItemRef::Root, Tree::TOP, CreateFolderOptions::new()).await.unwrap();
    let mut rng = Rng::with_seed(seed);
    let (mut tree, mut consumer) = (Tree::default(), Consumer::default());
    let (bin, mut restored, mut resyncs) = (process.bin().await, 0, Resyncs::default());
    let (mut done, mut ends, mut restarts) = (0, [0; 3], 0);
    while done < STEPS {
        for _ in 0..rng.usize(1..12) {
            match &bin {
                Some(bin) if rng.u8(..4) == 0 && tree.restore(bin).await => restored += 1,
                _ => tree.act(&*process.store, &mut rng).await,
            }
            done += 1;
        }
        let due = if stage.resyncs { resyncs.plan(&mut rng) } else { None };
        let (before, mut asked) = (consumer.resets, false);
        let end = consumer
            .read(&*process.store, &mut rng, |pages| {
                if due == Some(pages) {
                    process.emulator.force_resync(KINDS[resyncs.kind()]);
                    asked = true;
                }
            })
            .await;
        ends[end as usize] += 1;
        if asked && consumer.resets > before {
            resyncs.told[resyncs.kind()] += 1;
        }
        resyncs.asked += usize::from(asked);
        if end == End::Checkpoint {
            consumer.assert_is(&tree, &format!("seed {seed}, after {done} steps"));
        } else if rng.bool() {
            process = process.restart().await;
            restarts += 1;
        }
    }
    assert!(ends.iter().all(|count| *count > 0) && restarts > 0, "{ends:?} {restarts}: not everything happened");
    assert!(bin.is_none() || restored > 0, "nothing came back from the recycle bin");
    assert!(!stage.resyncs || !resyncs.told.contains(&0), "of each kind: {:?}", resyncs.told);
    consumer.read_all(&*process.store).await;
    consumer.assert_is(&tree, &format!("seed {seed}, at the end"));
    Ok(())
}

/// Readings in one history with a rival and a gateway.
const MEDDLED: usize = 40;

async fn meddled(stage: Stage, seed: u64) -> Result<(), Failed> {
    let process = Process::start(stage).await;
    let (emulator, store) = (&process.emulator, &*process.store);
    // It knows nothing of what the other one has learned.
    let own = tempfile::tempdir()?;
    let rival = providers::emulated(emulator, own.path())[stage.provider].connect().await.unwrap();
    rival.create_folder(&ItemRef::Root, Tree::TOP, CreateFolderOptions::new()).await.unwrap();
    let mut rng = Rng::with_seed(seed);
    let (mut tree, mut consumer) = (Tree::default(), Consumer::default());
    let (mut struck, mut remade) = (0, 0);
    for reading in 0..MEDDLED {
        for _ in 0..rng.usize(1..12) {
            tree.act(&*rival, &mut rng).await;
        }
        let mut meddling = Rng::with_seed(rng.u64(..));
        if reading % 3 == 2 {
            let (status, form) = *rng.choice(&PAGES).unwrap();
            // Some services need a single request for a reading, others many.
            let skip = if rng.bool() { rng.u64(..3) } else { rng.u64(..20) };
            let page = Fault::new(FaultKind::ProxyPage { status, form }).skip(skip).times(40);
            emulator.faults().add(page);
            struck += usize::from(consumer.read_whole(store).await == End::Failed);
            emulator.faults().clear();
        } else {
            let meddle = async {
                for _ in 0..meddling.usize(1..5) {
                    for _ in 0..meddling.usize(..200) {
                        tokio::task::yield_now().await;
                    }
                    tree.remake_folder(&*rival, &mut meddling).await;
                    remade += 1;
                }
            };
            let (end, ()) = tokio::join!(consumer.read_whole(store), meddle);
            assert_eq!(end, End::Checkpoint, "seed {seed}, reading {reading}");
        }
        consumer.read_all(store).await;
        consumer.assert_is(&tree, &format!("seed {seed}, reading {reading}"));
    }
    println!("{}: {struck} readings met a page, {remade} folders were made anew", stage.name);
    assert!(struck > 2 && remade > 20, "{struck} {remade}: not everything happened");
    Ok(())
}

/// The pages of a gateway: the status and the form.
const PAGES: [(u16, PageForm); 5] =
    [(404, PageForm::Text), (404, PageForm::Html), (403, PageForm::Html), (200, PageForm::Html), (503, PageForm::Text)];

/// Readings in one history of processes that are killed.
const READINGS: usize = 60;

async fn killed_processes(stage: Stage, seed: u64) -> Result<(), Failed> {
    let (emulator, state, own) = ((stage.service)().start().await.unwrap(), tempfile::tempdir()?, tempfile::tempdir()?);
    let config = &providers::configurations(&emulator, state.path())[stage.provider];
    let store = providers::emulated(&emulator, own.path())[stage.provider].connect().await.unwrap();
    store.create_folder(&ItemRef::Root, Tree::TOP, CreateFolderOptions::new()).await.unwrap();
    let mut rng = Rng::with_seed(seed);
    let (mut tree, mut consumer) = (Tree::default(), Consumer::default());
    let (mut kills, mut kills_in_pages, mut usual) = (0, 0, None::<Duration>);
    for reading in 0..READINGS {
        for _ in 0..rng.usize(1..20) {
            tree.act(&*store, &mut rng).await;
        }
        let kill = match (rng.u8(..3), usual) {
            _ if reading + 1 == READINGS => Kill::Never,
            (1, Some(usual)) => Kill::Later(usual.mul_f64(rng.f64())),
            (2, _) => Kill::AtPage(rng.usize(1..4)),
            _ => Kill::Never,
        };
        let (begun, cursor, config) = (Instant::now(), consumer.begin(), config.clone());
        let told = tokio::task::spawn_blocking(move || process::run(&config, cursor.as_ref(), &kill)).await?;
        let Told { pages, killed } = told;
        kills += usize::from(killed);
        kills_in_pages += usize::from(killed && !pages.is_empty());
        pages.into_iter().for_each(|page| consumer.take(page));
        if !killed {
            usual = Some(begun.elapsed());
            consumer.assert_is(&tree, &format!("seed {seed}, reading {reading}"));
        }
    }
    println!("{}: {kills} processes were killed, {kills_in_pages} of them between pages", stage.name);
    assert!(kills - kills_in_pages > 5 && kills_in_pages > 5, "{kills} {kills_in_pages}: not everything happened");
    Ok(())
}
