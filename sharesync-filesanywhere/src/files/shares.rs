//! Folders shared with other accounts, and keys of single folders.

use std::sync::Arc;

use sharesync_core::http::Repeat;
use sharesync_core::transfer::Source;
use sharesync_core::{Result, Secret};

use super::uploads::ChunkTimes;
use crate::client::resource;
use crate::error::refused_entry;
use crate::model::{
    ChunkUploaded, FolderAccessKey, GroupShareMember, GroupShareMembers, GroupShareResult, GroupShareUsers, Permission,
};
use crate::soap::{Op, Request};

const ADD: Op = Op::files("GroupShareAdd", "GroupShareAddResponse", "GroupShareAddResult")
    .writes(Repeat::Idempotent, Some("GroupShareCreated"));
const ADD_2: Op =
    Op::files("GroupShareAdd2", "GroupShareAdd2Response", "GroupShareAdd2Result").writes(Repeat::Idempotent, None);
const REMOVE: Op = Op::files("GroupShareRemove", "GroupShareRemoveResponse", "GroupShareRemoveResult")
    .writes(Repeat::Idempotent, None);
const LIST: Op = Op::files("ListGroupShareUsers", "ListGroupShareUsersResponse", "ListGroupShareUsersResult");
const STOP: Op = Op::files("StopSharingGroupShare", "StopSharingGroupShareResponse", "StopSharingGroupShareResult")
    .writes(Repeat::Idempotent, Some("GroupShareRemoved"));
const KEY: Op = Op::files("GetFolderAccessKey", "GetFolderAccessKeyResponse", "GetFolderAccessKeyResult");
const CHUNK_WITH_KEY: Op =
    Op::files("AppendChunkWithFolderAccessKey", "AppendChunkWithFolderAccessKeyResponse", "ChunkUploadResult")
        .writes(Repeat::Idempotent, Some("ChunkAppended"))
        .without_token();
const UPLOAD_WITH_KEY: Op =
    Op::files("UploadFileWithFolderAccessKey", "UploadFileWithFolderAccessKeyResponse", "UploadFileResult")
        .writes(Repeat::Idempotent, Some("Uploaded"))
        .without_token();

resource! {
    /// Folders shared with other accounts: [`Client::group_shares`](crate::Client::group_shares). That `SharedFolderName` is
    /// a path is inferred.
    GroupShares
}

impl GroupShares {
    /// Shares a folder with an account. That the level of access is the letter of a permission is inferred.
    ///
    /// `GroupShareAdd` (GroupShareAdd).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn add(&self, folder: &str, user: &str, access: &Permission, notes: &str) -> Result<()> {
        let request = Request::new(&ADD)
            .about(folder)
            .text("UserAccountWithWhomToShareFolder", user)
            .text("SharedFolderName", folder)
            .text("SharedFolderAccessLevel", access.letter())
            .text("Notes", notes);
        self.0.order(request).await
    }

    /// Shares a folder with several accounts, and says what became of each. That they are separated by semicolons is
    /// inferred from the service's web pages.
    ///
    /// `GroupShareAdd2` (GroupShareAdd2).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal) of the whole. What failed for one account is in its entry.
    pub async fn add_all(
        &self,
        folder: &str,
        users: &[&str],
        access: &Permission,
        notify: bool,
        notes: &str,
    ) -> Result<GroupShareResult> {
        let request = Request::new(&ADD_2)
            .about(folder)
            .text("UserAccountsWithWhomToShareFolder", &users.join(";"))
            .text("SharedFolderName", folder)
            .text("SharedFolderAccessLevel", access.letter())
            .value("NotifyByEmail", if notify { 'Y' } else { 'N' })
            .text("Notes", notes);
        let result: GroupShareResult = self.0.ask(request).await?;
        // The accounts say why, where there are any.
        if !result.created && result.users.is_empty() {
            return Err(refused_entry(ADD_2.name, None, "GroupShareCreated", &[]).with_subject(folder));
        }
        Ok(result)
    }

    /// Takes accounts out of a shared folder, and says what became of each.
    ///
    /// `GroupShareRemove` (GroupShareRemove).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal) of the whole. What failed for one account is in its entry.
    pub async fn remove(&self, folder: &str, users: &[&str], send_email: bool) -> Result<GroupShareUsers> {
        let request = Request::new(&REMOVE)
            .about(folder)
            .text("SharedFolderName", folder)
            .text("UserAccountsToRemove", &users.join(";"))
            .value("SendEmail", send_email);
        self.0.ask(request).await
    }

    /// The accounts that a folder is shared with.
    ///
    /// `ListGroupShareUsers` (ListGroupShareUsers).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn users(&self, folder: &str) -> Result<Vec<GroupShareMember>> {
        let request = Request::new(&LIST).about(folder).text("SharedFolderName", folder);
        self.0.ask::<GroupShareMembers>(request).await.map(|members| members.users)
    }

    /// Ends the sharing of a folder with everybody.
    ///
    /// `StopSharingGroupShare` (StopSharingGroupShare).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn stop(&self, folder: &str, send_email: bool) -> Result<GroupShareUsers> {
        let request = Request::new(&STOP).about(folder).text("SharedFolderName", folder);
        self.0.ask(request.value("SendEmail", send_email)).await
    }
}

resource! {
    /// Keys of single folders: [`Client::folder_keys`](crate::Client::folder_keys). Whoever has such a key, and a developer
    /// key, can put files into the folder without signing in (p. 4 of the specification).
    FolderKeys
}

impl FolderKeys {
    /// The key of a folder of a user.
    ///
    /// `GetFolderAccessKey` (GetFolderAccessKey).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn get(&self, user: &str, password: &Secret, folder: &str) -> Result<FolderAccessKey> {
        let request = Request::new(&KEY)
            .about(folder)
            .text("UserName", user)
            .text("Password", password.expose())
            .text("FolderPath", folder);
        self.0.ask(request).await
    }

    /// Sends a whole file into the folder of a key.
    ///
    /// `UploadFileWithFolderAccessKey` (UploadFileWithFolderAccessKey).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn upload(&self, key: &Secret, name: &str, content: Arc<dyn Source>) -> Result<()> {
        self.0.order(self.keyed(&UPLOAD_WITH_KEY, key, name).content("FileData", content)).await
    }

    /// Sends a chunk of a file into the folder of a key, as [`Uploads::chunk`](crate::Uploads::chunk) does.
    ///
    /// `AppendChunkWithFolderAccessKey` (AppendChunkWithFolderAccessKey).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    #[expect(clippy::too_many_arguments, reason = "they are the elements of the request")]
    pub async fn chunk(
        &self,
        key: &Secret,
        name: &str,
        offset: u64,
        chunk: Arc<dyn Source>,
        last: bool,
        token: Option<&Secret>,
        times: &ChunkTimes,
    ) -> Result<ChunkUploaded> {
        let size = chunk.size();
        let request = self
            .keyed(&CHUNK_WITH_KEY, key, name)
            .content("ChunkData", chunk)
            .value("Offset", offset)
            .value("BytesRead", size)
            .value("isLastChunk", last)
            .text("UploadToken", token.map(Secret::expose).unwrap_or_default())
            .value_or_nil("LastWriteTimeUtc", times.last_write.as_ref())
            .value_or_nil("CreationTimeUtc", times.creation.as_ref());
        self.0.ask(request).await
    }

    fn keyed(&self, op: &'static Op, key: &Secret, name: &str) -> Request {
        let request = Request::new(op).about(name).text("APIKey", self.0.api_key());
        request.text("FolderAccessKey", key.expose()).text("FileName", name)
    }
}
