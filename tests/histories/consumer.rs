//! A consumer of changes that can be killed anywhere: it keeps what it was told, and its last checkpoint.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::task::Poll;

use fastrand::Rng;
use futures::{FutureExt as _, StreamExt as _, future};
use sharesync::{
    BoxStream, Change, ChangeOptions, ChangePage, Cursor, ErrorKind, Item, ItemId, RemoteStore, Result, Since,
};

use super::tree::{Known, Tree};

/// How one reading of the changes ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Everything was read, and the checkpoint kept.
    Checkpoint,
    /// Killed while it waited for a page.
    Waiting,
    /// Killed while it applied a page, or before it had kept the checkpoint of that page.
    Applying,
    /// The service, or somebody in between, failed.
    Failed,
}

#[derive(Default)]
pub(crate) struct Consumer {
    items: BTreeMap<ItemId, Item>,
    /// What came since a reset began.
    seen: Option<BTreeSet<ItemId>>,
    /// How often everything was told anew.
    pub(crate) resets: usize,
    cursor: Option<Cursor>,
}

impl Consumer {
    /// Reads what is new to its end, or until it is killed. `before_page` is told how many pages came before.
    pub(crate) async fn read(
        &mut self,
        store: &dyn RemoteStore,
        rng: &mut Rng,
        mut before_page: impl FnMut(usize),
    ) -> End {
        let mut pages = self.pages(store, ChangeOptions::new().with_page_size(rng.u32(1..8)));
        // A reading wakes up several times for each request.
        let mut patience = (rng.u8(0..4) == 0).then(|| rng.usize(0..60));
        let mut appetite = (rng.u8(0..3) == 0).then(|| rng.usize(0..8));
        for read in 0.. {
            before_page(read);
            let page = match next(&mut pages, &mut patience).await {
                Some(Some(page)) => page.unwrap(),
                Some(None) => return End::Checkpoint,
                None => return End::Waiting,
            };
            for change in page.changes {
                match &mut appetite {
                    Some(0) => return End::Applying,
                    Some(left) => *left -= 1,
                    None => {}
                }
                self.apply(change);
            }
            match appetite {
                Some(0) => return End::Applying,
                _ => self.cursor = page.checkpoint.or(self.cursor.take()),
            }
        }
        unreachable!("the pages are not endless")
    }

    /// Reads what is new to its end, or until a page of somebody in between ends it.
    pub(crate) async fn read_whole(&mut self, store: &dyn RemoteStore) -> End {
        let mut pages = self.pages(store, ChangeOptions::new());
        while let Some(page) = pages.next().await {
            match page {
                Ok(page) => self.take(page),
                Err(error) => {
                    // What a gateway says is never the service's word, at most a wish that somebody signs in.
                    let passing = [ErrorKind::Protocol, ErrorKind::Unavailable, ErrorKind::Unauthenticated];
                    assert!(passing.contains(&error.kind()), "{error}");
                    return End::Failed;
                }
            }
        }
        End::Checkpoint
    }

    /// Reads what is new to its end.
    pub(crate) async fn read_all(&mut self, store: &dyn RemoteStore) {
        let mut pages = self.pages(store, ChangeOptions::new());
        while let Some(page) = pages.next().await {
            self.take(page.unwrap());
        }
    }

    /// Applies a page, and keeps its checkpoint.
    pub(crate) fn take(&mut self, page: ChangePage) {
        page.changes.into_iter().for_each(|change| self.apply(change));
        self.cursor = page.checkpoint.or(self.cursor.take());
    }

    fn pages(&mut self, store: &dyn RemoteStore, options: ChangeOptions) -> BoxStream<'static, Result<ChangePage>> {
        store.changes(self.begin().map_or(Since::Beginning, Since::Cursor), options)
    }

    /// Begins to read: from the last checkpoint, if there is one.
    pub(crate) fn begin(&mut self) -> Option<Cursor> {
        // A reset that was broken off is told again.
        self.seen = None;
        if self.cursor.is_none() {
            self.items.clear();
        }
        self.cursor.clone()
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::Upsert(item) => {
                if let Some(seen) = &mut self.seen {
                    seen.insert(item.identity().clone());
                }
                self.items.insert(item.identity().clone(), item);
            }
            Change::Remove(id) => self.remove(&id),
            Change::ResetBegin => {
                self.resets += 1;
                self.seen = Some(BTreeSet::new());
            }
            Change::ResetEnd => {
                let seen = self.seen.take().expect("a reset ends that has begun");
                self.items.retain(|id, _| seen.contains(id));
            }
            other => panic!("{other:?} is new"),
        }
    }

    /// With an item goes everything below it.
    fn remove(&mut self, id: &ItemId) {
        let Some(item) = self.items.remove(id) else { return };
        let inside = self.items.iter().filter(|(_, other)| other.parent.as_ref() == Some(&item.id));
        for id in inside.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            self.remove(&id);
        }
    }

    /// Compares what it was told with what the tree holds.
    #[track_caller]
    pub(crate) fn assert_is(&self, tree: &Tree, what: &str) {
        let folders: BTreeMap<_, _> = self.items.values().map(|item| (&item.id, item)).collect();
        let files = self.items.values().filter(|item| item.is_file());
        let algorithm = files.flat_map(|item| &item.digests).map(|digest| digest.algorithm()).next();
        let mut told = BTreeMap::<String, Known>::new();
        for item in self.items.values() {
            let path = path(&folders, item);
            if path != Tree::TOP && !path.starts_with(&format!("{}/", Tree::TOP)) {
                continue;
            }
            let digest = algorithm.and_then(|algorithm| item.digest(algorithm).cloned());
            let known = item.is_file().then_some((item.size, digest));
            assert!(told.insert(path.clone(), known).is_none(), "{what}: two items at {path}");
        }
        let mut expected = tree.expected(algorithm);
        for (path, known) in &mut expected {
            // What a listing does not report, an enumeration does not tell.
            if let (Some((_, digest)), Some(Some((_, None)))) = (known, told.get(path)) {
                *digest = None;
            }
        }
        assert_eq!(told, expected, "{what}");
    }
}

/// The next page, unless the patience ends before.
async fn next<S: futures::Stream + Unpin>(pages: &mut S, patience: &mut Option<usize>) -> Option<Option<S::Item>> {
    let mut page = pin!(pages.next());
    future::poll_fn(|context| match patience {
        Some(0) => Poll::Ready(None),
        _ => {
            if let Some(left) = patience {
                *left -= 1;
            }
            page.poll_unpin(context).map(Some)
        }
    })
    .await
}

/// The names from the root of the store to an item.
fn path(folders: &BTreeMap<&ItemId, &Item>, item: &Item) -> String {
    let mut names = vec![item.name.as_str()];
    let mut above = item.parent.as_ref();
    while let Some(folder) = above.and_then(|id| folders.get(id)) {
        names.push(&folder.name);
        assert!(names.len() < 100, "{} lies in itself", item.name);
        above = folder.parent.as_ref();
    }
    names.reverse();
    names.join("/")
}
