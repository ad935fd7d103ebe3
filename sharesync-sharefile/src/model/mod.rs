//! The entities of the API, as they are on the wire. What is done with them is in the resource modules.

mod capability;
mod date;
mod enums;
mod feed;
mod info;
mod item;
mod operation;
mod people;
mod share;
mod transfer;
pub(crate) mod wire;

pub use capability::Capability;
pub use date::ShareFileDate;
pub use enums::{
    AsyncOperationKind, AsyncState, DlpStatus, ItemOrderingMode, Reason, ShareKind, TreeMode, UploadMethod, VirusStatus,
};
pub use feed::Feed;
pub use info::ItemInfo;
pub(crate) use item::kind_of_id;
pub use item::{DlpInfo, Favorite, FileLockInfo, Item, ItemKind, Metadata};
pub use operation::AsyncOperation;
pub use people::{AccessControl, Account, User, Zone};
pub use share::{Share, ShareAccessRight, ShareAlias, ShareRequest, ShareSend};
pub use sharesync_core::Extra;
pub use transfer::{DownloadSpecification, Redirection, UploadSpecification, UploadedFile};
pub use wire::{Flags, Hidden};
