//! Files and folders.

use sharesync_core::http::Repeat;
use sharesync_core::{Result, own_task};

use super::NoSummary;
use crate::client::resource;
use crate::model::{
    AdvancedProperties, FileProperties, FoundItem, ItemKind, ItemProperties, ItemRow, ListSummary, MovedItem,
    MovedItems, NewFolder, PermittedRow,
};
use crate::soap::{DateTime, Op, Request, Streamed};

const LIST: Op = Op::files("ListItems2", "ListItems2Response", "ListItemsResult");
const LIST_WITH_PERMISSIONS: Op =
    Op::files("ListItemsWithPermissions", "ListItemsWithPermissionsResponse", "ListItemsResult");
const FILE_PROPERTIES: Op = Op::files("FileProperties", "FilePropertiesResponse", "ItemsPropertiesResult");
const ITEM_PROPERTIES: Op = Op::files("ItemProperties", "ItemPropertiesResponse", "ItemsPropertiesResult");
const ADVANCED_PROPERTIES: Op =
    Op::files("ItemAdvancedProperties", "ItemAdvancedPropertiesResponse", "ItemsPropertiesResult");
const SEARCH: Op = Op::files("SearchFiles", "SearchFilesResponse", "SearchFilesResult");
const CREATE_FOLDER: Op = Op::files("CreateFolder", "CreateFolderResponse", "CreateFolderResult")
    .writes(Repeat::Conditional, Some("FolderCreated"));
const CREATE_FOLDERS: Op =
    Op::files("CreateFolderRecursive", "CreateFolderRecursiveResponse", "CreateFolderRecursiveResult")
        .writes(Repeat::Never, Some("FolderCreated"));
const RENAME: Op =
    Op::files("RenameItem", "RenameItemResponse", "RenameItemResult").writes(Repeat::Never, Some("Renamed"));
const MOVE: Op = Op::files("MoveItems", "MoveItemsResponse", "MoveItemsResult").writes(Repeat::Never, None);
const COPY: Op =
    Op::files("CopyItems", "CopyItemsResponse", "CopyItemsResult").writes(Repeat::Idempotent, Some("Copied"));
const CUT: Op = Op::files("CutItems", "CutItemsResponse", "CutItemsResult").writes(Repeat::Idempotent, Some("Cut"));
const PASTE: Op = Op::files("Paste", "PasteResponse", "PasteResult").writes(Repeat::Never, Some("Pasted"));
const DELETE: Op =
    Op::files("DeleteItems", "DeleteItemsResponse", "DeleteItemsResult").writes(Repeat::Never, Some("Deleted"));
const UNDO_CHECKOUT: Op =
    Op::files("UndoCheckout", "UndoCheckoutResponse", "UndoCheckOutFileResult").writes(Repeat::Never, None);

resource! {
    /// Files and folders: [`Client::items`](crate::Client::items).
    ///
    /// A path is `\volume\folder\name`; the account's own volume has the user's name (p. 5 of the specification).
    Items
}

impl Items {
    /// A page of a folder, handed on as it arrives. A size of 0 is observed to list everything; whether pages are counted
    /// from 0 or from 1 is not documented, and 1 is observed.
    ///
    /// `ListItems2` (ListItems2).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal), which stands at the end of the answer.
    pub async fn list(&self, path: &str, page_size: u32, page: u32) -> Result<Streamed<ItemRow, ListSummary>> {
        self.0.stream(listing(&LIST, path, page_size, page)).await
    }

    /// As [`list`](Self::list), with what the account may do with each item.
    ///
    /// `ListItemsWithPermissions` (ListItemsWithPermissions).
    ///
    /// # Errors
    /// As [`list`](Self::list).
    pub async fn list_with_permissions(
        &self,
        path: &str,
        page_size: u32,
        page: u32,
    ) -> Result<Streamed<ItemRow, ListSummary>> {
        let rows: Streamed<PermittedRow, ListSummary> =
            self.0.stream(listing(&LIST_WITH_PERMISSIONS, path, page_size, page)).await?;
        Ok(rows.map(|PermittedRow(row)| row))
    }

    /// A file: its length, and exactly when it was modified. One that is not there is no error:
    /// [`exists`](FileProperties::exists).
    ///
    /// `FileProperties` (FileProperties).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn file(&self, path: &str) -> Result<FileProperties> {
        self.0.ask(Request::new(&FILE_PROPERTIES).about(path).text("Path", path)).await
    }

    /// A file or folder.
    ///
    /// `ItemProperties` (ItemProperties).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn properties(&self, kind: ItemKind, path: &str) -> Result<ItemProperties> {
        self.0.ask(about(&ITEM_PROPERTIES, kind, path)).await
    }

    /// A file or folder, with the state of its checkout.
    ///
    /// `ItemAdvancedProperties` (ItemAdvancedProperties).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn advanced_properties(&self, kind: ItemKind, path: &str) -> Result<AdvancedProperties> {
        self.0.ask(about(&ADVANCED_PROPERTIES, kind, path)).await
    }

    /// Searches by name, content, comments and tags. What is found is handed on as it arrives.
    ///
    /// `SearchFiles` (SearchFiles).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn search(&self, search: &Search) -> Result<Streamed<FoundItem, NoSummary>> {
        let request = Request::new(&SEARCH)
            .about(&search.path)
            .text("Path", &search.path)
            .text_if("MP", search.mp.as_deref())
            .text_if("ItemName", search.item_name.as_deref())
            .text_if("TextInFile", search.text_in_file.as_deref())
            .text_if("Comments", search.comments.as_deref())
            .text_if("Tag", search.tag.as_deref())
            .value("SizeUnit", search.size_unit.as_str())
            .value_or_nil("SizeFrom", search.size_from)
            .value_or_nil("SizeTo", search.size_to)
            .value_or_nil("DateFrom", search.date_from.as_ref())
            .value_or_nil("DateTo", search.date_to.as_ref())
            .value("CheckFolderName", search.check_folder_name)
            .value("CheckSubFolders", search.check_sub_folders)
            .value("CheckIndex", search.check_index)
            .value("SortBy", search.sort_by.as_str())
            .value("SortOrder", if search.descending { "DESC" } else { "ASC" })
            .value("StartPage", search.start_page)
            .value("PageSize", search.page_size);
        self.0.stream(request).await
    }

    /// Creates a folder in one that exists.
    ///
    /// `CreateFolder` (CreateFolder).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal): [`AlreadyExists`](sharesync_core::ErrorKind::AlreadyExists) with the code `e2937`.
    pub async fn create_folder(&self, parent: &str, name: &str) -> Result<()> {
        self.0.order(new_folder(&CREATE_FOLDER, parent, name)).await
    }

    /// Creates a folder, and those on its way that are missing.
    ///
    /// `CreateFolderRecursive` (CreateFolderRecursive).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn create_folders(&self, parent: &str, name: &str) -> Result<NewFolder> {
        self.0.ask(new_folder(&CREATE_FOLDERS, parent, name)).await
    }

    /// Gives an item another name in its folder.
    ///
    /// `RenameItem` (RenameItem).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn rename(&self, kind: ItemKind, path: &str, name: &str) -> Result<()> {
        let request = Request::new(&RENAME).about(path).text("Path", path).text("Type", kind.as_str());
        self.0.order(request.text("NewName", name)).await
    }

    /// Moves items into a folder, and says what became of each.
    ///
    /// `MoveItems` (MoveItems).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal) of the whole. What failed for one item is in its entry.
    pub async fn move_into(&self, paths: &[&str], folder: &str) -> Result<Vec<MovedItem>> {
        let request = Request::new(&MOVE).about(paths.first().copied().unwrap_or_default());
        let request = request.each(paths, |request, path| request.text("SrcPath", path)).text("DstPath", folder);
        self.0.ask::<MovedItems>(request).await.map(|moved| moved.items)
    }

    /// Copies items into a folder, through the account's clipboard. The client does one such thing at a time; other
    /// programs of the same account can come between.
    ///
    /// `CopyItems` and `Paste` (CopyItems; Paste).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn copy_into(&self, items: &[(ItemKind, &str)], folder: &str) -> Result<()> {
        self.transfer(batch(&COPY, "ItemsToCopy", items), folder).await
    }

    /// Moves items into a folder, through the account's clipboard; as [`copy_into`](Self::copy_into).
    ///
    /// `CutItems` and `Paste` (CutItems; Paste).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn cut_into(&self, items: &[(ItemKind, &str)], folder: &str) -> Result<()> {
        self.transfer(batch(&CUT, "ItemsToCut", items), folder).await
    }

    /// Fills the clipboard and empties it. Once begun it goes on to its end, also when nobody waits for it any more.
    async fn transfer(&self, fill: Request, folder: &str) -> Result<()> {
        let paste = Request::new(&PASTE).about(folder).text("Path", folder);
        let client = self.0.clone();
        own_task(async move {
            let _clipboard = client.clipboard().lock().await;
            client.order(fill).await?;
            client.order(paste).await
        })
        .await
    }

    /// Deletes items. Whether there is a recycle bin is not documented, nor whether folders must be empty; the answer does
    /// not say which of several items failed.
    ///
    /// `DeleteItems` (DeleteItems).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn delete(&self, items: &[(ItemKind, &str)]) -> Result<()> {
        self.0.order(batch(&DELETE, "ItemsToDelete", items)).await
    }

    /// Gives a checkout back without a new version.
    ///
    /// `UndoCheckout` (UndoCheckout).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn undo_checkout(&self, path: &str, comments: Option<&str>) -> Result<()> {
        let request = Request::new(&UNDO_CHECKOUT).about(path).text("ItemPath", path);
        self.0.order(request.text_or_nil("Comments", comments)).await
    }
}

fn listing(op: &'static Op, path: &str, page_size: u32, page: u32) -> Request {
    Request::new(op).about(path).text("Path", path).value("PageSize", page_size).value("PageNum", page)
}

fn about(op: &'static Op, kind: ItemKind, path: &str) -> Request {
    Request::new(op).about(path).text("Type", kind.as_str()).text("Path", path)
}

fn new_folder(op: &'static Op, parent: &str, name: &str) -> Request {
    Request::new(op).about(name).text("Path", parent).text("NewFolderName", name)
}

/// A request about several items.
fn batch(op: &'static Op, list: &'static str, items: &[(ItemKind, &str)]) -> Request {
    let request = Request::new(op).about(items.first().map(|(_, path)| *path).unwrap_or_default());
    request.nested(list, |request| entries(request, items))
}

/// One `Item` for each.
pub(super) fn entries(request: Request, items: &[(ItemKind, &str)]) -> Request {
    request.each(items, |request, (kind, path)| {
        request.nested("Item", |request| request.text("Type", kind.as_str()).text("Path", path))
    })
}

/// In what unit lengths are searched for (SearchFiles, `SizeUnit`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SizeUnit {
    /// No length is searched for.
    #[default]
    None,
    /// 1024 bytes.
    KiloBytes,
    /// 1024 of them.
    MegaBytes,
    /// 1024 of those.
    GigaBytes,
}

impl SizeUnit {
    fn as_str(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::KiloBytes => "KiloBytes",
            Self::MegaBytes => "MegaBytes",
            Self::GigaBytes => "GigaBytes",
        }
    }
}

/// In which order found items come (SearchFiles, `SortBy`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SortBy {
    /// By name.
    #[default]
    Name,
    /// By type.
    Type,
    /// By the time of the last modification.
    Modified,
    /// By length.
    Size,
}

impl SortBy {
    fn as_str(self) -> &'static str {
        match self {
            Self::Name => "NAME",
            Self::Type => "TYPETEXT",
            Self::Modified => "MODIFIEDDATE",
            Self::Size => "SIZE",
        }
    }
}

/// What is searched for (SearchFiles).
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// The folder.
    pub path: String,
    /// Not documented.
    pub mp: Option<String>,
    /// The name, or a part of it.
    pub item_name: Option<String>,
    /// A text in the content.
    pub text_in_file: Option<String>,
    /// A text in the comments.
    pub comments: Option<String>,
    /// A tag.
    pub tag: Option<String>,
    /// The unit of the lengths.
    pub size_unit: SizeUnit,
    /// The least length.
    pub size_from: Option<i64>,
    /// The greatest length.
    pub size_to: Option<i64>,
    /// Modified since.
    pub date_from: Option<DateTime>,
    /// Modified until.
    pub date_to: Option<DateTime>,
    /// Whether names of folders are searched as well.
    pub check_folder_name: bool,
    /// Whether the folders below are searched as well.
    pub check_sub_folders: bool,
    /// Whether the index of contents is searched.
    pub check_index: bool,
    /// The order.
    pub sort_by: SortBy,
    /// Whether the order is turned round.
    pub descending: bool,
    /// The number of the page.
    pub start_page: i32,
    /// Items in a page.
    pub page_size: i32,
}
