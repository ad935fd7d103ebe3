//! Sharing: anonymous links, and items shared with other users (SharePoint 2019's `$metadata`, `SP.Web` and
//! `SP.Sharing.DocumentSharingManager`).

use http::StatusCode;
use jiff::Timestamp;
use serde_json::Value;

use super::{flag, member, text};
use crate::drive::{Entry, User, UserId};
use crate::sharepoint::Ctx;
use crate::sharepoint::errors::{Outcome, SpError};
use crate::sharepoint::guests::{GuestLink, link_key};
use crate::sharepoint::odata::{Data, Segment};
use crate::sharepoint::places::{Grant, Site};

/// The ids of the roles "Contribute" and "Edit" in `roleValue`: `role:1073741827`.
const EDIT_ROLES: [&str; 3] = ["1073741827", "1073741830", "1073741829"];
/// SP.Sharing.Role: None, View, Edit, Owner.
const ROLE_NONE: u64 = 0;
const ROLE_EDIT: u64 = 2;

impl Ctx {
    pub(super) async fn sharing(&mut self, name: &str, step: &Segment) -> Outcome {
        let body = self.json_body().await?;
        let given = |key: &str| text(&body, key).map(str::to_owned).or_else(|| step.get(key).map(str::to_owned));
        let address = ["url", "objecturl", "resourceaddress", "fileurl"].iter().find_map(|key| given(key));
        let address = address.ok_or_else(|| SpError::bad_request("The parameter url is missing."))?;
        let (site, entry) = self.shareable(&address)?;
        let edit = flag(&body, "isEditLink") || step.is_true("iseditlink");
        match name {
            "createanonymouslink" => self.link(&site, &entry, edit, None, "CreateAnonymousLink"),
            "createanonymouslinkwithexpiration" => {
                let end = given("expirationString").or_else(|| given("expirationstring")).unwrap_or_default();
                let end: Timestamp =
                    end.parse().map_err(|_| SpError::bad_request("The parameter expirationString is not a date."))?;
                self.link(&site, &entry, edit, Some(end), "CreateAnonymousLinkWithExpiration")
            }
            "deleteanonymouslinkforobject" => {
                self.face.guest_links.remove(&link_key(entry.item.id, edit));
                self.told("DeleteAnonymousLinkForObject", Data::Null)
            }
            "deleteallanonymouslinksforobject" => {
                [false, true]
                    .iter()
                    .for_each(|edit| drop(self.face.guest_links.remove(&link_key(entry.item.id, *edit))));
                self.told("DeleteAllAnonymousLinksForObject", Data::Null)
            }
            "getsharinglinkkind" => {
                let has = |edit| self.face.guest_links.get(&link_key(entry.item.id, edit)).is_some();
                // SP.SharingLinkKind: 4 anonymous to view, 5 to edit, 0 none.
                let kind = if has(true) {
                    5
                } else if has(false) {
                    4
                } else {
                    0
                };
                self.told("GetSharingLinkKind", Data::Int32(kind))
            }
            "shareobject" => self.share_object(&site, &entry, &body),
            "unshareobject" => {
                let all = self.face.places.grants.all().into_iter().filter(|grant| grant.item == entry.item.id);
                all.for_each(|grant| self.revoke(&entry, grant.user));
                [false, true]
                    .iter()
                    .for_each(|edit| drop(self.face.guest_links.remove(&link_key(entry.item.id, *edit))));
                self.told("UnshareObject", sharing_result(0, None, &entry, Vec::new()))
            }
            "updatedocumentsharinginfo" => self.update_sharing(&entry, &body),
            _ => Err(SpError::no_resource(&self.call.path)),
        }
    }

    /// What may be shared by who asks.
    fn shareable(&self, address: &str) -> Outcome<(Site, Entry)> {
        let found = self.site_and_item(address).or_else(|_| self.site_and_item(&crate::http::decode(address)));
        let (site, entry) = found?;
        if !self.face.places.may(&self.user, &site, &entry, true) {
            return Err(SpError::access_denied());
        }
        Ok((site, entry))
    }

    /// The link of an item: an item has one of each kind, with a new end if one is given.
    fn link(&self, site: &Site, entry: &Entry, edit: bool, expires: Option<Timestamp>, name: &'static str) -> Outcome {
        let (key, links) = (link_key(entry.item.id, edit), &self.face.guest_links);
        let link = match links.get(&key) {
            Some(known) => GuestLink { expires: expires.or(known.expires), ..known },
            None => GuestLink { token: self.face.link_token(), item: entry.item.id, edit, expires, by: self.user.id },
        };
        links.put(&key, link.clone());
        self.told(name, Data::Text(link.url(&format!("{}{}", self.call.base, site.url))))
    }

    fn share_object(&self, site: &Site, entry: &Entry, body: &Value) -> Outcome {
        let picked = text(body, "peoplePickerInput").unwrap_or("[]");
        let people: Vec<Value> =
            serde_json::from_str(picked).map_err(|_| SpError::bad_request("The peoplePickerInput is not valid."))?;
        let role = text(body, "roleValue").unwrap_or_default();
        let edit = EDIT_ROLES.iter().any(|id| role.ends_with(id));
        let mut invited = Vec::new();
        for person in &people {
            let names = ["Key", "Description", "EntityData.Email"].iter().filter_map(|key| text(person, key));
            let Some(user) = names.into_iter().find_map(|name| self.person(name)) else {
                let message = "The user does not exist or is not unique.";
                return Err(SpError::new(
                    StatusCode::BAD_REQUEST,
                    "-2130575276, Microsoft.SharePoint.SPException",
                    message,
                ));
            };
            self.grant(entry, &user, edit);
            invited.push(user);
        }
        let url = format!("{}{}", self.call.base, site.path_of(entry));
        self.told("ShareObject", sharing_result(0, Some(url), entry, invited))
    }

    fn grant(&self, entry: &Entry, user: &User, edit: bool) {
        let grant = Grant { item: entry.item.id, user: user.id, edit };
        self.face.places.grants.put(&grant_key(entry, user.id.0), grant);
    }

    fn revoke(&self, entry: &Entry, user: UserId) {
        self.face.places.grants.remove(&grant_key(entry, user.0));
    }

    /// A user by account name, claim, or e-mail address.
    fn person(&self, name: &str) -> Option<User> {
        self.face.account(name).cloned()
    }

    fn update_sharing(&self, entry: &Entry, body: &Value) -> Outcome {
        let assignments = member(body, "userRoleAssignments");
        let assignments = assignments.map(|all| all.get("results").unwrap_or(all)).and_then(Value::as_array);
        let assignments =
            assignments.ok_or_else(|| SpError::bad_request("The parameter userRoleAssignments is missing."))?;
        let mut results = Vec::new();
        for assignment in assignments {
            let name = text(assignment, "UserId").unwrap_or_default();
            let role = member(assignment, "Role").and_then(Value::as_u64).unwrap_or(1);
            let user = self.person(name);
            if let Some(user) = &user {
                match role {
                    ROLE_NONE => self.revoke(entry, user.id),
                    role => self.grant(entry, user, role >= ROLE_EDIT),
                }
            }
            let message = user.is_none().then_some("The user does not exist or is not unique.");
            let fields = vec![
                ("AllowedRoles", Data::List("Edm.Int32", [0, 1, 2].map(Data::Int32).to_vec())),
                ("CurrentRole", Data::count(role)),
                ("DisplayName", Data::text(user.as_ref().map_or(name, |user| user.email.as_str()))),
                ("Email", Data::text(user.as_ref().map_or("", |user| user.email.as_str()))),
                ("InvitationLink", Data::Null),
                ("IsUserKnown", Data::Bool(user.is_some())),
                ("Message", message.map_or(Data::Null, Data::text)),
                ("Status", Data::Bool(user.is_some())),
                ("User", Data::text(name)),
            ];
            results.push(Data::Complex("SP.Sharing.UserSharingResult", fields));
        }
        self.told("UpdateDocumentSharingInfo", Data::List("SP.Sharing.UserSharingResult", results))
    }
}

fn grant_key(entry: &Entry, user: u64) -> String {
    format!("{:016x}/{user:016x}", entry.item.id.0)
}

/// `SP.SharingResult`.
fn sharing_result(status: i64, url: Option<String>, entry: &Entry, invited: Vec<User>) -> Data {
    let invited = invited.into_iter().map(|user| {
        let fields =
            vec![("Email", Data::text(&user.email)), ("User", Data::text(&user.email)), ("Status", Data::Bool(true))];
        Data::Complex("SP.Sharing.UserSharingResult", fields)
    });
    let fields = vec![
        ("ErrorMessage", Data::Null),
        ("IconUrl", Data::Null),
        ("InvitedUsers", Data::List("SP.Sharing.UserSharingResult", invited.collect())),
        ("Name", Data::text(&*entry.item.name)),
        ("PermissionsPageRelativeUrl", Data::Null),
        ("StatusCode", Data::Int32(status)),
        ("UniquelyPermissionedUsers", Data::List("SP.Sharing.UserSharingResult", Vec::new())),
        ("Url", url.map_or(Data::Null, Data::Text)),
        ("UsersAddedToGroup", Data::List("SP.Sharing.UserSharingResult", Vec::new())),
    ];
    Data::Complex("SP.SharingResult", fields)
}
