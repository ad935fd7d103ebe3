//! Stores by configuration: data that names a provider and how to sign in to it. What else a provider can be told is on
//! its own client.

#[cfg(feature = "acronis")]
mod acronis;
#[cfg(feature = "cursor")]
mod cursor;
#[cfg(feature = "filesanywhere")]
mod filesanywhere;
#[cfg(feature = "sharefile")]
mod sharefile;
#[cfg(feature = "sharepoint")]
mod sharepoint;

use std::fmt;
#[cfg(any(feature = "sharefile", feature = "acronis"))]
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
#[cfg(any(feature = "sharefile", feature = "acronis", feature = "cursor"))]
use sharesync_core::http::TokenSet;
#[cfg(any(feature = "sharefile", feature = "acronis"))]
use sharesync_core::snapshot::Snapshots;
use sharesync_core::{Error, ErrorKind, RemoteStore, Result, Secret};

#[cfg(feature = "acronis")]
pub use self::acronis::AcronisConfig;
#[cfg(feature = "cursor")]
pub use self::cursor::CursorConfig;
#[cfg(feature = "filesanywhere")]
pub use self::filesanywhere::FilesAnywhereConfig;
#[cfg(feature = "sharefile")]
pub use self::sharefile::ShareFileConfig;
#[cfg(feature = "sharepoint")]
pub use self::sharepoint::{SharePointConfig, SharePointSignIn};

/// A store to connect to, as it stands in a configuration file. The field `provider` chooses the variant.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "provider", rename_all = "lowercase")]
#[non_exhaustive]
pub enum StoreConfig {
    /// ShareFile.
    #[cfg(feature = "sharefile")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sharefile")))]
    ShareFile(Box<ShareFileConfig>),
    /// Acronis File Sync & Share.
    #[cfg(feature = "acronis")]
    #[cfg_attr(docsrs, doc(cfg(feature = "acronis")))]
    Acronis(Box<AcronisConfig>),
    /// FilesAnywhere.
    #[cfg(feature = "filesanywhere")]
    #[cfg_attr(docsrs, doc(cfg(feature = "filesanywhere")))]
    FilesAnywhere(Box<FilesAnywhereConfig>),
    /// ScaiDrive, by its cursor-based sync API.
    #[cfg(feature = "cursor")]
    #[cfg_attr(docsrs, doc(cfg(feature = "cursor")))]
    Cursor(Box<CursorConfig>),
    /// SharePoint Server.
    #[cfg(feature = "sharepoint")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sharepoint")))]
    SharePoint(Box<SharePointConfig>),
}

impl StoreConfig {
    /// The provider, as capabilities and errors name it.
    pub fn provider(&self) -> &'static str {
        match *self {
            #[cfg(feature = "sharefile")]
            Self::ShareFile(_) => sharesync_sharefile::PROVIDER,
            #[cfg(feature = "acronis")]
            Self::Acronis(_) => sharesync_acronis::PROVIDER,
            #[cfg(feature = "filesanywhere")]
            Self::FilesAnywhere(_) => sharesync_filesanywhere::PROVIDER,
            #[cfg(feature = "cursor")]
            Self::Cursor(_) => sharesync_cursor::PROVIDER,
            #[cfg(feature = "sharepoint")]
            Self::SharePoint(_) => sharesync_sharepoint::PROVIDER,
        }
    }

    /// Signs in and returns the store.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when something is missing, [`ErrorKind::Unauthenticated`] when the sign-in is refused.
    pub async fn connect(&self) -> Result<Arc<dyn RemoteStore>> {
        match *self {
            #[cfg(feature = "sharefile")]
            Self::ShareFile(ref config) => config.connect().await,
            #[cfg(feature = "acronis")]
            Self::Acronis(ref config) => config.connect().await,
            #[cfg(feature = "filesanywhere")]
            Self::FilesAnywhere(ref config) => config.connect().await,
            #[cfg(feature = "cursor")]
            Self::Cursor(ref config) => config.connect().await,
            #[cfg(feature = "sharepoint")]
            Self::SharePoint(ref config) => config.connect().await,
        }
    }
}

/// A secret in a configuration: the text itself, or the name of the environment variable that holds it.
///
/// ```toml
/// password = { env = "SHAREFILE_PASSWORD" }
/// ```
#[derive(Clone, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum SecretValue {
    /// The secret itself.
    Text(Secret),
    /// The environment variable that holds it.
    Env {
        /// The variable's name.
        env: String,
    },
}

impl SecretValue {
    /// The secret.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when the environment variable is not set.
    pub fn read(&self) -> Result<Secret> {
        match self {
            Self::Text(secret) => Ok(secret.clone()),
            Self::Env { env } => std::env::var(env)
                .map(Secret::from)
                .map_err(|_| Error::new(ErrorKind::Config, format!("the environment variable {env} is not set"))),
        }
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(secret) => secret.fmt(f),
            Self::Env { env } => write!(f, "${env}"),
        }
    }
}

/// Tokens that are at hand.
#[cfg(any(feature = "sharefile", feature = "acronis", feature = "cursor"))]
fn tokens(access: &SecretValue, refresh: Option<&SecretValue>) -> Result<TokenSet> {
    let refresh = refresh.map(SecretValue::read).transpose()?;
    Ok(TokenSet::new(access.read()?).with_refresh(refresh))
}

/// The snapshots in a file, for the changes of a service without a feed.
#[cfg(all(any(feature = "sharefile", feature = "acronis"), feature = "snapshot-redb"))]
async fn snapshots_in(file: &Option<PathBuf>) -> Result<Option<Snapshots>> {
    match file {
        Some(file) => Ok(Some(Snapshots::new(sharesync_core::snapshot::RedbSnapshots::open(file).await?))),
        None => Ok(None),
    }
}

/// Snapshots in a file are not part of this build.
#[cfg(all(any(feature = "sharefile", feature = "acronis"), not(feature = "snapshot-redb")))]
async fn snapshots_in(file: &Option<PathBuf>) -> Result<Option<Snapshots>> {
    match file {
        Some(_) => Err(Error::new(ErrorKind::Config, "`snapshots` needs the feature `snapshot-redb` of sharesync")),
        None => Ok(None),
    }
}
