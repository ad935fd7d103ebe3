//! Getting content: the service gives an address, and the content is got from there without any credential.

use std::time::Duration;

use http::header::{ACCEPT, HeaderValue, RANGE};
use sharesync_core::http::{Call, Repeat, archive, deadline, range};
use sharesync_core::transfer::Content;
use sharesync_core::{Attempted as _, Error, ErrorKind, Result, SecretUrl};
use tokio::time::{Instant, sleep};

use crate::PROVIDER;
use crate::client::resource;
use crate::model::{DownloadUrl, ZipDownload, ZipStatus};
use crate::soap::{Op, Request};

const DOWNLOAD: Op = Op::files("DownloadFile", "DownloadFileResponse", "DownloadFileResult");
const DOWNLOAD_2: Op = Op::files("DownloadFile2", "DownloadFile2Response", "DownloadFileResult");
const VIEW: Op = Op::files("ViewFile", "ViewFileResponse", "DownloadFileResult");
const ZIP: Op = Op::files("DownloadZipFile", "DownloadZipFileResponse", "DownloadFileResult");
const CHECKOUT: Op = Op::files("DownloadWithCheckout", "DownloadWithCheckoutResponse", "DownloadWithCheckoutResult")
    .writes(Repeat::Never, None);

/// The longest time between two questions for an archive.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

resource! {
    /// Getting content: [`Client::downloads`](crate::Client::downloads).
    Downloads
}

impl Downloads {
    /// Where the content of a file is. How long the address holds is not documented.
    ///
    /// `DownloadFile` (DownloadFile).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn url(&self, path: &str) -> Result<SecretUrl> {
        address(&DOWNLOAD, self.0.ask(about(&DOWNLOAD, path)).await?)
    }

    /// The same by another operation; how they differ is not documented.
    ///
    /// `DownloadFile2` (DownloadFile2).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn url_2(&self, path: &str) -> Result<SecretUrl> {
        address(&DOWNLOAD_2, self.0.ask(about(&DOWNLOAD_2, path)).await?)
    }

    /// Where a file can be viewed.
    ///
    /// `ViewFile` (ViewFile).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn view_url(&self, path: &str) -> Result<SecretUrl> {
        address(&VIEW, self.0.ask(about(&VIEW, path)).await?)
    }

    /// Checks a file out for editing, and says where its content is.
    ///
    /// `DownloadWithCheckout` (DownloadWithCheckout).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn checkout(
        &self,
        path: &str,
        comments: Option<&str>,
        email_report: bool,
        additional_recipients: Option<&str>,
    ) -> Result<SecretUrl> {
        let request = Request::new(&CHECKOUT)
            .about(path)
            .text("ItemPath", path)
            .text_or_nil("Comments", comments)
            .value("EmailReport", email_report)
            .text_if("AdditionalRecipients", additional_recipients);
        address(&CHECKOUT, self.0.ask(request).await?)
    }

    /// Asks once for an archive of a folder, which the service begins to make with the first question.
    ///
    /// `DownloadZipFile` (DownloadZipFile).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn zip(&self, path: &str) -> Result<ZipDownload> {
        self.0.ask(about(&ZIP, path)).await
    }

    /// Asks for an archive of a folder until it is complete, at most for so long.
    ///
    /// `DownloadZipFile` (DownloadZipFile).
    ///
    /// # Errors
    /// [`ErrorKind::Timeout`] when it is not complete by then, [`ErrorKind::Unavailable`] when the service gives it up, and
    /// those of [`zip`](Self::zip).
    pub async fn zip_url(&self, path: &str, patience: Duration) -> Result<SecretUrl> {
        let end = deadline(patience);
        let mut pause = Duration::from_millis(250);
        loop {
            let zip = self.zip(path).await?;
            let failed = |kind, why: &'static str| {
                Err(Error::new(kind, why).with_provider(PROVIDER).with_operation(ZIP.name).with_subject(path))
            };
            match (zip.status, zip.url) {
                (ZipStatus::Complete, Some(url)) => return Ok(url),
                (ZipStatus::Complete, None) => {
                    return failed(ErrorKind::Protocol, "a complete archive without an address");
                }
                (ZipStatus::Errored, _) => {
                    return failed(ErrorKind::Unavailable, "the service could not make the archive");
                }
                _ if Instant::now() + pause > end => {
                    return failed(ErrorKind::Timeout, "the archive is not complete yet");
                }
                _ => sleep(pause).await,
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Opens the content at an address that the service gave, without any credential. A server that ignores the range sends
    /// everything, and says so.
    ///
    /// # Errors
    /// Those of the request.
    pub async fn open(&self, url: &SecretUrl, offset: u64, length: Option<u64>) -> Result<Content> {
        let call = Call::get("Downloads.Open", url.expose().clone()).presigned();
        let mut call = call.header(ACCEPT, HeaderValue::from_static("*/*"));
        if let Some(range) = range(offset, length) {
            call = call.header(RANGE, range);
        }
        self.0.pipeline().send(call).await?.into_content()
    }

    /// Opens an archive at an address that [`zip_url`](Self::zip_url) gave, without any credential.
    ///
    /// # Errors
    /// [`ErrorKind::Protocol`] for what is no archive, and those of the request.
    pub async fn open_zip(&self, url: &SecretUrl) -> Result<Content> {
        let mut content = self.open(url, 0, None).await?;
        content.body = archive(content.body).await.attempted(PROVIDER, "Downloads.OpenZip")?;
        Ok(content)
    }
}

fn about(op: &'static Op, path: &str) -> Request {
    Request::new(op).about(path).text("Path", path)
}

fn address(op: &'static Op, answer: DownloadUrl) -> Result<SecretUrl> {
    let missing = || {
        let why = "a success without an address";
        Error::new(ErrorKind::Protocol, why).with_provider(PROVIDER).with_operation(op.name)
    };
    answer.url.ok_or_else(missing)
}
