//! Group shares: folders that other accounts see too, with the rights of a letter. The drive keeps them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::places::{Place, Rights};
use super::record::Record;
use super::{Ctx, Outcome, Refused, times};
use crate::drive::{Drive, ItemId, User, UserId};

/// What the keys of kept shares begin with.
const KEPT: &str = "filesanywhere/group/";

/// The folders that are shared, each with who sees it and how.
#[derive(Debug, Default)]
pub(super) struct Groups {
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    folders: BTreeMap<ItemId, BTreeMap<UserId, Rights>>,
    /// When what a user sees last changed, in ticks.
    changed: HashMap<UserId, i64>,
}

impl Groups {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a user may do in a folder, as far as it is shared with the user.
    pub(super) fn rights(&self, folder: ItemId, user: UserId) -> Option<Rights> {
        self.table().folders.get(&folder)?.get(&user).copied()
    }

    /// The folders that others share with a user.
    pub(super) fn shared_with(&self, user: UserId) -> Vec<(ItemId, Rights)> {
        let table = self.table();
        let shared = table.folders.iter().filter_map(|(folder, members)| Some((*folder, *members.get(&user)?)));
        shared.collect()
    }

    /// When the folders that a user sees last became others, in ticks; 0 is never.
    pub(super) fn changed(&self, user: UserId) -> i64 {
        self.table().changed.get(&user).copied().unwrap_or(0)
    }

    /// The shares that a drive keeps.
    pub(super) fn of(drive: &Drive) -> Self {
        let groups = Self::default();
        for (_, kept) in drive.kept(KEPT) {
            let members = kept.get("members").and_then(Value::as_object).into_iter().flatten();
            let members = members
                .filter_map(|(user, letter)| Some((UserId(user.parse().ok()?), Rights::of_letter(letter.as_str()?)?)));
            if let Some(folder) = kept.get("folder").and_then(Value::as_u64) {
                groups.table().folders.insert(ItemId(folder), members.collect());
            }
        }
        groups
    }

    /// Lets the drive keep who sees a folder.
    fn keep(&self, drive: &Drive, folder: ItemId) {
        let members = self.members(folder);
        let key = format!("{KEPT}{}", folder.0);
        if members.is_empty() {
            return drive.forget(key);
        }
        let letters = members.into_iter().map(|(user, rights)| (user.0.to_string(), rights.letter().into()));
        let members: serde_json::Map<String, Value> = letters.collect();
        drive.keep(key, json!({"folder": folder.0, "members": members}));
    }

    fn set(&self, folder: ItemId, user: UserId, rights: Rights) {
        let mut table = self.table();
        table.folders.entry(folder).or_default().insert(user, rights);
        table.changed.insert(user, times::ticks(Drive::now()));
    }

    /// `false` if the folder was not shared with the user.
    fn remove(&self, folder: ItemId, user: UserId) -> bool {
        let mut table = self.table();
        let Some(members) = table.folders.get_mut(&folder) else {
            return false;
        };
        let removed = members.remove(&user).is_some();
        if members.is_empty() {
            table.folders.remove(&folder);
        }
        if removed {
            table.changed.insert(user, times::ticks(Drive::now()));
        }
        removed
    }

    fn members(&self, folder: ItemId) -> BTreeMap<UserId, Rights> {
        self.table().folders.get(&folder).cloned().unwrap_or_default()
    }
}

/// The users that a request names.
fn users(text: &str) -> impl Iterator<Item = &str> {
    text.split([';', ',']).map(str::trim).filter(|name| !name.is_empty())
}

impl Ctx {
    fn shared_folder(&self) -> Result<(User, Place), Refused> {
        let user = self.user()?;
        let folder = self.own_folder(&user, self.args.text("SharedFolderName"))?;
        Ok((user, folder))
    }

    fn level(&self) -> Result<Rights, Refused> {
        let level = self.args.text("SharedFolderAccessLevel");
        Rights::of_letter(level).ok_or_else(|| Refused::because(format!("The access level {level} is invalid.")))
    }

    fn add_member(&self, owner: &User, folder: ItemId, name: &str, rights: Rights) -> Result<(), Refused> {
        let member = self.named(name)?;
        if member.id == owner.id {
            return Err(Refused::because("A folder cannot be shared with its owner."));
        }
        self.face.groups.set(folder, member.id, rights);
        self.face.groups.keep(self.drive(), folder);
        Ok(())
    }

    fn remove_member(&self, folder: ItemId, user: UserId) -> bool {
        let removed = self.face.groups.remove(folder, user);
        self.face.groups.keep(self.drive(), folder);
        removed
    }

    pub(super) fn group_share_add(&self) -> Outcome {
        let (user, folder) = self.shared_folder()?;
        self.add_member(&user, folder.id(), self.args.text("UserAccountWithWhomToShareFolder"), self.level()?)?;
        Ok(Record::new().set("GroupShareCreated", true))
    }

    /// Each user is added or not for itself; one who is makes it a share.
    pub(super) fn group_share_add_several(&self) -> Outcome {
        let (user, folder) = self.shared_folder()?;
        let rights = self.level()?;
        let mut created = false;
        let results = users(self.args.text("UserAccountsWithWhomToShareFolder")).map(|name| {
            let record = Record::new().set("Username", name);
            match self.add_member(&user, folder.id(), name, rights) {
                Ok(()) => {
                    created = true;
                    record.set("ErrorMessage", "").set("UserAdded", true)
                }
                Err(Refused(reason)) => record.set("ErrorMessage", reason),
            }
        });
        let results: Vec<_> = results.collect();
        if results.is_empty() {
            return Err(Refused::because("There is no user to share with."));
        }
        Ok(Record::new().list("Users", "GroupShareAdd2ResultItem", results).set("GroupShareCreated", created))
    }

    pub(super) fn group_share_remove(&self) -> Outcome {
        let (_, folder) = self.shared_folder()?;
        let results = users(self.args.text("UserAccountsToRemove")).map(|name| {
            let removed = self.named(name).is_ok_and(|user| self.remove_member(folder.id(), user.id));
            let reason = if removed { "" } else { "The folder is not shared with this user." };
            Record::new().set("Username", name).set("ErrorMessage", reason).set("UserRemoved", removed)
        });
        Ok(Record::new().list("Users", "GroupShareRemoveResultItem", results.collect()))
    }

    pub(super) fn group_share_users(&self) -> Outcome {
        let (_, folder) = self.shared_folder()?;
        let members = self.face.groups.members(folder.id());
        let members = members
            .into_iter()
            .map(|(user, rights)| Record::new().set("Username", self.name_of(user)).set("Permission", rights.letter()));
        Ok(Record::new().list("GroupShareUsers", "GroupShareUser", members.collect()))
    }

    pub(super) fn stop_sharing(&self) -> Outcome {
        let (_, folder) = self.shared_folder()?;
        let members = self.face.groups.members(folder.id());
        if members.is_empty() {
            return Err(Refused::because("The folder is not shared."));
        }
        let removed = members.into_keys().map(|user| {
            let removed = self.remove_member(folder.id(), user);
            Record::new().set("Username", self.name_of(user)).set("ErrorMessage", "").set("UserRemoved", removed)
        });
        let removed = removed.collect();
        Ok(Record::new().list("Users", "GroupShareRemoveResultItem", removed).set("GroupShareRemoved", true))
    }
}
