//! Users, as the administrator sees them.

use http::StatusCode;
use serde_json::{Value, json};

use super::Ctx;
use super::errors::{ApiError, Outcome};
use super::ids;
use super::wire::{seconds, user_name};
use crate::drive::User;
use crate::http::{encode, json as json_reply};

/// Three gibibytes, as in the example of the reference. Nothing enforces it.
const QUOTA: u64 = 3 << 30;

impl Ctx {
    pub(super) fn get_user(&self, uuid: &str) -> Outcome {
        let user = ids::parse_user(uuid).and_then(|id| self.drive().user(id)).ok_or_else(ApiError::not_found)?;
        Ok(json_reply(StatusCode::OK, self.user_json(&user)?.to_string()))
    }

    fn user_json(&self, user: &User) -> Result<Value, ApiError> {
        let home = self.drive().item(user.home).ok_or_else(ApiError::not_found)?;
        let live = self.drive().find(user.home, usize::MAX, |item| item.is_folder());
        let made = seconds(home.item.created);
        Ok(json!({
            "uuid": ids::user(user.id), "name": user_name(user), "email": user.email, "locale": "en",
            "allow_sync_and_share": true, "disabled": false, "licensed": true, "purge_proactively": false,
            "is_superuser": self.face.is_administrator(user), "free_space_to_maintain": 0,
            "quota": QUOTA, "override_quota": QUOTA,
            "login_url": format!("{}/signin?email={}", self.call.base, encode(&user.email)),
            "created_at": made, "updated_at": made, "last_logged_in_at": made,
            "sync_and_share_content": {
                "file_count": home.totals.files, "folder_count": live.len(), "used_space": home.totals.bytes,
            },
        }))
    }
}
