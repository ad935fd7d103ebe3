//! The operations of FAWAPI that bring content and take it away (the WSDL of FAWAPI v2).

use super::{ERROR, FILES, TOKEN};
use crate::filesanywhere::schema::{Field, Operation, bytes, flag, int, long, nil_date, nil_text, one_of, text};

const AT_PATH: &[Field] = &[TOKEN, text("Path")];
const URL: &[Field] = &[ERROR, text("URL")];
const UPLOADED: &[Field] = &[ERROR, flag("Uploaded")];
const CHUNK_UPLOADED: &[Field] =
    &[ERROR, flag("ChunkAppended"), text("UploadToken"), nil_date("LastWriteTimeUtc"), nil_date("CreationTimeUtc")];

pub(super) const ALL: &[Operation] = &[
    Operation {
        name: "UploadFile",
        services: FILES,
        request: &[TOKEN, text("Path"), bytes("FileData")],
        result: "UploadFileResult",
        response: UPLOADED,
    },
    Operation {
        name: "AppendChunk",
        services: FILES,
        request: &[TOKEN, text("Path"), bytes("ChunkData"), long("Offset"), int("BytesRead"), flag("isLastChunk")],
        result: "AppendChunkResult",
        response: &[ERROR, flag("ChunkAppended"), text("UploadToken")],
    },
    Operation {
        name: "ChunkUpload",
        services: FILES,
        request: &[
            TOKEN,
            text("Path"),
            bytes("ChunkData"),
            long("Offset"),
            int("BytesRead"),
            flag("isLastChunk"),
            text("UploadToken"),
            nil_date("LastWriteTimeUtc"),
            nil_date("CreationTimeUtc"),
        ],
        result: "ChunkUploadResult",
        response: CHUNK_UPLOADED,
    },
    Operation {
        name: "GetFolderAccessKey",
        services: FILES,
        request: &[TOKEN, text("UserName"), text("Password"), text("FolderPath")],
        result: "GetFolderAccessKeyResult",
        response: &[ERROR, text("FolderAccessKey")],
    },
    Operation {
        name: "AppendChunkWithFolderAccessKey",
        services: FILES,
        request: &[
            text("APIKey"),
            text("FolderAccessKey"),
            text("FileName"),
            bytes("ChunkData"),
            long("Offset"),
            int("BytesRead"),
            flag("isLastChunk"),
            text("UploadToken"),
            nil_date("LastWriteTimeUtc"),
            nil_date("CreationTimeUtc"),
        ],
        result: "ChunkUploadResult",
        response: CHUNK_UPLOADED,
    },
    Operation {
        name: "UploadFileWithFolderAccessKey",
        services: FILES,
        request: &[text("APIKey"), text("FolderAccessKey"), text("FileName"), bytes("FileData")],
        result: "UploadFileResult",
        response: UPLOADED,
    },
    Operation { name: "DownloadFile", services: FILES, request: AT_PATH, result: "DownloadFileResult", response: URL },
    Operation { name: "DownloadFile2", services: FILES, request: AT_PATH, result: "DownloadFileResult", response: URL },
    Operation { name: "ViewFile", services: FILES, request: AT_PATH, result: "DownloadFileResult", response: URL },
    Operation {
        name: "DownloadZipFile",
        services: FILES,
        request: AT_PATH,
        result: "DownloadFileResult",
        response: &[
            ERROR,
            text("URL"),
            one_of("DownloadFileStatus", &["Unknown", "Processing", "Complete", "Errored"]),
            long("ProcessId"),
        ],
    },
    Operation {
        name: "DownloadWithCheckout",
        services: FILES,
        request: &[TOKEN, text("ItemPath"), nil_text("Comments"), flag("EmailReport"), text("AdditionalRecipients")],
        result: "DownloadWithCheckoutResult",
        response: URL,
    },
    Operation {
        name: "UploadFileWithCheckin",
        services: FILES,
        request: &[TOKEN, text("Path"), bytes("FileData"), text("Comments")],
        result: "UploadFileResult",
        response: UPLOADED,
    },
    Operation {
        name: "UndoCheckout",
        services: FILES,
        request: &[TOKEN, text("ItemPath"), nil_text("Comments")],
        result: "UndoCheckOutFileResult",
        response: &[ERROR],
    },
];
