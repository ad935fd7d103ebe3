//! The order in which a tree is worked off.

use futures::future::{self, BoxFuture};
use futures::stream::{self, FuturesUnordered};
use futures::{FutureExt as _, StreamExt as _};

use super::{TreeEntry, TreeOptions, TreeOutcome};
use crate::transfer::options::unless_cancelled;
use crate::transfer::{CancelToken, Integrity};
use crate::{BoxStream, Item, RemotePath, Result};

/// Something done with: its entry, and if it is a folder, what is to be done inside.
pub(super) struct Visited<'a> {
    entry: TreeEntry,
    inside: Option<Visits<'a>>,
}

pub(super) type Visit<'a> = BoxFuture<'a, Result<Visited<'a>>>;
/// What is to be done in one folder. The folder is opened when this is asked for the first time.
pub(super) type Visits<'a> = BoxStream<'a, Result<Visit<'a>>>;

/// Does what is to be done in a tree, several things at once. A folder is done before what it holds is begun.
pub(super) struct Crawl<'a> {
    frontier: Vec<Visits<'a>>,
    running: FuturesUnordered<Visit<'a>>,
    width: usize,
    cancel: Option<CancelToken>,
}

impl<'a> Crawl<'a> {
    pub(super) fn stream(visits: Visits<'a>, options: &TreeOptions) -> BoxStream<'a, Result<TreeEntry>> {
        let (width, cancel) = (options.concurrency.max(1), options.transfer.cancel.clone());
        let crawl = Self { frontier: vec![visits], running: FuturesUnordered::new(), width, cancel };
        stream::unfold(Some(crawl), |crawl| async {
            let mut crawl = crawl?;
            let cancel = crawl.cancel.clone();
            let next = unless_cancelled(cancel.as_ref(), crawl.next().map(Ok)).await;
            match next {
                Ok(next) => next.map(|entry| (entry, Some(crawl))),
                Err(cancelled) => Some((Err(cancelled), None)),
            }
        })
        .boxed()
    }

    async fn next(&mut self) -> Option<Result<TreeEntry>> {
        loop {
            let room = self.running.len() < self.width;
            tokio::select! {
                Some(done) = self.running.next(), if !self.running.is_empty() => {
                    return Some(done.map(|visited| {
                        self.frontier.extend(visited.inside);
                        visited.entry
                    }));
                }
                visit = next_of_last(&mut self.frontier), if room && !self.frontier.is_empty() => match visit {
                    Some(Ok(visit)) => self.running.push(visit),
                    Some(Err(error)) => return Some(Err(error)),
                    None => drop(self.frontier.pop()),
                },
                else => return None,
            }
        }
    }
}

/// The folder found last comes first: that keeps the number of pending folders low, and of those begun (which are open) there
/// are at most as many on each level as things are under way at once.
async fn next_of_last<'a>(frontier: &mut [Visits<'a>]) -> Option<Result<Visit<'a>>> {
    frontier.last_mut()?.next().await
}

impl<'a> Visited<'a> {
    pub(super) fn folder(path: RemotePath, item: Item, inside: Visits<'a>) -> Self {
        Self { entry: TreeEntry { path, outcome: TreeOutcome::Folder(item) }, inside: Some(inside) }
    }

    pub(super) fn file(path: RemotePath, item: Item, integrity: Integrity) -> Self {
        Self { entry: TreeEntry { path, outcome: TreeOutcome::File { item, integrity } }, inside: None }
    }

    /// Something that is left out.
    pub(super) fn skip(path: RemotePath) -> Visit<'a> {
        let entry = TreeEntry { path, outcome: TreeOutcome::Skipped };
        future::ready(Ok(Self { entry, inside: None })).boxed()
    }
}
