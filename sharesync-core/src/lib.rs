//! The contract that every sharesync provider implements, and everything that is the same for all of them.
//!
//! An application uses this crate through the facade `sharesync`; a provider crate builds on it directly.
//!
//! | Module | What lives there |
//! |---|---|
//! | crate root | [`RemoteStore`] and the values it exchanges: items, pages, changes, shares, capabilities, [`Error`] |
//! | [`transfer`] | content [`Source`](transfer::Source)s, the upload engine, the self-resuming download |
//! | [`snapshot`] | change detection for services without a change feed |
//! | [`http`] | the request pipeline: authorization, retries, pacing, stall guards, redaction, OAuth 2 |
//!
//! [`RemoteStoreExt`] adds to every store what can be said in terms of the contract: walking a tree, uploading a local
//! file, resuming an upload, downloading to a path, copying between two services.
#![warn(unreachable_pub)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod capabilities;
mod change;
mod check;
mod digest;
mod error;
mod ext;
mod extra;
pub mod http;
mod item;
mod list;
mod mutate;
mod names;
mod path;
mod relocate;
mod secret;
mod share;
pub mod snapshot;
mod store;
mod task;
mod temporary;
mod time;
pub mod transfer;
mod watch;
#[cfg(feature = "xml")]
#[cfg_attr(docsrs, doc(cfg(feature = "xml")))]
pub mod xml;

pub use capabilities::{Capabilities, Operation, Support, UploadLimits};
pub use change::{Change, ChangeOptions, ChangePage, Cursor, Since, Told, tell};
pub use check::{Asked, Holder, check_granted};
pub use digest::{Digest, DigestAlgorithm, Hasher};
pub use error::{Attempted, Error, ErrorKind, Result};
pub use ext::{
    DownloadOutcome, DownloadToOptions, Leftover, RemoteStoreExt, TreeEntry, TreeOptions, TreeOutcome, WalkOptions,
};
pub use extra::Extra;
pub use item::{Item, ItemId, ItemKind, ItemRef, Revision};
pub use list::{EntryGuard, ListOptions, Page, PageGuard, TreeGuard};
pub use mutate::{CreateFolderOptions, DeleteOptions, Destination, OnConflict};
pub use names::NameRules;
pub use path::RemotePath;
pub use relocate::{Mover, Spot, TemporaryFolders, aside, relocate, travel};
pub use secret::{Secret, SecretUrl};
pub use share::{Audience, Share, ShareAccess, ShareId, ShareKind, ShareRequest};
pub use store::{RemoteStore, StoreInfo};
pub use task::{own_task, settled, still_wanted};
pub use temporary::{Purpose, TEMPORARY, Temporary};
pub use time::{ServiceClock, Timestamp};
pub use watch::{Signal, WatchOptions};

/// A boxed stream that can be sent between threads, as the contract returns for listings and bodies.
pub type BoxStream<'a, T> = futures::stream::BoxStream<'a, T>;
