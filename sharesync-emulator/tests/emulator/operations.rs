//! All documented operations of the Items entity, each asked for once at least and answered as documented.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;
use sharesync_emulator::RequestRecord;

use crate::common::{Client, text};

/// The operations of the reference page in its order: method, path without ids, and what the query must contain.
const OPERATIONS: [(&str, &str, &str); 38] = [
    ("GET", "Items", ""),
    ("GET", "Items()", "treemode=manage"),
    ("GET", "Items()", "includeDeleted="),
    ("GET", "Items()", "treemode=copy"),
    ("GET", "Items()/TreeView", "treemode="),
    ("GET", "Items()/Stream", "includeDeleted="),
    ("GET", "Items/ByPath", "path="),
    ("GET", "Items()/ByPath", "path="),
    ("GET", "Items()/Parent", ""),
    ("GET", "Items()/Children", "includeDeleted="),
    ("GET", "Items()/Info", ""),
    ("GET", "Items()/Download", "includeallversions="),
    ("POST", "Items()/BulkDownload", "redirect="),
    ("POST", "Items()/Folder", "overwrite="),
    ("POST", "Items()/Note", ""),
    ("PATCH", "Items()", "overwrite="),
    ("PATCH", "Items/Note()", "notify="),
    ("DELETE", "Items()", "singleversion="),
    ("POST", "Items()/BulkDelete", "deletePermanently="),
    ("GET", "Items()/Thumbnail", "size="),
    ("GET", "Items()/Breadcrumbs", ""),
    ("POST", "Items()/Copy", "targetid="),
    ("POST", "Items()/CheckIn", ""),
    ("POST", "Items()/CheckOut", ""),
    ("POST", "Items()/DiscardCheckOut", ""),
    ("GET", "Items()/Redirection", ""),
    ("GET", "Items()/DeletedChildren", ""),
    ("GET", "Items/UserDeletedItems", "userid="),
    ("POST", "Items/BulkRestore", ""),
    ("POST", "Items/BulkDeletePermanently", ""),
    ("POST", "Items()/WebAppLink", ""),
    ("POST", "Items()/RemoveTemplateAssociation", ""),
    ("POST", "Items()/CheckTemplateOwned", ""),
    ("POST", "Items()/CheckVersioningViolation", ""),
    ("POST", "Items()/CheckIfPreviewable", ""),
    ("GET", "Items/ByDlpStatus", "status=Unscanned"),
    ("POST", "Items()/Upload", "method="),
    ("POST", "Items()/Upload2", ""),
];

#[tokio::test]
async fn every_documented_operation_is_served() {
    let client = Client::start().await;
    exercise(&client).await;
    let requests = client.emulator.requests().all();
    let missing: Vec<_> =
        OPERATIONS.iter().filter(|operation| !requests.iter().any(|seen| fits(seen, operation))).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let distinct: BTreeSet<_> = OPERATIONS.iter().collect();
    assert_eq!(distinct.len(), 38);
}

/// Whether a request is of an operation and went well.
fn fits(request: &RequestRecord, (method, template, query): &(&str, &str, &str)) -> bool {
    let path = request.path.trim_start_matches("/sf/v3/").trim_start_matches("/sp/v3/");
    let mut without_ids = String::new();
    let mut inside = false;
    for letter in path.chars() {
        inside &= letter != ')';
        if !inside {
            without_ids.push(letter);
        }
        inside |= letter == '(';
    }
    let went_well = matches!(request.status, Some(200 | 204 | 302));
    went_well && request.method == *method && without_ids == *template && request.query.contains(query)
}

async fn exercise(client: &Client) {
    let folder = client.post("Items(home)/Folder?overwrite=false&passthrough=false", json!({"Name": "folder"})).await;
    let folder = text(&folder, "Id").to_owned();
    let file = client.file(&folder, "file.txt", "content").await;
    let (id, stream) = (text(&file, "id").to_owned(), text(&file, "streamid").to_owned());
    let note = client.post(&format!("Items({folder})/Note"), json!({"Name": "note", "Description": "d"})).await;
    look(client, &folder, &id, &stream).await;

    client.patch(&format!("Items({id})?overwrite=false"), json!({"Description": "new"})).await;
    client.patch(&format!("Items/Note({})?notify=false", text(&note, "Id")), json!({"Name": "other"})).await;
    let target = client.folder("home", "target").await;
    client.json(Method::POST, &format!("Items({id})/Copy?targetid={target}&overwrite=true"), None).await;
    let ids = Some(json!([id]));
    assert_eq!(
        client.status(Method::POST, &format!("Items({folder})/BulkDownload?redirect=true"), ids.clone()).await,
        302
    );
    locks(client, &id).await;
    checks(client, &folder).await;
    let query = "method=standard&raw=true&fileName=u.txt";
    client.json(Method::POST, &format!("Items({folder})/Upload?{query}"), None).await;

    let path = format!("Items({folder})/BulkDelete?forcesync=false&deletePermanently=false");
    assert_eq!(client.status(Method::POST, &path, ids.clone()).await, 204);
    client.get(&format!("Items({folder})/DeletedChildren")).await;
    let user = client.get("Users").await;
    let deleted = client.get(&format!("Items/UserDeletedItems?userid={}", text(&user, "Id"))).await;
    assert_eq!(deleted["odata.count"], 1);
    assert_eq!(client.status(Method::POST, "Items/BulkRestore", ids.clone()).await, 204);
    assert_eq!(
        client.status(Method::DELETE, &format!("Items({id})?singleversion=false&forceSync=false"), None).await,
        204
    );
    assert_eq!(client.status(Method::POST, "Items/BulkDeletePermanently", ids).await, 204);
}

async fn look(client: &Client, folder: &str, id: &str, stream: &str) {
    for path in [
        "Items".to_owned(),
        format!("Items({folder})?treemode=manage&sourceId={id}&canCreateRootFolder=false"),
        format!("Items({folder})?treemode=copy&sourceId={id}&canCreateRootFolder=false"),
        format!("Items({folder})/TreeView?treemode=move&sourceId={id}"),
        format!("Items({id})?includeDeleted=false"),
        format!("Items({stream})/Stream?includeDeleted=false"),
        "Items/ByPath?path=/folder/file.txt".to_owned(),
        format!("Items({folder})/ByPath?path=/file.txt"),
        format!("Items({id})/Parent"),
        format!("Items({folder})/Children?includeDeleted=false"),
        format!("Items({folder})/Info"),
        format!("Items({id})/Download?includeallversions=false&includeDeleted=false&redirect=false"),
        format!("Items({id})/Thumbnail?size=75&redirect=false"),
        format!("Items({id})/Breadcrumbs?bubbleSharedPassthroughs=false"),
        format!("Items({folder})/Redirection"),
        "Items/ByDlpStatus?status=Unscanned&zone=zp3c74dec1-66f4-47b9-bac2-0d85b629e57a&enddate=2099-07-10T01:47:22.82Z".to_owned(),
    ] {
        let found = client.get(&path).await;
        assert!(found["odata.metadata"].is_string(), "{path}: {found}");
    }
}

async fn locks(client: &Client, id: &str) {
    for action in ["CheckOut", "CheckIn", "CheckOut", "DiscardCheckOut"] {
        let url = format!("{}/sp/v3/Items({id})/{action}", client.emulator.base_url());
        assert_eq!(client.status(Method::POST, &url, None).await, 204, "{action}");
    }
}

async fn checks(client: &Client, folder: &str) {
    for action in ["RemoveTemplateAssociation", "CheckTemplateOwned", "CheckVersioningViolation?newMaxVersions=5"] {
        assert_eq!(client.status(Method::POST, &format!("Items({folder})/{action}"), None).await, 204, "{action}");
    }
    let none = format!("Items({folder})/CheckVersioningViolation?newMaxVersions=0");
    assert_eq!(client.refused(Method::POST, &none, None).await.0, 409);
    let items = json!([{"FileName": "a.txt", "FileSizeBytes": 256}, {"FileName": "b.xyz", "FileSizeBytes": 256}]);
    let checked = client.post(&format!("Items({folder})/CheckIfPreviewable"), items).await;
    assert_eq!(
        (&checked["value"][0]["PreviewStatus"], &checked["value"][1]["PreviewStatus"]),
        (&json!("CanDocPreview"), &json!("None"))
    );
    let link = client.json(Method::POST, &format!("Items({folder})/WebAppLink"), None).await;
    assert!(text(&link, "Uri").contains(folder));
}
