//! Moving and copying: of files and folders to another path of the site, and by `SP.MoveCopyUtil` from anywhere to anywhere.

use serde_json::Value;

use super::{flag, member, text, url};
use crate::drive::{Entry, ItemPatch, OnConflict};
use crate::http::decode;
use crate::sharepoint::Ctx;
use crate::sharepoint::content::{check_name, named};
use crate::sharepoint::errors::{Outcome, SpError};
use crate::sharepoint::odata::{Data, Segment};
use crate::sharepoint::places::Site;

/// The first bit of `moveOperations` and `flags`: what is there is replaced.
const OVERWRITE: u32 = 1;

impl Ctx {
    /// `MoveTo(newurl='…',flags=1)` and `MoveToUsingPath(decodedurl='…',moveOperations=1)`.
    pub(super) fn move_to(&self, entry: &Entry, step: &Segment) -> Outcome {
        let using_path = step.name == "movetousingpath";
        let to = if using_path { step.get("decodedurl").map(str::to_owned) } else { step.get("newurl").map(url) };
        let to = to.or_else(|| step.first().map(str::to_owned));
        let to = to.ok_or_else(|| SpError::bad_request("The new address is missing."))?;
        let bits =
            step.get(if using_path { "moveoperations" } else { "flags" }).and_then(|bits| bits.parse::<u32>().ok());
        let overwrite = entry.item.is_file() && bits.unwrap_or(0) & OVERWRITE != 0;
        let _deciding = self.face.deciding();
        self.check_match(&*self.fresh(entry)?)?;
        let (folder, name) = self.place_of(&to)?;
        let on_conflict = if overwrite { OnConflict::Replace } else { OnConflict::Fail };
        self.relocate(entry, &folder, &name, on_conflict)?;
        self.told(if using_path { "MoveToUsingPath" } else { "MoveTo" }, Data::Null)
    }

    /// `CopyTo(strnewurl='…',boverwrite=true)` and `CopyToUsingPath(decodedurl='…',overwrite=true)`.
    pub(super) fn copy_to(&self, entry: &Entry, step: &Segment) -> Outcome {
        let using_path = step.name == "copytousingpath";
        let to = if using_path { step.get("decodedurl").map(str::to_owned) } else { step.get("strnewurl").map(url) };
        let to = to.or_else(|| step.first().map(str::to_owned));
        let to = to.ok_or_else(|| SpError::bad_request("The new address is missing."))?;
        let overwrite = step.is_true("boverwrite") || step.is_true("overwrite");
        let (folder, name) = self.place_of(&to)?;
        self.duplicate(entry, &folder, &name, if overwrite { OnConflict::Replace } else { OnConflict::Fail })?;
        self.told(if using_path { "CopyToUsingPath" } else { "CopyTo" }, Data::Null)
    }

    fn relocate(&self, entry: &Entry, folder: &Entry, name: &str, on_conflict: OnConflict) -> Outcome<()> {
        check_name(name)?;
        self.check_place(entry, true)?;
        self.check_place(folder, true)?;
        let same = entry.item.parent == Some(folder.item.id) && *entry.item.name == *name;
        if same {
            return Ok(());
        }
        let patch =
            ItemPatch { name: Some(name.into()), parent: Some(folder.item.id), on_conflict, ..ItemPatch::default() };
        self.drive().update(self.user.id, entry.item.id, patch).map_err(|error| named(error, name))?;
        Ok(())
    }

    fn duplicate(&self, entry: &Entry, folder: &Entry, name: &str, on_conflict: OnConflict) -> Outcome<()> {
        check_name(name)?;
        self.check_place(folder, true)?;
        let (drive, by) = (self.drive(), self.user.id);
        if let Some(version) = &entry.version {
            let copied = drive.copy_version(by, version.id, folder.item.id, name, on_conflict);
            copied.map_err(|error| named(error, name))?;
            return Ok(());
        }
        // The drive copies under the old name: only what can be renamed at once is copied.
        if drive.child(folder.item.id, name).is_some() && on_conflict == OnConflict::Fail {
            return Err(SpError::name_exists(name));
        }
        let copy = drive.copy(by, entry.item.id, folder.item.id, OnConflict::Rename)?;
        if *copy.item.name != *name {
            let patch = ItemPatch { name: Some(name.into()), on_conflict, ..ItemPatch::default() };
            drive.update(by, copy.item.id, patch).map_err(|error| named(error, name))?;
        }
        Ok(())
    }

    /// As [`Ctx::check`], in whatever site the item is.
    fn check_place(&self, entry: &Entry, write: bool) -> Outcome<()> {
        let places = &self.face.places;
        let site = places.site_of(entry, &self.face.shared.accounts).ok_or_else(SpError::access_denied)?;
        if places.may(&self.user, &site, entry, write) { Ok(()) } else { Err(SpError::access_denied()) }
    }

    /// `SP.MoveCopyUtil.…`: by absolute addresses, encoded or not.
    pub(super) async fn move_copy_util(&mut self, name: &str) -> Outcome {
        let body = self.json_body().await?;
        let by_path = name.ends_with("bypath");
        let address = |decoded: &str, plain: &str| -> Option<String> {
            match by_path {
                true => member(&body, decoded).and_then(|path| text(path, "DecodedUrl")).map(str::to_owned),
                false => text(&body, plain).map(decode),
            }
        };
        let (from, to) = (address("srcPath", "srcUrl"), address("destPath", "destUrl"));
        let (Some(from), Some(to)) = (from, to) else {
            return Err(SpError::bad_request("The source or the destination is missing."));
        };
        let (files, moves) = (name.contains("file"), name.starts_with("move"));
        let keeps_both = member(&body, "options").is_some_and(|options: &Value| flag(options, "KeepBoth"));
        let on_conflict = match (flag(&body, "overwrite"), keeps_both) {
            (_, true) => OnConflict::Rename,
            (true, _) => OnConflict::Replace,
            _ => OnConflict::Fail,
        };
        let entry = self.anywhere(&from)?;
        self.check_place(&entry, moves)?;
        if entry.item.is_file() != files {
            return Err(SpError::not_found());
        }
        let (folder, leaf) = to.trim_end_matches('/').rsplit_once('/').ok_or_else(SpError::not_found)?;
        let folder = self.anywhere(folder)?;
        if !folder.item.is_folder() {
            return Err(SpError::not_found());
        }
        match moves {
            true => self.relocate(&entry, &folder, leaf, on_conflict)?,
            false => self.duplicate(&entry, &folder, leaf, on_conflict)?,
        }
        self.told("MoveCopyUtil", Data::Null)
    }

    /// What an absolute address, or a path from the server's root on, leads to.
    pub(super) fn anywhere(&self, address: &str) -> Outcome<Entry> {
        let (_, entry) = self.site_and_item(address)?;
        Ok(entry)
    }

    /// As [`Ctx::anywhere`], with its site.
    pub(super) fn site_and_item(&self, address: &str) -> Outcome<(Site, Entry)> {
        let path = match address.split_once("://") {
            Some((_, rest)) => {
                rest.split_once('/').map(|(_, path)| format!("/{path}")).ok_or_else(SpError::not_found)?
            }
            None => address.to_owned(),
        };
        let encoded = crate::http::encode(&path).replace("%2F", "/");
        let (site, _) = self.face.places.find(&encoded, &self.face.shared.accounts).ok_or_else(SpError::not_found)?;
        let entry = self.face.places.resolve(&site, &path).ok_or_else(SpError::not_found)?;
        Ok((site, entry))
    }
}
