//! Links to items, and links through which others put files into a folder.

use sharesync_core::http::Repeat;
use sharesync_core::{Result, Secret};

use super::GENERAL_LINK;
use super::items::entries;
use crate::client::resource;
use crate::model::{ItemKind, LinkSent, LinkSentWithDefaults};
use crate::soap::{Op, Request};

const SEND: Op =
    Op::files("SendItemsELink", "SendItemsELinkResponse", "SendElinkResult").writes(Repeat::Never, Some("ELinkSent"));
const SEND_WITH_DEFAULTS: Op =
    Op::files("SendItemsELinkWithDefaults", "SendItemsELinkWithDefaultsResponse", "SendElinkResult")
        .writes(Repeat::Never, Some("ELinkSent"));
const SEND_FILE_SHARE: Op = Op::files("SendFileShareLink", "SendFileShareLinkResponse", "SendFileShareLinkResult")
    .writes(Repeat::Never, Some("ELinkSent"));
const SEND_DROPBOX: Op =
    Op::files("SendDropboxLink", "SendDropboxLinkResponse", "SendDropboxLink").writes(Repeat::Never, Some("ELinkSent"));

resource! {
    /// Links: [`Client::links`](crate::Client::links). With [`GENERAL_LINK`] as the recipient the address is returned and no
    /// mail is sent. No operation that ends a link is documented.
    Links
}

/// A link to items (SendItemsELink).
#[derive(Debug, Clone)]
pub struct ItemsLink {
    /// Recipients, or [`GENERAL_LINK`].
    pub recipients: String,
    /// How folders are shown; `F` is observed.
    pub folder_view: String,
    /// How many days the link lives.
    pub share_days: i32,
    /// Whether its use is written into the history of the files.
    pub record_file_history_log: bool,
    /// Whether the sender hears of downloads.
    pub notify_download_by_email: bool,
    /// Whether the sender hears that the mail was read.
    pub send_read_receipt: bool,
    /// Whether the link comes as an attachment.
    pub link_in_file_attachment: bool,
    /// Whether files can be viewed and not downloaded (inferred).
    pub read_only_permission: bool,
    /// How often it may be used; 0 for any number (observed).
    pub download_limit: i32,
    /// Whether a watermark is shown.
    pub display_watermark: bool,
    /// The watermark in the middle.
    pub watermark_at_center: String,
    /// The watermark at the bottom.
    pub watermark_at_bottom: String,
    /// Whether the mail comes from the user's own address.
    pub user_email_as_sender: bool,
    /// The subject of the mail.
    pub email_subject: String,
    /// The text of the mail.
    pub email_body: String,
    /// The password that is asked for.
    pub password: Option<Secret>,
}

impl ItemsLink {
    /// A link for whoever has it, without mail.
    pub fn general() -> Self {
        Self {
            recipients: GENERAL_LINK.to_owned(),
            folder_view: "F".to_owned(),
            share_days: 30,
            record_file_history_log: false,
            notify_download_by_email: false,
            send_read_receipt: false,
            link_in_file_attachment: false,
            read_only_permission: false,
            download_limit: 0,
            display_watermark: false,
            watermark_at_center: String::new(),
            watermark_at_bottom: String::new(),
            user_email_as_sender: false,
            email_subject: String::new(),
            email_body: String::new(),
            password: None,
        }
    }

    /// The elements that both ways to send a link have in common, after the recipients.
    fn write(&self, request: Request, password: &'static str) -> Request {
        request
            .text("FolderView", &self.folder_view)
            .value("ShareDays", self.share_days)
            .value("RecordFileHistoryLog", yes_no(self.record_file_history_log))
            .value("NotifyDownloadByEmail", yes_no(self.notify_download_by_email))
            .value("SendReadReceipt", yes_no(self.send_read_receipt))
            .value("LinkInFileAttachment", yes_no(self.link_in_file_attachment))
            .value("ReadOnlyPermission", yes_no(self.read_only_permission))
            .value("DownloadLimit", self.download_limit)
            .value("DisplayWatermark", yes_no(self.display_watermark))
            .text("WatermarkAtCenter", &self.watermark_at_center)
            .text("WatermarkAtBottom", &self.watermark_at_bottom)
            .value("UserEmailAsSender", yes_no(self.user_email_as_sender))
            .text("EmailSubject", &self.email_subject)
            .text("EmailBody", &self.email_body)
            .text(password, self.password.as_ref().map(Secret::expose).unwrap_or_default())
    }
}

/// A link with a page before it (SendFileShareLink).
#[derive(Debug, Clone)]
pub struct FileShareLink {
    /// What it has in common with other links.
    pub link: ItemsLink,
    /// Whether there is a cover page.
    pub cover_page: bool,
    /// Its title.
    pub cover_page_title: String,
    /// Its text.
    pub cover_page_message: String,
    /// What the user has to approve.
    pub approval_text: String,
    /// What the user is asked to enter.
    pub input_prompt_message: String,
    /// What the user is asked to sign.
    pub signature_prompt: String,
    /// How media are played.
    pub play_options: String,
    /// Whether the user's name is shown.
    pub display_user_name: bool,
    /// Whether the user's address is shown.
    pub display_email: bool,
    /// Whether comments are shown.
    pub display_comments: bool,
}

impl FileShareLink {
    /// A link without a cover page.
    pub fn new(link: ItemsLink) -> Self {
        Self {
            link,
            cover_page: false,
            cover_page_title: String::new(),
            cover_page_message: String::new(),
            approval_text: String::new(),
            input_prompt_message: String::new(),
            signature_prompt: String::new(),
            play_options: String::new(),
            display_user_name: false,
            display_email: false,
            display_comments: false,
        }
    }
}

/// A link through which others upload (SendDropboxLink).
#[derive(Debug, Clone)]
pub struct DropboxLink {
    /// Recipients, or [`GENERAL_LINK`].
    pub recipients: String,
    /// How many days the link lives.
    pub share_days: i32,
    /// Whether its use is written into the history of the files.
    pub record_file_history_log: bool,
    /// Whether the sender hears of files.
    pub notify_download_by_email: bool,
    /// Whether the sender hears that the mail was read.
    pub send_read_receipt: bool,
    /// Whether the link comes as an attachment.
    pub link_in_file_attachment: bool,
    /// Whether a file of the same name is replaced.
    pub over_write_files: bool,
    /// What is asked for as the name of a folder for the files.
    pub sub_folder_name_prompt: String,
    /// Whether the mail comes from the user's own address.
    pub user_email_as_sender: bool,
    /// The subject of the mail.
    pub email_subject: String,
    /// The text of the mail.
    pub email_body: String,
    /// The password that is asked for.
    pub password: Option<Secret>,
}

impl DropboxLink {
    /// A link for whoever has it, without mail, through which no file is replaced.
    pub fn general() -> Self {
        Self {
            recipients: GENERAL_LINK.to_owned(),
            share_days: 30,
            record_file_history_log: false,
            notify_download_by_email: false,
            send_read_receipt: false,
            link_in_file_attachment: false,
            over_write_files: false,
            sub_folder_name_prompt: String::new(),
            user_email_as_sender: false,
            email_subject: String::new(),
            email_body: String::new(),
            password: None,
        }
    }
}

impl Links {
    /// Makes a link to items, with the account's own settings.
    ///
    /// `SendItemsELinkWithDefaults` (SendItemsELinkWithDefaults).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn send_with_defaults(
        &self,
        items: &[(ItemKind, &str)],
        recipients: &str,
        send_email: bool,
        password: Option<&Secret>,
    ) -> Result<LinkSent> {
        let request = about(&SEND_WITH_DEFAULTS, items).nested("ELinkItems", |request| entries(request, items));
        let request = request
            .text("RecipientsEmailAddresses", recipients)
            .value("SendEmail", yes_no(send_email))
            .text("ElinkPassWord", password.map(Secret::expose).unwrap_or_default());
        self.0.ask::<LinkSentWithDefaults>(request).await.map(LinkSent::from)
    }

    /// Makes a link to items.
    ///
    /// `SendItemsELink` (SendItemsELink); the service calls it obsolete in favour of
    /// [`send_file_share`](Self::send_file_share).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn send(&self, items: &[(ItemKind, &str)], link: &ItemsLink) -> Result<LinkSent> {
        let request = about(&SEND, items).nested("ELinkItems", |request| entries(request, items));
        self.0.ask(link.write(request.text("RecipientsEmailAddresses", &link.recipients), "ElinkPassWord")).await
    }

    /// Makes a link to items, with a page before it.
    ///
    /// `SendFileShareLink` (SendFileShareLink).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn send_file_share(&self, items: &[(ItemKind, &str)], share: &FileShareLink) -> Result<LinkSent> {
        let request = about(&SEND_FILE_SHARE, items).nested("Parameters", |request| {
            let request = request.nested("FileShareLinkItems", |request| entries(request, items));
            let request = share.link.write(request.text("RecipientEmails", &share.link.recipients), "LinkPassword");
            request
                .value("FlagCoverPage", yes_no(share.cover_page))
                .text("CoverPageTitle", &share.cover_page_title)
                .text("CoverPageMessage", &share.cover_page_message)
                .text("ApprovalText", &share.approval_text)
                .text("InputPromptMessage", &share.input_prompt_message)
                .text("SignaturePrompt", &share.signature_prompt)
                .text("PlayOptions", &share.play_options)
                .value("DisplayUserName", share.display_user_name)
                .value("DisplayEmail", share.display_email)
                .value("DisplayComments", share.display_comments)
        });
        self.0.ask(request).await
    }

    /// Makes a link through which others put files into a folder.
    ///
    /// `SendDropboxLink` (SendDropboxLink).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn send_dropbox(&self, folder: &str, link: &DropboxLink) -> Result<LinkSent> {
        let request = Request::new(&SEND_DROPBOX)
            .about(folder)
            .text("DropFolderPath", folder)
            .text("RecipientsEmailAddresses", &link.recipients)
            .value("ShareDays", link.share_days)
            .value("RecordFileHistoryLog", yes_no(link.record_file_history_log))
            .value("NotifyDownloadByEmail", yes_no(link.notify_download_by_email))
            .value("SendReadReceipt", yes_no(link.send_read_receipt))
            .value("LinkInFileAttachment", yes_no(link.link_in_file_attachment))
            .value("OverWriteFiles", yes_no(link.over_write_files))
            .text("SubFolderNamePrompt", &link.sub_folder_name_prompt)
            .value("UserEmailAsSender", yes_no(link.user_email_as_sender))
            .text("EmailSubject", &link.email_subject)
            .text("EmailBody", &link.email_body)
            .text("ElinkPassWord", link.password.as_ref().map(Secret::expose).unwrap_or_default());
        self.0.ask(request).await
    }
}

fn about(op: &'static Op, items: &[(ItemKind, &str)]) -> Request {
    Request::new(op).about(items.first().map(|(_, path)| *path).unwrap_or_default())
}

/// The options of links are `Y` or `N` (p. 33 of the specification).
fn yes_no(yes: bool) -> char {
    if yes { 'Y' } else { 'N' }
}
