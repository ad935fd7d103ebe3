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
        match state.upload {
            Some(upload) => self.session_status(spec, state, upload).await,
            None => self.single_status(spec, &state).await,
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

    async fn session_status(&self, spec: &UploadSpec, mut state: State, upload: Guid) -> Result<UploadStatus> {
        let Some(found) = self.sent_into(&state).await? else {
            // Nothing has been made yet; or it was, and has its own name.
            let is_new = state.file.is_none() && self.child(&state.place(), &state.name).await?.is_none();
            return Ok(if is_new { in_progress(spec.clone(), 0) } else { UploadStatus::Expired });
        };
        let file = Target::Id(found.id);
        state.file = Some(found.id);
        if let Some(complete) = self.all_sent(spec, &state, found).await? {
            return Ok(complete);
        }
        match self.client.uploads().status(&file, upload).await {
            Ok(progress) if progress.upload_id.is_none_or(|id| id == upload) => {
                if let Some(received) = progress.next_offset().filter(|received| *received > 0) {
                    state.resumed = true;
                    let mut renewed = spec.renewed(&state)?;
                    renewed.expires = progress.expiration_date_time.or(spec.expires);
                    return Ok(in_progress(renewed, received));
                }
            }
            Err(error) if !is_unknown(&error) => return Err(error),
            _ => {}
        }
        // The service knows nothing of the session. It may have completed it a moment ago; else a new session goes into the
        // same file.
        if let Some(found) = self.sent_into(&state).await?
            && let Some(complete) = self.all_sent(spec, &state, found).await?
        {
            return Ok(complete);
        }
        state.upload = Some(Guid::random());
        state.resumed = false;
        Ok(in_progress(spec.renewed(&state)?, 0))
    }

    /// Whether all of the content is in the file. Under its temporary name, only its own is missing.
    async fn all_sent(&self, spec: &UploadSpec, state: &State, found: Known) -> Result<Option<UploadStatus>> {
        let size = spec.request.size;
        if found.size != Some(size) || found.revision == state.before {
            return Ok(None);
        }
        if state.temporary.as_ref() == Some(&found.name) {
            return Ok(Some(in_progress(spec.renewed(state)?, size)));
        }
        Ok(Some(UploadStatus::Complete(Box::new(self.node(found.id).await?.into_item()))))
    }

    /// A file, if it is there.
    pub(super) async fn file(&self, file: Guid) -> Result<Option<File>> {
        match self.client.files().get(&Target::Id(file)).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            found => found.map(Some),
        }
    }

    pub(super) async fn upload_abort(&self, spec: &UploadSpec) -> Result<()> {
        let state: State = spec.state(PROVIDER)?;
        let Some(upload) = state.upload else { return Ok(()) };
        let Some(found) = self.sent_into(&state).await? else { return Ok(()) };
        let cancelled = match self.client.uploads().cancel(&Target::Id(found.id), upload).await {
            Err(error) if is_unknown(&error) => Ok(()),
            cancelled => cancelled,
        };
        self.clear_away(&state).await?;
        cancelled
    }
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
