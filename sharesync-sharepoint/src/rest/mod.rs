//! The REST service, as far as it completes the sync service. Signatures are those of SharePoint 2019's own `$metadata`.

mod changes;
mod files;
mod folders;
mod libraries;
mod listing;
mod recycle;
mod sharing;
mod target;
mod uploads;

pub use changes::Changes;
pub use files::{Content, Files};
pub use folders::{Children, FolderPage, Folders};
pub use libraries::Libraries;
pub use recycle::RecycleBin;
pub use sharing::Sharing;
pub use target::Target;
pub use uploads::Uploads;
