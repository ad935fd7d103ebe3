//! The changes of a share: the log of the service, and the walk where the log does not reach.
//!
//! The log names what has changed; what it is now is asked for. The position is taken before a walk begins, so that nothing
//! falls between.

use std::collections::HashMap;
use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use sharesync_core::{
    Attempted, BoxStream, Change, ChangeOptions, ChangePage, Cursor, Error, ErrorKind, ItemId, Operation, PageGuard,
    RemotePath, Result, Since, Told, tell,
};

use super::Inner;
use super::find::Place;
use super::item::{Known, needed, refuse};
use super::walk::walk;
use crate::model::{ChangeEntry, ChangeType, ChangesPage, ResourceType, SyncCursor};
use crate::{ChangeQuery, PROVIDER};

type Pages = BoxStream<'static, Result<ChangePage>>;

/// Requests for single files and folders under way at once.
const AT_ONCE: usize = 8;

/// What a stream of changes is about.
#[derive(Clone)]
struct Feed {
    store: Arc<Inner>,
    /// The folder below which changes are wanted; none for the whole share.
    scope: Option<Known>,
    /// What its cursors are bound to.
    bound: String,
    limit: Option<u32>,
}

pub(super) fn changes(store: Arc<Inner>, since: Since, options: ChangeOptions) -> Pages {
    let opened = async move {
        let feed = Feed::open(store, options).await?;
        match since {
            Since::Now => feed.now().await,
            Since::Cursor(cursor) => {
                let token = feed.token(&cursor)?;
                Ok(feed.since(token))
            }
            _ => feed.everything(false).await,
        }
    };
    let pages = stream::once(opened).try_flatten().map(|page| page.and_then(ChangePage::checked));
    pages.map(|page| page.attempted(PROVIDER, Operation::Changes.name())).boxed()
}

impl Feed {
    async fn open(store: Arc<Inner>, options: ChangeOptions) -> Result<Self> {
        let scope = match &options.scope {
            Some(scope) => store.find(scope).await?,
            None => None,
        };
        if scope.as_ref().is_some_and(|scope| !scope.is_folder) {
            return Err(Error::new(ErrorKind::InvalidInput, "changes are read below a folder"));
        }
        let below = scope.as_ref().map(|scope| format!("#{}", scope.id)).unwrap_or_default();
        let bound = format!("{}{below}", store.info.account);
        let limit = options.page_size.map(|limit| limit.clamp(1, ChangeQuery::MAX_LIMIT));
        Ok(Self { store, scope, bound, limit })
    }

    fn checkpoint(&self, position: &SyncCursor) -> Result<Cursor> {
        let text = serde_json::to_string(position)
            .map_err(|_| Error::new(ErrorKind::Protocol, "the position cannot be kept"))?;
        Ok(Cursor::new(PROVIDER, &self.bound, text))
    }

    fn token(&self, cursor: &Cursor) -> Result<SyncCursor> {
        let text = cursor.token_for(PROVIDER, &self.bound)?;
        serde_json::from_str(text).map_err(|_| Error::new(ErrorKind::CursorInvalid, "the cursor is damaged"))
    }

    fn query(&self) -> ChangeQuery {
        let mut query = ChangeQuery::new().with_share_id(self.store.root_id());
        query.limit = self.limit;
        query
    }

    /// The present end of the log: where the service begins when no cursor is sent.
    async fn head(&self) -> Result<SyncCursor> {
        Ok(self.store.client.sync().changes(&self.query().with_limit(1_u32)).await?.cursor)
    }

    async fn now(&self) -> Result<Pages> {
        let page = ChangePage::new(Vec::new()).with_checkpoint(self.checkpoint(&self.head().await?)?);
        Ok(stream::iter([Ok(page)]).boxed())
    }

    /// All that exists; as a reset, or from the beginning. Folders are listed at different times, so that what moves
    /// meanwhile may be in none of them: what the log names of it is told before the end. The checkpoint is that of the
    /// beginning all the same, for what has gone.
    async fn everything(&self, reset: bool) -> Result<Pages> {
        let start = self.head().await?;
        let checkpoint = self.checkpoint(&start)?;
        let frame = |change: Change| if reset { vec![change] } else { Vec::new() };
        let begin = reset.then(|| Ok(ChangePage::new(frame(Change::ResetBegin))));
        let end = ChangePage::new(frame(Change::ResetEnd)).with_checkpoint(checkpoint);
        let root = self.store.root_id().to_owned();
        let items = walk(self.store.clone(), self.place(), true).map_ok(move |found| {
            ChangePage::new(found.into_iter().map(|known| Change::Upsert(known.into_item(&root))).collect())
        });
        let feed = self.clone();
        let moved = self.clone().entries(start, true);
        let end = stream::once(async move { feed.sure(end).await });
        Ok(stream::iter(begin).chain(items).chain(moved).chain(end).boxed())
    }

    /// A page that may tell that something is gone, once the folder whose changes are read is known to be there, and where
    /// it was when the items were compared with its path.
    async fn sure(&self, page: ChangePage) -> Result<ChangePage> {
        if page.changes.iter().any(|change| matches!(change, Change::Remove(_) | Change::ResetEnd)) {
            match &self.scope {
                Some(scope) => {
                    let now = self.store.node_of(&scope.id, true).await?;
                    if now.path != scope.path {
                        let message = "the folder whose changes are read was moved meanwhile";
                        return Err(refuse(ErrorKind::Unavailable, &scope.id, message));
                    }
                }
                None => self.store.root().await.map(drop)?,
            }
        }
        Ok(page)
    }

    fn place(&self) -> Place {
        Place::of(self.scope.as_ref().map(|scope| scope.id.as_str()))
    }

    /// What happened after a position, page by page, until the service has no more.
    fn since(self, position: SyncCursor) -> Pages {
        self.entries(position, false)
    }

    fn entries(self, position: SyncCursor, adds_only: bool) -> Pages {
        let reading = Reading { feed: self, position: Some(position), guard: PageGuard::new(), adds_only };
        let pages = stream::try_unfold(reading, |mut reading| async move {
            let Some(position) = reading.position.take() else { return Ok(None) };
            Ok(Some((reading.page(position).await?, reading)))
        });
        pages.try_flatten().boxed()
    }

    /// Whether something is below the scope.
    fn covers(&self, known: &Known) -> bool {
        let Some(scope) = &self.scope else { return true };
        known.parent.as_deref() == Some(&scope.id) || self.is_below(known.path.as_ref())
    }

    fn is_below(&self, path: Option<&RemotePath>) -> bool {
        let Some(scope) = &self.scope else { return path.is_some() };
        let (Some(path), Some(scope)) = (path, &scope.path) else { return false };
        path.as_str().strip_prefix(scope.as_str()).is_some_and(|rest| rest.starts_with('/'))
    }

    /// What the entries of the log mean now.
    async fn translate(&self, entries: Vec<ChangeEntry>) -> Result<Vec<Told>> {
        let entries = entries.into_iter().filter_map(|entry| self.relevant(entry).transpose());
        let entries = entries.collect::<Result<Vec<_>>>()?;
        let present = self.present(&entries).await?;
        let mut told = Vec::new();
        for entry in entries {
            let known = present.get(&entry.id).and_then(Option::as_ref).filter(|_| !entry.is_deleted);
            // What is outside of the scope is not there, whether it ever was inside or not.
            let Some(known) = known.filter(|known| self.covers(known)) else {
                if self.scope.as_ref().is_none_or(|scope| scope.id != entry.id) {
                    told.push(Told::Change(Change::Remove(ItemId::from(entry.id))));
                }
                continue;
            };
            told.push(Told::Change(Change::Upsert(known.clone().into_item(self.store.root_id()))));
            // A folder that came from elsewhere, or out of the trash, may have brought what has no entry of its own.
            if known.is_folder && !self.is_below(entry.came_from.as_ref()) {
                let root = self.store.root_id().to_owned();
                let below = walk(self.store.clone(), Place::Folder(entry.id.clone()), false);
                let items = below.map_ok(move |found| found.into_iter().map(|known| known.into_item(&root)).collect());
                told.push(Told::Below(entry.id.into(), items.boxed()));
            }
        }
        Ok(told)
    }

    /// What of an entry counts; `None` for one that says nothing about this share's files and folders.
    fn relevant(&self, entry: ChangeEntry) -> Result<Option<Entry>> {
        let root = self.store.root_id();
        if entry.share_id.as_deref().is_some_and(|share| share != root) {
            return Ok(None);
        }
        let is_deleted = entry.change_type == Some(ChangeType::Deleted);
        let id = needed(entry.resource_id, "resource_id")?;
        let is_folder = match entry.resource_type {
            Some(ResourceType::File) => false,
            Some(ResourceType::Folder) => true,
            Some(ResourceType::Share) if is_deleted && id == root => {
                return Err(refuse(ErrorKind::NotFound, &id, "the share was deleted"));
            }
            _ => return Ok(None),
        };
        let within = matches!(entry.change_type, Some(ChangeType::Moved | ChangeType::Renamed));
        let came_from = entry.old_path.filter(|_| within).and_then(|path| path.parse().ok());
        Ok(Some(Entry { id, is_folder, is_deleted, came_from }))
    }

    /// What is there now of what the entries name, each asked for once.
    async fn present(&self, entries: &[Entry]) -> Result<HashMap<String, Option<Known>>> {
        let named: HashMap<_, _> =
            entries.iter().filter(|entry| !entry.is_deleted).map(|entry| (entry.id.clone(), entry.is_folder)).collect();
        let asked = named.into_iter().map(|(id, is_folder)| {
            let store = self.store.clone();
            async move {
                match store.node_of(&id, is_folder).await {
                    Ok(known) => Ok((id, Some(known))),
                    Err(error) if error.kind() == ErrorKind::NotFound => Ok((id, None)),
                    Err(error) => Err(error),
                }
            }
        });
        stream::iter(asked.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).try_collect().await
    }
}

/// What of an entry of the log counts.
struct Entry {
    id: String,
    is_folder: bool,
    is_deleted: bool,
    /// Where it was, when it was moved or renamed.
    came_from: Option<RemotePath>,
}

/// A log being read.
struct Reading {
    feed: Feed,
    /// Where to go on; none at the end.
    position: Option<SyncCursor>,
    guard: PageGuard,
    /// Whether it completes an enumeration: nothing but upserts, and no checkpoints.
    adds_only: bool,
}

impl Reading {
    /// One page after a position; or everything, when the service does not know the position.
    async fn page(&mut self, position: SyncCursor) -> Result<Pages> {
        self.guard.follow(&position.to_string())?;
        let query = self.feed.query().with_cursor(position.clone());
        let page = match self.feed.store.client.sync().changes(&query).await {
            Err(error) if error.kind() == ErrorKind::CursorInvalid => {
                // An enumeration leaves the reset to the next reading, which starts from the same position.
                if self.adds_only {
                    return Ok(stream::empty().boxed());
                }
                tracing::debug!(%error, "the service does not know the position: everything is read anew");
                return self.feed.everything(true).await;
            }
            page => page?,
        };
        check(&page, &position, self.feed.store.root_id())?;
        let told = tell(self.feed.translate(page.changes).await?, self.feed.checkpoint(&page.cursor)?);
        self.position = page.has_more.then_some(page.cursor);
        if self.adds_only {
            return Ok(told.map_ok(ChangePage::only_upserts).boxed());
        }
        let feed = self.feed.clone();
        let told = told.and_then(move |page| {
            let feed = feed.clone();
            async move { feed.sure(page).await }
        });
        Ok(told.boxed())
    }
}

/// Refuses a page that leads nowhere.
fn check(page: &ChangesPage, position: &SyncCursor, share: &str) -> Result<()> {
    if page.has_more && page.cursor == *position {
        let message = "the service says that there are more changes, and does not move on";
        return Err(Error::new(ErrorKind::Protocol, message));
    }
    if page.cursor.is_behind(position) {
        let message = "the position in the changes goes backwards: the service has lost some of them";
        return Err(Error::new(ErrorKind::CursorInvalid, message));
    }
    if page.share_id.as_deref().is_some_and(|other| other != share) {
        return Err(Error::new(ErrorKind::Protocol, "the service answers with the changes of another share"));
    }
    Ok(())
}
