//! What is done with files: content up and down, checking out, moving, taking away.

use std::sync::Arc;

use serde_json::Value;

use super::{Verb, member, url};
use crate::drive::{Entry, Item, ItemPatch, OnConflict};
use crate::sharepoint::Ctx;
use crate::sharepoint::content::{check_name, check_tag, named};
use crate::sharepoint::errors::{Outcome, SpError};
use crate::sharepoint::ids::{Guid, Thing};
use crate::sharepoint::odata::{Answer, Data, Segment};

impl Ctx {
    /// `Files/…`.
    pub(super) async fn files_operation(&mut self, folder: Entry, step: &Segment) -> Outcome {
        let missing = || SpError::bad_request("The name of the file is missing.");
        let (name, overwrite) = match step.name.as_str() {
            "add" => (url(step.get("url").ok_or_else(missing)?), step.is_true("overwrite")),
            "addusingpath" => (step.get("decodedurl").ok_or_else(missing)?.to_owned(), step.is_true("overwrite")),
            _ => return Err(SpError::no_resource(&self.call.path)),
        };
        self.check(&folder, true)?;
        let name = name.rsplit('/').next().unwrap_or_default().to_owned();
        check_name(&name)?;
        let holder = self.drive().child(folder.item.id, &name);
        if holder.is_some_and(|holder| !overwrite || !holder.item.is_file()) {
            return Err(SpError::name_exists(&format!("{}/{name}", self.site.path_of(&folder))));
        }
        let staged = self.take().await?;
        self.check_quota(staged.len())?;
        let content = self.kept_single(&name, staged).await?;
        let on_conflict = if overwrite { OnConflict::Replace } else { OnConflict::Fail };
        let entry = self.put(folder.item.id, &name, content, on_conflict)?;
        Ok(self.answered(Answer::Entity(self.file_entity(&entry))))
    }

    pub(super) async fn file_operation(&mut self, entry: Entry, step: &Segment, verb: Verb) -> Outcome {
        let name = step.name.as_str();
        if verb == Verb::Get {
            return if name == "$value" { self.send(&entry) } else { Err(SpError::not_allowed()) };
        }
        self.check(&entry, true)?;
        match (name, verb) {
            ("$value", Verb::Put) | ("savebinarystream", Verb::Post) => self.replace(&entry).await,
            ("startupload", Verb::Post) => self.start_upload(&entry, step).await,
            ("continueupload", Verb::Post) => self.continue_upload(&entry, step).await,
            ("finishupload", Verb::Post) => self.finish_upload(&entry, step).await,
            ("cancelupload", Verb::Post) => self.cancel_upload(&entry, step),
            ("getuploadstatus", Verb::Post) => self.upload_status(&entry, step),
            ("checkout", Verb::Post) => self.set_lock(&entry, true, "CheckOut"),
            ("checkin", Verb::Post) => self.set_lock(&entry, false, "CheckIn"),
            ("undocheckout", Verb::Post) => self.set_lock(&entry, false, "UndoCheckOut"),
            ("moveto" | "movetousingpath", Verb::Post) => self.move_to(&entry, step),
            ("copyto" | "copytousingpath", Verb::Post) => self.copy_to(&entry, step),
            ("recycle", Verb::Post) => self.recycle(&entry),
            ("recyclewithetag", Verb::Post) => {
                check_tag(step.get("etagmatch").unwrap_or_default(), &entry.item)?;
                self.recycle(&entry)
            }
            ("deleteobject", Verb::Post) => self.remove(&entry),
            ("deletewithetag", Verb::Post) => {
                check_tag(step.get("etagmatch").unwrap_or_default(), &entry.item)?;
                self.remove(&entry)
            }
            ("$value", _) => Err(SpError::not_allowed()),
            _ => Err(SpError::no_resource(&self.call.path)),
        }
    }

    /// PUT of `$value`: another content.
    async fn replace(&mut self, entry: &Entry) -> Outcome {
        self.check_match(&entry.item)?;
        let staged = self.take().await?;
        self.check_quota(staged.len())?;
        let content = self.kept_single(&entry.item.name, staged).await?;
        // While the bytes came somebody else may have been faster.
        let _deciding = self.face.deciding();
        self.check_match(&*self.fresh(entry)?)?;
        self.drive().add_version(self.user.id, entry.item.id, content)?;
        Ok(self.no_content())
    }

    /// The item as it is now.
    pub(super) fn fresh(&self, entry: &Entry) -> Outcome<Arc<Item>> {
        Ok(self.by_id(Guid::item(entry.item.id))?.item)
    }

    fn set_lock(&self, entry: &Entry, locked: bool, name: &'static str) -> Outcome {
        self.drive().set_lock(self.user.id, entry.item.id, locked)?;
        self.told(name, Data::Null)
    }

    /// Into the recycle bin; the answer is the id there.
    pub(super) fn recycle(&self, entry: &Entry) -> Outcome {
        self.check(entry, true)?;
        let _deciding = self.face.deciding();
        self.check_match(&*self.fresh(entry)?)?;
        self.drive().delete(self.user.id, entry.item.id)?;
        self.told("Recycle", Data::Guid(Guid::of(Thing::Deleted, entry.item.id.0).to_string()))
    }

    /// Gone for good.
    pub(super) fn remove(&self, entry: &Entry) -> Outcome {
        self.check(entry, true)?;
        let _deciding = self.face.deciding();
        self.check_match(&*self.fresh(entry)?)?;
        self.drive().purge(self.user.id, entry.item.id)?;
        Ok(self.answered(Answer::Nothing))
    }

    /// MERGE of the list item: another name, another title.
    pub(super) async fn merge(&mut self, entry: &Entry) -> Outcome {
        self.check(entry, true)?;
        let body = self.json_body().await?;
        self.check_type(&body)?;
        let _deciding = self.face.deciding();
        self.check_match(&*self.fresh(entry)?)?;
        let name = member(&body, "FileLeafRef").and_then(Value::as_str).filter(|name| **name != *entry.item.name);
        if let Some(name) = name {
            check_name(name)?;
        }
        let title = member(&body, "Title").and_then(Value::as_str);
        let patch =
            ItemPatch { name: name.map(Into::into), description: title.map(Into::into), ..ItemPatch::default() };
        let updated = self.drive().update(self.user.id, entry.item.id, patch);
        updated.map_err(|error| named(error, name.unwrap_or_default()))?;
        Ok(self.no_content())
    }

    /// A verbose body must say what it is.
    pub(super) fn check_type(&self, body: &Value) -> Outcome<()> {
        let verbose = self.call.content_type().to_ascii_lowercase().contains("odata=verbose");
        let has_type = body.get("__metadata").and_then(|metadata| metadata.get("type")).is_some();
        if verbose && !has_type {
            let message = "An entry without a type name was found, but no expected type was specified. To allow entries \
                           without type information, the expected type must also be specified when the model is specified.";
            return Err(SpError::bad_request(message));
        }
        Ok(())
    }
}
