//! What real clients met and the reference does not say: the zone of dates in updates, the two names of folders, who may
//! be told what of a share.

use serde_json::json as value;
use sharesync::sharefile::model::Item;
use sharesync::sharefile::{CreateFolderOptions, Query};
use sharesync::{Audience, ErrorKind, ItemId, ItemRef, RemoteStore as _, ShareAccess, ShareRequest, Timestamp};

use super::harness::cases;
use super::stage::{Stage, json};

cases! {
    "quirks" {
        dates_of_updates_are_shifted_to_new_york,
        a_service_without_the_quirk_gets_the_time_as_it_is,
        a_service_that_stores_something_else_is_noticed,
        dates_of_uploads_are_not_shifted,
        the_names_of_a_folder_are_sent_the_same,
        sharing_a_link,
        a_link_that_allows_more_is_told,
        sharing_the_newest_version,
        asking_for_files,
        shares_that_cannot_be_granted_are_refused_before_anything_is_sent,
        ending_a_share,
    }
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The time in true UTC, and how a clock in New York shows it.
const MOMENTS: [(&str, &str); 4] = [
    ("2021-03-04T05:06:07.891234Z", "2021-03-04T00:06:07Z"),
    ("2021-07-04T05:06:07Z", "2021-07-04T01:06:07Z"),
    ("2021-01-01T00:00:00Z", "2020-12-31T19:00:00Z"),
    ("2021-03-14T07:00:00Z", "2021-03-14T03:00:00Z"),
];

async fn dates_of_updates_are_shifted_to_new_york(stage: &Stage) {
    for (utc, shifted) in MOMENTS {
        let stored = time(utc).truncated_to_seconds();
        let read = value!({"Id": "fi1", "ClientModifiedDate": stored.to_string()});
        stage.api.script([json(value!({"Id": "fi1"})), json(read)]);
        let before = stage.api.count();
        let item = stage.items().set_modified("fi1", time(utc)).await.unwrap();
        let seen = stage.seen();
        let [update, read_back] = &seen[before..] else { panic!("{utc}: {}", seen.len() - before) };
        assert!(update.step().starts_with("PATCH /sf/v3/Items(fi1)"), "{}", update.step());
        assert_eq!(update.json(), value!({"ClientModifiedDate": shifted}), "{utc}");
        assert_eq!(read_back.step(), "GET /sf/v3/Items(fi1)");
        assert_eq!(item.client_modified_date.unwrap().timestamp(), Some(stored));
    }
}

async fn a_service_without_the_quirk_gets_the_time_as_it_is(stage: &Stage) {
    let (utc, shifted) = ("2021-03-04T05:06:07Z", "2021-03-04T00:06:07Z");
    let item = |date: &str| json(value!({"Id": "fi1", "ClientModifiedDate": date}));
    stage.api.script([item(shifted), item(shifted), item(utc), item(utc)]);
    stage.items().set_modified("fi1", time(utc)).await.unwrap();
    let sent: Vec<_> = stage.seen().iter().filter(|seen| seen.method == "PATCH").map(|seen| seen.json()).collect();
    assert_eq!(sent, [value!({"ClientModifiedDate": shifted}), value!({"ClientModifiedDate": utc})]);
}

async fn a_service_that_stores_something_else_is_noticed(stage: &Stage) {
    stage.api.by(|_| json(value!({"Id": "fi1", "ClientModifiedDate": "2000-01-01T00:00:00Z"})));
    let error = stage.items().set_modified("fi1", time("2021-03-04T05:06:07Z")).await.unwrap_err();
    assert_eq!((error.kind(), error.subject()), (ErrorKind::Integrity, Some("fi1")));
    stage.api.by(|_| json(value!({"Id": "fi1"})));
    let error = stage.items().set_modified("fi1", time("2021-03-04T05:06:07Z")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Integrity, "an item without the date");
}

async fn dates_of_uploads_are_not_shifted(stage: &Stage) {
    use sharesync::transfer::UploadRequest;
    super::store_uploads::grant(stage, [json(stage.fixture("upload_specification_standard"))], None);
    let request = UploadRequest::new(id("fo1"), "a").with_modified(time("2021-03-04T05:06:07.8912345Z"));
    stage.store().upload_spec(request.with_created(time("2020-07-04T05:06:07Z"))).await.unwrap();
    let seen = stage.seen();
    let body = seen.iter().find(|seen| seen.path == "/sf/v3/Items(fo1)/Upload2").unwrap().json();
    assert_eq!(body["ClientModifiedDate"], value!("2021-03-04T05:06:07.8912345Z"));
    assert_eq!(body["ClientCreatedDate"], value!("2020-07-04T05:06:07Z"));
}

async fn the_names_of_a_folder_are_sent_the_same(stage: &Stage) {
    stage.api.by(|_| json(value!({"Id": "fo1", "Name": "a", "FileName": "a"})));
    let folder = Item::new().with_name("a").with_file_name("a");
    let created = stage.items().create_folder("home", &folder, CreateFolderOptions::new()).await.unwrap();
    assert_eq!(created.name, created.file_name);
    assert_eq!(stage.api.last().json(), value!({"Name": "a", "FileName": "a"}));
    // Of two different ones the service heeds the first: both are sent as they were given, for the caller has chosen.
    let both = Item::new().with_name("a").with_file_name("b");
    stage.items().update("fo1", &both, &Query::new()).await.unwrap();
    assert_eq!(stage.api.last().json(), value!({"Name": "a", "FileName": "b"}));
}

fn id(id: &str) -> ItemRef {
    ItemRef::Id(ItemId::from(id))
}

/// Answers reads of an item with one answer, and the creation of a share with another, with the limits that are asked for.
fn shares(stage: &Stage, item: &str, share: &str) {
    let (item, share) = (stage.fixture(item), stage.fixture(share));
    stage.api.by(move |request| {
        if request.method == "GET" {
            return json(item.clone());
        }
        let (mut share, asked) = (share.clone(), request.json());
        for limit in ["MaxDownloads", "RequireLogin", "IsViewOnly"] {
            if let Some(value) = asked.get(limit) {
                share[limit] = value.clone();
            }
        }
        json(share)
    });
}

const FILE: &str = "fi591ac5-9cd0-4eb7-a5e9-e5e28a7faa90";

async fn sharing_a_link(stage: &Stage) {
    shares(stage, "file", "share_send");
    let request = ShareRequest::link().with_audience(Audience::SignedIn).with_max_downloads(3).with_title("T");
    let request = request.with_access(ShareAccess::View).with_expires(time("2030-01-02T03:04:05Z"));
    let share = stage.store().share(&id(FILE), request).await.unwrap();
    let expected = value!({
        "ShareType": "Send", "Items": [{"Id": FILE}], "Title": "T", "RequireLogin": true, "RequireUserInfo": false,
        "MaxDownloads": 3, "IsViewOnly": true, "UsesStreamIDs": false, "ExpirationDate": "2030-01-02T03:04:05Z",
    });
    assert_eq!(stage.sent("POST /sf/v3/Shares?notify=false").json(), expected);
    assert_eq!((share.id.as_str(), share.item.as_str()), ("s8a6ffa8c87b444ee94f6de7533f920a5", FILE));
    assert_eq!(share.expires, Some(time("2013-07-23T00:00:00Z")), "what the service granted");
    let link = share.link.as_ref().unwrap();
    assert_eq!(link.expose().as_str(), "https://acct.sharefile.com/d-s8a6ffa8c87b444ee94f6de7533f920a5");
    stage.store().share(&id(FILE), ShareRequest::link()).await.unwrap();
    let body = stage.api.last().json();
    assert_eq!((&body["MaxDownloads"], &body["RequireLogin"]), (&value!(-1), &value!(false)), "any number, anyone");
    assert!(body.get("ExpirationDate").is_none(), "the service's own choice");
}

async fn sharing_the_newest_version(stage: &Stage) {
    shares(stage, "file", "share_send");
    stage.store().share(&id(FILE), ShareRequest::link().with_follow_latest(true)).await.unwrap();
    let body = stage.sent("POST /sf/v3/Shares?notify=false").json();
    assert_eq!(body["Items"], value!([{"Id": "st591ac5-9cd0-4eb7-a5e9-e5e28a7faa90"}]));
    assert_eq!(body["UsesStreamIDs"], value!(true));
}

async fn asking_for_files(stage: &Stage) {
    shares(stage, "folder", "share_request");
    let folder = "fo9252b1-0a1b-4c2d-8e3f-405162738495";
    let share = stage.store().share(&id(folder), ShareRequest::request_files().with_title("Please")).await.unwrap();
    let body = stage.sent("POST /sf/v3/Shares?notify=false").json();
    assert_eq!((&body["ShareType"], &body["Parent"]), (&value!("Request"), &value!({"Id": folder})));
    assert!(body.get("Items").is_none() && body.get("MaxDownloads").is_none(), "{body}");
    assert_eq!(share.link.unwrap().expose().path(), "/r-r737fd7880774cf98");
}

async fn shares_that_cannot_be_granted_are_refused_before_anything_is_sent(stage: &Stage) {
    let people = || Audience::People(vec!["user@example.com".into()]);
    let requests = [
        ShareRequest::link().with_password("hush"),
        ShareRequest::link().with_access(ShareAccess::Edit),
        ShareRequest::link().with_audience(people()),
        ShareRequest::link().with_notify(true),
        ShareRequest::link().with_message("hello"),
        ShareRequest::request_files().with_max_downloads(1),
        ShareRequest::invitation(["user@example.com"]),
    ];
    for request in requests {
        let error = stage.store().share(&id("fo1"), request.clone()).await.unwrap_err();
        assert_eq!((error.kind(), error.provider()), (ErrorKind::Unsupported, Some("sharefile")), "{request:?}");
    }
    assert_eq!(stage.api.count(), 0);
}

async fn ending_a_share(stage: &Stage) {
    stage.api.script([super::stage::empty(204)]);
    stage.store().unshare(&"s1".into()).await.unwrap();
    stage.sent("DELETE /sf/v3/Shares(s1)");
}

/// The service grants more than was asked for.
async fn a_link_that_allows_more_is_told(stage: &Stage) {
    let request = || {
        let link = ShareRequest::link().with_audience(Audience::SignedIn).with_max_downloads(3);
        link.with_access(ShareAccess::View).with_expires(time("2012-01-02T03:04:05Z"))
    };
    for (field, granted) in [
        ("MaxDownloads", value!(-1)),
        ("MaxDownloads", value!(4)),
        ("RequireLogin", value!(false)),
        ("IsViewOnly", value!(false)),
        ("ExpirationDate", value!("2013-07-23T00:00:00Z")),
    ] {
        let (item, mut share) = (stage.fixture("file"), stage.fixture("share_send"));
        let limits = [("MaxDownloads", value!(3)), ("RequireLogin", value!(true)), ("IsViewOnly", value!(true))];
        limits.into_iter().for_each(|(limit, value)| share[limit] = value);
        share["ExpirationDate"] = value!("2012-01-02T03:04:05Z");
        share[field] = granted.clone();
        stage.api.by(move |request| json(if request.method == "GET" { item.clone() } else { share.clone() }));
        let error = stage.store().share(&id(FILE), request()).await.unwrap_err();
        assert_eq!((error.kind(), error.maybe_applied()), (ErrorKind::Protocol, true), "{field} {granted}: {error}");
        assert_eq!(error.provider(), Some("sharefile"));
    }
}
