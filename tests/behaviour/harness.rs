//! What a case is, what it gets to work with, and how cases and providers become tests.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::future::{BoxFuture, LocalBoxFuture};
use libtest_mimic::{Arguments, Trial};
use sharesync::{CreateFolderOptions, Item, ItemRef, Operation, RemotePath, RemoteStore, Support};
use sharesync_emulator::{Builder, Emulator};
use tokio::runtime::{Handle, Runtime};

use super::info;
use super::support::COLLEAGUE;

/// Signs in to an emulator as one provider's client.
pub(crate) type Connect = fn(Arc<Emulator>) -> BoxFuture<'static, Arc<dyn RemoteStore>>;

/// One thing that every store must do.
#[derive(Clone)]
pub(crate) struct Case {
    /// Subject and function, such as `move::rename_only_case`.
    pub(crate) name: &'static str,
    /// A store that lacks one of these is asked for it instead, and has to refuse.
    pub(crate) needs: &'static [Operation],
    pub(crate) run: fn(Ctx) -> LocalBoxFuture<'static, ()>,
}

/// Declares the cases of a file: functions by subject, with the operations that they are about.
macro_rules! cases {
    ($($subject:literal needs $needs:tt { $($case:ident,)* })*) => {
        pub(crate) fn cases() -> Vec<$crate::behaviour::harness::Case> {
            vec![$($($crate::behaviour::harness::Case {
                name: concat!($subject, "::", stringify!($case)),
                needs: {
                    #[allow(unused_imports, reason = "some cases need nothing")]
                    use sharesync::Operation::*;
                    &$needs
                },
                run: |ctx| Box::pin($case(ctx)),
            },)*)*]
        }
    };
}
pub(crate) use cases;

/// What a case works with: a store, and a folder of its own in it.
#[derive(Clone)]
pub(crate) struct Ctx {
    pub(crate) store: Arc<dyn RemoteStore>,
    pub(crate) folder: Item,
    pub(crate) emulator: Arc<Emulator>,
    connect: Connect,
}

impl Ctx {
    async fn new(emulator: Arc<Emulator>, store: Arc<dyn RemoteStore>, connect: Connect) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("case-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = store.create_folder(&ItemRef::Root, &name, CreateFolderOptions::new()).await.unwrap();
        Self { store, folder, emulator, connect }
    }

    /// The same on an emulator that nobody else uses: for faults, and for counting requests.
    pub(crate) async fn alone(&self) -> Self {
        Self::on(emulator().start().await.unwrap(), self.connect).await
    }

    /// The same on an emulator that never sends more than `items` in a page.
    pub(crate) async fn with_max_page(&self, items: usize) -> Self {
        Self::on(emulator().max_page(items).start().await.unwrap(), self.connect).await
    }

    async fn on(emulator: Emulator, connect: Connect) -> Self {
        let emulator = Arc::new(emulator);
        let store = connect(emulator.clone()).await;
        Self::new(emulator, store, connect).await
    }

    /// A second store object of the same account, as another process would have.
    pub(crate) async fn another_process(&self) -> Arc<dyn RemoteStore> {
        (self.connect)(self.emulator.clone()).await
    }

    /// The same with another store object.
    pub(crate) fn with_store(&self, store: Arc<dyn RemoteStore>) -> Self {
        Self { store, ..self.clone() }
    }

    /// The case's own folder.
    pub(crate) fn here(&self) -> ItemRef {
        ItemRef::from(&self.folder)
    }

    /// A path below the case's own folder; the empty one is the folder itself.
    pub(crate) fn path(&self, below: &str) -> RemotePath {
        format!("/{}/{below}", self.folder.name).parse().unwrap()
    }

    /// Everything on the drive, by path: a file with its content, a folder with none. The case's own folder is called `case`.
    pub(crate) fn drive_tree(&self) -> BTreeMap<String, Option<Vec<u8>>> {
        let drive = self.emulator.drive();
        let path = |path: String| path.replace(&self.folder.name, "case");
        let content = |file| drive.read(file).unwrap();
        let all = drive.find(drive.root(), usize::MAX, |_| true);
        all.iter().map(|entry| (path(entry.path()), entry.item.is_file().then(|| content(entry.item.id)))).collect()
    }

    pub(crate) fn supports(&self, operation: Operation) -> bool {
        self.store.capabilities().support(operation) != Support::Unsupported
    }
}

/// One provider with the emulator that its cases share.
struct Stage {
    name: &'static str,
    connect: Connect,
    emulator: Arc<Emulator>,
    store: Arc<dyn RemoteStore>,
}

/// Nothing in the suite takes this long unless it hangs.
const HANGS: Duration = Duration::from_secs(300);

/// Runs every case for every provider, several at once.
pub(crate) fn run(providers: &[(&'static str, Connect)], cases: &[Case]) -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Most cases wait for an answer most of the time.
    arguments.test_threads.get_or_insert(16);
    let runtime = Runtime::new().unwrap();
    let mut trials = Vec::new();
    for (name, connect) in providers {
        let stage = Arc::new(runtime.block_on(Stage::open(name, *connect)));
        trials.extend(cases.iter().map(|case| trial(runtime.handle().clone(), stage.clone(), case.clone())));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// An emulator with somebody to invite: some services know nobody else.
fn emulator() -> Builder {
    Emulator::builder().user("emulated.user@example.com", "emulated-password").user(COLLEAGUE, "x")
}

impl Stage {
    async fn open(name: &'static str, connect: Connect) -> Self {
        let emulator = Arc::new(emulator().start().await.unwrap());
        let store = connect(emulator.clone()).await;
        Self { name, connect, emulator, store }
    }
}

fn trial(runtime: Handle, stage: Arc<Stage>, case: Case) -> Trial {
    let capabilities = stage.store.capabilities();
    let lacking = case.needs.iter().copied().find(|needed| capabilities.support(*needed) == Support::Unsupported);
    let name = match lacking {
        None => format!("{}::{}", stage.name, case.name),
        Some(operation) => format!("{}::{} (refused: no {operation})", stage.name, case.name),
    };
    Trial::test(name, move || {
        runtime.block_on(async {
            let ctx = Ctx::new(stage.emulator.clone(), stage.store.clone(), stage.connect).await;
            let work: LocalBoxFuture<'_, ()> = match lacking {
                None => (case.run)(ctx),
                Some(operation) => Box::pin(async move { info::refuses(&ctx, operation).await }),
            };
            tokio::time::timeout(HANGS, work).await.expect("the case hangs");
        });
        Ok(())
    })
}
