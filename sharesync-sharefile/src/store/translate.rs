//! The service's items in the terms of the contract.

use sharesync_core::{Digest, DigestAlgorithm, Item, ItemKind, Result, Revision, Timestamp};

use crate::Query;
use crate::model::{self, Item as Entity, ShareFileDate};

/// The fields that [`item`] reads; asking for no others makes a listing half as long.
const FIELDS: [&str; 11] = [
    "Id", "odata.type", "odata.metadata", "odata.count", "Name", "FileName", "CreationDate", "ClientModifiedDate",
    "FileSizeBytes", "Hash", "StreamID",
];

/// The query that asks for what [`item`] reads.
pub(super) fn query() -> Query {
    Query::new().select(FIELDS.into_iter().chain(["Parent/Id"])).expand(["Parent"])
}

/// Translates an item.
pub(super) fn item(entity: Entity) -> Result<Item> {
    let kind = match entity.kind() {
        model::ItemKind::File => ItemKind::File,
        model::ItemKind::Folder => ItemKind::Folder,
        model::ItemKind::SymbolicLink => ItemKind::SymbolicLink,
        model::ItemKind::Note => ItemKind::Other("note".into()),
        model::ItemKind::Link => ItemKind::Other("link".into()),
        model::ItemKind::Other(name) => ItemKind::Other(name),
    };
    let id = entity.id()?.to_owned();
    let is_file = kind == ItemKind::File;
    let name = entity.name.or(entity.file_name).unwrap_or_default();
    let mut item = Item::new(id.as_str(), name, kind);
    item.parent = entity.parent.and_then(|parent| parent.id().ok().map(Into::into));
    item.created = instant(entity.creation_date);
    item.modified = instant(entity.client_modified_date);
    if is_file {
        item.size = entity.file_size_bytes.and_then(|size| u64::try_from(size).ok());
        item.revision = Some(Revision::new(id));
        item.version_series = entity.stream_id.map(Into::into);
        item.digests = entity.hash.and_then(|hash| Digest::from_hex(DigestAlgorithm::Md5, &hash)).into_iter().collect();
    }
    Ok(item)
}

fn instant(date: Option<ShareFileDate>) -> Option<Timestamp> {
    date.and_then(ShareFileDate::timestamp)
}
