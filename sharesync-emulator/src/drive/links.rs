//! What stands beside the tree: users with their home folders, fixed folders, and links.

use std::sync::Arc;

use super::Drive;
use super::draft::Draft;
use super::error::DriveError;
use super::ids::{ItemId, ShareId, UserId};
use super::item::{Item, Kind, Role};
use super::record::ChangeKind;
use super::share::Share;
use super::tree::ROOT;
use super::user::User;

/// Does what no user asked for.
const SYSTEM: UserId = UserId(0);

impl Drive {
    /// Makes the folders that every drive has.
    pub(super) fn plant(&self) {
        let _ = self.commit(SYSTEM, |draft| {
            let kind = Kind::Folder { role: Role::Root, zone: None };
            let root = Item { id: ROOT, parent: None, ..draft.blank(ROOT, "Account".into(), kind) };
            draft.put(root, ChangeKind::Created, None);
            draft.fixed_folder(ROOT, "Personal Folders", Role::Homes);
            draft.fixed_folder(ROOT, "Shared Folders", Role::Shared);
            Ok(())
        });
    }

    /// The fixed folder of that name below the root; made if it is not there.
    pub(crate) fn fixed_folder(&self, name: &str, role: Role) -> Result<ItemId, DriveError> {
        self.commit(SYSTEM, |draft| match draft.tree.child(ROOT, name) {
            Some(there) => Ok(there.id),
            None => Ok(draft.fixed_folder(ROOT, name, role)),
        })
    }

    /// The user of that address; with a home folder made if the drive does not know the user.
    ///
    /// # Errors
    /// When the address cannot be the name of a folder.
    pub fn ensure_user(&self, email: &str) -> Result<User, DriveError> {
        if let Some(user) = self.user_by_email(email) {
            return Ok(user);
        }
        let homes = self.fixed_folder("Personal Folders", Role::Homes)?;
        super::names::check(email)?;
        self.commit(SYSTEM, |draft| {
            let home = draft.fixed_folder(homes, email, Role::Home);
            let user = User { id: UserId(draft.new_id()), email: email.to_owned(), home };
            draft.record.users.push(Arc::new(user.clone()));
            Ok(user)
        })
    }

    /// All users.
    pub fn users(&self) -> Vec<User> {
        self.tree().users().values().map(|user| (**user).clone()).collect()
    }

    /// A user.
    pub fn user(&self, id: UserId) -> Option<User> {
        self.tree().users().get(&id).map(|user| (**user).clone())
    }

    /// The user of that address, in whatever case it is written.
    pub fn user_by_email(&self, email: &str) -> Option<User> {
        self.tree().users().values().find(|user| user.email.eq_ignore_ascii_case(email)).map(|user| (**user).clone())
    }

    /// All links, ended ones too, in the order in which they were made.
    pub fn shares(&self) -> Vec<Arc<Share>> {
        self.tree().shares().values().cloned().collect()
    }

    /// A link.
    pub fn share(&self, id: ShareId) -> Option<Arc<Share>> {
        self.tree().shares().get(&id).cloned()
    }

    /// Adds a link; its id is chosen here.
    ///
    /// # Errors
    /// None at present.
    pub fn add_share(&self, by: UserId, share: Share) -> Result<Arc<Share>, DriveError> {
        self.commit(by, |draft| {
            let share = Arc::new(Share { id: ShareId(draft.new_id()), created: draft.at, creator: by, ..share });
            draft.record.shares.push(share.clone());
            Ok(share)
        })
    }

    /// Changes a link as `change` does, and gives what `change` gives. Nothing else happens to the link in between.
    ///
    /// # Errors
    /// When there is no such link.
    pub fn change_share<T>(
        &self,
        by: UserId,
        id: ShareId,
        change: impl FnOnce(&mut Share) -> T,
    ) -> Result<T, DriveError> {
        self.commit(by, |draft| {
            let mut share = (**draft.tree.shares().get(&id).ok_or(DriveError::NotFound)?).clone();
            let value = change(&mut share);
            draft.record.shares.push(Arc::new(share));
            Ok(value)
        })
    }

    /// Removes a link.
    ///
    /// # Errors
    /// When there is no such link.
    pub fn remove_share(&self, by: UserId, id: ShareId) -> Result<(), DriveError> {
        self.commit(by, |draft| {
            draft.tree.shares().get(&id).ok_or(DriveError::NotFound)?;
            draft.record.ended.push(id);
            Ok(())
        })
    }
}

impl Draft<'_> {
    fn fixed_folder(&mut self, parent: ItemId, name: &str, role: Role) -> ItemId {
        let kind = Kind::Folder { role, zone: None };
        let item = self.blank(parent, name.into(), kind);
        self.put(item, ChangeKind::Created, None)
    }
}
