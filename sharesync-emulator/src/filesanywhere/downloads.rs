//! Downloads: an operation gives an address, and GET of it gives the bytes, without any credential.

use std::sync::Arc;

use http::{Method, StatusCode};
use http_body_util::BodyExt;

use super::places::Place;
use super::record::Record;
use super::{Ctx, FilesAnywhere, Outcome, pages};
use crate::drive::{Entry, Staged};
use crate::http::{Call, Label, Reply, content, empty, encode};

/// Where addresses of downloads lead.
pub(super) const PATH: &str = "/faw/download.ashx";
/// What an address leads to.
#[derive(Debug)]
pub(super) enum Target {
    File(Entry),
    Archive { name: String, made: Arc<Staged> },
}

impl Ctx {
    /// The address of a file.
    pub(super) fn url(&self, target: Target) -> String {
        let name = match &target {
            Target::File(entry) => encode(&entry.item.name),
            Target::Archive { name, .. } => encode(name),
        };
        format!("{}{PATH}?id={}&file={name}", self.base, self.face.downloads.add("", target))
    }

    pub(super) fn download_file(&self) -> Outcome {
        let file = self.place(&self.user()?, self.args.text("Path")).and_then(Place::file)?;
        Ok(Record::new().set("URL", self.url(Target::File(file.entry))))
    }
}

impl FilesAnywhere {
    pub(super) fn serve_download(&self, call: &Call) -> Reply {
        if !matches!(call.method, Method::GET | Method::HEAD) {
            return empty(StatusCode::METHOD_NOT_ALLOWED);
        }
        match call.query.get("id").and_then(|id| self.downloads.get(id)) {
            Some(target) => self.serve_target(call, &target),
            None => pages::error(StatusCode::NOT_FOUND, "This address is unknown or has expired."),
        }
    }

    pub(super) fn serve_target(&self, call: &Call, target: &Target) -> Reply {
        match target {
            Target::File(entry) => {
                let version = entry.version.as_ref().filter(|version| self.drive().version(version.id).is_some());
                let Some(version) = version else {
                    return pages::error(StatusCode::NOT_FOUND, "The file is gone.");
                };
                let etag = format!("\"{:x}\"", version.id.0);
                let label =
                    Label { name: &entry.item.name, content_type: "application/octet-stream", etag: Some(&etag) };
                content(self.drive(), call, &version.content, label)
            }
            Target::Archive { name, made } => {
                let etag = format!("\"{}\"", made.digests().md5);
                let label = Label { name, content_type: "application/zip", etag: Some(&etag) };
                // The archive is kept for as long as it is read.
                let made = made.clone();
                content(self.drive(), call, &made.content(), label).map(|body| {
                    let whole = body.map_frame(move |frame| {
                        let _ = &made;
                        frame
                    });
                    whole.boxed_unsync()
                })
            }
        }
    }
}
