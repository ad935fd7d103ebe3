//! Listing a share, or a folder of it, with all that is below: several folders at once, each some entries at a time.

use std::sync::Arc;

use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use sharesync_core::{BoxStream, ErrorKind, Result, TreeGuard};

use super::Inner;
use super::find::Place;
use super::item::Known;

/// Folders listed at once.
const AT_ONCE: usize = 8;

type Pages = BoxStream<'static, Result<Vec<Known>>>;

/// What comes next of a folder, how deep it lies, and what is left of it.
type Step = (Vec<Known>, usize, Option<Pages>);

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

/// All that is below a folder, a folder before what it holds. A folder that vanishes meanwhile has nothing below it, unless
/// it is the one that the walk begins at, of which the `whole` is wanted.
pub(super) fn walk(store: Arc<Inner>, from: Place, whole: bool) -> BoxStream<'static, Result<Vec<Known>>> {
    let walk =
        Walk { store, whole, pending: vec![(from, 0)], running: FuturesUnordered::new(), guard: TreeGuard::new() };
    stream::try_unfold(walk, |mut walk| async move { Ok(walk.next().await?.map(|found| (found, walk))) }).boxed()
}

async fn open(store: Arc<Inner>, folder: Place, depth: usize, may_vanish: bool) -> Result<Step> {
    match store.children(&folder).await {
        Err(error) if error.kind() == ErrorKind::NotFound && may_vanish => Ok((Vec::new(), depth, None)),
        Err(error) => Err(error),
        Ok(children) => step(children.pages, depth).await,
    }
}

async fn step(mut pages: Pages, depth: usize) -> Result<Step> {
    Ok(pages.try_next().await?.map_or((Vec::new(), depth, None), |page| (page, depth, Some(pages))))
}

impl Walk {
    async fn next(&mut self) -> Result<Option<Vec<Known>>> {
        loop {
            while self.running.len() < AT_ONCE
                && let Some((folder, depth)) = self.pending.pop()
            {
                let may_vanish = depth > 0 || !self.whole;
                self.running.push(open(self.store.clone(), folder, depth, may_vanish).boxed());
            }
            let Some((found, depth, rest)) = self.running.next().await.transpose()? else { return Ok(None) };
            if let Some(pages) = rest {
                self.running.push(step(pages, depth).boxed());
            }
            for folder in found.iter().filter(|known| known.is_folder) {
                if self.guard.enter(&folder.id, depth + 1)? {
                    self.pending.push((Place::Folder(folder.id.clone()), depth + 1));
                }
            }
            if !found.is_empty() {
                return Ok(Some(found));
            }
        }
    }
}
