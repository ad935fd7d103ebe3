//! Search by name, size and date. There is no index of contents, comments or tags here, and a search for them is refused.

use std::cmp::Ordering;

use jiff::Timestamp;

use super::listing::{Page, kind_of, modified};
use super::operations::SIZE_UNITS;
use super::places::path_of;
use super::record::Record;
use super::{Ctx, Outcome, Refused, times};
use crate::drive::{Entry, Item, fold};

/// No answer holds more.
const MOST: usize = 10_000;

impl Ctx {
    pub(super) fn search_files(&self) -> Outcome {
        let user = self.user()?;
        if let Some(name) =
            ["TextInFile", "Comments", "Tag"].into_iter().find(|name| self.args.some_text(name).is_some())
        {
            return Err(Refused::because(format!("A search by {name} is not possible: nothing is indexed.")));
        }
        let below = self.place(&user, self.args.text("Path"))?.folder()?;
        let wanted = fold(self.args.text("ItemName").trim_matches('*'));
        let folders = self.args.flag("CheckFolderName");
        let test = |item: &Item| (item.is_file() || folders && item.is_folder()) && fold(&item.name).contains(&wanted);
        let mut found = self.drive().find(below.id(), MOST, test);
        let deep = self.args.flag("CheckSubFolders");
        found.retain(|entry| (deep || entry.item.parent == Some(below.id())) && self.fits(entry));
        found.sort_by(|one, other| self.order(one, other));
        let total = found.len();
        let (size, number) = (self.args.number("PageSize"), self.args.number("StartPage"));
        let page = Page::of(size, number, total, self.face.options.max_page, self.repeat_page);
        let items = found.iter().skip(page.skip).take(page.top).map(|entry| self.found(entry, total));
        Ok(Record::new().list("Items", "CAddListItem", items.collect()))
    }

    fn fits(&self, entry: &Entry) -> bool {
        let unit = SIZE_UNITS.iter().position(|unit| *unit == self.args.text("SizeUnit")).unwrap_or(0);
        let scale = 1024_i128.pow(u32::try_from(unit).unwrap_or(0));
        let size = i128::from(entry.item.size());
        let at: Timestamp = modified(entry);
        self.args.some_number("SizeFrom").is_none_or(|least| size >= i128::from(least) * scale)
            && self.args.some_number("SizeTo").is_none_or(|most| size <= i128::from(most) * scale)
            && self.args.date("DateFrom").is_none_or(|first| at >= first)
            && self.args.date("DateTo").is_none_or(|last| at <= last)
    }

    fn order(&self, one: &Entry, other: &Entry) -> Ordering {
        let name = |entry: &Entry| fold(&entry.item.name);
        let order = match self.args.text("SortBy") {
            "SIZE" => one.item.size().cmp(&other.item.size()),
            "MODIFIEDDATE" => modified(one).cmp(&modified(other)),
            "TYPETEXT" => kind_of(one).cmp(kind_of(other)),
            _ => Ordering::Equal,
        };
        let order = order.then_with(|| name(one).cmp(&name(other))).then(one.item.id.cmp(&other.item.id));
        if self.args.text("SortOrder") == "DESC" { order.reverse() } else { order }
    }

    fn found(&self, entry: &Entry, total: usize) -> Record {
        let path = path_of(entry);
        let folder = path.rsplit_once('\\').map_or("", |(folder, _)| folder);
        Record::new()
            .set("Folder", folder)
            .set("ModifiedDate", times::xml(modified(entry), self.face.options.zoned_dates))
            .set("Size", entry.item.size())
            .set("Name", &entry.item.name)
            .set("TotalSize", total)
            .set("ItemType", kind_of(entry))
            .set("FileID", entry.item.id.0)
    }
}
