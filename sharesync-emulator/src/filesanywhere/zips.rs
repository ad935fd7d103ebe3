//! `DownloadZipFile`: the first call begins an archive, and the same call again says how far it is, until it gives the address.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::downloads::Target;
use super::record::Record;
use super::{Ctx, Outcome};
use crate::drive::{ItemId, Staged, UserId};
use crate::zip_archive;

/// More archives than this are not begun at once for one account.
const MOST: usize = 100;

/// The archives that are being made.
#[derive(Debug)]
pub(super) struct Zips {
    delay: Duration,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    begun: i64,
    jobs: HashMap<(UserId, ItemId), Arc<Job>>,
}

#[derive(Debug)]
struct Job {
    number: i64,
    ready_at: Instant,
    result: Mutex<Option<std::io::Result<Arc<Staged>>>>,
}

impl Zips {
    pub(super) fn new(delay: Duration) -> Self {
        Self { delay, table: Mutex::default() }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The archive of an item for a user; `true` if it was begun just now.
    fn job(&self, user: UserId, item: ItemId) -> Option<(Arc<Job>, bool)> {
        let mut table = self.table();
        if let Some(job) = table.jobs.get(&(user, item)) {
            return Some((job.clone(), false));
        }
        if table.jobs.keys().filter(|(owner, _)| *owner == user).count() >= MOST {
            return None;
        }
        table.begun += 1;
        let ready_at = Instant::now() + self.delay;
        let job = Arc::new(Job { number: table.begun, ready_at, result: Mutex::default() });
        table.jobs.insert((user, item), job.clone());
        Some((job, true))
    }
}

impl Ctx {
    /// Whoever has got the address begins another archive with the next call.
    pub(super) async fn download_zip(&self) -> Outcome {
        let user = self.user()?;
        let place = self.place(&user, self.args.text("Path"))?;
        let zips = &self.face.zips;
        let Some((job, begun)) = zips.job(user.id, place.id()) else {
            return Ok(Record::new()
                .set("ErrorMessage", "Too many ZIP files are being made.")
                .set("DownloadFileStatus", "Errored"));
        };
        if begun {
            let (drive, id, job) = (self.drive().clone(), place.id(), job.clone());
            tokio::spawn(async move {
                let made = zip_archive::make(drive, vec![id], false).await.map(Arc::new);
                *job.result.lock().unwrap_or_else(PoisonError::into_inner) = Some(made);
            });
        }
        let record = Record::new().set("ProcessId", job.number);
        let result = job.result.lock().unwrap_or_else(PoisonError::into_inner);
        let made = result.as_ref().filter(|_| !begun && Instant::now() >= job.ready_at);
        if made.is_some() {
            zips.table().jobs.remove(&(user.id, place.id()));
        }
        Ok(match made {
            None => record.set("DownloadFileStatus", "Processing"),
            Some(Err(error)) => record.set("DownloadFileStatus", "Errored").set("ErrorMessage", error),
            Some(Ok(made)) => {
                let name = format!("{}.zip", place.entry.item.name);
                let url = self.url(Target::Archive { name, made: made.clone() });
                record.set("DownloadFileStatus", "Complete").set("URL", url)
            }
        })
    }
}
