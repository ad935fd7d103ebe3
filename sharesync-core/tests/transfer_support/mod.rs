//! A store in memory whose failures are scripted, and sources that count what is read of them.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own share of this")]

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use sharesync_core::transfer::{
    Content, ContentReader, Download, DownloadOptions, Part, PartPlan, PartReceipt, Source, UploadRequest, UploadSpec,
    UploadStatus,
};
use sharesync_core::{
    BoxStream, Capabilities, CreateFolderOptions, Digest, DigestAlgorithm, Error, ErrorKind, Item, ItemId, ItemKind,
    ItemRef, ListOptions, NameRules, OnConflict, Operation, Page, RemoteStore, Result, Revision, StoreInfo, Support,
};

/// Bytes that differ from one offset to the next.
pub fn content(size: usize) -> Bytes {
    let mut random = fastrand::Rng::with_seed(size as u64);
    let mut bytes = vec![0; size];
    random.fill(&mut bytes);
    bytes.into()
}

pub fn md5(bytes: &[u8]) -> Digest {
    Digest::of(DigestAlgorithm::Md5, bytes)
}

/// What happens to one part.
pub enum Fault {
    /// It is stored.
    None,
    /// It is refused with this kind; nothing is stored.
    Refuse(ErrorKind),
    /// It is stored, but the answer gets lost.
    Lose(ErrorKind),
    /// It never comes to an end.
    Hang,
}

type Script = Box<dyn Fn(u64, usize) -> Fault + Send + Sync>;
type Event = Box<dyn Fn() + Send + Sync>;

/// What the store did, as a test wants to count it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Log {
    pub specs: usize,
    /// The number of every part that arrived, in order of arrival.
    pub parts: Vec<u64>,
    pub statuses: usize,
    pub finishes: usize,
    pub aborts: usize,
    pub lists: usize,
    pub downloads: usize,
}

#[derive(Default)]
struct Upload {
    request: Option<UploadRequest>,
    parts: BTreeMap<u64, Bytes>,
    item: Option<Item>,
}

impl Upload {
    fn bytes(&self) -> Vec<u8> {
        self.parts.values().map(|bytes| &bytes[..]).collect::<Vec<_>>().concat()
    }
}

#[derive(Default)]
struct State {
    items: BTreeMap<String, (Item, Bytes)>,
    uploads: HashMap<u64, Upload>,
    log: Log,
    next: u64,
}

/// The store.
pub struct Fake {
    info: StoreInfo,
    pub capabilities: Capabilities,
    pub plan: PartPlan,
    /// The digests that a spec asks for.
    pub asks: Vec<DigestAlgorithm>,
    /// What it answers to each part, given its number and how often that number came.
    pub script: Script,
    /// Called when a part arrives.
    pub on_part: Event,
    /// Stores what was finished but answers with an error, this many times.
    pub lost_finishes: AtomicUsize,
    /// Gives nothing up, this many times.
    pub failing_aborts: AtomicUsize,
    /// Says that it holds these ranges instead of the truth.
    pub claims: Option<Vec<Range<u64>>>,
    /// Says that the prefix has this digest instead of the truth.
    pub claims_prefix: Option<Digest>,
    /// Answers so many questions for the status with `Locked`.
    pub busy: AtomicUsize,
    /// Reports this digest for whatever is uploaded.
    pub reports: Option<Vec<Digest>>,
    /// Reads the beginning of every part twice, as a retry would.
    pub rereads: bool,
    /// The farthest that a part was beyond the lowest part not yet stored.
    pub lead: AtomicU64,
    /// The most parts under way at once.
    pub most: AtomicUsize,
    flying: AtomicUsize,
    /// The body of every `n`th download breaks after this many bytes.
    pub breaks_after: AtomicUsize,
    state: Mutex<State>,
}

impl std::fmt::Debug for Fake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fake")
    }
}

const OPERATIONS: [Operation; 8] = [
    Operation::Stat,
    Operation::StatByPath,
    Operation::List,
    Operation::UploadSpec,
    Operation::UploadResume,
    Operation::Download,
    Operation::CreateFolder,
    Operation::Delete,
];

impl Fake {
    pub fn new(plan: PartPlan) -> Self {
        let mut capabilities =
            Capabilities::new(NameRules::permissive().with_forbidden(":", "", " ")).with(Support::Native, &OPERATIONS);
        capabilities.digests = vec![DigestAlgorithm::Md5];
        let root = Item::new("root", "", ItemKind::Folder);
        let state = State { items: [("root".to_owned(), (root, Bytes::new()))].into(), ..State::default() };
        Self {
            info: StoreInfo::new("fake", "test"),
            capabilities,
            plan,
            asks: vec![DigestAlgorithm::Md5],
            script: Box::new(|_, _| Fault::None),
            on_part: Box::new(|| {}),
            lost_finishes: AtomicUsize::new(0),
            failing_aborts: AtomicUsize::new(0),
            claims: None,
            claims_prefix: None,
            busy: AtomicUsize::new(0),
            reports: None,
            rereads: false,
            lead: AtomicU64::new(0),
            most: AtomicUsize::new(0),
            flying: AtomicUsize::new(0),
            breaks_after: AtomicUsize::new(usize::MAX),
            state: Mutex::new(state),
        }
    }

    pub fn without(mut self, operation: Operation) -> Self {
        self.capabilities = self.capabilities.with(Support::Unsupported, &[operation]);
        self
    }

    pub fn with_script(mut self, script: impl Fn(u64, usize) -> Fault + Send + Sync + 'static) -> Self {
        self.script = Box::new(script);
        self
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub fn log(&self) -> Log {
        self.state().log.clone()
    }

    /// The content of the file of this name, wherever it is.
    pub fn file(&self, name: &str) -> Option<Bytes> {
        self.state()
            .items
            .values()
            .find(|(item, _)| item.is_file() && item.name == name)
            .map(|(_, bytes)| bytes.clone())
    }

    /// Puts an item in, as a server would that follows no rules.
    pub fn put(&self, parent: &str, id: &str, name: &str, bytes: Option<Bytes>) -> Item {
        let kind = if bytes.is_some() { ItemKind::File } else { ItemKind::Folder };
        let mut item = Item::new(id, name, kind);
        item.parent = Some(ItemId::new(parent));
        if let Some(bytes) = &bytes {
            item.size = Some(bytes.len() as u64);
            item.digests = self.reports.clone().unwrap_or_else(|| vec![md5(bytes)]);
            item.revision = Some(Revision::new(md5(bytes).to_hex()));
        }
        self.state().items.insert(id.to_owned(), (item.clone(), bytes.unwrap_or_default()));
        item
    }

    /// Changes an item as it is reported.
    pub fn edit(&self, id: &str, edit: impl FnOnce(&mut Item)) {
        edit(&mut self.state().items.get_mut(id).unwrap().0);
    }

    fn find(&self, wanted: &ItemRef) -> Result<(Item, Bytes)> {
        let missing = || Error::new(ErrorKind::NotFound, format!("no {wanted}"));
        let state = self.state();
        let id = match wanted {
            ItemRef::Id(id) => id.to_string(),
            ItemRef::Path(path) => path.segments().try_fold("root".to_owned(), |parent, name| {
                let mut children = state.items.values().map(|(item, _)| item);
                let child = children.find(|item| item.parent == Some(ItemId::new(&*parent)) && item.name == name);
                child.map(|item| item.id.to_string()).ok_or_else(missing)
            })?,
            _ => "root".to_owned(),
        };
        state.items.get(&id).cloned().ok_or_else(missing)
    }

    /// What the store takes to be named so in a folder.
    fn called(&self, parent: &ItemId, name: &str) -> Option<Item> {
        let state = self.state();
        let mut children = state.items.values().map(|(item, _)| item);
        let same = |item: &&Item| self.capabilities.names.same(&item.name, name);
        children.find(|item| item.parent.as_ref() == Some(parent) && same(item)).cloned()
    }

    fn id_of(spec: &UploadSpec) -> u64 {
        spec.state("fake").unwrap()
    }
}

#[async_trait]
impl RemoteStore for Fake {
    fn info(&self) -> &StoreInfo {
        &self.info
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn stat(&self, item: &ItemRef) -> Result<Item> {
        if matches!(item, ItemRef::Path(_)) && self.capabilities.support(Operation::StatByPath) == Support::Unsupported
        {
            return Err(Error::unsupported("fake", Operation::StatByPath, "not here"));
        }
        Ok(self.find(item)?.0)
    }

    fn list(&self, folder: &ItemRef, _options: ListOptions) -> BoxStream<'static, Result<Page<Item>>> {
        let found = self.find(folder).map(|(folder, _)| {
            let mut state = self.state();
            state.log.lists += 1;
            let children = state.items.values().map(|(item, _)| item.clone());
            children.filter(|item| item.parent.as_ref() == Some(&folder.id)).collect::<Vec<_>>()
        });
        // Pages of two, with an empty one in between, as services send them.
        match found {
            Err(error) => stream::iter(vec![Err(error)]).boxed(),
            Ok(items) => {
                let pages = items.chunks(2).flat_map(|items| [Page::new(items.to_vec()), Page::new(Vec::new())]);
                stream::iter(pages.map(Ok).collect::<Vec<_>>()).boxed()
            }
        }
    }

    async fn upload_spec(&self, request: UploadRequest) -> Result<UploadSpec> {
        let mut state = self.state();
        state.log.specs += 1;
        state.next += 1;
        let id = state.next;
        state.uploads.insert(id, Upload { request: Some(request.clone()), ..Upload::default() });
        Ok(UploadSpec::new("fake", request, self.plan, &id)?.with_digests(&self.asks))
    }

    async fn upload_part(&self, spec: &UploadSpec, part: Part<'_>) -> Result<PartReceipt> {
        let flying = self.flying.fetch_add(1, Ordering::SeqCst) + 1;
        let _landing = Landing(&self.flying);
        self.most.fetch_max(flying, Ordering::SeqCst);
        let id = Self::id_of(spec);
        let times = {
            let mut state = self.state();
            state.log.parts.push(part.index);
            let upload = &state.uploads[&id];
            let lowest = (0..).find(|index| !upload.parts.contains_key(index)).unwrap();
            self.lead.fetch_max(part.index.saturating_sub(lowest), Ordering::SeqCst);
            state.log.parts.iter().filter(|index| **index == part.index).count()
        };
        (self.on_part)();
        let mut bytes = Vec::new();
        while (bytes.len() as u64) < part.size() {
            let piece = part.content.read_at(bytes.len() as u64, 100_000).await?;
            if piece.is_empty() {
                return Err(Error::new(ErrorKind::SourceChanged, "the source ended early"));
            }
            bytes.extend_from_slice(&piece);
            part.progress().unwrap().advance(piece.len() as u64);
            if self.rereads && bytes.len() == piece.len() {
                let again = part.content.read_at(0, 60_000).await?;
                assert_eq!(again, piece.slice(..again.len()));
            }
        }
        // Parts come in out of order: each takes a number of turns that has nothing to do with its own.
        for _ in 0..(part.index * 7 + 3) % 11 {
            tokio::task::yield_now().await;
        }
        let parallel = matches!(spec.plan, PartPlan::Parallel { .. });
        if part.last && !parallel {
            for algorithm in &spec.digests {
                assert!(part.whole_digest(*algorithm).is_some(), "the last part carries the whole digest");
            }
        }
        assert_eq!(part.last, part.offset + part.size() == spec.request.size);
        let fault = (self.script)(part.index, times);
        if matches!(fault, Fault::Hang) {
            std::future::pending::<()>().await;
        }
        if let Fault::Refuse(kind) = fault {
            return Err(Error::new(kind, "scripted"));
        }
        let upload_bytes = Bytes::from(bytes);
        self.state().uploads.get_mut(&id).unwrap().parts.insert(part.index, upload_bytes);
        match fault {
            Fault::Lose(kind) => Err(Error::new(kind, "scripted")),
            _ => PartReceipt::new(part.index, &()),
        }
    }

    async fn upload_status(&self, spec: &UploadSpec) -> Result<UploadStatus> {
        let mut state = self.state();
        state.log.statuses += 1;
        if self.busy.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
            return Err(Error::new(ErrorKind::Locked, "scripted"));
        }
        let Some(upload) = state.uploads.get(&Self::id_of(spec)) else { return Ok(UploadStatus::Expired) };
        if let Some(item) = &upload.item {
            return Ok(UploadStatus::Complete(Box::new(item.clone())));
        }
        let mut received: Vec<Range<u64>> = Vec::new();
        for index in upload.parts.keys() {
            let range = spec.part_range(*index);
            match received.last_mut().filter(|last| last.end == range.start) {
                Some(last) => last.end = range.end,
                None => received.push(range),
            }
        }
        let received = self.claims.clone().unwrap_or(received);
        let prefix = received.first().filter(|range| range.start == 0).map(|range| {
            let held = upload.bytes();
            md5(&held[..held.len().min(range.end as usize)])
        });
        let prefix = self.claims_prefix.clone().or(prefix);
        Ok(UploadStatus::InProgress { spec: Box::new(spec.clone()), received, prefix })
    }

    async fn upload_finish(&self, spec: &UploadSpec, parts: &[PartReceipt], content: &[Digest]) -> Result<Item> {
        let id = Self::id_of(spec);
        let (request, bytes) = {
            let mut state = self.state();
            state.log.finishes += 1;
            let upload = &state.uploads[&id];
            let bytes = Bytes::from(upload.bytes());
            (upload.request.clone().unwrap(), bytes)
        };
        assert!(parts.is_sorted_by_key(|receipt| receipt.index));
        assert_eq!(bytes.len() as u64, spec.request.size, "finished before everything had arrived");
        assert!(spec.digests.iter().all(|asked| content.iter().any(|digest| digest.algorithm() == *asked)));
        for digest in content {
            assert_eq!(*digest, Digest::of(digest.algorithm(), &bytes));
        }
        let parent = self.find(&request.parent)?.0.id;
        let replaced = self.called(&parent, &request.name);
        if replaced.is_some() && request.on_conflict == OnConflict::Fail {
            return Err(Error::new(ErrorKind::AlreadyExists, "taken"));
        }
        // A new version keeps the spelling of the name, as services do.
        let (key, name) = match replaced {
            Some(item) => (item.id.to_string(), item.name),
            None => (format!("file{id}"), request.name.clone()),
        };
        self.put(parent.as_str(), &key, &name, Some(bytes));
        self.edit(&key, |item| item.modified = request.modified);
        let item = self.find(&ItemRef::Id(ItemId::new(key)))?.0;
        self.state().uploads.get_mut(&id).unwrap().item = Some(item.clone());
        let lose = |left: usize| left.checked_sub(1);
        if self.lost_finishes.fetch_update(Ordering::SeqCst, Ordering::SeqCst, lose).is_ok() {
            return Err(Error::new(ErrorKind::Network, "scripted").with_maybe_applied(true));
        }
        Ok(item)
    }

    async fn upload_abort(&self, spec: &UploadSpec) -> Result<()> {
        let mut state = self.state();
        state.log.aborts += 1;
        let fail = |left: usize| left.checked_sub(1);
        if self.failing_aborts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fail).is_ok() {
            return Err(Error::new(ErrorKind::Unavailable, "scripted"));
        }
        state.uploads.remove(&Self::id_of(spec));
        Ok(())
    }

    async fn download(&self, item: &ItemRef, options: DownloadOptions) -> Result<Download> {
        let (item, bytes) = self.find(item)?;
        self.state().log.downloads += 1;
        let breaks_after = self.breaks_after.load(Ordering::SeqCst);
        let reader = FakeReader { bytes, revision: item.revision.as_ref().map(ToString::to_string), breaks_after };
        Download::open(item, Arc::new(reader), options).await
    }

    async fn create_folder(&self, parent: &ItemRef, name: &str, options: CreateFolderOptions) -> Result<Item> {
        let parent = self.find(parent)?.0.id;
        let existing = self.called(&parent, name);
        match existing {
            Some(item) if options.reuse_existing && item.is_folder() => Ok(item),
            Some(_) => Err(Error::new(ErrorKind::AlreadyExists, "taken")),
            None => {
                let id = format!("{parent}/{name}");
                Ok(self.put(parent.as_str(), &id, name, None))
            }
        }
    }
}

struct Landing<'a>(&'a AtomicUsize);

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Honours ranges; a body may break.
#[derive(Debug)]
struct FakeReader {
    bytes: Bytes,
    revision: Option<String>,
    breaks_after: usize,
}

#[async_trait]
impl ContentReader for FakeReader {
    async fn open(&self, offset: u64, length: Option<u64>) -> Result<Content> {
        let start = offset as usize;
        let end = length.map_or(self.bytes.len(), |length| start + length as usize);
        let all = self.bytes.slice(start..end);
        let mut pieces: Vec<Result<Bytes>> = Vec::new();
        let sent = all.len().min(self.breaks_after);
        for at in (0..sent).step_by(50_000) {
            pieces.push(Ok(all.slice(at..(at + 50_000).min(sent))));
        }
        if sent < all.len() {
            pieces.push(Err(Error::new(ErrorKind::Rejected, "scripted: no resume can help")));
        }
        Ok(Content::new(offset, stream::iter(pieces).boxed())
            .with_total(Some(self.bytes.len() as u64))
            .with_revision(self.revision.clone()))
    }
}

/// A source that counts the bytes it has handed out and that are still alive, and may lie about its size.
#[derive(Debug)]
pub struct Counting {
    bytes: Bytes,
    declared: u64,
    alive: Arc<Alive>,
}

/// Bytes read from a source: now, at most, and altogether.
#[derive(Debug, Default)]
pub struct Alive {
    now: AtomicUsize,
    pub most: AtomicUsize,
    pub read: AtomicUsize,
}

struct Tracked(Vec<u8>, Arc<Alive>);

impl AsRef<[u8]> for Tracked {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.1.now.fetch_sub(self.0.len(), Ordering::SeqCst);
    }
}

impl Counting {
    pub fn new(bytes: Bytes) -> Self {
        let declared = bytes.len() as u64;
        Self { bytes, declared, alive: Arc::default() }
    }

    /// Declares another size than it has.
    pub fn declaring(bytes: Bytes, declared: u64) -> Self {
        Self { declared, ..Self::new(bytes) }
    }

    pub fn alive(&self) -> Arc<Alive> {
        self.alive.clone()
    }
}

#[async_trait]
impl Source for Counting {
    fn size(&self) -> u64 {
        self.declared
    }

    async fn read_at(&self, offset: u64, max: usize) -> Result<Bytes> {
        let start = (offset as usize).min(self.bytes.len());
        let end = start.saturating_add(max).min(self.bytes.len());
        let piece = self.bytes[start..end].to_vec();
        let now = self.alive.now.fetch_add(piece.len(), Ordering::SeqCst) + piece.len();
        self.alive.most.fetch_max(now, Ordering::SeqCst);
        self.alive.read.fetch_add(piece.len(), Ordering::SeqCst);
        Ok(Bytes::from_owner(Tracked(piece, self.alive.clone())))
    }
}
