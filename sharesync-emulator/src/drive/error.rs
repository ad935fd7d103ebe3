//! What the drive refuses. Faces translate these into their own protocol's errors.

use std::io;

use super::ids::ItemId;

/// Why the drive refused an operation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DriveError {
    /// No such item, version or share.
    #[error("there is no such item")]
    NotFound,
    /// The folder already holds an item of that name.
    #[error("the name is taken")]
    NameTaken {
        /// The item that has the name.
        holder: ItemId,
    },
    /// Only a folder can hold items.
    #[error("the item is not a folder")]
    NotAFolder,
    /// The operation is for files alone.
    #[error("the item is not a file")]
    NotAFile,
    /// The name is empty, a path, or holds a NUL.
    #[error("the name is not valid")]
    InvalidName,
    /// A folder cannot be moved or copied into itself.
    #[error("a folder cannot be put into itself")]
    IntoItself,
    /// Home folders and the drive's own folders stay where they are.
    #[error("this folder cannot be changed")]
    Protected,
    /// Another user holds the lock of the file.
    #[error("the file is locked by another user")]
    Locked,
    /// The content could not be read or written.
    #[error("the content store failed: {0}")]
    Content(#[from] io::Error),
}
