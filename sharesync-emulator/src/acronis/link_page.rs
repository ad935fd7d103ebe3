//! What is behind the address of a link: `/fc/t/{short}` leads to `/fc/node_share_links/download?id=…&token=…`, which gives the file.
//!
//! Ours: a real service shows a page to sign in on; here a link that asks for it takes a bearer token, and answers 401 without.

use std::sync::Arc;

use http::Method;

use super::Acronis;
use super::errors::{ApiError, Outcome};
use super::ids;
use super::links::leads_to;
use crate::drive::{Drive, Share, ShareId};
use crate::http::{Call, Label, content, redirect};

impl Acronis {
    pub(super) async fn link_page(self: Arc<Self>, path: &str, mut call: Call) -> Outcome {
        call.body.drain().await;
        if !matches!(call.method, Method::GET | Method::HEAD) {
            return Err(ApiError::not_allowed());
        }
        if let Some(short) = path.strip_prefix("/fc/t/") {
            let id = ids::parse_short(short).ok_or_else(ApiError::not_found)?;
            let share = self.open(id, &call)?;
            let (link, token) = (share.id.0, ids::link_token(share.id));
            return Ok(redirect(&format!("{}/fc/node_share_links/download?id={link}&token={token}", call.base)));
        }
        if path != "/fc/node_share_links/download" {
            return Err(ApiError::not_found());
        }
        let id = call.query.number("id").map(ShareId).ok_or_else(ApiError::not_found)?;
        if call.query.get("token") != Some(&ids::link_token(id)) {
            return Err(ApiError::not_found());
        }
        let share = self.open(id, &call)?;
        self.give(&share, &call)
    }

    /// The link, if it has not ended and whoever asks may use it.
    fn open(&self, id: ShareId, call: &Call) -> Result<Arc<Share>, ApiError> {
        let share = self.drive().share(id).filter(|share| !share.has_ended(Drive::now()));
        let share = share.filter(|share| leads_to(share).is_some()).ok_or_else(ApiError::not_found)?;
        if !self.state().settings.flag("security", "node_share_link_enable") {
            return Err(ApiError::no_access());
        }
        if !share.require_login {
            return Ok(share);
        }
        let user = self.user_of(call).ok_or_else(ApiError::unauthorized)?;
        let told = share.recipients.iter().any(|email| email.eq_ignore_ascii_case(&user.email));
        if share.only_recipients && !told && user.id != share.creator {
            return Err(ApiError::no_access());
        }
        Ok(share)
    }

    fn give(&self, share: &Share, call: &Call) -> Outcome {
        let entry = leads_to(share).and_then(|id| self.drive().item(id)).filter(|entry| !entry.is_deleted());
        let entry = entry.ok_or_else(ApiError::not_found)?;
        let version = entry.version.as_ref().ok_or_else(ApiError::not_found)?;
        // Of two that come at once, a link for one use serves one.
        let used = self.drive().change_share(share.creator, share.id, |share| {
            let free = !share.is_used_up();
            share.downloads += u64::from(free);
            free
        });
        if !used.unwrap_or(false) {
            return Err(ApiError::not_found());
        }
        let label = Label { name: &entry.item.name, content_type: "application/octet-stream", etag: None };
        Ok(content(self.drive(), call, &version.content, label))
    }
}
