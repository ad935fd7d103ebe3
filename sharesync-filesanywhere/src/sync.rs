//! The operations of SyncAPI.

use std::sync::Arc;

use sharesync_core::http::Repeat;
use sharesync_core::transfer::Source;
use sharesync_core::{Result, Secret};

use crate::client::resource;
use crate::model::{
    Action, ChangeEntry, ChangeSummary, ChangeType, ChunkAppended, Flag, FolderEntry, FoldersSummary, LoginResult,
    SyncUploadPosition, SyncedLog,
};
use crate::soap::{Char, DateTime, Op, Request, Streamed, gzip};

const CHANGE_LIST: Op = Op::sync("ChangeList", "ChangeListResponse", "ChangeListResult");
const VALIDATE_SSO_USER: Op =
    Op::sync("ValidateSSOUser", "ValidateSSOUserResponse", "ValidateSSOUserResult").without_token();
const GET_ALL_ITEMS: Op = Op::sync("GetAllItemsForSync", "GetAllItemsForSyncResponse", "GetAllItemsForSyncResult");
const SYNC_LOCAL_ITEM: Op =
    Op::sync("SyncLocalItem", "SyncLocalItemResponse", "SyncLocalItemResult").writes(Repeat::Never, None);
const PROCESS_HEADER_CHANGE: Op =
    Op::sync("ProcessHeaderChange", "ProcessHeaderChangeResponse", "ProcessHeaderChangeResult")
        .writes(Repeat::Idempotent, None);
const SYNC_UPLOAD_RESUME: Op =
    Op::sync("SyncUploadResume", "SyncUploadResumeResponse", "SyncUploadResumeResult").writes(Repeat::Idempotent, None);
const APPEND_CHUNK_GZIP: Op = Op::sync("AppendChunkGZip", "AppendChunkGZipResponse", "AppendChunkResult")
    .writes(Repeat::Idempotent, Some("ChunkAppended"));
const SUBMIT_SYNC_LOG: Op =
    Op::sync("SubmitSyncLog", "SubmitSyncLogResponse", "SubmitSyncLogResult").writes(Repeat::Idempotent, None);

resource! {
    /// The operations of SyncAPI: [`Client::sync`](crate::Client::sync). `AccountLogin`, the first of them, is
    /// [`Client::account_login`](crate::Client::account_login).
    SyncApi
}

impl SyncApi {
    /// The files and folders that have changed, handed on as they arrive: the answer is never held as a whole.
    ///
    /// `ChangeList` (ChangeList).
    ///
    /// # Errors
    /// [`Protocol`](sharesync_core::ErrorKind::Protocol) with the path of what is wrong in the answer. The result has no
    /// `ErrorMessage`: the service can refuse by a fault alone.
    pub async fn change_list(&self, query: &ChangeListQuery) -> Result<Streamed<ChangeEntry, ChangeSummary>> {
        let numbers =
            |request: Request, numbers: &[i64]| request.each(numbers, |request, id| request.value("long", id));
        let request = Request::new(&CHANGE_LIST).nested("Parameters", |request| {
            request
                .value("LocalDate", &query.local_date)
                .value("ChangeType", query.change_type)
                .nested("FolderExceptionList", |request| numbers(request, &query.folder_exceptions))
                .nested("FileExceptionList", |request| numbers(request, &query.file_exceptions))
        });
        self.0.stream(request).await
    }

    /// Begins a session for a device that single sign-on knows already (inferred).
    ///
    /// `ValidateSSOUser` (ValidateSSOUser).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn validate_sso_user(&self, user: &SsoUser) -> Result<LoginResult> {
        let request = Request::new(&VALIDATE_SSO_USER).about(&user.user_name).text("APIKey", self.0.api_key()).nested(
            "Parameters",
            |request| {
                request
                    .text("ClientID", &user.client_id)
                    .text("UserName", &user.user_name)
                    .text("MachineID", &user.machine_id)
                    .text("MappingID", &user.mapping_id)
                    .text("DeviceID", &user.device_id)
            },
        );
        self.0.ask(request).await
    }

    /// All folders that a device synchronises, handed on as they arrive. Of the answer no more is known than what is read;
    /// other elements are passed over.
    ///
    /// `GetAllItemsForSync` (GetAllItemsForSync).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal), and [`Protocol`](sharesync_core::ErrorKind::Protocol).
    pub async fn all_items(&self, device_id: &str) -> Result<Streamed<FolderEntry, FoldersSummary>> {
        let request = Request::new(&GET_ALL_ITEMS).nested("Parameters", |request| request.text("DeviceID", device_id));
        self.0.stream(request).await
    }

    /// Tells the service what has changed on the device. What the actions do is not public, and no more of the answer is
    /// known than that it is no fault: the sharesync store does not use this.
    ///
    /// `SyncLocalItem` (SyncLocalItem); the document is cut off within the request.
    ///
    /// # Errors
    /// As a fault.
    pub async fn sync_local_items(&self, change: &LocalChange) -> Result<()> {
        let request = Request::new(&SYNC_LOCAL_ITEM).nested("Parameters", |request| {
            request
                .value("LocalDateTime", &change.local_date_time)
                .nested("ChangedFileList", |request| {
                    request.each(&change.files, |request, file| {
                        request.nested("ClientFileItem", |request| {
                            request
                                .value("LocalItemID", file.local_item_id)
                                .value("ServerItemID", file.server_item_id)
                                .value("ParentID", file.parent_id)
                                .text("Name", &file.name)
                                .value("Action", file.action)
                                .value("LastEventDate", &file.last_event_date)
                        })
                    })
                })
                .nested("ChangedFolderList", |request| {
                    request.each(&change.folders, |request, folder| {
                        request.nested("ClientFolderItem", |request| {
                            request
                                .value("LocalItemID", folder.local_item_id)
                                .value("ServerItemID", folder.server_item_id)
                                .text("Path", &folder.path)
                                .value("Action", folder.action)
                                .value("LastEventDate", &folder.last_event_date)
                        })
                    })
                })
        });
        self.0.order(request).await
    }

    /// Registers which folders of the server belong to which of the device. No more of the answer is known than that it is
    /// no fault.
    ///
    /// `ProcessHeaderChange` (ProcessHeaderChange).
    ///
    /// # Errors
    /// As a fault.
    pub async fn process_header_change(&self, folders: &[SyncFolder]) -> Result<()> {
        let request = Request::new(&PROCESS_HEADER_CHANGE).nested("Parameters", |request| {
            request.nested("PathList", |request| {
                request.each(folders, |request, folder| {
                    request.nested("SyncFolder", |request| {
                        request
                            .value("ID", folder.id)
                            .value("DeviceItemsListID", folder.device_items_list_id)
                            .text("UserName", &folder.user_name)
                            .text("ServerPath", &folder.server_path)
                            .text("LocalPath", &folder.local_path)
                            .text("LocalPhysicalPath", &folder.local_physical_path)
                            .value("Permission", folder.permission)
                            .value("SyncDirection", folder.sync_direction)
                            .value("DisableDelete", folder.disable_delete)
                            .value("IsDeleted", folder.is_deleted)
                    })
                })
            })
        });
        self.0.order(request).await
    }

    /// How much of a file the service holds. Which operation sends the rest is not known: that for plain chunks takes a path.
    ///
    /// `SyncUploadResume` (SyncUploadResume); the document is cut off within the answer.
    ///
    /// # Errors
    /// As a fault, and [`Protocol`](sharesync_core::ErrorKind::Protocol).
    pub async fn upload_position(&self, upload: &SyncUpload) -> Result<SyncUploadPosition> {
        let request = Request::new(&SYNC_UPLOAD_RESUME).about(&upload.file_name).nested("Parameters", |request| {
            request
                .text("FileName", &upload.file_name)
                .value("ServerFileID", upload.server_file_id)
                .value("LocalFileSize", upload.local_file_size)
                .value("ServerFolderID", upload.server_folder_id)
                .text("FileGuid", &upload.file_guid)
                .text("FileChecksum", &upload.file_checksum)
                .text("MachineName", &upload.machine_name)
                .value("CreatedDate", &upload.created_date)
                .value("ModifiedDate", &upload.modified_date)
                .value("FileLastEventDate", &upload.file_last_event_date)
                .value("ClientLocalDate", &upload.client_local_date)
                .value("FileCompressionMode", upload.file_compression_mode)
        });
        self.0.ask(request).await
    }

    /// Appends a chunk to a file; it is compressed on the way. `offset` is the number of bytes of the file sent before.
    ///
    /// That the number of bytes sent along is that of the plain chunk is inferred.
    ///
    /// `AppendChunkGZip` (AppendChunkGZip).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn append_chunk_gzip(
        &self,
        path: &str,
        offset: u64,
        chunk: Arc<dyn Source>,
        last: bool,
    ) -> Result<ChunkAppended> {
        let size = chunk.size();
        let zipped = sharesync_core::transfer::BytesSource::new(gzip(&*chunk).await?);
        let request = Request::new(&APPEND_CHUNK_GZIP)
            .about(path)
            .text("Path", path)
            .content("ChunkData", Arc::new(zipped))
            .value("Offset", offset)
            .value("BytesRead", size)
            .value("isLastChunk", last);
        self.0.ask(request).await
    }

    /// Appends a chunk to an archive of logs of the service's own programs.
    ///
    /// `SubmitSyncLog` (SubmitSyncLog).
    ///
    /// # Errors
    /// As a fault.
    pub async fn submit_log(&self, log: &SyncLog, chunk: Arc<dyn Source>) -> Result<SyncedLog> {
        let size = chunk.size();
        let request = Request::new(&SUBMIT_SYNC_LOG).about(&log.file_name).nested("Parameters", |request| {
            request
                .text("APIKey", self.0.api_key())
                .text("FolderAccessKey", log.folder_access_key.expose())
                .text("FileName", &log.file_name)
                .content("ChunkData", chunk)
                .value("Offset", log.offset)
                .value("BytesRead", size)
                .value("IsLastChunk", log.is_last_chunk)
                .text("UploadToken", log.upload_token.expose())
                .value("LastWriteTimeUtc", &log.last_write_time_utc)
                .value("CreationTimeUtc", &log.creation_time_utc)
        });
        self.0.ask(request).await
    }
}

/// Which changes are asked for (ChangeList).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChangeListQuery {
    /// Since when: what an earlier list called its end (inferred: the service does not say what the date is).
    pub local_date: DateTime,
    /// Which kind of changes.
    pub change_type: ChangeType,
    /// Folders that are left out, by number.
    pub folder_exceptions: Vec<i64>,
    /// Files that are left out, by number.
    pub file_exceptions: Vec<i64>,
}

impl ChangeListQuery {
    /// All changes since a date.
    pub fn since(local_date: impl Into<DateTime>) -> Self {
        Self {
            local_date: local_date.into(),
            change_type: ChangeType::ANY,
            folder_exceptions: Vec::new(),
            file_exceptions: Vec::new(),
        }
    }

    /// Says which kind of changes.
    #[must_use]
    pub fn with_change_type(mut self, change_type: ChangeType) -> Self {
        self.change_type = change_type;
        self
    }

    /// Leaves folders out.
    #[must_use]
    pub fn with_folder_exceptions(mut self, ids: impl IntoIterator<Item = i64>) -> Self {
        self.folder_exceptions = ids.into_iter().collect();
        self
    }

    /// Leaves files out.
    #[must_use]
    pub fn with_file_exceptions(mut self, ids: impl IntoIterator<Item = i64>) -> Self {
        self.file_exceptions = ids.into_iter().collect();
        self
    }
}

/// Who signs in by single sign-on (ValidateSSOUser). What the numbers of machine, mapping and device are is not documented.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SsoUser {
    /// The number of the organisation.
    pub client_id: String,
    /// The user's name.
    pub user_name: String,
    /// The machine.
    pub machine_id: String,
    /// The mapping.
    pub mapping_id: String,
    /// The device.
    pub device_id: String,
}

/// What has changed on a device (SyncLocalItem).
#[derive(Debug, Clone)]
pub struct LocalChange {
    /// The device's time.
    pub local_date_time: DateTime,
    /// Files.
    pub files: Vec<ClientFileItem>,
    /// Folders.
    pub folders: Vec<ClientFolderItem>,
}

/// A file that has changed on a device (SyncLocalItem, `ClientFileItem`).
#[derive(Debug, Clone)]
pub struct ClientFileItem {
    /// Its number on the device.
    pub local_item_id: i64,
    /// Its number at the service; 0 for a new one (inferred).
    pub server_item_id: i64,
    /// The number of its folder.
    pub parent_id: i64,
    /// Its name.
    pub name: String,
    /// What happened.
    pub action: Action,
    /// When.
    pub last_event_date: DateTime,
}

/// A folder that has changed on a device (SyncLocalItem, `ClientFolderItem`).
#[derive(Debug, Clone)]
pub struct ClientFolderItem {
    /// Its number on the device.
    pub local_item_id: i64,
    /// Its number at the service; 0 for a new one (inferred).
    pub server_item_id: i64,
    /// Its path.
    pub path: String,
    /// What happened.
    pub action: Action,
    /// When.
    pub last_event_date: DateTime,
}

/// A folder of the server and the one of the device that belongs to it (ProcessHeaderChange, `SyncFolder`).
#[derive(Debug, Clone)]
pub struct SyncFolder {
    /// Its number.
    pub id: i64,
    /// The number of the list it is in.
    pub device_items_list_id: i64,
    /// Whose it is.
    pub user_name: String,
    /// Its path at the service.
    pub server_path: String,
    /// Its path on the device.
    pub local_path: String,
    /// Its path on the device's disk.
    pub local_physical_path: String,
    /// What may be done there: the letter of a [`Permission`](crate::model::Permission), as a character (inferred).
    pub permission: Char,
    /// Which way is synchronised.
    pub sync_direction: Flag,
    /// Whether deletions are kept from the other side (inferred).
    pub disable_delete: Flag,
    /// Whether the pair is gone (inferred).
    pub is_deleted: Flag,
}

/// A file whose upload is to be gone on with (SyncUploadResume).
#[derive(Debug, Clone)]
pub struct SyncUpload {
    /// Its name.
    pub file_name: String,
    /// Its number at the service; 0 for a new one (inferred).
    pub server_file_id: i64,
    /// Its length in bytes.
    pub local_file_size: i64,
    /// The number of its folder.
    pub server_folder_id: i64,
    /// The name of the upload.
    pub file_guid: String,
    /// A digest of the content; which one is not documented.
    pub file_checksum: String,
    /// The name of the device.
    pub machine_name: String,
    /// When it was created.
    pub created_date: DateTime,
    /// When it was modified.
    pub modified_date: DateTime,
    /// When something last happened to it.
    pub file_last_event_date: DateTime,
    /// The device's time.
    pub client_local_date: DateTime,
    /// Whether its chunks are compressed (inferred).
    pub file_compression_mode: bool,
}

/// Where a chunk of a log goes (SubmitSyncLog).
#[derive(Debug, Clone)]
pub struct SyncLog {
    /// The key of the folder.
    pub folder_access_key: Secret,
    /// The name of the archive.
    pub file_name: String,
    /// Bytes sent before.
    pub offset: u64,
    /// Whether it is the last.
    pub is_last_chunk: bool,
    /// The token of the upload; empty for the first chunk.
    pub upload_token: Secret,
    /// When the archive was written.
    pub last_write_time_utc: DateTime,
    /// When it was created.
    pub creation_time_utc: DateTime,
}
