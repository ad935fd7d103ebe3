//! The service's items in the terms of the contract, and the fields that are asked for to make them.

use sharesync_core::{Digest, DigestAlgorithm, Item, ItemId, ItemKind, Result, Revision, Timestamp};

use crate::Query;
use crate::model::{self, Item as Entity, ShareFileDate, UploadedFile};

/// The fields that [`item`] reads: a listing with these alone is a fraction of the whole. The service ignores names that
/// it does not know, and sends the annotations that are named here.
const FIELDS: [&str; 13] = [
    "odata.count",
    "odata.type",
    "Id",
    "Name",
    "FileName",
    "CreationDate",
    "ClientCreatedDate",
    "ClientModifiedDate",
    "ProgenyEditDate",
    "FileSizeBytes",
    "Hash",
    "StreamID",
    "Uri",
];

/// The options of a listing, whose items all have the same parent.
pub(super) fn listing() -> Query {
    Query::new().select(FIELDS)
}

/// The options of a request for one item, with the folder it is in and those above.
pub(super) fn single() -> Query {
    listing().select(["Path", "Parent/Id"]).expand(["Parent"])
}

/// Translates an item. Nothing is guessed but the time of its content where no uploader has declared one: each version
/// is an item of its own, so its creation is when its content came to be. The revision of a folder is the time of the last
/// change of anything below it, where the service reports one.
pub(super) fn item(entity: &Entity) -> Result<Item> {
    let kind = match entity.kind() {
        model::ItemKind::File => ItemKind::File,
        model::ItemKind::Folder => ItemKind::Folder,
        model::ItemKind::SymbolicLink => ItemKind::SymbolicLink,
        model::ItemKind::Note => ItemKind::Other("note".into()),
        model::ItemKind::Link => ItemKind::Other("link".into()),
        model::ItemKind::Other(name) => ItemKind::Other(name),
    };
    let name = entity.name.as_deref().or(entity.file_name.as_deref()).unwrap_or_default();
    let mut item = Item::new(entity.id()?, name, kind);
    item.parent = entity.parent.as_ref().and_then(|parent| parent.id().ok()).map(ItemId::from);
    item.created = instant(entity.client_created_date).or(instant(entity.creation_date));
    item.modified = instant(entity.client_modified_date);
    if item.is_file() {
        item.modified = item.modified.or(instant(entity.creation_date));
        item.size = entity.file_size_bytes.and_then(|size| u64::try_from(size).ok());
        item.revision = Some(Revision::new(item.id.as_str()));
        item.version_series = entity.stream_id.as_deref().map(ItemId::from);
        item.digests = entity.hash.as_deref().and_then(md5).into_iter().collect();
    }
    if item.is_folder() {
        item.revision = instant(entity.progeny_edit_date).map(|changed| Revision::new(changed.to_string()));
    }
    Ok(item)
}

/// The item that an upload made, if the answer says enough to do without another request.
pub(super) fn uploaded(file: &UploadedFile) -> Option<Item> {
    let id = file.item_id.as_deref()?;
    let name = file.display_name.as_deref().or(file.file_name.as_deref())?;
    let mut item = Item::new(id, name, ItemKind::File);
    item.parent = file.parent_id.as_deref().map(ItemId::from);
    item.size = Some(u64::try_from(file.size?).ok()?);
    item.revision = Some(Revision::new(id));
    item.version_series = Some(file.stream_id.as_deref()?.into());
    item.digests = vec![md5(file.md5.as_deref()?)?];
    Some(item)
}

pub(super) fn md5(text: &str) -> Option<Digest> {
    Digest::from_hex(DigestAlgorithm::Md5, text)
}

pub(super) fn instant(date: Option<ShareFileDate>) -> Option<Timestamp> {
    date.and_then(ShareFileDate::timestamp)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_file_is_its_version_and_its_stream_the_series() {
        let entity: Entity = serde_json::from_value(json!({
            "Id": "fi1", "odata.type": "ShareFile.Api.Models.File", "Name": "a", "StreamID": "st1", "FileSizeBytes": "3",
            "Hash": "900150983CD24FB0D6963F7D28E17F72", "CreationDate": "2018-01-02T03:04:05.123Z", "Parent": {"Id": "fo1"},
        }))
        .unwrap();
        let item = item(&entity).unwrap();
        assert_eq!((item.revision.unwrap().as_str(), item.version_series.unwrap().as_str()), ("fi1", "st1"));
        assert_eq!((item.size, item.parent.unwrap().as_str()), (Some(3), "fo1"));
        assert_eq!(item.digests, [Digest::of(DigestAlgorithm::Md5, b"abc")]);
        assert_eq!(item.modified.unwrap().to_string(), "2018-01-02T03:04:05.123Z");
    }

    #[test]
    fn the_revision_of_a_folder_is_when_something_below_it_changed() {
        let revision = |date: serde_json::Value| {
            let folder = json!({"Id": "fo1", "odata.type": "ShareFile.Api.Models.Folder", "ProgenyEditDate": date});
            item(&serde_json::from_value(folder).unwrap()).unwrap().revision
        };
        assert_eq!(revision(json!("2018-01-02T03:04:05.123Z")), Some(Revision::new("2018-01-02T03:04:05.123Z")));
        for none in [json!(null), json!(""), json!("0001-01-01T00:00:00Z"), json!("9999-12-31T23:59:59.9999999Z")] {
            assert_eq!(revision(none.clone()), None, "{none} says nothing");
        }
    }

    #[test]
    fn what_is_unknown_is_kept_and_what_has_no_identifier_refused() {
        let entity: Entity =
            serde_json::from_value(json!({"Id": "x1", "odata.type": "ShareFile.Api.Models.Hologram"})).unwrap();
        assert_eq!(item(&entity).unwrap().kind, ItemKind::Other("Hologram".into()));
        assert!(item(&Entity::new()).is_err());
    }
}
