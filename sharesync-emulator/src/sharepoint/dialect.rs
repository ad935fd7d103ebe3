//! What the documents leave open, decided: the one place to change when a farm is seen to do otherwise.
//!
//! Of the sync service only the requests are documented ([MS-FILESYNC] 0.1 section 3.1), and of the final document section 3.1.5 in
//! part; answers are known from the cloud and from the consumer service. Each entry here is a decision, not a fact.

use http::StatusCode;

use super::SharePointResync;

/// The element that tells of a deletion: the item's own element with its identity, its last name and folder, and this, in the
/// spelling that the service has for booleans (`IsLabelProtected`). What was in a deleted folder is not listed.
pub(crate) const DELETED: (&str, &str) = ("IsDeleted", "True");

/// The header that names the action of `ResyncNeeded`. The documents call the field `ResyncAction` and not where it is; the other
/// fields of the feed are headers that begin with `X-`.
pub(crate) const RESYNC_ACTION: &str = "x-resyncaction";

/// `NoChanges` and both kinds of resync are a 200 with the root folder alone: what is told is in the headers.
pub(crate) const QUIET_STATUS: StatusCode = StatusCode::OK;

/// A renamed or moved item comes as it is now, with the same `ResourceID`; what is below a folder that was renamed or moved within
/// the library does not come again. What leaves the library is deleted; what enters it, or comes back
/// out of the recycle bin, comes whole.
pub(crate) const REPEATS_WHAT_IS_BELOW: bool = false;

/// A page of the feed without `MaxItemCount`; the documents show 50, 500 and up to 1000.
pub(crate) const USUAL_PAGE: usize = 50;
/// No page is longer.
pub(crate) const LONGEST_PAGE: usize = 1000;

/// The action when a token cannot be one of this library's, or is from a future that the drive does not know.
pub(crate) const STRANGE_TOKEN: SharePointResync = SharePointResync::ResetReupload;

/// `CurrentSyncTokenOnly` brings the token of now in `X-SyncToken`; `ResyncNeeded` brings none: the client starts without.
pub(crate) const NEW_TOKEN_COMES_ALONG: bool = true;

/// A first sync is in the order in which the items were made, then comes what changed meanwhile; within a page folders precede what
/// they hold. Its pages are all `FullData`, the first page of changes behind them is `IncrementalChanges`.
pub(crate) const FIRST_SYNC_STATUS: &str = "FullData";

/// Whether `Items/{id}` and `RootFolder` list what is in the folder: with `Depth` or `web3s.paging`. `Depth=0` is one level.
pub(crate) const LISTING_PARAMETERS: [&str; 2] = ["depth", "web3s.paging"];

/// `PolicyDocument/Rule` has `name` and `value`; these are attributes here.
pub(crate) const RULES_HAVE_ATTRIBUTES: bool = true;

/// Uploads of this size and above do not go inline (the administrators' page says that they take another way): 413.
pub(crate) const INLINE_LIMIT: u64 = 8 << 20;

/// The status of a multipart upload whose items were looked at one by one: each has a `WriteStatus` of its own.
pub(crate) const WRITE_STATUS: StatusCode = StatusCode::OK;

/// `WriteStatus` of an item. `Success` is known, the others are ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WriteStatus {
    Success,
    /// The name is taken, of a `Create`.
    NameConflict,
    /// The item's `ETag` is another one by now.
    ETagMismatch,
    ItemNotFound,
    ParentNotFound,
    /// The bytes have another length or `XORHash` than announced, or there are none.
    ContentMismatch,
    Locked,
    InvalidName,
    AccessDenied,
    QuotaExceeded,
    /// The request does not say what is to be done, or what cannot be done here.
    InvalidRequest,
}

impl WriteStatus {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Success => "Success",
            Self::NameConflict => "NameConflict",
            Self::ETagMismatch => "ETagMismatch",
            Self::ItemNotFound => "ItemNotFound",
            Self::ParentNotFound => "ParentNotFound",
            Self::ContentMismatch => "ContentMismatch",
            Self::Locked => "Locked",
            Self::InvalidName => "InvalidName",
            Self::AccessDenied => "AccessDenied",
            Self::QuotaExceeded => "QuotaExceeded",
            Self::InvalidRequest => "InvalidRequest",
        }
    }
}

/// An answer to `POST …/Subscription`: 201 with `Subscription`, `SubscriptionId` and `ExpirationDateTime`, whatever the body was.
pub(crate) const SUBSCRIPTION_STATUS: StatusCode = StatusCode::CREATED;
/// How long a subscription lives: as long as a channel of the notification service does.
pub(crate) const SUBSCRIPTION_DAYS: i64 = 30;

/// `If-Match` may be the tag of the file, `"{GUID},n"`, or of its list item, `"n"`: clients send either, as they read it.
pub(crate) const LIST_ITEM_TAGS: bool = true;

/// `…ByServerRelativeUrl` and its like take a URL: what is left of percent-encoding after the request's own is undone too. Names with
/// `%` or `#` therefore need `…ByServerRelativePath`, as the documents say.
pub(crate) const URLS_ARE_ENCODED: bool = true;

/// A chunk at another offset than the next: 400. The offset that is expected is in the message and in `GetUploadStatus`.
pub(crate) const WRONG_OFFSET: StatusCode = StatusCode::BAD_REQUEST;

/// What files and folders tell only to a `$select` that names it. The Office365 client for Python, which knows real farms, takes
/// no `ServerRelativePath` that it did not ask for.
pub(crate) const ONLY_WHEN_SELECTED: [&str; 4] = ["ServerRelativePath", "ListId", "SiteId", "WebId"];

/// A change that takes an item to another folder of its library is `MoveInto`, one that takes it out `MoveAway`.
pub(crate) const MOVES_WITHIN_A_LIST: u8 = 6;

/// Where an anonymous link leads: the page that SharePoint 2013 to 2019 has for guests. It gives the bytes of a file at once, and a
/// folder as a ZIP archive.
pub(crate) const GUEST_PAGE: &str = "/_layouts/15/guestaccess.aspx";

/// The domain of the accounts, as Windows and as DNS know it.
pub(crate) const DOMAIN: &str = "EMULATED";
pub(crate) const DNS_DOMAIN: &str = "emulated.local";
pub(crate) const COMPUTER: &str = "SP2019";

/// The build that is told in `MicrosoftSharePointTeamServices`.
pub(crate) const BUILD: &str = "16.0.0.10337";
