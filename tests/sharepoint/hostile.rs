//! Bad input: answers that are not what they should be.

use sharesync::http::ForeignResponse;
use sharesync::sharepoint::{Dialect, FeedOptions, Target};
use sharesync::transfer::DownloadOptions;
use sharesync::{ErrorKind, ItemRef, RemoteStore as _};

use super::stage::{FILE, Farm, LIBRARY, ROOT_PATH, empty, file, guid, json_answer, simple, xml};

const LOGIN: &str = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><form/></body></html>";

#[tokio::test]
async fn a_page_to_sign_in_with_status_200_is_a_typed_error_everywhere() {
    let farm = Farm::start(|_| empty(200).set_body_raw(LOGIN, "text/html; charset=utf-8")).await;
    let client = farm.client().await;
    let sync = client.sync(guid(LIBRARY));
    let target = Target::Id(guid(FILE));
    let errors = [
        client.discovery().site_id().await.unwrap_err(),
        client.discovery().my_properties().await.unwrap_err(),
        sync.root_folder().await.unwrap_err(),
        sync.policy(sharesync::sharepoint::PolicyScope::Site).await.unwrap_err(),
        sync.changes(None, &FeedOptions::new()).await.unwrap_err(),
        client.files().get(&target).await.unwrap_err(),
        client.files().replace(&target, None, sharesync::http::Body::empty()).await.unwrap_err(),
        client.files().content(&target, "a.bin", 0, None).await.unwrap_err(),
        client.store().await.unwrap_err(),
    ];
    for (number, error) in errors.into_iter().enumerate() {
        assert_eq!(error.kind(), ErrorKind::Protocol, "{number}: {error}");
        assert!(error.provider_error::<ForeignResponse>().is_some(), "{number}: {error}");
        assert_eq!(error.maybe_applied(), error.operation() == Some("File.Replace"), "{number}: {error}");
    }
    // A file that is a page is what it is.
    client.files().content(&target, "index.html", 0, None).await.unwrap();
}

#[tokio::test]
async fn a_tag_without_quotes_is_the_same_state() {
    let feed = |tag: &str| {
        format!(
            "<Folder><ResourceID>{0}</ResourceID><Items><Document><ResourceID>{0}</ResourceID><ETag>{tag}</ETag>\
             <RelationshipName>a</RelationshipName></Document></Items></Folder>",
            simple(FILE)
        )
    };
    let mut revisions = Vec::new();
    for tag in ["\"{EB99AD0E-96E6-4D1F-B354-7DFF4FDDBFA0},2\"", "{eb99ad0e-96e6-4d1f-b354-7dff4fddbfa0},2"] {
        let body = feed(tag);
        let farm = Farm::start(move |_| xml(&body).insert_header("X-SyncStatus", "FullData")).await;
        let page = farm.client().await.sync(guid(LIBRARY)).changes(None, &FeedOptions::new()).await.unwrap();
        revisions.push(page.items[0].revision().unwrap());
    }
    assert_eq!(revisions[0], revisions[1]);
    assert_eq!(revisions[0].as_str(), "{EB99AD0E-96E6-4D1F-B354-7DFF4FDDBFA0},2");
}

#[tokio::test]
async fn xml_that_is_dangerous_or_broken_is_refused() {
    let deep = format!("<Folder>{}", "<Items><Folder>".repeat(5000));
    let long = format!("<Folder><ItemType>{}</ItemType></Folder>", "x".repeat(3 << 20));
    let many = format!("<Folder><Items>{}</Items></Folder>", "<Document/>".repeat(2000));
    let cases = [
        ("<!DOCTYPE Folder [<!ENTITY a \"b\">]><Folder>&a;</Folder>".to_owned(), ErrorKind::Protocol),
        (deep, ErrorKind::TooLarge),
        (long, ErrorKind::TooLarge),
        (many, ErrorKind::TooLarge),
        ("<Folder><Items>".to_owned(), ErrorKind::Network),
        ("{}".to_owned(), ErrorKind::Protocol),
        ("<Surprise/>".to_owned(), ErrorKind::Protocol),
    ];
    for (body, kind) in cases {
        let start = body[..body.len().min(40)].to_owned();
        let farm = Farm::start(move |_| xml(&body).insert_header("X-SyncStatus", "FullData")).await;
        let client = farm.client_with(Dialect::new().with_most_items(1000)).await;
        let failed = client.sync(guid(LIBRARY)).changes(None, &FeedOptions::new()).await.unwrap_err();
        assert_eq!(failed.kind(), kind, "{start}: {failed}");
    }
}

#[tokio::test]
async fn identifiers_that_the_service_cannot_have_issued_are_not_found() {
    let farm = Farm::with_store(|_| empty(404)).await;
    let store = farm.store().await;
    let before = farm.seen().await.len();
    for id in ["", "x", "../../secret", "be100e28"] {
        let failed = store.stat(&ItemRef::Id(id.into())).await.unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::NotFound, "{id:?}");
    }
    assert_eq!(farm.seen().await.len(), before, "nothing is sent");
}

#[tokio::test]
async fn what_is_in_another_library_is_not_there() {
    let farm = Farm::with_store(|seen| match seen.below() {
        below if below.contains("GetFileById") => {
            json_answer(200, &serde_json::json!({"d": file(FILE, "a", "/sites/other/Documents/a", 1, 5)}))
        }
        _ => empty(404),
    })
    .await;
    let failed = farm.store().await.stat(&ItemRef::Id(FILE.into())).await.unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn content_that_differs_from_its_digest_is_an_error() {
    let farm = Farm::with_store(|seen| match seen.below() {
        below if below.contains("/Items/") => {
            let described = super::fixtures::observed("written.xml").replace("name.docx", "name.bin");
            let described = described.replace("22163376c9e14541a103b8c1d74daf5f", &simple(FILE));
            let place = "<Path>/RootFolder/name.bin</Path><WriteStatus>";
            xml(&described.replace("<WriteStatus>", place))
        }
        below if below.ends_with("/$value") => empty(200).set_body_raw("hello World", "application/octet-stream"),
        _ => empty(404),
    })
    .await;
    let store = farm.store().await;
    let download = store.download(&ItemRef::Id(FILE.into()), DownloadOptions::new()).await.unwrap();
    let failed = download.bytes(1000).await.unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Integrity, "{failed}");
    let _ = ROOT_PATH;
}
