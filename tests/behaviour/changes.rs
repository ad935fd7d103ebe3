//! Following changes: everything from the beginning, nothing but a checkpoint from now, exactly what happened since.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use futures::{StreamExt as _, TryStreamExt as _};
use sharesync::transfer::{TransferOptions, UploadRequest};
use sharesync::{
    Change, ChangeOptions, ChangePage, Cursor, DeleteOptions, Destination, ErrorKind, Item, ItemId, ItemRef,
    OnConflict, Operation, RemoteStoreExt as _, Since, WalkOptions,
};
use sharesync_emulator::drive::{self, Drive, ItemPatch};
use sharesync_emulator::{Fault, FaultKind, PageForm};

use super::harness::{Ctx, cases};
use super::providers::after_each_response;
use super::support::{fails, folder_in, put_into};

cases! {
    "changes" needs [] {
        a_refusal_says_what_to_do,
    }
    "changes" needs [Changes] {
        from_the_beginning_is_everything_that_exists,
        from_now_is_only_a_checkpoint,
        since_a_cursor_is_what_happened_after,
        a_created_file,
        a_new_version,
        a_rename,
        a_move_into_another_folder,
        a_deleted_folder_takes_what_it_holds,
        what_came_and_went_is_gone,
        a_quiet_store_has_no_changes,
        a_cursor_survives_another_process,
        a_cursor_can_be_used_again,
        a_foreign_cursor_is_refused,
        a_damaged_cursor_is_refused,
        a_page_in_between_removes_nothing,
        without_the_folder_that_is_followed_nothing_is_told,
        what_is_away_for_a_moment_is_not_gone,
        a_folder_that_is_followed_may_move,
        small_pages_lose_and_repeat_nothing,
        a_scope_leaves_out_the_rest,
    }
}

/// The responses of a reading after which something happens.
const MOMENTS: usize = 10;

/// What a consumer keeps that applies every change.
type Mirror = BTreeMap<ItemId, Item>;

async fn pages(ctx: &Ctx, since: Since, options: ChangeOptions) -> Vec<ChangePage> {
    ctx.store.changes(since, options).try_collect().await.unwrap()
}

/// Reads changes to their end into a mirror; the last checkpoint.
async fn follow(ctx: &Ctx, since: Since, mirror: &mut Mirror) -> Cursor {
    follow_with(ctx, since, ChangeOptions::new(), mirror).await
}

async fn follow_with(ctx: &Ctx, since: Since, options: ChangeOptions, mirror: &mut Mirror) -> Cursor {
    let mut cursor = None;
    for page in pages(ctx, since, options).await {
        page.changes.into_iter().for_each(|change| apply(mirror, change));
        cursor = page.checkpoint.or(cursor);
    }
    cursor.expect("changes end with a checkpoint")
}

fn apply(mirror: &mut Mirror, change: Change) {
    match change {
        Change::Upsert(item) => drop(mirror.insert(item.identity().clone(), item)),
        Change::Remove(id) => remove(mirror, &id),
        Change::ResetBegin => mirror.clear(),
        _ => {}
    }
}

/// With an item goes everything below it.
fn remove(mirror: &mut Mirror, id: &ItemId) {
    let below: Vec<_> =
        mirror.values().filter(|item| item.parent.as_ref() == Some(id)).map(|item| item.identity().clone()).collect();
    below.iter().for_each(|inside| remove(mirror, inside));
    mirror.remove(id);
}

fn names(mirror: &Mirror) -> Vec<&str> {
    let mut names: Vec<_> = mirror.values().map(|item| item.name.as_str()).collect();
    names.sort_unstable();
    names
}

/// A store of its own, followed up to now.
async fn caught_up(ctx: &Ctx) -> (Ctx, Cursor, Mirror) {
    let ctx = ctx.alone().await;
    let mut mirror = Mirror::new();
    let cursor = follow(&ctx, Since::Beginning, &mut mirror).await;
    (ctx, cursor, mirror)
}

async fn a_refusal_says_what_to_do(ctx: Ctx) {
    let scope = ChangeOptions::new().with_scope(&ctx.folder);
    let first = ctx.store.changes(Since::Beginning, scope).try_collect::<Vec<_>>().await;
    if ctx.supports(Operation::Changes) {
        assert!(first.unwrap().last().unwrap().checkpoint.is_some());
        return;
    }
    for since in [Since::Beginning, Since::Now] {
        let refused = ctx.store.changes(since, ChangeOptions::new()).try_collect::<Vec<_>>().await;
        let error = fails(refused, ErrorKind::Unsupported, &[Operation::Changes.name()]);
        assert_eq!(error.provider(), Some(ctx.store.info().provider));
        let text = error.to_string();
        assert!(text.contains("; ") && text.contains("capabilities"), "it says what to do instead: {text}");
    }
}

async fn from_the_beginning_is_everything_that_exists(ctx: Ctx) {
    let ctx = ctx.alone().await;
    let folder = ctx.folder("sub").await;
    let (one, other) = (ctx.put("a.txt", "x").await, put_into(&*ctx.store, &folder, "b.txt", "y").await);
    let mut mirror = Mirror::new();
    let all = pages(&ctx, Since::Beginning, ChangeOptions::new()).await;
    for page in &all {
        for change in &page.changes {
            assert!(matches!(change, Change::Upsert(_)), "everything that exists, as upserts: {change:?}");
            apply(&mut mirror, change.clone());
        }
    }
    assert!(all.last().unwrap().checkpoint.is_some());
    for item in [&ctx.folder, &folder, &one, &other] {
        let seen = &mirror[item.identity()];
        assert_eq!((&seen.name, &seen.kind, &seen.parent), (&item.name, &item.kind, &item.parent));
    }
}

async fn from_now_is_only_a_checkpoint(ctx: Ctx) {
    let ctx = ctx.alone().await;
    ctx.put("before.txt", "x").await;
    let mut mirror = Mirror::new();
    let cursor = follow(&ctx, Since::Now, &mut mirror).await;
    assert!(mirror.is_empty(), "{mirror:?}");
    let after = ctx.put("after.txt", "y").await;
    follow(&ctx, Since::Cursor(cursor), &mut mirror).await;
    assert!(mirror.contains_key(after.identity()));
    assert!(!names(&mirror).contains(&"before.txt"));
}

async fn since_a_cursor_is_what_happened_after(ctx: Ctx) {
    let (ctx, mut cursor, mut mirror) = caught_up(&ctx).await;
    for step in 0..3 {
        ctx.put(&format!("{step}.txt"), "x").await;
        let before = mirror.len();
        cursor = follow(&ctx, Since::Cursor(cursor), &mut mirror).await;
        assert_eq!(mirror.len(), before + 1);
    }
    assert!(["0.txt", "1.txt", "2.txt"].iter().all(|name| names(&mirror).contains(name)));
}

async fn a_created_file(ctx: Ctx) {
    let (ctx, cursor, mut mirror) = caught_up(&ctx).await;
    let file = ctx.put("a.txt", "twelve bytes").await;
    follow(&ctx, Since::Cursor(cursor), &mut mirror).await;
    let seen = &mirror[file.identity()];
    assert_eq!((seen.name.as_str(), seen.size, &seen.parent), ("a.txt", Some(12), &file.parent));
    assert_eq!(seen.revision, file.revision);
}

async fn a_new_version(ctx: Ctx) {
    let (ctx, _, mut mirror) = caught_up(&ctx).await;
    let file = ctx.put("a.txt", "old").await;
    let cursor = follow(&ctx, Since::Beginning, &mut mirror).await;
    let count = mirror.len();
    let new = ctx.put_again("a.txt", "newer").await;
    follow(&ctx, Since::Cursor(cursor), &mut mirror).await;
    assert_eq!(mirror.len(), count);
    assert_eq!(mirror[file.identity()].revision, new.revision);
}

async fn a_rename(ctx: Ctx) {
    let (ctx, _, mut mirror) = caught_up(&ctx).await;
    let file = ctx.put("a.txt", "x").await;
    let cursor = follow(&ctx, Since::Beginning, &mut mirror).await;
    ctx.store.move_item(&ItemRef::from(&file), &Destination::name("b.txt")).await.unwrap();
    follow(&ctx, Since::Cursor(cursor), &mut mirror).await;
    assert!(names(&mirror).contains(&"b.txt") && !names(&mirror).contains(&"a.txt"), "{:?}", names(&mirror));
}

async fn a_move_into_another_folder(ctx: Ctx) {
    let (ctx, _, mut mirror) = caught_up(&ctx).await;
    let (file, folder) = (ctx.put("a.txt", "x").await, ctx.folder("sub").await);
    let cursor = follow(&ctx, Since::Beginning, &mut mirror).await;
    let moved = ctx.store.move_item(&ItemRef::from(&file), &Destination::folder(&folder)).await.unwrap();
    follow(&ctx, Since::Cursor(cursor), &mut mirror).await;
    assert_eq!(mirror[moved.identity()].parent.as_ref(), Some(&folder.id));
    assert_eq!(names(&mirror).iter().filter(|name| **name == "a.txt").count(), 1);
}

async fn a_deleted_folder_takes_what_it_holds(ctx: Ctx) {
    let (ctx, _, mut mirror) = caught_up(&ctx).await;
    let folder = ctx.folder("sub").await;
    let deeper = folder_in(&*ctx.store, &folder, "deeper").await;
    put_into(&*ctx.store, &deeper, "a.txt", "x").await;
    ctx.put("kept.txt", "x").await;
    let cursor = follow(&ctx, Since::Beginning, &mut mirror).await;
    ctx.store.delete(&ItemRef::from(&folder), DeleteOptions::new()).await.unwrap();
    follow(&ctx, Since::Cursor(cursor), &mut mirror).await;
    let left = names(&mirror);
    assert!(left.contains(&"kept.txt"));
    assert!(["sub", "deeper", "a.txt"].iter().all(|name| !left.contains(name)), "{left:?}");
}

async fn what_came_and_went_is_gone(ctx: Ctx) {
    let (ctx, cursor, mut mirror) = caught_up(&ctx).await;
    let before = mirror.clone();
    let file = ctx.put("a.txt", "x").await;
    ctx.store.delete(&ItemRef::from(&file), DeleteOptions::new()).await.unwrap();
    follow(&ctx, Since::Cursor(cursor), &mut mirror).await;
    assert_eq!(names(&mirror), names(&before));
}

async fn a_quiet_store_has_no_changes(ctx: Ctx) {
    let (ctx, mut cursor, mut mirror) = caught_up(&ctx).await;
    let before = mirror.clone();
    for _ in 0..3 {
        let quiet = pages(&ctx, Since::Cursor(cursor.clone()), ChangeOptions::new()).await;
        assert!(quiet.iter().all(|page| page.changes.is_empty()), "{quiet:?}");
        cursor = follow(&ctx, Since::Cursor(cursor), &mut mirror).await;
    }
    assert_eq!(mirror, before);
}

async fn a_cursor_survives_another_process(ctx: Ctx) {
    let (ctx, cursor, mut mirror) = caught_up(&ctx).await;
    let file = ctx.put("a.txt", "x").await;
    let kept = serde_json::to_string(&cursor).unwrap();
    let later = ctx.with_store(ctx.another_process().await);
    follow(&later, Since::Cursor(serde_json::from_str(&kept).unwrap()), &mut mirror).await;
    assert!(mirror.contains_key(file.identity()));
}

async fn a_cursor_can_be_used_again(ctx: Ctx) {
    let (ctx, cursor, before) = caught_up(&ctx).await;
    ctx.put("a.txt", "x").await;
    let (mut once, mut again) = (before.clone(), before);
    follow(&ctx, Since::Cursor(cursor.clone()), &mut once).await;
    follow(&ctx, Since::Cursor(cursor.clone()), &mut again).await;
    assert_eq!(names(&once), names(&again));
    // Applying the same changes twice has the effect of applying them once.
    let applied = once.clone();
    follow(&ctx, Since::Cursor(cursor), &mut once).await;
    assert_eq!(once, applied);
}

async fn a_foreign_cursor_is_refused(ctx: Ctx) {
    let foreign = [
        Cursor::new("elsewhere", ctx.store.info().account.clone(), "1"),
        Cursor::new(ctx.store.info().provider, "another account", "1"),
    ];
    for cursor in foreign {
        let refused = ctx.store.changes(Since::Cursor(cursor), ChangeOptions::new()).try_collect::<Vec<_>>().await;
        fails(refused, ErrorKind::CursorInvalid, &["cursor"]);
    }
}

async fn a_damaged_cursor_is_refused(ctx: Ctx) {
    let (ctx, cursor, mut mirror) = caught_up(&ctx).await;
    let whole = serde_json::to_value(&cursor).unwrap();
    let token = whole["token"].as_str().unwrap();
    let (cut, more) = (&token[..token.len() / 2], format!("{token}0"));
    let damages =
        [("token", cut), ("token", &more), ("token", ""), ("token", "garbage"), ("scope", "x"), ("check", "0")];
    ctx.emulator.requests().clear();
    for (name, value) in damages {
        let mut damaged = whole.clone();
        damaged[name] = value.into();
        let since = Since::Cursor(serde_json::from_value(damaged).unwrap());
        let refused = ctx.store.changes(since, ChangeOptions::new()).try_collect::<Vec<_>>().await;
        fails(refused, ErrorKind::CursorInvalid, &["cursor"]);
    }
    assert_eq!(ctx.emulator.requests().count(), 0, "nothing is asked with a damaged cursor");
    ctx.put("a.txt", "x").await;
    follow(&ctx, Since::Cursor(cursor), &mut mirror).await;
    assert!(names(&mirror).contains(&"a.txt"));
}

/// The page of a gateway in the middle of a reading is no word of the service: the reading ends without a checkpoint.
async fn a_page_in_between_removes_nothing(ctx: Ctx) {
    let ctx = ctx.alone().await;
    let (kept, gone) = (ctx.folder("kept").await, ctx.put("gone.txt", "x").await);
    let inside = put_into(&*ctx.store, &kept, "inside.txt", "x").await;
    let mut mirror = Mirror::new();
    let mut cursor = follow(&ctx, Since::Beginning, &mut mirror).await;
    ctx.store.delete(&ItemRef::from(&gone), DeleteOptions::new()).await.unwrap();
    let pages = [
        (404, PageForm::Text, 0),
        (404, PageForm::Html, 1),
        (403, PageForm::Html, 1),
        (403, PageForm::Text, 2),
        (404, PageForm::Text, 3),
    ];
    for (status, form, skip) in pages {
        put_into(&*ctx.store, &kept, &format!("{status} {form:?} {skip}"), "x").await;
        ctx.emulator.faults().add(Fault::new(FaultKind::ProxyPage { status, form }).skip(skip));
        let mut pages = ctx.store.changes(Since::Cursor(cursor.clone()), ChangeOptions::new());
        let ended = loop {
            match pages.try_next().await {
                Ok(Some(page)) => {
                    page.changes.into_iter().for_each(|change| apply(&mut mirror, change));
                    cursor = page.checkpoint.unwrap_or(cursor);
                }
                ended => break ended.map(drop),
            }
        };
        ctx.emulator.faults().clear();
        if let Err(error) = ended {
            let kinds = [ErrorKind::Protocol, ErrorKind::Unavailable];
            assert!(kinds.contains(&error.kind()), "{status} {skip}: {error}");
        }
        for item in [&kept, &inside] {
            assert!(mirror.contains_key(item.identity()), "{status} {skip}: {} is there", item.name);
        }
    }
    follow(&ctx, Since::Cursor(cursor), &mut mirror).await;
    let names = names(&mirror);
    assert!(
        names.contains(&"404 Text 0") && names.contains(&"404 Text 3") && !names.contains(&"gone.txt"),
        "{names:?}"
    );
}

async fn without_the_folder_that_is_followed_nothing_is_told(ctx: Ctx) {
    let ctx = ctx.alone().await;
    let followed = ctx.folder("followed").await;
    put_into(&*ctx.store, &followed, "inside.txt", "x").await;
    let scope = ChangeOptions::new().with_scope(&followed);
    let cursor = follow_with(&ctx, Since::Beginning, scope.clone(), &mut Mirror::new()).await;
    ctx.store.delete(&ItemRef::from(&followed), DeleteOptions::new()).await.unwrap();
    for since in [Since::Cursor(cursor), Since::Beginning] {
        let told = ctx.store.changes(since, scope.clone()).collect::<Vec<_>>().await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].as_ref().unwrap_err().kind(), ErrorKind::NotFound);
    }
}

/// Moves an item away after so many responses, and back after a few more.
struct Away {
    item: drive::ItemId,
    home: drive::ItemId,
    to: drive::ItemId,
    seen: usize,
    leaves: usize,
    returns: usize,
}

impl Away {
    fn after_response(&mut self, drive: &Drive) {
        self.seen += 1;
        for (at, folder) in [(self.leaves, self.to), (self.returns, self.home)] {
            if self.seen == at {
                put_in(drive, self.item, folder);
            }
        }
    }
}

/// Does what is planned, by the responses of an emulator that nobody else uses.
fn meddler(ctx: &Ctx) -> Arc<Mutex<Option<Away>>> {
    let (plan, drive) = (Arc::new(Mutex::new(None::<Away>)), ctx.emulator.drive().clone());
    let planned = plan.clone();
    after_each_response(&ctx.emulator, move || {
        planned.lock().unwrap().iter_mut().for_each(|away| away.after_response(&drive));
    });
    plan
}

/// Moves an item, as another client would.
fn put_in(drive: &Drive, item: drive::ItemId, folder: drive::ItemId) {
    let patch = ItemPatch { parent: Some(folder), ..ItemPatch::default() };
    drive.update(drive.users().remove(0).id, item, patch).unwrap();
}

/// An item, or a folder around it, is somewhere else during one or two requests of a reading, whichever they are: it is not
/// told as gone, as one look does not tell. A feed that says where an item is at the moment of the checkpoint may say that it
/// is outside; the next reading tells that it is back.
async fn what_is_away_for_a_moment_is_not_gone(ctx: Ctx) {
    let ctx = ctx.alone().await;
    let followed = ctx.folder("followed").await;
    ctx.folder("beside").await;
    folder_in(&*ctx.store, &followed, "inside").await;
    let above = folder_in(&*ctx.store, &followed, "above").await;
    let folder = folder_in(&*ctx.store, &above, "folder").await;
    let file = put_into(&*ctx.store, &folder, "file", "x").await;
    let drive = ctx.emulator.drive().clone();
    let named = |name: &str| drive.find(drive.root(), 2, |item| &*item.name == name).remove(0).item;
    let plan = meddler(&ctx);
    let scope = ChangeOptions::new().with_scope(&followed);
    let mut mirror = Mirror::new();
    let mut cursor = follow_with(&ctx, Since::Beginning, scope.clone(), &mut mirror).await;
    let has_feed = ["cursor", "sharepoint"].contains(&ctx.store.info().provider);
    let items = ["file", "folder", "above"].into_iter();
    for (away, place) in items.flat_map(|away| [(away, "inside"), (away, "beside")]) {
        for (leaves, stays) in (1..=MOMENTS).flat_map(|leaves| [(leaves, 1), (leaves, 2)]) {
            let what = format!("{away} is in {place} after {leaves} responses, for {stays}");
            let request = UploadRequest::new(&folder, "file").with_on_conflict(OnConflict::NewVersion);
            ctx.store.upload_bytes(what.clone(), request, TransferOptions::new()).await.unwrap();
            let (item, to) = (named(away), named(place).id);
            let (home, returns) = (item.parent.unwrap(), leaves + stays);
            *plan.lock().unwrap() = Some(Away { item: item.id, home, to, seen: 0, leaves, returns });
            let told = ctx.store.changes(Since::Cursor(cursor.clone()), scope.clone()).try_collect::<Vec<_>>().await;
            let plan = plan.lock().unwrap().take().unwrap();
            if (leaves..returns).contains(&plan.seen) {
                put_in(&drive, item.id, home);
            }
            let met = plan.seen > returns && !(place == "beside" && has_feed);
            match told {
                Ok(pages) => {
                    let changes = pages.iter().flat_map(|page| page.changes.clone());
                    changes.for_each(|change| apply(&mut mirror, change));
                    cursor = pages.last().unwrap().checkpoint.clone().unwrap();
                }
                // Whoever looks for what keeps moving may give up.
                Err(error) => assert_eq!(error.kind(), ErrorKind::Unavailable, "{what}: {error}"),
            }
            for item in [&above, &folder, &file].into_iter().filter(|_| met) {
                assert!(mirror.contains_key(item.identity()), "{what}: {} is there: {:?}", item.name, names(&mirror));
            }
            cursor = follow_with(&ctx, Since::Cursor(cursor), scope.clone(), &mut mirror).await;
            let there: Vec<_> = ctx.store.walk(&followed, WalkOptions::new()).try_collect().await.unwrap();
            let there: BTreeSet<_> = there.iter().map(|(_, item)| item.identity()).collect();
            assert_eq!(mirror.keys().collect::<BTreeSet<_>>(), there, "{what}: {:?}", names(&mirror));
        }
    }
}

/// The folder that is followed is moved during a reading, after whichever response: no later reading lacks anything.
async fn a_folder_that_is_followed_may_move(ctx: Ctx) {
    let ctx = ctx.alone().await;
    let followed = ctx.folder("followed").await;
    let beside = ctx.folder("beside").await;
    let folder = folder_in(&*ctx.store, &followed, "folder").await;
    put_into(&*ctx.store, &folder, "file", "x").await;
    let drive = ctx.emulator.drive().clone();
    let named = |name: &str| drive.find(drive.root(), 2, |item| &*item.name == name).remove(0).item;
    let homes = [named(&beside.name).id, named(&ctx.folder.name).id];
    let plan = meddler(&ctx);
    let scope = ChangeOptions::new().with_scope(&followed);
    let mut mirror = Mirror::new();
    let mut cursor = follow_with(&ctx, Since::Beginning, scope.clone(), &mut mirror).await;
    for (leaves, to) in (1..=MOMENTS).flat_map(|leaves| homes.map(|to| (leaves, to))) {
        let request = UploadRequest::new(&folder, "file").with_on_conflict(OnConflict::NewVersion);
        ctx.store.upload_bytes(format!("{leaves} {to:?}"), request, TransferOptions::new()).await.unwrap();
        let (item, home) = (named("followed").id, named("followed").parent.unwrap());
        *plan.lock().unwrap() = Some(Away { item, home, to, seen: 0, leaves, returns: usize::MAX });
        match ctx.store.changes(Since::Cursor(cursor.clone()), scope.clone()).try_collect::<Vec<_>>().await {
            Ok(pages) => {
                let changes = pages.iter().flat_map(|page| page.changes.clone());
                changes.for_each(|change| apply(&mut mirror, change));
                cursor = pages.last().unwrap().checkpoint.clone().unwrap();
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::Unavailable, "after {leaves} responses: {error}"),
        }
        plan.lock().unwrap().take();
        cursor = follow_with(&ctx, Since::Cursor(cursor), scope.clone(), &mut mirror).await;
        let there: Vec<_> = ctx.store.walk(&followed, WalkOptions::new()).try_collect().await.unwrap();
        let there: BTreeSet<_> = there.iter().map(|(_, item)| item.identity()).collect();
        assert_eq!(mirror.keys().collect::<BTreeSet<_>>(), there, "after {leaves} responses: {:?}", names(&mirror));
    }
}

async fn small_pages_lose_and_repeat_nothing(ctx: Ctx) {
    let (ctx, cursor, mirror) = caught_up(&ctx).await;
    for number in 0..10 {
        ctx.put(&format!("{number}.txt"), "x").await;
    }
    let (mut small, mut large) = (mirror.clone(), mirror);
    follow_with(&ctx, Since::Cursor(cursor.clone()), ChangeOptions::new().with_page_size(3), &mut small).await;
    follow(&ctx, Since::Cursor(cursor), &mut large).await;
    assert_eq!(names(&small), names(&large));
    assert!(names(&small).len() >= 10);
}

async fn a_scope_leaves_out_the_rest(ctx: Ctx) {
    let ctx = ctx.alone().await;
    let (inside, outside) = (ctx.folder("inside").await, ctx.folder("outside").await);
    let scope = ChangeOptions::new().with_scope(&inside);
    let mut mirror = Mirror::new();
    let cursor = follow_with(&ctx, Since::Beginning, scope.clone(), &mut mirror).await;
    put_into(&*ctx.store, &inside, "in.txt", "x").await;
    put_into(&*ctx.store, &outside, "out.txt", "x").await;
    follow_with(&ctx, Since::Cursor(cursor.clone()), scope, &mut mirror).await;
    assert!(names(&mirror).contains(&"in.txt") && !names(&mirror).contains(&"out.txt"), "{:?}", names(&mirror));
    let other = ChangeOptions::new().with_scope(&outside);
    let refused = ctx.store.changes(Since::Cursor(cursor), other).try_collect::<Vec<_>>().await;
    fails(refused, ErrorKind::CursorInvalid, &["cursor"]);
}
