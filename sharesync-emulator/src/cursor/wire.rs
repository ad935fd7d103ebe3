//! Files, folders and versions as JSON, and the reading of queries and bodies.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Ctx;
use super::errors::ApiError;
use super::ids;
use super::space::share_path;
use crate::drive::{Drive, Entry, Version};

/// What `deserialize_with` makes of a member that is there, null or not.
pub(super) type Given<T> = Option<Option<T>>;

impl Ctx {
    /// A parameter that the operation cannot do without.
    pub(super) fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.call.query.get(name).ok_or_else(|| ApiError::invalid(&["query", name], "Field required"))
    }

    /// A number within bounds, or the default.
    pub(super) fn number(&self, name: &str, least: u64, most: u64, default: u64) -> Result<u64, ApiError> {
        let Some(text) = self.call.query.get(name) else {
            return Ok(default);
        };
        let number = text.parse::<u64>().ok().filter(|number| (least..=most).contains(number));
        let message = format!("Input should be a number from {least} to {most}");
        number.ok_or_else(|| ApiError::invalid(&["query", name], message))
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.call.query.get(name) {
            None => Ok(false),
            Some(_) => self.call.query.flag(name).ok_or_else(|| ApiError::invalid(&["query", name], "Not a boolean")),
        }
    }

    /// `limit` and `offset`.
    pub(super) fn page(&self) -> Result<(usize, usize), ApiError> {
        let (limit, offset) = (self.number("limit", 1, 100, 50)?, self.number("offset", 0, u64::MAX, 0)?);
        Ok((usize::try_from(offset).unwrap_or(usize::MAX), usize::try_from(limit).unwrap_or(usize::MAX)))
    }

    /// The body as the schema wants it.
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        serde_json::from_slice(&self.body).map_err(|error| ApiError::invalid(&["body"], error.to_string()))
    }

    /// The file object.
    pub(super) async fn file_json(&self, entry: &Entry) -> Result<Value, ApiError> {
        let Some(version) = &entry.version else {
            return Err(ApiError::not_found("File"));
        };
        let sum = self.face.sums.of(self.drive(), version).await?;
        Ok(self.file_object(entry, version, &sum))
    }

    fn file_object(&self, entry: &Entry, version: &Version, sum: &str) -> Value {
        let item = &entry.item;
        json!({
            "id": ids::file(item.id), "tenant_id": ids::TENANT, "share_id": self.share_id_of(entry),
            "folder_id": self.folder_id_of(entry), "name": item.name, "path": share_path(&entry.path()),
            "mime_type": mime_type(&item.name), "size": version.content.len(), "checksum_sha256": sum,
            "version": item.versions().len(), "owner_id": ids::user(item.creator),
            "created_by": ids::user(item.creator), "created_at": item.created.to_string(),
            "modified_by": ids::user(version.creator), "modified_at": item.modified.to_string(),
            "is_deleted": entry.is_deleted(), "vectorized_at": null,
        })
    }

    /// The folder object.
    pub(super) fn folder_json(&self, entry: &Entry) -> Value {
        let item = &entry.item;
        json!({
            "id": ids::folder(item.id), "tenant_id": ids::TENANT, "share_id": self.share_id_of(entry),
            "parent_id": self.folder_id_of(entry), "name": item.name, "path": share_path(&entry.path()),
            "owner_id": ids::user(item.creator), "created_by": ids::user(item.creator),
            "created_at": item.created.to_string(), "modified_at": item.modified.to_string(),
            "is_deleted": entry.is_deleted(),
        })
    }

    /// An entry of a folder's list.
    pub(super) fn child_json(&self, entry: &Entry) -> Value {
        let item = &entry.item;
        let mut child = if item.is_folder() {
            json!({"id": ids::folder(item.id), "name": item.name, "type": "folder"})
        } else {
            json!({"id": ids::file(item.id), "name": item.name, "type": "file", "size": item.size(),
                   "mime_type": mime_type(&item.name), "modified_at": item.modified.to_string()})
        };
        if entry.is_deleted() {
            set(&mut child, "is_deleted", true);
        }
        child
    }

    fn share_id_of(&self, entry: &Entry) -> Option<String> {
        self.face.space.share_of_entry(entry).map(ids::share)
    }

    /// The folder that holds an item; null in the root of a share.
    fn folder_id_of(&self, entry: &Entry) -> Option<String> {
        let parent = entry.item.parent.filter(|parent| Some(*parent) != self.face.space.share_of_entry(entry));
        parent.map(ids::folder)
    }

    pub(super) async fn version_json(&self, number: usize, version: &Version) -> Result<Value, ApiError> {
        let sum = self.face.sums.of(self.drive(), version).await?;
        Ok(json!({
            "id": ids::version(version.id), "version_number": number, "size": version.content.len(),
            "checksum_sha256": sum, "created_by": ids::user(version.creator),
            "created_at": version.created.to_string(),
        }))
    }

    pub(super) fn drive(&self) -> &Drive {
        self.face.drive()
    }
}

/// Sets a member of an object.
pub(super) fn set(object: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value.into());
    }
}

/// Reads a member so that null and absence differ; with `#[serde(default)]`.
pub(super) fn given<'de, D, T>(deserializer: D) -> Result<Given<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::Deserialize<'de>,
{
    serde::Deserialize::deserialize(deserializer).map(Some)
}

/// The type that the service would guess from a name.
pub(super) fn mime_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).as_deref() {
        Some("txt" | "log") => "text/plain",
        Some("md") => "text/markdown",
        Some("csv") => "text/csv",
        Some("html" | "htm") => "text/html",
        Some("json") => "application/json",
        Some("pdf") => "application/pdf",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("zip") => "application/zip",
        _ => "application/octet-stream",
    }
}
