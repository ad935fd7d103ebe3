//! Change detection for services without a change feed: a walk of the tree is compared with the snapshot of the last one.
//!
//! An application chooses where snapshots are kept and hands a [`Snapshots`] to the provider's store; the store
//! implements [`RemoteStore::changes`] by one call of [`Snapshots::changes`]. The cost of one call is a listing of every
//! folder, unless the service tells which folders have nothing new ([`Pruning`]); an unchanged tree writes nothing to
//! the snapshot but its state.
//!
//! What lives elsewhere: what changes and cursors mean (the crate root), the feeds of services that have one (their
//! provider crates).
//!
//! # What comes, and in which order
//! The tree is read to the end before the first page comes, so an error on the way changes nothing. Then come
//! 1. the removals of files that are gone,
//! 2. the upserts of what is new, edited, renamed or moved, a folder before what it holds,
//! 3. the removals of folders that are gone. What they held is not named again; what was moved out of them is safe,
//!    because its upsert came before.
//!
//! Items are told apart by [`Item::identity`](crate::Item::identity), which is also what
//! [`Change::Remove`](crate::Change::Remove) names. Of a folder, the name and the place make a change; of a file,
//! everything that is reported of it. [`Item::path`](crate::Item::path) is never filled: it follows from the parents, and
//! a renamed folder is one change, not one for everything below it. The scope's own folder is not reported.
//!
//! # Cursors
//! The snapshot of a walk becomes the base of the next comparison when the consumer comes back with the cursor of that
//! walk. One that comes back with the cursor before (it crashed between a page and its checkpoint) is told again of
//! everything that may have reached it, in its present state. Any other cursor of this store and scope leads to a reset.
//! There is one line of cursors for each store, account and scope in a [`SnapshotStore`]: two consumers need one
//! `SnapshotStore` each, and so do two users whose stores have the same [`account`](crate::StoreInfo::account), or each
//! of their readings is a reset. When two streams of one snapshot are read at once, the older one ends in an error of kind
//! [`Conflict`](crate::ErrorKind::Conflict).
//!
//! # While the tree changes under the walk
//! - An item that is seen in two places was moved meanwhile: the place seen last counts.
//! - An item that was not seen where it was, nor anywhere else, is asked for by [`stat`](RemoteStore::stat); if it exists,
//!   its folder is listed again. Only what is still not seen then is removed.
//! - What was moved out of a folder that was then deleted, all during one walk, may be removed with that folder and come
//!   back as new with the next call.
//! - A folder that seems to hold itself ends the walk with an error: the service is at fault, or two folders were moved
//!   into each other's place and the next call succeeds.
//!
//! # What pruning can miss
//! With [`Pruning::FolderRevision`], a folder whose revision is the same as in the last walk is not listed. If a service
//! does not give a folder a new revision when something below it is deleted, renamed or moved out, then such a change is
//! seen late: at the latest in the next walk of the whole tree, see [`Snapshots::with_full_scan_every`]. An item that
//! moved between two folders is seen as soon as one of them has a new revision. A folder is listed once more in the walk
//! after the one in which its revision was new, so that a change within the resolution of the revision (often a time) is
//! not lost. In the first walk every revision is new; there that holds for those that are times of the last minutes.
//!
//! # Memory
//! It does not grow with the tree. It holds a few hundred items at a time, and some twenty bytes for each item of the
//! folders that are being listed.

mod compare;
mod emit;
mod keys;
mod memory;
mod missing;
mod record;
#[cfg(feature = "snapshot-redb")]
mod redb;
mod session;
mod store;
mod walk;

use std::sync::Arc;
use std::time::Duration;

use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};

pub use memory::MemorySnapshots;
#[cfg(feature = "snapshot-redb")]
#[cfg_attr(docsrs, doc(cfg(feature = "snapshot-redb")))]
pub use redb::RedbSnapshots;
pub use store::{Commit, SnapshotStore};

use crate::{BoxStream, ChangeOptions, ChangePage, Error, Operation, RemoteStore, Result, ServiceClock, Since};
use session::{Report, Session};
use walk::Walk;

/// What a service tells of the folders that need not be listed again.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Pruning {
    /// Nothing: every folder is listed each time.
    None,
    /// The [`revision`](crate::Item::revision) of a folder, in a listing as in [`RemoteStore::stat`], changes when
    /// anything below it changes, at any depth. A folder without a revision is always listed.
    FolderRevision(
        /// The clock of revisions that are times: a time of just now may be that of more than one change.
        ServiceClock,
    ),
}

/// Where an application keeps snapshots, and how trees are read to compare with them. Clones share the snapshots.
#[derive(Debug, Clone)]
pub struct Snapshots {
    store: Arc<dyn SnapshotStore>,
    concurrency: usize,
    full_scan_every: Duration,
}

impl Snapshots {
    /// Keeps snapshots there. Eight folders are listed at once; the whole tree is read at least once a day.
    pub fn new(store: impl SnapshotStore) -> Self {
        Self { store: Arc::new(store), concurrency: 8, full_scan_every: Duration::from_secs(24 * 60 * 60) }
    }

    /// Sets how many folders are listed at once; at least one.
    #[must_use]
    pub fn with_concurrency(mut self, folders: usize) -> Self {
        self.concurrency = folders.max(1);
        self
    }

    /// Sets after which time the next call lists every folder although the service has [`Pruning`]; zero for each time.
    #[must_use]
    pub fn with_full_scan_every(mut self, interval: Duration) -> Self {
        self.full_scan_every = interval;
        self
    }

    /// The changes of `source`: how a provider without a feed implements [`RemoteStore::changes`].
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use sharesync_core::snapshot::{self, Pruning, Snapshots};
    /// # use sharesync_core::{BoxStream, ChangeOptions, ChangePage, RemoteStore, Result, Since};
    /// fn changes(
    ///     store: Arc<dyn RemoteStore>,
    ///     snapshots: Option<&Snapshots>,
    ///     since: Since,
    ///     options: ChangeOptions,
    /// ) -> BoxStream<'static, Result<ChangePage>> {
    ///     match snapshots {
    ///         Some(snapshots) => snapshots.changes(store, Pruning::None, since, options),
    ///         None => snapshot::not_configured(store.info().provider),
    ///     }
    /// }
    /// ```
    ///
    /// Of `source` it needs [`list`](RemoteStore::list) and [`stat`](RemoteStore::stat), the latter also of the scope's
    /// folder. `source` must be cheap to clone into here, such as a handle around an `Arc`.
    ///
    /// # Errors
    /// [`CursorInvalid`](crate::ErrorKind::CursorInvalid) for a cursor of another store or scope,
    /// [`Conflict`](crate::ErrorKind::Conflict) when another stream of this snapshot has begun meanwhile,
    /// [`Io`](crate::ErrorKind::Io) when the snapshot cannot be read or written, and what listing the tree can end in.
    pub fn changes(
        &self,
        source: impl RemoteStore,
        pruning: Pruning,
        since: Since,
        options: ChangeOptions,
    ) -> BoxStream<'static, Result<ChangePage>> {
        let (snapshots, source): (_, Arc<dyn RemoteStore>) = (self.clone(), Arc::new(source));
        // The walk is one large future.
        let pages = async move { snapshots.compare(source, pruning, since, options).await }.boxed();
        stream::once(pages).try_flatten().boxed()
    }

    /// Reads the tree into a new generation of the snapshot; then the pages that tell the difference.
    async fn compare(
        self,
        source: Arc<dyn RemoteStore>,
        pruning: Pruning,
        since: Since,
        options: ChangeOptions,
    ) -> Result<BoxStream<'static, Result<ChangePage>>> {
        let (mut session, report) = Session::begin(self.store.clone(), source.info(), &options, &since).await?;
        let full = matches!(pruning, Pruning::None) || session.full_scan_due(self.full_scan_every);
        session.start_walk(full, pruning).await?;
        Walk::new(source, &session, &options, full, self.concurrency).run().await?;
        session.seal().await?;
        let size = options.page_size.map_or(emit::PAGE, |size| size as usize).clamp(1, emit::MAX_PAGE);
        Ok(match report {
            Report::Everything => emit::everything(session, size, false),
            Report::Reset => emit::everything(session, size, true),
            Report::Differences => emit::differences(session, size).await?,
            Report::Nothing => {
                let page = ChangePage::new(Vec::new()).with_checkpoint(session.cursor());
                stream::once(async { Ok(page) }).boxed()
            }
        })
    }
}

/// The changes of a store without a feed to which no [`Snapshots`] were given: an error that says how to enable them.
pub fn not_configured(provider: &'static str) -> BoxStream<'static, Result<ChangePage>> {
    let why = "the service has no change feed; give the store a place for snapshots (snapshot::Snapshots), by `with_snapshots` \
               of its options or `snapshots` of its configuration";
    let error = Error::unsupported(provider, Operation::Changes, why);
    stream::once(async { Err(error) }).boxed()
}
