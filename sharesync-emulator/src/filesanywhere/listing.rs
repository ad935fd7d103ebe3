//! Lists and properties of items.

use jiff::Timestamp;

use super::places::{Place, folder_of, path_of};
use super::record::Record;
use super::{Ctx, Outcome, Refused, times};
use crate::drive::{Entry, Role};

/// When a file's content, or a folder, last changed.
pub(super) fn modified(entry: &Entry) -> Timestamp {
    match &entry.version {
        Some(version) => version.client_modified.unwrap_or(version.created),
        None => entry.item.modified,
    }
}

pub(super) fn created(entry: &Entry) -> Timestamp {
    entry.item.client_created.filter(|_| entry.item.is_file()).unwrap_or(entry.item.created)
}

pub(super) fn kind_of(entry: &Entry) -> &'static str {
    if entry.item.is_folder() { "folder" } else { "file" }
}

/// One page of a list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) skip: usize,
    pub(super) top: usize,
    /// From 1 on.
    pub(super) number: usize,
    pub(super) count: usize,
}

impl Page {
    /// Size 0 is everything; page 0 is the first, as page 1 is.
    pub(super) fn of(size: i64, number: i64, total: usize, most: Option<usize>, repeat: bool) -> Self {
        let asked = usize::try_from(size).ok().filter(|size| *size > 0).unwrap_or(usize::MAX);
        let top = asked.min(most.unwrap_or(usize::MAX)).max(1);
        let mut number = usize::try_from(number).unwrap_or(1).max(1);
        if repeat && number > 1 {
            number -= 1;
        }
        Self { skip: (number - 1).saturating_mul(top), top, number, count: total.div_ceil(top) }
    }
}

impl Ctx {
    pub(super) fn list_volumes(&self) -> Outcome {
        let user = self.user()?;
        let volume = |owner: &str, permission: &str, path: String, name: &str| {
            Record::new().set("Username", owner).set("Permission", permission).set("Path", path).set("Name", name)
        };
        let own = volume(&user.email, "F", format!("\\{}", user.email), &user.email);
        let shared = self.face.groups.shared_with(user.id).into_iter().filter_map(|(folder, rights)| {
            let entry = self.drive().item(folder).filter(|entry| !entry.is_deleted())?;
            let owner = self.owner(&entry)?;
            Some(volume(&owner.email, rights.letter(), path_of(&entry), &entry.item.name))
        });
        let volumes = std::iter::once(own).chain(shared).collect();
        Ok(Record::new().list("UserVolumes", "UserVolumev2", volumes))
    }

    pub(super) fn list_items(&self, element: &'static str, permissions: bool) -> Outcome {
        let user = self.user()?;
        let folder = self.place(&user, self.args.text("Path"))?.folder()?;
        let total = self.drive().children(folder.id(), 0, Some(0)).total;
        let (size, number) = (self.args.number("PageSize"), self.args.number("PageNum"));
        let page = Page::of(size, number, total, self.face.options.max_page, self.repeat_page);
        let listing = self.drive().children(folder.id(), page.skip, Some(page.top));
        let shown = listing.entries.iter().filter(|entry| entry.item.is_file() || entry.item.is_folder());
        let items = shown.map(|entry| {
            let item = Record::new()
                .set("Type", kind_of(entry))
                .set("Name", &entry.item.name)
                .set("Size", entry.item.size())
                .set("Path", folder_of(entry))
                .set("DateLastModified", times::listed(modified(entry)));
            let inside = [entry.item.id].into_iter();
            let rights = self.rights(&user, inside).map_or(folder.rights, |own| own.max(folder.rights));
            if permissions { item.set("Permission", rights.letter()) } else { item }
        });
        Ok(Record::new()
            .list("Items", element, items.collect())
            .set("PageNum", page.number)
            .set("PageCount", page.count)
            .set("ClipboardIsEmpty", self.face.clipboards.is_empty(user.id)))
    }

    /// A file that is not there is no error here: `FileExists` says so.
    pub(super) fn file_properties(&self) -> Outcome {
        let user = self.user()?;
        let Ok(file) = self.place(&user, self.args.text("Path")).and_then(Place::file) else {
            return Ok(Record::new().set("FileExists", -1).set("Size", 0).set("DateLastModifiedInGMT", ""));
        };
        let at = modified(&file.entry);
        Ok(Record::new()
            .set("FileExists", 1)
            .set("Size", file.entry.item.size())
            .set("DateLastModifiedInGMT", times::listed(at))
            .set("DateTimeInTicks", times::ticks(at)))
    }

    fn typed_place(&self) -> Result<Place, Refused> {
        self.place(&self.user()?, self.args.text("Path"))?.of_type(self.args.text("Type"))
    }

    pub(super) fn item_properties(&self) -> Outcome {
        Ok(properties(&self.typed_place()?.entry))
    }

    pub(super) fn item_advanced_properties(&self) -> Outcome {
        let place = self.typed_place()?;
        let properties = properties(&place.entry);
        let Some(lock) = &place.entry.item.lock else {
            return Ok(properties);
        };
        let comments = self.face.checkouts.comments(place.id());
        Ok(properties
            .set_some("VC_CheckoutComments", comments)
            .set("VC_CheckoutStatusDate", times::listed(lock.since))
            .set("VC_CheckoutStatusByName", self.name_of(lock.owner)))
    }
}

fn properties(entry: &Entry) -> Record {
    let (size, count) = match entry.item.is_folder() {
        true => (entry.totals.bytes, entry.totals.files),
        false => (entry.item.size(), 1),
    };
    let at = if entry.item.role() == Role::Home { entry.totals.changed } else { modified(entry) };
    Record::new()
        .set("Size", size)
        .set("Count", count)
        .set("DateCreated", times::listed(created(entry)))
        .set("DateLastModified", times::listed(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_count_from_one_and_nought_is_the_first() {
        let page = |size, number| Page::of(size, number, 25, None, false);
        assert_eq!(page(0, 0), Page { skip: 0, top: usize::MAX, number: 1, count: 1 });
        assert_eq!(page(10, 0), page(10, 1));
        assert_eq!(page(10, 3), Page { skip: 20, top: 10, number: 3, count: 3 });
        assert_eq!(page(10, -5).number, 1);
        assert_eq!(Page::of(10, 3, 25, None, true).number, 2);
        assert_eq!(Page::of(0, 2, 25, Some(5), false), Page { skip: 5, top: 5, number: 2, count: 5 });
        assert_eq!(Page::of(0, 0, 0, None, false).count, 0);
    }
}
