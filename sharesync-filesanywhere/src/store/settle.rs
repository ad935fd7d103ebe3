//! What became of what a list of changes names.
//!
//! The list names folders by number, and what is there can only be asked for by path, at a moment when it may be on its way.
//! So the list is read once more afterwards. What that names again has changed meanwhile: its removal is not told, because
//! the next reading begins with the same list. If a folder has changed that other removals depend on, nothing is told.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _, future, stream};
use sharesync_core::{BoxStream, Change, Error, ErrorKind, Item, ItemId, ItemKind, Result};

use super::Inner;
use super::change::{Changes, Scope};
use super::names::{check_found, fold, is_within, join, split, trim};
use super::spool::Spool;
use crate::model::{ChangeEntry, ChangeSummary};
use crate::soap::Streamed;
use crate::{ChangeListQuery, DateTime};

/// Items that are asked for at once.
const AT_ONCE: usize = 8;

/// Changed folders beyond which everything is told anew: they are held in memory.
const MOST_FOLDERS: usize = 50_000;

/// Files that may change while what has changed is settled: a hash of each is held in memory.
const MOST_AGAIN: usize = 2_000_000;

/// The entries of a list of changes: files wait in a spool, because what the list amounts to stands at its end.
#[derive(Debug)]
pub(super) struct Told {
    /// The number of the folder, and the name.
    files: Spool,
    /// The folders that files are in.
    around: HashSet<i64>,
    /// The folders, each with the paths that are told of it.
    folders: HashMap<i64, Vec<String>>,
    pub(super) end: DateTime,
    /// Whether it does not tell all.
    pub(super) lost: bool,
}

impl Told {
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.folders.is_empty() && !self.lost
    }
}

/// What became of what a list names.
pub(super) struct Settled {
    /// The files as changes.
    files: Spool,
    /// The folders that are there, from the top down.
    pub(super) there: Vec<(i64, Item)>,
    gone: Vec<i64>,
    again: Arc<Again>,
}

/// Files that a later list names again, by hashes.
#[derive(Default)]
struct Again {
    hasher: RandomState,
    files: HashSet<u64>,
}

impl Again {
    fn holds(&self, file: &ItemId) -> bool {
        self.files.contains(&self.hasher.hash_one(file.as_str()))
    }
}

impl Settled {
    pub(super) fn files_there(&self) -> Changes {
        let changes = self.files.rows::<Change>();
        changes.try_filter(|change| future::ready(!matches!(change, Change::Remove(_)))).boxed()
    }

    pub(super) fn files_gone(&self) -> Changes {
        let (changes, again) = (self.files.rows::<Change>(), self.again.clone());
        let gone = move |change: &Change| matches!(change, Change::Remove(file) if !again.holds(file));
        changes.try_filter(move |change| future::ready(gone(change))).boxed()
    }

    pub(super) fn folders_gone(&self) -> Changes {
        let gone = self.gone.clone().into_iter();
        stream::iter(gone.map(|number| Ok(Change::Remove(ItemId::from(number.to_string()))))).boxed()
    }
}

/// Where folders are, by number; `None` where one is not.
type Paths = HashMap<i64, Option<String>>;

fn file_id(number: i64, name: &str) -> ItemId {
    ItemId::from(format!("{number}/{name}"))
}

impl Inner {
    pub(super) async fn change_list(&self, date: DateTime) -> Result<Streamed<ChangeEntry, ChangeSummary>> {
        let query = ChangeListQuery::since(date).with_change_type(self.options.change_type);
        self.client.sync().change_list(&query).await
    }

    /// What has changed since a date.
    pub(super) async fn told(&self, date: DateTime) -> Result<Told> {
        let mut list = self.change_list(date).await?;
        let (mut folders, mut around) = (HashMap::<_, Vec<_>>::new(), HashSet::new());
        let (mut memory, mut most) = (0, 0);
        let rows = stream::try_unfold(&mut list, |list| async { Ok(list.next().await?.map(|rows| (rows, list))) });
        let rows = rows.and_then(|rows| {
            let mut files = Vec::new();
            for row in rows {
                match row {
                    ChangeEntry::File(file) => {
                        if let Err(error) = check_found(&file.name, file.parent_folder_id) {
                            return future::ready(Err(error));
                        }
                        if around.len() <= MOST_FOLDERS {
                            around.insert(file.parent_folder_id);
                        }
                        files.push((file.parent_folder_id, file.name));
                    }
                    ChangeEntry::Folder(folder) => {
                        let path = folder.path.as_deref().map(trim).filter(|path| !path.is_empty());
                        memory += path.as_ref().map_or(0, String::len);
                        most += 1;
                        if most <= MOST_FOLDERS && memory <= self.options.folder_memory / 2 {
                            folders.entry(folder.item_id).or_default().extend(path);
                        }
                    }
                }
            }
            future::ready(Ok(files))
        });
        let files = Spool::of(rows).await?;
        let summary = list.summary().await?;
        let too_many = most.max(around.len()) > MOST_FOLDERS || memory > self.options.folder_memory / 2;
        let lost = summary.full_sync || summary.header_changed || too_many;
        Ok(Told { files, around, folders, end: summary.sync_end_date, lost })
    }

    /// What became of everything that a list names, told after the folders were read; `None` if folders have changed
    /// meanwhile that it depends on.
    pub(super) async fn settle(self: &Arc<Self>, scope: &Scope, told: &Told) -> Result<Option<Settled>> {
        let paths: Arc<Paths> = {
            let folders = self.folders();
            let numbers = told.folders.keys().chain(&told.around).chain(&scope.number);
            Arc::new(numbers.map(|number| (*number, folders.path(*number).map(str::to_owned))).collect())
        };
        let (there, gone) = self.settled_folders(scope, told, &paths).await?;
        // The folders that removals depend on.
        let mut ground: HashSet<i64> = gone.iter().copied().collect();
        let files = self.settled_files(scope, &told.files, &paths).map_ok(|(number, change)| {
            if matches!(change, Change::Remove(_)) {
                ground.insert(number);
            }
            vec![change]
        });
        let files = Spool::of(files).await?;
        let mut scope_there = Ok(());
        if !ground.is_empty() {
            ground.extend(scope.number);
            scope_there = self.scope_there(scope).await;
        }
        let later = self.told(told.end.clone()).await?;
        if !later.folders.is_empty() || later.lost {
            self.refresh_folders().await?;
        }
        if later.lost || self.is_shaken(&paths, told, &ground, &later) {
            return Ok(None);
        }
        scope_there?;
        self.forget(scope, &gone);
        let again = if ground.is_empty() { Again::default() } else { named_again(&later.files).await? };
        Ok(Some(Settled { files, there, gone, again: Arc::new(again) }))
    }

    /// Whether folders are elsewhere by now, or something has happened to one that a removal depends on, or above it. It may
    /// have gone and come back.
    fn is_shaken(&self, paths: &Paths, told: &Told, ground: &HashSet<i64>, later: &Told) -> bool {
        let folders = self.folders();
        let named = later.folders.iter();
        let named = named.flat_map(|(number, told)| told.iter().map(String::as_str).chain(folders.path(*number)));
        let named: HashSet<String> = named.map(fold).collect();
        let is_below = |path: &String| {
            let path = fold(path);
            std::iter::successors(Some(path.as_str()), |path| split(path).map(|(above, _)| above))
                .any(|above| named.contains(above))
        };
        let known =
            |number| paths.get(number).into_iter().flatten().chain(told.folders.get(number).into_iter().flatten());
        paths.iter().any(|(number, path)| folders.path(*number) != path.as_deref())
            || ground.iter().any(|number| later.folders.contains_key(number) || known(number).any(is_below))
    }

    /// Forgets folders that are gone.
    fn forget(&self, scope: &Scope, gone: &[i64]) {
        let mut folders = self.folders();
        for number in gone {
            let path = folders.path(*number).map(str::to_owned);
            if let Some(path) = path.filter(|path| is_within(path, &scope.path) && !is_within(&scope.path, path)) {
                folders.forget(&path);
            }
        }
    }

    /// What became of each file.
    fn settled_files(
        self: &Arc<Self>,
        scope: &Scope,
        files: &Spool,
        paths: &Arc<Paths>,
    ) -> BoxStream<'static, Result<(i64, Change)>> {
        let (store, scope, paths) = (self.clone(), scope.path.clone(), paths.clone());
        files
            .rows()
            .map_ok(move |(number, name): (i64, String)| {
                let (store, scope) = (store.clone(), scope.clone());
                let folder = paths.get(&number).cloned().flatten();
                async move { Ok((number, store.settled_file(&scope, number, folder, &name).await?)) }
            })
            .try_buffered(AT_ONCE)
            .boxed()
    }

    /// Asks for a file: one that is there is told as it is, one that is not is gone. It is what the list names: the number
    /// of the folder and the name.
    async fn settled_file(
        self: &Arc<Self>,
        scope: &str,
        number: i64,
        folder: Option<String>,
        name: &str,
    ) -> Result<Change> {
        let id = file_id(number, name);
        // With a folder that is gone, so is what it held.
        let Some(folder) = folder.filter(|folder| is_within(folder, scope)) else { return Ok(Change::Remove(id)) };
        Ok(match self.file_at(&join(&folder, name)).await? {
            Some(found) => {
                let mut item = found.item;
                (item.id, item.parent) = (id, Some(ItemId::from(number.to_string())));
                Change::Upsert(item)
            }
            None => Change::Remove(id),
        })
    }

    /// The folders that are there, from the top down and with their numbers, and those that are not.
    async fn settled_folders(
        self: &Arc<Self>,
        scope: &Scope,
        told: &Told,
        paths: &Paths,
    ) -> Result<(Vec<(i64, Item)>, Vec<i64>)> {
        let asked = stream::iter(told.folders.keys().copied()).map(|number| async move {
            let path = paths.get(&number).cloned().flatten();
            let Some(path) = path.filter(|path| is_within(path, &scope.path)) else { return Ok((number, None)) };
            let found = self.at(&path).await?.filter(|found| found.item.kind == ItemKind::Folder);
            let item = found.map(|found| {
                let mut item = found.item;
                item.id = ItemId::from(number.to_string());
                item
            });
            Ok::<_, Error>((number, item))
        });
        let mut asked = asked.buffer_unordered(AT_ONCE);
        let (mut there, mut gone) = (Vec::new(), Vec::new());
        while let Some((number, item)) = asked.try_next().await? {
            match item {
                // Of the folder that is followed, nothing is told but what is in it.
                Some(_) if scope.number == Some(number) => {}
                Some(item) => there.push((number, item)),
                None => gone.push(number),
            }
        }
        there.sort_by_key(|(_, item)| item.path.as_ref().map_or(0, |path| path.segments().count()));
        Ok((there, gone))
    }
}

/// The files that a later list names.
async fn named_again(files: &Spool) -> Result<Again> {
    let mut again = Again::default();
    let mut rows = files.rows();
    while let Some((number, name)) = rows.try_next().await? {
        let (number, name): (i64, String) = (number, name);
        let file = file_id(number, &name);
        again.files.insert(again.hasher.hash_one(file.as_str()));
        if again.files.len() > MOST_AGAIN {
            let message = format!("more than {MOST_AGAIN} files have changed while the changes before were asked for");
            return Err(Error::new(ErrorKind::Unavailable, message));
        }
    }
    Ok(again)
}
