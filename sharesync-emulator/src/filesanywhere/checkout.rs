//! Checking files out and in: a file that is checked out is locked for everybody else.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::downloads::Target;
use super::places::{Place, Rights};
use super::record::Record;
use super::uploads::Destination;
use super::{Ctx, Outcome, Refused};
use crate::drive::{ItemId, User};

/// What was said when files were checked out.
#[derive(Debug, Default)]
pub(super) struct Checkouts {
    comments: Mutex<HashMap<ItemId, String>>,
}

impl Checkouts {
    fn table(&self) -> MutexGuard<'_, HashMap<ItemId, String>> {
        self.comments.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn comments(&self, file: ItemId) -> Option<String> {
        self.table().get(&file).cloned()
    }
}

impl Ctx {
    pub(super) fn download_with_checkout(&self) -> Outcome {
        let user = self.user()?;
        let file = self.place(&user, self.args.text("ItemPath"))?.file()?.need(Rights::Create)?;
        self.drive().set_lock(user.id, file.id(), true)?;
        self.face.checkouts.table().insert(file.id(), self.args.text("Comments").to_owned());
        Ok(Record::new().set("URL", self.url(Target::File(file.entry))))
    }

    fn checked_out(&self, user: &User, path: &str) -> Result<Place, Refused> {
        let file = self.place(user, path)?.file()?.need(Rights::Create)?;
        if file.entry.item.lock.as_ref().is_none_or(|lock| lock.owner != user.id) {
            return Err(Refused::because("You have not checked this file out."));
        }
        Ok(file)
    }

    fn check_in(&self, user: &User, file: ItemId) -> Result<(), Refused> {
        self.drive().set_lock(user.id, file, false)?;
        self.face.checkouts.table().remove(&file);
        Ok(())
    }

    pub(super) async fn upload_with_checkin(&self) -> Outcome {
        let user = self.user()?;
        let file = self.checked_out(&user, self.args.text("Path"))?;
        let item = &file.entry.item;
        let folder = item.parent.ok_or_else(|| Refused::because("The folder does not exist."))?;
        let to = Destination { user: user.clone(), folder, name: item.name.to_string() };
        self.put_whole(&to).await?;
        self.check_in(&user, file.id())?;
        Ok(Record::new().set("Uploaded", true))
    }

    pub(super) fn undo_checkout(&self) -> Outcome {
        let user = self.user()?;
        let file = self.checked_out(&user, self.args.text("ItemPath"))?;
        self.check_in(&user, file.id())?;
        Ok(Record::new())
    }
}
