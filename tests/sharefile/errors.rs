//! Statuses and error bodies: what kind of error they are, what of them is told, and what is tried again.

use std::time::{Duration, Instant};

use serde_json::{Value, json as value};
use sharesync::http::{ForeignResponse, HttpConfig};
use sharesync::sharefile::model::{Item, Reason};
use sharesync::sharefile::{Outcome, Query, ShareFileError};
use sharesync::{Error, ErrorKind};

use super::fixtures::reconstructed;
use super::harness::cases;
use super::secure::Account;
use super::stage::{Stage, TOKEN, empty, json, plain, redirect, status};

cases! {
    "errors" {
        every_reason_is_a_kind,
        a_status_without_the_service_s_error_says_nothing_of_items,
        the_documented_object_is_told_whole,
        codes_may_be_numbers_and_messages_texts,
        bodies_of_any_kind,
        long_bodies_are_cut,
        a_success_with_an_error_page_is_no_success,
        work_that_goes_on_comes_with_202,
        a_redirect_to_nowhere,
        reads_are_tried_again,
        writes_that_may_have_been_applied_are_not,
        writes_that_were_surely_not_applied_are_tried_again,
        a_pause_asked_for_is_kept,
        a_pause_too_long_is_told,
        a_passing_reason_is_tried_again_whatever_the_status,
        conflicts_of_names_are_told_from_others,
        maintenance_is_a_redirect,
    }
}

fn body(reason: &str) -> Value {
    value!({"code": "Code", "message": {"lang": "en-US", "value": format!("About {reason}.")}, "reason": reason})
}

fn typed(error: &Error) -> &ShareFileError {
    error.provider_error::<ShareFileError>().unwrap_or_else(|| panic!("not typed: {error:?}"))
}

async fn failed(stage: &Stage) -> Error {
    stage.items().get("fi1", &Query::new()).await.unwrap_err()
}

async fn every_reason_is_a_kind(stage: &Stage) {
    use ErrorKind::{
        Conflict, Locked, NotFound, PermissionDenied, PreconditionFailed, QuotaExceeded, RateLimited, Rejected,
        Unauthenticated, Unavailable, Unsupported,
    };
    let cases = [
        (400, Reason::Unspecified, Rejected),
        (400, Reason::FileTooLarge, Rejected),
        (400, Reason::QuotaExceeded, QuotaExceeded),
        (400, Reason::BadRequest, Rejected),
        (401, Reason::NotAuthenticated, Unauthenticated),
        (403, Reason::NotAuthorized, PermissionDenied),
        (409, Reason::Conflict, Conflict),
        (500, Reason::DatabaseError, Unavailable),
        (403, Reason::DlpViolation, PermissionDenied),
        (403, Reason::FeatureDisabled, Unsupported),
        (403, Reason::Forbidden, PermissionDenied),
        (405, Reason::NotAllowed, Unsupported),
        (404, Reason::NotFound, NotFound),
        (429, Reason::Throttled, RateLimited),
        (409, Reason::FileIsLocked, Locked),
        (503, Reason::ServiceUnavailable, Unavailable),
        (500, Reason::TemporaryConnectivityFailure, Unavailable),
        (503, Reason::MaintenanceMode, Unavailable),
        (400, Reason::InvalidTarget, Conflict),
        (507, Reason::InsufficientDiskSpace, QuotaExceeded),
        (500, Reason::StorageZoneServerError, Unavailable),
        (409, Reason::FileUploadConflict, PreconditionFailed),
        (503, Reason::ZoneUnavailable, Unavailable),
        (400, Reason::Other("NewReason".into()), Rejected),
        (502, Reason::Other("NewReason".into()), Unavailable),
    ];
    for (code, reason, kind) in cases {
        let answer = body(reason.as_str());
        stage.api.by(move |_| status(code, answer.clone()));
        let error = failed(stage).await;
        assert_eq!(error.kind(), kind, "{code} {reason}");
        assert_eq!((error.status(), error.code()), (Some(code), Some("Code")), "{reason}");
        assert_eq!((error.provider(), error.operation()), (Some("sharefile"), Some("Items.Get")), "{reason}");
        assert!(error.to_string().contains(&format!("About {reason}")), "{error}");
        assert_eq!((typed(&error).reason.as_ref(), typed(&error).status), (Some(&reason), code));
    }
}

async fn a_status_without_the_service_s_error_says_nothing_of_items(stage: &Stage) {
    use ErrorKind::{Protocol, RateLimited, Rejected, Timeout, Unauthenticated, Unavailable};
    let cases = [
        (401, Unauthenticated, 1),
        (408, Timeout, 5),
        (413, Rejected, 1),
        (429, RateLimited, 5),
        (500, Unavailable, 5),
        (501, Unavailable, 5),
        (502, Unavailable, 5),
        (503, Unavailable, 5),
        (504, Timeout, 5),
        (507, Unavailable, 5),
        (509, Unavailable, 5),
    ];
    let others = [400, 403, 404, 405, 409, 410, 412, 422, 423].map(|code| (code, Protocol, 5));
    for (code, kind, attempts) in cases.into_iter().chain(others) {
        stage.api.by(move |_| empty(code));
        let error = failed(stage).await;
        assert_eq!((error.kind(), error.status(), error.code()), (kind, Some(code), None), "{code}");
        assert_eq!(error.attempts(), attempts, "{code}");
        assert_eq!(error.provider_error::<ForeignResponse>().unwrap().status, code);
    }
}

async fn the_documented_object_is_told_whole(stage: &Stage) {
    let mut answer = reconstructed("error_not_found");
    answer["errorLog"] = value!(["first", {"line": 2}]);
    stage.api.script([status(404, answer).insert_header("x-request-id", "r1")]);
    let error = failed(stage).await;
    assert_eq!((error.kind(), error.code(), error.attempts()), (ErrorKind::NotFound, Some("NotFound"), 1));
    let text = error.to_string();
    for part in ["sharefile", "Items.Get", "fi1", "could not be found in the system", "HTTP 404", "code NotFound"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let typed = typed(&error);
    assert_eq!(typed.message, "The item that you requested could not be found in the system.");
    assert_eq!((typed.reason.as_ref(), typed.error_log.len()), (Some(&Reason::NotFound), 2));
    assert_eq!(typed.kind(), ErrorKind::NotFound);
}

async fn codes_may_be_numbers_and_messages_texts(stage: &Stage) {
    let cases = [
        (value!({"code": 404, "message": "gone"}), Some("404"), "gone"),
        (value!({"code": "NotFound", "message": {"value": "gone"}}), Some("NotFound"), "gone"),
        (value!({"message": {"lang": "en-US", "value": "gone"}, "reason": 17}), None, "gone"),
        (value!({"code": "NotFound"}), Some("NotFound"), "the service gave no reason"),
        (value!({"code": "NotFound", "message": {"value": ""}}), Some("NotFound"), "the service gave no reason"),
        (value!({"code": "NotFound", "message": null, "reason": null}), Some("NotFound"), "the service gave no reason"),
        (value!({"error": true, "errorMessage": "gone", "errorCode": "-2"}), Some("-2"), "gone"),
        (value!({"error": true, "errorMessage": "gone", "errorCode": -2}), Some("-2"), "gone"),
    ];
    stage.api.script(cases.clone().map(|(answer, ..)| status(404, answer)));
    for (answer, code, message) in cases {
        let error = failed(stage).await;
        assert_eq!((error.code(), typed(&error).message.as_str()), (code, message), "{answer}");
        assert_eq!(error.kind(), ErrorKind::NotFound, "{answer}");
    }
}

async fn bodies_of_any_kind(stage: &Stage) {
    let bodies =
        ["<html><h1>hush</h1></html>", "", " \r\n", "hush", "[\"hush\"]", "{\"code\":", "{}", "\u{feff}{}", "null"];
    for body in bodies {
        stage.api.by(move |_| plain(403, body));
        let error = failed(stage).await;
        assert_eq!((error.kind(), error.status()), (ErrorKind::Protocol, Some(403)), "{body:?}");
        assert!(!format!("{error} {error:?}").contains("hush"), "what is no error object is not quoted: {error}");
        assert_eq!(error.code(), None);
    }
    stage.api.by(|_| plain(500, "ERROR: disk is gone"));
    let error = failed(stage).await;
    assert_eq!(typed(&error).message, "disk is gone");
}

async fn long_bodies_are_cut(stage: &Stage) {
    stage.api.by(|_| plain(400, "x".repeat(3 << 20)));
    assert_eq!(failed(stage).await.kind(), ErrorKind::Protocol);
    stage.api.by(|_| status(400, value!({"code": "c", "message": "m".repeat(1000)})));
    let text = failed(stage).await.to_string();
    assert!(text.len() < 600, "{} bytes", text.len());
    let client = stage.builder().access_token(TOKEN).http_config(HttpConfig::new().with_max_answer(1000));
    let client = client.connect().await.unwrap();
    stage.api.script([json(value!({"Name": "n".repeat(2000)}))]);
    let error = client.items().get("fi1", &Query::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
}

async fn a_success_with_an_error_page_is_no_success(stage: &Stage) {
    stage.api.by(|_| plain(200, "<html>Sign in</html>"));
    assert_eq!(failed(stage).await.kind(), ErrorKind::Protocol);
    stage.api.by(|_| plain(204, ""));
    let error = failed(stage).await;
    assert!(matches!(error.kind(), ErrorKind::Protocol | ErrorKind::Network), "an item without a body: {error}");
}

async fn work_that_goes_on_comes_with_202(stage: &Stage) {
    let feed = stage.fixture("async_operations");
    let one = stage.fixture("async_operation");
    let mut by_metadata = one.clone();
    by_metadata.as_object_mut().unwrap().remove("odata.type");
    let mut by_type = one.clone();
    by_type["odata.metadata"] = value!("nonsense");
    let answers = [
        (status(202, feed.clone()), 2),
        (status(200, feed), 2),
        (status(202, one.clone()), 1),
        (status(200, one), 1),
        (status(200, by_metadata), 1),
        (status(200, by_type), 1),
        (empty(202), 0),
    ];
    stage.api.script(answers.clone().map(|(answer, _)| answer));
    for (number, (_, expected)) in answers.into_iter().enumerate() {
        let outcome = stage.items().update("fi1", &Item::new().with_zone("z1"), &Query::new()).await.unwrap();
        let Outcome::Pending(operations) = outcome else { panic!("answer {number}: {outcome:?}") };
        assert_eq!(operations.len(), expected, "answer {number}");
    }
}

async fn a_redirect_to_nowhere(stage: &Stage) {
    stage.api.by(|_| empty(302));
    let error = failed(stage).await;
    assert_eq!(error.status(), Some(302), "a redirect that does not say where: {error}");
    assert_eq!(error.kind(), ErrorKind::Protocol);
    stage.api.by(|_| empty(302).insert_header("location", "http://["));
    assert_eq!(failed(stage).await.kind(), ErrorKind::Protocol);
}

async fn reads_are_tried_again(stage: &Stage) {
    for code in [408, 429, 500, 502, 503, 504, 509] {
        stage.api.script([empty(code), plain(code, "<html>"), json(value!({"Id": "fi1"}))]);
        stage.items().get("fi1", &Query::new()).await.unwrap();
    }
    assert_eq!(stage.api.count(), 21);
    stage.api.by(|_| empty(500));
    assert_eq!(failed(stage).await.attempts(), 5);
    for code in [400, 403, 404, 409, 412] {
        stage.api.by(move |_| status(code, body("Unspecified")));
        assert_eq!(failed(stage).await.attempts(), 1, "{code}");
    }
}

async fn writes_that_may_have_been_applied_are_not(stage: &Stage) {
    stage.api.by(|_| empty(500));
    let folder = Item::new().with_name("a");
    let error = stage.items().create_folder("fo1", &folder, &Query::new()).await.unwrap_err();
    assert_eq!((error.attempts(), error.maybe_applied()), (1, true), "{error}");
    let error = stage.items().copy("fi1", "fo1", &Query::new()).await.unwrap_err();
    assert_eq!((error.attempts(), error.maybe_applied()), (1, true), "{error}");
    let error = stage.items().delete("fi1", &Query::new()).await.unwrap_err();
    assert_eq!(error.attempts(), 5, "a deletion is the same twice");
}

async fn writes_that_were_surely_not_applied_are_tried_again(stage: &Stage) {
    stage.api.script([
        status(503, body("ServiceUnavailable")),
        status(429, body("Throttled")),
        json(value!({"Id": "fo2"})),
    ]);
    let folder = stage.items().create_folder("fo1", &Item::new().with_name("a"), &Query::new()).await.unwrap();
    assert_eq!((folder.id().unwrap(), stage.api.count()), ("fo2", 3));
    stage.api.by(|_| status(409, body("Conflict")));
    let error = stage.items().copy("fi1", "fo1", &Query::new()).await.unwrap_err();
    assert!(!error.maybe_applied(), "{error}");
}

async fn a_pause_asked_for_is_kept(stage: &Stage) {
    stage.api.script([
        status(429, body("Throttled")).insert_header("retry-after", "1"),
        json(value!({"Id": "fi1"})),
        json(value!({"Id": "fi2"})),
    ]);
    let (items, started) = (stage.items(), Instant::now());
    let query = Query::new();
    let other = async {
        while stage.seen().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        items.get("fi2", &query).await.map(|_| started.elapsed())
    };
    let (one, other) = tokio::join!(items.get("fi1", &query), other);
    one.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert!(other.unwrap() >= Duration::from_secs(1), "the pause is for the whole account");
}

async fn a_pause_too_long_is_told(stage: &Stage) {
    stage.api.script([status(429, body("Throttled")).insert_header("retry-after", "3600")]);
    let started = Instant::now();
    let error = failed(stage).await;
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::RateLimited, 1));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
    assert!(started.elapsed() < Duration::from_secs(5));
}

async fn a_passing_reason_is_tried_again_whatever_the_status(stage: &Stage) {
    for reason in ["Throttled", "TemporaryConnectivityFailure", "ZoneUnavailable", "ServiceUnavailable"] {
        stage.api.script([status(400, body(reason)), json(value!({"Id": "fi1"}))]);
        stage.items().get("fi1", &Query::new()).await.unwrap_or_else(|error| panic!("{reason}: {error}"));
    }
}

async fn conflicts_of_names_are_told_from_others(stage: &Stage) {
    let (named, described) = (Item::new().with_name("a"), Item::new().with_description("a"));
    stage.api.by(|_| status(409, body("Conflict")));
    let items = stage.items();
    let query = Query::new();
    let error = items.create_folder("fo1", &named, &query).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert_eq!(items.update("fi1", &named, &query).await.unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(items.update("fi1", &described, &query).await.unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(items.delete("fi1", &query).await.unwrap_err().kind(), ErrorKind::Conflict);
}

async fn maintenance_is_a_redirect(stage: &Stage) {
    let account = Account::of(stage);
    let client = account.builder().access_token(TOKEN).connect().await.unwrap();
    stage.api.script([redirect(302, "https://maintenance.sharefile.com/"), plain(200, "<html>Back soon</html>")]);
    let error = client.items().home(&Query::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Unavailable, Some("Items.Home")), "{error}");
    assert_eq!(account.origins(), ["https://acct.sf-api.com", "https://maintenance.sharefile.com"]);
    assert_eq!(stage.seen()[1].header("authorization"), None);
    // A write does not go there.
    stage.api.by(|_| redirect(302, "https://maintenance.sharefile.com/"));
    let error = client.items().delete("fi1", &Query::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.maybe_applied()), (ErrorKind::Unavailable, false), "{error}");
    assert_eq!(account.origins().len(), 3);
}
