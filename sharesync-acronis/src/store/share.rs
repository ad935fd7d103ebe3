//! Sharing: links with their restrictions, and members of folders.

use std::fmt::Write as _;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sharesync_core::{
    Attempted as _, Audience, Error, ErrorKind, ItemId, ItemRef, Operation, Result, Share, ShareAccess, ShareId,
    ShareKind, ShareRequest, Timestamp, check_granted,
};

use super::Inner;
use super::item::refuse;
use crate::model::{AccessRestriction, DateTime, Link, LinkUpdate, NewLink, NewMember, Recipient, Ttl};
use crate::{PROVIDER, ROOT};

/// The service counts in days.
const DAY: u64 = 24 * 60 * 60;

/// What a request may take to arrive: an end that is a whole number of days away when it is asked for is one.
const ON_THE_WAY: u64 = 60;

impl Inner {
    pub(super) async fn share(&self, item: &ItemRef, request: ShareRequest) -> Result<Share> {
        let node = self.id(item).await?;
        let shared = match request.kind {
            ShareKind::Link => self.link(&node, request).await,
            ShareKind::Invitation => self.invite(&node, request).await,
            _ => return Err(cannot(Operation::RequestFiles, "nobody can upload through a link")),
        };
        match shared {
            Err(error) => Err(self.explain(error, &node).await),
            shared => shared,
        }
    }

    async fn link(&self, node: &str, request: ShareRequest) -> Result<Share> {
        let wanted = new_link(&request)?;
        let link = match self.client.links().create(node, &wanted).await {
            Err(error) if error.kind() == ErrorKind::Rejected && self.is_folder(node).await => {
                return Err(cannot(Operation::Share, "links lead to files").with_source(error));
            }
            created => created?,
        };
        check_link(node, &wanted, &link)?;
        let id = link.id.ok_or_else(|| Error::missing_field("link", "id")).after_write()?;
        let form = if wanted.recipients.is_some() { LINK_TO_PEOPLE } else { LINK };
        let share = Share::new(format!("{form}/{node}/{id}"), ItemId::from(node));
        Ok(share.with_expires(expires(&link)).with_link(link.url()))
    }

    async fn is_folder(&self, node: &str) -> bool {
        node == ROOT || self.node(node).await.is_ok_and(|node| node.is_folder)
    }

    async fn invite(&self, node: &str, request: ShareRequest) -> Result<Share> {
        let (people, member) = self.new_member(request)?;
        let mut id = format!("{MEMBERS}/{node}");
        let mut invited = Vec::new();
        for email in people {
            let created = self.client.members().create(node, &member.clone().with_email(&email)).await;
            let created = created.and_then(|member| {
                member.id.ok_or_else(|| Error::missing_field("member", "id").with_maybe_applied(true))
            });
            let member = created.map_err(|error| half_done(error, &email, &invited))?;
            let _ = write!(id, "/{}", utf8_percent_encode(&member, NON_ALPHANUMERIC));
            invited.push(email);
        }
        Ok(Share::new(id, ItemId::from(node)))
    }

    /// Closes a link. The document has no operation that deletes one: the link stays, restricted to those it has been
    /// shared to, which is nobody.
    pub(super) async fn unshare(&self, share: &ShareId) -> Result<()> {
        let mut parts = share.as_str().split('/');
        let (form, node, id) = (parts.next(), parts.next(), parts.next().and_then(|id| id.parse().ok()));
        match (form, node, id) {
            (Some(LINK), Some(node), Some(id)) => {
                let closed = LinkUpdate::new()
                    .with_access_restriction(AccessRestriction::Shared)
                    .with_single_use(true)
                    .with_ttl(Ttl::Days(1));
                match self.client.links().update(node, id, &closed).await {
                    Err(error) => Err(self.explain(error, node).await),
                    Ok(()) => Ok(()),
                }
            }
            (Some(LINK_TO_PEOPLE), ..) => {
                Err(cannot(Operation::Unshare, "no documented operation takes a link away from those it was sent to"))
            }
            (Some(MEMBERS), ..) => Err(cannot(Operation::Unshare, "no documented operation removes a member")),
            _ => Err(refuse(ErrorKind::NotFound, share.as_str(), "there is no such share")),
        }
    }

    /// The people to invite, and what they may do.
    fn new_member(&self, request: ShareRequest) -> Result<(Vec<String>, NewMember)> {
        let refused = [
            (request.expires.is_some(), "members have no end"),
            (request.max_downloads.is_some(), "the downloads of members are not counted"),
            (request.password.is_some(), "members have no password for a folder"),
            (request.message.is_some(), "members get no message"),
        ];
        refuse_first(Operation::Invite, &refused)?;
        let read_only = match request.access {
            ShareAccess::Download => true,
            ShareAccess::Edit => false,
            _ => return Err(cannot(Operation::Invite, "whoever can look can download")),
        };
        let people = match request.audience {
            Audience::People(people) if !people.is_empty() => people,
            _ => {
                let message = "an invitation needs people to invite";
                return Err(Error::new(ErrorKind::InvalidInput, message));
            }
        };
        let member = NewMember::new()
            .with_read_only(read_only)
            .with_can_invite(self.options.members_can_invite)
            .with_can_view_members(self.options.members_can_view_members);
        Ok((people, member))
    }
}

/// How identifiers of shares begin: of links that can be closed, of links that were sent to people, of members.
const LINK: &str = "link";
const LINK_TO_PEOPLE: &str = "sent";
const MEMBERS: &str = "members";

fn cannot(operation: Operation, why: &'static str) -> Error {
    Error::unsupported(PROVIDER, operation, why)
}

/// What is asked for and cannot be granted is an error, never left out.
fn refuse_first(operation: Operation, asked: &[(bool, &'static str)]) -> Result<()> {
    match asked.iter().find(|(asked, _)| *asked) {
        Some((_, why)) => Err(cannot(operation, why)),
        None => Ok(()),
    }
}

/// Checks that a link leads where it was asked to and lets nobody do more. What is not told is not compared.
fn check_link(node: &str, wanted: &NewLink, link: &Link) -> Result<()> {
    let longer = match (&wanted.ttl, &link.ttl) {
        (Some(Ttl::Days(asked)), Some(Ttl::Days(told))) => told > asked,
        (Some(Ttl::Days(_)), Some(_)) => true,
        _ => false,
    };
    let restriction = link.access_restriction.is_some() && link.access_restriction != wanted.access_restriction;
    check_granted(&[
        (link.node_uuid.as_deref().is_some_and(|told| told != node), "it leads to another file"),
        (restriction, "it is for others"),
        (wanted.single_use == Some(true) && link.single_use == Some(false), "it can be used more than once"),
        (longer, "it ends later"),
    ])
}

fn new_link(request: &ShareRequest) -> Result<NewLink> {
    let people = match &request.audience {
        Audience::People(people) => people.as_slice(),
        _ => &[],
    };
    let refused = [
        (request.access != ShareAccess::Download, "whoever uses a link downloads, no less and no more"),
        (request.password.is_some(), "links have no password"),
        (request.title.is_some(), "links have no title"),
        (request.max_downloads.is_some_and(|most| most != 1), "downloads are limited to one or not at all"),
        (!people.is_empty() && !request.notify, "the people that a link is for get mail: ask for it"),
        (people.is_empty() && request.notify, "there is nobody to send mail to"),
        (people.is_empty() && request.message.is_some(), "there is nobody to send the message to"),
    ];
    refuse_first(Operation::Share, &refused)?;
    let mut link = NewLink::new().with_single_use(request.max_downloads.is_some());
    link.access_restriction = Some(match &request.audience {
        Audience::Anyone => AccessRestriction::Public,
        Audience::SignedIn => AccessRestriction::Access,
        Audience::People(_) if !people.is_empty() => AccessRestriction::Shared,
        _ => return Err(Error::new(ErrorKind::InvalidInput, "a link for people needs people")),
    });
    link.recipients = (!people.is_empty()).then(|| people.iter().map(Recipient::by_email).collect());
    link.message.clone_from(&request.message);
    link.ttl = request.expires.map(days_until).transpose()?;
    Ok(link)
}

/// The whole days until a time: never more than asked for.
fn days_until(end: Timestamp) -> Result<Ttl> {
    let left = end.until_now_or_later() + Duration::from_secs(ON_THE_WAY);
    match i64::try_from(left.as_secs() / DAY) {
        Ok(days) if days > 0 => Ok(Ttl::Days(days)),
        _ => Err(cannot(Operation::Share, "links live for whole days, at least one")),
    }
}

/// When a link ends: so many days after it was created.
fn expires(link: &Link) -> Option<Timestamp> {
    let Some(Ttl::Days(days)) = link.ttl else { return None };
    let created = link.created_at.as_ref().and_then(DateTime::timestamp)?;
    Some(created.saturating_add(Duration::from_secs(u64::try_from(days).ok()?.saturating_mul(DAY))))
}

/// Says who was invited before the failure.
fn half_done(error: Error, failed: &str, invited: &[String]) -> Error {
    if invited.is_empty() {
        return error;
    }
    let message = format!("{failed} could not be invited ({error}), but these were: {}", invited.join(", "));
    Error::new(error.kind(), message)
        .with_operation(Operation::Invite.name())
        .with_maybe_applied(true)
        .with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_whole_and_never_more_than_asked_for() {
        let after = |seconds: u64| days_until(Timestamp::now().saturating_add(Duration::from_secs(seconds))).ok();
        assert_eq!(after(7 * DAY), Some(Ttl::Days(7)));
        assert_eq!(after(2 * DAY - 3600), Some(Ttl::Days(1)));
        assert_eq!(after(DAY / 2), None);
        assert_eq!(after(0), None);
    }

    #[test]
    fn what_cannot_be_granted_is_refused() {
        let unsupported = [
            ShareRequest::link().with_access(ShareAccess::Edit),
            ShareRequest::link().with_access(ShareAccess::View),
            ShareRequest::link().with_password("hush"),
            ShareRequest::link().with_title("t"),
            ShareRequest::link().with_max_downloads(2),
            ShareRequest::link().with_message("m"),
            ShareRequest::link().with_notify(true),
            ShareRequest::link().with_audience(Audience::People(vec!["a@example.com".into()])),
        ];
        for request in unsupported {
            let error = new_link(&request).unwrap_err();
            assert_eq!((error.kind(), error.operation()), (ErrorKind::Unsupported, Some("share")), "{request:?}");
        }
        let nobody = ShareRequest::link().with_audience(Audience::People(Vec::new()));
        assert_eq!(new_link(&nobody).unwrap_err().kind(), ErrorKind::InvalidInput);
    }
}
