//! The audit log: what happens on the drive, whichever protocol it came by, and what happens in this face alone.
//!
//! Ours: the texts but for those that the reference shows; newest entries first. The drive keeps what it does not know by itself.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Ctx;
use super::errors::{ApiError, Outcome};
use super::ids;
use super::sight::Node;
use super::wire::{self, seconds};
use crate::drive::{Change, ChangeKind, Drive, ItemType, Role, User, UserId};

/// Older entries beyond this number are forgotten.
const REMEMBERED: usize = 1_000_000;
/// What the keys begin with under which a drive keeps entries.
const KEPT: &str = "acronis/audit/";
/// Entries of this face are numbered from here on; those of the drive have the numbers of its changes.
const OWN: u64 = 1 << 40;
const INFO: u64 = 1;
const ERROR: u64 = 3;

/// The log, the oldest entry first.
#[derive(Debug, Default)]
pub(super) struct Audit {
    entries: VecDeque<AuditEntry>,
    /// How many of them were written by this face.
    written: u64,
    /// The last change of the drive that was looked at.
    seen: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct AuditEntry {
    number: u64,
    text: String,
    at: Timestamp,
    severity: u64,
    owner: Option<UserId>,
    user: Option<UserId>,
    node: Option<Named>,
    share: Option<Named>,
}

/// What an entry is about.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Named {
    uuid: String,
    name: String,
}

/// What an entry says, before it is in the log.
#[derive(Debug, Default)]
struct Draft {
    text: String,
    severity: u64,
    owner: Option<UserId>,
    user: Option<UserId>,
    node: Option<Named>,
    share: Option<Named>,
}

impl Audit {
    /// What happened on a drive, and what the drive has kept besides.
    pub(super) fn of(drive: &Drive) -> Self {
        let mut audit = Self::default();
        audit.catch_up(drive);
        let kept = drive.kept(KEPT).into_iter().filter_map(|(_, entry)| serde_json::from_value(entry).ok());
        audit.entries.extend(kept);
        audit.written = audit.entries.iter().map(|entry| entry.number.saturating_sub(OWN)).max().unwrap_or(0);
        audit.entries.make_contiguous().sort_by_key(|entry| entry.at);
        audit
    }

    fn write(&mut self, drive: &Drive, number: u64, at: Timestamp, draft: Draft) {
        let Draft { text, severity, owner, user, node, share } = draft;
        let entry = AuditEntry { number, text, at, severity, owner, user, node, share };
        if let Some(key) = entry.key() {
            drive.keep(key, json!(entry));
        }
        self.entries.push_back(entry);
        if self.entries.len() > REMEMBERED {
            self.forget_oldest(drive);
        }
    }

    fn forget_oldest(&mut self, drive: &Drive) {
        let key = self.entries.pop_front().and_then(|entry| entry.key());
        key.into_iter().for_each(|key| drive.forget(key));
    }

    /// Takes over what happened on the drive since it was last looked at.
    fn catch_up(&mut self, drive: &Drive) {
        loop {
            let changes = drive.changes_after(self.seen, 1000);
            let Some(last) = changes.last() else { return };
            self.seen = last.sequence;
            for change in &changes {
                self.drive_changed(drive, change);
            }
        }
    }

    fn drive_changed(&mut self, drive: &Drive, change: &Change) {
        let entry = drive.item(change.item);
        let by = drive.user(change.by);
        let fixed = entry.as_ref().is_some_and(|entry| entry.item.role() != Role::Plain);
        if fixed || (by.is_none() && change.kind != ChangeKind::Purged) {
            return;
        }
        let kind = if change.item_type == ItemType::Folder { "folder" } else { "file" };
        let name = &change.name;
        let text = match change.kind {
            ChangeKind::Created => format!("Added new {kind} '{name}'."),
            ChangeKind::Content => format!("Added new revision of {kind} '{name}'."),
            ChangeKind::Renamed => format!("Renamed {kind} to '{name}'."),
            ChangeKind::Moved => format!("Moved {kind} '{name}'."),
            ChangeKind::Properties => format!("Updated {kind} '{name}'."),
            ChangeKind::Deleted => format!("Deleted {kind} '{name}'."),
            ChangeKind::Restored => format!("Restored {kind} '{name}'."),
            ChangeKind::Purged => format!("Purged {kind} '{name}'."),
            // The log tells of what was done, not of everything below it.
            ChangeKind::RenamedAbove | ChangeKind::MovedAbove | ChangeKind::RestoredAbove => return,
        };
        let place = change.after.as_ref().or(change.before.as_ref());
        let is_above = |user: &User| place.is_some_and(|place| place.above.contains(&user.home));
        let owner = drive.users().into_iter().find(is_above);
        let node = Some(Named { uuid: ids::node(change.item), name: name.to_string() });
        let (owner, user) = (owner.map(|user| user.id), by.map(|user| user.id));
        self.write(drive, change.sequence, change.at, Draft { text, severity: INFO, owner, user, node, share: None });
    }

    pub(super) fn about_node(&mut self, drive: &Drive, by: &User, node: &Node, text: String) {
        let named = Some(named(node));
        let (owner, user) = (Some(node.owner.id), Some(by.id));
        self.add(drive, Draft { text, severity: INFO, owner, user, node: named, share: None });
    }

    pub(super) fn about_share(&mut self, drive: &Drive, by: &User, folder: &Node, text: String) {
        let share = Some(named(folder));
        let (owner, user) = (Some(folder.owner.id), Some(by.id));
        self.add(drive, Draft { text, severity: INFO, owner, user, node: None, share });
    }

    pub(super) fn about_nothing(&mut self, drive: &Drive, by: Option<&User>, text: String) {
        let id = by.map(|user| user.id);
        self.add(drive, Draft { text, severity: INFO, owner: id, user: id, ..Draft::default() });
    }

    pub(super) fn failed_upload(&mut self, drive: &Drive, by: &User) {
        let text = "Error uploading file to repository".to_owned();
        let id = Some(by.id);
        self.add(drive, Draft { text, severity: ERROR, owner: id, user: id, ..Draft::default() });
    }

    fn add(&mut self, drive: &Drive, draft: Draft) {
        self.catch_up(drive);
        self.written += 1;
        self.write(drive, OWN + self.written, Drive::now(), draft);
    }

    /// Forgets what is older, and says so in the log.
    pub(super) fn purge(&mut self, drive: &Drive, limit: Timestamp) {
        self.catch_up(drive);
        let before = self.entries.len();
        while self.entries.front().is_some_and(|entry| entry.at <= limit) {
            self.forget_oldest(drive);
        }
        let purged = before - self.entries.len();
        if purged > 0 {
            let day = limit.strftime("%Y-%m-%d");
            let text = format!("Log purge completed. {purged} entries older than {day} were purged from the log.");
            self.about_nothing(drive, None, text);
        }
    }
}

fn named(node: &Node) -> Named {
    Named { uuid: ids::node(node.id()), name: node.entry.item.name.to_string() }
}

impl AuditEntry {
    /// The key under which a drive keeps it; of what the drive knows by itself there is none.
    fn key(&self) -> Option<String> {
        (self.number > OWN).then(|| format!("{KEPT}{:016x}", self.number))
    }

    fn to_json(&self, drive: &Drive) -> Value {
        let mut fields = Map::new();
        let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        put("uuid", ids::entry(self.number).into());
        put("text", self.text.as_str().into());
        put("code", 0.into());
        put("created_at", seconds(self.at).into());
        put("severity", self.severity.into());
        if let Some(owner) = self.owner {
            put("owner_uuid", ids::user(owner).into());
        }
        if let Some(user) = self.user.and_then(|user| drive.user(user)) {
            put("user", wire::user(&user));
        }
        for (name, id, named) in [("node", "node_uuid", &self.node), ("share", "share_uuid", &self.share)] {
            if let Some(named) = named {
                put(name, json!({"uuid": named.uuid, "name": named.name}));
                put(id, named.uuid.as_str().into());
            }
        }
        Value::Object(fields)
    }
}

/// What a client wants to see of the log.
struct Filter<'a> {
    user: Option<&'a str>,
    share: Option<&'a str>,
    node: Option<&'a str>,
    severity: Option<u64>,
    text: Option<String>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl Filter<'_> {
    fn accepts(&self, entry: &AuditEntry) -> bool {
        let named = |named: &Option<Named>| named.as_ref().map(|named| named.uuid.clone());
        is(self.user, entry.user.map(ids::user))
            && is(self.share, named(&entry.share))
            && is(self.node, named(&entry.node))
            && self.severity.is_none_or(|severity| severity == entry.severity)
            && self.text.as_ref().is_none_or(|text| entry.text.to_lowercase().contains(text))
            && self.from.is_none_or(|from| from <= entry.at)
            && self.to.is_none_or(|to| entry.at <= to)
    }
}

/// Whether an identifier is the wanted one; `-` wants none.
fn is(wanted: Option<&str>, found: Option<String>) -> bool {
    match (wanted, found) {
        (None, _) | (Some("-"), None) => true,
        (Some(wanted), Some(found)) => wanted.eq_ignore_ascii_case(&found),
        (Some(_), None) => false,
    }
}

impl Ctx {
    pub(super) fn audit_log(&self) -> Outcome {
        let (window, filter) = (self.window()?, self.audit_filter()?);
        self.face.purge();
        let mut state = self.face.state();
        state.audit.catch_up(self.drive());
        let wanted = state.audit.entries.iter().rev().filter(|entry| filter.accepts(entry));
        window.cut(wanted.map(|entry| entry.to_json(self.drive())).collect())
    }

    fn audit_filter(&self) -> Result<Filter<'_>, ApiError> {
        let query = &self.call.query;
        let time = |name| query.get(name).map(str::parse::<Timestamp>).transpose().map_err(|_| ApiError::invalid());
        let severity = match query.get("filter_severity").map(str::parse::<u64>) {
            None => None,
            Some(Ok(severity @ 1..=4)) => Some(severity),
            Some(_) => return Err(ApiError::invalid()),
        };
        Ok(Filter {
            user: query.get("filter_user"),
            share: query.get("filter_share"),
            node: query.get("filter_node_uuid"),
            severity,
            text: query.get("filter_text").map(str::to_lowercase),
            from: time("filter_from")?,
            to: time("filter_to")?,
        })
    }
}
