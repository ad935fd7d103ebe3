//! Uploads in chunks: StartUpload, ContinueUpload, FinishUpload, CancelUpload, GetUploadStatus. Chunks follow one another; the client
//! chooses the id of the upload. Sessions are in memory: a restart forgets them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::drive::{Drive, Entry, Hasher, ItemId, Staged};
use crate::sharepoint::Ctx;
use crate::sharepoint::dialect::WRONG_OFFSET;
use crate::sharepoint::errors::{Outcome, SpError};
use crate::sharepoint::ids::Guid;
use crate::sharepoint::odata::{Answer, Data, Segment};
use crate::sharepoint::times::coarse;
use jiff::Timestamp;

/// The uploads that are under way, by file and id.
#[derive(Debug)]
pub(in crate::sharepoint) struct Sessions {
    /// How long an upload lives without a request.
    idle: Duration,
    open: Mutex<Table>,
}

type Table = HashMap<(ItemId, Guid), Session>;
/// One chunk at a time.
type Session = Arc<tokio::sync::Mutex<Upload>>;

/// One upload: what has come, and its digests so far.
#[derive(Debug)]
struct Upload {
    used: Instant,
    parts: Vec<Staged>,
    hasher: Hasher,
    len: u64,
}

impl Upload {
    fn new() -> Self {
        Self { used: Instant::now(), parts: Vec::new(), hasher: Hasher::default(), len: 0 }
    }
}

impl Sessions {
    pub(in crate::sharepoint) fn new(idle: Duration) -> Self {
        Self { idle, open: Mutex::default() }
    }

    /// Adds an upload; those that nobody asked for any more are forgotten with their bytes.
    fn add(&self, file: ItemId, id: Guid, upload: Upload) {
        let mut open = self.open();
        open.retain(|_, other| other.try_lock().map_or(true, |other| other.used.elapsed() < self.idle));
        open.insert((file, id), Arc::new(tokio::sync::Mutex::new(upload)));
    }

    fn open(&self) -> MutexGuard<'_, Table> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When an upload that is used now will be forgotten.
    fn end(&self) -> Timestamp {
        Drive::now().checked_add(self.idle).unwrap_or(Timestamp::MAX)
    }

    fn get(&self, file: ItemId, id: Guid) -> Outcome<Session> {
        self.open().get(&(file, id)).cloned().ok_or_else(|| SpError::no_such("The upload session"))
    }
}

fn id_of(step: &Segment) -> Outcome<Guid> {
    let id = step.get("uploadid").and_then(Guid::parse);
    id.ok_or_else(|| SpError::bad_request("The parameter uploadId is not a GUID."))
}

fn offset_of(step: &Segment) -> Outcome<u64> {
    let offset = step.get("fileoffset").and_then(|offset| offset.parse().ok());
    offset.ok_or_else(|| SpError::bad_request("The parameter fileOffset is not a number."))
}

fn check_offset(upload: &Upload, offset: u64) -> Outcome<()> {
    if upload.len == offset {
        return Ok(());
    }
    let message = format!("The fileOffset {offset} is not the expected one, which is {}.", upload.len);
    Err(SpError::new(WRONG_OFFSET, "-2147024809, System.ArgumentException", message))
}

fn told_offset(upload: &Upload) -> Data {
    Data::Int64(i64::try_from(upload.len).unwrap_or(i64::MAX))
}

impl Ctx {
    /// Begins an upload, anew if it had begun.
    pub(super) async fn start_upload(&mut self, entry: &Entry, step: &Segment) -> Outcome {
        let id = id_of(step)?;
        self.drive_unlocked(entry)?;
        let mut upload = Upload::new();
        self.add_chunk(&mut upload).await?;
        let told = told_offset(&upload);
        self.face.uploads.add(entry.item.id, id, upload);
        self.told("StartUpload", told)
    }

    pub(super) async fn continue_upload(&mut self, entry: &Entry, step: &Segment) -> Outcome {
        let (id, offset) = (id_of(step)?, offset_of(step)?);
        let session = self.face.uploads.get(entry.item.id, id)?;
        let mut upload = session.lock().await;
        check_offset(&upload, offset)?;
        self.add_chunk(&mut upload).await?;
        self.told("ContinueUpload", told_offset(&upload))
    }

    pub(super) async fn finish_upload(&mut self, entry: &Entry, step: &Segment) -> Outcome {
        let (id, offset) = (id_of(step)?, offset_of(step)?);
        let session = self.face.uploads.get(entry.item.id, id)?;
        let mut upload = session.lock().await;
        check_offset(&upload, offset)?;
        self.check_match(&entry.item)?;
        self.drive_unlocked(entry)?;
        self.add_chunk(&mut upload).await?;
        self.check_quota(upload.len)?;
        let Upload { parts, hasher, .. } = std::mem::replace(&mut *upload, Upload::new());
        self.face.uploads.open().remove(&(entry.item.id, id));
        let content = self.kept_content(&entry.item.name, parts, hasher).await?;
        let _deciding = self.face.deciding();
        self.check_match(&*self.fresh(entry)?)?;
        let entry = self.drive().add_version(self.user.id, entry.item.id, content)?;
        Ok(self.answered(Answer::Entity(self.file_entity(&entry))))
    }

    pub(super) fn cancel_upload(&self, entry: &Entry, step: &Segment) -> Outcome {
        let id = id_of(step)?;
        let there = self.face.uploads.open().remove(&(entry.item.id, id));
        there.ok_or_else(|| SpError::no_such("The upload session"))?;
        self.told("CancelUpload", Data::Null)
    }

    pub(super) fn upload_status(&self, entry: &Entry, step: &Segment) -> Outcome {
        let id = id_of(step)?;
        let session = self.face.uploads.get(entry.item.id, id)?;
        let busy =
            || SpError::new(http::StatusCode::CONFLICT, "-2147018894, System.Exception", "A chunk is on its way.");
        let expected = session.try_lock().map_err(|_| busy())?.len;
        let fields = vec![
            ("ExpectedContentRange", Data::Text(format!("{expected}-"))),
            ("ExpirationDateTime", Data::Date(coarse(self.face.uploads.end()))),
            ("UploadId", Data::Guid(id.to_string())),
        ];
        self.told("GetUploadStatus", Data::Complex("SP.UploadStatus", fields))
    }

    /// The bytes of the request, all of them or none.
    async fn add_chunk(&mut self, upload: &mut Upload) -> Outcome<()> {
        let (staged, hasher) = self.take_behind(upload.hasher.clone()).await?;
        upload.used = Instant::now();
        upload.len += staged.len();
        upload.hasher = hasher;
        upload.parts.push(staged);
        Ok(())
    }

    fn drive_unlocked(&self, entry: &Entry) -> Outcome<()> {
        let locked = entry.item.lock.as_ref().is_some_and(|lock| lock.owner != self.user.id);
        if locked { Err(SpError::locked()) } else { Ok(()) }
    }
}
