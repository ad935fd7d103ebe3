//! Sharing: links for people without an account.

use sharesync_core::{
    Attempted as _, Audience, Error, ErrorKind, ItemId, ItemRef, Operation, Result, SecretUrl, Share, ShareAccess,
    ShareId, ShareKind, ShareRequest, check_granted,
};

use super::Inner;
use super::item::{Known, needed, refuse};
use crate::PROVIDER;
use crate::model::{DateTime, Link, LinkStatus, LinkType, NewLink};

impl Inner {
    pub(super) async fn share(&self, item: &ItemRef, request: ShareRequest) -> Result<Share> {
        let operation = match request.kind {
            ShareKind::Link => Operation::Share,
            ShareKind::RequestFiles => Operation::RequestFiles,
            _ => return Err(cannot(Operation::Invite, "people become members of a whole share, not of an item")),
        };
        let node = self.find(item).await?;
        let root = || refuse(ErrorKind::InvalidInput, "/", "links are for files and folders, not for the whole share");
        let node = node.ok_or_else(root)?;
        let wanted = new_link(operation, &node, self.root_id(), &request)?;
        let link = self.client.links().create(&wanted).await?;
        check_link(&wanted, &link)?;
        let url = needed(link.url.as_ref(), "url").after_write()?;
        let url = self.client.base_url().join(url.expose()).map_err(|_| {
            refuse(ErrorKind::Protocol, &node.id, "the service gave a link that is no address").with_maybe_applied(true)
        })?;
        let share = Share::new(needed(link.id, "id").after_write()?, ItemId::from(node.id));
        let expires = link.expires_at.as_ref().and_then(DateTime::timestamp);
        Ok(share.with_link(Some(SecretUrl::new(url))).with_expires(expires))
    }

    pub(super) async fn unshare(&self, share: &ShareId) -> Result<()> {
        let gone = || refuse(ErrorKind::NotFound, share.as_str(), "there is no such link");
        let links = self.client.links();
        match links.get(share.as_str()).await {
            Ok(link) if link.status == Some(LinkStatus::Revoked) => return Err(gone()),
            // No link has an identifier that fits into no address.
            Err(error) if error.kind() == ErrorKind::InvalidInput => return Err(gone()),
            found => found.map_err(|error| error.with_subject(share.as_str()))?,
        };
        match links.revoke(share.as_str()).await {
            Err(error) if error.kind() == ErrorKind::NotFound && error.maybe_applied() => Ok(()),
            revoked => revoked.map_err(|error| error.with_subject(share.as_str())),
        }
    }
}

fn cannot(operation: Operation, why: &'static str) -> Error {
    Error::unsupported(PROVIDER, operation, why)
}

/// Checks that a link leads where it was asked to and lets nobody do more. What is not told is not compared.
fn check_link(wanted: &NewLink, link: &Link) -> Result<()> {
    let differs = |asked: &Option<String>, told: &Option<String>| told.is_some() && asked != told;
    let time = |time: &Option<DateTime>| time.as_ref().and_then(DateTime::timestamp);
    let later = time(&wanted.expires_at)
        .zip(time(&link.expires_at))
        .is_some_and(|(asked, told)| told.truncated_to_seconds() > asked.truncated_to_seconds());
    let more = wanted.max_downloads.zip(link.max_downloads).is_some_and(|(asked, told)| told > asked);
    check_granted(&[
        (differs(&wanted.resource_id, &link.resource_id), "it leads to another item"),
        (link.link_type.is_some() && link.link_type != wanted.link_type, "it lets its users do something else"),
        (wanted.password.is_some() && link.password_required == Some(false), "it has no password"),
        (wanted.require_email == Some(true) && link.require_email == Some(false), "it is for anyone"),
        (later, "it ends later"),
        (more, "it allows more downloads"),
    ])
}

/// The link that a request asks for. What cannot be granted is an error, never left out.
fn new_link(operation: Operation, node: &Known, share_id: &str, request: &ShareRequest) -> Result<NewLink> {
    let upload = operation == Operation::RequestFiles;
    let refused = [
        (request.notify, "the service sends no mail to those a link is for"),
        (upload && request.access == ShareAccess::Edit, "whoever uses such a link uploads, no more"),
        (upload && request.max_downloads.is_some(), "nothing is downloaded through such a link"),
        (!upload && request.access == ShareAccess::Edit, "nothing is changed through a link"),
        (matches!(request.audience, Audience::SignedIn), "links are for people without an account"),
    ];
    if let Some((_, why)) = refused.iter().find(|(asked, _)| *asked) {
        return Err(cannot(operation, why));
    }
    if upload && !node.is_folder {
        return Err(refuse(ErrorKind::Conflict, &node.id, "files are requested into a folder, and it is none"));
    }
    let kind = match request.access {
        _ if upload => LinkType::Upload,
        ShareAccess::View => LinkType::View,
        _ => LinkType::Download,
    };
    let mut link = NewLink::new()
        .with_resource_type(if node.is_folder { "folder" } else { "file" })
        .with_resource_id(&node.id)
        .with_share_id(share_id)
        .with_link_type(kind);
    match &request.audience {
        Audience::Anyone => {}
        Audience::People(people) if !people.is_empty() => {
            link = link.with_allowed_emails(people.clone()).with_require_email(true);
        }
        _ => return Err(refuse(ErrorKind::InvalidInput, &node.id, "a link for people needs people")),
    }
    link.upload_folder_id = upload.then(|| node.id.clone());
    link.password = request.password.as_ref().map(|password| password.expose().into());
    link.expires_at = request.expires.map(Into::into);
    link.max_downloads = request.max_downloads.map(u64::from);
    link.custom_name.clone_from(&request.title);
    link.custom_message.clone_from(&request.message);
    Ok(link)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{File, Folder};

    fn link(node: &Known, request: &ShareRequest) -> Result<NewLink> {
        let operation = if request.kind == ShareKind::Link { Operation::Share } else { Operation::RequestFiles };
        new_link(operation, node, "shr_1", request)
    }

    #[test]
    fn what_cannot_be_granted_is_refused_and_the_rest_is_asked_for() {
        let mut file = File::new();
        (file.id, file.name) = (Some("fil_1".into()), Some("a".into()));
        let mut folder = Folder::new();
        (folder.id, folder.name) = (Some("fld_1".into()), Some("b".into()));
        let (file, folder) = (Known::file(file).unwrap(), Known::folder(folder).unwrap());
        let unsupported = [
            ShareRequest::link().with_access(ShareAccess::Edit),
            ShareRequest::link().with_notify(true),
            ShareRequest::link().with_audience(Audience::SignedIn),
        ];
        for request in unsupported {
            let error = link(&file, &request).unwrap_err();
            assert_eq!((error.kind(), error.operation()), (ErrorKind::Unsupported, Some("share")), "{request:?}");
        }
        assert_eq!(link(&file, &ShareRequest::request_files()).unwrap_err().kind(), ErrorKind::Conflict);
        let asked = link(&folder, &ShareRequest::request_files().with_password("hush")).unwrap();
        assert_eq!(
            (asked.link_type.clone(), asked.upload_folder_id.as_deref()),
            (Some(LinkType::Upload), Some("fld_1"))
        );
        assert!(!format!("{asked:?}").contains("hush"));
        let people = ShareRequest::link().with_audience(Audience::People(vec!["a@example.com".into()]));
        let asked = link(&file, &people.with_access(ShareAccess::View).with_max_downloads(3)).unwrap();
        assert_eq!(
            (asked.link_type, asked.require_email, asked.max_downloads),
            (Some(LinkType::View), Some(true), Some(3))
        );
    }
}
