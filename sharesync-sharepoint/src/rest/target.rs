//! Files and folders in addresses.

use std::fmt;

use crate::model::Guid;
use crate::odata::Literal;

/// A file or a folder: by its identifier, or by its path on the server.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// By identifier (`GetFileById`, `GetFolderById`).
    Id(Guid),
    /// By the path on the server, such as `/personal/alice/Documents/a.txt`, as it is and not encoded
    /// (`GetFileByServerRelativePath`, `GetFolderByServerRelativePath`).
    Path(String),
}

impl Target {
    /// By its path on the server.
    pub fn path(path: impl Into<String>) -> Self {
        Self::Path(path.into())
    }

    pub(super) fn file(&self, below: &str) -> String {
        self.address("File", below)
    }

    pub(super) fn folder(&self, below: &str) -> String {
        self.address("Folder", below)
    }

    fn address(&self, kind: &str, below: &str) -> String {
        match self {
            Self::Id(id) => format!("_api/web/Get{kind}ById({}){below}", Literal::Id(*id)),
            Self::Path(path) => {
                format!("_api/web/Get{kind}ByServerRelativePath(decodedUrl={}){below}", Literal::Text(path))
            }
        }
    }
}

impl From<Guid> for Target {
    fn from(id: Guid) -> Self {
        Self::Id(id)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Path(path) => f.write_str(path),
        }
    }
}
