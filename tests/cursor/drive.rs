//! A small share with a log, behind a server: enough to read changes from.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::stage::SHARE;
use crate::support::{Seen, Server, json as answer};

/// A file or a folder.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) is_folder: bool,
    pub(crate) name: String,
    pub(crate) parent: Option<String>,
    pub(crate) version: u64,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) nodes: BTreeMap<String, Node>,
    pub(crate) log: Vec<Value>,
    /// The newest version of everything that ever was: what comes back goes on counting.
    versions: BTreeMap<String, u64>,
    /// Positions before this one are not known any more.
    pub(crate) forgotten: u64,
    /// How often the changes were asked for.
    pub(crate) readings: usize,
}

impl State {
    pub(crate) fn path(&self, id: &str) -> String {
        let mut path = String::new();
        let mut next = Some(id.to_owned());
        while let Some(node) = next.as_ref().and_then(|id| self.nodes.get(id)) {
            path = format!("/{}{path}", node.name);
            next.clone_from(&node.parent);
        }
        path
    }

    /// Notes a change in the log.
    pub(crate) fn note(&mut self, id: &str, is_folder: bool, kind: &str, old: Option<&str>, new: Option<&str>) {
        let entry = json!({"id": format!("chg_{}", self.log.len() + 1), "share_id": SHARE, "resource_id": id,
            "resource_type": if is_folder { "folder" } else { "file" }, "change_type": kind, "old_path": old,
            "new_path": new});
        self.log.push(entry);
    }

    pub(crate) fn put(&mut self, id: &str, name: &str, parent: Option<&str>) {
        let is_folder = id.starts_with("fld_");
        let version = self.versions.entry(id.to_owned()).or_default();
        *version += 1;
        let node = Node { is_folder, name: name.into(), parent: parent.map(str::to_owned), version: *version };
        let known = self.nodes.insert(id.to_owned(), node).is_some();
        let path = self.path(id);
        let (kind, old) = if known { ("updated", Some(path.as_str())) } else { ("created", None) };
        self.note(id, is_folder, kind, old, Some(&path));
    }

    pub(crate) fn delete(&mut self, id: &str) {
        let path = self.path(id);
        if let Some(node) = self.nodes.remove(id) {
            self.note(id, node.is_folder, "deleted", Some(&path), None);
        }
    }

    fn node(&self, id: &str) -> ResponseTemplate {
        let Some(node) = self.nodes.get(id) else {
            return answer(404, &json!({"error": {"code": "NOT_FOUND", "message": "gone"}}));
        };
        let parent = if node.is_folder { "parent_id" } else { "folder_id" };
        let mut body =
            json!({"id": id, "share_id": SHARE, "name": node.name, "path": self.path(id), parent: node.parent});
        if !node.is_folder {
            body["version"] = node.version.into();
            body["size"] = node.version.into();
        }
        answer(200, &body)
    }

    fn children(&self, folder: &str) -> ResponseTemplate {
        let parent = (folder != "root").then(|| folder.to_owned());
        let items = self.nodes.iter().filter(|(_, node)| node.parent == parent);
        let items: Vec<_> = items
            .map(|(id, node)| json!({"id": id, "name": node.name, "type": if node.is_folder { "folder" } else { "file" }}))
            .collect();
        let path = parent.map_or_else(|| "/".to_owned(), |id| self.path(&id));
        answer(200, &json!({"items": items, "path": path, "total": items.len()}))
    }

    fn changes(&mut self, request: &Seen) -> ResponseTemplate {
        self.readings += 1;
        let head = self.log.len() as u64;
        let from = request.param("cursor").map_or(head, |cursor| cursor.parse().unwrap());
        if from < self.forgotten {
            return answer(400, &json!({"error": {"code": "SYNC_CURSOR_INVALID", "message": "unknown position"}}));
        }
        let limit = request.param("limit").map_or(1000, |limit| limit.parse().unwrap());
        let changes: Vec<_> = self.log.iter().skip(from as usize).take(limit).collect();
        let next = from + changes.len() as u64;
        answer(200, &json!({"changes": changes, "cursor": next, "has_more": next < head, "share_id": SHARE}))
    }
}

/// The share behind a server.
#[derive(Clone, Default)]
pub(crate) struct Drive(Arc<Mutex<State>>);

impl Drive {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// A server that answers with this share.
    pub(crate) async fn serve(&self) -> Server {
        let (server, drive) = (Server::start().await, self.clone());
        server.by(move |request| drive.answer(request));
        server
    }

    pub(crate) fn answer(&self, request: &Seen) -> ResponseTemplate {
        let mut state = self.state();
        let path: Vec<_> = request.path.trim_start_matches("/api/v1/").split('/').collect();
        match (request.method.as_str(), path.as_slice()) {
            ("GET", ["sync", "changes"]) => state.changes(request),
            ("GET", ["files" | "folders", id]) => state.node(id),
            ("GET", ["folders", id, "children"]) => state.children(id),
            ("GET", ["shares", id]) => answer(200, &json!({"id": id, "name": "Team"})),
            ("GET", ["sync", "devices"]) => answer(200, &json!([])),
            ("POST", ["sync", "devices"]) => answer(201, &request.json()),
            _ => answer(404, &json!({"detail": "no such thing"})),
        }
    }
}
