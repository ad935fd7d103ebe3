//! Changes by ChangeList. Its entries say that something has changed and not what: each is settled by asking for the item.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::{StreamExt as _, TryStreamExt as _, future, stream};
use sharesync_core::{
    Attempted, BoxStream, Change, ChangeOptions, ChangePage, Cursor, Error, ErrorKind, Item, ItemId, ItemKind, ItemRef,
    Operation, Page, Result, Since, TreeGuard,
};

use super::names::{check_found, is_within, join};
use super::spool::Spool;
use super::{Inner, refuse};
use crate::model::{ChangeEntry, ChangeSummary};
use crate::soap::Streamed;
use crate::{ChangeListQuery, DateTime, PROVIDER};

/// Items that are asked for at once.
const AT_ONCE: usize = 8;

/// Changes in a page unless the application says otherwise.
const PAGE: usize = 500;

/// Changed folders beyond which everything is told anew: they are held in memory.
const MOST_FOLDERS: usize = 50_000;

/// How often what has changed is settled again, because the folders it is in change meanwhile.
const MOST_ROUNDS: usize = 4;

/// What is followed: a folder, by its path, and the name that cursors are bound to.
#[derive(Debug, Clone)]
struct Scope {
    path: String,
    /// The number of the folder; `None` for the root.
    number: Option<i64>,
    name: String,
    page: usize,
}

type Pages = BoxStream<'static, Result<ChangePage>>;
type Changes = BoxStream<'static, Result<Change>>;

pub(super) fn changes(store: Arc<Inner>, since: Since, options: ChangeOptions) -> Pages {
    let pages = stream::once(async move { begin(store, since, options).await }).try_flatten();
    let checked = pages.map(|page| page.and_then(ChangePage::checked));
    checked.map(|page| page.attempted(PROVIDER, Operation::Changes.name())).boxed()
}

async fn begin(store: Arc<Inner>, since: Since, options: ChangeOptions) -> Result<Pages> {
    let mut scope = Scope {
        path: store.root.clone(),
        number: None,
        name: store.info.account.clone(),
        page: options.page_size.map_or(PAGE, |size| size as usize).max(1),
    };
    if let Some(folder) = options.scope.filter(|folder| *folder != ItemRef::Root) {
        // Another folder may have taken the path of the one that is known there.
        store.refresh_folders().await?;
        let found = store.find(&folder).await?;
        if found.item.is_file() {
            return Err(refuse(ErrorKind::InvalidInput, folder, "changes are read below a folder"));
        }
        let number = found.item.id.as_str().parse().ok();
        scope = Scope { name: format!("{}#{}", scope.name, found.item.id), path: found.path, number, ..scope };
    }
    match since {
        Since::Now => {
            let end = store.change_end().await?;
            Ok(stream::once(async move { Ok(last(&scope, &end, Vec::new())) }).boxed())
        }
        Since::Beginning => {
            let end = store.change_end().await?;
            let all = store.everything(&mut scope).await?;
            Ok(all.chain(stream::once(async move { Ok(last(&scope, &end, Vec::new())) })).boxed())
        }
        Since::Cursor(cursor) => {
            let token = cursor.token_for(PROVIDER, &scope.name)?;
            let date = DateTime::parse(token).ok_or_else(|| invalid("the cursor holds no date"))?;
            since_date(store, scope, date).await
        }
        _ => Err(invalid("this way to begin is not known here")),
    }
}

fn invalid(why: &'static str) -> Error {
    Error::new(ErrorKind::CursorInvalid, why)
}

/// The last page: after it a consumer can go on.
fn last(scope: &Scope, end: &DateTime, changes: Vec<Change>) -> ChangePage {
    ChangePage::new(changes).with_checkpoint(Cursor::new(PROVIDER, &scope.name, end.as_str()))
}

/// Changes in pages, with the checkpoint on the last one.
fn paged(changes: Changes, scope: Scope, end: DateTime) -> Pages {
    stream::try_unfold(Some((changes, scope, end)), |state| async move {
        let Some((mut changes, scope, end)) = state else { return Ok(None) };
        let mut page = Vec::new();
        while page.len() < scope.page {
            match changes.try_next().await? {
                Some(change) => page.push(change),
                None => return Ok(Some((last(&scope, &end, page), None))),
            }
        }
        Ok(Some((ChangePage::new(page), Some((changes, scope, end)))))
    })
    .boxed()
}

/// The entries of a list of changes: files wait in a spool, because what the list amounts to stands at its end.
#[derive(Debug)]
struct Told {
    /// The number of the folder, and the name.
    files: Spool,
    /// The folders that files are in.
    around: HashSet<i64>,
    folders: HashSet<i64>,
    summary: ChangeSummary,
}

async fn read(mut list: Streamed<ChangeEntry, ChangeSummary>) -> Result<Told> {
    let (mut folders, mut around) = (HashSet::new(), HashSet::new());
    let note = |numbers: &mut HashSet<i64>, number| {
        if numbers.len() <= MOST_FOLDERS {
            numbers.insert(number);
        }
    };
    let rows = stream::try_unfold((&mut list, &mut folders, &mut around), |(list, folders, around)| async move {
        let Some(rows) = list.next().await? else { return Ok(None) };
        let mut files = Vec::new();
        for row in rows {
            match row {
                ChangeEntry::File(file) => {
                    check_found(&file.name, file.parent_folder_id)?;
                    note(around, file.parent_folder_id);
                    files.push((file.parent_folder_id, file.name));
                }
                ChangeEntry::Folder(folder) => note(folders, folder.item_id),
            }
        }
        Ok(Some((files, (list, folders, around))))
    });
    let files = Spool::of(rows).await?;
    let summary = list.summary().await?;
    Ok(Told { files, around, folders, summary })
}

/// What happened after a date. Nothing is told before all of it is settled: names become free first, then comes what exists
/// from the top down, then the folders that are gone.
async fn since_date(store: Arc<Inner>, mut scope: Scope, date: DateTime) -> Result<Pages> {
    let told = read(store.change_list(date.clone()).await?).await?;
    let end = told.summary.sync_end_date.clone();
    let lost = told.summary.full_sync
        || told.summary.header_changed
        || told.folders.len().max(told.around.len()) > MOST_FOLDERS;
    if told.files.is_empty() && told.folders.is_empty() && !lost {
        return Ok(stream::iter([Ok(last(&scope, &end, Vec::new()))]).boxed());
    }
    store.refresh_folders().await?;
    // Without the numbers of folders nothing tells where a change is.
    if lost || store.folders().are_absent() {
        let all = store.everything(&mut scope).await?;
        let begin = stream::iter([Ok(ChangePage::new(vec![Change::ResetBegin]))]);
        let done = stream::once(async move {
            store.scope_there(&scope).await?;
            Ok(last(&scope, &end, vec![Change::ResetEnd]))
        });
        return Ok(begin.chain(all).chain(done).boxed());
    }
    let Settled { files, there, gone, removes } = store.settled(&scope, told).await?;
    if removes {
        store.scope_there(&scope).await?;
    }
    let new = store.unknown_at(&there, &date);
    let below = stream::iter(new).map(move |path| Walk::new(store.clone(), path, false).pages()).flatten();
    let below = below.map_ok(|page| stream::iter(page.changes.into_iter().map(Ok))).try_flatten();
    let of_files = |removed| {
        let changes = files.rows::<Change>();
        changes.try_filter(move |change| future::ready(matches!(change, Change::Remove(_)) == removed))
    };
    let changes = of_files(true)
        .chain(stream::iter(there.into_iter().map(|(_, item)| Ok(Change::Upsert(item)))))
        .chain(below)
        .chain(of_files(false))
        .chain(stream::iter(gone.into_iter().map(|id| Ok(Change::Remove(id)))));
    Ok(paged(changes.boxed(), scope, end))
}

/// What became of what a list of changes names.
struct Settled {
    files: Spool,
    there: Vec<(i64, Item)>,
    gone: Vec<ItemId>,
    /// Whether anything is gone.
    removes: bool,
}

/// Where folders are, by number; `None` where one is not.
type Paths = HashMap<i64, Option<String>>;

impl Inner {
    pub(super) async fn change_list(&self, date: DateTime) -> Result<Streamed<ChangeEntry, ChangeSummary>> {
        let query = ChangeListQuery::since(date).with_change_type(self.options.change_type);
        self.client.sync().change_list(&query).await
    }

    /// Where changes end now. Entries of the list are read and dropped.
    pub(super) async fn change_end(&self) -> Result<DateTime> {
        let list = self.change_list(DateTime::from(self.client.clock().now())).await?;
        list.summary().await.map(|summary| summary.sync_end_date)
    }

    /// What became of everything that a list names.
    ///
    /// The list names folders by number, and what is there can only be asked for by path, where another folder may have
    /// come meanwhile. So where the folders are is looked at before and after: what was asked is valid if they did not
    /// move. Whatever happens later is in the next list.
    async fn settled(self: &Arc<Self>, scope: &Scope, told: Told) -> Result<Settled> {
        for _ in 0..MOST_ROUNDS {
            let numbers = told.folders.iter().chain(&told.around).chain(&scope.number);
            let paths: Arc<Paths> = {
                let folders = self.folders();
                Arc::new(numbers.map(|number| (*number, folders.path(*number).map(str::to_owned))).collect())
            };
            let settled = self.settle(scope, &told, &paths).await?;
            self.refresh_folders().await?;
            let mut folders = self.folders();
            if paths.iter().all(|(number, path)| folders.path(*number) == path.as_deref()) {
                for number in
                    told.folders.iter().filter(|number| settled.there.iter().all(|(there, _)| there != *number))
                {
                    let path = paths.get(number).cloned().flatten();
                    path.into_iter()
                        .filter(|path| !is_within(&scope.path, path))
                        .for_each(|path| folders.forget(&path));
                }
                return Ok(settled);
            }
        }
        let message = "the folders that have changed go on changing faster than they can be asked for";
        Err(refuse(ErrorKind::Unavailable, &scope.path, message))
    }

    async fn settle(self: &Arc<Self>, scope: &Scope, told: &Told, paths: &Arc<Paths>) -> Result<Settled> {
        let (there, gone) = self.settled_folders(scope, &told.folders, paths).await?;
        let removed = Arc::new(AtomicBool::new(!gone.is_empty()));
        let noted = self.settled_files(scope, &told.files, paths).inspect_ok({
            let removed = removed.clone();
            move |changes| {
                if changes.iter().any(|change| matches!(change, Change::Remove(_))) {
                    removed.store(true, Ordering::Relaxed);
                }
            }
        });
        let files = Spool::of(noted).await?;
        Ok(Settled { files, there, gone, removes: removed.load(Ordering::Relaxed) })
    }

    /// What became of each file.
    fn settled_files(
        self: &Arc<Self>,
        scope: &Scope,
        files: &Spool,
        paths: &Arc<Paths>,
    ) -> BoxStream<'static, Result<Vec<Change>>> {
        let (store, scope, paths) = (self.clone(), scope.path.clone(), paths.clone());
        files
            .rows()
            .map_ok(move |(number, name): (i64, String)| {
                let (store, scope) = (store.clone(), scope.clone());
                let folder = paths.get(&number).cloned().flatten();
                async move { store.settled_file(&scope, number, folder, &name).await.map(|change| vec![change]) }
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
        let parent = ItemId::from(number.to_string());
        let id = ItemId::from(format!("{number}/{name}"));
        // With a folder that is gone, so is what it held.
        let Some(folder) = folder.filter(|folder| is_within(folder, scope)) else { return Ok(Change::Remove(id)) };
        Ok(match self.file_at(&join(&folder, name)).await? {
            Some(found) => {
                let mut item = found.item;
                (item.id, item.parent) = (id, Some(parent));
                Change::Upsert(item)
            }
            None => Change::Remove(id),
        })
    }

    /// The folders that are there, from the top down and with their numbers, and those that are not.
    async fn settled_folders(
        self: &Arc<Self>,
        scope: &Scope,
        folders: &HashSet<i64>,
        paths: &Paths,
    ) -> Result<(Vec<(i64, Item)>, Vec<ItemId>)> {
        let asked = stream::iter(folders.iter().copied()).map(|number| async move {
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
                Some(item) => there.push((number, item)),
                None => gone.push(ItemId::from(number.to_string())),
            }
        }
        there.sort_by_key(|(_, item)| item.path.as_ref().map_or(0, |path| path.segments().count()));
        Ok((there, gone))
    }

    /// The paths of folders that were not there at a date, as far as is known: they are told with all they hold, because
    /// whether the service lists what came along with a folder is not documented.
    fn unknown_at(&self, folders: &[(i64, Item)], date: &DateTime) -> Vec<String> {
        let known = self.folders();
        let new = folders.iter().filter(|(number, _)| !known.was_there(*number, date));
        new.filter_map(|(number, _)| known.path(*number).map(str::to_owned)).collect()
    }

    /// Makes sure that the folder that is followed is there, and where it was.
    async fn scope_there(self: &Arc<Self>, scope: &Scope) -> Result<()> {
        let gone = || refuse(ErrorKind::NotFound, &scope.path, "the folder whose changes are read is gone");
        let is_there = self.at(&scope.path).await?.is_some_and(|found| found.kind == crate::model::ItemKind::Folder);
        let known = scope.number.map(|number| self.folders().path(number).map(str::to_owned));
        match known {
            _ if !is_there => Err(gone()),
            Some(None) => Err(gone()),
            Some(Some(path)) if path != scope.path => {
                let message = "the folder whose changes are read was moved meanwhile";
                Err(refuse(ErrorKind::Unavailable, &scope.path, message))
            }
            _ => Ok(()),
        }
    }

    /// Everything in the folder that is followed, from the top down, as upserts. Where the folders are is read first: what
    /// is known of them may be older than the list of changes that follows.
    async fn everything(self: &Arc<Self>, scope: &mut Scope) -> Result<Pages> {
        self.reread_folders().await?;
        if let Some(number) = scope.number {
            let gone = || refuse(ErrorKind::NotFound, number, "the folder whose changes are read is gone");
            scope.path = self.folders().path(number).ok_or_else(gone)?.to_owned();
        }
        Ok(Walk::new(self.clone(), scope.path.clone(), true).pages())
    }
}

/// A folder that is being listed, and how deep it lies.
type Open = (String, usize, BoxStream<'static, Result<Page<Item>>>);

/// What a folder holds, page by page, with all that is below.
struct Walk {
    store: Arc<Inner>,
    /// Whether it begins at the folder that is followed, which must be there.
    whole: bool,
    /// Folders found and not yet listed, and how deep they lie: the last one found comes first, which keeps this short.
    ahead: Vec<(String, usize)>,
    open: Option<Open>,
    guard: TreeGuard,
}

impl Walk {
    fn new(store: Arc<Inner>, from: String, whole: bool) -> Self {
        Self { store, whole, ahead: vec![(from, 0)], open: None, guard: TreeGuard::new() }
    }

    fn pages(self) -> Pages {
        stream::try_unfold(self, |mut walk| async move { Ok(walk.next().await?.map(|page| (page, walk))) }).boxed()
    }

    async fn next(&mut self) -> Result<Option<ChangePage>> {
        loop {
            let (folder, depth, mut pages) = match (self.open.take(), self.ahead.pop()) {
                (Some(open), ahead) => {
                    self.ahead.extend(ahead);
                    open
                }
                (None, Some((folder, depth))) => {
                    let pages = self.store.list(folder.clone(), self.store.options.page_size);
                    (folder, depth, pages)
                }
                (None, None) => return Ok(None),
            };
            let page = match pages.try_next().await {
                // A folder that has gone since it was listed, or that a file has taken the place of, is told by the next
                // list of changes.
                Err(error)
                    if (depth > 0 || !self.whole)
                        && matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Conflict) =>
                {
                    continue;
                }
                page => page?,
            };
            let Some(page) = page else { continue };
            for found in page.items.iter().filter(|item| item.is_folder()) {
                if self.guard.enter(found.id.as_str(), depth + 1)? {
                    self.ahead.push((join(&folder, &found.name), depth + 1));
                }
            }
            self.open = Some((folder, depth, pages));
            return Ok(Some(ChangePage::new(page.items.into_iter().map(Change::Upsert).collect())));
        }
    }
}
