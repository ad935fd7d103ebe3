//! Deleting items, one or many. What is deleted goes into the recycle bin unless it is asked to go for good.

use http::StatusCode;

use super::errors::{ApiError, Outcome};
use super::ids::{self, Ref};
use super::jobs::{self, Task};
use super::{Ctx, no_content};
use crate::drive::{Entry, UserId};
use crate::http::json;

impl Ctx {
    pub(super) fn delete_item(&self, id: &str) -> Outcome {
        let entry = self.find(id)?;
        let user = self.user()?.id;
        if self.call.query.is_true("singleversion")
            && let Some(Ref::Version(version)) = ids::parse(id)
        {
            self.drive().delete_version(user, version)?;
            return no_content();
        }
        self.delete_all(&[entry], user, false, "Delete")
    }

    pub(super) fn bulk_delete(&self, parent: &str) -> Outcome {
        let parent = self.find_folder(parent)?;
        let permanently = self.call.query.is_true("deletepermanently");
        let mut entries = Vec::new();
        for id in self.ids()? {
            let entry = if permanently { self.find_any(&id)? } else { self.find(&id)? };
            if entry.item.parent != Some(parent.item.id) {
                return Err(ApiError::bad_request("All items must be children of the folder in the URI."));
            }
            entries.push(entry);
        }
        let operation = if permanently { "DeletePermanent" } else { "Delete" };
        self.delete_all(&entries, self.user()?.id, permanently, operation)
    }

    /// Many items at once are deleted later, unless the client wants to wait.
    fn delete_all(&self, entries: &[Entry], user: UserId, permanently: bool, operation: &'static str) -> Outcome {
        let drive = self.drive();
        let force = self.call.query.is_true("forcesync");
        let count = || entries.iter().map(|entry| 1 + drive.count_below(entry.item.id)).sum::<usize>();
        if !force && count() > self.face.options.async_above {
            let batch = self.call.query.get("batchid").map_or_else(|| self.face.jobs.new_batch(), str::to_owned);
            let started = entries.iter().map(|entry| {
                let task = Task::Delete { item: entry.item.id, permanently };
                let (source, batch) = (ids::item_id(entry), Some(batch.clone()));
                let job = self.face.jobs.start(&self.face, jobs::Order { operation, source, batch, by: user, task });
                self.job_json(&job)
            });
            let feed = self.objects("AsyncOperations", &started.collect::<Vec<_>>());
            return Ok(json(StatusCode::ACCEPTED, feed.to_string()));
        }
        for entry in entries {
            if permanently {
                drive.purge(user, entry.item.id)?;
            } else {
                drive.delete(user, entry.item.id)?;
            }
        }
        no_content()
    }
}
