//! Change tracking: `/sync/changes`, `/sync/status`, `/sync/cursor`.

use http::Method;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::devices::device_share_key;
use super::errors::{ApiError, Outcome};
use super::info::ok;
use super::log::Row;
use super::{Ctx, ids};
use crate::drive::{Drive, Entry, ItemId};

/// How far a device has come with a share.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct CursorRow {
    position: u64,
    last_sync_at: Timestamp,
}

impl Ctx {
    /// Everything below `/sync`, but for the socket.
    pub(super) async fn sync(&self, rest: &[&str]) -> Outcome {
        match (&self.call.method, rest) {
            (&Method::GET, ["changes"]) => self.changes(),
            (&Method::GET, ["status"]) => self.status(),
            (&Method::POST, ["cursor"]) => self.advance(),
            (&Method::POST, ["apply"]) => self.apply(),
            (&Method::GET | &Method::HEAD, ["download", file]) => self.content(file, true),
            (&Method::GET, ["conflicts"]) => self.conflicts(),
            (&Method::POST, ["conflicts", conflict, "resolve"]) => self.resolve(conflict),
            (_, ["devices", rest @ ..]) => self.devices(rest),
            (_, ["changes" | "status" | "cursor" | "apply" | "conflicts"] | ["download", _]) => {
                Err(ApiError::not_allowed())
            }
            (_, ["conflicts", _, "resolve"]) => Err(ApiError::not_allowed()),
            _ => Err(ApiError::not_found("Page")),
        }
    }

    /// A share that the caller may read.
    pub(super) fn share(&self, id: &str) -> Result<Entry, ApiError> {
        let share = ids::parse_share(id).ok_or_else(|| ApiError::not_found("Share"))?;
        self.face.space.readable(&self.user, share)
    }

    /// The share of an optional parameter.
    pub(super) fn asked_share(&self) -> Result<Option<ItemId>, ApiError> {
        self.call.query.get("share_id").map(|id| Ok(self.share(id)?.item.id)).transpose()
    }

    /// Without a cursor it is the current position from which changes count, so there are none.
    fn changes(&self) -> Outcome {
        let positions = &self.face.positions;
        let limit = usize::try_from(self.number("limit", 1, 5000, 1000)?).unwrap_or(1000);
        let share = self.asked_share()?;
        let position = match self.call.query.get("cursor") {
            Some(cursor) => positions.parse(cursor)?,
            None => positions.head(),
        };
        let found = positions.after(&self.face.space, position, limit, self.wanted(share));
        let changes: Value = found.rows.iter().map(|row| positions.row_json(row)).collect();
        // The fault of a cursor that does not move.
        let cursor = if self.call.repeat_page { position } else { found.position };
        Ok(ok(&json!({
            "changes": changes, "cursor": cursor, "has_more": found.has_more || self.call.repeat_page,
            "share_id": share.map(ids::share),
        })))
    }

    fn wanted(&self, share: Option<ItemId>) -> impl Fn(&Row) -> bool {
        move |row: &Row| match share {
            Some(share) => row.share == share,
            None => self.face.space.is_visible(&self.user, row.share),
        }
    }

    fn status(&self) -> Outcome {
        let share = self.share(self.required("share_id")?)?.item.id;
        let device = self.required("device_id")?;
        self.device(device)?;
        let key = device_share_key(self.user.id, device, share);
        let positions = &self.face.positions;
        let known = self.face.cursors.get(&key).filter(|cursor| positions.is_known(cursor.position));
        let cursor = known.unwrap_or_else(|| {
            let new = CursorRow { position: positions.head(), last_sync_at: Drive::now() };
            self.face.cursors.put(&key, new);
            new
        });
        let pending = positions.after(&self.face.space, cursor.position, usize::MAX, self.wanted(Some(share)));
        let unresolved = self.own_conflicts(Some(device), Some(share)).iter().any(|known| known.resolved_at.is_none());
        Ok(ok(&json!({
            "cursor_position": cursor.position, "last_sync_at": cursor.last_sync_at.to_string(),
            "pending_changes": pending.rows.len(), "has_conflicts": unresolved,
        })))
    }

    /// A cursor never goes back.
    fn advance(&self) -> Outcome {
        let share = self.share(self.required("share_id")?)?.item.id;
        let device = self.required("device_id")?;
        self.device(device)?;
        let position = self.face.positions.parse(self.required("position")?)?;
        let key = device_share_key(self.user.id, device, share);
        let last_sync_at = Drive::now();
        let known = self.face.cursors.get(&key).map_or(0, |cursor| cursor.position);
        let cursor = CursorRow { position: position.max(known), last_sync_at };
        self.face.cursors.put(&key, cursor);
        Ok(ok(&json!({"cursor_position": cursor.position, "last_sync_at": last_sync_at.to_string()})))
    }
}
