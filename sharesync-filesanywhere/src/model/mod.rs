//! What the services send and take. A field is `None` where the service left the element out or marked it as nil.
//!
//! Codes whose meaning nobody has published are numbers in a type of their own: an application that knows more can name
//! them.

mod account;
mod changes;
mod codes;
mod items;
mod sharing;
mod transfer;

pub use account::{
    AccountDetails, ApiUrl, ClientId, DeviceRegistration, LogActivity, LoginResult, Notifications, UserVolume,
    UserVolumes,
};
pub use changes::{
    ChangeEntry, ChangeFileItem, ChangeItem, ChangeSummary, ChildItem, FolderEntry, FoldersSummary, RootItem,
    SyncUploadPosition, SyncedLog,
};
pub use codes::{Action, ActionCode, ChangeType, Flag, Permission};
pub(crate) use items::PermittedRow;
pub use items::{
    AdvancedProperties, FileProperties, FoundItem, ItemKind, ItemProperties, ItemRow, ListSummary, MaybeKind,
    MovedItem, MovedItems, NewFolder,
};
pub(crate) use sharing::LinkSentWithDefaults;
pub use sharing::{
    FolderAccessKey, GroupShareMember, GroupShareMembers, GroupShareResult, GroupShareUser, GroupShareUsers, LinkSent,
    RemovedUser, SentLink,
};
pub use transfer::{ChunkAppended, ChunkUploaded, DownloadUrl, ZipDownload, ZipStatus};
