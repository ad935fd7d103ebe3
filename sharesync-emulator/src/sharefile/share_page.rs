//! The public pages of shares: `/d-{id}` leads to the download, `/r-{id}` says how to upload. They need no token unless the share
//! asks for a sign-in. Ours: the pages are plain text, and a download begins at once.

use std::sync::Arc;

use http::{Method, StatusCode};

use super::ShareFile;
use super::errors::{ApiError, Outcome};
use super::ids;
use super::info::DEFAULT_ZONE;
use super::share_wire::share_id;
use super::shares::{entries, use_once, whole};
use crate::drive::{Drive, Purpose, Share};
use crate::http::{Call, empty, full, redirect};

impl ShareFile {
    pub(super) async fn share_page(&self, path: &str, mut call: Call) -> Outcome {
        call.body.drain().await;
        let id = path.trim_start_matches('/').get(2..).unwrap_or_default();
        let share = ids::parse_share(id).and_then(|id| self.drive().share(id)).ok_or_else(ApiError::not_found)?;
        if share.has_ended(Drive::now()) {
            return Err(ApiError::not_found());
        }
        if share.require_login && call.bearer().and_then(|token| self.tokens.user_of(token)).is_none() {
            return Err(ApiError::unauthorized());
        }
        match (&call.method, &share.purpose) {
            (&Method::HEAD, _) => Ok(empty(StatusCode::OK)),
            (&Method::GET, Purpose::Send { .. }) => self.send_page(&call, &share),
            (&Method::GET, Purpose::Request { .. }) => {
                let text = format!("Send files by POST to /sf/v3/Shares({})/Upload\n", share_id(&share));
                Ok(full(StatusCode::OK, "text/plain; charset=utf-8", text))
            }
            _ => Err(ApiError::not_allowed("A share's page can only be read.")),
        }
    }

    fn send_page(&self, call: &Call, share: &Arc<Share>) -> Outcome {
        if share.view_only {
            let names = entries(self.drive(), share).into_iter().map(|entry| format!("{}\n", entry.item.name));
            return Ok(full(StatusCode::OK, "text/plain; charset=utf-8", names.collect::<String>()));
        }
        let target = whole(self.drive(), share)?;
        use_once(self.drive(), share, &call.query)?;
        let (url, _) = self.storage_url(&call.base, DEFAULT_ZONE, target);
        Ok(redirect(&url))
    }
}
