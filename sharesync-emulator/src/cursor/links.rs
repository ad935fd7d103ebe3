//! External links: `/external/links`, and their public addresses `/share/{token}` and `/s/{short_code}`.
//!
//! Ours: what a public address answers. A link to download a file gives its bytes, one to a folder the names in it; one to view
//! gives name and size, one to upload the folder's name; the password comes as `password` in the query. Restrictions by IP and by
//! e-mail are kept and told, not enforced; `sessions` is always empty.

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::errors::{ApiError, Outcome};
use super::info::ok;
use super::wire::set;
use super::{Ctx, ids, no_content};
use crate::drive::{Drive, Entry, ItemId, UserId};
use crate::http::json as json_reply;
use crate::table::number_key;

/// What the link object tells of a link's settings, with what is told when nothing was said.
const SHOWN: [(&str, Setting); 9] = [
    ("max_downloads", Setting::Number),
    ("max_views", Setting::Number),
    ("allowed_ips", Setting::Texts),
    ("allowed_emails", Setting::Texts),
    ("require_email", Setting::Flag),
    ("custom_name", Setting::Text),
    ("custom_message", Setting::Text),
    ("expires_at", Setting::Text),
    ("status", Setting::Text),
];
/// Settings that are kept and not told.
const KEPT: [(&str, Setting); 11] = [
    ("password", Setting::Text),
    ("expires_in_days", Setting::Number),
    ("show_download_button", Setting::Flag),
    ("allow_preview", Setting::Flag),
    ("notify_on_access", Setting::Flag),
    ("notify_on_download", Setting::Flag),
    ("notify_on_upload", Setting::Flag),
    ("notification_email", Setting::Text),
    ("upload_folder_id", Setting::Text),
    ("max_file_size", Setting::Number),
    ("allowed_extensions", Setting::Texts),
];

#[derive(Debug, Clone, Copy)]
enum Setting {
    Number,
    Flag,
    Text,
    Texts,
}

/// A link.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Link {
    number: u64,
    token: String,
    short_code: String,
    share: ItemId,
    resource_type: LinkedType,
    resource: ItemId,
    link_type: LinkType,
    created_by: UserId,
    created_at: Timestamp,
    revoked: bool,
    downloads: u64,
    views: u64,
    settings: Map<String, Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum LinkedType {
    File,
    Folder,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum LinkType {
    View,
    Download,
    Upload,
}

#[derive(Debug, Deserialize)]
struct NewLink {
    resource_type: LinkedType,
    resource_id: String,
    share_id: String,
    link_type: LinkType,
    #[serde(flatten)]
    settings: Map<String, Value>,
}

impl Link {
    fn setting(&self, name: &str) -> Option<&Value> {
        self.settings.get(name).filter(|value| !value.is_null())
    }

    fn expires(&self) -> Option<Timestamp> {
        self.setting("expires_at")?.as_str()?.parse().ok()
    }

    fn status(&self) -> &str {
        let used_up = |limit: &str, uses| self.setting(limit).and_then(Value::as_u64).is_some_and(|most| uses >= most);
        match () {
            () if self.revoked => "revoked",
            () if self.setting("status").and_then(Value::as_str) == Some("disabled") => "disabled",
            () if self.expires().is_some_and(|end| end <= Drive::now()) => "expired",
            () if used_up("max_downloads", self.downloads) || used_up("max_views", self.views) => "expired",
            () => "active",
        }
    }

    fn to_json(&self, base: &str) -> Value {
        let resource = match self.resource_type {
            LinkedType::File => ids::file(self.resource),
            LinkedType::Folder => ids::folder(self.resource),
        };
        let mut link = json!({
            "id": ids::spell("lnk", self.number), "tenant_id": ids::TENANT, "share_id": ids::share(self.share),
            "resource_type": self.resource_type, "resource_id": resource, "link_type": self.link_type,
            "token": self.token, "short_code": self.short_code, "url": format!("{base}/share/{}", self.token),
            "short_url": format!("{base}/s/{}", self.short_code),
            "password_required": self.setting("password").is_some(), "download_count": self.downloads,
            "view_count": self.views, "created_by": ids::user(self.created_by),
            "created_at": self.created_at.to_string(),
        });
        for (name, setting) in SHOWN {
            set(&mut link, name, self.setting(name).cloned().unwrap_or_else(|| setting.usual()));
        }
        set(&mut link, "status", self.status());
        link
    }
}

impl Setting {
    fn usual(self) -> Value {
        match self {
            Self::Flag => false.into(),
            Self::Texts => json!([]),
            Self::Number | Self::Text => Value::Null,
        }
    }

    fn takes(self, value: &Value) -> bool {
        match self {
            _ if value.is_null() => true,
            Self::Number => value.is_u64(),
            Self::Flag => value.is_boolean(),
            Self::Text => value.is_string(),
            Self::Texts => value.as_array().is_some_and(|all| all.iter().all(Value::is_string)),
        }
    }
}

impl Ctx {
    /// Everything below `/external`.
    pub(super) fn external(&self, rest: &[&str]) -> Outcome {
        match (&self.call.method, rest) {
            (&Method::POST, ["links"]) => self.create_link(),
            (&Method::GET, ["links"]) => self.list_links(),
            (&Method::GET, ["links", id]) => Ok(ok(&self.link(id)?.to_json(&self.call.base))),
            (&Method::PATCH, ["links", id]) => self.patch_link(id),
            (&Method::DELETE, ["links", id]) => {
                let number = self.link(id)?.number;
                self.face.links.update(&number_key(number), |link| link.revoked = true);
                no_content()
            }
            (&Method::GET, ["links", id, "sessions"]) => {
                self.link(id)?;
                Ok(ok(&json!({"sessions": [], "total": 0})))
            }
            (_, ["links"] | ["links", _] | ["links", _, "sessions"]) => Err(ApiError::not_allowed()),
            _ => Err(ApiError::not_found("Page")),
        }
    }

    /// A link that the caller made.
    fn link(&self, id: &str) -> Result<Link, ApiError> {
        let number = ids::parse("lnk", id);
        let found = number.and_then(|number| self.face.links.get(&number_key(number)));
        found.filter(|link| link.created_by == self.user.id).ok_or_else(|| ApiError::not_found("Link"))
    }

    fn create_link(&self) -> Outcome {
        let new: NewLink = self.body()?;
        let share = self.share(&new.share_id)?.item.id;
        let resource = match new.resource_type {
            LinkedType::File => self.find_file(&new.resource_id)?,
            LinkedType::Folder => self.find_folder(&new.resource_id)?,
        };
        if self.face.space.share_of_entry(&resource) != Some(share) {
            return Err(ApiError::not_found("Resource"));
        }
        self.check_write_at(&resource)?;
        let settings = checked(new.settings)?;
        if new.link_type == LinkType::Upload {
            let folder = settings.get("upload_folder_id").and_then(Value::as_str);
            let missing = || ApiError::invalid(&["body", "upload_folder_id"], "Required for an UPLOAD link");
            let folder = self.find_folder(folder.ok_or_else(missing)?)?;
            if self.face.space.share_of_entry(&folder) != Some(share) {
                return Err(ApiError::not_found("Folder"));
            }
        }
        let (token, short_code) = self.face.link_tokens();
        let link = self.face.links.add(|number| Link {
            number,
            token,
            short_code,
            share,
            resource_type: new.resource_type,
            resource: resource.item.id,
            link_type: new.link_type,
            created_by: self.user.id,
            created_at: Drive::now(),
            revoked: false,
            downloads: 0,
            views: 0,
            settings,
        });
        Ok(json_reply(StatusCode::CREATED, link.to_json(&self.call.base).to_string()))
    }

    fn list_links(&self) -> Outcome {
        let (skip, limit) = self.page()?;
        let share = self.asked_share()?;
        let (resource, status) = (self.call.query.get("resource_id"), self.call.query.get("status"));
        let resource = resource.map(|id| ids::parse_file(id).or_else(|| ids::parse_folder(id)));
        if status.is_some_and(|status| !["active", "expired", "revoked", "disabled"].contains(&status)) {
            return Err(ApiError::invalid(&["query", "status"], "Not one of the states of a link"));
        }
        let fits = |link: &Link| {
            link.created_by == self.user.id
                && share.is_none_or(|share| link.share == share)
                && resource.is_none_or(|resource| resource == Some(link.resource))
                && status.is_none_or(|status| link.status() == status)
        };
        let all: Vec<Link> = self.face.links.all().into_iter().filter(fits).collect();
        let page: Value = all.iter().skip(skip).take(limit).map(|link| link.to_json(&self.call.base)).collect();
        Ok(ok(&json!({"links": page, "total": all.len()})))
    }

    /// Everything can be changed but what the link is for. A revoked link stays revoked.
    fn patch_link(&self, id: &str) -> Outcome {
        let patch: Map<String, Value> = self.body()?;
        let link = self.link(id)?;
        if let Some(name) = ["resource_id", "resource_type", "link_type"].iter().find(|name| patch.contains_key(**name))
        {
            return Err(ApiError::invalid(&["body", name], "Cannot be changed"));
        }
        if link.revoked {
            return Err(ApiError::gone("The link"));
        }
        let patch = checked(patch)?;
        let changed = self.face.links.update(&number_key(link.number), |link| link.settings.extend(patch));
        Ok(ok(&changed.unwrap_or(link).to_json(&self.call.base)))
    }
}

/// The settings of a link, each of its type; `expires_in_days` becomes a date.
fn checked(mut settings: Map<String, Value>) -> Result<Map<String, Value>, ApiError> {
    let known = || SHOWN.iter().chain(&KEPT);
    settings.retain(|name, _| known().any(|(setting, _)| setting == name));
    let wrong = known().find(|(name, setting)| settings.get(*name).is_some_and(|value| !setting.takes(value)));
    if let Some((name, _)) = wrong {
        return Err(ApiError::invalid(&["body", name], "The value has another type"));
    }
    let status = settings.get("status").and_then(Value::as_str);
    if status.is_some_and(|status| !["active", "disabled"].contains(&status)) {
        return Err(ApiError::invalid(&["body", "status"], "Can be set to active and disabled"));
    }
    let date = settings.get("expires_at").and_then(Value::as_str);
    if date.is_some_and(|date| date.parse::<Timestamp>().is_err()) {
        return Err(ApiError::invalid(&["body", "expires_at"], "Not a date"));
    }
    if let Some(days) = settings.remove("expires_in_days").as_ref().and_then(Value::as_u64) {
        let end = Drive::now().as_second().saturating_add_unsigned(days.saturating_mul(86_400));
        let end =
            Timestamp::from_second(end).map_err(|_| ApiError::invalid(&["body", "expires_in_days"], "Too far"))?;
        settings.insert("expires_at".to_owned(), end.to_string().into());
    }
    Ok(settings)
}

impl super::CursorFace {
    /// What a link leads to, for whoever has its address; counted as one use.
    pub(super) fn follow(
        &self,
        token: &str,
        short: bool,
        password: Option<&str>,
    ) -> Result<(LinkType, Entry), ApiError> {
        let is_it = |link: &Link| if short { link.short_code == token } else { link.token == token };
        let link = self.links.all().into_iter().find(is_it).ok_or_else(|| ApiError::not_found("Link"))?;
        if link.status() != "active" {
            return Err(ApiError::gone("The link"));
        }
        let wanted = link.setting("password").and_then(Value::as_str);
        if wanted.is_some() && wanted != password {
            return Err(ApiError::new(StatusCode::UNAUTHORIZED, "LINK_PASSWORD_REQUIRED", "The password is wrong"));
        }
        let entry = self.drive().item(link.resource).filter(|entry| !entry.is_deleted());
        let entry = entry.ok_or_else(|| ApiError::gone("The resource"))?;
        // Whether it is still active is looked at again where it is counted: of two at once one may be the last.
        let mut was_active = false;
        self.links.update(&number_key(link.number), |link| {
            was_active = link.status() == "active";
            match link.link_type {
                _ if !was_active => {}
                LinkType::Download if entry.item.is_file() => link.downloads += 1,
                _ => link.views += 1,
            }
        });
        if was_active { Ok((link.link_type, entry)) } else { Err(ApiError::gone("The link")) }
    }
}
