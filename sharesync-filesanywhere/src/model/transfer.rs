//! Uploads and downloads.

use sharesync_core::{Secret, SecretUrl};

use crate::soap::{DateTime, Text, record};

record! {
    /// What became of a chunk (AppendChunk; AppendChunkGZip).
    ChunkAppended {
        /// Not used: the request has no place for it.
        upload_token ("UploadToken"): Option<Secret>,
    }
}

record! {
    /// What became of a chunk (ChunkUpload; AppendChunkWithFolderAccessKey).
    ChunkUploaded {
        /// Goes with the next chunk.
        upload_token ("UploadToken"): Option<Secret>,
        /// When the content was modified, as the service took it.
        last_write_time_utc ("LastWriteTimeUtc"): Option<DateTime>,
        /// When the file was created, likewise.
        creation_time_utc ("CreationTimeUtc"): Option<DateTime>,
    }
}

record! {
    /// Where the content of a file is (DownloadFile; DownloadFile2; ViewFile; DownloadWithCheckout).
    DownloadUrl {
        /// The address. Whoever has it has the content.
        url ("URL"): Option<SecretUrl>,
    }
}

/// How far the service is with an archive (DownloadZipFile, `DownloadFileStatus`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ZipStatus {
    /// `Unknown`.
    Unknown,
    /// `Processing`: ask again.
    Processing,
    /// `Complete`: the address is there.
    Complete,
    /// `Errored`.
    Errored,
    /// Another word.
    Other(String),
}

impl Text for ZipStatus {
    const KIND: &'static str = "status of an archive";

    fn parse(text: &str) -> Option<Self> {
        Some(match text.trim() {
            "Unknown" => Self::Unknown,
            "Processing" => Self::Processing,
            "Complete" => Self::Complete,
            "Errored" => Self::Errored,
            other => Self::Other(other.to_owned()),
        })
    }
}

record! {
    /// An archive of a folder that the service makes (DownloadZipFile).
    ZipDownload {
        /// Where it is, once it is complete.
        url ("URL"): Option<SecretUrl>,
        /// How far it is.
        status ("DownloadFileStatus"): ZipStatus,
        /// The number of the work.
        process_id ("ProcessId"): i64,
    }
}
