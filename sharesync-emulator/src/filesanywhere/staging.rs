//! Uploads in chunks, while they are under way: by token, and those of AppendChunk by where they go.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::Refused;
use crate::drive::{Content, Drive, Hasher, ItemId, Staged, UserId, fold};

/// More uploads than this are not kept open: the oldest goes.
const MOST: usize = 10_000;

/// Whose upload it is, and where it goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Target {
    user: UserId,
    folder: ItemId,
    name: String,
}

impl Target {
    pub(super) fn new(user: UserId, folder: ItemId, name: &str) -> Self {
        Self { user, folder, name: fold(name) }
    }
}

/// Which upload a chunk belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Which<'a> {
    /// The only one at its target.
    AtTarget,
    /// The one with this token; an empty one begins another.
    Token(&'a str),
}

/// The uploads that are open.
#[derive(Debug)]
pub(super) struct Uploads {
    table: Mutex<Table>,
}

#[derive(Debug)]
struct Table {
    dice: fastrand::Rng,
    open: HashMap<String, Arc<Upload>>,
    order: VecDeque<String>,
    at_target: HashMap<Target, String>,
}

/// One upload.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) token: String,
    target: Target,
    chunks: tokio::sync::Mutex<Chunks>,
}

#[derive(Debug, Default)]
struct Chunks {
    /// Each with the digest of everything up to its end.
    parts: Vec<(Staged, Hasher)>,
    len: u64,
}

impl Uploads {
    pub(super) fn new(seed: u64) -> Self {
        let dice = fastrand::Rng::with_seed(seed ^ 0x6368_756e_6b73);
        let table = Table { dice, open: HashMap::new(), order: VecDeque::new(), at_target: HashMap::new() };
        Self { table: Mutex::new(table) }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The upload that a chunk belongs to. The first chunk of one begins it, and ends what was open at its target.
    pub(super) fn get(&self, target: &Target, which: Which<'_>, first: bool) -> Result<Arc<Upload>, Refused> {
        let mut table = self.table();
        let known = match which {
            Which::AtTarget if first => None,
            Which::AtTarget => table.at_target.get(target).cloned(),
            Which::Token("") if first => None,
            Which::Token(token) => Some(token.to_owned()),
        };
        match known {
            None if first => Ok(table.begin(target, matches!(which, Which::AtTarget))),
            None => Err(Refused::because("The upload must begin with offset 0.")),
            Some(token) => {
                let open = table.open.get(&token).filter(|upload| upload.target == *target).cloned();
                open.ok_or_else(|| Refused::because("The upload token is invalid."))
            }
        }
    }

    pub(super) fn end(&self, upload: &Upload) {
        self.table().remove(&upload.token);
    }

    /// How far an upload at a target has come, with its token.
    pub(super) async fn progress(&self, target: &Target) -> Option<(String, u64)> {
        let upload = {
            let table = self.table();
            table.open.get(table.at_target.get(target)?)?.clone()
        };
        let len = upload.chunks.lock().await.len;
        Some((upload.token.clone(), len))
    }

    /// A token that belongs to no upload yet.
    pub(super) fn fresh_token(&self) -> String {
        self.table().token()
    }
}

impl Table {
    /// In the form of a GUID.
    fn token(&mut self) -> String {
        let (high, low) = (self.dice.u64(..), self.dice.u64(..));
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        )
    }

    fn begin(&mut self, target: &Target, at_target: bool) -> Arc<Upload> {
        let token = self.token();
        let upload = Arc::new(Upload { token: token.clone(), target: target.clone(), chunks: Default::default() });
        if at_target && let Some(old) = self.at_target.insert(target.clone(), token.clone()) {
            self.open.remove(&old);
            self.order.retain(|known| *known != old);
        }
        self.order.push_back(token.clone());
        self.open.insert(token, upload.clone());
        if self.order.len() > MOST
            && let Some(oldest) = self.order.front().cloned()
        {
            self.remove(&oldest);
        }
        upload
    }

    fn remove(&mut self, token: &str) {
        self.order.retain(|known| known != token);
        if let Some(upload) = self.open.remove(token)
            && self.at_target.get(&upload.target).is_some_and(|known| known == token)
        {
            self.at_target.remove(&upload.target);
        }
    }
}

impl Chunks {
    /// How many chunks there are before an offset, if one begins or ends there.
    fn up_to(&self, offset: u64) -> Option<usize> {
        let ends = self.parts.iter().scan(0, |end, (part, _)| {
            *end += part.len();
            Some(*end)
        });
        std::iter::once(0).chain(ends).position(|end| end == offset)
    }
}

impl Upload {
    /// Puts a chunk at its offset, where the upload ends or an earlier chunk began. With the last one the content is whole.
    pub(super) async fn append(
        &self,
        drive: &Drive,
        offset: u64,
        data: Bytes,
        last: bool,
    ) -> Result<Option<Content>, Refused> {
        let mut chunks = self.chunks.lock().await;
        if offset > chunks.len {
            let reason = format!("The offset {offset} is wrong: the upload holds {} bytes.", chunks.len);
            return Err(Refused::because(reason));
        }
        let kept =
            chunks.up_to(offset).ok_or_else(|| Refused::because(format!("No chunk began at offset {offset}.")))?;
        chunks.parts.truncate(kept);
        chunks.len = offset;
        if !data.is_empty() {
            chunks.len += data.len() as u64;
            let mut hasher = chunks.parts.last().map(|(_, hasher)| hasher.clone()).unwrap_or_default();
            hasher.update(&data);
            let mut writer = drive.writer()?;
            writer.push(data).await?;
            chunks.parts.push((writer.finish().await?, hasher));
        }
        Ok(last.then(|| {
            let whole = std::mem::take(&mut *chunks);
            let digests = whole.parts.last().map(|(_, hasher)| hasher.clone()).unwrap_or_default().finish();
            Staged::join(whole.parts.iter().map(|(part, _)| part), digests)
        }))
    }
}
