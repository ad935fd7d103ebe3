//! Asynchronous operations: what the service does later and lets clients ask about. An operation waits in `Created`, then `Scheduled`,
//! is carried out, and ends in `Success` or `Failure`; cancelled before that, it is never carried out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::errors::{ApiError, Outcome};
use super::{Ctx, Segment, ShareFile, ids, no_content};
use crate::drive::{Drive, DriveError, Entry, ItemId, ItemPatch, OnConflict, UserId};
use crate::recorder;

/// Finished operations beyond this number are forgotten, the oldest first.
const REMEMBERED: usize = 10_000;

/// What is to be done.
#[derive(Debug, Clone)]
pub(super) enum Task {
    Copy {
        item: ItemId,
        target: ItemId,
        on_conflict: OnConflict,
    },
    Update {
        item: ItemId,
        patch: ItemPatch,
    },
    Delete {
        item: ItemId,
        permanently: bool,
    },
    /// Only the record is wanted: what would happen is nothing that the drive shows.
    Nothing,
}

/// An operation to be started.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) operation: &'static str,
    pub(super) source: String,
    pub(super) batch: Option<String>,
    pub(super) by: UserId,
    pub(super) task: Task,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Created,
    Scheduled,
    Success,
    Failure,
    Canceled,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Created => "Created",
            Self::Scheduled => "Scheduled",
            Self::Success => "Success",
            Self::Failure => "Failure",
            Self::Canceled => "Canceled",
        }
    }

    fn is_over(self) -> bool {
        matches!(self, Self::Success | Self::Failure | Self::Canceled)
    }
}

/// An operation and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Job {
    number: u64,
    id: String,
    operation: &'static str,
    source: String,
    target: Option<ItemId>,
    batch: String,
    by: UserId,
    created: Timestamp,
    updated: Timestamp,
    state: State,
}

#[derive(Debug)]
pub(super) struct Jobs {
    state: Mutex<Table>,
}

#[derive(Debug)]
struct Table {
    jobs: BTreeMap<u64, Job>,
    next: u64,
    dice: fastrand::Rng,
}

impl Jobs {
    pub(super) fn new(seed: u64) -> Self {
        let dice = fastrand::Rng::with_seed(seed ^ 0x6a6f_6273);
        Self { state: Mutex::new(Table { jobs: BTreeMap::new(), next: 1, dice }) }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn new_batch(&self) -> String {
        self.table().guid()
    }

    /// The operations of a batch. Whoever renders them asks again, so the table must not stay locked.
    fn batch(&self, batch: &str) -> Vec<Job> {
        let table = self.table();
        table.jobs.values().filter(|job| job.batch.eq_ignore_ascii_case(batch)).cloned().collect()
    }

    /// Notes an operation and has it carried out after the face's delay.
    pub(super) fn start(&self, face: &Arc<ShareFile>, order: Order) -> Job {
        let job = self.table().add(&order);
        let (face, number, delay) = (Arc::downgrade(face), job.number, face.options.async_delay);
        let request = recorder::current();
        let work = async move {
            sleep(delay / 2).await;
            if let Some(face) = face.upgrade() {
                face.jobs.table().advance(number, State::Created, State::Scheduled);
            }
            sleep(delay / 2).await;
            if let Some(face) = face.upgrade() {
                face.jobs.carry_out(face.drive(), number, order);
            }
        };
        match request {
            Some(request) => tokio::spawn(recorder::attributed(request, work)),
            None => tokio::spawn(work),
        };
        job
    }

    fn carry_out(&self, drive: &Drive, number: u64, order: Order) {
        let due = |job: &Job| job.state == State::Scheduled;
        if !self.table().jobs.get(&number).is_some_and(due) {
            return;
        }
        let result = match order.task {
            Task::Copy { item, target, on_conflict } => drive.copy(order.by, item, target, on_conflict).map(Some),
            Task::Update { item, patch } => drive.update(order.by, item, patch).map(Some),
            Task::Delete { item, permanently: true } => drive.purge(order.by, item).map(|()| None),
            Task::Delete { item, permanently: false } => drive.delete(order.by, item).map(|()| None),
            Task::Nothing => Ok(None),
        };
        self.table().finish(number, result);
    }
}

impl Table {
    fn guid(&mut self) -> String {
        let (high, low) = (self.dice.u64(..), self.dice.u64(..));
        let hex = format!("{high:016x}{low:016x}");
        let part = |range| hex.get::<std::ops::Range<usize>>(range).unwrap_or_default();
        format!("{}-{}-{}-{}-{}", part(0..8), part(8..12), part(12..16), part(16..20), part(20..32))
    }

    fn add(&mut self, order: &Order) -> Job {
        let (id, batch) = (self.guid(), order.batch.clone().unwrap_or_else(|| self.guid()));
        let now = Drive::now();
        let job = Job {
            number: self.next,
            id,
            operation: order.operation,
            source: order.source.clone(),
            target: None,
            batch,
            by: order.by,
            created: now,
            updated: now,
            state: State::Created,
        };
        self.next += 1;
        self.jobs.insert(job.number, job.clone());
        if self.jobs.len() > REMEMBERED {
            self.jobs.pop_first();
        }
        job
    }

    fn advance(&mut self, number: u64, from: State, to: State) {
        if let Some(job) = self.jobs.get_mut(&number).filter(|job| job.state == from) {
            job.state = to;
            job.updated = Drive::now();
        }
    }

    fn finish(&mut self, number: u64, result: Result<Option<Entry>, DriveError>) {
        let Some(job) = self.jobs.get_mut(&number) else {
            return;
        };
        job.state = if result.is_ok() { State::Success } else { State::Failure };
        job.target = result.ok().flatten().map(|entry| entry.item.id);
        job.updated = Drive::now();
    }

    fn cancel(&mut self, wanted: impl Fn(&Job) -> bool) {
        for job in self.jobs.values_mut().filter(|job| wanted(job) && !job.state.is_over()) {
            job.state = State::Canceled;
            job.updated = Drive::now();
        }
    }
}

impl Ctx {
    pub(super) fn route_jobs(&self, id: Option<&str>, rest: &[Segment]) -> Outcome {
        let (action, argument) = match rest {
            [] => ("", None),
            [action, ..] => (action.name.as_str(), action.argument.as_deref().or(self.call.query.get("id"))),
        };
        let argument = || argument.ok_or_else(|| ApiError::missing("id"));
        let jobs = &self.face.jobs;
        match (&self.call.method, id, action) {
            (&Method::GET, Some(id), "") => self.object_reply(&self.job_json(&self.find_job(id)?)),
            (&Method::GET, None, "getbybatch") => self.jobs_reply(&jobs.batch(argument()?)),
            (&Method::GET, None, "getbatch") => self.batch_progress(argument()?),
            (&Method::GET, None, "getbyfolder") => self.jobs_of_folder(argument()?),
            (&Method::POST, Some(id), "cancel") => {
                let job = self.find_job(id)?;
                jobs.table().cancel(|known| known.number == job.number);
                self.object_reply(&self.job_json(&self.find_job(id)?))
            }
            (&Method::POST, None, "cancelbatch") => {
                let batch = argument()?;
                jobs.table().cancel(|job| job.batch.eq_ignore_ascii_case(batch));
                self.jobs_reply(&jobs.batch(batch))
            }
            (&Method::PATCH, Some(id), "") => self.update_job(id),
            (&Method::DELETE, Some(id), "") => {
                let job = self.find_job(id)?;
                jobs.table().jobs.remove(&job.number);
                no_content()
            }
            _ => Err(ApiError::no_such_call(action)),
        }
    }

    fn find_job(&self, id: &str) -> Result<Job, ApiError> {
        let table = self.face.jobs.table();
        table.jobs.values().find(|job| job.id.eq_ignore_ascii_case(id)).cloned().ok_or_else(ApiError::not_found)
    }

    /// The one state that a client can set is `Canceled`.
    fn update_job(&self, id: &str) -> Outcome {
        let job = self.find_job(id)?;
        if !self.fields()?.text("State").is_some_and(|state| state.eq_ignore_ascii_case("Canceled")) {
            return Err(ApiError::bad_request("State can only be set to Canceled."));
        }
        self.face.jobs.table().cancel(|known| known.number == job.number);
        self.object_reply(&self.job_json(&self.find_job(id)?))
    }

    fn jobs_of_folder(&self, folder: &str) -> Outcome {
        let folder = self.find_folder(folder)?.item.id;
        let only_active = self.call.query.is_true("activeonly");
        let jobs: Vec<_> = self.face.jobs.table().jobs.values().cloned().collect();
        let concerns = |job: &Job| {
            let source = self.find_any(&job.source).ok();
            source.is_some_and(|source| source.item.id == folder || source.item.parent == Some(folder))
        };
        let found = jobs.into_iter().filter(|job| !(only_active && job.state.is_over()) && concerns(job));
        self.jobs_reply(&found.collect::<Vec<_>>())
    }

    /// One record that stands for a batch as a whole.
    fn batch_progress(&self, batch: &str) -> Outcome {
        let jobs = self.face.jobs.batch(batch);
        let first = jobs.first().ok_or_else(ApiError::not_found)?;
        self.object_reply(&self.job_json(first))
    }

    fn jobs_reply(&self, jobs: &[Job]) -> Outcome {
        let jobs: Vec<_> = jobs.iter().map(|job| self.job_json(job)).collect();
        self.objects_reply("AsyncOperations", &jobs)
    }

    pub(super) fn job_json(&self, job: &Job) -> Value {
        let view = self.view();
        let item = |id: &str| {
            let entry = self.find_any(id).ok()?;
            serde_json::from_slice::<Value>(&view.item(&entry, &super::shape::Shape::default())).ok()
        };
        let target = job.target.and_then(|target| self.drive().item(target));
        let (state, progress, total) = self.batch_state(&job.batch);
        let mut json = json!({
            "Operation": job.operation, "State": job.state.name(), "CreationDate": job.created.to_string(),
            "UpdateDate": job.updated.to_string(), "User": view.user_json(job.by), "BatchID": job.batch,
            "BatchState": state, "BatchProgress": progress, "BatchTotal": total, "BatchSourceID": job.source,
            "Id": job.id, "url": format!("{}/AsyncOperations({})", view.root, job.id),
            "odata.type": super::items::model("AsyncOperation"),
            "odata.metadata": super::items::metadata(&view, "AsyncOperations", "AsyncOperation"),
        });
        if let Some(object) = json.as_object_mut() {
            let target_id = target.as_ref().map(ids::item_id);
            let parts = [("Source", item(&job.source)), ("Target", target_id.as_deref().and_then(item))];
            object.extend(parts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
            object.extend(target_id.map(|id| ("BatchTargetID".to_owned(), id.into())));
        }
        json
    }

    /// State, progress in percent and size of a batch.
    fn batch_state(&self, batch: &str) -> (&'static str, f64, usize) {
        let jobs = self.face.jobs.batch(batch);
        let over = jobs.iter().filter(|job| job.state.is_over()).count();
        let progress = 100.0 * over as f64 / jobs.len().max(1) as f64;
        let undecided = jobs.iter().find(|job| !job.state.is_over());
        let failed = jobs.iter().find(|job| job.state != State::Success);
        let state = undecided.or(failed).map_or(State::Success, |job| job.state);
        (state.name(), progress, jobs.len())
    }
}
