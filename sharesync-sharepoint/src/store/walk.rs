//! Listing a folder, or a folder with all that is below: several folders at once, each page by page.

use std::collections::HashSet;
use std::sync::Arc;

use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _, stream};
use sharesync_core::{BoxStream, ErrorKind, Result};

use super::Inner;
use super::find::Place;
use super::item::Known;
use crate::model::Guid;
use crate::rest::{Children, FolderPage, Target};

/// Folders listed at once.
const AT_ONCE: usize = 8;

/// A listing under way.
pub(super) struct Listing {
    store: Arc<Inner>,
    place: Place,
    children: Children,
}

impl Listing {
    pub(super) fn new(store: Arc<Inner>, place: Place, page_size: u32) -> Self {
        let children = store.client.folders().children(&Target::Id(place.id), page_size);
        Self { store, place, children }
    }

    /// The next page; `None` after the last one.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Known>>> {
        let (root, parent) = (&self.store.root, Some(self.place.id));
        let page = match self.children.next().await? {
            None => return Ok(None),
            Some(FolderPage::Folders(folders)) => {
                let shown = folders.into_iter().filter(|folder| !self.hides(folder.name.as_deref()));
                shown.map(|folder| Known::folder(folder, root, parent)).collect::<Result<Vec<_>>>()?
            }
            Some(FolderPage::Files(files)) => {
                files.into_iter().map(|file| Known::file(file, root, parent)).collect::<Result<Vec<_>>>()?
            }
        };
        // The folder may have been renamed since; where its entries are is where they were found.
        let placed = page.into_iter().map(|mut known| {
            known.path = known.path.or_else(|| self.place.path.join(&known.name).ok());
            known
        });
        Ok(Some(placed.collect()))
    }

    fn hides(&self, name: Option<&str>) -> bool {
        self.place.path.is_root() && name.is_some_and(|name| self.store.client.dialect().hides(name))
    }
}

struct Walk {
    store: Arc<Inner>,
    /// Folders found and not yet listed: the last one found comes first, which keeps this short.
    pending: Vec<Place>,
    running: FuturesUnordered<futures::future::BoxFuture<'static, Result<Step>>>,
    /// Folders seen: one that is moved meanwhile may appear twice.
    seen: HashSet<Guid>,
}

/// A page, and how it goes on.
type Step = (Vec<Known>, Option<Box<Listing>>);

/// All that is below a folder, a folder before what it holds. A folder that vanishes meanwhile has nothing below it, unless
/// it is the one that the walk begins at.
pub(super) fn walk(store: Arc<Inner>, from: Place) -> BoxStream<'static, Result<Vec<Known>>> {
    let walk = Walk { store, pending: vec![from], running: FuturesUnordered::new(), seen: HashSet::new() };
    stream::try_unfold(walk, |mut walk| async move { Ok(walk.next().await?.map(|found| (found, walk))) }).boxed()
}

async fn step(mut listing: Box<Listing>) -> Result<Step> {
    match listing.next().await {
        Ok(Some(found)) => Ok((found, Some(listing))),
        Ok(None) => Ok((Vec::new(), None)),
        Err(error) if error.kind() == ErrorKind::NotFound && !listing.place.path.is_root() => Ok((Vec::new(), None)),
        Err(error) => Err(error),
    }
}

impl Walk {
    async fn next(&mut self) -> Result<Option<Vec<Known>>> {
        loop {
            while self.running.len() < AT_ONCE
                && let Some(place) = self.pending.pop()
            {
                let listing = Listing::new(self.store.clone(), place, self.store.options.page_size);
                self.running.push(step(Box::new(listing)).boxed());
            }
            let Some((found, rest)) = self.running.next().await.transpose()? else { return Ok(None) };
            if let Some(listing) = rest {
                self.running.push(step(listing).boxed());
            }
            for known in found.iter().filter(|known| known.is_folder) {
                if let Some(path) = known.path.clone().filter(|_| self.seen.insert(known.id)) {
                    self.pending.push(Place { id: known.id, path });
                }
            }
            if !found.is_empty() {
                return Ok(Some(found));
            }
        }
    }
}
