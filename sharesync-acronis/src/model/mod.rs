//! The entities of the API, as they are on the wire. What is done with them is in the resource modules.

mod audit;
mod enums;
mod node;
mod people;
mod settings;
mod sharing;
pub(crate) mod wire;

pub use audit::{AuditEntry, AuditFilter, Mention};
pub use enums::{
    AccessRestriction, ClientType, FileSystem, Locale, MemberType, OfficeOnlineUse, PeriodUnit, PreviewType, Severity,
    SyncStatus,
};
pub use node::{
    NewFile, NewFolder, Node, NodeActions, NodePermissions, NodeUpdate, OfficeOnlinePermissions, ParentNode, Target,
};
pub use people::{Device, DeviceActions, DeviceUpdate, Person, User, UserContent};
pub use settings::{AuditLogSettings, PurgingPolicies, SecuritySettings, ServerSettings, WebPreviewSettings};
pub use sharesync_core::Extra;
pub use sharing::{Link, LinkUpdate, Member, MemberUpdate, NewLink, NewMember, Recipient};
pub use wire::{DateTime, Hidden, Ttl};
