//! Finding items: by identifier, by path, by name in a folder; and listing.

use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use sharesync_core::{
    BoxStream, EntryGuard, Error, ErrorKind, Holder, Item, ItemId, ItemRef, Page, PageGuard, RemotePath, Result,
    Revision,
};

use super::names::{above, below, check_found, is_within, join, split, trim};
use super::{Inner, refuse};
use crate::model::{FileProperties, ItemKind, ItemRow};
use crate::soap::Streamed;

/// Where an item is, and what it is as far as its identifier says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) path: String,
    pub(super) kind: Option<ItemKind>,
}

/// An item that is there.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) path: String,
    pub(super) kind: ItemKind,
    pub(super) item: Item,
}

impl Found {
    /// It, as one that has a name.
    pub(super) fn holder(&self) -> Holder<'_> {
        let is_folder = self.kind == ItemKind::Folder;
        Holder { name: &self.item.name, is_folder, revision: self.item.revision.clone() }
    }
}

impl Inner {
    /// Where an item is. That it is there is another question.
    pub(super) async fn place(self: &Arc<Self>, item: &ItemRef) -> Result<Place> {
        match item {
            ItemRef::Root => Ok(Place { path: self.root.clone(), kind: Some(ItemKind::Folder) }),
            ItemRef::Path(path) => Ok(Place { path: above(path, &self.root), kind: None }),
            ItemRef::Id(id) => self.place_of_id(id.as_str()).await,
            _ => Err(refuse(ErrorKind::InvalidInput, item, "this way to name an item is not known here")),
        }
    }

    /// `7` is a folder by number, `7/name` a file in it; where the service has no numbers, `\volume\…` is a path.
    async fn place_of_id(self: &Arc<Self>, id: &str) -> Result<Place> {
        let missing = || refuse(ErrorKind::NotFound, id, "there is no such item");
        if id.starts_with('\\') {
            return Ok(Place { path: trim(id), kind: None });
        }
        let (number, name) = id.split_once('/').map_or((id, None), |(number, name)| (number, Some(name)));
        let number: i64 = number.parse().map_err(|_| missing())?;
        let folder = self.folder_path(number).await?.ok_or_else(missing)?;
        match name {
            Some("") => Err(missing()),
            Some(name) => Ok(Place { path: join(&folder, name), kind: Some(ItemKind::File) }),
            None => Ok(Place { path: folder, kind: Some(ItemKind::Folder) }),
        }
    }

    /// The path of a folder that is to hold something.
    pub(super) async fn folder(self: &Arc<Self>, item: &ItemRef) -> Result<String> {
        let place = self.place(item).await?;
        match place.kind {
            Some(ItemKind::File) => Err(refuse(ErrorKind::Conflict, item, "it is no folder")),
            _ => Ok(place.path),
        }
    }

    /// The item, asked for at the service. A folder that somebody else has moved is looked for at its new place.
    pub(super) async fn find(self: &Arc<Self>, item: &ItemRef) -> Result<Found> {
        let place = self.place(item).await?;
        let missing = || refuse(ErrorKind::NotFound, item, "there is no such item");
        match (self.look(&place).await?, item) {
            (Some(found), ItemRef::Path(_)) => self.spelled(found).await,
            (Some(found), _) => Ok(found),
            (None, ItemRef::Id(id)) if !id.as_str().starts_with('\\') => {
                let now = self.place_now(item, &place).await?;
                match now {
                    Some(now) => self.look(&now).await?.ok_or_else(missing),
                    None => Err(missing()),
                }
            }
            _ => Err(missing()),
        }
    }

    /// Where an item is that is not at its place, if the folder of the place is gone as well: all folders are read anew.
    async fn place_now(self: &Arc<Self>, item: &ItemRef, place: &Place) -> Result<Option<Place>> {
        if place.kind == Some(ItemKind::File)
            && let Some((folder, _)) = split(&place.path)
            && self.folder_at(folder).await?.is_some()
        {
            return Ok(None);
        }
        self.reread_folders().await?;
        let now = self.place(item).await?;
        Ok((now != *place).then_some(now))
    }

    /// What is at a place, if it is what it is taken for.
    pub(super) async fn look(self: &Arc<Self>, place: &Place) -> Result<Option<Found>> {
        match place.kind {
            Some(ItemKind::File) => self.file_at(&place.path).await,
            Some(kind) => Ok(self.at(&place.path).await?.filter(|found| found.kind == kind)),
            None => self.at(&place.path).await,
        }
    }

    /// What is at a path, spelled as the path is: asking costs the same however much there is beside it.
    pub(super) async fn at(self: &Arc<Self>, path: &str) -> Result<Option<Found>> {
        if path == self.root {
            return self.root_item().await.map(Some);
        }
        match self.file_at(path).await? {
            Some(file) => Ok(Some(file)),
            None => self.folder_at(path).await,
        }
    }

    /// The folder at a path. A refusal in words that are not understood is no answer: then the folder above is listed.
    async fn folder_at(self: &Arc<Self>, path: &str) -> Result<Option<Found>> {
        if path == self.root {
            return self.root_item().await.map(Some);
        }
        match self.client.items().properties(ItemKind::Folder, path).await {
            Ok(_) => {
                let item = self.folder_item(path).await?;
                Ok(Some(Found { path: path.to_owned(), kind: ItemKind::Folder, item }))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == ErrorKind::Rejected && error.provider_error::<crate::Refusal>().is_some() => {
                let Some((folder, name)) = split(path) else { return Ok(None) };
                let found = self.child(folder, name).await?;
                Ok(found.filter(|found| found.kind == ItemKind::Folder))
            }
            Err(error) => Err(error),
        }
    }

    /// Whether there is a folder at a path for which the service has no number.
    pub(super) async fn is_unnumbered(self: &Arc<Self>, path: &str) -> Result<bool> {
        if self.folder_at(path).await?.is_none() {
            self.folders().forget(path);
            return Ok(false);
        }
        self.refresh_folders().await?;
        Ok(self.folders().number(path).is_none())
    }

    /// What was found by a path, with the name as it is spelled there: only the listing of its folder tells that.
    async fn spelled(self: &Arc<Self>, found: Found) -> Result<Found> {
        let Some((folder, name)) = split(&found.path).filter(|_| found.kind == ItemKind::File) else {
            return Ok(found);
        };
        let Some(listed) = self.child(folder, name).await?.filter(|listed| listed.kind == ItemKind::File) else {
            return Ok(found);
        };
        let Item { size, modified, revision, .. } = found.item;
        let mut item = listed.item;
        (item.size, item.modified, item.revision) = (size, modified, revision);
        Ok(Found { item, ..listed })
    }

    /// The file at a path.
    pub(super) async fn file_at(self: &Arc<Self>, path: &str) -> Result<Option<Found>> {
        let Some((folder, name)) = split(path) else { return Ok(None) };
        let file = match self.client.items().file(path).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        if !file.exists() {
            return Ok(None);
        }
        let mut item = self.file_item(folder, name).await?;
        item.size = file.bytes();
        item.modified = file.modified();
        item.revision = revision(&file);
        Ok(Some(Found { path: path.to_owned(), kind: ItemKind::File, item }))
    }

    /// A file of which no more is known than where it is.
    pub(super) async fn file_item(self: &Arc<Self>, folder: &str, name: &str) -> Result<Item> {
        let parent = self.folder_id(folder).await?;
        let id = file_id(&parent, folder, name);
        let mut item = Item::new(id, name, sharesync_core::ItemKind::File);
        item.parent = Some(parent);
        item.path = below(&join(folder, name), &self.root);
        Ok(item)
    }

    /// The folder at a path, which is known to be there, with its name as the service spells it.
    pub(super) async fn folder_item(self: &Arc<Self>, path: &str) -> Result<Item> {
        let (id, path) = match self.known_folder(path).await? {
            Some((number, path)) => (ItemId::from(number.to_string()), path),
            None => (ItemId::from(path), path.to_owned()),
        };
        let (parent, name) = split(&path).unwrap_or(("", path.trim_start_matches('\\')));
        let mut item = Item::new(id, name, sharesync_core::ItemKind::Folder);
        if is_within(&self.root, &path) {
            item.path = Some(RemotePath::root());
        } else {
            item.parent = Some(self.folder_id(parent).await?);
            item.path = below(&path, &self.root);
        }
        Ok(item)
    }

    async fn folder_id(self: &Arc<Self>, path: &str) -> Result<ItemId> {
        Ok(match self.known_folder(path).await? {
            Some((number, _)) => ItemId::from(number.to_string()),
            None => ItemId::from(path),
        })
    }

    /// The root, which is asked for by listing one item of it.
    async fn root_item(self: &Arc<Self>) -> Result<Found> {
        self.client.items().list(&self.root, 1, 0).await?.next().await?;
        let item = self.folder_item(&self.root).await?;
        Ok(Found { path: self.root.clone(), kind: ItemKind::Folder, item })
    }

    /// What has this name in a folder, with the spelling it has there; a spelling that is the same is preferred.
    pub(super) async fn child(self: &Arc<Self>, folder: &str, name: &str) -> Result<Option<Found>> {
        let mut similar: Option<ItemRow> = None;
        let mut pages = self.rows(folder, self.options.page_size);
        while let Some(rows) = pages.try_next().await? {
            for row in rows {
                let exact = row.name == name;
                if exact || similar.is_none() && self.capabilities.names.same(&row.name, name) {
                    similar = Some(row);
                }
                if exact {
                    break;
                }
            }
            if similar.as_ref().is_some_and(|row| row.name == name) {
                break;
            }
        }
        let Some(row) = similar else { return Ok(None) };
        let Some(kind) = row.kind.kind() else { return Ok(None) };
        let path = join(folder, &row.name);
        let item = self.item(folder, &row).await?;
        Ok(Some(Found { path, kind, item }))
    }

    /// The item of an entry of a folder.
    async fn item(self: &Arc<Self>, folder: &str, row: &ItemRow) -> Result<Item> {
        check_found(&row.name, folder)?;
        if row.kind.kind() == Some(ItemKind::Folder) {
            return self.folder_item(&join(folder, &row.name)).await;
        }
        let mut item = self.file_item(folder, &row.name).await?;
        match row.kind.kind() {
            Some(_) => item.size = row.bytes(),
            None => item.kind = sharesync_core::ItemKind::Other(row.kind.0.clone()),
        }
        Ok(item)
    }

    /// What a folder holds, page by page.
    pub(super) fn list(self: &Arc<Self>, folder: String, size: u32) -> BoxStream<'static, Result<Page<Item>>> {
        let (store, rows) = (self.clone(), self.rows(&folder, size));
        rows.and_then(move |rows| {
            let (store, folder) = (store.clone(), folder.clone());
            async move {
                let mut items = Vec::with_capacity(rows.len());
                for row in &rows {
                    items.push(store.item(&folder, row).await?);
                }
                Ok(Page::new(items))
            }
        })
        .boxed()
    }

    /// The entries of a folder as they arrive, each once. Whether pages are counted from 0 or from 1 is not documented: 0 is
    /// asked for first, which is observed to be the first page either way, and the answers say how it goes on.
    pub(super) fn rows(self: &Arc<Self>, folder: &str, size: u32) -> BoxStream<'static, Result<Vec<ItemRow>>> {
        let begin = Listing {
            store: self.clone(),
            folder: folder.to_owned(),
            size,
            next: Some(0),
            open: None,
            seen: EntryGuard::new(),
            guard: PageGuard::new(),
            all: 0,
            fresh: 0,
            again: 0,
        };
        stream::try_unfold(begin, |mut listing| async move {
            let rows = listing.advance().await?;
            Ok(rows.map(|rows| (rows, listing)))
        })
        .boxed()
    }

    /// Says why a folder could not be listed: the words of the service do not tell a folder that is missing from others.
    async fn explain_listing(self: &Arc<Self>, folder: &str, error: Error) -> Error {
        if error.provider_error::<crate::Refusal>().is_none() || folder == self.root {
            return error;
        }
        match Box::pin(self.at(folder)).await {
            Ok(None) => refuse(ErrorKind::NotFound, folder, "there is no such folder").with_source(error),
            Ok(Some(found)) if found.kind == ItemKind::File => {
                refuse(ErrorKind::Conflict, folder, "it is no folder").with_source(error)
            }
            _ => error,
        }
    }
}

/// How often a page is asked for that the service answers with an earlier one.
const AGAIN: u32 = 3;

/// Where the listing of a folder stands.
struct Listing {
    store: Arc<Inner>,
    folder: String,
    size: u32,
    next: Option<u32>,
    open: Option<Streamed<ItemRow, crate::model::ListSummary>>,
    seen: EntryGuard,
    guard: PageGuard,
    /// Entries of this page, and those of them that are new.
    all: usize,
    fresh: usize,
    again: u32,
}

impl Listing {
    async fn advance(&mut self) -> Result<Option<Vec<ItemRow>>> {
        match self.read().await {
            Err(error) => Err(self.store.explain_listing(&self.folder, error).await),
            read => read,
        }
    }

    async fn read(&mut self) -> Result<Option<Vec<ItemRow>>> {
        loop {
            let mut page = match (self.open.take(), self.next) {
                (Some(page), _) => page,
                (None, None) => return Ok(None),
                (None, Some(number)) => {
                    if self.again == 0 {
                        self.guard.follow(&number.to_string())?;
                    }
                    (self.all, self.fresh) = (0, 0);
                    self.store.client.items().list(&self.folder, self.size, number).await?
                }
            };
            if let Some(mut rows) = page.next().await? {
                self.open = Some(page);
                self.all += rows.len();
                rows.retain(|row| self.seen.note((&row.kind.0, &row.name), 1).is_none());
                self.seen.check().map_err(|error| error.with_provider(crate::PROVIDER).with_subject(&self.folder))?;
                self.fresh += rows.len();
                if rows.is_empty() {
                    continue;
                }
                return Ok(Some(rows));
            }
            let summary = page.summary().await?;
            self.next = self.after(summary.page_num, summary.page_count)?;
        }
    }

    /// The number of the page after one that says what number it has, and how many there are. An earlier page than the one
    /// asked for is no answer.
    fn after(&mut self, number: i32, count: i32) -> Result<Option<u32>> {
        let Some(asked) = self.next else { return Ok(None) };
        let number = u32::try_from(number).unwrap_or(asked);
        if asked > 1 && number < asked && self.all > 0 && self.fresh == 0 {
            self.again += 1;
            if self.again > AGAIN {
                let message = "the service answers with a page that was there before";
                return Err(refuse(ErrorKind::Protocol, &self.folder, message));
            }
            return Ok(Some(asked));
        }
        self.again = 0;
        let (number, last) = (number.max(asked), u32::try_from(count).unwrap_or_default());
        // Counted from 1, the page of the number of all is the last one; counted from 0, it is one too many, and empty.
        let empty = self.all == 0 && asked > 1;
        // An empty folder that is not one: taken as such, everything in it would seem to be gone.
        if empty && last > 1 && self.seen.is_empty() {
            let message = format!("the service counts {last} pages and sends nothing on any of them");
            return Err(refuse(ErrorKind::Protocol, &self.folder, message));
        }
        Ok((number < last && last > 1 && !empty).then_some(number + 1))
    }
}

/// The state of a file: when it was modified, to 100 ns, and its length. The service has no other.
fn revision(file: &FileProperties) -> Option<Revision> {
    let size = file.bytes()?;
    file.modified().map(|_| Revision::from(format!("{}-{size}", file.date_time_in_ticks)))
}

/// Files have no number in what FAWAPI tells of them: the number of the folder and the name are what SyncAPI tells as well.
pub(super) fn file_id(parent: &ItemId, folder: &str, name: &str) -> ItemId {
    if parent.as_str().starts_with('\\') {
        ItemId::from(join(folder, name))
    } else {
        ItemId::from(format!("{parent}/{name}"))
    }
}
