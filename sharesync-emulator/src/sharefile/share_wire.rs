//! Shares as JSON.

use serde_json::{Value, json};

use super::fields::end_text;
use super::items::{metadata, model};
use super::shape::Shape;
use super::shares::entries;
use super::wire::View;
use super::{Ctx, ids};
use crate::drive::{Entry, Purpose, Share};

impl Ctx {
    pub(super) fn share_json(&self, share: &Share) -> Value {
        let view = self.view();
        let id = share_id(share);
        let item = |entry: &Entry| -> Value {
            serde_json::from_slice(&view.item(entry, &Shape::default())).unwrap_or_default()
        };
        let (kind, uri) = (kind(share), uri(&self.call.base, share));
        let items: Vec<_> = entries(self.drive(), share).iter().map(item).collect();
        let parent = match share.purpose {
            Purpose::Request { folder } => self.drive().item(folder).map(|folder| item(&folder)),
            Purpose::Send { .. } => None,
        };
        let follows =
            matches!(&share.purpose, Purpose::Send { items } if items.iter().any(|item| item.version.is_none()));
        let mut json = json!({
            "AliasID": id, "ShareType": kind, "Title": share.title, "HasSentMessage": false,
            "SentMessageTitle": "", "RequireLogin": share.require_login, "RequireUserInfo": share.require_user_info,
            "Creator": view.user_json(share.creator), "CreationDate": share.created.to_string(),
            "ExpirationDate": end_text(share.expires), "TotalDownloads": share.downloads,
            "MaxDownloads": share.max_downloads.map_or(-1, u64::cast_signed), "IsViewOnly": share.view_only,
            "IsConsumed": share.is_used_up(), "IsRead": false, "IsArchived": false, "SendFrequency": -1,
            "SendInterval": -1, "UsesStreamIDs": follows, "Uri": uri, "HasRemoteChildren": false,
            "Recipients": aliases(&view, &self.call.base, share), "ShareSubType": "None", "IrmProtected": false,
            "Id": id, "url": format!("{}/Shares({id})", view.root), "odata.type": model("Share"),
            "odata.metadata": metadata(&view, "Shares", "Share"),
        });
        if let Some(object) = json.as_object_mut() {
            match parent {
                Some(parent) => object.insert("Parent".into(), parent),
                None => object.insert("Items".into(), items.into()),
            };
        }
        json
    }
}

fn kind(share: &Share) -> &'static str {
    match share.purpose {
        Purpose::Send { .. } => "Send",
        Purpose::Request { .. } => "Request",
    }
}

pub(super) fn share_id(share: &Share) -> String {
    match share.purpose {
        Purpose::Send { .. } => ids::send_id(share.id),
        Purpose::Request { .. } => ids::request_id(share.id),
    }
}

/// The public page of a share.
fn uri(base: &str, share: &Share) -> String {
    match share.purpose {
        Purpose::Send { .. } => format!("{base}/d-{}", share_id(share)),
        Purpose::Request { .. } => format!("{base}/r-{}", share_id(share)),
    }
}

pub(super) fn aliases(view: &View, base: &str, share: &Share) -> Vec<Value> {
    let id = share_id(share);
    let alias = |(number, email): (usize, &String)| {
        json!({
            "User": {"Email": email, "Username": email, "odata.type": model("User")}, "Email": email,
            "Downloads": 0, "IsConsumed": false, "IsArchived": false, "IsRead": false, "Uri": uri(base, share),
            "Id": format!("{id}-{number}"), "url": format!("{}/Shares({id})/Recipients({id}-{number})", view.root),
            "odata.type": model("ShareAlias"), "odata.metadata": metadata(view, "ShareAliases", "ShareAlias"),
        })
    };
    share.recipients.iter().enumerate().map(alias).collect()
}
