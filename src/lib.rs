//! One typed SDK for enterprise file sync and share services.
//!
//! An application picks a service by configuration and holds an `Arc<dyn RemoteStore>`: it lists, watches, uploads,
//! downloads, moves and shares without knowing which service is behind it.
//!
//! ```no_run
//! use sharesync::transfer::{TransferOptions, UploadRequest};
//! use sharesync::{ItemRef, RemoteStore as _, RemoteStoreExt as _, ShareRequest, StoreConfig};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let config: StoreConfig = serde_json::from_str(&std::fs::read_to_string("store.json")?)?;
//! let store = config.connect().await?;
//!
//! let request = UploadRequest::new(ItemRef::Root, "report.pdf");
//! let uploaded = store.upload_file("report.pdf", request, TransferOptions::new()).await?;
//! let share = store.share(&uploaded.item.id.into(), ShareRequest::link()).await?;
//! if let Some(link) = share.link {
//!     println!("{}", link.expose());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Where to look
//! - [`RemoteStore`]: the contract, one method for each operation; [`RemoteStoreExt`]: trees, local files, whole copies.
//! - [`transfer`]: sources, progress, cancellation, journals of uploads that another process continues.
//! - [`Capabilities`]: what a store can do, and how: natively, emulated, or not at all.
//! - [`Error`]: what was attempted, on what, why it failed, and whether a write may have been applied all the same.
//! - One module a provider, named like its feature, with the whole documented API of the service as typed methods.
//!
//! # Features
//! Each provider is a feature of its own name; `all-providers` is all of them. TLS comes from `rustls` (default) or
//! `native-tls`; with neither, the client speaks plain http to loopback alone.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod config;

#[cfg(feature = "acronis")]
#[cfg_attr(docsrs, doc(cfg(feature = "acronis")))]
pub use config::AcronisConfig;
#[cfg(feature = "cursor")]
#[cfg_attr(docsrs, doc(cfg(feature = "cursor")))]
pub use config::CursorConfig;
#[cfg(feature = "filesanywhere")]
#[cfg_attr(docsrs, doc(cfg(feature = "filesanywhere")))]
pub use config::FilesAnywhereConfig;
#[cfg(feature = "sharefile")]
#[cfg_attr(docsrs, doc(cfg(feature = "sharefile")))]
pub use config::ShareFileConfig;
pub use config::{SecretValue, StoreConfig};
#[cfg(feature = "sharepoint")]
#[cfg_attr(docsrs, doc(cfg(feature = "sharepoint")))]
pub use config::{SharePointConfig, SharePointSignIn};
#[cfg(feature = "acronis")]
#[cfg_attr(docsrs, doc(cfg(feature = "acronis")))]
pub use sharesync_acronis as acronis;
pub use sharesync_core::*;
#[cfg(feature = "cursor")]
#[cfg_attr(docsrs, doc(cfg(feature = "cursor")))]
pub use sharesync_cursor as cursor;
#[cfg(feature = "filesanywhere")]
#[cfg_attr(docsrs, doc(cfg(feature = "filesanywhere")))]
pub use sharesync_filesanywhere as filesanywhere;
#[cfg(feature = "sharefile")]
#[cfg_attr(docsrs, doc(cfg(feature = "sharefile")))]
pub use sharesync_sharefile as sharefile;
#[cfg(feature = "sharepoint")]
#[cfg_attr(docsrs, doc(cfg(feature = "sharepoint")))]
pub use sharesync_sharepoint as sharepoint;

/// The code of the README is compiled with the tests of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
