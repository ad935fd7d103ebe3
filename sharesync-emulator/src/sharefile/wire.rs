//! Items as JSON. One function, [`View::value`], says what each field is; writing, filtering and sorting all use it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Write;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::fields::end_text;
use super::ids;
use super::info;
use super::shape::{Field, Nav, Shape};
use crate::drive::{Drive, Entry, Item, Kind, Role, User, UserId};

/// What a field of an item is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    /// The item has no such field, or it is null: it is not written.
    Absent,
    Bool(bool),
    Number(u64),
    Text(Cow<'a, str>),
    Moment(Timestamp),
    Object(Json),
}

/// Renders what one caller sees. Made for one request; owns all it needs, so that a reply can be written while it is sent.
#[derive(Debug)]
pub(super) struct View {
    pub(super) drive: Drive,
    /// Scheme, host and provider: `http://host/sf/v3`.
    pub(super) root: String,
    pub(super) caller: Option<User>,
    names: HashMap<UserId, (String, String)>,
}

/// What all items of a folder have in common.
#[derive(Debug, Default)]
pub(super) struct Place {
    path: String,
    semantic: String,
}

impl View {
    pub(super) fn new(drive: Drive, root: String, caller: Option<User>) -> Self {
        let names = drive.users().into_iter().map(|user| (user.id, user.names())).collect();
        Self { drive, root, caller, names }
    }

    pub(super) fn url(&self, id: &str) -> String {
        format!("{}/Items({id})", self.root)
    }

    /// What an item shares with its siblings.
    pub(super) fn place(&self, entry: &Entry) -> Place {
        let mut place = Place::default();
        for folder in entry.ancestors.iter() {
            if folder.role() != Role::Homes {
                place.path += "/";
                place.path += &ids::container_id(folder);
            }
            if !matches!(folder.role(), Role::Root | Role::Homes) {
                place.semantic += "/";
                place.semantic += &self.shown_name(folder);
            }
        }
        place
    }

    pub(super) fn item(&self, entry: &Entry, shape: &Shape) -> Vec<u8> {
        let mut out = Vec::with_capacity(2048);
        self.write(&mut out, entry, shape, &self.place(entry));
        out
    }

    /// Appends an item as an object.
    pub(super) fn write(&self, out: &mut Vec<u8>, entry: &Entry, shape: &Shape, place: &Place) {
        out.push(b'{');
        for field in Field::ALL.iter().copied().filter(|field| shape.wants(*field)) {
            let value = self.value(entry, field, place);
            if value != Value::Absent {
                write_key(out, field.name());
                write_value(out, &value);
                out.push(b',');
            }
        }
        for (nav, inner) in shape.navs() {
            self.write_nav(out, entry, *nav, inner);
        }
        self.write_identity(out, entry);
        out.push(b'}');
    }

    fn write_identity(&self, out: &mut Vec<u8>, entry: &Entry) {
        let (id, kind, root) = (ids::item_id(entry), type_name(&entry.item), &self.root);
        let _ = write!(
            out,
            "\"Id\":\"{id}\",\"url\":\"{root}/Items({id})\",\"odata.type\":\"ShareFile.Api.Models.{kind}\",\
             \"odata.metadata\":\"{root}/$metadata#Items/ShareFile.Api.Models.{kind}@Element\""
        );
    }

    /// What a field of an item is.
    pub(super) fn value<'a>(&self, entry: &'a Entry, field: Field, place: &Place) -> Value<'a> {
        let item = &*entry.item;
        let version = entry.version.as_deref();
        match field {
            Field::Name | Field::FileName => Value::Text(self.shown_name(item)),
            Field::Description => text_or_absent(item.description.as_deref()),
            Field::CreationDate => Value::Moment(version.map_or(item.created, |version| version.created)),
            Field::ProgenyEditDate => Value::Moment(entry.totals.changed),
            Field::ClientCreatedDate => moment(version.map_or(item.client_created, |v| v.client_created)),
            Field::ClientModifiedDate => moment(client_modified(entry)),
            Field::ExpirationDate => Value::Text(end_text(item.expires).into()),
            Field::IsHidden => Value::Bool(item.role() == Role::Homes),
            Field::FileSizeBytes => Value::Number(size(entry)),
            Field::FileSizeInKB => Value::Number(size(entry).div_ceil(1024)),
            Field::Path => Value::Text(place.path.clone().into()),
            Field::SemanticPath => Value::Text(format!("{}/{}", place.semantic, self.shown_name(item)).into()),
            Field::CreatorFirstName => self.creator(entry, |(first, _)| first.clone()),
            Field::CreatorLastName => self.creator(entry, |(_, last)| last.clone()),
            Field::CreatorNameShort => self.creator(entry, |(first, last)| short_name(first, last)),
            Field::StreamID => Value::Text(ids::stream_id(item).into()),
            Field::HasMultipleVersions => Value::Bool(item.versions().len() > 1),
            Field::HasPendingDeletion | Field::HasPendingAsyncOp | Field::IsTemplateOwned => Value::Bool(false),
            Field::HasPermissionInfo => Value::Bool(item.is_folder()),
            Field::State => Value::Number(0),
            Field::BandwidthLimitInMB | Field::MaxPreviewSize => Value::Number(0),
            _ => self.value_of_kind(entry, field),
        }
    }

    /// The fields that only certain kinds of item have.
    fn value_of_kind<'a>(&self, entry: &'a Entry, field: Field) -> Value<'a> {
        let item = &*entry.item;
        match (&item.kind, field) {
            (Kind::File { .. }, _) => self.value_of_file(entry, field),
            (Kind::Folder { .. }, Field::FileCount) => Value::Number(entry.totals.files),
            (Kind::Folder { .. }, Field::DiskSpaceLimit) => Value::Number(0),
            (Kind::Folder { .. }, Field::HasRemoteChildren) => Value::Bool(false),
            (Kind::SymbolicLink { .. }, Field::HasRemoteChildren) => Value::Bool(true),
            (Kind::SymbolicLink { .. }, Field::FileCount) => Value::Number(0),
            (Kind::SymbolicLink { target }, Field::Link) => Value::Text((&**target).into()),
            (Kind::Link { uri }, Field::Uri) => Value::Text((&**uri).into()),
            _ => Value::Absent,
        }
    }

    fn value_of_file<'a>(&self, entry: &'a Entry, field: Field) -> Value<'a> {
        let Some(version) = entry.version.as_deref() else {
            return Value::Absent;
        };
        match field {
            Field::Hash => Value::Text(version.content.digests().md5.as_str().into()),
            Field::Version => {
                let place = entry.item.versions().iter().position(|known| known.id == version.id);
                Value::Number(place.map_or(1, |place| place as u64 + 1))
            }
            Field::PreviewStatus => Value::Text("None".into()),
            Field::HasPreview => Value::Bool(false),
            Field::VirusStatus => Value::Text("NotScanned".into()),
            Field::DlpInfo => Value::Object(json!({"Status": "Unscanned"})),
            Field::LockedBy => match &entry.item.lock {
                Some(lock) => Value::Object(self.user_json(lock.owner)),
                None => Value::Absent,
            },
            Field::FileLockInfo => match &entry.item.lock {
                Some(lock) => Value::Object(json!({
                    "LockId": ids::stream_id(&entry.item),
                    "Owner": self.user_json(lock.owner),
                })),
                None => Value::Absent,
            },
            _ => Value::Absent,
        }
    }

    fn creator(&self, entry: &Entry, part: impl Fn(&(String, String)) -> String) -> Value<'static> {
        let creator = entry.version.as_ref().map_or(entry.item.creator, |version| version.creator);
        self.names.get(&creator).map_or(Value::Absent, |names| Value::Text(part(names).into()))
    }

    /// Every home folder goes by the same name; the drive tells them apart by their owners.
    pub(super) fn shown_name<'a>(&self, item: &'a Item) -> Cow<'a, str> {
        if item.role() == Role::Home { HOME_NAME.into() } else { (&*item.name).into() }
    }

    fn write_nav(&self, out: &mut Vec<u8>, entry: &Entry, nav: Nav, shape: &Shape) {
        let value = match nav {
            Nav::Children if entry.item.is_folder() => {
                write_key(out, nav.name());
                self.write_children(out, entry, shape);
                out.push(b',');
                return;
            }
            Nav::Parent => {
                if let Some(parent) = entry.ancestors.last().and_then(|parent| self.drive.item(parent.id)) {
                    write_key(out, nav.name());
                    self.write(out, &parent, shape, &self.place(&parent));
                    out.push(b',');
                }
                return;
            }
            Nav::Info if entry.item.is_folder() => info::item_info(self, entry, None),
            Nav::Zone => info::zone(self, entry),
            Nav::AccessControls if entry.item.is_folder() => info::access_controls(self, entry).into(),
            Nav::Creator => self.user_json(entry.item.creator),
            Nav::Owner if entry.item.is_folder() => self.user_json(entry.item.creator),
            Nav::Redirection => match info::redirection(self, entry) {
                Some(redirection) => redirection,
                None => return,
            },
            _ => return,
        };
        write_key(out, nav.name());
        let _ = serde_json::to_writer(&mut *out, &value);
        out.push(b',');
    }

    fn write_children(&self, out: &mut Vec<u8>, folder: &Entry, shape: &Shape) {
        let children = self.drive.children(folder.item.id, 0, None).entries;
        let place = children.first().map(|first| self.place(first)).unwrap_or_default();
        out.push(b'[');
        for (number, child) in children.iter().enumerate() {
            if number > 0 {
                out.push(b',');
            }
            self.write(out, child, shape, &place);
        }
        out.push(b']');
    }

    /// A user as a principal. What the drive itself made has none.
    pub(super) fn user_json(&self, user: UserId) -> Json {
        let Some(user) = self.drive.user(user) else {
            return Json::Null;
        };
        let (first, last) = user.names();
        let id = ids::user_id(user.id);
        json!({
            "FirstName": first, "LastName": last, "FullName": format!("{first} {last}"),
            "FullNameShort": short_name(&first, &last), "Name": format!("{first} {last}"),
            "Email": user.email, "Username": user.email, "Emails": [user.email], "IsConfirmed": true,
            "Id": id, "url": format!("{}/Users({id})", self.root), "odata.type": "ShareFile.Api.Models.User",
            "odata.metadata": format!("{}/$metadata#Users/ShareFile.Api.Models.User@Element", self.root),
        })
    }
}

/// The name under which users see their home folder.
pub(super) const HOME_NAME: &str = "Personal Folders";

/// The last part of the `odata.type` of an item.
pub(super) fn type_name(item: &Item) -> &'static str {
    match item.kind {
        Kind::Folder { .. } => "Folder",
        Kind::File { .. } => "File",
        Kind::Note => "Note",
        Kind::Link { .. } => "Link",
        Kind::SymbolicLink { .. } => "SymbolicLink",
    }
}

/// A file's newest version carries the item's date, which a PATCH may have changed since the upload.
fn client_modified(entry: &Entry) -> Option<Timestamp> {
    match (&entry.version, entry.item.current()) {
        (Some(shown), Some(newest)) if shown.id != newest.id => shown.client_modified,
        _ => entry.item.client_modified,
    }
}

fn size(entry: &Entry) -> u64 {
    entry.version.as_ref().map_or(entry.totals.bytes, |version| version.content.len())
}

fn short_name(first: &str, last: &str) -> String {
    format!("{}. {last}", first.chars().take(1).collect::<String>())
}

fn text_or_absent(text: Option<&str>) -> Value<'_> {
    text.map_or(Value::Absent, |text| Value::Text(text.into()))
}

fn moment(moment: Option<Timestamp>) -> Value<'static> {
    moment.map_or(Value::Absent, Value::Moment)
}

fn write_key(out: &mut Vec<u8>, name: &str) {
    let _ = write!(out, "\"{name}\":");
}

fn write_value(out: &mut Vec<u8>, value: &Value<'_>) {
    // Writing into memory cannot fail.
    let _ = match value {
        Value::Absent => write!(out, "null"),
        Value::Bool(flag) => write!(out, "{flag}"),
        Value::Number(number) => write!(out, "{number}"),
        Value::Moment(moment) => write!(out, "\"{moment}\""),
        Value::Text(text) => serde_json::to_writer(&mut *out, text).map_err(Into::into),
        Value::Object(object) => serde_json::to_writer(&mut *out, object).map_err(Into::into),
    };
}
