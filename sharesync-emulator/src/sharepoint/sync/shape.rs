//! Folders and documents as the sync service writes them (protocol page, section 2.1).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::drive::{Change, Drive, Entry, ItemId, ItemType, UserId};
use crate::http::encode;
use crate::sharepoint::Ctx;
use crate::sharepoint::dialect::DELETED;
use crate::sharepoint::ids::{Guid, Thing, etag};
use crate::sharepoint::times::precise;
use crate::sharepoint::xml::{element, escape};

impl Ctx {
    /// A folder, with what is to be told within and behind its own properties.
    pub(super) fn folder_xml(&self, entry: &Entry, items: Option<&str>, behind: &str) -> String {
        let item = &entry.item;
        let id = Guid::item(item.id).plain();
        let is_root = self.site.library == Some(item.id);
        let name = if is_root { "RootFolder" } else { &item.name };
        let items = items.map(|items| format!("<Items>{items}</Items>")).unwrap_or_default();
        format!(
            "<Folder><ItemType>Folder</ItemType><ResourceID>{id}</ResourceID><ETag>{id}</ETag>{}{}{}{}{}{items}{behind}</Folder>",
            element("DateCreated", &precise(item.created)),
            element("DateModified", &precise(item.modified)),
            element("RelationshipName", name),
            element("Path", &format!("/RootFolder{}", self.site.path_in_library(entry))),
            element("ParentResourceID", &self.parent_id(item.id, item.parent)),
        )
    }

    /// The folder of an item; of the root, the library.
    fn parent_id(&self, item: ItemId, parent: Option<ItemId>) -> String {
        let parent = parent.filter(|_| self.site.library != Some(item));
        parent.map_or_else(|| self.site.list_id(), Guid::item).plain()
    }

    /// A document, with what is to be told behind its properties.
    pub(super) fn document_xml(&self, entry: &Entry, behind: &str) -> String {
        let (item, version) = (&entry.item, &entry.version);
        let hash = version.as_ref().map_or("", |version| version.content.digests().quick_xor.as_str());
        let hashes = if hash.is_empty() {
            String::new()
        } else {
            element("XORHash", hash) + &element("WriteValidationToken", hash)
        };
        let state = if hash.is_empty() {
            String::new()
        } else {
            format!(
                "<fsshttpstate.xschema.storage.live.com>{}</fsshttpstate.xschema.storage.live.com>",
                element("Hash", hash)
            )
        };
        let changed_by = version.as_ref().map_or(item.creator, |version| version.creator);
        format!(
            "<Document><ItemType>Document</ItemType>{}{}{}{}{}{}{}{state}<DocumentStreams><DocumentStream>\
             <DocumentStreamName>Binary</DocumentStreamName>{}{}{hashes}{}<StreamProtocolSupport>4</StreamProtocolSupport>\
             </DocumentStream></DocumentStreams>{}{}{}{behind}</Document>",
            element("ResourceID", &Guid::item(item.id).plain()),
            format_args!("<ETag>{}</ETag>", escape(&etag(item)).replace("&quot;", "\"")),
            element("DateCreated", &precise(item.created)),
            element("DateModified", &precise(item.modified)),
            element("RelationshipName", &item.name),
            element("Path", &format!("/RootFolder{}", self.site.path_in_library(entry))),
            element("ParentResourceID", &self.parent_id(item.id, item.parent)),
            element("DataSize", &item.size().to_string()),
            element("PreAuthURL", &self.download_url(item.id)),
            element("StreamSyncToken", &stream_token(entry)),
            element("CreatedBy", &self.display_name(item.creator)),
            element("LastModifiedBy", &self.display_name(changed_by)),
            element("ChangeTime", &precise(item.modified)),
        )
    }

    /// A file or a folder without what it holds; other kinds have no form here.
    pub(super) fn item_xml(&self, entry: &Entry) -> String {
        match (entry.item.is_file(), entry.item.is_folder()) {
            (true, _) => self.document_xml(entry, ""),
            (_, true) => self.folder_xml(entry, None, ""),
            _ => String::new(),
        }
    }

    /// What is left of an item that is gone.
    pub(super) fn deleted_xml(&self, change: &Change) -> String {
        let kind = if change.item_type == ItemType::Folder { "Folder" } else { "Document" };
        format!(
            "<{kind}><ItemType>{kind}</ItemType>{}{}{}{}</{kind}>",
            element("ResourceID", &Guid::item(change.item).plain()),
            element("RelationshipName", &change.name),
            element("ParentResourceID", &self.parent_id(change.item, change.from.or(change.parent))),
            element(DELETED.0, DELETED.1),
        )
    }

    /// `QuotaState` and its like, of the library.
    pub(super) fn quota_xml(&self) -> String {
        let used = self.site.library.and_then(|root| self.drive().item(root)).map_or(0, |root| root.totals.bytes);
        let granted = self.face.options.quota.unwrap_or(25 << 40);
        format!(
            "<QuotaState>{}</QuotaState><SpaceUsed>{used}</SpaceUsed><SpaceGranted>{granted}</SpaceGranted>",
            self.quota_state()
        )
    }

    /// `Normal` is known; the other one is ours.
    pub(super) fn quota_state(&self) -> &'static str {
        let used = self.site.library.and_then(|root| self.drive().item(root)).map_or(0, |root| root.totals.bytes);
        if self.face.options.quota.is_some_and(|quota| used >= quota) { "Exceeded" } else { "Normal" }
    }

    /// Where the content of a file is to be had.
    pub(super) fn download_url(&self, id: ItemId) -> String {
        let id = encode(&format!("{{{}}}", Guid::item(id)));
        format!("{}/_layouts/15/download.aspx?UniqueId={id}&UserAgent=SkySync", self.site_url())
    }

    fn display_name(&self, user: UserId) -> String {
        let (first, last) =
            self.drive().user(user).map(|user| user.names()).unwrap_or_else(|| ("System".into(), "Account".into()));
        format!("{first} {last}")
    }
}

/// The GUID in .NET's order of bytes, and a number that grows with each version.
fn stream_token(entry: &Entry) -> String {
    let guid = hex::decode(Guid::of(Thing::Item, entry.item.id.0).plain()).unwrap_or_default();
    let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
    let number = entry.version.as_ref().map_or(0, |version| version.id.0);
    let bytes: Vec<u8> = order.iter().filter_map(|at| guid.get(*at).copied()).chain(number.to_le_bytes()).collect();
    BASE64_STANDARD.encode(bytes)
}

/// How deep below the root of the drive an item is.
pub(super) fn depth(entry: &Entry) -> usize {
    entry.ancestors.len()
}

/// Whether an item is live, and below the root of a library.
pub(super) fn is_below(drive: &Drive, id: ItemId, root: ItemId) -> Option<Entry> {
    let entry = drive.item(id)?;
    let inside = entry.ancestors.iter().any(|above| above.id == root);
    (inside && !entry.is_deleted()).then_some(entry)
}
