//! What stands beside items and shares: capabilities, sessions, users, zones, the account.

use http::Method;
use serde_json::{Value, json};

use super::errors::{ApiError, Outcome};
use super::items::{metadata, model};
use super::{Ctx, Segment, ids, info, no_content};

/// The capabilities that are more than their name: all of version 1.0 and of this provider.
const CAPABILITIES: [&str; 20] = [
    "LastProgenyUpdateDate",
    "DirectUpload",
    "RecycleBin",
    "FileVersioning",
    "StandardUploadRaw",
    "StandardUploadForms",
    "StreamedUploadRaw",
    "StreamedUploadForms",
    "ThreadedUploadRaw",
    "ThreadedUploadForms",
    "UploadWithRequestParams",
    "DownloadSpecification",
    "BulkDelete",
    "BulkDownload",
    "FolderDownload",
    "Copy",
    "Move",
    "SoftDelete",
    "Search",
    "ShareLinks",
];

impl Ctx {
    pub(super) fn route_account(&self, entity: &str, id: Option<&str>, rest: &[Segment]) -> Outcome {
        let action = rest.first().map_or("", |segment| segment.name.as_str());
        match (&self.call.method, entity, action) {
            (&Method::GET, "capabilities", "") => self.capabilities(),
            (&Method::GET, "sessions", "") => self.session(),
            (&Method::DELETE, "sessions", "") => {
                self.face.tokens.revoke(self.call.bearer().unwrap_or_default());
                no_content()
            }
            (&Method::GET, "users", "") => self.get_user(id),
            (&Method::GET, "users", "homefolder") => self.home(),
            (&Method::GET, "zones", "") => self.zones(id),
            (&Method::GET, "accounts", "") => self.account(),
            _ => Err(ApiError::no_such_call(entity)),
        }
    }

    fn capabilities(&self) -> Outcome {
        let view = self.view();
        let locks = (self.provider == "sp").then_some("HardLock");
        let capabilities = CAPABILITIES.into_iter().chain(locks).map(|name| {
            json!({
                "Name": name, "Version": "1.0", "Id": name, "odata.type": model("Capability"),
                "odata.metadata": metadata(&view, "Capabilities", "Capability"),
            })
        });
        self.objects_reply("Capabilities", &capabilities.collect::<Vec<_>>())
    }

    fn session(&self) -> Outcome {
        let (view, user) = (self.view(), self.user()?);
        let agent = self.call.header(&http::header::USER_AGENT).unwrap_or_default();
        self.object_reply(&json!({
            "Principal": view.user_json(user.id), "AuthenticationType": "OAuth2", "IsAuthenticated": true,
            "OAuth2ClientName": self.face.options.client_id, "Tool": "apiv3", "UserAgent": agent, "Name": user.email,
            "Id": ids::user_id(user.id), "url": format!("{}/Sessions", view.root),
            "odata.type": model("Session"), "odata.metadata": metadata(&view, "Sessions", "Session"),
        }))
    }

    fn get_user(&self, id: Option<&str>) -> Outcome {
        let user = match id {
            None => self.user()?.id,
            Some(id) => ids::parse_user(id).ok_or_else(ApiError::not_found)?,
        };
        match self.view().user_json(user) {
            Value::Null => Err(ApiError::not_found()),
            user => self.object_reply(&user),
        }
    }

    /// There is one zone that everything lives in until a folder asks for another.
    fn zones(&self, id: Option<&str>) -> Outcome {
        let home = self.drive().item(self.user()?.home).ok_or_else(ApiError::not_found)?;
        let zone = info::zone(&self.view(), &home);
        match id {
            None => self.objects_reply("Zones", &[zone]),
            Some(id) if info::same_zone(id, info::DEFAULT_ZONE) => self.object_reply(&zone),
            Some(_) => Err(ApiError::not_found()),
        }
    }

    fn account(&self) -> Outcome {
        let (view, drive) = (self.view(), self.drive());
        let root = drive.item(drive.root()).ok_or_else(ApiError::not_found)?;
        let (id, used) = (ids::item_id(&root), root.totals.bytes / 1024);
        self.object_reply(&json!({
            "CompanyName": "Emulated account", "Subdomain": "emulator", "DiskSpace": {"Used": used},
            "Id": id, "url": format!("{}/Accounts({id})", view.root),
            "odata.type": model("Account"), "odata.metadata": metadata(&view, "Accounts", "Account"),
        }))
    }
}
