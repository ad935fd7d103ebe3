//! Search by name. Ours: the index is always fresh, and every hit is equally good.

use serde_json::{Value, json};

use super::errors::{ApiError, Outcome};
use super::items::{metadata, model};
use super::shape::Field;
use super::wire::{self, View};
use super::{Ctx, ids, wire::Place};
use crate::drive::{Entry, fold};

/// How many hits come when the client does not say.
const HITS: u64 = 50;

impl Ctx {
    pub(super) fn search(&self, below: Option<&str>) -> Outcome {
        let query = &self.call.query;
        let wanted = fold(query.get("query").ok_or_else(|| ApiError::missing("query"))?);
        let below = match below {
            Some(id) => self.find_folder(id)?.item.id,
            None if query.is_true("homefolderonly") => self.user()?.home,
            None => self.drive().root(),
        };
        let named =
            |item: &crate::drive::Item| item.role() == crate::drive::Role::Plain && fold(&item.name).contains(&wanted);
        let mut found = self.drive().find(below, usize::MAX, named);
        let homes = self.user()?.home;
        let foreign = |entry: &Entry| {
            let home = entry.ancestors.iter().find(|folder| folder.role() == crate::drive::Role::Home);
            home.is_some_and(|home| home.id != homes)
        };
        found.retain(|entry| !foreign(entry));
        found.sort_by_key(|entry| entry.item.id);
        let number = |name, default| usize::try_from(query.number(name).unwrap_or(default)).unwrap_or(usize::MAX);
        let (skip, most) = (number("skip", 0), number("maxresults", HITS));
        let view = self.view();
        let hits = found.iter().skip(skip).take(most);
        let results: Vec<_> = hits.enumerate().map(|(rank, entry)| hit(&view, entry, rank)).collect();
        self.object_reply(&json!({
            "PartialResults": found.len() > skip.saturating_add(results.len()), "TimedOut": false,
            "TotalCount": found.len(), "Results": results, "odata.type": model("SearchResults"),
            "odata.metadata": metadata(&view, "SearchResults", "SearchResults"),
        }))
    }
}

fn hit(view: &View, entry: &Entry, rank: usize) -> Value {
    let place = view.place(entry);
    let text = |field| text_of(view, entry, field, &place);
    let parent = entry.ancestors.last();
    json!({
        "Rank": rank + 1, "Score": 1.0, "ItemID": ids::item_id(entry), "ItemType": wire::type_name(&entry.item),
        "ParentID": parent.map(|parent| ids::container_id(parent)),
        "ParentName": parent.map(|parent| view.shown_name(parent)),
        "FileName": entry.item.name, "DisplayName": entry.item.name, "Size": entry.totals.bytes,
        "CreatorID": ids::user_id(entry.item.creator), "CreatorName": text(Field::CreatorNameShort),
        "CreationDate": entry.item.created.to_string(), "Details": text(Field::Description),
        "MD5": text(Field::Hash), "PreviewStatus": "None", "VirusStatus": "NotScanned",
        "Url": view.url(&ids::item_id(entry)), "CanDownload": true, "CanView": true, "CanDelete": true,
        "ParentSemanticPath": text(Field::SemanticPath).and_then(|path| Some(path.rsplit_once('/')?.0.to_owned())),
        "Path": text(Field::Path), "StreamID": ids::stream_id(&entry.item),
    })
}

fn text_of(view: &View, entry: &Entry, field: Field, place: &Place) -> Option<String> {
    match view.value(entry, field, place) {
        wire::Value::Text(text) => Some(text.into_owned()),
        _ => None,
    }
}
