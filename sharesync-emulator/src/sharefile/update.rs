//! PATCH and Copy. Two quirks of the service are emulated, each of which can be switched off: dates in New York time, and a rename
//! and move in one request that is carried out in two steps.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::errors::{ApiError, Outcome};
use super::fields::{Fields, When, parse_wall_clock};
use super::ids;
use super::info::{same_zone, zone_of};
use super::items::check_name;
use super::jobs::Task;
use super::{Ctx, jobs};
use crate::drive::{Entry, ItemPatch, Kind, OnConflict};

impl Ctx {
    /// `PATCH Items/Note(id)` and `PATCH Items/Link(id)`.
    pub(super) fn update_kind(&self, kind: &str, id: Option<&str>) -> Outcome {
        let entry = self.find(id.ok_or_else(|| ApiError::missing("id"))?)?;
        match (kind, &entry.item.kind) {
            ("note", Kind::Note) | ("link", Kind::Link { .. }) => self.update(&entry),
            ("note" | "link", _) => Err(ApiError::bad_request(format!("The item is not a {kind}."))),
            _ => Err(ApiError::no_such_call(kind)),
        }
    }

    pub(super) fn update_item(&self, id: &str) -> Outcome {
        let entry = self.find(id)?;
        self.update(&entry)
    }

    fn update(&self, entry: &Entry) -> Outcome {
        let fields = self.fields()?;
        let patch = self.patch(entry, &fields)?;
        if let Some(zone) = fields.id_of("Zone")
            && !same_zone(&zone, &zone_of(entry))
        {
            return self.start_job(entry, "ChangeZone", Task::Nothing);
        }
        if let Some(target) = patch.parent
            && let Some(target) = self.drive().item(target)
            && !same_zone(&zone_of(&target), &zone_of(entry))
        {
            return self.start_job(entry, "Move", Task::Update { item: entry.item.id, patch });
        }
        let updated = self.apply(entry, patch)?;
        self.item_reply(&updated)
    }

    fn patch(&self, entry: &Entry, fields: &Fields) -> Result<ItemPatch, ApiError> {
        let name = fields.text("Name").or_else(|| fields.text("FileName"));
        name.map(check_name).transpose()?;
        let parent = fields.id_of("Parent").map(|id| self.find_folder(&id)).transpose()?;
        if let Some(parent) = &parent {
            self.may_hold(parent)?;
        }
        let resolves = self.call.query.is_true("resolvefoldernameconflict") && entry.item.is_folder();
        let on_conflict = match self.call.query.is_true("overwrite") {
            true => OnConflict::Replace,
            false if resolves => OnConflict::Rename,
            false => OnConflict::Fail,
        };
        Ok(ItemPatch {
            name: name.map(Arc::from),
            parent: parent.map(|parent| parent.item.id),
            description: fields.text("Description").map(Arc::from),
            expires: fields.date("ExpirationDate")?.map(When::moment),
            client_modified: self.client_modified(fields)?,
            uri: fields.some_text("Uri").map(Arc::from),
            on_conflict,
        })
    }

    /// The service reads the wall clock of this one date as New York's, whatever zone it says, and drops fractions.
    fn client_modified(&self, fields: &Fields) -> Result<Option<Timestamp>, ApiError> {
        let Some(text) = fields.some_text("ClientModifiedDate").filter(|_| self.face.options.new_york_dates) else {
            return fields.moment("ClientModifiedDate");
        };
        let zone = TimeZone::get("America/New_York").unwrap_or(TimeZone::UTC);
        let moment =
            parse_wall_clock(text, &zone).ok_or_else(|| ApiError::bad_request("ClientModifiedDate is not a date."))?;
        Ok(moment.moment().and_then(|moment| Timestamp::from_second(moment.as_second()).ok()))
    }

    /// With a new name and a new parent the service renames first, in the old folder and over whatever has the name there.
    fn apply(&self, entry: &Entry, mut patch: ItemPatch) -> Result<Entry, ApiError> {
        let (user, id) = (self.user()?.id, entry.item.id);
        let moves = patch.parent.is_some_and(|parent| entry.item.parent != Some(parent));
        if moves
            && self.face.options.clobbering_moves
            && let Some(name) = patch.name.take()
        {
            let rename = ItemPatch { name: Some(name), on_conflict: OnConflict::Replace, ..ItemPatch::default() };
            self.drive().update(user, id, rename)?;
        }
        Ok(self.drive().update(user, id, patch)?)
    }

    pub(super) fn copy(&self, id: &str) -> Outcome {
        let source = self.find(id)?;
        let target = self.call.query.get("targetid").ok_or_else(|| ApiError::missing("targetid"))?;
        let target = self.find_folder(target)?;
        self.may_hold(&target)?;
        let on_conflict = if self.call.query.is_true("overwrite") { OnConflict::Replace } else { OnConflict::Fail };
        if !same_zone(&zone_of(&source), &zone_of(&target)) {
            let task = Task::Copy { item: source.item.id, target: target.item.id, on_conflict };
            return self.start_job(&source, "Copy", task);
        }
        let copy = self.drive().copy(self.user()?.id, source.item.id, target.item.id, on_conflict)?;
        self.item_reply(&copy)
    }

    /// Answers with an operation that is carried out later.
    fn start_job(&self, source: &Entry, operation: &'static str, task: Task) -> Outcome {
        let batch = self.call.query.get("batchid").map(str::to_owned);
        let job = jobs::Order { operation, source: ids::item_id(source), batch, by: self.user()?.id, task };
        let started = self.face.jobs.start(&self.face, job);
        self.object_reply(&self.job_json(&started))
    }
}
