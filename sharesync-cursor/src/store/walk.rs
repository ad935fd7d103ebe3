//! Listing a share, or a folder of it, with all that is below: several folders at once.

use std::sync::Arc;

use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _, stream};
use sharesync_core::{BoxStream, ErrorKind, Result, TreeGuard};

use super::Inner;
use super::find::Place;
use super::item::Known;

/// Folders listed at once.
const AT_ONCE: usize = 8;

/// What a folder holds, and how deep it lies.
type Listing = futures::future::BoxFuture<'static, Result<(Vec<Known>, usize)>>;

struct Walk {
    store: Arc<Inner>,
    /// Whether the folder that it begins at must be there.
    whole: bool,
    /// Folders found and not yet listed, and how deep they lie: the last one found comes first, which keeps this short.
    pending: Vec<(Place, usize)>,
    running: FuturesUnordered<Listing>,
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

impl Walk {
    async fn next(&mut self) -> Result<Option<Vec<Known>>> {
        while self.running.len() < AT_ONCE
            && let Some((folder, depth)) = self.pending.pop()
        {
            let (store, may_vanish) = (self.store.clone(), depth > 0 || !self.whole);
            let listing = async move {
                match store.children(&folder).await {
                    Err(error) if error.kind() == ErrorKind::NotFound && may_vanish => Ok((Vec::new(), depth)),
                    listed => Ok((listed?, depth)),
                }
            };
            self.running.push(listing.boxed());
        }
        let Some((found, depth)) = self.running.next().await.transpose()? else { return Ok(None) };
        for folder in found.iter().filter(|known| known.is_folder) {
            if self.guard.enter(&folder.id, depth + 1)? {
                self.pending.push((Place::Folder(folder.id.clone()), depth + 1));
            }
        }
        Ok(Some(found))
    }
}
