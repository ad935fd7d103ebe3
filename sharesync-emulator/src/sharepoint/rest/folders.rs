//! Folders: making them, moving them, taking them away.

use serde_json::Value;

use super::{member, text, url};
use crate::drive::{Entry, NewFolder};
use crate::sharepoint::Ctx;
use crate::sharepoint::content::{check_name, named};
use crate::sharepoint::errors::{Outcome, SpError};
use crate::sharepoint::odata::{Answer, Data, Segment};

impl Ctx {
    /// POST of a folder entity: its address is whole, or below the folder.
    pub(super) async fn create_folder(&mut self, parent: Option<Entry>) -> Outcome {
        let body = self.json_body().await?;
        self.check_type(&body)?;
        let decoded = member(&body, "ServerRelativePath").and_then(|path| text(path, "DecodedUrl")).map(str::to_owned);
        let address = member(&body, "ServerRelativeUrl").and_then(Value::as_str).map(url);
        let address = decoded.or(address).ok_or_else(|| SpError::bad_request("The ServerRelativeUrl is missing."))?;
        let (folder, name) = match parent {
            Some(parent) if !address.starts_with('/') => (parent, address),
            _ => self.place_of(&address)?,
        };
        self.make_folder(&folder, &name, true)
    }

    /// `Folders/…`.
    pub(super) fn folders_operation(&self, folder: Entry, step: &Segment) -> Outcome {
        let missing = || SpError::bad_request("The name of the folder is missing.");
        let address = match step.name.as_str() {
            "add" => url(step.get("url").ok_or_else(missing)?),
            "addusingpath" => step.get("decodedurl").ok_or_else(missing)?.to_owned(),
            _ => return Err(SpError::no_resource(&self.call.path)),
        };
        let (folder, name) = if address.contains('/') { self.place_of(&address)? } else { (folder, address) };
        // `add` gives the folder that is there; the other one says by `overwrite` whether that is right.
        self.make_folder(&folder, &name, step.name == "add" || step.is_true("overwrite"))
    }

    fn make_folder(&self, parent: &Entry, name: &str, or_there: bool) -> Outcome {
        self.check(parent, true)?;
        check_name(name)?;
        let there = self.drive().child(parent.item.id, name);
        let folder = match there {
            Some(there) if there.item.is_folder() && or_there => there,
            Some(_) => return Err(SpError::name_exists(name)),
            None => self
                .drive()
                .create_folder(self.user.id, parent.item.id, name, NewFolder::default())
                .map_err(|error| named(error, name))?,
        };
        Ok(self.answered(Answer::Entity(self.folder_entity(&folder))))
    }

    /// The folder and the name that a path from the server's root on means.
    pub(super) fn place_of(&self, path: &str) -> Outcome<(Entry, String)> {
        let (folder, name) = path.trim_end_matches('/').rsplit_once('/').ok_or_else(SpError::not_found)?;
        Ok((self.folder_at(folder)?, name.to_owned()))
    }

    pub(super) async fn folder_operation(&mut self, folder: Entry, step: &Segment) -> Outcome {
        match step.name.as_str() {
            "moveto" | "movetousingpath" => self.move_to(&folder, step),
            "recycle" => self.recycle(&folder),
            "deleteobject" => self.remove(&folder),
            "getchanges" | "getlistitemchanges" => self.get_changes().await,
            "addsubfolder" | "addsubfolderusingpath" => {
                let name = step.first().ok_or_else(|| SpError::bad_request("The name of the folder is missing."))?;
                self.make_folder(&folder, name, true)?;
                self.told("AddSubFolder", Data::Null)
            }
            _ => Err(SpError::no_resource(&self.call.path)),
        }
    }
}
