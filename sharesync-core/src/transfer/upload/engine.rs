//! One upload from its request to its item, through failures, enquiries and at most one new start.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use tokio::sync::OwnedSemaphorePermit;

use super::flights::Flights;
use super::verify::verify;
use super::{Integrity, UploadOutcome};
use crate::temporary::tidied;
use crate::transfer::hashing::{ContentHash, HashingSource};
use crate::transfer::options::MemoryBudget;
use crate::transfer::source::PiecesSource;
use crate::transfer::{
    Part, PartPlan, PartReceipt, Progress, Source, TransferOptions, UploadJournal, UploadRequest, UploadSpec,
    UploadStatus,
};
use crate::{Digest, DigestAlgorithm, Error, ErrorKind, Item, Operation, RemoteStore, Result, Support};

/// Content up to this many bytes is read once and sent from memory, also where the plan has a single part.
const IN_MEMORY: u64 = 1024 * 1024;

/// Attempts in a row that begin with no more at the service than an earlier one. Whoever loses again and again what it has
/// acknowledged would otherwise be sent it for ever.
const MOST_FRUITLESS: u32 = 3;

/// The pauses in milliseconds while the service is busy with the upload, as it may be with the last request of a process that
/// was killed.
const PAUSES: [u64; 7] = [50, 100, 200, 400, 800, 1600, 3200];

pub(super) struct Engine<'a, S: RemoteStore + ?Sized> {
    store: &'a S,
    source: Arc<dyn Source>,
    journal: Option<Arc<dyn UploadJournal>>,
    /// Whether only what is sent in several parts goes into the journal: a tree may have many small files, and what is under way
    /// of them is sent again all the same.
    parts_only: bool,
    parallel: usize,
    memory: Option<MemoryBudget>,
    /// Counts this file alone, into what the application counts.
    progress: Progress,
    open: Mutex<Open>,
}

/// What is at the service and not complete.
#[derive(Default)]
struct Open {
    spec: Option<Arc<UploadSpec>>,
    /// Whether it can be continued once this engine is gone: a journal has the spec, or the caller.
    kept: bool,
}

/// What the service has of the upload.
enum Held {
    Parts { spec: Box<UploadSpec>, received: Vec<Range<u64>> },
    All(Box<Item>),
}

/// An upload that is under way: the spec to go on with, which answers to parts may renew, and how many parts were answered.
struct Way {
    spec: Mutex<Arc<UploadSpec>>,
    acknowledged: AtomicU64,
}

impl Way {
    fn new(spec: UploadSpec) -> Self {
        Self { spec: Mutex::new(Arc::new(spec)), acknowledged: AtomicU64::new(0) }
    }

    fn spec(&self) -> Arc<UploadSpec> {
        self.spec.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn renew(&self, spec: Arc<UploadSpec>) {
        *self.spec.lock().unwrap_or_else(PoisonError::into_inner) = spec;
    }

    fn has_advanced(&self) -> bool {
        self.acknowledged.load(Ordering::Relaxed) > 0
    }
}

/// Digests that go along with a part.
#[derive(Default)]
struct Along {
    whole: Vec<Digest>,
    prefix: Vec<Digest>,
}

/// The parts that were sent, and the digests of the whole content.
type Sent = (Vec<PartReceipt>, Vec<Digest>);

impl<'a, S: RemoteStore + ?Sized> Engine<'a, S> {
    pub(super) fn new(store: &'a S, source: Arc<dyn Source>, options: TransferOptions) -> Self {
        let progress = options.progress.clone().unwrap_or_default();
        progress.announce(source.size());
        let TransferOptions { parallel_parts: parallel, journal, memory, journals, .. } = options;
        Self {
            store,
            source,
            journal,
            parts_only: journals.is_some(),
            parallel,
            memory,
            progress: progress.part(),
            open: Mutex::default(),
        }
    }

    /// Uploads. A session that the service has forgotten, or that does not fit the content, is begun anew once.
    pub(super) async fn run(&self, request: UploadRequest, resumed: Option<UploadSpec>) -> Result<UploadOutcome> {
        if let Some(spec) = &resumed {
            *self.open() = Open { spec: Some(Arc::new(spec.clone())), kept: true };
        }
        let mut done = self.session(&request, resumed).await;
        if let Err(error) = &done
            && error.kind() == ErrorKind::UploadExpired
        {
            tracing::debug!(%error, "the upload starts anew");
            self.give_up().await;
            self.forget().await;
            done = self.session(&request, None).await;
        }
        if let Err(error) = &done {
            // What it holds of the content is of no use any more, or of use to nobody.
            let useless =
                matches!(error.kind(), ErrorKind::UploadExpired | ErrorKind::SourceChanged | ErrorKind::Integrity);
            if useless || !self.open().kept {
                self.give_up().await;
            }
            if useless {
                self.forget().await;
            }
        }
        let (item, digests) = done?;
        self.open().spec = None;
        self.forget().await;
        let integrity = self.verify(&item, &digests)?;
        self.progress.settle(self.source.size());
        Ok(UploadOutcome { item, integrity })
    }

    fn verify(&self, item: &Item, digests: &[Digest]) -> Result<Integrity> {
        verify(item, self.source.size(), digests, self.store.capabilities().content_stable)
            .map_err(|error| error.with_provider(self.store.info().provider))
    }

    /// One session of the service, to the finished item.
    async fn session(&self, request: &UploadRequest, resumed: Option<UploadSpec>) -> Result<(Item, Vec<Digest>)> {
        let mut held = match resumed {
            Some(spec) => self.enquire(&spec).await?,
            None => self.begin(request).await?,
        };
        let (mut enquired, mut most, mut fruitless) = (false, 0, 0);
        loop {
            let (spec, received) = match held {
                Held::Parts { spec, received } => (spec, received),
                Held::All(item) => return self.complete(*item).await,
            };
            let had: u64 = received.iter().map(|range| range.end - range.start).sum();
            self.progress.set(had);
            fruitless = if had > most { 0 } else { fruitless + 1 };
            most = most.max(had);
            let way = Way::new(*spec);
            let error = match self.send(&way, &received).await {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            // One enquiry, and another one only after the last one led to progress.
            let stuck = enquired && !way.has_advanced() || fruitless > MOST_FRUITLESS;
            if stuck || !transient(error.kind()) || !self.can_enquire() {
                return Err(error);
            }
            tracing::debug!(%error, "asking what the service has of the upload");
            enquired = true;
            held = match self.enquire(&way.spec()).await {
                Err(other) if other.kind() != ErrorKind::UploadExpired => return Err(error),
                held => held?,
            };
        }
    }

    async fn begin(&self, request: &UploadRequest) -> Result<Held> {
        let spec = self.store.upload_spec(request.clone()).await?;
        *self.open() = Open { spec: Some(Arc::new(spec.clone())), kept: false };
        self.save(&spec).await?;
        self.open().kept = self.journal_for(&spec).is_some();
        Ok(Held::Parts { spec: Box::new(spec), received: Vec::new() })
    }

    fn can_enquire(&self) -> bool {
        self.store.capabilities().support(Operation::UploadResume) != Support::Unsupported
    }

    /// Asks what the service has, and whether it is part of this content.
    async fn enquire(&self, spec: &UploadSpec) -> Result<Held> {
        let (spec, mut received, prefix) = match self.status(spec).await? {
            UploadStatus::InProgress { spec, received, prefix } => (spec, received, prefix),
            UploadStatus::Complete(item) => return Ok(Held::All(item)),
            UploadStatus::Expired => {
                return Err(Error::new(ErrorKind::UploadExpired, "the service knows nothing of the upload any more"));
            }
        };
        received.retain(|range| !range.is_empty());
        self.open().spec = Some(Arc::new((*spec).clone()));
        self.save(&spec).await?;
        if !fits(&spec, &received) || !self.has_prefix(&received, prefix.as_ref()).await? {
            let message = "what the service has of the upload is not part of the local content";
            return Err(Error::new(ErrorKind::UploadExpired, message));
        }
        Ok(Held::Parts { spec, received })
    }

    async fn status(&self, spec: &UploadSpec) -> Result<UploadStatus> {
        for pause in PAUSES {
            match self.store.upload_status(spec).await {
                Err(error) if error.kind() == ErrorKind::Locked => {
                    tracing::debug!(%error, "the service is busy with the upload");
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                }
                status => return status,
            }
        }
        self.store.upload_status(spec).await
    }

    async fn has_prefix(&self, received: &[Range<u64>], prefix: Option<&Digest>) -> Result<bool> {
        let (Some(range), Some(prefix)) = (received.first().filter(|range| range.start == 0), prefix) else {
            return Ok(true);
        };
        let mut hash = ContentHash::new(&[prefix.algorithm()]);
        match hash.read_through(&*self.source, range.end).await {
            Err(error) if error.kind() == ErrorKind::SourceChanged => return Ok(false),
            read => read?,
        }
        Ok(hash.digests().await?.contains(prefix))
    }

    /// The upload was complete already; the item's own digest algorithm tells whether it is this content.
    async fn complete(&self, item: Item) -> Result<(Item, Vec<Digest>)> {
        let algorithm = item.digests.first().map(Digest::algorithm);
        let mut hash = ContentHash::new(algorithm.as_slice());
        if !hash.is_idle() {
            hash.read_through(&*self.source, self.source.size()).await?;
        }
        Ok((item, hash.digests().await?))
    }

    async fn send(&self, way: &Way, received: &[Range<u64>]) -> Result<(Item, Vec<Digest>)> {
        let spec = way.spec();
        let whole = spec.part_range(0);
        let (receipts, digests) = if spec.plan == PartPlan::Single && !covers(received, &whole) {
            self.send_whole(way).await?
        } else {
            self.send_parts(way, received).await?
        };
        let commits = self.last_part_commits(&spec);
        self.source.check_end().await.map_err(|error| error.with_maybe_applied(commits))?;
        let item = self.store.upload_finish(&way.spec(), &receipts, &digests).await?;
        Ok((item, digests))
    }

    /// Sends the source as one part, in constant memory.
    async fn send_whole(&self, way: &Way) -> Result<Sent> {
        let spec = &way.spec();
        let mut hash = ContentHash::new(&self.algorithms(spec));
        let content: Arc<dyn Source> = if spec.request.size <= IN_MEMORY {
            Arc::new(PiecesSource::read(&*self.source, 0..spec.request.size).await?)
        } else {
            self.source.clone()
        };
        if spec.digests.is_empty() {
            self.source.check_end().await?;
            let content = Arc::new(HashingSource::new(content, hash));
            let (_, receipt) = self.send_part(way, 0, content.clone(), Along::default()).await?;
            return Ok((vec![receipt], content.digests().await?));
        }
        hash.read_through(&*content, content.size()).await?;
        let digests = hash.digests().await?;
        self.source.check_end().await?;
        let along = Along { whole: asked(spec, &digests), ..Along::default() };
        let (_, receipt) = self.send_part(way, 0, content, along).await?;
        Ok((vec![receipt], digests))
    }

    /// Reads each part once, in order, and sends as many at once as plan and options allow.
    ///
    /// At most one part more than are under way is in memory: the next one is read when the last one is hashed.
    async fn send_parts(&self, way: &Way, received: &[Range<u64>]) -> Result<Sent> {
        let spec = &way.spec();
        let mut hash = ContentHash::new(&self.algorithms(spec));
        let mut flights = Flights::new(match spec.plan {
            PartPlan::Parallel { max_in_flight, .. } => self.parallel.min(max_in_flight),
            _ => 1,
        });
        for index in 0..spec.part_count() {
            let range = spec.part_range(index);
            if covers(received, &range) {
                if !hash.is_idle() {
                    flights.during(hash.read_through(&*self.source, range.end)).await?;
                }
                flights.acknowledge(index);
                continue;
            }
            let last = range.end == spec.request.size;
            let room = flights.during(self.reserve(range.end - range.start).map(Ok)).await?;
            let content = flights.during(PiecesSource::read(&*self.source, range)).await?;
            flights.during(hash.update(content.pieces())).await?;
            let mut along = Along::default();
            if last && self.last_part_commits(spec) {
                flights.during(self.source.check_end()).await?;
                along.whole = asked(spec, &flights.during(hash.digests()).await?);
            }
            if spec.prefixes {
                along.prefix = asked(spec, &flights.during(hash.digests()).await?);
            }
            flights.admit(index).await?;
            let sent = self.send_part(way, index, Arc::new(content), along);
            flights.start(sent.inspect(move |_| drop(room)).boxed());
            flights.during(hash.settle()).await?;
        }
        let receipts = flights.finish().await?;
        Ok((receipts, hash.digests().await?))
    }

    async fn send_part(
        &self,
        way: &Way,
        index: u64,
        content: Arc<dyn Source>,
        along: Along,
    ) -> Result<(u64, PartReceipt)> {
        let spec = way.spec();
        let range = spec.part_range(index);
        let count = PartCount(self.progress.part());
        let mut part = Part::new(index, range.start, content).with_progress(Some(count.0.clone()));
        part = part.with_prefix(&along.prefix);
        if range.end == spec.request.size {
            part = part.last(&along.whole);
        }
        let mut receipt = self.store.upload_part(&spec, part).await?;
        if let Some(renewed) = receipt.take_renewed() {
            let renewed = Arc::new(renewed);
            way.renew(renewed.clone());
            self.open().spec = Some(renewed.clone());
            self.save(&renewed).await?;
        }
        count.0.settle(range.end - range.start);
        way.acknowledged.fetch_add(1, Ordering::Relaxed);
        Ok((index, receipt))
    }

    /// Whether the service may take the file as complete when it has the last part.
    fn last_part_commits(&self, spec: &UploadSpec) -> bool {
        !matches!(spec.plan, PartPlan::Parallel { .. })
    }

    /// What the service asks for, and one algorithm that it reports for the finished file.
    fn algorithms(&self, spec: &UploadSpec) -> Vec<DigestAlgorithm> {
        let mut algorithms = spec.digests.clone();
        let reported = &self.store.capabilities().digests;
        if !reported.iter().any(|algorithm| algorithms.contains(algorithm)) {
            algorithms.extend(reported.first());
        }
        algorithms.sort_unstable();
        algorithms.dedup();
        algorithms
    }

    /// Waits until the transfers that share a budget have room for a part.
    async fn reserve(&self, bytes: u64) -> Option<OwnedSemaphorePermit> {
        self.memory.as_ref()?.reserve(bytes).await
    }

    fn journal_for(&self, spec: &UploadSpec) -> Option<&Arc<dyn UploadJournal>> {
        self.journal.as_ref().filter(|_| !self.parts_only || spec.part_count() > 1)
    }

    async fn save(&self, spec: &UploadSpec) -> Result<()> {
        match self.journal_for(spec) {
            Some(journal) => journal.save(spec).await,
            None => Ok(()),
        }
    }

    /// Clears the journal. What stays there when that fails does no harm: the next enquiry tells that it is over.
    async fn forget(&self) {
        if let Some(journal) = &self.journal
            && let Err(error) = journal.clear().await
        {
            tracing::warn!(%error, "the upload journal cannot be cleared");
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the service forget the upload; if it does not, its own expiry will.
    async fn give_up(&self) {
        let Some(spec) = std::mem::take(&mut *self.open()).spec else { return };
        if let Err(error) = tidied(|| self.store.upload_abort(&spec)).await {
            tracing::debug!(%error, "the upload cannot be aborted");
        }
    }
}

/// An upload that nobody can continue is given up when its future is dropped.
impl<S: RemoteStore + ?Sized> Drop for Engine<'_, S> {
    fn drop(&mut self) {
        let orphan = std::mem::take(&mut *self.open());
        if let Some(spec) = orphan.spec.filter(|_| !orphan.kept)
            && tokio::runtime::Handle::try_current().is_ok()
        {
            // One poll begins it, and a store that has something to undo does it in a task of its own.
            let _ = self.store.upload_abort(&spec).now_or_never();
        }
    }
}

/// Takes back what was counted for a part that did not arrive, also when its future is dropped.
struct PartCount(Progress);

impl Drop for PartCount {
    fn drop(&mut self) {
        self.0.settle(0);
    }
}

/// The digests that the service asks for.
fn asked(spec: &UploadSpec, digests: &[Digest]) -> Vec<Digest> {
    digests.iter().filter(|digest| spec.digests.contains(&digest.algorithm())).cloned().collect()
}

fn covers(received: &[Range<u64>], part: &Range<u64>) -> bool {
    !part.is_empty() && received.iter().any(|range| range.start <= part.start && part.end <= range.end)
}

/// Whether the received ranges are whole parts of the content, and from its beginning where parts are sent in order.
fn fits(spec: &UploadSpec, received: &[Range<u64>]) -> bool {
    let (size, part_size) = (spec.request.size, spec.part_size().max(1));
    let aligned = |range: &Range<u64>| {
        range.start.is_multiple_of(part_size)
            && (range.end.is_multiple_of(part_size) || range.end == size)
            && range.end <= size
    };
    let in_order = matches!(spec.plan, PartPlan::Parallel { .. }) || matches!(received, [] | [Range { start: 0, .. }]);
    let ascending = received.is_sorted_by(|one, next| one.end <= next.start);
    in_order && ascending && received.iter().all(aligned)
}

/// Whether asking the service where the upload stands may help.
fn transient(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Network | ErrorKind::Timeout | ErrorKind::Stalled | ErrorKind::Unavailable)
}
