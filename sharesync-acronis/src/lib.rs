//! The typed client of the Acronis File Sync & Share API v1, and its [store](AcronisStore) for the sharesync contract.
//!
//! What this crate knows of the API is the reference that its maker publishes, "File Sync & Share API"; the titles of its
//! operations stand in brackets in the documentation of types and methods. What is marked (inferred) is not documented.
//!
//! | Documented operations | Here |
//! |---|---|
//! | Get audit log entries list | [`AuditLog`] |
//! | Get devices list · Get device information · Update device · Delete device | [`Devices`] |
//! | Create folder · Update file or folder · Get files and folders list · Upload file · Copy file or folder · Move file or folder | [`Nodes`] |
//! | Create file link · Update file link | [`Links`] |
//! | Get members list · Create folder member · Update member | [`Members`] |
//! | Get and update purging policies, server, audit log, security, web preview settings | [`Settings`] |
//! | Get user information | [`Users`] |
//!
//! That is all of them. Reading a single node, deleting one and downloading are not documented, and kept apart in
//! [`Undocumented`].
#![cfg_attr(docsrs, feature(doc_cfg))]

mod audit_log;
mod auth;
mod client;
mod devices;
mod error;
mod links;
mod members;
pub mod model;
mod nodes;
mod paging;
mod settings;
mod store;
mod undocumented;
mod users;

pub use audit_log::AuditLog;
pub use auth::{ClientBuilder, authorize_url};
pub use client::Client;
pub use devices::Devices;
pub use error::AcronisError;
pub use links::Links;
pub use members::Members;
pub use nodes::Nodes;
pub use paging::{Listed, Paging};
pub use settings::Settings;
pub use store::{AcronisStore, StoreOptions};
pub use undocumented::Undocumented;
pub use users::Users;

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The name of this provider in the contract.
pub const PROVIDER: &str = "acronis";

/// The identifier of the root, "Sync & Share" [Create folder, `parents`].
pub const ROOT: &str = "0";
