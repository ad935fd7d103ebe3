//! Sending content to where an upload specification says, and reading what the storage host answers.
//!
//! Beginning an upload is an operation on items: [`Items::upload2`](crate::Items::upload2).

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::Value;
use sharesync_core::http::{Body, Call, ForeignResponse, Repeat, decode_json};
use sharesync_core::{Digest, Error, ErrorKind, Result, SecretUrl};
use url::Url;

use crate::PROVIDER;
use crate::answer::Head;
use crate::client::Client;
use crate::error::ShareFileError;
use crate::model::wire::optional;
use crate::model::{UploadSpecification, UploadedFile};
use crate::redirection::{self, check_safe};

/// Time for a storage host to put a file together: a base, and a second for so many bytes.
const FINISH_BASE: Duration = Duration::from_secs(120);
const FINISH_BYTES_PER_SECOND: u64 = 10_000_000;

/// How the body of a request holds content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyForm {
    /// The content alone: for uploads that were begun with `raw`.
    #[default]
    Raw,
    /// A form with the content as its field `Filedata`, under this file name.
    Multipart {
        /// The name of the file.
        file_name: String,
    },
}

/// A stretch of a file, for the streamed and the threaded method.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Chunk {
    /// Its number, from 0.
    pub index: u64,
    /// The number of bytes before it.
    pub byte_offset: u64,
    /// The MD5 of its bytes.
    pub hash: Digest,
    /// For the last chunk of the streamed method: the MD5 of the whole file.
    pub finish: Option<Digest>,
}

impl Chunk {
    /// A stretch that is not the last of the streamed method.
    pub fn new(index: u64, byte_offset: u64, hash: Digest) -> Self {
        Self { index, byte_offset, hash, finish: None }
    }

    /// Makes it the last of the streamed method, which completes the file.
    #[must_use]
    pub fn with_finish(mut self, file_hash: Digest) -> Self {
        self.finish = Some(file_hash);
        self
    }
}

/// What a storage host answers to content.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum UploadReply {
    /// It has taken it. That may complete a file, but it does not say which.
    Accepted,
    /// A file is complete; only its identifier is known.
    Id(String),
    /// Files are complete.
    Finished(Vec<UploadedFile>),
}

/// Sending content to where an upload specification says: [`Client::uploads`].
///
/// Storage hosts get no credentials: the addresses authenticate themselves, and are never printed. Answers count by
/// their body, whatever their media type: a failure may come with status 200.
#[derive(Debug, Clone)]
pub struct Uploads {
    client: Client,
}

impl Uploads {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Calls the address to prepare the upload, where the specification has one. To be done before any content is sent.
    ///
    /// # Errors
    /// Those of any request to a storage host.
    pub async fn prepare(&self, spec: &UploadSpecification) -> Result<()> {
        match &spec.prepare_uri {
            Some(uri) => {
                let call = storage("Uploads.Prepare", uri.expose().clone()).repeat(Repeat::Idempotent);
                self.send(call, prepared).await
            }
            None => Ok(()),
        }
    }

    /// Sends all of a file, by the standard method. That completes the file; sent twice, it may make two versions.
    ///
    /// # Errors
    /// [`UploadExpired`](ErrorKind::UploadExpired) when the service has forgotten the upload;
    /// [`Rejected`](ErrorKind::Rejected) when it answers a failure.
    pub async fn standard(&self, spec: &UploadSpecification, form: &BodyForm, content: Body) -> Result<UploadReply> {
        let url = appended(chunk_uri(spec)?.expose(), &[], true)?;
        let size = content.size();
        let call = with_content(storage("Uploads.Standard", url), form, content);
        self.send(call.response_timeout(finish_timeout(size)), read_reply).await
    }

    /// Sends a chunk, by the streamed or the threaded method. The same chunk may be sent again, unless it completes the
    /// file.
    ///
    /// # Errors
    /// As [`standard`](Self::standard).
    pub async fn chunk(
        &self,
        spec: &UploadSpecification,
        chunk: &Chunk,
        form: &BodyForm,
        content: Body,
    ) -> Result<UploadReply> {
        let mut pairs = vec![
            ("index", chunk.index.to_string()),
            ("byteOffset", chunk.byte_offset.to_string()),
            ("hash", chunk.hash.to_hex()),
        ];
        if let Some(hash) = &chunk.finish {
            pairs.extend([("finish", "true".to_owned()), ("filehash", hash.to_hex())]);
        }
        let url = appended(chunk_uri(spec)?.expose(), &pairs, true)?;
        let mut call = with_content(storage("Uploads.Chunk", url), form, content);
        call = match &chunk.finish {
            Some(_) => call.response_timeout(finish_timeout(chunk.byte_offset)),
            None => call.repeat(Repeat::Idempotent),
        };
        self.send(call, read_reply).await
    }

    /// Completes a file of `size` bytes after all chunks, by the threaded method. Sent twice, the second may find nothing.
    ///
    /// # Errors
    /// As [`standard`](Self::standard); [`Protocol`](ErrorKind::Protocol) when the specification does not say where.
    pub async fn finish(&self, spec: &UploadSpecification, size: u64, hash: Option<&Digest>) -> Result<UploadReply> {
        let uri = spec.finish_uri.as_ref().ok_or_else(|| incomplete("FinishUri"))?;
        let pairs: Vec<_> = hash.map(|hash| ("filehash", hash.to_hex())).into_iter().collect();
        let call = storage("Uploads.Finish", appended(uri.expose(), &pairs, true)?);
        self.send(call.response_timeout(finish_timeout(size)), read_reply).await
    }

    async fn send<T: Send>(&self, call: Call, read: fn(&Head, &[u8]) -> Result<T>) -> Result<T> {
        check_safe(call.url(), self.client.base_url())
            .map_err(|why| redirection::failure(&call, ErrorKind::Insecure, why))?;
        self.client.decode(call, read).await.map_err(expired)
    }
}

/// A request to a storage host. A redirect would lose the content, so it is taken for the failure that it is.
fn storage(operation: &'static str, url: Url) -> Call {
    Call::post(operation, url).presigned().keep_redirect()
}

fn chunk_uri(spec: &UploadSpecification) -> Result<&SecretUrl> {
    spec.chunk_uri.as_ref().ok_or_else(|| incomplete("ChunkUri"))
}

fn incomplete(field: &str) -> Error {
    Error::new(ErrorKind::Protocol, format!("the upload specification has no {field}")).with_provider(PROVIDER)
}

fn finish_timeout(size: u64) -> Duration {
    FINISH_BASE + Duration::from_secs(size / FINISH_BYTES_PER_SECOND)
}

/// An address that a storage host itself refuses stands for an upload that it has forgotten.
fn expired(error: Error) -> Error {
    match error.provider_error::<ShareFileError>().map(|refusal| refusal.status) {
        Some(401 | 403 | 404 | 410) => error.with_kind(ErrorKind::UploadExpired),
        _ => error,
    }
}

/// The address with parameters behind what it has. It is signed, so nothing of it is touched.
fn appended(uri: &Url, pairs: &[(&str, String)], json: bool) -> Result<Url> {
    let mut text = uri.as_str().split('#').next().unwrap_or_default().to_owned();
    let has_format =
        uri.query_pairs().any(|(name, _)| ["fmt", "respformat"].iter().any(|known| name.eq_ignore_ascii_case(known)));
    let format = (json && !has_format).then(|| ("fmt", "json".to_owned()));
    for (name, value) in pairs.iter().chain(&format) {
        let separator = if text.contains('?') { "&" } else { "?" };
        text.extend([separator, name, "=", value]);
    }
    Url::parse(&text).map_err(|_| Error::new(ErrorKind::Protocol, "the address of the upload is unusable"))
}

/// Adds content to a request in the form wanted.
fn with_content(call: Call, form: &BodyForm, content: Body) -> Call {
    let BodyForm::Multipart { file_name } = form else {
        return call.header(CONTENT_TYPE, "application/octet-stream").body(content);
    };
    let boundary = format!("sharesync-{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
    let name = file_name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"Filedata\"; filename=\"{name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    let tail = format!("\r\n--{boundary}--\r\n");
    let body = Body::from(head).then(content).then(Bytes::from(tail));
    call.header(CONTENT_TYPE, format!("multipart/form-data; boundary={boundary}")).body(body)
}

/// The object that storage hosts answer.
#[derive(Debug, Deserialize)]
struct ReplyObject {
    #[serde(default, deserialize_with = "optional")]
    error: Option<bool>,
    #[serde(rename = "errorMessage", default, deserialize_with = "optional")]
    message: Option<String>,
    #[serde(rename = "errorCode", default, deserialize_with = "optional")]
    code: Option<String>,
    value: Option<Value>,
}

/// Reads the answer to a preparation, of which nothing is documented.
fn prepared(head: &Head, body: &[u8]) -> Result<()> {
    if head.status.is_success() && body.trim_ascii().is_empty() { Ok(()) } else { read_reply(head, body).map(drop) }
}

/// Reads what a storage host answers with a status of success. What it is, only the body says: one without a body, or an
/// object that does not say whether there is an error, is somebody else's.
fn read_reply(head: &Head, body: &[u8]) -> Result<UploadReply> {
    let status = head.status;
    let text = std::str::from_utf8(body).unwrap_or("\u{fffd}").trim_start_matches('\u{feff}').trim();
    let failure = |message: &str| ShareFileError::new(status.as_u16(), message);
    if !status.is_success() {
        return Err(failure("the storage host sends the content elsewhere").into_error());
    }
    if text.eq_ignore_ascii_case("ok") || text.eq_ignore_ascii_case("true") {
        return Ok(UploadReply::Accepted);
    }
    if text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("error")) {
        let message = text.split_once(':').map_or(text, |(_, message)| message.trim());
        return Err(failure(message).into_error());
    }
    if text.starts_with('{') {
        let reply: ReplyObject = decode_json(text.as_bytes())?;
        if reply.error == Some(true) {
            let message = reply.message.as_deref().unwrap_or("the storage host gave no reason");
            return Err(failure(message).with_code(reply.code).into_error());
        }
        if reply.error.is_none() {
            return Err(ForeignResponse::of_body(body).into_error());
        }
        return match reply.value {
            Some(files @ Value::Array(_)) => serde_json::from_value(files).map(UploadReply::Finished).map_err(|_| {
                Error::new(ErrorKind::Protocol, "the files that the upload made are described in another way")
            }),
            _ => Ok(UploadReply::Accepted),
        };
    }
    let is_id = (8..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_id && !text.eq_ignore_ascii_case("false") {
        return Ok(UploadReply::Id(text.to_owned()));
    }
    // What else there is does not come from a storage host: it says nothing about what became of the content.
    Err(ForeignResponse::of_body(body).into_error())
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use proptest::prelude::*;

    use super::*;

    fn head() -> Head {
        Head { status: StatusCode::OK, url: Url::parse("https://storage.example/").unwrap() }
    }

    fn read(body: &str) -> Result<UploadReply> {
        read_reply(&head(), body.as_bytes())
    }

    #[test]
    fn every_known_reply_is_understood() {
        for body in ["OK", " ok\r\n", "true", "\u{feff}OK", r#"{"error":false,"value":"x"}"#, r#"{"error":false}"#] {
            assert_eq!(read(body).unwrap(), UploadReply::Accepted, "{body:?}");
        }
        let id = "fi591ac5-9cd0-4eb7-a5e9-e5e28a7faa90";
        assert_eq!(read(id).unwrap(), UploadReply::Id(id.into()));
        for size in ["27", "\"27\""] {
            let body =
                format!(r#"{{"error":false,"value":[{{"id":"fi1","parentid":"fo1","size":{size},"md5":"55"}}]}}"#);
            let UploadReply::Finished(files) = read(&body).unwrap() else { panic!("{body}") };
            assert_eq!((files[0].item_id.as_deref(), files[0].size), (Some("fi1"), Some(27)));
        }
    }

    #[test]
    fn failures_with_status_200_are_failures() {
        let cases = [
            (r#"{"error":true,"errorMessage":"Unrecognized Upload ID.","errorCode":605}"#, ErrorKind::UploadExpired),
            (r#"{"error":"true","errorMessage":"x","errorCode":"605"}"#, ErrorKind::UploadExpired),
            (r#"{"error":true,"errorMessage":"Thread was being aborted.","errorCode":420}"#, ErrorKind::Unavailable),
            (r#"{"error":true,"errorMessage":"file size does not match","errorCode":-2}"#, ErrorKind::Rejected),
            (r#"{"error":true}"#, ErrorKind::Rejected),
            ("ERROR: Unhandled exception in upload-threaded-3.aspx", ErrorKind::Rejected),
            ("ERROR:Unrecognized Upload ID.", ErrorKind::UploadExpired),
            ("", ErrorKind::Protocol),
            ("{}", ErrorKind::Protocol),
            (r#"{"message":"no Route matched"}"#, ErrorKind::Protocol),
            ("false", ErrorKind::Protocol),
            ("<html></html>", ErrorKind::Protocol),
            (r#"{"error":false,"#, ErrorKind::Network),
        ];
        for (body, kind) in cases {
            assert_eq!(read(body).unwrap_err().kind(), kind, "{body}");
        }
        let error = read(r#"{"error":true,"errorMessage":"m","errorCode":605}"#).unwrap_err();
        let typed = error.provider_error::<ShareFileError>().unwrap();
        assert_eq!((typed.code.as_deref(), typed.message.as_str()), (Some("605"), "m"));
    }

    #[test]
    fn parameters_are_appended_as_text() {
        let pairs = [("index", "0".to_owned())];
        let cases = [
            ("https://s.example/u?a=%2f+x&h=a%3D%3D", "https://s.example/u?a=%2f+x&h=a%3D%3D&index=0&fmt=json"),
            ("https://s.example/u", "https://s.example/u?index=0&fmt=json"),
            ("https://s.example/u?respformat=json", "https://s.example/u?respformat=json&index=0"),
            ("https://s.example/u?FMT=json#x", "https://s.example/u?FMT=json&index=0"),
        ];
        for (uri, expected) in cases {
            assert_eq!(appended(&Url::parse(uri).unwrap(), &pairs, true).unwrap().as_str(), expected);
        }
    }

    proptest! {
        #[test]
        fn any_reply_is_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = read_reply(&head(), &body);
        }

        #[test]
        fn appending_keeps_what_is_there(query in "[a-z0-9=&%+/._-]{0,40}") {
            let uri = Url::parse(&format!("https://s.example/u?{query}")).unwrap();
            let longer = appended(&uri, &[("index", "1".to_owned())], false).unwrap();
            prop_assert!(longer.as_str().starts_with(uri.as_str()));
        }
    }
}
