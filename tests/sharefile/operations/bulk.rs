//! Several items at once.

use futures::TryStreamExt as _;
use serde_json::json as value;
use sharesync::ErrorKind;
use sharesync::sharefile::{BulkDeleteOptions, Outcome, Query};
use wiremock::ResponseTemplate;

use crate::sharefile::fixtures::documented;
use crate::sharefile::harness::operations;
use crate::sharefile::read_as::same;
use crate::sharefile::stage::{Stage, empty, json, redirect, status};

operations! {
    "POST /sf/v3/Items(id)/BulkDownload | Download Multiple Items" => bulk_download,
    "POST /sf/v3/Items(parentid)/BulkDelete | Delete Multiple Items" => bulk_delete,
    "POST /sf/v3/Items/BulkRestore | Restore expired items to their original locations" => bulk_restore,
    "POST /sf/v3/Items/BulkDeletePermanently | Permanently delete multiple items" => bulk_delete_permanently,
}

/// As much of an archive as tells that it is one.
const ARCHIVE: &[u8] = b"PK\x03\x04archive";

const IDS: [&str; 2] = ["id1", "id2"];

async fn bulk_download(stage: &Stage) {
    let specification = stage.fixture("download_specification");
    let place = format!("{}/download.ashx?dt=dt2&h=c2ln", stage.storage.uri());
    stage.api.script([redirect(302, &place), redirect(302, &place), json(specification.clone())]);
    let page = ResponseTemplate::new(200).set_body_raw("<html>sign in</html>", "text/html");
    stage.storage.script([ResponseTemplate::new(200).set_body_raw(ARCHIVE, "application/zip"), page]);
    let opened = stage.items().bulk_download("fo1", &IDS, &Query::new()).await.unwrap();
    let sent = stage.sent("POST /sf/v3/Items(fo1)/BulkDownload?redirect=true");
    assert_eq!(sent.json(), documented("bulk_download"));
    let fetched = &stage.storage.seen()[0];
    fetched.check("GET /download.ashx?dt=dt2&h=c2ln");
    assert!(fetched.body.is_empty(), "the identifiers are for the API");
    let bytes: Vec<_> = opened.body.try_collect().await.unwrap();
    assert_eq!(bytes.concat(), ARCHIVE);

    let page = stage.items().bulk_download("fo1", &IDS, &Query::new()).await.unwrap_err();
    stage.sent("POST /sf/v3/Items(fo1)/BulkDownload?redirect=true");
    assert_eq!((page.kind(), page.operation()), (ErrorKind::Protocol, Some("Items.BulkDownload")), "no archive");

    let found = stage.items().bulk_download_specification("fo1", &IDS, &Query::new()).await.unwrap();
    let sent = stage.sent("POST /sf/v3/Items(fo1)/BulkDownload?redirect=false");
    assert_eq!(sent.json(), documented("bulk_download"));
    same(&found, &specification);
}

async fn bulk_delete(stage: &Stage) {
    stage.api.script([empty(204), status(202, stage.fixture("async_operations")), empty(204)]);
    let options = BulkDeleteOptions::new().with_force_sync(false).with_delete_permanently(false);
    let deleted = stage.items().bulk_delete("fo1", &IDS, &options).await.unwrap();
    let sent = stage.sent("POST /sf/v3/Items(fo1)/BulkDelete?forcesync=false&deletePermanently=false");
    assert_eq!(sent.json(), documented("bulk_delete"));
    assert_eq!(deleted, Outcome::Done(()));
    let options = BulkDeleteOptions::new().with_force_sync(true).with_delete_permanently(true);
    let deleted = stage.items().bulk_delete("fo1", &["st1"], &options).await.unwrap();
    stage.sent("POST /sf/v3/Items(fo1)/BulkDelete?forceSync=true&deletePermanently=true");
    assert!(matches!(deleted, Outcome::Pending(operations) if operations.len() == 2));
    assert_eq!(stage.items().bulk_delete("fo1", &IDS, options).await.unwrap(), Outcome::Done(()));
}

async fn bulk_restore(stage: &Stage) {
    stage.api.script([empty(204)]);
    assert_eq!(stage.items().bulk_restore(&IDS).await.unwrap(), Outcome::Done(()));
    assert_eq!(stage.sent("POST /sf/v3/Items/BulkRestore").json(), value!(["id1", "id2"]));
}

async fn bulk_delete_permanently(stage: &Stage) {
    stage.api.script([empty(204)]);
    assert_eq!(stage.items().bulk_delete_permanently(&IDS).await.unwrap(), Outcome::Done(()));
    assert_eq!(stage.sent("POST /sf/v3/Items/BulkDeletePermanently").json(), value!(["id1", "id2"]));
}
