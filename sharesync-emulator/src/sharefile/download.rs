//! Downloads: the API gives a URL on the storage host that authorises itself; the storage host serves files and ZIP archives by it.

use std::sync::Arc;

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::json;

use super::errors::{ApiError, Outcome};
use super::info::{DEFAULT_ZONE, zone_of};
use super::items::{metadata, model};
use super::{Ctx, ShareFile, ids};
use crate::addresses::LIFETIME;
use crate::drive::{Content, Entry, ItemId, Staged};
use crate::http::{Call, Label, Reply, content as content_reply, empty, full, json as json_reply, redirect};
use crate::zip_archive;

/// What a URL leads to.
#[derive(Debug)]
pub(super) enum Target {
    File(Entry),
    Archive(Archive),
}

/// A ZIP archive that is made when it is first asked for.
#[derive(Debug)]
pub(super) struct Archive {
    pub(super) name: String,
    pub(super) items: Vec<ItemId>,
    pub(super) all_versions: bool,
    made: tokio::sync::OnceCell<Staged>,
}

impl Archive {
    pub(super) fn of(name: String, items: Vec<ItemId>, all_versions: bool) -> Self {
        Self { name, items, all_versions, made: tokio::sync::OnceCell::new() }
    }
}

impl ShareFile {
    /// A URL on the storage host, below the given base.
    pub(super) fn storage_url(&self, base: &str, zone: &str, target: Target) -> (String, String) {
        let token = self.downloads.add("dt", target);
        let end = Timestamp::now().as_second() + LIFETIME.as_secs().cast_signed();
        let path = format!("/storage/download.ashx?dt={token}&cid=emulator&zoneid={zone}&exp={end}&zsid=1");
        (format!("{base}{}", self.signer.sign(&path)), token)
    }

    /// Serves the storage host's side.
    pub(super) async fn download(self: &Arc<Self>, call: &Call) -> Reply {
        if !matches!(call.method, Method::GET | Method::HEAD) {
            return empty(StatusCode::METHOD_NOT_ALLOWED);
        }
        if !self.signer.covers(&call.path, &call.raw_query) {
            return full(StatusCode::UNAUTHORIZED, "text/plain", "the signature of this address is wrong\n");
        }
        let target = call.query.get("dt").and_then(|token| self.downloads.get(token));
        let Some(target) = target else {
            return full(StatusCode::NOT_FOUND, "text/plain", "this address is unknown or has expired\n");
        };
        match &*target {
            Target::File(entry) => self.serve_file(call, entry),
            Target::Archive(archive) => self.serve_archive(call, archive).await,
        }
    }

    fn serve_file(&self, call: &Call, entry: &Entry) -> Reply {
        let version = entry.version.as_ref().filter(|version| self.drive().version(version.id).is_some());
        let Some(version) = version else {
            return full(StatusCode::NOT_FOUND, "text/plain", "the file is gone\n");
        };
        let etag = format!("\"{}\"", ids::item_id(entry));
        self.serve_content(call, &version.content, &entry.item.name, &etag, "application/octet-stream")
    }

    async fn serve_archive(&self, call: &Call, archive: &Archive) -> Reply {
        let make = || zip_archive::make(self.drive().clone(), archive.items.clone(), archive.all_versions);
        match archive.made.get_or_try_init(make).await {
            Ok(made) => {
                let etag = format!("\"{}\"", made.digests().md5);
                self.serve_content(call, &made.content(), &archive.name, &etag, "application/zip")
            }
            Err(error) => full(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", format!("{error}\n")),
        }
    }

    fn serve_content(
        &self,
        call: &Call,
        content: &Content,
        name: &str,
        etag: &str,
        content_type: &'static str,
    ) -> Reply {
        let label = Label { name, content_type, etag: Some(etag) };
        content_reply(self.drive(), call, content, label)
    }
}

impl Ctx {
    pub(super) fn download_item(&self, id: &str) -> Outcome {
        let archived = self.call.query.is_true("includedeleted");
        let entry = if archived { self.find_any(id)? } else { self.find(id)? };
        let all_versions = self.call.query.is_true("includeallversions");
        let zone = zone_of(&entry);
        let target = target_of(entry, all_versions)?;
        self.download_reply(&zone, target)
    }

    pub(super) fn bulk_download(&self, parent: &str) -> Outcome {
        let parent = self.find_folder(parent)?;
        let entries = self.ids()?.iter().map(|id| self.find(id)).collect::<Result<Vec<_>, _>>()?;
        if entries.is_empty() {
            return Err(ApiError::missing("ids"));
        }
        if entries.iter().any(|entry| entry.item.parent != Some(parent.item.id)) {
            return Err(ApiError::bad_request("All items must be children of the folder in the URI."));
        }
        let items = entries.iter().map(|entry| entry.item.id).collect();
        let target = Target::Archive(Archive::of("Files.zip".to_owned(), items, false));
        self.download_reply(&zone_of(&parent), target)
    }

    /// 302 to the storage host, or its address in a specification.
    pub(super) fn download_reply(&self, zone: &str, target: Target) -> Outcome {
        let zone = if zone.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-') {
            zone
        } else {
            DEFAULT_ZONE
        };
        let (url, token) = self.face.storage_url(&self.call.base, zone, target);
        if self.call.query.flag("redirect") != Some(false) {
            return Ok(redirect(&url));
        }
        let view = self.view();
        let specification = json!({
            "DownloadToken": token, "DownloadUrl": url, "PrepareXmlInfo": "", "DownloadPrepStartURL": "",
            "DownloadPrepStatusURL": "", "odata.type": model("DownloadSpecification"),
            "odata.metadata": metadata(&view, "DownloadSpecification", "DownloadSpecification"),
        });
        Ok(json_reply(StatusCode::OK, specification.to_string()))
    }
}

/// A file as it is, a folder as an archive. Other kinds have no content.
pub(super) fn target_of(entry: Entry, all_versions: bool) -> Result<Target, ApiError> {
    if entry.item.is_file() {
        return Ok(Target::File(entry));
    }
    if entry.item.is_folder() {
        let name = format!("{}.zip", entry.item.name);
        return Ok(Target::Archive(Archive::of(name, vec![entry.item.id], all_versions)));
    }
    Err(ApiError::bad_request("Only files and folders can be downloaded."))
}
