//! The typed client of the cursor-based sync API of ScaiDrive, and its [store](CursorStore) for the sharesync contract.
//!
//! What this crate knows comes from the sync reference (names of its sections stand in parentheses in the documentation of
//! types and methods) and, beyond sync, from the other pages of the same documentation. The reference shows some bodies in
//! full; of others it tells how many fields they have, or nothing. What is marked (inferred) or (not documented) is our
//! reading: it is read tolerantly, and nothing depends on it that could lose data.
//!
//! | Documented operations of `/api/v1/sync` | Here |
//! |---|---|
//! | GET changes · GET status · POST cursor · POST apply · GET download/{file_id} | [`Sync`] |
//! | GET conflicts · POST conflicts/{conflict_id}/resolve | [`Sync`] |
//! | GET and POST devices · PATCH and DELETE devices/{device_id} · POST …/heartbeat | [`Devices`] |
//! | GET and PUT …/preferences · PUT …/preferences/{share_id} | [`Devices`] |
//! | WebSocket ws/{device_id} | [`Live`] |
//!
//! That is all of them. What a client needs besides is in [`Files`], [`Folders`], [`Uploads`], [`Shares`],
//! [`ExternalLinks`], [`Users`] and [`Server`].
#![cfg_attr(docsrs, feature(doc_cfg))]

mod auth;
mod client;
mod devices;
mod error;
mod files;
mod folders;
mod links;
mod live;
pub mod model;
mod server;
mod shares;
mod store;
mod sync;
mod uploads;
mod users;

pub use auth::{AuthorizationPage, ClientBuilder, ProofKey};
pub use client::Client;
pub use devices::Devices;
pub use error::CursorError;
pub use files::Files;
pub use folders::{Folders, ROOT};
pub use links::ExternalLinks;
pub use live::{Frame, Live, LiveConnection, LiveEvent, LiveOptions};
pub use server::Server;
pub use shares::Shares;
pub use store::{CursorStore, StoreOptions};
pub use sync::{ChangeQuery, ConflictQuery, RangeForm, Sync};
pub use uploads::Uploads;
pub use users::Users;

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The name of this provider in the contract.
pub const PROVIDER: &str = "cursor";
