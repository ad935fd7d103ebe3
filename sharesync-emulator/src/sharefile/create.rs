//! Making folders, notes, links and symbolic links.

use std::sync::Arc;

use super::errors::{ApiError, Outcome};
use super::fields::{Fields, When};
use super::items::check_name;
use super::{Ctx, info};
use crate::drive::{DriveError, Entry, Kind, NewFolder, Role};

impl Ctx {
    /// Makes a folder; without a parent a top-level one, which alone may choose its zone.
    pub(super) fn create_folder(&self, parent: Option<&str>) -> Outcome {
        let fields = self.fields()?;
        let parent = match parent {
            Some(id) => self.find_folder(id)?,
            None => self.find_folder("allshared")?,
        };
        self.may_hold(&parent)?;
        let name = name_of(&fields)?;
        let zone = fields.id_of("Zone");
        if zone.is_some() && parent.item.role() != Role::Shared {
            return Err(ApiError::bad_request("Only a top-level folder can choose its zone."));
        }
        let new = NewFolder { zone: zone.map(Arc::from), ..properties(&fields)? };
        let user = self.user()?.id;
        let create = || self.drive().create_folder(user, parent.item.id, name, new.clone());
        let created = match create() {
            Err(DriveError::NameTaken { holder }) if self.call.query.is_true("overwrite") => {
                self.drive().delete(user, holder)?;
                create()?
            }
            other => other?,
        };
        self.item_reply(&created)
    }

    pub(super) fn create_note(&self, parent: &str) -> Outcome {
        self.create_kind(parent, Kind::Note)
    }

    pub(super) fn create_link(&self, parent: &str) -> Outcome {
        let uri = required(&self.fields()?, "Uri")?;
        self.create_kind(parent, Kind::Link { uri })
    }

    /// Symbolic links stand among the connectors, or in a folder.
    pub(super) fn create_symbolic_link(&self, parent: &str) -> Outcome {
        let target = required(&self.fields()?, "Link")?;
        let parent = self.find_folder(parent)?;
        let parent = if parent.item.role() == Role::Root { self.find_folder("connectors")? } else { parent };
        self.create_in(&parent, Kind::SymbolicLink { target })
    }

    fn create_kind(&self, parent: &str, kind: Kind) -> Outcome {
        let parent = self.find_folder(parent)?;
        self.may_hold(&parent)?;
        self.create_in(&parent, kind)
    }

    fn create_in(&self, parent: &Entry, kind: Kind) -> Outcome {
        let fields = self.fields()?;
        let name = name_of(&fields)?;
        let created = self.drive().create(self.user()?.id, parent.item.id, name, kind, properties(&fields)?)?;
        self.item_reply(&created)
    }

    /// The account's own folders hold nothing that users make, except the shared ones.
    pub(super) fn may_hold(&self, folder: &Entry) -> Result<(), ApiError> {
        if info::holds_items(folder) {
            Ok(())
        } else {
            Err(ApiError::forbidden("Nothing can be put into this folder."))
        }
    }
}

/// `Name`, or `FileName` if that is all there is.
fn name_of(fields: &Fields) -> Result<&str, ApiError> {
    let name = fields.text("Name").or_else(|| fields.text("FileName"));
    let name = name.ok_or_else(|| ApiError::missing("Name"))?;
    check_name(name)?;
    Ok(name)
}

fn required(fields: &Fields, name: &str) -> Result<Arc<str>, ApiError> {
    fields.some_text(name).map(Arc::from).ok_or_else(|| ApiError::missing(name))
}

fn properties(fields: &Fields) -> Result<NewFolder, ApiError> {
    Ok(NewFolder {
        description: fields.some_text("Description").map(Arc::from),
        zone: None,
        expires: fields.date("ExpirationDate")?.and_then(When::moment),
        client_created: fields.moment("ClientCreatedDate")?,
        client_modified: fields.moment("ClientModifiedDate")?,
    })
}
