//! The wire steps of an upload: the specification, the parts, what the service has of it, the finish.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use sharesync_core::transfer::{Part, PartPlan, PartReceipt, UploadRequest, UploadSpec, UploadStatus};
use sharesync_core::{Digest, DigestAlgorithm, Error, ErrorKind, Item, ItemKind, OnConflict, Operation, Result, Revision};

use super::{MAX_PARALLEL, NAMES, ShareFileStore, translate};
use crate::model::{UploadMethod, UploadSpecification, UploadedFile};
use crate::{BodyForm, Chunk, PROVIDER, UploadParams, UploadReply};

/// The most chunks of one file; larger files get larger chunks.
const MAX_CHUNKS: u64 = 10_000;

/// Chunks at once where the service does not say.
const DEFAULT_THREADS: i64 = 4;

/// What is needed to go on with an upload.
#[derive(Serialize, Deserialize)]
struct State {
    folder: String,
    multipart: bool,
    specification: UploadSpecification,
}

impl State {
    fn form(&self, request: &UploadRequest) -> BodyForm {
        if self.multipart { BodyForm::Multipart { file_name: request.name.clone() } } else { BodyForm::Raw }
    }
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
            UploadReply::Finished(files) => files.into_iter().next().map_or(Self::Accepted, |file| Self::File(file.into())),
        }
    }
}

pub(super) async fn begin(store: &ShareFileStore, request: UploadRequest) -> Result<UploadSpec> {
    NAMES.check(&request.name)?;
    let folder = store.id_of(&request.parent).await?;
    let options = &store.0.options;
    let part_size = options.part_size.max(request.size.div_ceil(MAX_CHUNKS));
    let plan = match () {
        () if request.size <= options.single_limit => PartPlan::Single,
        () if options.sequential => PartPlan::Sequential { part_size },
        () => PartPlan::Parallel { part_size, max_in_flight: MAX_PARALLEL },
    };
    let specification = specify(store, &folder, &request, plan, false).await?;
    if request.on_conflict == OnConflict::Fail && specification.is_duplicate_file_name == Some(true) {
        let error = Error::new(ErrorKind::AlreadyExists, "a file of this name is in the folder");
        return Err(error.with_provider(PROVIDER).with_operation(Operation::UploadSpec.name()).with_subject(&request.name));
    }
    store.0.client.uploads().prepare(&specification).await?;
    spec(store, request, plan, folder, specification)
}

/// Asks the service where content is to be sent, and with `resume` what it has of it.
async fn specify(
    store: &ShareFileStore,
    folder: &str,
    request: &UploadRequest,
    plan: PartPlan,
    resume: bool,
) -> Result<UploadSpecification> {
    let method = match plan {
        PartPlan::Single => UploadMethod::Standard,
        PartPlan::Sequential { .. } => UploadMethod::Streamed,
        _ => UploadMethod::Threaded,
    };
    let overwrite = request.on_conflict == OnConflict::NewVersion;
    let mut params = UploadParams::raw(method, &request.name, request.size)
        .with_raw(!store.0.options.multipart)
        .with_overwrite(overwrite);
    if plan != PartPlan::Single {
        params = params.with_can_resume(true).with_start_over(!resume);
    }
    if let PartPlan::Parallel { max_in_flight, .. } = plan {
        params = params.with_thread_count(u32::try_from(max_in_flight).unwrap_or(u32::MAX));
    }
    if let Some(created) = request.created {
        params = params.with_client_created_date(created);
    }
    if let Some(modified) = request.modified {
        params = params.with_client_modified_date(modified);
    }
    if let Some(description) = &request.description {
        params = params.with_details(description);
    }
    if let Some(revision) = &request.if_revision {
        params = params.with_base_file_id(revision.as_str());
    }
    store.0.items.upload2(folder, params).await
}

fn spec(
    store: &ShareFileStore,
    request: UploadRequest,
    plan: PartPlan,
    folder: String,
    specification: UploadSpecification,
) -> Result<UploadSpec> {
    let plan = match plan {
        PartPlan::Parallel { part_size, .. } => {
            let threads = specification.max_number_of_threads.filter(|threads| *threads > 0).unwrap_or(DEFAULT_THREADS);
            PartPlan::Parallel { part_size, max_in_flight: usize::try_from(threads).unwrap_or(1).min(MAX_PARALLEL) }
        }
        other => other,
    };
    let state = State { folder, multipart: store.0.options.multipart, specification };
    let spec = UploadSpec::new(PROVIDER, request, plan, &state)?;
    Ok(if plan == PartPlan::Single { spec } else { spec.with_digests(&[DigestAlgorithm::Md5]) })
}

pub(super) async fn send(store: &ShareFileStore, spec: &UploadSpec, part: Part<'_>) -> Result<PartReceipt> {
    let state: State = spec.state(PROVIDER)?;
    let (uploads, form) = (store.0.client.uploads(), state.form(&spec.request));
    let reply = if spec.plan == PartPlan::Single {
        match uploads.standard(&state.specification, &form, part.body()).await {
            Err(error) if error.maybe_applied() => {
                let digest = part.digest(DigestAlgorithm::Md5).await?;
                applied(store, &state, spec, &digest).await?.map(UploadReply::Id).ok_or(error)?
            }
            reply => reply?,
        }
    } else {
        let mut chunk = Chunk::new(part.index, part.offset, part.digest(DigestAlgorithm::Md5).await?);
        if let Some(whole) = part.whole_digest(DigestAlgorithm::Md5) {
            chunk = chunk.with_finish(whole.clone());
        }
        uploads.chunk(&state.specification, &chunk, &form, part.body()).await?
    };
    PartReceipt::new(part.index, &Receipt::from(reply))
}

/// The file that an upload made although no answer was seen: it has the name, the length and the digest.
async fn applied(store: &ShareFileStore, state: &State, spec: &UploadSpec, digest: &Digest) -> Result<Option<String>> {
    let found = store.child(&state.folder, &spec.request.name).await?.map(translate::item).transpose()?;
    let same = |item: &Item| {
        let replaced = spec.request.if_revision.is_some() && item.revision == spec.request.if_revision;
        item.size == Some(spec.request.size) && item.digest(DigestAlgorithm::Md5) == Some(digest) && !replaced
    };
    Ok(found.filter(same).map(|item| item.id.to_string()))
}

/// Asks for the same upload again: the service recognises an unfinished one by folder, name and length.
pub(super) async fn status(store: &ShareFileStore, old: &UploadSpec) -> Result<UploadStatus> {
    let state: State = old.state(PROVIDER)?;
    if old.plan == PartPlan::Single {
        return finished(store, &state, old).await;
    }
    let specification = match specify(store, &state.folder, &old.request, old.plan, true).await {
        // The name is taken: by this very upload, if it was finished before its answer was seen.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return finished(store, &state, old).await,
        asked => asked?,
    };
    if specification.is_resume != Some(true) {
        return finished(store, &state, old).await;
    }
    let Some(received) = received(&specification, old) else {
        return Ok(UploadStatus::Expired);
    };
    let hash = specification.resume_file_hash.as_deref().unwrap_or_default();
    let prefix = Digest::from_hex(DigestAlgorithm::Md5, hash);
    if prefix.is_none() && !received.is_empty() {
        return Ok(UploadStatus::Expired);
    }
    let renewed = spec(store, old.request.clone(), old.plan, state.folder, specification)?;
    Ok(UploadStatus::InProgress { spec: Box::new(renewed), received: vec![received], prefix })
}

/// The bytes that need not be sent again; `None` where index and offset contradict each other.
fn received(specification: &UploadSpecification, spec: &UploadSpec) -> Option<Range<u64>> {
    let offset = u64::try_from(specification.resume_offset?).ok()?;
    if offset == 0 {
        return Some(0..0);
    }
    let index = u64::try_from(specification.resume_index?).ok()?;
    (spec.part_range(index).end == offset).then_some(0..offset)
}

/// Nothing of the upload is left: either it was finished, or it has lapsed. Only a file with the declared length and
/// modification time is taken for it; the engine then compares the digest.
async fn finished(store: &ShareFileStore, state: &State, spec: &UploadSpec) -> Result<UploadStatus> {
    let found = store.child(&state.folder, &spec.request.name).await?.map(translate::item).transpose()?;
    let to_the_second = |item: &Item| item.modified.map(|time| time.unix_seconds());
    let declared = spec.request.modified.map(|time| time.unix_seconds());
    let same = |item: &Item| {
        item.size == Some(spec.request.size) && declared.is_some() && to_the_second(item) == declared
    };
    Ok(found.filter(same).map_or(UploadStatus::Expired, |item| UploadStatus::Complete(item.into())))
}

pub(super) async fn finish(
    store: &ShareFileStore,
    spec: &UploadSpec,
    parts: &[PartReceipt],
    content: &[Digest],
) -> Result<Item> {
    let state: State = spec.state(PROVIDER)?;
    let receipt = if let PartPlan::Parallel { .. } = spec.plan {
        let md5 = content.iter().find(|digest| digest.algorithm() == DigestAlgorithm::Md5);
        match (store.0.client.uploads().finish(&state.specification, spec.request.size, md5).await, md5) {
            (Err(error), Some(md5)) if error.maybe_applied() => {
                applied(store, &state, spec, md5).await?.map(Receipt::Id).ok_or(error)?
            }
            (reply, _) => reply?.into(),
        }
    } else {
        parts.last().map(PartReceipt::state).transpose()?.unwrap_or(Receipt::Accepted)
    };
    match receipt {
        Receipt::File(file) => match described(*file) {
            Some(item) => Ok(item),
            None => by_name(store, &state, spec).await,
        },
        Receipt::Id(id) => translate::item(store.0.items.get(&id, translate::query()).await?),
        Receipt::Accepted => by_name(store, &state, spec).await,
    }
}

async fn by_name(store: &ShareFileStore, state: &State, spec: &UploadSpec) -> Result<Item> {
    let path = format!("/{}", spec.request.name);
    translate::item(store.0.items.by_path_from(&state.folder, &path, &translate::query()).await?)
}

/// The item as the reply describes it, if it says enough to do without another request.
fn described(file: UploadedFile) -> Option<Item> {
    let id = file.item_id?;
    let mut item = Item::new(id.as_str(), file.display_name.or(file.file_name)?, ItemKind::File);
    item.parent = file.parent_id.map(Into::into);
    item.size = Some(u64::try_from(file.size?).ok()?);
    item.revision = Some(Revision::new(id));
    item.version_series = file.stream_id.map(Into::into);
    item.digests = vec![Digest::from_hex(DigestAlgorithm::Md5, &file.md5?)?];
    Some(item)
}
