//! Links to files: created, and changed. The security settings decide what is allowed.
//!
//! Ours: a link that breaks the settings is invalid (400), links that are switched off altogether are refused (403); a link is to a
//! file; only who gave a link out may change it.

use std::sync::Arc;

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::Ctx;
use super::body::Fields;
use super::errors::{ApiError, Outcome};
use super::ids;
use super::settings::{LOCALES, Settings};
use super::wire::seconds;
use crate::drive::{Drive, Purpose, Share, ShareId, SharedItem};
use crate::http::{empty, json};

const DAY: i64 = 24 * 3600;

/// What a link is like; `None` leaves it as it is.
struct Terms {
    access: Option<Access>,
    /// Days to live; `Some(None)` is for ever.
    ttl: Option<Option<i64>>,
    single_use: Option<bool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Public,
    SignedIn,
    Shared,
}

impl Access {
    fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::SignedIn => "access",
            Self::Shared => "shared",
        }
    }

    fn of(share: &Share) -> Self {
        match (share.require_login, share.only_recipients) {
            (_, true) => Self::Shared,
            (true, false) => Self::SignedIn,
            (false, false) => Self::Public,
        }
    }
}

impl Terms {
    fn read(fields: &Fields) -> Result<Self, ApiError> {
        let access = match fields.text("access_restriction")? {
            None => None,
            Some("public") => Some(Access::Public),
            Some("access") => Some(Access::SignedIn),
            Some("shared") => Some(Access::Shared),
            Some(_) => return Err(ApiError::invalid()),
        };
        let days = |value: &Value| value.as_i64().filter(|days| (1..=36_500).contains(days));
        let ttl = match fields.value("ttl") {
            Some(value) => Some(Some(days(value).ok_or_else(ApiError::invalid)?)),
            None => fields.has("ttl").then_some(None),
        };
        Ok(Self { access, ttl, single_use: fields.flag("single_use")? })
    }

    fn apply(&self, share: &mut Share, now: Timestamp) {
        if let Some(access) = self.access {
            share.require_login = access != Access::Public;
            share.only_recipients = access == Access::Shared;
        }
        if let Some(ttl) = self.ttl {
            share.expires = ttl.and_then(|days| now.checked_add(SignedDuration::from_secs(days * DAY)).ok());
        }
        if let Some(single_use) = self.single_use {
            share.max_downloads = single_use.then_some(1);
        }
        share.changed = Some(now);
    }
}

/// Whether the security settings allow a link like this one.
fn allowed(settings: &Settings, share: &Share) -> bool {
    let (on, number) = (|name| settings.flag("security", name), |name| settings.number("security", name));
    let kind = match Access::of(share) {
        Access::Public => on("node_share_link_allow_public_links"),
        Access::SignedIn | Access::Shared => on("node_share_link_allow_login_links"),
    };
    let lives = !on("node_share_link_ttl_range_enable")
        || days(share).is_some_and(|days| days <= number("node_share_link_ttl_max"));
    kind && lives && (share.max_downloads.is_some() || !on("node_share_link_single_use_only"))
}

/// How many days it lives from its last change on.
fn days(share: &Share) -> Option<i64> {
    let start = share.changed.unwrap_or(share.created);
    share.expires.map(|end| (end.as_second() - start.as_second() + DAY / 2) / DAY)
}

impl Ctx {
    pub(super) fn create_link(&self, id: &str) -> Outcome {
        let node = self.sight().find(id)?.may_change()?;
        self.links_are_on()?;
        let fields = self.fields("link")?;
        let terms = Terms::read(&fields)?;
        let locale = fields.text("locale")?.is_none_or(|locale| LOCALES.contains(&locale));
        fields.text("message")?;
        if node.entry.item.is_folder() || terms.access.is_none() || !locale {
            return Err(ApiError::invalid());
        }
        let purpose = Purpose::Send { items: vec![SharedItem::new(node.id(), None)] };
        let mut share = Share { recipients: recipients(&fields)?, ..Share::new(self.user.id, purpose) };
        share.title = node.entry.item.name.to_string();
        terms.apply(&mut share, Drive::now());
        if !allowed(&self.face.state().settings, &share) {
            return Err(ApiError::invalid());
        }
        let share = self.drive().add_share(self.user.id, share).map_err(|error| self.sight().refused(error))?;
        let text = format!("Added new link to '{}'.", node.entry.item.name);
        self.face.state().audit.about_node(self.drive(), &self.user, &node, text);
        Ok(json(StatusCode::CREATED, self.link(&share, &ids::node(node.id())).to_string()))
    }

    pub(super) fn update_link(&self, id: &str, link: &str) -> Outcome {
        let node = self.sight().find(id)?;
        self.links_are_on()?;
        let share = link.parse().ok().and_then(|link| self.drive().share(ShareId(link)));
        let share = share.filter(|share| share.creator == self.user.id && leads_to(share) == Some(node.id()));
        let share = share.ok_or_else(ApiError::no_access)?;
        let terms = Terms::read(&Fields::bare(&self.call, &self.body)?)?;
        let now = Drive::now();
        let mut wanted = (*share).clone();
        terms.apply(&mut wanted, now);
        if !allowed(&self.face.state().settings, &wanted) {
            return Err(ApiError::invalid());
        }
        let changed = self.drive().change_share(self.user.id, share.id, |share| terms.apply(share, now));
        changed.map_err(|error| self.sight().refused(error))?;
        let text = format!("Updated link to '{}'.", node.entry.item.name);
        self.face.state().audit.about_node(self.drive(), &self.user, &node, text);
        Ok(empty(StatusCode::OK))
    }

    fn links_are_on(&self) -> Result<(), ApiError> {
        let on = self.face.state().settings.flag("security", "node_share_link_enable");
        if on { Ok(()) } else { Err(ApiError::no_access()) }
    }

    fn link(&self, share: &Arc<Share>, node: &str) -> Value {
        let mut link = Map::new();
        let mut put = |name: &str, value: Value| link.insert(name.to_owned(), value);
        put("id", share.id.0.into());
        put("node_uuid", node.into());
        put("access_restriction", Access::of(share).name().into());
        put("download_url", format!("{}/fc/t/{}", self.call.base, ids::short(share.id)).into());
        put("sharing_user_uuid", ids::user(share.creator).into());
        put("single_use", share.max_downloads.is_some().into());
        put("emails", share.recipients.clone().into());
        put("download_count", share.downloads.into());
        put("token", ids::link_token(share.id).into());
        put("created_at", seconds(share.created).into());
        put("updated_at", seconds(share.changed.unwrap_or(share.created)).into());
        if let Some(days) = days(share) {
            put("ttl", days.into());
        }
        Value::Object(link)
    }
}

/// The one file that a link of this protocol leads to.
pub(super) fn leads_to(share: &Share) -> Option<crate::drive::ItemId> {
    match &share.purpose {
        Purpose::Send { items } => items.first().map(|shared| shared.item),
        Purpose::Request { .. } => None,
    }
}

fn recipients(fields: &Fields) -> Result<Vec<String>, ApiError> {
    let Some(list) = fields.value("recipients") else {
        return Ok(Vec::new());
    };
    let address = |recipient: &Value| {
        let email = recipient.get("email").and_then(Value::as_str).filter(|email| email.contains('@'));
        email.map(str::to_owned).ok_or_else(ApiError::invalid)
    };
    list.as_array().ok_or_else(ApiError::invalid)?.iter().map(address).collect()
}
