//! The typed client of the ShareFile REST API v3, and its [store](ShareFileStore) for the sharesync contract.
//!
//! ```no_run
//! # async fn example() -> sharesync_core::Result<()> {
//! use futures::TryStreamExt as _;
//! use sharesync_sharefile::{Client, Query};
//!
//! let client = Client::builder("acct", "sharefile.com")
//!     .client_id("…")
//!     .client_secret("…")
//!     .password("user@example.com", "…")
//!     .connect()
//!     .await?;
//!
//! // The whole documented API, typed …
//! let home = client.items().home(&Query::new()).await?;
//! let mut pages = client.items().children_pages(home.id()?, Query::new().select(["Id", "Name"]).top(500));
//! while let Some(page) = pages.try_next().await? {
//!     for item in page.items {
//!         println!("{:?} {:?}", item.kind(), item.name);
//!     }
//! }
//!
//! // … and the contract that all providers share.
//! let store = client.store();
//! # let _: &dyn sharesync_core::RemoteStore = &store;
//! # Ok(())
//! # }
//! ```
//!
//! Sources are named in brackets: the Items reference of the API, or the entity (Shares, AsyncOperations, Capabilities,
//! Authentication). *Inferred* is what the documents leave open and public clients do.
//!
//! # The documented operations on items
//!
//! | Operation | Method |
//! |---|---|
//! | `GET Items` | [`Items::home`] |
//! | `GET Items(id)`, item or tree view | [`Items::get_or_tree_view`] |
//! | `GET Items(id)` | [`Items::get`] |
//! | `GET Items(id)?treemode=` | [`Items::get_tree_view`] |
//! | `GET Items(id)/TreeView` | [`Items::tree_view`] |
//! | `GET Items(id)/Stream` | [`Items::stream`], [`Items::stream_pages`] |
//! | `GET Items/ByPath` | [`Items::by_path`] |
//! | `GET Items(id)/ByPath` | [`Items::by_path_from`] |
//! | `GET Items(id)/Parent` | [`Items::parent`] |
//! | `GET Items(id)/Children` | [`Items::children`], [`Items::children_pages`] |
//! | `GET Items(id)/Info` | [`Items::info`] |
//! | `GET Items(id)/Download` | [`Items::download`], [`Items::download_specification`] |
//! | `POST Items(id)/BulkDownload` | [`Items::bulk_download`], [`Items::bulk_download_specification`] |
//! | `POST Items(parentid)/Folder` | [`Items::create_folder`], [`Items::create_top_folder`] |
//! | `POST Items(parentid)/Note` | [`Items::create_note`] |
//! | `PATCH Items(id)` | [`Items::update`], [`Items::set_modified`] |
//! | `PATCH Items/Note(id)` | [`Items::update_note`] |
//! | `DELETE Items(id)` | [`Items::delete`] |
//! | `POST Items(parentid)/BulkDelete` | [`Items::bulk_delete`] |
//! | `GET Items(id)/Thumbnail` | [`Items::thumbnail`], [`Items::thumbnail_address`] |
//! | `GET Items(id)/Breadcrumbs` | [`Items::breadcrumbs`] |
//! | `POST Items(id)/Copy` | [`Items::copy`] |
//! | `POST Items(id)/CheckIn` | [`Items::check_in`] |
//! | `POST Items(id)/CheckOut` | [`Items::check_out`] |
//! | `POST Items(id)/DiscardCheckOut` | [`Items::discard_check_out`] |
//! | `GET Items(id)/Redirection` | [`Items::redirection`] |
//! | `GET Items(parentid)/DeletedChildren` | [`Items::deleted_children`], [`Items::deleted_children_pages`] |
//! | `GET Items/UserDeletedItems` | [`Items::user_deleted_items`], [`Items::user_deleted_items_pages`] |
//! | `POST Items/BulkRestore` | [`Items::bulk_restore`] |
//! | `POST Items/BulkDeletePermanently` | [`Items::bulk_delete_permanently`] |
//! | `POST Items(id)/WebAppLink` | [`Items::web_app_link`] |
//! | `POST Items(parentid)/RemoveTemplateAssociation` | [`Items::remove_template_association`] |
//! | `POST Items(parentid)/CheckTemplateOwned` | [`Items::check_template_owned`] |
//! | `POST Items(parentid)/CheckVersioningViolation` | [`Items::check_versioning_violation`] |
//! | `POST Items(parentid)/CheckIfPreviewable` | [`Items::check_if_previewable`] |
//! | `GET Items/ByDlpStatus` | [`Items::by_dlp_status`], [`Items::by_dlp_status_pages`] |
//! | `POST Items(id)/Upload` | [`Items::upload`], then [`Uploads`] |
//! | `POST Items(id)/Upload2` | [`Items::upload2`], then [`Uploads`] |
//!
//! Beside items there are [`Shares`], [`AsyncOperations`] and [`Client::capabilities`].
//!
//! # Good to know
//!
//! - An answer that an operation goes on later is an [`Outcome::Pending`]; [`AsyncOperations::wait`] waits for it.
//! - Fields that this library does not know are in `extra` of each entity, unknown values of enumerations in `Other`.
//! - Credentials go to the API's own origin alone. Where the service sends a request to another provider (symbolic
//!   links) or to a storage host, it goes without.
//! - The address of the API comes from the sign-in, among the service's own; see
//!   [`ClientBuilder::api_control_plane`] for others.
//! - The service's own errors are reached by `error.provider_error::<ShareFileError>()`; see [`ShareFileError`].
#![cfg_attr(docsrs, feature(doc_cfg))]

mod answer;
mod async_operations;
mod auth;
mod callback;
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
pub use auth::ClientBuilder;
pub use callback::{AuthorizationCallback, authorize_url};
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

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The name of this provider in the contract.
pub const PROVIDER: &str = "sharefile";
