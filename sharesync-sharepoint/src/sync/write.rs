//! Creating and replacing a small file in one request (observed of newer versions of the service).

use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Method};
use quick_xml::escape::partial_escape as escape;
use sharesync_core::http::{Body, Repeat};
use sharesync_core::{Digest, Error, ErrorKind, Result, Revision, Timestamp};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Sync, WEB3S};
use crate::PROVIDER;
use crate::model::{Guid, SyncItem, WriteStatus};

const SCENARIO: HeaderName = HeaderName::from_static("scenario");

/// Whether a file is created or replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InlineMode {
    /// `Create`
    Create,
    /// `Update`: of a file in a state.
    Update {
        /// The file.
        id: Guid,
        /// The state that it must be in.
        revision: Revision,
    },
}

/// A file that is sent in one request with its content.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct InlineFile {
    /// The folder.
    pub parent: Guid,
    /// The name.
    pub name: String,
    /// Whether it is created or replaced.
    pub mode: InlineMode,
    /// When the local file was created.
    pub created: Option<Timestamp>,
    /// When the local content was last modified.
    pub modified: Option<Timestamp>,
    /// The media type.
    pub media_type: Option<String>,
    /// QuickXorHash of the content.
    pub digest: Option<Digest>,
}

impl InlineFile {
    /// A new file in a folder.
    pub fn new(parent: Guid, name: impl Into<String>) -> Self {
        let mode = InlineMode::Create;
        Self { parent, name: name.into(), mode, created: None, modified: None, media_type: None, digest: None }
    }

    /// Says whether it is created or replaced.
    #[must_use]
    pub fn with_mode(mut self, mode: InlineMode) -> Self {
        self.mode = mode;
        self
    }

    /// Says when the local file was created and last modified.
    #[must_use]
    pub fn with_times(mut self, created: Option<Timestamp>, modified: Option<Timestamp>) -> Self {
        (self.created, self.modified) = (created, modified);
        self
    }

    /// Sets the media type.
    #[must_use]
    pub fn with_media_type(mut self, media_type: Option<String>) -> Self {
        self.media_type = media_type;
        self
    }

    /// Says what the content's QuickXorHash is.
    #[must_use]
    pub fn with_digest(mut self, digest: Digest) -> Self {
        self.digest = Some(digest);
        self
    }

    /// The description, for a content of this length that the part with this name holds.
    fn description(&self, session: &str, size: u64) -> String {
        let mut xml = String::from(r#"<?xml version="1.0" encoding="utf-8"?><Items><Document>"#);
        let mut element = |name: &str, text: &str| xml.push_str(&format!("<{name}>{}</{name}>", escape(text)));
        element("ParentResourceID", &self.parent.simple());
        match &self.mode {
            InlineMode::Create => element("WriteMode", "Create"),
            InlineMode::Update { id, revision } => {
                element("WriteMode", "Update");
                element("ResourceID", &id.simple());
                element("ETag", &format!("\"{}\"", revision.as_str()));
            }
        }
        element("RelationshipName", &self.name);
        for (name, time) in [("DateCreatedOnClient", self.created), ("DateModifiedOnClient", self.modified)] {
            if let Some(time) = time {
                element(name, &seven_digits(time));
            }
        }
        xml.push_str("<DocumentStreams><DocumentStream><DocumentStreamName>Default</DocumentStreamName>");
        let mut element = |name: &str, text: &str| xml.push_str(&format!("<{name}>{}</{name}>", escape(text)));
        element("MimeType", self.media_type.as_deref().unwrap_or("application/octet-stream"));
        if let Some(digest) = &self.digest {
            element("XORHash", &STANDARD.encode(digest.as_bytes()));
        }
        element("FragmentSessionId", session);
        element("DataSize", &size.to_string());
        xml.push_str("</DocumentStream></DocumentStreams></Document></Items>");
        xml
    }
}

/// A time with exactly seven digits of a second, as the service writes them.
fn seven_digits(time: Timestamp) -> String {
    let fraction = time.subsec_nanoseconds().max(0) / 100;
    let whole = time.truncated_to_seconds().to_string();
    format!("{}.{fraction:07}Z", whole.trim_end_matches('Z'))
}

impl Sync {
    /// Creates or replaces a file: `POST …/RootFolder?View=SkyDriveSync`, multipart/related of a description and the
    /// content.
    ///
    /// # Errors
    /// Those of the service, and what [`Dialect::write_status`](crate::Dialect::write_status) says where it answers with
    /// another status than success.
    pub async fn write(&self, file: &InlineFile, content: Body) -> Result<SyncItem> {
        let boundary = format!("uuid:{}", Guid::random());
        let session = Guid::random().to_string();
        let description = file.description(&session, content.size());
        let head = format!(
            "--{boundary}\r\nContent-ID: <LiveFolders>\r\nContent-Type: {WEB3S}\r\n\r\n{description}\r\n\r\n--{boundary}\r\n\
             Content-Transfer-Encoding: binary\r\nContent-Type: application/octet-stream\r\n\
             Content-ID:<\"{session}\":Default>\r\n\r\n"
        );
        let tail = format!("\r\n--{boundary}--\r\n");
        let body = Body::from(head.into_bytes()).then(content).then(tail.into_bytes());
        let repeat = match file.mode {
            InlineMode::Create => Repeat::Never,
            InlineMode::Update { .. } => Repeat::Conditional,
        };
        let request = self.request("Write", Method::POST, "RootFolder?View=SkyDriveSync")?;
        let request = request
            .header(CONTENT_TYPE, format!("multipart/related; boundary=\"{boundary}\""))
            .header(SCENARIO, HeaderValue::from_static("StorageInlineUploadsScenario"))
            .subject(&file.name)
            .repeat(repeat)
            .with(|call| call.body(body));
        let read = self.read(request).await?;
        let written = read.items.into_iter().chain(read.root).next();
        let error = |kind, message: String| {
            Error::new(kind, message).with_provider(PROVIDER).with_operation("Write").with_subject(&file.name)
        };
        let item = written.ok_or_else(|| error(ErrorKind::Protocol, "the service describes nothing written".into()))?;
        match &item.write_status {
            None | Some(WriteStatus::Success) => Ok(item),
            Some(WriteStatus::Other(status)) => {
                let kind = (self.client.dialect().write_status)(status);
                let status: String = status.chars().filter(|c| !c.is_control()).take(60).collect();
                Err(error(kind, format!("the service answers with the status {status:?}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_seven_digits() {
        let time = |text: &str| seven_digits(text.parse().unwrap());
        assert_eq!(time("2025-11-07T22:06:48Z"), "2025-11-07T22:06:48.0000000Z");
        assert_eq!(time("2025-11-07T22:06:48.123456789Z"), "2025-11-07T22:06:48.1234567Z");
    }
}
