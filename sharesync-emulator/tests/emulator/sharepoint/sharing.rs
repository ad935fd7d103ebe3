//! Anonymous links and sharing with users.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::{OTHER, Stage, refused, text, values};

impl Stage {
    async fn get_link(&self, url: &str) -> (u16, String) {
        let answer = self.http.get(url).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    }

    /// GET by the other user, signed in by Basic.
    async fn as_other(&self, path: &str) -> u16 {
        let basic = BASE64_STANDARD.encode(format!("{}:{}", OTHER.0, OTHER.1));
        let request = self.http.get(self.url(path)).header("authorization", format!("Basic {basic}"));
        request.send().await.expect("an answer").status().as_u16()
    }
}

#[tokio::test]
async fn anonymous_links() {
    let stage = Stage::start().await;
    stage.upload("", "a'b.txt", "content").await;
    let body = json!({"url": stage.url(&stage.path("a'b.txt")), "isEditLink": false});
    let (status, link) = stage.post("_api/SP.Web.CreateAnonymousLink", body.clone()).await;
    assert_eq!(status, 200, "{link}");
    let link = text(&link, "value").to_owned();
    assert_eq!(stage.get_link(&link).await, (200, "content".into()));
    let again = stage.post("_api/SP.Web.CreateAnonymousLink", body.clone()).await.1;
    assert_eq!(text(&again, "value"), link, "there is one of a kind");
    let kind = stage.post("_api/SP.Web.GetSharingLinkKind", json!({"fileUrl": stage.path("a'b.txt")})).await.1;
    assert_eq!(kind["value"], 4);
    assert_eq!(stage.post("_api/SP.Web.DeleteAnonymousLinkForObject", body.clone()).await.0, 200);
    assert_eq!(stage.get_link(&link).await.0, 404);
    let edit = json!({"url": stage.url(&stage.path("a'b.txt")), "isEditLink": true});
    let first = text(&stage.post("_api/SP.Web.CreateAnonymousLink", edit).await.1, "value").to_owned();
    let second = text(&stage.post("_api/SP.Web.CreateAnonymousLink", body.clone()).await.1, "value").to_owned();
    assert_ne!(first, second);
    assert_eq!(stage.post("_api/SP.Web.DeleteAllAnonymousLinksForObject", body).await.0, 200);
    assert_eq!((stage.get_link(&first).await.0, stage.get_link(&second).await.0), (404, 404));
    assert!(stage.emulator.requests().leaks().is_empty());
}

#[tokio::test]
async fn links_end_and_folders_come_as_archives() {
    let stage = Stage::start().await;
    stage.make_folder("sub").await;
    stage.upload("sub", "file.txt", "content").await;
    let with_end = async |path: &str, end: &str| {
        let body = json!({"url": stage.url(&stage.path(path)), "isEditLink": false, "expirationString": end});
        stage.post("_api/SP.Web.CreateAnonymousLinkWithExpiration", body).await
    };
    let past = with_end("sub/file.txt", "2020-01-01T00:00:00Z").await.1;
    assert_eq!(stage.get_link(text(&past, "value")).await.0, 404);
    let future = with_end("sub/file.txt", "2099-01-01T00:00:00Z").await.1;
    assert_eq!(stage.get_link(text(&future, "value")).await.0, 200);
    assert_eq!(refused(with_end("sub", "soon").await).0, 400);
    let folder = with_end("sub", "2099-01-01T00:00:00Z").await.1;
    let answer = stage.http.get(text(&folder, "value")).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let archive = answer.bytes().await.expect("a body");
    assert!(archive.starts_with(b"PK") && archive.windows(8).any(|window| window == b"file.txt"));
}

#[tokio::test]
async fn sharing_with_users() {
    let stage = Stage::start().await;
    stage.make_folder("sub").await;
    stage.upload("sub", "file.txt", "content").await;
    let value = format!("{}/$value", stage.file("sub/file.txt"));
    assert_eq!(stage.as_other(&value).await, 403);
    let picker = json!([{"Key": "i:0#.w|EMULATED\\other.user", "IsResolved": true}]).to_string();
    let body = json!({"url": stage.url(&stage.path("sub")), "peoplePickerInput": picker, "roleValue": "role:1073741826",
                      "groupId": 0, "propagateAcl": false, "sendEmail": false, "useSimplifiedRoles": true});
    let (status, shared) = stage.post("_api/SP.Web.ShareObject", body).await;
    assert_eq!((status, shared["StatusCode"].as_u64()), (200, Some(0)), "{shared}");
    assert_eq!(text(&shared["InvitedUsers"][0], "Email"), OTHER.0);
    assert_eq!(stage.as_other(&value).await, 200);
    assert_eq!(stage.post("_api/SP.Web.UnshareObject", json!({"url": stage.url(&stage.path("sub"))})).await.0, 200);
    assert_eq!(stage.as_other(&value).await, 403);
    let update = |user: &str, role: u8| {
        json!({"resourceAddress": stage.url(&stage.path("sub/file.txt")), "userRoleAssignments": [{"UserId": user, "Role": role}],
               "validateExistingPermissions": false, "additiveMode": true})
    };
    let path = "_api/SP.Sharing.DocumentSharingManager.UpdateDocumentSharingInfo";
    let told = stage.post(path, update(OTHER.0, 1)).await.1;
    assert_eq!(values(&told)[0]["Status"], true, "{told}");
    assert_eq!(stage.as_other(&value).await, 200);
    let unknown = stage.post(path, update("nobody", 1)).await.1;
    assert_eq!(values(&unknown)[0]["IsUserKnown"], Value::Bool(false));
    stage.post(path, update(OTHER.0, 0)).await;
    assert_eq!(stage.as_other(&value).await, 403);
}
