//! The clipboard: one for each account. `CopyItems` and `CutItems` replace what is in it, `Paste` puts it into a folder.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::places::{Place, Rights};
use super::record::Record;
use super::{Ctx, Outcome, Refused};
use crate::drive::{ItemId, OnConflict, UserId};

#[derive(Debug, Clone)]
struct Clipboard {
    items: Vec<ItemId>,
    cut: bool,
}

/// The clipboards of all accounts.
#[derive(Debug, Default)]
pub(super) struct Clipboards {
    table: Mutex<HashMap<UserId, Clipboard>>,
}

impl Clipboards {
    fn table(&self) -> MutexGuard<'_, HashMap<UserId, Clipboard>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_empty(&self, user: UserId) -> bool {
        !self.table().contains_key(&user)
    }
}

impl Ctx {
    pub(super) fn take(&self, list: &str, done: &'static str, cut: bool) -> Outcome {
        let user = self.user()?;
        let needed = if cut { Rights::Full } else { Rights::Read };
        let places = self.args.object(list).objects("Item").map(|item| {
            let place = self.place(&user, item.text("Path"))?.of_type(item.text("Type"))?.need(needed)?;
            Ok(place.id())
        });
        let items = places.collect::<Result<Vec<_>, Refused>>()?;
        if items.is_empty() {
            return Err(Refused::because("There is nothing to put into the clipboard."));
        }
        self.face.clipboards.table().insert(user.id, Clipboard { items, cut });
        Ok(Record::new().set(done, true))
    }

    /// What was cut is gone from the clipboard afterwards; what was copied can be pasted again.
    pub(super) fn paste(&self) -> Outcome {
        let user = self.user()?;
        let target = self.place(&user, self.args.text("Path"))?.folder()?.need(Rights::Create)?;
        let clipboard = self.face.clipboards.table().get(&user.id).cloned();
        let Clipboard { items, cut } = clipboard.ok_or_else(|| Refused::because("The clipboard is empty."))?;
        for id in items {
            let entry = self.drive().item(id).filter(|entry| !entry.is_deleted());
            let entry = entry.ok_or_else(|| Refused::because("An item of the clipboard does not exist any more."))?;
            if cut {
                self.move_item(&user, &Place { entry, rights: Rights::Full }, &target)?;
            } else {
                self.drive().copy(user.id, id, target.id(), OnConflict::Fail)?;
            }
        }
        if cut {
            self.face.clipboards.table().remove(&user.id);
        }
        Ok(Record::new().set("Pasted", true))
    }
}
