//! Upload sessions (ScaiDrive: Resumable uploads).

use super::wire::{DateTime, entity};

entity! {
    /// An upload to begin (POST /uploads).
    NewUpload {
        /// The share.
        share_id (with_share_id): String,
        /// The name of the file.
        file_name (with_file_name): String,
        /// Its exact size in bytes.
        file_size (with_file_size): u64,
        /// The folder that is to hold it; the root of the share unless set.
        folder_id (with_folder_id): String,
        /// Bytes in each chunk: a power of two, at least 64 KiB; about 4 MB unless set.
        chunk_size (with_chunk_size): u64,
        /// The media type.
        mime_type (with_mime_type): String,
        /// The SHA-256 digest of the whole content in hexadecimal, which the service verifies.
        checksum_sha256 (with_checksum_sha256): String,
        /// The file that gets a new version.
        replace_file_id (with_replace_file_id): String,
    }
}

entity! {
    /// An upload under way (POST /uploads).
    UploadSession {
        /// The identifier.
        session_id: String,
        /// Bytes in each chunk but the last.
        chunk_size: u64,
        /// How many chunks there are.
        total_chunks: u64,
        /// When the session ends (inferred).
        expires_at: DateTime,
    }
}

entity! {
    /// How far an upload is (GET /uploads/{session}). No field of it is documented.
    UploadProgress {
        /// The identifier.
        session_id: String,
        /// The numbers of the chunks that the service has (not documented).
        #[serde(alias = "uploaded_chunks", alias = "completed_chunks")]
        received_chunks: serde_json::Value,
    }
}

impl UploadProgress {
    /// The numbers of the chunks that the service has; `None` where it does not name them.
    pub fn received(&self) -> Option<Vec<u64>> {
        self.received_chunks.as_ref()?.as_array()?.iter().map(serde_json::Value::as_u64).collect()
    }
}

entity! {
    /// A completed upload (POST /uploads/{session}/complete).
    Uploaded {
        /// The file.
        file_id: String,
    }
}
