//! The REST API of SharePoint 2019: `/_api/…`. A path leads step by step to a thing; its last step may be something to do with it.

mod bin;
mod changes;
mod collections;
mod copying;
mod entities;
mod files;
mod folders;
mod people;
mod sharing;
mod uploads;

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::Value;

use super::content::broken;
use super::errors::{Outcome, SpError};
use super::ids::{Guid, Thing};
use super::odata::{Answer, Data, Entity, Segment, segments};
use super::{Ctx, LONGEST_BODY};
use crate::drive::{Entry, ItemId};
use crate::http::decode;

pub(super) use uploads::Sessions;

/// A thing that a path leads to.
#[derive(Debug, Clone)]
enum Node {
    Site,
    Web,
    Lists,
    List,
    /// The folders in a folder.
    Folders(Entry),
    /// The files in a folder.
    Files(Entry),
    Folder(Entry),
    File(Entry),
    ListItem(Entry),
    Bin,
    BinItem(Entry),
}

/// The verb of a request, tunnelled or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Get,
    Post,
    Put,
    Merge,
    Delete,
}

impl Verb {
    fn of(method: &Method, headers: &HeaderMap) -> Option<Self> {
        let tunnelled = headers.get("x-http-method").and_then(|value| value.to_str().ok()).map(str::to_ascii_uppercase);
        match (method.as_str(), tunnelled.as_deref()) {
            ("GET" | "HEAD", _) => Some(Self::Get),
            ("POST", None | Some("POST")) => Some(Self::Post),
            ("POST", Some("PUT")) | ("PUT", _) => Some(Self::Put),
            ("POST", Some("MERGE" | "PATCH")) | ("MERGE" | "PATCH", _) => Some(Self::Merge),
            ("POST", Some("DELETE")) | ("DELETE", _) => Some(Self::Delete),
            _ => None,
        }
    }
}

impl Ctx {
    /// Everything below `/_api/` but for the sync service.
    pub(super) async fn rest(&mut self, path: &str) -> Outcome {
        let verb = Verb::of(&self.call.method, &self.call.headers).ok_or_else(SpError::not_allowed)?;
        let steps =
            segments(path, &self.call.query).ok_or_else(|| SpError::bad_request("The expression is not valid."))?;
        let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
        if names == ["contextinfo"] {
            return self.context_info(verb);
        }
        if verb != Verb::Get {
            self.check_digest()?;
        }
        if let Some(outcome) = self.service(&names, &steps, verb).await {
            return outcome;
        }
        let (first, rest) = steps.split_first().ok_or_else(|| SpError::no_resource(path))?;
        let mut node = match first.name.as_str() {
            "web" => Node::Web,
            "site" => Node::Site,
            _ => return Err(SpError::no_resource(path)),
        };
        let mut rest = rest;
        while let Some((step, behind)) = rest.split_first() {
            match self.step(&node, step)? {
                Some(next) => node = next,
                None => break,
            }
            rest = behind;
        }
        match rest {
            [] => self.on_node(&node, verb).await,
            [operation] => self.operation(&node, operation, verb).await,
            _ => Err(SpError::no_resource(path)),
        }
    }

    /// One step further, if it is a step and not something to do.
    fn step(&self, node: &Node, step: &Segment) -> Outcome<Option<Node>> {
        let by_url = |name: &str| step.get(name).ok_or_else(|| SpError::bad_request("The path is missing."));
        let next = match (node, step.name.as_str()) {
            (Node::Site, "rootweb") => Node::Web,
            (Node::Site | Node::Web, "recyclebin") if step.first().is_none() => Node::Bin,
            (Node::Site | Node::Web, "recyclebin") => self.bin_item(step.first())?,
            (Node::Bin, "getbyid") => self.bin_item(step.first())?,
            (Node::Web, "defaultdocumentlibrary") => self.list(None)?,
            (Node::Web, "lists") if step.first().is_none() => Node::Lists,
            (Node::Web, "lists") | (Node::Lists, "getbyid") => self.list(step.first())?,
            (Node::Web | Node::Lists, "getbytitle") => self.list_titled(step.first().unwrap_or_default())?,
            (Node::Web, "getlist") => {
                self.list_titled(step.first().unwrap_or_default().rsplit('/').next().unwrap_or_default())?
            }
            (Node::Web, "getfolderbyserverrelativeurl") => {
                Node::Folder(self.folder_at(&url(by_url("serverrelativeurl")?))?)
            }
            (Node::Web, "getfolderbyserverrelativepath") => Node::Folder(self.folder_at(by_url("decodedurl")?)?),
            (Node::Web, "getfilebyserverrelativeurl") => Node::File(self.file_at(&url(by_url("serverrelativeurl")?))?),
            (Node::Web, "getfilebyserverrelativepath") => Node::File(self.file_at(by_url("decodedurl")?)?),
            (Node::Web, "getfolderbyid") => Node::Folder(self.with_id(step.first(), |entry| entry.item.is_folder())?),
            (Node::Web, "getfilebyid") => Node::File(self.with_id(step.first(), |entry| entry.item.is_file())?),
            (Node::List, "rootfolder") | (Node::Web, "rootfolder") => {
                Node::Folder(self.folder_at(&self.site.library_url())?)
            }
            (Node::Folder(folder), "files") if step.first().is_none() => Node::Files(folder.clone()),
            (Node::Folder(folder), "folders") if step.first().is_none() => Node::Folders(folder.clone()),
            (Node::Folder(folder), "files") => Node::File(self.child(folder, by_url("url")?, false)?),
            (Node::Folder(folder), "folders") => Node::Folder(self.child(folder, by_url("url")?, true)?),
            (Node::Files(folder), "getbyurl") => Node::File(self.child(folder, &url(by_url("url")?), false)?),
            (Node::Files(folder), "getbypath") => Node::File(self.child(folder, by_url("decodedurl")?, false)?),
            (Node::Folders(folder), "getbyurl") => Node::Folder(self.child(folder, &url(by_url("url")?), true)?),
            (Node::Folders(folder), "getbypath") => Node::Folder(self.child(folder, by_url("decodedurl")?, true)?),
            (Node::Folder(folder), "parentfolder") => Node::Folder(self.parent_of(folder)?),
            (Node::Folder(entry) | Node::File(entry), "listitemallfields") => Node::ListItem(entry.clone()),
            (Node::ListItem(entry), "file") if entry.item.is_file() => Node::File(entry.clone()),
            (Node::ListItem(entry), "folder") if entry.item.is_folder() => Node::Folder(entry.clone()),
            _ => return Ok(None),
        };
        if matches!(next, Node::Bin | Node::BinItem(_) | Node::Lists | Node::List) {
            self.check_site()?;
        }
        Ok(Some(next))
    }

    async fn on_node(&mut self, node: &Node, verb: Verb) -> Outcome {
        let answer = match (node, verb) {
            (Node::Files(folder), Verb::Get) => return self.files_of(folder),
            (Node::Folders(folder), Verb::Get) => return self.folders_of(folder),
            (Node::Folders(folder), Verb::Post) => return self.create_folder(Some(folder.clone())).await,
            (Node::Bin, Verb::Get) => Answer::Feed { entities: self.bin_entities()?, next: None },
            (Node::Lists, Verb::Get) => Answer::Feed { entities: vec![self.list_entity()?], next: None },
            (Node::ListItem(entry), Verb::Merge) => return self.merge(entry).await,
            (Node::File(entry) | Node::Folder(entry) | Node::ListItem(entry), Verb::Delete) => {
                return self.remove(entry);
            }
            (_, Verb::Get) => {
                let entity = self.entity(node)?;
                Answer::Entity(self.expanded(node, entity)?)
            }
            _ => return Err(SpError::not_allowed()),
        };
        Ok(self.answered(answer))
    }

    async fn operation(&mut self, node: &Node, step: &Segment, verb: Verb) -> Outcome {
        let name = step.name.as_str();
        if verb == Verb::Get && name != "$value" {
            match (node, name) {
                (Node::File(entry), "openbinarystream" | "openbinarystream()") => return self.send(entry),
                (Node::File(entry), "getuploadstatus") => return self.upload_status(entry, step),
                (Node::Web, "currentuser") => return Ok(self.answered(Answer::Entity(self.current_user()))),
                _ => {}
            }
            let entity = self.entity(node)?;
            let (name, data) = entity.field(name).ok_or_else(|| SpError::no_resource(&self.call.path))?;
            return Ok(self.answered(Answer::Value(name, data)));
        }
        match (node, verb) {
            (Node::File(entry), _) => self.file_operation(entry.clone(), step, verb).await,
            (Node::Files(folder), Verb::Post) => self.files_operation(folder.clone(), step).await,
            (Node::Folders(folder), Verb::Post) => self.folders_operation(folder.clone(), step),
            (Node::Folder(folder), Verb::Post) => self.folder_operation(folder.clone(), step).await,
            (Node::Web, Verb::Post) if name == "folders" => self.create_folder(None).await,
            (Node::List | Node::Web | Node::Site, Verb::Post) if name == "getchanges" => self.get_changes().await,
            (Node::BinItem(entry), Verb::Post) => self.bin_operation(entry, name),
            (Node::Bin, Verb::Post) => self.whole_bin(name),
            (Node::ListItem(entry), Verb::Post) if name == "recycle" => self.recycle(entry),
            (Node::ListItem(entry), Verb::Post) if name == "deleteobject" => self.remove(entry),
            _ => Err(SpError::no_resource(&self.call.path)),
        }
    }

    /// The reply, narrowed by `$select`.
    fn answered(&self, answer: Answer) -> crate::http::Reply {
        let select = self.call.query.get("$select");
        let answer = match answer {
            Answer::Entity(entity) => Answer::Entity(entity.select(select)),
            Answer::Feed { entities, next } => {
                Answer::Feed { entities: entities.into_iter().map(|entity| entity.select(select)).collect(), next }
            }
            other => other,
        };
        answer.reply(self.flavour)
    }

    fn told(&self, name: &'static str, data: Data) -> Outcome {
        Ok(self.answered(Answer::Value(name, data)))
    }

    /// The request's body as JSON; null for none.
    async fn json_body(&mut self) -> Outcome<Value> {
        let body: Bytes = self.call.body.read(LONGEST_BODY).await.map_err(broken)?;
        if body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&body)
            .map_err(|error| SpError::bad_request(format!("The body is not valid JSON: {error}")))
    }

    /// The list with that id, in whatever spelling; the only one without.
    fn list(&self, id: Option<&str>) -> Outcome<Node> {
        self.site.root()?;
        let fits = id.is_none_or(|id| Guid::parse(id) == Some(self.site.list_id()));
        fits.then_some(Node::List).ok_or_else(|| SpError::no_such("List"))
    }

    fn list_titled(&self, title: &str) -> Outcome<Node> {
        self.site.root()?;
        let names = ["Documents", self.site.library_name()];
        let fits = names.iter().any(|name| name.eq_ignore_ascii_case(title));
        fits.then_some(Node::List).ok_or_else(|| SpError::no_such(&format!("List '{title}'")))
    }

    fn folder_at(&self, path: &str) -> Outcome<Entry> {
        self.at(path).and_then(|entry| if entry.item.is_folder() { Ok(entry) } else { Err(SpError::not_found()) })
    }

    fn file_at(&self, path: &str) -> Outcome<Entry> {
        self.at(path).and_then(|entry| if entry.item.is_file() { Ok(entry) } else { Err(SpError::not_found()) })
    }

    /// What is at a path, if the user may read it.
    fn at(&self, path: &str) -> Outcome<Entry> {
        let entry = self.face.places.resolve(&self.site, path).ok_or_else(SpError::not_found)?;
        self.check(&entry, false)?;
        Ok(entry)
    }

    fn with_id(&self, id: Option<&str>, fits: impl Fn(&Entry) -> bool) -> Outcome<Entry> {
        let id = id.and_then(Guid::parse).ok_or_else(SpError::not_found)?;
        let entry = Some(self.by_id(id)?).filter(fits).ok_or_else(SpError::not_found)?;
        self.check(&entry, false)?;
        Ok(entry)
    }

    fn child(&self, folder: &Entry, name: &str, is_folder: bool) -> Outcome<Entry> {
        // A whole path is as good as a name.
        let name = name.rsplit('/').next().unwrap_or_default();
        let entry = self.drive().child(folder.item.id, name);
        entry.filter(|entry| entry.item.is_folder() == is_folder).ok_or_else(SpError::not_found)
    }

    fn parent_of(&self, entry: &Entry) -> Outcome<Entry> {
        let parent = entry.item.parent.filter(|_| self.site.library != Some(entry.item.id));
        let parent = parent.and_then(|id| self.drive().item(id)).ok_or_else(SpError::not_found)?;
        self.check(&parent, false)?;
        Ok(parent)
    }

    /// An item of this site's recycle bin.
    fn bin_item(&self, id: Option<&str>) -> Outcome<Node> {
        let number = id.and_then(Guid::parse).and_then(|id| id.number(Thing::Deleted));
        let entry = number.and_then(|number| self.drive().item(ItemId(number)));
        let entry = entry.filter(|entry| entry.item.deleted.is_some() && self.site.holds(entry));
        entry.map(Node::BinItem).ok_or_else(|| SpError::no_such("The recycle bin item"))
    }

    /// What the thing is, as an entity.
    fn entity(&self, node: &Node) -> Outcome<Entity> {
        match node {
            Node::Site => Ok(self.site_entity()),
            Node::Web => Ok(self.web_entity()),
            Node::List => self.list_entity(),
            Node::File(entry) => Ok(self.file_entity(entry)),
            Node::Folder(entry) => Ok(self.folder_entity(entry)),
            Node::ListItem(entry) => Ok(self.list_item_entity(entry)),
            Node::BinItem(entry) => Ok(self.bin_entity(entry)),
            Node::Lists | Node::Folders(_) | Node::Files(_) | Node::Bin => Err(SpError::no_resource(&self.call.path)),
        }
    }
}

/// What a parameter that is a URL means.
fn url(text: &str) -> String {
    if super::dialect::URLS_ARE_ENCODED { decode(text) } else { text.to_owned() }
}

/// A member of an object, its name in whatever case; null counts as none.
fn member<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    let members = object.as_object()?;
    members
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
        .filter(|value| !value.is_null())
}

fn text<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    member(object, name)?.as_str()
}

fn flag(object: &Value, name: &str) -> bool {
    member(object, name).and_then(Value::as_bool).unwrap_or(false)
}
