//! The site, the web, the list, folders, files and list items as entities (SharePoint 2019's `$metadata`).

use super::Node;
use crate::drive::{Entry, UserId};
use crate::http::encode;
use crate::sharepoint::Ctx;
use crate::sharepoint::errors::{Outcome, SpError};
use crate::sharepoint::ids::{Guid, counter, etag, list_item_etag};
use crate::sharepoint::odata::{Data, Entity, Expanded};
use crate::sharepoint::times::coarse;

/// An expansion brings no more things than this.
const MOST_EXPANDED: usize = 5000;

impl Ctx {
    fn api(&self, path: &str) -> String {
        format!("{}/_api/{path}", self.site_url())
    }

    fn at_path(&self, kind: &str, entry: &Entry) -> String {
        let path = encode(&self.site.path_of(entry).replace('\'', "''")).replace("%2F", "/");
        self.api(&format!("Web/Get{kind}ByServerRelativePath(decodedurl='{path}')"))
    }

    pub(super) fn site_entity(&self) -> Entity {
        let fields = vec![
            ("Id", Data::Guid(self.site.id().to_string())),
            ("ServerRelativeUrl", Data::text(if self.site.url.is_empty() { "/" } else { &self.site.url })),
            ("Url", Data::Text(self.site_url())),
            ("ReadOnly", Data::Bool(false)),
        ];
        let links: &[&str] = &["RootWeb", "RecycleBin"];
        Entity { type_name: "SP.Site", uri: self.api("site"), etag: None, fields, links, expanded: Vec::new() }
    }

    pub(super) fn web_entity(&self) -> Entity {
        let fields = vec![
            ("Id", Data::Guid(self.site.web_id().to_string())),
            ("Title", Data::text(&self.site.title)),
            ("ServerRelativeUrl", Data::text(if self.site.url.is_empty() { "/" } else { &self.site.url })),
            ("Url", Data::Text(self.site_url())),
            ("WebTemplate", Data::text(if self.site.url.starts_with("/personal/") { "SPSPERS" } else { "STS" })),
            ("UIVersion", Data::Int32(15)),
        ];
        let links: &[&str] = &["CurrentUser", "Folders", "Lists", "RecycleBin", "RootFolder"];
        Entity { type_name: "SP.Web", uri: self.api("Web"), etag: None, fields, links, expanded: Vec::new() }
    }

    pub(super) fn list_entity(&self) -> Outcome<Entity> {
        let root = self.drive().item(self.site.root()?).ok_or_else(|| SpError::no_such("List"))?;
        let token = self.face.sync_tokens.change_token(self.site.list_id(), None, self.drive().last_change());
        let id = self.site.list_id().to_string();
        let uri = self.api(&format!("Web/Lists(guid'{id}')"));
        let fields = vec![
            ("AllowContentTypes", Data::Bool(true)),
            ("BaseTemplate", Data::Int32(if self.site.url.starts_with("/personal/") { 700 } else { 101 })),
            ("BaseType", Data::Int32(1)),
            ("Created", Data::Date(coarse(root.item.created))),
            ("CurrentChangeToken", Data::Complex("SP.ChangeToken", vec![("StringValue", Data::Text(token))])),
            ("EnableMinorVersions", Data::Bool(false)),
            ("EnableModeration", Data::Bool(false)),
            ("EnableVersioning", Data::Bool(true)),
            ("EntityTypeName", Data::text("Shared_x0020_Documents")),
            ("ExcludeFromOfflineClient", Data::Bool(false)),
            ("ForceCheckout", Data::Bool(false)),
            ("Hidden", Data::Bool(false)),
            ("Id", Data::Guid(id)),
            ("IrmEnabled", Data::Bool(false)),
            ("ItemCount", Data::count(root.totals.files)),
            ("LastItemModifiedDate", Data::Date(coarse(root.totals.changed))),
            ("ListItemEntityTypeFullName", Data::text("SP.Data.Shared_x0020_DocumentsItem")),
            ("Title", Data::text("Documents")),
        ];
        let links: &[&str] = &["RootFolder"];
        Ok(Entity {
            type_name: "SP.List",
            uri,
            etag: Some(format!("\"{}\"", counter(&root.item))),
            fields,
            links,
            expanded: Vec::new(),
        })
    }

    pub(super) fn folder_entity(&self, entry: &Entry) -> Entity {
        let (item, path) = (&entry.item, self.site.path_of(entry));
        let name = if self.site.library == Some(item.id) { self.site.library_name() } else { &item.name };
        let fields = vec![
            ("Exists", Data::Bool(true)),
            ("IsWOPIEnabled", Data::Bool(false)),
            ("ItemCount", Data::count(entry.totals.children)),
            ("Name", Data::text(name)),
            ("ProgID", Data::Null),
            ("ServerRelativePath", resource_path(&path)),
            ("ServerRelativeUrl", Data::Text(path)),
            ("TimeCreated", Data::Date(coarse(item.created))),
            ("TimeLastModified", Data::Date(coarse(item.modified))),
            ("UniqueId", Data::Guid(Guid::item(item.id).to_string())),
            ("WelcomePage", Data::text("")),
        ];
        let links: &[&str] = &["Files", "Folders", "ListItemAllFields", "ParentFolder", "StorageMetrics"];
        let uri = self.at_path("Folder", entry);
        Entity { type_name: "SP.Folder", uri, etag: None, fields, links, expanded: Vec::new() }
    }

    pub(super) fn file_entity(&self, entry: &Entry) -> Entity {
        let (item, path, tag) = (&entry.item, self.site.path_of(entry), etag(&entry.item));
        let versions = item.versions().len();
        let fields = vec![
            ("CheckInComment", Data::text("")),
            ("CheckOutType", Data::Int32(if item.lock.is_some() { 0 } else { 2 })),
            (
                "ContentTag",
                Data::Text(format!("{{{}}},{},0", Guid::item(item.id).to_string().to_uppercase(), versions)),
            ),
            ("CustomizedPageStatus", Data::Int32(0)),
            ("ETag", Data::Text(tag.clone())),
            ("Exists", Data::Bool(true)),
            ("IrmEnabled", Data::Bool(false)),
            ("Length", Data::Int64(i64::try_from(item.size()).unwrap_or(i64::MAX))),
            ("Level", Data::Int32(1)),
            ("LinkingUri", Data::Null),
            ("LinkingUrl", Data::text("")),
            ("ListId", Data::Guid(self.site.list_id().to_string())),
            ("MajorVersion", Data::count(versions)),
            ("MinorVersion", Data::Int32(0)),
            ("Name", Data::text(&*item.name)),
            ("ServerRelativePath", resource_path(&path)),
            ("ServerRelativeUrl", Data::Text(path)),
            ("SiteId", Data::Guid(self.site.id().to_string())),
            ("TimeCreated", Data::Date(coarse(item.created))),
            ("TimeLastModified", Data::Date(coarse(item.modified))),
            ("Title", Data::text("")),
            ("UIVersion", Data::count(versions * 512)),
            ("UIVersionLabel", Data::Text(format!("{versions}.0"))),
            ("UniqueId", Data::Guid(Guid::item(item.id).to_string())),
            ("WebId", Data::Guid(self.site.web_id().to_string())),
        ];
        let links: &[&str] =
            &["Author", "CheckedOutByUser", "ListItemAllFields", "LockedByUser", "ModifiedBy", "Versions"];
        let uri = self.at_path("File", entry);
        Entity { type_name: "SP.File", uri, etag: Some(tag), fields, links, expanded: Vec::new() }
    }

    pub(super) fn list_item_entity(&self, entry: &Entry) -> Entity {
        let item = &entry.item;
        let kind = i64::from(!item.is_file());
        let fields = vec![
            ("FileSystemObjectType", Data::Int32(kind)),
            ("Id", Data::count(item.id.0)),
            ("ID", Data::count(item.id.0)),
            ("ContentTypeId", Data::text(if item.is_file() { "0x0101" } else { "0x0120" })),
            ("Created", Data::Date(coarse(item.created))),
            ("FileLeafRef", Data::text(&*item.name)),
            ("FileRef", Data::Text(self.site.path_of(entry))),
            ("GUID", Data::Guid(Guid::item(item.id).to_string())),
            ("Modified", Data::Date(coarse(item.modified))),
            ("Title", item.description.as_deref().map_or(Data::Null, Data::text)),
            ("OData__UIVersionString", Data::Text(format!("{}.0", item.versions().len().max(1)))),
        ];
        let links: &[&str] = &["File", "Folder", "ParentList"];
        let uri = self.api(&format!("Web/Lists(guid'{}')/Items({})", self.site.list_id(), item.id.0));
        let type_name = "SP.Data.Shared_x0020_DocumentsItem";
        Entity { type_name, uri, etag: Some(list_item_etag(item)), fields, links, expanded: Vec::new() }
    }

    pub(super) fn user_entity(&self, id: UserId) -> Entity {
        let user = self.drive().user(id);
        let email = user.as_ref().map_or("system@emulated.local", |user| user.email.as_str()).to_owned();
        let title = user.map_or_else(
            || "System Account".to_owned(),
            |user| {
                let (first, last) = user.names();
                format!("{first} {last}")
            },
        );
        let fields = vec![
            ("Id", Data::count(id.0)),
            ("IsHiddenInUI", Data::Bool(false)),
            ("LoginName", Data::Text(format!("i:0#.w|{}", self.login_name(id)))),
            ("Title", Data::Text(title)),
            ("PrincipalType", Data::Int32(1)),
            ("Email", Data::Text(email)),
            ("IsSiteAdmin", Data::Bool(false)),
        ];
        let uri = self.api(&format!("Web/GetUserById({})", id.0));
        Entity { type_name: "SP.User", uri, etag: None, fields, links: &["Groups"], expanded: Vec::new() }
    }

    /// What `$expand` asks for.
    pub(super) fn expanded(&self, node: &Node, entity: Entity) -> Outcome<Entity> {
        let asked = self.call.query.get("$expand").unwrap_or_default();
        let names: Vec<String> =
            asked.split(',').map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty()).collect();
        self.expand(node, entity, &names)
    }

    fn expand(&self, node: &Node, mut entity: Entity, names: &[String]) -> Outcome<Entity> {
        let direct = |name: &str| names.iter().any(|asked| asked.split('/').next() == Some(name));
        let deeper = |name: &str| -> Vec<String> {
            names.iter().filter_map(|asked| asked.strip_prefix(name)?.strip_prefix('/')).map(str::to_owned).collect()
        };
        let one = |entity: Entity| Expanded::One(Box::new(entity));
        match node {
            Node::Folder(folder) => {
                for (name, key, files) in [("Files", "files", true), ("Folders", "folders", false)] {
                    if direct(key) {
                        let children = self.drive().children(folder.item.id, 0, Some(MOST_EXPANDED)).entries;
                        let shown = children
                            .into_iter()
                            .filter(|entry| if files { entry.item.is_file() } else { entry.item.is_folder() });
                        let all = shown.map(|entry| {
                            let node = if files { Node::File(entry) } else { Node::Folder(entry) };
                            self.expand(&node, self.entity(&node)?, &deeper(key))
                        });
                        entity.expanded.push((name, Expanded::Many(all.collect::<Outcome<_>>()?)));
                    }
                }
                if direct("listitemallfields") {
                    entity.expanded.push(("ListItemAllFields", one(self.list_item_entity(folder))));
                }
                if direct("parentfolder")
                    && let Ok(parent) = self.parent_of(folder)
                {
                    entity.expanded.push(("ParentFolder", one(self.folder_entity(&parent))));
                }
            }
            Node::File(file) => {
                if direct("listitemallfields") {
                    entity.expanded.push(("ListItemAllFields", one(self.list_item_entity(file))));
                }
                if direct("author") {
                    entity.expanded.push(("Author", one(self.user_entity(file.item.creator))));
                }
                if direct("modifiedby") {
                    let by = file.version.as_ref().map_or(file.item.creator, |version| version.creator);
                    entity.expanded.push(("ModifiedBy", one(self.user_entity(by))));
                }
                if let Some(lock) = file.item.lock.as_ref().filter(|_| direct("lockedbyuser")) {
                    entity.expanded.push(("LockedByUser", one(self.user_entity(lock.owner))));
                }
            }
            Node::ListItem(entry) => {
                if direct("file") && entry.item.is_file() {
                    entity.expanded.push(("File", one(self.file_entity(entry))));
                }
                if direct("folder") && entry.item.is_folder() {
                    entity.expanded.push(("Folder", one(self.folder_entity(entry))));
                }
            }
            Node::List if direct("rootfolder") => {
                let root = self.drive().item(self.site.root()?).ok_or_else(SpError::not_found)?;
                entity.expanded.push(("RootFolder", one(self.folder_entity(&root))));
            }
            _ => {}
        }
        Ok(entity)
    }
}

fn resource_path(path: &str) -> Data {
    Data::Complex("SP.ResourcePath", vec![("DecodedUrl", Data::text(path))])
}
