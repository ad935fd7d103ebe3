//! Writes that end half-way: their future is dropped, the service goes down, the process dies, or the service says that it did
//! what it did not. What is of the user is never lost, and every error says whether something may have happened.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::TryStreamExt as _;
use sharesync::{
    CreateFolderOptions, DeleteOptions, Destination, ErrorKind, Item, ItemRef, Purpose, RemoteStoreExt as _, Result,
    ShareRequest, Temporary,
};
use sharesync_emulator::drive::ItemPatch;
use sharesync_emulator::{Fault, FaultKind};

use super::harness::{Ctx, cases};
use super::providers;
use super::support::{Node, fails, fails_as, folder_in, put_into};

cases! {
    "halfway::dropped" needs [Move, Copy] {
        a_dropped_move_is_done_or_undone,
        a_dropped_copy_is_done_or_undone,
        any_other_dropped_write_is_done_or_undone,
    }
    "halfway::outage" needs [Move, Copy] {
        an_outage_during_a_move_leaves_nothing_untold,
        an_outage_during_a_copy_leaves_nothing_untold,
        an_outage_during_any_other_write_leaves_nothing_untold,
    }
    "halfway" needs [Move, Copy] {
        a_move_that_does_nothing_is_no_success,
        what_a_dead_process_left_is_told_and_cleaned_up,
        what_is_in_use_is_left_alone,
        what_is_in_the_way_is_not_replaced_by_a_clean_up,
    }
}

/// A write of the contract, some of which take several requests.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Deed {
    CreateFolder,
    ReuseFolder,
    Rename,
    RenameInCase,
    Move,
    MoveAndRename,
    /// The old name is taken in the new folder, and the new name in the old one.
    MovePastOthers,
    MoveFolder,
    CopyFile,
    CopyFileRenamed,
    CopyFolder,
    CopyFolderRenamed,
    Delete,
    Share,
}

const MOVES: &[Deed] =
    &[Deed::Rename, Deed::RenameInCase, Deed::Move, Deed::MoveAndRename, Deed::MovePastOthers, Deed::MoveFolder];
const COPIES: &[Deed] = &[Deed::CopyFile, Deed::CopyFileRenamed, Deed::CopyFolder, Deed::CopyFolderRenamed];
const OTHERS: &[Deed] = &[Deed::CreateFolder, Deed::ReuseFolder, Deed::Delete, Deed::Share];

/// Of how many requests of one deed something is tried, at the most: of more than that, every second one or so.
const POINTS: u64 = 12;

fn points(requests: u64) -> impl Iterator<Item = u64> {
    (0..requests).step_by(usize::try_from(requests.div_ceil(POINTS)).unwrap())
}

/// What there is, by path, and how many links.
type State = (BTreeMap<String, Option<Vec<u8>>>, usize);

/// What the deeds are done with.
struct Scene {
    ctx: Ctx,
    file: Item,
    folder: Item,
    target: Item,
    here: Item,
}

impl Scene {
    async fn new(ctx: &Ctx) -> Self {
        let ctx = ctx.alone().await;
        let here = ctx.folder("here").await;
        let file = put_into(&*ctx.store, &here, "a.txt", "of the user").await;
        let folder = folder_in(&*ctx.store, &here, "sub").await;
        let deeper = folder_in(&*ctx.store, &folder, "deeper").await;
        put_into(&*ctx.store, &folder, "one.txt", "one").await;
        put_into(&*ctx.store, &deeper, "two.txt", "two").await;
        let target = ctx.folder("target").await;
        Self { ctx, file, folder, target, here }
    }

    async fn prepare(&self, deed: Deed) {
        if deed == Deed::MovePastOthers {
            put_into(&*self.ctx.store, &self.here, "b.txt", "in the way here").await;
            put_into(&*self.ctx.store, &self.target, "a.txt", "in the way there").await;
        }
    }

    async fn run(&self, deed: Deed) -> Result<()> {
        let store = &self.ctx.store;
        let (file, folder) = (ItemRef::from(&self.file), ItemRef::from(&self.folder));
        let there = || Destination::folder(&self.target);
        match deed {
            Deed::CreateFolder => {
                store.create_folder(&ItemRef::from(&self.here), "new", CreateFolderOptions::new()).await.map(drop)
            }
            Deed::ReuseFolder => {
                let reuse = CreateFolderOptions::new().with_reuse_existing(true);
                store.create_folder(&ItemRef::from(&self.here), "sub", reuse).await.map(drop)
            }
            Deed::Rename => store.move_item(&file, &Destination::name("b.txt")).await.map(drop),
            Deed::RenameInCase => store.move_item(&file, &Destination::name("A.txt")).await.map(drop),
            Deed::Move => store.move_item(&file, &there()).await.map(drop),
            Deed::MoveAndRename | Deed::MovePastOthers => {
                store.move_item(&file, &there().with_name("b.txt")).await.map(drop)
            }
            Deed::MoveFolder => store.move_item(&folder, &there().with_name("moved")).await.map(drop),
            Deed::CopyFile => store.copy_item(&file, &there()).await.map(drop),
            Deed::CopyFileRenamed => store.copy_item(&file, &there().with_name("b.txt")).await.map(drop),
            Deed::CopyFolder => store.copy_item(&folder, &there()).await.map(drop),
            Deed::CopyFolderRenamed => store.copy_item(&folder, &there().with_name("copied")).await.map(drop),
            Deed::Delete => store.delete(&file, DeleteOptions::new()).await,
            Deed::Share => store.share(&file, ShareRequest::link()).await.map(drop),
        }
    }

    /// Everything on the drive; and how many links there are.
    fn state(&self) -> State {
        (self.ctx.drive_tree(), self.ctx.emulator.drive().shares().len())
    }

    fn requests(&self) -> u64 {
        self.ctx.emulator.requests().count()
    }
}

/// What a deed leads from and to, and how many requests it takes.
struct Known {
    before: State,
    after: State,
    requests: u64,
}

async fn known(ctx: &Ctx, deed: Deed) -> Known {
    let scene = Scene::new(ctx).await;
    scene.prepare(deed).await;
    let (before, begun) = (scene.state(), scene.requests());
    scene.run(deed).await.unwrap_or_else(|error| panic!("{deed:?}: {error}"));
    Known { before, after: scene.state(), requests: scene.requests() - begun }
}

/// Waits until so many requests have arrived.
async fn arrived(scene: &Scene, count: u64) {
    while scene.requests() < count {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn a_dropped_move_is_done_or_undone(ctx: Ctx) {
    each_dropped(&ctx, MOVES).await;
}

async fn a_dropped_copy_is_done_or_undone(ctx: Ctx) {
    each_dropped(&ctx, COPIES).await;
}

async fn any_other_dropped_write_is_done_or_undone(ctx: Ctx) {
    each_dropped(&ctx, OTHERS).await;
}

/// Drops each deed when so many of its requests have arrived. Then it is as it was, or as it should be.
async fn each_dropped(ctx: &Ctx, deeds: &[Deed]) {
    for &deed in deeds {
        let known = known(ctx, deed).await;
        for count in points(known.requests) {
            let scene = Scene::new(ctx).await;
            scene.prepare(deed).await;
            let until = scene.requests() + count;
            tokio::select! {
                biased;
                done = scene.run(deed) => done.unwrap(),
                () = arrived(&scene, until) => {}
            }
            sharesync::settled().await;
            let now = scene.state();
            let whole = now == known.before || now == known.after;
            assert!(whole, "{deed:?}, dropped after {count} of {} requests: {now:?}", known.requests);
        }
    }
}

async fn an_outage_during_a_move_leaves_nothing_untold(ctx: Ctx) {
    each_cut_off(&ctx, MOVES).await;
}

async fn an_outage_during_a_copy_leaves_nothing_untold(ctx: Ctx) {
    each_cut_off(&ctx, COPIES).await;
}

async fn an_outage_during_any_other_write_leaves_nothing_untold(ctx: Ctx) {
    each_cut_off(&ctx, OTHERS).await;
}

/// From one request on nothing comes through: each request of each deed in its turn, carried out or not.
async fn each_cut_off(ctx: &Ctx, deeds: &[Deed]) {
    for &deed in deeds {
        let known = known(ctx, deed).await;
        for (number, carried_out) in points(known.requests).flat_map(|number| [(number, true), (number, false)]) {
            cut_off(ctx, deed, number, carried_out).await;
        }
    }
}

async fn cut_off(ctx: &Ctx, deed: Deed, number: u64, carried_out: bool) {
    let scene = Scene::new(ctx).await;
    scene.prepare(deed).await;
    let before = scene.state();
    scene.ctx.emulator.requests().clear();
    let faults = scene.ctx.emulator.faults();
    if carried_out {
        faults.add(Fault::new(FaultKind::LoseAnswer).skip(number).times(1));
    }
    // Nobody waits for so long: one attempt is all there is.
    faults.add(Fault::new(FaultKind::Unavailable { retry_after: Some(100_000) }).skip(number));
    let done = scene.run(deed).await;
    let records = scene.ctx.emulator.requests().all();
    let now = scene.state();
    let what = format!("{deed:?}, down from request {number} on, which was carried out: {carried_out}");
    match done {
        Ok(()) => assert!(now != before || deed == Deed::ReuseFolder, "{what}: nothing was done"),
        Err(error) => {
            assert!(error.maybe_applied() || now == before, "{what}: {error:?}\n{records:#?}\n{now:?}");
            let reads = records.iter().all(|record| record.method == "GET");
            assert!(!(reads && error.maybe_applied()), "{what}: nothing was written, but {error}");
        }
    }
    // Whatever happened, all that the user had is still there.
    let holds = |content: &Vec<u8>| now.0.values().flatten().any(|other| other == content);
    assert!(deed == Deed::Delete || before.0.values().flatten().all(holds), "{what}: {now:?}");
}

/// The service puts the file back before it answers.
async fn a_move_that_does_nothing_is_no_success(ctx: Ctx) {
    for deed in [Deed::Rename, Deed::RenameInCase, Deed::Move, Deed::MoveAndRename, Deed::MovePastOthers] {
        let scene = Scene::new(&ctx).await;
        scene.prepare(deed).await;
        let before = scene.state();
        let drive = scene.ctx.emulator.drive().clone();
        let found = drive.find(drive.root(), usize::MAX, |item| &*item.name == "a.txt");
        let here = drive.find(drive.root(), usize::MAX, |item| &*item.name == "here").remove(0);
        let file = found.into_iter().find(|entry| entry.item.parent == Some(here.item.id)).unwrap();
        let user = drive.users().remove(0).id;
        providers::after_each_response(&scene.ctx.emulator, move || {
            let mut back = ItemPatch::default();
            (back.name, back.parent) = (Some("a.txt".into()), file.item.parent);
            let now = drive.item(file.item.id).unwrap();
            if (&now.item.name, now.item.parent) != (&file.item.name, file.item.parent) {
                drive.update(user, file.item.id, back).unwrap();
            }
        });
        // Past others, the next step may be the one that is refused, because the item is not where the service says.
        let kinds: &[_] = match deed {
            Deed::MovePastOthers => &[ErrorKind::Protocol, ErrorKind::AlreadyExists],
            _ => &[ErrorKind::Protocol],
        };
        let error = fails_as(scene.run(deed).await, kinds, &[scene.ctx.store.info().provider]);
        assert!(error.maybe_applied() || error.kind() != ErrorKind::Protocol, "{deed:?}: {error}");
        assert_eq!(scene.state(), before, "{deed:?}");
    }
}

/// A name that another process gave, long ago or just now.
fn left(purpose: &str, since: &str, name: &str) -> String {
    let text = format!("sharesync-{purpose}-0123456789abcdef-{since}");
    if name.is_empty() { text } else { format!("{text}-{name}") }
}

const LONG_AGO: &str = "00000001";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn what_a_dead_process_left_is_told_and_cleaned_up(ctx: Ctx) {
    let store = &*ctx.store;
    let sub = ctx.folder("sub").await;
    let moving = folder_in(store, &sub, &left("move", LONG_AGO, "final.txt")).await;
    put_into(store, &moving, "old.txt", "was being moved").await;
    put_into(store, ctx.here(), &left("rename", LONG_AGO, "Renamed.txt"), "was being renamed").await;
    let copying = folder_in(store, ctx.here(), &left("copy", LONG_AGO, "")).await;
    let inside = folder_in(store, &copying, "half a copy").await;
    put_into(store, &inside, "x.txt", "copied").await;
    put_into(store, ctx.here(), &left("upload", LONG_AGO, ""), "half an upload").await;
    put_into(store, ctx.here(), "sharesync-notes.txt", "of the user").await;
    let mut leftovers: Vec<_> = ctx.store.leftovers(ctx.here(), Duration::ZERO).try_collect().await.unwrap();
    leftovers.sort_by(|one, other| one.path.as_str().cmp(other.path.as_str()));
    let told: Vec<_> = leftovers
        .iter()
        .map(|left| {
            (left.temporary.purpose, left.only_copies().iter().map(|item| item.name.clone()).collect::<Vec<_>>())
        })
        .collect();
    assert_eq!(
        told,
        [
            (Purpose::Copy, vec![]),
            (Purpose::Rename, vec![left("rename", LONG_AGO, "Renamed.txt")]),
            (Purpose::Upload, vec![]),
            (Purpose::Move, vec!["old.txt".to_owned()]),
        ]
    );
    for leftover in &leftovers {
        let restored = ctx.store.clean_up(leftover).await.unwrap();
        assert_eq!(restored.len(), leftover.only_copies().len(), "{leftover:?}");
    }
    let tree = ctx.tree().await;
    let names: Vec<_> = tree.keys().map(String::as_str).collect();
    assert_eq!(names, ["/Renamed.txt", "/sharesync-notes.txt", "/sub", "/sub/final.txt"]);
    assert_eq!(tree["/sub/final.txt"], Node::File("was being moved".into()));
    assert_eq!(tree["/Renamed.txt"], Node::File("was being renamed".into()));
}

async fn what_is_in_use_is_left_alone(ctx: Ctx) {
    let store = &*ctx.store;
    folder_in(store, ctx.here(), &Temporary::new(Purpose::Copy).to_string()).await;
    let mut others = Temporary::new(Purpose::Copy);
    others.owner ^= 1;
    folder_in(store, ctx.here(), &others.to_string()).await;
    let found: Vec<_> = ctx.store.leftovers(ctx.here(), DAY).try_collect().await.unwrap();
    assert!(found.is_empty(), "one is of this process, the other one young: {found:?}");
}

async fn what_is_in_the_way_is_not_replaced_by_a_clean_up(ctx: Ctx) {
    let store = &*ctx.store;
    let moving = folder_in(store, ctx.here(), &left("move", LONG_AGO, "final.txt")).await;
    put_into(store, &moving, "old.txt", "was being moved").await;
    put_into(store, ctx.here(), "final.txt", "came meanwhile").await;
    let leftovers: Vec<_> = ctx.store.leftovers(ctx.here(), Duration::ZERO).try_collect().await.unwrap();
    let before = ctx.tree().await;
    let cleaned = ctx.store.clean_up(&leftovers[0]).await;
    fails(cleaned, ErrorKind::AlreadyExists, &["final.txt", "old.txt", ctx.store.info().provider]);
    assert_eq!(ctx.tree().await, before, "nothing is deleted");
}
