//! The requests of the REST companion, as documented and as SharePoint 2019's `$metadata` has them.

use serde_json::{Value, json};
use sharesync::http::Body;
use sharesync::sharepoint::model::{
    ChangeQuery, ChangeToken, LinkAccess, Role, RoleAssignment, ShareObject, SharingKind,
};
use sharesync::sharepoint::{Dialect, FolderPage, OData, Target};
use sharesync::{ErrorKind, Revision, SecretUrl};

use super::fixtures::{documented, observed};
use super::stage::{FILE, Farm, LIBRARY, ROOT, ROOT_PATH, Seen, empty, file, folder, guid, json_answer};

fn target() -> Target {
    Target::Id(guid(FILE))
}

fn lines(seen: &[Seen]) -> Vec<String> {
    seen.iter().map(|seen| format!("{} {}", seen.method, seen.below())).collect()
}

#[tokio::test]
async fn files_and_folders() {
    let farm = Farm::start(|seen| match seen.below() {
        below if below.contains("Recycle") => {
            let name = if below.contains("RecycleWithETag") { "RecycleWithETag" } else { "Recycle" };
            json_answer(200, &json!({"d": {name: "aaaaaaaa-0000-0000-0000-000000000001"}}))
        }
        below if below.contains("/Folders/") => json_answer(200, &json!({"d": folder(FILE, "new", "/x/new")})),
        _ => json_answer(200, &json!({"d": file(FILE, "a", "/x/a", 2, 5)})),
    })
    .await;
    let client = farm.client().await;
    let (files, folders) = (client.files(), client.folders());
    let revision = Revision::new("{EB99AD0E-96E6-4D1F-B354-7DFF4FDDBFA0},2");
    let parent = Target::Id(guid(ROOT));
    files.add(&parent, "a", true, Body::from(vec![1, 2])).await.unwrap();
    files.replace(&target(), Some(&revision), Body::from(vec![3])).await.unwrap();
    files.move_to(&target(), "/x/b", true).await.unwrap();
    files.delete(&target(), Some(&revision)).await.unwrap();
    let binned = files.recycle(&target(), None).await.unwrap();
    assert_eq!(binned, guid("aaaaaaaa-0000-0000-0000-000000000001"));
    files.recycle(&target(), Some(&revision)).await.unwrap();
    folders.add(&parent, "new").await.unwrap();
    folders.recycle(&target()).await.unwrap();
    folders.delete(&target()).await.unwrap();
    let seen = farm.seen().await;
    assert_eq!(
        lines(&seen),
        [
            format!("POST _api/web/GetFolderById('{ROOT}')/Files/AddUsingPath(decodedurl='a',overwrite=true)"),
            format!("POST _api/web/GetFileById('{FILE}')/$value"),
            format!("POST _api/web/GetFileById('{FILE}')/MoveToUsingPath(DecodedUrl='/x/b',moveOperations=1)"),
            format!("POST _api/web/GetFileById('{FILE}')"),
            format!("POST _api/web/GetFileById('{FILE}')/Recycle()"),
            format!(
                "POST _api/web/GetFileById('{FILE}')/RecycleWithETag(etagMatch='%22%7BEB99AD0E-96E6-4D1F-B354-7DFF4FDDBFA0%7D%2C2%22')"
            ),
            format!("POST _api/web/GetFolderById('{ROOT}')/Folders/AddUsingPath(decodedurl='new',overwrite=false)"),
            format!("POST _api/web/GetFolderById('{FILE}')/Recycle()"),
            format!("POST _api/web/GetFolderById('{FILE}')"),
        ]
    );
    let tag = Some("\"{EB99AD0E-96E6-4D1F-B354-7DFF4FDDBFA0},2\"");
    assert_eq!((seen[1].header("x-http-method"), seen[1].header("if-match")), (Some("PUT"), tag));
    assert_eq!((seen[3].header("x-http-method"), seen[3].header("if-match")), (Some("DELETE"), tag));
    assert_eq!((seen[8].header("x-http-method"), seen[8].header("if-match")), (Some("DELETE"), Some("*")));
    assert_eq!((seen[0].body.as_slice(), seen[1].body.as_slice()), ([1, 2].as_slice(), [3].as_slice()));
    assert!(seen.iter().all(|seen| seen.header("x-forms_based_auth_accepted") == Some("f")));
    assert!(seen.iter().all(|seen| seen.header("accept") == Some("application/json;odata=verbose")));
}

#[tokio::test]
async fn folders_are_made_and_names_given_as_documented() {
    let farm = Farm::start(|seen| match seen.below() {
        "_api/web/folders" => json_answer(201, &json!({"d": folder(FILE, "new", "/personal/alice/Documents/new")})),
        _ => empty(204),
    })
    .await;
    let client = farm.client().await;
    let made = client.folders().create("/personal/alice/Documents/new").await.unwrap();
    assert_eq!(made.unique_id, Some(guid(FILE)));
    let item_type = "SP.Data.Shared_x0020_DocumentsItem";
    client.folders().rename(&target(), "new", item_type).await.unwrap();
    let revision = Revision::new("{EB99AD0E-96E6-4D1F-B354-7DFF4FDDBFA0},2");
    client.files().rename(&target(), "new", Some(&revision), item_type).await.unwrap();
    let seen = farm.seen().await;
    let expected = [
        "POST _api/web/folders".to_owned(),
        format!("POST _api/web/GetFolderById('{FILE}')/ListItemAllFields"),
        format!("POST _api/web/GetFileById('{FILE}')/ListItemAllFields"),
    ];
    assert_eq!(lines(&seen), expected);
    let body = |name: &str| serde_json::from_str::<Value>(&documented(name)).unwrap();
    assert_eq!(seen[0].json(), body("create_folder.json"));
    for (seen, tag) in [(&seen[1], "*"), (&seen[2], "\"{EB99AD0E-96E6-4D1F-B354-7DFF4FDDBFA0},2\"")] {
        assert_eq!(seen.json(), body("rename.json"));
        assert_eq!((seen.header("x-http-method"), seen.header("if-match")), (Some("MERGE"), Some(tag)));
    }
}

#[tokio::test]
async fn content_from_a_byte_on() {
    let farm = Farm::start(|seen| match seen.header("range") {
        Some("bytes=6-8") => empty(206).insert_header("Content-Range", "bytes 6-8/11").set_body_raw("wor", "a/b"),
        Some("bytes=6-") => empty(206).insert_header("Content-Range", "bytes 6-10/11").set_body_raw("world", "a/b"),
        // A service that ignores ranges.
        _ => empty(200).set_body_raw("hello world", "a/b"),
    })
    .await;
    let files = farm.client().await.files();
    for (offset, length, begin, bytes) in
        [(6, Some(3), 6, "wor"), (6, None, 6, "world"), (2, None, 0, "hello world"), (0, None, 0, "hello world")]
    {
        let content = files.content(&target(), "a.bin", offset, length).await.unwrap();
        assert_eq!((content.offset, content.total), (begin, Some(11)), "{offset} {length:?}");
        let read: Vec<_> = futures::TryStreamExt::try_collect(content.body).await.unwrap();
        assert_eq!(read.concat(), bytes.as_bytes());
    }
    assert!(farm.seen().await.iter().all(|seen| seen.below() == format!("_api/web/GetFileById('{FILE}')/$value")));
}

#[tokio::test]
async fn entities_and_lists_are_the_same_in_all_forms() {
    let plain = folder(FILE, "a & b", "/x/a & b");
    let atom = format!(
        r#"<entry xmlns="http://www.w3.org/2005/Atom" xmlns:d="d" xmlns:m="m"><content type="application/xml"><m:properties>
        <d:UniqueId m:type="Edm.Guid">{FILE}</d:UniqueId><d:Name>a &amp; b</d:Name><d:Exists m:type="Edm.Boolean">true</d:Exists>
        <d:ServerRelativeUrl>/x/a &amp; b</d:ServerRelativeUrl><d:ServerRelativePath m:type="SP.ResourcePath"><d:DecodedUrl>/x/a &amp;
 b</d:DecodedUrl></d:ServerRelativePath><d:TimeCreated m:type="Edm.DateTime">2020-01-01T00:00:00Z</d:TimeCreated>
        </m:properties></content></entry>"#
    )
    .replace("&amp;\n b", "&amp; b");
    let mut minimal = plain.clone();
    minimal["odata.metadata"] = "m#SP.ApiData.Folders1/@Element".into();
    let forms = [
        (json!({ "d": plain }).to_string(), json!({"d": {"results": [plain]}}).to_string()),
        (minimal.to_string(), json!({"odata.metadata": "m", "value": [plain]}).to_string()),
        (plain.to_string(), json!({ "value": [plain] }).to_string()),
        (
            atom.clone(),
            format!(r#"<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom">{atom}</feed>"#),
        ),
    ];
    let mut read = Vec::new();
    for (entity, list) in forms {
        let farm = Farm::start(move |seen| {
            let body = if seen.below().contains("/Folders?") { &list } else { &entity };
            empty(200).set_body_raw(
                body.clone(),
                if body.starts_with('<') { "application/atom+xml" } else { "application/json" },
            )
        })
        .await;
        let folders = farm.client().await.folders();
        let one = folders.get(&target()).await.unwrap();
        assert_eq!((one.name.as_deref(), one.path(), one.exists), (Some("a & b"), Some("/x/a & b"), Some(true)));
        let listed = folders.children(&target(), 10).next().await.unwrap();
        assert_eq!(listed, Some(FolderPage::Folders(vec![one.clone()])));
        read.push(one);
    }
    assert!(read.iter().all(|one| *one == read[0]));
}

#[tokio::test]
async fn lists_go_on_by_links_and_by_counting() {
    let farm = Farm::start(|seen| {
        let entry = |number: usize| folder(&format!("{number:032}"), &number.to_string(), "/x");
        let list = |numbers: std::ops::Range<usize>| json!({"results": numbers.map(entry).collect::<Vec<_>>()});
        if seen.below().contains("/Files") {
            return json_answer(200, &json!({"d": {"results": []}}));
        }
        match () {
            () if seen.target.contains("$skip=2") => json_answer(200, &json!({"d": list(3..5)})),
            () if seen.target.contains("$skip=4") => {
                let mut page = list(5..7);
                page["__next"] = "web/next?more".into();
                json_answer(200, &json!({ "d": page }))
            }
            () if seen.target.ends_with("/_api/web/next?more") => json_answer(200, &json!({"d": list(7..8)})),
            () => json_answer(200, &json!({"d": list(1..3)})),
        }
    })
    .await;
    let mut children = farm.client().await.folders().children(&target(), 2);
    let mut names = Vec::new();
    while let Some(page) = children.next().await.unwrap() {
        if let FolderPage::Folders(page) = page {
            names.extend(page.into_iter().map(|folder| folder.name.unwrap()));
        }
    }
    assert_eq!(names, ["1", "2", "3", "4", "5", "6", "7"]);
}

#[tokio::test]
async fn a_list_that_repeats_itself_ends_in_an_error() {
    let farm = Farm::start(|_| {
        let page = [folder(FILE, "a", "/x/a"), folder(ROOT, "b", "/x/b")];
        json_answer(200, &json!({"d": {"results": page}}))
    })
    .await;
    let mut children = farm.client().await.folders().children(&target(), 2);
    children.next().await.unwrap();
    assert_eq!(children.next().await.unwrap_err().kind(), ErrorKind::Protocol);
}

#[tokio::test]
async fn a_list_that_goes_on_elsewhere_gets_no_credentials() {
    let farm = Farm::start(|_| {
        json_answer(200, &json!({"d": {"results": [folder(FILE, "a", "/x")], "__next": "https://evil.example.com/x"}}))
    })
    .await;
    let mut children = farm.client().await.folders().children(&target(), 2);
    children.next().await.unwrap();
    assert_eq!(children.next().await.unwrap_err().kind(), ErrorKind::Insecure);
}

#[tokio::test]
async fn the_log_is_asked_as_documented() {
    let farm = Farm::start(|_| {
        let entry = json!({"__metadata": {"type": "SP.ChangeItem"}, "ChangeType": 4, "ItemId": 7, "Time": "2018-08-15T19:29:17Z",
            "UniqueId": FILE, "ChangeToken": {"__metadata": {"type": "SP.ChangeToken"}, "StringValue": "1;3;x;2;8"}});
        json_answer(200, &json!({"d": {"results": [entry]}}))
    })
    .await;
    let query = ChangeQuery::new().with_start(ChangeToken::new(format!("1;3;{LIBRARY};636699581579070000;-1")));
    let entries = farm.client().await.changes().get(guid(LIBRARY), &query).await.unwrap();
    assert_eq!(entries[0].unique_id, Some(guid(FILE)));
    assert_eq!(entries[0].change_token.as_ref().unwrap().string_value, "1;3;x;2;8");
    let seen = &farm.seen().await[0];
    assert_eq!(seen.below(), format!("_api/web/lists(guid'{LIBRARY}')/GetChanges"));
    let documented: Value = serde_json::from_str(&documented("change_query.json")).unwrap();
    let mut sent = seen.json();
    // Changes of the service itself are wanted besides.
    assert_eq!(sent["query"].as_object_mut().unwrap().remove("SystemUpdate"), Some(Value::Bool(true)));
    assert_eq!(sent, documented);
}

#[tokio::test]
async fn uploads_in_chunks_in_both_forms_of_answers() {
    let upload = guid("11111111-2222-4333-8444-555555555555");
    for verbose in [true, false] {
        let farm = Farm::start(move |seen| {
            let answer = |name: &str, value: Value| match verbose {
                true => json!({"d": {name: value}}),
                false => json!({ "value": value }),
            };
            match seen.below() {
                below if below.contains("StartUpload") => {
                    let body = if verbose { "start_upload.json" } else { "start_upload_nometadata.json" };
                    json_answer(200, &serde_json::from_str(&observed(body)).unwrap())
                }
                below if below.contains("ContinueUpload") => json_answer(200, &answer("ContinueUpload", "5".into())),
                below if below.contains("GetUploadStatus") => {
                    let status =
                        json!({"ExpectedContentRange": "5-", "UploadId": "11111111-2222-4333-8444-555555555555"});
                    json_answer(200, &if verbose { answer("GetUploadStatus", status) } else { status })
                }
                below if below.contains("FinishUpload") => {
                    let written = file(FILE, "a", "/x/a", 3, 6);
                    json_answer(200, &if verbose { json!({ "d": written }) } else { written })
                }
                _ => empty(200),
            }
        })
        .await;
        let odata = if verbose { OData::Verbose } else { OData::NoMetadata };
        let uploads = farm.client_with(Dialect::new().with_odata(odata)).await.uploads();
        assert_eq!(uploads.start(&target(), upload, Body::from(vec![1, 2, 3])).await.unwrap(), 10_485_760);
        assert_eq!(uploads.go_on(&target(), upload, 3, Body::from(vec![4, 5])).await.unwrap(), 5);
        assert_eq!(uploads.status(&target(), upload).await.unwrap().next_offset(), Some(5));
        let written = uploads.finish(&target(), upload, 5, None, Body::from(vec![6])).await.unwrap();
        assert_eq!((written.length, written.revision().is_some()), (Some(6), true));
        uploads.cancel(&target(), upload).await.unwrap();
        let below: Vec<_> =
            farm.seen().await.iter().map(|seen| seen.below().split(')').nth(1).unwrap().to_owned() + ")").collect();
        assert_eq!(
            below,
            [
                format!("/StartUpload(uploadId=guid'{upload}')"),
                format!("/ContinueUpload(uploadId=guid'{upload}',fileOffset=3)"),
                format!("/GetUploadStatus(uploadId=guid'{upload}')"),
                format!("/FinishUpload(uploadId=guid'{upload}',fileOffset=5)"),
                format!("/CancelUpload(uploadId=guid'{upload}')"),
            ]
        );
    }
}

#[tokio::test]
async fn the_recycle_bin() {
    let farm = Farm::start(|seen| match seen.method.as_str() {
        "GET" => {
            let item =
                json!({"Id": FILE, "LeafName": "a", "DirName": "personal/alice/Documents", "Size": "5", "ItemType": 1});
            json_answer(200, &json!({"d": {"results": [item]}}))
        }
        _ => empty(200),
    })
    .await;
    let bin = farm.client().await.recycle_bin();
    let items = bin.list().await.unwrap();
    assert_eq!((items[0].leaf_name.as_deref(), items[0].size), (Some("a"), Some(5)));
    bin.restore(guid(FILE)).await.unwrap();
    bin.delete(guid(FILE)).await.unwrap();
    let seen = farm.seen().await;
    assert!(seen[0].below().starts_with("_api/web/RecycleBin?"));
    assert_eq!(seen[1].below(), format!("_api/web/RecycleBin('{FILE}')/Restore()"));
    assert_eq!(seen[2].below(), format!("_api/web/RecycleBin('{FILE}')/DeleteObject()"));
}

#[tokio::test]
async fn a_recycle_bin_of_more_than_100_000_items_is_refused() {
    for (there, read) in [(100_000, Ok(100_000)), (100_001, Err(ErrorKind::TooLarge))] {
        let farm = Farm::start(move |seen| {
            let below = seen.below();
            let skip = below.split("&$skip=").nth(1).map_or(0, |skip| skip.parse::<u128>().unwrap());
            let items: Vec<_> =
                (skip..there.min(skip + 1000)).map(|number| json!({"Id": format!("{:032x}", number + 1)})).collect();
            json_answer(200, &json!({"value": items}))
        })
        .await;
        let found = farm.client().await.recycle_bin().list().await;
        assert_eq!(found.as_ref().map(Vec::len).map_err(|error| error.kind()), read, "{there}");
        assert!(found.map_or_else(|error| error.to_string().contains("more than 100000 items"), |_| true));
    }
}

#[tokio::test]
async fn sharing() {
    let farm = Farm::start(|seen| {
        let name = seen.below().rsplit('.').next().unwrap().to_owned();
        match name.as_str() {
            "GetSharingLinkKind" => json_answer(200, &json!({"d": {name: 4}})),
            "ShareObject" | "UnshareObject" => {
                json_answer(200, &json!({"d": {name: {"StatusCode": 0, "ErrorMessage": null}}}))
            }
            "UpdateDocumentSharingInfo" => {
                let results = json!({"results": [{"Status": true, "User": "a@b", "CurrentRole": 1}]});
                json_answer(200, &json!({"d": {name: results}}))
            }
            _ => json_answer(200, &json!({"d": {name: "https://sp.example.com/guest?x=hush"}})),
        }
    })
    .await;
    let sharing = farm.client().await.sharing();
    let object: url::Url = format!("https://sp.example.com{ROOT_PATH}/a%23b.txt").parse().unwrap();
    let link = sharing.create_anonymous_link(&object, LinkAccess::View, None).await.unwrap();
    assert!(!format!("{link:?}").contains("hush"));
    let end = "2030-01-02T03:04:05Z".parse().unwrap();
    sharing.create_anonymous_link(&object, LinkAccess::Edit, Some(end)).await.unwrap();
    sharing.delete_anonymous_link(&object, LinkAccess::Edit).await.unwrap();
    sharing.delete_all_anonymous_links(&object).await.unwrap();
    sharing.create_organization_link(&object, LinkAccess::View).await.unwrap();
    sharing.destroy_organization_link(&object, LinkAccess::View).await.unwrap();
    let kind = sharing.link_kind(&SecretUrl::new("https://h/x".parse().unwrap())).await.unwrap();
    assert_eq!(kind, SharingKind::AnonymousView);
    sharing.share_object(&ShareObject::new(object.as_str(), &["a@b".into()], Role::Edit)).await.unwrap();
    sharing.unshare_object(&object).await.unwrap();
    let roles = [RoleAssignment::new("a@b", Role::View)];
    let results = sharing.update_document_sharing_info(&object, &roles, Some("Hello")).await.unwrap();
    assert_eq!(results[0].current_role, Some(1));

    let seen = farm.seen().await;
    let url = object.as_str();
    let expected = [
        ("CreateAnonymousLink", json!({"url": url, "isEditLink": false})),
        (
            "CreateAnonymousLinkWithExpiration",
            json!({"url": url, "isEditLink": true, "expirationString": "2030-01-02T03:04:05Z"}),
        ),
        (
            "DeleteAnonymousLinkForObject",
            json!({"url": url, "isEditLink": true, "removeAssociatedSharingLinkGroup": true}),
        ),
        ("DeleteAllAnonymousLinksForObject", json!({ "url": url })),
        ("CreateOrganizationSharingLink", json!({"url": url, "isEditLink": false})),
        (
            "DestroyOrganizationSharingLink",
            json!({"url": url, "isEditLink": false, "removeAssociatedSharingLinkGroup": true}),
        ),
        ("GetSharingLinkKind", json!({"fileUrl": "https://h/x"})),
        (
            "ShareObject",
            json!({"url": url, "peoplePickerInput": "[{\"Key\":\"a@b\"}]", "roleValue": "role:1073741827", "groupId": 0,
                "propagateAcl": false, "sendEmail": false, "includeAnonymousLinkInEmail": false, "emailSubject": "",
                "emailBody": "", "useSimplifiedRoles": true}),
        ),
        ("UnshareObject", json!({ "url": url })),
    ];
    for (seen, (name, body)) in seen.iter().zip(&expected) {
        assert_eq!(seen.below(), format!("_api/SP.Web.{name}"));
        assert_eq!(seen.json(), *body, "{name}");
    }
    let last = &seen[expected.len()];
    assert_eq!(last.below(), "_api/SP.Sharing.DocumentSharingManager.UpdateDocumentSharingInfo");
    let body = last.json();
    assert_eq!(body["userRoleAssignments"]["results"][0]["UserId"], "a@b");
    assert_eq!(body["userRoleAssignments"]["results"][0]["Role"], 1);
    assert_eq!((&body["sendServerManagedNotification"], &body["customMessage"]), (&json!(true), &json!("Hello")));
}

#[tokio::test]
async fn sharing_that_says_in_its_body_that_nothing_was_done_is_an_error() {
    let farm =
        Farm::start(|_| json_answer(200, &json!({"d": {"StatusCode": -1, "ErrorMessage": "Sharing is off."}}))).await;
    let object: url::Url = "https://sp.example.com/x".parse().unwrap();
    let failed = farm.client().await.sharing().unshare_object(&object).await.unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Rejected);
    assert!(failed.to_string().contains("Sharing is off"), "{failed}");
}
