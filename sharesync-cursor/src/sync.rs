//! Changes, positions, what devices did, content and conflicts: `/api/v1/sync/` (Change tracking, Conflicts).

use http::Method;
use http::header::{ACCEPT, HeaderValue, RANGE};
use sharesync_core::http::{JsonList, Repeat, range};
use sharesync_core::transfer::Content;
use sharesync_core::{Error, ErrorKind, Result};

use crate::PROVIDER;
use crate::client::resource;
use crate::error::cursor_invalid;
use crate::model::wire::entity;
use crate::model::{Applied, Apply, ChangesPage, Conflict, Position, Resolution, SyncCursor, SyncStatus};

resource! {
    /// Changes, positions, conflicts: [`Client::sync`](crate::Client::sync).
    Sync
}

entity! {
    /// Which changes are wanted (GET /sync/changes).
    ChangeQuery {
        /// Those after this position; from the present one unless set.
        cursor (with_cursor): SyncCursor,
        /// Those in this share.
        share_id (with_share_id): String,
        /// How many in one answer: 1 to 5000; 1000 unless set.
        limit (with_limit): u32,
    }
}

impl ChangeQuery {
    /// The most changes that the service sends in one answer.
    pub const MAX_LIMIT: u32 = 5000;
}

entity! {
    /// Which conflicts are wanted (GET /sync/conflicts).
    ConflictQuery {
        /// Those of this device.
        device_id (with_device_id): String,
        /// Those in this share.
        share_id (with_share_id): String,
        /// Whether resolved ones are wanted, too; not unless set.
        include_resolved (with_include_resolved): bool,
    }
}

/// How a part of a content is asked for (GET /sync/download/{file_id}).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RangeForm {
    /// By the header `Range`.
    #[default]
    Header,
    /// By the parameters `range_start` and `range_end`, where headers do not come through.
    Parameters,
}

impl Sync {
    /// The changes since a position.
    ///
    /// `GET /sync/changes`. Needs the permission to read the share. Without a cursor the service answers with the present
    /// position: what existed before is found by walking the folders.
    ///
    /// # Errors
    /// [`CursorInvalid`](ErrorKind::CursorInvalid) for a position that the service does not know (SYNC_CURSOR_INVALID),
    /// [`InvalidInput`](ErrorKind::InvalidInput) for a limit beyond 1 to 5000, [`TooLarge`](ErrorKind::TooLarge) when the
    /// service sends more changes than the limit.
    pub async fn changes(&self, query: &ChangeQuery) -> Result<ChangesPage> {
        if query.limit.is_some_and(|limit| !(1..=ChangeQuery::MAX_LIMIT).contains(&limit)) {
            let message = "the limit of changes is 1 to 5000";
            return Err(Error::new(ErrorKind::InvalidInput, message).with_provider(PROVIDER));
        }
        let request = self.0.request("Sync.Changes", "sync/changes", &[]).about(query.share_id.as_deref());
        let limit = query.limit.unwrap_or(ChangeQuery::MAX_LIMIT);
        let list = JsonList::at(&[&["changes"]]).asked(Some(limit.into()));
        let request = request.query(query);
        self.0.page(request, list, |page: &mut ChangesPage| Some(&mut page.changes)).await.map_err(cursor_invalid)
    }

    /// How far a device is in a share.
    ///
    /// `GET /sync/status`. It creates a position at the present end of the log if there is none.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) for an unknown share or device.
    pub async fn status(&self, share_id: &str, device_id: &str) -> Result<SyncStatus> {
        let request = self.0.request("Sync.Status", "sync/status", &[]).about(Some(share_id));
        request.param("share_id", share_id).param("device_id", device_id).json(Method::GET).await
    }

    /// Says that a device has seen everything up to a position.
    ///
    /// `POST /sync/cursor`, with everything in the query.
    ///
    /// # Errors
    /// [`CursorInvalid`](ErrorKind::CursorInvalid), [`NotFound`](ErrorKind::NotFound).
    pub async fn advance(&self, share_id: &str, device_id: &str, position: &SyncCursor) -> Result<Position> {
        let request = self.0.request("Sync.Cursor", "sync/cursor", &[]).about(Some(share_id));
        let request = request.param("share_id", share_id).param("device_id", device_id);
        let request = request.param("position", position.to_string()).repeat(Repeat::Idempotent);
        request.json(Method::POST).await.map_err(cursor_invalid)
    }

    /// Applies what a device did.
    ///
    /// `POST /sync/apply`. Edits of a version that is not the server's any more become conflicts, by the resolution that
    /// the request names.
    ///
    /// # Errors
    /// [`Conflict`](ErrorKind::Conflict) (SYNC_CONFLICT) and [`PreconditionFailed`](ErrorKind::PreconditionFailed)
    /// (SYNC_VERSION_STALE) where the service refuses instead of recording a conflict; [`NotFound`](ErrorKind::NotFound).
    pub async fn apply(&self, changes: &Apply) -> Result<Applied> {
        let request = self.0.request("Sync.Apply", "sync/apply", &[]).about(changes.share_id.as_deref());
        request.body(changes).json(Method::POST).await
    }

    /// The content of a file from `offset` on, of all bytes unless `length` says otherwise; of a version by its number,
    /// else of the present one.
    ///
    /// `GET /sync/download/{file_id}`. Needs the permission to read the file. The body is neither resumed nor verified;
    /// that is what the [store](crate::CursorStore) does.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound).
    pub async fn download(
        &self,
        file_id: &str,
        version: Option<i64>,
        offset: u64,
        length: Option<u64>,
        form: RangeForm,
    ) -> Result<Content> {
        let mut request = self.0.request("Sync.Download", "sync/download/{}", &[file_id]);
        if let Some(version) = version {
            request = request.param("version", version);
        }
        let range = match form {
            RangeForm::Header => range(offset, length),
            RangeForm::Parameters => {
                if offset > 0 || length.is_some() {
                    request = request.param("range_start", offset);
                }
                if let Some(length) = length {
                    request = request.param("range_end", offset.saturating_add(length).saturating_sub(1));
                }
                None
            }
        };
        let mut call = request.into_call(Method::GET)?.header(ACCEPT, HeaderValue::from_static("*/*"));
        if let Some(range) = range {
            call = call.header(RANGE, range);
        }
        let response = self.0.pipeline().send(call.clone()).await?;
        response.into_content().map_err(|error| call.describe(error).with_provider(PROVIDER))
    }

    /// The conflicts.
    ///
    /// `GET /sync/conflicts`.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) for an unknown share or device.
    pub async fn conflicts(&self, query: &ConflictQuery) -> Result<Vec<Conflict>> {
        let request = self.0.request("Sync.Conflicts", "sync/conflicts", &[]).query(query);
        self.0.list(request, "conflicts", JsonList::at(&[&[], &["conflicts"]])).await
    }

    /// Resolves a conflict.
    ///
    /// `POST /sync/conflicts/{conflict_id}/resolve`. The answer is the conflict as it is now; `None` where the service
    /// sends nothing.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) for an unknown conflict.
    pub async fn resolve(&self, conflict_id: &str, resolution: &Resolution) -> Result<Option<Conflict>> {
        let request = self.0.request("Sync.Resolve", "sync/conflicts/{}/resolve", &[conflict_id]);
        request.param("resolution", resolution.as_str()).maybe_json(Method::POST).await
    }
}
