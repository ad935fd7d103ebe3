//! Looking at items: by id, by path, children, parent, versions, tree view, breadcrumbs, access information.

use serde_json::Value;

use super::errors::{ApiError, Outcome};
use super::fields::parse_date;
use super::ids::{self, Ref};
use super::info::{self, TreeMode};
use super::shape::Nav;
use super::wire::HOME_NAME;
use super::{Ctx, wire};
use crate::drive::{Entry, ItemId, Kind, Resolved, Role, fold};
use crate::http::{encode, json, redirect};

/// How many versions `Stream` lists when it is not told.
const VERSIONS: usize = 20;

impl Ctx {
    /// The item of an id or special id, which may be in the recycle bin.
    pub(super) fn find_any(&self, id: &str) -> Result<Entry, ApiError> {
        let drive = self.drive();
        let special = match id.to_ascii_lowercase().as_str() {
            "home" => Some(self.user()?.home),
            "root" | "top" => Some(drive.root()),
            "allshared" => Some(self.face.special.shared),
            "favorites" => Some(self.face.special.favorites),
            "connectors" | "c-cifs" | "c-sp" => Some(self.face.special.connectors),
            "box" => Some(self.face.special.file_box),
            _ => None,
        };
        let found = match special.map(Ref::Item).or_else(|| ids::parse(id)) {
            Some(Ref::Item(item)) => drive.item(item).filter(|entry| !entry.item.is_file()),
            Some(Ref::Stream(item)) => drive.item(item),
            Some(Ref::Version(version)) => drive.version(version),
            None => None,
        };
        let entry = found.ok_or_else(ApiError::not_found)?;
        self.check_access(&entry)?;
        Ok(entry)
    }

    /// The item of an id or special id, which must not be in the recycle bin.
    pub(super) fn find(&self, id: &str) -> Result<Entry, ApiError> {
        let entry = self.find_any(id)?;
        if entry.is_deleted() { Err(ApiError::not_found()) } else { Ok(entry) }
    }

    pub(super) fn find_folder(&self, id: &str) -> Result<Entry, ApiError> {
        let entry = self.find(id)?;
        if entry.item.is_folder() { Ok(entry) } else { Err(ApiError::bad_request("The item is not a folder.")) }
    }

    pub(super) fn find_file(&self, id: &str) -> Result<Entry, ApiError> {
        let entry = self.find(id)?;
        if entry.item.is_file() { Ok(entry) } else { Err(ApiError::bad_request("The item is not a file.")) }
    }

    /// Other users' homes are closed. Without a user the way in is a share, which has checked already.
    fn check_access(&self, entry: &Entry) -> Result<(), ApiError> {
        let Some(user) = &self.user else { return Ok(()) };
        let mut folders = entry.ancestors.iter().chain([&entry.item]);
        if folders.any(|folder| folder.role() == Role::Home && folder.id != user.home) {
            return Err(ApiError::forbidden("This folder belongs to another user."));
        }
        Ok(())
    }

    pub(super) fn home(&self) -> Outcome {
        let home = self.drive().item(self.user()?.home).ok_or_else(ApiError::not_found)?;
        self.item_reply(&home)
    }

    pub(super) fn get_item(&self, id: &str) -> Outcome {
        let entry = if self.call.query.is_true("includedeleted") { self.find_any(id)? } else { self.find(id)? };
        self.item_reply(&entry)
    }

    pub(super) fn child(&self, parent: &str, child: &str) -> Outcome {
        let (parent, child) = (self.find_folder(parent)?, self.find(child)?);
        if child.item.parent != Some(parent.item.id) {
            return Err(ApiError::not_found());
        }
        self.item_reply(&child)
    }

    pub(super) fn children(&self, id: &str) -> Outcome {
        let folder = self.find(id)?;
        if let Kind::SymbolicLink { target } = &folder.item.kind {
            return Ok(redirect(&children_url(target)));
        }
        if !folder.item.is_folder() {
            return Err(ApiError::bad_request("Only folders have children."));
        }
        let wanted = self.wanted()?;
        if folder.item.role() == Role::Root {
            return self.feed_reply(&wanted, self.top_children()?);
        }
        if self.call.query.is_true("includedeleted") {
            let mut entries = self.drive().children(folder.item.id, 0, None).entries;
            entries.extend(self.drive().deleted_children(folder.item.id));
            return self.feed_reply(&wanted, entries);
        }
        let view = self.view();
        let page = wanted.page_of_folder(&view, self.drive(), folder.item.id);
        Ok(wanted.reply(&self.call, view, page))
    }

    /// The caller's home, and the fixed folders beside it.
    fn top_children(&self) -> Result<Vec<Entry>, ApiError> {
        let special = &self.face.special;
        let ids = [self.user()?.home, special.favorites, special.shared, special.connectors];
        Ok(ids.into_iter().filter_map(|id| self.drive().item(id)).collect())
    }

    pub(super) fn parent(&self, id: &str) -> Outcome {
        let entry = self.find(id)?;
        let above = entry.ancestors.iter().rev().find(|folder| folder.role() != Role::Homes);
        let parent = above.and_then(|folder| self.drive().item(folder.id)).ok_or_else(ApiError::not_found)?;
        self.item_reply(&parent)
    }

    pub(super) fn by_path(&self, id: Option<&str>) -> Outcome {
        let path = self.call.query.get("path").ok_or_else(|| ApiError::missing("path"))?;
        let resolved = match id {
            Some(id) => self.resolve_from(&self.find_folder(id)?, path),
            None => self.resolve_absolute(path)?,
        };
        match resolved.ok_or_else(ApiError::not_found)? {
            Resolved::Item(entry) => {
                self.check_access(&entry)?;
                self.item_reply(&entry)
            }
            Resolved::Beyond { link, rest } => self.redirect_beyond(&link, &rest),
        }
    }

    fn resolve_from(&self, folder: &Entry, path: &str) -> Option<Resolved> {
        if folder.item.role() == Role::Root {
            return self.resolve_from_top(path);
        }
        self.drive().resolve(folder.item.id, path)
    }

    /// At the top every user's own home goes by the name of all homes.
    fn resolve_from_top(&self, path: &str) -> Option<Resolved> {
        let (first, rest) = first_segment(path);
        if fold(first) == fold(HOME_NAME) {
            return self.drive().resolve(self.user.as_ref()?.home, rest);
        }
        self.drive().resolve(self.drive().root(), path)
    }

    fn resolve_absolute(&self, path: &str) -> Result<Option<Resolved>, ApiError> {
        let home = self.user()?.home;
        let below = |folder: ItemId| self.drive().resolve(folder, path);
        let from_top = self.resolve_from_top(path);
        Ok(from_top.or_else(|| below(self.face.special.shared)).or_else(|| below(home)))
    }

    /// The path goes on in another provider.
    fn redirect_beyond(&self, link: &Entry, rest: &str) -> Outcome {
        let Kind::SymbolicLink { target } = &link.item.kind else {
            return Err(ApiError::not_found());
        };
        Ok(redirect(&format!("{target}/ByPath?path={}", encode(&format!("/{rest}")))))
    }

    pub(super) fn stream(&self, id: &str) -> Outcome {
        let wanted = self.wanted()?.with_default_top(VERSIONS);
        let include_deleted = self.call.query.is_true("includedeleted");
        let entry = match ids::parse(id) {
            Some(Ref::Stream(item)) => self.drive().item(item),
            // The reference page: anything but a stream's id gives an empty list.
            _ => None,
        };
        let entry = entry.filter(|entry| include_deleted || !entry.is_deleted());
        let mut versions = Vec::new();
        if let Some(entry) = entry {
            self.check_access(&entry)?;
            let newest_first = entry.item.versions().iter().rev();
            versions.extend(newest_first.map(|version| Entry { version: Some(version.clone()), ..entry.clone() }));
        }
        self.feed_reply(&wanted, versions)
    }

    pub(super) fn info(&self, id: &str) -> Outcome {
        let entry = self.find(id)?;
        if !entry.item.is_folder() {
            return Err(ApiError::bad_request("Access information is for folders only."));
        }
        self.object_reply(&info::item_info(&self.view(), &entry, None))
    }

    pub(super) fn access_controls(&self, id: &str) -> Outcome {
        let folder = self.find_folder(id)?;
        self.objects_reply("AccessControls", &info::access_controls(&self.view(), &folder))
    }

    pub(super) fn redirection(&self, id: &str) -> Outcome {
        let entry = self.find(id)?;
        let redirection = info::redirection(&self.view(), &entry);
        let refused = || ApiError::bad_request("Only folders and symbolic links have a redirection.");
        self.object_reply(&redirection.ok_or_else(refused)?)
    }

    /// The path of folders from the top, or from the folder that `path` names, to the item.
    pub(super) fn breadcrumbs(&self, id: &str) -> Outcome {
        let entry = self.find(id)?;
        let from = self.call.query.get("path").map(|id| self.find(id)).transpose()?;
        let visible = entry.ancestors.iter().filter(|folder| !matches!(folder.role(), Role::Root | Role::Homes));
        let mut crumbs: Vec<Entry> = visible.filter_map(|folder| self.drive().item(folder.id)).collect();
        crumbs.push(entry);
        if let Some(from) = from {
            let start = crumbs.iter().position(|crumb| crumb.item.id == from.item.id);
            crumbs.drain(..start.unwrap_or(0));
        }
        self.feed_reply(&self.wanted()?, crumbs)
    }

    /// A folder with its child folders, each with whether it can be the target of the operation in mind.
    pub(super) fn tree_view(&self, id: &str) -> Outcome {
        let query = &self.call.query;
        let mode = query.get("treemode").ok_or_else(|| ApiError::missing("treemode"))?;
        let known = ["Standard", "Copy", "Move", "Sync", "Manage"];
        let mode = known.into_iter().find(|known| known.eq_ignore_ascii_case(mode));
        let mode = mode.ok_or_else(|| ApiError::bad_request("treemode must be copy, move or manage."))?;
        let source = query.get("sourceid").map(|id| self.find_any(id)).transpose()?;
        let folder = self.find_folder(id)?;
        let children = match folder.item.role() {
            Role::Root => self.top_children()?,
            _ => self.drive().children(folder.item.id, 0, None).entries,
        };
        let mut tree = self.tree_node(&folder, mode, source.as_ref());
        let folders = children.iter().filter(|child| child.item.is_folder());
        let nodes: Vec<_> = folders.map(|child| self.tree_node(child, mode, source.as_ref())).collect();
        if let Some(object) = tree.as_object_mut() {
            object.insert(Nav::Children.name().into(), nodes.into());
        }
        Ok(json(http::StatusCode::OK, tree.to_string()))
    }

    fn tree_node(&self, folder: &Entry, mode: &str, source: Option<&Entry>) -> Value {
        let view = self.view();
        let shape = super::shape::Shape::parse(Some("Name,FileName,FileCount,CreationDate,Path"), None);
        let mut node: Value = serde_json::from_slice(&view.item(folder, &shape)).unwrap_or_default();
        let tree = TreeMode {
            mode: mode.to_owned(),
            source: source.map(ids::item_id),
            allowed: self.is_target(folder, mode, source),
        };
        if let Some(object) = node.as_object_mut() {
            object.insert(Nav::Info.name().into(), info::item_info(&view, folder, Some(&tree)));
        }
        node
    }

    /// Whether an item could be put into a folder: not into itself or below, nor, by a move, where it is already.
    fn is_target(&self, folder: &Entry, mode: &str, source: Option<&Entry>) -> bool {
        let may_hold = matches!(folder.item.role(), Role::Plain | Role::Home)
            || (folder.item.role() == Role::Shared && self.call.query.is_true("cancreaterootfolder"));
        let Some(source) = source else { return may_hold };
        let inside = folder.ancestors.iter().chain([&folder.item]).any(|above| above.id == source.item.id);
        let stays = mode == "Move" && source.item.parent == Some(folder.item.id);
        may_hold && !inside && !stays
    }

    pub(super) fn by_dlp_status(&self) -> Outcome {
        let query = &self.call.query;
        let status = query.get("status").ok_or_else(|| ApiError::missing("status"))?;
        let zone = query.get("zone").ok_or_else(|| ApiError::missing("zone"))?;
        let known = ["Unscanned", "ScannedOK", "ScannedRejected"];
        if !known.iter().any(|known| known.eq_ignore_ascii_case(status)) {
            return Err(ApiError::bad_request("status must be Unscanned, ScannedOK or ScannedRejected."));
        }
        let end = match query.get("enddate") {
            None => None,
            Some(text) => parse_date(text).ok_or_else(|| ApiError::bad_request("enddate is not a date."))?.moment(),
        };
        // Nothing is ever scanned here.
        let unscanned = status.eq_ignore_ascii_case("Unscanned");
        let old_enough = |entry: &Entry| {
            let created = entry.version.as_ref().map(|version| version.created);
            end.is_none_or(|end| created.is_some_and(|created| created < end))
        };
        let mut found = self.drive().find(self.drive().root(), usize::MAX, |item| unscanned && item.is_file());
        found.retain(|entry| info::same_zone(&info::zone_of(entry), zone) && old_enough(entry));
        found.retain(|entry| self.check_access(entry).is_ok());
        found.sort_by_key(|entry| entry.item.id);
        self.feed_reply(&self.wanted()?, found)
    }
}

/// Where the children of a remote item are listed.
pub(super) fn children_url(target: &str) -> String {
    if target.ends_with(')') { format!("{target}/Children") } else { target.to_owned() }
}

fn first_segment(path: &str) -> (&str, &str) {
    let path = path.trim_start_matches('/');
    path.split_once('/').unwrap_or((path, ""))
}

/// Whether a name may be given to an item; the reason if not.
pub(super) fn check_name(name: &str) -> Result<(), ApiError> {
    let reason = if name.is_empty() {
        "A name is required."
    } else if name.chars().count() > 256 {
        "A name has at most 256 characters."
    } else if name.chars().any(|letter| letter.is_control() || r#"\/:*?"<>|"#.contains(letter)) {
        r#"A name must not contain control characters or any of \ / : * ? " < > |."#
    } else if name.starts_with(' ') || name.ends_with([' ', '.']) {
        "A name must not begin or end with a space, or end with a period."
    } else {
        return Ok(());
    };
    Err(ApiError::bad_request(reason))
}

pub(super) fn model(name: &str) -> String {
    format!("ShareFile.Api.Models.{name}")
}

pub(super) fn metadata(view: &wire::View, entity: &str, name: &str) -> String {
    format!("{}/$metadata#{entity}/{}@Element", view.root, model(name))
}
