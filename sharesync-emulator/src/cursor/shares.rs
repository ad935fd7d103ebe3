//! Shares and who is in them: `/shares/…`, and what users see of themselves: `/users/me…`, `/search`.

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::errors::{ApiError, Outcome};
use super::info::ok;
use super::space::{Facts, Member, member_key, share_path};
use super::wire::{Given, given, set};
use super::{Ctx, ids, no_content};
use crate::drive::{Entry, ItemId, ItemPatch, NewFolder, User};
use crate::http::json as json_reply;

#[derive(Debug, Deserialize)]
struct NewShare {
    name: String,
    share_type: ShareType,
    owner_id: String,
    description: Option<String>,
    quota_bytes: Option<u64>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ShareType {
    Central,
    Personal,
    Project,
}

#[derive(Debug, Deserialize)]
struct SharePatch {
    name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    description: Given<String>,
}

#[derive(Debug, Deserialize)]
struct NewMember {
    principal_type: PrincipalType,
    principal_id: String,
    role: MemberRole,
    expires_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum PrincipalType {
    User,
    Group,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum MemberRole {
    Owner,
    Admin,
    Contributor,
    Reader,
}

impl Ctx {
    /// Everything below `/shares`.
    pub(super) fn shares(&self, rest: &[&str]) -> Outcome {
        match (&self.call.method, rest) {
            (&Method::GET, []) => self.list_shares(),
            (&Method::POST, []) => self.create_share(),
            (&Method::GET, ["search", "principals"]) => self.search_principals(),
            (&Method::GET, [id]) => Ok(ok(&self.face.space.share_json(&self.share(id)?))),
            (&Method::PATCH, [id]) => self.patch_share(id),
            (&Method::DELETE, [id]) => {
                self.drive().delete(self.user.id, self.managed(id)?.item.id)?;
                no_content()
            }
            (&Method::GET, [id, "members"]) => self.members(id),
            (&Method::POST, [id, "members"]) => self.add_member(id),
            (_, [] | [_] | [_, "members"] | ["search", "principals"]) => Err(ApiError::not_allowed()),
            _ => Err(ApiError::not_found("Page")),
        }
    }

    /// A share that the caller may change as a whole.
    fn managed(&self, id: &str) -> Result<Entry, ApiError> {
        let share = self.share(id)?;
        match self.face.space.role(&self.user, share.item.id) {
            "owner" | "admin" => Ok(share),
            _ => Err(ApiError::forbidden("Only owners and admins may do this")),
        }
    }

    fn list_shares(&self) -> Outcome {
        let (skip, limit) = self.page()?;
        let space = &self.face.space;
        let mut shares = space.all(&self.user);
        if self.flag("include_trashed")? {
            let trashed = self.drive().deleted_children(space.shared()).into_iter();
            shares.extend(trashed.filter(|entry| entry.item.is_folder()));
        }
        let page: Value = shares.iter().skip(skip).take(limit).map(|share| space.share_json(share)).collect();
        Ok(ok(&json!({"shares": page, "total": shares.len()})))
    }

    fn create_share(&self) -> Outcome {
        let new: NewShare = self.body()?;
        if let ShareType::Personal = new.share_type {
            return Err(ApiError::forbidden("Personal shares are made with their users"));
        }
        let known = ids::parse_user(&new.owner_id).and_then(|id| self.drive().user(id)).is_some();
        if !known && !new.owner_id.starts_with("grp_") {
            return Err(ApiError::not_found("Owner"));
        }
        let space = &self.face.space;
        let made = self.drive().create_folder(self.user.id, space.shared(), &new.name, NewFolder::default())?;
        let share_type = if let ShareType::Central = new.share_type { "central" } else { "project" };
        let facts = Facts {
            share_type: Some(share_type.to_owned()),
            description: new.description,
            owner: Some(new.owner_id),
            quota: new.quota_bytes,
        };
        space.facts.put(&ids::share(made.item.id), facts);
        Ok(json_reply(StatusCode::CREATED, space.share_json(&made).to_string()))
    }

    fn patch_share(&self, id: &str) -> Outcome {
        let patch: SharePatch = self.body()?;
        let mut share = self.managed(id)?;
        if let Some(name) = patch.name {
            let rename = ItemPatch { name: Some(name.into()), ..ItemPatch::default() };
            share = self.drive().update(self.user.id, share.item.id, rename)?;
        }
        if let Some(description) = patch.description {
            self.face.space.facts.upsert(id, |facts| facts.description = description);
        }
        Ok(ok(&self.face.space.share_json(&share)))
    }

    fn search_principals(&self) -> Outcome {
        let wanted = self.required("q")?.to_lowercase();
        let limit = usize::try_from(self.number("limit", 1, 50, 20)?).unwrap_or(20);
        let users = match self.call.query.get("principal_type") {
            None | Some("user") => self.drive().users(),
            Some("group") => Vec::new(),
            Some(_) => return Err(ApiError::invalid(&["query", "principal_type"], "Should be user or group")),
        };
        let found = users.iter().filter(|user| user.email.to_lowercase().contains(&wanted)).take(limit);
        let users: Value = found.map(user_json).collect();
        Ok(ok(&json!({"users": users, "groups": []})))
    }

    fn members(&self, id: &str) -> Outcome {
        let share = self.share(id)?.item.id;
        let (skip, limit) = self.page()?;
        let members: Vec<Member> =
            self.face.space.members.all().into_iter().filter(|member| member.share == share).collect();
        let page: Value = members.iter().skip(skip).take(limit).map(member_json).collect();
        Ok(ok(&json!({"members": page, "total": members.len()})))
    }

    fn add_member(&self, id: &str) -> Outcome {
        let share: ItemId = self.managed(id)?.item.id;
        let new: NewMember = self.body()?;
        let is_user = matches!(new.principal_type, PrincipalType::User);
        if is_user && ids::parse_user(&new.principal_id).and_then(|id| self.drive().user(id)).is_none() {
            return Err(ApiError::not_found("Principal"));
        }
        let key = member_key(share, &new.principal_id);
        if self.face.space.members.get(&key).is_some() {
            return Err(ApiError::new(StatusCode::CONFLICT, "MEMBER_EXISTS", "The principal is a member already"));
        }
        let role = match new.role {
            MemberRole::Owner => "owner",
            MemberRole::Admin => "admin",
            MemberRole::Contributor => "contributor",
            MemberRole::Reader => "reader",
        };
        let member = Member {
            share,
            principal_type: if is_user { "user" } else { "group" }.to_owned(),
            principal: new.principal_id,
            role: role.to_owned(),
            expires: new.expires_at,
        };
        self.face.space.members.put(&key, member.clone());
        Ok(json_reply(StatusCode::CREATED, member_json(&member).to_string()))
    }

    /// Everything below `/users`.
    pub(super) fn users(&self, rest: &[&str]) -> Outcome {
        if self.call.method != Method::GET {
            return Err(ApiError::not_allowed());
        }
        match rest {
            ["me"] => Ok(ok(&me_json(&self.user))),
            ["me", "shares"] => self.own_shares(),
            ["me", "quota"] => self.quota(),
            _ => Err(ApiError::not_found("Page")),
        }
    }

    fn own_shares(&self) -> Outcome {
        let (skip, limit) = self.page()?;
        let (space, user) = (&self.face.space, &self.user);
        let shares = space.all(user);
        let page: Value = shares.iter().skip(skip).take(limit).map(|share| space.own_share_json(user, share)).collect();
        Ok(ok(&json!({"shares": page, "total": shares.len()})))
    }

    fn quota(&self) -> Outcome {
        let used = self.drive().item(self.user.home).map_or(0, |home| home.totals.bytes);
        let home = ids::share(self.user.home);
        let quota = self.face.space.facts.get(&home).and_then(|facts| facts.quota);
        let percent = quota.filter(|quota| *quota > 0).map(|quota| used as f64 * 100.0 / quota as f64);
        Ok(ok(&json!({
            "user_id": ids::user(self.user.id), "used_bytes": used, "quota_bytes": quota,
            "percent_used": percent.unwrap_or(0.0),
        })))
    }

    /// Names that contain the text, in the shares of the caller.
    pub(super) fn search(&self) -> Outcome {
        let query = self.required("q")?;
        let (skip, limit) = self.page()?;
        let wanted = query.to_lowercase();
        let shares = match self.asked_share()? {
            Some(share) => vec![share],
            None => self.face.space.all(&self.user).iter().map(|share| share.item.id).collect(),
        };
        let fits = |item: &crate::drive::Item| {
            (item.is_file() || item.is_folder()) && item.name.to_lowercase().contains(&wanted)
        };
        let mut found: Vec<Entry> =
            shares.iter().flat_map(|share| self.drive().find(*share, usize::MAX, fits)).collect();
        found.sort_by_key(|entry| entry.item.id);
        let page = found.iter().skip(skip).take(limit).map(|entry| {
            let mut result = self.child_json(entry);
            set(&mut result, "path", share_path(&entry.path()));
            set(&mut result, "share_id", self.face.space.share_of_entry(entry).map(ids::share));
            result
        });
        let results: Vec<Value> = page.collect();
        let has_more = skip.saturating_add(results.len()) < found.len();
        Ok(ok(&json!({"query": query, "results": results, "total": found.len(), "has_more": has_more})))
    }
}

fn user_json(user: &User) -> Value {
    let (first, last) = user.names();
    json!({"id": ids::user(user.id), "email": user.email, "name": format!("{first} {last}")})
}

fn me_json(user: &User) -> Value {
    let (first, last) = user.names();
    json!({
        "id": ids::user(user.id), "email": user.email, "name": format!("{first} {last}"),
        "display_name": format!("{first} {last}"), "tenant_id": ids::TENANT, "partner_id": null, "groups": [],
        "scopes": ["files:read", "files:write"], "is_admin": false, "admin_role": null,
    })
}

fn member_json(member: &Member) -> Value {
    json!({
        "principal_type": member.principal_type, "principal_id": member.principal, "role": member.role,
        "expires_at": member.expires.map(|end| end.to_string()),
    })
}
