//! The smaller operations: locks, thumbnails, links into the web application, folder templates, checks.

use http::header::HeaderValue;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::errors::{ApiError, Outcome};
use super::items::{metadata, model};
use super::{Ctx, ShareFile, ids, info, no_content};
use crate::http::{Call, Reply, empty, full, redirect};

/// A PNG of one grey pixel.
const PIXEL: [u8; 67] = [
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00, 0x00,
    0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00, 0x00, 0x00, 0x00, 0x3a, 0x7e, 0x9b, 0x55, 0x00, 0x00, 0x00, 0x0a, 0x49,
    0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0x68, 0x00, 0x00, 0x00, 0x82, 0x00, 0x81, 0x77, 0xcd, 0x72, 0xb6, 0x00, 0x00,
    0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];

/// What a file name must end with to be worth a preview.
const PREVIEWABLE: [&str; 14] =
    ["pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "txt", "jpg", "jpeg", "png", "gif", "bmp", "tif"];

impl Ctx {
    /// Locks exist in the SharePoint provider only.
    pub(super) fn lock(&self, id: &str, action: &str) -> Outcome {
        let file = self.find_file(id)?;
        if self.provider != "sp" {
            return Err(ApiError::not_allowed("Files can be locked in SharePoint providers (/sp) only."));
        }
        let checks_out = action == "checkout";
        if !checks_out && file.item.lock.is_none() {
            return Err(ApiError::bad_request("The file is not locked."));
        }
        self.drive().set_lock(self.user()?.id, file.item.id, checks_out)?;
        no_content()
    }

    pub(super) fn thumbnail(&self, id: &str) -> Outcome {
        let file = self.find_file(id)?;
        let size = self.call.query.number("size").unwrap_or(75);
        if self.call.query.has("size") && !matches!(size, 75 | 600) {
            return Err(ApiError::bad_request("size must be 75 or 600."));
        }
        let path = format!("/storage/thumbnail.ashx?id={}&size={size}", ids::item_id(&file));
        let url = format!("{}{}", self.call.base, self.face.signer.sign(&path));
        if self.call.query.flag("redirect") != Some(false) {
            return Ok(redirect(&url));
        }
        self.object_reply(&info::redirection_to(&self.view(), &url, &Value::Null))
    }

    pub(super) fn web_app_link(&self, id: &str) -> Outcome {
        let entry = self.find(id)?;
        let folder = match entry.item.is_folder() {
            true => ids::item_id(&entry),
            false => entry.ancestors.last().map(|parent| ids::container_id(parent)).unwrap_or_default(),
        };
        let code = self.face.tokens.issue_code(self.user()?.id);
        let url = format!("{}/weblogin?code={code}&folder={folder}", self.call.base);
        self.object_reply(&info::redirection_to(&self.view(), &url, &Value::Null))
    }

    /// No folder here comes from a template, so there is nothing to remove.
    pub(super) fn remove_template_association(&self, id: &str) -> Outcome {
        self.find_folder(id)?;
        no_content()
    }

    /// As no folder comes from a template, none is owned by one.
    pub(super) fn check_template_owned(&self, id: &str) -> Outcome {
        self.find_folder(id)?;
        no_content()
    }

    /// A conflict when files in the folder have more versions than are to be kept.
    pub(super) fn check_versioning_violation(&self, id: &str) -> Outcome {
        let folder = self.find_folder(id)?;
        let most = match self.call.query.get("newmaxversions") {
            Some(text) => text.trim().parse::<i64>().ok(),
            None => self.fields()?.number("newMaxVersions"),
        };
        let most = most.ok_or_else(|| ApiError::missing("newMaxVersions"))?;
        // A negative number is no limit.
        let Ok(most) = usize::try_from(most) else {
            return no_content();
        };
        let violating = self.drive().find(folder.item.id, 1, |item| item.versions().len() > most);
        if violating.is_empty() {
            return no_content();
        }
        Err(ApiError::conflict("Versions of files would be deleted."))
    }

    /// The items with a `PreviewStatus`, as they would have it in that folder.
    pub(super) fn check_if_previewable(&self, id: &str) -> Outcome {
        self.find_folder(id)?;
        let refused = |error| ApiError::bad_request(format!("The body must be a JSON array of items: {error}."));
        let items: Vec<Value> = serde_json::from_slice(&self.body).map_err(refused)?;
        let view = self.view();
        let checked = items.into_iter().map(|item| {
            let fields = super::fields::Fields::parse(item.to_string().as_bytes())?;
            let name = fields.some_text("FileName").ok_or_else(|| ApiError::missing("FileName"))?;
            let size = fields.number("FileSizeBytes").ok_or_else(|| ApiError::missing("FileSizeBytes"))?;
            let status = if is_previewable(name) { "CanDocPreview" } else { "None" };
            Ok(json!({
                "FileName": name, "FileSizeBytes": size, "PreviewStatus": status, "odata.type": model("File"),
                "odata.metadata": metadata(&view, "Items", "File"),
            }))
        });
        let checked = checked.collect::<Result<Vec<_>, ApiError>>()?;
        self.objects_reply("Items", &checked)
    }
}

fn is_previewable(name: &str) -> bool {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    PREVIEWABLE.iter().any(|known| known.eq_ignore_ascii_case(extension))
}

/// The image behind the address of a thumbnail: the same for every file.
pub(super) fn thumbnail_image(face: &ShareFile, call: &Call) -> Reply {
    if !matches!(call.method, Method::GET | Method::HEAD) {
        return empty(StatusCode::METHOD_NOT_ALLOWED);
    }
    if !face.signer.covers(&call.path, &call.raw_query) {
        return full(StatusCode::UNAUTHORIZED, "text/plain", "the signature of this address is wrong\n");
    }
    let mut reply = full(StatusCode::OK, "image/png", &PIXEL[..]);
    reply.headers_mut().insert(http::header::CACHE_CONTROL, HeaderValue::from_static("private"));
    reply
}
