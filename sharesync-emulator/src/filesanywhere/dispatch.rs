//! From the name of an operation to what carries it out.

use super::{Ctx, Outcome, Refused};

impl Ctx {
    pub(super) async fn perform(&self, operation: &str) -> Outcome {
        match operation {
            "AppendChunk" | "AppendChunkGZip" => self.append_chunk(operation == "AppendChunkGZip").await,
            "ChunkUpload" => self.chunk_upload().await,
            "UploadFile" => self.upload_file().await,
            "UploadFileWithCheckin" => self.upload_with_checkin().await,
            "AppendChunkWithFolderAccessKey" => self.append_with_key().await,
            "UploadFileWithFolderAccessKey" => self.upload_with_key().await,
            "SubmitSyncLog" => self.submit_sync_log().await,
            "DownloadZipFile" => self.download_zip().await,
            "SyncUploadResume" => self.sync_upload_resume().await,
            "ListItems2" => self.list_items("Item", false),
            "ListItemsWithPermissions" => self.list_items("ItemWithPermissions", true),
            "ListUserVolumes2" => self.list_volumes(),
            "FileProperties" => self.file_properties(),
            "ItemProperties" => self.item_properties(),
            "ItemAdvancedProperties" => self.item_advanced_properties(),
            "SearchFiles" => self.search_files(),
            "CreateFolder" => self.create_folder(),
            "CreateFolderRecursive" => self.create_folder_recursive(),
            "RenameItem" => self.rename_item(),
            "MoveItems" => self.move_items(),
            "DeleteItems" => self.delete_items(),
            "CopyItems" => self.take("ItemsToCopy", "Copied", false),
            "CutItems" => self.take("ItemsToCut", "Cut", true),
            "Paste" => self.paste(),
            "DownloadFile" | "DownloadFile2" | "ViewFile" => self.download_file(),
            "DownloadWithCheckout" => self.download_with_checkout(),
            "UndoCheckout" => self.undo_checkout(),
            "GetFolderAccessKey" => self.folder_access_key(),
            _ => self.perform_other(operation),
        }
    }

    /// What does not move items.
    fn perform_other(&self, operation: &str) -> Outcome {
        match operation {
            "ChangeList" => self.change_list(),
            "GetAllItemsForSync" => self.all_items_for_sync(),

            "ValidateSSOUser" => self.validate_sso_user(),
            "AccountLogin" => self.account_login(),
            "Logout" => self.logout(),
            "GetAccountDetails" => self.account_details(),
            "RegisterDevice" => self.register_device(),
            "GetNotifications" => self.notifications(),
            "GetAPIURL" => self.api_url(),
            "GetClientID" => self.client_id(),
            "UserAdd" => self.user_add(),
            "ListLogActivities" => self.list_activities(),
            "SendItemsELinkWithDefaults" => self.send_with_defaults(),
            "SendItemsELink" => self.send_items(),
            "SendFileShareLink" => self.send_file_share(),
            "SendDropboxLink" => self.send_dropbox(),
            "GroupShareAdd" => self.group_share_add(),
            "GroupShareAdd2" => self.group_share_add_several(),
            "GroupShareRemove" => self.group_share_remove(),
            "ListGroupShareUsers" => self.group_share_users(),
            "StopSharingGroupShare" => self.stop_sharing(),
            _ => Err(Refused::because("This operation is not served.")),
        }
    }
}
