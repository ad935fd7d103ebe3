//! Changes by ChangeList. Its entries say that something has changed and not what: each is settled by asking for the item.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use sharesync_core::{
    Attempted, BoxStream, Change, ChangeOptions, ChangePage, Cursor, Error, ErrorKind, Item, ItemId, ItemRef,
    Operation, Page, Result, Since, TreeGuard,
};

use super::names::join;
use super::settle::Settled;
use super::{Inner, refuse};
use crate::{DateTime, PROVIDER};

/// Changes in a page unless the application says otherwise.
const PAGE: usize = 500;

/// How often the changes are read again, because folders that they are about change meanwhile.
const MOST_ROUNDS: usize = 16;

/// What is followed: a folder, by its path, and the name that cursors are bound to.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    pub(super) path: String,
    /// The number of the folder; `None` for the root.
    pub(super) number: Option<i64>,
    name: String,
    page: usize,
}

type Pages = BoxStream<'static, Result<ChangePage>>;
pub(super) type Changes = BoxStream<'static, Result<Change>>;

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
            enumeration(store, scope, end, false).await
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

/// What happened after a date. Nothing is told before all of it is settled: names become free first, then comes what exists
/// from the top down, then the folders that are gone.
async fn since_date(store: Arc<Inner>, mut scope: Scope, date: DateTime) -> Result<Pages> {
    match store.reading(&mut scope, &date).await? {
        Reading::Nothing(end) => Ok(stream::iter([Ok(last(&scope, &end, Vec::new()))]).boxed()),
        Reading::Lost(end) => enumeration(store, scope, end, true).await,
        Reading::Settled(settled, end) => {
            let (files, folders) = (settled.files_gone(), settled.folders_gone());
            let changes = files.chain(upserts(store, settled, &date)).chain(folders);
            Ok(paged(changes.boxed(), scope, end))
        }
    }
}

/// What there is of what a list of changes names, from the top down.
fn upserts(store: Arc<Inner>, settled: Settled, date: &DateTime) -> Changes {
    let new = store.unknown_at(&settled.there, date);
    let below = stream::iter(new).map(move |path| Walk::new(store.clone(), path, false).pages()).flatten();
    let below = below.map_ok(|page| stream::iter(page.changes.into_iter().map(Ok))).try_flatten();
    let files = settled.files_there();
    let there = settled.there.into_iter().map(|(_, item)| Ok(Change::Upsert(item)));
    stream::iter(there).chain(below).chain(files).boxed()
}

/// All that exists, and as a reset what is not told is gone. Folders are listed one after the other, so that what moves
/// meanwhile may be in none of them: what has changed since the beginning is told before the end. The checkpoint is that
/// of the beginning all the same, for what has gone.
async fn enumeration(store: Arc<Inner>, mut scope: Scope, end: DateTime, reset: bool) -> Result<Pages> {
    let all = store.everything(&mut scope).await?;
    let begin = reset.then(|| Ok(ChangePage::new(vec![Change::ResetBegin])));
    let rest = stream::once(async move {
        let moved = match store.reading(&mut scope, &end).await? {
            Reading::Settled(settled, _) => upserts(store.clone(), settled, &end),
            Reading::Nothing(_) | Reading::Lost(_) => stream::empty().boxed(),
        };
        if reset {
            store.scope_there(&scope).await?;
        }
        let changes = moved.chain(stream::iter(reset.then_some(Ok(Change::ResetEnd))));
        Ok::<_, Error>(paged(changes.boxed(), scope, end))
    });
    Ok(stream::iter(begin).chain(all).chain(rest.try_flatten()).boxed())
}

/// What a list of changes amounts to, and up to where it goes.
enum Reading {
    Nothing(DateTime),
    Settled(Settled, DateTime),
    /// The list does not tell all.
    Lost(DateTime),
}

impl Inner {
    /// Where changes end now. Entries of the list are read and dropped.
    pub(super) async fn change_end(&self) -> Result<DateTime> {
        let list = self.change_list(DateTime::from(self.client.clock().now())).await?;
        list.summary().await.map(|summary| summary.sync_end_date)
    }

    /// What happened after a date. It is read again while folders change that removals depend on.
    async fn reading(self: &Arc<Self>, scope: &mut Scope, date: &DateTime) -> Result<Reading> {
        for _ in 0..MOST_ROUNDS {
            let told = self.told(date.clone()).await?;
            let end = told.end.clone();
            if told.is_empty() {
                return Ok(Reading::Nothing(end));
            }
            self.refresh_folders().await?;
            // Without the numbers of folders nothing tells where a change is.
            if told.lost || self.folders().are_absent() {
                return Ok(Reading::Lost(end));
            }
            self.locate(scope)?;
            if let Some(settled) = self.settle(scope, &told).await? {
                return Ok(Reading::Settled(settled, end));
            }
        }
        let message = "folders change faster than they can be asked for";
        Err(refuse(ErrorKind::Unavailable, &scope.path, message))
    }

    /// The paths of folders that were not there at a date, as far as is known: they are told with all they hold, because
    /// whether the service lists what came along with a folder is not documented.
    fn unknown_at(&self, folders: &[(i64, Item)], date: &DateTime) -> Vec<String> {
        let known = self.folders();
        let new = folders.iter().filter(|(number, _)| !known.was_there(*number, date));
        new.filter_map(|(number, _)| known.path(*number).map(str::to_owned)).collect()
    }

    /// Where the folder that is followed is by now.
    fn locate(&self, scope: &mut Scope) -> Result<()> {
        if let Some(number) = scope.number {
            scope.path = self.folders().path(number).ok_or_else(|| gone(number))?.to_owned();
        }
        Ok(())
    }

    /// Makes sure that the folder that is followed is there.
    pub(super) async fn scope_there(self: &Arc<Self>, scope: &Scope) -> Result<()> {
        match self.at(&scope.path).await? {
            Some(found) if found.kind == crate::model::ItemKind::Folder => Ok(()),
            _ => Err(gone(&scope.path)),
        }
    }

    /// Everything in the folder that is followed, from the top down, as upserts. Where the folders are is read first: what
    /// is known of them may be older than the list of changes that follows.
    async fn everything(self: &Arc<Self>, scope: &mut Scope) -> Result<Pages> {
        self.reread_folders().await?;
        self.locate(scope)?;
        Ok(Walk::new(self.clone(), scope.path.clone(), true).pages())
    }

    /// Leaves out items of folders that have no number because they were moved after they were listed: by a path, no list of
    /// changes could tell that they are gone, and the next one names where they are. A folder that is still there has no number
    /// at the service.
    async fn numbered(self: &Arc<Self>, folder: &str, items: Vec<Item>) -> Result<Vec<Item>> {
        let is_path = |id: &ItemId| id.as_str().starts_with('\\');
        let lacking = |item: &Item| match &item.parent {
            Some(parent) if is_path(parent) => Some(folder.to_owned()),
            _ => is_path(&item.id).then(|| join(folder, &item.name)),
        };
        if self.folders().are_absent() || items.iter().all(|item| lacking(item).is_none()) {
            return Ok(items);
        }
        let (mut stays, mut kept) = (HashMap::new(), Vec::with_capacity(items.len()));
        for item in items {
            let is_kept = match lacking(&item) {
                None => true,
                Some(path) => match stays.get(&path) {
                    Some(known) => *known,
                    None => {
                        let is_there = self.is_unnumbered(&path).await?;
                        stays.insert(path, is_there);
                        is_there
                    }
                },
            };
            kept.extend(is_kept.then_some(item));
        }
        Ok(kept)
    }
}

fn gone(folder: impl Display) -> Error {
    refuse(ErrorKind::NotFound, folder, "the folder whose changes are read is gone")
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
            let items = self.store.numbered(&folder, page.items).await?;
            for found in items.iter().filter(|item| item.is_folder()) {
                if self.guard.enter(found.id.as_str(), depth + 1)? {
                    self.ahead.push((join(&folder, &found.name), depth + 1));
                }
            }
            self.open = Some((folder, depth, pages));
            return Ok(Some(ChangePage::new(items.into_iter().map(Change::Upsert).collect())));
        }
    }
}
