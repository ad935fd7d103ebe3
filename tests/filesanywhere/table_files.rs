//! The operations of FAWAPI on sessions, items and content.

use std::time::Duration;

use sharesync::filesanywhere::model::{ChunkUploaded, ItemRow};
use sharesync::filesanywhere::{ChunkTimes, Client, Search, SizeUnit, SortBy};

use super::show::{show, shown};
use super::stage::no_waiting;
use super::table::{FILES, entries, kept};
use super::template::KEY;
use super::values::{Values, borrowed};

fn rows(rows: Vec<ItemRow>) -> Vec<String> {
    let mut shown = Vec::new();
    for row in rows {
        show!(shown: row.kind, row.name, row.size, row.path, row.date_last_modified, row.permission);
    }
    shown
}

fn search(values: &Values) -> Search {
    Search {
        path: values.text("Path"),
        mp: values.some("MP"),
        item_name: values.some("ItemName"),
        text_in_file: values.some("TextInFile"),
        comments: values.some("Comments"),
        tag: values.some("Tag"),
        size_unit: match values.text("SizeUnit").as_str() {
            "KiloBytes" => SizeUnit::KiloBytes,
            _ => SizeUnit::GigaBytes,
        },
        size_from: values.some("SizeFrom").map(|size| size.parse().unwrap()),
        size_to: values.some("SizeTo").map(|size| size.parse().unwrap()),
        date_from: values.some_date("DateFrom"),
        date_to: values.some_date("DateTo"),
        check_folder_name: values.flag("CheckFolderName"),
        check_sub_folders: values.flag("CheckSubFolders"),
        check_index: values.flag("CheckIndex"),
        sort_by: if values.text("SortBy") == "TYPETEXT" { SortBy::Type } else { SortBy::Size },
        descending: values.text("SortOrder") == "DESC",
        start_page: values.number("StartPage"),
        page_size: values.number("PageSize"),
    }
}

fn times(values: &Values) -> ChunkTimes {
    let mut times = ChunkTimes::default();
    times.last_write = values.some_date("LastWriteTimeUtc");
    times.creation = values.some_date("CreationTimeUtc");
    times
}

fn uploaded(chunk: ChunkUploaded) -> Vec<String> {
    let mut shown = Vec::new();
    show!(shown: chunk.upload_token, chunk.last_write_time_utc, chunk.creation_time_utc);
    shown
}

entries! { FILES;
    ["AccountLogin"] { never_nil: &["AllowedIPList", "ClientEncryptParam"], needs: &["Token"], unread: &["ClientEncryptedPassword"] } => |caller, values| {
        let store = kept();
        let builder = Client::builder(KEY, values.number("OrgID"))
            .server(&caller.address)
            .soap(caller.version)
            .http_config(no_waiting())
            .allowed_ips(values.text("AllowedIPList"))
            .token_store(store.clone());
        let (user, password) = (values.text("UserName"), values.secret("Password"));
        let encrypted = values.text("ClientEncryptParam") == "ENCRYPTEDYES";
        let builder =
            if encrypted { builder.encrypted_password(user, password) } else { builder.password(user, password) };
        builder.connect().await?;
        Ok(store.all())
    }
    ["Logout"] => |caller, _values| {
        caller.client.files().logout().await?;
        shown![]
    }
    ["GetAccountDetails"] => |caller, _values| {
        let account = caller.client.files().account().await?;
        shown![
            account.email_address, account.can_change_email_address, account.storage_allocation,
            account.storage_allocation_display, account.storage_usage, account.storage_usage_display, account.user_type,
            account.account_status,
        ]
    }
    ["ListUserVolumes2"] => |caller, _values| {
        let mut shown = Vec::new();
        for volume in caller.client.files().volumes().await?.volumes {
            show!(shown: volume.username, volume.permission, volume.path, volume.name);
        }
        Ok(shown)
    }
    ["RegisterDevice"] => |caller, values| {
        let (id, token) = (values.some("DeviceId"), values.some("DeviceToken"));
        let device = caller.client.files().register_device(id.as_deref(), token.as_deref()).await?;
        shown![device.minimum_sync_check_frequency, device.minimum_notification_check_frequency]
    }
    ["GetNotifications"] => |caller, values| {
        shown![caller.client.files().notifications(&values.text("DeviceId")).await?.data]
    }
    ["GetAPIURL"] => |caller, values| {
        shown![caller.client.files().api_url(values.number("ClientId")).await?.api_url]
    }
    ["GetClientID"] => |caller, values| {
        shown![caller.client.files().client_id(&values.text("CompanyCode")).await?.client_id]
    }
    ["ListLogActivities"] { nil: &["FolderOrFile", "ActivityType", "SubType"], unread: &["SubActivity", "ItemThumbnail"] } => |caller, values| {
        let (start, end) = (values.date("StartDate"), values.date("EndDate"));
        let (activities, _) = caller.client.files().log_activities(&start, &end).await?.collect(2).await?;
        let mut shown = Vec::new();
        for one in activities {
            show!(shown: one.action_date, one.activity_type, one.app_user_name, one.source_path, one.destination_path);
            show!(shown: one.source_item_type, one.size, one.comments);
        }
        Ok(shown)
    }
    ["ListItems2"] { needs: &["Type", "Name"] } => |caller, values| {
        let (size, page) = (values.number("PageSize"), values.number("PageNum"));
        let list = caller.client.items().list(&values.text("Path"), size, page).await?;
        let (items, summary) = list.collect(2).await?;
        let mut shown = rows(items);
        show!(shown: summary.page_num, summary.page_count, summary.clipboard_is_empty);
        Ok(shown)
    }
    ["ListItemsWithPermissions"] { needs: &["Type", "Name"] } => |caller, values| {
        let (size, page) = (values.number("PageSize"), values.number("PageNum"));
        let list = caller.client.items().list_with_permissions(&values.text("Path"), size, page).await?;
        let (items, summary) = list.collect(2).await?;
        let mut shown = rows(items);
        show!(shown: summary.page_num, summary.page_count, summary.clipboard_is_empty);
        Ok(shown)
    }
    ["FileProperties"] => |caller, values| {
        let file = caller.client.items().file(&values.text("Path")).await?;
        shown![file.file_exists, file.size, file.date_last_modified_in_gmt, file.date_time_in_ticks]
    }
    ["ItemProperties"] => |caller, values| {
        let item = caller.client.items().properties(values.kind(), &values.text("Path")).await?;
        shown![item.size, item.count, item.date_created, item.date_last_modified]
    }
    ["ItemAdvancedProperties"] => |caller, values| {
        let item = caller.client.items().advanced_properties(values.kind(), &values.text("Path")).await?;
        shown![
            item.size, item.count, item.date_created, item.date_last_modified, item.comments, item.checkout_comments,
            item.checkout_date, item.checkout_by,
        ]
    }
    ["SearchFiles"] { left_out: &["MP", "ItemName", "TextInFile", "Comments", "Tag"] } => |caller, values| {
        let (found, _) = caller.client.items().search(&search(&values)).await?.collect(2).await?;
        let mut shown = Vec::new();
        for one in found {
            show!(shown: one.folder, one.modified_date, one.size, one.name, one.parameter, one.total_size);
            show!(shown: one.item_type, one.file_id, one.sort_field);
        }
        Ok(shown)
    }
    ["CreateFolder"] => |caller, values| {
        caller.client.items().create_folder(&values.text("Path"), &values.text("NewFolderName")).await?;
        shown![]
    }
    ["CreateFolderRecursive"] => |caller, values| {
        let (path, name) = (values.text("Path"), values.text("NewFolderName"));
        shown![caller.client.items().create_folders(&path, &name).await?.new_folder_name]
    }
    ["RenameItem"] => |caller, values| {
        let items = caller.client.items();
        items.rename(values.kind(), &values.text("RenameItem/Path"), &values.text("NewName")).await?;
        shown![]
    }
    ["MoveItems"] => |caller, values| {
        let paths = values.all("SrcPath");
        let paths: Vec<_> = paths.iter().map(String::as_str).collect();
        let mut shown = Vec::new();
        for item in caller.client.items().move_into(&paths, &values.text("DstPath")).await? {
            show!(shown: item.error_message, item.src_path, item.dst_path, item.moved);
        }
        Ok(shown)
    }
    ["CopyItems", "Paste"] => |caller, values| {
        let items = values.items("ItemsToCopy");
        caller.client.items().copy_into(&borrowed(&items), &values.text("Paste/Path")).await?;
        shown![]
    }
    ["CutItems", "Paste"] => |caller, values| {
        let items = values.items("ItemsToCut");
        caller.client.items().cut_into(&borrowed(&items), &values.text("Paste/Path")).await?;
        shown![]
    }
    ["DeleteItems"] => |caller, values| {
        let items = values.items("ItemsToDelete");
        caller.client.items().delete(&borrowed(&items)).await?;
        shown![]
    }
    ["UndoCheckout"] => |caller, values| {
        let comments = values.some("Comments");
        caller.client.items().undo_checkout(&values.text("ItemPath"), comments.as_deref()).await?;
        shown![]
    }
    ["UploadFile"] => |caller, values| {
        caller.client.uploads().file(&values.text("Path"), values.content("FileData")).await?;
        shown![]
    }
    ["UploadFileWithCheckin"] { left_out: &["Comments"] } => |caller, values| {
        let comments = values.some("Comments");
        let uploads = caller.client.uploads();
        uploads.checkin(&values.text("Path"), values.content("FileData"), comments.as_deref()).await?;
        shown![]
    }
    ["AppendChunk"] => |caller, values| {
        let (offset, last) = (values.number("Offset"), values.flag("isLastChunk"));
        let uploads = caller.client.uploads();
        shown![uploads.append(&values.text("Path"), offset, values.content("ChunkData"), last).await?.upload_token]
    }
    ["AppendChunkGZip"] => |caller, values| {
        let (offset, last) = (values.number("Offset"), values.flag("isLastChunk"));
        let uploads = caller.client.uploads();
        shown![uploads.append_gzip(&values.text("Path"), offset, values.content("ChunkData"), last).await?.upload_token]
    }
    ["ChunkUpload"] => |caller, values| {
        let (offset, last) = (values.number("Offset"), values.flag("isLastChunk"));
        let (path, token, content) = (values.text("Path"), values.secret("UploadToken"), values.content("ChunkData"));
        let uploads = caller.client.uploads();
        uploads.chunk(&path, offset, content, last, Some(&token), &times(&values)).await.map(uploaded)
    }
    ["UploadFileWithFolderAccessKey"] => |caller, values| {
        let key = values.secret("FolderAccessKey");
        caller.client.folder_keys().upload(&key, &values.text("FileName"), values.content("FileData")).await?;
        shown![]
    }
    ["AppendChunkWithFolderAccessKey"] => |caller, values| {
        let (offset, last) = (values.number("Offset"), values.flag("isLastChunk"));
        let (key, token, content) =
            (values.secret("FolderAccessKey"), values.secret("UploadToken"), values.content("ChunkData"));
        let keys = caller.client.folder_keys();
        let name = values.text("FileName");
        keys.chunk(&key, &name, offset, content, last, Some(&token), &times(&values)).await.map(uploaded)
    }
    ["GetFolderAccessKey"] => |caller, values| {
        let (user, password) = (values.text("UserName"), values.secret("Password"));
        shown![caller.client.folder_keys().get(&user, &password, &values.text("FolderPath")).await?.key]
    }
    ["DownloadFile"] { needs: &["URL"] } => |caller, values| {
        shown![caller.client.downloads().url(&values.text("Path")).await?]
    }
    ["DownloadFile2"] { needs: &["URL"] } => |caller, values| {
        shown![caller.client.downloads().url_2(&values.text("Path")).await?]
    }
    ["ViewFile"] { needs: &["URL"] } => |caller, values| {
        shown![caller.client.downloads().view_url(&values.text("Path")).await?]
    }
    ["DownloadWithCheckout"] { left_out: &["AdditionalRecipients"], needs: &["URL"] } => |caller, values| {
        let (comments, recipients) = (values.some("Comments"), values.some("AdditionalRecipients"));
        let downloads = caller.client.downloads();
        let path = values.text("ItemPath");
        let report = values.flag("EmailReport");
        shown![downloads.checkout(&path, comments.as_deref(), report, recipients.as_deref()).await?]
    }
    ["DownloadZipFile"] => |caller, values| {
        let zip = caller.client.downloads().zip(&values.text("Path")).await?;
        // One that is under way is asked for once, as there is no patience.
        let asked = caller.client.downloads().zip_url(&values.text("Path"), Duration::ZERO).await;
        assert!(asked.is_err());
        shown![zip.url, zip.status, zip.process_id]
    }
}
