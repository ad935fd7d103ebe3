//! Nodes: files and folders, and what requests say about them.

use super::enums::{PreviewType, SyncStatus};
use super::people::Person;
use super::wire::{DateTime, entity};

entity! {
    /// A file or a folder [Create folder; Upload file; Get files and folders list].
    Node {
        /// The identifier; `0` is the root.
        uuid: String,
        /// The name.
        name: String,
        /// The path from the root, by names with `/` between them, without one at the beginning.
        path: String,
        /// The size in bytes.
        size: i64,
        /// Whether it is a folder.
        is_directory: bool,
        /// The MD5 digest of the content in hexadecimal; an empty text for folders.
        checksum: String,
        /// When it was modified.
        file_modification_date: DateTime,
        /// The identifier of the folder that holds it.
        parent_uuid: String,
        /// The nodes from the root down to this one, itself included.
        parents: Vec<ParentNode>,
        /// Whether it is deleted.
        is_deleted: bool,
        /// Who owns it.
        owner: Person,
        /// The owner's e-mail address.
        owner_email: String,
        /// What the user may do with it.
        permissions: NodePermissions,
        /// What the user may do with it in Office Online.
        office_online_permissions: OfficeOnlinePermissions,
        /// Whether it is synchronized.
        synced: SyncStatus,
        /// Whether it is read-only.
        read_only: bool,
        /// Whether it is shared.
        is_shared: bool,
        /// Whether anything in it is shared.
        has_shared_child_nodes: bool,
        /// Whether anything in it can be written to.
        has_writable_children: bool,
        /// Whether there are links to it.
        has_active_links: bool,
        /// How it can be previewed.
        preview_type: PreviewType,
        /// When the shared access to it ends.
        expiration_date: DateTime,
        /// What can be done with it, and where.
        actions: NodeActions,
    }
}

entity! {
    /// A node on the way from the root [Create folder, `parents`].
    ParentNode {
        /// The name.
        name: String,
        /// The identifier.
        uuid: String,
        /// Whether it is the root.
        is_root: bool,
    }
}

entity! {
    /// What the user may do with a node [Create folder, `permissions`].
    NodePermissions {
        /// Rename it.
        can_be_renamed: bool,
        /// Leave it.
        can_be_unsubscribed: bool,
        /// Restore it.
        can_be_restored: bool,
        /// Create folders in it.
        can_create_folders_into: bool,
        /// Copy it.
        can_be_copied: bool,
        /// Create files in it.
        can_create_files_into: bool,
        /// See who its members are.
        can_view_members: bool,
        /// Synchronize it in both directions.
        can_be_synced_2_way: bool,
        /// Delete it.
        can_be_deleted: bool,
        /// Synchronize it in one direction.
        can_be_synced_1_way: bool,
        /// Move it.
        can_be_moved: bool,
        /// Share it.
        can_be_shared: bool,
        /// Create links to it.
        can_be_shared_via_link: bool,
        /// Invite members to it.
        can_invite: bool,
        /// Download it.
        can_be_downloaded: bool,
        /// Remove single revisions of it.
        can_selectively_purge_revisions: bool,
    }
}

entity! {
    /// What the user may do with a node in Office Online [Create folder, `office_online_permissions`].
    OfficeOnlinePermissions {
        /// Create files in it.
        can_create_files_into: bool,
        /// Preview it.
        can_be_previewed: bool,
        /// Edit it.
        can_be_edited: bool,
    }
}

entity! {
    /// Addresses of what can be done with a node, relative to the server [Create folder, `actions`]. The document has no
    /// operation behind `download` and `preview`.
    NodeActions {
        /// Downloading it.
        download: String,
        /// Uploading into it.
        upload: String,
        /// Previewing it.
        preview: String,
    }
}

entity! {
    /// A folder to be created: by `name` and `parent_uuid`, or by `path` [Create folder].
    NewFolder {
        /// The name.
        name: String,
        /// The identifier of the folder that is to hold it; `0` is the root.
        parent_uuid: String,
        /// The path from the root, by names with `/` between them.
        path: String,
    }
}

impl NewFolder {
    /// A folder of this name in the folder of this identifier.
    pub fn by_name(name: impl Into<String>, parent_uuid: impl Into<String>) -> Self {
        Self { name: Some(name.into()), parent_uuid: Some(parent_uuid.into()), ..Self::default() }
    }

    /// A folder at this path.
    pub fn by_path(path: impl Into<String>) -> Self {
        Self { path: Some(path.into()), ..Self::default() }
    }
}

entity! {
    /// What is changed of a node [Update file or folder].
    NodeUpdate {
        /// The new name.
        name (with_name): String,
    }
}

entity! {
    /// Where a node is copied or moved to [Copy file or folder; Move file or folder].
    Target {
        /// The identifier of the folder that is to hold it; `0` is the root.
        parent_uuid (with_parent_uuid): String,
    }
}

entity! {
    /// A file to be uploaded: the parameters beside its content [Upload file].
    NewFile {
        /// The name, at least one character.
        filename (with_filename): String,
        /// The size in bytes.
        size (with_size): i64,
        /// The MD5 digest of the content in hexadecimal; the service compares it with what it receives.
        checksum (with_checksum): String,
    }
}
