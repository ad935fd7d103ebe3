//! Uploads, the storage host's side: takes chunks in and puts the finished file into the drive.
//! A body that breaks off before its announced end counts for nothing.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream;
use http::Method as HttpMethod;
use multer::{Constraints, Multipart, SizeLimit};

use super::super::ShareFile;
use super::super::ids;
use super::super::items::check_name;
use super::Upload;
use super::params::Method;
use super::parts::Incomplete;
use super::reply::{Failure, chunk_received, finished, wants_json};
use crate::drive::{ContentWriter, Drive, DriveError, Entry, FileUpload, OnConflict, Staged};
use crate::http::{Call, Query, Reply, RequestBody};

/// What a request brought: the bytes, and the file name that a form may carry.
struct Arrived {
    staged: Staged,
    file_name: Option<String>,
}

impl ShareFile {
    pub(in super::super) async fn receive(self: Arc<Self>, mut call: Call) -> Reply {
        let upload = self.uploads.get(call.query.get("uploadid").unwrap_or_default());
        let as_json = wants_json(&call, upload.as_deref());
        let result = if !self.signer.covers(&call.path, &call.raw_query) {
            Err(Failure::unauthorized())
        } else if !matches!(call.method, HttpMethod::GET | HttpMethod::POST) {
            Err(Failure::wrong_method())
        } else if let Some(upload) = &upload {
            self.take(&mut call, upload, as_json).await
        } else {
            Err(Failure::unknown_upload())
        };
        result.unwrap_or_else(|failure| failure.into_reply(as_json))
    }

    async fn take(&self, call: &mut Call, upload: &Upload, as_json: bool) -> Result<Reply, Failure> {
        let says_finish = call.query.is_true("finish");
        let finishes = match upload.params.method {
            Method::Standard => true,
            Method::Streamed => says_finish,
            // The last chunk of a threaded upload may come first and say `finish` too: only the finish address ends it.
            Method::Threaded => is_finish_address(&call.raw_query),
        };
        let mut file_name = None;
        if upload.params.method != Method::Threaded || !finishes {
            file_name = self.take_chunk(call, upload).await?;
        }
        if !finishes {
            return Ok(chunk_received(as_json, upload.params.method));
        }
        let entry = self.finish(&call.query, upload, file_name).await?;
        self.uploads.remove(upload);
        Ok(finished(as_json, upload, &entry))
    }

    /// Stores one chunk. Only when all of it has arrived and its hash is right does it become part of the upload.
    async fn take_chunk(&self, call: &mut Call, upload: &Upload) -> Result<Option<String>, Failure> {
        let number = |name: &str| match call.query.get(name) {
            None => Ok(None),
            Some(text) => text.parse::<u64>().map(Some).map_err(|_| Failure::other(format!("{name} is no number"))),
        };
        let (index, offset) = (number("index")?, number("byteoffset")?);
        if upload.params.method == Method::Threaded && (index.is_none() || offset.is_none()) {
            return Err(Failure::other("index and byteOffset are required"));
        }
        if offset.is_some_and(|offset| offset > i64::MAX.cast_unsigned()) {
            return Err(Failure::other("byteOffset is too large"));
        }
        let arrived = self.read_body(call, upload).await?;
        let (index, offset) = match upload.params.method {
            Method::Standard => (Some(0), Some(0)),
            _ => (index, offset),
        };
        let hash = call.query.get("hash");
        if hash.is_some_and(|hash| !hash.eq_ignore_ascii_case(&arrived.staged.digests().md5)) {
            return Err(Failure::other("the hash of the chunk does not match"));
        }
        if !upload.parts.add(index, offset, arrived.staged) {
            return Err(Failure::unknown_upload());
        }
        Ok(arrived.file_name)
    }

    async fn read_body(&self, call: &mut Call, upload: &Upload) -> Result<Arrived, Failure> {
        let broken = |error: io::Error| Failure::other(format!("the body cannot be read: {error}"));
        if upload.params.raw {
            let mut writer = self.drive().writer().map_err(broken)?;
            while let Some(data) = call.body.chunk().await.map_err(broken)? {
                writer.push(data).await.map_err(broken)?;
            }
            return Ok(Arrived { staged: writer.finish().await.map_err(broken)?, file_name: None });
        }
        let boundary = multer::parse_boundary(call.content_type())
            .map_err(|_| Failure::other("the body must be a multipart form, or the upload raw"))?;
        let arrived = read_form(self.drive(), &mut call.body, boundary).await;
        call.body.drain().await;
        arrived?.ok_or_else(|| Failure::other("the form has no file"))
    }

    /// Puts the file into its folder, once everything that was said about it is true.
    async fn finish(&self, query: &Query, upload: &Upload, file_name: Option<String>) -> Result<Entry, Failure> {
        let params = &upload.params;
        let name = params.file_name.clone().or(file_name).ok_or_else(|| Failure::other("there is no file name"))?;
        check_name(&name).map_err(|error| Failure::other(error.message()))?;
        let said = query.number("filesize");
        if said.zip(params.file_size).is_some_and(|(said, declared)| said != declared) {
            return Err(Failure::wrong_size());
        }
        let content = upload.parts.finish(said.or(params.file_size), query.get("filehash")).await;
        let content = content.map_err(|incomplete| match incomplete {
            Incomplete::Size => Failure::wrong_size(),
            Incomplete::Hash => Failure::other("the hash of the file does not match"),
            Incomplete::Closed => Failure::unknown_upload(),
            Incomplete::Store(error) => Failure::other(error.to_string()),
        })?;
        let file = FileUpload {
            parent: upload.folder,
            name: name.as_str().into(),
            content,
            description: query.get("details").or(params.details.as_deref()).map(Into::into),
            client_created: params.client_created,
            client_modified: params.client_modified,
            expires: params.expires,
            on_conflict: match params.overwrite {
                _ if query.is_true("forceunique") => OnConflict::Rename,
                true => OnConflict::Replace,
                false => OnConflict::Fail,
            },
        };
        self.put(upload, file)
    }

    fn put(&self, upload: &Upload, file: FileUpload) -> Result<Entry, Failure> {
        if let Some(base) = &upload.params.base_file {
            let current = self.drive().child(file.parent, &file.name).map(|entry| ids::item_id(&entry));
            if !current.is_some_and(|current| current.eq_ignore_ascii_case(base)) {
                return Err(Failure::other("FileUploadConflict: the file was changed since it was last read"));
            }
        }
        self.drive().put_file(upload.by, file).map_err(|error| match error {
            DriveError::NameTaken { .. } => Failure::other("an item with this name already exists in the folder"),
            DriveError::NotFound => Failure::other("the folder is gone"),
            other => Failure::other(other.to_string()),
        })
    }
}

/// Whether the signed part of the address, which the client cannot have written, says that this is the finish address.
fn is_finish_address(raw_query: &str) -> bool {
    raw_query.split("&h=").next().is_some_and(|signed| Query::parse(signed).is_true("finish"))
}

/// Stores the file of a form: the documented field, else the first with a file name.
async fn read_form(drive: &Drive, body: &mut RequestBody, boundary: String) -> Result<Option<Arrived>, Failure> {
    let broken = |error: multer::Error| Failure::other(format!("the form cannot be read: {error}"));
    let store = |error: io::Error| Failure::other(error.to_string());
    let chunks = stream::unfold(body, |body| async move {
        let chunk: io::Result<Bytes> = body.chunk().await.transpose()?;
        Some((chunk, body))
    });
    let limit = SizeLimit::new().whole_stream(u64::MAX).per_field(u64::MAX);
    let mut form = Multipart::with_constraints(Box::pin(chunks), boundary, Constraints::new().size_limit(limit));
    let mut found = None;
    while let Some(mut field) = form.next_field().await.map_err(broken)? {
        let is_file = field.file_name().is_some() || matches!(field.name(), Some("Filedata" | "File1"));
        if !is_file || found.is_some() {
            while field.chunk().await.map_err(broken)?.is_some() {}
            continue;
        }
        let file_name = field.file_name().map(|name| base_name(name).to_owned());
        let mut writer: ContentWriter = drive.writer().map_err(store)?;
        while let Some(data) = field.chunk().await.map_err(broken)? {
            writer.push(data).await.map_err(store)?;
        }
        found = Some(Arrived { staged: writer.finish().await.map_err(store)?, file_name });
    }
    Ok(found)
}

/// Some clients send the whole local path.
fn base_name(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}
