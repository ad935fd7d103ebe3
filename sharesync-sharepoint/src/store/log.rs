//! The log of the REST service as changes. It names what has changed; what that is now is asked for.
//!
//! The position is taken before a listing begins, so that nothing falls between.

use std::collections::HashMap;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use sharesync_core::{Change, ChangePage, Error, ErrorKind, PageGuard, Result, tell};

use super::change::{Named, Pages, Scope};
use super::item::Known;
use crate::model::{ChangeEntry, ChangeKind, ChangeQuery, ChangeToken, Guid};

/// Entries asked for at once.
const PAGE: u32 = 1000;
/// Requests for single files and folders under way at once.
const AT_ONCE: usize = 8;

async fn head(scope: &Scope) -> Result<String> {
    Ok(scope.store.client.changes().current_token(scope.store.library).await?.string_value)
}

/// Nothing but a checkpoint.
pub(super) async fn now(scope: Scope) -> Result<Pages> {
    let page = ChangePage::new(Vec::new()).with_checkpoint(scope.checkpoint(&head(&scope).await?));
    Ok(stream::iter([Ok(page)]).boxed())
}

/// All that exists; as a reset, or from the beginning. Folders are listed at different times, so that what moves meanwhile
/// may be in none of them: what the log names of it is told before the end. The checkpoint is that of the beginning all the
/// same, for what has gone.
pub(super) async fn everything(scope: Scope, reset: bool) -> Result<Pages> {
    let start = head(&scope).await?;
    let checkpoint = scope.checkpoint(&start);
    let frame = |change: Change| if reset { vec![change] } else { Vec::new() };
    let begin = reset.then(|| Ok(ChangePage::new(frame(Change::ResetBegin))));
    let end = ChangePage::new(frame(Change::ResetEnd)).with_checkpoint(checkpoint);
    let items = scope
        .walk()
        .map_ok(|found| ChangePage::new(found.into_iter().map(|known| Change::Upsert(known.into_item())).collect()));
    let moved = entries(Reading { scope: scope.clone(), token: Some(start), guard: PageGuard::new(), adds_only: true });
    let end = stream::once(async move { scope.sure(end).await });
    Ok(stream::iter(begin).chain(items).chain(moved).chain(end).boxed())
}

/// What happened after a token, page by page.
pub(super) fn since(scope: Scope, token: String) -> Pages {
    entries(Reading { scope, token: Some(token), guard: PageGuard::new(), adds_only: false })
}

fn entries(reading: Reading) -> Pages {
    let pages = stream::try_unfold(reading, |mut reading| async move {
        let Some(token) = reading.token.take() else { return Ok::<_, Error>(None) };
        Ok(Some((reading.page(token).await?, reading)))
    });
    pages.try_flatten().boxed()
}

struct Reading {
    scope: Scope,
    /// Where to go on; none at the end.
    token: Option<String>,
    guard: PageGuard,
    /// Whether it completes an enumeration: nothing but upserts, and no checkpoints.
    adds_only: bool,
}

impl Reading {
    async fn page(&mut self, token: String) -> Result<Pages> {
        self.guard.follow(&token)?;
        let store = self.scope.store.clone();
        let limit = self.scope.page_size.unwrap_or(PAGE).clamp(1, PAGE);
        let query = ChangeQuery::new().with_start(ChangeToken::new(&token)).with_fetch_limit(limit);
        let entries = match store.client.changes().get(store.library, &query).await {
            Err(error) if error.kind() == ErrorKind::CursorInvalid => {
                tracing::debug!(%error, "the log does not reach back to the token: everything is read anew");
                return self.anew().await;
            }
            // What it answers to a token that it did not issue, or in which it finds no sense, is not documented.
            Err(error) if error.kind() == ErrorKind::Rejected => {
                return Err(error.with_kind(ErrorKind::CursorInvalid));
            }
            entries => entries?,
        };
        let next = match entries.last() {
            None => token,
            Some(last) => {
                let position = last.change_token.as_ref().map(|token| token.string_value.clone());
                position.ok_or_else(|| Error::new(ErrorKind::Protocol, "the log has an entry without a position"))?
            }
        };
        // How many entries a service gives at the most is not documented: a short page says nothing about the end.
        let has_more = !entries.is_empty();
        let Some(named) = named(&entries) else {
            tracing::debug!("the log does not say what has changed: everything is read anew");
            return self.anew().await;
        };
        let named = self.present(named).await?;
        let told = tell(self.scope.translate(named).await?, self.scope.checkpoint(&next));
        self.token = has_more.then_some(next);
        if self.adds_only {
            return Ok(told.map_ok(ChangePage::only_upserts).boxed());
        }
        let scope = self.scope.clone();
        let told = told.and_then(move |page| {
            let scope = scope.clone();
            async move { scope.sure(page).await }
        });
        Ok(told.boxed())
    }

    /// Everything, where the log does not do. An enumeration leaves the reset to the next reading, which starts from
    /// the same position.
    async fn anew(&self) -> Result<Pages> {
        if self.adds_only { Ok(stream::empty().boxed()) } else { everything(self.scope.clone(), true).await }
    }

    /// What is there now of what the entries name, each asked for once.
    async fn present(&self, named: Vec<(Guid, bool)>) -> Result<Vec<Named>> {
        let store = &self.scope.store;
        let asked = named.into_iter().map(|(id, brought)| {
            let store = store.clone();
            async move {
                let known: Option<Known> = match store.node(id).await {
                    Err(error) if error.kind() == ErrorKind::NotFound => None,
                    known => Some(known?),
                };
                Ok(Named { id, known, brought })
            }
        });
        stream::iter(asked.collect::<Vec<_>>()).buffered(AT_ONCE).try_collect().await
    }
}

/// What the entries name, in the order of their last entries, and whether it may have brought something along; `None` where
/// one does not say what it is about.
fn named(entries: &[ChangeEntry]) -> Option<Vec<(Guid, bool)>> {
    let mut last: HashMap<Guid, (usize, bool)> = HashMap::new();
    for (at, entry) in entries.iter().enumerate() {
        let brought = match entry.kind() {
            Some(ChangeKind::Restore | ChangeKind::MoveInto) => true,
            Some(
                ChangeKind::Add
                | ChangeKind::Update
                | ChangeKind::Delete
                | ChangeKind::Rename
                | ChangeKind::MoveAway
                | ChangeKind::SystemUpdate,
            ) => false,
            // Permissions and the like.
            _ => continue,
        };
        let slot = last.entry(entry.unique_id?).or_default();
        *slot = (at, slot.1 || brought);
    }
    let mut named: Vec<_> = last.into_iter().map(|(id, (at, brought))| (at, id, brought)).collect();
    named.sort_unstable_by_key(|(at, ..)| *at);
    Some(named.into_iter().map(|(_, id, brought)| (id, brought)).collect())
}
