//! The wire steps of an upload: the specification, the parts, the finish. What the service has of an upload that broke off
//! is in `resume`.

use futures::TryStreamExt as _;
use serde::{Deserialize, Serialize};
use sharesync_core::transfer::{Part, PartPlan, PartReceipt, UploadRequest, UploadSpec};
use sharesync_core::{
    Attempted as _, Digest, DigestAlgorithm, Error, ErrorKind, Item, OnConflict, Operation, Result, Timestamp,
};

use super::locate::{check_name, failure};
use super::{ShareFileStore, translate};
use crate::model::{UploadMethod, UploadSpecification, UploadedFile};
use crate::{BodyForm, Chunk, PROVIDER, UploadParams, UploadReply, Uploads};

/// Chunks of one file under way at once, at the most, whatever the service allows.
pub(super) const MAX_PARALLEL: usize = 16;

/// The most chunks of one file; larger files get larger chunks, of whole mebibytes.
const MOST_CHUNKS: u64 = 10_000;
const MEBIBYTE: u64 = 1 << 20;

/// Chunks at once where the service does not say.
const DEFAULT_THREADS: i64 = 4;

/// What is needed to go on with an upload.
#[derive(Serialize, Deserialize)]
pub(super) struct State {
    pub(super) folder: String,
    pub(super) multipart: bool,
    pub(super) began: Timestamp,
    pub(super) specification: UploadSpecification,
}

/// What the storage host said of a part.
#[derive(Serialize, Deserialize)]
enum Receipt {
    Accepted,
    Id(String),
    File(Box<UploadedFile>),
}

impl From<UploadReply> for Receipt {
    fn from(reply: UploadReply) -> Self {
        match reply {
            UploadReply::Accepted => Self::Accepted,
            UploadReply::Id(id) => Self::Id(id),
            UploadReply::Finished(files) => {
                files.into_iter().next().map_or(Self::Accepted, |file| Self::File(Box::new(file)))
            }
        }
    }
}

/// Refuses a spec that is not this store's.
pub(super) fn check(spec: &UploadSpec) -> Result<()> {
    spec.state::<State>(PROVIDER).map(drop)
}

/// Whether an upload must find its name free.
fn wants_free_name(request: &UploadRequest) -> bool {
    request.on_conflict == OnConflict::Fail && request.if_revision.is_none()
}

pub(super) async fn begin(store: &ShareFileStore, request: UploadRequest) -> Result<UploadSpec> {
    check_name(Operation::UploadSpec, &request.name)?;
    let (folder, began, multipart) =
        (store.id_of(&request.parent).await?, store.client().clock().now(), store.options().multipart);
    let plan = plan(store, request.size);
    // What the service says of taken names here is not documented, so they are looked for as well, at the same time.
    let taken = async { if wants_free_name(&request) { store.child(&folder, &request.name).await } else { Ok(None) } };
    let (specification, taken) =
        tokio::try_join!(specify(store, &folder, &request, plan, multipart, Attempt::First), taken)?;
    if taken.is_some() {
        let why = "the folder has an item of this name";
        return Err(failure(Operation::UploadSpec, ErrorKind::AlreadyExists, why).with_subject(&request.name));
    }
    let state = State { folder, multipart, began, specification };
    assemble(store, request, plan, &state).await
}

fn plan(store: &ShareFileStore, size: u64) -> PartPlan {
    let options = store.options();
    let mut part_size = options.part_size;
    if size.div_ceil(part_size.max(1)) > MOST_CHUNKS {
        part_size = size.div_ceil(MOST_CHUNKS).next_multiple_of(MEBIBYTE);
    }
    match () {
        () if size <= options.single_limit => PartPlan::Single,
        () if options.sequential => PartPlan::Sequential { part_size },
        () => PartPlan::Parallel { part_size, max_in_flight: MAX_PARALLEL },
    }
}

/// Whether the service is to go on with what it has of an upload.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    First,
    Resumed,
}

/// Asks the service where content is to be sent, and what it has of it.
pub(super) async fn specify(
    store: &ShareFileStore,
    folder: &str,
    request: &UploadRequest,
    plan: PartPlan,
    multipart: bool,
    attempt: Attempt,
) -> Result<UploadSpecification> {
    let method = match plan {
        PartPlan::Single => UploadMethod::Standard,
        PartPlan::Sequential { .. } => UploadMethod::Streamed,
        _ => UploadMethod::Threaded,
    };
    let mut params = UploadParams::raw(method, &request.name, request.size)
        .with_raw(!multipart)
        .with_overwrite(!wants_free_name(request));
    if plan != PartPlan::Single {
        params = params.with_can_resume(true).with_start_over(attempt == Attempt::First);
    }
    if let PartPlan::Parallel { max_in_flight, .. } = plan {
        params = params.with_thread_count(u32::try_from(max_in_flight).unwrap_or(u32::MAX));
    }
    params.details.clone_from(&request.description);
    params.client_created_date = request.created.map(Into::into);
    params.client_modified_date = request.modified.map(Into::into);
    params.base_file_id = request.if_revision.as_ref().map(ToString::to_string);
    let granted = store.items().upload2(folder, params).await.and_then(|granted| match granted.chunk_uri {
        Some(_) => Ok(granted),
        None => Err(Error::missing_field("place for content", "ChunkUri")),
    });
    granted.map_err(|error| error.with_subject(&request.name))
}

/// Makes a spec of what the service granted.
pub(super) async fn assemble(
    store: &ShareFileStore,
    request: UploadRequest,
    plan: PartPlan,
    state: &State,
) -> Result<UploadSpec> {
    store.client().uploads().prepare(&state.specification).await?;
    let threads = state.specification.max_number_of_threads.filter(|threads| *threads > 0).unwrap_or(DEFAULT_THREADS);
    let max_in_flight = usize::try_from(threads).unwrap_or(1).min(MAX_PARALLEL);
    let plan = match plan {
        PartPlan::Parallel { part_size, .. } => PartPlan::Parallel { part_size, max_in_flight },
        other => other,
    };
    let spec = UploadSpec::new(PROVIDER, request, plan, state)?;
    // The standard method has no place for the digest, which would have to be known before the content is read.
    Ok(if plan == PartPlan::Single { spec } else { spec.with_digests(&[DigestAlgorithm::Md5]) })
}

pub(super) async fn send(store: &ShareFileStore, spec: &UploadSpec, part: Part<'_>) -> Result<PartReceipt> {
    let state: State = spec.state(PROVIDER)?;
    let index = part.index;
    let step = if spec.plan == PartPlan::Single {
        Step::Standard(part)
    } else {
        let mut chunk = Chunk::new(part.index, part.offset, part.digest(DigestAlgorithm::Md5).await?);
        chunk.finish = part.whole_digest(DigestAlgorithm::Md5).cloned();
        Step::Chunk(chunk, part)
    };
    let reply = step.deliver(store, &state, spec).await.map_err(|error| error.with_subject(&spec.request.name))?;
    PartReceipt::new(index, &Receipt::from(reply))
}

/// A request to the storage host.
enum Step<'a> {
    Standard(Part<'a>),
    Chunk(Chunk, Part<'a>),
    Finish(Option<Digest>),
}

impl Step<'_> {
    async fn send(&self, uploads: &Uploads, state: &State, spec: &UploadSpec) -> Result<UploadReply> {
        let form = match state.multipart {
            true => BodyForm::Multipart { file_name: spec.request.name.clone() },
            false => BodyForm::Raw,
        };
        let specification = &state.specification;
        match self {
            Self::Standard(part) => uploads.standard(specification, &form, part.body()).await,
            Self::Chunk(chunk, part) => uploads.chunk(specification, chunk, &form, part.body()).await,
            Self::Finish(hash) => uploads.finish(specification, spec.request.size, hash.as_ref()).await,
        }
    }

    /// The digest of the file that the step completes; `None` when it completes none, or the digest is not known.
    async fn digest(&self) -> Result<Option<Digest>> {
        match self {
            Self::Standard(part) => part.digest(DigestAlgorithm::Md5).await.map(Some),
            Self::Chunk(chunk, _) => Ok(chunk.finish.clone()),
            Self::Finish(hash) => Ok(hash.clone()),
        }
    }

    /// Sends it so that the file is made once. Where the answer is lost, the file is looked for, and the request repeated
    /// only when it is not there.
    async fn deliver(&self, store: &ShareFileStore, state: &State, spec: &UploadSpec) -> Result<UploadReply> {
        let uploads = store.client().uploads();
        let mut in_doubt = false;
        loop {
            let error = match self.send(&uploads, state, spec).await {
                Err(error) if in_doubt || error.maybe_applied() => error,
                Err(error) => return Err(explained(store, state, spec, error).await),
                sent => return sent,
            };
            let Some(digest) = self.digest().await? else { return Err(error) };
            match applied(store, state, spec, &digest).await {
                Ok(Some(id)) => return Ok(UploadReply::Id(id)),
                Ok(None) if !in_doubt => in_doubt = true,
                _ => return Err(error),
            }
        }
    }
}

/// Says of a refusal whether the file is not in the required state any more: storage hosts have no code for that.
async fn explained(store: &ShareFileStore, state: &State, spec: &UploadSpec, error: Error) -> Error {
    let Some(required) = spec.request.if_revision.as_ref().filter(|_| error.kind() == ErrorKind::Rejected) else {
        return error;
    };
    let found = store.child(&state.folder, &spec.request.name).await;
    match found.and_then(|found| found.as_ref().map(translate::item).transpose()) {
        Ok(found) => match found.and_then(|item| item.revision) {
            Some(present) if present == *required => error,
            present => required.stale(present.as_ref()).with_source(error),
        },
        Err(_) => error,
    }
}

/// The file that an upload made although no answer was seen: it has the name, the length and the digest.
async fn applied(store: &ShareFileStore, state: &State, spec: &UploadSpec, digest: &Digest) -> Result<Option<String>> {
    let request = &spec.request;
    let Some(found) = store.child(&state.folder, &request.name).await? else { return Ok(None) };
    let item = translate::item(&found)?;
    let still_old = request.if_revision.is_some() && item.revision == request.if_revision;
    let same = item.size == Some(request.size) && item.digests.contains(digest);
    Ok((same && !still_old).then(|| item.id.to_string()))
}

pub(super) async fn finish(
    store: &ShareFileStore,
    spec: &UploadSpec,
    parts: &[PartReceipt],
    content: &[Digest],
) -> Result<Item> {
    let state: State = spec.state(PROVIDER)?;
    let receipt = if let PartPlan::Parallel { .. } = spec.plan {
        let hash = content.iter().find(|digest| digest.algorithm() == DigestAlgorithm::Md5);
        let done = Step::Finish(hash.cloned()).deliver(store, &state, spec).await;
        done.map_err(|error| error.with_subject(&spec.request.name))?.into()
    } else {
        parts.last().map(PartReceipt::state).transpose()?.unwrap_or(Receipt::Accepted)
    };
    let id = match receipt {
        Receipt::File(file) => match translate::uploaded(&file) {
            Some(item) => return Ok(item),
            None => file.item_id,
        },
        Receipt::Id(id) => Some(id),
        Receipt::Accepted => None,
    };
    let entity = match id {
        Some(id) => store.items().get(&id, translate::single()).await.after_write()?,
        None => store.child(&state.folder, &spec.request.name).await.after_write()?.ok_or_else(|| {
            let why = "the storage host took the content, but there is no such file";
            failure(Operation::UploadSpec, ErrorKind::Protocol, why)
                .with_subject(&spec.request.name)
                .with_maybe_applied(true)
        })?,
    };
    let item = translate::item(&entity).after_write()?;
    let own = own_version(store, &item, spec.request.size, content).await.after_write();
    Ok(own.map_err(|error| error.with_subject(&spec.request.name))?.unwrap_or(item))
}

/// The version with the content that was sent, when another writer's lies on top of it by now.
async fn own_version(store: &ShareFileStore, newest: &Item, size: u64, content: &[Digest]) -> Result<Option<Item>> {
    let Some(sent) = content.iter().find(|digest| digest.algorithm() == DigestAlgorithm::Md5) else { return Ok(None) };
    let (Some(held), Some(stream)) = (newest.digest(sent.algorithm()), &newest.version_series) else { return Ok(None) };
    if held == sent {
        return Ok(None);
    }
    let mut pages = store.items().stream_pages(stream.as_str(), translate::single());
    while let Some(page) = pages.try_next().await? {
        for version in &page.items {
            let item = translate::item(version)?;
            if item.size == Some(size) && item.digests.contains(sent) {
                return Ok(Some(item));
            }
        }
    }
    Ok(None)
}
