//! Where content is sent to and fetched from. The addresses grant access: `Debug` shows none of them.

use serde_json::Value;
use sharesync_core::SecretUrl;

use super::enums::UploadMethod;
use super::people::Zone;
use super::wire::{Hidden, entity};

entity! {
    /// Where and how the content of an upload is to be sent [upload file, Items reference].
    UploadSpecification {
        /// The method that was granted.
        method: UploadMethod = "Method",
        /// To be called before any content is sent, where it is set.
        prepare_uri: SecretUrl = "PrepareUri",
        /// Where content is sent.
        chunk_uri: SecretUrl = "ChunkUri",
        /// To be called after all content was sent, where it is set.
        finish_uri: SecretUrl = "FinishUri",
        /// For progress displays of the service's own.
        progress_data: Hidden = "ProgressData",
        /// Whether the service holds a part of the file already.
        is_resume: bool = "IsResume",
        /// The index of the last chunk that it holds [inferred; see `Uploads`].
        resume_index: i64 = "ResumeIndex",
        /// How many bytes it holds.
        resume_offset: i64 = "ResumeOffset",
        /// The MD5 of these bytes.
        resume_file_hash: String = "ResumeFileHash",
        /// How many chunks may be under way at once.
        max_number_of_threads: i64 = "MaxNumberOfThreads",
        /// Whether parameters of chunks may be sent as headers. Which headers is not documented.
        can_accept_params_in_headers: bool = "CanAcceptParamsInHeaders",
        /// Whether a file of this name is there [semantics not documented].
        is_duplicate_file_name: bool = "IsDuplicateFileName",
    }
}

entity! {
    /// A file that an upload has made, as the storage host answers it.
    UploadedFile {
        /// The upload.
        upload_id: Hidden = "uploadid",
        /// The folder that holds the file.
        parent_id: String = "parentid",
        /// The identifier of the file: of this version of it.
        item_id: String = "id",
        /// What all versions of the file have in common.
        stream_id: String = "streamid",
        /// The name in the file system.
        file_name: String = "filename",
        /// The display name.
        display_name: String = "displayname",
        /// The size in bytes.
        size: i64 = "size",
        /// The MD5 of the content.
        md5: String = "md5",
    }
}

entity! {
    /// Where content is to be fetched [download item content, Items reference].
    DownloadSpecification {
        /// Identifies the download.
        download_token: Hidden = "DownloadToken",
        /// For the preparation of archives.
        prepare_xml_info: Hidden = "PrepareXmlInfo",
        /// Where the content is.
        download_url: SecretUrl = "DownloadUrl",
        /// Starts the preparation of a large archive. What it answers is not documented.
        download_prep_start_url: SecretUrl = "DownloadPrepStartURL",
        /// Says how far the preparation is. What it answers is not documented.
        download_prep_status_url: SecretUrl = "DownloadPrepStatusURL",
    }
}

entity! {
    /// Another place to go on at: a connector, a thumbnail, a page of the web app.
    Redirection {
        /// The method to call it with; GET unless set.
        method: String = "Method",
        /// The folder of the connector to begin at.
        root: String = "Root",
        /// The zone that it belongs to.
        zone: Box<Zone> = "Zone",
        /// The domain to sign in to.
        domain: String = "Domain",
        /// The address.
        uri: SecretUrl = "Uri",
        /// Where a person signs in.
        forms_uri: SecretUrl = "FormsUri",
        /// Where a session is made.
        session_uri: SecretUrl = "SessionUri",
        /// Where tokens are given.
        token_uri: SecretUrl = "TokenUri",
        /// Whether a session must be checked first.
        session_check: bool = "SessionCheck",
        /// The body to send.
        body: Value = "Body",
        /// Whether the place can be reached.
        available: bool = "Available",
    }
}
