//! The typed client of SharePoint Server: the file synchronization protocol [MS-FILESYNC], the REST calls that complete it,
//! and the ways to sign in. Its [store](SharePointStore) fits the sharesync contract.
//!
//! What this crate knows comes from four kinds of sources, and the documentation of types and methods says from which:
//! sections stand for the preliminary document (0.1), "final document" for what is known of its later version; "REST service"
//! for other documentation of Microsoft and the `$metadata` of SharePoint 2019; "observed" for traffic of newer versions of the
//! service, none of which was seen against a farm of 2019; "recalled" and "inferred" for what no document at hand confirms.
//! What is left open is a decision of [`Dialect`], where all of them are listed and can be replaced.
//!
//! | Documented requests (section 3.1) | Here |
//! |---|---|
//! | `GET /` | [`Discovery::authenticate`] |
//! | `GET /_api/sp.userprofiles.peoplemanager/getmyproperties` | [`Discovery::my_properties`] |
//! | `GET {site}/_api/web/DefaultDocumentLibrary/ID` | [`Discovery::default_library`] |
//! | `GET {site}/_api/Site/Id` | [`Discovery::site_id`] |
//! | `GET …/sync/{library with hyphens}/policy/` | [`Sync::policy`] with [`PolicyScope::Global`] |
//! | `GET …/sync/{library}/policy/` | [`Sync::policy`] with [`PolicyScope::Site`] |
//! | `GET …/sync/{library}/RootFolder` | [`Sync::root_folder`] |
//! | `GET …/sync/{library}/Items/{id}?…` | [`Sync::items`] |
//! | `GET …/sync/{library}/RootFolder?web3s.expand=QuotaState` | [`Sync::quota`] |
//! | `POST …/sync/{library}/Subscription` | [`Sync::subscribe`] |
//!
//! That is all of them. Beyond: the change feed ([`Sync::changes`]) and content inline ([`Sync::write`]) of the sync service; of
//! the REST service [`Files`], [`Folders`], [`Libraries`], [`Uploads`], [`RecycleBin`], [`Changes`] and [`Sharing`].
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod auth;
mod capabilities;
mod client;
mod dialect;
mod error;
#[doc(hidden)]
pub mod fuzzing;
pub mod model;
mod odata;
mod rest;
mod store;
mod sync;
mod xml;

pub use auth::Auth;
pub use client::{Client, ClientBuilder};
pub use dialect::{Dialect, OData, People, SmallUpload};
pub use error::SharePointError;
pub use rest::{
    Changes, Children, Content, Files, FolderPage, Folders, Libraries, RecycleBin, Sharing, Target, Uploads,
};
pub use store::{ChangeSource, SharePointStore, StoreOptions};
pub use sync::{Discovery, FeedOptions, FeedPage, InlineFile, InlineMode, ItemsQuery, PolicyScope, Sync};

/// The name of this provider in the contract.
pub const PROVIDER: &str = "sharepoint";
