//! Uploads: whole files, and chunks in their four forms.

use std::io::Read;

use bytes::Bytes;
use flate2::bufread::GzDecoder;
use jiff::Timestamp;

use super::args::Args;
use super::places::Rights;
use super::record::Record;
use super::staging::{Target, Which};
use super::{Ctx, Outcome, Refused, times};
use crate::drive::{Content, Entry, FileUpload, ItemId, OnConflict, User};

/// No chunk is longer when it is unpacked.
const LONGEST_CHUNK: usize = 64 << 20;

/// Where a file goes: whose it is, its folder and its name.
pub(super) struct Destination {
    pub(super) user: User,
    pub(super) folder: ItemId,
    pub(super) name: String,
}

/// What a chunk says of the file's times.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Times {
    modified: Option<Timestamp>,
    created: Option<Timestamp>,
}

impl Times {
    pub(super) fn of(args: &Args) -> Self {
        Self { modified: args.date("LastWriteTimeUtc"), created: args.date("CreationTimeUtc") }
    }
}

/// A chunk that arrived, and what became of it.
pub(super) struct Appended {
    pub(super) token: String,
}

impl Ctx {
    /// Where a path of the caller's leads to: a folder that may be written, and a name that is free or a file's.
    fn destination(&self) -> Result<Destination, Refused> {
        let user = self.user()?;
        let path = self.args.text("Path");
        if let Ok(there) = self.place(&user, path) {
            there.file()?.need(Rights::Create)?;
        }
        let (folder, name) = self.new_place(&user, path)?;
        Ok(Destination { user, folder: folder.id(), name })
    }

    pub(super) async fn upload_file(&self) -> Outcome {
        self.put_whole(&self.destination()?).await?;
        Ok(Record::new().set("Uploaded", true))
    }

    /// Puts `FileData` where it belongs.
    pub(super) async fn put_whole(&self, to: &Destination) -> Result<Entry, Refused> {
        self.put_bytes(to, self.args.bytes("FileData")).await
    }

    async fn put_bytes(&self, to: &Destination, data: Bytes) -> Result<Entry, Refused> {
        let mut writer = self.drive().writer()?;
        writer.push(data).await?;
        let staged = writer.finish().await?;
        let digests = staged.digests().clone();
        let content = crate::drive::Staged::join([&staged], digests);
        self.put(to, content, Times::default())
    }

    pub(super) async fn append_chunk(&self, zipped: bool) -> Outcome {
        let to = self.destination()?;
        let data = chunk_of(&self.args, zipped)?;
        let appended = self.append(&to, &self.args, data, Which::AtTarget, self.args.flag("isLastChunk")).await?;
        Ok(Record::new().set("ChunkAppended", true).set("UploadToken", appended.token))
    }

    pub(super) async fn chunk_upload(&self) -> Outcome {
        let to = self.destination()?;
        self.chunk_with_token(&to, &self.args).await
    }

    /// A chunk whose upload has a token, and whose last one brings the times.
    pub(super) async fn chunk_with_token(&self, to: &Destination, args: &Args) -> Outcome {
        let data = chunk_of(args, false)?;
        let which = Which::Token(args.text("UploadToken"));
        let appended = self.append(to, args, data, which, args.flag("isLastChunk")).await?;
        let date = |name| args.date(name).map(|at| times::xml(at, true));
        Ok(Record::new()
            .set("ChunkAppended", true)
            .set("UploadToken", appended.token)
            .set_some("LastWriteTimeUtc", date("LastWriteTimeUtc"))
            .set_some("CreationTimeUtc", date("CreationTimeUtc")))
    }

    pub(super) async fn append(
        &self,
        to: &Destination,
        args: &Args,
        data: Bytes,
        which: Which<'_>,
        last: bool,
    ) -> Result<Appended, Refused> {
        let offset = u64::try_from(args.number("Offset")).map_err(|_| Refused::because("The offset is wrong."))?;
        let uploads = &self.face.uploads;
        let target = Target::new(to.user.id, to.folder, &to.name);
        let upload = uploads.get(&target, which, offset == 0)?;
        if self.face.options.partial_files && offset == 0 && !last {
            self.put_bytes(to, data.clone()).await?;
        }
        if let Some(content) = upload.append(self.drive(), offset, data, last).await? {
            uploads.end(&upload);
            self.put(to, content, Times::of(args))?;
        }
        Ok(Appended { token: upload.token.clone() })
    }

    /// A file that is there becomes a version older.
    fn put(&self, to: &Destination, content: Content, times: Times) -> Result<Entry, Refused> {
        let file = FileUpload {
            parent: to.folder,
            name: to.name.as_str().into(),
            content,
            description: None,
            client_created: times.created,
            client_modified: times.modified,
            expires: None,
            on_conflict: OnConflict::Replace,
        };
        Ok(self.drive().put_file(to.user.id, file)?)
    }
}

/// The bytes of a chunk: as many of them as `BytesRead` says, which some clients trust the server to go by.
pub(super) fn chunk_of(args: &Args, zipped: bool) -> Result<Bytes, Refused> {
    let data = args.bytes("ChunkData");
    let said = usize::try_from(args.number("BytesRead")).map_err(|_| Refused::because("BytesRead is wrong."))?;
    let (plain, packed) = if zipped { (unpack(&data)?, Some(data.len())) } else { (data, None) };
    if said > plain.len() && packed != Some(said) {
        let reason = format!("BytesRead is {said}, and the chunk has {} bytes.", plain.len());
        return Err(Refused::because(reason));
    }
    Ok(if packed == Some(said) { plain } else { plain.slice(..said) })
}

/// A chunk is one whole GZIP stream.
fn unpack(data: &[u8]) -> Result<Bytes, Refused> {
    if data.is_empty() {
        return Ok(Bytes::new());
    }
    let mut plain = Vec::new();
    let mut decoder = GzDecoder::new(data);
    let read = (&mut decoder).take(LONGEST_CHUNK as u64 + 1).read_to_end(&mut plain);
    let whole = read.is_ok_and(|length| length <= LONGEST_CHUNK) && decoder.into_inner().is_empty();
    if whole { Ok(plain.into()) } else { Err(Refused::because("The chunk is no GZIP stream.")) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_chunk_is_one_whole_gzip_stream() {
        let pack = |data: &[u8]| {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(data).expect("memory");
            encoder.finish().expect("memory")
        };
        assert_eq!(unpack(&pack(b"hello")).expect("a stream"), "hello");
        assert_eq!(unpack(b"").expect("nothing"), "");
        let whole = pack(&[0; 100_000]);
        assert_eq!(unpack(&whole).expect("a stream").len(), 100_000);
        assert!(unpack(b"hello").is_err());
        assert!(unpack(&whole[..whole.len() - 1]).is_err());
        assert!(unpack(&[whole.clone(), b"more".to_vec()].concat()).is_err());
        assert!(unpack(&pack(&vec![0; LONGEST_CHUNK + 1])).is_err());
    }
}
