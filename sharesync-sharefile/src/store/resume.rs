//! What the service has of an upload that broke off.

use std::ops::Range;

use sharesync_core::transfer::{PartPlan, UploadSpec, UploadStatus};
use sharesync_core::{ErrorKind, Result};

use super::change::is_newer;
use super::upload::{Attempt, State, assemble, specify};
use super::{ShareFileStore, translate};
use crate::PROVIDER;
use crate::model::UploadSpecification;

/// Asks for the same upload again: the service recognises an unfinished one by folder, name and length.
pub(super) async fn status(store: &ShareFileStore, old: &UploadSpec) -> Result<UploadStatus> {
    let mut state: State = old.state(PROVIDER)?;
    if old.plan == PartPlan::Single {
        return finished(store, &state, old).await;
    }
    let asked = specify(store, &state.folder, &old.request, old.plan, state.multipart, Attempt::Resumed).await;
    state.specification = match asked {
        // The name is taken, or the revision gone: by this very upload, if it was finished before its answer was seen.
        Err(error) if matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::PreconditionFailed) => {
            return finished(store, &state, old).await;
        }
        asked => asked?,
    };
    if state.specification.is_resume != Some(true) {
        return finished(store, &state, old).await;
    }
    let hash = state.specification.resume_file_hash.as_deref().unwrap_or_default();
    let (received, prefix) = match (received(&state.specification, old), translate::md5(hash)) {
        (Some(received), prefix) if received.is_empty() || prefix.is_some() => (received, prefix),
        // Without a digest nobody knows what it is that the service has.
        _ => return Ok(UploadStatus::Expired),
    };
    let spec = assemble(store, old.request.clone(), old.plan, &state).await?;
    Ok(UploadStatus::InProgress { spec: Box::new(spec), received: vec![received], prefix })
}

/// The bytes that need not be sent again; `None` where index and offset contradict each other.
///
/// The index is that of the last chunk received [inferred from other clients], or of the next one to send, as the
/// reference can be read as well.
fn received(specification: &UploadSpecification, spec: &UploadSpec) -> Option<Range<u64>> {
    let offset = u64::try_from(specification.resume_offset?).ok()?;
    let index = u64::try_from(specification.resume_index?).ok()?;
    let range = spec.part_range(index);
    (range.end == offset || range.start == offset).then_some(0..offset)
}

/// Nothing of the upload is left: either it was finished, or it has lapsed. A file that came after the upload began, of
/// the declared length and time, is taken for it; the engine then compares the digest.
async fn finished(store: &ShareFileStore, state: &State, spec: &UploadSpec) -> Result<UploadStatus> {
    let Some(entity) = store.child(&state.folder, &spec.request.name).await? else {
        return Ok(UploadStatus::Expired);
    };
    let item = translate::item(&entity)?;
    let stored = item.modified.map(|time| time.unix_seconds());
    let as_declared = spec.request.modified.is_none_or(|declared| stored == Some(declared.unix_seconds()));
    let ours = item.is_file() && item.size == Some(spec.request.size) && as_declared && is_newer(&entity, state.began);
    Ok(if ours { UploadStatus::Complete(Box::new(item)) } else { UploadStatus::Expired })
}

#[cfg(test)]
mod tests {
    use sharesync_core::ItemRef;
    use sharesync_core::transfer::UploadRequest;

    use super::*;

    #[test]
    fn index_and_offset_must_agree() {
        let request = UploadRequest::new(ItemRef::Root, "a").with_size(25);
        let plan = PartPlan::Parallel { part_size: 10, max_in_flight: 4 };
        let spec = UploadSpec::new(PROVIDER, request, plan, &()).unwrap();
        let received = |index, offset| {
            let mut specification = UploadSpecification::new();
            (specification.resume_index, specification.resume_offset) = (Some(index), Some(offset));
            super::received(&specification, &spec)
        };
        assert_eq!(received(0, 10), Some(0..10), "the last one received");
        assert_eq!(received(1, 10), Some(0..10), "the next one to send");
        assert_eq!(received(2, 25), Some(0..25));
        assert_eq!(received(0, 0), Some(0..0));
        for (index, offset) in [(0, 20), (1, 7), (-1, 10), (1, -10), (9, 10)] {
            assert_eq!(received(index, offset), None, "{index} {offset}");
        }
    }
}
