//! What stands beside items: the folder access information, access controls, zones and redirections.

use serde_json::{Value, json};

use super::ids;
use super::items::children_url;
use super::wire::View;
use crate::drive::{Entry, Item, Kind, Role, fold};

/// The zone of everything that asked for no other.
pub(super) const DEFAULT_ZONE: &str = "zp3c74dec1-66f4-47b9-bac2-0d85b629e57a";

/// The storage zone an item lives in: the nearest that a folder above it asked for.
pub(super) fn zone_of(entry: &Entry) -> String {
    let zone = |item: &Item| match &item.kind {
        Kind::Folder { zone, .. } => zone.as_deref().map(str::to_owned),
        _ => None,
    };
    let above = || entry.ancestors.iter().rev().find_map(|folder| zone(folder));
    zone(&entry.item).or_else(above).unwrap_or_else(|| DEFAULT_ZONE.to_owned())
}

pub(super) fn same_zone(one: &str, other: &str) -> bool {
    fold(one) == fold(other)
}

pub(super) fn zone(view: &View, entry: &Entry) -> Value {
    let id = zone_of(entry);
    json!({
        "Name": "Emulated zone", "ZoneType": "Public", "ZoneServices": "StorageZone",
        "Id": id, "url": format!("{}/Zones({id})", view.root), "odata.type": "ShareFile.Api.Models.Zone",
        "odata.metadata": format!("{}/$metadata#Zones/ShareFile.Api.Models.Zone@Element", view.root),
    })
}

/// Where the children of a folder or symbolic link are to be had; `None` for other kinds.
pub(super) fn redirection(view: &View, entry: &Entry) -> Option<Value> {
    let (uri, root) = match &entry.item.kind {
        Kind::SymbolicLink { target } => (children_url(target), Value::Null),
        Kind::Folder { .. } => (format!("{}/Children", view.url(&ids::item_id(entry))), Value::Null),
        _ => return None,
    };
    Some(redirection_to(view, &uri, &root))
}

pub(super) fn redirection_to(view: &View, uri: &str, root: &Value) -> Value {
    let domain = uri.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let mut redirection = json!({
        "Method": "GET", "Uri": uri, "Domain": domain, "SessionCheck": false, "Available": true,
        "odata.type": "ShareFile.Api.Models.Redirection",
        "odata.metadata": format!("{}/$metadata#ShareFile.Api.Models.Redirection@Element", view.root),
    });
    if let (Some(object), false) = (redirection.as_object_mut(), root.is_null()) {
        object.insert("Root".into(), root.clone());
    }
    redirection
}

/// The caller's access to a folder: everything, for each user may do everything in this account.
pub(super) fn access_controls(view: &View, entry: &Entry) -> Vec<Value> {
    let users = view.caller.iter();
    users.map(|user| access_control(view, entry, &ids::user_id(user.id), view.user_json(user.id))).collect()
}

fn access_control(view: &View, entry: &Entry, principal: &str, user: Value) -> Value {
    let item = ids::item_id(entry);
    let id = format!("principalid={principal},itemid={item}");
    json!({
        "Principal": user, "CanUpload": true, "CanDownload": true, "CanView": true, "CanDelete": true,
        "CanManagePermissions": true, "NotifyOnUpload": false, "NotifyOnDownload": false, "IsOwner": true,
        "Id": id, "url": format!("{}/AccessControls({id})", view.root),
        "odata.type": "ShareFile.Api.Models.AccessControl",
        "odata.metadata": format!("{}/$metadata#AccessControls/ShareFile.Api.Models.AccessControl@Element", view.root),
    })
}

/// What a tree view is for: the mode, and whether the folder may be the target of the operation.
#[derive(Debug, Clone)]
pub(super) struct TreeMode {
    pub(super) mode: String,
    pub(super) source: Option<String>,
    pub(super) allowed: bool,
}

/// The access information of a folder.
pub(super) fn item_info(view: &View, entry: &Entry, tree: Option<&TreeMode>) -> Value {
    let mut info = json!({
        "TreeMode": tree.map_or("Standard", |tree| tree.mode.as_str()),
        "Versioning": "Enabled", "MaxVersions": -1, "ForcedSortField": "", "ForcedSortOrder": "",
        "SortField": "Name", "SortDirection": "Ascending",
        "CurrentAccessControl": access_controls(view, entry).into_iter().next(),
        "odata.type": "ShareFile.Api.Models.ItemInfo",
        "odata.metadata": format!("{}/$metadata#ShareFile.Api.Models.ItemInfo@Element", view.root),
        "url": format!("{}/Info", view.url(&ids::item_id(entry))),
    });
    if let Some(object) = info.as_object_mut() {
        let flags = flags(view, entry, tree.is_some_and(|tree| tree.allowed));
        object.extend(flags.into_iter().map(|(name, flag)| (name.to_owned(), flag.into())));
        object.extend(tree.and_then(|tree| Some(("TreeModeSourceId".to_owned(), tree.source.clone()?.into()))));
    }
    info
}

fn flags(view: &View, entry: &Entry, allowed: bool) -> [(&'static str, bool); 31] {
    let role = entry.item.role();
    let mine = view.caller.as_ref().is_some_and(|user| user.home == entry.item.id);
    let plain = role == Role::Plain;
    let holds_items = holds_items(entry);
    [
        ("HasVroot", false),
        ("IsSystemRoot", role == Role::System),
        ("IsAccountRoot", role == Role::Root),
        ("IsVRoot", false),
        ("IsMyFolders", mine),
        ("IsAHomeFolder", role == Role::Home),
        ("IsMyHomeFolder", mine),
        ("IsAStartFolder", plain && entry.ancestors.len() <= 2),
        ("IsSharedFolder", entry.ancestors.iter().any(|folder| folder.role() == Role::Shared)),
        ("IsPassthrough", false),
        ("IsVersioned", true),
        ("CanAddFolder", holds_items),
        ("CanAddNode", holds_items),
        ("CanView", true),
        ("CanDownload", true),
        ("CanWatermarkDownload", false),
        ("CanDocViewerPrint", false),
        ("CanUpload", holds_items),
        ("CanSend", true),
        ("CanDeleteCurrentItem", plain),
        ("CanDeleteChildItems", holds_items),
        ("CanManagePermissions", plain),
        ("CanEditFolderOpts", plain),
        ("CanEditRetentionPolicy", false),
        ("CanEditFolderExpirationDays", false),
        ("CanEditFolderExpirationDate", plain),
        ("CanEditFolderMaxVersions", false),
        ("CanEditFolderVersioning", false),
        ("CanCreateOfficeDocuments", false),
        ("ShowFolderPayBuyButton", false),
        ("TreeModeOperationAllowed", allowed),
    ]
}

/// Whether users may put items into a folder: the account's own folders hold none, except the shared ones.
pub(super) fn holds_items(folder: &Entry) -> bool {
    matches!(folder.item.role(), Role::Plain | Role::Home | Role::Shared)
}
