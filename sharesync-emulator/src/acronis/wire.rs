//! Nodes and users as JSON.

use serde_json::{Map, Value, json};

use super::ids;
use super::sight::{Node, Sight};
use crate::drive::User;

/// What the root is called.
const ROOT_NAME: &str = "Sync & Share";

/// A time in whole seconds.
pub(super) fn seconds(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

pub(super) fn user(user: &User) -> Value {
    json!({"uuid": ids::user(user.id), "name": user_name(user), "email": user.email})
}

pub(super) fn user_name(user: &User) -> String {
    let (first, last) = user.names();
    format!("{first} {last}")
}

impl Sight {
    /// A node as listings and single answers give it.
    pub(super) fn whole(&self, node: &Node) -> Value {
        let mut fields = self.plain(node);
        fields.insert("synced".to_owned(), "not_synced".into());
        fields.insert("permissions".to_owned(), self.permissions(node));
        let office = json!({"can_create_files_into": false, "can_be_previewed": false, "can_be_edited": false});
        fields.insert("office_online_permissions".to_owned(), office);
        fields.insert("actions".to_owned(), actions(node));
        if node.entry.item.is_file() {
            fields.insert("preview_type".to_owned(), preview_type(&node.entry.item.name).into());
        }
        Value::Object(fields)
    }

    /// A node as the 409 answer gives it: without permissions and actions.
    pub(super) fn conflict(&self, node: &Node) -> Value {
        Value::Object(self.plain(node))
    }

    fn plain(&self, node: &Node) -> Map<String, Value> {
        let item = &node.entry.item;
        let version = node.entry.version.as_ref();
        let names: Vec<&str> = node.chain.iter().map(|item| &*item.name).collect();
        let parent = node.chain.len().checked_sub(2).and_then(|above| node.chain.get(above));
        let changed = version.map_or(item.modified, |version| version.created);
        let mut fields = Map::new();
        let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        put("name", if node.is_root() { ROOT_NAME.into() } else { (*item.name).into() });
        put("path", names.join("/").into());
        put("uuid", uuid(node).into());
        put("parents", parents(node));
        put("is_directory", item.is_folder().into());
        put("checksum", version.map_or("", |version| &version.content.digests().md5).into());
        put("file_modification_date", seconds(changed).into());
        put("has_active_links", self.linked.contains(&item.id).into());
        put("has_shared_child_nodes", self.above_shared.contains(&item.id).into());
        put("has_writable_children", (item.is_folder() && node.rights.write).into());
        put("is_shared", self.members.is_shared(item.id).into());
        put("is_deleted", false.into());
        put("read_only", (!node.rights.write).into());
        put("owner", user(&node.owner));
        put("owner_email", node.owner.email.as_str().into());
        if !node.is_root() {
            put("parent_uuid", parent.map_or(ids::ROOT.to_owned(), |folder| ids::node(folder.id)).into());
        }
        if let Some(version) = version {
            put("size", version.content.len().into());
        }
        if let Some(end) = self.members.expiration(item.id) {
            put("expiration_date", seconds(end).into());
        }
        fields
    }

    fn permissions(&self, node: &Node) -> Value {
        let (folder, rights) = (node.entry.item.is_folder(), node.rights);
        let fixed = node.is_root() || node.is_mounted();
        json!({
            "can_be_copied": !node.is_root(), "can_be_downloaded": true, "can_be_restored": false,
            "can_be_deleted": rights.write && !fixed, "can_be_renamed": rights.write && !fixed,
            "can_be_moved": rights.write && !fixed, "can_create_folders_into": folder && rights.write,
            "can_create_files_into": folder && rights.write, "can_be_synced_2_way": false,
            "can_be_synced_1_way": false, "can_be_unsubscribed": node.is_mounted(),
            "can_be_shared_via_link": !folder && self.links_enabled, "can_be_shared": folder && rights.invite && !fixed,
            "can_view_members": rights.view_members, "can_invite": rights.invite,
            "can_selectively_purge_revisions": !folder && self.users_may_purge && rights.write,
        })
    }
}

fn uuid(node: &Node) -> String {
    if node.is_root() { ids::ROOT.to_owned() } else { ids::node(node.id()) }
}

/// From the root down to the node itself.
fn parents(node: &Node) -> Value {
    let root = json!({"name": ROOT_NAME, "uuid": ids::ROOT, "is_root": true});
    let below = node.chain.iter().map(|item| json!({"name": *item.name, "uuid": ids::node(item.id), "is_root": false}));
    std::iter::once(root).chain(below).collect()
}

fn actions(node: &Node) -> Value {
    let action = |name: &str| format!("/fc/api/v1/sync_and_share_nodes/{}/{name}", uuid(node));
    match node.entry.item.is_folder() {
        true => json!({"download": action("download"), "upload": action("upload")}),
        false if preview_type(&node.entry.item.name).is_empty() => json!({"download": action("download")}),
        false => json!({"download": action("download"), "preview": action("preview")}),
    }
}

/// What can be shown of a file, by its name; nothing of most.
pub(super) fn preview_type(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    match extension.as_deref() {
        Some("txt" | "md" | "log" | "csv") => "text",
        Some("png" | "jpg" | "jpeg" | "gif") => "image",
        Some("htm" | "html") => "html",
        Some("pdf") => "pdf",
        _ => "",
    }
}
