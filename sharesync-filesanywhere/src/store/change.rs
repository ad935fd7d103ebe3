//! Changes by ChangeList. Its entries say that something has changed and not what: each is settled by asking for the item.

use std::collections::HashSet;
use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _, future, stream};
use sharesync_core::{
    Attempted, BoxStream, Change, ChangeOptions, ChangePage, Cursor, Error, ErrorKind, Item, ItemId, ItemKind, ItemRef,
    Operation, Result, Since,
};

use super::Inner;
use super::find::file_id;
use super::names::{is_within, join};
use super::spool::Spool;
use crate::model::{ChangeEntry, ChangeSummary};
use crate::soap::Streamed;
use crate::{ChangeListQuery, DateTime, PROVIDER};

/// Items that are asked for at once.
const AT_ONCE: usize = 8;

/// Changes in a page unless the application says otherwise.
const PAGE: usize = 500;

/// Changed folders beyond which everything is told anew: they are held in memory.
const MOST_FOLDERS: usize = 50_000;

/// What is followed: a folder, by its path, and the name that cursors are bound to.
#[derive(Debug, Clone)]
struct Scope {
    path: String,
    name: String,
    page: usize,
}

type Pages = BoxStream<'static, Result<ChangePage>>;
type Changes = BoxStream<'static, Result<Change>>;

pub(super) fn changes(store: Arc<Inner>, since: Since, options: ChangeOptions) -> Pages {
    let pages = stream::once(async move { begin(store, since, options).await }).try_flatten();
    pages.map(|page| page.attempted(PROVIDER, Operation::Changes.name())).boxed()
}

async fn begin(store: Arc<Inner>, since: Since, options: ChangeOptions) -> Result<Pages> {
    let mut scope = Scope {
        path: store.root.clone(),
        name: store.info.account.clone(),
        page: options.page_size.map_or(PAGE, |size| size as usize).max(1),
    };
    if let Some(folder) = options.scope.filter(|folder| *folder != ItemRef::Root) {
        let found = store.find(&folder).await?;
        scope = Scope { name: format!("{}#{}", scope.name, found.item.id), path: found.path, ..scope };
    }
    match since {
        Since::Now => {
            let end = store.change_end().await?;
            Ok(stream::once(async move { Ok(last(&scope, &end, Vec::new())) }).boxed())
        }
        Since::Beginning => {
            let end = store.change_end().await?;
            Ok(store.everything(&scope).chain(stream::once(async move { Ok(last(&scope, &end, Vec::new())) })).boxed())
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
    folders: HashSet<i64>,
    summary: ChangeSummary,
}

async fn read(mut list: Streamed<ChangeEntry, ChangeSummary>) -> Result<Told> {
    let mut folders = HashSet::new();
    let rows = stream::try_unfold((&mut list, &mut folders), |(list, folders)| async move {
        let Some(rows) = list.next().await? else { return Ok(None) };
        let mut files = Vec::new();
        for row in rows {
            match row {
                ChangeEntry::File(file) => files.push((file.parent_folder_id, file.name)),
                ChangeEntry::Folder(folder) if folders.len() <= MOST_FOLDERS => drop(folders.insert(folder.item_id)),
                ChangeEntry::Folder(_) => {}
            }
        }
        Ok(Some((files, (list, folders))))
    });
    let files = Spool::of(rows).await?;
    let summary = list.summary().await?;
    Ok(Told { files, folders, summary })
}

/// What happened after a date. Nothing is told before all of it is settled: names become free first, then comes what exists
/// from the top down, then the folders that are gone.
async fn since_date(store: Arc<Inner>, scope: Scope, date: DateTime) -> Result<Pages> {
    let Told { files, folders, summary } = read(store.change_list(date.clone()).await?).await?;
    let reset = summary.full_sync || summary.header_changed || folders.len() > MOST_FOLDERS;
    let end = summary.sync_end_date;
    if files.is_empty() && folders.is_empty() && !reset {
        return Ok(stream::iter([Ok(last(&scope, &end, Vec::new()))]).boxed());
    }
    store.refresh_folders().await?;
    if reset {
        let all = store.everything(&scope);
        let begin = stream::iter([Ok(ChangePage::new(vec![Change::ResetBegin]))]);
        let done = stream::once(async move { Ok(last(&scope, &end, vec![Change::ResetEnd])) });
        return Ok(begin.chain(all).chain(done).boxed());
    }
    let files = Spool::of(store.settled_files(&scope, files)).await?;
    let (there, gone) = store.settled_folders(&scope, folders).await?;
    let new = store.unknown_at(&there, &date);
    let around = scope.clone();
    let below = new.into_iter().map(move |path| store.everything(&Scope { path, ..around.clone() }));
    let below =
        stream::iter(below).flatten().map_ok(|page| stream::iter(page.changes.into_iter().map(Ok))).try_flatten();
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

    /// What became of each file.
    fn settled_files(self: &Arc<Self>, scope: &Scope, files: Spool) -> BoxStream<'static, Result<Vec<Change>>> {
        let (store, path) = (self.clone(), scope.path.clone());
        files
            .rows()
            .map_ok(move |(folder, name): (i64, String)| {
                let (store, path) = (store.clone(), path.clone());
                async move { store.settled_file(&path, folder, &name).await.map(|change| vec![change]) }
            })
            .try_buffered(AT_ONCE)
            .boxed()
    }

    /// Asks for a file: one that is there is told as it is, one that is not is gone.
    async fn settled_file(self: &Arc<Self>, scope: &str, number: i64, name: &str) -> Result<Change> {
        let folder = self.folders().path(number).map(str::to_owned);
        let Some(folder) = folder else {
            // The folder is gone, and with it the file.
            return Ok(Change::Remove(ItemId::from(format!("{number}/{name}"))));
        };
        let found = self.file_at(&join(&folder, name)).await?.filter(|found| is_within(&found.path, scope));
        Ok(match found {
            Some(found) => Change::Upsert(found.item),
            None => Change::Remove(file_id(&ItemId::from(number.to_string()), &folder, name)),
        })
    }

    /// The folders that are there, from the top down and with their numbers, and those that are not.
    async fn settled_folders(
        self: &Arc<Self>,
        scope: &Scope,
        folders: HashSet<i64>,
    ) -> Result<(Vec<(i64, Item)>, Vec<ItemId>)> {
        let asked = stream::iter(folders).map(|number| async move {
            let path = self.folders().path(number).map(str::to_owned);
            let Some(path) = path.filter(|path| is_within(path, &scope.path)) else { return Ok((number, None)) };
            let found = self.at(&path).await?.filter(|found| found.item.kind == ItemKind::Folder);
            if found.is_none() {
                self.folders().forget(&path);
            }
            Ok::<_, Error>((number, found.map(|found| found.item)))
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

    /// Everything in a folder, from the top down, as upserts; the folder itself where it is all that is followed.
    fn everything(self: &Arc<Self>, scope: &Scope) -> Pages {
        let store = self.clone();
        let begin = (vec![scope.path.clone()], None);
        let size = self.options.page_size;
        stream::try_unfold(begin, move |(mut ahead, mut open)| {
            let store = store.clone();
            async move {
                loop {
                    let mut pages = match open.take() {
                        Some(pages) => pages,
                        None => match ahead.pop() {
                            Some(folder) => store.list(folder, size),
                            None => return Ok(None),
                        },
                    };
                    // A folder that has gone since it was listed is told by the next list of changes.
                    let page = match pages.try_next().await {
                        Err(error) if error.kind() == ErrorKind::NotFound => continue,
                        page => page?,
                    };
                    let Some(page) = page else { continue };
                    let folders = page.items.iter().filter(|item| item.is_folder());
                    for folder in folders {
                        let path = store.place(&ItemRef::from(folder)).await?.path;
                        ahead.push(path);
                    }
                    let page = ChangePage::new(page.items.into_iter().map(Change::Upsert).collect());
                    return Ok(Some((page, (ahead, Some(pages)))));
                }
            }
        })
        .boxed()
    }
}
