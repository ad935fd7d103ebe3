//! Upload sessions: `/api/v1/uploads/` (ScaiDrive: Resumable uploads).

use http::Method;
use http::header::CONTENT_TYPE;
use sharesync_core::http::{Body, Repeat, decode_nothing};
use sharesync_core::{Error, ErrorKind, Result};

use crate::client::resource;
use crate::error::name_taken;
use crate::model::{NewUpload, UploadProgress, UploadSession, Uploaded};

resource! {
    /// Upload sessions: [`Client::uploads`](crate::Client::uploads). A session ends after a day without a chunk.
    Uploads
}

impl Uploads {
    /// Begins a session: for a new file, or for a new version of one.
    ///
    /// `POST /uploads`.
    ///
    /// # Errors
    /// [`AlreadyExists`](ErrorKind::AlreadyExists), [`TooLarge`](ErrorKind::TooLarge),
    /// [`QuotaExceeded`](ErrorKind::QuotaExceeded).
    pub async fn begin(&self, upload: &NewUpload) -> Result<UploadSession> {
        let request = self.0.request("Uploads.Begin", "uploads", &[]).about(upload.file_name.as_deref()).body(upload);
        // A session that nobody uses ends by itself.
        request.repeat(Repeat::Idempotent).json(Method::POST).await.map_err(name_taken)
    }

    /// Sends a chunk, by its number from 0 (inferred). They may come in any order and at once.
    ///
    /// `PUT /uploads/{session}/chunks/{i}`.
    ///
    /// # Errors
    /// [`UploadExpired`](ErrorKind::UploadExpired) when the session is gone (status 410).
    pub async fn chunk(&self, session_id: &str, index: u64, content: impl Into<Body>) -> Result<()> {
        let number = index.to_string();
        let request = self.0.request("Uploads.Chunk", "uploads/{}/chunks/{}", &[session_id, &number]);
        let call = request.into_call(Method::PUT)?.body(content).header(CONTENT_TYPE, "application/octet-stream");
        let limit = self.0.http_config().max_answer;
        self.0
            .pipeline()
            .run(call, move |response| async move { decode_nothing(&response.bytes(limit).await?) })
            .await
            .map_err(gone)
    }

    /// How far a session is. No field of the answer is documented.
    ///
    /// `GET /uploads/{session}`.
    ///
    /// # Errors
    /// [`UploadExpired`](ErrorKind::UploadExpired) when the session is gone.
    pub async fn progress(&self, session_id: &str) -> Result<UploadProgress> {
        self.0.request("Uploads.Progress", "uploads/{}", &[session_id]).json(Method::GET).await.map_err(gone)
    }

    /// Completes a session: from now on the file, or its new version, exists.
    ///
    /// `POST /uploads/{session}/complete`.
    ///
    /// # Errors
    /// [`AlreadyExists`](ErrorKind::AlreadyExists), [`UploadExpired`](ErrorKind::UploadExpired).
    pub async fn complete(&self, session_id: &str) -> Result<Uploaded> {
        let request = self.0.request("Uploads.Complete", "uploads/{}/complete", &[session_id]);
        // A session can be completed once: a repetition after a success is refused.
        let completed = request.repeat(Repeat::Conditional).json(Method::POST).await;
        completed.map_err(|error| gone(name_taken(error)))
    }
}

/// A session that is not there has ended.
fn gone(error: Error) -> Error {
    if error.kind() == ErrorKind::NotFound { error.with_kind(ErrorKind::UploadExpired) } else { error }
}
