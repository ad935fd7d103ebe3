//! Items: files, folders, notes, web links and symbolic links, as one entity with a kind.

use serde_json::Value;
use sharesync_core::{Error, ErrorKind, Result};

use super::date::ShareFileDate;
use super::enums::{DlpStatus, VirusStatus};
use super::info::ItemInfo;
use super::people::{AccessControl, Account, User, Zone};
use super::transfer::Redirection;
use super::wire::{Flags, entity};

/// What kind of item it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ItemKind {
    /// Content of bytes.
    File,
    /// Holds items.
    Folder,
    /// A text.
    Note,
    /// An address on the web.
    Link,
    /// Stands for a folder of a connector.
    SymbolicLink,
    /// Anything else, by the last part of its `odata.type`; empty where the service did not say.
    Other(String),
}

impl ItemKind {
    fn of_type(name: &str) -> Self {
        match name {
            "File" => Self::File,
            "Folder" => Self::Folder,
            "Note" => Self::Note,
            "Link" => Self::Link,
            "SymbolicLink" => Self::SymbolicLink,
            other => Self::Other(other.to_owned()),
        }
    }
}

entity! {
    /// A file, a folder, or what else the service keeps: the entities `Item`, `File`, `Folder`, `Note`, `Link` and
    /// `SymbolicLink` in one. [`kind`](Self::kind) tells them apart.
    Item {
        /// The display name.
        name: String = "Name",
        /// The name in the file system. For folders it is always that of `name`.
        file_name: String = "FileName",
        /// Who created it.
        creator: Box<User> = "Creator",
        /// The folder that holds it.
        parent: Box<Item> = "Parent",
        /// Who may do what with it.
        access_controls: Vec<AccessControl> = "AccessControls",
        /// Where it is stored.
        zone: Box<Zone> = "Zone",
        /// When it, or this version of it, was created on the service.
        creation_date: ShareFileDate = "CreationDate",
        /// When it, or anything below it, was last modified.
        progeny_edit_date: ShareFileDate = "ProgenyEditDate",
        /// When the uploader says that it was created.
        client_created_date: ShareFileDate = "ClientCreatedDate",
        /// When the uploader says that its content was modified.
        client_modified_date: ShareFileDate = "ClientModifiedDate",
        /// When it will be deleted.
        expiration_date: ShareFileDate = "ExpirationDate",
        /// A description.
        description: String = "Description",
        /// The limit of what it may hold.
        disk_space_limit: i64 = "DiskSpaceLimit",
        /// Whether it is hidden.
        is_hidden: bool = "IsHidden",
        /// The limit of the traffic, in megabytes.
        bandwidth_limit_in_mb: i64 = "BandwidthLimitInMB",
        /// Who owns it.
        owner: Box<User> = "Owner",
        /// The account that it belongs to.
        account: Box<Account> = "Account",
        /// The size in kilobytes.
        file_size_in_kb: i64 = "FileSizeInKB",
        /// The identifiers of the folders above, from the account down, with slashes between them.
        path: String = "Path",
        /// The creator's first name.
        creator_first_name: String = "CreatorFirstName",
        /// The creator's last name.
        creator_last_name: String = "CreatorLastName",
        /// The lifetime of what is put into it, in days.
        expiration_days: i64 = "ExpirationDays",
        /// The size in bytes; of a folder, all that is in it.
        file_size_bytes: i64 = "FileSizeBytes",
        /// What the viewer can show: `HasThumb` 1, `HasPreview` 2, `CanImgThumb` 4, `CanDocThumb` 8, and others.
        preview_status: Flags = "PreviewStatus",
        /// Where previews can be shown.
        preview_platforms_supported: Vec<Value> = "PreviewPlatformsSupported",
        /// Where it can be edited.
        editing_platforms_supported: Vec<Value> = "EditingPlatformsSupported",
        /// The largest preview.
        max_preview_size: i64 = "MaxPreviewSize",
        /// Whether it is about to be deleted.
        has_pending_deletion: bool = "HasPendingDeletion",
        /// The template that made the folder.
        associated_folder_template_id: String = "AssociatedFolderTemplateID",
        /// Whether a template owns it.
        is_template_owned: bool = "IsTemplateOwned",
        /// Whether permissions can be asked for.
        has_permission_info: bool = "HasPermissionInfo",
        /// Its state.
        state: i64 = "State",
        /// What all versions of a file have in common.
        stream_id: String = "StreamID",
        /// The creator's name in short.
        creator_name_short: String = "CreatorNameShort",
        /// Whether there are older versions.
        has_multiple_versions: bool = "HasMultipleVersions",
        /// Whether an asynchronous operation works on it.
        has_pending_async_op: bool = "HasPendingAsyncOp",
        /// Further named values.
        metadata: Vec<Metadata> = "Metadata",
        /// Whether the user has marked it.
        favorite: Box<Favorite> = "Favorite",
        /// The path by names.
        semantic_path: String = "SemanticPath",
        /// Who modified it last.
        last_modified_by_user_id: String = "LastModifiedByUserID",
        /// What the user may do with it: `CanDownload` 1, `CanShareEmail` 2, `CanShareLink` 4, `CanDelete` 8, and others.
        item_operations: Flags = "ItemOperations",
        /// Files: the path on disk.
        file_path: String = "FilePath",
        /// Files: the MD5 of the content, in lower-case hexadecimal.
        hash: String = "Hash",
        /// Files: whether there is a preview.
        has_preview: bool = "HasPreview",
        /// Files: what the virus scanner said.
        virus_status: VirusStatus = "VirusStatus",
        /// Files: what the scan for data that must not leave said.
        dlp_info: DlpInfo = "DlpInfo",
        /// Files and folders: what the current user may do with it.
        info: Box<ItemInfo> = "Info",
        /// Files: who has locked it.
        locked_by: Box<User> = "LockedBy",
        /// Files: the lock.
        file_lock_info: Box<FileLockInfo> = "FileLockInfo",
        /// Files: the number of the version.
        version: f64 = "Version",
        /// Folders: how many items are in it and in the folders below.
        file_count: i64 = "FileCount",
        /// Folders: what is in it, where it was asked for with `$expand`.
        children: Vec<Item> = "Children",
        /// Folders: whether its children are elsewhere.
        has_remote_children: bool = "HasRemoteChildren",
        /// Folders: where its children are.
        redirection: Box<Redirection> = "Redirection",
        /// Web links: the address.
        uri: String = "Uri",
        /// Symbolic links: the address of the folder that is meant.
        link: String = "Link",
        /// Symbolic links: the group of connectors.
        connector_group: Value = "ConnectorGroup",
    }
}

impl Item {
    /// What kind of item it is: by `odata.type`, else by the fragment of `odata.metadata`, else, for a reference that has
    /// only an address, by the first letters of its identifier.
    pub fn kind(&self) -> ItemKind {
        let of_type = self.odata_type.as_deref().and_then(model_name);
        let of_fragment = || self.odata_metadata.as_deref().and_then(|url| model_name(url.split_once('#')?.1));
        let name = of_type.or_else(of_fragment).or_else(|| kind_of_id(self.any_id()?));
        ItemKind::of_type(name.unwrap_or_default())
    }

    /// The identifier.
    ///
    /// # Errors
    /// [`ErrorKind::Protocol`] where the service left it out although it was needed.
    pub fn id(&self) -> Result<&str> {
        self.any_id().ok_or_else(|| Error::new(ErrorKind::Protocol, "an item without an Id"))
    }

    /// The identifier, from the address if need be.
    fn any_id(&self) -> Option<&str> {
        self.id.as_deref().filter(|id| !id.is_empty()).or_else(|| id_in_url(self.url.as_deref()?))
    }

    /// Sets the display name.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the name in the file system.
    #[must_use]
    pub fn with_file_name(mut self, name: impl Into<String>) -> Self {
        self.file_name = Some(name.into());
        self
    }

    /// Sets the description.
    #[must_use]
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Sets when it will be deleted.
    #[must_use]
    pub fn with_expiration_date(mut self, date: impl Into<ShareFileDate>) -> Self {
        self.expiration_date = Some(date.into());
        self
    }

    /// Sets the folder that holds it.
    #[must_use]
    pub fn with_parent(mut self, id: impl Into<String>) -> Self {
        self.parent = Some(Box::new(Self::reference(id)));
        self
    }

    /// Sets where it is stored.
    #[must_use]
    pub fn with_zone(mut self, id: impl Into<String>) -> Self {
        self.zone = Some(Box::new(Zone::reference(id)));
        self
    }

    /// Sets the size in bytes.
    #[must_use]
    pub fn with_file_size_bytes(mut self, bytes: i64) -> Self {
        self.file_size_bytes = Some(bytes);
        self
    }

    /// Sets when the content was modified. In an update the service takes it for New York time:
    /// [`Items::set_modified`](crate::Items::set_modified) sees to that.
    #[must_use]
    pub fn with_client_modified_date(mut self, date: impl Into<ShareFileDate>) -> Self {
        self.client_modified_date = Some(date.into());
        self
    }
}

/// The last part of a type such as `ShareFile.Api.Models.File@Element`.
fn model_name(text: &str) -> Option<&str> {
    let name = text.rsplit_once("ShareFile.Api.Models.")?.1;
    Some(name.split('@').next().unwrap_or(name)).filter(|name| !name.is_empty())
}

/// The identifier in an address such as `https://…/sf/v3/Items(fi123)`.
fn id_in_url(url: &str) -> Option<&str> {
    let id = url.rsplit_once('(')?.1.split(')').next()?.trim_matches(['\'', '"']);
    (!id.is_empty()).then_some(id)
}

/// Identifiers of files begin with `fi`, those of folders with `fo`.
pub(crate) fn kind_of_id(id: &str) -> Option<&'static str> {
    match id.get(..2)?.to_ascii_lowercase().as_str() {
        "fi" => Some("File"),
        "fo" => Some("Folder"),
        _ => None,
    }
}

entity! {
    /// What the scan of a file for data that must not leave said.
    DlpInfo {
        /// The result.
        status: DlpStatus = "Status",
    }
}

entity! {
    /// The lock of a file.
    FileLockInfo {
        /// Identifies the lock.
        lock_id: String = "LockId",
        /// Who holds it.
        owner: Box<User> = "Owner",
        /// How long it holds, in minutes.
        expiration_time_in_minutes: i64 = "ExpirationTimeInMinutes",
        /// When it ends.
        expiration_date: ShareFileDate = "ExpirationDate",
    }
}

entity! {
    /// A named value.
    Metadata {
        /// The name.
        name: String = "Name",
        /// The value.
        value: String = "Value",
        /// Whether everybody sees it.
        is_public: bool = "IsPublic",
    }
}

entity! {
    /// A user's mark on a folder.
    Favorite {
        /// Who marked it.
        user: Box<User> = "User",
        /// What is marked.
        item: Box<Item> = "Item",
        /// The position among the marked ones.
        display_position: i64 = "DisplayPosition",
        /// Another name for it.
        alias: String = "Alias",
        /// When it was marked.
        creation_date: ShareFileDate = "CreationDate",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn kind(value: Value) -> ItemKind {
        serde_json::from_value::<Item>(value).unwrap().kind()
    }

    #[test]
    fn the_kind_is_told_by_type_then_metadata_then_identifier() {
        let metadata = "https://a.sf-api.com/sf/v3/$metadata#Items/ShareFile.Api.Models.Folder@Element";
        let cases = [
            (json!({"odata.type": "ShareFile.Api.Models.Note", "odata.metadata": metadata}), ItemKind::Note),
            (json!({"odata.type": "ShareFile.Api.Models.SymbolicLink"}), ItemKind::SymbolicLink),
            (json!({"odata.metadata": metadata}), ItemKind::Folder),
            (json!({"odata.type": "ShareFile.Api.Models.File", "odata.metadata": "nonsense"}), ItemKind::File),
            (json!({"url": "https://a.sf-api.com/sf/v3/Items(fo1)"}), ItemKind::Folder),
            (json!({"Id": "fi1"}), ItemKind::File),
            (json!({"odata.type": "ShareFile.Api.Models.Hologram"}), ItemKind::Other("Hologram".into())),
            (json!({}), ItemKind::Other(String::new())),
        ];
        for (value, expected) in cases {
            assert_eq!(kind(value.clone()), expected, "{value}");
        }
    }

    #[test]
    fn numbers_may_be_texts_and_nothing_is_lost() {
        let value = json!({
            "Id": "fi1", "FileSizeBytes": "27056777", "Version": 2, "IsHidden": "false", "Invented": {"a": 1},
            "ExpirationDate": "9999-12-31T23:59:59.9999999Z", "ClientModifiedDate": "0001-01-01T00:00:00Z",
            "PreviewStatus": 5, "Parent": {"Id": "fo1"}, "Hash": null, "VirusStatus": -1,
        });
        let item: Item = serde_json::from_value(value).unwrap();
        assert_eq!(item.file_size_bytes, Some(27_056_777));
        assert_eq!((item.version, item.is_hidden), (Some(2.0), Some(false)));
        assert_eq!(item.expiration_date, Some(ShareFileDate::Never));
        assert_eq!((item.client_modified_date, item.hash.as_deref()), (None, None));
        assert_eq!(item.virus_status, Some(VirusStatus::VirusWarning));
        assert!(item.preview_status.as_ref().unwrap().has("CanImgThumb", 4));
        assert_eq!(item.parent.as_ref().unwrap().id().unwrap(), "fo1");
        assert_eq!(item.extra.get("Invented"), Some(&json!({"a": 1})));
        let written = serde_json::to_value(&item).unwrap();
        assert_eq!(written.get("Invented"), Some(&json!({"a": 1})));
    }

    #[test]
    fn only_what_is_set_is_sent() {
        let item = Item::new().with_name("n").with_parent("fo1").with_expiration_date(ShareFileDate::Never);
        let expected = json!({"Name": "n", "Parent": {"Id": "fo1"}, "ExpirationDate": "9999-12-31T23:59:59.9999999Z"});
        assert_eq!(serde_json::to_value(&item).unwrap(), expected);
    }

    #[test]
    fn a_wrong_type_is_an_error_that_does_not_quote_it() {
        let error = serde_json::from_value::<Item>(json!({"FileSizeBytes": "hush"})).unwrap_err().to_string();
        assert!(error.contains("a whole number") && !error.contains("hush"), "{error}");
    }

    proptest! {
        #[test]
        fn any_object_is_read_or_refused(text in "\\PC{0,20}", number in any::<f64>()) {
            let value = json!({"Id": text, "odata.type": text, "FileSizeBytes": number, "CreationDate": text});
            if let Ok(item) = serde_json::from_value::<Item>(value) {
                let _ = (item.kind(), item.id());
            }
        }
    }
}
