//! Anonymous links: what they are, and the page that gives their content to whoever has the address.

use http::{Method, StatusCode};
use http_body_util::BodyExt;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::SharePoint;
use super::dialect::GUEST_PAGE;
use super::ids::{Guid, etag};
use crate::drive::{Drive, ItemId, UserId};
use crate::http::{Call, Label, Reply, content, empty, full};
use crate::zip_archive;

/// An anonymous link. An item has at most one to look at it and one to edit it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct GuestLink {
    pub(super) token: String,
    pub(super) item: ItemId,
    pub(super) edit: bool,
    pub(super) expires: Option<Timestamp>,
    pub(super) by: UserId,
}

impl GuestLink {
    /// Its address, below the address of a site.
    pub(super) fn url(&self, site: &str) -> String {
        format!("{site}{GUEST_PAGE}?guestaccesstoken={}&docid={}&rev=1", self.token, Guid::item(self.item).plain())
    }
}

/// The key of an item's link in the table.
pub(super) fn link_key(item: ItemId, edit: bool) -> String {
    format!("{:016x}/{}", item.0, if edit { "edit" } else { "view" })
}

impl SharePoint {
    pub(super) fn link_token(&self) -> String {
        let mut dice = self.dice.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        format!("{:016x}{:016x}", dice.u64(..), dice.u64(..))
    }

    /// The content behind a link: a file as it is, a folder as an archive.
    pub(super) async fn guest(&self, call: &Call) -> Reply {
        if !matches!(call.method, Method::GET | Method::HEAD) {
            return empty(StatusCode::METHOD_NOT_ALLOWED);
        }
        let token = call.query.get("guestaccesstoken").unwrap_or_default();
        let in_force = |link: &GuestLink| link.token == token && link.expires.is_none_or(|end| Drive::now() < end);
        let link = self.guest_links.all().into_iter().find(in_force);
        let entry = link.and_then(|link| self.drive().item(link.item)).filter(|entry| !entry.is_deleted());
        let Some(entry) = entry else {
            return full(
                StatusCode::NOT_FOUND,
                "text/html; charset=utf-8",
                "<html><body>This link has been removed.</body></html>",
            );
        };
        if let Some(version) = &entry.version {
            let etag = etag(&entry.item);
            let label = Label { name: &entry.item.name, content_type: "application/octet-stream", etag: Some(&etag) };
            return content(self.drive(), call, &version.content, label);
        }
        let name = format!("{}.zip", entry.item.name);
        let label = Label { name: &name, content_type: "application/zip", etag: None };
        match zip_archive::make(self.drive().clone(), vec![entry.item.id], false).await {
            Ok(archive) => content(self.drive(), call, &archive.content(), label).map(|body| {
                let kept = body.map_frame(move |frame| {
                    // The archive is kept for as long as it is read.
                    let _ = &archive;
                    frame
                });
                kept.boxed_unsync()
            }),
            Err(_) => empty(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}
