//! `ListLogActivities`: the change log in the words of the service, as far as these are public.

use super::places::{path_in_log, path_of};
use super::record::Record;
use super::{Ctx, Outcome, times};
use crate::drive::{Change, ChangeKind, ItemType};

/// No answer holds more.
const MOST: usize = 10_000;

/// The names that are public.
fn activity(kind: ChangeKind, item: ItemType) -> Option<&'static str> {
    match (kind, item) {
        (ChangeKind::Created, ItemType::Folder) => Some("CreateFolder"),
        (ChangeKind::Created | ChangeKind::Content, ItemType::File) => Some("Upload"),
        (ChangeKind::Renamed, _) => Some("RenameFolderFile"),
        (ChangeKind::Moved, _) => Some("Move"),
        (ChangeKind::Deleted, _) => Some("DeleteFolderFile"),
        _ => None,
    }
}

impl Ctx {
    pub(super) fn list_activities(&self) -> Outcome {
        let user = self.user()?;
        let (start, end) = (self.args.date("StartDate"), self.args.date("EndDate"));
        let below = self.args.some_text("FolderOrFile").map(|path| self.place(&user, path)).transpose()?;
        let below = below.map(|place| path_of(&place.entry));
        let wanted = self.args.some_text("ActivityType");
        let listed = self.drive().changes_after(0, usize::MAX).into_iter().filter_map(|change| {
            let name =
                activity(change.kind, change.item_type).filter(|name| wanted.is_none_or(|wanted| wanted == *name))?;
            let inside = start.is_none_or(|start| change.at >= start) && end.is_none_or(|end| change.at <= end);
            let places = [&change.before, &change.after].map(|place| {
                let place = place.as_ref().filter(|place| self.rights(&user, place.above.iter().copied()).is_some())?;
                path_in_log(&place.path)
            });
            let shown = |path: &String| below.as_ref().is_none_or(|below| path.starts_with(below.as_str()));
            (inside && places.iter().flatten().any(shown)).then(|| self.activity(&change, name, places))
        });
        Ok(Record::new().list("Items", "ListLogActivitiesItem", listed.take(MOST).collect()))
    }

    fn activity(&self, change: &Change, name: &str, [before, after]: [Option<String>; 2]) -> Record {
        let kind = match change.item_type {
            ItemType::Folder => "Folder",
            ItemType::File => "File",
            _ => "NotApplicable",
        };
        Record::new()
            .set("ActionDate", times::xml(change.at, self.face.options.zoned_dates))
            .set("ActivityType", name)
            .set("AppUserName", self.name_of(change.by))
            .set_some("SourcePath", before)
            .set_some("DestinationPath", after)
            .set("SourceItemType", kind)
            .set("Size", change.size)
    }
}
