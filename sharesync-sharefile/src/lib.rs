//! The typed client of the ShareFile REST API v3, and its [store](ShareFileStore) for the sharesync contract.
#![warn(unreachable_pub)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod answer;
mod async_operations;
mod auth;
mod capabilities;
mod client;
mod downloads;
mod error;
mod items;
pub mod model;
mod odata;
mod paging;
mod params;
mod redirection;
mod shares;
mod store;
mod uploads;

pub use answer::Outcome;
pub use async_operations::{AsyncOperations, ByFolderOptions};
pub use auth::{AuthorizationCallback, ClientBuilder, authorize_url};
pub use client::Client;
pub use downloads::ContentStream;
pub use error::ShareFileError;
pub use items::{
    BreadcrumbsOptions, BulkDeleteOptions, ChildrenOptions, CopyOptions, CreateFolderOptions, DeleteOptions,
    DlpStatusOptions, DownloadOptions, GetOptions, Items, StreamOptions, ThumbnailOptions, TreeViewOptions,
    UpdateNoteOptions, UpdateOptions, UploadParams, UserDeletedItemsOptions, alias,
};
pub use odata::{Filter, FilterValue, Query};
pub use shares::{CreateShareOptions, GetShareOptions, ListSharesOptions, Shares, UpdateShareOptions};
pub use store::{ShareFileStore, StoreOptions};
pub use uploads::{BodyForm, Chunk, UploadReply, Uploads};

/// The name of this provider in the contract.
pub const PROVIDER: &str = "sharefile";
