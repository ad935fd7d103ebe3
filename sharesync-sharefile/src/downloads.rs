//! Content as the service sends it. Resuming and verifying are the business of the store.

use std::fmt;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use sharesync_core::http::{Call, Response, archive};
use sharesync_core::{Attempted as _, BoxStream, ErrorKind, Result};

use crate::PROVIDER;
use crate::answer::Head;
use crate::client::Client;
use crate::redirection::{check_safe, failure};

/// Content as the service sends it: of a file, of an archive, of a thumbnail.
#[non_exhaustive]
pub struct ContentStream {
    /// The length in bytes, where the service says.
    pub size: Option<u64>,
    /// The media type.
    pub media_type: Option<String>,
    /// The `Content-Disposition` header, where the name of the file is.
    pub disposition: Option<String>,
    /// The bytes. They are neither resumed nor verified; a connection that breaks is an error.
    pub body: BoxStream<'static, Result<Bytes>>,
}

impl ContentStream {
    /// Opens the content at the end of the redirects.
    pub(crate) async fn open(client: &Client, call: Call) -> Result<Self> {
        let response = client.open(call.clone().header(ACCEPT, "*/*")).await?;
        Head::of(&response).map_err(|error| call.describe(error).with_provider(PROVIDER))?;
        Ok(Self::of(response))
    }

    /// Opens an archive that a POST asks for. It changes nothing, so that the redirect to the storage host, by which the
    /// service answers [download multiple items, Items reference], is followed by a GET.
    pub(crate) async fn open_by_post(client: &Client, call: Call) -> Result<Self> {
        let asked = client.open(call.clone().header(ACCEPT, "*/*").keep_redirect()).await?;
        if !asked.status().is_redirection() {
            return Ok(Self::of(asked));
        }
        let place = asked.header(LOCATION.as_str()).and_then(|place| asked.url().join(place).ok());
        let refused = |kind, why| failure(&call, kind, why);
        let place = place.ok_or_else(|| refused(ErrorKind::Protocol, "a redirect that does not say where"))?;
        check_safe(&place, asked.url()).map_err(|why| refused(ErrorKind::Insecure, why))?;
        let stays = place.origin() == client.base_url().origin();
        let next = call.elsewhere(place);
        Self::open(client, if stays { next } else { next.presigned() }).await
    }

    /// The same, if it begins as an archive does: nobody knows the length of an archive, so that nothing else tells it from a
    /// page in its place.
    ///
    /// # Errors
    /// [`ErrorKind::Protocol`] for anything else.
    pub(crate) async fn into_archive(self, operation: &'static str) -> Result<Self> {
        let body = archive(self.body).await.attempted(PROVIDER, operation)?;
        Ok(Self { body, ..self })
    }

    fn of(response: Response) -> Self {
        let text = |name: http::HeaderName| response.header(name.as_str()).map(str::to_owned);
        Self {
            size: text(CONTENT_LENGTH).and_then(|length| length.parse().ok()),
            media_type: text(CONTENT_TYPE),
            disposition: text(CONTENT_DISPOSITION),
            body: response.into_stream(),
        }
    }
}

impl fmt::Debug for ContentStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContentStream")
            .field("size", &self.size)
            .field("media_type", &self.media_type)
            .finish_non_exhaustive()
    }
}
