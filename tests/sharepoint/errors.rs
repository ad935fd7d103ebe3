//! What refusals mean, and how the client waits.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use sharesync::sharepoint::SharePointError;
use sharesync::{DeleteOptions, Error, ErrorKind, ItemRef, RemoteStore as _, Revision};
use wiremock::ResponseTemplate;

use super::stage::{FILE, Farm, LIBRARY, ROOT_PATH, empty, error, file, json_answer};

async fn refused(answer: impl Fn() -> ResponseTemplate + Send + Sync + 'static) -> Error {
    Farm::start(move |_| answer()).await.client().await.discovery().site_id().await.unwrap_err()
}

/// The codes are recalled: no document lists them.
#[tokio::test]
async fn codes_and_statuses() {
    let cases = [
        (404, "-2147024894, System.IO.FileNotFoundException", ErrorKind::NotFound),
        (404, "-2130575338, Microsoft.SharePoint.SPException", ErrorKind::NotFound),
        (400, "-2130575257, Microsoft.SharePoint.SPException", ErrorKind::AlreadyExists),
        (423, "-2147018894, Microsoft.SharePoint.SPFileLockException", ErrorKind::Locked),
        (500, "-2147024864, System.Runtime.InteropServices.COMException", ErrorKind::Locked),
        (409, "-2130575305, Microsoft.SharePoint.SPException", ErrorKind::PreconditionFailed),
        (412, "-1, Microsoft.SharePoint.Client.ClientServiceException", ErrorKind::PreconditionFailed),
        (500, "-2147024860, Microsoft.SharePoint.SPQueryThrottledException", ErrorKind::Rejected),
        (500, "-2147024784, System.IO.IOException", ErrorKind::QuotaExceeded),
        (507, "-1, X", ErrorKind::QuotaExceeded),
        (403, "-2147024891, System.UnauthorizedAccessException", ErrorKind::PermissionDenied),
    ];
    for (status, code, kind) in cases {
        let failed = refused(move || error(status, code, "words")).await;
        assert_eq!((failed.kind(), failed.status()), (kind, Some(status)), "{code}: {failed}");
        assert_eq!(failed.provider_error::<SharePointError>().unwrap().message, "words");
        assert_eq!(failed.attempts(), 1, "{code}: what would fail again is not tried again");
    }
    let out = refused(|| error(409, "-1, X", "The file a is checked out for editing by CONTOSO\\bob.")).await;
    assert_eq!(out.kind(), ErrorKind::Locked);
    assert!(out.to_string().contains("checked out"), "{out}");
}

#[tokio::test]
async fn a_throttled_client_waits_as_long_as_it_is_told() {
    for status in [429, 503] {
        let refusals = AtomicUsize::new(0);
        let farm = Farm::start(move |_| match refusals.fetch_add(1, Ordering::SeqCst) {
            0 => empty(status).insert_header("Retry-After", "1").insert_header("X-SharePointHealthScore", "10"),
            _ => json_answer(200, &json!({"d": {"Id": LIBRARY}})),
        })
        .await;
        let began = tokio::time::Instant::now();
        farm.client().await.discovery().site_id().await.unwrap();
        assert!(began.elapsed() >= std::time::Duration::from_millis(900));
        assert_eq!(farm.seen().await.len(), 2);
    }
}

#[tokio::test]
async fn a_loaded_farm_is_told_apart_from_one_that_is_down() {
    let busy = || empty(503).insert_header("X-SharePointHealthScore", "10").insert_header("Retry-After", "900");
    let failed = refused(busy).await;
    assert_eq!(failed.kind(), ErrorKind::RateLimited);
    assert_eq!(failed.provider_error::<SharePointError>().unwrap().health_score, Some(10));
    assert_eq!(refused(|| empty(503)).await.kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_deletion_that_is_refused_for_another_state_names_both() {
    for permanent in [false, true] {
        let version = AtomicUsize::new(5);
        let farm = Farm::with_store(move |seen| match (seen.method.as_str(), seen.below().contains("GetFileById")) {
            ("POST", true) => {
                // Somebody else has come in between.
                version.store(9, Ordering::SeqCst);
                error(412, "-1, Microsoft.SharePoint.Client.ClientServiceException", "The ETag does not fit.")
            }
            (_, true) => {
                let version = version.load(Ordering::SeqCst) as u32;
                json_answer(200, &json!({"d": file(FILE, "a", &format!("{ROOT_PATH}/a"), version, 1)}))
            }
            _ => empty(404),
        })
        .await;
        let required = format!("{{{}}},5", FILE.to_uppercase());
        let mut options = DeleteOptions::new().with_if_revision(Revision::new(required.clone()));
        options.permanent = permanent;
        let failed = farm.store().await.delete(&ItemRef::Id(FILE.into()), options).await.unwrap_err();
        assert_eq!((failed.kind(), failed.status()), (ErrorKind::PreconditionFailed, Some(412)), "{failed}");
        assert!(failed.to_string().contains(&required), "{failed}");
        assert!(failed.to_string().contains(&required.replace(",5", ",9")), "{failed}");
    }
}
