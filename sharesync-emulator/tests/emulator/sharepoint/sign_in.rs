//! Bearer, Basic, the login form, form digests, and what who is not signed in gets.

use std::time::Duration;

use reqwest::header::{COOKIE, SET_COOKIE};
use reqwest::{Method, Response};
use sharesync_emulator::{Emulator, Fault, FaultKind, SharePointScheme};

use super::{PLAIN, Stage, all, header, refused, status_and_json, text};

const PASSWORD: &str = "first-password";

impl Stage {
    async fn anonymous(&self, path: &str) -> Response {
        self.http.get(self.url(path)).header("accept", PLAIN).send().await.expect("an answer")
    }

    async fn basic(&self, name: &str, password: &str) -> u16 {
        let request = self.http.get(self.url("_api/web")).basic_auth(name, Some(password));
        request.send().await.expect("an answer").status().as_u16()
    }

    async fn login(&self, name: &str, password: &str) -> (Option<String>, String) {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\">\
             <soap:Body><Login xmlns=\"http://schemas.microsoft.com/sharepoint/soap/\"><username>{name}</username>\
             <password>{password}</password></Login></soap:Body></soap:Envelope>"
        );
        let request =
            self.http.post(self.url("/_vti_bin/authentication.asmx")).header("content-type", "text/xml;charset=utf-8");
        let answer = request.body(body).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        let cookie = header(answer.headers(), SET_COOKIE.as_str())
            .split(';')
            .next()
            .map(str::to_owned)
            .filter(|text| !text.is_empty());
        (cookie, answer.text().await.expect("a body"))
    }
}

#[tokio::test]
async fn bearer_and_basic() {
    let stage = Stage::start().await;
    let nobody = stage.anonymous("_api/web").await;
    let offers: Vec<_> = nobody
        .headers()
        .get_all("www-authenticate")
        .iter()
        .map(|value| value.to_str().expect("text").to_owned())
        .collect();
    assert_eq!(nobody.status(), 401);
    assert!(offers[0] == "NTLM" && offers[1].starts_with("Basic ") && offers[2].starts_with("Bearer "), "{offers:?}");
    for name in ["first.user", "EMULATED\\First.User", "emulated.local\\first.user", "first.user@example.com"] {
        assert_eq!(stage.basic(name, PASSWORD).await, 200, "{name}");
    }
    for (name, password) in [("first.user", "wrong"), ("ELSEWHERE\\first.user", PASSWORD), ("nobody", PASSWORD)] {
        assert_eq!(stage.basic(name, password).await, 401, "{name}");
    }
    stage.emulator.expire_tokens();
    let old = stage.request(Method::GET, "_api/web").send().await.expect("an answer");
    assert_eq!(old.status(), 401);
    let new = stage.http.get(stage.url("_api/web")).bearer_auth(stage.emulator.sharepoint_token());
    assert_eq!(new.send().await.expect("an answer").status(), 200);
    assert!(!format!("{:?}", stage.emulator.sharepoint()).contains(PASSWORD));
}

#[tokio::test]
async fn only_what_is_offered() {
    let stage = Stage::with(Emulator::builder().sharepoint_schemes([SharePointScheme::Ntlm])).await;
    assert_eq!(stage.basic("first.user", PASSWORD).await, 401);
    assert_eq!(stage.request(Method::GET, "_api/web").send().await.expect("an answer").status(), 401);
    let (cookie, answer) = stage.login("first.user", PASSWORD).await;
    assert_eq!((cookie, all(&answer, "ErrorCode")), (None, vec!["NotInFormsAuthenticationMode".to_owned()]));
    let nobody = stage.anonymous("_api/web").await;
    assert_eq!(nobody.headers().get_all("www-authenticate").iter().count(), 1);
}

#[tokio::test]
async fn the_login_form() {
    let stage = Stage::with(Emulator::builder().sharepoint_schemes([SharePointScheme::Forms])).await;
    let nobody = stage.anonymous("_api/web").await;
    assert_eq!(nobody.status(), 403);
    assert!(!header(nobody.headers(), "x-forms_based_auth_required").is_empty());
    let (cookie, answer) = stage.login("first.user", "wrong").await;
    assert_eq!((cookie, all(&answer, "ErrorCode")), (None, vec!["PasswordNotMatch".to_owned()]));
    let (cookie, answer) = stage.login("first.user", PASSWORD).await;
    assert_eq!(
        (all(&answer, "ErrorCode"), all(&answer, "CookieName")),
        (vec!["NoError".into()], vec!["FedAuth".into()])
    );
    let cookie = cookie.expect("a cookie");
    let get = async || {
        let request = stage.http.get(stage.url("_api/web")).header(COOKIE, &cookie);
        request.send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(get().await, 200);
    stage.emulator.expire_tokens();
    assert_eq!(get().await, 403);
}

#[tokio::test]
async fn a_login_page_in_the_way() {
    let stage = Stage::with(Emulator::builder().sharepoint_login_page(true)).await;
    let nobody = stage.anonymous("_api/web").await;
    assert_eq!((nobody.status().as_u16(), header(nobody.headers(), "content-type")), (200, "text/html; charset=utf-8"));
}

impl Stage {
    /// A write signed in by Basic, with a digest or without.
    async fn add_file(&self, digest: Option<&str>) -> Response {
        let path = format!("{}/Files/add(url='a.txt',overwrite=true)", self.folder(""));
        let mut request =
            self.http.post(self.url(&path)).basic_auth("first.user", Some(PASSWORD)).header("accept", PLAIN);
        if let Some(digest) = digest {
            request = request.header("X-RequestDigest", digest);
        }
        request.body("content").send().await.expect("an answer")
    }

    async fn digest(&self) -> String {
        let request = self
            .http
            .post(self.url("_api/contextinfo"))
            .basic_auth("first.user", Some(PASSWORD))
            .header("accept", PLAIN);
        let (status, info) = status_and_json(request.send().await.expect("an answer")).await;
        assert_eq!((status, info["FormDigestTimeoutSeconds"].is_u64()), (200, true), "{info}");
        text(&info, "FormDigestValue").to_owned()
    }
}

#[tokio::test]
async fn writes_need_a_digest() {
    let stage = Stage::start().await;
    let refusal = stage.add_file(None).await;
    let given = header(refusal.headers(), "x-requestdigest").to_owned();
    assert_eq!(refused(status_and_json(refusal).await), (403, "-2130575251".into()));
    assert_eq!(stage.add_file(Some(&given)).await.status(), 200, "the refusal brought one");
    let digest = stage.digest().await;
    assert!(digest.starts_with("0x") && digest.ends_with(" -0000"), "{digest}");
    assert_eq!(stage.add_file(Some(&digest)).await.status(), 200);
    assert_eq!(stage.add_file(Some("0x00,03 Oct 2017 21:13:02 -0000")).await.status(), 403);
    stage.emulator.expire_digests();
    assert_eq!(stage.add_file(Some(&digest)).await.status(), 403);
    let sync = stage.sync("RootFolder?View=SkyDriveSync").await;
    let post =
        stage.http.post(stage.url(&sync)).basic_auth("first.user", Some(PASSWORD)).send().await.expect("an answer");
    assert_eq!((post.status().as_u16(), header(post.headers(), "x-requestdigest").is_empty()), (403, false));

    let builder = Emulator::builder().digest_lifetime(Duration::from_millis(50)).digest_in_refusal(false);
    let stage = Stage::with(builder).await;
    let digest = stage.digest().await;
    tokio::time::sleep(Duration::from_millis(80)).await;
    let refusal = stage.add_file(Some(&digest)).await;
    assert_eq!((refusal.status().as_u16(), header(refusal.headers(), "x-requestdigest")), (403, ""));
}

#[tokio::test]
async fn overload() {
    let stage = Stage::start().await;
    let kinds = [
        (FaultKind::TooManyRequests { retry_after: Some(3) }, 429),
        (FaultKind::Unavailable { retry_after: Some(3) }, 503),
    ];
    for (kind, status) in kinds {
        stage.emulator.faults().add(Fault::new(kind).times(1));
        let answer = stage.anonymous("_api/web").await;
        assert_eq!((answer.status().as_u16(), header(answer.headers(), "retry-after")), (status, "3"));
        assert_eq!(header(answer.headers(), "x-sharepointhealthscore"), "9");
    }
    stage.emulator.faults().add(Fault::new(FaultKind::Unauthorized).times(1));
    let answer = stage.request(Method::GET, "_api/web").send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), header(answer.headers(), "www-authenticate")), (401, "NTLM"));
}
