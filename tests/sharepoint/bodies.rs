//! The bodies that the documents give, and what is made of them.

use sharesync::http::Body;
use sharesync::sharepoint::model::{FeedStatus, ItemShape, WriteStatus};
use sharesync::sharepoint::{Dialect, FeedOptions, InlineFile, InlineMode};
use sharesync::{Digest, DigestAlgorithm, ErrorKind, Revision};

use super::fixtures::{inferred, observed};
use super::stage::{Farm, LIBRARY, guid, xml};

#[tokio::test]
async fn the_observed_feed() {
    let farm = Farm::start(|_| {
        xml(&observed("feed.xml"))
            .insert_header("X-SyncStatus", "FullData")
            .insert_header("X-SyncToken", "4;%234;%231;3;x;1;2;%23;%23;%230;%23")
            .insert_header("X-HasMoreData", "True")
            .insert_header("X-LastProcessedChange", "1;3;x;1;2")
    })
    .await;
    let page = farm.client().await.sync(guid(LIBRARY)).changes(None, &FeedOptions::new()).await.unwrap();
    assert_eq!((page.status, page.has_more), (FeedStatus::FullData, true));
    assert_eq!(page.token.as_deref(), Some("4;%234;%231;3;x;1;2;%23;%23;%230;%23"), "opaque, as it was sent");
    assert_eq!(page.last_processed_change.as_deref(), Some("1;3;x;1;2"));
    assert_eq!(page.quota.unwrap().granted, Some(27_487_790_694_400));
    assert_eq!(page.root.unwrap().resource_id, Some(guid("f0ce10df11112222333344445555666f")));
    let [item] = page.items.as_slice() else { panic!("{:?}", page.items) };
    assert_eq!(item.shape, ItemShape::Document);
    assert_eq!(item.name.as_deref(), Some("log.jsonl"));
    assert_eq!(item.path.as_deref(), Some("/RootFolder/Desktop/a/b/log.jsonl"));
    assert_eq!(item.resource_id, Some(guid("22163376c9e14541a103b8c1d74daf5f")));
    assert_eq!(item.revision().unwrap().as_str(), "{22163376-C9E1-4541-A103-B8C1D74DAF5F},5");
    assert_eq!(item.size(), Some(1_286_491));
    assert_eq!(item.modified.unwrap().to_string(), "2025-11-07T22:06:58Z");
    assert_eq!(item.hash.as_deref(), Some("/oskzxlIPFj9i0OLNIKyupgbvkE="));
    assert_eq!(item.digest().unwrap().to_hex(), "fe8b24cf19483c58fd8b438b3482b2ba981bbe41");
    let stream = &item.streams[0];
    assert_eq!(stream.name.as_deref(), Some("Binary"));
    assert_eq!(stream.stream_sync_token.as_deref(), Some("djMWIuHJQUWhA7jB102vXyICAAAAAAAA"));
    let address = stream.pre_auth_url.as_ref().unwrap().expose();
    assert!(address.query().unwrap().ends_with("&UserAgent=SkySync"));
    assert!(!(Dialect::new().deleted)(item));
}

#[tokio::test]
async fn the_context_in_both_forms() {
    for (body, kind) in
        [(observed("contextinfo.xml"), "application/xml"), (observed("contextinfo.json"), "application/json")]
    {
        let farm = Farm::start(move |_| super::stage::empty(200).set_body_raw(body.clone(), kind)).await;
        let context = farm.client().await.discovery().context_info().await.unwrap();
        assert_eq!(context.form_digest_timeout_seconds, Some(1800));
        let digest = context.form_digest_value.unwrap();
        assert_eq!(digest.expose(), "0xHEX,03 Oct 2017 21:13:02 -0000");
        assert!(!format!("{digest:?}").contains("0xHEX"));
        assert_eq!(farm.seen().await[0].line(), "POST /personal/alice/_api/contextinfo");
    }
}

#[tokio::test]
async fn identifiers_in_both_forms() {
    for (body, kind) in [(observed("id.json"), "application/json"), (inferred("library_id.xml"), "application/xml")] {
        let farm = Farm::start(move |_| super::stage::empty(200).set_body_raw(body.clone(), kind)).await;
        assert_eq!(farm.client().await.discovery().default_library().await.unwrap(), guid(LIBRARY));
    }
}

#[tokio::test]
async fn errors_in_all_forms() {
    let forms = [
        (observed("error.xml"), "application/xml"),
        (observed("error_verbose.json"), "application/json;odata=verbose"),
        (inferred("error_nometadata.json"), "application/json"),
    ];
    for (body, kind) in forms {
        let farm = Farm::start(move |_| {
            let answer = super::stage::empty(403).set_body_raw(body.clone(), kind);
            answer.insert_header("SPRequestGuid", "r1").insert_header("X-SharePointHealthScore", "3")
        })
        .await;
        let error = farm.client().await.discovery().site_id().await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::PermissionDenied, Some("-2147024891")), "{kind}");
        assert_eq!(error.request_id(), Some("r1"));
        let told = error.provider_error::<sharesync::sharepoint::SharePointError>().unwrap();
        assert_eq!(told.exception.as_deref(), Some("System.UnauthorizedAccessException"));
        assert_eq!(told.health_score, Some(3));
        assert!(told.message.starts_with("Access denied."));
    }
}

#[tokio::test]
async fn a_file_inline_as_observed() {
    let farm = Farm::start(|_| xml(&observed("written.xml"))).await;
    let sync = farm.client().await.sync(guid(LIBRARY));
    let content = b"hello world";
    let times = ["2025-11-07T22:06:48Z", "2025-11-07T22:06:58Z"].map(|time| time.parse().ok());
    let file = InlineFile::new(guid("a7b4e91211112222333344445555666f"), "name.docx")
        .with_times(times[0], times[1])
        .with_digest(Digest::of(DigestAlgorithm::QuickXor, content));
    let written = sync.write(&file, Body::from(content.to_vec())).await.unwrap();
    assert_eq!(written.write_status, Some(WriteStatus::Success));
    assert_eq!(written.revision().unwrap().as_str(), "{22163376-C9E1-4541-A103-B8C1D74DAF5F},2");

    let seen = &farm.seen().await[0];
    let path = "/personal/alice/_api/SPFileSync/sync/be100e28dd1c4f2f8e83acdb6fffff05/RootFolder?View=SkyDriveSync";
    assert_eq!(seen.line(), format!("POST {path}"));
    let kind = seen.header("content-type").unwrap();
    let boundary = kind.strip_prefix("multipart/related; boundary=\"").unwrap().strip_suffix('"').unwrap();
    assert!(boundary.starts_with("uuid:"));
    let body = String::from_utf8(seen.body.clone()).unwrap();
    let (description, rest) = body.split_once("\r\n\r\n").unwrap().1.split_once("\r\n\r\n--").unwrap();
    let session = description.split("<FragmentSessionId>").nth(1).unwrap().split('<').next().unwrap();
    assert_eq!(description, observed("write.xml").trim_end().replace("{F}", session));
    let expected = format!(
        "{boundary}\r\nContent-Transfer-Encoding: binary\r\nContent-Type: application/octet-stream\r\n\
         Content-ID:<\"{session}\":Default>\r\n\r\nhello world\r\n--{boundary}--\r\n"
    );
    assert_eq!(rest, expected);
    assert!(body.starts_with(&format!(
        "--{boundary}\r\nContent-ID: <LiveFolders>\r\nContent-Type: application/web3s+xml\r\n\r\n"
    )));
}

#[tokio::test]
async fn an_update_inline_names_the_state_and_other_statuses_are_errors() {
    let farm = Farm::start(|_| {
        xml(&observed("written.xml").replace("<WriteStatus>Success</WriteStatus>", "<WriteStatus>Odd</WriteStatus>"))
    })
    .await;
    let sync = farm.client().await.sync(guid(LIBRARY));
    let id = guid("22163376c9e14541a103b8c1d74daf5f");
    let revision = Revision::new("{22163376-C9E1-4541-A103-B8C1D74DAF5F},2");
    let file = InlineFile::new(guid(LIBRARY), "a & b").with_mode(InlineMode::Update { id, revision });
    let error = sync.write(&file, Body::from(vec![1])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains("Odd"), "{error}");
    let body = String::from_utf8_lossy(&farm.seen().await[0].body).into_owned();
    let expected = "<WriteMode>Update</WriteMode><ResourceID>22163376c9e14541a103b8c1d74daf5f</ResourceID>\
        <ETag>\"{22163376-C9E1-4541-A103-B8C1D74DAF5F},2\"</ETag><RelationshipName>a &amp; b</RelationshipName>";
    assert!(body.contains(expected), "{body}");
}
