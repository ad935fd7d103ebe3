//! Sharing: links for anyone or for those who sign in, and access for people.

use serde::{Deserialize, Serialize};
use sharesync_core::{
    Audience, Error, ErrorKind, ItemId, ItemRef, Operation, Result, Share, ShareAccess, ShareId, ShareKind,
    ShareRequest,
};
use url::Url;

use super::Inner;
use super::item::{Known, refuse};
use crate::PROVIDER;
use crate::dialect::People;
use crate::model::{Guid, LinkAccess, Role, RoleAssignment, ShareObject};
use crate::odata::segment;

/// What ends a share: the service has no identifiers for them.
#[derive(Serialize, Deserialize)]
enum Ending {
    Link { item: Guid, access: LinkAccess },
    OrganizationLink { item: Guid, access: LinkAccess },
    People { item: Guid, people: Vec<String> },
    Everybody { item: Guid },
}

impl Ending {
    fn id(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|_| Error::new(ErrorKind::InvalidInput, "the share cannot be written down"))
    }
}

impl Inner {
    pub(super) async fn share(&self, item: &ItemRef, request: ShareRequest) -> Result<Share> {
        let access = check(&request)?;
        let root = || refuse(ErrorKind::InvalidInput, "/", "files and folders are shared, not the whole library");
        let known = self.find(item).await?.ok_or_else(root)?;
        let object = self.address(&known)?;
        match request.kind {
            ShareKind::Link => self.link(&known, &object, access, &request).await,
            _ => self.invite(&known, &object, access, &request).await,
        }
    }

    async fn link(&self, known: &Known, object: &Url, access: LinkAccess, request: &ShareRequest) -> Result<Share> {
        let (sharing, item) = (self.client.sharing(), known.id);
        let (link, ending) = match request.audience {
            Audience::SignedIn => {
                let link = sharing.create_organization_link(object, access).await;
                let link = link.map_err(|error| match error.kind() {
                    // The item was there a moment ago: it is the call that is not.
                    ErrorKind::NotFound => {
                        let why = "the service has no links for those who sign in";
                        Error::unsupported(PROVIDER, Operation::Share, why).with_source(error)
                    }
                    _ => error,
                })?;
                (link, Ending::OrganizationLink { item, access })
            }
            _ => {
                let link = sharing.create_anonymous_link(object, access, request.expires).await?;
                (link, Ending::Link { item, access })
            }
        };
        let share = Share::new(ending.id()?, ItemId::from(item.to_string()));
        Ok(share.with_link(Some(link)).with_expires(request.expires))
    }

    async fn invite(&self, known: &Known, object: &Url, access: LinkAccess, request: &ShareRequest) -> Result<Share> {
        let Audience::People(people) = &request.audience else {
            return Err(refuse(ErrorKind::InvalidInput, &known.id.to_string(), "an invitation needs people"));
        };
        let role = if access.is_edit() { Role::Edit } else { Role::View };
        let mail = request.notify.then(|| request.message.as_deref().unwrap_or_default());
        let item = known.id;
        let ending = match self.client.dialect().people {
            People::Roles => {
                self.give(object, people, role, mail).await?;
                Ending::People { item, people: people.clone() }
            }
            People::ShareObject => {
                let mut wanted = ShareObject::new(object.as_str(), people, role);
                if let Some(text) = mail {
                    wanted = wanted.with_mail(request.title.as_deref().unwrap_or(&known.name), text);
                }
                self.client.sharing().share_object(&wanted).await?;
                Ending::Everybody { item }
            }
        };
        Ok(Share::new(ending.id()?, ItemId::from(item.to_string())))
    }

    /// Gives people a role; an error where one of them does not get it.
    async fn give(&self, object: &Url, people: &[String], role: Role, mail: Option<&str>) -> Result<()> {
        let roles: Vec<_> = people.iter().map(|person| RoleAssignment::new(person, role)).collect();
        let results = self.client.sharing().update_document_sharing_info(object, &roles, mail).await?;
        match results.iter().find(|result| result.status == Some(false)) {
            None => Ok(()),
            Some(refused) => {
                let why = refused.message.clone().unwrap_or_else(|| "one of the people does not get access".into());
                let some_did = results.iter().any(|result| result.status != Some(false));
                Err(Error::new(ErrorKind::Rejected, why).with_maybe_applied(some_did))
            }
        }
    }

    pub(super) async fn unshare(&self, share: &ShareId) -> Result<()> {
        let gone = || Error::new(ErrorKind::NotFound, "there is no such share");
        let ending: Ending = serde_json::from_str(share.as_str()).map_err(|_| gone())?;
        let sharing = self.client.sharing();
        let (Ending::Link { item, .. }
        | Ending::OrganizationLink { item, .. }
        | Ending::People { item, .. }
        | Ending::Everybody { item }) = &ending;
        let object = self.address(&self.node(*item).await?)?;
        match &ending {
            Ending::Link { access, .. } => sharing.delete_anonymous_link(&object, *access).await,
            Ending::OrganizationLink { access, .. } => sharing.destroy_organization_link(&object, *access).await,
            Ending::People { people, .. } => self.give(&object, people, Role::None, None).await,
            Ending::Everybody { .. } => sharing.unshare_object(&object).await.map(drop),
        }
    }

    /// The address of a file or folder, as sharing wants it.
    fn address(&self, known: &Known) -> Result<Url> {
        let path = self.root.on_server(&self.inside(known)?);
        let encoded: Vec<_> = path.split('/').map(segment).collect();
        let mut url = self.client.site_url().clone();
        url.set_path("/");
        url.join(&encoded.join("/"))
            .map_err(|_| refuse(ErrorKind::InvalidInput, &known.id.to_string(), "the path fits into no address"))
    }
}

/// What of a request can be granted; the rest is an error, never left out.
fn check(request: &ShareRequest) -> Result<LinkAccess> {
    let operation = match request.kind {
        ShareKind::Link => Operation::Share,
        ShareKind::Invitation => Operation::Invite,
        _ => {
            let why = "the service has no links to upload through";
            return Err(Error::unsupported(PROVIDER, Operation::RequestFiles, why));
        }
    };
    let is_link = operation == Operation::Share;
    let organization = matches!(request.audience, Audience::SignedIn);
    let refused = [
        (request.password.is_some(), "links have no passwords"),
        (request.max_downloads.is_some(), "downloads are not counted"),
        (request.access == ShareAccess::View, "what can be seen can be downloaded"),
        (is_link && request.notify, "the service sends no mail about a link"),
        (is_link && matches!(request.audience, Audience::People(_)), "a link is for anyone, or for those who sign in"),
        (organization && request.expires.is_some(), "a link for those who sign in does not end"),
        (!is_link && request.expires.is_some(), "the access of people does not end"),
    ];
    if let Some((_, why)) = refused.iter().find(|(asked, _)| *asked) {
        return Err(Error::unsupported(PROVIDER, operation, *why));
    }
    Ok(if request.access == ShareAccess::Edit { LinkAccess::Edit } else { LinkAccess::View })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_granted_is_refused() {
        let link = ShareRequest::link;
        let refused = [
            link().with_password("x"),
            link().with_max_downloads(1),
            link().with_access(ShareAccess::View),
            link().with_notify(true),
            link().with_audience(Audience::People(vec!["a@b".into()])),
            ShareRequest::request_files(),
            ShareRequest::invitation(["a@b"]).with_expires(sharesync_core::Timestamp::now()),
        ];
        for request in refused {
            assert_eq!(check(&request).unwrap_err().kind(), ErrorKind::Unsupported, "{request:?}");
        }
        assert_eq!(check(&link().with_access(ShareAccess::Edit)).unwrap(), LinkAccess::Edit);
        assert_eq!(check(&ShareRequest::invitation(["a@b"]).with_notify(true)).unwrap(), LinkAccess::View);
    }
}
