//! Uploads in chunks: one after another into a file that exists already.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};
use sharesync_core::http::{Body, Repeat};
use sharesync_core::{Attempted as _, Error, ErrorKind, Result, Revision};

use super::target::Target;
use crate::PROVIDER;
use crate::client::{Request, resource};
use crate::model::{File, Guid, UploadProgress};
use crate::odata::{Literal, whole};

resource! {
    /// Uploads in chunks, by the REST service. The session has an identifier of the client's own choice.
    Uploads
}

impl Uploads {
    /// The first chunk (`StartUpload`); where the next one begins.
    ///
    /// # Errors
    /// [`ErrorKind::Locked`] when the file is locked or checked out by somebody else.
    pub async fn start(&self, file: &Target, upload: Guid, chunk: Body) -> Result<u64> {
        let below = format!("/StartUpload(uploadId={})", Literal::Guid(upload));
        self.chunk("StartUpload", file, &below, chunk).await
    }

    /// A chunk in the middle (`ContinueUpload`); where the next one begins.
    ///
    /// # Errors
    /// See [`Pipeline::run`](sharesync_core::http::Pipeline::run).
    pub async fn go_on(&self, file: &Target, upload: Guid, offset: u64, chunk: Body) -> Result<u64> {
        let (upload, offset) = (Literal::Guid(upload), Literal::Number(offset));
        let below = format!("/ContinueUpload(uploadId={upload},fileOffset={offset})");
        self.chunk("ContinueUpload", file, &below, chunk).await
    }

    /// The last chunk (`FinishUpload`): from now on the file has the content. It holds for a state of the file where one is
    /// given.
    ///
    /// # Errors
    /// [`ErrorKind::PreconditionFailed`] when the file is in another state.
    pub async fn finish(
        &self,
        file: &Target,
        upload: Guid,
        offset: u64,
        revision: Option<&Revision>,
        chunk: Body,
    ) -> Result<File> {
        let (upload, offset) = (Literal::Guid(upload), Literal::Number(offset));
        let below = format!("/FinishUpload(uploadId={upload},fileOffset={offset})");
        let mut request = self.request("FinishUpload", file, &below, chunk)?;
        if revision.is_some() {
            request = request.if_match(revision).repeat(Repeat::Never);
        }
        request.answer().await?.entity().after_write()
    }

    /// Gives an upload up (`CancelUpload`). The file stays as it was.
    ///
    /// # Errors
    /// See [`Pipeline::run`](sharesync_core::http::Pipeline::run).
    pub async fn cancel(&self, file: &Target, upload: Guid) -> Result<()> {
        let below = format!("/CancelUpload(uploadId={})", Literal::Guid(upload));
        let request = self.0.request("CancelUpload", Method::POST, &file.file(&below))?.subject(file);
        request.repeat(Repeat::Idempotent).done().await
    }

    /// What the service has of an upload (`GetUploadStatus`). What it answers to one that it does not know is not
    /// documented.
    ///
    /// # Errors
    /// See [`Pipeline::run`](sharesync_core::http::Pipeline::run).
    pub async fn status(&self, file: &Target, upload: Guid) -> Result<UploadProgress> {
        let below = format!("/GetUploadStatus(uploadId={})", Literal::Guid(upload));
        let request = self.0.request("GetUploadStatus", Method::GET, &file.file(&below))?.subject(file);
        crate::odata::decode(request.answer().await?.of("GetUploadStatus"))
    }

    fn request(&self, operation: &'static str, file: &Target, below: &str, chunk: Body) -> Result<Request> {
        let request = self.0.request(operation, Method::POST, &file.file(below))?.subject(file);
        let request = request.header(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        Ok(request.with(|call| call.body(chunk)))
    }

    async fn chunk(&self, operation: &'static str, file: &Target, below: &str, chunk: Body) -> Result<u64> {
        let answer = self.request(operation, file, below, chunk)?.answer().await?;
        whole(&answer.of(operation)).ok_or_else(|| {
            let message = "the service does not say where the next chunk begins";
            Error::new(ErrorKind::Protocol, message)
                .with_provider(PROVIDER)
                .with_operation(operation)
                .with_subject(file)
        })
    }
}
