//! Links, group shares and folder keys.

use sharesync_core::{Secret, SecretUrl};

use super::Permission;
use crate::soap::record;

record! {
    /// The links that were made (SendItemsELink; SendFileShareLink; SendDropboxLink).
    LinkSent {
        /// One for each recipient.
        links ("ELinkURLs" / "ElinkURL"): Vec<SentLink>,
    }
}

record! {
    /// A link (SendItemsELink, `ElinkURL`).
    SentLink {
        /// The address. Whoever has it has the access.
        url ("URL"): Option<SecretUrl>,
        /// The recipient; `GENERALLINK` where there is none.
        email ("EmailID"): Option<String>,
    }
}

record! {
    /// As [`LinkSent`], where the elements have other names (SendItemsELinkWithDefaults).
    LinkSentWithDefaults {
        /// One for each recipient.
        links ("ElinksDetails" / "ElinkDetails"): Vec<ElinkDetails>,
    }
}

record! {
    /// A link (SendItemsELinkWithDefaults, `ElinkDetails`).
    ElinkDetails {
        /// The address.
        url ("URL"): Option<SecretUrl>,
        /// The recipient.
        email ("EmailAddress"): Option<String>,
    }
}

impl From<LinkSentWithDefaults> for LinkSent {
    fn from(sent: LinkSentWithDefaults) -> Self {
        Self { links: sent.links.into_iter().map(|ElinkDetails { url, email }| SentLink { url, email }).collect() }
    }
}

record! {
    /// Who was added to a shared folder, and who not (GroupShareAdd2).
    GroupShareResult {
        /// One for each account.
        users ("Users" / "GroupShareAdd2ResultItem"): Vec<GroupShareUser>,
        /// Whether the folder is shared now.
        created ("GroupShareCreated"): bool,
    }
}

record! {
    /// An account that was to be added (GroupShareAdd2, `GroupShareAdd2ResultItem`).
    GroupShareUser {
        /// Why it was not.
        error_message ("ErrorMessage"): Option<String>,
        /// The account.
        username ("Username"): Option<String>,
        /// Whether it was.
        done ("UserAdded"): bool,
    }
}

record! {
    /// Who was removed from a shared folder, and who not (GroupShareRemove; StopSharingGroupShare).
    GroupShareUsers {
        /// One for each account.
        users ("Users" / "GroupShareRemoveResultItem"): Vec<RemovedUser>,
    }
}

record! {
    /// An account that was to be removed (GroupShareRemove, `GroupShareRemoveResultItem`).
    RemovedUser {
        /// Why it was not.
        error_message ("ErrorMessage"): Option<String>,
        /// The account.
        username ("Username"): Option<String>,
        /// Whether it was.
        done ("UserRemoved"): bool,
    }
}

record! {
    /// The accounts that a folder is shared with (ListGroupShareUsers).
    GroupShareMembers {
        /// All of them.
        users ("GroupShareUsers" / "GroupShareUser"): Vec<GroupShareMember>,
    }
}

record! {
    /// An account that a folder is shared with (ListGroupShareUsers, `GroupShareUser`).
    GroupShareMember {
        /// The account.
        username ("Username"): Option<String>,
        /// What it may do.
        permission ("Permission"): Option<Permission>,
    }
}

record! {
    /// The key of a folder (GetFolderAccessKey).
    FolderAccessKey {
        /// Whoever has it, and a developer key, may put files into the folder.
        key ("FolderAccessKey"): Option<Secret>,
    }
}
