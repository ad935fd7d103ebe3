//! What goes over the wire: entities of the REST service and items of the sync service.
//!
//! Field names are those of SharePoint 2019's own `$metadata`. A field that an answer lacks is `None`; what is not known here
//! is skipped.

mod change;
mod entity;
mod guid;
mod policy;
mod profile;
mod sharing;
mod web3s;
mod wire;

pub(crate) use entity::revision;

pub use change::{ChangeEntry, ChangeKind, ChangeQuery, ChangeToken};
pub use entity::{File, Folder, Library, RecycleBinItem, ResourcePath, UploadProgress};
pub use guid::Guid;
pub use policy::{Policy, PolicyRule};
pub use profile::{ContextInfo, PersonProperties};
pub use sharing::{LinkAccess, Role, RoleAssignment, ShareObject, SharingKind, SharingResult, UserSharingResult};
pub use web3s::{DocumentStream, FeedStatus, ItemShape, Quota, ResyncAction, SyncItem, WriteStatus};
