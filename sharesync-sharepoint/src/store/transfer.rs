//! Content: one request for little of it, chunks for more, and a reader for downloads. How an upload that broke off goes on is
//! in `status`, and where the chunks of a new file go in `aside`.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use sharesync_core::transfer::{
    Content, ContentReader, Download, DownloadOptions, Part, PartPlan, PartReceipt, UploadRequest, UploadSpec,
};
use sharesync_core::{
    Asked, Attempted as _, Digest, DigestAlgorithm, Error, ErrorKind, Item, ItemRef, OnConflict, Purpose, Result,
    Revision, Temporary, Timestamp,
};

use super::Inner;
use super::find::{Place, made};
use super::item::{Known, refuse};
use crate::dialect::SmallUpload;
use crate::model::Guid;
use crate::rest::Target;
use crate::{Client, InlineFile, InlineMode, PROVIDER};

/// How often a new version is tried on top of what others have made meanwhile.
const MOST_TRIES: u32 = 10;
/// What is remembered of an upload.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) parent: Guid,
    /// The path of the folder within the library, when the upload began.
    pub(super) path: sharesync_core::RemotePath,
    pub(super) name: String,
    /// The file that gets the content; none where one is made.
    pub(super) file: Option<Guid>,
    /// The state of that file when the upload began.
    pub(super) before: Option<Revision>,
    /// The name that a new file has while it is sent in chunks. Nothing else has it, so that the file is found by it also where
    /// the answer that named the file was lost.
    #[serde(default)]
    pub(super) temporary: Option<String>,
    /// The session; none where one request does it.
    pub(super) upload: Option<Guid>,
    pub(super) began: Timestamp,
    /// Whether chunks of an earlier process are in it, of which nobody knows what they hold.
    #[serde(default)]
    pub(super) resumed: bool,
}

impl State {
    pub(super) fn place(&self) -> Place {
        Place { id: self.parent, path: self.path.clone() }
    }
}

/// What a part has made: the file, and the state in which that left it, where the service tells.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Made {
    file: Guid,
    revision: Option<Revision>,
}

impl Inner {
    pub(super) async fn upload_spec(&self, request: UploadRequest) -> Result<UploadSpec> {
        self.check_name(&request.name)?;
        let began = self.client.clock().now();
        let place = self.place(&request.parent).await?;
        let versions = request.on_conflict == OnConflict::NewVersion || request.if_revision.is_some();
        let in_chunks = request.size >= self.options.single_limit;
        // A small new file needs no look: the service itself refuses a name that is taken.
        let existing = if versions || in_chunks { self.child(&place, &request.name).await? } else { None };
        request.check_holder(existing.as_ref().map(Known::holder))?;
        let state = State {
            parent: place.id,
            path: place.path,
            name: request.name.clone(),
            file: existing.as_ref().map(|existing| existing.id),
            temporary: (in_chunks && existing.is_none()).then(|| Temporary::new(Purpose::Upload).to_string()),
            before: existing.and_then(|existing| existing.revision),
            upload: in_chunks.then(Guid::random),
            began,
            resumed: false,
        };
        // The first chunk and the last one are different requests.
        let part_size = self.options.chunk_size.min(request.size.div_ceil(2)).max(1);
        let plan = if in_chunks { PartPlan::Sequential { part_size } } else { PartPlan::Single };
        let spec = UploadSpec::new(PROVIDER, request, plan, &state)?;
        Ok(spec.with_digests(&[DigestAlgorithm::QuickXor]))
    }

    pub(super) async fn upload_part(self: &Arc<Self>, spec: &UploadSpec, part: Part<'_>) -> Result<PartReceipt> {
        let mut state: State = spec.state(PROVIDER)?;
        let index = part.index;
        if let Some(upload) = state.upload {
            let (file, is_new) = match state.file {
                Some(file) => (file, false),
                None => (self.aside(&state).await?, true),
            };
            state.file = Some(file);
            let made = self.chunk(spec, &state, upload, file, part).await;
            let receipt = PartReceipt::new(index, &made.map_err(|error| error.with_subject(&state.name))?)?;
            return Ok(if is_new { receipt.with_renewed(spec.renewed(&state)?) } else { receipt });
        }
        let made = match state.file {
            _ if self.has_feed && self.client.dialect().small_upload == SmallUpload::Inline => {
                self.inline(spec, &state, part).await
            }
            Some(file) if spec.request.if_revision.is_some() => self.replace(spec, &state, file, part).await,
            file => self.put(&state, file, part).await,
        };
        PartReceipt::new(index, &Some(made.map_err(|error| error.with_subject(&state.name))?))
    }

    /// Creates a small file, or a new version of one, by one request.
    async fn put(&self, state: &State, file: Option<Guid>, part: Part<'_>) -> Result<Made> {
        let (files, folder) = (self.client.files(), Target::Id(state.parent));
        let added = files.add(&folder, &state.name, file.is_some(), part.body()).await;
        let error = match added {
            Ok(file) => {
                let revision = file.revision();
                return Ok(Made { file: self::made(file.unique_id).after_write()?, revision });
            }
            Err(error) => error,
        };
        match self.landed(state, file, &part, &error).await? {
            Some(made) => Ok(made),
            None => Err(error),
        }
    }

    /// Replaces the content of a small file that is in the required state by one request.
    async fn replace(&self, spec: &UploadSpec, state: &State, file: Guid, part: Part<'_>) -> Result<Made> {
        let required = spec.request.if_revision.as_ref();
        let replaced = self.client.files().replace(&Target::Id(file), required, part.body()).await;
        let error = match replaced {
            Ok(()) => return Ok(Made { file, revision: None }),
            Err(error) => error,
        };
        match self.landed(state, Some(file), &part, &error).await? {
            Some(made) => Ok(made),
            None => Err(self.explained(error, file, required).await),
        }
    }

    /// Sends a small file to the sync service.
    async fn inline(&self, spec: &UploadSpec, state: &State, part: Part<'_>) -> Result<Made> {
        let request = &spec.request;
        let file = InlineFile::new(state.parent, &state.name)
            .with_times(request.created, request.modified)
            .with_media_type(request.media_type.clone())
            .with_digest(part.digest(DigestAlgorithm::QuickXor).await?);
        let mut before = request.if_revision.clone().or_else(|| state.before.clone());
        let mut tries = 1;
        let error = loop {
            let mode = match (state.file, before.clone()) {
                (Some(id), Some(revision)) => InlineMode::Update { id, revision },
                _ => InlineMode::Create,
            };
            match self.sync.write(&file.clone().with_mode(mode), part.body()).await {
                Ok(item) => {
                    if item.resource_id.zip(state.file).is_some_and(|(told, asked)| told != asked) {
                        let message = "the service says that it replaced the content of another file";
                        return Err(refuse(ErrorKind::Protocol, &state.name, message).with_maybe_applied(true));
                    }
                    let file = made(item.resource_id.or(state.file)).after_write()?;
                    return Ok(Made { file, revision: item.revision() });
                }
                // A new version is wanted on top of whatever there is, and an update must name a state.
                Err(error)
                    if error.kind() == ErrorKind::PreconditionFailed
                        && request.if_revision.is_none()
                        && !error.maybe_applied()
                        && tries < MOST_TRIES =>
                {
                    before = match state.file {
                        Some(id) => self.client.files().get(&Target::Id(id)).await?.revision(),
                        None => break error,
                    };
                    tries += 1;
                }
                Err(error) => break error,
            }
        };
        match self.landed(state, state.file, &part, &error).await? {
            Some(made) => Ok(made),
            None => Err(match state.file {
                Some(file) => self.explained(error, file, request.if_revision.as_ref()).await,
                None => error,
            }),
        }
    }

    /// What a request made although its answer was lost: there is a file with what was sent.
    async fn landed(&self, state: &State, file: Option<Guid>, part: &Part<'_>, error: &Error) -> Result<Option<Made>> {
        if !error.maybe_applied() {
            return Ok(None);
        }
        let found = match file {
            Some(file) => Some(self.node(file).await.after_write()?),
            None => match self.child(&state.place(), &state.name).await.after_write()? {
                Some(found) if !found.is_folder => Some(self.node(found.id).await.after_write()?),
                _ => None,
            },
        };
        let Some(found) = found else { return Ok(None) };
        let sent = part.digest(DigestAlgorithm::QuickXor).await?;
        let same = found.size == Some(part.size()) && found.digest.as_ref().is_none_or(|held| *held == sent);
        let fresh = match file {
            Some(_) => found.revision != state.before,
            None => found.is_since(state.began),
        };
        Ok((same && fresh).then_some(Made { file: found.id, revision: None }))
    }

    /// Sends a chunk; the last one makes the content that of the file.
    async fn chunk(
        &self,
        spec: &UploadSpec,
        state: &State,
        upload: Guid,
        file: Guid,
        part: Part<'_>,
    ) -> Result<Option<Made>> {
        let (uploads, target) = (self.client.uploads(), Target::Id(file));
        let (offset, end) = (part.offset, part.offset + part.size());
        if part.last && offset > 0 {
            // The service may have changed the tag of a file that it made for us; that of another one must be as required.
            let required = spec.request.if_revision.as_ref();
            let finished = uploads.finish(&target, upload, offset, required, part.body()).await;
            return match finished {
                Ok(written) => Ok(Some(Made { file, revision: written.revision() })),
                Err(error) => Err(self.explained(error, file, required).await),
            };
        }
        let sent = match offset {
            0 => uploads.start(&target, upload, part.body()).await,
            _ => uploads.go_on(&target, upload, offset, part.body()).await,
        };
        let next = match sent {
            Err(error) if matches!(error.kind(), ErrorKind::Rejected | ErrorKind::Conflict) => {
                // A chunk that is there already comes at the wrong place.
                let held = uploads.status(&target, upload).await.ok().and_then(|status| status.next_offset());
                held.filter(|held| *held == end).ok_or(error)?
            }
            sent => sent?,
        };
        if next != end {
            let message = format!("the service has {next} bytes of the upload, and {end} were sent");
            return Err(refuse(ErrorKind::UploadExpired, &state.name, message));
        }
        if !part.last {
            return Ok(None);
        }
        let nothing = sharesync_core::http::Body::empty();
        let written = uploads.finish(&target, upload, end, spec.request.if_revision.as_ref(), nothing).await?;
        Ok(Some(Made { file, revision: written.revision() }))
    }

    /// Says of a state that is not the required one which it is.
    pub(super) async fn explained(&self, error: Error, file: Guid, required: Option<&Revision>) -> Error {
        let Some(required) = required.filter(|_| error.kind() == ErrorKind::PreconditionFailed) else { return error };
        match self.client.files().get(&Target::Id(file)).await {
            Ok(found) => {
                let explained = required.stale(found.revision().as_ref()).with_subject(file);
                let explained = match error.status() {
                    Some(status) => explained.with_status(status),
                    None => explained,
                };
                explained.with_source(error)
            }
            Err(_) => error,
        }
    }

    pub(super) async fn upload_finish(
        &self,
        spec: &UploadSpec,
        parts: &[PartReceipt],
        content: &[Digest],
    ) -> Result<Item> {
        let state: State = spec.state(PROVIDER)?;
        let made = parts.last().map(PartReceipt::state::<Option<Made>>).transpose()?.flatten();
        let (file, written) = match (made, state.file) {
            (Some(made), _) => (made.file, made.revision),
            (None, Some(file)) => (file, None),
            (None, None) => match self.child(&state.place(), &state.name).await? {
                Some(found) => (found.id, None),
                None => return Err(refuse(ErrorKind::UploadExpired, &state.name, "the file that was there is gone")),
            },
        };
        let mut known = self.node(file).await.after_write()?;
        if state.temporary.is_none() && written.is_some() && known.revision.is_some() && known.revision != written {
            // Somebody else was faster than this look: what is known is what was written.
            (known.size, known.digest, known.revision) = (Some(spec.request.size), None, written);
        }
        let compared = match (state.resumed, &known.digest) {
            _ if self.client.dialect().rewrites(&state.name) => Ok(()),
            (true, None) => self.read_back(&known, content).await.after_write(),
            _ => compare(&known, spec.request.size, content),
        };
        match compared {
            Err(error) if error.kind() == ErrorKind::Integrity && state.resumed && state.temporary.is_some() => {
                let message = "the chunks that the service had were of another content";
                return Err(refuse(ErrorKind::UploadExpired, &state.name, message).with_source(error));
            }
            compared => compared?,
        }
        if state.temporary.is_some() {
            known = self.put_in_place(spec, &state, known).await?;
        }
        let (parent, made) = (state.parent.to_string(), known.into_item());
        Asked::named(&state.name).in_any_spelling(&self.capabilities.names).within(&parent).check(&made)?;
        Ok(made)
    }

    /// Compares by reading what the service holds, where it tells no digest.
    async fn read_back(&self, known: &Known, content: &[Digest]) -> Result<()> {
        let Some(sent) = content.iter().find(|digest| digest.algorithm() == DigestAlgorithm::QuickXor) else {
            return Ok(());
        };
        let held = self.open(known.clone(), DownloadOptions::new()).await?.digest(sent.algorithm()).await?;
        if held == *sent {
            return Ok(());
        }
        let message = "the file exists, but is not what was sent";
        Err(refuse(ErrorKind::Integrity, &known.id.to_string(), message).with_maybe_applied(true))
    }

    pub(super) async fn download(&self, item: &ItemRef, options: DownloadOptions) -> Result<Download> {
        let folder = || refuse(ErrorKind::Conflict, &item.to_string(), "it is a folder");
        let known = self.find(item).await?.filter(|known| !known.is_folder).ok_or_else(folder)?;
        self.open(known, options).await
    }

    async fn open(&self, known: Known, options: DownloadOptions) -> Result<Download> {
        let reader = Reader {
            client: self.client.clone(),
            file: known.id,
            name: known.name.clone(),
            required: options.if_revision.clone(),
        };
        Download::open(known.into_item(), Arc::new(reader), options).await
    }
}

/// Refuses a file that is not what was sent.
fn compare(known: &Known, size: u64, content: &[Digest]) -> Result<()> {
    let sent = content.iter().find(|digest| digest.algorithm() == DigestAlgorithm::QuickXor);
    let other = known.size.is_some_and(|held| held != size)
        || known.digest.as_ref().zip(sent).is_some_and(|(held, sent)| held != sent);
    if other {
        let message = "the file exists, but is not what was sent";
        return Err(refuse(ErrorKind::Integrity, &known.id.to_string(), message).with_maybe_applied(true));
    }
    Ok(())
}

/// Opens the content of a file.
#[derive(Debug)]
struct Reader {
    client: Client,
    file: Guid,
    name: String,
    required: Option<Revision>,
}

#[async_trait]
impl ContentReader for Reader {
    async fn open(&self, offset: u64, length: Option<u64>) -> Result<Content> {
        let content = self.client.files().content(&Target::Id(self.file), &self.name, offset, length).await?;
        let present = content.revision.as_deref().and_then(crate::model::revision);
        if present.is_some() {
            Revision::require(self.required.as_ref(), present.as_ref())?;
        }
        Ok(content)
    }
}
