//! What the current user may do with a folder.

use serde_json::Value;

use super::enums::TreeMode;
use super::people::AccessControl;
use super::wire::entity;

entity! {
    /// The effective permissions of the current user on a folder [get folder access info, Items reference].
    ItemInfo {
        /// The access control that is in force.
        current_access_control: Box<AccessControl> = "CurrentAccessControl",
        /// It is the virtual root of a user.
        has_vroot: bool = "HasVroot",
        /// It is a root of the system.
        is_system_root: bool = "IsSystemRoot",
        /// It is the root of the account.
        is_account_root: bool = "IsAccountRoot",
        /// It is a virtual root.
        is_vroot: bool = "IsVRoot",
        /// It is the current user's folder.
        is_my_folders: bool = "IsMyFolders",
        /// It is somebody's home folder.
        is_a_home_folder: bool = "IsAHomeFolder",
        /// It is the current user's home folder.
        is_my_home_folder: bool = "IsMyHomeFolder",
        /// The user begins here.
        is_a_start_folder: bool = "IsAStartFolder",
        /// Others have access.
        is_shared_folder: bool = "IsSharedFolder",
        /// It is only a way to what is below.
        is_passthrough: bool = "IsPassthrough",
        /// Files in it keep versions.
        is_versioned: bool = "IsVersioned",
        /// Folders may be created in it.
        can_add_folder: bool = "CanAddFolder",
        /// Items may be created in it.
        can_add_node: bool = "CanAddNode",
        /// It may be looked at.
        can_view: bool = "CanView",
        /// Its content may be downloaded.
        can_download: bool = "CanDownload",
        /// Its content may be downloaded with a watermark.
        can_watermark_download: bool = "CanWatermarkDownload",
        /// Documents may be printed from the viewer.
        can_doc_viewer_print: bool = "CanDocViewerPrint",
        /// Files may be uploaded into it.
        can_upload: bool = "CanUpload",
        /// Its items may be sent.
        can_send: bool = "CanSend",
        /// It may be deleted.
        can_delete_current_item: bool = "CanDeleteCurrentItem",
        /// What is in it may be deleted.
        can_delete_child_items: bool = "CanDeleteChildItems",
        /// Permissions may be changed.
        can_manage_permissions: bool = "CanManagePermissions",
        /// Options of the folder may be changed.
        can_edit_folder_opts: bool = "CanEditFolderOpts",
        /// The retention policy may be changed.
        can_edit_retention_policy: bool = "CanEditRetentionPolicy",
        /// The lifetime of its items may be changed.
        can_edit_folder_expiration_days: bool = "CanEditFolderExpirationDays",
        /// Its end may be changed.
        can_edit_folder_expiration_date: bool = "CanEditFolderExpirationDate",
        /// The number of versions may be changed.
        can_edit_folder_max_versions: bool = "CanEditFolderMaxVersions",
        /// Versioning may be switched.
        can_edit_folder_versioning: bool = "CanEditFolderVersioning",
        /// Office documents may be created in it.
        can_create_office_documents: bool = "CanCreateOfficeDocuments",
        /// A button to buy something is shown.
        show_folder_pay_buy_button: bool = "ShowFolderPayBuyButton",
        /// The operation that the tree view is for may be done with this folder.
        tree_mode_operation_allowed: bool = "TreeModeOperationAllowed",
        /// Lists of wanted files may be created.
        can_create_request_list: bool = "CanCreateRequestList",
        /// Identifies what may be bought.
        folder_pay_id: String = "FolderPayID",
        /// What the tree view is for.
        tree_mode: TreeMode = "TreeMode",
        /// The object of that operation.
        tree_mode_source_id: String = "TreeModeSourceId",
        /// `Default`, `Enabled` or `Disabled`.
        versioning: String = "Versioning",
        /// The field that the folder is always sorted by.
        forced_sort_field: String = "ForcedSortField",
        /// The direction that the folder is always sorted in.
        forced_sort_order: String = "ForcedSortOrder",
        /// How many versions of a file are kept; -1 for all.
        max_versions: i64 = "MaxVersions",
        /// Whether printing from the viewer is allowed.
        document_viewer_printing: Value = "DocumentViewerPrinting",
        /// Whether downloads get a watermark.
        watermarked_downloads: Value = "WatermarkedDownloads",
        /// What of the options goes to folders below.
        option_propagation: Vec<Value> = "OptionPropagation",
        /// The text of the watermark.
        view_only_watermark_text: String = "ViewOnlyWatermarkText",
        /// The field that the folder is sorted by.
        sort_field: String = "SortField",
        /// The direction that the folder is sorted in.
        sort_direction: String = "SortDirection",
    }
}
