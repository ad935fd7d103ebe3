//! The operations of FAWAPI on items: lists, properties, search, folders, names and places (the WSDL of FAWAPI v2).

use super::{ERROR, FILES, TOKEN, items};
use crate::filesanywhere::schema::{
    Field, Operation, date, flag, int, long, many, many_texts, nil_date, nil_long, object, one_of, short, text,
    unsigned_long,
};

const PAGE: &[Field] = &[TOKEN, text("Path"), int("PageSize"), int("PageNum")];
const TYPED: &[Field] = &[TOKEN, text("Type"), text("Path")];
pub(in crate::filesanywhere) const SIZE_UNITS: &[&str] = &["None", "KiloBytes", "MegaBytes", "GigaBytes"];

pub(super) const ALL: &[Operation] = &[
    Operation {
        name: "ListUserVolumes2",
        services: FILES,
        request: &[TOKEN],
        result: "ListUserVolumesResult",
        response: &[
            ERROR,
            object(
                "UserVolumes",
                &[many("UserVolumev2", &[text("Username"), text("Permission"), text("Path"), text("Name")])],
            ),
        ],
    },
    Operation {
        name: "ListItems2",
        services: FILES,
        request: PAGE,
        result: "ListItemsResult",
        response: &[
            ERROR,
            object(
                "Items",
                &[many("Item", &[text("Type"), text("Name"), text("Size"), text("Path"), text("DateLastModified")])],
            ),
            int("PageNum"),
            int("PageCount"),
            flag("ClipboardIsEmpty"),
        ],
    },
    Operation {
        name: "ListItemsWithPermissions",
        services: FILES,
        request: PAGE,
        result: "ListItemsResult",
        response: &[
            ERROR,
            object(
                "Items",
                &[many(
                    "ItemWithPermissions",
                    &[
                        text("Type"),
                        text("Name"),
                        text("Size"),
                        text("Path"),
                        text("DateLastModified"),
                        text("Permission"),
                    ],
                )],
            ),
            int("PageNum"),
            int("PageCount"),
            flag("ClipboardIsEmpty"),
        ],
    },
    Operation {
        name: "FileProperties",
        services: FILES,
        request: &[TOKEN, text("Path")],
        result: "ItemsPropertiesResult",
        response: &[short("FileExists"), ERROR, text("Size"), text("DateLastModifiedInGMT"), long("DateTimeInTicks")],
    },
    Operation {
        name: "ItemProperties",
        services: FILES,
        request: TYPED,
        result: "ItemsPropertiesResult",
        response: &[ERROR, text("Size"), text("Count"), text("DateCreated"), text("DateLastModified")],
    },
    Operation {
        name: "ItemAdvancedProperties",
        services: FILES,
        request: TYPED,
        result: "ItemsPropertiesResult",
        response: &[
            ERROR,
            text("Size"),
            text("Count"),
            text("DateCreated"),
            text("DateLastModified"),
            text("VC_Comments"),
            text("VC_CheckoutComments"),
            text("VC_CheckoutStatusDate"),
            text("VC_CheckoutStatusByName"),
        ],
    },
    Operation {
        name: "SearchFiles",
        services: FILES,
        request: &[
            TOKEN,
            text("Path"),
            text("MP"),
            text("ItemName"),
            text("TextInFile"),
            text("Comments"),
            text("Tag"),
            one_of("SizeUnit", SIZE_UNITS),
            nil_long("SizeFrom"),
            nil_long("SizeTo"),
            nil_date("DateFrom"),
            nil_date("DateTo"),
            flag("CheckFolderName"),
            flag("CheckSubFolders"),
            flag("CheckIndex"),
            one_of("SortBy", &["NAME", "TYPETEXT", "MODIFIEDDATE", "SIZE"]),
            one_of("SortOrder", &["ASC", "DESC"]),
            int("StartPage"),
            int("PageSize"),
        ],
        result: "SearchFilesResult",
        response: &[
            ERROR,
            object(
                "Items",
                &[many(
                    "CAddListItem",
                    &[
                        text("Folder"),
                        date("ModifiedDate"),
                        unsigned_long("Size"),
                        text("Name"),
                        text("Parameter"),
                        long("TotalSize"),
                        text("ItemType"),
                        text("FileID"),
                        text("SortField"),
                    ],
                )],
            ),
        ],
    },
    Operation {
        name: "CreateFolder",
        services: FILES,
        request: &[TOKEN, text("Path"), text("NewFolderName")],
        result: "CreateFolderResult",
        response: &[ERROR, flag("FolderCreated")],
    },
    Operation {
        name: "CreateFolderRecursive",
        services: FILES,
        request: &[TOKEN, text("Path"), text("NewFolderName")],
        result: "CreateFolderRecursiveResult",
        response: &[ERROR, flag("FolderCreated"), text("NewFolderName")],
    },
    Operation {
        name: "RenameItem",
        services: FILES,
        request: &[TOKEN, text("Path"), text("Type"), text("NewName")],
        result: "RenameItemResult",
        response: &[ERROR, flag("Renamed")],
    },
    Operation {
        name: "MoveItems",
        services: FILES,
        request: &[TOKEN, many_texts("SrcPath"), text("DstPath")],
        result: "MoveItemsResult",
        response: &[
            ERROR,
            object("MovedItems", &[many("MovedItem", &[ERROR, text("SrcPath"), text("DstPath"), flag("Moved")])]),
        ],
    },
    Operation {
        name: "CopyItems",
        services: FILES,
        request: &[TOKEN, items("ItemsToCopy")],
        result: "CopyItemsResult",
        response: &[ERROR, flag("Copied")],
    },
    Operation {
        name: "CutItems",
        services: FILES,
        request: &[TOKEN, items("ItemsToCut")],
        result: "CutItemsResult",
        response: &[ERROR, flag("Cut")],
    },
    Operation {
        name: "Paste",
        services: FILES,
        request: &[TOKEN, text("Path")],
        result: "PasteResult",
        response: &[ERROR, flag("Pasted")],
    },
    Operation {
        name: "DeleteItems",
        services: FILES,
        request: &[TOKEN, items("ItemsToDelete")],
        result: "DeleteItemsResult",
        response: &[ERROR, flag("Deleted")],
    },
];
