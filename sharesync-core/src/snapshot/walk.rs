//! Reading a tree: which folders are listed, several at once, and what is not seen in them.
//!
//! A folder's subfolders are taken from the snapshot, after the listing of the folder was written there: what is still to
//! be done takes memory for the depth of the tree, not for its width.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::ops::Range;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};

use super::compare::{take_in, top};
use super::keys::{self, Key, Stored, Table};
use super::record::Row;
use super::session::{Batch, Session};
use crate::list::{MAX_DEPTH, too_deep};
use crate::path::check_segment;
use crate::{
    BoxStream, ChangeOptions, Error, ErrorKind, Item, ItemId, ItemKind, ItemRef, ListOptions, Page, RemoteStore, Result,
};

/// How often one walk lists a folder that keeps appearing in other places.
const MAX_LISTINGS: u8 = 2;

/// A walk of a tree into a new generation of its snapshot.
pub(super) struct Walk<'a> {
    pub(super) source: Arc<dyn RemoteStore>,
    pub(super) session: &'a Session,
    /// The scope's own folder.
    scope: ItemRef,
    /// Its identifier, where the service tells.
    pub(super) scope_id: Option<ItemId>,
    /// Whether every folder is listed.
    full: bool,
    pub(super) concurrency: usize,
    /// Folders to list before any of `frames`.
    pub(super) waiting: VecDeque<Visit>,
    /// Whether anything was noted as missing.
    pub(super) missing: bool,
    /// Folders that were listed and whose subfolders are to be: the deepest comes last and first.
    frames: Vec<Frame>,
    hasher: RandomState,
}

/// A folder to list.
pub(super) struct Visit {
    folder: ItemId,
    reference: ItemRef,
    depth: usize,
    /// Whether it is listed to look for an item: subfolders that have nothing new are not listed.
    look: bool,
    /// Hashes of the items seen.
    seen: HashSet<u64>,
    /// Hashes of the folders among them.
    folders: HashSet<u64>,
}

/// A folder that was listed.
struct Frame {
    depth: usize,
    look: bool,
    folder: ItemId,
    /// Hashes of the folders seen in it.
    folders: HashSet<u64>,
    /// What is in it and still to be looked at.
    children: Range<Key>,
    found: VecDeque<Visit>,
}

type Pages = BoxStream<'static, Result<Page<Item>>>;
type Listing = BoxFuture<'static, (Visit, Option<Result<Page<Item>>>, Pages)>;

impl<'a> Walk<'a> {
    pub(super) fn new(
        source: Arc<dyn RemoteStore>,
        session: &'a Session,
        options: &ChangeOptions,
        full: bool,
        concurrency: usize,
    ) -> Self {
        Self {
            source,
            session,
            scope: options.scope.clone().unwrap_or(ItemRef::Root),
            scope_id: None,
            full,
            concurrency,
            waiting: VecDeque::new(),
            missing: false,
            frames: Vec::new(),
            hasher: RandomState::new(),
        }
    }

    /// Reads the tree, and makes sure of what was not seen.
    pub(super) async fn run(mut self) -> Result<()> {
        let mut scope = self.scope_there().await?;
        self.scope_id = Some(scope.id.clone());
        (scope.kind, scope.version_series) = (ItemKind::Folder, Some(top()));
        take_in(self.session, &top(), vec![scope]).await?;
        let row = self.session.row(&top()).await?.unwrap_or_default();
        if self.is_due(&row, false) {
            let visit = self.visit(top(), self.scope.clone(), 0, false);
            self.waiting.push_back(visit);
        }
        self.list_all().await?;
        self.settle_missing().await
    }

    /// The scope's own folder, asked for at the service.
    pub(super) async fn scope_there(&self) -> Result<Item> {
        let scope = self.source.stat(&self.scope).await.map_err(|error| error.or_subject(&self.scope))?;
        if scope.is_file() {
            return Err(Error::new(ErrorKind::InvalidInput, "changes are read below a folder").with_subject(&scope.id));
        }
        Ok(scope)
    }

    pub(super) fn visit(&self, folder: ItemId, reference: ItemRef, depth: usize, look: bool) -> Visit {
        Visit { folder, reference, depth, look, seen: HashSet::new(), folders: HashSet::new() }
    }

    /// The folder that an item is in, according to the service, if it is one that can be listed again.
    pub(super) async fn look_in(&self, parent: Option<&ItemId>) -> Result<Option<Visit>> {
        let Some(parent) = parent.filter(|parent| Some(*parent) != self.scope_id.as_ref()) else {
            return Ok(Some(self.visit(top(), self.scope.clone(), 0, true)));
        };
        let Some(now) = self.session.row(parent).await?.and_then(|row| row.now) else {
            return Ok(None);
        };
        let depth = super::compare::depth(self.session, parent, None).await?;
        Ok(Some(self.visit(parent.clone(), ItemRef::from(&now.item), depth, true)))
    }

    /// Lists what waits, and all that is found below it.
    pub(super) async fn list_all(&mut self) -> Result<()> {
        let mut running = FuturesUnordered::<Listing>::new();
        loop {
            while running.len() < self.concurrency {
                let Some(visit) = self.next_visit().await? else {
                    break;
                };
                let pages = self.source.list(&visit.reference, ListOptions::new());
                running.push(next_page(visit, pages));
            }
            match running.next().await {
                None => return Ok(()),
                Some((visit, None, _)) => self.listed(visit).await?,
                Some((mut visit, Some(Ok(page)), pages)) => {
                    self.take_in(&mut visit, page.items).await?;
                    running.push(next_page(visit, pages));
                }
                Some((visit, Some(Err(error)), _)) => self.failed(visit, error).await?,
            }
        }
    }

    async fn take_in(&self, visit: &mut Visit, items: Vec<Item>) -> Result<()> {
        for item in &items {
            if Some(&item.id) == self.scope_id.as_ref() {
                return Err(Error::new(ErrorKind::Protocol, "the folder holds itself").with_subject(&item.id));
            }
            check_segment(&item.name).map_err(|error| error.with_subject(&item.id))?;
            let hash = self.hasher.hash_one(item.identity());
            visit.seen.insert(hash);
            if item.is_folder() {
                visit.folders.insert(hash);
            }
        }
        take_in(self.session, &visit.folder, items).await
    }

    async fn next_visit(&mut self) -> Result<Option<Visit>> {
        if let Some(visit) = self.waiting.pop_front() {
            return Ok(Some(visit));
        }
        while let Some(mut frame) = self.frames.pop() {
            if frame.found.is_empty() && !self.find(&mut frame).await? {
                continue;
            }
            let visit = frame.found.pop_front();
            self.frames.push(frame);
            if visit.is_some() {
                return Ok(visit);
            }
        }
        Ok(None)
    }

    /// Finds subfolders to list among the next few items of a folder; whether there were any items.
    async fn find(&self, frame: &mut Frame) -> Result<bool> {
        let entries = self.session.next(&mut frame.children).await?;
        let more = !entries.is_empty();
        let seen = |id: &ItemId| frame.folders.contains(&self.hasher.hash_one(id));
        let ids = select(&entries, seen)?;
        let rows = self.session.rows(&ids).await?;
        let mut batch = Batch::default();
        for (id, row) in ids.into_iter().zip(rows) {
            let Some(mut row) = row.filter(|row| self.is_due(row, frame.look)) else {
                continue;
            };
            let Some(reference) = row.now_in(&frame.folder).map(|now| ItemRef::from(&now.item)) else {
                continue;
            };
            if frame.depth >= MAX_DEPTH {
                return Err(too_deep(&id));
            }
            if row.since == self.session.generation() {
                row.listed += 1;
                batch.put_row(&id, &row)?;
            }
            frame.found.push_back(self.visit(id, reference, frame.depth + 1, false));
        }
        self.session.commit(batch).await?;
        Ok(more)
    }

    /// Whether this is a folder that may hold something that the walk has not seen.
    fn is_due(&self, row: &Row, look: bool) -> bool {
        let Some(now) = row.now.as_ref().filter(|now| now.item.is_folder()) else {
            return false;
        };
        let touched = row.since == self.session.generation();
        if touched && row.listed >= MAX_LISTINGS {
            return false;
        }
        if look && !touched {
            return false;
        }
        let known = row
            .base(self.session.base())
            .filter(|base| base.settled && base.item.id == now.item.id && base.item.revision == now.item.revision);
        self.full || known.is_none()
    }

    /// Notes what was not seen in a folder, and has its subfolders listed.
    async fn listed(&mut self, visit: Visit) -> Result<()> {
        let hasher = self.hasher.clone();
        let unseen = |id: &ItemId| !visit.seen.contains(&hasher.hash_one(id));
        let mut known = keys::entries(Table::Children, &visit.folder);
        loop {
            let entries = self.session.next(&mut known).await?;
            if entries.is_empty() {
                break;
            }
            self.note_missing(&visit.folder, select(&entries, unseen)?).await?;
        }
        if self.missing {
            self.forget_missing(&visit.folder, |id| !unseen(id)).await?;
        }
        let Visit { folder, depth, look, folders, .. } = visit;
        if !folders.is_empty() {
            let children = keys::entries(Table::Children, &folder);
            self.frames.push(Frame { depth, look, folder, folders, children, found: VecDeque::new() });
        }
        Ok(())
    }

    /// A folder that was deleted before it could be listed is missing, if the folder above does not show it any more. Any
    /// other failure ends the walk: one that may not be listed is there.
    async fn failed(&mut self, visit: Visit, error: Error) -> Result<()> {
        let error = if error.subject().is_none() { error.with_subject(&visit.reference) } else { error };
        let row = self.session.row(&visit.folder).await?;
        let place = row.and_then(|row| row.now).map(|now| now.place);
        match place {
            Some(place)
                if error.kind() == ErrorKind::NotFound
                    && visit.folder != top()
                    && !self.shows(&place, &visit.folder).await? =>
            {
                self.note_missing(&place, vec![visit.folder]).await
            }
            _ => Err(error),
        }
    }

    /// Whether a folder still shows an item.
    async fn shows(&self, folder: &ItemId, id: &ItemId) -> Result<bool> {
        let row = if *folder == top() { None } else { self.session.row(folder).await? };
        let reference = row.and_then(|row| row.now).map_or_else(|| self.scope.clone(), |now| ItemRef::from(&now.item));
        let mut pages = self.source.list(&reference, ListOptions::new());
        while let Some(page) = pages.next().await {
            match page {
                Ok(page) if page.items.iter().any(|item| item.identity() == id) => return Ok(true),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }
}

/// The items in these entries of a folder that fulfil a condition.
pub(super) fn select(entries: &[Stored], condition: impl Fn(&ItemId) -> bool) -> Result<Vec<ItemId>> {
    let ids = entries.iter().map(|(key, _)| Ok(keys::entry_of(key)?.1));
    ids.filter(|id| id.as_ref().map_or(true, &condition)).collect()
}

fn next_page(visit: Visit, mut pages: Pages) -> Listing {
    async move {
        let page = pages.next().await;
        (visit, page, pages)
    }
    .boxed()
}
