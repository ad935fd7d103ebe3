//! The operations of SyncAPI: the seed document (ChangeList), and the service's own help pages.

use super::{BOTH, ERROR, SYNC, TOKEN};
use crate::filesanywhere::schema::{
    Operation, bytes, date, double, flag, int, long, many, many_longs, object, short, text,
};

pub(super) const ALL: &[Operation] = &[
    Operation {
        name: "ChangeList",
        services: SYNC,
        request: &[
            TOKEN,
            object(
                "Parameters",
                &[
                    date("LocalDate"),
                    short("ChangeType"),
                    object("FolderExceptionList", &[many_longs("long")]),
                    object("FileExceptionList", &[many_longs("long")]),
                ],
            ),
        ],
        result: "ChangeListResult",
        response: &[
            flag("HeaderChanged"),
            object(
                "ChangedFileList",
                &[many("ChangeFileItem", &[long("ParentFolderID"), text("Name"), long("Size"), text("Checksum")])],
            ),
            object(
                "ChangedFolderList",
                &[many("ChangeItem", &[int("ItemId"), text("Path"), short("ActionCode"), date("LastEventDate")])],
            ),
            date("SyncEndDate"),
            double("OffsetDate"),
            flag("FullSync"),
        ],
    },
    Operation {
        name: "ValidateSSOUser",
        services: SYNC,
        request: &[
            text("APIKey"),
            object(
                "Parameters",
                &[text("ClientID"), text("UserName"), text("MachineID"), text("MappingID"), text("DeviceID")],
            ),
        ],
        result: "ValidateSSOUserResult",
        response: &[ERROR, TOKEN, text("ClientEncryptedPassword")],
    },
    Operation {
        name: "GetAllItemsForSync",
        services: SYNC,
        request: &[TOKEN, object("Parameters", &[text("DeviceID")])],
        result: "GetAllItemsForSyncResult",
        response: &[
            object(
                "RootLevelItems",
                &[many("RootItems", &[text("SharedDirectory"), text("PermissionFlag"), int("FolderId")])],
            ),
            object(
                "ChildLevelItems",
                &[many("ChildItems", &[text("Path"), text("Name"), int("Level"), int("FolderId")])],
            ),
        ],
    },
    Operation {
        name: "SyncUploadResume",
        services: SYNC,
        request: &[
            TOKEN,
            object(
                "Parameters",
                &[
                    text("FileName"),
                    long("ServerFileID"),
                    long("LocalFileSize"),
                    long("ServerFolderID"),
                    text("FileGuid"),
                    text("FileChecksum"),
                    text("MachineName"),
                    date("CreatedDate"),
                    date("ModifiedDate"),
                    date("FileLastEventDate"),
                    date("ClientLocalDate"),
                    flag("FileCompressionMode"),
                ],
            ),
        ],
        result: "SyncUploadResumeResult",
        response: &[text("FileGUID"), long("ServerFileID"), long("FileLength")],
    },
    Operation {
        name: "AppendChunkGZip",
        services: BOTH,
        request: &[TOKEN, text("Path"), bytes("ChunkData"), long("Offset"), int("BytesRead"), flag("isLastChunk")],
        result: "AppendChunkResult",
        response: &[ERROR, flag("ChunkAppended"), text("UploadToken")],
    },
    Operation {
        name: "SubmitSyncLog",
        services: SYNC,
        request: &[
            TOKEN,
            object(
                "Parameters",
                &[
                    text("APIKey"),
                    text("FolderAccessKey"),
                    text("FileName"),
                    bytes("ChunkData"),
                    long("Offset"),
                    int("BytesRead"),
                    flag("IsLastChunk"),
                    text("UploadToken"),
                    date("LastWriteTimeUtc"),
                    date("CreationTimeUtc"),
                ],
            ),
        ],
        result: "SubmitSyncLogResult",
        response: &[text("FolderAccessKey")],
    },
];
