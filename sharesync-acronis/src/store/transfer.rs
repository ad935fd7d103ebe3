//! Content: one request for each upload, and a reader for downloads.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use sharesync_core::transfer::{
    Content, ContentReader, Download, DownloadOptions, Part, PartPlan, PartReceipt, UploadRequest, UploadSpec,
    UploadStatus,
};
use sharesync_core::{Attempted as _, DigestAlgorithm, ErrorKind, Item, ItemRef, Result, Revision};

use super::Inner;
use super::find::not_found;
use super::item::{Known, refuse};
use crate::model::{NewFile, Node};
use crate::{Client, PROVIDER};

/// What is remembered of an upload: the service itself knows nothing of it before it is complete.
#[derive(Serialize, Deserialize)]
struct State {
    folder: String,
    name: String,
    /// The content that the name had when the upload began.
    before: Option<Revision>,
}

impl Inner {
    pub(super) async fn upload_spec(&self, request: UploadRequest) -> Result<UploadSpec> {
        self.capabilities.names.check(&request.name)?;
        let folder = self.id(&request.parent).await?;
        let existing = self.child(&folder, &request.name).await?;
        request.check_holder(existing.as_ref().map(Known::holder))?;
        let before = existing.as_ref().and_then(Known::revision);
        // A file whose name differs in case gets the new version under the name that it has.
        let name = existing.map_or_else(|| request.name.clone(), |existing| existing.name);
        let spec = UploadSpec::new(PROVIDER, request, PartPlan::Single, &State { folder, name, before })?;
        Ok(spec.with_digests(&[DigestAlgorithm::Md5]))
    }

    pub(super) async fn upload_part(&self, spec: &UploadSpec, part: Part<'_>) -> Result<PartReceipt> {
        let state: State = spec.state(PROVIDER)?;
        let size = i64::try_from(part.size())
            .map_err(|_| refuse(ErrorKind::InvalidInput, &state.name, "the service cannot count so many bytes"))?;
        let mut file = NewFile::new().with_filename(state.name).with_size(size);
        file.checksum = part.whole_digest(DigestAlgorithm::Md5).map(sharesync_core::Digest::to_hex);
        let node = match self.client.nodes().upload(&state.folder, &file, part.body()).await {
            Ok(node) => node,
            Err(error) => return Err(self.explain(error, &state.folder).await),
        };
        Known::new(node.clone()).after_write()?;
        PartReceipt::new(part.index, &node)
    }

    /// What a file of this name tells: the service shows nothing before the end and everything after it.
    pub(super) async fn upload_status(&self, spec: &UploadSpec) -> Result<UploadStatus> {
        let state: State = spec.state(PROVIDER)?;
        let in_progress =
            |received, prefix| UploadStatus::InProgress { spec: Box::new(spec.clone()), received, prefix };
        let Some(found) = self.child(&state.folder, &state.name).await?.filter(|node| !node.is_folder) else {
            return Ok(in_progress(Vec::new(), None));
        };
        if state.before.is_some() && found.revision() == state.before {
            return Ok(in_progress(Vec::new(), None));
        }
        let size = spec.request.size;
        match found.digest() {
            // The engine compares the digest with the local content.
            Some(digest) if found.size() == Some(size) => {
                Ok(in_progress(std::iter::once(0..size).collect(), Some(digest)))
            }
            _ => Ok(UploadStatus::Expired),
        }
    }

    pub(super) async fn upload_finish(&self, spec: &UploadSpec, parts: &[PartReceipt]) -> Result<Item> {
        let state: State = spec.state(PROVIDER)?;
        let node = match parts.last() {
            Some(receipt) => Known::new(receipt.state::<Node>()?)?,
            None => self
                .child(&state.folder, &state.name)
                .await?
                .ok_or_else(|| refuse(ErrorKind::UploadExpired, &state.name, "the file that was there is gone"))?,
        };
        Ok(node.into_item(&self.options.root))
    }

    pub(super) async fn download(&self, item: &ItemRef, options: DownloadOptions) -> Result<Download> {
        let folder = || refuse(ErrorKind::Conflict, &item.to_string(), "it is a folder");
        let node = self.find(item).await?.filter(|node| !node.is_folder).ok_or_else(folder)?;
        let reader = Reader { client: self.client.clone(), uuid: node.uuid.clone() };
        Download::open(node.into_item(&self.options.root), Arc::new(reader), options).await
    }
}

/// Opens the content of a file.
#[derive(Debug)]
struct Reader {
    client: Client,
    uuid: String,
}

#[async_trait]
impl ContentReader for Reader {
    async fn open(&self, offset: u64, length: Option<u64>) -> Result<Content> {
        self.client.undocumented().download(&self.uuid, offset, length).await.map_err(not_found)
    }
}
