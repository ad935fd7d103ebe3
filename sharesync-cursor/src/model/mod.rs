//! The entities of the API, as they are on the wire. What is done with them is in the resource modules.

mod account;
mod change;
mod device;
mod drive;
mod sharing;
mod upload;
pub(crate) mod wire;

pub use account::{AuthConfig, Health, Identity, ServerConfig, ServerFeatures, ServerLimits, StorageQuota};
pub use change::{
    Applied, Apply, ChangeEntry, ChangeType, ChangesPage, Conflict, LocalChange, Position, Resolution, ResourceType,
    SyncStatus,
};
pub use device::{Device, DeviceUpdate, NewDevice, Platform, Preference};
pub use drive::{
    Child, Children, File, FileUpdate, Folder, FolderUpdate, NewFile, NewFolder, Restored, Target, Version, Versions,
};
pub use sharesync_core::Extra;
pub use sharing::{
    Link, LinkFilter, LinkStatus, LinkType, LinkUpdate, Links, MyShare, MyShares, NewLink, NewShare, Share, ShareType,
    ShareUpdate, Shares,
};
pub use upload::{NewUpload, UploadProgress, UploadSession, Uploaded};
pub use wire::{DateTime, Hidden, SyncCursor};
