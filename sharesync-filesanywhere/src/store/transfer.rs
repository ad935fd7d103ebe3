//! Content: chunks in order, and a reader for downloads. What becomes of a file whose chunks are all sent is in `whole`.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use sharesync_core::transfer::{
    Content, ContentReader, Download, DownloadOptions, Part, PartPlan, PartReceipt, UploadRequest, UploadSpec,
    UploadStatus,
};
use sharesync_core::{
    Attempted as _, Digest, DigestAlgorithm, Error, ErrorKind, ItemRef, OnConflict, Purpose, Result, Revision, Secret,
    Temporary, Timestamp,
};

use super::find::{Found, Place};
use super::names::{join, split};
use super::{Inner, refuse};
use crate::model::ItemKind;
use crate::{ChunkTimes, Client, PROVIDER};

/// What is remembered of an upload.
#[derive(Serialize, Deserialize)]
pub(super) struct State {
    pub(super) path: String,
    /// Where a new file is while it is sent in several chunks: what a reader sees of one that is not complete is not documented.
    #[serde(default)]
    pub(super) aside: Option<String>,
    /// The state of the file that had the name when the upload began.
    pub(super) before: Option<Revision>,
    /// The bytes that were acknowledged, and their digest.
    received: u64,
    prefix: Option<Digest>,
    /// What the next chunk needs (ChunkUpload): the service gives it with the first one.
    token: Option<String>,
    /// Whether the upload was interrupted: nothing tells what the service has of it.
    #[serde(default)]
    pub(super) resumed: bool,
}

impl State {
    /// Where the chunks go.
    pub(super) fn target(&self) -> &str {
        self.aside.as_deref().unwrap_or(&self.path)
    }
}

impl Inner {
    pub(super) async fn upload_spec(self: &Arc<Self>, request: UploadRequest) -> Result<UploadSpec> {
        self.check_name(&request.name)?;
        let folder = self.folder(&request.parent).await?;
        let path = join(&folder, &request.name);
        let existing = self.file_at(&path).await?;
        request.check_holder(existing.as_ref().map(Found::holder))?;
        let before = existing.as_ref().and_then(|found| found.item.revision.clone());
        let part_size = self.options.chunk_size;
        let is_new = existing.is_none() && request.size > part_size;
        let aside = is_new.then(|| join(&folder, &Temporary::new(Purpose::Upload).to_string()));
        let state = State { path, aside, before, received: 0, prefix: None, token: None, resumed: false };
        if request.size <= part_size {
            return UploadSpec::new(PROVIDER, request, PartPlan::Single, &state);
        }
        let spec = UploadSpec::new(PROVIDER, request, PartPlan::Sequential { part_size }, &state)?;
        Ok(spec.with_digests(&[DigestAlgorithm::Md5]).with_prefixes())
    }

    pub(super) async fn upload_part(self: &Arc<Self>, spec: &UploadSpec, part: Part<'_>) -> Result<PartReceipt> {
        let mut state: State = spec.state(PROVIDER)?;
        if part.offset > state.received {
            let message = "the spec is older than the upload: it lacks the token of the chunk before";
            return Err(refuse(ErrorKind::UploadExpired, &state.path, message));
        }
        let token = state.token.take().filter(|_| part.offset > 0);
        let times = ChunkTimes::new(spec.request.modified, spec.request.created);
        let sent = match spec.request.size {
            0 => self.empty_file(&state, &part, &times).await.map(|()| None),
            _ => self.chunk(&state, &part, token.map(Secret::new), &times).await,
        };
        state.token = match sent {
            Ok(token) => token.map(|token| token.expose().to_owned()),
            Err(error) => return self.after_failure(spec, &state, &part, error).await,
        };
        if let Some(progress) = part.progress() {
            progress.advance(part.size());
        }
        state.received = part.offset + part.size();
        state.prefix = part.prefix.first().cloned();
        Ok(PartReceipt::new(part.index, &())?.with_renewed(spec.renewed(&state)?))
    }

    /// That a file may be empty is plain, that a chunk may is not documented: it is tried where there are times to keep.
    async fn empty_file(&self, state: &State, part: &Part<'_>, times: &ChunkTimes) -> Result<()> {
        if *times != ChunkTimes::default() {
            match self.chunk(state, part, None, times).await {
                Err(error) if error.kind() == ErrorKind::Rejected => {}
                sent => return sent.map(drop),
            }
        }
        self.client.uploads().file(&state.path, part.content.clone()).await
    }

    async fn chunk(
        &self,
        state: &State,
        part: &Part<'_>,
        token: Option<Secret>,
        times: &ChunkTimes,
    ) -> Result<Option<Secret>> {
        let uploads = self.client.uploads();
        let sent =
            uploads.chunk(state.target(), part.offset, part.content.clone(), part.last, token.as_ref(), times).await?;
        Ok(sent.upload_token.filter(|token| !token.expose().is_empty()).or(token))
    }

    /// What a failure means: of the last chunk, whose answer was lost, or of a name that a folder has.
    async fn after_failure(
        self: &Arc<Self>,
        spec: &UploadSpec,
        state: &State,
        part: &Part<'_>,
        error: Error,
    ) -> Result<PartReceipt> {
        let refused = error.provider_error::<crate::Refusal>().is_some();
        if part.last && error.maybe_applied() {
            let there = self.file_at(state.target()).await.after_write()?;
            let ours = there
                .is_some_and(|found| found.item.size == Some(spec.request.size) && found.item.revision != state.before);
            if ours {
                return PartReceipt::new(part.index, &());
            }
        }
        if let Some((folder, name)) = split(&state.path).filter(|_| refused) {
            match self.at(&state.path).await {
                Ok(Some(found)) if found.kind == ItemKind::Folder => {
                    return Err(found.holder().refuse(name).with_source(error));
                }
                Ok(None) if self.at(folder).await?.is_none() => {
                    return Err(refuse(ErrorKind::NotFound, folder, "there is no such folder").with_source(error));
                }
                _ => {}
            }
        }
        Err(error)
    }

    /// What the service has acknowledged: what it has, it tells nobody. A file that is there by now is not written over unless
    /// that was asked for.
    pub(super) async fn upload_status(self: &Arc<Self>, spec: &UploadSpec) -> Result<UploadStatus> {
        let state: State = spec.state(PROVIDER)?;
        let size = spec.request.size;
        if self.is_all_there(&state, size).await? {
            return in_progress(spec, state, size);
        }
        if (spec.request.on_conflict == OnConflict::Fail || state.aside.is_some())
            && let Some(found) = self.file_at(&state.path).await?.filter(|found| found.item.revision != state.before)
        {
            let ticks = |time: Timestamp| (time.unix_seconds(), time.subsec_nanoseconds() / 100);
            let declared = spec.request.modified.map(ticks);
            let dated = declared.is_some() && declared == found.item.modified.map(ticks);
            let ours = dated && found.item.size == Some(size);
            return Ok(if ours { UploadStatus::Complete(Box::new(found.item)) } else { UploadStatus::Expired });
        }
        let received = state.received;
        in_progress(spec, state, received)
    }

    pub(super) async fn download(self: &Arc<Self>, item: &ItemRef, options: DownloadOptions) -> Result<Download> {
        let found = self.find(item).await?;
        if found.kind == ItemKind::Folder {
            return Err(refuse(ErrorKind::Conflict, item, "it is a folder"));
        }
        self.open(found, options).await
    }

    pub(super) async fn open(self: &Arc<Self>, found: Found, options: DownloadOptions) -> Result<Download> {
        let reader = Reader { store: self.clone(), client: self.client.clone(), path: found.path };
        Download::open(found.item, Arc::new(reader), options).await
    }
}

fn in_progress(spec: &UploadSpec, mut state: State, received: u64) -> Result<UploadStatus> {
    state.resumed |= received > 0;
    let prefix = state.prefix.clone().filter(|_| received == state.received);
    let received = (received > 0).then_some(0..received).into_iter().collect();
    Ok(UploadStatus::InProgress { spec: Box::new(spec.renewed(&state)?), received, prefix })
}

/// Opens the content of a file, at an address that is asked for each time: how long one holds is not documented.
#[derive(Debug)]
struct Reader {
    store: Arc<Inner>,
    client: Client,
    path: String,
}

#[async_trait]
impl ContentReader for Reader {
    async fn open(&self, offset: u64, length: Option<u64>) -> Result<Content> {
        let downloads = self.client.downloads();
        let url = match downloads.url(&self.path).await {
            Err(error) if error.provider_error::<crate::Refusal>().is_some() => {
                let place = Place { path: self.path.clone(), kind: Some(ItemKind::File) };
                return Err(match self.store.look(&place).await {
                    Ok(None) => refuse(ErrorKind::NotFound, &self.path, "there is no such file").with_source(error),
                    _ => error,
                });
            }
            url => url?,
        };
        downloads.open(&url, offset, length).await
    }
}
