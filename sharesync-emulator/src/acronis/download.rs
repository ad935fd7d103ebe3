//! Downloads: a file as it is, a folder as a ZIP archive (what the archive is like is ours), and previews.

use std::sync::Arc;

use futures::StreamExt;
use http::StatusCode;
use http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};

use super::errors::{ApiError, Outcome};
use super::sight::{Node, Sight};
use super::wire::preview_type;
use super::{Acronis, Ctx};
use crate::drive::User;
use crate::http::{Call, Label, content, encode, streamed};
use crate::zip_archive;

const BYTES: &str = "application/octet-stream";

impl Acronis {
    pub(super) async fn download(self: Arc<Self>, user: &User, id: &str, call: &Call) -> Outcome {
        let node = Sight::of(&self, user).find(id)?;
        match &node.entry.version {
            Some(version) => {
                let label = Label { name: &node.entry.item.name, content_type: BYTES, etag: None };
                Ok(content(self.drive(), call, &version.content, label))
            }
            None => self.archive(&node).await,
        }
    }

    async fn archive(&self, folder: &Node) -> Outcome {
        let made = zip_archive::make(self.drive().clone(), vec![folder.id()], false).await?;
        let (content, len) = (made.content(), made.len());
        let stream = self.drive().stream(&content, 0..len).map(move |piece| {
            // The archive is kept for as long as it is read.
            let _ = &made;
            piece
        });
        let mut reply = streamed(StatusCode::OK, stream);
        let headers = reply.headers_mut();
        headers.insert(CONTENT_LENGTH, len.into());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/zip"));
        let disposition = format!("attachment; filename*=UTF-8''{}.zip", encode(&folder.entry.item.name));
        if let Ok(disposition) = HeaderValue::from_str(&disposition) {
            headers.insert(CONTENT_DISPOSITION, disposition);
        }
        Ok(reply)
    }
}

impl Ctx {
    /// The content itself, under the type of its preview. What a real preview looks like is not documented.
    pub(super) fn preview(&self, id: &str) -> Outcome {
        let node = self.sight().find(id)?;
        let name = &node.entry.item.name;
        let content_type = match preview_type(name) {
            "text" => "text/plain; charset=utf-8",
            "html" => "text/html; charset=utf-8",
            "pdf" => "application/pdf",
            "image" if name.to_ascii_lowercase().ends_with("png") => "image/png",
            "image" if name.to_ascii_lowercase().ends_with("gif") => "image/gif",
            "image" => "image/jpeg",
            _ => return Err(ApiError::not_found()),
        };
        let version = node.entry.version.as_ref().ok_or_else(ApiError::not_found)?;
        Ok(content(self.drive(), &self.call, &version.content, Label { name, content_type, etag: None }))
    }
}
