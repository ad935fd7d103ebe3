//! A small drive behind the API, as far as the store's own tests need one: a tree that can be looked at, and operations
//! that can be made to fail.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use sharesync::acronis::{AcronisStore, StoreOptions};
use sharesync::{Digest, DigestAlgorithm};
use wiremock::ResponseTemplate;

use super::stage::client;
use crate::support::{Seen, Server, empty, json as answer};

const NODES: &str = "/fc/api/v1/sync_and_share_nodes";

#[derive(Debug, Clone)]
struct Entry {
    name: String,
    parent: String,
    content: Option<Vec<u8>>,
    deleted: bool,
}

/// Makes requests fail: says what is answered instead of carrying a request out, and whether it is carried out all the
/// same.
type Fault = Box<dyn FnMut(&Seen) -> Option<(ResponseTemplate, bool)> + Send>;

#[derive(Default)]
struct State {
    entries: BTreeMap<String, Entry>,
    made: u32,
    fault: Option<Fault>,
}

/// A drive, the server it is on, and a store of it.
pub(crate) struct Drive {
    pub(crate) server: Server,
    pub(crate) store: AcronisStore,
    state: Arc<Mutex<State>>,
}

impl Drive {
    /// An empty drive.
    pub(crate) async fn new() -> Self {
        Self::with(StoreOptions::new()).await
    }

    pub(crate) async fn with(options: StoreOptions) -> Self {
        let (server, state) = (Server::start().await, Arc::<Mutex<State>>::default());
        let shared = state.clone();
        server.by(move |request| shared.lock().unwrap().answer(request));
        let store = client(&server).await.store_with(options);
        Self { server, store, state }
    }

    /// Puts a folder (without content) or a file there, and returns its identifier.
    pub(crate) fn put(&self, parent: &str, name: &str, content: Option<&str>) -> String {
        self.state.lock().unwrap().put(parent, name, content.map(|text| text.as_bytes().to_vec()))
    }

    /// The paths of everything that is not deleted.
    pub(crate) fn paths(&self) -> Vec<String> {
        let state = self.state.lock().unwrap();
        let mut paths: Vec<_> = state.present().map(|(uuid, _)| state.path(uuid)).collect();
        paths.sort();
        paths
    }

    /// Lets requests fail from now on.
    pub(crate) fn fail(&self, fault: impl FnMut(&Seen) -> Option<(ResponseTemplate, bool)> + Send + 'static) {
        self.state.lock().unwrap().fault = Some(Box::new(fault));
    }

    /// Lets the requests of this method and end of the path fail, which are carried out or not.
    pub(crate) fn fail_all(&self, method: &'static str, end: &'static str, status: u16, carried_out: bool) {
        self.fail(move |request| {
            (request.method == method && request.path.ends_with(end)).then(|| (error(status, 3), carried_out))
        });
    }

    /// The requests that change something, so far.
    pub(crate) async fn writes(&self) -> Vec<String> {
        let lines = self.server.lines().await;
        lines.into_iter().filter(|line| !line.starts_with("GET")).map(|line| line.replace(NODES, "")).collect()
    }
}

/// The service's own error.
pub(crate) fn error(status: u16, code: i64) -> ResponseTemplate {
    answer(status, &json!({"error": {"domain": "Files", "code": code, "message": "no"}}))
}

impl State {
    fn put(&mut self, parent: &str, name: &str, content: Option<Vec<u8>>) -> String {
        self.made += 1;
        let uuid = format!("{:08x}-0000-4000-8000-000000000000", self.made);
        let entry = Entry { name: name.into(), parent: parent.into(), content, deleted: false };
        self.entries.insert(uuid.clone(), entry);
        uuid
    }

    fn present(&self) -> impl Iterator<Item = (&String, &Entry)> {
        self.entries.iter().filter(|(_, entry)| !entry.deleted)
    }

    fn path(&self, uuid: &str) -> String {
        match self.entries.get(uuid) {
            Some(entry) => format!("{}/{}", self.path(&entry.parent), entry.name),
            None => String::new(),
        }
    }

    fn child(&self, parent: &str, name: &str) -> Option<&String> {
        self.present().find(|(_, entry)| entry.parent == parent && entry.name == name).map(|(uuid, _)| uuid)
    }

    fn node(&self, uuid: &str) -> Value {
        let entry = &self.entries[uuid];
        let mut parents = vec![json!({"uuid": uuid})];
        let mut above = entry.parent.as_str();
        while let Some(parent) = self.entries.get(above) {
            parents.push(json!({"uuid": above}));
            above = &parent.parent;
        }
        let digest = |content: &Vec<u8>| Digest::of(DigestAlgorithm::Md5, content).to_hex();
        json!({
            "uuid": uuid, "name": entry.name, "parent_uuid": entry.parent, "parents": parents,
            "path": self.path(uuid).trim_start_matches('/'), "is_directory": entry.content.is_none(),
            "size": entry.content.as_ref().map(Vec::len), "checksum": entry.content.as_ref().map_or_else(String::new, digest),
            "file_modification_date": "2019-06-13T08:57:12Z", "is_deleted": entry.deleted,
        })
    }

    fn answer(&mut self, request: &Seen) -> ResponseTemplate {
        let fault = self.fault.as_mut().and_then(|fault| fault(request));
        match fault {
            Some((answer, false)) => answer,
            Some((answer, true)) => {
                self.carry_out(request);
                answer
            }
            None => self.carry_out(request),
        }
    }

    fn carry_out(&mut self, request: &Seen) -> ResponseTemplate {
        let rest = request.path.strip_prefix(NODES).unwrap().trim_start_matches('/');
        let (uuid, what) = rest.split_once('/').unwrap_or((rest, ""));
        if !uuid.is_empty()
            && uuid != "0"
            && !self.entries.get(uuid).is_some_and(|entry| !entry.deleted || what.is_empty())
        {
            return error(403, 3);
        }
        match (request.method.as_str(), what) {
            ("GET", "contents") => self.contents(uuid, request),
            ("GET", "download") => self.download(uuid, request),
            ("GET", _) => answer(200, &self.node(uuid)),
            ("POST", "") => self.create(&request.json()["sync_and_share_node"]),
            ("POST", "upload") => self.upload(uuid, request),
            ("POST", "copy" | "move") => self.transfer(uuid, what, request.json()["parent_uuid"].as_str().unwrap()),
            ("PUT", _) => {
                let body = request.json();
                body["sync_and_share_node"]["name"]
                    .as_str()
                    .unwrap()
                    .clone_into(&mut self.entries.get_mut(uuid).unwrap().name);
                empty(204)
            }
            ("DELETE", _) => {
                self.entries.get_mut(uuid).unwrap().deleted = true;
                let inside: Vec<_> =
                    self.present().filter(|(_, entry)| entry.parent == uuid).map(|(id, _)| id.clone()).collect();
                inside.iter().for_each(|id| self.entries.get_mut(id).unwrap().deleted = true);
                empty(204)
            }
            _ => empty(405),
        }
    }

    /// What is deleted is listed, too: whether the service leaves it out is not known.
    fn contents(&self, uuid: &str, request: &Seen) -> ResponseTemplate {
        let number = |name| request.param(name).unwrap().parse::<usize>().unwrap();
        let (page, size) = (number("page"), number("per_page"));
        let all: Vec<_> =
            self.entries.iter().filter(|(_, entry)| entry.parent == uuid).map(|(id, _)| self.node(id)).collect();
        let part: Vec<_> = all.iter().skip((page - 1) * size).take(size).cloned().collect();
        answer(if part.len() == all.len() { 200 } else { 206 }, &part.into())
    }

    fn download(&self, uuid: &str, request: &Seen) -> ResponseTemplate {
        let content = self.entries[uuid].content.clone().unwrap();
        match request
            .header("range")
            .and_then(|range| range.strip_prefix("bytes=")?.trim_end_matches('-').parse::<usize>().ok())
        {
            Some(first) => {
                let range = format!("bytes {first}-{}/{}", content.len() - 1, content.len());
                empty(206).insert_header("content-range", range).set_body_bytes(&content[first..])
            }
            None => empty(200).set_body_bytes(content),
        }
    }

    fn create(&mut self, folder: &Value) -> ResponseTemplate {
        let (parent, name) = (folder["parent_uuid"].as_str().unwrap(), folder["name"].as_str().unwrap());
        if let Some(taken) = self.child(parent, name) {
            let conflict = self.node(taken);
            let body = json!({"domain": "Files", "code": 92, "message": "taken", "context": {"conflict": conflict}});
            return answer(409, &json!({"error": body}));
        }
        let uuid = self.put(parent, name, None);
        answer(201, &self.node(&uuid))
    }

    fn upload(&mut self, parent: &str, request: &Seen) -> ResponseTemplate {
        let (name, content) = (request.param("filename").unwrap(), request.body.clone());
        let digest = Digest::of(DigestAlgorithm::Md5, &content).to_hex();
        if request.param("size").unwrap() != content.len().to_string() || request.param("checksum") != Some(&digest) {
            return error(400, 9);
        }
        let existing = self.child(parent, name).cloned();
        let uuid = existing.unwrap_or_else(|| self.put(parent, name, None));
        self.entries.get_mut(&uuid).unwrap().content = Some(content);
        answer(201, &self.node(&uuid))
    }

    fn transfer(&mut self, uuid: &str, what: &str, parent: &str) -> ResponseTemplate {
        let entry = self.entries[uuid].clone();
        if self.child(parent, &entry.name).is_some() {
            return error(409, 92);
        }
        if what == "move" {
            self.entries.get_mut(uuid).unwrap().parent = parent.into();
            return empty(204);
        }
        self.put(parent, &entry.name, entry.content);
        empty(200)
    }
}
