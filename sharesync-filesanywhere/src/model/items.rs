//! FAWAPI: files and folders.

use sharesync_core::Timestamp;

use super::Permission;
use crate::soap::{DateTime, DocumentError, Element, Row, Text, record};

/// Whether an item is a file or a folder (ListItems2, `Type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ItemKind {
    /// `file`.
    File,
    /// `folder`.
    Folder,
}

impl ItemKind {
    /// As the service writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Folder => "folder",
        }
    }
}

impl Text for ItemKind {
    const KIND: &'static str = "type of item";

    fn parse(text: &str) -> Option<Self> {
        [Self::File, Self::Folder].into_iter().find(|kind| text.trim().eq_ignore_ascii_case(kind.as_str()))
    }
}

record! {
    /// An entry of a folder (ListItems2, `Item`; ListItemsWithPermissions, `ItemWithPermissions`).
    ItemRow {
        /// File or folder; `None` for what the service calls neither.
        kind ("Type"): MaybeKind,
        /// The name.
        name ("Name"): String,
        /// Bytes, in decimal digits (observed).
        size ("Size"): Option<String>,
        /// The folder that it is in, with a separator at the end (observed).
        path ("Path"): Option<String>,
        /// When it was modified: text in a form and a zone that are not documented.
        date_last_modified ("DateLastModified"): Option<String>,
        /// What the account may do with it, where that was asked for.
        permission ("Permission"): Option<Permission>,
    }
}

/// The type of an entry, as the service writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaybeKind(pub String);

impl MaybeKind {
    /// File or folder; `None` for what the service calls neither.
    pub fn kind(&self) -> Option<ItemKind> {
        ItemKind::parse(&self.0)
    }
}

impl Text for MaybeKind {
    const KIND: &'static str = "text";

    fn parse(text: &str) -> Option<Self> {
        Some(Self(text.to_owned()))
    }
}

impl ItemRow {
    /// The length in bytes, of a file.
    pub fn bytes(&self) -> Option<u64> {
        self.size.as_deref().and_then(|size| size.trim().parse().ok())
    }
}

impl Row for ItemRow {
    const LISTS: &'static [(&'static str, &'static str)] = &[("Items", "Item")];

    fn read(_list: usize, entry: Element<'_>) -> Result<Self, DocumentError> {
        crate::soap::Record::read(entry)
    }
}

record! {
    /// What a page of a listing says besides its entries (ListItems2).
    ListSummary {
        /// The number of the page.
        page_num ("PageNum"): i32,
        /// How many pages there are.
        page_count ("PageCount"): i32,
        /// Whether nothing waits to be pasted.
        clipboard_is_empty ("ClipboardIsEmpty"): bool,
    }
}

/// Entries of a page with permissions are called otherwise.
#[derive(Debug)]
pub(crate) struct PermittedRow(pub(crate) ItemRow);

impl Row for PermittedRow {
    const LISTS: &'static [(&'static str, &'static str)] = &[("Items", "ItemWithPermissions")];

    fn read(_list: usize, entry: Element<'_>) -> Result<Self, DocumentError> {
        crate::soap::Record::read(entry).map(Self)
    }
}

record! {
    /// A file (FileProperties).
    FileProperties {
        /// -1 when there is no such file.
        file_exists ("FileExists"): i16,
        /// Bytes, in decimal digits.
        size ("Size"): Option<String>,
        /// When it was modified, in GMT: text in a form that is not documented.
        date_last_modified_in_gmt ("DateLastModifiedInGMT"): Option<String>,
        /// When it was modified, in units of 100 ns since the year 1. That the zone is GMT is inferred.
        date_time_in_ticks ("DateTimeInTicks"): i64,
    }
}

/// .NET counts from the year 1.
const TICKS_TO_1970: i64 = 621_355_968_000_000_000;
const TICKS_A_SECOND: i64 = 10_000_000;

impl FileProperties {
    /// Whether there is such a file.
    pub fn exists(&self) -> bool {
        self.file_exists != -1
    }

    /// The length in bytes.
    pub fn bytes(&self) -> Option<u64> {
        self.size.as_deref().and_then(|size| size.trim().parse().ok())
    }

    /// When it was modified; `None` when the service does not say.
    pub fn modified(&self) -> Option<Timestamp> {
        let ticks = self.date_time_in_ticks.checked_sub(TICKS_TO_1970).filter(|_| self.date_time_in_ticks > 0)?;
        let nanoseconds = i32::try_from(ticks.rem_euclid(TICKS_A_SECOND) * 100).ok()?;
        Timestamp::from_unix(ticks.div_euclid(TICKS_A_SECOND), nanoseconds)
    }
}

record! {
    /// A file or folder (ItemProperties).
    ItemProperties {
        /// Bytes, in decimal digits.
        size ("Size"): Option<String>,
        /// How many items there are in a folder.
        count ("Count"): Option<String>,
        /// When it was created: text in a form and a zone that are not documented.
        date_created ("DateCreated"): Option<String>,
        /// When it was modified, likewise.
        date_last_modified ("DateLastModified"): Option<String>,
    }
}

record! {
    /// A file or folder, with the state of its checkout (ItemAdvancedProperties).
    AdvancedProperties {
        /// Bytes, in decimal digits.
        size ("Size"): Option<String>,
        /// How many items there are in a folder.
        count ("Count"): Option<String>,
        /// When it was created: text in a form and a zone that are not documented.
        date_created ("DateCreated"): Option<String>,
        /// When it was modified, likewise.
        date_last_modified ("DateLastModified"): Option<String>,
        /// The comment of the version.
        comments ("VC_Comments"): Option<String>,
        /// The comment of the checkout.
        checkout_comments ("VC_CheckoutComments"): Option<String>,
        /// When it was checked out.
        checkout_date ("VC_CheckoutStatusDate"): Option<String>,
        /// Who has checked it out.
        checkout_by ("VC_CheckoutStatusByName"): Option<String>,
    }
}

record! {
    /// What a search found (SearchFiles, `CAddListItem`).
    FoundItem {
        /// The folder that it is in.
        folder ("Folder"): Option<String>,
        /// When it was modified.
        modified_date ("ModifiedDate"): DateTime,
        /// Bytes.
        size ("Size"): u64,
        /// The name.
        name ("Name"): Option<String>,
        /// Not documented.
        parameter ("Parameter"): Option<String>,
        /// Not documented.
        total_size ("TotalSize"): i64,
        /// File or folder.
        item_type ("ItemType"): Option<String>,
        /// The number of the file.
        file_id ("FileID"): Option<String>,
        /// Not documented.
        sort_field ("SortField"): Option<String>,
    }
}

impl Row for FoundItem {
    const LISTS: &'static [(&'static str, &'static str)] = &[("Items", "CAddListItem")];

    fn read(_list: usize, entry: Element<'_>) -> Result<Self, DocumentError> {
        crate::soap::Record::read(entry)
    }
}

record! {
    /// A new folder (CreateFolderRecursive).
    NewFolder {
        /// The name it got. Whether the service chooses another one when a name is taken is not documented.
        new_folder_name ("NewFolderName"): Option<String>,
    }
}

record! {
    /// What became of each item of a move (MoveItems).
    MovedItems {
        /// One for each item.
        items ("MovedItems" / "MovedItem"): Vec<MovedItem>,
    }
}

record! {
    /// What became of one item (MoveItems, `MovedItem`).
    MovedItem {
        /// Why it was not moved.
        error_message ("ErrorMessage"): Option<String>,
        /// Where it was.
        src_path ("SrcPath"): Option<String>,
        /// Where it is.
        dst_path ("DstPath"): Option<String>,
        /// Whether it was moved.
        moved ("Moved"): bool,
    }
}
