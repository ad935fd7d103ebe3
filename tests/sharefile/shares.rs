//! Shares and asynchronous operations, which the Items reference does not document: bodies and paths as other clients
//! have them.

use std::time::Duration;

use serde_json::{Value, json as value};
use sharesync::sharefile::model::{AsyncOperation, AsyncState, Share, ShareFileDate, ShareRequest, ShareSend};
use sharesync::sharefile::{
    ByFolderOptions, CreateShareOptions, GetShareOptions, ListSharesOptions, Query, UpdateShareOptions,
};
use sharesync::{ErrorKind, Timestamp};

use super::harness::cases;
use super::read_as::{same, same_feed};
use super::stage::{Stage, empty, json, status};

cases! {
    "shares" {
        a_link_to_get_items,
        a_link_to_put_files,
        reading_shares,
        changing_and_ending,
        what_is_shared_with_whom,
        sending_by_mail,
        creating_twice_would_make_two,
        operations_are_read,
        operations_are_cancelled_and_forgotten,
        operations_are_awaited,
    }
}

fn date(text: &str) -> Timestamp {
    text.parse().unwrap()
}

async fn a_link_to_get_items(stage: &Stage) {
    let answer = stage.fixture("share_send");
    stage.api.script([json(answer.clone()), json(answer.clone())]);
    let share = Share::send(["fi1", "fo1"])
        .with_title("Sample Send Share")
        .with_recipient("user@example.com")
        .with_expiration_date(date("2013-07-23T00:00:00Z"))
        .with_require_login(false)
        .with_require_user_info(false)
        .with_max_downloads(-1)
        .with_stream_ids(false);
    let created = stage.client().shares().create(&share, CreateShareOptions::new().with_notify(false)).await.unwrap();
    let sent = stage.sent("POST /sf/v3/Shares?notify=false");
    let expected = value!({
        "ShareType": "Send", "Title": "Sample Send Share", "Items": [{"Id": "fi1"}, {"Id": "fo1"}],
        "Recipients": [{"User": {"Email": "user@example.com"}}], "ExpirationDate": "2013-07-23T00:00:00Z",
        "RequireLogin": false, "RequireUserInfo": false, "MaxDownloads": -1, "UsesStreamIDs": false,
    });
    assert_eq!(sent.json(), expected);
    same(&created, &answer);

    let view =
        Share::send(["st1"]).with_view_only(true).with_stream_ids(true).with_expiration_date(ShareFileDate::Never);
    let options = CreateShareOptions::new().with_notify(true).with_direct(true);
    stage.client().shares().create(&view, options).await.unwrap();
    let expected = value!({
        "ShareType": "Send", "Items": [{"Id": "st1"}], "IsViewOnly": true, "UsesStreamIDs": true,
        "ExpirationDate": "9999-12-31T23:59:59.9999999Z",
    });
    assert_eq!(stage.sent("POST /sf/v3/Shares?notify=true&direct=true").json(), expected);
}

async fn a_link_to_put_files(stage: &Stage) {
    let answer = stage.fixture("share_request");
    stage.api.script([json(answer.clone())]);
    let share = Share::request("fo1").with_title("Please").with_require_login(true);
    let created = stage.client().shares().create(&share, &Query::new()).await.unwrap();
    let expected = value!({"ShareType": "Request", "Parent": {"Id": "fo1"}, "Title": "Please", "RequireLogin": true});
    assert_eq!(stage.sent("POST /sf/v3/Shares").json(), expected);
    same(&created, &answer);
}

async fn reading_shares(stage: &Stage) {
    let (one, all) = (stage.fixture("share_send"), stage.fixture("shares"));
    stage.api.script([json(one.clone()), json(all.clone())]);
    let shares = stage.client().shares();
    let found = shares.get("s1", GetShareOptions::new().with_include_expired(false)).await.unwrap();
    stage.sent("GET /sf/v3/Shares(s1)?includeExpired=false");
    same(&found, &one);
    let found = shares.list(ListSharesOptions::new().with_include_expired(true)).await.unwrap();
    stage.sent("GET /sf/v3/Shares?includeExpired=true");
    same_feed(&found, &all);
}

async fn changing_and_ending(stage: &Stage) {
    let answer = stage.fixture("share_send");
    stage.api.script([
        json(answer.clone()),
        empty(204),
        status(404, super::fixtures::reconstructed("error_not_found")),
    ]);
    let shares = stage.client().shares();
    let changes = Share::new().with_expiration_date(date("2014-01-02T03:04:05Z"));
    let options = UpdateShareOptions::new().with_append_items_feed(true);
    same(&shares.update("s1", &changes, options).await.unwrap(), &answer);
    let sent = stage.sent("PATCH /sf/v3/Shares(s1)?appendItemsFeed=true");
    assert_eq!(sent.json(), value!({"ExpirationDate": "2014-01-02T03:04:05Z"}));
    shares.delete("s1").await.unwrap();
    stage.sent("DELETE /sf/v3/Shares(s1)");
    let error = shares.delete("s1").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.operation(), error.subject()),
        (ErrorKind::NotFound, Some("Shares.Delete"), Some("s1"))
    );
}

async fn what_is_shared_with_whom(stage: &Stage) {
    let items = stage.fixture("children");
    let recipients = value!({"odata.count": 1, "value": stage.fixture("share_send")["Recipients"]});
    stage.api.script([json(items.clone()), json(recipients.clone())]);
    let shares = stage.client().shares();
    same_feed(&shares.items("s1", &Query::new().top(5)).await.unwrap(), &items);
    stage.sent("GET /sf/v3/Shares(s1)/Items?$top=5");
    same_feed(&shares.recipients("s1", &Query::new()).await.unwrap(), &recipients);
    stage.sent("GET /sf/v3/Shares(s1)/Recipients");
}

async fn sending_by_mail(stage: &Stage) {
    stage.api.script([json(stage.fixture("share_send")), json(stage.fixture("share_request"))]);
    let shares = stage.client().shares();
    let send = value!({
        "Items": ["fi1"], "Emails": ["user@example.com"], "Subject": "S", "Body": "B", "CcSender": true,
        "RequireLogin": false, "SendAnon": true, "RequireUserInfo": false, "ExpirationDays": -1,
        "NotifyOnDownload": true, "IsViewOnly": false, "MaxDownloads": 3, "UsesStreamIDs": true,
        "ShareAccessRight": {"AccessRightType": "ViewOnline"},
    });
    let request: ShareSend = serde_json::from_value(send.clone()).unwrap();
    assert!(request.extra.is_empty());
    shares.send(&request).await.unwrap();
    assert_eq!(stage.sent("POST /sf/v3/Shares/Send").json(), send);
    let ask = value!({
        "FolderId": "fo1", "FolderPath": "/a", "Emails": ["user@example.com"], "Subject": "S", "Body": "B",
        "CcSender": false, "RequireLogin": true, "ExpirationDays": 30, "NotifyOnUpload": true, "IsViewOnly": false,
    });
    let request: ShareRequest = serde_json::from_value(ask.clone()).unwrap();
    assert!(request.extra.is_empty());
    shares.request_files(&request).await.unwrap();
    assert_eq!(stage.sent("POST /sf/v3/Shares/Request").json(), ask);
}

async fn creating_twice_would_make_two(stage: &Stage) {
    stage.api.by(|_| empty(500));
    let error = stage.client().shares().create(&Share::send(["fi1"]), &Query::new()).await.unwrap_err();
    assert_eq!((error.attempts(), error.maybe_applied()), (1, true));
}

async fn operations_are_read(stage: &Stage) {
    let (one, feed) = (stage.fixture("async_operation"), stage.fixture("async_operations"));
    stage.api.script([json(one.clone()), json(feed.clone()), json(one.clone()), json(feed.clone())]);
    let (operations, query) = (stage.client().async_operations(), Query::new());
    same(&operations.get("ao1", &query).await.unwrap(), &one);
    same_feed(&operations.by_batch("b1", &query).await.unwrap(), &feed);
    same(&operations.batch("b1", &query).await.unwrap(), &one);
    same_feed(&operations.by_folder("fo1", ByFolderOptions::new().with_active_only(true)).await.unwrap(), &feed);
    let lines = [
        "GET /sf/v3/AsyncOperations(ao1)",
        "GET /sf/v3/AsyncOperations/GetByBatch(b1)",
        "GET /sf/v3/AsyncOperations/GetBatch(b1)",
        "GET /sf/v3/AsyncOperations/GetByFolder(fo1)?activeOnly=true",
    ];
    stage.api.saw(&lines);
}

async fn operations_are_cancelled_and_forgotten(stage: &Stage) {
    stage.api.script([empty(200), empty(204), empty(204)]);
    let operations = stage.client().async_operations();
    operations.cancel("ao1").await.unwrap();
    operations.cancel_batch("b1").await.unwrap();
    operations.delete("ao1").await.unwrap();
    let lines = [
        "POST /sf/v3/AsyncOperations(ao1)/Cancel",
        "POST /sf/v3/AsyncOperations/CancelBatch(b1)",
        "DELETE /sf/v3/AsyncOperations(ao1)",
    ];
    stage.api.saw(&lines);
}

async fn operations_are_awaited(stage: &Stage) {
    let state = |state: Value| value!({"Id": "ao1", "State": state});
    let begun: AsyncOperation = serde_json::from_value(state(value!("Created"))).unwrap();
    let operations = stage.client().async_operations();
    let limit = Duration::from_secs(20);
    stage.api.script([json(state(value!(1))), json(state(value!("Success")))]);
    let done = operations.wait(&begun, limit).await.unwrap();
    assert_eq!(done.state, Some(AsyncState::Success));
    stage.api.saw(&["GET /sf/v3/AsyncOperations(ao1)"; 2]);
    for (end, kind) in [(value!("Failure"), ErrorKind::Rejected), (value!(4), ErrorKind::Cancelled)] {
        stage.api.script([json(state(end))]);
        let error = operations.wait(&begun, limit).await.unwrap_err();
        assert_eq!((error.kind(), error.subject()), (kind, Some("ao1")));
    }
    stage.api.by(move |_| json(state(value!("Scheduled"))));
    let error = operations.wait(&begun, Duration::from_millis(20)).await.unwrap_err();
    assert_eq!((error.kind(), error.maybe_applied()), (ErrorKind::Timeout, true));
}
