//! What a store can do, as data: an application asks before it tries, and the documentation is generated from it.

use std::fmt;

use serde::Serialize;

use crate::{DigestAlgorithm, NameRules};

/// An operation of the contract, as it appears in capabilities and errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Operation {
    /// [`RemoteStore::stat`](crate::RemoteStore::stat) by identifier.
    Stat,
    /// [`RemoteStore::stat`](crate::RemoteStore::stat) by path.
    StatByPath,
    /// [`RemoteStore::list`](crate::RemoteStore::list).
    List,
    /// [`RemoteStore::changes`](crate::RemoteStore::changes).
    Changes,
    /// [`RemoteStore::upload_spec`](crate::RemoteStore::upload_spec) and what follows it.
    UploadSpec,
    /// Continuing an upload, also in another process.
    UploadResume,
    /// [`RemoteStore::download`](crate::RemoteStore::download).
    Download,
    /// [`RemoteStore::create_folder`](crate::RemoteStore::create_folder).
    CreateFolder,
    /// [`RemoteStore::move_item`](crate::RemoteStore::move_item).
    Move,
    /// [`RemoteStore::copy_item`](crate::RemoteStore::copy_item).
    Copy,
    /// [`RemoteStore::delete`](crate::RemoteStore::delete) into a recycle bin.
    Delete,
    /// [`RemoteStore::delete`](crate::RemoteStore::delete) without a recycle bin.
    DeletePermanently,
    /// [`RemoteStore::share`](crate::RemoteStore::share) by a link.
    Share,
    /// [`RemoteStore::share`](crate::RemoteStore::share) by a link through which others upload.
    RequestFiles,
    /// [`RemoteStore::share`](crate::RemoteStore::share) with named people.
    Invite,
    /// [`RemoteStore::unshare`](crate::RemoteStore::unshare).
    Unshare,
}

impl Operation {
    /// All operations, in the order of the documentation.
    pub const ALL: [Self; 16] = [
        Self::Stat,
        Self::StatByPath,
        Self::List,
        Self::Changes,
        Self::UploadSpec,
        Self::UploadResume,
        Self::Download,
        Self::CreateFolder,
        Self::Move,
        Self::Copy,
        Self::Delete,
        Self::DeletePermanently,
        Self::Share,
        Self::RequestFiles,
        Self::Invite,
        Self::Unshare,
    ];

    /// The name in snake case, such as `upload_spec`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stat => "stat",
            Self::StatByPath => "stat_by_path",
            Self::List => "list",
            Self::Changes => "changes",
            Self::UploadSpec => "upload_spec",
            Self::UploadResume => "upload_resume",
            Self::Download => "download",
            Self::CreateFolder => "create_folder",
            Self::Move => "move",
            Self::Copy => "copy",
            Self::Delete => "delete",
            Self::DeletePermanently => "delete_permanently",
            Self::Share => "share",
            Self::RequestFiles => "request_files",
            Self::Invite => "invite",
            Self::Unshare => "unshare",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How far a store supports an operation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Support {
    /// The service does it.
    Native,
    /// Done correctly, but by several calls of the service; the provider's documentation says how.
    Emulated,
    /// Answers an [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) error.
    #[default]
    Unsupported,
}

impl fmt::Display for Support {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Native => "native",
            Self::Emulated => "emulated",
            Self::Unsupported => "unsupported",
        })
    }
}

/// What an upload may look like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UploadLimits {
    /// The largest file, in bytes, where the service documents one.
    pub max_file_size: Option<u64>,
    /// Parts that may be under way at once within one file; 1 for services that take them in order.
    pub max_parallel_parts: usize,
    /// Whether an upload that stops half-way leaves the previous version untouched.
    pub atomic: bool,
    /// Whether what has arrived of a file that is sent in parts can be continued after an interruption. If not, all of it is
    /// sent again, however large it is.
    pub keeps_parts: bool,
    /// Whether a new file is in its folder under a [temporary name](crate::Temporary) while it is sent in parts. Where a
    /// process was killed it stays there until the upload is continued or aborted.
    pub temporary_names: bool,
}

impl Default for UploadLimits {
    fn default() -> Self {
        Self { max_file_size: None, max_parallel_parts: 1, atomic: true, keeps_parts: true, temporary_names: false }
    }
}

/// What a store can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Capabilities {
    support: [Support; Operation::ALL.len()],
    /// Which names are accepted.
    pub names: NameRules,
    /// What an upload may look like.
    pub upload: UploadLimits,
    /// The digests that the service reports for a file.
    pub digests: Vec<DigestAlgorithm>,
    /// Whether what is downloaded is always what was uploaded. Some services rewrite office documents.
    pub content_stable: bool,
    /// Whether an item keeps its identifier when it is renamed or moved. If not, the identifier is that of a place: what
    /// comes to the place later has it, too.
    pub ids_survive_move: bool,
    /// Whether a file keeps its identifier when it gets a new version; if not, see
    /// [`Item::version_series`](crate::Item::version_series).
    pub ids_survive_new_version: bool,
    /// Whether a file keeps the modification time that its upload declares. If not, it has that of the upload.
    pub keeps_modified: bool,
    /// Whether of several that take one name at once no more than one succeeds. If not, the store looks whether a name is
    /// free, and somebody else can take it in between.
    pub exclusive_names: bool,
    /// Whether the service itself checks the state that an upload requires (`UploadRequest::if_revision`), at once with the
    /// write. If not, the store looks before it writes, and of several that require one state more than one may succeed.
    pub exclusive_uploads: bool,
    /// The same of the state that a deletion requires ([`DeleteOptions::if_revision`](crate::DeleteOptions::if_revision)). If
    /// not, a version that somebody makes between the look and the deletion is deleted, too.
    pub exclusive_deletes: bool,
    /// Whether a listing says when files were modified. If not, [`stat`](crate::RemoteStore::stat) does.
    pub lists_modified: bool,
    /// Whether a link can be ended. If not, [`Operation::Unshare`] is for invitations, and links end by themselves.
    pub ends_links: bool,
    /// Whether the revision of a file stays the same when it is renamed or moved.
    pub revisions_survive_move: bool,
    /// Whether every share is a link of its own. If not, sharing an item again gives the link that is there, with the end
    /// that was asked for last, and ending it ends it for all.
    pub separate_links: bool,
}

impl Capabilities {
    /// Nothing supported, under these rules for names.
    pub fn new(names: NameRules) -> Self {
        Self {
            support: [Support::Unsupported; Operation::ALL.len()],
            names,
            upload: UploadLimits::default(),
            digests: Vec::new(),
            content_stable: true,
            ids_survive_move: true,
            ids_survive_new_version: true,
            keeps_modified: true,
            exclusive_names: true,
            exclusive_uploads: false,
            exclusive_deletes: false,
            lists_modified: true,
            ends_links: true,
            revisions_survive_move: true,
            separate_links: true,
        }
    }

    /// Says how far these operations are supported.
    #[must_use]
    pub fn with(mut self, support: Support, operations: &[Operation]) -> Self {
        for operation in operations {
            if let Some(slot) = self.support.get_mut(*operation as usize) {
                *slot = support;
            }
        }
        self
    }

    /// How far an operation is supported.
    pub fn support(&self, operation: Operation) -> Support {
        self.support.get(operation as usize).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_its_own_slot() {
        for (index, operation) in Operation::ALL.into_iter().enumerate() {
            assert_eq!(operation as usize, index, "{operation}");
        }
        let capabilities = Capabilities::new(NameRules::permissive()).with(Support::Native, &[Operation::List]);
        assert_eq!(capabilities.support(Operation::List), Support::Native);
        assert_eq!(capabilities.support(Operation::Copy), Support::Unsupported);
    }
}
