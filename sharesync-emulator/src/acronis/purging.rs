//! Purging, as the settings want it: deleted files, old revisions, old entries of the audit log. It is done whenever something
//! happened that it may concern; a real service does it at night.

use super::Acronis;
use crate::drive::{Drive, ItemId, UserId};

/// Does what no user asked for.
const SYSTEM: UserId = UserId(0);
const POLICIES: &str = "purging_policies";

impl Acronis {
    /// Does all of it.
    pub(super) fn purge(&self) {
        let settings = self.state().settings.clone();
        let drive = self.drive();
        if let Some(limit) = settings.limit(POLICIES, "purge_deleted_files") {
            let users = drive.users();
            let deleted = users.iter().flat_map(|user| drive.deleted_by(user.id));
            let old = deleted.filter(|entry| entry.item.deleted.as_ref().is_some_and(|deletion| deletion.at <= limit));
            for entry in old {
                // What cannot be removed now, since somebody has it locked, is removed the next time.
                let _ = drive.purge(SYSTEM, entry.item.id);
            }
        }
        let revisions = settings.flag(POLICIES, "only_keep_n_revisions_enabled")
            || settings.flag(POLICIES, "purge_revisions_older_than_enabled");
        if revisions {
            let many = drive.find(drive.root(), usize::MAX, |item| item.versions().len() > 1);
            many.iter().for_each(|entry| self.purge_revisions(entry.item.id));
        }
        if let Some(limit) = settings.limit("audit_log", "purge_logs") {
            self.state().audit.purge(drive, limit);
        }
    }

    /// Takes from a file the revisions that it is not to keep; never the newest.
    pub(super) fn purge_revisions(&self, file: ItemId) {
        let settings = self.state().settings.clone();
        let drive: &Drive = self.drive();
        let Some(entry) = drive.item(file) else { return };
        let number = |name| usize::try_from(settings.number(POLICIES, name)).unwrap_or(usize::MAX);
        let most = match settings.flag(POLICIES, "only_keep_n_revisions_enabled") {
            true => number("only_keep_n_revisions").max(1),
            false => usize::MAX,
        };
        let least = match settings.flag(POLICIES, "keep_at_least_n_revisions_enabled") {
            true => number("keep_at_least_n_revisions").max(1),
            false => 1,
        };
        let limit = settings.limit(POLICIES, "purge_revisions");
        for (age, version) in entry.item.versions().iter().rev().enumerate() {
            let old = age >= least && limit.is_some_and(|limit| version.created <= limit);
            if age >= most || old {
                let _ = drive.delete_version(SYSTEM, version.id);
            }
        }
    }
}
