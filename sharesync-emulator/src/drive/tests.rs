//! What must hold for a drive whatever is done to it.

use std::collections::HashSet;

use super::*;

/// A drive in memory with one user, and the store behind it.
fn drive() -> (Drive, Arc<MemoryStore>, User) {
    let store = Arc::new(MemoryStore::default());
    let drive = Drive::assemble(Tree::default(), store.clone(), None);
    let user = drive.ensure_user("someone@example.com").expect("a user");
    (drive, store, user)
}

/// Does one of everything that users do, at random; refusals are part of it.
fn do_something(drive: &Drive, user: &User, dice: &mut fastrand::Rng) {
    let ids: Vec<ItemId> = drive.tree().items().map(|item| item.id).collect();
    let mut ids: Vec<_> = ids.into_iter().collect();
    ids.sort();
    let mut any = || *dice.choice(&ids).expect("there is a root");
    let (one, other) = (any(), any());
    let name = format!("name {}", dice.u8(0..6));
    let on_conflict = *dice.choice(&[OnConflict::Fail, OnConflict::Replace, OnConflict::Rename]).expect("three");
    let patch = ItemPatch { name: Some(name.as_str().into()), on_conflict, ..ItemPatch::default() };
    let _ = match dice.u8(0..11) {
        0 | 1 => drive.create_folder(user.id, one, &name, NewFolder::default()).map(drop),
        2..=4 => drive.put_bytes(user.id, one, &name, vec![1; dice.usize(0..50)]).map(drop),
        5 => drive.update(user.id, one, patch).map(drop),
        6 => drive.update(user.id, one, ItemPatch { parent: Some(other), ..patch }).map(drop),
        7 => drive.copy(user.id, one, other, on_conflict).map(drop),
        8 => drive.delete(user.id, one),
        9 => drive.restore(user.id, one).map(drop),
        _ if dice.bool() => match drive.item(one).and_then(|entry| entry.version) {
            Some(version) => drive.delete_version(user.id, version.id),
            None => Ok(()),
        },
        _ => drive.purge(user.id, one),
    };
}

/// The totals of every folder are those of its children, and the indexes hold what the items say.
fn check(tree: &Tree) {
    for item in tree.items() {
        let entry = tree.entry(item.clone());
        if let Some(parent) = item.parent {
            let state = tree.folder(parent).expect("a parent is a folder");
            let listed = state.children.values().filter(|id| **id == item.id).count();
            let binned = usize::from(state.bin.contains(&item.id));
            assert_eq!((listed, binned), if item.deleted.is_some() { (0, 1) } else { (1, 0) }, "{item:?}");
        }
        let Some(state) = tree.folder(item.id) else { continue };
        let below = state.children.values().map(|id| tree.entry(tree.item(*id).expect("a child").clone()));
        let (files, bytes, changed) = below.fold((0, 0, item.created), |(files, bytes, changed), child| {
            let own = u64::from(child.item.is_file()) + child.totals.files;
            (files + own, bytes + child.totals.bytes, changed.max(child.item.created))
        });
        assert_eq!((entry.totals.files, entry.totals.bytes), (files, bytes), "{item:?}");
        assert!(entry.totals.changed >= changed, "{item:?}");
        let names: HashSet<_> = state.children.keys().map(|(_, name)| name).collect();
        assert_eq!(names.len(), state.children.len(), "two children of one name in {item:?}");
    }
    let sequences: Vec<_> = tree.log().iter().map(|change| change.sequence).collect();
    assert_eq!(sequences, (1..=sequences.len() as u64).collect::<Vec<_>>());
}

/// The state of a tree as text.
fn dump(tree: &Tree) -> Vec<String> {
    let mut lines: Vec<_> = tree
        .items()
        .map(|item| {
            let entry = tree.entry(item.clone());
            format!("{:?} {:?} {:?}", item, entry.totals, tree.folder(item.id).map(|state| &state.bin))
        })
        .collect();
    lines.sort();
    lines.push(format!("{:?} {:?} {:?}", tree.shares(), tree.users(), tree.log()));
    lines
}

#[test]
fn whatever_is_done_the_tree_stays_whole_and_no_bytes_are_lost_or_kept() {
    for seed in 0..30 {
        let (drive, store, user) = drive();
        let mut dice = fastrand::Rng::with_seed(seed);
        for _ in 0..400 {
            do_something(&drive, &user, &mut dice);
        }
        check(&drive.tree());
        assert_eq!(store.len(), drive.tree().referred_parts().len(), "seed {seed}");
        for item in drive.tree().items().filter(|item| item.is_file()) {
            assert_eq!(drive.read(item.id).expect("its content").len() as u64, item.size());
        }
    }
}

#[test]
fn replaying_the_journal_gives_the_same_tree() {
    for seed in 0..5 {
        let directory = tempfile::tempdir().expect("a directory");
        let drive = Drive::in_directory(directory.path()).expect("a drive");
        let user = drive.ensure_user("someone@example.com").expect("a user");
        let mut dice = fastrand::Rng::with_seed(seed);
        for _ in 0..200 {
            do_something(&drive, &user, &mut dice);
        }
        let before = dump(&drive.tree());
        drop(drive);
        let again = Drive::in_directory(directory.path()).expect("the drive");
        assert_eq!(dump(&again.tree()), before, "seed {seed}");
        check(&again.tree());
    }
}

#[test]
fn names_are_found_in_any_case_and_kept_as_written() {
    let (drive, _, user) = drive();
    drive.put_bytes(user.id, user.home, "Straße Ä.TXT", "1").expect("a file");
    let found = drive.child(user.home, "straße ä.txt").expect("found");
    assert_eq!(&*found.item.name, "Straße Ä.TXT");
    let again = drive.put_bytes(user.id, user.home, "STRAßE ä.txt", "2").expect("a version");
    assert_eq!((again.item.id, again.item.versions().len()), (found.item.id, 2));
}

#[test]
fn a_change_deep_below_is_a_change_of_every_folder_above() {
    let (drive, _, user) = drive();
    let deep = drive.make_path(user.id, user.home, "a/b/c").expect("folders");
    let aside = drive.make_path(user.id, user.home, "aside").expect("a folder");
    let changed = |id| drive.item(id).expect("an item").totals.changed;
    let (before, aside_before) = (changed(user.home), changed(aside.item.id));
    std::thread::sleep(std::time::Duration::from_millis(2));
    drive.put_bytes(user.id, deep.item.id, "f", "1").expect("a file");
    assert!(changed(user.home) > before && changed(drive.root()) > before);
    assert_eq!(changed(aside.item.id), aside_before);
    let after = changed(user.home);
    std::thread::sleep(std::time::Duration::from_millis(2));
    drive.delete(user.id, deep.item.id).expect("deleted");
    assert!(changed(user.home) > after);
}

#[test]
fn the_change_log_tells_what_happened() {
    let (drive, _, user) = drive();
    let start = drive.last_change();
    let file = drive.put_bytes(user.id, user.home, "f", "1").expect("a file").item.id;
    drive.put_bytes(user.id, user.home, "f", "2").expect("a version");
    let folder = drive.make_path(user.id, user.home, "folder").expect("a folder").item.id;
    let moved = ItemPatch { parent: Some(folder), ..ItemPatch::default() };
    drive.update(user.id, file, moved).expect("moved");
    drive.delete(user.id, file).expect("deleted");
    drive.purge(user.id, file).expect("purged");
    let changes = drive.changes_after(start, 100);
    let kinds: Vec<_> = changes.iter().map(|change| change.kind).collect();
    use ChangeKind::*;
    assert_eq!(kinds, [Created, Content, Created, Moved, Deleted, Purged]);
    assert_eq!((changes[3].from, changes[3].parent), (Some(user.home), Some(folder)));
    assert_eq!(drive.changes_after(start + 4, 1)[0].kind, Deleted);
    assert!(drive.changes_after(u64::MAX, 1).is_empty());
}

#[test]
fn locked_files_are_for_their_owner() {
    let (drive, _, user) = drive();
    let other = drive.ensure_user("other@example.com").expect("a user");
    let shared = drive.fixed_folder("Shared Folders", Role::Shared).expect("a folder");
    let file = drive.put_bytes(user.id, shared, "f", "1").expect("a file").item.id;
    drive.set_lock(user.id, file, true).expect("locked");
    assert!(matches!(drive.delete(other.id, file), Err(DriveError::Locked)));
    assert!(matches!(drive.put_bytes(other.id, shared, "f", "2"), Err(DriveError::Locked)));
    drive.put_bytes(user.id, shared, "f", "2").expect("its owner may");
    drive.set_lock(user.id, file, false).expect("unlocked");
    drive.delete(other.id, file).expect("deleted");
}
