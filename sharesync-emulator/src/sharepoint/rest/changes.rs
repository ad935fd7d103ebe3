//! GetChanges: the change log of the list, by ChangeQuery and change tokens.

use http::StatusCode;
use serde_json::Value;

use super::{flag, member, text};
use crate::drive::{Change, ChangeKind, ItemType};
use crate::sharepoint::Ctx;
use crate::sharepoint::dialect::MOVES_WITHIN_A_LIST;
use crate::sharepoint::errors::{Outcome, SpError};
use crate::sharepoint::ids::Guid;
use crate::sharepoint::odata::{Answer, Data, Entity};
use crate::sharepoint::times::{coarse, from_ticks, ticks};

/// The drive's log is read in pieces of this length.
const PIECE: usize = 1000;
const USUAL_LIMIT: usize = 1000;

/// Members of SP.ChangeType.
const ADD: u8 = 1;
const UPDATE: u8 = 2;
const DELETE: u8 = 3;
const RENAME: u8 = 4;
const MOVE_AWAY: u8 = 5;
const MOVE_INTO: u8 = 6;
const RESTORE: u8 = 7;

impl Ctx {
    pub(super) async fn get_changes(&mut self) -> Outcome {
        self.check_site()?;
        let root = self.site.root()?;
        let body = self.json_body().await?;
        let query = member(&body, "query").ok_or_else(|| SpError::bad_request("The parameter query is missing."))?;
        let token = |name: &str| member(query, name).and_then(|token| text(token, "StringValue"));
        let (start, since) = match token("ChangeTokenStart") {
            Some(token) => self.position(token)?,
            None => (0, self.face.sync_tokens.forgotten()),
        };
        let end = match token("ChangeTokenEnd") {
            Some(token) => self.position(token)?.0,
            None => u64::MAX,
        };
        let limit = member(query, "FetchLimit").and_then(Value::as_u64).and_then(|limit| usize::try_from(limit).ok());
        let limit = limit.filter(|limit| *limit > 0).unwrap_or(USUAL_LIMIT);
        let limit = self.face.max_page.map_or(limit, |page| limit.min(page.max(1)));
        let (mut number, mut found) = (start, Vec::new());
        'log: loop {
            let changes = self.drive().changes_after(number, PIECE);
            if changes.is_empty() {
                break;
            }
            for change in changes {
                number = change.sequence;
                let late = since.is_none_or(|since| ticks(change.at) > since);
                let kind = self.change_type(&change).filter(|_| late && change.item != root);
                if let Some(kind) = kind.filter(|kind| wanted(query, *kind, &change)) {
                    found.push(self.change_entity(&change, kind));
                }
                if found.len() >= limit || number >= end {
                    break 'log;
                }
            }
        }
        Ok(self.answered(Answer::Feed { entities: found, next: None }))
    }

    /// The change that a token means; a token with -1 means a time.
    fn position(&self, token: &str) -> Outcome<(u64, Option<u64>)> {
        let tokens = &self.face.sync_tokens;
        let read = tokens.read_change(token, self.site.list_id());
        let (number, at) = read.ok_or_else(|| SpError::bad_request("The change token is not valid."))?;
        if tokens.forgotten().is_some_and(|end| at <= end) {
            let message = "The changeToken refers to a time before the start of the current change log.";
            return Err(SpError::new(
                StatusCode::BAD_REQUEST,
                "-2130575172, Microsoft.SharePoint.SPException",
                message,
            ));
        }
        match number {
            Some(number) => Ok((number, None)),
            None => Ok((0, Some(from_ticks(at).map_or(0, ticks)))),
        }
    }

    /// What a change is to the list; nothing if it is none of the list's, or went along with its folder.
    fn change_type(&self, change: &Change) -> Option<u8> {
        let (before, after) =
            (self.site.holds_place(change.before.as_ref()), self.site.holds_place(change.after.as_ref()));
        (change.item_type != ItemType::Other).then_some(())?;
        match (change.kind, before, after) {
            (ChangeKind::Created, _, true) => Some(ADD),
            (ChangeKind::Content | ChangeKind::Properties, _, true) => Some(UPDATE),
            (ChangeKind::Deleted | ChangeKind::Purged, true, false) => Some(DELETE),
            (ChangeKind::Restored | ChangeKind::RestoredAbove, _, true) => Some(RESTORE),
            (_, true, false) => Some(MOVE_AWAY),
            (_, false, true) => Some(MOVE_INTO),
            (ChangeKind::Renamed, true, true) => Some(RENAME),
            (ChangeKind::Moved, true, true) => Some(MOVES_WITHIN_A_LIST),
            _ => None,
        }
    }

    fn change_entity(&self, change: &Change, kind: u8) -> Entity {
        let list = self.site.list_id();
        let token = self.face.sync_tokens.change_token(list, Some(change.at), change.sequence);
        let path = change.after.as_ref().or(change.before.as_ref()).map(|place| self.path_of_place(&place.path));
        let is_folder = change.item_type == ItemType::Folder;
        let fields = vec![
            ("ChangeToken", Data::Complex("SP.ChangeToken", vec![("StringValue", Data::Text(token.clone()))])),
            ("ChangeType", Data::Int32(kind.into())),
            ("SiteId", Data::Guid(self.site.id().to_string())),
            ("Time", Data::Date(coarse(change.at))),
            ("Editor", Data::Text(self.user_email(change.by))),
            ("FileSystemObjectType", Data::Int32(i64::from(is_folder))),
            ("ItemId", Data::count(change.item.0)),
            ("ListId", Data::Guid(list.to_string())),
            ("ServerRelativeUrl", path.map_or(Data::Null, Data::Text)),
            ("UniqueId", Data::Guid(Guid::item(change.item).to_string())),
            ("WebId", Data::Guid(self.site.web_id().to_string())),
        ];
        let uri = format!("{}/_api/SP.ChangeItem{}", self.site_url(), change.sequence);
        Entity { type_name: "SP.ChangeItem", uri, etag: None, fields, links: &[], expanded: Vec::new() }
    }

    /// The path of a place in the library, from the server's root on; the drive's own path as it is if it is elsewhere.
    fn path_of_place(&self, path: &str) -> String {
        let root =
            self.site.library.and_then(|root| self.drive().item(root)).map(|root| root.path()).unwrap_or_default();
        match path.strip_prefix(&root) {
            Some(rest) => format!("{}{rest}", self.site.library_url()),
            None => path.to_owned(),
        }
    }
}

/// Whether a ChangeQuery asks for such a change of such a thing.
fn wanted(query: &Value, kind: u8, change: &Change) -> bool {
    let kind_name = match kind {
        ADD => "Add",
        UPDATE => "Update",
        DELETE => "DeleteObject",
        RENAME => "Rename",
        RESTORE => "Restore",
        _ => "Move",
    };
    let thing = if change.item_type == ItemType::Folder { "Folder" } else { "File" };
    flag(query, kind_name) && (flag(query, "Item") || flag(query, thing))
}
