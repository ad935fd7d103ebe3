//! Forms: one login for all, a new one when the cookie has ended, none that loops.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use sharesync_core::ErrorKind;
use sharesync_core::http::Call;
use sharesync_sharepoint::auth::Auth;

use crate::farm::{Farm, Reply, Seen};
use crate::{client, get, sign_in};

fn login(code: &str, cookie: &str) -> Reply {
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body>\
         <LoginResponse xmlns=\"http://schemas.microsoft.com/sharepoint/soap/\"><LoginResult><CookieName>FedAuth</CookieName>\
         <ErrorCode>{code}</ErrorCode><TimeoutSeconds>1800</TimeoutSeconds></LoginResult></LoginResponse></soap:Body></soap:Envelope>"
    );
    Reply::new(200, xml)
        .with("Set-Cookie", "WSS=1; path=/")
        .with("Set-Cookie", format!("FedAuth={cookie}; path=/; HttpOnly"))
}

/// A site whose cookie of the moment is a number; `refusal` is what it answers to others.
fn site(valid: Arc<AtomicUsize>, refusal: Reply) -> impl Fn(&Seen) -> Reply + Send + Sync + 'static {
    move |seen| {
        let cookie = format!("hush{}==", valid.load(Ordering::SeqCst));
        match seen.target.as_str() {
            "/_vti_bin/authentication.asmx" => {
                let body = String::from_utf8(seen.body.clone()).unwrap();
                let known = body.contains("<username>al&amp;ice</username><password>hush &lt;&gt;</password>");
                login(if known { "NoError" } else { "PasswordNotMatch" }, &cookie)
            }
            "/_login/default.aspx" => Reply::new(200, "<html>Sign in</html>"),
            _ if seen.header("cookie") == format!("FedAuth={cookie}") => Reply::new(200, "fine"),
            _ => refusal.clone(),
        }
    }
}

fn logins(farm: &Farm) -> usize {
    farm.seen().iter().filter(|seen| seen.target == "/_vti_bin/authentication.asmx").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_cookie_is_replaced_once_for_all() {
    let refusals = [
        Reply::new(401, ""),
        Reply::new(403, "403 FORBIDDEN").with("Content-Type", "text/plain"),
        Reply::new(403, "{}").with("Content-Type", "application/json").with("X-Forms_Based_Auth_Required", "x"),
        Reply::new(302, "").with("Location", "/_login/default.aspx?ReturnUrl=%2F"),
    ];
    for refusal in refusals {
        let valid = Arc::new(AtomicUsize::new(0));
        let farm = Farm::open(site(valid.clone(), refusal));
        let client = client(&farm, Auth::forms("al&ice", "hush <>")).await.unwrap();
        assert_eq!(client.bytes(get(&farm, "/a")).await.unwrap(), "fine");
        assert_eq!(logins(&farm), 1);
        valid.store(1, Ordering::SeqCst);
        for result in join_all((0..8).map(|_| client.bytes(get(&farm, "/b")))).await {
            assert_eq!(result.unwrap(), "fine");
        }
        assert_eq!(logins(&farm), 2);
        let login = farm.seen().into_iter().next().unwrap();
        assert_eq!(login.header("content-type"), "text/xml;charset=utf-8");
        assert_eq!(login.header("soapaction"), "\"http://schemas.microsoft.com/sharepoint/soap/Login\"");
        assert!(!farm.seen().iter().any(|seen| seen.target.starts_with("/_login/")), "the page is of no use");
    }
}

#[tokio::test]
async fn what_is_not_allowed_is_not_asked_with_a_new_cookie() {
    let denied = Reply::new(403, r#"{"error":{}}"#).with("Content-Type", "application/json;odata=verbose");
    let valid = Arc::new(AtomicUsize::new(0));
    let farm = Farm::open(site(valid.clone(), denied));
    let client = client(&farm, Auth::forms("al&ice", "hush <>")).await.unwrap();
    valid.store(1, Ordering::SeqCst);
    assert_eq!(client.bytes(get(&farm, "/a")).await.unwrap_err().kind(), ErrorKind::PermissionDenied);
    assert_eq!(logins(&farm), 1);
}

#[tokio::test]
async fn a_cookie_that_is_never_accepted_ends_in_an_error() {
    for refusal in [Reply::new(401, ""), Reply::new(302, "").with("Location", "/_layouts/15/Authenticate.aspx")] {
        let farm = Farm::open(move |seen| match seen.target.as_str() {
            "/_vti_bin/authentication.asmx" => login("NoError", "hush"),
            _ => refusal.clone(),
        });
        let client = client(&farm, Auth::forms("a", "b")).await.unwrap();
        let error = client.bytes(get(&farm, "/a")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error}");
        assert_eq!((logins(&farm), farm.seen().len()), (2, 4));
    }
}

#[tokio::test]
async fn a_wrong_password_and_a_site_without_forms_are_told_apart() {
    let farm = Farm::open(site(Arc::default(), Reply::new(401, "")));
    let error = sign_in(&farm, Auth::forms("al&ice", "wrong secret")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(!format!("{error} {error:?}").contains("wrong secret"));
    assert_eq!(farm.seen().len(), 1);
    for (reply, kind) in [
        (login("NotInFormsAuthenticationMode", "x"), ErrorKind::Unsupported),
        (Reply::new(200, "<!DOCTYPE html><html>Sign in</html>"), ErrorKind::Protocol),
        (Reply::new(302, "").with("Location", "/_login/default.aspx"), ErrorKind::Protocol),
        (Reply::new(404, ""), ErrorKind::Protocol),
    ] {
        let farm = Farm::open(move |_| reply.clone());
        assert_eq!(sign_in(&farm, Auth::forms("a", "b")).await.unwrap_err().kind(), kind);
    }
}

#[tokio::test]
async fn the_cookie_stays_at_the_site() {
    let elsewhere = Farm::open(|_| Reply::new(200, "elsewhere"));
    let target = elsewhere.url("/content").to_string();
    let farm = Farm::open(move |seen| match seen.target.as_str() {
        "/_vti_bin/authentication.asmx" => login("NoError", "hush"),
        _ => Reply::new(302, "").with("Location", target.clone()),
    });
    let client = client(&farm, Auth::forms("a", "b")).await.unwrap();
    assert_eq!(client.bytes(Call::get("Test.Get", farm.url("/moved"))).await.unwrap(), "elsewhere");
    assert!(elsewhere.seen().iter().all(|seen| seen.header("cookie").is_empty()));
}
