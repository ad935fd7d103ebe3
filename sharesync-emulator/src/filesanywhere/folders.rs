//! Making folders; renaming, moving and deleting items.

use super::places::{Place, Rights, check_name, path_of};
use super::record::Record;
use super::{Ctx, Outcome, Refused};
use crate::drive::{DriveError, ItemPatch, NewFolder, OnConflict, User};

/// The one code of an error that is public: the folder is there already.
const FOLDER_EXISTS: &str = "e2937: A folder or file with this name already exists.";

impl Ctx {
    pub(super) fn create_folder(&self) -> Outcome {
        let user = self.user()?;
        let parent = self.place(&user, self.args.text("Path"))?.folder()?.need(Rights::Create)?;
        self.make_folder(&user, &parent, self.args.text("NewFolderName"))?;
        Ok(Record::new().set("FolderCreated", true))
    }

    fn make_folder(&self, user: &User, parent: &Place, name: &str) -> Result<Place, Refused> {
        check_name(name)?;
        match self.drive().create_folder(user.id, parent.id(), name, NewFolder::default()) {
            Ok(entry) => Ok(Place { entry, rights: parent.rights }),
            Err(DriveError::NameTaken { .. }) => Err(Refused::because(FOLDER_EXISTS)),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes the folders of the path that are missing, too.
    pub(super) fn create_folder_recursive(&self) -> Outcome {
        let user = self.user()?;
        let path = self.args.text("Path");
        let mut names = path.split(['\\', '/']).filter(|name| !name.is_empty());
        let volume = names.next().unwrap_or_default();
        let mut folder = self.place(&user, volume);
        let mut reached = format!("\\{volume}");
        for name in names {
            reached.push('\\');
            reached.push_str(name);
            folder = match (self.place(&user, &reached), folder) {
                (Ok(there), _) => Ok(there),
                (Err(_), Ok(above)) => self.make_folder(&user, &above.folder()?.need(Rights::Create)?, name),
                (Err(missing), Err(_)) => Err(missing),
            };
        }
        let name = self.args.text("NewFolderName");
        self.make_folder(&user, &folder?.folder()?.need(Rights::Create)?, name)?;
        Ok(Record::new().set("FolderCreated", true).set("NewFolderName", name))
    }

    pub(super) fn rename_item(&self) -> Outcome {
        let user = self.user()?;
        let item = self.place(&user, self.args.text("Path"))?.of_type(self.args.text("Type"))?.need(Rights::Full)?;
        let name = self.args.text("NewName");
        check_name(name)?;
        let patch = ItemPatch { name: Some(name.into()), on_conflict: OnConflict::Fail, ..ItemPatch::default() };
        self.drive().update(user.id, item.id(), patch)?;
        Ok(Record::new().set("Renamed", true))
    }

    /// Each item is moved or not for itself.
    pub(super) fn move_items(&self) -> Outcome {
        let user = self.user()?;
        let target = self.place(&user, self.args.text("DstPath"))?.folder()?.need(Rights::Create)?;
        let moved = self.args.texts("SrcPath").map(|source| {
            let record = Record::new().set("SrcPath", source);
            match self.place(&user, source).and_then(|item| self.move_item(&user, &item, &target)) {
                Ok(path) => record.set("ErrorMessage", "").set("DstPath", path).set("Moved", true),
                Err(Refused(reason)) => record.set("ErrorMessage", reason).set("DstPath", self.args.text("DstPath")),
            }
        });
        let moved: Vec<_> = moved.collect();
        if moved.is_empty() {
            return Err(Refused::because("There is nothing to move."));
        }
        Ok(Record::new().list("MovedItems", "MovedItem", moved))
    }

    /// Moves an item into a folder; its new path.
    pub(super) fn move_item(&self, user: &User, item: &Place, target: &Place) -> Result<String, Refused> {
        if item.rights < Rights::Full {
            return Err(Refused::because("You do not have permission to move this item."));
        }
        let patch = ItemPatch { parent: Some(target.id()), on_conflict: OnConflict::Fail, ..ItemPatch::default() };
        Ok(path_of(&self.drive().update(user.id, item.id(), patch)?))
    }

    /// Some clients do not know the type of an item and name the path with both: one of them has to be right.
    pub(super) fn delete_items(&self) -> Outcome {
        let user = self.user()?;
        let mut paths: Vec<(&str, Result<(), Refused>)> = Vec::new();
        for item in self.args.object("ItemsToDelete").objects("Item") {
            let path = item.text("Path");
            let deleted = self.delete_item(&user, path, item.text("Type"));
            match paths.iter_mut().find(|(known, _)| *known == path) {
                Some((_, result)) if result.is_err() => *result = deleted,
                Some(_) => {}
                None => paths.push((path, deleted)),
            }
        }
        if paths.is_empty() {
            return Err(Refused::because("There is nothing to delete."));
        }
        paths.into_iter().try_for_each(|(_, result)| result)?;
        Ok(Record::new().set("Deleted", true))
    }

    fn delete_item(&self, user: &User, path: &str, kind: &str) -> Result<(), Refused> {
        let item = self.place(user, path)?.of_type(kind)?.need(Rights::Full)?;
        Ok(self.drive().delete(user.id, item.id())?)
    }
}
