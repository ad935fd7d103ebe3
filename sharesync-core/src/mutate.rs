//! Options of the operations that change a tree: create, move, copy, delete.

use serde::{Deserialize, Serialize};

use crate::{ItemRef, Revision};

/// What happens when the name is taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OnConflict {
    /// The operation fails with [`ErrorKind::AlreadyExists`](crate::ErrorKind::AlreadyExists) and changes nothing.
    #[default]
    Fail,
    /// A file becomes a new version of the existing file. Folders are never replaced.
    NewVersion,
}

/// How a folder is created.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CreateFolderOptions {
    /// Returns the existing folder instead of failing when a folder of this name is there already.
    pub reuse_existing: bool,
    /// A description, where the service keeps one.
    pub description: Option<String>,
}

impl CreateFolderOptions {
    /// Fails when the name is taken; no description.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns an existing folder of this name instead of failing.
    #[must_use]
    pub fn with_reuse_existing(mut self, reuse: bool) -> Self {
        self.reuse_existing = reuse;
        self
    }

    /// Adds a description.
    #[must_use]
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }
}

/// Where an item is moved or copied to. What is not set stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Destination {
    /// The folder to put it into.
    pub parent: Option<ItemRef>,
    /// The name it gets there.
    pub name: Option<String>,
}

impl Destination {
    /// Into this folder, under the name it has.
    pub fn folder(parent: impl Into<ItemRef>) -> Self {
        Self { parent: Some(parent.into()), name: None }
    }

    /// In the folder it is in, under this name.
    pub fn name(name: impl Into<String>) -> Self {
        Self { parent: None, name: Some(name.into()) }
    }

    /// Sets the name as well.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }
}

/// How an item is deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeleteOptions {
    /// Bypasses the recycle bin. Where a service cannot, the operation is `Unsupported`, not silently weaker.
    pub permanent: bool,
    /// Deletes only if the content is still in this state.
    pub if_revision: Option<Revision>,
}

impl DeleteOptions {
    /// Into the recycle bin where there is one, whatever its revision.
    pub fn new() -> Self {
        Self::default()
    }

    /// Bypasses the recycle bin.
    #[must_use]
    pub fn with_permanent(mut self, permanent: bool) -> Self {
        self.permanent = permanent;
        self
    }

    /// Deletes only if the content is still in this state.
    #[must_use]
    pub fn with_if_revision(mut self, revision: Revision) -> Self {
        self.if_revision = Some(revision);
        self
    }
}
