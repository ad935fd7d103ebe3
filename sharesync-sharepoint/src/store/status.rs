//! An upload that broke off: what the service has of it, and how it is given up.

use sharesync_core::transfer::{UploadSpec, UploadStatus};
use sharesync_core::{Error, ErrorKind, Result};

use super::Inner;
use super::item::Known;
use super::transfer::State;
use crate::PROVIDER;
use crate::model::{File, Guid};
use crate::rest::Target;

impl Inner {
    pub(super) async fn upload_status(&self, spec: &UploadSpec) -> Result<UploadStatus> {
        let state: State = spec.state(PROVIDER)?;
        match (state.upload, state.file) {
            (Some(upload), Some(file)) => self.session_status(spec, state, upload, file).await,
            _ => self.single_status(spec, &state).await,
        }
    }

    /// What became of a content that is sent in one request.
    async fn single_status(&self, spec: &UploadSpec, state: &State) -> Result<UploadStatus> {
        let found = match state.file {
            Some(file) => self.file(file).await?.filter(|found| found.revision() != state.before).map(|_| file),
            None => match self.child(&state.place(), &state.name).await? {
                Some(found) if !found.is_folder && found.is_since(state.began) => Some(found.id),
                _ => None,
            },
        };
        let known = match found {
            Some(id) => Some(self.node(id).await?).filter(|known| known.size == Some(spec.request.size)),
            None => None,
        };
        Ok(match known {
            Some(known) => UploadStatus::Complete(Box::new(known.into_item())),
            None => in_progress(spec.clone(), 0),
        })
    }

    async fn session_status(
        &self,
        spec: &UploadSpec,
        mut state: State,
        upload: Guid,
        file: Guid,
    ) -> Result<UploadStatus> {
        let Some(found) = self.file(file).await? else { return Ok(UploadStatus::Expired) };
        let finished = found.length == Some(spec.request.size) && found.revision() != state.before;
        if finished {
            return Ok(UploadStatus::Complete(Box::new(self.node(file).await?.into_item())));
        }
        match self.client.uploads().status(&Target::Id(file), upload).await {
            Ok(progress) if progress.upload_id.is_none_or(|id| id == upload) => {
                if let Some(received) = progress.next_offset().filter(|received| *received > 0) {
                    state.resumed = true;
                    let mut renewed = renewed(spec, &state)?;
                    renewed.expires = progress.expiration_date_time.or(spec.expires);
                    return Ok(in_progress(renewed, received));
                }
            }
            Err(error) if !is_unknown(&error) => return Err(error),
            _ => {}
        }
        // The service knows nothing of the session. The file is still there, and a new session goes into it: another
        // upload would find its name taken.
        state.upload = Some(Guid::random());
        state.resumed = false;
        Ok(in_progress(renewed(spec, &state)?, 0))
    }

    /// A file, if it is there.
    async fn file(&self, file: Guid) -> Result<Option<File>> {
        match self.client.files().get(&Target::Id(file)).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            found => found.map(Some),
        }
    }

    pub(super) async fn upload_abort(&self, spec: &UploadSpec) -> Result<()> {
        let state: State = spec.state(PROVIDER)?;
        let (Some(upload), Some(file)) = (state.upload, state.file) else { return Ok(()) };
        match self.client.uploads().cancel(&Target::Id(file), upload).await {
            Err(error) if !is_unknown(&error) => return Err(error),
            _ => {}
        }
        // The file that was made for the upload, if it is still as it was made.
        if state.placeholder
            && let Some(found) = self.file(file).await?
            && found.length == Some(0)
        {
            let known = Known::file(found, &self.root, None)?;
            match self.client.files().delete(&Target::Id(file), known.revision.as_ref()).await {
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PreconditionFailed) => {}
                deleted => deleted?,
            }
        }
        Ok(())
    }
}

/// The same upload in another state.
fn renewed(spec: &UploadSpec, state: &State) -> Result<UploadSpec> {
    Ok(UploadSpec::new(PROVIDER, spec.request.clone(), spec.plan, state)?.with_digests(&spec.digests))
}

fn in_progress(spec: UploadSpec, received: u64) -> UploadStatus {
    let received = if received > 0 { std::iter::once(0..received).collect() } else { Vec::new() };
    UploadStatus::InProgress { spec: Box::new(spec), received, prefix: None }
}

/// Whether an error says that the service does not know the upload (which is not documented).
fn is_unknown(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Rejected | ErrorKind::Conflict)
        || error.status() == Some(500) && error.code().is_some()
}
