//! Sending content, encoded on its way into the request.

use std::sync::Arc;

use sharesync_core::http::Repeat;
use sharesync_core::transfer::Source;
use sharesync_core::{Result, Secret, Timestamp};

use crate::client::resource;
use crate::model::{ChunkAppended, ChunkUploaded};
use crate::soap::{DateTime, Op, Request, gzip};

const UPLOAD: Op =
    Op::files("UploadFile", "UploadFileResponse", "UploadFileResult").writes(Repeat::Idempotent, Some("Uploaded"));
const CHECKIN: Op = Op::files("UploadFileWithCheckin", "UploadFileWithCheckinResponse", "UploadFileResult")
    .writes(Repeat::Never, Some("Uploaded"));
const APPEND: Op = Op::files("AppendChunk", "AppendChunkResponse", "AppendChunkResult")
    .writes(Repeat::Idempotent, Some("ChunkAppended"));
const APPEND_GZIP: Op = Op::files("AppendChunkGZip", "AppendChunkGZipResponse", "AppendChunkResult")
    .writes(Repeat::Idempotent, Some("ChunkAppended"));
const CHUNK: Op = Op::files("ChunkUpload", "ChunkUploadResponse", "ChunkUploadResult")
    .writes(Repeat::Idempotent, Some("ChunkAppended"));

resource! {
    /// Sending content: [`Client::uploads`](crate::Client::uploads).
    ///
    /// How long a request may be is not documented. ASP.NET takes 4 MiB unless it is told otherwise, and base64 adds a
    /// third: chunks of 1 MiB are safe.
    ///
    /// A chunk says where it begins, so that sending it again puts it in the same place (inferred).
    Uploads
}

/// The times that the service gives a file when its last chunk arrives (ChunkUpload).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChunkTimes {
    /// When the content was modified, in UTC.
    pub last_write: Option<DateTime>,
    /// When the file was created, in UTC.
    pub creation: Option<DateTime>,
}

impl ChunkTimes {
    /// These times.
    pub fn new(last_write: Option<Timestamp>, creation: Option<Timestamp>) -> Self {
        Self { last_write: last_write.map(DateTime::from), creation: creation.map(DateTime::from) }
    }
}

impl Uploads {
    /// Sends a whole file in one request.
    ///
    /// `UploadFile` (UploadFile).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn file(&self, path: &str, content: Arc<dyn Source>) -> Result<()> {
        self.0.order(Request::new(&UPLOAD).about(path).text("Path", path).content("FileData", content)).await
    }

    /// Sends a file that was checked out, and ends the checkout.
    ///
    /// `UploadFileWithCheckin` (UploadFileWithCheckin).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn checkin(&self, path: &str, content: Arc<dyn Source>, comments: Option<&str>) -> Result<()> {
        let request = Request::new(&CHECKIN).about(path).text("Path", path).content("FileData", content);
        self.0.order(request.text_if("Comments", comments)).await
    }

    /// Appends a chunk to a file. `offset` is the number of bytes sent before.
    ///
    /// `AppendChunk` (AppendChunk).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn append(&self, path: &str, offset: u64, chunk: Arc<dyn Source>, last: bool) -> Result<ChunkAppended> {
        let size = chunk.size();
        self.0.ask(chunk_of(&APPEND, path, chunk, offset, size, last)).await
    }

    /// As [`append`](Self::append), compressed on the way. That the number of bytes sent along is that of the plain chunk is
    /// inferred.
    ///
    /// `AppendChunkGZip` (AppendChunkGZip).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn append_gzip(
        &self,
        path: &str,
        offset: u64,
        chunk: Arc<dyn Source>,
        last: bool,
    ) -> Result<ChunkAppended> {
        let size = chunk.size();
        let zipped = Arc::new(sharesync_core::transfer::BytesSource::new(gzip(&*chunk).await?));
        self.0.ask(chunk_of(&APPEND_GZIP, path, zipped, offset, size, last)).await
    }

    /// Sends a chunk of a file. The first goes without a token, and each further one with that of the answer before; the
    /// last gives the file its times.
    ///
    /// `ChunkUpload` (ChunkUpload).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn chunk(
        &self,
        path: &str,
        offset: u64,
        chunk: Arc<dyn Source>,
        last: bool,
        token: Option<&Secret>,
        times: &ChunkTimes,
    ) -> Result<ChunkUploaded> {
        let size = chunk.size();
        let request = chunk_of(&CHUNK, path, chunk, offset, size, last)
            .text("UploadToken", token.map(Secret::expose).unwrap_or_default())
            .value_or_nil("LastWriteTimeUtc", times.last_write.as_ref())
            .value_or_nil("CreationTimeUtc", times.creation.as_ref());
        self.0.ask(request).await
    }
}

fn chunk_of(op: &'static Op, path: &str, data: Arc<dyn Source>, offset: u64, size: u64, last: bool) -> Request {
    Request::new(op)
        .about(path)
        .text("Path", path)
        .content("ChunkData", data)
        .value("Offset", offset)
        .value("BytesRead", size)
        .value("isLastChunk", last)
}
