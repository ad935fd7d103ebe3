//! The five groups of settings: what is in them, what each field may be, and who may change it.
//!
//! The values at the start are those of the reference's examples, but links are switched on, without limits, and previews have no
//! Office Online. Fields that a group does not have are invalid; fields that a request does not name stay as they are.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::Ctx;
use super::body::lenient_flag;
use super::errors::{ApiError, Outcome};
use crate::drive::Drive;
use crate::http::{empty, json as json_reply};

/// The languages of the service.
pub(super) const LOCALES: &[&str] = &["cs", "de", "en", "es", "fr", "it", "ja", "ko", "pl", "ru", "zh_tw", "zh_cn"];
const UNITS: &[&str] = &["days", "weeks", "months"];

/// A group of settings, under its name in the path.
struct Group {
    name: &'static str,
    /// What a request has around the fields.
    wrapper: &'static str,
    /// The reference sends truth values as texts.
    flags_as_text: bool,
    fields: &'static [(&'static str, Rule)],
}

/// What a field may be, and what it is at the start.
#[derive(Clone, Copy)]
enum Rule {
    Flag(bool),
    Number(i64),
    Text(&'static str),
    OneOf(&'static [&'static str], &'static str),
}

use Rule::{Flag, Number, OneOf, Text};

const GROUPS: &[Group] = &[
    Group {
        name: "purging_policies",
        wrapper: "purging_policies_settings",
        flags_as_text: false,
        fields: &[
            ("purge_deleted_files_older_than_enabled", Flag(false)),
            ("purge_deleted_files_older_than_n", Number(2)),
            ("purge_deleted_files_older_than_units", OneOf(UNITS, "months")),
            ("purge_revisions_older_than_enabled", Flag(false)),
            ("purge_revisions_older_than_n", Number(1)),
            ("purge_revisions_older_than_units", OneOf(UNITS, "months")),
            ("keep_at_least_n_revisions_enabled", Flag(false)),
            ("keep_at_least_n_revisions", Number(5)),
            ("only_keep_n_revisions_enabled", Flag(false)),
            ("only_keep_n_revisions", Number(2)),
            ("allow_users_to_selectively_purge_revisions", Flag(false)),
        ],
    },
    Group {
        name: "server",
        wrapper: "server_settings",
        flags_as_text: false,
        fields: &[
            ("server_name", Text("Acronis Files Protect")),
            ("root_web_address", Text("")),
            ("default_locale", OneOf(LOCALES, "en")),
            ("session_timeout_in_minutes", Number(120)),
            ("notification_admin_enabled", Flag(false)),
            ("notification_admin_email", Text("adminname@mycompany.com")),
            ("notification_admin_frequency", Number(30)),
        ],
    },
    Group {
        name: "audit_log",
        wrapper: "audit_log_settings",
        flags_as_text: true,
        fields: &[
            ("purge_logs_older_than_enabled", Flag(true)),
            ("purge_logs_older_than_units", OneOf(UNITS, "weeks")),
            ("purge_logs_older_than_n", Number(3)),
        ],
    },
    Group {
        name: "security",
        wrapper: "security_settings",
        flags_as_text: true,
        fields: &[
            ("allow_collaborators_to_invite", Flag(true)),
            ("node_share_link_enable", Flag(true)),
            ("node_share_link_allow_public_links", Flag(true)),
            ("node_share_link_allow_login_links", Flag(true)),
            ("node_share_link_single_use_only", Flag(false)),
            ("node_share_link_ttl_range_enable", Flag(false)),
            ("node_share_link_ttl_max", Number(365)),
            ("shared_folder_expiration_required", Flag(false)),
            ("shared_folder_expiration_max_days", Number(365)),
        ],
    },
    Group {
        name: "web_preview",
        wrapper: "settings",
        flags_as_text: false,
        fields: &[
            ("office_online_integration_enabled", Flag(false)),
            ("office_online_wopi_url", Text("https://onenote.officeapps.live.com")),
            ("office_online_type_of_use", OneOf(&["editing", "viewing-editing"], "editing")),
            ("office_online_additional_services_enabled", Flag(false)),
            ("office_online_allow_self_signed_certificates", Flag(false)),
            ("web_preview_enabled", Flag(true)),
            ("only_allow_not_converted", Flag(false)),
            ("max_cache_size_mb", Number(2000)),
            ("servlet_allow_self_signed_certificates", Flag(true)),
            ("generation_max_concurrent_calls", Number(2)),
        ],
    },
];

impl Rule {
    fn start(self) -> Value {
        match self {
            Flag(on) => on.into(),
            Number(number) => number.into(),
            Text(text) | OneOf(_, text) => text.into(),
        }
    }

    /// The value to keep, if this is one for the field.
    fn check(self, value: &Value, flags_as_text: bool) -> Option<Value> {
        match self {
            Flag(_) if flags_as_text => lenient_flag(value).map(Value::from),
            Flag(_) => value.as_bool().map(Value::from),
            Number(_) => value.as_i64().filter(|number| *number >= 0).map(Value::from),
            Text(_) => value.as_str().map(Value::from),
            OneOf(names, _) => value.as_str().filter(|name| names.contains(name)).map(Value::from),
        }
    }
}

/// All settings.
#[derive(Debug, Clone)]
pub(super) struct Settings(BTreeMap<&'static str, Map<String, Value>>);

impl Settings {
    fn new(address: &str) -> Self {
        let values =
            |group: &Group| group.fields.iter().map(|(name, rule)| ((*name).to_owned(), rule.start())).collect();
        let mut settings = Self(GROUPS.iter().map(|group| (group.name, values(group))).collect());
        settings.set("server", "root_web_address", address.into());
        settings
    }

    /// The values at the start, and over them what a drive has kept of changes.
    pub(super) fn of(drive: &Drive, address: &str) -> Self {
        let mut settings = Self::new(address);
        for group in GROUPS {
            for (name, rule) in group.fields {
                let kept = drive.kept(&key(group, name)).pop();
                if let Some(value) = kept.and_then(|(_, value)| rule.check(&value, false)) {
                    settings.set(group.name, name, value);
                }
            }
        }
        settings
    }

    fn set(&mut self, group: &'static str, name: &str, value: Value) {
        self.0.entry(group).or_default().insert(name.to_owned(), value);
    }

    fn get(&self, group: &str, name: &str) -> Option<&Value> {
        self.0.get(group)?.get(name)
    }

    pub(super) fn flag(&self, group: &str, name: &str) -> bool {
        self.get(group, name).and_then(Value::as_bool).unwrap_or_default()
    }

    pub(super) fn number(&self, group: &str, name: &str) -> i64 {
        self.get(group, name).and_then(Value::as_i64).unwrap_or_default()
    }

    pub(super) fn text(&self, group: &str, name: &str) -> &str {
        self.get(group, name).and_then(Value::as_str).unwrap_or_default()
    }

    /// When that was which is as old as two fields of a group say, if a third one switches it on.
    pub(super) fn limit(&self, group: &str, what: &str) -> Option<jiff::Timestamp> {
        let field = |end: &str| format!("{what}_older_than_{end}");
        if !self.flag(group, &field("enabled")) {
            return None;
        }
        let days = match self.text(group, &field("units")) {
            "weeks" => 7,
            "months" => 30,
            _ => 1,
        };
        let hours = self.number(group, &field("n")).saturating_mul(days * 24);
        Drive::now().checked_sub(jiff::SignedDuration::try_from_hours(hours)?).ok()
    }
}

impl Ctx {
    pub(super) fn settings(&self, name: &str) -> Outcome {
        let group = group(name)?;
        let state = self.face.state();
        Ok(json_reply(StatusCode::OK, json!(state.settings.0.get(group.name)).to_string()))
    }

    pub(super) fn update_settings(&self, name: &str) -> Outcome {
        let group = group(name)?;
        let fields = self.fields(group.wrapper)?;
        let checked = |(name, value): (&String, &Value)| {
            let (_, rule) = group.fields.iter().find(|(known, _)| known == name)?;
            Some((name.clone(), rule.check(value, group.flags_as_text)?))
        };
        let checked: Option<Vec<_>> = fields.iter().map(checked).collect();
        let checked = checked.ok_or_else(ApiError::invalid)?;
        let mut state = self.face.state();
        for (name, value) in checked {
            self.drive().keep(key(group, &name), value.clone());
            state.settings.set(group.name, &name, value);
        }
        state.audit.about_nothing(self.drive(), Some(&self.user), format!("Updated settings '{name}'."));
        drop(state);
        self.face.purge();
        Ok(empty(StatusCode::NO_CONTENT))
    }
}

/// The key under which a drive keeps a setting. None is the beginning of another.
fn key(group: &Group, name: &str) -> String {
    format!("acronis/settings/{}/{name}.", group.name)
}

fn group(name: &str) -> Result<&'static Group, ApiError> {
    GROUPS.iter().find(|group| group.name == name).ok_or_else(ApiError::not_found)
}
