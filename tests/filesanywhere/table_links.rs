//! The operations of FAWAPI on links and shared folders.

use sharesync::Secret;
use sharesync::filesanywhere::model::{GroupShareUsers, LinkSent, Permission};
use sharesync::filesanywhere::{DropboxLink, FileShareLink, ItemsLink};

use super::show::{show, shown};
use super::table::{FILES, entries};
use super::values::{Values, borrowed};

fn sent(links: LinkSent) -> Vec<String> {
    let mut shown = Vec::new();
    for link in links.links {
        show!(shown: link.url, link.email);
    }
    shown
}

fn removed(users: GroupShareUsers) -> Vec<String> {
    let mut shown = Vec::new();
    for user in users.users {
        show!(shown: user.error_message, user.username, user.done);
    }
    shown
}

fn access(values: &Values) -> Permission {
    Permission::Other(values.text("SharedFolderAccessLevel"))
}

fn items_link(values: &Values, recipients: &str, password: &str) -> ItemsLink {
    ItemsLink {
        recipients: values.text(recipients),
        folder_view: values.text("FolderView"),
        share_days: values.number("ShareDays"),
        record_file_history_log: values.flag("RecordFileHistoryLog"),
        notify_download_by_email: values.flag("NotifyDownloadByEmail"),
        send_read_receipt: values.flag("SendReadReceipt"),
        link_in_file_attachment: values.flag("LinkInFileAttachment"),
        read_only_permission: values.flag("ReadOnlyPermission"),
        download_limit: values.number("DownloadLimit"),
        display_watermark: values.flag("DisplayWatermark"),
        watermark_at_center: values.text("WatermarkAtCenter"),
        watermark_at_bottom: values.text("WatermarkAtBottom"),
        user_email_as_sender: values.flag("UserEmailAsSender"),
        email_subject: values.text("EmailSubject"),
        email_body: values.text("EmailBody"),
        password: Some(Secret::new(values.text(password))),
    }
}

fn file_share(values: &Values) -> FileShareLink {
    FileShareLink {
        link: items_link(values, "RecipientEmails", "LinkPassword"),
        cover_page: values.flag("FlagCoverPage"),
        cover_page_title: values.text("CoverPageTitle"),
        cover_page_message: values.text("CoverPageMessage"),
        approval_text: values.text("ApprovalText"),
        input_prompt_message: values.text("InputPromptMessage"),
        signature_prompt: values.text("SignaturePrompt"),
        play_options: values.text("PlayOptions"),
        display_user_name: values.flag("DisplayUserName"),
        display_email: values.flag("DisplayEmail"),
        display_comments: values.flag("DisplayComments"),
    }
}

fn dropbox(values: &Values) -> DropboxLink {
    DropboxLink {
        recipients: values.text("RecipientsEmailAddresses"),
        share_days: values.number("ShareDays"),
        record_file_history_log: values.flag("RecordFileHistoryLog"),
        notify_download_by_email: values.flag("NotifyDownloadByEmail"),
        send_read_receipt: values.flag("SendReadReceipt"),
        link_in_file_attachment: values.flag("LinkInFileAttachment"),
        over_write_files: values.flag("OverWriteFiles"),
        sub_folder_name_prompt: values.text("SubFolderNamePrompt"),
        user_email_as_sender: values.flag("UserEmailAsSender"),
        email_subject: values.text("EmailSubject"),
        email_body: values.text("EmailBody"),
        password: Some(values.secret("ElinkPassWord")),
    }
}

entries! { FILES;
    ["SendItemsELinkWithDefaults"] => |caller, values| {
        let (items, recipients) = (values.items("ELinkItems"), values.text("RecipientsEmailAddresses"));
        let (mail, password) = (values.flag("SendEmail"), values.secret("ElinkPassWord"));
        let links = caller.client.links();
        links.send_with_defaults(&borrowed(&items), &recipients, mail, Some(&password)).await.map(sent)
    }
    ["SendItemsELink"] => |caller, values| {
        let (items, link) =
            (values.items("ELinkItems"), items_link(&values, "RecipientsEmailAddresses", "ElinkPassWord"));
        caller.client.links().send(&borrowed(&items), &link).await.map(sent)
    }
    ["SendFileShareLink"] => |caller, values| {
        let (items, link) = (values.items("FileShareLinkItems"), file_share(&values));
        caller.client.links().send_file_share(&borrowed(&items), &link).await.map(sent)
    }
    ["SendDropboxLink"] => |caller, values| {
        caller.client.links().send_dropbox(&values.text("DropFolderPath"), &dropbox(&values)).await.map(sent)
    }
    ["GroupShareAdd"] => |caller, values| {
        let (folder, user) = (values.text("SharedFolderName"), values.text("UserAccountWithWhomToShareFolder"));
        caller.client.group_shares().add(&folder, &user, &access(&values), &values.text("Notes")).await?;
        shown![]
    }
    ["GroupShareAdd2"] { told: &["GroupShareCreated"] } => |caller, values| {
        let (folder, users) = (values.text("SharedFolderName"), values.text("UserAccountsWithWhomToShareFolder"));
        let (notify, notes) = (values.flag("NotifyByEmail"), values.text("Notes"));
        let shares = caller.client.group_shares();
        let mut shown = Vec::new();
        let result = shares.add_all(&folder, &[&users], &access(&values), notify, &notes).await?;
        for user in result.users {
            show!(shown: user.error_message, user.username, user.done);
        }
        show!(shown: result.created);
        Ok(shown)
    }
    ["GroupShareRemove"] => |caller, values| {
        let (folder, users) = (values.text("SharedFolderName"), values.text("UserAccountsToRemove"));
        caller.client.group_shares().remove(&folder, &[&users], values.flag("SendEmail")).await.map(removed)
    }
    ["ListGroupShareUsers"] => |caller, values| {
        let mut shown = Vec::new();
        for user in caller.client.group_shares().users(&values.text("SharedFolderName")).await? {
            show!(shown: user.username, user.permission);
        }
        Ok(shown)
    }
    ["StopSharingGroupShare"] => |caller, values| {
        let (folder, mail) = (values.text("SharedFolderName"), values.flag("SendEmail"));
        caller.client.group_shares().stop(&folder, mail).await.map(removed)
    }
}
