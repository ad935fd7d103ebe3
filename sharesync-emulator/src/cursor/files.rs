//! Files: `/files/…`. Ours: `is_deleted: false` in a PATCH is the restore flag, whose name the documents do not tell, and
//! `new_name` the third member of a copy.

use bytes::Bytes;
use futures::stream;
use http::{Method, StatusCode};
use multer::{Constraints, Field, Multipart, SizeLimit};
use serde::Deserialize;
use serde_json::json;

use super::content::broken;
use super::errors::{ApiError, Outcome};
use super::info::{LARGEST_FILE, ok};
use super::{Ctx, ids, no_content};
use crate::drive::{Content, Drive, DriveError, Entry, FileUpload, ItemId, ItemPatch, OnConflict, Staged};
use crate::http::{Call, json as json_reply};

/// A form field that is no file is not longer.
const LONGEST_FIELD: usize = 64 << 10;

#[derive(Debug, Deserialize)]
struct FilePatch {
    name: Option<String>,
    is_deleted: Option<bool>,
}

/// Where something is copied or moved to.
#[derive(Debug, Deserialize)]
pub(super) struct Target {
    target_folder_id: Option<String>,
    target_share_id: Option<String>,
    new_name: Option<String>,
}

/// What the form of an upload said.
#[derive(Debug, Default)]
struct Form {
    share: Option<String>,
    folder: Option<String>,
    name: Option<String>,
    file_name: Option<String>,
    staged: Option<Staged>,
}

impl Ctx {
    /// Everything below `/files`, but for the upload.
    pub(super) async fn files(&self, rest: &[&str]) -> Outcome {
        match (&self.call.method, rest) {
            (&Method::GET, [id]) => Ok(ok(&self.file_json(&self.find_file(id)?).await?)),
            (&Method::GET | &Method::HEAD, [id, "content"]) => self.content(id, false),
            (&Method::PATCH, [id]) => self.patch_file(id).await,
            (&Method::DELETE, [id]) => self.delete_item(self.find_any_file(id)?),
            (&Method::POST, [id, "copy"]) => {
                let copy = self.copy_item(&self.find_file(id)?)?;
                Ok(json_reply(StatusCode::CREATED, self.file_json(&copy).await?.to_string()))
            }
            (&Method::POST, [id, "move"]) => {
                let moved = self.move_item(&self.find_file(id)?)?;
                Ok(ok(&self.file_json(&moved).await?))
            }
            (&Method::GET, [id, "versions"]) => self.versions(id).await,
            (&Method::POST, [id, "versions", version, "restore"]) => self.restore_version(id, version).await,
            (_, [] | [_] | [_, _] | [_, "versions", _, "restore"]) => Err(ApiError::not_allowed()),
            _ => Err(ApiError::not_found("Page")),
        }
    }

    /// A file in a share of the caller's; one in the trash is gone.
    pub(super) fn find_file(&self, id: &str) -> Result<Entry, ApiError> {
        Some(self.find_any_file(id)?).filter(|entry| !entry.is_deleted()).ok_or_else(|| ApiError::gone("The file"))
    }

    fn find_any_file(&self, id: &str) -> Result<Entry, ApiError> {
        self.find(ids::parse_file(id), "File", |entry| entry.item.is_file())
    }

    /// An item in a share of the caller's, in the trash or not.
    pub(super) fn find(
        &self,
        id: Option<ItemId>,
        what: &str,
        fits: impl Fn(&Entry) -> bool,
    ) -> Result<Entry, ApiError> {
        let found = id.and_then(|id| self.drive().item(id)).filter(fits);
        let space = &self.face.space;
        let inside = |entry: &Entry| match space.share_of_entry(entry) {
            Some(share) => share != entry.item.id && space.is_visible(&self.user, share),
            None => false,
        };
        found.filter(inside).ok_or_else(|| ApiError::not_found(what))
    }

    pub(super) fn check_write_at(&self, entry: &Entry) -> Result<(), ApiError> {
        let share = self.face.space.share_of_entry(entry).ok_or_else(|| ApiError::not_found("Share"))?;
        self.face.space.check_write(&self.user, share)
    }

    /// To the trash, or for good. What is in the trash can only go for good.
    pub(super) fn delete_item(&self, entry: Entry) -> Outcome {
        self.check_write_at(&entry)?;
        match self.flag("permanent")? {
            true => self.drive().purge(self.user.id, entry.item.id)?,
            false if entry.is_deleted() => return Err(ApiError::gone("The resource")),
            false => self.drive().delete(self.user.id, entry.item.id)?,
        }
        no_content()
    }

    async fn patch_file(&self, id: &str) -> Outcome {
        let patch: FilePatch = self.body()?;
        let entry = self.patched(self.find_any_file(id)?, patch.name, patch.is_deleted)?;
        Ok(ok(&self.file_json(&entry).await?))
    }

    /// Restores or renames an item.
    pub(super) fn patched(
        &self,
        mut entry: Entry,
        name: Option<String>,
        deleted: Option<bool>,
    ) -> Result<Entry, ApiError> {
        self.check_write_at(&entry)?;
        if entry.is_deleted() {
            if deleted != Some(false) {
                return Err(ApiError::gone("The resource"));
            }
            entry = self.drive().restore(self.user.id, entry.item.id)?;
        }
        match name {
            Some(name) => {
                let patch = ItemPatch { name: Some(name.into()), ..ItemPatch::default() };
                Ok(self.drive().update(self.user.id, entry.item.id, patch)?)
            }
            None => Ok(entry),
        }
    }

    /// The folder that a copy or move goes to, and the name that it is to have.
    fn target(&self) -> Result<(ItemId, Option<String>), ApiError> {
        let target: Target = self.body()?;
        let folder = match (target.target_folder_id.as_deref(), target.target_share_id.as_deref()) {
            (Some(folder), None) => self.find_folder(folder)?,
            (None, Some(share)) => self.share(share)?,
            _ => {
                let message = "Exactly one of target_folder_id and target_share_id is required";
                return Err(ApiError::invalid(&["body"], message));
            }
        };
        self.check_write_at(&folder)?;
        Ok((folder.item.id, target.new_name))
    }

    /// A copy never replaces anything.
    fn copy_item(&self, entry: &Entry) -> Result<Entry, ApiError> {
        let (target, name) = self.target()?;
        let name = name.unwrap_or_else(|| entry.item.name.to_string());
        let version = entry.item.current().ok_or_else(|| ApiError::not_found("Version"))?.id;
        Ok(self.drive().copy_version(self.user.id, version, target, &name, OnConflict::Fail)?)
    }

    pub(super) fn move_item(&self, entry: &Entry) -> Result<Entry, ApiError> {
        self.check_write_at(entry)?;
        let (target, name) = self.target()?;
        let patch = ItemPatch { parent: Some(target), name: name.map(Into::into), ..ItemPatch::default() };
        Ok(self.drive().update(self.user.id, entry.item.id, patch)?)
    }

    async fn versions(&self, id: &str) -> Outcome {
        let entry = self.find_file(id)?;
        let mut versions = Vec::new();
        for (index, version) in entry.item.versions().iter().enumerate().rev() {
            versions.push(self.version_json(index + 1, version).await?);
        }
        Ok(ok(&json!({"total": versions.len(), "versions": versions})))
    }

    /// Makes version N + 1 with the old content.
    async fn restore_version(&self, id: &str, version: &str) -> Outcome {
        let entry = self.find_file(id)?;
        self.check_write_at(&entry)?;
        let index = version.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let old = index.and_then(|index| entry.item.versions().get(index));
        let old = old.ok_or_else(|| ApiError::not_found("Version"))?.id;
        let restored = self.drive().repeat_version(self.user.id, old)?;
        Ok(ok(&self.file_json(&restored).await?))
    }

    /// POST `/files`: a form with the file. A name that is taken is a conflict, never a new version.
    pub(super) async fn upload_form(&mut self) -> Outcome {
        let drive = self.drive().clone();
        let Ok(boundary) = multer::parse_boundary(self.call.content_type()) else {
            self.call.body.drain().await;
            return Err(ApiError::invalid(&["body", "file"], "Field required"));
        };
        let form = read_form(&drive, &mut self.call, boundary).await;
        self.call.body.drain().await;
        let form = form?;
        let field = |name: &'static str| move || ApiError::invalid(&["body", name], "Field required");
        let share = self.share(form.share.as_deref().ok_or_else(field("share_id"))?)?;
        let staged = form.staged.ok_or_else(field("file"))?;
        let name = form.name.or(form.file_name).ok_or_else(field("name"))?;
        let folder = self.folder_in(&share, form.folder.as_deref())?;
        self.face.space.check_quota(&share, staged.len())?;
        let content = Staged::join([&staged], staged.digests().clone());
        let entry = self.put_new(folder, &name, content)?;
        Ok(json_reply(StatusCode::CREATED, self.file_json(&entry).await?.to_string()))
    }

    pub(super) fn put_new(&self, parent: ItemId, name: &str, content: Content) -> Result<Entry, DriveError> {
        let now = Some(Drive::now());
        self.drive().put_file(
            self.user.id,
            FileUpload {
                parent,
                name: name.into(),
                content,
                description: None,
                client_created: now,
                client_modified: now,
                expires: None,
                on_conflict: OnConflict::Fail,
            },
        )
    }

    /// A folder of a share that the caller may change; the share's root if none is named.
    pub(super) fn folder_in(&self, share: &Entry, folder: Option<&str>) -> Result<ItemId, ApiError> {
        self.face.space.check_write(&self.user, share.item.id)?;
        let Some(folder) = folder.filter(|folder| *folder != "root") else {
            return Ok(share.item.id);
        };
        let folder = self.find_folder(folder)?;
        match self.face.space.share_of_entry(&folder) == Some(share.item.id) {
            true => Ok(folder.item.id),
            false => Err(ApiError::not_found("Folder")),
        }
    }
}

async fn read_form(drive: &Drive, call: &mut Call, boundary: String) -> Result<Form, ApiError> {
    let bad = |error: multer::Error| ApiError::bad_request(format!("The form cannot be read: {error}"));
    let chunks = stream::unfold(&mut call.body, |body| async move {
        let chunk: std::io::Result<Bytes> = body.chunk().await.transpose()?;
        Some((chunk, body))
    });
    let limit = SizeLimit::new().whole_stream(u64::MAX).per_field(u64::MAX);
    let mut parts = Multipart::with_constraints(Box::pin(chunks), boundary, Constraints::new().size_limit(limit));
    let mut form = Form::default();
    while let Some(mut field) = parts.next_field().await.map_err(bad)? {
        match field.name() {
            Some("file") => {
                form.file_name = field.file_name().map(str::to_owned);
                form.staged = Some(take_field(drive, &mut field).await?);
            }
            Some("share_id") => form.share = Some(text_field(&mut field).await?),
            Some("folder_id") => form.folder = Some(text_field(&mut field).await?).filter(|text| !text.is_empty()),
            Some("name") => form.name = Some(text_field(&mut field).await?).filter(|text| !text.is_empty()),
            _ => while field.chunk().await.map_err(bad)?.is_some() {},
        }
    }
    Ok(form)
}

async fn take_field(drive: &Drive, field: &mut Field<'_>) -> Result<Staged, ApiError> {
    let (mut writer, mut len) = (drive.writer()?, 0);
    while let Some(data) = field.chunk().await.map_err(|error| broken(std::io::Error::other(error)))? {
        len += data.len() as u64;
        if len > LARGEST_FILE {
            return Err(ApiError::too_large("The file is larger than 5 GiB"));
        }
        writer.push(data).await?;
    }
    Ok(writer.finish().await?)
}

async fn text_field(field: &mut Field<'_>) -> Result<String, ApiError> {
    let mut all = Vec::new();
    while let Some(data) = field.chunk().await.map_err(|error| broken(std::io::Error::other(error)))? {
        all.extend_from_slice(&data);
        if all.len() > LONGEST_FIELD {
            return Err(ApiError::too_large("A field is too long"));
        }
    }
    String::from_utf8(all).map_err(|_| ApiError::bad_request("A field is not UTF-8"))
}
