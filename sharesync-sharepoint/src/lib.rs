//! The typed client of SharePoint Server: the file synchronization protocol [MS-FILESYNC], the REST calls that complete it,
//! and the ways to sign in.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod auth;

/// The name of this provider in the contract.
pub const PROVIDER: &str = "sharepoint";
