//! Shares: links to get items, and links to put files into a folder.

use serde_json::Value;
use sharesync_core::SecretUrl;

use super::date::ShareFileDate;
use super::enums::ShareKind;
use super::item::Item;
use super::people::{User, Zone};
use super::transfer::Redirection;
use super::wire::{Hidden, entity};

entity! {
    /// A share: to create one, to change one, and as the service answers it.
    Share {
        /// The same as `id` for links that anybody may use.
        alias_id: String = "AliasID",
        /// What it is for.
        share_type: ShareKind = "ShareType",
        /// The title that users of the link see.
        title: String = "Title",
        /// Whether mail was sent about it.
        has_sent_message: bool = "HasSentMessage",
        /// The subject of that mail.
        sent_message_title: String = "SentMessageTitle",
        /// Whether users of the link must sign in.
        require_login: bool = "RequireLogin",
        /// Whether users of the link must say who they are.
        require_user_info: bool = "RequireUserInfo",
        /// The folder that files are put into.
        parent: Box<Item> = "Parent",
        /// Who created it.
        creator: Box<User> = "Creator",
        /// Whose it is.
        user: Box<User> = "User",
        /// What is shared.
        items: Vec<Item> = "Items",
        /// When it was created.
        creation_date: ShareFileDate = "CreationDate",
        /// When it ends; 30 days after creation unless set.
        expiration_date: ShareFileDate = "ExpirationDate",
        /// How often each user may download; -1 for any number.
        max_downloads: i64 = "MaxDownloads",
        /// How often it was downloaded.
        total_downloads: i64 = "TotalDownloads",
        /// Whether items may be viewed but not downloaded.
        is_view_only: bool = "IsViewOnly",
        /// Until when uploads are followed.
        track_until_date: ShareFileDate = "TrackUntilDate",
        /// How often mail is sent; -1 for never.
        send_frequency: i64 = "SendFrequency",
        /// The time between two mails; -1 for none.
        send_interval: i64 = "SendInterval",
        /// When mail was sent last.
        last_date_sent: ShareFileDate = "LastDateSent",
        /// Whether it was used.
        is_consumed: bool = "IsConsumed",
        /// Whether it was read.
        is_read: bool = "IsRead",
        /// Whether it was put away.
        is_archived: bool = "IsArchived",
        /// The program that sent it.
        send_tool: String = "SendTool",
        /// How it was sent.
        send_method: String = "SendMethod",
        /// Whether `items` are streams, so that the link leads to the newest versions.
        uses_stream_ids: bool = "UsesStreamIDs",
        /// The link.
        uri: SecretUrl = "Uri",
        /// Whom it is for.
        recipients: Vec<ShareAlias> = "Recipients",
        /// Where the items are stored.
        zone: Box<Zone> = "Zone",
        /// The signature of the link.
        signature: Hidden = "Signature",
        /// Whether the items are elsewhere.
        has_remote_children: bool = "HasRemoteChildren",
        /// Where the items are.
        redirection: Box<Redirection> = "Redirection",
        /// `None`, `Email`, `Connector` or `ConnectorWithIrm`.
        share_sub_type: String = "ShareSubType",
        /// What was shared before.
        share_item_history: Value = "ShareItemHistory",
        /// Further settings.
        settings: Value = "Settings",
        /// What users of the link may do.
        share_access_right: ShareAccessRight = "ShareAccessRight",
        /// Whether the items are protected against copying.
        irm_protected: bool = "IrmProtected",
    }
}

impl Share {
    /// A link to get these items.
    pub fn send<I: Into<String>>(ids: impl IntoIterator<Item = I>) -> Self {
        let items = ids.into_iter().map(Item::reference).collect();
        Self { share_type: Some(ShareKind::Send), items: Some(items), ..Self::default() }
    }

    /// A link to put files into a folder.
    pub fn request(folder_id: impl Into<String>) -> Self {
        let parent = Box::new(Item::reference(folder_id));
        Self { share_type: Some(ShareKind::Request), parent: Some(parent), ..Self::default() }
    }

    /// Sets the title.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Sets when it ends.
    #[must_use]
    pub fn with_expiration_date(mut self, date: impl Into<ShareFileDate>) -> Self {
        self.expiration_date = Some(date.into());
        self
    }

    /// Says whether users of the link must sign in.
    #[must_use]
    pub fn with_require_login(mut self, require: bool) -> Self {
        self.require_login = Some(require);
        self
    }

    /// Says whether users of the link must say who they are.
    #[must_use]
    pub fn with_require_user_info(mut self, require: bool) -> Self {
        self.require_user_info = Some(require);
        self
    }

    /// Limits the downloads; -1 for any number.
    #[must_use]
    pub fn with_max_downloads(mut self, downloads: i64) -> Self {
        self.max_downloads = Some(downloads);
        self
    }

    /// Says whether items may be viewed but not downloaded.
    #[must_use]
    pub fn with_view_only(mut self, view_only: bool) -> Self {
        self.is_view_only = Some(view_only);
        self
    }

    /// Says whether the items are streams, so that the link leads to the newest versions.
    #[must_use]
    pub fn with_stream_ids(mut self, stream_ids: bool) -> Self {
        self.uses_stream_ids = Some(stream_ids);
        self
    }

    /// Adds a recipient by e-mail address.
    #[must_use]
    pub fn with_recipient(mut self, email: impl Into<String>) -> Self {
        let user = Some(Box::new(User::by_email(email)));
        self.recipients.get_or_insert_default().push(ShareAlias { user, ..ShareAlias::default() });
        self
    }
}

entity! {
    /// A recipient of a share.
    ShareAlias {
        /// Who.
        user: Box<User> = "User",
        /// The share.
        share: Box<Share> = "Share",
        /// The e-mail address.
        email: String = "Email",
        /// How often the recipient has downloaded.
        downloads: i64 = "Downloads",
        /// Whether the recipient has used it.
        is_consumed: bool = "IsConsumed",
        /// Whether the recipient has put it away.
        is_archived: bool = "IsArchived",
        /// Whether the recipient has read it.
        is_read: bool = "IsRead",
        /// The recipient's own link.
        uri: SecretUrl = "Uri",
    }
}

entity! {
    /// What users of a link may do.
    ShareAccessRight {
        /// `ViewOnline`, `ViewWatermarked`, `DownloadWatermarked`, `IRM` or `FullControl`.
        access_right_type: String = "AccessRightType",
    }
}

entity! {
    /// A link to get items, sent by mail: the body of `Shares/Send`.
    ShareSend {
        /// The identifiers of what is sent.
        items: Vec<String> = "Items",
        /// Whom it is sent to.
        emails: Vec<String> = "Emails",
        /// The subject of the mail.
        subject: String = "Subject",
        /// The text of the mail.
        body: String = "Body",
        /// Whether the sender gets a copy.
        cc_sender: bool = "CcSender",
        /// Whether users of the link must sign in.
        require_login: bool = "RequireLogin",
        /// Whether recipients are not told apart.
        send_anon: bool = "SendAnon",
        /// Whether users of the link must say who they are.
        require_user_info: bool = "RequireUserInfo",
        /// The lifetime in days; -1 for no end.
        expiration_days: i64 = "ExpirationDays",
        /// Whether the sender gets mail about downloads.
        notify_on_download: bool = "NotifyOnDownload",
        /// Whether items may be viewed but not downloaded.
        is_view_only: bool = "IsViewOnly",
        /// How often each user may download; -1 for any number.
        max_downloads: i64 = "MaxDownloads",
        /// Whether `items` are streams.
        uses_stream_ids: bool = "UsesStreamIDs",
        /// What users of the link may do.
        share_access_right: ShareAccessRight = "ShareAccessRight",
    }
}

entity! {
    /// A link to put files into a folder, sent by mail: the body of `Shares/Request`.
    ShareRequest {
        /// The folder.
        folder_id: String = "FolderId",
        /// The path of the folder.
        folder_path: String = "FolderPath",
        /// Whom it is sent to.
        emails: Vec<String> = "Emails",
        /// The subject of the mail.
        subject: String = "Subject",
        /// The text of the mail.
        body: String = "Body",
        /// Whether the sender gets a copy.
        cc_sender: bool = "CcSender",
        /// Whether users of the link must sign in.
        require_login: bool = "RequireLogin",
        /// The lifetime in days; -1 for no end.
        expiration_days: i64 = "ExpirationDays",
        /// Whether the sender gets mail about uploads.
        notify_on_upload: bool = "NotifyOnUpload",
        /// Whether items may be viewed but not downloaded.
        is_view_only: bool = "IsViewOnly",
    }
}
