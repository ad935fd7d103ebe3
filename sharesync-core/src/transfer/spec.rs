//! The values an upload consists of: the request, the spec that can be persisted, parts, receipts, status.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Progress, Source};
use crate::http::Body;
use crate::{
    Digest, DigestAlgorithm, Error, ErrorKind, Hasher, Item, ItemRef, OnConflict, Result, Revision, Timestamp,
};

/// What is to be uploaded, and where to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UploadRequest {
    /// The folder that receives the file.
    pub parent: ItemRef,
    /// The name of the file there.
    pub name: String,
    /// The exact length of the content, in bytes. The upload engine sets it from the source.
    pub size: u64,
    /// What happens when the name is taken.
    pub on_conflict: OnConflict,
    /// Replaces the file only if its content is still in this state.
    pub if_revision: Option<Revision>,
    /// When the local file was created.
    pub created: Option<Timestamp>,
    /// When the local content was last modified.
    pub modified: Option<Timestamp>,
    /// The media type, where the service keeps one.
    pub media_type: Option<String>,
    /// A description, where the service keeps one.
    pub description: Option<String>,
}

impl UploadRequest {
    /// A new file of this name; it fails when the name is taken.
    pub fn new(parent: impl Into<ItemRef>, name: impl Into<String>) -> Self {
        Self {
            parent: parent.into(),
            name: name.into(),
            size: 0,
            on_conflict: OnConflict::Fail,
            if_revision: None,
            created: None,
            modified: None,
            media_type: None,
            description: None,
        }
    }

    /// Declares the length of the content, in bytes.
    #[must_use]
    pub fn with_size(mut self, bytes: u64) -> Self {
        self.size = bytes;
        self
    }

    /// Says what happens when the name is taken.
    #[must_use]
    pub fn with_on_conflict(mut self, on_conflict: OnConflict) -> Self {
        self.on_conflict = on_conflict;
        self
    }

    /// Replaces the file only if its content is still in this state.
    #[must_use]
    pub fn with_if_revision(mut self, revision: Revision) -> Self {
        self.if_revision = Some(revision);
        self
    }

    /// Says when the local file was created.
    #[must_use]
    pub fn with_created(mut self, created: Timestamp) -> Self {
        self.created = Some(created);
        self
    }

    /// Says when the local content was last modified.
    #[must_use]
    pub fn with_modified(mut self, modified: Timestamp) -> Self {
        self.modified = Some(modified);
        self
    }

    /// Sets the media type.
    #[must_use]
    pub fn with_media_type(mut self, media_type: impl Into<String>) -> Self {
        self.media_type = Some(media_type.into());
        self
    }

    /// Adds a description.
    #[must_use]
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }
}

/// How the content is cut into parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PartPlan {
    /// One part with all of it.
    Single,
    /// Parts of this many bytes, one after the other; the last may be shorter.
    Sequential {
        /// Bytes in each part.
        part_size: u64,
    },
    /// Parts of this many bytes, several at once; the last may be shorter.
    Parallel {
        /// Bytes in each part.
        part_size: u64,
        /// Parts that the service takes at once.
        max_in_flight: usize,
    },
}

/// An upload under way: all that is needed to continue it, in this process or another.
///
/// It serializes in full, including addresses that grant access; `Debug` shows none of them. Keep it where only the
/// user can read it.
#[derive(Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UploadSpec {
    version: u32,
    provider: String,
    /// What is being uploaded, and where to.
    pub request: UploadRequest,
    /// How the content is cut into parts.
    pub plan: PartPlan,
    /// The digests of the whole content that `upload_finish` wants to be given, and the last part to carry.
    pub digests: Vec<DigestAlgorithm>,
    /// Whether each part of a sequential plan is to carry the digests of all content up to its end: for services that do
    /// not tell what they have, so that the spec has to.
    #[serde(default)]
    pub prefixes: bool,
    /// When the service forgets the upload, if it says so.
    pub expires: Option<Timestamp>,
    state: serde_json::Value,
}

impl UploadSpec {
    const VERSION: u32 = 1;

    /// A spec with a provider's own state.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] when the state cannot be written as JSON, or the plan has parts of no bytes.
    pub fn new(provider: &str, request: UploadRequest, plan: PartPlan, state: &impl Serialize) -> Result<Self> {
        let state = to_state(state)?;
        let spec = Self {
            version: Self::VERSION,
            provider: provider.to_owned(),
            request,
            plan,
            digests: Vec::new(),
            prefixes: false,
            expires: None,
            state,
        };
        spec.check_plan()?;
        Ok(spec)
    }

    /// The same upload with another state: what a provider puts into a [receipt](PartReceipt::with_renewed).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] when the state cannot be written as JSON.
    pub fn renewed(&self, state: &impl Serialize) -> Result<Self> {
        Ok(Self { state: to_state(state)?, ..self.clone() })
    }

    /// Asks for digests of the whole content.
    #[must_use]
    pub fn with_digests(mut self, algorithms: &[DigestAlgorithm]) -> Self {
        self.digests = algorithms.to_vec();
        self
    }

    /// Asks for the digests of what has been sent with every part, and not with the last alone.
    #[must_use]
    pub fn with_prefixes(mut self) -> Self {
        self.prefixes = true;
        self
    }

    /// Says when the service forgets the upload.
    #[must_use]
    pub fn with_expires(mut self, expires: Timestamp) -> Self {
        self.expires = Some(expires);
        self
    }

    /// The provider's own state.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] when another provider or a newer version of this library wrote the spec.
    pub fn state<T: DeserializeOwned>(&self, provider: &'static str) -> Result<T> {
        let unusable = |why: String| Error::new(ErrorKind::InvalidInput, why).with_provider(provider);
        if self.provider != provider {
            return Err(unusable(format!("the upload belongs to the provider {}", self.provider)));
        }
        if self.version != Self::VERSION {
            let versions = format!("the upload has version {}, this library reads {}", self.version, Self::VERSION);
            return Err(unusable(versions));
        }
        self.check_plan()?;
        T::deserialize(&self.state)
            .map_err(|_| unusable("the persisted state of the upload is damaged; start it anew".into()))
    }

    /// Bytes in each part but the last: all of them for [`PartPlan::Single`].
    pub fn part_size(&self) -> u64 {
        match self.plan {
            PartPlan::Single => self.request.size,
            PartPlan::Sequential { part_size } | PartPlan::Parallel { part_size, .. } => part_size,
        }
    }

    /// How many parts there are; an empty file has one empty part.
    pub fn part_count(&self) -> u64 {
        match self.part_size() {
            0 => 1,
            part_size => self.request.size.div_ceil(part_size).max(1),
        }
    }

    /// The bytes of a part, by its number from 0.
    pub fn part_range(&self, index: u64) -> Range<u64> {
        let start = index.saturating_mul(self.part_size()).min(self.request.size);
        start..start.saturating_add(self.part_size()).min(self.request.size)
    }

    fn check_plan(&self) -> Result<()> {
        let cut = !matches!(self.plan, PartPlan::Single);
        if cut && self.part_size() == 0 {
            return Err(Error::new(ErrorKind::InvalidInput, "the plan of the upload has parts of no bytes"));
        }
        Ok(())
    }
}

fn to_state(state: &impl Serialize) -> Result<serde_json::Value> {
    serde_json::to_value(state).map_err(|error| {
        Error::new(ErrorKind::InvalidInput, "the state of the upload cannot be persisted").with_source(error)
    })
}

impl fmt::Debug for UploadSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UploadSpec")
            .field("provider", &self.provider)
            .field("request", &self.request)
            .field("plan", &self.plan)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// One part of the content, which can be read more than once.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Part<'a> {
    /// The number of the part, from 0.
    pub index: u64,
    /// The number of bytes before it.
    pub offset: u64,
    /// Whether it is the one with the last byte.
    pub last: bool,
    /// Its bytes.
    pub content: Arc<dyn Source>,
    /// Digests of the whole content, as [`UploadSpec::digests`] asks for; given with the last part of a single or
    /// sequential plan, empty otherwise.
    pub whole: &'a [Digest],
    /// Digests of all content up to the end of this part, where [`UploadSpec::prefixes`] asks for them.
    pub prefix: &'a [Digest],
    progress: Option<Progress>,
}

impl<'a> Part<'a> {
    /// A part that is not the last.
    pub fn new(index: u64, offset: u64, content: Arc<dyn Source>) -> Self {
        Self { index, offset, last: false, content, whole: &[], prefix: &[], progress: None }
    }

    /// Marks it as the last, with the digests of the whole content where they are known.
    #[must_use]
    pub fn last(mut self, whole: &'a [Digest]) -> Self {
        self.last = true;
        self.whole = whole;
        self
    }

    /// Adds the digests of all content up to its end.
    #[must_use]
    pub fn with_prefix(mut self, prefix: &'a [Digest]) -> Self {
        self.prefix = prefix;
        self
    }

    /// Counts its bytes as they are sent.
    #[must_use]
    pub fn with_progress(mut self, progress: Option<Progress>) -> Self {
        self.progress = progress;
        self
    }

    /// Its length in bytes.
    pub fn size(&self) -> u64 {
        self.content.size()
    }

    /// Where its bytes are counted; for a provider that sends them otherwise than by [`body`](Self::body). What a failed
    /// attempt has counted is taken back by the engine.
    pub fn progress(&self) -> Option<&Progress> {
        self.progress.as_ref()
    }

    /// A request body of its bytes.
    pub fn body(&self) -> Body {
        Body::from_source(self.content.clone()).with_progress(self.progress.clone())
    }

    /// The digest of its bytes.
    ///
    /// # Errors
    /// As reading its content.
    pub async fn digest(&self, algorithm: DigestAlgorithm) -> Result<Digest> {
        super::hashing::digest(&*self.content, Hasher::new(algorithm)).await
    }

    /// The digest of the whole content in this algorithm, if it is known.
    pub fn whole_digest(&self, algorithm: DigestAlgorithm) -> Option<&'a Digest> {
        self.whole.iter().find(|digest| digest.algorithm() == algorithm)
    }
}

/// What the service answered to a part.
#[derive(Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PartReceipt {
    /// The number of the part.
    pub index: u64,
    state: serde_json::Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    renewed: Option<Box<UploadSpec>>,
}

impl PartReceipt {
    /// The receipt of a part, with what the provider needs to remember of the answer.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] when the state cannot be written as JSON.
    pub fn new(index: u64, state: &impl Serialize) -> Result<Self> {
        let state = serde_json::to_value(state)
            .map_err(|error| Error::new(ErrorKind::InvalidInput, "the receipt cannot be kept").with_source(error))?;
        Ok(Self { index, state, renewed: None })
    }

    /// Hands out the spec to continue with after this part of a sequential plan, where the answer to a part holds what the
    /// next one needs. It takes the place of the one before, also where that is kept for another process.
    #[must_use]
    pub fn with_renewed(mut self, spec: UploadSpec) -> Self {
        self.renewed = Some(Box::new(spec));
        self
    }

    /// The spec to continue with, if it is another one than before.
    pub fn renewed(&self) -> Option<&UploadSpec> {
        self.renewed.as_deref()
    }

    pub(crate) fn take_renewed(&mut self) -> Option<UploadSpec> {
        self.renewed.take().map(|spec| *spec)
    }

    /// What the provider remembered of the answer.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] when it is not of type `T`.
    pub fn state<T: DeserializeOwned>(&self) -> Result<T> {
        T::deserialize(&self.state).map_err(|error| {
            Error::new(ErrorKind::InvalidInput, "the receipt is of another provider").with_source(error)
        })
    }
}

impl fmt::Debug for PartReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartReceipt").field("index", &self.index).finish_non_exhaustive()
    }
}

/// What the service holds of an upload.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum UploadStatus {
    /// It can be continued.
    InProgress {
        /// The spec to continue with: the old one, or a renewed one with fresh addresses.
        spec: Box<UploadSpec>,
        /// The bytes that need not be sent again: ascending, not overlapping.
        received: Vec<Range<u64>>,
        /// The digest of the first received range, when it begins at 0 and the service tells. The engine compares it
        /// with the local content before it continues.
        prefix: Option<Digest>,
    },
    /// It was completed.
    Complete(Box<Item>),
    /// The service knows nothing of it any more.
    Expired,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(size: u64, plan: PartPlan) -> UploadSpec {
        let request = UploadRequest::new(ItemRef::Root, "a").with_size(size);
        UploadSpec::new("acme", request, plan, &serde_json::json!({"url": "https://s/?hush"})).unwrap()
    }

    #[test]
    fn parts_cover_the_content_exactly() {
        for (size, count) in [(0, 1), (1, 1), (10, 1), (11, 2), (25, 3), (30, 3)] {
            let spec = spec(size, PartPlan::Sequential { part_size: 10 });
            assert_eq!(spec.part_count(), count, "{size}");
            let mut end = 0;
            for index in 0..count {
                let range = spec.part_range(index);
                assert_eq!(range.start, end);
                end = range.end;
            }
            assert_eq!(end, size);
        }
        assert_eq!(spec(7, PartPlan::Single).part_range(0), 0..7);
    }

    #[test]
    fn a_spec_survives_json_hides_its_state_and_is_refused_elsewhere() {
        let json = serde_json::to_string(&spec(5, PartPlan::Single)).unwrap();
        let back: UploadSpec = serde_json::from_str(&json).unwrap();
        assert!(back.state::<serde_json::Value>("acme").is_ok());
        assert_eq!(back.state::<serde_json::Value>("other").unwrap_err().kind(), ErrorKind::InvalidInput);
        assert!(!format!("{back:?}").contains("hush"));
    }

    #[test]
    fn parts_of_no_bytes_are_refused() {
        let request = UploadRequest::new(ItemRef::Root, "a");
        let plan = PartPlan::Parallel { part_size: 0, max_in_flight: 4 };
        assert_eq!(UploadSpec::new("acme", request, plan, &()).unwrap_err().kind(), ErrorKind::InvalidInput);
    }
}
