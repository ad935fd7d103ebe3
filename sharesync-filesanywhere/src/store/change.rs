//! Changes by ChangeList. Its entries say that something has changed and not what: each is settled by asking for the item.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use sharesync_core::{
    BoxStream, Change, ChangeOptions, ChangePage, Cursor, Error, ErrorKind, Item, ItemId, ItemRef, Result, Since,
    Timestamp,
};

use super::Inner;
use super::find::file_id;
use super::names::{is_within, join};
use crate::model::{ChangeEntry, ChangeFileItem, ChangeSummary};
use crate::soap::Streamed;
use crate::{ChangeListQuery, DateTime, PROVIDER};

/// Files that are asked for at once.
const AT_ONCE: usize = 8;

/// Changes in a page unless the application says otherwise.
const PAGE: usize = 500;

/// What is followed: a folder, by its path, and the name that cursors are bound to.
#[derive(Debug, Clone)]
struct Scope {
    path: String,
    name: String,
    page: usize,
}

type Pages = BoxStream<'static, Result<ChangePage>>;

pub(super) fn changes(store: Arc<Inner>, since: Since, options: ChangeOptions) -> Pages {
    stream::once(async move { begin(store, since, options).await }).try_flatten().boxed()
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
            let token = cursor.token_for(PROVIDER, &scope.name).map_err(|error| error.with_provider(PROVIDER))?;
            let date = DateTime::parse(token).ok_or_else(|| invalid("the cursor holds no date"))?;
            since_date(store, scope, date).await
        }
        _ => Err(invalid("this way to begin is not known here")),
    }
}

fn invalid(why: &'static str) -> Error {
    Error::new(ErrorKind::CursorInvalid, why).with_provider(PROVIDER)
}

/// The last page: after it a consumer can go on.
fn last(scope: &Scope, end: &DateTime, changes: Vec<Change>) -> ChangePage {
    ChangePage::new(changes).with_checkpoint(Cursor::new(PROVIDER, &scope.name, end.as_str()))
}

/// What happened after a date.
async fn since_date(store: Arc<Inner>, scope: Scope, date: DateTime) -> Result<Pages> {
    let before = store.folders.lock().await.all();
    let mut list = store.change_list(date).await?;
    let (mut files, mut folders) = (Vec::new(), HashSet::new());
    while let Some(rows) = list.next().await? {
        for row in rows {
            match row {
                ChangeEntry::File(file) => files.push(file),
                ChangeEntry::Folder(folder) => drop(folders.insert(folder.item_id)),
            }
        }
    }
    let summary = list.summary().await?;
    let end = summary.sync_end_date.clone();
    if summary.full_sync || summary.header_changed {
        store.refresh_folders().await?;
        let page = |change| stream::once(async move { Ok::<_, Error>(ChangePage::new(vec![change])) });
        let done = stream::once({
            let scope = scope.clone();
            async move { Ok(last(&scope, &end, vec![Change::ResetEnd])) }
        });
        return Ok(page(Change::ResetBegin).chain(store.everything(&scope)).chain(done).boxed());
    }
    if files.is_empty() && folders.is_empty() {
        return Ok(stream::once(async move { Ok(last(&scope, &end, Vec::new())) }).boxed());
    }
    store.refresh_folders().await?;
    let mut settled = Settled::default();
    store.settle_files(&scope, files, &mut settled).await?;
    store.settle_folders(&scope, folders, &before, &mut settled).await?;
    let mut pages: Vec<_> = settled.in_order().chunks(scope.page).map(|part| part.to_vec()).collect();
    let end_page = last(&scope, &end, pages.pop().unwrap_or_default());
    let pages = pages.into_iter().map(ChangePage::new).chain([end_page]).map(Ok);
    Ok(stream::iter(pages).boxed())
}

/// What the entries turned out to be.
#[derive(Debug, Default)]
struct Settled {
    gone_files: Vec<ItemId>,
    folders: Vec<Item>,
    files: Vec<Item>,
    gone_folders: Vec<ItemId>,
}

impl Settled {
    /// Names become free first, then what exists from the top down, then the folders that are gone.
    fn in_order(mut self) -> Vec<Change> {
        self.folders.sort_by_key(|item| item.path.as_ref().map_or(0, |path| path.segments().count()));
        let gone = |ids: Vec<ItemId>| ids.into_iter().map(Change::Remove);
        let there = self.folders.into_iter().chain(self.files).map(Change::Upsert);
        gone(self.gone_files).chain(there).chain(gone(self.gone_folders)).collect()
    }
}

impl Inner {
    async fn change_list(&self, date: DateTime) -> Result<Streamed<ChangeEntry, ChangeSummary>> {
        let query = ChangeListQuery::since(date).with_change_type(self.options.change_type);
        self.client.sync().change_list(&query).await
    }

    /// Where changes end now. Entries of the list are read and dropped.
    async fn change_end(&self) -> Result<DateTime> {
        let list = self.change_list(DateTime::from(Timestamp::now())).await?;
        list.summary().await.map(|summary| summary.sync_end_date)
    }

    /// Asks for each file: one that is there is told as it is, one that is not is gone.
    async fn settle_files(
        self: &Arc<Self>,
        scope: &Scope,
        files: Vec<ChangeFileItem>,
        settled: &mut Settled,
    ) -> Result<()> {
        let asked = stream::iter(files).map(|file| {
            let store = self.clone();
            async move {
                let number = file.parent_folder_id;
                let folder = store.folders.lock().await.path(number).map(str::to_owned);
                // The folder is gone, and with it the file.
                let Some(folder) = folder else { return Ok((gone_file(number, &file.name), None)) };
                let found = store.file_at(&join(&folder, &file.name)).await?;
                let id = file_id(&ItemId::from(number.to_string()), &folder, &file.name);
                Ok::<_, Error>((id, found))
            }
        });
        let mut asked = asked.buffered(AT_ONCE);
        while let Some((id, found)) = asked.try_next().await? {
            match found.filter(|found| is_within(&found.path, &scope.path)) {
                Some(found) => settled.files.push(found.item),
                None => settled.gone_files.push(id),
            }
        }
        Ok(())
    }

    /// A folder that is listed is there, and one that is not is gone. What was not known before is told with all it holds:
    /// whether the service lists what came along with it is not documented.
    async fn settle_folders(
        self: &Arc<Self>,
        scope: &Scope,
        folders: HashSet<i64>,
        before: &HashMap<i64, String>,
        settled: &mut Settled,
    ) -> Result<()> {
        for number in folders {
            let path = self.folders.lock().await.path(number).map(str::to_owned);
            let Some(path) = path.filter(|path| is_within(path, &scope.path)) else {
                settled.gone_folders.push(ItemId::from(number.to_string()));
                continue;
            };
            settled.folders.push(self.folder_item(&path).await?);
            if before.get(&number).is_some_and(|old| is_within(old, &scope.path)) {
                continue;
            }
            let mut below = self.everything(&Scope { path, ..scope.clone() });
            while let Some(page) = below.try_next().await? {
                for change in page.changes {
                    if let Change::Upsert(item) = change {
                        if item.is_folder() { settled.folders.push(item) } else { settled.files.push(item) }
                    }
                }
            }
        }
        Ok(())
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

fn gone_file(folder: i64, name: &str) -> ItemId {
    ItemId::from(format!("{folder}/{name}"))
}
