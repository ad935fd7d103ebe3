//! A few items that can be read, renamed, moved, copied and deleted: what the store needs to see between its steps.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json as value};
use wiremock::ResponseTemplate;

use super::fixtures::reconstructed;
use super::stage::{Seen, Stage, empty, json, status};

#[derive(Clone)]
struct Entry {
    name: String,
    parent: String,
    kind: &'static str,
    size: u64,
}

/// The items of a stage's API, and the writes that fail.
#[derive(Default)]
struct Drive {
    items: BTreeMap<String, Entry>,
    writes: usize,
    failing: BTreeMap<usize, ResponseTemplate>,
    begun: BTreeMap<usize, ResponseTemplate>,
    losing: BTreeSet<usize>,
    overtaken: BTreeMap<usize, u64>,
    work: Option<ResponseTemplate>,
}

/// What a stage has: `home` with the folders `fo1` and `fo2`, and the file `fi1`, `a.txt`, in `fo1`.
pub(crate) struct Handle(Arc<Mutex<Drive>>);

impl Handle {
    pub(crate) fn on(stage: &Stage) -> Self {
        let drive = Arc::new(Mutex::new(Drive::default()));
        let served = drive.clone();
        stage.api.by(move |request| served.lock().unwrap().answer(request));
        let handle = Self(drive);
        handle.add("home", "My Files & Folders", "top", "Folder");
        handle.add("fo1", "one", "home", "Folder");
        handle.add("fo2", "two", "home", "Folder");
        handle.add("fi1", "a.txt", "fo1", "File");
        handle
    }

    pub(crate) fn add(&self, id: &str, name: &str, parent: &str, kind: &'static str) {
        let entry = Entry { name: name.into(), parent: parent.into(), kind, size: 10 };
        self.0.lock().unwrap().items.insert(id.into(), entry);
    }

    /// Answers the write of this number, from 0, so.
    pub(crate) fn fail(&self, write: usize, answer: ResponseTemplate) {
        self.0.lock().unwrap().failing.insert(write, answer);
    }

    /// Carries out the write of this number, from 0, and answers so.
    pub(crate) fn begin(&self, write: usize, answer: ResponseTemplate) {
        self.0.lock().unwrap().begun.insert(write, answer);
    }

    /// Carries out the write of this number, from 0, and answers as if something had gone wrong.
    pub(crate) fn lose(&self, write: usize) {
        self.0.lock().unwrap().losing.insert(write);
    }

    /// Carries out the copy that is the write of this number, from 0, as if somebody else had put a file of this size there
    /// just before, and answers as if something had gone wrong.
    pub(crate) fn overtake(&self, write: usize, size: u64) {
        self.0.lock().unwrap().overtaken.insert(write, size);
    }

    /// What is answered to whoever asks how far work is that goes on.
    pub(crate) fn work(&self, answer: ResponseTemplate) {
        self.0.lock().unwrap().work = Some(answer);
    }

    /// Name and folder of an item.
    pub(crate) fn place(&self, id: &str) -> Option<(String, String)> {
        let drive = self.0.lock().unwrap();
        drive.items.get(id).map(|entry| (entry.name.clone(), entry.parent.clone()))
    }

    /// All identifiers, in order.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.0.lock().unwrap().items.keys().cloned().collect()
    }
}

/// The refusal of what the user may not do.
pub(crate) fn refused() -> ResponseTemplate {
    status(403, value!({"code": "Forbidden", "message": {"lang": "en-US", "value": "No."}, "reason": "Forbidden"}))
}

/// The refusal of a name that is taken.
pub(crate) fn taken() -> ResponseTemplate {
    status(409, value!({"code": "Conflict", "message": {"lang": "en-US", "value": "It exists."}, "reason": "Conflict"}))
}

/// The changing requests that a stage's API saw, with their bodies.
pub(crate) fn writes(stage: &Stage) -> Vec<(String, Value)> {
    let body = |seen: &Seen| serde_json::from_slice(&seen.body).unwrap_or_default();
    stage.seen().iter().filter(|seen| seen.method != "GET").map(|seen| (seen.step(), body(seen))).collect()
}

impl Drive {
    fn answer(&mut self, request: &Seen) -> ResponseTemplate {
        if request.method != "GET" {
            self.writes += 1;
            if let Some(answer) = self.failing.remove(&(self.writes - 1)) {
                return answer;
            }
            if let Some(answer) = self.begun.remove(&(self.writes - 1)) {
                self.carry_out(request);
                return answer;
            }
            if self.losing.remove(&(self.writes - 1)) {
                self.carry_out(request);
                return empty(500);
            }
            if let Some(size) = self.overtaken.remove(&(self.writes - 1)) {
                let before: BTreeSet<_> = self.items.keys().cloned().collect();
                self.carry_out(request);
                self.items.iter_mut().filter(|(id, _)| !before.contains(*id)).for_each(|(_, entry)| entry.size = size);
                return empty(500);
            }
        }
        self.carry_out(request)
    }

    fn carry_out(&mut self, request: &Seen) -> ResponseTemplate {
        if request.path.starts_with("/sf/v3/AsyncOperations(") {
            return self.work.clone().unwrap();
        }
        let place = request.path.strip_prefix("/sf/v3/Items(").unwrap_or_default();
        let (id, action) = place.split_once(')').unwrap_or_default();
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        match (request.method.as_str(), action) {
            ("GET", "") => self.describe(id),
            ("GET", "/ByPath") => self.by_path(id, request.param("path").unwrap()),
            ("PATCH", "") => self.change(id, &body),
            ("POST", "/Folder") => self.create(id, body["Name"].as_str().unwrap(), "Folder"),
            ("POST", "/Copy") => {
                let name = self.items[id].name.clone();
                self.create(request.param("targetid").unwrap(), &name, "File")
            }
            ("DELETE", "") => {
                let gone: Vec<_> = self
                    .items
                    .iter()
                    .filter(|(other, entry)| *other == id || entry.parent == id)
                    .map(|(id, _)| id.clone())
                    .collect();
                gone.iter().for_each(|id| drop(self.items.remove(id)));
                empty(204)
            }
            _ => status(400, value!({"code": "BadRequest", "message": {"value": request.line()}})),
        }
    }

    fn describe(&self, id: &str) -> ResponseTemplate {
        let Some(entry) = self.items.get(id) else { return status(404, reconstructed("error_not_found")) };
        json(value!({
            "Id": id, "Name": entry.name, "FileName": entry.name, "Parent": {"Id": entry.parent}, "FileSizeBytes": entry.size,
            "odata.type": format!("ShareFile.Api.Models.{}", entry.kind),
        }))
    }

    fn by_path(&self, folder: &str, path: &str) -> ResponseTemplate {
        let mut at = folder.to_owned();
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let child = |(_, entry): &(&String, &Entry)| entry.parent == at && entry.name.eq_ignore_ascii_case(name);
            match self.items.iter().find(child) {
                Some((id, _)) => at.clone_from(id),
                None => return status(404, reconstructed("error_not_found")),
            }
        }
        self.describe(&at)
    }

    fn change(&mut self, id: &str, changes: &Value) -> ResponseTemplate {
        let Some(entry) = self.items.get(id).cloned() else { return status(404, reconstructed("error_not_found")) };
        let parent = changes["Parent"]["Id"].as_str().unwrap_or(&entry.parent).to_owned();
        let name = changes["Name"].as_str().unwrap_or(&entry.name).to_owned();
        let clash = |(other, item): (&String, &Entry)| {
            other != id && item.parent == parent && item.name.eq_ignore_ascii_case(&name)
        };
        if self.items.iter().any(clash) {
            return taken();
        }
        self.items.insert(id.to_owned(), Entry { name, parent, ..entry });
        self.describe(id)
    }

    fn create(&mut self, parent: &str, name: &str, kind: &'static str) -> ResponseTemplate {
        let clash = |entry: &Entry| entry.parent == parent && entry.name.eq_ignore_ascii_case(name);
        if self.items.values().any(clash) {
            return taken();
        }
        let id = format!("new{}", self.writes);
        self.items.insert(id.clone(), Entry { name: name.into(), parent: parent.into(), kind, size: 10 });
        self.describe(&id)
    }
}
