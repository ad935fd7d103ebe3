//! Paths: `\VOLUME\folder\item`, the volume being the name of a user. Slashes count as backslashes. And who may do what where.

use super::{Ctx, Refused};
use crate::drive::{Entry, ItemId, Resolved, Role, User, UserId};

/// What a user may do with an item, by the letters of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rights {
    /// `R`: look and download.
    Read,
    /// `C`: create and update as well.
    Create,
    /// `F`: everything.
    Full,
}

impl Rights {
    pub(super) fn letter(self) -> &'static str {
        match self {
            Self::Read => "R",
            Self::Create => "C",
            Self::Full => "F",
        }
    }

    pub(super) fn of_letter(letter: &str) -> Option<Self> {
        match letter.trim().to_ascii_uppercase().as_str() {
            "R" => Some(Self::Read),
            "C" => Some(Self::Create),
            "F" => Some(Self::Full),
            _ => None,
        }
    }
}

/// An item that a path leads to.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) entry: Entry,
    pub(super) rights: Rights,
}

impl Place {
    pub(super) fn id(&self) -> ItemId {
        self.entry.item.id
    }

    pub(super) fn need(self, rights: Rights) -> Result<Self, Refused> {
        if self.rights >= rights { Ok(self) } else { Err(Refused::because("You do not have permission to do this.")) }
    }

    pub(super) fn folder(self) -> Result<Self, Refused> {
        if self.entry.item.is_folder() { Ok(self) } else { Err(Refused::because("The folder does not exist.")) }
    }

    pub(super) fn file(self) -> Result<Self, Refused> {
        if self.entry.item.is_file() { Ok(self) } else { Err(Refused::because("The file does not exist.")) }
    }

    /// Refuses an item that is not of the kind that a request says; a request may leave it open.
    pub(super) fn of_type(self, kind: &str) -> Result<Self, Refused> {
        match kind.trim().to_ascii_lowercase().as_str() {
            "" => Ok(self),
            "folder" => self.folder(),
            "file" => self.file(),
            other => Err(Refused::because(format!("The item type {other} is invalid."))),
        }
    }
}

/// The names of a path, the volume first.
fn names(path: &str) -> Vec<&str> {
    path.split(['\\', '/']).filter(|name| !name.is_empty()).collect()
}

/// The path of an item of some volume.
pub(super) fn path_of(entry: &Entry) -> String {
    let above = entry.ancestors.iter().skip(2).map(|folder| &*folder.name);
    above.chain([&*entry.item.name]).flat_map(|name| ["\\", name]).collect()
}

/// The path of the folder of an item, with a separator at its end.
pub(super) fn folder_of(entry: &Entry) -> String {
    let above = entry.ancestors.iter().skip(2).map(|folder| &*folder.name);
    above.flat_map(|name| ["\\", name]).chain(["\\"]).collect()
}

/// The path of a place that the change log names, `/Personal Folders/user/…`; none for what is in no volume.
pub(super) fn path_in_log(path: &str) -> Option<String> {
    let (_, rest) = path.strip_prefix('/')?.split_once('/')?;
    Some(rest.split('/').flat_map(|name| ["\\", name]).collect())
}

impl Ctx {
    /// The live file or folder at a path that the caller may see.
    pub(super) fn place(&self, user: &User, path: &str) -> Result<Place, Refused> {
        let missing = || Refused::because(format!("The path {path} does not exist."));
        let names = names(path);
        let (volume, rest) = names.split_first().ok_or_else(missing)?;
        let owner = self.drive().user_by_email(volume).ok_or_else(missing)?;
        let entry = match self.drive().resolve(owner.home, &rest.join("/")) {
            Some(Resolved::Item(entry)) if entry.item.is_file() || entry.item.is_folder() => entry,
            _ => return Err(missing()),
        };
        let above = entry.ancestors.iter().map(|folder| folder.id).chain([entry.item.id]);
        let rights = self.rights(user, above).ok_or_else(missing)?;
        Ok(Place { entry, rights })
    }

    /// What a user may do below some folders; `None` is not even looking.
    pub(super) fn rights(&self, user: &User, folders: impl Iterator<Item = ItemId>) -> Option<Rights> {
        folders
            .filter_map(
                |folder| {
                    if folder == user.home { Some(Rights::Full) } else { self.face.groups.rights(folder, user.id) }
                },
            )
            .max()
    }

    /// The folder, and the name in it, that a path for something new names. The volume itself is nothing new.
    pub(super) fn new_place(&self, user: &User, path: &str) -> Result<(Place, String), Refused> {
        let names = names(path);
        let (name, above) = match names.split_last() {
            Some((name, above)) if !above.is_empty() => (*name, above),
            _ => return Err(Refused::because(format!("The path {path} is invalid."))),
        };
        let folder = self.place(user, &above.join("\\"))?.folder()?.need(Rights::Create)?;
        Ok((folder, name.to_owned()))
    }

    /// A folder by its path, or by its path within the caller's volume.
    pub(super) fn own_folder(&self, user: &User, path: &str) -> Result<Place, Refused> {
        let whole = self.place(user, path);
        let place = whole.or_else(|_| self.place(user, &format!("\\{}\\{path}", user.email)))?;
        place.folder()?.need(Rights::Full)
    }

    /// The owner of the volume that an item is in.
    pub(super) fn owner(&self, entry: &Entry) -> Option<User> {
        let folders = entry.ancestors.iter().chain([&entry.item]);
        let home = folders.into_iter().find(|folder| folder.role() == Role::Home)?;
        self.drive().user_by_email(&home.name)
    }

    /// The user of that name.
    pub(super) fn named(&self, name: &str) -> Result<User, Refused> {
        let user = self.drive().user_by_email(name.trim());
        user.ok_or_else(|| Refused::because(format!("The user {} does not exist.", name.trim())))
    }

    /// The name of a user, for people.
    pub(super) fn name_of(&self, user: UserId) -> String {
        self.drive().user(user).map(|user| user.email).unwrap_or_default()
    }
}

/// Refuses names that are none: empty ones and paths.
pub(super) fn check_name(name: &str) -> Result<(), Refused> {
    if name.trim().is_empty() || name.contains(['\\', '/']) {
        return Err(Refused::because("The name is invalid."));
    }
    Ok(())
}
