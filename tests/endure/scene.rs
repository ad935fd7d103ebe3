//! One run: who takes part, what they do, and what must be true when they are done.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use sharesync::{CreateFolderOptions, ItemRef, RemoteStoreExt as _};
use sharesync_emulator::drive::ItemId;
use tempfile::TempDir;
use tokio::sync::watch;

use super::changer::{self, Changer};
use super::client::{Client, Contents, local_contents};
use super::follower::Follower;
use super::judge::Judge;
use super::mirror::{self, make_tree};
use super::stage::{PROVIDERS, Stage};

/// Changes of the tree that is changed all the time.
const CHANGES: usize = 100;

/// Files that are transferred one by one, with journals, and versions of one of them.
const SINGLES: u64 = 3;

pub(crate) struct Scene {
    stage: Arc<Stage>,
    judge: Arc<Judge>,
    seed: u64,
    directory: TempDir,
    /// The folder in which everything happens, and the one that it is copied to.
    top: String,
    across: String,
    base: ItemId,
    across_base: ItemId,
    /// The provider of the copy.
    target: &'static str,
}

impl Scene {
    /// The folders in which everything happens are there before anything goes wrong.
    pub(crate) async fn set(stage: Arc<Stage>, judge: Arc<Judge>, seed: u64) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for name in ["local", "down", "all", "follower", "inner", "singles"] {
            std::fs::create_dir(directory.path().join(name)).unwrap();
        }
        make_tree(&directory.path().join("local"), seed);
        let (top, across) = (format!("endure-{seed}"), format!("across-{seed}"));
        let target = if seed.is_multiple_of(2) { stage.provider } else { neighbour(stage.provider, seed) };
        let store = stage.connect(stage.provider, "first", None).await.unwrap();
        for area in [changer::AREA, changer::INNER, mirror::AREA, mirror::SINGLES] {
            store.create_folder_all(&format!("/{top}{area}").parse().unwrap()).await.unwrap();
        }
        let other = stage.connect(target, "first", None).await.unwrap();
        other.create_folder(&ItemRef::Root, &across, CreateFolderOptions::new()).await.unwrap();
        let (base, across_base) = (stage.named(&top), stage.named(&across));
        Self { stage, judge, seed, directory, top, across, base, across_base, target }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A client of the folder in which everything happens.
    async fn client(&self, agent: &str) -> Client {
        let store = self.stage.connect(self.stage.provider, agent, None).await.unwrap();
        let (stage, judge) = (self.stage.clone(), self.judge.clone());
        Client { agent: agent.to_owned(), store, stage, judge, top: self.top.clone(), base: self.base }
    }

    /// Everything, at once, while things go wrong; then the follower reads to the end, and what is there is compared. Gives
    /// what struck, by kind.
    pub(crate) async fn play(self) -> BTreeMap<String, u64> {
        let tree = self.client("tree").await;
        let single = self.client("single").await;
        let changer = Changer::new(self.client("changer").await, self.seed);
        let follower = Follower::new(self.client("follower").await, None, self.path("follower"), self.seed).await;
        let inner = Some(changer::INNER);
        let inner = Follower::new(self.client("inner follower").await, inner, self.path("inner"), self.seed).await;
        let store = self.stage.connect(self.target, "target", None).await.unwrap();
        let (agent, top, base) = ("target".to_owned(), self.across.clone(), self.across_base);
        let target = Client { agent, store, top, base, ..tree.clone() };

        self.stage.strike();
        let (stop, stopped) = watch::channel(false);
        let work = async {
            let (expected, (), ()) =
                tokio::join!(changer.run(CHANGES), self.transfer_tree(&tree), self.transfer_singles(&single));
            // Nobody changes anything any more.
            tree.download_tree("", &self.path("all")).await;
            tree.copy_tree(&target).await;
            stop.send_replace(true);
            expected
        };
        let (expected, follower, inner) = tokio::join!(work, follower.run(stopped.clone()), inner.run(stopped));
        let faults = self.stage.spare();
        follower.finish().await;
        inner.finish().await;
        self.compare(&expected);
        faults
    }

    async fn transfer_tree(&self, client: &Client) {
        let local = self.path("local");
        client.upload_tree(&local).await;
        client.list_tree(&local).await;
        client.download_tree(mirror::AREA, &self.path("down")).await;
    }

    async fn transfer_singles(&self, client: &Client) {
        let state = self.path("singles");
        for number in 0..SINGLES {
            client.single(number, &state).await;
        }
        client.single_versions(&state, SINGLES).await;
    }

    /// Trees are the same everywhere, and nothing is left over.
    fn compare(&self, expected: &Contents) {
        let there = self.stage.contents(self.base);
        let tree = there.iter().filter_map(|(path, content)| Some((path.strip_prefix(mirror::AREA)?, content)));
        let tree: Contents = tree.map(|(path, content)| (path.to_owned(), content.clone())).collect();
        let tree: Contents = tree.into_iter().filter(|(path, _)| !path.is_empty()).collect();
        let changed = there.iter().filter(|(path, _)| path.starts_with(changer::AREA));
        let changed: Contents = changed.map(|(path, content)| (path.clone(), content.clone())).collect();
        self.equal("the tree and its source", &tree, &local_contents(&self.path("local")));
        self.equal("the tree and its download", &tree, &local_contents(&self.path("down")));
        self.equal("the changed tree and what was done to it", &changed, expected);
        self.equal("everything and its download", &there, &local_contents(&self.path("all")));
        self.equal("everything and its copy", &there, &self.stage.contents(self.across_base));
        let strangers = self.stage.strangers(&[self.base, self.across_base]);
        if !strangers.is_empty() {
            self.judge.fail(format!("left over in the drive: {strangers:?}"));
        }
        let left = local_contents(&self.path("singles")).into_keys();
        let left: Vec<_> = left.filter(|path| path.starts_with("/journal") || path.starts_with("/.")).collect();
        if !left.is_empty() {
            self.judge.fail(format!("journals or partial files are left over: {left:?}"));
        }
    }

    fn equal(&self, what: &str, one: &Contents, other: &Contents) {
        let size = |side: &Contents, path: &str| side.get(path).map(|content| content.as_ref().map(Vec::len));
        let paths = one.keys().chain(other.keys()).filter(|path| one.get(*path) != other.get(*path));
        let differ: BTreeMap<_, _> = paths.map(|path| (path, (size(one, path), size(other, path)))).collect();
        if !differ.is_empty() {
            self.judge.fail(format!("{what} differ: {differ:?}"));
        }
    }
}

/// Another provider, each in its turn.
fn neighbour(provider: &str, seed: u64) -> &'static str {
    let own = PROVIDERS.iter().position(|other| *other == provider).unwrap();
    let step = 1 + usize::try_from(seed / 2).unwrap() % (PROVIDERS.len() - 1);
    PROVIDERS[(own + step) % PROVIDERS.len()]
}
