//! Resumable uploads: `/uploads/…`. Chunks come in any order and at the same time, each under its number.
//!
//! Ours: chunks are counted from 0; the fourth member of a new session is `expires_at`; what GET tells; that completing a session
//! again gives the same answer; 400 for a chunk of the wrong length, 409 while chunks are missing, 422 for a wrong checksum.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::content::{sha256, take};
use super::errors::{ApiError, Outcome};
use super::info::{LARGEST_FILE, ok};
use super::{Ctx, ids, no_content};
use crate::drive::{Content, Hasher, ItemId, Staged, UserId};
use crate::http::json as json_reply;

/// The documented limit of the server's configuration.
pub(super) const LARGEST_CHUNK: u64 = 5 << 20;
const USUAL_CHUNK: u64 = 4 << 20;
const SMALLEST_CHUNK: u64 = 64 << 10;

/// The sessions there are.
#[derive(Debug)]
pub(super) struct Uploads {
    /// How long a session lives without a request.
    idle: Duration,
    table: Mutex<Sessions>,
}

#[derive(Debug)]
struct Sessions {
    dice: fastrand::Rng,
    open: HashMap<String, Arc<Session>>,
}

#[derive(Debug, Deserialize)]
struct NewSession {
    share_id: String,
    file_name: String,
    file_size: u64,
    folder_id: Option<String>,
    chunk_size: Option<u64>,
    checksum_sha256: Option<String>,
    replace_file_id: Option<String>,
}

/// One upload.
#[derive(Debug)]
struct Session {
    user: UserId,
    target: Target,
    size: u64,
    chunk_size: u64,
    checksum: Option<String>,
    state: Mutex<State>,
    /// One at a time completes it.
    completing: tokio::sync::Mutex<()>,
}

/// What the bytes become.
#[derive(Debug)]
enum Target {
    New { folder: ItemId, name: String },
    Version { file: ItemId },
}

#[derive(Debug)]
struct State {
    chunks: BTreeMap<u64, Arc<Staged>>,
    used: Instant,
    /// The file that it became.
    done: Option<ItemId>,
}

impl Uploads {
    pub(super) fn new(idle: Duration, seed: u64) -> Self {
        let dice = fastrand::Rng::with_seed(seed ^ 0x7570_6c6f_6164);
        Self { idle, table: Mutex::new(Sessions { dice, open: HashMap::new() }) }
    }

    fn table(&self) -> MutexGuard<'_, Sessions> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, session: Session) -> String {
        let mut table = self.table();
        let id = format!("upl_{:016x}{:016x}", table.dice.u64(..), table.dice.u64(..));
        table.open.insert(id.clone(), Arc::new(session));
        id
    }

    /// A session of that user; one that was idle for too long is gone with its bytes.
    fn get(&self, id: &str, user: UserId) -> Result<Arc<Session>, ApiError> {
        let table = self.table();
        let session = table.open.get(id).filter(|session| session.user == user);
        let session = session.ok_or_else(|| ApiError::not_found("Upload session"))?.clone();
        let mut state = session.state();
        if state.used.elapsed() >= self.idle {
            state.chunks.clear();
            return Err(ApiError::gone("The upload session"));
        }
        state.used = Instant::now();
        drop(state);
        // Sessions that nobody asks for any more keep no bytes.
        table.open.values().for_each(|other| other.forget_if_idle(self.idle));
        Ok(session)
    }
}

impl Session {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn total(&self) -> u64 {
        self.size.div_ceil(self.chunk_size)
    }

    /// The length that a chunk must have.
    fn len_of(&self, index: u64) -> u64 {
        self.chunk_size.min(self.size - index * self.chunk_size)
    }

    fn forget_if_idle(&self, idle: Duration) {
        let mut state = self.state();
        if state.used.elapsed() >= idle {
            state.chunks.clear();
        }
    }

    fn expires_at(&self, idle: Duration) -> String {
        let end = Timestamp::now().as_second().saturating_add_unsigned(idle.as_secs());
        Timestamp::from_second(end).unwrap_or(Timestamp::MAX).to_string()
    }
}

impl Ctx {
    /// Everything below `/uploads`, but for the chunks.
    pub(super) async fn uploads(&self, rest: &[&str]) -> Outcome {
        match (&self.call.method, rest) {
            (&Method::POST, []) => self.new_upload(),
            (&Method::GET, [id]) => self.upload_progress(id),
            (&Method::POST, [id, "complete"]) => self.complete(id).await,
            (_, [] | [_] | [_, "complete"] | [_, "chunks", _]) => Err(ApiError::not_allowed()),
            _ => Err(ApiError::not_found("Page")),
        }
    }

    fn new_upload(&self) -> Outcome {
        let new: NewSession = self.body()?;
        let share = self.share(&new.share_id)?;
        let chunk_size = new.chunk_size.unwrap_or(USUAL_CHUNK);
        if !chunk_size.is_power_of_two() || !(SMALLEST_CHUNK..=LARGEST_CHUNK).contains(&chunk_size) {
            let message = "Input should be a power of two from 65536 on, within the server's limit";
            return Err(ApiError::invalid(&["body", "chunk_size"], message));
        }
        if new.file_size > LARGEST_FILE {
            return Err(ApiError::too_large("The file is larger than 5 GiB"));
        }
        self.face.space.check_quota(&share, new.file_size)?;
        let target = match &new.replace_file_id {
            Some(file) => {
                let file = self.find_file(file)?;
                if self.face.space.share_of_entry(&file) != Some(share.item.id) {
                    return Err(ApiError::not_found("File"));
                }
                self.check_write_at(&file)?;
                Target::Version { file: file.item.id }
            }
            None => {
                let folder = self.folder_in(&share, new.folder_id.as_deref())?;
                if self.drive().child(folder, &new.file_name).is_some() {
                    return Err(ApiError::name_conflict());
                }
                Target::New { folder, name: new.file_name }
            }
        };
        let state = Mutex::new(State { chunks: BTreeMap::new(), used: Instant::now(), done: None });
        let (size, checksum, user) = (new.file_size, new.checksum_sha256, self.user.id);
        let session = Session { user, target, size, chunk_size, checksum, state, completing: Default::default() };
        let (total, expires_at) = (session.total(), session.expires_at(self.face.uploads.idle));
        let id = self.face.uploads.add(session);
        let body = json!({
            "session_id": id, "chunk_size": chunk_size, "total_chunks": total, "expires_at": expires_at,
        });
        Ok(json_reply(StatusCode::CREATED, body.to_string()))
    }

    fn upload_progress(&self, id: &str) -> Outcome {
        let session = self.face.uploads.get(id, self.user.id)?;
        let state = session.state();
        let (received, bytes): (Value, u64) = match state.done {
            Some(_) => ((0..session.total()).collect(), session.size),
            None => (state.chunks.keys().copied().collect(), state.chunks.values().map(|staged| staged.len()).sum()),
        };
        Ok(ok(&json!({
            "session_id": id, "chunk_size": session.chunk_size, "total_chunks": session.total(),
            "received_chunks": received, "received_bytes": bytes, "file_size": session.size,
            "status": if state.done.is_some() { "completed" } else { "in_progress" },
            "expires_at": session.expires_at(self.face.uploads.idle),
        })))
    }

    /// PUT of a chunk: all of it or nothing. A chunk that comes again replaces what came before.
    pub(super) async fn put_chunk(&mut self, id: &str, index: &str) -> Outcome {
        let session = match self.face.uploads.get(id, self.user.id) {
            Ok(session) => session,
            Err(error) => {
                self.call.body.drain().await;
                return Err(error);
            }
        };
        let drive = self.drive().clone();
        let staged = take(&drive, &mut self.call, session.chunk_size).await?;
        let index = index.parse::<u64>().ok().filter(|index| *index < session.total());
        let index = index.ok_or_else(|| ApiError::not_found("Chunk"))?;
        if staged.len() != session.len_of(index) {
            return Err(ApiError::bad_request(format!("Chunk {index} must have {} bytes", session.len_of(index))));
        }
        let mut state = session.state();
        if state.done.is_some() {
            return Err(ApiError::conflict("The upload is complete"));
        }
        state.chunks.insert(index, Arc::new(staged));
        drop(state);
        no_content()
    }

    async fn complete(&self, id: &str) -> Outcome {
        let session = self.face.uploads.get(id, self.user.id)?;
        let _one_at_a_time = session.completing.lock().await;
        let (done, chunks) = {
            let state = session.state();
            (state.done, state.chunks.values().cloned().collect::<Vec<_>>())
        };
        if let Some(file) = done {
            return Ok(ok(&json!({"file_id": ids::file(file)})));
        }
        if chunks.len() as u64 != session.total() {
            return Err(ApiError::conflict(format!("{} chunks are missing", session.total() - chunks.len() as u64)));
        }
        if let Target::New { folder, name } = &session.target
            && self.drive().child(*folder, name).is_some()
        {
            return Err(ApiError::name_conflict());
        }
        let content = self.join(&session, &chunks).await?;
        let entry = match &session.target {
            Target::New { folder, name } => self.put_new(*folder, name, content),
            Target::Version { file } => self.drive().add_version(self.user.id, *file, content),
        };
        // Taken or refused, the bytes are the drive's.
        let mut state = session.state();
        state.chunks.clear();
        let file = entry?.item.id;
        state.done = Some(file);
        Ok(ok(&json!({"file_id": ids::file(file)})))
    }

    /// The content of all chunks, if it has the checksum that was announced.
    async fn join(&self, session: &Session, chunks: &[Arc<Staged>]) -> Result<Content, ApiError> {
        let parts: Vec<Content> = chunks.iter().map(|staged| staged.content()).collect();
        let parts = Content::new(parts.iter().flat_map(|part| part.parts.iter().copied()).collect(), nothing());
        if let Some(wanted) = &session.checksum
            && !wanted.eq_ignore_ascii_case(&sha256(self.drive(), parts).await?)
        {
            let message = "The content has another checksum";
            return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "CHECKSUM_MISMATCH", message));
        }
        let staged = chunks.to_vec();
        let hash = move || {
            let mut hasher = Hasher::default();
            staged.iter().try_for_each(|staged| staged.hash_into(&mut hasher))?;
            Ok::<_, std::io::Error>(hasher.finish())
        };
        let digests = tokio::task::spawn_blocking(hash).await.map_err(std::io::Error::other)??;
        Ok(Staged::join(chunks.iter().map(|staged| &**staged), digests))
    }
}

/// The digests of a content that only passes by.
fn nothing() -> crate::drive::Digests {
    Hasher::default().finish()
}
