//! Listing a tree: several folders at once, each item once, with its path.

use std::collections::VecDeque;

use futures::future::BoxFuture;
use futures::stream::{self, FuturesUnordered};
use futures::{FutureExt as _, StreamExt as _};

use super::place::Place;
use crate::{BoxStream, Item, ItemRef, ListOptions, Page, RemotePath, RemoteStore, Result};

/// How a tree is listed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WalkOptions {
    /// Folders listed at once.
    pub concurrency: usize,
    /// How many levels of folders below the first one are listed; `None` for all.
    pub max_depth: Option<usize>,
    /// How each folder is listed.
    pub list: ListOptions,
}

impl Default for WalkOptions {
    fn default() -> Self {
        Self { concurrency: 8, max_depth: None, list: ListOptions::new() }
    }
}

impl WalkOptions {
    /// Eight folders at once, to any depth.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how many folders are listed at once; at least one.
    #[must_use]
    pub fn with_concurrency(mut self, folders: usize) -> Self {
        self.concurrency = folders.max(1);
        self
    }

    /// Sets how many levels of folders below the first one are listed: 0 lists the first folder alone.
    #[must_use]
    pub fn with_max_depth(mut self, levels: usize) -> Self {
        self.max_depth = Some(levels);
        self
    }

    /// Sets how each folder is listed.
    #[must_use]
    pub fn with_list(mut self, list: ListOptions) -> Self {
        self.list = list;
        self
    }
}

type Pages = BoxStream<'static, Result<Page<Item>>>;
type Listing = BoxFuture<'static, (Place, Option<Result<Page<Item>>>, Pages)>;

struct Walk<'a, S: ?Sized> {
    store: &'a S,
    options: WalkOptions,
    /// Folders found and not yet listed: the last one found comes first, which keeps this short.
    pending: Vec<(Place, ItemRef)>,
    running: FuturesUnordered<Listing>,
    found: VecDeque<Result<(RemotePath, Item)>>,
}

pub(super) fn walk<'a, S: RemoteStore + ?Sized>(
    store: &'a S,
    folder: ItemRef,
    options: WalkOptions,
) -> BoxStream<'a, Result<(RemotePath, Item)>> {
    let pending = vec![(Place::start(), folder)];
    let walk = Walk { store, options, pending, running: FuturesUnordered::new(), found: VecDeque::new() };
    stream::unfold(walk, |mut walk| async move { walk.next().await.map(|found| (found, walk)) }).boxed()
}

impl<S: RemoteStore + ?Sized> Walk<'_, S> {
    async fn next(&mut self) -> Option<Result<(RemotePath, Item)>> {
        loop {
            if let Some(found) = self.found.pop_front() {
                return Some(found);
            }
            while self.running.len() < self.options.concurrency.max(1) {
                let Some((place, folder)) = self.pending.pop() else {
                    break;
                };
                let pages = self.store.list(&folder, self.options.list.clone());
                self.running.push(next_page(place, pages));
            }
            match self.running.next().await? {
                (_, None, _) => {}
                (place, Some(Ok(page)), pages) => {
                    self.take_in(&place, page);
                    self.running.push(next_page(place, pages));
                }
                (place, Some(Err(error)), _) => {
                    let error = if error.subject().is_none() { error.with_subject(&place.path) } else { error };
                    self.found.push_back(Err(error));
                }
            }
        }
    }

    fn take_in(&mut self, place: &Place, page: Page<Item>) {
        let deeper = self.options.max_depth.is_none_or(|levels| place.depth < levels);
        for item in page.items {
            let path = place.path_of(&item);
            let inside = match &path {
                Ok(path) if deeper && item.is_folder() => Some(place.enter(&item, path.clone())),
                _ => None,
            };
            let folder = ItemRef::from(&item);
            self.found.push_back(path.map(|path| (path, item)));
            match inside {
                Some(Ok(inside)) => self.pending.push((inside, folder)),
                Some(Err(error)) => self.found.push_back(Err(error)),
                None => {}
            }
        }
    }
}

fn next_page(place: Place, mut pages: Pages) -> Listing {
    async move {
        let page = pages.next().await;
        (place, page, pages)
    }
    .boxed()
}
