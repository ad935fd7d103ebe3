//! Sharing: links, links through which others upload, and folders shared with accounts.

use std::sync::Arc;
use std::time::Duration;

use sharesync_core::{
    Attempted as _, Audience, Error, ErrorKind, ItemRef, Operation, Result, Share, ShareAccess, ShareId, ShareKind,
    ShareRequest, Timestamp,
};

use super::find::Found;
use super::{Inner, refuse};
use crate::model::{ItemKind, LinkSent, Permission};
use crate::{DropboxLink, FileShareLink, ItemsLink, PROVIDER};

/// The service counts in days.
const DAY: u64 = 24 * 60 * 60;

/// What a request may take to arrive: an end that is a whole number of days away when it is asked for is one.
const ON_THE_WAY: u64 = 60;

/// How identifiers of shares begin: of links, and of shares with accounts.
const LINK: &str = "link";
const GROUP: &str = "group";

/// Stands between the parts of an identifier: no name can hold it.
const BETWEEN: char = '|';

fn cannot(operation: Operation, why: &'static str) -> Error {
    Error::unsupported(PROVIDER, operation, why)
}

/// What is asked for and cannot be granted is an error, never left out.
fn refuse_first(operation: Operation, asked: &[(bool, &'static str)]) -> Result<()> {
    asked.iter().find(|(asked, _)| *asked).map_or(Ok(()), |(_, why)| Err(cannot(operation, why)))
}

/// The whole days until a time: never more than asked for.
fn days_until(operation: Operation, end: Timestamp) -> Result<i32> {
    let left = end.until_now_or_later() + Duration::from_secs(ON_THE_WAY);
    match i32::try_from(left.as_secs() / DAY) {
        Ok(days) if days > 0 => Ok(days),
        _ => Err(cannot(operation, "links live for whole days, at least one")),
    }
}

impl Inner {
    pub(super) async fn share(self: &Arc<Self>, item: &ItemRef, request: ShareRequest) -> Result<Share> {
        match request.kind {
            ShareKind::Link => {
                check_link(Operation::Share, &request)?;
                self.link(&self.find(item).await?, &request).await
            }
            ShareKind::RequestFiles => {
                check_link(Operation::RequestFiles, &request)?;
                self.dropbox(&self.shared_folder(item).await?, &request).await
            }
            ShareKind::Invitation => {
                let access = check_invitation(&request)?;
                self.invite(&self.shared_folder(item).await?, &request, &access).await
            }
            _ => Err(refuse(ErrorKind::Unsupported, item, "this kind of share is not known here")),
        }
    }

    async fn shared_folder(self: &Arc<Self>, item: &ItemRef) -> Result<Found> {
        let found = self.find(item).await?;
        if found.kind == ItemKind::File {
            return Err(refuse(
                ErrorKind::InvalidInput,
                item,
                "files can neither take files nor be shared with accounts",
            ));
        }
        Ok(found)
    }

    /// A link with the account's own settings, unless the request has some of its own.
    async fn link(&self, found: &Found, request: &ShareRequest) -> Result<Share> {
        let items = [(found.kind, found.path.as_str())];
        let links = self.client.links();
        let days = request.expires.map(|end| days_until(Operation::Share, end)).transpose()?;
        let sent = if days.is_none() && request.max_downloads.is_none() {
            links.send_with_defaults(&items, crate::GENERAL_LINK, false, request.password.as_ref()).await?
        } else {
            let mut link = ItemsLink::general();
            link.share_days = days.unwrap_or(link.share_days);
            link.download_limit = request.max_downloads.and_then(|most| i32::try_from(most).ok()).unwrap_or_default();
            link.password.clone_from(&request.password);
            links.send_file_share(&items, &FileShareLink::new(link)).await?
        };
        link_share(found, sent, days)
    }

    async fn dropbox(&self, found: &Found, request: &ShareRequest) -> Result<Share> {
        let mut link = DropboxLink::general();
        let days = request.expires.map(|end| days_until(Operation::RequestFiles, end)).transpose()?;
        link.share_days = days.unwrap_or(link.share_days);
        link.password.clone_from(&request.password);
        let sent = self.client.links().send_dropbox(&found.path, &link).await?;
        link_share(found, sent, days)
    }

    async fn invite(&self, found: &Found, request: &ShareRequest, access: &Permission) -> Result<Share> {
        let Audience::People(people) = &request.audience else {
            return Err(refuse(ErrorKind::InvalidInput, &found.path, "an invitation needs accounts to invite"));
        };
        let users: Vec<_> = people.iter().map(String::as_str).collect();
        let notes = request.message.as_deref().unwrap_or_default();
        let shares = self.client.group_shares();
        let added = shares.add_all(&found.path, &users, access, request.notify, notes).await?;
        if let Some(failed) = added.users.iter().find(|user| !user.done) {
            let who = failed.username.as_deref().unwrap_or_default();
            let (words, names) = (failed.error_message.as_deref(), [found.path.as_str(), who]);
            let error = crate::error::refused_entry("GroupShareAdd2", words, "UserAdded", &names);
            let some = added.users.iter().any(|user| user.done);
            return Err(error.with_subject(who).with_maybe_applied(some));
        }
        let id = format!("{GROUP}{BETWEEN}{}{BETWEEN}{}", found.item.id, users.join(";"));
        Ok(Share::new(id, found.item.id.clone()))
    }

    /// Ends a share with accounts. No operation that ends a link is documented.
    pub(super) async fn unshare(self: &Arc<Self>, share: &ShareId) -> Result<()> {
        let mut parts = share.as_str().splitn(3, BETWEEN);
        match (parts.next(), parts.next(), parts.next()) {
            (Some(GROUP), Some(item), Some(users)) => {
                let found = self.find(&ItemRef::Id(item.into())).await?;
                let users: Vec<_> = users.split(';').collect();
                let removed = self.client.group_shares().remove(&found.path, &users, false).await?;
                match removed.users.iter().find(|user| !user.done) {
                    None => Ok(()),
                    Some(failed) => {
                        let words = failed.error_message.as_deref();
                        let who = failed.username.as_deref().unwrap_or_default();
                        let names = [found.path.as_str(), who];
                        let error = crate::error::refused_entry("GroupShareRemove", words, "UserRemoved", &names);
                        // The request may have been repeated: that nobody is left to remove can be its own doing.
                        Err(error.with_subject(who).with_maybe_applied(true))
                    }
                }
            }
            (Some(LINK), Some(_), Some(_)) => {
                Err(cannot(Operation::Unshare, "no operation that ends a link is documented; it ends by itself"))
            }
            _ => Err(refuse(ErrorKind::NotFound, "share", "there is no such share")),
        }
    }
}

/// A link as the contract has it. The service gives links no identifier; this one tells links apart without showing one. The
/// days it was asked for are counted from now, by the clock of this machine.
fn link_share(found: &Found, sent: LinkSent, days: Option<i32>) -> Result<Share> {
    let url = sent.links.into_iter().find_map(|link| link.url);
    let url = url.ok_or_else(|| refuse(ErrorKind::Protocol, &found.path, "a success without a link")).after_write()?;
    let id = format!("{LINK}{BETWEEN}{}{BETWEEN}{:016x}", found.item.id, fastrand::u64(..));
    let life = days.and_then(|days| u64::try_from(days).ok()).map(|days| Duration::from_secs(days * DAY));
    let end = life.map(|life| Timestamp::now().saturating_add(life));
    Ok(Share::new(id, found.item.id.clone()).with_link(Some(url)).with_expires(end))
}

fn check_link(operation: Operation, request: &ShareRequest) -> Result<()> {
    let upload = operation == Operation::RequestFiles;
    refuse_first(
        operation,
        &[
            (request.audience == Audience::SignedIn, "links do not ask for a sign-in"),
            (
                matches!(request.audience, Audience::People(_)),
                "links for people are mail, in which several have no documented form",
            ),
            (request.access != ShareAccess::Download, "whoever uses a link downloads, no less and no more"),
            (upload && request.max_downloads.is_some(), "nothing is downloaded through a link for uploads"),
            (request.title.is_some(), "links have no title without a mail"),
            (request.message.is_some() || request.notify, "there is nobody to send mail to"),
            (request.max_downloads == Some(0), "a link that nobody can use is none"),
        ],
    )
}

/// What the accounts may do.
fn check_invitation(request: &ShareRequest) -> Result<Permission> {
    let people = match &request.audience {
        Audience::People(people) if !people.is_empty() => people,
        _ => return Err(refuse(ErrorKind::InvalidInput, "/", "an invitation needs accounts to invite")),
    };
    if people.iter().any(|user| user.trim().is_empty() || user.contains([';', BETWEEN])) {
        return Err(refuse(ErrorKind::InvalidInput, "/", "an account has a name, without separators"));
    }
    refuse_first(
        Operation::Invite,
        &[
            (request.expires.is_some(), "shares with accounts have no end"),
            (request.max_downloads.is_some(), "the downloads of accounts are not counted"),
            (request.password.is_some(), "shares with accounts have no password"),
            (request.title.is_some(), "shares with accounts have no title"),
        ],
    )?;
    match request.access {
        ShareAccess::Download => Ok(Permission::ReadOnly),
        ShareAccess::Edit => Ok(Permission::Full),
        _ => Err(cannot(Operation::Invite, "the letter of that level is not public")),
    }
}
