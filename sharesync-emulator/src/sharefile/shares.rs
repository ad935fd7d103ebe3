//! Shares: links for downloading (Send) and for uploading (Request). Their form on the wire is in `share_wire`,
//! their public pages in `share_page`.

use std::sync::Arc;

use http::Method;
use jiff::Timestamp;
use serde_json::Value;

use super::download::{Archive, Target, target_of};
use super::errors::{ApiError, Outcome};
use super::fields::{Fields, When};
use super::info::{self, DEFAULT_ZONE};
use super::share_wire::{aliases, share_id};
use super::upload::after_days;
use super::{Ctx, Segment, ids, no_content};
use crate::drive::{Drive, Entry, Purpose, Share, SharedItem, UserId};
use crate::http::Query;

/// A share that says nothing about its end lasts this long.
const DEFAULT_DAYS: i64 = 30;

impl Ctx {
    pub(super) fn route_shares(&self, id: Option<&str>, rest: &[Segment]) -> Outcome {
        let (action, argument) = match rest {
            [] => ("", None),
            [action, ..] => (action.name.as_str(), action.argument.as_deref()),
        };
        let sub = rest.get(1).map_or("", |segment| segment.name.as_str());
        let Some(id) = id else {
            return self.route_all_shares(action, argument);
        };
        match (&self.call.method, action, argument, sub) {
            (&Method::GET, "", ..) => self.get_share(id),
            (&Method::PATCH, "", ..) => self.update_share(id),
            (&Method::DELETE, "", ..) => self.delete_share(id),
            (&Method::GET, "items", None, _) => self.share_items(id),
            (&Method::GET, "items", Some(item), _) => self.share_item(id, item),
            (&Method::GET, "recipients", None, _) => self.recipients(id),
            (&Method::POST, "recipients", None, _) => self.add_recipient(id, self.call.query.get("email")),
            (&Method::POST, "alias", ..) => self.add_recipient(id, self.call.query.get("email")),
            (&Method::GET, "download", ..) | (&Method::GET, "recipients", Some(_), "downloadwithalias") => {
                self.download_share(id)
            }
            (&Method::POST, "bulkdownload", ..) | (&Method::POST, "recipients", Some(_), "bulkdownload") => {
                self.bulk_download_share(id)
            }
            (&Method::POST | &Method::GET, "upload", ..) => {
                self.upload_to_share(id, &Fields::from_query(&self.call.query))
            }
            (&Method::POST, "upload2", ..) => self.upload_to_share(id, &self.upload2_fields()?),
            (&Method::GET, "redirection", ..) => self.share_redirection(id),
            _ => Err(ApiError::no_such_call(action)),
        }
    }

    fn route_all_shares(&self, action: &str, _argument: Option<&str>) -> Outcome {
        self.user()?;
        match (&self.call.method, action) {
            (&Method::GET, "") => self.list_shares(),
            (&Method::POST, "") => self.create_share(),
            (&Method::POST, "send") => self.create_send(),
            (&Method::POST, "request") => self.create_request(),
            (&Method::GET, "inbox") => self.inbox(),
            _ => Err(ApiError::no_such_call(action)),
        }
    }

    /// A share that the caller may use: its creator always; others until it has ended, and without signing in only if it allows that.
    fn share(&self, id: &str) -> Result<Arc<Share>, ApiError> {
        let share = ids::parse_share(id).and_then(|id| self.drive().share(id)).ok_or_else(ApiError::not_found)?;
        let is_creator = self.user.as_ref().is_some_and(|user| user.id == share.creator);
        if is_creator || (self.user.is_some() && self.call.query.is_true("includeexpired")) {
            return Ok(share);
        }
        if share.has_ended(Drive::now()) {
            return Err(ApiError::not_found());
        }
        if share.require_login && self.user.is_none() {
            return Err(ApiError::unauthorized());
        }
        Ok(share)
    }

    /// A share that the caller made.
    fn own_share(&self, id: &str) -> Result<(Arc<Share>, UserId), ApiError> {
        let user = self.user()?.id;
        let share = self.share(id)?;
        if share.creator == user {
            Ok((share, user))
        } else {
            Err(ApiError::forbidden("Another user made this share."))
        }
    }

    fn get_share(&self, id: &str) -> Outcome {
        let share = self.share(id)?;
        self.object_reply(&self.share_json(&share))
    }

    fn list_shares(&self) -> Outcome {
        let user = self.user()?.id;
        let expired_too = self.call.query.flag("includeexpired").unwrap_or(true);
        let now = Drive::now();
        let shown = |share: &Arc<Share>| share.creator == user && (expired_too || !share.has_ended(now));
        self.shares_reply(shown)
    }

    fn inbox(&self) -> Outcome {
        let user = self.user()?;
        let sent_to_me =
            |share: &Arc<Share>| share.recipients.iter().any(|email| email.eq_ignore_ascii_case(&user.email));
        self.shares_reply(sent_to_me)
    }

    fn shares_reply(&self, shown: impl Fn(&Arc<Share>) -> bool) -> Outcome {
        let shares = self.drive().shares();
        let shown: Vec<_> = shares.iter().filter(|share| shown(share)).map(|share| self.share_json(share)).collect();
        self.objects_reply("Shares", &shown)
    }

    fn create_share(&self) -> Outcome {
        let fields = self.fields()?;
        let kind = fields.get("ShareType").map(|kind| kind.as_str().map_or_else(|| kind.to_string(), str::to_owned));
        let purpose = match kind.unwrap_or_default().to_ascii_lowercase().as_str() {
            "send" | "1" => self.send_purpose(&fields.objects("Items"), &fields)?,
            "request" | "0" => self.request_purpose(fields.id_of("Parent"))?,
            _ => return Err(ApiError::bad_request("ShareType must be Send or Request.")),
        };
        let expires = match fields.date("ExpirationDate")? {
            None | Some(When::Null) => after_days(DEFAULT_DAYS),
            Some(When::Never) => None,
            Some(When::At(end)) => Some(end),
        };
        let recipients = fields.objects("Recipients").iter().filter_map(|to| self.recipient(to)).collect();
        self.add_share(&fields, purpose, expires, recipients)
    }

    /// `Shares/Send`: ids of items, addresses, and an e-mail that is not sent here.
    fn create_send(&self) -> Outcome {
        let fields = self.fields()?;
        let purpose = self.send_purpose(&fields.objects("Items"), &fields)?;
        self.add_share(&fields, purpose, expiry_in_days(&fields), texts(&fields, "Emails"))
    }

    fn create_request(&self) -> Outcome {
        let fields = self.fields()?;
        let purpose = self.request_purpose(fields.some_text("FolderId").map(str::to_owned))?;
        self.add_share(&fields, purpose, expiry_in_days(&fields), texts(&fields, "Emails"))
    }

    fn send_purpose(&self, items: &[Fields], fields: &Fields) -> Result<Purpose, ApiError> {
        let streams = fields.is_true("UsesStreamIDs");
        let shared = items.iter().map(|item| {
            let entry = self.find(item.some_text("Id").ok_or_else(|| ApiError::missing("Items"))?)?;
            let version = entry.version.filter(|_| !streams).map(|version| version.id);
            Ok(SharedItem::new(entry.item.id, version))
        });
        let items = shared.collect::<Result<Vec<_>, ApiError>>()?;
        if items.is_empty() { Err(ApiError::missing("Items")) } else { Ok(Purpose::Send { items }) }
    }

    fn request_purpose(&self, folder: Option<String>) -> Result<Purpose, ApiError> {
        let folder = self.find_folder(&folder.ok_or_else(|| ApiError::missing("Parent"))?)?;
        self.may_hold(&folder)?;
        Ok(Purpose::Request { folder: folder.item.id })
    }

    fn add_share(
        &self,
        fields: &Fields,
        purpose: Purpose,
        expires: Option<Timestamp>,
        recipients: Vec<String>,
    ) -> Outcome {
        let by = self.user()?.id;
        let title = fields.some_text("Title").or_else(|| fields.some_text("Subject")).unwrap_or_default();
        let share = Share {
            title: title.to_owned(),
            expires,
            max_downloads: fields.number("MaxDownloads").and_then(limit),
            require_login: fields.is_true("RequireLogin"),
            require_user_info: fields.is_true("RequireUserInfo"),
            view_only: fields.is_true("IsViewOnly"),
            recipients,
            ..Share::new(by, purpose)
        };
        let share = self.drive().add_share(by, share)?;
        self.object_reply(&self.share_json(&share))
    }

    fn update_share(&self, id: &str) -> Outcome {
        let (share, user) = self.own_share(id)?;
        let fields = self.fields()?;
        let added = match &share.purpose {
            Purpose::Send { .. } if fields.get("Items").is_some() => {
                Some(self.send_purpose(&fields.objects("Items"), &fields)?)
            }
            _ => None,
        };
        let append = self.call.query.flag("appenditemsfeed").unwrap_or(true);
        let expires = fields.date("ExpirationDate")?;
        let changed = self.drive().change_share(user, share.id, |share| {
            change(share, &fields, expires);
            if let (Purpose::Send { items }, Some(Purpose::Send { items: added })) = (&mut share.purpose, added) {
                if !append {
                    items.clear();
                }
                items.extend(added);
            }
            Arc::new(share.clone())
        })?;
        self.object_reply(&self.share_json(&changed))
    }

    fn delete_share(&self, id: &str) -> Outcome {
        let (share, user) = self.own_share(id)?;
        self.drive().remove_share(user, share.id)?;
        no_content()
    }

    fn share_items(&self, id: &str) -> Outcome {
        let share = self.share(id)?;
        self.feed_reply(&self.wanted()?, entries(self.drive(), &share))
    }

    /// An item of a share, or one below a shared folder.
    fn share_item(&self, id: &str, item: &str) -> Outcome {
        let share = self.share(id)?;
        let entry = self.shared_entry(&share, item)?;
        self.item_reply(&entry)
    }

    fn shared_entry(&self, share: &Share, item: &str) -> Result<Entry, ApiError> {
        let shared = entries(self.drive(), share);
        if let Some(entry) = shared.iter().find(|entry| ids::item_id(entry).eq_ignore_ascii_case(item)) {
            return Ok(entry.clone());
        }
        let wanted = self.find(item)?;
        let is_shared = |id| shared.iter().any(|entry| entry.item.id == id && entry.item.is_folder());
        let inside = wanted.ancestors.iter().any(|folder| is_shared(folder.id));
        if inside { Ok(wanted) } else { Err(ApiError::not_found()) }
    }

    fn recipients(&self, id: &str) -> Outcome {
        let (share, _) = self.own_share(id)?;
        let view = self.view();
        self.objects_reply("ShareAliases", &aliases(&view, &self.call.base, &share))
    }

    fn add_recipient(&self, id: &str, email: Option<&str>) -> Outcome {
        let (share, user) = self.own_share(id)?;
        let email = email.ok_or_else(|| ApiError::missing("Email"))?.to_owned();
        let changed = self.drive().change_share(user, share.id, |share| {
            if !share.recipients.iter().any(|known| known.eq_ignore_ascii_case(&email)) {
                share.recipients.push(email);
            }
            share.clone()
        })?;
        let aliases = aliases(&self.view(), &self.call.base, &changed);
        self.object_reply(aliases.last().unwrap_or(&Value::Null))
    }

    /// The address of a recipient: written out, or that of a user of the account.
    fn recipient(&self, recipient: &Fields) -> Option<String> {
        let user = recipient.object("User").unwrap_or_else(|| recipient.clone());
        let by_id = || ids::parse_user(user.some_text("Id")?).and_then(|id| self.drive().user(id));
        user.some_text("Email").map(str::to_owned).or_else(|| by_id().map(|user| user.email))
    }

    fn download_share(&self, id: &str) -> Outcome {
        let share = self.share(id)?;
        let target = match self.call.query.any(&["id", "itemid"]) {
            Some(item) => target_of(self.shared_entry(&share, item)?, false)?,
            None => whole(self.drive(), &share)?,
        };
        use_once(self.drive(), &share, &self.call.query)?;
        self.download_reply(DEFAULT_ZONE, target)
    }

    fn bulk_download_share(&self, id: &str) -> Outcome {
        let share = self.share(id)?;
        let wanted = self.ids()?.iter().map(|item| self.shared_entry(&share, item)).collect::<Result<Vec<_>, _>>()?;
        let items = wanted.iter().map(|entry| entry.item.id).collect();
        use_once(self.drive(), &share, &self.call.query)?;
        self.download_reply(DEFAULT_ZONE, Target::Archive(Archive::of("Files.zip".to_owned(), items, false)))
    }

    fn upload_to_share(&self, id: &str, fields: &Fields) -> Outcome {
        let share = self.share(id)?;
        let Purpose::Request { folder } = share.purpose else {
            return Err(ApiError::bad_request("Only a Request share takes uploads."));
        };
        if share.has_ended(Drive::now()) {
            return Err(ApiError::not_found());
        }
        let folder = self.drive().item(folder).filter(|folder| !folder.is_deleted());
        self.prepare_upload(&folder.ok_or_else(ApiError::not_found)?, fields)
    }

    fn share_redirection(&self, id: &str) -> Outcome {
        let share = self.share(id)?;
        let view = self.view();
        let uri = format!("{}/Shares({})/Items", view.root, share_id(&share));
        self.object_reply(&info::redirection_to(&view, &uri, &Value::Null))
    }
}

fn change(share: &mut Share, fields: &Fields, expires: Option<When>) {
    if let Some(title) = fields.text("Title") {
        share.title = title.to_owned();
    }
    if let Some(expires) = expires {
        share.expires = expires.moment();
    }
    if let Some(most) = fields.number("MaxDownloads") {
        share.max_downloads = limit(most);
    }
    share.require_login = fields.flag("RequireLogin").unwrap_or(share.require_login);
    share.require_user_info = fields.flag("RequireUserInfo").unwrap_or(share.require_user_info);
    share.view_only = fields.flag("IsViewOnly").unwrap_or(share.view_only);
}

/// -1 is without limit.
fn limit(most: i64) -> Option<u64> {
    u64::try_from(most).ok()
}

/// -1 is never; nothing is the default.
fn expiry_in_days(fields: &Fields) -> Option<Timestamp> {
    after_days(fields.number("ExpirationDays").unwrap_or(DEFAULT_DAYS))
}

fn texts(fields: &Fields, name: &str) -> Vec<String> {
    let values = fields.get(name).and_then(Value::as_array).into_iter().flatten();
    values.filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

/// The items of a share that are still there.
pub(super) fn entries(drive: &Drive, share: &Share) -> Vec<Entry> {
    let Purpose::Send { items } = &share.purpose else {
        return Vec::new();
    };
    let entry = |shared: &SharedItem| match shared.version {
        Some(version) => drive.version(version),
        None => drive.item(shared.item),
    };
    items.iter().filter_map(entry).filter(|entry| !entry.is_deleted()).collect()
}

/// All of a share: one file as it is, everything else in an archive.
pub(super) fn whole(drive: &Drive, share: &Share) -> Result<Target, ApiError> {
    let entries = entries(drive, share);
    match entries.as_slice() {
        [] => Err(ApiError::not_found()),
        [only] => target_of(only.clone(), false),
        several => {
            let items = several.iter().map(|entry| entry.item.id).collect();
            Ok(Target::Archive(Archive::of("Files.zip".to_owned(), items, false)))
        }
    }
}

/// Counts a use of a share; refuses it when the share does not allow it.
pub(super) fn use_once(drive: &Drive, share: &Share, query: &Query) -> Result<(), ApiError> {
    if share.view_only {
        return Err(ApiError::forbidden("The items of this share can only be viewed."));
    }
    if share.require_user_info && (query.get("name").is_none() || query.get("email").is_none()) {
        return Err(ApiError::bad_request("This share requires Name and Email of its user."));
    }
    let now = Drive::now();
    let counted = drive.change_share(share.creator, share.id, |share| {
        let allowed = !share.has_ended(now);
        share.downloads += u64::from(allowed);
        allowed
    })?;
    if counted { Ok(()) } else { Err(ApiError::not_found()) }
}
