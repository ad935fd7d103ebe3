//! SyncAPI: changes, folders, and the position of uploads.

use super::{ActionCode, Permission};
use crate::soap::{DateTime, DocumentError, Element, Record as _, Row, record};

record! {
    /// The present state of a file that has changed (ChangeList, `ChangeFileItem`). How a deletion or a new name is told is
    /// not documented: whoever needs to know asks for the file.
    ChangeFileItem {
        /// The folder that the file is in, by its number.
        parent_folder_id ("ParentFolderID"): i64,
        /// The name of the file.
        name ("Name"): String,
        /// Bytes.
        size ("Size"): i64,
        /// A digest of the content; which one is not documented.
        checksum ("Checksum"): Option<String>,
    }
}

record! {
    /// A folder that has changed (ChangeList, `ChangeItem`).
    ChangeItem {
        /// Its number. The document has it as an int, where other numbers are long.
        item_id ("ItemId"): i64,
        /// Where it is.
        path ("Path"): Option<String>,
        /// What happened to it.
        action_code ("ActionCode"): ActionCode,
        /// When; in which zone is not documented.
        last_event_date ("LastEventDate"): DateTime,
    }
}

record! {
    /// What a list of changes says besides its entries (ChangeList).
    ChangeSummary {
        /// Whether the set of folders to be synchronised has changed (inferred).
        header_changed ("HeaderChanged"): bool,
        /// Where to go on the next time (inferred): sent back as it is.
        sync_end_date ("SyncEndDate"): DateTime,
        /// Not documented; probably the difference between two clocks.
        offset_date ("OffsetDate"): Option<f64>,
        /// Whether the list is not complete, so that everything is to be read anew (inferred).
        full_sync ("FullSync"): bool,
    }
}

/// An entry of a list of changes.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ChangeEntry {
    /// A file.
    File(ChangeFileItem),
    /// A folder.
    Folder(ChangeItem),
}

impl Row for ChangeEntry {
    const LISTS: &'static [(&'static str, &'static str)] =
        &[("ChangedFileList", "ChangeFileItem"), ("ChangedFolderList", "ChangeItem")];

    fn read(list: usize, entry: Element<'_>) -> Result<Self, DocumentError> {
        match list {
            0 => ChangeFileItem::read(entry).map(Self::File),
            _ => ChangeItem::read(entry).map(Self::Folder),
        }
    }
}

record! {
    /// A folder at the top: the account's own volume, or one shared with it (GetAllItemsForSync, `RootItems`).
    RootItem {
        /// Its path.
        shared_directory ("SharedDirectory"): Option<String>,
        /// What the account may do there; that the letters are those of the volumes is inferred.
        permission ("PermissionFlag"): Option<Permission>,
        /// Its number.
        folder_id ("FolderId"): i64,
    }
}

record! {
    /// A folder below (GetAllItemsForSync, `ChildItems`). The document is cut off after these elements.
    ChildItem {
        /// A path: whether its own or that of the folder around it is not documented.
        path ("Path"): Option<String>,
        /// Its name.
        name ("Name"): Option<String>,
        /// How deep it is.
        level ("Level"): Option<i32>,
        /// Its number.
        folder_id ("FolderId"): i64,
    }
}

/// An entry of the list of all folders.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum FolderEntry {
    /// At the top.
    Root(RootItem),
    /// Below.
    Child(ChildItem),
}

impl Row for FolderEntry {
    const LISTS: &'static [(&'static str, &'static str)] =
        &[("RootLevelItems", "RootItems"), ("ChildLevelItems", "ChildItems")];

    fn read(list: usize, entry: Element<'_>) -> Result<Self, DocumentError> {
        match list {
            0 => RootItem::read(entry).map(Self::Root),
            _ => ChildItem::read(entry).map(Self::Child),
        }
    }
}

record! {
    /// What the list of all folders says besides: nothing that is known (GetAllItemsForSync, cut off).
    FoldersSummary {
        /// Why the service refuses; not documented for this operation.
        error_message ("ErrorMessage"): Option<String>,
    }
}

record! {
    /// How much the service holds of an upload (SyncUploadResume). The document is cut off after these elements.
    SyncUploadPosition {
        /// The name of the upload.
        file_guid ("FileGUID"): Option<String>,
        /// The number of the file; 0 for a new one (inferred).
        server_file_id ("ServerFileID"): i64,
        /// The bytes that the service holds (inferred).
        file_length ("FileLength"): i64,
    }
}

record! {
    /// Where a log went (SubmitSyncLog).
    SyncedLog {
        /// The key of the folder.
        folder_access_key ("FolderAccessKey"): Option<sharesync_core::Secret>,
    }
}
