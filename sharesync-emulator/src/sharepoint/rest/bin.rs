//! The recycle bin of a site.

use crate::drive::Entry;
use crate::sharepoint::Ctx;
use crate::sharepoint::content::named;
use crate::sharepoint::errors::{Outcome, SpError};
use crate::sharepoint::ids::{Guid, Thing};
use crate::sharepoint::odata::{Answer, Data, Entity};
use crate::sharepoint::times::coarse;

impl Ctx {
    /// What was deleted out of the library, the newest first.
    fn deleted(&self) -> Vec<Entry> {
        let drive = self.drive();
        let all = drive.users().into_iter().flat_map(|user| drive.deleted_by(user.id));
        let mut here: Vec<Entry> = all.filter(|entry| self.site.holds(entry)).collect();
        here.sort_by_key(|entry| std::cmp::Reverse(entry.item.deleted.as_ref().map(|deletion| deletion.at)));
        here
    }

    pub(super) fn bin_entities(&self) -> Outcome<Vec<Entity>> {
        self.check_site()?;
        Ok(self.deleted().iter().map(|entry| self.bin_entity(entry)).collect())
    }

    pub(super) fn bin_entity(&self, entry: &Entry) -> Entity {
        let item = &entry.item;
        let id = Guid::of(Thing::Deleted, item.id.0).to_string();
        let path = self.site.path_of(entry);
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).trim_start_matches('/');
        let size = if item.is_file() { item.size() } else { entry.totals.bytes };
        let deleted = item.deleted.as_ref().map_or(item.modified, |deletion| deletion.at);
        let fields = vec![
            ("AuthorEmail", Data::Text(self.user_email(item.creator))),
            ("DeletedDate", Data::Date(coarse(deleted))),
            ("DirName", Data::text(folder)),
            ("Id", Data::Guid(id.clone())),
            ("ItemState", Data::Int32(1)),
            ("ItemType", Data::Int32(if item.is_file() { 1 } else { 5 })),
            ("LeafName", Data::text(&*item.name)),
            ("Size", Data::Int64(i64::try_from(size).unwrap_or(i64::MAX))),
            ("Title", Data::text(&*item.name)),
        ];
        let uri = format!("{}/_api/Web/RecycleBin('{id}')", self.site_url());
        Entity {
            type_name: "SP.RecycleBinItem",
            uri,
            etag: None,
            fields,
            links: &["Author", "DeletedBy"],
            expanded: Vec::new(),
        }
    }

    pub(super) fn bin_operation(&self, entry: &Entry, name: &str) -> Outcome {
        match name {
            "restore" => {
                let restored = self.drive().restore(self.user.id, entry.item.id);
                restored.map_err(|error| named(error, &entry.item.name))?;
                self.told("Restore", Data::Null)
            }
            "deleteobject" => {
                self.drive().purge(self.user.id, entry.item.id)?;
                Ok(self.answered(Answer::Nothing))
            }
            _ => Err(SpError::no_resource(&self.call.path)),
        }
    }

    pub(super) fn whole_bin(&self, name: &str) -> Outcome {
        self.check_site()?;
        for entry in self.deleted() {
            match name {
                "deleteall" => self.drive().purge(self.user.id, entry.item.id)?,
                "restoreall" => drop(self.drive().restore(self.user.id, entry.item.id)?),
                _ => return Err(SpError::no_resource(&self.call.path)),
            }
        }
        Ok(self.answered(Answer::Nothing))
    }
}
