//! Files, folders and versions (ScaiDrive reference: Files and folders; guides: Files, Folders).

use super::wire::{DateTime, entity};

entity! {
    /// A file (Files and folders).
    File {
        /// The identifier, such as `fil_…`.
        id: String,
        /// The tenant.
        tenant_id: String,
        /// The share.
        share_id: String,
        /// The folder that holds it; none in the root of the share.
        folder_id: String,
        /// The name.
        name: String,
        /// The path from the root of the share.
        path: String,
        /// The media type.
        mime_type: String,
        /// The size in bytes.
        size: u64,
        /// The SHA-256 digest of the content in hexadecimal.
        checksum_sha256: String,
        /// The number of the version.
        version: i64,
        /// Who owns it.
        owner_id: String,
        /// Who created it.
        created_by: String,
        /// When.
        created_at: DateTime,
        /// Who modified it last.
        modified_by: String,
        /// When.
        modified_at: DateTime,
        /// Whether it is in the trash.
        is_deleted: bool,
        /// When it was taken into the semantic search.
        vectorized_at: DateTime,
    }
}

entity! {
    /// A folder (Files and folders).
    Folder {
        /// The identifier, such as `fld_…`.
        id: String,
        /// The tenant.
        tenant_id: String,
        /// The share.
        share_id: String,
        /// The folder that holds it; none in the root of the share.
        parent_id: String,
        /// The name.
        name: String,
        /// The path from the root of the share.
        path: String,
        /// Who owns it.
        owner_id: String,
        /// Who created it.
        created_by: String,
        /// When.
        created_at: DateTime,
        /// When it was modified last.
        modified_at: DateTime,
        /// Whether it is in the trash.
        is_deleted: bool,
    }
}

entity! {
    /// Something that a folder holds (GET /folders/{id}/children). Documented of folders are the first three fields, of
    /// files those down to `modified_at`; the rest is read where the service sends it.
    Child {
        /// The identifier.
        id: String,
        /// The name.
        name: String,
        /// `file` or `folder`.
        #[serde(rename = "type")]
        kind: String,
        /// The size in bytes.
        size: u64,
        /// The media type.
        mime_type: String,
        /// When it was modified last.
        modified_at: DateTime,
        /// The SHA-256 digest of the content in hexadecimal (not documented here).
        checksum_sha256: String,
        /// The number of the version (not documented here).
        version: i64,
        /// Whether it is in the trash (not documented here).
        is_deleted: bool,
    }
}

entity! {
    /// What a folder holds (GET /folders/{id}/children).
    Children {
        /// All of it: the reference has no pages here.
        items: Vec<Child>,
        /// The path of the folder.
        path: String,
        /// How many there are.
        total: u64,
    }
}

entity! {
    /// A folder to be created (POST /folders). Some of the names are inferred.
    NewFolder {
        /// The share.
        share_id (with_share_id): String,
        /// The name.
        name (with_name): String,
        /// The folder that is to hold it; the root of the share unless set.
        parent_id (with_parent_id): String,
    }
}

entity! {
    /// A file to be created by one request: the parameters beside its content (POST /files).
    NewFile {
        /// The share.
        share_id (with_share_id): String,
        /// The folder that is to hold it; the root of the share unless set.
        folder_id (with_folder_id): String,
        /// The name.
        name (with_name): String,
    }
}

entity! {
    /// What is changed of a file (PATCH /files/{id}).
    FileUpdate {
        /// The name.
        name (with_name): String,
    }
}

entity! {
    /// What is changed of a folder (PATCH /folders/{id}).
    FolderUpdate {
        /// The name.
        name (with_name): String,
    }
}

entity! {
    /// Where something is moved or copied to: into a folder, or into the root of a share.
    Target {
        /// The folder.
        target_folder_id (with_folder): String,
        /// The share.
        target_share_id (with_share): String,
        /// The name of a copy (inferred).
        new_name (with_new_name): String,
    }
}

entity! {
    /// One version of a file (Versioning and deduplication).
    Version {
        /// The identifier, such as `ver_…`.
        id: String,
        /// The number.
        version_number: i64,
        /// The size in bytes.
        size: u64,
        /// The SHA-256 digest of the content in hexadecimal.
        checksum_sha256: String,
        /// Who made it.
        created_by: String,
        /// When.
        created_at: DateTime,
    }
}

entity! {
    /// The versions of a file, newest first (GET /files/{id}/versions).
    Versions {
        /// The versions.
        versions: Vec<Version>,
        /// How many there are.
        total: u64,
    }
}

entity! {
    /// What came of restoring a version (POST /files/{id}/versions/{version}/restore). The reference shows no more of it.
    Restored {
        /// The identifier of the file.
        id: String,
    }
}
