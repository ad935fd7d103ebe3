//! Uploads, the API's side: `Upload` and `Upload2` prepare an upload and give the URLs for it. What arrives there is in `receive`.

mod params;
mod parts;
mod receive;
mod reply;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;

use super::errors::{ApiError, Outcome};
use super::fields::Fields;
use super::items::{check_name, metadata, model};
use super::{Ctx, ids};
use crate::drive::{Entry, ItemId, UserId, fold};
use crate::http::encode;
use params::{Method, Params};

pub(super) use params::after_days;
use parts::Parts;

/// An upload that has been idle for longer is forgotten. The service gives up after 18 hours as well.
const PATIENCE: Duration = Duration::from_secs(18 * 3600);

/// The uploads that were prepared and not yet finished.
#[derive(Debug)]
pub(super) struct Uploads {
    table: Mutex<Table>,
}

#[derive(Debug)]
struct Table {
    dice: fastrand::Rng,
    uploads: HashMap<String, Arc<Upload>>,
    resumable: HashMap<ResumeKey, String>,
    swept: Instant,
}

/// What makes two uploads the same one, for `canResume`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct ResumeKey {
    by: UserId,
    folder: ItemId,
    name: String,
    size: u64,
}

/// One upload.
#[derive(Debug)]
struct Upload {
    id: String,
    by: UserId,
    folder: ItemId,
    params: Params,
    prepared: Instant,
    parts: Arc<Parts>,
}

impl Upload {
    fn resume_key(&self) -> Option<ResumeKey> {
        let resumable = self.params.can_resume && self.params.method != Method::Standard;
        let (name, size) = self.params.file_name.as_deref().zip(self.params.file_size).filter(|_| resumable)?;
        Some(ResumeKey { by: self.by, folder: self.folder, name: fold(name), size })
    }
}

impl Uploads {
    pub(super) fn new(seed: u64) -> Self {
        let dice = fastrand::Rng::with_seed(seed ^ 0x72_7375);
        let (uploads, resumable) = (HashMap::new(), HashMap::new());
        Self { table: Mutex::new(Table { dice, uploads, resumable, swept: Instant::now() }) }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, id: &str) -> Option<Arc<Upload>> {
        self.table().uploads.get(id).cloned()
    }

    /// Waits until all that has arrived of uploads that can be taken up is hashed: what was acknowledged is told.
    pub(super) async fn settle(&self) {
        let open: Vec<_> = {
            let table = self.table();
            table.resumable.values().filter_map(|id| table.uploads.get(id)).map(|upload| upload.parts.clone()).collect()
        };
        for parts in open {
            parts.settle().await;
        }
    }

    fn remove(&self, upload: &Upload) {
        let mut table = self.table();
        table.uploads.remove(&upload.id);
        if let Some(key) = upload.resume_key() {
            table.resumable.remove(&key);
        }
    }

    /// Begins an upload, or takes up the unfinished one that is the same.
    fn prepare(&self, by: UserId, folder: ItemId, params: Params) -> Arc<Upload> {
        let mut table = self.table();
        table.sweep();
        let (start_over, id) = (params.start_over, format!("rsu-{}", table.random()));
        let mut upload = Upload { id, by, folder, params, prepared: Instant::now(), parts: Arc::new(Parts::default()) };
        let key = upload.resume_key();
        let known = key.as_ref().and_then(|key| table.resumable.get(key)).cloned();
        if let Some(unfinished) = known.and_then(|id| table.uploads.remove(&id)).filter(|_| !start_over) {
            upload.id = unfinished.id.clone();
            upload.parts = unfinished.parts.clone();
        }
        let upload = Arc::new(upload);
        if let Some(key) = key {
            table.resumable.insert(key, upload.id.clone());
        }
        table.uploads.insert(upload.id.clone(), upload.clone());
        upload
    }

    fn new_batch(&self) -> String {
        self.table().random()
    }
}

impl Table {
    fn random(&mut self) -> String {
        format!("{:016x}{:016x}", self.dice.u64(..), self.dice.u64(..))
    }

    fn sweep(&mut self) {
        let now = Instant::now();
        if now.duration_since(self.swept) > PATIENCE / 100 {
            self.uploads.retain(|_, upload| now.duration_since(upload.prepared) < PATIENCE);
            let uploads = &self.uploads;
            self.resumable.retain(|_, id| uploads.contains_key(id));
            self.swept = now;
        }
    }
}

impl Ctx {
    /// `Upload`: everything in the query.
    pub(super) fn upload(&self, folder: &str) -> Outcome {
        let folder = self.find_folder(folder)?;
        self.prepare_upload(&folder, &Fields::from_query(&self.call.query))
    }

    /// `Upload2`: everything in the body, but for `expirationDays`.
    pub(super) fn upload2(&self, folder: &str) -> Outcome {
        let folder = self.find_folder(folder)?;
        self.prepare_upload(&folder, &self.upload2_fields()?)
    }

    pub(super) fn upload2_fields(&self) -> Result<Fields, ApiError> {
        let fields = self.fields()?;
        Ok(match self.call.query.get("expirationdays") {
            Some(days) => fields.with("ExpirationDays", days.into()),
            None => fields,
        })
    }

    /// Prepares an upload as the caller, or into a folder that a link has opened.
    pub(super) fn prepare_upload(&self, folder: &Entry, fields: &Fields) -> Outcome {
        let by = self.user.as_ref().map_or(folder.item.creator, |user| user.id);
        self.may_hold(folder)?;
        let params = Params::parse(fields)?;
        let duplicate = self.check_target(folder, &params)?;
        let upload = self.face.uploads.prepare(by, folder.item.id, params);
        self.specification(&upload, duplicate)
    }

    /// Whether the name is taken by a file that the upload may replace.
    fn check_target(&self, folder: &Entry, params: &Params) -> Result<bool, ApiError> {
        let Some(name) = &params.file_name else {
            return Ok(false);
        };
        check_name(name)?;
        let holder = self.drive().child(folder.item.id, name);
        if let Some(base) = &params.base_file {
            let current = holder.as_ref().map(ids::item_id);
            if !current.is_some_and(|current| current.eq_ignore_ascii_case(base)) {
                return Err(ApiError::upload_conflict());
            }
        }
        match holder {
            None => Ok(false),
            Some(holder) if params.overwrite && holder.item.is_file() => Ok(true),
            Some(_) => Err(ApiError::name_taken()),
        }
    }

    fn specification(&self, upload: &Upload, duplicate: bool) -> Outcome {
        let params = &upload.params;
        let threaded = params.method == Method::Threaded;
        let page = if threaded { "upload-threaded-3.aspx" } else { "upload-streaming-2.aspx" };
        let batch = params.batch_id.clone().unwrap_or_else(|| self.face.uploads.new_batch());
        let common = format!("uploadid={}&batchid={}&overwrite={}", upload.id, encode(&batch), params.overwrite);
        let format = if params.json { "&respformat=json" } else { "" };
        let raw = u8::from(params.raw);
        let sign = |path: String| format!("{}{}", self.call.base, self.face.signer.sign(&path));
        let chunk = sign(format!("/storage/{page}?{common}&raw={raw}{format}"));
        let finish = || sign(format!("/storage/{page}?{common}&respformat=json&finish=1&fmt=json"));
        let resume = upload.parts.resume();
        let view = self.view();
        self.object_reply(&json!({
            "Method": params.method.name(), "PrepareUri": "", "ChunkUri": chunk,
            "FinishUri": if threaded { finish() } else { String::new() }, "ProgressData": "",
            "IsResume": resume.is_some(),
            "ResumeIndex": resume.as_ref().map_or(0, |resume| resume.index),
            "ResumeOffset": resume.as_ref().map_or(0, |resume| resume.offset),
            "ResumeFileHash": resume.as_ref().map_or("", |resume| resume.md5.as_str()),
            "MaxNumberOfThreads": params.threads, "CanAcceptParamsInHeaders": false,
            "IsDuplicateFileName": duplicate,
            "odata.type": model("UploadSpecification"),
            "odata.metadata": metadata(&view, "UploadSpecification", "UploadSpecification"),
        }))
    }
}
