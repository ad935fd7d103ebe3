//! Listing a share, or a folder of it, with all that is below: several folders at once.

use std::collections::HashSet;
use std::sync::Arc;

use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _, stream};
use sharesync_core::{BoxStream, ErrorKind, Result};

use super::Inner;
use super::find::Place;
use super::item::Known;

/// Folders listed at once.
const AT_ONCE: usize = 8;

struct Walk {
    store: Arc<Inner>,
    /// Folders found and not yet listed: the last one found comes first, which keeps this short.
    pending: Vec<Place>,
    running: FuturesUnordered<futures::future::BoxFuture<'static, Result<Vec<Known>>>>,
    /// Folders seen: one that is moved meanwhile may appear twice, and trees of a faulty service could be endless.
    seen: HashSet<String>,
}

/// All that is below a folder, a folder before what it holds. A folder that vanishes meanwhile has nothing below it.
pub(super) fn walk(store: Arc<Inner>, from: Place) -> BoxStream<'static, Result<Vec<Known>>> {
    let walk = Walk { store, pending: vec![from], running: FuturesUnordered::new(), seen: HashSet::new() };
    stream::try_unfold(walk, |mut walk| async move { Ok(walk.next().await?.map(|found| (found, walk))) }).boxed()
}

impl Walk {
    async fn next(&mut self) -> Result<Option<Vec<Known>>> {
        while self.running.len() < AT_ONCE
            && let Some(folder) = self.pending.pop()
        {
            let store = self.store.clone();
            let listing = async move {
                match store.children(&folder).await {
                    Err(error) if error.kind() == ErrorKind::NotFound && folder.id().is_some() => Ok(Vec::new()),
                    listed => listed,
                }
            };
            self.running.push(listing.boxed());
        }
        let Some(found) = self.running.next().await.transpose()? else { return Ok(None) };
        for folder in found.iter().filter(|known| known.is_folder) {
            if self.seen.insert(folder.id.clone()) {
                self.pending.push(Place::Folder(folder.id.clone()));
            }
        }
        Ok(Some(found))
    }
}
