//! Content: one request for small new files, sessions for large ones and for new versions, and a reader for downloads.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use sharesync_core::transfer::{
    Content, ContentReader, Download, DownloadOptions, Part, PartPlan, PartReceipt, UploadRequest, UploadSpec,
    UploadStatus,
};
use sharesync_core::{
    Asked, Attempted as _, Digest, DigestAlgorithm, Error, ErrorKind, Item, ItemRef, OnConflict, Result,
};

use super::Inner;
use super::find::Place;
use super::item::{Known, needed, refuse};
use crate::model::{DateTime, NewFile, NewUpload};
use crate::{Client, PROVIDER, RangeForm};

/// What is remembered of an upload.
#[derive(Serialize, Deserialize)]
struct State {
    /// The folder; none for the root.
    folder: Option<String>,
    name: String,
    /// The file that gets a new version, and the version that it had.
    replaces: Option<(String, Option<i64>)>,
    /// The session; none where one request does it.
    session: Option<String>,
}

impl State {
    fn place(&self) -> Place {
        Place::of(self.folder.as_deref())
    }
}

impl Inner {
    pub(super) async fn upload_spec(&self, request: UploadRequest) -> Result<UploadSpec> {
        self.check_name(&request.name)?;
        let place = self.place(&request.parent).await?;
        let versions = request.on_conflict == OnConflict::NewVersion || request.if_revision.is_some();
        let small = request.size <= self.options.single_limit;
        // A small new file needs no look: the service itself refuses a name that is taken.
        let existing = if versions || !small { self.existing(&place, &request.name).await? } else { None };
        request.check_holder(existing.as_ref().map(Known::holder))?;
        let replaces = existing.map(|existing| (existing.id, existing.version));
        let folder = place.id().map(str::to_owned);
        let mut state = State { folder, name: request.name.clone(), replaces, session: None };
        if small && state.replaces.is_none() {
            let spec = UploadSpec::new(PROVIDER, request, PartPlan::Single, &state)?;
            return Ok(spec.with_digests(&[DigestAlgorithm::Sha256]));
        }
        let wanted = self.new_upload(&request, &state);
        let session = self.client.uploads().begin(&wanted).await.map_err(|error| named(error, &request.name))?;
        state.session = Some(needed(session.session_id, "session_id")?);
        let part_size = session.chunk_size.unwrap_or(self.options.chunk_size);
        let plan = PartPlan::Parallel { part_size, max_in_flight: self.options.parallel_chunks };
        let spec = UploadSpec::new(PROVIDER, request, plan, &state)?;
        let chunks = spec.part_count();
        if session.total_chunks.is_some_and(|total| total != chunks && spec.request.size > 0) {
            let message = format!("the service expects another number of chunks than the {chunks} that there are");
            return Err(refuse(ErrorKind::Protocol, &spec.request.name, message));
        }
        let spec = spec.with_digests(&[DigestAlgorithm::Sha256]);
        Ok(match session.expires_at.as_ref().and_then(DateTime::timestamp) {
            Some(end) => spec.with_expires(end),
            None => spec,
        })
    }

    fn new_upload(&self, request: &UploadRequest, state: &State) -> NewUpload {
        let mut upload = NewUpload::new()
            .with_share_id(self.root_id())
            .with_file_name(&request.name)
            .with_file_size(request.size)
            .with_chunk_size(self.options.chunk_size);
        upload.folder_id.clone_from(&state.folder);
        upload.mime_type.clone_from(&request.media_type);
        upload.replace_file_id = state.replaces.as_ref().map(|(id, _)| id.clone());
        upload
    }

    /// What has the name, with all that is known of it.
    async fn existing(&self, place: &Place, name: &str) -> Result<Option<Known>> {
        match self.child(place, name).await? {
            Some(child) if !child.is_folder => self.node_of(&child.id, false).await.map(Some),
            child => Ok(child),
        }
    }

    pub(super) async fn upload_part(&self, spec: &UploadSpec, part: Part<'_>) -> Result<PartReceipt> {
        let state: State = spec.state(PROVIDER)?;
        let index = part.index;
        let id = match &state.session {
            // A session for no bytes has no chunks.
            Some(_) if spec.request.size == 0 => None,
            Some(session) => {
                let sent = self.client.uploads().chunk(session, index, part.body()).await;
                sent.map_err(|error| named(error, &state.name))?;
                None
            }
            None => Some(self.create(spec, &state, part).await?),
        };
        PartReceipt::new(index, &id)
    }

    /// Creates a small file by one request.
    async fn create(&self, spec: &UploadSpec, state: &State, part: Part<'_>) -> Result<String> {
        let mut file = NewFile::new().with_share_id(self.root_id()).with_name(&state.name);
        file.folder_id.clone_from(&state.folder);
        let created = self.client.files().create(&file, spec.request.media_type.as_deref(), part.body()).await;
        let error = match created {
            Ok(file) => return needed(file.id, "id").after_write(),
            Err(error) => error,
        };
        // Where an answer was lost, only a look tells.
        if error.maybe_applied()
            && let Some(found) = self.existing(&state.place(), &state.name).await.after_write()?
        {
            let digest = part.digest(DigestAlgorithm::Sha256).await?;
            if found.name == state.name && found.digest == Some(digest) {
                return Ok(found.id);
            }
        }
        Err(named(error, &state.name))
    }

    pub(super) async fn upload_status(&self, spec: &UploadSpec) -> Result<UploadStatus> {
        let state: State = spec.state(PROVIDER)?;
        let in_progress =
            |received, prefix| UploadStatus::InProgress { spec: Box::new(spec.clone()), received, prefix };
        let Some(session) = &state.session else {
            return Ok(match self.existing(&state.place(), &state.name).await? {
                None => in_progress(Vec::new(), None),
                // The engine compares the digest with the local content.
                Some(found) if found.size == Some(spec.request.size) && found.digest.is_some() => {
                    in_progress(std::iter::once(0..spec.request.size).collect(), found.digest)
                }
                Some(_) => UploadStatus::Expired,
            });
        };
        // A session may be over because it was completed. The engine then compares the digest.
        let finished = self.result(&state).await?.filter(|found| found.size == Some(spec.request.size));
        if let Some(finished) = finished {
            return Ok(UploadStatus::Complete(Box::new(finished.into_item(self.root_id()))));
        }
        match self.client.uploads().progress(session).await {
            // The service may tell which chunks it has, but not what is in them: that is looked at when it is complete.
            Ok(progress) => Ok(in_progress(ranges(spec, progress.received().unwrap_or_default()), None)),
            Err(error) if error.kind() == ErrorKind::UploadExpired => Ok(UploadStatus::Expired),
            Err(error) => Err(named(error, &state.name)),
        }
    }

    /// What a completed session would have made, if it is there.
    async fn result(&self, state: &State) -> Result<Option<Known>> {
        match &state.replaces {
            None => Ok(self.existing(&state.place(), &state.name).await?.filter(|found| !found.is_folder)),
            Some((id, before)) => match self.node_of(id, false).await {
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                found => found.map(|found| Some(found).filter(|found| found.version != *before)),
            },
        }
    }

    pub(super) async fn upload_finish(
        &self,
        spec: &UploadSpec,
        parts: &[PartReceipt],
        content: &[Digest],
    ) -> Result<Item> {
        let state: State = spec.state(PROVIDER)?;
        let file = match &state.session {
            Some(session) => self.complete(session, spec, &state, content).await?,
            None => match parts.last().map(PartReceipt::state::<Option<String>>).transpose()?.flatten() {
                Some(id) => self.node_of(&id, false).await.after_write()?,
                None => self
                    .existing(&state.place(), &state.name)
                    .await?
                    .ok_or_else(|| refuse(ErrorKind::UploadExpired, &state.name, "the file that was there is gone"))?,
            },
        };
        let made = file.into_item(self.root_id());
        let parent = state.folder.as_deref().unwrap_or(self.root_id());
        Asked::named(&state.name).in_any_spelling(&self.capabilities.names).within(parent).check(&made)?;
        Ok(made)
    }

    async fn complete(&self, session: &str, spec: &UploadSpec, state: &State, content: &[Digest]) -> Result<Known> {
        if spec.request.if_revision.is_some()
            && let Some((id, before)) = &state.replaces
            && self.node_of(id, false).await?.version != *before
        {
            let message = format!("the content of {:?} is not in the required state any more", state.name);
            return Err(refuse(ErrorKind::PreconditionFailed, id, message));
        }
        let sent = content.iter().find(|digest| digest.algorithm() == DigestAlgorithm::Sha256);
        let error = match self.client.uploads().complete(session).await {
            Ok(uploaded) => {
                let id = needed(uploaded.file_id, "file_id").after_write()?;
                let made = self.made(&id, state, sent).await;
                return made.map_err(|error| {
                    let taken_back = error.kind() == ErrorKind::UploadExpired;
                    error.with_maybe_applied(!taken_back)
                });
            }
            Err(error) => error,
        };
        // The answer to the first attempt was lost: the session is over, because it has made the file.
        if error.maybe_applied() {
            let found = self.result(state).await.after_write()?;
            if let Some(found) = found.filter(|found| sent.is_some() && found.digest.as_ref() == sent) {
                return Ok(found);
            }
        }
        Err(named(error, &state.name))
    }

    /// What a session has made. Somebody else may have made a newer version by now. What is not what was sent came of
    /// chunks of an earlier process with another content: it is taken back, and the upload starts anew.
    async fn made(&self, id: &str, state: &State, sent: Option<&Digest>) -> Result<Known> {
        let mut file = self.node_of(id, false).await?;
        let Some(sent) = sent.filter(|sent| file.digest.as_ref().is_some_and(|held| held != *sent)) else {
            return Ok(file);
        };
        let versions = self.client.files().versions(id).await?.versions.unwrap_or_default();
        let is_ours = |hex: &str| hex.eq_ignore_ascii_case(&sent.to_hex());
        if let Some(ours) = versions.into_iter().find(|version| version.checksum_sha256.as_deref().is_some_and(is_ours))
        {
            (file.digest, file.size, file.version) = (Some(sent.clone()), ours.size, ours.version_number);
            return Ok(file);
        }
        match &state.replaces {
            None => self.client.files().delete(id, true).await?,
            Some((_, Some(before))) => drop(self.client.files().restore(id, *before).await?),
            Some((_, None)) => return Ok(file),
        }
        let message = "the chunks that the service had were of another content";
        Err(refuse(ErrorKind::UploadExpired, &state.name, message))
    }

    pub(super) async fn download(&self, item: &ItemRef, options: DownloadOptions) -> Result<Download> {
        let folder = || refuse(ErrorKind::Conflict, &item.to_string(), "it is a folder");
        let node = self.find(item).await?.filter(|node| !node.is_folder).ok_or_else(folder)?;
        let reader = Reader {
            client: self.client.clone(),
            file_id: node.id.clone(),
            version: node.version,
            form: self.options.range_form,
        };
        Download::open(node.into_item(self.root_id()), Arc::new(reader), options).await
    }
}

/// The name says more than the folder or the session.
fn named(error: Error, name: &str) -> Error {
    error.with_subject(name)
}

/// The bytes of chunks that the service has: ascending, and those beside each other in one.
fn ranges(spec: &UploadSpec, mut chunks: Vec<u64>) -> Vec<Range<u64>> {
    chunks.retain(|index| *index < spec.part_count());
    chunks.sort_unstable();
    chunks.dedup();
    let mut ranges: Vec<Range<u64>> = Vec::new();
    for next in chunks.into_iter().map(|index| spec.part_range(index)) {
        match ranges.last_mut() {
            Some(last) if last.end == next.start => last.end = next.end,
            _ => ranges.push(next),
        }
    }
    ranges
}

/// Opens the content of one version of a file: a download that is resumed goes on with what it began with.
#[derive(Debug)]
struct Reader {
    client: Client,
    file_id: String,
    version: Option<i64>,
    form: RangeForm,
}

#[async_trait]
impl ContentReader for Reader {
    async fn open(&self, offset: u64, length: Option<u64>) -> Result<Content> {
        self.client.sync().download(&self.file_id, self.version, offset, length, self.form).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_become_ranges() {
        let request = UploadRequest::new(ItemRef::Root, "a").with_size(25);
        let plan = PartPlan::Parallel { part_size: 10, max_in_flight: 4 };
        let spec = UploadSpec::new(PROVIDER, request, plan, &()).unwrap();
        for (chunks, expected) in [
            (vec![], vec![]),
            (vec![2, 0], vec![0..10, 20..25]),
            (vec![1, 0, 1, 2], vec![0..25]),
            (vec![7, u64::MAX], vec![]),
        ] {
            assert_eq!(ranges(&spec, chunks), expected);
        }
    }
}
