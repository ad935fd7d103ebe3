//! Folders: `/folders/…`. The root of a share is `root`, with the share in the query.

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::errors::{ApiError, Outcome};
use super::info::ok;
use super::space::share_path;
use super::{Ctx, ids};
use crate::drive::{Entry, NewFolder};
use crate::http::json as json_reply;

#[derive(Debug, Deserialize)]
struct NewBody {
    share_id: String,
    name: String,
    parent_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct FolderPatch {
    name: Option<String>,
    is_deleted: Option<bool>,
}

impl Ctx {
    /// Everything below `/folders`.
    pub(super) fn folders(&self, rest: &[&str]) -> Outcome {
        match (&self.call.method, rest) {
            (&Method::POST, []) => self.create_folder(),
            (&Method::GET, [id]) => Ok(ok(&self.folder_json(&self.find_folder(id)?))),
            (&Method::PATCH, [id]) => {
                let patch: FolderPatch = self.body()?;
                let entry = self.patched(self.find_any_folder(id)?, patch.name, patch.is_deleted)?;
                Ok(ok(&self.folder_json(&entry)))
            }
            (&Method::DELETE, [id]) => self.delete_item(self.find_any_folder(id)?),
            (&Method::GET, [id, "children"]) => self.children(id),
            (&Method::POST, [id, "move"]) => {
                let moved = self.move_item(&self.find_folder(id)?)?;
                Ok(ok(&self.folder_json(&moved)))
            }
            (_, [] | [_] | [_, "children" | "move"]) => Err(ApiError::not_allowed()),
            _ => Err(ApiError::not_found("Page")),
        }
    }

    /// A folder in a share of the caller's; one in the trash is gone.
    pub(super) fn find_folder(&self, id: &str) -> Result<Entry, ApiError> {
        Some(self.find_any_folder(id)?).filter(|entry| !entry.is_deleted()).ok_or_else(|| ApiError::gone("The folder"))
    }

    fn find_any_folder(&self, id: &str) -> Result<Entry, ApiError> {
        self.find(ids::parse_folder(id), "Folder", |entry| entry.item.is_folder())
    }

    fn create_folder(&self) -> Outcome {
        let new: NewBody = self.body()?;
        let share = self.share(&new.share_id)?;
        let parent = self.folder_in(&share, new.parent_id.as_deref())?;
        let made = self.drive().create_folder(self.user.id, parent, &new.name, NewFolder::default())?;
        Ok(json_reply(StatusCode::CREATED, self.folder_json(&made).to_string()))
    }

    /// One level, whole: the documents know no pages here.
    fn children(&self, id: &str) -> Outcome {
        let share = self.share(self.required("share_id")?)?;
        let deleted_too = self.flag("include_deleted")?;
        let folder = match id {
            "root" => share,
            id => {
                let folder = self.find_folder(id)?;
                let inside = self.face.space.share_of_entry(&folder) == Some(share.item.id);
                Some(folder).filter(|_| inside).ok_or_else(|| ApiError::not_found("Folder"))?
            }
        };
        let mut entries = self.drive().children(folder.item.id, 0, None).entries;
        if deleted_too {
            entries.extend(self.drive().deleted_children(folder.item.id));
        }
        let known = entries.iter().filter(|entry| entry.item.is_folder() || entry.item.is_file());
        let items: Vec<Value> = known.map(|entry| self.child_json(entry)).collect();
        Ok(ok(&json!({"total": items.len(), "items": items, "path": share_path(&folder.path())})))
    }
}
