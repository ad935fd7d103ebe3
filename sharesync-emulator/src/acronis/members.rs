//! Members of shared folders. Whoever has an account becomes a member, others guests, who may look and nothing else.
//!
//! Ours: the identifier of a member names the user (or guest) and the folder; inviting a member again changes the rights; the root
//! and files cannot be shared (400). The drive keeps the members.

use std::collections::BTreeMap;

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Ctx;
use super::body::Fields;
use super::errors::{ApiError, Outcome};
use super::ids;
use super::settings::Settings;
use super::sight::{Node, Rights};
use super::wire;
use crate::drive::{Drive, ItemId, User, UserId};
use crate::http::json as json_reply;

/// What the keys begin with under which a drive keeps the members of a folder.
const KEPT: &str = "acronis/members/";

/// The members of every shared folder.
#[derive(Debug, Clone, Default)]
pub(super) struct Members {
    folders: BTreeMap<ItemId, Vec<Member>>,
    guests: u64,
}

/// Somebody else than the owner with rights to a folder.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Member {
    who: Who,
    email: String,
    read_only: bool,
    can_invite: bool,
    can_view_members: bool,
    expires: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Who {
    User(UserId),
    Guest(u64),
}

impl Member {
    pub(super) fn rights(&self) -> Rights {
        Rights { owned: false, write: !self.read_only, invite: self.can_invite, view_members: self.can_view_members }
    }

    fn id(&self, folder: ItemId) -> String {
        let folder = ids::node(folder);
        match self.who {
            Who::User(user) => format!("permission-{},{folder}", ids::user(user)),
            Who::Guest(number) => format!("guest-{},{folder}", ids::guest(number)),
        }
    }

    /// Sets what a request says.
    fn change(&mut self, fields: &Fields) -> Result<(), ApiError> {
        self.read_only = fields.flag("read_only")?.unwrap_or(self.read_only);
        let (invite, view) = (fields.flag("can_invite")?, fields.flag("can_view_members")?);
        // These two are not for guests.
        if let Who::User(_) = self.who {
            self.can_invite = invite.unwrap_or(self.can_invite);
            self.can_view_members = view.unwrap_or(self.can_view_members);
        }
        Ok(())
    }
}

impl Members {
    /// The members that a drive keeps.
    pub(super) fn of(drive: &Drive) -> Self {
        let read = |(key, kept): (String, Value)| {
            let folder = ItemId(key.strip_prefix(KEPT)?.parse().ok()?);
            Some((folder, serde_json::from_value(kept).ok()?))
        };
        let folders: BTreeMap<_, Vec<Member>> = drive.kept(KEPT).into_iter().filter_map(read).collect();
        let guests = folders.values().flatten().map(|member| match member.who {
            Who::Guest(number) => number,
            Who::User(_) => 0,
        });
        Self { guests: guests.max().unwrap_or(0), folders }
    }

    /// Lets a drive keep the members of a folder.
    fn keep(&self, drive: &Drive, folder: ItemId) {
        drive.keep(format!("{KEPT}{}", folder.0), json!(self.folders.get(&folder)));
    }

    /// The members at a moment: without those whose time is over.
    pub(super) fn at(&self, now: Timestamp) -> Self {
        let mut members = self.clone();
        for list in members.folders.values_mut() {
            list.retain(|member| member.expires.is_none_or(|end| now < end));
        }
        members.folders.retain(|_, list| !list.is_empty());
        members
    }

    pub(super) fn folders(&self) -> impl Iterator<Item = ItemId> {
        self.folders.keys().copied()
    }

    pub(super) fn folders_of(&self, user: UserId) -> impl Iterator<Item = ItemId> {
        self.folders().filter(move |folder| self.of_user(*folder, user).is_some())
    }

    pub(super) fn is_shared(&self, folder: ItemId) -> bool {
        self.folders.contains_key(&folder)
    }

    pub(super) fn of_user(&self, folder: ItemId, user: UserId) -> Option<&Member> {
        self.folders.get(&folder)?.iter().find(|member| member.who == Who::User(user))
    }

    pub(super) fn expiration(&self, folder: ItemId) -> Option<Timestamp> {
        self.folders.get(&folder)?.iter().filter_map(|member| member.expires).max()
    }

    /// Makes the owner of that address a member, or changes the rights of the member that has it.
    fn invite(
        &mut self,
        folder: ItemId,
        (email, user): (&str, Option<&User>),
        fields: &Fields,
        settings: &Settings,
    ) -> Result<Member, ApiError> {
        let has_address = |member: &&mut Member| member.email.eq_ignore_ascii_case(email);
        let list = self.folders.get_mut(&folder).into_iter().flatten();
        let known = { list }.find(has_address);
        let mut member = match &known {
            Some(known) => (**known).clone(),
            None => Member {
                who: user.map_or(Who::Guest(self.guests + 1), |user| Who::User(user.id)),
                email: email.to_owned(),
                read_only: false,
                can_invite: false,
                can_view_members: false,
                expires: None,
            },
        };
        member.change(fields)?;
        let days = settings.number("security", "shared_folder_expiration_max_days").min(36_500);
        let ends = settings.flag("security", "shared_folder_expiration_required");
        member.expires = Drive::now().checked_add(SignedDuration::from_hours(days * 24)).ok().filter(|_| ends);
        match known {
            Some(known) => *known = member.clone(),
            None => {
                self.guests += 1;
                self.folders.entry(folder).or_default().push(member.clone());
            }
        }
        Ok(member)
    }
}

impl Ctx {
    pub(super) fn members(&self, id: &str) -> Outcome {
        let (sight, window) = (self.sight(), self.window()?);
        let folder = sight.find_folder(id)?;
        if !folder.rights.view_members {
            return Err(ApiError::no_access());
        }
        let others = sight.members.folders.get(&folder.id()).into_iter().flatten();
        let others = others.map(|member| self.member(member, &folder));
        window.cut(std::iter::once(owner(&folder)).chain(others).collect())
    }

    pub(super) fn add_member(&self, id: &str) -> Outcome {
        let folder = self.shareable(id)?;
        let fields = self.fields("member")?;
        let email = fields.text("email")?.filter(|email| email.contains('@')).ok_or_else(ApiError::invalid)?;
        let user = self.face.shared.accounts.named(email);
        if user.is_some_and(|user| user.id == folder.owner.id) {
            return Ok(json_reply(StatusCode::CREATED, owner(&folder).to_string()));
        }
        let mut state = self.face.state();
        if !folder.rights.owned && !state.settings.flag("security", "allow_collaborators_to_invite") {
            return Err(ApiError::no_access());
        }
        let settings = state.settings.clone();
        let is_new = !state.members.is_shared(folder.id());
        let member = state.members.invite(folder.id(), (email, user), &fields, &settings)?;
        state.members.keep(self.drive(), folder.id());
        let answer = self.member(&member, &folder);
        if is_new {
            let text = format!("Added new share '{}'.", folder.entry.item.name);
            state.audit.about_share(self.drive(), &self.user, &folder, text);
        }
        let text = format!("Added '{email}' to share '{}'.", folder.entry.item.name);
        state.audit.about_share(self.drive(), &self.user, &folder, text);
        Ok(json_reply(StatusCode::CREATED, answer.to_string()))
    }

    pub(super) fn update_member(&self, id: &str, member: &str) -> Outcome {
        let folder = self.shareable(id)?;
        let fields = self.fields("member")?;
        if member == owner_id(&folder) {
            return Ok(json_reply(StatusCode::OK, owner(&folder).to_string()));
        }
        let mut state = self.face.state();
        let list = state.members.folders.get_mut(&folder.id()).into_iter().flatten();
        let found = { list }.find(|known| known.id(folder.id()).eq_ignore_ascii_case(member));
        let found = found.ok_or_else(ApiError::no_access)?;
        let mut changed = found.clone();
        changed.change(&fields)?;
        *found = changed;
        let answer = self.member(found, &folder);
        state.members.keep(self.drive(), folder.id());
        let text = format!("Updated a member of share '{}'.", folder.entry.item.name);
        state.audit.about_share(self.drive(), &self.user, &folder, text);
        Ok(json_reply(StatusCode::OK, answer.to_string()))
    }

    /// A folder to which the user may invite others.
    fn shareable(&self, id: &str) -> Result<Node, ApiError> {
        let node = self.sight().find(id)?;
        if !node.rights.invite {
            return Err(ApiError::no_access());
        }
        if node.is_root() || !node.entry.item.is_folder() {
            return Err(ApiError::invalid());
        }
        Ok(node)
    }

    fn member(&self, member: &Member, folder: &Node) -> Value {
        let user = match member.who {
            Who::User(id) => self.face.shared.accounts.user(id),
            Who::Guest(_) => None,
        };
        let name = user.map_or_else(|| local_part(&member.email).to_owned(), wire::user_name);
        let known = user.is_some();
        json!({
            "id": member.id(folder.id()), "name": name, "email": member.email,
            "permission_for": if known { "permission" } else { "guest" },
            "read_only": member.read_only, "can_invite": member.can_invite,
            "can_view_members": member.can_view_members,
            "can_be_changed": {"can_invite": known, "can_view_members": known, "read_only": true},
        })
    }
}

fn owner_id(folder: &Node) -> String {
    format!("owner-{}", ids::user(folder.owner.id))
}

fn owner(folder: &Node) -> Value {
    json!({
        "id": owner_id(folder), "name": wire::user_name(&folder.owner), "email": folder.owner.email,
        "permission_for": "owner", "read_only": false, "can_invite": true, "can_view_members": true,
        "can_be_changed": {"can_invite": true, "can_view_members": true, "read_only": true},
    })
}

fn local_part(email: &str) -> &str {
    email.split('@').next().unwrap_or_default()
}
