//! The feed of the sync service as changes. Every status becomes something: changes, everything, or a reset.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use sharesync_core::{BoxStream, Change, ChangePage, Error, ErrorKind, PageGuard, Result, tell};

use super::change::{Named, Pages, Scope};
use super::item::Known;
use crate::model::{FeedStatus, ItemShape, SyncItem};
use crate::{FeedOptions, FeedPage};

/// How often an enumeration is begun again because the service loses track in the middle of it.
const MOST_RESTARTS: u32 = 3;

/// Where the reading is.
enum State {
    /// After a token.
    Changes(String),
    /// Within everything, after a token; at its beginning without.
    Everything(Option<String>),
    /// Everything is listed, because the feed gave nothing but a token.
    Listing(String, BoxStream<'static, Result<Vec<Known>>>),
    /// Within what a page of changes amounts to, and what comes after it.
    Telling(Pages, Box<State>),
    End,
}

struct Reading {
    scope: Scope,
    state: State,
    /// Whether everything is told as a reset.
    reset: bool,
    /// Whether nothing is wanted but a checkpoint.
    silent: bool,
    restarts: u32,
    guard: PageGuard,
}

/// What happened after a token.
pub(super) fn since(scope: Scope, token: String) -> Pages {
    pages(scope, State::Changes(token), false)
}

/// Everything that exists.
pub(super) fn everything(scope: Scope) -> Pages {
    pages(scope, State::Everything(None), false)
}

/// Nothing but a checkpoint.
pub(super) fn now(scope: Scope) -> Pages {
    pages(scope, State::Everything(None), true)
}

fn pages(scope: Scope, state: State, silent: bool) -> Pages {
    let reading = Reading { scope, state, reset: false, silent, restarts: 0, guard: PageGuard::new() };
    let pages = stream::try_unfold(reading, |mut reading| async move {
        loop {
            match reading.next().await? {
                None => return Ok(None),
                Some(page) if page.changes.is_empty() && page.checkpoint.is_none() => {}
                Some(page) => return Ok(Some((reading.scope.sure(page).await?, reading))),
            }
        }
    });
    pages.boxed()
}

impl Reading {
    async fn next(&mut self) -> Result<Option<ChangePage>> {
        match std::mem::replace(&mut self.state, State::End) {
            State::End => Ok(None),
            State::Changes(token) => self.changes(token).await.map(Some),
            State::Everything(token) => self.everything(token).await.map(Some),
            State::Listing(token, listing) => self.listing(token, listing).await.map(Some),
            State::Telling(pages, then) => self.telling(pages, then).await.map(Some),
        }
    }

    async fn page(&mut self, token: Option<&str>) -> Result<FeedPage> {
        self.guard.follow(token.unwrap_or_default())?;
        let mut options = FeedOptions::new();
        if let Some(size) = self.scope.page_size {
            options = options.with_max_items(size.min(1000));
        }
        self.scope.store.sync.changes(token, &options).await
    }

    async fn changes(&mut self, token: String) -> Result<ChangePage> {
        let page = match self.page(Some(&token)).await {
            Err(error) if error.kind() == ErrorKind::CursorInvalid || error.status() == Some(410) => {
                tracing::debug!(%error, "the service does not take the token");
                return Ok(self.begin_reset());
            }
            // What it answers to a token that it did not issue, or in which it finds no sense, is not documented.
            Err(error) if error.kind() == ErrorKind::Rejected => {
                return Err(error.with_kind(ErrorKind::CursorInvalid));
            }
            page => page?,
        };
        match page.status {
            FeedStatus::NoChanges | FeedStatus::IncrementalChanges => self.incremental(page, token).await,
            status => {
                tracing::debug!(?status, resync = ?page.resync, "everything is read anew");
                Ok(self.begin_reset())
            }
        }
    }

    /// A page of changes after a token.
    async fn incremental(&mut self, page: FeedPage, token: String) -> Result<ChangePage> {
        let next = match page.token {
            Some(next) => next,
            None if page.status == FeedStatus::NoChanges && !page.has_more => token,
            None => return Err(protocol("a page of the feed without a token to go on with")),
        };
        let items = if page.status == FeedStatus::NoChanges { Vec::new() } else { page.items };
        let named = self.named(items)?;
        let told = tell(self.scope.translate(named).await?, self.scope.checkpoint(&next));
        let then = if page.has_more { State::Changes(next) } else { State::End };
        self.telling(told, Box::new(then)).await
    }

    async fn telling(&mut self, mut pages: Pages, then: Box<State>) -> Result<ChangePage> {
        let page = pages.try_next().await?;
        self.state = if page.is_some() { State::Telling(pages, then) } else { *then };
        Ok(page.unwrap_or_else(|| ChangePage::new(Vec::new())))
    }

    /// From here on everything is told, as a reset.
    fn begin_reset(&mut self) -> ChangePage {
        self.reset = true;
        self.guard = PageGuard::new();
        self.state = State::Everything(None);
        ChangePage::new(if self.silent { Vec::new() } else { vec![Change::ResetBegin] })
    }

    async fn everything(&mut self, token: Option<String>) -> Result<ChangePage> {
        let page = match self.page(token.as_deref()).await {
            Err(error) if error.kind() == ErrorKind::CursorInvalid && token.is_some() => return self.restart(),
            page => page?,
        };
        match (page.status, token) {
            // What happened meanwhile follows: everything has been told.
            (FeedStatus::IncrementalChanges | FeedStatus::NoChanges, Some(token)) => {
                let mut end = self.end(&token);
                if self.silent {
                    return Ok(end);
                }
                self.reset = false;
                let after = self.incremental(page, token).await?;
                end.changes.extend(after.changes);
                end.checkpoint = after.checkpoint;
                Ok(end)
            }
            (FeedStatus::CurrentSyncTokenOnly, None) => {
                let token = page.token.ok_or_else(|| protocol("the feed gives a token alone, and none"))?;
                if self.silent {
                    return Ok(self.end(&token));
                }
                self.state = State::Listing(token, self.scope.walk());
                Ok(ChangePage::new(Vec::new()))
            }
            (FeedStatus::ResyncNeeded, None) => {
                Err(protocol("the service wants a resynchronization of a client that begins"))
            }
            (FeedStatus::ResyncNeeded | FeedStatus::CurrentSyncTokenOnly, Some(_)) => self.restart(),
            (_, token) => {
                let next = page.token.or(token.filter(|_| !page.has_more));
                let next = next.ok_or_else(|| protocol("a page of the feed without a token to go on with"))?;
                let changes = match self.silent {
                    true => Vec::new(),
                    false => {
                        let named = self.named(page.items)?;
                        self.scope.existing(named).await?
                    }
                };
                if page.has_more {
                    self.state = State::Everything(Some(next));
                    return Ok(ChangePage::new(changes));
                }
                let mut end = self.end(&next);
                end.changes.splice(0..0, changes);
                Ok(end)
            }
        }
    }

    /// The service has lost track in the middle: what was told may not be all that there is.
    fn restart(&mut self) -> Result<ChangePage> {
        self.restarts += 1;
        if self.restarts > MOST_RESTARTS {
            return Err(protocol("the service loses track of every enumeration"));
        }
        Ok(self.begin_reset())
    }

    /// The end of everything.
    fn end(&mut self, token: &str) -> ChangePage {
        self.state = State::End;
        let frame = if self.reset && !self.silent { vec![Change::ResetEnd] } else { Vec::new() };
        ChangePage::new(frame).with_checkpoint(self.scope.checkpoint(token))
    }

    async fn listing(
        &mut self,
        token: String,
        mut listing: BoxStream<'static, Result<Vec<Known>>>,
    ) -> Result<ChangePage> {
        match listing.try_next().await? {
            None => Ok(self.end(&token)),
            Some(found) => {
                self.state = State::Listing(token, listing);
                Ok(ChangePage::new(found.into_iter().map(|known| Change::Upsert(known.into_item())).collect()))
            }
        }
    }

    /// The files and folders that a page names.
    fn named(&self, items: Vec<SyncItem>) -> Result<Vec<Named>> {
        let dialect = self.scope.store.client.dialect();
        let (is_gone, brought) = (dialect.deleted, dialect.list_told_folders);
        let named = items.into_iter().filter_map(|item| {
            let gone = is_gone(&item);
            if matches!(item.shape, ItemShape::Other(_)) && !gone {
                return None;
            }
            let Some(id) = item.resource_id else {
                return Some(Err(protocol("the feed tells of a file or folder without `ResourceID`")));
            };
            if id == self.scope.store.root.id {
                return None;
            }
            let known = if gone { Ok(None) } else { Known::synced(item).map(Some) };
            Some(known.map(|known| Named { id, known, brought }))
        });
        named.collect()
    }
}

fn protocol(message: &'static str) -> Error {
    Error::new(ErrorKind::Protocol, message)
}
