//! The typed client of the FilesAnywhere SOAP services, and its [store](FilesAnywhereStore) for the sharesync contract.
//!
//! Two services share one namespace: SyncAPI, which tells what has changed, and FAWAPI, which does everything else. What
//! this crate knows of them is the help pages of SyncAPI, the description (WSDL) of FAWAPI version 2 and the specification
//! of FAWAPI; the names of their operations stand in parentheses in the documentation of types and methods. What is marked
//! (inferred) or (observed) is not documented: the former is a reading, the latter is what public clients do.
//!
//! | SyncAPI | Here | Known |
//! |---|---|---|
//! | AccountLogin | [`ClientBuilder`], [`Client::account_login`] | whole |
//! | ValidateSSOUser | [`SyncApi::validate_sso_user`] | whole |
//! | ChangeList | [`SyncApi::change_list`] | whole |
//! | GetAllItemsForSync | [`SyncApi::all_items`] | request; the answer in part |
//! | SyncLocalItem | [`SyncApi::sync_local_items`] | request in part; not the answer |
//! | ProcessHeaderChange | [`SyncApi::process_header_change`] | request; not the answer |
//! | SyncUploadResume | [`SyncApi::upload_position`] | request; the answer in part |
//! | AppendChunkGZip | [`SyncApi::append_chunk_gzip`] | whole |
//! | SubmitSyncLog | [`SyncApi::submit_log`] | whole |
//!
//! Of the 142 operations of FAWAPI those are here that the contract needs and their companions: [`Files`], [`Items`],
//! [`Uploads`], [`Downloads`], [`Links`], [`GroupShares`] and [`FolderKeys`].
//!
//! Answers are read as they arrive: lists are handed on row by row ([`Streamed`]), and no envelope is ever held. Document
//! type declarations are refused; depth, names, tags and texts are bounded.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod auth;
mod client;
mod error;
mod files;
#[doc(hidden)]
pub mod fuzzing;
pub mod model;
mod soap;
mod store;
mod sync;

pub use auth::{AccountLogin, ClientBuilder};
pub use client::Client;
pub use error::{NoEnvelope, Refusal};
pub use files::{
    ChunkTimes, Downloads, DropboxLink, FileShareLink, Files, FolderKeys, GENERAL_LINK, GroupShares, Items, ItemsLink,
    Links, NoSummary, Search, SizeUnit, SortBy, Uploads,
};
pub use soap::{Char, DateTime, DocumentError, Fault, Flaw, SoapVersion, Streamed};
pub use store::{FilesAnywhereStore, StoreOptions};
pub use sync::{
    ChangeListQuery, ClientFileItem, ClientFolderItem, LocalChange, SsoUser, SyncApi, SyncFolder, SyncLog, SyncUpload,
};

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The name of this provider in the contract.
pub const PROVIDER: &str = "filesanywhere";
