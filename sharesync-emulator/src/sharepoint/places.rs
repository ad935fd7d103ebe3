//! Sites, their libraries, and who may do what in them: every user's home is the library of `/personal/{alias}`, every folder among
//! the drive's shared folders is the library of a site `/sites/{name}` for all users.

use serde::{Deserialize, Serialize};

use super::errors::{Outcome, SpError};
use super::ids::{Guid, Thing};
use crate::accounts::Accounts;
use crate::drive::{Drive, DriveError, Entry, ItemId, Place, Resolved, Role, User, UserId, fold};
use crate::http::decode;
use crate::table::Table;

/// Where sites are, and what was shared out of them.
#[derive(Debug)]
pub(crate) struct Places {
    drive: Drive,
    homes: ItemId,
    shared: ItemId,
    pub(crate) grants: Table<Grant>,
}

/// An item that a user shared with another one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) item: ItemId,
    pub(crate) user: UserId,
    pub(crate) edit: bool,
}

/// A site collection with its one web and its one library.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    /// Its path, without a slash at the end; empty for the root.
    pub(crate) url: String,
    pub(crate) title: String,
    /// The folder that is the root of its library; the root site has none.
    pub(crate) library: Option<ItemId>,
    /// The user whose site it is.
    owner: Option<UserId>,
}

impl Site {
    /// What the library is called in addresses.
    pub(crate) fn library_name(&self) -> &'static str {
        if self.owner.is_some() { "Documents" } else { "Shared Documents" }
    }

    pub(crate) fn library_url(&self) -> String {
        format!("{}/{}", self.url, self.library_name())
    }

    pub(crate) fn root(&self) -> Outcome<ItemId> {
        self.library.ok_or_else(|| SpError::no_such("List"))
    }

    fn number(&self) -> u64 {
        self.library.map_or(0, |library| library.0)
    }

    pub(crate) fn id(&self) -> Guid {
        Guid::of(Thing::Site, self.number())
    }

    pub(crate) fn web_id(&self) -> Guid {
        Guid::of(Thing::Web, self.number())
    }

    pub(crate) fn list_id(&self) -> Guid {
        Guid::of(Thing::Library, self.number())
    }

    /// Whether an item is in the library, its root folder included.
    pub(crate) fn holds(&self, entry: &Entry) -> bool {
        let library = self.library;
        library == Some(entry.item.id) || entry.ancestors.iter().any(|above| Some(above.id) == library)
    }

    /// Whether a place is below the root of the library.
    pub(crate) fn holds_place(&self, place: Option<&Place>) -> bool {
        place.is_some_and(|place| self.library.is_some_and(|library| place.above.contains(&library)))
    }

    /// The path of an item from the server's root on.
    pub(crate) fn path_of(&self, entry: &Entry) -> String {
        format!("{}{}", self.library_url(), self.path_in_library(entry))
    }

    /// The path of an item from below the root of the library on; empty for that root itself.
    pub(crate) fn path_in_library(&self, entry: &Entry) -> String {
        if self.library == Some(entry.item.id) {
            return String::new();
        }
        let below = entry.ancestors.iter().skip_while(|above| Some(above.id) != self.library).skip(1);
        below.map(|above| &*above.name).chain([&*entry.item.name]).fold(String::new(), |path, name| path + "/" + name)
    }
}

/// The part of an account's name before the domain.
pub(crate) fn login_of(user: &User, accounts: &Accounts) -> String {
    let local = user.email.split('@').next().unwrap_or_default();
    let alone =
        accounts.users().filter(|other| other.email.split('@').next().is_some_and(|name| fold(name) == fold(local)));
    if alone.count() == 1 { local.to_owned() } else { user.email.clone() }
}

/// What the address of a user's site ends with.
pub(crate) fn alias_of(user: &User, accounts: &Accounts) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' };
    login_of(user, accounts).chars().map(plain).collect()
}

impl Places {
    pub(crate) fn open(drive: &Drive) -> Result<Self, DriveError> {
        Ok(Self {
            homes: drive.fixed_folder("Personal Folders", Role::Homes)?,
            shared: drive.fixed_folder("Shared Folders", Role::Shared)?,
            grants: Table::open(drive, "sharepoint/grants"),
            drive: drive.clone(),
        })
    }

    pub(crate) fn root_site(&self) -> Site {
        Site { url: String::new(), title: "Home".to_owned(), library: None, owner: None }
    }

    pub(crate) fn personal(&self, user: &User, accounts: &Accounts) -> Site {
        let alias = alias_of(user, accounts);
        let title = user.names();
        let title = format!("{} {}", title.0, title.1);
        Site { url: format!("/personal/{alias}"), title, library: Some(user.home), owner: Some(user.id) }
    }

    fn team(&self, name: &str) -> Option<Site> {
        let folder = self.drive.child(self.shared, name).filter(|entry| entry.item.is_folder())?;
        let name = folder.item.name.to_string();
        Some(Site { url: format!("/sites/{name}"), title: name, library: Some(folder.item.id), owner: None })
    }

    /// The site that an encoded path is in, and the encoded rest of the path behind it.
    pub(crate) fn find<'a>(&self, path: &'a str, accounts: &Accounts) -> Option<(Site, &'a str)> {
        let mut parts = path.splitn(4, '/').skip(1);
        let (kind, name, rest) = (parts.next().unwrap_or_default(), parts.next(), parts.next().unwrap_or_default());
        let site = match (kind.to_ascii_lowercase().as_str(), name) {
            ("personal", Some(name)) => {
                let alias = decode(name).to_ascii_lowercase();
                let user = accounts.users().find(|user| alias_of(user, accounts) == alias)?;
                self.personal(user, accounts)
            }
            ("sites", Some(name)) => self.team(&decode(name))?,
            _ => return Some((self.root_site(), path.strip_prefix('/').unwrap_or(path))),
        };
        Some((site, rest))
    }

    /// The site whose library holds an item.
    pub(crate) fn site_of(&self, entry: &Entry, accounts: &Accounts) -> Option<Site> {
        let mut above =
            entry.ancestors.iter().map(|item| (item.id, &item.name)).chain([(entry.item.id, &entry.item.name)]).skip(1);
        let (kind, root) = (above.next()?.0, above.next()?);
        if kind == self.homes {
            let owner = accounts.users().find(|user| user.home == root.0)?;
            return Some(self.personal(owner, accounts));
        }
        (kind == self.shared).then(|| self.team(root.1)).flatten()
    }

    /// What a decoded path from the server's root on leads to in the library of a site. What does not begin with a slash is below
    /// the site.
    pub(crate) fn resolve(&self, site: &Site, path: &str) -> Option<Entry> {
        let root = site.library?;
        let rest = below_library(site, path)?;
        match self.drive.resolve(root, &rest)? {
            Resolved::Item(entry) => Some(entry),
            Resolved::Beyond { .. } => None,
        }
    }

    /// Whether a user may read, or change, an item of a site.
    pub(crate) fn may(&self, user: &User, site: &Site, entry: &Entry, write: bool) -> bool {
        if site.owner.is_none_or(|owner| owner == user.id) {
            return true;
        }
        let covers =
            |grant: &Grant| grant.item == entry.item.id || entry.ancestors.iter().any(|above| above.id == grant.item);
        self.grants.all().iter().any(|grant| grant.user == user.id && (grant.edit || !write) && covers(grant))
    }

    /// Whether a user may look at a whole site.
    pub(crate) fn may_enter(&self, user: &User, site: &Site) -> bool {
        site.owner.is_none_or(|owner| owner == user.id)
    }
}

/// The rest of a path behind the address of the library, in whatever case that is written.
fn below_library(site: &Site, path: &str) -> Option<String> {
    let absolute = if path.starts_with('/') { path.to_owned() } else { format!("{}/{path}", site.url) };
    let segments: Vec<&str> = absolute.split('/').filter(|segment| !segment.is_empty()).collect();
    let library = site.library_url();
    let wanted: Vec<&str> = library.split('/').filter(|segment| !segment.is_empty()).collect();
    let rest = segments.get(wanted.len()..)?;
    let same = segments.iter().zip(&wanted).all(|(segment, wanted)| fold(segment) == fold(wanted));
    same.then(|| rest.join("/"))
}
