//! Content: chunks in order, and a reader for downloads.

use std::sync::{Arc, MutexGuard, PoisonError};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use sharesync_core::transfer::{
    Content, ContentReader, Download, DownloadOptions, Part, PartPlan, PartReceipt, UploadRequest, UploadSpec,
    UploadStatus,
};
use sharesync_core::{Error, ErrorKind, Item, ItemRef, OnConflict, Result, Revision, Secret};

use super::find::{Found, Place};
use super::names::{join, split};
use super::tree::taken;
use super::{Inner, refuse};
use crate::model::ItemKind;
use crate::{ChunkTimes, Client, PROVIDER};

/// What is remembered of an upload. Its token is not part of it: the service gives it with the first chunk.
#[derive(Serialize, Deserialize)]
struct State {
    key: String,
    path: String,
    /// The state of the file that had the name when the upload began.
    before: Option<Revision>,
}

/// How far an upload of this process is.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    received: u64,
    token: Option<Secret>,
}

impl Inner {
    pub(super) async fn upload_spec(self: &Arc<Self>, request: UploadRequest) -> Result<UploadSpec> {
        self.check_name(&request.name)?;
        let folder = self.folder(&request.parent).await?;
        let existing = self.file_at(&join(&folder, &request.name)).await?;
        check(&request, existing.as_ref())?;
        let before = existing.as_ref().and_then(|found| found.item.revision.clone());
        let path = join(&folder, &request.name);
        let state = State { key: format!("{:016x}", fastrand::u64(..)), path, before };
        let part_size = self.options.chunk_size;
        let plan = if request.size <= part_size { PartPlan::Single } else { PartPlan::Sequential { part_size } };
        UploadSpec::new(PROVIDER, request, plan, &state)
    }

    pub(super) async fn upload_part(self: &Arc<Self>, spec: &UploadSpec, part: Part<'_>) -> Result<PartReceipt> {
        let state: State = spec.state(PROVIDER)?;
        let known = self.uploads().get(&state.key).cloned().filter(|_| part.offset > 0);
        if part.offset > 0 && known.as_ref().is_none_or(|known| known.received < part.offset) {
            let message = "another process began the upload: only that one has its token";
            return Err(refuse(ErrorKind::UploadExpired, &state.path, message));
        }
        let sent = match spec.request.size {
            // Whether a chunk may be empty is not documented; that a file may be is plain.
            0 => self.client.uploads().file(&state.path, part.content.clone()).await.map(|()| None),
            _ => self.chunk(spec, &state, &part, known.and_then(|known| known.token)).await,
        };
        let token = match sent {
            Ok(token) => token,
            Err(error) => return self.after_failure(spec, &state, &part, error).await,
        };
        if let Some(progress) = part.progress() {
            progress.advance(part.size());
        }
        let received = part.offset + part.size();
        self.uploads().insert(state.key, Progress { received, token });
        PartReceipt::new(part.index, &())
    }

    async fn chunk(
        &self,
        spec: &UploadSpec,
        state: &State,
        part: &Part<'_>,
        token: Option<Secret>,
    ) -> Result<Option<Secret>> {
        let times = ChunkTimes::new(spec.request.modified, spec.request.created);
        let uploads = self.client.uploads();
        let sent =
            uploads.chunk(&state.path, part.offset, part.content.clone(), part.last, token.as_ref(), &times).await?;
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
        if part.last && (refused && error.attempts() > 1 || error.maybe_applied()) {
            let there = self.file_at(&state.path).await?;
            let ours = there
                .is_some_and(|found| found.item.size == Some(spec.request.size) && found.item.revision != state.before);
            if ours {
                return PartReceipt::new(part.index, &());
            }
        }
        if let Some((folder, name)) = split(&state.path).filter(|_| refused) {
            match self.child(folder, name).await {
                Ok(Some(found)) if found.kind == ItemKind::Folder => return Err(taken(name, &found).with_source(error)),
                Err(missing) if missing.kind() == ErrorKind::NotFound => return Err(missing),
                _ => {}
            }
        }
        Err(error)
    }

    /// What this process has sent. Another one starts again: what the service has of an upload, it tells nobody.
    pub(super) async fn upload_status(self: &Arc<Self>, spec: &UploadSpec) -> Result<UploadStatus> {
        let state: State = spec.state(PROVIDER)?;
        let known = self.uploads().get(&state.key).map(|known| known.received);
        if known.is_none() && spec.request.on_conflict == OnConflict::Fail {
            let there = self.file_at(&state.path).await?;
            // Somebody has the name by now, be it an upload that was complete all the same: it is not written over.
            if there.is_some_and(|found| found.item.revision != state.before) {
                return Ok(UploadStatus::Expired);
            }
        }
        let received = known.map(|received| 0..received).into_iter().collect();
        Ok(UploadStatus::InProgress { spec: Box::new(spec.clone()), received, prefix: None })
    }

    pub(super) async fn upload_finish(self: &Arc<Self>, spec: &UploadSpec) -> Result<Item> {
        let state: State = spec.state(PROVIDER)?;
        let found = self.file_at(&state.path).await?;
        let found = found
            .ok_or_else(|| refuse(ErrorKind::UploadExpired, &state.path, "the file that was sent is not there"))?;
        self.uploads().remove(&state.key);
        if found.item.size.is_some_and(|size| size != spec.request.size) {
            let message = format!("{} bytes were sent, and the service has {:?}", spec.request.size, found.item.size);
            return Err(refuse(ErrorKind::Integrity, &state.path, message).with_maybe_applied(true));
        }
        Ok(found.item)
    }

    pub(super) fn forget_upload(&self, spec: &UploadSpec) -> Result<()> {
        let state: State = spec.state(PROVIDER)?;
        self.uploads().remove(&state.key);
        Ok(())
    }

    fn uploads(&self) -> MutexGuard<'_, std::collections::HashMap<String, Progress>> {
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn download(self: &Arc<Self>, item: &ItemRef, options: DownloadOptions) -> Result<Download> {
        let found = self.find(item).await?;
        if found.kind == ItemKind::Folder {
            return Err(refuse(ErrorKind::Conflict, item, "it is a folder"));
        }
        let reader = Reader { store: self.clone(), client: self.client.clone(), path: found.path };
        Download::open(found.item, Arc::new(reader), options).await.map_err(|error| match error.subject() {
            None => error.with_subject(item).with_provider(PROVIDER),
            Some(_) => error.with_provider(PROVIDER),
        })
    }
}

/// Checks that the upload is allowed to take the name.
fn check(request: &UploadRequest, existing: Option<&Found>) -> Result<()> {
    if request.if_revision.is_some() && request.if_revision != existing.and_then(|found| found.item.revision.clone()) {
        return Err(refuse(ErrorKind::PreconditionFailed, &request.name, "its content is not in the required state"));
    }
    match existing {
        Some(existing) if request.on_conflict != OnConflict::NewVersion => Err(taken(&request.name, existing)),
        _ => Ok(()),
    }
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
