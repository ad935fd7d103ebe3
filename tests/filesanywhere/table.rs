//! How each operation is called with the values of its template, and what the client hands out of the answer. Here: the
//! operations of SyncAPI, and what all tables share.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::future::BoxFuture;
use sharesync::Result;
use sharesync::filesanywhere::model::{Action, ChangeEntry, ChangeType, Flag, FolderEntry};
use sharesync::filesanywhere::{
    AccountLogin, ChangeListQuery, Char, Client, ClientFileItem, ClientFolderItem, LocalChange, SoapVersion, SsoUser,
    SyncFolder, SyncLog, SyncUpload,
};
use sharesync::http::{TokenSet, TokenStore};

use super::show::{show, shown};
use super::template::Rules;
use super::values::Values;

pub(crate) const SYNC: &str = "syncapi";
pub(crate) const FILES: &str = "fawapi";

/// Who calls: a client with a token, and where its server is.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) client: Client,
    pub(crate) address: String,
    pub(crate) version: SoapVersion,
}

/// What a call made of the answers.
pub(crate) type Read = BoxFuture<'static, Result<Vec<String>>>;

/// One way to call an operation.
pub(crate) struct Entry {
    pub(crate) service: &'static str,
    /// The operations that are sent, in their order.
    pub(crate) operations: &'static [&'static str],
    pub(crate) rules: Rules,
    pub(crate) call: fn(Caller, Values) -> Read,
}

/// All of them.
pub(crate) fn table() -> Vec<Entry> {
    let tables = [operations(), super::table_files::operations(), super::table_links::operations()];
    tables.into_iter().flatten().collect()
}

/// Declares a table: the operations, what is particular about them, and the call.
macro_rules! entries {
    ($service:expr; $([$($operation:literal),+] $({ $($rule:ident: $names:expr),+ })? => |$caller:ident, $values:ident| $call:block)*) => {
        pub(crate) fn operations() -> Vec<$crate::filesanywhere::table::Entry> {
            vec![$($crate::filesanywhere::table::Entry {
                service: $service,
                operations: &[$($operation),+],
                rules: $crate::filesanywhere::template::Rules { $($($rule: $names,)+)? ..Default::default() },
                call: |$caller, $values| Box::pin(async move $call),
            },)*]
        }
    };
}
pub(crate) use entries;

/// Keeps the token of a sign-in.
#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<Vec<String>>);

impl Kept {
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

#[async_trait]
impl TokenStore for Kept {
    async fn save(&self, tokens: &TokenSet) -> Result<()> {
        self.0.lock().unwrap().push(tokens.access.expose().to_owned());
        Ok(())
    }
}

/// The numbers whose values are not public.
fn number(values: &Values, end: &str) -> i16 {
    values.number(end)
}

fn local_change(values: &Values) -> LocalChange {
    let files = ClientFileItem {
        local_item_id: values.number("ClientFileItem/LocalItemID"),
        server_item_id: values.number("ClientFileItem/ServerItemID"),
        parent_id: values.number("ClientFileItem/ParentID"),
        name: values.text("ClientFileItem/Name"),
        action: Action(number(values, "ClientFileItem/Action")),
        last_event_date: values.date("ClientFileItem/LastEventDate"),
    };
    let folders = ClientFolderItem {
        local_item_id: values.number("ClientFolderItem/LocalItemID"),
        server_item_id: values.number("ClientFolderItem/ServerItemID"),
        path: values.text("ClientFolderItem/Path"),
        action: Action(number(values, "ClientFolderItem/Action")),
        last_event_date: values.date("ClientFolderItem/LastEventDate"),
    };
    LocalChange { local_date_time: values.date("LocalDateTime"), files: vec![files], folders: vec![folders] }
}

fn sync_folder(values: &Values) -> SyncFolder {
    SyncFolder {
        id: values.number("ID"),
        device_items_list_id: values.number("DeviceItemsListID"),
        user_name: values.text("UserName"),
        server_path: values.text("ServerPath"),
        local_path: values.text("LocalPath"),
        local_physical_path: values.text("LocalPhysicalPath"),
        permission: Char(values.number("Permission")),
        sync_direction: Flag(number(values, "SyncDirection")),
        disable_delete: Flag(number(values, "DisableDelete")),
        is_deleted: Flag(number(values, "IsDeleted")),
    }
}

fn sync_upload(values: &Values) -> SyncUpload {
    SyncUpload {
        file_name: values.text("FileName"),
        server_file_id: values.number("ServerFileID"),
        local_file_size: values.number("LocalFileSize"),
        server_folder_id: values.number("ServerFolderID"),
        file_guid: values.text("FileGuid"),
        file_checksum: values.text("FileChecksum"),
        machine_name: values.text("MachineName"),
        created_date: values.date("CreatedDate"),
        modified_date: values.date("ModifiedDate"),
        file_last_event_date: values.date("FileLastEventDate"),
        client_local_date: values.date("ClientLocalDate"),
        file_compression_mode: values.flag("FileCompressionMode"),
    }
}

fn sync_log(values: &Values) -> SyncLog {
    SyncLog {
        folder_access_key: values.secret("FolderAccessKey"),
        file_name: values.text("FileName"),
        offset: values.number("Offset"),
        is_last_chunk: values.flag("IsLastChunk"),
        upload_token: values.secret("UploadToken"),
        last_write_time_utc: values.date("LastWriteTimeUtc"),
        creation_time_utc: values.date("CreationTimeUtc"),
    }
}

entries! { SYNC;
    ["ChangeList"] => |caller, values| {
        let query = ChangeListQuery::since(values.date("LocalDate"))
            .with_change_type(ChangeType(number(&values, "ChangeType")))
            .with_folder_exceptions(values.numbers("FolderExceptionList/long"))
            .with_file_exceptions(values.numbers("FileExceptionList/long"));
        let (rows, summary) = caller.client.sync().change_list(&query).await?.collect(4).await?;
        let mut shown = Vec::new();
        show!(shown: summary.header_changed);
        for row in rows {
            match row {
                ChangeEntry::File(file) => show!(shown: file.parent_folder_id, file.name, file.size, file.checksum),
                ChangeEntry::Folder(folder) => {
                    show!(shown: folder.item_id, folder.path, folder.action_code, folder.last_event_date);
                }
                other => panic!("{other:?}"),
            }
        }
        show!(shown: summary.sync_end_date, summary.offset_date, summary.full_sync);
        Ok(shown)
    }
    ["AccountLogin"] => |caller, values| {
        let login = AccountLogin::new(values.number("OrgID"), values.text("UserName"), values.secret("Password"))
            .with_allowed_ip_list(values.text("AllowedIPList"))
            .with_client_encrypt_param(values.text("ClientEncryptParam"));
        let result = caller.client.account_login(&login).await?;
        shown![result.token, result.client_encrypted_password]
    }
    ["ValidateSSOUser"] => |caller, values| {
        let user = SsoUser {
            client_id: values.text("ClientID"),
            user_name: values.text("UserName"),
            machine_id: values.text("MachineID"),
            mapping_id: values.text("MappingID"),
            device_id: values.text("DeviceID"),
        };
        let result = caller.client.sync().validate_sso_user(&user).await?;
        shown![result.token, result.client_encrypted_password]
    }
    ["GetAllItemsForSync"] => |caller, values| {
        let (rows, summary) = caller.client.sync().all_items(&values.text("DeviceID")).await?.collect(2).await?;
        let mut shown = Vec::new();
        for row in rows {
            match row {
                FolderEntry::Root(root) => show!(shown: root.shared_directory, root.permission, root.folder_id),
                FolderEntry::Child(child) => show!(shown: child.path, child.name, child.level, child.folder_id),
                other => panic!("{other:?}"),
            }
        }
        show!(shown: summary.error_message);
        Ok(shown)
    }
    ["SyncLocalItem"] => |caller, values| {
        caller.client.sync().sync_local_items(&local_change(&values)).await?;
        shown![]
    }
    ["ProcessHeaderChange"] => |caller, values| {
        caller.client.sync().process_header_change(&[sync_folder(&values)]).await?;
        shown![]
    }
    ["SyncUploadResume"] => |caller, values| {
        let position = caller.client.sync().upload_position(&sync_upload(&values)).await?;
        shown![position.file_guid, position.server_file_id, position.file_length]
    }
    ["AppendChunkGZip"] => |caller, values| {
        let (offset, chunk) = (values.number("Offset"), values.content("ChunkData"));
        let sync = caller.client.sync();
        let appended = sync.append_chunk_gzip(&values.text("Path"), offset, chunk, values.flag("isLastChunk")).await?;
        shown![appended.upload_token]
    }
    ["SubmitSyncLog"] => |caller, values| {
        let log = caller.client.sync().submit_log(&sync_log(&values), values.content("ChunkData")).await?;
        shown![log.folder_access_key]
    }
}

/// A store of tokens, and the same to look into it.
pub(crate) fn kept() -> Arc<Kept> {
    Arc::new(Kept::default())
}
