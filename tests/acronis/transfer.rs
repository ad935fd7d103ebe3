//! The store moves content: streamed, compared, resumed.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;
use sharesync::acronis::{AcronisError, ROOT};
use sharesync::transfer::{
    BytesSource, DownloadOptions, Integrity, Part, TransferOptions, UploadRequest, UploadSpec, UploadStatus,
    resume_upload, upload,
};
use sharesync::{
    Digest, DigestAlgorithm, ErrorKind, ItemId, ItemRef, OnConflict, RemoteStore as _, RemoteStoreExt as _,
};
use wiremock::ResponseTemplate;

use super::drive::Drive;
use crate::support::json as answer;

fn request(name: &str) -> UploadRequest {
    UploadRequest::new(ItemRef::Root, name)
}

#[tokio::test]
async fn content_is_sent_in_chunks_with_its_digest_and_comes_back() {
    let drive = Drive::new().await;
    for (name, size) in [("empty.bin", 0), ("small.bin", 5), ("large.bin", 3 << 20)] {
        let content: Vec<u8> = (0..size).map(|index| (index % 251) as u8).collect();
        let done = drive.store.upload_bytes(content.clone(), request(name), TransferOptions::new()).await.unwrap();
        let digest = Digest::of(DigestAlgorithm::Md5, &content);
        assert_eq!(done.integrity, Integrity::Verified(digest.clone()));
        let sent = drive.server.seen().await.into_iter().rfind(|seen| seen.method == "POST").unwrap();
        assert_eq!(sent.path, "/fc/api/v1/sync_and_share_nodes/0/upload");
        assert_eq!(sent.param("filename"), Some(name));
        assert_eq!(
            (sent.param("size"), sent.param("checksum")),
            (Some(size.to_string().as_str()), Some(digest.to_hex().as_str()))
        );
        assert_eq!((sent.header("transfer-encoding"), sent.header("content-length")), (Some("chunked"), None));
        let got = drive.store.download(&ItemRef::from(&done.item), DownloadOptions::new()).await.unwrap();
        assert_eq!(got.bytes(4 << 20).await.unwrap(), content);
    }
}

#[tokio::test]
async fn an_answer_with_another_digest_or_size_is_an_error() {
    for (field, value) in [("checksum", json!("00000000000000000000000000000000")), ("size", json!(4))] {
        let drive = Drive::new().await;
        drive.fail(move |request| {
            let mut node = json!({"uuid": "u", "name": "f", "is_directory": false, "size": 5, "parent_uuid": "0",
                "checksum": "040b7cf4a55014e185813e0644502ea9"});
            node[field] = value.clone();
            (request.method == "POST").then(|| (answer(201, &node), true))
        });
        let error = drive.store.upload_bytes("asdfg", request("f"), TransferOptions::new()).await.unwrap_err();
        assert_eq!((error.kind(), error.maybe_applied()), (ErrorKind::Integrity, true), "{error}");
    }
}

#[tokio::test]
async fn a_refused_digest_is_an_error_of_its_own() {
    let drive = Drive::new().await;
    let store = &drive.store;
    let spec = store.upload_spec(request("f").with_size(3)).await.unwrap();
    let wrong = [Digest::of(DigestAlgorithm::Md5, b"other")];
    let part = Part::new(0, 0, Arc::new(BytesSource::new("abc"))).last(&wrong);
    let error = store.upload_part(&spec, part).await.unwrap_err();
    assert_eq!((error.kind(), error.provider_error::<AcronisError>().unwrap().code), (ErrorKind::Integrity, Some(9)));
    assert!(drive.paths().is_empty());
}

#[tokio::test]
async fn a_taken_name_is_refused_or_gets_a_new_version() {
    let drive = Drive::new().await;
    let file = drive.put(ROOT, "File.txt", Some("old"));
    drive.put(ROOT, "folder", None);
    let error = drive.store.upload_bytes("new", request("file.TXT"), TransferOptions::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    let replace = |name| request(name).with_on_conflict(OnConflict::NewVersion);
    let error = drive.store.upload_bytes("new", replace("folder"), TransferOptions::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    let old = drive.store.stat(&ItemRef::Id(ItemId::new(file.as_str()))).await.unwrap();
    let done = drive.store.upload_bytes("new", replace("file.TXT"), TransferOptions::new()).await.unwrap();
    assert_eq!((done.item.id.as_str(), done.item.name.as_str()), (file.as_str(), "File.txt"));
    let stale = replace("File.txt").with_if_revision(old.revision.unwrap());
    let error = drive.store.upload_bytes("newer", stale, TransferOptions::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PreconditionFailed);
    assert_eq!(drive.paths(), ["/File.txt", "/folder"]);
}

/// An upload whose answer was lost with the process.
async fn complete_but_unheard(drive: &Drive, content: &'static str) -> UploadSpec {
    let spec = drive.store.upload_spec(request("f").with_size(content.len() as u64)).await.unwrap();
    let digests = [Digest::of(DigestAlgorithm::Md5, content.as_bytes())];
    let part = Part::new(0, 0, Arc::new(BytesSource::new(content))).last(&digests);
    drive.store.upload_part(&spec, part).await.unwrap();
    serde_json::from_str(&serde_json::to_string(&spec).unwrap()).unwrap()
}

#[tokio::test]
async fn an_upload_is_continued_in_another_process() {
    let drive = Drive::new().await;
    let spec = drive.store.upload_spec(request("f").with_size(5)).await.unwrap();
    assert!(
        matches!(drive.store.upload_status(&spec).await.unwrap(), UploadStatus::InProgress { received, .. } if received.is_empty())
    );
    let done =
        resume_upload(&drive.store, spec, Arc::new(BytesSource::new("asdfg")), TransferOptions::new()).await.unwrap();
    assert_eq!(done.item.size, Some(5));
}

#[tokio::test]
async fn a_complete_upload_is_recognized_and_not_sent_again() {
    let drive = Drive::new().await;
    let spec = complete_but_unheard(&drive, "asdfg").await;
    let writes = drive.writes().await.len();
    let done = resume_upload(&drive.store, spec.clone(), Arc::new(BytesSource::new("asdfg")), TransferOptions::new())
        .await
        .unwrap();
    assert!(matches!(done.integrity, Integrity::Verified(_)));
    assert_eq!(drive.writes().await.len(), writes);
    let other =
        resume_upload(&drive.store, spec.clone(), Arc::new(BytesSource::new("other")), TransferOptions::new()).await;
    assert_eq!(other.unwrap_err().kind(), ErrorKind::AlreadyExists, "the name has other content now");
    let foreign: UploadSpec =
        serde_json::from_str(&serde_json::to_string(&spec).unwrap().replace("acronis", "elsewhere")).unwrap();
    assert_eq!(drive.store.upload_abort(&foreign).await.unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[tokio::test]
async fn an_upload_is_repeated_with_its_whole_body() {
    let drive = Drive::new().await;
    let mut failures = 2;
    drive.fail(move |request| {
        let fails = request.method == "POST" && failures > 0;
        failures -= i32::from(fails);
        fails.then(|| (ResponseTemplate::new(500), false))
    });
    let content = Bytes::from(vec![7; 2 << 20]);
    upload(&drive.store, request("f"), Arc::new(BytesSource::new(content.clone())), TransferOptions::new())
        .await
        .unwrap();
    let bodies: Vec<_> =
        drive.server.seen().await.into_iter().filter(|seen| seen.method == "POST").map(|seen| seen.body).collect();
    assert_eq!((bodies.len(), bodies.iter().all(|body| *body == content)), (3, true));
}

#[tokio::test]
async fn ranges_are_read_whether_the_service_heeds_them_or_not() {
    for heeded in [true, false] {
        let drive = Drive::new().await;
        let file = drive.put(ROOT, "f", Some("0123456789"));
        if !heeded {
            drive.fail(|request| {
                request
                    .path
                    .ends_with("/download")
                    .then(|| (ResponseTemplate::new(200).set_body_string("0123456789"), false))
            });
        }
        let options = DownloadOptions::new().with_offset(4);
        let got = drive.store.download(&ItemRef::Id(ItemId::new(file)), options).await.unwrap();
        assert_eq!(got.bytes(100).await.unwrap(), "456789", "{heeded}");
    }
}

#[tokio::test]
async fn content_that_differs_from_its_digest_is_an_error() {
    let drive = Drive::new().await;
    let file = drive.put(ROOT, "f", Some("0123456789"));
    drive.fail(|request| {
        request.path.ends_with("/download").then(|| (ResponseTemplate::new(200).set_body_string("0123456780"), false))
    });
    let got = drive.store.download(&ItemRef::Id(ItemId::new(file)), DownloadOptions::new()).await.unwrap();
    assert_eq!(got.bytes(100).await.unwrap_err().kind(), ErrorKind::Integrity);
    let folder = drive.put(ROOT, "folder", None);
    let error = drive.store.download(&ItemRef::Id(ItemId::new(folder)), DownloadOptions::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
}
