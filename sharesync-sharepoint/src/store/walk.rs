//! Listing a folder, or a folder with all that is below: several folders at once, each page by page.

use std::sync::Arc;

use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _, stream};
use sharesync_core::{BoxStream, ErrorKind, Result, TreeGuard};

use super::Inner;
use super::find::Place;
use super::item::Known;
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
    /// Whether the folder that it begins at must be there.
    whole: bool,
    /// Folders found and not yet listed, and how deep they lie: the last one found comes first, which keeps this short.
    pending: Vec<(Place, usize)>,
    running: FuturesUnordered<futures::future::BoxFuture<'static, Result<Step>>>,
    /// One that is moved meanwhile may appear twice, and trees of a faulty service could be endless.
    guard: TreeGuard,
}

/// A page, how deep its folder lies, and how it goes on.
type Step = (Vec<Known>, usize, Option<Box<Listing>>);

/// All that is below a folder, a folder before what it holds. A folder that vanishes meanwhile has nothing below it, unless
/// it is the one that the walk begins at, of which the `whole` is wanted.
pub(super) fn walk(store: Arc<Inner>, from: Place, whole: bool) -> BoxStream<'static, Result<Vec<Known>>> {
    let walk =
        Walk { store, whole, pending: vec![(from, 0)], running: FuturesUnordered::new(), guard: TreeGuard::new() };
    stream::try_unfold(walk, |mut walk| async move { Ok(walk.next().await?.map(|found| (found, walk))) }).boxed()
}

async fn step(mut listing: Box<Listing>, depth: usize, may_vanish: bool) -> Result<Step> {
    match listing.next().await {
        Ok(Some(found)) => Ok((found, depth, Some(listing))),
        Ok(None) => Ok((Vec::new(), depth, None)),
        Err(error) if error.kind() == ErrorKind::NotFound && may_vanish => Ok((Vec::new(), depth, None)),
        Err(error) => Err(error),
    }
}

impl Walk {
    fn may_vanish(&self, depth: usize) -> bool {
        depth > 0 || !self.whole
    }

    async fn next(&mut self) -> Result<Option<Vec<Known>>> {
        loop {
            while self.running.len() < AT_ONCE
                && let Some((place, depth)) = self.pending.pop()
            {
                let listing = Listing::new(self.store.clone(), place, self.store.options.page_size);
                self.running.push(step(Box::new(listing), depth, self.may_vanish(depth)).boxed());
            }
            let Some((found, depth, rest)) = self.running.next().await.transpose()? else { return Ok(None) };
            if let Some(listing) = rest {
                self.running.push(step(listing, depth, self.may_vanish(depth)).boxed());
            }
            for known in found.iter().filter(|known| known.is_folder) {
                if let Some(path) = known.path.clone()
                    && self.guard.enter(&known.id.simple(), depth + 1)?
                {
                    self.pending.push((Place { id: known.id, path }, depth + 1));
                }
            }
            if !found.is_empty() {
                return Ok(Some(found));
            }
        }
    }
}
