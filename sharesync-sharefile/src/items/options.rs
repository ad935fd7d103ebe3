//! The options of the operations on items. Names on the wire are those of the parameter lists of the Items reference;
//! its example addresses write some of them in another case, which the service does not mind.

use crate::model::{ItemOrderingMode, ShareFileDate, TreeMode};
use crate::params::options;

options! {
    /// Options of [`Items::get`](crate::Items::get).
    GetOptions {
        /// Whether a deleted item is returned.
        include_deleted, with_include_deleted(bool): bool = "includeDeleted",
    }
}

options! {
    /// Options of [`Items::tree_view`](crate::Items::tree_view) and of the operations beside it.
    TreeViewOptions {
        /// Whether a deleted item is returned.
        include_deleted, with_include_deleted(bool): bool = "includeDeleted",
        /// What the tree is for: copy, move or manage. With it the answer is a tree view.
        tree_mode, with_tree_mode(TreeMode): TreeMode = "treeMode",
        /// The item that is copied or moved; the tree then shows where it may go.
        source_id, with_source_id(impl Into<String>): String = "sourceId",
        /// Whether users can create folders at the top.
        can_create_root_folder, with_can_create_root_folder(bool): bool = "canCreateRootFolder",
        /// Whether the file box is shown [not described in the reference].
        file_box, with_file_box(bool): bool = "fileBox",
    }
}

options! {
    /// Options of [`Items::stream`](crate::Items::stream).
    StreamOptions {
        /// Whether expired versions are listed.
        include_deleted, with_include_deleted(bool): bool = "includeDeleted",
    }
}

options! {
    /// Options of [`Items::children`](crate::Items::children).
    ChildrenOptions {
        /// Whether deleted children are listed.
        include_deleted, with_include_deleted(bool): bool = "includeDeleted",
        /// What children are ordered by before `$orderby`.
        ordering_mode, with_ordering_mode(ItemOrderingMode): ItemOrderingMode = "orderingMode",
    }
}

options! {
    /// Options of [`Items::download`](crate::Items::download).
    DownloadOptions {
        /// Folders: whether old versions of files are in the archive.
        include_all_versions, with_include_all_versions(bool): bool = "includeAllVersions",
        /// Whether an archived item can be downloaded, by a super user of an account with an archive.
        include_deleted, with_include_deleted(bool): bool = "includeDeleted",
        // The example address of the reference has `forQurantinedFiles`; its parameter list has the word spelled right.
        /// Whether infected files can be downloaded, by a master administrator.
        for_quarantined_files, with_for_quarantined_files(bool): bool = "forQuarantinedFiles",
    }
}

options! {
    /// Options of [`Items::create_folder`](crate::Items::create_folder).
    CreateFolderOptions {
        /// Whether an item of the same name is overwritten; otherwise it is an error.
        overwrite, with_overwrite(bool): bool = "overwrite",
        /// Not described in the reference.
        passthrough, with_passthrough(bool): bool = "passthrough",
    }
}

options! {
    /// Options of [`Items::update`](crate::Items::update).
    UpdateOptions {
        /// Whether an item of the same name is overwritten.
        overwrite, with_overwrite(bool): bool = "overwrite",
        /// The batch that the asynchronous operation belongs to.
        batch_id, with_batch_id(impl Into<String>): String = "batchid",
        /// The size of the asynchronous operation, in bytes.
        batch_size_in_bytes, with_batch_size_in_bytes(u64): u64 = "batchSizeInBytes",
        /// Whether the service answers only when it is done.
        force_sync, with_force_sync(bool): bool = "forceSync",
        /// Whether it is done later, by the service's own schedule.
        schedule_async, with_schedule_async(bool): bool = "scheduleAsync",
        /// Whether the folder gets another name when its name is taken.
        resolve_folder_name_conflict, with_resolve_folder_name_conflict(bool): bool = "resolveFolderNameConflict",
        /// Whether subscribers of upload notifications get mail.
        notify, with_notify(bool): bool = "notify",
    }
}

options! {
    /// Options of [`Items::update_note`](crate::Items::update_note).
    UpdateNoteOptions {
        /// Whether subscribers of the note's folder get mail.
        notify, with_notify(bool): bool = "notify",
    }
}

options! {
    /// Options of [`Items::delete`](crate::Items::delete).
    DeleteOptions {
        /// Whether only this version is deleted, and not all files of the same name.
        single_version, with_single_version(bool): bool = "singleversion",
        /// Whether the service answers only when it is done.
        force_sync, with_force_sync(bool): bool = "forceSync",
    }
}

options! {
    /// Options of [`Items::bulk_delete`](crate::Items::bulk_delete).
    BulkDeleteOptions {
        /// Whether the service answers only when it is done; otherwise a large deletion goes on later.
        force_sync, with_force_sync(bool): bool = "forceSync",
        /// Whether items are removed from the recycle bin, or bypass it.
        delete_permanently, with_delete_permanently(bool): bool = "deletePermanently",
    }
}

options! {
    /// Options of [`Items::thumbnail`](crate::Items::thumbnail).
    ThumbnailOptions {
        /// The size in pixels: 75 or 600.
        size, with_size(u32): u32 = "size",
    }
}

options! {
    /// Options of [`Items::breadcrumbs`](crate::Items::breadcrumbs).
    BreadcrumbsOptions {
        /// The path to the root.
        path, with_path(impl Into<String>): String = "path",
        /// Whether folders that are only a way to others are left out.
        bubble_shared_passthroughs, with_bubble_shared_passthroughs(bool): bool = "bubbleSharedPassthroughs",
    }
}

options! {
    /// Options of [`Items::copy`](crate::Items::copy).
    CopyOptions {
        /// Whether an item of the same name in the target folder is overwritten.
        overwrite, with_overwrite(bool): bool = "overwrite",
    }
}

options! {
    /// Options of [`Items::user_deleted_items`](crate::Items::user_deleted_items).
    UserDeletedItemsOptions {
        /// The user whose items are listed.
        user_id, with_user_id(impl Into<String>): String = "userid",
        /// Only items of this zone.
        zone, with_zone(impl Into<String>): String = "zone",
    }
}

options! {
    /// Options of [`Items::by_dlp_status`](crate::Items::by_dlp_status).
    DlpStatusOptions {
        /// Only items of this zone.
        zone, with_zone(impl Into<String>): String = "zone",
        /// Only items created before this time.
        end_date, with_end_date(impl Into<ShareFileDate>): ShareFileDate = "enddate",
    }
}
